"""Networks at run time with some of their units (Dropout) or weights (DropConnect) set to zero.

What is kept is scaled by 1/(1 − p), so that the sum that a layer makes is right on average (inverted scaling). A unit
that is masked is a column of the next layer's weights, so both are masks on weights. One mask is one network, read at
all places. A mask drops what its number lies below p for, so that a larger p drops all that a smaller one did.

Srivastava, Hinton, Krizhevsky, Sutskever & Salakhutdinov 2014 (Dropout); Wan, Zeiler, Zhang, LeCun & Fergus 2013
(DropConnect).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from activeseed.networks import Layout, Network, activated
from activeseed.plan import Floats, generator

#: what is set to zero
Of = Literal["units", "weights"]
#: numbers of one array, so that memory stays small whatever the masks
_AT_ONCE = 4_000_000


def units_words(layout: Layout) -> str:
    """What the units of a network are: a linear score has none that are hidden, so its inputs are masked."""
    return "inputs (a linear score has no hidden units)" if len(layout.widths) == 2 else "hidden units"


def draws(layout: Layout, of: Of, masks: int, root: int, replicate: int) -> list[Floats | None]:
    """Uniform numbers (masks, out or 1, in) of each layer's weights, by stream ``mask``; None for what stays whole."""
    dice = generator(root, "mask", replicate, of)
    out: list[Floats | None] = []
    for layer, (i, o) in enumerate(zip(layout.widths, layout.widths[1:], strict=False)):
        if of == "weights":
            out.append(dice.random((masks, o, i)))
        else:
            hidden = layer > 0 or len(layout.widths) == 2
            out.append(dice.random((masks, 1, i)) if hidden else None)
    return out


def masked_outcomes(
    network: Network, inputs: NDArray[np.floating], numbers: Sequence[Floats | None], rate: float
) -> Floats:
    """(masks, n) outcomes at inputs (n, d) of a network under each mask.

    Args:
        numbers: see `draws`.
        rate: p, the share that is dropped, in [0, 1).
    """
    masks = next(len(u) for u in numbers if u is not None)
    each = max(1, max(w.size for w in network.weights), len(inputs) * max(network.layout.widths[1:]))
    step = max(1, _AT_ONCE // each)
    return np.concatenate(
        [
            _outcomes(network, inputs, [None if u is None else u[a : a + step] for u in numbers], rate)
            for a in range(0, masks, step)
        ]
    )


def _outcomes(network: Network, inputs: NDArray[np.floating], numbers: Sequence[Floats | None], rate: float) -> Floats:
    h = np.asarray(inputs, np.float64)[None]
    last = len(network.weights) - 1
    for n, (w, b, u) in enumerate(zip(network.weights, network.biases, numbers, strict=True)):
        kept = w[None] if u is None else w * ((u >= rate) / (1.0 - rate))
        h = h @ np.swapaxes(kept, 1, 2) + b
        if n < last:
            h = activated(network.layout.activation, h)
    masks = next(len(u) for u in numbers if u is not None)
    scores = np.broadcast_to(h[..., 0], (masks, h.shape[1]))
    return activated("sigmoid", scores) if network.layout.link == "sigmoid" else np.asarray(scores)
