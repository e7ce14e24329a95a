"""Beliefs are never worse than their author's: the regret of what is believed of the items that nobody was asked.

    python -m tests.benchmarks.beliefs [--quick] [--json FILE] [--repetitions N] [--parts regret,copies,ablations]

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
worst cell; its interval is that cell's mean ± 1.96 standard errors over repetitions.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from activeseed.acquisition import Candidate, choose, choose_beside, drawn_at_random, due_at_random, item_values
from activeseed.belief import Belief, BeliefSettings, fit_belief
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
    """

    content: str = "silent"
    author: float | None = 0.0
    share: float = 0.75
    error: float = 0.0
    gold: bool = False
    groups: float = 0.0

    def __str__(self) -> str:
        author = "excellent" if self.author is None else "flat" if self.author == 0 else f"{self.author:+.1f}"
        return f"{self.content}, author {author}, share {self.share:g}, error {self.error:g}"


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


def drawn_world(cell: Cell, repetition: int) -> World:
    """A cell's seed; the same repetition has the same seed under every order and setting."""
    rng = generator(repetition, "beliefs", str(cell), str(cell.groups))
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
    flat = np.stack([np.zeros_like(effects), effects], 1).reshape(2 * ITEMS, -1)
    heard = truth ^ (rng.random(ITEMS) < cell.error)
    expected = AskTable().error
    right = int((rng.random(GOLD) >= cell.error).sum()) if cell.gold else 0
    accuracy = (5.0 * (1.0 - expected) + right) / (5.0 + (GOLD if cell.gold else 0))
    groups = tuple(np.where(second, "b", "a").tolist()) if cell.groups else ("",) * ITEMS
    return World(truth, author, features, evidence, flat @ flat.T, heard, accuracy, groups)


def asked(
    world: World, repetition: int, order: str, settings: BeliefSettings, *, weigh_by_all: bool = False
) -> Iterator[tuple[list[int], Belief]]:
    """The items asked so far and the belief after 6, 12, 24 and 48 answers."""
    likelihood, drawn = np.ones((ITEMS, 2)), np.zeros(ITEMS, bool)
    done: list[int] = []
    rng = generator(repetition, "order")
    for look in range(BATCH, max(LOOKS) + 1, BATCH):
        if order == "random":
            picks = rng.permutation(np.setdiff1d(np.arange(ITEMS), done))[:BATCH].tolist()
            drawn[picks] = True
        else:
            belief = believed(world, repetition, settings, likelihood, done, None if weigh_by_all else drawn)
            candidates = [Candidate("review", (f,), error=AskTable().error) for f in range(ITEMS) if f not in done]
            due = due_at_random(AskTable().random_share, len(done), int(drawn.sum()), BATCH)
            some = drawn_at_random(candidates, due, stream_key(repetition, "batch", look))
            deployed = np.zeros(ITEMS, np.int64)
            batch = choose_beside(some, world.gram, belief, candidates, BATCH, deployed=deployed)
            picks = [p.candidate.items[0] for p in batch]
            drawn[[p.candidate.items[0] for p in batch if p.drawn == "random"]] = True
        for f in picks:
            p = world.accuracy
            likelihood[f] = (p, 1.0 - p) if world.heard[f] else (1.0 - p, p)
        done += picks
        if look in LOOKS:
            yield done, believed(world, repetition, settings, likelihood, done, None if weigh_by_all else drawn)


def believed(
    world: World, key: int, settings: BeliefSettings, likelihood: Floats, order: Sequence[int], drawn: Bools | None
) -> Belief:
    """The product's belief."""
    law = Law("author's belief", np.stack([world.author, 1.0 - world.author], 1))
    return fit_belief(
        settings, law, groups=world.groups, features=world.features, evidence=world.evidence,
        likelihood=likelihood, key=key, order=order, drawn=drawn,
    )  # fmt: skip


def scores(cell: Cell, order: str, repetitions: int, settings: BeliefSettings, **more: bool) -> Floats:
    """(repetitions, looks, 3) Brier scores of the unasked items: belief, author, plain count."""
    out = np.zeros((repetitions, len(LOOKS), 3))
    for r in range(repetitions):
        world = drawn_world(cell, r)
        for n, (done, belief) in enumerate(asked(world, r, order, settings, **more)):
            left = np.setdiff1d(np.arange(ITEMS), done)
            count = np.full(len(left), (1.0 + world.heard[done].sum()) / (2.0 + len(done)))
            for k, p in enumerate((belief.credibility[left], world.author[left], count)):
                out[r, n, k] = ((p - world.truth[left]) ** 2).mean()
    return out


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


