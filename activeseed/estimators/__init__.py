"""Estimators: from requests for trainings to rankings. Each is a frozen record plus pure functions."""

from activeseed.estimators.auto import Auto
from activeseed.estimators.bootstrap import Bootstrap
from activeseed.estimators.jansen import Jansen
from activeseed.estimators.leave_one_out import LeaveOneOut
from activeseed.estimators.null_ladder import NullLadder
from activeseed.estimators.regression import Regression

__all__ = ["Auto", "Bootstrap", "Jansen", "LeaveOneOut", "NullLadder", "Regression"]
