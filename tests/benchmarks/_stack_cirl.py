"""CIRL against enumeration: what exact backups find, held against every pair of plans, one by one.

A part of `stack` beside this file. Random games of two or three states, objectives and actions are written to files and
read back; what the robot's plans are worth is told by playing each of them out, history by history, against every plan
of a rational human's, or against the answer of a Boltzmann human, from the definitions. Nothing of the package's solver
is used for that: which continuations are best at some belief is asked with one linear program each, against all others.
"""

from __future__ import annotations

import itertools
import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import linprog

import activeseed as act
from activeseed.plan import Floats, Materials, Rows, generator
from activeseed.systems.cirl.chef import chef_world
from activeseed.systems.cirl.game import Game
from activeseed.systems.cirl.humans import Human
from activeseed.systems.cirl.playing import played
from activeseed.systems.cirl.pruning import best_somewhere
from activeseed.systems.cirl.solving import solve
from tests.benchmarks._report import row, share

#: a plan of the robot's: its action, and what it goes on with after (the human's action, the next state)
Plan = tuple[int, tuple[tuple[tuple[int, int], Any], ...]]
GAMES, QUICK = 60, 13
BELIEFS = 12
#: double precision through a dozen sums of numbers of size one, with room
ROUNDED = 1e-9
#: outcomes are kept in single precision
SINGLE = 2e-6


