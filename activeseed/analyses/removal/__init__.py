"""Removal: how far leaving out any few items can move what is learned, proved for all sets at once.

`record` is the analysis; `curvature` bounds logistic regression at its optimum and `trajectory` a descent that stopped
early, `bounding` takes whichever fits, `everything` counts out all sets where they are few, `ranges` has what a
logistic unit can do, `finding` is what it ends in and `saying` its words. `interval` is what `trajectory` is compared
with.
"""

from activeseed.analyses.removal.record import RemovalBounds

__all__ = ["RemovalBounds"]
