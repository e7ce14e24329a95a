"""A study ranks by a distance that its settings name: on a terminal, as JSON, in the report, and by what is inside."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import activeseed as act
from activeseed.cli.app import run
from activeseed.distances import JensenShannon, Policy
from activeseed.errors import PlanError
from activeseed.estimators import ByDistance
from activeseed.report import gather, render
from tests.integration.conftest import Make
from tests.integration.test_report import parsed
from tests.small_project import init_arguments, write_inputs

#: few rows: what a study does with a ranking is tested, not what a league learns
FEW = ("estimator.keys=3", "estimator.rows=24", "estimator.pairs=8", "estimator.bases=3")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    inputs = write_inputs(tmp_path_factory.mktemp("inputs"))
    project = tmp_path_factory.mktemp("made") / "study"
    fast = [a for a in init_arguments(inputs, project) if "estimator" not in a]
    table = 'estimator.kind="by_distance"', 'estimator.distance.kind="jensen_shannon"'
    assert run([*fast, *(f"--set={s}" for s in (*table, *FEW))]) == 0
    return project


@pytest.fixture
def project(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    copy = tmp_path / "study"
    shutil.copytree(made, copy)
    monkeypatch.chdir(copy)
    return copy


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert run(list(arguments)) == 0
    return capsys.readouterr().out


def test_a_table_of_the_settings_is_all_that_it_takes(project, capsys):
    text = (project / "activeseed.toml").read_text("utf-8")
    assert '[estimator.distance]\nkind = "jensen_shannon"' in text
    found = json.loads(printed(capsys, "rank", "--json"))
    assert found["by"] == "distance_effect", "what was chosen ranks, though something is left to ask"
    assert found["distance"] == "Jensen–Shannon divergence"
    assert found["distance_unit"] == "nats"
    effects = [i["distance_effect"] for i in found["items"]]
    assert effects == sorted(effects, reverse=True)
    for item in found["items"]:
        assert {"effect", "value", "distance_first_order", "distance_total"} <= item.keys()
    told = printed(capsys, "rank")
    assert "effect by Jensen–Shannon divergence" in " ".join(told.split())
    assert "nats" in told
    assert "spread by distance" in told
    assert "by distance" in told
    assert "Jensen–Sha…" not in told
    by_own = printed(capsys, "rank", "--by", "effect")
    assert "squared Hellinger distance" in " ".join(by_own.split())
    indices = json.loads(printed(capsys, "rank", "--by", "distance-first-order", "--json"))
    assert indices["by"] == "distance_first_order"
    assert indices["trainings_new"] == 0
    # 3 keys of 9 rows, 24 rows and 8 pairs that the round's regression shares, 3 bases of 9 rows under two keys
    assert found["trainings"] == 27 + 24 + 16 + 54
    assert found["trainings_new"] <= found["trainings"] + 8


def test_another_distance_trains_nothing_anew(project, capsys):
    printed(capsys, "rank")
    toml = project / "activeseed.toml"
    text = toml.read_text("utf-8")
    other = text.replace('kind = "jensen_shannon"\nreads = "probabilities"', 'kind = "kendall"')
    assert other != text
    toml.write_text(other, "utf-8")
    found = json.loads(printed(capsys, "rank", "--json"))
    assert found["distance_unit"] == "share of pairs of places"
    assert found["trainings_new"] == 0


def test_the_report_says_the_distance_and_its_unit(project, capsys):
    study = act.Study.open(project)
    facts = gather(study)
    assert facts.head["by"] == "effect by Jensen–Shannon divergence"
    assert any(n["name"] == "spread by distance" and n["what"].startswith("in nats") for n in facts.numbers)
    text = render(facts)
    parsed(text)
    assert "by distance, in nats" in text


def test_policies_rank_as_distributions_and_probabilities_as_what_they_teach(make_study: Make) -> None:
    few: dict[str, Any] = {"keys": 2, "rows": 0, "pairs": 4, "bases": 0}
    league: dict[str, Any] = {"rounds": 1, "steps": 4}
    whole = ByDistance(distance=JensenShannon(reads="distribution"), **few)
    chosen = make_study(estimator=whole, system=act.OversightLeague(outcome="policy", **league)).rank()
    taught = ByDistance(distance=Policy(scores="log_odds"), **few)
    judged = make_study(estimator=taught, system=act.OversightLeague(**league)).rank()
    for ranking in (chosen, judged):
        assert (ranking.columns["distance_effect"] > 0).any()
        assert 0 < ranking.summary["distance_spread"] < np.log(2)
    mistaken = ByDistance(distance=JensenShannon(reads="distribution"), **few)
    with pytest.raises(PlanError, match="it is no distribution"):
        make_study(estimator=mistaken, system=act.OversightLeague(**league)).rank()


@pytest.mark.parametrize("distance", ["cka", "procrustes"])
def test_what_a_league_makes_of_the_probes_inside_ranks_too(make_study: Make, distance: str) -> None:
    """A league with a hidden layer, by its units; what is inside is trained once and kept."""
    system = act.OversightLeague(rounds=1, steps=4, evaluator="mlp", hidden=4)
    study = make_study(estimator=ByDistance(distance=distance, keys=2, rows=0, pairs=4, bases=0), system=system)
    ranking = study.rank()
    effect = ranking.columns["distance_effect"]
    assert ranking.by == "distance_effect"
    assert np.isfinite(effect).all()
    # keys start from other hidden layers: a league's own difference under a key is seen, and averaged over keys
    assert (ranking.columns["distance_instability"] + effect > 0).all()
    assert any("Hilbert" in n for n in ranking.notes) is (distance == "procrustes")
    assert study.rank().summary["trainings_new"] == 0
    linear = make_study(estimator=ByDistance(distance=distance, keys=2, rows=0, pairs=4, bases=0))
    with pytest.raises(PlanError, match="hands out no representation"):
        linear.rank()
