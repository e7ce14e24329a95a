"""What benchmarks print and write has one shape."""

import json
from typing import Any

from tests.benchmarks._report import missed, report, table, write

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
