"""Every system keeps the promises of `protocols.System`; add a system by adding a line."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from activeseed.errors import PlanError
from activeseed.plan import Materials
from activeseed.protocols import Cost, System, Traits
from activeseed.systems.cirl import CIRL
from activeseed.systems.contract import check_system
from activeseed.systems.inference import InferenceEngine
from activeseed.systems.league import OversightLeague
from activeseed.systems.partition import Partition
from activeseed.systems.predca import PreDCA
from activeseed.systems.reward_model import RewardModel
from activeseed.systems.tethers import RepresentationalTethers
from tests.precision import ROUNDED
from tests.toy_materials import anchors, candidates, corners, dicta, pairs, prior, shown, texts, vectors

SYSTEMS: dict[str, tuple[System, Callable[[], Materials]]] = {
    "league": (OversightLeague(), vectors),
    "league, policy": (OversightLeague(outcome="policy"), vectors),
    "league, texts": (OversightLeague(), texts),
    "league, texts, full": (OversightLeague.full(hidden=6), texts),
    "league, primal": (OversightLeague(init_scale=0.5), vectors),
    "league, mlp": (OversightLeague(evaluator="mlp", hidden=6), vectors),
    "league, minibatches": (OversightLeague(minibatch=5), vectors),
    "league, drawn": (OversightLeague(opponents="prioritised", drawn=3), vectors),
    "league, exploiters": (OversightLeague(opponents="prioritised", exploiters=True), vectors),
    "league, generators": (OversightLeague(generators=3), vectors),
    "league, dreams": (OversightLeague(dreams=3), vectors),
    "league, adversary": (OversightLeague(adversarial_radius=0.1), vectors),
    "league, looks ahead": (OversightLeague(unroll=3), vectors),
    "league, agents look ahead": (OversightLeague(unroll=2, unrolled="evaluator"), vectors),
    "league, full": (OversightLeague.full(hidden=6), vectors),
    "league, full and held": (
        OversightLeague.full(hidden=6, held=("init", "order", "opponents", "agents")),
        vectors,
    ),
    "league, identity": (OversightLeague(compare="identity", outcome="policy"), vectors),
    "league, one round": (OversightLeague(rounds=1), vectors),
    "league, one round, minibatches": (OversightLeague(rounds=1, minibatch=5, init_scale=0.5), vectors),
    "league, momentum": (OversightLeague(momentum=0.5), vectors),
    "league, trained under masks": (OversightLeague(evaluator="mlp", hidden=6, dropout=0.3, dropconnect=0.2), vectors),
    "league, masks throughout": (
        OversightLeague(dropout=0.3, momentum=0.5, adversarial_radius=0.1, generators=2, masked="both"),
        vectors,
    ),
    "league, masks at run time": (OversightLeague(dropconnect=0.3, masked="run", outcome="policy"), vectors),
    "league, pretrained": (OversightLeague(pretrained=10), vectors),
    "league, mlp, pretrained": (
        OversightLeague(evaluator="mlp", hidden=6, pretrained=6, pretrained_on="shuffled", adversarial_radius=0.1),
        vectors,
    ),
    "engine": (InferenceEngine(), dicta),
    "engine, policy": (InferenceEngine(outcome="policy"), dicta),
    "engine, all norms": (InferenceEngine(pooling="sum", default=0.3, compare="identity"), dicta),
    "predca": (PreDCA(), candidates),
    "predca, quantilised": (PreDCA(q=0.1, normaliser="spread", compare="identity"), candidates),
    "predca, policy": (PreDCA(outcome="policy", start="c4", normaliser="reach"), candidates),
    "predca, user": (PreDCA(outcome="user", g_min=0.0, nobody=0.0), candidates),
    "predca, utility": (PreDCA(outcome="utility", normaliser="none", simplicity=0.0), candidates),
    "cirl": (CIRL(), prior),
    "cirl, rational": (CIRL(human="rational"), prior),
    "cirl, literal": (CIRL(human="rational", teaching="literal", horizon=2, outcome="regret"), prior),
    "cirl, wrong about the human": (CIRL(actual_beta=0.5, actual_teaching="literal", horizon=2), prior),
    "cirl, all continuations": (CIRL(continuations="all", horizon=2, start="tomato", compare="identity"), prior),
    "cirl, drawn plays": (CIRL(rollouts=10), prior),
    "cirl, gridworld": (CIRL(game="gridworld"), corners),
    "cirl, gridworld that slips": (CIRL(game="gridworld", slip=0.1, human="rational", width=2, height=2), corners),
    "cirl, apprenticeship": (CIRL(game="gridworld", form="apprenticeship", beta=1.0), shown),
    "cirl, apprenticeship, drawn plays": (
        CIRL(game="gridworld", form="apprenticeship", beta=1.0, slip=0.3, rollouts=10, features="radial"),
        shown,
    ),
    "reward model": (RewardModel(), pairs),
    "reward model, primal": (RewardModel(init_scale=0.5), pairs),
    "reward model, mlp": (RewardModel(reward="mlp", hidden=6), pairs),
    "reward model, minibatches": (RewardModel(minibatch=4), pairs),
    "reward model, momentum": (RewardModel(momentum=0.5), pairs),
    "reward model, masks": (RewardModel(dropconnect=0.2, masked="both", pretrained=5), pairs),
    "reward model, mlp, masks": (RewardModel(reward="mlp", hidden=6, dropout=0.3, masked="run", momentum=0.5), pairs),
    "tethers": (RepresentationalTethers(task="kind", steps=40), anchors),
    "tethers, predictions": (RepresentationalTethers(task="kind", steps=40, outcome="predictions"), anchors),
    "tethers, two classes": (
        RepresentationalTethers(task="kind", steps=40, outcome="predictions"),
        lambda: anchors(classes=2),
    ),
    "tethers, one layer of two classes": (
        RepresentationalTethers(task="kind", steps=40, outcome="predictions", layers=1),
        lambda: anchors(classes=2),
    ),
    "tethers, geometry": (RepresentationalTethers(task="kind", steps=40, outcome="geometry"), anchors),
    "tethers, all, minibatches": (
        RepresentationalTethers(task="kind", steps=40, outcome="all", minibatch=7, layers=1),
        anchors,
    ),
    "tethers, codes": (RepresentationalTethers(task="kind", steps=40, codes=6, scale="signed"), anchors),
    "tethers, learnt before": (RepresentationalTethers(task="kind", steps=40, pretrained="drawn"), anchors),
    "tethers, learnt another column": (
        RepresentationalTethers(task="kind", steps=40, pretrained="other", compare="hellinger"),
        anchors,
    ),
    "tethers, fitted afterwards": (RepresentationalTethers(task="kind", steps=40).control(), anchors),
    "tethers, no task, held": (RepresentationalTethers(steps=40, held=("init",)), lambda: anchors(pool=0)),
    "partition": (Partition(parts=3), vectors),
    "partition, mlp": (Partition(parts=3, of=OversightLeague(evaluator="mlp", hidden=4, rounds=2)), vectors),
    "partition, reward model": (Partition(parts=4, of=RewardModel(steps=20)), pairs),
    "reward model, mlp, held": (RewardModel(reward="mlp", hidden=6, held=("init",)), pairs),
}


#: of more than a second each; whatever they are made of is in a smaller one, too
LONG = (
    "league, texts, full", "league, full and held", "league, mlp, pretrained", "tethers, learnt another column",
)  # fmt: skip


@pytest.mark.usefixtures("double_precision")
@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.slow] if n in LONG else []) for n in SYSTEMS])
def test_system_keeps_its_promises(name: str) -> None:
    system, materials = SYSTEMS[name]
    check_system(system, materials(), tolerance=ROUNDED)


@pytest.mark.parametrize("name", SYSTEMS)
def test_cost_and_record_are_known_before_training(name: str) -> None:
    system, materials = SYSTEMS[name]
    cost = system.cost(materials())
    assert cost.bytes > 0
    assert cost.multiply_adds > 0
    record = system.record()
    assert record.pop("revision") == system.revision
    assert type(system).model_validate(record) == system  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["league", "reward model"])
def test_no_probes_is_found_before_training(name: str) -> None:
    system, materials = SYSTEMS[name]
    with pytest.raises(PlanError, match="no probes"):
        system.check(replace(materials(), probes=()))


class Liar:
    """A league that breaks one promise; the check has to notice."""

    def __init__(self, lie: str) -> None:
        self.lie = lie
        self.truth = OversightLeague(evaluator="mlp", hidden=4, rounds=1, steps=5)
        self.kind, self.revision = "liar", "1"
        self.trainings = 0

    @property
    def traits(self) -> Traits:
        return replace(self.truth.traits, streams=()) if self.lie == "streams" else self.truth.traits

    def __getattr__(self, name: str) -> object:
        if name in ("factors", "with_settings"):  # with another setting it would be another league, and no liar
            raise AttributeError(name)
        return getattr(self.truth, name)

    def cost(self, materials: Materials) -> Cost:
        return Cost(bytes=-1) if self.lie == "cost" else self.truth.cost(materials)

    def train(self, rows, materials):
        self.trainings += 1
        out = self.truth.train(rows, materials)
        if self.lie == "random":
            out.values[:] += self.trainings * 1e-6
        if self.lie == "batch":
            out.values[:] += len(rows) * 1e-3
        if self.lie == "shape":
            return replace(out, values=out.values[:, 1:])
        if self.lie == "default":
            out.values[~out.ok] = 0.5
        if self.lie == "vouching" and out.vouching is not None:
            return replace(out, vouching=out.vouching * 3)
        return out


@pytest.mark.parametrize(
    ("lie", "said"),
    [
        ("streams", "no streams are declared"),
        ("cost", "negative"),
        ("random", "trained twice"),
        ("batch", "alone differs"),
        ("shape", "places were promised"),
        ("default", "failed row holds numbers"),
        ("vouching", "no probability"),
    ],
)
def test_the_check_notices(lie: str, said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        check_system(Liar(lie), vectors())  # type: ignore[arg-type]


def test_the_check_passes_the_truth() -> None:
    check_system(Liar("none"), vectors())  # type: ignore[arg-type]
