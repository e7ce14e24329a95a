"""``activeseed basins``: one basin or several."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from activeseed.cli.analysing import agreed, print_found, say_trained, write_frames
from activeseed.cli.options import HERE, Accept, Dir, Json, Yes, need_folders, open_study
from activeseed.cli.progress import Progress
from activeseed.errors import ConfigError

KINDS = ("belief", "keys", "seeds")


def basins(
    folder: Dir = HERE,
    of: Annotated[
        str,
        typer.Option(
            "--of",
            metavar="WHAT",
            help="belief: plausible seeds; keys: the seed as it stands, re-run; seeds: those that --seed names.",
        ),
    ] = "belief",
    draws: Annotated[
        int, typer.Option("--draws", min=2, max=100_000, metavar="N", help="Trainings; with --of seeds, of each seed.")
    ] = 200,
    keys: Annotated[
        int,
        typer.Option("--keys", min=0, metavar="N", help="Replicates shared in turn; 0 gives each training its own."),
    ] = 0,
    seed: Annotated[
        list[str] | None,
        typer.Option(
            "--seed",
            metavar="OUTCOME",
            help="A seed that might be deployed: latest, v0, without:ITEM, ITEM=VARIANT. May be repeated.",
        ),
    ] = None,
    sweep: Annotated[
        list[str] | None,
        typer.Option(
            "--sweep",
            metavar="SETTING=V1,V2",
            help="Train an ensemble at each value of a setting; SETTING alone takes all that the trainer names.",
        ),
    ] = None,
    follow: Annotated[
        int, typer.Option("--follow", min=0, metavar="N", help="Trainings that are followed step by step; 0: none.")
    ] = 64,
    top: Annotated[int, typer.Option("--top", min=0, metavar="N", help="Rows of each table; 0 shows all.")] = 8,
    as_json: Json = False,
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Write each training's basin as CSV too.")
    ] = None,
    accept: Accept = False,
    yes: Yes = False,
) -> None:
    """Train many plausible seeds and see whether they end in one place or in several, and what decides where.

    \b
    Example:
      activeseed basins
      activeseed basins --of keys --draws 100
      activeseed basins --sweep beta --seed latest --seed without:short
      activeseed basins --json > basins.json
    """
    if of not in KINDS:
        raise ConfigError(f"--of {of!r} is neither 'belief' nor 'keys' nor 'seeds'. Name one.")
    if of == "seeds" and len(seed or ()) < 2:
        raise ConfigError("--of seeds takes two seeds or more: name each with --seed.")
    need_folders(csv)
    settings = swept(sweep or ())
    with Progress("preparing") as progress:
        study = open_study(folder, progress, accept=accept)
        from activeseed.analyses import Basins

        what: Any = of
        sides = tuple(study.side(name) for name in seed or ())
        asked = Basins(of=what, draws=draws, keys=keys, sweep=settings, seeds=sides, follow=follow)
        before = study.trainer.trainings
        found = agreed(study, progress, yes, lambda: study.analyse(asked))
    write_frames(found, csv, None)
    if as_json:
        print_found(found, study)
        return
    from activeseed.cli.landscape import print_landscape

    print_landscape(found, study, top)
    say_trained(study, before)


def swept(told: Sequence[str], option: str = "--sweep") -> dict[str, tuple[Any, ...]]:
    """``SETTING`` or ``SETTING=V1,V2`` as settings with their values, JSON or texts. Raises ConfigError."""
    out: dict[str, tuple[Any, ...]] = {}
    for text in told:
        name, sign, values = (part.strip() for part in text.partition("="))
        if not name or (sign and not values):
            raise ConfigError(f"{option} {text!r} is no SETTING=V1,V2. Write it like {option} beta=0.1,0.3.")
        if name in out:
            raise ConfigError(f"{option} names {name!r} twice. Name it once, with all its values.")
        out[name] = tuple(_value(v.strip()) for v in values.split(",")) if sign else ()
    return out


def _value(text: str) -> Any:
    with suppress(ValueError):
        return json.loads(text)
    return None if text in ("none", "None") else text
