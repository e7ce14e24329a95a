"""Any object that satisfies a protocol works everywhere: systems, embedders and annotators that are no records of ours.

``Both`` is also the system whose outcome has two parts of different kinds: approval at probes, and a policy over the
pool. Nothing in the core knows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from activeseed.config import Settings
from activeseed.errors import ConfigError, PlanError
from activeseed.executors import InProcess
from activeseed.geometries import Block, Blocks, DistributionHellinger, at_places
from activeseed.outcome import Outcomes
from activeseed.plan import Materials, Rows, generator
from activeseed.protocols import Cost, Embedder, Geometry, Json, System, Traits
from activeseed.question import Answer, Question
from activeseed.report import write_report
from activeseed.seed import Probe, Seed
from activeseed.study.noisy import Noisy
from activeseed.systems.contract import check_system
from tests.integration.conftest import TRUTH, Make
from tests.toy_materials import vectors


class Both:
    """A logistic field on the items' mean feature: which probes it approves of, and the policy that it would train."""

    kind = "both"
    revision = "1"

    @property
    def traits(self) -> Traits:
        return Traits(streams=("noise",), weighted=True)

    def record(self) -> dict[str, Json]:
        return {"sharpness": 6.0}

    def check(self, materials: Materials) -> None:
        if not materials.pool or not materials.probes:
            raise PlanError("This trainer needs a pool and probes.")

    def places(self, materials: Materials) -> tuple[Probe, ...]:
        return (*materials.probes, *materials.pool)

    def geometry(self, materials: Materials) -> Geometry:
        field = Block(at_places(materials.probes, "hellinger", "approval at the probes"), len(materials.probes), 3.0)
        policy = Block(DistributionHellinger("the policy over the pool"), len(materials.pool))
        return Blocks((field, policy))

    def cost(self, materials: Materials) -> Cost:
        return Cost(bytes=10_000, multiply_adds=1000, calls=2)

    def train(self, rows: Rows, materials: Materials) -> Outcomes:
        x, z, u = (
            np.asarray(materials.features(list(payloads)), np.float64)
            for payloads in (
                materials.slots.payloads, [p.payload for p in materials.probes], [p.payload for p in materials.pool],
            )
        )  # fmt: skip
        w = rows.weights(materials.slots).astype(np.float64)
        ok = np.isfinite(w).all(1) & (w.sum(1) > 0)
        w[~ok] = 1.0
        noise = np.zeros((len(rows), x.shape[1]))
        for r, key in enumerate(rows.stream("noise")):
            noise[r] = generator(materials.root, "noise", int(key)).normal(0.0, 0.05, x.shape[1])
        theta = (w[:, :, None] * x).sum(1) / w.sum(1, keepdims=True) + noise
        approval = 1.0 / (1.0 + np.exp(-20.0 * theta @ (z - z.mean(0)).T))
        odds = np.exp(6.0 * theta @ u.T)
        values = np.concatenate([approval, odds / odds.sum(1, keepdims=True)], 1).astype(np.float32)
        values[~ok] = np.nan
        return Outcomes(values, ok, {int(r): "no sound weights" for r in np.flatnonzero(~ok)})


class Lengths:
    """An embedder of somebody's own, without anything that only some can do."""

    kind = "lengths"
    revision = "1"

    def fit(self, texts: Sequence[str]) -> Embedder:
        return self

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        out = np.array([[t.count(c) for c in "etaoinshrdlu"] + [1.0] for t in texts], float).reshape(len(texts), 13)
        return np.asarray(out / np.linalg.norm(out, axis=1, keepdims=True), np.float32)


class Oracle:
    """An annotator who happens to call what it knows ``truth``, and a place ``place``."""

    kind = "oracle"
    place = "the next room"

    def __init__(self) -> None:
        self.truth = [name for name, stays in TRUTH.items() if stays == "as_written"]

    def submit(self, questions: Sequence[Question], seed: Seed) -> None: ...

    def poll(self, pending: Sequence[Question]) -> list[Answer]:
        single = [q for q in pending if q.kind in ("review", "choose_wording")]
        return [
            Answer(id=f"a-{q.id}", question=q.id, annotator="oracle", verdict=self._verdict(q.items[0])) for q in single
        ]

    def _verdict(self, item: str) -> Any:
        return "keep" if item in self.truth else "reject"

    def withdraw(self, questions: Sequence[Question]) -> list[str]:
        return []


def test_a_blocked_outcome_keeps_the_promises_of_a_system() -> None:
    check_system(Both(), vectors(), tolerance=2.0**-20)  # exponentials in double precision, kept in single


