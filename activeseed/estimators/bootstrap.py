"""The bootstrap spread of the seed as it stands, and each group's sampling spread.

The oldest measure of a trainer²'s stability: how far the outcome moves when the seed is resampled. Multiplicities are
Poisson(1) for the whole seed; within a group they are multinomial, the group's total weight held, which predicts what
writing more of this kind would settle. Assignments come in sets that share two keys: within a key differences are
under common random numbers, and the covariance between the two keys holds no square of noise.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import ConfigDict, Field

from activeseed.checked import SettingsRecord
from activeseed.column import Column
from activeseed.errors import TrainingError
from activeseed.estimators.columns import GROUP_SPREAD
from activeseed.estimators.designs import Joined, TwoKeys
from activeseed.estimators.over_probes import OverProbes, of_sum, summary_of
from activeseed.estimators.statistics import (
    interval,
    mean_and_se,
    paired_products,
    paired_spread,
    paired_spread_nats,
    t_quantile,
)
from activeseed.outcome import Outcomes, Ranking, Summary
from activeseed.plan import Floats, Resampled, stream_key
from activeseed.protocols import Cost, Problem, Request, Run, SupportsEntropy

#: draws that share their keys: more share more noise, fewer lose more to the mean they are taken around
DRAWS = 4


class Bootstrap(SettingsRecord):
    """Spread under resampling.

    Attributes:
        trainings (in files and calls: ``rows``): for the whole seed, a multiple of 8 is used.
        group_rows: trainings for each group's sampling spread; 0 leaves groups out.
    """

    model_config = ConfigDict(serialize_by_alias=True)

    kind: Literal["bootstrap"] = "bootstrap"
    trainings: int = Field(default=64, ge=24, alias="rows")
    group_rows: int = Field(default=0, ge=0)

    def groups(self, problem: Problem) -> dict[str, tuple[int, ...]]:
        """Members that stand, of every group with two of them; the whole seed where there are no groups."""
        if not self.group_rows:
            return {}
        standing = problem.droppable
        names = problem.seed.groups or ("",)
        members = {g: tuple(f for f in standing if problem.seed.items[f].group == g) for g in names}
        return {g: m for g, m in members.items() if len(m) > 1}

    def designs(self, problem: Problem) -> list[TwoKeys]:
        """The whole seed, then every group."""
        keys = 1 if problem.deterministic else 2
        designs = []
        first = problem.first_key
        plans: list[tuple[str, int, tuple[tuple[int, ...], ...]]] = [("", self.trainings, ())]
        plans += [(name, self.group_rows, (members,)) for name, members in self.groups(problem).items()]
        for n, (name, rows, groups) in enumerate(plans):
            sets = max(3, rows // (2 * DRAWS))
            stream = stream_key(problem.stream, "bootstrap", n, name)
            kind: Literal["poisson", "multinomial"] = "multinomial" if groups else "poisson"
            source = Resampled(problem.base, kind, sets * DRAWS, stream, 0, groups, held=problem.held)
            designs.append(TwoKeys(source, DRAWS, keys, first))
            first += sets * keys
        return designs

    @property
    def columns(self) -> tuple[Column, ...]:
        """See ``protocols.Estimator``."""
        return (GROUP_SPREAD,)

    def cost(self, problem: Problem) -> Cost:
        """See ``protocols.Analysis``."""
        return problem.each * (sum(d.size for d in self.designs(problem)))

    def run(self, problem: Problem) -> Run[Ranking]:
        whole, *others = self.designs(problem)
        outcomes = yield Request(whole, "bootstrap spread")
        spread, se, low, high, nats, beyond = _spread(whole, outcomes, problem)
        notes = []
        failed = int(np.sum(~outcomes.ok))
        trainings = len(outcomes)
        summary: Summary = {
            "bootstrap_spread": spread,
            "bootstrap_spread_se": se,
            "bootstrap_spread_low": low,
            "bootstrap_spread_high": high,
        }
        if nats is not None:
            summary["bootstrap_spread_nats"] = nats
        summary |= summary_of(beyond, "bootstrap_spread")
        columns = {}
        if others:
            joined = Joined(tuple(others))
            outcomes = yield Request(joined, "sampling spread of groups")
            failed += int(np.sum(~outcomes.ok))
            trainings += len(outcomes)
            column = np.full(len(problem.seed), np.nan)
            by_group, errors = {}, {}
            for (name, members), design, start in zip(
                self.groups(problem).items(), others, joined.starts, strict=False
            ):
                part = outcomes.take(np.arange(start, start + design.size))
                by_group[name], errors[name], *_ = _spread(design, part, problem)
                column[list(members)] = by_group[name]
            summary["group_spread"], summary["group_spread_se"] = by_group, errors
            columns["group_spread"] = column
        if failed:
            notes.append(f"{failed} of {trainings} trainings failed; the sets they belong to are left out.")
        summary |= {"estimator": self.kind, "law": "bootstrap", "trainings": trainings, "failed": failed}
        return Ranking(problem.ids, columns, summary, notes=tuple(notes))


def _spread(
    design: TwoKeys, outcomes: Outcomes, problem: Problem
) -> tuple[float, float, float, float, float | None, OverProbes | None]:
    """Spread, its standard error and interval over sets; in nats where outcomes are probabilities; over probes."""
    shape = (design.source.size // design.draws, design.keys, design.draws)
    whole = outcomes.ok.reshape(shape).all((1, 2))
    if whole.sum() < 2:
        raise TrainingError("Fewer than two sets of resampled seeds trained without a failure, so no spread is known.")
    values = outcomes.values.reshape(*shape, -1)[whole].astype(np.float64)
    points = problem.geometry.embed(values)
    spread, se, low, high = (float(x) for x in bootstrap_spread(points[:, 0], points[:, -1]))
    nats = None
    if isinstance(problem.geometry, SupportsEntropy):
        entropy = problem.geometry.entropy
        nats = float(np.mean([paired_spread_nats(v[0], v[-1], entropy) for v in values]))
    products = np.mean([paired_products(p[0], p[-1]) for p in points], axis=0)
    beyond = of_sum(spread, se, float(len(points) - 1), products, problem, problem.stream)
    return spread, se, low, high, nats, beyond


def bootstrap_spread(first: Floats, second: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Spread, standard error and interval from (sets, …, draws, D) outcomes under each set's two keys.

    A set's spread is a variance, skewed like χ² on m = 2 / CV² degrees of freedom, whose excess kurtosis is 12 / m: the
    variance of n of them has a relative error of 2 / (n − 1) + 6 CV² / n, and so fewer degrees of freedom than n − 1.
    """
    spread, _ = paired_spread(first, second)
    n = len(spread)
    value, se, _ = mean_and_se(spread)
    with np.errstate(divide="ignore", invalid="ignore"):
        # n is the largest CV² that n positive numbers can have
        scatter = np.where(value > 0, np.minimum(n * (se / value) ** 2, n), n)
    degrees = 2.0 / (2.0 / (n - 1) + 6.0 * scatter / n)
    return value, se, *interval(value, t_quantile(0.975, degrees) * se)
