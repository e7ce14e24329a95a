"""How a study says how far its trainings have come, and how patiently it waits for people."""

from __future__ import annotations

from collections.abc import Callable

#: seconds between two looks at a channel whose annotators take their time
PATIENCE = 5.0
#: called with (purpose, rows done, rows in all) as batches complete
Progress = Callable[[str, int, int], None]


def silent(_purpose: str, _done: int, _total: int) -> None:
    """No progress is shown."""
