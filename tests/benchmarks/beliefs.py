"""Beliefs are never worse than their author's: the regret of what is believed of the items that nobody was asked.

    python -m tests.benchmarks.beliefs [--quick] [--json FILE] [--repetitions N] [--first N]
        [--parts copies,product,random,gold,effects,ablations]

A **cell** is a seed of 80 items: the share of them that is right, what the author believes (*excellent*: .97 of right
items and .10 of wrong ones, .6 of a tenth of either; else one number for all, the true share or off it by ±.2 or ±.4),
what content says of it (nothing, the truth, the opposite of it, in the evidence and in the first of 20 features), and
how often the annotator errs. Answers are taken in by the product's `fit_belief`, with the likelihood of an annotator
who is expected to err at 5 % (and whose gold answers, where there are any, have been counted). In the **product's
order** its `choose_beside` picks every question, a quarter of them at random, by the gram of a made-up response
with lognormal effects; in **random order** every question is drawn.

The regret is the Brier score of the unasked items under the belief less that under the better of author and plain count
(Beta(1, 1) of all answers): the one of the two that is better in the cell, over all repetitions. Beside it the regret
against the better of the two in each single repetition, which no predictor could reach. A claim's value is that of the
worst cell; its interval is that cell's mean ± 1.96 standard errors over repetitions. The worst of many cells is also
the luckiest draw of chance: with few repetitions it is above what that cell would show again. ``--first`` moves to
seeds that nobody has looked at.

In the part **effects** wrong items move the outcome three times as far as right ones, as they do in real seeds, so that
what is asked first is mostly wrong for a reason that no predictor knows. **Ablations** ask what the product asks, and
compare what is believed then with one constant changed.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from activeseed.acquisition import Candidate, choose, choose_beside, drawn_at_random, due_at_random, item_values
from activeseed.belief import Belief, BeliefSettings, counting, fit_belief, model
from activeseed.config import AskTable
from activeseed.outcome import Bools
from activeseed.plan import Floats, Law, generator, stream_key
from tests.benchmarks._report import missed, report, table, write

ITEMS, BATCH, LOOKS = 80, 6, (6, 12, 24, 48)
TARGETS = {"product": (0.06, 0.05, 0.03, 0.02), "random": (0.03, 0.02, 0.015, 0.01)}
SHARES, AUTHORS = (0.5, 0.75, 0.95, 1.0), (0.0, 0.2, -0.2, 0.4, -0.4)
CONTENTS, ERRORS = ("silent", "informative", "misleading"), (0.0, 0.1)
GOLD = 4
Row = dict[str, Any]


@dataclass(frozen=True)
class Cell:
    """What a seed, its author and its annotator are like.

    Attributes:
        content: what evidence and features say.
        author: how far his one number is off the true share; None for the excellent one.
        share: of the items that are right.
        error: how often the annotator errs; 1 is an adversary.
        gold: whether gold questions have measured the annotator.
        groups: two groups of 40, the second right less often by this much; the author knows nothing of it.
        pushes: how much farther a wrong item moves the outcome than a right one.
    """

    content: str = "silent"
    author: float | None = 0.0
    share: float = 0.75
    error: float = 0.0
    gold: bool = False
    groups: float = 0.0
    pushes: float = 1.0

    def __str__(self) -> str:
        author = "excellent" if self.author is None else "flat" if self.author == 0 else f"{self.author:+.1f}"
        more = f", second group {-self.groups:+g}" if self.groups else ""
        more += f", wrong items push {self.pushes:g}-fold" if self.pushes != 1 else ""
        return f"{self.content}, author {author}, share {self.share:g}, error {self.error:g}{more}"


@dataclass(frozen=True)
class World:
    """One draw of a cell."""

    truth: Bools
    author: Floats
    features: Floats
    evidence: Floats
    gram: Floats
    heard: Bools
    accuracy: float
    groups: tuple[str, ...]


def cells() -> Iterator[Cell]:
    """The grid of the claims."""
    for share in SHARES:
        for author in (None, *AUTHORS):
            if author is None or 0 < share + author <= 1:
                for content in CONTENTS:
                    for error in ERRORS:
                        yield Cell(content, author, share, error)


def with_gold() -> Iterator[Cell]:
    """Annotators about whom only gold questions tell."""
    for error in (0.3, 1.0):
        for share in SHARES:
            for author in (None, 0.0):
                for content in CONTENTS:
                    yield Cell(content, author, share, error, gold=True)


def with_effects() -> Iterator[Cell]:
    """Wrong items push farther: a choice by effect is a choice of what is wrong."""
    for content in CONTENTS:
        for author in (None, 0.0):
            for error in ERRORS:
                yield Cell(content, author, 0.75, error, pushes=3.0)


def drawn_world(cell: Cell, repetition: int) -> World:
    """A cell's seed; the same repetition has the same seed under every order and setting."""
    rng = generator(repetition, "beliefs", str(cell))
    second = np.arange(ITEMS) >= ITEMS // 2
    truth = rng.random(ITEMS) < cell.share - cell.groups * second
    says = {"silent": 0.0, "informative": 1.0, "misleading": -1.0}[cell.content] * np.where(truth, 1.0, -1.0)
    features, evidence = rng.standard_normal((ITEMS, 20)), rng.standard_normal(ITEMS) + 1.2 * says
    features[:, 0] += 2.0 * says
    if cell.author is None:
        author = np.where(rng.random(ITEMS) < 0.1, 0.6, np.where(truth, 0.97, 0.1))
    else:
        author = np.full(ITEMS, np.clip(cell.share + cell.author, 0.02, 0.98))
    effects = rng.lognormal(0.0, 1.0, (ITEMS, 1)) * rng.standard_normal((ITEMS, 30))
    effects[~truth] *= cell.pushes
    flat = np.stack([np.zeros_like(effects), effects], 1).reshape(2 * ITEMS, -1)
    heard = truth ^ (rng.random(ITEMS) < cell.error)
    expected = AskTable().error
    right = int((rng.random(GOLD) >= cell.error).sum()) if cell.gold else 0
    accuracy = (5.0 * (1.0 - expected) + right) / (5.0 + (GOLD if cell.gold else 0))
    groups = tuple(np.where(second, "b", "a").tolist()) if cell.groups else ("",) * ITEMS
    return World(truth, author, features, evidence, flat @ flat.T, heard, accuracy, groups)


