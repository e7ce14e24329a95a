"""Systems that hand out the network behind their outcome, and what is said where one does not."""

from __future__ import annotations

from activeseed.config import FAMILIES, record_type
from activeseed.errors import MissingExtraError, PlanError
from activeseed.plan import Materials
from activeseed.protocols import SupportsNetworks, System

#: kind of a system that hands out networks under some settings -> why not under others, and what to set
WHY = {
    "oversight_league": "The agents' policy is a function of the whole pool. Rank the evaluator: outcome = "
    "'evaluator'.",
    "reward_model": "An MLP reads each reply by itself, and not their difference. Say reward = 'linear'.",
    "estimator": "Those of linear models and of scikit-learn's MLPs are, on the embedder's vectors: features = "
    "'embedding'.",
}


def require_network(system: System, materials: Materials) -> None:
    """Raise PlanError where a system's outcome is no network that it hands out, naming those whose is."""
    if isinstance(system, SupportsNetworks):
        if system.layout(materials) is not None:
            return
        why = WHY.get(system.kind, "Choose others.")
        raise PlanError(
            f"Under these settings the outcome of system {system.kind!r} is no network that it hands out. {why} "
            f"{_those_that_do()}"
        )
    raise PlanError(f"System {system.kind!r} hands out no network, so nothing can be proved of it. {_those_that_do()}")


def _those_that_do() -> str:
    able = []
    for kind in FAMILIES["system"]:
        try:
            record = record_type("system", kind)
        except (ImportError, MissingExtraError):  # what is not installed hands out nothing here
            continue
        if hasattr(record, "layout"):
            able.append(repr(kind))
    own = "a system of your own that has `layout` and the state 'network' (activeseed.protocols.SupportsNetworks)"
    return f"Those that do: {', '.join([*able, own])}."
