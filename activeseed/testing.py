"""Toy systems whose indices are known exactly, a driver for estimators, and contract checks for each seam.

For whoever writes an estimator or a system: ``toys()`` are systems of a few items whose mean response is a formula and
whose noise has mean zero, so that every index follows by summing over all assignments (``truth``). ``run`` plays the
part of a study; ``check_estimator`` holds an estimator to what all of them promise, and ``check_executor`` and
``check_store`` (of their families' ``contract``) those. All on one page, longer than most,
because toys, their truth and the checks against it are read together.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from activeseed.annotators.form_contract import check_form as check_form  # public here
from activeseed.executors.contract import check_executor as check_executor  # public here
from activeseed.executors.train_batch import train_batch
from activeseed.geometries import Identity
from activeseed.outcome import Outcomes, Ranking, join_outcomes
from activeseed.plan import Floats, Law, Materials, Rows, generator, join_rows
from activeseed.protocols import Analysis, Cost, Estimator, Json, Problem, Request, System, Traits
from activeseed.seed import ABSENT, AS_WRITTEN, Item, Probe, Seed, Text, Variant
from activeseed.store.contract import check_store as check_store  # public here
from activeseed.study.requests import Part, batches, wanted

T = TypeVar("T")

Noise = Literal["none", "calm", "noisy", "chaotic", "skewed", "jumps"]
Response = Callable[[Floats], Floats]

#: standard deviation, at each probe, of what a key adds to an outcome
SCALE: dict[Noise, float] = {"none": 0.0, "calm": 0.01, "noisy": 0.1, "chaotic": 0.1, "skewed": 0.1, "jumps": 0.1}
#: how often a key lets an item's effect jump
JUMP = 0.1
#: chaos: how fast the response turns with the weights; a wiggle of 1e-4 turns it by a hundred radians
TURNS = 1e6


@dataclass(frozen=True)
class Draws:
    """What keys draw, any leading shape: ``shift`` (…, P), ``slope`` and ``turn`` (…, F, P), ``phase`` (…, P).

    All have mean zero (but the phase) and slopes variance one: normal, skewed (exponential), or jumps (the same at all
    probes, once in ten keys), as the noise says.
    """

    shift: Floats
    slope: Floats
    turn: Floats
    phase: Floats

    @classmethod
    def of(
        cls, rng: np.random.Generator, shape: tuple[int, ...], items: int, probes: int, noise: Noise = "noisy"
    ) -> Draws:
        """Independent draws of the given shape."""
        return cls(
            rng.standard_normal((*shape, probes)),
            _slopes(rng, (*shape, items, probes), noise),
            rng.standard_normal((*shape, items, probes)),
            rng.uniform(0.0, 2.0 * np.pi, (*shape, probes)),
        )

    def take(self, index: Any) -> Draws:
        """Draws at an index of the leading axes."""
        return Draws(self.shift[index], self.slope[index], self.turn[index], self.phase[index])


def _slopes(rng: np.random.Generator, shape: tuple[int, ...], noise: Noise) -> Floats:
    if noise == "skewed":
        return rng.exponential(1.0, shape) - 1.0
    if noise == "jumps":
        jumped = rng.random((*shape[:-1], 1)) < JUMP
        return np.broadcast_to((jumped - JUMP) / np.sqrt(JUMP * (1.0 - JUMP)), shape)
    return rng.standard_normal(shape)


@dataclass(frozen=True)
class Toy:
    """A system whose mean response is ``response`` of the items' levels, at P probes.

    An item's level is the score of its variant times its multiplicity; absent is level 0. Noise of mean zero is added:
    ``calm`` and ``noisy`` keys shift the outcome and give every item that is there a slope of its own, so that also
    items without effect respond under each single key; ``chaotic`` keys add a function of the weights that turns so
    fast that common random numbers buy nothing.

    Attributes:
        name: of the toy.
        scores: (F, V) level of each variant, NaN where there is none; column 1 (absent) is zero.
        response: (…, F) levels -> (…, P) mean outcomes, a polynomial of degree one in each level where
            ``multilinear``.
        probes: P.
        noise: what keys add.
        beliefs: (F, V) the law's marginals.
        standing: variant ids that stand instead of *as written*, by item id.
        group: group of each item.
        fails_every: one in so many rows fails, decided by what the row is; 0 is never.
    """

    name: str
    scores: Floats
    response: Response
    probes: int
    beliefs: Floats
    noise: Noise = "calm"
    multilinear: bool = True
    standing: dict[str, str] = field(default_factory=dict)
    group: tuple[str, ...] = ()
    fails_every: int = 0
    kind: str = "toy"
    revision: str = "1"
    weighted: bool = True

    @property
    def traits(self) -> Traits:
        """Where the response has degree one in each level, and noise does not turn, gradients are differences."""
        smooth = self.multilinear and self.weighted and self.noise != "chaotic"
        return Traits(() if self.noise == "none" else ("noise",), weighted=self.weighted, gradients=smooth)

    def record(self) -> dict[str, Json]:
        return {"name": self.name, "noise": self.noise}

    @cached_property
    def seed(self) -> Seed:
        """Items ``a``, ``b``, … with as many variants as there are scores."""
        items = []
        for f, row in enumerate(self.scores):
            name = chr(ord("a") + f)
            others = tuple(
                Variant(id=f"w{v}", payload=Text(text=f"{name}, wording {v}"))
                for v in range(2, len(row))
                if not np.isnan(row[v])
            )
            group = self.group[f] if self.group else ""
            items.append(Item(id=name, payload=Text(text=f"{name}, as written"), group=group, alternatives=others))
        return Seed(items=tuple(items), standing=self.standing)

    @cached_property
    def materials(self) -> Materials:
        """The toy's seed with P probes that it never reads."""
        probes = tuple(Probe(id=str(p), payload=Text(text=f"probe {p}")) for p in range(self.probes))
        return Materials(self.seed, probes)

    def problem(self, stream: int = 0, first_key: int = 0) -> Problem:
        """The toy's law and geometry, ready for an estimator."""
        return Problem(
            self.seed,
            Law("belief", self.beliefs),
            self.geometry(self.materials),
            not self.traits.streams,
            self.weighted,
            stream,
            first_key,
        )

    # --- the system protocol ---

    def check(self, materials: Materials) -> None: ...

    def places(self, materials: Materials) -> tuple[Probe, ...]:
        return materials.probes

    def geometry(self, materials: Materials) -> Identity:
        return Identity(np.full(self.probes, 1.0 / self.probes))

    def cost(self, materials: Materials) -> Cost:
        return Cost()

    def train(self, rows: Rows, materials: Materials) -> Outcomes:
        drawn = self._drawn(rows, materials)
        values = self.outcomes(rows.variants, rows.multiplicity, drawn).astype(np.float32)
        ok = self._trains(rows)
        values[~ok] = np.nan
        return Outcomes(values, ok, {int(r): "this row fails" for r in np.flatnonzero(~ok)})

    def pull_back(self, rows: Rows, materials: Materials, cotangents: Floats) -> Floats:
        """(R, P) cotangents -> (R, S) exact gradients: a response of degree one in a level moves by f(1) − f(0)."""
        assert self.traits.gradients, f"the toy {self.name!r} has no gradients under {self.noise} keys"
        z, slots = self.levels(rows.variants, rows.multiplicity), materials.slots
        of_level, of_presence = np.empty(z.shape), np.empty(z.shape)
        slope = SCALE[self.noise] * self._drawn(rows, materials).slope
        for f in range(z.shape[1]):
            there, gone = z.copy(), z.copy()
            there[:, f], gone[:, f] = 1.0, 0.0
            of_level[:, f] = ((self.response(there) - self.response(gone)) * cotangents).sum(1)
            of_presence[:, f] = (slope[:, f] * cotangents).sum(1)
        score = np.nan_to_num(self.scores)[slots.items, slots.variants]
        presence = self.presence(slots.variants)
        found: Floats = of_level[:, slots.items] * score + of_presence[:, slots.items] * presence
        found[~self._trains(rows)] = np.nan
        return found

    def _drawn(self, rows: Rows, materials: Materials) -> Draws:
        """What each row's key draws."""
        keys, index = np.unique(rows.keys, return_inverse=True)
        shape = ((), len(self.scores), self.probes, self.noise)
        each = [Draws.of(generator(materials.root, "noise", int(k)), *shape) for k in keys]
        drawn = Draws(*(np.stack([getattr(d, n) for d in each]) for n in ("shift", "slope", "turn", "phase")))
        return drawn.take(index)

    def _trains(self, rows: Rows) -> NDArray[np.bool_]:
        """(R,) whether each row trains; one in ``fails_every`` does not."""
        if not self.fails_every:
            return np.ones(len(rows), bool)
        place = 1 + np.arange(len(self.scores))
        name = rows.variants @ place + 7 * rows.keys
        if rows.multiplicity is not None:
            name = name + np.rint(1e4 * rows.multiplicity).astype(np.int64) @ place**2
        return np.asarray(name % self.fails_every != 0)

    # --- the same, on arrays ---

    def levels(self, variants: NDArray[Any], multiplicity: NDArray[Any] | None = None) -> Floats:
        """(…, F) variants -> (…, F) levels."""
        z: Floats = np.nan_to_num(self.scores)[np.arange(len(self.scores)), variants]
        return z if multiplicity is None else z * multiplicity

    def mean(self, variants: NDArray[Any], multiplicity: NDArray[Any] | None = None) -> Floats:
        """(…, F) variants -> (…, P) mean outcomes, exactly."""
        return self.response(self.levels(variants, multiplicity))

    def presence(self, variants: NDArray[Any], multiplicity: NDArray[Any] | None = None) -> Floats:
        """(…, F): 0 for absent, else a number that tells the variant, times the multiplicity."""
        x: Floats = np.where(variants == 1, 0.0, np.where(variants == 0, 1.0, variants / 2.0))
        return x if multiplicity is None else x * multiplicity

    def outcomes(self, variants: NDArray[Any], multiplicity: NDArray[Any] | None, drawn: Draws) -> Floats:
        """(…, F) variants under draws of a broadcastable leading shape -> (…, P) outcomes."""
        mean = self.mean(variants, multiplicity)
        scale = SCALE[self.noise]
        if scale == 0.0:
            return mean
        x = self.presence(variants, multiplicity)
        if self.noise == "chaotic":
            angle = TURNS * np.einsum("...f,...fp->...p", x, drawn.turn) + drawn.phase
            noise: Floats = np.sqrt(2.0) * np.cos(angle)
        else:
            noise = drawn.shift + np.einsum("...f,...fp->...p", x, drawn.slope)
        return mean + scale * noise