def asked(
    world: World, repetition: int, order: str, settings: BeliefSettings
) -> Iterator[tuple[list[int], Bools, Belief]]:
    """After 6, 12, 24 and 48 answers: the items asked so far, which of all were drawn at random, the belief."""
    drawn = np.zeros(ITEMS, bool)
    done: list[int] = []
    rng = generator(repetition, "order")
    for look in range(BATCH, max(LOOKS) + 1, BATCH):
        if order == "random":
            picks = rng.permutation(np.setdiff1d(np.arange(ITEMS), done))[:BATCH].tolist()
            drawn[picks] = True
        else:
            belief = believed(world, repetition, settings, done, drawn)
            candidates = [Candidate("review", (f,), error=AskTable().error) for f in range(ITEMS) if f not in done]
            due = due_at_random(AskTable().random_share, len(done), int(drawn.sum()), BATCH)
            some = drawn_at_random(candidates, due, stream_key(repetition, "batch", look))
            deployed = np.zeros(ITEMS, np.int64)
            batch = choose_beside(some, world.gram, belief, candidates, BATCH, deployed=deployed)
            picks = [p.candidate.items[0] for p in batch]
            drawn[[p.candidate.items[0] for p in batch if p.drawn == "random"]] = True
        done += picks
        if look in LOOKS:
            yield list(done), drawn.copy(), believed(world, repetition, settings, done, drawn)


def believed(world: World, key: int, settings: BeliefSettings, order: Sequence[int], drawn: Bools | None) -> Belief:
    """The product's belief once these items have been answered, in this order."""
    likelihood, p = np.ones((ITEMS, 2)), world.accuracy
    for f in order:
        likelihood[f] = (p, 1.0 - p) if world.heard[f] else (1.0 - p, p)
    law = Law("author's belief", np.stack([world.author, 1.0 - world.author], 1))
    return fit_belief(
        settings, law, groups=world.groups, features=world.features, evidence=world.evidence,
        likelihood=likelihood, key=key, order=order, drawn=drawn,
    )  # fmt: skip


def scores(cell: Cell, order: str, repetitions: range) -> Floats:
    """(repetitions, looks, 3) Brier scores of the unasked items: belief, author, plain count."""
    out = np.zeros((len(repetitions), len(LOOKS), 3))
    for n, r in enumerate(repetitions):
        world = drawn_world(cell, r)
        for k, (done, _, belief) in enumerate(asked(world, r, order, BeliefSettings())):
            count = np.full(ITEMS, (1.0 + world.heard[done].sum()) / (2.0 + len(done)))
            out[n, k] = [brier(world, done, p) for p in (belief.credibility, world.author, count)]
    return out


