"""Rules and duties that are told, priorities, points, and the criteria of a rubric."""

from __future__ import annotations

import re
from collections.abc import Iterator

from activeseed.systems.inference.norms import Deontic
from activeseed.systems.inference.reading.clauses import RELATIVE, Clauses
from activeseed.systems.inference.reading.cue import (
    BETWEEN,
    NEGATED,
    Cue,
    Passed,
    meant,
    named_object,
    nobody_bound,
    turned_round,
)
from activeseed.systems.inference.reading.subjects import A_MODEL, MODEL_NAMES, PEOPLE_NAMES, Subject, Who

_RULES = re.compile(
    r"\b(?:principles?|rules?|norms?|guidelines?|constraints?|polic(?:y|ies)|values|standards|honesty|constitution|"
    r"section)\b(?P<n>[^.;:,]{0,90}?)\b(?P<no>(?:does|do)(?:n't|\s+not)\s+)?"
    r"(?P<word>forbids?|prohibits?|rules?\s+out|requires?|allows?|permits?|demands?|disallows?|restricts?|"
    r"preclude[s]?)\s+"
)


_DUTY = re.compile(
    r"\b(?:(?:has|have|bears?|is\s+under)\s+(?P<no>no\s+)?(?:(?:an?|the|no|strong|weak|special|basic|only|same|"
    r"wide|broad|default|first|primary|particular|specific|further|and|general|clear|\w+er|\w+ive)\s+){0,4}"
    r"(?P<duty>duty|duties|obligation|obligations|responsibility|right|rights|permission|discretion|latitude|"
    r"license|leave|authority)\s+(?P<not>not\s+)?(?:to|of|for|against)\s+)"
)


_AIM = re.compile(
    rf"\b(?:(?:{MODEL_NAMES})'s?|its|their|your)\s+(?:\w+[\s,]+){{0,3}}?(?P<aim>priority|goal|duty|job|role|task|"
    rf"intention|aim|responsibility|default|objective|focus|approach|first step|concern)\s+"
    rf"(?:is|are|remains)\b{BETWEEN}to\s+"
)


_NO_NEED = re.compile(r"\bthere(?:'s|\s+is)\s+no\s+(?:need|reason|obligation)\s+(?:for\s+[\w ]{1,30}?\s+)?to\s+")


_UP_TO = re.compile(rf"\b(?:is|are)\s+up\s+to\s+(?:the\s+)?(?P<model>{MODEL_NAMES}|{PEOPLE_NAMES})\s+to\s+")


_FIRST = re.compile(r"\b(?:takes?|has|have|should\s+take)\s+(?:precedence|priority)\s+over\s+")


_UNEASY = re.compile(
    rf"\b(?:(?:uncomfortable|unhappy|dissatisfied|upset)\s+(?:if|when|with|to\s+see|seeing)|(?:not|"
    rf"n't)\s+want(?:\s+to\s+see)?)\s+(?P<model>{A_MODEL})\s+(?!to\b)"
)


_NOTHING_WRONG = re.compile(r"\bthere(?:'s|\s+is)\s+nothing\s+wrong\s+(?:with|in)\s+")


_RUBRIC = re.compile(
    r"^(?:(?:the|this|each|every|an?|any|model's|assistant's|final|ai's|good|ideal|best|better|correct|helpful|"
    r"great|excellent|acceptable|bad|poor|weak|worse|wrong|failing)\s+){0,3}"
    r"(?P<reply>response|answer|reply|output|completion|summary|essay|explanation|solution|"
    r"submission)s?\s+(?:also\s+|only\s+|clearly\s+|explicitly\s+|correctly\s+|\w+ly\s+)?"
    r"(?P<verb>(?:does|do)(?:n't|\s+not)\s+[a-z]+|fails?\s+to|(?:would|will)\s+(?:not\s+)?[a-z]+|(?!(?:was|has|"
    r"this|its|is\s+marked|is\s+shown)\b)[a-z]+s)\b"
)


_BAD = re.compile(r"\b(?:bad|poor|weak|worse|wrong|failing)\b")


