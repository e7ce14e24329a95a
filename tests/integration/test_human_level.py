"""Whole studies below a study: held to a formula, kills in the middle, consent, the journal, the report, refusals."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import activeseed as act
from activeseed.cli.human import print_human
from activeseed.plan import Explicit, Rows
from activeseed.protocols import Request
from activeseed.report import gather, render
from activeseed.stack.human import METHODS, one
from activeseed.stack.human import planned as planning
from activeseed.stack.human.conducting import cost_of
from activeseed.stack.human.one import came_to
from activeseed.stack.human.planned import planned
from activeseed.study.trial import PURPOSE, TRAININGS
from activeseed.testing.summing import Known, Summing, crews_of
from tests.integration.test_report import parsed

ERRORS = (0.0, 0.4)
#: two crews, one method, designs alike: a block is 6 studies
SMALL: dict[str, Any] = {
    "studies": 12, "answers": 3, "batch": 2, "annotators": crews_of(ERRORS), "methods": ("author_order",),
    "vary_designs": False, "workers": 1,
}  # fmt: skip


def _asked(**told: Any) -> act.HumanLevel:
    return act.HumanLevel(**{**SMALL, **told})


def _study(folder: Path, toy: Summing | None = None, **settings: Any) -> act.Study:
    toy = toy or Summing()
    return act.Study.create(folder, toy.seed, toy, probes=toy.probes, **settings)


def _journals(study: act.Study) -> list[Path]:
    return sorted((study.folder / ".activeseed" / "human").glob("*/*/.activeseed/journal.db"))


def _inside(folder: Path) -> tuple[int, int]:
    """Trainings and answers of a whole study, as its own journal has them."""
    with sqlite3.connect(folder / ".activeseed" / "journal.db") as journal:
        bodies = journal.execute("SELECT kind, body FROM events").fetchall()
    trained = sum(json.loads(body)["rows"] for kind, body in bodies if kind == "trained")
    return trained, sum(kind == "answered" for kind, _ in bodies)


def _files(folder: Path) -> dict[str, str]:
    """Every file of a user's own folder -> its content; what lies under .activeseed is ours."""
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in folder.rglob("*")
        if p.is_file() and ".activeseed" not in p.parts
    }


def test_studies_come_to_what_the_formula_says_and_change_nothing_of_the_users(tmp_path: Path):
    study = _study(tmp_path / "s")
    before, events = _files(tmp_path), study.state.sequence
    asked = _asked(
        studies=20, vary_designs=True, methods=("author_order", "by_effect"), annotators=crews_of((0.0,)), answers=4
    )
    found = act.human_level(study, asked)
    assert _files(tmp_path) == before
    # that they begin, what each has spent, what was found, and nothing else
    assert [e.kind for e in study.store.read(events)] == ["below_began", *["below_spent"] * 20, "analysed"]
    assert (found.studies, found.blocks, found.failed) == (20, 2, 0)  # 2³ masks, and two again
    plan = planned(study, asked)
    known = Known(Summing(), (1.0, 2.0), (0.0,), ((0, 1, 2, 3), (5, 4, 3, 2)))
    for made in plan.made:
        came = came_to(plan.folder_of(made.run))
        assert came is not None
        draft = (made.variants == 0).astype(float)
        gain, method = [1.0, 2.0].index(float(made.design["gain"])), asked.methods.index(made.method)  # type: ignore[arg-type]
        assert came.answers == (0, 2, 4)
        assert (came.variants[0] == made.variants).all()
        # nobody errs and nothing is random: the outcome is the formula's, to single precision
        right = known.outcome(draft, gain, 0, method, np.ones(6))
        assert np.abs(came.points[-1, 0] - right).max() < 1e-6
        first = known.outcome(draft, gain, 0, method, np.ones(6)) if draft.all() else None
        assert first is None or np.abs(came.points[0, 0] - first).max() < 1e-6
    assert found.spreads[0].noise == 0.0  # the same study again is the same
    assert found.errors[1].last < found.errors[1].first


