"""The derivation graph: everything that any row may conclude, and by what, laid out once for all rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, TypeAlias

from activeseed.systems.inference.lexicon import Edge
from activeseed.systems.inference.norms import Norm

#: what a norm does to an action, with the permission to leave it undone
Stance = Literal["obliged", "permitted", "forbidden", "exempt"]


@dataclass(frozen=True)
class At:
    """A norm where it applies.

    Attributes:
        stance: what it does to the action.
        action: the concept that it applies to.
        origin: the concept that it was written or concluded of, from which it was inherited.
        strength: of its modality, in (0, 1]; how certain it is in a row is another number.
        agent, condition, exception, authority: as of a norm.
        by: what concluded it at its origin: written or induced (empty), or ``means``.
    """

    stance: Stance
    action: str
    origin: str
    strength: float = 1.0
    agent: str = ""
    condition: tuple[str, ...] = ()
    exception: tuple[str, ...] = ()
    authority: str = ""
    by: Literal["", "means"] = ""

    @property
    def norm(self) -> Norm:
        """The same as a norm."""
        exempt = self.stance == "exempt"
        action = f"not {self.action}" if exempt else self.action
        deontic = "permitted" if self.stance == "exempt" else self.stance
        return Norm(deontic, self.strength, action, self.agent, self.condition, self.exception, self.authority)

    def moved(self, action: str) -> At:
        """The same inherited by another concept."""
        return replace(self, action=action)


@dataclass(frozen=True)
class Reach:
    """``lower`` is, by any number of steps, a kind of ``upper``."""

    lower: str
    upper: str


@dataclass(frozen=True)
class Bearing:
    """A child of a family is there (``stance`` empty), or bears a norm of this stance, at least so strong."""

    child: str
    stance: Stance | Literal[""] = ""
    strength: float = 0.0


Atom: TypeAlias = At | Edge | Reach | Bearing


def stance_of(norm: Norm) -> tuple[Stance, str]:
    """The stance of a norm and its action without *not*."""
    if norm.deontic == "permitted" and norm.action.startswith("not "):
        return "exempt", norm.action.removeprefix("not ")
    return norm.deontic, norm.action


def written(norm: Norm) -> At:
    """A norm where it was written."""
    stance, action = stance_of(norm)
    return At(stance, action, action, norm.strength, norm.agent, norm.condition, norm.exception, norm.authority)


@dataclass(frozen=True)
class Leaf:
    """An atom that a slot of the seed says."""

    atom: int
    slot: int


@dataclass(frozen=True)
class Rule:
    """``head`` follows from all of ``tail``, by ``factor`` as confidently as by their product."""

    head: int
    tail: tuple[int, ...]
    factor: float
    by: str


@dataclass(frozen=True)
class Family:
    """``head`` is induced where enough children carry it.

    Attributes:
        children: for each child, the atom that makes it one, and those that carry the norm.
    """

    head: int
    children: tuple[tuple[int, tuple[int, ...]], ...]


@dataclass(frozen=True)
class Graph:
    """All atoms, and what supports them.

    Attributes:
        atoms: in order of their discovery.
        leaves: what the seed says.
        fixed: atoms that hold in every row.
        reaching: rules about is-a, in an order in which every tail is known.
        families: inductions, in layers; a layer only counts what earlier ones induced.
        rules: inheritance and means, applied ``depth`` times.
        depth: how often.
        dropped: derived norms that the budget had no room for.
    """

    atoms: tuple[Atom, ...]
    leaves: tuple[Leaf, ...]
    fixed: frozenset[int]
    reaching: tuple[Rule, ...] = ()
    families: tuple[tuple[Family, ...], ...] = ()
    rules: tuple[Rule, ...] = ()
    depth: int = 0
    dropped: int = 0

    @cached_property
    def number(self) -> dict[Atom, int]:
        return {atom: n for n, atom in enumerate(self.atoms)}

    @cached_property
    def norms(self) -> tuple[int, ...]:
        """Numbers of the atoms that are norms, written and derived: the expanded knowledge base."""
        return tuple(n for n, a in enumerate(self.atoms) if isinstance(a, At))
