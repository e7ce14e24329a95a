"""Options that several commands share, and how they get at a study."""

from __future__ import annotations

import sys
from contextlib import ExitStack, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from activeseed.errors import ConfigError, FolderError, UsageError

if TYPE_CHECKING:
    from activeseed.cli.progress import Progress
    from activeseed.study import Study

Dir = Annotated[Path, typer.Option("--dir", metavar="DIR", help="The project folder.", show_default="here")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Go on without asking.")]
Accept = Annotated[
    bool,
    typer.Option("--accept", help="Go on with settings that were edited in a way that changes outcomes."),
]
Csv = Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write the table as CSV too.")]

HERE = Path()
#: whether ``--trust`` was said, which may stand anywhere on the command line
TRUSTED: ContextVar[bool] = ContextVar("TRUSTED", default=False)
#: what is to be done when the command is over
ENDING: ContextVar[ExitStack | None] = ContextVar("ending", default=None)


class TakesSeveral(TyperCommand):
    """A command with an argument that may be repeated, whose help says what it is called and not its Python type."""

    def get_params(self, ctx: Any) -> list[Any]:
        """All parameters; typer puts ``<list[str]>`` behind such an argument, which no metavar replaces."""
        found: list[Any] = super().get_params(ctx)
        for parameter in found:
            if parameter.param_type_name == "argument" and parameter.nargs != 1:
                parameter.display_type_rich = lambda ctx: ""
        return found


def open_study(folder: Path, progress: Progress | None = None, *, accept: bool = False) -> Study:
    """The study of a project folder. Raises ConfigError or FolderError where there is none."""
    from activeseed.study import Study
    from activeseed.study.progress import silent

    agreed_to = TRUSTED.get()
    study = Study.open(folder, accept=accept, progress=progress or silent, trust=agreed_to)
    if agreed_to:
        from activeseed.study.trust import agree

        agree(folder, study.settings)
    return closed_with_the_command(study)


def closed_with_the_command(study: Study) -> Study:
    """The same study; once the command is over, what trains has ended and the journal is one whole file."""
    ending = ENDING.get()
    if ending is not None:
        ending.callback(_close, study)
    return study


def _close(study: Study) -> None:
    with suppress(Exception):  # what can't be given back goes with the process
        study.close()


def need_folders(*files: Path | None) -> None:
    """Raise FolderError where a file that is to be written has no folder, before anything is trained for it."""
    for file in files:
        if file is not None and not file.parent.is_dir():
            raise FolderError(f"{file}: there is no folder {file.parent}. Make it, or choose another.")


def confirm(question: str, yes: bool) -> None:
    """Ask before something that costs or can't be seen at a glance; ends the command where the answer is no."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(f"{question} There is no terminal to ask at: add --yes to go on.")
    if not typer.confirm(question, err=True):
        raise typer.Exit(1)


def pairs(text: str, option: str) -> dict[str, str]:
    """``text=body,id=key`` as a mapping. Raises ConfigError."""
    out: dict[str, str] = {}
    for part in filter(None, (p.strip() for p in text.split(","))):
        name, sign, value = part.partition("=")
        if not sign or not name.strip() or not value.strip():
            raise ConfigError(f"{option}: {part!r} is no NAME=COLUMN. Write it like {option} text=body,id=key.")
        if name.strip() in out:
            raise ConfigError(f"{option}: {name.strip()!r} is mapped twice. Map it once.")
        out[name.strip()] = value.strip()
    return out