def test_what_was_found_is_journalled_shown_and_costs_nothing_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    study = _study(tmp_path / "s")
    asked = _asked(studies=20, annotators=crews_of((0.0, 0.2, 0.4)), methods=("by_value", "at_random"), answers=4)
    told: list[tuple[str, int, int]] = []
    found = act.human_level(study, asked, lambda *said: told.append(said))
    assert told[0] == ("whole studies", 0, 20)
    assert told[-1] == ("whole studies", 20, 20)
    assert found.trainings > 0
    again = act.Study.open(tmp_path / "s", system=Summing())
    assert cost_of(again, asked).left == 0
    assert act.human_level(again, asked).to_dict() == found.to_dict()
    kept = again.state.analyses["human_level"]
    assert kept["trainings_new"] == found.trainings
    assert kept["result"]["studies"] == 20
    print_human(found, again)
    printed = capsys.readouterr().out
    for words in (
        "20 whole studies of 4 answers",
        "draft × method",
        "Stability:",
        "at_random",
        "Structural stability:",
    ):
        assert words in printed
    page = render(gather(again))
    parsed(page)
    part = page[page.index("The human level: whole studies") :]
    for words in ("shares of the spread of whole studies", "by_value: what is worth most", "How far a human"):
        assert words in part


@pytest.mark.slow
def test_a_longer_plan_goes_on_from_a_shorter_one_and_several_processes_come_to_the_same(tmp_path: Path):
    one, two = _study(tmp_path / "one"), _study(tmp_path / "two")
    act.human_level(one, _asked())
    plan = planned(one, _asked(studies=18))
    assert cost_of(one, _asked(studies=18)).left == 6
    stamps = {m.run.number: (plan.folder_of(m.run) / "came-to.json") for m in plan.made[:12]}
    before = {n: f.stat().st_mtime_ns for n, f in stamps.items()}
    found = act.human_level(one, _asked(studies=18))
    assert {n: f.stat().st_mtime_ns for n, f in stamps.items()} == before
    other = act.human_level(two, _asked(studies=18, workers=2))
    same, said = found.to_dict(), other.to_dict()
    for part in ("spreads", "washed", "errors", "moved", "trainings", "ways"):
        assert same[part] == said[part], part


SCRIPT = """
import sys
import activeseed as act
from activeseed.testing.summing import Summing
from tests.integration.test_human_level import _asked
study = act.Study.open(sys.argv[1], system=Summing(noise=0.1))
act.human_level(study, _asked(workers=int(sys.argv[2])))
"""


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_plan_that_is_killed_goes_on_and_trains_nothing_twice(tmp_path: Path, workers: int):
    toy = Summing(noise=0.1)
    study, whole = _study(tmp_path / "killed", toy), _study(tmp_path / "whole", toy)
    study.close()
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "killed"), str(workers)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    human = tmp_path / "killed" / ".activeseed" / "human"
    deadline = time.monotonic() + 120
    while len(list(human.glob("*/*/came-to.json"))) < 3 and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = list(human.glob("*/*/came-to.json"))
    assert 3 <= len(done) < 12
    begun = list(human.glob("*/*/.activeseed/journal.db"))
    assert len(begun) >= len(done)
    time.sleep(1.5)  # workers look every half second whether whoever sent them is there
    came = len(list(human.glob("*/*/came-to.json")))
    stamps = {f: f.stat().st_mtime_ns for f in done}
    time.sleep(1.0)
    assert len(list(human.glob("*/*/came-to.json"))) == came  # nothing goes on behind anybody's back
    again = act.Study.open(tmp_path / "killed", system=toy)
    half = again.status()  # whoever opens it is told what was spent, though nobody lived to tell
    assert half["trainings"] == sum(_inside(f.parents[1])[0] for f in human.glob("*/*/.activeseed/journal.db")) > 0
    found, right = act.human_level(again, _asked()), act.human_level(whole, _asked())
    assert half["trainings"] < again.status()["trainings"] == whole.status()["trainings"] == right.trainings
    told, due = again.status()["below"], whole.status()["below"]
    assert told is not None
    assert due is not None
    assert {**told, "seconds": 0} == {**due, "seconds": 0}
    assert {f: f.stat().st_mtime_ns for f in done} == stamps
    assert found.trainings == right.trainings
    for part in ("spreads", "washed", "errors", "moved", "ways"):
        assert found.to_dict()[part] == right.to_dict()[part], part


class _Counted(Summing):
    """The toy, which counts what it really trains."""

    rows = 0

    def train(self, rows: Any, materials: Any) -> Any:
        _Counted.rows += len(rows)
        return super().train(rows, materials)


