"""Charters of controlled English whose every judgement is known, and a second, slow way to judge.

``charter`` draws one: norms with conditions, exceptions and ranks over a lexicon of families, part of it in sentences
of the seed. ``judged`` says what follows from any of its lines by walking up from each probe, path by path, with none
of the engine's graph, layers or tensors. What the engine says of a row is what ``judged`` says of its lines.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from activeseed.plan import Materials, generator
from activeseed.seed import Item, Probe, Seed, Text
from activeseed.systems.inference import InferenceEngine
from activeseed.systems.inference.lexicon import Edge, LexiconTable
from activeseed.systems.inference.norms import Norm
from activeseed.systems.inference.verifiers import Deed
from activeseed.systems.inference.words import base

RANKS = ("", "", "", "guideline", "developer")
FACTS = ("the user asks", "the user is a minor", "the matter is urgent", "somebody listens", "the source is secret")
#: as concepts: written out, so that a mistake in reading them does not hide
FACT_CONCEPTS = ("user ask", "user minor", "matter urgent", "somebody listen", "source secret")


@dataclass(frozen=True)
class Line:
    """One dictum: its id and text, and the norm or the line of the lexicon that it says."""

    id: str
    text: str
    says: Norm | Edge
    authority: str = ""


@dataclass(frozen=True)
class Charter:
    """A charter with its probes, and what the settings' lexicon says besides."""

    lines: tuple[Line, ...]
    probes: tuple[tuple[str, Deed], ...]
    given: tuple[Edge, ...] = ()
    marks: dict[str, Any] = field(default_factory=dict)

    def engine(self, **changes: Any) -> InferenceEngine:
        """An engine that knows what the settings say."""
        isa: dict[str, tuple[str, ...]] = {}
        for edge in self.given:
            isa[edge.lower] = (*isa.get(edge.lower, ()), edge.upper)
        return InferenceEngine(**{"lexicon": LexiconTable(isa=isa), "reads": "controlled", **changes})

    @property
    def seed(self) -> Seed:
        return Seed(items=tuple(Item(id=x.id, payload=Text(text=x.text, authority=x.authority)) for x in self.lines))

    def places(self) -> tuple[Probe, ...]:
        return tuple(Probe(id=name, payload=Text(text=deed.text)) for name, deed in self.probes)

    def materials(self) -> Materials:
        return Materials(self.seed, self.places())


def words(rng: np.random.Generator, n: int) -> list[str]:
    """Verbs that are none: bark, melt, dunt."""
    all_ = [a + v + e for a in "bdfgmpst" for v in "aeiou" for e in ("rk", "lt", "nt", "mp", "rp", "lk")]
    regular = [w for w in all_ if base(w) == base(f"{w}ing") == base(f"{w}s") == w]  # sent is no verb of its own
    return [str(w) for w in rng.permutation(regular)[:n]]


def say_norm(norm: Norm, rng: np.random.Generator, clauses: str = "") -> str:
    """One of the ways to say a norm."""
    modals = {
        ("obliged", 1.0): ["must", "is required to", "shall", "has to"],
        ("obliged", 0.7): ["should", "ought to"],
        ("forbidden", 1.0): ["must not", "mustn't", "is not allowed to", "must never"],
        ("forbidden", 0.7): ["should not", "shouldn't", "ought not to"],
        ("permitted", 0.5): ["may", "is allowed to"],
    }
    modal = str(rng.choice(modals[norm.deontic, norm.strength]))
    words_ = norm.action.split()
    action = words_[0] + (f" {rng.choice(['a', 'the'])} {words_[1]}" if len(words_) > 1 else "")
    who = f"the {norm.agent}" if norm.agent else "everyone"
    main = f"{who} {modal} {action}"
    spoken = dict(zip(FACT_CONCEPTS, FACTS, strict=True))
    condition = " and ".join(
        spoken[c] if not c.startswith("not ") else spoken[c[4:]].replace(" is ", " is not ") for c in norm.condition
    )
    exception = " and ".join(spoken[c] for c in norm.exception)
    if condition and rng.random() < 0.5:
        main = f"{rng.choice(['if', 'when'])} {condition}, {main}"
    elif condition:
        main = f"{main} {rng.choice(['if', 'when'])} {condition}"
    if exception:
        main = f"{main} unless {exception}"
    return main[:1].upper() + main[1:] + "."


