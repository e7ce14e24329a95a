"""Executors: where trainings run. ``in_process`` for batched systems, ``processes`` for one row at a time."""

from activeseed.executors.in_process import InProcess
from activeseed.executors.processes import Processes

__all__ = ["InProcess", "Processes"]