def brier(world: World, done: Sequence[int], believed: Floats) -> float:
    """Of the items that nobody was asked about."""
    left = np.setdiff1d(np.arange(ITEMS), done)
    return float(((believed[left] - world.truth[left]) ** 2).mean())


def regrets(found: Floats) -> tuple[Floats, Floats]:
    """(repetitions, looks) regret against the better reference of the cell, and of each repetition."""
    better = found[:, :, 1:].mean(0).argmin(-1)
    reference = np.take_along_axis(found[:, :, 1:], better[None, :, None], 2)[:, :, 0]
    return found[:, :, 0] - reference, found[:, :, 0] - found[:, :, 1:].min(-1)


def interval(values: Floats) -> list[float]:
    half = 1.96 * float(values.std(ddof=1)) / np.sqrt(len(values))
    return [round(float(values.mean()) - half, 4), round(float(values.mean()) + half, 4)]


def worst(claim: str, by_cell: dict[str, Floats], look: int, target: float | None) -> Row:
    """The row of the cell of the largest mean."""
    name = max(by_cell, key=lambda c: float(by_cell[c][:, look].mean()))
    values = by_cell[name][:, look]
    value = round(float(values.mean()), 4)
    return {
        "claim": f"{claim}, after {LOOKS[look]} answers, worst of {len(by_cell)} cells ({name})",
        "value": value, "interval": interval(values), "target": None if target is None else f"≤ {target:g}",
        "met": None if target is None else value <= target,
    }  # fmt: skip


def regret_rows(grid: Sequence[Cell], order: str, repetitions: range, what: str) -> tuple[list[Row], list[Row]]:
    """Claims of an order, and the mean regrets of each cell."""
    cell_wise, single = {}, {}
    for cell in grid:
        cell_wise[str(cell)], single[str(cell)] = regrets(scores(cell, order, repetitions))
    targets = TARGETS[order]
    rows = [worst(f"regret, {what}", cell_wise, k, targets[k]) for k in range(len(LOOKS))]
    rows += [worst(f"regret against the better in each repetition, {what}", single, k, None) for k in range(len(LOOKS))]
    every = np.mean([v.mean(0) for v in cell_wise.values()], axis=0)
    rows += [
        {"claim": f"mean regret over the cells, {what}, after {LOOKS[k]} answers", "value": round(float(every[k]), 4),
         "interval": None, "target": None, "met": None}
        for k in range(len(LOOKS))
    ]  # fmt: skip
    return rows, [{"order": order, "cell": c, "regret": v.mean(0).round(4).tolist()} for c, v in cell_wise.items()]


# --- near-copies ----------------------------------------------------------------------------------------------------


def with_copies(repetition: int, distance: float) -> World:
    """A seed whose items 0 … 9 come again as 10 … 19, embeddings moved by a share of the distance between items."""
    world = drawn_world(Cell(), repetition)
    features, evidence = world.features.copy(), world.evidence.copy()
    moved = generator(repetition, "copies").standard_normal((10, 20))
    typical = np.sqrt(2.0 * float(((features - features.mean(0)) ** 2).sum(1).mean()))
    features[10:20] = features[:10] + distance * typical * moved / np.linalg.norm(moved, axis=1, keepdims=True)
    evidence[10:20] = evidence[:10]
    # a copy pushes the outcome as its original does
    at = np.arange(2 * ITEMS)
    at[20:40] = np.arange(20)
    gram = world.gram[np.ix_(at, at)]
    return World(world.truth, world.author, features, evidence, gram, world.heard, world.accuracy, world.groups)


