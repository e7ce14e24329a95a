"""The arithmetic of the answers benchmark: what counts as needed, paired ratios, targets, resumed cells."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from tests.benchmarks.answers import COLUMNS, Target, chosen, judge, main, needed, newest, read_cells


def record(order: str, behaviour: str, reach: int, *, left: float = 0.2, key: int = 0) -> dict[str, object]:
    """A cell whose ensemble error falls to 0.3 of its start after ``reach`` answers."""
    curve = [
        {"q": float(q), "ensemble": 1.0 if q < reach else 0.3, "believed": 1.0, "answered": left, "bias2": 0.1,
         "variance": 0.1, "found": 0.0, "brier": 0.2, "proposed": 1.0}
        for q in range(0, 81, 4)
    ]  # fmt: skip
    return {
        "task": "content", "embedder": "minilm", "league": "fixed", "order": order, "behaviour": behaviour, "key": key,
        "of": "x", "start": [1.0, 2.0], "good": 50.0, "curve": curve,
    }  # fmt: skip


def test_answers_needed_are_read_off_the_curve_and_unreached_counts_84() -> None:
    assert needed(record("default", "a", 8), "ensemble") == 8
    assert needed(record("default", "a", 999), "ensemble") == 84
    assert COLUMNS["as answered left after 16"](record("default", "a", 8, left=0.5)) == pytest.approx(0.25)
    assert COLUMNS["share of good items ever proposed"](record("default", "a", 8)) == pytest.approx(0.02)


def test_ratios_are_paired_by_cell_and_targets_have_a_tenth_of_slack() -> None:
    cells = [record("default", "a", 4), record("random", "a", 8), record("default", "b", 20), record("random", "b", 80)]
    target = Target("content", "minilm", "ensemble", "random", 0.35)
    row = judge(target, cells)
    assert row is not None
    assert row["value"] == pytest.approx((4 / 8 + 20 / 80) / 2)
    assert row["ratio_of_means"] == pytest.approx(24 / 88, abs=1e-4)
    assert row["interval"] == [0.25, 0.5]
    assert row["met"]
    assert not judge(Target("content", "minilm", "ensemble", "random", 0.33), cells)["met"]  # type: ignore[index]
    assert judge(Target("content", "tfidf", "ensemble", "random", 0.3), cells) is None


def test_a_later_line_of_a_cell_supersedes_an_earlier_one(tmp_path: Path) -> None:
    path = tmp_path / "cells.jsonl"
    lines = [json.dumps(record("default", "a", 40)), json.dumps(record("default", "a", 8)), '{"torn": ']
    path.write_text("\n".join(lines), encoding="utf-8")
    kept = newest(read_cells(path))
    assert [needed(r, "ensemble") for r in kept] == [8]


def test_behaviours_are_chosen_by_name_number_or_range() -> None:
    names = ["anger", "care", "doubt", "envy"]
    assert chosen(names, "0-1,envy") == ["anger", "care", "envy"]
    with pytest.raises(SystemExit, match="no behaviour 'zeal'"):
        chosen(names, "zeal")


@pytest.mark.bench
def test_a_killed_run_goes_on_where_it_was(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On statements of our own making: the second run trains nothing and prints the same table."""
    rng = np.random.default_rng(0)
    verbs, things = ["like", "seek", "want", "enjoy", "value"], ["maps", "rain", "tea", "chess", "birds", "trains"]
    (tmp_path / "persona").mkdir()
    with (tmp_path / "persona" / "statements.csv").open("w", newline="", encoding="utf-8") as handle:
        out = csv.writer(handle)
        out.writerow(["behaviour", "statement", "matches_behaviour", "label_confidence"])
        for behaviour, word in (("calm", "quiet"), ("bold", "risky"), ("kind", "gentle")):
            for n in range(440):
                yes = n % 2 == 0
                text = f"I {rng.choice(verbs)} {word if yes else 'no ' + word} {rng.choice(things)}, case {n}"
                out.writerow([behaviour, text, int(yes), 0.9])
    cells, said = tmp_path / "cells.jsonl", tmp_path / "answers.json"
    call = ["--data", str(tmp_path), "--quick", "--embedder", "tfidf", "--behaviours", "bold", "--orders",
            "first-order,default", "--cells", str(cells), "--json", str(said)]  # fmt: skip
    assert main(call) == 0
    first, table = cells.read_text(encoding="utf-8"), capsys.readouterr().out
    assert main(call) == 0
    assert cells.read_text(encoding="utf-8") == first
    assert capsys.readouterr().out == table
    assert {line["order"] for line in json.loads(said.read_text(encoding="utf-8"))["orders"]} == {
        "first-order",
        "default",
    }
