"""What is free in a backward pass, chosen by gradient ascent on the bound (α-CROWN: Xu et al. 2021).

Every value is sound, so that nothing has to converge: the best bound seen counts, and it is never worse than the best
of those that the rules give.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from activeseed.bounding.backward import Planes, backward
from activeseed.bounding.relaxations import Bends, Curves, Free
from activeseed.bounding.stacks import Places, Ranges, Stack

#: Adam's rate at the start for ReLU and for curves (whose multipliers overshoot at the former), and what a step leaves
BENDS_RATE, CURVES_RATE, FADING = 0.15, 0.05, 0.97


class Lower(NamedTuple):
    """Lower bounds, and what each holds back for rounding: (N, B, R), or (B, R) of a pair."""

    bounds: Tensor
    slack: Tensor

    def better(self, other: Lower) -> Lower:
        """The larger of each two."""
        return Lower(
            torch.maximum(self.bounds, other.bounds), torch.where(other.bounds > self.bounds, other.slack, self.slack)
        )


@dataclass(frozen=True, eq=False)
class Problem:
    """Rows of a layer that are to be bounded from below, and all that is known before it.

    Attributes are those of ``backward``.
    """

    stack: Stack
    rows: Tensor
    ranges: Sequence[Ranges]
    relaxations: Sequence[Bends | Curves]
    places: Places
    paired: bool

    def planes(self, free: Sequence[Free] | None = None) -> Planes:
        """The planes of a choice."""
        return backward(self.stack, self.rows, self.ranges, self.relaxations, self.places, free, self.paired)

    def by_rule(self) -> tuple[Lower, Tensor]:
        """The bounds of the better rule for each row, and its share of pairing: 0 or 1."""
        planes = self.planes()
        lower = Lower(planes.least(self.places), planes.slack)
        if not self.paired:
            return lower, torch.zeros_like(lower.bounds)
        planes = self.planes([Free(mix=1.0)] * len(self.ranges))
        also = Lower(planes.least(self.places), planes.slack)
        return lower.better(also), (also.bounds > lower.bounds).to(also.bounds)


def start(problem: Problem, share: Tensor, held: bool) -> list[Free]:
    """Where the ascent starts: the rules' choices, as numbers that have a gradient.

    Args:
        problem: what is bounded.
        share: (B, R) of pairing, from ``by_rule``; it starts a little off the end, where it could not leave.
        held: whether multipliers of the known ranges take part.
    """
    n, b, r, _ = problem.rows.shape
    out = []
    for known, relaxation in zip(problem.ranges, problem.relaxations, strict=True):
        units = known.low.shape[-1]
        if isinstance(relaxation, Bends):
            lines = relaxation.start.expand(n, b, r, units).clone()
            lean = None
        else:
            lines = torch.stack([relaxation.over.start, relaxation.under.start]).mean(0).expand(n, b, r, units).clone()
            lean = relaxation.apart[0].start.expand(b, r, units).clone() if problem.paired else None
        out.append(
            Free(
                lines,
                (share[..., None] * 0.8 + 0.1).expand(b, r, units).clone() if problem.paired else 0.0,
                lean,
                torch.zeros(2, n, b, r, units, dtype=torch.float64) if held else None,
                torch.zeros(2, b, r, units, dtype=torch.float64) if held and problem.paired else None,
            )
        )
    return out


def numbers(free: Sequence[Free]) -> list[tuple[Tensor, float, float]]:
    """All that can be chosen, with the least and the largest value of each."""
    inf = float("inf")
    out = []
    for f in free:
        mix = f.mix if isinstance(f.mix, Tensor) else None
        sides = ((f.lines, 0, 1), (mix, 0, 1), (f.lean, 0, 1), (f.held, 0, inf))
        for tensor, low, high in (*sides, (f.held_apart, 0, inf)):
            if tensor is not None:
                out.append((tensor, float(low), float(high)))
    return out


def tightest(
    problem: Problem,
    steps: int,
    held: bool = False,
    until: float = float("inf"),
    free: list[Free] | None = None,
) -> tuple[Lower, list[Free]]:
    """The best lower bounds seen in ``steps`` steps of Adam, and the last choice.

    ``until`` is when to stop by ``time.monotonic``, ``free`` a choice to start from (it is changed).
    Cost: about three passes a step.
    """
    with torch.no_grad():
        best, share = problem.by_rule()
    free = start(problem, share, held) if free is None else free
    if not steps or not problem.ranges:
        return best, free
    chosen = numbers(free)
    for tensor, _, _ in chosen:
        tensor.requires_grad_()
    rate = BENDS_RATE if problem.stack.activation == "relu" else CURVES_RATE
    optimiser = torch.optim.Adam([t for t, _, _ in chosen], lr=rate)
    fading = torch.optim.lr_scheduler.ExponentialLR(optimiser, FADING)
    with torch.enable_grad():
        for _ in range(steps):
            if time.monotonic() > until:
                break
            found = problem.planes(free)
            bounds = problem.places.least(found.slopes) + found.constants
            best = best.better(Lower(found.least(problem.places).detach(), found.slack))
            optimiser.zero_grad()
            (-bounds.sum()).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            fading.step()
            with torch.no_grad():
                for tensor, low, high in chosen:
                    tensor.clamp_(low, high)
    for tensor, _, _ in chosen:
        tensor.requires_grad_(False)
    with torch.no_grad():
        found = problem.planes(free)
        return best.better(Lower(found.least(problem.places), found.slack)), free
