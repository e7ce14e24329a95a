"""Reference laws of effects: which single changes of the seed, as it stands, each compares. One file each.

A third party's law is named ``package.module:Name`` wherever a law is named.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator

from activeseed.errors import ConfigError, PlanError, describe, nearest
from activeseed.laws.drop import Drop
from activeseed.laws.flip import Flip
from activeseed.laws.group import Group
from activeseed.laws.poisson import Poisson
from activeseed.laws.wordings import Wordings

if TYPE_CHECKING:
    from activeseed.protocols import ReferenceLaw

#: kind -> the law
LAWS: dict[str, ReferenceLaw] = {law.kind: law for law in (Drop(), Flip(), Wordings(), Group(), Poisson())}


def _known(name: str) -> str:
    """Refuses what no law is called, before anything is imported."""
    module, colon, attribute = name.partition(":")
    if name in LAWS or (colon and all(part.isidentifier() for part in (*module.split("."), attribute))):
        return name
    raise ValueError(f"there is no reference law {name!r}.{nearest(name, LAWS)}")


#: the name of a law, as settings have it
LawName = Annotated[str, AfterValidator(_known)]


def law_named(name: str) -> ReferenceLaw:
    """The law of a name. Raises PlanError for an unknown one, ConfigError for one that can't be imported."""
    if name in LAWS:
        return LAWS[name]
    module, colon, attribute = name.partition(":")
    if not colon:
        raise PlanError(f"There is no reference law {name!r}.{nearest(name, LAWS)}")
    try:
        made: ReferenceLaw = getattr(importlib.import_module(module), attribute)()
    except Exception as error:
        raise ConfigError(
            f"law = {name!r} can't be imported: {describe(error)}. Write it as package.module:Name and install it."
        ) from error
    return made


__all__ = ["LAWS", "Drop", "Flip", "Group", "LawName", "Poisson", "Wordings", "law_named"]
