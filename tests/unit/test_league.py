"""The league's record, its checks, and its loop against a plain transcription of the rule."""

import subprocess
import sys

import numpy as np
import pytest

from activeseed.errors import ConfigError, PlanError
from activeseed.plan import Materials, Rows, with_keys
from activeseed.seed import Item, Pair, Probe, Seed, Text, Variant, Vector
from activeseed.systems.league import OversightLeague
from tests.precision import ROUNDED
from tests.toy_materials import pairs, vectors

pytestmark = pytest.mark.usefixtures("double_precision")


def rows_of(variants, keys=None, multiplicity=None) -> Rows:
    variants = np.asarray(variants, np.int16)
    return Rows(variants, np.arange(len(variants)) if keys is None else np.asarray(keys, np.int64), multiplicity)


def some_rows(materials: Materials, n: int, seed: int = 1) -> Rows:
    """Each item left out with probability a quarter."""
    rng = np.random.default_rng(seed)
    return rows_of(rng.random((n, len(materials.seed))) < 0.25)


def transcription(league: OversightLeague, materials: Materials, present) -> tuple:
    """Fictitious play between one logistic evaluator and KL-leashed policies, in float64, row by row, rule by rule."""
    x, u, z = (
        np.array([p.values for p in payloads if isinstance(p, Vector)], np.float32).astype(np.float64)
        for payloads in (
            [i.payload for i in materials.seed.items],
            [p.payload for p in materials.pool],
            [p.payload for p in materials.probes],
        )
    )
    w = present / max(present.sum(), 1e-12)
    theta, bias = np.zeros(x.shape[1]), 0.0
    policies = [np.full(len(u), 1 / len(u))]
    sigma = lambda s: 1 / (1 + np.exp(-s))  # noqa: E731
    for _ in range(league.rounds):
        mixture = np.mean(policies, axis=0)
        for _ in range(league.steps):
            up = w * (1 - sigma(x @ theta + bias))
            down = mixture * sigma(u @ theta + bias)
            theta = theta + league.rate * (up @ x - down @ u - league.l2 * theta)
            bias = bias + league.rate * league.bias_rate * (up.sum() - down.sum())
        odds = (u @ theta + bias) / league.beta
        policy = np.exp(odds - odds.max())
        policies.append(policy / policy.sum())
    return sigma(z @ theta + bias), policies[-1], sigma(x @ theta + bias)


@pytest.mark.parametrize("d", [8, 40], ids=["primal", "dual"])  # 52 training points: the dual pays from d = 27 on
def test_default_league_is_the_rule_written_out(d: int) -> None:
    materials = vectors(d=d)
    rows = some_rows(materials, 6)
    out = OversightLeague().train(rows, materials)
    policy = OversightLeague(outcome="policy").train(rows, materials)
    for r in range(len(rows)):
        want, want_policy, vouched = transcription(OversightLeague(), materials, (rows.variants[r] == 0).astype(float))
        np.testing.assert_allclose(out.values[r], want, atol=ROUNDED)
        np.testing.assert_allclose(policy.values[r], want_policy, atol=ROUNDED)
        assert out.vouching is not None
        np.testing.assert_allclose(out.vouching[r], vouched, atol=ROUNDED)


def test_dual_and_primal_take_the_same_steps() -> None:
    from activeseed.systems.league.cost import sizes_of, uses_dual

    materials = vectors(d=40)
    rows = some_rows(materials, 8)
    dual = OversightLeague(opponents="prioritised", exploiters=True, unroll=2, held=("opponents",))
    primal = dual.model_copy(update={"init_scale": 1e-15})  # a start of 1e-15 is no start, but asks for the primal
    assert uses_dual(dual, sizes_of(dual, materials))
    assert not uses_dual(primal, sizes_of(primal, materials))
    np.testing.assert_allclose(dual.train(rows, materials).values, primal.train(rows, materials).values, atol=ROUNDED)


@pytest.mark.parametrize(
    "league",
    [
        OversightLeague(),
        OversightLeague(evaluator="mlp", hidden=8, minibatch=5),
        OversightLeague.full(hidden=8),
        OversightLeague.full(evaluator="linear", unrolled="evaluator"),
    ],
    ids=["default", "mlp", "full", "full linear"],
)
def test_one_batch_agrees_with_one_row_at_a_time(league: OversightLeague) -> None:
    materials = vectors()
    rows = some_rows(materials, 12)
    together = league.train(rows, materials)
    alone = np.concatenate([league.train(rows.take([r]), materials).values for r in range(len(rows))])
    np.testing.assert_allclose(together.values, alone, atol=ROUNDED)
    shuffled = np.random.default_rng(0).permutation(len(rows))
    np.testing.assert_allclose(
        league.train(rows.take(shuffled), materials).values, together.values[shuffled], atol=ROUNDED
    )


