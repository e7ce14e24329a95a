"""Reading free prose: which of its sentences hold a norm, which do not and why.

Rules over words, no model: modal verbs, imperatives, *never* and *always*, what the model tries, prefers and avoids,
what its authors want of it, valuations (*it is fine to*), duties, and the criteria of a rubric. Whom a sentence speaks
of decides: what the authors of a document want or promise of themselves binds nobody else. The rules read English; of
other languages every sentence is left, with that as the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from activeseed.systems.inference.norms import Left, Norm, Reading, Taken
from activeseed.systems.inference.reading.clauses import Clauses, before_verb
from activeseed.systems.inference.reading.conditions import around, before
from activeseed.systems.inference.reading.cue import Cue, Passed
from activeseed.systems.inference.reading.cues import cues
from activeseed.systems.inference.reading.imperatives import imperatives, turned
from activeseed.systems.inference.reading.leads import Lead, lead_of
from activeseed.systems.inference.reading.markup import masked, words_of
from activeseed.systems.inference.reading.sentences import Piece, pieces
from activeseed.systems.inference.reading.subjects import Who, subject_of
from activeseed.systems.inference.reading.words import ADVERBS, IMPERATIVES, NEGATIONS

_NO_PROSE = {"heading": "a heading", "code": "code", "table": "a row of a table", "markup": "markup without words"}
_ENGLISH = re.compile(
    r"\b(?:the|a|an|of|to|and|or|in|is|are|be|not|no|it|that|this|for|with|on|as|by|should|must|may|can|never|always|do|don't|if|when|we|you|your|its)\b"
)
_WH = re.compile(r"^(?:does|do|is|are|did|has|have|should|would|can|will|which|what|how|why|who|where|when)\b")
_ASKS = re.compile(
    r"^(?:does|do|is|are|has|have|did)\s+(?P<who>(?:the|this|an?)\s+\w+)\s+(?P<rest>.+?)\s*\?$", re.IGNORECASE
)
_PRONOUNS = frozenset(("it", "they", "he", "she", "them", "it itself", "both", "neither", "either"))
#: how far before a word of norm a condition or a name is looked for, in characters
_NEAR = 600
#: a criterion of a rubric without its subject: *Mentions the dose*
_FRAGMENT = re.compile(r"^(?:(?P<not>Does not|Doesn't)|(?P<verb>[A-Z][a-z]+s))\s+\w")
_ONLY_ADVERBS = re.compile(rf"(?:(?:{NEGATIONS}|{ADVERBS}|be|do|to)\s*)+")
_CUT_OFF = re.compile(r"^(?:if|when|whenever|unless|whether|because|although|while)\b")


@dataclass
class _Said:
    """Whom the sentence before spoke of."""

    who: Who = "nobody"
    name: str = ""


def read(text: str, context: str = "", authority: str = "") -> Reading:
    """What a text says: every sentence of it is taken, with a norm for each that it holds, or left, with why.

    Args:
        text: a paragraph, a bullet or a whole document, with Markdown in it or without.
        context: what the text completes: the lead-in of a list (``Claude should never:``).
        authority: the rank of who says it, for every norm.

    A sentence with several norms is taken once for each. Nothing is lost: the distinct sentences of what is taken and
    what is left, joined in the text's order, are the text but for white space and the marks of lists.

    Cost: linear in the text's length, some 2,000 sentences a second on one core.
    """
    taken: list[Taken] = []
    left: list[Left] = []
    lead = lead_of(context, _norms) if context.strip() else None
    said = _Said()
    for number, piece in enumerate(pieces(text)):
        norms, why = _one(piece, said, lead if number == 0 else None)
        if norms:
            taken += [Taken(piece.text, _by(norm, authority), reason) for norm, reason in norms]
        else:
            left.append(Left(piece.text, why, _nearest(piece)))
    return Reading(tuple(taken), tuple(left))


def _by(norm: Norm, authority: str) -> Norm:
    return Norm(norm.deontic, norm.strength, norm.action, norm.agent, norm.condition, norm.exception, authority)


def _one(piece: Piece, said: _Said, lead: Lead | None) -> tuple[list[tuple[Norm, str]], str]:
    """The norms of one sentence, or why there is none."""
    if piece.kind != "prose":
        return [], _NO_PROSE[piece.kind]
    words = words_of(piece.text)
    if piece.begins:
        said.who, said.name = "nobody", ""
    if not re.search(r"[^\W_]", words):
        return [], "no words"
    if lead and (completed := lead.completes(words, _norms)):
        return completed, ""
    if lead and lead.stands_against:
        return [], lead.stands_against
    norms, why = _norms(words, said.who, said.name)
    subject = subject_of(before_verb(masked(words)))
    if subject.who not in ("nobody", "pronoun", "thing"):
        at = words[:_NEAR].lower().find(subject.name)
        said.who, said.name = subject.who, words[at : at + len(subject.name)] if at >= 0 else subject.name
    elif norms and norms[-1][0].agent:
        said.who, said.name = "model", norms[-1][0].agent
    return norms, why


def _norms(words: str, last: Who = "nobody", meant: str = "") -> tuple[list[tuple[Norm, str]], str]:
    """The norms of a sentence in plain words, or why it has none; ``meant`` is whom a pronoun means."""
    text = masked(words)
    if text.rstrip(" \"')*").endswith("?"):
        return [], "a question"
    if not text.strip() or re.fullmatch(r'[\s".,;:]*"x+"(?:[\s.,;:]*"x+")*[\s".,;:]*', text):
        return [], "what somebody might say"
    clauses = Clauses(text)
    found: list[Cue] = []
    passed: list[Passed] = []
    for one in (*imperatives(text, clauses), *cues(text, clauses, last)):
        if isinstance(one, Cue):
            found.append(one)
        else:
            passed.append(one)
    kept = list(_apart(sorted(found, key=lambda c: (c.at, -c.ends)), clauses))
    out = []
    for number, cue in enumerate(kept):
        end = kept[number + 1].at if number + 1 < len(kept) else len(text)
        if number + 1 < len(kept):
            own = clauses.around(kept[number + 1].at)
            end = own.breaks if own.breaks > cue.ends else kept[number + 1].at
        start = clauses.all[clauses.number(kept[number - 1].ends)].starts if number else 0
        if norm := _norm(cue, words, text, start, end, meant):
            out.append((norm, cue.why))
        if cue.subject.who in ("model", "people") and cue.subject.name not in _PRONOUNS:
            meant = _named(cue, words)
    if out:
        return out, ""
    return [], _why(text, passed, bool(kept))


def _why(text: str, passed: list[Passed], cued: bool) -> str:
    if text.rstrip().endswith(":") and cued:
        return "a lead-in without its action"
    if passed:
        # the authors' own business says most, then what came first
        first = min(passed, key=lambda p: (not p.why.startswith("about"), p.at))
        return first.why
    if not _ENGLISH.search(text) and len(text.split()) > 3:
        return "no English words: the rules read English"
    if _CUT_OFF.match(text) and "," not in text:
        return "a condition cut off from what it conditions"
    return "no norm word"


def _apart(found: list[Cue], clauses: Clauses) -> Iterator[Cue]:
    """The cues that say something of their own: *we want Claude to avoid* is one norm, not two."""
    last: Cue | None = None
    for cue in found:
        if last is None:
            yield cue
            last = cue
            continue
        between = clauses.text[max(last.ends, cue.at - 200) : cue.at]
        number = clauses.number(cue.at)
        same = number == clauses.number(last.at) or number == clauses.number(min(last.ends, len(clauses.text)))
        opener = clauses.all[number].opener
        joined = bool(re.search(r"\b(?:and|but|or)\s+(?:\w+\s+){0,3}$", between)) and len(between.split()) > 1
        if cue.at < last.ends or (same and not joined) or opener in ("that", "which", "who", "whose"):
            continue
        yield cue
        last = cue


def _norm(cue: Cue, words: str, text: str, start: int, end: int, meant: str) -> Norm | None:
    """What a cue says, its action and conditions cut out of the sentence."""
    action, conditions, exceptions = around(words[cue.ends : end], text[cue.ends : end])
    sooner, excepted = before(words[start : cue.starts]) if start < cue.starts < start + _NEAR else ((), ())
    action = re.sub(r"[;,]\s*(?:instead|then|rather|and|but|or)$", "", action.strip(" ,;:.!—\"'"))
    deontic = cue.deontic
    if cue.keeps and cue.subject.phrase:
        phrase = re.sub(r"\s(?:will|would)(?:\s(?:not|never|also))*$", "", words[cue.starts : cue.at].strip(" ,;:—"))
        action = f"{phrase} {action}".strip() if action else phrase
    else:
        action = re.sub(
            r"^(?:(?:always|also|only|simply|just|then|instead|generally|typically|still|to)\s+)+", "", action
        )
        if deontic != "permitted":
            action, around_again = turned(action)
            if around_again:
                deontic = "forbidden" if deontic == "obliged" else "obliged"
    if not action or _ONLY_ADVERBS.fullmatch(action.lower()):
        return None  # a lead-in: what it asks for comes below
    if cue.subject.who in ("thing", "nobody"):
        agent = ""
    else:
        agent = meant if cue.subject.name in _PRONOUNS else _named(cue, words)
    return Norm(deontic, cue.strength, action, agent, (*sooner, *conditions), (*excepted, *exceptions))


def _named(cue: Cue, words: str) -> str:
    """Whom it binds, spelt as in the sentence."""
    name = cue.subject.name or cue.subject.phrase
    near = words[max(0, cue.starts - _NEAR) : cue.ends]
    found = list(re.finditer(rf"\b{re.escape(name)}\b", near, re.IGNORECASE)) if name else []
    return found[-1][0] if found else name


def _base(verb: str) -> str:
    """A verb without the ending of its third person."""
    if verb.endswith("ies"):
        return verb[:-3] + "y"
    return verb[:-2] if verb.endswith(("sses", "shes", "ches", "xes", "zzes", "oes")) else verb[:-1]


def _nearest(piece: Piece) -> str:
    """The nearest sentence that would be taken, where one can be told: of a question, the rule behind it."""
    if piece.kind != "prose":
        return ""
    words = words_of(piece.text)
    if (
        not words.endswith("?")
        and (m := _FRAGMENT.match(words))
        and (m["not"] or _base(m["verb"].lower()) in IMPERATIVES)
    ):
        return f"The response {words[0].lower()}{words[1:]}"
    if m := re.match(r"No ([a-z][\w ,-]{2,80})\.?$", words):
        return f"Avoid {m[1]}."
    if not (m := _ASKS.match(words)):
        return ""
    rest = m["rest"]
    if re.match(r"(?:does|do|did)\b", piece.text.lower().lstrip("*_\"' ")):
        return f"{m['who'][0].upper()}{m['who'][1:]} should {rest}."
    return f"{m['who'][0].upper()}{m['who'][1:]} should be {rest}."
