"""Estimators: from requests for trainings to rankings. Each is a frozen record plus pure functions."""

from activeseed.estimators.leave_one_out import LeaveOneOut
from activeseed.estimators.regression import Regression

__all__ = ["LeaveOneOut", "Regression"]
