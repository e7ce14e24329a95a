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
        "what variants do not explain has too many degrees of freedom",
        "within = (trace - of[fine]) / (n - present[fine])",
        "within = (trace - of[fine]) / (n - 1)",
    ),
    Mutation(
        f"{_HERE}/hanging.py",
        "the largest of many is tested as one",
        "max(min(1.0, others * by_difference), self.by_chance(high))",
        "by_difference",
    ),
    Mutation(
        f"{_HERE}/hanging.py",
        "a member that is left out stays in half of its products",
        "rest = between[mine] - 2.0 * beside",
        "rest = between[mine] - beside",
    ),
    Mutation(
        f"{_HERE}/hanging.py", "an item is named that chance made", "if self.by_chance(largest) < TOLD", "if True"
    ),
    Mutation(
        f"{_HERE}/sweeping.py",
        "all neighbours together are tested at the level of one",
        "level = AGREE / max(1, len(at) - 1)",
        "level = AGREE",
    ),
    Mutation(
        f"{_HERE}/sweeping.py",
        "values that are numbers are swept as they are named",
        "order = sorted(set(chosen), key=lambda c: _sorts(known[c], c, middle))",
        "order = sorted(set(chosen))",
    ),
    Mutation(
        f"{_HERE}/hanging.py",
        "what one variant adds by chance stays in the index",
        "out[fine] = (trace - whole / n) / (n - 1) - within",
        "out[fine] = (trace - whole / n) / (n - 1)",
    ),
)
