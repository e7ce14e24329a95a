"""A word of norm, what it says, and what all rules about one share: negation, strength, who is bound."""

from __future__ import annotations

import re
from dataclasses import dataclass

from activeseed.systems.inference.norms import Deontic
from activeseed.systems.inference.reading.subjects import Subject, Who
from activeseed.systems.inference.reading.words import ADVERBS, NEGATIONS


@dataclass(frozen=True)
class Cue:
    """A word of norm and what it says.

    Attributes:
        at: where it begins.
        ends: where the action begins.
        deontic, strength: as in `Norm`.
        subject: whom it binds.
        starts: where the subject begins.
        why: by what it was found.
        keeps: the action needs the subject to be understood: *defaults should be safe*.
    """

    at: int
    ends: int
    deontic: Deontic
    strength: float
    subject: Subject
    starts: int
    why: str
    keeps: bool = False


@dataclass(frozen=True)
class Passed:
    """A word of norm that holds none, and why."""

    at: int
    why: str


#: who can be bound by a norm, where a word of norm needs somebody
BOUND: frozenset[Who] = frozenset(("model", "reply", "people", "pronoun", "nobody"))

LY = r"(?!(?:apply|rely|reply|comply|supply|multiply|imply|fly)\b)[a-z]+ly"


BETWEEN = rf"(?P<between>(?:[\s,]+(?:{NEGATIONS}|{ADVERBS}|{LY})(?=[\s,]))*)\s*"


SPACED = BETWEEN.replace("?P<between>", "?:")


NEGATED = re.compile(
    r"\b(?:never|no longer|rarely|seldom|hardly|under no circumstances|in no case|"
    r"not(?!\s+(?:only|just|merely|simply|necessarily|always|solely|automatically|entirely)\b))\b"
)


_WEAKER = re.compile(
    r"\b(?:generally|typically|usually|normally|by default|often|sometimes|ideally|probably|perhaps|where possible|"
    r"in general|rarely)\b"
)


_FULL = re.compile(r"\b(?:under no circumstances|in any circumstances?|regardless|absolutely|no exceptions?|never)\b")


FORBIDDING = frozenset(
    [
        "unacceptable",
        "impermissible",
        "forbidden",
        "prohibited",
        "disallowed",
        "inappropriate",
        "wrong",
        "discouraged",
        "barred",
    ]
) | {"off limits", "off-limits", "out of bounds"}


ALLOWING = frozenset(
    [
        "tolerated",
        "accepted",
        "acceptable",
        "okay",
        "ok",
        "fine",
        "permissible",
        "permitted",
        "allowed",
        "legitimate",
        "reasonable",
        "free",
        "welcome",
        "entitled",
        "authorized",
        "authorised",
        "alright",
    ]
) | {"all right"}


def named_object(phrase: str) -> Subject:
    """A model as the object of a wish or a valuation."""
    name = re.sub(
        r"^(?:(?:both|all|any|each|every|the|an?|our|its|most)\s+)+|'s?(?:\s.*)?$|\s+(?:like|such as)\s.*$", "", phrase
    )
    return Subject("model", phrase, name=name)


def strength_of(base: float, around: str) -> float:
    """A strength, raised by words that leave no way out and lowered by *generally* and its like."""
    if _FULL.search(around):
        return max(base, 1.0)
    return round(base * 0.75, 3) if _WEAKER.search(around) else base


def nobody_bound(subject: Subject, last: Who, at: int) -> Passed | None:
    """Why nobody is bound who could be."""
    who = last if subject.who == "pronoun" and last in ("author", "document") else subject.who
    if who == "author":
        return Passed(at, f"about somebody else: {subject.phrase or 'we'}")
    return Passed(at, "about the document") if who == "document" else None


def meant(subject: Subject, last: Who) -> Who:
    """Whom a pronoun means."""
    return last if subject.who == "pronoun" and last != "nobody" else subject.who


def turned_round(deontic: Deontic, negated: bool) -> Deontic:
    """The contrary of a norm, where it is denied."""
    if not negated:
        return deontic
    return "obliged" if deontic == "forbidden" else "forbidden"


def bare(subject: Subject) -> bool:
    """Whether the subject is a name and no more: *things Claude can do* allows nothing."""
    return len(subject.phrase.split()) <= 3 and not re.search(
        r"\b(?:things?|ways?|steps?|much|many|of)\b", subject.phrase
    )
