"""How a study says how far its trainings have come."""

from __future__ import annotations

from collections.abc import Callable

#: called with (purpose, rows done, rows in all) as batches complete
Progress = Callable[[str, int, int], None]


def silent(_purpose: str, _done: int, _total: int) -> None:
    """No progress is shown."""
