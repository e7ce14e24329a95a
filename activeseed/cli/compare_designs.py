"""``activeseed compare-designs``: trainer² designs held against each other."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from activeseed.cli.analysing import agreed, print_found, say_trained, write_frames
from activeseed.cli.basins import swept
from activeseed.cli.options import HERE, TRUSTED, Accept, Csv, Dir, Json, Yes, need_folders, open_study
from activeseed.cli.progress import Progress
from activeseed.errors import ConfigError

QUALITIES = ("accuracy", "brier", "auc")


def compare_designs(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE",
            help="Designs as TOML or YAML: tables called design, with a name and system, share, items or folder.",
            show_default=False,
        ),
    ] = None,
    folder: Dir = HERE,
    design: Annotated[
        list[str] | None,
        typer.Option(
            "--design",
            metavar="NAME:SETTING=VALUE,…",
            help="A design: settings of the system, share=0.5, items=20, or folder=PROJECT. May be repeated.",
        ),
    ] = None,
    sweep: Annotated[
        list[str] | None,
        typer.Option("--sweep", metavar="SETTING=V1,V2", help="A design for each value; several make a grid."),
    ] = None,
    draws: Annotated[
        int, typer.Option("--draws", min=6, max=100_000, metavar="N", help="Plausible seeds that each is trained on.")
    ] = 48,
    keys: Annotated[
        int, typer.Option("--keys", min=6, max=10_000, metavar="K", help="Replicates in all, shared by all designs.")
    ] = 24,
    quality: Annotated[
        str, typer.Option("--quality", metavar="MEASURE", help="accuracy, brier or auc, on labelled probes.")
    ] = "accuracy",
    lock_in_items: Annotated[
        int,
        typer.Option("--lock-in-items", min=0, metavar="N", help="Items changed for lock-in; 0 leaves it out."),
    ] = 12,
    own: Annotated[bool, typer.Option("--own/--no-own", help="Whether the study's own design is one of them.")] = True,
    as_json: Json = False,
    csv: Csv = None,
    accept: Accept = False,
    yes: Yes = False,
) -> None:
    """Compare trainer² designs: spread, quality and lock-in, the Pareto front, and what stability alone would pick.

    \b
    Example:
      activeseed compare-designs --sweep rounds=1,4,16
      activeseed compare-designs --design short:rounds=2 --design half:share=0.5
      activeseed compare-designs designs.toml --quality auc --csv designs.csv
    """
    from activeseed.stack.designs import CompareDesigns, design_of, grid, read_designs

    if quality not in QUALITIES:
        from activeseed.errors import nearest

        raise ConfigError(f"--quality {quality!r} is no measure of quality.{nearest(quality, QUALITIES)}")
    designs = (*(read_designs(file) if file else ()), *map(design_of, design or ()), *grid(swept(sweep or ())))
    if not designs:
        raise ConfigError(
            "No design is named. Write --design short:rounds=2, --sweep rounds=1,4,16, or name a file of designs."
        )
    need_folders(csv)
    measure: Any = quality
    asked = CompareDesigns(
        designs=designs, own=own, draws=draws, keys=keys, quality=measure, lock_in_items=lock_in_items
    )
    with Progress("preparing") as progress:
        study = open_study(folder, progress, accept=accept)
        before = study.trainer.trainings
        trust = TRUSTED.get()
        found = agreed(study, progress, yes, lambda: asked.run(study, trust=trust))
    write_frames(found, csv, None)
    if as_json:
        print_found(found, study)
        return
    from activeseed.cli.designs_table import print_designs

    print_designs(found, study)
    say_trained(study, before)
