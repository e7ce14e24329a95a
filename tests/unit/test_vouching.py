"""What vouches for an annotator, and what an author's stated rate is refuted by."""

import numpy as np
import pytest

from activeseed.resolution import Checked, Trust, fits_better, gold_missing, refuted, vouch
from activeseed.resolution.at_random import State


def trust(gold_questions=None, **evidence):
    """Trust from name -> (gold, repeats, others), and name -> (right, asked) of gold questions."""
    people = {}
    for name, (gold, repeats, others) in evidence.items():
        tally = (gold_questions or {}).get(name, (0, 0))
        total = gold + repeats + others
        state: State = "random" if total <= -1.8 else "trusted" if total >= 3.5 else "undecided"
        people[name] = Checked(state, total, gold, repeats, others, 8, {"as_written": 0.8, "absent": 0.2}, *tally)
    return Trust(any(p.state == "random" for p in people.values()), (), (), people)


@pytest.mark.parametrize(("right", "asked", "enough"), [(4, 4, True), (3, 4, False), (3, 3, False), (6, 7, True)])
def test_gold_vouches_where_a_coin_would_hardly_do_as_well(right, asked, enough):
    found = vouch(trust({"ann": (right, asked)}, ann=(2.0, 1.0, 0.0)))
    assert found.complete is enough
    assert ("ann" in found.by) is enough


@pytest.mark.parametrize(("right", "asked", "more"), [(0, 0, 4), (3, 3, 1), (3, 4, 3), (0, 4, 11)])
def test_it_says_how_many_more_would_do(right, asked, more):
    """The fewest further right answers after which a coin does as well once in 16 times: 6 of 7, 11 of 15."""
    assert gold_missing(right, asked) == more


def test_gold_of_one_answer_alone_does_not_vouch_for_whoever_always_gives_it():
    """All four gold questions were *keep*, and so is every answer: the evidence of gold is at zero or below."""
    assert not vouch(trust({"ann": (4, 4)}, ann=(-0.1, 0.0, 0.0))).complete


def test_a_second_annotator_who_agrees_vouches_for_both():
    found = vouch(trust(ann=(0.0, 0.5, 4.0), bob=(0.0, 0.5, 4.0)))
    assert dict(found.by) == {"ann": "others", "bob": "others"}


def test_whoever_agrees_with_nobody_is_vouched_for_by_nobody():
    found = vouch(trust(ann=(0.0, 0.5, 4.0), bob=(0.0, 0.5, -1.0)))
    assert dict(found.by) == {}
    assert set(found.missing) == {"ann", "bob"}


def test_gold_answered_wrong_speaks_against_the_annotator():
    said = trust({"adversary": (0, 4)}, adversary=(-6.0, 3.0, 0.0))
    assert said.annotators["adversary"].contradicts
    assert vouch(said).hopeless
    unlucky = trust({"unlucky": (2, 4)}, unlucky=(-0.5, 3.0, 0.0))
    assert not unlucky.annotators["unlucky"].contradicts
    assert not vouch(unlucky).hopeless


def test_whoever_contradicts_gold_is_vouched_for_by_nothing_else():
    """Two who agree on the opposite of what is known, and probes that happen to fit better."""
    both = trust({"ann": (0, 4), "bob": (0, 5)}, ann=(-6.0, 3.0, 9.0), bob=(-7.0, 3.0, 9.0))
    found = vouch(both, probes=True)
    assert dict(found.by) == {}
    assert found.hopeless


def test_a_study_goes_on_while_one_annotator_can_be_relied_on():
    assert not vouch(trust({"ann": (4, 4)}, coin=(0.0, -5.0, 0.0), ann=(2.0, 2.0, 0.0))).hopeless
    assert vouch(trust(coin=(0.0, -5.0, 0.0))).hopeless


def test_nobody_answered_is_no_voucher():
    assert not vouch(trust()).complete


def test_labelled_probes_vouch_by_an_exact_test():
    before = [True] * 30 + [False] * 10
    assert fits_better(before, [True] * 36 + [False] * 4)  # six won, none lost: 1/64
    assert not fits_better(before, [True] * 34 + [False] * 6)  # four won: 1/16
    assert not fits_better(before, [True] * 20 + [False] * 20)
    assert not fits_better(before, before)


def test_labelled_probes_vouch_for_an_adversary_in_few_studies():
    """Under no change at all the test passes in at most 5 %: of 2,000, more than 130 with probability 1e-3."""
    rng = np.random.default_rng(0)
    passed = 0
    for _ in range(2000):
        before = rng.random(60) < 0.8
        after = np.where(rng.random(60) < 0.2, ~before, before)
        passed += fits_better(list(before), list(np.where(rng.random(60) < 0.5, after, before)))
    assert passed <= 130


def test_answers_refute_a_stated_rate_exactly():
    stated = {f"i{k}": 0.8 for k in range(20)}
    groups = dict.fromkeys(stated, "")
    found = refuted(stated, {name: k < 8 for k, name in enumerate(stated)}, groups)
    assert [(r.group, r.kept, r.asked) for r in found] == [("", 8, 20)]
    assert not refuted(stated, {name: k < 15 for k, name in enumerate(stated)}, groups)


def test_with_groups_each_test_has_its_part_of_the_level():
    stated = {f"i{k}": 0.8 for k in range(24)}
    kept = {name: k < 13 for k, name in enumerate(stated)}  # 13 of 24 at .8: p = .0038
    assert [(r.kept, r.asked) for r in refuted(stated, kept, dict.fromkeys(stated, ""))] == [(13, 24)]
    thirds = {name: "abc"[k % 3] for k, name in enumerate(stated)}
    assert refuted(stated, kept, thirds) == ()  # of four tests, each has .0025


def test_a_group_can_be_refuted_where_the_whole_is_not():
    stated = {f"i{k}": 0.5 for k in range(40)}
    groups = {f"i{k}": "odd" if k % 2 else "even" for k in range(40)}
    found = refuted(stated, {f"i{k}": bool(k % 2) for k in range(40)}, groups)
    assert {r.group for r in found} == {"odd", "even"}
