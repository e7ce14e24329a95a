"""Annotations of Label Studio read as answers."""

from typing import Any

import pytest

from activeseed.annotators.label_studio.collecting import Answers, Reading
from activeseed.annotators.label_studio.ledger import Known, Shelf
from activeseed.annotators.label_studio.listing import Head, before, microseconds, moment, owner
from activeseed.annotators.label_studio.noticing import deleted
from activeseed.annotators.label_studio.ordering import prediction, score, version_of
from activeseed.annotators.label_studio.projects import instructions
from activeseed.annotators.label_studio.voices import keep_apart, learn, name, origin
from activeseed.annotators.templates import read_result
from activeseed.errors import AnnotatorError
from activeseed.question import Question
from activeseed.seed import Text

PEOPLE = {1: "ann1@example.com", 2: "ann2@example.com"}
QUESTION = Question(id="q1", kind="review", items=("i1",), text="as it stands")


def region(name: str, *values: str, kind: str = "choices") -> dict[str, Any]:
    key = "choices" if kind == "choices" else "text"
    return {"from_name": name, "to_name": "item", "type": kind, "value": {key: [*values]}}


def annotation(number: int, *result: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "id": number, "result": list(result), "completed_by": 1, "was_cancelled": False, "ground_truth": False,
        "lead_time": 4.5, "updated_at": f"2026-01-01T00:00:{number:02d}.000001Z", **more,
    }  # fmt: skip


def task(number: int, *annotations: dict[str, Any], question: str = "q1") -> dict[str, Any]:
    changed = "2026-01-01T00:00:09.000001Z"
    return {"id": number, "question": question, "updated_at": changed, "annotations": list(annotations)}


def test_an_annotation_keeps_who_when_how_long_and_whether_it_is_final() -> None:
    said = annotation(3, region("verdict", "reject"), region("comment", " no ", kind="textarea"), ground_truth=True)
    (answer,) = Answers(9, PEOPLE).of(QUESTION, [task(1, said)])
    assert (answer.verdict, answer.annotator, answer.comment, answer.final) == ("reject", PEOPLE[1], "no", True)
    assert (answer.at, answer.seconds) == ("2026-01-01T00:00:03.000001Z", 4.5)
    assert answer.id == "ls-9-3-1767225603000001*"
    assert origin(answer) == (9, 3)


def test_an_edited_annotation_is_another_answer_and_the_same_one_the_same() -> None:
    ids = [
        Answers(9, PEOPLE).of(QUESTION, [task(1, annotation(3, region("verdict", "keep"), **more))])[0].id
        for more in ({}, {}, {"updated_at": "2026-01-01T00:00:03.000002Z"}, {"ground_truth": True})
    ]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3


def test_a_skip_is_an_answer_and_an_empty_annotation_is_none() -> None:
    (skip,) = Answers(9, PEOPLE).of(QUESTION, [task(1, annotation(3, was_cancelled=True))])
    assert skip.verdict == "skip"
    half = annotation(3, region("verdict", "keep"), was_cancelled=True)
    assert Answers(9, PEOPLE).of(QUESTION, [task(1, half)])[0].verdict == "skip"
    reader = Answers(9, PEOPLE)
    assert reader.of(QUESTION, [task(1, annotation(3))]) == []
    assert "without an answer" in reader.problems[0]


def test_what_cannot_be_read_is_said_with_its_place_and_holds_up_nobody() -> None:
    found = [annotation(3, region("verdict", "perhaps")), annotation(4, region("verdict", "keep"), completed_by=2)]
    reader = Answers(9, PEOPLE)
    assert [a.annotator for a in reader.of(QUESTION, [task(1, *found)])] == [PEOPLE[2]]
    (problem,) = reader.problems
    for part in ("'q1'", "verdict", "annotation 3", PEOPLE[1], "project 9", "stays open"):
        assert part in problem


def test_of_one_person_the_newest_annotation_counts_and_strangers_keep_their_numbers() -> None:
    found = [
        annotation(5, region("verdict", "keep")),
        annotation(4, region("verdict", "reject")),
        annotation(6, region("verdict", "keep"), completed_by=77),
        annotation(7, region("verdict", "keep"), completed_by=None),
    ]
    answers = {a.annotator: a for a in Answers(9, PEOPLE).of(QUESTION, [task(1, *found)])}
    assert answers[PEOPLE[1]].verdict == "keep"
    assert set(answers) == {PEOPLE[1], "user 77", "a deleted user"}


