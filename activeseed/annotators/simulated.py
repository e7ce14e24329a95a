"""Simulated annotators, who know the truth and answer truthfully, with errors, at random, or against it.

They are product code: the demo, the benchmarks and every test of the loop ask them. An answer is a pure function of
(key, annotator's name, question id), so a study that was killed gets the same answers again, and a silent repeat, a
question with an id of its own, gets an independent draw.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from numpy.random import Generator
from pydantic import Field, PrivateAttr, model_validator

from activeseed.checked import SettingsRecord
from activeseed.errors import ConfigError, nearest
from activeseed.formats import is_delimited, read_records, said_as
from activeseed.plan import generator
from activeseed.question import Answer, Question
from activeseed.questions import PLACE, form_of
from activeseed.seed import ABSENT, AS_WRITTEN, FLIPPED, Seed

Behaviour = Literal["truthful", "erring", "adversarial", "random", "base_rate"]
_ANSWERS = {"keep": AS_WRITTEN, "reject": ABSENT, "flip": FLIPPED}


class SimulatedPerson(SettingsRecord):
    """One of several simulated annotators.

    Attributes:
        name: stands in the answers.
        behaviour: ``truthful``; ``erring`` (wrong with probability ``error``); ``adversarial`` (always wrong);
            ``random`` (a fair coin between the text shown and anything else); ``base_rate`` (a coin that falls on the
            text shown with probability ``base_rate``).
        error: probability in [0, 1] of a wrong answer; read by ``erring`` only.
        list_error: share of right answers that are lost to skimming on a line of a list; read by ``truthful`` and
            ``erring``.
        base_rate: probability in [0, 1] of *keep*; read by ``base_rate`` only.
        delay: polls that pass before an answer arrives.
    """

    name: str = "simulated"
    behaviour: Behaviour = "truthful"
    error: float = Field(default=0.0, ge=0.0, le=1.0)
    list_error: float = Field(default=0.05, ge=0.0, le=1.0)
    base_rate: float = Field(default=0.75, ge=0.0, le=1.0)
    delay: int = Field(default=0, ge=0)


class Simulated(SimulatedPerson):
    """An annotator who knows the truth, or several (``people``) who share it.

    Attributes:
        truth: item id -> variant id that is right.
        truth_file: JSON lines ``{"id", "answer": keep | reject | flip | choose, "variant"}``, read at the first
            question (a variant is named by its id, or by its place among the item's alternatives, from 0); lines
            ``{"group", "text"}`` hold examples that the annotator knows but the seed's author did not write: the
            answers to *write more*. ``truth`` wins over the file.
        people: several annotators, all asked every question; without them the record itself is the one annotator.
        unknown: what is answered about an item that the truth does not name.
        key: key of all draws.
    """

    kind: Literal["simulated"] = "simulated"
    truth: dict[str, str] = Field(default_factory=dict)
    truth_file: str = ""
    people: tuple[SimulatedPerson, ...] = ()
    unknown: Literal["skip", "keep"] = "skip"
    key: int = Field(default=0, ge=0, lt=2**128)  # a stream's key is one, too

    _polls: dict[str, int] = PrivateAttr(default_factory=dict)

    @model_validator(mode="after")
    def _names_differ(self) -> Simulated:
        names = [p.name for p in self.people]
        if len(set(names)) != len(names):
            raise ValueError(f"simulated annotators need a name each; got {', '.join(names)}")
        return self

    def located(self, folder: Path) -> Simulated:
        """The same record with a relative ``truth_file`` read from a folder."""
        return self.model_copy(update={"truth_file": str(folder / self.truth_file)}) if self.truth_file else self

    def knowing(self, truth: Mapping[str, str]) -> Simulated:
        """The same record, which knows these answers too; what it knew already stands."""
        return self.model_copy(update={"truth": {**truth, **self.truth}})

    @property
    def crowd(self) -> tuple[SimulatedPerson, ...]:
        return self.people or (self,)

    @cached_property
    def knowledge(self) -> tuple[dict[str, str], dict[str, list[str]]]:
        """(item id -> right variant, group -> examples to write), from the record and its file."""
        truth, spare = read_truth(self.truth_file) if self.truth_file else ({}, {})
        return {**truth, **self.truth}, spare

    def submit(self, questions: Sequence[Question], seed: Seed) -> None:
        for question in questions:
            self._polls.setdefault(question.id, 0)

    def poll(self, pending: Sequence[Question]) -> list[Answer]:
        out = []
        for question in pending:
            polls = self._polls[question.id] = self._polls.get(question.id, 0) + 1
            others = [p for p in self.crowd if p.name not in question.avoid]
            out += [self.answer(question, p) for p in (others or self.crowd) if polls > p.delay]
        return out

    def withdraw(self, questions: Sequence[Question]) -> list[str]:
        untouched = [q for q in questions if all(self._polls.get(q.id, 0) <= p.delay for p in self.crowd)]
        for question in untouched:
            self._polls.pop(question.id, None)
        return [q.id for q in untouched]

    def answer(self, question: Question, person: SimulatedPerson | None = None) -> Answer:
        """What a person answers to a question: deterministic in the key, the person's name and the question's id."""
        person = person or self.crowd[0]
        rng = generator(self.key, "simulated", person.name, question.id)
        truth, spare = self.knowledge
        mind = _Mind(person, truth, spare, self.unknown == "keep", rng)
        said = form_of(question).simulated(question, mind)
        return Answer.model_validate(
            {"id": f"{question.id}:{person.name}", "question": question.id, "annotator": person.name, **said}
        )


@dataclass(frozen=True)
class _Mind:
    """A person before one question: what ``protocols.Respondent`` says."""

    person: SimulatedPerson
    truth: Mapping[str, str]
    spare: Mapping[str, Sequence[str]]
    keeps_unknown: bool
    rng: Generator

    @property
    def guesses(self) -> bool:
        return self.person.behaviour in ("random", "base_rate")

    def right(self, item: str, shown: str) -> str:
        return self.truth.get(item, shown if self.keeps_unknown else "")

    def examples(self, group: str) -> Sequence[str]:
        return self.spare.get(group, ())

    def says(self, right: str, shown: str, possible: Sequence[str]) -> str:
        return _draw(right, shown, possible, self.person, self.rng)

    def skims(self, stays: bool) -> bool:
        person = self.person
        wrong = 1.0 - (1.0 - person.error * (person.behaviour == "erring")) * (1.0 - person.list_error)
        if person.behaviour in ("truthful", "erring"):
            person = person.model_copy(update={"behaviour": "erring", "error": wrong})
        return _draw("stay" if stays else "go", "stay", ["stay", "go"], person, self.rng) == "stay"


def _draw(right: str, kept: str, possible: Sequence[str], person: SimulatedPerson, rng: Generator) -> str:
    """One of the possible answers, as the person behaves."""
    u = float(rng.random())
    if person.behaviour in ("random", "base_rate"):
        wrong = [v for v in possible if v != kept]
        keeps = u < (0.5 if person.behaviour == "random" else person.base_rate)
    else:
        wrong = [v for v in possible if v != right]
        kept = right
        keeps = u >= {"truthful": 0.0, "adversarial": 1.0, "erring": person.error}[person.behaviour]
    if keeps or not wrong:
        return kept
    return wrong[int(rng.integers(len(wrong)))]


def read_truth(path: str | Path) -> tuple[dict[str, str], dict[str, list[str]]]:
    """(item id -> right variant, group -> spare examples) from a truth file. Raises ConfigError naming the line."""
    with said_as(ConfigError, "The simulated annotator can't read its truth file "):
        file = read_records(path, otherwise=".jsonl", bare=False)
    truth: dict[str, str] = {}
    spare: dict[str, list[str]] = {}
    for record in file.records:
        where = file.where(record)
        row = {k.strip().casefold(): v for k, v in record.fields.items() if v not in ("", None)}
        if "id" not in row and "text" in row:
            spare.setdefault(str(row.get("group", "")), []).append(str(row["text"]))
            continue
        name, answer = row.get("id"), row.get("answer")
        if isinstance(name, bool) or not isinstance(name, str | int) or not str(name).strip():
            raise ConfigError(f"{where} has no 'id'. Each line names an item of the seed.")
        name = str(name).strip()
        if answer == "choose":
            place = row.get("variant")
            if is_delimited(file.path) and str(place).isdecimal():
                place = int(str(place))  # a cell can't say that it is a number
            if isinstance(place, int) and not isinstance(place, bool):
                truth[name] = f"{PLACE}{place}"
            elif isinstance(place, str):
                truth[name] = place
            else:
                raise ConfigError(f"{where}: 'choose' needs a 'variant': its id, or its place among the variants.")
        elif isinstance(answer, str) and answer in _ANSWERS:
            truth[name] = _ANSWERS[answer]
        else:
            known = [*_ANSWERS, "choose"]
            raise ConfigError(f"{where}: unknown answer {answer!r}.{nearest(str(answer), known)}")
    return truth, spare
