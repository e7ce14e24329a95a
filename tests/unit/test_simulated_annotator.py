"""Simulated annotators: deterministic, independent on repeats, and as wrong as they say."""

from pathlib import Path

import numpy as np
import pytest

from activeseed.annotators.simulated import Simulated, SimulatedPerson, read_truth
from activeseed.errors import ConfigError
from activeseed.question import Question
from activeseed.seed import ABSENT, AS_WRITTEN, FLIPPED

N = 400
TRUTH = {f"i{k}": AS_WRITTEN if k % 4 else ABSENT for k in range(N)}


def question(k: int, name: str = "q") -> Question:
    return Question(id=f"{name}{k}", kind="review", items=(f"i{k}",), text=f"text {k}")


def wrong(record: Simulated, name: str = "q") -> np.ndarray:
    right = {"keep": AS_WRITTEN, "reject": ABSENT}
    return np.array([right[record.answer(question(k, name)).verdict] != TRUTH[f"i{k}"] for k in range(N)])


def test_error_rates_are_what_they_say() -> None:
    assert wrong(Simulated(truth=TRUTH)).mean() == 0
    assert wrong(Simulated(truth=TRUTH, behaviour="adversarial")).mean() == 1
    # four standard errors of 400 draws
    erring = Simulated(truth=TRUTH, behaviour="erring", error=0.1)
    assert abs(wrong(erring).mean() - 0.1) < 4 * np.sqrt(0.09 / N)
    for record, share in (
        (Simulated(truth=TRUTH, behaviour="random"), 0.5),
        (Simulated(truth=TRUTH, behaviour="base_rate", base_rate=0.75), 0.75),
    ):
        kept = np.array([record.answer(question(k)).verdict == "keep" for k in range(N)])
        assert abs(kept.mean() - share) < 4 * np.sqrt(share * (1 - share) / N)
        of_wrong = kept[::4].mean()
        assert abs(of_wrong - share) < 4 * np.sqrt(share * (1 - share) / (N / 4)), "a coin does not read the item"


def test_the_same_question_gets_the_same_answer_and_a_repeat_an_independent_one() -> None:
    record = Simulated(truth=TRUTH, behaviour="erring", error=0.3, key=2)
    assert [record.answer(question(k)) for k in range(20)] == [record.answer(question(k)) for k in range(20)]
    first, second = wrong(record), wrong(record, "r")
    # independent draws: the covariance of two coins of 0.3 stays within four standard errors of 0
    assert abs(np.mean(first * second) - first.mean() * second.mean()) < 4 * 0.21 / np.sqrt(N)
    other = record.model_copy(update={"key": 3})
    assert (wrong(other) != first).any()


def test_several_people_err_independently() -> None:
    people = (
        SimulatedPerson(name="one", behaviour="erring", error=0.3),
        SimulatedPerson(name="two", behaviour="erring", error=0.3),
    )
    record = Simulated(truth=TRUTH, people=people)
    answers = record.poll([question(k) for k in range(60)])
    assert len(answers) == 120
    one = [a.verdict for a in answers if a.annotator == "one"]
    two = [a.verdict for a in answers if a.annotator == "two"]
    assert one != two


def test_answers_take_their_time() -> None:
    record = Simulated(truth=TRUTH, delay=2)
    assert [len(record.poll([question(1)])) for _ in range(4)] == [0, 0, 1, 1]


def test_verdicts_name_the_variant_that_is_right() -> None:
    record = Simulated(truth={"p": FLIPPED, "w": "v2", "e": ABSENT})
    pair = Question(id="a", kind="judge_pair", items=("p",), text="shown", options={AS_WRITTEN: "shown", FLIPPED: "x"})
    assert record.answer(pair).verdict == "flip"
    shown_flipped = pair.model_copy(update={"text": "x"})
    assert record.answer(shown_flipped).verdict == "keep"
    options = {AS_WRITTEN: "t", "v1": "one", "v2": "two"}
    words = Question(id="b", kind="choose_wording", items=("w",), text="t", options=options)
    assert (record.answer(words).verdict, record.answer(words).variant) == ("choose", "v2")
    assert record.answer(words.model_copy(update={"text": "two"})).verdict == "keep"
    lines = Question(id="c", kind="confirm_list", items=("e", "w"), options={"e": ABSENT, "w": ABSENT})
    assert record.answer(lines).unticked == ("w",)


def test_what_the_truth_does_not_name_is_skipped_or_kept() -> None:
    unknown = Question(id="q", kind="review", items=("new",), text="t")
    assert Simulated(truth=TRUTH).answer(unknown).verdict == "skip"
    assert Simulated(truth=TRUTH, unknown="keep").answer(unknown).verdict == "keep"


def test_a_truth_file(tmp_path: Path) -> None:
    path = tmp_path / "truth.jsonl"
    path.write_text(
        '{"id": "a", "answer": "reject"}\n\n{"id": "b", "answer": "choose", "variant": 1}\n'
        '{"id": "c", "answer": "choose", "variant": "v9"}\n{"group": "g", "text": "a new example"}\n'
    )
    record = Simulated(truth_file="truth.jsonl", truth={"c": AS_WRITTEN}).located(tmp_path)
    options = {AS_WRITTEN: "t", "first": "1", "second": "2"}
    by_place = Question(id="q", kind="review", items=("b",), text="t", options=options)
    assert record.answer(by_place).variant == "second"
    assert record.answer(Question(id="q", kind="review", items=("c",), text="t")).verdict == "keep"
    more = Question(id="m", kind="write_more", items=(), group="g")
    assert record.answer(more).texts == ("a new example",)
    assert record.answer(more.model_copy(update={"group": "h"})).verdict == "skip"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "truth.jsonl:1: not valid JSON"),
        ("[]", "truth.jsonl:1: expected an object"),
        ('"keep"', "truth.jsonl:1: expected an object"),
        ('{"answer": "keep"}', "truth.jsonl:1 has no 'id'"),
        ('{"id": "a", "answer": "kep"}', "unknown answer 'kep'.*Did you mean 'keep'"),
        ('{"id": "a", "answer": "choose"}', "needs a 'variant'"),
    ],
)
def test_a_truth_file_that_is_wrong(line: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "truth.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(ConfigError, match=says):
        read_truth(path)


def test_a_truth_file_that_is_missing_and_names_that_repeat(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can't read its truth file"):
        read_truth(tmp_path / "none.jsonl")
    with pytest.raises(ConfigError, match="a name each"):
        Simulated(people=(SimulatedPerson(), SimulatedPerson()))
