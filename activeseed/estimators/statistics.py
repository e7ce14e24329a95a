"""Array statistics that every estimator shares: products that share no noise, their errors, tests and ties.

The square of a noisy estimate is too large by its variance, so every squared quantity here is a mean of inner
products of estimates that share no noise. For differences Δ(k) under keys k = 1..K all of it follows from the Gram
matrix G_kl = ⟨Δ(k), Δ(l)⟩, which is K×K whatever the number of probes: functions take Grams of shape (…, K, K) and
work on all items (and, in benchmarks, on all repetitions) at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from activeseed.outcome import Bools
from activeseed.plan import Floats, generator

#: keys from which an effect's standard error is taken seriously
ENOUGH_KEYS = 8
#: keys for family-wise claims by sign flips
FAMILY_KEYS = 20
#: groups of rows for a delete-group jackknife
ENOUGH_GROUPS = 20
#: sign patterns are enumerated up to this many keys, and drawn beyond
EXACT_KEYS = 12


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


def smallest_p(keys: int) -> float:
    """The smallest p-value a sign-flip test over this many keys can give: a pattern and its opposite count as one."""
    return 2.0 ** -(keys - 1) if keys > 1 else 1.0


def sign_flip(products: Floats, stream: int, alpha: float = 0.05) -> Floats:
    """p-values of the sign-flip test of E Δ = 0: how often ‖Σ s_k Δ(k)‖² reaches its value at s = (1, …, 1).

    Exact when Δ(k) is symmetric about zero under the null. All patterns are enumerated up to 12 keys, drawn beyond,
    enough of them that Holm's correction over the items can reject. Rows and columns of failed keys must be zero.

    Args:
        products: (F, K, K) Gram matrices.
        stream: key of the draws.
        alpha: family-wise level the number of draws is chosen for.

    Returns:
        (F,) p-values; an item whose differences are all zero gets 1.
    """
    f, k = products.shape[0], products.shape[-1]
    if k <= EXACT_KEYS:
        bits = (np.arange(2 ** max(k - 1, 0))[:, None] >> np.arange(k - 1)[None, :]) & 1
        signs = np.concatenate([np.ones((len(bits), 1)), 1.0 - 2.0 * bits], axis=1)
    else:
        draws = int(min(50_000, max(2_000, 10.0 * f / alpha)))
        signs = 1.0 - 2.0 * generator(stream, "signs").integers(0, 2, (draws, k)).astype(np.float64)
        signs[0] = 1.0
    out = np.empty(f)
    for i in range(f):
        # The diagonal is the same under every pattern; leaving it out keeps differences above rounding.
        g = products[i] - np.diag(np.diag(products[i]))
        reached = np.einsum("sk,sk->s", signs @ g, signs)
        slack = 1e-9 * np.abs(g).sum()
        out[i] = np.mean(reached >= reached[0] - slack)
    return out


def null_variance(products: Floats, ok: Bools | None = None) -> Floats:
    """p-values of ‖mean Δ‖² against its variance under the null, (F,).

    Box's approximation: K‖Δ̄‖² / tr S has an F distribution with d and d·(K − 1) degrees of freedom, S the sample
    covariance over keys and d = (tr Σ)² / tr Σ² the effective dimension of the noise (Box 1954; Brunner, Dette & Munk
    1997). d comes from unbiased estimates under normality (Srivastava 2005) summed over the items, which share a
    trainer; an item never gets more than its own estimate allows. With one probe it is the two-sided t test. Gives
    small p-values from few keys, at the price of assuming noise not far from normal.
    """
    from scipy.special import fdtrc

    shape = products.shape[:-1]
    mask = np.ones(shape, bool) if ok is None else np.broadcast_to(ok, shape)
    both = mask[..., :, None] & mask[..., None, :]
    g = np.where(both, products, 0.0)
    n = mask.sum(-1)
    dof = np.maximum(n - 1, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = g.sum((-1, -2)) / n
        trace = (np.einsum("...kk->...", g) - mean) / dof
        row = g.sum(-1) / n[..., None]
        centred = np.where(both, g - row[..., :, None] - row[..., None, :] + (mean / n)[..., None, None], 0.0)
        square = (centred**2).sum((-1, -2)) / dof**2
        unit = trace**2
        own = np.clip(_dimension(square, unit, dof), 1.0, None)
        pooled = _dimension(
            np.array(np.nansum(square / np.where(unit > 0, unit, np.inf))),
            np.array(float(np.sum((unit > 0) & (n > 2)))),
            np.array(float(np.median(dof))),
        )
        d = np.minimum(np.clip(pooled, 1.0, None), np.maximum(own, 1.0))
        p = fdtrc(d, d * dof, np.maximum(mean / trace, 0.0))
    p = np.where(trace > 0, p, np.where(mean > 0, 0.0, 1.0))
    return np.where(n > 2, p, np.nan)


def _dimension(square: Floats, unit: Floats, dof: Floats | NDArray[np.int64]) -> Floats:
    """(tr Σ)² / tr Σ² from tr S² and (tr S)², both corrected for the dof of S under normality."""
    common = dof**2 / (np.maximum(dof - 1, 1) * (dof + 2))
    of_square = common * (square - unit / dof)
    of_unit = unit - 2.0 / dof * of_square
    return np.where(of_square > 0, of_unit / of_square, np.inf)


def holm(p: Floats) -> Floats:
    """Holm's adjusted p-values (Holm 1979): rejecting where they are ≤ α holds the family-wise error at α.

    NaN entries are no part of the family and stay NaN.
    """
    out = np.full(p.shape, np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    m = len(order)
    steps = np.maximum.accumulate(p[order] * np.arange(m, 0, -1))
    out[order] = np.minimum(steps, 1.0)
    return out


def ties(
    value: Floats, covariance: Floats, quantile: float | Floats, ids: tuple[str, ...], most: int = 20
) -> NDArray[np.object_]:
    """For every item the ids of items whose difference from it is within its own error, nearest first.

    Two items are tied when |x_i − x_j| ≤ quantile · √(C_ii + C_jj − 2 C_ij): the error of the *difference*, in which
    what both share cancels, so it is narrower than a comparison of two intervals.

    Args:
        value: (F,) estimates, NaN where unknown.
        covariance: (F, F) their (jackknife) covariance.
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
        out[i] = [ids[j] for j in near]
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


