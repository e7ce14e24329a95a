"""What a writer of a charter is asked: wordings and what each decides, ranks, conditions, look-alikes, divisions."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from activeseed import FromFunction, Study
from activeseed.annotators.file import FileAnnotator, read_answers
from activeseed.annotators.showing import show_question
from activeseed.annotators.tasks import task_data
from activeseed.cli.loop import ending
from activeseed.cli.rank import print_ranking
from activeseed.cli.standing import status_lines
from activeseed.embedders import Tfidf
from activeseed.errors import AnswerError, PlanError
from activeseed.looking.explaining import LINES, NOTHING, lines
from activeseed.protocols import Explanation, Step
from activeseed.question import Question
from activeseed.report import gather, write_report
from activeseed.seed import ABSENT, AS_WRITTEN, Item, Probe, Seed, Text, Variant
from tests.toy_explaining import Clauses

WORDINGS = (
    Variant(id="paraphrase-1", payload=Text(text="Do never gossip."), comes_from="paraphrase"),
    Variant(id="drift-1", payload=Text(text="Always gossip."), comes_from="drift"),
    Variant(id="wording-1", payload=Text(text="Never whisper.")),
)
CHARTER = Seed(
    items=(
        Item(id="gossip", payload=Text(text="Never gossip."), alternatives=WORDINGS),
        Item(id="help", payload=Text(text="Always help.", authority="user")),
        Item(id="harm", payload=Text(text="Never harm.", authority="root")),
        Item(id="again", payload=Text(text="Always help others help.")),
    )
)
PROBES = tuple(
    Probe(id=f"z{n}", payload=Text(text=t), label=y)
    for n, (t, y) in enumerate(
        [("they gossip a lot", 0.0), ("please help me", 1.0), ("it would harm him", 0.0), ("a whisper and gossip", 0.0),
         ("nothing at all", 1.0), ("help that will harm", 0.0)]
    )
)  # fmt: skip


@pytest.fixture
def charter(tmp_path: Path) -> Study:
    return Study.create(
        tmp_path / "charter", CHARTER, Clauses(), probes=PROBES, embedder=Tfidf(), executor={"kind": "in_process"}
    )


def drawn(question: Question, width: int) -> str:
    screen = io.StringIO()
    show_question(Console(file=screen, width=width), question, 1, 1, 1.0)
    assert max(map(len, screen.getvalue().splitlines())) <= width
    return " ".join(screen.getvalue().replace("│", " ").split())


def sheet(question: Question, folder: Path) -> dict[str, str]:
    channel = FileAnnotator(questions="q.csv", answers="a.csv").located(folder)
    channel.submit([question], CHARTER)
    return next(csv.DictReader(io.StringIO((folder / "q.csv").read_text("utf-8-sig"))))


# --- choose a wording, given what each would decide -------------------------------------------------------------------


def test_wordings_are_chosen_given_what_each_decides_and_why(charter: Study, tmp_path: Path) -> None:
    (question,) = charter.ask(items=["gossip"])
    assert question.kind == "choose_wording"
    assert question.marks == {
        "paraphrase-1": "written by a rule", "drift-1": "written by a rule, and may say something else",
    }  # fmt: skip
    at = {c.probe: c for c in question.consequences}
    assert set(at) == {"z0", "z3"}, "the probes on which the wordings differ, and no others"
    assert "paraphrase-1" not in at["z0"].outcomes, "what says the same can't be told from it"
    assert at["z0"].outcomes["drift-1"] == pytest.approx(0.9)
    assert at["z0"].why[AS_WRITTEN] == ("Never gossip. (written: gossip)", "not approved (rank none)")
    assert at["z0"].why["drift-1"] == ("Always gossip. (written: gossip)", "approved (rank none)")
    assert at["z0"].why[ABSENT] == (NOTHING,)

    page = write_report(charter, tmp_path / "r.html").read_text("utf-8")
    assert "drift-1, because: Always gossip. (written: gossip) → approved (rank none)" in page

    for width in (40, 80, 140):
        flat = drawn(question, width)
        for part in ("(written by a rule)", "0.90", "0.10", "Always gossip. (written: gossip) → approved (rank none)"):
            assert "".join(part.split()) in "".join(flat.split()), (width, part)
        assert "e=neither: write it" not in flat, "keys stand in the prompt, which is the terminal's"
    row = sheet(question, tmp_path)
    assert "paraphrase-1: Do never gossip. (written by a rule)" in row["options"]
    assert "drift-1, because: Always gossip. (written: gossip) → approved (rank none)" in row["consequences"]
    assert "edit (neither: write it)" in row["verdicts"]
    data = task_data(question, CHARTER["gossip"].payload)
    block = data["consequences"].split("\n\n")[0].splitlines()
    assert [line for line in block if not line.startswith(" ")] == [
        "1. they gossip a lot", "A (stands now): 0.10",
        "B (written by a rule): no difference that can be told from noise",
        "C (written by a rule, and may say something else): 0.90 (+0.80; approved in place of not approved)",
        "D: 0.50 (+0.40)", "None: 0.50 (+0.40)",
    ]  # fmt: skip
    assert "B: Do never gossip. (written by a rule)" in data["left"] + data["right"]


def test_neither_write_it_adds_a_wording_that_stands_in_every_channel(charter: Study, tmp_path: Path) -> None:
    (question,) = charter.ask(items=["gossip"])
    path = tmp_path / "a.csv"
    path.write_text(f"question,verdict,text\n{question.id},Neither: write it,Never gossip about people who whisper.\n")
    (answer,) = read_answers(path, {question.id: question})
    assert (answer.verdict, answer.payload) == ("edit", Text(text="Never gossip about people who whisper."))
    charter.tell([answer])
    assert charter.seed.standing == {"gossip": "edit-1"}
    assert charter.seed["gossip"].variants[-1].payload == answer.payload


def test_a_question_without_marks_or_conditions_is_written_down_as_it_always_was(charter: Study) -> None:
    (question,) = charter.ask(items=["harm"])
    written = json.loads(question.model_copy(update={"consequences": ()}).model_dump_json())
    assert {"marks", "conditions"} & set(written) == set()
    assert "why" not in json.loads(Question(id="q", kind="review", items=("a",)).model_dump_json())


def test_of_a_long_derivation_the_steps_nearest_to_the_verdict_are_shown_in_order() -> None:
    steps = [Step(f"fact {n}", "written", items=(f"i{n}",)) for n in range(6)]
    steps += [Step("harm", "inherited", 0.4, of=(0, 1)), Step("duty", "induced", 0.9, of=(2, 3, 4))]
    steps.append(Step("not approved", "overrides", of=(6, 7)))
    told = lines(Explanation("z", 0.1, tuple(steps)))
    assert len(told) == LINES
    assert told[-3:] == ("harm (inherited)", "duty (induced)", "not approved (overrides)")
    assert told[0] in {f"fact {n} (written: i{n})" for n in range(5)}
    assert lines(Explanation("z", 0.5)) == (NOTHING,)
    assert len(lines(Explanation("z", 0.5, (Step("word " * 100, "written"),)))[0]) <= 200


def test_a_trainer_that_fails_to_explain_says_so(tmp_path: Path) -> None:
    class Speechless(Clauses):
        kind = "speechless"

        def explain(self, rows: Any, materials: Any, places: Any) -> Any:
            if len(places) == len(materials.probes):
                return super().explain(rows, materials, places)
            raise RuntimeError("no words")

    study = Study.create(
        tmp_path / "s", CHARTER, Speechless(), probes=PROBES, embedder=Tfidf(), executor={"kind": "in_process"}
    )
    with pytest.raises(PlanError, match=r"can't explain its outcomes: .*no words"):
        study.ask(items=["gossip"])


# --- ranks ------------------------------------------------------------------------------------------------------------


def test_a_rank_is_marked_and_stands_and_an_edit_keeps_it(charter: Study, tmp_path: Path) -> None:
    (first,) = charter.ask(items=["again"])
    charter.tell([{"question": first.id, "annotator": "ann", "verdict": "keep"}])
    (question,) = charter.ask(items=["again"], kind="mark_authority")
    assert question.options == {AS_WRITTEN: "no rank", "as_written:root": "root", "as_written:user": "user"}
    assert "Its rank now: no rank." in question.reason
    path = tmp_path / "a.csv"
    path.write_text(f"question,annotator,verdict,variant\n{question.id},bob,rank,Root\n")
    charter.tell(read_answers(path, {question.id: question}))
    ranked = charter.seed["again"].variants[charter.seed.base[3]]
    assert ranked.payload == Text(text="Always help others help.", authority="root")
    assert ranked.origin == "edit"
    assert charter.rounds.settle().tied == (), "whoever kept the line before has said nothing against its rank"

    (question,) = charter.ask(items=["again"], kind="mark_authority")
    assert list(question.options.items()) == [("as_written:root", "root"), ("as_written:user", "user")]
    charter.tell([{"question": question.id, "annotator": "bob", "verdict": "rank", "variant": "as_written:root"}])
    assert charter.seed.standing["again"] == "as_written:root"

    path.write_text(f"question,annotator,verdict,variant\n{question.id},cy,rank,emperor\n")
    with pytest.raises(AnswerError, match="no option 'emperor' to choose"):
        charter.tell(read_answers(path, {question.id: question}))

    (edit,) = charter.ask(items=["harm"])
    mended = {"kind": "text", "text": "Never harm anybody."}
    charter.tell([{"question": edit.id, "annotator": "ann", "verdict": "edit", "payload": mended}])
    assert charter.seed["harm"].variants[-1].payload == Text(text="Never harm anybody.", authority="root")


def test_where_no_line_has_a_rank_the_usual_ones_are_offered(tmp_path: Path) -> None:
    plain = Seed(items=tuple(Item(id=i, payload=Text(text=f"Never {i}.")) for i in ("lie", "harm")))
    study = Study.create(tmp_path / "s", plain, Clauses(), probes=PROBES, embedder=Tfidf())
    (question,) = study.ask(items=["lie"], kind="mark_authority")
    assert list(question.options.values()) == ["no rank", "root", "system", "developer", "user", "guideline"]
    with pytest.raises(PlanError, match="Name lines with --item"):
        study.ask(kind="mark_authority")


# --- what is missing --------------------------------------------------------------------------------------------------


def test_a_missing_condition_is_shown_to_whoever_is_asked_next(charter: Study, tmp_path: Path) -> None:
    (question,) = charter.ask(items=["help"])
    said: Any = {"question": question.id, "verdict": "depends"}
    charter.tell(
        [
            {**said, "annotator": "ann", "condition": "it is legal", "comment": "hm"},
            {**said, "annotator": "bob", "comment": "who asks"},
        ]
    )
    assert charter.state.conditions == {"help": ["it is legal", "who asks"]}
    (again,) = charter.ask(items=["help"])
    assert again.conditions == ("it is legal", "who asks")
    told = "Asked before, somebody said that it depends on: it is legal; who asks."
    assert told in drawn(again, 140)
    assert told in sheet(again, tmp_path)["reason"]
    assert told in task_data(again, CHARTER["help"].payload)["why"]
    assert dict(status_lines(charter.status()))["  help"] == "needs a condition: it is legal; who asks"
    page = write_report(charter, tmp_path / "r.html").read_text("utf-8")
    assert "needs a condition: it is legal" in page
    (rank,) = charter.ask(items=["help"], kind="mark_authority")
    assert rank.conditions == again.conditions


# --- look-alikes ------------------------------------------------------------------------------------------------------


def test_the_closest_pair_is_offered_for_merging_once(charter: Study) -> None:
    (question,) = charter.ask(kind="merge")
    assert set(question.items) == {"help", "again"}
    assert "alike (1 is the same), and hardly see a 'not'" in question.reason
    (other,) = charter.ask(kind="merge")
    assert set(other.items) != {"help", "again"}, "nothing is asked twice"
    with pytest.raises(PlanError, match="name none and the closest are found"):
        charter.ask(items=["help"], kind="merge")


# --- no better than chance --------------------------------------------------------------------------------------------


def test_a_ranking_is_headed_no_better_than_chance_and_says_it_once(charter: Study, capsys: Any) -> None:
    """Two probes to approve and four to reject are too few for any interval to lie above one half unless all agree."""
    ranking = charter.rank()
    found = ranking.to_dict()
    assert found["no_better_than_chance"] is True
    assert found["quality"]["auc_low"] <= 0.5 <= found["quality"]["auc_high"]
    assert found["notes"][0].startswith("No better than chance on your labelled probes (AUC ")
    print_ranking(ranking, charter.seed)
    assert capsys.readouterr().out.startswith("! No better than chance on your labelled probes")
    notes = gather(charter).notes
    assert notes[0].startswith("No better than chance")
    assert sum("better than chance" in n for n in notes) == 1


# --- divided ----------------------------------------------------------------------------------------------------------


def test_what_people_are_divided_on_is_said_everywhere_and_is_never_stable(tmp_path: Path, capsys: Any) -> None:
    seed = Seed(items=tuple(Item(id=f"s{n}", payload=Text(text=f"statement {n}")) for n in range(3)))

    def train(items: Any, key: int, probes: Any) -> Any:
        return [0.9 if any(i.id == f"s{n}" for i in items) else 0.1 for n in range(4)]

    probes = [Probe(id=f"z{n}", payload=Text(text=f"probe {n}")) for n in range(4)]
    study = Study.create(
        tmp_path / "s", seed, FromFunction(train, deterministic=True), probes=probes, executor={"kind": "in_process"},
        ask={"annotators": 20, "error": 0.05, "error_is_stated": True, "repeat_share": 0.0, "random_share": 0.0},
    )  # fmt: skip
    questions = study.ask(items=["s0", "s1", "s2"])
    study.tell(
        {"question": q.id, "annotator": f"p{n}", "verdict": "reject" if n < 8 * (q.items[0] == "s1") else "keep"}
        for q in questions
        for n in range(20)
    )
    assert list(study.rounds.settle().divided) == ["s1"]
    assert study.seed.standing == {}, "what stands is what most say"
    record = study.rounds.close()
    assert record["divided"]["s1"]["others"] == 8
    said = "divided: 1 item, on which people really disagree (s1)"
    assert study.rounds.conditions(record)[0] == said
    lines_ = dict(status_lines(study.status()))
    assert lines_["divided"] == said.removeprefix("divided: ")
    assert lines_["  s1"].startswith("8 of 20 hold otherwise than most; minority 37 %")
    result = study.loop()
    assert result.settled
    assert not result.stable
    assert said in result.conditions
    assert ending(result)[0].startswith("Settled by majorities, on what people are divided about")
    ranking = study.rank()
    rows = {r["id"]: r for r in ranking.rows()}
    assert rows["s1"]["divided"] == pytest.approx(0.4, abs=0.1)
    assert rows["s0"]["divided"] is None
    print_ranking(ranking, study.seed)
    out = capsys.readouterr().out
    assert "(divided)" in out
    page = write_report(study, tmp_path / "r.html").read_text("utf-8")
    assert "8 of 20 hold otherwise than most" in page
    assert "Divided: 1 item, on which people really disagree (s1)." in page
