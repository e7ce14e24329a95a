"""Stability from a project: the journal, the command line in both widths, the report, what is refused."""

from __future__ import annotations

import csv
import json
import re
from contextlib import closing
from pathlib import Path

import pytest

import activeseed as act
from activeseed.report import gather, render
from tests.integration.test_report import parsed
from tests.small_project import init_arguments, printed, write_inputs

#: what one run of the command trains here
SMALL = ("--draws", "12", "--starts", "8", "--keys", "3", "--sweep", "beta=0.3,0.9")


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> act.Study:
    """A small study of a league that starts at random."""
    monkeypatch.chdir(write_inputs(tmp_path))
    return act.Study.create(
        "work", act.read_seed("positives.jsonl"), act.OversightLeague(rounds=2, steps=4, evaluator="mlp", hidden=4),
        probes=act.read_probes("probes.jsonl"), pool=act.read_probes("pool.jsonl"), embedder=act.Tfidf(),
    )  # fmt: skip


ASKED = act.Stability(draws=6, starts=5, keys=3, numbers=2, resamples=0, masks=4, alpha=0.2)


def test_a_league_is_asked_at_every_level_without_a_look_and_once(study: act.Study) -> None:
    found = study.analyse(ASKED)
    trained = study.budget.trainings
    assert trained <= found.trainings, "no look at the study was trained for it"
    assert {s.of for s in found.cell("trainer", "start").starts} >= {"init"}
    items = found.cell("trainer2", "start").starts[0]
    assert items.ratio.is_known or "not told from noise" in items.why
    assert found.cell("model", "dynamics").masked
    again = act.Study.open("work")
    assert again.analyse(ASKED).to_dict() == found.to_dict()
    assert again.budget.trainings == trained
    assert again.state.analyses["stability"]["result"] == json.loads(json.dumps(found.to_dict()))


def test_the_report_draws_the_stack_with_verdicts_and_says_what_was_not_run(study: act.Study) -> None:
    study.analyse(ASKED)
    page = render(gather(study))
    parsed(page)
    part = page[page.index("The stack: what washes out") :]
    for level in ("human", "trainer²", "trainer", "model", "world"):
        assert f">{level}</text>" in part, level
    assert "the seed: 8 items" in part
    assert part.count("not run") >= 2
    assert "activeseed stability --budget" in part
    study.analyse(act.VarianceBudget(rows=64, combinations=8, item_pairs=0, reruns=0))
    page = render(gather(study))
    parsed(page)
    assert re.search(r"\d+ % of the spread", page)


def test_the_report_shows_two_trainers(study: act.Study) -> None:
    asked = ASKED.model_copy(update={"levels": ("trainer2",), "sweep": {"beta": (0.3, 0.9)}})
    study.analyse(act.StabilityAgainst(stability=asked, settings={"beta": 0.9}))
    page = render(gather(study))
    parsed(page)
    assert "beta = 0.9" in page[page.index("Two trainers, by the models") :]


# --- the command line -------------------------------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    folder = tmp_path / "study"
    printed(capsys, *init_arguments(write_inputs(tmp_path / "inputs"), folder), "--set", "system.evaluator=mlp")
    return str(folder)


def test_it_fits_the_terminal(project, capsys, monkeypatch) -> None:
    for width in (44, 60, 140):  # the second and third are answered from the journal
        monkeypatch.setenv("COLUMNS", str(width))
        out, err = printed(capsys, "stability", "--dir", project, "--yes", *SMALL, "--against-setting", "beta=0.9")
        assert max(map(len, out.splitlines())) <= width
        said = " ".join(out.split())
        assert ("structure?" if width < 60 else "structurally stable?") in said
        for words in ("not run", "Not run: `activeseed stability --human N`", "Stable is not good"):
            assert words in said, words
        assert "0.3 (here)" in said
        assert "as it stands and beta = 0.9" in said
        assert re.search(r"\d trainings?\b", err)


