"""Randomness of a batch: one numpy generator for each (stream, replicate), drawn once for each distinct key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from activeseed.plan import Ints, generator


@dataclass(frozen=True)
class Draws:
    """Key streams of R rows.

    Attributes:
        root: the study's root key.
        keys: (R,) replicate numbers; rows with equal numbers get equal randomness.
        held: streams that stay at replicate 0.
    """

    root: int
    keys: Ints
    held: frozenset[str] = frozenset()

    def take(self, stream: str, draw: Callable[[np.random.Generator], NDArray[Any]], *path: int) -> Tensor:
        """(R, …) what ``draw`` makes of each row's generator; ``path`` names the use within the stream."""
        if stream in self.held:
            one = torch.from_numpy(np.ascontiguousarray(draw(generator(self.root, stream, 0, *path))))
            return one.expand(len(self.keys), *one.shape)
        distinct, inverse = np.unique(self.keys, return_inverse=True)
        made = np.stack([draw(generator(self.root, stream, int(k), *path)) for k in distinct])
        return torch.from_numpy(made)[torch.from_numpy(inverse.reshape(-1))]

    def normal(self, stream: str, shape: tuple[int, ...], *path: int) -> Tensor:
        """(R, *shape) standard normal numbers, float32."""
        return self.take(stream, lambda g: g.standard_normal(shape, np.float32), *path)

    def uniform(self, stream: str, shape: tuple[int, ...], *path: int) -> Tensor:
        """(R, *shape) numbers in [0, 1), float32."""
        return self.take(stream, lambda g: g.random(shape, np.float32), *path)

    def integers(self, stream: str, high: int, shape: tuple[int, ...], *path: int) -> Tensor:
        """(R, *shape) whole numbers in [0, high)."""
        return self.take(stream, lambda g: g.integers(0, high, shape), *path)


def minibatch_of(draws: Draws, items: int, size: int, epoch: int) -> Tensor:
    """(R, F) the minibatch that each item falls into in this epoch.

    The order is over items, not over what is present, so that two rows of one key share it whatever they left out.
    """
    place = draws.take("order", lambda g: np.argsort(g.random(items)), epoch)
    return torch.div(place, size, rounding_mode="floor")
