"""Chaos is told, denied or unknown, for trainers of the user's own as a user has them."""

from __future__ import annotations

import hashlib
import json
import sys
import textwrap

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from activeseed.cli.rank import print_ranking
from activeseed.embedders import Tfidf
from activeseed.estimators import Auto, NullLadder
from activeseed.estimators.null_ladder import _falls
from activeseed.executors import InProcess
from activeseed.plan import Law, Materials
from activeseed.protocols import Problem
from activeseed.seed import Item, Probe, Seed, Text
from activeseed.systems.inference import InferenceEngine
from activeseed.systems.own import Command, FromEstimator, FromFunction
from activeseed.testing import run

WORDS = ("calm", "storm", "river", "stone", "light", "cloud", "field", "smoke", "glass", "bread")


@pytest.fixture(scope="module")
def materials() -> Materials:
    texts = [f"The {a} is near the {b}, {n}." for n, (a, b) in enumerate(zip(WORDS, WORDS[::-1], strict=True))]
    items = tuple(
        Item(id=f"i{n}", payload=Text(text=t), metadata={"label": "yes" if n % 2 else "no"})
        for n, t in enumerate(texts)
    )
    probes = tuple(Probe(id=w, payload=Text(text=f"a {w}")) for w in WORDS[:4])
    embedder = Tfidf().fit([*texts, *(p.payload.text for p in probes)])
    return Materials(Seed(items=items), probes, embed=embedder.embed, embedder="tfidf")


def told(system, materials):
    """The ladder's summary and notes for a system, as a study would ask for them."""
    seed = materials.seed
    law = Law("belief", np.full((len(seed), 2), 0.5))
    problem = Problem(
        seed, law, system.geometry(materials), not system.traits.streams, system.traits.weighted, stream=7
    )
    ranking = run(NullLadder(), problem, system, materials)
    return ranking.summary["chaotic"], ranking


def scattered(text: str, key: int) -> np.ndarray:
    digest = hashlib.sha256(f"{key} {text}".encode()).digest()
    return np.frombuffer(digest, np.uint8)[:4] / 255.0


def features(text: str) -> np.ndarray:
    return np.array([text.count(c) for c in "aeio"], float)


def by_order(items, key):
    """Pure noise that hangs on everything, the order included."""
    return scattered(" ".join(i.text for i in items), key)


def by_set(items, key):
    """Pure noise that hangs on which items there are."""
    return scattered(" ".join(sorted(i.text.rstrip() for i in items)), key)


def by_set_and_space(items, key):
    return scattered(" ".join(sorted(i.text for i in items)), key)


def by_number(items, key):
    """Noise that is drawn anew whenever an item comes or goes."""
    return np.random.default_rng([key % 2**32, len(items)]).random(4)


def by_weight(items, key):
    return scattered(" ".join(f"{i.id} {i.weight!r}" for i in items), key)


def smooth(items, key):
    """A mean of features, and a shift by key: noisy, not chaotic."""
    return np.mean([features(i.text.strip()) for i in items], axis=0) + np.random.default_rng(key % 2**32).random(4)


def smooth_and_deterministic(items, key):
    return np.mean([features(i.text.strip()) for i in items], axis=0)


def smooth_in_order(items, key):
    """Online learning: later items weigh a little more, so that the order is read, and hardly matters."""
    state = np.zeros(4)
    for item in items:
        state += 0.1 * (features(item.text) - state)
    return state


@pytest.mark.parametrize(
    ("function", "settings", "chaotic"),
    [
        (by_order, {}, True),
        (by_order, {"deterministic": True}, True),
        (by_set, {}, None),
        (by_set, {"deterministic": True}, None),
        (by_set_and_space, {"ignores_space": True}, True),
        (by_number, {}, None),
        (by_weight, {"weighted": True}, True),
        (by_order, {"weighted": True}, None),
        (smooth, {}, False),
        (smooth, {"ignores_space": True}, False),
        (smooth_and_deterministic, {"deterministic": True}, False),
        (smooth_in_order, {"deterministic": True}, False),
    ],
)
def test_functions(function, settings, chaotic, materials):
    said, ranking = told(FromFunction(function, **settings), materials)
    assert said is chaotic, ranking.summary
    first = {True: "Chaotic at this setting: ", None: "Whether the trainer is chaotic at this setting is unknown: "}
    if chaotic is False:
        assert not ranking.notes
    else:
        assert ranking.notes[0].startswith(first[chaotic])


