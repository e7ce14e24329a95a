"""Comparing outcomes by name, of a file and of another project: through a study, the command line and the report."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping
from pathlib import Path

import pytest

import activeseed as act
from activeseed.cli.app import run
from activeseed.errors import PlanError, SeedError
from activeseed.report import gather, render
from activeseed.seed import Item, Probe, Seed, Text, Variant
from activeseed.testing import Strongest
from tests.integration.conftest import Make
from tests.integration.test_report import NASTY, parsed

#: id -> (text, votes at six cases); another wording has the votes of its item, turned a little
RULES = {
    "tax": ("Never help with evading tax.", "money", (-0.8, 0.0, 0.0, 0.0, 0.0, 0.1)),
    "harm": ("Do nobody any harm.", "harm", (0.0, -0.9, -0.5, 0.0, 0.0, 0.0)),
    "doses": ("Doses are for doctors.", "harm", (0.0, 0.0, -0.6, 0.0, 0.2, 0.0)),
    "help": ("Help where you can.", "", (0.1, 0.1, 0.1, 0.6, 0.3, 0.2)),
}
CASES = ("Hides income.", "Explains a poison.", "Tells a dose.", "Sums up a letter.", "Looks it up.", "Files a form.")


def made(
    folder: Path, rules: Mapping[str, tuple[str, str, tuple[float, ...]]] = RULES, scale: float = 1.0
) -> act.Study:
    seed = Seed(items=tuple(Item(id=i, payload=Text(text=t), group=g) for i, (t, g, _) in rules.items()))
    probes = [Probe(id=f"case-{n}", payload=Text(text=t), group="ab"[n % 2]) for n, t in enumerate(CASES)]
    votes = tuple(tuple(scale * x for x in v) for _, _, v in rules.values())
    return act.Study.create(folder, seed, Strongest(votes=votes), probes=probes, embedder=act.Tfidf(), key=1)


@pytest.fixture
def study(tmp_path: Path) -> act.Study:
    return made(tmp_path / "study")


def printed(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> tuple[str, str]:
    assert run([*arguments, "--trust"]) == code, capsys.readouterr().err
    captured = capsys.readouterr()
    return captured.out, captured.err


# --- a study ----------------------------------------------------------------------------------------------------------


def test_a_comparison_is_kept_and_trains_nothing_twice(study: act.Study) -> None:
    asked = act.Comparison(first=study.side("latest"), second=study.side("without:doses"))
    found = study.analyse(asked)
    # case-2 from −0.6 to −0.5 votes, case-4 from 0.3 to 0.3: the strongest decides
    assert {p.id for p in found.probes if p.difference} == {"case-2"}
    made_ = study.state.analyses["comparison"]
    assert made_["result"] == json.loads(json.dumps(found.to_dict()))
    assert made_["record"]["second"]["changes"] == {"doses": "absent"}
    before = study.budget.trainings
    assert study.analyse(asked).to_dict() == found.to_dict()
    assert study.budget.trainings == before


def test_versions_are_compared_by_name(study: act.Study) -> None:
    (asked,) = study.ask(items=["harm"])
    study.tell([{"question": asked.id, "annotator": "me", "verdict": "reject"}])
    found = study.analyse(act.Comparison(first=study.side("v0"), second=study.side("latest")))
    assert found.differing == {"harm": ("as_written", "absent")}
    assert "case-1" in found.flipped, "nothing forbids it any more"


def test_a_noisy_trainer_is_compared_under_common_keys(make_study: Make) -> None:
    study = make_study()
    found = study.analyse(act.Comparison(first=study.side("latest"), second=study.side("only:a")))
    assert found.paired
    assert found.keys == (8, 8)
    assert found.own.noise > 0
    assert found.own.se > 0
    assert found.own.wide_high >= found.own.high
    same = study.analyse(act.Comparison(first=study.side("latest"), second=study.side("latest@1")))
    assert abs(same.own.value) <= 4 * same.own.se
    assert not same.parted


def test_an_ensemble_and_its_extremes(make_study: Make) -> None:
    study = make_study()
    found = study.analyse(act.Ensemble(to=study.side("latest"), draws=16, keys=4))
    assert found.draws == 16
    assert found.to == "latest"
    assert found.own.pairs > found.own.value
    assert study.state.analyses["ensemble"]["result"]["draws"] == 16


def test_lock_in_of_a_seed_with_another_wording(make_study: Make) -> None:
    found = make_study().analyse(act.LockIn())
    assert [a.perturbation for a in found.against] == ["wording"]
    assert found.against[0].items == 1
    assert found.against[0].shape == "unknown", "one item tells nothing of others"


# --- other outcomes ---------------------------------------------------------------------------------------------------


def outcomes_file(path: Path, runs: int = 4, shift: float = 0.0, header: str = "probe,value,run") -> Path:
    lines = [header]
    for r in range(runs):
        lines += [f"case-{n},{0.3 + 0.05 * n + shift + 0.01 * (r % 2)},{r}" for n in range(len(CASES))]
    path.write_text("\n".join(lines), "utf-8")
    return path


def test_a_file_is_compared_by_its_probes(study: act.Study, tmp_path: Path) -> None:
    theirs = study.outcome(str(outcomes_file(tmp_path / "march.csv")))
    assert isinstance(theirs, act.Given)
    assert len(theirs.values) == 4
    found = study.analyse(act.Comparison(first=theirs, second=study.side("latest")))
    assert (found.first, found.keys) == ("march.csv", (4, 1))
    assert not found.exact
    assert study.state.analyses["comparison"]["record"]["first"]["digest"] == theirs.digest


def test_the_same_in_json_lines_and_other_names(study: act.Study, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text("\n".join(json.dumps({"id": f"case-{n}", "Score": n / 10}) for n in range(len(CASES))), "utf-8")
    theirs = study.outcome(str(path))
    assert isinstance(theirs, act.Given)
    assert theirs.values == (tuple(n / 10 for n in range(len(CASES))),)


def test_another_project_is_trained_by_its_own_system(study: act.Study, tmp_path: Path) -> None:
    other = made(tmp_path / "other", {k: v for k, v in RULES.items() if k != "tax"})
    other.close()
    from activeseed.study.outcomes import given_of

    theirs = given_of(act.Study.open(tmp_path / "other", trust=True), study.probes, 8)
    assert theirs.exact
    found = study.analyse(act.Comparison(first=study.side("without:tax"), second=theirs))
    assert found.own.value == 0.0, "the same rules, once as a change and once as a project"


def test_another_project_with_other_texts_is_refused(study: act.Study, tmp_path: Path) -> None:
    from activeseed.study.outcomes import given_of

    probes = [p.model_copy(update={"payload": Text(text="something else")}) if p.id == "case-3" else p
              for p in study.probes]  # fmt: skip
    with pytest.raises(PlanError, match="probe 'case-3' says something else"):
        given_of(study, probes, 8)
    before = study.budget.trainings
    with pytest.raises(PlanError, match="no outcome at 1 of the 7 probes"):
        given_of(study, [*study.probes, Probe(id="case-9", payload=Text(text="more"))], 8)
    assert study.budget.trainings == before


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "holds no outcomes|empty"),
        ("probe,valu\ncase-0,1", "has no column 'value'.*Did you mean 'value'"),
        ("item,value\ncase-0,1", "has no column 'probe'"),
        ("probe,value\ncase-0,high", "value is 'high', which is no finite number"),
        ("probe,value\ncase-0,nan", "is 'nan', which is no finite number"),
        ("probe,value\ncase-0,inf", "no finite number"),
        ("probe,value\ncase-0,0.5", r"no outcome at 5 of 6 probes \(the first: 'case-1'\)"),
        ("probe,value\ncase-0,0.5\ncase-0,0.4", ":3: probe 'case-0' has an outcome already.*column 'run'"),
        ("probe,value\nkase-1,0.5", "none of its 1 probes is one of this study's. Did you mean 'case-1'"),
        ("probe,value\n,0.5", "no probe is named"),
    ],
)
def test_a_wrong_file_is_refused_in_a_sentence(study: act.Study, tmp_path: Path, capsys, text: str, says: str) -> None:
    path = tmp_path / "wrong.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(PlanError, match=says):
        study.outcome(str(path))
    _, err = printed(capsys, "compare", "latest", str(path), "--dir", str(study.folder), code=2)
    assert "Traceback" not in err


def test_probabilities_outside_their_range_are_refused(make_study: Make, tmp_path: Path) -> None:
    study = make_study()
    path = tmp_path / "odd.csv"
    path.write_text("\n".join(["probe,value", *(f"z{n},{1.0 + n}" for n in range(20))]), "utf-8")
    other = study.outcome(str(path))
    # whichever distances are asked for, the study's own is among them, and it would cut what is outside
    for distances in ((), ("kendall",)):
        with pytest.raises(PlanError, match=r"odd.csv: the outcome at probe 'z1' is 2, which is no probability"):
            study.analyse(act.Comparison(first=study.side("latest"), second=other, distances=distances))
    with pytest.raises(PlanError, match="'z1' is 2, which is no probability"):
        study.analyse(act.Ensemble(to=other, draws=8))


# --- the command line -------------------------------------------------------------------------------------------------


def test_the_report_says_nothing_where_an_interval_is_unknown(make_study: Make) -> None:
    study = make_study()
    study.rank()
    found = study.analyse(act.Comparison(first=study.side("latest"), second=study.side("without:i00"), keys=1))
    assert math.isnan(found.own.low)
    assert "– to –" not in render(gather(study))


@pytest.mark.parametrize("width", [40, 60, 80, 140])
@pytest.mark.parametrize("sides", [("latest", "without:doses,harm"), ("latest",), ()])
def test_tables_fit(study, capsys, monkeypatch, width, sides) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    out, _ = printed(capsys, "compare", *sides, "--draws", "8", "--dir", str(study.folder))
    assert max(map(len, out.splitlines())) <= width
    flat = " ".join(out.split())
    if len(sides) == 2:
        assert "They differ in" in flat
        assert "decided otherwise" in flat
        assert "case-1" in flat
    else:
        assert "seeds drawn from what is believed" in flat
    if len(sides) == 1:
        assert "From latest:" in flat


@pytest.mark.parametrize("width", [60, 140])
def test_lock_in_fits(make_study: Make, capsys, monkeypatch, width) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    out, _ = printed(capsys, "lock-in", "--dir", str(make_study().folder))
    assert max(map(len, out.splitlines())) <= width
    assert "another human wording" in out
    assert "Ratio" in out


def test_json_and_csv_say_the_same(study, capsys, tmp_path) -> None:
    out, _ = printed(
        capsys, "compare", "latest", "only:harm", "--json", "--csv", str(tmp_path / "c.csv"), "--distance", "kendall",
        "--dir", str(study.folder),
    )  # fmt: skip
    said = json.loads(out)
    assert [d["kind"] for d in said["distances"]] == ["own", "kendall"]
    assert said["seed_version"] == study.seed.version
    with (tmp_path / "c.csv").open() as file:
        assert [r["id"] for r in csv.DictReader(file)] == [p["id"] for p in said["probes"]]
    said = json.loads(printed(capsys, "compare", "--json", "--draws", "8", "--dir", str(study.folder))[0])
    assert said["kind"] == "ensemble"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["compare", "latest", "without:dozes"], "no item 'dozes'. Did you mean 'doses'"),
        (["compare", "latets", "v0"], "There is no outcome 'latets'. Did you mean 'latest'"),
        (["compare", "latest", "without:doses", "v0"], "3 outcomes are named"),
        (["compare", "latest", "v0", "--distance", "kendal"], "'kendal' is unknown. Did you mean 'kendall'"),
        (["compare", "latest", "v0", "--distance", "cka"], "compares representations"),
        (["compare", "latest", "v0", "--csv", "nowhere/x.csv"], "there is no folder nowhere"),
        (["compare", "latest", "outcomes.csv"], "outcomes.csv: no such file"),
        (["compare", "latest", "./tests"], "no such file"),
        (["compare", "--draws", "9"], "no multiple of 4: blocks of 4 share their keys. Try 12"),
        (["compare", "latest", "v0", "--towards", "pool"], "this study has no pool"),
        (["lock-in", "--revision", "abscent"], "'abscent' is unknown. Did you mean 'absent'"),
        (["lock-in"], 'perturbations = [{ kind = "paraphrase" }]'),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(study, capsys, monkeypatch, tmp_path, arguments, said) -> None:
    monkeypatch.chdir(tmp_path)
    _, err = printed(capsys, *arguments, "--dir", str(study.folder), code=2)
    assert said in err
    assert "Traceback" not in err


def test_a_folder_without_a_project_is_refused(study, capsys, tmp_path) -> None:
    (tmp_path / "bare").mkdir()
    _, err = printed(capsys, "compare", "latest", str(tmp_path / "bare"), "--dir", str(study.folder), code=2)
    assert "holds no project" in err


def test_a_project_beside_is_compared_on_the_command_line(study, capsys, tmp_path) -> None:
    made(tmp_path / "other", scale=0.5).close()
    out, _ = printed(capsys, "compare", "latest", str(tmp_path / "other"), "--json", "--dir", str(study.folder))
    said = json.loads(out)
    assert said["second"] == str(tmp_path / "other")
    assert said["exact"]
    assert said["distances"][0]["value"] > 0


def test_probes_weighted_towards_a_file_say_what_that_costs(make_study: Make, capsys, tmp_path) -> None:
    study = make_study()
    out, err = printed(
        capsys, "compare", "latest", "only:a", "--towards", "pool", "--json", "--dir", str(study.folder)
    )  # fmt: skip
    assert "20 weighted probes are worth" in err
    assert json.loads(out)["distances"][0]["value"] is not None


def test_check_says_what_analyses_cost_at_most_and_of_none_that_cannot_be(study, make_study: Make, capsys) -> None:
    cost = study.check()["cost"]
    assert {"compare", "basins", "removal"} <= set(cost["analyses"])
    assert not {"dream", "certify"} & set(cost["analyses"]), "it hands out no network"
    out, _ = printed(capsys, "check", "--dir", str(study.folder))
    assert "compare 2" in " ".join(out.split())
    noisy = make_study(system=act.OversightLeague(rounds=2, steps=5, minibatch=4))
    cost = noisy.check()["cost"]
    before = noisy.budget.trainings
    noisy.analyse(act.Comparison(first=noisy.side("latest"), second=noisy.side("without:i00")))
    assert noisy.budget.trainings - before <= cost["analyses"]["compare"], "named sides need no look at the seed"
    before = noisy.budget.trainings
    noisy.analyse(act.Dreams())  # draws what is believed
    assert cost["analyses"]["dream"] < noisy.budget.trainings - before <= cost["analyses"]["dream"] + cost["look"]


def test_check_says_which_group_no_probe_is_of(tmp_path: Path, capsys) -> None:
    seed = Seed(items=tuple(Item(id=i, payload=Text(text=t), group=g or "rest") for i, (t, g, _) in RULES.items()))
    probes = [Probe(id=f"case-{n}", payload=Text(text=t), group="harm") for n, t in enumerate(CASES)]
    votes = tuple(v for _, _, v in RULES.values())
    act.Study.create(tmp_path / "s", seed, Strongest(votes=votes), probes=probes, embedder=act.Tfidf()).close()
    _, err = printed(capsys, "check", "--dir", str(tmp_path / "s"))
    assert "of group 'money'" in err or "near group 'money'" in err
    said = json.loads(printed(capsys, "check", "--json", "--dir", str(tmp_path / "s"))[0])
    assert {g["group"] for g in said["coverage"]} == {"money", "harm", "rest"}


# --- the report -------------------------------------------------------------------------------------------------------


def test_the_report_shows_what_was_compared(make_study: Make) -> None:
    study = make_study()
    before = render(gather(study))
    assert "Two outcomes compared" not in before
    assert "with other probes of the kind" in before, "the spread's interval over probes"
    study.analyse(act.Comparison(first=study.side("latest"), second=study.side("only:a")))
    study.analyse(act.Ensemble(draws=8, keys=3))
    study.analyse(act.LockIn())
    trained = study.budget.trainings
    text = render(gather(study))
    assert study.budget.trainings == trained, "what an analysis found is read from the journal"
    parsed(text)
    for words in ("Two outcomes compared", "How far plausible seeds lie apart", "Lock-in: what is meant",
                  "Jensen–Shannon divergence", "run anew", "where the two outcomes part"):  # fmt: skip
        assert words in text, words


def test_names_and_texts_in_the_sections_are_inert(tmp_path: Path) -> None:
    names = ("<b>one</b>", "\"two' onload=x", "three")
    seed = Seed(
        items=tuple(
            Item(id=n, payload=Text(text=f"{NASTY} {k}"), alternatives=(Variant(id="w", payload=Text(text=NASTY)),))
            for k, n in enumerate(names)
        )
    )
    probes = [Probe(id=f"<i>{n}", payload=Text(text=NASTY), group="<u>") for n in range(6)]
    votes = tuple(tuple(0.1 * (k + 1) * (-1) ** n for n in range(6)) for k in range(3))
    study = act.Study.create(tmp_path / "s", seed, Strongest(votes=votes), probes=probes, embedder=act.Tfidf())
    study.analyse(act.Comparison(first=study.side("latest"), second=study.side("without:three")))
    study.analyse(act.Ensemble(draws=8))
    study.analyse(act.LockIn())
    tags = parsed(render(gather(study)))
    assert "script" not in tags.seen
    assert "u" not in tags.seen
    assert not [a for a, _ in tags.attributes if a.startswith("on")]


def test_an_item_named_like_a_version_is_not_one(study: act.Study) -> None:
    with pytest.raises(SeedError, match="'tax' is an item, and no outcome"):
        study.side("tax")
