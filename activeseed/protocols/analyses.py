"""Analyses: what they are asked about, what they ask for, and what those of some ends can do."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar, runtime_checkable

from activeseed.protocols.systems import Cost

if TYPE_CHECKING:  # seams are only described here: whoever asks for an event needs no arrays
    from activeseed.column import Column
    from activeseed.convex import Convex
    from activeseed.factor import Factor, Stream
    from activeseed.networks import Layout
    from activeseed.outcome import (
        Outcomes,
        Ranking,  # noqa: F401 (named in a string: what analyses end in)
    )
    from activeseed.plan import Design, Floats, Law, Materials
    from activeseed.protocols.geometries import Geometry
    from activeseed.seed import Json, Probe, Seed


@dataclass(frozen=True)
class Request:
    """What an analysis wants of these rows: their outcomes, or, where it says so, their gradients or a state of them.

    Attributes:
        design: makes the rows.
        purpose: stands in progress and journal.
        places: numbers of the places that are wanted; None is all of them. A system that trains cell by cell is asked
            for no others; any other trains whole rows, and the rest is left out of the answer.
        cotangents: (R, P) where vector-Jacobian products are wanted (``SupportsGradients``); the answer's values are
            (R, S) gradients.
        state: name of the state that is wanted (``SupportsStates``); the answer's values are (R, …).
        fresh: equal rows are trained as often as they come: that is what a re-run is.
        settings: values of the system's settings under which all rows are trained, by path: any that it takes, not only
            those that its factors name.
        probes: where outcomes are read instead of the study's own places; empty for those.
        may_fail: failures are an answer (a rate at which training diverges) and no fault, however many.
    """

    design: Design
    purpose: str
    places: tuple[int, ...] | None = None
    cotangents: Floats | None = None
    state: str = ""
    fresh: bool = False
    settings: Mapping[str, Json] = field(default_factory=dict)
    probes: tuple[Probe, ...] = ()
    may_fail: bool = False


@dataclass(frozen=True)
class Problem:
    """What an estimator is asked about.

    Attributes:
        seed: items, variants, and what stands.
        law: product of the belief's marginals, over the same factors: indices are about it.
        rows_law: law from which regression rows are drawn, where it is not ``law``: rows of one law serve any other,
            so beliefs that the rows themselves inform need no second training. Where the response has interactions,
            an item's index averages over the others as the rows have them, and the ranking says so.
        geometry: embeds outcomes.
        deterministic: the trainer has no key streams, so one key says all.
        weighted: the trainer understands fractional weights.
        stream: 128-bit key from which designs draw their rows.
        first_key: replicate numbers from here on are the analysis' own.
        held: items without which nothing trains: they are left out by no resampling.
        settings: the system's settings that can be perturbed; their columns come after those of the items.
        streams: the key streams that vary a result, with their places in the stack; rows hold replicate numbers of
            theirs apart (``Rows.apart``).
        places: where outcomes are read.
        each: what one row costs.
        states: names of what can be looked into (``SupportsStates``).
        steps: (T,) optimiser steps at which the state ``trajectory`` is read (``SupportsTrajectories``).
        layout: shape of the network that outcomes are a function of (``SupportsNetworks``), where there is one.
        materials: what every training shares: the features of any payload, the pool; None where nobody said.
        convex: replicate number -> the training itself (``SupportsConvex``), where the system hands it out; raises
            PlanError with the reason where its settings make another training of it.
        refuses: (setting, choice) -> why nothing can be compared with what is trained there, empty where it can; None
            where nobody said.
    """

    seed: Seed
    law: Law
    geometry: Geometry
    deterministic: bool
    weighted: bool
    stream: int
    first_key: int = 0
    rows_law: Law | None = None
    held: tuple[int, ...] = ()
    settings: tuple[Factor, ...] = ()
    streams: tuple[Stream, ...] = ()
    places: tuple[Probe, ...] = ()
    each: Cost = field(default_factory=Cost)
    states: tuple[str, ...] = ()
    steps: tuple[int, ...] = ()
    layout: Layout | None = None
    materials: Materials | None = field(default=None, compare=False)
    convex: Callable[[int], Convex] | None = field(default=None, compare=False)
    refuses: Callable[[int, int], str] | None = field(default=None, compare=False)

    @property
    def factors(self) -> tuple[Factor, ...]:
        """Everything that can be perturbed: items, then settings."""
        from activeseed.factor import seed_factors

        return (*seed_factors(self.seed), *self.settings)

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(i.id for i in self.seed.items)

    @property
    def base(self) -> tuple[int, ...]:
        return self.seed.base

    @property
    def key(self) -> int:
        """The replicate number that an analysis counts from: its own first, 0 where one key says all."""
        return 0 if self.deterministic else self.first_key

    def refused(self, setting: int, choice: int) -> str:
        """Why a choice of a setting can't be varied to on these inputs; empty where it can, as far as anybody said."""
        return "" if self.refuses is None else self.refuses(setting, choice)

    @property
    def droppable(self) -> tuple[int, ...]:
        """Positions of the items that stand and that may be left out."""
        from activeseed.contrast import ABSENT_INDEX

        held = set(self.held)
        return tuple(f for f, v in enumerate(self.base) if v != ABSENT_INDEX and f not in held)


