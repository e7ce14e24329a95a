"""Certificates of ReLU networks of digits, 64-64-64-1: how tight they are, beside another verifier.

The task is scikit-learn's digits (below five or not, pixels in [0, 1]). A pair is a network and the same one trained
without ten of its 1,400 items: same initialisation, same batches, those items at weight zero. Boxes of three radii
around probes that were not trained on, and all of [0, 1]^64. Tightness is the certified bound over the best lower bound
that anything here found (dreams and steps to corners from many starts, the witnesses of branch and bound).

The rival is auto_LiRPA's α-CROWN on the same difference of the same networks, run by the Python that ``RIVAL_PYTHON``
names (``--rival``), in whose environment it is installed. Where there is none its rows say so.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from activeseed.bounding.bounded import Bounded
from activeseed.bounding.ladder import Rung, bound
from activeseed.bounding.regions import Box
from activeseed.dreaming import Difference, dream
from activeseed.networks import Layout, Network
from activeseed.plan import Floats
from tests.benchmarks import _rival_bounds
from tests.benchmarks._report import row, share

RADII = (0.02, 0.05, 0.1)
#: what the median tightness has to be at each radius, and over the whole domain
TARGETS = {0.02: 1.1, 0.05: 2.2, 0.1: 2.7, 1.0: 3.0}
PAIRS, PROBES, SECONDS = 3, 20, 15.0
REMOVED, TRAINED = 10, 1400
#: bounds are equal up to this share: both add up the same numbers in another order
EQUAL = 1e-6
#: seconds after which it is looked whether the rival's bound was reached
STEPS = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)


@dataclass(frozen=True, eq=False)
class Case:
    """One region of one pair."""

    pair: int
    radius: float
    region: Box
    start: Floats


def digits() -> tuple[Floats, Floats, Floats]:
    """(1400, 64) items, whether each is five or more, and (397, 64) probes."""
    from sklearn.datasets import load_digits

    found = load_digits()
    order = np.random.default_rng(0).permutation(len(found.data))
    x, y = found.data[order] / 16.0, (found.target[order] >= 5).astype(float)
    return x[:TRAINED], y[:TRAINED], x[TRAINED:]


def trained(x: Floats, y: Floats, weights: Floats, key: int) -> Network:
    """A network 64-64-64-1, 40 epochs of AdamW; the key says how it starts and in what order batches come."""
    import torch

    dice = torch.Generator().manual_seed(key)
    widths = (x.shape[1], 64, 64, 1)
    parts = []
    for i, o in pairwise(widths):
        parts += [(torch.rand(s, generator=dice, dtype=torch.float64) * 2 - 1) / i**0.5 for s in ((o, i), (o,))]
    parts = [p.requires_grad_() for p in parts]
    steps = torch.optim.AdamW(parts, lr=3e-3, weight_decay=1e-2)
    inputs, wanted, w = (torch.as_tensor(v) for v in (x, y, weights))
    for _ in range(40):
        for batch in torch.randperm(len(x), generator=dice).split(64):
            h = inputs[batch]
            for k in range(0, len(parts), 2):
                h = h @ parts[k].T + parts[k + 1]
                h = torch.relu(h) if k < len(parts) - 2 else h
            loss = torch.nn.functional.binary_cross_entropy_with_logits(h[:, 0], wanted[batch], weight=w[batch])
            steps.zero_grad()
            loss.backward()
            steps.step()
    arrays = [p.detach().numpy() for p in parts]
    return Network(Layout(widths, "relu"), tuple(arrays[0::2]), tuple(arrays[1::2]))


def pairs(x: Floats, y: Floats, count: int) -> list[tuple[Network, Network]]:
    """Networks with all items and without ten, each pair under a key of its own."""
    out = []
    for key in range(count):
        weights = np.ones(len(x))
        weights[np.random.default_rng([9, key]).permutation(len(x))[:REMOVED]] = 0.0
        out.append((trained(x, y, np.ones(len(x)), key), trained(x, y, weights, key)))
    return out


def cases_of(probes: Floats, count: int, each: int) -> list[Case]:
    """Boxes around the first probes for every pair, and the whole domain once a pair."""
    out = []
    for pair in range(count):
        for radius in RADII:
            for p in probes[:each]:
                box = Box(np.clip(p - radius, 0, 1), np.clip(p + radius, 0, 1), f"a box of {radius} around a probe")
                out.append(Case(pair, radius, box, p[None]))
        out.append(Case(pair, 1.0, Box(np.zeros(64), np.ones(64), "all of [0, 1]^64"), probes))
    return out


def digit_rows(data: Path | None, quick: bool) -> list[dict[str, Any]]:
    """See the module. ``quick`` takes one pair, three probes and three seconds, and holds it to no target."""
    count, each, seconds = (1, 3, 3.0) if quick else (PAIRS, PROBES, SECONDS)
    x, y, probes = digits()
    nets = pairs(x, y, count)
    cases = cases_of(probes, count, each)
    lower, proved = [], []
    for n, case in enumerate(cases):
        f, g = nets[case.pair]
        seen = dream(f, g, case.region, key=n, restarts=64, steps=150, starts=case.start)
        value, point = max((seen.value, seen.point), climbed(f, g, case, n), key=lambda found: found[0])
        found = bound(f, g, case.region, seconds=seconds, witness=point)
        lower.append(max(value, found.lower))
        proved.append(found)
        said = f"{found.upper:.4f}/{lower[-1]:.4f}, {found.method}, {found.status}, {found.seconds:.1f} s"
        print(f"  pair {case.pair}, radius {case.radius:g}: {found.upper / lower[-1]:.3f} = {said}", file=sys.stderr)
    return [
        *_tightness(cases, np.array(lower), proved, seconds, targets=not quick),
        *_beside(nets, cases, np.array(lower), proved, quick),
    ]  # fmt: skip


def climbed(f: Network, g: Network, case: Case, key: int, steps: int = 150) -> tuple[float, Floats]:
    """|f − g| and where, by steps along the sign of the slope: in a box the largest one often lies in a corner."""
    import torch

    difference = Difference(f, g)
    starts = np.concatenate([case.region.sample(64, np.random.default_rng(key)), case.start])
    ends = []
    for sign in (1.0, -1.0):
        x = torch.as_tensor(starts)
        reach = torch.as_tensor(case.region.high - case.region.low) / 4.0
        for step in range(steps):
            _, slopes = difference.rising(x)
            x = case.region.project(x + (1.0 - step / steps) ** 2 * reach * (sign * slopes).sign())
        ends.append(x.numpy())
    found = np.concatenate(ends)
    apart = np.abs(difference.values(found))
    best = int(apart.argmax())
    return float(apart[best]), found[best]


def _tightness(
    cases: Sequence[Case], lower: Floats, proved: Sequence[Bounded], seconds: float, targets: bool
) -> list[dict[str, Any]]:
    upper = np.array([b.upper for b in proved])
    rows = [share("digits: certified bounds below what was seen", int((upper < lower).sum()), len(upper), most=0.0)]
    for radius, target in TARGETS.items():
        at = np.array([c.radius == radius for c in cases])
        ratio = upper[at] / lower[at]
        where = "all of [0, 1]^64" if radius == 1.0 else f"L∞ ball of {radius:g}"
        median = float(np.median(ratio))
        rows.append(
            row(
                f"digits: certified/seen, median of {at.sum()}, {where}, {seconds:g} s",
                median,
                [float(np.quantile(ratio, q)) for q in (0.1, 0.9)],
                f"<= {target:g}" if targets else "-",
                median <= target if targets else None,
            )
        )
    return rows


# --- the rival --------------------------------------------------------------------------------------------------------


def _beside(
    nets: Sequence[tuple[Network, Network]],
    cases: Sequence[Case],
    lower: Floats,
    proved: Sequence[Bounded],
    quick: bool,
) -> list[dict[str, Any]]:
    python = os.environ.get("RIVAL_PYTHON", "")
    if not python:
        return [row("digits: beside auto_LiRPA: left out, RIVAL_PYTHON names no Python that has it", None)]
    try:
        answers = rival(python, nets, cases)
    except (OSError, subprocess.CalledProcessError) as error:
        why = (getattr(error, "stderr", "") or str(error)).strip().splitlines()[-1:]
        return [row(f"digits: beside auto_LiRPA: left out, it failed: {' '.join(why)[:200]}", None)]
    upper = np.array([b.upper for b in proved])
    best = np.array([min(v for v, _ in a.values()) for a in answers])
    rows = [
        share("digits: the rival's bounds below what was seen", int((best < lower).sum()), len(best)),
    ]
    for radius in TARGETS:
        at = np.array([c.radius == radius for c in cases])
        where = "all of [0, 1]^64" if radius == 1.0 else f"L∞ ball of {radius:g}"
        for name in _rival_bounds.SETTINGS:
            ratio = np.array([a[name][0] for a in answers])[at] / lower[at]
            rows.append(row(f"digits: auto_LiRPA {name}: bound/seen, median, {where}", float(np.median(ratio))))
        ours = float(np.median(upper[at] / best[at]))
        rows.append(row(f"digits: ours over the rival's best bound, median, {where}", ours, None, "<= 1", ours <= 1.0))
    rows.append(share("digits: regions where ours is tighter", int((upper < best).sum()), len(best)))
    return [*rows, *_times(nets, cases, answers, quick)]


def _times(
    nets: Sequence[tuple[Network, Network]],
    cases: Sequence[Case],
    answers: Sequence[dict[str, list[float]]],
    quick: bool,
) -> list[dict[str, Any]]:
    """Seconds until the rival's bound is reached, over the seconds that it took the rival."""
    ratios: list[float] = []
    chosen = range(0, len(cases), 1 if quick else 5)
    for n in chosen:
        f, g = nets[cases[n].pair]
        value = min(v for v, _ in answers[n].values()) * (1.0 + EQUAL)
        taken = min(seconds for v, seconds in answers[n].values() if v <= value)
        ratios.append(until(f, g, cases[n].region, value) / taken)
    median = float(np.median(ratios))
    ends = [float(np.quantile(ratios, q)) for q in (0.1, 0.9)]
    claim = f"digits: seconds to the rival's best bound over the rival's, median of {len(ratios)}"
    return [row(claim, median, ends, "<= 1", median <= 1.0)]


