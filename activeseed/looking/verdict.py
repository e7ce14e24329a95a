"""Whether to stop: the rules that the settings ask for, on what a closed round found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from activeseed.config import AskTable, StoppingTable
from activeseed.looking.assessment import Assessment
from activeseed.looking.words import discord_words, divided_words
from activeseed.stopping import (
    Progress,
    Verdict,
    budget,
    flips_below,
    nobody_to_rely_on,
    nothing_left,
    risk_below,
)


def verdict(rule: StoppingTable, standing: Progress, round_: int) -> Verdict:
    """Whether to stop, and why.

    Args:
        round_: number of the round that is closed.
    """
    rules = nothing_left() | nobody_to_rely_on()
    if rule.flips > 0:
        rules = rules | flips_below(rule.flips)
    if rule.risk > 0:
        rules = rules | risk_below(rule.risk)
    if rule.answers or rule.minutes or rule.trainings:
        rules = rules | budget(
            answers=rule.answers or None, minutes=rule.minutes or None, trainings=rule.trainings or None
        )
    found = rules(standing)
    if rule.rounds and round_ >= rule.rounds:
        found = Verdict(True, (*found.reasons, f"the budget of {rule.rounds} rounds is used up"))
    return found


def has_settled(record: Mapping[str, Any], rule: StoppingTable) -> bool:
    """Whether a closed round's limits are below what the user set."""
    by_flips = rule.flips > 0 and number(record.get("flips")) <= rule.flips
    return by_flips or (rule.risk > 0 and number(record.get("risk_limit")) <= rule.risk)


def conditions(record: Mapping[str, Any], ask: AskTable) -> list[str]:
    """What a settled study still hangs on: sentences, none where it is stable."""
    divided = [w for w in (divided_words(record.get("divided")) or discord_words(record.get("discord")),) if w]
    if ask.error_is_stated:
        stated = f"that annotators err in {ask.error:.0%} of their answers is what you stated; nothing here tests it"
        return [*divided, stated]
    return [*divided, *record["unvouched"]]


def is_anything_unasked(found: Assessment) -> bool:
    """Whether an item is left that nobody was asked about."""
    p = found.belief.law.probabilities.max(1)
    return any(x < 1.0 and not a for x, a in zip(p, found.belief.answered, strict=True))


def number(value: Any) -> float:
    """A figure of a record; NaN where there is none."""
    return float("nan") if value is None else float(value)
