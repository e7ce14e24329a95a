"""Evaluators' gradients, agents' leashes, the archive's payoffs and matches, dreams, adversaries, and looking ahead."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import softplus

from activeseed.plan import Materials, Rows
from activeseed.systems.fields.draws import Draws
from activeseed.systems.fields.field import Rates
from activeseed.systems.fields.linear import Linear
from activeseed.systems.fields.mlp import Mlp
from activeseed.systems.fields.points import Points, worst_case
from activeseed.systems.league import OversightLeague, agents, opponents, signals, unroll
from activeseed.systems.league.training import Game, play
from tests.toy_materials import vectors

# torch.testing.assert_close then allows 1e-7
pytestmark = pytest.mark.usefixtures("double_precision")


def league_of(kind: str, **settings: object) -> OversightLeague:
    return OversightLeague.model_validate({"evaluator": kind, **settings})


def played(league: OversightLeague, materials: Materials, rows: int = 3) -> Game:
    with torch.no_grad():
        return play(league, Rows(np.zeros((rows, 12), np.int16), np.arange(rows)), materials, keep=True)


def pool_scores(game: Game) -> torch.Tensor:
    with torch.no_grad():
        return game.evaluator.train_scores(game.params)[:, game.board.slots :]


# --- evaluators ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["linear", "mlp"])
def test_a_step_follows_the_loss_s_gradient(kind: str) -> None:
    g = torch.Generator().manual_seed(0)
    points = Points.lay_out(torch.randn(9, 5, generator=g), torch.randn(4, 5, generator=g), 3, dual=False)
    rates = Rates(0.1, 0.05, 0.01)
    draws = Draws(0, np.arange(2))
    field = Linear(points, rates, 1.0) if kind == "linear" else Mlp(points, rates, 4, 1.0)
    params = field.start(2, draws)
    own, shared_mass, own_mass = (torch.randn(*s, generator=g) for s in ((2, 6, 5), (2, 9), (2, 6)))
    reading = field.read(params, own)
    assert reading.own is not None
    leaves = [p.clone().requires_grad_() for p in params]
    loss = (field.train_scores(leaves).sigmoid() * shared_mass).sum()
    loss = loss + (field.own_scores(leaves, own).sigmoid() * own_mass).sum()
    slopes = torch.autograd.grad(loss, leaves)
    want = field.stepped(params, slopes)
    p, q = reading.shared.sigmoid(), reading.own.sigmoid()
    field.move(params, reading, p * (1 - p) * shared_mass, q * (1 - q) * own_mass, own)
    for got, expected in zip(params, want, strict=True):
        torch.testing.assert_close(got, expected)


@pytest.mark.parametrize("kind", ["linear", "mlp"])
def test_slope_is_the_score_s_gradient_in_its_input(kind: str) -> None:
    g = torch.Generator().manual_seed(1)
    points = Points.lay_out(torch.randn(9, 5, generator=g), torch.randn(4, 5, generator=g), 3, dual=False)
    draws = Draws(0, np.arange(2))
    field = Linear(points, Rates(1, 1, 0), 1.0) if kind == "linear" else Mlp(points, Rates(1, 1, 0), 4, 1.0)
    params = field.start(2, draws)
    at = torch.randn(2, 6, 5, generator=g, requires_grad=True)
    (want,) = torch.autograd.grad(field.own_scores(params, at).sum(), at)
    torch.testing.assert_close(field.slope(params, at.detach()), want)


@pytest.mark.parametrize("kind", ["linear", "mlp"])
def test_positives_are_read_at_their_worst_point_within_the_radius(kind: str) -> None:
    g = torch.Generator().manual_seed(2)
    points = Points.lay_out(torch.randn(9, 5, generator=g), torch.randn(4, 5, generator=g), 3, dual=False)
    draws, radius = Draws(0, np.arange(2)), 0.1
    make = (lambda r: Linear(points, Rates(1, 1, 0), 1.0, r)) if kind == "linear" else (
        lambda r: Mlp(points, Rates(1, 1, 0), 4, 1.0, r)
    )  # fmt: skip
    plain, attacked = make(0.0), make(radius)
    params = plain.start(2, draws)
    before, after = plain.read(params).shared, attacked.read(params).shared
    torch.testing.assert_close(after[:, 3:], before[:, 3:])
    at = points.train[:3].expand(2, -1, -1)
    worst = plain.own_scores(params, worst_case(at, plain.slope(params, at), radius))
    torch.testing.assert_close(after[:, :3], worst)
    directions = torch.nn.functional.normalize(torch.randn(2, 200, 5, generator=g), dim=2) * radius
    for i in range(3):  # no other direction of that length does more harm, up to curvature (radius²)
        assert (plain.own_scores(params, at[:, i : i + 1] + directions) >= worst[:, i : i + 1] - 0.02).all()


def test_an_adversary_changes_the_gradient_as_the_loss_says() -> None:
    """The MLP's attacked step moves against a numerical gradient at the attacked points (held fixed, as in FGM)."""
    g = torch.Generator().manual_seed(3)
    points = Points.lay_out(torch.randn(9, 5, generator=g), torch.randn(4, 5, generator=g), 3, dual=False)
    field = Mlp(points, Rates(0.1, 0.05, 0.0), 4, 1.0, 0.2)
    params = field.start(2, Draws(0, np.arange(2)))
    mass = torch.rand(2, 9, generator=g)
    at = points.train[:3].expand(2, -1, -1)
    moved = worst_case(at, field.slope(params, at), 0.2)
    leaves = [p.clone().requires_grad_() for p in params]
    loss = (field.own_scores(leaves, moved) * mass[:, :3]).sum() + (field.train_scores(leaves) * mass)[:, 3:].sum()
    want = field.stepped(params, torch.autograd.grad(loss, leaves))
    field.move(params, field.read(params), mass.clone(), None, None)
    for got, expected in zip(params, want, strict=True):
        torch.testing.assert_close(got, expected)


