"""First-order indices, presence and wording parts, and the surrogate B: all items from one shared set of rows.

Rows have independent entries and come in blocks that share a key, so that what a key does to all outcomes alike can be
taken out: it is most of what a trainer scatters. Embedded outcomes are regressed on indicators of the variants within
blocks, and every product ⟨B_u, B_v⟩ is debiased by leaving blocks out (Kline, Saggio & Sølvsten 2020): rows of a block
share how a key changes effects. Errors, and a correction for what interactions leave of bias, come from deleting groups
of blocks. Spread and noise floor come from assignments drawn from the law itself and trained under two keys, which
blocks of them share for the same reason, with the surrogate as control variate. Cost: rows + 2 × pairs trainings,
whatever the number of items that one row perturbs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field

from activeseed.checked import SettingsRecord
from activeseed.column import Column
from activeseed.errors import PlanError, TrainingError
from activeseed.estimators.coding import Coding
from activeseed.estimators.columns import FIRST_ORDERS
from activeseed.estimators.laws import drawing_law, index_law
from activeseed.estimators.least_squares import Fit, fit
from activeseed.estimators.leave_one_out import vouching
from activeseed.estimators.over_probes import of_sum, summary_of
from activeseed.estimators.statistics import (
    ENOUGH_GROUPS,
    Entropy,
    interval,
    jackknife,
    jackknife_covariance,
    paired_products,
    paired_spread_nats,
    t_quantile,
    ties,
)
from activeseed.outcome import Outcomes, Ranking, Summary, Surrogate, join_outcomes
from activeseed.plan import Design, Explicit, Floats, Independent, Ints, Law, Rows, join_rows, stream_key, with_keys
from activeseed.protocols import Cost, Problem, Request, Run, SupportsEntropy

LEAST_ROWS = 256
ROWS_PER_COEFFICIENT = 4
#: most rows that share a key: one in so many goes into the keys' levels, and the fewer the keys, the less is averaged
ROWS_PER_KEY = 8
#: most assignments that share their two keys, and least blocks of them: as many pairs of keys tell the noise floor
PAIRS_PER_BLOCK, LEAST_BLOCKS = 4, 8


class Regression(SettingsRecord):
    """First-order indices by regression.

    Attributes:
        trainings (in files and calls: ``rows``): trainings that are regressed; None is max(256, 4 × coefficients).
        pairs: assignments drawn from the law itself, trained under two keys each, for spread and noise floor; up to
            four of them share their two keys.
        floor: smallest probability of a possible variant in the regressed rows. An item's own variants are weighted as
            the law says all the same; where the response has interactions, its coefficients are averages over the
            other items as the rows have them, and ``index_law`` says so.
        groups: groups of rows deleted in turn for standard errors; a key's rows are deleted together.
    """

    model_config = ConfigDict(serialize_by_alias=True)

    kind: Literal["regression"] = "regression"
    trainings: int | None = Field(default=None, ge=8, alias="rows")
    pairs: int = Field(default=64, ge=3)
    floor: float = Field(default=0.15, ge=0.0, le=0.5)
    groups: int = Field(default=ENOUGH_GROUPS, ge=ENOUGH_GROUPS)

    @property
    def columns(self) -> tuple[Column, ...]:
        """See ``protocols.Estimator``."""
        return FIRST_ORDERS

    def cost(self, problem: Problem) -> Cost:
        """See ``protocols.Analysis``."""
        keys = 1 if problem.deterministic else 2
        return problem.each * (self._size(Coding.of(problem.law, drawing_law(problem))) + keys * self.pairs)

    def response(self) -> Regression:
        """See ``protocols.SupportsResponse``: itself."""
        return self

    def unaffordable(self, problem: Problem) -> tuple[str, ...]:
        """See ``protocols.SupportsUnaffordable``: indices take more rows than there are coefficients."""
        try:
            self.designs(problem)
        except PlanError as error:
            return (str(error),)
        return ()

    def _size(self, coding: Coding) -> int:
        return self.trainings or max(LEAST_ROWS, ROWS_PER_COEFFICIENT * len(coding))

    def designs(self, problem: Problem) -> tuple[Coding, Independent, Design]:
        """The coding, the rows that are regressed, and the pairs. Raises PlanError when rows are too few."""
        drawn = drawing_law(problem)
        coding = Coding.of(problem.law, drawn)
        size = self._size(coding)
        if not len(coding):
            raise PlanError(
                f"Under the law {drawn.name!r} every item is settled, so nothing varies and first-order indices "
                "are all zero. Rank by effect, or give beliefs below 1."
            )
        # Deleting a group must leave more rows than coefficients.
        least = int(np.ceil((len(coding) + 2) * self.groups / (self.groups - 1))) + 1
        if size < max(least, self.groups):
            raise PlanError(
                f"A regression with {len(coding)} coefficients and {self.groups} groups needs at least "
                f"{max(least, self.groups)} rows; rows = {size} was asked for."
            )
        unit = 1 if problem.deterministic else rows_per_key(size, len(coding), self.groups)
        regressed = Independent(drawn.clipped(self.floor), size, problem.stream, problem.first_key, unit)
        return coding, regressed, _pairs(problem, self.pairs, problem.first_key + size)

    def run(self, problem: Problem) -> Run[Ranking]:
        coding, regressed, paired = self.designs(problem)
        rows = yield Request(regressed, "first-order indices")
        pairs = yield Request(paired, "spread and noise floor")
        drawn = regressed.block(0, regressed.size)
        drawn_pairs = paired.block(0, paired.size)
        pair_rows = drawn_pairs.variants
        both = pairs.ok.reshape(self.pairs, -1).all(1)
        if both.sum() < 3:
            raise TrainingError("Fewer than three assignments trained under both of their keys, so no spread is known.")
        blocks = drawn_pairs.keys.reshape(self.pairs, -1)[both, 0]
        raw = pairs.values.reshape(self.pairs, -1, pairs.values.shape[1])[both].astype(np.float64)
        found = indices(
            coding,
            drawn.variants[rows.ok],
            drawn.keys[rows.ok],
            problem.geometry.embed(rows.values[rows.ok]),
            pair_rows.reshape(self.pairs, -1, pair_rows.shape[1])[both, 0],
            blocks,
            problem.geometry.embed(raw[:, 0]),
            problem.geometry.embed(raw[:, -1]),
            self.groups,
        )
        measured = join_outcomes([rows, pairs])
        everything = np.concatenate([drawn.variants, pair_rows])
        return self._ranking(
            problem, coding, regressed.law, found, measured, everything, (raw[:, 0], raw[:, -1], blocks)
        )

    def _ranking(
        self,
        problem: Problem,
        coding: Coding,
        fitted_on: Law,
        found: Indices,
        outcomes: Outcomes,
        variants: NDArray[np.int16],
        raw: tuple[Floats, Floats, Ints],
    ) -> Ranking:
        columns: dict[str, NDArray[Any]] = {
            "first_order": found.first_order,
            "first_order_se": found.se,
            "first_order_low": found.low,
            "first_order_high": found.high,
            "presence": found.presence,
            "wording": found.first_order - found.presence,
            "share": found.first_order / found.spread if found.spread > 0 else np.full(len(problem.seed), np.nan),
            "first_order_ties_with": ties(
                found.first_order,
                jackknife_covariance(found.left_out.T),
                float(t_quantile(0.975, len(found.left_out) - 1)),
                problem.ids,
            ),
        }
        vouched = vouching(variants, outcomes)
        if vouched is not None:
            columns["vouching"] = vouched
        failed = int(np.sum(~outcomes.ok))
        notes = []
        if failed:
            notes.append(f"{failed} of {len(outcomes)} trainings failed; their rows are left out.")
        if found.spread <= 0:
            notes.append("The estimated spread is not above zero: the noise of training hides what beliefs leave open.")
        wide, square = coding.unfold(found.fit.slopes, found.gram)
        additive = float(found.first_order.sum())
        r_squared = min(1.0, max(0.0, additive / found.spread)) if found.spread > 0 else float("nan")
        summary: Summary = {
            "estimator": self.kind,
            "law": problem.law.name,
            "index_law": index_law(problem.law, fitted_on),
            "fitted_on": fitted_on.name,
            "trainings": len(outcomes),
            "failed": failed,
            "spread": found.spread,
            "spread_se": found.spread_se,
            "spread_low": found.spread_low,
            "spread_high": found.spread_high,
            "noise_floor": found.floor,
            "additive_share": r_squared,
        }
        first, second = (problem.geometry.embed(values) for values in raw[:2])
        beyond = of_sum(
            found.spread, found.spread_se, float(len(np.unique(raw[2])) - 1), paired_products(first, second, raw[2]),
            problem, problem.stream,
        )  # fmt: skip
        summary |= summary_of(beyond)
        if isinstance(problem.geometry, SupportsEntropy):
            # What the control variate does to the spread of the pairs, it does to the same spread in nats.
            scale = found.spread / found.pair_spread if found.pair_spread > 0 else float("nan")
            summary["spread_nats"] = scale * _nats(problem.geometry.entropy, *raw)
        surrogate = Surrogate(wide, square, fitted_on.name, r_squared)
        return Ranking(problem.ids, columns, summary, surrogate, tuple(notes), by="first_order")


def rows_per_key(rows: int, coefficients: int, groups: int = ENOUGH_GROUPS) -> int:
    """How many rows share a key: at most 8, and few enough that there are at least as many keys as groups.

    One, so that nothing is spent on the keys' levels, where fewer than two comparisons within keys would be left for
    each coefficient.
    """
    most = max(1, min(ROWS_PER_KEY, rows // groups))
    return most if rows - -(-rows // most) >= 2 * coefficients else 1


def pairs_per_block(pairs: int) -> int:
    """How many assignments share their two keys: at most 4, and few enough that there are at least 8 blocks."""
    return max(1, min(PAIRS_PER_BLOCK, pairs // LEAST_BLOCKS))


def _pairs(problem: Problem, pairs: int, first_key: int) -> Explicit:
    """Assignments drawn from the law, blocks of them under two keys (under one where the trainer is deterministic).

    Row 2r is assignment r under its block's first key, row 2r + 1 the same under the second.
    """
    unit = 1 if problem.deterministic else pairs_per_block(pairs)
    stream = stream_key(problem.stream, "pairs")
    drawn = Independent(drawing_law(problem), pairs, stream, first_key, unit).block(0, pairs)
    if problem.deterministic:
        return Explicit(drawn)
    doubled = join_rows([drawn, with_keys(drawn, drawn.keys + pairs)])
    order = np.arange(2 * pairs).reshape(2, pairs).T.ravel()
    return Explicit(Rows(doubled.variants[order], doubled.keys[order]), unit=2 * unit)


def _nats(entropy: Entropy, first: Floats, second: Floats, keys: Ints) -> float:
    """The spread of the pairs in nats, within blocks as ``_spread`` has it in the geometry's units."""
    names, block = np.unique(keys, return_inverse=True)
    if len(names) == len(keys):
        return paired_spread_nats(first, second, entropy)
    parts = [(block == b, int((block == b).sum()) - 1) for b in range(len(names))]
    found = [m * paired_spread_nats(first[mine], second[mine], entropy) for mine, m in parts if m]
    return float(np.sum(found) / sum(m for _, m in parts)) if found else float("nan")


