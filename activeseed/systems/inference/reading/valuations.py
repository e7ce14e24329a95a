"""What the authors want of a model, and what is said to be fine, important or unacceptable."""

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
    SPACED,
    Cue,
    Passed,
    named_object,
    nobody_bound,
    strength_of,
    turned_round,
)
from activeseed.systems.inference.reading.subjects import A_MODEL, AUTHOR_NAMES, Subject, Who

_WISH = re.compile(
    rf"\b(?P<who>{AUTHOR_NAMES}|(?:our|the|anthropic's|openai's)\s+(?:\w+\s+)?(?:aim|goal|hope|intention|wish|"
    rf"preference|expectation|desire|aspiration)\s+is)\b"
    rf"(?P<no>\s+(?:do|does|would|did)(?:n't|\s+not))?{SPACED}"
    r"(?P<verb>(?:'d|would)\s+(?:also\s+|rather\s+|generally\s+|strongly\s+|much\s+)?(?:like|want|prefer|rather|"
    r"hope|love|expect)|wants?|hopes?|expects?|prefers?|asks?|encourages?|"
    r"intends?|requires?|trusts?|needs?|urges?|wish(?:es)?|aims?|rely|relies)?"
    rf"\s+(?:(?:for|that|on|also|generally|is)\s+){{0,2}}(?P<model>{A_MODEL})\s+(?:(?:\w+ly|also|all|both|always|"
    rf"in turn)\s+)?"
    rf"(?P<to>not\s+to|never\s+to|to|will|can|would|should|does\s+not|doesn't|never|always)\b{BETWEEN}"
)


_VALUED = re.compile(
    rf"\b(?:it|that|this)(?P<n>\s+(?:is|would\s+be|will\s+be|can\s+be|may\s+be|seems|remains|becomes)(?:n't)?|"
    rf"'s){BETWEEN}(?:just\s+as\s+|as\s+)?"
    r"(?P<word>fine|ok|okay|acceptable|permissible|legitimate|reasonable|appropriate|all\s+right|alright|"
    r"important|essential|crucial|critical|vital|imperative|necessary|best|better|preferable|paramount|wise|good|"
    r"unacceptable|inappropriate|impermissible|wrong|forbidden|prohibited|up)"
    rf"(?:\s+to\s+us|\s+practice|\s+enough)?,?\s+(?:for\s+(?P<for>{A_MODEL}|[\w ]{{1,30}}?)\s+)?(?P<to>not\s+to|to|"
    rf"that|if|when)\s+(?P<rest>(?:[\w'-]+\s+)?[\w'-]+)"
)


_MENTIONS = re.compile(
    r"(?:note|point|emphasi[sz]e|highlight|mention)\b|(?:remember|recogni[sz]e|understand|acknowledge|say|see|"
    r"wonder|think|imagine|ask|know|clarify|explain)\s+(?:that|how|why|what|whether)\b"
)


_IS_VALUED = re.compile(
    rf"\b(?P<verb>is|are|be)(?P<n>n't)?{BETWEEN}(?:an?\s+)?(?P<word>acceptable|okay|ok|fine|permissible|permitted|"
    rf"allowed|justified|justifiable|appropriate|safe|negotiable|"
    r"an\s+option|an?\s+excuse|excuse|tolerated|accepted|unacceptable|impermissible|forbidden|prohibited|"
    r"disallowed|off[ -]limits|inappropriate|out\s+of\s+bounds|required|mandatory|preferred|preferable|discouraged|"
    r"\"x+\")"
    r"(?=[\s.,;:!)]|$)"
)


def wishes(text: str, clauses: Clauses, last: Who) -> Iterator[Cue | Passed]:
    """What the authors want of a model."""
    for m in _WISH.finditer(text):
        if not m["verb"] and not m["who"].endswith(" is"):
            continue
        at = m.start()
        if not clauses.asserted(at) and not re.search(r"\bwhat\s*$", text[max(0, at - 12) : at]):
            yield Passed(at, "only in a condition or a question: a wish")
            continue
        negated = bool(m["no"]) != bool(NEGATED.search(m["to"].replace("doesn't", "not"))) or bool(
            NEGATED.search(m["between"])
        )
        subject = named_object(m["model"])
        verb = re.sub(r".*\s", "", m["verb"] or "aim")
        yield Cue(
            at,
            m.end(),
            turned_round("obliged", negated),
            0.4 if verb.startswith("hope") else 0.6,
            subject,
            clauses.around(at).starts,
            f"a wish of the authors: {verb}",
        )


