"""Small mistakes that the tests of bounding have to see."""

from tests.mutations.mutation import Mutation

#: the tests most likely to see them
FIRST: tuple[str, ...] = ("tests/unit/test_bounding.py",)

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        "activeseed/bounding/backward.py",
        "a bias is dropped",
        "        term = _dot(slopes, stack.biases[k])\n",
        "        term = 0.0 * _dot(slopes, stack.biases[k])\n",
    ),
    Mutation(
        "activeseed/bounding/backward.py",
        "the slack is added the wrong way",
        "constants - self.slack",
        "constants + self.slack",
    ),
    Mutation(
        "activeseed/bounding/backward.py",
        "a multiplier pays for the wrong side",
        "slopes = slopes - low + high",
        "slopes = slopes + low - high",
    ),
    Mutation(
        "activeseed/bounding/backward.py",
        "a multiplier of a difference lifts both units",
        "torch.stack([low - high, high - low])",
        "torch.stack([low - high, low - high])",
    ),
    Mutation(
        "activeseed/bounding/relaxations.py",
        "lines of ReLU are flipped",
        "torch.where(weights >= 0, least, self.chord)",
        "torch.where(weights >= 0, self.chord, least)",
    ),
    Mutation(
        "activeseed/bounding/relaxations.py",
        "lines of a curve are flipped",
        "weights * torch.where(rising, least, most)",
        "weights * torch.where(rising, most, least)",
    ),
    Mutation(
        "activeseed/bounding/relaxations.py",
        "lines of a difference are flipped",
        "constant = mu * torch.where(rising, least, most)",
        "constant = mu * torch.where(rising, most, least)",
    ),
    Mutation(
        "activeseed/bounding/relaxations.py",
        "what is mixed in is not taken out of the second network",
        "rest = torch.stack([weights[0] + mu, weights[1] - mu])",
        "rest = torch.stack([weights[0] + mu, weights[1] + mu])",
    ),
    Mutation(
        "activeseed/bounding/differences.py",
        "the axis of one unit is no bend",
        "for z2 in (l2, u2, _within(zero, l2, u2)):",
        "for z2 in (l2, u2):",
    ),
    Mutation(
        "activeseed/bounding/differences.py",
        "the inside of the hexagon is not looked at",
        "for z1 in (l1.expand_as(z), u1.expand_as(z), _within(-z, l1, u1)):",
        "for z1 in (l1.expand_as(z), u1.expand_as(z)):",
    ),
    Mutation(
        "activeseed/bounding/differences.py",
        "a difference is steepest elsewhere",
        "_within(-0.5 * d,",
        "_within(0.5 * d,",
    ),
    Mutation(
        "activeseed/bounding/curves.py",
        "σ turns where tanh does",
        '(slopes if activation == "tanh" else 4.0 * slopes)',
        "slopes",
    ),
    Mutation(
        "activeseed/bounding/stacks.py",
        "a range is closed against the wrong end",
        "torch.maximum(l1, _down(l2, du))",
        "torch.maximum(l1, _down(l2, dl))",
    ),
    Mutation(
        "activeseed/bounding/intervals.py",
        "intervals keep to the sign of no weight",
        "low @ more + high @ less",
        "low @ more + low @ less",
    ),
    Mutation(
        "activeseed/bounding/splitting.py",
        "one half of a part is lost",
        "upper[k].low[n, b, i].clamp_(min=at)",
        "upper[k].low[n, b, i].clamp_(min=at + 0.3)",
    ),
    Mutation(
        "activeseed/bounding/branching.py",
        "parts in which something lies are left out",
        "        if empty[b]:\n",
        "        if not empty[b]:\n",
    ),
    Mutation(
        "activeseed/bounding/rounding.py",
        "what was lost before is forgotten",
        "off = size_w @ off + gamma",
        "off = gamma",
    ),
)
