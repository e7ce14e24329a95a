"""A project's folder: making it, checking it, saying where its study stands."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from activeseed.cli.options import HERE, Accept, Dir, Json, closed_with_the_command, open_study, pairs
from activeseed.cli.screen import print_json, say, show
from activeseed.errors import ConfigError, FolderError, nearest

if TYPE_CHECKING:
    from activeseed.seed import Probe, Seed
    from activeseed.study import Study

RESTS = ("auto", "absent", "wordings", "flipped")


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to make; it holds no project yet.")],
    from_: Annotated[
        Path, typer.Option("--from", metavar="FILE", help="The seed: CSV, JSONL, Parquet, YAML or Markdown.")
    ],
    pool: Annotated[
        Path | None, typer.Option("--pool", metavar="FILE", help="Candidate outputs that agents choose from.")
    ] = None,
    probes: Annotated[
        Path | None, typer.Option("--probes", metavar="FILE", help="Where outcomes are read; may have labels.")
    ] = None,
    system: Annotated[
        str,
        typer.Option(
            "--system",
            metavar="KIND",
            help="The trainer² (what the seed trains); else reward_model for pairs, or a league.",
        ),
    ] = "",
    embedder: Annotated[
        str, typer.Option("--embedder", metavar="KIND", help="What reads texts, else the best that is installed.")
    ] = "",
    columns: Annotated[
        str, typer.Option("--columns", metavar="MAP", help="Names that differ, e.g. text=body,id=key.")
    ] = "",
    base_rate: Annotated[
        float | None,
        typer.Option("--base-rate", metavar="P", help="Probability that an item stays, where the file has no belief."),
    ] = None,
    rest: Annotated[
        str, typer.Option("--rest", metavar="WHERE", help="Where the rest of a belief goes: " + ", ".join(RESTS) + ".")
    ] = "auto",
    gold: Annotated[
        Path | None, typer.Option("--gold", metavar="FILE", help="Questions with known answers, as JSON lines.")
    ] = None,
    sure: Annotated[
        int,
        typer.Option(
            "--gold-from-sure", metavar="N", min=0, help="Make N gold questions from items you are sure of (belief 1)."
        ),
    ] = 0,
    guidelines: Annotated[
        Path | None, typer.Option("--guidelines", metavar="FILE", help="Markdown that annotators are shown.")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Any setting of activeseed.toml; may be given repeatedly."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a project folder from a seed file.

    The trainer² is what turns the seed into a trainer, such as the evaluator of an oversight league or a reward model,
    which then trains a model: the process whose outcome hinges on the seed. It is one of the built-in kinds, or yours.

    \b
    Example:
      activeseed init study --from positives.jsonl --pool outputs.jsonl --probes probes.jsonl
      activeseed init study --from pairs.csv --columns chosen=better,rejected=worse --base-rate 0.9
      activeseed init study --from rows.jsonl --system command --set 'system.argv=["python", "train.py"]'
    """
    from activeseed.cli.making import make_project, settings_of

    if rest not in RESTS:
        raise ConfigError(f"--rest {rest!r} is unknown.{nearest(rest, RESTS)}")
    study, warnings, why = make_project(
        folder,
        from_,
        pool=pool,
        probes=probes,
        system=system,
        embedder=embedder,
        columns=pairs(columns, "--columns"),
        base_rate=base_rate,
        rest=rest,  # type: ignore[arg-type]  # it is one of RESTS
        gold=gold,
        sure=sure,
        guidelines=guidelines,
        tables=settings_of(set_ or ()),
    )
    closed_with_the_command(study)
    for warning in warnings:
        say(f"Warning: {warning}")
    seed = study.seed
    kinds = {"system": study.settings.system.kind, "embedder": study.settings.embedder.kind}
    if as_json:
        print_json(
            {
                "folder": str(folder), "seed_version": seed.version, "items": len(seed), "groups": list(seed.groups),
                "pool": len(study.pool), "probes": len(study.probes), **kinds, "warnings": warnings,
            }
        )  # fmt: skip
        return
    show(f"Made {folder}: {_counted(seed, study.pool, study.probes)}.")
    show(f"Trainer²: {kinds['system']}. Embedder: {kinds['embedder']}{why}.")
    for line in _gold_words(study, sure):
        say(line)
    where = "" if folder.resolve() == Path.cwd() else f" --dir {folder}"
    say(f"Settings: {folder / 'activeseed.toml'}. Next:  activeseed check{where}")


def _gold_words(study: Study, sure: int) -> list[str]:
    """What vouches for whoever will answer, and what could: an offer where there is none."""
    from activeseed.cli.making import gold_from
    from activeseed.resolution import GOLD

    answers = {str(g["answer"]) for g in study.gold}
    if sure and len(answers) == 1:
        only = next(iter(answers))
        return [
            f"Note: every gold question has the answer {only!r}, which somebody who always says so gets right. Add "
            'some of another answer: --gold FILE with lines like {"id": "g1", "text": "…", "answer": "reject"}.'
        ]
    if study.gold:
        return []
    found = len(gold_from(study.seed, len(study.seed)))
    offer = f", or --gold-from-sure {GOLD}: you are sure of {found} items" if found >= GOLD else ""
    return [
        "Nothing vouches for whoever answers yet, so this study can settle, but not be called stable. "
        f"{GOLD} questions of known answer would: --gold FILE{offer}. So would a second annotator, or labelled probes."
    ]


def _counted(seed: Seed, pool: Sequence[Probe], probes: Sequence[Probe]) -> str:
    groups = f" in {len(seed.groups)} groups" if len(seed.groups) > 1 else ""
    parts = [f"{len(seed)} items{groups}", f"{len(probes)} probes"]
    if pool:
        parts.insert(1, f"a pool of {len(pool)}")
    return ", ".join(parts)


def check(
    folder: Dir = HERE,
    time_it: Annotated[bool, typer.Option("--time", help="Train some rows, to say how long a ranking takes.")] = False,
    accept: Accept = False,
    as_json: Json = False,
) -> None:
    """Validate everything, and say what a ranking and each round cost at most: trainings, time, money.

    A trainer of your own is run: one row twice, in two processes, to see that it works and that equal trainings have
    equal outcomes.

    \b
    Example:
      activeseed check --time
    """
    from activeseed.cli.progress import Progress

    with Progress() as progress:
        found = open_study(folder, progress, accept=accept).check(time_it=time_it)
    if as_json:
        print_json(found)
        return
    from activeseed.cli.standing import check_lines

    for warning in found.get("warnings", []):
        say(f"Warning: {warning}")
    _print_pairs(check_lines(found))
    say("Everything is in order. Next:  activeseed rank")


def status(folder: Dir = HERE, as_json: Json = False) -> None:
    """Where the study stands: answered, pending, annotators, agreement, calibration, spread, risk.

    \b
    Example:
      activeseed status --json
    """
    standing = open_study(folder).status()
    if as_json:
        print_json(standing)
        return
    from activeseed.cli.standing import status_lines

    _print_pairs(status_lines(standing))


def _print_pairs(lines: Sequence[tuple[str, str]]) -> None:
    """Names on the left, what they are on the right, wrapped within their column."""
    from rich.table import Table
    from rich.text import Text

    from activeseed.cli.screen import clean, results

    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, text in lines:
        table.add_row(name, Text(clean(text)))
    results().print(table)


def read_text(path: Path, what: str) -> str:
    """A text file. Raises FolderError."""
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FolderError(f"{what} {path} can't be read: {error}. Give a UTF-8 file.") from error
