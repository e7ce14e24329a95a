"""The settings of an oversight league: what it plays, with whom, and what is read of it."""

from __future__ import annotations

from operator import not_
from typing import Literal, Self

from pydantic import Field, model_validator

from activeseed.checked import SettingsRecord
from activeseed.systems.fields.settings import check_decay

#: what a new project's league is: opponents are drawn and minibatches shuffled, so that the trainer's own randomness is
#: seen beside every effect, and calm enough that it does not drown them
LEAGUE = {"opponents": "prioritised", "drawn": 4}


class LeagueSettings(SettingsRecord):
    """The settings of a league; their defaults make the cheapest faithful one.

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
        momentum: β of the heavy ball, in [0, 1): each step of the evaluator goes on by β of the last one.
        dropout: share of the evaluator's units (of a linear one, of its inputs) that is set to zero by a mask of stream
            ``mask``; what is kept is scaled by 1/(1 − p).
        dropconnect: share of its weights, likewise.
        masked: when masks are on: in ``training`` (a new one each step, the same for all points), at ``run`` (one,
            where outcomes are read), or ``both``. Agents meet the evaluator without a mask.
        pretrained: gradient steps on another task that the evaluator starts from, drawn by stream ``init``; 0 for none.
        pretrained_on: that task: half of the ``pool`` against its other half, or as many positives as there are, put
            ``shuffled`` among all examples and outputs.
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
    momentum: float = Field(default=0.0, ge=0, lt=1, exclude_if=not_)
    dropout: float = Field(default=0.0, ge=0, le=0.9, exclude_if=not_)
    dropconnect: float = Field(default=0.0, ge=0, le=0.9, exclude_if=not_)
    masked: Literal["training", "run", "both"] = Field(default="training", exclude_if=lambda m: m == "training")
    pretrained: int = Field(default=0, ge=0, le=100_000, exclude_if=not_)
    pretrained_on: Literal["pool", "shuffled"] = Field(default="pool", exclude_if=lambda p: p == "pool")
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
    held: tuple[Literal["init", "order", "opponents", "agents", "mask"], ...] = ()
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

    @property
    def is_smooth(self) -> bool:
        """Whether training is a smooth function of the items' weights that `league.gradients` follows."""
        drawn = self.minibatch or self.drawn or self.generators or self.dreams
        steered = self.exploiters or self.adversarial_radius or self.unroll
        otherwise = self.momentum or self.has_masks or self.pretrained
        plain = not drawn and not steered and not otherwise
        return self.evaluator == "linear" and self.opponents == "average" and plain

    @property
    def has_masks(self) -> bool:
        """Whether anything is dropped."""
        return self.dropout > 0 or self.dropconnect > 0

    @property
    def streams(self) -> tuple[str, ...]:
        """Key streams that vary a result."""
        plays_archive = self.rounds > 1  # whoever joins after the last round meets no evaluator
        varies = {
            "init": self.evaluator == "mlp" or self.init_scale > 0 or self.pretrained > 0,
            "order": self.minibatch > 0,
            "opponents": (self.drawn > 0 and plays_archive) or (self.exploiters and self.rounds > 2),
            "agents": plays_archive and (self.generators > 0 or self.dreams > 0),
            "mask": self.has_masks,
        }
        return tuple(name for name, yes in varies.items() if yes and name not in self.held)
