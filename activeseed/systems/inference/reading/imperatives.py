"""Imperatives: a clause that begins with a verb in its base form, or with *never*, *always* and *do not*."""

from __future__ import annotations

import re
from collections.abc import Iterator

from activeseed.systems.inference.reading.clauses import NOT_ASSERTED, Clauses
from activeseed.systems.inference.reading.cue import Cue, Passed
from activeseed.systems.inference.reading.subjects import Subject
from activeseed.systems.inference.reading.words import ADVERBS, AFTER_NOUNS, IMPERATIVES, NOUNS_TOO, TO_READERS

_LEAD = re.compile(
    rf"(?:(?:and|but|or|so|then|instead|please|also|however|therefore|thus|finally|first|second|third|next|lastly|"
    rf"otherwise|rule|principle|"
    rf"note|remember|\d{{1,3}}[.)]|[-+*•]|{ADVERBS})\b[\s,:]*)+"
)
_NEGATIVE = re.compile(r"(?:(?:do\s+not|don't|dont)\s+(?:ever\s+)?|never\s+)(?:be\s+)?(?P<next>[a-z'-]+)")
_ALWAYS = re.compile(r"always\s+(?:be\s+)?(?P<next>[a-z'-]+)")
_VERB = re.compile(r"(?P<verb>[a-z]+)(?=[\s.,;:!)]|$)\s*(?P<next>[^\s]*)")
_ASIDE = re.compile(
    r"(?:if|when|whenever|where|wherever|unless|while|before|after|once|until|for|in|on|at|with|without|as|to|"
    r"during|given|because|since|"
    r"although|though|even|rather than|instead of|by|under|within|regardless|despite|except|unlike|like|from|"
    r"through|across|including|regarding|depending|assuming)\b"
)
#: words of praise and blame that speak to a judge of replies
_BLAME = re.compile(
    r"(?:penali[sz]e|deduct|subtract|discourage|flag|reject|discard|"
    r"exclude)\b(?:\s+[-\d.]+\s+points?)?(?:\s+(?:for|from|if|when))?\s*"
)
_TURNS = re.compile(r"(?:avoids?|refrains? from|abstains? from|resists?|refuses? to|declines? to|stops?|ceases?)\b\s*")
#: a label before a colon is no longer than this
_LABEL_WORDS = 8
_FIRST_WORDS_OF_FACTS = re.compile(r"(?:have|has|had|is|are|was|were|did|would|could|will|may|might)\b")


def imperatives(text: str, clauses: Clauses) -> Iterator[Cue | Passed]:
    """The imperatives of a masked sentence."""
    aside = False
    for number, clause in enumerate(clauses.all):
        end = clauses.all[number + 1].breaks if number + 1 < len(clauses.all) else len(text)
        lead = _LEAD.match(text, clause.starts, end)
        at = lead.end() if lead and not re.match(r"(?:never|always)\b", text[clause.starts :]) else clause.starts
        if lead and (word := re.search(r"\b(?:always|never)\s*,?\s*$", lead[0])) and lead.end() < end:
            at = lead.start() + word.start()
        head = clause.opener in ("", ";", "—") or (
            clause.opener == ":" and (number == 1 and len(text[: clause.breaks].split()) <= _LABEL_WORDS)
        )
        if clause.opener in NOT_ASSERTED:
            continue  # what a condition is followed by comes after its comma
        joined = clause.opener in (",", "and", "but", "or", "then", "instead", "so")
        if found := _imperative(
            text, at, len(text), strict=not head and not (clause.opener in (",", "then", "instead") and aside)
        ):
            if head or joined or clause.opener == ":":
                yield found
            aside = False
        elif head or joined:
            # In a sentence that begins with *when …,* the imperative comes after the comma.
            aside = (bool(_ASIDE.match(text, at, end)) and (head or aside)) or (at >= end and (head or aside))
        elif clause.opener:
            aside = aside and clause.opener not in ("that", "which", "who")
        if (
            clause.opener == ""
            and number + 1 < len(clauses.all)
            and clauses.all[number + 1].opener in NOT_ASSERTED
            and at >= end
        ):
            aside = True


def _imperative(text: str, at: int, end: int, strict: bool) -> Cue | Passed | None:
    """The imperative that begins here; ``strict`` takes only those that nothing else can be."""
    rest = text[at : at + 80]
    if TO_READERS.match(rest):
        return None if strict else Passed(at, "to the reader of the document")
    if (m := _NEGATIVE.match(rest)) and not _FIRST_WORDS_OF_FACTS.match(m["next"]):
        if strict and rest.startswith("never") and m["next"] not in IMPERATIVES:
            return None
        return _cue(
            text,
            at,
            at + _after_not(rest),
            "forbidden",
            1.0 if rest.startswith("never") else 0.9,
            "imperative: " + rest.split()[0],
        )
    if (m := _ALWAYS.match(rest)) and not strict and not _FIRST_WORDS_OF_FACTS.match(m["next"]):
        return _cue(text, at, at + m.end() - len(rest[m.start("next") : m.end()]), "obliged", 1.0, "imperative: always")
    m = _VERB.match(rest)
    if not m or m["verb"] not in IMPERATIVES or m["verb"] == "never":
        return None
    following = m["next"].strip(".,;:!)")
    if strict and m["verb"] not in ("avoid", "refrain", "ensure"):
        return None
    if m["verb"] in NOUNS_TOO and (not following or following in AFTER_NOUNS):
        return None
    if following in ("is", "are", "was", "were", "has", "can", "should", "must", "may", "will"):
        return None
    if m["next"][:1] == ":" or rest[m.end("verb") :].startswith(":"):
        return None  # a label
    if blame := _BLAME.match(rest):
        return Cue(at, at + blame.end(), "forbidden", 0.9, Subject("reply"), at, f"imperative: {m['verb']}")
    return _cue(text, at, at, "obliged", 0.9, f"imperative: {m['verb']}")


def _after_not(rest: str) -> int:
    found = re.match(r"(?:do\s+not|don't|dont)\s+(?:ever\s+)?|never\s+", rest)
    return found.end() if found else 0


def _cue(text: str, at: int, ends: int, deontic: str, strength: float, why: str) -> Cue:
    return Cue(at, ends, "forbidden" if deontic == "forbidden" else "obliged", strength, Subject("nobody"), at, why)


def turned(action: str) -> tuple[str, bool]:
    """An action without the verb that turns it round (*avoid*, *refrain from*), and whether there was one."""
    found = _TURNS.match(action.lower())
    if not found or not action[found.end() :].strip():
        return action, False
    return action[found.end() :], True