@dataclass(frozen=True)
class Indices:
    """What the rows say; arrays (F,), errors by deleting groups of rows."""

    first_order: Floats
    presence: Floats
    se: Floats
    low: Floats
    high: Floats
    left_out: Floats
    gram: Floats
    fit: Fit
    spread: float
    pair_spread: float
    spread_se: float
    spread_low: float
    spread_high: float
    floor: float


def indices(
    coding: Coding,
    variants: NDArray[np.int16],
    keys: Ints,
    points: Floats,
    pair_variants: NDArray[np.int16],
    pair_keys: Ints,
    first: Floats,
    second: Floats,
    groups: int = ENOUGH_GROUPS,
) -> Indices:
    """First-order indices from R regressed rows, spread and floor from n pairs.

    Args:
        variants: (R, F) assignments with independent entries.
        keys: (R,) the key that each was trained under; rows of one key make a block.
        points: (R, D) their embedded outcomes.
        pair_variants: (n, F) assignments drawn from the coding's law, or from the law of the rows.
        pair_keys: (n,) the first of the two keys that each was trained under; pairs of one key make a block.
        first: (n, D) their embedded outcomes under that key.
        second: (n, D) and under the other; the same array for a deterministic trainer.
        groups: groups of blocks deleted in turn; below twice as many blocks, each is a group.

    The spread is the covariance between the pairs' two keys within blocks, plus Ĝ∘(C − S): what the additive model says
    about the difference between the law's covariance C of indicators and that of the pairs drawn, S. Where pairs are
    drawn from the law itself this has mean zero and takes most of the sampling error out.
    """
    fitted = fit(coding.matrix(variants), points, (first.mean(0) + second.mean(0)) / 2.0, keys)
    whole, presence_form = coding.forms
    blocks = len(fitted.freedom)
    groups = blocks if blocks < 2 * groups else groups
    deleted = [np.arange(g, blocks, groups) for g in range(groups)]
    if fitted.freedom.sum() - max(fitted.freedom[d].sum() for d in deleted) <= len(fitted.coefficients):
        raise TrainingError(
            f"{len(points)} successful trainings are too few to delete one of {groups} groups and still tell "
            f"{len(coding)} coefficients apart. Give the regression more rows, or look into why trainings failed."
        )
    products = fitted.products(coding)
    left = [fitted.without(d, coding) for d in deleted]
    left_out = np.stack([coding.by_item(p, whole) for p in left])
    se, reach = jackknife(left_out)
    # What is left of products within a group goes, and with it the bias of order 1/R that interactions leave in the
    # leave-one-out estimate (an item with a strong interaction and hardly an index of its own shows it).
    products = groups * products - (groups - 1) * np.mean(left, axis=0)
    first_order = coding.by_item(products, whole)
    low, high = interval(first_order, reach)
    gram = fitted.gram()
    spreads = _spread(coding, gram, pair_variants, pair_keys, first, second)
    return Indices(
        first_order,
        coding.by_item(products, presence_form),
        se,
        low,
        high,
        left_out,
        gram,
        fitted,
        *spreads,
    )


