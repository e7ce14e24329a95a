"""Indices agree with truth: every estimator on toy systems whose indices are known exactly.

    python -m tests.benchmarks.indices [--quick] [--json FILE]

Repeats every estimator, with the numbers of keys, bases and row groups that the design prescribes, on six toys under
three kinds of noise, and holds the estimates against the truth: bias within Monte Carlo error, coverage of 95 %
intervals by size of the index, family-wise false claims and their power. What an estimator does between trainings and
ranking is called directly, on arrays of many repetitions; that designs and requests deliver such arrays is what the
contract and statistical tests check.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from activeseed.estimators.bootstrap import bootstrap_spread
from activeseed.estimators.coding import Coding
from activeseed.estimators.jansen import redraw, total_indices
from activeseed.estimators.regression import LEAST_ROWS, indices
from activeseed.estimators.statistics import cross_key, gram, holm, null_variance, sign_flip
from activeseed.plan import Law, generator
from activeseed.testing import Draws, Noise, Toy, linear, toys, truth
from tests.benchmarks._report import missed, report, table, write

KEYS, FAMILY = 8, 20
BASES = 24
PAIRS = 64
SETS, DRAWS = 8, 4
NOISES: tuple[Noise, ...] = ("calm", "noisy", "chaotic")
CHUNK = 200


@dataclass
class Sample:
    """Repeated estimates of one index of one item: estimate, interval where there is one, and the truth."""

    estimator: str
    toy: str
    noise: str
    item: str
    truth: float
    values: np.ndarray
    low: np.ndarray | None = None
    high: np.ndarray | None = None
    z: float = field(init=False)

    def __post_init__(self) -> None:
        error = self.values.std(ddof=1) / np.sqrt(len(self.values))
        self.z = float((self.values.mean() - self.truth) / error) if error > 0 else 0.0

    @property
    def errors(self) -> float:
        """The true index in standard errors of one estimate."""
        spread = self.values.std(ddof=1)
        return float(abs(self.truth) / spread) if spread > 0 else np.inf

    @property
    def covered(self) -> np.ndarray:
        assert self.low is not None
        assert self.high is not None
        # An estimate that is exact to rounding has an interval of no width.
        slack = 1e-12
        return (self.low - slack <= self.truth) & (self.truth <= self.high + slack)


def differences(toy: Toy, rng: np.random.Generator, repeats: int, keys: int) -> np.ndarray:
    """(repeats, F, keys, keys) Grams of the drop differences."""
    f = len(toy.scores)
    base = np.asarray(toy.seed.base)
    here, gone = np.tile(base, (f, 1)), np.tile(base, (f, 1))
    here[np.arange(f), np.arange(f)], gone[np.arange(f), np.arange(f)] = 0, 1
    out = np.empty((repeats, f, keys, keys))
    for start in range(0, repeats, CHUNK):
        n = min(CHUNK, repeats - start)
        drawn = Draws.of(rng, (n, 1, keys), f, toy.probes)
        delta = toy.outcomes(here[:, None], None, drawn) - toy.outcomes(gone[:, None], None, drawn)
        out[start : start + n] = gram(delta / np.sqrt(toy.probes))
    return out


def effects(toy: Toy, rng: np.random.Generator, repeats: int, found: list[Sample]) -> list[dict[str, Any]]:
    """Effects from 8 and from 20 keys; false and true claims of distinguishability, a row for each test."""
    exact = truth(toy)
    names = [i.id for i in toy.seed.items]
    claims = []
    for keys in (KEYS, FAMILY):
        products = differences(toy, rng, repeats, keys)
        m = cross_key(products)
        for f, name in enumerate(names):
            where = (toy.name, toy.noise, name)
            label = f"effect, {keys} keys"
            found.append(Sample(label, *where, exact.effect[f], m.value[:, f], m.low[:, f], m.high[:, f]))
            found.append(Sample(f"instability, {keys} keys", *where, exact.instability[f], m.instability[:, f]))
        zero = exact.effect == 0
        test = "signs" if keys == FAMILY else "null variance"
        p = np.stack([sign_flip(g, r) if keys == FAMILY else null_variance(g) for r, g in enumerate(products)])
        called = np.stack([holm(row) <= 0.05 for row in p])
        claims.append(
            {
                "toy": toy.name,
                "noise": toy.noise,
                "test": f"{test}, {keys} keys",
                "false": float(called[:, zero].any(1).mean()) if zero.any() else None,
                "power": {n: float(called[:, f].mean()) for f, n in enumerate(names) if not zero[f]},
            }
        )
    return claims


def first_order(toy: Toy, rng: np.random.Generator, repeats: int, found: list[Sample]) -> None:
    """Regression's indices from 256 rows and 64 pairs."""
    exact = truth(toy)
    law = Law("belief", toy.beliefs)
    coding = Coding.of(law)
    f = len(toy.scores)
    edges = np.cumsum(toy.beliefs, 1)
    edges[:, -1] = 1.0
    rows = max(LEAST_ROWS, 4 * len(coding))
    scale = np.sqrt(toy.probes)
    values, low, high, presence = (np.empty((repeats, f)) for _ in range(4))
    spread, floor = np.empty((repeats, 3)), np.empty(repeats)
    for r in range(repeats):
        variants = (rng.random((rows + PAIRS, f, 1)) >= edges).sum(-1).astype(np.int16)
        drawn = Draws.of(rng, (rows + 2 * PAIRS,), f, toy.probes)
        y = toy.outcomes(np.concatenate([variants, variants[rows:]]), None, drawn) / scale
        i = indices(coding, variants[:rows], y[:rows], variants[rows:], y[rows : rows + PAIRS], y[rows + PAIRS :])
        values[r], presence[r] = i.first_order, i.presence
        low[r], high[r] = i.low, i.high
        spread[r], floor[r] = (i.spread, i.spread_low, i.spread_high), i.floor
    for n, item in enumerate(toy.seed.items):
        where = (toy.name, toy.noise, item.id)
        found.append(Sample("first-order", *where, exact.first_order[n], values[:, n], low[:, n], high[:, n]))
        found.append(Sample("presence part", *where, exact.presence[n], presence[:, n]))
    where = (toy.name, toy.noise, "")
    found.append(Sample("spread", *where, exact.spread, *spread.T))
    found.append(Sample("noise floor", *where, exact.noise_floor, floor))


