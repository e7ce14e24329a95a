"""A study's folder after a kill, a full disk, damage, a race, and where nothing may be written."""

from __future__ import annotations

import ctypes
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import activeseed.study.opening as opening
from activeseed.cli.app import run
from activeseed.cli.making import make_project
from activeseed.errors import FolderError, StoreError
from activeseed.store import FolderStore
from activeseed.study import Study
from tests.integration.conftest import Make

TEXTS = ["be kind", "say no", "be brief", "ask back"]
SEED = "".join(f'{{"id": "s{n}", "text": "{text}"}}\n' for n, text in enumerate(TEXTS))


@pytest.fixture
def seed(tmp_path: Path) -> Path:
    path = tmp_path / "positives.jsonl"
    path.write_text(SEED, "utf-8")
    return path


def made(folder: Path, seed: Path) -> Study:
    study, _, _ = make_project(folder, seed, pool=others(seed, "p"), probes=others(seed, "z"), embedder="tfidf")
    return study


def others(seed: Path, name: str) -> Path:
    path = seed.with_name(f"{name}.jsonl")
    path.write_text("".join(f'{{"id": "{name}{n}", "text": "{t} {name}"}}\n' for n, t in enumerate(TEXTS)), "utf-8")
    return path


class Killed(BaseException):
    """Ends the process where it stands, as far as a test can: nothing that follows is run but what a kill runs too."""


#: what making a project does, in order
STEPS = [
    "activeseed.cli.making.commented",
    "activeseed.files.write_seed",
    "activeseed.study.opening.FolderStore",
]


