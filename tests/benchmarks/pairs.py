"""The preference-pair task: people's comparisons of replies, a fifth of the seed's labels flipped on purpose.

One **cell** is one split under one key: seed pairs and probe pairs come from different prompts. Truth is what most of a
pair's annotators preferred; pairs on which most of them saw a tie, or no two agreed, are left out. A fifth of the seed
is written the wrong way round; the author believes 0.8 as written and 0.2 flipped of every pair. Tasks:

    truthful   the annotator says what is true
    raters     every question is answered by one real rater of that pair, drawn once; a tie is answered *both*
    shuffled   a control: which reply is better is a fair coin for every pair of seed and probes, so texts say nothing

Eight keys in a row share one shuffle of the prompts and start at eighths of it, so their seeds hardly overlap.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from activeseed.belief import author_law
from activeseed.outcome import Outcomes, Ranking, join_outcomes
from activeseed.plan import Floats, Ints, Law, Materials, Rows, generator, join_rows
from activeseed.protocols import Embedder, Estimator, Problem
from activeseed.seed import AS_WRITTEN, FLIPPED, Item, Pair, Probe, Seed, with_flips
from activeseed.systems.reward_model import RewardModel

Task = Literal["truthful", "raters", "shuffled"]
TASKS: tuple[Task, ...] = ("truthful", "raters", "shuffled")
BELIEF, WRONG = 0.8, 0.2
ITEMS, PROBES = 100, 300
DRAWS = 64  # belief draws from which the ensemble's error is measured
SPLITS = 8  # keys that share a shuffle
KEEP, DROP, FLIP = 0, 1, 2  # index of a pair's variants


@dataclass(frozen=True)
class Rated:
    """Two replies to a prompt, what every annotator said (1, 2, or 0 for a tie) and what most of them prefer (1, 2)."""

    prompt: str
    replies: tuple[str, str]
    votes: tuple[int, ...]
    better: int

    def pair(self, chosen: int) -> Pair:
        """The pair with reply ``chosen`` (1 or 2) preferred."""
        return Pair(prompt=self.prompt, chosen=self.replies[chosen - 1], rejected=self.replies[2 - chosen])


def read_pairs(data: Path) -> list[Rated]:
    """The pairs of ``pandalm/pairs.jsonl`` on which more than half of the annotators prefer the same reply.

    Replies that the file's makers turned into numbers or truth values are texts again.
    """
    out = []
    for line in (data / "pandalm" / "pairs.jsonl").read_text(encoding="utf-8").splitlines():
        r = json.loads(line)
        votes = tuple(int(r[name]) for name in sorted(r) if name.startswith("annotator"))
        better = [side for side in (1, 2) if 2 * votes.count(side) > len(votes)]
        if better:
            prompt = f"{r['instruction']}\n{r['input']}".strip()
            out.append(Rated(prompt, (str(r["response1"]), str(r["response2"])), votes, better[0]))
    return out


def dissent(pairs: Sequence[Rated]) -> float:
    """How often one of a pair's annotators, drawn at random, does not say what most of them say."""
    return float(np.mean([vote != p.better for p in pairs for vote in p.votes]))


@dataclass(frozen=True)
class Cell:
    """One split: what is trained, what is true, and what the annotator will say."""

    task: Task
    key: int
    model: RewardModel
    materials: Materials
    right: NDArray[np.bool_]  # (F,) whether the pair is right as written
    heard: Ints  # (F,) the variant that the annotator will name
    labels: NDArray[np.bool_]  # (P,) whether a probe's first reply is truly the better one
    error: float  # the annotator's error rate, known

    @property
    def seed(self) -> Seed:
        """The seed as its author wrote it."""
        return self.materials.seed

    @cached_property
    def features(self) -> Floats:
        """(F, d) chosen minus rejected embedding."""
        return np.asarray(self.materials.features([i.payload for i in self.seed.items]), np.float64)

    @cached_property
    def prior(self) -> Law:
        """The author's flat belief."""
        return author_law(self.seed)

    @cached_property
    def uniforms(self) -> Floats:
        """(DRAWS, F) what flat beliefs are drawn with: the same for every order."""
        return generator(self.key, "benchmark", "draws").random((DRAWS, len(self.seed)))

    def train(self, variants: Any) -> Floats:
        """(R, P) P(first reply preferred) for (R, F) variants. The linear reward's training is deterministic."""
        v = np.atleast_2d(np.asarray(variants, np.int16))
        out = self.model.train(Rows(v, np.zeros(len(v), np.int64)), self.materials)
        assert out.ok.all(), out.failures
        return np.asarray(out.values, np.float64)

    @cached_property
    def truth(self) -> Floats:
        """(1, P) outcome of the true labels."""
        return self.train(np.where(self.right, KEEP, FLIP))

    def errors(self, outcomes: Floats) -> Floats:
        """(R,) squared distance from the outcome of the true labels, mean over probes."""
        embed = self.model.geometry(self.materials).embed
        return np.asarray(((embed(outcomes) - embed(self.truth)) ** 2).sum(1))

    @cached_property
    def start(self) -> tuple[float, float]:
        """Squared errors before any answer: of the author's flat belief (mean over draws), of the seed as written."""
        flat = np.where(self.uniforms < self.prior.probabilities[:, KEEP], KEEP, FLIP)
        errors = self.errors(self.train(np.r_[flat, np.zeros((1, len(self.seed)), np.int64)]))
        return float(errors[:DRAWS].mean()), float(errors[DRAWS])

    def accuracy(self, outcomes: Floats) -> Floats:
        """(R,) share of held-out pairs whose better reply is preferred; indifference counts one half."""
        sign = np.where(self.labels, 1.0, -1.0) * (np.atleast_2d(outcomes) - 0.5)
        return np.asarray(((sign > 0) + 0.5 * (sign == 0)).mean(1))

    def problem(self, law: Law, rows_law: Law | None = None, stream: int = 0) -> Problem:
        """What the product's estimators are asked about this seed as it was written."""
        geometry = self.model.geometry(self.materials)
        return Problem(self.seed, law, geometry, True, True, stream, first_key=0, rows_law=rows_law)

    def estimate(self, estimator: Estimator, problem: Problem) -> tuple[Ranking, Rows, Outcomes]:
        """Drive an estimator; its ranking, and the rows it trained."""
        run = estimator.run(problem)
        request = next(run)
        seen: list[tuple[Rows, Outcomes]] = []
        while True:
            rows = request.design.block(0, request.design.size)
            seen.append((rows, self.model.train(rows, self.materials)))
            try:
                request = run.send(seen[-1][1])
            except StopIteration as done:
                return done.value, join_rows([r for r, _ in seen]), join_outcomes([o for _, o in seen])