def total(toy: Toy, rng: np.random.Generator, repeats: int, found: list[Sample]) -> None:
    """Jansen's indices from 24 bases under two keys each."""
    exact = truth(toy)
    law = Law("belief", toy.beliefs)
    f = len(toy.scores)
    edges = np.cumsum(toy.beliefs, 1)
    edges[:, -1] = 1.0
    shape = (repeats, BASES)
    base = (rng.random((*shape, f, 1)) >= edges).sum(-1)
    items = np.tile(np.arange(f), repeats * BASES)
    new, weights = redraw(
        Law("", np.tile(law.probabilities, (repeats * BASES, 1))),
        Law("", np.tile(law.probabilities, (repeats * BASES, 1))),
        np.arange(len(items)),
        base.reshape(-1),
        rng,
    )
    changed = np.repeat(base[:, :, None, :], f, axis=2)
    changed[..., np.arange(f), np.arange(f)] = new.reshape(*shape, f)
    deltas = []
    for _ in range(2):
        parts = []
        for start in range(0, repeats, CHUNK):
            chunk = slice(start, min(start + CHUNK, repeats))
            drawn = Draws.of(rng, (chunk.stop - chunk.start, BASES, 1), f, toy.probes)
            there = toy.outcomes(base[chunk, :, None, :], None, drawn)
            parts.append((toy.outcomes(changed[chunk], None, drawn) - there) / np.sqrt(toy.probes))
        deltas.append(np.concatenate(parts).swapaxes(0, 1))
    t = total_indices(deltas[0], deltas[1], weights.reshape(*shape, f).swapaxes(0, 1))
    for n, item in enumerate(toy.seed.items):
        where = (toy.name, toy.noise, item.id)
        found.append(Sample("total", *where, exact.total[n], t.value[:, n], t.low[:, n], t.high[:, n]))


