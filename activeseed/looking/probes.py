"""Probes themselves: do they lie where the seed speaks, and what would they weigh if they stood for something else.

Coverage: a group of items is covered where its items have probes as near as they have one another, and, where probes
have groups of the same names, one of its own. Nearness finds probes that speak of something else altogether; topics
that an embedder hardly tells apart, only names tell apart. Weights: the density ratio of a target to the probes, from
how well a classifier tells the two apart (Sugiyama, Suzuki & Kanamori 2012, section 4.1): odds of *target* at a probe,
predicted by a fit that has not seen it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from activeseed.errors import PlanError
from activeseed.plan import Floats, Materials
from activeseed.seed import Json, Payload, Probe, Seed

#: share of the items' own nearest distances within which a nearest probe is as near as they are
NEAR = 0.9
#: a group is covered where so many of its items have a probe that near
COVERED = 0.5
#: items whose texts are named as what to add
NAMED = 2
#: folds of the classifier, and how many of each it takes
FOLDS, LEAST = 5, 10
#: weights of more than so many times the average are cut: few probes would decide all
MOST = 10.0


@dataclass(frozen=True)
class GroupCover:
    """How well probes cover one group of items.

    Attributes:
        group: of items; empty for all of a seed without groups.
        items: that stand in it.
        named: probes that are of a group of this name.
        distance: median distance of its items to their nearest probe, in the embedder's features.
        spacing: median distance of its items to their nearest among themselves (of a single item, of all items).
        near: share of its items that have a probe as near as nine in ten of them have each other.
        covered: half of its items or more are near a probe, and a probe is of its name, where any is of a group's name.
        furthest: ids of the items that are furthest from any probe.
    """

    group: str
    items: int
    named: int
    distance: float
    spacing: float
    near: float
    covered: bool
    furthest: tuple[str, ...]

    @property
    def words(self) -> str:
        """What is missing, and what to add."""
        if self.near >= COVERED:
            return (
                f"No probe is of group {self.group!r}, though others are of groups of the seed: what hinges on its "
                f"{self.items} items may be seen nowhere. Add probes of that group, about such things as "
                f"{' and '.join(repr(i) for i in self.furthest)} are."
            )
        what = f"group {self.group!r}" if self.group else "the seed"
        factor = (
            f"{self.distance / self.spacing:.1f} times as far from any probe as" if self.spacing > 0 else "away from"
        )
        return (
            f"No probe is near {what}: its items are {factor} from each other, so what hinges on them may be seen "
            f"nowhere. Add probes about such things as {' and '.join(repr(i) for i in self.furthest)} are."
        )

    def to_dict(self) -> dict[str, Json]:
        """Plain numbers and texts."""
        return {
            "group": self.group, "items": self.items, "named": self.named, "distance": self.distance,
            "spacing": self.spacing, "near": self.near, "covered": self.covered, "furthest": list(self.furthest),
        }  # fmt: skip


def coverage(seed: Seed, probes: Sequence[Probe], materials: Materials) -> tuple[GroupCover, ...]:
    """Each group of items that stand, worst covered first; none where features can't be had or nothing compares.

    Distances are Euclidean in the features that the study's embedder makes. Cost: O(F · (F + P) · d).
    """
    standing = [
        (item.id, item.group, payload)
        for item, v in zip(seed.items, seed.base, strict=True)
        if (payload := item.variants[v].payload) is not None
    ]
    if not probes or len(standing) < 2:
        return ()
    found = _features([p for _, _, p in standing], [p.payload for p in probes], materials)
    if found is None:
        return ()
    items, there = found
    own, others = _distances(items, items), _distances(items, there)
    np.fill_diagonal(own, np.inf)
    out = []
    names = seed.groups or ("",)
    shared = bool({p.group for p in probes} & set(seed.groups))
    for name in names:
        mine = np.array([n for n, (_, group, _) in enumerate(standing) if group == name], np.int64)
        if not len(mine):
            continue
        among = own[np.ix_(mine, mine)].min(1) if len(mine) > 1 else own.min(1)
        nearest = others[mine].min(1)
        near = float((nearest <= np.quantile(among, NEAR) + 1e-9).mean())
        named = sum(p.group == name for p in probes) if name else 0
        far = [standing[mine[n]][0] for n in np.argsort(-nearest, kind="stable")[:NAMED]]
        out.append(
            GroupCover(
                name, len(mine), named, float(np.median(nearest)), float(np.median(among)), near,
                near >= COVERED and (named > 0 or not shared), tuple(far),
            )
        )  # fmt: skip
    return tuple(sorted(out, key=lambda g: (g.covered, g.near)))


@dataclass(frozen=True)
class Weighted:
    """Probes weighted as if they had been drawn like a target.

    Attributes:
        weights: (P,) mean one.
        effective: how many equally weighted probes would be as sure: (Σ w)² / Σ w².
        cut: how many weights were cut at 10.
        told_apart: area under the ROC curve of the classifier, out of fold: ½ where the two look alike, 1 where
            nothing of the one is like the other, and no weighting helps.
    """

    weights: Floats
    effective: float
    cut: int
    told_apart: float

    @property
    def words(self) -> str:
        """What the weighting costs, in words."""
        n = len(self.weights)
        said = f"{n} weighted probes are worth {self.effective:.0f} of equal weight"
        if self.told_apart > 0.95:
            said += "; they hardly overlap with the target, so that weights mend little: take probes from it instead"
        elif self.effective < n / 4:
            said += "; few of them decide"
        return said + "."


def weights_towards(probes: Sequence[Probe], target: Sequence[Probe], materials: Materials, key: int) -> Weighted:
    """Weights that make means over the probes estimate means over the target.

    Each probe's own weight is kept as a factor. Logistic regression, its penalty by cross-validation, five folds out of
    which odds are taken.

    Args:
        target: what the probes are to stand for, such as the pool.
        key: of the folds.

    Raises:
        PlanError: fewer than 10 of either, or nothing that both have features of.
    """
    if min(len(probes), len(target)) < LEAST:
        raise PlanError(
            f"{len(probes)} probes and {len(target)} targets: a density ratio takes {LEAST} of each. Give more."
        )
    found = _features([p.payload for p in probes], [p.payload for p in target], materials)
    if found is None:
        raise PlanError("Probes and target have no features in common, so their densities can't be compared.")
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x = np.concatenate(found)
    y = np.repeat([0, 1], [len(probes), len(target)])
    seeds = np.random.Generator(np.random.Philox(key=key)).integers(2**31, size=2)
    folds, inner = (StratifiedKFold(FOLDS, shuffle=True, random_state=int(s)) for s in seeds)
    penalties = {"logisticregression__C": np.logspace(-4, 2, 7)}
    straight = make_pipeline(StandardScaler(with_std=False), LogisticRegression(max_iter=2000))
    fit = GridSearchCV(straight, penalties, cv=inner, scoring="neg_log_loss")
    p = np.clip(cross_val_predict(fit, x, y, cv=folds, method="predict_proba")[:, 1], 1e-6, 1.0 - 1e-6)
    here = p[: len(probes)]
    own = np.array([probe.weight for probe in probes], np.float64)
    ratio = here / (1.0 - here) * (len(probes) / len(target)) * (own / own.mean())
    ratio = ratio / ratio.mean()
    weights = np.minimum(ratio, MOST)
    weights = weights / weights.mean()
    return Weighted(
        np.asarray(weights, np.float64), float(weights.sum() ** 2 / (weights**2).sum()), int((ratio > MOST).sum()),
        float(roc_auc_score(y, p)),
    )  # fmt: skip


def _features(
    first: Sequence[Payload], second: Sequence[Payload], materials: Materials
) -> tuple[Floats, Floats] | None:
    """Features of both in one space; None where there are none, or the two are of different kinds."""
    if {p.kind for p in first} != {p.kind for p in second}:
        return None
    try:
        a, b = (np.asarray(materials.features(list(s)), np.float64) for s in (first, second))
    except PlanError:
        return None
    return (a, b) if a.size and a.shape[1:] == b.shape[1:] else None


def _distances(a: Floats, b: Floats) -> Floats:
    square = (a**2).sum(1)[:, None] + (b**2).sum(1)[None, :] - 2.0 * a @ b.T
    return np.asarray(np.sqrt(np.maximum(square, 0.0)), np.float64)
