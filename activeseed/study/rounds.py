"""The arithmetic of a study's rounds: assess, rank, close a round, decide whether to stop.

Writes to the journal only what it decides, a ranking or a closed round, each under a key of its own, so that a process
that died between deciding and acting decides nothing twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from activeseed.belief import author_law, calibration
from activeseed.column import Column, by_name
from activeseed.config import AskTable
from activeseed.errors import PlanError, nearest
from activeseed.estimators import Jansen
from activeseed.estimators.auto import REGRESSION_KEYS
from activeseed.estimators.columns import BELIEVED
from activeseed.geometries import decisions_of
from activeseed.outcome import Outcomes, Ranking, Summary, plain
from activeseed.plan import Explicit, Rows
from activeseed.protocols import Analysis, Estimator, Event, Request, SupportsLaw
from activeseed.questions import form_of
from activeseed.resolution import Refuted, Resolution, fits_better, refuted, resolve, vouch
from activeseed.resolution.drawing import WORTH
from activeseed.seed import AS_WRITTEN, Seed, digest_of
from activeseed.stopping import Progress as Standing
from activeseed.stopping import Verdict, budget, flips_below, nobody_to_rely_on, nothing_left, risk_below
from activeseed.study import trial
from activeseed.study.assess import (
    Assessment,
    asked_in_order,
    assess,
    flips,
    realised,
    surrogate_flips,
)
from activeseed.study.budget import expects
from activeseed.study.checks import Checks
from activeseed.study.choosing import NEAR, open_items
from activeseed.study.cost import analysis_parts, most_of, ranking_parts, ranks_by_response, round_parts
from activeseed.study.quality import judged_right, quality
from activeseed.study.special import writing_table

if TYPE_CHECKING:
    from activeseed.study.study import Study

T = TypeVar("T")


class Rounds:
    """One study's rounds."""

    def __init__(self, study: Study) -> None:
        self._study = study
        self._assessed: tuple[str, Assessment] | None = None

    # --- where it stands ----------------------------------------------------------------------------------------

    def settle(self) -> Resolution:
        """What the answers that count say about the newest seed."""
        study = self._study
        state, table = study.state, study.settings.belief
        seed = study.seed
        return resolve(
            seed,
            author_law(seed, table.base_rate, table.rest),
            state.questions,
            state.counted_answers,
            known=Checks(study).known,
            start=state.start,
            copies=state.own_copies,
            accuracy=stranger(study.settings.ask),
            list_error=study.settings.ask.list_error,
        )

    @property
    def given(self) -> str:
        """Names the answers that count: one that was deleted and another that came in its place are a change."""
        return digest_of([a.id for a in self._study.state.counted_answers]).hex()[:20]

    @property
    def _of(self) -> str:
        """Names what an assessment is of: a version of the seed, and the answers that count."""
        state = self._study.state
        return digest_of([state.current.id, state.current.number, [a.id for a in state.counted_answers]]).hex()

    @property
    def is_assessed(self) -> bool:
        """Whether this process has assessed where the study stands now."""
        return self._assessed is not None and self._assessed[0] == self._of

    def assessment(self) -> Assessment:
        """The newest version, assessed; computed once a version and set of answers."""
        study = self._study
        study.try_out()
        state = study.state
        key = self._of
        if self._assessed is None or self._assessed[0] != key:
            # evidence of an earlier look only: what this one finds must not depend on whether it was closed already
            now = (state.current.number, len(state.counted_answers))
            earlier = [r for r in state.rounds if (r["version"], r["answers"]) < now]
            before = earlier[-1].get("evidence") if earlier else None
            made = assess(
                study.seed,
                state.current.number,
                study.settings,
                study.trainer,
                study.system,
                study.materials,
                study.part("response"),
                self.settle(),
                None if before is None else np.array([np.nan if e is None else e for e in before]),
                self._preferences(),
                asked_in_order(state.questions, state.counted_answers),
            )
            self._assessed = (key, made)
        return self._assessed[1]

    def _preferences(self) -> list[tuple[int, float]]:
        """Answers about outcomes that count: (number of the place, 1 approve or 0 not), latest answer a person."""
        state = self._study.state
        places = {p.id: n for n, p in enumerate(self._study.system.places(self._study.materials))}
        items = {i.id: i for i in self._study.seed.items}
        latest: dict[tuple[str, str], tuple[int, float]] = {}
        for answer in state.counted_answers:
            question = state.questions[answer.question]
            for place, right in form_of(question).settles(question, answer, items).prefers.items():
                if place in places:
                    latest[answer.annotator, place] = places[place], right
        return list(latest.values())

    @expects("A ranking", most_of(ranking_parts))
    def rank(self, by: str | None, law: str | None) -> Ranking:
        """The full ranking, journalled."""
        study = self._study
        estimator = study.part("estimator")
        if law is not None:
            estimator = with_law(estimator, law)
        declared = (*estimator.columns, *study.part("response").columns, *Jansen().columns, *BELIEVED)
        column = _column(by, declared)
        before = study.budget.here
        assessment = self.assessment()
        problem = assessment.problem
        if estimator == study.part("response"):  # the very rows of the assessment, under its keys
            problem = replace(problem, first_key=problem.first_key + REGRESSION_KEYS)
        found = study.trainer.rank(estimator, problem)
        if column == "total" and "total" not in found.columns:
            found = found.join(study.trainer.rank(Jansen(), assessment.problem))
        ranking = study.trainer.marked(beside(found, assessment.ranking), problem)
        left = bool(assessment.belief.law.probabilities.max(1).min() < 1.0)
        ranking = replace(ranking, declared=tuple(c for c in by_name(declared).values() if c.name in ranking.columns))
        ranking = _ordered(ranking, column or _usual(ranking, left))
        counts = found.summary
        summary: Summary = {
            "system": study.system.kind,
            "outcome": assessment.problem.geometry.over,
            "unit": assessment.problem.geometry.unit,
            "estimator": estimator.kind,
            "trainings": counts.get("trainings", 0)
            + (0 if ranks_by_response(study, estimator, problem) else assessment.ranking.summary.get("trainings", 0)),
            "trainings_new": study.budget.here - before,
            "answers": len(study.state.counted_answers),
            "write_more": writing_table(
                found.summary.get("group_spread"), assessment.seed, study.settings.ask.minutes_write_more
            ),
            "law": found.summary.get("law", assessment.problem.law.name),
        }
        ranking = ranking.join(
            Ranking(ranking.ids, summary=summary, notes=(*trial.warnings(study), *study.trainer.warnings))
        )
        body = ranking.to_dict()
        study.store.append([Event("ranked", body, key=f"ranked:{digest_of(body).hex()}")])
        study.refresh()
        return ranking

    @expects("An analysis", most_of(analysis_parts))
    def analyse(self, analysis: Analysis[T]) -> T:
        """Any other analysis of where the study stands, driven and journalled like a ranking."""
        study = self._study
        before = study.budget.here
        assessment = self.assessment()
        result = study.trainer.run(analysis, assessment.problem)
        body: dict[str, Any] = {
            "kind": analysis.kind, "seed_version": assessment.seed.version,
            "trainings_new": study.budget.here - before,
        }  # fmt: skip
        study.store.append([Event("analysed", body)])
        study.refresh()
        return result

    # --- closing a round ----------------------------------------------------------------------------------------

    @expects("A round of questions", most_of(round_parts))
    def close(self) -> dict[str, Any]:
        """Record where the study stands after a round's answers were taken in, and whether it should stop."""
        study = self._study
        number = len(study.state.asked_rounds)
        answers = len(study.state.counted_answers)
        rules = study.settings.stopping.model_dump(mode="json")
        now = digest_of([number, study.state.current.number, study.state.current.id, self.given, rules]).hex()
        if study.state.rounds and study.state.rounds[-1]["of"] == now:
            return study.state.rounds[-1]
        assessment = self.assessment()
        places = study.system.places(study.materials)
        summary = assessment.ranking.summary
        checks = Checks(study)
        trust = checks.trust()
        right = judged_right(assessment.mean_outcome, places, decisions_of(assessment.problem.geometry))
        voucher = vouch(trust, probes=self._fits_better(right))
        body: dict[str, Any] = {
            "of": now,
            "round": number,
            "version": study.state.current.number,
            "seed_version": assessment.seed.version,
            "answers": answers,
            "given": self.given,
            "trainings": study.trainer.trainings,
            **{k: summary.get(k) for k in ("spread", "belief_spread", "risk", "noise_floor", "additive_share")},
            "ensemble_risk": summary.get("belief_spread"),
            **self._calibration(number),
            **self._moved(assessment),
            "forecast": self._forecast(number),
            "quality": quality(assessment.mean_outcome, places),
            "agreement": assessment.resolution.agreement.alpha,
            "agreement_by_confidence": assessment.resolution.agreement.interval,
            "reliability": {name: plain(vars_of(r)) for name, r in assessment.resolution.reliability.items()},
            "distrusted": list(trust.reasons) if trust.distrusted else [],
            "hopeless": voucher.hopeless,
            "undecided": list(trust.undecided),
            "vouched": dict(voucher.by),
            "unvouched": [] if study.settings.ask.error_is_stated else checks.unvouched(voucher),
            "right": right,
            "refuted": [vars_of(r) for r in self._refuted(assessment)],
            "evidence": None if assessment.evidence is None else assessment.evidence.tolist(),
            "credibility": assessment.belief.credibility.tolist(),
            "belief_used": assessment.belief.used,
        }
        body.update(self._limits(assessment))
        verdict = self.verdict(body, assessment)
        body["stop"] = verdict.stop
        body["stop_reasons"] = list(verdict.reasons)
        study.store.append([Event("round_closed", plain(body), key=f"round:{now}")])
        study.refresh()
        return study.state.rounds[-1]

    def _limits(self, assessment: Assessment) -> dict[str, Any]:
        """What stopping now would mean: by the surrogate, and by real trainings where that says that it is near."""
        study = self._study
        rule = study.settings.stopping
        if not (assessment.belief.law.probabilities.max(1) < 1.0).any():
            return {"flips": 0.0, "flips_mean": 0.0, "risk_limit": 0.0}
        guess = surrogate_flips(assessment, study.settings, study.state.current.number)
        out: dict[str, Any] = {}
        if guess is not None:
            out |= {"flips_guess": guess.mean, "flips_guess_upper": guess.upper}
        # late in a study hardly a row leaves out what nobody doubts any more, and the surrogate's tail is its noise: a
        # mean below the limit is reason enough to look
        near = rule.flips > 0 and guess is not None and (guess.upper <= NEAR * rule.flips or guess.mean <= rule.flips)
        near = near or (rule.risk > 0 and float(assessment.ranking.summary.get("risk", np.inf)) <= NEAR * rule.risk)
        if not near or not study.state.live_answers:
            return out
        weights = decisions_of(assessment.problem.geometry)
        if weights is not None and not _divided(assessment.mean_outcome[weights > 0]):
            # no decision could flip, whatever is believed: that says something about the probes, not about the seed
            return {**out, "one_sided": True}
        return out | flips(
            assessment, study.settings, study.trainer, study.system, study.materials, study.state.current.number
        )

    def verdict(self, body: dict[str, Any], assessment: Assessment) -> Verdict:
        """Whether to stop, and why."""
        study = self._study
        rule = study.settings.stopping
        state = study.state
        rules = nothing_left() | nobody_to_rely_on()
        if rule.flips > 0:
            rules = rules | flips_below(rule.flips)
        if rule.risk > 0:
            rules = rules | risk_below(rule.risk)
        if rule.answers or rule.minutes or rule.trainings:
            rules = rules | budget(
                answers=rule.answers or None, minutes=rule.minutes or None, trainings=rule.trainings or None
            )
        open_ = len(open_items(assessment.seed, assessment.belief, assessment.resolution, study.settings.ask.readings))
        standing = Standing(
            risk=_number(body.get("risk")),
            risk_upper=_number(body.get("risk_limit")),
            flips=_number(body.get("flips")),
            answers=len(state.live_answers),
            minutes=state.minutes,
            trainings=study.trainer.trainings,
            seconds=study.trainer.seconds,
            open_questions=open_,
            distrusted=(*body["distrusted"], *self._unanswered()),
            unvouched=tuple(body["unvouched"]),
            # further items that several people answer tell whether they agree
            can_vouch=bool(Checks(study).gold_left)
            or (study.settings.ask.annotators > 1 and self._unasked(assessment)),
            hopeless=bool(body["hopeless"]),
        )
        verdict = rules(standing)
        if rule.rounds and body["round"] >= rule.rounds:
            verdict = Verdict(True, (*verdict.reasons, f"the budget of {rule.rounds} rounds is used up"))
        return verdict

    def has_settled(self, record: dict[str, Any]) -> bool:
        """Whether a closed round's limits are below what the user set."""
        rule = self._study.settings.stopping
        by_flips = rule.flips > 0 and _number(record.get("flips")) <= rule.flips
        return by_flips or (rule.risk > 0 and _number(record.get("risk_limit")) <= rule.risk)

    def conditions(self, record: dict[str, Any]) -> list[str]:
        """What a settled study still hangs on: sentences, none where it is stable."""
        ask = self._study.settings.ask
        if ask.error_is_stated:
            return [
                f"that annotators err in {ask.error:.0%} of their answers is what you stated; nothing here tests it"
            ]
        return list(record["unvouched"])

    def _unasked(self, assessment: Assessment) -> bool:
        """Whether an item is left that nobody was asked about."""
        p = assessment.belief.law.probabilities.max(1)
        return any(x < 1.0 and not a for x, a in zip(p, assessment.belief.answered, strict=True))

    def _unanswered(self) -> tuple[str, ...]:
        """An author's belief that nobody has put to the test is no ground for calling a study stable."""
        return () if self._study.state.live_answers else ("nobody has answered anything yet",)

    def _calibration(self, number: int) -> dict[str, Any]:
        """What was believed of every asked item just before its answer, against the answer."""
        study = self._study
        resolution = self.settle()
        believed, author, stayed = [], [], []
        for body in study.state.asked_rounds[:number]:
            for item, (before, now) in body["credibility"].items():
                if item in resolution.standing:
                    believed.append(now)
                    author.append(before)
                    stayed.append(float(resolution.standing[item] == "as_written"))
        if not believed:
            return {"brier": None, "brier_author": None, "calibration": None}
        found = calibration(believed, stayed, author=author)
        return {"brier": found["brier"], "brier_author": found["brier_author"], "calibration": found}

    def _fits_better(self, right: list[bool]) -> bool:
        """Whether labelled probes vouch for the answers: the outcome fits them better than before anybody answered."""
        before = self._study.state.rounds[0].get("right") if self._study.state.rounds else None
        return bool(before) and len(before or ()) == len(right) and fits_better(before or (), right)

    def _refuted(self, assessment: Assessment) -> tuple[Refuted, ...]:
        """Stated rates that the answers to questions drawn at random refute."""
        state = self._study.state
        drawn = {i for q in state.questions.values() if q.drawn == "random" and q.purpose == "ask" for i in q.items}
        standing = assessment.resolution.standing
        items = {i.id: n for n, i in enumerate(assessment.seed.items) if i.id in drawn and i.id in standing}
        return refuted(
            {name: float(assessment.prior.probabilities[n, 0]) for name, n in items.items()},
            {name: standing[name] == AS_WRITTEN for name in items},
            {name: assessment.seed.items[n].group for name, n in items.items()},
        )

    def _forecast(self, number: int) -> float | None:
        """The risk that the last batch was expected to leave, to be held against what it left."""
        state = self._study.state
        return state.asked_rounds[number - 1].get("risk_after") if 0 < number <= len(state.asked_rounds) else None

    def _moved(self, assessment: Assessment) -> dict[str, Any]:
        """Predicted against realised movement of the deployed outcome since the round before."""
        study = self._study
        state = study.state
        number = len(state.asked_rounds)
        if state.rounds and state.rounds[-1]["round"] == number:  # the same round, closed again under other rules
            return {k: state.rounds[-1].get(k) for k in ("predicted_movement", "realised_movement", "realised_se")}
        if not state.rounds or number == 0:
            return {"predicted_movement": None, "realised_movement": None, "realised_se": None}
        before = state.version(state.rounds[-1]["seed_version"])
        predicted = state.asked_rounds[number - 1]["predicted_movement"]
        if [i.id for i in before.seed.items] != [i.id for i in assessment.seed.items]:
            return {"predicted_movement": predicted, "realised_movement": None, "realised_se": None}
        value, se = realised(
            self._outcomes_of(before.seed, assessment), assessment.deployed, assessment.problem.geometry
        )
        return {"predicted_movement": predicted, "realised_movement": value, "realised_se": se}

    def distance(self, a: Seed, b: Seed) -> tuple[float, float]:
        """Squared distance between what two seeds over the same items are deployed as, noise-free, and its error."""
        assessment = self.assessment()
        first, second = self._outcomes_of(a, assessment), self._outcomes_of(b, assessment)
        return realised(first, second, assessment.problem.geometry)

    def _outcomes_of(self, seed: Seed, assessment: Assessment) -> Outcomes:
        """Outcomes of a seed over the same items under the same keys (cached rows, as a rule)."""
        keys = np.arange(len(assessment.deployed), dtype=np.int64)
        rows = Rows(np.tile(np.asarray(seed.base, np.int16), (len(keys), 1)), keys)
        return self._study.trainer.fulfil(Request(Explicit(rows, unit=len(keys)), "the seed as it stood"))