def paired_spread_left_out(first: Floats, second: Floats) -> tuple[Floats, Floats]:
    """(n,) delete-one replicates of ``paired_spread``'s two numbers, in closed form; needs n ≥ 3."""
    n = len(first)
    x, y = first - first.mean(0), second - second.mean(0)
    products = (x * y).sum(1)
    # Leaving out row r takes n/(n−1) times its own centred product from the sum of products.
    spread = (products.sum() - n / (n - 1) * products) / (n - 2)
    squares = ((first - second) ** 2).sum(1) / 2.0
    return spread, (squares.sum() - squares) / (n - 1)


def divergence(p: Floats, weights: Floats | None) -> float:
    """Generalised Jensen–Shannon divergence of n equally weighted outcomes in nats: H(p̄) − mean H(p).

    Args:
        p: (n, P) probabilities at probes, or distributions over P outputs.
        weights: (P,) probe weights summing to one; None for distributions.
    """
    centre = _entropy(p.mean(0, keepdims=True), weights)[0]
    return float(centre - _entropy(p, weights).mean())


def _entropy(p: Floats, weights: Floats | None) -> Floats:
    from scipy.special import entr

    q = np.clip(p, 0.0, 1.0)
    if weights is None:
        return np.asarray(entr(q).sum(-1), np.float64)
    return np.asarray((entr(q) + entr(1.0 - q)) @ weights, np.float64)


def paired_spread_nats(first: Floats, second: Floats, weights: Floats | None) -> float:
    """Spread between assignments in nats with the keys' own part removed: 2 J(two-key means) − J(single keys).

    J of a mean of K keys is the assignments' part plus the keys' part over K, to leading order, so the combination
    leaves the former. n/(n − 1) makes up for the mean that is taken over the same n assignments.
    """
    n = len(first)
    single = 0.5 * (divergence(first, weights) + divergence(second, weights))
    return n / (n - 1) * (2.0 * divergence((first + second) / 2.0, weights) - single)
