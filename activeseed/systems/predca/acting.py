"""From rows to outcomes: what all rows of a plan share is judged once, the rest is matrix products.

Multiply-adds of a row: a slot at each state, a state at each policy, and each policy at every state and action.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from activeseed.geometries import Block, Blocks, Hellinger, Identity, of_distribution
from activeseed.outcome import Bools, Outcomes
from activeseed.plan import Floats, Materials, Rows
from activeseed.protocols import Cost, Geometry
from activeseed.seed import Probe, Text
from activeseed.systems.fields.batches import Latest, in_batches
from activeseed.systems.predca.assisting import Choosing, users, wanted
from activeseed.systems.predca.candidates import Cast, cast_of
from activeseed.systems.predca.enumerating import EQUAL, Course, courses_of, policies_of
from activeseed.systems.predca.judging import Judged, judge, runs_in_fact
from activeseed.systems.predca.settings import PreDCASettings
from activeseed.systems.predca.world import ai_of

MEBIBYTE = 2**20
#: who the user is where no candidate is
NOBODY = "(nobody)"
#: what the AI does in every state then
OFF = "(off)"


@dataclass(frozen=True, eq=False)
class Bench:
    """What all rows share.

    Attributes:
        cast: the candidates, slot by slot.
        judged: what is known of each.
        passes: (K,) 1 where a candidate passes the cut-offs.
        members: (K, F) 1 where a slot is one of an item.
        choosing: what the AI chooses from.
        read: (F,) slot of each item as written.
        courses: (F,) what its body might do instead, of each item as written that can be read.
        prior: (N,) ξ.
        nobody: weight that none of them is the user, given that the AI runs.
    """

    cast: Cast
    judged: Judged
    passes: Floats
    members: Floats
    choosing: Choosing
    read: tuple[int, ...]
    courses: tuple[Course | None, ...]
    prior: Floats
    nobody: float


def _laid_out(settings: PreDCASettings, materials: Materials) -> Bench:
    world, slots = settings.found, materials.slots
    cast = cast_of(world, materials)
    judged = judge(world, cast.of, settings.normaliser, settings.simplicity)
    bits = np.array([np.inf if c is None else c.bits for c in cast.of])
    passes = (
        (judged.g >= settings.g_min - EQUAL)
        & (bits <= settings.complexity_max)
        & (judged.precursor >= settings.p_min - EQUAL)
    )
    members = (slots.items[:, None] == np.arange(len(materials.seed))).astype(np.float64)
    policies = policies_of(world)
    prior = policies.prior(settings.simplicity)
    ai = courses_of(world, ai_of(world, settings.start))
    read = tuple(slots.index[:, 0].tolist())
    theirs = [cast.of[s] for s in read]
    courses = tuple(None if c is None else courses_of(world, c.body) for c in theirs)
    choosing = Choosing(ai.stays, prior, policies.chosen, settings.q)
    return Bench(
        cast,
        judged,
        passes.astype(np.float64),
        members,
        choosing,
        read,
        courses,
        prior,
        settings.nobody * runs_in_fact(world),
    )


#: the bench of a plan
BENCH = Latest(_laid_out)


def bench_of(settings: PreDCASettings, materials: Materials) -> Bench:
    """What all rows of these materials share."""
    return BENCH.of(settings, materials)


def places_of(settings: PreDCASettings, materials: Materials) -> tuple[Probe, ...]:
    """The AI's action in each state, who the user is, and what is wanted in each state: those of the outcome."""
    world = settings.found
    deeds = (*world.actions, OFF)
    out: list[Probe] = []
    if settings.outcome in ("all", "policy"):
        out += [
            Probe(id=f"policy/{s}/{a}", payload=Text(text=f"The AI at {s}: {a}"), group="policy")
            for s in world.states
            for a in deeds
        ]
    if settings.outcome in ("all", "user"):
        names = [*(i.id for i in materials.seed.items), NOBODY]
        out += [Probe(id=f"user/{n}", payload=Text(text=f"The user is {n}"), group="user") for n in names]
    if settings.outcome in ("all", "utility"):
        out += [Probe(id=f"utility/{s}", payload=Text(text=f"{s} is wanted"), group="utility") for s in world.states]
    return tuple(out)


