"""What a partition's votes certify, on a terminal: `activeseed removal` where the system is a partition."""

from __future__ import annotations

from typing import TYPE_CHECKING

from activeseed.cli.screen import clean, one_line, results
from activeseed.cli.tables import bare_table, named

if TYPE_CHECKING:
    from rich.table import Table

    from activeseed.analyses import PartitionVotes
    from activeseed.study import Study

#: columns of characters from which the votes have room
WIDE = 90


def print_votes(found: PartitionVotes, study: Study, top: int = 20) -> None:
    """The statement, and a line a probe, those that bear least first, on stdout."""
    console = results()
    console.print(f"{study.system.kind}, seed {study.seed.version}: any few items removed or added", style="bold")
    console.print()
    for sentence in found.says:
        console.print(clean(sentence))
    console.print()
    texts = {p.id: p.payload.display for p in study.system.places(study.materials)}
    console.print(votes_table(found, texts, console.width, top))
    if top and len(found.places) > top:
        console.print(f"… and {len(found.places) - top} more: --top 0 shows all", style="dim")
    console.print(
        f"holds: any so many removals and additions leave the decision at {found.threshold:g} as it is; an edit counts "
        "as two",
        style="dim",
    )


def votes_table(found: PartitionVotes, texts: dict[str, str], width: int, top: int = 20) -> Table:
    """One line a probe: the ensemble's outcome, the single training's, the votes where there is room, what it holds."""
    from rich.text import Text

    order = sorted(found.places, key=lambda p: (-1 if p.changes is None else p.changes, p.id))
    wide = width >= WIDE
    table = bare_table(width)
    left = max(8, width - 9 - 8 - 7 - (18 if wide else 0))
    table.add_column("probe", no_wrap=True, width=left, overflow="ellipsis")
    table.add_column("median", justify="right", no_wrap=True)
    table.add_column("single", justify="right", no_wrap=True)
    if wide:
        table.add_column("above:below:–", justify="right", no_wrap=True)
    table.add_column("holds", justify="right", no_wrap=True)
    for p in order if top <= 0 else order[:top]:
        label = named(one_line(p.id), one_line(texts.get(p.id, p.id)), left)
        votes = [f"{p.above}:{p.below}:{found.parts - p.above - p.below}"] if wide else []
        holds = Text("open", style="yellow") if p.changes is None else Text(str(p.changes))
        table.add_row(Text(label), f"{p.outcome:.2f}", f"{p.single:.2f}", *votes, holds)
    return table
