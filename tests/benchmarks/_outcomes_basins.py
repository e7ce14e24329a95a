"""Basins: whether as many are found as were planted, with true shares; bifurcations, rates and seeds that are known.

A part of `outcomes` beside this file. Ensembles have 40 dimensions; within a basin the standard deviation falls as
e^(−i/5) from 1, and middles lie in random directions, so many standard deviations of the widest direction apart.
Members are drawn with the stated probabilities, and drawn again where the smallest basin came to hold less than a tenth
of them. One-basin ensembles have tails of Student's t with 3 degrees (of all directions together, or each its own),
are skewed (exponential), or both (lognormal).
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import activeseed as act
from activeseed.analyses import Basins, Landscape
from activeseed.analyses.basins.counting import basins_of
from activeseed.analyses.basins.telling import share_errors, share_interval
from activeseed.analyses.sides import Side
from activeseed.plan import Floats, Ints, generator
from activeseed.seed import Probe
from activeseed.testing import Pitchfork, problem_of, run
from tests.benchmarks._report import row, share
from tests.benchmarks.persona import Statements

REPETITIONS, QUICK = 200, 12
MEMBERS, DIMENSIONS = 100, 40
#: first of the keys under which forks are looked for: those below 200 were seen while sweeps were mended
FORKS = 200
#: probabilities of the planted basins
PLANTED: tuple[tuple[float, ...], ...] = ((0.85, 0.15), (0.88, 0.12), (0.6, 0.28, 0.12))
TAILS = ("normal", "t", "each t", "skewed", "lognormal")


def cloud(rng: np.random.Generator, members: int, tails: str = "normal") -> Floats:
    """One basin around zero."""
    z = rng.standard_normal((members, DIMENSIONS))
    if tails == "t":
        z *= np.sqrt(3.0 / rng.chisquare(3, (members, 1)))
    elif tails == "each t":
        z *= np.sqrt(3.0 / rng.chisquare(3, (members, DIMENSIONS)))
    elif tails == "skewed":
        z = rng.exponential(1.0, (members, DIMENSIONS)) - 1.0
    elif tails == "lognormal":
        z = np.exp(z) - np.exp(0.5)
    found: Floats = z * np.exp(-np.arange(DIMENSIONS) / 5.0)
    return found


def planted(
    rng: np.random.Generator,
    shares: Sequence[float],
    apart: float,
    tails: str = "normal",
    members: int = MEMBERS,
    least: float = 0.1,
) -> tuple[Floats, NDArray[np.int64]]:
    """An ensemble, and the basin of each member."""
    middles = rng.standard_normal((len(shares), DIMENSIONS))
    middles *= apart / np.sqrt(2.0) / np.linalg.norm(middles, axis=1, keepdims=True)
    while True:
        of = rng.choice(len(shares), members, p=shares)
        if np.bincount(of, minlength=len(shares)).min() >= least * members:
            return middles[of] + cloud(rng, members, tails), of


def _found(rng: np.random.Generator, points: Floats) -> Ints:
    return basins_of(points, rng)


def number_rows(quick: bool) -> list[dict[str, Any]]:
    """Whether the number of basins is the planted one."""
    times = QUICK if quick else REPETITIONS
    rows = []
    for tails in TAILS:
        split = 0
        for n in range(times):
            rng = generator(17, "one", tails, n)
            split += int(_found(rng, cloud(rng, MEMBERS, tails)).max() > 0)
        rows.append(
            share(
                f"basins: one with {tails} tails is told as several", split, times, most=0.05 if times >= 100 else 0.2
            )
        )
    few = times if quick else times // 2  # what is only reported
    for apart in (8.0, 4.0):
        times = times if apart == 8.0 else few
        for shares in PLANTED:
            right = 0
            for n in range(times):
                rng = generator(17, "several", str(apart), str(shares), n)
                right += int(_found(rng, planted(rng, shares, apart)[0]).max()) + 1 == len(shares)
            said = f"basins: the right number of {len(shares)}, shares {shares}, {apart:g} deviations apart"
            rows.append(share(said, right, times, least=(0.95 if times >= 100 else 0.8) if apart == 8.0 else None))
    for tails in ("t", "skewed"):
        right = 0
        for n in range(few):
            rng = generator(17, "several", tails, n)
            right += int(_found(rng, planted(rng, PLANTED[0], 8.0, tails)[0]).max()) + 1 == 2
        rows.append(share(f"basins: the right number of 2 with {tails} tails, 8 deviations apart", right, few))
    return rows


def mixture_rows(quick: bool) -> list[dict[str, Any]]:
    """What choosing the number of normals by BIC does with the same ensembles: why that is not how they are counted."""
    from sklearn.mixture import GaussianMixture

    times = QUICK if quick else REPETITIONS // 2
    rows = []
    for tails in ("normal", "t"):
        split = 0
        for n in range(times):
            rng = generator(17, "one", tails, n)
            at = cloud(rng, MEMBERS, tails)
            left, size, _ = np.linalg.svd(at - at.mean(0), full_matrices=False)
            flat = left[:, :3] * size[:3]
            bic = [
                GaussianMixture(k, n_init=2, reg_covar=1e-3, random_state=0).fit(flat).bic(flat) for k in (1, 2, 3, 4)
            ]
            split += int(np.argmin(bic)) > 0
        rows.append(share(f"basins: for comparison, one with {tails} tails is told as several by BIC", split, times))
    return rows


def share_rows(quick: bool) -> list[dict[str, Any]]:
    """Whether the interval of a share holds the probability with which the basin was planted."""
    times = QUICK if quick else REPETITIONS
    rows = []
    for shares in ((0.8, 0.2), (0.6, 0.28, 0.12)):
        held = plain = of = 0
        for n in range(times):
            rng = generator(17, "shares", str(shares), n)
            points, _ = planted(rng, shares, 8.0, least=0.0)
            found = _found(rng, points)
            if int(found.max()) + 1 != len(shares):
                continue
            # basins are told by size; the planted ones are as well
            errors = share_errors(points, found)
            seen = np.bincount(found) / len(found)
            for true, one, error in zip(shares, seen, errors, strict=True):
                low, high = share_interval(float(one), float(error), len(found))
                held += low <= true <= high
                plain += abs(one - true) <= 1.96 * error
                of += 1
        rows.append(
            share(
                f"basins: share's 95 % interval holds the planted one, {shares}",
                held,
                of,
                least=0.93 if times >= 100 else 0.8,
            )
        )
        rows.append(share(f"basins: share within 1.96 of its standard errors, {shares}", plain, of))
    return rows


def flow_rows(quick: bool) -> list[dict[str, Any]]:
    """A pitchfork: where it forks; and gradient descent on a parabola, whose rate is log|1 − αλ|."""
    times = 3 if quick else 40
    right = false = told = 0
    for n in range(FORKS, FORKS + times):
        toy = Pitchfork()
        problem = problem_of(toy, toy.materials, stream=n, first_key=1000 * n)
        found = run(Basins(draws=100, follow=0, resamples=16, sweep={"growth": ()}), problem, toy, toy.materials)
        changes = found.sweeps[0].changes
        right += changes == ("Between growth = -0.25 and 0.25 the number of basins changes from 1 to 2.",)
        below = Basins(draws=100, follow=0, resamples=16, sweep={"growth": (-0.5, -0.25)})
        calm = Pitchfork(growth=-0.5)
        quiet = run(below, problem_of(calm, calm.materials, stream=n, first_key=1000 * n), calm, calm.materials)
        false += not quiet.sweeps[0].stable
        heard = run(
            Basins(draws=200, follow=0, resamples=16, sweep={"mix": ()}),
            problem_of(calm, calm.materials, stream=n, first_key=1000 * n), calm, calm.materials,
        )  # fmt: skip
        told += any("changes from a to b" in said for said in heard.sweeps[0].changes)
    rows: list[dict[str, Any]] = [
        share("basins: a sweep through a pitchfork names where it forks, and nothing else", right, times, least=0.9),
        share("basins: a sweep on one side of it names a change", false, times, most=0.1),
        share("basins: a sweep names where what the outcome hangs on most changes from a to b", told, times, least=0.9),
    ]
    for growth in (-0.5, -0.1):
        toy = Pitchfork(growth=growth, cube=False, noise=0.0, steps=24)
        found = run(Basins(draws=40, resamples=0), problem_of(toy, toy.materials), toy, toy.materials)
        assert found.training is not None
        assert found.training.keys is not None
        true = float(np.log(abs(1.0 + toy.rate * growth)))
        gap = abs(found.training.keys.value - true)
        # members differ in what items add, which comes in alike in a pair; outcomes are kept in single precision
        rows.append(
            row(
                f"basins: rate of descent on a parabola less log|1 − αλ| = {true:.4f}",
                gap,
                None,
                "<= 1e-4",
                gap <= 1e-4,
            )
        )
        ratio = found.training.ratio[-1]
        rows.append(row(f"basins: spread at the end over that at the start, growth {growth}", ratio))
    return rows


def persona_rows(data: Path | None, quick: bool) -> list[dict[str, Any]]:
    """Seeds of real statements: good ones, and wrong ones in three ways; how pure the basins are in the kinds.

    A good seed is any 40 of 60 statements that match a behaviour; of a wrong one 20 are replaced: by such as say the
    contrary, by such of a second behaviour, or of a third. Ten seeds a kind, a league each.
    """
    if data is None or not (data / "persona" / "statements.csv").exists():
        return [row("basins: seeds of persona, wrong in several ways (no persona/ in --data)", None)]
    statements = Statements.read(data)
    together = own = of = 0
    numbers: list[float] = []
    ratios: list[float] = []
    for behaviour in statements.names[: 2 if quick else 12]:
        found = _persona_basins(statements, behaviour)
        kinds = [name.split()[0] for name in found.names]
        numbers.append(float(found.number))
        good = [b for b, k in zip(found.members, kinds, strict=True) if k == "good"]
        together += len(set(good)) == 1
        wrong = [b for b, k in zip(found.members, kinds, strict=True) if k != "good"]
        of += len(wrong)
        own += sum(b not in good for b in wrong)
        ratios.append(found.between)
    return [
        row("basins: of good persona seeds and three kinds of wrong ones, mean number", float(np.mean(numbers))),
        row("basins: of these, share of the spread that lies between basins", float(np.mean(ratios))),
        share("basins: behaviours of which all good seeds lie in one basin", together, len(numbers)),
        share("basins: wrong persona seeds that lie in a basin without good ones", own, of),
    ]


def _persona_basins(statements: Statements, behaviour: str) -> Landscape:
    """Ten good seeds of a behaviour and ten wrong ones of each of three kinds, trained and told as basins."""
    rng = generator(17, "persona basins", behaviour)
    named, matching = np.array(statements.behaviours) == behaviour, np.array(statements.matches)
    second, third = (b for b in rng.permutation([b for b in statements.names if b != behaviour])[:2])
    rows = {"good": rng.permutation(np.flatnonzero(named & matching))}
    rows["contrary"] = rng.permutation(np.flatnonzero(named & ~matching))
    for name, other in (("second", second), ("third", third)):
        rows[name] = rng.permutation(np.flatnonzero((np.array(statements.behaviours) == other) & matching))
    held = {"good": 60, "contrary": 30, "second": 30, "third": 30}
    texts = statements.texts
    seed = act.Seed(
        items=tuple(
            act.Item(id=f"{kind} {n}", payload=act.Text(text=texts[i]))
            for kind, count in held.items() for n, i in enumerate(rows[kind][:count])
        )
    )  # fmt: skip
    taken = {int(i) for kind, count in held.items() for i in rows[kind][:count]}
    others = [i for i in rng.permutation(np.flatnonzero(~named)) if int(i) not in taken]
    pool = tuple(
        Probe(id=f"u{i}", payload=act.Text(text=texts[i])) for i in np.r_[rows["contrary"][30:90], others[:200]]
    )
    probes = tuple(
        Probe(id=f"p{i}", payload=act.Text(text=texts[i]), label=float(y))
        for y, some in ((1, rows["good"][60:140]), (0, rows["contrary"][90:170])) for i in some
    )  # fmt: skip
    sides = []
    for kind in held:
        for n in range(10):
            keeps = {f"good {i}" for i in rng.permutation(60)[: 40 if kind == "good" else 20]}
            if kind != "good":
                keeps |= {f"{kind} {i}" for i in rng.permutation(30)[:20]}
            gone = {item.id: "absent" for item in seed.items if item.id not in keeps}
            sides.append(Side(name=f"{kind} {n}", changes=gone))
    with tempfile.TemporaryDirectory() as folder:
        study = act.Study.create(
            folder, seed, act.OversightLeague(), probes=probes, pool=pool, embedder=act.Tfidf(), perturbations=[]
        )  # fmt: skip
        return study.analyse(Basins(of="seeds", seeds=tuple(sides), follow=0, resamples=0))


def basin_rows(data: Path | None, quick: bool) -> list[dict[str, Any]]:
    """All rows of this part."""
    return [
        *number_rows(quick), *mixture_rows(quick), *share_rows(quick), *flow_rows(quick), *persona_rows(data, quick)
    ]  # fmt: skip
