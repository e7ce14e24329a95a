"""Dreams on a terminal: where two readings part, and on which texts; fewer columns where it is narrow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from activeseed.cli.numbers import bar, number
from activeseed.cli.screen import clean, one_line, results
from activeseed.cli.tables import bare_table, named

if TYPE_CHECKING:
    from rich.table import Table

    from activeseed.analyses import Dreamt, Parting, Seen
    from activeseed.study import Study

#: columns of characters from which there is room for it
WIDE, MIDDLE = 110, 70


def print_dreamt(found: Dreamt, study: Study) -> None:
    """On stdout: for each pair of readings how far they part, the texts at hand, and what was written."""
    console = results()
    for note in found.notes:
        console.print(f"! {clean(note)}", style="yellow")
    for n, parting in enumerate(found.pairs, 1):
        head = f"{study.system.kind}, seed {study.seed.version}: where two readings part"
        console.print(f"{head} ({n} of {len(found.pairs)})" if len(found.pairs) > 1 else head, style="bold")
        for line in parting_lines(parting):
            console.print(clean(line))
        console.print()
        texts = texts_of(parting)
        if texts:
            console.print(texts_table(texts, console.width, found.by))
            console.print()
    for line in footer(found):
        console.print(clean(line), style="dim")


def parting_lines(parting: Parting) -> list[str]:
    """What is known of how far two readings part, a lower bound called one."""
    out = [f"first:  {parting.first}", f"second: {parting.second}"]
    if parting.dreams:
        top = parting.dreams[0]
        out.append(
            f"At least {number(parting.lower.value)} apart {parting.region} (a lower bound: it was seen, more may be "
            "there)."
        )
        out.append(
            f"The widest dream: the first says {number(top.first)}, the second {number(top.second)}; in the trained "
            f"model's own precision {number(top.first_single)} and {number(top.second_single)}."
        )
    known = [
        f"{number(gap)} at any {where}"
        for gap, where in ((parting.at_probes, "probe"), (parting.at_hand, "text at hand"))
        if gap is not None
    ]
    if known:
        out.append(f"At most {', '.join(known)}.")
    return out


def texts_of(parting: Parting) -> list[tuple[Seen, str]]:
    """The texts that are shown, and what each is: sorted by gap, then nearest to a dream, then written."""
    out: dict[str, tuple[Seen, str]] = {}
    for seen in parting.widest:
        out.setdefault(seen.id, (seen, seen.source.rstrip("s") if seen.source == "probes" else seen.source))
    for dream in parting.dreams:
        for seen in dream.near[:1]:
            out.setdefault(seen.id, (seen, "near a dream"))
        for seen in dream.rewritten:
            out.setdefault(seen.id, (seen, f"written from {seen.of}"))
    return list(out.values())


def texts_table(texts: Sequence[tuple[Seen, str]], width: int, by: str = "") -> Table:
    """One line a text, ``width`` characters wide: what both readings say, and where it comes from."""
    from rich.text import Text

    wide, middle = width >= WIDE, width >= MIDDLE
    largest = max((s.gap for s, _ in texts), default=0.0)
    said = [[number(v, 2) for v in (s.first, s.second, s.gap)] for s, _ in texts]
    whence = [one_line(w) if wide else one_line(w).partition(" from ")[0] for _, w in texts]
    columns = [max([len(head), *(len(row[c]) for row in said)]) for c, head in enumerate(("first", "second", "gap"))]
    source = min(max(map(len, whence), default=6), 28) if middle else 0
    bars = 8 if wide else 0
    left = width - sum(columns) - 2 * len(columns) - (source + 2 if source else 0) - (bars + 2 if bars else 0)
    table = bare_table(width)
    table.add_column("text", no_wrap=True, width=max(8, left), overflow="ellipsis")
    if bars:
        table.add_column("", no_wrap=True, width=bars)
    for head in ("first", "second", "gap"):
        table.add_column(head, justify="right", no_wrap=True)
    if source:
        table.add_column("", no_wrap=True, width=source, overflow="ellipsis")
    for (seen, _), numbers, where in zip(texts, said, whence, strict=True):
        # the text counts here, and an id only where somebody gave it and there is room
        label = named(one_line(seen.id), one_line(seen.text), left) if wide else one_line(seen.text)
        cells = [Text(one_line(seen.text) if seen.source == "rewritten" else label)]
        if bars:
            cells.append(Text(bar(seen.gap / largest if largest > 0 else 0.0, bars), style="cyan"))
        cells += [Text(n) for n in numbers]
        if source:
            cells.append(Text(where, style="dim"))
        table.add_row(*cells)
    return table


def footer(found: Dreamt) -> list[str]:
    """How the texts are to be read, and which of them questions are made of."""
    out = []
    if any(p.widest for p in found.pairs):
        out.append(
            "first, second: what each reading makes of the text. Questions are made of real texts, sorted by the gap; "
            "dreams say what no text at hand reaches."
        )
    if found.by and any(d.rewritten for p in found.pairs for d in p.dreams):
        out.append(f"written: by {found.by}, from a real text, and said by nobody.")
    if any(p.beyond for p in found.pairs):
        out.append("Some written texts part the readings more than any real one: they are asked about last.")
    return out
