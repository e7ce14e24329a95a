"""Designs compared: a front that is known, twins, coverage of paired differences, what pairing buys, real designs.

A part of `stack` beside this file. A toy design's outcome at probe p is

    ½ + q d_p + g Σ_f (x_f a_fp + r_f b_fp) + noise,

x_f whether item f is there less how often that is believed, r_f whether it is reworded, d, a and b fixed by the item
and the probe. So its spread is g² Σ_f β(1 − β) mean_p a²_fp, a revision of item f moves it by g² mean_p a²_fp and a
rewording by g² mean_p b²_fp, and the accuracy of a single training is the mean of Φ(q |d_p| / σ), all in closed form.
Noise is what a key adds at each probe, partly alike for all designs, and what it does to each item's effect.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

import activeseed as act
from activeseed.geometries import Identity
from activeseed.outcome import Outcomes
from activeseed.plan import Floats, Law, Materials, Rows, generator
from activeseed.protocols import Cost, Json, Problem, Request, Traits
from activeseed.seed import Item, Probe, Seed, Text, Variant
from activeseed.stack.designs.found import DesignFound
from activeseed.stack.designs.measured import Measured
from activeseed.stack.designs.measuring import Measures, measures
from activeseed.stack.designs.places import reads
from activeseed.stack.designs.runs import DesignRuns, LockInRuns
from activeseed.stack.designs.telling import Told, counted_once, tell
from activeseed.systems.league.settings import LEAGUE
from activeseed.testing.running import run_with
from tests.benchmarks._persona_files import write_files
from tests.benchmarks._report import row, share
from tests.benchmarks._stack_correlation import correlation_rows
from tests.benchmarks.persona import Statements

ITEMS, PROBES, STAYS = 24, 40, 0.7
BLOCKS, DRAWS, CHANGED, KEYS = 12, 4, 12, 8
#: standard deviation of what a key adds at a probe, and of what it does to an item's effect, over the effect's size
SHIFT, SLOPE = 0.1, 0.5
#: items' effects differ by this factor up and down, as a standard deviation of the logarithm
UNEVEN = 0.5


@dataclass(frozen=True)
class ToyWorld:
    """Items, probes, and what they do, drawn anew for each key: all designs of a world share them."""

    key: int = 0

    @cached_property
    def seed(self) -> Seed:
        items = []
        for f in range(ITEMS):
            again = Variant(id="again", payload=Text(text=f"item {f}, in other words"), comes_from="paraphrase")
            items.append(Item(id=f"i{f}", payload=Text(text=f"item {f}"), alternatives=(again,)))
        return Seed(items=tuple(items))

    @cached_property
    def materials(self) -> Materials:
        labels = self.right > 0
        probes = tuple(
            Probe(id=f"p{p}", payload=Text(text=f"probe {p}"), label=float(labels[p])) for p in range(PROBES)
        )
        return Materials(self.seed, probes, root=self.key)

    @cached_property
    def right(self) -> Floats:
        """(P,) d: how far from ½ each probe lies, on which side."""
        return np.asarray(generator(self.key, "right").standard_normal(PROBES))

    @cached_property
    def effects(self) -> Floats:
        """(2, F, P) a and b, b of a third of a's size."""
        dice = generator(self.key, "effects")
        size = np.exp(UNEVEN * dice.standard_normal((2, ITEMS, 1)))
        size[1] = size[0] * np.exp(0.3 * dice.standard_normal((ITEMS, 1)))
        return np.asarray(dice.standard_normal((2, ITEMS, PROBES)) * size * np.array([0.1, 0.1 / 3])[:, None, None])

    def problem(self, system: ToyDesign) -> Problem:
        law = np.tile([STAYS, 1.0 - STAYS, 0.0], (ITEMS, 1))
        return Problem(
            self.seed, Law("belief", law), system.geometry(self.materials), False, False, self.key,
            places=self.materials.probes, each=system.cost(self.materials), materials=self.materials,
        )  # fmt: skip


