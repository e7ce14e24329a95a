"""``activeseed stability``: at which level small changes wash out, and where the picture changes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from activeseed.cli.analysing import agreed, print_found, say_trained, write_frames
from activeseed.cli.basins import swept
from activeseed.cli.options import HERE, Accept, Csv, Dir, Json, Yes, need_folders, open_study
from activeseed.cli.progress import Progress
from activeseed.cli.screen import say
from activeseed.errors import ConfigError, FolderError, nearest

if TYPE_CHECKING:
    from activeseed.analyses import RateRanges, Stability, StabilityMatrix, TwoTrainers
    from activeseed.study import Study

#: levels that can be named, as they are written, and as they are called
LEVELS = {"model": "model", "trainer": "trainer", "trainer2": "trainer2", "trainer²": "trainer2", "human": "human"}
#: sizes of a first impression
QUICK: dict[str, int] = {"draws": 32, "starts": 24, "keys": 4, "numbers": 2, "resamples": 8, "masks": 16}


def stability(
    folder: Dir = HERE,
    levels: Annotated[
        str, typer.Option("--levels", metavar="L1,L2", help="Of model, trainer, trainer2; by default all.")
    ] = "",
    sweep: Annotated[
        list[str] | None,
        typer.Option("--sweep", metavar="SETTING=V1,V2", help="Only this setting is swept; may be repeated."),
    ] = None,
    draws: Annotated[
        int | None, typer.Option("--draws", min=4, max=100_000, metavar="N", help="Plausible seeds; 80 by default.")
    ] = None,
    starts: Annotated[
        int | None,
        typer.Option("--starts", min=4, max=100_000, metavar="N", help="Trainings that start otherwise; 64."),
    ] = None,
    keys: Annotated[
        int | None,
        typer.Option("--keys", min=3, max=10_000, metavar="N", help="Replicates of a start that a setting names; 8."),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="A first impression: 32 seeds, 24 starts.")] = False,
    budget: Annotated[
        bool, typer.Option("--budget", help="Also which level and factor the spread comes from.")
    ] = False,
    rates: Annotated[
        bool, typer.Option("--rates", help="Also the range of learning rates that train to one end.")
    ] = False,
    human: Annotated[
        int, typer.Option("--human", min=0, max=100_000, metavar="N", help="Also run N whole studies: the human level.")
    ] = 0,
    against: Annotated[
        str, typer.Option("--against", metavar="DIR", help="Another project, at the same probes: its trainer beside.")
    ] = "",
    against_setting: Annotated[
        list[str] | None,
        typer.Option("--against-setting", metavar="SETTING=V", help="This trainer with another value beside."),
    ] = None,
    as_json: Json = False,
    csv: Csv = None,
    accept: Accept = False,
    yes: Yes = False,
) -> None:
    """Level by level: do small changes of where it starts wash out (stable), and of how it moves (structurally stable)?

    Stable: plausible seeds, initial parameters or states of the world are varied, and the spread of the outcomes is
    held against theirs. Structurally stable: settings and key streams are swept, and it is said where the number of
    basins, or what the outcome hangs on most, changes. What a system can't be asked is said in a sentence.

    \b
    Example:
      activeseed stability
      activeseed stability --levels trainer2 --sweep beta=0.1,0.3
      activeseed stability --budget --rates --human 64
      activeseed stability --against ../other
      activeseed stability --against-setting learning_rate=8.0
    """
    settings = swept(sweep or ())
    others = swept(against_setting or (), "--against-setting")
    for path, values in others.items():
        if len(values) != 1:
            raise ConfigError(f"--against-setting {path} takes one value, like --against-setting {path}=0.1.")
    if against and others:
        raise ConfigError("--against and --against-setting both name another trainer. Name one.")
    need_folders(csv)
    asked = _asked(levels, settings, quick, {"draws": draws, "starts": starts, "keys": keys})
    with Progress("preparing") as progress:
        study = open_study(folder, progress, accept=accept)
        before = study.trainer.trainings
        if human:  # too few studies are refused before anything is trained
            from activeseed.stack.human import HumanLevel
            from activeseed.stack.human.conducting import cost_of

            cost_of(study, HumanLevel(studies=human))
        # What can't be asked of this trainer, or held against it, is refused before anything is trained.
        more: dict[str, Any] = {"learning_rates": _rates(study, progress, yes)} if rates else {}
        other = _other(study, against, progress) if against else None
        two = _at_setting(study, asked, others, progress, yes) if others else None
        found: Any = _matrix(study, asked, progress, yes)
        if other is not None:
            two = _beside_other(study, asked, found, other, against, progress, yes)
        more |= {"against": two.to_dict()} if two else {}
        more |= _beside(study, budget, human, progress, yes)
        found = _with_human(study, found)
    write_frames(found if two is None else two, csv, None)
    if as_json:
        said = {name: part if isinstance(part, dict) else part.to_dict() for name, part in more.items()}
        print_found(found, study, said)
        return
    from activeseed.cli.matrix import print_matrix, print_rates, print_two

    print_matrix(found, study)
    if "learning_rates" in more:
        print_rates(more["learning_rates"])
    if two is not None:
        print_two(two)
    if "budget" in more:
        from activeseed.cli.budget import print_budget

        print_budget(more["budget"], study)
    if "human" in more:
        from activeseed.cli.human import print_human

        print_human(more["human"], study)
    say_trained(study, before)


def _asked(levels: str, settings: dict[str, tuple[Any, ...]], quick: bool, sizes: dict[str, int | None]) -> Stability:
    from activeseed.analyses import Stability

    told: dict[str, Any] = {"sweep": settings, **(QUICK if quick else {})}
    told |= {name: size for name, size in sizes.items() if size is not None}
    chosen = []
    for name in filter(None, (part.strip() for part in levels.split(","))):
        if name not in LEVELS:
            raise ConfigError(
                f"--levels {name!r} is no level.{nearest(name, LEVELS)} There are model, trainer, trainer2."
            )
        if LEVELS[name] == "human":
            raise ConfigError("The human level is asked about with --human N, which runs N whole studies.")
        chosen.append(LEVELS[name])
    if chosen:
        told["levels"] = tuple(dict.fromkeys(chosen))
    return Stability(**told)


def _matrix(study: Study, asked: Stability, progress: Progress, yes: bool) -> StabilityMatrix:
    return agreed(study, progress, yes, lambda: study.analyse(asked))


def _with_human(study: Study, found: StabilityMatrix) -> StabilityMatrix:
    """With what whole studies said of the human, where some were run."""
    from activeseed.analyses.stability.human import human_cells

    made = study.state.analyses.get("human_level")
    if made is None or not made.get("result"):
        return found
    old = made["seed_version"] != study.state.current.id
    note = ("The human level is of an earlier version of the seed.",) if old else ()
    return found.with_cells(human_cells(made["result"]), note)


def _at_setting(
    study: Study, asked: Stability, settings: dict[str, tuple[Any, ...]], progress: Progress, yes: bool
) -> TwoTrainers:
    """This trainer with other values of settings, beside itself."""
    from activeseed.analyses import StabilityAgainst

    beside = StabilityAgainst(stability=asked, settings={path: value for path, (value,) in settings.items()})
    return agreed(study, progress, yes, lambda: study.analyse(beside))


def _other(study: Study, folder: str, progress: Progress) -> Study:
    """The project in another folder. Raises FolderError where there is none, PlanError where it looks elsewhere."""
    path = Path(folder)
    if not (path / "activeseed.toml").is_file():
        raise FolderError(f"--against {folder}: no project is there. Name a project's folder.")
    from activeseed.study.outcomes import same_places

    other = open_study(path, progress)
    same_places(study, other)
    return other


def _beside_other(
    study: Study, asked: Stability, found: StabilityMatrix, other: Study, folder: str, progress: Progress, yes: bool
) -> TwoTrainers:
    """Another project's matrix beside this one's."""
    from activeseed.analyses.stability.difference import held_against

    theirs = _matrix(other, asked, progress, yes)
    two = held_against(found, theirs, (str(study.folder), folder))
    study.keep("stability_against", asked, two)
    return two


def _rates(study: Study, progress: Progress, yes: bool) -> RateRanges:
    """The range of learning rates; PlanError where the trainer has none."""
    from activeseed.analyses import LearningRates

    return agreed(study, progress, yes, lambda: study.analyse(LearningRates()))


def _beside(study: Study, budget: bool, human: int, progress: Progress, yes: bool) -> dict[str, Any]:
    """What else was wanted, by name: the budget, whole studies."""
    out: dict[str, Any] = {}
    if budget:
        from activeseed.analyses import VarianceBudget

        out["budget"] = agreed(study, progress, yes, lambda: study.analyse(VarianceBudget()))
    if human:
        from activeseed.stack.human import HumanLevel, human_level
        from activeseed.stack.human.conducting import cost_of

        plan = HumanLevel(studies=human)
        say(cost_of(study, plan).words)
        out["human"] = agreed(study, progress, yes, lambda: human_level(study, plan))
    return out
