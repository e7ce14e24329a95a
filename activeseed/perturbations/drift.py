"""Drift: the same rule a little stronger or weaker, a little wider or narrower. It is meant to change the meaning."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Literal

from pydantic import Field

from activeseed.checked import SettingsRecord
from activeseed.perturbations.adding import each_text
from activeseed.perturbations.reading import Edit, Means, cased_like, edited, is_english, sentences
from activeseed.seed import Seed

Direction = Literal["weaker", "stronger"]
Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]

_VERB = r"(?=\s+[a-z])"
_NOT_DENIED = r"(?<![Nn]ot )(?<!n't )(?<!n’t )"
#: who can have to do something, so that *the need to act* and *you don't have to* are left alone
_WHO = r"(?P<who>I|[Yy]ou|[Ww]e|[Tt]hey|[Hh]e|[Ss]he|[Ii]t|who|[Ee]veryone|[Pp]eople|[Uu]sers|[Hh]umans|[Dd]evelopers)"


def _to(pattern: str, new: str) -> Rule:
    return re.compile(pattern), lambda m: new


#: a step down, and a step up, of what is asked and how often
MODALITY: dict[Direction, tuple[Rule, ...]] = {
    "weaker": (
        _to(rf"\bmust{_VERB}(?!\s+have\b)", "should"),
        _to(rf"\bmustn['’]t{_VERB}", "should not"),
        _to(rf"\bshall{_VERB}", "should"),
        (re.compile(rf"\b{_WHO} (?:have|has|needs?) to{_VERB}"), lambda m: f"{m['who']} should"),
        _to(rf"\bshould(?!\s+(?:not|never|always|only|have)\b){_VERB}", "may"),
        _to(rf"\bought to{_VERB}", "may"),
        _to(r"\b[Nn]ever\b(?!\s*[,;:]|\s+mind\b|-)", "rarely"),
        _to(rf"{_NOT_DENIED}\b[Aa]lways\b", "usually"),
        _to(rf"^(?:Do not|Don['’]t){_VERB}", "try not to"),
    ),
    "stronger": (
        _to(rf"\bshould{_VERB}(?!\s+have\b)", "must"),
        _to(rf"\bought to{_VERB}", "must"),
        _to(rf"\bmay{_VERB}(?!\s+(?:be|have|not|also|seem|well|never)\b)", "should"),
        _to(rf"{_NOT_DENIED}(?<!more )\b(?:[Uu]sually|[Gg]enerally|[Nn]ormally|[Tt]ypically)\b(?! speaking)", "always"),
        _to(rf"{_NOT_DENIED}(?<!very )(?<!only )(?<!more )(?<!so )\b(?:[Rr]arely|[Ss]eldom)\b", "never"),
        _to(rf"^Try not to{_VERB}", "do not"),
    ),
}
_ALL_OF = r"(?=\s+(?:the|my|your|our|their|his|her|its|these|those)\s)"
_PLURALS = r"(?:(?!does\b|was\b|has\b|goes\b|says\b|things considered)[a-z]+(?<![sui])s|people|humans|children)\b"
_ALL = r"(?<!at )(?<!above )(?<!after )(?<!it )(?<!they )(?<!we )(?<!you )(?<!first of )(?<!once and for )"
_NO_PLURALS = r"(?!(?:Ethics|Politics|News|Physics|Economics|Sometimes|Always|Perhaps|Does|Yes|Others)\b)"
_PLURAL = re.compile(
    rf"^{_NO_PLURALS}(?P<who>[A-Z][a-z]+(?<![sui])s|People|Children)(?=\s+(?:must|should|may|can|cannot|will|are|have|ought|"
    r"need|do|never|always)\b)"
)
_EVERYONE = r"(?P<who>[Ee]veryone|[Ee]verybody|[Ee]verything)"


def _quantified(word: str) -> Callable[[re.Match[str]], str]:
    return lambda m: f"{word} {m['who'][0].lower()}{m['who'][1:]}"


#: a step down, and a step up, of whom and what it is about
SCOPE: dict[Direction, tuple[Rule, ...]] = {
    "weaker": (
        _to(rf"{_ALL}{_NOT_DENIED}\b[Aa]ll(?:\s+of)?{_ALL_OF}", "most of"),
        _to(rf"{_ALL}{_NOT_DENIED}\b[Aa]ll(?=\s+(?:[a-z]+\s+)?{_PLURALS})", "most"),
        _to(
            rf"{_NOT_DENIED}(?<![Aa]lmost )\b[Ee]very{_VERB}(?!\s+(?:other|now|so|single|once|bit|day|time)\b)",
            "almost every",
        ),
        (re.compile(rf"{_NOT_DENIED}(?<![Aa]lmost )\b{_EVERYONE}\b"), _quantified("almost")),
        _to(rf"(?<!the )(?<!at )\b[Mm]ost(?:\s+of)?{_ALL_OF}", "some of"),
        _to(rf"(?<!the )(?<!at )\b[Mm]ost(?=\s+{_PLURALS})", "some"),
        (_PLURAL, _quantified("some")),
    ),
    "stronger": (
        _to(rf"(?<!the )(?<!at ){_NOT_DENIED}\b(?:[Mm]ost|[Mm]any|[Ss]ome)\s+of{_ALL_OF}", "all of"),
        _to(
            rf"(?<!the )(?<!at )(?<!as )(?<!so )(?<!how )(?<!too ){_NOT_DENIED}\b(?:[Mm]ost|[Mm]any|[Ss]ome)"
            rf"(?=\s+{_PLURALS})",
            "all",
        ),
        (re.compile(r"\b[Aa]lmost (?P<every>every\w*)"), lambda m: str(m["every"])),
        (_PLURAL, _quantified("all")),
    ),
}
RULES: dict[str, dict[Direction, tuple[Rule, ...]]] = {"modality": MODALITY, "scope": SCOPE}


class Drift(SettingsRecord):
    """What slips when a rule is passed on, in English: its force (must → should → may) or its reach (all → most).

    A drift changes the meaning a little and is never a paraphrase: its variants have a law of their own (``--law
    drift``), nobody believes in them, and none can take the text's place unless somebody chooses it. Their ids say
    which it is: ``drift-modality-1`` and on, ``drift-scope-1`` and on, the weaker ones first. Every place of the text
    drifts one step at once, so that *users must ask and must wait* becomes *users should ask and should wait*.

    Attributes:
        of: what drifts.
        towards: in which direction.
    """

    kind: Literal["drift"] = "drift"
    of: tuple[Literal["modality", "scope"], ...] = Field(default=("modality", "scope"), min_length=1)
    towards: tuple[Direction, ...] = Field(default=("weaker", "stronger"), min_length=1)

    def variants(self, seed: Seed) -> Seed:
        for what in dict.fromkeys(self.of):
            seed = each_text(seed, f"drift-{what}", "drift", lambda text, what=what: self.drifted(text, what))  # type: ignore[misc]
        return seed

    def drifted(self, text: str, what: Literal["modality", "scope"]) -> list[str]:
        """The text drifted in each direction, where it holds something that can drift."""
        out = []
        for direction in dict.fromkeys(self.towards):
            edits = list(drifts(text, RULES[what][direction]))
            if edits and (said := edited(text, edits)) != text and said not in out:
                out.append(said)
        return out


def drifts(text: str, rules: tuple[Rule, ...]) -> Iterator[Edit]:
    """Where a text drifts, one step a place: of two rules for one place the first counts."""
    means = Means(text)
    for sentence in sentences(text):
        said = text[slice(*sentence)]
        if not is_english(said):
            continue
        taken: set[int] = set()
        for pattern, new in rules:
            for found in pattern.finditer(said):
                start, end = (sentence.start + k for k in found.span())
                if taken.isdisjoint(range(start, end)) and not means.touches(start, end):
                    taken.update(range(start, end))
                    yield Edit(start, end, cased_like(found[0], new(found)))
