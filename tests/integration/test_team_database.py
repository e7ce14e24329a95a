"""Studies of a team in one database: apart from each other, made once, and decided once whoever works on them."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from activeseed.cli.app import run
from activeseed.config import Settings, write_settings
from activeseed.errors import FolderError, JournalMovedError, StoreError
from activeseed.executors import InProcess
from activeseed.protocols import Event
from activeseed.seed import Item, Seed, Text
from activeseed.store import FolderStore
from activeseed.study import Study
from activeseed.study import loop as looping
from activeseed.study.state import seed_change
from tests.integration.conftest import Make
from tests.small_project import init_arguments, write_inputs


@pytest.fixture
def store(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'team.db'}"


def seed(word: str) -> Seed:
    return Seed(items=tuple(Item(id=f"{word}{n}", payload=Text(text=f"{word} says so, {n} times")) for n in range(6)))


def held(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.glob("*") if p.is_file()}


def test_two_studies_in_one_database_never_mix(make_study: Make, store: str) -> None:
    first, second = make_study(seed("apple"), store=store), make_study(seed("pear"), store=store)
    assert first.settings.study != second.settings.study
    asked = first.ask(2, ["apple1", "apple3"])
    first.tell([{"question": asked[0].id, "annotator": "Ann", "verdict": "reject"}])
    again = Study.open(second.folder)
    assert [i.id for i in again.seed.items] == [f"pear{n}" for n in range(6)]
    assert (again.state.questions, again.state.answers) == ({}, {})
    assert len(second.ask(1, ["pear2"])) == 1, "the second study has a first round of its own"
    again = Study.open(first.folder)
    assert list(again.state.questions) == [q.id for q in asked]
    assert len(again.state.kept_answers) == 1
    assert first.id != second.id


def test_a_study_is_opened_from_its_settings_alone(make_study: Make, store: str, tmp_path: Path) -> None:
    make_study(seed("apple"), store=store)
    study = make_study(seed("pear"), store=store)
    there = tmp_path / "another machine"
    there.mkdir()
    shutil.copy(study.folder / "activeseed.toml", there)
    assert Study.open(there, trust=True).seed == study.seed


def test_making_a_study_where_one_is_fails_and_writes_nothing(make_study: Make, store: str, tmp_path: Path) -> None:
    study = make_study(seed("apple"), store=store, study="fruit")
    before = held(study.folder), study.store.read()
    with pytest.raises(FolderError, match="holds a study 'fruit' already"):
        make_study(seed("pear"), store=store, study="fruit")
    with pytest.raises(FolderError, match="holds a study already"):
        Study.create(study.folder, seed("pear"), study.system, pool=study.pool, probes=study.probes, store=store)
    with pytest.raises(FolderError, match="holds a study already"):
        Study.create(study.folder, seed("pear"), study.system, pool=study.pool, probes=study.probes)
    assert (held(study.folder), study.store.read()) == before
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_dir()) == ["study-1"]


def test_of_two_who_make_a_study_at_once_one_does(
    make_study: Make, store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(folder: Path, settings: Settings) -> None:  # the other one comes between our look and our first fact
        FolderStore(tmp_path / "x", store, "fruit").append([Event("created", {}, key="created")], expect=0)
        write_settings(folder, settings)

    monkeypatch.setattr("activeseed.study.opening.write_settings", late)
    with pytest.raises(FolderError, match="holds a study 'fruit' already"):
        make_study(seed("pear"), store=store, study="fruit")
    assert not (tmp_path / "study-1").exists()


def test_an_id_that_is_not_there_names_those_that_are(make_study: Make, store: str) -> None:
    study = make_study(seed("apple"), store=store, study="fruit")
    settings = study.folder / "activeseed.toml"
    for wrong, said in (("fruits", "no study 'fruits'"), ("", "before studies had ids")):
        settings.write_text(settings.read_text("utf-8").replace('study = "fruit"', f'study = "{wrong}"'), "utf-8")
        with pytest.raises(StoreError, match=said) as error:
            Study.open(study.folder, trust=True)
        assert "It holds: fruit." in str(error.value)
        settings.write_text(settings.read_text("utf-8").replace(f'study = "{wrong}"', 'study = "fruit"'), "utf-8")
    assert Study.open(study.folder).seed == study.seed


def test_a_teams_study_from_before_there_were_ids_opens(make_study: Make, tmp_path: Path) -> None:
    """Its settings name a database and no study, and its events are in the table that held one."""
    study = make_study(seed("apple"))
    study.close()
    shutil.move(study.folder / ".activeseed" / "journal.db", tmp_path / "team.db")
    settings = study.folder / "activeseed.toml"
    text = settings.read_text("utf-8").replace('store = ""', f'store = "sqlite:///{tmp_path / "team.db"}"')
    settings.write_text(re.sub(r"(?m)^study = .*\n", "", text), "utf-8")
    other = make_study(seed("pear"), store=f"sqlite:///{tmp_path / 'team.db'}")
    again = Study.open(study.folder, trust=True)
    assert again.seed == study.seed
    assert len(again.ask(1, ["apple1"])) == 1
    assert other.pending == []


def test_init_writes_the_id_that_others_need(tmp_path: Path, store: str) -> None:
    inputs = write_inputs(tmp_path / "in")
    for name in ("one", "two"):
        assert run([*init_arguments(inputs, tmp_path / name), f"--set=store={store}"]) == 0
        text = (tmp_path / name / "activeseed.toml").read_text("utf-8")
        assert re.search(rf'(?m)^study = "{name}-[0-9a-f]{{8}}"$', text)
        assert run(["status", "--dir", str(tmp_path / name)]) == 0
    with sqlite3.connect(tmp_path / "team.db") as db:
        assert len(db.execute("SELECT id FROM studies").fetchall()) == 2
    db.close()


# --- decisions --------------------------------------------------------------------------------------------------------


def meanwhile(study: Study) -> Callable[..., None]:
    """Somebody else writes to the study's journal."""

    def write(*_: Any) -> None:
        Study.open(study.folder).pin("theirs")

    return write