# --- agents ----------------------------------------------------------------------------------------------------------


def test_the_policy_is_the_leashed_best_response() -> None:
    materials = vectors()
    league = OversightLeague(outcome="policy", beta=0.7)
    out = league.train(Rows(np.zeros((3, 12), np.int16), np.arange(3)), materials).values.astype(np.float64)
    scores = pool_scores(played(league, materials)).numpy().astype(np.float64)
    n = out.shape[1]
    want = np.exp(scores / 0.7) / n  # π₀ = 1/n
    want /= want.sum(1, keepdims=True)
    np.testing.assert_allclose(out, want, rtol=1e-4)

    def objective(policy):
        return (policy * scores).sum(1) - 0.7 * (policy * np.log(np.maximum(policy, 1e-300) * n)).sum(1)

    rng = np.random.default_rng(0)
    for other in rng.dirichlet(np.ones(n), 50):
        for mix in (0.01, 0.3, 1.0):
            assert (objective((1 - mix) * out + mix * other) <= objective(out) + 1e-6).all()


def test_a_generator_settles_where_its_leash_and_the_score_balance() -> None:
    g = torch.Generator().manual_seed(0)
    points = Points.lay_out(torch.randn(4, 5, generator=g), torch.zeros(0, 5), 2, dual=False)
    field = Linear(points, Rates(1, 1, 0), 1.0)
    params = field.start(2, Draws(0, np.arange(2)))
    home = torch.nn.functional.normalize(torch.randn(2, 3, 5, generator=g), dim=2)
    at = agents.climb(field, params, home, home, beta=0.5, spread=0.6, steps=200)
    torch.testing.assert_close(at.norm(dim=2), torch.ones(2, 3))
    # on the sphere, θ·x − (β/2σ²)‖x − x₀‖² is greatest where x points along θσ²/β + x₀
    want = torch.nn.functional.normalize(params[0][:, None, :] * (0.36 / 0.5) + home, dim=2)
    torch.testing.assert_close(at, want, atol=1e-4, rtol=1e-3)


