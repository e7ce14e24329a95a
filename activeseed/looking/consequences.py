"""What hangs on an answer: the probes whose outcome really differs between the variants of an item.

Every difference is taken under common random numbers, under each key that the ranking paid for. A question shows a
difference only where it can be told from the noise of training: every probe and every variant of the question enter one
test, whose statistic is the largest difference in units of its noise. Its null law comes from turning round the signs
of whole keys, which keeps what probes have in common and so holds for any number of them (Westfall & Young 1993), where
differences without an effect are symmetric. The noise is mostly what the same change of other items shows at that
probe, plus half the standard deviation of all probes, since eight keys alone say too little about one probe of one item
(Smyth 2004; Tusher, Tibshirani & Chu 2001): a probe whose keys happen to agree is no discovery.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from activeseed.looking.trains import Trains
from activeseed.plan import Explicit, Floats, Rows, generator
from activeseed.protocols import Request
from activeseed.question import Consequence
from activeseed.seed import Probe, Seed

#: chance that a question of no effect shows a difference; a shown sign is wrong in at most half as many (the other half
#: of a two-sided test errs in the right direction)
ALPHA = 0.1
#: chance at which a flip that is shown may not be one
FLIP_ALPHA = 0.1
#: share of a probe's variance that is taken from the questions looked at together; the rest is the question's own
COMPANY = 0.8
#: share of the noise of all probes that is added to that of each
POOLED = 0.5
#: keys below which no pattern of signs is rare enough to tell anything from noise
LEAST_KEYS = 5
#: differences below this are not shown: outcomes are single precision, and nobody acts on them
SMALLEST = 1e-4
#: patterns of signs are enumerated up to this many keys, which is as many of them as are drawn beyond
EXACT_KEYS, PATTERNS = 12, 2048
#: patterns at a time: bounds the memory
_AT_A_TIME = 128


@dataclass(frozen=True)
class Looked:
    """What was found for one question: the probes to show, and under how many keys each answer was trained."""

    shown: tuple[Consequence, ...] = ()
    trainings: int = 0


def look(
    seed: Seed, factors: Sequence[int], keys: Sequence[int], trainer: Trains, places: Sequence[Probe], most: int
) -> dict[int, Looked]:
    """What hangs on the items of these numbers, the rest of the seed as it stands.

    Args:
        keys: replicate numbers to train under; one for a deterministic trainer. Rows that were trained before, for a
            ranking of the same seed, are not trained again.
        places: where outcomes are read.
        most: probes a question; 0 trains nothing.

    Cost: keys × (other variants + 1 for the seed as it stands) trainings, less what was trained before.
    """
    if not most or not factors:
        return {}
    base = np.asarray(seed.base, np.int16)
    changes = [(f, v) for f in dict.fromkeys(factors) for v in range(len(seed.items[f].variants)) if v != base[f]]
    block = np.tile(base, (1 + len(changes), 1))
    for n, (f, v) in enumerate(changes, 1):
        block[n, f] = v
    variants = np.tile(block, (len(keys), 1))
    rows = Rows(variants, np.repeat(np.asarray(keys, np.int64), len(block)))
    outcomes = trainer.fulfil(Request(Explicit(rows), "consequences of the questions"))
    values = np.asarray(outcomes.values, np.float64).reshape(len(keys), len(block), -1)
    ok = outcomes.ok.reshape(len(keys), len(block))
    seen = {}
    for f in dict.fromkeys(factors):
        mine = [0, *(n for n, (g, _) in enumerate(changes, 1) if g == f)]
        names = [seed.items[f].variants[v].id for v in (int(base[f]), *(v for g, v in changes if g == f))]
        seen[f] = values[:, mine], ok[:, mine], names
    if len(keys) == 1:
        return {f: told(*of, places, most, deterministic=True) for f, of in seen.items()}
    noise = company(list(seen.values()))
    return {f: told(*of, places, most, company=mine) for (f, of), mine in zip(seen.items(), noise, strict=True)}


def company(questions: Sequence[tuple[Floats, NDArray[np.bool_], Sequence[str]]]) -> list[Floats]:
    """Variances over keys, (V − 1, P) a question: means over the *other* questions that compare the same two variants.

    The question itself is left out, so that turning round the signs of its keys leaves its company as it is. NaN where
    no other question has such a comparison.

    Args:
        questions: outcomes, successes and variants of each, as ``told`` takes them.
    """
    found: dict[frozenset[str], dict[int, Floats]] = {}
    for n, (values, ok, names) in enumerate(questions):
        for v in range(1, len(names)):
            both = ok[:, 0] & ok[:, v]
            if both.sum() >= LEAST_KEYS:
                delta = values[both, v] - values[both, 0]
                found.setdefault(frozenset((names[0], names[v])), {})[n] = delta.var(0, ddof=1)
    unknown = np.full(questions[0][0].shape[2], np.nan)
    out = []
    for n, (_, _, names) in enumerate(questions):
        rows = []
        for name in names[1:]:
            others = [x for m, x in found.get(frozenset((names[0], name)), {}).items() if m != n]
            rows.append(np.mean(others, axis=0) if others else unknown)
        out.append(np.stack(rows))
    return out


def told(
    values: Floats, ok: NDArray[np.bool_], names: Sequence[str], places: Sequence[Probe], most: int,
    deterministic: bool = False, company: Floats | None = None,
) -> Looked:  # fmt: skip
    """What can be told of one question's variants.

    Args:
        values: (K, V, P) outcomes under each key; variant 0 is the one that stands.
        ok: (K, V) trainings that succeeded. A variant that failed under too many keys is not shown.
        names: V variant ids.
        company: (V − 1, P) variances of such differences over keys, of other questions; NaN where there are none.
    """
    least = 1 if deterministic else LEAST_KEYS
    kept = [0, *(v for v in range(1, len(names)) if (ok[:, 0] & ok[:, v]).sum() >= least)]
    fine = ok[:, kept].all(1)
    k = int(fine.sum())
    if len(kept) < 2 or k < least:
        return Looked((), k)
    y, others = values[fine][:, kept], [v - 1 for v in kept[1:]]
    delta = y[:, 1:] - y[:, :1]
    mean = delta.mean(0)
    margin = np.zeros_like(mean) if deterministic else margins(delta, None if company is None else company[others])
    real = (np.abs(mean) > SMALLEST) & (np.abs(mean) >= margin * (1 - 1e-9))
    size = shrunk(delta)
    flips = _flips(y, mean, size, real)
    order = np.argsort(-np.where(real, np.abs(size), 0.0).max(0), kind="stable")[:most]
    shown = tuple(
        Consequence(
            probe=places[p].id,
            text=places[p].payload.display,
            stands=names[0],
            outcomes={names[0]: _digits(y[:, 0, p].mean())}
            | {names[v]: _digits(y[:, c + 1, p].mean()) for c, v in enumerate(kept[1:]) if real[c, p]},
            margins={names[v]: _digits(margin[c, p]) for c, v in enumerate(kept[1:]) if real[c, p]},
            flips={names[v]: int(flips[c, p]) for c, v in enumerate(kept[1:]) if flips[c, p]},
            trainings=k,
        )
        for p in map(int, order)
        if real[:, p].any()
    )
    return Looked(shown, k)


def margins(delta: Floats, company: Floats | None = None) -> Floats:
    """(C, P) how large a mean difference has to be, to be told from noise: of (K, C, P) differences under K keys.

    The chance that any of them is reached where there is no effect at all is at most ``ALPHA``, whatever probes and
    variants have in common, where noise is symmetric; infinite where there are too few keys to say.

    Args:
        company: (C, P) variances over keys that other questions show; NaN where there are none.

    Cost: at most ``PATTERNS`` products with the differences.
    """
    k = len(delta)
    flat = delta.reshape(k, -1)
    signs = _signs(k)
    allowed = int(ALPHA * len(signs))
    if not allowed:
        return np.full(delta.shape[1:], np.inf)
    own = flat.var(0, ddof=1)
    known = np.zeros(own.shape, bool) if company is None else ~np.isnan(company.reshape(-1))
    weight = np.where(known, 1.0 - COMPANY, 1.0)
    shared = np.zeros(own.shape) if company is None else np.where(known, COMPANY * company.reshape(-1), 0.0)
    variance = weight * own + shared
    pooled = np.sqrt(variance.reshape(delta.shape[1:]).mean(1))
    # differences that the keys agree on to the last bit have no noise: what single precision can't tell apart is noise
    floor = np.repeat(np.maximum(POOLED * pooled, SMALLEST / 10), delta.shape[2])
    bar = _bar(signs, flat, weight, shared, floor, allowed)
    return np.asarray((bar * (np.sqrt(variance) + floor)).reshape(delta.shape[1:]))


def _bar(signs: Floats, flat: Floats, weight: Floats, shared: Floats, floor: Floats, allowed: int) -> float:
    """The statistic that the largest of all differences reaches under so many of the patterns of signs."""
    k = len(flat)
    square = (flat**2).mean(0)
    found = []
    for n in range(0, len(signs), _AT_A_TIME):
        moved = np.abs(signs[n : n + _AT_A_TIME] @ flat / k)
        own = np.maximum(square - moved**2, 0.0) * k / (k - 1)
        found.append((moved / (np.sqrt(weight * own + shared) + floor)).max(1))
    return float(np.sort(np.concatenate(found))[-allowed])


def distinguishable(delta: Floats, company: Floats | None = None) -> NDArray[np.bool_]:
    """(C, P) mean differences that can be told from noise, of (K, C, P) differences under K keys; see ``margins``."""
    mean = np.abs(delta.mean(0))
    return np.asarray((mean >= margins(delta, company) * (1 - 1e-9)) & (mean > SMALLEST))


def _signs(keys: int) -> Floats:
    """Patterns of signs over keys, the one that was seen first: all of them but their mirror images, or drawn ones."""
    if keys <= EXACT_KEYS:
        return np.array([(1.0, *rest) for rest in itertools.product((1.0, -1.0), repeat=keys - 1)])
    drawn = generator(0, "signs of keys", keys).choice([-1.0, 1.0], (PATTERNS - 1, keys))
    return np.concatenate([np.ones((1, keys)), drawn])


def shrunk(delta: Floats) -> Floats:
    """(C, P) mean differences shrunk for their errors: the size that they are expected to have under other keys.

    Each is multiplied by τ²/(τ² + its squared error), τ² the mean squared difference of its variant over probes, taken
    across pairs of different keys so that noise does not count as difference (empirical Bayes; Efron & Morris 1973).
    """
    k = len(delta)
    mean = delta.mean(0)
    if k == 1:
        return np.asarray(mean)
    error = delta.var(0, ddof=1) / k
    prior = np.maximum((mean**2 - error).mean(1, keepdims=True), SMALLEST**2)
    return np.asarray(mean * prior / (prior + error))


def _flips(y: Floats, mean: Floats, size: Floats, real: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(C, P) in how many trainings a variant is judged otherwise than what stands; 0 where no flip can be claimed.

    A flip is claimed where both means keep clear of ½ on different sides: the chances that either is on the wrong side
    (Student's t, a flat prior over the level and the difference shrunk) sum to at most ``FLIP_ALPHA``.
    """
    from scipy.special import stdtr

    k = len(y)
    counts = ((y[:, 1:] > 0.5) != (y[:, :1] > 0.5)).sum(0)
    level = y[:, 0].mean(0)
    there = level + size
    crosses = ((level > 0.5) != (level + mean > 0.5)) & ((level > 0.5) != (there > 0.5)) & real
    if k > 1:
        own = y.std(0, ddof=1) / np.sqrt(k)
        tiny = SMALLEST / 10
        wrong = stdtr(k - 1, -np.abs(level - 0.5) / np.maximum(own[0], tiny))
        wrong = wrong + stdtr(k - 1, -np.abs(there - 0.5) / np.maximum(own[1:], tiny))
        crosses &= wrong <= FLIP_ALPHA
    probability = ((y >= 0.0) & (y <= 1.0)).all()
    return np.asarray(np.where(crosses & probability, counts, 0))


def _digits(value: float) -> float:
    return round(float(value), 6)


def keys_for(
    rankings: Sequence[Mapping[str, Any]], version: str, first: int, replicates: int, deterministic: bool
) -> range:
    """Replicate numbers to look under, at least ``replicates`` of them where the trainer has randomness.

    Args:
        rankings: journalled rankings. Where one was made of this version, its effects' keys are used: paid for already.
            Otherwise those under which every round trains the seed as it stands.
        first: the replicate number that the version's rankings start from.
    """
    paid = max((int(r.get("keys") or 0) for r in rankings if r.get("seed_version") == version), default=0)
    start = first if paid else 0
    return range(start, start + (1 if deterministic else max(paid, replicates)))
