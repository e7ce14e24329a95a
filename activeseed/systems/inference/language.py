"""Controlled English: sentences that say one norm, one line of the lexicon, or what is done at a probe.

===================  ===============================================================================================
a norm               ``[AGENT] MODAL ACTION [if|when|while COND and COND …] [unless|except when EXC and …]``
                     the clauses may come first, with a comma: ``If COND, AGENT MODAL ACTION``
without an agent     ``Never ACTION`` · ``Always ACTION`` · ``Do not ACTION`` · ``Please ACTION``
of an action         ``ACTION is forbidden|required|allowed`` · ``It is forbidden|required|allowed to ACTION``
obliged              must, shall, has to, needs to, is required to, is obliged to, always (1); should, ought to, is
                     expected to (0.7); prefers to, tries to, aims to (0.4)
forbidden            must not, shall not, may not, can not, never, do not, is forbidden to, is not allowed to (1);
                     should not, ought not to (0.7); prefers not to, tries not to (0.4)
permitted            may, can, is allowed to, is free to (0.5)
exempt               need not, does not have to, is not required to: the contrary is permitted (0.5)
avoid, refrain from  in front of an action: its contrary
the lexicon          ``CONCEPT is a kind of CONCEPT`` · ``CONCEPT causes|leads to CONCEPT``
a probe              ``AGENT ACTION [when|if|while FACT and FACT …]``, ``does not`` where it is left undone; facts may
                     also stand in the prompt, a sentence each
marks                ``(strength 0.9)`` and ``[authority]`` at the end
===================  ===============================================================================================

Contractions, inflection, articles and the order of clauses make no difference (`words.concept`). A condition that says
*not* holds where the contrary is not among the facts. The same as YAML or JSON: a mapping with ``action`` and, as far
as wanted, ``modality`` (or ``deontic``), ``strength``, ``agent``, ``condition``, ``exception``, ``authority``; a line
of the lexicon is ``{concept, isa}`` or ``{concept, causes}``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from activeseed.systems.inference.lexicon import Edge, Lexicon
from activeseed.systems.inference.norms import Deontic, Left, Norm
from activeseed.systems.inference.words import plain

Grade = Literal["must", "should", "prefer", "may"]
Force = tuple[Deontic, Grade]

#: how strong each grade is, where nothing else is set
STRENGTHS: Mapping[str, float] = {"must": 1.0, "should": 0.7, "prefer": 0.4, "may": 0.5}
#: words in front of an infinitive -> what they do; "exempt" is a permission of the contrary
_BE, _DO, _BOUND = "(?:is|are|be)", "(?:do|does)", "(?:required|obliged|obligated|bound)"
_TABLE: tuple[tuple[str, Deontic | Literal["exempt"], Grade], ...] = (
    (rf"(?:needs? not|{_DO} not (?:have|need) to|{_BE} not {_BOUND} to)", "exempt", "may"),
    (
        rf"(?:(?:must|shall|may|can|will) (?:not|never)|never|{_DO} not|{_BE} not (?:allowed|permitted) to"
        rf"|{_BE} (?:forbidden|prohibited) (?:to|from)|{_BE} not to)",
        "forbidden", "must",
    ),
    (r"(?:should not|should never|ought not to|ought never to|ought not)", "forbidden", "should"),
    (r"(?:(?:prefer|tri|tr|aim|seek)(?:e?s|ies|y)? not to)", "forbidden", "prefer"),
    (
        rf"(?:(?:must|shall)(?: always)?|has to|have to|needs? to|{_BE} {_BOUND} to|always|{_BE} to|will always)",
        "obliged", "must",
    ),
    (rf"(?:should always|should|ought always to|ought to|ought|{_BE} (?:expected|supposed) to)", "obliged", "should"),
    (r"(?:(?:prefer|tri|tr|aim|seek)(?:e?s|ies|y)? to)", "obliged", "prefer"),
    (rf"(?:may|can|{_BE} (?:allowed|permitted|free) to)", "permitted", "may"),
)  # fmt: skip
_OF_ACTION: tuple[tuple[str, Deontic | Literal["exempt"], Grade], ...] = (
    (r"not (?:required|obligatory|necessary)", "exempt", "may"),
    (r"(?:(?:not|never) (?:allowed|permitted|acceptable)|forbidden|prohibited)", "forbidden", "must"),
    (r"(?:required|obligatory|mandatory)", "obliged", "must"),
    (r"(?:allowed|permitted|acceptable)", "permitted", "may"),
)  # fmt: skip
_OPENS = r"(?:if|when|whenever|while|where|unless|except when|except if|except where|except while)"
_EXCEPT = ("unless", "except")
_MARKS = re.compile(r"\s*(?:\(\s*strength\s+([0-9.]+)\s*\)|\[\s*([^\[\]]{1,60}?)\s*\])\s*\.?\s*$", re.IGNORECASE)
_LEXICAL: tuple[tuple[str, Literal["isa", "causes"]], ...] = (
    (r"(?:is|are) (?:a |an )?(?:kind|form|sort|type|way|kinds|forms) of", "isa"),
    (r"(?:causes|cause|leads to|lead to|brings about|results in|is a means to)", "causes"),
)
_AVOID = re.compile(r"^(?:avoid|refrain from|abstain from)\s+")
_AGENTS = ("assistant", "model", "ai", "system", "claude", "agent", "user", "operator", "developer")
_NOBODY = frozenset({"it", "you", "one", "everyone", "anyone", "they", "we"})
#: longer phrases are prose
LONGEST_ACTION, LONGEST_AGENT, LONGEST_CONDITION = 8, 3, 10


@dataclass(frozen=True)
class Grammar:
    """What a sentence is read with.

    Attributes:
        lexicon: concepts and other words for them.
        strengths: grade -> strength in (0, 1].
        modalities: further words in front of an infinitive -> those of the table that they stand for.
    """

    lexicon: Lexicon = field(default_factory=Lexicon)
    strengths: Mapping[str, float] = field(default_factory=lambda: dict(STRENGTHS))
    modalities: Mapping[str, str] = field(default_factory=dict)


PLAIN = Grammar()


def parse(sentence: str, grammar: Grammar = PLAIN, authority: str = "") -> Norm | Left:
    """The norm that a sentence says, or why it is none, with the nearest sentence that would be one.

    >>> parse("If asked, the assistant mustn't flatter users.") == parse(
    ...     "The assistant must not flatter a user when asked"
    ... )
    True

    Args:
        authority: whose sentence it is; a mark in the sentence goes before it.
    """
    bare, strength, marked = _without_marks(sentence)
    if strength is not None and not 0 < strength <= 1:
        return Left(sentence, "a strength that is no number above 0 and up to 1")
    if bare.rstrip().endswith("?"):
        return Left(sentence, "a question")
    said = plain(bare)
    for phrase, stands_for in sorted(grammar.modalities.items(), key=lambda m: -len(m[0])):
        said = re.sub(rf"\b{re.escape(plain(phrase))}\b", plain(stands_for), said)
    if not said:
        return Left(sentence, "nothing is said")
    if " only if " in f" {said} " or " only when " in f" {said} ":
        return Left(sentence, "'only if': say what is forbidden", "AGENT must not ACTION unless CONDITION")
    parts = _clauses(said)
    if isinstance(parts, str):
        return Left(sentence, parts, _nearest(said, grammar))
    main, conditions, exceptions = parts
    found = _main(main)
    if found is None:
        return Left(sentence, "no modal of controlled English", _nearest(said, grammar))
    agent, deontic, grade, action = found
    lexicon = grammar.lexicon
    if not action:
        return Left(sentence, "no action after the modal", _nearest(said, grammar))
    who = lexicon.concept(agent) if agent else ""
    what = lexicon.concept(action)
    if what.startswith("not "):
        what, deontic = what.removeprefix("not "), _contrary(deontic)
    while _AVOID.match(what):
        what, deontic = lexicon.concept(_AVOID.sub("", what)), _contrary(deontic)
    if deontic == "exempt":
        what, deontic = f"not {what}", "permitted"
    too_long = _too_long(what, who, (*conditions, *exceptions))
    if too_long or not what:
        return Left(sentence, too_long or "no action after the modal", _nearest(said, grammar))
    return Norm(
        deontic,
        strength or grammar.strengths[grade],
        what,
        "" if who in _NOBODY else who,
        tuple(sorted({lexicon.concept(c) for c in conditions} - {""})),
        tuple(sorted({lexicon.concept(c) for c in exceptions} - {""})),
        marked or authority,
    )


def parse_edge(sentence: str, lexicon: Lexicon | None = None) -> Edge | None:
    """What a sentence says of the lexicon; None where it says nothing of it."""
    said = plain(_without_marks(sentence)[0])
    words = lexicon or Lexicon()
    for pattern, relation in _LEXICAL:
        found = re.fullmatch(rf"([^,]+?) {pattern} ([^,]+)", said)
        if found and not re.search(rf"\b{_OPENS}\b", said):
            lower, upper = words.concept(found[1]), words.concept(found[2])
            if lower and upper and len(lower.split()) <= LONGEST_ACTION and len(upper.split()) <= LONGEST_ACTION:
                return Edge(relation, lower, upper)
    return None


def from_mapping(said: Mapping[str, Any], grammar: Grammar = PLAIN, authority: str = "") -> Norm | Edge | Left:
    """The norm, or line of the lexicon, of a mapping as YAML or JSON has it."""
    lexicon, shown = grammar.lexicon, str(dict(said))
    if "concept" in said:
        for relation in ("isa", "causes"):
            if relation in said:
                edge: Literal["isa", "causes"] = "isa" if relation == "isa" else "causes"
                return Edge(edge, lexicon.concept(str(said["concept"])), lexicon.concept(str(said[relation])))
        return Left(shown, "a concept without 'isa' or 'causes'")
    if "action" not in said:
        return Left(shown, "no 'action'", "{modality: must, action: …}")
    modality = str(said.get("modality", said.get("deontic", "must")))
    modality = {"obliged": "must", "forbidden": "must not", "permitted": "may", "exempt": "need not"}.get(
        modality, modality
    )
    found = parse(f"{modality} {said['action']}", grammar, str(said.get("authority") or authority))
    if isinstance(found, Left):
        return Left(shown, f"modality {modality!r}: {found.why}", found.nearest)
    strength = _number(str(said.get("strength", found.strength)))
    if not 0 < strength <= 1:
        return Left(shown, f"strength {said['strength']!r} is no number above 0 and up to 1")
    return replace(
        found,
        strength=strength,
        agent=lexicon.concept(str(said.get("agent") or "")),
        condition=tuple(sorted({lexicon.concept(c) for c in _several(said.get("condition"))} - {""})),
        exception=tuple(sorted({lexicon.concept(c) for c in _several(said.get("exception"))} - {""})),
    )


def say(norm: Norm, strengths: Mapping[str, float] = STRENGTHS) -> str:
    """A norm in controlled English, such that ``parse(say(norm)) == norm`` for concepts of `words.concept`."""
    exempt = norm.deontic == "permitted" and norm.action.startswith("not ")
    grades: tuple[Grade, ...] = ("may",) if norm.deontic == "permitted" else ("must", "should", "prefer")
    grade = min(grades, key=lambda g: abs(strengths[g] - norm.strength))
    plural = {"must": "must", "should": "should", "prefer": "prefers to", "may": "may"}[grade]
    if norm.deontic == "forbidden":
        plural = {"prefer": "prefers not to"}.get(grade, f"{plural} not")
    if exempt:
        plural = "need not"
    words = [
        f"The {norm.agent}" if norm.agent else "One",
        plural,
        norm.action.removeprefix("not ") if exempt else norm.action,
    ]
    if norm.condition:
        words += ["if", " and ".join(map(_clause_said, norm.condition))]
    if norm.exception:
        words += ["unless", " and ".join(map(_clause_said, norm.exception))]
    if strengths[grade] != norm.strength:
        words.append(f"(strength {norm.strength!r})")
    if norm.authority:
        words.append(f"[{norm.authority}]")
    return " ".join(words) + ("" if norm.authority or strengths[grade] != norm.strength else ".")


def parse_deed(text: str, prompt: str = "", lexicon: Lexicon | None = None) -> tuple[str, str, tuple[str, ...], bool]:
    """(agent, action, facts, omitted) of a probe in controlled English; facts are sorted.

    The agent is the longest known one that the text begins with, or the one word after its article.
    """
    words = lexicon or Lexicon()
    first, *rest = [s for s in re.split(r"(?<=[.!?;])\s+|\n+", text.strip()) if s.strip()] or [""]
    said = plain(first)
    main, *clauses = re.split(r"\b(?:if|when|whenever|while|where|because|after)\b", said)
    if not main.strip() and clauses and "," in clauses[0]:
        clause, _, main = clauses[0].partition(",")
        clauses[0] = clause
    facts = [f for c in (*clauses, *map(plain, rest)) for f in re.split(r",|\band\b", c)]
    facts += [f for s in re.split(r"(?<=[.!?;])\s+|\n+", prompt) for f in re.split(r",|\band\b", plain(s))]
    agent, action = _who_does(main.replace(",", " ").split(), words)
    negated = re.match(r"(?:do|does|did) not\b|never\b|not\b", action)
    if negated:
        action = action[negated.end() :]
    what = words.concept(action)
    omitted = negated is not None
    while _AVOID.match(what):
        what, omitted = words.concept(_AVOID.sub("", what)), not omitted
    if what.startswith("not "):
        what, omitted = what.removeprefix("not "), not omitted
    return agent, what, tuple(sorted({words.concept(f) for f in facts} - {""})), omitted


def _who_does(words: Sequence[str], lexicon: Lexicon) -> tuple[str, str]:
    known = {*_AGENTS, *lexicon.agents}
    article = bool(words) and words[0] in ("the", "a", "an")
    left = list(words[1:] if article else words)
    for n in range(min(LONGEST_AGENT, len(left) - 1), 0, -1):
        who = lexicon.concept(" ".join(left[:n]))
        if who in known or (article and n == 1):
            return who, " ".join(left[n:])
    if left and left[0] in _NOBODY:
        left = left[1:]
    return "", " ".join(left)


def _without_marks(sentence: str) -> tuple[str, float | None, str]:
    strength, authority = None, ""
    while found := _MARKS.search(sentence):
        if found[1]:
            strength = _number(found[1])
        else:
            authority = found[2]
        sentence = sentence[: found.start()]
    return sentence, strength, authority


def _number(said: str) -> float:
    try:
        return float(said)
    except ValueError:
        return math.nan


def _clauses(said: str) -> tuple[str, list[str], list[str]] | str:
    """The main clause, conditions and exceptions; what is wrong with them, where something is."""
    conditions: list[str] = []
    exceptions: list[str] = []
    main = said
    while opened := re.match(rf"({_OPENS})\b\s*(.*)$", main):
        clause, comma, rest = opened[2].partition(",")
        if not comma:
            clause, comma, rest = opened[2].partition(" then ")
        if not comma:
            return "a clause in front needs a comma after it"
        _sort_in(opened[1], clause, conditions, exceptions)
        main = rest.strip().removeprefix("then ").strip()
    first, *others = re.split(rf"\b({_OPENS})\b", main)
    for marker, clause in zip(others[::2], others[1::2], strict=True):
        _sort_in(marker, clause, conditions, exceptions)
    if any(re.search(r"\bor\b", c) for c in (*conditions, *exceptions)):
        return "'or' in a condition: write two sentences"
    if any(not c.replace(",", "").strip() for c in (*conditions, *exceptions)):
        return "a condition without words"
    return first.replace(",", " ").strip(), conditions, exceptions


def _sort_in(marker: str, clause: str, conditions: list[str], exceptions: list[str]) -> None:
    into = exceptions if marker.startswith(_EXCEPT) else conditions
    into += [p.strip() for p in re.split(r",?\s*\band\b|,", clause) if p.strip()] or [""]


def _main(main: str) -> tuple[str, Any, Grade, str] | None:
    """(agent, deontic, grade, action) of a main clause."""
    for pattern, deontic, grade in _OF_ACTION:
        if found := re.fullmatch(rf"it is {pattern} to (.+)", main):
            return "", deontic, grade, found[1]
        if found := re.fullmatch(rf"(.+?) (?:is|are) {pattern}", main):
            return "", deontic, grade, found[1]
    hits = []
    for n, (pattern, deontic, grade) in enumerate(_TABLE):
        if found := re.search(rf"\b{pattern}\b", main):
            hits.append((found.start(), -found.end(), n, deontic, grade))
    if hits:
        start, end, _, deontic, grade = min(hits)
        return main[:start].strip(), deontic, grade, main[-end:].strip()
    if found := re.fullmatch(r"please (.+)", main):
        return "", "obliged", "must", found[1]
    if found := re.fullmatch(r"((?:avoid|refrain from) .+)", main):
        return "", "obliged", "must", found[1]
    return None


def _contrary(deontic: Any) -> Any:
    """What is said of an action by saying ``deontic`` of leaving it undone."""
    return {"obliged": "forbidden", "forbidden": "obliged", "permitted": "exempt", "exempt": "permitted"}[deontic]


def _too_long(action: str, agent: str, clauses: Sequence[str]) -> str:
    if len(action.split()) > LONGEST_ACTION:
        return f"an action of more than {LONGEST_ACTION} words"
    if len(agent.split()) > LONGEST_AGENT:
        return f"an agent of more than {LONGEST_AGENT} words"
    if any(len(c.split()) > LONGEST_CONDITION + 4 for c in clauses):
        return f"a condition of more than {LONGEST_CONDITION} words"
    return ""


def _clause_said(clause: str) -> str:
    return f"{clause.removeprefix('not ')} not" if clause.startswith("not ") else clause


def _several(value: Any) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else [str(v) for v in value]


def _nearest(said: str, grammar: Grammar) -> str:
    """The nearest sentence that would parse: the modal or the concept that is most nearly spelt so."""
    import difflib

    words = said.replace(",", " ").split()[:60]
    modals = ("must", "should", "may", "never", "always", "ought to", "must not", "should not", "need not")
    known = [c for c in sorted(grammar.lexicon.known) if " " not in c]
    for n, word in enumerate(words):
        close = difflib.get_close_matches(word, modals, n=1, cutoff=0.75)
        if close and close[0] != word:
            return " ".join([*words[:n], close[0], *words[n + 1 :]])
    for n, word in enumerate(words[:8]):
        close = difflib.get_close_matches(word, known, n=1, cutoff=0.8) if known else []
        if close:
            who = " ".join(words[:n]) or "the assistant"
            return f"{who} must {' '.join([close[0], *words[n + 1 :]])}"[:120]
    return "AGENT must ACTION if CONDITION unless EXCEPTION"