def test_generators_raise_what_the_evaluator_says_of_them() -> None:
    materials = vectors()
    game = played(OversightLeague(generators=4, generator_spread=0.4), materials)
    first, last = game.archive.points[2], game.archive.points[-1]
    assert first is not None
    assert last is not None
    home = agents.births(game.board, Draws(materials.root, np.arange(3)), 4)
    before_last = game.past[-2]  # the evaluator that the last generation answered to
    assert (
        game.evaluator.own_scores(before_last, last).mean(1) > game.evaluator.own_scores(before_last, home).mean(1)
    ).all()


# --- opponents -------------------------------------------------------------------------------------------------------


def test_the_payoff_matrix_holds_acceptance_rates() -> None:
    game = played(OversightLeague.full(hidden=6), vectors())
    payoff = game.payoff().numpy()
    assert game.archive.roles == ["main"] + ["main", "main_exploiter", "league_exploiter", "generator"] * 3
    assert payoff.shape == (3, 4, 13)
    assert (payoff >= 0).all()
    assert (payoff <= 1).all()
    approval = game.evaluator.train_scores(game.past[1])[:, game.board.slots :].sigmoid()
    policy, points = game.archive.policies[5], game.archive.points[4]
    assert policy is not None
    assert points is not None
    np.testing.assert_allclose(payoff[:, 1, 5], (approval * policy).sum(1).numpy(), rtol=1e-5)
    own = game.evaluator.own_scores(game.past[1], points).sigmoid().mean(1)
    np.testing.assert_allclose(payoff[:, 1, 4], own.numpy(), rtol=1e-5)


def test_exploiters_win_more_than_the_agents_they_are_let_off_the_leash_of() -> None:
    game = played(OversightLeague(exploiters=True, opponents="prioritised"), vectors())
    payoff = game.payoff()
    for k in range(3):  # the agents that answered to evaluator k
        main, exploiter = 1 + 3 * k, 2 + 3 * k
        assert (payoff[:, k, exploiter] > payoff[:, k, main]).all()
        assert (payoff[:, k, main] > payoff[:, k, 0]).all()  # and both more than π₀


def test_match_weights_follow_prioritised_fictitious_self_play() -> None:
    roles: list[opponents.Role] = ["main", "main", "main_exploiter", "main"]
    won = torch.tensor([[0.2, 0.4, 0.6, 0.3], [0.2, 0.4, 0.8, 0.75], [0.0, 0.0, 0.0, 0.0]])
    rho = opponents.match_weights("prioritised", roles, won)
    torch.testing.assert_close(rho.sum(1), torch.ones(3))
    # row 0: no exploiter above .7, so verification looks at the past mains; the latest main is below .7: self-play
    square = won[0].square() / won[0].square().sum()
    past = torch.tensor([0.04, 0.16, 0, 0]) / 0.2
    torch.testing.assert_close(rho[0], 0.5 * square + 0.15 * past + 0.35 * torch.tensor([0.0, 0, 0, 1]))
    # row 1: the exploiter wins .8, so verification meets it; the latest main wins .75, so its past by x(1 − x)
    square = won[1].square() / won[1].square().sum()
    variance = torch.tensor([0.16, 0.24, 0, 0]) / 0.4
    torch.testing.assert_close(rho[1], 0.5 * square + 0.15 * torch.tensor([0.0, 0, 1, 0]) + 0.35 * variance)
    assert (rho[2] > 0).sum() == 4  # nobody wins anything: everybody is met
    torch.testing.assert_close(opponents.match_weights("average", roles, won), torch.full((3, 4), 0.25))


