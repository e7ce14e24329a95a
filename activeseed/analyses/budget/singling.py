"""From the rows of a budget to shares of single factors: which differences tell of which, and what can't be told."""

from __future__ import annotations

import numpy as np

from activeseed.analyses.budget.blocks import Mixed
from activeseed.analyses.budget.coordinates import LEVELS, Group
from activeseed.analyses.budget.factors import Coding, factor_shares
from activeseed.analyses.budget.found import FactorShare, GroupShare, Share
from activeseed.plan import Floats, Ints
from activeseed.protocols import Problem

#: columns that one regression of factors has at most
MOST_COLUMNS = 600


def coding_of(problem: Problem, group: Group) -> Coding:
    """The group's factors as columns: items by what is believed of them, settings uniform over what was named."""
    laws = [np.asarray(problem.law.probabilities[f], np.float64) for f in group.items]
    for s, choices in group.settings.items():
        law = np.zeros(len(problem.settings[s].choices))
        law[list(choices)] = 1.0 / len(choices)
        laws.append(law)
    return Coding.of(laws)


def single_factors(
    problem: Problem, design: Mixed, cubes: Floats, points: Floats, spread: Floats, groups: tuple[GroupShare, ...]
) -> tuple[tuple[FactorShare, ...], list[str]]:
    """Shares of single factors, largest first, and sentences about what could not be told.

    Args:
        cubes: (B, n, M, D) points by block, part of it and mask.
        points: (R, D) the same by row.
        spread: (B,) what each block says of the spread, NaN where it says nothing.
        groups: shares of the design's groups: a factor that is alone in its group has that of the group.
    """
    out: list[FactorShare] = []
    untold: list[str] = []
    for g, group in enumerate(design.groups):
        ids = [problem.ids[f] for f in group.items]
        kinds = ["item"] * len(ids) + ["setting"] * len(group.settings) + ["stream"] * len(group.streams)
        ids += [problem.settings[s].id for s in group.settings] + list(group.streams)
        if len(ids) == 1:
            out.append(FactorShare(ids[0], kinds[0], group.level, group.aspect, groups[g].share))
            continue
        if group.streams:
            untold.append(f"Drawn together, and so not told apart: {', '.join(group.streams)} ({group.name}).")
        if not group.items and not group.settings:
            continue
        shares = _regressed(problem, design, g, cubes, points, spread)
        if isinstance(shares, str):
            untold.append(shares)
            continue
        named = zip(ids[: len(shares)], kinds, shares, strict=False)
        out += [FactorShare(i, kind, group.level, group.aspect, share) for i, kind, share in named]
    # a setting of one value, the others being refused, is no factor: a note says so
    one = {problem.settings[s].id for g in design.groups for s, choices in g.settings.items() if len(choices) < 2}
    out = [f for f in out if f.kind != "setting" or f.id not in one]
    return tuple(sorted(out, key=lambda f: -f.share.value if np.isfinite(f.share.value) else 0.0)), untold


def _regressed(
    problem: Problem, design: Mixed, g: int, cubes: Floats, points: Floats, spread: Floats
) -> list[Share] | str:
    """A share for each item and setting of a group, or why there is none."""
    group, coding = design.groups[g], coding_of(problem, design.groups[g])
    differences, sides, blocks = _paired(design, g, cubes, points)
    fine = np.isfinite(differences).all(1) & np.isfinite(spread[blocks])
    differences, sides, blocks = differences[fine], sides[fine], blocks[fine]
    too_many = len(coding.owner) > MOST_COLUMNS
    if too_many or len(blocks) < coding.enough():
        return _too_few(design, group, len(blocks), coding, too_many)
    found = factor_shares(differences, coding.differences(sides), blocks, coding, spread)
    numbers = zip(found.value, found.se, found.low, found.high, found.p_holm, strict=True)
    return [Share(*(float(x) for x in of)) for of in numbers]


def _too_few(design: Mixed, group: Group, rows: int, coding: Coding, too_many: bool) -> str:
    if too_many:
        way = "`activeseed rank --by first-order` tells items one by one."
    elif group.items:
        way = f"Raise item_pairs to {coding.enough():,} or more."
    else:
        several = len({m & design.costly for m in design.masks})
        way = f"Raise combinations to {coding.enough() * several:,} or more (and rows with them), or vary fewer."
    return (
        f"{len(group.items) + len(group.settings)} factors of {LEVELS[group.level]} {group.aspect} ({group.what}) are "
        f"not told apart: {rows} differences are too few for {len(coding.owner)} coefficients. {way}"
    )


def _paired(design: Mixed, g: int, cubes: Floats, points: Floats) -> tuple[Floats, Ints, Ints]:
    """(R, D) differences between a group's sides, (R, 2, factors) its choices on either, (R,) blocks."""
    group = design.groups[g]
    within, beside, settings = design.sides()
    masks = list(design.masks)
    here = [k for k, m in enumerate(masks) if not m >> g & 1 and m | 1 << g in masks]
    there = [masks.index(masks[k] | 1 << g) for k in here]
    delta = (cubes[:, :, here] - cubes[:, :, there]).mean(2)
    chosen = settings[:, :, list(group.settings)]
    if not group.items:
        known = np.isfinite(delta).all(-1)
        mean = np.where(known[..., None], delta, 0.0).sum(1) / np.maximum(known.sum(1), 1)[:, None]
        mean[~known.any(1)] = np.nan
        return np.asarray(mean), chosen, np.arange(design.blocks)
    items = within[:, :, :, list(group.items)]
    both = np.concatenate([items, np.broadcast_to(chosen[:, None], (*items.shape[:3], chosen.shape[2]))], -1)
    blocks = np.repeat(np.arange(design.blocks), design.within)
    delta, both = delta.reshape(len(blocks), -1), both.reshape(len(blocks), 2, -1)
    if not design.beside:
        return delta, both, blocks
    alone = beside[:, :, :, list(group.items)]
    # both rows of such a pair have one side's settings, so that columns of settings say nothing
    same = np.broadcast_to(chosen[:, None, :1], (*alone.shape[:2], 2, chosen.shape[2]))
    alone = np.concatenate([alone, same], -1).reshape(design.blocks * design.beside, 2, -1)
    more = design.pairs(points).reshape(len(alone), -1)
    return (
        np.concatenate([delta, more]), np.concatenate([both, alone]),
        np.concatenate([blocks, np.repeat(np.arange(design.blocks), design.beside)]),
    )  # fmt: skip
