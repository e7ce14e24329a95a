"""What every estimator promises, held against toys whose truth is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from activeseed.outcome import Ranking
from activeseed.protocols import Estimator
from activeseed.testing.analysis import alike, watched
from activeseed.testing.toy import Noise, Toy
from activeseed.testing.toys import interaction, wordings, zeros
from activeseed.testing.truth import truth

#: columns that are called after a quantity whose truth is known, and so have to estimate that one
NAMED = ("effect", "first_order", "presence", "wording", "total")


def check_estimator(estimator: Estimator, repeats: int = 12) -> None:
    """Hold an estimator to what all of them promise. Raises AssertionError, saying which promise was broken.

    It asks for no more rows than it said; its designs make the same rows whichever way they are cut; it draws the same
    ranking from the same key; its columns are as long as the seed, and declared; failed rows are counted and leave the
    rest known; what it declares unbiased is zero for items without effect under noisy and chaotic keys; and a column
    with the name of a known quantity (an effect, an index) is unbiased, and is that quantity.

    Args:
        repeats: independent rankings behind the last two promises. Their means must lie within 7 of their own standard
            errors: on 11 degrees of freedom less than one check in 40,000 is beyond that by chance.
    """
    declared = {c.name: c for c in estimator.columns}
    for name in set(NAMED) & set(declared):
        assert declared[name].unbiased, f"{estimator.kind}: column {name} has a known quantity's name, but is biased"
    seen: set[str] = set()
    for toy in (zeros("noisy"), wordings("chaotic"), interaction("none")):
        trained, ranking = _watched(estimator, toy, key=1)
        again = _watched(estimator, toy, key=1)[1]
        assert ranking.ids == toy.problem().ids, f"{estimator.kind} ranked other items than the seed's"
        assert ranking.summary.get("trainings") == trained, f"{estimator.kind} miscounted its {trained} trainings"
        for name, column in ranking.columns.items():
            assert name in declared, f"{estimator.kind}: column {name} is not among its declared columns"
            assert len(column) == len(toy.seed), f"{estimator.kind}: column {name} has {len(column)} entries"
            same = alike(column, again.columns[name])
            assert same, f"{estimator.kind}: column {name} differs between two runs with one key"
        seen |= set(ranking.columns)
    missing = {c.name for c in estimator.columns if c.sortable} - seen
    assert not missing, f"{estimator.kind} never gave a column that it declares: {', '.join(sorted(missing))}"
    unbiased = [c.name for c in estimator.columns if c.unbiased]
    broken = _watched(estimator, replace(zeros("noisy"), fails_every=23), key=1)[1]
    assert broken.summary.get("failed", 0) > 0, f"{estimator.kind} did not count failed trainings"
    for name in set(unbiased) & set(broken.columns):
        known = np.isfinite(np.asarray(broken.columns[name], float))
        assert known.any(), f"{estimator.kind}: one failed row in 23 left nothing of {name}"
    noises: tuple[Noise, ...] = ("noisy", "chaotic")
    for noise in noises:
        _check_unbiased(estimator, zeros(noise), unbiased, repeats)


def _check_unbiased(estimator: Estimator, toy: Toy, unbiased: Sequence[str], repeats: int) -> None:
    """Means of the columns over independent rankings, against zero and, where their name tells it, the truth."""
    exact = truth(toy)
    nil = exact.effect == 0
    found = [_watched(estimator, toy, key=100 + r)[1] for r in range(repeats)]
    for name in set(unbiased) & set(found[0].columns):
        values = np.array([np.asarray(r.columns[name], float) for r in found])
        error = values.std(0, ddof=1) / np.sqrt(repeats)
        beyond = np.abs(values.mean(0)) > 7.0 * error + 1e-9
        assert not beyond[nil].any(), f"{estimator.kind}: {name} of items without effect is not zero ({noise_of(toy)})"
        if name in NAMED and found[0].summary.get("law") in ("drop", "poisson", toy.problem().law.name):
            off = np.abs(values.mean(0) - getattr(exact, name)) > 7.0 * error + 1e-9
            assert not off.any(), f"{estimator.kind}: {name} is not what it is called ({noise_of(toy)})"


def noise_of(toy: Toy) -> str:
    """What to call the keys of a toy in a message."""
    return f"{toy.noise} keys"


def _watched(estimator: Estimator, toy: Toy, key: int) -> tuple[int, Ranking]:
    """Rows trained and the ranking."""
    problem = toy.problem(stream=key, first_key=1_000_000 * key)
    cost, ranking = watched(estimator, problem, toy, toy.materials)
    return cost.trainings, ranking
