"""What analyses of the networks behind outcomes need: that there are some, of a known shape."""

from __future__ import annotations

from activeseed.errors import PlanError
from activeseed.networks import Layout
from activeseed.protocols import NETWORK, Problem


def layout_of(problem: Problem) -> Layout:
    """The shape of the networks. Raises PlanError where outcomes are no known function of an input."""
    if problem.layout is None or NETWORK not in problem.states or problem.materials is None:
        raise PlanError(
            "This system hands out no network of its outcome (activeseed.protocols.SupportsNetworks), so nothing can "
            "be dreamed or proved of it, nor masked in it. A league whose outcome is the evaluator, a linear reward "
            "model, and linear models and perceptrons of scikit-learn do. For any other, sort texts by how far "
            "outcomes differ: make them probes, and compare two outcomes there."
        )
    return problem.layout
