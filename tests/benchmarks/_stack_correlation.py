"""How spread and quality go together over designs: whether intervals hold a correlation that is known.

A part of `_stack_designs` beside this file. Designs are drawn from a population in which the logarithm of the spread
and the quality are normal together, and what is measured of each has errors of blocks (a half of which all designs
share) and, of the quality, of probes, so large that a known share of the variance over designs is no noise.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from activeseed.plan import Floats, generator
from activeseed.stack.designs.measured import Measured, mean_of
from activeseed.stack.designs.together import ENOUGH_DESIGNS, Together, together
from tests.benchmarks._report import row, share

KEY = 71
BLOCKS, PROBES = 12, 60
#: standard deviations over designs, of the logarithm of the spread and of the quality
APART = 0.6, 0.05
#: Pearson's correlation, designs, and the share of the variance over designs that is no noise
CASES = ((0.0, 8, 0.9), (-0.6, 8, 0.9), (-0.6, 8, 0.5), (-0.9, 16, 0.7), (-0.6, 24, 0.5), (0.9, 24, 0.9))


def measured_designs(rho: float, count: int, reliable: float, key: int) -> tuple[list[Measured], list[Measured]]:
    """Spread and quality of designs that go together so, as they would be measured."""
    dice = generator(KEY, "designs", key)
    first, second = dice.standard_normal((2, count))
    spread = 0.02 * np.exp(APART[0] * first)
    quality = 0.8 + APART[1] * (rho * first + np.sqrt(1.0 - rho**2) * second)
    noise = np.sqrt((1.0 - reliable) / reliable)  # of the mean, over the standard deviation over designs
    blocks = _errors(dice, count, BLOCKS)
    also = _errors(dice, count, BLOCKS)
    probes = _errors(dice, count, PROBES)
    spreads = [
        mean_of(x * (1.0 + APART[0] * noise * np.sqrt(BLOCKS) * e), "draws and keys")
        for x, e in zip(spread, blocks, strict=True)
    ]
    # one half of the quality's noise each
    size = APART[1] * noise * np.sqrt(0.5)
    out = []
    for y, e, p in zip(quality, also, probes, strict=True):
        over = mean_of(y + size * np.sqrt(BLOCKS) * e, "draws and keys")
        others = mean_of(size * np.sqrt(PROBES) * p, "probes")
        out.append(Measured(over.value + others.value, {**over.parts, **others.parts}))
    return spreads, out


def _errors(dice: np.random.Generator, count: int, units: int) -> Floats:
    """(D, units) of unit variance over designs, and half as much again that all designs share."""
    shared = dice.standard_normal(units)
    return np.asarray(dice.standard_normal((count, units)) + np.sqrt(0.5) * shared)


def correlation_rows(quick: bool) -> list[dict[str, Any]]:
    """Coverage of both correlations' intervals; how far noise pulls what is measured to zero."""
    times = 100 if quick else 2000
    rows = []
    for rho, count, reliable in CASES:
        rank = 6.0 / np.pi * np.arcsin(rho / 2.0)
        print(f"designs of correlation {rho:g}: {times} sets of {count}", flush=True)
        found = [together(*measured_designs(rho, count, reliable, n), n, 300) for n in range(times)]
        head = f"designs: {count} of correlation {rho:g}, {100 * reliable:.0f} % no noise: "
        least = 0.93 if times >= 2000 else 0.85
        held = sum(t.spearman_low <= rank <= t.spearman_high for t in found)
        rows.append(share(f"{head}Spearman's interval holds {rank:.2f}", held, times, least=least))
        held = sum(t.pearson_low <= rho <= t.pearson_high for t in found)
        rows.append(share(f"{head}Pearson's holds it", held, times, least=least))
        rows.append(row(f"{head}median Spearman as measured", float(np.median([t.spearman for t in found]))))
        rows.append(row(f"{head}without noise", float(np.nanmedian([t.spearman_true for t in found]))))
        told = sum(_told(t) for t in found)
        if rho == 0.0:
            rows.append(share(f"{head}told to go together", told, times, most=0.06 if times >= 2000 else 0.12))
        else:
            rows.append(share(f"{head}told to go together", told, times))
    few = together(*measured_designs(-1.0, ENOUGH_DESIGNS - 1, 0.99, 0), 0, 500)
    rows.append(
        row(f"designs: {few.designs} designs say nothing, whatever they are", None, None, "nothing is told",
            "nothing can be told" in few.words)
    )  # fmt: skip
    return rows


def _told(found: Together) -> bool:
    return found.p < 0.05 and (found.spearman_low > 0.0 or found.spearman_high < 0.0)
