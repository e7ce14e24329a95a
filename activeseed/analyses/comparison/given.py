"""Outcomes that come from somewhere else, and the runs of one side for whoever compares them elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from activeseed.analyses.sides import Side, rows_of
from activeseed.checked import SettingsRecord
from activeseed.cleaning import few
from activeseed.distances.reading import SLACK
from activeseed.errors import PlanError
from activeseed.outcome import Outcomes
from activeseed.plan import Explicit, Floats
from activeseed.protocols import Cost, Problem, Request, Run, SupportsEntropy
from activeseed.seed import Probe, digest_of

#: ids that are named of many
NAMED = 3


class Given(SettingsRecord):
    """Outcomes that were made elsewhere: of a file, or of another project.

    >>> other = act.Given(name="of March", probes=("a", "b"), values=((0.1, 0.9), (0.2, 0.8)))
    >>> other.at([act.Probe(id="b", payload=act.Text(text="beta"))]).tolist()
    [[0.9], [0.8]]

    Attributes:
        name: what they are called where they are shown.
        probes: ids of the places, in order.
        values: a tuple a run, one outcome a place.
        exact: the trainer has no randomness, so that one run says all.
        digest: names the values; the journal keeps it, and not them.
    """

    name: str
    probes: tuple[str, ...] = Field(min_length=1)
    values: tuple[tuple[float, ...], ...] = Field(min_length=1, exclude=True, repr=False)
    exact: bool = False
    digest: str = ""

    @model_validator(mode="after")
    def _as_many(self) -> Given:
        wrong = next((n for n, run in enumerate(self.values, 1) if len(run) != len(self.probes)), 0)
        if wrong:
            raise ValueError(f"run {wrong} has {len(self.values[wrong - 1])} outcomes for {len(self.probes)} probes")
        if len(set(self.probes)) < len(self.probes):
            raise ValueError("two probes have one id")
        object.__setattr__(self, "digest", digest_of([self.probes, self.values]).hex())
        return self

    @cached_property
    def _at(self) -> dict[str, int]:
        return {name: n for n, name in enumerate(self.probes)}

    def at(self, places: Sequence[Probe]) -> Floats:
        """(K, P) outcomes at these places. Raises PlanError where there is none at some, naming them."""
        missing = [p.id for p in places if p.id not in self._at]
        if missing:
            also = [name for name in self.probes if name not in {p.id for p in places}]
            hint = f" It has others: {few(map(repr, also), NAMED)}." if also else ""
            raise PlanError(
                f"{self.name} has no outcome at {len(missing)} of the {len(places)} probes "
                f"({few(map(repr, missing), NAMED)}), and outcomes are compared at the same probes.{hint} Look at "
                "both at the same probes, by their ids."
            )
        return np.array(self.values, np.float64)[:, [self._at[p.id] for p in places]]

    def check(self, problem: Problem) -> None:
        """Raise PlanError, naming the probe, where there is no outcome, or no probability and a study has those."""
        values = self.at(problem.places)
        if not isinstance(problem.geometry, SupportsEntropy):
            return
        outside = (values < -SLACK) | (values > 1.0 + SLACK)
        if outside.any():
            run, place = (int(n[0]) for n in np.nonzero(outside))
            raise PlanError(
                f"{self.name}: the outcome at probe {problem.places[place].id!r} is {values[run, place]:.4g}, which is "
                "no probability, and this study's outcomes are. Put numbers from 0 to 1 there."
            )


@dataclass(frozen=True)
class Runs:
    """An analysis that ends in the outcomes of one side, a row a key: what another study compares.

    Attributes:
        side: what is trained.
        keys: replicates, where the trainer has randomness.
    """

    side: Side = field(default_factory=Side)
    keys: int = 8
    kind: Literal["runs"] = "runs"

    def cost(self, problem: Problem) -> Cost:
        """See ``protocols.Analysis``."""
        return problem.each * (1 if problem.deterministic else self.keys)

    def run(self, problem: Problem) -> Run[Outcomes]:
        return (yield Request(Explicit(rows_of(problem, replicates(self.side, self.keys, problem))), self.side.name))


def replicates(side: Side, keys: int, problem: Problem) -> list[Side]:
    """The side under so many keys: those of its replicate, which are another's never. One where nothing is random."""
    many = 1 if problem.deterministic else keys
    return [side.model_copy(update={"key": side.key * many + k}) for k in range(many)]
