"""A few steps uphill from where a relaxation says that two networks are far apart.

Branch and bound ends where the bound meets what was seen, so that something has to be seen. Whoever has looked longer
(a dream) hands in a witness, which counts beside these.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from activeseed.bounding.regions import Region
from activeseed.bounding.stacks import Stack, apart

#: inputs to start from beside those given, and steps of each
STARTS, STEPS = 8, 40


def climbed(stack: Stack, region: Region, points: Tensor) -> Tensor:
    """(K, d) inputs of a region -> (2 (K + 8), d) inputs where f − g, and g − f, are larger.

    Steps along the sign of the gradient alternate with steps along the gradient, ever shorter, each projected into the
    region: boxes and balls want one each.
    """
    drawn = torch.as_tensor(region.sample(STARTS, np.random.default_rng(0)))
    start = torch.cat([points, drawn]).repeat(2, 1)
    sign = torch.ones(len(start), dtype=torch.float64)
    sign[len(start) // 2 :] = -1.0
    x, best = start, torch.full((len(start),), -torch.inf, dtype=torch.float64)
    kept = start
    wide = (start.amax(0) - start.amin(0)).amax()
    for step in range(STEPS + 1):
        x = x.detach().requires_grad_()
        with torch.enable_grad():
            height = sign * apart(stack, x)
            (slope,) = torch.autograd.grad(height.sum(), x)
        with torch.no_grad():
            better = height > best
            kept, best = torch.where(better[:, None], x, kept), torch.where(better, height, best)
            far = torch.linalg.vector_norm(slope, dim=-1, keepdim=True).clamp(min=1e-300)
            along = slope.sign() if step % 2 else slope / far
            x = region.project(x + 0.5 * wide * (1.0 - step / STEPS) ** 2 * along)
    return kept.detach()
