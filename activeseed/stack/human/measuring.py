"""From what whole studies came to, to what is said of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from activeseed.analyses.basins.counting import support_of
from activeseed.analyses.budget.estimating import ENOUGH_BLOCKS, holm
from activeseed.errors import TrainingError
from activeseed.plan import Floats, generator
from activeseed.stack.human.apart import apart, by_block, left_of, of_seeds, spread_of
from activeseed.stack.human.found import Factor, HumanFound, Left, Way
from activeseed.stack.human.moving import Steps, by_order, moved, steps_of
from activeseed.stack.human.one import CameTo, across
from activeseed.stack.human.planned import Plan
from activeseed.stack.human.record import FACTORS
from activeseed.stack.human.runs import block_size
from activeseed.stack.human.ways import Crew, Method

#: subsets of the studies in which basins of their outcomes are counted
SUBSETS = 24
#: level of naming a crew or a method as one that leaves another share of the error
ALPHA = 0.05

LIMITS = (
    "Shares are about these ranges: the drafts, designs, crews and methods that were stated, each as likely as any "
    "other. Others would have other shares.",
    "The people are simulated: they know what is meant and err as stated. Real people learn, tire and change their "
    "minds, and nobody here disputes what is meant.",
    "What is meant is one and the same in all studies; nothing is said of an author who means something else.",
)


def measured(plan: Plan, came: Sequence[CameTo]) -> HumanFound:
    """What all studies came to. Raises TrainingError where no block of the plan is whole.

    Args:
        came: in the order of the plan.
    """
    fine = np.array([not c.failure and bool(np.isfinite(c.points[[0, -1]]).any((1, 2)).all()) for c in came])
    size = block_size(len(plan.factors))
    whole = fine.reshape(-1, size).all(1)
    if not whole.any():
        why = next((c.failure for c in came if c.failure), "their trainings failed")
        raise TrainingError(f"No block of {size} whole studies is complete, so nothing can be said: {why}")
    runs = [m.run for m in plan.made]
    last, first = _mean_points(came, fine, -1), _mean_points(came, fine, 0)
    width = max(len(i.variants) for i in plan.study.seed.items)
    stood, drafted = (_variants(plan, came, fine, look, width) for look in (-1, 0))
    geometry = plan.study.system.geometry(plan.study.materials)
    steps = [steps_of(c) if ok else None for c, ok in zip(came, fine, strict=True)]
    errors = _errors(plan, came, fine)
    everyone = [True] * len(runs)
    return HumanFound(
        studies=len(came), blocks=int(whole.sum()), failed=int((~fine).sum()), answers=plan.asked.answers,
        trainings=sum(c.trainings for c in came), seconds=float(sum(c.seconds for c in came)), unit=geometry.unit,
        factors=tuple(Factor(name, FACTORS[name], _ranges(plan, name)) for name in plan.factors),
        spreads=(
            spread_of(last, plan.factors, "outcomes", geometry.unit),
            spread_of(stood, plan.factors, "seeds", "share of the items"),
            spread_of(first, plan.factors, "first outcomes", geometry.unit),
        ),
        washed=_washed(plan, {"outcomes": (first, last), "seeds": (drafted, stood)}),
        errors=tuple(left_of(of, by_block(a, runs), by_block(b, runs)) for of, (a, b) in errors.items()),
        basins=_basins(plan, last, [not r.again for r in runs] & fine),
        moved=moved(steps, runs, geometry.unit, everyone),
        ways=_ways(plan, steps, errors, geometry.unit),
        folder=plan.folder.relative_to(plan.study.folder).as_posix(),
        notes=_notes(plan, came, fine, int(whole.sum())), limits=LIMITS,
    )  # fmt: skip


def _mean_points(came: Sequence[CameTo], fine: Floats, look: int) -> Floats:
    """(R, D) mean over keys of the outcome at a look; NaN for a study that failed."""
    wide = next(c.points.shape[-1] for c, ok in zip(came, fine, strict=True) if ok)
    out = np.full((len(came), wide), np.nan)
    for r, c in enumerate(came):
        if fine[r]:
            out[r] = np.nanmean(c.points[look], axis=0)
    return out


def _variants(plan: Plan, came: Sequence[CameTo], fine: Floats, look: int, width: int) -> Floats:
    """(R, F·V) the seed at a look as a point; NaN for a study that failed."""
    empty = np.zeros(len(plan.right), np.int64)
    out = of_seeds(np.stack([c.variants[look] if ok else empty for c, ok in zip(came, fine, strict=True)]), width)
    out[~np.asarray(fine, bool)] = np.nan
    return out


def _washed(plan: Plan, pairs: Mapping[str, tuple[Floats, Floats]]) -> tuple[Left, ...]:
    if "draft" not in plan.factors:
        return ()
    n, which = len(plan.factors), plan.factors.index("draft")
    return tuple(left_of(of, apart(a, n, which), apart(b, n, which)) for of, (a, b) in pairs.items())


def _errors(plan: Plan, came: Sequence[CameTo], fine: Floats) -> dict[str, tuple[Floats, Floats]]:
    """What -> ((R,) at the first draft, (R,) at the end): distance from what is meant, and items that are wrong."""
    distance, wrong = np.full((2, len(came)), np.nan), np.full((2, len(came)), np.nan)
    for r, c in enumerate(came):
        if fine[r]:
            for k, look in enumerate((0, -1)):
                away = c.points[look] - c.right
                away = away[np.isfinite(away).all(1)]
                distance[k, r] = across(away, away)
                wrong[k, r] = float((c.variants[look] != plan.right).sum())
    return {"distance from what is meant": (distance[0], distance[1]), "items that are wrong": (wrong[0], wrong[1])}


def _basins(plan: Plan, points: Floats, chosen: Floats) -> dict[int, float]:
    """How often there are so many basins, in subsets of the studies."""
    mine = points[np.asarray(chosen, bool)]
    if len(mine) < 4:
        return {}
    dice = generator(plan.asked.key, "human", "basins")
    return support_of(mine, dice, alpha=0.01, most=8, resamples=SUBSETS)


# --- crews and methods ------------------------------------------------------------------------------------------------


def _ways(
    plan: Plan, steps: Sequence[Steps | None], errors: Mapping[str, tuple[Floats, Floats]], unit: str
) -> tuple[Way, ...]:
    """Each crew and method; none of a factor that has one alone."""
    runs = [m.run for m in plan.made]
    (distance, wrong), out = errors.values(), []
    for factor, all_ in (("annotators", plan.asked.annotators), ("method", plan.asked.methods)):
        if factor not in plan.factors:
            continue
        ways: tuple[Crew | Method, ...] = all_
        for way in ways:
            chosen = [(m.crew if factor == "annotators" else m.method).name == way.name for m in plan.made]
            if not any(chosen):
                continue
            ends = wrong[1][np.asarray(chosen)]
            out.append(
                Way(
                    factor, way.name, way.words, sum(chosen), float(np.nanmean(ends)) if np.isfinite(ends).any() else math.nan,
                    _left_of_way(distance, runs, chosen), moved(steps, runs, unit, chosen), by_order(steps, chosen), False,
                )
            )  # fmt: skip
    return _told_apart(plan, out, distance)


def _sums(values: Floats, blocks: Floats, chosen: Sequence[bool]) -> Floats:
    """(B,) sums over the chosen studies of each block."""
    ok = np.isfinite(values) & np.asarray(chosen, bool)
    return np.bincount(blocks[ok], weights=values[ok], minlength=int(blocks.max()) + 1)


def _left_of_way(distance: tuple[Floats, Floats], runs: Sequence[object], chosen: Sequence[bool]) -> Left:
    """What some studies leave of the distance: ratio of sums, blocks in which there are none left out."""
    blocks = np.array([r.block for r in runs])  # type: ignore[attr-defined]
    there = np.bincount(blocks[np.asarray(chosen, bool)], minlength=int(blocks.max()) + 1) > 0
    first, last = (_sums(d, blocks, chosen)[there] for d in distance)
    each = sum(chosen) / max(1, int(there.sum()))
    found = left_of("distance from what is meant", first / each, last / each)
    return found


def _told_apart(plan: Plan, ways: Sequence[Way], distance: tuple[Floats, Floats]) -> tuple[Way, ...]:
    """The same, with those marked that leave another share of the distance than the first of their factor.

    The difference of two ratios of sums over blocks, linearised; Student's test with one degree of freedom less than
    the blocks in which the rarer of the two is found; Holm over all of them.
    """
    from dataclasses import replace

    from scipy.special import stdtr

    blocks = np.array([m.run.block for m in plan.made])
    total = int(blocks.max()) + 1
    p = np.full(len(ways), np.nan)
    reference: dict[str, tuple[Floats, float, int]] = {}
    for k, way in enumerate(ways):
        crew = way.factor == "annotators"
        chosen = [(m.crew if crew else m.method).name == way.name for m in plan.made]
        first, last = (_sums(d, blocks, chosen) for d in distance)
        if first.sum() <= 0:
            continue
        ratio = last.sum() / first.sum()
        part = (last - ratio * first) / first.sum()
        found = int((first != 0).sum())
        if way.factor not in reference:
            reference[way.factor] = part, float(ratio), found
            continue
        other, value, there = reference[way.factor]
        se = math.sqrt(total / max(1, total - 1) * float(((part - other) ** 2).sum()))
        degrees = min(found, there) - 1
        if degrees > 0 and se > 0:
            p[k] = 2.0 * float(stdtr(degrees, -abs(ratio - value) / se))
    adjusted = holm(p)
    return tuple(replace(w, differs=bool(adjusted[k] < ALPHA)) for k, w in enumerate(ways))


# --- words ------------------------------------------------------------------------------------------------------------


def _ranges(plan: Plan, factor: str) -> str:
    """What a factor ranges over, in words."""
    if factor == "draft":
        wrong = 1.0 - plan.law.max(1)
        where = "the author's stated belief" if plan.asked.drafts == "author" else "the belief as it is now"
        return f"first drafts drawn from {where}, {wrong.sum():.1f} of {len(wrong)} items wrong on average by the author's word"
    if factor == "design":
        return "; ".join(f"{path} = {', '.join(str(v) for v in values)}" for path, values in plan.designs.items())
    ways: tuple[Crew | Method, ...] = plan.asked.annotators if factor == "annotators" else plan.asked.methods
    return ", ".join(w.name for w in ways)


def _notes(plan: Plan, came: Sequence[CameTo], fine: Floats, blocks: int) -> tuple[str, ...]:
    notes = list(plan.notes)
    size = block_size(len(plan.factors))
    if blocks < ENOUGH_BLOCKS:
        notes.append(
            f"{len(came)} studies are {blocks} blocks of {size}: too few for intervals of shares, which take "
            f"{ENOUGH_BLOCKS * size} studies. Shares without one may be anything."
        )
    if failed := int((~np.asarray(fine, bool)).sum()):
        why = next((c.failure for c in came if c.failure), "all trainings of a look failed")
        notes.append(
            f"{failed} of {len(came)} studies failed, and their blocks are left out of shares. The first: {why}"
        )
    if "design" not in plan.factors:
        notes.append("Designs did not differ: the trainer² has no settings that were varied.")
    short = [c for c, ok in zip(came, fine, strict=True) if ok and c.answers[-1] < plan.asked.answers]
    if short:
        notes.append(
            f"{len(short)} studies ended before {plan.asked.answers} answers: nothing was left that was worth asking."
        )
    return tuple(notes)
