"""What a row costs: a count of multiply-adds and a bound on bytes, both functions of the settings and the sizes.

Multiply-adds, per row (n = S + N shared training points, d features, h hidden units, m points of a row's own, U unroll
steps). One gradient step: dual n²; linear primal 2(n+m)d; MLP 2(n+m)hd + 3(n+m)h (forward, weight gradient), and with
an adversary 3Shd more (gradient in x, forward, weight gradient at the attacked positives). A round adds one reading of
the pool (n², nd or nhd), the ascent of generators and dreams (2hd at each point and step; none for a linear score,
whose gradient is θ) and, when agents look ahead, 3 iterations of U steps (forward, back, and twice back again) and a
last reading: 12U + 4 readings. The outcome adds one reading at P probes. What is done to scores (sigmoid, softmax,
mixtures) is not counted: it takes n operations, not nd.
"""

from __future__ import annotations

from dataclasses import dataclass

from activeseed.plan import Materials
from activeseed.protocols import Cost
from activeseed.seed import Vector
from activeseed.systems.fields.settings import kept_besides
from activeseed.systems.league.settings import LeagueSettings

MEBIBYTE = 2**20


@dataclass(frozen=True)
class Sizes:
    """Items, slots, pool, probes read, features."""

    items: int
    slots: int
    pool: int
    probes: int
    features: int

    @property
    def shared(self) -> int:
        """n: training points that all rows share."""
        return self.slots + self.pool


def sizes_of(league: LeagueSettings, materials: Materials, features: int = 0) -> Sizes:
    """Sizes; one text is embedded to learn d, unless ``features`` says it."""
    first = materials.slots.payloads[0]
    d = features or (len(first.values) if isinstance(first, Vector) else int(materials.features([first]).shape[1]))
    probes = len(materials.probes) if league.outcome == "evaluator" else 0
    return Sizes(len(materials.seed), len(materials.slots.payloads), len(materials.pool), probes, d)


def uses_dual(league: LeagueSettings, z: Sizes) -> bool:
    """Whether the linear evaluator is kept in the dual: possible, and n² < 2nd. Never a matter of the rows."""
    own = league.generators or league.dreams or league.adversarial_radius or league.init_scale or league.has_masks
    boxed = league.unroll and league.unrolled == "evaluator"
    return league.evaluator == "linear" and not own and not boxed and z.shared < 2 * z.features


def cost_of(league: LeagueSettings, materials: Materials) -> Cost:
    """Bytes and multiply-adds of one row."""
    z = sizes_of(league, materials)
    return Cost(_bytes(league, z), _multiply_adds(league, z))


def rows_per_batch(league: LeagueSettings, z: Sizes) -> int:
    """How many rows fit the memory bound; at least one."""
    return max(1, league.memory_mb * MEBIBYTE // _bytes(league, z))


def own_points(league: LeagueSettings) -> list[int]:
    """Points of a row's own (m) in each round: generators and dreams that have joined by then."""
    return [k * (league.generators + league.dreams) for k in range(league.rounds)]


def _multiply_adds(league: LeagueSettings, z: Sizes) -> int:
    dual = uses_dual(league, z)
    n, d, rounds, steps = z.shared, z.features, league.rounds, league.steps
    width = league.hidden if league.evaluator == "mlp" else 1
    reading = n * n if dual else n * width * d
    total = 0
    for m in own_points(league):
        if dual:
            step = n * n
        elif league.evaluator == "linear":
            step = 2 * (n + m) * d
        else:
            step = 2 * (n + m) * width * d + 3 * (n + m) * width
            step += 3 * z.slots * width * d if league.adversarial_radius else 0
        total += steps * step
    if league.pretrained:  # on the shared points alone
        each = n * n if dual else (2 * n * d if league.evaluator == "linear" else (2 * d + 3) * n * width)
        total += league.pretrained * each
    ascents = league.generators * league.generator_steps + league.dreams * league.dream_steps
    between = reading + (2 * ascents * width * d if league.evaluator == "mlp" else 0)
    if league.unroll and league.unrolled == "evaluator":
        between += (12 * league.unroll + 4) * reading
    return total + (rounds - 1) * between + reading + z.probes * (n if dual else width * d)


def _bytes(league: LeagueSettings, z: Sizes) -> int:
    """A bound on the memory of a row at its peak (measured in tests): float32 unless said."""
    dual = uses_dual(league, z)
    n, d, m = z.shared, z.features, max(own_points(league))
    assignment = 26 * z.items + 9 * z.slots  # variants, slots found and weights (int64 while they are made)
    agents_a_round = 3 if league.exploiters else 1
    archive = z.pool * (1 + (league.rounds - 1) * (agents_a_round + (1 if league.exploiters else 0)))
    scores = 4 * n + 3 * z.pool
    own = 3 * m * d + 4 * m
    if league.evaluator == "mlp":
        w = league.hidden
        params = 4 * w * d + 6 * w
        units = 5 * w * max(n, z.probes) + 4 * w * m
        attacked = z.slots * (5 * d + 4 * w) if league.adversarial_radius else 0
        ascent = 6 * (league.generators + league.dreams) * (d + w)
    else:
        params = n if dual else 3 * d
        units, attacked = 0, 0
        ascent = 6 * (league.generators + league.dreams) * d
    boxed = 0
    if league.unroll and league.unrolled == "evaluator":
        a_reading = league.hidden * (3 * n + 2 * d) if league.evaluator == "mlp" else 5 * n + 3 * d
        boxed = (league.unroll + 1) * a_reading
    minibatch = 12 * z.items + 3 * z.slots if league.minibatch else 0
    read = 2 * (z.probes + z.items) + z.pool
    size = params // 4 if league.evaluator == "mlp" else (n if dual else d)
    otherwise = kept_besides(size, league.momentum, league.has_masks) + (3 * n if league.pretrained else 0)
    floats = archive + scores + own + params + units + attacked + ascent + boxed + minibatch + read + otherwise
    return assignment + 4 * floats
