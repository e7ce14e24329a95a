"""Effects, spread and indices under any distance between outcomes, beside those of the study's own geometry.

Where √d embeds in a Hilbert space, d(x, y) = ‖ψ(x) − ψ(y)‖², everything is as with embedded outcomes, of which only
distances are known: an effect is ‖E ψ(changed) − E ψ(base)‖², and first-order and total indices are those of the kernel
(da Veiga 2021; a total index is ½ E d(y(a), y(a⁽ⁱ⁾)) with its noise removed). Any other distance has no variance to
decompose: effects and spread are energy distances (Székely & Rizzo 2013), and there are no indices.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field, ValidatorFunctionWrapHandler, field_validator

from activeseed.checked import SettingsRecord
from activeseed.column import Column
from activeseed.distances.divergences import JensenShannon
from activeseed.distances.named import DistanceSetting, distance_named, would_import
from activeseed.distances.reading import even
from activeseed.errors import ConfigError, PlanError, TrainingError
from activeseed.estimators.auto import JANSEN_KEYS, REGRESSION_KEYS
from activeseed.estimators.columns import EFFECTS
from activeseed.estimators.distance_columns import columns_of, effects_by_distance
from activeseed.estimators.distance_products import energy_spread, least_of, measured, points_of
from activeseed.estimators.jansen import Jansen, rows_of, total_indices
from activeseed.estimators.laws import drawing_law, open_items
from activeseed.estimators.leave_one_out import LeaveOneOut
from activeseed.estimators.regression import Regression, indices
from activeseed.laws import LawName, law_named
from activeseed.laws.named import would_import as law_would_import
from activeseed.outcome import Bools, Outcomes, Ranking, Summary
from activeseed.plan import Design, Floats
from activeseed.protocols import REPRESENTATION, Cost, Distance, Json, Problem, Request, Run

#: what was read of rows: (R, …) values, and (R,) those that are known
Seen = tuple[Floats, Bools]


class ByDistance(SettingsRecord):
    """Ranks by how far items move the outcome under a distance.

    Attributes:
        distance: by its table (``kind`` and its settings, or ``package.module:Name``), or a record.
        keys: replicates of every effect; 8 for standard errors, ties and stars.
        law: reference law of the effects, as of ``LeaveOneOut``.
        alpha: family-wise error of *distinguishable*.
        trainings (in files and calls: ``rows``): rows that first-order indices are regressed on; None is as many as
            ``Regression`` takes, 0 leaves these indices out.
        pairs: assignments under two keys each, for the spread.
        bases: assignments at which total indices redraw items; 0 leaves total indices out.
    """

    model_config = ConfigDict(serialize_by_alias=True, arbitrary_types_allowed=True)

    kind: Literal["by_distance"] = "by_distance"
    distance: DistanceSetting = Field(default_factory=JensenShannon)
    keys: int = Field(default=8, ge=2)
    law: LawName = "drop"
    alpha: float = Field(default=0.05, gt=0.0, lt=1.0)
    trainings: int | None = Field(default=None, ge=0, alias="rows")
    pairs: int = Field(default=64, ge=3)
    bases: int = Field(default=24, ge=0)

    @field_validator("distance", mode="wrap")
    @classmethod
    def _said_where(cls, value: Any, read: ValidatorFunctionWrapHandler) -> Any:
        """A mistake in the distance's own table is one in this table of the file."""
        try:
            return read(value)
        except ConfigError as error:
            raise ConfigError(f"[estimator] {error}") from error

    def would(self, folder: Path) -> tuple[str, Json] | None:
        """See ``protocols.SupportsAgreement``."""
        found = (law_would_import((self.law,)), would_import(self.distance))
        would = [w for w in found if w is not None]
        return (" and ".join(words for words, _ in would), [record for _, record in would]) if would else None

    def measure(self) -> Distance:
        """The distance itself; somebody else's is imported. Raises ConfigError."""
        return distance_named(self.distance)

    @property
    def columns(self) -> tuple[Column, ...]:
        """See ``protocols.Estimator``: those of the geometry's own effects, and those of the distance."""
        found = self.measure()
        return (*EFFECTS, *columns_of(found, found.embeds and self.trainings != 0, found.embeds and self.bases > 0))

    def with_law(self, law: str) -> ByDistance:
        """See ``protocols.SupportsLaw``."""
        law_named(law)
        return self.model_copy(update={"law": law})

    def response(self) -> Regression:
        """See ``protocols.SupportsResponse``: the regression, in the study's geometry."""
        return Regression(rows=self.trainings or None, pairs=self.pairs)

    @property
    def regresses_outcomes(self) -> bool:
        """Whether the rows of its response are among its own."""
        found = self.measure()
        return found.embeds and self.trainings != 0 and found.reads != "representations"

    @property
    def _effects(self) -> LeaveOneOut:
        return LeaveOneOut(keys=self.keys, law=self.law, alpha=self.alpha)

    def unaffordable(self, problem: Problem) -> tuple[str, ...]:
        """See ``protocols.SupportsUnaffordable``."""
        return self._effects.unaffordable(problem)

    def cost(self, problem: Problem) -> Cost:
        """See ``protocols.Analysis``; of representations the effects' rows are trained twice: once to look inside."""
        distance = self.measure()
        out = self._effects.cost(problem)
        if distance.reads == "representations":
            out += out
        if len(open_items(drawing_law(problem))):
            out += problem.each * ((1 if problem.deterministic else 2) * self.pairs)
            if distance.embeds and self.trainings != 0:
                out += problem.each * self.response().designs(problem)[1].size
            if distance.embeds and self.bases:
                out += Jansen(bases=max(3, self.bases)).cost(problem)
        return out

    def run(self, problem: Problem) -> Run[Ranking]:
        distance = self.measure()
        if distance.reads == "representations" and REPRESENTATION not in problem.states:
            raise PlanError(
                f"{distance.words}: this trainer hands out no representation of the places. Compare its outcomes, by "
                'kind = "kendall" or "jensen_shannon" say, or use a trainer with a hidden layer.'
            )
        compared, design = self._effects.design(problem)
        outcomes = yield Request(design, f"effects ({compared.words})")
        weights = weights_of(problem, outcomes)
        seen, more = yield from _looked(distance, problem, design, compared.words, outcomes)
        own = self._effects.ranked(problem, compared, design, outcomes)
        apart = measured(distance, weights, compared, design, *seen)
        least = least_of(distance, weights, *seen)
        ranking = own.join(effects_by_distance(problem, distance, apart, compared, self._effects, least))
        trained = [outcomes, *more]
        if len(open_items(drawing_law(problem))):
            rest, parts = yield from self._between_seeds(problem, distance, weights)
            ranking, trained = ranking.join(rest), [*trained, *parts]
        summary: Summary = {
            "estimator": self.kind,
            "law": self.law,
            "distance": distance.words,
            "distance_unit": distance.unit,
            "distance_embeds": distance.embeds,
            "trainings": sum(map(len, trained)),
            "failed": int(sum(np.sum(~o.ok) for o in trained)),
        }
        return replace(ranking.join(Ranking(problem.ids, summary=summary)), by="distance_effect")

    def _between_seeds(
        self, problem: Problem, distance: Distance, weights: Floats
    ) -> Generator[Request, Outcomes, tuple[Ranking, list[Outcomes]]]:
        """Spread under the belief, and the indices where the distance has any."""
        shifted = replace(problem, first_key=problem.first_key + REGRESSION_KEYS)
        state = REPRESENTATION if distance.reads == "representations" else ""
        columns: dict[str, NDArray[Any]] = {}
        trained: list[Outcomes] = []
        regression = self.response()
        coding, regressed, paired = regression.designs(shifted)
        indexed = distance.embeds and self.trainings != 0
        if indexed:
            rows = yield Request(regressed, "first-order indices by distance", state=state)
            trained.append(rows)
        pairs = yield Request(paired, "spread by distance", state=state)
        trained.append(pairs)
        both = pairs.ok.reshape(self.pairs, -1).all(1)
        if both.sum() < 3:
            raise TrainingError("Fewer than three assignments trained under both of their keys, so no spread is known.")
        raw = pairs.values.reshape(self.pairs, -1, *pairs.values.shape[1:])[both].astype(np.float64)
        first, second = raw[:, 0], raw[:, -1]
        spread, error, floor = energy_spread(distance, first, second, weights)
        if indexed:
            drawn, two = regressed.block(0, regressed.size), paired.block(0, paired.size)
            n, m = int(rows.ok.sum()), int(both.sum())
            every = np.concatenate([rows.values[rows.ok].astype(np.float64), first, second])
            z = points_of(distance, every, weights)
            shape = (self.pairs, -1)
            found = indices(
                coding, drawn.variants[rows.ok], drawn.keys[rows.ok], z[:n],
                two.variants.reshape(*shape, two.variants.shape[1])[both, 0], two.keys.reshape(shape)[both, 0],
                z[n : n + m], z[n + m :], regression.groups,
            )  # fmt: skip
            spread, error = found.spread, found.spread_se
            columns |= {
                "distance_first_order": found.first_order, "distance_first_order_se": found.se,
                "distance_first_order_low": found.low, "distance_first_order_high": found.high,
            }  # fmt: skip
        if distance.embeds and self.bases:
            totals, outcomes = yield from self._totals(problem, distance, weights, state)
            columns |= totals
            trained.append(outcomes)
        summary: Summary = {
            "distance_spread": spread, "distance_spread_se": error, "distance_noise_floor": floor,
        }  # fmt: skip
        return Ranking(problem.ids, columns, summary), trained

    def _totals(
        self, problem: Problem, distance: Distance, weights: Floats, state: str
    ) -> Generator[Request, Outcomes, tuple[dict[str, NDArray[Any]], Outcomes]]:
        """Total indices: at each base, the item alone redrawn, under two keys."""
        shifted = replace(problem, first_key=problem.first_key + JANSEN_KEYS)
        jansen = Jansen(bases=max(3, self.bases))
        parts, chances = jansen.designs(shifted)
        design, base, changed = rows_of(parts)
        outcomes = yield Request(design, "total indices by distance", state=state)
        items = jansen.redrawn(shifted)
        good = np.asarray((outcomes.ok[base] & outcomes.ok[changed]).all(-1))
        out: dict[str, NDArray[Any]] = {
            f"distance_total{end}": np.zeros(len(problem.seed)) for end in ("", "_se", "_low", "_high")
        }
        for column in out.values():
            column[items] = np.nan
        for n, f in enumerate(items):
            known = good[:, n]
            if known.sum() < 2:
                continue
            at = np.concatenate([rows[known, n, k] for k in (0, -1) for rows in (changed, base)])
            z = points_of(distance, outcomes.values[at].astype(np.float64), weights).reshape(4, int(known.sum()), -1)
            found = total_indices(z[0] - z[1], z[2] - z[3], chances[known, n])
            for end, value in zip(out, (found.value, found.se, found.low, found.high), strict=True):
                out[end][f] = float(value)
        return out, outcomes


def weights_of(problem: Problem, outcomes: Outcomes) -> Floats:
    """(P,) weights of the places, summing to one."""
    if not problem.places:
        return even(outcomes.values.shape[1])
    given = np.array([p.weight for p in problem.places], np.float64)
    return np.asarray(given / given.sum())


def _looked(
    distance: Distance, problem: Problem, design: Design, words: str, outcomes: Outcomes
) -> Generator[Request, Outcomes, tuple[Seen, list[Outcomes]]]:
    """What the distance reads of the rows: their outcomes, or their representations."""
    if distance.reads != "representations":
        return (outcomes.values.astype(np.float64), outcomes.ok), []
    inside = yield Request(design, f"representations ({words})", state=REPRESENTATION)
    return (inside.values.astype(np.float64), inside.ok & outcomes.ok), [inside]
