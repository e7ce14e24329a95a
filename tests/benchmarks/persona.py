"""The persona task: a contaminated seed whose truth is known, and the study that ``activeseed init`` would make of it.

One **cell** is one behaviour under one key. The matching (P), the non-matching (N) and the other behaviours' (O)
statements are shuffled, anew for every behaviour; the seed holds 60 of P and 20 of N, each believed at 0.75; the pool
holds 60 of N and 240 of O; the probes are 100 of P, 100 of N and 200 of O. Tasks:

    content     the 60 stay, the 20 are absent: wrong items look wrong
    arbitrary   the same statements, each item's truth drawn from its belief: content says nothing
    weights     arbitrary, and a fifth of the items counts eightfold: items differ in effect
    noisy       content, and the annotator errs on one item in ten
    policy      content, and the outcome is the agents' policy over the pool
    five        content with 76 of P and 4 of N; the author still believes 0.75
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from activeseed.config import Settings, parse
from activeseed.outcome import Outcomes
from activeseed.plan import Floats, Ints, Law, Materials, Rows, generator
from activeseed.protocols import Geometry
from activeseed.seed import ABSENT, AS_WRITTEN, Item, Probe, Seed, Text
from activeseed.study.materials import build_materials
from activeseed.systems.league.settings import LEAGUE

Task = Literal["content", "arbitrary", "weights", "noisy", "policy", "five"]
TASKS: tuple[Task, ...] = ("content", "arbitrary", "weights", "noisy", "policy", "five")
BELIEF = 0.75
ITEMS = 80
HEAVY, HEAVY_SHARE = 8, 0.2  # what a heavy item counts, and how many are heavy, in the task *weights*
DRAWS = 64  # belief draws from which the ensemble's error is measured
KEYS = 32  # keys over which errors are measured: a product of so many leaves little noise of one training
#: replicate numbers of the measurements: no study trains under them, so no order is measured by what it has seen
FIRST_KEY = 60_000_000
#: times that an item may be asked about
HEARINGS = 24


@dataclass(frozen=True)
class Statements:
    """All statements of the file."""

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


def init_settings(key: int, items: int, embedder: str, **tables: Any) -> Settings:
    """What ``activeseed init`` gives for a seed of texts, but that nothing is trained for a reader who isn't there.

    What an answer would decide is shown to people and read by no order, so ``[ask] consequences`` is 0.
    """
    league = {"kind": "oversight_league", **LEAGUE, "minibatch": min(32, items // 2), **tables.pop("system", {})}
    ask = {"consequences": 0, **tables.pop("ask", {})}
    return parse({"key": key, "system": league, "embedder": {"kind": embedder}, "ask": ask, **tables})


@dataclass(frozen=True)
class Cell:
    """One behaviour under one key: what is trained, what is true, and what the annotator says."""

    task: Task
    behaviour: str
    key: int
    settings: Settings
    seed: Seed
    pool: tuple[Probe, ...]
    probes: tuple[Probe, ...]
    truth: Floats  # (F,) 1 where the item belongs
    slips: NDArray[np.bool_]  # (HEARINGS, F) whether the annotator errs when asked about an item for the nth time
    error: float  # the annotator's error rate
    folder: Path  # holds the embeddings

    @cached_property
    def materials(self) -> Materials:
        """What the study's trainings share."""
        return build_materials(self.folder, self.settings, self.seed, self.seed, self.probes, self.pool)

    @property
    def league(self) -> Any:
        """The system."""
        return self.settings.system

    @cached_property
    def geometry(self) -> Geometry:
        """In which outcomes are compared."""
        found: Geometry = self.league.geometry(self.materials)
        return found

    @cached_property
    def features(self) -> Floats:
        """(F, d) embeddings of the items."""
        return np.asarray(self.materials.features([i.payload for i in self.seed.items]), np.float64)

    @cached_property
    def pool_features(self) -> Floats:
        """(U, d) embeddings of the pool."""
        return np.asarray(self.materials.features([p.payload for p in self.pool]), np.float64)

    @cached_property
    def prior(self) -> Law:
        """The author's flat belief."""
        return Law("author's belief", np.tile([BELIEF, 1.0 - BELIEF], (len(self.seed), 1)))

    def heard(self, item: int, time: int = 0) -> bool:
        """Whether the annotator says that an item stays, asked for the nth time: the same in every order."""
        return bool((self.truth[item] > 0) != self.slips[time % HEARINGS, item])

    # --- errors -------------------------------------------------------------------------------------------------

    def train(self, present: NDArray[Any], keys: Ints, *, weights: bool = False) -> Outcomes:
        """Outcomes of (n, F) seeds under (n,) keys; entries say whether an item is present, or its weight."""
        x = np.atleast_2d(np.asarray(present, np.float64))
        variants = np.zeros(x.shape, np.int16) if weights else np.where(x > 0, 0, 1).astype(np.int16)
        multiplicity = x.astype(np.float32) if weights else None
        found: Outcomes = self.league.train(Rows(variants, FIRST_KEY + np.asarray(keys), multiplicity), self.materials)
        return found

    @cached_property
    def target(self) -> Floats:
        """(KEYS, D) the true seed's embedded outcome under each key."""
        return self.geometry.embed(self.train(np.tile(self.truth, (KEYS, 1)), np.arange(KEYS)).values)

    def misses(self, present: NDArray[Any], keys: int, first: Ints | None = None) -> Floats:
        """(n, keys, D) differences from the truth, each under keys of its own; a key is shared inside a difference."""
        x = np.atleast_2d(np.asarray(present, np.float64))
        start = np.zeros(len(x), np.int64) if first is None else first
        numbers = (start[:, None] + np.arange(keys)) % KEYS
        points = self.geometry.embed(self.train(np.repeat(x, keys, 0), numbers.ravel()).values)
        return np.asarray(points.reshape(len(x), keys, -1) - self.target[numbers])

    def errors(self, present: NDArray[Any], keys: int = KEYS) -> Floats:
        """(n,) squared distance of the mean outcomes from the truth, from products that share no key."""
        return across(self.misses(present, keys))

    def ensemble_misses(self, draws: NDArray[Any]) -> Floats:
        """(n, 2, D) differences of belief draws from the truth, each draw under two keys, in turns."""
        return self.misses(draws, 2, 2 * np.arange(len(draws)) % KEYS)

    @cached_property
    def uniforms(self) -> Floats:
        """Common random numbers of the flat orders' belief draws: rounds differ by the answers alone."""
        return generator(self.key, "benchmark", "draws").random((DRAWS, len(self.seed)))

    @cached_property
    def start(self) -> tuple[float, float]:
        """Error of the flat author's ensemble, and of the seed as written: the denominators of all measures."""
        ensemble = float(across(self.ensemble_misses(self.uniforms < BELIEF)).mean())
        return ensemble, float(self.errors(np.ones(len(self.seed)))[0])


