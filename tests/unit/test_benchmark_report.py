"""What benchmarks print and write has one shape."""

import json
from typing import Any

import pytest

from tests.benchmarks._report import missed, report, share, table, wilson, write

ROWS: list[dict[str, Any]] = [
    {"claim": "a", "value": 0.25, "interval": [-1e-18, 0.5], "target": "<= 0.5", "met": True},
    {"claim": "b", "value": 12345.6, "interval": None, "target": "-", "met": None},
    {"claim": "c", "value": None, "interval": None, "target": ">= 1", "met": False},
]


def test_a_line_a_claim():
    met, reported, not_met = table(ROWS).splitlines()
    assert met.split(None, 2) == ["met", "0.2500", "[0.0000, 0.5000]   a  (target <= 0.5)"]
    assert reported.split() == ["-", "12,346", "b"]
    assert not_met.startswith("NOT MET ")
    assert missed(ROWS)
    assert not missed(ROWS[:2]), "what is only reported misses nothing"


def test_what_is_written_says_on_what_it_was_measured(tmp_path):
    write(report("x", ROWS, 1.23, ("numpy", "scipy"), studies=3), tmp_path / "x.json")
    said = json.loads((tmp_path / "x.json").read_text("utf-8"))
    assert set(said) == {"benchmark", "versions", "cores", "seconds", "studies", "rows"}
    assert set(said["versions"]) == {"python", "numpy", "scipy"}
    assert said["rows"] == ROWS
    write(said, None)


def test_a_share_has_its_exact_interval_and_is_held_to_its_own_target():
    """Clopper & Pearson: none of 60 is below 1 − .025^(1/60) = .0596; three of 60 are within 5 %, four are not."""
    none = share("false", 0, 60, most=0.05)
    assert (none["claim"], none["value"], none["target"], none["met"]) == ("false (of 60)", 0.0, "<= 0.05", True)
    assert none["interval"] == pytest.approx([0.0, 1 - 0.025 ** (1 / 60)])
    assert [share("false", k, 60, most=0.05)["met"] for k in (3, 4)] == [True, False]
    assert [share("stable", k, 40, least=0.9)["met"] for k in (36, 35)] == [True, False]
    assert share("only said", 1, 2)["met"] is None


def test_a_share_that_holds_on_average_is_met_where_its_interval_reaches_it():
    """Wilson's upper limit of 90 of 100 is .945, of 91 .952."""
    assert [share("covers", k, 100, reaches=0.95, interval=wilson)["met"] for k in (90, 91)] == [False, True]


def test_a_share_of_none_is_no_success():
    assert share("false", 0, 0, most=0.05)["met"] is None
    assert share("stable", 0, 0, least=0.9)["met"] is False
    assert share("covers", 0, 0, reaches=0.95)["met"] is False
