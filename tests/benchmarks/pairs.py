"""The preference-pair task: comparisons of replies, a fifth of the seed's labels flipped on purpose.

One **cell** is one split under one key: seed pairs and probe pairs come from different prompts. In PandaLM's pairs
truth is what most of a pair's annotators preferred; pairs on which most of them saw a tie, or no two agreed, are left
out. A fifth of the seed is written the wrong way round; the author believes 0.8 as written and 0.2 flipped. Tasks:

    truthful    the annotator says what is true
    raters      every question is answered by one real rater of that pair, in turns; a tie drops the pair
    rated       raters, and nothing is flipped on purpose: each label is what one rater said, the others answer
    shuffled    a control: which reply is better is a fair coin for every pair of seed and probes, so texts say nothing
    mismatched  the better reply against the better reply to another prompt: only with the prompt can they be told apart
    spec        replies that the Model Spec marks good and bad, in contexts that decide which is which

In the last two a reply is embedded with its prompt in front, as nothing in the replies alone says which is better.
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
from activeseed.config import Settings, parse
from activeseed.outcome import Ranking
from activeseed.plan import Floats, Ints, Law, Materials, Rows, generator
from activeseed.protocols import Estimator, Problem
from activeseed.seed import ABSENT, AS_WRITTEN, FLIPPED, Item, Pair, Probe, Seed, with_flips
from activeseed.study.materials import build_materials

Task = Literal["truthful", "raters", "shuffled", "mismatched", "spec", "rated"]
TASKS: tuple[Task, ...] = ("truthful", "raters", "rated", "shuffled", "mismatched", "spec")
BELIEF, WRONG = 0.8, 0.2
ITEMS, PROBES = 100, 300
DRAWS = 64  # belief draws from which the ensemble's error is measured
SPLITS = 8  # keys that share a shuffle
KEEP, DROP, FLIP = 0, 1, 2  # index of a pair's variants
NAMES = (AS_WRITTEN, ABSENT, FLIPPED)


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


def read_pairs(data: Path, task: Task = "truthful") -> list[Rated]:
    """The pairs of a task; empty where the folder has no such file."""
    if task == "spec":
        return _read_spec(data / "model-spec" / "good_bad.jsonl")
    pairs = _read_pandalm(data / "pandalm" / "pairs.jsonl")
    return _mismatched(pairs) if task == "mismatched" else pairs


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def _read_pandalm(path: Path) -> list[Rated]:
    """Pairs on which more than half of the annotators prefer the same reply.

    Replies that the file's makers turned into numbers or truth values are texts again.
    """
    out = []
    for r in _lines(path):
        votes = tuple(int(r[name]) for name in sorted(r) if name.startswith("annotator"))
        better = [side for side in (1, 2) if 2 * votes.count(side) > len(votes)]
        if better:
            prompt = f"{r['instruction']}\n{r['input']}".strip()
            out.append(Rated(prompt, (str(r["response1"]), str(r["response2"])), votes, better[0]))
    return out


def _mismatched(pairs: Sequence[Rated]) -> list[Rated]:
    """For each prompt its better reply, against the better reply to another prompt; both with the prompt in front."""
    best = {p.prompt: p.replies[p.better - 1] for p in pairs}
    prompts = sorted(best)
    shift = np.random.default_rng(11).permutation(len(prompts))
    other = {prompts[int(a)]: best[prompts[int(b)]] for a, b in zip(shift, np.roll(shift, 1), strict=True)}
    return [Rated(p, (f"{p}\n\n{best[p]}", f"{p}\n\n{other[p]}"), (1,), 1) for p in prompts if other[p] != best[p]]


def _read_spec(path: Path) -> list[Rated]:
    """Every good reply against every bad one in the same context; the last turn of the context stands in front."""
    found: dict[str, dict[str, list[str]]] = {}
    for r in _lines(path):
        context = "\n".join(f"{turn['role']}: {turn['text']}" for turn in r["context"])
        last = str(r["context"][-1]["text"]) if r["context"] else ""
        replies = found.setdefault(f"{r['example']}\n{context}", {"good": [], "bad": []})
        replies[r["label"]].append(f"{last}\n\n{r['response']}")
    return [
        Rated(prompt, (good, bad), (1,), 1)
        for prompt, replies in sorted(found.items())
        for good in replies["good"]
        for bad in replies["bad"]
    ]


def dissent(pairs: Sequence[Rated]) -> float:
    """How often one of a pair's annotators, drawn at random, does not say what most of them say."""
    return float(np.mean([vote != p.better for p in pairs for vote in p.votes]))


