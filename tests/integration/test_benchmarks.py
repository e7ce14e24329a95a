"""Benchmarks run in their --quick form on a few texts of the test's own, laid out like the real data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from activeseed.belief import BeliefSettings
from activeseed.embedders import Tfidf
from activeseed.systems.reward_model import RewardModel
from tests.benchmarks import label_studio, pair_orders, pandalm
from tests.benchmarks.pairs import DROP, FLIP, KEEP, build, dissent, read_pairs, split

#: a helpful reply and a useless one to every prompt, so that texts say which is better
GOOD = ("Sure, here are clear steps for {}: plan, try, check.", "A short and correct answer about {} with its reason.")
BAD = ("no idea about {} lol", "{} {} {} {} {}")
TOPICS = (
    "baking bread", "a leaking tap", "train tickets", "long division", "a cover letter", "watering ferns",
    "knots", "a slow laptop", "tea", "maps", "a squeaky door", "birdsong",
)  # fmt: skip


def write_pairs(data: Path) -> None:
    """Four pairs a topic: three on which annotators mostly agree, one on which most see a tie."""
    lines = []
    for n, topic in enumerate(TOPICS):
        for k, (good, bad) in enumerate([(0, 0), (0, 1), (1, 0)]):
            replies = [GOOD[good].format(topic), BAD[bad].format(*[topic] * 5)]
            better = 1 + (n + k) % 2
            votes = (better, better, 3 - better if k == 2 else better)
            first, second = replies if better == 1 else replies[::-1]
            lines.append((f"Help me with {topic}.", first, second, votes))
        lines.append((f"Help me with {topic}.", GOOD[0].format(topic), GOOD[1].format(topic), (0, 0, 1)))
    (data / "pandalm").mkdir()
    with (data / "pandalm" / "pairs.jsonl").open("w", encoding="utf-8") as handle:
        for prompt, first, second, votes in lines:
            record: dict[str, object] = {"instruction": prompt, "input": "", "response1": first, "response2": second}
            record |= {f"annotator{a + 1}": v for a, v in enumerate(votes)}
            handle.write(json.dumps(record) + "\n")


@pytest.fixture
def data(tmp_path):
    write_pairs(tmp_path)
    return tmp_path


def test_without_data_a_benchmark_says_that_it_is_skipped(capsys):
    assert pandalm.main(["--quick"]) == 0
    assert "skipped" in capsys.readouterr().out


def test_without_label_studio_its_benchmark_says_how_to_name_one(tmp_path, capsys):
    assert label_studio.main(["--quick", "--label-studio", str(tmp_path / "none")]) == 0
    assert "skipped" in (out := capsys.readouterr().out)
    assert "--label-studio PATH" in out


def test_pairs_are_split_by_prompt_and_a_fifth_of_the_seed_is_flipped(data):
    pairs = read_pairs(data)
    assert len(pairs) == 36  # ties are left out
    assert dissent(pairs) == pytest.approx(12 / 108)
    for key in (0, 5, 9):
        seed, probes = split(pairs, key)
        assert not {p.prompt for p in seed} & {p.prompt for p in probes}
    cell = build(pairs, Tfidf(), "truthful", 0, RewardModel())
    assert (len(cell.seed), int((~cell.right).sum())) == (12, 2)
    for item, right, heard in zip(cell.seed.items, cell.right, cell.heard, strict=True):
        assert (item.payload.chosen.startswith(("Sure", "A short"))) == right
        assert heard == (KEEP if right else FLIP)
    for probe, label in zip(cell.materials.probes, cell.labels, strict=True):
        assert (probe.payload.chosen.startswith(("Sure", "A short"))) == label
    raters = build(pairs, Tfidf(), "raters", 0, RewardModel())
    assert set(raters.heard.tolist()) <= {KEEP, DROP, FLIP}
    assert raters.error > 0


def test_a_curve_ends_at_the_truth_when_every_pair_has_been_asked_about(data):
    cell = build(read_pairs(data), Tfidf(), "truthful", 1, RewardModel())
    for order in ("random", "default"):
        records = pair_orders.curve(cell, order, BeliefSettings(samples=200))
        assert [r["q"] for r in records] == [0.0, 4.0, 8.0, 12.0]
        assert records[0]["answered"] == pytest.approx(cell.start[1])
        assert records[-1]["answered"] == pytest.approx(0.0, abs=1e-12)
        assert records[-1]["ensemble"] == pytest.approx(0.0, abs=1e-12)
        assert records[-1]["found"] == 2


def test_pandalm_quick_run_is_resumed_and_reports_every_part(data, tmp_path, capsys):
    cells, out = tmp_path / "cells.jsonl", tmp_path / "out.json"
    call = ["--data", str(data), "--quick", "--embedder", "tfidf", "--cells", str(cells), "--json", str(out)]
    assert pandalm.main(call) == 0
    lines = cells.read_text().splitlines()
    assert len(lines) == 4  # where flipped pairs stand, and three orders
    result = json.loads(out.read_text())
    assert (result["benchmark"], result["pairs"], result["prompts"]) == ("pandalm", 36, 12)
    figures = {(r["claim"], r.get("score") or r.get("order", "")): r for r in result["rows"]}
    assert figures["AUC of flipped pairs", "random"]["value"] == 0.5
    # replies are told apart by their spelling, so a flipped pair is the odd one out
    assert figures["AUC of flipped pairs", "cleanlab"]["value"] > 0.9
    assert figures["held-out accuracy, true labels", ""]["value"] > 0.9
    assert {s for c, s in figures if c == "answers needed, answered"} == {"random", "cleanlab", "default"}
    assert all(r["interval"][0] <= r["value"] <= r["interval"][1] for r in result["rows"] if r["value"] is not None)
    cells.write_text("\n".join(lines[:2]) + "\n" + lines[2][: len(lines[2]) // 2])
    assert pandalm.main(call) == 0
    again = json.loads(out.read_text())
    assert again["rows"] == result["rows"]
    assert len(pandalm.read_cells(cells)) == 4
    assert "truthful, tfidf (1 keys)" in capsys.readouterr().out
