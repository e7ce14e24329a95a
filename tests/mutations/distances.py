"""Small mistakes that the tests of distances have to see."""

from tests.mutations.mutation import Mutation

#: the tests most likely to see them
FIRST: tuple[str, ...] = (
    "tests/unit/test_distances.py",
    "tests/unit/test_distance_estimates.py",
    "tests/contracts/test_distances.py",
    "tests/contracts/test_by_distance.py",
)

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        "activeseed/distances/ensembles.py",
        "all of what lies within is taken off",
        "(w + w.T) / 2.0 for w",
        "w + w.T for w",
    ),
    Mutation(
        "activeseed/distances/ensembles.py", "pairs of equal keys count", "gram.sum(1) - np.diag(gram)", "gram.sum(1)"
    ),
    Mutation(
        "activeseed/distances/ensembles.py",
        "one row too many is left out",
        "(total - 2.0 * others)",
        "(total - others)",
    ),
    Mutation(
        "activeseed/distances/ensembles.py",
        "the bias of a mean is left in",
        "k * whole - (k - 1) * left.mean()",
        "whole",
    ),
    Mutation(
        "activeseed/distances/ensembles.py", "no noise is removed of independent runs", " - sum(within) / 2.0)", ")"
    ),
    Mutation(
        "activeseed/distances/divergences.py", "only what is approved counts", " + atoms(1.0 - p, 1.0 - q), w)", ", w)"
    ),
    Mutation(
        "activeseed/distances/divergences.py",
        "KL the other way round",
        'self.direction == "forward" else (second',
        'self.direction == "reverse" else (second',
    ),
    Mutation("activeseed/distances/divergences.py", "no middle", "m = (p + q) / 2.0", "m = q"),
    Mutation(
        "activeseed/distances/divergences.py", "twice the smoothing", "+ smoothing / atoms", "+ 2.0 * smoothing / atoms"
    ),
    Mutation("activeseed/distances/reading.py", "ties rank below their middle", "(low + high) / 2.0, -1)", "low, -1)"),
    Mutation("activeseed/distances/reading.py", "what is no probability is read", "| (side > 1.0 + SLACK)", ""),
    Mutation("activeseed/distances/ranks.py", "ties are left out of all pairs", " - (p * each) @ q.T", " - each.sum()"),
    Mutation(
        "activeseed/distances/ranks.py",
        "pairs of places without their weights",
        "weights[one] * weights[other]",
        "weights[one]",
    ),
    Mutation("activeseed/distances/sets.py", "ties at the border all count", "above + tied * left", "above + tied"),
    Mutation("activeseed/distances/sets.py", "a threshold that nobody set", "(b > self.threshold)", "(b > 0.5)"),
    Mutation("activeseed/distances/policies.py", "where agents start from", "np.log(w[some]) + ", ""),
    Mutation("activeseed/distances/representations.py", "not centred", "(values - middle) * ", "values * "),
    Mutation(
        "activeseed/distances/representations.py",
        "products that are not squared",
        "(np.swapaxes(x, -1, -2) @ y) ** 2",
        "np.abs(np.swapaxes(x, -1, -2) @ y)",
    ),
    Mutation(
        "activeseed/estimators/distance_products.py",
        "an effect that is taken twice",
        "grams[c.unit][at] += c.weight * found",
        "grams[c.unit][at] += found",
    ),
    Mutation(
        "activeseed/estimators/distance_products.py", "half the spread", "- own.mean()) / 2.0", "- own.mean()) / 4.0"
    ),
    Mutation(
        "activeseed/estimators/distance_products.py",
        "roots that are not roots",
        "np.sqrt(np.maximum(roots, 0.0))",
        "np.maximum(roots, 0.0)",
    ),
    Mutation("activeseed/estimators/distance_products.py", "signs of one side", "dk,ukl,dl->du", "dk,ukl,dk->du"),
)
