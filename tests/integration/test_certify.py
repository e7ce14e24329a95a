"""How far two outcomes part, at most: through a study, the command line and the report."""

from __future__ import annotations

import csv
import json

import pytest

import activeseed as act
from activeseed.cli.app import run
from activeseed.errors import PlanError
from activeseed.report import gather, render
from activeseed.report.sections.certificates import bars
from activeseed.study.networked import require_network
from activeseed.testing import Strongest
from tests.integration.conftest import Make
from tests.integration.test_report import parsed

FAST = ["--seconds", "0.3", "--probes", "2"]


@pytest.fixture
def study(make_study: Make) -> act.Study:
    return make_study(system=act.OversightLeague(rounds=2, steps=10, evaluator="mlp", hidden=4, minibatch=4))


def typed(capsys, study: act.Study, *arguments: str) -> tuple[int, str, str]:
    code = run([*arguments, "--dir", str(study.folder)])
    out, err = capsys.readouterr()
    return code, out, err


def test_a_study_keeps_what_was_found_and_trains_nothing_twice(study: act.Study) -> None:
    asked = act.Certificates(most=2, seconds=0.3, radii=(0.5,))
    found = study.analyse(asked)
    assert found.first == "the seed as it stands"
    assert found.second.startswith("without i")
    assert len(found.certificates) == 3
    made = study.state.analyses["certificates"]
    assert made["record"]["most"] == 2
    assert made["result"] == json.loads(json.dumps(found.to_dict(), allow_nan=False))
    study.analyse(asked)
    assert study.state.analyses["certificates"]["trainings_new"] == 0


def test_the_two_can_be_named_and_stand_in_the_journal(study: act.Study, capsys) -> None:
    code, out, err = typed(
        capsys, study, "certify", "without:i00,i01", "--region", "ball", "--seconds", "0.3", "--json"
    )
    assert code == 0, err
    said = json.loads(out)
    assert (said["first"], said["second"]) == ("latest", "without:i00,i01")
    (c,) = said["certificates"]
    assert c["region"] == "ball"
    assert 0 < c["lower"] <= c["upper"]
    assert c["statement"].startswith("For every input in the smallest ball")
    assert said["seed_version"] == study.seed.version
    assert "1 region, up to 0.3 s each" in err
    code, out, _ = typed(capsys, study, "certify", "v0", "i00=wording-1", "--json", *FAST, "--radius", "0.5")
    assert code == 0
    assert json.loads(out)["second"] == "i00=wording-1"


def test_a_table_at_any_width_with_seen_and_proved_apart(study: act.Study, capsys, monkeypatch, tmp_path) -> None:
    file = tmp_path / "certificates.csv"
    for width in (40, 80, 140):
        monkeypatch.setenv("COLUMNS", str(width))
        code, out, err = typed(capsys, study, "certify", *FAST, "--csv", str(file))
        assert code == 0, err
        assert "proved" in out
        assert "seen" in out
        table = out.split("\n\n")[1].splitlines()
        assert max(map(len, table)) <= width
        assert "neighbours" in out
    with file.open(newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) == 7  # two probes at three radii, and the ball of all data
    assert all(float(r["lower"]) <= float(r["upper"]) for r in rows)


def test_an_ensemble_and_a_leash(study: act.Study, capsys) -> None:
    code, out, err = typed(
        capsys, study, "certify", "--ensemble", "--region", "probes", "--radius", "0.1", "--absolute",
        "--probe", "z0", "--seconds", "0.3", "--leash", "2", "--json",
    )  # fmt: skip
    assert code == 0, err
    (c,) = json.loads(out)["certificates"]
    assert (c["probe"], c["radius"], c["times"]) == ("z0", 0.1, None)
    assert set(c["policy"]) == {"total_variation", "kl", "jeffreys", "jensen_shannon", "hellinger"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--region", "disc"], "is unknown. Known: ball, box, plane, probes, unit."),
        (["--radius", "0"], "above zero"),
        (["--probe", "nowhere"], "no probe 'nowhere'"),
        (["without:nobody"], "nobody"),
        (["a", "b", "c"], "3 outcomes are named"),
        (["v0", "--ensemble"], "Leave out either"),
        (["--seconds", "0"], "seconds"),
        (["--csv", "nowhere/file.csv"], "there is no folder"),
    ],
)
def test_what_can_not_be_done_is_said_in_a_sentence(study: act.Study, capsys, arguments, words) -> None:
    code, out, err = typed(capsys, study, "certify", *arguments)
    assert code == 2
    assert out == ""
    assert words in err
    assert "Traceback" not in err


def test_systems_without_networks_are_refused_and_those_that_have_some_named(tmp_path) -> None:
    system = Strongest(votes=((0.5,), (-0.2,)))
    with pytest.raises(PlanError, match="'strongest' hands out no network") as refused:
        require_network(system, system.materials)
    assert "'oversight_league'" in str(refused.value)
    assert "'reward_model'" in str(refused.value)


def test_a_policy_is_no_network_and_that_is_said(make_study: Make, capsys) -> None:
    study = make_study(system=act.OversightLeague(rounds=2, steps=5, minibatch=4, outcome="policy"))
    for command in ("certify", "dream"):
        code, _, err = typed(capsys, study, command)
        assert code == 2
        assert "Rank the evaluator" in err
        assert "'reward_model'" in err


def test_a_reward_model_s_mlp_is_no_network_for_its_own_reason(make_study: Make, capsys) -> None:
    system = act.RewardModel(reward="mlp", steps=3)
    with pytest.raises(PlanError, match=r"reads each reply by itself.*reward = 'linear'") as refused:
        require_network(system, make_study().materials)
    assert "policy" not in str(refused.value)


def test_what_is_named_twice_is_bounded_once(study: act.Study, capsys) -> None:
    probe = study.materials.probes[0].id
    asked = ["--probe", probe, "--probe", probe, "--radius", "0.5", "--radius", "0.5", "--region", "probes"]
    code, out, _ = typed(capsys, study, "certify", *asked, "--region", "probes", "--json", "--seconds", "0.5")
    assert code == 0
    assert len(json.loads(out)["certificates"]) == 1


def test_the_report_draws_each_region_and_says_it_in_words(study: act.Study) -> None:
    study.rank()
    found = study.analyse(act.Certificates(most=2, seconds=0.3, radii=(0.5, 1.0)))
    page = render(gather(study))
    parsed(page)
    assert "How far apart, at worst" in page
    assert page.count('<circle class="dot s0"') >= len(found.certificates)
    for c in found.certificates:
        assert c.words.split(" (")[0].split("'")[0] in page.replace("&#39;", "'")
    assert "the seed has changed since" not in page


def test_bars_say_where_nothing_is_known() -> None:
    row = {"label": "a ± 1", "lower": 0.5, "upper": 2.0}
    drawn = bars(
        [row, {"label": "<b> ± 1", "lower": 0.1, "upper": None}, {"label": "c", "lower": None, "upper": None}], "x"
    )
    assert drawn.count("<circle") == 2
    assert "&lt;b&gt;" in drawn
    assert "stroke-dasharray" in drawn  # what is unbounded runs off
    assert bars([{"label": "c", "lower": None, "upper": None}], "x") == ""
