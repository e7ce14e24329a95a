"""One whole study: a draft is taken in, people are asked, the seed changes, and what came of it is written down once.

It is a study like any other, in a folder of its own, with its own journal: one that was killed goes on where it stood,
trains nothing twice, and is asked nothing twice, since simulated people answer by key and question. What it came to is
a small file that is written once; where that is, nothing is done any more, and its trainings, unless they were paid
for, are given up: its journal stays.
"""

from __future__ import annotations

import io
import json
import shutil
import time
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from activeseed.annotators.simulated import Simulated, SimulatedPerson
from activeseed.config import Settings
from activeseed.errors import BudgetError, PlanError, SeedError, TrainingError, describe
from activeseed.estimators import LeaveOneOut
from activeseed.formats.plain import write_whole
from activeseed.geometries import decisions_of
from activeseed.outcome import Outcomes
from activeseed.plan import Explicit, Floats, Ints, Rows
from activeseed.protocols import NETWORK, Event, Request
from activeseed.seed import Probe, Seed
from activeseed.stack.human.ways import Method
from activeseed.study.below import CAME_TO
from activeseed.study.noisy import named

if TYPE_CHECKING:
    from activeseed.study import Study

#: what a run writes once
RESULT, POINTS, ORDER = CAME_TO, "came-to.npz", "order.json"
#: replicates that an order by effect is told from
EFFECT_KEYS = 8


