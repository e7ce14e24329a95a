"""Members of families that are somebody else's: found by name, looked at, and written down so that they come back.

A member is written as it is named, ``package.module:Name``, with the options that it is made with. An object that was
handed over in Python is written in the same way, where its class lies in a module and all that its constructor takes
can be read off it, from its record or its attributes. Anything else (a lambda, a class inside a function, an object
that holds a connection) is written in angle brackets: only Python can hand it over again.
"""

from __future__ import annotations

import importlib
import inspect
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from pydantic import BaseModel

from activeseed.errors import ConfigError, describe
from activeseed.protocols import (
    Annotator,
    Embedder,
    Estimator,
    Executor,
    Form,
    Json,
    Perturbation,
    Response,
    Rewriter,
    SupportsAssignment,
    System,
)

#: family -> what every member of it has
PROTOCOLS: dict[str, type] = {
    "system": System, "embedder": Embedder, "estimator": Estimator, "response": Response, "annotator": Annotator,
    "executor": Executor, "perturbations": Perturbation, "questions": Form, "rewriter": Rewriter,
}  # fmt: skip
_NOTHING = object()


@dataclass(frozen=True)
class ThirdParty:
    """A member of a family that is somebody else's: its name and options, not imported before it is ``made``.

    Attributes:
        kind: ``package.module:Name``; in angle brackets where only Python can hand it over.
        options: what it is made with.
    """

    kind: str
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def in_python(self) -> bool:
        """Whether no name leads to it."""
        return "<" in self.kind

    def record(self) -> dict[str, Any]:
        """As ``activeseed.toml`` says it."""
        return dict(self.options)

    def made(self, family: str) -> Any:
        """Import and make it. Raises ConfigError where that fails, whatever its code raises."""
        if self.in_python:
            given = "questions=[…]" if family == "questions" else f"{family}=…"
            raise ConfigError(
                f"[{family}] kind = {self.kind!r} was handed over in Python, and no name makes it again. Open the "
                f"study with Study.open(folder, {given})."
            )
        module, _, name = self.kind.partition(":")
        try:
            factory = importlib.import_module(module)
            for part in name.split("."):
                factory = getattr(factory, part)
        except Exception as error:
            raise ConfigError(
                f"[{family}] kind = {self.kind!r} can't be imported: {describe(error)}. Write it as "
                "package.module:Name and install it."
            ) from error
        try:
            found = factory(**self.options)  # type: ignore[operator]  # whatever stands there is called
        except Exception as error:
            raise ConfigError(
                f"[{family}] {self.kind} does not take these settings: {describe(error)}. Look at its documentation."
            ) from error
        return whole(family, found)


def third_party(family: str, table: Mapping[str, Any]) -> ThirdParty:
    """A member from its table, whose kind has a colon. Raises ConfigError where that is no name."""
    kind = str(table["kind"])
    if "<" not in kind and not all(part.isidentifier() for part in kind.replace(":", ".", 1).split(".")):
        raise ConfigError(f"[{family}] kind = {kind!r} is no name. Write it as package.module:Name.")
    return ThirdParty(kind, {k: v for k, v in table.items() if k != "kind"})


def whole(family: str, value: Any) -> Any:
    """A member that was made, if it has all that the family's protocol asks for. Raises ConfigError.

    It only looks whether things are there: some are computed, from code that nobody may have agreed to run.
    """
    protocol = PROTOCOLS[family]
    due = [name for name in vars(protocol) if not name.startswith("_")]
    if family == "annotator" and isinstance(value, SupportsAssignment):  # it becomes one
        due = ["kind"]
    if lacking := [name for name in due if not _has(value, name)]:
        raise ConfigError(
            f"[{family}] {_place(value)} has no {' and no '.join(lacking)}: add what "
            f"`activeseed.protocols.{protocol.__name__}` says of {'it' if len(lacking) == 1 else 'them'}."
        )
    return value


def _has(value: Any, name: str) -> bool:
    if inspect.getattr_static(value, name, _NOTHING) is not _NOTHING:
        return True
    return hasattr(type(value), "__getattr__") and hasattr(value, name)


# --- how a member is written down ---------------------------------------------------------------------------------


@runtime_checkable
class Recorded(Protocol):
    """A member that says what it was made with, as every system does."""

    def record(self) -> Mapping[str, Json]: ...


