"""What commands that analyse a study do alike: ask before it costs more, and hand over what was found."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from activeseed.cli.numbers import counted
from activeseed.cli.options import confirm
from activeseed.cli.progress import Progress
from activeseed.cli.screen import print_json, say
from activeseed.errors import ConsentError

if TYPE_CHECKING:
    from activeseed.protocols import Finding
    from activeseed.study import Study

Result = TypeVar("Result")


class Framed(Protocol):
    """A result that is a table as well."""

    def to_frame(self) -> Any: ...


def agreed(study: Study, progress: Progress, yes: bool, act: Callable[[], Result]) -> Result:
    """Do something that trains. What costs more than was agreed to is asked about, and goes on from where it stood.

    Once it is done, what was agreed to for it and not spent lapses: a yes was about this, and about nothing else.
    """
    given: set[str] = set()
    while True:
        try:
            done = act()
            break
        except ConsentError as wanted:
            progress.pause()
            confirm(f"{wanted.question} Go on?", yes)
            study.agree(**wanted.would_do)
            given |= set(wanted.would_do)
    if given:
        study.agree(**{name: getattr(study.budget, name) for name in given})
    return done


def print_found(found: Finding, study: Study, more: Mapping[str, Any] | None = None) -> None:
    """What was found as JSON on stdout, with the seed and the system that it is about."""
    print_json({"seed_version": study.seed.version, "system": study.system.kind, **found.to_dict(), **(more or {})})


def trained_words(new: int, study: Study) -> str:
    """How many trainings something cost now, and how many the study had made before."""
    before = study.budget.trainings - new
    return counted(new, "training") + (f"; {before:,} were made before." if before else ".")


def say_trained(study: Study, before: int) -> None:
    """Say the same of what was done since ``before`` trainings had been made."""
    say(trained_words(study.budget.trainings - before, study))


def write_frames(ranking: Framed, csv: Path | None, parquet: Path | None) -> None:
    """A result as files. Raises FolderError."""
    if csv is None and parquet is None:
        return
    from activeseed.formats import guard, write_whole

    frame = ranking.to_frame()
    if csv is not None:
        texts = frame.select_dtypes(exclude=["number", "bool"]).columns
        shown = frame.assign(**{c: [guard(v) if isinstance(v, str) else v for v in frame[c]] for c in texts})
        write_whole(csv, shown.to_csv(index=False).encode())
    if parquet is not None:
        write_whole(parquet, frame.to_parquet(index=False))
    for file in filter(None, (csv, parquet)):
        print(f"Written: {file}", file=sys.stderr)
