"""Answers as people, spreadsheets and programs send them: each is taken as what it is, or refused in one sentence."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from activeseed.annotators.file import read_answers
from activeseed.config import AskTable
from activeseed.errors import AnswerError, ConfigError, PlanError, SeedError
from activeseed.files import MAX_TEXT
from activeseed.question import Question
from activeseed.seed import Text
from activeseed.study import Study
from tests.integration.conftest import Make

TWO = AskTable(annotators=2)


def said(question: str, verdict: str, by: Any = "ann", **more: Any) -> dict[str, Any]:
    return {"question": question, "annotator": by, "verdict": verdict, **more}


def asked(study: Study, item: str = "i01") -> Question:
    """One question about an item."""
    return study.ask(items=[item])[0]


class TestOnePersonIsOne:
    def test_a_name_written_otherwise_is_no_second_voice(self, make_study: Make) -> None:
        study = make_study(ask=TWO)
        question = asked(study)
        study.tell([said(question.id, "reject", "jo@example.org")])
        study.tell([said(question.id, "reject", " Jo@Example.org\u200b")])
        assert [q.id for q in study.pending] == [question.id]
        assert [a["name"] for a in study.status()["annotators"]] == ["jo@example.org"]
        study.tell([said(question.id, "reject", "al")])
        assert study.pending == []

    def test_nor_within_one_delivery(self, make_study: Make) -> None:
        study = make_study(ask=TWO)
        question = asked(study)
        study.tell([said(question.id, "reject", "Jo"), said(question.id, "reject", "jo ")])
        assert [q.id for q in study.pending] == [question.id]

    def test_an_answer_that_was_changed_counts_once(self, make_study: Make) -> None:
        study = make_study()
        question = asked(study)
        study.tell([said(question.id, "reject")])
        study.tell([said(question.id, "keep")])
        assert study.status()["answers"] == 1
        assert "i01" not in study.seed.standing
        newest = study.state.live_answers[0]
        study.take_back(newest.id, "a slip")
        assert study.seed.standing["i01"] == "absent", "what was said before counts again"

    def test_what_are_no_answers_is_a_sentence(self, make_study: Make) -> None:
        study = make_study()
        question = asked(study)
        for odd in (None, 5, "keep", said(question.id, "keep"), [None], ["keep"], [[said(question.id, "keep")]]):
            with pytest.raises(AnswerError, match=r"Answers come as a list|Answer 1 is"):
                study.tell(odd)  # type: ignore[arg-type]
        for n in (1.5, math.nan, "x", True, -1):
            with pytest.raises(PlanError, match="whole number"):
                study.ask(n)  # type: ignore[arg-type]
        with pytest.raises(SeedError, match="no item 7"):
            study.ask(items=[7])  # type: ignore[list-item]
        with pytest.raises(AnswerError, match="no answer None"):
            study.take_back(None)  # type: ignore[arg-type]

    @pytest.mark.parametrize("field", ["annotator", "verdict", "variant", "comment", "payload", "texts", "at", "final"])
    @pytest.mark.parametrize("value", [b"x", object(), {1}, 1j], ids=["bytes", "object", "set", "complex"])
    def test_what_no_journal_holds_is_refused(self, field: str, value: Any, make_study: Make) -> None:
        study = make_study()
        with pytest.raises(AnswerError, match="neither a text nor a number"):
            study.tell([said(asked(study).id, "keep") | {field: value}])

    def test_an_edit_may_be_a_payload_and_numbers_may_be_of_numpy(self, make_study: Make) -> None:
        study = make_study()
        answer = said(asked(study).id, "edit", payload=Text(text="better"), seconds=np.int64(3))
        assert study.tell([answer]).accepted
        assert Text(text="better") in [payload for _, payload in study.seed.standing_payloads()]

    @pytest.mark.parametrize(
        "gold",
        [
            5, "g", {"id": "g"}, [5], ["g"],
            *(
                [{"id": "g", "text": "x", "answer": "keep"} | wrong]
                for wrong in (
                    {"id": "\ud800"}, {"id": math.nan}, {"id": ["g"]}, {"text": "\ud800"}, {"text": 5}, {"text": " "},
                    {"text": "x" * (MAX_TEXT + 1)}, {"prompt": ["q"]}, {"answer": True},
                )
            ),
        ],
        ids=lambda gold: str(gold)[:40].encode("ascii", "backslashreplace").decode(),
    )  # fmt: skip
    def test_gold_that_is_none_is_a_sentence(self, gold: Any, make_study: Make) -> None:
        with pytest.raises((ConfigError, SeedError), match="Gold question"):
            make_study(gold=gold)

    def test_gold_questions_do_not_contradict_each_other(self, make_study: Make) -> None:
        gold = [{"id": "g0", "text": "No.", "answer": "reject"}, {"id": "g1", "text": " No. ", "answer": "keep"}]
        with pytest.raises(ConfigError, match=r"'g1'.* says 'keep' of what 'g0' says 'reject' of"):
            make_study(gold=gold)
        assert make_study(gold=[gold[0], gold[1] | {"answer": "absent"}]).gold_answers["g1"] == "absent"

    def test_nobody_is_no_annotator(self, make_study: Make) -> None:
        study = make_study()
        question = asked(study)
        for nobody in ("", "  ", "\u200b", None):
            with pytest.raises(AnswerError, match="nobody is named"):
                study.tell([said(question.id, "keep", nobody)])

    def test_a_questions_id_is_found_as_it_was_typed(self, make_study: Make) -> None:
        study = make_study()
        question = asked(study)
        assert study.tell([said(f" {question.id.upper()} ", "keep")]).accepted


class TestASkipIsNobodysAnswer:
    def test_the_item_is_asked_about_again_first_and_by_somebody_else(self, make_study: Make) -> None:
        study = make_study(ask=TWO)
        question = asked(study)
        study.tell([said(question.id, "reject", "a"), said(question.id, "skip", "b")])
        assert study.pending == []
        batch = study.ask(3)
        again = [q for q in batch if q.items == question.items]
        assert [(q.purpose, q.repeats, q.avoid) for q in again] == [("ask", "", ("a", "b"))]
        assert len(batch) <= 3

    def test_who_skips_again_is_not_asked_for_ever(self, make_study: Make) -> None:
        study = make_study(ask=TWO)
        question = asked(study)
        study.tell([said(question.id, "reject", "a"), said(question.id, "skip", "b")])
        again = next(q for q in study.ask(3) if q.items == question.items)
        study.tell([said(again.id, "skip", "c")])
        assert study.state.short == {}

    def test_two_answers_lack_no_voice(self, make_study: Make) -> None:
        study = make_study(ask=TWO)
        question = asked(study)
        study.tell([said(question.id, "reject", "a"), said(question.id, "reject", "b")])
        assert study.state.short == {}


class TestEdits:
    def test_an_edit_to_nothing_is_refused_and_kept(self, make_study: Make) -> None:
        study = make_study()
        question = asked(study)
        with pytest.raises(AnswerError, match="leaves nothing"):
            study.tell([said(question.id, "edit", payload={"kind": "text", "text": " \n"})])
        assert any(e.kind == "unmatched" for e in study.store.read())

    def test_white_space_is_no_edit(self, make_study: Make) -> None:
        study = make_study()
        question = asked(study)
        study.tell([said(question.id, "edit", payload={"kind": "text", "text": f"  {question.text} \n"})])
        assert study.seed.standing.get("i01", "as_written") == "as_written"

    def test_an_edit_beyond_the_limit_is_refused(self, make_study: Make) -> None:
        study = make_study()
        question = asked(study)
        with pytest.raises(AnswerError, match=r"payload\.text has 100,001 characters"):
            study.tell([said(question.id, "edit", payload={"kind": "text", "text": "x" * (MAX_TEXT + 1)})])


class TestWhatNoFileCanHold:
    @pytest.mark.parametrize(
        ("more", "why"),
        [
            ({"comment": "half \ud83d"}, "half a character"),
            ({"payload": {"kind": "text", "text": "\udfff"}, "verdict": "edit"}, "half a character"),
            ({"seconds": math.nan}, "seconds is nan"),
            ({"seconds": math.inf}, "seconds is inf"),
            ({"seconds": -1.0}, "seconds is -1"),
            ({"confidence": math.nan}, "confidence"),
            ({"comment": "x" * (MAX_TEXT + 1)}, "the limit is 100,000"),
            ({"id": "x" * 300}, "id has more than 200"),
            ({"payload": [[[[[[[[[[["deep"]]]]]]]]]]]}, "nested more than"),
            ({"confidence": "very"}, "confidence"),
            ({"verdict": ["keep"]}, "verdict"),
            ({"unknown": 1}, "unknown"),
        ],
    )
    def test_is_refused_in_a_sentence_and_kept_as_far_as_can_be(
        self, make_study: Make, more: dict[str, Any], why: str
    ) -> None:
        study = make_study()
        question = asked(study)
        with pytest.raises(AnswerError, match=why):
            study.tell([said(question.id, "keep") | more])
        assert study.status()["answers"] == 0
        kept = [e for e in Study.open(study.folder).store.read() if e.kind == "unmatched"]
        assert len(kept) == 1


class TestLinesOfAList:
    @pytest.mark.parametrize(
        ("cell", "named"),
        [
            ("rule 1, first part", ("rule 1, first part",)),
            ("rule-2 rule 1, first part", ("rule-2", "rule 1, first part")),
            ("rule 1, first part; rule-2", ("rule 1, first part", "rule-2")),
            ("Rule-2", ("rule-2",)),
            ("rule-2,rule-20", ("rule-2", "rule-20")),
            (" ; ", ()),
            (["RULE-2 "], ("rule-2",)),
        ],
    )
    def test_whole_ids_are_matched_first(self, tmp_path: Path, cell: Any, named: tuple[str, ...]) -> None:
        import json

        ids = ("rule 1, first part", "rule-2", "rule-20")
        question = Question(id="r001-09", kind="confirm_list", items=ids, options=dict.fromkeys(ids, "absent"))
        line = {"question": question.id, "annotator": "ann", "verdict": "confirm", "unticked": cell}
        path = tmp_path / "answers.jsonl"
        path.write_text(json.dumps(line) + "\n", "utf-8")
        assert read_answers(path, {question.id: question})[0].unticked == named


class TestGold:
    def test_an_answer_in_capitals_is_the_verdict(self, make_study: Make) -> None:
        gold = [{"id": "g0", "text": "No.", "answer": " Reject "}, {"id": "g1", "text": "Yes.", "answer": "KEEP"}]
        study = make_study(gold=gold)
        assert study.gold_answers == {"g0": "absent", "g1": "as_written"}

    @pytest.mark.parametrize("answer", ["accept", "yes", "1", "flip", "keep it"])
    def test_anything_else_is_refused_with_the_line(self, make_study: Make, answer: str) -> None:
        gold = [{"id": "g0", "text": "No.", "answer": "reject"}, {"id": "g1", "text": "Yes.", "answer": answer}]
        with pytest.raises(ConfigError, match=rf"Gold question 2 \('g1'\): '{answer}' is no known answer"):
            make_study(gold=gold)

    def test_two_of_one_id_are_refused(self, make_study: Make) -> None:
        gold = [{"id": "g0", "text": "No.", "answer": "reject"}, {"id": "G0 ", "text": "Yes.", "answer": "keep"}]
        with pytest.raises(ConfigError, match="Gold question 2: there is another"):
            make_study(gold=gold)
