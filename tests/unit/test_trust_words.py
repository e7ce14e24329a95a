"""What is said of somebody whom the checks found out: at random, against what is known, or not known which."""

import pytest

from activeseed.question import Answer, Question
from activeseed.resolution import trust
from activeseed.seed import ABSENT, AS_WRITTEN, Item, Seed, Text

SEED = Seed(items=tuple(Item(id=f"i{k}", payload=Text(text=f"statement {k}")) for k in range(24)))


def said(gold, repeats, verdicts=("keep", "reject")):
    """The first reason about somebody with these answers to gold questions, and to items read twice; 24 single ones.

    Args:
        gold: for each gold question whether it was answered right; they are *reject* and *keep* in turn.
        repeats: for each item read twice whether the answers agree.
    """
    questions, answers = {}, []

    def tell(name, item, verdict, purpose="ask", repeats=""):
        questions[name] = Question(id=name, kind="review", items=(item,), purpose=purpose, repeats=repeats)
        answers.append(Answer(id=name, question=name, annotator="ann", verdict=verdict))

    for k in range(24):
        tell(f"q{k}", f"i{k}", verdicts[k % 2])
    for k, agrees in enumerate(repeats):
        tell(f"r{k}", f"i{k}", verdicts[(k + (not agrees)) % 2], "repeat", f"q{k}")
    known = {}
    for k, right in enumerate(gold):
        known[f"g{k}"] = AS_WRITTEN if k % 2 else ABSENT
        tell(f"gold{k}", f"g{k}", "keep" if (k % 2 == 1) == right else "reject", "gold")
    found = trust(SEED, questions, answers, known=known)
    return found, " ".join(found.reasons)


@pytest.mark.parametrize("repeats", [(), (True,) * 2, (True,) * 12])
def test_whoever_gets_gold_wrong_throughout_contradicts_it(repeats) -> None:
    """However steady the answers are with each other: 0 of 4 by chance is 1/16, which a coin that vouches must beat."""
    found, words = said([False] * 4, repeats)
    assert found.distrusted
    assert words.startswith("ann contradicts the gold questions more often than chance: 0 of 4 answered right.")
    assert "at random" not in words


def test_few_gold_questions_are_enough_where_answers_are_too_steady_for_a_coin() -> None:
    """0 of 3 is one in eight by chance; five of five repeats alike beside it are less than one in 30 again."""
    found, words = said([False] * 3, (True,) * 5)
    assert found.distrusted
    assert words.startswith("ann contradicts the gold questions more often than chance: 0 of 3 answered right.")


def test_somebody_steady_who_errs_once_or_twice_on_gold_does_not_contradict_it() -> None:
    for gold in ([True, False, False], [True, False, True, False]):
        found, words = said(gold, (True,) * 12)
        assert "contradicts" not in words
        assert not found.annotators["ann"].contradicts


def test_a_coin_answers_as_if_at_random() -> None:
    found, words = said([True, False, False, True], (True, False, False, True, False, False))
    assert found.distrusted
    assert words.startswith("ann answers as if at random: 2 of 6 silent repeats got the same answer")
    assert "contradicts" not in words


def test_two_gold_questions_wrong_are_neither_more_than_chance_nor_called_random() -> None:
    found, words = said([False] * 2, (True,) * 2)
    assert found.distrusted
    assert words.startswith("ann contradicts most gold questions: 0 of 2 answered right. So few may still be chance")
    assert "as if at random" not in words


def test_an_honest_annotator_is_not_spoken_of() -> None:
    found, words = said([True] * 4, (True,) * 4)
    assert (found.distrusted, words) == (False, "")
