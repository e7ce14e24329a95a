"""Why: the derivation that decides at a probe, with the dicta that it rests on.

The dicta are those of the strongest norm on the side of the verdict (where both sides are equally strong, of one norm
on each): whatever else is left out can only speak less against it, or override it less, so that trained on these alone
the engine ends on the same side of one half. What the deciding norm overrides is shown as a step, with its own dicta.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from activeseed.plan import Floats, Materials, Rows
from activeseed.protocols import Explanation, Step
from activeseed.systems.fields.batches import sound_weights
from activeseed.systems.fields.points import in_precision
from activeseed.systems.inference.approving import ByConcept, ByRelevance, approval, policy
from activeseed.systems.inference.bench import Bench, bench_of
from activeseed.systems.inference.expanding import EXTRA
from activeseed.systems.inference.graph import At, Bearing, Family, Reach, written
from activeseed.systems.inference.language import say
from activeseed.systems.inference.lexicon import Edge
from activeseed.systems.inference.settings import InferenceSettings

#: two confidences of which one is this share of the other are one number, but for rounding
_SAME = 1 - 1e-5
#: what is overridden, or stands against its contrary, is told from this confidence on
_TOLD = 0.05


@dataclass
class Tracer:
    """The derivations of one row, looked up as they are asked for."""

    engine: InferenceSettings
    bench: Bench
    ids: Sequence[str]
    f: Floats
    weights: Floats
    steps: list[Step] = field(default_factory=list)
    place: dict[int, int] = field(default_factory=dict)
    rests: dict[str, float] = field(default_factory=dict)
    by_head: dict[int, list[tuple[tuple[int, ...], float, str]]] = field(default_factory=dict)
    families: dict[int, Family] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for rule in (*self.bench.graph.reaching, *self.bench.graph.rules):
            self.by_head.setdefault(rule.head, []).append((rule.tail, rule.factor, rule.by))
        self.families = {f.head: f for layer in self.bench.graph.families for f in layer}

    def confidence(self, atom: int) -> float:
        """Of an atom, in this row."""
        return float(self.f[atom + EXTRA])

    def trace(self, atom: int, before: frozenset[int] = frozenset()) -> int | None:
        """The step that concludes an atom, with all before it; None where it needs no words (a concept is itself)."""
        if atom in self.place:
            return self.place[atom]
        said = self._leaf(atom)
        if said is not None:
            return self._add(atom, "written", (), *said)
        if atom in self.bench.graph.fixed:
            thing = self.bench.graph.atoms[atom]
            implied = isinstance(thing, Edge) and thing.lower.startswith(f"{thing.upper} ")
            return None if implied or isinstance(thing, Reach) else self._add(atom, "lexicon", ())
        here = before | {atom}
        ways = [
            (factor * float(np.prod([self.confidence(t) for t in tail])), -n, tail, by)
            for n, (tail, factor, by) in enumerate(self.by_head.get(atom, ()))
            if not here.intersection(tail)
        ]
        if ways:
            _, _, tail, by = max(ways)
            of = [s for t in tail if (s := self.trace(t, here)) is not None]
            if isinstance(self.bench.graph.atoms[atom], Reach):  # its last line says it
                return self._add(atom, by, of) if len(of) > 1 else (of[0] if of else None)
            return self._add(atom, by, of)
        if atom in self.families:
            return self._induced(atom, here)
        return None

    def _leaf(self, atom: int) -> tuple[tuple[str, ...], str] | None:
        """The item that says an atom, where nothing says it more strongly, and its sentence."""
        best, name, slot = 0.0, "", 0
        for leaf in self.bench.graph.leaves:
            if leaf.atom == atom:
                full = min(float(self.weights[leaf.slot]), 1.0)
                value = full * (2 - full)
                if value > best:
                    best, name, slot = value, self.ids[self.bench.said.items[leaf.slot]], leaf.slot
        if best <= 0 or best < self.confidence(atom) * _SAME:
            return None
        self.rests[name] = max(self.rests.get(name, 0.0), best)
        thing = self.bench.graph.atoms[atom]
        dictum = self.bench.said.dicta[slot]
        said = {written(t.norm): t.sentence for t in reversed(dictum.reading.taken)}
        lines = dict(zip(dictum.edges, dictum.reading.lexical, strict=True))
        return (name,), said.get(thing, "") if isinstance(thing, At) else lines.get(thing, "") if isinstance(
            thing, Edge
        ) else ""

    def _induced(self, atom: int, before: frozenset[int]) -> int:
        """Of those that carry it, and of the lines that make all of them a family."""
        of: list[int] = []
        for edge, carriers in self.families[atom].children:
            if self.confidence(edge) <= 0:
                continue
            carrier = max(carriers, key=self.confidence, default=None)
            there = (edge,) if carrier is None or self.confidence(carrier) <= 0 else (carrier, edge)
            of += [s for a in there if (s := self.trace(a, before)) is not None]
        return self._add(atom, "induced", dict.fromkeys(of))

    def _add(
        self, atom: int, rule: str, of: Sequence[int] | dict[int, None], items: tuple[str, ...] = (), sentence: str = ""
    ) -> int:
        weight = min(1.0, max(0.0, self.confidence(atom)))
        self.steps.append(Step(sentence or self.says(atom), rule, weight, tuple(of), items))
        self.place[atom] = len(self.steps) - 1
        return self.place[atom]

    def says(self, atom: int) -> str:
        """An atom in controlled English."""
        thing = self.bench.graph.atoms[atom]
        if isinstance(thing, At):
            return say(thing.norm, self.engine.strengths.model_dump())
        if isinstance(thing, Bearing):
            return f"one of its dicta: {thing.stance}" if thing.stance else "one of its dicta"
        if isinstance(thing, Reach):
            return Edge("isa", thing.lower, thing.upper).says
        return thing.says


def explain(
    engine: InferenceSettings, rows: Rows, materials: Materials, places: Sequence[int]
) -> list[list[Explanation]]:
    """See `protocols.SupportsExplaining`."""
    bench = bench_of(engine, materials)
    ids = [item.id for item in materials.seed.items]
    at = materials.probes if engine.outcome == "approval" else materials.pool
    out = []
    for r in range(len(rows)):
        weights, _ = sound_weights(rows.take(slice(r, r + 1)), materials)
        with torch.no_grad():
            f = bench.expansion.confidences(in_precision(weights))
            pro, con = bench.sides.sides(f)
            judged = policy if engine.outcome == "policy" else approval
            values = judged(pro[:, : bench.places], con[:, : bench.places], engine)[0].numpy()
            standing = bench.sides.standing(f) if isinstance(bench.sides, ByConcept) else None
        row: list[Explanation] = []
        for p in places:
            tracer = Tracer(engine, bench, ids, f[0].numpy().astype(np.float64), weights[0].astype(np.float64))
            value = float(np.float32(values[p]))  # as outcomes are kept
            if isinstance(bench.sides, ByConcept):
                assert standing is not None
                _by_concept(tracer, bench.sides, p, standing[0][0].numpy(), standing[1][0].numpy(), value)
            else:
                _by_relevance(tracer, bench.sides, p, value)
            items = tuple(sorted(tracer.rests, key=lambda name: -tracer.rests[name]))
            row.append(Explanation(at[p].id, value, tuple(tracer.steps), items))
        out.append(row)
    return out


def _sides_of(value: float, scored: Sequence[tuple[float, int]]) -> list[int]:
    """The strongest on the verdict's side; one of each where the verdict is one half."""
    pro = max((s for s in scored if s[0] > 0), default=None)
    con = min((s for s in scored if s[0] < 0), default=None)
    if value == 0.5:
        return [pro[1], con[1]] if pro is not None and con is not None and pro[0] > _TOLD else []
    chosen = pro if value > 0.5 else con
    return [] if chosen is None else [chosen[1]]


