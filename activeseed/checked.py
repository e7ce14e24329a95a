"""Frozen records whose constructors refuse in the product's own words: what is wrong, where, and what would be right.

A record validates itself wherever it is made, and numbers that are none (NaN, infinity) are refused everywhere. Every
setting has an upper limit: a number that nobody means ends in a sentence, and not in a machine without memory.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self, get_args

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from activeseed.errors import ConfigError, UsageError, nearest, plainly
from activeseed.masking import masked

#: the largest setting that has no limit of its own
MOST = 1_000_000_000


class Checked(BaseModel):
    """A record. Raises ``refused_as`` for a wrong type, a value out of range, an unknown or a missing field."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    refused_as: ClassVar[type[UsageError]] = UsageError

    def __init__(self, /, **data: Any) -> None:
        try:
            super().__init__(**data)
        except ValidationError as error:
            raise self.refused_as(explain(error, type(self).__name__.lstrip("_"), type(self))) from error

    # Or a record inside another one would be made by this constructor, which knows nothing of where it stands.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]


class SettingsRecord(Checked):
    """A record of settings. Raises ConfigError."""

    refused_as: ClassVar[type[UsageError]] = ConfigError

    @field_validator("*", mode="before")
    @classmethod
    def _true_is_no_number(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, bool):
            kind = cls.model_fields[str(info.field_name)].annotation
            kinds = {kind, *get_args(kind)}
            if kinds & {int, float} and bool not in kinds:
                raise PydanticCustomError("a_number", "Input should be a valid number")
        return value

    @model_validator(mode="after")
    def _not_too_much(self) -> Self:
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            limited = any(hasattr(rule, "le") or hasattr(rule, "lt") for rule in field.metadata)
            for number in value if isinstance(value, tuple) else (value,):
                if isinstance(number, int | float) and not limited and abs(number) > MOST:
                    raise ValueError(f"{name} = {number!r}: it has to be at most {MOST:,}")
        return self


def explain(error: ValidationError, where: str, model: type[BaseModel]) -> str:
    """The first complaint of pydantic in one sentence: where, what, and the nearest known name."""
    found = error.errors()
    # a misspelt name is why another one is missing
    first = next((e for e in found if e["type"] == "extra_forbidden"), found[0])
    path = [str(p) for p in first["loc"]]
    if first["type"] == "extra_forbidden":
        table = f" [{'.'.join(path[:-1])}]" if path[:-1] else ""
        return f"{where}{table}: unknown setting {path[-1]!r}.{nearest(path[-1], _fields_at(model, path[:-1]))}"
    reason = plainly(first["msg"])
    name = ".".join(path)
    if first["type"] == "missing":
        return f"{where}: {name} is missing."
    if not name or first["type"] == "value_error":  # a sentence of our own, about more than one setting perhaps
        return f"{where}: {f'{name}: ' if name else ''}{reason}."
    said = first["input"]
    for part in reversed(path):  # what stands below the name of a secret is not repeated
        said = masked({part: said})[part]
    shown = repr(said)
    return f"{where}: {name} = {shown if len(shown) <= 80 else shown[:79] + '…'}: {reason}."


def _fields_at(model: type[BaseModel], path: list[str]) -> list[str]:
    for name in path:
        field = model.model_fields.get(name)
        inner = field.annotation if field else None
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            model = inner
    return list(model.model_fields)
