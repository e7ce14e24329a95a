"""What systems hand out of their inside: networks, trajectories and hidden units, against what was trained."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import ElasticNet, LogisticRegression, Ridge, SGDClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC, LinearSVC

from activeseed.errors import PlanError
from activeseed.networks import Network
from activeseed.plan import Materials, Rows
from activeseed.protocols import NETWORK, REPRESENTATION, TRAJECTORY
from activeseed.seed import Item, Probe, Seed, Vector
from activeseed.systems.capabilities import check_networks, check_states
from activeseed.systems.contract import check_system
from activeseed.systems.fields.settings import looked_at
from activeseed.systems.league import OversightLeague
from activeseed.systems.league.cost import cost_of
from activeseed.systems.own import FromEstimator
from activeseed.systems.reward_model import RewardModel
from tests.toy_materials import pairs, vectors

# --- leagues and reward models ------------------------------------------------------------------------------------


def without_each(materials: Materials, rows: int) -> Rows:
    variants = np.zeros((rows, len(materials.seed)), np.int16)
    at = np.arange(1, rows)
    variants[at, at - 1] = 1
    return Rows(variants, np.arange(rows) % 3)


@pytest.mark.parametrize("rounds", [1, 3])
def test_a_trajectory_is_what_shorter_trainings_come_to(rounds: int) -> None:
    """After so many whole rounds the league is the league of so many rounds, to the bit: the same steps were taken."""
    materials = vectors()
    league = OversightLeague(rounds=3, steps=10, evaluator="mlp", hidden=5, minibatch=4)
    rows = without_each(materials, 6)
    steps = league.trajectory_steps(materials)
    at = steps.index(rounds * 10)
    short = league.model_copy(update={"rounds": rounds}).train(rows, materials)
    course = league.states(rows, materials, TRAJECTORY)
    assert np.array_equal(course[:, at], short.values)
    fewer = OversightLeague(rounds=1, steps=5, evaluator="mlp", hidden=5, minibatch=4).train(rows, materials)
    assert np.array_equal(course[:, steps.index(5)], fewer.values)


def test_the_course_of_a_policy_starts_uniform() -> None:
    materials = vectors()
    league = OversightLeague(outcome="policy")
    course = league.states(without_each(materials, 3), materials, TRAJECTORY)
    assert league.layout(materials) is None
    assert NETWORK not in league.state_names
    np.testing.assert_allclose(course[:, 0], 1 / len(materials.pool), rtol=1e-6)
    np.testing.assert_allclose(course.sum(2), 1.0, atol=1e-5)


@pytest.mark.parametrize(
    ("rounds", "steps", "each", "found"),
    [
        (2, 10, 4, (0, 2, 5, 8, 10, 12, 15, 18, 20)),
        (3, 1, 4, (0, 1, 2, 3)),
        (1, 3, 16, (0, 1, 2, 3)),
        (32, 5, 4, (0, *(5 * k + d for k in range(32) for d in (2, 5)))),
    ],
)
def test_looks_are_evenly_spaced(rounds: int, steps: int, each: int, found: tuple[int, ...]) -> None:
    assert looked_at(rounds, steps, each) == found


@pytest.mark.parametrize("rounds", [1, 2, 63, 64, 65, 200, 1000])
@pytest.mark.parametrize("steps", [1, 2, 7, 100])
def test_looks_are_bounded_and_hold_both_ends(rounds: int, steps: int) -> None:
    looks = looked_at(rounds, steps, 4)
    assert looks[0] == 0
    assert looks[-1] == rounds * steps
    assert len(looks) <= 65
    assert all(a < b for a, b in pairwise(looks))


def test_hidden_units_are_those_of_the_network() -> None:
    materials = vectors()
    league = OversightLeague(evaluator="mlp", hidden=5)
    rows = without_each(materials, 4)
    layout = league.layout(materials)
    assert layout is not None
    inputs = materials.features([p.payload for p in materials.probes])
    units = league.states(rows, materials, REPRESENTATION)
    for flat, found in zip(league.states(rows, materials, NETWORK), units, strict=True):
        np.testing.assert_allclose(Network.of(layout, flat).units(inputs), found, atol=1e-6)


def test_hidden_units_of_a_pair_are_what_the_last_layer_scores() -> None:
    """A linear map of them gives the logit of the outcome: with more places than units, least squares finds it."""
    materials = pairs(probes=30)
    model = RewardModel(reward="mlp", hidden=5, steps=15)
    rows = Rows(np.zeros((1, len(materials.seed)), np.int16), np.zeros(1, np.int64))
    units = model.states(rows, materials, REPRESENTATION)[0].astype(np.float64)
    p = model.train(rows, materials).values[0].astype(np.float64)
    logits = np.log(p / (1 - p))
    v, *_ = np.linalg.lstsq(units, logits, rcond=None)
    # logits are rounded as p is: 2⁻²⁴ / p(1 − p), which at logits of at most 4 is below 4e-6
    assert np.abs(logits).max() < 4
    np.testing.assert_allclose(units @ v, logits, atol=2e-5)
    assert model.layout(materials) is None


@pytest.mark.parametrize("name", [NETWORK, TRAJECTORY, REPRESENTATION])
def test_a_row_that_fails_is_nan_and_no_other(name: str) -> None:
    materials = vectors()
    league = OversightLeague(evaluator="mlp", hidden=5)
    weights = np.ones((3, len(materials.seed)), np.float32)
    weights[1, 0] = -1.0
    rows = Rows(np.zeros((3, len(materials.seed)), np.int16), np.zeros(3, np.int64), weights)
    found = league.states(rows, materials, name)
    assert np.isnan(found[1]).all()
    assert np.isfinite(found[[0, 2]]).all()


def test_states_of_more_rows_than_fit_are_read_in_the_batches_of_training() -> None:
    """The bound of 16 MiB cuts the rows, and what comes back is, bit for bit, of the batches that outcomes come of."""
    materials = vectors(d=200, pool=60)
    league = OversightLeague(evaluator="mlp", hidden=40, rounds=1, steps=2, memory_mb=16)
    per = 16 * 2**20 // cost_of(league, materials).bytes
    rows = without_each(materials, 4).take(np.arange(2 * per + 3) % 4)
    end = league.states(rows, materials, TRAJECTORY)[:, -1]
    assert np.array_equal(end, league.train(rows, materials).values)


@pytest.mark.parametrize(
    ("system", "materials", "name", "said"),
    [
        (OversightLeague(outcome="policy"), vectors, NETWORK, "say outcome = 'evaluator'"),
        (OversightLeague(), vectors, REPRESENTATION, "say evaluator = 'mlp'"),
        (OversightLeague(), vectors, "trajektory", "hands out network, trajectory"),
        (RewardModel(reward="mlp"), pairs, NETWORK, "A linear reward has a network"),
    ],
)
def test_a_state_that_is_not_there_is_named(system, materials, name: str, said: str) -> None:
    with pytest.raises(PlanError, match=said):
        system.states(without_each(materials(), 2), materials(), name)


# --- estimators ---------------------------------------------------------------------------------------------------


def labelled(classes: int = 2) -> Materials:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(24, 3)) * [1.0, 5.0, 0.2] + [0.0, 3.0, 1.0]
    score = x @ [1.0, -0.3, 4.0] + 0.3 * rng.normal(size=24)
    rank = np.argsort(np.argsort(score)) * classes // 24
    items = tuple(
        Item(id=f"v{n}", payload=Vector(values=tuple(v)), metadata={"label": "abc"[k], "score": float(s)})
        for n, (v, k, s) in enumerate(zip(x.tolist(), rank.tolist(), score.tolist(), strict=True))
    )
    z = rng.normal(size=(9, 3)) * [1.0, 5.0, 0.2] + [0.0, 3.0, 1.0]
    probes = tuple(Probe(id=f"p{n}", payload=Vector(values=tuple(v))) for n, v in enumerate(z.tolist()))
    return Materials(Seed(items=items), probes, root=2)


def scaled(model):
    return make_pipeline(StandardScaler(), model)


NETWORKS = {
    "logistic": (LogisticRegression(C=10.0), (3, 1)),
    "logistic, no bias": (LogisticRegression(fit_intercept=False), (3, 1)),
    "logistic, scaled": (scaled(LogisticRegression(C=10.0)), (3, 1)),
    "half scaled": (
        make_pipeline(StandardScaler(with_mean=False), "passthrough", StandardScaler(with_std=False), Ridge()),
        (3, 1),
    ),
    "gradient descent": (scaled(SGDClassifier(loss="log_loss", alpha=0.01)), (3, 1)),
    "discriminant": (LinearDiscriminantAnalysis(), (3, 1)),
    "calibrated": (scaled(CalibratedClassifierCV(LinearSVC(), cv=3, ensemble=False)), (3, 1)),
    "relu": (scaled(MLPClassifier((6, 4), max_iter=60)), (3, 6, 4, 1)),
    "tanh": (scaled(MLPClassifier(5, activation="tanh", max_iter=60)), (3, 5, 1)),
    "sigmoid": (MLPClassifier((5,), activation="logistic", max_iter=60), (3, 5, 1)),
    "identity": (scaled(MLPClassifier((6, 4), activation="identity", max_iter=60)), (3, 1)),
    "elastic net": (ElasticNet(alpha=0.1), (3, 1)),
    "regressor": (scaled(MLPRegressor(hidden_layer_sizes=(6,), max_iter=60)), (3, 6, 1)),
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("positive", ["a", "b"])
@pytest.mark.parametrize("name", NETWORKS)
def test_an_estimator_is_the_network_that_it_says(name: str, positive: str) -> None:
    model, widths = NETWORKS[name]
    classifies = hasattr(model, "predict_proba")
    system = FromEstimator(model, label="label" if classifies else "score", positive=positive, probability=classifies)
    materials = labelled()
    layout = system.layout(materials)
    assert layout is not None
    assert layout.widths == widths
    assert layout.link == ("sigmoid" if classifies else "identity")
    assert (REPRESENTATION in system.state_names) == (len(widths) > 2)
    check_states(system, materials)
    check_networks(system, materials)


@pytest.mark.parametrize(
    "model",
    [
        RandomForestClassifier(), SVC(probability=True), make_pipeline(MinMaxScaler(), LogisticRegression()),
        SGDClassifier(loss="modified_huber"), CalibratedClassifierCV(LinearSVC()),
        CalibratedClassifierCV(LinearSVC(), method="isotonic", ensemble=False),
        make_pipeline(StandardScaler(), type("Own", (LogisticRegression,), {})()),
    ],
    ids=lambda m: type(m).__name__,
)  # fmt: skip
def test_an_estimator_that_is_no_network_hands_out_none(model) -> None:
    system = FromEstimator(model)
    materials = labelled()
    assert system.state_names == ()
    assert system.layout(materials) is None
    with pytest.raises(PlanError, match="has no state 'network'"):
        system.states(without_each(materials, 2), materials, NETWORK)


def test_three_classes_are_no_network() -> None:
    system, materials = FromEstimator(LogisticRegression(), positive="a", deterministic=True), labelled(3)
    assert system.layout(materials) is None
    with pytest.raises(PlanError, match="nothing of itself on these items"):
        system.states(without_each(materials, 2), materials, NETWORK)
    check_system(system, materials)


def test_an_estimator_of_texts_is_no_network() -> None:
    assert FromEstimator(LogisticRegression(), features="text").state_names == ()


def test_a_row_of_one_class_has_no_network() -> None:
    materials = labelled()
    b = [n for n, i in enumerate(materials.seed.items) if i.metadata["label"] == "b"]
    rows = without_each(materials, 2)
    rows.variants[1, b] = 1
    found = FromEstimator(LogisticRegression()).states(rows, materials, NETWORK)
    assert np.isfinite(found[0]).all()
    assert np.isnan(found[1]).all()


def test_no_labels_no_layout() -> None:
    materials = labelled()
    bare = tuple(i.model_copy(update={"metadata": {}}) for i in materials.seed.items)
    assert FromEstimator(LogisticRegression()).layout(replace(materials, seed=Seed(items=bare))) is None