def say_edge(edge: Edge) -> str:
    between = "is a kind of" if edge.relation == "isa" else "causes"
    return f"{edge.lower.capitalize()}ing {between} {edge.upper}ing."


def charter(key: int, norms: int = 34, probes: int = 30, strict: bool = False) -> Charter:
    """A random charter of about ``norms`` norms and a third as many lines of a lexicon.

    Args:
        strict: every norm a *must*, *must not* or *may* of full certainty: what answer sets can say.
    """
    rng = generator(key, "charter")
    names = words(rng, 40)
    edges: list[Edge] = []
    parents, leaves = names[:5], names[5:]
    at = 0
    for parent in parents:
        for leaf in leaves[at : (at := at + int(rng.integers(2, 5)))]:
            edges.append(Edge("isa", leaf, parent))
    edges += [Edge("isa", parents[1], parents[0]), Edge("isa", parents[2], parents[0])]
    used = leaves[:at]
    edges += [Edge("causes", str(a), str(b)) for a, b in zip(leaves[at : at + 3], rng.permutation(used), strict=False)]
    edges.append(Edge("isa", str(used[0]), parents[3]))  # of two families
    inside = [e for e in edges if e.relation == "causes" or rng.random() < 0.5]
    given = [e for e in edges if e not in inside]
    concepts = [*parents, *used, *leaves[at : at + 3]]
    found: list[Norm] = []
    while len(found) < norms:
        found.append(_norm(rng, concepts))
    lines = [Line(f"n{i}", say_norm(n, rng), n, n.authority) for i, n in enumerate(found)]
    lines += [Line(f"x{i}", say_edge(e), e) for i, e in enumerate(inside)]
    order = rng.permutation(len(lines))
    deeds = [(f"p{i}", deed(rng, [*concepts, *leaves[at + 3 : at + 5]])) for i in range(probes)]
    return Charter(tuple(lines[i] for i in order), tuple(deeds), tuple(given))


def _norm(rng: np.random.Generator, concepts: Sequence[str]) -> Norm:
    deontic, strength = [
        ("obliged", 1.0), ("obliged", 0.7), ("forbidden", 1.0), ("forbidden", 1.0), ("forbidden", 0.7),
        ("permitted", 0.5),
    ][int(rng.integers(6))]  # fmt: skip
    action = str(rng.choice(list(concepts)))
    if rng.random() < 0.25:
        action += f" {rng.choice(['user', 'child'])}"
    facts = [str(f) for f in rng.permutation(FACT_CONCEPTS)]
    condition = tuple(sorted(facts[: int(rng.choice([0, 0, 0, 1, 1, 2]))]))
    if condition and rng.random() < 0.2:
        condition = tuple(sorted(f"not {c}" if c in ("user minor", "matter urgent") else c for c in condition))
    exception = (facts[-1],) if rng.random() < 0.15 else ()
    agent = "assistant" if rng.random() < 0.7 else ""
    return Norm(deontic, strength, action, agent, condition, exception, str(rng.choice(RANKS)))  # type: ignore[arg-type]


def deed(rng: np.random.Generator, concepts: Sequence[str]) -> Deed:
    """What is done at a probe, in words of its own."""
    verb = str(rng.choice(list(concepts)))
    rest = str(rng.choice(["", "", " user", " child"]))
    facts = [i for i in range(len(FACTS)) if rng.random() < 0.3]
    omitted = bool(rng.random() < 0.15)
    does = f"does not {verb}" if omitted else f"{verb}s"
    text = f"The assistant {does}{f' a{rest}' if rest else ''}"
    if facts:
        text += " when " + " and ".join(FACTS[i] for i in facts)
    return Deed(f"{text}.", "", "assistant", verb + rest, tuple(sorted(FACT_CONCEPTS[i] for i in facts)), omitted)


# --- what is planted ----------------------------------------------------------------------------------------------


