"""Representational tethers as the rest of activeseed sees them: a system that is checked, trained and looked into."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import TYPE_CHECKING, Any, ClassVar

from activeseed.protocols import NETWORK, REPRESENTATION, TRAJECTORY, Traits
from activeseed.seed import Entry
from activeseed.systems.tethers.settings import DRAWN, EMBEDDED, TetherSettings, units_for

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from activeseed.factor import Aspect, Factor, Level
    from activeseed.networks import Layout
    from activeseed.outcome import Outcomes
    from activeseed.plan import Materials, Rows
    from activeseed.protocols import Cost, Geometry, Json
    from activeseed.seed import Probe, Seed


class RepresentationalTethers(TetherSettings):
    """A model learns a task while its insides are held to human concepts: does it matter where it started from?

    Two translators are trained beside it, T from its insides h to concepts and T' back, under
    ``L_task + λ₁‖T'(T(h)) − h‖² + λ₂ Σ wᵢ‖T(hᵢ) − mᵢ‖² + λ₃ commitment to codes`` (w: weights of the anchors, over
    their sum; Bricman 2022: *tension* penalises what can't be translated, *link* holds the translation to what people
    say). Items are anchors, inputs with their concepts, and directions that concepts start from. The outcome is how
    much of each concept is read at each probe; or what the task is told by, or the geometry inside.

    It is not the proposal of the post, of which only the two goals are known: it is the smallest model that has both.

    >>> act.RepresentationalTethers(minibatch=16).traits.streams
    ('init', 'order')
    """

    #: columns of a seed's file that are fields of an entry, and what they hold
    entry_fields: ClassVar[Mapping[str, str]] = {
        "concept": "the name of the concept that the input belongs to, and to no other",
        "concepts": "an object: name of a concept -> how much of it is there; those left out are unknown",
        "direction": "a vector or a text: where the concept starts from, in the space of the inputs",
        "vector": "the input as a list of numbers, in place of a text",
    }

    @classmethod
    def begins_with(cls, seed: Seed) -> Mapping[str, Any]:
        """See ``protocols.SupportsBeginning``: the concepts that the seed names, so that answers add none by mistake.

        Anchors may turn out to belong to any of them. And a model as wide as its inputs ask for (`settings.units_for`).
        """
        from activeseed.systems.tethers.anchors import names_of

        payloads = tuple(item.payload for item in seed.items)
        vectors = (p.fields.get("vector") for p in payloads if isinstance(p, Entry))
        entries = next((len(v) for v in vectors if isinstance(v, list | tuple)), EMBEDDED)
        system = {"concepts": list(names_of(cls(), payloads)), "hidden": units_for(entries)}
        return {"system": system, "perturbations": [{"kind": "relabel"}]}

    def control(self) -> RepresentationalTethers:
        """The same model without tethers, read by a translator that is fitted to the same anchors afterwards."""
        return self.model_copy(update={"tension": 0.0, "link": 0.0, "codes": 0, "readout": "fitted"})

    # --- the System protocol ------------------------------------------------------------------------------------

    @property
    def revision(self) -> str:
        """Raised whenever the same settings would train differently."""
        return "1"

    @property
    def traits(self) -> Traits:
        """Anchors may have any weight: what they pull is a weighted mean. Directions count up to one."""
        return Traits(self.streams, weighted=True, memory_mb=self.memory_mb)

    def record(self) -> dict[str, Json]:
        """Everything that determines the outcomes, as JSON."""
        return {**self.model_dump(mode="json"), "revision": self.revision}

    def also_reads(self, materials: Materials) -> Json:
        """The classes of the pool."""
        from activeseed.systems.tethers.checking import also_reads

        found: Json = also_reads(self, materials)
        return found

    def check(self, materials: Materials) -> None:
        """Raise PlanError where these materials can't be trained on: anchors, concepts, dimensions, classes."""
        from activeseed.systems.tethers.checking import check

        check(self, materials)

    def remarks(self, materials: Materials) -> tuple[str, ...]:
        """Where there is no task, and concepts that one anchor alone holds, or none."""
        from activeseed.systems.tethers.checking import remarks

        return remarks(self, materials)

    def places(self, materials: Materials) -> tuple[Probe, ...]:
        """A place for each concept at each probe, for each class at each probe, for each pair of probes inside."""
        from activeseed.systems.tethers.places import places

        return places(self, materials)

    def geometry(self, materials: Materials) -> Geometry:
        """Of what is read; of all three, side by side."""
        from activeseed.systems.tethers.places import geometry

        return geometry(self, materials)

    def cost(self, materials: Materials) -> Cost:
        """Bytes and multiply-adds of one row; the count is derived in `tethers.cost`."""
        from activeseed.systems.tethers.cost import cost_of

        return cost_of(self, materials)

    def train(self, rows: Rows, materials: Materials) -> Outcomes:
        """Train every row in batched computations; a row that diverges is a recorded failure."""
        from activeseed.systems.tethers.training import train

        return train(self, rows, materials)

    # --- what can be varied -------------------------------------------------------------------------------------

    def factors(self) -> tuple[Factor, ...]:
        """What the tethers pull by (the trainer²'s), how the model is trained, and what it learnt before.

        Each with what it is first, then values around it. Without codes nothing commits.
        """
        from activeseed.factor import setting_with

        def around(path: str, values: list[Any], level: Level, aspect: Aspect = "dynamics") -> Factor | None:
            found = setting_with(path, getattr(self, path), values, level, aspect)
            return found if len(found.choices) > 1 else None

        def steps_of(now: float, *by: float) -> list[float]:
            return [float(f"{now * b:.6g}") for b in by]

        def whole(now: int, *by: float) -> list[int]:
            return [n for n in dict.fromkeys(max(1, round(now * b)) for b in by) if n != now]

        momenta = [m for m in (0.0, 0.5, 0.9) if m != self.momentum]
        found = [
            around("tension", steps_of(self.tension, 1 / 3, 3) if self.tension else [], "trainer2"),
            around("link", steps_of(self.link, 1 / 3, 3) if self.link else [], "trainer2"),
            around("commitment", steps_of(self.commitment, 1 / 3, 3) if self.codes else [], "trainer2"),
            around("learning_rate", steps_of(self.rate, 0.5, 2), "trainer"),
            around("momentum", momenta, "trainer"),
            around("steps", whole(self.steps, 0.5, 2), "trainer"),
            around("minibatch", whole(self.minibatch, 0.5) if self.minibatch else [], "trainer"),
            around("hidden", whole(self.hidden, 0.5, 2), "trainer"),
            around("init_scale", steps_of(self.init_scale, 0.5, 2), "trainer", "start"),
            around("pretrained", ["", self.pretrained or DRAWN], "trainer", "start"),
        ]
        return tuple(f for f in found if f is not None)

    def with_settings(self, settings: Mapping[str, Json]) -> RepresentationalTethers:
        """The same tethers with other values of these settings."""
        return type(self)(**{**self.model_dump(mode="json"), **settings})

    # --- what can be looked into --------------------------------------------------------------------------------

    @property
    def state_names(self) -> tuple[str, ...]:
        """``trajectory``; ``representation`` where places are probes; ``network`` of predictions of two classes."""
        network = (NETWORK,) if self.outcome == "predictions" else ()
        inside = (REPRESENTATION,) if self.outcome in ("readouts", "predictions") else ()
        return (*network, TRAJECTORY, *inside)

    def states(self, rows: Rows, materials: Materials, name: str) -> NDArray[np.float32]:
        """(R, …) a state of each row, trained as ``train`` does (`tethers.inside`); NaN where a row failed.

        A representation is that of a place's probe: the same at each of its concepts.
        """
        from activeseed.systems.tethers.inside import states

        return states(self, rows, materials, name)

    def state_size(self, materials: Materials, name: str) -> int:
        """Numbers in a state of one row."""
        from activeseed.systems.tethers.inside import shape_of

        return prod(shape_of(self, materials, name))

    def trajectory_steps(self, materials: Materials) -> tuple[int, ...]:
        """The gradient steps after which the state ``trajectory`` is read; what was learnt before is behind it."""
        from activeseed.systems.tethers.inside import steps_of

        return steps_of(self.steps)

    def layout(self, materials: Materials) -> Layout | None:
        """Of predictions of a task of two classes; None otherwise."""
        from activeseed.systems.tethers.inside import layout_of

        return layout_of(self, materials)

    @property
    def why_no_network(self) -> str:
        """See ``protocols.SupportsNoNetwork``."""
        return (
            "Readouts are of several concepts at each probe. With outcome = 'predictions' and a task of two classes "
            "the model is a network."
        )