# --- truth --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Truth:
    """Exact indices of a toy, by summing over all assignments; arrays (F,), squared distance averaged over probes.

    ``instability`` is that of the drop effect, ``noise_floor`` E_a Var_k under the law.
    """

    effect: Floats
    instability: Floats
    first_order: Floats
    presence: Floats
    wording: Floats
    total: Floats
    spread: float
    bootstrap_spread: float
    noise_floor: float


def truth_in_rows(toy: Toy, rows: Floats) -> tuple[Floats, Floats]:
    """First-order and total indices (F,) by the toy's law for the item itself, the others by another, (F, V)."""
    first, total = np.zeros(len(rows)), np.zeros(len(rows))
    for i in range(len(rows)):
        mixed = rows.copy()
        mixed[i] = toy.beliefs[i]
        exact = truth(replace(toy, beliefs=mixed))
        first[i], total[i] = exact.first_order[i], exact.total[i]
    return first, total


def truth(toy: Toy) -> Truth:
    """Indices of a toy. Cost: all assignments of all items, so keep toys small."""
    f, v = toy.scores.shape
    base = np.asarray(toy.seed.base)
    written, dropped = np.tile(base, (f, 1)), np.tile(base, (f, 1))
    written[np.arange(f), np.arange(f)], dropped[np.arange(f), np.arange(f)] = 0, 1
    effect = ((toy.mean(written) - toy.mean(dropped)) ** 2).mean(-1)
    grid = np.array(list(itertools.product(range(v), repeat=f)))
    b = toy.beliefs
    weight = b[np.arange(f), grid].prod(1)
    grid, weight = grid[weight > 0], weight[weight > 0]
    m = toy.mean(grid)
    centre = weight @ m
    spread = float(weight @ ((m - centre) ** 2).mean(1))
    first, presence, total = np.zeros(f), np.zeros(f), np.zeros(f)
    for i in range(f):
        given = np.stack([_given(m, weight, grid[:, i] == u) for u in range(v)])
        first[i] = (b[i] * ((given - centre) ** 2).mean(1)).sum()
        if 0.0 < b[i, 1] < 1.0:
            present = _given(m, weight, grid[:, i] != 1)
            presence[i] = b[i, 1] * (1.0 - b[i, 1]) * ((present - given[1]) ** 2).mean()
        # T is what is left when everything else is known: E Var(m | the rest).
        rest = np.delete(grid, i, axis=1)
        _, where = np.unique(rest, axis=0, return_inverse=True)
        mass = np.bincount(where.ravel(), weight)
        inner = np.stack([np.bincount(where.ravel(), weight * m[:, p]) / mass for p in range(m.shape[1])], 1)
        total[i] = float(weight @ ((m - inner[where.ravel()]) ** 2).mean(1))
    # Sums over assignments leave rounding where an index is zero.
    for index in (first, presence, total):
        index[index < 1e-14 * spread] = 0.0
    return Truth(
        effect,
        _instability(toy),
        first,
        presence,
        first - presence,
        total,
        spread,
        _bootstrap(toy),
        _floor(toy, grid, weight),
    )


