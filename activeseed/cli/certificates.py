"""Certificates on a terminal: what was seen and what was proved, each in its column, in the order of the regions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from activeseed.analyses.certificates.saying import region_words, rounded_down, rounded_up
from activeseed.cli.numbers import number
from activeseed.cli.screen import clean, one_line, results
from activeseed.cli.tables import bare_table

if TYPE_CHECKING:
    from rich.table import Table

    from activeseed.analyses import Certificate, Certified
    from activeseed.study import Study

#: columns of characters from which there is room for it
WIDE, MIDDLE = 110, 70
#: statements that are printed in full
QUOTED = 2


def print_certified(found: Certified, study: Study) -> None:
    """The table on stdout, what its columns mean, and the first certificates in words."""
    console = results()
    for note in found.notes:
        console.print(f"! {clean(note)}", style="yellow")
    console.print(
        f"{study.system.kind}, seed {study.seed.version}: {clean(found.first)} and {clean(found.second)}, in "
        f"{found.unit}",
        style="bold",
    )
    console.print()
    console.print(certificate_table(found, console.width))
    for line in _footer(found):
        console.print(line, style="dim")
    for c in quoted(found):
        console.print()
        console.print(clean(c.statement))


def certificate_table(found: Certified, width: int) -> Table:
    """One line a region, ``width`` characters wide."""
    from rich.text import Text

    table = bare_table(width)
    table.add_column("region", no_wrap=True, overflow="ellipsis", ratio=1)
    table.add_column("seen ≥", justify="right", no_wrap=True)
    table.add_column("proved ≤", justify="right", no_wrap=True)
    chances = found.unit == "log-odds"
    if chances:
        table.add_column("ΔP ≤" if width < MIDDLE else "probability ≤", justify="right", no_wrap=True)
    if chances and width >= MIDDLE:
        table.add_column("KL ≤", justify="right", no_wrap=True)
    if width >= WIDE:
        table.add_column("JS ≤" if chances else "", justify="right", no_wrap=True)
        table.add_column("data", justify="right", no_wrap=True)
    if width >= MIDDLE:
        table.add_column("how", no_wrap=True)
    for c in found.certificates:
        cells = [
            Text(_region(c)),
            Text(_number(c.lower, rounded_down)),
            Text(_number(c.upper, rounded_up), style=_style(c)),
        ]
        if chances:
            cells.append(Text(_cap(c, "probability")))
        if chances and width >= MIDDLE:
            cells.append(Text(_cap(c, "kl")))
        if width >= WIDE:
            cells += [Text(_cap(c, "jensen_shannon") if chances else ""), Text(str(c.data) if c.data else "none")]
        if width >= MIDDLE:
            cells.append(Text(c.method if c.status in ("exact", "bounded") else f"{c.method}, {c.status}"))
        table.add_row(*cells)
    return table


def _region(c: Certificate) -> str:
    said = region_words(c.region, one_line(c.probe), c.radius, c.times)
    return said + ("" if c.data or c.probe else " (contains no data)")


def quoted(found: Certified) -> list[Certificate]:
    """The certificates that are put in words: the first, and that of the widest region."""
    out = list(found.certificates[:1])
    if len(found.certificates) > 1:
        out.append(found.certificates[-1])
    return out[:QUOTED]


def _cap(c: Certificate, name: str) -> str:
    return "vacuous" if name in c.vacuous else _number(c.caps[name], rounded_up)


def _number(value: float, rounded: Callable[[float], str]) -> str:
    return rounded(value) if math.isfinite(value) else "–"


def _style(c: Certificate) -> str:
    return "yellow" if c.status in ("unknown", "time") else ""


def _footer(found: Certified) -> list[str]:
    out = ["seen: a difference that was found, so the largest one is no smaller; proved: none there is larger."]
    if not math.isnan(found.neighbours):
        out.append(f"Neighbours among the data are {number(found.neighbours)} apart (median).")
    if any(c.vacuous for c in found.certificates):
        out.append("vacuous: the bound allows 0.95 of all that is possible, and says nothing.")
    if any(c.status == "time" for c in found.certificates):
        out.append("time: it ended at --seconds; the bound holds, and more may lower it.")
    out.append("All statements: --json.")
    return out
