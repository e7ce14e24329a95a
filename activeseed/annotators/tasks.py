"""The Label Studio task that a question becomes: all that an annotator sees of it, as texts.

Texts of seeds are data. They reach the page through ``Text`` tags (shown as they are), never as HTML, and no ``$name``
in them is looked up: Label Studio would replace it in the label of a choice.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from itertools import islice
from typing import Any

from activeseed.annotators import hanging
from activeseed.comparing import same_text
from activeseed.errors import AnnotatorError, nearest
from activeseed.question import Consequence, Question
from activeseed.questions import form_of, is_about_one, needs, verdicts_of
from activeseed.resolution import shown
from activeseed.seed import ABSENT, AS_WRITTEN, FLIPPED, Pair, Payload

#: characters of a line of a list that stand beside its tick; where more were cut off, the whole list stands above
SHOWN = 200
#: what is shown for a text without a character
EMPTY = "(empty)"
#: fields of a task that hold what is judged, and between what is chosen
JUDGED = ("text", "prompt", "reply_a", "reply_b", "wordings", "left", "right", "variants", "lines")
#: between two options on one side
RULE = "\n———\n"
#: ways to read a text as a pair that are tried
_READINGS = 200
#: changes of the reading direction that last until they are ended; in a line they would turn round what follows it
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_CONTROL_CHARACTERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def task_data(question: Question, payload: Payload | None = None) -> dict[str, Any]:
    """The ``data`` of the Label Studio task that asks a question: all that its template shows, ready for JSON.

    Args:
        question: what is asked. Its value, purpose, how it was drawn and what it repeats are left out: annotators must
            not know them.
        payload: the item asked about, where the caller has it. Without it the parts of a pair are read off its text.

    Every value is a text, or a list of choices ({"value", "alias", "hotkey"}) for `variant` and `stays`.
    """
    data: dict[str, Any] = {
        "question": question.id,
        "text": shown_text(question.text),
        "why": shown_text("\n\n".join(filter(None, _why(question)))),
    }
    form = form_of(question)
    for field in form.fields:
        if field not in FIELDS:
            raise AnnotatorError(f"The form {form.kind!r} has a field that tasks don't have.{nearest(field, FIELDS)}")
        data |= FIELDS[field](question, payload)
    if form.about == "together":
        texts = [shown_text(question.options.get(i, i)) for i in question.items]
        data["text"] = "\n\n".join(f"{n}. {t}" for n, t in enumerate(texts, 1)) or data["text"]
    return data


def _why(question: Question) -> tuple[str, ...]:
    """What a question says besides what is judged: what it answers, why it is asked, what was said before."""
    context = f"It answers: {question.context}" if question.context else ""
    return context, question.reason, hanging.said_before(question)


def _wordings(question: Question) -> str:
    told = "\n\n".join(f"{a}: {_wording(question, v)}" for a, v in offered(question).items())
    return told or "There is no other wording."


def _wording(question: Question, variant: str) -> str:
    return hanging.marked(question, variant, shown_text(question.options[variant]))


def _variants(question: Question) -> list[dict[str, str]]:
    form = form_of(question)
    first = 1 if needs(form, "option") else 2
    # where no box shows the options, their letters are followed by them
    alone = needs(form, "option") and "left" not in form.fields
    named = {a: f"{a}: {shown_text(question.options[v])}" if alone else a for a, v in offered(question).items()}
    return [_choice(named[a], v, n) for n, (a, v) in enumerate(offered(question).items(), first)]


def _answers(question: Question) -> str:
    said = [
        f"{shown_text(who)}: {verdict}" + (f". {shown_text(c)}" if c else "") for who, verdict, c in question.answers
    ]
    return "\n\n".join(said) or "–"


def _part(question: Question, payload: Payload | None, part: str) -> str:
    pair = pair_of(question, payload) or Pair(chosen=question.text, rejected="")
    return shown_text(str(getattr(pair, part)))


def shown_digest(data: Mapping[str, Any]) -> str:
    """Names what the data of a task gives to judge, whatever it says besides."""
    judged = {name: data.get(name) for name in JUDGED}
    return sha256(json.dumps(judged, sort_keys=True).encode()).hexdigest()[:16]


def differs(question: Question, data: Mapping[str, Any]) -> bool:
    """Whether a task that bears no digest shows another item than was asked about."""
    if not is_about_one(question):
        return False
    return same_text(str(data.get("text", ""))) != same_text(shown_text(question.text))


def shown_text(text: str) -> str:
    """Text as a page and a database can hold it: control characters (never line ends and tabs) become a mark."""
    return _CONTROL_CHARACTERS.sub("\ufffd", text.replace("\r\n", "\n")) or EMPTY


def offered(question: Question) -> dict[str, str]:
    """Letter -> variant id of what can be chosen; A is the wording shown, so others begin with B."""
    form = form_of(question)
    if needs(form, "option"):
        return {_letter(n): v for n, v in enumerate(question.options)}
    left_out = {ABSENT, shown(question)} | ({FLIPPED} if "flip" in verdicts_of(form) else set())
    kept = [v for v, text in question.options.items() if v not in left_out and text != question.text]
    return {_letter(n): v for n, v in enumerate(kept, 1)}


def _letter(n: int) -> str:
    return chr(ord("A") + n) if n < 26 else f"A{n}"


def _choice(label: str, alias: str, number: int) -> dict[str, str]:
    # a word joiner, which is not seen, keeps Label Studio from replacing a $name by a field of the task
    return {"value": label.replace("$", "$\u2060"), "alias": alias} | ({"hotkey": str(number)} if number < 10 else {})


def _consequences(question: Question) -> str:
    """A probe, and below it what becomes of it under each answer: side by side, a line each for several wordings."""
    kept = shown(question)
    names = {v: f"as {a}" for a, v in offered(question).items()}
    if needs(form_of(question), "pair"):
        names |= {ABSENT: "pair goes", kept: "A is better", AS_WRITTEN if kept == FLIPPED else FLIPPED: "B is better"}
    else:
        names = {FLIPPED: "flipped"} | names | {kept: "kept", ABSENT: "dropped"}
    variants = hanging.answers(question)
    form = form_of(question)
    several = bool(variants) and needs(form, "variant") and "left" in form.fields
    if several:  # a row a case, and in it a line for each wording, those that can't be told from it as well
        variants = list(dict.fromkeys([kept, *offered(question).values(), *variants]))
        variants.sort(key=lambda v: v == ABSENT)
        names |= {v: hanging.marked(question, v, a) for a, v in offered(question).items()}
        names |= {kept: "A (stands now)", ABSENT: "None"}
    names = {v: names.get(v, shown_text(v)) for v in variants}
    lines = []
    for n, c in enumerate(question.consequences, 1):
        told = hanging.rows(c, variants, names) if several else [
            f"→ {hanging.line(c, variants, names)}", *hanging.because(c, variants, names)
        ]  # fmt: skip
        lines.append("\n".join([f"{n}. {shown_text(c.text)}", *map(shown_text, told)]))
    return "\n\n".join([*lines, hanging.legend(question)]).strip() if lines else hanging.nothing(question)


def _blocks(question: Question) -> list[str]:
    """Each option with what it would decide, in the order of their letters."""
    if needs(form_of(question), "option"):
        return [f"{a}: {shown_text(question.options[v])}" for a, v in offered(question).items()]
    options = {"A (stands now)": (shown(question), question.text)}
    options |= {a: (v, _wording(question, v)) for a, v in offered(question).items()}
    options["None"] = (ABSENT, "The item goes.")
    return [_block(a, text, v, question) for a, (v, text) in options.items()]


def _block(name: str, text: str, variant: str, question: Question) -> str:
    told = [
        "\n".join(filter(None, (f"{shown_text(c.text)}\n→ {hanging.under(c, variant)}", _because(c, variant))))
        for c in question.consequences
    ]
    said = "\n".join(told) or hanging.nothing(question)
    return f"{name}: {shown_text(text)}\n\nWhat it decides:\n{said}"


def _because(consequence: Consequence, variant: str) -> str:
    why = hanging.reasons(consequence, variant)
    return shown_text(f"because: {why}") if why else ""


def listed(question: Question) -> dict[str, Any]:
    """The lines of a list as choices, and as one text where a choice can't hold a line."""
    names = {ABSENT: "dropped", FLIPPED: "flipped", AS_WRITTEN: "kept as written"}
    choices, whole, cut = [], [], False
    for n, (item, text) in enumerate(_lines(question), 1):
        proposed = question.options.get(item, ABSENT)
        line = " / ".join(shown_text(text).split("\n"))
        cut = cut or len(line) > SHOWN or "\n" in text or _TURNS.search(line) is not None
        line = _TURNS.sub("\ufffd", line)
        short = line if len(line) <= SHOWN else line[: SHOWN - 1] + "…"
        choices.append(_choice(f"{n}. {short} → {names.get(proposed, proposed)}", item, n))
        whole.append(f"{n}. {shown_text(text)}")
    return {"text": "\n\n".join(whole) if cut else f"{len(choices)} lines, listed below.", "lines": choices}