@dataclass(frozen=True)
class Cell:
    """One split: what is trained, what is true, and what the annotators will say."""

    task: Task
    key: int
    settings: Settings
    materials: Materials
    right: NDArray[np.bool_]  # (F,) whether the pair is right as written
    votes: Ints  # (N, F) the variant that is named when a pair is asked about for the nth time, in turns
    who: Ints  # (N, F) number of the annotator who names it
    labels: NDArray[np.bool_]  # (P,) whether a probe's first reply is truly the better one
    folder: Path  # holds the embeddings

    @property
    def seed(self) -> Seed:
        """The seed as its author wrote it."""
        return self.materials.seed

    @property
    def model(self) -> Any:
        """The system."""
        return self.settings.system

    def heard(self, item: int, time: int = 0) -> int:
        """The variant that an annotator names, asked about a pair for the nth time."""
        return int(self.votes[time % len(self.votes), item])

    def rater(self, item: int, time: int = 0) -> str:
        """Who that is."""
        return f"annotator{self.who[time % len(self.who), item] + 1}"

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
        """Error of the flat author's ensemble, and of the seed as written: the denominators of all measures."""
        flat = np.where(self.uniforms < self.prior.probabilities[:, KEEP], KEEP, FLIP)
        errors = self.errors(self.train(np.r_[flat, np.zeros((1, len(self.seed)), np.int64)]))
        return float(errors[:DRAWS].mean()), float(errors[DRAWS])

    def accuracy(self, outcomes: Floats) -> Floats:
        """(R,) share of held-out pairs whose better reply is preferred; indifference counts one half."""
        sign = np.where(self.labels, 1.0, -1.0) * (np.atleast_2d(outcomes) - 0.5)
        return np.asarray(((sign > 0) + 0.5 * (sign == 0)).mean(1))

    def estimate(self, estimator: Estimator) -> Ranking:
        """Drive one of the product's estimators on the seed as it was written."""
        problem = Problem(self.seed, self.prior, self.model.geometry(self.materials), True, True, 0, first_key=0)
        run = estimator.run(problem)
        request = next(run)
        while True:
            try:
                request = run.send(self.model.train(request.design.block(0, request.design.size), self.materials))
            except StopIteration as done:
                found: Ranking = done.value
                return found


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


def init_settings(key: int, embedder: str) -> Settings:
    """What ``activeseed init`` gives for preference pairs; what an answer decides is shown to nobody here."""
    tables = {"key": key, "system": {"kind": "reward_model"}, "embedder": {"kind": embedder}}
    return parse({**tables, "ask": {"consequences": 0}})


def build(pairs: Sequence[Rated], task: Task, key: int, embedder: str, folder: Path) -> Cell:
    """One cell.

    Args:
        folder: keeps the embeddings.
    """
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
    # the raters of a pair answer in turns, in an order drawn for the pair
    turns = [np.random.default_rng([key, 4, k]).permutation(len(p.votes)).tolist() for k, p in enumerate(seed)]
    if task == "rated":
        authors = [next(w for w in turn if p.votes[w]) for turn, p in zip(turns, seed, strict=True)]
        turns = [[w for w in turn if w != a] for turn, a in zip(turns, authors, strict=True)]
        right = np.array([p.votes[a] == p.better for p, a in zip(seed, authors, strict=True)])
    chosen = np.where(right, truth, 3 - truth)
    belief = {AS_WRITTEN: BELIEF, FLIPPED: 1.0 - BELIEF}
    written = [p.pair(int(c)) for p, c in zip(seed, chosen, strict=True)]
    items = tuple(Item(id=f"p{k:03d}", payload=pair, belief=belief) for k, pair in enumerate(written))
    first = rng.integers(1, 3, len(probes))  # which reply is shown first says nothing
    places = tuple(
        Probe(id=f"q{k:03d}", payload=p.pair(int(f))) for k, (p, f) in enumerate(zip(probes, first, strict=True))
    )
    settings = init_settings(key, embedder)
    flippable = with_flips(Seed(items=items))
    materials = build_materials(folder, settings, flippable, flippable, places, ())
    most = min(len(t) for t in turns)
    who = np.stack([t[:most] for t in turns], 1)
    said = np.array([[seed[k].votes[w] for k, w in enumerate(row)] for row in who])
    votes = np.where(said == 0, DROP, np.where(said == chosen, KEEP, FLIP))
    if task not in ("raters", "rated"):
        votes, who = np.where(right, KEEP, FLIP)[None], np.zeros((1, len(seed)), np.int64)
    return Cell(task, key, settings, materials, right, votes.astype(np.int64), who, held_out == first, folder)


def auc(score: Floats, wrong: NDArray[np.bool_]) -> float:
    """P(a flipped pair has a higher score than one that is not), ties one half."""
    gap = score[wrong][:, None] - score[~wrong][None, :]
    return float(((gap > 0) + 0.5 * (gap == 0)).mean())


def median_rank(score: Floats, wrong: NDArray[np.bool_]) -> float:
    """Median place of the flipped pairs, 1 for the highest score; ties share their middle place."""
    from scipy.stats import rankdata

    return float(np.median(rankdata(-score)[wrong]))
