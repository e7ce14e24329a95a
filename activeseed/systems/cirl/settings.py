"""What a CIRL game can be set to."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, PrivateAttr, model_validator

from activeseed.checked import SettingsRecord
from activeseed.errors import ConfigError
from activeseed.systems.cirl.game import Game
from activeseed.systems.cirl.humans import Human, Rationality, Teaching
from activeseed.systems.cirl.solving import Continuations

#: games of the package -> horizon of a game of two, and of an apprenticeship
BUILT_IN: Mapping[str, tuple[int, int]] = {"chef": (3, 3), "gridworld": (2, 4)}


class CirlSettings(SettingsRecord):
    """The settings of a CIRL game.

    Attributes:
        game: ``chef`` or ``gridworld``, or a YAML or JSON file (`systems.cirl.reading`), looked for in the project's
            folder; its content names the system.
        form: ``game``: human and robot play together, and the seed is the prior over objectives; ``apprenticeship``:
            the seed is what the human did alone before, of which the robot learns, to act alone.
        human: how the robot takes the human to choose: ``boltzmann``, π ∝ exp(beta·Q), or ``rational``.
        teaching: whether they act for the robot to learn (``pedagogic``) or as though it knew (``literal``). In an
            apprenticeship they are always literal: they act alone.
        beta: β of a Boltzmann human, inverse in the unit of reward.
        actual_human, actual_teaching, actual_beta: how the human really acts, where the robot is wrong about it; None:
            it is right.
        horizon: steps that are played; None is what the game's file says.
        discount: γ in (0, 1]; None likewise.
        start: the state that play begins in; empty: as the game says.
        truth: the objective that is in truth meant, where somebody knows: outcomes under it have labels, so that
            quality is reported. Nothing that decides reads it.
        masses: ``relative``, or ``probabilities``: then those of the seed as it stands have to sum to one.
        continuations: for a Boltzmann human who teaches, the plans that the robot may go on with: those that are best
            at some belief (it can't threaten with worse), or all. For all others the best are enough, and lose nothing.
        outcome: which part is ranked; ``all``: the belief, the policy and the regret.
        rollouts: 0: what the human and the world may do is averaged over exactly; else over so many drawn plays, by the
            key stream ``world``.
        ingredients: of the chef's game.
        width, height, slip, features: of the gridworld: its cells, the probability that a move does nothing, what its
            rewards are made of.
        most_plans: plans of one state that are looked at; a game of more is refused, with the horizon that would do.
        compare: the geometry of beliefs and policies.
    """

    kind: Literal["cirl"] = "cirl"
    game: str = Field(default="chef", min_length=1)
    form: Literal["game", "apprenticeship"] = "game"
    human: Rationality = "boltzmann"
    teaching: Teaching = "pedagogic"
    beta: float = Field(default=5.0, gt=0, le=1000)
    actual_human: Rationality | None = None
    actual_teaching: Teaching | None = None
    actual_beta: float | None = Field(default=None, gt=0, le=1000)
    horizon: int | None = Field(default=None, ge=1, le=50)
    discount: float | None = Field(default=None, gt=0, le=1)
    start: str = ""
    truth: str = ""
    masses: Literal["relative", "probabilities"] = "relative"
    continuations: Continuations = "optimal"
    outcome: Literal["all", "belief", "policy", "regret"] = "all"
    rollouts: int = Field(default=0, ge=0, le=100_000)
    ingredients: int = Field(default=3, ge=2, le=5)
    width: int = Field(default=3, ge=2, le=10)
    height: int = Field(default=3, ge=2, le=10)
    slip: float = Field(default=0.0, ge=0, lt=1)
    features: Literal["goals", "radial"] = "goals"
    most_plans: int = Field(default=200_000, ge=1, le=10_000_000)
    compare: Literal["hellinger", "identity"] = "hellinger"

    #: where a relative ``game`` lies
    _base: Path = PrivateAttr(default=Path())

    @model_validator(mode="before")
    @classmethod
    def _built_in(cls, given: Any) -> Any:
        """A game of the package has a horizon and a discount, so that they stand in the record."""
        game = given.get("game", "chef") if isinstance(given, Mapping) else None
        if isinstance(game, str) and game in BUILT_IN:
            own = BUILT_IN[game][given.get("form") == "apprenticeship"]
            said = {k: v for k, v in given.items() if not (k in ("horizon", "discount") and v is None)}
            return {"horizon": own, "discount": 0.9, **said}
        return given

    def located(self, folder: Path) -> Self:
        """See ``protocols.SupportsLocating``: the game's file is looked for in a folder."""
        there = self.model_copy()
        there._base = folder
        there.__dict__.pop("told", None)
        return there

    @cached_property
    def told(self) -> tuple[Game, str]:
        """The game, begun where the settings say, with a digest of its file; raises ConfigError where there is none."""
        game, content = self._told()
        return (game.started(self.start) if self.start else game), content

    def _told(self) -> tuple[Game, str]:
        if self.game == "chef":
            from activeseed.systems.cirl.chef import chef_world

            return chef_world(self.ingredients), ""
        if self.game == "gridworld":
            from activeseed.systems.cirl.grid import grid_world

            return grid_world(self.width, self.height, self.slip, self.features), ""
        from activeseed.systems.cirl.reading import read_game

        try:
            text = (self._base / self.game).read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError, ValueError) as error:
            raise ConfigError(
                f"game = {self.game!r} is no game of the package ({', '.join(BUILT_IN)}), and as a file it can't be "
                f"read: {getattr(error, 'strerror', None) or error}. A relative path starts at the "
                "project's folder; with `activeseed init` it may start where the command is given."
            ) from error
        return read_game(text, self.game), hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def steps(self) -> int:
        """The horizon: as set, or as the game says."""
        return self.told[0].horizon if self.horizon is None else self.horizon

    @property
    def gamma(self) -> float:
        """The discount likewise."""
        return self.told[0].discount if self.discount is None else self.discount

    @property
    def modelled(self) -> Human:
        """The human as the robot takes them to be."""
        return Human(self.human, "literal" if self.form == "apprenticeship" else self.teaching, self.beta)

    @property
    def actual(self) -> Human:
        """The human as they are."""
        return Human(
            self.actual_human or self.human, self.actual_teaching or self.teaching, self.actual_beta or self.beta
        )
