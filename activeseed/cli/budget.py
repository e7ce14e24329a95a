"""The variance budget on a terminal: fewer columns where it is narrow, never broken lines."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING

from activeseed.analyses.budget.coordinates import words_of
from activeseed.analyses.budget.found import interval_words, percent
from activeseed.cli.numbers import bar, counted, with_error
from activeseed.cli.screen import clean, one_line, results
from activeseed.cli.tables import bare_table, named, on_one_line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from activeseed.analyses import Budget, Share
    from activeseed.seed import Seed
    from activeseed.study import Study

#: columns of characters from which there is room for bars, and for intervals
WIDE, MIDDLE = 100, 64


def print_budget(found: Budget, study: Study, top: int = 12) -> None:
    """Tables on stdout: levels with their groups, interactions, single factors; then what the table doesn't say.

    Args:
        top: single factors, and parts of the outcome, that are shown; 0 shows all.
    """
    console = results()
    console.print()
    console.print("Variance budget: which level the final spread comes from", style="bold")
    rows = counted(found.rows, "row")
    _wrapped(
        console,
        f"spread {with_error(found.spread, found.spread_se)} ({found.unit}), noise removed"
        + (f"; noise that no level owns {with_error(found.noise, None)}" if found.noise > 0 else "")
        + f". {rows} in {counted(found.blocks, 'block')}, {counted(found.combinations, 'combination')} of settings.",
        "dim",
    )
    console.print()
    console.print(levels_table(found, console.width))
    if found.factors:
        console.print()
        console.print("Single factors (* told from nothing, all of them together)", style="bold")
        console.print(factors_table(found, study.seed, console.width, top))
    if found.outcome_blocks:
        console.print()
        console.print("Parts of the outcome", style="bold")
        console.print(parts_table(found, console.width, top))
        if top and len(found.outcome_blocks) > top:
            console.print(f"and {len(found.outcome_blocks) - top} more", style="dim")
    console.print()
    for note in found.notes:
        _wrapped(console, note)
    _wrapped(console, " ".join(found.limits), "dim")


def levels_table(found: Budget, width: int) -> Table:
    """Levels, below each its groups; then interactions. A star: told from nothing."""
    rows: list[tuple[str, Share, str]] = []
    for level in found.levels:
        own = [g for g in found.groups if g.level == level.level]
        rows.append((level.words, level.share, percent(level.total.value)))
        if len(own) > 1:
            rows += [(f"  {g.aspect}: {g.what}", g.share, "") for g in own]
            rows += [("  start × dynamics", level.both, "")] if level.both is not None else []
        elif own:
            rows[-1] = (f"{level.words} ({own[0].aspect}: {own[0].what})", *rows[-1][1:])
    rows += [(f"{words_of(i.first)} × {words_of(i.second)}", i.share, "") for i in found.interactions]
    if found.rest is not None:
        rows.append(("three levels or more", found.rest, ""))
    table = bare_table(width)
    table.add_column("level", no_wrap=True, overflow="ellipsis", ratio=1)
    table.add_column("share", justify="right", no_wrap=True)
    if width >= WIDE:
        table.add_column("", no_wrap=True, width=20)
    if width >= MIDDLE:
        table.add_column("95 %", justify="right", no_wrap=True)
    table.add_column("with interactions" if width >= WIDE else "with others", justify="right", no_wrap=True)
    for name, share, total in rows:
        cells = [name, percent(share.value) + _mark(share, found)]
        if width >= WIDE:
            cells.append(bar(share.value, 20) if math.isfinite(share.value) else "")
        if width >= MIDDLE:
            cells.append(interval_words(share.low, share.high))
        table.add_row(*map(_text, [*cells, total]))
    return table


def factors_table(found: Budget, seed: Seed, width: int, top: int) -> Table:
    """Single factors, largest first."""
    texts = {i.id: on_one_line(i.payload) for i in seed.items}
    table = bare_table(width)
    table.add_column("factor", no_wrap=True, overflow="ellipsis", ratio=1)
    if width >= MIDDLE:
        table.add_column("lies in", no_wrap=True)
    table.add_column("share", justify="right", no_wrap=True)
    if width >= MIDDLE:
        table.add_column("95 %", justify="right", no_wrap=True)
    room = max(10, width - 60)
    for factor in found.factors[: top or None]:
        text = texts.get(factor.id, "") if factor.kind == "item" else ""
        cells = [named(one_line(factor.id), text, room) if text else one_line(factor.id)]
        if width >= MIDDLE:
            cells.append(f"{words_of(factor.level)} {factor.aspect}, {factor.kind}")
        cells.append(percent(factor.share.value) + _mark(factor.share, found))
        if width >= MIDDLE:
            cells.append(interval_words(factor.share.low, factor.share.high))
        table.add_row(*map(_text, cells))
    return table


def parts_table(found: Budget, width: int, top: int) -> Table:
    """Parts of the outcome as they stand in it: how much of the spread is theirs, and of that each level's share."""
    table = bare_table(width)
    table.add_column("part", ratio=1)
    table.add_column("of the spread" if width >= MIDDLE else "spread", justify="right", no_wrap=True)
    levels = [level.level for level in found.levels]
    for level in levels:
        table.add_column(words_of(level), justify="right", no_wrap=True)
    for block in found.outcome_blocks[: top or None]:
        shares = [percent(block.levels[level].value) if level in block.levels else "–" for level in levels]
        table.add_row(*map(_text, [block.name, percent(block.of_spread), *shares]))
    return table


def _mark(share: Share, found: Budget) -> str:
    return " *" if share.distinguishable(found.alpha) else "  "


def _text(text: str) -> Text:
    from rich.text import Text

    return Text(text)


def _wrapped(console: Console, text: str, style: str = "") -> None:
    for line in textwrap.wrap(clean(text), max(20, console.width - 1), break_long_words=False, break_on_hyphens=False):
        console.print(line, style=style, soft_wrap=True)
