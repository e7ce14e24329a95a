"""The columns of effects under a distance: what they are called, their tests, and what a reader must know of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from activeseed.column import Column
from activeseed.contrast import Comparison
from activeseed.estimators.distance_products import Apart, flipped_p
from activeseed.estimators.leave_one_out import LeaveOneOut, as_bools, effects, spread_out
from activeseed.estimators.statistics import ENOUGH_KEYS, family_p, ties
from activeseed.outcome import Ranking
from activeseed.protocols import Distance, Problem


def effects_by_distance(
    problem: Problem, distance: Distance, apart: Apart, compared: Comparison, asked: LeaveOneOut, least: float
) -> Ranking:
    """The effects' columns under a distance, as ``LeaveOneOut`` has them under the geometry.

    Args:
        least: what single precision alone may do, for a deterministic trainer.
    """
    names = compared.names
    m = effects(apart.grams, apart.ok, problem.deterministic, asked.keys)
    value = np.where(apart.infinite, np.inf, m.value)
    notes: list[str] = []
    if problem.deterministic:
        p = np.where(np.isnan(value), np.nan, np.where(value > least, 0.0, 1.0))
    elif asked.keys < ENOUGH_KEYS:
        p = np.full(len(value), np.nan)
    else:
        test = family_p if distance.embeds else flipped_p
        p = test(apart.both, problem.stream, apart.ok)
    if apart.beyond.any():
        which = ", ".join(np.array(names)[apart.beyond][:5])
        notes.append(
            f"The {distance.words} is infinite for {int(apart.beyond.sum())} of {len(names)} ({which}): one run holds "
            "impossible what another doesn't. Their effects are infinite, or unknown where a side's own runs are so "
            "far apart. Set its smoothing, or rank by jensen_shannon, which is finite."
        )
    if not distance.embeds:
        beside = "" if distance.reads == "representations" else (
            " distance_of_means is the plain distance between mean outcomes."
        )  # fmt: skip
        notes.append(
            f"The {distance.words} embeds in no Hilbert space, so no variance decomposes under it: first-order and "
            "total indices are left out. Effects and spread are energy distances, E d(X, Y) − ½ E d(X, X′) − ½ E "
            f"d(Y, Y′), which may be below zero.{beside}"
        )
    unit = np.full(len(problem.seed), -1, np.int64)
    for u, mine in enumerate(compared.members):
        unit[list(mine)] = u
    star: list[bool | None] = [None if np.isnan(x) else bool(x <= asked.alpha) for x in p]
    tied = ties(m.value, m.covariance, m.quantile, names)
    columns: dict[str, NDArray[Any]] = {
        "distance_effect": spread_out(value, unit),
        "distance_effect_se": spread_out(m.se, unit),
        "distance_effect_low": spread_out(m.low, unit),
        "distance_effect_high": spread_out(m.high, unit),
        "distance_instability": spread_out(m.instability, unit),
        "distance_p_value": spread_out(p, unit),
        "distance_distinguishable": as_bools([star[u] if u >= 0 else None for u in unit]),
        "distance_ties_with": np.fromiter((tied[u] if u >= 0 else None for u in unit), object, len(unit)),
    }
    if not np.isnan(apart.of_means).all():
        columns["distance_of_means"] = spread_out(apart.of_means, unit)
    test_name = "exact" if problem.deterministic else "resampled_keys" if distance.embeds else "exchanged_sides"
    return Ranking(problem.ids, columns, {"distance_test": test_name}, notes=tuple(notes))


def columns_of(distance: Distance, first_order: bool, total: bool) -> tuple[Column, ...]:
    """The columns of a distance, in its unit, and of its indices where there are any."""
    words, unit = distance.words, distance.unit
    effect = (
        Column("distance_effect", f"effect by {words}", unit, sortable=True, short="by distance", leads=True),
        Column("distance_effect_se", "its standard error", unit),
        Column("distance_effect_low", "lower end of its 95 % interval", unit),
        Column("distance_effect_high", "upper end of its 95 % interval", unit),
        Column("distance_instability", "what keys disagree about, by distance", unit),
        Column("distance_p_value", "chance of such an effect by noise alone, over all items", "probability"),
        Column("distance_distinguishable", "whether the effect by distance can be told from noise", ""),
        Column("distance_ties_with", "items that it can't be told from, by distance", ""),
    )
    means = (Column("distance_of_means", f"{words} between mean outcomes", unit, sortable=True, short="of means"),)
    firsts = (
        Column("distance_first_order", f"first-order index by {words}", unit, sortable=True, short="first by d."),
        Column("distance_first_order_se", "its standard error", unit),
        Column("distance_first_order_low", "lower end of its 95 % interval", unit),
        Column("distance_first_order_high", "upper end of its 95 % interval", unit),
    )
    totals = (
        Column("distance_total", f"total index by {words}", unit, sortable=True, short="total by d."),
        Column("distance_total_se", "its standard error", unit),
        Column("distance_total_low", "lower end of its 95 % interval", unit),
        Column("distance_total_high", "upper end of its 95 % interval", unit),
    )
    plain = not distance.embeds and distance.reads != "representations"
    return (*effect, *(means if plain else ()), *(firsts if first_order else ()), *(totals if total else ()))
