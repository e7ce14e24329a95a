"""Words without their inflection, and phrases without their small words: what makes two wordings one concept.

Rules and a table of the commonest irregular verbs; a word that they get wrong is got wrong alike everywhere, which is
all that a concept needs. (Dictionaries of lemmas were looked at: they weigh tens of megabytes, or are no longer kept.)
"""

from __future__ import annotations

import re
from functools import lru_cache


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: form -> base, where no rule finds it
_IRREGULAR = {
    form: base
    for base, forms in {
        "be": "is are am was were been being", "have": "has had having", "do": "does did done doing",
        "go": "goes went gone", "say": "said", "make": "made", "take": "took taken", "give": "gave given",
        "tell": "told", "know": "knew known", "think": "thought", "show": "shown showed", "get": "got gotten",
        "keep": "kept", "hold": "held", "hide": "hid hidden hiding", "write": "wrote written writing", "lie": "lying",
        "die": "dying", "tie": "tying", "see": "saw seen", "speak": "spoke spoken", "break": "broke broken",
        "leave": "left", "mean": "meant", "pay": "paid", "sell": "sold", "steal": "stole stolen", "buy": "bought",
        "teach": "taught", "win": "won", "lose": "lost losing", "send": "sent", "spend": "spent",
        "begin": "began begun",
        "choose": "chose chosen choosing", "mislead": "misled", "lead": "led", "feel": "felt", "find": "found",
        "forget": "forgot forgotten", "forgive": "forgave forgiven", "understand": "understood", "use": "using used",
        "person": "people persons", "child": "children", "man": "men", "woman": "women", "datum": "data",
        "argue": "arguing argued", "value": "valuing valued", "issue": "issuing issued", "rescue": "rescuing rescued",
        "agree": "agreeing agreed", "free": "freeing freed", "guarantee": "guaranteeing guaranteed",
        "flee": "fleeing fled", "focus": "focusing focused focuses", "cheat": "cheating cheated",
    }.items()
    for form in forms.split()
}  # fmt: skip
#: words that look inflected and are not
_WHOLE = _words(
    "this his its us yes always perhaps as thus plus minus bus gas lens news politics ethics physics mathematics "
    "during species series means evening morning thing nothing something anything everything string king ring spring "
    "ceiling red bed hundred sacred naked need feed seed speed indeed breed bleed weed kindred embed shed wed alas "
    "bias atlas virus status campus census consensus bonus genus corpus crisis basis analysis thesis hypothesis "
    "chaos ethos"
)
_SMALL = _words("a an the any some its their his her your my our")
_COPULAS = _words("is are am be was were being been")
_CONTRACTED = (
    (r"\bcan['’]t\b", "can not"), (r"\bcannot\b", "can not"), (r"\bwon['’]t\b", "will not"),
    (r"\bshan['’]t\b", "shall not"), (r"n['’]t\b", " not"), (r"(?<=[a-z])['’]re\b", " are"),
    (r"\b(it|that|he|she|there|what|who)['’]s\b", r"\1 is"), (r"(?<=[a-z])['’]ll\b", " will"),
    (r"\bi['’]m\b", "i am"), (r"(?<=[a-z])['’]ve\b", " have"), (r"['’]s\b", ""),
)  # fmt: skip
_VOWELS = "aeiou"


def plain(text: str) -> str:
    """In small letters, contractions spelt out, white space single, without marks but commas."""
    out = text.lower().replace("’", "'")
    for pattern, said in _CONTRACTED:
        out = re.sub(pattern, said, out)
    out = re.sub(r"[^\w\s,\-]", " ", out)
    return " ".join(out.replace(",", " , ").split())


def concept(phrase: str) -> str:
    """A phrase as a concept: base forms, without articles, possessives and copulas; ``not`` is kept at the front.

    >>> concept("Deceiving the users"), concept("the user is not a minor")
    ('deceive user', 'not user minor')
    """
    words = [w for w in plain(phrase).replace(",", " ").split() if w not in _SMALL]
    negated = sum(w in ("not", "no") for w in words) % 2 == 1
    if words and words[0] == "do" and "not" in words:
        words = words[1:]
    kept = [w for w in words if w not in ("not", "no") and w not in _COPULAS]
    kept = [w for w in kept if not (negated and w in ("do", "does", "did"))]
    said = " ".join(base(w) for w in kept)
    return f"not {said}" if negated and said else said


@lru_cache(maxsize=65536)
def base(word: str) -> str:
    """The base form of an English word, by its ending; a base form is its own.

    >>> [base(w) for w in ("flatters", "deceiving", "users", "lied", "stopped", "policies", "adding")]
    ['flatter', 'deceive', 'user', 'lie', 'stop', 'policy', 'add']
    """
    for _ in range(4):
        shorter = _shorter(word)
        if shorter == word:
            break
        word = shorter
    return word


def _shorter(word: str) -> str:
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word in _WHOLE or len(word) < 4 or not word.isalpha() or not word.isascii():
        return word
    if word.endswith("ies"):
        return word[:-3] + ("ie" if len(word) == 4 else "y")
    if word.endswith(("sses", "shes", "ches", "xes", "zzes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is", "ous")):
        return word[:-1]
    if word.endswith("ied"):
        return word[:-3] + ("ie" if len(word) == 4 else "y")
    for ending in ("ing", "ed"):
        stem = word.removesuffix(ending)
        if stem != word and len(stem) > 1 and re.search(f"[{_VOWELS}y]", stem) and not word.endswith("eed"):
            return _whole_stem(stem)
    return word


def _whole_stem(stem: str) -> str:
    """A stem that lost its ending, with the letter that the ending took or without the one that it doubled."""
    last = stem[-1]
    if len(stem) > 3 and last == stem[-2] and last not in "flsz" + _VOWELS:  # *add* and *err* end so themselves
        return stem[:-1]
    if stem.endswith(("ll", "ss", "zz")):
        return stem
    if last in "vcuz" or stem.endswith(("dg", "rg", "ng", "ns", "rs", "is", "ps", "eas", "ois")):
        hard = ("bring", "hang", "belong", "long", "wrong")
        return stem if stem.endswith(hard) else stem + "e"
    if re.search(rf"[^{_VOWELS}lrwy]l$", stem):  # handl-, assembl-, not help- or fail-
        return stem + "e"
    if re.search(rf"^[^{_VOWELS}]*[{_VOWELS}y][^{_VOWELS}wxy]$", stem):  # mak-, hop-, lik-: one vowel, one consonant
        return stem + "e"
    if re.search(rf"[^{_VOWELS}](at|ut|id|ir|ur|iz|as|us|os|ak|ok|im|in(?<=[fl]in)|um|od|ag|uc|ot(?<=[mnv]ot))$", stem):
        return stem + "e"
    return stem
