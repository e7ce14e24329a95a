"""Which questions a study asks next: the best batch, named items, disagreements, and the special kinds.

A batch is journalled before anybody sees it, under the number of its round, so that two processes that ask at once, or
one that died in between, ask one batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from activeseed.acquisition import (
    Candidate,
    Pick,
    deployed_risk,
    kind_of,
    steadied,
    writing_candidates,
)
from activeseed.errors import PlanError, nearest
from activeseed.outcome import plain
from activeseed.plan import stream_key
from activeseed.protocols import Dispute, Event, Occasion, SupportsDrawing
from activeseed.question import Question
from activeseed.questions import DISPUTED, WRITING, is_about_one, is_list, minutes_by_kind
from activeseed.resolution import mixed
from activeseed.study import asking, choosing, special
from activeseed.study.assess import Assessment, expected_error, movement
from activeseed.study.budget import expects
from activeseed.study.checks import Checks
from activeseed.study.consequences import Looked, keys_for, look
from activeseed.study.cost import batch_parts, most_of
from activeseed.study.gold import dressed

if TYPE_CHECKING:
    from activeseed.study.study import Study

#: belief draws behind a predicted movement: the surrogate is cheap
MOVEMENT_DRAWS = 256
#: a pending question is withdrawn when its value is below this share of the best one's that could be asked instead
IDLE = 0.05
#: what a batch is called where a kind of question is named
ITEMS = "items"


class Batches:
    """The questions of one study."""

    def __init__(self, study: Study) -> None:
        self._study = study

    @expects("A batch of questions", most_of(batch_parts))
    def ask(self, n: int, items: Sequence[str] | None = None) -> list[Question]:
        """Choose, journal and return the next batch, or questions about these items."""
        study = self._study
        assessment = study.rounds.assessment()
        number = self._number
        checks: list[Question] = []
        skipped: list[str] = []
        if items is not None:
            picks = self._named(items, assessment)
        else:
            divided = self._divided(assessment, number)
            skipped = self._skipped(n, assessment)
            last = study.state.rounds[-1] if study.state.rounds else {}
            size = choosing.size_of(n, last.get("flips"), study.settings.stopping.flips)
            size = size if n == study.settings.ask.batch else n  # a number that somebody asked for is what they get
            checks, picks = self._chosen(size, number, len(divided), skipped, assessment)
            picks = [*self._named(skipped, assessment), *picks]
        single = [p.candidate.items[0] for p in picks if len(p.candidate.items) == 1]
        looked = self.look(single, assessment)
        state = study.state
        made = asking.make_questions(picks, assessment, number, looked, study.settings.ask)
        questions = choosing.read_again(made, state.questions, state.counted_answers, skipped)
        if items is None:
            together = mixed([*questions, *divided], checks, study.settings.key, number)
            questions = dressed(study, together, Checks(study).gold, assessment)
        asked = [f for p in picks for f in p.candidate.items]
        names = [assessment.seed.items[f].id for f in asked]
        prior, now = assessment.prior.probabilities[:, 0], assessment.belief.credibility
        return self._journal(
            questions,
            predicted_gain=float(sum(p.value for p in picks if p.candidate.items)),
            predicted_movement=self._predicted_movement(assessment, asked),
            credibility={name: [float(prior[f]), float(now[f])] for name, f in zip(names, asked, strict=True)},
            why={name: assessment.belief.why(f) for name, f in zip(names, asked, strict=True)},
            order=self._order(questions, assessment) if items is None else [q.id for q in questions],
            risk=assessment.ranking.summary.get("risk"),
            risk_after=self._risk_after(questions, assessment),
        )

    def idle(self) -> list[str]:
        """Pending questions that no longer matter: worth less than a twentieth of the best that could be asked."""
        study = self._study
        # a question drawn at random waits whatever it is worth: else those that are answered are no sample any more
        pending = [q for q in study.state.pending if q.purpose == "ask" and q.drawn == "value" and is_about_one(q)]
        if not pending:
            return []
        assessment = study.rounds.assessment()
        values = assessment.ranking.columns.get("value")
        if values is None:
            return []
        busy = {i for q in study.state.pending for i in q.items}
        free = [float(v) for i, v in zip(assessment.seed.items, values, strict=True) if i.id not in busy]
        least = IDLE * max(free, default=0.0)
        return [q.id for q in pending if float(values[assessment.seed.position(q.items[0])]) < least]

    def _order(self, questions: Sequence[Question], assessment: Assessment) -> list[str]:
        """Ids of the new questions and of those that still wait, most valuable first.

        Checks and what was drawn at random keep their places.
        """
        values = assessment.ranking.columns.get("value")
        waiting = self._study.state.pending
        minutes = self._study.settings.ask.minutes

        def worth(question: Question) -> float:
            if values is not None and question in waiting and is_about_one(question):
                return float(values[assessment.seed.position(question.items[0])]) / minutes
            return question.value / question.minutes

        together = [*waiting, *questions]
        ranked = iter(sorted((q for q in together if _by_value(q)), key=lambda q: -worth(q)))
        return [next(ranked).id if _by_value(q) else q.id for q in together]

    def _risk_after(self, questions: Sequence[Question], assessment: Assessment) -> float | None:
        """The deployed seed's risk once these and all pending questions are answered, by belief and surrogate."""
        if assessment.ranking.surrogate is None:
            return None
        together = [*self._study.state.pending, *questions]
        names = {i for q in together if is_about_one(q) or is_list(q) for i in q.items}
        closed = choosing.closed_items(assessment.resolution)
        settled = [f for f, i in enumerate(assessment.seed.items) if i.id in names and f not in closed]
        gram = assessment.ranking.surrogate.gram
        error = expected_error(self._study.settings.ask, assessment.resolution)
        return deployed_risk(gram, assessment.belief, assessment.seed.base, settled=settled, error=error)

    def _only_a_voucher_is_missing(self) -> bool:
        """Whether the newest closed round met the limit, and gold questions are all that is left to do."""
        study = self._study
        last = study.state.rounds[-1] if study.state.rounds else None
        return last is not None and study.rounds.has_settled(last) and bool(last["unvouched"])

    def ask_kind(self, kind: str, n: int, items: Sequence[str] = (), group: str = "") -> list[Question]:
        """Questions of a kind that somebody asked for, drawn up by its form."""
        study, number = self._study, self._number
        form: object = study.forms.get(kind)
        if not isinstance(form, SupportsDrawing):
            known = [ITEMS, *(k for k, f in study.forms.items() if isinstance(f, SupportsDrawing))]
            raise PlanError(f"There are no questions of the kind {kind!r}.{nearest(kind, known)}")
        table = study.settings.ask
        occasion = Occasion(
            study.seed, table, n, tuple(items), group, number, tuple(study.state.questions.values()),
            table.show_belief, self._disputes,
        )  # fmt: skip
        questions = [
            q.model_copy(update={"id": occasion.id(k), "kind": kind, "round": number})
            for k, q in enumerate(form.draw(occasion), 1)
        ]
        if study.forms[kind].about == "item" and "consequences" in study.forms[kind].fields:
            found = self._weighed(None, [q.items[0] for q in questions])
            questions = [q.model_copy(update=found[q.items[0]]) for q in questions]
        return self._journal(questions, predicted_gain=float(sum(q.value for q in questions)))

    @expects("Questions about items", most_of(batch_parts))
    def _weighed(self, _n: int | None, items: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Item -> what a question about it shows of what hangs on it, and what its answer is worth."""
        assessment = self._study.rounds.assessment()
        values = assessment.ranking.columns.get("value")
        places = {name: assessment.seed.position(name) for name in items}
        looked = self.look(list(places.values()), assessment)
        found = {name: looked.get(f, Looked()) for name, f in places.items()}
        return {
            name: {
                "consequences": found[name].shown,
                "trainings": found[name].trainings,
                "value": float(values[f]) if values is not None else 0.0,
            }
            for name, f in places.items()
        }

    def _disputes(self) -> list[Dispute]:
        """Places that plausible seeds judge differently, most valuable first."""
        study = self._study
        assessment = study.rounds.assessment()
        error = expected_error(study.settings.ask, assessment.resolution)
        places = study.system.places(study.materials)
        return special.disputes(assessment, places, stream_key(study.settings.key, "outcomes", self._number), error)

    @property
    def _number(self) -> int:
        return len(self._study.state.asked_rounds) + 1

    def _journal(self, questions: Sequence[Question], **more: Any) -> list[Question]:
        """Write the batch down; what comes back is what stands in the journal, whoever wrote it first."""
        study, number = self._study, self._number
        if not questions:
            return []
        body = {
            "round": number,
            "seed_version": study.state.current.id,
            "questions": [q.model_dump(mode="json") for q in questions],
            **{"predicted_gain": 0.0, "predicted_movement": 0.0, "credibility": {}, "why": {}},
            "order": [q.id for q in (*questions, *study.state.in_order)],
            **more,
        }
        study.store.append([Event("asked", plain(body), key=f"asked:{number}")])
        study.refresh()
        return [q for q in study.state.questions.values() if q.round == number]

    def _skipped(self, n: int, assessment: Assessment) -> list[str]:
        """Items that lack a voice because somebody skipped them: they are asked about first."""
        busy = {i for q in self._study.state.pending for i in q.items}
        known = {i.id for i in assessment.seed.items}
        return [name for name in self._study.state.short if name in known and name not in busy][:n]

    def _chosen(
        self, n: int, number: int, divided: int, skipped: Sequence[str], assessment: Assessment
    ) -> tuple[list[Question], list[Pick]]:
        """Checks and picks of the next batch, beside what is asked about anyway."""
        study, state = self._study, self._study.state
        surrogate = assessment.ranking.surrogate
        if surrogate is None:
            return [], []
        checks = Checks(study)
        known = choosing.Known(
            seed=assessment.seed,
            ask=study.settings.ask,
            belief=assessment.belief,
            gram=steadied(surrogate.gram, assessment.belief.law.probabilities),
            resolution=assessment.resolution,
            questions=state.questions,
            answers=state.counted_answers,
            pending=state.pending,
            gold=checks.gold,
            trust=checks.trust(),
            error=expected_error(study.settings.ask, assessment.resolution),
            list_error=expected_error(study.settings.ask, assessment.resolution, listed=True),
            key=study.settings.key,
        )
        return choosing.batch(
            known, n, number, divided=divided, skipped=skipped, urgent=self._only_a_voucher_is_missing(),
            more=self._writing(assessment),
        )  # fmt: skip

    def _writing(self, assessment: Assessment) -> list[Candidate]:
        """*Write more* of each kind, where the user set an exchange rate."""
        table, seed = self._study.settings.ask, assessment.seed
        if table.exchange_rate <= 0:
            return []
        spread: dict[str, float] = next(
            (r["group_spread"] for r in reversed(self._study.state.rankings) if r.get("group_spread")), {}
        )
        members = {g: sum(i.group == g for i in seed.items) for g in seed.groups}
        minutes = minutes_by_kind(table)
        return writing_candidates(spread, members, examples=WRITING.examples, minutes=minutes)

    def _named(self, items: Sequence[str], assessment: Assessment) -> list[Pick]:
        seed = assessment.seed
        values = assessment.ranking.columns.get("value")
        out = []
        for name in items:
            f = seed.position(name)
            kind = kind_of(seed.items[f])
            minutes = self._study.settings.ask.minutes
            value = float(values[f]) if values is not None else 0.0
            out.append(Pick(Candidate(kind, (f,), minutes), value, value / minutes, value))
        return out

    def _divided(self, assessment: Assessment, number: int) -> list[Question]:
        """Items on which people are evenly divided are put before somebody, once, with what was said."""
        study = self._study
        busy = {i for q in study.state.pending for i in q.items}
        out: list[Question] = []
        for name in assessment.resolution.divided:
            if name in busy:
                continue
            f = assessment.seed.position(name)
            said = [
                (f"annotator {k}", a.verdict, a.comment)
                for k, a in enumerate(
                    (a for a in study.state.counted_answers if name in study.state.questions[a.question].items), 1
                )
            ]
            id_ = f"r{number:03d}-divided-{len(out) + 1:02d}"
            question = DISPUTED.over(assessment.seed, name, said, id_, number)
            # what a round trains is bounded: with more disagreements than a batch has questions, the rest go without
            few = len(out) < study.settings.ask.batch
            found = self.look([f] if few else [], assessment).get(f, Looked())
            out.append(question.model_copy(update={"consequences": found.shown, "trainings": found.trainings}))
        return out

    def look(self, items: Sequence[int], assessment: Assessment) -> dict[int, Looked]:
        """What hangs on items, by their numbers, under the keys that were paid for."""
        study = self._study
        return look(
            assessment.seed, items, self.keys(assessment), study.trainer, study.system.places(study.materials),
            study.settings.ask.consequences,
        )  # fmt: skip

    def keys(self, assessment: Assessment) -> range:
        """The replicate numbers under which this version's consequences are looked at."""
        problem, settings = assessment.problem, self._study.settings
        return keys_for(
            self._study.state.rankings, assessment.seed.version, problem.first_key, settings.replicates,
            problem.deterministic,
        )  # fmt: skip

    def ask_conflicts(self, conflicts: Sequence[tuple[str, str]]) -> list[Question]:
        """Items on which the author's edits and the annotators' answers disagree are put before a human: one round."""
        study, number = self._study, self._number
        busy = {i for q in study.state.pending for i in q.items}
        todo = [(item, said) for item, said in conflicts if item not in busy]
        return self._journal(
            [
                DISPUTED.over(study.seed, item, [("the author", "edit", said)], f"r{number:03d}-{n:02d}", number)
                for n, (item, said) in enumerate(todo, start=1)
            ]
        )

    def _predicted_movement(self, assessment: Assessment, asked: Sequence[int]) -> float:
        """How far the deployed outcome is expected to move once these are answered, by belief and surrogate."""
        if assessment.ranking.surrogate is None or not asked:
            return 0.0
        base = np.asarray(assessment.seed.base, np.int64)
        number = self._study.state.current.number
        key = stream_key(self._study.settings.key, "movement", number)
        after = np.tile(base, (MOVEMENT_DRAWS, 1))
        after[:, list(asked)] = assessment.belief.draw(MOVEMENT_DRAWS, key)[:, list(asked)]
        return movement(assessment.ranking.surrogate.gram, base.tolist(), after)


def _by_value(question: Question) -> bool:
    """Whether a question stands where its value says."""
    return question.purpose == "ask" and question.drawn == "value"
