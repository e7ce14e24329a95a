"""The preference-pairs task: human preferences, a fifth of whose labels are flipped; see `pandalm`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from activeseed.estimators.regression import Regression
from activeseed.outcome import Outcomes, Ranking, join_outcomes
from activeseed.plan import Floats, Ints, Law, Materials, Rows, generator, join_rows
from activeseed.protocols import Problem
from activeseed.seed import AS_WRITTEN, FLIPPED, Item, Pair, Probe, Seed, with_flips
from activeseed.systems.reward_model import RewardModel

ITEMS, WRONG, BELIEF, PROBES = 100, 20, 0.8, 300
DRAWS = 64
KEPT, TURNED = 0, 2
MODEL = RewardModel(compare="identity")


@dataclass(frozen=True)
class Votes:
    """A pair with a majority: the prompt, the replies in the order preferred, and what the raters said of it."""

    prompt: str
    chosen: str
    rejected: str
    raters: tuple[bool, ...]  # True: agrees with the majority


def read_votes(data: Path) -> list[Votes]:
    """Pairs with a majority for one reply; identical replies and ties are left out."""
    out = []
    for line in (data / "pandalm" / "pairs.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        said = [row[f"annotator{k}"] for k in (1, 2, 3)]
        first, second = str(row["response1"]), str(row["response2"])
        for winner, chosen, rejected in ((1, first, second), (2, second, first)):
            if said.count(winner) >= 2 and chosen.strip() and rejected.strip() and chosen != rejected:
                raters = tuple(s == winner for s in said if s in (1, 2))
                out.append(Votes(f"{row['instruction']}\n{row['input']}".strip(), chosen, rejected, raters))
    return out


@dataclass(frozen=True)
class Cell:
    """One draw of prompts, pairs and flips."""

    key: int
    materials: Materials
    truth: Ints  # (F,) variant that is right: 0, or 2 where the label was flipped
    heard: Ints  # (F,) variant that the annotator will name
    error: float

    @property
    def prior(self) -> Law:
        return Law("author's belief", np.tile([BELIEF, 0.0, 1.0 - BELIEF], (ITEMS, 1)))

    @cached_property
    def features(self) -> Floats:
        """(F, d) difference of the replies' embeddings."""
        return np.asarray(self.materials.features([i.payload for i in self.materials.seed.items]), np.float64)

    def train(self, variants: NDArray[Any]) -> Outcomes:
        v = np.atleast_2d(np.asarray(variants, np.int16))
        return MODEL.train(Rows(v, np.zeros(len(v), np.int64)), self.materials)

    @cached_property
    def target(self) -> Floats:
        return np.asarray(self.train(self.truth).values[0], np.float64)

    def errors(self, outcomes: Outcomes) -> Floats:
        return np.asarray(((outcomes.values - self.target) ** 2).mean(1), np.float64)

    @cached_property
    def start(self) -> tuple[float, float]:
        """Error of the flat author's ensemble, and of the seed as written."""
        u = generator(self.key, "pandalm", "draws").random((DRAWS, ITEMS))
        draws = np.where(u < BELIEF, KEPT, TURNED)
        return float(self.errors(self.train(draws)).mean()), float(self.errors(self.train(np.zeros(ITEMS)))[0])


def build(votes: Sequence[Votes], vectors: dict[str, Floats] | None, key: int, annotator: str) -> Cell:
    """One cell; ``vectors`` None fits the default embedder on the cell's own replies."""
    rng = np.random.default_rng(key)
    prompts = rng.permutation(sorted({v.prompt for v in votes}))
    held = set(prompts[: len(prompts) // 3])
    inside = [v for v in votes if v.prompt not in held]
    outside = [v for v in votes if v.prompt in held]
    seeded = [inside[i] for i in rng.permutation(len(inside))[:ITEMS]]
    probes = [outside[i] for i in rng.permutation(len(outside))[:PROBES]]
    flipped = np.zeros(ITEMS, bool)
    flipped[rng.permutation(ITEMS)[:WRONG]] = True
    texts = [t for v in (*seeded, *probes) for t in (v.chosen, v.rejected)]
    if vectors is None:
        from activeseed.embedders import Tfidf

        vectors = dict(zip(texts, Tfidf().fit(texts).embed(texts), strict=True))
    lookup = vectors

    def embed(wanted: Sequence[str]) -> NDArray[np.float32]:
        return np.stack([lookup[t] for t in wanted]).astype(np.float32)

    items = []
    for k, (v, turned) in enumerate(zip(seeded, flipped, strict=True)):
        pair = Pair(prompt=v.prompt, chosen=v.chosen, rejected=v.rejected)
        items.append(Item(id=f"pair-{k:03d}", payload=pair.flipped() if turned else pair))
    seed = with_flips(Seed(items=tuple(items)))
    seed = seed.revise(
        items=[i.model_copy(update={"belief": {AS_WRITTEN: BELIEF, FLIPPED: 1.0 - BELIEF}}) for i in seed.items]
    )
    places = tuple(
        Probe(id=f"p{k}", payload=Pair(prompt=v.prompt, chosen=v.chosen, rejected=v.rejected), label=1.0)
        for k, v in enumerate(probes)
    )
    truth = np.where(flipped, TURNED, KEPT)
    heard, error = truth.copy(), 0.0
    if annotator == "rater":
        agrees = np.array([v.raters[int(rng.integers(len(v.raters)))] for v in seeded])
        heard = np.where(agrees, truth, TURNED - truth)
        error = float(1.0 - np.mean([r for v in votes for r in v.raters]))
    return Cell(key, Materials(seed, places, root=key, embed=embed, embedder="benchmark"), truth, heard, error)


def regress(cell: Cell, law: Law, stream: int) -> tuple[Ranking, Rows, Outcomes]:
    """The product's regression under a law, with the rows it trained."""
    problem = Problem(
        seed=cell.materials.seed,
        law=law,
        rows_law=law,
        geometry=MODEL.geometry(cell.materials),
        deterministic=True,
        weighted=True,
        stream=stream,
    )
    run = Regression(pairs=3).run(problem)
    request = next(run)
    seen: list[tuple[Rows, Outcomes]] = []
    while True:
        rows = request.design.block(0, request.design.size)
        seen.append((rows, MODEL.train(rows, cell.materials)))
        try:
            request = run.send(seen[-1][1])
        except StopIteration as done:
            return done.value, join_rows([r for r, _ in seen]), join_outcomes([o for _, o in seen])


def self_confidence(features: Floats, turned: Sequence[int], key: int) -> Floats:
    """(F,) out-of-fold P(the pair is preferred as it stands), 5 folds: what cleanlab's self-confidence is here.

    Each pair is given both ways round, (x, 1) and (−x, 0), so that the regression needs no intercept.
    """
    from sklearn.linear_model import LogisticRegression

    x = features.copy()
    x[list(turned)] *= -1.0
    fold = np.random.default_rng(key).permutation(len(x)) % 5
    out = np.zeros(len(x))
    for k in range(5):
        z = x[fold != k]
        model = LogisticRegression(C=10.0, fit_intercept=False, max_iter=300)
        model.fit(np.r_[z, -z], np.r_[np.ones(len(z)), np.zeros(len(z))])
        out[fold == k] = model.predict_proba(x[fold == k])[:, 1]
    return out
