"""Oversight leagues (Bricman 2022): agents and an evaluator co-train, kick-started by a seed of positive examples.

`settings` and `record` say what a league is, `checking` what it can be trained on; `training` holds the loop, `agents`
those that are judged, `opponents` who meets whom, `signals` and `unroll` what keeps the evaluator ahead, `board` what
all rows share, `cost` what a row takes, `gradients` the way back. The evaluators are stacked score fields
(`systems.fields`).
"""

from activeseed.systems.league.record import OversightLeague

__all__ = ["OversightLeague"]
