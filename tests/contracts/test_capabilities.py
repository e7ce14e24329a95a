"""What only some systems can do: each check finds who lies about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from activeseed.convex import Convex
from activeseed.errors import PlanError
from activeseed.factor import setting_factor
from activeseed.outcome import Outcomes
from activeseed.plan import Materials
from activeseed.protocols import Cost, Explanation, Step, Traits
from activeseed.systems.capabilities import check_convex
from activeseed.systems.league import OversightLeague
from activeseed.testing import (
    Strongest,
    check_cells,
    check_explaining,
    check_settings,
    check_states,
    check_system,
    linear,
)
from tests.contracts.test_currency import ADDS, Chain, Judge, Tunable, probes_of, seed_of
from tests.toy_materials import vectors

MATERIALS = Materials(seed_of(5), probes_of(4))


def test_a_cell_that_fails_is_said_by_itself() -> None:
    check_cells(Judge(refuses=("probe 02",)), MATERIALS)


class LyingJudge(Judge):
    """A judge that breaks one promise about its cells."""

    def __init__(self, lie: str) -> None:
        super().__init__(refuses=("probe 02",), price=0.5)
        self.lie = lie

    def cost(self, materials: Materials) -> Cost:
        cost = super().cost(materials)
        return replace(cost, calls=cost.calls + 1) if self.lie == "calls" else cost

    def train(self, rows, materials) -> Outcomes:
        out = super().train(rows, materials)
        if self.lie == "company":
            out.values[:] += 0.01 * len(materials.probes)
        if self.lie == "whole rows":
            return replace(out, cells=None)
        if self.lie == "default":
            return replace(out, values=np.nan_to_num(out.values, nan=0.5))
        if self.lie == "no reason":
            return replace(out, failures={})
        if self.lie == "fine":
            return replace(out, ok=np.ones(len(rows), bool), failures={})
        return out


@pytest.mark.parametrize(
    ("lie", "said"),
    [
        ("company", "depends on the other places"),
        ("whole rows", "does not say which are known"),
        ("default", "not those that hold a number"),
        ("no reason", "and no reason"),
        ("fine", "a row is ok where all its cells are known"),
        ("calls", "4 places are 5 calls"),
    ],
)
def test_who_lies_about_cells_is_found(lie: str, said: str) -> None:
    check_cells(LyingJudge("none"), MATERIALS)
    with pytest.raises(AssertionError, match=said):
        check_cells(LyingJudge(lie), MATERIALS)


def test_who_does_not_train_by_the_cell_is_found() -> None:
    with pytest.raises(AssertionError, match="does not train cell by cell"):
        check_cells(Tunable(), MATERIALS)


@dataclass(frozen=True)
class LyingTunable(Tunable):
    """A system that breaks one promise about its settings."""

    lie: str = ""

    def factors(self):
        factors = super().factors()
        if self.lie == "first choice":
            return (setting_factor("rounds", [6, 4]), *factors[1:])
        if self.lie == "elsewhere":
            return (setting_factor("round", [4, 6]), *factors[1:])
        if self.lie == "twice":
            return (*factors, factors[0])
        if self.lie == "always the first" and self.values["leash"] == "long":
            return Tunable().factors()
        if self.lie == "an edit":
            choices = tuple(replace(c, origin="edit") for c in factors[0].choices)
            return (replace(factors[0], choices=choices), *factors[1:])
        return factors

    def with_settings(self, settings):
        if self.lie == "forgets":
            return replace(self, values={**self.values, **{k: v for k, v in settings.items() if k != "leash"}})
        if self.lie == "alone":  # each setting alone is changed, and of two the last
            return replace(self, values={**self.values, **dict(list(settings.items())[-1:])})
        return super().with_settings(settings)

    def record(self):
        values: dict[str, Any] = dict(self.values)
        if self.lie == "names":
            values["model.width"] = 8
        if self.lie == "nowhere":
            del values["rounds"]
        return values

    def train(self, rows, materials):
        out = super().train(rows, materials)
        if self.lie == "one stream more":
            out.values[:] += 0.01 * rows.keys[:, None]
        return out


@pytest.mark.parametrize(
    ("lie", "said"),
    [
        ("first choice", "is 4 in the record, and its first choice is 6"),
        ("elsewhere", "the first choices are"),
        ("nowhere", "the record has no 'rounds'"),
        ("twice", "two settings have one path"),
        ("always the first", "the first choices are"),
        ("an edit", "a choice is no setting"),
        ("forgets", "with 'leash' at 'long' the record says 'short'"),
        ("alone", "the record says"),
        ("names", "with 'model.width' at 16 the record says 8"),
    ],
)
def test_who_lies_about_settings_is_found(lie: str, said: str) -> None:
    check_settings(LyingTunable(), MATERIALS)
    with pytest.raises(AssertionError, match=said):
        check_settings(LyingTunable(lie=lie), MATERIALS)


def test_a_record_may_leave_out_one_value_of_a_setting() -> None:
    """So that records from before there was such a setting stay what they were."""

    class Later(Tunable):
        def record(self):
            return {k: v for k, v in self.values.items() if (k, v) != ("leash", "short")}

    check_settings(Later(), MATERIALS)


def test_two_settings_that_share_a_record_are_found() -> None:
    """A record that says every setting at its path, and yet the same of two of them."""

    class Coarse(Tunable):
        def record(self):
            said = dict(self.values)
            return Same(said) if said["leash"] == "long" else said

    class Same(dict):  # its entries are read one by one, and written out without their difference
        def items(self):
            return {**self, "leash": "short"}.items()

    with pytest.raises(AssertionError, match="have one record"):
        check_settings(Coarse(), MATERIALS)


def test_who_changes_when_asked_for_another_is_found() -> None:
    class InPlace(Tunable):
        def with_settings(self, settings):
            object.__setattr__(self, "values", {**self.values, **settings})
            return self

    with pytest.raises(AssertionError, match=r"with .* the record says"):
        check_settings(InPlace(), MATERIALS)


def test_randomness_of_a_stream_without_a_name_is_found() -> None:
    check_system(LyingTunable(), MATERIALS)
    with pytest.raises(AssertionError, match="a stream without a name"):
        check_system(LyingTunable(lie="one stream more"), MATERIALS)
    assert set(ADDS) == {f.id for f in Tunable().factors()}


class LyingChain(Chain):
    """A chain that breaks one promise about its states."""

    def __init__(self, lie: str) -> None:
        self.lie, self.looks = lie, 0
        if lie == "none at all":
            self.state_names = ()  # type: ignore[misc]  # a liar

    def states(self, rows, materials, name):
        self.looks += 1
        found = super().states(rows, materials, name)
        if self.lie == "turned":
            return found.T
        if self.lie == "another":
            return found + self.looks
        if self.lie == "company":
            return found + len(rows)
        if self.lie == "unknown":
            found[0, 0] = np.nan
        return found


@pytest.mark.parametrize(
    ("lie", "said"),
    [
        ("turned", "of 3 rows has shape"),
        ("another", "another one each time"),
        ("company", "of a row alone differs"),
        ("unknown", "is not finite"),
        ("none at all", "state_names is empty"),
    ],
)
def test_who_lies_about_states_is_found(lie: str, said: str) -> None:
    check_states(LyingChain("none"), MATERIALS)
    with pytest.raises(AssertionError, match=said):
        check_states(LyingChain(lie), MATERIALS)


def test_what_is_declared_is_checked_with_the_rest() -> None:

    class Looked(Chain):
        looks = 0

        def train(self, rows, materials):
            end = super().states(rows, materials, "trajectory")[:, -1:]
            values = np.repeat(end, len(materials.probes), 1).astype(np.float32)
            ok = np.asarray(np.isfinite(values).all(1))
            return Outcomes(values, ok, {int(r): "runs away" for r in np.flatnonzero(~ok)})

        def states(self, rows, materials, name):
            self.looks += 1
            return super().states(rows, materials, name) + self.looks

    with pytest.raises(AssertionError, match="another one each time"):
        check_system(Looked(), MATERIALS)
    with pytest.raises(AssertionError, match="the first choices are"):
        check_system(LyingTunable(lie="always the first"), MATERIALS)

    class Company(Judge):
        def train(self, rows, materials):
            out = super().train(rows, materials)
            out.values[:] += 0.01 * len(materials.probes)
            return out

    with pytest.raises(AssertionError, match="depends on the other places"):
        check_system(Company(), MATERIALS)

    class None_(Judge):  # noqa: N801
        traits = Traits(rows_at_a_time=0, per_cell=True)

    with pytest.raises(AssertionError, match="rows_at_a_time is below one"):
        check_system(None_(), MATERIALS)


def test_the_toys_keep_the_promises_of_a_system() -> None:
    for noise in ("none", "calm"):
        toy = linear(noise)
        check_system(toy, toy.materials)


# --- explanations -----------------------------------------------------------------------------------------------------

VOTES = ((-0.9, 0.0, 0.4, 0.0), (-0.5, 0.6, 0.0, 0.0), (0.3, 0.2, -0.7, 0.0))


@dataclass(frozen=True)
class LyingAboutWhy(Strongest):
    """Says why, and breaks one promise about it."""

    lie: str = "none"

    def explain(self, rows, materials, places):
        found = super().explain(rows, materials, places)
        if self.lie == "rows":
            return found[:-1]
        if self.lie == "places":
            return [row[:-1] for row in found]
        if self.lie == "company" and len(places) < 4:
            return [[replace(e, value=e.value, steps=(), items=()) for e in row] for row in found]
        return [[self._other(e, materials) if e.steps else e for e in row] for row in found]

    def _other(self, e: Explanation, materials: Materials) -> Explanation:
        steps = list(e.steps)
        if self.lie == "place":
            return replace(e, place="elsewhere")
        if self.lie == "value":
            return replace(e, value=1.0 - e.value)
        if self.lie == "stranger":
            return replace(e, items=(*e.items, "nobody"), steps=(replace(steps[0], items=("nobody",)), *steps[1:]))
        if self.lie == "unsaid":
            return replace(e, steps=(replace(steps[0], items=()), *steps[1:]))
        if self.lie == "forwards":
            return replace(e, steps=(replace(steps[0], of=(1,)), *steps[1:]))
        if self.lie == "idle":
            return replace(e, steps=(Step("by the way", "written", 1.0, (), e.items), *(
                replace(s, of=tuple(n + 1 for n in s.of)) for s in steps)))  # fmt: skip
        if self.lie == "weight":
            return replace(e, steps=(*steps[:-1], replace(steps[-1], weight=1.5)))
        if self.lie == "wordless":
            return replace(e, steps=(*steps[:-1], replace(steps[-1], says="")))
        if self.lie == "no steps":
            return replace(e, steps=())
        if self.lie == "another":  # an item that is there, and does not decide: b for what a decides
            other = next(i.id for i in materials.seed.items if i.id != e.items[0])
            return replace(e, items=(other,), steps=(replace(steps[0], items=(other,)), *steps[1:]))
        return e


def test_who_says_why_keeps_the_promises() -> None:
    system = Strongest(votes=VOTES)
    check_explaining(system, system.materials)
    check_system(system, system.materials)
    (row,) = system.explain(rows_of_the_seed(system), system.materials, [0, 3])
    assert row[0].items == ("a",)
    assert [s.rule for s in row[0].steps] == ["written", "inherited", "strongest"]
    assert row[1] == Explanation("p3", 0.5)


def rows_of_the_seed(system: Strongest):
    from activeseed.plan import Rows

    return Rows(np.array([system.seed.base], np.int16), np.zeros(1, np.int64))


@pytest.mark.parametrize(
    ("lie", "said"),
    [
        ("rows", "have 2 lists of explanations"),
        ("places", "a row at 4 places has 3 explanations"),
        ("company", "is another than among all rows"),
        ("place", "the explanation is of 'elsewhere'"),
        ("value", "and trained"),
        ("stranger", "rests on 'nobody', which is not in the row's seed"),
        ("unsaid", "which no step says"),
        ("forwards", "not all of them earlier"),
        ("idle", "serves no later one"),
        ("weight", "weighs 1.5"),
        ("wordless", "says nothing"),
        ("no steps", "which no step says"),
        ("another", "with nothing but what it is said to rest on|not in the row's seed"),
    ],
)
def test_who_lies_about_why_is_found(lie: str, said: str) -> None:
    check_explaining(LyingAboutWhy(votes=VOTES), Strongest(votes=VOTES).materials)
    system = LyingAboutWhy(votes=VOTES, lie=lie)
    with pytest.raises(AssertionError, match=said):
        check_explaining(system, system.materials)
    with pytest.raises(AssertionError, match=said):
        check_system(system, system.materials)


def test_who_explains_nothing_is_found() -> None:
    with pytest.raises(AssertionError, match="explains nothing"):
        check_explaining(Tunable(), MATERIALS)


class LyingLeague(OversightLeague):
    """A league that breaks one promise about its inside."""

    lie: str

    def layout(self, materials):
        layout = super().layout(materials)
        assert layout is not None
        changed: dict[str, Any] = {
            "narrower": {"widths": (3, 1)}, "other link": {"link": "identity"}, "other units": {"activation": "relu"},
            "wider": {"widths": (layout.inputs + 1, layout.widths[1], 1)},
        }  # fmt: skip
        return replace(layout, **changed.get(self.lie, {}))

    def trajectory_steps(self, materials):
        steps = super().trajectory_steps(materials)
        changed = {"no course": steps[:1], "late": steps[1:], "back": (steps[0], *steps[:0:-1])}
        return changed.get(self.lie, steps)

    def state_size(self, materials, name):
        more = self.hidden if self.lie == "wider" and name == "network" else int(self.lie == "small")
        return super().state_size(materials, name) + more

    @property
    def state_names(self):
        names = super().state_names
        return names[:1] if self.lie == "hidden" else names[1:] if self.lie == "no network" else names

    def states(self, rows, materials, name):
        found = super().states(rows, materials, name)
        if self.lie == "bias" and name == "network":
            found[:, -1] += 1e-3
        if self.lie == "unfolded" and name == "network":  # the last layer without its 1/√h
            found[:, -1 - self.hidden : -1] *= self.hidden**0.5
        if self.lie == "wider" and name == "network":
            found = np.concatenate([found, np.zeros((len(found), self.hidden))], 1)
        if self.lie == "another end" and name == "trajectory":
            found[:, -1] = found[:, -2]
        if self.lie == "another start" and name == "trajectory":
            found[:, 0] = found[:, 1]
        if self.lie == "turned" and name == "representation":
            found = found.swapaxes(1, 2)
        return found


def lying(lie: str) -> LyingLeague:
    return LyingLeague(lie=lie, evaluator="mlp", hidden=5, rounds=2, steps=8, held=("init",))


def test_who_tells_the_truth_about_its_inside_passes() -> None:
    check_system(lying("none"), vectors())


@pytest.mark.parametrize(
    ("lie", "said"),
    [
        ("bias", "is not what was trained"),
        ("unfolded", "is not what was trained"),
        ("other link", "is not what was trained"),
        ("other units", "is not what was trained"),
        ("narrower", "have 4 parameters each"),
        ("wider", "can't be read at features of 8 entries"),
        ("no network", "has a layout, and no state 'network'"),
        ("small", "is said to hold"),
        ("no course", "has no course"),
        ("late", "begins at step"),
        ("back", "don't ascend"),
        ("hidden", "hands out none"),
        ("another end", "does not end in its outcome"),
        ("another start", "don't start alike"),
        ("turned", "representations of 3 rows at 20 places have shape"),
    ],
)
def test_who_lies_about_its_inside_is_found(lie: str, said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        check_system(lying(lie), vectors())


# --- convex trainings ---------------------------------------------------------------------------------------------


class LyingDescent(OversightLeague):
    """A league of one round that hands out another training than its own, or none without a word."""

    lie: str = ""

    def convex(self, materials: Materials, key: int = 0) -> Convex:
        found = super().convex(materials, key)
        if self.lie == "silent":
            raise PlanError("no")
        if self.lie == "other weights":
            return replace(found, l2=10 * found.l2 + 0.1)
        if self.lie == "fewer slots":
            return replace(found, features=found.features[1:], targets=found.targets[1:], scale=found.scale[1:])
        return replace(found, words="") if self.lie == "no words" else found


@pytest.mark.parametrize(
    ("lie", "said"),
    [
        ("silent", "why it is not convex is not said"),
        ("other weights", "is not the system's own"),
        ("fewer slots", "not every slot has its features"),
        ("no words", "has no words"),
    ],
)
def test_who_lies_about_its_convex_training_is_found(lie: str, said: str) -> None:
    check_convex(LyingDescent(rounds=1), vectors())
    with pytest.raises(AssertionError, match=said):
        check_convex(LyingDescent(rounds=1, lie=lie), vectors())


def test_a_league_of_more_rounds_says_why_it_is_not_convex() -> None:
    check_convex(OversightLeague(), vectors())
    with pytest.raises(AssertionError, match="hands out no convex training"):
        check_convex(Tunable(), MATERIALS)