class TestAnInitThatEnded:
    @pytest.mark.parametrize("step", STEPS)
    def test_by_a_kill_is_cleared_by_the_next_one(self, tmp_path: Path, seed: Path, step: str) -> None:
        folder = tmp_path / "study"
        program = (
            "import os, sys\nimport activeseed.cli.making, activeseed.files, activeseed.study.opening\n"
            f"{step} = lambda *a, **k: os._exit(9)\n"
            "from activeseed.cli.app import run\nsys.exit(run(sys.argv[1:]))\n"
        )
        pool, probes = str(others(seed, "p")), str(others(seed, "z"))
        words = ["init", str(folder), "--from", str(seed), "--pool", pool, "--probes", probes, "--embedder", "tfidf"]
        ended = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True)
        assert ended.returncode == 9, ended.stderr
        assert (folder / ".activeseed" / opening.UNFINISHED).exists()
        assert len(made(folder, seed).seed) == 4
        assert not (folder / ".activeseed" / opening.UNFINISHED).exists()
        assert len(Study.open(folder).seed) == 4

    @pytest.mark.parametrize("step", STEPS)
    def test_by_a_full_disk_leaves_nothing(
        self, tmp_path: Path, seed: Path, monkeypatch: pytest.MonkeyPatch, step: str
    ) -> None:
        folder = tmp_path / "study"

        def full(*_: Any, **__: Any) -> None:
            raise FolderError("no space") if step.endswith("FolderStore") else OSError(28, "No space left on device")

        monkeypatch.setattr(step, full)
        with pytest.raises(FolderError, match=r"(?i)no space"):
            made(folder, seed)
        monkeypatch.undo()
        assert not folder.exists()
        assert len(made(folder, seed).seed) == 4

    def test_keeps_what_was_there_before(self, tmp_path: Path, seed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        folder = tmp_path / "study"
        folder.mkdir()
        (folder / "guidelines.md").write_text("mine", "utf-8")
        monkeypatch.setattr("activeseed.files.write_seed", Raises(Killed()))
        with pytest.raises(Killed):
            made(folder, seed)
        monkeypatch.undo()
        assert [p.name for p in folder.iterdir() if p.name != ".activeseed"] == ["guidelines.md"]
        made(folder, seed)
        assert (folder / "guidelines.md").read_text("utf-8") == "mine"

    def test_a_project_that_is_whole_is_never_cleared(self, tmp_path: Path, seed: Path) -> None:
        folder = tmp_path / "study"
        made(folder, seed)
        (folder / ".activeseed" / opening.UNFINISHED).write_text("seed.jsonl\nactiveseed.toml", "utf-8")
        with pytest.raises(FolderError, match="already holds"):
            made(folder, seed)
        assert len(Study.open(folder).seed) == 4


class Raises:
    """A function that only raises."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __call__(self, *_: Any, **__: Any) -> None:
        raise self.error


class TestDamage:
    @pytest.mark.parametrize("how", ["empty", "cut", "middle"])
    def test_a_damaged_cache_is_made_anew(self, make_study: Make, how: str) -> None:
        study = make_study()
        before = study.rank()
        for path in (study.folder / ".activeseed").rglob("*.npz"):
            path.write_bytes(spoilt(path.read_bytes(), how))
        after = Study.open(study.folder).rank()
        assert after.columns["effect"].tolist() == before.columns["effect"].tolist()
        assert all(p.stat().st_size for p in (study.folder / ".activeseed" / "artifacts").rglob("*.npz"))

    def test_a_damaged_journal_says_what_can_be_read_and_gives_it(
        self, make_study: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        study = make_study()
        questions = study.ask(4)
        study.tell([{"question": q.id, "annotator": "ann", "verdict": "keep", "comment": q.id} for q in questions
                    if q.kind != "confirm_list"])  # fmt: skip
        given = [a.comment for a in study.state.live_answers]
        study.store.close()
        with sqlite3.connect(study.folder / ".activeseed" / "journal.db") as db:
            db.execute("UPDATE events SET body = substr(body, 1, 40) WHERE kind = 'ranked' OR kind = 'round_closed'")
            db.execute("UPDATE events SET body = '{' WHERE sequence = 1")
        db.close()
        with pytest.raises(StoreError, match=rf"{len(given)} answers among them"):
            Study.open(study.folder)
        assert run(["status", "--dir", str(study.folder)]) == 1
        said = capsys.readouterr().err
        assert "activeseed answers export --damaged" in said
        assert "Traceback" not in said
        out = tmp_path / "saved.jsonl"
        assert run(["answers", "export", str(out), "--damaged", "--dir", str(study.folder)]) == 0
        assert all(comment in out.read_text("utf-8") for comment in given)

    def test_a_journal_of_which_nothing_can_be_read_is_one_sentence(
        self, make_study: Make, capsys: pytest.CaptureFixture[str]
    ) -> None:
        study = make_study()
        study.store.close()
        for path in (study.folder / ".activeseed").glob("journal.db*"):
            path.write_bytes(b"not a database " * 400)
        for words in (["status"], ["answers", "export", "--damaged"]):
            assert run([*words, "--dir", str(study.folder)]) in (1, 2)
            assert "Traceback" not in capsys.readouterr().err


def spoilt(data: bytes, how: str) -> bytes:
    if how == "empty":
        return b""
    if how == "cut":
        return data[: len(data) // 2]
    middle = len(data) // 2
    return data[:middle] + bytes(x ^ 255 for x in data[middle : middle + 64]) + data[middle + 64 :]


def test_processes_that_open_one_folder_at_once_do_not_race(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom pathlib import Path\nfrom activeseed.store import FolderStore\n"
        "from activeseed.protocols import Event\n"
        "sys.stdin.readline()\n"
        "for n in range(20):\n"
        "    store = FolderStore(Path(sys.argv[1]) / str(n))\n"
        "    store.append([Event('created', {'by': sys.argv[2]}, key='created')])\n"
        "    store.close()\n"
    )
    crowd = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path), str(k)],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for k in range(4)
    ]
    ended = [p.communicate("go\n", timeout=120) for p in crowd]
    assert [p.returncode for p in crowd] == [0] * 4, ended
    assert all(len(FolderStore(tmp_path / str(n)).read()) == 1 for n in range(20))


@pytest.fixture
def bound() -> Iterator[Callable[[Path], None]]:
    """Takes the right to write in a folder away, from an administrator too."""
    changed: list[Path] = []
    may = _capabilities(None)

    def bind(folder: Path) -> None:
        for path in [*folder.rglob("*"), folder]:
            changed.append(path)
            path.chmod(0o555 if path.is_dir() else 0o444)
        _capabilities(0)

    yield bind
    _capabilities(may)
    for path in reversed(changed):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _capabilities(effective: int | None) -> int:
    """Read (None) or set the low word of this thread's effective capabilities; Linux alone has them."""
    if not sys.platform.startswith("linux"):
        return 0
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    data = (ctypes.c_uint32 * 6)()
    assert libc.capget(header, data) == 0
    was = data[0]
    if effective is not None:
        data[0] = effective
        assert libc.capset(header, data) == 0
    return was


def test_a_folder_where_nothing_may_be_written_can_be_read(
    make_study: Make, bound: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    study = make_study()
    question = study.ask(items=["i03"])[0]
    study.tell([{"question": question.id, "annotator": "ann", "verdict": "reject"}])
    version = study.state.current.id
    study.store.close()
    bound(study.folder)
    assert not os.access(study.folder, os.W_OK, effective_ids=True)
    for words in (["status"], ["seed", "log"], ["seed", "diff", "v0"], ["answers", "export"]):
        assert run([*words, "--dir", str(study.folder)]) == 0, capsys.readouterr().err
    assert version[:8] in capsys.readouterr().out
    with pytest.raises((StoreError, FolderError), match=r"readonly|can't be written|could not be written"):
        Study.open(study.folder).take_back(Study.open(study.folder).state.live_answers[0].id)


@pytest.mark.parametrize(
    ("encoding", "commands"),
    [
        ("ascii", (["status"], ["status", "--json"], ["answers", "export"], ["seed", "log"])),
        ("latin-1", (["answers", "export"],)),
        ("cp1252", (["status"], ["seed", "log"])),
    ],
)
def test_output_that_the_terminal_has_no_sign_for_is_replaced(
    make_study: Make, encoding: str, commands: tuple[list[str], ...]
) -> None:
    study = make_study()
    question = study.ask(items=["i03"])[0]
    study.tell([{"question": question.id, "annotator": "Zoë 李", "verdict": "reject", "comment": "→ 😀"}])
    study.store.close()
    env = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    for words in commands:
        ended = subprocess.run(
            [sys.executable, "-m", "activeseed", *words, "--dir", str(study.folder)], env=env, capture_output=True
        )
        assert ended.returncode == 0, ended.stderr
        assert b"Traceback" not in ended.stderr
        if words in (["status", "--json"], ["answers", "export"]):
            import json

            assert "Zoë 李" in json.dumps(json.loads(ended.stdout), ensure_ascii=False)
