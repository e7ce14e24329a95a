"""Where a sentence holds a norm: verbs of norm, attitudes, wishes, valuations and duties, with who is meant."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from activeseed.systems.inference.norms import Deontic
from activeseed.systems.inference.reading.clauses import RELATIVE, Clauses
from activeseed.systems.inference.reading.subjects import A_MODEL, AUTHOR_NAMES, MODEL_NAMES, PEOPLE_NAMES, Subject, Who
from activeseed.systems.inference.reading.words import (
    ADVERBS,
    ATTITUDES,
    FACTS,
    HAPPENS,
    LEAVE_OF_PEOPLE,
    NEGATIONS,
    NOT_DONE,
    TRAITS,
)


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


_LY = r"(?!(?:apply|rely|reply|comply|supply|multiply|imply|fly)\b)[a-z]+ly"
_BETWEEN = rf"(?P<between>(?:[\s,]+(?:{NEGATIONS}|{ADVERBS}|{_LY})(?=[\s,]))*)\s*"
_SPACED = _BETWEEN.replace("?P<between>", "?:")
_NEGATED = re.compile(
    r"\b(?:never|no longer|rarely|seldom|hardly|under no circumstances|in no case|"
    r"not(?!\s+(?:only|just|merely|simply|necessarily|always|solely|automatically|entirely)\b))\b"
)
_WEAKER = re.compile(r"\b(?:generally|typically|usually|normally|by default|often|sometimes|ideally|probably|perhaps|where possible|in general|rarely)\b")
_FULL = re.compile(r"\b(?:under no circumstances|in any circumstances?|regardless|absolutely|no exceptions?|never)\b")
_WORD = re.compile(r"[a-z'-]+")

#: who can be bound by a norm, where a word of norm needs somebody
_BOUND: frozenset[Who] = frozenset(("model", "reply", "people", "pronoun", "nobody"))
_MODEL_ONLY: frozenset[Who] = frozenset(("model", "reply", "nobody"))

_MODAL = re.compile(rf"\b(?P<verb>must|shall|shalt|should|ought)(?P<n>n't|nt)?\b{_BETWEEN}(?:to\s+)?(?P<next>[a-z'-]+)?")
_SUPPOSED = re.compile(r"(?:have\s+(?:been|[a-z]+ed)\b|come as (?:no|a) surprise|be (?:clear|noted|obvious|interpreted|read as|understood (?:as|that)|seen as))")
_HAVE_TO = re.compile(
    rf"\b(?:(?P<no>(?:does|do|did)(?:n't|\s+not))\s+(?:\w+ly\s+)?(?:need|have)\s+to|(?P<not>need\s+not|needn't)|(?:has|have|needs|need)\s+to)\b{_BETWEEN}"
)
_MAY = re.compile(rf"\b(?P<verb>cannot|can't|may|can(?!'))(?:\s+(?P<also>(?:also|always|still|even|instead|then|generally)\s+))?\b{_BETWEEN}(?P<next>[a-z'-]+)")
_IS_BOUND = re.compile(
    rf"\b(?:is|are|be|being)\b{_BETWEEN}(?P<word>required|expected|supposed|obliged|obligated|encouraged|urged|advised|discouraged|allowed|permitted|"
    r"free|welcome|entitled|authorized|authorised|forbidden|prohibited|barred|responsible|asked)\s+(?P<not>not\s+)?(?:to|from|for)\s+"
)
_IS_TO = re.compile(rf"\b(?:is|are)(?P<between>(?:\s+(?:not|never|always|also))*)\s+to\s+(?!(?:be\s+)?(?:\w+ed\s+)?(?:by|the|a)\b)(?=[a-z])")
_ATTITUDE = re.compile(rf"\b(?:(?P<no>(?:does|do)(?:n't|\s+not))\b{_SPACED}(?P<verb>[a-z]+)|(?:is|am|are)\b{_SPACED}(?P<trait>{TRAITS})|(?P<attitude>{ATTITUDES}))\b")
_ADVERB = re.compile(r"\b(?P<word>never|always|only)\s+(?P<next>[a-z]+)")
_WILL = re.compile(r"\b(?P<verb>will|is|are|wo)(?:(?:\s+(?P<word>never|always|not)|(?P<nt>n't))|(?<=will))\s+(?:(?!apply|rely|reply|comply)[a-z]+ly\s+)?(?P<next>[a-z]+)")
_WISH = re.compile(
    rf"\b(?P<who>{AUTHOR_NAMES}|(?:our|the|anthropic's|openai's)\s+(?:\w+\s+)?(?:aim|goal|hope|intention|wish|preference|expectation|desire|aspiration)\s+is)\b"
    rf"(?P<no>\s+(?:do|does|would|did)(?:n't|\s+not))?{_SPACED}"
    r"(?P<verb>(?:'d|would)\s+(?:also\s+|rather\s+|generally\s+|strongly\s+|much\s+)?(?:like|want|prefer|rather|hope|love|expect)|wants?|hopes?|expects?|prefers?|asks?|encourages?|"
    r"intends?|requires?|trusts?|needs?|urges?|wish(?:es)?|aims?|rely|relies)?"
    rf"\s+(?:(?:for|that|on|also|generally|is)\s+){{0,2}}(?P<model>{A_MODEL})\s+(?:(?:\w+ly|also|all|both|always|in turn)\s+)?"
    rf"(?P<to>not\s+to|never\s+to|to|will|can|would|should|does\s+not|doesn't|never|always)\b{_BETWEEN}"
)
_VALUED = re.compile(
    rf"\b(?:it|that|this)(?P<n>\s+(?:is|would\s+be|will\s+be|can\s+be|may\s+be|seems|remains|becomes)(?:n't)?|'s){_BETWEEN}(?:just\s+as\s+|as\s+)?"
    r"(?P<word>fine|ok|okay|acceptable|permissible|legitimate|reasonable|appropriate|all\s+right|alright|"
    r"important|essential|crucial|critical|vital|imperative|necessary|best|better|preferable|paramount|wise|good|"
    r"unacceptable|inappropriate|impermissible|wrong|forbidden|prohibited|up)"
    rf"(?:\s+to\s+us|\s+practice|\s+enough)?,?\s+(?:for\s+(?P<for>{A_MODEL}|[\w ]{{1,30}}?)\s+)?(?P<to>not\s+to|to|that|if|when)\s+(?P<rest>(?:[\w'-]+\s+)?[\w'-]+)"
)
_MENTIONS = re.compile(
    r"(?:note|point|emphasi[sz]e|highlight|mention)\b|(?:remember|recogni[sz]e|understand|acknowledge|say|see|wonder|think|imagine|ask|know|clarify|explain)\s+(?:that|how|why|what|whether)\b"
)
_IS_VALUED = re.compile(
    rf"\b(?P<verb>is|are|be)(?P<n>n't)?{_BETWEEN}(?:an?\s+)?(?P<word>acceptable|okay|ok|fine|permissible|permitted|allowed|justified|justifiable|appropriate|safe|negotiable|"
    r"an\s+option|an?\s+excuse|excuse|tolerated|accepted|unacceptable|impermissible|forbidden|prohibited|disallowed|off[ -]limits|inappropriate|out\s+of\s+bounds|required|mandatory|preferred|preferable|discouraged|\"x+\")"
    r"(?=[\s.,;:!)]|$)"
)
_FORBIDDING = frozenset("unacceptable impermissible forbidden prohibited disallowed inappropriate wrong discouraged barred".split()) | {"off limits", "off-limits", "out of bounds"}
_ALLOWING = frozenset("tolerated accepted acceptable okay ok fine permissible permitted allowed legitimate reasonable free welcome entitled authorized authorised alright".split()) | {"all right"}
_RULES = re.compile(
    rf"\b(?:principles?|rules?|norms?|guidelines?|constraints?|polic(?:y|ies)|values|standards|honesty|constitution|section)\b(?P<n>[^.;:,]{{0,90}}?)\b(?P<no>(?:does|do)(?:n't|\s+not)\s+)?"
    r"(?P<word>forbids?|prohibits?|rules?\s+out|requires?|allows?|permits?|demands?|disallows?|restricts?|preclude[s]?)\s+"
)
_DUTY = re.compile(
    r"\b(?:(?:has|have|bears?|is\s+under)\s+(?P<no>no\s+)?(?:(?:an?|the|no|strong|weak|special|basic|only|same|wide|broad|default|first|primary|particular|specific|further|and|general|clear|\w+er|\w+ive)\s+){0,4}"
    r"(?P<duty>duty|duties|obligation|obligations|responsibility|right|rights|permission|discretion|latitude|license|leave|authority)\s+(?P<not>not\s+)?(?:to|of|for|against)\s+)"
)
_AIM = re.compile(
    rf"\b(?:(?:{MODEL_NAMES})'s?|its|their|your)\s+(?:\w+[\s,]+){{0,3}}?(?P<aim>priority|goal|duty|job|role|task|intention|aim|responsibility|default|objective|focus|approach|first step|concern)\s+"
    rf"(?:is|are|remains)\b{_BETWEEN}to\s+"
)
_NO_NEED = re.compile(r"\bthere(?:'s|\s+is)\s+no\s+(?:need|reason|obligation)\s+(?:for\s+[\w ]{1,30}?\s+)?to\s+")
_UP_TO = re.compile(rf"\b(?:is|are)\s+up\s+to\s+(?:the\s+)?(?P<model>{MODEL_NAMES}|{PEOPLE_NAMES})\s+to\s+")
_FIRST = re.compile(rf"\b(?:takes?|has|have|should\s+take)\s+(?:precedence|priority)\s+over\s+")
_UNEASY = re.compile(
    rf"\b(?:(?:uncomfortable|unhappy|dissatisfied|upset)\s+(?:if|when|with|to\s+see|seeing)|(?:not|n't)\s+want(?:\s+to\s+see)?)\s+(?P<model>{A_MODEL})\s+(?!to\b)"
)
_RUBRIC = re.compile(
    r"^(?:(?:the|this|each|every|an?|any|model's|assistant's|final|ai's|good|ideal|best|better|correct|helpful|great|excellent|acceptable|bad|poor|weak|worse|wrong|failing)\s+){0,3}"
    r"(?P<reply>response|answer|reply|output|completion|summary|essay|explanation|solution|submission)s?\s+(?:also\s+|only\s+|clearly\s+|explicitly\s+|correctly\s+|\w+ly\s+)?"
    r"(?P<verb>(?:does|do)(?:n't|\s+not)\s+[a-z]+|fails?\s+to|(?:would|will)\s+(?:not\s+)?[a-z]+|(?!(?:was|has|this|its|is\s+marked|is\s+shown)\b)[a-z]+s)\b"
)


_BAD = re.compile(r"\b(?:bad|poor|weak|worse|wrong|failing)\b")
_POINTS = re.compile(r"^(?P<sign>[-−–+]?)\s?\d+(?:\.\d+)?\s?(?:points?|pts?|p)\b\s*[:,—]?\s*(?:if|for|when|where|to)\s+")
_NOTHING_WRONG = re.compile(r"\bthere(?:'s|\s+is)\s+nothing\s+wrong\s+(?:with|in)\s+")


def cues(text: str, clauses: Clauses, last: Who) -> Iterator[Cue | Passed]:
    """Every word of norm in a masked sentence, whether it holds one or not, in no order.

    Args:
        last: whom the sentence before spoke of, for *it* and *they*.
    """
    for find in (_modals, _have_to, _may, _bound, _is_to, _attitudes, _adverbs, _wishes, _valued, _is_valued, _rules, _duties, _others, _rubric):
        yield from find(text, clauses, last)


def _object(phrase: str) -> Subject:
    """A model as the object of a wish or a valuation."""
    name = re.sub(r"^(?:(?:both|all|any|each|every|the|an?|our|its|most)\s+)+|'s?(?:\s.*)?$|\s+(?:like|such as)\s.*$", "", phrase)
    return Subject("model", phrase, name=name)


def _strength(base: float, around: str) -> float:
    if _FULL.search(around):
        return max(base, 1.0)
    return round(base * 0.75, 3) if _WEAKER.search(around) else base


def _outside(subject: Subject, last: Who, at: int) -> Passed | None:
    """Why nobody is bound who could be."""
    who = last if subject.who == "pronoun" and last in ("author", "document") else subject.who
    if who == "author":
        return Passed(at, f"about somebody else: {subject.phrase or 'we'}")
    return Passed(at, "about the document") if who == "document" else None


def _bound_one(subject: Subject, last: Who) -> Who:
    """Whom a pronoun means."""
    return last if subject.who == "pronoun" and last != "nobody" else subject.who


def _turned(deontic: Deontic, negated: bool) -> Deontic:
    if not negated:
        return deontic
    return "obliged" if deontic == "forbidden" else "forbidden"


def _modals(text: str, clauses: Clauses, last: Who) -> Iterator[Cue | Passed]:
    for m in _MODAL.finditer(text):
        at, verb = m.start(), m["verb"]
        subject, starts = clauses.subject(at)
        if inverted := _inverted(text, m.start(), m.end()):
            yield inverted
            continue
        following = text[m.end("between") : m.end("between") + 80].lstrip()
        if not clauses.asserted(at):
            yield Passed(at, f"only in a condition or a question: {verb}")
        elif subject.who == "nobody" and at == clauses.around(at).starts and re.match(rf"(?:the|an?|any|this|{MODEL_NAMES}|{PEOPLE_NAMES}|it|they|we|i)\b", following):
            yield Passed(at, "a condition: should")
        elif outside := _outside(subject, last, at):
            yield outside
        elif _SUPPOSED.match(following) and subject.who in ("thing", "pronoun", "nobody"):
            yield Passed(at, "a supposition")
        elif clauses.around(at).opener in ("who", "whose") and at > clauses.around(at).starts:
            yield Passed(at, "only in a description of something")
        else:
            negated = bool(m["n"]) or bool(_NEGATED.search(m["between"]))
            base = 1.0 if verb in ("must", "shall", "shalt") else 0.8
            ends = m.start("next") if m["next"] else m.end()
            deontic = _turned("obliged", negated != subject.negated)
            why = f"modal verb: {verb}"
            yield Cue(at, ends, deontic, _strength(base, m["between"]), subject, starts, why, keeps=subject.who in ("thing", "reply"))


_NEVER_BEFORE = re.compile(r"(?:under no circumstances?|in no (?:case|circumstances?)|at no (?:point|time)|on no account|never|nor)\s*,?\s*$")
_WHO_AFTER = re.compile(rf"\s+(?:(?:the|an?|any|our)\s+)?(?P<name>{MODEL_NAMES}|{PEOPLE_NAMES}|it|they)\s+")


def _inverted(text: str, at: int, ends: int) -> Cue | None:
    """*Under no circumstances should the model …*: the subject comes after the verb, and what is said is denied."""
    modal = re.match(r"[a-z]+", text[at : at + 12])
    if not modal or not _NEVER_BEFORE.search(text[max(0, at - 30) : at]):
        return None
    after = at + modal.end()
    who = _WHO_AFTER.match(text, after, after + 80)
    if not who:
        return None
    return Cue(at, who.end(), "forbidden", 1.0, Subject("model", who["name"], name=who["name"]), at, f"modal verb: {modal[0]}, denied")


def _have_to(text: str, clauses: Clauses, last: Who) -> Iterator[Cue | Passed]:
    for m in _HAVE_TO.finditer(text):
        at = m.start()
        subject, starts = clauses.subject(at)
        if outside := _outside(subject, last, at):
            yield outside
        elif not clauses.asserted(at) or clauses.around(at).opener in RELATIVE:
            yield Passed(at, "only in a condition or a question: have to")
        elif _bound_one(subject, last) in ("model", "reply") or (subject.phrase == "you"):
            free = bool(m["no"] or m["not"])
            yield Cue(at, m.end(), "permitted" if free else "obliged", 0.5 if free else _strength(0.9, m["between"]),
                      subject, starts, "need not" if free else "need to")  # fmt: skip
        else:
            yield Passed(at, "a need that binds nobody here")


def _may(text: str, clauses: Clauses, last: Who) -> Iterator[Cue | Passed]:
    for m in _MAY.finditer(text):
        at, verb, doing = m.start(), m["verb"], m["next"]
        subject, starts = clauses.subject(at)
        if inverted := _inverted(text, at, m.end("verb")):
            yield inverted
            continue
        who, opener = _bound_one(subject, last), clauses.around(at).opener
        negated = (verb in ("cannot", "can't") or bool(_NEGATED.search(m["between"]))) != subject.negated
        if outside := _outside(subject, last, at):
            yield outside
            continue
        only = bool(re.search(r"\bonly\b", m["between"]))
        done_to = re.match(r"be\s+(?:\w+ly\s+)?(\w+(?:ed|en|down|off|on))\b", text[m.start("next") : m.start("next") + 60])
        if not clauses.asserted(at) or opener in RELATIVE:
            yield Passed(at, f"what may be, and not what is allowed: {verb}")
        elif subject.who in ("thing", "reply") and done_to and (only or (negated and done_to[1] in _CHANGED)):
            yield Cue(at, m.start("next"), "permitted" if only and not negated else "forbidden", 0.9 if negated or only else 0.5, subject, starts, f"modal verb: {verb}", keeps=True)
        elif who == "model" and not negated and doing not in HAPPENS | FACTS and not done_to and _bare(subject):
            yield Cue(at, m.start("next"), "permitted", 0.5, subject, starts, f"modal verb: {verb}")
        elif who == "model" and verb == "may" and negated and doing not in HAPPENS | FACTS and not done_to:
            yield Cue(at, m.start("next"), "forbidden", 0.9, subject, starts, "modal verb: may not")
        elif who == "people" and verb == "may" and negated and doing not in HAPPENS | FACTS | NOT_DONE and not done_to:
            yield Cue(at, m.start("next"), "forbidden", 0.9, subject, starts, "modal verb: may not")
        elif who == "people" and doing in LEAVE_OF_PEOPLE and (_bare(subject) or subject.negated):
            yield Cue(at, m.start("next"), "forbidden" if negated else "permitted", 0.9 if negated else 0.5, subject, starts, f"modal verb: {verb}")
        else:
            yield Passed(at, f"what may be, and not what is allowed: {verb}")


_CHANGED = frozenset("overridden override changed adjusted unlocked waived modified bypassed disabled removed turned produced generated shared disclosed revealed used given created".split())


def _bare(subject: Subject) -> bool:
    """Whether the subject is a name and no more: *things Claude can do* allows nothing."""
    return len(subject.phrase.split()) <= 3 and not re.search(r"\b(?:things?|ways?|steps?|much|many|of)\b", subject.phrase)


def _bound(text: str, clauses: Clauses, last: Who) -> Iterator[Cue | Passed]:
    for m in _IS_BOUND.finditer(text):
        at, word = m.start(), m["word"]
        subject, starts = clauses.subject(at)
        if outside := _outside(subject, last, at):
            yield outside
        elif not clauses.asserted(at) or clauses.around(at).opener in RELATIVE or word == "asked":
            yield Passed(at, f"only in a condition or of somebody: {word}")
        elif subject.who in _BOUND and not (word == "responsible" and _bound_one(subject, last) != "model"):
            negated = bool(_NEGATED.search(m["between"]))
            if word in _FORBIDDING:
                deontic: Deontic = "permitted" if negated else "forbidden"
            elif word in _ALLOWING:
                deontic = "forbidden" if negated else "permitted"
            else:
                deontic = "permitted" if negated else "obliged"
            if m["not"]:
                deontic = _turned(deontic, True)
            yield Cue(at, m.end(), deontic, 0.6 if word in ("encouraged", "urged", "advised", "discouraged") else 0.5 if deontic == "permitted" else 0.9,
                      subject, starts, f"said of somebody: {word}")  # fmt: skip


def _is_to(text: str, clauses: Clauses, last: Who) -> Iterator[Cue | Passed]:
    for m in _IS_TO.finditer(text):
        subject, starts = clauses.subject(m.start())
        if subject.who == "model" and _bare(subject) and clauses.around(m.start()).opener in ("", ",", ";", "and", "but", ":", "—"):
            negated = bool(_NEGATED.search(m["between"]))
            yield Cue(m.start(), m.end(), _turned("obliged", negated), 0.9, subject, starts, "is to")


def _before(text: str, clauses: Clauses, at: int, subject: Subject) -> str:
    """What stands in the clause before this position, where that ends with the subject and an adverb or two."""
    own = text[max(clauses.around(at).starts, at - 300) : at].strip()
    return own if re.search(rf"(?:{re.escape(subject.phrase)})(?:\s+(?:{ADVERBS}|{_LY}))*$", own) else ""


def _attitudes(text: str, clauses: Clauses, last: Who) -> Iterator[Cue | Passed]:
    for m in _ATTITUDE.finditer(text):
        at = m.start()
        subject, starts = clauses.subject(at)
        who, opener = _bound_one(subject, last), clauses.around(at).opener
        own = _before(text, clauses, at, subject)
        if who != "model" or not _bare(subject) or not own or opener in RELATIVE or not clauses.asserted(at):
            continue
        if m["trait"] and _NEGATED.search(m[0]):
            yield Passed(at, "a fact, and no rule: is not")
        elif m["no"]:
            if m["verb"] in FACTS:
                yield Passed(at, "a fact, and no rule: does not")
            else:
                yield Cue(at, m.start("verb"), "forbidden", 0.7, subject, starts, "what the model does not do")
        else:
            said = m["attitude"] or m["trait"]
            ends = m.end() if re.match(r"(?:tries|try|aims?|seeks?|strives?|prefers?|wants)\b", said) else at
            rest = re.match(r"\s+(not\s+)?to\s+(not\s+)?", text[ends : ends + 20])
            negated = bool(rest and (rest[1] or rest[2]))
            yield Cue(at, ends + (rest.end() if rest else 0), _turned("obliged", negated), _strength(0.6, own), subject, starts, f"what the model does: {said}")


def _adverbs(text: str, clauses: Clauses, last: Who) -> Iterator[Cue | Passed]:
    for m in _ADVERB.finditer(text):
        at = m.start()
        subject, starts = clauses.subject(at)
        own = _before(text, clauses, at, subject)
        if _bound_one(subject, last) != "model" or not own or not _bare(subject) or not clauses.asserted(at) or clauses.around(at).opener in RELATIVE:
            continue
        if re.search(r"\b(?:is|are|will|does|do|has|have)$", own) or re.fullmatch(r"(?:be|been|had|was|has|have|is|are|had)", m["next"]):
            continue
        yield Cue(at, m.start("next"), "forbidden" if m["word"] == "never" else "obliged", 1.0 if m["word"] != "only" else 0.8, subject, starts, f"said of the model: {m['word']}")
    for m in _WILL.finditer(text):
        subject, starts = clauses.subject(m.start())
        promised = subject.name in ("i", "you")
        if not clauses.asserted(m.start()) or clauses.around(m.start()).opener in RELATIVE or not _bare(subject):
            continue
        if (_bound_one(subject, last) != "model" and not promised) or (not m["word"] and not promised) or m["next"] in (FACTS if promised else HAPPENS | FACTS):
            continue
        if m["word"] not in ("never", "always", "") and m["verb"] != "will":
            continue  # *is not* is a fact
        denied = (m["word"] or "") in ("not", "never", "n't")
        yield Cue(m.start(), m.start("next"), "forbidden" if denied else "obliged", 0.9 if m["word"] != "never" else 1.0, subject, starts, f"said of the model: will {m['word'] or ''}".rstrip())


def _wishes(text: str, clauses: Clauses, last: Who) -> Iterator[Cue | Passed]:
    for m in _WISH.finditer(text):
        if not m["verb"] and not m["who"].endswith(" is"):
            continue
        at = m.start()
        if not clauses.asserted(at) and not re.search(r"\bwhat\s*$", text[max(0, at - 12) : at]):
            yield Passed(at, "only in a condition or a question: a wish")
            continue
        negated = bool(m["no"]) != bool(_NEGATED.search(m["to"].replace("doesn't", "not"))) or bool(_NEGATED.search(m["between"]))
        subject = _object(m["model"])
        verb = re.sub(r".*\s", "", m["verb"] or "aim")
        yield Cue(at, m.end(), _turned("obliged", negated), 0.5 if verb.startswith("hope") else 0.7, subject, clauses.around(at).starts, f"a wish of the authors: {verb}")


def _valued(text: str, clauses: Clauses, last: Who) -> Iterator[Cue | Passed]:
    for m in _VALUED.finditer(text):
        at, word = m.start(), m["word"]
        whom = m["for"] or ("" if m["to"] in ("to", "not to") else m["rest"].split()[0])
        if not clauses.asserted(at):
            yield Passed(at, f"only in a condition or a question: {word}")
        elif re.fullmatch(rf"(?:us|{AUTHOR_NAMES})", whom):
            yield Passed(at, f"about somebody else: {whom}")
        elif word == "up" and not m["for"]:
            continue
        elif m["to"] in ("to", "not to") and _MENTIONS.match(m["rest"]):
            yield Passed(at, "a remark to the reader")
        elif m["to"] == "that" and not re.match(rf"(?:\w+\s+)?{A_MODEL}\b", m["rest"]):
            yield Passed(at, f"a valuation that binds nobody here: {word}")
        elif m["to"] == "if" and word not in _ALLOWING | {"better", "best", "unacceptable"}:
            yield Passed(at, f"a valuation that binds nobody here: {word}")
        else:
            negated = bool(_NEGATED.search(m["between"])) or "n't" in m["n"]
            if word in _ALLOWING or word == "appropriate":
                deontic: Deontic = "forbidden" if negated else "permitted"
            elif word in _FORBIDDING:
                deontic = "permitted" if negated else "forbidden"
            else:
                deontic = "permitted" if negated else "obliged"
            if m["to"] == "not to":
                deontic = _turned(deontic, True)
            subject = _object(m["for"]) if m["for"] else Subject("nobody")
            ends = m.start("rest")
            if m["to"] == "that" and (head := re.match(rf"(?:\w+ly\s+)?({A_MODEL})\s+(?=\S)", text[ends : ends + 120])):
                subject, ends = _object(head[1]), ends + head.end()
            yield Cue(at, ends, deontic, 0.5 if deontic == "permitted" else 0.7, subject, at, f"a valuation: {word}")


def _is_valued(text: str, clauses: Clauses, last: Who) -> Iterator[Cue | Passed]:
    for m in _IS_VALUED.finditer(text):
        at, word = m.start(), re.sub(r"^an?\s+", "", m["word"])
        negated = bool(m["n"]) or bool(_NEGATED.search(m["between"]))
        if m["verb"] == "be":
            negated = negated or bool(_NEGATED.search(text[max(0, at - 15) : at]))
        subject, starts = clauses.subject(at)
        if m["verb"] == "be" and not re.search(r"\b(?:would|will|to)\s*(?:not|never|also|\s)*$", text[max(0, at - 25) : at]):
            continue
        if re.search(r"\bto\s*$", text[max(0, at - 4) : at]) or re.match(r"\s+(?:to|from|for)\s", text[m.end() : m.end() + 12]) and subject.who in _BOUND and word in _ALLOWING | _FORBIDDING | {"required"}:
            continue
        if outside := _outside(subject, last, at):
            yield outside
        elif not clauses.asserted(at) or clauses.around(at).opener in RELATIVE or subject.who in ("nobody",):
            yield Passed(at, f"only in a condition or a question: {word}")
        elif word in ("okay", "ok", "fine", "safe", "appropriate", "justified", "justifiable", "negotiable", "excuse", "option") or word.startswith('"'):
            if negated and not (word.startswith('"') and "never" not in m["between"]):
                yield Cue(at, m.end(), "forbidden", _strength(0.8, m["between"]), subject, starts, f"a valuation: not {word.strip(chr(34))[:12]}", keeps=True)
            else:
                yield Passed(at, "a valuation that binds nobody here")
        elif word in _FORBIDDING:
            yield Cue(at, m.end(), "permitted" if negated else "forbidden", 0.5 if negated else 1.0, subject, starts, f"a valuation: {word}", keeps=True)
        elif word in _ALLOWING:
            yield Cue(at, m.end(), "forbidden" if negated else "permitted", 0.9 if negated else 0.5, subject, starts, f"a valuation: {word}", keeps=True)
        else:
            yield Cue(at, m.end(), "permitted" if negated else "obliged", 0.5 if negated else 0.9, subject, starts, f"a valuation: {word}", keeps=True)


def _rules(text: str, clauses: Clauses, last: Who) -> Iterator[Cue | Passed]:
    for m in _RULES.finditer(text):
        at = m.start()
        if not clauses.asserted(at):
            continue
        word = m["word"].split()[0]
        if word.startswith(("forbid", "prohibit", "rule", "disallow", "restrict", "preclude")):
            deontic: Deontic = "permitted" if m["no"] else "forbidden"
        elif word.startswith(("allow", "permit")):
            deontic = "forbidden" if m["no"] else "permitted"
        else:
            deontic = "permitted" if m["no"] else "obliged"
        yield Cue(at, m.end(), deontic, 0.5 if deontic == "permitted" else 0.9, Subject("nobody"), clauses.around(at).starts, f"a rule that is told: {word}")


def _duties(text: str, clauses: Clauses, last: Who) -> Iterator[Cue | Passed]:
    for m in _DUTY.finditer(text):
        at = m.start()
        subject, starts = clauses.subject(at)
        who = _bound_one(subject, last)
        if outside := _outside(subject, last, at):
            yield outside
        elif clauses.asserted(at) and clauses.around(at).opener not in RELATIVE and (who in ("model", "reply") or (who == "people" and m["duty"].startswith(("right", "dut", "oblig")))):
            may = not m["duty"].startswith(("dut", "oblig", "respons"))
            no = bool(m["no"])
            deontic: Deontic = ("forbidden" if no else "permitted") if may else ("permitted" if no else "obliged")
            if m["not"] or m[0].rstrip().endswith("against"):
                deontic = _turned(deontic, True)
            yield Cue(at, m.end(), deontic, 0.5 if deontic == "permitted" else 0.9, subject, starts, f"a duty: {m['duty']}")
    for m in _AIM.finditer(text):
        if clauses.asserted(m.start()):
            negated = bool(_NEGATED.search(m["between"]))
            yield Cue(m.start(), m.end(), _turned("obliged", negated), 0.7, Subject("model"), clauses.around(m.start()).starts, f"a duty: {m['aim']}")


def _others(text: str, clauses: Clauses, last: Who) -> Iterator[Cue | Passed]:
    for m in _UP_TO.finditer(text):
        if clauses.asserted(m.start()):
            yield Cue(m.start(), m.end(), "permitted", 0.5, _object(m["model"]), m.start(), "up to somebody")
    for m in _NOTHING_WRONG.finditer(text):
        yield Cue(m.start(), m.end(), "permitted", 0.5, Subject("nobody"), m.start(), "nothing wrong with")
    for m in _NO_NEED.finditer(text):
        yield Cue(m.start(), m.end(), "permitted", 0.5, Subject("nobody"), m.start(), "no need to")
    for m in _FIRST.finditer(text):
        subject, starts = clauses.subject(m.start())
        if subject.who == "thing" and clauses.asserted(m.start()):
            yield Cue(m.start(), m.start(), "obliged", 0.8, subject, starts, "takes precedence", keeps=True)
    for m in _UNEASY.finditer(text):
        yield Cue(m.start(), m.end(), "forbidden", 0.7, _object(m["model"]), clauses.around(m.start()).starts, "what would displease")


def _rubric(text: str, clauses: Clauses, last: Who) -> Iterator[Cue | Passed]:
    if m := _POINTS.match(text):
        yield Cue(0, m.end(), "forbidden" if m["sign"] and m["sign"] in "-−–" else "obliged", 0.9, Subject("reply"), 0, "points for it")
    if m := _RUBRIC.match(text):
        negated = bool(re.match(r"do|fail|would\s+not|will\s+not", m["verb"])) != bool(_BAD.search(text[: m.start("verb")]))
        verb = re.match(r"(?:does|do)(?:n't|\s+not)\s+|fails?\s+to\s*|(?:would|will)\s+(?:not\s+)?", m["verb"])
        ends = m.start("verb") + (verb.end() if verb else 0)
        yield Cue(m.start("verb"), ends, "forbidden" if negated else "obliged", 0.7, Subject("reply", m["reply"]), 0, "a criterion of a reply")
