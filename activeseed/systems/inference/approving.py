"""Approval of deeds, of all rows at once: what the norms that hold of a deed say for it and against it.

A norm weighs its certainty (`expanding`) times its strength; certain norms override, whatever their strength. For and
against are each as strong as the strongest norm that is not overridden (``max``): a second norm that says the
same adds nothing, within a norm and across norms, so that redundancy means something. ``sum`` is the source's formula,
which counts every distinct norm.

    P(approve) = σ(beta · (pro − con) + logit(default) · (1 − pro)(1 − con))
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from activeseed.plan import Floats
from activeseed.systems.inference.expanding import ALWAYS, EXTRA, NEVER, padded
from activeseed.systems.inference.graph import At, Graph
from activeseed.systems.inference.holding import DONE, UNDONE, Hold, Term
from activeseed.systems.inference.settings import InferenceSettings


class Sides(Protocol):
    """How strongly norms speak for and against deeds."""

    def sides(self, f: Tensor) -> tuple[Tensor, Tensor]:
        """(R, 2 + A) confidences -> (R, P) pro and (R, P) con."""
        ...

    @property
    def floats(self) -> int:
        """Numbers a row takes."""
        ...


def approval(pro: Tensor, con: Tensor, settings: InferenceSettings) -> Tensor:
    """(R, P) P(approve)."""
    prior = math.log(settings.default / (1.0 - settings.default))
    untouched = (1.0 - pro).clamp(min=0.0) * (1.0 - con).clamp(min=0.0)
    return torch.sigmoid(settings.beta * (pro - con) + prior * untouched)


def policy(pro: Tensor, con: Tensor, settings: InferenceSettings) -> Tensor:
    """(R, P) the policy over a pool: π ∝ exp(beta · (pro − con))."""
    return torch.softmax(settings.beta * (pro - con), 1)


@dataclass
class ByConcept:
    """Norms held against deeds by their concepts, with what has to hold and what overrides what."""

    found: Sequence[Hold]
    probes: int
    graph: Graph
    pooling: str
    strengths: Tensor = field(init=False)
    atoms: Tensor = field(init=False)
    terms: Tensor = field(init=False)
    term_atoms: Tensor = field(init=False)
    negated: Tensor = field(init=False)
    layers: list[tuple[Tensor, Tensor, Tensor]] = field(init=False)
    pro: Tensor = field(init=False)
    con: Tensor = field(init=False)

    def __post_init__(self) -> None:
        found = self.found
        number: dict[Term, int] = {}
        for hold in found:
            for term in hold.terms:
                number.setdefault(term, len(number))
        always = len(number)
        self.atoms = torch.tensor([h.atom + EXTRA for h in found], dtype=torch.int64)
        self.terms = padded([[number[t] for t in h.terms] for h in found], always)
        self.term_atoms = padded([*([a + EXTRA for a in t.atoms] for t in number), [ALWAYS]], NEVER)
        self.negated = torch.tensor([*(t.negated for t in number), False])
        of = [self.graph.atoms[h.atom] for h in found]
        self.strengths = torch.tensor([a.strength if isinstance(a, At) else 0.0 for a in of] + [0.0]).double()
        # hold number K never holds
        self.layers = []
        for level in range(1, 1 + max((h.level for h in found), default=0)):
            mine = [n for n, h in enumerate(found) if h.level == level]
            over = padded([[j for j, _ in found[n].overridden] for n in mine], len(found))
            gates = padded([[g + EXTRA for _, g in found[n].overridden] for n in mine], NEVER)
            self.layers.append((torch.tensor(mine), over, gates))
        self.pro, self.con = (
            padded([by.get(p, []) for p in range(self.probes)], len(found)) for by in (self._of(1), self._of(-1))
        )

    def _of(self, sign: int) -> dict[int, list[int]]:
        out: dict[int, list[int]] = {}
        for n, hold in enumerate(self.found):
            if hold.sign == sign:
                out.setdefault(hold.probe, []).append(n)
        return out

    @property
    def floats(self) -> int:
        k = len(self.found)
        overridden = sum(2 * over.numel() for _, over, _ in self.layers)
        return (
            3 * k + self.terms.numel() + self.term_atoms.numel() + overridden + self.pro.numel() + self.con.numel()
            + 2 * k * len(self.layers) + 6 * self.probes
        )  # fmt: skip

    def standing(self, f: Tensor) -> tuple[Tensor, Tensor]:
        """(R, K + 1) how far each hold applies, and how far it does so unoverridden; the last is never."""
        held = f[:, self.term_atoms].amax(-1)
        held = torch.where(self.negated, 1.0 - held, held)
        applies = f[:, self.atoms] * held[:, self.terms].prod(-1)
        e = torch.cat([applies, f.new_zeros(len(f), 1)], 1)
        for mine, over, gates in self.layers:
            kept = 1.0 - (e[:, over] * f[:, gates]).amax(-1)  # by the most certain: a second one adds nothing
            e = e.index_copy(1, mine, e[:, mine] * kept)
        return applies, e

    def sides(self, f: Tensor) -> tuple[Tensor, Tensor]:
        forces = self.standing(f)[1] * self.strengths.to(f.dtype)
        pro, con = forces[:, self.pro], forces[:, self.con]
        if self.pooling == "sum":
            return pro.sum(-1), con.sum(-1)
        return pro.amax(-1), con.amax(-1)


@dataclass
class ByRelevance:
    """Norms held against deeds by a verifier that says how far each is about each.

    There is no telling which of two phrases is the more specific, so authority alone overrides: what a higher rank says
    against a deed takes as much from what lower ranks say for it, and the other way round.
    """

    graph: Graph
    relevance: Floats
    settings: InferenceSettings
    pooling: str
    ranks: list[tuple[Tensor, Tensor, Tensor]] = field(init=False)
    signed: Floats = field(init=False)

    def __post_init__(self) -> None:
        """``relevance`` (N, P) over ``graph.norms``."""
        norms = [self.graph.atoms[n] for n in self.graph.norms]
        up = np.maximum(self.relevance, 0.0)
        down = np.maximum(-self.relevance, 0.0)
        done = np.array([DONE[a.stance] * a.strength for a in norms if isinstance(a, At)]).reshape(-1, 1)
        undone = np.array([UNDONE[a.stance] * a.strength for a in norms if isinstance(a, At)]).reshape(-1, 1)
        self.signed = up * done + down * undone
        by_rank: dict[int, list[int]] = {}
        for n, atom in enumerate(norms):
            assert isinstance(atom, At)
            by_rank.setdefault(self.settings.rank(atom.authority), []).append(n)
        self.ranks = []
        dtype = torch.get_default_dtype()
        for rank in sorted(by_rank, reverse=True):
            mine = by_rank[rank]
            atoms = torch.tensor([self.graph.norms[n] + EXTRA for n in mine])
            signed = torch.tensor(self.signed[mine], dtype=dtype)
            self.ranks.append((atoms, signed.clamp(min=0.0), (-signed).clamp(min=0.0)))

    @property
    def probes(self) -> int:
        return int(self.relevance.shape[1])

    @property
    def floats(self) -> int:
        return 2 * self.relevance.size + 8 * self.probes

    def sides(self, f: Tensor) -> tuple[Tensor, Tensor]:
        pro = con = f.new_zeros(len(f), self.probes)
        for atoms, ups, downs in self.ranks:
            here = f[:, atoms]
            mine_pro, mine_con = (self._pooled(here, side) for side in (ups, downs))
            of_pro = mine_pro * (1.0 - con).clamp(min=0.0)
            of_con = mine_con * (1.0 - pro).clamp(min=0.0)
            if self.pooling == "sum":
                pro, con = pro + of_pro, con + of_con
            else:
                pro, con = torch.maximum(pro, of_pro), torch.maximum(con, of_con)
        return pro, con

    def _pooled(self, f: Tensor, side: Tensor) -> Tensor:
        """(R, n) confidences and (n, P) relevances -> (R, P)."""
        if self.pooling == "sum":
            return f @ side
        return (f[:, :, None] * side).amax(1)
