"""Reference laws of effects: which single changes of the seed, as it stands, each compares. One file each.

A third party's law is named ``package.module:Name`` wherever a law is named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from activeseed.lazy import lazily

if TYPE_CHECKING:
    from activeseed.laws.drop import Drop
    from activeseed.laws.flip import Flip
    from activeseed.laws.group import Group
    from activeseed.laws.named import LAWS, LawName, law_known, law_named
    from activeseed.laws.poisson import Poisson
    from activeseed.laws.wordings import Wordings

LawKind = Literal["drop", "flip", "wordings", "group", "poisson"]
#: the same, for screens that need no law itself
KINDS: tuple[LawKind, ...] = get_args(LawKind)

__getattr__ = lazily(
    __name__,
    {
        "drop": ("Drop",),
        "flip": ("Flip",),
        "group": ("Group",),
        "named": ("LAWS", "LawName", "law_known", "law_named"),
        "poisson": ("Poisson",),
        "wordings": ("Wordings",),
    },
)
__all__ = [
    "KINDS", "LAWS", "Drop", "Flip", "Group", "LawKind", "LawName", "Poisson", "Wordings", "law_known", "law_named",
]  # fmt: skip
