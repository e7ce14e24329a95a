"""Where a study stands, read from its journal alone: nothing is trained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from activeseed.config import Settings
    from activeseed.resolution import Resolution
    from activeseed.study.state import State


class Asked(TypedDict):
    """A question that waits for answers."""

    id: str
    kind: str
    items: list[str]
    sent: bool
    answered_by: list[str]
    missing: int


class Person(TypedDict, total=False):
    """An annotator; how reliable they are is there once it was measured."""

    name: str
    answers: int
    minutes: float
    reliability: float
    low: float
    high: float


class Status(TypedDict):
    """Where a study stands; None where nothing is known yet. What `status --json` prints."""

    folder: str
    system: str
    seed_version: str
    seed_hash: str
    items: int
    standing_otherwise: int
    round: int
    asked: int
    answered: int
    answers: int
    minutes: float
    stale: int
    taken_back: int
    pending: int
    waiting_for: list[Asked]
    annotators: list[Person]
    agreement: float | None
    agreement_by_confidence: float | None
    belief_used: dict[str, float] | None
    brier: float | None
    brier_author: float | None
    spread: float | None
    noise_floor: float | None
    belief_spread: float | None
    risk: float | None
    risk_after: float | None
    ensemble_risk: float | None
    risk_limit: float | None
    flips: float | None
    flips_mean: float | None
    flips_guess: float | None
    flips_guess_upper: float | None
    one_sided: bool
    quality: dict[str, Any] | None
    predicted_gain: float | None
    unmeasured_gold: int
    distrusted: list[str]
    undecided: list[str]
    vouched: dict[str, Any]
    unvouched: list[str]
    divided: dict[str, dict[str, Any]]
    discord: dict[str, Any] | None
    conditions: dict[str, list[str]]
    refuted: list[dict[str, Any]]
    stopped: dict[str, Any] | None
    trainings: int
    failed: int
    seconds: float
    money: float
    currency: str
    below: dict[str, Any] | None
    created_at: str
    last_at: str


def status(state: State, folder: Path, settings: Settings, fresh: Callable[[], Resolution] | None = None) -> Status:
    """A summary for humans and scripts; answers at once, also for a large study.

    Args:
        fresh: works out what all answers settle; without it agreement and reliability are those of the last closed
            round.
    """
    last = state.rounds[-1] if state.rounds else {}
    asked = state.asked_rounds[-1] if state.asked_rounds else {}
    pending = state.pending
    people: dict[str, Person] = {}
    for answer in state.live_answers:
        person = people.setdefault(answer.annotator, {"name": answer.annotator, "answers": 0, "minutes": 0.0})
        person["answers"] += 1
        person["minutes"] += (answer.seconds or 0.0) / 60.0
    agreement, measured = last.get("agreement"), dict(last.get("reliability") or {})
    by_confidence, divided = last.get("agreement_by_confidence"), last.get("divided") or {}
    discord = last.get("discord")
    if fresh is not None and state.live_answers:
        settled = fresh()
        agreement, by_confidence = settled.agreement.alpha, settled.agreement.interval
        divided = {item: asdict(found) for item, found in settled.divided.items()}
        discord = None if settled.discord is None else asdict(settled.discord)
        measured = {n: {"estimate": r.estimate, "low": r.low, "high": r.high} for n, r in settled.reliability.items()}
    for name, found in measured.items():
        if name in people:
            people[name] |= Person(reliability=found["estimate"], low=found["low"], high=found["high"])
    answered_by = state.people
    return {
        "folder": str(folder),
        "system": settings.system.kind,
        "seed_version": f"v{state.current.number}",
        "seed_hash": state.current.id,
        "items": len(state.current.seed),
        "standing_otherwise": len(state.current.seed.standing),
        "round": len(state.asked_rounds),
        "asked": len(state.questions),
        "answered": len({a.question for a in state.live_answers}),
        "answers": len(state.live_answers),
        "minutes": state.minutes,
        "stale": len(state.live_answers) - len(state.counted_answers),
        "taken_back": len(state.taken_back),
        "pending": len(pending),
        "waiting_for": [
            {"id": q.id, "kind": q.kind, "items": list(q.items), "sent": q.id in state.submitted,
             "answered_by": sorted(answered_by.get(q.id, ())),
             "missing": state.due(q) - len(answered_by.get(q.id, ()))}
            for q in state.in_order
        ],
        "annotators": list(people.values()),
        "agreement": agreement,
        "agreement_by_confidence": by_confidence,
        "belief_used": last.get("belief_used"),
        "brier": last.get("brier"),
        "brier_author": last.get("brier_author"),
        "spread": last.get("spread"),
        "noise_floor": last.get("noise_floor"),
        "belief_spread": last.get("belief_spread"),
        "risk": asked.get("risk", last.get("risk")) if last.get("round", -1) < len(state.asked_rounds)
        else last.get("risk"),
        "risk_after": max(asked["risk_after"], 0.0) if pending and asked.get("risk_after") is not None else None,
        "ensemble_risk": last.get("ensemble_risk"),
        "risk_limit": last.get("risk_limit"),
        "flips": last.get("flips"),
        "flips_mean": last.get("flips_mean"),
        "flips_guess": last.get("flips_guess"),
        "flips_guess_upper": last.get("flips_guess_upper"),
        "one_sided": bool(last.get("one_sided")),
        "quality": last.get("quality"),
        "predicted_gain": asked.get("predicted_gain") if pending else None,
        "unmeasured_gold": _unmeasured_gold(state),
        "distrusted": last.get("distrusted", []),
        "undecided": last.get("undecided", []),
        "vouched": last.get("vouched", {}),
        "unvouched": last.get("unvouched", []),
        "divided": divided,
        "discord": discord,
        "conditions": state.conditions,
        "refuted": last.get("refuted", []),
        "stopped": state.stopped,
        "trainings": state.trainings,
        "failed": state.failed,
        "seconds": round(state.seconds, 3),
        "money": round(state.money, 6),
        "currency": settings.limits.currency,
        "below": state.below.to_dict() if state.below.studies else None,
        "created_at": state.created_at,
        "last_at": state.last_at,
    }  # fmt: skip


def _unmeasured_gold(state: State) -> int:
    """Gold questions that show nothing of what hangs on them, where other questions do."""
    questions = state.questions.values()
    looked = any(q.trainings for q in questions if q.purpose != "gold")
    return sum(q.purpose == "gold" and not q.trainings for q in questions) if looked else 0
