"""Truths and accuracies are drawn from their joint posterior: against enumeration over a grid of accuracies."""

import itertools

import numpy as np
import pytest

from activeseed.plan import Law
from activeseed.question import Answer, Question
from activeseed.resolution import draw, resolve
from activeseed.seed import Item, Seed, Text, Variant

SEED = Seed(items=tuple(Item(id=f"i{k}", payload=Text(text=f"statement {k}")) for k in range(3)))
PRIOR = Law("author's", np.tile([0.7, 0.3], (3, 1)))
ACCURACY = (4.0, 1.0)
#: item, verdict; the last three repeat earlier ones, one of them contradicts
SAID = ((0, "keep"), (1, "reject"), (2, "keep"), (0, "keep"), (1, "keep"), (1, "reject"))
DRAWS = 4000


def settled(said, kind="review", list_error=0.0, known=None, gold=()):
    questions, answers = {}, []
    for n, (item, verdict) in enumerate(said):
        questions[f"q{n}"] = Question(id=f"q{n}", kind="review", items=(f"i{item}",), text=f"statement {item}")
        answers.append(Answer(id=f"a{n}", question=f"q{n}", annotator="ann", verdict=verdict))
    for n, verdict in enumerate(gold):
        questions[f"g{n}"] = Question(id=f"g{n}", kind="review", items=(f"gold{n}",), purpose="gold")
        answers.append(Answer(id=f"ga{n}", question=f"g{n}", annotator="ann", verdict=verdict))
    return resolve(SEED, PRIOR, questions, answers, known=known, accuracy=ACCURACY, list_error=list_error)


def exact(said, gold=(0, 0, 0, 0)):
    """(P(item stays) each, mean α, mean β) by enumeration; better than a coin: α + β > 1."""
    grid = (np.arange(400) + 0.5) / 400
    a, b = np.meshgrid(grid, grid, indexing="ij")
    weight = (a * b) ** (ACCURACY[0] - 1) * ((1 - a) * (1 - b)) ** (ACCURACY[1] - 1) * (a + b > 1)
    weight = weight * a ** gold[0] * (1 - a) ** gold[1] * b ** gold[2] * (1 - b) ** gold[3]
    stays, alpha, beta, total = np.zeros(3), 0.0, 0.0, 0.0
    for truth in itertools.product((True, False), repeat=3):
        p = np.prod([0.7 if t else 0.3 for t in truth])
        like = weight.copy()
        for item, verdict in said:
            right = (verdict == "keep") == truth[item]
            of = a if truth[item] else b
            like = like * (of if right else 1 - of)
        mass = p * like.sum()
        stays += mass * np.array(truth)
        alpha += p * (like * a).sum()
        beta += p * (like * b).sum()
        total += mass
    return stays / total, alpha / total, beta / total


def drawn(found, key=0):
    before = np.full((DRAWS, 3), 0.7)
    elsewhere = np.tile([0.0, 1.0], (3, 1))
    return draw(found.counts, before, elsewhere, key=key)


# chains are independent, one draw each: the standard error of a share is at most √(¼/4000) = .008, of a mean accuracy
# (sd ≤ .2) .003; five of them, and 20 steps of burn-in from near the end leave no more than that
TOLERANCE = 0.04


def test_the_joint_posterior_is_that_of_enumeration():
    stays, alpha, beta = exact(SAID)
    found = drawn(settled(SAID))
    assert (found.assignments == 0).mean(0) == pytest.approx(stays, abs=TOLERANCE)
    assert found.accuracies[:, 0, 0].mean() == pytest.approx(alpha, abs=0.02)
    assert found.accuracies[:, 0, 1].mean() == pytest.approx(beta, abs=0.02)


def test_gold_moves_the_accuracies_and_with_them_the_truths():
    known = {"gold0": "as_written", "gold1": "absent"}
    stays, alpha, _ = exact(SAID, gold=(1, 0, 1, 0))
    found = drawn(settled(SAID, known=known, gold=("keep", "reject")))
    assert (found.assignments == 0).mean(0) == pytest.approx(stays, abs=TOLERANCE)
    assert found.accuracies[:, 0, 0].mean() == pytest.approx(alpha, abs=0.02)


