"""What was believed, held against what was answered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from activeseed.belief import calibration
from activeseed.looking.assessment import Assessment
from activeseed.question import Question
from activeseed.resolution import Refuted, fits_better, refuted
from activeseed.seed import AS_WRITTEN


def calibrated(rounds: Iterable[Mapping[str, Any]], standing: Mapping[str, str]) -> dict[str, Any]:
    """What was believed of every asked item just before its answer, against the answer.

    Args:
        rounds: of questions, each with the ``credibility`` of its items: the author's, and what was believed by then.
        standing: item -> variant that its answers say stands.
    """
    believed, author, stayed = [], [], []
    for body in rounds:
        for item, (before, now) in body["credibility"].items():
            if item in standing:
                believed.append(now)
                author.append(before)
                stayed.append(float(standing[item] == AS_WRITTEN))
    if not believed:
        return {"brier": None, "brier_author": None, "calibration": None}
    found = calibration(believed, stayed, author=author)
    return {"brier": found["brier"], "brier_author": found["brier_author"], "calibration": found}


def refuted_rates(found: Assessment, questions: Iterable[Question]) -> tuple[Refuted, ...]:
    """Stated rates that the answers to questions drawn at random refute."""
    drawn = {i for q in questions if q.drawn == "random" and q.purpose == "ask" for i in q.items}
    standing = found.resolution.standing
    items = {i.id: n for n, i in enumerate(found.seed.items) if i.id in drawn and i.id in standing}
    return refuted(
        {name: float(found.prior.probabilities[n, 0]) for name, n in items.items()},
        {name: standing[name] == AS_WRITTEN for name in items},
        {name: found.seed.items[n].group for name, n in items.items()},
    )


def probes_vouch(before: Sequence[bool] | None, now: Sequence[bool]) -> bool:
    """Whether labelled probes vouch for the answers: the outcome fits them better than before anybody answered.

    Args:
        before, now: for each labelled probe whether the outcome was, and is, on the side of its label.
    """
    return bool(before) and len(before or ()) == len(now) and fits_better(before or (), now)
