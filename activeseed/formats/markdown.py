"""Dicta in Markdown: every top-level list item and every paragraph is an item, every heading a group.

Inline markup stays in the text. Lines of one paragraph are joined with a space, as a renderer would. A nested list
belongs to the item above it. A paragraph that ends in a colon right before a list introduces it: it is no item of its
own, it stands in the metadata of the items it introduces. ``{#name}`` at the end of an item is its id. Front matter,
comments and thematic breaks are skipped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from activeseed.formats.plain import FormatError

_HEADING = re.compile(r"^ {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$")
_SETEXT = re.compile(r"^ {0,3}(=+|-{2,})[ \t]*$")
_BREAK = re.compile(r"^ {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*$")
_BULLET = re.compile(r"^( {0,3})([-*+]|\d{1,9}[.)])([ \t]+)(.*)$")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_ID = re.compile(r"\s*\{#([^\s{}]+)\}\s*$")
_COMMENT = re.compile(r"<!--.*?-->", re.S)


@dataclass
class _Block:
    line: int
    parts: list[str]
    listed: bool
    group: str
    closed: bool = False
    fence: str = ""


def markdown_records(text: str) -> list[tuple[int, dict[str, Any]]]:
    """(line, fields) of every item: ``text``, ``group`` where there is a heading, ``id`` where one is given."""
    lines = _COMMENT.sub(lambda m: "\n" * m.group().count("\n"), text).replace("\r\n", "\n").split("\n")
    blocks = _blocks(lines, _front_matter(lines))
    out: list[tuple[int, dict[str, Any]]] = []
    introduction = ""
    for n, block in enumerate(blocks):
        body = "\n".join(block.parts).strip()
        following = blocks[n + 1] if n + 1 < len(blocks) else None
        if not block.listed:
            introduction = ""
            if body.endswith(":") and following is not None and following.listed and following.group == block.group:
                introduction = body
                continue
        fields: dict[str, Any] = {}
        if named := _ID.search(body):
            fields["id"], body = named.group(1), body[: named.start()]
        fields["text"] = body
        if block.group:
            fields["group"] = block.group
        if block.listed and introduction:
            fields["introduction"] = introduction
        out.append((block.line, fields))
    return out


def _front_matter(lines: list[str]) -> int:
    """Number of the first line after YAML front matter."""
    if lines and lines[0].strip() == "---":
        for n, line in enumerate(lines[1:], start=1):
            if line.strip() in ("---", "..."):
                return n + 1
    return 0


def _blocks(lines: list[str], start: int) -> list[_Block]:
    blocks: list[_Block] = []
    path: list[tuple[int, str]] = []
    current: _Block | None = None

    def group() -> str:
        return path[-1][1] if path else ""

    for number, line in enumerate(lines[start:], start=start + 1):
        if current is not None and current.fence:
            current.parts.append(line)
            if line.strip().startswith(current.fence) and not line.strip(" \t`~"):
                current.fence = ""
            continue
        blank = not line.strip()
        heading = _HEADING.match(line)
        bullet = _BULLET.match(line)
        indented = line.startswith(("  ", "\t"))
        if blank:
            if current is not None:
                current.closed = True
        elif heading:
            _enter(path, len(heading.group(1)), heading.group(2) or "")
            current = None
        elif current is not None and not current.listed and not current.closed and _SETEXT.match(line):
            # An underlined paragraph is a heading.
            blocks.remove(current)
            _enter(path, 1 if "=" in line else 2, " ".join(current.parts))
            current = None
        elif _BREAK.match(line):
            current = None
        elif current is not None and current.listed and indented:
            _append_nested(current, line)
        elif bullet:
            current = _Block(number, [bullet.group(4).strip()], True, group())
            blocks.append(current)
        elif current is None or current.closed:
            current = _Block(number, [_unquoted(line)], False, group())
            if fence := _FENCE.match(line):
                current.fence = fence.group(1)
            blocks.append(current)
        else:
            current.parts[-1] = f"{current.parts[-1]} {_unquoted(line)}".strip()
    return blocks


def _enter(path: list[tuple[int, str]], level: int, title: str) -> None:
    while path and path[-1][0] >= level:
        path.pop()
    parent = path[-1][1] if path else ""
    path.append((level, title.strip() or parent))


def _append_nested(block: _Block, line: str) -> None:
    """A nested item starts a line of its own; anything else goes on with the line above, or with a new paragraph."""
    text = line.strip()
    if _BULLET.match(text) and len(line) > len(text):
        block.parts.append(f"- {_BULLET.sub(lambda m: m.group(4), text)}")
    elif block.closed:
        block.parts += ["", text]
    else:
        block.parts[-1] = f"{block.parts[-1]} {text}".strip()
    block.closed = False


def _unquoted(line: str) -> str:
    return re.sub(r"^ {0,3}>[ \t]?", "", line).strip()


def markdown_text(records: list[dict[str, Any]]) -> str:
    """Records of ``text``, ``id`` and ``group`` as Markdown. Raises FormatError where they would be read otherwise."""
    for record in records:
        extra = sorted(set(record) - {"id", "text", "group"})
        if extra or "text" not in record:
            raise FormatError(
                f"Markdown holds ids, texts and groups, but item {record['id']!r} also has {', '.join(extra)}. "
                "Write .jsonl instead."
            )
    lines: list[str] = []
    group = ""
    for record in records:
        if record.get("group", "") != group:
            group = record.get("group", "")
            lines += ["", f"# {group}", ""]
        lines.append(f"- {record['text']} {{#{record['id']}}}")
    text = "\n".join(lines).lstrip("\n") + "\n"
    if [fields for _, fields in markdown_records(text)] != records:
        raise FormatError(
            "these texts, ids or groups hold line breaks or markup that Markdown would read differently. "
            "Write .jsonl instead."
        )
    return text
