"""From a bound on how far two scores part to bounds on what is made of them: probabilities, divergences, ranks.

Two distributions q ∝ p·exp(d) whose log-odds part by d in a range of at most R (sup d − inf d ≤ R). For an evaluator's
probabilities p = σ(f), q = σ(g) at one place, R = |f − g|; for policies π ∝ exp(score/β) over a pool, R is the range of
f − g over the pool, divided by β.

**Two points are the worst.** The ratio L = q/p lies in [l, l·e^R] for some l, and E_p L = 1. An f-divergence is
E_p φ(L) with φ convex, and of all L within two ends and of a given mean the one on the ends alone has the largest
E φ(L): on [l, u], φ(L) ≤ the chord, whose mean depends on E L only. That L is the ratio of a Bernoulli pair whose
logits part by R. So each cap is the maximum over Bernoulli pairs σ(a), σ(a + R), and it grows with R, since a smaller
range is within a larger one. What is below holds for any number of outcomes, and averaged over any places.

The worst a lies in [−R, 0]: for a ≥ 0, σ is concave on [a, a + R], where each divergence here falls as a grows (KL:
its slope is σ(a+R) − σ(a) − R·σ'(a) ≤ 0; Jensen–Shannon: with c the mixture's logit its slope is half of
(a+R−c)·σ'(a+R) − (c−a)·σ'(a), and the tangents at both ends compare each with the same σ(a+R) − σ(c) = σ(c) − σ(a)),
and a ↦ −a − R mirrors it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from activeseed.errors import PlanError
from activeseed.plan import Floats

if TYPE_CHECKING:
    from activeseed.outcome import Bools

#: share of the largest value from which on a cap says nothing
VACUOUS = 0.95
#: steps of the search for the worst pair
_STEPS = 8192
#: what closed forms and sums may be off by in floating point, relative and absolute
_RELATIVE, _ABSOLUTE = 1e-12, 1e-14
#: ranges from which on everything but KL and Jeffreys is at its largest, to the last digit
_WIDE = 300.0

#: name -> (unit, largest value) of each cap
MEASURES: dict[str, tuple[str, float]] = {
    "probability": ("", 1.0),
    "total_variation": ("", 1.0),
    "kl": ("nats", math.inf),
    "jeffreys": ("nats", math.inf),
    "jensen_shannon": ("nats", math.log(2.0)),
    "hellinger": ("squared", 1.0),
}


@dataclass(frozen=True)
class Caps:
    """What no two distributions exceed whose log-odds part within a range.

    Attributes:
        range: R, in nats of log-odds.
        probability: largest difference of the probability of anything; the same as the total variation.
        total_variation: in [0, 1].
        kl: either way, nats.
        jeffreys: both ways added up, nats.
        jensen_shannon: nats, at most ln 2.
        hellinger: squared, in [0, 1].
    """

    range: float
    probability: float
    total_variation: float
    kl: float
    jeffreys: float
    jensen_shannon: float
    hellinger: float

    @property
    def vacuous(self) -> tuple[str, ...]:
        """Names of the caps that say nothing: at 0.95 of the largest value or more.

        KL and Jeffreys have no largest value: they say nothing where the total variation doesn't.
        """
        out = []
        for name, (_, largest) in MEASURES.items():
            value, most = (getattr(self, name), largest) if math.isfinite(largest) else (self.total_variation, 1.0)
            if not value < VACUOUS * most:
                out.append(name)
        return tuple(out)

    def said(self, name: str, digits: int = 3) -> str:
        """One of them for people: a number with its unit, or ``vacuous``."""
        if name in self.vacuous:
            return "vacuous"
        unit = MEASURES[name][0]
        return f"{getattr(self, name):.{digits}g}{f' {unit}' if unit == 'nats' else ''}"


def caps(spread: float) -> Caps:
    """The caps of a range of log-odds, rounded outward.

    Total variation: σ(a+R) − σ(a) is largest at a = −R/2, tanh(R/4). Jeffreys: R·(σ(a+R) − σ(a)) ≤ R·tanh(R/4). Squared
    Hellinger: with t = a + R/2 the overlap Σ√(pq) is √((cosh t + 1)/(cosh t + cosh(R/2))), least at t = 0, 1/cosh(R/4).
    KL = A(a+R) − A(a) − R·A'(a), A(a) = ln(1 + e^a): at most R²/8, since A'' ≤ ¼, and at most R, since no ratio exceeds
    e^R; between them the maximum over a. Jensen–Shannon: the same; at most R²/32, since the mixture is nearest to both
    in the mean, nearer than the pair at a + R/2, from which each has KL ≤ (R/2)²/8.

    Args:
        spread: R ≥ 0; infinity where nothing was proved: every cap is then at its largest.

    Raises:
        PlanError: a negative number, or none.
    """
    r = float(spread)
    if math.isnan(r) or r < 0.0:
        raise PlanError(f"A range of score differences is {spread}. It has to be a number from 0 to infinity.")
    if r == 0.0:
        return Caps(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    if math.isinf(r):
        return Caps(r, 1.0, 1.0, r, r, math.log(2.0), 1.0)
    variation = min(1.0, _up(math.tanh(r / 4.0)))
    hellinger = 1.0 if r > _WIDE else min(1.0, _up(2.0 * math.sinh(r / 8.0) ** 2 / math.cosh(r / 4.0)))
    kl, shannon = r, math.log(2.0)
    if r <= _WIDE:
        # second derivatives in a. KL: A''(a+R) − A''(a) − R·A'''(a), |A'''| ≤ 1/(6√3). Jensen–Shannon: (ln odds of the
        # mixture lie between a and a + R, within ±R) ¼ + R/(6√3) of the mixture's entropy, and of each part's own
        # |σ' + a·σ''| / 2 ≤ (¼ + 0.16)/2, since |a·σ''(a)| < 0.16.
        third = 1.0 / (6.0 * math.sqrt(3.0))
        kl = min(kl, _largest(_kl, r, 0.25 + r * third))
        shannon = min(shannon, _largest(_jensen_shannon, r, 0.66 + r * third))
    return Caps(
        range=r,
        probability=variation,
        total_variation=variation,
        kl=min(kl, _up(r * r / 8.0)),
        jeffreys=_up(r * math.tanh(r / 4.0)),
        jensen_shannon=min(shannon, _up(r * r / 32.0)),
        hellinger=hellinger,
    )


def _up(value: float) -> float:
    return value * (1.0 + _RELATIVE)


def _largest(divergence: Callable[[Floats, float], Floats], r: float, bend: float) -> float:
    """An upper bound of max over a in [−R, 0], from a grid.

    At a maximum inside the slope is zero, and it is at most half a step h from a grid point, so the value there is at
    most bend·(h/2)²/2 below; at an end of the interval the grid has it.
    """
    a: Floats = np.linspace(-r, 0.0, _STEPS + 1, dtype=np.float64)
    step = r / _STEPS
    return _up(float(divergence(a, r).max()) + bend * step * step / 8.0) + _ABSOLUTE * (1.0 + r)


def _kl(a: Floats, r: float) -> Floats:
    from scipy.special import expit

    return np.asarray(np.logaddexp(0.0, a + r) - np.logaddexp(0.0, a) - r * expit(a))


def _jensen_shannon(a: Floats, r: float) -> Floats:
    from scipy.special import entr, expit

    p, q = expit(a), expit(a + r)
    not_p, not_q = expit(-a), expit(-a - r)
    m, not_m = (p + q) / 2.0, (not_p + not_q) / 2.0
    return np.asarray(entr(m) + entr(not_m) - (entr(p) + entr(not_p) + entr(q) + entr(not_q)) / 2.0)


def policy_caps(most: float, least: float, leash: float) -> Caps:
    """The caps of two policies π ∝ π₀·exp(score/β) over any outputs of a region.

    The leash divides the scores, so the log-odds part within (sup (f − g) − inf (f − g))/β.

    Args:
        most, least: sup of f − g, and −(inf of f − g), over what is chosen from.
        leash: β > 0. Raises PlanError otherwise.
    """
    if not leash > 0.0:
        raise PlanError(f"A leash β is {leash:g}. It has to be above zero.")
    return caps(max(0.0, most + least) / leash)


def held(scores: Floats, most: float, least: float, threshold: float = 0.0) -> Bools:
    """(…) scores f -> (…) whether g decides the same: lies on the same side of the threshold.

    g = f − (f − g) ≥ f − most, and g ≤ f + least: nothing above the threshold by more than ``most`` falls below it, and
    nothing below it by more than ``least`` rises above it.
    """
    f = np.asarray(scores, np.float64)
    return np.asarray((f - threshold > max(most, 0.0)) | (threshold - f > max(least, 0.0)))


def pairs_held(scores: Floats, most: float, least: float) -> tuple[int, int]:
    """(P,) scores f at places of the region -> (pairs that g ranks as f does, all pairs).

    With d = f − g, g(x) − g(y) = (f(x) − f(y)) − (d(x) − d(y)), and d(x) − d(y) ≤ sup d − inf d = most + least: a pair
    with a larger margin can't swap.
    """
    f = np.sort(np.asarray(scores, np.float64))
    n = len(f)
    swing = max(0.0, most + least)
    if not math.isfinite(swing):
        return 0, n * (n - 1) // 2
    sure = n - np.searchsorted(f, f + swing, side="right")
    return int(sure.sum()), n * (n - 1) // 2


def least_kendall(certified: int, pairs: int) -> float:
    """Kendall's τ between the two rankings is at least this: (concordant − discordant)/all ≥ 1 − 2·uncertified/all.

    NaN where there are no pairs.
    """
    return 1.0 - 2.0 * (pairs - certified) / pairs if pairs else math.nan
