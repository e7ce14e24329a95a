"""Rankings put together: an estimator's columns beside the response's, ordered by one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from activeseed.column import Column, by_name
from activeseed.errors import PlanError, nearest
from activeseed.outcome import Ranking
from activeseed.protocols import Estimator, SupportsLaw


def column_named(by: str | None, columns: Sequence[Column]) -> str | None:
    """The name of a column that items can be ranked by, as a user may write it. Raises PlanError."""
    if by is None:
        return None
    known = {c.option: name for name, c in by_name(columns).items() if c.sortable}
    if (written := by.replace("_", "-")) not in known:
        raise PlanError(f"Items can't be ranked by {by!r}.{nearest(written, known)}")
    return known[written]


def beside(found: Ranking, response: Ranking) -> Ranking:
    """What an estimator found, and beside it what the response says: no column of the estimator is overwritten.

    The spread and what goes with it are the response's, since risk and values are shares of that; so is how well the
    rest vouches for an item, which is what the belief was told.
    """
    joined = found.join(response)
    own = {n: c for n, c in found.columns.items() if n != "vouching" or n not in response.columns}
    return replace(joined, columns={**joined.columns, **own})


def usual(ranking: Ranking, left: bool) -> str:
    """What items are ranked by where nobody says: what an estimator was chosen for, where one says that it leads.

    Else value where something is left to ask, and what was measured where nothing is.
    """
    leading = [c.name for c in ranking.declared if c.leads and c.name in ranking.columns]
    if leading:
        return leading[0]
    if left and "value" in ranking.columns:
        return "value"
    sortable = [c.name for c in ranking.declared if c.sortable]
    return "effect" if "effect" in ranking.columns or not sortable else sortable[0]


def ordered(ranking: Ranking, column: str) -> Ranking:
    """The ranking by one of its columns. Raises PlanError where it has no such column."""
    if column not in ranking.columns:
        raise PlanError(f"This ranking has no column {column!r}. Choose an estimator that computes it.")
    return replace(ranking, by=column)


def with_law(estimator: Estimator, law: str) -> Estimator:
    """An estimator that ranks by another reference law. Raises PlanError where there is none."""
    if not isinstance(estimator, SupportsLaw):
        raise PlanError(f"Estimator {estimator.kind!r} knows no reference law. Use kind = 'auto' or 'leave_one_out'.")
    return estimator.with_law(law)
