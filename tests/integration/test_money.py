"""What a study says it costs is a bound, and nothing is trained that nobody agreed to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from activeseed.annotators.simulated import Simulated
from activeseed.column import Order
from activeseed.embedders import MiniLM
from activeseed.errors import BudgetError, ConsentError
from activeseed.estimators import Auto, LeaveOneOut, Regression
from activeseed.executors import InProcess
from activeseed.laws import LawKind
from activeseed.seed import ABSENT, AS_WRITTEN, Item, Probe, Seed, Text, Vector
from activeseed.study import Study
from activeseed.study.cost import ranking_parts, round_parts
from activeseed.study.training import FEW_ROWS
from activeseed.study.trial import TRAININGS
from activeseed.systems.league import OversightLeague
from tests.integration.conftest import Make

NARROW = LeaveOneOut(keys=2)
GOLD = [{"id": f"g{n}", "text": f"gold text {n}", "answer": "reject"} for n in range(4)]


def vectors(folder: Path, items: int, **settings: Any) -> Study:
    """Two clouds of vectors and the smallest league with randomness: a training costs next to nothing."""
    rng = np.random.default_rng(3)
    right = items * 3 // 4
    good, bad = rng.normal(0.6, 1.0, (items + 40, 4)), rng.normal(-0.6, 1.0, (items + 40, 4))

    def vector(x: Any) -> Vector:
        return Vector(values=tuple(map(float, x)))

    points = [*good[:right], *bad[: items - right]]
    return Study.create(
        folder,
        Seed(items=tuple(Item(id=f"i{n:03d}", payload=vector(x)) for n, x in enumerate(points))),
        OversightLeague(rounds=2, steps=2, opponents="prioritised", drawn=2),
        pool=[Probe(id=f"p{n}", payload=vector(x)) for n, x in enumerate(bad[items : items + 20])],
        probes=[Probe(id=f"z{n}", payload=vector(x)) for n, x in enumerate(good[items : items + 20])],
        annotator=Simulated(truth={f"i{n:03d}": AS_WRITTEN if n < right else ABSENT for n in range(items)}),
        **settings,
    )


def trained(study: Study) -> int:
    study.refresh()
    return study.state.trainings


# --- bounds ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("items", "settings", "by", "law"),
    [
        pytest.param(
            300, {}, None, None, id="a budget that affords no regression, which the round trains all the same"
        ),
        pytest.param(20, {"estimator": NARROW}, None, None, id="an estimator without a regression"),
        pytest.param(20, {"estimator": Regression()}, None, None, id="a regression, trained once"),
        pytest.param(20, {"estimator": Auto(budget=900)}, "total", None, id="a budget that is cut"),
        pytest.param(20, {"estimator": NARROW}, "total", None, id="total indices beside it"),
        pytest.param(12, {"estimator": Auto(bases=4)}, None, "poisson", id="another law"),
        pytest.param(12, {"belief": {"base_rate": 0.5}, "replicates": 3}, None, None, id="other replicates"),
    ],
)
def test_a_first_ranking_trains_no_more_than_was_said(
    tmp_path: Path, items: int, settings: dict[str, Any], by: Order | None, law: LawKind | None
) -> None:
    study = vectors(tmp_path / "study", items, **settings)
    said = sum(ranking_parts(study.rounds.work, by, law).values())
    ranking = study.rank(by, law)
    assert trained(study) <= said
    assert ranking.summary["trainings_new"] == trained(study), "a first ranking has nothing from before"
    # a bound that nobody could use would hold as well: only what rows share, or a budget leaves over, may lie between
    assert trained(study) > 0.8 * said
    again = study.rank(by, law)
    assert again.summary["trainings_new"] == 0


def test_a_regression_is_trained_once_by_whatever_ranks(tmp_path: Path) -> None:
    study = vectors(tmp_path / "study", 20, estimator=Regression())
    study.rank()
    assert trained(study) == 256 + 2 * 64 + 8, "rows, pairs under two keys, the seed as it stands under eight"


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"estimator": NARROW}, id="a narrow estimator"),
        pytest.param({"estimator": NARROW, "stopping": {"flips": 0.5, "answers": 20}}, id="draws of the stop rule"),
        pytest.param({"gold": GOLD, "ask": {"batch": 3, "consequences": 2}}, id="gold questions that are dressed up"),
    ],
)
def test_no_round_of_a_loop_trains_more_than_was_said(make_study: Make, settings: dict[str, Any]) -> None:
    study = make_study(**settings) if "gold" not in settings else with_gold(make_study, settings)
    said = sum(round_parts(study.rounds.work).values())
    seen = [trained(study)]

    def closed(_record: Any) -> None:
        seen.append(trained(study))
        assert sum(round_parts(study.rounds.work).values()) <= said, "a seed that stays makes no round dearer"

    result = study.loop(max_rounds=4, on_round=closed)
    steps = np.diff([*seen, trained(study)])
    assert max(steps) <= said
    assert len(result.rounds) > 1
    assert sum(steps) > said / 2


def with_gold(make_study: Make, settings: dict[str, Any]) -> Study:
    """Gold is an argument of its own, not a setting."""
    plain = make_study(**{k: v for k, v in settings.items() if k != "gold"})
    return Study.create(
        plain.folder.with_name("with-gold"), plain.seed, probes=plain.probes, pool=plain.pool, gold=settings["gold"],
        settings=plain.settings,
    )  # fmt: skip


def test_trainings_for_gold_questions_count(make_study: Make) -> None:
    study = with_gold(make_study, {"gold": GOLD, "ask": {"batch": 3, "consequences": 2}})
    study.loop(max_rounds=4)
    gold = [q for q in study.state.questions.values() if q.purpose == "gold"]
    assert gold
    events: list[Any] = [e.body for e in study.store.read() if e.kind == "trained"]
    assert len({e["context"] for e in events}) == 1 + len(gold), "what hangs on gold was trained, in a seed with it"
    rows = sum(e["rows"] for e in events)
    assert study.budget.trainings == rows == trained(study)


# --- agreements -----------------------------------------------------------------------------------------------------


def test_with_a_price_nothing_is_trained_before_somebody_agrees(tmp_path: Path) -> None:
    study = vectors(tmp_path / "study", 20, estimator=NARROW, limits={"price": 0.5})
    said = study.cost()
    with pytest.raises(ConsentError, match=r"A ranking takes up to [\d,]+ trainings, about [\d,.]+ EUR") as refused:
        study.rank()
    assert trained(study) == 0
    assert refused.value.would_do == {"money": said["price"]}
    study.agree(**refused.value.would_do)
    study.rank()
    assert 0 < study.budget.money <= said["price"]
    assert study.budget.money == pytest.approx(0.5 * trained(study))


def test_what_was_agreed_to_covers_what_was_said_and_no_more(tmp_path: Path) -> None:
    study = vectors(tmp_path / "study", 20, estimator=NARROW, limits={"price": 1.0}, ask={"batch": 4})
    asked = [0]
    result = None
    while result is None:
        try:
            result = study.loop(max_rounds=3)
        except ConsentError as wanted:
            asked.append(int(wanted.would_do["money"]))
            study.agree(**wanted.would_do)
        assert trained(study) <= asked[-1]
    assert len(asked) > 2, "a later round has to be agreed to as well"
    assert sorted(set(asked)) == asked, "each time it asks for more than it has"
    agreed = asked[-1]
    # somebody else, who opens the study later, is held to the same agreement
    again = Study.open(study.folder)
    assert again.budget.agreed == {"money": agreed}
    assert again.budget.trainings == trained(study)


def test_an_agreement_may_be_about_trainings_of_a_trainer_that_costs_nothing(tmp_path: Path) -> None:
    study = vectors(tmp_path / "study", 20, estimator=NARROW)
    study.agree(trainings=10)
    with pytest.raises(ConsentError) as refused:
        study.rank()
    assert trained(study) == 0
    assert refused.value.would_do == {"trainings": study.cost()["trainings"]}


def test_what_was_trained_before_needs_no_agreement(tmp_path: Path) -> None:
    study = vectors(tmp_path / "study", 20, estimator=NARROW)
    study.rank()
    before = trained(study)
    study.agree(trainings=before)
    assert study.rank().summary["trainings_new"] == 0


def test_an_analysis_that_was_killed_asks_for_the_rest_alone(tmp_path: Path) -> None:
    said: list[str] = []
    study = vectors(tmp_path / "study", 20, estimator=NARROW, limits={"price": 1.0})
    whole = study.cost()["trainings"]
    study.agree(money=whole)

    def die(purpose: str, done: int, total: int) -> None:
        said.append(purpose)
        if done:
            raise KeyboardInterrupt

    study.progress = die
    with pytest.raises(KeyboardInterrupt):
        study.rank()
    assert 0 < trained(study) < whole
    again = Study.open(study.folder)
    again.rank()
    assert trained(again) <= whole


# --- budgets --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "name"), [({"trainings": 100}, "trainings"), ({"price": 2.0, "money": 100.0}, "money")]
)
def test_a_budget_refuses_before_the_first_training_and_names_one_that_does(
    tmp_path: Path, limits: dict[str, float], name: str
) -> None:
    study = vectors(tmp_path / "study", 20, estimator=NARROW, limits=limits)
    said = study.cost()
    enough = said["price"] if name == "money" else said["trainings"]
    with pytest.raises(BudgetError, match=rf"{name} = {enough:.0f} would do"):
        study.rank()
    assert trained(study) == 0
    study.agree(trainings=10**6, money=10**6)
    with pytest.raises(BudgetError):  # what the settings say is a limit for whoever agrees as well
        study.rank()
    rich = vectors(tmp_path / "rich", 20, estimator=NARROW, limits={**limits, name: enough})
    rich.rank()
    assert 0 < trained(rich) <= said["trainings"]


def test_a_sum_in_the_settings_is_an_agreement(tmp_path: Path) -> None:
    study = vectors(tmp_path / "study", 20, estimator=NARROW, limits={"price": 1.0, "money": 10_000.0})
    study.rank()
    assert study.budget.money == trained(study)


def test_a_loop_ends_before_it_goes_beyond_a_budget_and_goes_on_with_another(tmp_path: Path) -> None:
    study = vectors(tmp_path / "study", 24, estimator=NARROW, ask={"batch": 4}, stopping={"flips": 0.0})
    one = study.cost()["round"]["trainings"]
    study.settings.limits.__dict__["trainings"] = one  # as if activeseed.toml said so
    with pytest.raises(BudgetError, match="A round of questions takes up to"):
        study.loop(max_rounds=4)
    assert 0 < trained(study) <= one
    assert len(study.state.asked_rounds) == 1, "the first round was asked, and answered"
    study.settings.limits.__dict__["trainings"] = 0
    assert len(study.loop(max_rounds=2).rounds) >= 2


# --- time -----------------------------------------------------------------------------------------------------------


def test_time_is_told_by_the_clock_also_where_no_processor_works(make_study: Make) -> None:
    """A trainer that waits (for a device, a server) takes as long as it waits: a sleep can't be shorter than itself."""
    study = own(make_study, sleeper, deterministic=True)
    cost = study.check(time_it=True)["cost"]
    assert cost["seconds"] >= NAP * cost["trainings"] / study.trainer.cores
    assert cost["round"]["seconds"] == pytest.approx(
        cost["seconds"] / cost["trainings"] * cost["round"]["trainings"], rel=1e-6
    )


