"""⊢: what follows is grounded once from all variants of all items, so that rows only differ in what supports it.

Inheritance carries a norm down the is-a, means–end from an end to its means and from a harm to its causes, induction up
from siblings to their parent. A norm is followed only to where probes can feel it (backward chaining steers the
expansion: Bricman 2022). A concept that begins with the words of another one is a kind of it (*deceive user* of
*deceive*), which makes nothing a sibling in an induction, since such kinds are known only by being mentioned.

Loops are cut by layers: induction counts only what is written or itself induced below it, never what was inherited, so
that a norm never supports itself; inheritance and means only lose confidence, so that a circle adds nothing.
"""

from __future__ import annotations

import heapq
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from activeseed.systems.inference.graph import At, Atom, Bearing, Family, Graph, Leaf, Reach, Rule, Stance, written
from activeseed.systems.inference.lexicon import Edge
from activeseed.systems.inference.settings import SHUT, InferenceSettings
from activeseed.systems.inference.taking import Said
from activeseed.systems.inference.verifiers.seam import Deed

#: what stands between one verb and its object, and not between another and the same
_PREPOSITION = re.compile(r"^(?:to|with|at|about|on|from|for|of|into|over|against) (?=\w)")


@dataclass
class Grounding:
    """A graph while it is laid out."""

    settings: InferenceSettings
    atoms: list[Atom] = field(default_factory=list)
    number: dict[Atom, int] = field(default_factory=dict)
    leaves: list[Leaf] = field(default_factory=list)
    fixed: set[int] = field(default_factory=set)
    up: dict[str, list[tuple[str, int]]] = field(default_factory=lambda: defaultdict(list))
    down: dict[str, list[tuple[str, int]]] = field(default_factory=lambda: defaultdict(list))
    causes: dict[str, list[tuple[str, int]]] = field(default_factory=lambda: defaultdict(list))
    effects: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    declared: frozenset[Edge] = frozenset()
    reaching: list[Rule] = field(default_factory=list)
    unreached: set[tuple[str, str]] = field(default_factory=set)
    families: tuple[tuple[Family, ...], ...] = ()
    rules: tuple[Rule, ...] = ()
    dropped: int = 0

    def graph(self) -> Graph:
        """What was laid out, with all that was asked of it meanwhile."""
        return Graph(
            tuple(self.atoms), tuple(self.leaves), frozenset(self.fixed), tuple(self.reaching), self.families,
            self.rules, self.settings.depth, self.dropped,
        )  # fmt: skip

    def of(self, atom: Atom) -> int:
        """The number of an atom."""
        if atom not in self.number:
            self.number[atom] = len(self.atoms)
            self.atoms.append(atom)
        return self.number[atom]

    def declares(self, edge: Edge) -> bool:
        """Whether an is-a stands in the lexicon, and not in the words alone."""
        return edge.relation == "isa" and edge in self.declared

    def strength(self, n: int) -> float:
        """Of a norm's atom."""
        atom = self.atoms[n]
        return atom.strength if isinstance(atom, At) else 1.0

    def reach(self, lower: str, upper: str) -> int | None:
        """The atom of *lower is a kind of upper*, with its rules; None where no lexicon of any row has it so."""
        if lower == upper:
            here = self.of(Reach(lower, lower))
            self.fixed.add(here)
            return here
        atom = Reach(lower, upper)
        if atom in self.number:
            return self.number[atom]
        if (lower, upper) in self.unreached:
            return None
        tails = []
        for between, edge in self.up[lower]:
            further = self.reach(between, upper)
            if further is not None:
                tails.append((edge, further))
        if not tails:
            self.unreached.add((lower, upper))
            return None
        here = self.of(atom)
        self.reaching += [Rule(here, tail, 1.0, "is a kind of") for tail in tails]
        return here


def ground(settings: InferenceSettings, said: Said, groups: Sequence[str], deeds: Sequence[Deed]) -> Grounding:
    """What follows from what a seed says, as far as these deeds can feel it.

    Args:
        groups: (S,) the group of each slot's item: in prose its items are siblings.
    """
    g = Grounding(settings)
    for slot, dictum in enumerate(said.dicta):
        for taken in dictum.reading.taken:
            g.leaves.append(Leaf(g.of(written(taken.norm)), slot))
    if said.mode == "prose":
        g.families = _of_headings(g, said, groups)
        return g
    _join(g, said, deeds)
    g.families = _families(g)
    _expand(g, _felt(g, (d.action for d in deeds if d.action)))
    return g