@pytest.fixture
def counting() -> None:
    _Counted.rows = 0


@pytest.mark.usefixtures("counting")
def test_what_whole_studies_spend_is_spent_by_the_outer_study(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    study = _study(tmp_path / "s", _Counted(), limits={"price": 0.5, "money": 1e6})
    study.rank(law="drop")
    before, made = study.status(), _Counted.rows
    assert before["trainings"] == made
    assert before["below"] is None
    found = act.human_level(study, _asked())
    status = study.status()
    assert status["trainings"] == _Counted.rows == study.budget.trainings
    assert found.trainings == _Counted.rows - made
    assert status["money"] == study.budget.money == 0.5 * _Counted.rows
    assert status["seconds"] > before["seconds"]
    assert status["below"] == {
        "studies": 12, "trainings": found.trainings, "failed": 0, "money": found.money, "seconds": pytest.approx(
            study.budget.below.spent.seconds, abs=1e-3
        ), "answers": found.people_answers,
    }  # fmt: skip
    # three answers each, which come two at a time
    assert found.people_answers == sum(_inside(f.parents[1])[1] for f in _journals(study)) >= 36
    assert status["answers"] == 0  # nobody real was asked
    for _ in range(2):  # nothing is told twice, and who comes back knows as much
        act.human_level(study, _asked())
        study.close()
        study = act.Study.open(tmp_path / "s", system=_Counted())
        assert study.status()["below"] == status["below"]
        assert study.cost()["spent"]["trainings"] == study.status()["trainings"] == _Counted.rows
    print_human(found, study)
    said = " ".join(capsys.readouterr().out.split())
    assert f"{found.trainings:,} trainings for {found.money:,.2f} EUR and {found.people_answers} answers in all" in said
    page = render(gather(study))
    assert f"{found.trainings:,} of these, in 12 studies" in page
    assert f"{found.people_answers} answers of simulated people" in page


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.usefixtures("counting")
def test_a_plan_that_somebody_stops_is_counted_and_what_was_agreed_to_does_for_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    study = _study(tmp_path / "s", _Counted(), limits={"price": 0.5})
    most = cost_of(study, _asked())
    study.agree(money=-(-most.trainings // 2))
    assert most.words.endswith(f"up to {most.trainings / 2:,.2f} EUR.")
    with monkeypatch.context() as patched:
        patched.setattr(one, "_measured", _interrupted)  # all is asked and answered, and nothing written down
        with pytest.raises(KeyboardInterrupt):
            act.human_level(study, _asked())
    spent = study.status()["trainings"]
    assert 0 < spent == _Counted.rows
    left = cost_of(study, _asked())
    assert left.left == 12
    # of the study that was under way only what it still takes is due
    assert left.trainings + spent == most.trainings
    found = act.human_level(study, _asked())
    assert study.status()["trainings"] == found.trainings == _Counted.rows <= most.trainings


def test_a_trainer_of_ones_own_is_tried_once_and_not_in_every_study(tmp_path: Path):
    toy = Summing()

    def sums(items: Sequence[act.GivenItem], _key: int) -> list[float]:
        here = {item.id for item in items}
        there = np.array([item.id in here for item in toy.seed.items], np.float64)
        return (0.5 + 0.02 * there @ toy.directions).tolist()

    study = act.Study.create(tmp_path / "s", toy.seed, act.FromFunction(sums), probes=toy.probes)
    found = act.human_level(study, _asked())
    trials = [e for e in study.store.read() if e.kind == "tried"]
    assert len(trials) == 1
    for journal in _journals(study):
        with sqlite3.connect(journal) as inner:
            bodies = inner.execute("SELECT body FROM events WHERE kind = 'planned'").fetchall()
        assert bodies
        assert not any(PURPOSE in body for (body,) in bodies)
    assert study.status()["trainings"] == found.trainings + TRAININGS


@pytest.mark.usefixtures("counting")
def test_limits_stop_a_plan_between_studies_and_what_is_done_is_kept(tmp_path: Path):
    study = _study(tmp_path / "s", _Counted(), key=3)
    most = cost_of(study, _asked(studies=24))
    limits = study.settings.limits
    study.budget.limits = limits.model_copy(update={"trainings": most.trainings})
    other = act.Study.open(tmp_path / "s", system=_Counted(), settings=study.settings)
    done = 0

    def meanwhile(_purpose: str, so_far: int, _all: int) -> None:
        nonlocal done
        done = so_far
        if so_far == 14:  # somebody else spends of the same limit
            keys = np.arange(most.trainings, dtype=np.int64)
            rows = Rows(np.tile(np.array(other.seed.base, np.int16), (len(keys), 1)), keys)
            other.trainer.fulfil(Request(Explicit(rows), "something else", fresh=True))

    with pytest.raises(act.BudgetError, match=r"14 of 24 are done, and kept\. 12 studies say what these came to"):
        act.human_level(study, _asked(studies=24), meanwhile)
    assert done == 14
    made = _Counted.rows
    assert study.status()["trainings"] == made
    assert act.human_level(study, _asked(studies=12)).studies == 12  # they cost nothing more
    assert _Counted.rows == made
    study.budget.limits = limits.model_copy(update={"trainings": 3 * most.trainings})
    assert act.human_level(study, _asked(studies=24)).studies == 24
    # by the clock: what the studies took is held to what may be taken
    study.budget.limits = limits.model_copy(update={"seconds": study.budget.seconds / 2})
    with pytest.raises(act.BudgetError, match=r"more than \[limits\] seconds.*24 of 30 are done, and kept"):
        act.human_level(study, _asked(studies=30))


@pytest.mark.usefixtures("counting")
def test_a_study_that_wants_more_than_was_said_ends_there_and_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    study = _study(tmp_path / "s", _Counted(), limits={"trainings": 10**6})
    true = planning.most_of

    def too_few(plan: planning.Plan) -> dict[int, planning.Most]:
        return {**true(plan), 2: planning.Most(3, 0.0)}

    monkeypatch.setattr(planning, "most_of", too_few)
    found = act.human_level(study, _asked(studies=18))
    assert (found.failed, found.blocks) == (1, 2)
    assert any("wanted more than a whole study was said to take" in note for note in found.notes)
    assert study.status()["trainings"] == found.trainings == _Counted.rows


@pytest.mark.slow
def test_no_study_takes_more_than_was_said(tmp_path: Path):
    study = _study(tmp_path / "s", Summing(noise=0.1))
    asked = _asked(studies=60, answers=4, annotators=("mixed", "coin"), methods=tuple(METHODS), workers=None)
    act.human_level(study, asked)
    plan = planned(study, asked)
    assert {m.method.name for m in plan.made} == set(METHODS)
    for made in plan.made:
        assert 0 < plan.spent([made]).trainings <= plan.most[made.run.number].trainings, made.method.name


@pytest.mark.usefixtures("counting")
def test_a_damaged_result_is_made_again(tmp_path: Path):
    study = _study(tmp_path / "s", _Counted())
    found = act.human_level(study, _asked())
    plan = planned(study, _asked())
    (plan.folder_of(plan.made[2].run) / "came-to.npz").write_bytes(b"PK\x03\x04 torn")
    assert cost_of(study, _asked()).left == 1
    again = act.human_level(study, _asked())
    assert again.to_dict()["spreads"] == found.to_dict()["spreads"]
    # what is trained once more is spent once more, by the study and by the outer one
    assert study.status()["trainings"] == again.trainings == _Counted.rows > found.trainings


def test_studies_that_cost_are_agreed_to_as_a_whole_before_the_first(tmp_path: Path):
    study = _study(tmp_path / "s", limits={"price": 0.5})
    with pytest.raises(act.ConsentError, match="A plan of 12 whole studies takes up to") as wanted:
        act.human_level(study, _asked())
    assert not (tmp_path / "s" / ".activeseed" / "human").exists()
    most = cost_of(study, _asked()).trainings
    assert wanted.value.would_do == {"money": most // 2 + most % 2}
    study.agree(**wanted.value.would_do)
    found = act.human_level(study, _asked())
    assert 0 < found.trainings <= most
    # what was paid for is kept
    assert list((tmp_path / "s" / ".activeseed" / "human").glob("*/*/.activeseed/artifacts/*/*.npz"))
    with pytest.raises(act.BudgetError, match="limits"):
        act.human_level(_study(tmp_path / "t", limits={"trainings": 50}), _asked())


def test_what_can_not_be_is_refused_with_a_remedy(tmp_path: Path):
    study = _study(tmp_path / "s")
    with pytest.raises(act.PlanError, match=r"no setting 'gian'.*Did you mean 'gain'"):
        act.human_level(study, _asked(vary_designs=True, designs={"gian": (1.0, 2.0)}))
    with pytest.raises(act.PlanError, match=r"11 whole studies say nothing about 2 factors .* Run 12 or more"):
        act.human_level(study, _asked(studies=11))
    with pytest.raises(act.PlanError, match=r"names an item 'aa' that the seed has not. Did you mean 'a'"):
        act.human_level(study, _asked(truth={"aa": "absent"}))
    with pytest.raises(act.PlanError, match="no variant 'gone'"):
        act.human_level(study, _asked(truth={"a": "gone"}))
    (tmp_path / "truth.jsonl").write_text('{"id": "zz", "answer": "keep"}\n')
    with pytest.raises(act.PlanError, match="The truth names 'zz'"):
        act.human_level(study, _asked(truth_file=str(tmp_path / "truth.jsonl")))
    with pytest.raises(act.ConfigError, match="can't read its truth file"):
        act.human_level(study, _asked(truth_file=str(tmp_path / "none.jsonl")))
    sure = _study(tmp_path / "sure", Summing(stays=1.0))
    with pytest.raises(act.PlanError, match="Nothing differs"):
        act.human_level(sure, _asked(annotators=crews_of((0.0,))))
    assert not (tmp_path / "s" / ".activeseed" / "human").exists()


def test_a_trainer_that_can_not_be_sent_away_is_told_where_it_can_run(tmp_path: Path):
    class Held(Summing):
        def __reduce__(self) -> Any:
            raise TypeError("it holds a connection")

    study = _study(tmp_path / "s", Held())
    with pytest.raises(act.PlanError, match=r"can't be sent to another process.*workers = 1"):
        act.human_level(study, _asked(workers=2))
    assert act.human_level(study, _asked()).failed == 0


def test_a_truth_puts_other_mistakes_into_drafts_and_a_sure_belief_leaves_no_factor(tmp_path: Path):
    study = _study(tmp_path / "s")
    found = act.human_level(study, _asked(truth={"a": "absent"}, annotators=crews_of((0.0, 0.1)), answers=6))
    plan = planned(study, _asked(truth={"a": "absent"}))
    assert plan.right.tolist() == [1, 0, 0, 0, 0, 0]
    assert any("What is meant was said of 1 of 6 items" in note for note in found.notes)
    perfect = [m for m in plan.made if m.crew.name == "errs 0"]
    assert perfect
    ends = [
        came_to(
            planned(study, _asked(truth={"a": "absent"}, annotators=crews_of((0.0, 0.1)), answers=6)).folder_of(m.run)
        )
        for m in perfect
    ]
    assert all(c is not None and c.variants[-1].tolist() == [1, 0, 0, 0, 0, 0] for c in ends)


def test_drafts_of_the_belief_leave_what_was_answered_as_it_is(tmp_path: Path):
    study = _study(tmp_path / "s")
    (question,) = study.ask(items=["a"])
    study.tell([{"question": question.id, "annotator": "me", "verdict": "reject"}])
    plan = planned(study, _asked(drafts="belief", studies=60))
    drafts = np.array([m.variants for m in plan.made])
    assert plan.right[0] == 1  # what was answered is what is meant
    # an answer is believed with the accuracy of somebody unknown, 0.95; the author's own word had 0.75
    assert (drafts[:, 0] == 1).mean() > 0.75
    assert 0.0 < (drafts[:, 1:] == 1).mean() < 0.6


def test_who_has_not_agreed_to_a_folder_runs_none_of_its_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "summed_elsewhere.py").write_text("from activeseed.testing import Summing\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    toy = Summing()
    act.Study.create(
        tmp_path / "s", toy.seed, settings=act.Settings(system={"kind": "summed_elsewhere:Summing"}), probes=toy.probes
    ).close()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "elsewhere"))
    with pytest.raises(act.TrustError, match="would import 'summed_elsewhere:Summing'"):
        act.human_level(tmp_path / "s", _asked())
    assert not (tmp_path / "s" / ".activeseed" / "human").exists()
