"""Estimators: from requests for trainings to rankings. Each is a frozen record plus pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from activeseed.lazy import lazily

if TYPE_CHECKING:
    from activeseed.estimators.auto import Auto
    from activeseed.estimators.bootstrap import Bootstrap
    from activeseed.estimators.by_distance import ByDistance
    from activeseed.estimators.jansen import Jansen
    from activeseed.estimators.leave_one_out import LeaveOneOut
    from activeseed.estimators.null_ladder import NullLadder
    from activeseed.estimators.regression import Regression

__getattr__ = lazily(
    __name__,
    {
        "auto": ("Auto",),
        "bootstrap": ("Bootstrap",),
        "by_distance": ("ByDistance",),
        "jansen": ("Jansen",),
        "leave_one_out": ("LeaveOneOut",),
        "null_ladder": ("NullLadder",),
        "regression": ("Regression",),
    },
)
__all__ = ["Auto", "Bootstrap", "ByDistance", "Jansen", "LeaveOneOut", "NullLadder", "Regression"]
