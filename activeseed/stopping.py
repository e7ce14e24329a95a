"""When to stop: pure predicates over a record of progress, composed with ``|`` and ``&``.

A study is stable when the upper limit of its risk, said in decision flips, is below what the user set; it stops when
it is stable or a budget is out. Stability is never declared while silent repeats, gold questions, agreement or
calibration say that the answers or the belief can't be trusted: spread falls whatever is answered, also at random.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from activeseed.errors import PlanError
from activeseed.outcome import Estimate


@dataclass(frozen=True)
class Progress:
    """Where a study stands. Unknown numbers are NaN, and no rule holds on an unknown number.

    Attributes:
        risk: expected squared embedded distance of what is deployed from what humans mean.
        risk_upper: its upper limit.
        flips: upper limit of the share of probes that would be judged otherwise (``flip_risk``).
        answers, minutes, trainings, seconds: spent so far.
        open_questions: questions worth asking that are left.
        distrusted: sentences that say why answers or belief can't be trusted; none when all is well.
    """

    risk: float = float("nan")
    risk_upper: float = float("nan")
    flips: float = float("nan")
    answers: int = 0
    minutes: float = 0.0
    trainings: int = 0
    seconds: float = 0.0
    open_questions: int = 1
    distrusted: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """Whether to stop, and the reasons: sentences for the user."""

    stop: bool
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rule:
    """A predicate on progress. ``a | b`` stops when either does, ``a & b`` when both do."""

    name: str
    check: Callable[[Progress], Verdict] = field(compare=False)

    def __call__(self, progress: Progress) -> Verdict:
        return self.check(progress)

    def __or__(self, other: Rule) -> Rule:
        def either(progress: Progress) -> Verdict:
            a, b = self(progress), other(progress)
            return Verdict(a.stop or b.stop, tuple(r for v in (a, b) if v.stop for r in v.reasons))

        return Rule(f"({self.name} or {other.name})", either)

    def __and__(self, other: Rule) -> Rule:
        def both(progress: Progress) -> Verdict:
            a, b = self(progress), other(progress)
            stop = a.stop and b.stop
            return Verdict(stop, (*a.reasons, *b.reasons) if stop else ())

        return Rule(f"({self.name} and {other.name})", both)


def flips_below(limit: float) -> Rule:
    """Stable: at most this share of probes would be judged otherwise (upper limit). Vetoed by distrust."""
    if not 0.0 < limit < 1.0:
        raise PlanError(f"A share of probes that may flip must lie between 0 and 1, got {limit:g}.")

    def check(p: Progress) -> Verdict:
        stop = p.flips <= limit and not p.distrusted
        return Verdict(stop, (f"at most {p.flips:.2%} of the probes would be judged otherwise",) if stop else ())

    return Rule(f"flips ≤ {limit:g}", check)


def risk_below(limit: float) -> Rule:
    """Stable: the upper limit of the risk is below this squared distance. Vetoed by distrust."""

    def check(p: Progress) -> Verdict:
        stop = p.risk_upper <= limit and not p.distrusted
        return Verdict(stop, (f"the risk is at most {p.risk_upper:.3g}",) if stop else ())

    return Rule(f"risk ≤ {limit:g}", check)


def nothing_left() -> Rule:
    """No question is left to ask."""
    return Rule(
        "nothing left to ask",
        lambda p: Verdict(p.open_questions == 0, ("every question has been asked",) if p.open_questions == 0 else ()),
    )


def budget(
    *,
    answers: int | None = None,
    minutes: float | None = None,
    trainings: int | None = None,
    seconds: float | None = None,
) -> Rule:
    """Out of budget. A budget stops a study whether or not its answers are trusted."""
    limits: list[tuple[str, float]] = [
        (name, float(value))
        for name, value in (("answers", answers), ("minutes", minutes), ("trainings", trainings), ("seconds", seconds))
        if value is not None
    ]

    def check(p: Progress) -> Verdict:
        over = [f"the budget of {value:g} {name} is used up" for name, value in limits if getattr(p, name) >= value]
        return Verdict(bool(over), tuple(over))

    return Rule(" or ".join(f"{name} ≥ {value:g}" for name, value in limits) or "no budget", check)


def stable(progress: Progress, rule: Rule) -> bool:
    """Whether a study may be reported as stable: its stability rule holds, and nothing speaks against trusting it."""
    return rule(progress).stop and not progress.distrusted


def flip_risk(
    probabilities: NDArray[Any],
    deployed: NDArray[Any],
    *,
    weights: NDArray[Any] | None = None,
    confidence: float = 0.95,
    threshold: float = 0.5,
) -> Estimate:
    """Mean over probes of the probability that the true seed's trainer would judge it otherwise; an upper limit.

    Args:
        probabilities: (N, P) outcomes trained on N draws of the belief (rows with NaN are left out).
        deployed: (P,) outcome of the deployed seed.
        weights: (P,) probe weights, summing to one; even when None.
        confidence: one-sided confidence of the limit.
        threshold: a probe is approved above it.

    Returns:
        ``value`` is the upper limit (``bound="upper"``), ``stderr`` the standard error of the mean. Draws, not probes,
        are the sampling units (probes of one draw flip together). The limit is the larger of the mean plus t·stderr and
        the exact binomial limit that the draws' count of flips would have if each draw flipped all or nothing at its
        share (Clopper & Pearson 1934 at fractional counts): with no flip in N draws it is about 3/N, not zero.

    Raises:
        PlanError: fewer than two usable draws.
    """
    from scipy import stats

    y = np.asarray(probabilities, np.float64)
    y = y[np.isfinite(y).all(1)]
    n = len(y)
    if n < 2:
        raise PlanError(f"The flip risk needs at least two trained belief draws, got {n}.")
    w = np.full(y.shape[1], 1.0 / y.shape[1]) if weights is None else np.asarray(weights, np.float64)
    share = ((y > threshold) != (np.asarray(deployed) > threshold)) @ w
    mean = float(share.mean())
    stderr = float(share.std(ddof=1) / np.sqrt(n))
    by_t = mean + float(stats.t.ppf(confidence, n - 1)) * stderr
    # a share that is rare and large could have been missed by all n draws; its largest plausible size is what was seen
    scale = float(max(share.max(), 1.0 / y.shape[1]))
    count = share.sum() / scale
    exact = 1.0 if count >= n else float(stats.beta.ppf(confidence, count + 1.0, n - count))
    return Estimate(min(1.0, max(by_t, scale * exact)), stderr, "upper")