@pytest.mark.parametrize("lead", [None, -1, "soon"])
def test_a_lead_time_that_says_nothing_is_none(lead: Any) -> None:
    (answer,) = Answers(9, PEOPLE).of(QUESTION, [task(1, annotation(3, region("verdict", "keep"), lead_time=lead))])
    assert answer.seconds is None


@pytest.mark.parametrize("text", ["as it stands", "  as it stands\n", "as it stands\r\n"])
def test_an_edit_that_changes_nothing_keeps_the_item_and_the_comment(text: str) -> None:
    regions = [
        region("verdict", "edit"),
        region("edited", text, kind="textarea"),
        region("comment", "hm", kind="textarea"),
    ]
    read = read_result(QUESTION, regions)
    assert (read["verdict"], read["payload"], read["comment"]) == ("keep", None, "hm")
    regions[1] = region("edited", "As it stands", kind="textarea")
    read = read_result(QUESTION, regions)
    assert (read["verdict"], read["payload"]) == ("edit", Text(text="As it stands"))


def test_an_edit_of_what_could_not_be_shown_as_it_is_changes_nothing_either() -> None:
    question = QUESTION.model_copy(update={"text": "nul \x00 and \ud800 lone\r\nnext"})
    regions = [region("verdict", "edit"), region("edited", "nul \ufffd and \ufffd lone\nnext", kind="textarea")]
    assert read_result(question, regions)["verdict"] == "keep"


def test_a_pair_edited_into_itself_is_kept() -> None:
    question = Question(id="q", kind="judge_pair", items=("i",), text="+ yes\n- no")
    boxes = [region("edited_chosen", "yes", kind="textarea"), region("edited_rejected", "no", kind="textarea")]
    assert read_result(question, [region("verdict", "edit"), *boxes])["verdict"] == "keep"
    boxes[0] = region("edited_chosen", "Yes.", kind="textarea")
    assert read_result(question, [region("verdict", "edit"), *boxes])["payload"].chosen == "Yes."


# --- what was deleted ---


def reading(*tasks: dict[str, Any], known: dict[int, Known] | None = None) -> Reading:
    shelf = Shelf(9, tasks=known if known is not None else {1: Known("q1", [3])})
    return Reading(shelf, Head("", 1, 1), changed={t["id"]: t for t in tasks})


def test_an_answer_is_deleted_when_its_annotation_is_gone_from_its_task() -> None:
    keep = region("verdict", "keep")
    (known,) = Answers(9, PEOPLE).of(QUESTION, [task(1, annotation(3, keep))])
    elsewhere = known.model_copy(update={"id": "ls-8-3-1"})
    terminal = known.model_copy(update={"id": "t-1"})
    assert list(deleted([known, elsewhere, terminal], reading(task(1)), PEOPLE)[0]) == [known.id]
    assert deleted([known], reading(task(1, annotation(3, keep))), PEOPLE) == ({}, [])
    # nothing was listed of its task, or the task itself is gone: that says nothing about the annotation
    assert deleted([known], reading(), PEOPLE) == ({}, [])
    gone = Reading(Shelf(9, tasks={1: Known("q1", [3])}), Head("", 0, 0), gone={1: Known("q1", [3])}, full=True)
    assert deleted([known], gone, PEOPLE) == ({}, [])


def test_the_number_of_a_deleted_annotation_may_be_given_again() -> None:
    keep = region("verdict", "keep")
    (known,) = Answers(9, PEOPLE).of(QUESTION, [task(1, annotation(3, keep))])
    anew = annotation(3, keep, completed_by=2, updated_at="2026-01-01T00:00:08.000001Z")
    assert list(deleted([known], reading(task(1, anew)), PEOPLE)[0]) == [known.id]


def test_an_annotation_that_is_gone_from_an_unchanged_task_was_not_deleted_by_anybody() -> None:
    (known,) = Answers(9, PEOPLE).of(QUESTION, [task(1, annotation(3, region("verdict", "keep")))])
    restored = reading(task(1))
    restored.shelf.cursor = task(1)["updated_at"]
    gone, said = deleted([known], restored, PEOPLE)
    assert gone == {}
    assert "as if a backup was restored" in said[0]
    assert restored.lost == [3]
    restored.shelf.lost = restored.lost
    assert deleted([known], restored, PEOPLE) == ({}, []), "it is said once"