@dataclass(frozen=True)
class ToyDesign:
    """A design in a world.

    Attributes:
        gain: g, how strongly it answers to its items.
        quality: q, how far it keeps its probes from ½.
        wording: what b is multiplied by, beside g.
        common: share of a key's variance that it has in common with all other designs.
        name: keys do something of their own to each name.
    """

    world: ToyWorld
    gain: float = 1.0
    quality: float = 0.1
    wording: float = 1.0
    common: float = 0.8
    name: str = ""
    kind: str = "toy_design"
    revision: str = "1"
    traits: Traits = field(default=Traits(("noise",)))

    def record(self) -> dict[str, Json]:
        return {"gain": self.gain, "quality": self.quality, "wording": self.wording, "name": self.name}

    def check(self, materials: Materials) -> None: ...

    def places(self, materials: Materials) -> tuple[Probe, ...]:
        return materials.probes

    def geometry(self, materials: Materials) -> Identity:
        return Identity(np.full(PROBES, 1.0 / PROBES))

    def cost(self, materials: Materials) -> Cost:
        return Cost()

    def train(self, rows: Rows, materials: Materials) -> Outcomes:
        a, b = self.world.effects
        there = (rows.variants != 1) - STAYS
        keys, at = np.unique(rows.keys, return_inverse=True)
        noise = np.stack([self._noise(int(k)) for k in keys])
        moved = self.gain * (there @ a + self.wording * ((rows.variants == 2) @ b))
        noisy = np.einsum("rf,rfp->rp", self.gain * there, noise[at, 1:] * SLOPE * np.abs(a).mean(1)[:, None])
        values = 0.5 + self.quality * self.world.right + moved + SHIFT * noise[at, 0] + noisy
        return Outcomes(values, np.ones(len(rows), bool), {})

    def _noise(self, key: int) -> Floats:
        both = [generator(self.world.key, *path, key).standard_normal((ITEMS + 1, PROBES)) for path in self._streams]
        return np.asarray(np.sqrt(self.common) * both[0] + np.sqrt(1.0 - self.common) * both[1])

    @property
    def _streams(self) -> tuple[tuple[str, ...], ...]:
        return ("noise",), ("noise of its own", self.name)

    # --- the truth ---

    @property
    def spread(self) -> float:
        """Of the systematic outcome under the belief."""
        return self.gain**2 * STAYS * (1.0 - STAYS) * float((self.world.effects[0] ** 2).mean(1).sum())

    @property
    def accuracy(self) -> float:
        """Of a single training of the seed as it stands, at probes of the kind: E Φ(q|d| / σ) + what items add."""
        a = self.world.effects[0]
        slope = self.gain * (1.0 - STAYS) * SLOPE * np.abs(a).mean(1)
        noise = SHIFT**2 + float((slope**2).sum())
        # what the items that stand add at a probe is drawn with the probe, on either side alike
        added = (self.gain * (1.0 - STAYS)) ** 2 * float((a**2).mean(1).sum())
        # of two normals the one has the sign of the other plus noise with this chance
        return 0.5 + float(np.arctan(self.quality / np.sqrt(noise + added))) / np.pi

    @property
    def openness(self) -> float:
        """Log of revision over paraphrase, of all items of the kind: b is a third of a, sizes apart alike."""
        return float(np.log(9.0 / self.wording**2)) - 2.0 * 0.3**2


def measured(design: ToyDesign, apart: str = "", first: int = 0, lock_in: bool = True) -> Measures:
    """A toy design's trainings, measured."""
    world = design.world
    problem = world.problem(design)
    asked = DesignRuns(blocks=BLOCKS, draws=DRAWS, apart=apart, first=first)

    def trained(request: Request) -> Outcomes:  # at once: what a study does beside training says nothing of coverage
        return design.train(request.design.block(0, request.design.size), world.materials)

    ran = run_with(asked, problem, trained)
    moved = run_with(LockInRuns(items=CHANGED, keys=KEYS), problem, trained) if lock_in else None
    (read,) = reads([problem.geometry], [problem.places], problem.places)
    return measures(ran, moved, read, ITEMS, apart)


def told(designs: Sequence[ToyDesign], key: int, resamples: int = 1000) -> Told:
    """Toy designs beside each other."""
    found = [(DesignFound(d.name, "toy"), measured(d)) for d in designs]
    return tell(found, "accuracy", key, resamples, 0.05)


#: name -> gain, quality, wording: three on the front, each the best in something, and three that are beaten
PLANTED = {
    "stable": (0.5, 0.06, 1.0), "good": (1.2, 0.25, 1.0), "open": (0.9, 0.1, 0.3),
    "beaten by stable": (0.9, 0.04, 2.0), "beaten by good": (1.8, 0.12, 2.0), "beaten by open": (1.4, 0.05, 1.0),
}  # fmt: skip