_POINTS = re.compile(
    r"^(?P<sign>[-−–+]?)\s?\d+(?:\.\d+)?\s?(?:points?|pts?|p)\b\s*[:,—]?\s*(?:if|for|when|where|to)\s+"
)


def rules(text: str, clauses: Clauses, last: Who) -> Iterator[Cue | Passed]:
    """Rules that are told: *the principles forbid*."""
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
        yield Cue(
            at,
            m.end(),
            deontic,
            0.5 if deontic == "permitted" else 0.9,
            Subject("nobody"),
            clauses.around(at).starts,
            f"a rule that is told: {word}",
        )


def duties(text: str, clauses: Clauses, last: Who) -> Iterator[Cue | Passed]:
    """Duties, rights and aims of somebody."""
    for m in _DUTY.finditer(text):
        at = m.start()
        subject, starts = clauses.subject(at)
        who = meant(subject, last)
        if outside := nobody_bound(subject, last, at):
            yield outside
        elif (
            clauses.asserted(at)
            and clauses.around(at).opener not in RELATIVE
            and (who in ("model", "reply") or (who == "people" and m["duty"].startswith(("right", "dut", "oblig"))))
        ):
            may = not m["duty"].startswith(("dut", "oblig", "respons"))
            no = bool(m["no"])
            deontic: Deontic = ("forbidden" if no else "permitted") if may else ("permitted" if no else "obliged")
            if m["not"] or m[0].rstrip().endswith("against"):
                deontic = turned_round(deontic, True)
            yield Cue(
                at, m.end(), deontic, 0.5 if deontic == "permitted" else 0.9, subject, starts, f"a duty: {m['duty']}"
            )
    for m in _AIM.finditer(text):
        if clauses.asserted(m.start()):
            negated = bool(NEGATED.search(m["between"]))
            yield Cue(
                m.start(),
                m.end(),
                turned_round("obliged", negated),
                0.7,
                Subject("model"),
                clauses.around(m.start()).starts,
                f"a duty: {m['aim']}",
            )


def others(text: str, clauses: Clauses, last: Who) -> Iterator[Cue | Passed]:
    """Priorities, leave and what would displease."""
    for m in _UP_TO.finditer(text):
        if clauses.asserted(m.start()):
            yield Cue(m.start(), m.end(), "permitted", 0.5, named_object(m["model"]), m.start(), "up to somebody")
    for m in _NOTHING_WRONG.finditer(text):
        yield Cue(m.start(), m.end(), "permitted", 0.5, Subject("nobody"), m.start(), "nothing wrong with")
    for m in _NO_NEED.finditer(text):
        yield Cue(m.start(), m.end(), "permitted", 0.5, Subject("nobody"), m.start(), "no need to")
    for m in _FIRST.finditer(text):
        subject, starts = clauses.subject(m.start())
        if subject.who == "thing" and clauses.asserted(m.start()):
            yield Cue(m.start(), m.start(), "obliged", 0.8, subject, starts, "takes precedence", keeps=True)
    for m in _UNEASY.finditer(text):
        yield Cue(
            m.start(),
            m.end(),
            "forbidden",
            0.7,
            named_object(m["model"]),
            clauses.around(m.start()).starts,
            "what would displease",
        )


def rubric(text: str, clauses: Clauses, last: Who) -> Iterator[Cue | Passed]:
    """Criteria of a reply, and points for it."""
    if m := _POINTS.match(text):
        yield Cue(
            0,
            m.end(),
            "forbidden" if m["sign"] and m["sign"] in "-−–" else "obliged",
            0.9,
            Subject("reply"),
            0,
            "points for it",
        )
    if m := _RUBRIC.match(text):
        negated = bool(re.match(r"do|fail|would\s+not|will\s+not", m["verb"])) != bool(
            _BAD.search(text[: m.start("verb")])
        )
        verb = re.match(r"(?:does|do)(?:n't|\s+not)\s+|fails?\s+to\s*|(?:would|will)\s+(?:not\s+)?", m["verb"])
        ends = m.start("verb") + (verb.end() if verb else 0)
        yield Cue(
            m.start("verb"),
            ends,
            "forbidden" if negated else "obliged",
            0.7,
            Subject("reply", m["reply"]),
            0,
            "a criterion of a reply",
        )
