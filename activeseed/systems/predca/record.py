"""PreDCA-shaped assistance as the rest of activeseed sees it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from activeseed.factor import Factor, setting_with
from activeseed.protocols import Cost, Traits
from activeseed.systems.predca.candidates import ENTRY_FIELDS
from activeseed.systems.predca.settings import PreDCASettings

if TYPE_CHECKING:
    from activeseed.outcome import Outcomes
    from activeseed.plan import Materials, Rows
    from activeseed.protocols import Geometry, Json
    from activeseed.seed import Probe, Seed


class PreDCA(PreDCASettings):
    """An AI that looks for whoever built it, infers what they want and pursues it: whose wishes does it end up with?

    PreDCA-shaped, not infra-Bayesian (Kosoy 2022): the steps of precursor detection, classification and assistance, as
    exact sums over every policy of a small world that is known. Items are candidates: a program with the body that it
    drives, a prior weight, and perhaps what its author says it wants. Of each, g(G|U) says how few policies do as well,
    Pr[U|G] ∝ 2^(g − K(U)) what it wants, and a precursor score whether the AI would run without it; those who pass the
    cut-offs share U*, and the AI takes the best policy for it, or draws from the best few.

    The outcome is the AI's policy, who the user is, and U*. It is deterministic and exact; rows of all candidates but
    those left out, or of other weights, are matrix products.

    >>> act.PreDCA(g_min=3).traits.streams
    ()
    """

    #: see ``protocols.SupportsEntries``
    entry_fields: ClassVar[Mapping[str, str]] = ENTRY_FIELDS
    #: see ``protocols.SupportsFiles``
    file_settings: ClassVar[tuple[str, ...]] = ("world",)

    @classmethod
    def begins_with(cls, seed: Seed) -> Mapping[str, Any]:
        """See ``protocols.SupportsBeginning``: weights are guesses, so they are measured at half and double."""
        return {"perturbations": [{"kind": "reweigh"}]}

    @property
    def revision(self) -> str:
        """Raised whenever the same settings would conclude otherwise; with the content of the world's file."""
        return f"1/{self.found.digest}"

    @property
    def traits(self) -> Traits:
        """Exact, and candidates may have any weight."""
        return Traits((), weighted=True, memory_mb=self.memory_mb)

    def record(self) -> dict[str, Json]:
        """Everything that determines the outcomes, as JSON."""
        return {**self.model_dump(mode="json"), "revision": self.revision}

    def check(self, materials: Materials) -> None:
        """Raise PlanError where nothing could come of these candidates."""
        from activeseed.systems.predca.checking import check

        check(self, materials)

    def remarks(self, materials: Materials) -> tuple[str, ...]:
        """What this is not, who passes the cut-offs, and who the user is taken to be."""
        from activeseed.systems.predca.checking import remarks

        return remarks(self, materials)

    def places(self, materials: Materials) -> tuple[Probe, ...]:
        """Made of the world and the candidates: a state and an action each, a candidate each, a state each."""
        from activeseed.systems.predca.acting import places_of

        return places_of(self, materials)

    def geometry(self, materials: Materials) -> Geometry:
        """Blocks: the policy, all states alike; who the user is; what is wanted in each state."""
        from activeseed.systems.predca.acting import geometry_of

        return geometry_of(self, materials)

    def cost(self, materials: Materials) -> Cost:
        """Bytes and multiply-adds of one row; what all rows share is not counted."""
        from activeseed.systems.predca.acting import cost_of

        return cost_of(self, materials)

    def train(self, rows: Rows, materials: Materials) -> Outcomes:
        """Every row in matrix products; a row of weights that are none is a recorded failure."""
        from activeseed.systems.predca.acting import train

        return train(self, rows, materials)

    def factors(self) -> tuple[Factor, ...]:
        """Cut-offs, normaliser, prior and quantile, and the state that the AI starts in."""
        either: dict[str, tuple[Any, ...]] = {
            "g_min": (0.0, 4.0), "complexity_max": (8.0, 16.0), "p_min": (0.0, 0.5), "q": (0.0, 0.05, 0.25),
            "normaliser": ("range", "spread", "reach", "none"), "simplicity": (0.0, 1.0, 2.0),
            "nobody": (0.01, 0.25),
        }  # fmt: skip
        out = [setting_with(path, getattr(self, path), values) for path, values in either.items()]
        return (*out, setting_with("start", self.start, self.found.states, "model", "start"))

    def with_settings(self, settings: Mapping[str, Json]) -> PreDCA:
        """The same with other values of these settings."""
        return type(self)(**{**self.model_dump(mode="json"), **settings}).located(self._base)