def test_an_annotation_on_the_other_task_of_a_question_is_still_there() -> None:
    (known,) = Answers(9, PEOPLE).of(QUESTION, [task(1, annotation(3, region("verdict", "keep")))])
    two = {1: Known("q1", [3]), 2: Known("q1")}
    assert deleted([known], reading(task(2), known=two), PEOPLE) == ({}, [])


def test_a_reading_adds_up_only_when_every_task_and_annotation_is_known() -> None:
    shelf = Shelf(9, tasks={1: Known("q1", [3, 4], 1), 2: Known("q2")})
    assert Reading(shelf, Head("", 2, 1)).adds_up()
    assert Reading(shelf, Head("", 5, 3), others=(3, 2)).adds_up()
    assert not Reading(shelf, Head("", 1, 1)).adds_up()
    assert not Reading(shelf, Head("", 2, 2)).adds_up()


# --- small parts ---


def test_a_task_is_ours_by_its_study_and_question() -> None:
    assert owner({"meta": {"activeseed": "s", "question": "q"}}, "s") == "q"
    for meta in (None, {}, [], "s", {"activeseed": "t", "question": "q"}, {"activeseed": "s"}, {"question": "q"}):
        assert owner({"meta": meta}, "s") == ""


def test_a_task_whose_meta_was_overwritten_is_ours_by_its_data_where_that_is_certain() -> None:
    task = {"meta": {"seen": True}, "data": {"question": "q"}}
    assert owner(task, "s") == ""
    assert owner(task, "s", known="q") == "q"
    assert owner(task, "s", known="another") == ""
    assert owner(task, "s", named={"q"}) == "q"
    assert owner({**task, "meta": {"activeseed": "t", "question": "q"}}, "s", "q", {"q"}) == "", "another study's"
    assert owner({"meta": None, "data": {"question": 3}}, "s", "3", {"3"}) == ""


def test_server_times() -> None:
    assert before("2026-01-01T00:00:05.000001Z", 10) == "2025-12-31T23:59:55.000001Z"
    assert before("", 10) == ""
    assert microseconds("1970-01-01T00:00:01.000002Z") == 1_000_002
    assert microseconds("2026-01-01T00:00:03Z") == 1_767_225_603_000_000
    assert before("2026-01-01T00:00:05Z", 10) == "2025-12-31T23:59:55.000000Z"
    # as texts a whole second would sort behind every fraction of it
    assert "2026-01-01T00:00:05Z" > "2026-01-01T00:00:05.000001Z"
    assert moment("2026-01-01T00:00:05Z") < moment("2026-01-01T00:00:05.000001Z")
    assert moment("2026-01-01T02:00:05.5+02:00") == "2026-01-01T00:00:05.500000Z"
    assert moment("") == ""
    with pytest.raises(AnnotatorError, match="a time that is none"):
        moment("yesterday")


def test_scores_rise_with_the_place_stay_below_one_and_tell_nothing_else() -> None:
    scores = [score(place) for place in range(100_000)]
    assert scores == sorted(set(scores))
    assert 0 <= scores[0] < scores[-1] < 1
    assert set(prediction(3, "v")) == {"model_version", "score", "result"}
    assert prediction(3, "v")["result"] == []
    assert version_of("s", ["a", "b"]) != version_of("s", ["b", "a"])
    assert version_of("s", ["a"]).startswith("activeseed-")


def test_guidelines_become_html_in_which_html_is_text() -> None:
    html = instructions(
        "# Rules\n\n<script>alert(1)</script>\n\n- *be* [kind](javascript:alert(1))\n\n|a|b|\n|-|-|\n|1|2|"
    )
    assert "<h1>Rules</h1>" in html
    assert "<em>be</em>" in html
    assert "<table>" in html
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert 'href="javascript' not in html
    assert instructions(" \n") == ""


def test_an_annotation_is_not_deleted_because_its_author_is_called_otherwise_by_now() -> None:
    said = annotation(3, region("verdict", "keep"))
    (known,) = Answers(9, {}).of(QUESTION, [task(1, said)])
    assert known.annotator.startswith("user ")
    assert deleted([known], reading(task(1, said)), PEOPLE) == ({}, [])


# --- whose voice ---


