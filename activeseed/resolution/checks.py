"""Which silent repeats and gold questions go into a batch.

Repeats are spent where they tell most: on answers that are rare for the annotator, among those given longest ago.
While the test of ``trust`` is undecided more of the questions are checks (four in ten), afterwards the stated share.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from activeseed.plan import generator
from activeseed.question import Answer, Question
from activeseed.resolution.at_random import RANDOM, TRUSTED, Trust, category, information, readings
from activeseed.resolution.votes import SETTLES_NOTHING, read_answers
from activeseed.seed import ABSENT, AS_WRITTEN, FLIPPED, Pair, Payload, Seed, digest_of

#: kinds of questions that can be repeated silently
REPEATABLE = ("review", "judge_pair", "choose_wording")
#: share of the questions that are checks while it is undecided whether an annotator can be trusted
UNDECIDED_SHARE = 0.4
#: one repeat in so many is of the answer that is given most, so that repeats do not give themselves away
COMMON_EVERY = 4
#: an answer is repeated at most so often
MOST_REPEATS = 2


@dataclass(frozen=True)
class Gold:
    """A question whose answer the user knows. ``answer`` is the right variant id."""

    id: str
    payload: Payload
    answer: str
    why: str = field(default="", compare=False)


def known_answers(gold: Sequence[Gold]) -> dict[str, str]:
    """Item id -> right variant: the ``known`` of ``resolve`` and ``trust``."""
    return {g.id: g.answer for g in gold}


def gold_question(gold: Gold, name: str, round_number: int) -> Question:
    """The question that asks it, which looks like any other."""
    pair = isinstance(gold.payload, Pair)
    other = FLIPPED if pair else ABSENT
    text = gold.payload.display
    options = {AS_WRITTEN: text}
    if pair and isinstance(gold.payload, Pair):
        options[other] = gold.payload.flipped().display
    return Question(
        id=name, kind="judge_pair" if pair else "review", items=(gold.id,), text=text, options=options,
        reason="An item of the same kind.", purpose="gold", round=round_number,
    )  # fmt: skip


def plan_checks(
    batch: Sequence[Question],
    seed: Seed,
    questions: Mapping[str, Question],
    answers: Sequence[Answer],
    trust: Trust,
    *,
    gold: Sequence[Gold] = (),
    share: float = 0.15,
    at_least: int = 10,
    round_number: int = 0,
    key: int = 0,
    room: int = 8,
) -> tuple[Question, ...]:
    """Checks to add to a batch. Pure; ids are opaque and follow from the study's facts.

    Args:
        batch: the questions that will be asked, none of them a check. Empty when nothing is left to ask or the study
            would stop: then up to ``room`` checks while it is undecided whether somebody answers at random.
        seed, questions, answers: the study so far, as for ``resolve``.
        trust: what the checks said so far.
        gold: questions of known answer; each is asked once, and gold goes before repeats where both would do.
        share: least share of all questions that are silent repeats; 0 adds no check at all.
        at_least: silent repeats that a study has at least, as soon as there is something to repeat.
        round_number, key: for the ids and the order.

    Returns:
        silent repeats, never fewer than keep up with ``share`` while there is something to repeat, then gold questions.
    """
    if share <= 0 or (not batch and not trust.undecided):
        return ()
    asked = [q for q in questions.values() if q.purpose != "gold"]
    repeats = [q for q in asked if q.purpose == "repeat"]
    gold_asked = {q.items[0] for q in questions.values() if q.purpose == "gold"}
    left = [g for g in gold if g.id not in gold_asked]
    # a verdict of "random" is double-checked, so that an unlucky honest annotator recovers
    undecided = not trust.annotators or any(2 * RANDOM < a.evidence < TRUSTED for a in trust.annotators.values())
    ordinary = len(asked) - len(repeats) + len(batch)
    most = math.ceil(UNDECIDED_SHARE * len(batch) / (1 - UNDECIDED_SHARE)) if batch else room
    # gold questions of this very batch count as well, or the share of repeats would fall short by them
    with_gold = len(gold_asked) + (min(len(left), most) if undecided else 0)
    floor = math.ceil(share * (ordinary + with_gold) / (1 - share)) - len(repeats)
    # until a study has its least number, repeats come at twice the share, so that short studies have them as well
    ramp = min(
        at_least - len(repeats), math.ceil(2 * share * len(batch) / (1 - 2 * share)) if share < 0.5 else at_least
    )
    wanted = max(floor, ramp, 0)
    extra = max(most - wanted, 0) if undecided else 0
    gold_now = min(len(left), max(extra, 1)) if undecided and left else 0
    wanted += max(extra - gold_now, 0)
    chosen = _choose_repeats(wanted, batch, seed, questions, answers, trust)
    out = []
    for n, original in enumerate(chosen):
        name = digest_of(["repeat", key, original.id, round_number, n, len(questions)]).hex()[:10]
        out.append(original.model_copy(update={"id": name, "purpose": "repeat", "repeats": original.id,
                                               "round": round_number}))  # fmt: skip
    order = generator(key, "gold").permutation(len(gold))
    planned = [gold[i] for i in order if gold[i].id not in gold_asked][:gold_now]
    out += [gold_question(g, digest_of(["gold", key, g.id]).hex()[:10], round_number) for g in planned]
    return tuple(out)


def mixed(batch: Sequence[Question], checks: Sequence[Question], key: int, round_number: int) -> tuple[Question, ...]:
    """Batch and checks in one order, with ids that count through: nothing tells which is which.

    The batch keeps its order (most valuable first); checks fall in at random places.
    """
    places = set(generator(key, "mixed", round_number).permutation(len(batch) + len(checks))[: len(checks)].tolist())
    ordinary, extra = iter(batch), iter(checks)
    together = [next(extra) if n in places else next(ordinary) for n in range(len(batch) + len(checks))]
    return tuple(q.model_copy(update={"id": f"r{round_number:03d}-{n:02d}"}) for n, q in enumerate(together, 1))


def _choose_repeats(
    count: int,
    batch: Sequence[Question],
    seed: Seed,
    questions: Mapping[str, Question],
    answers: Sequence[Answer],
    trust: Trust,
) -> list[Question]:
    """Answered questions of earlier rounds, the most telling first, long ago before lately."""
    if count <= 0:
        return []
    now = {i for q in batch for i in q.items}
    times = Counter(q.repeats for q in questions.values() if q.purpose == "repeat")
    pending = {q.repeats for q in questions.values() if q.purpose == "repeat"} - {
        questions[a.question].repeats for a in answers if a.question in questions
    }
    ballot = read_answers(seed, questions, [a for a in answers if a.verdict not in SETTLES_NOTHING])
    read = {name: readings(ballot.readings, name) for name in trust.annotators}
    found: dict[str, tuple[float, int, bool, Question]] = {}
    for vote in ballot.readings:
        question = questions[vote.question]
        usable = question.purpose == "ask" and question.kind in REPEATABLE and times[question.id] < MOST_REPEATS
        person = trust.annotators.get(vote.annotator)
        if usable and person and vote.item not in now and question.id not in pending:
            tells = information(read[vote.annotator][vote.item], person.rates)
            usual = person.rates.get(category(vote.variant), 0.0) == max(person.rates.values())
            before = found.get(question.id, (0.0, 0, True, question))
            found[question.id] = (before[0] + tells, vote.order, usual and before[2], question)
    telling = sorted(found.values(), key=lambda r: (-r[0], r[1]))
    out: list[Question] = []
    done = sum(times.values())
    while len(out) < count and telling:
        turn = (done + len(out)) % COMMON_EVERY == COMMON_EVERY - 1
        at = next((n for n, r in enumerate(telling) if r[2] and not times[r[3].id]), 0) if turn else 0
        out.append(telling.pop(at)[3])
    return out
