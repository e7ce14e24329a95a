"""The matrix of stability on a terminal: verdicts first, then a sentence a cell, never a broken line."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from activeseed.analyses.stability.matrix import ASPECTS, LEVELS
from activeseed.analyses.stability.saying import (
    ASPECT_WORDS,
    LEVEL_WORDS,
    interval_words,
    number,
    source_words,
)
from activeseed.analyses.stability.washing import Estimate
from activeseed.cli.screen import clean, results
from activeseed.cli.tables import plain_table
from activeseed.factor import shown

if TYPE_CHECKING:
    from rich.console import Console

    from activeseed.analyses import Cell, RateRanges, StabilityMatrix, TwoTrainers, Varied
    from activeseed.study import Study

#: columns of characters from which there is room for numbers beside verdicts
WIDE = 100
#: and for the whole heading
NARROW = 60


def print_matrix(found: StabilityMatrix, study: Study) -> None:
    """The matrix, a sentence for each of its cells, and the spread along each setting that was swept."""
    console = results()
    for note in found.notes:
        _line(console, f"! {note}", "yellow")
    _line(console, f"{study.system.kind}, seed {study.seed.version}: what washes out, level by level", "bold")
    console.print()
    wide = console.width >= WIDE
    rows = []
    for level in LEVELS:
        cells = {c.aspect: c for c in found.cells if c.level == level}
        if cells:
            rows.append([LEVEL_WORDS[level], *(short(cells[a], wide) if a in cells else "–" for a in ASPECTS)])
    structure = "structurally stable?" if console.width >= NARROW else "structure?"
    console.print(plain_table(["level", "stable?", structure], rows, console.width))
    for cell in found.cells:
        console.print()
        _line(console, f"{LEVEL_WORDS[cell.level]}, {ASPECT_WORDS[cell.aspect]}", "bold")
        _line(console, cell.sentence)
        for varied in cell.varied:
            for said in varied.changes:
                _line(console, said)
            if along := along_words(varied):
                _line(console, along, "dim")
    console.print()
    _line(console, FOOTER.format(unit=found.unit), "dim")


FOOTER = (
    "Ratios: what is left of a difference of the start, 1 where it is kept; spreads in {unit}; intervals are 95 %. A "
    "setting changes the picture where the number of basins, or the item that the outcome hangs on most, becomes "
    "another one beyond chance, or all seeds end alike; a change names as many basins as most subsets show. Stable is "
    "not good: what washes out may be what was meant."
)


def short(cell: Cell, wide: bool = False) -> str:
    """A verdict in a few words, with its ratio where there is room.

    >>> from activeseed.analyses import Cell
    >>> from activeseed.cli.matrix import short
    >>> short(Cell("human", "start", why="Not run", run=False)), short(Cell("model", "start", why="No state."))
    ('not run', '–')
    """
    verdict = cell.verdict
    if verdict == "none":
        return "–"
    ratios = [s.ratio for s in cell.starts if s.verdict == verdict and s.ratio.is_known]
    if wide and ratios:
        return f"{verdict}, ratio {interval_words(ratios[0])}"
    if verdict == "changes":
        where = [f"changes {v.where}" for v in cell.varied if v.changes]
        where += [
            f"changes, {100 * m.at:.0f} % of {m.of.partition(' (')[0]} off" for m in cell.masked if m.at is not None
        ]
        return f"{where[0]} and {len(where) - 1} more" if len(where) > 1 else where[0]
    if verdict == "unclear" and cell.starts and not cell.starts[0].ratio.is_known:
        return f"spread {number(cell.starts[0].spread.value)}"
    return verdict


def along_words(varied: Varied) -> str:
    """How many times the spread where it stands the spread is at each value of a setting."""
    if len(varied.at) < 2:
        return ""
    said = []
    for at in varied.at:
        times = "here" if at.swept.here else _times(at.against)
        basins = f", {at.swept.number} basins" if at.swept.number > 1 else ""
        said.append(f"{shown(at.swept.value)} ({times}{basins})")
    return f"Spread over seeds along {varied.name}: {', '.join(said)}."


def _times(against: Estimate) -> str:
    """How many times the spread; below zero there is only noise, and how far below says nothing."""
    if not against.is_known:
        return "unknown"
    return f"×{number(against.value)}" if against.value > 0 else "none seen"


def print_rates(found: RateRanges) -> None:
    """Which learning rates train to one end, a line a momentum."""
    console = results()
    console.print()
    _line(console, f"Learning rates that train to one end ({found.setting} stands at {number(found.standing)})", "bold")
    rows = []
    for r in found.ranges:
        ends = f"{'≤ ' if r.least else ''}{number(r.low)} to {'≥ ' if r.most else ''}{number(r.high)}"
        width = interval_words(Estimate(r.width, r.width_low, r.width_high))
        rows.append(["–" if r.momentum is None else f"{r.momentum:g}", ends, f"{width} decades"])
    console.print(plain_table(["momentum", "from, to", "width"], rows, console.width))
    for note in found.notes:
        _line(console, note, "dim")


def print_two(found: TwoTrainers) -> None:
    """Two trainers, number by number."""
    console = results()
    console.print()
    _line(console, f"{found.names[0]} and {found.names[1]}", "bold")
    for note in found.notes:
        _line(console, f"! {note}", "yellow")
    rows = []
    wide = console.width >= WIDE
    for c in found.contrasts:
        gap = interval_words(c.difference) if wide else number(c.difference.value)
        star = " *" if c.differs else "  "
        values = [number(c.first.value), number(c.second.value), f"{'×' if c.what == 'ratio' else ''}{gap}{star}"]
        rows.append([*values, f"{LEVEL_WORDS[c.level]}: {c.what} over {source_words(c.of)}"])
    for curve in found.curves:
        star = " *" if curve.mean_low > 0 or curve.mean_high < 0 else "  "
        gap = f"{number(-curve.mean)} [{number(-curve.mean_high)}, {number(-curve.mean_low)}]"
        rows.append(["", "", f"{gap if wide else number(-curve.mean)}{star}", f"model: moved by {curve.of} off, mean"])
    if rows:
        console.print(plain_table(["first", "second", "change", "of"], rows, console.width, right=(0, 1, 2)))
    if found.apart.is_known:
        _line(console, f"Their outcomes on the same seeds lie {interval_words(found.apart)} apart ({found.unit}).")
    for picture in found.pictures:
        same = "alike" if picture.same else "otherwise"
        _line(console, f"{LEVEL_WORDS[picture.level]} moves {same}: {picture.first}; beside: {picture.second}.")
    _line(console, "* more than chance, each by itself at 5 %", "dim")


def _line(console: Console, text: str, style: str = "") -> None:
    for line in textwrap.wrap(clean(text), max(20, console.width - 1), break_long_words=False, break_on_hyphens=False):
        console.print(line, style=style, soft_wrap=True)
