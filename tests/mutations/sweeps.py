"""Small mistakes that the tests of sweeps have to see: where a picture changes, and what an outcome hangs on."""

from tests.mutations.mutation import Mutation

#: the tests most likely to see them
FIRST: tuple[str, ...] = ("tests/unit/test_basins.py", "tests/unit/test_stability.py")

_HERE = "activeseed/analyses/basins"
MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        f"{_HERE}/sweeping.py",
        "one of a few subsets hides a change",
        "first, second = a.again(MANY), b.again(MANY)",
        "pass",
    ),
    Mutation(
        f"{_HERE}/sweeping.py",
        "the number that chance cut is named",
        "return max(first, key=lambda k: first[k]), max(second, key=lambda k: second[k])",
        "return a.swept.number, b.swept.number",
    ),
    Mutation(
        f"{_HERE}/sweeping.py",
        "one of two tests is enough for another item",
        "a.hangs.above(one, two) < level and b.hangs.above(two, one) < level",
        "a.hangs.above(one, two) < level or b.hangs.above(two, one) < level",
    ),
    Mutation(
        f"{_HERE}/hanging.py",
        "an index squares the noise of its key",
        "x @ x.T if second is None else",
        "x @ x.T if True else",
    ),
    Mutation(
        f"{_HERE}/hanging.py",
        "the largest of many is tested as one",
        "max(min(1.0, others * by_difference), self.by_chance(high))",
        "by_difference",
    ),
    Mutation(
        f"{_HERE}/hanging.py",
        "a variant that one member has stays when it is left out",
        "np.where(alone, 0.0, rest / np.maximum(size[mine] - 1, 1))",
        "rest / np.maximum(size[mine] - 1, 1)",
    ),
    Mutation(
        f"{_HERE}/hanging.py", "an item is named that chance made", "if self.by_chance(largest) < TOLD", "if True"
    ),
)
