"""Whatever can be perturbed, at any level of the stack: an item of the seed, or a setting of the trainer².

A factor has choices, one of which stands. A seed's items are factors whose choices are their variants; a system's
settings are factors whose choices are values at a path of its record. A plan row takes one choice of every factor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from activeseed.errors import PlanError
from activeseed.seed import Item, Json, Origin, Payload, Seed, digest_of

#: where in the stack a factor lies: world <- model <- trainer <- trainer² <- human
Level = Literal["world", "model", "trainer", "trainer2", "human"]
#: what of its level a factor is: where it starts (stability asks of it), or how it moves (structural stability does)
Aspect = Literal["start", "dynamics"]


@dataclass(frozen=True)
class Choice:
    """One thing that a factor may be.

    Attributes:
        id: unique within its factor; for an item's choice, the variant's id.
        digest: names the content; a row's name is made of the digests of what differs from the reference.
        origin: where the choice comes from.
        payload: what an item is under this choice; None where it is absent, and for a setting.
        setting: the value that a setting takes under this choice.
    """

    id: str
    digest: bytes
    origin: Origin
    payload: Payload | None = None
    setting: Json = None


@dataclass(frozen=True)
class Factor:
    """A coordinate of the stack.

    Attributes:
        id: an item's id, or the path of a setting in its system's record (``rounds``, ``evaluator.width``).
        level: where in the stack it lies.
        choices: at least one; the first is the reference that rows are named against.
        stands: which choice stands now.
        group: factors of one group can be changed together.
        askable: whether a human can be asked about it.
        aspect: whether it says where its level starts, as an item does of the trainer², or how it moves.
    """

    id: str
    level: Level
    choices: tuple[Choice, ...]
    stands: int = 0
    group: str = ""
    askable: bool = True
    aspect: Aspect = "start"

    def __post_init__(self) -> None:
        ids = [c.id for c in self.choices]
        if not ids or len(set(ids)) != len(ids):
            raise PlanError(f"Factor {self.id!r} has the choices {ids}. It needs at least one, each with its own id.")
        if not 0 <= self.stands < len(ids):
            raise PlanError(f"Factor {self.id!r} has {len(ids)} choices, so that choice {self.stands} can't stand.")


def item_factor(item: Item, stands: int = 0) -> Factor:
    """An item of the seed as a factor: its variants are its choices."""
    choices = tuple(
        Choice(v.id, b"absent" if v.payload is None else v.payload.digest, v.origin, v.payload) for v in item.variants
    )
    return Factor(item.id, "trainer2", choices, stands, item.group)


def seed_factors(seed: Seed) -> tuple[Factor, ...]:
    """The items of a seed as factors, in its order."""
    return tuple(item_factor(item, stands) for item, stands in zip(seed.items, seed.base, strict=True))


def setting_factor(
    path: str, values: Sequence[Json], level: Level = "trainer2", stands: int = 0, aspect: Aspect = "dynamics"
) -> Factor:
    """A setting as a factor.

    Args:
        path: where the setting stands in the system's record, parts joined by dots.
        values: what it may be, JSON; the first is the reference.
        level: where in the stack it lies.
        stands: which of them stands.
        aspect: most settings say how their level moves; that of a start (an initial state of the world, what a model
            was pretrained on) is said.
    """
    choices = tuple(Choice(_said(v), digest_of([path, v]), "setting", setting=v) for v in values)
    return Factor(path, level, choices, stands, askable=False, aspect=aspect)


def setting_with(
    path: str, now: Json, others: Sequence[Json], level: Level = "trainer2", aspect: Aspect = "dynamics"
) -> Factor:
    """A setting as it is, which is the reference, with what else it might be; see ``setting_factor``.

    Args:
        others: what is equal to ``now`` among them is no choice of its own.
    """
    return setting_factor(path, [now, *(v for v in others if v != now)], level, aspect=aspect)


@dataclass(frozen=True)
class Stream:
    """A key stream as a coordinate of the stack: randomness that has a place in it.

    Attributes:
        name: of the stream (``Traits.streams``); its choices are replicate numbers.
        level: where in the stack it lies.
        aspect: whether it draws where its level starts, or how it moves.
    """

    name: str
    level: Level
    aspect: Aspect


#: streams of this package -> where they lie; others lie where their system says, else with the trainer's dynamics
_STREAMS: Mapping[str, tuple[Level, Aspect]] = {
    "world": ("model", "start"), "mask": ("model", "dynamics"),
    "init": ("trainer", "start"), "order": ("trainer", "dynamics"),
    "opponents": ("trainer2", "dynamics"), "agents": ("trainer2", "dynamics"),
}  # fmt: skip


def streams_of(names: Sequence[str], said: Mapping[str, tuple[Level, Aspect]] | None = None) -> tuple[Stream, ...]:
    """Streams by name, with their places in the stack.

    Args:
        said: name -> its place, where a system says it (``Traits.levels``).
    """
    known = {**_STREAMS, **(said or {})}
    return tuple(Stream(name, *known.get(name, ("trainer", "dynamics"))) for name in names)


def _said(value: Json) -> str:
    """A value as the id of its choice."""
    return digest_of(value).hex()[:10] if isinstance(value, list | tuple | dict) else str(value)


def shown(value: Json) -> str:
    """A setting's value for people, who would overlook an empty one.

    >>> shown(None), shown(""), shown(0.5), shown("none")
    ('left open', "''", '0.5', 'none')
    """
    return "left open" if value is None else "''" if value == "" else str(value)
