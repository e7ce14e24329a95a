"""Comparisons and lock-in on a terminal: numbers first, names last, fewer columns where it is narrow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from activeseed.analyses.comparison.found import rests_words
from activeseed.cleaning import few
from activeseed.cli.numbers import Scale, counted, number, with_error
from activeseed.cli.screen import clean, one_line, results
from activeseed.cli.tables import named, on_one_line, plain_table

if TYPE_CHECKING:
    from rich.console import Console

    from activeseed.analyses import Apart, Compared, Contested, Spread, Spreads
    from activeseed.analyses.lock_in import LockedIn
    from activeseed.study import Study

#: columns of characters from which there is room for intervals, and for both of them
MIDDLE, WIDE = 84, 118
#: items that are named of many
NAMED = 4


def print_compared(found: Compared, study: Study, top: int = 12, heading: str = "") -> None:
    """Two outcomes: every distance, the probes at which they part, groups of probes."""
    console = results()
    _notes(console, found.notes)
    said = heading or f"{study.system.kind}, seed {study.seed.version}: {clean(found.first)} and {clean(found.second)}"
    _line(console, said, "bold")
    if found.differing:
        _line(console, f"They differ in {differing_words(found.differing)}.")
    console.print()
    _distances(console, found.distances, "apart", exact=found.exact)
    for line in _distance_words(found):
        _line(console, line, "dim")
    console.print()
    total = len(found.probes)
    turned = f"{len(found.flipped)} of {counted(total, 'probe')} are decided otherwise" if found.flipped else (
        f"None of {counted(total, 'probe')} is decided otherwise"
    )  # fmt: skip
    _line(console, f"{turned}; at {len(found.parted)} they differ by more than noise ({found.test}).", "bold")
    shown = [p for p in found.probes if p.difference] if top <= 0 else [p for p in found.probes if p.difference][:top]
    if shown:
        scale = Scale(0)
        texts = _texts(study)
        rows = []
        for p in shown:
            star = "*" if p.p_value <= found.alpha else ""
            change = with_error(p.difference, p.se) if console.width >= MIDDLE else number(p.difference, 2)
            row = [scale.show(p.first), scale.show(p.second), f"{change}{star or ' '}"]
            if console.width >= MIDDLE:
                row.append(_percent(p.share))
            rows.append([*row, "flips" if p.flipped else "", named(p.id, texts.get(p.id, ""), console.width)])
        share = ["share"] if console.width >= MIDDLE else []
        headings = ["first", "second", "change ", *share, "", "probe"]
        _table(console, headings, rows, range(3 + len(share)))
        _more(console, len([p for p in found.probes if p.difference]) - len(shown))
        star_words = f"* more than noise, family-wise at {100 * found.alpha:.0f} %"
        _line(console, star_words + ("; share: of the first distance" if share else ""), "dim")
    if found.groups:
        console.print()
        rows = [
            [number(g.apart.value), *([_interval(g.apart.low, g.apart.high)] if console.width >= MIDDLE else []),
             str(g.flipped), str(g.probes), g.group or "(no group)"]
            for g in found.groups
        ]  # fmt: skip
        middle = ["95 %"] if console.width >= MIDDLE else []
        _table(console, ["apart", *middle, "flips", "probes", "group"], rows, range(3 + len(middle)))


def print_spreads(found: Spreads, study: Study, top: int = 12) -> None:
    """An ensemble: its spread by every distance, contested probes, the two furthest draws."""
    console = results()
    _notes(console, found.notes)
    said = f"{study.system.kind}, seed {study.seed.version}: {found.draws} seeds drawn from what is believed"
    _line(console, said, "bold")
    console.print()
    _distances(console, found.distances, "spread", exact=False)
    words = "spread: half the mean distance of two draws beyond noise; noise: of two runs of one seed"
    for line in [words, *_rests(found.own)]:
        _line(console, line, "dim")
    if found.to:
        console.print()
        beyond = number(found.to_mean - found.own.value)
        words = f"{with_error(found.to_mean, found.to_se)} on average, in the first distance"
        _line(console, f"From {clean(found.to)}: {words}; {beyond} of it beyond the ensemble's own spread.")
    _contested(console, found.probes, study, top)
    if found.extremes is not None:
        console.print()
        print_compared(found.extremes, study, min(top, 5) if top else 5, "The two furthest draws, run anew")


def _contested(console: Console, probes: Sequence[Contested], study: Study, top: int) -> None:
    moved = [p for p in probes if p.sd > 0]
    shown = moved if top <= 0 else moved[:top]
    if not shown:
        return
    console.print()
    texts = _texts(study)
    wide = console.width >= MIDDLE
    rows = []
    for p in shown:
        extra = [_interval(p.low, p.high), _percent(p.share)] if wide else []
        rows.append([number(p.mean), number(p.sd, 2), *extra, _percent(p.minority),
                     named(p.id, texts.get(p.id, ""), console.width)])  # fmt: skip
    headings = ["mean", "sd", *(["range", "share"] if wide else []), "minority", "probe"]
    _table(console, headings, rows, range(len(headings) - 1))
    _more(console, len(moved) - len(shown))
    _line(console, "sd: over plausible seeds, noise removed; minority: share of them that decide as fewer do", "dim")


def print_lock_in(found: LockedIn, study: Study, top: int = 12) -> None:
    """Ratios with their intervals, the responses behind them, the items that answer most to how they are put."""
    console = results()
    _notes(console, found.notes)
    unit = found.unit
    _line(console, f"{study.system.kind}, seed {study.seed.version}: revision over paraphrase", "bold")
    console.print()
    for a in found.against:
        said = f"{a.words} {ratio_words(a.ratio, a.low, a.high, a.shape)} ({counted(a.items, 'item')})."
        _line(console, said)
    console.print()
    scale = Scale.of([r.value for r in found.responses])
    rows = [
        [scale.show(r.value), f"±{scale.show(r.se, 2)}" if r.se == r.se else "", str(r.items), r.words]
        for r in found.responses
    ]  # fmt: skip
    _table(console, ["response", "", "items", f"to, in {scale.words} {unit}".replace("  ", " ")], rows, (0, 1, 2))
    shown = found.items if top <= 0 else found.items[:top]
    kinds = [a.perturbation for a in found.against]
    texts = {i.id: on_one_line(i.payload) for i in study.seed.items}
    console.print()
    each = Scale.of([v for i in shown for v in (i.revision, *i.perturbations.values())])
    rows = [
        [each.show(i.revision), *(each.show(i.perturbations.get(k)) for k in kinds),
         named(one_line(i.id), texts.get(i.id, ""), console.width)]
        for i in shown
    ]  # fmt: skip
    last = f"item (in {each.words})" if each.words else "item"
    _table(console, ["revision", *kinds, last], rows, range(1 + len(kinds)))
    _more(console, len(found.items) - len(shown))
    console.print()
    for line in (
        f"Revision: {', '.join(found.revisions)}. A ratio below 1: how an item is put moves the outcome more than "
        "whether it is meant.",
        _errors_words(found),
    ):  # fmt: skip
        if line:
            _line(console, line, "dim")


def _errors_words(found: LockedIn) -> str:
    if not found.against or not any(found.against[0].errors.values()):
        return ""
    shares = sorted(found.against[0].errors.items(), key=lambda e: -e[1])
    return (
        "Error of the first ratio: " + ", ".join(f"{_percent(s)} over {name}" for name, s in shares if s > 0.005) + "."
    )


def ratio_words(ratio: float | None, low: float | None, high: float | None, shape: str) -> str:
    """A ratio and its 95 % interval; an interval without an end is said as such."""
    value = "Ratio unknown" if ratio is None or math.isnan(ratio) else f"Ratio {number(ratio)}"
    if shape == "bounded":
        return f"{value}, 95 %: {number(low)} to {number(high)}"
    if shape == "no upper end":
        return f"{value}, 95 %: {number(low)} or more, without an upper end"
    return f"{value}, 95 %: anything" if shape == "anything" else f"{value}, error unknown"


def differing_words(differing: dict[str, Any]) -> str:
    """Which items two sides have otherwise, in words."""
    parts = [f"{one_line(i)} ({a.replace('_', ' ')} → {b.replace('_', ' ')})" for i, (a, b) in differing.items()]
    return few(parts, NAMED)


# --- parts ------------------------------------------------------------------------------------------------------------


def _distances(console: Console, distances: Sequence[Any], heading: str, exact: bool) -> None:
    middle, wide = console.width >= MIDDLE, console.width >= WIDE
    rows, headings = [], [heading]
    headings += [] if exact else ["noise"]
    headings += ["95 %"] if middle and not exact else []
    headings += ["95 %, other probes"] if wide or (middle and exact) else []
    for d in distances:
        row = [number(d.value) if not math.isinf(d.value) else "∞"]
        row += [] if exact else [number(d.noise, 2)]
        row += [_interval(d.low, d.high)] if middle and not exact else []
        row += [_interval(d.wide_low, d.wide_high)] if wide or (middle and exact) else []
        rows.append([*row, _called(d)])
    _table(console, [*headings, "distance"], rows, range(len(headings)))


def _called(d: Any) -> str:
    """A distance with its unit, where the name does not say it."""
    unit = d.unit.removesuffix(", of ranks")
    return str(d.words) if unit in d.words or unit == "share of places" else f"{d.words}, in {unit}"


def _distance_words(found: Compared) -> list[str]:
    if found.exact:
        out = ["exact at these probes: neither side has randomness"]
    else:
        out = ["apart: beyond what two runs of one seed differ by, which is the noise"]
    return out + _rests(found.own)


def _rests(found: Apart | Spread) -> list[str]:
    if said := rests_words(found.rests_on):
        return [said]
    if found.probes_se == found.probes_se:
        return []
    return ["What other probes would say is not known: there are too few, or outcomes are compared as a whole."]


def _interval(low: float, high: float) -> str:
    return "" if math.isnan(low) or math.isnan(high) else f"{number(low, 2)} to {number(high, 2)}"


def _percent(share: float) -> str:
    return "–" if math.isnan(share) else f"{100 * share:.0f} %"


def _texts(study: Study) -> dict[str, str]:
    return {p.id: one_line(p.payload.display) for p in study.system.places(study.materials)}


def _table(
    console: Console, headings: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] | range
) -> None:
    console.print(plain_table(headings, rows, console.width, tuple(right)))


def _more(console: Console, more: int) -> None:
    if more > 0:
        _line(console, f"… and {more} more: --top 0 shows all", "dim")


def _notes(console: Console, notes: Sequence[str]) -> None:
    for note in notes:
        _line(console, f"! {note}", "yellow")


def _line(console: Console, text: str, style: str = "") -> None:
    console.print(clean(text), style=style or None)