@given(
    won=st.lists(st.lists(st.floats(0, 1, width=32), min_size=4, max_size=4), min_size=1, max_size=5),
    kind=st.sampled_from(["average", "prioritised"]),
    last=st.sampled_from(["main", "generator"]),
)
def test_match_weights_are_a_distribution_whatever_was_won(won, kind, last) -> None:
    rho = opponents.match_weights(kind, ["main", "main_exploiter", "main", last], torch.tensor(won))
    assert (rho >= 0).all()
    torch.testing.assert_close(rho.sum(1), torch.ones(len(won)))
    drawn = opponents.drawn_weights(rho, Draws(0, np.arange(len(won))), 7, 1)
    torch.testing.assert_close(drawn.sum(1), torch.ones(len(won)))
    assert ((drawn > 0) <= (rho > 0)).all()


def test_drawn_opponents_are_drawn_from_their_weights() -> None:
    rho = torch.tensor([0.5, 0.3, 0.2, 0.0]).repeat(400, 1)
    drawn = opponents.drawn_weights(rho, Draws(5, np.arange(400)), 25, 1)
    torch.testing.assert_close(drawn.sum(1), torch.ones(400))
    assert (drawn[:, 3] == 0).all()
    # 10,000 draws: a share's standard deviation is at most √(¼/10⁴) = 0.005; 0.02 is four of them
    assert (drawn.mean(0) - rho[0]).abs().max() < 0.02
    assert drawn.std(0)[:3].min() > 0.05  # about √(p(1−p)/25) ≈ 0.08–0.1


def test_a_league_exploiter_climbs_most_where_it_wins_least() -> None:
    scores = [torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 4.0]])]
    target = opponents.exploiter_targets(scores, torch.tensor([[0.9, 0.6]]))
    torch.testing.assert_close(target, torch.tensor([[2.0 * 0.2, 4.0 * 0.8]]))  # weights .1 : .4
    capped = opponents.exploiter_targets(scores, torch.tensor([[0.0, 0.5]]))
    torch.testing.assert_close(capped, torch.tensor([[1.0, 2.0]]))  # min(½, 1 − x): both ½


# --- signals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["linear", "mlp"])
def test_dreams_lower_what_gradient_ascent_can_reach(kind: str) -> None:
    materials = vectors()
    reached = {}
    for dreams in (0, 6):
        game = played(league_of(kind, hidden=8, dreams=dreams, dream_weight=0.5), materials)
        start = signals.neutral(game.board, Draws(99, np.arange(3)), 20, 0)  # starts that training never saw
        dreamt = signals.dream(game.evaluator, game.params, start, 10)
        score = game.evaluator.own_scores
        assert (score(game.params, dreamt) > score(game.params, start)).float().mean() > 0.95
        reached[dreams] = score(game.params, dreamt).sigmoid().mean(1)
    assert (reached[6] < reached[0] - 0.05).all()


def test_an_adversary_makes_the_evaluator_less_steep() -> None:
    """A linear score loses radius·‖θ‖ on every positive, so a steep one pays more."""
    materials = vectors()
    steep = played(OversightLeague(), materials).params[0].norm(dim=1)
    flat = played(OversightLeague(adversarial_radius=0.3), materials).params[0].norm(dim=1)
    assert (flat < 0.9 * steep).all()


# --- looking ahead ---------------------------------------------------------------------------------------------------


def test_the_foreseen_gradient_is_that_of_the_unrolled_loss() -> None:
    g = torch.Generator().manual_seed(0)
    scores = torch.randn(3, 7, generator=g, dtype=torch.float64, requires_grad=True)
    odds = torch.randn(3, 7, generator=g, dtype=torch.float64)
    ahead = odds
    for _ in range(3):  # half-way to the best response, three times, written out
        ahead = (ahead + scores / 0.4) / 2
    loss = (torch.softmax(ahead, 1) * softplus(scores)).sum()
    (want,) = torch.autograd.grad(loss, scores)
    torch.testing.assert_close(unroll.foreseen(scores.detach(), odds, 0.4, 3), want)