def is_ours(value: Any) -> bool:
    """Whether a member is a record of this package, which its ``kind`` names."""
    return isinstance(value, BaseModel) and type(value).__module__.partition(".")[0] == "activeseed"


def record_of(value: Any) -> dict[str, Any]:
    """What a member of a family is, as JSON: the table by which it is found again, where it can be."""
    if is_ours(value):
        ours: dict[str, Any] = value.model_dump(mode="json", by_alias=True)
        return ours
    if isinstance(value, ThirdParty):
        return {"kind": value.kind, **value.options}
    return named_record(value) or {"kind": f"<{_place(value)}>", **without_none(_said(value))}


def named_record(value: Any) -> dict[str, Any]:
    """Somebody else's member, by which it is found again; empty for one of ours, or where only Python holds it."""
    if isinstance(value, ThirdParty):
        return {} if value.in_python else record_of(value)
    kind = type(value)
    if is_ours(value) or kind.__module__ == "__main__" or "<locals>" in kind.__qualname__:
        return {}
    try:
        options = _fields(value) if isinstance(value, BaseModel) else _parameters(value)
    except _UnknownError:
        return {}
    return {"kind": _place(value), **options}


def earlier_record(value: Any) -> dict[str, Any]:
    """What versions before this one wrote of an object that was handed over: nothing that they could open again."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    said = _said(value)
    return {"kind": str(value.kind), **said} if said else {"kind": _place(value)}


class _UnknownError(Exception):
    """Something that a member was made with can't be read off it, or can't be written."""


def _place(value: Any) -> str:
    return f"{type(value).__module__}:{type(value).__qualname__}"


def _said(value: Any) -> dict[str, Any]:
    """What its record says, as JSON."""
    if not isinstance(value, Recorded):
        return {}
    said: dict[str, Any] = json.loads(json.dumps(dict(value.record()), default=str))
    said.pop("kind", None)
    return said


def _fields(value: BaseModel) -> dict[str, Any]:
    """The settings of a pydantic record, all of them, so that a reader sees what there is to set."""
    out: dict[str, Any] = {}
    for name, said in type(value).model_fields.items():
        now, usual = getattr(value, name), said.get_default(call_default_factory=True)
        if name == "kind" or said.exclude or now is None:
            if not _equal(now, usual):
                raise _UnknownError(name)
            continue
        try:
            written = value.model_dump(mode="json", include={name}, by_alias=True)
        except ValueError as error:
            raise _UnknownError(name) from error
        out |= {key: _plain(key, found) for key, found in written.items()}
    return out


def _parameters(value: Any) -> dict[str, Any]:
    """What the constructor of any other object takes, where that differs from what it takes by itself."""
    try:
        parameters = inspect.signature(type(value)).parameters.values()
    except (TypeError, ValueError) as error:
        raise _UnknownError from error
    said = value.record() if isinstance(value, Recorded) else {}
    out: dict[str, Any] = {}
    for p in parameters:
        if p.kind is p.VAR_POSITIONAL:
            continue
        if p.kind is p.VAR_KEYWORD:
            out |= {k: _plain(k, v) for k, v in said.items() if k not in {q.name for q in parameters}}
            continue
        now = said[p.name] if p.name in said else _attribute(value, p.name)
        if now is _NOTHING:
            raise _UnknownError(p.name)
        if _equal(now, p.default):
            continue
        if p.kind is p.POSITIONAL_ONLY or p.name == "kind":
            raise _UnknownError(p.name)
        out[p.name] = _plain(p.name, now)
    return out


def _attribute(value: Any, name: str) -> Any:
    with suppress(Exception):  # it may be computed, by anybody's code
        return getattr(value, name, _NOTHING)
    return _NOTHING


def _equal(a: Any, b: Any) -> bool:
    with suppress(Exception):  # arrays have no truth of their own
        return bool(a == b)
    return False


def _plain(name: str, value: Any) -> Any:
    """An option as TOML holds it. Raises _UnknownError for anything that comes back as something else."""
    try:
        plain = json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise _UnknownError(name) from error
    if without_none(plain) != plain:
        raise _UnknownError(name)
    return plain


def without_none(value: Any) -> Any:
    """The same without what TOML has no word for."""
    if isinstance(value, dict):
        return {k: without_none(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [without_none(v) for v in value if v is not None]
    return value
