"""Parameters that a trainer of the user's own declares, so that they can be perturbed like items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from activeseed.checked import SettingsRecord
from activeseed.errors import ConfigError, PlanError, nearest
from activeseed.factor import Factor, setting_factor
from activeseed.protocols import Json
from activeseed.seed import digest_of


class Varies(SettingsRecord):
    """A parameter: what it may be, and where in the stack it lies.

    Attributes:
        values: JSON; the first is what stands.
        level: of the parameter: most are the trainer's (a learning rate), some the model's (a width) or the trainer²'s.
        aspect: ``start`` for one that says where its level starts (an initialisation), else ``dynamics``.
    """

    values: tuple[Any, ...] = Field(min_length=1)
    level: Literal["world", "model", "trainer", "trainer2", "human"] = "trainer"
    aspect: Literal["start", "dynamics"] = "dynamics"

    @model_validator(mode="before")
    @classmethod
    def _may_be_a_list(cls, given: Any) -> Any:
        return {"values": given} if isinstance(given, list | tuple) else given

    @model_validator(mode="after")
    def _differ(self) -> Self:
        if len({digest_of(v) for v in self.values}) < len(self.values):
            raise ValueError(f"a value comes twice in {list(self.values)!r}")
        return self


def check_names(varies: Mapping[str, Varies], fields: Mapping[str, Any]) -> None:
    """Raise ConfigError for a parameter that would hide a setting of the trainer's own."""
    for name in varies:
        if name in fields or name == "revision":
            raise ConfigError(
                f"varies: {name!r} is a setting of the trainer itself, and no parameter of the training. Call it "
                "otherwise."
            )


def factors_of(varies: Mapping[str, Varies]) -> tuple[Factor, ...]:
    """The declared parameters as factors."""
    return tuple(setting_factor(name, v.values, v.level, aspect=v.aspect) for name, v in varies.items())


def standing(varies: Mapping[str, Varies]) -> dict[str, Json]:
    """What each parameter is."""
    return {name: v.values[0] for name, v in varies.items()}


def otherwise(varies: Mapping[str, Varies], settings: Mapping[str, Json]) -> dict[str, Varies]:
    """The same parameters, some of them with another value in front. Raises PlanError for one that is not declared."""
    out = dict(varies)
    for name, value in settings.items():
        if name not in out:
            known = f" Declared are: {', '.join(out)}." if out else " None is declared: say varies = {name = [values]}."
            raise PlanError(f"This trainer has no parameter {name!r}.{nearest(name, out)}{known}")
        rest = [v for v in out[name].values if digest_of(v) != digest_of(value)]
        out[name] = out[name].model_copy(update={"values": (value, *rest)})
    return out


def keywords_of(parameters: Sequence[str], values: Mapping[str, Json], takes_any: bool) -> dict[str, Any]:
    """How a function of these parameters is given the values: each by its name, or all as ``settings``.

    Raises PlanError where it takes neither.
    """
    if not values:
        return {}
    missing = [name for name in values if name not in parameters]
    if missing and "settings" in parameters:
        return {"settings": dict(values)}
    if missing and not takes_any:
        raise PlanError(
            f"varies names {missing[0]!r}, which the function does not take.{nearest(missing[0], parameters)} Give it "
            "a parameter of that name, or one called 'settings' that takes all of them."
        )
    return dict(values)