def across(misses: Floats) -> Floats:
    """(n,) mean product of (n, K, D) differences over pairs of different keys."""
    k = misses.shape[1]
    whole, own = (misses.sum(1) ** 2).sum(1), (misses**2).sum((1, 2))
    return np.asarray((whole - own) / (k * (k - 1)))


def build(statements: Statements, task: Task, behaviour: str, key: int, embedder: str, folder: Path) -> Cell:
    """One cell.

    Args:
        folder: keeps the embeddings, so that a text is embedded once for all cells.
    """
    rng = generator(key, "persona", behaviour)
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
    copies = np.ones(ITEMS, np.int64)
    if task in ("arbitrary", "weights"):
        truth = (generator(key, "persona truth", behaviour).random(ITEMS) < BELIEF).astype(float)
    if task == "weights":
        heavy = generator(key, "persona weights", behaviour).permutation(ITEMS)[: round(HEAVY_SHARE * ITEMS)]
        copies[heavy] = HEAVY
    error = 0.1 if task == "noisy" else 0.0
    slips = generator(key, "persona annotator", behaviour).random((HEARINGS, ITEMS)) < error
    belief = {AS_WRITTEN: BELIEF, ABSENT: 1.0 - BELIEF}

    def probe(prefix: str, rows: Ints) -> tuple[Probe, ...]:
        return tuple(Probe(id=f"{prefix}{k}", payload=Text(text=statements.texts[i])) for k, i in enumerate(rows))

    seed = Seed(
        items=tuple(
            Item(id=f"s{k:02d}", payload=Text(text=statements.texts[i]), belief=belief, copies=int(c))
            for k, (i, c) in enumerate(zip(items, copies, strict=True))
        )
    )
    system = {"outcome": "policy", "compare": "hellinger"} if task == "policy" else {}
    settings = init_settings(key, ITEMS, embedder, system=system)
    return Cell(task, behaviour, key, settings, seed, probe("u", pool), probe("p", probes), truth, slips, error, folder)