@dataclass(frozen=True, eq=False)
class Small:
    """A random game, and a human, played out by enumeration."""

    game: Game
    human: str
    teaching: str
    beta: float
    continuations: str = "all"
    _memo: dict[Any, Any] = field(default_factory=dict)

    # --- the plans ------------------------------------------------------------------------------------------------

    def plans(self, k: int, s: int, root: bool = True) -> list[Plan]:
        """Every plan of the stated set."""
        key = ("plans", k, s, root)
        if key in self._memo:
            return self._memo[key]
        if k == 0:
            return [(-1, ())]
        out: list[Plan] = []
        for r in range(len(self.game.robot)):
            ends = [(h, t) for h in range(len(self.game.human)) for t in np.flatnonzero(self.game.transitions[s, h, r])]
            later = [self.plans(k - 1, int(t), root=False) for _, t in ends]
            out += [
                (r, tuple(zip([(h, int(t)) for h, t in ends], chosen, strict=True)))
                for chosen in itertools.product(*later)
            ]
        if self.continuations == "optimal" and not root:
            vectors = np.array([[self.worth(k, s, plan, o) for o in range(len(self.game.objectives))] for plan in out])
            out = [plan for n, plan in enumerate(out) if _best_somewhere(vectors, n)]
        self._memo[key] = out
        return out

    # --- what the human does ----------------------------------------------------------------------------------------

    def values(self, k: int, s: int, plan: Plan, o: int) -> list[float]:
        """Of the human's actions under a plan, playing on as this human does."""
        r, later = plan
        after = dict(later)
        out = []
        for h in range(len(self.game.human)):
            value = float(self.game.rewards[o, s, h, r])
            for t in np.flatnonzero(self.game.transitions[s, h, r]).tolist():
                chance = float(self.game.transitions[s, h, r, t])
                value += self.game.discount * chance * self.worth(k - 1, t, after[h, t], o)
            out.append(value)
        return out

    def policy(self, k: int, s: int, plan: Plan, o: int) -> list[float]:
        """Probabilities of the human's actions."""
        q = [self.known(k, s, h, o) for h in range(len(self.game.human))] if self.teaching == "literal" else None
        q = self.values(k, s, plan, o) if q is None else q
        if self.human == "rational":
            best = [float(v >= max(q) - ROUNDED) for v in q]
            return [b / sum(best) for b in best]
        e = [np.exp(self.beta * (v - max(q))) for v in q]
        return [float(x / sum(e)) for x in e]

    def known(self, k: int, s: int, h: int | None, o: int) -> float:
        """The best that is possible where the robot knows what is meant, after an action of the human's, or of any."""
        key = ("known", k, s, h, o)
        if key not in self._memo:
            acts = range(len(self.game.human)) if h is None else (h,)
            self._memo[key] = (
                max(
                    (
                        float(self.game.rewards[o, s, a, r])
                        + self.game.discount
                        * sum(
                            float(self.game.transitions[s, a, r, t]) * self.known(k - 1, int(t), None, o)
                            for t in np.flatnonzero(self.game.transitions[s, a, r])
                        )
                        for a in acts
                        for r in range(len(self.game.robot))
                    ),
                    default=0.0,
                )
                if k
                else 0.0
            )
        return float(self._memo[key])

    def worth(self, k: int, s: int, plan: Plan, o: int) -> float:
        """Of a plan under an objective."""
        if k == 0:
            return 0.0
        key = ("worth", k, s, plan, o)
        if key not in self._memo:
            if self.human == "rational" and self.teaching == "pedagogic":
                self._memo[key] = max(self._played(k, s, plan, o, theirs) for theirs in self._humans(k, s, plan))
            else:
                p, q = self.policy(k, s, plan, o), self.values(k, s, plan, o)
                self._memo[key] = sum(a * b for a, b in zip(p, q, strict=True))
        return float(self._memo[key])

    def _humans(self, k: int, s: int, plan: Plan) -> Iterator[Any]:
        """Every plan of the human's against one of the robot's: an action, and one for each state that may follow."""
        if k == 0:
            yield None
            return
        r, later = plan
        after = dict(later)
        for h in range(len(self.game.human)):
            ends = np.flatnonzero(self.game.transitions[s, h, r]).tolist()
            for chosen in itertools.product(*[list(self._humans(k - 1, t, after[h, t])) for t in ends]):
                yield h, dict(zip(ends, chosen, strict=True))

    def _played(self, k: int, s: int, plan: Plan, o: int, theirs: Any) -> float:
        """What a pair of plans is worth."""
        if k == 0:
            return 0.0
        (r, later), (h, follows) = plan, theirs
        after = dict(later)
        value = float(self.game.rewards[o, s, h, r])
        for t, on in follows.items():
            value += self.game.discount * float(self.game.transitions[s, h, r, t]) * self._played(
                k - 1, t, after[h, t], o, on
            )  # fmt: skip
        return value

    # --- what comes of a plan -----------------------------------------------------------------------------------------

    def outcome(self, k: int, s: int, plan: Plan, belief: Floats) -> tuple[Floats, Floats]:
        """(Θ, Θ) final belief under each objective, (H, Θ, A^R) what the robot does, history by history."""
        theta = len(self.game.objectives)
        held, acts = np.zeros((theta, theta)), np.zeros((k, theta, len(self.game.robot)))
        for true in range(theta):
            self._walk(k, s, plan, belief, 1.0, true, held, acts)
        return held, acts

    def _walk(
        self, k: int, s: int, plan: Plan, belief: Floats, chance: float, true: int, held: Floats, acts: Floats
    ) -> None:
        if k == 0:
            held[true] += chance * belief
            return
        r, later = plan
        acts[len(acts) - k, true, r] += chance
        after = dict(later)
        said = np.array([self.policy(k, s, plan, o) for o in range(len(belief))])
        for h in range(len(self.game.human)):
            if said[true, h] == 0:
                continue
            joint = belief * said[:, h]
            learnt = joint / joint.sum() if joint.sum() > 0 else belief
            for t in np.flatnonzero(self.game.transitions[s, h, r]).tolist():
                on = chance * float(said[true, h]) * float(self.game.transitions[s, h, r, t])
                self._walk(k - 1, t, after[h, t], learnt, on, true, held, acts)


def _best_somewhere(vectors: Floats, n: int) -> bool:
    """Whether a vector is better than all others at some belief: one program against all of them."""
    others = np.delete(vectors, n, 0)
    if not len(others):
        return True
    theta = vectors.shape[1]
    found = linprog(
        np.r_[np.zeros(theta), -1.0],
        A_ub=np.c_[others - vectors[n], np.ones(len(others))],
        b_ub=np.zeros(len(others)),
        A_eq=[[*[1.0] * theta, 0.0]],
        b_eq=[1.0],
        bounds=[*[(0.0, None)] * theta, (None, None)],
    )
    return bool(-found.fun > ROUNDED)


