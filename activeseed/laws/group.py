"""A whole group of items left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from activeseed.checked import SettingsRecord
from activeseed.contrast import ABSENT_INDEX, AS_WRITTEN_INDEX, Changes, Comparison, Contrast
from activeseed.errors import PlanError

if TYPE_CHECKING:
    from activeseed.protocols import Problem


class Group(SettingsRecord):
    """All members of a group that stand against their absence; where none stands, the group as written against it.

    The members share the group's number.
    """

    kind: Literal["group"] = "group"
    needs_weights: bool = False
    words: str = "leaving out its group"

    def comparison(self, problem: Problem) -> Comparison:
        """See ``protocols.ReferenceLaw``."""
        groups = problem.seed.groups
        if not groups:
            raise PlanError("No item of the seed names a group, so no group can be left out. Give items a `group`.")
        rows = Changes()
        contrasts, members = [], []
        for unit, group in enumerate(groups):
            items = tuple(f for f, item in enumerate(problem.seed.items) if item.group == group)
            standing = tuple(f for f in items if problem.base[f] != ABSENT_INDEX)
            changed = standing or items
            to = ABSENT_INDEX if standing else AS_WRITTEN_INDEX
            contrasts.append(Contrast(unit, 1.0, rows.add(f"group {group}", changed, (to,) * len(changed)), None))
            members.append(items)
        return Comparison(tuple(rows.listed), tuple(contrasts), tuple(members), groups, "the whole group left out")
