"""Small mistakes that the tests of PreDCA-shaped assistance, and of entries as people see them, have to see."""

from tests.mutations.mutation import Mutation

#: the tests most likely to see them
FIRST: tuple[str, ...] = ("tests/unit/test_predca.py", "tests/unit/test_entries_asked.py")

_P = "activeseed/systems/predca/"

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        _P + "judging.py",
        "policies that are as good as the candidate are not counted",
        "np.searchsorted(ascending, mine[:, m] - EQUAL, side=",
        "np.searchsorted(ascending, mine[:, m] + EQUAL, side=",
    ),
    Mutation(
        _P + "judging.py",
        "utilities are as likely however long they take to say",
        "    log = g - bits\n",
        "    log = g\n",
    ),
    Mutation(
        _P + "judging.py",
        "the AI is absent for the candidate's own sake, whoever else builds it",
        "needed = others * course.built[0] / out.present[n]",
        "needed = 1.0",
    ),
    Mutation(
        _P + "judging.py",
        "what a candidate says it wants is not heard",
        "            if candidate.utility is not None:\n",
        "            if candidate.utility is not None and n < 0:\n",
    ),
    Mutation(
        _P + "assisting.py",
        "a candidate under whom the AI would hardly run counts as much",
        "likely = share * present * precursor * passes",
        "likely = share * precursor * passes",
    ),
    Mutation(
        _P + "assisting.py",
        "an AI without a user does something",
        "        off = nobody >= 1.0\n",
        "        off = nobody > 1.0\n",
    ),
    Mutation(
        _P + "assisting.py",
        "one of the best policies is enough",
        ">= value.max(1, keepdims=True) - EQUAL)",
        "> value.max(1, keepdims=True) + EQUAL)",
    ),
    Mutation(
        _P + "assisting.py",
        "policies that only partly fit into the quantile are taken whole",
        "weight = above + level * left / level.sum(1, keepdims=True)",
        "weight = above + level",
    ),
    Mutation(
        _P + "enumerating.py",
        "what was built before is forgotten",
        'unbuilt = np.einsum("ns,nst->nt", unbuilt, chains) * (1.0 - body.builds)',
        "unbuilt = here * (1.0 - body.builds)",
    ),
    Mutation(
        _P + "enumerating.py",
        "a table is as long however often a value occurs",
        "arrangements = math.lgamma(n + 1) - sum(math.lgamma(c + 1) for c in counts.values())",
        "arrangements = math.lgamma(n + 1)",
    ),
    Mutation(
        "activeseed/entries.py",
        "what is left out of a change is lost",
        "    kept = {**before.fields, **fields}\n",
        "    kept = {**fields}\n",
    ),
    Mutation(
        "activeseed/resolution/votes.py",
        "a new entry is added again where its kin have changed",
        "== (answer.id, line) for i in self.items.values()):",
        "== (answer.id, -1) for i in self.items.values()):",
    ),
)