def test_people_are_numbers_and_names_are_first_come() -> None:
    people = {"1": "ann1@example.com"}
    name(people, 2, "Ann1@Example.com ")
    name(people, 3, "Deleted")
    name(people, 4, "Deleted")
    name(people, 5, "a" * 300 + "@example.com")
    name(people, 1, "other@example.com")
    assert people == {
        "1": "ann1@example.com", "2": "Ann1@Example.com (user 2)", "3": "user 3", "4": "user 4", "5": "user 5",
    }  # fmt: skip
    older = {"5": "Deleted", "6": "Deleted", "7": "jo"}
    keep_apart(older)
    assert older == {"5": "Deleted", "6": "user 6", "7": "jo"}


def test_names_are_learnt_again_from_the_journal() -> None:
    keep = region("verdict", "keep")
    said = {n: Answers(9, {u: f"then{u}@example.com"}).of(QUESTION, [task(1, annotation(n, keep, completed_by=u))])[0]
            for n, u in ((3, 1), (4, 2), (5, 6))}  # fmt: skip
    people: dict[str, str] = {}
    changed = annotation(4, keep, completed_by=2, updated_at="2026-01-01T00:00:44Z")
    learn(people, [annotation(3, keep), changed, annotation(5, keep, completed_by=6, updated_by=1)], said)
    assert people == {"1": "then1@example.com"}, "not from one that was changed since, or that another one wrote"


def test_an_annotation_speaks_for_whoever_wrote_what_it_says() -> None:
    keep, reject = region("verdict", "keep"), region("verdict", "reject")
    made = "2026-01-01T00:00:03.000000Z"
    (first,) = Answers(9, PEOPLE).of(QUESTION, [task(1, annotation(3, keep, created_at=made))])
    later = {"created_at": made, "updated_by": 2, "updated_at": "2026-01-01T00:01:00Z"}

    def voice(*result: dict[str, Any], known: bool = True, **more: Any) -> tuple[str, int]:
        reader = Answers(9, PEOPLE, {3: first} if known else {})
        (answer,) = reader.of(QUESTION, [task(1, annotation(3, *result, **(later | more)))])
        return answer.annotator, len(reader.taken_over)

    assert voice(reject) == (PEOPLE[2], 1)
    assert voice(reject, known=False) == (PEOPLE[2], 1)
    assert voice(keep, ground_truth=True) == (PEOPLE[1], 0), "a star"
    assert voice(keep, ground_truth=True, known=False) == (PEOPLE[1], 0)
    assert voice(keep) == (PEOPLE[1], 0), "nothing was changed"
    assert voice(reject, updated_by=1) == (PEOPLE[1], 0)
    assert voice(reject, updated_by=None) == (PEOPLE[1], 0)
    assert voice(keep, known=False, updated_at=made) == (PEOPLE[1], 0), "put in for its author"
    # the number was given again, to somebody who says the same
    anew: dict[str, Any] = {"created_at": "2026-01-01T00:00:50Z", "completed_by": 2, "updated_by": 2}
    assert voice(keep, **anew) == (PEOPLE[2], 0)


def test_every_account_that_is_gone_is_somebody_else() -> None:
    keep = region("verdict", "keep")
    found = [annotation(3, keep, completed_by=None), annotation(4, keep, completed_by=None)]
    names = [a.annotator for a in Answers(9, PEOPLE).of(QUESTION, [task(1, *found)])]
    assert names == ["a deleted user", "a deleted user (annotation 4)"]
    (known,) = Answers(9, PEOPLE).of(QUESTION, [task(1, annotation(4, keep))])
    names = [a.annotator for a in Answers(9, PEOPLE, {4: known}).of(QUESTION, [task(1, *found)])]
    assert names == ["a deleted user", PEOPLE[1]], "what was collected keeps its name"


def test_a_skip_hides_no_answer_of_the_same_person() -> None:
    keep, skip = region("verdict", "keep"), annotation(5, was_cancelled=True)
    (answer,) = Answers(9, PEOPLE).of(QUESTION, [task(1, annotation(3, keep), skip)])
    assert answer.verdict == "keep"
    # also one that was given on another task of the same question, which has not changed
    assert Answers(9, PEOPLE).of(QUESTION, [task(2, skip)], [answer]) == []
    assert [a.verdict for a in Answers(9, PEOPLE).of(QUESTION, [task(2, skip)])] == ["skip"]
