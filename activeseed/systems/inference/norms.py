"""Norms: what a dictum says of whom, and how strongly.

A norm is what is left of a sentence once its wording is gone: two sentences that parse to one norm say the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: what a norm does to an action: it asks for it, allows it, or forbids it (von Wright 1951)
Deontic = Literal["obliged", "permitted", "forbidden"]


@dataclass(frozen=True)
class Norm:
    """What one sentence asks for, allows or forbids.

    Attributes:
        deontic: whether the action is asked for, allowed or forbidden.
        strength: how strongly, in (0, 1]: 1 is *must* and *never*, less is *should*, *prefer*, *try to*.
        action: what it is about: a concept of the lexicon in controlled English, a phrase in free prose.
        agent: whom it binds; empty where nobody is named.
        condition: what has to hold for it to apply, each a concept or a phrase; empty is always.
        exception: what suspends it, likewise.
        authority: the rank of who says it, by name; empty is none.
    """

    deontic: Deontic
    strength: float
    action: str
    agent: str = ""
    condition: tuple[str, ...] = ()
    exception: tuple[str, ...] = ()
    authority: str = ""


@dataclass(frozen=True)
class Taken:
    """A sentence in which a norm was found.

    Attributes:
        sentence: as it stands in the text.
        norm: what it says.
        why: by what it was found, in a few words: ``modal verb: should``, ``imperative``, ``controlled English``.
    """

    sentence: str
    norm: Norm
    why: str


@dataclass(frozen=True)
class Left:
    """A sentence in which no norm was found.

    Attributes:
        sentence: as it stands in the text.
        why: a few words: ``no norm word``, ``about somebody else: we``, ``a question``.
        nearest: the nearest sentence that would parse, where there is one.
    """

    sentence: str
    why: str
    nearest: str = ""


@dataclass(frozen=True)
class Reading:
    """What a text was read as: every sentence of it is taken, left with why, or a line of the lexicon.

    Attributes:
        taken: sentences with a norm, in order.
        left: the others, in order.
        lexical: sentences that say what is a kind of what, or what causes what (controlled English), in order.
    """

    taken: tuple[Taken, ...] = ()
    left: tuple[Left, ...] = ()
    lexical: tuple[str, ...] = ()

    @property
    def norms(self) -> tuple[Norm, ...]:
        """What its sentences say, in order."""
        return tuple(t.norm for t in self.taken)
