"""The reward model against the Bradley–Terry rule written out, its seams, and what it refuses."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch.nn.functional import softplus

from activeseed.errors import PlanError
from activeseed.plan import Materials, Rows
from activeseed.seed import Item, Pair, Probe, Seed, Text
from activeseed.systems.reward_model import RewardModel
from tests.precision import ROUNDED
from tests.toy_materials import pairs, vectors

pytestmark = pytest.mark.usefixtures("double_precision")


def rows_of(variants, keys=None, multiplicity=None) -> Rows:
    variants = np.asarray(variants, np.int16)
    return Rows(variants, np.arange(len(variants)) if keys is None else np.asarray(keys, np.int64), multiplicity)


def some_rows(n: int) -> Rows:
    """Each of 15 pairs is dropped or flipped with probability 0.3."""
    rng = np.random.default_rng(1)
    return rows_of(rng.integers(1, 3, (n, 15)) * (rng.random((n, 15)) < 0.3))


def features(materials: Materials, payloads) -> np.ndarray:
    return np.array([np.subtract(*materials.embed([p.chosen, p.rejected]).astype(np.float64)) for p in payloads])


@pytest.mark.parametrize("init_scale", [0.0, 1e-15], ids=["dual", "primal"])
def test_linear_reward_is_the_rule_written_out(init_scale: float) -> None:
    materials = pairs(items=15)  # 30 slots (as written and flipped) of 16 features: below 2d, so the dual pays
    model = RewardModel(init_scale=init_scale)
    rows = some_rows(6)
    out = model.train(rows, materials)
    z = features(materials, [p.payload for p in materials.probes])
    as_written = features(materials, [i.payload for i in materials.seed.items])
    sigma = lambda s: 1 / (1 + np.exp(-s))  # noqa: E731
    for r in range(len(rows)):
        sign = np.array([1.0, 0.0, -1.0])[rows.variants[r]]  # a flipped pair pulls the other way, an absent one not
        w, theta = np.abs(sign) / np.abs(sign).sum(), np.zeros(16)
        x = as_written * np.where(sign == 0, 1, sign)[:, None]
        for _ in range(model.steps):
            theta = theta + 4 * ((w * (1 - sigma(x @ theta))) @ x - 1e-3 * theta)
        np.testing.assert_allclose(out.values[r], sigma(z @ theta), atol=ROUNDED)
        assert out.vouching is not None
        np.testing.assert_allclose(out.vouching[r], sigma(as_written @ theta), atol=ROUNDED)


def test_mlp_reward_follows_the_loss_s_gradient() -> None:
    from activeseed.systems.fields.draws import Draws
    from activeseed.systems.fields.field import Rates
    from activeseed.systems.fields.mlp import Mlp
    from activeseed.systems.fields.points import Points, in_precision

    materials = pairs()
    model = RewardModel(reward="mlp", hidden=5, init_scale=1.0, steps=3)
    out = model.train(rows_of(np.zeros((2, 15))), materials)
    payloads = [i.payload for i in materials.seed.items]
    probes = [p.payload for p in materials.probes]

    def replies(which) -> torch.Tensor:
        pairs_ = [p for p in which if isinstance(p, Pair)]
        return in_precision(materials.embed([p.chosen for p in pairs_] + [p.rejected for p in pairs_]))

    points = Points.lay_out(replies(payloads), replies(probes), 0, dual=False)
    field = Mlp(points, Rates(2.0, 0.0, 2.0 * 1e-3), 5, 1.0)
    params = field.start(2, Draws(materials.root, np.arange(2)))
    for _ in range(3):
        leaves = [p.clone().requires_grad_() for p in params]
        r = field.train_scores(leaves)
        loss = softplus(-(r[:, :15] - r[:, 15:])).mean(1).sum()
        params = [p.detach() for p in field.stepped(params, torch.autograd.grad(loss, leaves, materialize_grads=True))]
    r = field.probe_scores(params)
    np.testing.assert_allclose(out.values, (r[:, :12] - r[:, 12:]).sigmoid().numpy(), atol=ROUNDED)


@pytest.mark.parametrize("model", [RewardModel(), RewardModel(reward="mlp", minibatch=4)], ids=["linear", "mlp"])
def test_one_batch_agrees_with_one_row_at_a_time(model: RewardModel) -> None:
    materials, rows = pairs(), some_rows(10)
    together = model.train(rows, materials).values
    alone = np.concatenate([model.train(rows.take([r]), materials).values for r in range(10)])
    np.testing.assert_allclose(together, alone, atol=ROUNDED)


def test_flipping_everything_mirrors_every_preference() -> None:
    materials = pairs()
    for model in (RewardModel(), RewardModel(reward="mlp", held=("init",))):
        out = model.train(rows_of([np.zeros(15), np.full(15, 2)]), materials).values.astype(np.float64)
        if model.reward == "linear":  # an odd field: exact
            np.testing.assert_allclose(out[0] + out[1], 1.0, atol=ROUNDED)
        assert ((out[0] > 0.5) != (out[1] > 0.5)).mean() > 0.9


def test_it_learns_which_replies_are_preferred() -> None:
    materials = pairs(items=40, probes=40)
    for model in (RewardModel(), RewardModel(reward="mlp")):
        out = model.train(rows_of(np.zeros((1, 40))), materials)
        assert (out.values > 0.5).mean() > 0.8
        assert out.vouching is not None
        assert (out.vouching > 0.5).mean() > 0.85


def test_a_row_without_pairs_prefers_nothing() -> None:
    for model in (RewardModel(), RewardModel(reward="mlp")):
        out = model.train(rows_of(np.ones((1, 15))), pairs())
        np.testing.assert_allclose(out.values, 0.5)
        assert out.ok.all()


def test_streams() -> None:
    assert RewardModel().traits.streams == ()
    assert RewardModel(reward="mlp", minibatch=3).traits.streams == ("init", "order")
    assert RewardModel(reward="mlp", held=("init",)).traits.streams == ()


def test_a_diverging_row_is_a_failure_with_a_reason() -> None:
    # a copy, since no constructor takes such a rate: products overflow
    model = RewardModel(reward="mlp", l2=0).model_copy(update={"learning_rate": 1e300})
    out = model.train(rows_of(np.zeros((1, 15))), pairs())
    assert not out.ok.any()
    assert "lower it" in out.failures[0]


def test_texts_are_sent_to_the_league() -> None:
    with pytest.raises(PlanError, match="oversight_league"):
        RewardModel().check(vectors())


def test_a_probe_that_is_no_pair_is_named() -> None:
    x = pairs()
    odd = Probe(id="odd", payload=Text(text="Hello"))
    with pytest.raises(PlanError, match="'odd' is a 'text'"):
        RewardModel().check(Materials(seed=x.seed, probes=(*x.probes, odd)))


def test_settings_are_validated() -> None:
    for settings in ({"reward": "forest"}, {"steps": 0}, {"learning_rate": 2000.0}, {"hiden": 3}):
        with pytest.raises(ValidationError):
            RewardModel.model_validate(settings)


def test_equal_replies_are_never_preferred_to_one_another() -> None:
    x = pairs()
    same = Pair(chosen="w1 w2", rejected="w1 w2")
    seed = Seed(items=(Item(id="same", payload=same), *x.seed.items[1:]))
    materials = Materials(seed=seed, probes=(Probe(id="same", payload=same),), embed=x.embed)
    for model in (RewardModel(), RewardModel(reward="mlp", init_scale=1.0)):
        np.testing.assert_allclose(model.train(rows_of(np.zeros((1, 15))), materials).values, 0.5, atol=ROUNDED)