T_co = TypeVar("T_co", covariant=True)

#: yields requests, is sent their outcomes, ends in a result
Run: TypeAlias = "Generator[Request, Outcomes, T_co]"


class Analysis(Protocol[T_co]):
    """Yields requests, is sent what they want, returns a result. One-shot designs yield once, races many times.

    One driver runs all analyses: it counts what they train, holds it to the budget, journals it and shows progress.
    """

    @property
    def kind(self) -> str: ...
    def cost(self, problem: Problem) -> Cost:
        """What a run costs at most, ``problem.each`` being what one row costs: what ``check`` prints."""
        ...

    def run(self, problem: Problem) -> Run[T_co]: ...


@runtime_checkable
class SupportsPriors(Protocol):
    """An analysis that may read only what was believed before anything was trained."""

    @property
    def reads_belief(self) -> bool:
        """Whether it needs what a look at the study has learnt; without, no training is made before its own."""
        ...


@runtime_checkable
class Finding(Protocol):
    """What an analysis ends in, where it says itself as JSON: the journal keeps it, for reports to come."""

    def to_dict(self) -> Mapping[str, Json]:
        """All of it; plain numbers, texts and lists, None for what is not known."""
        ...


class Estimator(Analysis["Ranking"], Protocol):
    """An analysis that ends in a ranking of the items."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns that its rankings may have, each with its words: what `rank --by` and the report go by."""
        ...


class Response(Analysis["Ranking"], Protocol):
    """An analysis that ends in a ranking with a surrogate, from which risk, values and questions are computed.

    Its first request is for the rows that it is fitted on. They are drawn before anything is known of them, and what
    they say of the items that they leave out is evidence for the belief; the response is then run with that belief as
    ``problem.law``, on the same rows.
    """

    @property
    def columns(self) -> tuple[Column, ...]: ...


@runtime_checkable
class SupportsLaw(Protocol):
    """Ranks by a reference law that can be chosen."""

    def with_law(self, law: str) -> Estimator:
        """The same estimator, ranking by another law. Raises PlanError for a law it doesn't know."""
        ...


@runtime_checkable
class SupportsResponse(Protocol):
    """An estimator whose own rows serve as the response, so that neither trains the other's again."""

    def response(self) -> Response: ...


@runtime_checkable
class SupportsUnaffordable(Protocol):
    """Says, before anything is trained, what a ranking of so many items will have to go without."""

    def unaffordable(self, problem: Problem) -> tuple[str, ...]:
        """A sentence for each thing that is missing, with what would afford it; empty when nothing is."""
        ...
