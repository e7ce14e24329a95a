"""How far an evaluation of a network can be from its exact score: running error analysis (Higham 2002, section 3.3).

With activations known to ± e, and of size A at most, the next units are known to

    |W| e + γ (|W| (A + e) + |b|) + |ΔW| A + |Δb|,    γ = (m + 1) u / (1 − (m + 1) u),

for sums of m terms in any order, and weights that were themselves rounded by ΔW. An activation that rises by at most ℓ
makes ℓ e of e (ℓ = 1; ¼ for σ) and adds what its own routine is off by, here taken as 4 units in the last place.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from activeseed.bounding.layers import ranges_of
from activeseed.bounding.regions import Region
from activeseed.bounding.relaxations import size
from activeseed.bounding.stacks import Places, Stack
from activeseed.networks import Network, activated
from activeseed.plan import Floats

SINGLE, DOUBLE = 2.0**-24, 2.0**-53
#: how far off a routine for tanh or σ may be, in units of the last place
ROUTINE = 4.0


def single_precision(network: Network, region: Region) -> float:
    """How far scores computed in float32 can be from exact ones over a region, inputs and weights rounded too.

    Of two networks that are deployed in float32, |f − g| as deployed is within the sum of both of what is proved of it.
    Cost: one pass for the ranges of the units.
    """
    places = Places.of([region])
    ranges, _ = ranges_of(Stack.of(network), places, False)
    sizes = [places.reach[0].numpy(), *(size(network.layout.activation, r)[0, 0].numpy() for r in ranges)]
    return _error(network, sizes, SINGLE)


def evaluation(network: Network, point: Floats) -> float:
    """The most by which the score of an input, evaluated in float64, differs from the exact one."""
    sizes, hidden = [np.abs(point)], np.asarray(point, np.float64)
    for w, b in zip(network.weights[:-1], network.biases[:-1], strict=True):
        hidden = activated(network.layout.activation, w @ hidden + b)
        sizes.append(np.abs(hidden))
    return 1.01 * _error(network, sizes, DOUBLE)  # the sizes are themselves rounded


def _error(network: Network, sizes: Sequence[Floats], unit: float) -> float:
    """Of the score, from the largest sizes of the input and of each hidden layer's activations."""
    steepest = 0.25 if network.layout.activation == "sigmoid" else 1.0
    routine = 0.0 if network.layout.activation == "relu" else 2.0 * ROUTINE * unit
    single = unit == SINGLE
    off = unit * np.asarray(sizes[0]) if single else np.zeros_like(sizes[0])
    for k, (w, b, a) in enumerate(zip(network.weights, network.biases, sizes, strict=True)):
        if k:
            off = steepest * off + routine
        m = w.shape[1] + 1
        gamma = m * unit / (1.0 - m * unit)
        rounded = [np.abs(part - part.astype(np.float32)) if single else np.zeros_like(part) for part in (w, b)]
        # what is stored may be larger than what was meant by as much as it was rounded
        size_w, size_b = np.abs(w) + rounded[0], np.abs(b) + rounded[1]
        off = size_w @ off + gamma * (size_w @ (a + off) + size_b) + rounded[0] @ a + rounded[1]
    return float(off[0])
