"""From a design to the system that it is: the study's own with other settings, or another kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, ValidationError

from activeseed.checked import explain
from activeseed.config import member
from activeseed.errors import ConfigError, nearest
from activeseed.members import ThirdParty, whole
from activeseed.protocols import SupportsFactors
from activeseed.stack.designs.design import Design, flat


def system_of(design: Design, own: Any) -> Any:
    """The design's system.

    Args:
        own: the study's, as its settings have it.

    Raises ConfigError for an unknown kind or setting, with the nearest known one, and for a value out of range.
    """
    said = design.system
    if not isinstance(said, Mapping):
        return said if isinstance(said, ThirdParty) else whole("system", said)
    if not said:
        return own
    where = f"Design {design.name!r}"
    if said.get("kind", getattr(own, "kind", None)) != getattr(own, "kind", None):
        return _another(where, said)
    settings = {path: value for path, value in flat(said).items() if path != "kind"}
    if isinstance(own, ThirdParty):
        return replace(own, options=_nested(own.options, settings))
    settings = {path: _as_named(own, path, value) for path, value in settings.items()}
    by_path = {f.id for f in own.factors()} if isinstance(own, SupportsFactors) else set()
    fields = set(type(own).model_fields) if isinstance(own, BaseModel) else set()
    handed = {path: value for path, value in settings.items() if path in by_path and path.split(".")[0] not in fields}
    rest = {path: value for path, value in settings.items() if path not in handed}
    made = own
    if rest and not isinstance(own, BaseModel):
        path = next(iter(rest))
        raise ConfigError(f"{where}: system {own.kind!r} has no setting {path!r}.{nearest(path, by_path)}")
    if rest:
        made = _with(where, own, rest)
    return made.with_settings(handed) if handed else made


def _as_named(own: Any, path: str, value: Any) -> Any:
    """The text ``none`` for None where the system names that, and not None, among a setting's values."""
    if value is not None or not isinstance(own, SupportsFactors):
        return value
    known = [c.setting for f in own.factors() if f.id == path for c in f.choices]
    return "none" if "none" in known and None not in known else value


def _another(where: str, said: Mapping[str, Any]) -> Any:
    try:
        return member("system", _nested({}, flat(said)))
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from error


def _with(where: str, own: BaseModel, settings: Mapping[str, Any]) -> Any:
    """A record with other settings: what was handed over in Python (a function, a model) stays."""
    values = {name: getattr(own, name) for name in own.model_fields_set}
    for path, value in settings.items():
        first, _, below = path.partition(".")
        inner = values.get(first, getattr(own, first, None))
        if below and isinstance(inner, BaseModel):
            value = _with(where, inner, {below: value})
        elif below:
            value = _nested(inner if isinstance(inner, Mapping) else {}, {below: value})
        values[first] = value
    try:
        return type(own).model_validate(values)
    except ValidationError as error:
        raise ConfigError(explain(error, where, type(own))) from error
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from error


def _nested(own: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Nested tables with other values at these paths."""
    out = {name: dict(v) if isinstance(v, Mapping) else v for name, v in own.items()}
    for path, value in settings.items():
        at: dict[str, Any] = out
        *before, last = path.split(".")
        for part in before:
            below = at.get(part)
            at[part] = dict(below) if isinstance(below, Mapping) else {}
            at = at[part]
        at[last] = value
    return out