# --- random games ----------------------------------------------------------------------------------------------------


def random_game(rng: np.random.Generator, *, stochastic: bool, objectives: int, human: int, horizon: int) -> Game:
    """Rewards are normal; what teaching costs and what it is worth are of one size."""
    s, r = 3, 2
    transitions = np.zeros((s, human, r, s))
    for at in itertools.product(range(s), range(human), range(r)):
        ends = rng.permutation(s)[: 2 if stochastic else 1]
        transitions[at][ends] = rng.dirichlet(np.ones(len(ends)))
    rewards = rng.normal(size=(objectives, s, human, r)) * rng.choice([0.3, 1.0, 3.0], size=(1, 1, human, 1))
    initial = np.eye(s)[0]
    names = {"s": s, "h": human, "r": r, "o": objectives}
    said = {k: tuple(f"{k}{n}" for n in range(count)) for k, count in names.items()}
    discount = float(rng.choice([0.8, 1.0]))
    return Game(said["s"], said["h"], said["r"], said["o"], transitions, rewards, initial, horizon, discount)


def write_game(game: Game, path: Path) -> None:
    """As a file that the package reads."""
    each = list(itertools.product(range(len(game.states)), range(len(game.human)), range(len(game.robot))))
    of = [{"state": game.states[s], "human": game.human[h], "robot": game.robot[r]} for s, h, r in each]
    to = [
        {**line, "to": {game.states[t]: p for t, p in enumerate(game.transitions[at].tolist()) if p}}
        for line, at in zip(of, each, strict=True)
    ]
    pays = [
        {**line, "objective": name, "value": float(game.rewards[(o, *at)])}
        for line, at in zip(of, each, strict=True)
        for o, name in enumerate(game.objectives)
    ]
    said = {
        "states": game.states, "human": game.human, "robot": game.robot, "objectives": game.objectives,
        "initial": game.states[0], "transitions": to, "rewards": pays, "horizon": game.horizon,
        "discount": game.discount,
    }  # fmt: skip
    path.write_text(json.dumps(said), "utf-8")


def prior_over(objectives: tuple[str, ...]) -> Materials:
    """One piece for each objective."""
    items = tuple(act.Item(id=o, payload=act.Entry(fields={"objective": o, "mass": 1.0})) for o in objectives)
    return Materials(act.Seed(items=items), ())


def rows_of(beliefs: Floats) -> Rows:
    """A row for each belief."""
    n, theta = beliefs.shape
    return Rows(np.zeros((n, theta), np.int16), np.zeros(n, np.int64), beliefs.astype(np.float32))


def beliefs_over(objectives: int, rng: np.random.Generator) -> Floats:
    """In single precision, as weights are."""
    drawn = rng.dirichlet(np.ones(objectives), BELIEFS).astype(np.float32).astype(np.float64)
    return np.asarray(drawn / drawn.sum(1, keepdims=True))


# --- the rows --------------------------------------------------------------------------------------------------------


@dataclass
class Gaps:
    """How far the package is from enumeration, over all games."""

    value: float = 0.0
    held: float = 0.0
    acts: float = 0.0
    games: int = 0
    compared: int = 0


