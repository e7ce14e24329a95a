"""Array statistics that every estimator shares: products that share no noise, their errors, tests and ties.

The square of a noisy estimate is too large by its variance, so every squared quantity here is a mean of inner
products of estimates that share no noise. For differences Δ(k) under keys k = 1..K all of it follows from the Gram
matrix G_kl = ⟨Δ(k), Δ(l)⟩, which is K×K whatever the number of probes: functions take Grams of shape (…, K, K) and
work on all items (and, in benchmarks, on all repetitions) at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from activeseed.outcome import Bools
from activeseed.plan import Floats, Ints, generator

#: keys from which an effect's standard error is taken seriously
ENOUGH_KEYS = 8
#: groups of rows for a delete-group jackknife
ENOUGH_GROUPS = 20
#: resamples behind a family-wise p-value: at 0.05 they leave a standard error of 0.005
DRAWS = 2000


def gram(delta: Floats) -> Floats:
    """(…, K, D) differences under K keys -> (…, K, K) inner products."""
    return np.asarray(delta @ np.swapaxes(delta, -1, -2), np.float64)


def t_quantile(p: float, degrees: Any) -> Any:
    """Quantile of Student's t. Loaded late and not from scipy.stats, which takes a second to import."""
    from scipy.special import stdtrit

    return stdtrit(degrees, p)


@dataclass(frozen=True)
class CrossKey:
    """Squared norms of mean differences, estimated across keys; every array has the Gram's leading shape.

    Attributes:
        value: unbiased estimate of ‖E Δ‖²; negative where noise makes it so.
        se: jackknife standard error over keys; NaN where there are fewer than three.
        low: lower end of the 95 % interval.
        high: upper end of the 95 % interval.
        instability: E‖Δ(k)‖² minus the value: what keys disagree about.
        keys: number of keys that entered.
        replicates: (…, K) estimates with one key left out (NaN at keys that failed).
    """

    value: Floats
    se: Floats
    low: Floats
    high: Floats
    instability: Floats
    keys: NDArray[np.int64]
    replicates: Floats


