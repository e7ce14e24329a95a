"""Confidences of all rows at once: what the seed says, carried through the derivation graph.

A confidence, which says how certain a norm is and not how strong, is possibilistic (Dubois, Lang & Prade 1994,
*Possibilistic logic*): a conclusion is as certain as its most certain derivation, and a derivation as certain as the
product of what it rests on. So a second derivation of what is
certain already adds nothing, and two copies of one dictum weigh as one. A dictum of weight w counts as w(2 − w) up to
w = 1, and as 1 from there: weights above one weigh as one, and outcomes are smooth in weights. The price is that the
slope at full weight is zero: gradients say how much a dictum matters at weights below one, and in slots left out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from activeseed.systems.inference.graph import Family, Graph
from activeseed.systems.inference.settings import SHUT, InferenceSettings

#: an atom that never holds, and one that always does: what lists of unequal length are filled up with
NEVER, ALWAYS = 0, 1
EXTRA = 2


def in_double(weights: NDArray[np.float32]) -> Tensor:
    """Weights in double precision.

    Processors round the last bit of a logarithm or an exponential by where a number stands in its array; outcomes are
    kept in single precision, which such bits don't reach, so that a copy's effect is zero and not nearly so.
    """
    return torch.from_numpy(weights).double()


def padded(lists: Sequence[Sequence[int]], fill: int) -> Tensor:
    """(n, m) the lists in a rectangle, m at least one."""
    width = max((len(x) for x in lists), default=0) or 1
    out = torch.full((len(lists), width), fill, dtype=torch.int64)
    for n, of in enumerate(lists):
        out[n, : len(of)] = torch.tensor(list(of), dtype=torch.int64)
    return out


@dataclass(frozen=True)
class _Rules:
    """Rules of one layer by their heads: ``heads`` (h,), ``tails`` (h, m, 2) and ``factors`` (h, m)."""

    heads: Tensor
    tails: Tensor
    factors: Tensor

    def apply(self, f: Tensor) -> Tensor:
        """(R, h) the best derivation of each head."""
        pairs = f[:, self.tails]
        return (pairs[..., 0] * pairs[..., 1] * self.factors).amax(-1)


@dataclass(frozen=True)
class _Families:
    """Inductions of one layer: for the children of each head, the edge atom (h, c) and carriers (h, c, m)."""

    heads: Tensor
    edges: Tensor
    carriers: Tensor


class Expansion:
    """A graph as tensors."""

    def __init__(self, graph: Graph, settings: InferenceSettings) -> None:
        n = len(graph.atoms)
        self.size = n + EXTRA
        self.settings, self.depth = settings, graph.depth
        by_atom: dict[int, list[int]] = {}
        for leaf in graph.leaves:
            by_atom.setdefault(leaf.atom, []).append(leaf.slot)
        self.leaves = torch.tensor([a + EXTRA for a in by_atom], dtype=torch.int64)
        self.slots = padded(list(by_atom.values()), -1)
        self.fixed = torch.tensor(sorted(graph.fixed), dtype=torch.int64) + EXTRA
        self.reaching = [_rules(layer) for layer in _layers(graph)]
        self.families = [
            _Families(
                torch.tensor([f.head + EXTRA for f in layer]),
                padded([[e + EXTRA for e, _ in f.children] for f in layer], NEVER),
                _carriers(layer),
            )
            for layer in graph.families
        ]
        self.rules = _rules([(r.head, r.tail, r.factor) for r in graph.rules]) if graph.rules else None

    def confidences(self, weights: Tensor) -> Tensor:
        """(R, S) weights of slots -> (R, 2 + A) confidences: never, always, then the graph's atoms."""
        f = self.said(weights)
        for rules in self.reaching:
            f = _raised(f, rules.heads, rules.apply(f))
        for families in self.families:
            f = _raised(f, families.heads, self._induced(f, families))
        if self.rules is not None:
            for _ in range(self.depth):
                f = _raised(f, self.rules.heads, self.rules.apply(f))
        return f

    def said(self, weights: Tensor) -> Tensor:
        """(R, 2 + A) what the seed and the settings say by themselves."""
        full = weights.clamp(max=1.0)
        counted = torch.cat([full * (2.0 - full), full.new_zeros(len(full), 1)], 1)  # the last is slot −1
        f = full.new_zeros(len(full), self.size)
        if len(self.leaves):
            f = f.index_copy(1, self.leaves, counted[:, self.slots].amax(-1))
        always = torch.cat([torch.tensor([ALWAYS]), self.fixed])
        return f.index_fill(1, always, 1.0)

    def _induced(self, f: Tensor, families: _Families) -> Tensor:
        """(R, h) what siblings have in common.

        The share of children that carry it, each as far as it is certain, goes through a gate that opens at the
        threshold. A family of one teaches nothing: what comes out is multiplied by the probability that at least two
        children are there, each with the confidence of its edge.
        """
        edge = f[:, families.edges]
        borne = edge * f[:, families.carriers].amax(-1)
        there = edge.sum(-1)
        share = borne.sum(-1) / there.clamp(min=1e-12)
        missing = 1.0 - edge
        none = missing.prod(-1)
        one = torch.zeros_like(none)
        for c in range(edge.shape[-1]):
            others = torch.cat([missing[..., :c], missing[..., c + 1 :]], -1)
            one = one + edge[..., c] * others.prod(-1)
        several = (1.0 - none - one).clamp(min=0.0)
        return self.settings.induction * gate(share, self.settings) * several


