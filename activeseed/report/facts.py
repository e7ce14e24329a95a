"""What a report says, computed apart from how it is drawn.

Everything comes from the journal, the full ranking and one assessment; where rows are cached nothing is trained.
"""

from __future__ import annotations

import importlib.metadata
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np

from activeseed.annotators import hanging
from activeseed.column import SQUARED, Column, Order, by_name
from activeseed.errors import PlanError
from activeseed.estimators.columns import KNOWN
from activeseed.looking.assessment import Assessment
from activeseed.looking.probes import coverage
from activeseed.looking.surrogate import PREFERENCE_DRAWS, foreseeable, surrogate_outcomes
from activeseed.looking.words import (
    discord_words,
    divided_words,
    division_words,
    ending_words,
    if_stopped_now,
    no_better_than_chance,
    predictors,
    refuted_words,
    unmeasured_gold_words,
    vouched_words,
)
from activeseed.outcome import Ranking, Summary, plain
from activeseed.plan import stream_key
from activeseed.protocols import Name, SupportsLimits, SupportsRemarks
from activeseed.report import sections
from activeseed.seed import ABSENT
from activeseed.study import Study
from activeseed.study.status import Status

LIBRARIES = ("activeseed", "numpy", "scipy", "scikit-learn", "torch", "pydantic", "pandas", "sqlalchemy", "joblib")
#: probes shown as contested, and items whose consequences are shown
SHOWN = 12


#: what is read off a system's probes
@dataclass(frozen=True)
class Facts:
    """Everything on the page, ready to print: plain numbers, texts and lists.

    Attributes:
        head: what was ranked: system, outcome, unit, embedder and its limits, version of the seed, time.
        numbers: the ensemble's figures; the bootstrap spread of the seed as it stands comes first.
        notes: sentences a reader must see before the ranking.
        items: the ranking, one entry an item, in order.
        consequences: of asked items: the probes that each answer decides.
        rounds: one entry a closed round: predicted and realised movement, quality, risk, calibration.
        predictors: which beliefs are used for items not asked about, with their shares; none before answers.
        beliefs: items whose credibility moved, with the reasons in logits.
        calibration: bins of what was believed against what was answered.
        annotators: reliability with limits, gold and repeats.
        agreement: Krippendorff's alpha, or None.
        changes: what differs between the seed as given and now, with who, when and which answer.
        contested: probes that plausible seeds judge otherwise: minority outcomes, never called wrong.
        redundancy: what covers for what, as the newest such analysis found it, or None where none was made.
        explanations: of the most contested probes, the derivation of the verdict; none where the system can't say.
        analysed: what else was analysed, a dictionary a section (see `sections.analysed`).
        write_more: kinds of which more examples would steady the outcome.
        record: what ran: versions, keys, settings, trainings, time.
    """

    head: dict[str, Any]
    numbers: list[dict[str, Any]]
    notes: list[str]
    items: list[dict[str, Any]]
    consequences: list[dict[str, Any]]
    rounds: list[dict[str, Any]]
    predictors: list[dict[str, Any]]
    beliefs: list[dict[str, Any]]
    calibration: dict[str, Any] | None
    annotators: list[dict[str, Any]]
    agreement: float | None
    changes: list[dict[str, Any]]
    contested: list[dict[str, Any]]
    redundancy: dict[str, Any] | None
    explanations: list[dict[str, Any]]
    analysed: list[dict[str, Any]]
    write_more: list[dict[str, Any]]
    record: dict[str, Any] = field(default_factory=dict)


def gather(study: Study, by: Order | Name | None = None) -> Facts:
    """The facts of a study as it stands. Trains what a full ranking needs and is not cached."""
    ranking = study.rank(by)
    assessment = study.rounds.assessment()
    status = study.status()
    last = study.state.rounds[-1] if study.state.rounds else {}
    contested = _contested(study, assessment)
    return Facts(
        head=_head(study, ranking),
        numbers=_numbers(ranking, status),
        notes=[*ranking.notes, *_warnings(ranking, status), *_uncovered(study), *_remarks(study)],
        items=_items(study, ranking, status),
        consequences=_consequences(study),
        rounds=plain(study.state.rounds),
        predictors=predictors(assessment.belief.used, len(study.state.counted_answers)),
        beliefs=_beliefs(study, assessment),
        calibration=last.get("calibration"),
        annotators=_annotators(study, last),
        agreement=last.get("agreement"),
        changes=study.diff(),
        contested=contested,
        redundancy=sections.redundancy(study),
        explanations=sections.explanations(study, contested),
        analysed=sections.analysed(study),
        write_more=[r for r in ranking.summary.get("write_more", []) if r["predicted_drop"] > 0],
        record=_record(study, ranking),
    )


#: what stands behind a star, and on what condition
_TESTED = {
    "resampled_keys": " (by resampling {keys} keys; noise that none of them showed is not counted)",
    "exchanged_sides": " (by exchanging the two sides under each of {keys} keys)",
    "exact": " (exactly: the trainer has no randomness)",
}


