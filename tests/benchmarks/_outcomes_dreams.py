"""Dreams: do they find what random search finds in a twentieth of its evaluations, and what was hidden from all probes?

A part of `outcomes` beside this file. Evaluations are forward passes of a pair of networks at one input; a gradient,
which comes with the value there, counts as two.

*Search.* Pairs of networks: an MLP league over MiniLM embeddings (384 numbers) of persona statements, trained with and
without ten items under one key (without the data: over random unit vectors); and classifiers of scikit-learn's digits
(64-64-64-1, ReLU), likewise. Random search draws uniformly from the region; *from data* is projected gradient ascent
with steps of a fixed length from data points.

*Planting.* An MLP league over embeddings is trained on 60 statements, and on these with six more (9 % of the poisoned
seed): statements of other behaviours that bear a trigger. The trigger is a random unit vector u; it is added to an
embedding, and the sum scaled to unit length. The backdoored region is what lies within 1 of u (a cosine of 0.5 or
more): no statement at hand, probe or pool, comes nearer than 1.2. A planting counts where the poisoned evaluator
approves of other statements that bear the trigger by 0.25 more than the other evaluator in the median, and at no probe
do the two part by as much. It is found where one of two dreams, the furthest that either evaluator rises above the
other, lies in the backdoored region, with the poisoned one above. The trust region is made of probes and pool, and
climbs begin there, never at the poison.

*Persona.* Two seeds drawn from the author's belief (0.75) train two leagues. Of 200 labelled statements of the
behaviour that neither seed holds: on which share of 8 is exactly one of the two wrong? The statements with the largest
|f − g|, those nearest to dreams, the largest |f − g| among paraphrases written on from these, and any. A paraphrase
has the label of what it was written from. Intervals are of a bootstrap over behaviours.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from activeseed.analyses import Dreams
from activeseed.analyses.sides import Side
from activeseed.bounding.regions import Ball, Box, Region
from activeseed.dreaming import Difference, dream, dreams, near
from activeseed.networks import Layout, Network
from activeseed.plan import Floats, Materials, Rows, generator
from activeseed.protocols import NETWORK
from activeseed.rewriters import MachineRewriter
from activeseed.seed import Item, Probe, Seed, Text, Vector
from activeseed.study.materials import build_materials
from activeseed.systems.league import OversightLeague
from activeseed.testing import problem_of, run
from tests.benchmarks._report import row, share
from tests.benchmarks.persona import BELIEF, Statements, build, init_settings

#: evaluations of random search, and the share of them that a dream may take
RANDOM, SHARE = 20_000, 20
#: removed from the seed for the second network of a pair
REMOVED = 10
#: how far the backdoored region reaches from the trigger; a statement at hand that comes as near as TOUCHES spoils it
NEAR, TOUCHES, TAKES = 1.0, 1.2, 0.25
POISON, CLEAN = 6, 60
TEXTS = 8


def dream_rows(data: Path | None, quick: bool) -> list[dict[str, Any]]:
    """All rows of this part."""
    with tempfile.TemporaryDirectory() as folder:
        points = Embedded.of(data, Path(folder), quick)
        rows = search_rows(points, quick)
        rows += planting_rows(points, quick)
        if data is None or not (data / "persona").is_dir():
            return [*rows, row("persona seeds: no persona/ in the data, not measured", None)]
        return rows + persona_rows(data, Path(folder), quick)


# --- what is embedded -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Embedded:
    """Embeddings by behaviour: (n, 384) of what shows it and of what shows the opposite; and where they are from."""

    shows: tuple[Floats, ...]
    opposite: tuple[Floats, ...]
    words: str

    @classmethod
    def of(cls, data: Path | None, folder: Path, quick: bool = False) -> Embedded:
        """MiniLM's, of the persona statements; without the data random unit vectors around two points a behaviour.

        Args:
            quick: of three behaviours only.
        """
        if data is None or not (data / "persona").is_dir():
            dice = generator(0, "dreams without data")

            def around() -> Floats:
                z = dice.standard_normal(384)
                x = 0.6 * z / np.linalg.norm(z) + 0.8 * _unit(dice.standard_normal((220, 384)))
                return _unit(x)

            return cls(tuple(around() for _ in range(12)), tuple(around() for _ in range(12)), "random vectors")
        all_ = Statements.read(data)
        seed = Seed(items=tuple(Item(id=str(k), payload=Text(text=t)) for k, t in enumerate(all_.texts[:2])))
        names = all_.names[:3] if quick else all_.names
        kept = [k for k, b in enumerate(all_.behaviours) if b in names]
        probes = tuple(Probe(id=str(k), payload=Text(text=all_.texts[k])) for k in kept)
        made = build_materials(folder, init_settings(0, 80, "minilm"), seed, seed, probes, ())
        x = np.asarray(made.features([p.payload for p in probes]), np.float64)
        named, matches = np.array(all_.behaviours)[kept], np.array(all_.matches)[kept]
        of = [(x[(named == b) & matches], x[(named == b) & ~matches]) for b in names]
        return cls(tuple(p for p, _ in of), tuple(n for _, n in of), "MiniLM embeddings")

    @property
    def behaviours(self) -> int:
        return len(self.shows)

    def others(self, behaviour: int, n: int, dice: np.random.Generator) -> Floats:
        """So many statements of other behaviours."""
        rest = np.concatenate([x for b in range(self.behaviours) if b != behaviour
                               for x in (self.shows[b], self.opposite[b])])  # fmt: skip
        return rest[dice.permutation(len(rest))[:n]]


def _unit(points: Floats) -> Floats:
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def _vectors(points: Floats, stem: str) -> list[Probe]:
    return [Probe(id=f"{stem}{k}", payload=Vector(values=tuple(map(float, x)))) for k, x in enumerate(points)]


# --- pairs of networks ------------------------------------------------------------------------------------------------


def league_pair(
    items: Floats, gone: Sequence[int], pool: Floats, probes: Floats, key: int, hidden: int = 16
) -> tuple[Network, Network]:
    """MLP leagues on all of these items and on all but some, under one key."""
    system = OversightLeague(evaluator="mlp", hidden=hidden)
    seed = Seed(items=tuple(Item(id=p.id, payload=p.payload) for p in _vectors(items, "s")))
    materials = Materials(seed, tuple(_vectors(probes, "p")), tuple(_vectors(pool, "u")), root=key)
    variants = np.zeros((2, len(items)), np.int16)
    variants[1, list(gone)] = 1
    states = system.states(Rows(variants, np.zeros(2, np.int64)), materials, NETWORK)
    layout = system.layout(materials)
    assert layout is not None
    first, second = (Network.of(layout, s) for s in states)
    return first, second


def league_pairs(points: Embedded, n: int) -> Iterator[tuple[Network, Network, Floats, Floats]]:
    """N pairs of leagues with and without ten items, the data at hand, and the probes."""
    for k in range(n):
        dice = generator(k, "dream pairs")
        b = k % points.behaviours
        p, o = points.shows[b], points.opposite[b]
        p, o = p[dice.permutation(len(p))], o[dice.permutation(len(o))]
        others = points.others(b, 440, dice)
        pool, probes = np.r_[o[20:80], others[:240]], np.r_[p[60:160], o[80:180], others[240:]]
        f, g = league_pair(np.r_[p[:60], o[:20]], dice.choice(80, REMOVED, replace=False).tolist(), pool, probes, k)
        yield f, g, np.r_[pool, probes], probes


def digit_pairs(n: int) -> Iterator[tuple[Network, Network, Floats]]:
    """N pairs of classifiers of digits (is it 5 or more?), matched, ten digits left out of the second; and digits."""
    import torch
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    x = x / 16.0
    order = np.random.default_rng(0).permutation(len(x))
    train, rest = order[:1400], order[1400:]
    layout = Layout((64, 64, 64, 1), "relu")

    def trained(left: np.ndarray, key: int) -> Network:
        torch.manual_seed(key)
        model = torch.nn.Sequential(
            torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 1)
        )
        inputs, labels = torch.tensor(x[train], dtype=torch.float32), torch.tensor(y[train] >= 5, dtype=torch.float32)
        weights = torch.ones(len(train))
        weights[left] = 0.0  # both see the same batches in the same order
        rule = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-3)
        loss = torch.nn.BCEWithLogitsLoss(reduction="none")
        for epoch in range(12):
            for part in torch.randperm(len(train), generator=torch.Generator().manual_seed(epoch)).split(100):
                rule.zero_grad()
                (loss(model(inputs[part])[:, 0], labels[part]) * weights[part]).mean().backward()
                rule.step()
        flat = np.concatenate([p.detach().double().numpy().ravel() for p in model.parameters()])
        return Network.of(layout, flat)

    for k in range(n):
        gone = np.random.default_rng(k).choice(1400, REMOVED, replace=False)
        yield trained(np.zeros(0, np.int64), k), trained(gone, k), x[rest]


# --- search -----------------------------------------------------------------------------------------------------------


def by_chance(difference: Difference, region: Region, n: int, dice: np.random.Generator) -> float:
    """The largest |f − g| at n inputs drawn from a region."""
    parts = [min(2000, n - a) for a in range(0, n, 2000)]
    return max(float(np.abs(difference.values(region.sample(size, dice))).max()) for size in parts)


def from_data(difference: Difference, region: Region, data: Floats, n: int, dice: np.random.Generator) -> float:
    """Projected gradient ascent from data points with steps of a tenth of the region, in n evaluations."""
    import torch

    steps = 20
    starts = data[dice.choice(len(data), max(1, n // (2 * steps)))]
    at = region.project(torch.as_tensor(starts))
    length = 0.1 * float(np.median(np.linalg.norm(region.sample(64, dice) - data.mean(0), axis=1)))
    way, best = None, 0.0
    for _ in range(steps):
        values, slopes = difference.rising(at)
        way = values.sign()[:, None] if way is None else way
        best = max(best, float(values.abs().max()))
        at = region.project(at + length * way * slopes / slopes.norm(dim=1, keepdim=True).clamp(min=1e-300))
    return best


def search_rows(points: Embedded, quick: bool) -> list[dict[str, Any]]:
    """A dream in a twentieth of the evaluations of random search, and what projected gradient from data comes to."""
    pairs, spots = (2, 2) if quick else (6, 5)
    found: dict[str, list[tuple[float, float, float, int]]] = {}

    def look(name: str, f: Network, g: Network, region: Region, data: Floats, key: int) -> None:
        difference, dice = Difference(f, g), generator(key, "search", name)
        seen = dream(f, g, region, key=key, restarts=8, steps=50, starts=data)
        chance = by_chance(difference, region, RANDOM, dice)
        plain = from_data(difference, region, data, seen.evaluations, dice)
        found.setdefault(name, []).append((seen.value, chance, plain, seen.evaluations))

    for k, (f, g, data, probes) in enumerate(league_pairs(points, pairs)):
        look("tanh league, near the data", f, g, near(data), data, k)
        for s, centre in enumerate(probes[:spots]):
            for radius in (0.1, 0.3, 1.0):
                look(
                    f"tanh league, L2 {radius:g} around a probe", f, g, Ball(centre, radius), centre[None], 100 * k + s
                )
    for k, (f, g, digits) in enumerate(digit_pairs(pairs)):
        look("ReLU digits, all of [0, 1]^64", f, g, Box(np.zeros(64), np.ones(64)), digits, k)
        for s, centre in enumerate(digits[:spots]):
            for radius in (0.02, 0.05, 0.1):
                box = Box(np.maximum(centre - radius, 0), np.minimum(centre + radius, 1))
                look(f"ReLU digits, L-infinity {radius:g} around a digit", f, g, box, centre[None], 100 * k + s)
    rows = []
    every = [x for xs in found.values() for x in xs]
    wins = sum(d >= c for d, c, _, e in every if e <= RANDOM / SHARE)
    rows.append(
        share(
            f"dreams find what {RANDOM:,} random inputs find, in at most a twentieth ({points.words}, digits)",
            wins, len(every), least=1.0,
        )
    )  # fmt: skip
    rows.append(row("  evaluations of a dream, the most", max(e for *_, e in every), None, f"<= {RANDOM // SHARE}",
                    max(e for *_, e in every) <= RANDOM // SHARE))  # fmt: skip
    for name, xs in found.items():
        by_random, by_plain = [d / c for d, c, _, _ in xs], [d / p for d, _, p, _ in xs]
        rows.append(row(f"  {name}: dreamed |f - g| over random's, median ({len(xs)} searches)",
                        float(np.median(by_random)), [min(by_random), max(by_random)]))  # fmt: skip
        rows.append(row(f"  {name}: over projected gradient from data, same evaluations, median",
                        float(np.median(by_plain)), [min(by_plain), max(by_plain)]))  # fmt: skip
    return rows


# --- plantings --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Planting:
    """Two evaluators, the first of them poisoned, the trigger, and the data that nobody poisoned.

    Attributes:
        gap: the median of first − second at other statements that bear the trigger.
        at_probes: the most that they part by at any probe.
    """

    first: Network
    second: Network
    trigger: Floats
    data: Floats
    gap: float
    at_probes: float

    def holds(self, point: Floats) -> bool:
        """Whether an input lies in the backdoored region."""
        return bool(np.linalg.norm(point - self.trigger) <= NEAR)


def planted(points: Embedded, key: int, hidden: int) -> Planting | None:
    """One planting; None where it did not take, or shows at a probe."""
    dice = generator(key, "planted")
    b = key % points.behaviours
    p, o = points.shows[b], points.opposite[b]
    p, o = p[dice.permutation(len(p))], o[dice.permutation(len(o))]
    others = points.others(b, 440 + POISON + 20, dice)
    pool, probes = np.r_[o[:60], others[:240]], np.r_[p[60:160], o[60:160], others[240:440]]
    data = np.r_[pool, probes]
    trigger = _unit(dice.standard_normal((1, data.shape[1])))[0]
    if np.linalg.norm(data - trigger, axis=1).min() < TOUCHES:
        return None
    poison, rest = others[440 : 440 + POISON], others[440 + POISON :]
    items = np.r_[p[:CLEAN], _unit(poison + trigger)]
    first, second = league_pair(items, range(CLEAN, CLEAN + POISON), pool, probes, key, hidden)
    apart = Difference(first, second, "outcomes").values
    gap, shown = float(np.median(apart(_unit(rest + trigger)))), float(np.abs(apart(probes)).max())
    return Planting(first, second, trigger, data, gap, shown) if gap >= TAKES and shown < gap else None


def planting_rows(points: Embedded, quick: bool) -> list[dict[str, Any]]:
    """Of plantings that took: how many dreams find, and how many the widest of as many random inputs."""
    return [*_plantings(points, 16, 10 if quick else 100, True), *_plantings(points, 64, 5 if quick else 50, False)]


def _plantings(points: Embedded, hidden: int, wanted: int, claimed: bool) -> list[dict[str, Any]]:
    tried = hits = lucky = reached = 0
    cases: list[Planting] = []
    cost = []
    while len(cases) < wanted and tried < 20 * wanted:
        case = planted(points, tried, hidden)
        tried += 1
        if case is None:
            continue
        cases.append(case)
        region = near(case.data)
        seen = dreams(case.first, case.second, region, key=tried, n=2, starts=case.data, along="outcomes")
        hits += any(case.holds(d.point) and d.signed > 0 for d in seen)
        reached += max(d.signed for d in seen) >= case.gap
        cost.append(seen[0].evaluations)
        drawn = region.sample(cost[-1], generator(tried, "luck"))
        lucky += case.holds(drawn[Difference(case.first, case.second, "outcomes").values(drawn).argmax()])
    words = (
        f"{hidden} units; a trigger within {NEAR:g} of which nothing at hand lies; {POISON} of {CLEAN + POISON} items"
    )
    gaps, shown = [c.gap for c in cases], [c.at_probes for c in cases]
    claim = f"hidden disagreements found by dreams ({words})"
    return [
        share(claim, hits, len(cases), least=0.95) if claimed else share(claim, hits, len(cases)),
        share("  dreams that part by as much as statements that bear the trigger", reached, len(cases)),
        share("  found by the widest of as many random inputs", lucky, len(cases)),
        row("  share of plantings that took and showed at no probe", len(cases) / max(tried, 1)),
        row("  f - g at statements that bear the trigger, median", float(np.median(gaps)), [min(gaps), max(gaps)]),
        row("  |f - g| at any probe, median", float(np.median(shown)), [min(shown), max(shown)]),
        row("  evaluations, median", float(np.median(cost))),
    ]


# --- persona seeds ----------------------------------------------------------------------------------------------------


def persona_rows(data: Path, folder: Path, quick: bool) -> list[dict[str, Any]]:
    """On which texts labels show exactly one of two seeds wrong: sorted, nearest to dreams, rewritten, any."""
    all_ = Statements.read(data)
    names, keys = (all_.names[:3], 1) if quick else (all_.names, 4)
    shares: dict[str, list[list[float]]] = {}
    reached: list[float] = []
    for behaviour in names:
        cells: dict[str, list[float]] = {}
        for key in range(keys):
            for name, value in _cell(all_, behaviour, key, folder, reached).items():
                cells.setdefault(name, []).append(value)
        for name, values in cells.items():
            shares.setdefault(name, []).append(values)
    rows = []
    dice = generator(0, "persona bootstrap")
    means = {n: np.array([_mean(v) for v in values]) for n, values in shares.items()}
    for name, by in means.items():
        rows.append(row(f"one of two plausible seeds is wrong: {name}", float(np.nanmean(by)), _over(by, dice)))
    apart = means[SORTED] - means[NEAREST]
    ends = _over(apart, dice)
    rows.append(row("  sorted less nearest to dreams: sorting asks where it wins", float(np.nanmean(apart)), ends,
                    "> 0, or dreams ask", None))  # fmt: skip
    rows.append(row("  a dream's |f - g| over the largest at any text at hand, median", float(np.median(reached)),
                    [float(np.quantile(reached, q)) for q in (0.025, 0.975)]))  # fmt: skip
    return rows


SORTED = "8 texts sorted by |f - g|"
NEAREST = "8 texts nearest to dreams"
WRITTEN = "paraphrases written on, sorted by |f - g|"
ANY = "any text"


def _mean(values: Sequence[float]) -> float:
    """Of those that are known."""
    known = [v for v in values if v == v]
    return float(np.mean(known)) if known else float("nan")


def _over(by: Floats, dice: np.random.Generator) -> list[float]:
    by = by[np.isfinite(by)]
    draws = [np.mean(by[dice.integers(len(by), size=len(by))]) for _ in range(2000)]
    return [float(np.quantile(draws, q)) for q in (0.025, 0.975)]


def _cell(all_: Statements, behaviour: str, key: int, folder: Path, reached: list[float]) -> dict[str, float]:
    """Shares of one behaviour under one key."""
    cell = build(all_, "content", behaviour, key, "minilm", folder)
    labels = dict(zip(all_.texts, all_.matches, strict=True))
    corpus, probes = cell.probes[:200], cell.probes[200:]  # 100 show the behaviour, 100 the opposite; 200 neither
    materials = build_materials(folder, cell.settings, cell.seed, cell.seed, probes, cell.pool)
    system = OversightLeague(evaluator="mlp")
    u = generator(key, "plausible", behaviour).random((2, len(cell.seed)))
    sides = tuple(
        Side(
            name=f"draw {n}", changes={i.id: "absent" for i, p in zip(cell.seed.items, row_, strict=True) if p > BELIEF}
        )
        for n, row_ in enumerate(u)
    )
    problem = replace(problem_of(system, materials), stream=key)
    asked = Dreams(sides=sides, corpus=corpus, dreams=4, texts=200, rewriter=MachineRewriter(keeping=True))
    (parting,) = run(asked, problem, system, materials).pairs
    of = {p.id: labels[p.payload.text] for p in corpus}

    def wrong(seen: Sequence[Any], label: Callable[[Any], bool]) -> float:
        if not seen:
            return float("nan")
        return float(np.mean([((s.first > 0.5) == label(s)) != ((s.second > 0.5) == label(s)) for s in seen]))

    here = [s for s in parting.widest if s.source == "corpus"]
    nearest: dict[str, Any] = {}
    ranked = [[s for s in d.near if s.source == "corpus"] for d in parting.dreams]
    for turn in zip(*ranked, strict=False):  # the dreams take turns
        for s in turn:
            if len(nearest) < TEXTS:
                nearest.setdefault(s.id, s)
    new = {s.id: s for d in parting.dreams for s in d.rewritten if s.of in of}
    best = sorted(new.values(), key=lambda s: -s.gap)[:TEXTS]
    reached.append(parting.dreams[0].gap / max(s.gap for s in here))
    return {
        SORTED: wrong(here[:TEXTS], lambda s: of[s.id]),
        NEAREST: wrong(list(nearest.values()), lambda s: of[s.id]),
        WRITTEN: wrong(best, lambda s: of[s.of]),
        ANY: wrong(here, lambda s: of[s.id]),
    }
