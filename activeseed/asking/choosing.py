"""What to ask next: pure decisions over seed, answers, belief and response; nothing is written, nothing is trained.

A batch of n answers is made of checks, out of a stated share; of items on which people are evenly divided; and of what
is worth most per minute, an answered item that is read once more and a list to confirm among them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from activeseed.acquisition import (
    DEPLOYED_SHARE,
    Candidate,
    Pick,
    choose_beside,
    drawn_at_random,
    due_at_random,
    item_candidates,
    item_values,
    list_candidate,
    wrongness,
)
from activeseed.asking.so_far import SoFar
from activeseed.belief import Belief
from activeseed.config import AskTable
from activeseed.looking.flips import NEAR
from activeseed.plan import Floats, stream_key
from activeseed.question import Answer, Question
from activeseed.questions import is_about_one, is_list, minutes_by_kind
from activeseed.resolution import Resolution, lately, plan_checks
from activeseed.seed import Seed


@dataclass(frozen=True)
class Known:
    """What a batch is chosen from.

    Attributes:
        seed: as it stands.
        ask: the settings.
        belief, gram: what is believed of it, and the (F·V, F·V) response.
        resolution: what the answers settle.
        so_far: what was asked and answered.
        error, list_error: how often the next answer is expected to be wrong, and one about a line of a list.
        key: root key of the study.
    """

    seed: Seed
    ask: AskTable
    belief: Belief
    gram: Floats
    resolution: Resolution
    so_far: SoFar
    error: float
    list_error: float
    key: int


def size_of(n: int, flips: float | None, limit: float) -> int:
    """How many answers the next batch costs: half of one where the limit is near, so that no more is asked than needed.

    Args:
        n: a full batch.
        flips: the newest round's limit on the share of probes judged otherwise; None or NaN where it is not known.
        limit: what the study is to come below; 0 where it has no such rule.
    """
    near = flips is not None and 0.0 < flips <= NEAR * limit
    return max(2, n // 2) if near else n


def open_items(seed: Seed, belief: Belief, resolution: Resolution, most: int) -> list[int]:
    """Numbers of the items that may still be asked about: not settled, not yet read ``most`` times."""
    p = belief.law.probabilities
    return [f for f, i in enumerate(seed.items) if p[f].max() < 1.0 - 1e-9 and resolution.readings.get(i.id, 0) < most]


def closed_items(resolution: Resolution) -> set[int]:
    """Numbers of the answered items whose standing one further answer can't change."""
    return {resolution.seed.position(i) for i in resolution.answered if i not in resolution.open}


def batch(
    known: Known,
    n: int,
    *,
    divided: int = 0,
    skipped: Collection[str] = (),
    urgent: bool = False,
    more: Sequence[Candidate] = (),
) -> tuple[list[Question], list[Pick]]:
    """The checks of a batch of ``n`` answers, and what is worth asking beside them.

    Args:
        divided: answers that are taken up by items on which people are evenly divided.
        skipped: items that are asked about anyway, since somebody skipped them: one answer each.
        urgent: all that holds the study up is that nothing vouches for somebody: gold questions alone, if any are left.
        more: further candidates (*write more*).
    """
    so_far = known.so_far
    checks = list(
        plan_checks(
            known.seed, so_far.questions, so_far.answers, so_far.trust, size=n, gold=so_far.gold,
            share=known.ask.repeat_share, urgent=urgent, round_number=so_far.number, key=known.key,
        )
    )  # fmt: skip
    checks = [q for q in checks if not set(q.items) & set(skipped)]
    if urgent and checks:
        return checks, []
    taken = {i for q in checks for i in q.items} | set(skipped)
    picks = best(known, n - len(checks) - divided - len(skipped), taken, more)
    # where nothing is left to ask, nothing is left to be checked for
    return (checks if picks or divided or skipped else []), picks


def best(known: Known, n: int, checked: Collection[str] = (), more: Sequence[Candidate] = ()) -> list[Pick]:
    """The questions that are worth most per minute, ``n`` answers at most; ``checked`` items are left out."""
    if n <= 0:
        return []
    seed, table, so_far = known.seed, known.ask, known.so_far
    answered = {seed.position(i) for i in known.resolution.answered}
    open_ = set(open_items(seed, known.belief, known.resolution, table.readings))
    minutes = minutes_by_kind(table)
    singles = item_candidates(seed, known.belief, minutes=minutes, error=known.error, again=answered)
    singles = [c for c in singles if c.items[0] in open_]
    fresh = lately(so_far.questions, so_far.answers, table.batch)
    # what somebody has just answered is still in their memory: it waits, unless nothing else is left
    candidates = [c for c in singles if not (c.again and seed.items[c.items[0]].id in fresh)] or singles
    busy = so_far.busy | set(checked)
    taken = [seed.position(i) for i in sorted(busy) if i in seed._positions]
    candidates = [c for c in (*candidates, *more) if not set(c.items) & set(taken)]
    asked = [q for q in so_far.questions.values() if q.purpose == "ask" and (is_about_one(q) or is_list(q))]
    worth = item_values(known.gram, known.belief, known.list_error)
    worth = worth + DEPLOYED_SHARE * wrongness(known.belief, seed.base).gains(known.gram, known.list_error)

    def chosen(due: int) -> list[Pick]:
        drawn = drawn_at_random(candidates, due, stream_key(known.key, "round", so_far.number))
        lists = []
        if table.confirm:
            free = worth.copy()
            free[[*taken, *(c.items[0] for c in drawn)]] = -np.inf
            lists = list_candidate(
                known.belief, seed.base, minutes=minutes, most=n - len(drawn),
                below=table.list_below, error=known.list_error, worth=free,
            )  # fmt: skip
        return choose_beside(
            drawn,
            known.gram,
            known.belief,
            [*candidates, *lists],
            n,
            pending=taken,
            pending_error=known.error,
            exchange_rate=table.exchange_rate or None,
            deployed=seed.base,
            fixed=closed_items(known.resolution),
        )

    first = chosen(0)
    drawn = sum(q.drawn == "random" for q in asked)
    # the share is one of questions, and a list is one question whatever its length
    due = due_at_random(table.random_share, len(asked), drawn, len(first))
    return chosen(due) if due else first


def read_again(
    questions: Sequence[Question], asked: Mapping[str, Question], answers: Sequence[Answer], short: Collection[str] = ()
) -> list[Question]:
    """Questions about items that were answered before, as silent repeats of the first question about each.

    A question about a ``short`` item is no repeat: it waits for a voice that is still missing.
    """
    first: dict[str, str] = {}
    by: dict[str, list[str]] = {}
    for answer in answers:
        question = asked[answer.question]
        if question.purpose == "ask" and is_about_one(question):
            first.setdefault(question.items[0], question.id)
        for item in question.items:
            by.setdefault(item, []).append(answer.annotator)
    return [
        q.model_copy(
            update={
                "purpose": "repeat" if q.items[0] in first and q.items[0] not in short else "ask",
                "repeats": "" if q.items[0] in short else first.get(q.items[0], ""),
                "avoid": tuple(dict.fromkeys(by[q.items[0]])),
            }
        )
        if is_about_one(q) and q.items[0] in by
        else q
        for q in questions
    ]
