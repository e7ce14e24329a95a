"""From a chosen batch to questions that an annotator can answer: texts, options, and what each answer would decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from activeseed.acquisition import Pick, proposed
from activeseed.config import AskTable
from activeseed.looking.assessment import Assessment
from activeseed.looking.consequences import Looked
from activeseed.protocols import Occasion
from activeseed.question import Question
from activeseed.questions import LIST, OPEN, WRITING, about, form_named


def make_questions(
    picks: Sequence[Pick], assessment: Assessment, round_: int, looked: Mapping[int, Looked], ask: AskTable
) -> list[Question]:
    """One question a pick, in order of value per minute.

    Args:
        looked: what hangs on each item, by its number.
        ask: the settings; they say whether annotators are told how credible the machine takes an item to be.
    """
    seed = assessment.seed
    out = []
    for n, pick in enumerate(picks, start=1):
        c = pick.candidate
        id_ = f"r{round_:03d}-{n:02d}"
        worth = {"value": float(pick.value), "minutes": float(c.minutes)}
        if not c.items:
            (question,) = WRITING.draw(Occasion(seed, ask, group=c.group, round=round_))
            out.append(question.model_copy(update={"id": id_, **worth}))
            continue
        form = form_named(c.kind)
        if form is LIST:
            otherwise = proposed(assessment.belief, seed.base)
            lines = [(seed.items[f], seed.items[f].variants[int(otherwise[f])]) for f in c.items]
            question = LIST.over(seed, lines, id_, round_)
        else:
            told = _why(pick, assessment, ask.show_belief)
            question = about(form, seed, seed.items[c.items[0]].id, id_, round_, **told)
        found = looked.get(c.items[0], Looked()) if len(c.items) == 1 else Looked()
        more = {"consequences": found.shown, "trainings": found.trainings, "drawn": pick.drawn}
        out.append(question.model_copy(update={**worth, **more}))
    return out


def _why(pick: Pick, assessment: Assessment, show_belief: bool) -> dict[str, Any]:
    credibility = float(assessment.belief.credibility[pick.candidate.items[0]])
    spread = assessment.ranking.summary.get("belief_spread")
    return why(credibility, float(pick.value), spread, show_belief)


def why(credibility: float, value: float, spread: float | None, show_belief: bool) -> dict[str, Any]:
    """What a question about one item says of why it is asked, and what it gives away of the belief.

    The belief is said only where the team asks for it. So is the share of the spread that an answer is expected to
    settle: it follows from the belief, and is right only as far as the belief is.
    """
    if not show_belief:
        return {"reason": OPEN, "believed": None}
    share = (
        f" If that is right, an answer settles about {value / spread:.0%} of what is unclear."
        if spread and value > 0
        else ""
    )
    return {"reason": f"Believed to stay with probability {credibility:.0%}.{share}", "believed": credibility}
