"""The joint credibility model: predictors that compete on answers, and what the better ones say about unasked items.

P(item f stays as written) = Φ(offset_f + base rate + group + weight · evidence + kin), every coefficient Gaussian with
mean zero. Four predictors compete: *author* (his own belief, nothing moves), *base rate* (his belief, shifted as
answers say, for each group), *content* (that, evidence, and kinship of the embeddings) and *count* (the share that
stayed, whatever the author said: see ``counting``). All start at the author's belief, so that before any answer nothing
is moved. Their probabilities are earned by what they predicted of answers before those were given.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from itertools import product

import numpy as np
from scipy.special import ndtri

from activeseed.belief.copies import near_copies, tied
from activeseed.belief.counting import counted
from activeseed.belief.filtering import filtered
from activeseed.belief.posterior import Belief, World
from activeseed.belief.settings import BeliefSettings
from activeseed.errors import PlanError
from activeseed.outcome import Bools
from activeseed.plan import Floats, Ints, Law, generator

#: an answer teaches about other items with at least this much doubt: one slip about a sure item moves not all the rest
DOUBT = 0.005
#: an author is never surer than this in what he teaches the model; his own belief of an item is kept as it is
SUREST = 1e-6
#: odds that author, count and regressions (base rate and content) start at
ODDS = (1.0, 1.0, 2.0)


def fit_belief(
    settings: BeliefSettings,
    prior: Law,
    *,
    groups: Sequence[str],
    features: Floats | None,
    evidence: Floats | None,
    likelihood: Floats,
    key: int,
    order: Sequence[int] | Ints | None = None,
    drawn: Bools | None = None,
    alike: Sequence[Hashable] | None = None,
) -> Belief:
    """The belief after the answers so far.

    Args:
        settings: which predictors, prior scales.
        prior: the author's law, (F, V).
        groups: group of each item; "" for none.
        features: (F, d) embeddings of the items as written, or None.
        evidence: (F,) score of how well the rest of the seed vouches for each item, any monotone scale like log-odds;
            NaN where unknown; None where there is none.
        likelihood: (F, V) probability of all answers on an item for each variant that may be the true one; ones where
            nothing was answered.
        key: root key of the posterior's draws.
        order: numbers of the answered items, first answered first; answered items that it leaves out come last.
        drawn: (F,) whether the question about the item was drawn at random; None: all of them were.
        alike: (F,) what near-copies must have in common besides their features (`copies.near_copies`).

    Raises:
        PlanError: shapes that do not fit.

    Cost: O(n·W·d²) for n answers, W worlds (7 by default) and d coefficients (at most 33 and the groups), then
    ``samples`` draws.
    """
    p = np.asarray(prior.probabilities, np.float64)
    like = np.asarray(likelihood, np.float64)
    f = len(p)
    if like.shape != p.shape or len(groups) != f or (drawn is not None and np.shape(drawn) != (f,)):
        raise PlanError(f"Belief: likelihood {like.shape} and {len(groups)} groups do not fit a law of {p.shape}.")
    answered = np.ptp(like, axis=1) > 0
    share = _elsewhere(p, like, answered)
    stay, leave = like[:, 0], (share * like).sum(1)
    certain = (p.max(1) >= 1.0) & ~answered
    author = p[:, 0]
    if settings.kind == "independent":
        worlds: tuple[World, ...] = (_author(author),)
        rows = before = author[None, :].copy()
    else:
        known = [int(i) for i in (() if order is None else order) if answered[i]]
        sequence = np.array(list(dict.fromkeys([*known, *np.flatnonzero(answered).tolist()])), np.int64)
        counts = np.ones(len(sequence), bool) if drawn is None else np.asarray(drawn, bool)[sequence]
        copies = near_copies(features, f, settings.near, alike)
        design, names = _design(settings, groups, features, None if evidence is None else copies.shared(evidence))
        most = np.maximum(stay, leave)
        taught = np.maximum(stay, DOUBT * most), np.maximum(leave, DOUBT * most)
        worlds = _weighed(settings, author, groups, design, names, *taught, sequence, counts)
        # bounded memory for large seeds; 200 draws still resolve a world's weight to half a percent
        samples = min(settings.samples, max(200, 4_000_000 // f))
        rows, before = (
            tied(drawn_rows, copies, stay, leave, key) for drawn_rows in _draws(worlds, *taught, samples, key)
        )
    rows[:, certain] = before[:, certain] = author[certain]
    total = rows * stay + (1.0 - rows) * leave
    posterior = np.where(total > 0, rows * stay / np.where(total > 0, total, 1.0), 0.0)
    posterior[:, ~answered] = rows[:, ~answered]
    tilted = share * np.where(answered[:, None], like, 1.0)
    mass = tilted.sum(1, keepdims=True)
    tilted = np.where(mass > 0, tilted / np.where(mass > 0, mass, 1.0), share)
    return Belief(author.copy(), posterior, tilted, answered, worlds, before)


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


def _design(
    settings: BeliefSettings, groups: Sequence[str], features: Floats | None, evidence: Floats | None
) -> tuple[Floats, tuple[str, ...]]:
    """(F, d) columns, and which part of the model each belongs to."""
    parts: list[tuple[str, Floats]] = [("base rate", np.ones((len(groups), 1)))]
    names = list(dict.fromkeys(groups))
    if len(names) > 1 and settings.group_sd > 0:
        parts.append(("group", np.array([[g == n for n in names] for g in groups], np.float64)))
    if evidence is not None and settings.evidence_sds:
        parts.append(("evidence", standardised(evidence)[:, None]))
    if features is not None and settings.components > 0 and settings.kin_sds:
        parts.append(("kin", components(features, settings.components)))
    return np.hstack([x for _, x in parts]), tuple(name for name, x in parts for _ in range(x.shape[1]))


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

    Centred cosine: embeddings of one seed share a large common part that says nothing about kinship.
    """
    x = np.asarray(features, np.float64)
    x = x - x.mean(0)
    x = x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)
    if len(x) <= x.shape[1]:
        square, u = np.linalg.eigh(x @ x.T)
        scores = u * np.sqrt(np.maximum(square, 0.0))
    else:
        square, v = np.linalg.eigh(x.T @ x)
        scores = x @ v
    largest = np.argsort(-square, kind="stable")[:k]
    scores = scores[:, largest[square[largest] > 1e-12 * max(float(square.max(initial=0.0)), 1e-300)]]
    return np.asarray(scores * np.sign(scores[np.abs(scores).argmax(0), np.arange(scores.shape[1])]))


