"""The largest difference of two ReLU networks, exactly, as a mixed-integer program: small networks, boxes.

Each unit that may be on or off gets a binary (Tjeng, Xiao & Tedrake 2019, "Evaluating robustness of neural networks
with mixed integer programming", eq. 4-7), with what is proved of the layers as big-M; what is proved of the difference
of two neighbours cuts off what the relaxation would mix. SciPy's HiGHS solves it; when time ends its dual bound still
holds. Some 50 binaries take seconds to minutes; beyond, branch and bound on the networks is the better use of time.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from activeseed.bounding.backward import UNIT
from activeseed.bounding.bounded import Bounded, LayerBounds
from activeseed.bounding.regions import Ball, Box, Region
from activeseed.bounding.rounding import evaluation
from activeseed.errors import PlanError
from activeseed.networks import Network
from activeseed.plan import Floats, Ints

#: HiGHS holds constraints and dual values to this, each, and ends within this gap, absolute and relative
_TOLERANCE, _GAP = 1e-7, 1e-6
#: entries of a matrix that HiGHS takes for zero
_SMALL = 1e-9
#: steps of ascent on what is proved of each unit first
_STEPS = 20
#: relative gap at which a solution counts as exact
CLOSED = 1e-4


def exact(
    f: Network,
    g: Network,
    region: Region,
    layers: Sequence[LayerBounds] | None = None,
    *,
    seconds: float = 60.0,
) -> Bounded:
    """The least upper bound of |f − g| (scores) over a box, or over the box around a ball: two programs, one a sign.

    What HiGHS proves holds up to its tolerances, which are absolute: so the program that it gets has variables between
    0 and 1, and rows and costs with a largest entry of 1. A constraint that is broken by a little only makes more
    points feasible, which errs upward; a dual value that is off by ε misstates the dual bound by at most ε times the
    range of its variable or row, and what is within the solver's gap of the best point is not looked at. ``slack`` is
    all of that, in the units of scores, twice.

    Args:
        f, g: ReLU networks of one input dimension (linear ones are solved too, as linear programs).
        layers: what is known of the hidden layers, in their order, for networks of one shape; by default it is worked
            out by interval arithmetic, which no other method here uses.
        seconds: for both programs together.

    Returns:
        ``exact`` where the gap is closed within a ten-thousandth, ``time`` where the budget ended first (the bound
        holds), ``unknown`` where the solver had nothing, or found contradicting bounds.

    Raises:
        PlanError: another activation than ReLU, or another region than a box or a ball.
    """
    began = time.perf_counter()
    box = _box(region)
    for net in (f, g):
        if len(net.weights) > 1 and net.layout.activation != "relu":
            raise PlanError(
                f"A mixed-integer program is exact for ReLU networks, not for {net.layout.activation}. Use branch and "
                "bound (method='branching')."
            )
    if f.layout.inputs != g.layout.inputs or f.layout.inputs != region.dimension:
        raise PlanError(
            f"The networks read {f.layout.inputs} and {g.layout.inputs} numbers and the region has {region.dimension}. "
            "They have to agree."
        )
    if not all(np.isfinite(net.flat).all() for net in (f, g)):
        return _unknown(began)
    known = _intervals(f, g, box) if layers is None else _by_network(layers)
    if any(not (np.isfinite(lo).all() and np.isfinite(hi).all()) or (lo > hi).any() for n in known for lo, hi in n):
        return _unknown(began)  # crossed bounds prove nothing
    program = _Program(box)
    ends = [program.network(net, bounds) for net, bounds in zip((f, g), known, strict=True)]
    if layers is not None:
        program.pairs(layers)
    objective = np.zeros(program.size)
    for sign, (columns, net) in zip((1.0, -1.0), zip(ends, (f, g), strict=True), strict=True):
        objective[columns] += sign * net.weights[-1][0]
    constant = float(f.biases[-1][0] - g.biases[-1][0])
    found, slack, best, witness = [], 0.0, 0.0, None
    for sign in (1.0, -1.0):
        left = max(0.05, (seconds - (time.perf_counter() - began)) / (1.0 if sign < 0 else 2.0))
        dual, off, point = program.solve(-sign * objective, left)
        off += 4.0 * UNIT * (abs(constant) + (0.0 if dual is None else abs(dual)))
        found.append(math.inf if dual is None else sign * constant - dual + off)
        slack = max(slack, off)
        if point is not None:
            x = np.asarray(region.project(box.project(_tensor(point))).numpy())
            value = abs(float(f.scores(x) - g.scores(x)))
            if witness is None or value > best:
                best, witness = value, x
    most, least = found
    upper = max(most, least)
    rounded = 0.0 if witness is None else evaluation(f, witness) + evaluation(g, witness)
    if not math.isfinite(upper) or upper + rounded < best:
        return _unknown(began, best, witness)
    best = min(best, upper)  # what an evaluation rounds is no part of a gap
    closed = upper <= best * (1.0 + CLOSED) + 2.0 * slack + rounded
    return Bounded(
        best, upper, witness, most, least, "milp", "exact" if closed else "time" if program.timed else "bounded",
        slack, time.perf_counter() - began,
    )  # fmt: skip


def solved(f: Network, g: Network, region: Region, *, seconds: float = 60.0) -> Bounded:
    """The same, with the bounds of paired relaxations as big-M where both are ReLU networks of one shape.

    They take a part of the time, and leave fewer units that may be on or off (``unstable``) than intervals do.
    """
    began = time.perf_counter()
    alike = f.layout.widths == g.layout.widths and len(f.weights) > 1
    finite = all(np.isfinite(n.flat).all() for n in (f, g))
    layers = None
    if alike and finite and f.layout.activation == g.layout.activation == "relu":
        from activeseed.bounding.layers import layer_bounds

        try:
            layers = layer_bounds(f, g, _box(region), optimise=_STEPS)
        except PlanError:  # nothing finite can be proved of the units, and so of nothing that is made of them
            return _unknown(began)
    return exact(f, g, region, layers, seconds=max(0.1, seconds - (time.perf_counter() - began)))


def unstable(layers: Sequence[LayerBounds]) -> int:
    """How many units of the two networks may be on or off over the region: the binaries of a program."""
    return int(sum(((layer.low < 0) & (layer.high > 0)).sum() for layer in layers))


@dataclass
class _Program:
    """Variables and rows of one program: inputs, then each network's units, binaries beside those that need one."""

    box: Box
    low: list[Floats] = field(default_factory=list)
    high: list[Floats] = field(default_factory=list)
    whole: list[Ints] = field(default_factory=list)
    size: int = 0
    timed: bool = False
    #: matrix, lower and upper ends, and how far what stands between them can go
    _rows: list[tuple[Any, Floats, Floats, Floats]] = field(default_factory=list)
    #: (weights, bias, columns that they read) of each hidden layer, and the columns of its units, by network
    _layers: list[list[tuple[Floats, Floats, Ints, Ints]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.inputs = self._columns(self.box.low, self.box.high)

    @property
    def binaries(self) -> int:
        return int(sum(part.sum() for part in self.whole))

    def _columns(self, low: Floats, high: Floats, binary: bool = False) -> Ints:
        new = np.arange(self.size, self.size + len(low))
        self.low.append(np.asarray(low, np.float64))
        self.high.append(np.asarray(high, np.float64))
        self.whole.append(np.full(len(low), int(binary)))
        self.size += len(low)
        return new

    def network(self, net: Network, bounds: Sequence[tuple[Floats, Floats]]) -> Ints:
        """Adds one network; returns the columns that its last layer reads."""
        reads, layers = self.inputs, list[tuple[Floats, Floats, Ints, Ints]]()
        for weight, bias, (lo, hi) in zip(net.weights[:-1], net.biases[:-1], bounds, strict=True):
            # a unit's bounds were computed in floating point: a hair is added, so that none cuts off what is there
            hair = 1e-9 * (1.0 + np.maximum(np.abs(lo), np.abs(hi)))
            lo, hi = lo - hair, hi + hair
            units = self._columns(np.maximum(lo, 0.0), np.maximum(hi, 0.0))
            on, either = lo >= 0.0, (lo < 0.0) & (hi > 0.0)
            binaries = self._columns(np.zeros(either.sum()), np.ones(either.sum()), binary=True)
            self._row([(units[on], 1.0), (reads, -weight[on])], bias[on], bias[on])
            w, b, lo, hi, some = weight[either], bias[either], lo[either], hi[either], units[either]
            infinite = np.full(len(b), np.inf)
            self._row([(some, 1.0), (reads, -w)], b, infinite, -lo)  # a ≥ z
            self._row([(some, 1.0), (reads, -w), (binaries, -lo)], -infinite, b - lo, -lo)  # a ≤ z − l(1 − y)
            self._row([(some, 1.0), (binaries, -hi)], -infinite, np.zeros(len(b)), hi)  # a ≤ u·y
            layers.append((weight, bias, reads, units))
            reads = units
        self._layers.append(layers)
        return reads

    def pairs(self, known: Sequence[LayerBounds]) -> None:
        """What is proved of g's unit less f's, before the activation and so after it: ReLU moves no further."""
        for bounds, (w, b, reads, units), (v, c, others, theirs) in zip(known, *self._layers, strict=True):
            lo, hi = bounds.difference_low, bounds.difference_high
            hair = 1e-9 * (1.0 + np.maximum(np.abs(lo), np.abs(hi)))
            lo, hi = lo - hair, hi + hair
            self._row([(others, v), (reads, -w)], lo - (c - b), hi - (c - b))
            self._row([(theirs, 1.0), (units, -1.0)], np.minimum(lo, 0.0), np.maximum(hi, 0.0))

    def _row(
        self, terms: Sequence[tuple[Ints, Floats | float]], low: Floats, high: Floats, far: Floats | None = None
    ) -> None:
        """Rows low ≤ Σ ≤ high: a matrix says all of its columns' entries, a vector or number a column a row.

        ``far`` is how far Σ can go where one of the ends is free.
        """
        if not len(low):
            return
        from scipy.sparse import coo_matrix

        rows, columns, values = list[Any](), list[Any](), list[Any]()
        for at, entries in terms:
            if np.ndim(entries) == 2:
                rows.append(np.repeat(np.arange(len(low)), len(at)))
                columns.append(np.tile(at, len(low)))
                values.append(np.asarray(entries).ravel())
            else:
                rows.append(np.arange(len(low)))
                columns.append(np.asarray(at))
                values.append(np.broadcast_to(np.asarray(entries, np.float64), len(low)))
        made = coo_matrix((np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))))
        self._rows.append((made, low, high, high - low if far is None else far))

    def solve(self, costs: Floats, seconds: float) -> tuple[float | None, float, Floats | None]:
        """Least costs: (a bound from below, None where there is none; its slack; inputs of the best point).

        The bound holds once the slack is taken from it.
        """
        from scipy.optimize import Bounds, LinearConstraint, milp
        from scipy.sparse import diags, vstack

        lows, whole = np.concatenate(self.low), np.concatenate(self.whole)
        wide = np.concatenate(self.high) - lows
        width = np.where(wide > 0, wide, 1.0)
        start, scale = float(costs @ lows), float(np.abs(costs * wide).max())
        rounded = 4.0 * (self.size + 4) * UNIT * float(np.abs(costs) @ (np.abs(lows) + wide))
        scale = scale if scale > 0 else 1.0
        held, far = None, np.zeros(0)
        if self._rows:
            for made, _, _, _ in self._rows:
                made.resize((made.shape[0], self.size))
            matrix = vstack([made.tocsr() for made, _, _, _ in self._rows])
            low, high, far = (np.concatenate([ends[n] for ends in self._rows]) for n in (1, 2, 3))
            # what is at the lower ends is taken off; rows give way by what that rounds
            sizes = abs(matrix) @ (np.abs(lows) + wide)
            ends = np.where(np.isfinite(low), np.abs(low), 0.0) + np.where(np.isfinite(high), np.abs(high), 0.0)
            hair = 4.0 * (self.size + 4) * UNIT * (sizes + ends)
            at = matrix @ lows
            matrix = matrix @ diags(width)
            largest = abs(matrix).max(axis=1).toarray()[:, 0]
            largest = np.where(largest > 0, largest, 1.0)
            matrix = (diags(1.0 / largest) @ matrix).tocsr()
            # HiGHS leaves out what is smaller than this: so it is here, and rows give way by it
            small = np.abs(matrix.data) < _SMALL
            gone = matrix.copy()
            gone.data = np.where(small, np.abs(gone.data), 0.0)
            matrix.data[small] = 0.0
            matrix.eliminate_zeros()
            hair = hair / largest + gone @ np.ones(self.size)
            held = LinearConstraint(matrix, (low - at) / largest - hair, (high - at) / largest + hair)
            far = far / largest + 2.0 * hair
        answer = milp(
            costs * width / scale,
            constraints=held,
            integrality=whole,
            bounds=Bounds(np.zeros(self.size), np.where(wide > 0, 1.0, 0.0)),
            options={"time_limit": seconds, "mip_rel_gap": 1e-7},
        )
        self.timed |= answer.status == 1
        point = None
        if answer.x is not None:
            point = np.asarray((lows + width * answer.x)[: len(self.inputs)], np.float64)
        # without binaries it is a linear program, whose optimum is its own bound
        dual = answer.mip_dual_bound if self.binaries else answer.fun if answer.status == 0 else None
        if answer.status not in (0, 1) or dual is None or not math.isfinite(dual):
            return None, 0.0, point if answer.status in (0, 1) else None
        slack = 2.0 * (_TOLERANCE * (self.size + float(far.sum())) + _GAP * (1.0 + abs(dual)))
        return start + scale * float(dual), scale * slack + rounded, point


