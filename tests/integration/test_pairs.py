"""A second system through the same study: preference pairs that can be kept, dropped or flipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from activeseed.annotators.simulated import Simulated
from activeseed.embedders import Tfidf
from activeseed.estimators import Auto
from activeseed.seed import FLIPPED, Item, Pair, Payload, Probe, Seed
from activeseed.study import Study
from activeseed.systems.reward_model import RewardModel

ITEMS, WRONG = 24, 5


def pair(n: int, flipped: bool = False) -> Payload:
    good = f"I checked it and here is the source {n}, with what I am unsure of"
    bad = f"Trust me, everybody knows that {n}, no need to look"
    return Pair(prompt=f"question {n}", chosen=bad if flipped else good, rejected=good if flipped else bad)


@pytest.fixture
def study(tmp_path: Path) -> Study:
    items = tuple(Item(id=f"i{n:02d}", payload=pair(n, flipped=n % 5 == 3)) for n in range(ITEMS))
    probes = tuple(Probe(id=f"z{n}", payload=pair(100 + n), label=1.0) for n in range(12))
    truth = {f"i{n:02d}": FLIPPED if n % 5 == 3 else "as_written" for n in range(ITEMS)}
    return Study.create(
        tmp_path / "study",
        Seed(items=items),
        RewardModel(),
        probes=probes,
        embedder=Tfidf(),
        annotator=Simulated(truth=truth),
        estimator=Auto(rows=128, pairs=24, bases=0, bootstrap_rows=24, group_rows=0, keys=2),
        ask={"batch": 6, "consequences": 2},
        stopping={"flips": 0.0, "answers": 24},
    )


def test_pairs_gain_a_flip_and_the_belief_goes_there(study: Study) -> None:
    assert all([v.id for v in i.variants] == ["as_written", "absent", FLIPPED] for i in study.seed.items)
    law = study.rounds.assessment().prior
    assert law.probabilities[0].tolist() == pytest.approx([0.8, 0.0, 0.2])


def test_flips_and_drops_are_laws_of_their_own(study: Study) -> None:
    drop, flip = study.rank(by="effect", law="drop"), study.rank(by="effect", law="flip")
    assert set(drop.columns["perturbation"]) != set(flip.columns["perturbation"])
    assert flip.columns["effect"].mean() > drop.columns["effect"].mean() > 0


def test_the_loop_flips_the_pairs_that_were_written_the_wrong_way_round(study: Study) -> None:
    asked = study.ask(3)
    assert {q.kind for q in asked} == {"judge_pair"}
    assert FLIPPED in asked[0].options
    result = study.loop()
    wrong = {f"i{n:02d}" for n in range(ITEMS) if n % 5 == 3}
    found = {i for i, v in study.seed.standing.items() if v == FLIPPED}
    assert found <= wrong
    assert len(found) >= WRONG - 1
    assert result.rounds[-1]["quality"]["accuracy"] >= result.rounds[0]["quality"]["accuracy"]
