"""The share of the questions that is drawn at random: what predictors are weighed by, and a check on all the rest.

What is asked for its value is doubtful or heavy, so answers to it are no sample of what nobody has been asked; a
question drawn at random among the open ones is.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import ceil

from activeseed.acquisition.batch import Candidate, Pick, choose
from activeseed.acquisition.value import item_values
from activeseed.belief.posterior import Belief
from activeseed.plan import Floats, Ints, generator


def due_at_random(share: float, asked: int, drawn: int, size: int) -> int:
    """How many of the next ``size`` questions are drawn at random, so that the share is kept from round to round.

    Args:
        share: in [0, 1].
        asked: questions so far, a list counting as one.
        drawn: how many of them were drawn at random. What a share was not kept of is not made up for in one batch.
    """
    return max(0, min(int(share * (asked + size) + 1e-9) - drawn, ceil(share * size - 1e-9), size))


def drawn_at_random(candidates: Sequence[Candidate], due: int, key: int) -> list[Candidate]:
    """``due`` questions about single items that nobody was asked about yet, drawn at random by a round's own key."""
    single = [c for c in candidates if len(c.items) == 1 and not c.again]
    order = generator(key, "drawn at random").permutation(len(single))
    return [single[k] for k in order[:due]]


def choose_beside(
    drawn: Sequence[Candidate],
    gram: Floats,
    belief: Belief,
    candidates: Sequence[Candidate],
    size: int,
    *,
    pending: Sequence[int] = (),
    pending_error: float = 0.0,
    exchange_rate: float | None = None,
    deployed: Sequence[int] | Ints | None = None,
    fixed: Collection[int] = (),
) -> list[Pick]:
    """A batch that holds the ``drawn`` questions, and for the rest is ``choose``'s best, knowing that those are asked.

    Further arguments as in ``choose``. Drawn questions stand evenly between the others, so that whoever answers only
    some of a batch answers some of either. What is worth nothing is left out, and so are drawn questions where no
    question about an item is worth anything.
    """
    taken = [c.items[0] for c in drawn]
    error = max((c.error for c in drawn), default=pending_error)
    best = choose(
        gram, belief, candidates, size - len(drawn), pending=[*pending, *taken], pending_error=pending_error or error,
        exchange_rate=exchange_rate, deployed=deployed, fixed=fixed,
    )  # fmt: skip
    alone = item_values(gram, belief, error)
    if not any(alone[c.items[0]] > 0 for c in candidates if len(c.items) == 1):
        return []
    out = [p for p in best if p.value > 0]
    for k, candidate in enumerate(drawn):
        value = float(alone[candidate.items[0]])
        pick = Pick(candidate, value, value / candidate.minutes, value, drawn="random")
        out.insert(round((k + 1) * (len(out) + 1) / (len(drawn) + 1)), pick)
    return out
