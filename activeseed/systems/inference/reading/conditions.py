"""What an action hangs on: the conditions and exceptions around it."""

from __future__ import annotations

import re

_OPENS = (
    r"if and only if|only if|if|only when|when|whenever|as long as|so long as|provided that|where possible|"
    r"in (?:those )?cases? where|in (?:those )?(?:situations|contexts|circumstances) (?:where|in which)|once|"
    r"until"
)
_EXCEPT = r"unless|except(?:ing)?(?: (?:if|when|where|in|for|to|that|as))?|apart from|other than in"
_AROUND = re.compile(rf"(?<!\beven)(?:^|[\s,(—]+)(?:(?P<if>{_OPENS})|(?P<except>{_EXCEPT}))\b\s*")
_BEFORE = re.compile(
    rf"^(?:(?:and|but|so|however|therefore|thus|similarly|likewise|for example|instead|in general|generally|"
    rf"typically)\b[\s,]*)*"
    rf"(?:(?P<if>{_OPENS}|while|where|before|after|in|on|during|within|for)|"
    rf"(?P<except>{_EXCEPT}))\b\s+(?P<what>[^\n]{{2,400}}?)[,;—]\s*(?:then\s+)?$"
)
_NO_CONDITION = re.compile(
    r"^(?:(?:other|such|these|this|that|those|most|many|some|all|any) (?:words?|cases?|circumstances|respects?|"
    r"contexts?|reasons?|purposes?)|general|particular|addition|example|instance|"
    r"(?:order|addition|light|keeping|line|accordance|contrast|this spirit)\b.*|turn|short|fact|practice|principle|"
    r"part|contrast|the (?:other|one) hand|the whole|balance|top of that|the same time|now|this|that)$"
)
#: how much of an action is looked at; what is longer is kept whole
_LOOK = 2_000


def around(action: str, masked: str) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """An action without its conditions, those, and its exceptions; ``masked`` is the same with brackets crossed out."""
    found = list(_AROUND.finditer(masked[:_LOOK]))
    if not found or not action[: found[0].start()].strip(" ,—"):
        return action, (), ()
    conditions: list[str] = []
    exceptions: list[str] = []
    for m, following in zip(found, [*found[1:], None], strict=True):
        what = action[m.end() : following.start() if following else len(action)].strip(" ,;:.—)")
        if m["if"] == "where possible":
            what = "possible"
        if what:
            (exceptions if m["except"] else conditions).append(what)
    return action[: found[0].start()], tuple(conditions), tuple(exceptions)


def before(words: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The conditions and exceptions that stand before whoever is spoken of."""
    m = _BEFORE.match(words.lower()) if words else None
    if not m or _NO_CONDITION.match(m["what"]):
        return (), ()
    what = words[m.start("what") : m.end("what")].strip(" ,;—")
    return ((), (what,)) if m["except"] else ((what,), ())
