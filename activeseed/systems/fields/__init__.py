"""Stacked score fields: R small models, one for each row of a plan, moved together by plain gradient descent.

`points` is what they are read at, `field` the protocol, `linear` and `mlp` the two kinds, `draws` their key streams.
"""
