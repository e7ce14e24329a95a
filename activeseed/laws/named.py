"""Laws by their names: those of this package, and anybody's."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, TypeAlias

from pydantic import AfterValidator

from activeseed.agreeing import said
from activeseed.errors import ConfigError, PlanError, describe, nearest
from activeseed.laws.drift import Drift
from activeseed.laws.drop import Drop
from activeseed.laws.flip import Flip
from activeseed.laws.framing import Framing
from activeseed.laws.group import Group
from activeseed.laws.paraphrase import Paraphrase
from activeseed.laws.poisson import Poisson
from activeseed.laws.wordings import Wordings
from activeseed.seed import Json

if TYPE_CHECKING:
    from activeseed.laws import LawKind
    from activeseed.protocols import Name, ReferenceLaw

#: kind -> the law
LAWS: dict[str, ReferenceLaw] = {
    law.kind: law for law in (Drop(), Flip(), Wordings(), Paraphrase(), Drift(), Framing(), Group(), Poisson())
}


def _known(name: str) -> str:
    """Refuses what no law is called, before anything is imported."""
    module, colon, attribute = name.partition(":")
    if name in LAWS or (colon and all(part.isidentifier() for part in (*module.split("."), attribute))):
        return name
    raise ValueError(f"there is no reference law {name!r}.{nearest(name, LAWS)}")


#: the name of a law, as settings have it
if TYPE_CHECKING:
    LawName: TypeAlias = "LawKind | Name"
else:
    LawName = Annotated[str, AfterValidator(_known)]


def law_known(name: str) -> str:
    """The name itself. Raises PlanError where no law is called so, before anything is imported."""
    try:
        return _known(name)
    except ValueError as error:
        raise PlanError(f"{str(error)[0].upper()}{str(error)[1:]}") from error


def law_named(name: str) -> ReferenceLaw:
    """The law of a name. Raises PlanError for an unknown one, ConfigError for one that can't be imported or used."""
    if law_known(name) in LAWS:
        return LAWS[name]
    module, _, attribute = name.partition(":")
    try:
        made: ReferenceLaw = getattr(importlib.import_module(module), attribute)()
    except Exception as error:
        raise ConfigError(
            f"law = {name!r} can't be imported: {describe(error)}. Write it as package.module:Name and install it."
        ) from error
    if lacking := [part for part in ("kind", "needs_weights", "words", "comparison") if not hasattr(made, part)]:
        raise ConfigError(
            f"law = {name!r} has no {' and no '.join(lacking)}: add what `activeseed.protocols.ReferenceLaw` says."
        )
    return made


def would_import(names: Iterable[str]) -> tuple[str, Json] | None:
    """What an estimator that ranks by these laws would do: see ``protocols.SupportsAgreement``."""
    named: list[Json] = [name for name in names if ":" in name]
    return (f"import {' and '.join(said(str(name)) for name in named)}", named) if named else None
