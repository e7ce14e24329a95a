"""Systems: trainer²s, what they declare, and what only some of them can do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self, runtime_checkable

if TYPE_CHECKING:  # seams are only described here: whoever asks for an event needs no arrays
    import numpy as np
    from numpy.typing import NDArray

    from activeseed.convex import Convex
    from activeseed.factor import Aspect, Factor, Level
    from activeseed.networks import Layout
    from activeseed.outcome import Outcomes
    from activeseed.plan import Floats, Materials, Rows
    from activeseed.protocols.geometries import Geometry
    from activeseed.seed import Json, Probe, Seed


@dataclass(frozen=True)
class Cost:
    """What one row of a system costs, or all rows of an analysis at most.

    Attributes:
        bytes: memory in a batch; 0 for a system that trains one row after the other.
        multiply_adds: arithmetic; 0 where it is unknown.
        calls: calls of something that is paid by the call.
        money: what they cost, in the currency of ``[limits]``.
        trainings: what is trained, paid for and kept at once: a row, or, where the system trains cell by cell, a row
            at a place.
    """

    bytes: int = 0
    multiply_adds: int = 0
    calls: int = 0
    money: float = 0.0
    trainings: int = 1

    def __mul__(self, rows: int) -> Cost:
        """Of so many rows; memory is that of one, since a batch holds as many as fit."""
        return Cost(self.bytes, self.multiply_adds * rows, self.calls * rows, self.money * rows, self.trainings * rows)

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            max(self.bytes, other.bytes),
            self.multiply_adds + other.multiply_adds,
            self.calls + other.calls,
            self.money + other.money,
            self.trainings + other.trainings,
        )


@dataclass(frozen=True)
class Traits:
    """What a system declares of itself under its settings. Nothing of it is guessed.

    Attributes:
        streams: names of the key streams that vary the result; empty for a deterministic trainer.
        weighted: it understands fractional weights (the null ladder wiggles them).
        rows_at_a_time: rows don't influence each other, and an executor may cut a batch into pieces of so many; None
            for a trainer whose rows train together, in batches that stay whole. A trainer that says a number is tried
            out before anything else: it is taken to be of the user's own.
        memory_mb: it splits batches that take more than this by itself; None where it does not.
        per_cell: outcomes, failures and costs are those of a row at a place, not of a row.
        gradients: it can pull cotangents back (`SupportsGradients`) under these settings.
        levels: name of a stream -> where in the stack it lies, for streams of which the package does not know it
            (`factor.streams_of`).
    """

    streams: tuple[str, ...] = ()
    weighted: bool = False
    rows_at_a_time: int | None = None
    memory_mb: int | None = None
    per_cell: bool = False
    gradients: bool = False
    levels: Mapping[str, tuple[Level, Aspect]] = field(default_factory=dict)


@runtime_checkable
class System(Protocol):
    """A trainer²: rows in, outcomes out.

    Attributes:
        kind: tag in the configuration.
        revision: changes whenever the same record would train differently.
        traits: what it declares of itself.
    """

    @property
    def kind(self) -> str: ...
    @property
    def revision(self) -> str: ...
    @property
    def traits(self) -> Traits: ...
    def record(self) -> dict[str, Json]:
        """Everything that determines its outcomes, as JSON: part of every row's name."""
        ...

    def check(self, materials: Materials) -> None:
        """Raise PlanError when these materials can't be trained on; called before any training."""
        ...

    def places(self, materials: Materials) -> tuple[Probe, ...]:
        """The P places at which outcomes are read: the probes, or the pool when the policy is ranked."""
        ...

    def geometry(self, materials: Materials) -> Geometry:
        """The geometry in which its outcomes are compared."""
        ...

    def cost(self, materials: Materials) -> Cost: ...
    def train(self, rows: Rows, materials: Materials) -> Outcomes:
        """Train every row, batched where the system can. A row that fails is a recorded failure, never a default."""
        ...


@runtime_checkable
class SupportsReading(Protocol):
    """Reads more of the materials than payloads, weights and probes (ids, groups, metadata)."""

    def also_reads(self, materials: Materials) -> Json:
        """What else may determine an outcome, as JSON: part of every row's name."""
        ...


@runtime_checkable
class SupportsEntries(Protocol):
    """Reads items that are entries (``seed.Entry``): things with fields, such as an anchor and its concept.

    A class says it, too, so that a seed can be read before a system is made of it.
    """

    @property
    def entry_fields(self) -> Mapping[str, str]:
        """Name of each field -> what it holds, in a few words; columns of the seed file that make an entry."""
        ...


@runtime_checkable
class SupportsBeginning(Protocol):
    """Says with which settings a new project of it begins, where its author says nothing else. A class says it."""

    def begins_with(self, seed: Seed) -> Mapping[str, Json]:
        """Tables of ``activeseed.toml``, by name: of ``system`` what this seed asks for, or other perturbations."""
        ...


@runtime_checkable
class SupportsFiles(Protocol):
    """Has settings that name a file. A class says it, so that a new project names them from where it lies."""

    @property
    def file_settings(self) -> tuple[str, ...]:
        """Names of these settings; a relative path is looked for in the project's folder."""
        ...


@runtime_checkable
class SupportsRemarks(Protocol):
    """Has something to say of its materials that whoever runs it should read before the ranking."""

    def remarks(self, materials: Materials) -> Sequence[str]:
        """A sentence each: what it made of the texts, what it left out and why. Nothing is trained for it."""
        ...


@runtime_checkable
class SupportsPermission(Protocol):
    """Runs code that its settings name, which in a folder from a stranger may be anything."""

    def asking(self, permit: Callable[[], None]) -> Self:
        """The same trainer, which calls ``permit`` before it loads or starts anything: that raises where it may not."""
        ...


