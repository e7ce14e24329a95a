"""Learning rates: the trainer level's structural stability. How wide is the range of rates that train to one end?

On curvature λ gradient descent converges for rates in (0, 2/λ), and with a heavy ball of momentum β in
(0, (2 + 2β)/λ): momentum widens the range (Goh 2017, "Why momentum really works").
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from activeseed.analyses.rates.found import RateRange, RateRanges, TriedRate
from activeseed.analyses.rates.ranges import Ends, ends_of
from activeseed.analyses.sides import Side, rows_of
from activeseed.checked import SettingsRecord
from activeseed.errors import PlanError, TrainingError, nearest
from activeseed.estimators.statistics import ENOUGH_KEYS, mean_and_se
from activeseed.plan import Explicit, Floats, Rows, with_keys
from activeseed.protocols import Cost, Problem, Request, Run

if TYPE_CHECKING:
    from activeseed.factor import Factor
    from activeseed.outcome import Outcomes
    from activeseed.seed import Json

#: a training is never made longer than this
_MOST_STEPS = 100_000


class LearningRates(SettingsRecord):
    """The acceptable range of learning rates, in decades, at each momentum.

    A rate is acceptable under a key when training at it does not fail and its outcome lies within ``tolerance`` of
    where training leads: the outcome at the rate that stands after ``longer`` times as many steps, under the same key
    (of a trainer without a setting ``steps``, the outcome that stands). Rates are real trainings on a grid; the ends of
    the run of acceptable ones that is nearest to the rate that stands are halved. Errors are over keys.

    >>> study = act.Study.open("work")
    >>> found = study.analyse(act.LearningRates(octaves=3, halvings=1, keys=1))
    >>> [r.momentum for r in found.ranges]
    [0.0, 0.5, 0.9]

    Attributes:
        setting: path of the learning rate in the trainer's settings; ``learning_rate_init`` of scikit-learn's networks.
        momentum: values of the setting ``momentum``; None takes those that the trainer names, where it has any.
        tolerance: the largest distance (the root of the study's own squared distance) that counts as having arrived.
        longer: see above; 1 takes the outcome that stands.
        octaves: the grid reaches so many doublings to either side of the rate that stands.
        steps_an_octave: rates of the grid in each.
        halvings: of each end.
        keys: trainings at each rate, where the trainer has randomness.
        side: the seed that is trained.
    """

    kind: Literal["learning_rates"] = "learning_rates"
    setting: str = "learning_rate"
    momentum: tuple[float, ...] | None = None
    tolerance: float = Field(default=0.05, gt=0)
    longer: int = Field(default=4, ge=1, le=1000)
    octaves: int = Field(default=8, ge=1, le=40)
    steps_an_octave: int = Field(default=1, ge=1, le=16)
    halvings: int = Field(default=4, ge=0, le=30)
    keys: int = Field(default=ENOUGH_KEYS, ge=1, le=1000)
    side: Side = Side()

    @property
    def reads_belief(self) -> bool:
        """Nothing of what is believed is read."""
        return False

    def cost(self, problem: Problem) -> Cost:
        """See ``protocols.Analysis``: keys × (1 + momenta × (grid + 2 · halvings)); a row counts as a standing one."""
        rates = len(self._grid(problem)) + 2 * self.halvings
        return problem.each * (self._keys(problem) * (1 + len(self._momenta(problem)) * rates))

    # --- what is trained ----------------------------------------------------------------------------------------------

    def _keys(self, problem: Problem) -> int:
        return 1 if problem.deterministic else self.keys

    def _factor(self, problem: Problem, path: str) -> Factor | None:
        return next((f for f in problem.settings if f.id == path), None)

    def _standing(self, problem: Problem) -> float:
        """The rate that stands; where it is left open, the middle of those that the trainer names."""
        factor = self._factor(problem, self.setting)
        if factor is None:
            names = [f.id for f in problem.settings]
            raise PlanError(
                f"This trainer has no setting {self.setting!r}, so its rates can't be varied."
                + nearest(self.setting, names)
                + " A trainer of your own declares it: varies = {learning_rate = [0.1, 0.05, 0.2]}."
            )
        now = factor.choices[factor.stands].setting
        named = [c.setting for c in factor.choices] if now is None else [now]
        numbers = [float(v) for v in named if isinstance(v, int | float) and not isinstance(v, bool) and v > 0]
        if not numbers:
            raise PlanError(f"{self.setting!r} is {now!r}: a learning rate is a number above 0.")
        return float(np.exp(np.mean(np.log(numbers))))

    def _grid(self, problem: Problem) -> list[float]:
        middle = self._standing(problem)
        count = self.octaves * self.steps_an_octave
        grid = [middle * 2.0 ** (n / self.steps_an_octave) for n in range(-count, count + 1)]
        decay = self._factor(problem, "l2")
        now = 0.0 if decay is None else decay.choices[decay.stands].setting
        if isinstance(now, int | float) and now > 0:  # beyond that a step of decay would throw weights past zero
            grid = [rate for rate in grid if rate * now < 0.999]
        return grid

    def _momenta(self, problem: Problem) -> Sequence[float | None]:
        factor = self._factor(problem, "momentum")
        if factor is None:
            if self.momentum:
                raise PlanError("This trainer has no setting 'momentum', so none can be named.")
            return [None]
        if self.momentum is not None:
            return list(dict.fromkeys(self.momentum))
        named = [c.setting for c in factor.choices]
        return sorted(float(v) for v in named if isinstance(v, int | float) and not isinstance(v, bool))

    def _where_to(self, problem: Problem) -> tuple[dict[str, Json], str]:
        """Settings of the training that says where training leads, and those in words."""
        steps = self._factor(problem, "steps")
        now = None if steps is None else steps.choices[steps.stands].setting
        if not isinstance(now, int) or isinstance(now, bool) or self.longer == 1:
            return {}, "the outcome that stands"
        longer = min(now * self.longer, max(now, _MOST_STEPS))
        return {"steps": longer}, f"the outcome at the rate that stands after {longer} steps (instead of {now})"

    # --- the run ------------------------------------------------------------------------------------------------------

    def run(self, problem: Problem) -> Run[RateRanges]:
        """See ``protocols.Analysis``.

        Raises:
            PlanError: a trainer without such a setting.
            TrainingError: the training that says where training leads failed.
        """
        grid, middle, keys = self._grid(problem), self._standing(problem), self._keys(problem)
        one = rows_of(problem, [self.side])
        rows = with_keys(one.take(np.zeros(keys, np.int64)), one.keys[0] + np.arange(keys, dtype=np.int64))
        settings, reference = self._where_to(problem)
        there = yield Request(Explicit(rows), "where training leads", settings=settings)
        if not there.ok.all():
            why = next(iter(there.failures.values()), "no reason was given")
            raise TrainingError(f"Where training leads can't be told, since {reference} could not be trained: {why}")
        goal = problem.geometry.embed(there.values)
        momenta = self._momenta(problem)
        found = []
        for momentum in momenta:
            said = {} if momentum is None else {"momentum": momentum}
            away = _Away(problem, rows, goal, self.setting, said)
            found.append((yield from ends_of(grid, middle, keys, self.tolerance, self.halvings, away)))
        each = np.log10(2.0) / self.steps_an_octave / 2**self.halvings
        ranges = [self._range(m, ends, found[0], grid, middle, each) for m, ends in zip(momenta, found, strict=True)]
        return RateRanges(
            setting=self.setting, standing=middle, reference=reference, tolerance=self.tolerance,
            unit=problem.geometry.unit, resolution=float(each), ranges=tuple(ranges),
            notes=tuple(_notes(ranges, keys, problem.deterministic)),
        )  # fmt: skip

    def _range(
        self, momentum: float | None, ends: Ends, first: Ends, grid: list[float], middle: float, each: float
    ) -> RateRange:
        known = np.isfinite(ends.width)
        width, se, reach = (float(x) for x in mean_and_se(ends.width))
        exact = len(known) == 1  # nothing but the resolution is left open; of one key among several, everything is
        if exact:
            se, reach = 0.0, 0.0
        more, _, more_reach = (float(x) for x in mean_and_se(ends.width - first.width))
        more_reach = 0.0 if exact else more_reach
        tried = tuple(
            TriedRate(
                rate, float(ends.near[n].mean()), float(np.isnan(ends.distances[n]).mean()),
                float(np.nanmedian(ends.distances[n])) if not np.isnan(ends.distances[n]).all() else float("nan"),
            )
            for n, rate in enumerate(grid)
        )  # fmt: skip
        low, high = (_middle(v[known]) for v in (ends.low, ends.high))
        return RateRange(
            momentum=momentum, low=low, high=high, width=width, width_se=se, width_low=width - reach - each,
            width_high=width + reach + each, keys=int(known.sum()), without=int((~known).sum()),
            least=bool((ends.inside[0] == ends.outside[0])[known].any()),
            most=bool((ends.inside[1] == ends.outside[1])[known].any()),
            fails_above=float(ends.failed[known].mean()) if known.any() else float("nan"),
            holds_standing=bool(low <= middle <= high), more=more,
            more_low=more - more_reach - 2 * each if ends is not first else 0.0,
            more_high=more + more_reach + 2 * each if ends is not first else 0.0, tried=tried,
        )  # fmt: skip


def _middle(values: Floats) -> float:
    """The geometric mean; NaN of nothing."""
    return float(np.exp(np.log(values).mean())) if len(values) else float("nan")


class _Away:
    """Distances from where training leads, of trainings at a rate."""

    def __init__(self, problem: Problem, rows: Rows, goal: Floats, setting: str, said: Mapping[str, Json]) -> None:
        self._problem, self._rows, self._goal = problem, rows, goal
        self._setting, self._said = setting, said

    def __call__(self, rate: float, keys: NDArray[np.int64]) -> Generator[Request, Outcomes, Floats]:
        settings = {**self._said, self._setting: float(f"{rate:.12g}")}
        beside = "".join(f", {name} {value}" for name, value in self._said.items())
        purpose = f"{self._setting} {rate:.4g}{beside}"
        answer = yield Request(Explicit(self._rows.take(keys)), purpose, settings=settings, may_fail=True)
        points = self._problem.geometry.embed(answer.values)
        away: Floats = np.sqrt(((points - self._goal[keys]) ** 2).sum(1))
        return np.where(answer.ok, away, np.nan)


def _notes(ranges: list[RateRange], keys: int, exact: bool) -> list[str]:
    notes = []
    if any(r.without for r in ranges):
        without = max(r.without for r in ranges)
        notes.append(
            f"Of {without} of {keys} keys no rate that was tried arrives under some momentum: widths leave them out. "
            "Train longer, or raise the tolerance."
        )
    if any(r.least or r.most for r in ranges):
        notes.append("Some ranges reach the end of the grid: they are at least so wide. Raise octaves.")
    if any(r.keys and not r.holds_standing for r in ranges[:1]):
        notes.append("The rate that stands is not among those that arrive: training stops before it gets there.")
    if exact:
        notes.append("The trainer has no randomness: intervals are the grid's resolution alone.")
    return notes
