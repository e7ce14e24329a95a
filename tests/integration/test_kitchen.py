"""A game and a prior from files, from the command line: made, checked, ranked, asked, answered, retrained, reported."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import activeseed as act
from activeseed.cli.app import run as command
from activeseed.errors import PlanError
from activeseed.stack.human.planned import planned

EXAMPLES = Path(__file__).parents[2] / "examples"
Said = Callable[..., str]


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Said:
    """Runs a command and returns what it printed: results, then messages."""

    def run(*words: str, code: int = 0) -> str:
        capsys.readouterr()
        returned = command(list(words))
        out, err = capsys.readouterr()
        assert returned == code, err
        return " ".join((out + err).split())

    return run


def kitchen(folder: Path, said: Said, *more: str, prior: str = "kitchen_prior.csv") -> str:
    """A study made with a relative path to the game, as seen from where the command is given."""
    for name in ("kitchen.yaml", "kitchen_prior.csv"):
        shutil.copy(EXAMPLES / name, folder / name)
    words = ["init", "study", "--from", prior, "--system", "cirl", "--set", "system.game=kitchen.yaml"]
    return said(*words, "--embedder", "tfidf", *more)


def test_the_loop_runs_on_a_users_own_game(tmp_path: Path, said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    kitchen(tmp_path, said, "--set", "system.truth=soup")
    settings = (tmp_path / "study" / "activeseed.toml").read_text("utf-8")
    assert 'game = "../kitchen.yaml"' in settings, "the project's folder is where it is looked for"
    assert 'kind = "reweigh"' in settings
    monkeypatch.chdir(tmp_path / "study")
    assert "best at some belief" in said("check")
    first = json.loads(said("rank", "--json"))
    assert {i["id"] for i in first["items"]} == {"tea", "soup", "toast", "nothing"}
    assert all(i["effect"] > 0 for i in first["items"])
    assert first["quality"]["accuracy"] == 1.0, "soup is believed in where soup is meant, and nothing else is"
    drifts = json.loads(said("rank", "--json", "--law", "drift"))
    by_id = [{i["id"]: i["effect"] for i in r["items"]} for r in (first, drifts)]
    assert all(by_id[1][name] < by_id[0][name] for name in by_id[0]), "half or double is less than none"

    said("queue", "--to", "q.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "study" / "q.jsonl").read_text("utf-8").splitlines()]
    assert {line["kind"] for line in lines} == {"weigh_objective"}
    verdicts: dict[str, dict[str, Any]] = {
        "soup": {"verdict": "choose", "variant": "double"}, "tea": {"verdict": "keep"},
        "toast": {"verdict": "reject"}, "nothing": {"verdict": "depends", "comment": "on the day"},
    }  # fmt: skip
    answers = [{"question": q["id"], "annotator": "cook", **verdicts[q["items"][0]]} for q in lines]
    (tmp_path / "study" / "a.jsonl").write_text("\n".join(map(json.dumps, answers)), "utf-8")
    assert "2 changes" in said("answers", "import", "a.jsonl")

    study = act.Study.open(tmp_path / "study")
    standing = dict(study.seed.standing_payloads())
    assert set(standing) == {"tea", "soup", "nothing"}
    assert standing["soup"].fields["mass"] == 0.4
    study.close()
    again = json.loads(said("rank", "--json"))
    assert again["spread"] < first["spread"]
    said("seed", "export", "prior.csv")
    exported = act.read_seed(tmp_path / "study" / "prior.csv", entry=("objective", "mass"))
    assert [i.payload.fields["mass"] for i in exported.items] == [0.5, 0.4, 0.1]
    said("report")
    page = (tmp_path / "study" / "report.html").read_text("utf-8")
    assert "&#39;toast&#39; has no piece of the prior with mass" in page, "what was rejected can't be learnt any more"


def test_a_prior_without_the_truth_is_told_and_reported(
    tmp_path: Path, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lines = (EXAMPLES / "kitchen_prior.csv").read_text("utf-8").splitlines()
    (tmp_path / "without.csv").write_text("\n".join(x for x in lines if not x.startswith("soup")), "utf-8")
    kitchen(tmp_path, said, "--set", "system.truth=soup", prior="without.csv")
    monkeypatch.chdir(tmp_path / "study")
    assert "The robot will never recover it" in said("check")
    said("report")
    assert "The robot will never recover it" in (tmp_path / "study" / "report.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--set", "system.game=kitchn.yaml"), "game = 'kitchn.yaml' is no game of the package"),
        (("--set", "system.truth=sop"), "no objective 'sop'. Did you mean 'soup'"),
        (("--set", "system.horizon=6"), "horizon = 4 would do"),
        (("--set", "system.form=apprenticeship"), "idle: {human: ACTION, robot: ACTION}"),
        (("--set", "system.masses=probabilities", "--set", "perturbations=[]"), ""),
    ],
)
def test_what_can_not_be_played_makes_no_study(
    tmp_path: Path, said: Said, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("kitchen.yaml", "kitchen_prior.csv"):
        shutil.copy(EXAMPLES / name, tmp_path / name)
    start = ["init", "study", "--from", "kitchen_prior.csv", "--system", "cirl", "--embedder", "tfidf"]
    told = said(*start, "--set", "system.game=kitchen.yaml", *words, code=2 if sentence else 0)
    assert sentence in told
    assert (tmp_path / "study").exists() is not bool(sentence)


def test_designs_with_other_places_are_left_out_of_the_human_level_or_refused_where_they_are_named(
    tmp_path: Path, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    kitchen(tmp_path, said)
    with closing(act.Study.open("study")) as study:
        plan = planned(study, act.HumanLevel(studies=36))
        assert "horizon" not in plan.designs
        assert plan.designs["beta"] == (5.0, 1.25, 20.0)
        assert [n for n in plan.notes if "horizon = 1 is no design here: there are 25 places" in n]
        with pytest.raises(PlanError, match=r"Designs with horizon = 2 can't be compared: there are 45 places"):
            planned(study, act.HumanLevel(studies=36, designs={"horizon": (3, 2)}))
        # a value that is the only one of a named setting is every design's
        assert planned(study, act.HumanLevel(studies=36, designs={"beta": (1.25,)})).designs == {"beta": (1.25,)}


def test_what_a_game_does_not_have_is_refused_before_it_is_played(
    tmp_path: Path, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    kitchen(tmp_path, said)
    told = said("stability", "--dir", "study", "--rates", "--yes", code=2)
    assert "no setting 'learning_rate', so its rates can't be varied. Known: actual_beta, " in told
    assert told.count("horizon") == 1, "each setting is named once"
    with closing(act.Study.open("study")) as study:
        assert study.budget.trainings == 0


@pytest.mark.timeout(300)
@pytest.mark.slow
def test_the_example_of_a_kitchen_runs(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, str(EXAMPLES / "kitchen.py"), str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    told = done.stdout
    assert "Asked: 'Sometimes soup.' ... double." in told
    lines = {line.split(":")[0].strip(): line for line in told.partition("What comes of it:\n")[2].splitlines()}
    regret = {name: float(line.split()[-1]) for name, line in lines.items() if "regret" in line}
    assert regret["without soup"] > 2 * regret["as it stands now"]
    assert "it is believed 0% at the end" in lines["without soup"]
    assert regret["people hardly mind how they point"] > 2 * regret["as it stands now"]
    assert "The robot will never recover it" in told


def test_designs_of_a_game_in_a_file_are_compared_from_anywhere(
    tmp_path: Path, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    kitchen(tmp_path, said)
    words = ["--sweep", "beta=2", "--draws", "6", "--keys", "6", "--lock-in-items", "0", "--json", "--yes"]
    text = said("compare-designs", "--dir", "study", *words)
    assert '"beta=2"' in text
