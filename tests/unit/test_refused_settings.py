"""Values of settings that inputs don't bear are left out of what is swept, and said; the rest is measured."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import activeseed as act
from activeseed.analyses import Stability, VarianceBudget
from activeseed.analyses.basins.sweeping import choices_of
from activeseed.cli.numbers import number
from activeseed.errors import PlanError, SeedError
from activeseed.factor import shown
from activeseed.files.fields import _entry
from activeseed.plan import Materials
from activeseed.protocols import Problem
from activeseed.report import page
from activeseed.seed import Entry, Item, Probe, Seed, Text, Vector
from activeseed.stack.designs.design import Design, grid, value_of
from activeseed.stack.designs.making import system_of
from activeseed.systems.cirl import solving
from activeseed.testing import problem_of, run

#: a game of two steps, so that one step is a shorter one
GAME = act.CIRL(horizon=2, human="rational")


def prior() -> Materials:
    names = ("soup", "salad")
    return Materials(
        Seed(items=tuple(Item(id=n, payload=Entry(text=n, fields={"objective": n, "mass": 1.0})) for n in names)), ()
    )


def anchors() -> Materials:
    rng = np.random.default_rng(5)
    items = [
        Item(id=f"i{k}", payload=Entry(text="", fields={"concept": "ab"[k % 2], "vector": rng.normal(size=3).tolist()}))
        for k in range(6)
    ]
    at = [Probe(id=f"p{k}", payload=Vector(values=tuple(rng.normal(size=3).tolist()))) for k in range(4)]
    return Materials(Seed(items=tuple(items)), tuple(at))


def refusals(problem: Problem) -> dict[tuple[str, Any], str]:
    return {
        (f.id, choice.setting): why
        for s, f in enumerate(problem.settings)
        for c, choice in enumerate(f.choices)
        if (why := problem.refused(s, c))
    }


def test_a_shorter_game_is_read_at_fewer_places_and_is_left_out_of_the_sweep() -> None:
    materials = prior()
    problem = problem_of(GAME, materials)
    assert set(refusals(problem)) == {("horizon", 1)}
    asked = Stability(levels=("trainer2",), draws=16, resamples=0)
    found = run(asked, problem, GAME, materials)
    (note,) = [n for n in found.notes if "left out" in n]
    assert note.startswith("horizon = 1 is left out: there are ")
    (cell,) = [c for c in found.cells if (c.level, c.aspect) == ("trainer2", "dynamics")]
    assert "horizon" not in {v.name for v in cell.varied}
    assert {"discount", "teaching"} <= {v.name for v in cell.varied}


def test_a_belief_alone_has_the_same_places_in_a_shorter_game() -> None:
    assert not refusals(problem_of(act.CIRL(horizon=2, human="rational", outcome="belief"), prior()))


def test_a_start_that_needs_a_pool_is_left_out_where_there_is_none() -> None:
    materials = anchors()
    system = act.RepresentationalTethers(steps=20)
    problem = problem_of(system, materials)
    said = refusals(problem)
    assert set(said) == {("pretrained", "drawn")}
    assert "without a pool" in said["pretrained", "drawn"]
    found = run(
        Stability(levels=("trainer",), draws=8, starts=8, keys=3, numbers=2, resamples=0), problem, system, materials
    )
    assert any(n.startswith("pretrained = drawn is left out") for n in found.notes)
    budget = run(VarianceBudget(vary=("trainer start",), rows=64, item_pairs=0, reruns=0), problem, system, materials)
    assert any("pretrained = drawn" in note for note in budget.notes), budget.notes


def summed(items: Any, key: int, settings: Any) -> list[float]:
    """How many items stand, at each of two probes; a rate of 9 diverges."""
    total = float(len(items)) if settings["rate"] < 9 else float("nan")
    return [total, total / 2.0]


def test_what_never_trains_along_a_sweep_is_what_is_found_there(tmp_path: Any) -> None:
    """A rate at which every training diverges changes the picture; it is no fault of the command."""
    seed = Seed(items=tuple(Item(id=f"i{k}", payload=Text(text=f"item {k}")) for k in range(6)))
    system = act.FromFunction(summed, varies={"rate": [1, 9]}, outcomes=2, deterministic=True)
    study = act.Study.create(tmp_path / "study", seed, system)
    found = study.analyse(Stability(levels=("trainer",), draws=8, resamples=0))
    (cell,) = [c for c in found.cells if (c.level, c.aspect) == ("trainer", "dynamics")]
    (varied,) = cell.varied
    assert varied.changes == ("At rate = 9 8 of 8 trainings fail.",)


def test_the_horizon_that_would_do_is_found_without_trying_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """One horizon fails, one is solved: those in between come by the same state, and are not tried."""
    tried: list[int] = []
    real = solving._solved

    def counting(game: Any, human: Any, horizon: int, *rest: Any) -> Any:
        tried.append(horizon)
        return real(game, human, horizon, *rest)

    monkeypatch.setattr(solving, "_solved", counting)
    game = GAME.model_copy(update={"game": "gridworld"}).told[0]
    with pytest.raises(PlanError, match=r"horizon = (\d+) would do") as caught:
        solving.solve(game, act.CIRL().modelled, 30, 0.9, most=2_000)
    would = int(str(caught.value).split("horizon = ")[1].split()[0])
    assert len(tried) <= 4 < 30 - would
    assert would == 1 or real(game, act.CIRL().modelled, would, 0.9, "optimal", 2_000).horizon == would
    with pytest.raises(solving.TooManyPlansError):
        real(game, act.CIRL().modelled, would + 1, 0.9, "optimal", 2_000)


def test_an_unknown_setting_is_answered_with_one_list_of_those_there_are() -> None:
    with pytest.raises(PlanError) as caught:
        choices_of(problem_of(GAME, prior()), "rounds", ())
    assert str(caught.value).count("discount") == 1


def test_an_empty_value_is_seen_and_an_empty_line_is_named() -> None:
    assert [shown(v) for v in ("", "c0", None, 0.5)] == ["''", "c0", "left open", "0.5"]
    with pytest.raises(SeedError, match=r"a\.csv:3: this entry has none of its columns filled in"):
        _entry("a.csv:3", {"text": "B", "fields": {}})


def test_none_is_the_text_where_a_setting_has_that_among_its_values() -> None:
    own = act.PreDCA()
    problem = problem_of(GAME, prior())
    swept = Problem(
        problem.seed, problem.law, problem.geometry, True, True, 0, settings=own.factors(),
    )  # fmt: skip
    setting, chosen = choices_of(swept, "normaliser", ("range", None))
    assert [own.factors()[setting].choices[c].setting for c in sorted(chosen)] == ["range", "none"]
    (design,) = grid({"normaliser": (value_of("none"),)})
    assert design.name == "normaliser=none"
    assert system_of(design, own).normaliser == "none"
    assert system_of(Design(name="open", system={"horizon": None}), GAME).horizon == 3, "what the game says"


def test_numbers_of_two_digits_have_no_exponent_below_a_thousand() -> None:
    assert [number(v, 2) for v in (463.0, 99.4, 99.6, 0.0026, 65_743.0)] == ["463", "99", "100", "0.0026", "65,743"]
    assert [page.number(v) for v in (1234.0, 12.345, 999.7)] == ["1234", "12.3", "1000"]
