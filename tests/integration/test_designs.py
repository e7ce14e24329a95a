"""Designs from a project: paired, counted, journalled; the command line in both widths; the report; what is refused."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

import activeseed as act
from activeseed.outcome import Outcomes
from activeseed.plan import Materials, Rows
from activeseed.report import gather, render
from tests.integration.test_report import parsed
from tests.small_project import init_arguments, printed, write_inputs


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> act.Study:
    """A small study of a league whose items come in an order of their own."""
    monkeypatch.chdir(write_inputs(tmp_path))
    return act.Study.create(
        "work", act.read_seed("positives.jsonl"), act.OversightLeague(rounds=2, steps=4, minibatch=4),
        probes=act.read_probes("probes.jsonl"), pool=act.read_probes("pool.jsonl"), embedder=act.Tfidf(),
    )  # fmt: skip


def asked(*designs: act.Design, **more: object) -> act.CompareDesigns:
    return act.CompareDesigns(designs=designs, **{"draws": 12, "keys": 8, "lock_in_items": 0, "resamples": 200, **more})  # type: ignore[arg-type]


SHORT = act.Design(name="short", system={"rounds": 1})
HALF = act.Design(name="half", share=0.5)


def test_designs_are_counted_journalled_and_cost_nothing_again(study: act.Study) -> None:
    found = asked(SHORT, HALF).run(study)
    assert [d.name for d in found.designs] == ["as it is", "short", "half"]
    assert found.trainings == study.budget.trainings == 3 * 2 * (12 + 4)
    assert found["half"].items == 4
    assert set(found.criteria) == {"spread", "accuracy"}
    again = act.Study.open("work")
    assert asked(SHORT, HALF).run(again).to_dict() == found.to_dict()
    assert again.budget.trainings == study.budget.trainings
    assert again.state.analyses["designs"]["result"] == json.loads(json.dumps(found.to_dict()))
    assert len(found.to_frame()) == 3


def test_what_designs_train_is_what_status_says_also_when_somebody_stops_it(
    study: act.Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = 0
    train = act.OversightLeague.train

    def counted(self: act.OversightLeague, rows: Rows, materials: Materials) -> Outcomes:
        nonlocal made
        made += len(rows)
        return train(self, rows, materials)

    def stopped(purpose: str, done: int, _all: int) -> None:
        if done and purpose.startswith("plausible seeds"):  # a batch is done, and the next is not begun
            raise KeyboardInterrupt

    monkeypatch.setattr(act.OversightLeague, "train", counted)
    longer = act.Design(name="longer", system={"rounds": 3})
    study.progress = stopped
    with pytest.raises(KeyboardInterrupt):
        asked(SHORT, longer, lock_in_items=4, lock_in_keys=3).run(study)
    again = act.Study.open("work")
    assert 0 < made == again.status()["trainings"]
    asked(SHORT, longer, lock_in_items=4, lock_in_keys=3).run(again)
    kept = again.state.analyses["designs"]["trainings_new"]
    assert made == again.status()["trainings"] == again.budget.trainings > kept > 0


def test_differences_are_those_of_rows_under_the_same_keys(study: act.Study) -> None:
    """Accuracies of single trainings by hand: the seed as it stands under keys 0 to 7, by either league."""
    found = asked(SHORT).run(study)
    rows = Rows(np.tile(np.array(study.seed.base, np.int16), (8, 1)), np.arange(8))
    labels = np.array([p.label for p in study.probes]) > 0.5
    accuracies = []
    for rounds in (2, 1):
        league = study.settings.system.model_copy(update={"rounds": rounds})
        values = league.train(rows, study.materials).values
        accuracies.append(float(((values > 0.5) == labels).mean()))
    assert found["as it is"].quality["accuracy"].value == pytest.approx(accuracies[0], abs=1e-12)
    gap = found["short"].differences["accuracy"]
    assert gap.value == pytest.approx(accuracies[1] - accuracies[0], abs=1e-12)
    assert gap.low < gap.value < gap.high


def test_a_design_that_cannot_be_trained_is_listed_and_the_others_go_on(study: act.Study) -> None:
    hopeless = act.Design(name="no", system={"minibatch": 400})
    found = asked(SHORT, hopeless).run(study)
    assert [d.name for d in found.measured] == ["as it is", "short"]
    assert "minibatch" in found["no"].why
    assert found["no"].standing == "not measured"


def test_another_kind_of_system_shares_probes_and_keys(study: act.Study) -> None:
    def lengths(items: object, key: int) -> object:
        total = sum(len(i.text) * i.weight for i in items)  # type: ignore[attr-defined]
        dice = np.random.default_rng(key)
        return np.clip(total / 1000 + 0.01 * dice.standard_normal(8), 0, 1)

    other = act.Design(name="lengths", system=act.FromFunction(lengths, compare="hellinger"))
    found = asked(other).run(study)
    assert found["lengths"].spread is not None
    assert found["lengths"].spread.value > 0
    assert found["lengths"].paired


def test_another_folder_is_compared_at_the_probes_that_both_have(study: act.Study, tmp_path: Path) -> None:
    probes = act.read_probes("probes.jsonl")
    act.Study.create(
        "other", act.read_seed("positives.jsonl"), act.OversightLeague(rounds=1, steps=3, minibatch=4),
        probes=probes[:6], pool=act.read_probes("pool.jsonl"), embedder=act.Tfidf(),
    )  # fmt: skip
    theirs = act.Design(name="theirs", folder="other")
    before = study.budget.trainings
    found = asked(theirs).run(study)
    assert found.probes == 6
    assert not found["theirs"].paired
    assert study.budget.trainings == before + 2 * (12 + 4), "the other project counts its own"
    there = act.Study.open("other").status()["trainings"]
    assert there >= 2 * (12 + 4)
    assert f"{there} trainings were made for 'theirs' in its own project, where they are counted." in found.notes
    assert any("6 of 8 probes" in n for n in found.notes)
    assert any("seed and keys of its own" in n for n in found.notes)


def test_a_folder_that_shares_no_probe_is_refused_with_a_sentence(study: act.Study) -> None:
    strangers = [act.Probe(id=f"other-{n}", payload=act.Text(text=f"A sentence of its own, {n}.")) for n in range(4)]
    act.Study.create(
        "other", act.read_seed("positives.jsonl"), act.OversightLeague(rounds=1, steps=3),
        probes=strangers, pool=act.read_probes("pool.jsonl"), embedder=act.Tfidf(),
    )  # fmt: skip
    with pytest.raises(act.PlanError, match="shares no probes"):
        asked(act.Design(name="theirs", folder="other")).run(study)


def test_twins_are_refused_and_the_studys_own_is_compared_once(study: act.Study) -> None:
    with pytest.raises(act.ConfigError, match="are the same"):
        asked(SHORT, act.Design(name="brief", system={"rounds": 1})).run(study)
    found = asked(SHORT, act.Design(name="same", system={"rounds": 2})).run(study)
    assert [d.name for d in found.designs] == ["as it is", "short"]
    assert any("'same' is the study's own design" in n for n in found.notes)
    with pytest.raises(act.ConfigError, match="nothing to compare"):
        asked(act.Design(name="same", system={"rounds": 2})).run(study)
    with pytest.raises(act.PlanError, match="8 items stand"):
        asked(act.Design(name="more", items=9)).run(study)


def test_a_seed_that_nothing_rewords_is_reworded_by_rule(study: act.Study) -> None:
    found = asked(SHORT, lock_in_items=8, lock_in_keys=4).run(study)
    assert found.rewording in ("paraphrase", "")
    if found.rewording:
        assert any("by rule" in n for n in found.notes)
    else:
        assert any("Lock-in" in n and "not known" in n for n in found.notes)


def test_code_that_only_a_design_names_needs_agreement(study: act.Study) -> None:
    stranger = act.Design(name="stranger", system={"kind": "command", "argv": ["true"]})
    with pytest.raises(act.TrustError, match="would"):
        asked(stranger).run(study)


def test_the_budget_is_asked_before_anything_is_trained(study: act.Study) -> None:
    limits = study.settings.limits.model_copy(update={"trainings": 40})
    study.settings = study.settings.model_copy(update={"limits": limits})
    with pytest.raises(act.BudgetError, match="A comparison of designs takes up to 64 trainings"):
        asked(SHORT).run(study)
    assert study.budget.trainings == 0


def test_the_report_shows_it_and_escapes_what_designs_are_called(study: act.Study) -> None:
    asked(SHORT, act.Design(name="<b>bold</b>", system={"beta": 0.9})).run(study)
    page = render(gather(study))
    parsed(page)
    assert "<b>bold</b>" not in page
    for words in (
        "Designs of the trainer² compared",
        "spread and accuracy of 3 designs",
        "By stability alone",
        "Stable is not good",
    ):
        assert words in page, words
    part = page[page.index("Designs of the trainer") :]
    assert part.count('class="error"') == 6


# --- the command line -------------------------------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    folder = tmp_path / "study"
    printed(capsys, *init_arguments(write_inputs(tmp_path / "inputs"), folder), "--set", "system.minibatch=4")
    return str(folder)


SMALL = ("--draws", "12", "--keys", "6", "--lock-in-items", "0")


@pytest.mark.parametrize("width", [44, 60, 140])
def test_it_fits_the_terminal(project, capsys, monkeypatch, width) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    arguments = ["--sweep", "rounds=1,2,3", "--design", "half:share=.5"]
    out, err = printed(capsys, "compare-designs", "--dir", project, *SMALL, *arguments)
    assert max(map(len, out.splitlines())) <= width
    said = " ".join(out.split())
    for words in ("as it is", "rounds=3", "half", "By stability alone", "Stable is not good", "is compared once"):
        assert words in said, words
    assert err.strip().endswith("trainings.")


def test_it_prints_json_and_writes_csv(project, capsys, tmp_path) -> None:
    file = tmp_path / "designs.toml"
    file.write_text('[[design]]\nname = "short"\nsystem = { steps = 2 }\n', "utf-8")
    table = tmp_path / "out.csv"
    out, _ = printed(
        capsys,
        "compare-designs",
        str(file),
        "--dir",
        project,
        *SMALL,
        "--json",
        "--csv",
        str(table),
        "--quality",
        "auc",
    )
    found = json.loads(out)
    assert found["kind"] == "designs"
    assert found["quality"] == "auc"
    assert [d["name"] for d in found["designs"]] == ["as it is", "short"]
    with table.open(newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    assert [r["design"] for r in rows] == ["as it is", "short"]
    assert float(rows[1]["spread"]) == pytest.approx(found["designs"][1]["spread"]["value"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "No design is named"),
        (["--design", "a:ronds=2"], "Did you mean 'rounds'"),
        (["--sweep", "ronds=2,3"], "Did you mean 'rounds'"),
        (["--sweep", "rounds"], "names no values"),
        (["--design", "a:rounds=1", "--design", "b:rounds=1"], "the study's own|are the same|nothing to compare"),
        (["--design", "a:steps=2", "--design", "b:steps=2"], "are the same"),
        (["--design", "a:rounds=1"], "nothing to compare"),
        (["--design", "a:steps=2", "--quality", "acuracy"], "Did you mean 'accuracy'"),
        (["nowhere.toml"], "no such file"),
        (["--design", "a:folder=nowhere"], "activeseed.toml"),
        (["--design", "a:steps=2", "--keys", "2"], "--keys"),
    ],
)
def test_what_is_wrong_is_said(project, capsys, arguments, words) -> None:
    import re

    _, err = printed(capsys, "compare-designs", "--dir", project, *arguments, code=2)
    assert re.search(words, err), err
    assert "Traceback" not in err


def test_a_folder_that_is_no_project(tmp_path, capsys) -> None:
    _, err = printed(capsys, "compare-designs", "--dir", str(tmp_path), "--sweep", "rounds=1,2", code=2)
    assert "activeseed init" in err
