"""The variance budget: which level of the stack, and which of its factors, the final spread comes from.

`estimating` cuts a spread into shares, from points alone, so that whole studies can be cut as trainings are.
"""
