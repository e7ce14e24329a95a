"""``activeseed removal``: how far can leaving out any few items move what is learned?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from activeseed.cli.analysing import agreed, print_found, say_trained, write_frames
from activeseed.cli.numbers import counted, number
from activeseed.cli.options import HERE, Accept, Csv, Dir, Json, Yes, need_folders, open_study
from activeseed.cli.progress import Progress
from activeseed.cli.screen import clean, one_line, results
from activeseed.cli.tables import bare_table, named
from activeseed.cli.votes import print_votes

if TYPE_CHECKING:
    from rich.table import Table

    from activeseed.analyses import RemovalBound, Removals
    from activeseed.study import Study

#: columns of characters from which there is room for it
WIDE = 100
#: from here a bound on a score is shown by its size alone
LARGE = 1000.0


def removal(
    folder: Dir = HERE,
    removals: Annotated[
        list[int] | None,
        typer.Option("--k", min=1, metavar="N", help="Items that may be missing; may be repeated. Else 1, 3 and 10."),
    ] = None,
    sets: Annotated[
        int, typer.Option("--sets", min=1, max=10_000, metavar="N", help="Strongest sets that are trained, for each.")
    ] = 24,
    exhaustive: Annotated[
        int,
        typer.Option("--all-up-to", min=0, metavar="N", help="Where there are no more sets than this, train them all."),
    ] = 512,
    top: Annotated[int, typer.Option("--top", min=0, metavar="N", help="Rows of the table; 0 shows all.")] = 20,
    as_json: Json = False,
    csv: Csv = None,
    accept: Accept = False,
    yes: Yes = False,
) -> None:
    """Prove how far the outcome can move when any few items are left out, beside the worst that was found.

    Where [system] kind = "partition", its votes say what its decisions bear, whatever is trained on each part: any
    removals and additions, and edits at two each.

    \b
    Example:
      activeseed removal
      activeseed removal --k 1 --k 5
      activeseed removal --json > removal.json
    """
    need_folders(csv)
    with Progress("preparing") as progress:
        study = open_study(folder, progress, accept=accept)
        from activeseed.analyses import PartitionCertificate, PartitionVotes, RemovalBounds

        asked: Any = RemovalBounds(removals=tuple(removals or ()), sets=sets, exhaustive=exhaustive)
        if study.system.kind == "partition":  # whatever its members are, its votes say what its decisions bear
            asked = PartitionCertificate()
        before = study.trainer.trainings
        found: Removals | PartitionVotes = agreed(study, progress, yes, lambda: study.analyse(asked))
    write_frames(found, csv, None)
    if as_json:
        print_found(found, study)
        return
    if isinstance(found, PartitionVotes):
        print_votes(found, study, top)
    else:
        print_removals(found, study, top)
    say_trained(study, before)


def print_removals(found: Removals, study: Study, top: int = 20) -> None:
    """What is proved in words, and a line a probe, on stdout."""
    console = results()
    for note in found.notes:
        console.print(f"! {clean(note)}", style="yellow")
    console.print(f"{study.system.kind}, seed {study.seed.version}: any few items removed", style="bold")
    console.print()
    for bound in found.bounds:
        console.print(clean(bound.statement), style="yellow" if bound.vacuous else "")
        console.print(_aside(bound), style="dim")
    console.print(f"Scores are log-odds of the outcome, {found.mean_score:.2g} in size on average.", style="dim")
    console.print()
    texts = {p.id: p.payload.display for p in study.system.places(study.materials)}
    console.print(removal_table(found, texts, console.width, top))
    if top and len(found.scores) > top:
        console.print(f"… and {len(found.scores) - top} more: --top 0 shows all", style="dim")
    if len(hidden := found.bounds[len(_shown(found.bounds, console.width)) :]):
        which = ", ".join(str(b.removed) for b in hidden)
        console.print(f"any {which}: in a terminal of {WIDE} columns, --csv or --json", style="dim")
    console.print(
        "seen … proved: how far a score was seen to move, and can move at most; = where all was seen", style="dim"
    )
    console.print("holds: removals of so many, whichever they are, can't flip the decision", style="dim")


def _aside(bound: RemovalBound) -> str:
    out = f"  {counted(bound.sets, 'set')} trained"
    if bound.exact:
        return f"{out}, which are all."
    out += "." if bound.looseness == float("inf") else f"; proved / seen: {bound.looseness:.3g} in the median."
    if bound.distance is not None and not bound.vacuous:
        out += f" At any input x the score moves by at most {bound.distance:.3g} times the length of x."
    return out


def removal_table(found: Removals, texts: dict[str, str], width: int, top: int = 20) -> Table:
    """One line a probe, those that hold least first: its score, how far it moves for each k, and what it holds."""
    from rich.text import Text

    order = _least_first(found)
    shown = order if top <= 0 else order[:top]
    bounds = _shown(found.bounds, width)
    table = bare_table(width)
    cells = {b.removed: [_reach(b, p) for p in shown] for b in bounds}
    left = width - 9 - 7 - sum(max(7, *map(len, column)) + 2 for column in cells.values())
    table.add_column("probe", no_wrap=True, width=max(8, left), overflow="ellipsis")
    table.add_column("score", justify="right", no_wrap=True)
    for b in bounds:
        table.add_column(f"any {b.removed}", justify="right", no_wrap=True)
    table.add_column("holds", justify="right", no_wrap=True)
    certified = found.certified
    for row, p in enumerate(shown):
        name = found.bounds[0].probes[p].id
        label = named(one_line(name), one_line(texts.get(name, name)), max(8, left))
        flips = any(b.probes[p].flips for b in found.bounds)
        table.add_row(
            Text(label),
            Text(f"{found.scores[p]:+.2f}"),
            *[Text(cells[b.removed][row], style="dim" if b.vacuous else "") for b in bounds],
            Text(str(certified[name]), style="yellow" if flips and not certified[name] else ""),
        )
    return table


def _least_first(found: Removals) -> list[int]:
    certified, names = found.certified, [p.id for p in found.bounds[0].probes]
    return sorted(range(len(names)), key=lambda p: (certified[names[p]], abs(found.scores[p])))


def _shown(bounds: Sequence[RemovalBound], width: int) -> tuple[RemovalBound, ...]:
    """As many columns as there is room for, the smallest removals first."""
    return tuple(bounds if width >= WIDE else bounds[: max(1, (width - 34) // 16)])


def _reach(bound: RemovalBound, p: int) -> str:
    probe = bound.probes[p]
    if bound.exact:
        return f"= {probe.seen:.2f}"
    if probe.proved == float("inf"):
        return f"{probe.seen:.2f} … ?"
    return f"{probe.seen:.2f} … {f'{probe.proved:.2f}' if probe.proved < LARGE else number(probe.proved, 2)}"
