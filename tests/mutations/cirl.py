"""Small mistakes that the tests of CIRL games have to see."""

from tests.mutations.mutation import Mutation

#: the tests most likely to see them
FIRST: tuple[str, ...] = (
    "tests/unit/test_cirl.py", "tests/unit/test_cirl_apprenticeship.py", "tests/unit/test_cirl_files.py",
    "tests/unit/test_reweigh.py",
)  # fmt: skip

_C = "activeseed/systems/cirl/"

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        _C + "solving.py",
        "the pointwise maximum over what follows: the robot knows θ from then on",
        "            alpha = self.discount * chance * self.after[state].alpha\n",
        "            alpha = self.discount * chance * self.after[state].alpha.max(0, keepdims=True)\n",
    ),
    Mutation(
        _C + "solving.py",
        "chances of the next states are left out",
        "self.discount * chance * self.after[state].alpha\n",
        "self.discount * self.after[state].alpha\n",
    ),
    Mutation(
        _C + "solving.py",
        "a literal human's policy is left out",
        "part = self.acts[:, s, h] * q if literal else q",
        "part = q",
    ),
    Mutation(
        _C + "solving.py",
        "a Boltzmann human answers to the last action's value alone",
        "(self.human.policy(q) * q).sum(0)",
        "(self.human.policy(q[:1] + 0 * q) * q).sum(0)",
    ),
    Mutation(
        _C + "solving.py",
        "continuations are pruned where all were asked for",
        'prune = distinct if human.responds and continuations == "all" else best_somewhere',
        "prune = best_somewhere",
    ),
    Mutation(
        _C + "humans.py",
        "a Boltzmann human who errs the wrong way",
        "np.exp(self.beta * (values - top))",
        "np.exp(-self.beta * (values - top))",
    ),
    Mutation(
        _C + "pruning.py",
        "witnesses of what is needed are not followed up",
        "        needed = gains > MARGIN\n",
        "        needed = gains > 1.0\n",
    ),
    Mutation(
        _C + "pruning.py",
        "a mixture rules out what is anywhere below it",
        "ruled |= (v[left] <= mixture).all(1)",
        "ruled |= (v[left] <= mixture).any(1)",
    ),
    Mutation(
        _C + "following.py",
        "the robot reads what the human really does, not what it takes them to do",
        "                        said.append(expected[h])\n",
        "                        said.append(done[h])\n",
    ),
    Mutation(
        _C + "following.py",
        "what is impossible wipes the belief out",
        "np.where(total > 0, joint / np.where(total > 0, total, 1.0), before)",
        "joint / np.where(total > 0, total, 1.0)",
    ),
    Mutation(
        _C + "following.py",
        "the human anticipates the robot's model of them in place of themselves",
        "done = self.actual.policy(literal if self.actual.literal else real)",
        "done = self.solution.human.policy(literal if self.actual.literal else real)",
    ),
    Mutation(
        _C + "playing.py",
        "ties are broken by the order of the plans",
        "        mean = alpha.mean(1)\n",
        "        mean = np.zeros(len(alpha))\n",
    ),
    Mutation(
        _C + "pieces.py",
        "pieces of one objective don't add up",
        "        masses = np.asarray(weights, np.float64) @ each\n",
        "        masses = (np.asarray(weights, np.float64)[:, :, None] * each[None]).max(1)\n",
    ),
    Mutation(
        _C + "apprenticing.py",
        "a weight is no exponent",
        "    out = weights @ np.where(never, 0.0, said)\n",
        "    out = (weights > 0) @ np.where(never, 0.0, said)\n",
    ),
    Mutation(
        _C + "apprenticing.py",
        "the robot plays the best of the most credible objective",
        '        mean = np.einsum("ro,osa->rsa", beliefs, self.pay)\n',
        "        mean = self.pay[beliefs.argmax(1)]\n",
    ),
    Mutation(
        _C + "reading.py",
        "ends count as though they were sure",
        "transitions[here][..., ends].sum(-1)",
        "(transitions[here][..., ends] > 0).any(-1)",
    ),
    Mutation(
        "activeseed/perturbations/reweigh.py",
        "factors are added",
        "            product = now * factor\n",
        "            product = now + factor\n",
    ),
)
