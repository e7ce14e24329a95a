"""The persona task: a contaminated seed whose truth is known, built from the product's own parts.

One **cell** is one behaviour under one key. The matching (P), the non-matching (N) and the other behaviours' (O)
statements are shuffled; the seed holds 60 of P and 20 of N, each believed at 0.75; the pool holds 60 of N and 240 of O;
the probes are 100 of P, 100 of N and 200 of O. Tasks:

    content     the 60 stay, the 20 are absent: wrong items look wrong
    arbitrary   the same statements, each item's truth drawn from its belief: content says nothing
    noisy       content, and the annotator errs on one item in ten
    policy      content, and the outcome is the agents' policy over the pool
    five        content with 76 of P and 4 of N; the author still believes 0.75
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from activeseed.outcome import Outcomes
from activeseed.plan import Floats, Ints, Law, Materials, Rows, generator
from activeseed.seed import ABSENT, AS_WRITTEN, Item, Probe, Seed, Text
from activeseed.systems.league import OversightLeague

Task = Literal["content", "arbitrary", "noisy", "policy", "five"]
TASKS: tuple[Task, ...] = ("content", "arbitrary", "noisy", "policy", "five")
BELIEF = 0.75
ITEMS = 80
DRAWS = 64  # belief draws from which the ensemble's error is measured


@dataclass(frozen=True)
class Statements:
    """All statements of the file, with their features."""

    texts: tuple[str, ...]
    behaviours: tuple[str, ...]
    matches: tuple[bool, ...]

    @classmethod
    def read(cls, data: Path) -> Statements:
        """Read ``persona/statements.csv`` under a folder."""
        with (data / "persona" / "statements.csv").open(newline="", encoding="utf-8") as handle:
            rows = list(csv.DictReader(handle))
        return cls(
            tuple(r["statement"] for r in rows),
            tuple(r["behaviour"] for r in rows),
            tuple(r["matches_behaviour"] == "1" for r in rows),
        )

    @property
    def names(self) -> list[str]:
        """The behaviours, sorted."""
        return sorted(set(self.behaviours))


@dataclass(frozen=True)
class Cell:
    """One behaviour under one key: what is trained, and what is true."""

    task: Task
    behaviour: str
    key: int
    league: OversightLeague
    materials: Materials
    truth: Floats  # (F,) 1 where the item belongs
    heard: Floats  # (F,) what the annotator will say
    error: float  # the annotator's error rate

    @property
    def seed(self) -> Seed:
        """The seed as its author wrote it."""
        return self.materials.seed

    @cached_property
    def features(self) -> Floats:
        """(F, d) embeddings of the items."""
        return np.asarray(self.materials.features([i.payload for i in self.seed.items]), np.float64)

    @cached_property
    def pool_features(self) -> Floats:
        """(U, d) embeddings of the pool."""
        return np.asarray(self.materials.features([p.payload for p in self.materials.pool]), np.float64)

    @cached_property
    def prior(self) -> Law:
        """The author's flat belief."""
        return Law("author's belief", np.tile([BELIEF, 1.0 - BELIEF], (len(self.seed), 1)))

    @property
    def keys(self) -> tuple[int, ...]:
        """Replicates under which outcomes are compared: one where the trainer is deterministic, else two."""
        return (0, 1) if self.league.streams else (0,)

    def train(self, present: NDArray[Any], *, weights: bool = False) -> list[Outcomes]:
        """Outcomes of (n, F) seeds under each key; entries say whether an item is present, or its weight."""
        x = np.atleast_2d(np.asarray(present, np.float64))
        variants = np.zeros(x.shape, np.int16) if weights else np.where(x > 0, 0, 1).astype(np.int16)
        multiplicity = x.astype(np.float32) if weights else None
        return [
            self.league.train(Rows(variants, np.full(len(x), k, np.int64), multiplicity), self.materials)
            for k in self.keys
        ]

    def points(self, outcomes: Outcomes) -> Floats:
        """Embedded outcomes."""
        return self.league.geometry(self.materials).embed(outcomes.values)

    @cached_property
    def target(self) -> list[Floats]:
        """The true seed's embedded outcome under each key, (D,) each."""
        return [self.points(o)[0] for o in self.train(self.truth)]

    def misses(self, outcomes: list[Outcomes]) -> list[Floats]:
        """(n, D) differences from the truth under each key; the key is shared within a difference."""
        return [self.points(o) - t for o, t in zip(outcomes, self.target, strict=True)]

    def errors(self, outcomes: list[Outcomes]) -> Floats:
        """(n,) squared distance from the truth, a product of two keys' differences where keys vary the result."""
        d = self.misses(outcomes)
        return np.asarray((d[0] * d[-1]).sum(1))

    @cached_property
    def uniforms(self) -> Floats:
        """Common random numbers of the flat orders' belief draws: rounds differ by the answers alone."""
        return generator(self.key, "benchmark", "draws").random((DRAWS, len(self.seed)))

    @cached_property
    def start(self) -> tuple[float, float]:
        """Error of the flat author's ensemble, and of the seed as written: the denominators of all measures."""
        ensemble = float(self.errors(self.train(self.uniforms < BELIEF)).mean())
        written = float(self.errors(self.train(np.ones(len(self.seed))))[0])
        return ensemble, written


def build(
    statements: Statements,
    vectors: dict[str, Floats] | None,
    task: Task,
    behaviour: str,
    key: int,
    league: OversightLeague,
) -> Cell:
    """One cell. ``vectors`` maps a text to its features; None fits the default embedder on the cell's own texts."""
    rng = np.random.default_rng(key)
    named = np.array(statements.behaviours) == behaviour
    matching = np.array(statements.matches)
    p, n, o = (rng.permutation(np.flatnonzero(m)) for m in (named & matching, named & ~matching, ~named))
    good = 76 if task == "five" else 60
    bad = ITEMS - good
    items, truth = np.r_[p[:good], n[:bad]], np.r_[np.ones(good), np.zeros(bad)]
    order = rng.permutation(ITEMS)
    items, truth = items[order], truth[order]
    pool = np.r_[n[20:80], o[:240]]
    probes = np.r_[p[good : good + 100], n[80:180], o[240:440]]
    if task == "arbitrary":
        truth = (rng.random(ITEMS) < BELIEF).astype(float)
    error = 0.1 if task == "noisy" else 0.0
    wrong = np.random.default_rng([key, 5]).random(ITEMS) < error
    texts = [statements.texts[i] for i in np.r_[items, pool, probes]]
    if vectors is None:
        from activeseed.embedders import Tfidf

        vectors = dict(zip(texts, Tfidf().fit(texts).embed(texts), strict=True))
    lookup = vectors

    def embed(wanted: Sequence[str]) -> NDArray[np.float32]:
        return np.stack([lookup[t] for t in wanted]).astype(np.float32)

    def probe(prefix: str, rows: Ints) -> tuple[Probe, ...]:
        return tuple(Probe(id=f"{prefix}{k}", payload=Text(text=statements.texts[i])) for k, i in enumerate(rows))

    belief = {AS_WRITTEN: BELIEF, ABSENT: 1.0 - BELIEF}
    seed = Seed(
        items=tuple(
            Item(id=f"s{k:02d}", payload=Text(text=statements.texts[i]), belief=belief) for k, i in enumerate(items)
        )
    )
    if task == "policy":
        league = league.model_copy(update={"outcome": "policy", "compare": "hellinger"})
    materials = Materials(seed, probe("p", probes), probe("u", pool), root=key, embed=embed, embedder="benchmark")
    return Cell(task, behaviour, key, league, materials, truth, np.where(wrong, 1.0 - truth, truth), error)
