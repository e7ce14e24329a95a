"""The variance budget: which level of the stack, and which of its factors, the final spread comes from.

`record` is the analysis; `coordinates` says what varies, `blocks` makes the rows, `estimating` cuts a spread into
shares, from points alone, so that whole studies can be cut as trainings are; `factors` cuts a group's share into its
factors', `singling` and `telling` make the tables, `found` is what it ends in.
"""

from activeseed.analyses.budget.record import VarianceBudget

__all__ = ["VarianceBudget"]
