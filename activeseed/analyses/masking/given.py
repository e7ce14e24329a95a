"""The curve of a network that somebody trained elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from activeseed.analyses.masking.curves import MaskedCurve, curve_of
from activeseed.analyses.masking.masks import Of, units_words
from activeseed.errors import PlanError
from activeseed.geometries import Compare, Hellinger, Identity
from activeseed.networks import Network

#: p of the curves, the source's .3 among them
RATES = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5)


def masked_curve(
    model: Any,
    features: NDArray[np.floating],
    of: Of = "units",
    rates: Sequence[float] = RATES,
    masks: int = 256,
    weights: Sequence[float] = (),
    compare: Compare | None = None,
    root: int = 0,
) -> MaskedCurve:
    """S(p) = E D(f, f_mask) of a trained network, over the share p of units or weights that is set to zero.

    >>> import numpy as np, torch
    >>> import activeseed as act
    >>> model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
    >>> curve = act.masked_curve(model, np.eye(4), of="weights", rates=(0.0, 0.3))
    >>> curve.value[0], curve.value[1] > 0
    (0.0, True)

    Args:
        model: an ``activeseed.networks.Network``; a ``torch.nn.Sequential`` of Linear layers and one kind of activation
            (its own Dropout layers do nothing once it is trained); several of them, of one shape, for errors over keys.
        features: (n, d) inputs that it is read at.
        of: ``units`` (of hidden layers; the inputs where it is linear) or ``weights`` (not biases).
        rates: p, in [0, 1); what is kept is scaled by 1/(1 − p).
        masks: of each network, at least 2.
        weights: of the inputs; alike by default.
        compare: ``hellinger`` for probabilities (the default where the network ends in a sigmoid), else ``identity``.
        root: of the stream ``mask``: equal roots draw equal masks.

    Raises:
        PlanError: a layer that can't be read as one of a plain network, networks of different shapes, a rate outside
            [0, 1).
    """
    networks = [_read(m) for m in (model if isinstance(model, list | tuple) else [model])]
    inputs = np.atleast_2d(np.asarray(features, np.float64))
    layout = networks[0].layout if networks else None
    if layout is None or any(n.layout != layout for n in networks):
        shapes = ", ".join(str(n.layout.widths) for n in networks) or "none"
        raise PlanError(f"A curve is of networks of one shape. These have: {shapes}.")
    if inputs.shape[1] != layout.inputs:
        raise PlanError(f"The features have {inputs.shape[1]} entries; the network reads {layout.inputs}.")
    check_rates(rates)
    if masks < 2:
        raise PlanError("Two masks are needed at least, to tell what they do alike from what each does.")
    share = np.full(len(inputs), 1.0) if not len(weights) else np.asarray(weights, np.float64)
    if share.shape != (len(inputs),) or not (share >= 0).all() or not share.sum() > 0:
        raise PlanError(f"There are {len(inputs)} inputs: give as many weights, none negative, not all zero.")
    kind = compare or ("hellinger" if layout.link == "sigmoid" else "identity")
    geometry = (Hellinger if kind == "hellinger" else Identity)(share / share.sum())
    return curve_of(networks, inputs, geometry, of, sorted(set(rates)), masks, root, words_of(of, networks[0]))


def words_of(of: Of, network: Network) -> str:
    """What is masked."""
    return units_words(network.layout) if of == "units" else "weights"


def check_rates(rates: Sequence[float]) -> None:
    """Raise PlanError for a share that leaves nothing, or for none."""
    wrong = [p for p in rates if not 0.0 <= p < 1.0]
    if wrong or not len(rates):
        raise PlanError(
            f"{wrong[0]:g} is no share that can be dropped: rates lie in [0, 1)." if wrong else "No rate is named."
        )


def _read(model: Any) -> Network:
    if isinstance(model, Network):
        return model
    from activeseed.bounding.from_torch import of_torch

    return of_torch(model)
