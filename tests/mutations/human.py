"""Small mistakes that the tests of the human level have to see."""

from tests.mutations.mutation import Mutation

_H = "activeseed/stack/human/"

#: the tests most likely to see them
FIRST: tuple[str, ...] = ("tests/unit/test_human_level.py", "tests/integration/test_human_level.py")

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        _H + "runs.py",
        "the second draw where the bit is not set",
        "return 2 * self.block + (self.mask >> factor & 1)",
        "return 2 * self.block + 1 - (self.mask >> factor & 1)",
    ),
    Mutation(
        _H + "runs.py",
        "both draws of a block are one",
        "return (first + further * second) % choices",
        "return first % choices",
    ),
    Mutation(
        _H + "runs.py",
        "second draws have an order of their own",
        "return (first + further * second) % choices",
        "return further if second else first",
    ),
    Mutation(
        _H + "runs.py",
        "one block fewer",
        "for block in range(-(-studies // size)):",
        "for block in range(studies // size):",
    ),
    Mutation(
        _H + "drafts.py",
        "what is meant and what is credible don't change places",
        "return np.where(draws == credible, right, np.where(draws == right, credible, draws))",
        "return np.where(draws == credible, right, draws)",
    ),
    Mutation(
        _H + "drafts.py",
        "a draft is believed as the seed is",
        "place = {stands: first, first: stands}",
        "place = {stands: stands, first: first}",
    ),
    Mutation(
        _H + "apart.py",
        "the whole squared distance is noise",
        "return np.asarray(0.5 * (twice**2)",
        "return np.asarray((twice**2)",
    ),
    Mutation(
        _H + "apart.py",
        "noise is left in what two drafts are apart",
        " - noise_of(first, again), np.float64)",
        " + 0.0 * noise_of(first, again), np.float64)",
    ),
    Mutation(
        _H + "apart.py",
        "another factor's bit",
        "one = masks[(masks >> which & 1) == 0]",
        "one = masks[(masks >> which & 1) == 1]",
    ),
    Mutation(
        _H + "apart.py",
        "seeds are twice as far apart",
        "math.sqrt(2.0 * variants.shape[-1])",
        "math.sqrt(variants.shape[-1])",
    ),
    Mutation(
        _H + "one.py",
        "squares of one key's noise stay in",
        "return float((a.sum(0) @ b.sum(0) - (a * b).sum()) / (n * (n - 1)))",
        "return float(a.sum(0) @ b.sum(0) / (n * n))",
    ),
    Mutation(
        _H + "moving.py",
        "the first half is the second",
        "(given[1:] > given[-1] / 2.0)",
        "(given[1:] < given[-1] / 2.0)",
    ),
    Mutation(
        _H + "telling.py",
        "a difference is taken the wrong way round",
        "float(np.nanmean(means[1]) - np.nanmean(means[0]))",
        "float(np.nanmean(means[1]) + np.nanmean(means[0]))",
    ),
    Mutation(_H + "telling.py", "degrees of freedom that were spent", "degrees = len(y) - rank", "degrees = len(y)"),
    Mutation(
        "activeseed/study/state.py",
        "a seed is taken to begin as written",
        "        self.start = dict(seed.standing)",
        "        self.start = {}",
    ),
)
