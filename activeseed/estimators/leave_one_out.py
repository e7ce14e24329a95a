"""Effects: the seed as it stands with one item (or one group) changed, under common random numbers, over several keys.

effect = ‖m(a⁰ with i := v) − m(a⁰ with i := w)‖², estimated as the mean over pairs of different keys of
⟨Δ(k), Δ(l)⟩ with the same randomness on both sides of each Δ. Cost: keys × (changes + one base a block) trainings;
a deterministic trainer needs one key.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from activeseed.checked import SettingsRecord
from activeseed.column import Column
from activeseed.contrast import ABSENT_INDEX, Comparison
from activeseed.errors import PlanError
from activeseed.estimators.columns import EFFECTS
from activeseed.estimators.statistics import (
    ENOUGH_KEYS,
    CrossKey,
    cross_key,
    family_p,
    gram,
    jackknife_covariance,
    shared_errors,
    t_quantile,
    ties,
)
from activeseed.laws import LawName, law_named
from activeseed.laws.named import would_import
from activeseed.outcome import Bools, Outcomes, Ranking, Summary
from activeseed.plan import Floats, OneAtATime
from activeseed.protocols import Cost, Json, Problem, Request, Run

#: squared distances below this are rounding: outcomes are single precision, and the last bits of a row depend on the
#: batch it ran in (differences up to 2.4e-7 were measured)
ROUNDING = 1e-12


class LeaveOneOut(SettingsRecord):
    """Effects of single changes.

    Attributes:
        keys: replicates; 8 for standard errors, ties and stars. More of them show rarer jumps.
        law: ``drop`` (as written against absent), ``flip``, ``wordings`` (uniform over other wordings), ``group``
            (a whole group left out; its members share the number), ``poisson`` (bootstrap multiplicities), or a law of
            somebody else's, ``package.module:Name``.
        alpha: family-wise error of *distinguishable*.
    """

    kind: Literal["leave_one_out"] = "leave_one_out"
    keys: int = Field(default=8, ge=2)
    law: LawName = "drop"
    alpha: float = Field(default=0.05, gt=0.0, lt=1.0)

    def would(self, folder: Path) -> tuple[str, Json] | None:
        """See ``protocols.SupportsAgreement``."""
        return would_import((self.law,))

    def design(self, problem: Problem) -> tuple[Comparison, OneAtATime]:
        """What is compared, and the rows that are trained for it."""
        law = law_named(self.law)
        if law.needs_weights and not problem.weighted:
            raise PlanError(
                f"The law {law.kind!r} weighs items by fractions, which this trainer does not understand. Let it read "
                "weights (weighted = true), or rank with --law drop."
            )
        compared = law.comparison(problem)
        keys = range(problem.first_key, problem.first_key + (1 if problem.deterministic else self.keys))
        return compared, OneAtATime(problem.base, compared.changes, tuple(keys))

    @property
    def columns(self) -> tuple[Column, ...]:
        """See ``protocols.Estimator``."""
        return EFFECTS

    def with_law(self, law: str) -> LeaveOneOut:
        """See ``protocols.SupportsLaw``."""
        law_named(law)
        return self.model_copy(update={"law": law})

    def cost(self, problem: Problem) -> Cost:
        """See ``protocols.Analysis``: keys × (changes + one base a block) rows."""
        return problem.each * self.design(problem)[1].size

    def unaffordable(self, problem: Problem) -> tuple[str, ...]:
        """See ``protocols.SupportsUnaffordable``: errors, ties and stars take eight keys."""
        if problem.deterministic or self.keys >= ENOUGH_KEYS:
            return ()
        more = self.model_copy(update={"keys": ENOUGH_KEYS}).cost(problem).trainings
        return (
            f"Effects of {len(problem.seed)} items from {self.keys} keys have no standard errors, no ties and no "
            f"stars; {ENOUGH_KEYS} keys give them, for {more} trainings.",
        )

    def run(self, problem: Problem) -> Run[Ranking]:
        compared, design = self.design(problem)
        outcomes = yield Request(design, f"effects ({compared.words})")
        return self.ranked(problem, compared, design, outcomes)

    def ranked(self, problem: Problem, compared: Comparison, design: OneAtATime, outcomes: Outcomes) -> Ranking:
        """The ranking that these outcomes of the design make."""
        products, ok = _products(compared, design, outcomes, problem)
        measured = effects(products, ok, problem.deterministic, self.keys)
        notes: list[str] = []
        if problem.deterministic:
            # One key says all: whatever is above rounding is there.
            p = np.where(np.isnan(measured.value), np.nan, np.where(measured.value > ROUNDING, 0.0, 1.0))
        else:
            p = family_p(products, problem.stream, ok)
            if self.keys < ENOUGH_KEYS:
                p = np.full(len(p), np.nan)
                notes.append(
                    f"Effects from {self.keys} keys have no standard error and no star, and what ties with what is "
                    f"unknown; {ENOUGH_KEYS} keys give them."
                )
        return self._ranking(problem, compared, design, outcomes, measured, p, notes)

    def _ranking(
        self,
        problem: Problem,
        compared: Comparison,
        design: OneAtATime,
        outcomes: Outcomes,
        measured: Effects,
        p: Floats,
        notes: list[str],
    ) -> Ranking:
        # Unknown is not "no": with too few keys nobody can say.
        distinguishable: list[bool | None] = [None if np.isnan(x) else bool(x <= self.alpha) for x in p]
        f = len(problem.seed)
        unit = np.full(f, -1, np.int64)
        for u, members in enumerate(compared.members):
            unit[list(members)] = u
        columns: dict[str, NDArray[Any]] = {
            "effect": spread_out(measured.value, unit),
            "effect_se": spread_out(measured.se, unit),
            "effect_low": spread_out(measured.low, unit),
            "effect_high": spread_out(measured.high, unit),
            "instability": spread_out(measured.instability, unit),
            "p_value": spread_out(p, unit),
            "distinguishable": as_bools([distinguishable[u] if u >= 0 else None for u in unit]),
        }
        tied = ties(measured.value, measured.covariance, measured.quantile, compared.names)
        columns["ties_with"] = np.fromiter((tied[u] if u >= 0 else None for u in unit), object, f)
        words = np.empty(f, object)
        words[:] = [compared.words if u >= 0 and measured.keys[u] else "" for u in unit]
        columns["perturbation"] = words
        vouched = vouching(design.block(0, design.size).variants, outcomes)
        if vouched is not None:
            columns["vouching"] = vouched
        failed = int(np.sum(~outcomes.ok))
        if failed:
            notes.append(f"{failed} of {len(outcomes)} trainings failed; the keys they belong to are left out.")
        summary: Summary = {
            "estimator": self.kind,
            "law": self.law,
            "keys": len(design.keys),
            "trainings": len(outcomes),
            "failed": failed,
            "test": "exact" if problem.deterministic else "resampled_keys",
            "noise_floor": _floor_at_base(design, outcomes, problem),
        }
        if self.law == "group":
            summary["groups"] = [
                {
                    "group": name,
                    "effect": float(measured.value[u]),
                    "effect_se": float(measured.se[u]),
                    "instability": float(measured.instability[u]),
                    "p_value": float(p[u]),
                    "distinguishable": distinguishable[u],
                }
                for u, name in enumerate(compared.names)
            ]
        return Ranking(problem.ids, columns, summary, notes=tuple(notes))


def as_bools(values: list[bool | None]) -> NDArray[Any]:
    """Booleans where all are known."""
    return np.array(values, object if None in values else bool)


def spread_out(values: Floats, unit: NDArray[np.int64]) -> Floats:
    """Each item's value, that of its unit; NaN for items of none."""
    return np.where(unit >= 0, values[unit], np.nan)


