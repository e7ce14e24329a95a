"""Who is meant: the model, its replies, the people who act through it; or the authors, the world, the document."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from activeseed.systems.inference.reading.words import ADVERBS, AUTHORS, DOCUMENT, MODELS, PEOPLE, REPLIES, either

Who = Literal["model", "reply", "people", "pronoun", "author", "document", "thing", "nobody"]

_ORDER: tuple[tuple[Who, str], ...] = (
    ("author", either(AUTHORS)),
    ("document", either(DOCUMENT)),
    ("model", either(MODELS)),
    ("people", either(PEOPLE)),
    ("reply", either(REPLIES)),
    ("pronoun", "it|they|he|she|it itself|them|both|neither|either"),
)
_HEADS = [(who, re.compile(rf"(?:^|(?<=[\s\"/-]))(?:{pattern})$")) for who, pattern in _ORDER]
_LEADING = re.compile(
    rf"^(?:(?:and|but|or|so|yet|nor|then|because|since|although|though|while|whereas|that|{ADVERBS}|given this|"
    r"that said|as such|for this reason|example:|we (?:also )?(?:think|believe|feel)(?: that)?)\b[\s,]*)+"
)
_TRAILING = re.compile(rf"(?:[\s,]+(?:{ADVERBS}|themselves|itself|who|too))+$")
# What hangs on a noun comes after it: *users of the assistant* are users.
_HANGS = re.compile(
    r"\s(?:of|for|in|on|with|to|from|about|like|by|as|at|than|within|under|that|who|which|where|whose|using|acting|"
    r"being|without|between|among|other than|given|built|deployed|interacting)\s.*$"
)
_BEGINS_ASIDE = re.compile(
    r"^(?:in|on|at|for|with|without|to|from|by|as|under|within|during|given|like|unlike|because|despite|beyond|"
    r"after|before|if|when|"
    r"where|while|unless|though|although|through|outside|among|regarding|insofar|just|even|including|rather|based|"
    r"\w+ing|then|e\.g\.)\b"
)
_DETERMINED = re.compile(
    r"^(?:the|a|an|this|these|those|each|every|any|all|some|most|many|both|such|no|our|your|its|their|other|"
    r"neither|either)\s+"
)
_OURS = re.compile(r"\b(?:our|its|anthropic's|openai's)\s+(?:\w+\s+)?(?:models?|products?|ais?|assistants?)$")
#: how much of a clause is looked at before a word of norm; what is longer is no subject
LOOK_BACK = 240


@dataclass(frozen=True)
class Subject:
    """Whom a clause speaks of.

    Attributes:
        who: of which sort.
        phrase: its words; empty where none stand there.
        negated: *no one*, *no response*, *neither*: what is said of it is denied.
        name: the noun alone, without what describes it; empty for a thing.
    """

    who: Who
    phrase: str = ""
    negated: bool = False
    name: str = ""


# *In such cases the model*: an aside that no comma parts from the subject.
_AFTER_ASIDE = re.compile(
    rf"(?<!\bof)(?<!\bfor)(?<!\bin)(?<!\bby)(?<!\bto)(?<!\bwith)(?<!\bfrom)\s((?:(?:the|an?|all|"
    rf"most)\s+)(?:{either(MODELS + PEOPLE)})|claude)$"
)


def subject_of(before: str) -> Subject:
    """The subject at the end of what stands before a verb, in small letters; ``nobody`` where there is none."""
    before = before[-LOOK_BACK:]
    for part in reversed(re.split(r"[,;:—]\s*", before)):
        phrase = _TRAILING.sub("", _LEADING.sub("", part.strip())).strip(" ,")
        if phrase and _BEGINS_ASIDE.match(phrase) and not _gerund(phrase):
            phrase = named[1] if (named := _AFTER_ASIDE.search(phrase)) else ""
        if not phrase:
            continue
        return _sorted_out(phrase)
    return Subject("nobody")


def _gerund(phrase: str) -> bool:
    """Whether it is *refusing to help*, which can be a subject, and not *given this*."""
    return bool(re.match(r"[a-z]+ing\b", phrase)) and not phrase.startswith(("including", "regarding", "during"))


def _sorted_out(phrase: str) -> Subject:
    negated = bool(re.match(r"(?:no|none|nobody|neither|nothing)\b", phrase))
    if _OURS.search(phrase):
        return Subject("model", _plain(phrase))
    if _gerund(phrase):
        return Subject("thing", phrase)
    head = _HANGS.sub("", " " + phrase).strip()
    for who, pattern in _HEADS:
        if m := pattern.search(head):
            return Subject(who, _plain(head), negated, _joined(head, m))
    # Of two that are joined the model is meant: *Claude and its operators*.
    for who, pattern in _HEADS[2:3]:
        if " and " in head and any(pattern.search(p.strip()) for p in head.split(" and ")):
            return Subject(who, _plain(head), negated, _plain(head))
    return Subject("thing", phrase, negated)


def _joined(head: str, name: re.Match[str]) -> str:
    """The name, with one that is joined to it: *operators and users*."""
    if negated := re.match(r"no[ -]one\b|nobody\b", head):
        return negated[0]
    plain = _plain(name[0])
    before = re.search(r"(\w+ (?:and|or) )$", head[: name.start()])
    return (before[1] if before else "") + plain


def _plain(phrase: str) -> str:
    """Without its article."""
    if re.match(r"no[ -]one\b", phrase):
        return phrase
    while (cut := _DETERMINED.sub("", phrase)) != phrase and cut:
        phrase = cut
    return phrase


MODEL_NAMES = either(MODELS)
PEOPLE_NAMES = either(PEOPLE)
AUTHOR_NAMES = either((*AUTHORS, "i"))
#: a noun phrase that names a model, as the object of a wish
A_MODEL = (
    r"(?:(?:both|all|any|each|every|these|those|such|other|our|the|an?|future|advanced|most|its|current)\s+){0,3}"
    rf"(?:{MODEL_NAMES}|it|them|you)(?:'s?(?:\s+\w+){{1,3}})?(?:\s+(?:like|such\s+as)\s+(?:{MODEL_NAMES}))?"
)
