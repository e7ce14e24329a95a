"""Forms of somebody's own: what one has to have to stand beside the package's."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from activeseed.errors import ConfigError
from activeseed.protocols import Form
from activeseed.questions import FORMS

#: what every form has; see ``activeseed.protocols.Form``
PARTS = (
    "kind", "replies", "about", "sighted", "asks", "titled", "fields", "title", "people", "minutes", "settles",
    "simulated",
)  # fmt: skip
#: names that are taken: a batch about items is asked for by this one
_TAKEN = ("items",)
_KIND = re.compile(r"[a-z][a-z0-9_]{1,39}")


def own_forms(forms: Iterable[Any]) -> dict[str, Form]:
    """Kind -> form. Raises ConfigError for one that lacks something, or whose name is taken."""
    found: dict[str, Form] = {}
    for form in forms:
        name = f"The form {type(form).__name__}"
        missing = next((part for part in PARTS if not hasattr(form, part)), None)
        if missing is not None:
            raise ConfigError(
                f"{name} in [[questions]] has no {missing!r}. A form has all that activeseed.protocols.Form says; "
                "activeseed.testing.check_form names what is wrong with one."
            )
        kind = form.kind
        if not isinstance(kind, str) or not _KIND.fullmatch(kind):
            raise ConfigError(
                f"{name} in [[questions]] calls itself {str(kind)[:60]!r}. Its kind is a word of small letters, digits "
                "and '_', such as 'rate_it'."
            )
        if kind in FORMS or kind in found or kind in _TAKEN:
            raise ConfigError(f"{name} in [[questions]] calls itself {kind!r}, which is taken. Give it another kind.")
        found[kind] = form
    return found


__all__ = ["PARTS", "own_forms"]
