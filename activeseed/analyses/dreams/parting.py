"""Where two readings part: climbed within the trust region, looked for among texts at hand, written on from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from activeseed.analyses.dreams.finding import Dreamed, Parting, Seen
from activeseed.analyses.dreams.hand import Hand, Judges, cosines, featured
from activeseed.analyses.dreams.readings import Reading
from activeseed.analyses.dreams.writing import named, written
from activeseed.outcome import Bools
from activeseed.plan import Floats, Materials, generator, stream_key
from activeseed.protocols import Estimate, Problem, Rewriter
from activeseed.seed import Probe, Text

if TYPE_CHECKING:
    from activeseed.analyses.dreams.record import Dreams
    from activeseed.bounding.regions import Region
    from activeseed.dreaming import Dream

#: data that climbs may begin at, drawn from all that is at hand
_STARTS = 4000
#: dreams of one pair are at least so far apart, as a share of the data's usual distance from their mean
_APART = 0.25
#: how far outside, by rounding, what lies in the region may be: features are single precision
_SLACK = 1e-5


@dataclass(frozen=True, eq=False)
class Search:
    """How and where is looked.

    Attributes:
        settings: what the user asked for.
        hand, region: what is at hand, and the trust region around it.
        inside: (n,) which of the texts at hand lie in the region.
        rewriter: writes on from texts; None where nothing does, or where no texts are judged.
    """

    settings: Dreams
    problem: Problem
    materials: Materials
    hand: Hand
    region: Region
    inside: Bools
    rewriter: Rewriter | None = field(default=None)

    @classmethod
    def of(cls, settings: Dreams, problem: Problem, materials: Materials, hand: Hand) -> Search:
        """Raises PlanError where there are no data to stay near to."""
        region = _region(settings, problem, hand.region_of)
        inside = region.holds(hand.features, _SLACK) if len(hand.texts) else np.zeros(0, bool)
        texts_only = all(isinstance(p.payload, Text) for p in hand.texts)
        return cls(settings, problem, materials, hand, region, inside, settings.rewriter if texts_only else None)

    def parting(self, n: int, first: Reading, second: Reading, judges: Judges) -> Parting:
        """The n-th pair of readings."""
        hand, most = self.hand, self.settings.texts
        seen = judges.seen(hand.texts, hand.sources, hand.features)
        ends = self._climbed(n, first, second)
        dreams = tuple(self._dreamed(end, judges, seen) for end in ends)
        # what was seen at data counts as well, where they lie in the region
        gaps = [s.gap for s, held in zip(seen, self.inside, strict=True) if held]
        lower = max([*(d.gap for d in dreams), *gaps], default=0.0)
        order = sorted(seen, key=lambda s: -s.gap)
        # probes are read anyhow: they take no places of what could be asked about
        widest = [s for s in order if s.source != "probes"][:most] + [s for s in order if s.source == "probes"][:most]
        return Parting(
            first.name, second.name, first.changes, second.changes, self.region.words,
            Estimate(lower, 0.0, "lower"), max((s.gap for s in seen if s.source == "probes"), default=None),
            max((s.gap for s in seen), default=None), ends[0].evaluations if ends else 0,
            tuple(sorted(widest, key=lambda s: -s.gap)),
            tuple(sorted(dreams, key=lambda d: -d.gap)),
        )  # fmt: skip

    def _climbed(self, n: int, first: Reading, second: Reading) -> list[Dream]:
        from activeseed.dreaming import dreams

        if np.array_equal(first.network.flat, second.network.flat):
            return []
        data, stream, asked = self.hand.region_of, self.problem.stream, self.settings
        spread = float(np.median(np.linalg.norm(data - data.mean(0), axis=1)))
        if len(data) > _STARTS:
            data = data[generator(stream, "dreams", "starts").choice(len(data), _STARTS, replace=False)]
        return dreams(
            first.network, second.network, self.region, key=stream_key(stream, "dreams", n), n=asked.dreams,
            apart=_APART * spread, restarts=asked.restarts, steps=asked.steps, starts=data, along=asked.along,
        )  # fmt: skip

    def _dreamed(self, end: Dream, judges: Judges, seen: Sequence[Seen]) -> Dreamed:
        from activeseed.dreaming.single import outcomes_in_single

        hand, at = self.hand, end.point[None]
        f, g = (judges.networks[k] for k in (judges.first, judges.second))
        first, second = float(f.outcomes(at)[0]), float(g.outcomes(at)[0])
        alike = cosines(hand.features, end.point) if len(hand.texts) else np.zeros(0)
        nearest = [int(k) for k in np.argsort(-alike, kind="stable")[: self.settings.texts]]
        texts = [hand.texts[k] for k in nearest]
        near = judges.seen(texts, [hand.sources[k] for k in nearest], hand.features[nearest], alike[nearest])
        return Dreamed(
            abs(first - second), first, second,
            float(outcomes_in_single(f, at)[0]), float(outcomes_in_single(g, at)[0]),
            end.begun, tuple(near), tuple(self._rewritten(end, judges, seen, texts)), end.point,
        )  # fmt: skip

    def _rewritten(self, end: Dream, judges: Judges, seen: Sequence[Seen], near: Sequence[Probe]) -> list[Seen]:
        """Texts written on from the nearest, and from those with the largest gaps in the dream's direction."""
        if self.rewriter is None:
            return []
        hand, materials, most = self.hand, self.materials, self.settings.texts
        way = 1.0 if end.signed >= 0 else -1.0
        order = sorted(range(len(seen)), key=lambda k: -way * (seen[k].first - seen[k].second))[:most]
        starts = {p.payload.text: p for p in (*near, *(hand.texts[k] for k in order)) if isinstance(p.payload, Text)}

        def features(texts: Sequence[str]) -> Floats:
            return featured(materials, [Text(text=t) for t in texts])

        def gap(texts: list[str]) -> Floats:
            return way * judges.apart(features(texts))

        towards = [p.payload.text for p in near if isinstance(p.payload, Text)]
        found = written(self.rewriter, list(starts), towards, gap, most)
        if not found:
            return []
        made = [
            starts[start].model_copy(
                update={
                    "id": named(text), "label": None,
                    "payload": starts[start].payload.model_copy(update={"text": text}),
                }
            )
            for text, start in found
        ]  # fmt: skip
        points = features([text for text, _ in found])
        return judges.seen(
            made, ["rewritten"] * len(made), points, cosines(points, end.point), [starts[s].id for _, s in found]
        )


