"""Questions out to a file, answers back from one."""

import csv
import io
import json
from pathlib import Path

import pytest

from activeseed.annotators.file import FileAnnotator, answers_sheet, read_answers
from activeseed.annotators.question_file import QuestionFile
from activeseed.errors import AnnotatorError, AnswerError
from activeseed.formats import read_sheet
from activeseed.question import Answer, Consequence, Question
from activeseed.seed import AS_WRITTEN, Item, Pair, Seed, Text

SEED = Seed(items=(Item(id="i0", payload=Text(text="text 0")), Item(id="i1", payload=Text(text="=text 1"))))
QUESTIONS = {
    q.id: q
    for q in (
        Question(
            id="q1", kind="review", items=("i0",), text="text 0", options={AS_WRITTEN: "text 0", "v1": "other"},
            purpose="repeat", repeats="q0",
            consequences=(Consequence(probe="p", text="a probe", outcomes={AS_WRITTEN: 0.9, "absent": 0.1}),),
        ),
        Question(id="q2", kind="review", items=("i1",), text="=text 1"),
        Question(id="q3", kind="confirm_list", items=("i0", "i1")),
        Question(id="q4", kind="judge_pair", items=("p0",)),
        Question(id="q5", kind="write_more", items=(), group="g"),
    )
}  # fmt: skip


def written(path: Path, question: Question) -> str:
    FileAnnotator(questions=str(path)).submit([question], SEED)
    return path.read_text("utf-8")


def read(tmp_path: Path, text: str, name: str = "answers.jsonl") -> list[Answer]:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return read_answers(path, QUESTIONS)


