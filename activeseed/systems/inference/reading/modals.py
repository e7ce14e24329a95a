"""Modal verbs, and what says the same in other words: have to, is expected to, is to."""

from __future__ import annotations

import re
from collections.abc import Iterator

from activeseed.systems.inference.norms import Deontic
from activeseed.systems.inference.reading.clauses import RELATIVE, Clauses
from activeseed.systems.inference.reading.cue import (
    ALLOWING,
    BETWEEN,
    BOUND,
    FORBIDDING,
    NEGATED,
    Cue,
    Passed,
    bare,
    meant,
    nobody_bound,
    strength_of,
    turned_round,
)
from activeseed.systems.inference.reading.subjects import MODEL_NAMES, PEOPLE_NAMES, Subject, Who
from activeseed.systems.inference.reading.words import FACTS, HAPPENS, LEAVE_OF_PEOPLE, NOT_DONE

_MODAL = re.compile(rf"\b(?P<verb>must|shall|shalt|should|ought)(?P<n>n't|nt)?\b{BETWEEN}(?:to\s+)?(?P<next>[a-z'-]+)?")


_SUPPOSED = re.compile(
    r"(?:have\s+(?:been|[a-z]+ed)\b|come as (?:no|a) surprise|be (?:clear|noted|obvious|interpreted|read as|"
    r"understood (?:as|that)|seen as))"
)


_HAVE_TO = re.compile(
    rf"\b(?:(?P<no>(?:does|do|did)(?:n't|\s+not))\s+(?:\w+ly\s+)?(?:need|have)\s+to|(?P<not>need\s+not|needn't)|"
    rf"(?:has|have|needs|need)\s+to)\b{BETWEEN}"
)


_MAY = re.compile(
    rf"\b(?P<verb>cannot|can't|may|can(?!'))(?:\s+(?P<also>(?:also|always|still|even|instead|then|"
    rf"generally)\s+))?\b{BETWEEN}(?P<next>[a-z'-]+)"
)


_ISBOUND = re.compile(
    rf"\b(?:is|are|be|being)\b{BETWEEN}(?P<word>required|expected|supposed|obliged|obligated|encouraged|urged|"
    rf"advised|discouraged|allowed|permitted|"
    r"free|welcome|entitled|authorized|authorised|forbidden|prohibited|barred|responsible|"
    r"asked)\s+(?P<not>not\s+)?(?:to|from|for)\s+"
)


_IS_TO = re.compile(
    r"\b(?:is|are)(?P<between>(?:\s+(?:not|never|always|also))*)\s+to\s+(?!(?:be\s+)?(?:\w+ed\s+)?(?:by|the|"
    r"a)\b)(?=[a-z])"
)


_CHANGED = frozenset(
    [
        "overridden",
        "override",
        "changed",
        "adjusted",
        "unlocked",
        "waived",
        "modified",
        "bypassed",
        "disabled",
        "removed",
        "turned",
        "produced",
        "generated",
        "shared",
        "disclosed",
        "revealed",
        "used",
        "given",
        "created",
    ]
)


_NEVER_BEFORE = re.compile(
    r"(?:under no circumstances?|in no (?:case|circumstances?)|at no (?:point|time)|on no account|never|nor)\s*,?\s*$"
)


_WHO_AFTER = re.compile(rf"\s+(?:(?:the|an?|any|our)\s+)?(?P<name>{MODEL_NAMES}|{PEOPLE_NAMES}|it|they)\s+")


def modals(text: str, clauses: Clauses, last: Who) -> Iterator[Cue | Passed]:
    """Must, shall, should and ought to."""
    for m in _MODAL.finditer(text):
        at, verb = m.start(), m["verb"]
        subject, starts = clauses.subject(at)
        if inverted := _inverted(text, m.start(), m.end()):
            yield inverted
            continue
        following = text[m.end("between") : m.end("between") + 80].lstrip()
        if not clauses.asserted(at):
            yield Passed(at, f"only in a condition or a question: {verb}")
        elif (
            subject.who == "nobody"
            and at == clauses.around(at).starts
            and re.match(rf"(?:the|an?|any|this|{MODEL_NAMES}|{PEOPLE_NAMES}|it|they|we|i)\b", following)
        ):
            yield Passed(at, "a condition: should")
        elif outside := nobody_bound(subject, last, at):
            yield outside
        elif _SUPPOSED.match(following) and subject.who in ("thing", "pronoun", "nobody"):
            yield Passed(at, "a supposition")
        elif clauses.around(at).opener in ("who", "whose") and at > clauses.around(at).starts:
            yield Passed(at, "only in a description of something")
        else:
            negated = bool(m["n"]) or bool(NEGATED.search(m["between"]))
            base = 1.0 if verb in ("must", "shall", "shalt") else 0.7
            ends = m.start("next") if m["next"] else m.end()
            deontic = turned_round("obliged", negated != subject.negated)
            why = f"modal verb: {verb}"
            yield Cue(
                at,
                ends,
                deontic,
                strength_of(base, m["between"]),
                subject,
                starts,
                why,
                keeps=subject.who in ("thing", "reply"),
            )