def _given(m: Floats, weight: Floats, where: NDArray[np.bool_]) -> Floats:
    mass = weight[where].sum()
    return weight[where] @ m[where] / mass if mass > 0 else np.zeros(m.shape[1])


def _instability(toy: Toy) -> Floats:
    scale = SCALE[toy.noise]
    f = len(toy.scores)
    if toy.noise == "chaotic":
        return np.full(f, 2.0 * scale**2)
    # As written has presence 1 and absent 0, so a drop takes away one slope.
    return np.full(f, scale**2)


def _floor(toy: Toy, grid: NDArray[np.int64], weight: Floats) -> float:
    scale = SCALE[toy.noise]
    if toy.noise == "chaotic":
        return scale**2
    return float(scale**2 * (1.0 + weight @ (toy.presence(grid) ** 2).sum(1)))


def _bootstrap(toy: Toy) -> float:
    """Variance of the mean response under Poisson(1) copies of every item that stands.

    Multilinear responses have degree two in each copy number once squared, for which two-point Gauss quadrature of the
    Poisson law is exact: nodes are the roots of Charlier's C₂, x² − 3x + 1. Others are summed over 0 to 12 copies.
    """
    base = np.asarray(toy.seed.base)
    moves = np.flatnonzero(toy.scores[np.arange(len(base)), base] != 0)
    if toy.multilinear:
        nodes = np.array([(3.0 - np.sqrt(5.0)) / 2.0, (3.0 + np.sqrt(5.0)) / 2.0])
        heavy = (1.0 - nodes[0]) / (nodes[1] - nodes[0])
        mass = np.array([1.0 - heavy, heavy])
    else:
        nodes = np.arange(13.0)
        mass = np.exp(-1.0) / np.cumprod(np.concatenate([[1.0], nodes[1:]]))
        mass /= mass.sum()
    index = np.array(list(itertools.product(range(len(nodes)), repeat=len(moves))))
    copies = np.ones((len(index), len(base)))
    copies[:, moves] = nodes[index]
    weight = mass[index].prod(1)
    m = toy.mean(np.tile(base, (len(index), 1)), copies)
    return float(weight @ ((m - weight @ m) ** 2).mean(1))


