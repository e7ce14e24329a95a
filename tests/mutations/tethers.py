"""Small mistakes that the tests of representational tethers have to see."""

from tests.mutations.mutation import Mutation

_T = "activeseed/systems/tethers/"

#: the tests most likely to see them
FIRST: tuple[str, ...] = ("tests/unit/test_tethers.py", "tests/contracts/test_perturbations.py")

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        _T + "translating.py",
        "tension does not pull on the insides themselves",
        "        down -= slope\n",
        "",
    ),
    Mutation(_T + "translating.py", "the link's slope without its factor of two", "here.mul_(2.0 *", "here.mul_(1.0 *"),
    Mutation(
        _T + "translating.py",
        "codes move away from what is rounded to them",
        "expand(-1, -1, k), -slope.transpose",
        "expand(-1, -1, k), slope.transpose",
    ),
    Mutation(
        _T + "translating.py",
        "the second layer's slope does not bend",
        "slope = down * (1.0 - layers[1] * layers[1])",
        "slope = down * (1.0 - layers[1])",
    ),
    Mutation(
        _T + "training.py",
        "directions count as anchors",
        "held = weights * torch.from_numpy(bench.anchors.is_anchor)",
        "held = weights * 1.0",
    ),
    Mutation(
        _T + "training.py",
        "a velocity forgets",
        "velocity.mul_(settings.momentum).add_(slope)",
        "velocity.mul_(0.0).add_(slope)",
    ),
    Mutation(
        _T + "training.py",
        "a direction is put in whole whatever it weighs",
        "whole[at] = (1.0 - share) * whole[at] + share * wanted",
        "whole[at] = wanted",
    ),
    Mutation(
        _T + "readouts.py",
        "a fitted translator shrinks towards nothing, not the middle",
        "(known * (bench.targets - middle))",
        "(known * bench.targets)",
    ),
    Mutation(
        _T + "readouts.py",
        "insides are not centred before they are compared",
        "    h = h - h.mean(2, keepdim=True)\n",
        "",
    ),
    Mutation(
        _T + "readouts.py",
        "entries beside the diagonal count once",
        "torch.where(i == j, 1.0, 2.0**0.5)",
        "torch.where(i == j, 1.0, 1.0)",
    ),
    Mutation(
        _T + "anchors.py",
        "what an anchor leaves out is taken for absent",
        "return values, weights / max(weights.sum(), 1.0)",
        "return values, np.full(k, 1.0 / max(k, 1))",
    ),
    Mutation(
        _T + "checking.py",
        "classes of the pool are no part of a row's name",
        "return {column: [said_of(p, column) for p in materials.pool] for column in columns}",
        "return {column: [] for column in columns}",
    ),
    Mutation(
        "activeseed/perturbations/relabel.py",
        "directions gain concepts",
        ' or "direction" in entry.fields:',
        ":",
    ),
)
