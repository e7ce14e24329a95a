"""How laws put their comparisons together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from activeseed.contrast import Changes, Comparison, Contrast
from activeseed.errors import PlanError

if TYPE_CHECKING:
    from activeseed.protocols import Problem


def between_variants(
    problem: Problem, pairs: Iterable[tuple[int, int, int, float]], words: str, missing: str
) -> Comparison:
    """A comparison of variants of single items.

    Args:
        pairs: (item, one variant, another, weight of their squared distance in the item's effect).
        missing: what no item has where there are no pairs: ``a flipped variant``.

    Raises:
        PlanError: there are no pairs.
    """
    rows = Changes()
    contrasts: list[Contrast] = []
    for f, plus, minus, weight in pairs:
        a, b = _row(rows, problem, f, plus), _row(rows, problem, f, minus)
        if a is None:
            a, b = b, a
        assert a is not None  # two different variants can't both be the base
        contrasts.append(Contrast(f, weight, a, b))
    return single_items(problem, rows, contrasts, words, missing)


def single_items(
    problem: Problem, rows: Changes, contrasts: Iterable[Contrast], words: str, missing: str
) -> Comparison:
    """A comparison whose units are the items. Raises PlanError where there is nothing to compare."""
    found = tuple(contrasts)
    if not found:
        raise PlanError(
            f"No item of the seed has {missing}, so effects under this law are undefined. Add such variants (a "
            "perturbation does), or rank with --law drop."
        )
    members = tuple((f,) for f in range(len(problem.seed)))
    return Comparison(tuple(rows.listed), found, members, problem.ids, words)


def _row(rows: Changes, problem: Problem, item: int, variant: int) -> int | None:
    """The number of the row in which an item takes a variant; None where that is the base."""
    if problem.base[item] == variant:
        return None
    entry = problem.seed.items[item]
    return rows.add(f"{entry.id}: {entry.variants[variant].id}", (item,), (variant,))
