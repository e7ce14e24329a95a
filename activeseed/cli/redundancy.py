"""``activeseed redundancy``: what covers for what."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from activeseed.cli.analysing import agreed, print_found, say_trained, write_frames
from activeseed.cli.options import HERE, Accept, Csv, Dir, Json, Yes, need_folders, open_study
from activeseed.cli.progress import Progress
from activeseed.cli.screen import clean, say
from activeseed.errors import ConfigError

if TYPE_CHECKING:
    from activeseed.analyses import Coverage

#: questions that are printed as next steps
OFFERED = 3


def redundancy(
    folder: Dir = HERE,
    pairs: Annotated[
        str,
        typer.Option("--pairs", metavar="WHICH", help="all, near (look-alikes), or auto: all where they cost little."),
    ] = "auto",
    near: Annotated[
        int, typer.Option("--near", min=1, max=100, metavar="N", help="Look-alikes tried for each item.")
    ] = 4,
    folds: Annotated[
        int, typer.Option("--folds", min=0, max=10_000, metavar="N", help="Random halves and quarters dropped.")
    ] = 32,
    top: Annotated[int, typer.Option("--top", min=0, metavar="N", help="Rows of the table; 0 shows all.")] = 20,
    as_json: Json = False,
    csv: Csv = None,
    accept: Accept = False,
    yes: Yes = False,
) -> None:
    """Drop parts of the seed and see whether the rest covers them: which items are redundant, and what covers for what.

    \b
    Example:
      activeseed redundancy
      activeseed redundancy --pairs near --folds 16
      activeseed redundancy --json > redundancy.json
    """
    if pairs not in ("auto", "all", "near"):
        raise ConfigError(f"--pairs {pairs!r} is neither 'auto' nor 'all' nor 'near'. Name one.")
    need_folders(csv)
    with Progress("preparing") as progress:
        study = open_study(folder, progress, accept=accept)
        from activeseed.analyses import Redundancy

        which: Any = pairs
        asked = Redundancy(pairs=which, near=near, folds=folds)
        before = study.trainer.trainings
        found = agreed(study, progress, yes, lambda: study.analyse(asked))
    write_frames(found, csv, None)
    if as_json:
        print_found(found, study)
        return
    from activeseed.cli.coverage import print_coverage

    print_coverage(found, study, top)
    say_trained(study, before)
    if steps := merges(found, folder):
        say("Next, ask people whether these say the same:")
        for line in steps:
            say(f"  {line}")


def merges(found: Coverage, folder: Path) -> list[str]:
    """Commands that ask whether the clearest twins say the same."""
    where = "" if folder == HERE else f" --dir {shlex.quote(str(folder))}"
    return [
        f"activeseed queue --kind merge --item {shlex.quote(clean(a))} --item {shlex.quote(clean(b))}{where}"
        for a, b in found.twins[:OFFERED]
    ]
