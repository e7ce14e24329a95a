"""Benchmarks run in their --quick form on a few texts of the test's own, laid out like the real data."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from activeseed.cli.making import make_project
from tests.benchmarks import label_studio, pair_orders, pandalm, raters
from tests.benchmarks.pairs import DROP, FLIP, KEEP, build, dissent, init_settings, read_pairs, split
from tests.benchmarks.studies import read_cells

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


def test_pairs_are_split_by_prompt_and_a_fifth_of_the_seed_is_flipped(data, tmp_path):
    pairs = read_pairs(data)
    assert len(pairs) == 36  # ties are left out
    assert dissent(pairs) == pytest.approx(12 / 108)
    for key in (0, 5, 9):
        seed, probes = split(pairs, key)
        assert not {p.prompt for p in seed} & {p.prompt for p in probes}
    cell = build(pairs, "truthful", 0, "tfidf", tmp_path)
    assert (len(cell.seed), int((~cell.right).sum())) == (12, 2)
    for n, (item, right) in enumerate(zip(cell.seed.items, cell.right, strict=True)):
        assert (item.payload.chosen.startswith(("Sure", "A short"))) == right
        assert cell.heard(n) == (KEEP if right else FLIP)
    for probe, label in zip(cell.materials.probes, cell.labels, strict=True):
        assert (probe.payload.chosen.startswith(("Sure", "A short"))) == label
    raters = build(pairs, "raters", 0, "tfidf", tmp_path)
    assert set(raters.votes.ravel().tolist()) <= {KEEP, DROP, FLIP}
    # three people are asked about a pair in turns, each once, before anybody is asked twice
    assert all({raters.rater(n, t) for t in range(3)} == {"annotator1", "annotator2", "annotator3"} for n in range(12))
    # they disagree about one pair in three here: one of its three voices is another
    assert (raters.votes != np.where(raters.right, KEEP, FLIP)).mean() == pytest.approx(dissent(pairs), abs=1 / 9)


def test_in_mismatched_pairs_replies_alone_say_nothing(data, tmp_path):
    pairs = read_pairs(data, "mismatched")
    assert len({p.prompt for p in pairs}) == len(pairs) > 6
    chosen, rejected = ({p.replies[side].split("\n\n", 1)[1] for p in pairs} for side in (0, 1))
    assert rejected <= chosen | {r for p in read_pairs(data) for r in p.replies}
    assert all(p.replies[0].startswith(p.prompt) and p.replies[1].startswith(p.prompt) for p in pairs)
    assert all(p.better == 1 for p in pairs)


def test_spec_pairs_set_every_good_reply_against_every_bad_one_of_its_context(tmp_path):
    assert read_pairs(tmp_path, "spec") == []
    (tmp_path / "model-spec").mkdir()
    lines = [
        {"example": "ex", "context": [{"role": "user", "text": "Hi?"}], "label": label, "response": f"{label} {n}"}
        for label, count in (("good", 2), ("bad", 2))
        for n in range(count)
    ]
    lines.append({**lines[0], "example": "alone"})
    (tmp_path / "model-spec" / "good_bad.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    pairs = read_pairs(tmp_path, "spec")
    assert sorted(p.replies for p in pairs) == [
        (f"Hi?\n\ngood {g}", f"Hi?\n\nbad {b}") for g in range(2) for b in range(2)
    ]


def test_settings_of_pairs_are_those_that_init_writes(data, tmp_path):
    cell = build(read_pairs(data), "truthful", 0, "tfidf", tmp_path)
    seed = tmp_path / "seed.jsonl"
    seed.write_text(
        "\n".join(
            json.dumps({"prompt": i.payload.prompt, "chosen": i.payload.chosen, "rejected": i.payload.rejected})
            for i in cell.seed.items
        ),
        encoding="utf-8",
    )
    study, _, _ = make_project(tmp_path / "study", seed, probes=seed, embedder="tfidf")
    made, ours = study.settings.record(), init_settings(0, "tfidf").record()
    del made["source"], ours["source"]
    assert ours["ask"].pop("consequences") == 0
    made["ask"].pop("consequences")
    assert ours == made


def test_a_curve_ends_at_the_truth_when_every_pair_has_been_asked_about(data, tmp_path):
    cell = build(read_pairs(data), "truthful", 1, "tfidf", tmp_path)
    for order in ("random", "default"):
        records = pair_orders.curve(cell, order)
        assert [r["q"] for r in records][:2] == [0.0, 8.0]
        assert records[0]["answered"] == pytest.approx(cell.start[1])
        assert records[-1]["answered"] == pytest.approx(0.0, abs=1e-12)
        assert records[-1]["found"] == 2
    # whoever answers is expected to err now and then, so a study's belief keeps some doubt of what was answered
    assert pair_orders.curve(cell, "random")[-1]["ensemble"] == pytest.approx(0.0, abs=1e-12)


@pytest.mark.slow
def test_pandalm_quick_run_is_resumed_and_reports_every_part(data, tmp_path, capsys):
    cells, out = tmp_path / "cells.jsonl", tmp_path / "out.json"
    call = ["--data", str(data), "--quick", "--embedder", "tfidf", "--cells", str(cells), "--json", str(out)]
    assert pandalm.main(call) == 0
    lines = cells.read_text().splitlines()
    assert len(lines) == 4  # where flipped pairs stand, and three orders
    result = json.loads(out.read_text())
    assert (result["benchmark"], result["data"]["truthful"]) == ("pandalm", {"pairs": 36, "prompts": 12})
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
    assert len(read_cells(cells)) == 4
    assert "truthful, tfidf (1 keys)" in capsys.readouterr().out


def test_a_seed_of_real_labels_is_what_one_rater_said_and_the_others_answer(data, tmp_path):
    pairs = read_pairs(data)
    cell = build(pairs, "rated", 0, "tfidf", tmp_path)
    # of three who judge a pair at most one is alone here, and may be the one who labelled it
    assert 0 <= (~cell.right).sum() <= 4
    assert cell.votes.shape == cell.who.shape == (2, 12)
    assert all(cell.rater(n, 0) != cell.rater(n, 1) for n in range(12))
    # where the label is the odd voice both others say so
    assert (cell.votes[:, ~cell.right] == FLIP).all()


def test_raters_quick_run_compares_at_equal_minutes(data, tmp_path, capsys):
    cells, out = tmp_path / "cells.jsonl", tmp_path / "out.json"
    call = ["--data", str(data), "--quick", "--embedder", "tfidf", "--cells", str(cells), "--json", str(out)]
    assert raters.main(call) == 0
    figures = {r["claim"]: r["value"] for r in json.loads(out.read_text())["rows"]}
    for seed in raters.SEEDS:
        for order in raters.ORDERS:
            # twelve pairs, raters who are right eight times in nine: 24 minutes put most labels right
            assert figures[f"{seed}: wrong labels after 24 minutes, {order}"] <= 4
            assert 0.5 < figures[f"{seed}: agreement after 24 minutes, {order}"] <= 1.0
    lines = cells.read_text().splitlines()
    assert len(lines) == 2 * len(raters.ORDERS)
    table = capsys.readouterr().out
    assert raters.main(call) == 0
    assert cells.read_text().splitlines() == lines
    assert capsys.readouterr().out == table