def test_a_small_memory_bound_trains_the_same_rows_in_several_batches() -> None:
    from activeseed.systems.league.cost import rows_per_batch, sizes_of

    materials = vectors(d=300, pool=600)
    league = OversightLeague.full(hidden=48, memory_mb=16, rounds=2, steps=2)
    rows = some_rows(materials, 30)
    assert rows_per_batch(league, sizes_of(league, materials)) < 20
    large = league.model_copy(update={"memory_mb": 512})
    np.testing.assert_allclose(league.train(rows, materials).values, large.train(rows, materials).values, atol=ROUNDED)


def test_the_evaluator_separates_positives_from_what_agents_produce() -> None:
    materials = vectors()
    rows = rows_of(np.zeros((2, 12)))
    for league in (OversightLeague(), OversightLeague(evaluator="mlp"), OversightLeague.full()):
        out = league.train(rows, materials)
        assert out.vouching is not None
        near, far = out.values[:, ::2].mean(), out.values[:, 1::2].mean()
        assert out.vouching.mean() > far + 0.1
        assert near > far + 0.1  # held-out probes from the positives' clusters against random ones


def test_weights_and_wordings_count() -> None:
    x = vectors()
    first = x.seed.items[0]
    other = Variant(id="other", payload=x.seed.items[1].payload)
    seed = Seed(items=(Item(id=first.id, payload=first.payload, alternatives=(other,)), *x.seed.items[1:]))
    materials = Materials(seed=seed, probes=x.probes, pool=x.pool)
    base = np.zeros(12)
    reworded, doubled = base.copy(), np.ones((1, 12), np.float32)
    reworded[0] = 2  # item 0 takes item 1's vector: as if item 1 counted twice and item 0 not at all
    doubled[0, 0], doubled[0, 1] = 0.0, 2.0
    league = OversightLeague()
    a = league.train(rows_of([reworded]), materials).values
    b = league.train(rows_of([base], multiplicity=doubled), materials).values
    np.testing.assert_allclose(a, b, atol=ROUNDED)
    assert np.abs(a - league.train(rows_of([base]), materials).values).max() > 1e-3


def test_a_row_without_items_meets_negatives_alone() -> None:
    materials = vectors()
    for league in (OversightLeague(), OversightLeague.full()):
        out = league.train(rows_of([np.ones(12), np.zeros(12)]), materials)
        assert out.ok.all()
        assert out.values[0].mean() < out.values[1].mean()
        assert out.values[0].mean() < 0.5


def test_a_diverging_row_is_a_failure_with_a_reason() -> None:
    materials = vectors()
    # a copy, since no constructor takes such a rate: products overflow
    league = OversightLeague(evaluator="mlp", l2=0).model_copy(update={"learning_rate": 1e300})
    out = league.train(rows_of(np.zeros((2, 12))), materials)
    assert not out.ok.any()
    assert "learning_rate 1e+300" in out.failures[0]
    assert np.isnan(out.values).all()


def test_equal_keys_share_all_randomness_and_held_streams_share_it_across_keys() -> None:
    materials = vectors()
    rows = rows_of(np.zeros((4, 12)), keys=[3, 9, 3, 9])
    league = OversightLeague.full(hidden=6, minibatch=5)
    out = league.train(rows, materials).values
    np.testing.assert_allclose(out[:2], out[2:], atol=ROUNDED)
    assert np.abs(out[0] - out[1]).max() > 1e-3
    held = league.model_copy(update={"held": ("init", "order", "opponents", "agents")})
    assert held.traits.streams == ()
    calm = held.train(rows, materials).values
    np.testing.assert_allclose(calm, calm[:1].repeat(4, 0), atol=ROUNDED)
    zero = league.train(with_keys(rows, np.zeros(4, np.int64)), materials).values
    np.testing.assert_allclose(calm, zero, atol=ROUNDED)  # held means: at replicate 0


