"""Distances by their tables: those of this package, and anybody's."""

from __future__ import annotations

import importlib
import inspect
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, ValidationError

from activeseed.agreeing import said
from activeseed.checked import SettingsRecord, explain
from activeseed.errors import ConfigError, describe, nearest
from activeseed.seed import Json

if TYPE_CHECKING:
    from activeseed.protocols import Distance

#: kind -> where the record of that kind is defined, below ``activeseed.distances``
KINDS: Mapping[str, str] = {
    "kl": "divergences:KullbackLeibler",
    "jeffreys": "divergences:Jeffreys",
    "jensen_shannon": "divergences:JensenShannon",
    "hellinger": "divergences:Hellinger",
    "total_variation": "divergences:TotalVariation",
    "kendall": "ranks:Kendall",
    "spearman": "ranks:Spearman",
    "rank_normalised": "ranks:RankNormalised",
    "top_k": "sets:TopK",
    "decision_flips": "sets:DecisionFlips",
    "policy": "policies:Policy",
    "cka": "representations:LinearCKA",
    "procrustes": "representations:Procrustes",
}
#: what every distance has
_PARTS = ("kind", "words", "unit", "reads", "symmetric", "embeds", "metric", "largest", "between")


class Elsewhere(SettingsRecord):
    """A distance that is somebody else's: its name and options, not imported before it is ``made``.

    Attributes:
        kind: ``package.module:Name``; whatever else stands in its table is what it is made with.
    """

    model_config = ConfigDict(extra="allow")

    kind: str

    def made(self) -> Distance:
        """Import and make it. Raises ConfigError where that fails, whatever its code raises."""
        module, _, name = self.kind.partition(":")
        try:
            found = importlib.import_module(module)
            for part in name.split("."):
                found = getattr(found, part)
            made: Distance = found(**(self.model_extra or {}))  # type: ignore[operator]  # whatever stands there
        except Exception as error:
            raise ConfigError(
                f"distance kind = {self.kind!r} can't be made: {describe(error)}. Write it as package.module:Name, "
                "with the settings that it takes."
            ) from error
        _whole(made)
        return made


def distance_of(table: Mapping[str, Any] | str) -> Distance | Elsewhere:
    """A distance from its table, or from its kind alone. Nothing of somebody else's is imported.

    Raises:
        ConfigError: an unknown kind, with the nearest known one, or settings that the kind doesn't take.
    """
    given = {"kind": table} if isinstance(table, str) else dict(table)
    kind = given.get("kind")
    if isinstance(kind, str) and ":" in kind:
        if not all(part.isidentifier() for part in kind.replace(":", ".", 1).split(".")):
            raise ConfigError(f"distance kind = {kind!r} is no name. Write it as package.module:Name.")
        return Elsewhere(**given)
    if not isinstance(kind, str) or kind not in KINDS:
        how = nearest(str(kind), KINDS) or " Write it as package.module:Name."
        raise ConfigError(f"distance kind = {kind!r} is unknown.{how}")
    record = record_type(kind)
    try:
        made: Any = record.model_validate(given)
    except ValidationError as error:
        raise ConfigError(explain(error, f"distance {kind}", record)) from error
    found: Distance = made
    return found


def record_type(kind: str) -> type[BaseModel]:
    """The record of one of this package's kinds."""
    module, _, name = KINDS[kind].partition(":")
    found: type[BaseModel] = getattr(importlib.import_module(f"activeseed.distances.{module}"), name)
    return found


def distance_named(value: Distance | Elsewhere | Mapping[str, Any] | str) -> Distance:
    """A distance that measures: from a table, a kind, or as it is. Raises ConfigError."""
    found = distance_of(value) if isinstance(value, str | Mapping) else value
    return found.made() if isinstance(found, Elsewhere) else found


def would_import(distance: Any) -> tuple[str, list[Json]] | None:
    """What a record that holds this distance would do: see ``protocols.SupportsAgreement``."""
    if not isinstance(distance, Elsewhere):
        return None
    return f"import {said(distance.kind)}", [distance.kind]


def _whole(value: Any) -> None:
    if lacking := [part for part in _PARTS if not hasattr(type(value), part) and not hasattr(value, part)]:
        raise ConfigError(
            f"The distance {type(value).__qualname__} has no {' and no '.join(lacking)}: add what "
            "`activeseed.protocols.Distance` says of it."
        )


def _read(value: Any) -> Any:
    """A field's value: a table or a kind is read, somebody else's object is written down so that it comes back."""
    if isinstance(value, str | Mapping):
        return distance_of(value)
    if isinstance(value, Elsewhere):
        return value
    if value is None or isinstance(value, bool | int | float | list | tuple):
        raise ConfigError(f"distance = {str(value)[:40]}: it has to be a table with a kind, or a kind.")
    _whole(value)
    kind = type(value)
    if isinstance(value, BaseModel) and kind.__module__.partition(".")[0] == "activeseed":
        return value
    if "<locals>" in kind.__qualname__ or kind.__module__ == "__main__":
        raise ConfigError(
            f"The distance {kind.__qualname__} lies in no module, so that no file can name it. Move it into one."
        )
    options = value.model_dump(mode="json") if isinstance(value, BaseModel) else _options(value)
    options.pop("kind", None)
    return Elsewhere(kind=f"{kind.__module__}:{kind.__qualname__}", **options)


def _options(value: Any) -> dict[str, Any]:
    """What an object's constructor took, other than by itself, as its attributes say. Raises ConfigError."""
    out = {}
    for p in inspect.signature(type(value)).parameters.values():
        if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD):
            continue
        if not hasattr(value, p.name):
            raise ConfigError(
                f"The distance {type(value).__qualname__} doesn't say what {p.name} it was made with. Keep it as an "
                "attribute, or name the distance by a table."
            )
        if (now := getattr(value, p.name)) == p.default:
            continue
        try:
            out[p.name] = json.loads(json.dumps(now, allow_nan=False))
        except (TypeError, ValueError) as error:
            raise ConfigError(
                f"The distance {type(value).__qualname__} was made with {p.name} = {str(now)[:40]}, which no file can "
                "hold. Give it settings that are numbers, texts and lists."
            ) from error
    return out


def _written(value: Any) -> dict[str, Any]:
    found: dict[str, Any] = value.model_dump(mode="json")
    return found


#: a distance as a record of settings holds it: a record of this package, or the name of somebody else's
if TYPE_CHECKING:
    DistanceSetting: TypeAlias = Distance | Elsewhere | Mapping[str, Any] | str
else:
    DistanceSetting = Annotated[Any, BeforeValidator(_read), PlainSerializer(_written)]
