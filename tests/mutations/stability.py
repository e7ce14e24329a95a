"""Small mistakes that the tests of stability have to see."""

from tests.mutations.mutation import Mutation

#: the tests most likely to see them
FIRST: tuple[str, ...] = ("tests/unit/test_stability.py",)

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        "activeseed/analyses/stability/washing.py",
        "a spread squares the noise of its key",
        "    other = first if second is None else second\n",
        "    other = first\n",
    ),
    Mutation(
        "activeseed/analyses/stability/washing.py",
        "a ratio is upside down",
        "    value = top.value / bottom.value\n",
        "    value = bottom.value / top.value if top.value else 0.0\n",
    ),
    Mutation(
        "activeseed/analyses/stability/washing.py",
        "products of named starts hold those of one key",
        "    others = products.sum(1) - np.diag(products)\n",
        "    others = products.sum(1)\n",
    ),
    Mutation(
        "activeseed/analyses/stability/washing.py",
        "two starts that judge alike disagree",
        "2.0 * count * (n - count) / (n * (n - 1))",
        "2.0 * count * (n - count) / (n * n)",
    ),
    Mutation(
        "activeseed/analyses/stability/starting.py",
        "unrelated seeds are the plausible ones",
        "            p[f] = 0.5 * others / total\n            p[f, stands] = 0.5\n",
        "            p[f] = near.probabilities[f]\n",
    ),
    Mutation(
        "activeseed/analyses/stability/starting.py",
        "the share of entries in which seeds differ is forgotten",
        "    ratio = ratio_of(top.times(1.0 / share), bottom)\n",
        "    ratio = ratio_of(top, bottom)\n",
    ),
    Mutation(
        "activeseed/analyses/stability/starting.py",
        "starts share their other keys",
        "return [rows, with_keys(rows, rows.keys + len(rows))] if others else [rows]",
        "return [rows, rows] if others else [rows]",
    ),
    Mutation(
        "activeseed/analyses/stability/sweeping.py",
        "values at which nothing trains are no change",
        "a.swept.trained < FAIL * asked]",
        "a.swept.trained > asked]",
    ),
    Mutation(
        "activeseed/analyses/stability/matrix.py",
        "seeds that end alike at every value hold a picture",
        "return bool(trained) and not any(trained)",
        "return False",
    ),
    Mutation(
        "activeseed/analyses/stability/difference.py",
        "another trainer is trained as this one",
        "    return replace(rows, variants=np.concatenate([rows.variants, stands], 1))\n",
        "    return rows\n",
    ),
    Mutation(
        "activeseed/analyses/stability/matrix.py",
        "what grows is said to wash out",
        '        if self.ratio.low > 1.0:\n            return "grows"\n',
        '        if self.ratio.low > 1.0:\n            return "washes out"\n',
    ),
    Mutation(
        "activeseed/analyses/stability/difference.py",
        "noise of one trainer is squared where the other has none",
        "again = _again(first)[one] - _again(second)[two]",
        "again = gap if first.second is None or second.second is None else _again(first)[one] - _again(second)[two]",
    ),
    Mutation(
        "activeseed/analyses/stability/record.py",
        "values that the inputs don't bear are swept",
        "tuple(c for c in chosen if not problem.refused(s, c))",
        "tuple(chosen)",
    ),
    Mutation(
        "activeseed/analyses/stability/sweeping.py",
        "a sweep at which nothing trains is a fault",
        "purpose, may_fail=True)",
        "purpose)",
    ),
)
