"""What one design's trainings say: spread, noise, quality and lock-in, each with what every draw did to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from activeseed.analyses.lock_in.ratio import Ratio, fieller
from activeseed.analyses.lock_in.record import debiased
from activeseed.outcome import Bools
from activeseed.plan import Floats
from activeseed.stack.designs.measured import UNKNOWN, Measured, Part, mean_of
from activeseed.stack.designs.once import left_of, taken_once
from activeseed.stack.designs.places import Read
from activeseed.stack.designs.runs import Moved, Ran

Quality = Literal["accuracy", "brier", "auc"]
#: names of what is drawn
BLOCKS, PROBES, ITEMS, KEYS = "draws and keys", "probes", "items", "keys of lock-in"


@dataclass(frozen=True)
class Measures:
    """What is known of one design.

    Attributes:
        spread: of the systematic outcome over plausible seeds, noise removed.
        noise: mean squared distance of two trainings of one seed, halved: the noise floor.
        quality: by measure, of single trainings of the seed as it stands; empty without labels.
        openness: logarithm of revision over paraphrase, which is what designs are compared by: what items do to all
            designs alike cancels there. Not known where either was not measured above zero.
        ratio: revision over paraphrase, with Fieller's set.
        revision: mean response to a legitimate revision.
        paraphrase: mean response to a paraphrase.
        failed: trainings that failed.
    """

    spread: Measured
    noise: float
    quality: dict[Quality, Measured]
    openness: Measured = UNKNOWN
    ratio: Ratio = Ratio(float("nan"), float("nan"), float("nan"))  # noqa: RUF009 (frozen)
    revision: float = float("nan")
    paraphrase: float = float("nan")
    failed: int = 0


def measures(ran: Ran, moved: Moved | None, read: Read, items: int, own: str = "") -> Measures:
    """All of it.

    Args:
        moved: what revisions and paraphrases did; None where that is not known.
        items: of the seed: a sample of them was changed.
        own: names draws that no other design has; empty for those that all share.
    """
    blocks = f"{BLOCKS} of {own}" if own else BLOCKS
    points = read.points(ran.values)
    ok = np.asarray(ran.ok.all(-1), np.bool_)
    spread, noise = _spread(points[:, :-1], ok[:, :-1], blocks)
    found: dict[Quality, Measured] = {}
    if len(read.labelled) > 1:
        found = quality_of(ran.values[:, -1][..., read.labelled], ok[:, -1], read.labels, read.groups, blocks)
    failed = int((~ran.ok).sum())
    if moved is None:
        return Measures(spread, noise, found, failed=failed)
    openness, ratio, (revision, paraphrase) = _lock_in(moved, read, items, own)
    return Measures(spread, noise, found, openness, ratio, revision, paraphrase, failed + int((~moved.ok).sum()))


def _spread(points: Floats, ok: Bools, name: str) -> tuple[Measured, float]:
    """(B, D, W, dimensions) -> Σ ⟨x − x̄, y − ȳ⟩ over the degrees of freedom of all blocks; and half of ‖x − y‖²."""
    products, degrees, noise, runs = [], [], 0.0, 0
    for mine, fine in zip(points, ok, strict=True):
        x, y = mine[fine, 0], mine[fine, -1]
        products.append(float(((x - x.mean(0)) * (y - y.mean(0))).sum()) if len(x) > 1 else 0.0)
        degrees.append(max(0, len(x) - 1))
        noise += float(((x - y) ** 2).sum())
        runs += len(x)
    free, total = np.array(degrees, np.float64), np.array(products)
    if (free > 0).sum() < 3:
        return UNKNOWN, float("nan")
    value = float(total.sum() / free.sum())
    influence = (total - free * value) / free.sum()
    return Measured(value, {name: Part(influence, ("",) * len(free))}), noise / (2 * runs)


def quality_of(
    values: Floats, ok: Bools, labels: Bools, groups: tuple[str, ...], blocks: str = BLOCKS
) -> dict[Quality, Measured]:
    """(B, W, P) outcomes of the seed as it stands at labelled places -> quality of its single trainings.

    Args:
        ok: (B,) blocks that were trained.
        labels: (P,) approve or not.
        groups: of the places: probes are drawn anew within them.
    """
    hits = np.where(ok[:, None], ((values > 0.5) == labels).mean(1), np.nan)
    misses = np.where(ok[:, None], ((values - labels) ** 2).mean(1), np.nan)
    out: dict[Quality, Measured] = {"accuracy": _both_ways(hits, blocks, groups)}
    out["brier"] = _both_ways(misses, blocks, groups)
    if 0 < labels.sum() < len(labels):
        out["auc"] = _auc(values, ok, labels, blocks)
    return out


def _both_ways(table: Floats, blocks: str, groups: tuple[str, ...]) -> Measured:
    """The mean of a (B, P) table, over blocks and over probes."""
    over = mean_of(table.mean(1), blocks)
    if not over.known:
        return over
    probes = mean_of(np.nanmean(table, 0), PROBES, groups).parts
    count = table.shape[1]
    both = left_of(table, np.full(count, 1.0 / count), tuple(groups) or ("",) * count)
    return Measured(over.value, {**over.parts, **probes}, {(blocks, PROBES): both})


def _auc(values: Floats, ok: Bools, labels: Bools, blocks: str) -> Measured:
    """Mean over runs of the share of pairs in the right order; over probes by DeLong, DeLong & Clarke-Pearson (1988).

    Its part over probes goes by the names of the others', though drawn within the labels: AUCs are compared with AUCs.
    """
    table = np.full((len(ok), len(labels)), np.nan)  # how often each probe is in order with those of the other label
    for b in np.flatnonzero(ok):
        right = np.mean([_in_order(run[labels], run[~labels]) for run in values[b]], 0)
        table[b, labels], table[b, ~labels] = right.mean(1), right.mean(0)
    over = mean_of(table[:, labels].mean(1), blocks)
    if not over.known:
        return over
    each = np.where(labels, 1.0 / labels.sum(), 1.0 / (~labels).sum())
    strata = tuple("approve" if y else "reject" for y in labels)
    parts = {**over.parts, PROBES: Part((table[ok].mean(0) - over.value) * each, strata)}
    return Measured(over.value, parts, {(blocks, PROBES): left_of(table, each, strata)})


def _in_order(approve: Floats, reject: Floats) -> Floats:
    """(m, n) whether each pair is in the right order, ties counted half."""
    return np.asarray((approve[:, None] > reject) + 0.5 * (approve[:, None] == reject), np.float64)


def _lock_in(moved: Moved, read: Read, items: int, own: str) -> tuple[Measured, Ratio, tuple[float, float]]:
    """Openness, the ratio, and the two means it is made of: products of different keys, item by item."""
    points = read.points(moved.values)
    delta = points[:, :, 1] - points[:, :, 0]
    keys = len(delta)
    grams = np.einsum("kcd,lcd->ckl", delta, delta)
    grams[~(moved.ok.T[:, :, None] & moved.ok.T[:, None, :])] = np.nan
    responses, left = debiased(grams, keys == 1)
    columns, without = [], []
    for revision in (True, False):
        mine = np.array([c.revision == revision for c in moved.changes])
        columns.append(
            _by_item(responses[mine, None], [c.item for c in moved.changes if c.revision == revision], items)
        )
        without.append(_by_item(left[mine], [c.item for c in moved.changes if c.revision == revision], items))
    both = np.isfinite(columns[0][:, 0]) & np.isfinite(columns[1][:, 0])
    n = int(both.sum())
    unknown = Ratio(float("nan"), float("nan"), float("nan"))
    if n < 3:
        return UNKNOWN, unknown, (float("nan"), float("nan"))
    top, bottom = (float(c[both, 0].mean()) for c in columns)
    # n of all items were changed: the variance is that of their mean, s²/n, whatever part of the items they are
    size = np.sqrt((items - 1) / items / (n * (n - 1)))
    means = zip(columns, (top, bottom), strict=True)
    apart = [np.where(both, np.nan_to_num(c[:, 0]) - m, 0.0) * size for c, m in means]
    changed = f"{ITEMS} of {own}" if own else ITEMS
    parts = [{changed: Part(a, ("",) * items)} for a in apart]
    name = f"{KEYS} of {own}" if own else KEYS
    values = [np.zeros((keys, items)), np.zeros((keys, items))]
    if keys > 1:
        for part, of, column, left_out in zip(parts, values, columns, without, strict=True):
            each = left_out[both].mean(0)
            part[name] = Part(-(keys - 1) / keys * (each - each.mean()), ("",) * keys)
            of[:, both] = (keys * column[both] - (keys - 1) * left_out[both]).T  # the jackknife's pseudo-values
    twice = [_twice(of, both) for of in values]
    first, second = taken_once(
        [Measured(m, p, {(name, changed): t}) for m, p, t in zip((top, bottom), parts, twice, strict=True)]
    )
    joint = (first - second).se ** 2
    cross = (first.se**2 + second.se**2 - joint) / 2.0
    covariance = np.array([[first.se**2, cross], [cross, second.se**2]])
    ratio = fieller(top, bottom, covariance, min(first.degrees, second.degrees))
    if top <= 0.0 or bottom <= 0.0:
        return UNKNOWN, ratio, (top, bottom)
    slopes = {
        name: Part(part.influence / top - parts[1][name].influence / bottom, part.groups)
        for name, part in parts[0].items()
    }
    open_to = Measured(float(np.log(top / bottom)), slopes, {(name, changed): twice[0] / top - twice[1] / bottom})
    return open_to, ratio, (top, bottom)


def _twice(values: Floats, both: Bools) -> Floats:
    """(K, items) pseudo-values -> (K · items,) what keys and items only do together (`once.left_of`)."""
    out = np.zeros(values.shape)
    n = int(both.sum())
    out[:, both] = left_of(values[:, both], np.full(n, 1.0 / n), ("",) * n).reshape(len(values), n)
    return out.ravel()


def _by_item(rows: Floats, of: list[int], items: int) -> Floats:
    """(C, K) rows of changes -> (items, K) means over each item's; NaN where an item has none that is known."""
    out = np.full((items, rows.shape[1]), np.nan)
    for item in set(of):
        mine = rows[[n for n, f in enumerate(of) if f == item]]
        fine = mine[np.isfinite(mine).all(1)]
        if len(fine):
            out[item] = fine.mean(0)
    return out
