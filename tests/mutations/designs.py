"""Small mistakes that the tests of designs have to see."""

from tests.mutations.mutation import Mutation

#: the tests most likely to see them
FIRST: tuple[str, ...] = ("tests/unit/test_designs.py", "tests/integration/test_designs.py")

_HERE = "activeseed/stack/designs"
MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        f"{_HERE}/once.py",
        "what keys and probes do together is counted twice",
        "np.eye(len(size)) - back @ shared @ back.T",
        "np.eye(len(size))",
    ),
    Mutation(
        f"{_HERE}/once.py",
        "what is left of a table keeps what its rows do",
        "rest = rest - rest.mean(1, keepdims=True) - rest.mean(0) + rest.mean()",
        "rest = rest - rest.mean(0)",
    ),
    Mutation(
        f"{_HERE}/once.py",
        "what probes do is not that of a sample",
        "np.sqrt(size / np.maximum(size - 1.0, 1.0))",
        "np.sqrt(size / 2.0)",
    ),
    Mutation(
        f"{_HERE}/together.py",
        "noise is left in what designs are",
        "apart = seen - still",
        "apart = seen",
    ),
    Mutation(
        f"{_HERE}/together.py",
        "where noise is all, what was seen rules out every correlation",
        "1.0 - lower / min(1.0, 2.0 * lower[0])",
        "1.0 - lower",
    ),
    Mutation(
        f"{_HERE}/together.py",
        "an interval is of the normal correlation, not of ranks",
        "return 6.0 / math.pi * math.asin(rho / 2.0)",
        "return rho",
    ),
    Mutation(
        f"{_HERE}/measured.py",
        "what two numbers share is taken twice",
        "-theirs.influence if mine is None else mine.influence - theirs.influence",
        "-theirs.influence if mine is None else mine.influence + theirs.influence",
    ),
    Mutation(f"{_HERE}/measured.py", "a variance is not that of a sample", "n / max(n - 1, 1) * float", "1.0 * float"),
    Mutation(
        f"{_HERE}/measuring.py", "noise is squared", "x, y = mine[fine, 0], mine[fine, -1]", "x = y = mine[fine, 0]"
    ),
    Mutation(
        f"{_HERE}/measuring.py",
        "a block of so many draws has as many degrees of freedom",
        "degrees.append(max(0, len(x) - 1))",
        "degrees.append(len(x))",
    ),
    Mutation(
        f"{_HERE}/measuring.py",
        "an AUC's pairs are the other way round",
        "(approve[:, None] > reject)",
        "(approve[:, None] < reject)",
    ),
    Mutation(
        f"{_HERE}/measuring.py",
        "a log ratio's denominator moves it the wrong way",
        "part.influence / top - parts[1][name].influence / bottom",
        "part.influence / top + parts[1][name].influence / bottom",
    ),
    Mutation(
        f"{_HERE}/front.py", "equal designs beat each other", "& (theirs > mine).any(-1)", "& (theirs >= mine).any(-1)"
    ),
    Mutation(
        f"{_HERE}/front.py",
        "what is worse in one thing is beaten",
        "(theirs >= mine).all(-1) &",
        "(theirs >= mine).any(-1) &",
    ),
    Mutation(f"{_HERE}/together.py", "few designs tell much", "ENOUGH_DESIGNS = 5", "ENOUGH_DESIGNS = 3"),
    Mutation(
        f"{_HERE}/runs.py",
        "the seed as it stands is drawn as well",
        "variants[:, -1] = problem.base[:items]",
        "variants[:, -1] = variants[:, 0]",
    ),
    Mutation(
        f"{_HERE}/runs.py",
        "two blocks share a key",
        "WIDTH * np.arange(self.blocks)",
        "np.arange(self.blocks)",
    ),
    Mutation(
        f"{_HERE}/runs.py",
        "a smaller seed is the rest",
        "order[max(1, round(self.share * len(order))) :]",
        "order[: max(1, round(self.share * len(order)))]",
    ),
    Mutation(
        f"{_HERE}/places.py",
        "some places weigh as they did among all",
        "np.sqrt(weights[self.at] / weights[self.at].sum() / weights[self.at])",
        "np.sqrt(weights[self.at] / weights[self.at])",
    ),
    Mutation(
        f"{_HERE}/telling.py",
        "the source picks the least stable",
        "at = int(np.argmin([m.value for m in spreads]))",
        "at = int(np.argmax([m.value for m in spreads]))",
    ),
)
