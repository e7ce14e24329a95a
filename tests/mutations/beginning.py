"""Small mistakes in what a project begins with: beliefs of one number, a partition's columns, the width of a model."""

from tests.mutations.mutation import Mutation

#: the tests most likely to see them
FIRST: tuple[str, ...] = (
    "tests/unit/test_stack_loops.py",
    "tests/unit/test_seed_files.py",
    "tests/unit/test_partition.py",
    "tests/unit/test_tethers.py",
    "tests/integration/test_tethers.py",
)

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        "activeseed/seed.py",
        "what an item has come to be has no part in a belief of one number",
        "belief = spread_belief(item, stays[item.id], rest) if item.id in stays else item.belief",
        "belief = item.belief",
    ),
    Mutation(
        "activeseed/files/reading.py",
        "a base rate for every item is no number of its author's",
        "number = base_rate if belief is None else belief",
        "number = belief",
    ),
    Mutation(
        "activeseed/study/opening.py",
        "a new study spreads beliefs before its perturbations",
        "    seed = spread_anew(seed, stays, chosen.belief.rest)\n",
        "",
    ),
    Mutation(
        "activeseed/study/versions.py",
        "a sync reads beliefs as if nothing had been added",
        "spread_anew(_perturbed(work, with_flips(read.seed)), read.stays, rest)",
        "_perturbed(work, with_flips(read.seed))",
    ),
    Mutation(
        "activeseed/cli/making.py",
        "a partition is asked what it reads, and not its member",
        'return _entries_of("", member[1]) if member else',
        'return () if member else',
    ),
    Mutation(
        "activeseed/cli/making.py",
        "what a member begins with is the partition's",
        '({"system": {member[0]: found["system"]}} if "system" in found else {})',
        "({} if member else {})",
    ),
    Mutation(
        "activeseed/systems/tethers/settings.py",
        "an entry too many for the units is left without one",
        "max(UNITS, -(-entries // ENTRIES_A_UNIT))",
        "max(UNITS, entries // ENTRIES_A_UNIT)",
    ),
    Mutation(
        "activeseed/seed.py",
        "items whose belief is spread anew lose what else they are",
        'getattr(item, name) for name in Item.model_fields} | {"belief": belief}',
        'getattr(item, name) for name in ("id", "payload", "variants")} | {"belief": belief}',
    ),
    Mutation(
        "tests/benchmarks/_stack_loops.py",
        "random order's mistakes come one place early",
        "comb(j - 1, found - 1) * comb(n - j, planted - found)",
        "comb(j, found - 1) * comb(n - j, planted - found)",
    ),
    Mutation(
        "tests/benchmarks/_stack_loops.py",
        "a jackknife without its factor",
        "np.sqrt((n - 1) * left.var())",
        "np.sqrt(left.var())",
    ),
)  # fmt: skip
