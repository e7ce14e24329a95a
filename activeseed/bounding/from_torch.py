"""Networks that a user trained with torch, read as values."""

from __future__ import annotations

from typing import Any

import numpy as np

from activeseed.errors import PlanError
from activeseed.networks import Activation, Layout, Link, Network
from activeseed.plan import Floats


def of_torch(module: Any, link: Link = "sigmoid") -> Network:
    """The network that a ``torch.nn.Sequential`` of ``Linear`` layers and one kind of activation is.

    Dropout and Identity do nothing once it is trained. Raises PlanError, which names the layer, for anything else.

    >>> import torch
    >>> from activeseed.bounding.from_torch import of_torch
    >>> model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
    >>> network = of_torch(model)
    >>> network.layout.widths, network.layout.link
    ((4, 8, 1), 'sigmoid')

    Args:
        link: what makes an outcome of the last layer's number; a Sigmoid at the end is one.
    """
    import torch

    known: dict[type, Activation] = {torch.nn.ReLU: "relu", torch.nn.Tanh: "tanh", torch.nn.Sigmoid: "sigmoid"}
    layers = _layers(module)
    weights: list[Floats] = []
    biases: list[Floats] = []
    found: list[Activation] = []
    pending = False
    for n, layer in enumerate(layers):
        if isinstance(layer, torch.nn.Linear) and _forward(layer) is torch.nn.Linear.forward:
            weight = layer.weight.detach().double().cpu().numpy()
            given: Any = layer.bias  # None where the layer has none
            bias = np.zeros(len(weight)) if given is None else given.detach().double().cpu().numpy()
            if weights and not pending:  # two linear layers in a row are one
                weight, bias = weight @ weights.pop(), weight @ biases.pop() + bias
            weights.append(weight)
            biases.append(bias)
            pending = False
        elif type(layer) in known and weights and not pending:
            found.append(known[type(layer)])
            pending = True
        elif not isinstance(layer, torch.nn.Dropout | torch.nn.Identity):
            raise PlanError(
                f"Layer {n} of the network is a {type(layer).__name__}, which can't be read here. Linear "
                "layers with ReLU, Tanh or Sigmoid between them can be read."
            )
    if not weights or len(weights[-1]) != 1:
        raise PlanError("The network does not end in one score. Give one whose last layer is Linear(…, 1).")
    if pending and found[-1] == "sigmoid" and len(found) == len(weights):
        found.pop()  # the last one is the link
        link = "sigmoid"
    elif pending:
        raise PlanError(f"The network ends in an activation ({found[-1]}). Its last layer has to be Linear(…, 1).")
    if len(set(found)) > 1:
        raise PlanError(f"The network mixes activations ({', '.join(sorted(set(found)))}). Use one kind throughout.")
    widths = (weights[0].shape[1], *(len(w) for w in weights))
    return Network(Layout(widths, found[0] if found else "tanh", link), tuple(weights), tuple(biases))


def _layers(module: Any) -> list[Any]:
    """Layers in the order in which they are applied: one that stands in several places, as often as it does."""
    import torch

    # one that computes in its own way is a layer of its own kind
    if not isinstance(module, torch.nn.Sequential) or _forward(module) is not torch.nn.Sequential.forward:
        return [module]
    return [layer for part in module for layer in _layers(part)]


def _forward(module: Any) -> Any:
    """The function that a module computes with, whoever replaced it."""
    return vars(module).get("forward", type(module).forward)
