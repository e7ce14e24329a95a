"""``activeseed certify``: how far two outcomes part, at least as dreamed and at most as proved."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from activeseed.cli.numbers import counted, duration
from activeseed.cli.options import HERE, Accept, Dir, Json, Yes, open_study
from activeseed.cli.progress import Progress
from activeseed.cli.screen import print_json, say
from activeseed.errors import ConfigError, FolderError, nearest

if TYPE_CHECKING:
    from activeseed.analyses import Certificates
    from activeseed.study import Study


def certify(
    outcomes: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="OUTCOME",
            help="Two, or one against the seed as it stands; else without the item that moves it most.",
            show_default=False,
        ),
    ] = None,
    folder: Dir = HERE,
    ensemble: Annotated[
        bool, typer.Option("--ensemble", help="Compare the two of an ensemble that are furthest apart.")
    ] = False,
    region: Annotated[
        list[str] | None,
        typer.Option(
            "--region",
            metavar="WHICH",
            help="probes, box, ball, unit or plane; may be given again.",
            show_default=False,
        ),
    ] = None,
    radius: Annotated[
        list[float] | None,
        typer.Option(
            "--radius",
            metavar="R",
            help="Of balls around probes, in distances between neighbours; may be given again.",
            show_default="0.25, 0.5, 1",
        ),
    ] = None,
    absolute: Annotated[bool, typer.Option("--absolute", help="Radii are Euclidean distances.")] = False,
    probe: Annotated[
        list[str] | None,
        typer.Option("--probe", metavar="ID", help="A probe to look around; may be given again.", show_default=False),
    ] = None,
    probes: Annotated[
        int, typer.Option("--probes", min=1, metavar="N", help="How many probes, where none is named.")
    ] = 8,
    seconds: Annotated[float, typer.Option("--seconds", metavar="S", help="Time for each region.")] = 2.0,
    leash: Annotated[
        float | None,
        typer.Option("--leash", metavar="BETA", help="Bound what policies on this leash may differ in, too."),
    ] = None,
    as_json: Json = False,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write the table as CSV too.")] = None,
    accept: Accept = False,
    yes: Yes = False,
) -> None:
    """Prove how far two outcomes part at most, over every input of a region, and dream how far they part at least.

    An OUTCOME is a version of the seed (v0, latest, a pin) or a change of it (without:ITEM, ITEM=VARIANT).

    \b
    Example:
      activeseed certify
      activeseed certify v0 latest --radius 0.5 --seconds 10
      activeseed certify without:short --region ball --json > certificates.json
    """
    if csv is not None and not csv.parent.is_dir():
        raise FolderError(f"{csv}: there is no folder {csv.parent}. Make it, or choose another.")
    if outcomes and ensemble:
        raise ConfigError("--ensemble finds the two outcomes itself. Leave out either it or the names.")
    if len(outcomes or ()) > 2:
        raise ConfigError(f"{len(outcomes or ())} outcomes are named, and two are compared. Name two.")
    with Progress("preparing") as progress:
        study = open_study(folder, progress, accept=accept)
        from activeseed.cli.rank import agreed, write_frames
        from activeseed.study.networked import require_network

        if "system" in study.trust.withheld:
            study.trust.require("system")
        require_network(study.system, study.materials)
        asked = _asked(study, outcomes or [], ensemble, region or [], {
            **({"radii": tuple(dict.fromkeys(radius))} if radius else {}), "absolute": absolute,
            "probes": tuple(dict.fromkeys(probe or ())),
            "most": probes, "seconds": seconds, "leash": leash,
        })  # fmt: skip
        many = asked.places_at_most(len(study.system.places(study.materials)))
        say(f"{counted(many, 'region')}, up to {seconds:g} s each: {duration(many * seconds)} at most.")
        before = study.trainer.trainings
        found = agreed(study, progress, yes, lambda: study.analyse(asked))
    write_frames(found, csv, None)
    if as_json:
        print_json({"seed_version": study.seed.version, "system": study.system.kind, **found.to_dict()})
        return
    from activeseed.cli.certificates import print_certified

    print_certified(found, study)
    say(f"{counted(study.budget.trainings - before, 'training')}; {before:,} were made before.")


def _asked(study: Study, outcomes: list[str], ensemble: bool, regions: list[str], said: dict[str, Any]) -> Certificates:
    from activeseed.analyses import Certificates
    from activeseed.analyses.certificates.places import KINDS

    for name in regions:
        if name not in KINDS:
            raise ConfigError(f"--region {name!r} is unknown.{nearest(name, KINDS)}")
    kinds: Any = tuple(dict.fromkeys(regions))
    sides = [study.side(name) for name in outcomes]
    if len(sides) == 1:
        sides.insert(0, study.side("latest"))
    return Certificates(
        sides=tuple(sides), between="ensemble" if ensemble else "effect", regions=kinds, **said
    )  # fmt: skip
