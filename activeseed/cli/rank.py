"""``activeseed rank``: on which items the outcome hinges."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol, TypeVar

import typer

from activeseed.cli.numbers import counted
from activeseed.cli.options import HERE, Accept, Dir, Json, Yes, confirm, need_folders, open_study
from activeseed.cli.progress import Progress
from activeseed.cli.screen import clean, print_json, say
from activeseed.errors import ConsentError
from activeseed.estimators.columns import ORDERS
from activeseed.laws import KINDS
from activeseed.protocols import Name

if TYPE_CHECKING:
    from activeseed.outcome import Ranking
    from activeseed.seed import Seed
    from activeseed.study import Study

Result = TypeVar("Result")


class Framed(Protocol):
    """A result that is a table as well."""

    def to_frame(self) -> Any: ...


def rank(
    folder: Dir = HERE,
    by: Annotated[
        str,
        typer.Option(
            "--by", metavar="COLUMN", help=f"Order: {', '.join(ORDERS)}, or a column of the estimator; else what fits."
        ),
    ] = "",
    law: Annotated[
        str,
        typer.Option(
            "--law",
            metavar="LAW",
            help=f"What is done to an item for its effect: {', '.join(KINDS)}, or yours: package.module:Name.",
        ),
    ] = "",
    top: Annotated[int, typer.Option("--top", min=0, metavar="N", help="Rows of the table; 0 shows all.")] = 20,
    as_json: Json = False,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write the ranking as CSV too.")] = None,
    parquet: Annotated[
        Path | None, typer.Option("--parquet", metavar="FILE", help="Write the ranking as Parquet too.")
    ] = None,
    retry: Annotated[
        bool, typer.Option("--retry", help="Train rows that failed once more; otherwise a failure stays one.")
    ] = False,
    accept: Accept = False,
    yes: Yes = False,
) -> None:
    """Rank the items by how much hangs on them. What was trained before is not trained again.

    \b
    Example:
      activeseed rank --by effect --law drop
      activeseed rank --json > ranking.json
      activeseed rank --parquet ranking.parquet --top 0
    """
    if law:
        from activeseed.laws import law_known

        law_known(law)
    need_folders(csv, parquet)
    with Progress("preparing") as progress:
        study = open_study(folder, progress, accept=accept)
        ranking = agreed(
            study,
            progress,
            yes,
            lambda: study.rank(by=Name(by) if by else None, law=Name(law) if law else None, retry=retry),
        )
    write_frames(ranking, csv, parquet)
    if as_json:
        print_json(ranking.to_dict())
        return
    print_ranking(ranking, study.seed, top)
    if ranking.summary.get("trainings_new") is not None:
        say(trained_words(int(ranking.summary["trainings_new"]), study))


def agreed(study: Study, progress: Progress, yes: bool, act: Callable[[], Result]) -> Result:
    """Do something that trains. What costs more than was agreed to is asked about, and goes on from where it stood.

    Once it is done, what was agreed to for it and not spent lapses: a yes was about this, and about nothing else.
    """
    given: set[str] = set()
    while True:
        try:
            done = act()
            break
        except ConsentError as wanted:
            progress.pause()
            confirm(f"{wanted.question} Go on?", yes)
            study.agree(**wanted.would_do)
            given |= set(wanted.would_do)
    if given:
        study.agree(**{name: getattr(study.budget, name) for name in given})
    return done


def trained_words(new: int, study: Study) -> str:
    """How many trainings something cost now, and how many the study had made before."""
    before = study.budget.trainings - new
    return counted(new, "training") + (f"; {before:,} were made before." if before else ".")


def say_trained(study: Study, before: int) -> None:
    """Say the same of what was done since ``before`` trainings had been made."""
    say(trained_words(study.budget.trainings - before, study))


def print_ranking(ranking: Ranking, seed: Seed, top: int = 20) -> None:
    """The ranking on stdout: what a reader must know first, the table, then the numbers of the whole."""
    from activeseed.cli.screen import results
    from activeseed.cli.tables import law_lines, ranking_heading, ranking_table, starred, test_words, whole_lines

    result = ranking.to_dict()
    console = results()
    first, last = _notes(result)
    for note in first:
        console.print(f"! {clean(note)}", style="yellow")
    console.print(ranking_heading(result, ranking.declared), style="bold")
    console.print()
    console.print(ranking_table(result, seed, console.width, top, ranking.declared))
    more = len(result["items"]) - top if top else 0
    footer = [f"… and {more} more: --top 0 shows all"] if more > 0 else []
    star = starred(result["by"])
    if any(r.get(star) for r in result["items"]):
        footer.append(f"* {test_words(result)}")
    elif any(r.get(star) is False for r in result["items"]):
        footer.append(f"no item is {test_words(result)}")
    if any(r.get("divided") is not None for r in result["items"]):
        footer.append("(divided): people really disagree about it; see activeseed status")
    for line in (*footer, *law_lines(result), *map(clean, last)):
        console.print(line, style="dim")
    console.print()
    for line in whole_lines(result, console.width):
        console.print(line)


def _notes(result: dict[str, Any]) -> tuple[list[str], list[str]]:
    """What a reader must know before the table (chance, chaos, failures), and what can wait: columns the budget cut."""
    notes = [str(n) for n in result.get("notes", [])]
    if "chaotic" in result and not any("chaotic" in n.lower() for n in notes):
        if result["chaotic"]:
            notes.insert(0, "The trainer is chaotic at this setting: tiny changes move the outcome like real ones do.")
        elif result["chaotic"] is None:
            notes.insert(0, "Whether the trainer is chaotic at this setting is unknown.")
    cut = [n for n in notes if n.startswith("The budget of ") and ("total ind" in n or "sampling spread" in n)]
    chance = [n for n in notes if result.get("no_better_than_chance") and n.startswith("No better than chance")]
    left = [n for n in notes if n not in cut and n not in chance]
    return [*chance, *sorted(left, key=lambda n: "chaotic" not in n.lower())], cut


def write_frames(ranking: Framed, csv: Path | None, parquet: Path | None) -> None:
    """A result as files. Raises FolderError."""
    if csv is None and parquet is None:
        return
    from activeseed.formats import guard, write_whole

    frame = ranking.to_frame()
    if csv is not None:
        texts = frame.select_dtypes(exclude=["number", "bool"]).columns
        shown = frame.assign(**{c: [guard(v) if isinstance(v, str) else v for v in frame[c]] for c in texts})
        write_whole(csv, shown.to_csv(index=False).encode())
    if parquet is not None:
        write_whole(parquet, frame.to_parquet(index=False))
    for file in filter(None, (csv, parquet)):
        print(f"Written: {file}", file=sys.stderr)
