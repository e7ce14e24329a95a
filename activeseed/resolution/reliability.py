"""How reliable each annotator is, from answers that something else corroborates.

A single uncorroborated answer says nothing about the one who gave it: compared with the belief alone, an honest
annotator of a seed whose author was mistaken would look like a liar. So the class marginals are free (barely pulled
towards the belief), and reliability is learned from items that were answered twice or more (silent repeats, several
annotators) and from gold questions, starting from Beta priors.

The model is Dawid & Skene's with *tied* confusions: annotator j gives the true variant with probability α_j where the
truth is *as written* and β_j where it is anything else, and errs evenly over the other variants on offer. Two numbers
and not one, because a coin that falls on *keep* at the base rate has a respectable accuracy and still says nothing:
what an answer is worth is α + β − 1, its *skill*. A *full* confusion matrix per annotator is the classic model.

Given the truth, the answers of that model are independent, and one accuracy holds for all items. Real people err on the
same items, and intervals that know of no such items are too short, around means that are too high. So an interval, and
what an answer is worth, also count items that are *hard*: a share h of them, on which everybody is right with one
probability drawn from U(0, 1) for each item, so that answers there say little of the truth however many agree. What is
assumed all the same: whether an item is hard does not depend on who answers, and plain items are alike. With three
people h is hardly told from their own errors, and its prior decides; what one person errs on time and again, or all
of them together on most items, only gold questions show.

Source: A. P. Dawid & A. M. Skene, "Maximum Likelihood Estimation of Observer Error-Rates Using the EM Algorithm",
Applied Statistics 28 (1979), equations 2.3–2.5; the Beta priors make it a maximum a posteriori estimate. Item effects:
B. Carpenter, "Multilevel Bayesian Models of Categorical Data Annotation" (2008), here with two kinds of items.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from activeseed.plan import Floats, Ints, generator

#: Beta(a, b) of the share of items that are hard, before any evidence: 5 %, and above 10 % one time in six. What stands
#: where fewer than some five people answer the same items; chosen on simulated people (tests/benchmarks/reliability.py)
HARD = (0.25, 4.75)


@dataclass(frozen=True)
class Reliability:
    """What is known about one annotator.

    Attributes:
        estimate: posterior mean of the probability in [0, 1] that an answer is right; 1 minus it is the error rate.
        low, high: central 95 % interval of that probability, the truths of the items summed out.
        skill: α + β − 1 in [−1, 1]: 1 always right, 0 what a coin of any bias has, below 0 adversarial.
        gold_right, gold_asked: gold questions.
        repeats_same, repeats_asked: silent repeats that got the same answer as before.
        answers: effective answers on items of the seed.
    """

    estimate: float
    low: float
    high: float
    skill: float = 0.0
    gold_right: int = 0
    gold_asked: int = 0
    repeats_same: int = 0
    repeats_asked: int = 0
    answers: int = 0

    @property
    def error(self) -> float:
        return 1.0 - self.estimate


@dataclass(frozen=True)
class Labels:
    """N labels as arrays, for U units, J annotators and K classes.

    Attributes:
        unit, annotator, label: (N,) integers.
        weight: (N,) in (0, 1], the power to which a label's likelihood is raised.
        offered: (U, K) which classes a unit can be.
        known: (U,) the true class where it is known, -1 elsewhere.
    """

    unit: Ints
    annotator: Ints
    label: Ints
    weight: Floats
    offered: NDArray[np.bool_]
    known: Ints
    annotators: int

    @classmethod
    def of(cls, table: Sequence[tuple[int, int, int]], classes: int) -> Labels:
        """Labels (unit, annotator, class) of equal weight, every class on offer, no truth known."""
        t = np.asarray(table, np.int64).reshape(-1, 3)
        units = int(t[:, 0].max()) + 1
        return cls(
            t[:, 0], t[:, 1], t[:, 2], np.ones(len(t)), np.ones((units, classes), bool),
            np.full(units, -1, np.int64), int(t[:, 1].max()) + 1,
        )  # fmt: skip


@dataclass(frozen=True)
class Fit:
    """A fitted model.

    Attributes:
        posterior: (U, K) probability of each class of each unit.
        marginals: (K,) probability of each class.
        confusion: (J, K, K) P(label | annotator, truth), truths in rows, for units that offer all K classes.
        accuracy: (J, 2) α and β.
        iterations: EM steps until no posterior moved by more than 1e-8 (or 500).
    """

    posterior: Floats
    marginals: Floats
    confusion: Floats
    accuracy: Floats
    iterations: int


def emission(accuracy: Floats, label: Ints, offered: NDArray[np.bool_]) -> Floats:
    """(N, K) P(label | truth) under tied confusions; 1 for truths that are not on offer (nothing to learn there).

    Args:
        accuracy: (N, 2) α and β of the one who gave each label.
        label: (N,) class given.
        offered: (N, K) classes on offer; a class that was given counts as offered.
    """
    n, k = offered.shape
    right = np.where(np.arange(k) == 0, accuracy[:, :1], accuracy[:, 1:])
    others = np.maximum(offered.sum(1, keepdims=True) - 1, 1)
    out = (1.0 - right) / others
    rows = np.arange(n)
    out[rows, label] = right[rows, label]
    return np.where(offered, out, 1.0)


def dawid_skene(
    labels: Labels,
    *,
    tied: bool = False,
    prior: tuple[float, float] = (1.0, 1.0),
    marginals: Floats | None = None,
    strength: float = 0.0,
) -> Fit:
    """EM for the truths of units and the reliability of annotators.

    Args:
        labels: at least one label.
        tied: tied confusions (the product's model) or full ones (the classic model, a maximum likelihood estimate).
        prior: Beta(a, b) of α and of β, for the tied model; a/(a+b) is what is assumed of a stranger.
        marginals: (K,) what the class marginals are pulled towards; ``strength`` is how many units that is worth.

    Cost: iterations × N × K. Starts from the shares of the labels, as Dawid & Skene do.
    """
    k = labels.offered.shape[1]
    j = labels.annotators
    offered = labels.offered[labels.unit]
    a, b = prior
    posterior = np.zeros(labels.offered.shape)
    np.add.at(posterior, (labels.unit, labels.label), labels.weight)
    posterior = _normal(_pin(posterior + 1e-9 * labels.offered, labels.known))
    theta: Floats = np.full((j, 2), a / (a + b))
    steps = 0
    while steps < 500:
        steps += 1
        towards = np.zeros(k) if marginals is None else strength * marginals
        mass = posterior.sum(0) + towards
        share = mass / mass.sum()
        counts = np.zeros((j, k, k))
        np.add.at(counts.transpose(0, 2, 1), (labels.annotator, labels.label), _weighted(posterior, labels))
        right = np.diagonal(counts, axis1=1, axis2=2)
        totals = counts.sum(2)
        theta = np.stack(
            [
                (a + right[:, 0]) / (a + b + totals[:, 0]),
                (a + right[:, 1:].sum(1)) / (a + b + totals[:, 1:].sum(1)),
            ],
            axis=1,
        )
        if tied:
            likelihood = emission(theta[labels.annotator], labels.label, offered)
            confusion = _tied_confusion(theta, k)
        else:
            confusion = counts / np.maximum(totals, 1e-12)[:, :, None]
            likelihood = np.where(offered, confusion[labels.annotator, :, labels.label], 1.0)
        log = np.log(np.maximum(share, 1e-300)) * np.ones_like(posterior)
        np.add.at(log, labels.unit, labels.weight[:, None] * np.log(np.maximum(likelihood, 1e-300)))
        log = np.where(labels.offered, log, -np.inf)
        updated = _normal(_pin(np.exp(log - log.max(1, keepdims=True)), labels.known))
        moved = float(np.abs(updated - posterior).max())
        posterior = updated
        if moved < 1e-8:
            break
    return Fit(posterior, share, confusion, theta, steps)


@dataclass(frozen=True)
class Accuracies:
    """Posterior of every annotator's accuracy: ``estimate``, ``low``, ``high`` (J,), and ``means`` (J, 2) of α, β."""

    estimate: Floats
    low: Floats
    high: Floats
    means: Floats


def sample_accuracies(
    labels: Labels,
    fit: Fit,
    *,
    prior: tuple[float, float],
    marginals: Floats,
    strength: float,
    chains: int = 30,
    steps: int = 10,
    warm_up: int = 10,
    hard: tuple[float, float] = HARD,
) -> Accuracies:
    """How well α and β are known, when neither the truths, the other annotators, nor the hard items are known either.

    Gibbs sampling of the tied model, many chains at once, all started at its fit: truths and hard items given
    accuracies, accuracies given those. The α and β that come out hold for all items, hard ones included: (1 − h) times
    those of plain items plus h/2. Where nobody shares an item with another person none is hard. Intervals that
    took the others at their fit would be too short. The draws come from a key of their own, so the same labels give the
    same figures; means average the exact conditional means of the draws. The probability of being right weighs α and β
    by the truths of the units that the annotator labelled. An upper end within 0.02 of 1 is set to 1.

    Args:
        hard: Beta(a, b) of the share h of hard units before any evidence.

    Cost: chains × (warm_up + steps) × labels × K.
    """
    from scipy.sparse import csr_array

    rng = generator(0, "sample_accuracies")
    j, n, c = labels.annotators, len(labels.unit), chains
    units, k = labels.offered.shape
    a, b = prior
    theta, share = np.tile(fit.accuracy, (c, 1, 1)), np.tile(fit.marginals, (c, 1))
    given = labels.label[:, None] == np.arange(k)  # (N, K)
    others = np.maximum(labels.offered[labels.unit].sum(1) - 1, 1)[:, None]
    by_unit = csr_array((labels.weight, (labels.unit, np.arange(n))), shape=(units, n))
    offered = labels.offered & ((labels.known < 0)[:, None] | (np.arange(k) == labels.known[:, None]))
    impossible = np.where(offered, 0.0, -np.inf)[:, None, :]
    free = labels.known < 0
    on_hard = _on_hard_units(labels, by_unit, given)[:, None, :]
    # chains start apart: where few people answered the same units, all that is known of h is its prior
    several = bool((by_unit @ (labels.annotator[:, None] == np.arange(j)) > 0).sum(1).max(initial=0) > 1)
    hard_share = rng.beta(*hard, size=c) if several else np.zeros(c)
    side = np.minimum(np.arange(k), 1)  # which of α and β each truth needs
    weight = np.repeat(labels.weight[:, None], c, 1)
    cell = 2 * labels.annotator[:, None] + 2 * j * np.arange(c)
    means, right = np.zeros((j, 2)), np.zeros(j)
    sampled: list[Floats] = []
    worse: list[Floats] = []
    for step in range(warm_up + steps):
        accuracy = theta[:, labels.annotator][:, :, side]  # (C, N, K)
        log = np.log(np.maximum(np.where(given, accuracy, (1.0 - accuracy) / others), 1e-300))
        total_log = (by_unit @ log.transpose(1, 0, 2).reshape(n, c * k)).reshape(units, c, k)
        kinds = np.log(np.stack([1.0 - hard_share, hard_share]).clip(1e-300))[:, None, :, None]
        total_log = np.concatenate([total_log + kinds[0], on_hard + kinds[1]], 2)
        total_log += np.tile(np.log(np.maximum(share, 1e-300)) + impossible, 2)
        # Gumbel's trick: the largest of log p + noise is a draw from p
        is_hard, truths = np.divmod((total_log + rng.gumbel(size=total_log.shape)).argmax(2), k)  # (U, C) each
        if several:
            hard_share = rng.beta(hard[0] + is_hard.sum(0), hard[1] + units - is_hard.sum(0))
        counted = np.stack([(truths[free] == t).sum(0) for t in range(k)], 1)
        gammas = rng.standard_gamma(np.maximum(strength * marginals + counted, 1e-3))
        share = gammas / gammas.sum(1, keepdims=True)
        of = truths[labels.unit]  # (N, C)
        at = (cell + np.minimum(of, 1)).ravel()
        on_plain = weight * (1 - is_hard[labels.unit])
        given_to = np.bincount(at, weight.ravel(), 2 * j * c).reshape(c, j, 2)
        total = np.bincount(at, on_plain.ravel(), 2 * j * c).reshape(c, j, 2)
        hits = np.bincount(at, (on_plain * (of == labels.label[:, None])).ravel(), 2 * j * c).reshape(c, j, 2)
        theta = rng.beta(a + hits, b + total - hits)
        if step >= warm_up:
            mix = given_to / np.maximum(given_to.sum(2, keepdims=True), 1e-12)
            h = hard_share[:, None, None]
            mean = (1.0 - h) * (a + hits) / (a + b + total) + h / 2.0
            means += mean.mean(0) / steps
            right += (mix * mean).sum(2).mean(0) / steps
            # a hard unit may be a plain one with bad luck: the upper end has people right there at ¾, and not at ½
            sampled.append((mix * ((1.0 - h) * theta + 0.75 * h)).sum(2))
            # the lower end counts half an error more than was seen, so that it holds for those who erred rarely by luck
            low_theta = rng.beta(a + hits, b + 0.5 + total - hits)
            worse.append((mix * ((1.0 - h) * low_theta + h / 2.0)).sum(2))
    low, high = np.quantile(np.concatenate(worse), 0.025, axis=0), np.quantile(np.concatenate(sampled), 0.975, axis=0)
    return Accuracies(right, low, np.where(high > 0.98, 1.0, high), means)


def _on_hard_units(labels: Labels, by_unit: Any, given: NDArray[np.bool_]) -> Floats:
    """(U, K) log P(all answers to a unit | truth, the unit is hard), its probability of a right answer summed out."""
    from scipy.special import betaln

    right = np.asarray(by_unit @ given.astype(np.float64))
    wrong = right.sum(1, keepdims=True) - right
    others = np.maximum(labels.offered.sum(1, keepdims=True) - 1, 1)
    return np.asarray(betaln(1.0 + right, 1.0 + wrong) - wrong * np.log(others))


def _weighted(posterior: Floats, labels: Labels) -> Floats:
    return np.asarray(posterior[labels.unit] * labels.weight[:, None])


def _tied_confusion(theta: Floats, classes: int) -> Floats:
    right = np.where(np.arange(classes) == 0, theta[:, :1], theta[:, 1:])
    wrong = (1.0 - right) / max(classes - 1, 1)
    out = np.repeat(wrong[:, :, None], classes, axis=2)
    i = np.arange(classes)
    out[:, i, i] = right
    return np.asarray(out)


def _pin(values: Floats, known: Ints) -> Floats:
    """Units of known truth get all their mass there."""
    out = values.copy()
    at = known >= 0
    out[at] = 0.0
    out[at, known[at]] = 1.0
    return out


def _normal(values: Floats) -> Floats:
    return np.asarray(values / np.maximum(values.sum(1, keepdims=True), 1e-300))
