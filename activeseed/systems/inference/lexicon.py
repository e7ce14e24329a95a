"""The lexicon: which concept is a kind of which, what causes what, and which phrases are one concept.

Edges come from the settings and from sentences of the seed (`language.parse_edge`), which are items like any other: a
plan row that drops one loses its edge.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from pydantic import field_validator

from activeseed.checked import SettingsRecord
from activeseed.errors import ConfigError
from activeseed.systems.inference.words import concept

Relation = Literal["isa", "causes"]


@dataclass(frozen=True)
class Edge:
    """One thing the lexicon says: ``lower`` is a kind of ``upper``, or causes it."""

    relation: Relation
    lower: str
    upper: str

    @property
    def says(self) -> str:
        """In controlled English."""
        between = "is a kind of" if self.relation == "isa" else "causes"
        return f"{self.lower[:1].upper()}{self.lower[1:]} {between} {self.upper}."


class LexiconTable(SettingsRecord):
    """A lexicon as settings or a YAML file say it: phrases, which are read as concepts.

    Attributes:
        isa: a concept -> what it is a kind of.
        causes: a concept -> what it causes.
        same: a concept -> other words for it.
    """

    isa: Mapping[str, tuple[str, ...]] = {}
    causes: Mapping[str, tuple[str, ...]] = {}
    same: Mapping[str, tuple[str, ...]] = {}

    @field_validator("isa", "causes", "same", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        return {k: (v,) if isinstance(v, str) else v for k, v in value.items()}

    def lexicon(self) -> Lexicon:
        """The same with concepts for phrases."""
        same = {concept(other): concept(name) for name, others in self.same.items() for other in others}
        words = Lexicon(same=same)
        edges: list[Edge] = []
        tables: tuple[tuple[Relation, Mapping[str, tuple[str, ...]]], ...] = (
            ("isa", self.isa), ("causes", self.causes),
        )  # fmt: skip
        for relation, table in tables:
            for lower, uppers in table.items():
                edges += [Edge(relation, words.concept(lower), words.concept(upper)) for upper in uppers]
        return Lexicon(tuple(dict.fromkeys(edges)), same)


def read_lexicon(text: str, where: str) -> LexiconTable:
    """A lexicon from YAML: ``isa``, ``causes`` and ``same``, each a table of lists. Raises ConfigError."""
    import yaml

    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{where} is no valid YAML: {' '.join(str(error).split())[:200]}.") from error
    if not isinstance(found, Mapping):
        raise ConfigError(f"{where} holds no table. Write 'isa:' and 'causes:' with a list below each concept.")
    try:
        return LexiconTable(**{str(k): v for k, v in found.items()})
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from error


@dataclass(frozen=True)
class Lexicon:
    """Concepts and what joins them.

    Attributes:
        edges: in order; of a cycle the later edge is cut (`acyclic`).
        same: a phrase -> the concept that it stands for.
        agents: concepts of whoever acts, beside the usual ones.
    """

    edges: tuple[Edge, ...] = ()
    same: Mapping[str, str] = field(default_factory=dict)
    agents: frozenset[str] = frozenset()

    @cached_property
    def known(self) -> frozenset[str]:
        """Every concept that it names."""
        return frozenset({c for e in self.edges for c in (e.lower, e.upper)} | set(self.same.values()))

    def concept(self, phrase: str) -> str:
        """The concept of a phrase: other words for it are replaced, the longest first."""
        found = concept(phrase)
        negated = found.startswith("not ")
        words = found.removeprefix("not ").split()
        for n in range(len(words), 0, -1):
            name = self.same.get(" ".join(words[:n]))
            if name is not None:
                words = [*name.split(), *words[n:]]
                break
        return ("not " if negated else "") + " ".join(words)

    def extended(self, edges: Iterable[Edge], agents: Iterable[str] = ()) -> Lexicon:
        """With more edges and agents."""
        return Lexicon(tuple(dict.fromkeys((*self.edges, *edges))), self.same, self.agents | set(agents))


def acyclic(edges: Iterable[Edge]) -> tuple[tuple[Edge, ...], tuple[Edge, ...]]:
    """The edges without those that close a cycle, and those; of a cycle the edge that was said last is cut.

    A relation is looked at by itself: what is a kind of something may well cause it.
    """
    import networkx as nx

    graphs: dict[str, Any] = {"isa": nx.DiGraph(), "causes": nx.DiGraph()}
    kept, cut = [], []
    for edge in dict.fromkeys(edges):
        graph = graphs[edge.relation]
        closes = edge.lower == edge.upper or (
            edge.lower in graph and edge.upper in graph and nx.has_path(graph, edge.upper, edge.lower)
        )
        if closes:
            cut.append(edge)
        else:
            graph.add_edge(edge.lower, edge.upper)
            kept.append(edge)
    return tuple(kept), tuple(cut)