def test_json_lines_carry_every_kind_of_answer(tmp_path: Path) -> None:
    lines = [
        {"question": "q1", "annotator": "one", "verdict": "choose", "variant": "v1", "confidence": "80%"},
        {"question": "q2", "verdict": "edit", "text": "better", "comment": "why", "seconds": 12},
        {"question": "q3", "verdict": "confirm", "unticked": ["i1"]},
        {"question": "q4", "verdict": "edit", "chosen": "a", "rejected": "b", "prompt": "p"},
        {"question": "q5", "verdict": "write more", "texts": ["x", "y"], "id": "mine"},
        {"question": "q1", "verdict": ""},
    ]
    found = read(tmp_path, "".join(json.dumps(line) + "\n" for line in lines))
    assert [a.verdict for a in found] == ["choose", "edit", "confirm", "edit", "write_more"]
    assert (found[0].annotator, found[0].confidence) == ("one", 0.8)
    assert (found[1].annotator, found[1].payload, found[1].seconds) == ("annotator", Text(text="better"), 12)
    assert found[2].unticked == ("i1",)
    assert found[3].payload == Pair(prompt="p", chosen="a", rejected="b")
    assert (found[4].texts, found[4].id) == (("x", "y"), "mine")
    assert [a.id for a in read(tmp_path, (tmp_path / "answers.jsonl").read_text())] == [a.id for a in found]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_as_spreadsheets_write_it(delimiter: str, tmp_path: Path) -> None:
    rows = [["question", "verdict", "confidence", "unticked", "texts"], ["q1", "Keep", "0,9", "", ""]]
    rows += [["q3", "confirm", "", "i0 i1", ""], ["q5", "write_more", "", "", "x\ny"], ["q2", "", "", "", ""]]
    with (tmp_path / "a.csv").open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    found = read_answers(tmp_path / "a.csv", QUESTIONS)
    assert [(a.question, a.verdict) for a in found] == [("q1", "keep"), ("q3", "confirm"), ("q5", "write_more")]
    assert found[0].confidence == 0.9
    assert found[1].unticked == ("i0", "i1")
    assert found[2].texts == ("x", "y")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"question": "q1"', "answers.jsonl:1: not valid JSON"),
        ("[1]", "answers.jsonl:1: expected an object"),
        ('"keep"', "answers.jsonl:1: expected an object"),
        ('{"verdict": "keep"}', "line 1, field 'question': missing"),
        ('{"question": "q9", "verdict": "keep"}', "line 1, field 'question': no question 'q9' was asked.*Did you mean"),
        ('{"question": "q1", "verdict": "kepp"}', "line 1, field 'verdict': 'kepp' .*Did you mean 'keep'"),
        ('{"question": "q1", "verdict": "flip"}', "line 1, field 'verdict': 'flip' does not answer a review"),
        ('{"question": "q1", "verdict": "choose", "variant": "v2"}', "field 'variant': no variant 'v2'"),
        ('{"question": "q1", "verdict": "edit"}', "field 'text': missing"),
        ('{"question": "q4", "verdict": "edit", "chosen": "a"}', "field 'chosen' and 'rejected': missing"),
        ('{"question": "q1", "verdict": "keep", "confidence": "sure"}', "field 'confidence': 'sure' is no number"),
        ('{"question": "q1", "verdict": "keep", "confidence": 80}', "field 'confidence': 80 is not between 0 and 1"),
        ('{"question": "q1", "verdict": "keep", "coment": "x"}', "unknown field 'coment'.*Did you mean 'comment'"),
        (
            '{"question": "q1", "verdict": "edit", "payload": {"kind": "tekst"}}',
            "payload': 'tekst' is no kind of payload",
        ),
        ('{"question": "q1", "verdict": 0}', "field 'verdict': '0' does not answer"),
        ('{"question": "q1", "verdict": false}', "field 'verdict': false is no text"),
        ('{"question": "q1", "verdict": "keep", "annotator": true}', "field 'annotator': true is no text"),
        ('{"question": "q1", "verdict": "keep", "annotator": ["a"]}', "field 'annotator': a list is no text"),
        ('{"question": "q1", "verdict": "keep", "comment": {"a": 1}}', "field 'comment': a dict is no text"),
        ('{"question": "q3", "verdict": "confirm", "unticked": [["i0"]]}', "field 'unticked': a list is no text"),
        ('{"question": "q5", "verdict": "write_more", "texts": [true]}', "field 'texts': true is no text"),
        (
            '{"question": "q4", "verdict": "edit", "chosen": [{"role": "user", "content": "q"}], "rejected": "b"}',
            "field 'chosen': a list is no text",
        ),
        (
            '{"question": "q1", "verdict": "keep", "seconds": 1' + "0" * 4000 + "}",
            "field 'seconds': 1000.* is no number",
        ),
    ],
)
def test_what_is_wrong_is_said_with_line_and_field(line: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(AnswerError, match=says) as caught:
        read(tmp_path, line + "\n")
    assert "answers.jsonl" in str(caught.value)


def test_csv_without_the_column_and_bytes_that_are_no_text(tmp_path: Path) -> None:
    with pytest.raises(AnswerError, match="no column 'question'"):
        read(tmp_path, "verdict\nkeep\n", "a.csv")
    (tmp_path / "b.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(AnswerError, match="UTF-8"):
        read_answers(tmp_path / "b.jsonl", QUESTIONS)


def test_a_last_line_that_is_being_written_is_waited_for(tmp_path: Path) -> None:
    half = '{"question": "q1", "verdict": "keep"}\n{"question": "q2", "verd'
    (tmp_path / "a.jsonl").write_text(half)
    found = FileAnnotator(answers="a.jsonl").located(tmp_path).poll(list(QUESTIONS.values()))
    assert [a.question for a in found] == ["q1"]
    with pytest.raises(AnswerError, match=r"a\.jsonl:2: not valid JSON"):  # whoever imports a file has it whole
        read(tmp_path, half, "a.jsonl")


def test_a_csv_of_questions_is_filled_in_and_read_back(tmp_path: Path) -> None:
    channel = FileAnnotator(questions="q.csv", answers="q.csv", name="two").located(tmp_path)
    channel.submit([QUESTIONS["q1"]], SEED)
    channel.submit([QUESTIONS["q1"], QUESTIONS["q2"]], SEED)
    path = tmp_path / "q.csv"
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [r["question"] for r in rows] == ["q1", "q2"]
    assert "a probe [as_written: 0.90 · absent: 0.10]" in rows[0]["consequences"]
    assert rows[1]["shown"] == "'=text 1", "a spreadsheet must not take a text for a formula"
    assert "repeat" not in path.read_text()
    rows[1]["verdict"] = "reject"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    found = channel.poll([QUESTIONS["q1"], QUESTIONS["q2"]])
    assert [(a.question, a.verdict, a.annotator) for a in found] == [("q2", "reject", "two")]


def test_questions_as_json_lines_hide_what_annotators_must_not_know(tmp_path: Path) -> None:
    row = json.loads(written(tmp_path / "q.jsonl", QUESTIONS["q1"]))
    assert row["id"] == "q1"
    assert "purpose" not in row
    assert "repeats" not in row
    assert "keep" in row["verdicts"]


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    channel = FileAnnotator(questions="missing/q.jsonl").located(tmp_path)
    with pytest.raises(AnnotatorError, match="can't be written"):
        channel.submit([QUESTIONS["q1"]], SEED)
    (tmp_path / "questions.jsonl").write_text("not mine\n")
    with pytest.raises(AnnotatorError, match="line 1: no question"):
        FileAnnotator().located(tmp_path).submit([QUESTIONS["q1"]], SEED)
    assert (tmp_path / "questions.jsonl").read_text() == "not mine\n"


def test_a_file_tells_neither_a_check_from_a_question_nor_how_sure_the_machine_is(tmp_path: Path) -> None:
    channel = FileAnnotator(questions="q.jsonl").located(tmp_path)
    asked = QUESTIONS["q1"]
    check = asked.model_copy(
        update={"id": "q1b", "purpose": "gold", "repeats": "q0", "drawn": "random", "avoid": ("two",), "value": 0.5}
    )
    channel.submit([asked, check], SEED)
    first, second = (json.loads(line) for line in (tmp_path / "q.jsonl").read_text().splitlines())
    assert (first.pop("id"), second.pop("id")) == ("q1", "q1b")
    assert first == second
    assert first["believed"] is None


# --- files that spreadsheets have saved, and texts that look like something else --------------------------------------


def saved(path: Path, delimiter: str = ";", first: str = "", header: object = str) -> None:
    """What a spreadsheet makes of a file: its own delimiter, line ends and byte-order mark."""
    rows = list(csv.reader(io.StringIO(path.read_text("utf-8-sig"), newline="")))
    rows[0] = [header(name) for name in rows[0]]  # type: ignore[operator]
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows(rows)
    path.write_bytes(b"\xef\xbb\xbf" + (first + out.getvalue()).encode())


@pytest.mark.parametrize(
    ("delimiter", "first"), [(";", ""), ("\t", ""), (";", "sep=;\r\n"), (",", ""), ("\t", "sep=\t\r\n")]
)
@pytest.mark.parametrize("header", [str, str.title])
def test_questions_go_on_in_a_file_as_a_spreadsheet_saved_it(delimiter, first, header, tmp_path: Path) -> None:
    channel = FileAnnotator(questions="q.csv", answers="a.csv").located(tmp_path)
    channel.submit([QUESTIONS["q1"], QUESTIONS["q2"]], SEED)
    path = tmp_path / "q.csv"
    saved(path, delimiter, first, header)
    before = path.read_bytes()
    channel.submit([QUESTIONS["q2"], QUESTIONS["q3"]], SEED)
    assert path.read_bytes().startswith(before)
    sheet = read_sheet("q.csv", path.read_text("utf-8-sig"))
    column = next(n for n in sheet.header if n.lower() == "question")
    assert [row[column] for _, row in sheet.records()] == ["q1", "q2", "q3"]
    assert {len(cells) for _, _, cells in sheet.rows} == {len(sheet.header)}
    assert channel.withdraw([QUESTIONS["q2"], QUESTIONS["q4"]]) == ["q2"]
    assert [row[column] for _, row in read_sheet("q.csv", path.read_text("utf-8-sig")).records()] == ["q1", "q3"]
    assert path.read_bytes()[:3] == b"\xef\xbb\xbf"


def test_a_sheet_without_its_ids_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "q.csv").write_text("notes;text\na;b\n")
    with pytest.raises(AnnotatorError, match="no column 'question' any more"):
        FileAnnotator(questions="q.csv").located(tmp_path).submit([QUESTIONS["q1"]], SEED)
    assert (tmp_path / "q.csv").read_text() == "notes;text\na;b\n"


@pytest.mark.parametrize("name", ["q.jsonl", "q.csv"])
def test_separators_in_texts_end_no_line(name, tmp_path: Path) -> None:
    text = "one\u2028two\x85three\u2029"
    asked = [Question(id=f"q{n}", kind="review", items=("i0",), text=text, reason=text) for n in range(3)]
    channel = FileAnnotator(questions=name, answers="a.jsonl").located(tmp_path)
    path = tmp_path / name
    channel.submit(asked[:1], SEED)
    if name == "q.jsonl":  # as it was written before, or by another program
        path.write_text(json.dumps(asked[0].model_dump(mode="json"), ensure_ascii=False) + "\n", "utf-8")
    channel.submit(asked[:2], SEED)
    assert channel.withdraw(asked[:1]) == ["q0"]
    channel.submit(asked, SEED)
    (tmp_path / "a.jsonl").write_text(f'{{"question": "q1", "verdict": "keep", "comment": "{text}"}}\n', "utf-8")
    assert [a.comment for a in channel.poll(asked)] == [text]
    assert sorted(q.id for q in asked) == sorted(QuestionFile(path).ids() | {"q0"})


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_an_edit_of_a_guarded_cell_comes_back_as_it_was_typed(delimiter, tmp_path: Path) -> None:
    texts = {"q0": "- An answer", "q1": "=An answer", "q2": "'- An answer", "q3": "'tis an answer", "q4": "An answer"}
    asked = {n: Question(id=n, kind="review", items=("-i",), text=t) for n, t in texts.items()}
    channel = FileAnnotator(questions="q.csv", answers="q.csv").located(tmp_path)
    channel.submit(list(asked.values()), SEED)
    rows = list(csv.DictReader(io.StringIO((tmp_path / "q.csv").read_text("utf-8"), newline="")))
    assert not [cell for row in rows for cell in row.values() if cell[:1] in ("=", "-", "+", "@")]
    rows = [r | {"verdict": "edit", "text": r["shown"].replace("answer", "reply")} for r in rows]
    with (tmp_path / "q.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys(), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
    found = read_answers(tmp_path / "q.csv", asked)
    assert {a.question: a.payload for a in found} == {
        n: Text(text=t.replace("answer", "reply")) for n, t in texts.items()
    }
    # a line of JSON was never guarded: what is typed there is meant
    line = json.dumps({"question": "q0", "verdict": "edit", "text": "'- An reply"})
    (tmp_path / "a.jsonl").write_text(line + "\n")
    assert read_answers(tmp_path / "a.jsonl", asked)[0].payload == Text(text="'- An reply")


def test_a_prompt_is_shown_beside_the_text_and_is_no_part_of_the_edit(tmp_path: Path) -> None:
    asked = Question(id="q", kind="review", items=("i0",), text="Yes.", context="=May I?")
    assert json.loads(written(tmp_path / "q.jsonl", asked))["context"] == "=May I?"
    row = read_sheet("q.csv", written(tmp_path / "q.csv", asked)).records()[0][1]
    assert (row["context"], row["shown"]) == ("'=May I?", "Yes.")


def test_answers_under_capital_headers_beside_a_long_cell(tmp_path: Path) -> None:
    shown = "x" * 140_000  # more than Python's own limit on a cell
    found = read(tmp_path, f"Question;Shown;Verdict\nq1;{shown};keep\n", "a.csv")
    assert [(a.question, a.verdict) for a in found] == [("q1", "keep")]


@pytest.mark.parametrize("verdict", ["keep", "Keep ", "KEEP\u00a0", "\u200bkeep", "\uff4b\uff45\uff45\uff50"])
@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_a_verdict_is_one_however_it_is_written(verdict, name, tmp_path: Path) -> None:
    row = {"question": "Q1", "annotator": "ann", "verdict": verdict}
    text = json.dumps(row) + "\n" if name == "a.jsonl" else f"Question,Annotator,Verdict\nQ1,ann,{verdict}\n"
    assert [(a.question, a.verdict) for a in read(tmp_path, text, name)] == [("q1", "keep")]


def test_rows_without_a_verdict_are_not_answered_yet(tmp_path: Path) -> None:
    text = "question,annotator,verdict,confidence,taken_back\nq1,a,  , ,\nq1,b,keep, ,\nq1,c,keep,,yes\n"
    assert [(a.annotator, a.confidence) for a in read(tmp_path, text, "a.csv")] == [("b", None)]


IDS = ("rule 1, first part", "rule 1", "rule-2", "A", "a", "01", "1")


@pytest.mark.parametrize(
    ("written", "ids"),
    [
        ("rule 1, first part", IDS[:1]),
        ("Rule 1, First Part", IDS[:1]),
        ("rule 1, FIRST part; rule-2", (IDS[0], "rule-2")),
        ("rule  1,  first part", IDS[:1]),
        ("rule 1, rule-2", ("rule 1", "rule-2")),
        ("A a", ("A", "a")),
        ("01;1", ("01", "1")),
    ],
)
@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_lines_are_unticked_by_whole_ids_in_whatever_case(written, ids, name, tmp_path: Path) -> None:
    question = Question(id="r1", kind="confirm_list", items=IDS)
    row = {"question": "r1", "annotator": "ann", "verdict": "confirm", "unticked": written}
    text = json.dumps(row) + "\n" if name == "a.jsonl" else f'{",".join(row)}\nr1,ann,confirm,"{written}"\n'
    (tmp_path / name).write_text(text, "utf-8")
    assert read_answers(tmp_path / name, {"r1": question})[0].unticked == ids


def test_an_empty_reply_of_an_edited_pair_is_a_reply(tmp_path: Path) -> None:
    row = {"question": "q4", "annotator": "ann", "verdict": "edit", "prompt": "q", "chosen": "", "rejected": "b"}
    assert read(tmp_path, json.dumps(row) + "\n")[0].payload == Pair(prompt="q", chosen="", rejected="b")
    payload = {"question": "q4", "verdict": "edit", "payload": {"chosen": "a", "rejected": ""}}
    assert read(tmp_path, json.dumps(payload) + "\n")[0].payload == Pair(chosen="a", rejected="")
    with pytest.raises(AnswerError, match="missing"):  # in a sheet nobody can tell it from a cell that was left out
        read(tmp_path, "question,verdict,chosen,rejected\nq4,edit,,b\n", "a.csv")


@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
def test_answers_survive_a_sheet_that_runs_no_formula(name, tmp_path: Path) -> None:
    answers = [
        Answer(id="1", question="q2", annotator="=ann", verdict="edit", payload=Text(text="=1+1\n,x"), comment="-x"),
        Answer(id="2", question="q3", annotator="b", verdict="confirm", unticked=("i0", "i1"), confidence=0.5),
        Answer(id="3", question="q4", annotator="c", verdict="edit", payload=Pair(chosen="", rejected="@b"), seconds=3),
        Answer(id="4", question="q5", annotator="d", verdict="write_more", texts=("-a\nb", "c"), final=True),
        Answer(id="5", question="q1", annotator="e", verdict="choose", variant="v1", comment="'own'"),
    ]
    text = answers_sheet([a.model_dump(mode="json") for a in answers], tmp_path / name)
    assert all(c[:1] not in tuple("=-@") for _, _, cells in read_sheet(name, text).rows for c in cells)
    assert read(tmp_path, text, name) == answers
