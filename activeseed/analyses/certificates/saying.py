"""Certificates in words that a user can quote: what is proved, over which inputs, of which two, and how."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from activeseed.bounding.divergences import MEASURES
from activeseed.networks import Layout

if TYPE_CHECKING:
    from activeseed.analyses.certificates.certified import Certificate

#: from which looseness on a reader is told that the proof is far above what was seen
LOOSE = 5.0

METHODS = {
    "closed form": "in closed form",
    "ibp": "by interval arithmetic",
    "joint": "by linear bounds on the difference of the two networks",
    "paired": "by linear bounds on the two networks, unit by unit",
    "branching": "by branch and bound on the two networks",
    "milp": "by mixed-integer programming",
}
STATUS = {
    "exact": "the gap is closed",
    "bounded": "the bound holds; the truth may be smaller",
    "time": "the time ended first: the bound holds, and more time may lower it",
    "unknown": "nothing is claimed",
}
#: caps that a statement names, with their words
NAMED = {
    "probability": "the probability differs by at most {}",
    "kl": "KL divergence (either way) is at most {}",
    "jensen_shannon": "Jensen–Shannon divergence is at most {}",
}


def statement(
    c: Certificate, names: tuple[str, str], unit: str, layout: Layout, leash: float | None = None, note: str = ""
) -> str:
    """The whole of a certificate as sentences."""
    what = "log-odds" if unit == "log-odds" else "scores"
    both = f"‘{names[0]}’ and ‘{names[1]}’"
    if c.status == "unknown" or not math.isfinite(c.upper):
        seen = f" They were seen to differ by {rounded_down(c.lower)}." if c.lower > 0 else ""
        return (
            f"Nothing is proved for inputs {c.words}: no finite bound on how far the {what} of {both} part could be "
            f"had.{seen}"
        )
    here = f" (at the probe itself by {c.here:.3g})" if c.probe else ""
    sentences = [
        f"For every input {c.words}, the {what} of {both} differ by at most {rounded_up(c.upper)} (proved "
        f"{METHODS[c.method]}, {STATUS[c.status]}); at one input there they were seen to differ by "
        f"{rounded_down(c.lower)}{here}."
    ]
    if not c.data:
        sentences.append("The region contains no data.")
    elif c.region == "probes" and c.data == 1:
        sentences.append("It contains no data but the probe.")
    if unit == "log-odds":
        sentences += _of_probabilities(c)
    if leash is not None:
        cap = c.policy["total_variation"]
        vacuous = "policy total_variation" in c.vacuous
        said = "vacuous: they may differ in everything" if vacuous else f"at most {rounded_up(cap)} in total variation"
        sentences.append(f"Policies that respond to the two on a leash β = {leash:g}, over any outputs there: {said}.")
    if c.pairs:
        sentences.append(
            f"Of {c.pairs:,} pairs of the data there, {c.ranked:,} are ranked alike for sure"
            + (f" (Kendall's τ ≥ {rounded_down(c.kendall)})." if c.kendall > 0 else ".")
        )
    if c.looseness > LOOSE:
        sentences.append(f"The bound is {c.looseness:.0f} times what was seen: the truth lies anywhere between.")
    if note:
        sentences.append(note)
    sentences.append(
        f"It holds for these two networks ({' – '.join(map(str, layout.widths))}, "
        f"{layout.activation if len(layout.widths) > 2 else 'linear'}), with {c.slack:.1g} added for rounding in "
        f"double precision (where they run in single precision, add {rounded_up(c.single, 1)}), and for no other "
        "training."
    )
    return " ".join(sentences)


def _of_probabilities(c: Certificate) -> list[str]:
    told = [words.format(_cap(c, n)) for n, words in NAMED.items() if n not in c.vacuous]
    if not told:
        return ["As a statement about probabilities it is vacuous: they may differ by almost anything."]
    out = ["So " + ", ".join(told) + "."]
    if c.approves < 0.995:
        out.append(
            f"Where the first says more than {rounded_up(c.approves)} there, the second says more than ½, and where it "
            f"says less than {rounded_down(c.rejects)}, the second says less than ½"
            + (f": {c.decided} of the {c.data} data there, for sure." if not c.probe and c.data else ".")
        )
    return out


#: regions that are no ball around a probe, in a few words
DOMAINS = {
    "box": "box of the data", "ball": "ball of the data", "unit": "unit ball", "plane": "plane of the data",
}  # fmt: skip


def region_words(region: str, probe: str, radius: float, times: float | None) -> str:
    """A region in a few words, for tables and figures.

    Args:
        times: the radius in distances between neighbours; None or NaN where it was not given so.
    """
    if region != "probes":
        return DOMAINS.get(region, region)
    size = f"{radius:.3g}" if times is None or math.isnan(times) else f"{times:g} × neighbours"
    return f"{probe} ± {size}"


def _cap(c: Certificate, name: str) -> str:
    unit = MEASURES[name][0]
    return f"{rounded_up(c.caps[name])}{f' {unit}' if unit else ''}"


def rounded_up(value: float, digits: int = 3) -> str:
    """A number with few digits that is no smaller than it was: what is proved is not rounded down."""
    return _to(value, digits, math.ceil)


def rounded_down(value: float, digits: int = 3) -> str:
    """A number with few digits that is no larger than it was: what was seen is not rounded up."""
    return _to(value, digits, math.floor)


def _to(value: float, digits: int, way: object) -> str:
    if value == 0.0 or not math.isfinite(value):
        return f"{value:g}"
    step = 10.0 ** (math.floor(math.log10(abs(value))) - digits + 1)
    near = round(value / step) * step
    if abs(near - value) < 1e-9 * abs(value):  # it is that number, up to rounding
        return f"{near:.{digits}g}"
    assert callable(way)
    return f"{way(value / step) * step:.{digits}g}"
