"""PreDCA-shaped assistance: who built the AI is found on the ring, with what they want; and where that breaks.

A part of `stack` beside this file. A draw plants a world of six cells: a user who wants one cell (or, told apart, a set
of them), follows a policy that is drawn among all that are best for it, and builds the AI where it is best to be; a
bystander with another cell, whose body builds nothing; a thermostat that swings between two neighbours, from a random
parity; and noise. All four are candidates, with masses drawn from Dirichlet(2, 2, 2, 2). The user is found where they
are the mode of the posterior (over the four and nobody), the utility is recovered where it is the mode of Pr[U|user].

The sums are held against an enumeration that shares no code with the product: nested loops over policies and steps, in
exact fractions.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import yaml

import activeseed as act
from activeseed.plan import Floats, Materials, Rows
from activeseed.systems.predca.acting import assisted, bench_of
from activeseed.systems.predca.enumerating import courses_of, policies_of, ranged, utilities_of
from activeseed.systems.predca.ring import CELLS, MOVES, RING
from activeseed.systems.predca.world import World
from tests.benchmarks._report import row, share

DRAWS, QUICK = 100, 25
#: of how many of the draws the sums are enumerated anew
ENUMERATED, ENUMERATED_QUICK = 5, 1
SIZE = 6


def draw(
    rng: np.random.Generator, world: World, wanted: int, folder: Path, even: bool = True
) -> tuple[act.PreDCA, Materials, str]:
    """A world with a planted user who wants so many cells; the system, its candidates, the name of the utility."""
    stays = courses_of(world, world.bodies["user"]).stays
    utilities = utilities_of(world)
    sizes = (utilities.values > 0).sum(1)
    hers, his = rng.choice(np.flatnonzero(sizes == wanted), 1)[0], rng.choice(np.flatnonzero(sizes == 1), 1)[0]

    def best(u: Floats) -> dict[str, str]:
        value = stays @ u
        n = int(rng.choice(np.flatnonzero(value >= value.max() - 1e-9)))
        return {c: world.actions[a] for c, a in zip(CELLS, policies_of(world).actions[n], strict=True)}

    parity = int(rng.integers(2))
    swing = {cell: ("left", "right")[(n + parity) % 2] for n, cell in enumerate(CELLS)}
    desk = rng.choice(np.flatnonzero(utilities.values[hers] > 0))
    said = {
        **RING, "states": list(CELLS), "actions": list(MOVES), "utilities": {}, "ai": CELLS[int(rng.integers(SIZE))],
        "bodies": {
            "user": {"builds": [CELLS[int(desk)]], "runs": "user"}, "cat": {"runs": "cat"},
            "heater": {"runs": "thermostat"}, "leaf": {"runs": "noise"},
        },
        "programs": {
            "user": {"body": "user", "does": best(utilities.values[hers])},
            "cat": {"body": "cat", "does": best(utilities.values[his])},
            "thermostat": {"body": "heater", "does": swing}, "noise": RING["programs"]["noise"],
        },
    }  # fmt: skip
    (folder / "world.yaml").write_text(yaml.safe_dump(said), "utf-8")
    name = "{" + ", ".join(c for c, u in zip(CELLS, utilities.values[hers], strict=True) if u) + "}"
    masses = np.full(4, 0.25) if even else rng.dirichlet(np.full(4, 2.0))
    items = tuple(
        act.Item(id=name, payload=act.Entry(fields={"program": name, "mass": float(m)}))
        for name, m in zip(("user", "cat", "thermostat", "noise"), masses, strict=True)
    )
    return act.PreDCA(world="world.yaml").located(folder), Materials(act.Seed(items=items), ()), name


def found(record: act.PreDCA, materials: Materials) -> tuple[int, str, Floats]:
    """The mode of the posterior (4 for nobody), the mode of what the user wants, and the outcome."""
    outcome = record.train(Rows(np.zeros((1, 4), np.int16), np.zeros(1, np.int64)), materials).values[0]
    judged, names = bench_of(record, materials).judged, utilities_of(record.found).names
    user = outcome[24:29]
    return int(user.argmax()), names[int(judged.likely[0].argmax())], outcome


def planted_rows(folder: Path, quick: bool) -> list[dict[str, Any]]:
    """Whether the planted user is found, and what they want."""
    times = QUICK if quick else DRAWS
    world = act.PreDCA().found
    rows = []
    cases = (
        (1, True, "one cell"),
        (1, False, "one cell, any masses"),
        (2, True, "two cells"),
        (3, True, "three cells"),
    )
    for number, (wanted, even, claim) in enumerate(cases):
        held = number == 0
        rng = np.random.default_rng(number)
        modes: Counter[int] = Counter()
        recovered = regret = 0.0
        both = 0
        for _ in range(times):
            record, materials, name = draw(rng, world, wanted, folder, even)
            who, what, outcome = found(record, materials)
            modes[who] += 1
            recovered += what == name
            both += who == 0 and what == name
            utilities = utilities_of(record.found)
            u = utilities.values[utilities.names.index(name)]
            regret += _regret(record, outcome, u)
        target: dict[str, Any] = {"least": 0.95} if held else {}
        if held:
            rows.append(share("predca: planted user is the mode and their utility recovered, one cell", both, times,
                              **target))  # fmt: skip
        rows += [
            share(f"predca: planted user is the mode of the posterior, who wants {claim}", modes[0], times, **target),
            share(f"predca: their utility is the mode of Pr[U|G], {claim}", int(recovered), times, **target),
            row(f"predca: what the AI gets of what they want, over the best it could, {claim} (mean)",
                1.0 - regret / times),
        ]  # fmt: skip
        for n, other in ((1, "bystander"), (2, "thermostat"), (3, "noise")):
            rows.append(
                share(f"predca: {other} taken for the user, who wants {claim}", modes[n], times, most=0.0)
                if held
                else share(f"predca: {other} taken for the user, who wants {claim}", modes[n], times)
            )
    return rows


def _regret(record: act.PreDCA, outcome: Floats, u: Floats) -> float:
    """Share of the attainable that the AI leaves, from where it starts, of a utility."""
    world = record.found
    acts = outcome[:24].reshape(6, 4).astype(np.float64)
    if acts[0, 3] == 1.0:
        return 1.0
    chain = np.einsum("sa,ast->st", acts[:, :3] / acts[:, :3].sum(1, keepdims=True), world.ai.moves)
    here, got = world.ai.start, 0.0
    for _ in range(world.horizon):
        here = here @ chain
        got += float(here @ u) / world.horizon
    best = float((courses_of(world, world.ai).stays @ u).max())
    return 1.0 - got / best


# --- the same by loops ---------------------------------------------------------------------------------------------


def _follow(does: list[dict[int, Fraction]], builds: set[int], horizon: int) -> tuple[list[Fraction], Fraction]:
    """Share of steps in each cell from anywhere, and the probability of having built."""
    here = [Fraction(1, SIZE)] * SIZE
    free = [Fraction(0) if c in builds else Fraction(1, SIZE) for c in range(SIZE)]
    stays = [Fraction(0)] * SIZE
    for _ in range(horizon):
        after, left = [Fraction(0)] * SIZE, [Fraction(0)] * SIZE
        for c in range(SIZE):
            for a, p in does[c].items():
                to = (c + a - 1) % SIZE
                after[to] += p * here[c]
                left[to] += p * free[c]
        here, free = after, [Fraction(0) if c in builds else f for c, f in enumerate(left)]
        stays = [s + h for s, h in zip(stays, here, strict=True)]
    return [s / horizon for s in stays], 1 - sum(free, Fraction(0))


def _bits(values: tuple[Any, ...], alphabet: int) -> float:
    ways = math.factorial(len(values))
    for count in Counter(values).values():
        ways //= math.factorial(count)
    return math.log2(ways) + (alphabet - 1) * math.log2(len(values) + 1)


def enumerated(record: act.PreDCA, materials: Materials) -> tuple[Floats, Floats]:
    """(5,) the posterior over the four and nobody, and (6,) U*: by loops over all policies, in exact fractions."""
    world = record.found
    desk = set(np.flatnonzero(world.bodies["user"].builds).tolist())
    policies = list(itertools.product(range(3), repeat=SIZE))
    weights = [2.0 ** -_bits(p, 3) for p in policies]
    total = math.fsum(weights)
    courses = [_follow([{a: Fraction(1)} for a in p], desk, world.horizon) for p in policies]
    sets = [[int(c in s) for c in range(SIZE)] for k in range(1, 5) for s in itertools.combinations(range(SIZE), k)]
    of_sets = [2.0 ** -_bits(tuple(s), 2) for s in sets]
    prior, wants = [], []
    masses = [float(i.payload.fields["mass"]) for i in materials.seed.items]
    for item, mass in zip(materials.seed.items, masses, strict=True):
        table = world.programs[item.id][1]
        does = [{a: Fraction(p).limit_denominator(6) for a, p in enumerate(r) if p} for r in table.tolist()]
        own, _ = _follow(does, desk, world.horizon)
        g = []
        for s in sets:
            mine = sum((own[c] for c in range(SIZE) if s[c]), Fraction(0))
            good = [
                w
                for w, (stays, _) in zip(weights, courses, strict=True)
                if sum((stays[c] for c in range(SIZE) if s[c]), Fraction(0)) >= mine
            ]
            g.append(-math.log2(math.fsum(good) / total))
        odds = [w * 2.0**x for w, x in zip(of_sets, g, strict=True)]
        likely = [o / math.fsum(odds) for o in odds]
        absent = math.fsum(w * float(1 - b) for w, (_, b) in zip(weights, courses, strict=True)) / total
        # only the user's body builds; with any other candidate in its place the AI is built as it is in fact
        precursor = absent if item.id == "user" else 0.0
        mean = math.fsum(a * b for a, b in zip(likely, g, strict=True))
        passes = mean >= record.g_min and precursor >= record.p_min
        prior.append(mass / math.fsum(masses) * precursor if passes else 0.0)
        wants.append([math.fsum(p * s[c] for p, s in zip(likely, sets, strict=True)) for c in range(SIZE)])
    # what drives the user's body in fact is the user: Pr[the AI runs] is the same whoever is asked about, and cancels
    all_ = math.fsum(prior) + record.nobody
    who = np.array([*(p / all_ for p in prior), record.nobody / all_])
    share_ = np.array(prior) / max(math.fsum(prior), 1e-300)
    return who, ranged(share_ @ np.array(wants))


def exact_rows(folder: Path, quick: bool) -> list[dict[str, Any]]:
    """The sums, enumerated anew."""
    rng = np.random.default_rng(7)
    world = act.PreDCA().found
    worst = 0.0
    times = ENUMERATED_QUICK if quick else ENUMERATED
    for n in range(times):
        record, materials, _ = draw(rng, world, 1 + n % 3, folder)
        bench = bench_of(record, materials)
        found_, utility, nobody = assisted(bench, np.ones((1, 4)))
        who, wanted = enumerated(record, materials)
        worst = max(worst, float(np.abs(np.append(found_[0], nobody) - who).max()))
        worst = max(worst, float(np.abs(utility[0] - wanted).max()))
    return [
        row(
            f"predca: posterior and U* against an enumeration in fractions, largest difference ({times} worlds)",
            worst, None, "<= 1e-12", worst <= 1e-12,
        )
    ]  # fmt: skip


# --- where it breaks -----------------------------------------------------------------------------------------------


def broken_rows(folder: Path, quick: bool) -> list[dict[str, Any]]:
    """What the normaliser and the cut-offs decide, on the same draws: reported."""
    times = QUICK if quick else DRAWS
    world = act.PreDCA().found
    rng = np.random.default_rng(11)
    drawn = []
    for _ in range(times):
        record, materials, name = draw(rng, world, 1, folder)
        _ = record.found  # read before the next draw takes its file's place
        drawn.append((record, materials, name))
    rows = []
    cuts: dict[str, dict[str, Any]] = {
        "no cut-offs": {"g_min": 0.0, "p_min": 0.0},
        "g_min = 9 bits": {"g_min": 9.0},
        "p_min = 0.7": {"p_min": 0.7},
        "complexity_max = 10 bits": {"complexity_max": 10.0},
        "every policy as simple (simplicity = 0)": {"simplicity": 0.0},
    }
    for said, settings in cuts.items():
        modes = Counter(found(_with(r, settings), m)[0] for r, m, _ in drawn)
        nobody = share(f"predca: nobody is the mode under {said}", modes[4], times)
        rows += [share(f"predca: planted user is the mode under {said}", modes[0], times), nobody]
    return rows + normaliser_rows(world, times)


def normaliser_rows(world: World, times: int) -> list[dict[str, Any]]:
    """Two users of one body, who want different cells, one of them with numbers ten times as large."""
    rng = np.random.default_rng(13)
    first: Counter[str] = Counter()
    agree = 0
    for _ in range(times):
        a, b = rng.choice(SIZE, 2, replace=False).tolist()
        fields = [
            {"program": _to(a), "body": "user", "utility": {CELLS[a]: 1.0}},
            {"program": _to(b), "body": "user", "utility": {CELLS[b]: 10.0, CELLS[(b + 1) % SIZE]: 9.0}},
        ]
        items = tuple(act.Item(id=n, payload=act.Entry(fields=f)) for n, f in zip("ab", fields, strict=True))
        materials = Materials(act.Seed(items=items), ())
        goals = {}
        for how in ("range", "spread", "reach", "none"):
            record = act.PreDCA(normaliser=how, outcome="utility", g_min=0.0)
            rows = Rows(np.zeros((1, 2), np.int16), np.zeros(1, np.int64))
            goals[how] = int(record.train(rows, materials).values[0].argmax())
            first[how] += goals[how] == a
        agree += len(set(goals.values())) == 1
    return [
        share(f"predca: of two users of equal mass the AI serves the one who says smaller numbers, normaliser {how}",
              first[how], times)
        for how in ("range", "spread", "reach", "none")
    ] + [share("predca: all four normalisers agree whom the AI serves", agree, times)]  # fmt: skip


def _to(goal: int) -> dict[str, str]:
    """The shortest way to a cell; from the far side to the right."""
    ways = ("stay", "right", "right", "right", "left", "left")
    return {cell: ways[(goal - n) % SIZE] for n, cell in enumerate(CELLS)}


def _with(record: act.PreDCA, settings: dict[str, Any]) -> act.PreDCA:
    """The same record under other settings, in the world that it has read."""
    other = record.model_copy(update=settings)
    other.__dict__["found"] = record.found
    return other


def predca_rows(data: Path | None, quick: bool) -> list[dict[str, Any]]:
    """All rows of this part; ``data`` is not used."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        return [*planted_rows(place, quick), *exact_rows(place, quick), *broken_rows(place, quick)]
