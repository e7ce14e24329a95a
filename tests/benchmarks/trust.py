"""Progress is honest: annotators who answer at random are found, honest ones are left alone.

    python -m tests.benchmarks.trust [--quick] [--json FILE]

Whole studies at the level of answers: batches of four with their checks, 64 answers and then checks only, for as long
as the test is undecided, up to 80. *Content*: 60 right and 20 wrong items, asked in an order that finds the wrong ones
early. *Arbitrary*: each of 80 items is wrong with probability 0.25 and the order knows nothing. No trainer takes part:
whether an annotator can be trusted is decided on answers alone.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from activeseed.annotators.simulated import Behaviour, Simulated, SimulatedPerson
from activeseed.plan import Law, generator, stream_key
from activeseed.question import Answer, Question
from activeseed.resolution import (
    Gold,
    Reliability,
    Trust,
    known_answers,
    mixed,
    plan_checks,
    resolve,
    trust,
)  # fmt: skip
from activeseed.seed import ABSENT, AS_WRITTEN, Item, Seed, Text
from tests.benchmarks._report import missed, report, table, write

Task = Literal["content", "arbitrary"]
TASKS: tuple[Task, ...] = ("content", "arbitrary")
ITEMS, WRONG = 80, 20
BATCH, ANSWERS, MOST = 4, 64, 80
SEED = Seed(items=tuple(Item(id=f"item-{k:02d}", payload=Text(text=f"statement {k}")) for k in range(ITEMS)))
PRIOR = Law("author's", np.tile([0.75, 0.25], (ITEMS, 1)))


@dataclass(frozen=True)
class Person:
    """How one simulated annotator behaves."""

    name: str
    behaviour: Behaviour
    error: float = 0.0


@dataclass(frozen=True)
class Result:
    """One study: the verdict on its first annotator and what it took."""

    trust: Trust
    reliability: Reliability
    answers: int
    repeats: int
    questions: int


def study(task: Task, people: Sequence[Person], key: int, gold_questions: int = 0) -> Result:
    """Simulate one study. Answers are counted for one annotator; each question goes to all."""
    rng = generator(key, "trust", task)
    if task == "content":
        wrong: NDArray[np.bool_] = np.zeros(ITEMS, bool)
        wrong[rng.choice(ITEMS, WRONG, replace=False)] = True
        score = rng.normal(size=ITEMS) + 1.5 * wrong
    else:
        wrong = rng.random(ITEMS) < WRONG / ITEMS
        score = rng.normal(size=ITEMS)
    order = [int(i) for i in np.argsort(-score)]
    truth = {i.id: ABSENT if w else AS_WRITTEN for i, w in zip(SEED.items, wrong, strict=True)}
    gold = tuple(
        Gold(f"gold-{k}", Text(text=f"known {k}"), ABSENT if k % 2 else AS_WRITTEN) for k in range(gold_questions)
    )
    known = known_answers(gold)
    crowd = Simulated(
        truth={**truth, **known},
        people=tuple(SimulatedPerson(name=p.name, behaviour=p.behaviour, error=p.error) for p in people),
        key=stream_key(key, "trust", task),
    )
    questions: dict[str, Question] = {}
    answers: list[Answer] = []
    now = trust(SEED, questions, answers, known=known)
    number = 0
    while True:
        batch = []
        if len(questions) < ANSWERS:
            batch = [
                Question(id="", kind="review", items=(SEED.items[i].id,), text=SEED.items[i].display, round=number)
                for i in order[number * BATCH : (number + 1) * BATCH]
            ]
            batch = [q.model_copy(update={"id": f"new-{number}-{n}"}) for n, q in enumerate(batch)]
        elif len(questions) + BATCH > MOST:
            break
        checks = plan_checks(batch, SEED, questions, answers, now, gold=gold, round_number=number, key=key, room=BATCH)
        asked = mixed(batch, checks, key, number)
        if not asked:
            break
        questions |= {q.id: q for q in asked}
        answers += crowd.poll(asked)
        now = trust(SEED, questions, answers, known=known)
        number += 1
    repeats = sum(q.purpose == "repeat" for q in questions.values())
    settled = resolve(SEED, PRIOR, questions, answers, known=known)
    given = sum(a.annotator == people[0].name for a in answers)
    return Result(now, settled.reliability[people[0].name], given, repeats, len(questions))


def wilson(hits: float, n: int) -> list[float]:
    """Wilson's 95 % interval of a proportion."""
    z, p = 1.96, hits / n
    centre, half = p + z * z / (2 * n), z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return [float((centre - half) / (1 + z * z / n)), float((centre + half) / (1 + z * z / n))]


