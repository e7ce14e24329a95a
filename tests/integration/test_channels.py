"""A study and its channel: what people change, delete or take out, a channel that is away, order and withdrawal."""

from __future__ import annotations

from typing import Any

import pytest

from activeseed.annotators.in_memory import InMemory
from activeseed.errors import AnnotatorAwayError
from activeseed.question import Answer, Question
from activeseed.study import Study
from activeseed.study.loop import Waiting
from tests.integration.conftest import TRUTH, Make

pytestmark = pytest.mark.usefixtures("nothing_left_open")


def verdict_on(question: Question) -> dict[str, Any]:
    if question.kind == "confirm_list":
        return {"verdict": "confirm", "unticked": tuple(i for i in question.items if TRUTH[i] == "as_written")}
    return {"verdict": "keep" if TRUTH.get(question.items[0], "as_written") == "as_written" else "reject"}


class People:
    """Answers what waits whenever the loop sleeps, as many questions at a time as it is told."""

    def __init__(self, channel: InMemory, *names: str, at_once: int = 100) -> None:
        self.channel = channel
        self.names = names or ("first",)
        self.at_once = at_once
        self.slept = 0

    def __call__(self, seconds: float) -> None:
        self.slept += 1
        assert self.slept < 200, "the loop waits for ever"
        for name in list(self.channel.queue)[: self.at_once]:
            for who in self.names:
                self.channel.answer(name, who, **verdict_on(self.channel.questions[name]))


def small(make_study: Make, **more: Any) -> Study:
    ask = {"batch": 4, "consequences": 0, "repeat_share": 0.0, "confirm": False} | more.pop("ask", {})
    return make_study(ask=ask, stopping={"flips": 0.0, "answers": 8} | more.pop("stopping", {}), **more)


def test_an_edited_answer_takes_the_place_of_the_first_and_both_stay_in_the_journal(make_study: Make) -> None:
    study, channel = small(make_study), InMemory()
    question = study.ask(1)[0]
    study.submit(channel)
    channel.answer(question.id, "first", "keep")
    study.poll(channel)
    assert not study.seed.standing
    channel.answer(question.id, "first", "reject")
    told = study.poll(channel)
    assert len(told.accepted) == 1
    assert study.seed.standing == {question.items[0]: "absent"}
    assert len(study.state.answers) == 2
    assert study.poll(channel).news is False


def test_a_deleted_answer_is_taken_back_and_its_question_waits_again(make_study: Make) -> None:
    study, channel = small(make_study), InMemory()
    question = study.ask(1)[0]
    study.submit(channel)
    given = channel.answer(question.id, "first", "reject")
    study.poll(channel)
    assert study.seed.standing
    channel.delete(question.id, "first")
    told = study.poll(channel)
    assert told.deleted == (given.id,)
    assert not study.seed.standing
    assert [q.id for q in study.pending] == [question.id]
    assert study.state.taken_back == {given.id: "its author deleted it"}


def test_a_question_that_people_took_out_is_withdrawn_unless_it_was_answered(make_study: Make) -> None:
    study, channel = small(make_study), InMemory()
    first, second = study.ask(2)
    study.submit(channel)
    channel.answer(first.id, "first", "keep")
    study.poll(channel)
    channel.drop(first.id)
    channel.drop(second.id)
    told = study.poll(channel)
    assert dict(told.dropped) == {second.id: "somebody took it out"}
    assert second.id in study.state.gone
    assert len(study.state.live_answers) == 1


