"""What is said of a model as its conduct: it tries, avoids, is honest, never does, will not."""

from __future__ import annotations

import re
from collections.abc import Iterator

from activeseed.systems.inference.reading.clauses import RELATIVE, Clauses
from activeseed.systems.inference.reading.cue import (
    LY,
    NEGATED,
    SPACED,
    Cue,
    Passed,
    bare,
    meant,
    strength_of,
    turned_round,
)
from activeseed.systems.inference.reading.subjects import Subject, Who
from activeseed.systems.inference.reading.words import ADVERBS, ATTITUDES, FACTS, HAPPENS, TRAITS

_ATTITUDE = re.compile(
    rf"\b(?:(?P<no>(?:does|do)(?:n't|\s+not))\b{SPACED}(?P<verb>[a-z]+)|(?:is|am|are)\b{SPACED}(?P<trait>{TRAITS})|"
    rf"(?P<attitude>{ATTITUDES}))\b"
)


_ADVERB = re.compile(r"\b(?P<word>never|always|only)\s+(?P<next>[a-z]+)")


_WILL = re.compile(
    r"\b(?P<verb>will|is|are|wo)(?:(?:\s+(?P<word>never|always|not)|(?P<nt>n't))|(?<=will))\s+(?:(?!apply|rely|"
    r"reply|comply)[a-z]+ly\s+)?(?P<next>[a-z]+)"
)


def _before(text: str, clauses: Clauses, at: int, subject: Subject) -> str:
    """What stands in the clause before this position, where that ends with the subject and an adverb or two."""
    own = text[max(clauses.around(at).starts, at - 300) : at].strip()
    return own if re.search(rf"(?:{re.escape(subject.phrase)})(?:\s+(?:{ADVERBS}|{LY}))*$", own) else ""


def attitudes(text: str, clauses: Clauses, last: Who) -> Iterator[Cue | Passed]:
    """What a model tries, avoids and is, and what it does not do."""
    for m in _ATTITUDE.finditer(text):
        at = m.start()
        subject, starts = clauses.subject(at)
        who, opener = meant(subject, last), clauses.around(at).opener
        own = _before(text, clauses, at, subject)
        if who != "model" or not bare(subject) or not own or opener in RELATIVE or not clauses.asserted(at):
            continue
        if m["trait"] and NEGATED.search(m[0]):
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
            yield Cue(
                at,
                ends + (rest.end() if rest else 0),
                turned_round("obliged", negated),
                strength_of(0.4, own),
                subject,
                starts,
                f"what the model does: {said}",
            )


def adverbs(text: str, clauses: Clauses, last: Who) -> Iterator[Cue | Passed]:
    """What a model never, always or only does, and will not do."""
    for m in _ADVERB.finditer(text):
        at = m.start()
        subject, starts = clauses.subject(at)
        own = _before(text, clauses, at, subject)
        if (
            meant(subject, last) != "model"
            or not own
            or not bare(subject)
            or not clauses.asserted(at)
            or clauses.around(at).opener in RELATIVE
        ):
            continue
        if re.search(r"\b(?:is|are|will|does|do|has|have)$", own) or re.fullmatch(
            r"(?:be|been|had|was|has|have|is|are|had)", m["next"]
        ):
            continue
        yield Cue(
            at,
            m.start("next"),
            "forbidden" if m["word"] == "never" else "obliged",
            1.0 if m["word"] != "only" else 0.8,
            subject,
            starts,
            f"said of the model: {m['word']}",
        )
    for m in _WILL.finditer(text):
        subject, starts = clauses.subject(m.start())
        promised = subject.name in ("i", "you")
        if not clauses.asserted(m.start()) or clauses.around(m.start()).opener in RELATIVE or not bare(subject):
            continue
        if (
            (meant(subject, last) != "model" and not promised)
            or (not m["word"] and not promised)
            or m["next"] in (FACTS if promised else HAPPENS | FACTS)
        ):
            continue
        if m["word"] not in ("never", "always", "") and m["verb"] != "will":
            continue  # *is not* is a fact
        denied = (m["word"] or "") in ("not", "never", "n't")
        yield Cue(
            m.start(),
            m.start("next"),
            "forbidden" if denied else "obliged",
            0.9 if m["word"] != "never" else 1.0,
            subject,
            starts,
            f"said of the model: will {m['word'] or ''}".rstrip(),
        )
