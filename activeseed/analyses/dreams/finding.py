"""What dreams end in: for each pair of readings, where they part most, and which texts come near it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from activeseed.outcome import plain
from activeseed.plan import Floats
from activeseed.protocols import Estimate

#: where a text comes from
Source = Literal["probes", "pool", "corpus", "rewritten"]


@dataclass(frozen=True)
class Seen:
    """A text (a pair, a vector) and what the two readings make of it.

    Attributes:
        id: of the probe, or made of the text where it was rewritten or is of a corpus without ids.
        source: where it comes from.
        text: as it is shown.
        payload: all of it, as JSON.
        first, second: outcomes under the first and the second reading.
        gap: |first − second|.
        value: expected drop of the spread of all readings that were trained once somebody has said what is right there.
        likeness: cosine of its embedding and the dream's; None beside no dream.
        of: id of the text that it was rewritten from.
    """

    id: str
    source: Source
    text: str
    payload: Mapping[str, Any]
    first: float
    second: float
    gap: float
    value: float
    likeness: float | None = None
    of: str = ""


@dataclass(frozen=True, eq=False)
class Dreamed:
    """An input in the trust region on which the two readings part, found by climbing.

    Attributes:
        gap, first, second: |first − second|, and both, as the networks say it in double precision.
        first_single, second_single: as the trained model says it, in the single precision that it was trained in.
        begun: where the climb began (see ``dreaming.Dream``).
        near: texts at hand whose embeddings are nearest to it, nearest first.
        rewritten: texts that were written towards it and part the readings more than what they were written from.
        point: (d,) the input itself.
    """

    gap: float
    first: float
    second: float
    first_single: float
    second_single: float
    begun: str
    near: tuple[Seen, ...]
    rewritten: tuple[Seen, ...]
    point: Floats = field(repr=False)


@dataclass(frozen=True)
class Parting:
    """Where two readings of the seed part ways.

    Attributes:
        first, second: what the readings are called.
        first_changes, second_changes: id of an item -> id of the variant that it takes there, where that is not the one
            that stands.
        region: the trust region, in words.
        lower: witnessed: over the region the outcomes differ by this much at least.
        at_probes: the most that they differ by at any probe; None where there are none.
        at_hand: the most that they differ by at any text at hand; None where there are none.
        evaluations: forward passes of both at one input that the search took; a gradient counts as two.
        widest: texts at hand, the largest gap first.
        dreams: the largest gap first; none where the two are the same network.
    """

    first: str
    second: str
    first_changes: Mapping[str, str]
    second_changes: Mapping[str, str]
    region: str
    lower: Estimate
    at_probes: float | None
    at_hand: float | None
    evaluations: int
    widest: tuple[Seen, ...]
    dreams: tuple[Dreamed, ...]

    @property
    def beyond(self) -> tuple[Seen, ...]:
        """Texts written towards dreams that part the readings more than any text at hand, the largest gap first."""
        reached = self.at_hand if self.at_hand is not None else -1.0
        found = {s.id: s for d in self.dreams for s in d.rewritten if s.gap > reached}
        return tuple(sorted(found.values(), key=lambda s: -s.gap))


@dataclass(frozen=True)
class Dreamt:
    """Where readings of a seed part ways.

    Attributes:
        pairs: the readings that were compared, those that part most first.
        readings: trainings that they are taken from.
        texts: how many texts are at hand.
        corpus: how many of them are of a corpus that the user named.
        rewriter: kind of what wrote on; empty where nothing did.
        by: who writes, in words.
        notes: sentences that a reader must see.
    """

    pairs: tuple[Parting, ...]
    readings: int
    texts: int
    corpus: int = 0
    rewriter: str = ""
    by: str = ""
    notes: tuple[str, ...] = ()

    @property
    def asked(self) -> tuple[Seen, ...]:
        """What people can be asked about, in order: real texts that are no probes, sorted by their gap, then what was
        written to reach a gap that no real text reaches. Each once.

        Sorting comes first since it is the better way to find what shows a reading wrong (see `tests/benchmarks`).
        """
        real = sorted((s for p in self.pairs for s in p.widest if s.source != "probes"), key=lambda s: -s.gap)
        beyond = sorted((s for p in self.pairs for s in p.beyond), key=lambda s: -s.gap)
        return _once([s for s in (*real, *beyond) if s.gap > 0])

    @property
    def dreamed(self) -> tuple[Seen, ...]:
        """Texts that stand for the dreams: the nearest real ones, and those that were written. Each once."""
        return _once([s for p in self.pairs for d in p.dreams for s in (*d.rewritten, *d.near[:1])])

    def to_dict(self) -> dict[str, Any]:
        """See ``protocols.Finding``: what ``dream --json`` prints. Points of dreams are left out."""
        said: dict[str, Any] = plain(asdict(self))
        for parting, written in zip(self.pairs, said["pairs"], strict=True):
            for dream in written["dreams"]:
                dream.pop("point")
            written["beyond"] = [s.id for s in parting.beyond]
        return {**said, "asked": [plain(asdict(s)) for s in self.asked]}

    def to_frame(self) -> Any:
        """A pandas DataFrame, one row a text and pair of readings."""
        import pandas as pd

        rows = []
        for n, p in enumerate(self.pairs, 1):
            of_dreams = [s for d in p.dreams for s in (*d.near, *d.rewritten)]
            for s in {s.id: s for s in (*of_dreams, *p.widest)}.values():
                rows.append(
                    {
                        "pair": n, "first_reading": p.first, "second_reading": p.second, "id": s.id, "source": s.source,
                        "text": s.text, "first": s.first, "second": s.second, "gap": s.gap, "value": s.value,
                        "of": s.of,
                    }
                )  # fmt: skip
        columns = [
            "pair", "first_reading", "second_reading", "id", "source", "text", "first", "second", "gap", "value", "of",
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=columns)


def _once(texts: Sequence[Seen]) -> tuple[Seen, ...]:
    """The first of each id, in their order."""
    out: dict[str, Seen] = {}
    for text in texts:
        out.setdefault(text.id, text)
    return tuple(out.values())