def geometry_of(settings: PreDCASettings, materials: Materials) -> Geometry:
    """A distribution over actions in each state, one over candidates, and a number from 0 to 1 in each state."""
    world = settings.found
    states, deeds, people = len(world.states), len(world.actions) + 1, len(materials.seed) + 1
    even = np.full(states, 1.0 / states)
    of_utility = Hellinger if settings.compare == "hellinger" else Identity
    acts = of_distribution(deeds, settings.compare, "the AI's policy")
    parts = {
        "policy": [Block(acts, deeds, 1.0 / states, f"at {s}", decided=True) for s in world.states],
        "user": [Block(of_distribution(people, settings.compare, "who the user is"), people, decided=True)],
        "utility": [Block(of_utility(even, "what is wanted in each state"), states)],
    }
    chosen = parts if settings.outcome == "all" else {settings.outcome: parts[settings.outcome]}
    return Blocks(tuple(block for blocks in chosen.values() for block in blocks))


def cost_of(settings: PreDCASettings, materials: Materials) -> Cost:
    """See the module."""
    world = settings.found
    policies, states = len(policies_of(world).bits), len(world.states)
    per = materials.width * (states + 2) + policies * states * (1 + len(world.actions))
    vouching = len(materials.seed) * policies * (states + 1)
    return Cost(bytes=_bytes(settings), multiply_adds=per + vouching)


def _bytes(settings: PreDCASettings) -> int:
    """Values, weights and order of the policies, in double precision, and what is compared with them."""
    return 8 * 6 * len(policies_of(settings.found).bits)


def train(settings: PreDCASettings, rows: Rows, materials: Materials) -> Outcomes:
    """Every row in batches of matrix products; a row that uses what can't be read is a recorded failure."""
    bench = bench_of(settings, materials)
    places = len(places_of(settings, materials))
    per = max(1, settings.memory_mb * MEBIBYTE // _bytes(settings))
    return in_batches(lambda part: _train(settings, bench, part, materials), rows, per, places)


def _train(settings: PreDCASettings, bench: Bench, rows: Rows, materials: Materials) -> Outcomes:
    weights = rows.weights(materials.slots).astype(np.float64)
    sound = np.isfinite(weights).all(1) & (weights >= 0).all(1)
    weights[~sound] = 0.0
    failures = {int(r): "a weight is negative or not finite" for r in np.flatnonzero(~sound)}
    for slot, why in bench.cast.unread.items():
        for r in np.flatnonzero(weights[:, slot] > 0):
            failures.setdefault(int(r), why)
    found, utility, nobody = assisted(bench, weights)
    parts: list[Floats] = []
    if settings.outcome in ("all", "policy"):
        parts.append(bench.choosing.acts(utility, nobody).reshape(len(rows), -1))
    if settings.outcome in ("all", "user"):
        parts += [found @ bench.members, nobody[:, None]]
    if settings.outcome in ("all", "utility"):
        parts.append(utility)
    values = np.concatenate(parts, 1).astype(np.float32)
    vouching = vouched(bench, utility, nobody).astype(np.float32)
    ok: Bools = np.ones(len(rows), np.bool_)
    for r in failures:
        ok[r] = False
    values[~ok] = np.nan
    vouching[~ok] = np.nan
    return Outcomes(values, ok, failures, vouching)


def assisted(bench: Bench, weights: Floats) -> tuple[Floats, Floats, Floats]:
    """(R, K) weights of slots -> (R, K) p(user = G), (R, S) U*, and (R,) p(nobody)."""
    judged = bench.judged
    found = users(weights * bench.cast.mass, judged.present, judged.precursor, bench.passes, bench.nobody)
    return found, wanted(found, judged.wants), np.clip(1.0 - found.sum(1), 0.0, 1.0)


def vouched(bench: Bench, utility: Floats, nobody: Floats) -> Floats:
    """(R, F) how well each item as written serves U*: the share of ξ that serves it less, ties by half; ½ for nobody.

    Where a row left the item out, this says whether the others want what it does.
    """
    out = np.full((len(utility), len(bench.read)), 0.5)
    values: dict[int, Floats] = {}
    for f, (slot, course) in enumerate(zip(bench.read, bench.courses, strict=True)):
        if course is None:
            continue
        theirs = values.setdefault(id(course), utility @ course.stays.T)
        mine = utility @ bench.judged.stays[slot]
        below = (theirs < mine[:, None] - EQUAL) @ bench.prior
        level = (np.abs(theirs - mine[:, None]) <= EQUAL) @ bench.prior
        out[:, f] = np.clip(below + level / 2, 0.0, 1.0)
    out[nobody >= 1.0] = 0.5
    return out
