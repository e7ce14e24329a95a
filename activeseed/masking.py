"""Secrets in settings: what is written down or shown of them is their name, never their value.

A secret is what stands in an ``environment`` or under a name like ``api_key``, and the password in an address.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

MASK = "***"
#: a shorter value is no secret, and would be found in every other word
SHORTEST = 6

_NAMES = re.compile(
    r"passw|secret|token(?!_file)|credential|api_?key|access_?key|private_?key|^auth(?!orit|ors?$)", re.IGNORECASE
)
_PASSWORD = re.compile(r"(?<=://)([^\s/@:]*):([^\s/]+)@")
_QUERY = re.compile(r"([?&][^=&\s]*(?:passw|secret|token|key)[^=&\s]*=)([^&\s]+)", re.IGNORECASE)


def is_secret(name: str) -> bool:
    """Whether a setting of this name holds a secret."""
    return bool(_NAMES.search(name))


def masked(value: Any, hidden: bool = False) -> Any:
    """A record of settings with every secret masked; other values, and all names, stay.

    Args:
        hidden: whether the value stands below the name of a secret.
    """
    if isinstance(value, Mapping):
        return {k: masked(v, hidden or k == "environment" or is_secret(str(k))) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [masked(v, hidden) for v in value]
    if hidden and value not in ("", None) and not isinstance(value, bool):
        return MASK
    return masked_text(value) if isinstance(value, str) else value


def masked_text(text: str) -> str:
    """A text with the passwords of the addresses in it masked."""
    return _QUERY.sub(rf"\1{MASK}", _PASSWORD.sub(rf"\1:{MASK}@", text)) if "://" in text else text


def secrets_in(value: Any, hidden: bool = False) -> Iterator[str]:
    """Every secret in a record of settings, itself."""
    if isinstance(value, Mapping):
        for k, v in value.items():
            yield from secrets_in(v, hidden or k == "environment" or is_secret(str(k)))
    elif isinstance(value, list | tuple):
        for v in value:
            yield from secrets_in(v, hidden)
    elif isinstance(value, str):
        yield from (found[1] for found in (*_PASSWORD.findall(value), *_QUERY.findall(value)) if "://" in value)
        if hidden:
            yield value


def without(text: str, secrets: Iterable[str]) -> str:
    """A text in which none of these secrets is left, such as what a program that knows them has said."""
    for secret in sorted({s for s in secrets if len(s) >= SHORTEST}, key=len, reverse=True):
        text = text.replace(secret, MASK)
    return text
