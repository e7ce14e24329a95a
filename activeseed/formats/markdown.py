"""Dicta in Markdown: every paragraph and every bullet is an item, every heading a group.

What is read as what (CommonMark, with tables):

=========================  ==========================================================================================
paragraph                  an item; its lines are joined with a space, inline markup stays
bullet, numbered           an item, whatever is nested in it included; a task's box is no part of it
lead-in                    a paragraph, or a bullet, that ends in a colon right before a list is no item: it is the
                           ``prompt`` of the items that complete it, one line for each level of nesting
heading                    the group of what follows: its title, or the titles from the outermost one down (``A > B``)
                           where two sections of one title stand in different places
block quotation            read as what is quoted; headings in it are left out
``{#name}``                at the end of an item is its id, ``{#name authority=root}`` its authority too; the authority
                           of a heading holds for everything below it that names none (``authority=""`` is none)
table, code, HTML,         left out, and said in ``notes`` with their lines; in a bullet they are part of its text
footnote, lone image
front matter, comments,    left out: nobody means a dictum by them
link definitions, rules
=========================  ==========================================================================================

Every item knows its lines, so that a changed one can be written back where it stands (``markdown_changes``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from activeseed.formats.markdown_words import LISTS, attributes_of, authority_in, commented, flat, unescaped, whole
from activeseed.formats.plain import FormatError

if TYPE_CHECKING:
    from markdown_it.tree import SyntaxTreeNode as Node

#: what ends a line in Markdown, and nothing else does
LINE_END = re.compile(r"\r\n|\r|\n")
#: comments between whose marks nothing stands: they part two lists, or a list from what would introduce it
APART = "<!-- -->"

_DEEPEST = 100
_NAME = re.compile(r"(?:^|\s)#(\S+)")
_BOX = re.compile(r"\[[ xX]\][ \t]+(?=\S)")
_FOOTNOTE = re.compile(r"\[\^[^\]\s]+\]:")
_IMAGE = re.compile(r"(?:!\[[^\]]*\](?:\([^)]*\)|\[[^\]]*\])?\s*)+")


@dataclass(frozen=True)
class Lead:
    """A lead-in: its lines (for a bullet: all of the bullet's), counted from 0, the end not included, and its text."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Place:
    """Where one item stands.

    Attributes:
        fields: ``text``; ``group``, ``prompt``, ``id`` and ``authority`` where there are any.
        start, end: its lines, counted from 0, the end not included.
        head, rest: what stands before the text on its first line, and on further ones.
        listed: whether it is a bullet; ``loose`` whether blank lines stand between the bullets of its list.
        leads: positions of its lead-ins, outermost first.
        block: where the outermost block ends that holds it.
        tail: its attributes as written, braces included, or nothing.
        authority: the authority that holds without one of its own.
    """

    fields: dict[str, Any]
    start: int
    end: int
    head: str
    rest: str
    listed: bool
    loose: bool
    leads: tuple[int, ...]
    block: int
    tail: str
    authority: str


@dataclass(frozen=True)
class MarkdownFile:
    """A Markdown text, read.

    Attributes:
        lines: all of it, line ends included: joined they are the text.
        places: its items, in order.
        leads: its lead-ins.
        notes: a sentence for everything that was left out though it may be meant.
        begins: the first line after front matter, from 0.
    """

    lines: tuple[str, ...]
    places: tuple[Place, ...]
    leads: tuple[Lead, ...]
    notes: tuple[str, ...]
    begins: int


def read_markdown(name: str, text: str) -> MarkdownFile:
    """Read a Markdown text. Linear in its length.

    Args:
        name: what messages call the file.

    Raises:
        FormatError: it is something else (a web page, JSON, a binary file), or nested deeper than anybody reads.
    """
    from markdown_it import MarkdownIt
    from markdown_it.tree import SyntaxTreeNode

    _refuse_others(name, text)
    lines = _split(text)
    begins = _front_matter(lines)
    # Front matter leaves empty lines behind, so that lines keep their numbers.
    body = "\n" * begins + "".join(lines[begins:])
    parser = MarkdownIt("commonmark", {"maxNesting": _DEEPEST}).enable("table")
    parser.core.ruler.enableOnly(["normalize", "block"])
    tokens = parser.parse(body)
    deep = next((t for t in tokens if t.level >= _DEEPEST - 2), None)
    if deep is not None:
        line = deep.map[0] + 1 if deep.map else 1
        raise FormatError(f"{name}:{line}: nested too deeply to be read ({_DEEPEST} levels). Flatten it.")
    reader = _Reader(lines)
    reader.blocks(SyntaxTreeNode(tokens).children, (), False)
    return MarkdownFile(tuple(lines), tuple(reader.placed()), tuple(reader.leads), tuple(reader.said(name)), begins)


def _refuse_others(name: str, text: str) -> None:
    start = text[:1000].lstrip().lower()
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise FormatError(f"{name}:{line}: it holds a zero byte, so it is no text. Give the Markdown it was made from.")
    if start.startswith(("<!doctype html", "<html", "<?xml")):
        raise FormatError(f"{name}:1: this is a web page, not Markdown. Copy its text into a file that ends in .md.")
    if start.startswith("{\\rtf"):
        raise FormatError(f"{name}:1: this is rich text (RTF), not Markdown. Save it as plain text.")
    if start.startswith(("{", "[")):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return
        if isinstance(value, dict | list):
            raise FormatError(f"{name}:1: this is JSON, not Markdown. Rename the file to end in .json.")


def _split(text: str) -> list[str]:
    ends = [m.end() for m in LINE_END.finditer(text)]
    starts = [0, *ends]
    lines = [text[a:b] for a, b in zip(starts, [*ends, len(text)], strict=True)]
    return lines if lines[-1] else lines[:-1]


def _front_matter(lines: Sequence[str]) -> int:
    """Number of the first line after YAML front matter."""
    if lines and lines[0].rstrip() == "---":
        for n, line in enumerate(lines[1:], start=1):
            if line.strip() in ("---", "..."):
                return n + 1
    return 0


@dataclass
class _Section:
    level: int
    title: str
    authority: str


@dataclass
class _Reader:
    lines: list[str]
    leads: list[Lead] = field(default_factory=list)
    places: list[tuple[Place, tuple[str, ...]]] = field(default_factory=list)
    left: dict[str, list[int]] = field(default_factory=dict)
    path: list[_Section] = field(default_factory=list)
    block: int = 0

    def blocks(self, nodes: Sequence[Node], leads: tuple[int, ...], inside: bool) -> None:
        introduced = leads
        for n, node in enumerate(nodes):
            if not inside and node.map:
                self.block = self._trimmed(*node.map)
            if node.type in LISTS:
                for item in node.children:
                    self._bullet(item, introduced)
                introduced = leads
                continue
            if node.type == "html_block" and _is_comment(node.content):
                if _APART.fullmatch(node.content.strip()):
                    introduced = leads
                continue
            introduced = leads
            if node.type == "paragraph":
                if lead := self._leading(node, nodes[n + 1 :]):
                    self.leads.append(lead)
                    introduced = (*leads, len(self.leads) - 1)
                else:
                    self._paragraph(node)
            elif node.type == "heading" and not inside:
                self._enter(int(node.tag[1:]), flat(node.children[0].content) if node.children else "")
            elif node.type == "blockquote":
                self.blocks(node.children, (), True)
            elif node.type in _LEFT and node.map:
                self._leave(_LEFT[node.type], node.map[0])

    def _leading(self, node: Node, following: Sequence[Node]) -> Lead | None:
        text = flat(node.children[0].content)
        after = next((f for f in following if f.type != "html_block" or not _is_comment(f.content)), None)
        parted = following and following[0].type == "html_block" and _APART.fullmatch(following[0].content.strip())
        if not text.endswith(":") or after is None or after.type not in LISTS or parted:
            return None
        start, end = _lines_of(node)
        return Lead(start, end, text)

    def _paragraph(self, node: Node) -> None:
        content = node.children[0].content
        start, end = _lines_of(node)
        if _FOOTNOTE.match(content):
            self._leave("footnotes", start)
        elif _IMAGE.fullmatch(content):
            self._leave("images", start)
        else:
            self._place(start, end, content, flat(content), False, False, ())

    def _bullet(self, item: Node, leads: tuple[int, ...]) -> None:
        children = [c for c in item.children if c.type != "html_block" or not _is_comment(c.content)]
        if not children or not item.map:
            return
        first, nested = children[0], children[1:]
        start, end = item.map[0], self._trimmed(*item.map)
        content = first.children[0].content if first.type == "paragraph" else ""
        if content and nested and flat(content).endswith(":") and all(c.type in LISTS for c in nested):
            self.leads.append(Lead(start, end, unescaped(flat(content))))
            for child in nested:
                for inner in child.children:
                    self._bullet(inner, (*leads, len(self.leads) - 1))
            return
        loose = first.type == "paragraph" and not first.hidden
        self._place(start, end, content, whole(children), True, loose, leads)

    def _place(
        self, start: int, end: int, content: str, text: str, listed: bool, loose: bool, leads: tuple[int, ...]
    ) -> None:
        head = _before(self.lines[start], content, listed)
        rest = re.sub(r"[^\s>]", " ", head)
        if listed and (box := _BOX.match(text)):
            head, text = head + box[0], text[box.end() :]
        text, tail = attributes_of(text)
        if listed and not tail and "\n" in text:
            first, tail = attributes_of(text.partition("\n")[0])
            text = f"{first}\n{text.partition(chr(10))[2]}" if tail else text
        text = unescaped(text)
        if not text:
            return
        held = next((s.authority for s in reversed(self.path) if s.authority), "")
        fields: dict[str, Any] = {"text": text}
        if name := _NAME.search(tail.strip("{}")):
            fields["id"] = name[1]
        if leads:
            fields["prompt"] = "\n".join(self.leads[n].text for n in leads)
        own = authority_in(tail)
        if authority := held if own is None else own:
            fields["authority"] = authority
        place = Place(fields, start, end, head, rest, listed, loose, leads, max(self.block, end), tail, held)
        self.places.append((place, tuple(s.title for s in self.path)))

    def _enter(self, level: int, title: str) -> None:
        while self.path and self.path[-1].level >= level:
            self.path.pop()
        title, tail = attributes_of(title)
        self.path.append(_Section(level, title, authority_in(tail) or ""))

    def _leave(self, what: str, line: int) -> None:
        self.left.setdefault(what, []).append(line + 1)

    def _trimmed(self, start: int, end: int) -> int:
        """Where lines end once blank ones at their end are left out."""
        while end > start + 1 and not self.lines[end - 1].strip(" \t>\r\n"):
            end -= 1
        return end

    def placed(self) -> list[Place]:
        """The items with their groups."""
        ways: dict[str, set[tuple[str, ...]]] = {}
        named = [tuple(t for t in path if t) for _, path in self.places]
        for path in named:
            if path:
                ways.setdefault(path[-1], set()).add(path)
        for (place, _), path in zip(self.places, named, strict=True):
            if path:
                place.fields["group"] = path[-1] if len(ways[path[-1]]) == 1 else " > ".join(path)
        return [place for place, _ in self.places]

    def said(self, name: str) -> list[str]:
        out = []
        for what, lines in self.left.items():
            some = ", ".join(map(str, lines[:5])) + (", …" if len(lines) > 5 else "")
            out.append(
                f"{name}, line{'s' if len(lines) > 1 else ''} {some}: {what} are no dicta and were left out. "
                "Write what is meant as a dictum as a paragraph or a bullet."
            )
        return out


_LEFT = {
    "table": "tables", "fence": "blocks of code", "code_block": "blocks of code", "html_block": "blocks of HTML",
    "heading": "headings in quotations",
}  # fmt: skip
_APART = re.compile(r"<!--\s*-->")


def _is_comment(html: str) -> bool:
    return not commented(html)[0].strip()


def _lines_of(node: Node) -> tuple[int, int]:
    assert node.map is not None
    return node.map


def _before(line: str, content: str, listed: bool) -> str:
    """What stands before an item's text on its first line."""
    first, bare = content.split("\n")[0].rstrip(), line.rstrip()
    if first and bare.endswith(first):
        return bare[: len(bare) - len(first)]
    found = re.match(r"[\s>]*(?:(?:[-*+]|\d{1,9}[.)])\s+)?" if listed else r"[\s>]*", line.rstrip("\r\n"))
    return found[0] if found else ""
