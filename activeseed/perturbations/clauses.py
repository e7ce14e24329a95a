"""The order of a main clause and its condition, both ways: *If X, Y* is *Y if X*.

Only where neither clause can be read into the other: nothing is moved past *and*, *or*, *that* or another comma, no
pronoun is moved before what it stands for, and a *because* beside a negation stays where it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from activeseed.perturbations.reading import Edit, Span, listed

_TIES = r"if|when|whenever|unless|because|before|after|while|although"
_BEFORE = re.compile(
    rf"(?P<tie>{_TIES})\s+(?P<x>[^,;:()\n—–?!.\"“]+),\s+(?:then\s+)?(?P<y>[^,;:()\n—–?!.\"“]+)(?P<end>[.!]?)", re.I
)
_AFTER = re.compile(
    r"(?P<y>[^,;:()\n—–?!.\"“]+?)\s+(?P<tie>if|when|whenever|unless)\s+(?P<x>[^,;:()\n—–?!.\"“]+)(?P<end>[.!]?)"
)
#: what a condition behind it could be read into
_OPEN = re.compile(
    r"\b(?:and|or|but|nor|so|that|which|who|whom|whose|where|whether|how|what|why|if|when|unless|because|than|as|only|even|"
    r"ask\w*|know\w*|tell\w*|say\w*|think\w*|believe\w*|check\w*|see\w*|wonder\w*|decid\w+|determin\w+|consider\w*|"
    r"verif\w+|confirm\w*|sure|unsure|certain|clear|care\w*|matter\w*|mind\w*|before|after|until|while|although|to)\b",
    re.I,
)
_STANDS_FOR = re.compile(
    r"\b(?:it|they|them|their|theirs|he|him|his|she|her|hers|its|this|that|these|those|such|one|ones|so)\b", re.I
)
#: a noun that a clause with *when* describes, and verbs that need what follows them
_WANTS_MORE = re.compile(
    r"(?:^there\b.*|\b(?:times?|cases?|situations?|moments?|days?|years?|points?|instances?|occasions?|periods?|contexts?|"
    r"conditions?|examples?|questions?|like|love|hate|enjoy|dislike|prefer|remember|is|are|was|were|be|do|does|did|of|on|"
    r"in|at|for|with|from|by|about))$",
    re.I,
)
_DENIES = re.compile(r"\b(?:not|no|never|cannot|without)\b|n['’]t\b", re.I)
_TIED = re.compile(rf"\b(?:{_TIES}|then|otherwise|since)\b", re.I)
#: sentences whose first word loses its capital when it is no longer the first
_PLAIN = listed(
    "the a an you we they it this that these those there people users humans everyone someone anyone nobody never "
    "always do don't don’t please avoid ask tell say answer refuse decline help explain stop be give make keep "
    "use provide let models assistants my your our their his her no all every each some most any respond reply "
    "follow report"
)
#: words of one clause, at the most
_LONGEST = 25


def reordered(text: str, sentence: Span) -> Iterator[Edit]:
    """The sentence with its two clauses the other way round, where that says the same."""
    said = text[slice(*sentence)]
    new = _main_first(said) or _condition_first(said)
    if new:
        yield Edit(*sentence, new)


def _main_first(said: str) -> str:
    found = _BEFORE.fullmatch(said)
    if not found or not said[0].isupper():
        return ""
    tie, x, y = found["tie"].lower(), found["x"].strip(), found["y"].strip()
    if _unmovable(tie, x, y) or _STANDS_FOR.search(y) or not (y[0].islower() or y.startswith("I ")):
        return ""
    return f"{y[0].upper()}{y[1:]} {tie} {x}{found['end']}"


def _condition_first(said: str) -> str:
    found = _AFTER.fullmatch(said)
    if not found:
        return ""
    tie, x, y = found["tie"], found["x"].strip(), found["y"].strip()
    first = y.split()[0]
    plain = first.lower() in _PLAIN
    if _unmovable(tie, x, y) or _STANDS_FOR.search(x) or not (plain or first in ("I", "I'm", "I’m")):
        return ""
    main = y[0].lower() + y[1:] if plain else y
    return f"{tie.capitalize()} {x}, {main}{found['end']}"


def _unmovable(tie: str, x: str, y: str) -> bool:
    if max(len(x.split()), len(y.split())) > _LONGEST or min(len(x.split()), len(y.split())) < 2 - (tie == "if"):
        return True
    if _OPEN.search(y) or _TIED.search(x) or _WANTS_MORE.search(y):
        return True
    return tie in ("because", "while", "although") and bool(_DENIES.search(y))
