"""Closed templates of rewording: contractions both ways, should and ought to, fixed turns of phrase.

Each template is a pattern and what takes its place, written so that it says the same wherever it applies; where that
can't be told from the words beside it, the template does not apply.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from activeseed.perturbations.reading import Edit, Span, cased_like

_PRONOUN = r"(?:I|you|we|they|he|she|it|there|this|that|these|those|one|the|an?|my|your|our|their|his|her|its)"
#: a verb goes on, or an adverb before one
_GOES_ON = r"(?=\s+[a-z])"
_AUXILIARY = r"do|does|did|is|are|was|were|has|have|had|should|would|could|must"
_NOT_ASKED = rf"(?!\s+{_PRONOUN}\b)"

#: after these, *should* stands before its subject
_UNTURNED = "".join(
    f"(?<!(?i:{word}) )"
    for word in ("how", "why", "where", "when", "what", "nor", "neither", "so", "then", "than", "as")
)

_SHORT = {"cannot": "can't", "can not": "can't", "will not": "won't"}
_LONG = {"can't": "cannot", "won't": "will not"}
_BE = {"I am": "I'm", "you are": "you're", "we are": "we're", "they are": "they're", "it is": "it's", "he is": "he's",
       "she is": "she's", "there is": "there's"}  # fmt: skip
_BE_LONG = {v: k for k, v in _BE.items() if k not in ("he is", "she is")} | {"that's": "that is"}

#: turns of phrase, both ways
_TURNS = (
    ("for example", "for instance"), ("regardless of", "irrespective of"), ("with respect to", "with regard to"),
    ("each other", "one another"), ("everyone", "everybody"), ("someone", "somebody"), ("anyone", "anybody"),
    ("no one", "nobody"), ("because of", "on account of"),
)  # fmt: skip
#: and those that hold one way only
_ONE_WAY = (
    (r"in order to(?=\s+[a-z])(?!\s+not\b)", "to"),
    (r"prior to", "before"),
    (r"(?:due|owing) to the fact that", "because"),
    (r"make sure that", "ensure that"),
    (r"a large number of", "a lot of"),
    (r"a lot of", "lots of"),
    (r"a variety of", "various"),
    (r"(?<!not )even though", "although"),
    (r"(?<!for )as long as(?=\s+(?:you|we|they|it|I)\b)", "so long as"),
    (r"in spite of", "despite"),
    (r"at the present time", "at present"),
    (r"towards", "toward"),
    (r"amongst", "among"),
    (r"whilst", "while"),
    (r"is in need of", "needs"),
    (r"makes use of", "uses"),
    (r"take into account(?=\s+(?:the|an?|their|its|your|our|all|any)\s)(?!\s+the\s+fact)", "take account of"),
)
#: after these, *that* may be left out before a subject
_THAT = re.compile(
    r"\b(I\s+(?:(?:do\s+not|don['’]t|also|really|truly|strongly|firmly)\s+)?(?:believe|think|know|hope|wish|suppose))\s+that"
    r"(?=\s+(?:the|I|you|we|they|he|she|it|there|people|everyone|humans|all|every|my|our|most|some)\b)"
)
_THAT_LESS = re.compile(
    r"\b(I\s+(?:(?:do\s+not|don['’]t)\s+)?(?:believe|think|hope))(?=\s+(?:I|we|they|he|she|there)\s)"
)


def _rules() -> Iterator[tuple[re.Pattern[str], Callable[[re.Match[str]], str]]]:
    def cut(
        pattern: str, new: Callable[[re.Match[str]], str]
    ) -> tuple[re.Pattern[str], Callable[[re.Match[str]], str]]:
        return re.compile(pattern, re.I), new

    yield cut(rf"\b(?:cannot|can not|will not){_GOES_ON}(?!\s+only\b){_NOT_ASKED}", lambda m: _SHORT[_flat(m[0])])
    yield cut(rf"\b({_AUXILIARY})\s+not{_GOES_ON}(?!\s+only\b){_NOT_ASKED}", lambda m: f"{m[1].lower()}n't")
    yield cut(rf"\b(?:can|won)['’]t{_GOES_ON}{_NOT_ASKED}", lambda m: _LONG[_flat(m[0])])
    yield cut(rf"\b({_AUXILIARY})n['’]t{_GOES_ON}{_NOT_ASKED}", lambda m: f"{m[1].lower()} not")
    yield cut(rf"(?<![\w'’] )(?<!\band )\b(?:{'|'.join(_BE)}){_GOES_ON}(?!\s+to\b)", lambda m: _BE[_pronoun(m[0])])
    yield cut(
        rf"\b(?:{'|'.join(s.replace(chr(39), '[' + chr(39) + '’]') for s in _BE_LONG)}){_GOES_ON}"
        r"(?!\s+(?:been|got|had|become|made|come|gone|taken|given)\b)",
        lambda m: _BE_LONG[_pronoun(m[0])],
    )
    yield (
        re.compile(rf"\bI\s+will(\s+not|\s+never)?{_GOES_ON}(?!\s+(?:I|be able)\b)"),
        lambda m: f"I'm{m[1] or ''} going to",
    )
    yield (
        re.compile(rf"\bI['’]m(\s+not|\s+never)?\s+going\s+to{_GOES_ON}(?!\s+(?:the|an?|my|your|our)\b)"),
        (lambda m: f"I will{m[1] or ''}"),
    )
    yield re.compile(r"\bI['’]ll(?=\s+[a-z])"), lambda m: "I will"
    yield re.compile(r"\b(we|they|you)['’]ll(?=\s+[a-z])", re.I), lambda m: f"{m[1]} will"
    yield (
        re.compile(rf"(?<=[a-zA-Z,)] ){_UNTURNED}should(\s+not|\s+never)?{_GOES_ON}{_NOT_ASKED}"),
        lambda m: f"ought{m[1] or ''} to",
    )
    yield re.compile(r"\bought(\s+not|\s+never)?\s+to(?=\s+[a-z])"), lambda m: f"should{m[1] or ''}"
    yield (
        re.compile(r"\b(I|[Yy]ou|[Ww]e|[Tt]hey)\s+must(?=\s+[a-z])(?!\s+(?:not|never|be|have|also|always|only)\b)"),
        (lambda m: f"{m[1]} have to"),
    )
    yield _THAT, lambda m: m[1]
    yield _THAT_LESS, lambda m: f"{m[1]} that"
    for one, other in _TURNS:
        yield cut(rf"\b{one}\b(?!['’-])", lambda m, new=other: new)  # type: ignore[misc]
        yield cut(rf"\b{other}\b(?!['’-])", lambda m, new=one: new)  # type: ignore[misc]
    for pattern, new in _ONE_WAY:
        yield cut(rf"\b{pattern}\b(?!['’-])", lambda m, new=new: new)  # type: ignore[misc]


def _flat(said: str) -> str:
    return " ".join(said.lower().replace("’", "'").split())


def _pronoun(said: str) -> str:
    """The key of a table: *I* keeps its capital."""
    flat = _flat(said)
    return "I" + flat[1:] if flat.startswith(("i ", "i'")) else flat


_RULES = tuple(_rules())
_CONDITION = re.compile(r"\b(?:if|in case|lest|whether|why|unless|provided|suggest\w*|recommend\w*|insist\w*)\b", re.I)


def templated(text: str, sentence: Span) -> Iterator[Edit]:
    """What a template makes of a part of a sentence, template by template.

    Questions are left alone: *don't you* is no *do not you*.
    """
    said = text[slice(*sentence)]
    if said.rstrip("\"”’')*_").endswith("?"):
        return
    curly = "’" in said
    for pattern, new in _RULES:
        for found in pattern.finditer(said):
            made = new(found)
            if "ought" in made and _CONDITION.search(said, max(said.rfind(",", 0, found.start()), 0), found.start()):
                continue  # *if you should ask*: a case, and no duty
            made = cased_like(found[0], made.replace("'", "’") if curly else made)
            yield Edit(sentence.start + found.start(), sentence.start + found.end(), made)
