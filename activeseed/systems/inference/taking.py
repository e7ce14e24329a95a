"""What the engine takes from the texts of a seed: norms and lines of the lexicon, for every variant of every item."""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from activeseed.seed import Payload, Seed, Text
from activeseed.systems.inference.language import Grammar, from_mapping, parse, parse_deed, parse_edge
from activeseed.systems.inference.lexicon import Edge
from activeseed.systems.inference.norms import Left, Norm, Reading, Taken
from activeseed.systems.inference.verifiers.seam import Deed

Mode = Literal["controlled", "prose"]

#: a line that a mapping begins with, in YAML or JSON
_MAPPING = re.compile(r"^\s*(\{|(?:modality|deontic|action|agent|concept)\s*:)")


@dataclass(frozen=True)
class Dictum:
    """What one text says.

    Attributes:
        reading: its sentences, taken, left or lexical.
        edges: what its lexical sentences say.
        context: the lead-in or heading that it stands under.
    """

    reading: Reading
    edges: tuple[Edge, ...] = ()
    context: str = ""


def controlled(text: str, grammar: Grammar, authority: str = "") -> Dictum:
    """A text read as controlled English: a mapping, or sentences one after the other."""
    taken: list[Taken] = []
    left: list[Left] = []
    lexical: list[str] = []
    edges: list[Edge] = []
    for sentence, found in _said(text, grammar, authority):
        if isinstance(found, Edge):
            lexical.append(sentence)
            edges.append(found)
        elif isinstance(found, Norm):
            taken.append(Taken(sentence, found, "controlled English"))
        else:
            left.append(found)
    return Dictum(Reading(tuple(taken), tuple(left), tuple(lexical)), tuple(edges))


def _said(text: str, grammar: Grammar, authority: str) -> list[tuple[str, Norm | Edge | Left]]:
    if _MAPPING.match(text):
        mapping = _mapping(text)
        if mapping is not None:
            return [(text.strip(), from_mapping(mapping, grammar, authority))]
    out: list[tuple[str, Norm | Edge | Left]] = []
    for sentence in sentences(text):
        out.append((sentence, parse_edge(sentence, grammar.lexicon) or parse(sentence, grammar, authority)))
    return out


def sentences(text: str) -> list[str]:
    """The sentences of controlled English: they end in a full stop, a line, or a semicolon; marks stay with theirs."""
    return [s.strip() for s in re.split(r"(?<=[.!?;])\s+(?![\[(])|\n+", text) if s.strip(" .;!\t")]


def _mapping(text: str) -> Mapping[str, Any] | None:
    import yaml

    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError:
        return None
    return found if isinstance(found, Mapping) else None


def prose(text: str, context: str, authority: str) -> Dictum:
    """A text read as free prose."""
    read = importlib.import_module("activeseed.systems.inference.prose").read  # its tables load where prose is read
    reading: Reading = read(text, context=context, authority=authority)
    return Dictum(reading, (), context)


@dataclass(frozen=True)
class Said:
    """What a seed says.

    Attributes:
        mode: how it was read.
        dicta: what each slot of the materials says, (S,).
        items: (S,) the item of each slot.
        cut: lines of the lexicon that would close a cycle, and hold nowhere.
        edges: the others, settings' first.
        fixed: those of the settings, which hold in every row.
        agents: concepts of whoever norms bind.
    """

    mode: Mode
    dicta: tuple[Dictum, ...]
    items: tuple[int, ...]
    edges: tuple[Edge, ...] = ()
    fixed: frozenset[Edge] = frozenset()
    cut: tuple[Edge, ...] = ()
    agents: frozenset[str] = field(default_factory=frozenset)


def reads_as_controlled(seed: Seed, grammar: Grammar) -> bool:
    """Whether every item, as written, is controlled English throughout."""
    for item in seed.items:
        if not isinstance(item.payload, Text):
            return False
        found = controlled(item.payload.text, grammar).reading
        if found.left or not (found.taken or found.lexical):
            return False
    return True


def dictum(payload: Payload, group: str, mode: Mode, grammar: Grammar) -> Dictum:
    """What one payload says; a payload that is no text says nothing."""
    if not isinstance(payload, Text):
        return Dictum(Reading())
    if mode == "controlled":
        return controlled(payload.text, grammar, payload.authority)
    return prose(payload.text, payload.prompt, payload.authority)


def deed(payload: Payload, mode: Mode, grammar: Grammar, agents: frozenset[str]) -> Deed:
    """What is done at a probe."""
    if not isinstance(payload, Text):
        return Deed(" / ".join(payload.texts))
    if mode == "prose":
        return Deed(payload.text, payload.prompt)
    lexicon = grammar.lexicon.extended((), agents)
    agent, action, facts, omitted = parse_deed(payload.text, payload.prompt, lexicon)
    return Deed(payload.text, payload.prompt, agent, action, facts, omitted)


def agents_of(dicta: Sequence[Dictum]) -> frozenset[str]:
    """Whom the norms bind, by name."""
    return frozenset(t.norm.agent for d in dicta for t in d.reading.taken if t.norm.agent)
