"""An author's Markdown with some of its items changed: only their lines differ, byte for byte.

A changed item replaces its own words: lines of it that still hold are kept as they are, wrapped text stays wrapped,
bullets, indentation, quotation marks, ids, comments and line ends stay. What is dropped takes its lines along, and a
lead-in that is left without a bullet. What is new stands at the end of its group, as a bullet where a list of the same
lead-in ends it, else as a paragraph. Whatever comes out is read again, and refused unless it says what it should.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from activeseed.formats.markdown import APART, LINE_END, MarkdownFile, Place, read_markdown
from activeseed.formats.markdown_words import OPENS, commented, escaped, flat
from activeseed.formats.plain import FormatError

_NUMBERED = re.compile(r"(\d{1,9})(?=[.)]\s)")
_TICKED = re.compile(r"\[[xX]\](?=\s)")
_BLANK = " \t>\r\n"
#: a wrapped paragraph is wrapped anew at its longest line, and at no less than this
_WIDTH = 80


@dataclass(frozen=True)
class Written:
    """What an item is to say: its text, its authority, and for a new one its group and lead-in."""

    text: str
    authority: str = ""
    group: str = ""
    prompt: str = ""


def with_changes(
    name: str, file: MarkdownFile, changes: Mapping[int, Written | None], added: Sequence[Written] = ()
) -> str:
    """The author's text with items changed, dropped and added.

    Args:
        name: what messages call the file.
        changes: position among ``file.places`` -> what it is to say, or None to drop it.
        added: new items, in order.

    Raises:
        FormatError: a text that Markdown would read as something else where it stands.
    """
    places = file.places
    changes = {n: new for n, new in changes.items() if new is None or (new.text, new.authority) != _says(places[n])}
    if not changes and not added:
        return "".join(file.lines)
    wrong = ""
    for parted in (False, True):
        text, order = _assembled(file, changes, added, parted)
        wrong = _difference(name, text, order)
        if not wrong:
            return text
    raise FormatError(f"{name}: {wrong} Write .jsonl instead, or make this change by hand and run seed sync.")


def _says(place: Place) -> tuple[str, str]:
    return place.fields["text"], place.fields.get("authority", "")


def _difference(name: str, text: str, order: Sequence[tuple[str, ...]]) -> str:
    """What a text says otherwise than it should; nothing where it is right."""
    try:
        found = [_seen(p.fields) for p in read_markdown(name, text).places]
    except FormatError as error:
        return f"{error}"
    for got, wanted in zip(found, order, strict=False):
        if got != wanted:
            return f"Markdown would read {wanted[0][:60]!r} as {got[0][:60]!r} where it stands."
    if len(found) != len(order):
        return f"Markdown would read {len(found)} items where there are {len(order)}."
    return ""


def _seen(fields: Mapping[str, str]) -> tuple[str, ...]:
    """What has to come out, white space aside."""
    said = [" ".join(fields.get(part, "").split()) for part in ("text", "authority", "prompt", "group")]
    return (*said, fields.get("id", ""))


@dataclass
class _Draft:
    """The lines of a file, each kept or not, with what comes before it or instead of it."""

    file: MarkdownFile
    kept: list[bool]
    before: dict[int, list[str]] = field(default_factory=dict)

    @property
    def end(self) -> str:
        found = next((LINE_END.search(line) for line in self.file.lines if LINE_END.search(line)), None)
        return found[0] if found else "\n"

    def drop(self, start: int, end: int) -> None:
        """Leave lines out, and the blank ones after them where there are blank ones before them, too."""
        lines = self.file.lines
        self.kept[start:end] = [False] * (end - start)
        last = next((n for n in range(start - 1, -1, -1) if self.kept[n]), None)
        if last is not None and last >= self.file.begins and lines[last].strip(_BLANK):
            return
        while end < len(lines) and not lines[end].strip(_BLANK):
            self.kept[end] = False
            end += 1
        if not any(self.kept[end:]):  # nothing follows, so nothing needs parting from it
            while last is not None and last >= self.file.begins and not lines[last].strip(_BLANK):
                self.kept[last] = False
                last -= 1

    def put(self, at: int, lines: Sequence[str]) -> None:
        self.before.setdefault(at, []).extend(lines)

    def text(self) -> str:
        out: list[str] = []
        for n in range(len(self.file.lines) + 1):
            for line in self.before.get(n, ()):
                if out and not LINE_END.search(out[-1]):
                    out[-1] += self.end
                out.append(line)
            if n < len(self.file.lines) and self.kept[n]:
                out.append(self.file.lines[n])
        return "".join(out)


def _assembled(
    file: MarkdownFile, changes: Mapping[int, Written | None], added: Sequence[Written], parted: bool
) -> tuple[str, list[tuple[str, ...]]]:
    """The text, and what its items should be. ``parted``: empty comments stand where something was dropped."""
    draft = _Draft(file, [True] * len(file.lines))
    after, homeless = _homes(file, changes, added)
    for n, new in changes.items():
        place = file.places[n]
        if new is None:
            draft.drop(place.start, place.end)
            if parted and not place.listed:
                draft.put(place.start, [APART + draft.end, draft.end])
        else:
            draft.kept[place.start : place.end] = [False] * (place.end - place.start)
            draft.put(place.start, _rewritten(file, place, new))
    _drop_leads(file, changes, after, draft)
    order: list[tuple[str, ...]] = []
    for n, place in enumerate(file.places):
        new = changes[n] if n in changes else Written(*_says(place))
        if new is not None:
            order.append(_seen({**place.fields, "text": new.text, "authority": new.authority}))
        order += [_seen(vars(a)) for a in after.get(n, ())]
    for n, several in sorted(after.items()):
        _append(draft, file.places[n], several)
    group = None
    for new in homeless:
        _append_group(draft, new, new.group != group)
        group = new.group
        order.append(_seen(vars(new)))
    return draft.text(), order


def _homes(
    file: MarkdownFile, changes: Mapping[int, Written | None], added: Sequence[Written]
) -> tuple[dict[int, list[Written]], list[Written]]:
    """New items by the place that each stands after, and those whose group has nothing left."""
    after: dict[int, list[Written]] = {}
    homeless: list[Written] = []
    for new in added:
        there = [n for n, p in enumerate(file.places) if p.fields.get("group", "") == new.group and changes.get(n, p)]
        alike = [n for n in there if file.places[n].listed and file.places[n].fields.get("prompt", "") == new.prompt]
        best = alike[-1] if alike and (new.prompt or alike[-1] == there[-1]) else there[-1] if there else None
        if best is None:
            homeless.append(new)
        else:
            after.setdefault(best, []).append(new)
    return after, homeless


def _drop_leads(
    file: MarkdownFile, changes: Mapping[int, Written | None], after: Mapping[int, object], draft: _Draft
) -> None:
    """Lead-ins that are left without a bullet go, innermost first."""
    under: list[list[int]] = [[] for _ in file.leads]
    for n, place in enumerate(file.places):
        for number in place.leads:
            under[number].append(n)
    for number in reversed(range(len(file.leads))):
        if under[number] and all(n in changes and changes[n] is None and n not in after for n in under[number]):
            draft.drop(file.leads[number].start, file.leads[number].end)


# --- one item ---------------------------------------------------------------------------------------------------


def _rewritten(file: MarkdownFile, place: Place, new: Written) -> list[str]:
    """The lines of a changed item."""
    old = file.lines[place.start : place.end]
    ends = [found[0] if (found := LINE_END.search(line)) else "" for line in old]
    tail = _tail(place, new.authority)
    if place.listed and re.search(r"\n\s*\n|\n\s*(?:[-*+]|\d{1,9}[.)])\s", new.text):
        first, *more = f"{new.text}{tail}".split("\n")
        bodies = [place.head + escaped(first), *(place.rest + line if line.strip() else "" for line in more)]
    elif "\n" in place.fields["text"]:
        bodies = [place.head + escaped(flat(new.text)) + tail]
    else:
        bodies = _reflowed(place, old, flat(new.text), tail)
    end = next((e for e in ends if e), "\n")
    return [body + end for body in bodies[:-1]] + [bodies[-1] + ends[-1]]


def _reflowed(place: Place, old: Sequence[str], text: str, tail: str) -> list[str]:
    """A paragraph of other words: its first and last lines that still hold are kept, what is between is wrapped as
    the rest was.
    """
    raw = [LINE_END.sub("", line) for line in old]
    inner = [flat(raw[0][len(place.head) :]), *(flat(line.lstrip(_BLANK)) for line in raw[1:])]
    body = escaped(text) + tail
    first, last = 0, len(raw)
    while first < last - 1 and inner[first] and body.startswith(inner[first] + " ") and "<!--" not in raw[first]:
        body = body[len(inner[first]) + 1 :]
        first += 1
    while last > first + 1 and inner[last - 1] and body.endswith(" " + inner[last - 1]) and "<!--" not in raw[last - 1]:
        body = body[: -len(inner[last - 1]) - 1]
        last -= 1
    comments = commented("\n".join(raw[first:last]))[1]
    if comments:
        said, hung = (body[: -len(tail)], tail) if tail and body.endswith(tail) else (body, "")
        body = " ".join([said, *comments]) + hung
    further = re.match(rf"[{re.escape(_BLANK)}]*", raw[1])[0] if len(raw) > 1 else place.rest  # type: ignore[index]
    width = max(_WIDTH, *map(len, raw)) if len(raw) > 1 else 0
    lines = _wrapped(body, width - len(place.head), width - len(further)) if width else [body]
    heads = [place.head if first + n == 0 else further for n in range(len(lines))]
    return [*raw[:first], *(h + line for h, line in zip(heads, lines, strict=True)), *raw[last:]]


def _wrapped(text: str, first: int, rest: int) -> list[str]:
    """A text in lines, none of which begins something else."""
    if "<!--" in text:
        return [text]
    room = max(20, min(first, rest))
    lines: list[str] = []
    for line in textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False):
        if lines and (OPENS.match(line) or line.startswith("|")):
            lines[-1] += f" {line}"
        else:
            lines.append(line)
    return lines or [text]


def _tail(place: Place, authority: str) -> str:
    """The attributes that a changed item ends with, a space before them."""
    held, tail = place.fields.get("authority", ""), place.tail
    if authority != held:
        parts = re.sub(r'(?:(?<=\s)|(?<=\{))authority=(?:"[^"]*"|[^\s{}"]+)', "", tail).strip("{} \t").split()
        if authority != place.authority:
            parts.append(_named(authority))
        tail = f"{{{' '.join(parts)}}}" if parts else ""
    return f" {tail}" if tail else ""


def _named(authority: str) -> str:
    return f"authority={authority}" if re.fullmatch(r"[^\s{}\"]+", authority) else f'authority="{authority}"'


# --- new items --------------------------------------------------------------------------------------------------


def _append(draft: _Draft, place: Place, several: Sequence[Written]) -> None:
    """New items after the last one of their group, or of their lead-in."""
    end, head = draft.end, place.head
    for new in several:
        tail = f" {{{_named(new.authority)}}}" if new.authority != place.authority else ""
        said = escaped(flat(new.text)) + tail + end
        if place.listed and new.prompt == place.fields.get("prompt", ""):
            head = _TICKED.sub("[ ]", _NUMBERED.sub(lambda m: str(int(m[0]) + 1), head, count=1))
            quoted = ">" * place.rest.count(">")
            draft.put(place.end, [*([quoted + end] if place.loose else []), head + said])
        else:
            draft.put(place.block, [end, *_introduced(new, said, end)])
            if _followed(draft.file, place.block):
                draft.put(place.block, [end])


def _append_group(draft: _Draft, new: Written, opens: bool) -> None:
    """A new item of a group that the file has not, or has emptied: at the end, under a heading of its own."""
    end, at = draft.end, len(draft.file.lines)
    tail = f" {{{_named(new.authority)}}}" if new.authority else ""
    heading = [end, f"# {new.group}{end}"] if opens and new.group else []
    draft.put(at, [*heading, end, *_introduced(new, escaped(flat(new.text)) + tail + end, end)])


def _introduced(new: Written, said: str, end: str) -> list[str]:
    """A paragraph, or a lead-in with the bullet that completes it."""
    if not new.prompt:
        return [said]
    first, *nested = new.prompt.split("\n")
    bullets = [f"{'  ' * n}- {line}{end}" for n, line in enumerate(nested)]
    return [first + end, end, *bullets, f"{'  ' * len(nested)}- {said}"]


def _followed(file: MarkdownFile, at: int) -> bool:
    return at < len(file.lines) and bool(file.lines[at].strip(_BLANK))
