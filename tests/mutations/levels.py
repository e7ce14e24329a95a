"""Small mistakes that the tests of masks, prompts, momentum and ranges of learning rates have to see."""

from tests.mutations.mutation import Mutation

#: the tests most likely to see them
FIRST: tuple[str, ...] = (
    "tests/unit/test_masking.py",
    "tests/unit/test_descending.py",
    "tests/unit/test_rates.py",
    "tests/unit/test_prompting.py",
    "tests/unit/test_own_parameters.py",
)

_M, _R, _P, _F = (
    "activeseed/analyses/masking/", "activeseed/analyses/rates/", "activeseed/analyses/prompting/",
    "activeseed/systems/fields/",
)  # fmt: skip

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(_M + "masks.py", "what is kept is not scaled", "w * ((u >= rate) / (1.0 - rate))", "w * (u >= rate)"),
    Mutation(
        _M + "masks.py", "inputs are masked as units of a deep network, too",
        "hidden = layer > 0 or len(layout.widths) == 2", "hidden = True",
    ),
    Mutation(
        _M + "curves.py", "a mask is paired with itself",
        "(total - square.sum(1)) / (masks * (masks - 1))", "total / masks**2",
    ),
    Mutation(
        _M + "curves.py", "noise stays in the squared distance of two samples",
        "return float(((x.mean(0) - y.mean(0)) ** 2 - noise).mean())",
        "return float(((x.mean(0) - y.mean(0)) ** 2 - 0.0 * noise).mean())",
    ),
    Mutation(
        _F + "descending.py", "slopes are not masked", "slopes = masked(slopes, self._factors)", "slopes = list(slopes)"
    ),
    Mutation(
        _F + "descending.py", "decay is left out under momentum",
        "                velocity.sub_(param, alpha=decay)", "                velocity.sub_(param, alpha=0.0 * decay)",
    ),
    Mutation(
        _F + "descending.py", "the same masks in every step",
        "self._drawn(SPAN, _TRAINING, span)", "self._drawn(SPAN, _TRAINING, 0)",
    ),
    Mutation(
        _F + "descending.py", "a mask on units takes the place of that on weights",
        "factor if before is None else before * factor", "factor",
    ),
    Mutation(_F + "mlp.py", "a root of the width is missing", "(rate / self.hidden**0.5, decay)", "(rate, decay)"),
    Mutation(
        _R + "ranges.py", "the run that is taken is not the nearest",
        "np.argmin(away[near])", "np.argmax(away[near])",
    ),
    Mutation(
        _R + "ranges.py", "the ends are swapped when they are halved",
        "                inside[end, mine[arrived]] = rate\n", "                inside[end, mine[~arrived]] = rate\n",
    ),
    Mutation(
        _P + "measuring.py", "a spread is divided by one wording too many",
        "np.sqrt(max(1, points.shape[1] - 1))", "np.sqrt(max(1, points.shape[1]))",
    ),
    Mutation(
        "activeseed/systems/own/varying.py", "what stands is the last that is named",
        "return {name: v.values[0] for name, v in varies.items()}",
        "return {name: v.values[-1] for name, v in varies.items()}",
    ),
    Mutation(
        _P + "measuring.py", "what probes do to each other is taken to be known",
        "_over(own, spread(features[None, at])[0])", "_over(spread(points)[0], spread(features[None])[0])",
    ),
    Mutation(
        _R + "record.py", "one key of several that arrives is exact",
        "exact = len(known) == 1", "exact = known.sum() == 1",
    ),
)  # fmt: skip
