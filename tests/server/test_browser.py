"""Every form in a real browser: what it shows, what clicking it stores, and what comes back as an answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from activeseed.annotators.tasks import task_data
from activeseed.annotators.templates import template
from activeseed.question import Answer, Question
from activeseed.questions import edited_as
from activeseed.resolution import check_answer
from activeseed.seed import Entry, Item, Text
from tests.label_studio import Site
from tests.server.asking import ADA, PAIRS, QUESTIONS, channel_to, seed_of
from tests.server.browser import Desk, answer_label, at_desk
from tests.server.by_api import Api

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def desk(server: Site, browser: Any) -> Iterator[Desk]:
    with at_desk(browser, server.url, server.ann1) as sat:
        yield sat


@pytest.fixture
def asked(server: Site, title: str, tmp_path: Path) -> Any:
    """Asks one question on the server; returns (channel, its project, its task)."""

    def ask(question: Question, guidelines: str = "") -> tuple[Any, int, int]:
        channel = channel_to(server.url, tmp_path / "study", title, guidelines=guidelines)
        channel.submit([question], seed_of(question))
        (task,) = Api(server.url, server.admin.token).tasks(title)
        return channel, int(task["project"]), int(task["id"])

    return ask


def collected(channel: Any, question: Question) -> Answer:
    """The one answer that is there, checked as a study checks it."""
    found = channel.collect([question], [])
    assert not found.problems
    (answer,) = found.answers
    check_answer(question, answer, seed_of(question))
    assert (answer.question, answer.annotator) == (question.id, "ann1@example.com")
    assert answer.seconds is not None
    assert 0 < answer.seconds < 120
    return answer


def click(desk: Desk, kind: str, verdict: str) -> None:
    desk.choose(answer_label(template(kind), verdict))


def test_review_is_edited_commented_and_rated(desk, asked):
    question = QUESTIONS["review"]
    channel, project, task = asked(question, guidelines="# How to answer\n\nKeep what is *true*.\n")
    told = desk.stream(project)
    assert "How to answer" in told
    assert "Keep what is true." in told
    assert desk.task_id == task
    data = task_data(question)
    assert desk.texts == [data["text"], data["consequences"], data["wordings"], data["why"]]
    assert "kept: 0.91 · dropped: 0.12" in desk.texts[1]
    click(desk, "review", "edit")
    desk.write("edited", "I'm a program.\nAsk me why. 👩🏽‍🚀")
    desk.write("comment", "shorter")
    desk.stars(4)
    desk.screenshot("review")
    desk.submit()
    answer = collected(channel, question)
    assert (answer.verdict, answer.payload) == ("edit", Text(text="I'm a program.\nAsk me why. 👩🏽‍🚀"))
    assert (answer.comment, answer.confidence) == ("shorter", 0.8)


def test_nothing_is_filled_in_and_no_answer_is_no_submission(desk, asked):
    channel, project, task = asked(QUESTIONS["review"])
    desk.task(project, task)
    assert not desk.page.locator(".lsf-choice input:checked").count()
    desk.press("submit")
    desk.page.get_by_text("Pick one of the answers.").wait_for()
    assert not channel.collect([QUESTIONS["review"]], []).answers


def test_a_pair_is_flipped_by_its_key(desk, asked):
    question = QUESTIONS["judge_pair"]
    channel, project, _ = asked(question)
    desk.stream(project)
    pair = PAIRS["p"].payload
    assert {pair.prompt, pair.chosen, pair.rejected} <= set(desk.texts)
    desk.screenshot("judge_pair")
    desk.page.keyboard.press("f")
    desk.submit()
    assert collected(channel, question).verdict == "flip"


def test_a_wording_is_chosen_among_those_of_the_task(desk, asked):
    question = QUESTIONS["choose_wording"]
    channel, project, _ = asked(question)
    desk.stream(project)
    click(desk, "choose_wording", "choose")
    desk.screenshot("choose_wording")
    desk.choose("C")
    desk.submit()
    answer = collected(channel, question)
    assert (answer.verdict, answer.variant) == ("choose", "w2")


def test_a_line_of_a_list_is_taken_out(desk, asked):
    question = QUESTIONS["confirm_list"]
    channel, project, _ = asked(question)
    desk.stream(project)
    assert any(label.startswith("2. Trust me. / Really.") for label in desk.labels)
    click(desk, "confirm_list", "confirm")
    desk.choose("2. Trust me.")
    desk.screenshot("confirm_list")
    desk.submit()
    answer = collected(channel, question)
    assert (answer.verdict, answer.unticked) == ("confirm", ("b",))


def test_more_examples_are_written(desk, asked):
    question = QUESTIONS["write_more"]
    channel, project, _ = asked(question)
    desk.stream(project)
    click(desk, "write_more", "write_more")
    desk.add("texts", "I am software.")
    desk.add("texts", "Ein Programm, «kein» Mensch.")
    desk.write("texts", "typed, and never added")  # Label Studio takes what stands in the box on submission
    desk.screenshot("write_more")
    desk.submit()
    answer = collected(channel, question)
    assert answer.texts == ("I am software.", "Ein Programm, «kein» Mensch.", "typed, and never added")


def test_items_are_merged(desk, asked):
    question = QUESTIONS["merge"]
    channel, project, _ = asked(question)
    desk.stream(project)
    assert "1. I'm an AI.\n\n2. Trust me." in desk.texts
    click(desk, "merge", "merge")
    desk.screenshot("merge")
    desk.submit()
    assert collected(channel, question).verdict == "merge"


def test_which_reading_is_right_is_said_of_a_dream(desk, asked):
    question = QUESTIONS["judge_dream"]
    channel, project, _ = asked(question)
    desk.stream(project)
    assert question.text in desk.texts
    click(desk, "judge_dream", "prefer")
    desk.choose("A")
    desk.screenshot("judge_dream")
    desk.submit()
    answer = collected(channel, question)
    assert (answer.verdict, answer.variant) == ("prefer", "approve")


def test_an_outcome_is_preferred(desk, asked):
    question = QUESTIONS["prefer_outcome"]
    channel, project, _ = asked(question)
    desk.stream(project)
    click(desk, "prefer_outcome", "prefer")
    desk.choose("B")
    desk.screenshot("prefer_outcome")
    desk.submit()
    answer = collected(channel, question)
    assert (answer.verdict, answer.variant) == ("prefer", "reject")


def test_a_rank_is_marked(desk, asked):
    question = QUESTIONS["mark_authority"]
    channel, project, _ = asked(question)
    desk.stream(project)
    click(desk, "mark_authority", "rank")
    desk.choose("B: root")
    desk.screenshot("mark_authority")
    desk.submit()
    answer = collected(channel, question)
    assert (answer.verdict, answer.variant) == ("rank", "as_written:root")


def test_an_objective_is_given_another_mass(desk, asked):
    question = QUESTIONS["weigh_objective"]
    channel, project, _ = asked(question)
    desk.stream(project)
    click(desk, "weigh_objective", "choose")
    desk.choose("B")
    desk.screenshot("weigh_objective")
    desk.submit()
    answer = collected(channel, question)
    assert (answer.verdict, answer.variant) == ("choose", "w1")


def test_a_candidate_is_changed_line_by_line(desk, asked):
    question = QUESTIONS["judge_candidate"]
    channel, project, _ = asked(question)
    desk.stream(project)
    click(desk, "judge_candidate", "edit")
    desk.screenshot("judge_candidate")
    desk.write("edited", f"{ADA.text}\nprogram: user\nmass: 0.5")
    desk.submit()
    answer = collected(channel, question)
    assert (answer.verdict, answer.payload) == ("edit", Text(text=f"{ADA.text}\nprogram: user\nmass: 0.5"))
    read = edited_as(question, answer.payload, {"ada": Item(id="ada", payload=ADA)})
    assert read == Entry(text=ADA.text, fields={"program": "user", "mass": 0.5})


def test_the_condition_that_is_missing_has_a_box_of_its_own(desk, asked):
    question = QUESTIONS["choose_wording"]
    channel, project, _ = asked(question)
    desk.stream(project)
    click(desk, "choose_wording", "depends")
    desk.write("condition", "only if they asked")
    desk.submit()
    answer = collected(channel, question)
    assert (answer.verdict, answer.condition, answer.missing) == ("depends", "only if they asked", "only if they asked")


def test_a_disagreement_is_shown_under_aliases_and_left_open(desk, asked):
    question = QUESTIONS["resolve"]
    channel, project, _ = asked(question)
    desk.stream(project)
    assert "Annotator 1: keep\n\nAnnotator 2: reject. too blunt" in desk.texts
    click(desk, "resolve", "depends")
    desk.write("comment", "on who asks")
    desk.screenshot("resolve")
    desk.submit()
    answer = collected(channel, question)
    assert (answer.verdict, answer.comment) == ("depends", "on who asks")


def test_a_skipped_question_is_taken_up_again(desk, asked):
    question = QUESTIONS["review"]
    channel, project, task = asked(question)
    desk.stream(project)
    desk.skip()
    skipped = collected(channel, question)
    assert skipped.verdict == "skip"
    desk.task(project, task)
    desk.press("unskip")  # which deletes the annotation, and leaves a draft
    desk.page.get_by_test_id("bottombar-submit-button").wait_for()
    found = channel.collect([question], [skipped])
    assert (found.answers, list(found.deleted)) == ((), [skipped.id])
    click(desk, "review", "reject")
    desk.submit()
    assert collected(channel, question).verdict == "reject"


def test_an_answer_is_changed_on_the_page(desk, asked):
    question = QUESTIONS["review"]
    channel, project, task = asked(question)
    desk.stream(project)
    click(desk, "review", "keep")
    desk.submit()
    before = collected(channel, question)
    desk.task(project, task)
    click(desk, "review", "reject")
    desk.update()
    (later,) = channel.collect([question], [before]).answers
    assert (before.verdict, later.verdict) == ("keep", "reject")
    assert later.id != before.id
    assert not channel.collect([question], [later]).deleted


def test_the_pages_asked_nobody_else(desk):
    assert desk.outside == []
    assert desk.dialogs == []
