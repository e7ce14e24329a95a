"""The cache of what a Label Studio server holds: written whole or not at all, and never believed when damaged."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from activeseed.annotators.label_studio.ledger import Known, Ledger, Shelf
from activeseed.errors import AnnotatorAwayError

URL, STUDY = "http://127.0.0.1:8080", "study-1"


def filled(folder: Path) -> Ledger:
    ledger = Ledger.at(folder, URL, STUDY)
    ledger.shelves["review"] = Shelf(
        7, tasks={3: Known("q2"), 1: Known("q1", [11, 12], 1), 2: Known("q2")}, cursor="2026-01-01T00:00:00.000000Z",
        head=["2026-01-01T00:00:01.000000Z", 3, 1], order=["q1", "q2"], version="activeseed-x", importing=[3, 2],
    )  # fmt: skip
    ledger.people, ledger.refused, ledger.withdrawn = {"5": "ann@example.com"}, {"q9": "too long"}, ["q3"]
    ledger.save()
    return ledger


def test_a_ledger_comes_back_as_it_was(tmp_path: Path) -> None:
    ledger = filled(tmp_path)
    again = Ledger.at(tmp_path, URL, STUDY)
    assert again == ledger
    assert again.shelves["review"].index() == {"q1": [1], "q2": [2, 3]}


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"schema": 1}', '{"schema": 99}', "null", "\x00\x00"])
def test_a_damaged_ledger_is_as_good_as_lost(tmp_path: Path, damage: str) -> None:
    path = filled(tmp_path).path
    path.write_text(damage)
    again = Ledger.at(tmp_path, URL, STUDY)
    assert (again.shelves, again.people, again.refused, again.withdrawn) == ({}, {}, {}, [])


def test_half_a_ledger_is_not_believed(tmp_path: Path) -> None:
    path = filled(tmp_path).path
    data = json.loads(path.read_text())
    data["shelves"]["review"]["tasks"]["1"] = ["q1"]
    path.write_text(json.dumps(data))
    assert Ledger.at(tmp_path, URL, STUDY).shelves == {}


@pytest.mark.parametrize(("url", "study"), [("http://other:8080", STUDY), (URL, "study-2")])
def test_the_ledger_of_another_server_or_study_is_not_ours(tmp_path: Path, url: str, study: str) -> None:
    filled(tmp_path)
    assert Ledger.at(tmp_path, url, study).shelves == {}


def test_whoever_holds_the_ledger_sees_what_others_wrote(tmp_path: Path) -> None:
    one, two = Ledger.at(tmp_path, URL, STUDY), Ledger.at(tmp_path, URL, STUDY)
    with one.held():
        one.shelves["review"] = Shelf(1)
        one.save()
    with two.held():
        assert two.shelves["review"].id == 1
        two.shelves["resolve"] = Shelf(2)
        two.save()
    with one.held():
        assert {s.id for s in one.shelves.values()} == {1, 2}


def test_two_processes_never_hold_it_at_once_and_one_that_dies_lets_go(tmp_path: Path) -> None:
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom activeseed.annotators.label_studio.ledger import Ledger\n"
        f"ledger = Ledger.at(Path({str(tmp_path)!r}), {URL!r}, {STUDY!r})\n"
        "with ledger.held():\n    print('held', flush=True)\n    time.sleep(60)\n"
    )
    other = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        ledger = Ledger.at(tmp_path, URL, STUDY)
        with pytest.raises(AnnotatorAwayError, match="Another process"), ledger.held(wait=0.2):
            pass
    finally:
        other.kill()
        other.wait()
        if other.stdout is not None:
            other.stdout.close()
    with ledger.held(wait=5.0):
        pass