@pytest.mark.parametrize("model", [LogisticRegression(), KNeighborsClassifier(3, weights="distance")])
def test_estimators_that_are_calm(model, materials):
    said, ranking = told(FromEstimator(model), materials)
    assert said is False, ranking.summary


PROGRAM = """
    import hashlib, json, sys
    header = json.loads(sys.stdin.readline())
    for line in sys.stdin:
        row = json.loads(line)
        texts = [i["text"].strip() for i in row["items"]]
        if sys.argv[1] == "chaotic":
            digest = hashlib.sha256((" ".join(texts) + str(row["key"])).encode()).digest()
            outcome = [d / 255 for d in digest[:4]]
        else:
            outcome = [sum(t.count(c) for t in texts) / len(texts) for c in "aeio"]
        print(json.dumps({"row": row["row"], "outcome": outcome}), flush=True)
"""


@pytest.mark.parametrize(("behaviour", "chaotic"), [("chaotic", True), ("calm", False)])
def test_programs(behaviour, chaotic, materials, tmp_path):
    program = tmp_path / "trainer.py"
    program.write_text(textwrap.dedent(PROGRAM), encoding="utf-8")
    system = Command(argv=(sys.executable, str(program), behaviour), rows_at_a_time=100, deterministic=True)
    said, ranking = told(system, materials)
    assert said is chaotic, ranking.summary


def test_a_wiggled_row_has_a_name_of_its_own_and_an_unwiggled_one_keeps_its_own(materials):
    from activeseed.plan import LINES, Rows, row_names

    variants = np.zeros((3, len(materials.seed)), np.int16)
    plain = row_names(b"", materials.slots, Rows(variants, np.zeros(3, np.int64)))
    wiggled = row_names(b"", materials.slots, Rows(variants, np.zeros(3, np.int64), None, {LINES: np.array([0, 5, 6])}))
    assert wiggled[0] == plain[0]
    assert len({*wiggled}) == 3


def test_looking_for_chaos_in_white_space_renames_no_row():
    assert FromFunction(smooth).record() == FromFunction(smooth, ignores_space=True).record()


@pytest.mark.parametrize(("function", "chaotic"), [(by_order, True), (by_set, None), (smooth, False)])
def test_a_study_says_so_first_and_in_its_json(make_study, materials, capsys, function, chaotic):
    study = make_study(
        seed=materials.seed,
        system=FromFunction(function, outcomes=4),
        executor=InProcess(),
        estimator=Auto(rows=64, pairs=8, bases=0, bootstrap_rows=0, group_rows=0, keys=2),
    )
    ranking = study.rank("effect")
    said = json.loads(json.dumps(ranking.to_dict()))
    assert said["chaotic"] is chaotic
    assert all(row["ties_with"] is None and row["distinguishable"] is None for row in said["items"])
    assert said["index_law"]
    print_ranking(ranking, study.seed)
    printed = " ".join(capsys.readouterr().out.split())
    first = {
        True: "! Chaotic at this",
        None: "! Whether the trainer is chaotic at this setting is unknown",
        False: "! ",
    }
    assert printed.startswith(first[chaotic])
    assert "ties unknown with 2 keys" in printed
    assert "first-order index under the law: " in printed


def test_a_smooth_trainer_is_calm_also_where_no_single_drop_moves_it() -> None:
    """A charter that says all things twice: any one line may go, and weights of a little less than one are felt."""
    lines = [f"The assistant must {w}." for w in ("help", "listen", "answer", "wait", "knock")]
    items = tuple(Item(id=f"{t}-{n}", payload=Text(text=line)) for n, line in enumerate(lines) for t in "ab")
    probes = tuple(Probe(id=w, payload=Text(text=f"The assistant {w}s.")) for w in ("help", "listen", "wait"))
    chaotic, ranking = told(InferenceEngine(), Materials(Seed(items=items), probes))
    assert ranking.summary["drop_response"] == 0
    assert max(r["response"] for r in ranking.summary["null_ladder"]) > 0
    assert chaotic is False
    assert not ranking.notes


def test_what_does_not_fall_with_the_wiggle_is_not_called_smooth() -> None:
    def ladder(small: float, large: float) -> list[dict[str, float]]:
        return [{"epsilon": 1e-4, "response": small}, {"epsilon": 1e-2, "response": large}]

    assert _falls(ladder(1e-8, 1e-4))
    assert not _falls(ladder(1e-4, 1e-4))
    assert not _falls(ladder(1e-4, 0.0))
    assert not _falls(ladder(0.0, 0.0))
    assert not _falls(ladder(1e-8, 1e-4)[1:])
