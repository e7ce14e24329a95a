"""The lead-in of a list: a bullet says what it says only together with it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from activeseed.systems.inference.norms import Norm
from activeseed.systems.inference.reading.markup import masked, words_of
from activeseed.systems.inference.reading.sentences import pieces
from activeseed.systems.inference.reading.subjects import A_MODEL
from activeseed.systems.inference.reading.words import MODELS, REPLIES, either

#: stands for the action that a lead-in lacks: no word of any language
_ACT = "qqact"
Norms = Callable[[str], tuple[list[tuple[Norm, str]], str]]

_CONDITIONAL = re.compile(
    r"\b(?P<word>if|when|whenever|unless|except when|except if|in cases where)(?P<who>\s+(?:the |a |"
    r"an )?[\w' ]{1,30})?\s*$"
)
_OF_AUTHORS = re.compile(r"^about (?:somebody else|the document)")
_SELF_STANDING = re.compile(r"\b(?:should|must|shall|may|can|cannot|can't|is|are|will|would)\b")
_SUBJECT = re.compile(
    rf"(?:(?:the|an?|every|each|this|good|ideal|bad)\s+){{0,2}}(?:(?:model|assistant|"
    rf"ai)'s\s+)?(?:{either(REPLIES + MODELS)})"
)
# Words that say that what comes is a list of what was said, and nothing about it.
_POINTS_AT = re.compile(
    r"(?:[\s,(]*\b(?:the following|following|these|such as|including|e\.g\.|for example|for instance|as follows|"
    r"in particular|namely|things like|any of|all of|both|either)\b[\w\s-]{0,40})$"
)
# What is to be as the line describes: the line is all that it says.
_AS_DESCRIBED = re.compile(r"\bfit this description$")
_NAMES_THEM = re.compile(
    r"\b(?:things?|behaviou?rs?|actions?|ways?|principles?|rules?|factors?|considerations?|constraints?|practices?|"
    r"steps?|values?|guidelines?|requirements?|topics?|content)\b[\w\s]{0,30}$"
)


@dataclass(frozen=True)
class Lead:
    """What a lead-in says of each line of its list.

    Attributes:
        norm: the norm that every line completes; None where the lead-in holds none.
        why: by what it was found.
        joins: the line is the action itself, or, where False, one of the things that the action is about.
        conditional: the line is a condition (``decline if:``) or, with ``unless``, an exception; empty for an action.
        subject: the lead-in is no more than whom the lines speak of: *The response*.
        stands_against: why lines without a norm of their own are left: the lead-in speaks of somebody else.
    """

    norm: Norm | None = None
    why: str = ""
    joins: bool = True
    conditional: str = ""
    subject: str = ""
    stands_against: str = ""

    def completes(self, words: str, norms: Norms) -> list[tuple[Norm, str]]:
        """The norm of a line that hangs on this lead-in; nothing where the line has to be read by itself."""
        if self.subject and (words[:1].isupper() or words[:1].islower()):
            return norms(f"{self.subject} {words[0].lower()}{words[1:]}")[0]
        if self.norm is None:
            return []
        own, _ = norms(words)
        line = words.strip(" .;,:—")
        # A line with somebody in it, or with a modal verb, is a sentence of its own.
        if own and (_SELF_STANDING.search(masked(words)[:200]) or own[0][0].agent):
            return []
        if own and own[0][0].deontic == "forbidden" and self.norm.deontic != "forbidden":
            return []  # *we want Claude to: never lie* says so by itself
        if not line:
            return []
        n = self.norm
        if self.conditional:
            conditions = n.condition if self.conditional == "unless" else (*n.condition, line)
            exceptions = (*n.exception, line) if self.conditional == "unless" else n.exception
            return [
                (
                    Norm(n.deontic, n.strength, n.action, n.agent, conditions, exceptions),
                    f"completes its lead-in, {self.why}",
                )
            ]
        action = line[0].lower() + line[1:] if line[:2] != line[:2].upper() else line
        if not self.joins and n.action:
            action = f"{n.action}: {action}"
        return [
            (
                Norm(n.deontic, n.strength, action, n.agent, n.condition, n.exception),
                f"completes its lead-in, {self.why}",
            )
        ]


def lead_of(context: str, norms: Norms) -> Lead:
    """What a lead-in says of the lines below it: its last sentence counts."""
    prose = [p for p in pieces(context) if p.kind == "prose"]
    if not prose:
        return Lead()
    words = words_of(prose[-1].text).rstrip(" :—-").removeprefix("rubric: ")
    low = masked(words)
    if _SUBJECT.fullmatch(low):
        return Lead(subject=words)
    if m := _CONDITIONAL.search(low):
        head = words[: m.start()].rstrip(" ,")
        found, _ = norms(head)
        if found:
            word = "unless" if m["word"].startswith(("unless", "except")) else "if"
            return Lead(found[-1][0], found[-1][1], conditional=word)
    # A verb of norm at the end lacks its action: any verb will do to find out what it says.
    found, why = norms(words + f" {_ACT}")
    if found:
        norm, by = found[-1]
        if norm.action.endswith(_ACT):
            action = norm.action.removesuffix(_ACT).strip(" ,")
            bare = re.sub(r"^(?:be|do|have)$|^(?:not )?to$", "", action.lower())
            thing = _POINTS_AT.sub("", action).strip(" ,(")
            if _AS_DESCRIBED.search(action):
                bare = thing = ""
            joins = not bare or not thing or bool(re.fullmatch(rf"(?:{A_MODEL}|not|never|always)", bare))
            pointed = thing != action or bool(_NAMES_THEM.search(action))
            kept = Norm(norm.deontic, norm.strength, "" if joins else thing, norm.agent, norm.condition, norm.exception)
            return Lead(kept, by, joins=joins or (pointed and len(thing.split()) <= 1))
        return Lead(norm, by, joins=False)
    if _OF_AUTHORS.match(why):
        return Lead(stands_against=f"{why}, in its lead-in")
    return Lead()