def _box(region: Region) -> Box:
    if isinstance(region, Box):
        return region
    if isinstance(region, Ball):
        return Box(region.centre - region.radius, region.centre + region.radius, f"the box around {region.words}")
    raise PlanError("A mixed-integer program takes a box, or a ball, of which it takes the box around.")


def _by_network(layers: Sequence[LayerBounds]) -> list[list[tuple[Floats, Floats]]]:
    return [[(layer.low[n], layer.high[n]) for layer in layers] for n in (0, 1)]


def _intervals(f: Network, g: Network, box: Box) -> list[list[tuple[Floats, Floats]]]:
    """Bounds of the hidden units of each network by interval arithmetic."""
    out = []
    for net in (f, g):
        lo, hi = np.asarray(box.low, np.float64), np.asarray(box.high, np.float64)
        layers = []
        for w, b in zip(net.weights[:-1], net.biases[:-1], strict=True):
            up, down = np.maximum(w, 0.0), np.minimum(w, 0.0)
            off = 2.0 * (len(lo) + 4) * UNIT * (np.abs(w) @ np.maximum(np.abs(lo), np.abs(hi)) + np.abs(b))
            lo, hi = up @ lo + down @ hi + b - off, up @ hi + down @ lo + b + off
            layers.append((lo, hi))
            lo, hi = np.maximum(lo, 0.0), np.maximum(hi, 0.0)
        out.append(layers)
    return out


def _tensor(points: Floats) -> Any:
    import torch

    return torch.as_tensor(points, dtype=torch.float64)


def _unknown(began: float, best: float = 0.0, witness: Floats | None = None) -> Bounded:
    inf = math.inf
    return Bounded(best, inf, witness, inf, inf, "milp", "unknown", 0.0, time.perf_counter() - began)
