"""``CommandRewriter``: any program that rewrites, a language model's among them."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, PrivateAttr, field_validator

from activeseed.agreeing import as_json, said
from activeseed.checked import SettingsRecord
from activeseed.errors import PlanError, TrainingError
from activeseed.masking import masked_text, without
from activeseed.seed import Json

#: bytes of standard error that are shown
_TAIL = 500


class CommandRewriter(SettingsRecord):
    """A program, started without a shell, once for the texts that are to be rewritten.

    It reads JSON lines, one a text::

        {"activeseed": 1, "row": 0, "text": "…", "n": 6, "towards": ["…", "…"]}

    and writes one JSON line for each, in any order: other texts, which may be fewer::

        {"row": 0, "texts": ["…", "…"]}

    ``towards`` are real texts near to where the search is going. Standard error is for progress. A program that exits
    with another code than 0, or exceeds its time (it is killed with its process group), ends the search with its words.

    Attributes:
        argv: the program and its arguments. It runs in the project's folder, where relative paths start.
        timeout: seconds that it may take for all texts of a step.
        environment: variables that it gets besides ours. They are written to activeseed.toml as they are, and nowhere
            else: better leave a secret in your own environment, which the program has anyhow.
        writer: who writes, as people are told beside such a text.
    """

    kind: Literal["command"] = "command"
    argv: tuple[str, ...]
    timeout: float = Field(default=600.0, gt=0, allow_inf_nan=False)
    environment: Mapping[str, str] = Field(default_factory=dict)
    writer: str = Field(default="a program", min_length=1, max_length=100)
    _base: Path = PrivateAttr(default=Path())

    @field_validator("argv", mode="before")
    @classmethod
    def _is_a_list(cls, argv: Any) -> Any:
        if isinstance(argv, str):
            raise ValueError(f"a list is due, since no shell splits it: argv = {argv.split()!r}")
        if isinstance(argv, list | tuple) and not argv:
            raise ValueError("the list is empty; its first entry is the program")
        return argv

    @property
    def by(self) -> str:
        return self.writer

    def located(self, folder: Path) -> Self:
        """The same program, run in a folder instead of the current one."""
        there = self.model_copy()
        there._base = folder
        return there

    def would(self, folder: Path) -> tuple[str, Json] | None:
        """See ``protocols.SupportsAgreement``."""
        what = as_json({name: self.model_dump()[name] for name in ("argv", "environment")})
        return f"run {said(masked_text(shlex.join(self.argv)))}", what

    def rewrite(self, texts: Sequence[str], n: int, towards: Sequence[str] = ()) -> list[list[str]]:
        """Up to ``n`` other texts for each. Raises PlanError, TrainingError with what the program said."""
        if not texts:
            return []
        program = self.argv[0]
        if shutil.which(str((self._base / program).absolute()) if "/" in program else program) is None:
            raise PlanError(f"The rewriter's program {program!r} was not found, or may not be executed.")
        asked = [
            json.dumps({"activeseed": 1, "row": r, "text": t, "n": n, "towards": list(towards)})
            for r, t in enumerate(texts)
        ]
        return self._read(self._run("".join(f"{line}\n" for line in asked)), len(texts), n)

    def _run(self, given: str) -> str:
        try:
            program = subprocess.Popen(
                self.argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self._base,
                env={**os.environ, **self.environment}, start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise TrainingError(f"The rewriter {self.argv[0]} can't be started: {error.strerror or error}.") from error
        try:
            out, err = program.communicate(given.encode(), self.timeout)
        except subprocess.TimeoutExpired as error:
            raise TrainingError(
                f"The rewriter took longer than timeout = {self.timeout:g} s and was killed."
            ) from error
        finally:  # also after Ctrl-C: the group holds whatever the program started
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(program.pid, signal.SIGKILL)
            program.wait()
        if program.returncode:
            tail = without(err[-_TAIL:].decode("utf-8", "replace"), list(self.environment.values())).strip()
            raise TrainingError(
                f"The rewriter exited with code {program.returncode}" + (f", saying: {tail}" if tail else ".")
            )
        return out.decode("utf-8", "replace")

    def _read(self, output: str, rows: int, n: int) -> list[list[str]]:
        found: dict[int, list[str]] = {}
        for number, line in enumerate(output.splitlines(), 1):
            if not line.strip():
                continue
            try:
                content = json.loads(line)
                row, texts = content["row"], content["texts"]
            except (ValueError, RecursionError, KeyError, TypeError) as error:
                raise TrainingError(
                    f'Line {number} of the rewriter\'s output is no {{"row": …, "texts": […]}}: {line[:80]!r}. '
                    "Everything else goes to standard error."
                ) from error
            if not isinstance(row, int) or isinstance(row, bool) or not 0 <= row < rows:
                raise TrainingError(f"Line {number} of the rewriter's output answers row {row!r}, which was not asked.")
            if not isinstance(texts, list) or not all(isinstance(t, str) for t in texts):
                raise TrainingError(f"Line {number} of the rewriter's output: 'texts' is no list of texts.")
            found[row] = [t for t in texts if t.strip()][:n]
        return [found.get(r, []) for r in range(rows)]
