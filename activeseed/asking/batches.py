"""Which questions are asked next: the best batch, or questions about named items, with what is foreseen of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from activeseed.acquisition import Candidate, Pick, deployed_risk, kind_of, steadied, writing_candidates
from activeseed.asking import choosing
from activeseed.asking.gold import dressed
from activeseed.asking.making import make_questions
from activeseed.asking.so_far import SoFar
from activeseed.config import AskTable, Settings
from activeseed.looking.assessment import Assessment, expected_error
from activeseed.looking.consequences import Looked
from activeseed.looking.surrogate import movement
from activeseed.looking.verdict import has_settled
from activeseed.plan import stream_key
from activeseed.question import Question
from activeseed.questions import DISPUTED, WRITING, is_about_one, is_list, minutes_by_kind
from activeseed.resolution import Gold, mixed

#: belief draws behind a predicted movement: the surrogate is cheap
MOVEMENT_DRAWS = 256
#: a pending question is withdrawn when its value is below this share of the best one's that could be asked instead
IDLE = 0.05


class Hangs(Protocol):
    """What hangs on an answer, by trainings of the seed that was looked at."""

    def on_items(self, items: Sequence[int]) -> dict[int, Looked]:
        """What hangs on items, by their numbers."""
        ...

    def on_gold(self, gold: Gold) -> Looked:
        """What would hang on a gold question's item, were it in the seed; nothing where it can't be trained."""
        ...


@dataclass(frozen=True)
class Batch:
    """Questions to ask.

    Attributes:
        questions: in the order in which they are shown.
        facts: what is journalled beside them: what is foreseen, what was believed, the order of all that wait.
    """

    questions: Sequence[Question]
    facts: Mapping[str, Any] = field(default_factory=dict)


def best_batch(found: Assessment, so_far: SoFar, settings: Settings, hangs: Hangs, n: int) -> Batch:
    """The best batch of ``n`` answers: what people are divided on or skipped, checks, and what is worth most."""
    divided = _divided(found, so_far, settings.ask, hangs)
    skipped = _skipped(found, so_far, n)
    size = choosing.size_of(n, so_far.closed.get("flips"), settings.stopping.flips)
    size = size if n == settings.ask.batch else n  # a number that somebody asked for is what they get
    checks, picks = _chosen(found, so_far, settings, size, len(divided), skipped)
    picks = [*_named(found, settings.ask, skipped), *picks]
    questions = _questions(found, so_far, settings.ask, hangs, picks, skipped)
    mingled = mixed([*questions, *divided], checks, settings.key, so_far.number)
    together = dressed(mingled, so_far.gold, found, settings, hangs.on_gold)
    return _foreseen(found, so_far, settings, picks, together, in_order(together, so_far.pending, found, settings.ask))


def named_batch(found: Assessment, so_far: SoFar, settings: Settings, hangs: Hangs, items: Sequence[str]) -> Batch:
    """Questions about these items, whatever they are worth."""
    picks = _named(found, settings.ask, items)
    questions = _questions(found, so_far, settings.ask, hangs, picks)
    return _foreseen(found, so_far, settings, picks, questions, [q.id for q in questions])


def weighed(found: Assessment, hangs: Hangs, items: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Item -> what a question about it shows of what hangs on it, and what its answer is worth."""
    values = found.ranking.columns.get("value")
    places = {name: found.seed.position(name) for name in items}
    looked = hangs.on_items(list(places.values()))
    hanging = {name: looked.get(f, Looked()) for name, f in places.items()}
    return {
        name: {
            "consequences": hanging[name].shown,
            "trainings": hanging[name].trainings,
            "value": float(values[f]) if values is not None else 0.0,
        }
        for name, f in places.items()
    }


def may_be_idle(question: Question) -> bool:
    """Whether a pending question may come to matter no longer.

    One drawn at random waits whatever it is worth: else those that are answered are no sample any more.
    """
    return _is_by_value(question) and is_about_one(question)


def idle(found: Assessment, pending: Sequence[Question]) -> list[str]:
    """Pending questions that no longer matter: worth less than a twentieth of the best that could be asked."""
    values = found.ranking.columns.get("value")
    if values is None:
        return []
    busy = {i for q in pending for i in q.items}
    free = [float(v) for i, v in zip(found.seed.items, values, strict=True) if i.id not in busy]
    least = IDLE * max(free, default=0.0)
    asked = [q for q in pending if may_be_idle(q)]
    return [q.id for q in asked if float(values[found.seed.position(q.items[0])]) < least]


def in_order(questions: Sequence[Question], waiting: Sequence[Question], found: Assessment, ask: AskTable) -> list[str]:
    """Ids of the new questions and of those that still wait, most valuable first.

    Checks and what was drawn at random keep their places.
    """
    values = found.ranking.columns.get("value")

    def worth(question: Question) -> float:
        if values is not None and question in waiting and is_about_one(question):
            return float(values[found.seed.position(question.items[0])]) / ask.minutes
        return question.value / question.minutes

    together = [*waiting, *questions]
    ranked = iter(sorted((q for q in together if _is_by_value(q)), key=lambda q: -worth(q)))
    return [next(ranked).id if _is_by_value(q) else q.id for q in together]


def _is_by_value(question: Question) -> bool:
    """Whether a question stands where its value says."""
    return question.purpose == "ask" and question.drawn == "value"


# --- what is asked --------------------------------------------------------------------------------------------------


def _questions(
    found: Assessment,
    so_far: SoFar,
    ask: AskTable,
    hangs: Hangs,
    picks: Sequence[Pick],
    skipped: Sequence[str] = (),
) -> list[Question]:
    looked = hangs.on_items([p.candidate.items[0] for p in picks if len(p.candidate.items) == 1])
    made = make_questions(picks, found, so_far.number, looked, ask)
    return choosing.read_again(made, so_far.questions, so_far.answers, skipped)


