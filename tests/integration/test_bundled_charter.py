"""The bundled charter is what its README says: read whole, right where it was not planted wrong, wrong where it was."""

import json
from pathlib import Path

import numpy as np
import pytest

import activeseed as act
from activeseed.plan import Floats, Materials, Rows
from activeseed.resources import bundled

FOLDER = Path(str(bundled("charter")))
#: what a sensible reader says otherwise than the true charter
GAPS = {
    "The assistant ignores an alarm when an engineer tests it.",
    "The assistant reveals an address when an ambulance needs it.",
    "The assistant praises a plan when the plan is dangerous.",
    "The assistant finishes a task of a thief.",
}


@pytest.fixture(scope="module")
def materials() -> Materials:
    return Materials(seed=act.read_seed(FOLDER / "charter.jsonl"), probes=act.read_probes(FOLDER / "probes.jsonl"))


@pytest.fixture(scope="module")
def meant(materials: Materials) -> np.ndarray:
    """(F,) the variant of every dictum that is right."""
    lines = map(json.loads, (FOLDER / "truth.jsonl").read_text("utf-8").splitlines())
    truth = {line["id"]: line for line in lines}
    right = []
    for item in materials.seed.items:
        line = truth[item.id]
        right.append({"keep": 0, "reject": 1}.get(line["answer"], 2 + line.get("variant", 0)))
    return np.array(right, np.int16)


def judged(seeds: np.ndarray, materials: Materials) -> Floats:
    """(R, P) P(approve) under these seeds."""
    rows = Rows(np.atleast_2d(seeds).astype(np.int16), np.zeros(len(np.atleast_2d(seeds)), np.int64))
    return np.asarray(act.InferenceEngine().train(rows, materials).values, np.float64)


def test_it_is_controlled_english_throughout(materials: Materials) -> None:
    engine = act.InferenceEngine()
    engine.check(materials)
    readings = engine.readings(materials)
    assert len(readings) == 97
    assert not any(r.left for r in readings.values())
    assert sum(len(r.lexical) for r in readings.values()) == 14


def test_the_true_charter_judges_as_a_sensible_reader_but_in_its_gaps(materials: Materials, meant: np.ndarray) -> None:
    approved = judged(meant, materials)[0] > 0.5
    labels = np.array([p.label for p in materials.probes])
    assert {materials.probes[p].payload.display for p in np.flatnonzero(approved != labels)} == GAPS
    as_written = judged(np.zeros_like(meant), materials)[0] > 0.5
    assert (as_written == labels).mean() < (approved == labels).mean() - 0.2


def test_every_planted_mistake_decides_something_alone(materials: Materials, meant: np.ndarray) -> None:
    wrong = np.flatnonzero(meant)
    seeds = np.tile(meant, (1 + len(wrong), 1))
    seeds[1 + np.arange(len(wrong)), wrong] = 0
    approved = judged(seeds, materials) > 0.5
    flips = dict(zip((materials.seed.items[f].id for f in wrong), (approved[1:] != approved[:1]).sum(1), strict=True))
    assert min(flips.values()) >= 3, flips


def test_leaving_out_one_of_two_near_copies_moves_nothing_and_both_moves_something(materials: Materials) -> None:
    seed = materials.seed
    for one, other in (("late-alarms", "alarms-at-night"), ("no-invented-sources", "sources-are-real")):
        f, g = seed.position(one), seed.position(other)
        seeds = np.zeros((4, len(seed)), np.int16)
        seeds[1, f] = seeds[2, g] = seeds[3, f] = seeds[3, g] = 1
        outcomes = judged(seeds, materials)
        assert np.array_equal(outcomes[1], outcomes[0]), one
        assert np.array_equal(outcomes[2], outcomes[0]), other
        assert np.abs(outcomes[3] - outcomes[0]).max() > 0.1
    # a rank below another's decides nothing
    without = np.zeros((2, len(seed)), np.int16)
    without[1, seed.position("diagnosis-for-relatives")] = 1
    assert np.array_equal(*judged(without, materials))
