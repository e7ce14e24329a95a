"""What a budget varies: the coordinates of the stack, in groups that are drawn together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from activeseed.contrast import ABSENT_INDEX
from activeseed.errors import PlanError, nearest
from activeseed.factor import Aspect, Level, shown
from activeseed.protocols import Problem

#: how levels are called where people read of them
LEVELS: Mapping[Level, str] = {
    "world": "world", "model": "model", "trainer": "trainer", "trainer2": "trainer²", "human": "human",
}  # fmt: skip
#: from the world up
ORDER: tuple[Level, ...] = ("world", "model", "trainer", "trainer2", "human")
#: what the items of a seed are called together
ITEMS = "items"


def words_of(level: str) -> str:
    """A level as people read of it.

    >>> from activeseed.analyses.budget.coordinates import words_of
    >>> words_of("trainer2")
    'trainer²'
    """
    return next((words for name, words in LEVELS.items() if name == level), level)


@dataclass(frozen=True)
class Group:
    """Coordinates of one level and one aspect that are drawn together.

    Attributes:
        level, aspect: where they lie.
        what: ``items``, ``settings`` or ``stream``; several kinds in one where there are too many groups.
        items: positions of the seed's items.
        settings: position among the problem's settings -> the choices that are drawn from, all alike.
        streams: names of key streams.
    """

    level: Level
    aspect: Aspect
    what: str
    items: tuple[int, ...] = ()
    settings: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    streams: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.level} {self.aspect}: {self.what}"


def groups_of(
    problem: Problem, vary: Sequence[str], values: Mapping[str, Sequence[Any]], most: int, hold: Sequence[str] = ()
) -> tuple[Group, ...]:
    """The groups that vary, from the world up.

    Args:
        vary: names of levels, aspects (``trainer start``), streams, settings, or ``items``; none is everything.
        values: path of a setting -> values that it is drawn from; all that the system names where nothing is said.
        hold: names of what is held, whatever else is said.
        most: groups at most; with more, kinds of one level and aspect are drawn together, and so are then its aspects.

    Raises:
        PlanError: a name that the system doesn't have, values that it doesn't name, or nothing that varies.
    """
    _check(problem, [*vary, *hold], values)

    def wanted(name: str, level: Level, aspect: Aspect) -> bool:
        of = {name, level, f"{level} {aspect}"}
        return not of & set(hold) and (not vary or bool(of & set(vary)))

    found: list[Group] = []
    probabilities = problem.law.probabilities
    items = tuple(f for f in range(len(problem.seed)) if (probabilities[f] > 0).sum() > 1)
    if items and wanted(ITEMS, "trainer2", "start"):
        found.append(Group("trainer2", "start", "items", items=items))
    settings: dict[tuple[Level, Aspect], dict[int, tuple[int, ...]]] = {}
    for s, factor in enumerate(problem.settings):
        choices = _choices(problem, s, values)
        if len(choices) > 1 and (
            (factor.id in values and factor.id not in hold) or wanted(factor.id, factor.level, factor.aspect)
        ):
            settings.setdefault((factor.level, factor.aspect), {})[s] = choices
    found += [Group(level, aspect, "settings", settings=of) for (level, aspect), of in settings.items()]
    for stream in problem.streams:
        if wanted(stream.name, stream.level, stream.aspect):
            found.append(Group(stream.level, stream.aspect, f"stream {stream.name}", streams=(stream.name,)))
    if not found:
        raise PlanError(_nothing(problem, vary))
    order = sorted(found, key=lambda g: (ORDER.index(g.level), g.aspect != "start", not g.items, not g.settings))
    return tuple(_merged(order, most))


def _merged(groups: list[Group], most: int) -> list[Group]:
    """Fewer groups: streams of one place together, then all of one place, then both aspects of a level."""
    rules = (
        lambda g: (g.level, g.aspect, bool(g.items), bool(g.settings)),
        lambda g: (g.level, g.aspect),
        lambda g: (g.level,),
    )
    for rule in rules:
        if len(groups) <= most:
            break
        cells: dict[Any, list[Group]] = {}
        for g in groups:
            cells.setdefault(rule(g), []).append(g)
        groups = [_joined(cell) for cell in cells.values()]
    return groups


def _joined(cell: list[Group]) -> Group:
    first = cell[0]
    if len(cell) == 1:
        return first
    aspect: Aspect = first.aspect if len({g.aspect for g in cell}) == 1 else "dynamics"
    return Group(
        first.level, aspect, ", ".join(g.what for g in cell), tuple(i for g in cell for i in g.items),
        {s: c for g in cell for s, c in g.settings.items()}, tuple(s for g in cell for s in g.streams),
    )  # fmt: skip


def names_of(problem: Problem) -> list[str]:
    """Everything that can be named to be varied."""
    places = [(f.level, f.aspect) for f in problem.settings] + [(s.level, s.aspect) for s in problem.streams]
    places.append(("trainer2", "start"))
    levels = [n for level, aspect in places for n in (level, f"{level} {aspect}")]
    names = [ITEMS, *(s.name for s in problem.streams), *(f.id for f in problem.settings), *levels]
    return list(dict.fromkeys(names))


def _check(problem: Problem, vary: Sequence[str], values: Mapping[str, Sequence[Any]]) -> None:
    known = names_of(problem)
    for name in vary:
        if name not in known:
            raise PlanError(
                f"There is no factor {name!r} to vary.{nearest(name, known)} This system has: {', '.join(known)}."
            )
    paths = [f.id for f in problem.settings]
    for path in values:
        if path not in paths:
            has = f"There are: {', '.join(paths)}." if paths else "This system names no settings that can be varied."
            raise PlanError(f"There is no setting {path!r} to vary.{nearest(path, paths)} {has}")


def _choices(problem: Problem, setting: int, values: Mapping[str, Sequence[Any]]) -> tuple[int, ...]:
    factor = problem.settings[setting]
    if not values.get(factor.id):
        return tuple(range(len(factor.choices)))
    known = [c.setting for c in factor.choices]
    out = []
    for value in values[factor.id]:
        at = [c for c, v in enumerate(known) if v == value and isinstance(v, bool) == isinstance(value, bool)]
        if not at:
            raise PlanError(
                f"{factor.id!r} can't be {value!r} in a budget: this system names {', '.join(map(str, known))}. "
                "Choose of them."
            )
        out.append(at[0])
    return tuple(dict.fromkeys(out))


def _nothing(problem: Problem, vary: Sequence[str]) -> str:
    if vary:
        return (
            f"Of {', '.join(vary)} nothing varies: an item varies where more than one variant of it is believed "
            "possible, a setting where two values are named. Name other factors."
        )
    return (
        f"There is nothing to vary: no item of the seed is held unclear (0 of {len(problem.seed)}), and this system "
        "has neither settings that can be perturbed nor key streams. Give items a `belief` below 1, or the trainer "
        "something random."
    )


def choices_said(problem: Problem, group: Group) -> dict[str, str]:
    """What each factor of a group is drawn from, in words: name -> law."""
    said = {}
    if group.items:
        gone = sum(problem.law.probabilities[f, ABSENT_INDEX] > 0 for f in group.items)
        said[ITEMS] = (
            f"{len(group.items)} of {len(problem.seed)} items, each by what is believed of it"
            + (f" ({gone} may be absent)" if gone else "")
        )  # fmt: skip
    for s, choices in group.settings.items():
        factor = problem.settings[s]
        if len(choices) > 1:  # of one value that trains nothing is drawn
            said[factor.id] = f"uniform over {', '.join(shown(factor.choices[c].setting) for c in choices)}"
    for name in group.streams:
        said[name] = "a fresh draw of this randomness"
    return said
