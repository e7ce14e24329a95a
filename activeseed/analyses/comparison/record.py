"""Two outcomes compared: how far apart they are by every distance, where they part, what is decided otherwise.

Both sides are trained under the same keys, and products of different keys are taken, so that noise adds nothing to a
distance: two equal seeds are at zero. Beside each distance stands what two runs of one seed differ by.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from activeseed.analyses.comparison.distances import Own, allowed, weights_of
from activeseed.analyses.comparison.found import Compared, OfGroup
from activeseed.analyses.comparison.given import Given, replicates
from activeseed.analyses.comparison.measured import Sides, apart
from activeseed.analyses.comparison.places import at_probes, test_words
from activeseed.analyses.sides import Side, rows_of
from activeseed.checked import SettingsRecord
from activeseed.distances import DistanceSetting
from activeseed.errors import TrainingError
from activeseed.estimators.statistics import ENOUGH_KEYS
from activeseed.outcome import Outcomes
from activeseed.plan import Explicit, Floats, stream_key
from activeseed.protocols import Cost, Distance, Problem, Request, Run, SupportsPlaces

#: groups of probes that are measured, the largest first
GROUPS = 20


class Comparison(SettingsRecord):
    """How far apart two outcomes are on the probes, and where they part.

    >>> study = act.Study.open("work")
    >>> found = study.analyse(act.Comparison(first=study.side("latest"), second=study.side("without:short")))
    >>> found.first, found.second, found.keys
    ('latest', 'without:short', (8, 8))

    Attributes:
        first: a side to be trained (``Study.side``), or outcomes that were made elsewhere.
        second: likewise.
        keys: replicates of each side, where the trainer has randomness.
        distances: by kind, or as tables; empty for all that the outcome allows. The study's own comes first always.
        weights: what each place weighs in the distances, one a place; empty for the study's own weights.
        alpha: family-wise error of calling a probe's difference more than noise.
    """

    kind: Literal["comparison"] = "comparison"
    first: Side | Given
    second: Side | Given
    keys: int = Field(default=ENOUGH_KEYS, ge=1, le=10_000)
    distances: tuple[DistanceSetting, ...] = ()
    weights: tuple[float, ...] = ()
    alpha: float = Field(default=0.05, gt=0.0, lt=1.0)

    @property
    def reads_belief(self) -> bool:
        """No: both sides are named."""
        return False

    def cost(self, problem: Problem) -> Cost:
        """See ``protocols.Analysis``: keys × the sides that are trained."""
        trained = sum(isinstance(side, Side) for side in (self.first, self.second))
        return problem.each * (trained * (1 if problem.deterministic else self.keys))

    def run(self, problem: Problem) -> Run[Compared]:
        """See ``protocols.Analysis``.

        Raises:
            PlanError: given outcomes that lack a place, weights that don't fit, a distance that these outcomes don't
                allow.
            TrainingError: no key trained on both sides.
        """
        sides = (self.first, self.second)
        for side in sides:
            if isinstance(side, Given):
                side.check(problem)  # before anything is trained
        weights_of(problem, self.weights)
        trained = [side for side in sides if isinstance(side, Side)]
        rows = [replicates(side, self.keys, problem) for side in trained]
        outcomes = None
        if rows:
            # the two runs of a key side by side, so that they share a batch
            design = Explicit(rows_of(problem, [s for pair in zip(*rows, strict=True) for s in pair]), unit=len(rows))
            outcomes = yield Request(design, "outcomes to be compared")
        return compared(self, problem, outcomes)


def compared(asked: Comparison, problem: Problem, outcomes: Outcomes | None) -> Compared:
    """What the runs of both sides say; those of a key that failed are left out on both."""
    sides = (asked.first, asked.second)
    trained = [n for n, side in enumerate(sides) if isinstance(side, Side)]
    notes: list[str] = []
    values: list[Floats] = [np.zeros((0, 0))] * 2
    if outcomes is not None:
        values = _trained(values, trained, outcomes, notes)
    exact = [problem.deterministic, problem.deterministic]
    for n, side in enumerate(sides):
        if isinstance(side, Given):
            values[n], exact[n] = side.at(problem.places), side.exact
    keyed = [side.key for side in sides if isinstance(side, Side)]
    paired = len(trained) == 2 and (keyed[0] == keyed[1] or problem.deterministic)
    both = Sides(
        values[0], values[1], paired, (exact[0], exact[1]),
        weights_of(problem, asked.weights),
        tuple(p.id for p in problem.places), tuple(p.group for p in problem.places),
        stream_key(problem.stream, "comparison"), isinstance(problem.geometry, SupportsPlaces),
    )  # fmt: skip
    differing = _differing(problem, *sides)
    if len(trained) == 2 and not differing and paired:
        notes.append("Both sides are the same seed under the same keys, so all distances are zero.")
    return of_sides(both, problem, (sides[0].name, sides[1].name), asked.distances, asked.alpha, differing, notes)


def of_sides(
    sides: Sides,
    problem: Problem,
    names: tuple[str, str],
    asked: Sequence[DistanceSetting],
    alpha: float,
    differing: dict[str, tuple[str, str]],
    notes: Sequence[str],
) -> Compared:
    """The two sides by every distance, at every probe, and by groups of probes."""
    said = list(notes)
    places = problem.places
    own = Own(problem.geometry)
    distances = [apart(d, sides) for d in allowed(problem.geometry, int((sides.weights > 0).sum()), asked)]
    said += [
        f"The {d.words} is infinite: one side holds impossible what the other holds possible. A smoothed one is finite "
        f'(kind = "{d.kind}", smoothing = 0.01).'
        for d in distances
        if np.isposinf(d.value)
    ]
    said += [
        f"The {d.words} can't be told: between runs of one side it is infinite already. A smoothed one is finite "
        f'(kind = "{d.kind}", smoothing = 0.01).'
        for d in distances
        if np.isnan(d.value)
    ]
    if sides.single:
        said.append(
            "A side has a single run, so what is noise can't be told: distances are those of single runs, without "
            "errors. Give more runs of it."
        )
    elif min(len(sides.first), len(sides.second)) < 3 and not sides.both_exact:
        said.append("Two runs of a side are too few for errors; 8 keys give them.")
    probes = at_probes(own, sides, problem.geometry, places)
    turned = tuple(p.id for p in probes if p.flipped)
    return Compared(
        first=names[0], second=names[1], over=problem.geometry.over, keys=(len(sides.first), len(sides.second)),
        paired=sides.paired, exact=sides.both_exact, distances=tuple(distances), probes=probes,
        groups=_groups(own, sides, problem, set(turned)), flipped=turned, differing=differing,
        test=test_words(sides), notes=tuple(said), alpha=alpha,
    )  # fmt: skip


def _groups(own: Distance, sides: Sides, problem: Problem, turned: set[str]) -> tuple[OfGroup, ...]:
    places = problem.places
    members: dict[str, list[int]] = {}
    for n, place in enumerate(places):
        if sides.weights[n] == 0.0:
            continue
        members.setdefault(place.group, []).append(n)
    if not 2 <= len(members) <= len(places) // 2 or not isinstance(problem.geometry, SupportsPlaces):
        return ()
    largest = sorted(members, key=lambda g: -len(members[g]))[:GROUPS]
    out = [
        OfGroup(g, len(members[g]), sum(places[n].id in turned for n in members[g]), apart(own, sides.at(members[g])))
        for g in largest
    ]
    return tuple(sorted(out, key=lambda g: -g.apart.value if np.isfinite(g.apart.value) else np.inf))


def _trained(values: list[Floats], trained: Sequence[int], outcomes: Outcomes, notes: list[str]) -> list[Floats]:
    """The runs of each trained side that succeeded, on both sides alike."""
    width = len(trained)
    ok = np.asarray(outcomes.ok.reshape(-1, width).all(1))
    if not ok.any():
        why = next(iter(outcomes.failures.values()), "no reason was given")
        raise TrainingError(f"No key trained on both sides, so nothing can be compared: {why}")
    if not ok.all():
        notes.append(f"{int((~ok).sum())} of {len(ok)} keys are left out, since a training failed under them.")
    runs = outcomes.values.reshape(-1, width, outcomes.values.shape[-1])[ok].astype(np.float64)
    for k, n in enumerate(trained):
        values[n] = runs[:, k]
    return values


def _differing(problem: Problem, first: Side | Given, second: Side | Given) -> dict[str, tuple[str, str]]:
    """Items that two trained sides have otherwise, with the variant of each."""
    if not isinstance(first, Side) or not isinstance(second, Side):
        return {}
    rows = rows_of(problem, [first, second]).variants
    items = problem.seed.items
    out = {
        items[f].id: (items[f].variants[rows[0, f]].id, items[f].variants[rows[1, f]].id)
        for f in np.flatnonzero(rows[0] != rows[1])
    }
    for name in {*first.weights, *second.weights} - set(out):
        weights = (first.weights.get(name, 1.0), second.weights.get(name, 1.0))
        if weights[0] != weights[1]:
            out[name] = (f"× {weights[0]:g}", f"× {weights[1]:g}")
    return out