def until(f: Network, g: Network, region: Box, value: float) -> float:
    """Seconds until a bound is proved that is no larger; infinity where none is within fifteen seconds.

    The cheap rungs first; each attempt is timed alone, as if nothing had been tried before.
    """
    cheap: tuple[Rung, ...] = ("joint", "paired")
    for method in cheap:
        began = time.perf_counter()
        found = bound(f, g, region, method=method)
        if found.upper <= value:
            return time.perf_counter() - began
    for seconds in STEPS:
        began = time.perf_counter()
        if bound(f, g, region, seconds=seconds, gap=0.0).upper <= value:
            return time.perf_counter() - began
    return float("inf")


def rival(python: str, nets: Sequence[tuple[Network, Network]], cases: Sequence[Case]) -> list[dict[str, list[float]]]:
    """(bound, seconds) by setting, for each region, from the other environment."""
    problems: dict[str, Any] = {
        "depth": len(nets[0][0].weights),
        "pair": [c.pair for c in cases],
        "low": np.array([c.region.low for c in cases]),
        "high": np.array([c.region.high for c in cases]),
    }
    for p, pair in enumerate(nets):
        for side, net in enumerate(pair):
            for k, (w, b) in enumerate(zip(net.weights, net.biases, strict=True)):
                problems |= {f"{p}/{side}/w{k}": w, f"{p}/{side}/b{k}": b}
    with tempfile.TemporaryDirectory() as folder:
        given, answers = Path(folder) / "problems.npz", Path(folder) / "answers.json"
        np.savez(given, **problems)
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | {"OMP_NUM_THREADS": "1"}
        subprocess.run(
            [python, _rival_bounds.__file__, str(given), str(answers)],
            check=True, capture_output=True, text=True, env=environment, cwd=folder,
        )  # fmt: skip
        found: list[dict[str, list[float]]] = json.loads(answers.read_text("utf-8"))
    return found
