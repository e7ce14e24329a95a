"""Masks, prompts and learning rates asked of a study: kept, resumed, counted, and shown in the report."""

from __future__ import annotations

from typing import Any

import pytest

import activeseed as act
from activeseed.analyses.sides import Side
from activeseed.errors import PlanError
from activeseed.report import gather, render
from activeseed.seed import Item, Probe, Seed, Text
from activeseed.study.cost import analysis_parts
from tests.integration.conftest import Make
from tests.integration.test_report import Tags

ASKED: dict[str, Any] = {
    "masking": act.Masking(masks=8, keys=3, rates=(0.0, 0.2, 0.4)),
    "prompts": act.Prompts(keys=3, prefixes=("Answer briefly:", "Think first:")),
    "learning_rates": act.LearningRates(octaves=3, halvings=1, keys=2, momentum=(0.0, 0.8), tolerance=0.2),
}
SHOWN = {
    "masking": "With parts of the trained model gone",
    "prompts": "The same probes, put otherwise",
    "learning_rates": "Which learning rates train to the same end",
}


def fragile(items, key, probes, learning_rate):
    if learning_rate > 4.0:
        raise ValueError("diverged")
    return [0.5] * len(probes)


@pytest.mark.parametrize("name", ASKED)
def test_a_study_is_asked_once_and_shows_what_was_found(make_study: Make, name: str) -> None:
    study = make_study(system=act.OversightLeague(rounds=2, steps=15, evaluator="mlp", hidden=4))
    asked = ASKED[name]
    said = analysis_parts(study.rounds.looks.work, asked)
    assert list(said) == [name]  # no look at the seed is trained before it
    found = study.analyse(asked)
    spent = study.budget.trainings
    assert 0 < spent <= said[name]
    again = act.Study.open(study.folder)
    assert again.analyse(asked).to_dict() == found.to_dict()
    assert again.budget.trainings == spent
    page = render(gather(study))
    assert SHOWN[name] in page
    tags = Tags()
    tags.feed(page)
    assert not tags.open


def test_what_was_trained_at_one_rate_serves_another_analysis(make_study: Make) -> None:
    study = make_study()
    asked = act.LearningRates(octaves=2, halvings=0, keys=2, momentum=(0.0,), longer=1, tolerance=5.0)
    study.analyse(asked)
    spent = study.budget.trainings
    # the seed as it stands under the same keys was trained for it: at the rate that stands, spelt out or not
    study.analyse(asked.model_copy(update={"halvings": 1}))
    assert study.budget.trainings == spent


def test_a_range_with_no_rate_that_arrives_is_said_and_drawn(make_study: Make) -> None:
    study = make_study()
    found = study.analyse(act.LearningRates(octaves=1, halvings=0, keys=2, momentum=(0.0,), tolerance=1e-9))
    (only,) = found.ranges
    assert only.keys == 0
    assert only.without == 2
    assert any("no rate that was tried arrives" in n for n in found.notes)
    assert "no rate that was tried arrives" in render(gather(study))


def test_divergence_does_not_end_the_study(make_study: Make) -> None:
    study = make_study(system=act.FromFunction(fragile, varies={"learning_rate": [1.0]}, deterministic=True))
    found = study.analyse(act.LearningRates(octaves=6, halvings=3))
    (only,) = found.ranges
    assert only.fails_above == 1.0
    assert only.high == pytest.approx(4.0, rel=2 ** (1 / 8) - 1)  # an octave halved three times, its middle
    assert only.tried[-1].failed == 1.0
    assert study.budget.failed > 6  # far more than a tenth of them


def test_names_and_texts_are_inert(make_study: Make) -> None:
    nasty = "<b>must not</b> lie"
    seed = Seed(items=(*(Item(id=f"i{n}", payload=Text(text=f"Be kind {n}.")) for n in range(3)),))
    study = make_study(seed=seed, annotator=act.Simulated(truth={}))
    study.analyse(act.Prompts(keys=1, rules=(), prefixes=(nasty,)))
    study.analyse(act.Masking(masks=2, keys=1, side=Side(name=nasty), against=Side(name=nasty, key=1)))
    page = render(gather(study))
    assert "<b>must not" not in page
    assert "&lt;b&gt;must not" in page


def test_probes_of_ones_own_words_come_from_a_file(make_study: Make, tmp_path) -> None:
    file = tmp_path / "other.jsonl"
    file.write_text('{"id": "o", "text": "quite another way", "rewords": "z3"}\n', encoding="utf-8")
    study = make_study()
    found = study.analyse(act.Prompts(keys=1, rules=(), written=tuple(act.read_probes(file))))
    assert [p.id for p in found.probes] == ["z3"]
    assert found.kinds[0].kind == "written"
    with pytest.raises(PlanError, match="no such probe"):
        study.analyse(act.Prompts(rules=(), written=(Probe(id="x", payload=Text(text="y"), group="z99"),)))


def test_processes_ask_other_probes_and_other_settings_as_one_process_does(make_study: Make) -> None:
    league = act.OversightLeague(rounds=2, steps=8, momentum=0.5, dropout=0.3)
    found = []
    for executor in (act.InProcess(), act.Processes(workers=1)):
        study = make_study(system=league, executor=executor)
        asked = act.LearningRates(octaves=1, halvings=0, keys=2, momentum=(0.0,), tolerance=0.3)
        found.append((study.analyse(asked).to_dict(), study.analyse(act.Prompts(keys=2, prefixes=("So:",))).to_dict()))
        study.close()
    assert found[0][0]["ranges"][0]["width"] == pytest.approx(found[1][0]["ranges"][0]["width"], nan_ok=True)
    assert found[0][1]["outcome"] == pytest.approx(found[1][1]["outcome"], rel=1e-3)