def gate(share: Tensor, settings: InferenceSettings) -> Tensor:
    """Hill's function of a share, one at one: shut well below the threshold, one half (nearly) at it, steep as set."""
    k, threshold = settings.steepness, settings.threshold
    # through the logarithm, so that no power overflows; at a share of zero it is exactly zero
    opened = torch.sigmoid(k * torch.log(share.clamp(min=1e-12) / threshold))
    top = torch.sigmoid(torch.tensor(-k * math.log(threshold), dtype=share.dtype))
    return torch.where(share > 0, (opened / top - SHUT).clamp(min=0.0) / (1.0 - SHUT), torch.zeros_like(share))


def _raised(f: Tensor, heads: Tensor, values: Tensor) -> Tensor:
    """Confidences with those of heads raised to new derivations."""
    return f.index_copy(1, heads, torch.maximum(f[:, heads], values))


def _rules(rules: Sequence[tuple[int, tuple[int, ...], float]]) -> _Rules:
    by_head: dict[int, list[tuple[tuple[int, ...], float]]] = {}
    for head, tail, factor in rules:
        by_head.setdefault(head, []).append((tail, factor))
    width = max(len(of) for of in by_head.values())
    tails = torch.full((len(by_head), width, 2), NEVER, dtype=torch.int64)
    factors = torch.zeros(len(by_head), width, dtype=torch.float64)
    for n, of in enumerate(by_head.values()):
        for m, (tail, factor) in enumerate(of):
            tails[n, m] = torch.tensor([t + EXTRA for t in tail])
            factors[n, m] = factor
    return _Rules(torch.tensor([h + EXTRA for h in by_head]), tails, factors)


def _layers(graph: Graph) -> list[list[tuple[int, tuple[int, ...], float]]]:
    """Rules about is-a, so that every tail is known before its head."""
    level: dict[int, int] = {}
    layers: dict[int, list[tuple[int, tuple[int, ...], float]]] = {}
    heads = {r.head for r in graph.reaching}
    for rule in graph.reaching:  # the grounding wrote the rules of a tail before those of its head
        due = 1 + max((level.get(t, 0) for t in rule.tail if t in heads), default=0)
        level[rule.head] = max(level.get(rule.head, 0), due)
    for rule in graph.reaching:
        layers.setdefault(level[rule.head], []).append((rule.head, rule.tail, rule.factor))
    return [layers[n] for n in sorted(layers)]


def _carriers(families: Sequence[Family]) -> Tensor:
    wide = max((len(f.children) for f in families), default=1)
    deep = max((len(borne) for f in families for _, borne in f.children), default=1) or 1
    out = torch.full((len(families), wide, deep), NEVER, dtype=torch.int64)
    for n, family in enumerate(families):
        for c, (_, borne) in enumerate(family.children):
            out[n, c, : len(borne)] = torch.tensor([b + EXTRA for b in borne], dtype=torch.int64)
    return out