def bootstrap(toy: Toy, rng: np.random.Generator, repeats: int, found: list[Sample]) -> None:
    """The bootstrap spread from 64 rows. Ishigami's fourth power under Poisson copies has no variance to speak of."""
    if not toy.multilinear:
        return
    f = len(toy.scores)
    copies = rng.poisson(1.0, (repeats, SETS, DRAWS, f)).astype(float)
    base = np.broadcast_to(np.asarray(toy.seed.base), copies.shape)
    both = []
    for _ in range(2):
        drawn = Draws.of(rng, (repeats, SETS, 1), f, toy.probes)
        both.append((toy.outcomes(base, copies, drawn) / np.sqrt(toy.probes)).swapaxes(0, 1))
    value, _, low, high = bootstrap_spread(both[0], both[1])
    exact = truth(toy).bootstrap_spread
    found.append(Sample("bootstrap spread", toy.name, toy.noise, "", exact, value, low, high))


def many_zeros(noise: Noise, rng: np.random.Generator, repeats: int) -> dict[str, Any]:
    """Eighty items of which three matter, from 8 keys against the null variance: what `auto` falls back to."""
    few = linear(noise)
    f = 80
    scores = np.zeros((f, 2))
    scores[:3, 0] = 0.5, 0.1, 0.05
    directions = np.tile(few.response(np.eye(6))[:1], (f, 1))
    toy = Toy("eighty", scores, lambda z: z @ directions, few.probes, np.full((f, 2), 0.5), noise)
    false, power = [], []
    for _ in range(0, repeats, 50):
        # chr() names only so many items, so the differences are made without a seed.
        drawn = Draws.of(rng, (50, 1, KEYS), f, toy.probes)
        here = np.zeros(f, np.int64)
        gone = here + np.eye(f, dtype=np.int64)
        g = gram((toy.outcomes(here, None, drawn) - toy.outcomes(gone[:, None], None, drawn)) / np.sqrt(toy.probes))
        called = np.stack([holm(null_variance(x)) <= 0.05 for x in g])
        false.append(called[:, 3:].any(1))
        power.append(called[:, :3])
    return {
        "toy": "eighty",
        "noise": noise,
        "test": f"null variance, {KEYS} keys",
        "false": float(np.concatenate(false).mean()),
        "power": dict(zip("abc", np.concatenate(power).mean(0).tolist(), strict=True)),
    }


# --- claims -------------------------------------------------------------------------------------------------------


def wilson(p: float, n: int, z: float = 1.96) -> list[float]:
    """Wilson's interval of a proportion, 95 % by default."""
    centre, half = p + z * z / (2 * n), z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return [float((centre - half) / (1 + z * z / n)), float((centre + half) / (1 + z * z / n))]


def bias_rows(found: list[Sample]) -> list[dict[str, Any]]:
    """One row an estimator: the worst bias in Monte Carlo errors, against what the largest of so many would be."""
    rows = []
    for name in dict.fromkeys(s.estimator for s in found):
        mine = [s for s in found if s.estimator == name]
        worst = max(mine, key=lambda s: abs(s.z))
        # Šidák: the largest of n standard normals stays below this with probability 0.95.
        limit = float(stats.norm.isf((1.0 - 0.95 ** (1.0 / len(mine))) / 2.0))
        rows.append(
            {
                "claim": f"{name}: unbiased, worst of {len(mine)} in Monte Carlo errors "
                f"({worst.toy} {worst.item}, {worst.noise}; bias {worst.values.mean() - worst.truth:.2g} "
                f"of {worst.truth:.2g})",
                "value": worst.z,
                "interval": None,
                "target": f"|z| <= {limit:.2f}",
                "met": bool(abs(worst.z) <= limit),
            }
        )
        nil = [s for s in mine if s.truth == 0]
        if nil:
            z = max((s.z for s in nil), key=abs)
            limit = float(stats.norm.isf((1.0 - 0.95 ** (1.0 / len(nil))) / 2.0))
            rows.append(
                {
                    "claim": f"{name}: zero-effect items at zero, worst of {len(nil)} in Monte Carlo errors",
                    "value": z,
                    "interval": None,
                    "target": f"|z| <= {limit:.2f}",
                    "met": bool(abs(z) <= limit),
                }
            )
    return rows


