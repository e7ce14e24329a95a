"""Certificates: how far apart two evaluators are at most, over every input of a region, and at least, as dreamed.

The two are networks that the system hands out: the seed as it stands and the seed without the item that moves the
outcome most, or the two of an ensemble that are furthest apart, or any two sides. Both are trained under the same key,
so that they started alike: that is what makes the proof tight.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
from pydantic import Field

from activeseed.analyses.certificates import places
from activeseed.analyses.certificates.certified import Certificate, Certified
from activeseed.analyses.certificates.judging import Effort, Pair, certificate
from activeseed.analyses.certificates.places import Kind, Place
from activeseed.analyses.networked import layout_of
from activeseed.analyses.redundancy.dropping import Drops, rows_for
from activeseed.analyses.sides import Side, drawn, furthest, rows_of, without
from activeseed.checked import SettingsRecord
from activeseed.errors import PlanError, TrainingError, nearest
from activeseed.networks import Layout, Network
from activeseed.plan import Explicit, Floats, generator
from activeseed.protocols import NETWORK, Cost, Problem, Request, Run

if TYPE_CHECKING:
    from activeseed.outcome import Outcomes

Choosing: TypeAlias = "Generator[Request, Outcomes, tuple[tuple[str, str], Explicit]]"


class Certificates(SettingsRecord):
    """For each region ``[dreamed lower, certified upper]`` on how far two evaluators' scores part, and what follows.

    >>> study = act.Study.open("work")
    >>> found = study.analyse(act.Certificates(radii=(0.5,), most=2, seconds=1.0))
    >>> all(c.lower <= c.upper for c in found.certificates)
    True

    Attributes:
        sides: the two; empty takes those of ``between``.
        between: ``effect``: the seed as it stands, and without the item that moves the outcome most when it is dropped;
            ``ensemble``: of ``draws`` plausible seeds the two whose outcomes are furthest apart.
        draws: plausible seeds, for ``ensemble``.
        regions: ``probes`` (balls around them), ``box`` (of the data), ``ball`` (around its mean, holding all of it),
            ``unit`` (all inputs of length one or less), ``plane`` (its principal directions, the rest at the mean);
            empty takes ``probes`` and, for embeddings of length one, ``unit``, else ``ball``.
        radii: of the balls around probes, in distances between neighbours among the data, or ``absolute``.
        absolute: radii are Euclidean distances.
        probes: ids of those that balls are put around; empty takes the ``most`` at which the two differ most.
        most: how many, where none is named.
        directions: of the plane.
        seconds: of proving, for each region.
        gap: relative gap between what is seen and what is proved at which a region is done.
        method: ``auto`` climbs the ladder, any other stays on one rung.
        leash: β of policies π ∝ exp(score/β) that respond to the two: what they may differ in is bounded as well.
        restarts, steps: of dreaming, for each region.
    """

    kind: Literal["certificates"] = "certificates"
    sides: tuple[Side, ...] = ()
    between: Literal["effect", "ensemble"] = "effect"
    draws: int = Field(default=32, ge=2, le=10_000)
    regions: tuple[Kind, ...] = ()
    radii: tuple[float, ...] = (0.25, 0.5, 1.0)
    absolute: bool = False
    probes: tuple[str, ...] = ()
    most: int = Field(default=8, ge=1, le=10_000)
    directions: int = Field(default=6, ge=1, le=1000)
    seconds: float = Field(default=2.0, gt=0.0, le=86_400.0)
    gap: float = Field(default=0.01, ge=0.0, lt=1.0)
    method: Literal["auto", "ibp", "joint", "paired", "branching", "milp"] = "auto"
    leash: float | None = Field(default=None, gt=0.0, le=1e6)
    restarts: int = Field(default=16, ge=1, le=10_000)
    steps: int = Field(default=60, ge=0, le=100_000)

    @property
    def reads_belief(self) -> bool:
        """Where seeds are drawn: see ``protocols.SupportsPriors``."""
        return not self.sides and self.between == "ensemble"

    def cost(self, problem: Problem) -> Cost:
        """See ``protocols.Analysis``: what choosing the two takes, and the two once more, to look into them."""
        layout_of(problem)
        if self.sides:
            return problem.each * 2
        if self.between == "ensemble":
            return problem.each * (self.draws + 2)
        return problem.each * (rows_for(len(_items(problem)), 1) + 2)

    def places_at_most(self, probes: int) -> int:
        """How many regions there will be at most, each of which may take ``seconds``, with so many probes."""
        kinds = set(self.regions or ("probes", "ball"))
        balls = (len(self.probes) or min(self.most, probes)) * len(set(self.radii))
        return balls * ("probes" in kinds) + len(kinds - {"probes"})

    def run(self, problem: Problem) -> Run[Certified]:
        """See ``protocols.Analysis``.

        Raises:
            PlanError: a system without networks, an unknown probe, radii or data of which no region can be made.
            TrainingError: one of the two failed, or all trainings between which they were to be chosen.
        """
        layout = layout_of(problem)
        self._checked(problem)
        data, ids = _data(problem, layout)
        names, design = yield from self._two(problem)
        found = yield Request(design, "the two networks", state=NETWORK)
        if not found.ok.all():
            why = next(iter(found.failures.values()), "it said no finite numbers")
            raise TrainingError(f"One of the two can't be compared, since its training failed: {why}.")
        f, g = (Network.of(layout, flat) for flat in np.asarray(found.values, np.float64))
        pair = Pair(f, g, names, data, ids, self.leash)
        neighbours = places.between_neighbours(data)
        where, notes = self._places(problem, pair, neighbours)
        key = int(generator(problem.stream, "certificates").integers(2**31))
        effort = Effort(self.seconds, self.gap, self.method, self.restarts, self.steps, key)
        done = tuple(certificate(pair, place, effort) for place in where)
        return Certified(
            first=names[0], second=names[1], unit=pair.unit, neighbours=neighbours, dimension=layout.inputs,
            widths=layout.widths, activation=layout.activation if len(layout.widths) > 2 else "none",
            seconds=self.seconds, certificates=done, notes=(*notes, *_remarks(pair, done, self.seconds)),
        )  # fmt: skip

    def _checked(self, problem: Problem) -> None:
        if self.sides and len(self.sides) != 2:
            raise PlanError(f"Two sides are compared; {len(self.sides)} are given. Name two, or none.")
        if any(not (0.0 < r < math.inf) for r in self.radii):
            raise PlanError("Radii have to be above zero: a ball without a radius is a point. Name larger ones.")
        if "probes" in self.regions and not self.radii:
            raise PlanError("Balls around probes need a radius. Name one, or other regions.")
        known = {p.id for p in problem.places}
        for name in self.probes:
            if name not in known:
                raise PlanError(f"There is no probe {name!r}.{nearest(name, known)}")

    def _two(self, problem: Problem) -> Choosing:
        """The names of the two, and their rows."""
        sides = self.sides
        if not sides and self.between == "ensemble":
            design = drawn(problem, self.draws)
            outcomes = yield Request(design, "plausible seeds")
            a, b = furthest(outcomes, problem.geometry)
            names = (f"plausible seed {a + 1}", f"plausible seed {b + 1}")
            return names, Explicit(design.block(0, design.size).take([a, b]))
        if not sides:
            items = _items(problem)
            key = problem.key
            drops = Drops(problem, (key,))
            design_of = drops.design([frozenset((f,)) for f in items])
            assert design_of is not None  # there is an item at least
            drops.take(design_of, (yield Request(design_of, "items left out")))
            moved = [drops.moved(frozenset((f,))) for f in items]
            if not any(ok.any() for _, ok in moved):
                raise TrainingError("No training without an item succeeded: there is nothing to compare the seed with.")
            far = [float((delta**2).sum()) if ok.any() else -1.0 for delta, ok in moved]
            strongest = problem.seed.items[items[int(np.argmax(far))]].id
            sides = (Side(), without([strongest]))
        return (sides[0].name, sides[1].name), Explicit(rows_of(problem, sides))

    def _places(self, problem: Problem, pair: Pair, neighbours: float) -> tuple[list[Place], list[str]]:
        data = pair.data
        kinds = self.regions or places.natural(data)
        notes: list[str] = []
        out: list[Place] = []
        at = {name: n for n, name in enumerate(pair.ids)}
        if "probes" in kinds and problem.places and self.radii:
            chosen: Sequence[str] = self.probes
            if not chosen:
                known = [p.id for p in problem.places]
                rows = data[[at[name] for name in known]]
                apart = np.abs(pair.f.scores(rows) - pair.g.scores(rows))
                chosen = [known[n] for n in np.argsort(-apart, kind="stable")[: self.most]]
                if len(chosen) < len(known):
                    notes.append(
                        f"Balls are around {len(chosen)} of {len(known)} probes, those at which the two differ most."
                    )
            for name in chosen:
                for radius, times in places.radii_of(sorted(set(self.radii)), self.absolute, neighbours):
                    out.append(places.around(name, data[at[name]], radius, times, data))
        for kind in dict.fromkeys(k for k in kinds if k != "probes"):
            out.append(places.domain(kind, data, self.directions))
        if not out:
            raise PlanError("There is no region: no probe to put a ball around, and no other region was named.")
        return out, notes


def _items(problem: Problem) -> tuple[int, ...]:
    """Positions of the items that can be left out."""
    items = problem.droppable
    if not items:
        raise PlanError("No item stands that could be left out. Name the two sides, or let some item stand again.")
    return items


def _data(problem: Problem, layout: Layout) -> tuple[Floats, list[str]]:
    """(n, d) features of probes, items as they stand and pool, and what they are called."""
    materials = problem.materials
    assert materials is not None
    named = [(p.id, p.payload) for p in problem.places]
    for item, v in zip(problem.seed.items, problem.base, strict=True):
        payload = item.variants[v].payload
        if payload is not None:
            named.append((f"item {item.id}", payload))
    named += [(f"pool {p.id}", p.payload) for p in materials.pool]
    data = np.asarray(materials.features([payload for _, payload in named]), np.float64)
    if data.ndim != 2 or data.shape[1] != layout.inputs:
        raise PlanError(
            f"The networks read {layout.inputs} numbers, and the data have {data.shape[-1]}: they can't be compared."
        )
    if not np.isfinite(data).all():
        raise PlanError("Some features of the data are no finite numbers: no region can be made of them.")
    return data, [name for name, _ in named]


def _remarks(pair: Pair, done: Sequence[Certificate], seconds: float) -> list[str]:
    """What a reader must know of all of them."""
    out = []
    if np.array_equal(pair.f.flat, pair.g.flat):
        out.append("The two networks are the same: nothing parts anywhere.")
    late = [c for c in done if c.status == "time"]
    if late:
        out.append(
            f"{len(late)} of {len(done)} regions ended at their time limit of {seconds:g} s: those bounds hold, and "
            "more time may lower them."
        )
    trivial = [c for c in late if c.method == "ibp"]
    if trivial:
        out.append(f"In {len(trivial)} of them the time allowed nothing but interval arithmetic. Raise seconds.")
    unknown = sum(c.status == "unknown" for c in done)
    if unknown:
        out.append(f"In {unknown} of {len(done)} regions nothing could be proved.")
    empty = [c for c in done if not c.data]
    if empty:
        out.append(
            (f"{len(empty)} of {len(done)} regions contain" if len(done) > 1 else "The region contains")
            + " no data: what is proved there is about no text of yours."
        )
    if pair.unit == "log-odds" and done and all("probability" in c.vacuous for c in done):
        out.append("Every certificate is vacuous as a statement about probabilities. Try smaller radii, or more time.")
    return out
