"""Which systems can do what one can't: said wherever one is refused."""

from __future__ import annotations

from activeseed.config import FAMILIES, record_type
from activeseed.errors import MissingExtraError


def systems_with(method: str, own: str) -> str:
    """Kinds of this package that have a method, and what one's own has to have, as a list in words.

    >>> from activeseed.study.able import systems_with
    >>> systems_with("explain", "a system of your own that has `explain`")
    "'inference_engine', a system of your own that has `explain`"
    """
    able = []
    for kind in FAMILIES["system"]:
        try:
            record = record_type("system", kind)
        except (ImportError, MissingExtraError):  # what is not installed can't do it here
            continue
        if hasattr(record, method):
            able.append(repr(kind))
    return ", ".join([*able, own])
