"""Small mistakes that the tests of removal have to see."""

from tests.mutations.mutation import Mutation

#: the tests most likely to see them
FIRST: tuple[str, ...] = ("tests/unit/test_removal.py",)

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        "activeseed/analyses/removal/curvature.py",
        "the remainder is dropped",
        "        stays = o.c * np.maximum(-a * q.low, -a * q.high)\n",
        "        stays = np.zeros_like(a)\n",
    ),
    Mutation(
        "activeseed/analyses/removal/curvature.py",
        "one side of the curvature twice",
        "np.maximum(-a * q.low, -a * q.high)",
        "np.minimum(-a * q.low, -a * q.high)",
    ),
    Mutation(
        "activeseed/analyses/removal/curvature.py",
        "an item's own curvature is left in",
        "return Range(self.at.e + self.at.m * go.low, self.at.e + self.at.m * go.high)",
        "return Range(self.at.e, self.at.e)",
    ),
    Mutation(
        "activeseed/analyses/removal/curvature.py",
        "one item fewer is removed",
        "            each = stays.sum(1) + largest(gain, k)\n",
        "            each = stays.sum(1) + largest(gain, k - 1)\n",
    ),
    Mutation(
        "activeseed/analyses/removal/curvature.py",
        "no energy is shared",
        "return float(most**2 if path else end",
        "return float(0.0 if path else 0.5 * end",
    ),
    Mutation(
        "activeseed/analyses/removal/curvature.py",
        "what the solver left is not in",
        "np.abs(solved @ self.at.residual), path=False",
        "0.0 * np.abs(solved @ self.at.residual), path=False",
    ),
    Mutation(
        "activeseed/analyses/removal/curvature.py",
        "half the ball",
        "return float((gone + np.linalg.norm(o.residual)) / o.decay.min())",
        "return float((gone + np.linalg.norm(o.residual)) / (2.0 * o.decay.max()))",
    ),
    Mutation(
        "activeseed/analyses/removal/ranges.py",
        "no stationary points of what is left over",
        "    found += [at(np.clip(end - z, moved.low, moved.high)) for end in (s, -s)]\n",
        "",
    ),
    Mutation(
        "activeseed/analyses/removal/ranges.py",
        "a sum of signed entries",
        "    positive = np.maximum(values, 0.0)\n",
        "    positive = np.minimum(values, 0.0)\n",
    ),
    Mutation(
        "activeseed/analyses/removal/ranges.py",
        "the worst rates first",
        "np.argsort(-rates, axis=1)",
        "np.argsort(rates, axis=1)",
    ),
    Mutation(
        "activeseed/analyses/removal/trajectory.py",
        "the remainder of a descent is dropped",
        "            stays += packed(caps, rates, step.energy)\n",
        "            stays += 0.0 * packed(caps, rates, step.energy)\n",
    ),
    Mutation(
        "activeseed/analyses/removal/trajectory.py",
        "the others don't weigh more",
        "return np.where(sums > 0, self.high * sums, self.low * sums)",
        "return sums",
    ),
    Mutation(
        "activeseed/analyses/removal/trajectory.py",
        "items of a set do nothing to each other",
        "            goes += (self.middle * step.share * step.m)",
        "            goes += 0.0 * (self.middle * step.share * step.m)",
    ),
    Mutation(
        "activeseed/analyses/removal/trajectory.py",
        "the mean slope is not taken off",
        " - own[:, None] * (share @ slope)[None, :]",
        "",
    ),
    Mutation(
        "activeseed/analyses/removal/trajectory.py",
        "smaller sets are left out",
        "return (Drift(descent, k, k),) if k == 1 else (Drift(descent, k, k), Drift(descent, 1, k - 1))",
        "return (Drift(descent, 1, 1),)",
    ),
)
