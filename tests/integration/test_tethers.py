"""Tethers from a user's own files on the command line: made, checked, ranked, asked, answered, exported, reported."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import activeseed as act
from activeseed.cli.app import run

EXAMPLES = Path(__file__).parents[2] / "examples"
SMALL = ["--set", "system.steps=25", "--set", "system.hidden=6", "--set", "system.task=sort", "--set", "replicates=3"]
QUICK = ["--set", "ask.consequences=2", "--set", "estimator.kind=leave_one_out", "--set", "estimator.keys=8"]


def files(folder: Path, anchors: int = 15) -> tuple[Path, Path, Path]:
    """Anchors of three concepts as a spreadsheet has them, of which the second names the wrong one."""
    rng = np.random.default_rng(3)
    centres = 2.0 * rng.standard_normal((3, 5))

    def vector(of: int) -> str:
        return json.dumps([round(float(v), 3) for v in centres[of] + 0.3 * rng.standard_normal(5)])

    names = ("round", "long", "flat")
    said = [names[k % 3] if k != 1 else "flat" for k in range(anchors)]
    given = [(f"a{k}", f"thing {k}", said[k], vector(k % 3)) for k in range(anchors)]
    sheets: dict[str, list[tuple[object, ...]]] = {
        "anchors.csv": [("id", "text", "Concept", "Vector"), *given],
        "pool.csv": [("id", "vector", "sort"), *((f"u{k}", vector(k % 3), "xyz"[k % 3]) for k in range(24))],
        "probes.csv": [("id", "vector", "concept"), *((f"p{k}", vector(k % 3), names[k % 3]) for k in range(9))],
    }
    for name, rows in sheets.items():
        with (folder / name).open("w", newline="", encoding="utf-8") as handle:
            csv.writer(handle).writerows(rows)
    return tuple(folder / name for name in sheets)  # type: ignore[return-value]


def made(folder: Path, *more: str) -> Path:
    anchors, pool, probes = files(folder)
    arguments = ["init", str(folder / "study"), "--from", str(anchors), "--pool", str(pool), "--probes", str(probes)]
    assert run([*arguments, "--system", "representational_tethers", *SMALL, *QUICK, *more]) == 0
    return folder / "study"


def test_the_whole_loop_from_a_spreadsheet_of_anchors(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = made(tmp_path)
    at = ["--dir", str(study)]
    settings = act.read_settings(study)
    assert settings.system.concepts == ("round", "flat", "long"), "in order of appearance: the second is mislabelled"
    assert [p.kind for p in settings.perturbations] == ["relabel"]

    assert run(["check", *at]) == 0
    told = " ".join(capsys.readouterr().err.split())
    assert "No probe has a label" not in told, "a probe's concept is the label of its places"

    assert run(["rank", *at, "--json"]) == 0
    ranking = json.loads(capsys.readouterr().out)
    assert ranking["outcome"] == "concepts at the probes"
    assert {row["id"] for row in ranking["items"]} == {f"a{k}" for k in range(15)}
    assert ranking["quality"]["auc"] > 0.9

    assert run(["queue", *at, "--item", "a1", "--item", "a2"]) == 0
    capsys.readouterr()
    opened = act.Study.open(study)
    asked = {q.items[0]: q for q in opened.pending}
    opened.close()
    assert {q.kind for q in asked.values()} == {"assign_concept"}
    assert asked["a1"].options["long"] == "concept: long"
    answers = tmp_path / "answers.jsonl"
    lines = [
        {"question": asked["a1"].id, "annotator": "ann", "verdict": "choose", "variant": "long"},
        {"question": asked["a2"].id, "annotator": "ann", "verdict": "reject"},
    ]
    answers.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    assert run(["answers", "import", str(answers), *at]) == 0

    assert run(["seed", "export", str(tmp_path / "curated.jsonl"), *at]) == 0
    kept = act.read_seed(tmp_path / "curated.jsonl", entry=tuple(act.RepresentationalTethers.entry_fields))
    assert kept["a1"].payload.fields["concept"] == "long"
    assert "a2" not in {i.id for i in kept.items}
    assert run(["report", *at]) == 0
    page = (study / "report.html").read_text("utf-8")
    assert "concepts at the probes" in page
    again = ["init", str(tmp_path / "again"), "--from", str(tmp_path / "curated.jsonl"), "--probes"]
    assert run([*again, str(tmp_path / "probes.csv"), "--system", "representational_tethers", *SMALL[:4]]) == 0


def test_a_loop_with_a_simulated_annotator_finds_the_wrong_anchor(tmp_path: Path) -> None:
    truth = tmp_path / "truth.jsonl"
    rows = [{"id": f"a{k}", "answer": "keep"} for k in range(15) if k != 1]
    rows.append({"id": "a1", "answer": "choose", "variant": "long"})
    truth.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    told = ["annotator.kind=simulated", f"annotator.truth_file='{truth}'", "stopping.flips=0", "ask.batch=15"]
    study = made(tmp_path, *(x for setting in told for x in ("--set", setting)))
    assert run(["loop", "--dir", str(study)]) == 0
    opened = act.Study.open(study)
    assert dict(opened.seed.standing) == {"a1": "long"}
    opened.close()


def test_who_doubts_an_anchor_doubts_its_concept_too_and_a_sync_of_the_same_file_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    anchors, pool, probes = files(tmp_path)
    with anchors.open(encoding="utf-8", newline="") as handle:
        sheet = list(csv.reader(handle))
    with anchors.open("w", newline="", encoding="utf-8") as handle:
        csv.writer(handle).writerows([[*line, "belief" if n == 0 else 0.7] for n, line in enumerate(sheet)])
    study = str(tmp_path / "study")
    told = ["--from", str(anchors), "--pool", str(pool), "--probes", str(probes), *SMALL]
    assert run(["init", study, *told, "--system", "representational_tethers"]) == 0
    opened = act.Study.open(study)
    evenly = {"as_written": 0.7, "absent": 0.1, "flat": 0.1, "long": 0.1}
    assert opened.seed["a0"].belief == pytest.approx(evenly), "the other concepts came after the file was read"
    version = opened.seed.version
    opened.close()
    capsys.readouterr()
    assert run(["seed", "sync", str(anchors), "--dir", study]) == 0
    opened = act.Study.open(study)
    assert opened.seed.version == version
    anchors.write_text(anchors.read_text("utf-8").replace(",0.7\n", ",0.4\n", 1), "utf-8")
    opened.sync(anchors)
    assert opened.seed["a0"].belief == pytest.approx({**dict.fromkeys(evenly, 0.2), "as_written": 0.4})
    assert opened.seed["a1"].belief is not None
    assert opened.seed["a1"].belief["as_written"] == 0.7
    opened.close()


def test_a_partition_of_tethers_reads_the_columns_of_its_members(tmp_path: Path) -> None:
    anchors, pool, probes = files(tmp_path, anchors=30)
    study = str(tmp_path / "study")
    told = ["--from", str(anchors), "--pool", str(pool), "--probes", str(probes), "--system", "partition"]
    of = ["system.parts=3", "system.of.kind=representational_tethers", "system.of.steps=25", "system.of.task=sort"]
    assert run(["init", study, *told, *(x for setting in of for x in ("--set", setting))]) == 0
    opened = act.Study.open(study)
    assert act.read_settings(Path(study)).system.of.concepts == ("round", "flat", "long")
    assert [v.id for v in opened.seed["a0"].variants] == ["as_written", "absent", "flat", "long"]
    found = opened.rank()
    assert len(found.ids) == 30
    assert np.abs(np.asarray(found.columns["effect"])).max() > 0
    version = opened.seed.version
    opened.sync(anchors)
    assert opened.seed.version == version, "a sync reads the same columns"
    opened.close()


def test_a_file_without_concepts_is_refused_with_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    anchors, _, probes = files(tmp_path)
    written = anchors.read_text("utf-8")
    arguments = ["init", str(tmp_path / "study"), "--from", str(anchors), "--probes", str(probes)]
    for name, doubt in (("Sort", ""), ("Consept", "the column 'Consept' is metadata, and decides nothing.")):
        anchors.write_text(written.replace("Concept", name), "utf-8")
        assert run([*arguments, "--system", "representational_tethers"]) == 2
        told = " ".join(capsys.readouterr().err.split())
        assert "Item 'a0' names no concept. Give it 'concept'" in told
        assert (doubt in told) if doubt else ("Warning" not in told)
        assert not (tmp_path / "study").exists()


@pytest.mark.timeout(300)
@pytest.mark.slow
def test_the_example_of_tethers_runs(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, str(EXAMPLES / "tethers.py"), str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    spreads = re.search(r"without tethers ([\d.]+) with them ([\d.]+)", said)
    assert spreads is not None
    assert float(spreads[1]) > float(spreads[2]) > 0.0, "a model that is tethered depends less on where it started"
    assert "a 6, number 262 of the digits: stroke → loop" in said, "a planted anchor, found and put right"
    first = said.partition("by the effect of leaving them out: ")[2]
    assert re.match(r"[\d.]+ concept: (warm|curt) direction: ", first), "where a concept starts from matters most"
