"""The joint credibility model: what answers about some items say about their kin.

P(item f stays as written) = σ(author's logit + base rate + group + weight · evidence + kin). Each addend has a prior
that is centred on the author, so before any answer the mean credibility is the author's. Evidence that costs nothing
(how well the rest of the seed vouches for an item) and kinship (principal components of the embeddings) start small and
earn their weight from the answers. Posterior by Laplace's approximation; marginals and the joint covariance from its
draws. The mass that is not *as written* keeps the author's proportions over the other variants.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from activeseed.belief.laplace import laplace, logit, sigmoid
from activeseed.belief.posterior import Belief, World
from activeseed.belief.settings import BeliefSettings
from activeseed.errors import PlanError
from activeseed.outcome import Bools
from activeseed.plan import Floats, Law, generator


@dataclass(frozen=True)
class _Part:
    """Columns of the design that share a name and a prior."""

    name: str
    columns: Floats
    mean: float
    sd: float
    content: bool = False


def fit_belief(
    settings: BeliefSettings,
    prior: Law,
    *,
    groups: Sequence[str],
    features: Floats | None,
    evidence: Floats | None,
    likelihood: Floats,
    key: int,
) -> Belief:
    """The belief after the answers so far.

    Args:
        settings: prior scales.
        prior: the author's law, (F, V).
        groups: group of each item; "" for none.
        features: (F, d) embeddings of the items as written, or None.
        evidence: (F,) score of how well the rest of the seed vouches for each item, any monotone scale like log-odds;
            NaN where unknown; None where there is none.
        likelihood: (F, V) probability of all answers on an item for each variant that may be the true one; ones where
            nothing was answered.
        key: root key of the posterior's draws.

    Raises:
        PlanError: shapes that do not fit.
    """
    p = np.asarray(prior.probabilities, np.float64)
    like = np.asarray(likelihood, np.float64)
    if like.shape != p.shape or len(groups) != len(p):
        raise PlanError(f"Belief: likelihood {like.shape} and {len(groups)} groups do not fit a law of {p.shape}.")
    answered = np.ptp(like, axis=1) > 0
    share = _elsewhere(p, like, answered)
    stay = like[:, 0]
    leave = (share * like).sum(1)
    certain = (p.max(1) >= 1.0) & ~answered
    author = p[:, 0]
    parts = [] if settings.kind == "independent" else _parts(settings, groups, features, evidence, ~certain)
    worlds = _worlds(settings, parts, author, stay, leave, certain)
    # bounded memory for large seeds; 200 draws still resolve a world's weight to half a percent
    samples = min(settings.samples, max(200, 4_000_000 // len(p))) if parts else 1
    credibility = _draws(worlds, samples, key)
    credibility[:, certain] = author[certain]
    total = credibility * stay + (1.0 - credibility) * leave
    posterior = np.where(total > 0, credibility * stay / np.where(total > 0, total, 1.0), 0.0)
    posterior[:, ~answered] = credibility[:, ~answered]
    tilted = share * np.where(answered[:, None], like, 1.0)
    mass = tilted.sum(1, keepdims=True)
    tilted = np.where(mass > 0, tilted / np.where(mass > 0, mass, 1.0), share)
    return Belief(author.copy(), posterior, tilted, answered, worlds, stay, credibility)


def _elsewhere(p: Floats, like: Floats, answered: Bools) -> Floats:
    """(F, V) where an item goes if it does not stay: the author's proportions, column 0 zero, rows summing to one.

    A variant the author never thought of (an edit) has no share of his. Where annotators' answers point to one above
    all others, half of the share is theirs; where the author left none at all, *absent* has it.
    """
    share = p.copy()
    share[:, 0] = 0.0
    mass = share.sum(1)
    share[mass <= 0, min(1, p.shape[1] - 1)] = 1.0
    share = share / share.sum(1, keepdims=True)
    for f in np.flatnonzero(answered):
        top = int(like[f].argmax())
        if top > 0 and p[f, top] == 0.0:
            said = like[f].copy()
            said[0] = 0.0
            share[f] = 0.5 * share[f] + 0.5 * said / said.sum()
    return np.asarray(share)


def _parts(
    settings: BeliefSettings, groups: Sequence[str], features: Floats | None, evidence: Floats | None, open_: Bools
) -> list[_Part]:
    f = len(groups)
    parts = [_Part("base rate", np.ones((f, 1)), 0.0, settings.base_rate_sd)]
    names = list(dict.fromkeys(groups))
    if len(names) > 1 and settings.group_sd > 0:
        member = np.array([[g == n for n in names] for g in groups], np.float64)
        parts.append(_Part("group", member, 0.0, settings.group_sd))
    if evidence is not None and open_.any():
        score = standardised(evidence)[:, None]
        parts.append(_Part("evidence", score, 0.0, settings.evidence_sd, True))
    if features is not None and settings.components > 0 and max(settings.kin_sds, default=0.0) > 0:
        scores = components(features, settings.components)
        if scores.shape[1]:
            parts.append(_Part("kin", scores, 0.0, 1.0, True))
    return [part for part in parts if part.sd > 0]


def standardised(score: Floats, unit: float = 1.0) -> Floats:
    """Mean zero, standard deviation one over known entries; unknown ones at zero, that is, no evidence either way."""
    s = np.asarray(score, np.float64)
    known = np.isfinite(s)
    out = np.zeros_like(s)
    if known.sum() >= 2:
        out[known] = np.clip((s[known] - s[known].mean()) / max(float(s[known].std()), unit), -4.0, 4.0)
    return out


def components(features: Floats, k: int) -> Floats:
    """(F, ≤ k) scores whose inner products are the centred cosines of the items, signs fixed (largest entry positive).

    In few dimensions everything is kin to everything; there the cosines are scaled down (see ``crowding``).

    Centred cosine: embeddings of one seed share a large common part that says nothing about kinship.
    """
    x = np.asarray(features, np.float64)
    x = x - x.mean(0)
    x = x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)
    x = x * crowding(x)
    u, s, _ = np.linalg.svd(x, full_matrices=False)
    keep = min(k, int((s > 1e-6 * max(float(s[0]), 1e-300)).sum())) if len(s) else 0
    u, s = u[:, :keep], s[:keep]
    signs = np.sign(u[np.abs(u).argmax(0), np.arange(keep)]) if keep else np.ones(0)
    return np.asarray(u * s * signs)


def crowding(unit: Floats, dimensions: float = 20.0) -> float:
    """Factor at most 1 for unit rows that fill fewer effective dimensions (1 / mean squared cosine) than sentences do.

    Sentence embeddings of one behaviour's statements fill 20 to 100. Without this, kinship of a strength that suits
    them would let one answer about a vector of five entries decide about half of the others.
    """
    n = len(unit)
    if n < 2:
        return 1.0
    square = float(((unit.T @ unit) ** 2).sum() - (np.linalg.norm(unit, axis=1) ** 4).sum()) / (n * (n - 1))
    return float(min(1.0, (1.0 / (dimensions * max(square, 1e-12))) ** 0.5))


def _worlds(
    settings: BeliefSettings, parts: list[_Part], author: Floats, stay: Floats, leave: Floats, certain: Bools
) -> tuple[World, ...]:
    """One fitted world where content speaks, and, if the settings allow for it, one where it is silent."""
    slopes = [(settings.silent, 0.0)]
    slopes += [((1.0 - settings.silent) / len(settings.evidence_weights), w) for w in settings.evidence_weights]
    if not any(part.name == "evidence" for part in parts):
        slopes = [(1.0, 0.0)]
    kins = settings.kin_sds if any(part.name == "kin" for part in parts) else (0.0,)
    choices = []
    for (share, slope), kin in product(slopes, kins):
        scale = {"evidence": (slope, settings.evidence_sd if slope else 0.0), "kin": (0.0, kin)}
        version = [replace(q, mean=scale[q.name][0], sd=scale[q.name][1]) if q.name in scale else q for q in parts]
        choices.append((share / len(kins), [q for q in version if q.sd > 0]))
    out = []
    for weight, chosen in choices:
        if weight <= 0:
            continue
        design = np.hstack([q.columns for q in chosen]) if chosen else np.zeros((len(author), 0))
        mean = np.concatenate([np.full(q.columns.shape[1], q.mean) for q in chosen]) if chosen else np.zeros(0)
        sd = np.concatenate([np.full(q.columns.shape[1], q.sd) for q in chosen]) if chosen else np.zeros(0)
        names = tuple(q.name for q in chosen for _ in range(q.columns.shape[1]))
        offset = held_offset(author, design, mean, settings.temper * sd, ~certain)
        told = np.where(certain, 1.0, stay), np.where(certain, 1.0, leave)
        held = (float(author.mean()), settings.held_sd) if settings.held_sd > 0 else None
        mode = laplace(design, offset, mean, 1.0 / sd**2, *told, held=held)
        spread = settings.temper**2 * mode.covariance
        out.append(World(np.log(weight) + mode.log_evidence, design, offset, mode.mean, spread, names))
    return tuple(out)


def held_offset(author: Floats, design: Floats, mean: Floats, sd: Floats, open_: Bools) -> Floats:
    """Logits at w = 0 for which the prior's mean credibility is the author's.

    A logit that varies with variance v shrinks its probability towards one half by √(1+πv/8) (MacKay 1992), and
    lopsided evidence moves the mean; both are taken out, item by item and then for the mean of the open items.
    """
    shrink: Floats = np.sqrt(1.0 + np.pi * (design**2 @ sd**2) / 8.0)
    offset = logit(author) * shrink
    if not open_.any():
        return offset
    low, high = -20.0, 20.0
    pull = design @ mean
    target = float(author[open_].mean())
    for _ in range(60):
        c = 0.5 * (low + high)
        if float(sigmoid((offset + c + pull) / shrink)[open_].mean()) < target:
            low = c
        else:
            high = c
    return offset + 0.5 * (low + high)


def _draws(worlds: tuple[World, ...], samples: int, key: int) -> Floats:
    """(samples, F) draws of the credibilities before each item's own answer is counted; worlds in proportion."""
    weights = world_weights(worlds)
    counts = np.floor(weights * samples).astype(int)
    counts[int(weights.argmax())] += samples - counts.sum()
    rng = generator(key, "belief")
    out = []
    for world, n in zip(worlds, counts, strict=True):
        noise = rng.standard_normal((samples, len(world.mean)))[:n]
        out.append(world.credibilities(noise))
    return np.concatenate(out)


def world_weights(worlds: tuple[World, ...]) -> Floats:
    """Posterior probability of each world."""
    log = np.array([w.log_weight for w in worlds])
    out = np.exp(log - log.max())
    return np.asarray(out / out.sum())
