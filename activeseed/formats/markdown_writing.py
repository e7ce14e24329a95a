"""Records as new Markdown: a heading a group, a bullet an item, lead-ins above the bullets that complete them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from activeseed.formats.markdown import APART, read_markdown
from activeseed.formats.markdown_words import escaped
from activeseed.formats.plain import FormatError

_HELD = ("id", "text", "group", "prompt", "authority")


def markdown_text(records: Sequence[Mapping[str, Any]]) -> str:
    """Records of ``text``, ``id``, ``group``, ``prompt`` and ``authority`` as Markdown.

    Raises:
        FormatError: a record has something else, or Markdown would read it otherwise.
    """
    for record in records:
        extra = sorted(set(record) - set(_HELD))
        if extra or "text" not in record:
            raise FormatError(
                f"Markdown holds ids, texts, groups, lead-ins and authorities, but item {record['id']!r} also has "
                f"{', '.join(extra)}. Write .jsonl instead."
            )
    lines: list[str] = []
    group, prompt = "", ""
    for record in records:
        if record.get("group", "") != group:
            group, prompt = record.get("group", ""), ""
            lines += ["", f"# {group}", ""]
        if record.get("prompt", "") != prompt:
            prompt = record.get("prompt", "")
            lines += ["", *_leads(prompt)]
        indent = "  " * (len(prompt.split("\n")) - 1)
        lines.append(f"{indent}- {escaped(record['text'])} {_attributes(record)}")
    text = "\n".join(lines).lstrip("\n") + "\n"
    found = [p.fields for p in read_markdown("the Markdown", text).places]
    if found != [dict(r) for r in records]:
        raise FormatError(
            "these texts, ids, lead-ins or groups hold line breaks or markup that Markdown would read differently. "
            "Write .jsonl instead."
        )
    return text


def _leads(prompt: str) -> list[str]:
    """The lines of a lead-in; an empty comment ends the list before, so that no bullet seems to complete two."""
    first, *nested = prompt.split("\n")
    bullets = [f"{'  ' * n}- {line}" for n, line in enumerate(nested)]
    return [first, "", *bullets] if prompt else [APART, ""]


def _attributes(record: Mapping[str, Any]) -> str:
    authority = record.get("authority", "")
    return f'{{#{record["id"]} authority="{authority}"}}' if authority else f"{{#{record['id']}}}"
