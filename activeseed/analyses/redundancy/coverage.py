"""What a redundancy analysis ends in: for each item what it does and what covers for it, for each violation what holds.

Plain numbers and texts, so that what the journal keeps reads like what was just computed.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from activeseed.cleaning import few
from activeseed.outcome import plain

#: alone: nothing covers for it · shares: it does something, and more once others that do the same are gone · redundant:
#: it does something only once such others are gone · overruled: only once others that do the opposite are · nothing: it
#: does nothing here, whatever was left out beside it · open: it does nothing alone, and not all was tried that might
#: cover for it · unknown: its trainings failed
Verdict = Literal["alone", "shares", "redundant", "overruled", "nothing", "open", "unknown"]
#: ids that a verdict names
NAMED = 2


@dataclass(frozen=True)
class Cover:
    """An item that covers for another, or overrules it.

    Attributes:
        id: of this item.
        more: by how much the effect of the other grows once this one is gone: squared embedded distance.
        more_se: standard error of that; 0 for a trainer without randomness.
        beside: ids that were gone as well, where it shows only together with them.
        probes: ids of violations that either of the two catches: let through once both are gone.
    """

    id: str
    more: float
    more_se: float
    beside: tuple[str, ...] = ()
    probes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ItemCoverage:
    """What an item does, and which others do it too.

    Attributes:
        id: of the item.
        effect: squared embedded distance by which the outcome moves when it alone is dropped.
        effect_se: its standard error; 0 for a trainer without randomness, NaN where too many keys failed.
        gone: the same once its covers are gone as well (of what is overruled, what overrules it); the effect itself
            where there are none.
        gone_se: its standard error.
        covers: what covers for it, most first: without them it does more, and they without it do more to the same end.
        opposed: what holds it back, likewise: without them it does more, to the opposite end.
        twin: id of the item that covers most of it, of equals the most alike; empty where none does.
        sole: ids of violations that only it catches: rejected under the seed, let through without it.
        opens: ids of probes that are approved under the seed and rejected without it.
        distinguishable: whether the effect of dropping it alone can be told from nothing.
        verdict: see ``Verdict``.
    """

    id: str
    effect: float
    effect_se: float
    gone: float
    gone_se: float
    covers: tuple[Cover, ...] = ()
    opposed: tuple[Cover, ...] = ()
    twin: str = ""
    sole: tuple[str, ...] = ()
    opens: tuple[str, ...] = ()
    distinguishable: bool = False
    verdict: Verdict = "unknown"

    @property
    def words(self) -> str:
        """The verdict in words, with the items that it is about."""
        return verdict_words(self.verdict, [c.id for c in self.covers or self.opposed])


def verdict_words(verdict: str, others: list[str]) -> str:
    """A verdict in words.

    >>> from activeseed.analyses.redundancy.coverage import verdict_words
    >>> verdict_words("redundant", ["a", "b", "c"])
    'covered by a, b and 1 more: redundant'
    """
    names = few(others, NAMED)
    said = {
        "alone": "decides alone",
        "shares": f"shares with {names}",
        "redundant": f"covered by {names}: redundant",
        "overruled": f"overruled by {names}",
        "nothing": "does nothing here",
        "open": "does nothing alone; not searched to the end",
    }
    return said.get(verdict, "not measured: its trainings failed")


@dataclass(frozen=True)
class ProbeCoverage:
    """How well the seed covers one violation: a probe that it rejects.

    Attributes:
        id: of the probe.
        outcome: mean outcome there under the seed as it stands, below ½.
        halves: share of random halves of the seed that still reject it; NaN where none was drawn.
        three_quarters: share of the seeds without a random quarter that do.
        sole: ids of items without any one of which it is let through.
        groups: groups without which it is let through.
    """

    id: str
    outcome: float
    halves: float
    three_quarters: float
    sole: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class Coverage:
    """How the items of a seed cover for each other.

    Attributes:
        items: one entry an item that stands, most effect first, then most effect once its covers are gone.
        probes: one entry a violation, the least covered first; empty where probes decide nothing.
        unit: of effects.
        keys: replicates that they rest on; 1 for a trainer without randomness.
        pairs: ``all``, or ``near``: only pairs of look-alikes, and those that random halves pointed at, were tried.
        folds: how many halves (and as many quarters) were dropped; shares of violations have the standard error
            √(s(1 − s)/folds).
        notes: sentences that a reader must see.
    """

    items: tuple[ItemCoverage, ...]
    probes: tuple[ProbeCoverage, ...]
    unit: str
    keys: int
    pairs: str
    folds: int
    notes: tuple[str, ...] = ()

    def __getitem__(self, item: str) -> ItemCoverage:
        """What was found of an item. Raises KeyError for one that did not stand."""
        for found in self.items:
            if found.id == item:
                return found
        raise KeyError(item)

    @property
    def twins(self) -> tuple[tuple[str, str], ...]:
        """Pairs in which the one is redundant and the other covers most of it, each pair once: what might be merged.

        Those that are each other's twin come first.
        """
        of = {i.id: i.twin for i in self.items if i.verdict == "redundant"}
        found = dict.fromkeys(tuple(sorted(pair)) if of.get(pair[1]) == pair[0] else pair for pair in of.items())
        return tuple(sorted(((a, b) for a, b in found), key=lambda pair: of.get(pair[1]) != pair[0]))

    def to_dict(self) -> dict[str, Any]:
        """See ``protocols.Finding``: what ``redundancy --json`` prints."""
        items = [{**asdict(i), "words": i.words} for i in self.items]
        said: dict[str, Any] = plain({**asdict(self), "items": items, "twins": self.twins})
        return said

    def to_frame(self) -> Any:
        """A pandas DataFrame, one row an item; lists as ids with spaces between them."""
        import pandas as pd

        return pd.DataFrame(
            [
                {
                    "id": i.id, "effect": i.effect, "effect_se": i.effect_se, "gone": i.gone, "gone_se": i.gone_se,
                    "covers": " ".join(c.id for c in i.covers), "opposed": " ".join(c.id for c in i.opposed),
                    "twin": i.twin, "sole": " ".join(i.sole),
                    "opens": " ".join(i.opens), "distinguishable": i.distinguishable, "verdict": i.verdict,
                    "words": i.words,
                }
                for i in self.items
            ]
        )  # fmt: skip