COIN = Person("one", "random")
RATE = Person("one", "base_rate")
TRUE = Person("one", "truthful")
ERRS = Person("one", "erring", 0.1)
SETTINGS: tuple[tuple[str, int, tuple[Person, ...]], ...] = (
    ("silent repeats", 0, ()),
    ("repeats and 10 gold questions", 10, ()),
    ("repeats and an honest second annotator", 0, (Person("two", "truthful"),)),
)


def measure(studies: int) -> list[dict[str, Any]]:
    """Every claim, for both tasks."""
    rows: list[dict[str, Any]] = []

    def add(claim: str, hits: int, n: int, target: str, met: bool | None) -> None:
        rows.append({"claim": claim, "value": hits / n, "interval": wilson(hits, n), "target": target, "met": met})

    for how, gold, others in SETTINGS:
        for task in TASKS:
            for label, person in (("fair coin", COIN), ("coin at the base rate", RATE)):
                found = [study(task, (person, *others), k, gold) for k in range(studies)]
                flagged = sum("one" in r.trust.random for r in found)
                add(f"{how}, {task}: {label} is called random", flagged, studies, ">= 0.95", flagged >= 0.95 * studies)
                trusted = sum(r.trust.annotators["one"].state == "trusted" for r in found)
                add(f"{how}, {task}: {label} is trusted", trusted, studies, "<= 0.05", trusted <= 0.05 * studies)
                if others:
                    blamed = sum("two" in r.trust.random for r in found)
                    add(f"{how}, {task}: the honest one beside a {label} is called random", blamed, studies, "-", None)
            for label, person in (("truthful", TRUE), ("errs at 10 %", ERRS)):
                found = [study(task, (person, *others), k, gold) for k in range(studies)]
                flagged = sum("one" in r.trust.random for r in found)
                add(f"{how}, {task}: {label} is called random", flagged, studies, "<= 0.05", flagged <= 0.05 * studies)
                trusted = sum(r.trust.annotators["one"].state == "trusted" for r in found)
                add(f"{how}, {task}: {label} is trusted", trusted, studies, "-", None)
                low = [1 - r.reliability.high for r in found]
                high = [1 - r.reliability.low for r in found]
                mean = float(np.mean([r.reliability.error for r in found]))
                covered = sum(a <= person.error <= b for a, b in zip(low, high, strict=True))
                add(
                    f"{how}, {task}: {label}, the error rate lies in its interval (mean {mean:.3f}, interval "
                    f"{np.mean(low):.2f} to {np.mean(high):.2f})",
                    covered, studies, ">= 0.95 (met when the interval reaches it)", wilson(covered, studies)[1] >= 0.95,
                )  # fmt: skip
                share = min(r.repeats / r.questions for r in found)
                enough = sum(r.repeats >= 10 and r.repeats >= 0.15 * r.questions for r in found)
                add(
                    f"{how}, {task}: {label}, at least 15 % of the questions and 10 are repeats (least {share:.2f}, "
                    f"mean {np.mean([r.repeats for r in found]):.1f} of {np.mean([r.questions for r in found]):.1f})",
                    enough, studies, "= 1", enough == studies,
                )  # fmt: skip
            print(f"{how}, {task}: done", file=sys.stderr)
    return rows


def main(argv: list[str] | None = None) -> int:
    """Print the table; exit 1 when a claim is not met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="40 studies instead of 200")
    parser.add_argument("--data", type=Path, help="not used: studies are simulated at the level of answers")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    args = parser.parse_args(argv)
    studies = 40 if args.quick else 200
    start = time.perf_counter()
    rows = measure(studies)
    print(table(rows))
    write(report("trust", rows, time.perf_counter() - start, ("numpy", "scipy"), studies=studies), args.json)
    return 1 if missed(rows) else 0


if __name__ == "__main__":
    raise SystemExit(main())