@dataclass(frozen=True)
class Job:
    """All that one whole study takes; it is sent to another process.

    Attributes:
        folder: of the study.
        draft: the seed with what the author wrote.
        system: the trainer² with its design's settings.
        settings: of the study.
        probes, pool: where outcomes are read, what agents choose from.
        people: who answers.
        key: of their slips.
        right: item id -> variant that is meant.
        method: how they are asked.
        answers: how many are asked for.
        batch: how many between two trainings.
        tried: what trials of trainers found in the outer study, by trainer: it is not tried again in each.
    """

    folder: str
    draft: Seed
    system: Any
    settings: Settings
    probes: tuple[Probe, ...]
    pool: tuple[Probe, ...]
    people: tuple[SimulatedPerson, ...]
    key: int
    right: Mapping[str, str]
    method: Method
    answers: int
    batch: int
    tried: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def questions(self) -> int:
        """Questions between two trainings: each of the people answers each."""
        return max(1, self.batch // len(self.people))


@dataclass(frozen=True)
class CameTo:
    """What a whole study came to; one entry a look, the first before any answer.

    Attributes:
        points: (L, K, D) embedded outcomes of the seed as it stood, under each key; NaN where a training failed.
        right: (K, D) those of what is meant, under the same design and keys.
        variants: (L, F) number of the variant of each item that stood.
        answers: (L,) answers so far.
        flipped: (L,) share of the decisions that changed since the look before; NaN where nothing is decided.
        networks: (L,) squared distance of the network's parameters from the look before, over their squared size, noise
            removed; NaN where the trainer hands out none.
        trainings, failed: rows that were trained, and how many failed.
        seconds: by the clock.
        ended: why no more was asked.
        failure: why there is nothing of this; empty where all is well.
    """

    points: Floats = field(default_factory=lambda: np.zeros((0, 0, 0)))
    right: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    variants: Ints = field(default_factory=lambda: np.zeros((0, 0), np.int64))
    answers: tuple[int, ...] = ()
    flipped: tuple[float, ...] = ()
    networks: tuple[float, ...] = ()
    trainings: int = 0
    failed: int = 0
    seconds: float = 0.0
    ended: str = ""
    failure: str = ""


def conduct(job: Job) -> None:
    """Run a whole study to its end, or go on with one, and write down what it came to.

    A draft that can't be trained is written down as well, with the reason, and so is a study that would have taken more
    than it was said to take, where the outer study is held to that. Any other error is raised.
    """
    folder = Path(job.folder)
    if came_to(folder) is not None:
        return
    (folder / RESULT).unlink(missing_ok=True)  # it is damaged, and as long as it lies there the study has ended
    began = time.monotonic()
    try:
        found = _conducted(job, folder)
    except BudgetError as error:
        found = CameTo(failure=f"It wanted more than a whole study was said to take. {describe(error)}")
    except (PlanError, SeedError, TrainingError) as error:
        folder.mkdir(parents=True, exist_ok=True)
        found = CameTo(failure=describe(error))
    _write(folder, found, time.monotonic() - began)
    if not job.settings.limits.money:  # what was paid for is kept
        for name in ("artifacts", "embeddings"):
            shutil.rmtree(folder / ".activeseed" / name, ignore_errors=True)


def came_to(folder: Path) -> CameTo | None:
    """What a whole study came to; None where it has not come to anything yet, or what it wrote is damaged."""
    try:
        said: dict[str, Any] = json.loads((folder / RESULT).read_text("utf-8"))
        if said["failure"]:
            return CameTo(failure=said["failure"], seconds=said["seconds"])
        with (folder / POINTS).open("rb") as handle, np.load(handle, allow_pickle=False) as arrays:
            points, right = np.asarray(arrays["points"], np.float64), np.asarray(arrays["right"], np.float64)
            variants = np.asarray(arrays["variants"], np.int64)
        known: dict[str, Any] = {name: tuple(_numbers(v)) if isinstance(v, list) else v for name, v in said.items()}
        return CameTo(points=points, right=right, variants=variants, **known)
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
        return None


def _numbers(values: Sequence[Any]) -> list[Any]:
    return [float("nan") if v is None else v for v in values]


def _write(folder: Path, found: CameTo, seconds: float) -> None:
    """Arrays first, so that whoever sees the small file finds them."""
    if not found.failure:
        packed = io.BytesIO()
        points, right = found.points.astype(np.float32), found.right.astype(np.float32)
        np.savez_compressed(packed, points=points, right=right, variants=found.variants.astype(np.int16))
        write_whole(folder / POINTS, packed.getvalue())
    said = {
        "answers": found.answers,
        "flipped": [None if np.isnan(v) else v for v in found.flipped],
        "networks": [None if np.isnan(v) else v for v in found.networks],
        "trainings": found.trainings, "failed": found.failed, "seconds": seconds, "ended": found.ended,
        "failure": found.failure,
    }  # fmt: skip
    write_whole(folder / RESULT, (json.dumps(said) + "\n").encode())


# --- the study ------------------------------------------------------------------------------------------------------


def _conducted(job: Job, folder: Path) -> CameTo:
    study = _opened(job, folder)
    try:
        people = Simulated(truth=dict(job.right), people=job.people, unknown="keep", key=job.key)
        if job.method.order in ("value", "random"):
            # they answer at once, so that nobody waits
            result = study.loop(people, sleep=lambda _: None, patience=0.0)
            ended = "; ".join(result.reasons)
        else:
            ended = _in_order(study, job, people)
        return _measured(study, job, ended)
    finally:
        study.close()


def _opened(job: Job, folder: Path) -> Study:
    """The study, made or gone on with."""
    from activeseed.study import Study
    from activeseed.study.opening import clear_unfinished

    clear_unfinished(folder)
    if (folder / ".activeseed" / "journal.db").exists():
        return Study.open(folder, system=job.system, settings=job.settings)
    study = Study.create(folder, job.draft, job.system, probes=job.probes, pool=job.pool, settings=job.settings)
    if found := job.tried.get(named(study.declared_system)):
        study.store.append([Event("tried", dict(found), key=f"tried:{found['system']}")])
        study.refresh()
    return study


def _in_order(study: Study, job: Job, people: Simulated) -> str:
    """Ask in an order that was known before the first answer; what was asked says how far that came."""
    order = _order(study, job)
    asked = [
        name for n in range(0, len(order), job.questions) for name in order[n : n + job.questions] * job.method.readings
    ]
    channel = study.connected(people)
    while True:
        while study.pending:
            study.exchange(channel)
        study.take_in()
        study.rounds.close()
        so_far = len(study.state.questions)
        if len(study.state.live_answers) >= job.answers:
            return f"{job.answers} answers were given"
        if so_far >= len(asked):
            return "every item was asked about"
        study.ask(items=asked[so_far : so_far + job.questions])


def _order(study: Study, job: Job) -> list[str]:
    """Ids of the items in the order in which they are asked about, told once from the draft."""
    ids = [i.id for i in job.draft.items]
    if job.method.order == "author":
        return ids
    file = study.folder / ORDER
    if not file.exists():
        ranking = study.analyse(LeaveOneOut(keys=EFFECT_KEYS))
        effects = np.nan_to_num(np.asarray(ranking.columns["effect"], np.float64), nan=-np.inf)
        write_whole(file, json.dumps([ranking.ids[f] for f in np.argsort(-effects, kind="stable")]).encode())
    found: list[str] = json.loads(file.read_text("utf-8"))
    return found


# --- what came of it ------------------------------------------------------------------------------------------------


def _measured(study: Study, job: Job, ended: str) -> CameTo:
    """What changed at each level from look to look; trains what is meant, and no more than was not trained already."""
    study.refresh()
    state, materials, system = study.state, study.materials, study.system
    looks = [(state.version(r["seed_version"]).seed, int(r["answers"])) for r in state.rounds]
    keys = study.settings.replicates if system.traits.streams else 1
    trained = _Trained(study, keys)
    seeds = [seed for seed, _ in looks]
    geometry = system.geometry(materials)
    outcomes = [trained.outcomes(seed) for seed in seeds]
    right = trained.outcomes(seeds[-1].revise(standing=job.right), "what is meant")
    points = np.stack([_embedded(o, geometry) for o in outcomes])
    weights = decisions_of(geometry)
    networks = [trained.network(seed) for seed in seeds]
    return CameTo(
        points=points, right=_embedded(right, geometry), variants=np.array([s.base for s in seeds], np.int64),
        answers=tuple(n for _, n in looks),
        flipped=(0.0, *(_flipped(a, b, weights) for a, b in pairwise(outcomes))),
        networks=(0.0, *(_apart(a, b) for a, b in pairwise(networks))),
        trainings=study.budget.trainings, failed=study.budget.failed, ended=ended,
    )  # fmt: skip


class _Trained:
    """Trainings of seeds over the study's items, under the keys that the seed as it stands is trained under."""

    def __init__(self, study: Study, keys: int) -> None:
        self._trainer = study.trainer
        self._keys = keys
        self._hands_out = NETWORK in getattr(study.system, "state_names", ())

    def _rows(self, seed: Seed) -> Explicit:
        numbers = np.arange(self._keys, dtype=np.int64)
        return Explicit(Rows(np.tile(np.asarray(seed.base, np.int16), (self._keys, 1)), numbers), unit=self._keys)

    def outcomes(self, seed: Seed, purpose: str = "the seed as it stood") -> Outcomes:
        """(K, P) outcomes."""
        return self._trainer.fulfil(Request(self._rows(seed), purpose))

    def network(self, seed: Seed) -> Floats | None:
        """(K, size) parameters; None where the trainer hands out none."""
        if not self._hands_out:
            return None
        found = self._trainer.fulfil(Request(self._rows(seed), "the network as it stood", state=NETWORK))
        values: Floats = np.asarray(found.values, np.float64).reshape(self._keys, -1)
        return values


def _embedded(outcomes: Outcomes, geometry: Any) -> Floats:
    """(K, D) points, NaN where a training failed."""
    points: Floats = np.array(geometry.embed(np.nan_to_num(outcomes.values, nan=0.5)), np.float64)
    points[~outcomes.ok] = np.nan
    return points


def _flipped(before: Outcomes, after: Outcomes, weights: Floats | None) -> float:
    """Share of the decisions, taken on the mean over keys, that are otherwise."""
    if weights is None or not before.ok.any() or not after.ok.any():
        return float("nan")
    first, last = (np.asarray(o.values[o.ok], np.float64).mean(0) > 0.5 for o in (before, after))
    return float(weights @ (first != last))


def _apart(before: Floats | None, after: Floats | None) -> float:
    """Squared distance of parameters over the squared size of those before, products of different keys."""
    if before is None or after is None:
        return float("nan")
    fine = np.isfinite(before).all(1) & np.isfinite(after).all(1)
    a, b = before[fine], after[fine]
    size = across(a, a)
    return across(b - a, b - a) / size if size > 0 else float("nan")


def across(a: Floats, b: Floats) -> float:
    """Mean of ⟨a_k, b_l⟩ over k ≠ l: what noise adds to a square is left out; one key is taken to have none."""
    n = len(a)
    if n == 0:
        return float("nan")
    if n == 1:
        return float(a[0] @ b[0])
    return float((a.sum(0) @ b.sum(0) - (a * b).sum()) / (n * (n - 1)))
