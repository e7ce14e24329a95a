"""What PreDCA-shaped assistance can be set to."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, PrivateAttr

from activeseed.checked import SettingsRecord
from activeseed.systems.predca.judging import Normaliser
from activeseed.systems.predca.world import World, read_world


class PreDCASettings(SettingsRecord):
    """The settings of PreDCA-shaped assistance.

    Attributes:
        world: ``ring``, the built-in one, or a YAML file (`world.WorldTable`), looked for from the project's folder;
            its content names the system.
        start: the state that the AI starts in; where nothing is said, what the world says.
        simplicity: ξ(π) ∝ 2^(−simplicity · K(π)); 0 makes all policies alike.
        g_min: bits of goal-directedness below which a candidate is nobody.
        complexity_max: bits of description above which it is more than anybody is: a simulator of many.
        p_min: precursor score below which the AI does not hinge on it.
        nobody: prior weight that none of the candidates is the user, where all of them together weigh 1.
        normaliser: what makes utilities comparable before they are added up: their ``range`` over the states, the
            ``spread`` of what policies get of them, the ``reach`` from what a usual policy gets to what the best does,
            or ``none``. Nothing in the idea says which, and the result hinges on it.
        q: the AI draws from the best share q of ξ (a quantiliser); 0 takes the best.
        outcome: ``policy``, the ``user`` (posterior over candidates and nobody), the ``utility`` U*, or ``all``.
        compare: the geometry in which outcomes are compared.
        memory_mb: bound on what the rows of one batch take.
    """

    kind: Literal["predca"] = "predca"
    world: str = Field(default="ring", min_length=1)
    start: str = ""
    simplicity: float = Field(default=1.0, ge=0, le=100)
    g_min: float = Field(default=2.0, ge=0, le=1000)
    complexity_max: float = Field(default=64.0, ge=0, le=1_000_000)
    p_min: float = Field(default=0.1, ge=0, le=1)
    nobody: float = Field(default=0.05, ge=0, le=1000)
    normaliser: Normaliser = "range"
    q: float = Field(default=0.0, ge=0, le=1)
    outcome: Literal["all", "policy", "user", "utility"] = "all"
    compare: Literal["hellinger", "identity"] = "hellinger"
    memory_mb: int = Field(default=256, ge=16)

    #: where a relative file of a world lies
    _base: Path = PrivateAttr(default=Path())

    def located(self, folder: Path) -> Self:
        """See ``protocols.SupportsLocating``: the world's file is looked for from a folder."""
        there = self.model_copy()
        there._base = folder
        there.__dict__.pop("found", None)
        return there

    @cached_property
    def found(self) -> World:
        """The world. Raises ConfigError where it can't be read."""
        return read_world(self.world, self._base)
