"""The example of a charter runs, and what it prints and writes is what its text promises."""

import subprocess
import sys
from pathlib import Path

import pytest

import activeseed as act
from activeseed.cli.app import run as command

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_its_true_probes_are_judged_as_labelled_but_where_nothing_is_said(tmp_path: Path) -> None:
    probes = act.read_probes(EXAMPLES / "charter_probes.csv")
    study = act.Study.create(
        tmp_path / "study", act.read_seed(EXAMPLES / "charter.md"), act.InferenceEngine(), probes=probes
    )
    assert study.settings.system.readings(study.materials)
    why = study.explain([p.id for p in probes])
    assert [(w.value > 0.5) == (p.label == 1) for w, p in zip(why, probes, strict=True)] == [True] * len(probes)
    assert all(w.steps for w in why)
    study.close()


def test_a_derivation_shows_a_dictum_as_it_stands_and_not_as_it_was_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = act.read_seed(EXAMPLES / "charter.md")
    probes = act.read_probes(EXAMPLES / "charter_probes.csv")
    study = act.Study.create(tmp_path / "study", seed, act.InferenceEngine(), probes=probes)
    cold = next(i.id for i in seed.items if i.display == "The desk may refund a night if the room is cold.")
    (question,) = study.ask(items=[cold])
    edited = {"kind": "text", "text": "If the room is cold, the desk must refund a night."}
    study.tell([{"question": question.id, "annotator": "me", "verdict": "edit", "payload": edited}])
    study.close()
    assert command(["explain", "refunds-cold-room", "--dir", str(study.folder)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "If the room is cold, the desk must refund a night." in said
    assert "The desk may refund a night if" not in said


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_example_of_a_charter_runs(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, str(EXAMPLES / "charter.py"), str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    said = done.stdout
    # a norm that nobody wrote decides: it was induced from two of three siblings
    assert "The desk must not deceive. [induced]" in said
    redundant = said.partition("What may go")[2]
    assert "Never reveal a room number.\n    redundant: The desk must not reveal a room number." in redundant
    assert "The desk should open a safe if the owner insists. [user]\n    overruled" in redundant
    changed = said.partition("What changed in the author's file:\n")[2].splitlines()
    assert changed == [
        "  -- The desk may refund a night if the room is cold.",
        "  +- The desk must refund a night if the room is cold.",
    ]
    before = (EXAMPLES / "charter.md").read_bytes()
    assert (tmp_path / "charter.md").read_bytes() == before.replace(b"may refund a night if", b"must refund a night if")