def test_going_back_to_a_version_takes_back_nothing_that_was_not_seen(
    make_study: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = make_study(seed("apple"))
    asked = study.ask(1, ["apple1"])
    study.tell([{"question": asked[0].id, "annotator": "Ann", "verdict": "reject"}])
    other = meanwhile(study)

    def late(*arguments: Any) -> dict[str, Any]:
        other()
        return seed_change(*arguments)

    monkeypatch.setattr("activeseed.study.versions.seed_change", late)
    with pytest.raises(JournalMovedError, match="do it again"):
        study.revert("v0")
    monkeypatch.undo()
    study.refresh()
    assert study.state.taken_back == {}
    assert study.state.current.number == 1
    assert study.revert("v0").seed.standing == study.state.versions[0].seed.standing


def test_a_study_does_not_stop_on_what_has_changed_since(make_study: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    study = make_study(seed("apple"))
    asked = study.ask(2, ["apple1", "apple2"])
    record = study.rounds.close()
    answer = {"question": asked[0].id, "annotator": "Ann", "verdict": "keep"}
    Study.open(study.folder).tell([answer])
    looping._stop(study.rounds, ["enough"], record)
    assert study.state.stopped is None, "an answer came: it is looked at first"
    record = study.rounds.close()
    other = meanwhile(study)

    def late(*_: Any) -> list[str]:
        other()
        return []

    monkeypatch.setattr(type(study.rounds), "conditions", late)
    looping._stop(study.rounds, ["enough"], record)
    study.refresh()
    assert study.state.stopped is None, "something was written while it made up its mind"
    assert [q.id for q in study.pending] == [asked[1].id], "and no question was taken back"
    monkeypatch.undo()
    looping._stop(study.rounds, ["enough"], record)
    assert Study.open(study.folder).state.stopped is not None
    assert study.pending == []


# --- closing ----------------------------------------------------------------------------------------------------------


class Counted:
    """An executor of somebody else's."""

    def __init__(self) -> None:
        self.closed = 0

    def run(self, *arguments: Any) -> Any:
        return InProcess().run(*arguments)

    def close(self) -> None:
        self.closed += 1


def test_closing_a_study_closes_what_it_used(make_study: Make) -> None:
    executor = Counted()
    study = make_study(executor=executor)
    study.close()
    assert executor.closed == 0, "nothing was trained"
    study.rank(by="effect")
    study.close()
    study.close()
    assert executor.closed == 1
    assert len(study.log()) == 1, "used again, it takes what it needs anew"
