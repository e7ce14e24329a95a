"""What is refused, what is worth saying, and which of the two forms does it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from activeseed.errors import PlanError
from activeseed.protocols import Cost
from activeseed.systems.cirl import apprenticing, playing
from activeseed.systems.cirl.apprenticing import apprentice
from activeseed.systems.cirl.playing import played
from activeseed.systems.cirl.solving import counted

if TYPE_CHECKING:
    from activeseed.outcome import Outcomes
    from activeseed.plan import Floats, Materials, Rows
    from activeseed.systems.cirl.pieces import Prior
    from activeseed.systems.cirl.places import Part
    from activeseed.systems.cirl.settings import CirlSettings

#: histories of one plan that are followed, at most
MOST_HISTORIES = 100_000
#: names in a sentence of a remark
SHOWN = 5


def parts(settings: CirlSettings, materials: Materials) -> tuple[Part, ...]:
    """The parts of an outcome."""
    if settings.form == "apprenticeship":
        return apprentice(settings, materials).parts
    return played(settings, materials)[1].parts


def train(settings: CirlSettings, rows: Rows, materials: Materials) -> Outcomes:
    """Rows to outcomes, in either form."""
    if settings.form == "apprenticeship":
        return apprenticing.train(settings, rows, materials)
    return playing.train(settings, rows, materials)


def check(settings: CirlSettings, materials: Materials) -> None:
    """Raise PlanError or ConfigError where the game can't be played, or the seed as it stands says nothing."""
    if settings.truth:
        settings.told[0].objective(settings.truth)
    if settings.form == "apprenticeship":
        shared = apprentice(settings, materials)
        if not np.isfinite(shared.beliefs(_standing(materials))).all():
            raise PlanError(
                "No objective explains all that was shown: a rational human would not have done it. Leave out what "
                "they did not mean, or set human = 'boltzmann'."
            )
        return
    prior, game = played(settings, materials)
    if game.histories > MOST_HISTORIES:
        horizon = game.solution.horizon
        would = max(1, int(horizon * math.log(MOST_HISTORIES) / math.log(game.histories)))
        raise PlanError(
            f"In {horizon} steps the human and the world may do {counted(game.histories)} different things, and at "
            f"most {MOST_HISTORIES:,} are followed. horizon = {would} would do; or fewer actions."
        )
    total = float((_standing(materials) @ prior.mass)[0])
    if total <= 0:
        raise PlanError("No piece of the prior that stands has any mass: nothing is believed. Give masses above 0.")
    if settings.masses == "probabilities" and abs(total - 1.0) > 1e-6:
        raise PlanError(
            f"The masses of the prior sum to {total:g}, and masses = 'probabilities' says that they sum to 1. Mend "
            "them, or set masses = 'relative'."
        )


def _standing(materials: Materials) -> Floats:
    """(1, S) weights of the slots where the seed stands."""
    slots = materials.slots
    at = [int(slots.index[f, v]) for f, v in enumerate(materials.seed.base)]
    out = np.zeros((1, materials.width))
    for s in at:
        if s >= 0:
            out[0, s] = slots.copies[s]
    return out


def remarks(settings: CirlSettings, materials: Materials) -> tuple[str, ...]:
    """A sentence each: objectives without mass, a truth that is excluded, a human whom the robot is wrong about."""
    if settings.form == "apprenticeship":
        return ()
    prior, _ = played(settings, materials)
    return (*_excluded(settings, prior, materials), *_mistaken(settings), *_no_threats(settings))


def _excluded(settings: CirlSettings, prior: Prior, materials: Materials) -> list[str]:
    weights = _standing(materials)[0] * prior.mass
    of = np.bincount(prior.objective, weights, minlength=len(prior.game.objectives))
    none = [name for name, mass in zip(prior.game.objectives, of, strict=True) if mass == 0]
    out = []
    if settings.truth in none:
        out.append(
            f"The prior excludes what is meant: {settings.truth!r} has no mass, and what has none gets none, whatever "
            "the human does. The robot will never recover it: add a piece for it."
        )
    rest = [name for name in none if name != settings.truth]
    if rest:
        more = f", … ({len(rest)} in all)" if len(rest) > SHOWN else ""
        has = "has" if len(rest) == 1 else "have"
        out.append(
            f"{', '.join(repr(n) for n in rest[:SHOWN])}{more} {has} no piece of the prior with mass: if that is "
            "meant, the robot can't learn it, whatever the human does."
        )
    return out


def _mistaken(settings: CirlSettings) -> list[str]:
    model, actual = settings.modelled, settings.actual
    said = [
        f"{name} = {getattr(model, field)} where it is {getattr(actual, field)}"
        for name, field in (("human", "rationality"), ("teaching", "teaching"), ("beta", "beta"))
        if getattr(model, field) != getattr(actual, field)
    ]
    if not said:
        return []
    return [
        f"The robot is wrong about the human ({', '.join(said)}): it reads more or less into what they do than is "
        "there, so that it may end up sure of what is not meant."
    ]


def _no_threats(settings: CirlSettings) -> list[str]:
    if not settings.modelled.responds or settings.continuations == "all":
        return []
    return [
        "The robot goes on with plans that are best at some belief. With a Boltzmann human who teaches, a plan that is "
        "best at none may still be worth threatening with; it is looked at with continuations = 'all', in small games."
    ]


def cost(settings: CirlSettings, materials: Materials) -> Cost:
    """One row: a product with all vectors at the start, and the beliefs after every history; vectors are all rows'."""
    if settings.form == "apprenticeship":
        shared = apprentice(settings, materials)
        s, a, _ = shared.moves.shape
        floats = shared.horizon * s * a * (2 + len(shared.pay))
        return Cost(bytes=8 * floats, multiply_adds=shared.horizon * s * a * s * (1 + len(shared.pay)))
    prior, game = played(settings, materials)
    theta = len(prior.game.objectives)
    vectors = sum(len(game.solution.levels[-1][s]) for s, _ in game.solution.starts)
    beliefs = 2 * game.histories * theta
    places = sum(len(p.ids) for p in game.parts)
    floats = vectors + beliefs + theta * theta + places
    return Cost(bytes=8 * floats, multiply_adds=vectors * theta + beliefs * (1 + theta))