@pytest.mark.parametrize("stream", ["init", "order", "opponents", "agents"])
def test_each_declared_stream_varies_the_result_alone(stream: str) -> None:
    materials = vectors()
    every = ("init", "order", "opponents", "agents")
    league = OversightLeague.full(hidden=6, minibatch=5, held=tuple(s for s in every if s != stream))
    assert league.traits.streams == (stream,)
    values = league.train(rows_of(np.zeros((6, 12))), materials).values
    assert np.abs(values - values[0]).max() > 1e-4


def test_streams_say_what_varies() -> None:
    assert OversightLeague().traits.streams == ()
    assert OversightLeague(init_scale=0.1).traits.streams == ("init",)
    assert OversightLeague(evaluator="mlp", minibatch=4).traits.streams == ("init", "order")
    assert OversightLeague(drawn=2).traits.streams == ("opponents",)
    assert OversightLeague(drawn=2, dreams=2, rounds=1).traits.streams == ()  # nobody joins before the only round
    assert OversightLeague(dreams=2, exploiters=True, held=("agents",)).traits.streams == ("opponents",)


def test_minibatches_of_an_epoch_show_every_item_once() -> None:
    import torch

    from activeseed.systems.fields.draws import Draws, Minibatches

    batches = Minibatches(Draws(0, np.array([1, 2])), torch.arange(10), items=10, size=4)
    wanted = torch.full((2, 10), 0.1)
    for epoch in range(20):  # more than are drawn at once
        steps = torch.stack([batches.weights(wanted, 3 * epoch + s) for s in range(3)])
        torch.testing.assert_close(steps.mean(0), wanted)
        assert ((steps > 0).sum(2) == torch.tensor([[4, 4], [4, 4], [2, 2]])).all()


# --- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "settings",
    [
        {"rounds": 0},
        {"beta": 0},
        {"learning_rate": float("nan")},
        {"evaluator": "tree"},
        {"hiden": 3},
        {"held": ["masks"]},
        {"dropout": 0.95},
        {"momentum": 1.0},
        {"masked": "always"},
    ],
)
def test_settings_are_validated(settings: dict) -> None:
    with pytest.raises(ConfigError):
        OversightLeague(**settings)


def test_a_step_that_overshoots_zero_is_refused_with_its_remedy() -> None:
    with pytest.raises(ConfigError, match="Lower one of them"):
        OversightLeague(learning_rate=10, l2=0.2)


def test_no_pool() -> None:
    x = vectors()
    with pytest.raises(PlanError, match="--pool FILE"):
        OversightLeague().check(Materials(seed=x.seed, probes=x.probes))


def test_pairs_are_sent_to_the_reward_model() -> None:
    with pytest.raises(PlanError, match="reward_model"):
        OversightLeague().check(pairs())


def test_a_pool_that_holds_a_positive_is_named() -> None:
    seed = Seed(
        items=(Item(id="a", payload=Text(text="I don't know.")), Item(id="b", payload=Text(text="Let me check.")))
    )
    pool = (Probe(id="u", payload=Text(text="Sure!")), Probe(id="v", payload=Text(text="Let me check.")))
    with pytest.raises(PlanError, match="'v' is also the positive example 'b'"):
        OversightLeague().check(Materials(seed=seed, probes=pool, pool=pool))


def test_a_vector_of_another_dimension_is_named() -> None:
    x = vectors()
    odd = Probe(id="odd", payload=Vector(values=(1.0, 2.0)))
    with pytest.raises(PlanError, match="'odd' in the probes has 2"):
        OversightLeague().check(Materials(seed=x.seed, probes=(*x.probes, odd), pool=x.pool))


def test_probes_of_another_kind_are_named() -> None:
    x = vectors()
    odd = Probe(id="odd", payload=Pair(chosen="a", rejected="b"))
    with pytest.raises(PlanError, match="'odd' in the pool is a 'pair'"):
        OversightLeague().check(Materials(seed=x.seed, probes=x.probes, pool=(*x.pool, odd)))


def test_a_minibatch_of_everything_is_refused() -> None:
    with pytest.raises(PlanError, match="0 for full batches"):
        OversightLeague(minibatch=12).check(vectors())


def test_a_record_is_light_until_something_trains() -> None:
    code = (
        "import sys; from activeseed.systems.league import OversightLeague; "
        "from activeseed.systems.reward_model import RewardModel; "
        "OversightLeague.full(), RewardModel(); assert not {'torch', 'pandas', 'sklearn'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