def split(pairs: Sequence[Rated], key: int) -> tuple[list[Rated], list[Rated]]:
    """Seed and probe pairs of a key: whole prompts each, so that no probe's prompt is in the seed."""
    by_prompt: dict[str, list[Rated]] = {}
    for p in pairs:
        by_prompt.setdefault(p.prompt, []).append(p)
    shuffled = np.random.default_rng([key // SPLITS, 1]).permutation(np.array(sorted(by_prompt), object))
    prompts = np.roll(shuffled, -((key % SPLITS) * len(shuffled) // SPLITS)).tolist()
    wanted = min(ITEMS, len(pairs) // 3)
    seed: list[Rated] = []
    while len(seed) < wanted:
        seed += by_prompt[prompts.pop(0)]
    probes = [p for prompt in prompts for p in by_prompt[prompt]]
    return seed[:wanted], probes[:PROBES]


def build(pairs: Sequence[Rated], embedder: Embedder, task: Task, key: int, model: RewardModel) -> Cell:
    """One cell; the embedder is fitted on the cell's own replies (of seed and probes)."""
    rng = np.random.default_rng([key, 2])
    seed, probes = split(pairs, key)
    coins = np.random.default_rng([key, 3]).integers(1, 3, len(seed) + len(probes))
    better = np.array([p.better for p in (*seed, *probes)])
    if task == "shuffled":
        better = coins
    truth, held_out = better[: len(seed)], better[len(seed) :]
    right: NDArray[np.bool_] = np.ones(len(seed), bool)
    right[rng.choice(len(seed), round(WRONG * len(seed)), replace=False)] = False
    order = rng.permutation(len(seed))
    seed = [seed[i] for i in order]
    truth, right = truth[order], right[order]
    chosen = np.where(right, truth, 3 - truth)
    belief = {AS_WRITTEN: BELIEF, FLIPPED: 1.0 - BELIEF}
    written = [p.pair(int(c)) for p, c in zip(seed, chosen, strict=True)]
    items = tuple(Item(id=f"p{k:03d}", payload=pair, belief=belief) for k, pair in enumerate(written))
    first = rng.integers(1, 3, len(probes))  # which reply is shown first says nothing
    places = tuple(
        Probe(id=f"q{k:03d}", payload=p.pair(int(f))) for k, (p, f) in enumerate(zip(probes, first, strict=True))
    )
    texts = sorted({t for p in (*seed, *probes) for t in p.replies})
    fitted = embedder.fit(texts)
    vectors = dict(zip(texts, fitted.embed(texts), strict=True))

    def embed(wanted: Sequence[str]) -> NDArray[np.float32]:
        return np.stack([vectors[t] for t in wanted]).astype(np.float32)

    votes = np.array([np.random.default_rng([key, 4, k]).choice(p.votes) for k, p in enumerate(seed)])
    said = {
        "truthful": np.where(right, KEEP, FLIP),
        "shuffled": np.where(right, KEEP, FLIP),
        "raters": np.where(votes == 0, DROP, np.where(votes == chosen, KEEP, FLIP)),
    }[task]
    return Cell(
        task, key, model,
        Materials(with_flips(Seed(items=items)), places, root=key, embed=embed, embedder="benchmark"),
        right, said.astype(np.int64), held_out == first,
        dissent(pairs) if task == "raters" else 0.0,
    )  # fmt: skip


def auc(score: Floats, wrong: NDArray[np.bool_]) -> float:
    """P(a flipped pair has a higher score than one that is not), ties one half."""
    gap = score[wrong][:, None] - score[~wrong][None, :]
    return float(((gap > 0) + 0.5 * (gap == 0)).mean())


def median_rank(score: Floats, wrong: NDArray[np.bool_]) -> float:
    """Median place of the flipped pairs, 1 for the highest score; ties share their middle place."""
    from scipy.stats import rankdata

    return float(np.median(rankdata(-score)[wrong]))
