"""⊨ in controlled English: which norms hold of the deed at a probe, under what conditions, and which override which.

Of two contrary norms that hold of one deed the one of higher authority overrides the other; at equal authority the more
specific one (of a narrower action; of the same action with more demanding conditions) does. What is left stands against
each other by strength, softly (`approving`). *Overrides* is a strict partial order, so that nothing overrides itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from activeseed.systems.inference.deriving import Grounding
from activeseed.systems.inference.graph import At, Stance
from activeseed.systems.inference.verifiers.seam import Deed

#: whether a stance speaks for (+1) or against (−1) doing what it is about, and leaving it undone
DONE: dict[Stance, int] = {"obliged": 1, "permitted": 1, "forbidden": -1, "exempt": 0}
UNDONE: dict[Stance, int] = {"obliged": -1, "permitted": 0, "forbidden": 1, "exempt": 1}
_CONTRARY = {
    ("forbidden", "obliged"), ("obliged", "forbidden"), ("forbidden", "permitted"), ("permitted", "forbidden"),
    ("obliged", "exempt"), ("exempt", "obliged"),
}  # fmt: skip


@dataclass(frozen=True)
class Term:
    """Something that has to hold: any of these atoms, or none of them."""

    atoms: tuple[int, ...]
    negated: bool = False


@dataclass(frozen=True)
class Hold:
    """A norm that holds of the deed at a probe, as far as its terms do.

    Attributes:
        probe: number of the deed.
        atom: number of the norm's atom.
        sign: whether it speaks for the deed (+1), against it (−1), or only overrides (0).
        terms: what has to hold.
        overridden: (number of the hold that overrides it, atom that has to hold for that).
        level: above all levels of those that override it.
    """

    probe: int
    atom: int
    sign: int
    terms: tuple[Term, ...]
    overridden: tuple[tuple[int, int], ...] = ()
    level: int = 0


def holds(g: Grounding, deeds: Sequence[Deed]) -> tuple[Hold, ...]:
    """Every norm that some row may hold against some deed, probe by probe."""
    at: dict[str, list[int]] = defaultdict(list)
    for n, atom in enumerate(g.atoms):
        if isinstance(atom, At):
            at[atom.action].append(n)
    out: list[Hold] = []
    for p, deed in enumerate(deeds):
        signs = UNDONE if deed.omitted else DONE
        found = []
        for n in at.get(deed.action, ()) if deed.action else ():
            atom = g.atoms[n]
            assert isinstance(atom, At)
            # who leaves one kind undone may do another: only what is asked of this very action is left undone
            if deed.omitted and atom.stance in ("obliged", "exempt") and (atom.origin != atom.action or atom.by):
                continue
            terms = _terms(g, atom, deed)
            if terms is not None:
                found.append(Hold(p, n, signs[atom.stance], terms))
        out += _ordered(g, found, len(out))
    return tuple(out)


def _terms(g: Grounding, atom: At, deed: Deed) -> tuple[Term, ...] | None:
    """What has to hold for a norm to be about a deed; None where it never does."""
    terms = []
    if atom.agent and deed.agent and atom.agent != deed.agent:
        who = g.reach(deed.agent, atom.agent)
        if who is None:
            return None
        terms.append(Term((who,)))
    for condition in atom.condition:
        term = _term(g, condition, deed.facts)
        if term is None:
            continue
        if not term.atoms:
            return None
        terms.append(term)
    for exception in atom.exception:
        term = _term(g, exception, deed.facts)
        if term is None:  # it holds whatever the lexicon
            return None
        if term.atoms:
            terms.append(Term(term.atoms, not term.negated))
    return tuple(terms)


def _term(g: Grounding, concept: str, facts: Sequence[str]) -> Term | None:
    """When facts have it that a concept holds: a term, one without atoms where they never do, None where they do.

    *not x* holds where the facts don't have it that x (negation as failure, as in defeasible logics).
    """
    if concept in facts:
        return None
    negated = concept.startswith("not ")
    asked = concept.removeprefix("not ")
    atoms = tuple(a for f in facts if not f.startswith("not ") and (a := g.reach(f, asked)) is not None)
    if not atoms:
        return None if negated else Term(())
    return Term(atoms, negated)


def _ordered(g: Grounding, found: list[Hold], first: int) -> list[Hold]:
    """The holds of one probe, with what overrides what."""
    over: list[list[tuple[int, int]]] = [[] for _ in found]
    for i, one in enumerate(found):
        for j, other in enumerate(found):
            a, b = g.atoms[one.atom], g.atoms[other.atom]
            assert isinstance(a, At)
            assert isinstance(b, At)
            if (a.stance, b.stance) in _CONTRARY:
                gate = _overrides(g, b, a)
                if gate is not None:
                    over[i].append((j, gate))
    levels: dict[int, int] = {}

    def level(i: int) -> int:
        if i not in levels:
            levels[i] = max((1 + level(j) for j, _ in over[i]), default=0)
        return levels[i]

    return [
        Hold(h.probe, h.atom, h.sign, h.terms, tuple((first + j, gate) for j, gate in over[i]), level(i))
        for i, h in enumerate(found)
    ]


def _overrides(g: Grounding, one: At, other: At) -> int | None:
    """The atom that has to hold for ``one`` to override ``other``, its contrary; None where it never does."""
    ranks = g.settings.rank(one.authority) - g.settings.rank(other.authority)
    if ranks:
        return g.reach("", "") if ranks > 0 else None
    if one.origin != other.origin:
        return g.reach(one.origin, other.origin)
    return g.reach("", "") if _demands_more(g, one, other) else None


def _demands_more(g: Grounding, one: At, other: At) -> bool:
    return _implies(g, one, other) and not _implies(g, other, one)


def _implies(g: Grounding, one: At, other: At) -> bool:
    """Whether the conditions and the agent of ``one`` have it that those of ``other`` hold, in some row."""
    if other.agent and one.agent != other.agent and (not one.agent or g.reach(one.agent, other.agent) is None):
        return False
    return all(c in one.condition or any(_below(g, d, c) for d in one.condition) for c in other.condition)


def _below(g: Grounding, lower: str, upper: str) -> bool:
    return not lower.startswith("not ") and not upper.startswith("not ") and g.reach(lower, upper) is not None
