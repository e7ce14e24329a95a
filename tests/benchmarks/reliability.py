"""Intervals of annotators' reliability hold for people: also where all of them err on the same items.

    python -m tests.benchmarks.reliability [--data DIR] [--quick] [--json FILE]

*Held out*: real annotators (PandaLM's three, SNLI's five by place, voters of Polis as far as votes have a truth). The
answers to a half of 60 drawn items go through `resolve`; how often each agrees with the others' majority on the other
half has to lie in the interval that the first half gave, widened by the other half's own binomial error. *Simulated*:
on a share of items everybody is right with one probability drawn from U(0, 1), so that errors go together; the accuracy
over 3,000 such items is known and has to lie in the interval. ``--data`` names a folder with pandalm, snli and polis;
without it there are the simulated rows alone. Votes are opinions, with no truth to be right about, and three people
can't tell many hard items from their own errors: those rows have no target.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from activeseed.plan import Ints, Law, generator
from activeseed.question import Answer, Question
from activeseed.resolution import Reliability, resolve
from activeseed.seed import Item, Seed, Text, Variant
from tests.benchmarks._report import missed, report, share, table, wilson, write

#: classes of a label: as written, absent, the other wording
VERDICTS: tuple[str, ...] = ("keep", "reject", "choose")
HELD_OUT = 60
POLIS = ("15-per-hour-seattle", "brexit-consensus", "scoop-hivemind.ubi")
SNLI = ("entailment", "neutral", "contradiction")


def measured(labels: Ints) -> list[Reliability]:
    """What the product says of each column of an (items, people) table of classes, -1 where nobody was asked."""
    n, people = labels.shape
    wording = (Variant(id="other", payload=Text(text="otherwise")),) if labels.max() > 1 else ()
    seed = Seed(items=tuple(Item(id=f"i{k}", payload=Text(text=f"text {k}"), alternatives=wording) for k in range(n)))
    questions = {f"q{k}": Question(id=f"q{k}", kind="review", items=(f"i{k}",), text=f"text {k}") for k in range(n)}
    answers = [
        Answer(
            id=f"{k}-{j}", question=f"q{k}", annotator=f"p{j:02d}", verdict=VERDICTS[labels[k, j]],
            variant="other" if labels[k, j] == 2 else "",
        )
        for k in range(n)
        for j in range(people)
        if labels[k, j] >= 0
    ]  # fmt: skip
    classes = 2 + len(wording)
    found = resolve(seed, Law("flat", np.full((n, classes), 1 / classes)), questions, answers).reliability
    return [found[f"p{j:02d}"] for j in range(people)]


def held_out(labels: Ints, people: int, draws: int, name: str) -> Iterator[tuple[Reliability, float, int]]:
    """(what half of the items said, share of agreement with the others' majority on the rest, of how many)."""
    rng = generator(0, "reliability", name)
    for _ in range(draws):
        items = rng.permutation(len(labels))[:HELD_OUT]
        half = len(items) // 2
        chosen = labels[items][:, rng.choice(labels.shape[1], people, replace=False)]
        known, rest = chosen[:half], chosen[half:]
        asked = (known >= 0).sum(0) >= 5
        known, rest = known[:, asked], rest[:, asked]
        if asked.sum() < 3:
            continue
        for j, found in enumerate(measured(known)):
            agreed = [
                row[j] == counts.argmax()
                for row in rest
                if row[j] >= 0
                and (counts := np.bincount(np.delete(row, j)[np.delete(row, j) >= 0], minlength=3)).sum() > 1
                and (counts == counts.max()).sum() == 1
            ]
            if len(agreed) >= 10:
                yield found, float(np.mean(agreed)), len(agreed)


def holds(found: Reliability, share: float, n: int) -> bool:
    """Whether a share of n lies in the interval, widened by the share's own error (two independent errors add up)."""
    own = 1.96 * np.sqrt(max(found.estimate * (1 - found.estimate), 0.25 / n) / n)
    below, above = found.estimate - found.low, found.high - found.estimate
    return bool(found.estimate - np.hypot(below, own) <= share <= found.estimate + np.hypot(above, own))


def simulated(hard: float, items: int, people: int, draws: int) -> Iterator[tuple[Reliability, float]]:
    """(what so many items said, the true accuracy) of people whose own accuracies are drawn from U(.75, .97)."""
    rng = generator(0, "reliability", "simulated", int(100 * hard), items, people)
    for _ in range(draws):
        own, truth = rng.uniform(0.75, 0.97, people), rng.integers(0, 2, 3000)
        chance = np.where((rng.random(3000) < hard)[:, None], rng.random((3000, 1)), own)
        right = rng.random((3000, people)) < chance
        labels = np.where(right, truth[:, None], 1 - truth[:, None])
        yield from zip(measured(labels[:items]), map(float, right.mean(0)), strict=True)


def real(data: Path) -> Iterator[tuple[str, Ints, int, bool]]:
    """(name, labels, people of a study, whether there is a truth to agree with)."""
    rows = [json.loads(line) for line in (data / "pandalm" / "pairs.jsonl").open(encoding="utf-8")]
    yield "PandaLM", np.array([[r[f"annotator{k}"] for k in (1, 2, 3)] for r in rows]), 3, True
    rows = [json.loads(line)["annotator_labels"] for line in (data / "snli" / "dev_part.jsonl").open(encoding="utf-8")]
    yield "SNLI", np.array([[SNLI.index(said) for said in r] for r in rows if len(r) == 5]), 5, True
    for name in POLIS:
        with (data / "polis" / f"{name}.participants-votes.csv").open(encoding="utf-8", newline="") as file:
            votes = [[{"1": 0, "-1": 1}.get(v, -1) for v in row[6:]] for row in list(csv.reader(file))[1:]]
        found = np.array(votes).T
        yield f"Polis {name}", found[:, (found >= 0).sum(0) >= 10], 9, False


def measure(data: Path | None, quick: bool) -> list[dict[str, Any]]:
    """Every row."""
    rows: list[dict[str, Any]] = []

    def add(claim: str, said: list[Reliability], held: list[bool], target: bool) -> None:
        if not held:
            return
        width = np.mean([r.high - r.low for r in said])
        about = f"{claim} (mean {np.mean([r.estimate for r in said]):.2f}, width {width:.2f})"
        rows.append(share(about, sum(held), len(held), reaches=0.95 if target else None, interval=wilson))
        print(f"{claim}: done", file=sys.stderr)

    for name, labels, people, truth in real(data) if data else ():
        halves = list(held_out(labels, people, 12 if quick else 60, name))
        add(f"{name}, {people} people: the other half", [f for f, _, _ in halves], [holds(*h) for h in halves], truth)
    for hard in (0.0, 0.1, 0.3):
        for items, people in ((40, 3), (108, 9)):
            found = list(simulated(hard, items, people, (90 if quick else 450) // people))
            add(
                f"{items} items, {people} people, {hard:.0%} of the items hard: the true accuracy",
                [f for f, _ in found],
                [f.low <= true <= f.high for f, true in found],
                people > 3 or hard < 0.3,  # three people can't tell hard items from their own errors
            )
    return rows


def main(argv: list[str] | None = None) -> int:
    """Print the table; exit 1 when a claim is not met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="a fifth of the repetitions")
    parser.add_argument("--data", type=Path, help="a folder with pandalm, snli and polis")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    args = parser.parse_args(argv)
    start = time.perf_counter()
    rows = measure(args.data, args.quick)
    print(table(rows))
    write(report("reliability", rows, time.perf_counter() - start, ("numpy", "scipy")), args.json)
    return 1 if missed(rows) else 0


if __name__ == "__main__":
    raise SystemExit(main())
