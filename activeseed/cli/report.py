"""``activeseed report``: one HTML file that works offline."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from activeseed.cli.analysing import agreed
from activeseed.cli.options import HERE, Accept, Dir, Json, Yes, open_study
from activeseed.cli.progress import Progress
from activeseed.cli.screen import print_json, show
from activeseed.errors import FolderError


def report(
    folder: Dir = HERE,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Where to write it, else DIR/report.html.")
    ] = None,
    accept: Accept = False,
    as_json: Json = False,
    yes: Yes = False,
) -> None:
    """Write the report: rankings with errors, why each question is worth asking, how the rounds went.

    \b
    Example:
      activeseed report --out report.html
    """
    file = out or folder / "report.html"
    if not file.parent.is_dir():
        raise FolderError(f"{file}: there is no folder {file.parent}. Make it, or choose another with --out.")
    with Progress("preparing") as progress:
        study = open_study(folder, progress, accept=accept)
        from activeseed.report import write_report

        agreed(study, progress, yes, lambda: write_report(study, file))
    if as_json:
        print_json({"report": str(file), "bytes": file.stat().st_size})
        return
    show(file)
    print("Open it in a browser: it needs no network.", file=sys.stderr)
