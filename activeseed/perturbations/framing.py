"""Framing: what is to be done, said as what is not to be done, and the other way round."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Literal

from pydantic import Field

from activeseed.checked import SettingsRecord
from activeseed.perturbations.adding import each_text
from activeseed.perturbations.reading import Edit, Means, cased_like, edited, is_english, sentences
from activeseed.perturbations.tables import verbs
from activeseed.seed import Seed

Frame = Literal["do", "do not"]

_MODAL = r"(?P<modal>must|should|shall|ought to)"
_NOT = re.compile(rf"\b{_MODAL}\s+(?P<not>not|never)\s+(?P<verb>[a-z]+)\b(?!-)", re.I)
_OUGHT_NOT = re.compile(r"\bought\s+(?P<not>not|never)\s+to\s+(?P<verb>[a-z]+)\b(?!-)", re.I)
_DONT = re.compile(r"^(?P<not>Do not|Don['’]t|Never)\s+(?P<verb>[a-z]+)\b(?!-)")
_AVOIDS = re.compile(rf"\b(?:{_MODAL}\s+)?(?P<avoid>avoid|refrain from)\s+(?P<ing>[a-z]+ing)\b(?!-)", re.I)
_DOES = re.compile(rf"\b{_MODAL}\s+(?P<verb>[a-z]+)\b(?!-)", re.I)
_ALWAYS = re.compile(r"^Always\s+(?P<verb>[a-z]+)\b(?!-)")
_FAILS = re.compile(rf"\b(?:{_MODAL}\s+(?:not|never)\s+|never\s+)fail\s+to\s+(?P<verb>[a-z]+)\b", re.I)
#: a clause of its own begins, and what is denied before it is not denied in it
_NEW_CLAUSE = re.compile(r"[.;:!?—–()]|,\s*(?:but|and|or|so|as|if|when|unless|because|then|it|they|he|she|we|you|I)\b")
_JOINS = re.compile(r"\b(?:and|or|nor|but|than|any|anyone|anything|anybody|either|neither|at all|until|ever)\b", re.I)
_PASSIVE = re.compile(r"\s+[a-z]+(?:ed|en|wn)\b")
#: *what it should do* asks, and *if it should do so* supposes: neither says what is to be done
_ASKED = re.compile(r"\b(?:how|what|which|whom?|whose|why|where|when|whether|if|unless|than|as)\b", re.I)
_NO_VERBS = frozenset(
    {"have", "need", "be", "do", "can", "will", "may", "must", "only", "even", "just", "fail", "avoid", "refrain"}
)


class Framing(SettingsRecord):
    """A rule framed the other way, for English texts: *must not lie* and *must avoid lying*, *should ask* and *should
    not fail to ask*.

    The rule is the same and its frame is not, and trained models follow one frame better than people like it (C3AI,
    arXiv 2502.15861): so framings have a law of their own (``--law framing``) and are no paraphrases. Only templates
    that keep the rule are used, and none where a second verb, *or* or *any* behind it could fall out of the negation:
    *must not lie or cheat* has no framing. Never *Always tell the truth* for *Never lie*: that takes a human. Nobody
    believes in a framing, and none can take the text's place unless somebody chooses it.

    Attributes:
        towards: which frames are made: what to ``do``, what ``do not``.
    """

    kind: Literal["framing"] = "framing"
    towards: tuple[Frame, ...] = Field(default=("do", "do not"), min_length=1)

    def variants(self, seed: Seed) -> Seed:
        return each_text(seed, "framing", "framing", self.framed)

    def framed(self, text: str) -> list[str]:
        """The text in each frame, where something in it can be framed so."""
        out = []
        for frame in dict.fromkeys(self.towards):
            edits = list(_edits(text, _DOING if frame == "do" else _DENYING))
            if edits and (said := edited(text, edits)) != text and said not in out:
                out.append(said)
        return out


def _edits(text: str, rules: tuple[Callable[[str], Iterator[Edit]], ...]) -> Iterator[Edit]:
    means = Means(text)
    for sentence in sentences(text):
        said = text[slice(*sentence)]
        if not is_english(said) or said.endswith("?"):
            continue
        taken: set[int] = set()
        for rule in rules:
            for edit in rule(said):
                start, end, new = sentence.start + edit.start, sentence.start + edit.end, edit.new
                if taken.isdisjoint(range(start, end)) and not means.touches(start, end):
                    taken.update(range(start, end))
                    yield Edit(start, end, new)


def _avoiding(said: str) -> Iterator[Edit]:
    """*must not lie* → *must avoid lying*; *Do not lie* → *Avoid lying*."""
    for pattern in (_NOT, _OUGHT_NOT, _DONT):
        for found in pattern.finditer(said):
            ing = verbs().get(found["verb"])
            if not ing or found["verb"] in _NO_VERBS - {"be", "do"} or _joined(said, found.end()):
                continue
            if found["verb"] == "be" and (pattern is not _DONT or _PASSIVE.match(said, found.end())):
                continue  # what should not be shown can't avoid being shown
            if pattern is _DONT:
                new = f"Always avoid {ing}" if found["not"] == "Never" else f"Avoid {ing}"
            else:
                always = "always " if found["not"].lower() == "never" else ""
                modal = found["modal"] if pattern is _NOT else "ought to"
                new = f"{modal} {always}avoid {ing}"
            yield Edit(found.start(), found.end(), cased_like(found[0], new))


def _plainly(said: str) -> Iterator[Edit]:
    """*must not fail to ask* → *must ask*; *Never fail to ask* → *Always ask*."""
    for found in _FAILS.finditer(said):
        if found["verb"] in verbs() and not _joined(said, found.end()):
            new = f"{found['modal']} {found['verb']}" if found["modal"] else f"always {found['verb']}"
            yield Edit(found.start(), found.end(), cased_like(found[0], new))


def _not_failing(said: str) -> Iterator[Edit]:
    """*should ask* → *should not fail to ask*; *Always ask* → *Never fail to ask*."""
    for pattern in (_DOES, _ALWAYS):
        for found in pattern.finditer(said):
            if found["verb"] not in verbs() or found["verb"] in _NO_VERBS or _joined(said, found.end()):
                continue
            if _ASKED.search(said, _clause(said, found.start()), found.start()):
                continue
            if pattern is _ALWAYS:
                new = f"Never fail to {found['verb']}"
            elif found["modal"].lower() == "ought to":
                new = f"ought not to fail to {found['verb']}"
            else:
                new = f"{found['modal']} not fail to {found['verb']}"
            yield Edit(found.start(), found.end(), cased_like(found[0], new))


def _denying(said: str) -> Iterator[Edit]:
    """*must avoid lying* → *must not lie*; *Avoid lying* → *Do not lie*."""
    for found in _AVOIDS.finditer(said):
        base = _bases().get(found["ing"])
        if not base or _joined(said, found.end()):
            continue
        if found["modal"]:
            modal = found["modal"]
            new = f"ought not to {base}" if modal.lower() == "ought to" else f"{modal} not {base}"
        elif found.start() == 0:
            new = f"Do not {base}"
        else:
            continue
        yield Edit(found.start(), found.end(), cased_like(found[0], new))


_DOING = (_plainly, _avoiding)
_DENYING = (_denying, _not_failing)


@cache
def _bases() -> dict[str, str]:
    """Form in -ing -> the verb, where there is one alone."""
    out: dict[str, str] = {}
    for verb, ing in verbs().items():
        out[ing] = "" if ing in out else verb
    return out


def _clause(said: str, at: int) -> int:
    """Where the clause begins that a place is in."""
    return max((m.end() for m in _NEW_CLAUSE.finditer(said, 0, at)), default=0)


def _joined(said: str, at: int) -> bool:
    """Whether the rest of the clause holds what could fall out of the frame, or into it."""
    end = _NEW_CLAUSE.search(said, at)
    return bool(_JOINS.search(said, at, end.start() if end else len(said)))
