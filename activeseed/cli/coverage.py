"""What covers for what, on a terminal: fewer columns where it is narrow, never broken lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from activeseed.cleaning import few
from activeseed.cli.numbers import Scale, bar, counted
from activeseed.cli.screen import clean, one_line, results
from activeseed.cli.tables import bare_table, named, on_one_line

if TYPE_CHECKING:
    from rich.table import Table

    from activeseed.analyses import Coverage, ItemCoverage
    from activeseed.seed import Seed
    from activeseed.study import Study

#: columns of characters from which there is room for it
WIDE, MIDDLE = 120, 76


def print_coverage(found: Coverage, study: Study, top: int = 20) -> None:
    """The table on stdout, the violations that hang on one item, and what the columns mean."""
    console = results()
    scale = Scale.of([i.gone for i in found.items])
    for note in found.notes:
        console.print(f"! {clean(note)}", style="yellow")
    unit = f"{scale.words} {found.unit}".strip()
    console.print(f"{study.system.kind}, seed {study.seed.version}: what covers for what, in {unit}", style="bold")
    console.print()
    console.print(coverage_table(found, study.seed, console.width, top))
    for line in _footer(found, top):
        console.print(clean(line), style="dim")
    console.print()
    for line in summary_lines(found):
        console.print(line)


def coverage_table(found: Coverage, seed: Seed, width: int, top: int = 20) -> Table:
    """One line an item, ``width`` characters wide: its effect, what it is once its covers are gone, and the verdict."""
    from rich.text import Text

    shown = found.items if top <= 0 else found.items[:top]
    scale = Scale.of([i.gone for i in found.items])
    largest = max((i.gone for i in found.items if i.gone == i.gone), default=0.0)
    wide, middle = width >= WIDE, width >= MIDDLE
    alone = [_number(scale, i.effect, i.effect_se, wide) + (" *" if i.distinguishable else "  ") for i in shown]
    gone = [_number(scale, i.gone, i.gone_se, wide) if i.covers or i.verdict == "overruled" else "" for i in shown]
    sole = [str(len(i.sole)) if i.sole else "" for i in shown]
    words = [_words(i, middle) for i in shown]
    bars = 8 if wide else 0
    left = width - 2 - (bars + 2 if bars else 0) - max([6, *map(len, alone)]) - 2
    left -= (max([9, *map(len, gone)]) + 2) if middle else 0
    left -= 6 if middle and any(sole) else 0
    verdict = min(max(map(len, words), default=8), left * 3 // 5)
    text = max(8, left - verdict - 2)

    table = bare_table(width)
    table.add_column("item", no_wrap=True, width=text, overflow="ellipsis")
    if bars:
        table.add_column("", no_wrap=True, width=bars)
    table.add_column("alone  ", justify="right", no_wrap=True)
    if middle:
        table.add_column("uncovered", justify="right", no_wrap=True)
        if any(sole):
            table.add_column("sole", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True, width=verdict, overflow="ellipsis")
    for n, item in enumerate(shown):
        dim = "dim" if item.verdict in ("nothing", "unknown") else ""
        label = named(one_line(item.id), on_one_line(seed[item.id].payload), text)
        cells = [Text(label, style=dim)]
        if bars:
            part = item.gone / largest if largest > 0 and item.gone > 0 else 0.0
            cells.append(Text(bar(part, bars), style="cyan"))
        cells.append(Text(alone[n], style=dim))
        if middle:
            cells.append(Text(gone[n], style=dim))
            if any(sole):
                cells.append(Text(sole[n]))
        cells.append(Text(words[n], style="yellow" if item.verdict == "redundant" else dim))
        table.add_row(*cells)
    return table


def _words(item: ItemCoverage, room: bool) -> str:
    """The verdict; where there is little room in as few words as do."""
    if room:
        return one_line(item.words)
    others = item.covers or item.opposed
    first = one_line(others[0].id) if others else ""
    more = f" +{len(others) - 1}" if len(others) > 1 else ""
    short = {"alone": "alone", "shares": f"shares: {first}{more}", "redundant": f"redundant: {first}{more}",
             "overruled": f"overruled: {first}{more}", "nothing": "nothing", "open": "not searched"}  # fmt: skip
    return short.get(item.verdict, "not measured")


def _number(scale: Scale, value: float, se: float, wide: bool) -> str:
    return scale.show(value) + (f" ±{scale.show(se, 2)}" if wide and se > 0 else "")


def _footer(found: Coverage, top: int) -> list[str]:
    more = len(found.items) - top if top else 0
    out = [f"… and {more} more: --top 0 shows all"] if more > 0 else []
    out.append("alone: the effect of dropping the item; uncovered: the same once all that covers for it is gone")
    if any(i.verdict == "overruled" for i in found.items):
        out[-1] += ", or overrules it"
    if any(i.sole for i in found.items):
        out.append("sole: violations that it alone catches")
    if found.keys > 1:
        out.append(f"* distinguishable from nothing, by {found.keys} keys")
    if found.pairs == "near":
        out.append("Only look-alikes were tried, and what random halves point at: --pairs all tries every pair.")
    if any(i.verdict == "redundant" for i in found.items):
        out.append("Items that cover for each other are each redundant, not all of them: drop one, then look again.")
    return out


def summary_lines(found: Coverage) -> list[str]:
    """How many items do what, and how well violations are covered."""
    count = {
        v: sum(i.verdict == v for i in found.items) for v in ("alone", "shares", "redundant", "overruled", "nothing")
    }
    out = [
        f"{counted(len(found.items), 'item')}: {count['alone']} decide alone, {count['shares']} share, "
        f"{count['redundant']} redundant, {count['overruled']} overruled, {count['nothing']} do nothing here."
    ]
    if not found.probes:
        return out
    hang = [p for p in found.probes if p.sole]
    out.append(
        f"{counted(len(found.probes), 'violation')}, {len(hang)} of them caught by one item alone"
        + (f": {few([clean(p.id) for p in hang], 5)}." if hang else ".")
    )
    if found.folds:
        out.append(
            f"Without a random half of the seed {_mean([p.halves for p in found.probes])} of them are still caught, "
            f"without a quarter {_mean([p.three_quarters for p in found.probes])}."
        )
    return out


def _mean(shares: Sequence[float]) -> str:
    known = [s for s in shares if s == s]
    return f"{100 * sum(known) / len(known):.0f} %" if known else "an unknown share"
