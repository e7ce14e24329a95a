"""Where a study stands, read from its journal alone (nothing is trained), and what a ranking would cost."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from activeseed.study.study import Study


def status(study: Study, fresh: bool = False) -> dict[str, Any]:
    """A summary for humans and scripts; answers at once, also for a large study.

    Args:
        fresh: work out agreement and reliability from all answers, and not take those of the last closed round.
    """
    study.refresh()
    state = study.state
    last = state.rounds[-1] if state.rounds else {}
    asked = state.asked_rounds[-1] if state.asked_rounds else {}
    pending = state.pending
    people: dict[str, dict[str, Any]] = {}
    for answer in state.live_answers:
        person = people.setdefault(answer.annotator, {"name": answer.annotator, "answers": 0, "minutes": 0.0})
        person["answers"] += 1
        person["minutes"] += (answer.seconds or 0.0) / 60.0
    agreement, measured = last.get("agreement"), dict(last.get("reliability") or {})
    if fresh and state.live_answers:
        settled = study.resolution
        agreement = settled.agreement.alpha
        measured = {n: {"estimate": r.estimate, "low": r.low, "high": r.high} for n, r in settled.reliability.items()}
    for name, found in measured.items():
        if name in people:
            people[name] |= {"reliability": found["estimate"], "low": found["low"], "high": found["high"]}
    answered_by = state.people
    return {
        "folder": str(study.folder),
        "system": study.settings.system.kind,
        "seed_version": f"v{state.current.number}",
        "seed_hash": state.current.id,
        "items": len(state.current.seed),
        "standing_otherwise": len(state.current.seed.standing),
        "round": len(state.asked_rounds),
        "asked": len(state.questions),
        "answered": len({a.question for a in state.live_answers}),
        "answers": len(state.live_answers),
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
        "quality": last.get("quality"),
        "predicted_gain": asked.get("predicted_gain") if pending else None,
        "distrusted": last.get("distrusted", []),
        "undecided": last.get("undecided", []),
        "vouched": last.get("vouched", {}),
        "unvouched": last.get("unvouched", []),
        "refuted": last.get("refuted", []),
        "stopped": state.stopped,
        "trainings": state.trainings,
        "failed": state.failed,
        "seconds": round(state.seconds, 3),
        "created_at": state.created_at,
        "last_at": state.last_at,
    }  # fmt: skip


def cost(study: Study, time_it: bool = False) -> dict[str, Any]:
    """What one full ranking costs: trainings, arithmetic, memory, money, and (timed on a few rows) seconds.

    Args:
        time_it: train a handful of rows to estimate seconds (processor time); they are kept like all others. What was
            trained before gives an estimate without it.
    """
    import numpy as np

    from activeseed.plan import Explicit, Rows
    from activeseed.protocols import Request

    rounds = study.rounds
    by = rounds.planned_rows()
    trainings = sum(by.values())
    said = study.system.cost(study.materials)
    out: dict[str, Any] = {
        "trainings": trainings,
        "by": by,
        "batched": said.bytes > 0,
        "rows_a_batch": study.trainer.chunk(1),
        "megabytes_a_batch": round(said.bytes * study.trainer.chunk(1) / 2**20, 1),
        "multiply_adds": said.multiply_adds * trainings,
        "price": round(study.settings.limits.price * trainings, 2),
        "currency": study.settings.limits.currency,
        "seconds": None,
    }
    if time_it:
        rows = min(32, study.trainer.chunk(1) if said.bytes > 0 else 2)
        keys = 900_000_000 + np.arange(rows, dtype=np.int64)
        design = Explicit(Rows(np.tile(np.asarray(study.seed.base, np.int16), (rows, 1)), keys))
        study.trainer.fulfil(Request(design, "timing"))
    study.refresh()
    if study.state.trainings:
        # what the trainings so far took by themselves: the first of them also waited for libraries to be loaded
        out["seconds"] = study.state.seconds / study.state.trainings * trainings
    return out


def check(study: Study, time_it: bool = False) -> dict[str, Any]:
    """Validate everything before a long run. Raises UsageError for what can't work; the rest comes as warnings."""
    study.take_in()
    seed = study.seed
    study.system.check(study.materials)
    warnings = []
    counts = Counter(i.payload.digest for i in seed.items)
    twins = sum(n for n in counts.values() if n > 1)
    if twins:
        warnings.append(f"{twins} items have a text that another item has too: they share one effect.")
    if study.probes and all(p.label is None for p in study.probes):
        warnings.append("No probe has a label, so no quality is reported beside stability.")
    if not any(i.belief for i in seed.items):
        rate = study.settings.belief.base_rate
        warnings.append(f"No item has a belief of its own: all are believed to stay with probability {rate:g}.")
    if not study.system.streams:
        warnings.append("The trainer has no randomness under these settings: one key says all, the noise floor is 0.")
    return {
        "items": len(seed),
        "groups": dict(Counter(i.group for i in seed.items if i.group)),
        "pool": len(study.pool),
        "probes": len(study.probes),
        "labelled_probes": sum(p.label is not None for p in study.probes),
        "system": study.settings.system.kind,
        "embedder": study.settings.embedder.kind,
        "executor": study.settings.executor.kind,
        "annotator": getattr(study.settings.annotator, "kind", ""),
        "gold": len(study.gold),
        "warnings": warnings,
        "cost": cost(study, time_it),
    }