def _join(g: Grounding, said: Said, deeds: Sequence[Deed]) -> None:
    """Edges of the lexicon, and those that come of the words themselves."""
    g.declared = frozenset(said.edges)
    for edge in said.edges:
        n = g.of(edge)
        if edge in said.fixed:
            g.fixed.add(n)
        if edge.relation == "isa":
            g.up[edge.lower].append((edge.upper, n))
            g.down[edge.upper].append((edge.lower, n))
        else:
            g.causes[edge.upper].append((edge.lower, n))
            g.effects[edge.lower].append(edge.upper)
    whole = set(said.edges)
    for slot, dictum in enumerate(said.dicta):
        g.leaves += [Leaf(g.number[e], slot) for e in dictum.edges if e in whole]
    norms = [a for a in g.atoms if isinstance(a, At)]
    concepts = {c for a in norms for c in (a.action, a.agent, *a.condition, *a.exception)}
    concepts |= {c for e in said.edges for c in (e.lower, e.upper)}
    concepts |= {c for d in deeds for c in (d.action, d.agent, *d.facts)}
    _imply(g, {c.removeprefix("not ") for c in concepts} - {""})


def _imply(g: Grounding, concepts: set[str]) -> None:
    """What the words themselves say.

    *Flatter user* is a kind of *flatter*, and of *deceive user* in rows that have *flatter* as a kind of *deceive*.
    """
    declared = {lower: list(uppers) for lower, uppers in g.up.items()}
    waiting, seen = sorted(concepts), set(concepts)
    while waiting:
        concept = waiting.pop()
        words = concept.split()
        for n in range(1, len(words)):
            head, rest = " ".join(words[:n]), " ".join(words[n:])
            for upper, edge in declared.get(head, ()):
                for beside in (rest, _PREPOSITION.sub("", rest)):  # who lies to a user deceives a user
                    wider = f"{upper} {beside}"
                    if (wider, edge) not in g.up[concept]:
                        g.up[concept].append((wider, edge))
                        g.down[wider].append((concept, edge))
                    if wider not in seen:
                        seen.add(wider)
                        waiting.append(wider)
    for concept in sorted(seen):
        words = concept.split()
        for n in range(1, len(words)):
            shorter = " ".join(words[:n])
            implied = Edge("isa", concept, shorter)
            if shorter in seen and implied not in g.number:
                here = g.of(implied)
                g.fixed.add(here)
                g.up[concept].append((shorter, here))
                g.down[shorter].append((concept, here))


def _felt(g: Grounding, actions: Iterable[str]) -> set[str]:
    """Concepts from which a norm can come down to one of these actions."""
    felt, edge = set(), set(actions)
    for _ in range(g.settings.depth + 1):
        felt |= edge
        edge = {u for c in edge for u, _ in g.up[c]} | {e for c in edge for e in g.effects[c]}
        edge -= felt
        if not edge:
            break
    return felt


def _families(g: Grounding) -> tuple[tuple[Family, ...], ...]:
    """Inductions from the bottom of the is-a up; implied kinds (of the words themselves) are no children."""
    if not g.settings.induction:
        return ()
    import networkx as nx

    isa: nx.DiGraph = nx.DiGraph()
    isa.add_edges_from((a.lower, a.upper) for a in g.atoms if isinstance(a, Edge) and g.declares(a))
    borne: dict[str, dict[At, list[int]]] = defaultdict(lambda: defaultdict(list))
    for n, atom in enumerate(g.atoms):
        if isinstance(atom, At):
            borne[atom.action][_unranked(atom)].append(n)
    layers = []
    for generation in nx.topological_generations(isa):
        layer = []
        for parent in sorted(generation):
            children = sorted((c, g.number[Edge("isa", c, parent)]) for c in isa.predecessors(parent))
            if len(children) < 2:
                continue
            # siblings share what stands beside the verb, too: flatter user, mislead user
            begins = tuple(f"{c} " for c, _ in children)
            rests = {a.removeprefix(c) for a in list(borne) if f"{a} ".startswith(begins) for c, _ in children
                     if f"{a} ".startswith(f"{c} ")}  # fmt: skip
            for rest in sorted(rests):
                carriers = [(borne.get(c + rest, {}), edge) for c, edge in children]
                for kind in sorted({k for of, _ in carriers for k in of}, key=repr):
                    layer += _of_kind(g, borne, kind, parent + rest, carriers)
        if layer:
            layers.append(tuple(layer))
    return tuple(layers)


def _of_kind(
    g: Grounding,
    borne: dict[str, dict[At, list[int]]],
    kind: At,
    action: str,
    carriers: Sequence[tuple[Mapping[At, Sequence[int]], int]],
) -> list[Family]:
    """One induction for each strength: siblings that carry a stronger norm carry the weaker one."""
    out = []
    bearing = [([(g.strength(n), n) for n in of.get(kind, ())], edge) for of, edge in carriers]
    for strength in sorted({s for of, _ in bearing for s, _ in of}):
        head = replace(kind, action=action, origin=action, strength=strength)
        known = head in g.number
        here = g.of(head)
        if not known:
            borne[action][kind].append(here)
        children = tuple((edge, tuple(n for s, n in of if s >= strength)) for of, edge in bearing)
        out.append(Family(here, children))
    return out


def _unranked(atom: At) -> At:
    """What siblings have to share for their parent to have it: anything but action, strength and authority."""
    return replace(atom, action="", origin="", strength=1.0, authority="")


