"""A CIRL game as the rest of activeseed sees it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from activeseed.factor import Factor, setting_with
from activeseed.protocols import Cost, Traits
from activeseed.systems.cirl.pieces import FIELDS
from activeseed.systems.cirl.settings import CirlSettings

if TYPE_CHECKING:
    from activeseed.outcome import Outcomes
    from activeseed.plan import Materials, Rows
    from activeseed.protocols import Geometry, Json
    from activeseed.seed import Probe, Seed

#: rollouts are keyed by this stream
WORLD = "world"


class CIRL(CirlSettings):
    """A robot that has to find out what is wanted plays with a human who knows: what is left of its prior in the end.

    Cooperative inverse reinforcement learning (Hadfield-Menell et al. 2016), solved exactly for small games by plans of
    the robot's and the human's answer to them (Malik et al. 2018; `systems.cirl.solving`). Items are pieces of the
    prior over objectives (fields ``objective`` or ``theta``, and ``mass``), or, in the form ``apprenticeship``, what
    the human did before (``trajectory``). Outcomes are the final belief under each objective, averaged exactly over
    what the human may do, the robot's policy, and its regret. It is deterministic unless plays are drawn
    (``rollouts``).

    >>> act.CIRL(beta=2.0).traits.streams
    ()
    """

    entry_fields: ClassVar[Mapping[str, str]] = FIELDS
    #: see ``protocols.SupportsFiles``
    file_settings: ClassVar[tuple[str, ...]] = ("game",)

    @classmethod
    def begins_with(cls, seed: Seed) -> Mapping[str, Any]:
        """See ``protocols.SupportsBeginning``: masses are guesses, measured at half and double."""
        return {"perturbations": [{"kind": "reweigh"}]}

    @property
    def revision(self) -> str:
        """Raised whenever the same settings would play otherwise; with the content of the game's file."""
        content = self.told[1]
        return "/".join(["1", *([content] if content else [])])

    @property
    def traits(self) -> Traits:
        """A piece's weight multiplies its mass, a demonstration's its part in the likelihood."""
        return Traits((WORLD,) if self.rollouts else (), weighted=True)

    def record(self) -> dict[str, Json]:
        """Everything that determines the outcomes, as JSON."""
        return {**self.model_dump(mode="json"), "revision": self.revision}

    def check(self, materials: Materials) -> None:
        """Raise PlanError or ConfigError for a game, a piece or a demonstration that can't be."""
        from activeseed.systems.cirl.checking import check

        check(self, materials)

    def remarks(self, materials: Materials) -> tuple[str, ...]:
        """What the prior leaves out, and what the robot is wrong about, a sentence each."""
        from activeseed.systems.cirl.checking import remarks

        return remarks(self, materials)

    def places(self, materials: Materials) -> tuple[Probe, ...]:
        """Places of its own: beliefs, policy, regret (`systems.cirl.places`)."""
        from activeseed.systems.cirl.checking import parts

        return tuple(p for part in parts(self, materials) for p in part.probes())

    def geometry(self, materials: Materials) -> Geometry:
        """A block for each part."""
        from activeseed.systems.cirl.checking import parts
        from activeseed.systems.cirl.places import geometry_of

        return geometry_of(parts(self, materials), self.compare)

    def cost(self, materials: Materials) -> Cost:
        """Bytes and multiply-adds of one row; the vectors, which all rows share, are not counted."""
        from activeseed.systems.cirl.checking import cost

        return cost(self, materials)

    def train(self, rows: Rows, materials: Materials) -> Outcomes:
        """Every row: plans are chosen by one matrix product, and followed once for all rows that play them."""
        from activeseed.systems.cirl.checking import train

        return train(self, rows, materials)

    def factors(self) -> tuple[Factor, ...]:
        """The human as the robot takes them to be and as they are, how long and how patiently they play, and the start.

        Of the horizon only shorter ones, and no Boltzmann human who teaches where there is none: they may be too much.
        """
        boltzmann, literal = self.human == "boltzmann", self.teaching == "literal"
        betas = (self.beta / 4, self.beta * 4) if boltzmann else ()
        reads = {"literal": "pedagogic", "pedagogic": "literal"}[self.teaching]
        return (
            setting_with("start", self.start, self._starts(), "model", aspect="start"),
            setting_with("beta", self.beta, betas),
            setting_with("actual_beta", self.actual_beta, betas, "human"),
            setting_with("human", self.human, ("rational",)),
            setting_with("teaching", self.teaching, () if self.form != "game" or (boltzmann and literal) else (reads,)),
            setting_with("horizon", self.horizon, [k for k in (self.steps - 1, self.steps - 2) if k >= 1]),
            setting_with("discount", self.discount, (0.5, 0.8, 1.0)),
        )

    def _starts(self) -> list[str]:
        """States beside the start: what one step may lead to, three at most."""
        game = self.told[0]
        first = int(game.initial.argmax())
        after = [game.states[s] for s in sorted({*game.reachable(1)[0].tolist()} - {first})]
        return ["", *after][1:4] if not self.start else ["", *after][:3]

    def with_settings(self, settings: Mapping[str, Json]) -> CIRL:
        """The same game with other values of these settings; a file's game is looked for where it was."""
        return type(self)(**{**self.model_dump(mode="json"), **settings}).located(self._base)