def regret_rows(grid: Sequence[Cell], order: str, repetitions: int, what: str) -> tuple[list[Row], list[Row]]:
    """Claims of an order, and the mean regrets of each cell."""
    cell_wise, single = {}, {}
    for cell in grid:
        cell_wise[str(cell)], single[str(cell)] = regrets(scores(cell, order, repetitions, BeliefSettings()))
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
    likelihood = np.ones((ITEMS, 2))
    out: list[Row] = []
    kept: dict[float, Floats] = {}
    both, least = {0.0: np.zeros(repetitions), AskTable().error: np.zeros(repetitions)}, np.zeros(repetitions)
    for distance in (0.0, 0.1, 0.2, 0.3, 0.4, 0.6):
        share = np.zeros(repetitions)
        for r in range(repetitions):
            world = with_copies(r, distance)
            belief = believed(world, r, BeliefSettings(), likelihood, (), None)
            share[r] = float(np.mean(value_kept(world, belief)))
            if distance == 0:
                c = belief.covariance.reshape(ITEMS, 2, ITEMS, 2)[:, 0, :, 0]
                least[r] = min(c[i, i + 10] / np.sqrt(c[i, i] * c[i + 10, i + 10]) for i in range(10))
                for error, pairs in both.items():
                    candidates = [Candidate("review", (f,), error=error) for f in range(ITEMS)]
                    picks = {p.candidate.items[0] for p in choose(world.gram, belief, candidates, 8)}
                    pairs[r] = sum(i in picks and i + 10 in picks for i in range(10))
        kept[distance] = share
    out.append(claim("least correlation of two identical texts before any answer", least, "≥ 0.9", lambda v: v >= 0.9))
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

#: what each constant is set to instead
ABLATIONS: dict[str, dict[str, Any]] = {
    "base_rate_sd 1 → 0.3": {"base_rate_sd": 0.3},
    "base_rate_sd 1 → 3": {"base_rate_sd": 3.0},
    "group_sd 0.5 → 0": {"group_sd": 0.0},
    "evidence_sds (1, 4) → none": {"evidence_sds": ()},
    "evidence_sds (1, 4) → (0.3)": {"evidence_sds": (0.3,)},
    "evidence_sds (1, 4) → (4)": {"evidence_sds": (4.0,)},
    "kin_sds (0.8) → none": {"kin_sds": ()},
    "kin_sds (0.8) → (3)": {"kin_sds": (3.0,)},
    "components 32 → 4": {"components": 4},
}


def ablation_cells() -> list[Cell]:
    """Where a constant can show something: content that speaks, is silent, an author who is off, groups that differ."""
    some = [Cell(content, author) for content in CONTENTS for author in (None, 0.0, -0.4)]
    return [*some, Cell(share=0.95, groups=0.5), Cell(share=0.75, groups=-0.2)]


def ablation_rows(repetitions: int) -> list[Row]:
    """How much worse the Brier score of unasked items gets, in the product's order; paired by repetition."""
    grid = ablation_cells()
    stands = {c: scores(c, "product", repetitions, BeliefSettings())[:, :, 0] for c in grid}
    rows = []
    variants: dict[str, tuple[BeliefSettings, dict[str, bool]]] = {
        name: (BeliefSettings(**changed), {}) for name, changed in ABLATIONS.items()
    }
    variants["the count weighed by all answers"] = (BeliefSettings(), {"weigh_by_all": True})
    for name, (settings, more) in variants.items():
        lost = {c: scores(c, "product", repetitions, settings, **more)[:, :, 0] - stands[c] for c in grid}
        for k in (0, 2):
            every = np.concatenate([v[:, k] for v in lost.values()])
            most = max(grid, key=lambda c: float(lost[c][:, k].mean()))
            text = f"Brier lost by {name}, after {LOOKS[k]} answers, mean of {len(grid)} cells"
            rows.append(claim(f"{text} (most: {lost[most][:, k].mean():+.4f}, {most})", every, None, None))
    return rows


def main(argv: Sequence[str] | None = None) -> int:
    """Run the parts, then print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.beliefs", description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, help="not used: seeds are made up")
    parser.add_argument("--quick", action="store_true", help="every sixth cell, 8 repetitions")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--repetitions", type=int, default=0, help="of each cell; default 100, quick 8")
    parser.add_argument("--every", type=int, default=0, help="run only every so manieth cell; default 1, quick 6")
    parser.add_argument("--parts", default="copies,product,random,gold,ablations")
    args = parser.parse_args(argv)
    repetitions, every = args.repetitions or (8 if args.quick else 100), args.every or (6 if args.quick else 1)
    began, rows, by_cell = time.perf_counter(), [], []
    grid = list(cells())
    for part in args.parts.split(","):
        if part in TARGETS:
            found, each = regret_rows(grid[::every], part, repetitions, f"{part} order")
            by_cell += each
        elif part == "gold":
            found, each = regret_rows(list(with_gold())[::every], "product", repetitions, "measured by gold only")
            by_cell += each
        elif part == "copies":
            found = copy_rows(max(repetitions // 5, 2))
        elif part == "ablations":
            found = ablation_rows(max(repetitions // 5, 2))
        else:
            raise SystemExit(f"beliefs: no part {part!r}; there are copies, product, random, gold, ablations")
        rows += found
        print(table(found), flush=True)
    result = report("beliefs", rows, time.perf_counter() - began, repetitions=repetitions, cells=by_cell)
    write(result, args.json)
    return int(missed(rows))


if __name__ == "__main__":
    raise SystemExit(main())
