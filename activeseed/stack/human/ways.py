"""Who answers, and how they are asked: the two dynamics of the human level, each with names that need no spelling out.

A *crew* is the people who answer one study; a *method* the order in which they are asked, and what is made of what they
say. Both are plain records: whoever has others writes them down.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, model_validator

from activeseed.annotators.simulated import SimulatedPerson
from activeseed.checked import SettingsRecord
from activeseed.errors import ConfigError, nearest

Order = Literal["value", "random", "effect", "author"]
Beliefs = Literal["joint", "independent"]


class Crew(SettingsRecord):
    """The people who answer a study. With several, all of them are asked every question.

    Attributes:
        name: stands in tables.
        people: one or more, each with a behaviour and an error rate.
    """

    name: str = Field(min_length=1)
    people: tuple[SimulatedPerson, ...] = Field(min_length=1, max_length=25)

    @model_validator(mode="after")
    def _names_differ(self) -> Crew:
        names = [p.name for p in self.people]
        if len(set(names)) != len(names):
            raise ValueError(f"the people of {self.name} need a name each; got {', '.join(names)}")
        return self

    @property
    def words(self) -> str:
        """Who they are, in a few words."""
        return ", ".join(f"{p.name}: {_behaves(p)}" for p in self.people)


class Method(SettingsRecord):
    """How a study asks.

    Attributes:
        name: stands in tables.
        order: what is asked first: what is worth most (``value``); anything (``random``); the items on which the first
            draft's outcome hangs most (``effect``); in the order of the seed (``author``).
        beliefs: whether an answer moves what is believed of items that nobody was asked about; matters to ``value``.
        readings: how often one item is read at most.
        checks: share of the questions that are silent repeats; matters to ``value`` and ``random``.
    """

    name: str = Field(min_length=1)
    order: Order = "value"
    beliefs: Beliefs = "joint"
    readings: int = Field(default=1, ge=1, le=100)
    checks: float = Field(default=0.0, ge=0.0, le=0.5)

    @property
    def words(self) -> str:
        """What it does, in a few words."""
        first = {
            "value": "what is worth most", "random": "at random", "effect": "what the outcome hangs on most",
            "author": "in the author's order",
        }[self.order]  # fmt: skip
        learning = ", beliefs that don't learn" if self.beliefs == "independent" else ""
        again = f", read up to {self.readings} times" if self.readings > 1 else ""
        return f"{first}{learning}{again}"


def _behaves(person: SimulatedPerson) -> str:
    if person.behaviour == "erring":
        return f"errs {100 * person.error:g} % of the time"
    if person.behaviour == "base_rate":
        return f"says keep {100 * person.base_rate:g} % of the time, whatever is shown"
    return {"truthful": "never errs", "adversarial": "always errs", "random": "tosses a coin"}[person.behaviour]


def _person(name: str, error: float) -> SimulatedPerson:
    return SimulatedPerson(name=name, behaviour="erring", error=error)


#: crews that can be named; the first three are the default
CREWS: Mapping[str, Crew] = {
    c.name: c
    for c in (
        Crew(name="careful", people=(_person("careful", 0.02),)),
        Crew(name="hasty", people=(_person("hasty", 0.2),)),
        Crew(
            name="mixed",
            people=(
                _person("careful", 0.02),
                _person("hasty", 0.2),
                SimulatedPerson(name="lenient", behaviour="base_rate", base_rate=0.9),
            ),
        ),
        Crew(name="perfect", people=(SimulatedPerson(name="perfect"),)),
        Crew(name="coin", people=(SimulatedPerson(name="coin", behaviour="random"),)),
    )
}
#: methods that can be named; the first five are the default
METHODS: Mapping[str, Method] = {
    m.name: m
    for m in (
        Method(name="by_value"),
        Method(name="at_random", order="random"),
        Method(name="by_effect", order="effect"),
        Method(name="author_order", order="author"),
        Method(name="unlearning", beliefs="independent"),
        Method(name="read_again", readings=3, checks=0.15),
    )
}
DEFAULT_CREWS = tuple(CREWS.values())[:3]
DEFAULT_METHODS = tuple(METHODS.values())[:5]


def named(value: Any, known: Mapping[str, Any], what: str) -> Any:
    """A record for the name of one; anything else as it is. Raises ConfigError, with the nearest known name."""
    if not isinstance(value, str):
        return value
    name = value.strip().replace("-", "_")
    if name not in known:
        raise ConfigError(f"There is no {what} {value!r}.{nearest(name, known)}")
    return known[name]
