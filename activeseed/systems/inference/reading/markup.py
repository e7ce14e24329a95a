"""The words of a sentence: without Markdown, HTML, footnotes, and with what is only mentioned masked."""

from __future__ import annotations

import html
import re

_FOOTNOTE = re.compile(r"\[\^[^\]\s]{1,40}\]")
_IMAGE = re.compile(r"!\[[^\[\]]{0,300}\]\([^()\s]{0,500}[^()]{0,100}\)")
_SECTION = re.compile(r"\[\?\]\(#([\w-]{1,80})\)")
_LINK = re.compile(r"\[([^\[\]]{0,500})\](?:\([^()]{0,600}\)|\[[^\[\]]{0,80}\])")
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,300}>|<!--[^<>]{0,600}-->")
_EMPHASIS = re.compile(r"\*+|~~|`+|(?<!\w)_{1,3}(?=\w)|(?<=[\w.,!?:;])_{1,3}(?!\w)")
_DASH = re.compile(r"\s*(?:—|―|---|\s–\s|\s--\s)\s*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028\u2029\ufeff\s]+")
_QUOTES = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"'})
_QUOTED = re.compile(r'"[^"]{1,400}"')
_BRACKETED = re.compile(r"\([^()]{0,400}\)")


def words_of(sentence: str) -> str:
    """A sentence as one reads it aloud: no markup, plain quotes, single blanks, dashes as ``—`` between blanks."""
    text = _FOOTNOTE.sub("", sentence)
    text = _IMAGE.sub(" ", text)
    text = _SECTION.sub(_named, text)
    text = _LINK.sub(r"\1", text)
    text = html.unescape(_TAG.sub(" ", text))
    text = _EMPHASIS.sub("", text).translate(_QUOTES)
    return _CONTROL.sub(" ", _DASH.sub(" — ", text)).strip()


def _named(link: re.Match[str]) -> str:
    """A link to a section that is shown by the section's title: what stands in the link is all that is known of it."""
    title = re.sub(r"[_-]", " ", link[1])
    stands_alone = re.search(r"(?:^|[:;*-])\s*$", link.string[: link.start()][-40:])
    return f"the section on {title}" if stands_alone else title


def masked(words: str) -> str:
    """The same in small letters and of the same length, with quotations and brackets crossed out.

    What stands in them is mentioned and not said: an example, a reply that somebody might give.
    """
    low = "".join(c.lower() if len(c.lower()) == 1 else c for c in words)
    low = _QUOTED.sub(lambda m: '"' + "x" * (len(m[0]) - 2) + '"', low)
    return _BRACKETED.sub(lambda m: " " * len(m[0]), low)
