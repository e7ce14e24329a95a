"""When to stop: pure predicates over a record of progress, composed with ``|`` and ``&``.

A study has settled when the limit of its risk, said in decision flips, is below what the user set; it stops when it
has settled or a budget is out. *Stable* takes more: something that vouches for whoever answered, since spread falls
whatever is answered, also at random, and answers that are wrong throughout agree with each other as well as right ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from activeseed.errors import PlanError

#: of the limit at one look. A study looks after every round and stops at the first look that is below, so one look is
#: held to a little more than the 95 % that the study claims
CONFIDENCE = 0.965


@dataclass(frozen=True)
class Progress:
    """Where a study stands. Unknown numbers are NaN, and no rule holds on an unknown number.

    Attributes:
        risk: expected squared embedded distance of what is deployed from what humans mean.
        risk_upper: its upper limit.
        flips: share of probes that is exceeded with a probability of 5 % at most (``flip_risk``).
        answers, minutes, trainings, seconds: spent so far.
        open_questions: questions worth asking that are left.
        distrusted: sentences that say why answers can't be trusted; none when all is well.
        unvouched: sentences that say for whom nothing vouches, and what would.
        can_vouch: whether a question that could vouch for somebody is left to ask.
        hopeless: whether nobody who answers can be relied on.
        divided: ids of the items on which people really disagree: no majority is what people mean there.
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
    unvouched: tuple[str, ...] = ()
    can_vouch: bool = False
    hopeless: bool = False
    divided: tuple[str, ...] = ()


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
    """Settled: 95 times in 100 at most this share of probes would be judged otherwise. Vetoed by distrust.

    It waits for questions that could still vouch for somebody: a study that could be stable is not merely settled.
    """
    if not 0.0 < limit < 1.0:
        raise PlanError(f"A share of probes that may flip must lie between 0 and 1, got {limit:g}.")

    def check(p: Progress) -> Verdict:
        stop = p.flips <= limit and not p.distrusted and not (p.unvouched and p.can_vouch)
        return Verdict(stop, (f"at most {p.flips:.2%} of the probes would be judged otherwise",) if stop else ())

    return Rule(f"flips ≤ {limit:g}", check)


def risk_below(limit: float) -> Rule:
    """Settled: the upper limit of the risk is below this squared distance. Vetoed by distrust; waits as above."""

    def check(p: Progress) -> Verdict:
        stop = p.risk_upper <= limit and not p.distrusted and not (p.unvouched and p.can_vouch)
        return Verdict(stop, (f"the risk is at most {p.risk_upper:.3g}",) if stop else ())

    return Rule(f"risk ≤ {limit:g}", check)


def nothing_left() -> Rule:
    """No question is left to ask."""
    return Rule(
        "nothing left to ask",
        lambda p: Verdict(p.open_questions == 0, ("every question has been asked",) if p.open_questions == 0 else ()),
    )


def nobody_to_rely_on() -> Rule:
    """Whoever answers does so at random, or against what is known: more such answers cost time and settle nothing."""
    reason = "the answers can't be relied on, and more of them would not help"
    return Rule("nobody to rely on", lambda p: Verdict(p.hopeless, (reason,) if p.hopeless else ()))


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
    """Whether a study may be called stable.

    Its rule holds, nothing speaks against the answers, all are vouched for, and people are divided on nothing.
    """
    return rule(progress).stop and not (progress.distrusted or progress.unvouched or progress.divided)


@dataclass(frozen=True)
class FlipRisk:
    """What share of the probes would be judged otherwise.

    Attributes:
        upper: exceeded with a probability of 5 % at most.
        mean: expected share; stderr: its standard error over draws.
        draws: how many were trained.
    """

    upper: float
    mean: float
    stderr: float
    draws: int


def flip_risk(
    probabilities: NDArray[Any],
    deployed: NDArray[Any],
    *,
    weights: NDArray[Any] | None = None,
    confidence: float = CONFIDENCE,
    threshold: float = 0.5,
) -> FlipRisk:
    """The share of probes that the true seed's trainer would judge otherwise: a limit on the share, not on its mean.

    If the truth is a draw like the others, it is as likely to come at any place among them: the share that at most
    (1 − confidence)(N + 1) − 1 of the N draws exceed is exceeded by the truth's with probability 1 − confidence at
    most, for any number of draws. (The mean share is no limit: where most seeds agree and a few would change much, it
    is below what is realised in a third of the studies.)

    Args:
        probabilities: (N, P) outcomes trained on N joint draws of truths and accuracies (rows with NaN are left out).
        deployed: (P,) or (N, P) outcome of the deployed seed, under the keys of the draws where they have keys.
        weights: (P,) probe weights, summing to one; even when None.
        confidence: of the limit.
        threshold: a probe is approved above it.

    Raises:
        PlanError: fewer than two usable draws.
    """
    y = np.asarray(probabilities, np.float64)
    d = np.broadcast_to(np.asarray(deployed, np.float64), y.shape)
    usable = np.isfinite(y).all(1) & np.isfinite(d).all(1)
    y, d = y[usable], d[usable]
    n = len(y)
    if n < 2:
        raise PlanError(f"The flip risk needs at least two trained belief draws, got {n}.")
    w = np.full(y.shape[1], 1.0 / y.shape[1]) if weights is None else np.asarray(weights, np.float64)
    share = ((y > threshold) != (d > threshold)) @ w
    allowed = int(np.floor((1.0 - confidence) * (n + 1) + 1e-9)) - 1
    upper = float(np.sort(share)[::-1][allowed]) if allowed >= 0 else 1.0
    return FlipRisk(upper, float(share.mean()), float(share.std(ddof=1) / np.sqrt(n)), n)