def planted(key: int, names: Sequence[str] = tuple(PLANTED)) -> list[ToyDesign]:
    world = ToyWorld(key)
    return [ToyDesign(world, *PLANTED[name], name=name) for name in names]


# --- rows ---------------------------------------------------------------------------------------------------------


def front_rows(quick: bool) -> list[dict[str, Any]]:
    """Whether the front is the planted one, and a twin is told from its twin."""
    times = 20 if quick else 100
    right = picked = twins = equal = 0
    for n in range(times):
        found = told(planted(1000 + n), n)
        right += {d.name for d in found.designs if d.on_front} == {"stable", "good", "open"}
        picked += found.pick is not None and found.pick.name == "stable"
    for n in range(times):
        good = ToyDesign(ToyWorld(2000 + n), *PLANTED["good"], name="good")
        pair = told([good, replace(good, name="twin"), ToyDesign(good.world, *PLANTED["stable"], name="stable")], n)
        twins += "twin" in pair.designs[0].ties
        same = told([good, good], n, 200)
        equal += all(d.value == 0.0 and not d.told for d in same.designs[1].differences.values())
    least = 0.95 if times >= 100 else 0.85
    return [
        share("designs: the front of six is the planted one", right, times, least=least),
        share("designs: the source's pick is the planted one", picked, times, least=least),
        share("designs: a twin with noise of its own is not told apart", twins, times, least=least),
        share("designs: a duplicate differs by nothing", equal, times, least=1.0),
    ]


def coverage_rows(quick: bool) -> list[dict[str, Any]]:
    """Whether paired differences' intervals hold the truth, and what pairing buys."""
    times = 100 if quick else 2000
    truths = {"spread": "spread", "accuracy": "accuracy", "lock_in": "openness"}
    held = dict.fromkeys(truths, 0)
    alone = dict.fromkeys(truths, 0)
    null = dict.fromkeys(truths, 0)
    known = 0
    gaps: dict[str, dict[str, list[float]]] = {t: {"paired": [], "unpaired": []} for t in ("spread", "accuracy")}
    for n in range(times):
        if n % 200 == 0:
            print(f"designs: coverage, {n} of {times}", flush=True)
        a, b = planted(10_000 + n, ("good", "beaten by open"))
        first, second, twin = counted_once([measured(a), measured(b), measured(replace(a, name="twin"))])
        for name, attribute in truths.items():
            one, two, other = (_of(m, name) for m in (first, second, twin))
            true = getattr(a, attribute) - getattr(b, attribute)
            low, high = (one - two).ends()
            held[name] += low <= true <= high
            low, high = one.ends(squared=name == "spread")
            if name == "lock_in":
                low, high = np.log([max(first.ratio.low, 1e-9), first.ratio.high])
            alone[name] += low <= getattr(a, attribute) <= high
            null[name] += (one - other).p < 0.05
        known += 1
        if n < times // 4:  # a variance ratio is known well enough from fewer
            apart = measured(b, "of its own", 2 * BLOCKS, lock_in=False)
            for name in gaps:
                gaps[name]["paired"].append((_of(first, name) - _of(second, name)).value)
                gaps[name]["unpaired"].append((_of(first, name) - _of(apart, name)).value)
    least = 0.93 if times >= 2000 else 0.85
    rows = []
    for name in truths:
        rows.append(share(f"designs: paired difference's 95 % interval, {name}", held[name], known, least=least))
        rows.append(share(f"designs: 95 % interval of one design, {name}", alone[name], known, least=least))
        most = 0.05 if times >= 2000 else 0.1
        rows.append(share(f"designs: a twin's difference at p < .05, {name}", null[name], known, most=most * 1.2))
    for name, both in gaps.items():
        ratio = float(np.var(both["unpaired"]) / np.var(both["paired"]))
        rows.append(row(f"designs: variance of a difference unpaired over paired, {name}", ratio))
    return rows


def _of(m: Measures, name: str) -> Measured:
    if name == "spread":
        return m.spread
    return m.openness if name == "lock_in" else m.quality["accuracy"]


# --- real designs -------------------------------------------------------------------------------------------------