@dataclass(frozen=True)
class Effects:
    """Effects of the U units, with what errors and ties need; every array (U,)."""

    value: Floats
    se: Floats
    low: Floats
    high: Floats
    instability: Floats
    keys: NDArray[np.int64]
    covariance: Floats
    quantile: float


def effects(products: Floats, ok: Bools, deterministic: bool, keys: int) -> Effects:
    """Effects from (U, K, K) Gram matrices; errors only where ``keys`` ≥ 8 were planned and ≥ 6 succeeded."""
    u, k = products.shape[:2]
    if deterministic:
        value = np.where(ok[:, 0], products[:, 0, 0], np.nan)
        zero = np.where(ok[:, 0], 0.0, np.nan)
        return Effects(value, zero, value, value, zero, ok.sum(1), np.zeros((u, u)), 0.0)
    m: CrossKey = shared_errors(products, cross_key(products, ok), ok)
    enough = (m.keys >= ENOUGH_KEYS - 2) & (keys >= ENOUGH_KEYS)
    se, low, high = (np.where(enough, x, np.nan) for x in (m.se, m.low, m.high))
    # Half the own covariance; the company's half of a variance says nothing about what two items share.
    covariance = jackknife_covariance(m.replicates) / 2.0
    np.fill_diagonal(covariance, se**2)
    quantile = float(t_quantile(0.975, k - 1))
    return Effects(m.value, se, low, high, m.instability, m.keys, covariance, quantile)


def _products(compared: Comparison, design: OneAtATime, outcomes: Outcomes, problem: Problem) -> tuple[Floats, Bools]:
    """(U, K, K) Grams of every unit's differences (contrasts weighted and summed), and (U, K) keys that succeeded."""
    points = problem.geometry.embed(outcomes.values)
    k = len(design.keys)
    place = np.array([[design.place(n, c) for n in range(k)] for c in range(len(compared.changes))])
    base, changed = place[..., 0], place[..., 1]
    fine = outcomes.ok[base] & outcomes.ok[changed]
    products = np.zeros((len(compared.members), k, k))
    ok = np.ones((len(compared.members), k), bool)
    touched = np.zeros(len(compared.members), bool)
    for c in compared.contrasts:
        # Each change is taken against the base of its own batch, so that two of them may lie in different batches.
        delta = points[changed[c.plus]] - points[base[c.plus]]
        good = fine[c.plus]
        if c.minus is not None:
            delta = delta - (points[changed[c.minus]] - points[base[c.minus]])
            good = good & fine[c.minus]
        products[c.unit] += c.weight * gram(np.where(good[:, None], delta, 0.0))
        ok[c.unit] &= good
        touched[c.unit] = True
    ok &= touched[:, None]
    both = ok[:, :, None] & ok[:, None, :]
    return np.where(both, products, 0.0), ok


def _floor_at_base(design: OneAtATime, outcomes: Outcomes, problem: Problem) -> float:
    """Var_k φ at the seed as it stands."""
    if problem.deterministic:
        return 0.0
    first = np.arange(len(design.keys)) * design.blocks * design.unit
    first = first[outcomes.ok[first]]
    if len(first) < 2:
        return float("nan")
    return float(problem.geometry.embed(outcomes.values[first]).var(0, ddof=1).sum())


def vouching(variants: NDArray[np.int16], outcomes: Outcomes) -> Floats | None:
    """(F,) mean approval of each item, as written, by trainers that were not given it; NaN where there were none."""
    if outcomes.vouching is None:
        return None
    out = (variants == ABSENT_INDEX) & outcomes.ok[:, None]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.asarray(np.nanmean(np.where(out, outcomes.vouching, np.nan), axis=0), np.float64)
