"""The human level on a terminal: what whole studies differ in, how far an answer carries, what crews and methods do."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING

from activeseed.cli.numbers import Scale, bar, counted, number, with_error
from activeseed.cli.screen import clean, one_line, results
from activeseed.cli.tables import bare_table

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from activeseed.stack.human import HumanFound
    from activeseed.stack.human.found import Left, Share, Spread
    from activeseed.study import Study

#: columns of characters from which there is room for it
WIDE, MIDDLE = 110, 72
#: what the levels are called here
LEVELS = {"trainer2": "seed", "trainer": "trainer", "model": "model", "world": "decisions"}


def print_human(found: HumanFound, study: Study) -> None:
    """Tables on stdout: shares of the spread, how far an answer carries, crews and methods; then the two verdicts."""
    console = results()
    for note in found.notes:
        _wrapped(console, f"! {note}", "yellow")
    console.print(
        f"{study.system.kind}, seed {study.seed.version}: {found.studies:,} whole studies of "
        f"{counted(found.answers, 'answer')}",
        style="bold",
    )
    for factor in found.factors:
        _wrapped(console, f"{factor.name} ({factor.aspect}): {factor.words}", "dim")
    for title, table in tables(found, console.width):
        console.print()
        console.print(title, style="bold")
        console.print(table)
    console.print()
    for line in lines(found):
        _wrapped(console, line)


def tables(found: HumanFound, width: int) -> list[tuple[str, Table]]:
    """The tables with their headings, each ``width`` characters wide at most."""
    out = [("What final outcomes, and final seeds, differ by", shares_table(found, width))]
    out.append((f"What one answer moves, mean of {found.answers}", moved_table(found, width)))
    if found.ways:
        out.append(("Who answers, and how they are asked", ways_table(found, width)))
    return out


def shares_table(found: HumanFound, width: int) -> Table:
    """One line a share of the spread: of each factor, then of two together."""
    outcomes, seeds = found.spreads[0], found.spreads[1]
    table = bare_table(width)
    table.add_column("of the spread", no_wrap=True, overflow="ellipsis", ratio=1)
    if width >= WIDE:
        table.add_column("", no_wrap=True, width=14)
    table.add_column("outcomes", justify="right", no_wrap=True)
    if width >= MIDDLE:
        table.add_column("95 %", justify="right", no_wrap=True)
    table.add_column("seeds", justify="right", no_wrap=True)
    if width >= MIDDLE:
        table.add_column("95 %", justify="right", no_wrap=True)
    for a, b in zip(outcomes.shares, seeds.shares, strict=True):
        cells = [a.name]
        if width >= WIDE:
            cells.append(bar(a.value if a.value == a.value else 0.0, 14))
        for share in (a, b):
            cells.append(_share(share))
            if width >= MIDDLE:
                cells.append(_ends(share.low, share.high))
        table.add_row(*map(_text, cells))
    return table


def moved_table(found: HumanFound, width: int) -> Table:
    """One line a level: how far an answer moves it, early and late in a study."""
    table = bare_table(width)
    table.add_column("level", no_wrap=True)
    table.add_column("an answer moves", justify="right", no_wrap=True)
    if width >= MIDDLE:
        table.add_column("first half", justify="right", no_wrap=True)
        table.add_column("second half", justify="right", no_wrap=True)
    table.add_column("of", no_wrap=True, overflow="ellipsis", ratio=1)
    for moved in found.moved:
        cells = [LEVELS.get(moved.level, moved.level), with_error(moved.value, moved.se)]
        if width >= MIDDLE:
            cells += [number(moved.early), number(moved.late)]
        table.add_row(*map(_text, [*cells, moved.unit]))
    return table


def ways_table(found: HumanFound, width: int) -> Table:
    """One line a crew or a method: what it leaves of the error."""
    table = bare_table(width)
    wide, middle = width >= WIDE, width >= MIDDLE
    scale = Scale.of([m.value for w in found.ways for m in w.moved if m.level == "model"])
    table.add_column("", no_wrap=True)
    table.add_column("studies", justify="right", no_wrap=True)
    table.add_column("wrong at the end" if middle else "wrong", justify="right", no_wrap=True)
    table.add_column("error left", justify="right", no_wrap=True)
    if middle:
        table.add_column("95 %", justify="right", no_wrap=True)
        table.add_column(f"moved {scale.words}".strip(), justify="right", no_wrap=True)
    table.add_column("what it is" if wide else "", no_wrap=True, overflow="ellipsis", ratio=1)
    for way in found.ways:
        mark = " *" if way.differs else ""
        cells = [f"{one_line(way.name)}{mark}", str(way.studies), number(way.wrong), _percent(way.left.value)]
        if middle:
            model = next((m.value for m in way.moved if m.level == "model"), math.nan)
            cells += [_ends(way.left.low, way.left.high), scale.show(model, 2)]
        table.add_row(*map(_text, [*cells, one_line(way.words) if wide else ""]))
    return table


def lines(found: HumanFound) -> list[str]:
    """What it comes to, a sentence each."""
    out = [f"Stability: {found.stability}", f"Structural stability: {found.structure}"]
    out += [f"{left.of.capitalize()}: {left_words(left)}." for left in found.errors]
    out.append(noise_words(found.spreads[0]))
    if any(w.differs for w in found.ways):
        out.append("* ends otherwise than the first of its kind, beyond the error (within blocks, Holm).")
    minutes = found.seconds / 60.0
    paid = f" for {found.money:,.2f} {found.currency}".rstrip() if found.money else ""
    people = counted(found.people_answers, "answer")
    out.append(
        f"{found.trainings:,} trainings{paid} and {people} in all, {minutes:.0f} min of work. Shares are of these "
        "ranges, and the people are simulated: they know what is meant, and err as stated."
    )
    return out


def left_words(left: Left) -> str:
    """What is left of something, in words.

    >>> from activeseed.stack.human.found import Left
    >>> left_words(Left("items that are wrong", 12.0, 3.0, 0.25, 0.2, 0.31))
    '12 at the first draft, 3 at the end; 25 % is left (20 to 31 %)'
    """
    said = f"{number(left.first)} at the first draft, {number(left.last)} at the end"
    if not math.isfinite(left.value):
        return said
    ends = f" ({_ends(left.low, left.high)} %)" if math.isfinite(left.low) else ""
    return f"{said}; {_percent(left.value)} is left{ends}"


def noise_words(spread: Spread) -> str:
    """The spread of final outcomes beside what the same study would do again."""
    return (
        f"Spread of final outcomes: {with_error(spread.value, spread.se)} ({spread.unit}), noise apart; the same study "
        f"again, under other keys, varies by {number(spread.noise)}."
    )


def _share(share: Share) -> str:
    sure = " *" if share.p < 0.05 else "  "
    return f"{_percent(share.value)}{sure}"


def _percent(value: float) -> str:
    return f"{100 * value:.0f} %".replace("-", "−") if math.isfinite(value) else "–"


def _ends(low: float, high: float) -> str:
    """An interval in per cent; one without an upper end is said as such.

    >>> _ends(0.1, 0.25), _ends(0.5, float("inf")), _ends(float("nan"), float("nan"))
    ('10 to 25', 'above 50', '–')
    """
    if math.isnan(low) or math.isnan(high):
        return "–"
    if math.isinf(high):
        return f"above {100 * low:.0f}" if low > 0 else "anything"
    return f"{100 * low:.0f} to {100 * high:.0f}"


def _wrapped(console: Console, text: str, style: str = "") -> None:
    for line in textwrap.wrap(clean(text), max(20, console.width - 1), break_long_words=False, break_on_hyphens=False):
        console.print(line, style=style, soft_wrap=True)


def _text(value: str) -> Text:
    from rich.text import Text

    return Text(clean(value))
