"""What a rewording may not touch if its meaning is to stay: the veto on every candidate.

Sentences that say *never* and *always* lie close together for every embedder there is, so nothing here looks at
embeddings. Two wordings are compared by what decides: how many negations there are and what each of them denies, the
strength of every modal verb, who and how often (*all*, *some*, *only*, *usually*), what ties the clauses (*if*,
*unless*, *or*), numbers, names, and whether a word has given way to its opposite.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from activeseed.perturbations.reading import WORD, listed
from activeseed.perturbations.tables import opposites

#: what says no
NEGATIONS = listed(
    "not no never none nothing nobody nowhere neither nor without hardly barely scarcely rarely avoid avoids "
    "avoiding avoided refrain refrains refraining fail fails failing failed lack lacks refuse refuses refusing "
    "deny denies stop stops cease ceases"
)
#: how strongly something is asked for: must is no should, and should is no may
MODALS = listed(
    "must shall should may might can could will would need needs needed required requires require obliged allowed "
    "permitted forbid prefer prefers supposed dare"
)
#: who, how many, and how often
QUANTITIES = listed(
    "all every each any some most many much few several both half everyone someone anyone everything anything "
    "something always usually often sometimes mostly only almost more less least fewer enough ever once twice "
    "whatever whoever whenever generally typically entirely partly too very"
)
#: what ties clauses and says when
TIES = listed(
    "if unless except until till but or and because although while before after when where whether than since so "
    "against instead despite rather either though as"
)
KINDS: dict[str, frozenset[str]] = {
    "a negation": NEGATIONS, "a modal verb": MODALS, "a quantity": QUANTITIES, "a conjunction": TIES,
}  # fmt: skip
#: words that are one to the veto
_SAME = {
    "seldom": "rarely", "frequently": "often", "normally": "usually", "solely": "only", "exclusively": "only",
    "nearly": "almost", "largely": "mostly", "mainly": "mostly", "primarily": "mostly", "chiefly": "mostly",
    "principally": "mostly", "everybody": "everyone", "somebody": "someone", "anybody": "anyone",
    "prohibit": "forbid", "prohibits": "forbid", "prohibited": "forbid", "prohibiting": "forbid", "forbids": "forbid",
    "forbidden": "forbid", "forbade": "forbid", "forbidding": "forbid", "completely": "entirely",
    "totally": "entirely", "wholly": "entirely", "partially": "partly", "overly": "too", "excessively": "too",
    "cease": "stop", "ceases": "stops", "discontinue": "stop", "discontinues": "stops", "therefore": "thus",
    "hence": "thus",
}  # fmt: skip
#: turns of phrase that are one to the veto, the longest first
_TURNS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = tuple(
    (tuple(a.split()), tuple(b.split()))
    for a, b in (
        ("ought not to", "should not"), ("ought never to", "should never"), ("ought to", "should"),
        ("am not going to", "will not"), ("am never going to", "will never"), ("am going to", "will"),
        ("have to", "must"), ("has to", "must"), ("no one", "nobody"), ("even though", "although"),
        ("as long as", "so_long"), ("so long as", "so_long"), ("prior to", "before"), ("because of", "owing"),
        ("on account of", "owing"), ("owing to", "owing"), ("in order to", "to"), ("each other", "mutually"),
        ("one another", "mutually"),
    )
)  # fmt: skip
_PARTS = {"n't": "not", "'m": "am", "'ll": "will", "'re": "are", "'ve": "have"}
_CONTRACTED = re.compile(r"(n't|'m|'ll|'re|'ve)$")
_WHOLE = {"cannot": ("can", "not"), "can't": ("can", "not"), "won't": ("will", "not"), "shan't": ("shall", "not")}
_ITSELF = re.compile(r"\d[\d.,]*\d|\d|\b[A-Z]{2,}\b")
_AFFIXES = ("un", "in", "im", "il", "ir", "dis", "non", "mis", "a", "de", "anti")


def changed(before: str, after: str) -> str:
    """What a rewording changes that decides, in words; nothing where the meaning stays, as far as rules can tell.

    >>> changed("Never lie to users.", "Do not lie to people.")
    'a negation'
    >>> changed("You should not lie.", "You ought not to lie.")
    ''
    """
    old, new = tokens(before), tokens(after)
    for words, kind in ((kind_words, kind) for kind, kind_words in KINDS.items()):
        if Counter(w for w in old if w in words) != Counter(w for w in new if w in words):
            return kind
    if Counter(_ITSELF.findall(before)) != Counter(_ITSELF.findall(after)):
        return "a number or a name"
    if _scopes(old, new) != _scopes(new, old):
        return "what a negation or a modal verb is about"
    gone, come = Counter(old) - Counter(new), Counter(new) - Counter(old)
    if any(_opposed(a, b) for a in gone for b in come):
        return "a word for its opposite"
    return ""


def tokens(text: str) -> list[str]:
    """The words of a text in lower case, contractions spelt out and turns of phrase that mean the same made one."""
    words: list[str] = []
    for found in WORD.findall(text):
        word = found.lower().replace("’", "'")
        if word in _WHOLE:
            words += _WHOLE[word]
        elif cut := _CONTRACTED.search(word):
            words += [word[: cut.start()], _PARTS[cut[1]]]
        else:
            words.append(_SAME.get(word, word))
    return list(_turned(words))


def _turned(words: Sequence[str]) -> Iterator[str]:
    at = 0
    while at < len(words):
        for said, same in _TURNS:
            if words[at] == said[0] and tuple(words[at : at + len(said)]) == said:
                yield from same
                at += len(said)
                break
        else:
            yield words[at]
            at += 1


def _scopes(words: Sequence[str], others: Sequence[str]) -> object:
    """What every negation and modal verb is followed by; where no word moved, where each stands."""
    deciding = NEGATIONS | MODALS
    if len(words) == len(others):
        return [(n, w) for n, w in enumerate(words) if w in deciding]
    return Counter((w, _next(words, n)) for n, w in enumerate(words) if w in deciding)


def _next(words: Sequence[str], n: int) -> str:
    return next(iter(words[n + 1 : n + 2]), "")


def _opposed(a: str, b: str) -> bool:
    """Whether two words are opposites, by the table or by what stands before one of them."""
    if any(a == affix + b or b == affix + a for affix in _AFFIXES):
        return True
    return any(tuple(sorted((x, y))) in opposites() for x in _stems(a) for y in _stems(b))


def _stems(word: str) -> Iterable[str]:
    """A word and what it may be a form of."""
    yield word
    for ending, instead in (
        ("s", ""), ("es", ""), ("ies", "y"), ("ed", ""), ("ed", "e"), ("ied", "y"), ("ing", ""), ("ing", "e"),
        ("ly", ""), ("ily", "y"), ("ness", ""), ("er", ""), ("est", ""),
    ):  # fmt: skip
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            stem = word[: -len(ending)] + instead
            yield stem
            if ending in ("ed", "ing") and len(stem) > 3 and stem[-1] == stem[-2]:
                yield stem[:-1]
