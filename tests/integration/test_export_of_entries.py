"""Anchors, priors and candidates: what a study exports begins another study that is the same."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from pathlib import Path

import pytest

import activeseed as act
from activeseed.cli.app import run

EXAMPLES = Path(__file__).parents[2] / "examples"
PROJECTS = {
    "tethers": ("reply_anchors.csv", "representational_tethers", ()),
    "digits": ("digit_anchors.csv", "representational_tethers", ()),
    "kitchen": ("kitchen_prior.csv", "cirl", ("--set", "system.game=kitchen.yaml")),
    "precursors": ("precursors.jsonl", "predca", ()),
}


def init(folder: str, file: str, system: str, more: tuple[str, ...]) -> int:
    words = ["--probes", "probes.csv"] if system == "representational_tethers" else []
    return run(["init", folder, "--from", file, "--system", system, "--embedder", "tfidf", *words, *more])


def told(seed: act.Seed) -> list[object]:
    """All that a seed says, to the last bit."""
    return [
        (i.id, i.group, i.belief, i.metadata, [(v.id, v.origin, v.payload.digest) for v in i.variants if v.payload])
        for i in seed.items
    ]


def settings(folder: str) -> str:
    text = Path(folder, "activeseed.toml").read_text("utf-8")
    return "\n".join(line for line in text.splitlines() if not line.startswith(("study", "seed = ")))


@pytest.mark.parametrize("ending", ["csv", "jsonl", "yaml", "parquet"])
@pytest.mark.parametrize("name", PROJECTS)
def test_an_export_begins_the_same_study(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, ending: str
) -> None:
    monkeypatch.chdir(tmp_path)
    file, system, more = PROJECTS[name]
    for wanted in (file, "kitchen.yaml"):
        shutil.copy(EXAMPLES / wanted, wanted)
    if name == "digits":
        shutil.copy(file, "probes.csv")
    else:
        Path("probes.csv").write_text("id,text\np,Of course.\nq,No.\n", "utf-8")
    assert init("first", file, system, more) == 0
    assert run(["seed", "export", f"out.{ending}", "--all", "--dir", "first"]) == 0
    assert init("second", f"out.{ending}", system, more) == 0
    with closing(act.Study.open("first")) as first, closing(act.Study.open("second")) as second:
        assert told(second.seed) == told(first.seed)
    assert settings("first") == settings("second")
    if ending == "csv":
        header = Path("out.csv").read_text("utf-8").splitlines()[0].split(",")
        assert "fields" not in header
        assert "kind" not in header
        assert {c for c in header if c in getattr(act, _CLASS[system]).entry_fields}, "columns as an author writes them"


_CLASS = {"representational_tethers": "RepresentationalTethers", "cirl": "CIRL", "predca": "PreDCA"}


def test_what_answers_took_away_of_an_entry_stays_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(EXAMPLES / "precursors.jsonl", "precursors.jsonl")
    assert init("first", "precursors.jsonl", "predca", ()) == 0
    with closing(act.Study.open("first")) as study:
        (question,) = study.ask(items=["cy"])
        study.tell(
            [
                {
                    "question": question.id,
                    "annotator": "ann",
                    "verdict": "edit",
                    "payload": {"kind": "text", "text": "utility:\nmass: 3"},
                }
            ]
        )
        (question,) = study.ask(items=["bo"])
        study.tell([{"question": question.id, "annotator": "ann", "verdict": "reject"}])
        standing = dict(study.seed.standing_payloads())
    assert "utility" not in standing["cy"].fields, "taken away by the edit"
    for ending in ("csv", "jsonl"):
        assert run(["seed", "export", f"out.{ending}", "--dir", "first"]) == 0
        again = act.read_seed(f"out.{ending}", entry=tuple(act.PreDCA.entry_fields))
        assert {i.id: i.payload for i in again.items} == standing
        assert run(["seed", "export", f"all.{ending}", "--all", "--dir", "first"]) == 0
        whole = act.read_seed(f"all.{ending}", entry=tuple(act.PreDCA.entry_fields))
        assert dict(whole.standing_payloads()) == standing, "the edit is a variant that lacks a field"
    line = json.loads(Path("out.jsonl").read_text("utf-8").splitlines()[0])
    assert set(line) == {"id", "text", "program", "mass"}
