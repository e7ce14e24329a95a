"""What one design trains: blocks of plausible seeds under shared keys, and what is revised and reworded for lock-in.

Blocks are what designs are paired by. A block has draws of the belief, the seed as it stands, two keys, and, where a
design has a smaller seed, an order of the items of which it keeps the first: all designs have the same of each, so that
what these do to all designs alike cancels where designs are compared. Of two shares of the seed the smaller is a part
of the larger.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from activeseed.analyses import LockIn
from activeseed.analyses.lock_in.record import ENOUGH_ITEMS
from activeseed.checked import SettingsRecord
from activeseed.contrast import ABSENT_INDEX
from activeseed.errors import PlanError
from activeseed.outcome import Bools, Outcomes
from activeseed.plan import Explicit, Floats, OneAtATime, Rows, generator
from activeseed.protocols import Cost, Problem, Request, Run

#: keys of a block where the trainer has randomness: products of different keys hold no noise
WIDTH = 2


@dataclass(frozen=True)
class Ran:
    """Outcomes of a design's blocks.

    Attributes:
        values: (B, D + 1, W, P) of each block's draws, the seed as it stands last, under the block's keys; W is 1 where
            the trainer has no randomness.
        ok: (B, D + 1, W) False where a training failed.
        why: reason of a failure, where there is one.
    """

    values: Floats
    ok: Bools
    why: str = ""


class DesignRuns(SettingsRecord):
    """Plausible seeds and the seed as it stands, in blocks.

    Attributes:
        blocks: how many, two keys each.
        draws: of the belief in each block.
        share: of the items that stand and may be left out, those that are kept; another share of them in each block.
        apart: names draws and keys of its own; empty for those that all designs share.
        first: replicate number of the first key, counted from the problem's.
    """

    kind: Literal["design_runs"] = "design_runs"
    blocks: int = Field(ge=3, le=10_000)
    draws: int = Field(ge=2, le=10_000)
    share: float = Field(default=1.0, gt=0.0, le=1.0)
    apart: str = ""
    first: int = Field(default=0, ge=0)

    @property
    def reads_belief(self) -> bool:
        """No: plausible seeds are drawn from the author's belief and the answers, alike for every design."""
        return False

    def rows(self, problem: Problem) -> Rows:
        """Row ((b · (D + 1) + d) · W + w) is draw d of block b under its key w."""
        width, per = 1 if problem.deterministic else WIDTH, self.draws + 1
        items = len(problem.seed)
        stream = ("designs", self.apart) if self.apart else ("designs",)
        u = generator(problem.stream, *stream, "draws").random((self.blocks, self.draws, items))
        edges = np.cumsum(problem.law.probabilities[:items], 1)
        variants = np.empty((self.blocks, per, items), np.int16)
        variants[:, :-1] = (u[..., None] > edges[:, :-1]).sum(-1)
        variants[:, -1] = problem.base[:items]
        for b in range(self.blocks):
            left = self.left_out(problem, b)
            variants[b][:, left] = ABSENT_INDEX
        keys = np.zeros((self.blocks, per, width), np.int64)
        if width == WIDTH:
            of_block = problem.first_key + self.first + WIDTH * np.arange(self.blocks)
            keys += of_block[:, None, None] + np.arange(WIDTH)
        return Rows(np.repeat(variants.reshape(-1, items), width, 0), keys.ravel())

    def left_out(self, problem: Problem, block: int) -> NDArray[np.int64]:
        """Positions of the items that a block's smaller seed goes without."""
        order = np.array(problem.droppable, np.int64)
        stream = ("designs", self.apart) if self.apart else ("designs",)
        order = order[generator(problem.stream, *stream, "kept", block).permutation(len(order))]
        return order[max(1, round(self.share * len(order))) :]

    def cost(self, problem: Problem) -> Cost:
        """See ``protocols.Analysis``: blocks × (draws + 1) rows, twice that where the trainer has randomness."""
        return problem.each * (self.blocks * (self.draws + 1) * (1 if problem.deterministic else WIDTH))

    def run(self, problem: Problem) -> Run[Ran]:
        """See ``protocols.Analysis``."""
        width, per = 1 if problem.deterministic else WIDTH, self.draws + 1
        # without randomness no row has a partner, and what comes twice (the seed as it stands) is trained once
        unit = 1 if problem.deterministic else per * width
        outcomes = yield Request(Explicit(self.rows(problem), unit), "plausible seeds and the seed as it stands")
        shape = (self.blocks, per, width)
        values = outcomes.values.astype(np.float64).reshape(*shape, -1)
        return Ran(values, outcomes.ok.reshape(shape), next(iter(outcomes.failures.values()), ""))


