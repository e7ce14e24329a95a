"""Annotation through files: questions written as JSON lines or CSV, answers read from JSON lines or CSV.

A CSV of questions has empty answer columns, so a colleague with a spreadsheet fills it in and sends it back. What
annotators must not know (that a question is gold or a repeat) is never written.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from activeseed.annotators import hanging
from activeseed.comparing import clean_name, known_as
from activeseed.errors import AnnotatorError, AnswerError, nearest, plainly
from activeseed.question import VERDICTS, Answer, Question
from activeseed.seed import Pair, Seed, Text, digest_of

#: columns of an answer, in the order in which a CSV has them
ANSWER_FIELDS = (
    "annotator", "verdict", "variant", "text", "prompt", "chosen", "rejected", "texts", "unticked", "confidence",
    "comment", "seconds", "at", "id", "payload", "final",
)  # fmt: skip
#: so many of them are left for people to fill in
_ASKED_FOR = ANSWER_FIELDS.index("seconds")
#: columns that describe the question; read back from a filled-in CSV and ignored
QUESTION_FIELDS = (
    "kind", "items", "group", "shown", "options", "minutes", "reason", "consequences", "round", "value", "verdicts",
    "seed_version", "answers", "trainings", "believed",
)  # fmt: skip
#: what an export of answers marks them with; a study decides about both by itself
EXPORT_FIELDS = ("counted", "taken_back")
#: what may stand between two ids
_BETWEEN = " \t\r\n,;"
#: what tells a check from a question, or how sure the machine is
_HIDDEN = {"purpose", "repeats", "drawn", "avoid", "value"}


class FileAnnotator(BaseModel):
    """A channel of two files.

    Attributes:
        questions: where questions are written; ``.jsonl`` or ``.csv``.
        answers: where answers are looked for; ``.jsonl`` or ``.csv``. It need not exist yet.
        name: who answers, for lines that do not say.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["file"] = "file"
    questions: str = "questions.jsonl"
    answers: str = "answers.jsonl"
    name: str = "annotator"

    def located(self, folder: Path) -> FileAnnotator:
        """The same record with relative paths read from a folder."""
        return self.model_copy(
            update={"questions": str(folder / self.questions), "answers": str(folder / self.answers)}
        )

    def submit(self, questions: Sequence[Question], seed: Seed) -> None:
        path = Path(self.questions)
        there = _ids_in(path)
        new = [q for q in questions if q.id not in there]
        if new:
            old = _read(path) if path.exists() else ""
            _write(path, old + ("" if not old or old.endswith("\n") else "\n") + questions_text(new, path, bool(old)))

    def poll(self, pending: Sequence[Question]) -> list[Answer]:
        path = Path(self.answers)
        if not pending or not path.exists():
            return []
        wanted = {q.id: q for q in pending}
        return [a for a in read_answers(path, wanted, self.name, others="ignore") if a.question in wanted]

    def withdraw(self, questions: Sequence[Question]) -> list[str]:
        answered = {a.question for a in self.poll(questions)}
        path = Path(self.questions)
        gone = [q.id for q in questions if q.id in _ids_in(path) and q.id not in answered]
        if gone:
            _write(path, _without(path, set(gone)))
        return gone


