"""What a trainer's code warns of, noted in place of being shown once a training by every worker.

Whoever collects the outcomes shows each warning once, and says in the end how often it came.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from activeseed.outcome import Warned, summed

TEXT_LENGTH = 300  # characters of a warning that are kept
MOST = 20  # different warnings of a batch that are kept


@contextmanager
def listening() -> Iterator[list[Warned]]:
    """Within it, warnings that the filters let through are noted in the list that it gives, each place once."""
    heard: list[Warned] = []

    def note(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        name = f"{category.__module__}.{category.__qualname__}"
        text = " ".join(str(message).split()).encode("utf-8", "replace").decode()
        heard[:] = summed([*heard, Warned(name, filename, lineno, text[:TEXT_LENGTH])])[:MOST]

    with warnings.catch_warnings():
        warnings.showwarning = note
        yield heard


_shown: set[tuple[str, str, int]] = set()


def show(warned: tuple[Warned, ...]) -> None:
    """Show what this process has not shown yet, as Python shows warnings and as its filters say."""
    for each in warned:
        place = (each.category, each.file, each.line)
        if place in _shown:
            continue
        _shown.add(place)
        module, _, name = each.category.rpartition(".")
        known = getattr(sys.modules.get(module), name, None)
        category = known if isinstance(known, type) and issubclass(known, Warning) else UserWarning
        try:
            warnings.warn_explicit(each.text, category, each.file, each.line)
        except Warning:
            continue  # turned into an error: in the trainer it would have been one, here it is too late
