"""Joint draws of what humans mean and of how reliable they are: what a claim about a study has to hold.

A limit that weighs answers by the *mean* accuracy of whoever gave them takes that mean for known. Here accuracies are
drawn with the truths, by Gibbs sampling of the model of `reliability` (tied confusions; Dawid & Skene 1979): truths
given accuracies, accuracies given truths, many chains at once, one draw a chain. An annotator reads a list less
carefully than a single question, so answers to lists are a reader of their own.

All votes enter as counts, so that a step is two small matrix products, whatever the number of votes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from activeseed.plan import Floats, Ints
from activeseed.plan import generator as stream
from activeseed.resolution.measuring import offered_variants
from activeseed.resolution.votes import Ballot
from activeseed.seed import AS_WRITTEN

#: steps before a chain's state is taken: chains start at the belief, near where they end
STEPS = 20
#: how many answers the assumption about a stranger is worth
WORTH = 5.0


@dataclass(frozen=True)
class Counts:
    """All votes as counts, for J readers, F items and V variants.

    Attributes:
        readers: (J,) annotator, and whether the answers were given to a list.
        table: (V, 4J, F) for each reader how often it was right and wrong about an item if the truth is *as written*
            (v = 0, rows 4j, 4j + 1), and if it is v > 0 (rows 4j + 2, 4j + 3), weighted by confidence.
        evenly: (V, F) log-probability of the wrong answers being those that were given, evenly over what is on offer;
            −inf where a variant is not on offer.
        gold: (4J,) the same counts for questions of known answer.
        prior: (J, 2) Beta(a, b) of a reader's accuracy.
    """

    readers: tuple[tuple[str, bool], ...]
    table: Floats
    evenly: Floats
    gold: Floats
    prior: Floats


def count(
    ballot: Ballot,
    table: Floats,
    known: Mapping[str, str],
    accuracy: tuple[float, float],
    list_error: float,
) -> Counts:
    """Counts of a ballot's effective votes.

    Args:
        table: (F, V) the belief before answers, over the ballot's seed.
        known: item id -> right variant of gold questions.
        accuracy: Beta(a, b) of a stranger's accuracy.
        list_error: share of right answers that are lost when they are given to a line of a list.
    """
    f, v = table.shape
    votes = ballot.votes
    readers = tuple(dict.fromkeys((x.annotator, x.listed) for x in (*votes, *ballot.gold)))
    number = {r: j for j, r in enumerate(readers)}
    out = np.zeros((v, 4 * len(readers), f))
    offered = offered_variants(table)
    evenly = np.where(offered, 0.0, -np.inf).T
    others = np.log(np.maximum(offered.sum(1) - 1, 1))
    for vote in votes:
        at = ballot.seed.position(vote.item)
        said = ballot.seed.items[at].index_of(vote.variant)
        j = 4 * number[vote.annotator, vote.listed]
        right = np.arange(v) == said
        kept = np.arange(v) == 0
        out[:, j, at] += vote.weight * (right & kept)
        out[:, j + 1, at] += vote.weight * (~right & kept)
        out[:, j + 2, at] += vote.weight * (right & ~kept)
        out[:, j + 3, at] += vote.weight * (~right & ~kept)
        evenly[:, at] -= vote.weight * others[at] * ~right
    gold = np.zeros(4 * len(readers))
    for vote in ballot.gold:
        if vote.item in known:
            j = 4 * number[vote.annotator, vote.listed] + (0 if known[vote.item] == AS_WRITTEN else 2)
            gold[j + (vote.variant != known[vote.item])] += vote.weight
    mean = accuracy[0] / sum(accuracy) * (1.0 - list_error)
    prior = np.array([(WORTH * mean, WORTH * (1.0 - mean)) if listed else accuracy for _, listed in readers])
    return Counts(readers, out, evenly, gold, prior.reshape(-1, 2))


@dataclass(frozen=True)
class Drawn:
    """Draws of the truth and of the readers' accuracies given it, one row each.

    Attributes:
        assignments: (N, F) variant that is meant.
        accuracies: (N, J, 2) probability of a right answer where *as written* is meant, and where anything else is.
    """

    assignments: Ints
    accuracies: Floats


def draw(
    counts: Counts, before: Floats, elsewhere: Floats, *, key: int, settled: Mapping[int, int] | None = None
) -> Drawn:
    """One draw for each row of ``before``.

    Args:
        counts: all votes.
        before: (N, F) draws of the probability that an item stays as written, its own answers left out.
        elsewhere: (F, V) where an item goes if it does not stay; rows sum to one, column 0 is zero.
        key: root key of the draws.
        settled: number of an item -> variant that it has in every draw (merged items).

    An annotator is taken to be better than a coin (α + β > 1): answers that are wrong more often than not can't be told
    from a wrong belief by answers, only by a voucher (see ``vouching``). Costs STEPS · N · (F·V + 4J).
    """
    rng = stream(key, "truths and accuracies")
    n, f = before.shape
    v = elsewhere.shape[1]
    stays = np.clip(before, 1e-9, 1.0 - 1e-9)
    prior = np.empty((v, n, f))
    prior[0] = np.log(stays)
    with np.errstate(divide="ignore"):
        prior[1:] = np.log1p(-stays) + np.log(elsewhere.T[1:, None, :])
    prior += np.maximum(counts.evenly, -1e30)[:, None, :]
    keeps, leaves = before >= 1.0, before <= 0.0
    a, b = counts.prior[:, 0], counts.prior[:, 1]
    gold = counts.gold.reshape(-1, 2, 2)
    shape = (n, len(counts.readers), 2)
    theta = np.broadcast_to((a / (a + b))[:, None], shape).copy()
    drawn: Ints = np.zeros((n, f), np.int64)
    for _ in range(STEPS):
        drawn = _truths(prior + _log_likelihood(theta, counts), rng)
        # an author's certainty is not moved by an answer that may be wrong
        drawn[keeps] = 0
        drawn[leaves] = np.maximum(drawn[leaves], 1)
        for item, variant in (settled or {}).items():
            drawn[:, item] = variant
        if len(counts.readers):
            told = sum(((drawn == u).astype(np.float64) @ counts.table[u].T for u in range(v)), np.zeros((n, 1)))
            hits = told.reshape(*shape, 2) + gold
            theta = _accuracies(a[:, None] + hits[..., 0], b[:, None] + hits[..., 1], rng)
    return Drawn(drawn, theta)


def _log_likelihood(theta: Floats, counts: Counts) -> Floats:
    """(V, N, F) log-likelihood of all votes on an item for each variant that may be meant."""
    safe = np.clip(theta, 1e-6, 1.0 - 1e-6)
    both = np.stack([np.log(safe), np.log1p(-safe)], -1).reshape(len(theta), -1)
    return np.asarray(both @ counts.table)


def _truths(log: Floats, rng: np.random.Generator) -> Ints:
    """(N, F) draws of a variant, in proportion to exp(log), (V, N, F)."""
    p = np.exp(log - log.max(0))
    edges = np.cumsum(p, axis=0)
    u = rng.random(log.shape[1:]) * edges[-1]
    return np.asarray((u >= edges[:-1]).sum(0), np.int64)


def _accuracies(a: Floats, b: Floats, rng: np.random.Generator) -> Floats:
    """(N, J, 2) draws from Beta(a, b), a few times anew where they say that the reader is worse than a coin."""
    out = rng.beta(a, b)
    for _ in range(5):
        worse = out.sum(2) <= 1.0
        if not worse.any():
            break
        out[worse] = rng.beta(a[worse], b[worse])
    return np.asarray(out)
