"""ActiveLab: which item to have labelled next, or once more, from labels of several annotators and a model's word.

The published formulas: ActiveLab, Goh & Mueller 2023 (arXiv 2301.11856), on CROWDLAB's posterior and weights,
Goh, Tkachenko & Mueller 2022 (arXiv 2210.06812). Given the model's temperature they agree with cleanlab
2.9.0's ``get_active_learning_scores`` and ``get_label_quality_multiannotator`` to the last bits; its search for the
temperature is not followed, as it counts labels that stand as floats into the wrong class.
"""

from __future__ import annotations

import numpy as np

from activeseed.plan import Floats, Ints

LEAST = 1e-6  # below which cleanlab clips weights and class errors
COARSE = (0.1, 0.2, 0.5, 0.8, 1.0, 2.0, 3.0, 5.0, 8.0)  # temperatures that are tried first
FINE = 4  # steps between two of them afterwards


def active_lab(labels: Floats, probabilities: Floats) -> tuple[Floats, Ints]:
    """Scores (the lower, the sooner asked about) and consensus labels.

    Args:
        labels: (N, M) class of each item by each annotator, NaN where one has not seen it; at least one a row.
        probabilities: (N, K) out-of-sample P(class) by a model.
    """
    given = ~np.isnan(labels)
    n, classes = probabilities.shape
    if (given.sum(1) == 1).all():
        consensus = np.nansum(labels, 1).astype(np.int64)
        model = 1.0
        quality: Floats = probabilities[np.arange(n), consensus]
        weights: Floats = np.ones(labels.shape[1])
    else:
        tempered = _tempered(probabilities, _temperature(labels, probabilities))
        most = majority(labels, tempered)
        posterior, _, _ = _crowdlab(labels, tempered, most)
        best = posterior == posterior.max(1, keepdims=True)
        consensus = np.where(best.sum(1) == 1, posterior.argmax(1), most)
        posterior, model, weights = _crowdlab(labels, tempered, consensus)
        quality = posterior[np.arange(n), consensus]
    trust, average = given @ weights + model, weights.mean()
    return (trust * quality + average / classes) / (trust + average), consensus


def _crowdlab(labels: Floats, probabilities: Floats, consensus: Ints) -> tuple[Floats, float, Floats]:
    """Posterior (N, K), the model's weight and each annotator's."""
    given = ~np.isnan(labels)
    counts, classes = given.sum(1), probabilities.shape[1]
    several = counts > 1
    agree = (labels == consensus[:, None]).sum(1) / counts
    likely = agree[several].mean()
    commonest = np.bincount(consensus[several], minlength=classes).argmax()
    chance = max(float((consensus[several] != commonest).mean()), LEAST)
    weights = np.maximum(1.0 - (1.0 - _with_each_other(labels)) / chance, LEAST)
    wrong = float((probabilities[several].argmax(1) != consensus[several]).mean())
    model = max(1.0 - wrong / chance, LEAST) * float(np.sqrt(counts.mean()))
    posterior = probabilities * model
    for k in range(classes):
        says = np.where(labels == k, likely, (1.0 - likely) / (classes - 1))
        posterior[:, k] += np.where(given, says, 0.0) @ weights
    return posterior / (given @ weights + model)[:, None], model, weights


def _with_each_other(labels: Floats) -> Floats:
    """(M,) how often each annotator agrees with others about the items that they share, weighted by their number."""
    given = ~np.isnan(labels)
    out = np.full(labels.shape[1], np.nan)
    for j in range(labels.shape[1]):
        mine = labels[given[:, j]]
        others = given[given[:, j]].sum(1) - 1
        if others.sum() > 0:
            # the mean over an item's other annotators, weighted by how many they are: all comparisons together
            same = (mine == mine[:, [j]]).sum(1) - 1
            out[j] = same[others > 0].sum() / others.sum()
    return np.where(np.isnan(out), np.nanmean(out), out)


def majority(labels: Floats, probabilities: Floats) -> Ints:
    """(N,) commonest label; ties go to the one the model holds likelier, and then to the rarer class."""
    votes = np.stack([(labels == k).sum(1) for k in range(probabilities.shape[1])], 1).astype(np.float64)
    rare = -votes.sum(0) / (votes.sum() + 1.0)
    top = votes == votes.max(1, keepdims=True)
    likeliest = np.where(top, probabilities, -1.0)
    top &= likeliest == likeliest.max(1, keepdims=True)
    return np.asarray(np.where(top, rare, -np.inf).argmax(1), np.int64)


def _tempered(probabilities: Floats, temperature: float) -> Floats:
    clipped = np.clip(probabilities, 1e-30, None)
    logits = np.log(clipped / clipped.sum(1, keepdims=True)) / temperature
    raised = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(raised / raised.sum(1, keepdims=True))


def _temperature(labels: Floats, probabilities: Floats) -> float:
    """The temperature at which the model's word is nearest the annotators' (soft cross entropy), on a grid."""
    share = np.stack([(labels == k).sum(1) for k in range(probabilities.shape[1])], 1)
    share = share / share.sum(1, keepdims=True)

    def loss(temperature: float) -> float:
        return float(-(share * np.log(np.clip(_tempered(probabilities, temperature), 1e-30, None))).sum(1).mean())

    at = int(np.argmin([loss(t) for t in COARSE]))
    fine: list[float] = []
    if at > 0:
        fine += np.linspace(COARSE[at - 1], COARSE[at], FINE, endpoint=False).tolist()
    if at < len(COARSE) - 1:
        fine += np.linspace(COARSE[at], COARSE[at + 1], FINE + 1).tolist()
    return fine[int(np.argmin([loss(t) for t in fine]))]