def _expand(g: Grounding, felt: set[str]) -> None:
    """Inheritance and means, most confident first, until the budget is out or nothing follows any more."""
    most: dict[int, float] = dict.fromkeys((*g.fixed, *(leaf.atom for leaf in g.leaves)), 1.0)
    for layer in g.families:
        for family in layer:
            carried = [max((most.get(n, 0.0) for n in borne), default=0.0) for _, borne in family.children]
            confidence = g.settings.induction * gate_of(sum(carried) / len(carried), g.settings)
            most[family.head] = max(most.get(family.head, 0.0), confidence)
    first = [n for n, a in enumerate(g.atoms) if isinstance(a, At)]
    steps = dict.fromkeys(first, 0)
    given = set(first)
    queue = [(-most.get(n, 0.0) * g.strength(n), 0, repr(g.atoms[n]), n) for n in first]
    heapq.heapify(queue)
    rules: dict[tuple[int, int, int], Rule] = {}
    kept, refused = set(first), set()
    expanded: dict[int, int] = {}
    while queue:
        _, step, _, n = heapq.heappop(queue)
        if step >= g.settings.depth or expanded.get(n, 1 << 30) <= step:
            continue
        expanded[n] = step
        atom = g.atoms[n]
        assert isinstance(atom, At)
        for head, edge, factor, by in _follows(g, atom, felt):
            if head not in g.number and len(kept) - len(given) >= g.settings.budget:
                refused.add(head)
                continue
            here = g.of(head)
            kept.add(here)
            rules[here, n, edge] = Rule(here, (n, edge), factor, by)
            best = most.get(n, 0.0) * factor * most.get(edge, 0.0)
            if step + 1 < steps.get(here, 1 << 30) or best > most.get(here, 0.0):
                steps[here] = min(step + 1, steps.get(here, 1 << 30))
                most[here] = max(best, most.get(here, 0.0))
                heapq.heappush(queue, (-most[here] * head.strength, step + 1, repr(head), here))
    g.rules, g.dropped = tuple(rules.values()), len(refused)


def _follows(g: Grounding, atom: At, felt: set[str]) -> list[tuple[At, int, float, str]]:
    out = []
    for lower, edge in g.down[atom.action]:
        if lower in felt:
            out.append((atom.moved(lower), edge, g.settings.inheritance, "inherited"))
    if atom.stance in ("obliged", "forbidden"):
        for means, edge in g.causes[atom.action]:
            if means in felt:
                head = replace(atom, action=means, origin=means, by="means")
                out.append((head, edge, g.settings.means, "as a means" if atom.stance == "obliged" else "as a cause"))
    return out


def gate_of(share: float, settings: InferenceSettings) -> float:
    """As `expanding.gate`, of one number."""
    if share <= 0:
        return 0.0
    k, threshold = settings.steepness, settings.threshold
    opened = _opened(k * math.log(share / threshold)) / _opened(-k * math.log(threshold))
    return max(opened - SHUT, 0.0) / (1.0 - SHUT)


def _opened(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x)) if x > -700 else 0.0


def _of_headings(g: Grounding, said: Said, groups: Sequence[str]) -> tuple[tuple[Family, ...], ...]:
    """Headings are the ontology: distinct texts of one group are siblings, and the heading may have what they share."""
    families: list[Family] = []
    members: dict[str, dict[str, dict[Stance, float]]] = defaultdict(dict)
    slots: dict[tuple[str, str], list[int]] = defaultdict(list)
    for slot, dictum in enumerate(said.dicta):
        if groups[slot] and dictum.reading.taken:
            # two equal texts are one child: a copy must not count as a second witness
            child = repr(sorted({t.norm for t in dictum.reading.taken}, key=repr))
            stances: dict[Stance, float] = {}
            for taken in dictum.reading.taken:
                at = written(taken.norm)
                stances[at.stance] = max(stances.get(at.stance, 0.0), at.strength)
            members[groups[slot]][child] = stances
            slots[groups[slot], child].append(slot)
    for group, children in members.items() if g.settings.induction else ():
        if len(children) < 2:
            continue
        there = {child: _borne(g, Bearing(f"{group}: {child}"), slots[group, child]) for child in children}
        for stance, strength in sorted({pair for of in children.values() for pair in of.items()}):
            pairs = []
            for child, stances in children.items():
                bears = stances.get(stance, 0.0) >= strength
                atom = Bearing(f"{group}: {child}", stance, strength)
                pairs.append((there[child], (_borne(g, atom, slots[group, child]),) if bears else ()))
            families.append(Family(g.of(At(stance, group, group, strength)), tuple(pairs)))
    return (tuple(families),) if families else ()


def _borne(g: Grounding, atom: Bearing, slots: Iterable[int]) -> int:
    """An atom that any of these slots says."""
    here = g.of(atom)
    g.leaves += [Leaf(here, slot) for slot in slots]
    return here