def test_what_was_collected_and_not_journalled_is_delivered_again(make_study: Make, monkeypatch: Any) -> None:
    study, channel = small(make_study), InMemory()
    question = study.ask(1)[0]
    study.submit(channel)
    channel.answer(question.id, "first", "reject")

    def dies(_collected: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(channel, "acknowledge", dies)
        with pytest.raises(KeyboardInterrupt):
            study.poll(channel)
    told = study.poll(channel)
    assert len(told.repeated) == 1
    assert not told.accepted
    assert len(study.state.live_answers) == 1


def test_an_answer_that_fits_nothing_is_kept_and_does_not_hold_up_the_others(make_study: Make) -> None:
    study, channel = small(make_study), InMemory()
    first, second = study.ask(2)
    study.submit(channel)
    channel.answer(first.id, "first", "choose", variant="no-such")
    channel.answer(second.id, "first", "reject")
    told = study.poll(channel)
    assert len(told.accepted) == 1
    assert "no variant 'no-such'" in told.problems[0]
    assert [q.id for q in study.pending] == [first.id]
    unmatched = [e for e in study.store.read(0) if e.kind == "unmatched"]
    assert len(unmatched) == 1


def test_the_loop_waits_for_a_channel_that_is_away_and_goes_on(make_study: Make) -> None:
    study, channel = small(make_study), InMemory(away=True)
    people = People(channel)
    looks: list[Waiting] = []
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 5:
            channel.away = False
        if not channel.away:
            people(seconds)

    result = study.loop(channel, sleep=sleep, on_look=looks.append, patience=1.0)
    assert result.ended == "stopped"
    away = [w for w in looks if w.away]
    assert [w.tries for w in away] == [1, 2, 3, 4, 5]
    assert waited[:5] == [1.0, 2.0, 4.0, 8.0, 16.0], "less and less often"
    assert len(study.state.live_answers) >= 8


def test_who_does_not_want_to_wait_is_told_that_the_channel_is_away(make_study: Make) -> None:
    study = small(make_study)
    with pytest.raises(AnnotatorAwayError):
        study.loop(InMemory(away=True), wait=False)


def test_the_next_batch_is_asked_when_enough_answers_are_in(make_study: Make) -> None:
    study, channel = small(make_study, ask={"enough": 0.5}), InMemory()
    people = People(channel, at_once=1)
    seen: list[int] = []

    def sleep(seconds: float) -> None:
        seen.append(len(channel.queue))
        people(seconds)

    study.loop(channel, sleep=sleep, max_rounds=2)
    assert len(study.state.asked_rounds) == 2
    assert min(seen) > 1, "nobody ran out of questions"
    assert [q.id for q in study.state.in_order] == channel.queue


def test_who_is_in_a_hurry_gets_a_round_of_what_is_in_and_none_of_nothing(make_study: Make) -> None:
    study, channel = small(make_study), InMemory()
    people = People(channel, at_once=1)
    pressed = []

    def hurry() -> bool:
        pressed.append(len(study.state.live_answers))
        return True

    def sleep(seconds: float) -> None:
        if len(pressed) > 2:  # nobody has answered yet, and yet somebody pressed
            people(seconds)

    study.loop(channel, sleep=sleep, hurry=hurry, max_rounds=3)
    assert pressed[:3] == [0, 0, 0]
    assert [r["answers"] for r in study.state.rounds] == [0, 1, 2, 3]
    assert len(study.state.asked_rounds) == 3


def test_older_questions_are_served_by_what_they_are_worth_now(make_study: Make) -> None:
    study, channel = small(make_study, ask={"batch": 6, "confirm": False, "random_share": 0.0}), InMemory()
    first = study.ask()
    study.submit(channel)
    for name in channel.queue[:2]:
        channel.answer(name, "first", **verdict_on(channel.questions[name]))
    study.poll(channel)
    study.ask(3)
    study.submit(channel)
    values = study.rounds.assessment().ranking.columns["value"]
    now = {i.id: float(v) for i, v in zip(study.seed.items, values, strict=True)}
    assert sum(q in first for q in study.state.in_order) == 4
    # What was drawn at random keeps its place, whatever it is worth.
    older = [now[q.items[0]] for q in study.state.in_order if q in first and q.drawn != "random"]
    assert len(older) > 1
    assert older == sorted(older, reverse=True)
    assert channel.queue == [q.id for q in study.state.in_order]


def test_questions_that_wait_when_the_study_stops_are_taken_back(make_study: Make) -> None:
    study, channel = small(make_study, ask={"enough": 0.25}, stopping={"answers": 3}), InMemory()
    result = study.loop(channel, sleep=People(channel, at_once=1))
    assert result.ended == "stopped"
    assert not study.pending
    study.loop(channel, wait=False)
    assert not channel.queue, "the channel was told"


def test_an_answer_edited_after_the_stop_sets_the_study_going_again(make_study: Make) -> None:
    study, channel = small(make_study), InMemory()
    people = People(channel)
    study.loop(channel, sleep=people)
    before = study.seed.version
    kept = next(
        a
        for a in study.state.live_answers
        if a.verdict == "keep" and study.state.questions[a.question].kind == "review"
    )
    channel.answer(kept.question, kept.annotator, "reject")
    study.loop(channel, sleep=people)
    assert study.seed.version != before
    assert study.seed.standing[study.state.questions[kept.question].items[0]] == "absent"


def test_a_question_about_an_item_that_was_rewritten_is_recalled_once(make_study: Make, tmp_path: Any) -> None:
    study, channel = small(make_study), InMemory()
    question = study.ask(1)[0]
    study.submit(channel)
    path = tmp_path / "seed.jsonl"
    study.export(path)
    item = study.seed[question.items[0]]
    path.write_text(path.read_text("utf-8").replace(item.display, "something quite different"), "utf-8")
    study.sync(path)
    assert question.id not in {q.id for q in study.pending}
    study.loop(channel, wait=False, max_rounds=1)
    assert question.id not in channel.queue


def test_people_who_are_evenly_divided_are_put_before_somebody_once(make_study: Make) -> None:
    study, channel = small(make_study, ask={"annotators": 2, "batch": 2, "consequences": 2}, replicates=8), InMemory()
    question = study.ask(1)[0]
    study.submit(channel)
    channel.answer(question.id, "first", "keep", comment="it is fine")
    channel.answer(question.id, "second", "reject", comment="it flatters")
    study.poll(channel)
    assert not study.seed.standing, "a tie keeps the text as written"
    again = [q for q in study.ask() if q.kind == "resolve"]
    assert [q.items for q in again] == [question.items]
    assert again[0].consequences
    assert [(v, c) for _, v, c in again[0].answers] == [("keep", "it is fine"), ("reject", "it flatters")]
    study.submit(channel)
    channel.answer(again[0].id, "third", "reject")
    study.poll(channel)
    assert study.seed.standing == {question.items[0]: "absent"}
    assert again[0].id not in {q.id for q in study.pending}, "one answer settles it, however many people answer others"


def test_an_answer_marked_as_the_right_one_settles_its_item(make_study: Make) -> None:
    study = small(make_study, ask={"annotators": 3})
    question = study.ask(1)[0]
    study.tell(
        [
            Answer(id="1", question=question.id, annotator="first", verdict="keep"),
            Answer(id="2", question=question.id, annotator="second", verdict="keep"),
            Answer(id="3", question=question.id, annotator="third", verdict="reject", final=True),
        ]
    )
    assert study.seed.standing == {question.items[0]: "absent"}


def test_gold_questions_show_a_reason_and_what_hangs_on_them(make_study: Make) -> None:
    gold = [{"id": f"g{n}", "text": f"flatter the user in reply {20 + n}", "answer": "reject"} for n in range(4)]
    study = make_study(
        gold=gold, ask={"batch": 4, "consequences": 2, "confirm": False, "repeat_share": 0.5}, replicates=8
    )
    questions = study.ask()
    checks = [q for q in questions if q.purpose == "gold"]
    others = [q for q in questions if q.purpose == "ask" and q.kind == "review"]
    assert checks
    assert others
    for check in checks:
        assert (check.reason, check.believed, check.trainings) == (others[0].reason, None, 8)
        assert check.consequences
        assert {frozenset(c.outcomes) for c in check.consequences} == {frozenset({"as_written", "absent"})}
        low, high = min(q.value for q in others), max(q.value for q in questions)
        assert low <= check.value <= high
    assert not any(i.id.startswith("g") for i in study.seed.items)
    assert study.status()["unmeasured_gold"] == 0


def test_the_risk_after_the_pending_answers_is_below_the_risk_now(make_study: Make) -> None:
    study = small(make_study)
    study.rank()
    study.ask()
    asked = study.state.asked_rounds[-1]
    now = study.rounds.assessment().ranking.summary["risk"]
    assert 0.0 <= asked["risk_after"] < now


def test_what_was_sent_to_one_channel_is_not_at_another(make_study: Make) -> None:
    from activeseed.annotators.terminal import Terminal

    study, channel = small(make_study), InMemory()
    asked = study.ask(2)
    study.submit(Terminal())
    assert [q.id for q in study.submit(channel)] == [q.id for q in asked]
    assert len(channel.queue) == 2
    assert study.submit(channel) == []


def test_a_question_whose_answer_was_taken_back_by_hand_is_asked_anew(make_study: Make) -> None:
    study, channel = small(make_study), InMemory()
    question = study.ask(1)[0]
    study.submit(channel)
    given = channel.answer(question.id, "first", "reject")
    study.poll(channel)
    study.recall(channel)
    study.take_back(given.id)
    assert question.id in study.state.gone, "in the channel it counts as answered, and nobody would be shown it"
    assert not study.seed.standing
    assert question.items[0] in {i for q in study.ask(items=question.items) for i in q.items}


def test_a_question_that_was_recalled_and_matters_again_is_sent_again(make_study: Make, tmp_path: Any) -> None:
    study, channel = small(make_study), InMemory()
    question = study.ask(1)[0]
    study.submit(channel)
    path, item = tmp_path / "seed.jsonl", study.seed[question.items[0]]
    study.export(path)
    before = path.read_text("utf-8")
    path.write_text(before.replace(item.display, "something quite different"), "utf-8")
    study.sync(path)
    assert study.recall(channel) == [question.id]
    path.write_text(before, "utf-8")
    study.sync(path)
    assert [q.id for q in study.pending] == [question.id]
    study.submit(channel)
    assert channel.queue == [question.id]


def test_after_a_stop_an_answer_deleted_and_given_anew_between_two_looks_counts(make_study: Make) -> None:
    study, channel = small(make_study), InMemory()
    people = People(channel)
    study.loop(channel, sleep=people)
    answers = len(study.state.live_answers)
    kept = next(a for a in study.state.live_answers if a.verdict == "keep")
    channel.delete(kept.question, kept.annotator)
    channel.answer(kept.question, "somebody else", "reject")
    study.loop(channel, sleep=people)
    assert study.seed.standing[study.state.questions[kept.question].items[0]] == "absent"
    assert len(study.state.live_answers) >= answers


def test_a_verdict_for_pairs_says_nothing_about_a_text_and_is_said_to_whom(make_study: Make) -> None:
    study, channel = small(make_study, ask={"annotators": 2, "batch": 2}), InMemory()
    question = study.ask(1)[0]
    study.submit(channel)
    channel.answer(question.id, "first", "keep")
    channel.answer(question.id, "second", "reject")
    study.poll(channel)
    again = next(q for q in study.ask() if q.kind == "resolve")
    study.submit(channel)
    channel.answer(again.id, "third", "neither")
    told = study.poll(channel)
    assert "is no pair" in told.problems[0]
    assert "came from third; the question stays open" in told.problems[0]
    assert again.id in {q.id for q in study.pending}
    assert not study.seed.standing


def test_a_question_that_was_answered_elsewhere_is_taken_off_the_channel(make_study: Make) -> None:
    study, channel = small(make_study), InMemory()
    question = study.ask(1)[0]
    study.submit(channel)
    study.tell([{"question": question.id, "annotator": "first", "verdict": "keep"}])
    assert study.recall(channel) == [question.id]
    assert channel.queue == []


def test_an_order_that_could_not_be_given_is_given_with_the_next_try(make_study: Make, monkeypatch: Any) -> None:
    study, channel = small(make_study), InMemory()
    study.ask(2)

    def away(_questions: object) -> None:
        raise AnnotatorAwayError("gone")

    with monkeypatch.context() as patch:
        patch.setattr(channel, "reorder", away)
        with pytest.raises(AnnotatorAwayError):
            study.submit(channel)
    channel.queue.reverse()
    study.submit(channel)
    assert channel.queue == [q.id for q in study.state.in_order]


class Elsewhere(InMemory):
    """A channel at another place, which says what it is told of."""

    place = "another server"

    def collect(self, asked: Any, known: Any) -> Any:
        self.known = [a.id for a in known]
        return super().collect(asked, known)


def test_another_server_is_not_told_of_answers_that_were_given_elsewhere(make_study: Make) -> None:
    # their numbers mean nothing there: it would say that somebody deleted them
    study, here, there = small(make_study, ask={"annotators": 2}), InMemory(), Elsewhere()
    question = study.ask(1)[0]
    study.submit(here)
    first = here.answer(question.id, "first", "keep")
    study.poll(here)
    study.exchange(there)
    assert there.known == [first.id], "before it was sent there nobody can tell"
    study.exchange(there)
    assert there.known == []
    second = there.answer(question.id, "second", "keep")
    study.exchange(there)
    study.exchange(there)
    assert there.known == [second.id]
    assert len(study.state.live_answers) == 2


def test_what_is_no_longer_asked_is_taken_back_after_what_people_did_was_collected(make_study: Make) -> None:
    calls: list[str] = []

    class Listening(InMemory):
        def collect(self, asked: Any, known: Any) -> Any:
            calls.append("collect")
            return super().collect(asked, known)

        def withdraw(self, questions: Any) -> list[str]:
            calls.append("withdraw")
            return super().withdraw(questions)

        def submit(self, questions: Any, seed: Any) -> None:
            calls.append("submit")
            super().submit(questions, seed)

    study, channel = small(make_study), Listening()
    first, _ = study.ask(2)
    study.submit(channel)
    study.withdraw([first.id])
    study.ask(1)
    calls.clear()
    done = study.exchange(channel)
    assert done.failed is None
    assert calls == ["collect", "withdraw", "submit"]


def test_what_was_collected_is_told_though_sending_fails(make_study: Make) -> None:
    class Full(InMemory):
        def submit(self, questions: Any, seed: Any) -> None:
            if self.questions:
                raise AnnotatorAwayError("It takes no more. Try again.")
            super().submit(questions, seed)

    study, channel = small(make_study), Full()
    (first,) = study.ask(1)
    study.submit(channel)
    channel.answer(first.id, "first", "keep")
    study.ask(1)
    looks: list[Waiting] = []
    with pytest.raises(AnnotatorAwayError):
        study.loop(channel, wait=False, on_look=looks.append)
    assert [len(look.told.accepted) for look in looks] == [1]
    assert isinstance(study.exchange(channel).failed, AnnotatorAwayError)


def test_what_a_channel_has_lost_is_sent_again(make_study: Make) -> None:
    class Forgetful(InMemory):
        def collect(self, asked: Any, known: Any) -> Any:
            from dataclasses import replace

            lost = frozenset(q.id for q in asked if q.id not in self.questions)
            return replace(super().collect(asked, known), absent=lost)

    study, channel = small(make_study), Forgetful()
    first, second = study.ask(2)
    study.submit(channel)
    study.ask(1)  # was never sent: nobody has lost it
    del channel.questions[first.id]
    told = study.poll(channel)
    assert len(told.problems) == 1
    assert first.id in told.problems[0]
    assert "sent again" in told.problems[0]
    study.submit(channel)
    assert {first.id, second.id} <= set(channel.questions)
    assert not study.poll(channel).problems


def test_a_changed_answer_that_is_deleted_leaves_no_earlier_one_behind(make_study: Make) -> None:
    study, channel = small(make_study), InMemory()
    question = study.ask(1)[0]
    study.submit(channel)
    for verdict in ("keep", "reject"):
        given = channel.answer(question.id, "first", verdict)
        study.poll(channel)
    channel.delete(question.id, "first")
    assert study.poll(channel).deleted == (given.id,)
    assert study.state.live_answers == []
    assert [q.id for q in study.pending] == [question.id]
