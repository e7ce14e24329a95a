"""Total indices by Jansen's estimator: only one entry is redrawn, the rest as the law has it.

T_i = ½ E‖m(a) − m(a⁽ⁱ⁾)‖² (Jansen 1999; vector outputs: Gamboa, Janon, Klein & Lagnoux 2014). The redraw never repeats
the variant: it is drawn from the others and weighted by the probability of a change. Each difference is taken under
common random numbers and multiplied with the same difference under a second key, so no square of noise enters.
Cost: bases × 2 × (items + one base a block) trainings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from activeseed.checked import SettingsRecord
from activeseed.column import Column
from activeseed.errors import PlanError, TrainingError
from activeseed.estimators.columns import TOTALS
from activeseed.estimators.designs import Joined
from activeseed.estimators.laws import drawing_law, index_law, open_items
from activeseed.estimators.over_probes import of_sum, summary_of
from activeseed.estimators.statistics import (
    interval,
    jackknife,
    mean_and_se,
    paired_products,
    paired_spread,
    paired_spread_left_out,
    satterthwaite,
    t_quantile,
)
from activeseed.outcome import Ranking, Summary
from activeseed.plan import Change, Floats, Independent, Ints, Law, OneAtATime, generator, stream_key
from activeseed.protocols import Cost, Problem, Request, Run


class Jansen(SettingsRecord):
    """Total indices under the law.

    Attributes:
        bases: assignments drawn from the law at which every item is redrawn once.
        items: positions of the items whose indices are wanted; all by default.
    """

    kind: Literal["jansen"] = "jansen"
    bases: int = Field(default=24, ge=3)
    items: tuple[int, ...] | None = None

    def redrawn(self, problem: Problem) -> Ints:
        """Items that are asked about and not settled."""
        open_ = open_items(drawing_law(problem))
        return open_ if self.items is None else np.intersect1d(open_, np.asarray(self.items, np.int64))

    def designs(self, problem: Problem) -> tuple[tuple[OneAtATime, ...], Floats]:
        """One design a base, and the (bases, items) weight of every difference."""
        items = self.redrawn(problem)
        if not len(items):
            raise PlanError(
                f"Under the law {drawing_law(problem).name!r} every item in question is settled, so all total indices "
                "are zero. Rank by effect, or give beliefs below 1."
            )
        stream = stream_key(problem.stream, "jansen")
        drawn = drawing_law(problem)
        bases = Independent(drawn, self.bases, stream).block(0, self.bases).variants
        keys = 1 if problem.deterministic else 2
        designs, weights = [], np.empty((self.bases, len(items)))
        for n, base in enumerate(bases):
            new, weights[n] = redraw(problem.law, drawn, items, base, generator(stream, "redraw", n))
            changes = tuple(Change(problem.ids[f], (int(f),), (int(v),)) for f, v in zip(items, new, strict=True))
            first = problem.first_key + (0 if problem.deterministic else n * keys)
            designs.append(OneAtATime(tuple(map(int, base)), changes, tuple(range(first, first + keys))))
        return tuple(designs), weights

    @property
    def columns(self) -> tuple[Column, ...]:
        """See ``protocols.Estimator``."""
        return TOTALS

    def cost(self, problem: Problem) -> Cost:
        """See ``protocols.Analysis``."""
        items, keys = len(self.redrawn(problem)), 1 if problem.deterministic else 2
        # All bases have as many changes, so one stands for the others.
        return problem.each * (self.bases * OneAtATime((), (Change("", (), ()),) * items, tuple(range(keys))).size)

    def run(self, problem: Problem) -> Run[Ranking]:
        items = self.redrawn(problem)
        parts, weights = self.designs(problem)
        design, base, changed = rows_of(parts)
        outcomes = yield Request(design, "total indices")
        points = problem.geometry.embed(outcomes.values)
        good = np.asarray((outcomes.ok[base] & outcomes.ok[changed]).all(-1))
        found = total_indices(
            np.where(good[..., None], points[changed[..., 0]] - points[base[..., 0]], np.nan),
            np.where(good[..., None], points[changed[..., -1]] - points[base[..., -1]], np.nan),
            weights,
        )
        bases = base[:, 0, :]
        whole = outcomes.ok[bases].all(-1)
        if whole.sum() < 3:
            raise TrainingError("Fewer than three of the drawn assignments trained, so no total index is known.")
        first, second = points[bases[whole, 0]], points[bases[whole, -1]]
        spread, floor = paired_spread(first, second)
        left, _ = paired_spread_left_out(first, second)
        measured = (float(spread), float(jackknife(left)[0]), float(floor))
        made = self._ranking(problem, items, found, outcomes, measured)
        beyond = of_sum(*measured[:2], float(len(first) - 1), paired_products(first, second), problem, problem.stream)
        return made.join(Ranking(made.ids, summary=summary_of(beyond)))

    def _ranking(
        self, problem: Problem, items: Ints, found: Totals, outcomes: Any, spread: tuple[float, float, float]
    ) -> Ranking:
        def wide(values: Floats) -> NDArray[Any]:
            # A settled item is never redrawn: its index is zero and known to be.
            out = np.zeros(len(problem.seed))
            out[open_items(drawing_law(problem))] = np.nan
            out[items] = values
            return out

        failed = int(np.sum(~outcomes.ok))
        notes = []
        if failed:
            notes.append(f"{failed} of {len(outcomes)} trainings failed; their differences are left out.")
        columns = {
            "total": wide(found.value),
            "total_se": wide(found.se),
            "total_low": wide(found.low),
            "total_high": wide(found.high),
            "total_instability": wide(found.instability),
        }
        summary: Summary = {
            "estimator": self.kind,
            "law": problem.law.name,
            "total_law": index_law(problem.law, drawing_law(problem)),
            "bases": self.bases,
            "trainings": len(outcomes),
            "failed": failed,
            "spread": spread[0],
            "spread_se": spread[1],
            "noise_floor": spread[2],
        }
        return Ranking(problem.ids, columns, summary, notes=tuple(notes), by="total")


def rows_of(parts: Sequence[OneAtATime]) -> tuple[Joined, Ints, Ints]:
    """All bases' designs in one, and its rows: (bases, items, keys) of each difference's base, and of what changed."""
    size, keys, items = parts[0].size, len(parts[0].keys), len(parts[0].changes)
    place = np.array([[parts[0].place(k, c) for k in range(keys)] for c in range(items)])
    start = np.arange(len(parts))[:, None, None] * size
    return Joined(tuple(parts)), start + place[None, ..., 0], start + place[None, ..., 1]


def redraw(law: Law, drawn: Law, items: Ints, base: NDArray[np.int16], rng: np.random.Generator) -> tuple[Ints, Floats]:
    """Another variant for each item of a base that was drawn from q, and the weight of the difference under b.

    v′ ≠ v is drawn with probability q_v′ / (1 − q_v). E over independent a_i, a_i′ ~ b of a symmetric function that is
    zero for v′ = v is then the mean of that function with weight 2 b_v b_v′ over the probability that the unordered
    pair {v, v′} comes up, q_v q_v′ (1/(1 − q_v) + 1/(1 − q_v′)): constant where there are two variants.
    """
    q, b = drawn.probabilities[items], law.probabilities[items]
    rows, own = np.arange(len(items)), base[items].astype(np.int64)
    rest = q.copy()
    rest[rows, own] = 0.0
    edges = np.cumsum(rest, axis=1)
    u = rng.random(len(items)) * edges[:, -1]
    # Rounding may leave u at the last edge, beyond every possible variant.
    last = rest.shape[1] - 1 - (rest[:, ::-1] > 0).argmax(1)
    new = np.minimum((u[:, None] >= edges).sum(1), last)
    wanted = 2.0 * b[rows, own] * b[rows, new]
    # 1 − q as the sum of the others: many who agree leave so little of it that the difference would be zero
    others = q.copy()
    others[rows, new] = 0.0
    chance = q[rows, own] * q[rows, new] * (1.0 / edges[:, -1] + 1.0 / others.sum(1))
    return new, wanted / chance


@dataclass(frozen=True)
class Totals:
    """Total indices of the items asked about; arrays of their shape."""

    value: Floats
    se: Floats
    low: Floats
    high: Floats
    instability: Floats


def total_indices(first: Floats, second: Floats, weights: Floats) -> Totals:
    """Means over bases of ½ w ⟨Δ(k), Δ(l)⟩, errors over bases.

    The error is that of the products from base to base or, where that is larger, what the noise of all bases would make
    of them: rare jumps under both of a base's keys are mostly missed by so few products, and seen in the differences.

    Args:
        first: (bases, …, D) differences under one key, NaN where a training failed.
        second: (bases, …, D) the same differences under another (the same array for a deterministic trainer).
        weights: (bases, …) probability weights of the differences.

    ``instability`` is half of what the two keys disagree about, in the index's units.
    """
    product = 0.5 * weights * (first * second).sum(-1)
    square = 0.25 * weights * ((first**2).sum(-1) + (second**2).sum(-1))
    value, se, _ = mean_and_se(product)
    noise, degrees = _noise(first, second, weights)
    se = np.fmax(se, np.sqrt(noise))
    return Totals(value, se, *interval(value, t_quantile(0.975, degrees) * se), mean_and_se(square - product)[0])


def _noise(first: Floats, second: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Variance of a mean product by noise alone, from all pairs of bases, and its degrees of freedom; both (…,).

    With mean s = D + (ε + ε′)/2 and gap d = ε − ε′ of a base's two differences, the product's variance given D is
    2 D'ΣD + tr Σ², which is E⟨s_a, d_b⟩² of two bases a ≠ b: nothing has to be the same in them.
    """
    scale = np.sqrt(0.5 * weights)[..., None]
    mean = np.moveaxis(scale * (first + second) / 2.0, 0, -2)
    gap = np.moveaxis(scale * (first - second), 0, -2)
    known = np.asarray(~np.isnan(gap).any(-1))
    mean, gap = (np.where(known[..., None], x, 0.0) for x in (mean, gap))
    n = known.sum(-1)
    products = (mean @ np.swapaxes(gap, -1, -2)) ** 2
    across = products.sum((-1, -2)) - np.einsum("...aa->...", products)
    square = (gap**2).sum(-1)
    middle = square.sum(-1) / np.maximum(n, 1)
    scatter = np.where(known, (square - middle[..., None]) ** 2, 0.0).sum(-1) / np.maximum(n - 1, 1)
    degrees = satterthwaite(scatter / np.maximum(n, 1), middle, np.maximum(n - 1, 1))
    return np.asarray(across / np.maximum(n * (n - 1) * n, 1), np.float64), np.maximum(degrees, 1.0)
