"""What any few items removed can do: through a study, the command line and the report."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

import activeseed as act
from activeseed.analyses.removal.saying import _number
from activeseed.report import gather, render
from tests.integration.conftest import Make
from tests.integration.test_report import parsed
from tests.small_project import printed


@pytest.fixture
def study(make_study: Make) -> act.Study:
    """Fourteen items, of which some have variants, twenty probes, and a training that is convex."""
    return make_study(system=act.OversightLeague(rounds=1, steps=6))


def test_a_study_keeps_what_was_proved_and_trains_nothing_twice(study: act.Study) -> None:
    asked = act.RemovalBounds(removals=(1, 2), exhaustive=40)
    found = study.analyse(asked)
    assert [b.exact for b in found.bounds] == [True, False]
    assert all(p.low <= p.seen_low and p.seen_high <= p.high for b in found.bounds for p in b.probes)
    assert found.apart < 1e-5
    made = study.state.analyses["removal"]
    assert made["seed_version"] == study.seed.version
    assert made["result"] == json.loads(json.dumps(found.to_dict()))
    again = act.Study.open(study.folder, trust=True)
    assert again.analyse(asked).to_dict() == found.to_dict()
    assert again.state.analyses["removal"]["trainings_new"] == 0


@pytest.mark.parametrize("columns", [48, 80, 160])
def test_the_command_says_what_can_be_quoted(study, capsys, monkeypatch, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    out, err = printed(capsys, "removal", "--k", "1", "--k", "2", "--all-up-to", "40", "--dir", str(study.folder))
    whole = " ".join(out.split())
    assert "No removal of one of these 14 items moves the score at any of the 20 probes by more than" in whole
    assert "for a linear evaluator of one round after 6 steps of gradient descent of the full batch from zero" in whole
    assert "all 14 were trained" in whole
    assert "No removal of at most 2 of these 14 items" in whole
    assert "any 1" in out
    assert max(map(len, out.splitlines())) <= columns
    assert "training" in err


def test_the_command_writes_what_machines_read(study, capsys, tmp_path: Path) -> None:
    table = tmp_path / "r.csv"
    out, _ = printed(
        capsys, "removal", "--k", "2", "--all-up-to", "20", "--json", "--csv", str(table), "--dir", str(study.folder)
    )
    said = json.loads(out)
    assert said["system"] == "oversight_league"
    assert said["bounds"][0]["removed"] == 2
    assert len(said["bounds"][0]["probes"]) == len(said["scores"]) == 20
    with table.open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [r["probe"] for r in rows] == [f"z{n}" for n in range(20)]
    assert float(rows[0]["low"]) <= float(rows[0]["seen_low"])


def test_a_system_without_a_convex_training_names_those_that_have_one(make_study: Make, capsys) -> None:
    study = make_study()
    _, err = printed(capsys, "removal", "--k", "8", "--all-up-to", "100", "--dir", str(study.folder), code=2)
    for name in ("LogisticRegression", "RewardModel", "OversightLeague", "rounds = 1"):
        assert name in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--k", "14"), "Ask about 13 at most"),
        (("--k", "0"), "--k"),
        (("--csv", "/nowhere/r.csv"), "there is no folder"),
    ],
)
def test_what_cannot_be_asked_is_refused(study, capsys, arguments: tuple[str, ...], said: str) -> None:
    _, err = printed(capsys, "removal", *arguments, "--dir", str(study.folder), code=2)
    assert said in err


def test_the_report_shows_them_with_every_probe_in_a_table(study: act.Study) -> None:
    assert "Any few items removed" not in render(gather(study))
    found = study.analyse(act.RemovalBounds(removals=(1, 2, 9), exhaustive=14))
    page = render(gather(study))
    parsed(page)
    assert "Any few items removed" in page
    for bound in found.bounds:
        assert f"Any {bound.removed} of 14 items removed" in page
    assert all(f">{p.id}<" in page for p in found.bounds[0].probes)
    assert found.bounds[0].statement.split(",")[0].replace("'", "&#39;") in page


def test_a_picture_ends_a_bound_only_where_it_ends_and_seen_is_all_where_all_was_seen(study: act.Study) -> None:
    study.analyse(act.RemovalBounds(removals=(1, 13), exhaustive=14, sets=2))
    page = render(gather(study))
    assert page.count("at most (all seen)") == 1
    drawn = next(part for part in page.split("<svg") if "Any 13 of 14 items removed" in part).split("</svg>")[0]
    whiskers = re.findall(r'class="whisker" d="([^"]*)"', drawn)
    assert whiskers
    for path in whiskers:  # 640 wide, 150 to the left of it and 14 to its right: what runs off has no cap there
        assert not re.search(r"M(150|626)\.0 \d+v8", path)


def test_a_column_that_has_no_room_is_named(study, capsys, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    asked = ["removal", "--k", "1", "--k", "2", "--k", "3", "--sets", "2", "--all-up-to", "0"]
    out, _ = printed(capsys, *asked, "--dir", str(study.folder))
    assert "any 2, 3: in a terminal of 100 columns" in out
    monkeypatch.setenv("COLUMNS", "120")
    out, _ = printed(capsys, *asked, "--dir", str(study.folder))
    assert "in a terminal of" not in out


def test_no_number_is_minus_nothing() -> None:
    assert (_number(-0.0), _number(0.0), _number(0.12345)) == ("0", "0", "0.124")
