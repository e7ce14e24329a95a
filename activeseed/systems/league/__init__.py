"""Oversight leagues (Bricman 2022): agents and an evaluator co-train, kick-started by a seed of positive examples.

`record` holds the settings, `training` the loop, `evaluator` and `mlp` the players that judge, `agents` those that
are judged, `opponents` who meets whom, `signals` and `unroll` what keeps the evaluator ahead.
"""

from activeseed.systems.league.record import OversightLeague

__all__ = ["OversightLeague"]
