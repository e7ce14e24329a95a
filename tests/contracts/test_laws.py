"""What every reference law of effects promises, and that the check finds who breaks it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pytest

from activeseed.contrast import Comparison
from activeseed.errors import PlanError
from activeseed.laws import LAWS, Drop, law_named
from activeseed.seed import Item, Origin, Seed, Text, Variant
from activeseed.testing import Toy, check_law, linear, truth, zeros
from activeseed.testing.law import effects_of


@dataclass(frozen=True)
class Extended(Toy):
    """A toy whose items have one variant more, which comes from where the toy says: what pairs and rules add."""

    origin: Origin = "flipped"

    @property
    def seed(self) -> Seed:
        items = []
        for f in range(len(self.scores)):
            variant = Variant(id=f"{self.origin}-1", payload=Text(text=f"other {f}"), comes_from=self.origin)
            items.append(Item(id=f"p{f}", payload=Text(text=f"{f}"), alternatives=(variant,)))
        return Seed(items=tuple(items))


def extended(origin: Origin) -> Toy:
    plain = linear("none")
    scores = np.concatenate([plain.scores, -plain.scores[:, :1]], 1)
    beliefs = np.concatenate([plain.beliefs, np.zeros((6, 1))], 1)
    return Extended(f"with a {origin}", scores, plain.response, plain.probes, beliefs, "none", origin=origin)


#: laws of variants that no toy of the package has
ORIGINS: dict[str, Origin] = {"flip": "flipped", "paraphrase": "paraphrase", "drift": "drift", "framing": "framing"}


@pytest.mark.parametrize("kind", LAWS)
def test_the_packages_own_keep_them(kind: str) -> None:
    check_law(law_named(kind), *([extended(ORIGINS[kind])] if kind in ORIGINS else []))


@pytest.mark.parametrize("kind", ORIGINS)
@pytest.mark.parametrize("origin", ["wording", "paraphrase", "drift", "framing", "edit", "flipped"])
def test_laws_of_origins_never_mix_them(kind: str, origin: Origin) -> None:
    problem = extended(origin).problem()
    if ORIGINS[kind] == origin:
        assert {c.label for c in law_named(kind).comparison(problem).changes} == {f"p{f}: {origin}-1" for f in range(6)}
    else:
        with pytest.raises(PlanError, match="No item of the seed has"):
            law_named(kind).comparison(problem)


@pytest.mark.parametrize("origin", ["paraphrase", "drift", "framing", "flipped"])
def test_wordings_are_those_that_a_human_wrote(origin: Origin) -> None:
    for human in ("wording", "edit"):
        assert len(law_named("wordings").comparison(extended(human).problem()).changes) == 6
    with pytest.raises(PlanError, match="another wording"):
        law_named("wordings").comparison(extended(origin).problem())


def test_effects_by_a_law_are_the_enumerated_ones() -> None:
    toy = zeros("none")
    np.testing.assert_allclose(effects_of(Drop().comparison(toy.problem()), toy), truth(toy).effect, atol=1e-12)


@dataclass(frozen=True)
class Bends:
    """*drop*, with something else in what it compares."""

    bend: Callable[[Comparison], Comparison] = lambda compared: compared
    kind: ClassVar[str] = "bends"
    needs_weights: bool = False
    words: str = "dropping the item, or nearly"

    def comparison(self, problem: Any) -> Comparison:
        return self.bend(Drop().comparison(problem))


def change(**fields: Any) -> Callable[[Comparison], Comparison]:
    return lambda c: replace(c, changes=(replace(c.changes[0], **fields), *c.changes[1:]))


def contrast(**fields: Any) -> Callable[[Comparison], Comparison]:
    return lambda c: replace(c, contrasts=(replace(c.contrasts[0], **fields), *c.contrasts[1:]))


def elsewhere(c: Comparison) -> Comparison:
    """The first item's effect is given to the last one, which has none."""
    last = len(c.members) - 1
    return replace(c, contrasts=tuple(replace(x, unit=last if x.unit == 0 else x.unit) for x in c.contrasts))


def nothing(c: Comparison) -> Comparison:
    """All differences, weighed next to nothing."""
    return replace(c, contrasts=tuple(replace(x, weight=1e-9) for x in c.contrasts))


@pytest.mark.parametrize(
    ("liar", "said"),
    [
        (Bends(change(variants=(7,))), "which is not there"),
        (Bends(change(factors=(99,))), "which is not there"),
        (Bends(change(variants=(0,))), "changes nothing"),
        (Bends(change(variants=(0,), multiplicity=(1.0,))), "changes nothing"),
        (Bends(change(multiplicity=(0.5,))), "weighs by fractions, and does not say so"),
        (Bends(change(multiplicity=(-1.0,)), needs_weights=True), "weighs an item less than nothing"),
        (Bends(contrast(plus=99)), "rows that it does not list"),
        (Bends(contrast(weight=0.0)), "weighs a difference with 0"),
        (Bends(contrast(minus=0)), "compares a row with itself"),
        (Bends(contrast(unit=99)), "a unit that there is not"),
        (Bends(lambda c: replace(c, words="")), "has no words"),
        (Bends(lambda c: replace(c, names=c.names[1:])), "not a name for each unit"),
        (Bends(lambda c: replace(c, members=((0,), *c.members[:-1]))), "has an item in two units"),
        (Bends(words=""), "has no words for what it does to an item"),
        (Bends(elsewhere), "does nothing and has an effect"),
        (Bends(nothing), "finds no effect in any toy"),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_who_breaks_them_is_found(liar: Bends, said: str) -> None:
    check_law(Bends())
    with pytest.raises(AssertionError, match=said):
        check_law(liar)


def test_what_no_toy_has_needs_a_toy() -> None:
    with pytest.raises(AssertionError, match="finds nothing to perturb in any toy"):
        check_law(law_named("flip"))


def test_who_draws_anew_each_time_is_found() -> None:
    class Drawn(Bends):
        times: ClassVar[list[int]] = []

        def comparison(self, problem: Any) -> Comparison:
            self.times.append(1)
            return replace(super().comparison(problem), words=f"drop, {len(self.times)}")

    with pytest.raises(AssertionError, match="something else each time"):
        check_law(Drawn())
