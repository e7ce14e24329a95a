"""What every bad input has to come to: an exit code, one error sentence that says what and where, and nothing else."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from activeseed.cli.app import run
from tests.small_project import init_arguments, write_inputs


def refused(capsys, arguments: Sequence[object], *words: str, code: int | tuple[int, ...] = 2) -> str:
    """Run a command that has to be refused; returns its one error sentence, in which all words are."""
    capsys.readouterr()
    ended = run([str(a) for a in arguments])
    out, err = capsys.readouterr()
    assert ended in (code if isinstance(code, tuple) else (code,)), f"exit code {ended}: {out}{err}"
    assert "Traceback" not in out + err, err
    assert "something unexpected" not in err, err
    assert out == "", "what is refused has no result"
    lines = [line for line in err.splitlines() if line and not line.startswith(("Warning: ", "See:  "))]
    errors = [line for line in lines if line.startswith("Error: ")]
    assert len(errors) == 1, err
    sentence = errors[0].removeprefix("Error: ")
    assert re.search(r"[.?!)]$|--help$|activeseed [a-z -]+$|https?://\S+$", lines[-1]), f"no sentence: {err}"
    assert len(err) < 2000, f"{len(err)} characters: {err[:300]}"
    # our own words, and not a library's
    assert not re.search(r"pydantic|Input should be|ValidationError|errors\.pydantic|<class |object at 0x", err)
    for word in words:
        assert word.casefold() in err.casefold(), f"{word!r} is not in: {err}"
    return sentence


def contents(folder: Path) -> dict[str, object]:
    """Every file of a folder; of a journal its events, wherever the database keeps them just now."""
    return {
        str(p.relative_to(folder)): _events(p) if p.name == "journal.db" else p.read_bytes()
        for p in folder.rglob("*")
        if p.is_file() and not p.name.endswith(("-wal", "-shm"))
    }


def _events(file: Path) -> object:
    try:
        with closing(sqlite3.connect(file)) as connection:
            return connection.execute("SELECT * FROM events").fetchall()
    except sqlite3.Error:
        return file.read_bytes()


def rows(*records: object) -> bytes:
    """JSON lines."""
    return "".join(json.dumps(r) + "\n" for r in records).encode()


def made_once(folder: Path) -> Path:
    """A project in ``folder``, with questions of its first round; its inputs are in ``folder/in``."""
    inputs = write_inputs(folder / "in")
    assert run(init_arguments(inputs, folder / "study")) == 0
    assert (
        run(["queue", "--item", "flatter", "--item", "pretend", "--to", "terminal", "--dir", str(folder / "study")])
        == 0
    )
    return folder / "study"


def copied(made: Path, to: Path) -> Path:
    """A copy that may be spoilt, with its inputs beside it."""
    shutil.copytree(made.parent, to)
    return to / made.name
