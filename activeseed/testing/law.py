"""What every reference law of effects promises, as one check."""

from __future__ import annotations

import numpy as np

from activeseed.contrast import Comparison
from activeseed.errors import PlanError
from activeseed.plan import Floats
from activeseed.protocols import ReferenceLaw
from activeseed.testing.toy import Toy
from activeseed.testing.toys import interaction, linear, wordings, zeros
from activeseed.testing.truth import truth


def check_law(law: ReferenceLaw, *others: Toy) -> None:
    """Raise AssertionError unless a law keeps its promises on toys with and without other wordings.

    What it compares are changes of the seed as it stands, of items that there are, in variants that they have; copies
    are whole where it does not say that it weighs by fractions; each item is in one unit at most, and the effect by
    this law of a unit whose items do nothing is zero, and of some other is not. It is refused where no item has what it
    perturbs, in a sentence; one toy at least must have it.

    Args:
        others: further toys, without noise: a law of variants that none of the package's toys has needs one.
    """
    says = f"the law {law.kind!r}"
    assert law.kind, f"{type(law).__name__} has no kind"
    assert law.words, f"{says} has no words for what it does to an item"
    moved = taken = 0
    for toy in (zeros("none"), wordings("none"), linear("none"), interaction("none"), *others):
        problem = toy.problem()
        try:
            compared = law.comparison(problem)
        except PlanError:
            continue
        taken += 1
        assert compared == law.comparison(problem), f"{says} compares something else each time"
        _check_comparison(compared, toy, law.needs_weights, says)
        effect = effects_of(compared, toy)
        still = truth(toy).effect == 0
        for u, members in enumerate(compared.members):
            nothing = all(still[f] for f in members) and bool((toy.scores[list(members)][:, 2:] == 0).all())
            assert not nothing or abs(effect[u]) < 1e-12, (
                f"{says}: {compared.names[u]!r} does nothing and has an effect"
            )
        moved += int((effect > 1e-6).any())
    assert taken, f"{says} finds nothing to perturb in any toy: give it one ('others')"
    assert moved, f"{says} finds no effect in any toy"


def _check_comparison(compared: Comparison, toy: Toy, weighted: bool, says: str) -> None:
    base, items = toy.seed.base, toy.seed.items
    assert compared.words, f"{says} has no words for what it compares"
    assert len(compared.names) == len(compared.members), f"{says} has not a name for each unit"
    members = [f for unit in compared.members for f in unit]
    assert len(set(members)) == len(members), f"{says} has an item in two units"
    assert set(members) <= set(range(len(items))), f"{says} is about items that the seed does not have"
    for change in compared.changes:
        assert len(change.factors) == len(change.variants), f"{says}: {change.label!r} has not a variant for each item"
        assert len(set(change.factors)) == len(change.factors), f"{says}: {change.label!r} changes an item twice"
        for f, v in zip(change.factors, change.variants, strict=True):
            there = 0 <= f < len(items) and 0 <= v < len(items[f].variants)
            assert there, f"{says}: {change.label!r} takes variant {v} of item {f}, which is not there"
        copies = change.multiplicity
        moves = any(base[f] != v for f, v in zip(change.factors, change.variants, strict=True))
        does = moves or (copies is not None and any(c != 1 for c in copies))
        assert does, f"{says}: {change.label!r} changes nothing"
        if copies is not None:
            assert len(copies) == len(change.factors), f"{says}: {change.label!r} has not a weight for each item"
            assert all(c >= 0 for c in copies), f"{says}: {change.label!r} weighs an item less than nothing"
            assert weighted or all(c == int(c) for c in copies), f"{says} weighs by fractions, and does not say so"
    for contrast in compared.contrasts:
        rows = [contrast.plus, *(() if contrast.minus is None else (contrast.minus,))]
        assert all(0 <= r < len(compared.changes) for r in rows), f"{says} compares rows that it does not list"
        assert contrast.minus != contrast.plus, f"{says} compares a row with itself"
        assert contrast.weight > 0, f"{says} weighs a difference with {contrast.weight:g}"
        assert 0 <= contrast.unit < len(compared.members), f"{says} has a difference of a unit that there is not"


def effects_of(compared: Comparison, toy: Toy) -> Floats:
    """(U,) effects by what a law compares, from the toy's formula."""
    base = np.tile(np.asarray(toy.seed.base), (1 + len(compared.changes), 1))
    copies = np.ones(base.shape)
    for r, change in enumerate(compared.changes, start=1):
        base[r, list(change.factors)] = change.variants
        if change.multiplicity is not None:
            copies[r, list(change.factors)] = change.multiplicity
    points = toy.geometry(toy.materials).embed(toy.mean(base, copies))
    out = np.zeros(len(compared.members))
    for c in compared.contrasts:
        minus = 0 if c.minus is None else 1 + c.minus
        out[c.unit] += c.weight * float(((points[1 + c.plus] - points[minus]) ** 2).sum())
    return out
