"""What studies below a study have spent: told as sums, counted once, whoever tells it and however often."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import activeseed as act
from activeseed.cli.standing import below_words, status_lines
from activeseed.config import LimitsTable
from activeseed.errors import BudgetError, ConsentError
from activeseed.protocols import Event
from activeseed.store import FolderStore
from activeseed.study.below import BELOW, CAME_TO, SPENT, Account, Below, Spent, account_of, began, settle, spent_in
from activeseed.study.budget import Budget
from activeseed.study.state import State
from activeseed.testing.summing import Summing

PLAN = f"{BELOW}/p"


def _account(study: str = "0", upto: int = 5, trainings: int = 10, born: str = "2026-01-01", **more: Any) -> Account:
    spent = Spent(trainings, trainings // 5, 0.5 * trainings, 2.0 * trainings, trainings // 2)
    return Account(f"{PLAN}/{study}", born, upto, spent, **more)


def _inner(folder: Path, name: str, rows: tuple[int, ...], answers: int = 0, ended: bool = False) -> FolderStore:
    """A study below, as its journal would be."""
    place = folder / ".activeseed" / PLAN / name
    store = FolderStore(place)
    store.append([Event("created", {"seed": {}}, key="created")])
    _trains(store, rows, answers)
    if ended:
        (place / CAME_TO).write_text("{}")
    return store


def _trains(store: FolderStore, rows: tuple[int, ...], answers: int = 0) -> None:
    told: list[dict[str, Any]] = [
        {"rows": n, "failed": n // 4, "money": 0.25 * n, "seconds": 9.0, "wall": 1.0 * n} for n in rows
    ]
    store.append([Event("trained", body) for body in told])
    store.append([Event("answered", {"answer": {}}) for _ in range(answers)])


def _outer(folder: Path, **limits: Any) -> tuple[FolderStore, Budget]:
    store = FolderStore(folder)
    return store, Budget(store, LimitsTable(**limits))


def _told(folder: Path, store: FolderStore, budget: Budget) -> bool:
    new = settle(folder, store, budget.below)
    budget.refresh()
    return new


def test_what_is_told_twice_or_late_adds_nothing():
    below = Below()
    first, more = _account(upto=5, trainings=10), _account(upto=9, trainings=16)
    assert below.apply(first.event) == first.spent
    assert below.apply(first.event) == Spent()
    assert below.apply(more.event) == more.spent.since(first.spent)
    assert below.apply(first.event) == Spent()
    assert (below.spent, below.studies) == (more.spent, 1)


def test_in_whatever_order_tellers_come_the_sums_are_those_of_the_last():
    told = [_account(str(s), upto, 3 * upto) for s in range(3) for upto in (2, 4, 7)]
    right = sum((a.spent for a in told if a.upto == 7), Spent())
    for key in range(20):
        mixed = random.Random(key).sample(told, len(told))
        below = Below()
        added = sum((below.apply(a.event) for a in mixed), Spent())
        assert added == below.spent == right


def test_a_folder_that_was_thrown_away_and_made_anew_is_another_study():
    below = Below()
    below.apply(_account(upto=50, trainings=40, ended=True).event)
    assert below.has_ended(f"{PLAN}/0")
    below.apply(_account(upto=3, trainings=6, born="2026-02-01").event)
    assert below.spent.trainings == 46
    assert below.of(f"{PLAN}/0").trainings == 46
    assert below.studies == 1
    assert not below.has_ended(f"{PLAN}/0")


def test_seconds_of_studies_at_the_same_time_are_by_the_clock(tmp_path: Path):
    store, budget = _outer(tmp_path)
    began(store, PLAN, 4, 2)
    store.append([_account(upto=5, trainings=10).event])
    budget.refresh()
    assert budget.seconds == 10.0  # 20 s of work, two at a time
    began(store, PLAN, 3, 1)  # gone on with, one at a time
    store.append([_account(upto=6, trainings=15).event])
    budget.refresh()
    assert budget.seconds == 20.0
    assert budget.below.work == 30.0


def test_journals_of_studies_below_are_read_and_counted_once(tmp_path: Path):
    store, budget = _outer(tmp_path)
    done = _inner(tmp_path, "00000", (8, 4), answers=3, ended=True)
    going = _inner(tmp_path, "00001", (4,))
    (tmp_path / ".activeseed" / PLAN / "00002").mkdir()  # embeddings are there before the study is
    assert _told(tmp_path, store, budget)
    assert (budget.trainings, budget.failed, budget.money, budget.seconds) == (16, 4, 4.0, 16.0)
    assert budget.below.spent == Spent(16, 4, 4.0, 16.0, 3)
    assert not _told(tmp_path, store, budget)
    _trains(going, (20,), answers=2)
    _, another = _outer(tmp_path)
    another.refresh()
    assert _told(tmp_path, store, another)  # another process comes upon it
    budget.refresh()
    assert budget.trainings == another.trainings == 36
    # what has ended is not read again
    _trains(done, (100,))
    assert not _told(tmp_path, store, budget)
    # unless it is named, since it may have been run again; then it is told of once
    assert settle(tmp_path, store, budget.below, [f"{PLAN}/00000"])
    budget.refresh()
    assert budget.trainings == 136
    assert not settle(tmp_path, store, budget.below, [f"{PLAN}/00000"])
    _trains(done, (1,))
    # or what it came to is gone: then it is run again
    (tmp_path / ".activeseed" / PLAN / "00000" / CAME_TO).unlink()
    assert _told(tmp_path, store, budget)
    assert budget.trainings == 137
    assert budget.here == 0  # this process trained none of them


def test_whoever_opens_a_study_is_told_what_was_spent_below_it_and_nobody_lived_to_tell(tmp_path: Path):
    toy = Summing()
    act.Study.create(tmp_path, toy.seed, toy, probes=toy.probes).close()
    _inner(tmp_path, "00000", (8, 4), answers=3)
    for _ in range(2):
        study = act.Study.open(tmp_path, system=toy)
        assert study.status()["trainings"] == study.budget.trainings == 12
        assert sum(e.kind == SPENT for e in study.store.read()) == 1
        study.close()


def test_a_state_and_a_budget_that_replay_a_journal_come_to_the_same(tmp_path: Path):
    store, budget = _outer(tmp_path)
    _inner(tmp_path, "00000", (8,), answers=2)
    began(store, PLAN, 2, 2)
    own: dict[str, Any] = {"rows": 5, "failed": 1, "money": 2.0, "seconds": 1.0, "wall": 1.0, "cores": 1, "cold": False}
    store.append([Event("trained", own)])
    _told(tmp_path, store, budget)
    state = State()
    for event in store.read():
        state.apply(event)
    for name in ("trainings", "failed", "money", "seconds"):
        assert getattr(state, name) == getattr(budget, name), name
    assert (state.trainings, state.money, state.seconds) == (13, 4.0, 5.0)
    assert state.below.to_dict() == {
        "studies": 1, "trainings": 8, "failed": 2, "money": 2.0, "seconds": 4.0, "answers": 2,
    }  # fmt: skip


def test_a_journal_that_is_damaged_or_says_nonsense_stops_nobody(tmp_path: Path):
    torn = _inner(tmp_path, "00000", (8,))
    torn.close()
    place = tmp_path / ".activeseed" / PLAN / "00000" / ".activeseed"
    for file in place.glob("journal.db*"):
        file.write_bytes(b"no database" * 200)
    strange = _inner(tmp_path, "00001", ())
    strange.append([Event("trained", {"rows": "many"})])
    inside = tmp_path / ".activeseed"
    assert account_of(inside, f"{PLAN}/00000") is None
    assert account_of(inside, f"{PLAN}/00001") is None
    assert account_of(inside, f"{PLAN}/00009") is None


def test_what_is_trained_once_more_is_spent_once_more():
    body: dict[str, Any] = {"rows": 3, "failed": 0, "seconds": 2.0}
    assert spent_in([Event("trained", body), Event("trained_again", body)]) == Spent(6, 0, 0.0, 4.0)


def test_older_events_without_a_price_or_a_clock_are_read():
    assert spent_in([Event("trained", {"rows": 3, "failed": 0, "seconds": 2.0})]) == Spent(3, 0, 0.0, 2.0)


@pytest.mark.parametrize(
    ("limits", "word"),
    [
        ({"trainings": 50}, "trainings = 60"),
        ({"money": 20.0, "price": 0.5}, "money = 30"),
        ({"seconds": 9.0}, "seconds = 12"),
    ],
)
def test_limits_hold_what_studies_below_have_spent(tmp_path: Path, limits: dict[str, Any], word: str):
    store, budget = _outer(tmp_path, **limits)
    account = _account(trainings=20)
    store.append([replace(account, spent=replace(account.spent, money=10.0, seconds=4.0)).event])
    budget.refresh()
    each = limits.get("price", 0.0)
    budget.allow("A plan", 10, 10 * each, 2.0, "fewer would do")
    with pytest.raises(BudgetError, match=rf"20 were made before.*{word} would do; fewer would do") as refused:
        budget.allow("A plan", 40, 40 * each, 8.0, "fewer would do")
    assert not isinstance(refused.value, ConsentError)


def test_what_was_agreed_to_holds_what_studies_below_have_spent(tmp_path: Path):
    store, budget = _outer(tmp_path, price=0.5)
    budget.agree(money=15)
    store.append([_account(trainings=20).event])  # 10.00
    budget.refresh()
    budget.allow("A plan", 10, 5.0, None, "fewer would do")
    with pytest.raises(ConsentError, match=r"20 trainings for 10\.00 EUR were made before") as wanted:
        budget.allow("A plan", 20, 10.0, None, "fewer would do")
    assert wanted.value.would_do == {"money": 20}


def test_status_says_what_whole_studies_took():
    below = {"studies": 1, "trainings": 1200, "failed": 0, "money": 3.0, "seconds": 60.0, "answers": 1}
    said = dict(status_lines({"trainings": 1500, "money": 3.75, "currency": "EUR", "seconds": 90.0, "below": below}))
    assert said["trainings"] == "1,500 in 90 s for 3.75 EUR"
    assert "1,200 of them in 1 whole study, which 1 answer of simulated people went into" in said.values()
    assert below_words(None) == ""
    assert "money" not in str(status_lines({"trainings": 3}))