def copy_rows(repetitions: int) -> list[Row]:
    """Identical texts are one question, near ones as far as they are alike."""
    out: list[Row] = []
    kept: dict[float, Floats] = {}
    both, least = {0.0: np.zeros(repetitions), AskTable().error: np.zeros(repetitions)}, np.zeros(repetitions)
    untied = np.zeros(repetitions)
    for distance in (0.0, 0.1, 0.2, 0.3, 0.4, 0.6):
        share = np.zeros(repetitions)
        for r in range(repetitions):
            world = with_copies(r, distance)
            belief = believed(world, r, BeliefSettings(), (), None)
            share[r] = float(np.mean(value_kept(world, belief)))
            if distance == 0:
                least[r] = correlated(belief)
                untied[r] = correlated(believed(world, r, BeliefSettings(near=0.0), (), None))
                for error, pairs in both.items():
                    candidates = [Candidate("review", (f,), error=error) for f in range(ITEMS)]
                    picks = {p.candidate.items[0] for p in choose(world.gram, belief, candidates, 8)}
                    pairs[r] = sum(i in picks and i + 10 in picks for i in range(10))
        kept[distance] = share
    out.append(claim("least correlation of two identical texts before any answer", least, "≥ 0.9", lambda v: v >= 0.9))
    out.append(claim("the same with near = 0", untied, None, None))
    for error, pairs in both.items():
        # from an annotator who errs a second reading is worth something, where the effect is by far the largest
        text = f"pairs of identical texts of 10 that are both in the first batch of 8, annotator errs at {error:g}"
        target, holds = ("0", lambda v: v == 0) if error == 0 else (None, None)
        out.append(claim(text, pairs, target, holds))
    for distance, left in kept.items():
        text = f"share of its value that a copy at {distance:g} of two items' distance keeps once the other is asked"
        out.append(claim(text, left, None, None))
    ordered = np.array([kept[d].mean() for d in sorted(kept)])
    rise = np.full(2, np.diff(ordered).min())
    out.append(claim("least rise of that share from one distance to the next", rise, "≥ 0", lambda v: v >= 0))
    return out


def correlated(belief: Belief) -> float:
    """The least correlation of an item with its copy."""
    c = belief.covariance.reshape(ITEMS, 2, ITEMS, 2)[:, 0, :, 0]
    return float(min(c[i, i + 10] / np.sqrt(c[i, i] * c[i + 10, i + 10]) for i in range(10)))


def value_kept(world: World, belief: Belief) -> list[float]:
    """Value of the copies once the originals are pending, over what it was."""
    from activeseed.acquisition.value import explained

    error = AskTable().error
    alone = item_values(world.gram, belief, error)
    out = []
    for i in range(10):
        taken = explained(belief.covariance, belief.law.probabilities, [i], error)
        left = item_values(world.gram, belief, error, covariance=belief.covariance - taken)
        out.append(float(left[i + 10] / alone[i + 10]))
    return out


def claim(text: str, values: Floats, target: str | None, holds: Callable[[float], bool] | None) -> Row:
    value = round(float(values.mean()), 4)
    return {"claim": text, "value": value, "interval": interval(values), "target": target,
            "met": None if holds is None else holds(value)}  # fmt: skip


# --- ablations ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ablation:
    """One constant set to something else: of the settings, or of a module of the product."""

    settings: dict[str, Any] | None = None
    where: Any = None
    name: str = ""
    value: Any = None
    all_random: bool = False

    def believed(self, world: World, key: int, done: Sequence[int], drawn: Bools) -> Floats:
        """(F,) what would be believed."""
        settings, some = BeliefSettings(**(self.settings or {})), None if self.all_random else drawn
        if self.where is None:
            return believed(world, key, settings, done, some).credibility
        with patch.object(self.where, self.name, self.value), np.errstate(divide="ignore"):  # a share may be 0
            return believed(world, key, settings, done, some).credibility


def started_at(author: float = 1.0, count: float = 1.0, others: float = 2.0) -> Ablation:
    return Ablation(where=model, name="ODDS", value=(author, count, others))


ABLATIONS = {
    "base_rate_sd 1 → 0.5": Ablation({"base_rate_sd": 0.5}),
    "base_rate_sd 1 → 2": Ablation({"base_rate_sd": 2.0}),
    "group_sd 0.5 → 0": Ablation({"group_sd": 0.0}),
    "group_sd 0.5 → 1": Ablation({"group_sd": 1.0}),
    "evidence_sds (1, 4) → none": Ablation({"evidence_sds": ()}),
    "evidence_sds (1, 4) → (1)": Ablation({"evidence_sds": (1.0,)}),
    "evidence_sds (1, 4) → (4)": Ablation({"evidence_sds": (4.0,)}),
    "kin_sds (0.8) → none": Ablation({"kin_sds": ()}),
    "kin_sds (0.8) → (0.4)": Ablation({"kin_sds": (0.4,)}),
    "kin_sds (0.8) → (1.6)": Ablation({"kin_sds": (1.6,)}),
    "components 32 → 4": Ablation({"components": 4}),
    "near 0.2 → 0": Ablation({"near": 0.0}),
    "no author": started_at(author=0.0),
    "the author's odds 1 → 2": started_at(author=2.0),
    "no regression": started_at(others=0.0),
    "the regressions' odds 2 → 1": started_at(others=1.0),
    "the regressions' odds 2 → 4": started_at(others=4.0),
    "no count": started_at(count=0.0),
    "the count's odds 1 → 2": started_at(count=2.0),
    "what all items are worth to a group's count 2 → 1": Ablation(where=counting, name="WHOLE", value=1.0),
    "what all items are worth to a group's count 2 → 4": Ablation(where=counting, name="WHOLE", value=4.0),
    "least doubt of an answer 0.005 → 0.0005": Ablation(where=model, name="DOUBT", value=0.0005),
    "least doubt of an answer 0.005 → 0.05": Ablation(where=model, name="DOUBT", value=0.05),
    "all questions count as drawn at random": Ablation(all_random=True),
}


