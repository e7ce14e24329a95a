"""Whose code a study runs, and whom it tells: what a folder's settings name is used once somebody here agreed to it.

A project's folder may come from a stranger, and its ``activeseed.toml`` may name a program, a Python module, a server.
Opening the folder uses none of these. What somebody agreed to is remembered outside of all projects, for this folder
and exactly what was named; making a project here is agreeing to what it names, and whoever hands over objects and
settings in Python has agreed to those.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from activeseed.agreeing import leads_out, said
from activeseed.config import Settings
from activeseed.errors import TrustError
from activeseed.masking import masked_text
from activeseed.members import named_record
from activeseed.protocols import SupportsAgreement
from activeseed.seed import digest_of


@dataclass(frozen=True)
class Trust:
    """What a folder's settings name that nobody here has agreed to.

    Attributes:
        folder: the project folder.
        withheld: part of the settings -> what would be done, in words; empty where all is agreed to.
    """

    folder: Path = Path()
    withheld: Mapping[str, str] = field(default_factory=dict)

    def require(self, part: str) -> None:
        """Raise TrustError where this part is about to be used and was not agreed to."""
        if part in self.withheld:
            would = "; ".join(self.withheld.values())
            raise TrustError(
                f"The project in {self.folder.resolve()} would {would}. Nobody here has agreed to that yet: look at "
                "what the folder holds, then add --trust, which is remembered (in Python: Study.open(folder, "
                "trust=True))."
            )


def trust_in(folder: Path, settings: Settings, given: Sequence[str] = ()) -> Trust:
    """What these settings of a folder name that was not agreed to here; parts that are ``given`` as objects are."""
    found = _wanted(folder, settings)
    return Trust(
        folder,
        {
            part: words
            for part, (words, record) in found.items()
            if part not in given and not _note(folder, part, record).exists()
        },
    )


def trust_beside(held: Trust, folder: Path, settings: Settings, own: Settings) -> Trust:
    """What is withheld of a study under another trainer²: that trainer's code as well, where it is not the study's own.

    Args:
        held: of the study.
        settings: with the other trainer.
        own: the study's.
    """
    found, mine = _wanted(folder, settings).get("system"), _wanted(folder, own).get("system")
    if found is None:
        return Trust(folder, {part: words for part, words in held.withheld.items() if part != "system"})
    words, record = found
    if (mine is not None and mine[0] == words) or _note(folder, "system", record).exists():
        return held
    return Trust(folder, {**held.withheld, "system": words})


def agree(folder: Path, settings: Settings) -> None:
    """Remember that somebody here agreed to all that these settings of a folder name."""
    for part, (words, record) in _wanted(folder, settings).items():
        _remember(folder, part, words, record)


def trust_program(folder: Path, program: Path, chosen: bool) -> None:
    """What a folder's own record of its annotation server would run.

    Args:
        chosen: somebody here named it just now, or agreed to it; that is remembered.

    Raises:
        TrustError: nobody did, now or before.
    """
    words, record = f"run the server in {said(str(program))}", str(program)
    if chosen:
        _remember(folder, "program", words, record)
    elif not _note(folder, "program", record).exists():
        Trust(folder, {"program": words}).require("program")


def _remember(folder: Path, part: str, words: str, record: Any) -> None:
    note = _note(folder, part, record)
    said = {"folder": str(folder.resolve()), "agreed": words, "at": datetime.now(UTC).isoformat(timespec="seconds")}
    with suppress(OSError):  # where nothing can be remembered, it is asked again
        note.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        note.write_text(json.dumps(said, ensure_ascii=False) + "\n", "utf-8")


def state_folder() -> Path:
    """Where what this user decided is kept: ``$XDG_STATE_HOME/activeseed``, else ``~/.local/state/activeseed``."""
    said = os.environ.get("XDG_STATE_HOME", "")
    return (Path(said) if os.path.isabs(said) else Path.home() / ".local" / "state") / "activeseed"


def _note(folder: Path, part: str, record: Any) -> Path:
    return state_folder() / "agreed" / digest_of([os.fsdecode(folder.resolve()), part, record]).hex()


def _wanted(folder: Path, settings: Settings) -> dict[str, tuple[str, Any]]:
    """Part of the settings -> what it would do, and the record that says so; parts that do nothing are left out."""
    out: dict[str, tuple[str, Any]] = {}
    if settings.store:
        out["store"] = (f"open the database {said(masked_text(settings.store))}", settings.store)
    for part in ("system", "embedder", "estimator", "response", "annotator", "executor", "rewriter"):
        member = getattr(settings, part)
        if record := named_record(member):
            out[part] = (f"import {said(record['kind'])}", record)
        elif isinstance(member, SupportsAgreement) and (found := member.would(folder)):
            out[part] = found
    if forms := [record for f in settings.questions if (record := named_record(f))]:
        out["questions"] = (f"import {' and '.join(said(record['kind']) for record in forms)}", forms)
    guidelines = settings.source.guidelines
    if leads_out(folder, guidelines):
        out["guidelines"] = (f"show annotators the file {said(guidelines)}, which lies elsewhere", guidelines)
    return out
