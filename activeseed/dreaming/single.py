"""What a network says in the single precision that it was trained in."""

from __future__ import annotations

import numpy as np

from activeseed.networks import Network
from activeseed.plan import Floats


def outcomes_in_single(network: Network, points: Floats) -> Floats:
    """(n, d) inputs -> (n,) outcomes, computed by torch in float32 throughout, as whoever deploys the network does."""
    import torch

    from activeseed.bounding.curves import value

    h = torch.as_tensor(np.asarray(points, np.float32))
    last = len(network.weights) - 1
    for n, (w, b) in enumerate(zip(network.weights, network.biases, strict=True)):
        h = torch.nn.functional.linear(h, torch.as_tensor(w.astype(np.float32)), torch.as_tensor(b.astype(np.float32)))
        if n < last:
            h = value(network.layout.activation, h)
    h = h[:, 0]
    found = h.sigmoid() if network.layout.link == "sigmoid" else h
    return np.asarray(found.double().numpy())
