"""Reference laws of effects: which single changes of the seed, as it stands, each compares. One file each.

A third party's law is named ``package.module:Name`` wherever a law is named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from activeseed.lazy import lazily

if TYPE_CHECKING:
    from activeseed.laws.drift import Drift
    from activeseed.laws.drop import Drop
    from activeseed.laws.flip import Flip
    from activeseed.laws.framing import Framing
    from activeseed.laws.group import Group
    from activeseed.laws.named import LAWS, LawName, law_known, law_named
    from activeseed.laws.paraphrase import Paraphrase
    from activeseed.laws.poisson import Poisson
    from activeseed.laws.wordings import Wordings

LawKind = Literal["drop", "flip", "wordings", "paraphrase", "drift", "framing", "group", "poisson"]
#: the same, for screens that need no law itself
KINDS: tuple[LawKind, ...] = get_args(LawKind)

__getattr__ = lazily(
    __name__,
    {
        "drift": ("Drift",),
        "drop": ("Drop",),
        "flip": ("Flip",),
        "framing": ("Framing",),
        "group": ("Group",),
        "named": ("LAWS", "LawName", "law_known", "law_named"),
        "paraphrase": ("Paraphrase",),
        "poisson": ("Poisson",),
        "wordings": ("Wordings",),
    },
)
__all__ = [
    "KINDS", "LAWS", "Drift", "Drop", "Flip", "Framing", "Group", "LawKind", "LawName", "Paraphrase", "Poisson",
    "Wordings", "law_known", "law_named",
]  # fmt: skip
