"""The matrix in plain words: a sentence a cell, from its numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from activeseed.analyses.stability.washing import Estimate
from activeseed.cleaning import few

if TYPE_CHECKING:
    from activeseed.analyses.stability.matrix import Cell, Damaged, Started, Varied

#: what a level is called
LEVEL_WORDS: dict[str, str] = {
    "world": "world", "model": "model", "trainer": "trainer", "trainer2": "trainer²", "human": "human",
}  # fmt: skip
ASPECT_WORDS: dict[str, str] = {"start": "stability", "dynamics": "structural stability"}
#: what a source of starts is called
_OF = {"items": "plausible seeds", "init": "initial parameters", "world": "initial states of the world"}
#: what is named of many
NAMED = 4


def number(value: float) -> str:
    """Three digits, and no more."""
    return "unknown" if not math.isfinite(value) else f"{value:.3g}"


def interval_words(of: Estimate) -> str:
    """``0.4 [0.2, 0.7]``; one without an upper end says so."""
    if not of.is_known:
        return "unknown"
    if of.low != of.low:
        return f"{number(of.value)} (error unknown)"
    if of.low == of.high == of.value:
        return number(of.value)
    high = number(of.high) if math.isfinite(of.high) else "no upper end"
    return f"{number(of.value)} [{number(of.low)}, {high}]"


def percent_words(of: Estimate) -> str:
    """``40 % [20, 70]``."""
    if not of.is_known:
        return "unknown"
    said = f"{100 * of.value:.0f} %"
    return said if of.low != of.low or of.low == of.high else f"{said} [{100 * of.low:.0f}, {100 * of.high:.0f}]"


def source_words(of: str) -> str:
    """What a source of starts is called."""
    return _OF.get(of, of)


def started_words(of: Started) -> str:
    """What comes of one source of starts."""
    if of.verdict == "none":
        return f"{source_words(of.of)}: all start alike and end alike, so that there is nothing to wash out"
    out = f"{source_words(of.of)}: {of.verdict}"
    if of.ratio.is_known:
        out += f", ratio {interval_words(of.ratio)}"
    elif of.spread.is_known:
        out += f", spread {interval_words(of.spread)}"
    if of.basins > 1 and of.largest.is_known:
        out += f"; {of.basins} basins, {percent_words(of.largest)} end in the largest"
    elif of.basins:
        out += "; one basin"
    if of.one.is_known and of.one.value < 1.0:
        out += f" (one in {100 * of.one.value:.0f} % of subsets)"
    if of.disagree.is_known:
        out += f"; two differ at {percent_words(of.disagree)} of the probes"
        if of.disagree_most.is_known:
            out += f", unrelated ones at {100 * of.disagree_most.value:.0f} %"
    return out


def changing(varied: Sequence[Varied]) -> str:
    """What changes the picture, and what does not."""
    does = [f"changes {v.where}" for v in varied if v.changes]
    not_ = [v.name for v in varied if not v.changes and not v.ends_alike]
    empty = [v.name for v in varied if not v.changes and v.ends_alike]
    said = list(does)
    if not_:
        said.append(f"holds over {few(not_, NAMED)}")
    if empty:
        said.append(f"plausible seeds end alike, so that there is no picture to change, over {few(empty, NAMED)}")
    return "; ".join(said)


def damaged_words(of: Damaged) -> str:
    """From which share on damage does more than another plausible seed would."""
    rate, moved = of.rates[-1], of.moved[-1]
    if not of.seeds.is_known:
        return f"{of.of}: {100 * rate:.0f} % off move the outcome by {interval_words(moved)}"
    if of.at is None:
        return f"{of.of}: holds, up to {100 * rate:.0f} % off move it less than another plausible seed does"
    return f"{of.of}: changes, {100 * of.at:.0f} % off move it farther than another plausible seed does"


def sentence_of(cell: Cell) -> str:
    """The verdict of a cell with what it rests on."""
    said = [started_words(s) for s in cell.starts]
    if cell.varied:
        said.append(changing(cell.varied))
    said += [damaged_words(masked) for masked in cell.masked]
    said += cell.words
    if cell.why:
        said.append(cell.why)
    named = tuple(f"{s.of}:" for s in cell.starts if s.of not in _OF)  # a setting is called as it is typed
    return " ".join(f"{one if one.startswith(named) else one[:1].upper() + one[1:]}".rstrip(".") + "." for one in said)