@runtime_checkable
class SupportsAgreement(Protocol):
    """May do something that needs somebody's agreement, where a folder from a stranger says it."""

    def would(self, folder: Path) -> tuple[str, Json] | None:
        """What these settings would do, in words that begin with a verb, and the part of them that says so.

        Nothing is run or looked up; None where nothing needs agreement.
        """
        ...


@runtime_checkable
class SupportsSpreading(Protocol):
    """Settings that tell ``Traits.rows_at_a_time`` before any code that they name may be loaded."""

    @property
    def rows_at_a_time(self) -> int: ...


@runtime_checkable
class SupportsMember(Protocol):
    """Is made of trainings of another system, whose code may be anybody's."""

    @property
    def of(self) -> System: ...


@runtime_checkable
class SupportsGradients(Protocol):
    """Vector-Jacobian products in the weights of the slots, where ``Traits.gradients`` says so."""

    def pull_back(self, rows: Rows, materials: Materials, cotangents: Floats) -> Floats:
        """(R, P) cotangents of the outcomes -> (R, S) gradients in ``rows.weights(materials.slots)``, NaN where failed.

        S counts the slots of ``materials.slots``, those that a row leaves out included: their weight is 0 there, and
        the gradient says what a little of them would do.
        """
        ...


@runtime_checkable
class SupportsFactors(Protocol):
    """Has settings that can be perturbed like items."""

    def factors(self) -> tuple[Factor, ...]:
        """The settings, each with what it may be; the first choice of each is what the record says."""
        ...

    def with_settings(self, settings: Mapping[str, Json]) -> System:
        """The same system with other values at these paths (factors' ids)."""
        ...


@runtime_checkable
class SupportsStates(Protocol):
    """Can be looked into: hands out what is inside of a training, besides its outcome."""

    @property
    def state_names(self) -> tuple[str, ...]: ...
    def states(self, rows: Rows, materials: Materials, name: str) -> NDArray[np.floating]:
        """(R, …) a state of each row by its name: weights, a trajectory over training; NaN where a row failed.

        Kept in single precision, whatever it is handed out in.
        """
        ...


#: state (R, size): parameters of each row's network (`SupportsNetworks`)
NETWORK = "network"
#: state (R, T, P): outcomes at the places through training, from the start (t = 0) to the end
TRAJECTORY = "trajectory"
#: state (R, P, h): what the model makes of each place inside, before its last layer
REPRESENTATION = "representation"


@runtime_checkable
class SupportsStateSizes(Protocol):
    """Says how large its states are, so that a batch of them keeps to the memory bound."""

    def state_size(self, materials: Materials, name: str) -> int:
        """Numbers in a state of one row."""
        ...


@runtime_checkable
class SupportsTrajectories(Protocol):
    """Hands out the state ``trajectory``, and says when it was read."""

    def trajectory_steps(self, materials: Materials) -> tuple[int, ...]:
        """T ascending numbers of optimiser steps, 0 (the start) first and the end of training last."""
        ...


@runtime_checkable
class SupportsNetworks(Protocol):
    """Hands out, as the state ``network``, what its outcome at a place is a known function of.

    The outcome at a place is that of ``networks.Network.of(layout, parameters)`` at ``materials.features`` of the
    place's payload, up to the precision it was trained in. States are kept in single precision: parameters that were
    trained in it are handed out exactly, others rounded once.
    """

    def layout(self, materials: Materials) -> Layout | None:
        """The network's shape; None where these settings make no such network of the outcome."""
        ...


@runtime_checkable
class SupportsNoNetwork(Protocol):
    """Says why there is no ``layout`` under its settings."""

    @property
    def why_no_network(self) -> str:
        """A sentence or two: why, and what to set."""
        ...


@runtime_checkable
class SupportsConvex(Protocol):
    """Hands out the training itself where it is convex, so that all removals can be bounded at once."""

    def convex(self, materials: Materials, key: int = 0) -> Convex:
        """Slot by slot what it trains on and how, under a replicate number; its probes are the places.

        The outcome at a place is σ of ``Convex.scores`` at the row's weights of the slots, up to the precision and the
        tolerance it was trained with.

        Raises PlanError, with the reason, where these settings make another training of it.
        """
        ...


@dataclass(frozen=True)
class Step:
    """One step of a derivation.

    Attributes:
        says: what it concludes, a sentence.
        rule: by what, in a word or two: ``written``, ``inherited``, ``induced``, ``overrides``.
        weight: how much stands behind it, in [0, 1].
        of: positions of the steps that it follows from, all of them earlier.
        items: ids of the seed's items that say it; empty for what is derived.
    """

    says: str
    rule: str
    weight: float = 1.0
    of: tuple[int, ...] = ()
    items: tuple[str, ...] = ()


@dataclass(frozen=True)
class Explanation:
    """Why an outcome is what it is at one place.

    Attributes:
        place: id of the place.
        value: the outcome there.
        steps: the derivation that decides it, in order; the last step is the verdict. Empty where nothing decides.
        items: ids of the items that it rests on, most weighty first. Trained on these alone, the outcome at the place
            lies on the same side of one half.
    """

    place: str
    value: float
    steps: tuple[Step, ...] = ()
    items: tuple[str, ...] = ()


@runtime_checkable
class SupportsExplaining(Protocol):
    """Can say why: the derivation behind an outcome, with the items that it rests on."""

    def explain(self, rows: Rows, materials: Materials, places: Sequence[int]) -> Sequence[Sequence[Explanation]]:
        """For each of the R rows, an explanation at each of these places (numbers among ``places(materials)``)."""
        ...
