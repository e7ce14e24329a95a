"""Distances: what each claims of itself on random outcomes, references, closed forms, and errors that cover."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from scipy import spatial, special, stats
from sklearn.metrics import jaccard_score
from sklearn.preprocessing import KernelCenterer

from activeseed.distances import (
    DecisionFlips,
    Hellinger,
    Jeffreys,
    JensenShannon,
    Kendall,
    KullbackLeibler,
    LinearCKA,
    Policy,
    Procrustes,
    RankNormalised,
    Spearman,
    TopK,
    TotalVariation,
    estimate,
    matrix,
    of_means,
)
from activeseed.distances.divergences import DivergenceKind
from activeseed.distances.reading import even
from activeseed.outcome import plain
from activeseed.plan import Floats, generator
from tests.benchmarks._report import row, share

PLACES = 12
#: probes of an ensemble; a dozen of them leave decisions to one or two places, and a handful of keys to few events
PROBES = 24
#: outcomes of a kind that are compared with one another: 1,770 pairs and 205,320 ordered triples a member
OUTCOMES = 60
KEYS = 8
#: up to rounding, relative to the largest distance
SLACK = 1e-9
DIVERGENCES: tuple[DivergenceKind, ...] = ("kl", "jeffreys", "jensen_shannon", "hellinger", "total_variation")
MEMBERS: tuple[Any, ...] = (
    KullbackLeibler(), KullbackLeibler(direction="reverse"), KullbackLeibler(smoothing=0.05), Jeffreys(),
    JensenShannon(), Hellinger(), TotalVariation(), KullbackLeibler(reads="distribution"),
    Jeffreys(reads="distribution"), JensenShannon(reads="distribution"), Hellinger(reads="distribution"),
    TotalVariation(reads="distribution"), Kendall(), Spearman(), TopK(k=3), TopK(k=4, measure="jaccard"),
    DecisionFlips(), LinearCKA(), Procrustes(), *(RankNormalised(divergence=d) for d in DIVERGENCES),
    *(Policy(divergence=d) for d in DIVERGENCES),
)  # fmt: skip
#: what is estimated across keys: embedding and not, smooth and not
ESTIMATED: tuple[Any, ...] = (
    JensenShannon(), Hellinger(), TotalVariation(), Kendall(), Spearman(), DecisionFlips(), TopK(k=4),
    RankNormalised(), Policy(scores="log_odds", leash=1.0), KullbackLeibler(), Jeffreys(), LinearCKA(), Procrustes(),
)  # fmt: skip


def distance_rows(data: Path | None, quick: bool) -> list[dict[str, Any]]:
    """The part's rows; nothing is read from ``data``."""
    del data
    rows = [*_properties(), *_references(), *_closed_forms(), *_estimates(300 if quick else 2000)]
    return [{name: plain(value) for name, value in r.items()} for r in rows]


