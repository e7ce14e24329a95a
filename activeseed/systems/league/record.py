"""The settings of an oversight league, and what the rest of activeseed asks of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, model_validator

from activeseed.checked import SettingsRecord
from activeseed.errors import PlanError
from activeseed.protocols import Traits
from activeseed.seed import Pair, Payload, Probe, Vector
from activeseed.systems.fields.settings import check_decay, check_minibatch

if TYPE_CHECKING:
    from activeseed.outcome import Outcomes
    from activeseed.plan import Floats, Materials, Rows
    from activeseed.protocols import Cost, Geometry, Json


class OversightLeague(SettingsRecord):
    """An evaluator learns to tell the seed's positives from what agents produce, and agents learn what it approves of.

    In each round the evaluator descends ``−Σ wᵢ log E(xᵢ) − Σ ρⱼ E_{Aⱼ} log(1−E)`` (w: weights of the items, summing to
    one; ρ: weights of the archived agents Aⱼ), then agents respond and join the archive. The defaults are the cheapest
    faithful league: fictitious play between a linear evaluator and KL-leashed policies over the pool. It has no key
    streams: it is deterministic. ``OversightLeague.full()`` switches everything on.

    >>> act.OversightLeague(rounds=6, minibatch=8).traits.streams
    ('order',)
    >>> act.OversightLeague().traits.streams
    ()

    Attributes:
        rounds: rounds of play, at least 1. Cost is proportional to rounds × steps.
        steps: gradient steps of the evaluator in each round.
        evaluator: ``linear`` (a logistic field on the features) or ``mlp`` (one hidden layer).
        hidden: units of the MLP's hidden layer.
        learning_rate: of plain gradient descent; None takes 4 for a linear evaluator and 2 for an MLP, which suit
            features of unit length. Others want it scaled by 1/‖x‖².
        bias_rate: the bias learns at this multiple of the learning rate.
        l2: weight decay of the evaluator's weights (not of its bias).
        init_scale: size of the random start of a linear evaluator, or of an MLP's output layer (whose hidden layer
            always starts at random); 0 starts from "½ everywhere".
        minibatch: positives in each gradient step, in an order drawn from stream ``order``; 0 takes all of them.
            The agents' side is always an exact expectation.
        beta: temperature of the KL leash: an agent's policy over the pool is π ∝ π₀ exp(score/β), π₀ uniform.
        opponents: ``average`` plays against all archived agents alike (fictitious play), ``prioritised`` by PFSP
            (see `opponents`).
        drawn: opponents drawn from their weights in each round (stream ``opponents``); 0 takes the expectation.
        exploiters: adds a main exploiter and a league exploiter in each round.
        exploiter_leash: their temperature as a share of beta.
        generators: agents in the embedding space, points that climb the score under a Gaussian leash; 0 for none.
        generator_spread: σ of that leash: a generator maximises score − β‖x−x₀‖²/2σ².
        generator_steps: their ascent steps in each round.
        dreams: contrastive dreams in each round, inputs that maximise the score from neutral starts, used as
            negatives from the next round on; 0 for none.
        dream_weight: weight of all dreams together, beside the agents' total of 1.
        dream_steps: their ascent steps.
        adversarial_radius: positives count at the worst point within this Euclidean distance; 0 for none.
        unroll: steps that a boxed opponent is taken ahead of its present state; 0 for none.
        unrolled: who is boxed: ``agents`` (the evaluator trains against where they will be) or ``evaluator`` (agents
            climb what it will say).
        future_share: share of the agents' weight that the future opponent gets.
        outcome: what is read: P(approve) of the final ``evaluator`` on probes, or the ``policy`` that responds to it
            over the pool.
        compare: the geometry in which outcomes are compared (see `geometries`).
        held: key streams that stay at replicate 0 whatever the row's key.
        memory_mb: bound on what the rows of one batch take; more rows are trained in several batches.
    """

    kind: Literal["oversight_league"] = "oversight_league"
    rounds: int = Field(default=4, ge=1, le=1000)
    steps: int = Field(default=25, ge=1, le=100_000)
    evaluator: Literal["linear", "mlp"] = "linear"
    hidden: int = Field(default=16, ge=1, le=4096)
    learning_rate: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    bias_rate: float = Field(default=0.5, ge=0, allow_inf_nan=False)
    l2: float = Field(default=1e-3, ge=0, allow_inf_nan=False)
    init_scale: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    minibatch: int = Field(default=0, ge=0)
    beta: float = Field(default=0.3, gt=0, allow_inf_nan=False)
    opponents: Literal["average", "prioritised"] = "average"
    drawn: int = Field(default=0, ge=0, le=10_000)
    exploiters: bool = False
    exploiter_leash: float = Field(default=0.3, gt=0, le=1)
    generators: int = Field(default=0, ge=0, le=4096)
    generator_spread: float = Field(default=0.2, gt=0, allow_inf_nan=False)
    generator_steps: int = Field(default=5, ge=1, le=1000)
    dreams: int = Field(default=0, ge=0, le=4096)
    dream_weight: float = Field(default=0.25, gt=0, le=10)
    dream_steps: int = Field(default=10, ge=1, le=1000)
    adversarial_radius: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    unroll: int = Field(default=0, ge=0, le=100)
    unrolled: Literal["agents", "evaluator"] = "agents"
    future_share: float = Field(default=0.5, gt=0, lt=1)
    outcome: Literal["evaluator", "policy"] = "evaluator"
    compare: Literal["hellinger", "identity"] = "hellinger"
    held: tuple[Literal["init", "order", "opponents", "agents"], ...] = ()
    memory_mb: int = Field(default=512, ge=16)

    @model_validator(mode="after")
    def _sound(self) -> Self:
        check_decay(self.rate, self.l2)
        return self

    @property
    def rate(self) -> float:
        """The learning rate that is used."""
        if self.learning_rate is not None:
            return self.learning_rate
        return 4.0 if self.evaluator == "linear" else 2.0

    @classmethod
    def full(cls, **changes: Any) -> OversightLeague:
        """Everything on: MLP, drawn prioritised opponents, exploiters, generators, dreams, adversary, unrolling."""
        on: dict[str, Any] = {
            "evaluator": "mlp", "opponents": "prioritised", "drawn": 8, "exploiters": True, "generators": 4,
            "dreams": 4, "adversarial_radius": 0.02, "unroll": 3, "future_share": 0.25,
        }  # fmt: skip
        return cls(**{**on, **changes})

    # --- the System protocol ------------------------------------------------------------------------------------

    @property
    def revision(self) -> str:
        """Raised whenever the same settings would train differently."""
        return "1"

    @property
    def traits(self) -> Traits:
        """Items may have any weight (the evaluator's loss is a weighted mean); streams are those that vary a result."""
        return Traits(self._streams, weighted=True, memory_mb=self.memory_mb, gradients=self._is_smooth)

    @property
    def _is_smooth(self) -> bool:
        """Whether training is a smooth function of the items' weights that `league.gradients` follows."""
        drawn = self.minibatch or self.drawn or self.generators or self.dreams
        steered = self.exploiters or self.adversarial_radius or self.unroll
        return self.evaluator == "linear" and self.opponents == "average" and not drawn and not steered

    @property
    def _streams(self) -> tuple[str, ...]:
        plays_archive = self.rounds > 1  # whoever joins after the last round meets no evaluator
        varies = {
            "init": self.evaluator == "mlp" or self.init_scale > 0,
            "order": self.minibatch > 0,
            "opponents": (self.drawn > 0 and plays_archive) or (self.exploiters and self.rounds > 2),
            "agents": plays_archive and (self.generators > 0 or self.dreams > 0),
        }
        return tuple(name for name, yes in varies.items() if yes and name not in self.held)

    def record(self) -> dict[str, Json]:
        """Everything that determines the outcomes, as JSON."""
        return {**self.model_dump(mode="json"), "revision": self.revision}

    def check(self, materials: Materials) -> None:
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
        if self.outcome == "evaluator" and not materials.probes:
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
        check_minibatch(self.minibatch, len(materials.seed))

    def places(self, materials: Materials) -> tuple[Probe, ...]:
        """The probes, or the pool when the policy is ranked."""
        return materials.probes if self.outcome == "evaluator" else materials.pool

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
