"""Reference laws of effects: which single changes of the seed, as it stands, each law compares.

A contrast is a difference of two assignments that differ in one item (or one group) and agree with the base a⁰
elsewhere. The effect of an item under a law is the mean of ‖m(plus) − m(minus)‖² over the law's contrasts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from activeseed.errors import PlanError
from activeseed.seed import FLIPPED

if TYPE_CHECKING:
    from activeseed.plan import Change
    from activeseed.protocols import Problem

EffectLaw = Literal["drop", "flip", "wordings", "group", "poisson"]

AS_WRITTEN_INDEX = 0
ABSENT_INDEX = 1

#: multiplicities that stand for Poisson(1) against one copy: Pr(0), Pr(2), Pr(3), and all of ≥ 4 at 4, weighted so
#: that E (w − 1)² = 1, which makes the effect exact where the response is linear in the multiplicity
POISSON_NODES = ((0.0, 0.367879), (2.0, 0.183940), (3.0, 0.061313), (4.0, 0.022547))


@dataclass(frozen=True)
class Contrast:
    """``weight`` · ‖m(plus) − m(minus)‖² is a part of the effect of ``unit``; ``minus`` None is the base itself."""

    unit: int
    weight: float
    plus: int
    minus: int | None


@dataclass(frozen=True)
class Comparison:
    """What one law compares.

    Attributes:
        changes: changed rows, each once.
        contrasts: differences between them, and with the base.
        members: items of each unit: one item each, or a whole group.
        names: what each unit is called.
        words: the perturbation, as it stands in headings.
    """

    changes: tuple[Change, ...]
    contrasts: tuple[Contrast, ...]
    members: tuple[tuple[int, ...], ...]
    names: tuple[str, ...]
    words: str


class _Rows:
    """Changed rows, each listed once."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self.at: dict[tuple[tuple[int, ...], tuple[int, ...], tuple[float, ...] | None], int] = {}

    def add(
        self, label: str, items: tuple[int, ...], variants: tuple[int, ...], copies: tuple[float, ...] | None = None
    ) -> int:
        from activeseed.plan import Change

        name = (items, variants, copies)
        if name not in self.at:
            self.at[name] = len(self.changes)
            self.changes.append(Change(label, items, variants, copies))
        return self.at[name]

    def variant(self, problem: Problem, item: int, variant: int) -> int | None:
        """The row in which an item takes a variant; None where that is the base."""
        if problem.base[item] == variant:
            return None
        entry = problem.seed.items[item]
        return self.add(f"{entry.id}: {entry.variants[variant].id}", (item,), (variant,))


def comparison(problem: Problem, law: EffectLaw) -> Comparison:
    """The changes and contrasts of a law. Raises PlanError when no item has what the law perturbs."""
    if law == "group":
        return _groups(problem)
    rows = _Rows()
    contrasts: list[Contrast] = []
    for f, item in enumerate(problem.seed.items):
        stands = problem.base[f]
        ids = [v.id for v in item.variants]
        pairs: list[tuple[int, int, float]] = []
        if law == "drop":
            pairs = [(AS_WRITTEN_INDEX, ABSENT_INDEX, 1.0)]
        elif law == "flip" and FLIPPED in ids:
            pairs = [(AS_WRITTEN_INDEX, ids.index(FLIPPED), 1.0)]
        elif law == "wordings":
            # An item that is absent is compared as written: rewording what is not there changes nothing.
            here = AS_WRITTEN_INDEX if stands == ABSENT_INDEX else stands
            others = [v for v, name in enumerate(ids) if v not in (here, ABSENT_INDEX) and name != FLIPPED]
            pairs = [(v, here, 1.0 / len(others)) for v in others]
        elif law == "poisson" and stands != ABSENT_INDEX:
            for copies, weight in POISSON_NODES:
                row = rows.add(f"{item.id} ×{copies:g}", (f,), (stands,), (copies,))
                contrasts.append(Contrast(f, weight, row, None))
        for plus, minus, weight in pairs:
            a, b = rows.variant(problem, f, plus), rows.variant(problem, f, minus)
            if a is None:
                a, b = b, a
            assert a is not None  # two different variants can't both be the base
            contrasts.append(Contrast(f, weight, a, b))
    if not contrasts:
        missing = {"flip": "flipped variant", "wordings": "other wording", "poisson": "item that stands"}[law]
        raise PlanError(
            f"No item of the seed has a{'n' if missing[0] == 'i' else ''} {missing}, so effects under the law {law!r} "
            "are undefined. Add such variants (a perturbation does), or rank with --law drop."
        )
    words = {
        "drop": "as written against absent",
        "flip": "as written against flipped",
        "wordings": "another wording",
        "poisson": "Poisson(1) copies against one",
    }[law]
    members = tuple((f,) for f in range(len(problem.seed)))
    return Comparison(tuple(rows.changes), tuple(contrasts), members, problem.ids, words)


def _groups(problem: Problem) -> Comparison:
    """Leave out all members that stand; where none stands, compare the group as written with its absence."""
    groups = problem.seed.groups
    if not groups:
        raise PlanError("No item of the seed names a group, so no group can be left out. Give items a `group`.")
    rows = _Rows()
    contrasts, members = [], []
    for unit, group in enumerate(groups):
        items = tuple(f for f, item in enumerate(problem.seed.items) if item.group == group)
        standing = tuple(f for f in items if problem.base[f] != ABSENT_INDEX)
        changed = standing or items
        to = ABSENT_INDEX if standing else AS_WRITTEN_INDEX
        contrasts.append(Contrast(unit, 1.0, rows.add(f"group {group}", changed, (to,) * len(changed)), None))
        members.append(items)
    return Comparison(tuple(rows.changes), tuple(contrasts), tuple(members), groups, "the whole group left out")