def _head(study: Study, ranking: Ranking) -> dict[str, Any]:
    embedder = study.part("embedder")
    columns = by_name((*ranking.declared, *KNOWN.values()))
    return {
        "title": study.folder.resolve().name,
        "system": study.system.kind,
        "outcome": ranking.summary["outcome"],
        "unit": ranking.summary["unit"],
        "by": columns[ranking.by].words if ranking.by in columns else ranking.by,
        "headings": {name: _heading(c) for name, c in columns.items()},
        "own": [name for name, c in by_name(ranking.declared).items() if c.sortable and name not in KNOWN],
        "law": ranking.summary["law"],
        "index_law": ranking.summary.get("index_law", ""),
        "total_law": ranking.summary.get("total_law", ""),
        "test": _TESTED.get(str(ranking.summary.get("test")), "").format(**ranking.summary),
        "embedder": study.settings.embedder.kind,
        "embedder_limits": embedder.limits if isinstance(embedder, SupportsLimits) else "",
        "seed_version": f"v{study.state.current.number}",
        "seed_hash": study.state.current.id,
        "items": len(study.seed),
        "places": len(study.system.places(study.materials)),
        "ended": ending_words(study.state.stopped),
        "vouched": vouched_words(study.state.rounds[-1]) if study.state.rounds else "",
        "now": if_stopped_now(study.state.rounds[-1]) if study.state.rounds else "",
        "made_at": datetime.now(UTC).isoformat(timespec="minutes"),
        "intervals": "conditional on the probes, unless it is said that they allow for others",
    }


def _heading(column: Column) -> str:
    """What stands above a column: with its unit, where it has one of its own."""
    own = column.name not in KNOWN and column.unit not in ("", SQUARED)
    return f"{column.heading}, in {column.unit}" if own else column.heading


def _numbers(ranking: Ranking, status: Status) -> list[dict[str, Any]]:
    s = ranking.summary
    lines = [
        ("bootstrap spread", "bootstrap_spread", "bootstrap_spread_se", "resampling the seed as it stands"),
        ("spread", "belief_spread", None, "what answers could still change"),
        ("noise floor", "noise_floor", None, "the trainer's own randomness"),
        ("risk of what is deployed", "risk", None, "expected distance from what humans mean"),
        ("spread, items apart", "spread", "spread_se", "the same, were the items independent"),
    ]
    if s.get("distance_spread") is not None:
        lines += [
            ("spread by distance", "distance_spread", "distance_spread_se", f"in {s['distance_unit']}, items apart"),
            ("noise floor by distance", "distance_noise_floor", None, f"in {s['distance_unit']}"),
        ]
    out = [
        {
            "name": name,
            "value": plain(s.get(key)),
            "se": plain(s.get(se)) if se else None,
            "what": what + _beyond(s, key),
        }
        for name, key, se, what in lines
    ]
    if s.get("spread_nats") is not None:
        out.append({"name": "spread in nats", "value": plain(s["spread_nats"]), "se": None,
                    "what": "generalised Jensen–Shannon divergence, the keys' own part removed"})  # fmt: skip
    if status["flips"] is not None:
        out.append({"name": "decisions that could flip", "value": status["flips"], "se": None,
                    "what": "share of probes judged otherwise, exceeded 5 times in 100"})  # fmt: skip
    return out


def _beyond(summary: Summary, key: str) -> str:
    """The interval of a spread that allows for other probes, and what its error rests on."""
    found: Any = summary.get(f"{key}_interval_over_probes")
    if not found or any(end is None or end != end for end in found):
        return ""
    on = summary.get(f"{key}_rests_on")
    rests = f"; the error is mostly over {on}" if on else ""
    return f"; with other probes of the kind 95 %: {found[0]:.3g} to {found[1]:.3g}{rests}"


def _warnings(ranking: Ranking, status: Status) -> list[str]:
    out = []
    if status["one_sided"]:
        out.append(
            "Every probe is judged the same way, so decision flips say nothing about the seed. Choose probes of both "
            "sides, or stop by [stopping] risk."
        )
    if ranking.summary.get("chaotic"):
        out.append("At this setting the trainer is chaotic: it answers tiny changes as it answers real ones.")
    elif ranking.summary.get("chaotic", False) is None:
        out.append("Whether the trainer is chaotic at this setting is unknown: nothing that could be wiggled tells.")
    # where no round was closed yet the ranking is the one that says it; where both do, it is said once
    chance = "" if ranking.summary.get("no_better_than_chance") else no_better_than_chance(status["quality"])
    divided = divided_words(status["divided"]) or discord_words(status["discord"])
    said = (
        chance,
        divided[:1].upper() + divided[1:] + ("." if divided else ""),
        *refuted_words(status),
        unmeasured_gold_words(status["unmeasured_gold"]),
    )
    out += [line for line in said if line]
    out += [f"{reason[0].upper()}{reason[1:]}" for reason in (*status["distrusted"], *status["unvouched"])]
    if ranking.summary.get("failed"):
        out.append(f"{ranking.summary['failed']} trainings failed and are left out.")
    return out


def _remarks(study: Study) -> list[str]:
    """What the system says of the seed as it stands."""
    return list(study.system.remarks(study.materials)) if isinstance(study.system, SupportsRemarks) else []