def test_a_budget_of_seconds_is_held_from_the_first_batches_on(make_study: Make) -> None:
    study = own(make_study, sleeper, deterministic=True, executor=InProcess(), limits={"seconds": 60 * NAP})
    assert study.cost()["trainings"] > 120
    with pytest.raises(BudgetError, match=r"seconds = \d+ would"):
        study.rank()
    # the trial, the first batch of this process, which waits for libraries, and one more to learn from
    assert trained(study) <= TRAININGS + 2 * FEW_ROWS


NAP = 0.05


def sleeper(items: list[Any], key: int) -> Any:
    import time

    time.sleep(NAP)
    return np.array([len(items) / 20, sum(len(i.text) for i in items) / 1000])


def own(make_study: Make, function: Callable[..., Any], **settings: Any) -> Study:
    """A small study of a function of the user's own."""
    from activeseed.systems.own import FromFunction

    seed = Seed(items=tuple(Item(id=n, payload=Text(text=f"a text called {n}")) for n in "abcdef"))
    deterministic = settings.pop("deterministic", False)
    system = FromFunction(function, outcomes=2, deterministic=deterministic, version=function.__name__)
    return make_study(seed=seed, system=system, **settings)


# --- what else is found out before a long run -----------------------------------------------------------------------


def test_texts_that_are_not_read_to_their_end_are_told(make_study: Make) -> None:
    if not MiniLM.installed():
        pytest.skip("this embedder is not installed")
    said: list[tuple[str, int, int]] = []
    texts = ["short", "word " * 254, "word " * 255, "x" * 200]
    seed = Seed(items=tuple(Item(id=f"t{n}", payload=Text(text=t.strip())) for n, t in enumerate(texts)))
    study = make_study(seed=seed, embedder=MiniLM())
    study.progress = lambda *told: said.append(told)
    # 256 tokens, two of which mark beginning and end
    (warning,) = (w for w in study.check()["warnings"] if "tokens" in w)
    assert warning.startswith("1 of ")
    assert MiniLM().cut(texts) == [2]
    assert any(purpose == "embedding texts" and done == total for purpose, done, total in said)


def test_what_a_budget_does_not_afford_is_told_before_it_is_spent(tmp_path: Path) -> None:
    study = vectors(tmp_path / "study", 60, estimator=Auto(budget=600))
    warnings = study.check()["warnings"]
    assert any("affords" in w or "budget" in w for w in warnings)
    assert trained(study) == 0
