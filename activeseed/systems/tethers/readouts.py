"""What is read of trained models at the probes: concepts, the task, and what lies inside up to a turn."""

from __future__ import annotations

import torch
from torch import Tensor

from activeseed.systems.tethers.bench import Bench
from activeseed.systems.tethers.cost import aligned
from activeseed.systems.tethers.settings import TetherSettings
from activeseed.systems.tethers.translating import Model, affine, rounded, units


def outcome_of(settings: TetherSettings, bench: Bench, model: Model, weights: Tensor) -> Tensor:
    """(R, places) what the settings read: probe by probe, the concepts or classes of each; entries of the geometry."""
    h = units(model, bench.probes)[-1]
    parts = []
    if settings.outcome in ("readouts", "all"):
        parts.append(concepts_at(settings, bench, model, weights, h).transpose(1, 2).flatten(1))
    if settings.outcome in ("predictions", "all") and bench.task is not None:
        p = torch.softmax(affine(model.head, h), 1)
        parts.append((p[:, 1:] if bench.classes == 2 else p).transpose(1, 2).flatten(1))
    if settings.outcome in ("geometry", "all"):
        parts.append(gram_of(h[:, :, torch.tensor(aligned(settings.aligned_at, h.shape[2]))]))
    return torch.cat(parts, 1)


def concepts_at(settings: TetherSettings, bench: Bench, model: Model, weights: Tensor, h: Tensor) -> Tensor:
    """(R, k, m) how much of each concept there is, in [0, 1], where the insides are h (R, h, m)."""
    if settings.readout == "fitted":
        said = affine(fitted(settings, bench, model, weights), h)
    else:
        said, _ = rounded(model.book, affine(model.to, h))
    low, high = settings.ends
    return ((said - low) / (high - low)).clamp(0.0, 1.0)


def fitted(settings: TetherSettings, bench: Bench, model: Model, weights: Tensor) -> list[Tensor]:
    """T (R, k, h), t (R, k) by ridge regression on the row's anchors, as `affine` takes them.

    The mean over them of (T h/√h + t − target)², plus ``ridge`` (‖T‖² + (t − middle)²): without anchors everything is
    in the middle.
    """
    low, high = settings.ends
    middle = (low + high) / 2.0
    at = units(model, bench.inputs)[-1] * settings.hidden**-0.5  # (R, h, A)
    x = torch.cat([at, torch.ones_like(at[:, :1])], 1)
    held = weights * torch.from_numpy(bench.anchors.is_anchor)
    known = (bench.stated > 0).to(held.dtype)
    share = (held / held.sum(1, keepdim=True).clamp(min=1e-12))[:, :, None]
    mass = bench.gathered(share * known).transpose(1, 2)  # (R, k, A)
    off = bench.gathered(share * (known * (bench.targets - middle))).transpose(1, 2)
    alike = bool((known[torch.from_numpy(bench.anchors.is_anchor)] > 0).all())
    square = torch.einsum("rks,ras,rbs->rkab", mass[:, :1] if alike else mass, x, x)
    square = square + settings.ridge * torch.eye(x.shape[1])
    towards = torch.einsum("rks,ras->rka", off, x)
    if alike:
        found = torch.linalg.solve(square[:, 0], towards.transpose(1, 2)).transpose(1, 2)
    else:
        found = torch.linalg.solve(square, towards[:, :, :, None])[:, :, :, 0]
    return [found[:, :, :-1].contiguous(), found[:, :, -1] + middle]


def gram_of(h: Tensor) -> Tensor:
    """(R, a(a + 1)/2) the centred Gram matrix of units (R, h, a) over places, of length one; entries beside the
    diagonal count √2, so that the squared distance of two is the matrices'. Zero where all places are alike inside.
    """
    h = h - h.mean(2, keepdim=True)
    gram = torch.bmm(h.transpose(1, 2), h)
    length = gram.flatten(1).norm(dim=1)
    gram = gram / length.clamp(min=1e-12)[:, None, None]
    a = gram.shape[1]
    i, j = torch.triu_indices(a, a)
    entries: Tensor = gram[:, i, j] * torch.where(i == j, 1.0, 2.0**0.5)
    return entries


def vouching_of(settings: TetherSettings, bench: Bench, model: Model, weights: Tensor) -> Tensor:
    """(R, F) how well a trained framework agrees with each item as written, in [0, 1].

    The mean readout of the concepts that the anchor has, and what is missing from 1 in those that it has not, half and
    half; by one alone where it states no other. A direction says how to start and nothing that could be agreed with: ½.
    """
    here = bench.as_written
    at = units(model, bench.inputs)[-1]
    said = concepts_at(settings, bench, model, weights, at)[:, :, bench.input_of[here]].transpose(1, 2)
    low, high = settings.ends
    target = (bench.targets[here] - low) / (high - low)
    known = (bench.stated[here] > 0).to(said.dtype)
    has, lacks = known * (target > 0.5), known * (target <= 0.5)
    up = (said * has).sum(2) / has.sum(1).clamp(min=1.0)
    down = ((1.0 - said) * lacks).sum(2) / lacks.sum(1).clamp(min=1.0)
    some, other = (has.sum(1) > 0).to(said.dtype), (lacks.sum(1) > 0).to(said.dtype)
    both = some + other
    return torch.where(both > 0, (up * some + down * other) / both.clamp(min=1.0), torch.full_like(up, 0.5))