def _inverted(text: str, at: int, ends: int) -> Cue | None:
    """*Under no circumstances should the model …*: the subject comes after the verb, and what is said is denied."""
    modal = re.match(r"[a-z]+", text[at : at + 12])
    if not modal or not _NEVER_BEFORE.search(text[max(0, at - 30) : at]):
        return None
    after = at + modal.end()
    who = _WHO_AFTER.match(text, after, after + 80)
    if not who:
        return None
    return Cue(
        at,
        who.end(),
        "forbidden",
        1.0,
        Subject("model", who["name"], name=who["name"]),
        at,
        f"modal verb: {modal[0]}, denied",
    )


def have_to(text: str, clauses: Clauses, last: Who) -> Iterator[Cue | Passed]:
    """Has to and needs to; need not is leave."""
    for m in _HAVE_TO.finditer(text):
        at = m.start()
        subject, starts = clauses.subject(at)
        if outside := nobody_bound(subject, last, at):
            yield outside
        elif not clauses.asserted(at) or clauses.around(at).opener in RELATIVE:
            yield Passed(at, "only in a condition or a question: have to")
        elif meant(subject, last) in ("model", "reply") or (subject.phrase == "you"):
            free = bool(m["no"] or m["not"])
            yield Cue(at, m.end(), "permitted" if free else "obliged", 0.5 if free else strength_of(0.9, m["between"]),
                      subject, starts, "need not" if free else "need to")  # fmt: skip
        else:
            yield Passed(at, "a need that binds nobody here")


def may(text: str, clauses: Clauses, last: Who) -> Iterator[Cue | Passed]:
    """May and can, where they give leave and don't say what happens."""
    for m in _MAY.finditer(text):
        at, verb, doing = m.start(), m["verb"], m["next"]
        subject, starts = clauses.subject(at)
        if inverted := _inverted(text, at, m.end("verb")):
            yield inverted
            continue
        who, opener = meant(subject, last), clauses.around(at).opener
        negated = (verb in ("cannot", "can't") or bool(NEGATED.search(m["between"]))) != subject.negated
        if outside := nobody_bound(subject, last, at):
            yield outside
            continue
        only = bool(re.search(r"\bonly\b", m["between"]))
        done_to = re.match(
            r"be\s+(?:\w+ly\s+)?(\w+(?:ed|en|down|off|on))\b", text[m.start("next") : m.start("next") + 60]
        )
        if not clauses.asserted(at) or opener in RELATIVE:
            yield Passed(at, f"what may be, and not what is allowed: {verb}")
        elif subject.who in ("thing", "reply") and done_to and (only or (negated and done_to[1] in _CHANGED)):
            yield Cue(
                at,
                m.start("next"),
                "permitted" if only and not negated else "forbidden",
                0.9 if negated or only else 0.5,
                subject,
                starts,
                f"modal verb: {verb}",
                keeps=True,
            )
        elif who == "model" and not negated and doing not in HAPPENS | FACTS and not done_to and bare(subject):
            yield Cue(at, m.start("next"), "permitted", 0.5, subject, starts, f"modal verb: {verb}")
        elif (who == "model" and verb == "may" and negated and doing not in HAPPENS | FACTS and not done_to) or (
            who == "people" and verb == "may" and negated and doing not in HAPPENS | FACTS | NOT_DONE and not done_to
        ):
            yield Cue(at, m.start("next"), "forbidden", 0.9, subject, starts, "modal verb: may not")
        elif who == "people" and doing in LEAVE_OF_PEOPLE and (bare(subject) or subject.negated):
            yield Cue(
                at,
                m.start("next"),
                "forbidden" if negated else "permitted",
                0.9 if negated else 0.5,
                subject,
                starts,
                f"modal verb: {verb}",
            )
        else:
            yield Passed(at, f"what may be, and not what is allowed: {verb}")


def bound(text: str, clauses: Clauses, last: Who) -> Iterator[Cue | Passed]:
    """Is expected, allowed, forbidden, free to."""
    for m in _ISBOUND.finditer(text):
        at, word = m.start(), m["word"]
        subject, starts = clauses.subject(at)
        if outside := nobody_bound(subject, last, at):
            yield outside
        elif not clauses.asserted(at) or clauses.around(at).opener in RELATIVE or word == "asked":
            yield Passed(at, f"only in a condition or of somebody: {word}")
        elif subject.who in BOUND and not (word == "responsible" and meant(subject, last) != "model"):
            negated = bool(NEGATED.search(m["between"]))
            if word in FORBIDDING:
                deontic: Deontic = "permitted" if negated else "forbidden"
            elif word in ALLOWING:
                deontic = "forbidden" if negated else "permitted"
            else:
                deontic = "permitted" if negated else "obliged"
            if m["not"]:
                deontic = turned_round(deontic, True)
            urged = word in ("encouraged", "urged", "advised", "discouraged")
            strength = 0.4 if urged else 0.5 if deontic == "permitted" else 0.9
            yield Cue(at, m.end(), deontic, strength, subject, starts, f"said of somebody: {word}")


def is_to(text: str, clauses: Clauses, last: Who) -> Iterator[Cue | Passed]:
    """Is to."""
    for m in _IS_TO.finditer(text):
        subject, starts = clauses.subject(m.start())
        if (
            subject.who == "model"
            and bare(subject)
            and clauses.around(m.start()).opener in ("", ",", ";", "and", "but", ":", "—")
        ):
            negated = bool(NEGATED.search(m["between"]))
            yield Cue(m.start(), m.end(), turned_round("obliged", negated), 0.9, subject, starts, "is to")