def _lines(question: Question) -> list[tuple[str, str]]:
    """(item id, text) of a list, whose text has a line or more an item, beginning with its id."""
    texts: dict[str, list[str]] = {}
    for line in question.text.split("\n"):
        begins = question.items[len(texts)] if len(texts) < len(question.items) else None
        if begins is not None and line.startswith(f"{begins}: "):
            texts[begins] = [line.removeprefix(f"{begins}: ")]
        elif texts:
            texts[next(reversed(texts))].append(line)
    return [(item, "\n".join(texts.get(item, [item]))) for item in question.items]


def pair_of(question: Question, payload: Payload | None) -> Pair | None:
    """The pair that is asked about, or None for another item.

    A prompt or reply may hold a line that begins with a mark itself: of several ways to read the text, the one that
    agrees with the flipped pair is right. A text that only looks like a pair has no flipped one.
    """
    if payload is not None:
        if not isinstance(payload, Pair):
            return None
        for candidate in (payload, payload.flipped()):
            if candidate.display == question.text:
                return candidate
    both = {question.options[v] for v in (FLIPPED, AS_WRITTEN) if v in question.options}
    others = both - {question.text} or both
    if payload is None and FLIPPED not in question.options and not needs(form_of(question), "pair"):
        return None
    readings = list(islice(pair_readings(question.text), _READINGS))
    return next((p for p in readings if p.flipped().display in others), next(iter(readings), None))


