"""Designs on a terminal: a line each, fewer columns where it is narrow, what is told apart and what is not."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING

from activeseed.cli.numbers import Scale, counted, number
from activeseed.cli.screen import clean, one_line, results
from activeseed.cli.tables import bare_table

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from activeseed.stack.designs import ComparedDesigns, DesignFound
    from activeseed.stack.designs.found import Difference
    from activeseed.study import Study

#: columns of characters from which there is room for it
WIDE, MIDDLE = 110, 76
#: what a design's place is marked with
MARKS = {"on the front": "●", "not told": "○", "off it": "", "not measured": ""}
#: a ratio beyond e to this is as good as without end
MOST_LOG = 700.0
HEADS = {"accuracy": "accuracy", "brier": "Brier", "auc": "AUC"}


def print_designs(found: ComparedDesigns, study: Study) -> None:
    """The designs, what differs, which stability alone would pick, and how stability and quality go together."""
    console = results()
    console.print(
        f"{study.system.kind}, seed {study.seed.version}: {counted(len(found.measured), 'design')}, "
        f"{counted(found.draws, 'draw')}"
        + (f" under {counted(found.keys, 'key')}" if found.keys else "")
        + f", {counted(found.probes, 'probe')}",
        style="bold",
    )
    console.print()
    console.print(designs_table(found, console.width))
    _wrapped(console, legend(found), "dim")
    for d in found.designs:
        if d.why:
            _wrapped(console, f"! {d.name} was not measured: {d.why}", "yellow")
    if len(found.measured) > 1:
        console.print()
        _wrapped(console, f"Less {found.reference} (* told from none over all of them, 95 % intervals)", "bold")
        console.print(differences_table(found, console.width))
    console.print()
    if found.pick is not None:
        _wrapped(console, found.pick.words)
    if found.together is not None:
        _wrapped(console, found.together.words)
    _wrapped(console, "Stable is not good: a trainer that ignores its seed is the stablest of all.")
    for note in found.notes:
        _wrapped(console, note, "dim")


def legend(found: ComparedDesigns) -> str:
    """What the marks mean."""
    criteria = ["spread", *(HEADS[c] for c in found.criteria if c in HEADS)]
    criteria += ["lock-in"] if "lock_in" in found.criteria else []
    said = f"● on the Pareto front of {', '.join(criteria)}; ○ not told whether it is."
    if "lock_in" not in found.criteria:
        return said
    return (
        f"{said} Lock-in is the response to a legitimate revision over that to a rewording: high is open, below 1 is "
        "locked in."
    )


def designs_table(found: ComparedDesigns, width: int) -> Table:
    """One line a design, ``width`` characters wide."""
    table = bare_table(width)
    wide, middle = width >= WIDE, width >= MIDDLE
    measured = found.measured
    scale = Scale.of([d.spread.value for d in measured if d.spread])
    qualities = [name for name in HEADS if any(name in d.quality for d in measured)]
    qualities = qualities if middle else [name for name in qualities if name == found.quality]
    locked = any(d.lock_in for d in measured)
    table.add_column("", no_wrap=True, width=1)
    table.add_column("design", no_wrap=True, overflow="ellipsis", ratio=1)
    table.add_column(f"spread {scale.words}".strip(), justify="right", no_wrap=True)
    if wide:
        table.add_column("noise", justify="right", no_wrap=True)
    for name in qualities:
        table.add_column(HEADS[name], justify="right", no_wrap=True)
    if locked:
        table.add_column("lock-in", justify="right", no_wrap=True)
    if middle:
        table.add_column("front", justify="right", no_wrap=True)
    if wide:
        table.add_column("least spread", justify="right", no_wrap=True)
        table.add_column("arithmetic", justify="right", no_wrap=True)
        table.add_column("seconds", justify="right", no_wrap=True)
    for d in measured:
        cells = [MARKS[d.standing], one_line(d.name)]
        assert d.spread is not None
        cells.append(_with_error(d.spread.value, d.spread.se, scale, middle))
        if wide:
            cells.append(scale.show(d.noise, 2))
        for name in qualities:
            q = d.quality.get(name)
            cells.append("–" if q is None else f"{q.value:.3f}" + (f" ±{q.se:.3f}" if middle else ""))
        if locked:
            cells.append(lock_in_words(d, middle))
        if middle:
            cells.append(f"{100 * d.front_chance:.0f} %")
        if wide:
            cells += [f"{100 * d.pick_chance:.0f} %", number(d.multiply_adds, 2), number(d.seconds, 2)]
        table.add_row(*map(_text, cells))
    return table


def lock_in_words(d: DesignFound, interval: bool) -> str:
    """A ratio, with the ratios that are not ruled out."""
    if d.lock_in is None or not d.lock_in.ratio > 0.0:
        return "–"
    said = number(d.lock_in.ratio, 2)
    if not interval or math.isnan(d.lock_in.low):
        return said
    high = "∞" if math.isinf(d.lock_in.high) else number(d.lock_in.high, 2)
    return f"{said} ({number(d.lock_in.low, 2)}–{high})"


def differences_table(found: ComparedDesigns, width: int) -> Table:
    """One line a design but the reference: what it has more or less than that."""
    table = bare_table(width)
    middle = width >= MIDDLE
    others = [d for d in found.measured if d.differences]
    scale = Scale.of([d.differences["spread"].value for d in others])
    table.add_column("design", no_wrap=True, overflow="ellipsis", ratio=1)
    if width >= WIDE:
        table.add_column("differs", no_wrap=True, overflow="ellipsis", ratio=1)
    for name in found.criteria:
        head = f"spread {scale.words}".strip() if name == "spread" else HEADS.get(name, "lock-in, times")
        table.add_column(head, justify="right", no_wrap=True)
    if middle:
        table.add_column("not told apart from", no_wrap=True, overflow="ellipsis", ratio=1)
    for d in others:
        cells = [one_line(d.name)] + ([one_line(d.words)] if width >= WIDE else [])
        cells += [difference_words(name, d.differences[name], scale, middle) for name in found.criteria]
        if middle:
            cells.append(one_line(", ".join(d.ties) or "none"))
        table.add_row(*map(_text, cells))
    return table


def difference_words(name: str, d: Difference, scale: Scale, interval: bool) -> str:
    """A difference, with its interval where there is room, and a star where it is told from none."""
    star = "*" if d.told else " "

    def show(value: float) -> str:
        if name == "lock_in":
            return f"×{number(math.exp(value), 2)}" if value < MOST_LOG else "×∞"
        return scale.show(value, 2) if name == "spread" else f"{value:+.3f}".replace("-", "−")

    ends = f" ({show(d.low)} to {show(d.high)})" if interval else ""
    return f"{show(d.value)}{ends} {star}"


def _with_error(value: float, se: float, scale: Scale, error: bool) -> str:
    return scale.show(value) + (f" ±{scale.show(se, 2)}" if error and math.isfinite(se) else "")


def _wrapped(console: Console, text: str, style: str = "") -> None:
    for line in textwrap.wrap(clean(text), max(20, console.width - 1), break_long_words=False, break_on_hyphens=False):
        console.print(line, style=style, soft_wrap=True)


def _text(value: str) -> Text:
    from rich.text import Text

    return Text(clean(value))