def test_without_answers_the_draws_are_the_belief():
    found = drawn(settled(()))
    assert (found.assignments == 0).mean(0) == pytest.approx(np.full(3, 0.7), abs=TOLERANCE)


def test_an_authors_certainty_is_not_moved():
    before = np.tile([1.0, 0.0, 0.7], (200, 1))
    found = draw(settled(SAID).counts, before, np.tile([0.0, 1.0], (3, 1)), key=1)
    assert (found.assignments[:, 0] == 0).all()
    assert (found.assignments[:, 1] == 1).all()


def test_merged_items_have_one_variant_in_every_draw():
    before = np.full((200, 3), 0.7)
    found = draw(settled(SAID).counts, before, np.tile([0.0, 1.0], (3, 1)), key=1, settled={2: 1})
    assert (found.assignments[:, 2] == 1).all()


def test_the_same_key_gives_the_same_draws():
    assert (drawn(settled(SAID), 5).assignments == drawn(settled(SAID), 5).assignments).all()
    assert (drawn(settled(SAID), 5).assignments != drawn(settled(SAID), 6).assignments).any()


def test_an_answer_to_a_list_counts_for_less():
    question = Question(id="l", kind="confirm_list", items=("i0", "i1"), options={"i0": "absent", "i1": "absent"})
    answer = Answer(id="a", question="l", annotator="ann", verdict="confirm", unticked=("i1",))
    careful, skimmed = (
        resolve(SEED, PRIOR, {"l": question}, [answer], accuracy=(40.0, 2.0), list_error=error) for error in (0.0, 0.3)
    )
    shares = [(drawn(found).assignments == 0).mean(0) for found in (careful, skimmed)]
    assert shares[0][0] < shares[1][0] < 0.7  # confirmed as absent, less surely
    assert shares[0][1] > shares[1][1] > 0.7  # unticked, so it stays, less surely


def test_counts_hold_the_likelihood_of_every_vote_whatever_is_meant():
    """Of three variants a wrong answer is one of two: what counts say of an item is the product over its votes."""
    other = Variant(id="v", payload=Text(text="other"))
    seed = Seed(items=tuple(Item(id=f"i{k}", payload=Text(text=f"{k}"), alternatives=(other,)) for k in range(2)))
    prior = Law("author's", np.array([[0.5, 0.25, 0.25], [0.6, 0.4, 0.0]]))  # the second has two on offer
    said = [("i0", "keep", 1.0), ("i0", "reject", 0.2), ("i0", "choose", None), ("i1", "reject", 0.0)]
    questions, answers = {}, []
    for n, (item, verdict, confidence) in enumerate(said):
        options = {"as_written": "a", "v": "other"}
        kind = "choose_wording" if verdict == "choose" else "review"
        questions[f"q{n}"] = Question(id=f"q{n}", kind=kind, items=(item,), text=item[1:], options=options)
        named = "v" if verdict == "choose" else ""
        answers.append(
            Answer(id=f"a{n}", question=f"q{n}", annotator="ann", verdict=verdict, confidence=confidence, variant=named)
        )
    counts = resolve(seed, prior, questions, answers).counts
    alpha, beta = 0.9, 0.7
    theta = np.log([alpha, 1 - alpha, beta, 1 - beta])
    found = np.einsum("r,vrf->vf", theta, counts.table) + counts.evenly
    votes = ((0, 0, 1.0), (0, 1, 0.6), (0, 2, 1.0), (1, 1, 0.5))
    for at, offered in ((0, 3), (1, 2)):
        for meant in range(offered):
            right = alpha if meant == 0 else beta
            like = [w * np.log(right if v == meant else (1 - right) / (offered - 1)) for i, v, w in votes if i == at]
            assert found[meant, at] == pytest.approx(sum(like)), (at, meant)
    assert found[2, 1] == -np.inf