def _by_concept(tracer: Tracer, sides: ByConcept, p: int, applies: Floats, stands: Floats, value: float) -> None:
    mine = [n for n, h in enumerate(sides.found) if h.probe == p]
    scored = [(float(stands[n] * sides.strengths[n]) * sides.found[n].sign, n) for n in mine]
    winners = _sides_of(value, scored)
    of: list[int] = []
    for n in winners:
        hold = sides.found[n]
        step = tracer.trace(hold.atom)
        of += [] if step is None else [step]
        for term in hold.terms:
            if not term.negated:
                best = max(term.atoms, key=tracer.confidence)
                step = tracer.trace(best)
                of += [] if step is None else [step]
    if not winners:
        return
    rests = dict(tracer.rests)
    beaten = [
        (float(applies[m]), m, gate)
        for m in mine
        for j, gate in sides.found[m].overridden
        if j in winners and applies[m] > _TOLD
    ]
    if beaten:
        _, m, gate = max(beaten)
        opponent = tracer.trace(sides.found[m].atom)
        because = tracer.trace(gate)
        steps = (*of, *(s for s in (opponent, because) if s is not None))
        one, other = (
            tracer.bench.graph.atoms[sides.found[winners[0]].atom],
            tracer.bench.graph.atoms[sides.found[m].atom],
        )
        assert isinstance(one, At)
        assert isinstance(other, At)
        higher = tracer.engine.rank(one.authority) > tracer.engine.rank(other.authority)
        why = "it has the higher authority" if higher else "it is the more specific"
        tracer.steps.append(Step(f"{tracer.says(sides.found[winners[0]].atom)} ({why})", "overrides", 1.0, steps))
        of = [len(tracer.steps) - 1]
        tracer.rests = rests  # what is overridden is shown, and decides nothing
    _verdict(tracer, value, of)


def _by_relevance(tracer: Tracer, sides: ByRelevance, p: int, value: float) -> None:
    norms = tracer.bench.graph.norms
    scored = [(float(sides.signed[k, p]) * tracer.confidence(n), k) for k, n in enumerate(norms)]
    of: list[int] = []
    for k in _sides_of(value, scored):
        step = tracer.trace(norms[k])
        of += [] if step is None else [step]
    if of:
        _verdict(tracer, value, of)


def _verdict(tracer: Tracer, value: float, of: Sequence[int]) -> None:
    said = "approved of" if value > 0.5 else "disapproved of" if value < 0.5 else "contested"
    tracer.steps.append(
        Step(f"It is {said} (P = {value:.2f}).", "verdict", abs(2 * value - 1), tuple(dict.fromkeys(of)))
    )
