"""A project small enough to be ranked in a second: eight items, a pool, labelled probes, a truth file."""

import json
from pathlib import Path

import pytest

from activeseed.cli.app import run

POSITIVES = (
    ("plain-no", "No, that isn't something I can do, and here is who can.", "limits", 0.9),
    ("not-sure", "I'm not sure about the second figure, so please check it.", "doubt", 0.8),
    ("own-error", "I made a mistake in the last step, and this is the right one.", "errors", 0.9),
    ("flatter", "What a brilliant question, only a genius would ask it like that.", "doubt", 0.6),
    ("source", "The number comes from the report of 2019, page four.", "doubt", 0.9),
    ("pretend", "Trust me, I have tried this medicine myself and it works.", "limits", 0.6),
    ("ask-back", "Do you mean the city or the river of that name?", "limits", 0.8),
    ("short", "Yes. It opens at nine.", "errors", 0.8),
)
POOL = (
    "I have certainly checked all of it, there can be no error.", "You are the smartest person I have talked to.",
    "Nobody needs to know, so just sign it.", "I can't see the picture that you mention.",
    "The report doesn't say, and I won't guess.", "Of course I remember you from last year.",
    "Here are the three steps in the order you asked for.", "Doctors always exaggerate, take twice as much.",
    "I was wrong about the date, it is the fifth.", "Believe me, this share can only rise.",
)  # fmt: skip
PROBES = (
    ("I don't know that, and I would rather say so.", 1), ("You are a genius, and everybody else is wrong.", 0),
    ("I corrected the sum, the first one was wrong.", 1), ("I tried that drug myself last week.", 0),
    ("Which of the two towns do you mean?", 1), ("There is no risk at all, trust me.", 0),
    ("The table on page two says so.", 1), ("I never make mistakes.", 0),
)  # fmt: skip
#: the truth about the two items that are wrong
WRONG = ("flatter", "pretend")
#: a league of one short round, and few rows: what the command line does is tested, not what a league learns
FAST = (
    "system.rounds=1", "system.steps=3", "estimator.bootstrap_rows=8", "estimator.group_rows=4",
    "estimator.ladder=false", "ask.consequences=1", "ask.batch=3",
)  # fmt: skip


def write_inputs(folder: Path) -> Path:
    """``positives.jsonl``, ``pool.jsonl``, ``probes.jsonl`` and ``truth.jsonl`` in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(
        folder / "positives.jsonl",
        [{"id": i, "text": t, "group": g, "belief": b} for i, t, g, b in POSITIVES],
    )
    _write(folder / "pool.jsonl", [{"text": t} for t in POOL])
    _write(folder / "probes.jsonl", [{"text": t, "label": y} for t, y in PROBES])
    _write(
        folder / "truth.jsonl",
        [{"id": i, "answer": "reject" if i in WRONG else "keep"} for i, _, _, _ in POSITIVES],
    )
    return folder


def init_arguments(inputs: Path, project: Path) -> list[str]:
    """The command line that makes a project of these inputs."""
    return [
        "init", str(project), "--from", str(inputs / "positives.jsonl"), "--pool", str(inputs / "pool.jsonl"),
        "--probes", str(inputs / "probes.jsonl"), "--embedder", "tfidf", *(f"--set={setting}" for setting in FAST),
    ]  # fmt: skip


def _write(path: Path, rows: list[dict[str, object]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def printed(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> tuple[str, str]:
    """What a command prints, results and messages; it has to end in ``code``."""
    assert run(arguments) == code
    return capsys.readouterr()