def planted(key: int, norms: int = 34, probes: int = 30) -> Charter:
    """A charter with things in it that have to be found; ``marks`` says which lines they are.

    ``twins``: a line and an exact copy. ``near``: a line and the same in other words. ``clash``: two contrary lines of
    one rank about a concept with kinds of its own. ``family``: two of three siblings, both needed for their parent. The
    concepts of each are used nowhere else, and probes ask about them.
    """
    rng = generator(key, "planted")
    of = charter(key, norms, probes)
    used = {w for x in of.lines if isinstance(x.says, Norm) for w in x.says.action.split()}
    used |= {
        c for e in (*of.given, *(x.says for x in of.lines if isinstance(x.says, Edge))) for c in (e.lower, e.upper)
    }
    used |= {d.action.split()[0] for _, d in of.probes}
    fresh = [w for w in words(rng, 220) if w not in used]
    twin, near, clash, k1, k2, parent, s1, s2, s3 = fresh[:9]

    def norm(action: str, deontic: str = "forbidden") -> Norm:
        return Norm(deontic, 1.0, action, "assistant")  # type: ignore[arg-type]

    plain = np.random.default_rng(0)
    same = say_norm(norm(twin), plain)
    lines = [
        Line("twin a", same, norm(twin)), Line("twin b", same, norm(twin)),
        Line("near a", f"The assistant must not {near}.", norm(near)),
        Line("near b", f"The assistant isn't allowed to {near}.", norm(near)),
        Line("clash a", f"The assistant must {clash}.", norm(clash, "obliged")),
        Line("clash b", f"The assistant must not {clash}.", norm(clash)),
        Line("family a", say_norm(norm(s1), rng), norm(s1)), Line("family b", say_norm(norm(s2), rng), norm(s2)),
    ]  # fmt: skip
    given = [Edge("isa", k, clash) for k in (k1, k2)] + [Edge("isa", s, parent) for s in (s1, s2, s3)]
    asked = [twin, near, clash, clash, k1, k2, parent, parent, s1, s3]
    more = [(f"q{i}", deed(rng, [verb])) for i, verb in enumerate(asked)]
    more = [(name, d if not d.omitted else _done(d)) for name, d in more]
    order = rng.permutation(len(of.lines) + len(lines))
    every = [*of.lines, *lines]
    marks: dict[str, tuple[str, ...]] = {
        "twins": ("twin a", "twin b"),
        "near": ("near a", "near b"),
        "clash": ("clash a", "clash b"),
    }
    marks |= {"family": ("family a", "family b"), "parent": tuple(n for (n, d) in more if d.action == parent)}
    return Charter(tuple(every[i] for i in order), (*of.probes, *more), (*of.given, *given), marks)


def _done(of: Deed) -> Deed:
    verb = of.action.split()[0]
    return replace(of, omitted=False, text=of.text.replace(f"does not {verb}", f"{verb}s"))


# --- the slow way -------------------------------------------------------------------------------------------------


def judged(lines: Iterable[Line | Edge], deeds: Sequence[Deed], engine: InferenceEngine) -> np.ndarray:
    """(P,) P(approve) of each deed by these lines alone."""
    return np.array([Judge(lines, engine).approval(d) for d in deeds])


@dataclass(frozen=True)
class Standing:
    """A norm as it stands at a probe's action: where it is from, by what, how certain."""

    norm: Norm
    origin: str
    means: bool
    certainty: float


