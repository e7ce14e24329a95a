"""Stable means stable: how a study ends, by who answers and by what vouches for them, in the product's own loop."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from activeseed import FromFunction, Study
from activeseed.annotators.simulated import Simulated, SimulatedPerson
from activeseed.cli.loop import ending
from activeseed.cli.standing import status_lines
from activeseed.looking.words import if_stopped_now, no_better_than_chance
from activeseed.report import gather
from activeseed.seed import ABSENT, AS_WRITTEN, Item, Probe, Seed, Text
from tests.benchmarks._answer_level import PROBES, Toy

ITEMS = 12


def train_like(toy):
    def train(items, key, probes):
        variants = np.ones(len(toy.truth), np.int64)
        variants[[int(i.id[1:]) for i in items]] = 0
        return toy.outcomes(variants)[0]

    return train


@pytest.fixture
def ended(tmp_path):
    """A study on a toy whose outcome is known, run to its end."""

    def run(
        behaviour="truthful",
        *,
        error=0.0,
        gold=4,
        rate=0.8,
        key=1,
        people=(),
        labels=None,
        size=ITEMS,
        lift=0.0,
        **tables,
    ):
        toy = Toy.made(size, rate, key)
        toy = replace(toy, bias=toy.bias + lift)
        seed = Seed(items=tuple(Item(id=f"i{n}", payload=Text(text=f"statement {n}")) for n in range(size)))
        known = [{"id": f"g{k}", "text": f"known {k}", "answer": "reject" if k % 2 else "keep"} for k in range(gold)]
        probes = [
            Probe(id=f"p{n}", payload=Text(text=f"probe {n}"), label=None if labels is None else float(labels[n]))
            for n in range(PROBES)
        ]
        study = Study.create(
            tmp_path / "study", seed, FromFunction(train_like(toy), deterministic=True), gold=known, probes=probes,
            executor={"kind": "in_process"}, **tables,
        )  # fmt: skip
        truth = {i.id: AS_WRITTEN if t else ABSENT for i, t in zip(seed.items, toy.truth, strict=True)}
        who = Simulated(truth=truth, behaviour=behaviour, error=error, people=people)
        result = study.loop(who)
        really = (toy.outcomes(np.asarray(study.seed.base)) > 0.5) != (
            toy.outcomes((~toy.truth).astype(np.int64)) > 0.5
        )
        return study, result, float(really.mean())

    return run


def test_a_truthful_annotator_with_gold_ends_stable_and_is(ended):
    study, result, share = ended()
    assert (result.ended, result.stable, result.settled) == ("stopped", True, True)
    assert share <= 0.01
    assert ending(result)[0].startswith("Stable: at most")
    last = study.state.rounds[-1]
    assert last["vouched"] == {"simulated": "gold"}
    assert last["flips"] <= 0.01
    assert "Stopping now" in if_stopped_now(last)
    # the risk is held against what was forecast before the answers came
    assert [r["forecast"] is None for r in study.state.rounds] == [True] + [False] * (len(study.state.rounds) - 1)
    # this trainer knows the seed's items only: gold can't be trained, and whoever owns the study is told
    gold = [q for q in study.state.questions.values() if q.purpose == "gold"]
    assert not any(q.trainings for q in gold)
    assert study.status()["unmeasured_gold"] == len(gold) == 4
    assert dict(status_lines(study.status()))["gold"].startswith("4 gold questions show nothing of what hangs")
    assert any(note.startswith("4 gold questions show nothing of what hangs") for note in gather(study).notes)
    # checks are paid out of the stated share and come in no first place
    for number in range(1, len(study.state.asked_rounds) + 1):
        batch = [q for q in study.state.questions.values() if q.round == number]
        assert sum(len(q.items) for q in batch) <= study.settings.ask.batch
        assert batch[0].purpose == "ask" or all(q.purpose != "ask" for q in batch)


def test_without_a_voucher_a_study_settles_and_says_what_would_vouch(ended):
    _, result, _ = ended(gold=0)
    assert (result.ended, result.stable, result.settled) == ("stopped", False, True)
    first, *hangs = ending(result)
    assert first.startswith("Settled, if your annotators can be trusted")
    assert "4 more gold questions" in hangs[0]
    assert "second annotator" in hangs[0]


def test_an_adversary_is_contradicted_by_gold_and_the_study_ends(ended):
    study, result, _ = ended("adversarial")
    assert not result.stable
    assert not result.settled
    assert result.distrusted[0].startswith("simulated contradicts")
    assert "0 of " in result.distrusted[0]
    assert len(result.distrusted) == 1, "said once"
    assert not any("at random" in reason for r in study.state.rounds for reason in r["distrusted"])
    assert "can't be relied on" in result.reasons[0]
    assert len(study.state.live_answers) < 3 * ITEMS


def test_an_adversary_without_gold_is_never_stable(ended):
    _, result, _ = ended("adversarial", gold=0)
    assert not result.stable


def test_a_second_annotator_who_agrees_vouches(ended):
    people = (SimulatedPerson(name="ann"), SimulatedPerson(name="bob"))
    study, result, share = ended(gold=0, people=people, size=24, ask={"annotators": 2})
    assert result.stable
    assert share <= 0.01
    assert set(study.state.rounds[-1]["vouched"].values()) == {"others"}


def test_two_who_always_say_the_same_vouch_for_nobody(ended):
    """All is kept by both: that is what two people who never read would say as well."""
    people = (SimulatedPerson(name="ann"), SimulatedPerson(name="bob"))
    _, result, _ = ended(gold=0, people=people, rate=1.0, ask={"annotators": 2})
    assert (result.stable, result.settled) == (False, True)


def test_a_stated_error_rate_gives_a_limit_on_that_condition(ended):
    study, result, _ = ended(gold=0, ask={"error": 0.01, "error_is_stated": True})
    assert (result.stable, result.settled) == (False, True)
    assert "is what you stated" in result.conditions[0]
    assert all(r["estimate"] == pytest.approx(0.99, abs=1e-3) for r in study.state.rounds[-1]["reliability"].values())


def test_a_study_that_is_all_right_ends(ended):
    """Every item stays: nothing changes, and the study does not ask until every question has been asked."""
    study, result, share = ended(rate=1.0)
    assert result.stable
    assert share == 0.0
    assert study.seed.standing == {} or set(study.seed.standing.values()) == {AS_WRITTEN}
    assert "every question has been asked" not in result.reasons


def test_an_answer_is_asked_for_again_and_by_somebody_else(ended):
    people = (SimulatedPerson(name="ann", behaviour="erring", error=0.2), SimulatedPerson(name="bob"))
    study, _, _ = ended(people=people, key=2)
    again = [q for q in study.state.questions.values() if q.purpose == "repeat" and q.avoid]
    for question in again:
        assert study.state.due(question) == 1


def test_a_system_that_has_learnt_nothing_says_so_before_the_first_question(ended):
    rng = np.random.default_rng(3)
    study, _, _ = ended(labels=rng.random(PROBES) < 0.5)
    assert "No better than chance" in no_better_than_chance(study.state.rounds[0]["quality"])
    assert no_better_than_chance({"accuracy": 0.9, "auc": 0.95, "auc_low": 0.9, "auc_high": 0.98}) == ""


def test_a_limit_on_the_risk_is_no_square_of_noise(tmp_path):
    """Two keys that differ by noise alone: the products across keys leave nothing of it."""
    toy = Toy.made(ITEMS, 0.8, 5)
    plain = train_like(toy)

    def noisy(items, key, probes):
        return np.clip(plain(items, key, probes) + 0.05 * np.random.default_rng(key).standard_normal(PROBES), 0, 1)

    seed = Seed(items=tuple(Item(id=f"i{n}", payload=Text(text=f"statement {n}")) for n in range(ITEMS)))
    truth = {i.id: AS_WRITTEN if t else ABSENT for i, t in zip(seed.items, toy.truth, strict=True)}
    gold = [{"id": f"g{k}", "text": f"known {k}", "answer": "reject" if k % 2 else "keep"} for k in range(4)]
    study = Study.create(
        tmp_path / "study", seed, FromFunction(noisy, compare="identity"), gold=gold,
        probes=[Probe(id=f"p{n}", payload=Text(text=f"probe {n}")) for n in range(PROBES)],
        executor={"kind": "in_process"}, stopping={"flips": 0.0, "risk": 1e-3, "answers": 60}, replicates=4,
        ask={"consequences": 0},
    )  # fmt: skip
    study.loop(Simulated(truth=truth))
    limits = [r["risk_limit"] for r in study.state.rounds if r.get("risk_limit") is not None]
    # squares of the noise alone would be .05² · 2 = .005 a probe, clipped somewhat; what is left is far below
    assert limits
    assert min(limits) < 1e-3


def test_a_budget_of_minutes_is_charged_what_the_questions_were_planned_at(ended):
    """Nobody times these answers; a list costs as many lines as it has, not what one question does."""
    budget = 8.0
    study, result, _ = ended(
        size=24, rate=0.5, ask={"minutes": 2.0, "minutes_line": 0.2, "list_below": 0.97}, stopping={"minutes": budget}
    )
    questions = study.state.questions
    assert "the budget of 8 minutes is used up" in result.reasons
    assert any(q.kind == "confirm_list" and q.minutes == pytest.approx(0.2 * len(q.items)) for q in questions.values())
    spent = np.cumsum(
        [
            sum(questions[a.question].minutes for a in study.state.live_answers if questions[a.question].round == n)
            for n in range(1, len(study.state.asked_rounds) + 1)
        ]
    )
    assert study.status()["minutes"] == pytest.approx(spent[-1])
    assert spent[-1] >= budget > max(spent[:-1], default=0.0)


def test_a_timed_answer_costs_the_time_it_took(ended):
    study, _, _ = ended(stopping={"answers": 4})
    first = study.state.live_answers[0]
    others = study.state.minutes - study.state.questions[first.question].minutes
    study.state.answers[first.id] = first.model_copy(update={"seconds": 90.0})
    assert study.state.minutes == pytest.approx(others + 1.5)


def test_probes_that_are_all_judged_alike_are_said_to_say_nothing(ended):
    """In the loop, in the status, and in the report alike."""
    study, result, _ = ended(lift=60.0, stopping={"answers": 6})
    assert not result.settled
    assert study.state.rounds[-1]["one_sided"]
    assert study.status()["one_sided"]
    assert dict(status_lines(study.status()))["decisions"].startswith("Every probe is judged alike")
    assert any(note.startswith("Every probe is judged the same way") for note in gather(study).notes)
