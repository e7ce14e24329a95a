"""Statements on which real people disagree: are they said to be divided, and is a study of them ever called stable?

Three Polis conversations hold statements with every participant's vote. A statement is an item, a participant an
annotator: agreeing keeps it, disagreeing rejects it, passes and what was not seen are no answers. The truth of a
statement is its minority share among all who voted on it (40 at least).

* **Named**: of each statement so many voters are drawn without replacement, as often as there are keys, and the
  product says of their votes whether people are divided, at ``[ask] divided`` = 0.3. Counted are statements whose true
  minority is above 0.3, and false alarms among those below 0.2; those between are reported.
* **Stable**: studies of eight statements with a true minority above 0.3, in the product's own loop, on a trainer whose
  outcome is known, every question answered by so many real voters. None may be called stable. Beside them the same
  studies of statements with a true minority below 0.1, which tell whether anything is ever called settled here.
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from activeseed import FromFunction, Study
from activeseed.config import AskTable
from activeseed.looking.settling import stranger
from activeseed.plan import Floats, generator
from activeseed.question import Answer, Question
from activeseed.questions import is_about_one
from activeseed.resolution import divisions, read_answers
from activeseed.seed import Item, Probe, Seed, Text
from tests.benchmarks._answer_level import PROBES, Toy
from tests.benchmarks._report import Row, row, share

CONVERSATIONS = ("15-per-hour-seattle", "brexit-consensus", "scoop-hivemind.ubi")
#: votes that a statement needs, for its minority share to be known
VOTES = 40
#: true minority shares above which a statement is divided, below which it is not, and below which it is clear
DIVIDED, SETTLED, CLEAR = 0.3, 0.2, 0.1
#: statements of a study
ITEMS = 8


@dataclass(frozen=True)
class Statement:
    """A statement, and who agrees with it: participant -> whether they do."""

    id: str
    text: str
    votes: dict[str, bool] = field(repr=False)

    @property
    def minority(self) -> float:
        """Share of the voters who hold what fewer hold."""
        agree = sum(self.votes.values()) / len(self.votes)
        return min(agree, 1.0 - agree)


def statements(data: Path, conversation: str) -> list[Statement]:
    """Those that were not moderated out and that enough people voted on."""
    folder = data / "polis"
    with (folder / f"{conversation}.comments.csv").open(encoding="utf-8", newline="") as file:
        texts = {r["comment-id"]: r["comment-body"] for r in csv.DictReader(file) if int(r["moderated"]) >= 0}
    with (folder / f"{conversation}.participants-votes.csv").open(encoding="utf-8", newline="") as file:
        people = list(csv.DictReader(file))
    out = []
    for name, text in texts.items():
        votes = {p["participant"]: p[name] == "1" for p in people if p.get(name) in ("1", "-1")}
        if len(votes) >= VOTES:
            out.append(Statement(f"s{name}", text, votes))
    return out


# --- named ----------------------------------------------------------------------------------------------------------


def is_named(statement: Statement, people: int, key: int) -> bool:
    """Whether the product says that people are divided, by the votes of so many of them."""
    other = Item(id="other", payload=Text(text="another"))
    seed = Seed(items=(Item(id=statement.id, payload=Text(text=statement.text)), other))
    questions = {"q": Question(id="q", kind="review", items=(statement.id,), text=statement.text)}
    answers = [answered(questions["q"], statement, who) for who in drawn(statement, people, key, "named")]
    ask = AskTable()
    return statement.id in divisions(read_answers(seed, questions, answers), questions, {}, stranger(ask), ask.divided)


def drawn(statement: Statement, people: int, key: int, *what: str | int) -> list[str]:
    """So many of a statement's voters, or all of them."""
    voters = sorted(statement.votes)
    rng = generator(key, "polis", statement.id, *what)
    return [voters[n] for n in rng.permutation(len(voters))[:people]]


def answered(question: Question, statement: Statement, who: str) -> Answer:
    """What a voter says of a statement."""
    verdict = "keep" if statement.votes[who] else "reject"
    return Answer(id=f"{question.id}:{who}", question=question.id, annotator=f"voter {who}", verdict=verdict)


def naming(found: Sequence[Statement], people: int, keys: int) -> list[Row]:
    """How often divided, settled and other statements are named, by so many voters each."""
    parts = {
        f"true minority above {DIVIDED:g}": [s for s in found if s.minority > DIVIDED],
        f"true minority below {SETTLED:g}": [s for s in found if s.minority < SETTLED],
        "true minority between": [s for s in found if SETTLED <= s.minority <= DIVIDED],
    }
    rows: list[Row] = []
    for part, of in parts.items():
        each = np.array([np.mean([is_named(s, people, key) for key in range(keys)]) for s in of])
        claim = f"Polis, {people} voters each, {keys} draws: named as divided, {len(of)} statements with a {part}"
        rows.append(row(claim, float(each.mean()) if len(of) else None, _over_statements(each)))
    return rows