def _named(found: Assessment, ask: AskTable, items: Sequence[str]) -> list[Pick]:
    values = found.ranking.columns.get("value")
    out = []
    for name in items:
        f = found.seed.position(name)
        value = float(values[f]) if values is not None else 0.0
        candidate = Candidate(kind_of(found.seed.items[f]), (f,), ask.minutes)
        out.append(Pick(candidate, value, value / ask.minutes, value))
    return out


def _skipped(found: Assessment, so_far: SoFar, n: int) -> list[str]:
    """Items that lack a voice because somebody skipped them: they are asked about first."""
    known = {i.id for i in found.seed.items}
    return [name for name in so_far.short if name in known and name not in so_far.busy][:n]


def _divided(found: Assessment, so_far: SoFar, ask: AskTable, hangs: Hangs) -> list[Question]:
    """Items on which people are evenly divided are put before somebody, once, with what was said."""
    out: list[Question] = []
    for name in found.resolution.tied:
        if name in so_far.busy:
            continue
        f = found.seed.position(name)
        about = (a for a in so_far.answers if name in so_far.questions[a.question].items)
        said = [(f"annotator {k}", a.verdict, a.comment) for k, a in enumerate(about, 1)]
        id_ = f"r{so_far.number:03d}-divided-{len(out) + 1:02d}"
        question = DISPUTED.over(found.seed, name, said, id_, so_far.number)
        # what a round trains is bounded: with more disagreements than a batch has questions, the rest go without
        looked = hangs.on_items([f] if len(out) < ask.batch else []).get(f, Looked())
        out.append(question.model_copy(update={"consequences": looked.shown, "trainings": looked.trainings}))
    return out


def _chosen(
    found: Assessment, so_far: SoFar, settings: Settings, n: int, divided: int, skipped: Sequence[str]
) -> tuple[list[Question], list[Pick]]:
    """Checks and picks of the next batch, beside what is asked about anyway."""
    surrogate, ask = found.ranking.surrogate, settings.ask
    if surrogate is None:
        return [], []
    known = choosing.Known(
        seed=found.seed,
        ask=ask,
        belief=found.belief,
        gram=steadied(surrogate.gram, found.belief.law.probabilities),
        resolution=found.resolution,
        so_far=so_far,
        error=expected_error(ask, found.resolution),
        list_error=expected_error(ask, found.resolution, listed=True),
        key=settings.key,
    )
    # the newest closed round met the limit, and gold questions are all that is left to do
    closed = so_far.closed
    urgent = bool(closed) and has_settled(closed, settings.stopping) and bool(closed["unvouched"])
    more = _writing(found, so_far, ask)
    return choosing.batch(known, n, divided=divided, skipped=skipped, urgent=urgent, more=more)


def _writing(found: Assessment, so_far: SoFar, ask: AskTable) -> list[Candidate]:
    """*Write more* of each kind, where the user set an exchange rate."""
    if ask.exchange_rate <= 0:
        return []
    members = {g: sum(i.group == g for i in found.seed.items) for g in found.seed.groups}
    minutes = minutes_by_kind(ask)
    return writing_candidates(so_far.group_spread, members, examples=WRITING.examples, minutes=minutes)


# --- what is foreseen -----------------------------------------------------------------------------------------------


def _foreseen(
    found: Assessment,
    so_far: SoFar,
    settings: Settings,
    picks: Sequence[Pick],
    questions: Sequence[Question],
    order: list[str],
) -> Batch:
    """The batch with what its answers are expected to come to, by belief and surrogate."""
    asked = [f for p in picks for f in p.candidate.items]
    names = [found.seed.items[f].id for f in asked]
    prior, now = found.prior.probabilities[:, 0], found.belief.credibility
    facts = {
        "predicted_gain": float(sum(p.value for p in picks if p.candidate.items)),
        "predicted_movement": _movement(found, asked, stream_key(settings.key, "movement", so_far.version)),
        "credibility": {name: [float(prior[f]), float(now[f])] for name, f in zip(names, asked, strict=True)},
        "why": {name: found.belief.why(f) for name, f in zip(names, asked, strict=True)},
        "order": order,
        "risk": found.ranking.summary.get("risk"),
        "risk_after": _risk_after(found, [*so_far.pending, *questions], settings.ask),
    }
    return Batch(questions, facts)


def _movement(found: Assessment, asked: Sequence[int], key: int) -> float:
    """How far the deployed outcome is expected to move once these are answered."""
    if found.ranking.surrogate is None or not asked:
        return 0.0
    base = np.asarray(found.seed.base, np.int64)
    after = np.tile(base, (MOVEMENT_DRAWS, 1))
    after[:, list(asked)] = found.belief.draw(MOVEMENT_DRAWS, key)[:, list(asked)]
    return movement(found.ranking.surrogate.gram, base.tolist(), after)


def _risk_after(found: Assessment, questions: Sequence[Question], ask: AskTable) -> float | None:
    """The deployed seed's risk once all these questions are answered."""
    if found.ranking.surrogate is None:
        return None
    names = {i for q in questions if is_about_one(q) or is_list(q) for i in q.items}
    closed = choosing.closed_items(found.resolution)
    settled = [f for f, i in enumerate(found.seed.items) if i.id in names and f not in closed]
    error = expected_error(ask, found.resolution)
    return deployed_risk(found.ranking.surrogate.gram, found.belief, found.seed.base, settled=settled, error=error)