def test_a_blocked_outcome_is_ranked_asked_about_answered_and_reported(make_study: Make) -> None:
    study = make_study(
        system=Both(), embedder=Lengths(), annotator=Oracle(), stopping={"flips": 0.4, "risk": 1e-9},
        gold=[{"id": "g1", "text": "tell the truth when asked", "answer": "as_written"}],
    )  # fmt: skip
    assert study.check()["cost"]["trainings"] > 0
    ranking = study.rank()
    assert ranking.summary["outcome"] == "approval at the probes and the policy over the pool"
    assert ranking.summary["unit"] == "squared Hellinger distance"
    assert np.isfinite(ranking.columns["effect"]).all()
    assert "spread_nats" not in ranking.summary, "blocks of different kinds have no entropy"
    asked = study.ask(4)
    assert asked
    told = study.poll()
    assert told.accepted
    again = study.rank(law="drop")
    assert again.summary["answers"] == len(told.accepted)
    body = study.rounds.close()
    assert 0.0 <= body["flips_guess"] <= 1.0
    assert 0.0 <= body["flips"] <= 1.0, "decisions are looked at by real trainings, at the probes"
    assert len(body["right"]) == len(study.probes)
    about = study.ask(3, kind="prefer_outcome")
    assert {q.group for q in about} <= {p.id for p in study.probes}, "nothing is decided in the pool"
    study.tell([{"question": about[0].id, "annotator": "oracle", "verdict": "prefer", "variant": "approve"}])
    assert np.isfinite(study.rank().columns["value"]).all()
    page = write_report(study, study.folder / "report.html").read_text("utf-8")
    assert "approval at the probes and the policy over the pool" in page


def test_only_probes_count_as_judged_right_or_contested(make_study: Make) -> None:
    study = make_study(system=Both())
    study.rank()
    weights = study.rounds.assessment().problem.geometry.decisions  # type: ignore[attr-defined]
    assert (weights[: len(study.probes)] > 0).all()
    assert (weights[len(study.probes) :] == 0).all()
    assert len(weights) == len(study.probes) + len(study.pool)


class Forgetful(Both):
    """It says that it has no randomness, and counts its trainings."""

    kind = "forgetful"
    trained = 0

    @property
    def traits(self) -> Traits:
        return Traits(weighted=True, rows_at_a_time=1)

    def train(self, rows: Rows, materials: Materials) -> Outcomes:
        Forgetful.trained += 1
        shifted = Rows(rows.variants, rows.keys + 1000 * Forgetful.trained, rows.multiplicity)
        return super().train(shifted, materials)


def test_anybodys_trainer_that_hides_its_randomness_is_taken_for_noisy(make_study: Make) -> None:
    study = make_study(system=Forgetful(), executor=InProcess())
    assert study.system.traits.streams == ()
    study.try_out()
    assert isinstance(study.system, Noisy)
    assert isinstance(study.system, System)
    assert study.system.traits == Traits(("train",), weighted=True, rows_at_a_time=1)
    assert study.system.record() == {"sharpness": 6.0, "deterministic": False}
    assert study.trainer.context != make_study(system=Forgetful(), executor=InProcess()).trainer.context


def test_a_trainer_that_takes_few_rows_goes_to_processes_whoever_wrote_it() -> None:
    assert Settings(system=Forgetful()).executor.kind == "processes"
    assert Settings(system=Both()).executor.kind == "in_process"


def without(kind: type, name: str) -> Any:
    return type("Lacking", (), {k: v for k, v in vars(kind).items() if k != name})()


@pytest.mark.parametrize(
    ("family", "kind", "name", "protocol"),
    [
        ("system", Both, "kind", "System"), ("system", Both, "traits", "System"), ("system", Both, "record", "System"),
        ("embedder", Lengths, "revision", "Embedder"), ("embedder", Lengths, "kind", "Embedder"),
        ("annotator", Oracle, "withdraw", "Annotator"),
    ],
)  # fmt: skip
def test_what_an_object_lacks_is_said_at_once(family: str, kind: type, name: str, protocol: str) -> None:
    with pytest.raises(ConfigError, match=rf"\[{family}\] .*:Lacking has no {name}: .*protocols\.{protocol}`"):
        Settings(**{family: without(kind, name)})


def test_an_annotator_that_is_handed_over_later_is_looked_at_as_well(make_study: Make) -> None:
    study = make_study()
    with pytest.raises(ConfigError, match="has no kind and no poll"):
        study.connected(type("Half", (), {"submit": None, "withdraw": None})())


def test_looking_at_an_object_computes_nothing(tmp_path: Path) -> None:
    class Expensive(Both):
        @property
        def revision(self) -> str:  # type: ignore[override]
            raise AssertionError("nobody may need this yet")

    assert Settings(system=Expensive()).system.kind == "both"
