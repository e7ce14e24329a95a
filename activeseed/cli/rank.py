"""``activeseed rank``: on which items the outcome hinges."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from activeseed.cli.analysing import agreed, trained_words, write_frames
from activeseed.cli.options import HERE, Accept, Dir, Json, Yes, need_folders, open_study
from activeseed.cli.progress import Progress
from activeseed.cli.screen import clean, print_json, say
from activeseed.estimators.columns import ORDERS
from activeseed.laws import KINDS
from activeseed.protocols import Name

if TYPE_CHECKING:
    from activeseed.outcome import Ranking
    from activeseed.seed import Seed


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