# --- the toys -----------------------------------------------------------------------------------------------------


def _two(levels: Sequence[float]) -> Floats:
    return np.stack([np.asarray(levels, float), np.zeros(len(levels))], axis=1)


def _even(scores: Floats, first: float = 0.5) -> Floats:
    """``first`` on *as written*, the rest evenly over the other variants."""
    known = ~np.isnan(scores)
    b = np.where(known, (1.0 - first) / (known.sum(1, keepdims=True) - 1), 0.0)
    b[:, 0] = first
    return b


def _directions(items: int, probes: int, key: int) -> Floats:
    """(F, P) fixed directions in probe space, of mean square one."""
    d: Floats = generator(key, "directions").standard_normal((items, probes))
    d /= np.sqrt((d**2).mean(1, keepdims=True))
    return d


def linear(noise: Noise = "calm") -> Toy:
    """Six items of very different weight; V_i = T_i = b(1 − b) s_i², effect s_i²."""
    scores = _two([1.0, 0.7, 0.5, 0.3, 0.2, 0.1])
    directions = _directions(6, 4, 1)
    return Toy("linear", scores, lambda z: z @ directions, 4, _even(scores, 0.6), noise)


def interaction(noise: Noise = "calm") -> Toy:
    """Five items, additive, and one interaction between the first two."""
    scores = _two([0.8, 0.6, 0.5, 0.3, 0.15])
    directions, both = _directions(5, 4, 2), _directions(1, 4, 3)[0]

    def response(z: Floats) -> Floats:
        return np.asarray(z @ directions + (z[..., 0] * z[..., 1])[..., None] * both)

    return Toy("interaction", scores, response, 4, _even(scores, 0.7), noise, group=("x", "x", "y", "y", "y"))