def ablation_cells() -> list[Cell]:
    """Where a constant can show something: content that speaks, is silent, an author who is off, groups that differ."""
    some = [Cell(content, author, error=0.1) for content in CONTENTS for author in (None, 0.0, -0.4)]
    groups = [Cell(share=0.95, groups=0.5), Cell("informative", share=0.95, groups=0.5), Cell(share=0.75, groups=-0.2)]
    return [*some, *groups, Cell("informative", pushes=3.0), Cell(pushes=3.0)]


def ablation_rows(repetitions: range) -> list[Row]:
    """How much worse the Brier score of unasked items gets after the product's own questions; paired by repetition."""
    grid, looks = ablation_cells(), (0, 2)
    lost = {name: np.zeros((len(grid), len(repetitions), len(looks))) for name in ABLATIONS}
    for c, cell in enumerate(grid):
        for n, r in enumerate(repetitions):
            world = drawn_world(cell, r)
            for k, (done, drawn, belief) in enumerate(asked(world, r, "product", BeliefSettings())):
                if k in looks:
                    stands = brier(world, done, belief.credibility)
                    for name, ablation in ABLATIONS.items():
                        got = brier(world, done, ablation.believed(world, r, done, drawn)) - stands
                        lost[name][c, n, looks.index(k)] = got
                if k == max(looks):
                    break
    rows = []
    for name, found in lost.items():
        for k, look in enumerate(looks):
            each = found[:, :, k].mean(1)
            most, least = int(each.argmax()), int(each.argmin())
            text = f"Brier lost by {name}, after {LOOKS[look]} answers, mean of {len(grid)} cells"
            text += f" (most: {each[most]:+.4f}, {grid[most]}; least: {each[least]:+.4f}, {grid[least]})"
            rows.append(claim(text, found[:, :, k].mean(0), None, None))
    return rows


def main(argv: Sequence[str] | None = None) -> int:
    """Run the parts, then print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.beliefs", description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, help="not used: seeds are made up")
    parser.add_argument("--quick", action="store_true", help="every sixth cell, 8 repetitions")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--repetitions", type=int, default=0, help="of each cell; default 100, quick 8")
    parser.add_argument("--first", type=int, default=0, help="number of the first repetition")
    parser.add_argument("--every", type=int, default=0, help="run only every so manieth cell; default 1, quick 6")
    parser.add_argument("--parts", default="copies,product,random,gold,effects,ablations")
    args = parser.parse_args(argv)
    repetitions, every = args.repetitions or (8 if args.quick else 100), args.every or (6 if args.quick else 1)
    began, rows, by_cell = time.perf_counter(), [], []
    grid, fresh = list(cells()), range(args.first, args.first + repetitions)
    for part in args.parts.split(","):
        if part in TARGETS:
            found, each = regret_rows(grid[::every], part, fresh, f"{part} order")
            by_cell += each
        elif part == "gold":
            found, each = regret_rows(list(with_gold())[::every], "product", fresh, "measured by gold only")
            by_cell += each
        elif part == "effects":
            found, each = regret_rows(list(with_effects()), "product", fresh, "wrong items push farther")
            by_cell += each
        elif part == "copies":
            found = copy_rows(max(repetitions // 5, 2))
        elif part == "ablations":
            found = ablation_rows(fresh[: max(repetitions // 5, 2)])
        else:
            raise SystemExit(f"beliefs: no part {part!r}; there are copies, product, random, gold, effects, ablations")
        rows += found
        print(table(found), flush=True)
    seconds = time.perf_counter() - began
    result = report("beliefs", rows, seconds, repetitions=repetitions, first=args.first, cells=by_cell)
    write(result, args.json)
    return int(missed(rows))


if __name__ == "__main__":
    raise SystemExit(main())