def _divided(outcome: Any) -> bool:
    """Whether some places are approved and some are not."""
    return bool((outcome > 0.5).any() and (outcome <= 0.5).any())


def stranger(ask: AskTable) -> tuple[float, float]:
    """Beta prior of the accuracy of somebody of whom nothing is known: the expected error rate, worth five answers.

    A rate that the team states is no guess, and no answer moves it.
    """
    rate = max(ask.error, 0.005)
    worth = 1e6 if ask.error_is_stated else WORTH
    return worth * (1.0 - rate), worth * rate


def vars_of(record: Any) -> dict[str, Any]:
    """Fields of a dataclass as a dictionary."""
    return {name: getattr(record, name) for name in record.__dataclass_fields__}


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)


def _column(by: str | None, columns: Sequence[Column]) -> str | None:
    """The name of a column that items can be ranked by, as a user may write it. Raises PlanError."""
    if by is None:
        return None
    known = {c.option: name for name, c in by_name(columns).items() if c.sortable}
    if (written := by.replace("_", "-")) not in known:
        raise PlanError(f"Items can't be ranked by {by!r}.{nearest(written, known)}")
    return known[written]


def beside(found: Ranking, response: Ranking) -> Ranking:
    """What an estimator found, and beside it what the response says: no column of the estimator is overwritten.

    The spread and what goes with it are the response's, since risk and values are shares of that; so is how well the
    rest vouches for an item, which is what the belief was told.
    """
    joined = found.join(response)
    own = {n: c for n, c in found.columns.items() if n != "vouching" or n not in response.columns}
    return replace(joined, columns={**joined.columns, **own})


def _usual(ranking: Ranking, left: bool) -> str:
    """What items are ranked by where nobody says: value where something is left to ask, else what was measured."""
    if left and "value" in ranking.columns:
        return "value"
    sortable = [c.name for c in ranking.declared if c.sortable]
    return "effect" if "effect" in ranking.columns or not sortable else sortable[0]


def _ordered(ranking: Ranking, column: str) -> Ranking:
    if column not in ranking.columns:
        raise PlanError(f"This ranking has no column {column!r}. Choose an estimator that computes it.")
    return replace(ranking, by=column)


def with_law(estimator: Estimator, law: str) -> Estimator:
    """An estimator that ranks by another reference law. Raises PlanError where there is none."""
    if not isinstance(estimator, SupportsLaw):
        raise PlanError(f"Estimator {estimator.kind!r} knows no reference law. Use kind = 'auto' or 'leave_one_out'.")
    return estimator.with_law(law)
