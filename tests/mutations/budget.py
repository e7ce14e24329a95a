"""Small mistakes that the tests of the variance budget have to see."""

from tests.mutations.mutation import Mutation

#: the tests most likely to see them
FIRST: tuple[str, ...] = ("tests/unit/test_variance_budget.py",)

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        "activeseed/analyses/budget/estimating.py",
        "rows of a product share the other groups, too",
        "_cube(start ^ others, part.sets)",
        "_cube(start, part.sets)",
    ),
    Mutation(
        "activeseed/analyses/budget/estimating.py",
        "differences are not halved",
        "sign * other / 2 ** len(part.sets)",
        "sign * other",
    ),
    Mutation(
        "activeseed/analyses/budget/estimating.py",
        "a re-run's noise stays in what all groups do",
        "tops = tops - every * noise[..., None]",
        "tops = tops - 0.0 * every * noise[..., None]",
    ),
    Mutation(
        "activeseed/analyses/budget/estimating.py",
        "noise stays in the spread",
        "    bottom = whole - floor\n",
        "    bottom = whole\n",
    ),
    Mutation(
        "activeseed/analyses/budget/estimating.py",
        "a part of a block that failed in a row is kept",
        "known = np.isfinite(each).all(-1)",
        "known = np.isfinite(each).any(-1) | True",
    ),
    Mutation(
        "activeseed/analyses/budget/factors.py",
        "the noise of coefficients stays in",
        " - (here * (moments @ there)).sum((0, 2))",
        "",
    ),
    Mutation(
        "activeseed/analyses/budget/factors.py",
        "columns tell of the wrong law",
        "moments.append(np.diag(p) - np.outer(p, p))",
        "moments.append(np.diag(p))",
    ),
    Mutation(
        "activeseed/analyses/budget/blocks.py",
        "both sides of a block are drawn alike",
        "dice.integers(len(choices), size=2)",
        "dice.integers(len(choices), size=1).repeat(2)",
    ),
    Mutation(
        "activeseed/analyses/budget/blocks.py",
        "blocks share their keys",
        "sub = b * (self.within + self.beside) + t",
        "sub = t",
    ),
    Mutation(
        "activeseed/analyses/budget/blocks.py",
        "rows come back in the order in which they were trained",
        "out[:, list(self._order)] = sorted_",
        "out[:, :] = sorted_",
    ),
    Mutation(
        "activeseed/analyses/budget/record.py",
        "values that don't train are drawn",
        "if (g, s, c) not in reasons",
        "if True",
    ),
    Mutation(
        "activeseed/analyses/budget/intervals.py",
        "ends of the bootstrap-t are taken the wrong way round",
        "low = _fieller(top, under, v_top, v_under, both, most, 0.0)",
        "low = _fieller(top, under, v_top, v_under, both, -least, 0.0)",
    ),
    Mutation(
        "activeseed/analyses/budget/intervals.py",
        "resamples are held against the whole sample's error",
        "variance = np.maximum(times @ apart**2 - mean**2, 0.0) / (blocks - 1)",
        "variance = (apart**2).mean(-2, keepdims=True) / (blocks - 1)",
    ),
    Mutation(
        "activeseed/analyses/budget/intervals.py",
        "rounding counts as what blocks differ in",
        "np.abs(apart) <= rounding",
        "np.abs(apart) < 0.0 * rounding",
    ),
    Mutation(
        "activeseed/analyses/budget/factors.py",
        "a jackknife's parts are not blown up to what a group adds",
        "whole - (len(left) - 1) * (left - left.mean(0))",
        "whole - (left - left.mean(0))",
    ),
    Mutation(
        "activeseed/analyses/budget/record.py",
        "rows that are drawn alike share their noise",
        "fresh=again is not None, may_fail=True",
        "fresh=False, may_fail=True",
    ),
    Mutation(
        "activeseed/analyses/budget/record.py",
        "blocks become few where settings of many levels vary",
        "max(COMBINATIONS, SEVERAL_BLOCKS * several)",
        "COMBINATIONS",
    ),
)