def cross_key(products: Floats, ok: Bools | None = None, level: float = 0.95) -> CrossKey:
    """Mean of ⟨Δ(k), Δ(l)⟩ over k ≠ l, with jackknife errors and Student intervals on K − 1 degrees of freedom.

    The mean is a U-statistic of order two, so it is unbiased for ‖E Δ‖² whatever the noise. Its jackknife variance is
    unbiased to first order where the effect is large and about twice too large at zero, where the estimate is a
    degenerate U-statistic (Efron & Stein 1981): intervals are conservative there.

    Args:
        products: (…, K, K) Gram matrices.
        ok: (…, K) keys whose training succeeded; all by default.
        level: coverage of the interval.

    Cost: O(K²) an item.
    """
    shape = products.shape[:-1]
    mask = np.ones(shape, bool) if ok is None else np.broadcast_to(ok, shape)
    g = np.where(mask[..., :, None] & mask[..., None, :], products, 0.0)
    n = mask.sum(-1)
    diagonal = np.einsum("...kk->...k", g)
    others = g.sum(-1) - diagonal
    total = others.sum(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(n > 1, total / (n * (n - 1)), np.nan)
        square = np.where(n > 0, diagonal.sum(-1) / n, np.nan)
        left = (total[..., None] - 2.0 * others) / ((n - 1) * (n - 2))[..., None]
        left = np.where(mask & (n > 2)[..., None], left, np.nan)
        se = _jackknife_se(left, mask, n)
        reach = t_quantile(0.5 + level / 2.0, np.maximum(n - 1, 1)) * se
        low, high = interval(value, reach)
    return CrossKey(value, se, low, high, square - value, n, left)


def shared_errors(products: Floats, m: CrossKey, ok: Bools | None = None, level: float = 0.95) -> CrossKey:
    """The same estimates with errors that are half an item's own and half what the noise of all items would give it.

    A handful of keys need not show an item's rare jump, and then its own jackknife error is far too small; other items
    of the same trainer show what jumps there are. The company's part is the variance of the U-statistic,
    4 θ λ / n + 2 τ / n², with the means over items of λ = Δ̄'SΔ̄ / ‖Δ̄‖² and τ = tr S², S the covariance over keys.

    Args:
        products: (F, K, K) Gram matrices.
        m: what ``cross_key`` made of them.
        ok: (F, K) keys whose training succeeded; all by default.
        level: coverage of the intervals: Student's, on the degrees of freedom of a mean of the two variances
            (Satterthwaite 1946; one item alone keeps its n − 1). A variance has the n − 1 degrees of normal noise, or
            the 2 / CV² that tr S shows from item to item, if fewer: what rare jumps, or a few restless items among calm
            ones, leave uncertain about an item whose own keys were calm.
    """
    mask = np.ones(products.shape[:-1], bool) if ok is None else np.broadcast_to(ok, products.shape[:-1])
    both = mask[..., :, None] & mask[..., None, :]
    n = np.maximum(m.keys, 2)
    g = np.where(both, products, 0.0)
    row = g.sum(-1) / n[..., None]
    mean = row.sum(-1) / n
    centre = np.where(both, g - row[..., :, None] - row[..., None, :] + mean[..., None, None], 0.0)
    along = np.where(mask, row - mean[..., None], 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        direction = np.where(mean > 0, (along**2).sum(-1) / (n - 1) / mean, 0.0)
    tau = (centre**2).sum((-1, -2)) / (n - 1) ** 2
    known = m.keys > 2
    items = np.maximum(known.sum(-1, keepdims=True), 1)
    pooled = [np.where(known, x, 0.0).sum(-1, keepdims=True) / items for x in (direction, tau)]
    company = 4.0 * np.maximum(m.value, 0.0) * pooled[0] / n + 2.0 * pooled[1] / n**2
    se = np.sqrt((m.se**2 + company) / 2.0)
    trace = np.where(known, np.einsum("...kk->...k", centre).sum(-1) / (n - 1), 0.0)
    middle = trace.sum(-1, keepdims=True) / items
    scatter = np.where(known, (trace - middle) ** 2, 0.0).sum(-1, keepdims=True) / np.maximum(items - 1, 1)
    own = satterthwaite(scatter, middle, n - 1)
    degrees = np.maximum(4.0 * own / (1.0 + 3.0 / items), 1.0)
    low, high = interval(m.value, t_quantile(0.5 + level / 2.0, degrees) * se)
    return replace(m, se=se, low=low, high=high)


def _jackknife_se(left: Floats, mask: Bools, n: NDArray[np.int64]) -> Floats:
    filled = np.where(mask, np.nan_to_num(left), 0.0)
    mean = filled.sum(-1, keepdims=True) / n[..., None]
    squares = np.where(mask, (filled - mean) ** 2, 0.0).sum(-1)
    return np.where(n > 2, np.sqrt((n - 1) / n * squares), np.nan)


def interval(value: Floats, reach: Floats) -> tuple[Floats, Floats]:
    """Ends of an interval for a squared quantity, whose estimates are skewed to the right.

    Below: value − reach. Above: value · exp(reach / value) where the value exceeds its reach, as if its logarithm were
    Student distributed; at a value of zero or less value + reach; between the two, the line that joins them. Estimates
    of variances that come out low have errors that come out low as well, which the longer upper arm makes up for.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = np.where(value > 0, reach / value, np.inf)
        high = np.where(ratio < 1.0, value * np.exp(ratio), reach + np.where(value > 0, (np.e - 1.0) * value, value))
    return value - reach, high


def satterthwaite(variance: Floats, mean: Floats, most: Any) -> Floats:
    """Degrees of freedom of an estimated variance, 2 mean² / variance of the estimate, and at most so many."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        degrees = 2.0 * mean**2 / variance
    return np.asarray(np.where(variance > 0, np.minimum(degrees, most), most), np.float64)


def jackknife(left: Floats) -> tuple[Floats, Floats]:
    """Standard error and 97.5 % reach (Student, g − 1 degrees of freedom) of (g, …) delete-one-group estimates."""
    g = len(left)
    se = np.sqrt((g - 1) / g * ((left - left.mean(0)) ** 2).sum(0))
    return se, float(t_quantile(0.975, g - 1)) * se


def mean_and_se(values: Floats, level: float = 0.95) -> tuple[Floats, Floats, Floats]:
    """Mean, standard error and reach of the Student interval over axis 0, NaN entries left out."""
    known = ~np.isnan(values)
    n = known.sum(0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(n > 0, np.where(known, values, 0.0).sum(0) / n, np.nan)
        squares = np.where(known, (values - mean) ** 2, 0.0).sum(0)
        se = np.where(n > 1, np.sqrt(squares / (n - 1) / n), np.nan)
    return mean, se, t_quantile(0.5 + level / 2.0, np.maximum(n - 1, 1)) * se


# --- tests --------------------------------------------------------------------------------------------------------


def family_p(products: Floats, stream: int, ok: Bools | None = None, draws: int = DRAWS) -> Floats:
    """Family-wise p-values of E Δ = 0, by resampling keys: (F,).

    The statistic is n ‖Δ̄‖² over the variance of one key's difference, half the item's own and half the mean of all
    items (as in Tusher, Tibshirani & Chu 2001, so that an item whose few keys happen to agree is no discovery). Its
    distribution under the null is that of the largest statistic of all items when the same keys are drawn, with
    replacement, from every item's *centred* differences: noise keeps its skewness, its tails and what the items share,
    and rare jumps that some items showed count against those that did not (Westfall & Young 1993, single step).
    Nothing is assumed to be symmetric, which a sign-flip test must assume. No test can count noise of which no key
    showed anything (Bahadur & Savage 1956): that is the condition, and it is said where the star is printed.

    Args:
        products: (F, K, K) Gram matrices.
        stream: key of the draws.
        ok: (F, K) keys whose training succeeded; all by default.
        draws: resamples; p-values are never below 1 / (draws + 1).

    Returns:
        (F,) p-values adjusted for all F items; NaN for fewer than three keys, 1 where all differences are zero.
        Cost: O(F · draws · K²).
    """
    mask = np.ones(products.shape[:-1], bool) if ok is None else np.broadcast_to(ok, products.shape[:-1])
    both = mask[:, :, None] & mask[:, None, :]
    g = np.where(both, products, 0.0)
    n = mask.sum(1)
    known = n > 2
    if not known.any():
        return np.full(len(g), np.nan)
    g, mask, both, n = g[known], mask[known], both[known], n[known]
    row = g.sum(2) / n[:, None]
    centre = np.where(both, g - row[:, :, None] - row[:, None, :] + (row.sum(1) / n)[:, None, None], 0.0)
    # A resampled mean varies by (n − 1)/n of what a mean does.
    centre *= (n / (n - 1))[:, None, None]
    company = float((np.einsum("fkk->f", centre) / n).mean())
    keys = g.shape[-1]
    seen = _studentised(g, mask, np.ones((1, keys)), company)[:, 0]
    counts = generator(stream, "keys").multinomial(keys, np.full(keys, 1.0 / keys), draws).astype(np.float64)
    largest = _studentised(centre, mask, counts, company).max(0)
    out = np.full(len(known), np.nan)
    reached = largest[None, :] >= seen[:, None] * (1.0 - 1e-9)
    out[known] = (1 + reached.sum(1)) / (draws + 1)
    return out


def _studentised(g: Floats, mask: Bools, counts: Floats, company: float) -> Floats:
    """(F, B): n ‖Δ̄‖² over half the own and half the company's variance, for keys counted (B, K) times."""
    out = np.empty((len(g), len(counts)))
    for f in range(len(g)):  # item by item, so that memory is B × K
        c = counts * mask[f]
        n = np.maximum(c.sum(1), 1.0)
        mean = np.einsum("bk,bk->b", c @ g[f], c) / n**2
        square = c @ np.diag(g[f]) / n
        # Where all keys agree to rounding, their variance is zero.
        own = np.where(square - mean > 1e-10 * square, square - mean, 0.0) * n / np.maximum(n - 1.0, 1.0)
        variance = (own + company) / 2.0
        with np.errstate(divide="ignore", invalid="ignore"):
            out[f] = np.where(variance > 0, n * mean / variance, np.where(mean > 0, np.inf, 0.0))
    return out


def ties(
    value: Floats, covariance: Floats, quantile: float | Floats, ids: tuple[str, ...], most: int = 20
) -> NDArray[np.object_]:
    """For every item the ids of items whose difference from it is within its own error, nearest first.

    Two items are tied when |x_i − x_j| ≤ quantile · √(C_ii + C_jj − 2 C_ij): the error of the *difference*, in which
    what both share cancels, so it is narrower than a comparison of two intervals. An item whose error is unknown has
    None: what it ties with can't be said, which is not the same as no tie.

    Args:
        value: (F,) estimates, NaN where unknown.
        covariance: (F, F) their (jackknife) covariance; a diagonal of NaN where an error is unknown.
        quantile: of Student's distribution.
        most: longest list; a tie with everything says no more than one with twenty.
    """
    variance = np.diag(covariance)
    apart = np.abs(value[:, None] - value[None, :])
    with np.errstate(invalid="ignore"):
        error = np.sqrt(np.maximum(variance[:, None] + variance[None, :] - 2.0 * covariance, 0.0))
        tied = apart <= quantile * error
    np.fill_diagonal(tied, False)
    out = np.empty(len(value), object)
    for i in range(len(value)):
        near = np.flatnonzero(tied[i])
        near = near[np.argsort(apart[i, near], kind="stable")][:most]
        out[i] = [ids[j] for j in near] if np.isfinite(variance[i]) and np.isfinite(value[i]) else None
    return out


def jackknife_covariance(left: Floats) -> Floats:
    """(F, F) covariance of F estimates from their (F, g) delete-one replicates, NaN replicates left out."""
    g = left.shape[-1]
    with np.errstate(invalid="ignore"):
        known = ~np.isnan(left)
        n = known.sum(-1, keepdims=True)
        mean = np.where(known, left, 0.0).sum(-1, keepdims=True) / np.maximum(n, 1)
    centred = np.where(known, left - mean, 0.0)
    return np.asarray((g - 1) / g * centred @ centred.T, np.float64)


# --- spreads ------------------------------------------------------------------------------------------------------


def paired_spread(first: Floats, second: Floats) -> tuple[Floats, Floats]:
    """Spread of systematic responses, and the noise floor, from n assignments trained under two keys each.

    Args:
        first: (…, n, D) embedded outcomes under one key.
        second: (…, n, D) the same assignments under another.

    Returns:
        the covariance Σ_r ⟨x_r − x̄, y_r − ȳ⟩ / (n − 1), unbiased for Var m because no noise is in both factors, and
        the floor Σ_r ‖x_r − y_r‖² / 2n.
    """
    n = first.shape[-2]
    x = first - first.mean(-2, keepdims=True)
    y = second - second.mean(-2, keepdims=True)
    spread = (x * y).sum((-1, -2)) / max(n - 1, 1)
    floor = ((first - second) ** 2).sum((-1, -2)) / (2 * n)
    return spread, floor


def paired_products(first: Floats, second: Floats, blocks: Ints | None = None) -> Floats:
    """(D,) what each dimension adds to ``paired_spread``; centred within blocks of rows where there are such (n,)."""
    n = len(first)
    block = np.zeros(n, np.int64) if blocks is None else np.unique(blocks, return_inverse=True)[1]
    if len(np.unique(block)) == n:  # every row is a block of its own, so that all have one centre
        block = np.zeros(n, np.int64)
    sizes = np.bincount(block)
    total = np.zeros(first.shape[-1])
    for b in np.flatnonzero(sizes > 1):
        x, y = first[block == b], second[block == b]
        total += ((x - x.mean(0)) * (y - y.mean(0))).sum(0)
    return np.asarray(total / max(1, int((sizes - 1).sum())), np.float64)


def paired_spread_left_out(first: Floats, second: Floats) -> tuple[Floats, Floats]:
    """(n,) delete-one replicates of ``paired_spread``'s two numbers, in closed form; needs n ≥ 3."""
    n = len(first)
    x, y = first - first.mean(0), second - second.mean(0)
    products = (x * y).sum(1)
    # Leaving out row r takes n/(n−1) times its own centred product from the sum of products.
    spread = (products.sum() - n / (n - 1) * products) / (n - 2)
    squares = ((first - second) ** 2).sum(1) / 2.0
    return spread, (squares.sum() - squares) / (n - 1)


#: (n, P) outcomes -> (n,) entropies in nats
Entropy: TypeAlias = Callable[[Floats], Floats]


def divergence(p: Floats, entropy: Entropy) -> float:
    """Generalised Jensen–Shannon divergence of n equally weighted outcomes (n, P) in nats: H(p̄) − mean H(p)."""
    return float(entropy(p.mean(0, keepdims=True))[0] - entropy(p).mean())


def paired_spread_nats(first: Floats, second: Floats, entropy: Entropy) -> float:
    """Spread between assignments in nats with the keys' own part removed: 2 J(two-key means) − J(single keys).

    J of a mean of K keys is the assignments' part plus the keys' part over K, to leading order, so the combination
    leaves the former. n/(n − 1) makes up for the mean that is taken over the same n assignments.
    """
    n = len(first)
    single = 0.5 * (divergence(first, entropy) + divergence(second, entropy))
    return n / (n - 1) * (2.0 * divergence((first + second) / 2.0, entropy) - single)
