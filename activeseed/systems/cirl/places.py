"""Where the outcomes of a game are read: the belief at the end, the robot's policy and the regret, under each θ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from activeseed.plan import Floats
from activeseed.seed import Probe, Text

if TYPE_CHECKING:
    from activeseed.geometries import Compare
    from activeseed.protocols import Geometry

#: the parts of an outcome -> what they are, for headings
PARTS = {
    "belief": "the robot's final belief in each objective",
    "policy": "the robot's policy",
    "regret": "what is lost under each objective",
}


@dataclass(frozen=True)
class Part:
    """A part of an outcome.

    Attributes:
        kind: ``belief``, ``policy`` or ``regret``.
        ids: what its places are called.
        texts: what people read of them.
        labels: 1 what ought to be believed, 0 what ought not, None where nobody says.
        blocks: how many places each distribution of a policy takes, one after the other.
        cases: when the robot acts by each of them.
    """

    kind: str
    ids: tuple[str, ...]
    texts: tuple[str, ...]
    labels: tuple[float | None, ...] = ()
    blocks: tuple[int, ...] = ()
    cases: tuple[str, ...] = ()

    def probes(self) -> tuple[Probe, ...]:
        labels = self.labels or (None,) * len(self.ids)
        each = zip(self.ids, self.texts, labels, strict=True)
        return tuple(Probe(id=name, payload=Text(text=text), group=self.kind, label=y) for name, text, y in each)


def belief_part(objectives: Sequence[str], truth: str) -> Part:
    """P(θ′ | what the human did) where θ is meant: Θ · Θ probabilities."""
    pairs = [(true, held) for true in objectives for held in objectives]
    return Part(
        "belief",
        tuple(f"belief/{true}/{held}" for true, held in pairs),
        tuple(f"Where {true} is meant, the robot ends up believing in {held}." for true, held in pairs),
        tuple(None if true != truth else float(held == truth) for true, held in pairs),
    )


def policy_part(objectives: Sequence[str], steps: int, actions: Sequence[str]) -> Part:
    """What the robot does first, and at each later step where θ is meant: 1 + (H − 1)·Θ distributions over A^R."""
    cases = [(0, "")] + [(t, true) for t in range(1, steps) for true in objectives]
    ids, texts = [], []
    when = tuple(f"at step {t + 1}{f', where {true} is meant' if true else ''}" for t, true in cases)
    for (t, true), said in zip(cases, when, strict=True):
        for action in actions:
            ids.append(f"policy/{t + 1}/{true or 'any'}/{action}")
            texts.append(f"A{said[1:]}, the robot does: {action}.")
    return Part("policy", tuple(ids), tuple(texts), blocks=(len(actions),) * len(cases), cases=when)


def regret_part(objectives: Sequence[str]) -> Part:
    """What is lost where θ is meant, as a share of what can be lost: Θ numbers in [0, 1]."""
    ids = tuple(f"regret/{true}" for true in objectives)
    return Part("regret", ids, tuple(f"What is lost where {true} is meant." for true in objectives))


def geometry_of(parts: Sequence[Part], compare: Compare) -> Geometry:
    """Beliefs place by place, policies distribution by distribution, regrets as numbers; parts weigh alike."""
    from activeseed.geometries import Block, Blocks, DistributionHellinger, Hellinger, Identity

    out: list[Block] = []
    for part in parts:
        n = len(part.ids)
        over = PARTS[part.kind]
        even: Floats = np.full(n, 1.0 / n)
        if part.kind == "policy" and compare == "hellinger":
            weight = 1.0 / len(part.blocks)
            each = zip(part.blocks, part.cases, strict=True)
            out += [Block(DistributionHellinger(over), k, weight, case, decided=True) for k, case in each]
        elif part.kind == "belief" and compare == "hellinger":
            out.append(Block(Hellinger(even, over), n))
        else:
            out.append(Block(Identity(even, over, decided=part.kind != "regret"), n))
    return out[0].geometry if len(out) == 1 and not out[0].decided else Blocks(tuple(out))
