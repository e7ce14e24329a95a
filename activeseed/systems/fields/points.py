"""The points at which all rows read their fields, and the precision in which they do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


@dataclass(frozen=True)
class Points:
    """Shared features.

    Attributes:
        train: (n, d) features that losses are taken at.
        probes: (P, d) features that outcomes are read at.
        attacked: how many of ``train``, from the first, an adversary may move.
        kernel: (n, n) inner products of ``train``, where fields are kept in the dual; else None.
        probe_kernel: (n, P) inner products of ``train`` with ``probes``, likewise.
    """

    train: Tensor
    probes: Tensor
    attacked: int
    kernel: Tensor | None = None
    probe_kernel: Tensor | None = None

    @classmethod
    def lay_out(cls, train: Tensor, probes: Tensor, attacked: int, *, dual: bool) -> Points:
        """Points, with inner products where ``dual`` asks for them."""
        if not dual:
            return cls(train, probes, attacked)
        return cls(train, probes, attacked, train @ train.T, train @ probes.T)


def in_precision(values: NDArray[np.float32]) -> Tensor:
    """A tensor in torch's default precision, in which fields are trained.

    That is single precision unless a process says otherwise with ``torch.set_default_dtype``; in double precision two
    computations of one thing agree to about 1e-12 whatever the processor, so that a larger gap is a mistake.
    """
    return torch.tensor(values, dtype=torch.get_default_dtype())


def worst_case(points: Tensor, slope: Tensor, radius: float) -> Tensor:
    """(R, m, d) each point moved ``radius`` against the score's gradient: the fast gradient method, Euclidean norm."""
    step: Tensor = slope * (radius / slope.norm(dim=2, keepdim=True).clamp(min=1e-12))
    return points - step
