"""Certificates: never below what is there, over random small networks; how tight, on the product's own evaluators.

**Sound**: random networks of one to two hidden layers (ReLU, tanh, sigmoid; neighbours and strangers) over random boxes
and balls. Each rung's bound is held against random inputs and corners, against dreams, and, for ReLU, against what a
mixed-integer program that shares nothing with them finds.

**Tight**: oversight leagues over 384-dimensional embeddings (the persona statements with the packaged sentence model;
unit vectors of planted clusters where there is no ``--data``), trained on a seed and on the same without ten of its 80
items, under one key. Linear evaluators have a closed form. For the tanh ones the certified bound over the dreamed one,
in balls around probes.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from activeseed.analyses.certificates.places import between_neighbours
from activeseed.bounding.exact import exact
from activeseed.bounding.ladder import Rung, bound
from activeseed.bounding.regions import Ball, Box
from activeseed.dreaming import dream
from activeseed.networks import Activation, Layout, Network
from activeseed.plan import Floats, Materials, Rows
from activeseed.protocols import NETWORK
from activeseed.seed import Item, Probe, Seed, Vector
from activeseed.systems.league import OversightLeague
from activeseed.systems.league.settings import LEAGUE
from tests.benchmarks._report import row, share

NETWORKS, QUICK_NETWORKS = 1200, 60
SAMPLES = 2000
#: widths of small networks, of which a mixed-integer program is solved in well under a second
SHAPES = ((2, 6, 1), (3, 8, 1), (2, 5, 5, 1), (4, 6, 6, 1), (6, 10, 1), (3, 1))
ACTIVATIONS: tuple[Activation, ...] = ("relu", "relu", "tanh", "sigmoid")
METHODS: tuple[Rung, ...] = ("ibp", "joint", "paired", "branching")
#: times the distance between neighbours
RADII = (0.25, 0.5, 1.0)
PAIRS, PROBES, SECONDS, REMOVED = 3, 20, 2.0, 10


def certificate_rows(data: Path | None, quick: bool) -> list[dict[str, Any]]:
    """See the module."""
    return [*soundness(QUICK_NETWORKS if quick else NETWORKS), *evaluators(data, quick)]


# --- sound ------------------------------------------------------------------------------------------------------------


def soundness(networks: int) -> list[dict[str, Any]]:
    """Over so many random pairs and regions: how often a bound was below what was found."""
    below = dict.fromkeys(METHODS, 0)
    unknown, solved, looseness = 0, 0, dict[Rung, list[float]]({m: [] for m in METHODS})
    for n in range(networks):
        rng = np.random.default_rng([17, n])
        f, g, region = _random(rng, n)
        x = region.sample(SAMPLES, rng)
        if isinstance(region, Box):
            x = np.concatenate(
                [x, np.where(rng.random((SAMPLES // 4, region.dimension)) < 0.5, region.low, region.high)]
            )
        d = f.scores(x) - g.scores(x)
        seen = dream(f, g, region, key=n, restarts=8, steps=40)
        most, least = max(d.max(), seen.signed), max(-d.min(), -seen.signed)
        if isinstance(region, Box) and (f.layout.activation == "relu" or len(f.weights) == 1):
            found = exact(f, g, region, seconds=5.0)
            solved += found.status == "exact"
            if found.witness is not None:
                at = float(f.scores(found.witness) - g.scores(found.witness))
                most, least = max(most, at), max(least, -at)
        for method in METHODS:
            proved = bound(f, g, region, method=method, seconds=0.3, witness=seen.point)
            unknown += proved.status == "unknown"
            # a plain bool: the table asks whether a claim is met by `is False`
            below[method] += bool(proved.most < most or proved.least < least or proved.upper < max(most, least))
            if proved.upper < np.inf and max(most, least) > 0:
                looseness[method].append(proved.upper / max(most, least))
    rows = [
        share(f"certificates: {method} below what was sampled, dreamed or solved", below[method], networks, most=0.0)
        for method in METHODS
    ]
    rows += [
        row(f"certificates: {method} over the best found, median, small networks", float(np.median(looseness[method])))
        for method in METHODS
    ]
    rows.append(row("certificates: of those, solved exactly by a mixed-integer program", float(solved)))
    rows.append(row("certificates: bounds that ended in unknown", float(unknown), None, "== 0", unknown == 0))
    return rows


def _random(rng: np.random.Generator, n: int) -> tuple[Network, Network, Box | Ball]:
    layout = Layout(SHAPES[n % len(SHAPES)], ACTIVATIONS[int(rng.integers(len(ACTIVATIONS)))])
    f = Network.of(layout, rng.uniform(0.3, 1.2) * rng.standard_normal(layout.size))
    step = rng.uniform(0.01, 0.3)
    g = Network.of(layout, f.flat + step * rng.standard_normal(layout.size)) if rng.random() < 0.6 else Network.of(
        layout, rng.uniform(0.3, 1.2) * rng.standard_normal(layout.size)
    )  # fmt: skip
    centre, radius = 0.7 * rng.standard_normal(layout.inputs), rng.uniform(0.05, 1.0)
    region = Box(centre - radius, centre + radius) if rng.random() < 0.7 else Ball(centre, radius)
    return f, g, region


# --- tight ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Matched:
    """Two evaluators that started alike, and where they are compared."""

    f: Network
    g: Network
    probes: Floats
    neighbours: float


def evaluators(data: Path | None, quick: bool) -> list[dict[str, Any]]:
    """Linear evaluators against their closed form, tanh ones against what was dreamed."""
    count, each, seconds = (1, 4, 1.0) if quick else (PAIRS, PROBES, SECONDS)
    persona = data is not None and (data / "persona" / "statements.csv").is_file()
    source = "MiniLM embeddings of persona statements" if persona else "planted unit vectors, since there is no --data"
    rows = []
    linear = list(matched(data if persona else None, count, "linear"))
    errors = []
    for pair in linear:
        w = pair.f.weights[0][0] - pair.g.weights[0][0]
        b = float(pair.f.biases[0][0] - pair.g.biases[0][0])
        for p in pair.probes[:each]:
            for radius in RADII:
                r = radius * pair.neighbours
                true = abs(w @ p + b) + r * float(np.linalg.norm(w))
                errors.append(abs(bound(pair.f, pair.g, Ball(p, r)).upper / true - 1.0))
    worst = max(errors)
    # closed forms of 384 terms in float64, summed in another order: √384 · 2⁻⁵² of the largest term, and the slack of
    # as much
    rows.append(
        row(f"linear league ({source}): bound over closed form, off by at most", worst, None, "<= 1e-9", worst <= 1e-9)
    )
    tanh = list(matched(data if persona else None, count, "mlp"))
    for radius in RADII:
        ratios = []
        for k, pair in enumerate(tanh):
            for n, p in enumerate(pair.probes[:each]):
                ball = Ball(p, radius * pair.neighbours, "a ball around a probe")
                seen = dream(pair.f, pair.g, ball, key=1000 * k + n, restarts=32, steps=100, starts=p[None])
                found = bound(pair.f, pair.g, ball, seconds=seconds, witness=seen.point)
                ratios.append(found.upper / max(found.lower, seen.value))
        median = float(np.median(ratios))
        away = float(np.mean([radius * pair.neighbours for pair in tanh]))
        rows.append(
            row(
                f"tanh league ({source}): certified/dreamed, median of {len(ratios)}, L2 ball of {away:.2f} "
                f"({radius:g} neighbours), {seconds:g} s",
                median,
                [float(np.quantile(ratios, q)) for q in (0.1, 0.9)],
                "<= 2",
                median <= 2.0,
            )
        )
        below = sum(r < 1.0 for r in ratios)
        rows.append(share(f"tanh league, {radius:g} neighbours: certified below dreamed", below, len(ratios), most=0.0))
    return rows


def matched(data: Path | None, count: int, evaluator: str) -> Iterator[Matched]:
    """So many pairs of one league trained with all items and without ten, under one key."""
    for n in range(count):
        league, materials, probes = _planted(n) if data is None else _persona(data, n)
        league = league.model_copy(update={"evaluator": evaluator})
        variants = np.zeros((2, len(materials.seed)), np.int16)
        variants[1, np.random.default_rng([9, n]).permutation(len(materials.seed))[:REMOVED]] = 1
        flat = np.asarray(league.states(Rows(variants, np.zeros(2, np.int64)), materials, NETWORK), np.float64)
        layout: Any = league.layout(materials)
        everything = [*(i.payload for i in materials.seed.items), *(p.payload for p in materials.pool)]
        points = np.concatenate([np.asarray(materials.features(everything), np.float64), probes])
        yield Matched(Network.of(layout, flat[0]), Network.of(layout, flat[1]), probes, between_neighbours(points))


def _persona(data: Path, n: int) -> tuple[Any, Materials, Floats]:
    from tests.benchmarks.persona import Statements, build

    statements = Statements.read(data)
    behaviour = statements.names[(n * len(statements.names)) // PAIRS]
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cell = build(statements, "content", behaviour, 0, "minilm", Path(folder))
        probes = np.asarray(cell.materials.features([p.payload for p in cell.probes]), np.float64)
        cell.materials.features([p.payload for p in cell.pool])  # embedded while the folder is there
        known = dict(_texts(cell.materials))
    embed = lambda texts: np.array([known[t] for t in texts], np.float32)  # noqa: E731
    materials = Materials(cell.seed, cell.probes, cell.pool, root=0, embed=embed, embedder="minilm")
    order = np.random.default_rng(n).permutation(len(probes))
    return cell.league, materials, probes[order]


def _texts(materials: Materials) -> Iterator[tuple[str, Any]]:
    payloads: list[Any] = [i.payload for i in materials.seed.items]
    payloads += [p.payload for p in (*materials.pool, *materials.probes)]
    for payload, vector in zip(payloads, materials.features(payloads), strict=True):
        yield payload.text, vector


def _planted(n: int) -> tuple[OversightLeague, Materials, Floats]:
    """Unit vectors about twenty directions; the seed's are of six of them, with some of the others' among them."""
    rng = np.random.default_rng([23, n])
    directions = rng.standard_normal((20, 384))

    def drawn(count: int, kinds: Any) -> Floats:
        x = 0.8 * directions[rng.choice(kinds, count)] + rng.standard_normal((count, 384))
        return np.asarray(x / np.linalg.norm(x, axis=1, keepdims=True))

    seed = np.concatenate([drawn(60, range(6)), drawn(20, range(6, 10))])
    pool, probes = drawn(300, range(6, 20)), drawn(200, range(20))

    def vector(values: Floats) -> Vector:
        return Vector(values=tuple(map(float, values)))

    materials = Materials(
        Seed(items=tuple(Item(id=f"s{k:02d}", payload=vector(v)) for k, v in enumerate(seed))),
        tuple(Probe(id=f"p{k}", payload=vector(v)) for k, v in enumerate(probes)),
        tuple(Probe(id=f"u{k}", payload=vector(v)) for k, v in enumerate(pool)),
    )
    league = OversightLeague(**{**LEAGUE, "minibatch": 32})  # type: ignore[arg-type]
    return league, materials, np.asarray(materials.features([p.payload for p in materials.probes]), np.float64)
