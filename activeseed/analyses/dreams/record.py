"""Dreams: where readings of a seed part most, near the data and not only at it.

Two evaluators can agree on every probe and part ways just beside them. Their difference, composed into one graph, is
climbed within a trust region of real data (`activeseed.dreaming`); what is found is a lower bound of the most that they
differ by there. Texts stand for dreams: the nearest at hand, and, where a rewriter is given, what is written on from
them. Texts at hand are sorted by how far the readings part on them, too: where such texts are, that is the better way
to what people should be asked, and dreams say what none of them reaches.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from pydantic import ConfigDict, Field

from activeseed.analyses.dreams.finding import Dreamt
from activeseed.analyses.dreams.hand import Judges, at_hand, featured
from activeseed.analyses.dreams.parting import Search, notes_on
from activeseed.analyses.dreams.readings import extremes, readings_of, wanted
from activeseed.analyses.sides import Side
from activeseed.checked import SettingsRecord
from activeseed.protocols import Cost, Problem, Run
from activeseed.seed import Probe


class Dreams(SettingsRecord):
    """Where two readings of the seed, or the furthest of those that are plausible, part most.

    >>> study = act.Study.open("work")
    >>> found = study.analyse(act.Dreams(sides=(study.side("latest"), study.side("without:short")), texts=2))
    >>> found.pairs[0].lower.bound, found.pairs[0].lower.value >= found.pairs[0].at_hand
    ('lower', True)

    Attributes:
        sides: what is compared: two sides, or one, which is held against the seed as it stands; none: seeds are drawn
            from what is believed, and those furthest apart at the probes are compared.
        draws: seeds that are drawn where no sides are named.
        pairs: pairs of the drawn seeds that are compared, the furthest apart first, each seed in one of them.
        dreams: of each pair.
        texts: texts that are named of each kind: at hand by their gap, nearest to a dream, written towards it.
        region: the trust region: ``near`` the data (within the distance at which a share of ``quantile`` of them have
            their nearest neighbour), ``dense`` (where a density fitted to half of them is as high as on this share of
            the other half), ``anywhere`` (the unit sphere where data have unit length, else their bounding box).
        quantile: see ``region``.
        along: what is climbed: ``outcomes`` (probabilities, where there are), or ``scores`` before the link. Gaps are
            always those of outcomes.
        restarts, steps: climbs a pair, and steps of each.
        corpus: more texts, besides probes and pool.
        rewriter: writes on from real texts; None: nothing does.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    kind: Literal["dreams"] = "dreams"
    sides: tuple[Side, ...] = ()
    draws: int = Field(default=32, ge=2, le=10_000)
    pairs: int = Field(default=1, ge=1, le=100)
    dreams: int = Field(default=3, ge=1, le=100)
    texts: int = Field(default=8, ge=1, le=1000)
    region: Literal["near", "dense", "anywhere"] = "near"
    quantile: float = Field(default=0.9, gt=0.0, le=1.0)
    along: Literal["outcomes", "scores"] = "outcomes"
    restarts: int = Field(default=32, ge=1, le=10_000)
    steps: int = Field(default=60, ge=1, le=10_000)
    corpus: tuple[Probe, ...] = Field(default=(), exclude=True, repr=False)
    rewriter: Any = Field(default=None, exclude=True)

    @property
    def reads_belief(self) -> bool:
        """Where seeds are drawn: see ``protocols.SupportsPriors``."""
        return not self.sides

    def cost(self, problem: Problem) -> Cost:
        """See ``protocols.Analysis``: two trainings, or the draws. Climbs train nothing."""
        return problem.each * (2 if self.sides else self.draws)

    def run(self, problem: Problem) -> Run[Dreamt]:
        """Raises PlanError for a system that hands out no network, and where there are no data to stay near to."""
        request = wanted(problem, self.sides, self.draws)
        materials = problem.materials
        assert materials is not None  # nothing is wanted without
        hand = at_hand(problem, self.corpus)
        search = Search.of(self, problem, materials, hand)
        readings = readings_of(problem, request, (yield request), self.sides)
        places = featured(materials, [p.payload for p in problem.places])
        outcomes = np.stack([r.network.outcomes(places) for r in readings])
        pairs = [(0, 1)] if self.sides else extremes(problem, readings, outcomes, self.pairs)
        points = np.asarray(problem.geometry.embed(outcomes.astype(np.float32)), np.float64)
        judges = [Judges([r.network for r in readings], points, a, b) for a, b in pairs]
        found = [search.parting(n, readings[j.first], readings[j.second], j) for n, j in enumerate(judges)]
        found.sort(key=lambda p: -p.lower.value)
        writer = search.rewriter
        return Dreamt(
            tuple(found), len(readings), len(hand.texts), sum(s == "corpus" for s in hand.sources),
            "" if writer is None else writer.kind, "" if writer is None else writer.by,
            notes_on(found, hand, self.rewriter is not None and writer is None),
        )  # fmt: skip