def _uncovered(study: Study) -> list[str]:
    """Groups of items that no probe is about."""
    places = study.system.places(study.materials)
    return [g.words for g in coverage(study.seed, places, study.materials) if not g.covered]


def _items(study: Study, ranking: Ranking, status: Status) -> list[dict[str, Any]]:
    seed = study.seed
    out = []
    for row in ranking.rows():
        item = seed[row["id"]]
        standing = item.variants[seed.base[seed.position(item.id)]]
        divided = status["divided"].get(item.id)
        out.append({**row, "divided_words": division_words(divided) if divided else "",
                    "conditions": status["conditions"].get(item.id, []),
                    "text": item.display, "group": item.group, "standing": standing.id,
                    "gone": standing.id == ABSENT})  # fmt: skip
    return out


def _consequences(study: Study) -> list[dict[str, Any]]:
    """The newest question about each item that showed what its answers decide, most valuable first."""
    newest = {q.items[0]: q for q in study.state.questions.values() if q.consequences and q.items}
    questions = sorted(newest.values(), key=lambda q: -q.value)[:SHOWN]
    answered: dict[str, str] = {}
    for answer in study.state.live_answers:
        answered[answer.question] = f"{answer.verdict} ({answer.annotator})"
    return [
        {
            "item": q.items[0], "text": q.text, "value": q.value, "reason": q.reason,
            "answer": answered.get(q.id, "pending"),
            "variants": hanging.answers(q), "legend": hanging.legend(q),
            "probes": [
                {**c.model_dump(), "id": c.probe, "because": hanging.because(c, hanging.answers(q), {}),
                 "under": {v: hanging.under(c, v) for v in hanging.answers(q)}}
                for c in q.consequences
            ],
        }
        for q in questions
    ]  # fmt: skip


def _beliefs(study: Study, assessment: Assessment) -> list[dict[str, Any]]:
    before, now = assessment.prior.probabilities[:, 0], assessment.belief.credibility
    out = []
    for f in np.argsort(-np.abs(now - before), kind="stable"):
        item = assessment.seed.items[f]
        out.append(
            {
                "id": item.id, "text": item.display, "before": float(before[f]), "now": float(now[f]),
                "answered": bool(assessment.belief.answered[f]), "because": _because(assessment.belief.why(int(f))),
            }
        )  # fmt: skip
    return out


def _because(why: Mapping[str, float]) -> str:
    """Contributions in logits, those that are none left out."""
    return ", ".join(f"{name} {part:+.1f}" for name, part in why.items() if abs(part) >= 0.05) or "nothing"


def _annotators(study: Study, last: dict[str, Any]) -> list[dict[str, Any]]:
    people = {p["name"]: p for p in study.status()["annotators"]}
    return [{**people.get(name, {"name": name}), **found} for name, found in (last.get("reliability") or {}).items()]


def _contested(study: Study, assessment: Assessment) -> list[dict[str, Any]]:
    """Probes on which draws of the belief disagree most with what is deployed, by the surrogate."""
    weights = foreseeable(assessment)
    if weights is None:
        return []
    key = stream_key(study.settings.key, "contested", study.state.current.number)
    try:
        _, outcomes = surrogate_outcomes(assessment, assessment.belief.draw(PREFERENCE_DRAWS, key))
    except PlanError:
        return []
    now = assessment.mean_outcome
    otherwise = np.where(weights > 0, ((outcomes > 0.5) != (now > 0.5)).mean(0), 0.0)
    places = study.system.places(study.materials)
    return [
        {
            "id": places[p].id, "text": places[p].payload.display, "deployed": float(now[p]),
            "otherwise": float(otherwise[p]), "label": places[p].label,
            "low": float(np.quantile(outcomes[:, p], 0.05)), "high": float(np.quantile(outcomes[:, p], 0.95)),
        }
        for p in np.argsort(-otherwise, kind="stable")[:SHOWN]
        if otherwise[p] > 0
    ]  # fmt: skip


def _spent(study: Study) -> dict[str, Any]:
    """Money, and what whole studies below this one took; nothing where there is nothing of it."""
    status = study.status()
    out: dict[str, Any] = {}
    if status["money"]:
        out["money spent"] = f"{status['money']:,.2f} {status['currency']}".strip()
    if below := status["below"]:
        out["trainings in whole studies"] = f"{below['trainings']:,} of these, in {below['studies']:,} studies"
        out["answers of simulated people in them"] = below["answers"]
    return out


def _record(study: Study, ranking: Ranking) -> dict[str, Any]:
    versions = {}
    for name in LIBRARIES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "versions": versions,
        "root key": study.settings.key,
        "key streams that vary": list(study.system.traits.streams),
        "trainings": study.state.trainings,
        "trainings that failed": study.state.failed,
        "seconds in training": round(study.state.seconds, 1),
        **_spent(study),
        "trainings behind this ranking": ranking.summary.get("trainings"),
        "answers": len(study.state.live_answers),
        "started": study.state.created_at,
        "rows are named by": study.trainer.context.hex(),
        "settings": study.settings.shown(),
    }
