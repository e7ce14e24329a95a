"""Basins from a project: the journal, the command line in both widths, the report, what is refused."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

import activeseed as act
from activeseed.analyses.sides import Side
from activeseed.report import gather, render
from tests.integration.test_report import parsed
from tests.small_project import init_arguments, printed, write_inputs


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> act.Study:
    """A small study of a league that starts at random."""
    monkeypatch.chdir(write_inputs(tmp_path))
    return act.Study.create(
        "work", act.read_seed("positives.jsonl"), act.OversightLeague(rounds=2, steps=4, evaluator="mlp", hidden=4),
        probes=act.read_probes("probes.jsonl"), pool=act.read_probes("pool.jsonl"), embedder=act.Tfidf(),
    )  # fmt: skip


SMALL = act.Basins(
    draws=24, resamples=2, follow=8, pairs=4, sweep={"beta": (0.3, 0.9)}, seed_keys=2,
    seeds=(Side(name="latest"), Side(name="without flatter", changes={"flatter": "absent"})),
)  # fmt: skip


def test_a_league_is_told_as_basins_is_journalled_and_costs_nothing_again(study: act.Study) -> None:
    found = study.analyse(SMALL)
    assert found.trained == 24
    assert [s.value for s in found.sweeps[0].at] == [0.3, 0.9]
    assert found.training is not None
    assert found.training.steps[-1] == 8
    assert {c.name for c in found.candidates} == {"latest", "without flatter"}
    before = study.budget.trainings
    again = act.Study.open("work")
    assert again.analyse(SMALL).to_dict() == found.to_dict()
    assert again.budget.trainings == before
    kept = again.state.analyses["basins"]["result"]
    assert kept == json.loads(json.dumps(found.to_dict()))


def test_the_report_shows_it_with_a_table_for_every_figure_and_no_word_of_who_is_right(study: act.Study) -> None:
    study.analyse(SMALL)
    page = render(gather(study))
    parsed(page)
    part = page[page.index("One outcome, or several") :]
    looks = re.search(r"at (\d+) steps of training", part)
    assert looks is not None
    assert part.count('class="title" x="8" y="-3"') == int(looks[1]) > 1
    for figure in ("the ensemble: 24 trainings", "spread through training", "from step 0"):
        assert figure in part, figure
    assert part.count("<animateTransform") == 8
    assert "prefers-reduced-motion" in page
    for table in ("in its middle", "the numbers, step by step", "hangs most on", "falls into A", "As it stands"):
        assert table.casefold() in part.casefold(), table
    assert "none is right because it is the largest" in part


def test_the_report_escapes_what_seeds_are_called(study: act.Study) -> None:
    named = SMALL.model_copy(update={"seeds": (Side(name="<b>bold</b>"),), "sweep": {}})
    study.analyse(named)
    page = render(gather(study))
    assert "<b>bold</b>" not in page
    assert "&lt;b&gt;bold" in page


def test_settings_of_leagues_and_reward_models_can_be_swept() -> None:
    named = {f.id for f in act.OversightLeague(evaluator="mlp").factors()}
    assert named == {"rounds", "steps", "learning_rate", "l2", "beta", "hidden", "opponents", "momentum"}
    assert {f.id for f in act.RewardModel().factors()} == {"steps", "learning_rate", "l2", "momentum"}


# --- the command line -------------------------------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    folder = tmp_path / "study"
    printed(capsys, *init_arguments(write_inputs(tmp_path / "inputs"), folder), "--set", "system.evaluator=mlp")
    return str(folder)


def test_it_fits_the_terminal(project, capsys, monkeypatch) -> None:
    for width in (44, 60, 140):  # the second and third are answered from the journal
        monkeypatch.setenv("COLUMNS", str(width))
        arguments = [
            "--draws",
            "24",
            "--follow",
            "6",
            "--sweep",
            "beta=0.3,0.9",
            "--seed",
            "latest",
            "--seed",
            "without:short",
        ]
        out, err = printed(capsys, "basins", "--dir", project, "--yes", *arguments)
        assert max(map(len, out.splitlines())) <= width
        for words in ("in its middle", "Sweep of beta", "0.3 (here)", "without:short"):
            assert words in out, words
        said = " ".join(out.split())
        for words in ("none is right because it is the largest", "Training ", "nats a step"):
            assert words in said, words
        assert re.search(r"\d trainings?[.;]", err)


def test_json_and_csv_say_the_same(project, capsys, tmp_path) -> None:
    out, _ = printed(
        capsys, "basins", "--dir", project, "--yes", "--of", "keys", "--draws", "20", "--follow", "0", "--json",
        "--csv", str(tmp_path / "b.csv"),
    )  # fmt: skip
    said = json.loads(out)
    assert said["trained"] == 20
    assert said["system"] == "oversight_league"
    with (tmp_path / "b.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [r["basin"] for r in rows] == said["members"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--of", "luck"], "--of 'luck' is neither"),
        (["--of", "seeds", "--seed", "latest"], "takes two seeds or more"),
        (["--csv", "nowhere/x.csv"], "there is no folder nowhere"),
        (["--sweep", "=3"], "is no SETTING=V1,V2"),
        (["--sweep", "beta", "--sweep", "beta=1"], "names 'beta' twice"),
        (["--sweep", "betta"], "There is no setting 'betta' to sweep. Did you mean 'beta'?"),
        (["--sweep", "beta=0.3,7"], "can't be swept to 7"),
        (["--seed", "without:shrt"], "shrt"),
        (["--draws", "1"], "--draws '1'"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_a_sentence(project, capsys, arguments, said) -> None:
    _, err = printed(capsys, "basins", *arguments, "--dir", project, code=2)
    assert said in err
    assert "Traceback" not in err


def test_a_league_without_randomness_has_no_ensemble_of_keys(tmp_path, capsys) -> None:
    folder = tmp_path / "study"
    printed(capsys, *init_arguments(write_inputs(tmp_path / "inputs"), folder), "--set", "system.minibatch=0")
    _, err = printed(capsys, "basins", "--of", "keys", "--dir", str(folder), code=2)
    assert "This trainer has no randomness" in err
