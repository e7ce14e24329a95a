"""``FromFunction``: any trainer that is a Python function of items and a key."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping
from operator import not_
from pathlib import Path
from typing import Any, Literal, Self, TypedDict, Unpack

from pydantic import ConfigDict, Field, PrivateAttr, model_validator

from activeseed.agreeing import said
from activeseed.checked import SettingsRecord
from activeseed.errors import ConfigError, PlanError
from activeseed.factor import Factor
from activeseed.geometries import Hellinger, Identity, at_places
from activeseed.outcome import Outcomes
from activeseed.plan import Materials, Rows, stream_key
from activeseed.protocols import Cost, Json, Traits
from activeseed.seed import Probe
from activeseed.systems.own.fingerprint import fingerprint
from activeseed.systems.own.given import also_reads, given_items, given_probes, one_by_one, places_of
from activeseed.systems.own.target import load, name_of
from activeseed.systems.own.varying import Varies, check_names, factors_of, keywords_of, otherwise, standing


class FunctionSettings(TypedDict, total=False):
    """The settings of `FromFunction` by name."""

    target: str
    outcomes: int
    compare: Literal["identity", "hellinger"]
    deterministic: bool
    weighted: bool
    ignores_space: bool
    version: str
    varies: Mapping[str, Any]
    function: Callable[..., Any] | None


class FromFunction(SettingsRecord):
    """A trainer²: ``train(items, key) -> array of P outcomes``, one row at a time.

    ``items`` is a list of `GivenItem`: the row's items with payload and weight, absent ones left out. ``key`` is a
    whole number of up to 128 bits (``numpy.random.default_rng(key)`` takes it) from which all randomness of the
    training must come: equal keys must give equal outcomes. A function with a third parameter called ``probes`` is
    also given the probes. Parameters of the training that are declared (``varies``) come by their names, or all in one
    mapping where it has a parameter called ``settings``. What it prints goes to standard error.

    A function that raises, or returns anything but P finite numbers, is a recorded failure with its reason.

    >>> def train(items, key, probes):
    ...     words = {word for item in items for word in item.text.split()}
    ...     return [float(bool(words & set(probe.payload.text.split()))) for probe in probes]
    >>> act.FromFunction(train, compare="hellinger", deterministic=True).traits.streams
    ()

    Attributes:
        target: where the function is found again, ``package.module:function`` or ``path/to/file.py:function`` (relative
            paths start at the project's folder). Filled in for a function that has such a place.
        outcomes: P, where the study has no probes (the places are then called outcome-1 to outcome-P); 0 takes one
            outcome from each probe.
        compare: ``hellinger`` where every outcome is a probability, else ``identity`` (see `geometries`).
        deterministic: the function ignores its key, so one training of each row says all.
        weighted: the function reads ``weight``. Otherwise an item of multiplicity 2 comes twice.
        ignores_space: the function ignores white space at the end of a text, so that chaos is looked for there as well.
        version: names this trainer in place of a fingerprint of its source: whatever was trained under the same
            version is not trained again. State one when the trainer depends on other files or modules.
        varies: parameters of the training that can be perturbed: name -> values, the first of which stands, or a table
            with ``values``, ``level`` and ``aspect`` (`Varies`). ``{"learning_rate": [0.1, 0.05, 0.2]}``.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    kind: Literal["function"] = "function"
    target: str = ""
    outcomes: int = Field(default=0, ge=0)
    compare: Literal["identity", "hellinger"] = "identity"
    deterministic: bool = False
    weighted: bool = False
    ignores_space: bool = False
    version: str = ""
    varies: Mapping[str, Varies] = Field(default_factory=dict, exclude_if=not_)
    function: Callable[..., Any] | None = Field(default=None, exclude=True, repr=False)
    _base: Path = PrivateAttr(default=Path())
    _permit: Callable[[], None] | None = PrivateAttr(default=None)

    def __init__(self, train: Callable[..., Any] | str | None = None, /, **settings: Unpack[FunctionSettings]) -> None:
        given: dict[str, Any] = dict(settings)
        if isinstance(train, str):
            given["target"] = train
        elif train is not None:
            given = {"target": name_of(train), **given, "function": train}
        super().__init__(**given)

    # A table of settings names everything: it needs no constructor, and its mistakes are told as the table's.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    @model_validator(mode="after")
    def _has_a_function(self) -> Self:
        if not self.target and self.function is None:
            raise ConfigError(
                "A trainer of kind 'function' needs its function: FromFunction(train), or in activeseed.toml "
                "target = 'package.module:function' or 'file.py:function'. A function from a notebook or a lambda has "
                "no such name: open its study with Study.open(folder, system=FromFunction(train))."
            )
        check_names(self.varies, type(self).model_fields)
        return self

    def located(self, folder: Path) -> Self:
        """The same trainer, with a relative path in ``target`` read from a folder instead of the current one."""
        there = self.model_copy()
        there._base, there._permit = folder, self._permit
        return there

    def asking(self, permit: Callable[[], None]) -> Self:
        """The same trainer, which calls ``permit`` before it imports anything: that raises where it may not."""
        there = self.model_copy()
        there._base, there._permit = self._base, permit
        return there

    def would(self, folder: Path) -> tuple[str, Json] | None:
        """See ``protocols.SupportsAgreement``."""
        return (f"run {said(self.target)}", self.target) if self.target else None

    # --- the System protocol ------------------------------------------------------------------------------------

    @property
    def rows_at_a_time(self) -> int:
        """Rows don't influence each other, so an executor may spread a batch over processes; known unloaded."""
        return 1

    @property
    def revision(self) -> str:
        return self.version or fingerprint(self.loaded())

    @property
    def traits(self) -> Traits:
        streams = () if self.deterministic else ("train",)
        return Traits(streams, weighted=self.weighted, rows_at_a_time=self.rows_at_a_time)

    def record(self) -> dict[str, Json]:
        """The settings that bear on outcomes; the function itself is in ``revision``."""
        return {**self.model_dump(mode="json", exclude={"ignores_space", "varies"}), **standing(self.varies)}

    def also_reads(self, materials: Materials) -> list[Json]:
        """What may determine an outcome besides ``Materials.digest``."""
        return also_reads(materials)

    def check(self, materials: Materials) -> None:
        if not self.outcomes and not materials.probes:
            raise PlanError(
                "There are no probes, and the trainer does not say how many outcomes it returns. Give the study "
                "probes, or say FromFunction(train, outcomes=P)."
            )
        _called_with(self.loaded(), standing(self.varies))

    def factors(self) -> tuple[Factor, ...]:
        """The parameters that it declares."""
        return factors_of(self.varies)

    def with_settings(self, settings: Mapping[str, Json]) -> Self:
        """The same trainer with other values of declared parameters. Raises PlanError for one that is not declared."""
        return self.model_copy(update={"varies": otherwise(self.varies, settings)})

    def places(self, materials: Materials) -> tuple[Probe, ...]:
        return places_of(self.outcomes, materials)

    def geometry(self, materials: Materials) -> Hellinger | Identity:
        return at_places(self.places(materials), self.compare)

    def cost(self, materials: Materials) -> Cost:
        """Unknown: nobody but the function can say."""
        return Cost()

    def train(self, rows: Rows, materials: Materials) -> Outcomes:
        function = self.loaded()
        wants_probes, settings = _called_with(function, standing(self.varies))

        def train(r: int) -> Any:
            key = stream_key(materials.root, "train", int(rows.stream("train")[r]))
            extra = {"probes": given_probes(materials)} if wants_probes else {}
            extra |= copy.deepcopy(settings)  # it may change them in place
            items = given_items(materials, rows, r, weighted=self.weighted, ignores_space=self.ignores_space, own=True)
            return function(items, key, **extra)

        return one_by_one(train, rows, len(self.places(materials)), self.compare)

    def loaded(self) -> Callable[..., Any]:
        """The function. Raises ConfigError when ``target`` names none."""
        function = self.function if self.function is not None else load(self.target, self._base, self._permit)
        if not callable(function):
            raise ConfigError(f"target = {self.target!r} is {type(function).__name__}, not a function.")
        return function


def _called_with(function: Callable[..., Any], values: Mapping[str, Json]) -> tuple[bool, dict[str, Any]]:
    """Whether the function wants the probes, and how it is given its parameters.

    Raises PlanError when it can't be called with items, a key and those.
    """
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return False, dict(values)  # written in C; calling it will tell
    wants = "probes" in signature.parameters
    kinds = signature.parameters.values()
    settings = keywords_of(list(signature.parameters), values, any(p.kind is p.VAR_KEYWORD for p in kinds))
    try:
        signature.bind([], 0, **({"probes": ()} if wants else {}), **settings)
    except TypeError as error:
        name = getattr(function, "__name__", type(function).__name__)
        raise PlanError(f"{name}{signature} can't be called as train(items, key): {error}.") from error
    return wants, settings