def compare(game: Game, human: str, teaching: str, beta: float, continuations: str, rng: np.random.Generator) -> Gaps:
    """One game, end to end: from its file to outcomes, at some beliefs."""
    gaps = Gaps(games=1)
    with tempfile.TemporaryDirectory() as folder:
        write_game(game, Path(folder) / "game.json")
        system = act.CIRL.model_validate(
            {"game": "game.json", "human": human, "teaching": teaching, "beta": beta, "continuations": continuations}
        ).located(Path(folder))
        materials = prior_over(game.objectives)
        system.check(materials)
        solution = played(system, materials)[1].solution
        beliefs = beliefs_over(len(game.objectives), rng)
        found = system.train(rows_of(beliefs), materials).values.astype(np.float64)
    of = continuations if (human, teaching) == ("boltzmann", "pedagogic") else "all"
    brute = Small(game, human, teaching, beta, of)
    plans = brute.plans(game.horizon, 0)
    vectors = np.array([[brute.worth(game.horizon, 0, p, o) for o in range(len(game.objectives))] for p in plans])
    theta, steps, acts = len(game.objectives), game.horizon, len(game.robot)
    for b, values in zip(beliefs, found, strict=True):
        worth = vectors @ b
        top = (solution.levels[-1][0].alpha @ b).max()
        gaps.value = max(gaps.value, abs(top - worth.max()))
        best = np.flatnonzero(worth >= worth.max() - ROUNDED)
        if np.ptp(vectors[best], axis=0).max() > ROUNDED:
            continue  # plans that are equally good here and not the same: either may be played
        held, did = brute.outcome(steps, 0, plans[int(best[0])], b)
        gaps.compared += 1
        gaps.held = max(gaps.held, np.abs(values[: theta * theta].reshape(theta, theta) - held).max())
        said = values[theta * theta : theta * theta + acts * (1 + (steps - 1) * theta)].reshape(-1, acts)
        gaps.acts = max(gaps.acts, np.abs(said[0] - did[0, 0]).max())
        gaps.acts = max(gaps.acts, np.abs(said[1:].reshape(steps - 1, theta, acts) - did[1:]).max(initial=0.0))
    return gaps


def kinds_of_games() -> Iterator[dict[str, Any]]:
    """Kinds of games that can be enumerated, in turn."""
    yield from itertools.cycle(
        [
            {"stochastic": False, "objectives": 2, "human": 2, "horizon": 3},
            {"stochastic": True, "objectives": 2, "human": 2, "horizon": 2},
            {"stochastic": False, "objectives": 3, "human": 3, "horizon": 2},
            {"stochastic": True, "objectives": 3, "human": 2, "horizon": 2},
        ]
    )


CASES = (
    ("rational", "pedagogic", "optimal"), ("rational", "literal", "optimal"), ("boltzmann", "literal", "optimal"),
    ("boltzmann", "pedagogic", "optimal"), ("boltzmann", "pedagogic", "all"),
)  # fmt: skip


def enumeration_rows(quick: bool) -> list[dict[str, Any]]:
    """Every human on every game."""
    n = QUICK if quick else GAMES
    out = []
    for human, teaching, continuations in CASES:
        total = Gaps()
        for number, kind in zip(range(n), kinds_of_games(), strict=False):
            rng = generator(0, "cirl", number)
            gaps = compare(random_game(rng, **kind), human, teaching, float(rng.choice([0.5, 2.0, 8.0])),
                           continuations, rng)  # fmt: skip
            total = Gaps(
                max(total.value, gaps.value), max(total.held, gaps.held), max(total.acts, gaps.acts),
                total.games + 1, total.compared + gaps.compared,
            )  # fmt: skip
        of = f", {continuations} continuations" if (human, teaching) == ("boltzmann", "pedagogic") else ""
        says = f"cirl: {teaching} {human} human{of}, {total.games} random games against all pairs of plans"
        out += [
            row(f"{says}: value, largest gap", total.value, None, f"<= {ROUNDED:g}", total.value <= ROUNDED),
            row(f"{says}: policy, largest gap in a probability (of {total.compared} beliefs)", total.acts, None,
                f"<= {SINGLE:g}", total.acts <= SINGLE and total.compared > 0),
            row(f"{says}: final belief, likewise", total.held, None, f"<= {SINGLE:g}", total.held <= SINGLE),
        ]  # fmt: skip
    return out


