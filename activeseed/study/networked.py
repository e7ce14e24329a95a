"""Systems that hand out the network behind their outcome, and what is said where one does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from activeseed.errors import PlanError
from activeseed.plan import Materials
from activeseed.protocols import SupportsNetworks, SupportsNoNetwork, System
from activeseed.study.able import systems_with

if TYPE_CHECKING:
    from activeseed.study import Study


def require_network(system: System, materials: Materials) -> None:
    """Raise PlanError where a system's outcome is no network that it hands out, naming those whose is."""
    if isinstance(system, SupportsNetworks):
        if system.layout(materials) is not None:
            return
        why = system.why_no_network if isinstance(system, SupportsNoNetwork) else "Choose others."
        raise PlanError(
            f"Under these settings the outcome of system {system.kind!r} is no network that it hands out. {why} "
            f"{_those_that_do()}"
        )
    raise PlanError(
        f"System {system.kind!r} hands out no network, so nothing can be dreamed or proved of it. {_those_that_do()}"
    )


def require_networks(study: Study) -> None:
    """The same of a study's system, before anything is trained. Raises TrustError where it is code not agreed to."""
    if "system" in study.trust.withheld:
        study.trust.require("system")
    require_network(study.system, study.materials)


def _those_that_do() -> str:
    own = "a system of your own that has `layout` and the state 'network' (activeseed.protocols.SupportsNetworks)"
    return f"Those that do: {systems_with('layout', own)}."
