"""The inference engine as the rest of activeseed sees it: a system that is trained, pulled back and asked why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from activeseed.factor import Factor, setting_with
from activeseed.protocols import Cost, Explanation, Traits
from activeseed.systems.inference.settings import InferenceSettings

if TYPE_CHECKING:
    from activeseed.outcome import Outcomes
    from activeseed.plan import Floats, Materials, Rows
    from activeseed.protocols import Geometry, Json
    from activeseed.seed import Probe
    from activeseed.systems.inference.norms import Reading

MEBIBYTE = 2**20


class InferenceEngine(InferenceSettings):
    """A charter is expanded (⊢) and held against actions (⊨): which dicta does a judgement hinge on?

    Dicta in controlled English (`systems.inference.language`), YAML or free prose are norms; a lexicon says what is a
    kind of what and what causes what. Norms are inherited, carried from ends to means and induced from siblings;
    contrary ones are settled by authority, then by specificity, then by strength. The outcome is P(approve) of each
    probe. It is deterministic, smooth in the dicta's weights almost everywhere, and idempotent: a copy adds nothing.

    >>> act.InferenceEngine(threshold=0.5).traits.streams
    ()
    """

    @property
    def revision(self) -> str:
        """Raised whenever the same settings would conclude otherwise; with the content of the lexicon's file.

        A verifier that is named brings its own revision; what is taken where none is named is part of this one.
        """
        content = self.table[1]
        own = getattr(self.verifier, "revision", "")
        return "/".join(["1", *(x for x in (own, content) if x)])

    @property
    def traits(self) -> Traits:
        """Dicta may have any weight up to one, and none above it counts as more."""
        return Traits((), weighted=True, memory_mb=self.memory_mb, gradients=True)

    def record(self) -> dict[str, Json]:
        """Everything that determines the outcomes, as JSON."""
        return {**self.model_dump(mode="json"), "revision": self.revision}

    def also_reads(self, materials: Materials) -> Json:
        """In prose, items of one group are siblings."""
        return [item.group for item in materials.seed.items]

    def check(self, materials: Materials) -> None:
        """Raise PlanError where there is nothing to read, or nowhere to read it at."""
        from activeseed.systems.inference.checking import check

        check(self, materials)

    def remarks(self, materials: Materials) -> tuple[str, ...]:
        """What was taken and left of the dicta, and what the engine makes of it, a sentence each."""
        from activeseed.systems.inference.checking import remarks

        return remarks(self, materials)

    def readings(self, materials: Materials) -> Mapping[str, Reading]:
        """Item id -> what its text as it stands was read as; an item that stands absent is left out."""
        from activeseed.systems.inference.checking import readings

        return readings(self, materials)

    def places(self, materials: Materials) -> tuple[Probe, ...]:
        """The probes, or the pool when the policy is ranked."""
        return materials.probes if self.outcome == "approval" else materials.pool

    def geometry(self, materials: Materials) -> Geometry:
        """Approvals over the probes by their weights, or distributions over the pool."""
        from activeseed.geometries import at_places, of_distribution

        if self.outcome == "policy":
            return of_distribution(len(materials.pool), self.compare, "the engine's policy over the pool")
        return at_places(materials.probes, self.compare, "P(approve) at the probes")

    def cost(self, materials: Materials) -> Cost:
        """Bytes and multiply-adds of one row, of the graph as it is grounded."""
        from activeseed.systems.inference.inferring import cost

        return cost(self, materials)

    def train(self, rows: Rows, materials: Materials) -> Outcomes:
        """Every row in batched computations; a row of weights that are no numbers is a recorded failure."""
        from activeseed.systems.inference.inferring import train

        return train(self, rows, materials)

    def pull_back(self, rows: Rows, materials: Materials, cotangents: Floats) -> Floats:
        """Exact gradients in the slots' weights; zero at full weight, see `expanding`."""
        from activeseed.systems.inference.inferring import pull_back

        return pull_back(self, rows, materials, cotangents)

    @property
    def state_names(self) -> tuple[str, ...]:
        """``norms``: the expanded knowledge base. No trajectory: what is derived does not come about step by step."""
        return ("norms",)

    def states(self, rows: Rows, materials: Materials, name: str) -> Floats:
        """(R, N) confidence of every norm that any row may conclude, in the order of ``norm_names``."""
        from activeseed.systems.inference.inferring import norms

        if name not in self.state_names:
            from activeseed.errors import PlanError, nearest

            raise PlanError(f"The engine has no state {name!r}.{nearest(name, self.state_names)}")
        return norms(self, rows, materials)

    def norm_names(self, materials: Materials) -> tuple[str, ...]:
        """The N norms of the state ``norms``, in controlled English."""
        from activeseed.systems.inference.inferring import norm_names

        return norm_names(self, materials)

    def explain(self, rows: Rows, materials: Materials, places: Sequence[int]) -> Sequence[Sequence[Explanation]]:
        """For each row, the derivation that decides at each place, with the items that it rests on."""
        from activeseed.systems.inference.explaining import explain

        return explain(self, rows, materials, places)

    def factors(self) -> tuple[Factor, ...]:
        """Thresholds, decays, limits and strengths, each with what it is and a choice on either side."""
        either: dict[str, tuple[Any, ...]] = {
            "threshold": (0.4, 0.8), "steepness": (8.0, 32.0), "induction": (0.0, 1.0), "inheritance": (0.7, 1.0),
            "means": (0.5, 1.0), "depth": (1, 12), "budget": (100, 50_000), "beta": (2.0, 8.0),
        }  # fmt: skip
        out = [setting_with(path, getattr(self, path), values) for path, values in either.items()]
        for grade, values in {"must": (0.8,), "should": (0.5, 0.9), "prefer": (0.2,), "may": (0.3, 0.7)}.items():
            out.append(setting_with(f"strengths.{grade}", getattr(self.strengths, grade), values))
        return tuple(out)

    def with_settings(self, settings: Mapping[str, Json]) -> InferenceEngine:
        """The same engine with other values at these paths."""
        said = self.model_dump(mode="json")
        for path, value in settings.items():
            at: Any = said
            *before, last = path.split(".")
            for part in before:
                at = at[part]
            at[last] = value
        return type(self)(**said)