def probit(p: Floats) -> Floats:
    """Φ⁻¹(p), p held a millionth off 0 and 1."""
    return np.asarray(ndtri(np.clip(p, SUREST, 1.0 - SUREST)))


def _author(author: Floats) -> World:
    """The author's belief as it is."""
    return World("author", 1.0, np.zeros((len(author), 0)), probit(author), np.zeros(0), np.zeros((0, 0)), ())


def _weighed(
    settings: BeliefSettings,
    author: Floats,
    groups: Sequence[str],
    design: Floats,
    names: tuple[str, ...],
    stay: Floats,
    leave: Floats,
    order: Ints,
    drawn: Bools,
) -> tuple[World, ...]:
    """All predictors' worlds with the weight that they have earned.

    Args:
        stay, leave: (F,) likelihoods of an item's answers, both positive.
        order: (n,) numbers of the answered items; drawn: (n,) which of their questions were drawn at random.
    """
    alone = _author(author)
    count, counted_log = counted(author, groups, stay, leave, order)
    learnt, inside, learnt_log = _learnt(settings, author, design, names, stay, leave, order)
    author_log = np.log(author[order] * stay[order] + (1.0 - author[order]) * leave[order])
    said = np.stack([author_log, counted_log, learnt_log])
    share = earned(np.array(ODDS), said, drawn)
    out = [replace(alone, weight=float(share[0])), replace(count, weight=float(share[1]))]
    out += [replace(world, weight=float(share[2] * w)) for world, w in zip(learnt, inside, strict=True)]
    return tuple(w for w in out if w.weight > 0)