def _outcomes(reads: str, key: int, rows: int = OUTCOMES) -> Floats:
    dice = generator(key, f"outcomes {reads}")
    if reads == "representations":
        return np.asarray(dice.standard_normal((rows, PLACES, 2)) @ dice.standard_normal((rows, 2, 4)))
    if reads == "distribution":
        return np.asarray(dice.dirichlet(np.full(PLACES, 0.7), rows))
    if reads == "probabilities":
        return np.clip(dice.beta(0.6, 0.6, (rows, PLACES)), 1e-6, 1 - 1e-6)
    # halves are rounded, so that there are ties
    found = dice.standard_normal((rows, PLACES))
    return np.concatenate([found[: rows // 2], np.round(found[rows // 2 :] * 2) / 2])


def _properties() -> Iterator[dict[str, Any]]:
    """How often what a distance says of itself does not hold, over all that claim it."""
    broken = dict.fromkeys(("identity", "range", "symmetry", "triangle", "embedding", "order of the places"), 0)
    tried = dict.fromkeys(broken, 0)
    least = {}
    for n, distance in enumerate(MEMBERS):
        values = _outcomes(distance.reads, n)
        w = generator(n, "weights").dirichlet(np.full(PLACES, 5.0))
        d = matrix(distance, values, values, w)
        scale = float(d.max())
        order = generator(n, "order").permutation(PLACES)
        seen: dict[str, Any] = {
            "identity": np.abs(np.diag(d)) > SLACK * scale,
            "range": ((d < 0) | (d > distance.largest * (1 + SLACK)))[~np.eye(len(d), dtype=bool)],
            "order of the places": np.abs(matrix(distance, values[:, order], values[:, order], w[order]) - d)
            > SLACK * scale,
        }
        if distance.symmetric:
            seen["symmetry"] = np.abs(d - d.T) > SLACK * scale
        if distance.metric:
            r = d if distance.metric == "d" else np.sqrt(d)
            slack = SLACK * scale if distance.metric == "d" else np.sqrt(SLACK * scale)
            seen["triangle"] = r[:, :, None] > r[:, None, :] + r.T[None, :, :].swapaxes(1, 2) + slack
        both = (d + d.T) / 2.0
        centre = np.eye(len(d)) - 1.0 / len(d)
        root = float(np.linalg.eigvalsh(-centre @ both @ centre)[0]) / scale
        if distance.embeds:
            seen["embedding"] = np.array([root < -SLACK * len(d)])
        else:
            least[f"{distance.words} ({distance.reads})"] = root
        for name, found in seen.items():
            broken[name] += int(np.sum(found))
            tried[name] += int(np.size(found))
    for name, count in broken.items():
        yield row(
            f"{name}: violations in {tried[name]:,} checks of {len(MEMBERS)} distances", count, None, "0", not count
        )
    for words, root in least.items():
        yield row(f"does not embed: least eigenvalue of −D, centred, over the largest distance: {words}", root)
    yield row(
        "distances that claim no embedding, for which a counterexample was found, as a share",
        float(np.mean([root < -1e-3 for root in least.values()])), None, "1", all(r < -1e-3 for r in least.values()),
    )  # fmt: skip


def _references() -> Iterator[dict[str, Any]]:
    """Largest difference from somebody else's code, over 1,000 pairs each."""
    n, w = 1000, even(PLACES)
    p, q = (_outcomes("distribution", k, n) for k in (1, 2))
    a, b = (generator(k, "plain").standard_normal((n, PLACES)) for k in (1, 2))
    x, y = (generator(k, "inside").standard_normal((n, PLACES, 4)) for k in (1, 2))
    of: dict[str, Any] = {"reads": "distribution"}
    each: list[tuple[str, Any, Any, Callable[[Any, Any], float]]] = [
        ("KL, scipy.stats.entropy", KullbackLeibler(**of), (p, q), stats.entropy),
        ("Jensen–Shannon, scipy", JensenShannon(**of), (p, q), lambda s, t: spatial.distance.jensenshannon(s, t) ** 2),
        ("total variation, scipy's cityblock", TotalVariation(**of), (p, q),
         lambda s, t: spatial.distance.cityblock(s, t) / 2),
        ("Kendall, scipy.stats.kendalltau", Kendall(), (a, b), lambda s, t: (1 - stats.kendalltau(s, t).statistic) / 2),
        ("Spearman, scipy.stats.spearmanr", Spearman(), (a, b), lambda s, t: (1 - stats.spearmanr(s, t).statistic) / 2),
        ("flips, scipy's hamming", DecisionFlips(threshold=0.0), (a, b),
         lambda s, t: spatial.distance.hamming(s > 0, t > 0)),
        ("top 4, sklearn's jaccard_score", TopK(k=4, measure="jaccard"), (a, b),
         lambda s, t: 1 - jaccard_score(*(np.argsort(np.argsort(-z)) < 4 for z in (s, t)))),
        ("CKA, sklearn's KernelCenterer", LinearCKA(), (x, y), _cka),
        ("Procrustes, scipy.spatial.procrustes", Procrustes(), (x, y),
         lambda s, t: 1 - np.sqrt(1 - spatial.procrustes(s, t)[2])),
    ]  # fmt: skip
    for claim, distance, sides, reference in each:
        found = distance.between(*sides, w)
        worst = max(abs(f - reference(s, t)) for f, s, t in zip(found, *sides, strict=True))
        yield row(f"largest difference over {n} pairs: {claim}", float(worst), None, "<= 1e-09", worst <= 1e-9)
    yield from _torchmetrics((p, q), (a, b), (x, y), w)


def _cka(s: Floats, t: Floats) -> float:
    k, m = (KernelCenterer().fit_transform(z @ z.T) for z in (s, t))
    return float(1 - (k * m).sum() / np.sqrt((k**2).sum() * (m**2).sum()))


def _torchmetrics(
    dists: tuple[Floats, Floats], numbers: tuple[Floats, Floats], clouds: tuple[Floats, Floats], w: Floats
) -> Iterator[dict[str, Any]]:
    """The same against torchmetrics, which works in single precision in places: up to 1e-5."""
    try:
        import torch
        from torchmetrics import functional
        from torchmetrics.functional.shape import procrustes_disparity
    except ImportError:
        yield row("largest difference: torchmetrics, which is not installed", None)
        return
    p, q, a, b, x, y = (torch.tensor(z) for z in (*dists, *numbers, *clouds))
    tau: Any = functional.kendall_rank_corrcoef(a.T, b.T)
    left: Any = procrustes_disparity(x, y)
    each = [
        ("KL", KullbackLeibler(reads="distribution").between(dists[0], dists[1], w),
         functional.kl_divergence(p, q, reduction="none")),
        ("Kendall", Kendall().between(numbers[0], numbers[1], w), (1 - tau) / 2),
        ("Spearman", Spearman().between(numbers[0], numbers[1], w), (1 - functional.spearman_corrcoef(a.T, b.T)) / 2),
        ("Procrustes", Procrustes().between(clouds[0], clouds[1], w), 1 - (1 - left) ** 0.5),
    ]  # fmt: skip
    for claim, mine, theirs in each:
        worst = float(np.abs(mine - theirs.numpy()).max())
        yield row(f"largest difference: {claim}, torchmetrics", worst, None, "<= 1e-05", worst <= 1e-5)


def _closed_forms() -> Iterator[dict[str, Any]]:
    """Gaussians as distributions over a fine grid, Bernoulli fields, and clouds of Gaussians of known correlation."""
    grid = np.linspace(-14, 14, 6000)
    w = even(len(grid))
    worst = dict.fromkeys(("KL", "Jeffreys", "Hellinger"), 0.0)
    of: dict[str, Any] = {"reads": "distribution"}
    for m, s in ((0.3, 1.0), (1.0, 0.8), (2.0, 1.4), (0.0, 1.7)):
        p, q = (special.softmax(-((grid - c) ** 2) / (2 * v**2)) for c, v in ((0.0, 1.0), (m, s)))
        kl = np.log(s) + (1 + m**2) / (2 * s**2) - 0.5
        back = -np.log(s) + (s**2 + m**2) / 2 - 0.5
        root = np.sqrt(2 * s / (1 + s**2)) * np.exp(-(m**2) / (4 * (1 + s**2)))
        for name, distance, truth in (
            ("KL", KullbackLeibler(**of), kl), ("Jeffreys", Jeffreys(**of), kl + back),
            ("Hellinger", Hellinger(**of), 1 - root),
        ):  # fmt: skip
            worst[name] = max(worst[name], abs(float(distance.between(p, q, w)) / truth - 1))
    for name, error in worst.items():
        yield row(f"{name} of Gaussians on a grid: largest relative error", error, None, "<= 1e-06", error <= 1e-6)
    p, q = generator(1, "Bernoulli").uniform(0.01, 0.99, (2, 1000, PLACES))
    weights = generator(1, "weights").dirichlet(np.ones(PLACES))
    kl = (p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))) @ weights
    error = float(np.abs(KullbackLeibler().between(p, q, weights) - kl).max())
    yield row("KL of 1,000 Bernoulli fields: largest difference", error, None, "<= 1e-12", error <= 1e-12)
    h = 1 - (np.sqrt(p * q) + np.sqrt((1 - p) * (1 - q))) @ weights
    error = float(np.abs(Hellinger().between(p, q, weights) - h).max())
    yield row("Hellinger of 1,000 Bernoulli fields: largest difference", error, None, "<= 1e-12", error <= 1e-12)
    places, width = 40_000, 3
    off = {"CKA": 0.0, "Procrustes": 0.0}
    for key, r in enumerate((0.0, 0.3, 0.6, 0.9)):
        x, own = generator(key, "clouds").standard_normal((2, places, width))
        y = r * x + np.sqrt(1 - r**2) * own
        for name, cloud, truth in (("CKA", LinearCKA(), 1 - r**2), ("Procrustes", Procrustes(), 1 - r)):
            off[name] = max(off[name], abs(float(cloud.between(x, y, even(places))) - truth))
    # the largest of the width² correlations of independent columns is about 3/√P
    for name, error in off.items():
        limit = 5 / np.sqrt(places)
        yield row(
            f"{name} of Gaussian clouds of 40,000 places: largest difference",
            error,
            None,
            f"<= {limit:g}",
            error <= limit,
        )


def _estimates(repeats: int) -> Iterator[dict[str, Any]]:
    """Across 8 keys that share a third of their noise: a zero effect is zero on average, and intervals cover."""
    reach = float(stats.t.ppf(0.975, KEYS - 1))
    for distance in ESTIMATED:
        nothing = [estimate(distance, *_runs(distance, r, 0.0)) for r in range(repeats)]
        values = np.array([e.value for e in nothing])
        error = float(values.std(ddof=1) / np.sqrt(repeats))
        single = [_runs(distance, r, 0.0, 1) for r in range(repeats)]
        plain = float(np.mean([distance.between(x, y, even(PROBES)) for x, y in single]))
        # 3.5 standard errors: of 13 distances less than one in a hundred such tables would miss by chance
        yield row(
            f"{distance.words}: mean of a zero effect over what two single runs are apart, {repeats} repetitions",
            float(values.mean()) / plain,
            [float(values.mean() + s * 1.96 * error) / plain for s in (-1, 1)],
            "0 within 3.5 s.e.", abs(float(values.mean())) <= 3.5 * error,
        )  # fmt: skip
        truth = _truth(distance)
        found = [estimate(distance, *_runs(distance, r, 0.8)) for r in range(repeats)]
        hits = sum(abs(e.value - truth) <= reach * e.stderr for e in found)
        yield share(f"{distance.words}: intervals of 8 keys that hold the truth", hits, repeats, least=0.93)
    few, truth = DecisionFlips(), _truth(DecisionFlips(), PLACES)
    found = [estimate(few, *_runs(few, r, 0.8, KEYS, PLACES)) for r in range(repeats)]
    hits = sum(abs(e.value - truth) <= reach * e.stderr for e in found)
    yield share(f"{few.words}, at {PLACES} probes alone: intervals of 8 keys that hold the truth", hits, repeats)
    for distance in (KullbackLeibler(), Jeffreys()):
        values = np.array([of_means(distance, *_runs(distance, r, 0.0)).value for r in range(repeats)])
        means = np.array([np.mean(_runs(distance, r, 0.0), axis=1) for r in range(repeats)])
        plain = float(distance.between(means[:, 0], means[:, 1], even(PROBES)).mean())
        value = float(values.mean()) / plain
        yield row(
            f"{distance.words}: bias that is left of the distance between means",
            value,
            None,
            "<= 0.05",
            abs(value) <= 0.05,
        )


def _runs(distance: Any, key: int, shift: float, keys: int = KEYS, places: int = PROBES) -> tuple[Floats, Floats]:
    """Two ensembles of as many keys; ``shift`` moves the second in a direction of its own."""
    dice = generator(key, "runs")
    shape = (places, 3) if distance.reads == "representations" else (places,)
    level, toward = generator(0, "level").standard_normal((2, *shape))
    common, one, two = dice.standard_normal((3, keys, *shape)) * 0.5
    x = level + np.sqrt(1 / 3) * common + np.sqrt(2 / 3) * one
    y = level + shift * toward + np.sqrt(1 / 3) * common + np.sqrt(2 / 3) * two
    if distance.reads == "representations":
        return x, y
    return special.expit(x), special.expit(y)


def _truth(distance: Any, places: int = PROBES) -> float:
    """The same effect from 40 pairs of ensembles of 100 runs a side: the error is a fiftieth of an estimate's."""
    found = [estimate(distance, *_runs(distance, 10**6 + r, 0.8, 100, places)).value for r in range(40)]
    return float(np.mean(found))
