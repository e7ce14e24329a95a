"""``activeseed certify``: how far two outcomes part, at least as dreamed and at most as proved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from activeseed.cli.analysing import agreed, print_found, say_trained, write_frames
from activeseed.cli.numbers import counted, duration
from activeseed.cli.options import HERE, Accept, Csv, Dir, Json, Yes, need_folders, open_study
from activeseed.cli.progress import Progress
from activeseed.cli.screen import say
from activeseed.errors import ConfigError, nearest

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
    csv: Csv = None,
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
    need_folders(csv)
    if outcomes and ensemble:
        raise ConfigError("--ensemble finds the two outcomes itself. Leave out either it or the names.")
    if len(outcomes or ()) > 2:
        raise ConfigError(f"{len(outcomes or ())} outcomes are named, and two are compared. Name two.")
    with Progress("preparing") as progress:
        study = open_study(folder, progress, accept=accept)
        from activeseed.study.networked import require_networks

        require_networks(study)
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
        print_found(found, study)
        return
    from activeseed.cli.certificates import print_certified

    print_certified(found, study)
    say_trained(study, before)


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
