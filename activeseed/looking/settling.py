"""What answers settle: of a seed's items, and of outcomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from activeseed.belief import author_law
from activeseed.config import AskTable, Settings
from activeseed.question import Answer, Question
from activeseed.questions import form_of
from activeseed.resolution import Resolution, resolve
from activeseed.resolution.drawing import WORTH
from activeseed.seed import Payload, Probe, Seed


def settled(
    seed: Seed,
    settings: Settings,
    questions: Mapping[str, Question],
    answers: Sequence[Answer],
    *,
    known: Mapping[str, str],
    start: Mapping[str, str],
    copies: Mapping[str, int],
) -> Resolution:
    """What the answers that count say about a seed.

    Args:
        known: item id -> right variant, of the gold questions.
        start: what stood before anybody answered.
        copies: item id -> what it weighed before anything was merged into it.
    """
    table = settings.belief
    return resolve(
        seed,
        author_law(seed, table.base_rate, table.rest),
        questions,
        answers,
        known=known,
        start=start,
        copies=copies,
        accuracy=stranger(settings.ask),
        list_error=settings.ask.list_error,
        divided=settings.ask.divided,
    )


def preferred(
    seed: Seed, places: Sequence[Probe], questions: Mapping[str, Question], answers: Sequence[Answer]
) -> list[tuple[int, float]]:
    """Answers about outcomes that count: (number of the place, 1 approve or 0 not), latest answer a person."""
    numbers = {p.id: n for n, p in enumerate(places)}
    said = _said_of_outcomes(seed, questions, answers)
    return [(numbers[place], right) for place, _, right in said if place in numbers]


def judged(
    seed: Seed, places: Sequence[Probe], questions: Mapping[str, Question], answers: Sequence[Answer]
) -> list[tuple[Payload, float]]:
    """Answers about what is no place, and was shown with its question: (what it is, 1 approve or 0 not)."""
    known = {p.id for p in places}
    said = _said_of_outcomes(seed, questions, answers)
    return [(shown, right) for place, shown, right in said if shown is not None and place not in known]


def _said_of_outcomes(
    seed: Seed, questions: Mapping[str, Question], answers: Sequence[Answer]
) -> list[tuple[str, Payload | None, float]]:
    """(id of the place, what the question shows there, 1 or 0), latest answer a person."""
    items = {i.id: i for i in seed.items}
    latest: dict[tuple[str, str], tuple[str, Payload | None, float]] = {}
    for answer in answers:
        question = questions[answer.question]
        for place, right in form_of(question).settles(question, answer, items).prefers.items():
            latest[answer.annotator, place] = place, question.place, right
    return list(latest.values())


def stranger(ask: AskTable) -> tuple[float, float]:
    """Beta prior of the accuracy of somebody of whom nothing is known: the expected error rate, worth five answers.

    A rate that the team states is no guess, and no answer moves it.
    """
    rate = max(ask.error, 0.005)
    worth = 1e6 if ask.error_is_stated else WORTH
    return worth * (1.0 - rate), worth * rate