def product(noise: Noise = "calm") -> Toy:
    """Π (1 + z_i): every item multiplies what the others do."""
    scores = _two([0.6, 0.5, 0.4, 0.3])
    direction = np.array([1.0, -1.0, 1.0])
    return Toy(
        "product", scores, lambda z: (1.0 + z).prod(-1, keepdims=True) * direction / 2.0, 3, _even(scores), noise
    )


def ishigami(noise: Noise = "calm") -> Toy:
    """Ishigami & Homma's function on five levels of each of three items: sin x + 7 sin² y + 0.1 z⁴ sin x, over ten."""
    row = [np.pi / 2, 0.0, -np.pi / 2, np.pi, np.pi / 4]
    scores = np.array([row, row, row])

    def response(z: Floats) -> Floats:
        x, y, w = np.sin(z[..., 0]), np.sin(z[..., 1]) ** 2, z[..., 2]
        return np.stack([x + 7.0 * y + 0.1 * w**4 * x, x, 7.0 * y], axis=-1) / 10.0

    beliefs = np.full((3, 5), 0.2)
    return Toy("ishigami", scores, response, 3, beliefs, noise, multilinear=False)


def zeros(noise: Noise = "calm") -> Toy:
    """Two items that matter and six that don't: what must estimate to zero, and never be called distinguishable."""
    scores = _two([0.8, 0.3, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    directions = _directions(8, 4, 4)
    return Toy("zeros", scores, lambda z: z @ directions, 4, _even(scores, 0.75), noise)


def wordings(noise: Noise = "calm") -> Toy:
    """Items of two to four variants, one without effect; another wording of the first stands, the second is absent."""
    scores = np.array(
        [
            [0.8, 0.0, 0.4, -0.6],
            [0.5, 0.0, 0.5, np.nan],
            [0.3, 0.0, np.nan, np.nan],
            [0.6, 0.0, 0.2, 0.2],
            [0.0, 0.0, 0.0, np.nan],
        ]
    )
    directions, both = _directions(5, 4, 5), _directions(1, 4, 6)[0]

    def response(z: Floats) -> Floats:
        return np.asarray(z @ directions + (0.5 * z[..., 0] * z[..., 3])[..., None] * both)

    standing = {"a": "w2", "b": ABSENT, "c": AS_WRITTEN}
    return Toy("wordings", scores, response, 4, _even(scores, 0.4), noise, standing=standing)


def drowned(noise: Noise = "noisy", items: int = 12) -> Toy:
    """Items whose effects drown in what a key adds to all outcomes alike, half of them without effect.

    V_i = b(1 − b) s_i² for b = 0.75, their sum the spread, 0.00094 an item. Of the variance of ``noisy`` outcomes,
    0.01 (1 + Σ b), the key's main effect takes 0.01 (1 + Σ b²), six times the spread of many items, and how keys change
    effects 0.01 Σ b(1 − b), twice the spread. A league with drawn opponents and minibatches measured four and two.
    """
    matter = items // 2
    levels = np.concatenate([np.arange(matter, 0, -1.0), np.zeros(items - matter)])
    scores = _two(levels * np.sqrt(0.005 * items / (levels**2).sum()))
    directions = _directions(items, 8, 7)
    return Toy("drowned", scores, lambda z: z @ directions, 8, _even(scores, 0.75), noise)


def toys(noise: Noise = "calm") -> tuple[Toy, ...]:
    """The first six, under one kind of noise."""
    return tuple(make(noise) for make in (linear, interaction, product, ishigami, zeros, wordings))


# --- the driver ---------------------------------------------------------------------------------------------------


def run(analysis: Analysis[T], problem: Problem, system: System, materials: Materials) -> T:
    """Play the study's part: train what the analysis asks for, request by request, until it returns its result."""
    steps = analysis.run(problem)
    request = next(steps)
    while True:
        outcomes = answer(request, system, materials)
        try:
            request = steps.send(outcomes)
        except StopIteration as end:
            result: T = end.value
            return result


def answer(request: Request, system: System, materials: Materials) -> Outcomes:
    """What one request wants of its rows: outcomes at its places, gradients, or a state."""
    asked = wanted(request, system, materials, b"", lambda names: 0)
    per_cell = system.traits.per_cell
    numbers: list[int] = []
    found: list[Outcomes] = []
    for combination in dict.fromkeys(asked.settings):
        rows = [r for r, c in enumerate(asked.settings) if c == combination]
        part = Part(_runs(rows), request.places if per_cell else None)
        (batch,) = batches(asked, [(0, part)], system, len(materials.seed))
        found.append(train_batch(system, materials, batch))
        numbers += rows
    whole = join_outcomes(found).take(np.argsort(numbers)) if len(found) > 1 else found[0]
    return whole if request.places is None or per_cell else whole.at(request.places)


def _runs(rows: list[int]) -> tuple[tuple[int, int], ...]:
    if rows == list(range(len(rows))):
        return ((0, len(rows)),)
    return tuple((r, r + 1) for r in rows)


# --- contracts ----------------------------------------------------------------------------------------------------

#: columns that are called after a quantity whose truth is known, and so have to estimate that one
NAMED = ("effect", "first_order", "presence", "wording", "total")


def check_estimator(estimator: Estimator, repeats: int = 12) -> None:
    """Hold an estimator to what all of them promise. Raises AssertionError, saying which promise was broken.

    It asks for no more rows than it said; its designs make the same rows whichever way they are cut; it draws the same
    ranking from the same key; its columns are as long as the seed, and declared; failed rows are counted and leave the
    rest known; what it declares unbiased is zero for items without effect under noisy and chaotic keys; and a column
    with the name of a known quantity (an effect, an index) is unbiased, and is that quantity.

    Args:
        repeats: independent rankings behind the last two promises. Their means must lie within 7 of their own standard
            errors: on 11 degrees of freedom less than one check in 40,000 is beyond that by chance.
    """
    declared = {c.name: c for c in estimator.columns}
    for name in set(NAMED) & set(declared):
        assert declared[name].unbiased, f"{estimator.kind}: column {name} has a known quantity's name, but is biased"
    seen: set[str] = set()
    for toy in (zeros("noisy"), wordings("chaotic"), interaction("none")):
        trained, ranking = _watched(estimator, toy, key=1)
        again = _watched(estimator, toy, key=1)[1]
        said = estimator.cost(toy.problem(1)).trainings
        assert trained <= said, f"{estimator.kind} asked for {trained} rows, having said at most {said}"
        assert ranking.ids == toy.problem().ids, f"{estimator.kind} ranked other items than the seed's"
        assert ranking.summary.get("trainings") == trained, f"{estimator.kind} miscounted its {trained} trainings"
        for name, column in ranking.columns.items():
            assert name in declared, f"{estimator.kind}: column {name} is not among its declared columns"
            assert len(column) == len(toy.seed), f"{estimator.kind}: column {name} has {len(column)} entries"
            same = str(column.tolist()) == str(again.columns[name].tolist())
            assert same, f"{estimator.kind}: column {name} differs between two runs with one key"
        seen |= set(ranking.columns)
    missing = {c.name for c in estimator.columns if c.sortable} - seen
    assert not missing, f"{estimator.kind} never gave a column that it declares: {', '.join(sorted(missing))}"
    unbiased = [c.name for c in estimator.columns if c.unbiased]
    broken = _watched(estimator, replace(zeros("noisy"), fails_every=23), key=1)[1]
    assert broken.summary.get("failed", 0) > 0, f"{estimator.kind} did not count failed trainings"
    for name in set(unbiased) & set(broken.columns):
        known = np.isfinite(np.asarray(broken.columns[name], float))
        assert known.any(), f"{estimator.kind}: one failed row in 23 left nothing of {name}"
    noises: tuple[Noise, ...] = ("noisy", "chaotic")
    for noise in noises:
        _check_unbiased(estimator, zeros(noise), unbiased, repeats)


def _check_unbiased(estimator: Estimator, toy: Toy, unbiased: Sequence[str], repeats: int) -> None:
    """Means of the columns over independent rankings, against zero and, where their name tells it, the truth."""
    exact = truth(toy)
    nil = exact.effect == 0
    found = [_watched(estimator, toy, key=100 + r)[1] for r in range(repeats)]
    for name in set(unbiased) & set(found[0].columns):
        values = np.array([np.asarray(r.columns[name], float) for r in found])
        error = values.std(0, ddof=1) / np.sqrt(repeats)
        beyond = np.abs(values.mean(0)) > 7.0 * error + 1e-9
        assert not beyond[nil].any(), f"{estimator.kind}: {name} of items without effect is not zero ({noise_of(toy)})"
        if name in NAMED and found[0].summary.get("law") in ("drop", "poisson", toy.problem().law.name):
            off = np.abs(values.mean(0) - getattr(exact, name)) > 7.0 * error + 1e-9
            assert not off.any(), f"{estimator.kind}: {name} is not what it is called ({noise_of(toy)})"


def noise_of(toy: Toy) -> str:
    """What to call the keys of a toy in a message."""
    return f"{toy.noise} keys"


def _watched(estimator: Estimator, toy: Toy, key: int) -> tuple[int, Ranking]:
    """Rows trained and the ranking; every design is cut at an odd place to see that its rows don't change."""
    problem = toy.problem(stream=key, first_key=1_000_000 * key)
    steps = estimator.run(problem)
    trained = 0
    request = next(steps)
    while True:
        design = request.design
        cut = design.unit * max(1, design.size // design.unit // 3)
        whole = design.block(0, design.size)
        parts = join_rows([design.block(0, cut), design.block(cut, design.size)]) if cut < design.size else whole
        same = np.array_equal(whole.variants, parts.variants) and np.array_equal(whole.keys, parts.keys)
        assert same, f"{estimator.kind}: the design of {request.purpose!r} makes other rows when it is cut"
        trained += design.size
        try:
            request = steps.send(answer(request, toy, toy.materials))
        except StopIteration as end:
            ranking: Ranking = end.value
            return trained, ranking