def teaching_rows(quick: bool) -> list[dict[str, Any]]:
    """Whether teaching pays, and what it costs that the robot can't threaten."""
    n = 40 if quick else 300
    worse = {"rational": 0, "boltzmann": 0}
    lost, losses, games = 0, [], 0
    for number, kind in zip(range(n), kinds_of_games(), strict=False):
        rng = generator(1, "cirl", number)
        game = random_game(rng, **kind)
        beta = float(rng.choice([0.3, 1.0, 3.0]))
        beliefs = beliefs_over(len(game.objectives), rng)
        tops = {}
        for human in worse:
            for teaching in ("pedagogic", "literal"):
                tops[human, teaching] = _tops(game, Human(human, teaching, beta), beliefs, "optimal")  # type: ignore[arg-type]
            worse[human] += bool((tops[human, "pedagogic"] < tops[human, "literal"] - ROUNDED).any())
        every = _tops(game, Human("boltzmann", "pedagogic", beta), beliefs, "all")
        gap = (every - tops["boltzmann", "pedagogic"]) / np.ptp(game.rewards)
        lost += bool((gap > ROUNDED).any())
        losses.append(float(gap.max()))
        games += 1
    return [
        share("cirl: rational human, games in which teaching is worth less than acting in earnest at some belief",
              worse["rational"], games, most=0.0),
        share("cirl: Boltzmann human, likewise (no theorem says it can't be)", worse["boltzmann"], games),
        share("cirl: Boltzmann human who teaches, games in which continuations that are best at some belief lose value "
              "to all", lost, games),
        row("cirl: and the most that they lose, as a share of the rewards' range", max(losses)),
    ]  # fmt: skip


def _tops(game: Game, human: Human, beliefs: Floats, continuations: Any) -> Floats:
    solution = solve(game, human, game.horizon, game.discount, continuations, most=2_000_000)
    return np.asarray((beliefs @ solution.levels[-1][0].alpha.T).max(1))


def chef_rows(quick: bool) -> list[dict[str, Any]]:
    """ChefWorld of three ingredients and three steps: a hundred priors at once, and the POMDP's own form beside it."""
    game = chef_world(3)
    materials = prior_over(game.objectives)
    rng = generator(2, "cirl")
    out = []
    for human in ("rational", "boltzmann"):
        first, again = [], []
        for n in range(2 if quick else 5):
            system = act.CIRL.model_validate({"human": human, "discount": 0.9 - n * 1e-6})  # another one each time
            beliefs = rng.dirichlet(np.ones(4), 100)
            began = time.perf_counter()
            system.train(rows_of(beliefs), materials)
            first.append(time.perf_counter() - began)
            began = time.perf_counter()
            system.train(rows_of(rng.dirichlet(np.ones(4), 100)), materials)
            again.append(time.perf_counter() - began)
        solution = played(system, materials)[1].solution
        plans = sum(len(p) for level in solution.levels for p in level.values())
        says = f"cirl: ChefWorld, 3 ingredients, horizon 3, {human} human who teaches, 100 priors in a batch"
        out += [
            row(f"{says}: seconds, the vectors solved anew (median)", float(np.median(first)), None, "< 1",
                bool(np.median(first) < 1)),
            row(f"{says}: seconds, of a further batch", float(np.median(again)), None, "< 1",
                bool(np.median(again) < 1)),
            row(f"{says}: plans kept, all states and steps", plans),
        ]  # fmt: skip
    runs = [standard_form(game) for _ in range(3)]
    ratio, gap = float(np.median([a / b for a, b, _ in runs])), max(g for _, _, g in runs)
    joint = len(game.robot) * len(game.human) ** len(game.objectives)
    return [
        *out,
        row(f"cirl: ChefWorld, horizon 2, rational: value of the POMDP's own form ({joint:,} joint actions a step), "
            "largest gap", gap, None, f"<= {ROUNDED:g}", gap <= ROUNDED),
        row("cirl: and how many times as long that form takes (median of 3)", ratio, None, "> 1", ratio > 1),
    ]  # fmt: skip


def standard_form(game: Game) -> tuple[float, float, float]:
    """Seconds of the POMDP whose actions are (a^R, δ: Θ → A^H), seconds of ours, and the gap between their values.

    Rational, two steps, deterministic transitions: the robot sees a^H, so a vector is a joint action and, for each a^H
    that δ has, a vector of the next state's.
    """
    human = Human("rational", "pedagogic", 1.0)
    began = time.perf_counter()
    solution = solve(game, human, 2, game.discount)
    ours = time.perf_counter() - began
    began = time.perf_counter()
    after = {int(s): _standard(game, int(s), {}) for s in game.reachable(2)[1]}
    start = int(game.initial.argmax())
    top = _standard(game, start, after)
    standard = time.perf_counter() - began
    beliefs = generator(3, "cirl").dirichlet(np.ones(len(game.objectives)), 200)
    mine = (beliefs @ solution.levels[-1][start].alpha.T).max(1)
    return standard, ours, float(np.abs(mine - (beliefs @ top.T).max(1)).max())


