"""Executors: where trainings run. ``in_process`` for batched systems, ``processes`` for one row at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from activeseed.lazy import lazily

if TYPE_CHECKING:
    from activeseed.executors.in_process import InProcess
    from activeseed.executors.processes import Processes

__getattr__ = lazily(__name__, {"in_process": ("InProcess",), "processes": ("Processes",)})
__all__ = ["InProcess", "Processes"]
