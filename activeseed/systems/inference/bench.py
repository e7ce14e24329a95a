"""What all rows of an engine share: what was read, the derivation graph, and what is held against the probes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from activeseed.plan import Ints, Materials
from activeseed.seed import Probe
from activeseed.systems.fields.batches import Latest
from activeseed.systems.inference import taking
from activeseed.systems.inference.approving import ByConcept, ByRelevance
from activeseed.systems.inference.deriving import Grounding, ground
from activeseed.systems.inference.expanding import Expansion
from activeseed.systems.inference.graph import At, Graph, written
from activeseed.systems.inference.holding import Hold, holds
from activeseed.systems.inference.language import say
from activeseed.systems.inference.lexicon import acyclic
from activeseed.systems.inference.settings import InferenceSettings
from activeseed.systems.inference.taking import Said
from activeseed.systems.inference.verifiers.seam import Claim, Deed
from activeseed.systems.inference.verifiers.symbolic import Symbolic

if TYPE_CHECKING:
    from activeseed.systems.inference.verifiers.seam import Verifier


@dataclass(frozen=True)
class Bench:
    """What rows share.

    Attributes:
        said: what every slot says, and the lexicon.
        graph: what may follow.
        expansion: the graph as tensors.
        sides: what is held against the deeds: the places, then the items as written (for vouching).
        deeds: of the places, then of the items.
        places: how many places there are.
        vouched: (deed, item, whether approval of the deed vouches for the item).
    """

    said: Said
    graph: Graph
    expansion: Expansion
    sides: ByConcept | ByRelevance
    deeds: tuple[Deed, ...]
    places: int
    vouched: tuple[tuple[int, int, bool], ...]
    items: int

    @cached_property
    def floats(self) -> int:
        """Numbers a row takes while it is trained."""
        layers = len(self.expansion.reaching) + len(self.expansion.families) + 2
        rules = 0 if self.expansion.rules is None else 5 * self.expansion.rules.tails.numel()
        families = sum(4 * f.carriers.numel() + 6 * f.edges.numel() for f in self.expansion.families)
        return self.expansion.size * (2 + min(layers, 3)) + rules + families + self.sides.floats + 26 * self.items

    def vouching(self, approved: Tensor) -> Tensor:
        """(R, F) how far what is approved agrees with each item as written; one half where nothing can be said."""
        out = approved.new_full((len(approved), self.items), 0.5)
        if not self.vouched:
            return out
        deeds, items, signs = (list(x) for x in zip(*self.vouched, strict=True))
        said = approved[:, torch.tensor(deeds)]
        said = torch.where(torch.tensor(signs), said, 1.0 - said)
        index = torch.tensor(items)
        total = approved.new_zeros(len(approved), self.items).index_add(1, index, said)
        count = approved.new_zeros(self.items).index_add(0, index, torch.ones(len(items), dtype=approved.dtype))
        return torch.where(count > 0, total / count.clamp(min=1.0), out)


def places_of(settings: InferenceSettings, materials: Materials) -> tuple[Probe, ...]:
    """The probes, or the pool when the policy is ranked."""
    return materials.probes if settings.outcome == "approval" else materials.pool


def said_by(settings: InferenceSettings, materials: Materials) -> Said:
    """What the seed says, read once; the mode is found on the items as written."""
    grammar, seed = settings.grammar, materials.seed
    mode = settings.reads
    if mode == "auto":
        mode = "controlled" if taking.reads_as_controlled(seed, grammar) else "prose"
    slots = materials.slots
    groups = [seed.items[i].group for i in slots.items]
    dicta = tuple(taking.dictum(p, g, mode, grammar) for p, g in zip(slots.payloads, groups, strict=True))
    own = grammar.lexicon.edges
    edges, cut = acyclic([*own, *(e for d in dicta for e in d.edges)])
    agents = taking.agents_of(dicta)
    return Said(mode, dicta, tuple(int(i) for i in slots.items), edges, frozenset(own), cut, agents)


def verifier_of(settings: InferenceSettings, said: Said) -> Verifier:
    """The verifier of these settings, or the one of the language that was read."""
    if settings.verifier is not None:
        return settings.verifier  # type: ignore[return-value]  # a record of `VERIFIERS`
    if said.mode == "controlled":
        return Symbolic()
    import importlib

    similarity: Verifier = importlib.import_module("activeseed.systems.inference.verifiers.similarity").Similarity()
    return similarity


def bench_of(settings: InferenceSettings, materials: Materials) -> Bench:
    """The bench of these materials; the latest is remembered, since a plan trains in many batches."""
    return _latest().of((settings, settings.table[1]), materials)


@cache
def _latest() -> Latest[tuple[InferenceSettings, str], Bench]:
    return Latest(_lay_out)


def _lay_out(of: tuple[InferenceSettings, str], materials: Materials) -> Bench:
    settings, _ = of  # with the content of the lexicon's file: two engines of the same settings may have read two
    said = said_by(settings, materials)
    grammar = settings.grammar
    places = places_of(settings, materials)
    deeds = [taking.deed(p.payload, said.mode, grammar, said.agents) for p in places]
    verifier = verifier_of(settings, said)
    symbolic = verifier.kind == "symbolic"
    vouched: list[tuple[int, int, bool]] = []
    if symbolic:
        more, vouched = _deeds_of_items(said, materials.slots.index[:, 0], len(deeds))
        deeds += more
    groups = [materials.seed.items[i].group for i in materials.slots.items]
    grounding = ground(settings, said, groups, deeds)
    sides: ByConcept | ByRelevance
    pooling = "max" if settings.pooling == "auto" else settings.pooling
    if symbolic:
        found: tuple[Hold, ...] = holds(grounding, deeds)
        graph = grounding.graph()
        sides = ByConcept(found, len(deeds), graph, pooling)
    else:
        graph = grounding.graph()
        claims = _claims(grounding, graph, said)
        relevance = np.asarray(verifier.relevance(claims, deeds, materials.embed), np.float64)
        sides = ByRelevance(graph, relevance, settings, pooling)
    expansion = Expansion(graph, settings)
    return Bench(said, graph, expansion, sides, tuple(deeds), len(places), tuple(vouched), len(materials.seed))


def _deeds_of_items(said: Said, slots: Ints, first: int) -> tuple[list[Deed], list[tuple[int, int, bool]]]:
    """What each item as written is about, as deeds: a rest that judges them as it does vouches for it."""
    deeds: list[Deed] = []
    vouched = []
    for item, slot in enumerate(slots.tolist()):
        for taken in said.dicta[slot].reading.taken:
            at = written(taken.norm)
            if at.stance == "exempt":
                continue
            vouched.append((first + len(deeds), item, at.stance != "forbidden"))
            deeds.append(Deed(taken.sentence, "", at.agent, at.action, at.condition))
    return deeds, vouched


def _claims(grounding: Grounding, graph: Graph, said: Said) -> list[Claim]:
    """Every norm of the graph as a verifier sees it: in the words that it was written in, or in the engine's own."""
    words: dict[int, tuple[str, str]] = {}
    for dictum in said.dicta:
        for taken in dictum.reading.taken:
            words.setdefault(graph.number[written(taken.norm)], (taken.sentence, dictum.context))
    strengths = grounding.settings.strengths.model_dump()
    out = []
    for n in graph.norms:
        atom = graph.atoms[n]
        assert isinstance(atom, At)
        sentence, context = words.get(n, (say(atom.norm, strengths), ""))
        out.append(Claim(atom.norm, sentence, context))
    return out
