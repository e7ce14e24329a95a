"""Basins: train an ensemble, see whether its outcomes are one cloud or several, and what tells those apart."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from activeseed.analyses.basins.candidates import candidate_of
from activeseed.analyses.basins.counting import basins_of, fewest_of, support_of
from activeseed.analyses.basins.flow import as_points, pairs_design, seen_from_the_end, training_of
from activeseed.analyses.basins.hanging import hanging_of
from activeseed.analyses.basins.landscape import Basin, Candidate, Landscape, Sweep, Swept, Training
from activeseed.analyses.basins.sweeping import Seen, changes_between, choices_of, rows_at
from activeseed.analyses.basins.telling import (
    ALIKE,
    medoid,
    name_of,
    share_errors,
    share_interval,
    telling_items,
    telling_probes,
    view_of,
    wrong_share,
)
from activeseed.analyses.sides import Side, drawn, rows_of
from activeseed.checked import SettingsRecord
from activeseed.errors import PlanError, TrainingError
from activeseed.estimators.leave_one_out import ROUNDING
from activeseed.geometries import decisions_of
from activeseed.plan import Explicit, Floats, Ints, Rows, generator, stream_key
from activeseed.protocols import TRAJECTORY, Cost, Problem, Request, Run

if TYPE_CHECKING:
    from activeseed.outcome import Outcomes

Of = Literal["belief", "keys", "seeds"]

_OF: dict[Of, str] = {
    "belief": "seeds drawn from what is believed",
    "keys": "trainings of the seed as it stands, that differ in their key",
    "seeds": "the seeds that were named",
}


class Basins(SettingsRecord):
    """One basin or several: the ensemble's outcomes, clustered; what tells the basins apart; training as a flow.

    >>> study = act.Study.open("work")
    >>> found = study.analyse(act.Basins(draws=40, resamples=4, follow=0))
    >>> found.trained, sum(b.members for b in found.basins)
    (40, 40)

    Attributes:
        of: members are seeds drawn from the ``belief``, the seed as it stands under many ``keys``, or the ``seeds``
            that are named.
        draws: members; of named seeds, trainings of each.
        keys: replicates that members share in turn; 0 gives each its own, so that members are independent.
        alpha: level at which one basin is told as two (twice that was measured of small ensembles), and family-wise
            error of naming an item.
        most: basins at most.
        resamples: subsets of the ensemble in which basins are counted again.
        follow: members whose training is looked at, where the trainer hands that out; 0 follows none.
        pairs: pairs of trainings from which rates are told.
        sweep: path of a setting -> the values at which an ensemble is trained; none named takes all that the trainer
            names.
        seeds: that are named: the ensemble itself (``of = "seeds"``), else what is held against its basins.
        seed_keys: trainings of each seed that is held against the basins.
    """

    kind: Literal["basins"] = "basins"
    of: Of = "belief"
    draws: int = Field(default=200, ge=2, le=100_000)
    keys: int = Field(default=0, ge=0)
    alpha: float = Field(default=0.01, ge=1e-4, le=0.2)
    most: int = Field(default=8, ge=2, le=100)
    resamples: int = Field(default=24, ge=0, le=10_000)
    follow: int = Field(default=64, ge=0)
    pairs: int = Field(default=16, ge=0, le=10_000)
    sweep: Mapping[str, tuple[Any, ...]] = Field(default_factory=dict)
    seeds: tuple[Side, ...] = ()
    seed_keys: int = Field(default=8, ge=1, le=10_000)

    # --- what is trained ----------------------------------------------------------------------------------------------

    @property
    def reads_belief(self) -> bool:
        """Where seeds are drawn: see ``protocols.SupportsPriors``."""
        return self.of == "belief"

    def ensemble(self, problem: Problem) -> tuple[Rows, tuple[str, ...]]:
        """The members, and what each is called where seeds were named. Raises PlanError where they can't differ."""
        self._check(problem)
        if self.of == "belief":
            return drawn(problem, self.draws, self.keys or self.draws).rows, ()
        first = problem.key
        times = 1 if problem.deterministic else self.draws
        which = np.arange(times) % (self.keys or times)
        if self.of == "keys":
            variants = np.tile(np.array(problem.base, np.int16), (times, 1))
            return Rows(variants, first + which.astype(np.int64)), ()
        rows = rows_of(problem, self.seeds).take(np.repeat(np.arange(len(self.seeds)), times))
        if not problem.deterministic:  # no two members share a key, so that they are independent
            own = np.arange(len(rows)) if not self.keys else np.tile(which, len(self.seeds))
            rows = replace(rows, keys=first + own.astype(np.int64))
        return rows, tuple(s.name for s in self.seeds for _ in range(times))

    def _check(self, problem: Problem) -> None:
        if self.of == "keys" and problem.deterministic:
            raise PlanError(
                "This trainer has no randomness: the seed as it stands ends the same under any key. Draw seeds "
                "(of = 'belief'), or give the trainer something random (minibatch, init_scale, an MLP)."
            )
        if self.of == "seeds" and len(self.seeds) < 2:
            raise PlanError(f"{len(self.seeds)} seeds are named. Name two at least, to see whether they end together.")

    def _swept(self, problem: Problem) -> list[tuple[str, int, tuple[int, ...]]]:
        return [(path, *choices_of(problem, path, values)) for path, values in self.sweep.items()]

    def _pairs(self, problem: Problem) -> int:
        """Pairs that differ: without randomness only the small change does, once an item."""
        return min(self.pairs, len(problem.seed)) if problem.deterministic else self.pairs

    def _follows(self, problem: Problem) -> bool:
        """Whether training is looked at: a state of that name may be anything where no steps are told."""
        return self.follow > 1 and TRAJECTORY in problem.states and bool(problem.steps)

    def cost(self, problem: Problem) -> Cost:
        """See ``protocols.Analysis``: the ensemble, at each value of a sweep; those that are followed; named seeds."""
        members = len(self.ensemble(problem)[0])
        rows = members * (1 + sum(len(chosen) for _, _, chosen in self._swept(problem)))
        if self._follows(problem):
            rows += min(self.follow, members) + 3 * self._pairs(problem)
        if self.of != "seeds":
            rows += len(self.seeds) * (1 if problem.deterministic else self.seed_keys)
        return problem.each * rows

    # --- the run ------------------------------------------------------------------------------------------------------

    def run(self, problem: Problem) -> Run[Landscape]:
        """See ``protocols.Analysis``.

        Raises:
            PlanError: members that can't differ, a setting that can't be swept so.
            TrainingError: fewer than two trained.
        """
        rows, names = self.ensemble(problem)
        swept = self._swept(problem)
        outcomes = yield Request(Explicit(rows), "an ensemble")
        ok = np.flatnonzero(outcomes.ok)
        if len(ok) < 2:
            why = next(iter(outcomes.failures.values()), "")
            raise TrainingError(
                f"Of {len(outcomes)} trainings {len(ok)} succeeded: two are needed to see an ensemble."
                + (f" The first failed: {why}" if why else "")
            )
        points, values = problem.geometry.embed(outcomes.values[ok]), np.asarray(outcomes.values[ok], np.float64)
        basins, support = self._counted(problem, points, "")
        found = self._landscape(problem, rows.take(ok), points, values, basins)
        found = replace(
            found, support=support, failed=len(outcomes) - len(ok), rows=tuple(ok.tolist()),
            names=tuple(names[r] for r in ok) if names else (), notes=self._notes(problem, found, points, support),
        )  # fmt: skip
        sweeps = []
        for path, setting, chosen in swept:
            sweeps.append((yield from self._sweep(problem, rows, path, setting, chosen)))
        training = None
        if self._follows(problem):
            training = yield from self._training(problem, rows, outcomes, found)
        told: tuple[Candidate, ...] = ()
        if self.seeds and self.of != "seeds":
            told = yield from self._candidates(problem, points, basins)
        return replace(found, sweeps=tuple(sweeps), training=training, candidates=told)

    def _counted(self, problem: Problem, points: Floats, at: str) -> tuple[Ints, dict[int, float]]:
        """The basin of each member, and how often each number of them is found in subsets."""
        if _variance(points) <= ROUNDING:
            return np.zeros(len(points), np.int64), {1: 1.0} if self.resamples else {}
        dice = generator(problem.stream, "basins", at)
        basins = basins_of(points, dice, alpha=self.alpha, most=self.most)
        return basins, support_of(points, dice, alpha=self.alpha, most=self.most, resamples=self.resamples)

    def _again(self, problem: Problem, points: Floats, at: str, subsets: int) -> dict[int, float]:
        """How often each number of basins is found in so many subsets."""
        if not self.resamples or _variance(points) <= ROUNDING:
            return {1: 1.0} if self.resamples else {}
        dice = generator(problem.stream, "basins", at, "again")
        return support_of(points, dice, alpha=self.alpha, most=self.most, resamples=subsets)

    def _landscape(self, problem: Problem, rows: Rows, points: Floats, values: Floats, basins: Ints) -> Landscape:
        """What is said of the basins, without what more trainings would say."""
        decided = decisions_of(problem.geometry)
        errors = share_errors(points, basins, rows.keys if 0 < self.keys < len(rows) else None)
        spread = _variance(points)
        told, within = [], 0.0
        for k in range(int(basins.max()) + 1):
            mine = basins == k
            center = medoid(points, basins, k)
            within += float(((points[mine] - points[mine].mean(0)) ** 2).sum())
            share = float(mine.mean())
            low, high = share_interval(share, float(errors[k]), len(basins))
            mean = values[mine].mean(0)
            wrong = wrong_share(problem, mean)
            told.append(
                Basin(
                    name=name_of(k), members=int(mine.sum()), share=share, share_se=float(errors[k]), share_low=low,
                    share_high=high, spread=_variance(points[mine]), representative=center,
                    changes={
                        item.id: item.variants[int(v)].id
                        for item, v, stands in zip(problem.seed.items, rows.variants[center], problem.base, strict=True)
                        if v != stands
                    },
                    key=int(rows.keys[center]),
                    approves=float("nan") if decided is None else float((mean > 0.5) @ decided),
                    quality=float("nan") if wrong is None else 1.0 - float(wrong),
                    view=view_of(problem, values, basins, k, decided),
                )
            )  # fmt: skip
        whole = float(((points - points.mean(0)) ** 2).sum())
        dice = generator(problem.stream, "basins", "items")
        return Landscape(
            basins=tuple(told), support={}, trained=len(basins), failed=0, fewest=fewest_of(len(basins)),
            alpha=self.alpha, spread=spread, between=1.0 - within / whole if spread > ROUNDING else 0.0,
            items=telling_items(problem, rows.variants, basins, dice, self.alpha),
            probes=telling_probes(problem, values, basins, decided), members=tuple(name_of(int(b)) for b in basins),
            rows=(), names=(), points=as_points(seen_from_the_end(points[:, None])[:, 0]), unit=problem.geometry.unit,
            of=_OF[self.of],
        )  # fmt: skip

    def _notes(
        self, problem: Problem, found: Landscape, points: Floats, support: Mapping[int, float]
    ) -> tuple[str, ...]:
        notes, n = [], found.trained
        needed = 2 * found.fewest + 2
        different = len(np.unique(np.round(points, 7), axis=0))
        if found.spread <= ROUNDING:
            notes.append(
                "All trainings ended the same: one basin, and no spread."
                + (" Nothing is left unclear in the seed." if problem.law.probabilities.max(1).min() >= 1.0 else "")
            )
        elif n < needed:
            notes.append(f"{n} trainings are too few to tell two basins: {needed} are needed at least. Raise draws.")
        else:
            notes.append(
                f"With {n} members a basin is seen that holds {found.fewest} or more of them "
                f"({100 * found.fewest / n:.0f} %); smaller ones would need more draws."
            )
            if different < n / 2:
                notes.append(
                    f"Members end in only {different} different outcomes: where few items decide, each combination of "
                    "them may be a basin of its own."
                )
        if support and support.get(found.number, 0.0) < 0.8 and found.spread > ROUNDING:
            others = ", ".join(f"{k} in {100 * s:.0f} %" for k, s in support.items())
            notes.append(
                f"The number of basins is not sure: of the ensemble's subsets, {others}. More draws would tell."
            )
        if found.number > 1 and not any(i.distinguishable for i in found.items):
            notes.append(
                "No item tells the basins apart: into which one a training falls is "
                + (
                    "decided by several items together."
                    if problem.deterministic
                    else "left to its key, or to several items together."
                )
            )
        if found.number > 1 and all(b.view == ALIKE for b in found.basins):
            notes.append("No basin judges a probe otherwise than the others: they differ in degree only.")
        if found.number >= self.most:
            notes.append(f"There may be more than {self.most} basins: raise most.")
        return tuple(notes)

    def _sweep(
        self, problem: Problem, rows: Rows, path: str, setting: int, chosen: tuple[int, ...]
    ) -> Generator[Request, Outcomes, Sweep]:
        factor = problem.settings[setting]
        seen = []
        for choice in chosen:
            value = factor.choices[choice].setting
            outcomes = yield Request(
                Explicit(rows_at(problem, rows, setting, choice)), f"an ensemble at {path} = {value}"
            )
            ok = np.flatnonzero(outcomes.ok)
            if len(ok) < 2:
                nothing = Swept(value, choice == factor.stands, len(ok), 0, {}, (), float("nan"), "", {})
                seen.append(Seen(nothing))
                continue
            points = problem.geometry.embed(outcomes.values[ok])
            basins, support = self._counted(problem, points, f"{path}={value}")
            stream = stream_key(problem.stream, "basins", "tops", path, str(value))
            hangs = hanging_of(points, None, rows.variants[ok], problem.ids, stream)
            shares = tuple((np.bincount(basins) / len(ok)).tolist())
            swept = Swept(
                value, choice == factor.stands, len(ok), len(shares), support, shares, _variance(points), hangs.top,
                hangs.tops,
            )  # fmt: skip
            seen.append(Seen(swept, hangs, partial(self._again, problem, points, f"{path}={value}")))
        changes = changes_between(path, [s for s in seen if s.swept.number])
        return Sweep(path, tuple(s.swept for s in seen), tuple(line for lines in changes for line in lines))

    def _training(
        self, problem: Problem, rows: Rows, outcomes: Outcomes, found: Landscape
    ) -> Generator[Request, Outcomes, Training | None]:
        """The members that are followed: spread evenly over the ensemble, since its order may mean something."""
        of = np.unique(np.linspace(0, len(found.rows) - 1, min(self.follow, len(found.rows))).astype(np.int64))
        part = rows.take(np.array(found.rows)[of])
        answer = yield Request(Explicit(part), "an ensemble through training", state=TRAJECTORY)
        seen = np.asarray(answer.values, np.float64)
        good = np.isfinite(seen).all((1, 2))
        pairs, change = None, ""
        if count := self._pairs(problem):
            dice = generator(problem.stream, "basins", "pairs")
            design, change = pairs_design(problem, count, problem.first_key + len(rows), dice)
            answer = yield Request(design, "pairs of trainings", state=TRAJECTORY)
            pairs = np.asarray(answer.values, np.float64)
            pairs = pairs.reshape(count, 3, *pairs.shape[1:])
            pairs = pairs[np.isfinite(pairs).all((1, 2, 3))]
        if good.sum() < 2:
            return None
        names = [found.members[i] for i in of[good]]
        dice = generator(problem.stream, "basins", "training")
        return training_of(problem, problem.geometry, seen[good], names, pairs, change, dice)

    def _candidates(
        self, problem: Problem, points: Floats, basins: Ints
    ) -> Generator[Request, Outcomes, tuple[Candidate, ...]]:
        times = 1 if problem.deterministic else self.seed_keys
        rows = rows_of(problem, self.seeds).take(np.repeat(np.arange(len(self.seeds)), times))
        if not problem.deterministic:  # keys that no member has: what both have in common would make them look near
            beyond = self.draws + 2 * self.pairs
            rows = replace(rows, keys=rows.keys + beyond + np.tile(np.arange(times), len(self.seeds)))
        outcomes = yield Request(Explicit(rows), "seeds that are held against the basins")
        told = []
        for s, side in enumerate(self.seeds):
            mine = np.arange(s * times, (s + 1) * times)
            good = mine[outcomes.ok[mine]]
            if len(good):
                told.append(candidate_of(side.name, problem.geometry.embed(outcomes.values[good]), points, basins))
        return tuple(told)


def _variance(points: Floats) -> float:
    """Variance over members: mean squared distance from their mean, n − 1 in the denominator; 0 of a single one."""
    found = float(((points - points.mean(0)) ** 2).sum() / (len(points) - 1)) if len(points) > 1 else 0.0
    return found if found > ROUNDING else 0.0  # members that ended alike have a mean that rounding moved