#: what is varied of a league and of a reward model, beside the design that `init` writes
LEAGUES: dict[str, dict[str, Any]] = {
    "one round": {"system": {"rounds": 1}}, "twelve rounds": {"system": {"rounds": 12}},
    "short leash": {"system": {"beta": 2.0}}, "strong decay": {"system": {"l2": 0.1}},
    "perceptron": {"system": {"evaluator": "mlp"}}, "half the seed": {"share": 0.5}, "a quarter": {"share": 0.25},
}  # fmt: skip
REWARDS: dict[str, dict[str, Any]] = {
    "ten steps": {"system": {"steps": 10}}, "a thousand steps": {"system": {"steps": 1000}},
    "strong decay": {"system": {"l2": 0.1}}, "perceptron": {"system": {"reward": "mlp"}},
    "half the seed": {"share": 0.5}, "a quarter": {"share": 0.25},
}  # fmt: skip


def real_rows(data: Path | None, quick: bool) -> list[dict[str, Any]]:
    """Leagues and reward models on bundled and real texts: does stability raise the odds of good?"""
    bundled = Path(act.__file__).parent / "data"
    careful, patience = bundled / "careful", bundled / "patience"
    league = act.OversightLeague.model_validate({**LEAGUE, "minibatch": 32})
    rows = _compared(
        "league, careful", careful / "positives.jsonl", league, careful / "probes.jsonl", careful / "pool.jsonl",
        LEAGUES, quick,
    )  # fmt: skip
    reward = act.RewardModel(minibatch=16)
    rows += _compared(
        "reward model, patience", patience / "pairs.jsonl", reward, patience / "probes.jsonl", None, REWARDS, quick
    )
    if data is None or not (data / "persona" / "statements.csv").exists():
        return [*rows, row("designs: league, persona (no persona/ in --data)", None)]
    for behaviour in Statements.read(data).names[: 1 if quick else 3]:
        with tempfile.TemporaryDirectory() as made:
            folder = Path(made)
            write_files(data, behaviour, 1, folder, gold=0)
            rows += _compared(
                f"league, persona {behaviour[:32]}", folder / "seed.jsonl", league, folder / "probes.jsonl",
                folder / "pool.jsonl", LEAGUES, quick,
            )  # fmt: skip
    return rows


def _compared(
    name: str, seed: Path, system: Any, probes: Path, pool: Path | None, varied: dict[str, dict[str, Any]], quick: bool
) -> list[dict[str, Any]]:
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as made:
        study = act.Study.create(
            Path(made) / "study", act.read_seed(seed), system, probes=act.read_probes(probes),
            pool=act.read_probes(pool) if pool else (), embedder=act.Tfidf(),
        )  # fmt: skip
        designs = tuple(act.Design(name=n, **what) for n, what in varied.items())
        size: dict[str, Any] = {"draws": 16, "keys": 8, "lock_in_items": 6} if quick else {}
        found = act.CompareDesigns(designs=designs, quality="auc", **size).run(study)
        study.close()
    together, pick = found.together, found.pick
    assert together is not None
    assert pick is not None
    head = f"designs: {name}: "
    count = len(found.measured)
    known = [d for d in found.measured if d.lock_in is not None]
    gap = next((a.difference for a in pick.against if a.criterion == "auc"), None)
    best = next((a.best for a in pick.against if a.criterion == "auc"), "")
    assert gap is not None
    locked = sum(d.lock_in is not None and d.lock_in.high < 1.0 for d in known)
    return [
        row(
            f"{head}Spearman's correlation of spread with AUC over {count} designs, noise removed (p = "
            f"{together.p:.2f}; {together.spearman:.2f} as measured, a perfect one would show {together.perfect:.2f})",
            together.spearman_true if np.isfinite(together.spearman_true) else None,
            [together.spearman_low, together.spearman_high],
        ),
        row(
            f"{head}Pearson's, noise removed ({together.pearson:.2f} as measured)",
            together.pearson_true if np.isfinite(together.pearson_true) else None,
            [together.pearson_low, together.pearson_high],
        ),
        row(f"{head}the source's pick ({pick.name}), chance of having the least spread", pick.chance),
        row(f"{head}its AUC less that of the best ({best})", gap.value, [gap.low, gap.high]),
        row(f"{head}designs told to be on the front", float(sum(d.standing == "on the front" for d in found.designs))),
        row(f"{head}designs of {len(known)} whose lock-in is known that are locked in", float(locked)),
        row(f"{head}trainings", float(found.trainings)),
        row(f"{head}minutes", (time.perf_counter() - began) / 60.0),
    ]  # fmt: skip


def design_rows(data: Path | None, quick: bool) -> list[dict[str, Any]]:
    """All rows of this part."""
    return [*front_rows(quick), *coverage_rows(quick), *correlation_rows(quick), *real_rows(data, quick)]
