"""Which whole studies there are: blocks in which any two share exactly the factors that they are to share.

A block draws every factor twice and holds a study for each way to mix the two draws: of mask m, factor j is the second
draw where bit j is set. Studies of one mask, or of different blocks, share no randomness of their own, so that products
of two of them hold no square of any noise (`analyses.budget.estimating`). Two masks, none and all, are run once more
under other keys: what those differ in is the noise of a whole study (slips, draws of the asking, training).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from activeseed.analyses.budget.intervals import ENOUGH_BLOCKS
from activeseed.errors import PlanError
from activeseed.plan import generator

#: fewest blocks that are run: one says nothing of how blocks differ
FEWEST = 2


@dataclass(frozen=True)
class Run:
    """One whole study of the plan.

    Attributes:
        number: from 0.
        block: that it belongs to.
        mask: bit j says that factor j is the block's second draw.
        again: whether it repeats the study of its block that has the same mask, under other keys.
    """

    number: int
    block: int
    mask: int
    again: bool = False

    def draw(self, factor: int) -> int:
        """Number of the draw of a factor that it takes; equal numbers are one and the same draw."""
        return 2 * self.block + (self.mask >> factor & 1)


def masks_of(factors: int) -> tuple[int, ...]:
    """(M,) the masks of a block, without those that are run again."""
    return tuple(range(1 << factors))


def block_size(factors: int) -> int:
    """Studies of a block."""
    return (1 << factors) + 2


def runs_of(studies: int, factors: Sequence[str]) -> tuple[Run, ...]:
    """The studies of a plan, whole blocks of them; a longer plan begins with those of a shorter one.

    Raises PlanError where nothing differs, or where there are too few studies for two blocks.
    """
    if not factors:
        raise PlanError(
            "Nothing differs between these studies: no draft, no design, one crew and one method. Name another crew "
            "(annotators) or method, or let designs differ (vary_designs)."
        )
    size = block_size(len(factors))
    if studies < FEWEST * size:
        raise PlanError(
            f"{studies} whole {'study says' if studies == 1 else 'studies say'} nothing about {len(factors)} factors "
            f"({', '.join(factors)}): a block of the plan takes {size}, and {FEWEST} blocks are the least. Run "
            f"{FEWEST * size} or more; shares have intervals from {ENOUGH_BLOCKS * size} on."
        )
    out: list[Run] = []
    last = (1 << len(factors)) - 1
    for block in range(-(-studies // size)):
        planned = [*((m, False) for m in masks_of(len(factors))), (0, True), (last, True)]
        out += [Run(len(out) + k, block, mask, again) for k, (mask, again) in enumerate(planned)]
    return tuple(out)


def chosen(key: int, factor: str, draw: int, choices: int) -> int:
    """Which of so many choices a draw of a factor is: each as likely as any other, and the two of a block independent.

    Of as many blocks as there are choices, first draws take each of them once, so that all come up, and the two draws
    of one block are the same. Second draws lie a number of choices on from the first, each number once: were they
    orders of their own, blocks whose draws are the same would come in clusters (both of two, or neither), and errors,
    which are of how blocks differ, would come out too small.
    """
    block, second = divmod(draw, 2)
    cycle, place = divmod(block, choices)
    first, further = (int(generator(key, "human", factor, of, cycle).permutation(choices)[place]) for of in (0, 1))
    return (first + further * second) % choices
