"""Results are what they were: rankings, and the questions that are asked, of studies that were kept as files.

A change that is meant to change no result has to pass here. One that is meant to remakes the files, and says so: see
`tests/golden/__main__.py`.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from activeseed.study import Study
from tests.golden.recording import DATA, differences, double_precision, ranked, record
from tests.golden.scenes import SCENES


def kept(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DATA / f"{name}.json").read_text("utf-8"))
    return found


@pytest.mark.parametrize("name", SCENES)
def test_a_study_comes_to_what_it_came_to(name: str, tmp_path: Path) -> None:
    assert differences(kept(name), record(name, tmp_path / "study")) == []


def test_every_golden_file_has_its_scene() -> None:
    assert {f.stem for f in DATA.glob("*.json")} == set(SCENES)


# --- a study of 0.1 ---------------------------------------------------------------------------------------------------

KEPT = DATA / "study_of_0_1"


@pytest.fixture
def of_then(tmp_path: Path) -> Study:
    shutil.copytree(KEPT, tmp_path / "study")
    return Study.open(tmp_path / "study")


def expected() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((KEPT / "expected.json").read_text("utf-8"))
    return found


def test_a_study_of_then_opens_with_all_that_people_gave_it(of_then: Study) -> None:
    state, then = of_then.state, expected()
    answers = {a.id: [a.question, a.annotator, a.verdict, a.comment] for a in state.kept_answers}
    assert answers == then["answers"]
    assert dict(state.taken_back) == then["taken_back"]
    questions = {q.id: [q.kind, list(q.items), q.text] for q in state.questions.values()}
    assert questions == then["questions"]
    assert [q.id for q in state.pending] == then["pending"]
    assert sorted(state.gone) == then["gone"]
    assert dict(state.submitted) == then["submitted"]
    versions = [
        {"id": v.id, "why": v.why, "by": v.by, "standing": dict(sorted(v.seed.standing.items()))}
        for v in state.versions
    ]
    assert versions == then["versions"]
    assert dict(state.pins) == then["pins"]
    assert len(state.rounds) == then["rounds"]
    assert of_then.id == then["id"], "channels know the study by it"
    kinds = [e.kind for e in of_then.store.read()]
    assert {k: kinds.count(k) for k in then["kinds"]} == then["kinds"]


def test_a_study_of_then_ranks_as_it_did_from_what_it_had_trained(of_then: Study) -> None:
    then = expected()
    with double_precision():
        found = ranked(of_then.rank())
    assert differences({"ranking": then["ranking"]}, {"ranking": found}) == []
    assert of_then.state.trainings == then["trainings"], "what was paid for is paid for again"


def test_a_study_of_then_goes_on(of_then: Study) -> None:
    waiting = of_then.pending[0]
    of_then.tell([{"question": waiting.id, "annotator": "Zoë", "verdict": "keep"}])
    again = Study.open(of_then.folder)
    assert waiting.id not in [q.id for q in again.pending]
    assert len(again.state.kept_answers) == len(expected()["answers"]) + 1


# --- the comparison itself --------------------------------------------------------------------------------------------


def changed(**columns: list[Any]) -> list[str]:
    """What is said of a kept ranking in which columns were changed."""
    then = kept("bundled-statements")["ranking"]
    now = {**then, "columns": {**then["columns"], **columns}}
    return differences({"ranking": then}, {"ranking": now})


def test_numbers_may_differ_by_rounding_and_not_by_more() -> None:
    effect = kept("bundled-statements")["ranking"]["columns"]["effect"]
    assert changed(effect=[v * (1.0 + 5e-6) for v in effect]) == []
    assert changed(effect=[v + 2e-5 * max(effect) for v in effect]) != []
    assert changed(effect=[None, *effect[1:]]) != []


def test_a_star_may_only_move_at_the_line() -> None:
    columns = kept("bundled-statements")["ranking"]["columns"]
    p, stars = columns["p_value"], columns["distinguishable"]
    starred = [v for v, star in zip(p, stars, strict=True) if star]
    for value, moves in ((min(starred), False), (max(starred), True)):
        place = p.index(value)
        without = [star and f != place for f, star in enumerate(stars)]
        assert (changed(distinguishable=without) == []) == moves


def test_ranks_may_only_change_among_ties() -> None:
    then = kept("bundled-statements")["ranking"]
    order = [then["order"][1], then["order"][0], *then["order"][2:]]
    assert differences({"ranking": then}, {"ranking": {**then, "order": order}}) != []


def test_other_questions_are_a_difference() -> None:
    then = kept("bundled-statements")
    fewer = {**then, "asked_after": then["asked_after"][1:]}
    assert differences(then, fewer) != []
    assert differences(then, {k: v for k, v in then.items() if k != "asked_after"}) == ["asked_after is gone"]