@pytest.mark.parametrize("kind", ["linear", "mlp"])
def test_looking_ahead_leaves_less_to_exploit(kind: str) -> None:
    """What the leashed best response to the final evaluator wins, with and without future exploitation."""
    for root in range(3):
        materials = vectors(root=root)
        won = {}
        for steps in (0, 3):
            league = league_of(kind, unroll=steps)
            game = played(league, materials, rows=2)
            scores = pool_scores(game)
            won[steps] = (agents.leashed(scores, league.beta) * scores.sigmoid()).sum(1)
            kept = game.evaluator.train_scores(game.params)[:, : game.board.slots].sigmoid().mean(1)
            assert (kept > 0.45).all()  # and not by rejecting everything
        assert (won[3] < won[0] - 0.02).all()


@pytest.mark.parametrize("kind", ["linear", "mlp"])
def test_the_gain_of_an_output_counts_the_evaluator_s_answer(kind: str) -> None:
    """Against central differences in float64: errors of order 1e-10 / 1e-5 = 1e-5 of rounding, 1e-10 of curvature."""
    g = torch.Generator().manual_seed(0)
    x = torch.randn(9, 5, generator=g, dtype=torch.float64)
    points = Points.lay_out(x, x[:0], 3, dual=False)
    rates = Rates(0.3, 0.15, 0.001)
    field = Linear(points, rates, 1.0) if kind == "linear" else Mlp(points, rates, 4, 1.0)
    params = [p.double() for p in field.start(2, Draws(0, np.arange(2)))]
    wanted, others, policy = (torch.softmax(torch.randn(2, n, generator=g, dtype=torch.float64), 1) for n in (3, 6, 6))

    def gain(policy: torch.Tensor) -> torch.Tensor:
        ahead = [p.clone() for p in params]
        for _ in range(3):
            reading = field.read(ahead)
            slope = reading.shared.sigmoid() * torch.cat([wanted, 0.4 * others + 0.6 * policy], 1)
            slope[:, :3] -= wanted
            field.move(ahead, reading, slope, None, None)
        return (policy * field.train_scores(ahead)[:, 3:]).sum(1)

    got = unroll.gain_slope(field, params, wanted, others, policy, 3, 0.6)
    for u in range(6):
        step = torch.zeros_like(policy)
        step[:, u] = 1e-5
        want = (gain(policy + step) - gain(policy - step)) / 2e-5
        torch.testing.assert_close(got[:, u], want, atol=1e-6, rtol=1e-6)


def test_agents_that_look_ahead_do_better_against_what_the_evaluator_becomes() -> None:
    materials = vectors()
    game = played(OversightLeague(rounds=2), materials)
    s, beta, steps, share = game.board.slots, 0.3, 3, 0.5
    wanted = torch.full((3, s), 1 / s)
    others = torch.full((3, 40), 1 / 40)
    evaluator = Linear(game.board.points, Rates(0.5, 0.25, 0.0005))
    params = evaluator.start(3, Draws(0, np.arange(3)))

    def worth(odds: torch.Tensor) -> torch.Tensor:
        """The leashed objective under the evaluator as it is after ``steps`` steps against this policy."""
        policy = torch.softmax(odds, 1)
        ahead = [p.clone() for p in params]
        for _ in range(steps):
            scores = evaluator.train_scores(ahead)
            slope = scores.sigmoid() * torch.cat([wanted, (1 - share) * others + share * policy], 1)
            slope[:, :s] -= wanted
            evaluator.move(ahead, evaluator.read(ahead), slope, None, None)
        won = (policy * evaluator.train_scores(ahead)[:, s:]).sum(1)
        return won - beta * (policy * torch.log(policy * 40)).sum(1)

    now = evaluator.train_scores(params)[:, s:] / beta
    ahead = unroll.look_ahead(evaluator, params, wanted, others, beta=beta, steps=steps, share=share)
    assert (worth(ahead) > worth(now) + 1e-3).all()
