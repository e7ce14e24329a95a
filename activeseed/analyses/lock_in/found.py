"""What a lock-in analysis ends in: plain numbers and texts."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from activeseed.laws import law_named
from activeseed.outcome import plain
from activeseed.seed import BY_MACHINE

#: what changes by people are called
BY_PEOPLE = {
    "absent": "dropping the item", "flipped": "flipping the item", "edit": "a person's edit",
    "wording": "another human wording",
}  # fmt: skip


def origin_words(origin: str) -> str:
    """What a change to variants of an origin is called; of a machine's as the law of that name has it."""
    return BY_PEOPLE.get(origin) or (law_named(origin).words if origin in BY_MACHINE else origin)


@dataclass(frozen=True)
class Response:
    """How far the outcome moves, on average over items, when an item is changed in one way.

    Attributes:
        origin: of the variants: ``absent``, ``paraphrase``, …
        items: items that have such a variant.
        value: mean squared distance, noise removed.
        se: standard error over items, keys and probes; NaN where it is unknown.
    """

    origin: str
    items: int
    value: float
    se: float

    @property
    def words(self) -> str:
        return origin_words(self.origin)


@dataclass(frozen=True)
class Against:
    """Revision over one kind of perturbation, of the items that have both.

    Attributes:
        perturbation: origin of the variants that should make no difference.
        items: how many have such variants, and a revision.
        revision: mean response of those items to a revision.
        paraphrase: their mean response to the perturbation.
        ratio: revision over paraphrase; NaN where paraphrases were not measured to move anything.
        low: smallest ratio that is not ruled out at 95 %.
        high: the largest; infinity where there is none.
        shape: whether the interval is ``bounded``, has ``no upper end``, holds ``anything``, or is ``unknown``.
        errors: share of the variance of the difference that is over ``items``, ``keys`` and ``probes``.
    """

    perturbation: str
    items: int
    revision: float
    paraphrase: float
    ratio: float
    low: float
    high: float
    shape: str
    errors: dict[str, float]

    @property
    def verdict(self) -> Literal["locked in", "open", "unclear"]:
        """Locked in: how it is put moves the outcome more than what is meant. Open: less. Both beyond the errors."""
        if self.high < 1.0:
            return "locked in"
        return "open" if self.low > 1.0 else "unclear"

    @property
    def words(self) -> str:
        """The verdict as a sentence."""
        what = origin_words(self.perturbation)
        if self.verdict == "locked in":
            return f"Locked in: {what} moves the outcome more than a legitimate revision does."
        if self.verdict == "open":
            return f"Open: a legitimate revision moves the outcome more than {what} does."
        if self.shape == "unknown":
            return (
                f"Not known: errors of revision over {what} take three items, and 3 keys where keys vary the outcome."
            )
        if self.shape == "bounded":
            return f"Unclear: whether a legitimate revision or {what} moves the outcome more can't be told."
        return f"Unclear: what {what} moves can't be told from nothing, so the ratio has no upper end."


@dataclass(frozen=True)
class ItemResponse:
    """How far the outcome moves with one item.

    Attributes:
        id: of the item.
        revision: mean over its revisions; NaN where it has none.
        perturbations: origin -> mean over its variants of that origin.
    """

    id: str
    revision: float
    perturbations: dict[str, float]


@dataclass(frozen=True)
class LockedIn:
    """Response to legitimate revision over response to paraphrase.

    Attributes:
        unit: what responses are measured in.
        keys: replicates.
        exact: the trainer has no randomness.
        revisions: origins that count as a legitimate revision.
        responses: by origin, revisions first.
        against: by kind of perturbation.
        items: each item, largest response to a perturbation first.
        notes: what a reader must see.
    """

    unit: str
    keys: int
    exact: bool
    revisions: tuple[str, ...]
    responses: tuple[Response, ...]
    against: tuple[Against, ...]
    items: tuple[ItemResponse, ...]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The object that ``lock-in --json`` prints."""
        out: dict[str, Any] = plain(asdict(self))
        for said, a in zip(out["against"], self.against, strict=True):
            said |= {"verdict": a.verdict, "words": a.words}
        for said, r in zip(out["responses"], self.responses, strict=True):
            said["words"] = r.words
        return {"kind": "lock_in", **out}

    def to_frame(self) -> Any:
        """A pandas DataFrame, one row an item."""
        import pandas as pd

        return pd.DataFrame([{"id": i.id, "revision": i.revision, **i.perturbations} for i in self.items])
