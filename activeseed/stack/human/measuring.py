"""From what whole studies came to, to what is said of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from activeseed.analyses.basins.counting import support_of
from activeseed.analyses.budget.intervals import ENOUGH_BLOCKS
from activeseed.errors import TrainingError
from activeseed.outcome import Bools
from activeseed.plan import Floats, generator
from activeseed.stack.human.apart import apart, by_block, left_of, of_seeds, spread_of
from activeseed.stack.human.found import Factor, HumanFound, Left
from activeseed.stack.human.moving import moved, steps_of
from activeseed.stack.human.one import CameTo, across
from activeseed.stack.human.planned import Plan
from activeseed.stack.human.record import FACTORS
from activeseed.stack.human.runs import block_size
from activeseed.stack.human.telling import ways_of
from activeseed.stack.human.ways import Crew, Method

#: subsets of the studies in which basins of their outcomes are counted
SUBSETS = 24

LIMITS = (
    "Shares are about these ranges: the drafts, designs, crews and methods that were stated, each as likely as any "
    "other. Others would have other shares.",
    "The people are simulated: they know what is meant and err as stated. Real people learn, tire and change their "
    "minds, and nobody here disputes what is meant.",
    "Intervals of shares are over few blocks of studies, and rather too wide: on a closed form they held the truth in "
    "97 to 99 of 100 plans, where 95 is said.",
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
    spent = plan.spent(plan.made)
    return HumanFound(
        studies=len(came), blocks=int(whole.sum()), failed=int((~fine).sum()), answers=plan.asked.answers,
        trainings=spent.trainings, money=spent.money, currency=plan.study.settings.limits.currency,
        people_answers=spent.answers, seconds=float(sum(c.seconds for c in came)), unit=geometry.unit,
        factors=tuple(Factor(name, FACTORS[name], _ranges(plan, name)) for name in plan.factors),
        spreads=(
            spread_of(last, plan.factors, "outcomes", geometry.unit),
            spread_of(stood, plan.factors, "seeds", "share of the items"),
            spread_of(first, plan.factors, "first outcomes", geometry.unit),
        ),
        washed=_washed(plan, {"outcomes": (first, last), "seeds": (drafted, stood)}),
        errors=tuple(left_of(of, by_block(a, runs), by_block(b, runs)) for of, (a, b) in errors.items()),
        basins=_basins(plan, last, np.array([not r.again for r in runs]) & fine),
        moved=moved(steps, runs, geometry.unit, everyone),
        ways=ways_of(plan, steps, errors, geometry.unit),
        folder=plan.folder.relative_to(plan.study.folder).as_posix(),
        notes=_notes(plan, came, fine, int(whole.sum())), limits=LIMITS,
    )  # fmt: skip


def _mean_points(came: Sequence[CameTo], fine: Bools, look: int) -> Floats:
    """(R, D) mean over keys of the outcome at a look; NaN for a study that failed."""
    wide = next(c.points.shape[-1] for c, ok in zip(came, fine, strict=True) if ok)
    out = np.full((len(came), wide), np.nan)
    for r, c in enumerate(came):
        if fine[r]:
            out[r] = np.nanmean(c.points[look], axis=0)
    return out


def _variants(plan: Plan, came: Sequence[CameTo], fine: Bools, look: int, width: int) -> Floats:
    """(R, F·V) the seed at a look as a point; NaN for a study that failed."""
    empty = np.zeros(len(plan.right), np.int64)
    out = of_seeds(np.stack([c.variants[look] if ok else empty for c, ok in zip(came, fine, strict=True)]), width)
    out[~fine] = np.nan
    return out


def _washed(plan: Plan, pairs: Mapping[str, tuple[Floats, Floats]]) -> tuple[Left, ...]:
    if "draft" not in plan.factors:
        return ()
    n, which = len(plan.factors), plan.factors.index("draft")
    return tuple(left_of(of, apart(a, n, which), apart(b, n, which)) for of, (a, b) in pairs.items())


def _errors(plan: Plan, came: Sequence[CameTo], fine: Bools) -> dict[str, tuple[Floats, Floats]]:
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


def _basins(plan: Plan, points: Floats, chosen: Bools) -> dict[int, float]:
    """How often there are so many basins, in subsets of the studies."""
    mine = points[chosen]
    if len(mine) < 4:
        return {}
    dice = generator(plan.asked.key, "human", "basins")
    return support_of(mine, dice, alpha=0.01, most=8, resamples=SUBSETS)


# --- words ------------------------------------------------------------------------------------------------------------


def _ranges(plan: Plan, factor: str) -> str:
    """What a factor ranges over, in words."""
    if factor == "draft":
        wrong = 1.0 - plan.law.max(1)
        where = "the author's stated belief" if plan.asked.drafts == "author" else "the belief as it is now"
        said = f"{wrong.sum():.1f} of {len(wrong)} items wrong on average, by the author's word"
        return f"first drafts drawn from {where}, {said}"
    if factor == "design":
        return "; ".join(f"{path} = {', '.join(str(v) for v in values)}" for path, values in plan.designs.items())
    ways: tuple[Crew | Method, ...] = plan.asked.annotators if factor == "annotators" else plan.asked.methods
    return ", ".join(w.name for w in ways)


def _notes(plan: Plan, came: Sequence[CameTo], fine: Bools, blocks: int) -> tuple[str, ...]:
    notes = list(plan.notes)
    size = block_size(len(plan.factors))
    if blocks < ENOUGH_BLOCKS:
        notes.append(
            f"{len(came)} studies are {blocks} blocks of {size}: too few for intervals of shares, which take "
            f"{ENOUGH_BLOCKS * size} studies. Shares without one may be anything."
        )
    if failed := int((~fine).sum()):
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
