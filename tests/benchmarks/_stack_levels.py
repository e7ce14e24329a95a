"""Model and trainer: masks, prompts, ranges of learning rates and forgetting, against what is known in closed form.

A part of `stack` beside this file. Closed forms: a linear score whose weights are dropped with probability p moves by
p/(1 − p) Σ w² x² (mean square); gradient descent on ½ λ x² converges for rates below 2/λ, with a heavy ball of momentum
β below (2 + 2β)/λ. The rest is measured on the bundled statements and pairs under the offline TF-IDF embedder.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

import activeseed as act
from activeseed.analyses.masking import curves_apart, masked_curve
from activeseed.analyses.masking.curves import curve_of
from activeseed.cli.planted import EXAMPLES, make
from activeseed.estimators.statistics import jackknife, mean_and_se
from activeseed.geometries import Identity
from activeseed.networks import Layout, Network
from activeseed.plan import Floats, Materials, Rows
from activeseed.protocols import TRAJECTORY
from activeseed.testing import problem_of, run
from tests.benchmarks._report import row, share

RATES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5)
#: the source's
P = 0.3


def level_rows(data: Path | None, quick: bool) -> list[dict[str, Any]]:
    """The rows of this part; ``data`` is not needed."""
    closed = [*_dropped_weights(quick), *_one_trainer_twice(quick), *_quadratics(quick)]
    with _bundled("statements") as statements, _bundled("pairs") as pairs:
        return [
            *closed, *_trained_under_masks(statements, pairs, quick), *_rates(statements, pairs, quick),
            *_prompts(statements, quick), *_forgetting(statements, pairs, quick),
        ]  # fmt: skip


@contextmanager
def _bundled(name: str) -> Iterator[Materials]:
    """The materials of a bundled example."""
    with tempfile.TemporaryDirectory() as folder:
        study = make(EXAMPLES[name], Path(folder) / name, 0, "tfidf")[0]
        try:
            yield study.materials
        finally:
            study.close()


# --- masks --------------------------------------------------------------------------------------------------------


def _dropped_weights(quick: bool) -> list[dict[str, Any]]:
    times, rng = 100 if quick else 2000, np.random.default_rng(1)
    covered = moved = monotone = 0
    zero = 0.0
    for n in range(times):
        layout = Layout((12, 1), "tanh", "identity")
        network = Network.of(layout, rng.normal(size=layout.size))
        inputs = rng.normal(size=(20, 12))
        curve = masked_curve(network, inputs, of="weights", rates=RATES, masks=64, root=n)
        at = RATES.index(P)
        exact = P / (1 - P) * float(((network.weights[0][0] * inputs) ** 2).sum(1).mean())
        covered += curve.low[at] <= exact <= curve.high[at]
        moved += abs(curve.shift[at]) > 1.96 * curve.shift_se[at]
        monotone += list(curve.value) == sorted(curve.value)
        zero = max(zero, abs(curve.value[0]), abs(curve.shift[0]))
    return [
        share(
            f"DropConnect on a linear score: 95 % interval of S({P}) holds p/(1−p) Σ w²x²", covered, times, least=0.93
        ),
        share("masks that move nothing on average, said to", moved, times, most=0.05),
        share("curves that rise with the share that is gone", monotone, times),
        row("largest distance at a share of zero", zero, None, "= 0", zero == 0.0),
    ]  # fmt: skip


def _one_trainer_twice(quick: bool) -> list[dict[str, Any]]:
    """Eight keys of one trainer, against eight others of it, and against those of a frailer one."""
    times, rng = 60 if quick else 600, np.random.default_rng(2)
    layout, inputs = Layout((6, 4, 1)), rng.normal(size=(12, 6))
    geometry = Identity(np.full(12, 1 / 12))

    def trained(scale: float) -> list[Network]:
        return [Network.of(layout, scale * rng.normal(size=layout.size)) for _ in range(8)]

    def curve(networks: Sequence[Network], root: int) -> Any:
        return curve_of(networks, inputs, geometry, "units", (0.1, P, 0.5), 16, root, "units")

    alike = apart = 0
    squares = []
    for n in range(times):
        one = curve(trained(1.0), 2 * n)
        same = curves_apart(one, curve(trained(1.0), 2 * n + 1))
        other = curves_apart(one, curve(trained(1.6), 2 * n + 1))
        alike += not same.mean_low <= 0.0 <= same.mean_high
        apart += not other.mean_low <= 0.0 <= other.mean_high
        squares.append(same.squared)
    mean, _, reach = mean_and_se(np.array(squares))
    return [
        share("one trainer twice: its dropout curves said to differ", alike, times, most=0.07),
        share("two trainers: their dropout curves said to differ", apart, times),
        row(
            "squared distance of one trainer's curves, noise removed: mean", float(mean),
            (float(mean - reach), float(mean + reach)), "interval holds 0", bool(abs(mean) <= reach),
        ),
    ]  # fmt: skip


def _trained_under_masks(statements: Materials, pairs: Materials, quick: bool) -> list[dict[str, Any]]:
    """Whether training under dropout makes a network that is moved less by it: the same masks on both sides."""
    keys, masks = (8, 16) if quick else (32, 64)
    rows = []
    for name, materials, plain in (
        ("league, mlp", statements, act.OversightLeague(evaluator="mlp")),
        ("league, linear", statements, act.OversightLeague(init_scale=0.1)),
        ("reward model, linear", pairs, act.RewardModel(init_scale=0.1)),
    ):  # fmt: skip
        for of, setting in (("units", "dropout"), ("weights", "dropconnect")):
            under = type(plain)(**{**plain.model_dump(), setting: P})
            asked = act.Masking(of=(of,), rates=RATES, masks=masks, keys=keys)  # type: ignore[arg-type]
            curves = [run(asked, problem_of(s, materials), s, materials).curves[0] for s in (under, plain)]
            found = curves_apart(*curves)
            at = RATES.index(P)
            rows.append(
                row(
                    f"{name}: S({P}) of {of} with less without training under {setting} {P}, over the latter",
                    found.difference[at] / curves[1].value[at],
                    (found.low[at] / curves[1].value[at], found.high[at] / curves[1].value[at]),
                )
            )
            rising = all(list(c.value) == sorted(c.value) for c in curves)
            rows.append(row(f"{name}: curves of {of} rise with the share", float(rising), None, "= 1", rising))
    return rows


# --- learning rates -----------------------------------------------------------------------------------------------


def _quadratic(curvature: float, steps: int) -> act.FromFunction:
    def train(items: Any, key: int, *, learning_rate: float, momentum: float, steps: int) -> list[float]:
        x, v = 1.0, 0.0
        for _ in range(steps):
            v = momentum * v - learning_rate * curvature * x
            x += v
            if abs(x) > 1e12:
                return [float("nan")]
        return [x]

    varies = {"learning_rate": [1.0 / curvature], "momentum": [0.0, 0.5, 0.9, 0.99], "steps": [steps]}
    return act.FromFunction(train, outcomes=1, varies=varies, deterministic=True)


def _quadratics(quick: bool) -> list[dict[str, Any]]:
    rng = np.random.default_rng(4)
    curvatures = [0.05, 1.0, 40.0] if quick else np.exp(rng.uniform(-5, 5, 24)).tolist()
    steps, ranges, beyond, narrower = 2000, 0, 0, 0
    short: list[float] = []
    with _bundled("statements") as materials:
        for curvature in curvatures:
            system = _quadratic(curvature, steps)
            asked = act.LearningRates(tolerance=0.02, octaves=16, halvings=9, longer=2)
            found = run(asked, problem_of(system, materials), system, materials)
            within = 10**found.resolution
            for r in found.ranges:
                assert r.momentum is not None
                edge = (2 + 2 * r.momentum) / curvature
                ranges += 1
                beyond += r.high > edge * within
                short.append(edge / r.high - 1)
            widths = [r.width for r in found.ranges]
            narrower += widths != sorted(widths)
    return [
        row(
            f"rates above (2 + 2β)/λ that were called acceptable (of {ranges} ranges on quadratics)", beyond, None,
            "= 0", beyond == 0,
        ),
        # what has arrived is at 0.02 of the start after 2,000 steps: 1 − 0.02^(1/2000) = 0.002 of the edge, and for a
        # momentum near one the slower mode, up to (1 − β) of that; two per cent leave room for its first coefficient
        row(
            "largest shortfall of a range's upper end from theory, relative", max(short), None, "<= 0.02",
            max(short) <= 0.02,
        ),
        row("quadratics on which momentum does not widen the range", narrower, None, "= 0", narrower == 0),
    ]  # fmt: skip


def _rates(statements: Materials, pairs: Materials, quick: bool) -> list[dict[str, Any]]:
    rows = []
    for name, materials, system in (
        ("league, linear", statements, act.OversightLeague(minibatch=8)),
        ("league, mlp", statements, act.OversightLeague(evaluator="mlp")),
        ("reward model", pairs, act.RewardModel(minibatch=8)),
    ):  # fmt: skip
        asked = act.LearningRates(keys=3 if quick else 8, octaves=8, halvings=3, tolerance=0.1)
        found = run(asked, problem_of(system, materials), system, materials)
        for r in found.ranges:
            at_least = " at least" if r.least or r.most else ""
            rows.append(
                row(
                    f"{name}, momentum {r.momentum:g}: decades of rates that train to one end{at_least}",
                    r.width if r.keys else None, (r.width_low, r.width_high) if r.keys > 1 else None,
                )
            )  # fmt: skip
    return rows


# --- prompts ------------------------------------------------------------------------------------------------------


def _prompts(statements: Materials, quick: bool) -> list[dict[str, Any]]:
    system = act.OversightLeague(evaluator="mlp")
    asked = act.Prompts(keys=3 if quick else 8, prefixes=("Answer in one word:", "As my friend, tell me:"))
    found = run(asked, problem_of(system, statements), system, statements)
    rows = [
        row(
            f"league, mlp: spread of outcomes over spread of starts, {len(found.probes)} probes put otherwise",
            found.ratio, (found.ratio_low, found.ratio_high),
        ),
        row("the same over that of probes that mean different things", found.washed_out),
    ]  # fmt: skip
    rows += [row(f"share judged otherwise by {k.kind} ({k.rewordings} rewordings)", k.otherwise) for k in found.kinds]
    return rows


# --- forgetting ---------------------------------------------------------------------------------------------------


def _forgetting(statements: Materials, pairs: Materials, quick: bool) -> list[dict[str, Any]]:
    """Spread of outcomes over spread of starts, over starts that were trained on another task drawn by each key."""
    keys = 12 if quick else 48
    rows = []
    for name, materials, plain in (
        ("league, linear", statements, act.OversightLeague()), ("reward model", pairs, act.RewardModel()),
    ):  # fmt: skip
        still = _contraction(plain, materials, keys)
        rows.append(row(f"{name}, no pretraining: spread over keys", still[0], None, "= 0", still[0] == 0.0))
        for before in (10, 100):
            for longer in (1, 16):
                system = type(plain)(**{**plain.model_dump(), "pretrained": before, "steps": plain.steps * longer})
                _, ratio, low, high = _contraction(system, materials, keys)
                said = f"{before} steps on another task, then {'' if longer == 1 else f'{longer} times '}its own"
                rows.append(row(f"{name}, {said}: spread at the end over spread of starts", ratio, (low, high)))
    return rows


def _contraction(system: Any, materials: Materials, keys: int) -> tuple[float, float, float, float]:
    """Spread at the end over keys, that over the spread of the starts, and its 95 % interval (jackknife over keys)."""
    base = np.tile(np.array(materials.seed.base, np.int16), (keys, 1))
    seen = system.states(Rows(base, np.arange(keys, dtype=np.int64)), materials, TRAJECTORY).astype(np.float64)
    points = system.geometry(materials).embed(seen)
    start, end = points[:, 0], points[:, -1]

    def spread(x: Floats) -> float:
        return float(((x - x.mean(0)) ** 2).sum() / (len(x) - 1))

    # rows of one batch that start alike end alike, up to the company of a row in a product
    if spread(start) < 1e-12:
        return (0.0 if spread(end) < 1e-12 else spread(end)), float("nan"), float("nan"), float("nan")
    ratio = spread(end) / spread(start)
    left = np.array([spread(np.delete(end, k, 0)) / spread(np.delete(start, k, 0)) for k in range(keys)])
    _, reach = jackknife(left)
    return spread(end), ratio, max(0.0, ratio - float(reach)), ratio + float(reach)
