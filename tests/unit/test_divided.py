"""Whether people really disagree: a minority too large for errors."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from activeseed.plan import Law
from activeseed.question import Answer, Question
from activeseed.resolution import Resolution, resolve
from activeseed.resolution.divided import ERRS, LIMIT, division, slips, tail
from activeseed.resolution.votes import read_answers
from activeseed.seed import ABSENT, AS_WRITTEN, Item, Seed, Text

SEED = Seed(items=tuple(Item(id=i, payload=Text(text=f"Line {i}.")) for i in "abc"))
PRIOR = Law("even", np.tile([0.5, 0.5], (3, 1)))


def asked(item: str, id_: str = "", **more) -> Question:
    return Question(id=id_ or f"q-{item}", kind="review", items=(item,), text=f"Line {item}.", **more)


def said(question: str, who: object, verdict: str, **more) -> Answer:
    return Answer(id=f"{question}:{who}", question=question, annotator=f"p{who}", verdict=verdict, **more)


def votes(keep: int, reject: int, question: str = "q-a", first: int = 0) -> list[Answer]:
    return [said(question, n, "keep" if n < first + keep else "reject") for n in range(first, first + keep + reject)]


def settle(answers: list[Answer], *questions: Question, **more) -> Resolution:
    return resolve(SEED, PRIOR, {q.id: q for q in (questions or (asked("a"),))}, answers, **more)


def test_a_tail_of_errors_is_that_of_every_pattern() -> None:
    rates = [0.1, 0.3, 0.45, 0.2]
    for least in range(5):
        by_hand = sum(
            np.prod([r if wrong else 1 - r for r, wrong in zip(rates, pattern, strict=True)])
            for pattern in itertools.product((0, 1), repeat=4)
            if sum(pattern) >= least
        )
        assert tail(np.array(rates), least) == pytest.approx(by_hand)


def test_a_split_is_named_with_its_minority_and_what_stands_stays_the_majoritys() -> None:
    found = settle(votes(12, 8))
    divided = found.divided["a"]
    assert (divided.people, divided.others, divided.most) == (20, 8, AS_WRITTEN)
    assert divided.low < 0.4 < divided.high <= 0.5
    assert divided.by_error == pytest.approx(0.000416, abs=1e-5), "the binomial's tail: 8 or more of 20 at 0.1"
    assert found.standing["a"] == AS_WRITTEN


def test_a_few_errors_are_no_division() -> None:
    assert settle(votes(18, 2)).divided == {}
    assert settle(votes(20, 0)).divided == {}


@pytest.mark.parametrize("people", range(2, 6))
def test_fewer_than_six_cannot_be_told_from_people_who_err(people: int) -> None:
    assert settle(votes(people - people // 2, people // 2)).divided == {}
    assert tail(np.full(6, ERRS), 3) < 0.05 < tail(np.full(5, ERRS), 2)


def test_the_estimate_of_a_zero_minority_goes_to_zero_with_people() -> None:
    """With e = 0.1 and r uniform, a clear item of 1000 people leaves a minority within 3 sd = 3 √(e(1−e)/n)/(1−2e)."""
    words = [AS_WRITTEN] * 900 + [ABSENT] * 100
    found = division(words, np.full(1000, 0.1), np.ones(1000))
    assert found.share < 3 * np.sqrt(0.1 * 0.9 / 1000) / 0.8
    assert found.probability < 1e-6
    assert not found.is_divided


def test_edits_in_different_words_are_one_answer() -> None:
    edits = [said("q-a", n, "edit", payload=Text(text=f"Line a, in my words {n}.")) for n in range(8)]
    assert settle(edits).divided == {}
    found = settle([*edits, *votes(6, 0, first=8)]).divided["a"]
    assert (found.most, found.others) == ("edit", 6)


def test_who_slips_on_gold_and_on_repeats_counts_for_less() -> None:
    gold = Question(id="g", kind="review", items=("g1",), text="Known.", purpose="gold")
    again = asked("b", "q-b2", purpose="repeat", repeats="q-b")
    questions = {q.id: q for q in (asked("a"), asked("b"), again, gold)}
    answers = [said("g", 0, "reject"), said("q-b", 1, "keep"), said("q-b2", 1, "reject"), said("q-a", 2, "keep")]
    rates = slips(read_answers(SEED, questions, answers), questions, {"g1": AS_WRITTEN}, (4.5, 0.5))
    assert rates == pytest.approx({"p0": 1.5 / 6, "p1": 1.5 / 7, "p2": 0.1})
    careful = division(["x"] * 6 + ["y"] * 4, np.full(10, 0.05), np.ones(10))
    careless = division(["x"] * 6 + ["y"] * 4, np.full(10, 0.4), np.ones(10))
    assert careful.is_divided
    assert not careless.is_divided, "four of ten who err at 0.4 are what errors leave"


def test_people_who_disagree_on_everything_are_not_taken_for_careless() -> None:
    """The reliability model reads disagreement as error; whether people are divided must not be read off it."""
    questions = [asked(i) for i in "abc"]
    answers = [a for i in "abc" for a in votes(11, 9, f"q-{i}")]
    found = settle(answers, *questions)
    assert set(found.divided) == set("abc")


def test_what_the_team_marked_as_right_divides_nobody_any_more() -> None:
    answers = votes(12, 8)
    final = answers[-1].model_copy(update={"final": True})
    assert settle([*answers[:-1], final]).divided == {}


def test_a_limit_of_one_half_or_zero_names_less() -> None:
    assert settle(votes(12, 8), divided=0.0).divided == {}
    assert settle(votes(12, 8), divided=0.45).divided == {}, "a minority above 45 % is less likely than one in four"
    assert LIMIT == 0.3


def test_a_third_answer_counts_to_the_minority() -> None:
    found = division(["x"] * 4 + ["y"] * 3 + ["z"] * 3, np.full(10, 0.05), np.ones(10))
    assert found.others == 6
    assert found.high > 0.5, "those who do not hold what most hold may be more than half"


def of_three(splits: int, items: int) -> Resolution:
    """``items`` items that three people answered each, of which so many two to one."""
    names = [f"i{n}" for n in range(items)]
    seed = Seed(items=tuple(Item(id=n, payload=Text(text=f"Line {n}.")) for n in names))
    answers = [
        said(f"q-{name}", person, "reject" if n < splits and person == n % 3 else "keep")
        for n, name in enumerate(names)
        for person in range(3)
    ]
    prior = Law("even", np.tile([0.5, 0.5], (items, 1)))
    return resolve(seed, prior, {f"q-{n}": asked(n) for n in names}, answers)


@pytest.mark.parametrize(("splits", "found"), [(0, False), (2, False), (4, False), (5, True), (8, True)])
def test_few_people_an_item_tell_of_all_items_together(splits: int, found: bool) -> None:
    said = of_three(splits, 8).discord
    assert (said is not None) == found
    if said is not None:
        # three who err at 0.1 are two to one in 0.27 of clear items; of 8 items so many or more
        split = 1 - 0.9**3 - 0.1**3
        assert (said.items, said.split) == (8, splits)
        assert said.by_error == pytest.approx(tail(np.full(8, split), splits), rel=1e-9)


def test_what_one_person_says_is_no_discord() -> None:
    assert settle([said("q-a", 0, "reject")]).discord is None
    assert settle(votes(12, 8), divided=0.0).discord is None, "who wants no division named is told of none"
