"""Bayesian logistic regression by Laplace's approximation, with answers that may be wrong.

Item f is *as written* with probability σ(offset_f + Φ_f·w), w ~ N(mean, diag(1/precision)). What annotators said about
it has likelihood ``stay`` if it is as written and ``leave`` if not (1, 0 for a perfect *keep*; equal for no answer), so
an item contributes log(p·stay + (1−p)·leave): a soft label. The mode is found by Newton's method with the curvature
held non-negative, the marginal likelihood is Laplace's (MacKay 2003, ch. 27).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from activeseed.plan import Floats

#: degrees of freedom of the term that holds the mean
TAILS = 4.0


@dataclass(frozen=True)
class Mode:
    """Gaussian approximation of the posterior of w, (d,) and (d, d), and the log marginal likelihood."""

    mean: Floats
    covariance: Floats
    log_evidence: float


def sigmoid(x: Floats) -> Floats:
    """1/(1+e⁻ˣ) without overflow."""
    out: Floats = 0.5 * (1.0 + np.tanh(0.5 * x))
    return out


def logit(p: Floats, floor: float = 0.005) -> Floats:
    """Log p/(1−p), with p held in [floor, 1−floor]."""
    q = np.clip(p, floor, 1.0 - floor)
    return np.asarray(np.log(q) - np.log1p(-q))


def laplace(
    design: Floats,
    offset: Floats,
    mean: Floats,
    precision: Floats,
    stay: Floats,
    leave: Floats,
    *,
    held: tuple[float, float] | None = None,
    iterations: int = 50,
) -> Mode:
    """The mode and curvature of the posterior of w. Costs O(iterations · F · d²).

    Args:
        design: (F, d) features Φ.
        offset: (F,) logits at w = 0.
        mean: (d,) prior mean of w.
        precision: (d,) prior precision of w.
        stay: (F,) likelihood of the answers if the item is as written.
        leave: (F,) likelihood of the answers if it is not.
        held: (m, τ): the share of all items that stay, answered ones included, is m give or take τ. A Student term with
            four degrees of freedom: it lets go where the answers contradict it.
    """
    told = stay != leave
    x, o, s, q = design[told], offset[told], stay[told], leave[told]

    def share(w: Floats) -> tuple[float, Floats]:
        """The mean posterior credibility of all items, and its gradient in w through the unasked ones."""
        p = sigmoid(offset + design @ w)
        r = np.where(told, p * stay / np.maximum(p * stay + (1.0 - p) * leave, 1e-300), p)
        return float(r.mean()), np.asarray(design.T @ (r * (1.0 - r)) / len(p))

    def value(w: Floats) -> float:
        p = sigmoid(o + x @ w)
        like = np.log(np.maximum(p * s + (1.0 - p) * q, 1e-300)).sum()
        out = float(like - 0.5 * precision @ (w - mean) ** 2)
        if held is not None:
            out -= 0.5 * (TAILS + 1.0) * float(np.log1p(((share(w)[0] - held[0]) / held[1]) ** 2 / TAILS))
        return out

    w = mean.astype(np.float64).copy()
    best = value(w)
    hessian = np.diag(precision)
    for _ in range(iterations if told.any() and len(mean) else 0):
        p = sigmoid(o + x @ w)
        r = p * s / np.maximum(p * s + (1.0 - p) * q, 1e-300)
        curvature = np.maximum(p * (1.0 - p) - r * (1.0 - r), 0.0)
        hessian = (x * curvature[:, None]).T @ x + np.diag(precision)
        slope = x.T @ (r - p) - precision * (w - mean)
        if held is not None:
            now, along = share(w)
            pull = (TAILS + 1.0) / (TAILS + ((now - held[0]) / held[1]) ** 2) / held[1] ** 2
            slope -= pull * (now - held[0]) * along
            hessian = hessian + pull * np.outer(along, along)
        step = np.linalg.solve(hessian, slope)
        scale = 1.0
        while scale > 1e-4 and value(w + scale * step) < best - 1e-12:
            scale *= 0.5
        w = w + scale * step
        best = value(w)
        if np.abs(scale * step).max() < 1e-6:
            break
    # Laplace: log p(answers) ≈ log p(answers, ŵ) + ½ log det(2π H⁻¹), the prior's own normaliser taken off
    log_evidence = best + 0.5 * float(np.log(precision).sum() - np.linalg.slogdet(hessian)[1])
    return Mode(w, np.asarray(np.linalg.inv(hessian), np.float64), log_evidence)
