"""PreDCA-shaped assistance from the command line: candidates from a file, asked about, answered, written out."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import activeseed as act
from activeseed.cli.app import run
from activeseed.systems.predca.ring import RING

EXAMPLES = Path(__file__).parents[2] / "examples"


def command(*words: str) -> int:
    return run([*words])


def out_of(capsys: Any) -> Any:
    return json.loads(capsys.readouterr().out)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_example_runs_and_says_what_it_is_not(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "precursors.py"), str(tmp_path)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "PreDCA-shaped, not infra-Bayesian" in done.stdout
    written, answered = (
        next(line for line in done.stdout.splitlines() if line.startswith(f"  as it was {how}:"))
        for how in ("written", "answered")
    )
    assert written != answered, "the answers moved something"
    assert "script" not in answered, "who was rejected is nobody any more"
    assert "(nobody) 1.00" in done.stdout.splitlines()[-1]


@pytest.mark.timeout(300)
def test_candidates_from_a_file_and_a_world_from_a_file_go_round_the_loop(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "world.yaml").write_text(yaml.safe_dump(json.loads(json.dumps(RING))), "utf-8")
    folder, world = str(tmp_path / "study"), str(tmp_path / "world.yaml")
    source = ["--from", str(EXAMPLES / "precursors.jsonl"), "--system", "predca", f"--set=system.world={world}"]
    assert command("init", folder, *source, "--embedder", "tfidf") == 0
    capsys.readouterr()
    assert command("check", "--dir", folder) == 0
    assert "not infra-Bayesian" in capsys.readouterr().err
    assert command("rank", "--dir", folder, "--json") == 0
    ranking = out_of(capsys)
    assert ranking["items"][0]["id"] in ("ada", "bo")
    cats = next(i for i in ranking["items"] if i["id"] == "tom")
    assert cats["effect"] < 0.01 * ranking["items"][0]["effect"]
    assert ranking["noise_floor"] == 0
    assert command("queue", "--dir", folder, "--item", "script", "--json") == 0
    asked = out_of(capsys)
    (question,) = asked["questions"] if isinstance(asked, dict) else asked
    assert question["kind"] == "judge_candidate"
    answers = tmp_path / "answers.csv"
    answers.write_text(f'question,annotator,verdict,text\n{question["id"]},me,edit,"mass: 0.125"\n', "utf-8")
    assert command("answers", "import", str(answers), "--dir", folder) == 0
    capsys.readouterr()
    exported = tmp_path / "seed.jsonl"
    assert command("seed", "export", "--dir", folder, str(exported)) == 0
    seed = act.read_seed(exported, entry=tuple(act.PreDCA.entry_fields))
    payload = next(p for name, p in seed.standing_payloads() if name == "script")
    assert isinstance(payload, act.Entry)
    assert payload.fields["mass"] == 0.125
    assert payload.text.startswith("a vendor's script")
    assert command("report", "--dir", folder) == 0
    report = next(Path(folder).rglob("*.html")).read_text("utf-8")
    assert "not infra-Bayesian" in report
    assert "mass: 0.125" in report


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"id": "x", "program": "usr"}', "Did you mean 'user'?"),
        ('{"id": "x", "program": {"c0": "left"}, "body": "user"}', "are missing"),
        ('{"id": "x", "program": "user", "mass": -1}', "Give a number, 0 or more"),
        ('{"id": "x", "program": "stay", "body": "attic"}', "never runs"),
        ('{"id": "x", "program": "user", "utility": {"c1": 0}}', "constant utility"),
    ],
)
def test_a_candidate_that_makes_no_sense_is_a_sentence(tmp_path: Path, capsys: Any, line: str, says: str) -> None:
    path = tmp_path / "c.jsonl"
    path.write_text('{"id": "ok", "program": "user"}\n' + line + "\n", "utf-8")
    folder = tmp_path / "study"
    assert command("init", str(folder), "--from", str(path), "--system", "predca", "--embedder", "tfidf") == 2
    said = " ".join(capsys.readouterr().err.split())
    assert says in said
    assert "'x'" in said
    assert "Traceback" not in said
    assert not (folder / "activeseed.toml").exists()
