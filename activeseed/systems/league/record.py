"""An oversight league as the rest of activeseed sees it: a system that is checked, trained and pulled back."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from activeseed.protocols import NETWORK, REPRESENTATION, TRAJECTORY, Traits
from activeseed.systems.league import checking
from activeseed.systems.league.settings import LEAGUE, LeagueSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from activeseed.convex import Convex
    from activeseed.factor import Factor
    from activeseed.networks import Layout
    from activeseed.outcome import Outcomes
    from activeseed.plan import Floats, Materials, Rows
    from activeseed.protocols import Cost, Geometry, Json
    from activeseed.seed import Probe, Seed


class OversightLeague(LeagueSettings):
    """An evaluator learns to tell the seed's positives from what agents produce, and agents learn what it approves of.

    In each round the evaluator descends ``−Σ wᵢ log E(xᵢ) − Σ ρⱼ E_{Aⱼ} log(1−E)`` (w: weights of the items, summing to
    one; ρ: weights of the archived agents Aⱼ), then agents respond and join the archive. The defaults are the cheapest
    faithful league: fictitious play between a linear evaluator and KL-leashed policies over the pool. It has no key
    streams: it is deterministic. ``OversightLeague.full()`` switches everything on.

    >>> act.OversightLeague(rounds=6, minibatch=8).traits.streams
    ('order',)
    >>> act.OversightLeague().traits.streams
    ()
    """

    @classmethod
    def full(cls, **changes: Any) -> OversightLeague:
        """Everything on: MLP, drawn prioritised opponents, exploiters, generators, dreams, adversary, unrolling."""
        on: dict[str, Any] = {
            "evaluator": "mlp", "opponents": "prioritised", "drawn": 8, "exploiters": True, "generators": 4,
            "dreams": 4, "adversarial_radius": 0.02, "unroll": 3, "future_share": 0.25,
        }  # fmt: skip
        return cls(**{**on, **changes})

    @classmethod
    def begins_with(cls, seed: Seed) -> Mapping[str, Any]:
        """See ``protocols.SupportsBeginning``: a league with randomness of its own, in minibatches that fit."""
        return {"system": {**LEAGUE, "minibatch": min(32, len(seed) // 2)}}

    # --- the System protocol ------------------------------------------------------------------------------------

    @property
    def revision(self) -> str:
        """Raised whenever the same settings would train differently."""
        return "1"

    @property
    def traits(self) -> Traits:
        """Items may have any weight (the evaluator's loss is a weighted mean); streams are those that vary a result."""
        return Traits(self.streams, weighted=True, memory_mb=self.memory_mb, gradients=self.is_smooth)

    def record(self) -> dict[str, Json]:
        """Everything that determines the outcomes, as JSON."""
        return {**self.model_dump(mode="json"), "revision": self.revision}

    def check(self, materials: Materials) -> None:
        """Raise PlanError where these materials can't be trained on: kinds, pool, probes, dimensions, minibatch."""
        checking.check(self, materials)

    def places(self, materials: Materials) -> tuple[Probe, ...]:
        """The probes, or the pool when the policy is ranked."""
        return checking.places_of(self, materials)

    def geometry(self, materials: Materials) -> Geometry:
        """Probe weights for the evaluator's field; a distribution over the pool for the policy."""
        from activeseed.geometries import at_places, of_distribution

        if self.outcome == "policy":
            return of_distribution(len(materials.pool), self.compare, "the policy over the pool")
        return at_places(materials.probes, self.compare, "the evaluator at the probes")

    def cost(self, materials: Materials) -> Cost:
        """Bytes and multiply-adds of one row; the count is derived in `league.cost`."""
        from activeseed.systems.league.cost import cost_of

        return cost_of(self, materials)

    def train(self, rows: Rows, materials: Materials) -> Outcomes:
        """Train every row in batched computations; a row whose evaluator diverges is a recorded failure."""
        from activeseed.systems.league.training import train

        return train(self, rows, materials)

    def pull_back(self, rows: Rows, materials: Materials, cotangents: Floats) -> Floats:
        """Exact gradients in the slots' weights, through the unrolled training of a plain league (`league.gradients`).

        Raises PlanError under settings whose traits say no gradients.
        """
        from activeseed.systems.league.gradients import pull_back

        return pull_back(self, rows, materials, cotangents)

    # --- what can be varied -------------------------------------------------------------------------------------

    def factors(self) -> tuple[Factor, ...]:
        """Settings with values around what they are, and their places in the stack.

        The league's own (rounds, leash, opponents) are the trainer²'s; length, rate, momentum, decay, minibatch and
        start of the evaluator's training are the trainer's; units and masks are the model's.
        """
        from activeseed.systems.fields.settings import varied

        names = [
            "rounds", "steps", "learning_rate", "l2", "beta", "init_scale",
            *(["hidden"] if self.evaluator == "mlp" else []),
            *(["opponents"] if self.rounds > 1 else []),
            *(["exploiter_leash"] if self.exploiters else []),
            "momentum", "minibatch", "dropout", "dropconnect", "pretrained",
        ]  # fmt: skip
        return varied({name: getattr(self, name) for name in names}, self.rate, names)

    def with_settings(self, settings: Mapping[str, Json]) -> OversightLeague:
        """The same league with other values of these settings."""
        return type(self)(**{**self.model_dump(mode="json"), **settings})

    # --- what can be looked into --------------------------------------------------------------------------------

    @property
    def state_names(self) -> tuple[str, ...]:
        """``trajectory``; ``network`` where the evaluator is read, ``representation`` where it has hidden units."""
        network = (NETWORK,) if self.outcome == "evaluator" else ()
        return (*network, TRAJECTORY, *((REPRESENTATION,) if self.evaluator == "mlp" else ()))

    def states(self, rows: Rows, materials: Materials, name: str) -> NDArray[np.float32]:
        """(R, …) a state of each row, trained as ``train`` does (`league.inside`); NaN where a row failed."""
        from activeseed.systems.league.inside import states

        return states(self, rows, materials, name)

    def state_size(self, materials: Materials, name: str) -> int:
        """Numbers in a state of one row."""
        from activeseed.systems.league.inside import shape_of

        return prod(shape_of(self, materials, name))

    def trajectory_steps(self, materials: Materials) -> tuple[int, ...]:
        """The gradient steps, over all rounds, after which the state ``trajectory`` is read."""
        from activeseed.systems.league.inside import steps_of

        return steps_of(self)

    def layout(self, materials: Materials) -> Layout | None:
        """The evaluator's; None where the agents' policy is read, which is a function of the whole pool."""
        from activeseed.systems.league.inside import layout_of

        return layout_of(self, materials)

    @property
    def why_no_network(self) -> str:
        """See ``protocols.SupportsNoNetwork``."""
        return "The agents' policy is a function of the whole pool. Rank the evaluator: outcome = 'evaluator'."

    def convex(self, materials: Materials, key: int = 0) -> Convex:
        """See ``protocols.SupportsConvex``: one round of a linear league. Raises PlanError otherwise."""
        from activeseed.systems.league.convex import convex

        return convex(self, materials, key)
