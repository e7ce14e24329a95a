"""Values against brute force, and what a batch does with kin, pending questions, lists and budgets."""

import numpy as np
import pytest

from activeseed.acquisition import (
    Candidate,
    Pick,
    choose,
    choose_beside,
    deployed_risk,
    doubtful,
    drawn_at_random,
    due_at_random,
    ensemble_risk,
    item_candidates,
    item_values,
    list_candidate,
    writing_candidates,
)
from activeseed.acquisition.wrongness import wrongness
from activeseed.belief import Belief, BeliefSettings, fit_belief
from activeseed.errors import PlanError
from activeseed.plan import Floats, Law
from activeseed.seed import Item, Pair, Seed, Text, Variant


def made(mixture, elsewhere=None) -> Belief:
    """A belief with a given mixture: rows are equally probable, items independent given the row."""
    m = np.asarray(mixture, np.float64)
    f = m.shape[1]
    away = np.tile([0.0, 1.0], (f, 1)) if elsewhere is None else np.asarray(elsewhere, np.float64)
    return Belief(np.full(f, 0.75), m, away, np.zeros(f, bool), (), m)


def response(f: int, v: int = 2, d: int = 5, key: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """(F, V, D) coefficients relative to *as written*, and their gram."""
    b = np.random.default_rng(key).standard_normal((f, v, d))
    b[:, 0] = 0.0
    flat = b.reshape(f * v, d)
    return b, flat @ flat.T


def assignments(belief: Belief) -> tuple[np.ndarray, np.ndarray]:
    """Every assignment with its exact probability."""
    f, v = belief.shape
    every = np.stack(np.meshgrid(*[np.arange(v)] * f, indexing="ij"), -1).reshape(-1, f)
    p = np.zeros(len(every))
    for row in belief.mixture:
        table = belief.elsewhere * (1 - row)[:, None]
        table[:, 0] = row
        p += table[np.arange(f), every].prod(1) / len(belief.mixture)
    return every, p


def outcomes(b: np.ndarray, every: np.ndarray) -> np.ndarray:
    return b[np.arange(b.shape[0]), every].sum(1)


DEPENDENT = [[0.9, 0.8, 0.7, 0.6], [0.2, 0.3, 0.7, 0.9]]


class TestRisk:
    def test_both_risks_are_the_enumerated_ones(self) -> None:
        belief = made(DEPENDENT, [[0, 0.5, 0.5], [0, 1, 0], [0, 0.2, 0.8], [0, 0, 1]])
        b, gram = response(4, 3)
        every, p = assignments(belief)
        y = outcomes(b, every)
        mean = p @ y
        assert ensemble_risk(gram, belief) == pytest.approx(p @ ((y - mean) ** 2).sum(1))
        deployed = [0, 1, 2, 0]
        here = outcomes(b, np.array([deployed]))[0]
        assert deployed_risk(gram, belief, deployed) == pytest.approx(p @ ((y - here) ** 2).sum(1))

    def test_a_gram_of_another_size_is_refused(self) -> None:
        with pytest.raises(PlanError, match="does not fit"):
            ensemble_risk(np.eye(3), made(DEPENDENT))


class TestValue:
    def test_independent_beliefs_and_a_perfect_answer_give_the_first_order_index(self) -> None:
        p = np.array([0.9, 0.5, 0.75, 1.0])
        b, gram = response(4)
        v = item_values(gram, made([p]))
        np.testing.assert_allclose(v, p * (1 - p) * (b[:, 1] ** 2).sum(1))

    @pytest.mark.parametrize("error", [0.0, 0.1, 0.3])
    def test_it_is_the_exact_drop_for_dependent_items_and_erring_annotators(self, error: float) -> None:
        belief = made(DEPENDENT)
        b, gram = response(4)
        every, p = assignments(belief)
        y = outcomes(b, every)
        before = p @ ((y - p @ y) ** 2).sum(1)
        values = item_values(gram, belief, error)
        for i in range(4):
            after = 0.0
            for said in (0, 1):
                joint = p * np.where(every[:, i] == said, 1 - error, error)
                q = joint / joint.sum()
                after += joint.sum() * (q @ ((y - q @ y) ** 2).sum(1))
            assert values[i] == pytest.approx(before - after)

    def test_a_perfect_answer_about_three_variants_is_exact_too(self) -> None:
        belief = made(DEPENDENT, [[0, 0.5, 0.5], [0, 1, 0], [0, 0.2, 0.8], [0, 0.3, 0.7]])
        b, gram = response(4, 3)
        every, p = assignments(belief)
        y = outcomes(b, every)
        before = p @ ((y - p @ y) ** 2).sum(1)
        after = 0.0
        for said in range(3):
            joint = p * (every[:, 0] == said)
            q = joint / joint.sum()
            after += joint.sum() * (q @ ((y - q @ y) ** 2).sum(1))
        # E[x | answer] is linear in the answer's indicators, so best-linear is exact
        assert item_values(gram, belief)[0] == pytest.approx(before - after)

    def test_a_settled_item_is_worth_nothing(self) -> None:
        _, gram = response(3)
        assert item_values(gram, made([[1.0, 0.0, 0.5]]))[:2].tolist() == [0.0, 0.0]

    def test_the_deployed_seeds_gain_is_the_enumerated_one(self) -> None:
        belief = made(DEPENDENT)
        b, gram = response(4)
        every, p = assignments(belief)
        y = outcomes(b, every)
        deployed = np.array([0, 0, 1, 0])
        gains = wrongness(belief, deployed).gains(gram, 0.0)
        risk = p @ ((y - outcomes(b, deployed[None])) ** 2).sum(1)
        for i in range(4):
            corrected = np.tile(deployed, (len(every), 1))
            corrected[:, i] = every[:, i]
            after = p @ ((y - outcomes(b, corrected)) ** 2).sum(1)
            assert gains[i] == pytest.approx(risk - after)


def reviews(n: int, minutes: float = 1.0) -> list[Candidate]:
    return [Candidate("review", (i,), minutes) for i in range(n)]


class TestBatch:
    def test_a_near_copy_of_a_pick_loses_its_value(self) -> None:
        rows = np.random.default_rng(0).random((4000, 1)) < 0.5
        twins = np.where(rows, 0.999, 0.001)
        belief = made(np.hstack([twins, twins, np.full((4000, 1), 0.5)]))
        gram = np.diag([0, 1.0, 0, 1.0, 0, 0.5])
        picks = choose(gram, belief, reviews(3), 2)
        assert picks[0].candidate.items[0] in (0, 1)
        assert picks[1].candidate.items == (2,)
        rest = choose(gram, belief, reviews(3), 3)[2]
        assert rest.value < 0.02 * rest.alone

    def test_what_is_pending_is_conditioned_on_and_not_asked_again(self) -> None:
        rows = np.random.default_rng(0).random((4000, 1)) < 0.5
        twins = np.where(rows, 0.999, 0.001)
        belief = made(np.hstack([twins, twins, np.full((4000, 1), 0.5)]))
        gram = np.diag([0, 1.0, 0, 1.0, 0, 0.5])
        picks = choose(gram, belief, reviews(3), 3, pending=[0])
        assert [p.candidate.items[0] for p in picks] == [2, 1]

    def test_greedy_gains_add_up_to_what_the_batch_explains(self) -> None:
        belief = made(DEPENDENT)
        _, gram = response(4)
        picks = choose(gram, belief, reviews(4), 4)
        assert sum(p.value for p in picks) == pytest.approx(ensemble_risk(gram, belief))

    @pytest.mark.parametrize("error", [0.1, 0.3])
    def test_greedy_gains_of_erring_answers_add_up_to_what_all_of_them_tell_together(self, error: float) -> None:
        belief = made(DEPENDENT)
        b, gram = response(4)
        picks = choose(gram, belief, [Candidate("review", (i,), error=error) for i in range(4)], 3)
        asked = [p.candidate.items[0] for p in picks]
        # by enumeration: best linear prediction of the outcome from the answers, y right with probability 1 − e
        every, p = assignments(belief)
        y = (1 - 2 * error) * (every[:, asked] == 1) + error
        out = outcomes(b, every)
        mean_y, mean_out = p @ y, p @ out
        cross = (out - mean_out).T @ (p[:, None] * (y - mean_y))
        of_y = (y - mean_y).T @ (p[:, None] * (y - mean_y)) + np.diag(p @ (y * (1 - y)))
        told = np.trace(cross @ np.linalg.solve(of_y, cross.T))
        assert sum(x.value for x in picks) == pytest.approx(told)

    def test_ranking_is_by_value_per_minute(self) -> None:
        belief = made([[0.5, 0.5]])
        gram = np.diag([0, 1.0, 0, 0.9])
        slow = [Candidate("review", (0,), 10.0), Candidate("review", (1,), 1.0)]
        assert choose(gram, belief, slow, 1)[0].candidate.items == (1,)

    @pytest.mark.parametrize("share", [0.1, 2.0])
    def test_what_counts_is_the_value_and_a_share_of_what_the_deployed_seed_gains(self, share: float) -> None:
        belief = made(DEPENDENT)
        _, gram = response(4)
        picks = choose(gram, belief, reviews(4, 3.0), 2, deployed=[0] * 4, deployed_share=share)
        alone = item_values(gram, belief) + share * wrongness(belief, [0] * 4).gains(gram, 0.0)
        assert picks[0].candidate.items == (int(alone.argmax()),)
        for pick in picks:
            assert pick.per_minute == pytest.approx((pick.value + share * pick.deployed_gain) / 3.0)

    def test_minutes_and_answers_are_budgets(self) -> None:
        belief = made([[0.5] * 6])
        _, gram = response(6)
        assert len(choose(gram, belief, reviews(6, 2.0), 6, minutes=7.0)) == 3
        assert len(choose(gram, belief, reviews(6), 2)) == 2

    def test_a_list_costs_an_answer_a_line_and_settles_all_of_them(self) -> None:
        belief = made([[0.3, 0.3, 0.3, 0.9, 0.5]])
        gram = np.diag([0.0, 1.0] * 5)
        lines = list_candidate(belief, [0] * 5)
        assert lines[0].items == (0, 1, 2)
        assert lines[0].answers == 3
        assert choose(gram, belief, lines, 2) == []
        picks = choose(gram, belief, lines + reviews(5), 4)
        assert picks[0].candidate.kind == "confirm_list"
        assert picks[0].value == pytest.approx(float(item_values(gram, belief)[:3].sum()))
        assert all(not set(p.candidate.items) & {0, 1, 2} for p in picks[1:])

    def test_two_lines_are_no_list(self) -> None:
        assert list_candidate(made([[0.3, 0.3, 0.9, 0.5]]), [0] * 4) == []

    def test_only_unasked_items_are_doubtful_and_a_short_list_is_none(self) -> None:
        prior = Law("author's", np.tile([0.4, 0.6], (3, 1)))
        like = np.array([[1, 1], [1, 1], [0, 1.0]])
        belief = fit_belief(
            BeliefSettings(kind="independent"),
            prior,
            groups=[""] * 3,
            features=None,
            evidence=None,
            likelihood=like,
            key=0,
        )
        assert set(doubtful(belief, [0, 0, 0])) == {0, 1}
        assert doubtful(belief, [1, 1, 1]) == ()
        # the author has changed item 0 since: neither a tick nor none could say that it stays as it stands now
        assert doubtful(belief, [1, 0, 0], below=0.7) == (1,)
        assert list_candidate(belief, [0, 1, 0]) == []

    def test_what_may_be_several_things_is_in_no_list(self) -> None:
        """Of a line that is as probably reworded as absent a list could propose one of both, and *stays* would be noted
        for the other."""
        either, mostly = [0.0, 0.5, 0.5], [0.0, 0.3, 0.7]
        belief = made([[0.4] * 4], [either, mostly, [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
        assert set(doubtful(belief, [0] * 4)) == {1, 2, 3}

    def test_write_more_is_mixed_in_only_at_an_exchange_rate(self) -> None:
        belief = made([[0.5, 0.5]])
        gram = np.diag([0, 1.0, 0, 0.9])
        more = writing_candidates({"a": 8.0}, {"a": 5}, examples=3)
        assert more[0].gain == pytest.approx(8.0 * 3 / 8)
        assert all(p.candidate.kind == "review" for p in choose(gram, belief, reviews(2) + more, 5))
        picks = choose(gram, belief, reviews(2) + more, 5, exchange_rate=10.0)
        assert picks[0].candidate.kind == "write_more"
        assert picks[0].value == pytest.approx(30.0)

    def test_the_deployed_seed_turns_the_order_towards_what_is_probably_wrong(self) -> None:
        belief = made([[0.02, 0.75]])
        gram = np.diag([0, 1.0, 0, 1.0])
        assert choose(gram, belief, reviews(2), 1)[0].candidate.items == (1,)
        by_both = choose(gram, belief, reviews(2), 1, deployed=[0, 0], deployed_share=1.0)
        assert by_both[0].candidate.items == (0,)
        # what is reported as value stays the ensemble's; the seed's own gain, 0.98 · 1, stands beside it
        assert by_both[0].value == pytest.approx(0.02 * 0.98)
        assert by_both[0].deployed_gain == pytest.approx(0.98)

    def test_an_annotator_who_is_a_coin_is_refused(self) -> None:
        with pytest.raises(PlanError, match="half the time"):
            choose(np.eye(8), made(DEPENDENT), [Candidate("review", (0,), error=0.5)], 1)

    def test_each_kind_of_item_gets_its_kind_of_question(self) -> None:
        wording = Variant(id="w", payload=Text(text="other"))
        seed = Seed(
            items=(Item(id="a", payload=Text(text="a")), Item(id="b", payload=Text(text="b"), alternatives=(wording,)))
        )
        belief = made([[0.5, 0.5]], [[0, 1, 0], [0, 0.5, 0.5]])
        assert [c.kind for c in item_candidates(seed, belief)] == ["review", "choose_wording"]
        pairs = Seed(items=tuple(Item(id=i, payload=Pair(chosen="x" + i, rejected="y")) for i in "ab"))
        settled = made([[0.5, 1.0]])
        assert [(c.kind, c.items) for c in item_candidates(pairs, settled)] == [("judge_pair", (0,))]

    def test_a_list_of_likely_wrong_items_comes_before_single_questions(self) -> None:
        """At what reading costs, a list of six lines with five wrong ones is worth more per minute than any of them."""
        belief = made([[0.2, 0.2, 0.2, 0.2, 0.2, 0.45, 0.8, 0.8]])
        gram = np.asarray(np.kron(np.eye(8), [[1.0, -1.0], [-1.0, 1.0]]), np.float64)
        lines = list_candidate(belief, [0] * 8, error=0.1)
        singles = [Candidate("review", (i,), 1.0, error=0.05) for i in range(8)]
        first = choose(gram, belief, [*singles, *lines], 8, deployed=[0] * 8)[0]
        assert first.candidate.kind == "confirm_list"
        assert first.candidate.items == (0, 1, 2, 3, 4, 5)
        assert first.candidate.minutes == pytest.approx(1.8)

    def test_a_list_fits_the_batch(self) -> None:
        belief = made([[0.2] * 8])
        assert list_candidate(belief, [0] * 8, most=3)[0].answers == 3

    def test_a_single_question_that_comes_first_leaves_the_rest_of_a_list_in_the_batch(self) -> None:
        """The heaviest item is worth more alone than the mean line of the list that it is in: the others stay a list,
        without the last line, which no longer fits."""
        belief = made([[0.4, 0.3, 0.3, 0.3, 0.3, 0.9]])
        gram = np.asarray(np.kron(np.diag([100.0, 1.0, 1.0, 1.0, 1.0, 0.1]), [[1.0, -1.0], [-1.0, 1.0]]), np.float64)
        lines = list_candidate(belief, [0] * 6, error=0.05)
        assert lines[0].items == (1, 2, 3, 4, 0)
        singles = [Candidate("review", (i,), 1.0, error=0.05) for i in range(6)]
        picks = choose(gram, belief, [*singles, *lines], 4)
        assert [p.candidate.items for p in picks] == [(0,), (1, 2, 3)]
        assert picks[1].candidate.answers == 3
        assert picks[1].candidate.minutes == pytest.approx(0.9)
        worth = item_values(gram, belief, 0.05)
        assert picks[1].alone == pytest.approx(float(worth[1:4].sum()))
        # of two lines' room that one item takes, nothing is left for a list
        assert [p.candidate.items for p in choose(gram, belief, [*singles, *lines], 2)] == [(0,), (1,)]

    def test_an_answer_that_can_change_nothing_gains_the_deployed_seed_nothing(self) -> None:
        belief = made([[0.5, 0.5]])
        gram = np.asarray(np.kron(np.eye(2), [[1.0, -1.0], [-1.0, 1.0]]), np.float64)
        picks = choose(gram, belief, reviews(2), 2, deployed=[0, 0], fixed={1})
        assert [p.candidate.items[0] for p in picks] == [0, 1]
        assert picks[0].deployed_gain > 0
        assert picks[1].deployed_gain == 0.0

    def test_what_no_answer_can_change_stays_as_wrong_as_it_was_for_the_picks_after_it(self) -> None:
        belief = made(DEPENDENT)
        _, gram = response(4, key=3)
        first = [Candidate("review", (0,), 0.01), Candidate("review", (1,))]
        picks = choose(gram, belief, first, 2, deployed=[0] * 4, fixed={0})
        assert [p.candidate.items[0] for p in picks] == [0, 1]
        untouched = wrongness(belief, [0] * 4)
        settled = wrongness(belief, [0] * 4)
        settled.answer([0], 0.0)
        assert picks[1].deployed_gain == pytest.approx(untouched.gains(gram, 0.0)[1])
        assert untouched.gains(gram, 0.0)[1] != pytest.approx(settled.gains(gram, 0.0)[1])


def beside(gram: Floats, belief: Belief, size: int, *, due: int, key: int) -> list[Pick]:
    return choose_beside(drawn_at_random(reviews(12), due, key), gram, belief, reviews(12), size)


class TestDrawnAtRandom:
    def test_a_share_is_kept_from_round_to_round(self) -> None:
        for size in (1, 3, 4, 6, 8):
            drawn = 0
            for n in range(24):
                due = due_at_random(0.25, n * size, drawn, size)
                assert due <= max(1, round(0.25 * size + 0.5))
                drawn += due
            assert drawn == int(0.25 * 24 * size)
        assert due_at_random(0.0, 40, 0, 8) == 0
        # forty questions that somebody asked for by name are not made up for in one batch
        assert due_at_random(0.25, 40, 0, 8) == 2

    def test_the_rest_is_chosen_knowing_what_is_drawn_and_stands_between(self) -> None:
        belief = made(np.full((1, 12), 0.5))
        gram = np.diag(np.arange(24.0) + 1)
        picks = beside(gram, belief, 8, due=2, key=3)
        assert [p.drawn for p in picks].count("random") == 2
        items = [p.candidate.items[0] for p in picks]
        assert len(set(items)) == 8
        drawn = [n for n, p in enumerate(picks) if p.drawn == "random"]
        best = [i for i in range(11, -1, -1) if i not in {items[n] for n in drawn}][:6]
        assert [items[n] for n in range(8) if n not in drawn] == best
        assert 0 < drawn[0] < drawn[1] < 7
        again = beside(gram, belief, 8, due=2, key=3)
        assert items == [p.candidate.items[0] for p in again]

    def test_every_open_item_is_drawn_as_often(self) -> None:
        belief = made(np.full((1, 12), 0.5))
        gram = np.diag(np.r_[np.zeros(22), 5.0, 5.0])
        firsts = [beside(gram, belief, 1, due=1, key=k)[0].candidate.items[0] for k in range(600)]
        # 50 of each expected, standard deviation 6.8; five of them are more than twelve items reach by chance
        assert np.abs(np.bincount(firsts, minlength=12) - 50).max() < 5 * 6.8

    def test_nothing_is_drawn_where_nothing_is_worth_asking(self) -> None:
        assert beside(np.zeros((24, 24)), made(np.full((1, 12), 0.5)), 8, due=2, key=1) == []

    def test_what_was_answered_before_is_not_drawn(self) -> None:
        again = [Candidate("review", (i,), again=i > 0) for i in range(12)]
        assert [c.items[0] for c in drawn_at_random(again, 3, key=1)] == [0]