def questions_text(questions: Sequence[Question], path: Path, more: bool = False) -> str:
    """Questions as the text of a file; ``more`` leaves out the header of a CSV."""
    if path.suffix.lower() != ".csv":
        return "".join(
            json.dumps({**q.model_dump(mode="json", exclude=_HIDDEN), "verdicts": VERDICTS[q.kind]}, ensure_ascii=False)
            + "\n"
            for q in questions
        )
    out = io.StringIO()
    columns = ("question", "kind", "items", "shown", "options", "reason", "consequences", "verdicts")
    writer = csv.writer(out, lineterminator="\n")
    if not more:
        writer.writerow((*columns, *ANSWER_FIELDS[:_ASKED_FOR]))
    for q in questions:
        options = "\n".join(f"{k}: {v}" for k, v in q.options.items())
        variants = hanging.answers(q)
        told = [f"{c.text} [{hanging.line(c, variants, {})}]" for c in q.consequences]
        consequences = "\n".join(filter(None, [*told, hanging.legend(q)])) if told else hanging.nothing(q)
        row = [q.id, q.kind, " ".join(q.items), q.text, options, q.reason, consequences, " ".join(VERDICTS[q.kind])]
        writer.writerow([_unformula(c) for c in row] + [""] * len(ANSWER_FIELDS[:_ASKED_FOR]))
    return out.getvalue()


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
            are answers that an export says were taken back, and an unfinished last line that somebody is writing
            just now.
    """
    out = []
    for number, row in _rows(path):
        where = f"{path.name}, line {number}"
        unknown = [k for k in row if k not in (*ANSWER_FIELDS, *QUESTION_FIELDS, *EXPORT_FIELDS, "question")]
        if unknown:
            raise AnswerError(f"{where}: unknown field {unknown[0]!r}.{nearest(unknown[0], ANSWER_FIELDS)}")
        if not row.get("verdict") or str(row.get("taken_back") or "").lower() == "true":
            continue
        asked = known_as(str(row.get("question") or "").strip(), questions)
        if not asked:
            raise AnswerError(f"{where}, field 'question': missing. Give the id of the question that is answered.")
        question = questions.get(asked)
        if question is None:
            if others == "ignore":
                continue
            raise AnswerError(f"{where}, field 'question': no question {asked!r} was asked.{nearest(asked, questions)}")
        out.append(_answer(row, question, name, where))
    return out


def _answer(row: Mapping[str, Any], question: Question, name: str, where: str) -> Answer:
    verdict = str(row["verdict"]).strip().lower().replace(" ", "_")
    if verdict not in VERDICTS[question.kind]:
        allowed = VERDICTS[question.kind]
        raise AnswerError(
            f"{where}, field 'verdict': {verdict!r} does not answer a {question.kind} question."
            f"{nearest(verdict, allowed)}"
        )
    content: dict[str, Any] = {"verdict": verdict, "question": question.id}
    for key in ("variant", "comment", "at"):
        content[key] = str(row.get(key) or "")
    for key in ("confidence", "seconds"):
        content[key] = _number(row.get(key), key, where)
    content["texts"] = _several(row.get("texts"))
    content["unticked"] = _lines_named(row.get("unticked"), question.items)
    content["final"] = str(row.get("final") or "").strip().lower() in ("true", "yes", "1")
    content["annotator"] = clean_name(str(row.get("annotator") or "")) or name
    if verdict == "edit":
        content["payload"] = _edited(row, question, where)
    if verdict == "choose" and content["variant"] not in question.options:
        chosen = content["variant"]
        raise AnswerError(f"{where}, field 'variant': no variant {chosen!r}.{nearest(chosen, question.options)}")
    named = str(row.get("id") or "")
    content["id"] = named or f"{question.id}:{content['annotator']}:{digest_of(_plain(content)).hex()[:6]}"
    try:
        return Answer.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise AnswerError(f"{where}, field '{field}': {plainly(first['msg'])}.") from error


def _edited(row: Mapping[str, Any], question: Question, where: str) -> Any:
    """The edited item: ``payload``, or ``text``, or ``chosen`` and ``rejected`` (with ``prompt``)."""
    if row.get("payload"):
        return row["payload"]
    if row.get("chosen") and row.get("rejected"):
        return Pair(prompt=str(row.get("prompt") or ""), chosen=str(row["chosen"]), rejected=str(row["rejected"]))
    if row.get("text"):
        return Text(text=str(row["text"]))
    field = "chosen' and 'rejected" if question.kind == "judge_pair" else "text"
    raise AnswerError(f"{where}, field '{field}': missing. An edit needs the edited item.")


def _number(value: Any, field: str, where: str) -> float | None:
    if value in (None, ""):
        return None
    text = str(value).strip()
    try:
        number = float(text.removesuffix("%").replace(",", ".")) / (100 if text.endswith("%") else 1)
    except ValueError:
        raise AnswerError(f"{where}, field {field!r}: {value!r} is no number.") from None
    if field == "confidence" and not 0.0 <= number <= 1.0:
        raise AnswerError(f"{where}, field 'confidence': {value!r} is not between 0 and 1. Write 0.8 or 80%.")
    return number


def _several(value: Any) -> tuple[str, ...]:
    """A list, or one text with a part in each line."""
    parts = value if isinstance(value, list) else str(value or "").split("\n")
    return tuple(str(p).strip() for p in parts if str(p).strip())


def _lines_named(value: Any, items: Sequence[str]) -> tuple[str, ...]:
    """Ids of a question's lines, given as a list or in one text, apart by white space, comma or semicolon.

    Whole ids come first, the longest before those it begins with, since an id may hold any of the three itself.
    """
    if isinstance(value, list):
        return tuple(known_as(str(v), items) for v in value)
    left, out = str(value or "").strip(_BETWEEN), []
    while left:
        there = [i for i in items if left.startswith(i) and (left[len(i) :] + ",")[0] in _BETWEEN]
        named = max(there, key=len, default="") or re.split(f"[{_BETWEEN}]", left, maxsplit=1)[0]
        out.append(named if named in items else known_as(named, items))
        left = left[len(named) :].strip(_BETWEEN)
    return tuple(out)


def _plain(content: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v.model_dump(mode="json") if isinstance(v, BaseModel) else v for k, v in content.items()}


def _rows(path: Path) -> list[tuple[int, dict[str, Any]]]:
    """(line number, fields) of every line. Raises AnswerError."""
    try:
        text = _read(path)
    except AnnotatorError as error:
        raise AnswerError(str(error)) from error
    if path.suffix.lower() == ".csv":
        first = text.split("\n", 1)[0]
        reader = csv.DictReader(io.StringIO(text), delimiter=max(",;\t", key=first.count), restkey="")
        if "question" not in (reader.fieldnames or ()):
            raise AnswerError(f"{path.name}, line 1: no column 'question'. The first line names the columns.")
        return [(reader.line_num, {k: v for k, v in row.items() if k}) for row in reader]
    out = []
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            if number == len(lines):
                break
            raise AnswerError(f"{path.name}, line {number}: no JSON ({error.msg}, column {error.colno}).") from error
        if not isinstance(row, dict):
            raise AnswerError(f"{path.name}, line {number}: found no object. A line holds question, verdict, …")
        out.append((number, row))
    return out


def _ids_in(path: Path) -> set[str]:
    if not path.exists():
        return set()
    if path.suffix.lower() == ".csv":
        return {str(row.get("question")) for row in csv.DictReader(io.StringIO(_read(path)))}
    return {name for name, _ in _lines(path)}


def _lines(path: Path) -> list[tuple[str, str]]:
    """(question id, line) of a JSON-lines file of questions. Raises AnnotatorError."""
    out = []
    for number, line in enumerate(_read(path).splitlines(), 1):
        if line.strip():
            try:
                out.append((str(json.loads(line)["id"]), line))
            except (ValueError, KeyError, TypeError) as error:
                raise AnnotatorError(
                    f"{path}, line {number}: no question ({error}). This file is activeseed's to write; move it away."
                ) from error
    return out


def _without(path: Path, gone: set[str]) -> str:
    if path.suffix.lower() != ".csv":
        return "".join(line + "\n" for name, line in _lines(path) if name not in gone)
    rows = list(csv.reader(io.StringIO(_read(path))))
    out = io.StringIO()
    at = rows[0].index("question")
    csv.writer(out, lineterminator="\n").writerows(r for r in rows if not r or r[at] not in gone)
    return out.getvalue()


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise AnnotatorError(f"{path} can't be read: {error}. It must be a UTF-8 text file.") from error


def _write(path: Path, text: str) -> None:
    """All or nothing: whoever reads the file at any moment sees the old text or the new one."""
    beside = path.with_name(path.name + ".partial")
    try:
        beside.write_text(text, "utf-8")
        os.replace(beside, path)
    except OSError as error:
        raise AnnotatorError(f"{path} can't be written: {error}. Choose another file in [annotator].") from error


def _unformula(cell: str) -> str:
    """A spreadsheet must show a seed's text and never run it as a formula."""
    return "'" + cell if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
