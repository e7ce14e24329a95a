"""The one form in which names and texts from outside are compared, so that one person or one text never counts as two.

People, spreadsheets and servers write one name with a space behind it, in capitals, or with an accent as a sign of its
own. What is shown and kept is what somebody wrote; what is compared is this.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection


def clean_name(name: str) -> str:
    """A person's name as it is shown: one line, no control or invisible characters, accents composed."""
    composed = unicodedata.normalize("NFC", name)
    return " ".join("".join(c for c in composed if c.isspace() or unicodedata.category(c)[0] != "C").split())


def same_name(name: str) -> str:
    """Two names are one person's if these are equal: case, width, accents and white space written otherwise."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", clean_name(name)).casefold())


def known_as(name: str, known: Collection[str]) -> str:
    """A name as it is written where it is known already; itself where it is not."""
    if name in known:
        return name
    form = same_name(name)
    return next((k for k in known if same_name(k) == form), name)


def same_text(text: str) -> str:
    """Two texts are the same text if these are equal: white space and accents written otherwise; case counts."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def is_writable(text: str) -> bool:
    """Whether a text can be written down at all; half of a character (a lone surrogate) can't."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
