"""Do intervals that allow for other probes hold for other probes, and those of lock-in for other items?

Simulated, so that the truth is known. Squared differences at random probes, measured under 8 keys: normal, exponential,
and rare (one probe in ten differs at all). Lock-in ratios of 24 random items whose paraphrases move the outcome as much
as a drop, less, or nothing. Beside each, what the interval that is conditional on the probes would have covered.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from activeseed.analyses.lock_in.ratio import fieller
from activeseed.estimators.over_probes import degrees_over_probes, error_over_probes, resampled, widened
from activeseed.estimators.statistics import cross_key
from activeseed.plan import Floats
from tests.benchmarks._report import share

KEYS, ITEMS = 8, 24
#: coverage that is claimed of 95 % intervals
LEAST = 0.93
REPETITIONS, QUICK = 4000, 400


def probe_rows(data: Path | None, quick: bool) -> list[dict[str, Any]]:
    """Coverage of distances over probes, and of lock-in ratios over items. Reads nothing from ``data``."""
    repetitions = QUICK if quick else REPETITIONS
    rows = []
    for probes in (50, 200):
        for law in ("normal", "exponential", "rare"):
            wide, narrow = _covered(probes, law, repetitions)
            what = f"{probes} probes, {law} differences"
            if quick:
                rows.append(share(f"interval over keys and probes covers: {what}", wide, repetitions, reaches=LEAST))
            else:
                rows.append(share(f"interval over keys and probes covers: {what}", wide, repetitions, least=LEAST))
            rows.append(share(f"conditional interval would: {what}", narrow, repetitions))
    for moved in (1.0, 0.2, 0.0):
        found, bounded = _ratios(moved, repetitions)
        what = f"paraphrases move {moved:g} of a drop"
        claim = f"lock-in interval covers: {what}"
        rows.append(
            share(claim, found, repetitions, **({"reaches": LEAST} if quick else {"least": LEAST}))  # type: ignore[arg-type]
        )
        rows.append(share(f"lock-in interval has an upper end: {what}", bounded, repetitions))
    return rows


def _covered(probes: int, law: str, repetitions: int) -> tuple[int, int]:
    """How often the wide and the conditional interval hold the mean over all probes of the law."""
    rng = np.random.default_rng([probes, len(law)])
    groups = [f"group {p % 2}" for p in range(probes)]
    even: Floats = np.full(probes, 1.0 / probes)
    wide = narrow = 0
    times = resampled(groups, 1)
    for _ in range(repetitions):
        delta, truth = _drawn(rng, probes, law)
        x = delta + 0.2 * rng.standard_normal((KEYS, probes))
        m = cross_key(np.asarray(x @ x.T / probes, np.float64))
        shares = np.asarray((x.sum(0) ** 2 - (x**2).sum(0)) / (KEYS * (KEYS - 1)), np.float64)
        error = float(error_over_probes(shares, even, times))
        found = widened(float(m.value), float(m.se), KEYS - 1.0, error, degrees_over_probes(shares, even, groups))
        wide += found.wide_low <= truth <= found.wide_high
        narrow += found.low <= truth <= found.high
    return wide, narrow


def _drawn(rng: np.random.Generator, probes: int, law: str) -> tuple[Floats, float]:
    """Differences at random probes, and the mean square of the law."""
    if law == "normal":
        return np.asarray(np.arange(probes) % 2 * 0.2 + 0.3 * rng.standard_normal(probes)), 0.02 + 0.09
    if law == "exponential":
        return np.asarray(rng.exponential(0.3, probes)), 2 * 0.09
    return np.asarray((rng.random(probes) < 0.1).astype(np.float64)), 0.1


def _ratios(moved: float, repetitions: int) -> tuple[int, int]:
    """How often the interval of a ratio of mean responses holds it, and how often it has an upper end.

    Responses are squares of normal sizes, measured with an error that may leave them below zero.
    """
    rng = np.random.default_rng([7, int(100 * moved)])
    truth = 1.0 / moved**2 if moved else math.inf
    inside = bounded = 0
    for _ in range(repetitions):
        responses = np.stack([rng.standard_normal(ITEMS) ** 2, moved**2 * rng.standard_normal(ITEMS) ** 2])
        x = responses + 0.05 * rng.standard_normal((2, ITEMS))
        top, bottom = x.mean(1)
        found = fieller(float(top), float(bottom), np.asarray(np.cov(x) / ITEMS), ITEMS - 1.0)
        inside += found.low <= truth <= found.high
        bounded += found.shape == "bounded"
    return inside, bounded