def pair_readings(text: str) -> Iterator[Pair]:
    """Ways to read a text as prompt, ``+`` reply and ``-`` reply."""
    padded = "\n" + text
    for plus in re.finditer(r"\n\+ ", padded):
        for minus in re.finditer(r"\n- ", padded[plus.end() :]):
            at = plus.end() + minus.start()
            chosen, rejected = padded[plus.end() : at], padded[at + 3 :]
            yield Pair(prompt=padded[1 : plus.start()], chosen=chosen, rejected=rejected)


#: field of a task -> what it adds to the data of the task that asks a question about an item
FIELDS: Mapping[str, Callable[[Question, Payload | None], dict[str, Any]]] = {
    "prompt": lambda q, p: {"prompt": _part(q, p, "prompt")},
    "reply_a": lambda q, p: {"reply_a": _part(q, p, "chosen")},
    "reply_b": lambda q, p: {"reply_b": _part(q, p, "rejected")},
    "consequences": lambda q, _: {"consequences": _consequences(q)},
    "wordings": lambda q, _: {"wordings": _wordings(q)},
    "left": lambda q, _: {"left": RULE.join(_blocks(q)[::2]) or "–"},
    "right": lambda q, _: {"right": RULE.join(_blocks(q)[1::2]) or "–"},
    "variants": lambda q, _: {"variants": _variants(q)},
    "answers": lambda q, _: {"answers": _answers(q)},
    "lines": lambda q, _: listed(q),
}
