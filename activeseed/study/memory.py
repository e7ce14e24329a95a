"""What was trained is remembered: where the outcome of every row, or cell, lies among the artifacts of a store.

One artifact a batch, which carries its names; journalled after it is durable. The memory is a replay of the journal,
and whatever can't be read any more counts as never trained.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import numpy as np

from activeseed.errors import StoreError
from activeseed.outcome import Outcomes
from activeseed.protocols import Event, Store


class Where(NamedTuple):
    """A place in an artifact: of a row, or of a cell, counted row by row."""

    artifact: str
    at: int


class Memory:
    """Names of what was trained -> where it lies; plans that were decided; what failed and is to be tried again."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.plans: dict[str, dict[str, Any]] = {}
        self.batches: dict[tuple[str, int], str] = {}
        self._where: dict[str, Where] = {}
        self._unread: list[str] = []
        self._failing: list[str] = []
        self._again: dict[str, int] = {}
        self._retries = 0
        self._loaded: dict[str, Outcomes] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._where

    def __getitem__(self, name: str) -> Where:
        return self._where[name]

    def apply(self, event: Event) -> None:
        """Take in one event of the journal."""
        body: dict[str, Any] = event.body
        if event.kind == "planned":
            self.plans[body["request"]] = body
        elif event.kind == "trained":
            self.batches[body["request"], body["batch"]] = body["artifact"]
            self._unread.append(body["artifact"])
            if body["failed"]:
                self._failing.append(body["artifact"])
        elif event.kind == "retry":
            self.read_names()
            self._forget_failures()

    def read_names(self) -> None:
        """Learn the names in artifacts that were journalled since."""
        for artifact in self._unread:
            for at, name in enumerate(self._store.names_in(artifact) or []):
                self._where.setdefault(name, Where(artifact, at))
        self._unread.clear()

    def is_there(self, request: str, batch: int) -> bool:
        """Whether a batch of a request was trained, and its artifact can be read."""
        artifact = self.batches.get((request, batch))
        return artifact is not None and self._store.names_in(artifact) is not None

    def attempt(self, names: Collection[str]) -> int:
        """How often what failed under these names was given another try."""
        return max((self._again.get(n, 0) for n in names), default=0) if self._again else 0

    def keep(self, names: Sequence[str], outcomes: Outcomes) -> str:
        """Write a batch durably, its rows or, row by row, its cells by name; returns the artifact."""
        arrays: dict[str, Any] = {"names": np.array(names), "values": outcomes.values, "ok": outcomes.ok}
        if outcomes.vouching is not None:
            arrays["vouching"] = outcomes.vouching
        if outcomes.cells is not None:
            arrays["cells"] = outcomes.cells
        if outcomes.failures:
            arrays["failures"] = np.array(json.dumps({str(k): v for k, v in outcomes.failures.items()}))
        return self._store.put(arrays)

    def rows(self, places: Sequence[Where]) -> Outcomes:
        """Outcomes of rows that lie at these places, in this order."""
        first = self._load(places[0].artifact)
        values = np.full((len(places), *self._shape(places)), np.nan, np.float32)
        ok = np.empty(len(places), bool)
        vouching = None if first.vouching is None else np.empty((len(places), first.vouching.shape[1]), np.float32)
        failures: dict[int, str] = {}
        for artifact, numbers in _by_artifact(places).items():
            part = self._load(artifact)
            at = [places[r].at for r in numbers]
            if part.values.shape[1:] == values.shape[1:]:  # else all of it failed, and stays NaN
                values[numbers] = part.values[at]
            ok[numbers] = part.ok[at]
            if vouching is not None and part.vouching is not None:
                vouching[numbers] = part.vouching[at]
            failures |= {r: part.failures[places[r].at] for r in numbers if places[r].at in part.failures}
        self._loaded.clear()
        return Outcomes(values, ok, failures, vouching)

    def _shape(self, places: Sequence[Where]) -> tuple[int, ...]:
        """What a row holds: a batch of states that failed as a whole has a shape that nobody knew."""
        shape: tuple[int, ...] = ()
        for artifact in _by_artifact(places):
            part = self._load(artifact)
            if part.ok.any() or not shape:
                shape = part.values.shape[1:]
            if part.ok.any():
                break
        return shape

    def cells(self, places: Sequence[Where], width: int) -> Outcomes:
        """Outcomes (R, width) of cells that lie at these places, row by row."""
        values = np.empty(len(places), np.float32)
        known = np.empty(len(places), bool)
        failures: dict[int, str] = {}
        for artifact, numbers in _by_artifact(places).items():
            part = self._load(artifact)
            at = np.array([places[n].at for n in numbers])
            values[numbers] = part.values.reshape(-1)[at]
            known[numbers] = part.known.reshape(-1)[at]
            for n, row in zip(numbers, (at // part.values.shape[1]).tolist(), strict=True):
                if not known[n]:
                    failures.setdefault(n // width, part.failures.get(row, "the system gave no reason"))
        self._loaded.clear()
        cells = known.reshape(-1, width)
        return Outcomes(values.reshape(-1, width), np.asarray(cells.all(1)), failures, cells=cells)

    def lost(self, artifacts: Collection[str]) -> bool:
        """Whether some of these can't be read; what lies in them is forgotten."""
        gone = set()
        for artifact in artifacts:
            try:
                self._load(artifact)
            except StoreError:
                gone.add(artifact)
        if gone:
            self._where = {n: place for n, place in self._where.items() if place.artifact not in gone}
        return bool(gone)

    def _forget_failures(self) -> None:
        """What failed so far counts as never trained, and its next attempt is planned anew."""
        self._retries += 1
        for artifact in self._failing:
            part = self._load(artifact)
            bad = np.flatnonzero(~(part.ok if part.cells is None else part.cells.reshape(-1)))
            gone = {Where(artifact, int(at)) for at in bad}
            for name in [n for n, place in self._where.items() if place in gone]:
                del self._where[name]
                self._again[name] = self._retries
        self._failing.clear()
        self._loaded.clear()

    def _load(self, artifact: str) -> Outcomes:
        if artifact not in self._loaded:
            arrays: dict[str, Any] = dict(self._store.get(artifact))  # each of the type that it was written with
            failures = (
                {int(k): v for k, v in json.loads(str(arrays["failures"])).items()} if "failures" in arrays else {}
            )
            self._loaded[artifact] = Outcomes(
                arrays["values"], arrays["ok"], failures, arrays.get("vouching"), cells=arrays.get("cells")
            )
        return self._loaded[artifact]


def _by_artifact(places: Sequence[Where]) -> dict[str, list[int]]:
    out: dict[str, list[int]] = {}
    for number, place in enumerate(places):
        out.setdefault(place.artifact, []).append(number)
    return out