def test_json_and_csv_say_the_same(project, capsys, tmp_path) -> None:
    file = tmp_path / "s.csv"
    out, _ = printed(capsys, "stability", "--dir", project, "--yes", *SMALL, "--json", "--csv", str(file))
    said = json.loads(out)
    assert said["system"] == "oversight_league"
    verdicts = {(c["level"], c["aspect"]): c["verdict"] for c in said["cells"]}
    with file.open() as lines:
        rows = list(csv.DictReader(lines))
    assert {(r["level"], r["aspect"]): r["verdict"] for r in rows} == verdicts
    assert verdicts["human", "start"] == "not run"


def test_another_project_at_the_same_probes_is_held_against_this_one(project, capsys, tmp_path) -> None:
    arguments = init_arguments(tmp_path / "inputs", tmp_path / "other")
    printed(capsys, *arguments, "--set", "system.evaluator=mlp", "--set", "system.beta=0.9")
    out, _ = printed(
        capsys, "stability", "--dir", project, "--yes", "--draws", "12", "--levels", "trainer2", "--json", "--against",
        str(tmp_path / "other"),
    )  # fmt: skip
    said = json.loads(out)["against"]
    assert said["names"][1] == str(tmp_path / "other")
    assert {c["what"] for c in said["contrasts"]} >= {"spread"}


def test_check_says_what_it_costs(project, capsys) -> None:
    out, _ = printed(capsys, "check", "--dir", project)
    assert re.search(r"stability [\d,]+", out)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--levels", "trainr"], "--levels 'trainr' is no level. Did you mean 'trainer'?"),
        (["--levels", "human"], "--human N"),
        (["--sweep", "betta"], "There is no setting 'betta' to sweep. Did you mean 'beta'?"),
        (["--sweep", "beta=0.3,7"], "can't be swept to 7"),
        (["--against-setting", "beta"], "takes one value"),
        (["--against-setting", "betta=0.9"], "There is no setting 'betta'"),
        (["--against-setting", "beta=0.3", "--sweep", "beta"], "is how it stands"),
        (["--against", "nowhere"], "no project is there"),
        (["--against", "nowhere", "--against-setting", "beta=0.9"], "both name another trainer"),
        (["--csv", "nowhere/x.csv"], "there is no folder nowhere"),
        (["--draws", "1"], "--draws '1'"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_a_sentence(project, capsys, arguments, said) -> None:
    quick = [] if "--draws" in arguments else ["--draws", "6", "--starts", "4", "--keys", "3"]
    before = trainings(project)
    _, err = printed(capsys, "stability", *arguments, *quick, "--dir", project, "--yes", code=2)
    assert said in err
    assert "Traceback" not in err
    assert trainings(project) == before, "refused before anything is trained"


def trainings(project: str) -> int:
    with closing(act.Study.open(project)) as study:
        return study.budget.trainings


def test_a_project_at_other_probes_is_refused_before_anything_is_trained(project, capsys, tmp_path) -> None:
    arguments = init_arguments(tmp_path / "inputs", tmp_path / "other")
    (tmp_path / "few.jsonl").write_text('{"id": "x", "text": "Another probe."}\n{"id": "y", "text": "And one more."}\n')
    arguments[arguments.index("--probes") + 1] = str(tmp_path / "few.jsonl")
    printed(capsys, *arguments, "--set", "system.evaluator=mlp")
    before = trainings(project)
    _, err = printed(
        capsys, "stability", "--dir", project, "--yes", "--draws", "13", "--against", str(tmp_path / "other"), code=2
    )
    assert "two trainers are compared at the same probes" in err
    assert trainings(project) == before


def test_a_trainer_without_states_or_randomness_is_asked_all_the_same(tmp_path, capsys) -> None:
    printed(capsys, *init_arguments(write_inputs(tmp_path / "inputs"), tmp_path / "plain"))
    out, _ = printed(
        capsys, "stability", "--dir", str(tmp_path / "plain"), "--yes", "--draws", "12", "--starts", "6", "--keys", "3",
        "--json", "--sweep", "beta=0.3,0.9",
    )  # fmt: skip
    cells = {(c["level"], c["aspect"]): c for c in json.loads(out)["cells"]}
    nothing = cells["model", "start"]
    assert nothing["verdict"] == "none"
    assert nothing["starts"] == nothing["varied"] == []
    assert nothing["why"]
