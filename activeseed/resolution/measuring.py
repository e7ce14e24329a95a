"""Annotators measured: which votes corroborate each other, and what that says about those who gave them.

Readings count that were given without a look at earlier answers, and gold questions. What corroborates is an item read
twice; the others are in the model because we chose what to repeat by its first answer (rare answers, and so errors, are
repeated more often), and only a likelihood of all readings is blind to that choice. By themselves they say nothing:
the share of items that are *as written* is estimated with them. Answers to *confirm this list* measure nobody: a list
is skimmed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from activeseed.plan import Floats
from activeseed.question import Question
from activeseed.resolution.reliability import Labels, Reliability, dawid_skene, sample_accuracies
from activeseed.resolution.votes import Ballot, Vote
from activeseed.seed import ABSENT, AS_WRITTEN

#: how many units the belief's mean is worth when the share of items that are *as written* is estimated
MARGINALS_WORTH = 4.0


def measured(
    ballot: Ballot,
    table: Floats,
    known: Mapping[str, str],
    questions: Mapping[str, Question],
    accuracy: tuple[float, float],
) -> tuple[dict[str, Reliability], dict[str, Floats]]:
    """Every annotator's reliability, and the means (2,) of their α and β.

    Args:
        table: (F, V) the belief over the ballot's seed; its mean is what class marginals are pulled towards.
        known: item id -> right variant, for gold questions.
        accuracy: Beta(a, b) of α and of β before any evidence.
    """
    votes = (*ballot.readings, *ballot.votes, *ballot.gold)
    people = tuple(dict.fromkeys(v.annotator for v in sorted(votes, key=lambda v: v.order)))
    if not people:
        return {}, {}
    labels = _labels(ballot, table, known, people)
    mean = float(table[:, 0].mean())
    k = labels.offered.shape[1]
    towards = np.concatenate([[mean], np.full(k - 1, (1 - mean) / (k - 1))])
    found = None
    if len(labels.unit):
        fit = dawid_skene(labels, tied=True, prior=accuracy, marginals=towards, strength=MARGINALS_WORTH)
        found = sample_accuracies(labels, fit, prior=accuracy, marginals=towards, strength=MARGINALS_WORTH)
    gold, repeats = _gold_tally(ballot.gold, known), _repeat_tally(ballot.readings, questions)
    answers = Counter(v.annotator for v in ballot.votes)
    out: dict[str, Reliability] = {}
    means: dict[str, Floats] = {}
    for j, name in enumerate(people):
        if found is not None and (labels.annotator == j).any():
            estimate, low, high = float(found.estimate[j]), float(found.low[j]), float(found.high[j])
            theta = found.means[j]
        else:
            estimate, low, high, theta = _stranger(accuracy)
        means[name] = theta
        out[name] = Reliability(
            estimate, low, high, float(theta.sum() - 1.0), *gold.get(name, (0, 0)), *repeats.get(name, (0, 0)),
            answers[name],
        )  # fmt: skip
    return out, means


def _stranger(accuracy: tuple[float, float]) -> tuple[float, float, float, Floats]:
    from scipy.special import betaincinv

    mean = accuracy[0] / sum(accuracy)
    low, high = betaincinv(*accuracy, [0.025, 0.975])
    return mean, float(low), float(high), np.full(2, mean)


def _labels(ballot: Ballot, table: Floats, known: Mapping[str, str], people: Sequence[str]) -> Labels:
    """All readings, once any item was read twice, and gold questions whose answer is known."""
    twice = max(Counter(v.item for v in ballot.readings).values(), default=0) > 1
    units: dict[tuple[str, str], int] = {}
    rows: list[tuple[int, int, int, float]] = []
    offered: list[Floats] = []
    truth: list[int] = []
    width = max(table.shape[1], 3)
    base = offered_variants(table)
    for vote in (*ballot.readings, *ballot.gold):
        gold = vote.purpose == "gold"
        if (gold and vote.item not in known) or (not gold and not twice):
            continue
        key = ("gold" if gold else "item", vote.item)
        label = _gold_class(vote.variant) if gold else ballot.seed[vote.item].index_of(vote.variant)
        if key not in units:
            units[key] = len(units)
            row = np.zeros(width, bool)
            if gold:
                row[:2] = True
                row[_gold_class(known[vote.item])] = True
            else:
                row[: table.shape[1]] = base[ballot.seed.position(vote.item)]
            offered.append(row)
            truth.append(_gold_class(known[vote.item]) if gold else -1)
        if gold and vote.variant != known[vote.item] and label == truth[units[key]]:
            label = (label + 1) % 2  # another wording than the right one: wrong, whichever class it is counted in
        offered[units[key]][label] = True
        rows.append((units[key], people.index(vote.annotator), label, vote.weight))
    table_ = np.array([r[:3] for r in rows], np.int64).reshape(-1, 3)
    return Labels(
        table_[:, 0], table_[:, 1], table_[:, 2], np.array([r[3] for r in rows]),
        np.array(offered, bool).reshape(-1, width), np.array(truth, np.int64), len(people),
    )  # fmt: skip


def _gold_class(variant: str) -> int:
    return {AS_WRITTEN: 0, ABSENT: 1}.get(variant, 2)


def _gold_tally(gold: Sequence[Vote], known: Mapping[str, str]) -> dict[str, tuple[int, int]]:
    """Annotator -> (right, asked)."""
    out: dict[str, tuple[int, int]] = {}
    for vote in gold:
        if vote.item in known:
            right, asked = out.get(vote.annotator, (0, 0))
            out[vote.annotator] = (right + (vote.variant == known[vote.item]), asked + 1)
    return out


def _repeat_tally(votes: Sequence[Vote], questions: Mapping[str, Question]) -> dict[str, tuple[int, int]]:
    """Annotator -> (same, asked) over silent repeats, each compared with the answer it repeats."""
    return {
        name: (sum(a.variant == b.variant for a, b in pairs), len(pairs))
        for name, pairs in repeat_pairs(votes, questions).items()
    }


def repeat_pairs(votes: Sequence[Vote], questions: Mapping[str, Question]) -> dict[str, list[tuple[Vote, Vote]]]:
    """Annotator -> (first answer, answer to its silent repeat), in order of arrival."""
    first: dict[tuple[str, str, str], Vote] = {}
    out: dict[str, list[tuple[Vote, Vote]]] = defaultdict(list)
    for vote in votes:
        first[vote.annotator, vote.question, vote.item] = vote
        if vote.purpose == "repeat":
            before = first.get((vote.annotator, questions[vote.question].repeats, vote.item))
            if before is not None:
                out[vote.annotator].append((before, vote))
    return dict(out)


def offered_variants(table: Floats) -> NDArray[np.bool_]:
    """(F, V) what an annotator could have answered: what has mass, and *as written* and *absent* always."""
    out = table > 0
    out[:, :2] = True
    return out