def _region(settings: Dreams, problem: Problem, data: Floats) -> Region:
    from activeseed.bounding.regions import Box
    from activeseed.dreaming import Sphere, dense, near, unit_length

    if settings.region == "dense":
        return dense(data, 1.0 - settings.quantile, key=stream_key(problem.stream, "dreams", "density"))
    if settings.region == "anywhere" and len(data):
        if unit_length(data):
            return Sphere(data.shape[1])
        return Box(data.min(0), data.max(0), "the bounding box of the data")
    return near(data, settings.quantile)


def notes_on(found: Sequence[Parting], hand: Hand, unread: bool) -> tuple[str, ...]:
    """What a reader must know before the numbers.

    Args:
        unread: a rewriter was given, and no texts are judged.
    """
    out = []
    if alike := [p for p in found if not p.dreams]:
        out.append(
            f"{alike[0].first} and {alike[0].second} are one and the same network: they part nowhere. Compare others, "
            "or another replicate ('@1')."
        )
    if not any(s != "probes" for s in hand.sources):
        out.append(
            "No text is at hand but the probes: name a corpus, or give the study a pool, to find what to ask about."
        )
    if unread:
        out.append("Only texts are rewritten: what is judged here is something else.")
    for p in found:
        if p.at_hand is None or not p.dreams:
            continue
        if p.lower.value > p.at_hand + 1e-9:
            out.append(
                f"The widest gap at any text at hand is {p.at_hand:.3g}; within the region it reaches "
                f"{p.lower.value:.3g} at least, which no text at hand shows."
            )
    return tuple(dict.fromkeys(out))
