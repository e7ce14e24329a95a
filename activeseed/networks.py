"""Small feed-forward networks as values: what an evaluator is, once it is trained.

A score is x -> W_L a(… a(W₁x + b₁) …) + b_L with one activation a between the layers; an outcome is the score, or σ of
it. Systems hand such networks out (``protocols.SupportsNetworks``), so that whoever compares two of them need not ask
their trainers at every input. float64 throughout: whoever proves something of a network says what its trainer's own
precision adds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from activeseed.errors import PlanError
from activeseed.plan import Floats

if TYPE_CHECKING:
    from numpy.typing import NDArray

Activation = Literal["relu", "tanh", "sigmoid"]
Link = Literal["sigmoid", "identity"]


@dataclass(frozen=True)
class Layout:
    """The shape of a network, that all rows of a system have in common.

    Attributes:
        widths: of the layers, the input's first and the score's, which is 1, last. Two: a linear score.
        activation: between the layers.
        link: what makes an outcome of a score.
    """

    widths: tuple[int, ...]
    activation: Activation = "tanh"
    link: Link = "sigmoid"

    @property
    def inputs(self) -> int:
        """d: entries of an input."""
        return self.widths[0]

    @property
    def size(self) -> int:
        """Parameters: weights (out × in, row by row), then biases, layer by layer."""
        return sum(o * i + o for i, o in zip(self.widths, self.widths[1:], strict=False))


@dataclass(frozen=True, eq=False)
class Network:
    """One trained network.

    Attributes:
        layout: its shape.
        weights: L matrices (out, in).
        biases: L vectors (out,).
    """

    layout: Layout
    weights: tuple[Floats, ...]
    biases: tuple[Floats, ...]

    @classmethod
    def of(cls, layout: Layout, flat: NDArray[np.floating]) -> Network:
        """From (size,) parameters as ``Layout.size`` orders them. Raises PlanError for another number of them."""
        if np.shape(flat) != (layout.size,):
            raise PlanError(f"A network {layout.widths} has {layout.size} parameters; {np.shape(flat)} were given.")
        values = np.asarray(flat, np.float64)
        weights, biases, at = [], [], 0
        for i, o in zip(layout.widths, layout.widths[1:], strict=False):
            weights.append(values[at : at + o * i].reshape(o, i))
            biases.append(values[at + o * i : at + o * i + o])
            at += o * i + o
        return cls(layout, tuple(weights), tuple(biases))

    @property
    def flat(self) -> Floats:
        """(size,) parameters in the order of ``Layout.size``."""
        return np.concatenate([part.ravel() for w, b in zip(self.weights, self.biases, strict=True) for part in (w, b)])

    def scores(self, inputs: NDArray[np.floating]) -> Floats:
        """(…, d) inputs -> (…) scores."""
        return np.asarray((self.units(inputs) @ self.weights[-1].T + self.biases[-1])[..., 0])

    def units(self, inputs: NDArray[np.floating]) -> Floats:
        """(…, d) inputs -> (…, h) units of the last hidden layer, which the score is linear in; else the inputs."""
        h = np.asarray(inputs, np.float64)
        for w, b in zip(self.weights[:-1], self.biases[:-1], strict=True):
            h = activated(self.layout.activation, h @ w.T + b)
        return h

    def outcomes(self, inputs: NDArray[np.floating]) -> Floats:
        """(…, d) inputs -> (…) outcomes: the scores, through the link."""
        scores = self.scores(inputs)
        return activated("sigmoid", scores) if self.layout.link == "sigmoid" else scores


def activated(activation: Activation, values: Floats) -> Floats:
    """The activation of every entry."""
    if activation == "relu":
        return np.maximum(values, 0.0)
    if activation == "tanh":
        return np.tanh(values)
    from scipy.special import expit

    return np.asarray(expit(values), np.float64)


def parts_of(flat: Sequence[NDArray[np.floating]]) -> Floats:
    """(R, size) parameters of R rows from stacked parts (R, …), in the order of ``Layout.size``."""
    return np.concatenate([np.asarray(p, np.float64).reshape(len(p), -1) for p in flat], axis=1)
