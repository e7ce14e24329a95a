"""Parts in which nothing is left to split: the difference is linear there, and a linear program ends it.

The program is not believed. What it says are multipliers of the constraints that the splits left; put into a backward
pass they give a bound that holds whatever they are, and that is the program's value where it was solved. Over a ball
the program sees the box around it, and the multipliers are improved by ascent: the bound is then as tight as that
comes, and need not be exact.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import torch
from torch import Tensor

from activeseed.bounding.backward import backward
from activeseed.bounding.relaxations import Free
from activeseed.bounding.stacks import Places
from activeseed.bounding.tightening import Problem, tightest
from activeseed.plan import Floats

#: steps of ascent over a region that is no box
STEPS = 100
#: the most that all multipliers together may be, as a multiple of the largest slope: a part that is empty has no limit
MOST = 1e4


def finished(problem: Problem, free: list[Free], until: float) -> tuple[float, Tensor | None]:
    """A lower bound of one row over one part in which all units are decided, and the input where it is reached.

    None where the program was not solved; the bound holds even then.
    """
    free = [dataclasses.replace(f, held=torch.zeros_like(_held(f)), held_apart=None) for f in free]
    places = problem.places
    slopes = problem.planes(free).slopes[0, 0]
    forms, limits, where = [], [], []
    for k, known in enumerate(problem.ranges):
        n, _, units = known.low.shape
        one = torch.eye(units, dtype=torch.float64).expand(n, 1, units, units)
        z = backward(problem.stack, one, problem.ranges[:k], problem.relaxations[:k], places)
        for side, sign, limit in ((0, -1.0, -known.low[:, 0]), (1, 1.0, known.high[:, 0])):
            # sign z ≤ limit, unless the region sees to that
            form, constant = sign * z.slopes[:, 0], sign * z.constants[:, 0]
            matters = -places.least(-form[:, None])[:, 0] + constant > limit
            for net, unit in matters.nonzero().tolist():
                forms.append(form[net, unit].numpy())
                limits.append(float(limit[net, unit] - constant[net, unit]))
                where.append((k, side, net, unit))
    point = None
    if forms:
        multipliers, point = _solved(slopes.numpy(), np.array(forms), np.array(limits), places)
        for (k, side, net, unit), multiplier in zip(where, multipliers, strict=True):
            _held(free[k])[side, net, 0, 0, unit] = multiplier
    with torch.no_grad():
        least = float(problem.planes(free).least(places)[0, 0])
    if places.balls is not None or places.other is not None:
        better, _ = tightest(problem, STEPS, True, until, free)
        least = max(least, float(better.bounds[0, 0]))
        point = None
    return least, point


def _solved(slopes: Floats, forms: Floats, limits: Floats, places: Places) -> tuple[Floats, Tensor | None]:
    """Multipliers of ``forms @ x ≤ limits`` where slopes · x is least, and that x. Zeros where none were found.

    One more variable lets all constraints be missed at a price, so that a part with nothing in it has multipliers too.
    """
    from scipy.optimize import linprog

    low, high = places.corners()
    price = MOST * max(float(np.abs(slopes).max()), 1e-12)
    solved = linprog(
        np.append(slopes, price),
        A_ub=np.hstack([forms, -np.ones((len(forms), 1))]),
        b_ub=limits,
        bounds=[*zip(low[0].tolist(), high[0].tolist(), strict=True), (0.0, None)],
        method="highs",
    )
    if solved.status != 0:
        return np.zeros(len(forms)), None
    # a program's own tolerance may leave the box, and what is seen outside shows nothing
    point = torch.minimum(torch.maximum(torch.as_tensor(solved.x[:-1]), low[0]), high[0])
    return np.maximum(-solved.ineqlin.marginals, 0.0), point


def _held(free: Free) -> Tensor:
    assert free.held is not None
    return free.held
