"""Randomness of a batch: one numpy generator for each (stream, replicate), drawn once for each distinct key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from activeseed.plan import Ints, Rows, generator


@dataclass(frozen=True)
class Draws:
    """Key streams of R rows.

    Attributes:
        root: the study's root key.
        keys: (R,) replicate numbers; rows with equal numbers get equal randomness.
        held: streams that stay at replicate 0.
        apart: streams that go by replicate numbers of their own (see ``plan.Rows``).
    """

    root: int
    keys: Ints
    held: frozenset[str] = frozenset()
    apart: Mapping[str, Ints] = field(default_factory=dict)

    @classmethod
    def of(cls, root: int, rows: Rows, held: Iterable[str] = ()) -> Draws:
        """The streams of these rows."""
        return cls(root, rows.keys, frozenset(held), rows.apart)

    def take(self, stream: str, draw: Callable[[np.random.Generator], NDArray[Any]], *path: int) -> Tensor:
        """(R, …) what ``draw`` makes of each row's generator; ``path`` names the use within the stream."""
        if stream in self.held:
            one = torch.from_numpy(np.ascontiguousarray(draw(generator(self.root, stream, 0, *path))))
            return one.expand(len(self.keys), *one.shape)
        distinct, inverse = np.unique(self.apart.get(stream, self.keys), return_inverse=True)
        made = np.stack([draw(generator(self.root, stream, int(k), *path)) for k in distinct])
        return torch.from_numpy(made)[torch.from_numpy(inverse.reshape(-1))]

    def normal(self, stream: str, shape: tuple[int, ...], *path: int) -> Tensor:
        """(R, *shape) standard normal numbers, drawn as float32 whatever the precision of what they are used in."""
        return self.take(stream, lambda g: g.standard_normal(shape, np.float32), *path).to(torch.get_default_dtype())

    def uniform(self, stream: str, shape: tuple[int, ...], *path: int) -> Tensor:
        """(R, *shape) numbers in [0, 1), likewise."""
        return self.take(stream, lambda g: g.random(shape, np.float32), *path).to(torch.get_default_dtype())

    def integers(self, stream: str, high: int, shape: tuple[int, ...], *path: int) -> Tensor:
        """(R, *shape) whole numbers in [0, high)."""
        return self.take(stream, lambda g: g.integers(0, high, shape), *path)


SPAN = 16
"""Epochs whose orders are drawn together."""


@dataclass
class Minibatches:
    """Which items each gradient step sees.

    The order is over items, not over what is present, so that two rows of one key share it whatever they left out.

    Attributes:
        item_of: (S,) item number of each slot.
        items: F.
        size: items in a minibatch, below F.
    """

    draws: Draws
    item_of: Tensor
    items: int
    size: int
    _span: int = -1
    _epoch: int = -1
    _orders: Tensor | None = None
    _batch_of: Tensor | None = None

    def weights(self, wanted: Tensor, step: int) -> Tensor:
        """(R, S) weights of the slots in this step, scaled so that their mean over an epoch is ``wanted``."""
        batches = -(-self.items // self.size)
        epoch, batch = divmod(step, batches)
        if epoch // SPAN != self._span:
            self._span = epoch // SPAN
            self._orders = self.draws.take("order", self._draw, self._span)
        assert self._orders is not None
        if epoch != self._epoch or self._batch_of is None:
            self._epoch = epoch
            self._batch_of = self._orders[:, epoch % SPAN][:, self.item_of]
        return wanted * ((self._batch_of == batch) * float(batches))

    def _draw(self, generator: np.random.Generator) -> NDArray[np.int16]:
        """(SPAN, F) number of the batch that each item falls into, for each epoch."""
        place = np.argsort(generator.random((SPAN, self.items)), axis=1)
        return (place // self.size).astype(np.int16)