def valued(text: str, clauses: Clauses, last: Who) -> Iterator[Cue | Passed]:
    """It is fine, important, better to."""
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
        elif (m["to"] == "that" and not re.match(rf"(?:\w+\s+)?{A_MODEL}\b", m["rest"])) or (
            m["to"] == "if" and word not in ALLOWING | {"better", "best", "unacceptable"}
        ):
            yield Passed(at, f"a valuation that binds nobody here: {word}")
        else:
            negated = bool(NEGATED.search(m["between"])) or "n't" in m["n"]
            if word in ALLOWING or word == "appropriate":
                deontic: Deontic = "forbidden" if negated else "permitted"
            elif word in FORBIDDING:
                deontic = "permitted" if negated else "forbidden"
            else:
                deontic = "permitted" if negated else "obliged"
            if m["to"] == "not to":
                deontic = turned_round(deontic, True)
            subject = named_object(m["for"]) if m["for"] else Subject("nobody")
            ends = m.start("rest")
            if m["to"] == "that" and (head := re.match(rf"(?:\w+ly\s+)?({A_MODEL})\s+(?=\S)", text[ends : ends + 120])):
                subject, ends = named_object(head[1]), ends + head.end()
            yield Cue(at, ends, deontic, 0.5 if deontic == "permitted" else 0.7, subject, at, f"a valuation: {word}")


def is_valued(text: str, clauses: Clauses, last: Who) -> Iterator[Cue | Passed]:
    """Something is unacceptable, allowed, required."""
    for m in _IS_VALUED.finditer(text):
        at, word = m.start(), re.sub(r"^an?\s+", "", m["word"])
        negated = bool(m["n"]) or bool(NEGATED.search(m["between"]))
        if m["verb"] == "be":
            negated = negated or bool(NEGATED.search(text[max(0, at - 15) : at]))
        subject, starts = clauses.subject(at)
        if m["verb"] == "be" and not re.search(
            r"\b(?:would|will|to)\s*(?:not|never|also|\s)*$", text[max(0, at - 25) : at]
        ):
            continue
        if re.search(r"\bto\s*$", text[max(0, at - 4) : at]) or (
            re.match(r"\s+(?:to|from|for)\s", text[m.end() : m.end() + 12])
            and subject.who in BOUND
            and word in ALLOWING | FORBIDDING | {"required"}
        ):
            continue
        if outside := nobody_bound(subject, last, at):
            yield outside
        elif not clauses.asserted(at) or clauses.around(at).opener in RELATIVE or subject.who in ("nobody",):
            yield Passed(at, f"only in a condition or a question: {word}")
        elif word in (
            "okay",
            "ok",
            "fine",
            "safe",
            "appropriate",
            "justified",
            "justifiable",
            "negotiable",
            "excuse",
            "option",
        ) or word.startswith('"'):
            if negated and not (word.startswith('"') and "never" not in m["between"]):
                yield Cue(
                    at,
                    m.end(),
                    "forbidden",
                    strength_of(0.8, m["between"]),
                    subject,
                    starts,
                    f"a valuation: not {word.strip(chr(34))[:12]}",
                    keeps=True,
                )
            else:
                yield Passed(at, "a valuation that binds nobody here")
        elif word in FORBIDDING:
            yield Cue(
                at,
                m.end(),
                "permitted" if negated else "forbidden",
                0.5 if negated else 1.0,
                subject,
                starts,
                f"a valuation: {word}",
                keeps=True,
            )
        elif word in ALLOWING:
            yield Cue(
                at,
                m.end(),
                "forbidden" if negated else "permitted",
                0.9 if negated else 0.5,
                subject,
                starts,
                f"a valuation: {word}",
                keeps=True,
            )
        else:
            yield Cue(
                at,
                m.end(),
                "permitted" if negated else "obliged",
                0.5 if negated else 0.9,
                subject,
                starts,
                f"a valuation: {word}",
                keeps=True,
            )
