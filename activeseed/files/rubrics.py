"""Rubrics as data sets have them: one criterion an item, its weight kept, and what counts against a reply says so.

``[{"weight": 2, "requirement": "…"}]`` and its variants (``criterion``, ``points``, ``description``), also as a list in
each record of a larger file, whose other fields then belong to every one of its criteria (HealthBench: ``prompt``,
``rubrics: [{"criterion", "points", "tags"}]``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from activeseed.formats import CRITERIA, Record, RecordFile

#: what a penalised criterion completes: torn from its sign, it would read as a wish
PENALISED = "A reply should not fit this description:"
#: of whom any other criterion speaks that does not say so itself: *Names the dose* is no sentence
SUBJECT = "The response"
_HAS_SUBJECT = re.compile(r"\W*(?:the|a|an|this|it|if|when)\b|.*\b(?:response|reply|answer|assistant|model)\b", re.I)
#: names of the text of a criterion, and of its weight
TEXTS = ("requirement", "criterion", "criteria")
_WEIGHTS = ("weight", "points", "score")


def one_a_criterion(file: RecordFile) -> RecordFile:
    """The file with a record for every criterion of a rubric; any other file is left as it is."""
    if not any(_criteria(r.fields) or _weight(r.fields) is not None for r in file.records):
        return file
    records: list[Record] = []
    penalties: list[int] = []
    for record in file.records:
        for fields, weight in _apart(record.fields):
            if (weight or 0.0) < 0.0:
                penalties.append(record.line)
                fields = _led(fields, PENALISED)
            elif (weight is not None or _criteria(record.fields)) and not _names_its_subject(fields):
                fields = _led(fields, SUBJECT)
            records.append(Record(record.line, fields))
    if not penalties:
        return file.holding(records)
    lines = ", ".join(map(str, penalties[:5])) + (", …" if len(penalties) > 5 else "")
    note = (
        f"{file.name}, {file.unit} {lines}: negative weights. What they describe counts against a reply, so it is "
        f"shown after {PENALISED!r}."
    )
    return RecordFile(file.path, records, file.unit, (*file.notes, note))


def _apart(fields: Mapping[str, Any]) -> list[tuple[dict[str, Any], float | None]]:
    """A record for each of its criteria, with what the record says beside them, and its weight."""
    found = _criteria(fields)
    if not found:
        return [(_with_text(fields), _weight(fields))]
    name, criteria = found
    around = {k: v for k, v in fields.items() if k != name and k.strip().casefold() != "id"}
    if (whole := next((v for k, v in fields.items() if k.strip().casefold() == "id"), None)) is not None:
        around["rubric_id"] = whole  # that of all criteria together names none of them
    out: list[tuple[dict[str, Any], float | None]] = []
    for criterion in criteria:
        said = {"text": criterion} if isinstance(criterion, str) else _with_text(criterion)
        out.append(({**around, **said}, None if isinstance(criterion, str) else _number(criterion)))
    return out


def _criteria(fields: Mapping[str, Any]) -> tuple[str, list[Any]] | None:
    for name, value in fields.items():
        if name.strip().casefold() in CRITERIA and isinstance(value, list) and value:
            if all(isinstance(c, str) and c.strip() for c in value):
                return name, value
            if all(isinstance(c, Mapping) and any(k in c for k in (*TEXTS, "text", "description")) for c in value):
                return name, value
    return None


def _with_text(fields: Mapping[str, Any]) -> dict[str, Any]:
    """A criterion of which only a description is given has it as its text."""
    names = {k.strip().casefold(): k for k in fields}
    if "description" in names and _weight(fields) is not None and not {*TEXTS, "text"} & set(names):
        return {("text" if k == names["description"] else k): v for k, v in fields.items()}
    return dict(fields)


def _weight(fields: Mapping[str, Any]) -> float | None:
    """What a record weighs that is a criterion; None for any other: what has a text may score below nought."""
    names = {k.strip().casefold() for k in fields}
    if not {*TEXTS, "description"} & names or {"text", "chosen", "rejected", "vector"} & names:
        return None
    return _number(fields)


def _number(fields: Mapping[str, Any]) -> float | None:
    names = {k.strip().casefold(): k for k in fields}
    value = next((fields[names[w]] for w in _WEIGHTS if w in names), None)
    try:
        return None if value is None or isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _names_its_subject(fields: Mapping[str, Any]) -> bool:
    """Whether a criterion says of whom it speaks: by its first words, or by a name of the reply. An empty one does."""
    text = next((str(v) for k, v in fields.items() if k.strip().casefold() in (*TEXTS, "text")), "")
    return not text.strip() or bool(_HAS_SUBJECT.match(text))


def _led(fields: Mapping[str, Any], lead: str) -> dict[str, Any]:
    """The fields with a prompt that ends in a lead-in; one that is said already stays."""
    name = next((k for k in fields if k.strip().casefold() == "prompt"), "prompt")
    prompt = fields.get(name)
    said: Any
    if isinstance(prompt, list):
        said = [*prompt, {"role": "rubric", "content": lead}]
    elif not isinstance(prompt, str) or not prompt.strip():
        said = lead
    else:
        said = prompt if prompt.rstrip().endswith(lead) else f"{prompt.rstrip()}\n\n{lead}"
    return {**fields, name: said}
