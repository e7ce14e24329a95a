"""Labels as an estimator is given them: numbers as numbers, truth values as such, everything else as text.

A table of text (CSV) knows no numbers, so a column of which every entry is written like one holds numbers. One column
is of one kind, whichever rows are trained: a row that happens to hold only such texts has no other type than the rest.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from activeseed.errors import PlanError

Label = bool | int | float | str

#: as JSON writes numbers, or with a plus (``+1`` beside ``-1``): ``007`` and ``1e`` are texts
_NUMBER = re.compile(r"[+-]?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_WHOLE = re.compile(r"[+-]?[0-9]+")
#: whole numbers from here on fit no array of numbers; nobody counts so far, they are names
_LARGEST = 2**63


@dataclass(frozen=True)
class Labels:
    """The classes of a column of labels.

    Attributes:
        kind: ``numbers``, ``truth values`` or ``texts``.
        classes: each once, at least one, in order: numbers by size, false before true, texts by their characters.
    """

    kind: str
    classes: tuple[Label, ...]

    @classmethod
    def of(cls, column: Sequence[Any]) -> Labels:
        """The classes of the labels of all items. Raises PlanError for a column of more than one kind."""
        column = [_bare(v) for v in column]
        by_kind = {_kind(v): v for v in column}
        if len(by_kind) > 1:
            # texts of which some look like numbers are texts; a number that somebody put quotes around is a number
            written = {
                "texts" if isinstance(v, str) else _kind(v): v
                for v in column
                if _kind(v) != "numbers" or isinstance(v, str)
            }
            numbers = next((v for v in column if _kind(v) == "numbers" and not isinstance(v, str)), None)
            by_kind = written if numbers is None else {**written, "numbers": numbers}
        if len(by_kind) > 1:
            said = " and ".join(f"{kind} ({by_kind[kind]!r})" for kind in sorted(by_kind))
            raise PlanError(
                f"Labels are of more than one kind, {said}, so they have no order. Write all of them alike."
            )
        kind = next(iter(by_kind), "texts")
        if kind == "numbers" and any(isinstance(c, int) and abs(c) >= _LARGEST for c in (_as(kind, v) for v in column)):
            kind = "texts"
        return cls(kind, tuple(sorted({_as(kind, v) for v in column})))

    def read(self, labels: Sequence[Any]) -> NDArray[Any]:
        """(n,) labels of these items as an estimator takes them."""
        values = [_as(self.kind, _bare(v)) for v in labels]
        if self.kind == "texts":
            return np.array(values, np.str_)
        if self.kind == "truth values":
            return np.array(values, np.bool_)
        whole = all(isinstance(c, int) for c in self.classes)
        return np.array(values, np.int64 if whole else np.float64)

    def named(self, name: Label) -> Label | None:
        """The class that somebody names: as it is, or as it is written; None where there is no such class."""
        name = _bare(name)
        if isinstance(name, str) and self.kind == "numbers" and _NUMBER.fullmatch(name):
            name = float(name)
        if isinstance(name, str) or self.kind == "texts":
            by_text = {str(c).casefold() if self.kind == "truth values" else str(c): c for c in self.classes}
            return by_text.get(str(name).casefold() if self.kind == "truth values" else str(name))
        return next((c for c in self.classes if c == name), None)


def _bare(value: Any) -> Any:
    """A label as Python has it, without the white space around a text: ``yes`` and ``yes `` are one class."""
    if isinstance(value, str):
        return value.strip()
    return value.item() if isinstance(value, np.generic) else value


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "truth values"
    if isinstance(value, str):
        return "numbers" if _NUMBER.fullmatch(value) else "texts"
    if isinstance(value, int | float) and math.isfinite(value):
        return "numbers"
    raise PlanError(
        f"The label {str(value)[:40]!r} is {type(value).__name__}. Labels are texts, finite numbers, or true and false."
    )


def _as(kind: str, value: Any) -> Label:
    if kind == "texts":
        return str(value)
    if kind == "truth values" or isinstance(value, int):
        return cast(Label, value)
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    number = float(value)
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


__all__ = ["Label", "Labels"]
