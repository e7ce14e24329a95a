"""Annotation through files: questions written as JSON lines or CSV, answers read from JSON lines or CSV.

A CSV of questions has empty answer columns, so a colleague with a spreadsheet fills it in and sends it back. What
annotators must not know (that a question is gold or a repeat) is never written.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError

from activeseed.agreeing import leads_out, said
from activeseed.annotators import hanging
from activeseed.annotators.question_file import QuestionFile
from activeseed.checked import SettingsRecord
from activeseed.comparing import clean_name, known_as, same_name
from activeseed.errors import AnswerError, nearest, plainly
from activeseed.formats import (
    FormatError,
    is_delimited,
    json_line,
    marked,
    parse_json,
    read_records,
    said_as,
    unguarded_copy,
    write_sheet,
)
from activeseed.question import Answer, Question
from activeseed.questions import form_of, needs, reply_of, verdicts_of
from activeseed.seed import Json, Pair, Seed, Text, digest_of

#: columns of an answer, in the order in which a CSV has them
ANSWER_FIELDS = (
    "annotator", "verdict", "variant", "text", "prompt", "chosen", "rejected", "texts", "unticked", "confidence",
    "comment", "condition", "seconds", "at", "id", "payload", "final",
)  # fmt: skip
#: so many of them are left for people to fill in
_ASKED_FOR = ANSWER_FIELDS.index("seconds")
#: columns that describe the question; read back from a filled-in CSV and ignored
QUESTION_FIELDS = (
    "kind", "items", "group", "context", "shown", "options", "minutes", "reason", "consequences", "round", "value",
    "verdicts", "seed_version", "answers", "trainings", "believed", "marks", "conditions",
)  # fmt: skip
#: what an export of answers marks them with; a study decides about both by itself
EXPORT_FIELDS = ("counted", "taken_back")
#: fields of which an export writes JSON into a cell
_PARTS = ("payload", "texts", "unticked")
#: what may stand between two ids
_BETWEEN = " \t\r\n,;"
#: what tells a check from a question, or how sure the machine is
_HIDDEN = {"purpose", "repeats", "drawn", "avoid", "value"}


class FileAnnotator(SettingsRecord):
    """A channel of two files.

    Attributes:
        questions: where questions are written; ``.jsonl`` or ``.csv``.
        answers: where answers are looked for; ``.jsonl`` or ``.csv``. It need not exist yet.
        name: who answers, for lines that do not say.
    """

    kind: Literal["file"] = "file"
    questions: str = Field(default="questions.jsonl", min_length=1)
    answers: str = Field(default="answers.jsonl", min_length=1)
    name: str = Field(default="annotator", min_length=1)

    def located(self, folder: Path) -> FileAnnotator:
        """The same record with relative paths read from a folder."""
        return self.model_copy(
            update={"questions": str(folder / self.questions), "answers": str(folder / self.answers)}
        )

    def would(self, folder: Path) -> tuple[str, Json] | None:
        """See ``protocols.SupportsAgreement``."""
        path = self.questions
        return (f"write questions to {said(path)}, which lies elsewhere", path) if leads_out(folder, path) else None

    def submit(self, questions: Sequence[Question], seed: Seed) -> None:
        file = QuestionFile(Path(self.questions))
        there = file.ids()
        new = [q for q in questions if q.id not in there]
        if new:
            sheet = is_delimited(file.path)
            file.add([_row(q) if sheet else _record(q) for q in new], _COLUMNS)

    def poll(self, pending: Sequence[Question]) -> list[Answer]:
        path = Path(self.answers)
        if not pending or not path.exists():
            return []
        wanted = {q.id: q for q in pending}
        return [a for a in read_answers(path, wanted, self.name, others="ignore") if a.question in wanted]

    def withdraw(self, questions: Sequence[Question]) -> list[str]:
        answered = {a.question for a in self.poll(questions)}
        file = QuestionFile(Path(self.questions))
        there = file.ids() if questions else set()
        gone = [q.id for q in questions if q.id in there and q.id not in answered]
        if gone:
            file.remove(set(gone))
        return gone


#: columns of a sheet of questions: what is asked, then what people fill in
_COLUMNS = (
    "question", "kind", "items", "context", "shown", "options", "reason", "consequences", "verdicts",
    *ANSWER_FIELDS[:_ASKED_FOR],
)  # fmt: skip


def _record(q: Question) -> dict[str, Any]:
    """A question as a line of JSON."""
    return {**q.model_dump(mode="json", exclude=_HIDDEN), "verdicts": verdicts_of(form_of(q))}


def _row(q: Question) -> dict[str, str]:
    """A question as a row of a sheet, its answer empty."""
    variants = hanging.answers(q)
    told = [
        "\n".join([f"{c.text} [{hanging.line(c, variants, {})}]", *hanging.because(c, variants, {})])
        for c in q.consequences
    ]
    return {
        "question": q.id,
        "kind": q.kind,
        "items": " ".join(q.items),
        "context": q.context,
        "shown": q.text,
        "options": "\n".join(f"{k}: {hanging.marked(q, k, v)}" for k, v in q.options.items()),
        "reason": "\n".join(filter(None, (q.reason, hanging.said_before(q)))),
        "consequences": "\n".join(filter(None, [*told, hanging.legend(q)])) if told else hanging.nothing(q),
        "verdicts": " ".join(r.verdict + (f" ({r.named})" if r.named else "") for r in form_of(q).replies),
    }


def read_answers(
    path: Path,
    questions: Mapping[str, Question],
    name: str = "annotator",
    others: Literal["raise", "ignore"] = "raise",
) -> list[Answer]:
    """Answers from a JSON-lines or CSV file, checked line by line.

    Args:
        questions: the questions that may be answered, by id.
        name: the annotator of lines that name none.
        others: what happens to answers to other questions.

    Raises:
        AnswerError: naming file, line and field. Lines without a verdict (not answered yet) are passed over, and so
            are answers that an export says were taken back; where others are ignored, an unfinished last line, too,
            that somebody is writing just now.
    """
    out = []
    for number, row in _rows(path, others == "ignore"):
        where = f"{path.name}, line {number}"
        unknown = [k for k in row if k not in (*ANSWER_FIELDS, *QUESTION_FIELDS, *EXPORT_FIELDS, "question")]
        if unknown:
            raise AnswerError(f"{where}: unknown field {unknown[0]!r}.{nearest(unknown[0], ANSWER_FIELDS)}")
        if _is_empty(row.get("verdict")) or _is_true(row.get("taken_back")):
            continue
        asked = known_as(_said(row, "question", where).strip(), questions)
        if not asked:
            raise AnswerError(f"{where}, field 'question': missing. Give the id of the question that is answered.")
        question = questions.get(asked)
        if question is None:
            if others == "ignore":
                continue
            raise AnswerError(f"{where}, field 'question': no question {asked!r} was asked.{nearest(asked, questions)}")
        if is_delimited(path):
            row |= {name: _in_a_cell(row.get(name)) for name in _PARTS}
            # people edit copies of what a sheet shows, which may have been guarded from being run as a formula
            row |= {name: row.get(name) or None for name in ("chosen", "rejected")}
            for field, of in (
                ("text", question.text), ("prompt", question.text), ("unticked", " ".join(question.items)),
            ):  # fmt: skip
                if not isinstance(row.get(field), list):
                    row[field] = unguarded_copy(str(row.get(field) or ""), of)
        out.append(_answer(row, question, name, where))
    return out


def answers_sheet(records: Sequence[Mapping[str, Any]], path: Path) -> str:
    """Answers as the rows of a sheet that ``read_answers`` takes: what holds several values stands there as JSON."""
    rows = [
        {k: "" if v is None else v if isinstance(v, str) else json_line(v).strip() for k, v in r.items()}
        for r in records
    ]
    rows = marked([{k: "" if v in ("[]", "{}") else v for k, v in row.items()} for row in rows])
    columns = list(dict.fromkeys(name for row in rows for name in row))
    return write_sheet(rows, columns, "\t" if path.suffix.lower() == ".tsv" else ",")


def _in_a_cell(cell: Any) -> Any:
    """What a cell holds: JSON where it was written as such, else its text."""
    if isinstance(cell, str) and cell[:1] in ("[", "{"):
        try:
            return parse_json(cell, "")
        except FormatError:
            return cell
    return cell


def _answer(row: Mapping[str, Any], question: Question, name: str, where: str) -> Answer:
    written = same_name(_said(row, "verdict", where))
    named = {same_name(r.named): r.verdict for r in form_of(question).replies if r.named}
    verdict = named.get(written) or written.replace(" ", "_")
    reply = reply_of(form_of(question), verdict)
    if reply is None:
        allowed = verdicts_of(form_of(question))
        raise AnswerError(
            f"{where}, field 'verdict': {verdict[:80]!r} does not answer a {question.kind} question."
            f"{nearest(verdict, allowed)}"
        )
    content: dict[str, Any] = {"verdict": verdict, "question": question.id}
    for key in ("variant", "comment", "condition", "at"):
        content[key] = _said(row, key, where)
    for key in ("confidence", "seconds"):
        content[key] = _number(row.get(key), key, where)
    content["texts"] = _several(row, where)
    content["unticked"] = _lines_named(row, question.items, where)
    content["final"] = _is_true(row.get("final"))
    content["annotator"] = clean_name(_said(row, "annotator", where)) or name
    if reply.needs in ("item", "pair"):
        content["payload"] = _edited(row, question, where)
    content["variant"] = known_as(content["variant"], question.options)
    if reply.needs == "option" and content["variant"] not in question.options:
        # people write what they read, and an option is read by its text: its rank, its outcome
        ids = {text: name for name, text in question.options.items()}
        content["variant"] = ids.get(known_as(content["variant"], ids), content["variant"])
    if reply.needs == "variant" and content["variant"] not in question.options:
        chosen = content["variant"]
        raise AnswerError(f"{where}, field 'variant': no variant {chosen[:80]!r}.{nearest(chosen, question.options)}")
    own = _said(row, "id", where)
    if not content["condition"]:
        del content["condition"]  # answers that were read before there was such a field keep their names
    content["id"] = own or f"{question.id}:{content['annotator']}:{digest_of(_plain(content)).hex()[:6]}"
    try:
        return Answer.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise AnswerError(f"{where}, field '{field}': {plainly(first['msg'])}.") from error


def _edited(row: Mapping[str, Any], question: Question, where: str) -> Any:
    """The edited item: ``payload``, or ``text``, or ``chosen`` and ``rejected`` (with ``prompt``).

    An empty reply is a reply where somebody wrote that it is one; a cell of a sheet is empty if nothing was written.
    """
    payload = row.get("payload")
    if isinstance(payload, Mapping) and payload:
        kind = "pair" if "chosen" in payload else "entry" if "fields" in payload else "text"
        return payload if "kind" in payload else {"kind": kind, **payload}
    if payload:
        return payload
    replies = [_said(row, name, where) for name in ("chosen", "rejected")]
    if any(replies) and None not in (row.get("chosen"), row.get("rejected")):
        return Pair(prompt=_said(row, "prompt", where), chosen=replies[0], rejected=replies[1])
    if text := _said(row, "text", where):
        return Text(text=text)
    field = "chosen' and 'rejected" if needs(form_of(question), "pair") else "text"
    raise AnswerError(f"{where}, field '{field}': missing. An edit needs the edited item.")


def _is_empty(value: Any) -> bool:
    """Whether nothing was written there; NaN is how tables of numbers say so."""
    return value is None or value != value or (isinstance(value, str) and not value.strip())


def _is_true(value: Any) -> bool:
    return str(value).strip().casefold() in ("true", "yes", "1")


def _said(row: Mapping[str, Any], field: str, where: str) -> str:
    """What was written in a field that takes one text; numbers are texts, too."""
    value = row.get(field)
    if value is None or value != value:
        return ""
    return _one_text(value, field, where)


def _one_text(value: Any, field: str, where: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        shown = str(value).lower() if isinstance(value, bool) else f"a {type(value).__name__}"
        raise AnswerError(f"{where}, field {field!r}: {shown} is no text. Put quotes around what is meant.")
    return str(value)


def _number(value: Any, field: str, where: str) -> float | None:
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    text = str(value).strip()
    shown = repr(value)[:80]
    try:
        number = float(text.removesuffix("%").replace(",", ".")) / (100 if text.endswith("%") else 1)
    except ValueError:
        raise AnswerError(f"{where}, field {field!r}: {shown} is no number.") from None
    if not math.isfinite(number):
        raise AnswerError(f"{where}, field {field!r}: {shown} is no number that says anything. Leave it empty.")
    if field == "confidence" and not 0.0 <= number <= 1.0:
        raise AnswerError(f"{where}, field 'confidence': {shown} is not between 0 and 1. Write 0.8 or 80%.")
    return number


def _several(row: Mapping[str, Any], where: str) -> tuple[str, ...]:
    """A list, or one text with a part in each line."""
    value = row.get("texts")
    parts = value if isinstance(value, list) else _said(row, "texts", where).split("\n")
    return tuple(t for t in (_one_text(p, "texts", where).strip() for p in parts) if t)


def _lines_named(row: Mapping[str, Any], items: Sequence[str], where: str) -> tuple[str, ...]:
    """Ids of a question's lines, given as a list or in one text, apart by white space, comma or semicolon.

    Whole ids come first, the longest before those it begins with, since an id may hold any of the three itself.
    """
    value = row.get("unticked")
    if isinstance(value, list):
        return tuple(known_as(_one_text(v, "unticked", where), items) for v in value)
    left, out = _said(row, "unticked", where).strip(_BETWEEN), []
    while left:
        named = _first_line(left, items) or re.split(f"[{_BETWEEN}]", left, maxsplit=1)[0]
        out.append(known_as(named, items))
        left = left[len(named) :].strip(_BETWEEN)
    return tuple(out)


def _first_line(text: str, items: Sequence[str]) -> str:
    """How a text that begins with an id writes it, in whatever case: of several ids the longest; else empty."""
    found = [
        match[0]
        for item in items
        if (match := re.match(r"\s+".join(map(re.escape, item.split())) + f"(?=[{_BETWEEN}]|$)", text, re.IGNORECASE))
    ]
    return max(found, key=len, default="")


def _plain(content: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v.model_dump(mode="json") if isinstance(v, BaseModel) else v for k, v in content.items()}


def _rows(path: Path, unfinished: bool) -> list[tuple[int, dict[str, Any]]]:
    """(line number, fields) of every line; the case of a field's name makes no difference. Raises AnswerError."""
    with said_as(AnswerError):
        file = read_records(path, otherwise=".jsonl", unfinished=unfinished, bare=False)
    if is_delimited(path) and "question" not in map(str.casefold, file.columns) and file.columns:
        raise AnswerError(f"{path.name}, line 1: no column 'question'. The first line names the columns.")
    return [(r.line, {k.strip().casefold(): v for k, v in r.fields.items()}) for r in file.records]
