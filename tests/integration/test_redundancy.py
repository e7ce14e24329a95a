"""What covers for what, and why: through a study, the command line and the report."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

import activeseed as act
from activeseed.cli.app import run
from activeseed.errors import BudgetError, ConsentError, PlanError
from activeseed.report import gather, render
from activeseed.seed import Item, Probe, Seed, Text
from activeseed.testing import Strongest
from tests.integration.conftest import Make
from tests.integration.test_report import NASTY, parsed

#: id -> (text, votes at four cases); the tax rules say the same, style says nothing
RULES = {
    "tax": ("Never help with evading tax.", (-0.8, 0.0, 0.0, 0.0)),
    "tax-again": ("Help with evading tax is never given.", (-0.8, 0.0, 0.0, 0.0)),
    "harm": ("Do nobody any harm.", (0.0, -0.9, -0.5, 0.0)),
    "doses": ("Doses are for doctors.", (0.0, 0.0, -0.6, 0.0)),
    "help": ("Help where you can.", (0.1, 0.1, 0.1, 0.6)),
    "style": ("Write short sentences.", (0.0, 0.0, 0.0, 0.0)),
}
CASES = ("Hides income for somebody.", "Explains a poison.", "Tells a dose.", "Sums up a letter.")


@pytest.fixture
def study(tmp_path: Path) -> act.Study:
    seed = Seed(items=tuple(Item(id=i, payload=Text(text=t)) for i, (t, _) in RULES.items()))
    probes = [Probe(id=f"case-{n}", payload=Text(text=t)) for n, t in enumerate(CASES)]
    system = Strongest(votes=tuple(v for _, v in RULES.values()))
    return act.Study.create(tmp_path / "study", seed, system, probes=probes, embedder=act.Tfidf(), key=1)


def test_a_study_keeps_what_was_found_and_trains_nothing_twice(study: act.Study) -> None:
    found = study.analyse(act.Redundancy(folds=8))
    assert found["tax"].twin == "tax-again"
    assert found["harm"].sole == ("case-1",)
    assert found["style"].verdict == "nothing"
    made = study.state.analyses["redundancy"]
    assert made["record"]["folds"] == 8
    assert made["seed_version"] == study.seed.version
    assert made["trainings_new"] > 0
    assert made["result"] == json.loads(json.dumps(found.to_dict()))

    again = act.Study.open(study.folder, trust=True)
    assert again.state.analyses["redundancy"]["result"] == made["result"]
    assert again.analyse(act.Redundancy(folds=8)) == found
    assert again.state.analyses["redundancy"]["trainings_new"] == 0


def test_an_analysis_without_a_record_or_a_result_that_says_itself_is_journalled_too(study: act.Study) -> None:
    class Rows:
        kind = "rows"

        def cost(self, problem):
            return problem.each * 0

        def run(self, problem):
            yield from ()
            return len(problem.seed)

    assert study.analyse(Rows()) == len(RULES)
    assert study.state.analyses["rows"]["record"] is None
    assert study.state.analyses["rows"]["result"] is None


def test_a_budget_holds_it_and_a_price_asks_first(study: act.Study) -> None:
    limits = study.settings.limits
    study.settings = study.settings.model_copy(update={"limits": limits.model_copy(update={"trainings": 10})})
    with pytest.raises(BudgetError, match="An analysis takes up to"):
        act.Study.open(study.folder, trust=True, settings=study.settings).analyse(act.Redundancy())
    priced = study.settings.model_copy(update={"limits": limits.model_copy(update={"price": 0.01})})
    with pytest.raises(ConsentError) as wanted:
        act.Study.open(study.folder, trust=True, settings=priced).analyse(act.Redundancy())
    assert wanted.value.would_do["money"] > 0


def test_a_league_is_analysed_under_its_keys(make_study: Make) -> None:
    found = make_study().analyse(act.Redundancy(folds=4, near=1))
    assert found.keys == 8
    assert found.pairs == "near"
    assert len(found.items) == 14
    assert all(i.effect_se > 0 for i in found.items)


# --- why --------------------------------------------------------------------------------------------------------------


def test_a_study_says_why(study: act.Study) -> None:
    (e,) = study.explain("case-2")
    assert e.items == ("doses",)
    assert e.value == pytest.approx(0.2)
    # 0.65 − the rest: case-3 at 0.8, case-0 at 0.1, case-1 at 0.05, case-2 at 0.2
    assert [e.place for e in study.explain()] == ["case-2", "case-3", "case-0"]
    (asked,) = study.ask(items=["doses"])
    study.tell([{"question": asked.id, "annotator": "me", "verdict": "reject"}])
    (e,) = study.explain(["case-2"])
    assert e.items == ("harm",), "the seed as it stands now"


def test_who_cannot_say_why_is_told_so_with_those_that_can(make_study: Make, study: act.Study) -> None:
    with pytest.raises(PlanError, match="'oversight_league' can't explain itself.*SupportsExplaining"):
        make_study().explain()
    with pytest.raises(PlanError, match=r"no probe 'case-9'\. Did you mean 'case-"):
        study.explain("case-9")


# --- the command line -------------------------------------------------------------------------------------------------


def printed(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> tuple[str, str]:
    assert run([*arguments, "--trust"]) == code, capsys.readouterr().err
    captured = capsys.readouterr()
    return captured.out, captured.err


@pytest.mark.parametrize("width", [40, 60, 80, 140])
def test_the_table_fits_and_offers_the_twins(study, capsys, monkeypatch, width) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    out, err = printed(capsys, "redundancy", "--dir", str(study.folder), "--folds", "8")
    assert max(map(len, out.splitlines())) <= width
    (line,) = (x for x in out.splitlines() if x.startswith("tax-again"))
    assert "redundant" in line
    assert f"activeseed queue --kind merge --item tax --item tax-again --dir {study.folder}" in err
    if width >= 80:
        assert "covered by tax: redundant" in line
    assert "1 do nothing here" in " ".join(out.split())


def test_what_is_offered_can_be_asked(study, capsys) -> None:
    _, err = printed(capsys, "redundancy", "--dir", str(study.folder))
    (command,) = (x.split()[1:] for x in err.splitlines() if "tax-again" in x)
    printed(capsys, *command)
    assert [(q.kind, set(q.items)) for q in act.Study.open(study.folder, trust=True).pending] == [
        ("merge", {"tax", "tax-again"})
    ]


def test_json_and_csv_say_the_same(study, capsys, tmp_path) -> None:
    out, _ = printed(capsys, "redundancy", "--json", "--csv", str(tmp_path / "r.csv"), "--dir", str(study.folder))
    said = json.loads(out)
    assert said["seed_version"] == study.seed.version
    assert said["twins"][0] == ["tax", "tax-again"], "each is the other's twin"
    with (tmp_path / "r.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [r["id"] for r in rows] == [i["id"] for i in said["items"]]
    assert [r["words"] for r in rows] == [i["words"] for i in said["items"]]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--pairs", "some"], "--pairs 'some' is neither"),
        (["--csv", "nowhere/x.csv"], "there is no folder nowhere"),
        (["--near", "0"], "--near '0'"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(study, capsys, arguments, said) -> None:
    _, err = printed(capsys, "redundancy", *arguments, "--dir", str(study.folder), code=2)
    assert said in err


@pytest.mark.parametrize("width", [40, 60, 140])
def test_why_is_a_tree(study, capsys, monkeypatch, width) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    out, _ = printed(capsys, "explain", "case-2", "case-0", "--dir", str(study.folder))
    lines = out.splitlines()
    assert max(map(len, lines)) <= width
    assert lines[0] == "case-2: Tells a dose."
    assert lines[1] == "rejected (0.2)"
    assert any(x.startswith("  └ doses is against") for x in lines)
    assert any(x.startswith("    └ Doses are for doctors.") for x in lines)
    assert "rests on doses" in lines
    assert "rests on tax" in lines
    said = json.loads(printed(capsys, "explain", "case-2", "--json", "--dir", str(study.folder))[0])
    assert said[0]["items"] == ["doses"]
    assert said[0]["steps"][-1]["of"] == [1]


def test_a_probe_that_is_not_there_is_refused(study, capsys) -> None:
    _, err = printed(capsys, "explain", "case-x", "--dir", str(study.folder), code=2)
    assert "There is no probe 'case-x'" in err
    assert "Traceback" not in err


# --- the report -------------------------------------------------------------------------------------------------------


def test_the_report_shows_what_covers_for_what_and_why(study: act.Study) -> None:
    before = gather(study)
    assert before.redundancy is None
    assert "What covers for what" not in render(before)
    study.analyse(act.Redundancy(folds=8))
    trained = study.budget.trainings
    facts = gather(study)
    assert study.budget.trainings == trained, "what an analysis found is read from the journal"
    assert facts.redundancy is not None
    assert not facts.redundancy["old"]
    text = render(facts)
    parsed(text)
    for words in ("What covers for what", "covered by tax-again: redundant", "does nothing here", "Violations",
                  "tax covers for 100 % of tax-again", "<h2>Why</h2>", "doses is against Tells a dose."):  # fmt: skip
        assert words in text, words
    assert [e["id"] for e in facts.explanations][:1]
    assert {e["id"] for e in facts.explanations} == {f"case-{n}" for n in range(4)}

    (asked,) = study.ask(items=["doses"])
    study.tell([{"question": asked.id, "annotator": "me", "verdict": "reject"}])
    later = gather(study)
    assert later.redundancy is not None
    assert later.redundancy["old"]
    assert "the seed has changed since" in render(later)


def test_the_report_of_who_cannot_say_why_has_no_such_section(make_study: Make) -> None:
    facts = gather(make_study())
    assert facts.explanations == []
    assert "<h2>Why</h2>" not in render(facts)


def test_names_and_texts_in_the_sections_are_inert(tmp_path: Path) -> None:
    votes = ((-0.8, 0.0), (-0.8, 0.0), (0.0, 0.4))
    names = ("<b>one</b>", "\"two' onload=x", "three")
    seed = Seed(items=tuple(Item(id=n, payload=Text(text=f"{NASTY} {k}")) for k, n in enumerate(names)))
    probes = [Probe(id=f"<i>{n}", payload=Text(text=NASTY)) for n in range(2)]
    study = act.Study.create(tmp_path / "s", seed, Strongest(votes=votes), probes=probes, embedder=act.Tfidf())
    study.analyse(act.Redundancy(folds=4))
    text = render(gather(study))
    tags = parsed(text)
    assert "script" not in tags.seen
    assert "b" not in set(tags.seen) or "<b>one</b>" not in text
    assert not [a for a, _ in tags.attributes if a.startswith("on")]