def _over_statements(each: Floats) -> list[float] | None:
    """95 % bootstrap interval of a mean over statements: draws of one statement are no independent trials."""
    if len(each) < 2:
        return None
    rng = generator(0, "polis", "bootstrap")
    means = each[rng.integers(0, len(each), (2000, len(each)))].mean(1)
    return [float(x) for x in np.quantile(means, (0.025, 0.975))]


# --- stable ---------------------------------------------------------------------------------------------------------


class Voters:
    """Real voters, drawn anew for every question; a repeat goes to those who answered before, who say the same."""

    kind = "voters"

    def __init__(self, found: Sequence[Statement], people: int, key: int) -> None:
        self.known = {s.id: s for s in found}
        self.people, self.key = people, key

    def submit(self, questions: Sequence[Question], seed: Seed) -> None: ...

    def poll(self, pending: Sequence[Question]) -> list[Answer]:
        out = []
        for question in pending:
            if is_about_one(question):
                statement = self.known[question.items[0]]
                about = question.repeats or question.id
                out += [answered(question, statement, w) for w in drawn(statement, self.people, self.key, about)]
        return out

    def withdraw(self, questions: Sequence[Question]) -> list[str]:
        return []


@dataclass(frozen=True)
class Ended:
    """How a study of statements ended."""

    stable: bool
    settled: bool
    named: int
    people: int


def studied(found: Sequence[Statement], people: int, key: int) -> Ended:
    """A study in the product's own loop, its questions answered by real voters."""
    chosen = [found[n] for n in generator(key, "polis", "study").permutation(len(found))[:ITEMS]]
    seed = Seed(items=tuple(Item(id=s.id, payload=Text(text=s.text)) for s in chosen))
    toy = Toy.made(len(chosen), 0.8, key)
    at = {s.id: n for n, s in enumerate(chosen)}

    def train(items: Any, key: int, probes: Any) -> Any:
        variants = np.ones(len(chosen), np.int64)
        variants[[at[i.id] for i in items]] = 0
        return toy.outcomes(variants)[0]

    probes = [Probe(id=f"p{n}", payload=Text(text=f"probe {n}")) for n in range(PROBES)]
    with tempfile.TemporaryDirectory() as folder:
        study = Study.create(
            Path(folder) / "study", seed, FromFunction(train, deterministic=True), probes=probes, key=key,
            executor={"kind": "in_process"}, ask={"annotators": people, "confirm": False},
        )  # fmt: skip
        try:
            result = study.loop(Voters(chosen, people, key))
            return Ended(result.stable, result.settled, len(study.status()["divided"]), people)
        finally:
            study.close()


# --- rows -----------------------------------------------------------------------------------------------------------


def divided_rows(data: Path, quick: bool = False) -> list[Row]:
    """The rows of this part of the benchmark; one that says so where the conversations are not there."""
    if not (data / "polis").is_dir():
        return [row("Polis: no conversations there (DIR/polis), not measured", None)]
    by = {c: statements(data, c) for c in CONVERSATIONS}
    every = [s for found in by.values() for s in found]
    rows: list[Row] = []
    for people in (20,) if quick else (7, 12, 20, 25):
        rows += naming(every, people, 5 if quick else 40)
    divided = {c: [s for s in found if s.minority > DIVIDED] for c, found in by.items()}
    clear = {c: [s for s in found if s.minority < CLEAR] for c, found in by.items()}
    for people, of, said, keys in (
        (20, divided, "above 0.3", 1 if quick else 4), (3, divided, "above 0.3", 1 if quick else 4),
        (20, clear, "below 0.1", 0 if quick else 2),
    ):  # fmt: skip
        ended = [studied(s, people, key) for s in of.values() if len(s) > 1 for key in range(keys)]
        what = f"Polis, {people} voters a question, {ITEMS} statements at most with a true minority {said}"
        if ended:
            bound: Any = {"most": 0.0} if of is divided else {}
            rows.append(share(f"{what}: studies called stable", sum(e.stable for e in ended), len(ended), **bound))
            rows.append(share(f"{what}: studies settled", sum(e.settled for e in ended), len(ended)))
            rows.append(row(f"{what}: divided items named, mean", float(np.mean([e.named for e in ended]))))
    return rows
