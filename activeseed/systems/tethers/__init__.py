"""Representational tethers: a model whose insides can be said in human concepts, and said back (Bricman 2022).

`settings` says what it can be set to and `record` is the system; `anchors` reads the seed, `tasks` the pool, `checking`
says what is wrong with either; `bench` lays out what all rows share, `translating` is the model with its translators
and their gradients, `training` trains it, `readouts` reads it, `inside` hands out states and `cost` counts.
"""

from activeseed.systems.tethers.record import RepresentationalTethers

__all__ = ["RepresentationalTethers"]
