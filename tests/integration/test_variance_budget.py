"""The variance budget from a project: no look before it, the journal, a terminal of any width, the report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import activeseed as act
from activeseed.cli.budget import print_budget
from activeseed.plan import Materials
from activeseed.report import gather, render
from activeseed.testing import Stacked
from tests.integration.test_report import parsed
from tests.small_project import write_inputs

SMALL = act.VarianceBudget(rows=256, combinations=64)


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> act.Study:
    """A small study of a league that starts at random and trains in minibatches."""
    monkeypatch.chdir(write_inputs(tmp_path))
    return act.Study.create(
        "work", act.read_seed("positives.jsonl"),
        act.OversightLeague(rounds=2, steps=4, evaluator="mlp", hidden=4, minibatch=4),
        probes=act.read_probes("probes.jsonl"), pool=act.read_probes("pool.jsonl"), embedder=act.Tfidf(),
    )  # fmt: skip


def test_it_trains_what_it_says_and_nothing_before_and_costs_nothing_again(study: act.Study) -> None:
    from activeseed.belief import author_law
    from activeseed.looking.problem import problem_of

    law = author_law(study.seed, study.settings.belief.base_rate, study.settings.belief.rest)
    most = SMALL.cost(problem_of(study.seed, law, study.system, study.materials)).trainings
    found = study.analyse(SMALL)
    # a look at the study would be hundreds of trainings beside these
    assert 0.5 * found.rows < study.budget.trainings <= most
    levels = [level.level for level in found.levels]
    assert levels == ["model", "trainer", "trainer2"]
    assert found.noise == 0.0
    before = study.budget.trainings
    again = act.Study.open("work")
    assert again.analyse(SMALL).to_dict() == found.to_dict()
    assert again.budget.trainings == before
    assert again.state.analyses["variance_budget"]["result"] == json.loads(json.dumps(found.to_dict()))


def test_check_says_what_it_costs(study: act.Study) -> None:
    said = study.check()["cost"]["analyses"]["stability --budget"]
    assert said >= act.VarianceBudget().rows


def test_a_learned_belief_is_looked_for_first(study: act.Study) -> None:
    assert not SMALL.reads_belief
    asked = SMALL.model_copy(update={"belief": "learned"})
    study.analyse(SMALL)
    before = study.budget.trainings
    study.analyse(asked)
    assert study.state.analyses["variance_budget"]["trainings_new"] == study.budget.trainings - before > 0


def test_it_fits_the_terminal(study, capsys, monkeypatch) -> None:
    for width in (44, 70, 140):  # the second and third are answered from the journal
        monkeypatch.setenv("COLUMNS", str(width))
        print_budget(study.analyse(SMALL), study, top=3)
        out = capsys.readouterr().out
        assert max(map(len, out.splitlines())) <= width
        said = " ".join(out.split())
        for words in ("Variance budget", "trainer²", "Single factors", "feedback between levels", "surrogate"):
            assert words in said, words


def test_the_report_shows_it_with_the_ranges_and_what_it_does_not_say(study: act.Study) -> None:
    study.analyse(SMALL)
    page = render(gather(study))
    parsed(page)
    part = page[page.index("Variance budget: which level") :]
    for figure in ("shares of the spread, by level", "interactions between levels"):
        assert figure in part, figure
    for words in ("uniform over", "No feedback between levels", "No surrogate of the training map", "Other depths"):
        assert words in part, words
    for table in ("with its interactions", "only together", "Single factors"):
        assert table in part, table


def test_the_report_escapes_what_items_are_called(tmp_path: Path) -> None:
    system = Stacked(main={"items": 1.0, "rate": 0.5})
    items = tuple(
        act.Item(id=f"i{n}", payload=act.Text(text="<b>bold</b>" if n == 0 else f"item {n}")) for n in range(5)
    )
    study = act.Study.create(
        tmp_path / "work", act.Seed(items=items), system, probes=system.materials.probes, perturbations=[]
    )
    study.analyse(act.VarianceBudget(rows=256, combinations=32))
    page = render(gather(study))
    assert "<b>bold</b>" not in page
    assert "&lt;b&gt;bold" in page


def test_values_under_which_there_are_other_places_are_left_out_by_name(tmp_path: Path) -> None:
    """A shorter game has fewer beliefs to look at."""
    rows = [f'{{"id": "{o}", "objective": "{o}", "mass": 1, "belief": 0.8}}' for o in ("soup", "salad", "pizza")]
    (tmp_path / "prior.jsonl").write_text("\n".join(rows) + "\n", "utf-8")
    prior = act.read_seed(tmp_path / "prior.jsonl", entry=tuple(act.CIRL.entry_fields))
    study = act.Study.create(tmp_path / "work", prior, act.CIRL(horizon=2), perturbations=[])
    found = study.analyse(act.VarianceBudget(vary=("items", "horizon"), rows=32, combinations=16))
    assert any("horizon = 1 (there are " in n and "outcomes don't compare" in n for n in found.notes)
    levels = {level.level for level in found.levels}
    assert levels == {"trainer2"}
    assert "horizon" not in {f.id for f in found.factors}, "of one value nothing can be told"


def test_parts_of_the_outcome_say_what_they_are_about(tmp_path: Path, capsys, monkeypatch) -> None:
    """A policy has a part for each case in which the robot acts, a ring one for each of its cells."""
    rows = [f'{{"id": "{o}", "objective": "{o}", "mass": 1, "belief": 0.8}}' for o in ("soup", "salad", "pizza")]
    (tmp_path / "prior.jsonl").write_text("\n".join(rows) + "\n", "utf-8")
    prior = act.read_seed(tmp_path / "prior.jsonl", entry=tuple(act.CIRL.entry_fields))
    study = act.Study.create(tmp_path / "work", prior, act.CIRL(horizon=2), perturbations=[])
    found = study.analyse(act.VarianceBudget(vary=("items", "beta"), rows=64, combinations=16))
    names = [b.name for b in found.outcome_blocks]
    assert len(set(names)) == len(names)
    assert {"the robot's policy at step 1", "the robot's policy at step 2, where soup is meant"} <= set(names)
    monkeypatch.setenv("COLUMNS", "120")
    print_budget(found, study, top=2)
    told = capsys.readouterr().out
    assert "the robot's policy at step 1" in told
    assert f"and {len(names) - 2} more" in told
    page = render(gather(study))
    parsed(page)
    for name in names:
        assert name.replace("'", "&#39;") in page, name
    policy = {b.name for b in act.PreDCA().geometry(_ring(tmp_path)).blocks if b.name.startswith("the AI")}  # type: ignore[attr-defined]
    assert policy == {f"the AI's policy at c{n}" for n in range(6)}


def _ring(folder: Path) -> Materials:
    (folder / "few.jsonl").write_text('{"id": "a", "program": "user"}\n{"id": "b", "program": "cat"}\n', "utf-8")
    return Materials(act.read_seed(folder / "few.jsonl", entry=tuple(act.PreDCA.entry_fields)), ())
