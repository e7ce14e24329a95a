"""Outcomes at shared places, and the ranking that comes of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from activeseed.column import Column
from activeseed.plan import Floats

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Warned:
    """One warning of a trainer's code: where it comes from, what it said first, and how often it came.

    Attributes:
        category: ``module.Class`` of the warning.
        file, line: where it was raised; the same place says the same thing, whatever numbers stand in its text.
    """

    category: str
    file: str
    line: int
    text: str
    times: int = 1

    @property
    def said(self) -> str:
        """For people: ``ConvergenceWarning: what it said (_logistic.py:473)``."""
        return f"{self.category.rpartition('.')[2]}: {self.text} ({PurePath(self.file).name}:{self.line})"


def summed(warned: Iterable[Warned]) -> tuple[Warned, ...]:
    """Each warning once, with how often it came in all."""
    out: dict[tuple[str, str, int], Warned] = {}
    for each in warned:
        place = (each.category, each.file, each.line)
        out[place] = replace(out[place], times=out[place].times + each.times) if place in out else each
    return tuple(out.values())


@dataclass(frozen=True)
class Outcomes:
    """What R trainings did on P probes.

    Attributes:
        values: (R, P) outcomes; rows that failed hold NaN.
        ok: (R,) False where the training failed.
        failures: reason of each failed row, by row number.
        cells: (R, P) which outcomes are known, where the system trains cell by cell (``Traits.per_cell``); a row with
            one that is not has failed, and keeps the others. None where rows succeed or fail whole.
        vouching: (R, F) how strongly the trainer of each row approves of each item as written, as a probability, or
            None where the system can't say. Rows that left an item out say how well the rest vouches for it.
        seconds: by the clock, in the process that trained; filled in by whoever runs the system.
        warned: what the trainer's code warned of meanwhile; filled in likewise.
    """

    values: NDArray[np.float32]
    ok: Bools
    failures: Mapping[int, str] = field(default_factory=dict)
    vouching: NDArray[np.float32] | None = None
    seconds: float = 0.0
    warned: tuple[Warned, ...] = ()
    cells: Bools | None = None

    def __len__(self) -> int:
        return len(self.values)

    @property
    def known(self) -> Bools:
        """(R, P) which outcomes are known."""
        return np.broadcast_to(self.ok[:, None], self.values.shape[:2]) if self.cells is None else self.cells

    def take(self, index: Sequence[int] | NDArray[np.int64]) -> Outcomes:
        """The rows at these numbers, in this order."""
        at = np.asarray(index, np.int64)
        failures = {new: self.failures[int(old)] for new, old in enumerate(at) if int(old) in self.failures}
        vouching = None if self.vouching is None else self.vouching[at]
        cells = None if self.cells is None else self.cells[at]
        return Outcomes(self.values[at], self.ok[at], failures, vouching, 0.0, cells=cells)

    def at(self, places: Sequence[int]) -> Outcomes:
        """The outcomes at these places alone; a row is known where all of them are."""
        here = list(places)
        if self.cells is None:
            return replace(self, values=self.values[:, here])
        cells = self.cells[:, here]
        ok = np.asarray(cells.all(1))
        failures = {r: why for r, why in self.failures.items() if not ok[r]}
        return replace(self, values=self.values[:, here], ok=ok, failures=failures, cells=cells)


def join_outcomes(parts: Sequence[Outcomes]) -> Outcomes:
    """Outcomes one after the other."""
    failures: dict[int, str] = {}
    offset = 0
    for part in parts:
        failures |= {offset + r: reason for r, reason in part.failures.items()}
        offset += len(part)
    vouching = None
    if all(p.vouching is not None for p in parts):
        vouching = np.concatenate([p.vouching for p in parts if p.vouching is not None])
    return Outcomes(
        np.concatenate([p.values for p in parts]),
        np.concatenate([p.ok for p in parts]),
        failures,
        vouching,
        sum(p.seconds for p in parts),
        summed(w for p in parts for w in p.warned),
        np.concatenate([p.known for p in parts]) if any(p.cells is not None for p in parts) else None,
    )


@dataclass(frozen=True)
class Surrogate:
    """m(a) ≈ intercept + B·x(a), x(a) the indicator of every variant but *as written*.

    Attributes:
        coefficients: (F, V, D) embedded response of each variant relative to *as written* (column 0 is zero).
        gram: (F·V, F·V) estimate of the inner products ⟨B_u, B_v⟩ that holds no square of noise: products of
            estimates that share no row (unbiased, so not always positive semi-definite).
        law: name of the law whose rows it was fitted on.
        r_squared: share of the row-to-row variance, noise removed, that the additive model explains.
    """

    coefficients: Floats
    gram: Floats
    law: str
    r_squared: float = math.nan


class Summary(TypedDict, total=False):
    """What a ranking says of the whole; each key is there where somebody computes it. What `rank --json` prints.

    Distances are squared, embedded and averaged over probes; ``_se``, ``_low`` and ``_high`` are a number's standard
    error and interval, with the probes as they are; ``_se_over_probes`` is its error had other probes of the same kind
    been drawn, ``_interval_over_probes`` allows for both, ``_rests_on`` says which of the two errors is the larger. A
    further law's numbers carry its name in front.
    """

    system: str
    outcome: str
    unit: str
    estimator: str
    law: str
    index_law: str
    total_law: str
    fitted_on: str
    test: str
    seed_version: str
    keys: int
    bases: int
    trainings: int
    trainings_new: int
    failed: int
    answers: int
    quality: dict[str, float]
    no_better_than_chance: bool
    spread: float
    spread_se: float
    spread_low: float
    spread_high: float
    spread_se_over_probes: float
    spread_interval_over_probes: list[float]
    spread_rests_on: str
    spread_nats: float
    belief_spread: float
    bootstrap_spread: float
    bootstrap_spread_se: float
    bootstrap_spread_low: float
    bootstrap_spread_high: float
    bootstrap_spread_se_over_probes: float
    bootstrap_spread_interval_over_probes: list[float]
    bootstrap_spread_rests_on: str
    bootstrap_spread_nats: float
    noise_floor: float
    additive_share: float
    risk: float
    expected_error: float
    null_ladder: list[dict[str, Any]]
    chaotic: bool | None
    null_response_share: float
    drop_response: float
    drops_left_over: float
    groups: list[dict[str, Any]]
    group_spread: dict[str, float]
    group_spread_se: dict[str, float]
    write_more: list[dict[str, Any]]
    distance: str
    distance_unit: str
    distance_embeds: bool
    distance_test: str
    distance_spread: float
    distance_spread_se: float
    distance_noise_floor: float


@dataclass(frozen=True)
class Ranking:
    """Items with their columns, and what holds for the whole ensemble.

    Estimators return a ranking with the columns they know; ``join`` puts several together; ``order`` ranks.

    >>> ranking = act.Ranking(("a", "b"), {"effect": np.array([0.1, 0.3])}, {"law": "drop"})
    >>> [(row["rank"], row["id"], row["effect"]) for row in ranking.rows()]
    [(1, 'b', 0.3), (2, 'a', 0.1)]

    Attributes:
        ids: F item ids in the seed's order.
        columns: arrays of F entries by name (``effect``, ``effect_se``, ``instability``, ``first_order``, …), NaN
            where unknown; squared embedded distance averaged over probes unless the name says otherwise.
        summary: numbers and texts of the whole (``spread``, ``noise_floor``, ``trainings``, ``law``, …).
        surrogate: the additive model of the response, where one was fitted.
        notes: sentences that a reader must see (chaos, failures, too few keys for what was asked).
        by: the column that ranks.
        declared: the columns with their words, as those who computed them declare them.
    """

    ids: tuple[str, ...]
    columns: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    summary: Summary = field(default_factory=Summary)
    surrogate: Surrogate | None = None
    notes: tuple[str, ...] = ()
    by: str = "effect"
    declared: tuple[Column, ...] = ()

    def join(self, other: Ranking) -> Ranking:
        """Columns, summary and notes of both; the other's win where both have one."""
        if self.ids != other.ids:
            raise ValueError("rankings of different items can't be joined")
        notes = tuple(dict.fromkeys((*self.notes, *other.notes)))
        return replace(
            self,
            columns={**self.columns, **other.columns},
            summary={**self.summary, **other.summary},
            surrogate=other.surrogate or self.surrogate,
            notes=notes,
        )

    def order(self, by: str | None = None) -> NDArray[np.int64]:
        """Item numbers, largest first by a column; unknown values last, equal values in the seed's order."""
        column = np.asarray(self.columns[by or self.by], float)
        return np.argsort(np.where(np.isnan(column), np.inf, -column), kind="stable")

    def rows(self) -> list[dict[str, Any]]:
        """One dictionary an item, sorted by rank: what ``rank --json`` prints under ``items``."""
        out = []
        for rank, f in enumerate(self.order(), start=1):
            row: dict[str, Any] = {"id": self.ids[f], "rank": rank}
            for name, column in self.columns.items():
                row[name] = plain(column[f])
            out.append(row)
        return out

    def to_dict(self) -> dict[str, Any]:
        """The object that ``rank --json`` prints."""
        summary = {k: plain(v) for k, v in self.summary.items()}
        return {**summary, "by": self.by, "notes": list(self.notes), "items": self.rows()}

    def to_frame(self) -> Any:
        """A pandas DataFrame, one row an item, sorted by rank."""
        import pandas as pd

        return pd.DataFrame(self.rows())


def plain(value: Any) -> Any:
    """JSON-ready: numpy scalars and arrays to Python, NaN and infinity to None."""
    if isinstance(value, np.ndarray):
        return [plain(v) for v in value.tolist()]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return value