@dataclass(frozen=True)
class Changed:
    """One change of one item, and whether it is a legitimate revision."""

    item: int
    revision: bool


@dataclass(frozen=True)
class Moved:
    """Outcomes of revisions and paraphrases.

    Attributes:
        changes: C of them.
        values: (K, C, 2, P) under each key the seed as it stands and with the change.
        ok: (K, C) whether both were trained.
        against: origin of what revisions are held against.
    """

    changes: tuple[Changed, ...]
    values: Floats
    ok: Bools
    against: str


class LockInRuns(SettingsRecord):
    """Revisions and paraphrases of a few items, under a few keys; a sample of the items that all designs share.

    Attributes:
        items: that are changed at most, drawn among those that have both.
        keys: replicates.
        asked: which variants are revisions, and which of them are measured.
    """

    kind: Literal["lock_in_runs"] = "lock_in_runs"
    items: int = Field(ge=3, le=10_000)
    keys: int = Field(ge=3, le=10_000)
    asked: LockIn = LockIn(variants=1)

    @property
    def reads_belief(self) -> bool:
        return False

    def design(self, problem: Problem) -> tuple[tuple[Changed, ...], str, OneAtATime]:
        """What is changed, what revisions are held against, and the rows. Raises PlanError where no item has both."""
        everything, _ = self.asked.design(problem)
        origins = {c.origin for c in everything if c.origin not in self.asked.revisions}
        against = "paraphrase" if "paraphrase" in origins else min(origins)
        revised = {c.item for c in everything if c.origin in self.asked.revisions}
        both = sorted(revised & {c.item for c in everything if c.origin == against})
        order = generator(problem.stream, "designs", "changed").permutation(len(problem.seed))
        if len(both) < ENOUGH_ITEMS:
            raise PlanError(
                f"{len(both)} items have both a revision and another wording, and lock-in takes {ENOUGH_ITEMS} for an "
                "error."
            )
        taken = sorted(both, key=lambda f: order[f])[: self.items]
        held = tuple(f for f in range(len(problem.seed)) if f not in taken)
        asked = self.asked.model_copy(update={"keys": self.keys})
        changed, design = asked.design(replace(problem, held=held))
        kept = [n for n, c in enumerate(changed) if c.origin in (*self.asked.revisions, against)]
        design = replace(design, changes=tuple(design.changes[n] for n in kept))
        changes = tuple(Changed(changed[n].item, changed[n].origin in self.asked.revisions) for n in kept)
        return changes, against, design

    def cost(self, problem: Problem) -> Cost:
        """See ``protocols.Analysis``."""
        return problem.each * self.design(problem)[2].size

    def run(self, problem: Problem) -> Run[Moved]:
        """See ``protocols.Analysis``. Raises PlanError where nothing is reworded, or nothing revised."""
        changes, against, design = self.design(problem)
        outcomes = yield Request(design, "revisions and paraphrases")
        return _moved(changes, against, design, outcomes)


def _moved(changes: tuple[Changed, ...], against: str, design: OneAtATime, outcomes: Outcomes) -> Moved:
    at = np.array([[design.place(k, c) for c in range(len(changes))] for k in range(len(design.keys))])
    values = outcomes.values.astype(np.float64)[at]
    return Moved(changes, values, np.asarray(outcomes.ok[at].all(-1)), against)
