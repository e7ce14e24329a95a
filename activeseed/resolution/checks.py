"""Which silent repeats and gold questions go into a batch.

They are paid out of a stated share of all questions: a batch does not grow by them, and they come spread over the
rounds. Gold goes first, since nothing else can vouch for an annotator who answers alone. Repeats are spent where they
tell most: on answers that are rare for the annotator, among those given longest ago, and never on what was answered a
moment ago, which people remember.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from activeseed.plan import generator
from activeseed.question import SETTLES_NOTHING, Answer, Question
from activeseed.questions import answers_to, context_of, form_of, usual
from activeseed.resolution.at_random import Trust, category, information, readings
from activeseed.resolution.votes import read_answers
from activeseed.seed import ABSENT, AS_WRITTEN, FLIPPED, Item, Pair, Payload, Seed, digest_of

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
    text = gold.payload.wording
    options = {AS_WRITTEN: text}
    if pair and isinstance(gold.payload, Pair):
        options[other] = gold.payload.flipped().wording
    return Question(
        id=name, kind=usual(Item(id=gold.id, payload=gold.payload)).kind, items=(gold.id,), text=text, options=options,
        context=context_of(gold.payload),
        reason="An item of the same kind.", purpose="gold", round=round_number,
    )  # fmt: skip


def plan_checks(
    seed: Seed,
    questions: Mapping[str, Question],
    answers: Sequence[Answer],
    trust: Trust,
    *,
    size: int,
    gold: Sequence[Gold] = (),
    share: float = 0.15,
    urgent: bool = False,
    round_number: int = 0,
    key: int = 0,
) -> tuple[Question, ...]:
    """The checks of the next batch. Pure; ids are opaque and follow from the study's facts.

    Args:
        seed, questions, answers: the study so far, as for ``resolve``.
        trust: what the checks said so far.
        size: how many answers the batch may cost, checks included.
        gold: questions of known answer; each is asked once, before any repeat.
        share: share of all questions so far, this batch included, that checks take; repeats that were asked for their
            own value count. 0 adds no check at all.
        urgent: all that holds the study up is that nothing vouches for somebody: all gold questions that fit, now.
        round_number, key: for the ids and the order.
    """
    gold_asked = {q.items[0] for q in questions.values() if q.purpose == "gold"}
    order = generator(key, "gold").permutation(len(gold))
    left = [gold[i] for i in order if gold[i].id not in gold_asked]
    paid = int(share * (_lines(questions.values()) + size))
    gold_now = min(len(left), size if urgent else min(max(paid - len(gold_asked), 0), size // 2))
    due = min(max(paid - sum(q.purpose != "ask" for q in questions.values()), 0), size // 2)
    out = [gold_question(g, digest_of(["gold", key, g.id]).hex()[:10], round_number) for g in left[:gold_now]]
    chosen = _choose_repeats(due - gold_now, seed, questions, answers, trust, size)
    for n, original in enumerate(chosen):
        name = digest_of(["repeat", key, original.id, round_number, n, len(questions)]).hex()[:10]
        out.append(original.model_copy(update={"id": name, "purpose": "repeat", "repeats": original.id,
                                               "round": round_number}))  # fmt: skip
    return tuple(out)


def _lines(questions: Iterable[Question]) -> int:
    """How many answers questions cost: one each, and one for each line of a list."""
    return sum(map(answers_to, questions))


def _can_repeat(question: Question) -> bool:
    """Whether nobody notices that it was asked before: it is about one item, and shows nothing of other answers."""
    form = form_of(question)
    return form.about == "item" and not form.sighted


def lately(questions: Mapping[str, Question], answers: Sequence[Answer], gap: int) -> set[str]:
    """Items about which somebody gave one of their last ``gap`` answers: too fresh in memory to be asked again."""
    left: Counter[str] = Counter()
    out: set[str] = set()
    for answer in reversed(answers):
        question = questions.get(answer.question)
        if question is not None and left[answer.annotator] < gap:
            left[answer.annotator] += _lines([question])
            out |= set(question.items)
    return out


def mixed(batch: Sequence[Question], checks: Sequence[Question], key: int, round_number: int) -> tuple[Question, ...]:
    """Batch and checks in one order, with ids that count through: nothing tells which is which.

    The batch keeps its order (most valuable first); checks fall in at random places, never the first.
    """
    first = 1 if batch else 0
    drawn = generator(key, "mixed", round_number).permutation(len(batch) + len(checks) - first) + first
    places = set(drawn[: len(checks)].tolist())
    ordinary, extra = iter(batch), iter(checks)
    together = [next(extra) if n in places else next(ordinary) for n in range(len(batch) + len(checks))]
    # nor does what is read again for its value come first
    new = next((n for n, q in enumerate(together) if q.purpose == "ask"), 0)
    together = [*together[new : new + 1], *together[:new], *together[new + 1 :]]
    return tuple(q.model_copy(update={"id": f"r{round_number:03d}-{n:02d}"}) for n, q in enumerate(together, 1))


def _choose_repeats(
    count: int,
    seed: Seed,
    questions: Mapping[str, Question],
    answers: Sequence[Answer],
    trust: Trust,
    gap: int,
) -> list[Question]:
    """Answered questions, the most telling first, long ago before lately."""
    if count <= 0:
        return []
    fresh = lately(questions, answers, gap)
    times = Counter(q.repeats for q in questions.values() if q.purpose == "repeat")
    pending = {q.repeats for q in questions.values() if q.purpose == "repeat"} - {
        questions[a.question].repeats for a in answers if a.question in questions
    }
    ballot = read_answers(seed, questions, [a for a in answers if a.verdict not in SETTLES_NOTHING])
    read = {name: readings(ballot.readings, name) for name in trust.annotators}
    found: dict[str, tuple[float, int, bool, Question]] = {}
    for vote in ballot.readings:
        question = questions[vote.question]
        usable = question.purpose == "ask" and _can_repeat(question) and times[question.id] < MOST_REPEATS
        person = trust.annotators.get(vote.annotator)
        if usable and person and vote.item not in fresh and question.id not in pending:
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