def coverage_rows(found: list[Sample]) -> list[dict[str, Any]]:
    """Coverage of 95 % intervals by how many standard errors the true index is."""
    rows = []
    withs = [s for s in found if s.low is not None]
    for name in dict.fromkeys(s.estimator for s in withs):
        mine = [s for s in withs if s.estimator == name]
        for label, members, target in (
            ("true index > 10 standard errors", [s for s in mine if s.errors > 10], "0.93 to 0.97"),
            ("zero", [s for s in mine if s.truth == 0], ">= 0.93"),
            ("in between", [s for s in mine if s.truth != 0 and s.errors <= 10], None),
        ):
            if not members:
                continue
            hits = np.concatenate([s.covered for s in members])
            value = float(hits.mean())
            met = None if target is None else (value >= 0.93 and (label == "zero" or value <= 0.97))
            per = [float(s.covered.mean()) for s in members]
            rows.append(
                {
                    "claim": f"{name}: coverage, {label} ({len(members)} items, {min(per):.3f} to {max(per):.3f})",
                    "value": value,
                    "interval": wilson(value, len(hits)),
                    "target": target,
                    "met": met,
                }
            )
    return rows


def claim_rows(claims: list[dict[str, Any]], repeats: int) -> list[dict[str, Any]]:
    """Family-wise false claims, with the power beside; the intervals of all of them hold together (Šidák)."""
    rows = []
    tested = [c for c in claims if c["false"] is not None]
    z = float(stats.norm.isf((1.0 - 0.95 ** (1.0 / len(tested))) / 2.0))
    for c in tested:
        power = ", ".join(f"{n} {p:.2f}" for n, p in c["power"].items())
        interval = wilson(c["false"], repeats, z)
        rows.append(
            {
                "claim": f"false 'distinguishable', family-wise: {c['toy']}, {c['noise']}, {c['test']}; power: {power}",
                "value": c["false"],
                "interval": interval,
                "target": "<= 0.05 (met when the interval reaches it)",
                "met": bool(interval[0] <= 0.05),
            }
        )
    return rows


def measure(repeats: int, noises: tuple[Noise, ...] = NOISES) -> tuple[list[Sample], list[dict[str, Any]]]:
    """All estimators on all toys."""
    found: list[Sample] = []
    claims: list[dict[str, Any]] = []
    for noise in noises:
        for toy in toys(noise):
            start = time.perf_counter()
            rng = generator(2, "benchmark", toy.name, noise)
            claims += effects(toy, rng, repeats, found)
            total(toy, rng, repeats, found)
            bootstrap(toy, rng, repeats, found)
            first_order(toy, rng, repeats, found)
            print(f"{toy.name}, {noise}: {time.perf_counter() - start:.0f} s", file=sys.stderr)
        claims.append(many_zeros(noise, generator(2, "benchmark", "eighty", noise), repeats))
    return found, claims


def main(argv: list[str] | None = None) -> int:
    """Print the table; exit 1 when a claim is not met, unless quick: 200 repetitions are too few to decide one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="200 repetitions instead of 2,000")
    parser.add_argument("--data", type=Path, help="not used: the systems are formulas")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    args = parser.parse_args(argv)
    repeats = 200 if args.quick else 2000
    start = time.perf_counter()
    found, claims = measure(repeats)
    rows = bias_rows(found) + coverage_rows(found) + claim_rows(claims, repeats)
    print(table(rows))
    seconds = time.perf_counter() - start
    write(report("indices", rows, seconds, ("numpy", "scipy"), repetitions=repeats, claims=claims), args.json)
    return 1 if missed(rows) and not args.quick else 0


if __name__ == "__main__":
    raise SystemExit(main())