class Judge:
    """What follows from some lines, probe by probe."""

    def __init__(self, lines: Iterable[Line | Edge], engine: InferenceEngine) -> None:
        said = [x.says if isinstance(x, Line) else x for x in lines]
        self.engine = engine
        self.norms = {n for n in said if isinstance(n, Norm)}
        self.isa = {(e.lower, e.upper) for e in said if isinstance(e, Edge) and e.relation == "isa"}
        self.causes = {(e.lower, e.upper) for e in said if isinstance(e, Edge) and e.relation == "causes"}

    def above(self, concept: str) -> set[str]:
        """One step up: by the lexicon, with what stands beside the verb, and by leaving that out."""
        parts = concept.split()
        out = {" ".join(parts[:n]) for n in range(1, len(parts))}
        for n in range(1, len(parts) + 1):
            head, rest = " ".join(parts[:n]), parts[n:]
            out |= {" ".join([upper, *rest]) for lower, upper in self.isa if lower == head}
        return out

    def below(self, lower: str, upper: str) -> bool:
        return lower == upper or any(self.below(x, upper) for x in self.above(lower))

    def at(self, concept: str) -> list[tuple[Norm, float]]:
        """Norms of exactly this concept with their certainty: written, and induced from its children."""
        out = [(n, 1.0) for n in self.norms if n.action == concept]
        parts = concept.split()
        for n in range(1, len(parts) + 1):
            head, rest = " ".join(parts[:n]), parts[n:]
            children = [lower for lower, upper in self.isa if upper == head]
            if len(children) < 2:
                continue
            carried = [self.at(" ".join([c, *rest])) for c in children]
            kinds = {(m.deontic, m.agent, m.condition, m.exception) for of in carried for m, _ in of}
            for kind in kinds:
                alike = [
                    [(m.strength, f) for m, f in of if (m.deontic, m.agent, m.condition, m.exception) == kind]
                    for of in carried
                ]
                for strength in {s for of in alike for s, _ in of}:
                    share = sum(max((f for s, f in of if s >= strength), default=0.0) for of in alike) / len(children)
                    found = Norm(kind[0], strength, concept, kind[1], kind[2], kind[3])
                    out.append((found, self.engine.induction * self.opened(share)))
        return out

    def opened(self, share: float) -> float:
        """The gate, by powers."""
        k, t = self.engine.steepness, self.engine.threshold
        if share == 0:
            return 0.0
        # x^k / (1 + x^k) over its value at a share of one
        hill = [1.0 / (1.0 + math.exp(min(700.0, k * (math.log(t) - math.log(x))))) for x in (share, 1.0)]
        return max(0.0, hill[0] / hill[1] - 0.001) / 0.999  # what is shut gives nothing

    def standing(self, action: str) -> list[Standing]:
        """Every norm that comes down to an action, along every path of inheritance and means."""
        best: dict[tuple[Norm, str, bool], float] = {}

        def walk(concept: str, factor: float, origin: str, steps: int) -> None:
            for norm, certainty in self.at(concept):
                if origin and norm.deontic == "permitted":
                    continue  # what is permitted does not permit its means
                # two derivations of one norm are one norm, as certain as the more certain of them
                here = (replace(norm, action=origin or concept), origin or concept, bool(origin))
                best[here] = max(best.get(here, 0.0), factor * certainty)
            if steps == 0:
                return
            for upper in self.above(concept):
                walk(upper, factor * self.engine.inheritance, origin, steps - 1)
            for lower, effect in self.causes:
                if lower == concept:
                    walk(effect, factor * self.engine.means, origin or concept, steps - 1)

        walk(action, 1.0, "", self.engine.depth)
        return [Standing(n, origin, means, f) for (n, origin, means), f in best.items()]

    def holds(self, norm: Norm, deed: Deed) -> bool:
        def true(concept: str) -> bool:
            if concept.startswith("not "):
                return concept in deed.facts or not true(concept[4:])
            return any(self.below(f, concept) for f in deed.facts)

        if norm.agent not in ("", deed.agent):
            return False
        return all(map(true, norm.condition)) and not any(map(true, norm.exception))

    def overrides(self, one: Standing, other: Standing) -> bool:
        sides = {one.norm.deontic, other.norm.deontic}
        if sides not in ({"forbidden", "obliged"}, {"forbidden", "permitted"}):
            return False
        ranks = [self.engine.rank(s.norm.authority) for s in (one, other)]
        if ranks[0] != ranks[1]:
            return ranks[0] > ranks[1]
        if one.origin != other.origin:
            return self.below(one.origin, other.origin)

        def demands(s: Standing) -> set[str]:
            return set(s.norm.condition) | ({f"agent {s.norm.agent}"} if s.norm.agent else set())

        return demands(one) > demands(other)

    def sides(self, deed: Deed) -> tuple[float, float]:
        """How strongly the lines speak for and against a deed."""
        found = [s for s in self.standing(deed.action) if self.holds(s.norm, deed)]
        if deed.omitted:
            found = [s for s in found if s.norm.deontic != "obliged" or (s.origin == deed.action and not s.means)]
        kept: dict[int, float] = {}

        def unoverridden(i: int) -> float:
            if i not in kept:
                over = [unoverridden(j) for j, other in enumerate(found) if self.overrides(other, found[i])]
                kept[i] = found[i].certainty * (1.0 - max(over, default=0.0))
            return kept[i]

        pro, con = 0.0, 0.0
        for i, s in enumerate(found):
            force = unoverridden(i) * s.norm.strength
            against = s.norm.deontic == ("obliged" if deed.omitted else "forbidden")
            if deed.omitted and s.norm.deontic == "permitted":
                continue
            pro, con = (pro, max(con, force)) if against else (max(pro, force), con)
        return pro, con

    def approval(self, deed: Deed) -> float:
        pro, con = self.sides(deed)
        prior = math.log(self.engine.default / (1 - self.engine.default)) * (1 - pro) * (1 - con)
        return 1.0 / (1.0 + math.exp(-self.engine.beta * (pro - con) - prior))
