"""The state of a study: what replaying its journal gives.

Every event kind has one method here, and nothing else changes a state. Replay never recomputes a decision: questions,
rankings, seed versions and the stop are read back as they were made.

Events: ``created`` · ``settings`` · ``planned``/``trained`` (see training.py) · ``trained_again`` · ``agreed``
· ``tried`` · ``ranked`` · ``analysed`` · ``asked`` · ``submitted`` · ``recalled`` · ``answered`` · ``unmatched``
· ``answer_withdrawn`` · ``questions_withdrawn`` · ``seed_changed`` · ``round_closed`` · ``pinned`` · ``stopped``
· ``below_began`` · ``below_spent``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from activeseed.errors import SeedError, StoreError, nearest
from activeseed.protocols import Event, Form
from activeseed.question import Answer, Question
from activeseed.questions import FORMS, form_named, form_of, is_about_one, with_form
from activeseed.seed import Item, Seed
from activeseed.study.below import Below

SCHEMA = 1


@dataclass(frozen=True)
class SeedVersion:
    """One version of the seed and where it came from.

    Attributes:
        number: 0 for the seed as it was given.
        seed: items and what stands.
        why: one line.
        by: who changed it.
        at: when, ISO 8601.
        changes: one entry a changed item: ``{"item", "from", "to", "answer", "annotator", "at"}``.
    """

    number: int
    seed: Seed
    why: str = ""
    by: str = ""
    at: str = ""
    changes: tuple[dict[str, Any], ...] = ()

    @property
    def id(self) -> str:
        return self.seed.version


@dataclass
class State:
    """What is known of a study; built by ``apply`` alone.

    ``form`` finds the form of a kind of question that is somebody's own. Replaying calls it never: it may be code that
    nobody has agreed to run.
    """

    form: Callable[[str], Form] = form_named
    settings: dict[str, Any] = field(default_factory=dict)
    versions: list[SeedVersion] = field(default_factory=list)
    questions: dict[str, Question] = field(default_factory=dict)
    asked_rounds: list[dict[str, Any]] = field(default_factory=list)
    submitted: dict[str, str] = field(default_factory=dict)
    ever_sent: dict[str, str] = field(default_factory=dict)
    moved: dict[str, int] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    taken_back: dict[str, str] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    rankings: list[dict[str, Any]] = field(default_factory=list)
    analyses: dict[str, dict[str, Any]] = field(default_factory=dict)
    rounds: list[dict[str, Any]] = field(default_factory=list)
    pins: dict[str, int] = field(default_factory=dict)
    start: dict[str, str] = field(default_factory=dict)
    arrived: dict[str, int] = field(default_factory=dict)
    version_sequence: list[int] = field(default_factory=list)
    synced: int = 0
    stopped: dict[str, Any] | None = None
    agreed: dict[str, float] = field(default_factory=dict)
    tried: dict[str, dict[str, Any]] = field(default_factory=dict)
    trainings: int = 0
    failed: int = 0
    money: float = 0.0
    seconds: float = 0.0
    below: Below = field(default_factory=Below)
    sequence: int = 0
    created_at: str = ""
    last_at: str = ""

    # --- what follows from the facts ----------------------------------------------------------------------------

    @property
    def current(self) -> SeedVersion:
        """The newest version of the seed."""
        if not self.versions:
            raise StoreError("The journal holds no seed. The folder was never initialised: run `activeseed init`.")
        return self.versions[-1]

    @property
    def pending(self) -> list[Question]:
        """Questions with fewer answers than asked for, not withdrawn, not stale, in the order they were asked."""
        people = self.people
        return [
            q
            for q in self.questions.values()
            if len(people.get(q.id, ())) < self.due(q) and q.id not in self.gone and not self.is_stale(q)
        ]

    @property
    def in_order(self) -> list[Question]:
        """Pending questions, most valuable first as the newest batch saw it; those it did not know of come last."""
        order = self.asked_rounds[-1].get("order", []) if self.asked_rounds else []
        place = {name: n for n, name in enumerate(order)}
        return sorted(self.pending, key=lambda q: place.get(q.id, len(place)))

    @property
    def conditions(self) -> dict[str, list[str]]:
        """Item id -> what people said that it depends on, oldest first, each once."""
        out: dict[str, list[str]] = {}
        for answer in self.live_answers:
            question = self.questions[answer.question]
            if answer.missing and is_about_one(question) and question.purpose != "gold":
                said = out.setdefault(question.items[0], [])
                if answer.missing not in said:
                    said.append(answer.missing)
        return out

    @property
    def people(self) -> dict[str, set[str]]:
        """Question id -> who has had it before them, those who skipped it included."""
        out: dict[str, set[str]] = {}
        for answer in self.live_answers:
            out.setdefault(answer.question, set()).add(answer.annotator)
        return out

    @property
    def annotators(self) -> list[str]:
        """Everybody who ever answered, as their names were first written."""
        return list(dict.fromkeys(a.annotator for a in self.answers.values()))

    @property
    def short(self) -> dict[str, int]:
        """Item id -> how many voices its newest question lacks, since a skip is nobody's answer.

        Only where somebody answered, and where the item was not asked about again for it already: who skips again and
        again has no answer.
        """
        newest: dict[str, tuple[Question, int]] = {}
        for question in self.questions.values():
            if question.purpose == "ask" and question.id not in self.gone and is_about_one(question):
                times = newest[question.items[0]][1] + 1 if question.items[0] in newest else 1
                newest[question.items[0]] = question, times
        voices, people = Counter(a.question for a in self.live_answers if a.verdict != "skip"), self.people
        out: dict[str, int] = {}
        for item, (question, times) in newest.items():
            said, due = voices[question.id], self.due(question)
            if 0 < said < due <= len(people.get(question.id, ())) and times == 1 and not self.is_stale(question):
                out[item] = due - said
        return out

    def due(self, question: Question) -> int:
        """How many people are to answer a question; one where it is asked again, somebody else if there is anybody."""
        if question.avoid:
            return 1
        return form_of(question).people(int(self.settings.get("ask", {}).get("annotators", 1)))

    @property
    def kept_answers(self) -> list[Answer]:
        """Answers that nobody took back, in the order they arrived, also those that were changed since."""
        return [a for a in self.answers.values() if a.id not in self.taken_back]

    @property
    def live_answers(self) -> list[Answer]:
        """Answers that nobody took back, in the order they arrived; of one that was changed, the newest alone."""
        there = self.kept_answers
        newest = {(a.question, a.annotator): a.id for a in there}
        return [a for a in there if newest[a.question, a.annotator] == a.id]

    @property
    def minutes(self) -> float:
        """Minutes that people gave: as timed, and for an answer that nobody timed, what its question is planned at."""
        return sum(a.seconds / 60.0 if a.seconds else self.questions[a.question].minutes for a in self.live_answers)

    @property
    def counted_answers(self) -> list[Answer]:
        """Answers that count: live, and about an item that is still as it was asked about."""
        return [a for a in self.live_answers if not self.is_stale(self.questions[a.question])]

    def is_stale(self, question: Question) -> bool:
        """Whether what a question asked about has gone or been rewritten since. Gold questions never go stale."""
        if question.purpose == "gold" or not question.items:
            return False
        known = {i.id: i for i in self.current.seed.items}
        if any(name not in known for name in question.items):
            return True
        return is_about_one(question) and question.text not in {v.wording for v in known[question.items[0]].variants}

    @property
    def own_copies(self) -> dict[str, int]:
        """Item id -> what it weighed when it came into the seed, before anything was merged into it."""
        out: dict[str, int] = {}
        for version in self.versions:
            for item in version.seed.items:
                out.setdefault(item.id, item.copies)
        return out

    def version(self, name: str) -> SeedVersion:
        """A version by number, by (the start of) its hash, by pin, or ``latest``. Raises SeedError."""
        if name == "latest":
            return self.current
        if name in self.pins:
            return self.versions[self.pins[name]]
        number = name.removeprefix("v")
        if number.isdigit() and int(number) < len(self.versions):
            return self.versions[int(number)]
        found = [v for v in self.versions if len(name) >= 4 and v.id.startswith(name)]
        if found:
            return found[-1]
        known = [*self.pins, *(f"v{v.number}" for v in self.versions)]
        raise SeedError(f"There is no seed version {name!r}.{nearest(name, known)} See `activeseed seed log`.")

    # --- replay -------------------------------------------------------------------------------------------------

    def apply(self, event: Event) -> None:
        """Take in one event. Events of a newer schema than this program's are refused."""
        if event.schema > SCHEMA:
            raise StoreError(
                f"The journal was written by a newer activeseed (event schema {event.schema}). Upgrade activeseed."
            )
        self.sequence = event.sequence
        self.last_at = event.at
        method = getattr(self, f"_on_{event.kind}", None)
        if method is None:
            return
        try:
            method(event.body, event)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            raise StoreError(
                f"Event {event.sequence} of the journal, {event.kind!r}, does not hold what such an event holds "
                f"({type(error).__name__}). Put a copy of the journal back."
            ) from error

    def _on_created(self, body: dict[str, Any], event: Event) -> None:
        self.settings = body["settings"]
        self.created_at = event.at
        seed = Seed.model_validate(body["seed"])
        self.start = dict(seed.standing)  # a draft may have been given with items that stand otherwise than as written
        self.versions.append(SeedVersion(0, seed, "the seed as it was given", body.get("by", "author"), event.at))
        self.version_sequence.append(event.sequence)

    def _on_settings(self, body: dict[str, Any], _event: Event) -> None:
        self.settings = body["settings"]

    def _on_trained(self, body: dict[str, Any], _event: Event) -> None:
        self.trainings += body["rows"]
        self.failed += body["failed"]
        self.money += body.get("money", 0.0)
        self.seconds += body.get("wall", body["seconds"])

    def _on_trained_again(self, body: dict[str, Any], event: Event) -> None:
        self._on_trained(body, event)

    def _on_below_began(self, _body: dict[str, Any], event: Event) -> None:
        self.below.apply(event)

    def _on_below_spent(self, _body: dict[str, Any], event: Event) -> None:
        spent = self.below.apply(event)
        self.trainings += spent.trainings
        self.failed += spent.failed
        self.money += spent.money
        self.seconds += spent.seconds

    def _on_agreed(self, body: dict[str, Any], _event: Event) -> None:
        self.agreed |= body

    def _on_tried(self, body: dict[str, Any], _event: Event) -> None:
        self.tried[body["system"]] = body

    def _on_ranked(self, body: dict[str, Any], event: Event) -> None:
        self.rankings.append({**body, "at": event.at})

    def _on_analysed(self, body: dict[str, Any], event: Event) -> None:
        self.analyses[body["kind"]] = {**body, "at": event.at}  # the newest of its kind

    def _on_asked(self, body: dict[str, Any], event: Event) -> None:
        for q in body["questions"]:
            question = Question.model_validate(q)
            if question.kind not in FORMS:
                question = with_form(question, partial(self.form, question.kind))
            self.questions[question.id] = question
        self.asked_rounds.append({**{k: v for k, v in body.items() if k != "questions"}, "at": event.at})

    def _on_submitted(self, body: dict[str, Any], event: Event) -> None:
        there = dict.fromkeys(body["questions"], body.get("channel", ""))
        self.moved.update({q: event.sequence for q, to in there.items() if self.ever_sent.get(q, to) != to})
        self.submitted.update(there)
        self.ever_sent.update(there)

    def _on_recalled(self, body: dict[str, Any], _event: Event) -> None:
        for name in body["questions"]:
            self.submitted.pop(name, None)

    def _on_answered(self, body: dict[str, Any], event: Event) -> None:
        answer = Answer.model_validate(body["answer"])
        self.arrived[answer.id] = event.sequence
        self.answers[answer.id] = answer if answer.at else answer.model_copy(update={"at": event.at})

    def _on_answer_withdrawn(self, body: dict[str, Any], _event: Event) -> None:
        self.taken_back[body["answer"]] = body.get("why", "")

    def _on_questions_withdrawn(self, body: dict[str, Any], _event: Event) -> None:
        self.gone.update(body["questions"])

    def _on_seed_changed(self, body: dict[str, Any], event: Event) -> None:
        self.start = body.get("start", self.start)
        self.version_sequence.append(event.sequence)
        if body.get("synced"):
            self.synced = len(self.versions)
        changed = {d["id"]: Item.model_validate(d) for d in body.get("items", [])}
        known = {i.id: i for i in self.current.seed.items} | changed
        order = body.get("order") or [i.id for i in self.current.seed.items]
        seed = Seed(items=tuple(known[name] for name in order), standing=body["standing"])
        self.versions.append(
            SeedVersion(len(self.versions), seed, body["why"], body["by"], event.at, tuple(body.get("changes", ())))
        )

    def _on_round_closed(self, body: dict[str, Any], event: Event) -> None:
        self.rounds.append({**body, "at": event.at})

    def _on_pinned(self, body: dict[str, Any], _event: Event) -> None:
        self.pins[body["name"]] = body["version"]

    def _on_stopped(self, body: dict[str, Any], event: Event) -> None:
        self.stopped = {**body, "at": event.at} if body.get("stopped", True) else None


def seed_change(before: Seed, after: Seed, why: str, by: str, changes: list[dict[str, Any]]) -> dict[str, Any]:
    """The body of a ``seed_changed`` event: only what differs, so that versions of a large seed stay small."""
    old = {i.id: i for i in before.items}
    items = [i.model_dump(mode="json") for i in after.items if old.get(i.id) != i]
    body: dict[str, Any] = {"why": why, "by": by, "changes": changes, "standing": dict(after.standing), "items": items}
    if [i.id for i in before.items] != [i.id for i in after.items]:
        body["order"] = [i.id for i in after.items]
    return body
