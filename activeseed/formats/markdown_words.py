"""The words of Markdown: lines as one text, attributes, comments, and what a text may not begin with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it.tree import SyntaxTreeNode as Node

LISTS = ("bullet_list", "ordered_list")
_PART = r'(?:#[^\s{}]+|\.[\w-]+|[A-Za-z][\w-]*=(?:"[^"{}]*"|[^\s{}"]+))'
_ATTRIBUTES = re.compile(rf"{_PART}(?:\s+{_PART})*")
_AUTHORITY = re.compile(r'(?:^|\s)authority=(?:"([^"]*)"|(\S+))')
#: what a text may not begin with lest it become something else, unless a backslash stands before it
OPENS = re.compile(
    r"(?:[-+*](?=\s|$)|#{1,6}(?=\s|$)|>|```|~~~|(?:[-*_=]\s*)+$|<[!?/A-Za-z]|\d{1,9}(?=[.)](?:\s|$))|\[[ xX]\]\s)"
)
_ESCAPED = re.compile(r"\\(?=[-+*#>`~=_<\[])|(?<=\d)\\(?=[.)])")


def attributes_of(text: str) -> tuple[str, str]:
    """A text and the attributes at its end, braces included (none: an empty text)."""
    at = text.rfind("{") if text.endswith("}") else -1
    if at < 0 or not _ATTRIBUTES.fullmatch(text[at + 1 : -1].strip()):
        return text, ""
    return text[:at].rstrip(), text[at:]


def authority_in(tail: str) -> str | None:
    """The authority that attributes name, empty where they say that there is none; None where they say nothing."""
    found = _AUTHORITY.search(tail.strip("{}"))
    return (found[1] or found[2] or "") if found else None


def commented(text: str) -> tuple[str, list[str]]:
    """A text without its comments, and these; one that is never closed is text."""
    kept, comments, at = [], [], 0
    while (start := text.find("<!--", at)) >= 0 and (end := text.find("-->", start + 4)) >= 0:
        kept.append(text[at:start].rstrip(" ") if text[end + 3 : end + 4] in (" ", "") else text[at:start])
        comments.append(text[start : end + 3])
        at = end + 3
    return "".join([*kept, text[at:]]), comments


def flat(content: str) -> str:
    """Lines of one paragraph as one line, without comments and the marks of hard line breaks."""
    if "<!--" in content:
        content, _ = commented(content)
    first, *more = content.split("\n")
    parts = [first.strip()]
    for line in more:
        if parts[-1].endswith("\\") and not parts[-1].endswith("\\\\"):
            parts[-1] = parts[-1][:-1].rstrip()
        parts.append(line.strip())
    return " ".join(p for p in parts if p)


def unescaped(text: str) -> str:
    """A text without the backslash that keeps its beginning from being something else."""
    found = _ESCAPED.search(text[:12])
    if not found:
        return text
    bare = text[: found.start()] + text[found.end() :]
    return bare if OPENS.match(bare) and escaped(bare) == text else text


def escaped(text: str) -> str:
    """A text that is a paragraph whatever it begins with. ``unescaped(escaped(text)) == text``."""
    found = OPENS.match(text)
    if not found:
        return text
    at = found.end() if text[0].isdigit() else 0
    return f"{text[:at]}\\{text[at:]}"


def whole(nodes: Sequence[Node], indent: str = "") -> str:
    """A bullet with everything in it: nested bullets a line each, further paragraphs after an empty line."""
    parts: list[str] = []
    for node in nodes:
        if node.type in LISTS:
            lines = []
            for item in node.children:
                mark = f"{item.info}{item.markup}" if node.type == "ordered_list" else "-"
                inner = whole(item.children, indent + " " * (len(mark) + 1))
                lines.append(f"{indent}{mark} {inner.lstrip()}")
            parts.append(("\n" if parts else "") + "\n".join(lines))
            continue
        if node.type in ("paragraph", "heading"):
            said = indent + flat(node.children[0].content) if node.children else ""
        elif node.type == "blockquote":
            said = whole(node.children, indent)
        elif node.type in ("fence", "code_block", "html_block"):
            fence = node.markup if node.type == "fence" else ""
            said = f"{fence}{node.info if fence else ''}\n{node.content}{fence}" if fence else node.content.rstrip("\n")
            said = "\n".join(indent + part if part else part for part in said.split("\n"))
        else:
            said = indent + " ".join(c.content for c in node.walk() if c.type == "inline")
        parts.append(("\n\n" if parts else "") + said)
    return "".join(parts).strip()
