"""``activeseed compare``: how far apart outcomes are, and where they part; ``activeseed lock-in``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from activeseed.cli.analysing import agreed, print_found, say_trained, write_frames
from activeseed.cli.options import HERE, Accept, Csv, Dir, Json, Yes, need_folders, open_study
from activeseed.cli.progress import Progress
from activeseed.cli.screen import say
from activeseed.errors import ConfigError, nearest

if TYPE_CHECKING:
    from activeseed.analyses import Given
    from activeseed.analyses.sides import Side
    from activeseed.study import Study

REVISIONS = ("absent", "flipped", "edit", "wording")
Keys = Annotated[
    int,
    typer.Option("--keys", min=1, max=10_000, metavar="N", help="Replicates of each side, where keys vary it."),
]  # fmt: skip


def compare(
    outcomes: Annotated[
        list[str] | None,
        typer.Argument(metavar="OUTCOME", help="Two; one, or none, for all that is believed.", show_default=False),
    ] = None,
    distance: Annotated[
        list[str] | None,
        typer.Option("--distance", metavar="KIND", help="Only this beside the study's own; may be repeated."),
    ] = None,
    keys: Keys = 8,
    draws: Annotated[
        int, typer.Option("--draws", min=8, max=2_000, metavar="N", help="Plausible seeds that an ensemble has.")
    ] = 32,
    towards: Annotated[
        str,
        typer.Option("--towards", metavar="FILE", help="Weight probes as if drawn like those of a file, or the pool."),
    ] = "",
    top: Annotated[int, typer.Option("--top", min=0, metavar="N", help="Probes that are shown; 0 shows all.")] = 12,
    folder: Dir = HERE,
    as_json: Json = False,
    csv: Csv = None,
    accept: Accept = False,
    yes: Yes = False,
) -> None:  # fmt: skip
    """How far apart two outcomes are, and at which probes they part; or all of what is believed of the seed.

    An OUTCOME is a version of the seed (latest, v0, a pin), a change of it (without:ITEM, only:GROUP,
    without-group:GROUP, ITEM=VARIANT), several of these joined by +, with @N behind it for another batch of keys; a
    file of outcomes with the columns probe, value and perhaps run; or another project's folder.

    \b
    Example:
      activeseed compare v0 latest
      activeseed compare latest without:greet,thanks
      activeseed compare latest v0+tone=w2 --distance kl --distance kendall
      activeseed compare latest outcomes_of_march.csv
      activeseed compare                               plausible seeds among themselves
      activeseed compare latest                        and from one outcome
    """
    named = list(outcomes or ())
    if len(named) > 2:
        raise ConfigError(f"{len(named)} outcomes are named. Name two, or fewer for all that is believed of the seed.")
    if draws % 4:
        raise ConfigError(
            f"--draws {draws} is no multiple of 4: blocks of 4 share their keys. Try {draws + 4 - draws % 4}."
        )
    need_folders(csv)
    with Progress("preparing") as progress:
        study = open_study(folder, progress, accept=accept)
        from activeseed.analyses import Comparison, Ensemble
        from activeseed.distances import distance_of

        chosen = tuple(distance_of(kind) for kind in distance or ())
        before = study.trainer.trainings
        weights = _towards(study, towards)
        sides = [_side(study, name, keys, progress, yes) for name in named]
        asked: Any
        if len(sides) == 2:
            asked = Comparison(first=sides[0], second=sides[1], keys=keys, distances=chosen, weights=weights)
        else:
            asked = Ensemble(
                to=sides[0] if sides else None, draws=draws, keys=max(3, keys), distances=chosen, weights=weights
            )
        found: Any = agreed(study, progress, yes, lambda: study.analyse(asked))
    write_frames(found, csv, None)
    if as_json:
        print_found(found, study)
        return
    from activeseed.cli.distances import print_compared, print_spreads

    (print_compared if len(sides) == 2 else print_spreads)(found, study, top)
    say_trained(study, before)


def lock_in(
    revision: Annotated[
        list[str] | None,
        typer.Option("--revision", metavar="ORIGIN", help=f"What counts as revision: {', '.join(REVISIONS)}."),
    ] = None,
    keys: Keys = 8,
    items: Annotated[int, typer.Option("--items", min=0, metavar="N", help="Items that are measured; 0 is all.")] = 0,
    top: Annotated[int, typer.Option("--top", min=0, metavar="N", help="Rows of the table; 0 shows all.")] = 12,
    folder: Dir = HERE,
    as_json: Json = False,
    csv: Csv = None,
    accept: Accept = False,
    yes: Yes = False,
) -> None:  # fmt: skip
    """Does the outcome answer to what is meant, or to how it is put: response to revision over response to paraphrase.

    Items that have another wording are dropped (or flipped, or edited by a person) and reworded, one at a time. A ratio
    below one says that the outcome is locked in to an accident of wording.

    \b
    Example:
      activeseed lock-in
      activeseed lock-in --revision wording --json
    """
    for name in revision or ():
        if name not in REVISIONS:
            raise ConfigError(f"--revision {name!r} is unknown.{nearest(name, REVISIONS)}")
    need_folders(csv)
    with Progress("preparing") as progress:
        study = open_study(folder, progress, accept=accept)
        from activeseed.analyses import LockIn

        told: Any = {"revisions": tuple(dict.fromkeys(revision))} if revision else {}
        asked = LockIn(keys=max(2, keys), items=items, **told)
        before = study.trainer.trainings
        found = agreed(study, progress, yes, lambda: study.analyse(asked))
    write_frames(found, csv, None)
    if as_json:
        print_found(found, study)
        return
    from activeseed.cli.distances import print_lock_in

    print_lock_in(found, study, top)
    say_trained(study, before)


def _side(study: Study, name: str, keys: int, progress: Progress, yes: bool) -> Side | Given:
    """What a user names; another project is opened and trained under its own budget."""
    from activeseed.study.outcomes import given_of, outcome_named

    study.take_in()
    places = study.system.places(study.materials)
    found = outcome_named(name, study.state, places)
    if not isinstance(found, Path):
        return found
    other = open_study(found, progress)
    return agreed(other, progress, yes, lambda: given_of(other, places, keys))


def _towards(study: Study, name: str) -> tuple[float, ...]:
    """Weights of the probes towards the pool or a file, with what they cost said; none where nothing is named."""
    if not name:
        return ()
    from activeseed.files import read_probes
    from activeseed.looking.probes import weights_towards

    places = study.system.places(study.materials)
    target = study.pool if name == "pool" else read_probes(name)
    if not target:
        raise ConfigError("--towards pool: this study has no pool. Name a file of probes.")
    found = weights_towards(places, target, study.materials, study.settings.key)
    say(f"Weighted towards {name}: {found.words}")
    return tuple(map(float, found.weights))