def _standard(game: Game, s: int, after: dict[int, Floats]) -> Floats:
    theta = len(game.objectives)
    vectors = []
    for r in range(len(game.robot)):
        ends = [int(game.transitions[s, h, r].argmax()) for h in range(len(game.human))]
        for answer in itertools.product(range(len(game.human)), repeat=theta):
            now = game.rewards[np.arange(theta), s, answer, r]
            if not after:
                vectors.append(now)
                continue
            heard = sorted(set(answer))
            for chosen in itertools.product(*[range(len(after[ends[h]])) for h in heard]):
                on = dict(zip(heard, chosen, strict=True))
                vectors.append(now + game.discount * np.array([after[ends[h]][on[h], o] for o, h in enumerate(answer)]))
    found = np.array(vectors)
    return found[best_somewhere(found)]


def control_rows() -> list[dict[str, Any]]:
    """Two controls: a prior that excludes the truth, and a robot that is wrong about the human's β."""
    objectives = chef_world(3).objectives
    masses = {"soup": 0.4, "salad": 0.35, "pizza": 0.25}
    pieces = tuple(act.Item(id=o, payload=act.Entry(fields={"objective": o, "mass": m})) for o, m in masses.items())
    without = Materials(act.Seed(items=pieces), ())
    system = act.CIRL(truth="stew")
    places = [p.id for p in system.places(without)]
    rng = generator(4, "cirl")
    weights = np.concatenate([np.ones((1, 3)), rng.gamma(1.0, size=(200, 3))])
    found = system.train(rows_of(weights), without).values
    recovered = float(found[:, places.index("belief/stew/stew")].max())
    says = [r for r in system.remarks(without) if "never recover" in r]
    whole = prior_over(objectives)
    lost = {
        name: system.train(rows_of(np.ones((1, n))), of).values[0, places.index("regret/stew")]
        for name, n, of in (("without", 3, without), ("with", 4, whole))
    }
    out = [
        row("cirl: a prior without the truth: the most that is believed in it at the end, over 201 priors", recovered,
            None, "= 0", recovered == 0.0),
        row("cirl: and the check says why (sentences)", len(says), None, ">= 1", bool(says)),
        row("cirl: and what that costs under the truth: regret without its piece, less that with it (shares of the "
            "range)", float(lost["without"] - lost["with"]), None, "> 0", lost["without"] > lost["with"]),
    ]  # fmt: skip
    for teaching in ("literal", "pedagogic"):
        gaps = {actual: _partial(teaching, actual, whole) for actual in (None, 0.5, 50.0)}
        for actual, gap in gaps.items():
            how = "right" if actual is None else f"wrong (5 where it is {actual:g})"
            met = gap <= SINGLE if actual is None else gap > 100 * SINGLE
            target = f"<= {SINGLE:g}" if actual is None else f"> {100 * SINGLE:g}"
            out.append(
                row(f"cirl: {teaching} Boltzmann human, β {how}: how far the final belief, averaged over what may be "
                    "meant, is from the prior", gap, None, target, met)
            )  # fmt: skip
    return out


def _partial(teaching: str, actual: float | None, materials: Materials) -> float:
    """Beliefs are a martingale where the model is right: Σ b(θ) E[b′ | θ] = b; anything else is learnt of nothing."""
    system = act.CIRL(teaching=teaching, actual_beta=actual)  # type: ignore[arg-type]
    rng = generator(5, "cirl")
    beliefs = rng.dirichlet(np.ones(4), 50).astype(np.float32).astype(np.float64)
    beliefs /= beliefs.sum(1, keepdims=True)
    held = system.train(rows_of(beliefs), materials).values[:, :16].reshape(-1, 4, 4)
    return float(np.abs(np.einsum("ro,rot->rt", beliefs, held) - beliefs).max())


def cirl_rows(data: Path | None, quick: bool) -> list[dict[str, Any]]:
    """All rows of this part. It reads no data."""
    return [*enumeration_rows(quick), *teaching_rows(quick), *chef_rows(quick), *control_rows()]
