"""Labelling configurations of Label Studio: which one a question gets, the task it becomes, and its answer read back.

Pure: no network, and no annotation SDK. `annotator_templates/README.md` says which control holds what; here are the
same names (`controls`). A user may replace a template by their own as long as `check_template` finds its controls.

The task itself is made in `activeseed.annotators.tasks`.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from typing import Any

from activeseed.annotators.labelling import labelling
from activeseed.annotators.tasks import EMPTY, listed, offered, pair_of, pair_readings, shown_text, task_data
from activeseed.errors import AnswerError, ConfigError, nearest
from activeseed.protocols import Form, SupportsTemplate
from activeseed.question import Needs, Question
from activeseed.questions import FORMS, form_named, form_of, needs, reply_of, verdicts_of, with_form
from activeseed.resources import annotator_templates
from activeseed.seed import Pair, Payload, Text

__all__ = ["FROM_TASK", "STARS", "check_template", "controls", "read_result", "task_data", "template"]

_ALWAYS = {"verdict": "Choices", "confidence": "Rating", "comment": "TextArea"}
#: what a reply needs -> name of each control that holds it -> its tag
_NEEDED: dict[Needs, dict[str, str]] = {
    "item": {"edited": "TextArea"},
    "pair": {"edited_prompt": "TextArea", "edited_chosen": "TextArea", "edited_rejected": "TextArea"},
    "texts": {"texts": "TextArea"},
    "lines": {"stays": "Choices"},
    "variant": {"variant": "Choices"},
    "option": {"variant": "Choices"},
}
#: controls whose choices come with each task, and the field that holds them
FROM_TASK = {"variant": "variants", "stays": "lines"}
#: the box for what an item depends on; a template may do without, and the comment says it
CONDITION = "condition"
#: stars of the rating; all of them mean certain
STARS = 5
_REFERENCE = re.compile(r"\$([A-Za-z_]\w*)")


def controls(kind: str | Form) -> dict[str, str]:
    """Name of each control that a template of a kind must have -> its tag. Raises ConfigError for an unknown kind."""
    out, replies = dict(_ALWAYS), _form(kind).replies
    for what, needed in _NEEDED.items():
        if any(r.needs == what for r in replies):
            out |= needed
    return out


def template(kind: str | Form) -> str:
    """The labelling configuration (XML) for a kind of question: that which ships, the form's own, or one made of it.

    Raises ConfigError for an unknown kind.
    """
    form = _form(kind)
    shipped = annotator_templates() / f"{form.kind}.xml"
    if form.kind in FORMS and shipped.is_file():
        return shipped.read_text("utf-8")
    return form.template() if isinstance(form, SupportsTemplate) else labelling(form, controls(form))


def _form(kind: str | Form) -> Form:
    if not isinstance(kind, str):
        return kind
    try:
        return form_named(kind)
    except AnswerError as error:
        raise ConfigError(str(error)) from None


def read_result(
    question: Question, result: Sequence[Mapping[str, Any]], payload: Payload | None = None
) -> dict[str, Any]:
    """The fields of an Answer that a Label Studio annotation holds.

    Args:
        question: what was asked.
        result: the annotation's ``result``; an empty one (the Skip button) is read as *skip*.
        payload: the item asked about, where the caller has it; see ``task_data``.

    Returns:
        verdict, variant, payload, texts, unticked, confidence and comment, and the condition where there is a box for
        it and it was filled in. What the verdict does not need stays empty,
        though a control that was filled in first and hidden later may hold it.

    Raises:
        AnswerError: naming the control that is missing or holds what it can't. Controls of other names are ignored.
    """
    given: dict[str, list[Any]] = {}
    for region in result:
        value = region.get("value")
        for part in value.values() if isinstance(value, Mapping) else ():
            given.setdefault(str(region.get("from_name")), []).extend(part if isinstance(part, list) else [part])
    verdict = "skip" if not result else _single(question, given, "verdict")
    form = form_of(question)
    reply = reply_of(form, verdict)
    if reply is None:
        raise _unreadable(question, "verdict", f"{verdict!r} is no answer.{nearest(verdict, verdicts_of(form))}")
    out: dict[str, Any] = {
        "verdict": verdict, "variant": "", "payload": None, "texts": (), "unticked": (),
        "confidence": _confidence(question, given), "comment": _text(given, "comment"),
    }  # fmt: skip
    if reply.needs == "why" and (condition := _text(given, CONDITION)):
        out["condition"] = condition
    if reply.needs in ("variant", "option"):
        others = offered(question)
        chosen = _single(question, given, "variant")
        out["variant"] = chosen if chosen in others.values() else others.get(chosen, "")
        if not out["variant"]:
            raise _unreadable(question, "variant", f"{chosen!r} was not offered.{nearest(chosen, others.values())}")
    if reply.needs in ("item", "pair"):
        edited = _edited(question, given, payload)
        if edited is None:
            out["verdict"] = "keep"  # the text as it stands: nothing was changed
        out["payload"] = edited
    if reply.needs == "texts":
        out["texts"] = tuple(t for t in (str(t).strip() for t in given.get("texts", ())) if t)
        if not out["texts"]:
            raise _unreadable(question, "texts", "no example was written.")
    if reply.needs == "lines":
        labels = {c["value"]: c["alias"] for c in listed(question)["lines"]}
        ticked = [labels.get(str(line), str(line)) for line in given.get("stays", ())]
        for line in ticked:
            if line not in question.items:
                raise _unreadable(question, "stays", f"no line {line!r}.{nearest(line, question.items)}")
        out["unticked"] = tuple(i for i in question.items if i in ticked)
    return out


def check_template(xml: str, kind: str | Form) -> None:
    """Raise ConfigError, naming what is missing or wrong, when a template can't carry questions and answers of a kind.

    Checked are the controls (name, tag, what they belong to), the answers of `verdict`, the fields of the task that
    the template shows, and that it shows none of them as HTML. Whether Label Studio takes it, Label Studio says.
    """
    form = _form(kind)
    where = f"The template for {form.kind} questions"
    needed, verdicts = controls(form), verdicts_of(form)
    if "<!DOCTYPE" in xml or "<!ENTITY" in xml:
        raise ConfigError(f"{where} declares a document type. Leave <!DOCTYPE …> out; Label Studio needs none.")
    try:
        tags = list(ET.fromstring(xml).iter())
    except (ET.ParseError, ValueError) as error:
        raise ConfigError(
            f"{where} is no XML: {error}. Mend that place, or start again from the one shipped."
        ) from error
    named = {t.get("name", ""): t for t in tags if t.get("name")}
    for name, tag in needed.items():
        found = named.get(name)
        if found is None or found.tag.lower() != tag.lower():
            has = f" (it has a <{found.tag}> of that name)" if found is not None else ""
            raise ConfigError(
                f"{where} has no control <{tag} name={name!r}>{has}, so that part of an answer could not be read. "
                f"Add it; it needs: {', '.join(needed)}."
            )
        for target in found.get("toName", "").split(","):
            if target not in named:
                raise ConfigError(f"{where}, control {name!r}: toName={target!r} names nothing in it.")
        if name in FROM_TASK and found.get("value") != f"${FROM_TASK[name]}":
            raise ConfigError(f'{where}, control {name!r}: write value="${FROM_TASK[name]}", the choices of each task.')
    answers = [c.get("alias") or c.get("value") or "" for c in named["verdict"].iter() if c.tag.lower() == "choice"]
    if not answers:
        raise ConfigError(f"{where}, control 'verdict': it has no choices. Known: {', '.join(verdicts)}.")
    for answer in answers:
        if answer not in verdicts:
            raise ConfigError(f"{where}, control 'verdict': unknown answer {answer!r}.{nearest(answer, verdicts)}")
    if named["confidence"].get("maxRating", "5") != str(STARS):
        raise ConfigError(f"{where}, control 'confidence': write maxRating=\"{STARS}\"; all stars mean certain.")
    _check_shown(where, tags, set(task_data(with_form(Question(id="", kind=form.kind, items=()), lambda: form))))


def _check_shown(where: str, tags: Sequence[ET.Element], fields: set[str]) -> None:
    for tag in tags:
        used = [f for key, value in tag.attrib.items() if key != "style" for f in _REFERENCE.findall(value)]
        used += _REFERENCE.findall(tag.text or "")
        unknown = next((f for f in used if f not in fields), None)
        if unknown is not None:
            raise ConfigError(f"{where}, <{tag.tag}>: its tasks have no field ${unknown}.{nearest(unknown, fields)}")
        url = tag.tag.lower() == "text" and tag.get("valueType", "text") != "text"
        if used and (url or tag.tag.lower() == "hypertext"):
            raise ConfigError(
                f"{where}, <{tag.tag}>: it would show ${used[0]}, a text of the seed, as HTML or fetch it from an "
                'address. Use <Text … valueType="text"/>.'
            )


def _unreadable(question: Question, control: str, what: str) -> AnswerError:
    return AnswerError(f"Annotation of question {question.id!r}, control {control!r}: {what}")


def _single(question: Question, given: Mapping[str, list[Any]], control: str) -> str:
    values = given.get(control, [])
    if len(values) != 1:
        raise _unreadable(question, control, f"needs one choice, has {len(values)}. Answer it in Label Studio again.")
    return str(values[0])


def _text(given: Mapping[str, list[Any]], control: str) -> str:
    return "\n".join(str(t) for t in given.get(control, ())).strip()


def _confidence(question: Question, given: Mapping[str, list[Any]]) -> float | None:
    stars = given.get("confidence", [None])[-1]
    if not stars:
        return None
    if not isinstance(stars, int | float) or not 0 < stars <= STARS:
        raise _unreadable(question, "confidence", f"{stars!r} is no number of stars from 1 to {STARS}.")
    return stars / STARS


def _edited(question: Question, given: Mapping[str, list[Any]], payload: Payload | None) -> Text | Pair | None:
    """What an edit says, or None where it says what was shown."""
    pair = pair_of(question, payload)
    if needs(form_of(question), "pair"):
        parts = [_text(given, f"edited_{p}") for p in ("prompt", "chosen", "rejected")]
        if not any(parts):
            raise _unreadable(question, "edited_chosen", "an edit needs the edited pair; the boxes are empty.")
        # Label Studio loses the text it filled in when a draft is loaded again: an empty part is as it was
        was = pair or Pair(chosen="", rejected="")
        prompt, chosen, rejected = (
            new if new not in ("", EMPTY) else old
            for new, old in zip(parts, (was.prompt, was.chosen, was.rejected), strict=True)
        )
        if not chosen or not rejected:
            raise _unreadable(question, "edited_rejected", "a pair needs both replies.")
        edited_pair = Pair(prompt=prompt, chosen=chosen, rejected=rejected)
        return None if _same(edited_pair.display, was.display) else edited_pair
    text = _text(given, "edited")
    if text in ("", EMPTY):
        raise _unreadable(question, "edited", "an edit needs the edited text; the box is empty.")
    if _same(text, question.text):
        return None
    if pair is None:
        return Text(text=text)
    edited = next(pair_readings(text), None)
    if edited is None:
        raise _unreadable(question, "edited", "a pair needs a line that begins with '+ ' and one with '- ' below it.")
    return edited


def _same(edited: str, asked: str) -> bool:
    """Whether a text is the one that was shown: line ends, outer space and what can't be shown make no difference."""
    return _seen(edited) == _seen(asked)


def _seen(text: str) -> str:
    return "\n".join(shown_text(text).replace("\r", "\n").split("\n")).strip()