def _spread(
    coding: Coding, gram: Floats, variants: NDArray[np.int16], keys: Ints, first: Floats, second: Floats
) -> tuple[float, float, float, float, float, float]:
    """Spread, spread of the pairs alone, standard error and interval of the former, noise floor.

    Errors by leaving out blocks; where every pair is a block of its own, all have one centre and pairs are left out.
    """
    n = len(first)
    block = np.unique(keys, return_inverse=True)[1]
    alone = len(np.unique(block)) == n
    centre = np.zeros(n, np.int64) if alone else block
    sizes = np.bincount(centre)
    x, y, z = (a - (_sums(centre, a) / sizes[:, None])[centre] for a in (first, second, coding.matrix(variants)[:, 1:]))
    own = (x * y).sum(1)
    products = own - np.einsum("rc,rc->r", z @ gram, z)
    freedom, total = n - len(sizes), products.sum()
    if freedom < 2 or (not alone and (sizes > 1).sum() < 2):
        raise TrainingError(
            "Fewer than two blocks of assignments trained under both of their keys: no spread is known."
        )
    if alone:
        # Leaving out row r takes n/(n−1) times its own centred product from the sum of products.
        left = (total - n / (n - 1) * products) / (n - 2)
    else:
        left = ((total - np.bincount(block, products)) / (freedom - (sizes - 1)))[sizes > 1]
    se, reach = jackknife(left)
    spread = total / freedom + float((gram * coding.covariance).sum())
    floor = float(((first - second) ** 2).sum() / (2 * n))
    low, high = interval(np.asarray(spread), reach)
    return float(spread), float(own.sum() / freedom), float(se), float(low), float(high), floor


def _sums(block: Ints, values: Floats) -> Floats:
    """(n, …) values -> (blocks, …) sums."""
    out = np.zeros((int(block.max()) + 1, *values.shape[1:]))
    np.add.at(out, block, values)
    return out
