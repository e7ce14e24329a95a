"""What a league can be trained on, and where it is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from activeseed.errors import PlanError
from activeseed.seed import Pair, Payload, Probe, Vector
from activeseed.systems.fields.settings import check_minibatch
from activeseed.systems.league.settings import LeagueSettings

if TYPE_CHECKING:
    from activeseed.plan import Materials


def check(league: LeagueSettings, materials: Materials) -> None:
    """Raise PlanError where these materials can't be trained on: kinds, pool, probes, dimensions, minibatch."""
    slots = materials.slots
    if isinstance(slots.payloads[0], Pair):
        raise PlanError(
            "An oversight league learns from positive examples, and this seed holds preference pairs. "
            "Use kind = 'reward_model', or give every item one text."
        )
    if len(materials.pool) < 2:
        raise PlanError(
            f"An oversight league needs a pool of candidate outputs for its agents to choose from; this study has "
            f"{len(materials.pool)}. Give --pool FILE with at least 2 (some hundreds are usual)."
        )
    if league.outcome == "evaluator" and not materials.probes:
        raise PlanError("There are no probes to read the evaluator at. Give --probes FILE, or rank the 'policy'.")
    for what, probes in (("pool", materials.pool), ("probes", materials.probes)):
        _same_kind(slots.payloads[0], what, probes)
    names = {_content(p): materials.seed.items[slots.items[s]].id for s, p in enumerate(slots.payloads)}
    for candidate in materials.pool:
        item = names.get(_content(candidate.payload))
        if item is not None:
            raise PlanError(
                f"The pool's {candidate.id!r} is also the positive example {item!r}: the evaluator would be told "
                "to approve and to reject the same thing. Remove it from the pool (or from the seed)."
            )
    check_minibatch(league.minibatch, len(materials.seed))


def places_of(league: LeagueSettings, materials: Materials) -> tuple[Probe, ...]:
    """The probes, or the pool when the policy is ranked."""
    return materials.probes if league.outcome == "evaluator" else materials.pool


def _same_kind(payload: Payload, what: str, probes: Sequence[Probe]) -> None:
    """Raise PlanError where a pool or probe has another kind, or another dimension, than the seed."""
    for probe in probes:
        if probe.payload.kind != payload.kind:
            raise PlanError(
                f"The seed holds items of kind {payload.kind!r}, but {probe.id!r} in the {what} is a "
                f"{probe.payload.kind!r}. Give seed, pool and probes the same kind of payload."
            )
        if (
            isinstance(payload, Vector)
            and isinstance(probe.payload, Vector)
            and len(probe.payload.values) != len(payload.values)
        ):
            raise PlanError(
                f"The seed's vectors have {len(payload.values)} entries, but {probe.id!r} in the {what} has "
                f"{len(probe.payload.values)}. All features must have the same dimension."
            )


def _content(payload: Payload) -> Any:
    """What makes two outputs the same to an evaluator: the text, or the numbers."""
    return payload.values if isinstance(payload, Vector) else payload.texts