def earned(prior: Floats, log_predicted: Floats, drawn: Bools) -> Floats:
    """(K,) probabilities of author, count and further predictors, by what each said of answers beforehand.

    That is the prequential likelihood (Dawid 1984). A question may have been chosen by the author's beliefs and by
    content. Predictors that know both lose nothing by being asked about what was chosen; the count does not know them,
    and would learn to foretell only what is chosen. So where a question was not drawn at random it sleeps: it is taken
    to have said what the others say together (Freund, Schapire, Singer & Warmuth 1997).

    Args:
        prior: (K,) odds; the count's is the second.
        log_predicted: (K, n); drawn: (n,) whether a question was drawn at random.
    """
    with np.errstate(divide="ignore"):
        score = np.log(np.asarray(prior, np.float64))
    others = np.arange(len(score)) != 1
    for now, random in zip(log_predicted.T, drawn, strict=True):
        said = now.copy()
        if not random:
            said[1] = np.logaddexp.reduce((score + now)[others]) - np.logaddexp.reduce(score[others])
        score = score + said
    out = np.exp(score - score.max())
    return np.asarray(out / out.sum())


def _learnt(
    settings: BeliefSettings,
    author: Floats,
    design: Floats,
    names: tuple[str, ...],
    stay: Floats,
    leave: Floats,
    order: Ints,
) -> tuple[list[World], Floats, Floats]:
    """Base rate and content after the answers.

    Returns:
        the W worlds; (W,) their probabilities; (n,) log probability of each answer under all of them together, given
        those before it.
    """
    slopes = settings.evidence_sds if "evidence" in names else ()
    kins = settings.kin_sds if "kin" in names else ()
    grid = list(product((0.0, *slopes), (0.0, *kins)))
    prior = np.array([2.0 if e == k == 0 else 1.0 / max(len(grid) - 1, 1) for e, k in grid])
    prior = prior / prior.sum()
    of = {"base rate": settings.base_rate_sd, "group": settings.group_sd}
    sd = np.array([[{**of, "evidence": e, "kin": k}[n] for n in names] for e, k in grid])
    # before any answer the probability is the author's exactly: Φ(offset/√(1 + v)) with v the prior variance
    offset = probit(author) * np.sqrt(1.0 + sd**2 @ design.T**2)
    found = filtered(design, offset, sd, stay, leave, order)
    log = np.log(prior)[:, None] + np.hstack([np.zeros((len(grid), 1)), np.cumsum(found.log_predicted, axis=1)])
    whole = np.logaddexp.reduce(log, axis=0)
    worlds = []
    for n, (e, k) in enumerate(grid):
        active = sd[n] > 0
        kept = tuple(name for name, a in zip(names, active, strict=True) if a)
        covariance = found.covariance[n][np.ix_(active, active)]
        name = "content" if e > 0 or k > 0 else "base rate"
        worlds.append(World(name, 1.0, design[:, active], offset[n], found.mean[n][active], covariance, kept))
    return worlds, np.exp(log[:, -1] - whole[-1]), np.diff(whole)


def _draws(worlds: tuple[World, ...], stay: Floats, leave: Floats, samples: int, key: int) -> tuple[Floats, Floats]:
    """(samples, F) credibilities before each item's own answer is counted, worlds in proportion: means and draws.

    In the first, what is not known of a world's coefficients is integrated out, item by item; in the second they are
    drawn. The mean of a column is known in closed form, and both are moved to it: what chance adds would be taken for
    knowledge.
    """
    weight = np.array([w.weight for w in worlds])
    alone = np.stack([w.alone(stay, leave) for w in worlds])
    exact = weight @ np.stack([w.marginal for w in worlds])
    counts = np.diff(np.floor(np.cumsum(weight) / weight.sum() * samples + 0.5).astype(int), prepend=0)
    rng = generator(key, "belief")
    means = np.repeat(alone, counts, axis=0)
    drawn = np.concatenate(
        [w.credibilities(rng.standard_normal((n, len(w.mean)))) for w, n in zip(worlds, counts, strict=True)]
    )
    return _moved(means, weight @ alone), _moved(drawn, exact)


def _moved(rows: Floats, mean: Floats) -> Floats:
    """The same probabilities, a little nearer 0 or 1, so that each column has this mean."""
    room = rows * (1.0 - rows)
    step = (mean - rows.mean(0)) / np.maximum(room.mean(0), 1e-300)
    return np.asarray(rows + np.clip(step, -1.0, 1.0) * room)
