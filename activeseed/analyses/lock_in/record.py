"""Lock-in: does the outcome answer to what is meant, or to how it is put?

An item is revised (dropped, flipped, edited by a person) and perturbed (paraphrased, framed, drifted), the seed
otherwise as it stands. Each response is ‖m(changed) − m(as it stands)‖², products of different keys, so that noise adds
nothing to it. Revision over paraphrase, of the same items: a low ratio means that legitimate revision moves less than
wording does, which is to be locked in to an accident of wording. Errors are over items as if the author had written
others of the kind, over keys, and over probes; their variances are added.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field

from activeseed.analyses.lock_in.found import Against, ItemResponse, LockedIn, Response
from activeseed.analyses.lock_in.ratio import fieller
from activeseed.checked import SettingsRecord
from activeseed.contrast import ABSENT_INDEX
from activeseed.errors import PlanError, TrainingError
from activeseed.estimators.over_probes import LEAST, at_places, resampled
from activeseed.estimators.statistics import ENOUGH_KEYS, jackknife_covariance
from activeseed.outcome import Outcomes
from activeseed.plan import Change, Floats, OneAtATime, stream_key
from activeseed.protocols import Cost, Problem, Request, Run, SupportsPlaces
from activeseed.seed import BY_MACHINE

Revision = Literal["absent", "flipped", "edit", "wording"]
#: what should make no difference, or less of one
PERTURBATIONS: tuple[str, ...] = (*sorted(BY_MACHINE, reverse=True), "wording")
#: fewer items than this have no error
ENOUGH_ITEMS = 3


class LockIn(SettingsRecord):
    """Response to legitimate revision over response to paraphrase.

    >>> act.LockIn().revisions
    ('absent', 'flipped', 'edit')

    Attributes:
        keys: replicates, where the trainer has randomness.
        revisions: which variants are a legitimate revision, by origin: ``absent``, ``flipped``, ``edit`` (a person
            rewrote it), ``wording`` (another human wording, else one of the things that should make no difference).
        items: items that are measured at most, in the seed's order; 0 is all.
        variants: variants of one origin that are measured of an item at most.
    """

    kind: Literal["lock_in"] = "lock_in"
    keys: int = Field(default=ENOUGH_KEYS, ge=2, le=10_000)
    revisions: tuple[Revision, ...] = Field(default=("absent", "flipped", "edit"), min_length=1)
    items: int = Field(default=0, ge=0)
    variants: int = Field(default=3, ge=1, le=100)

    @property
    def reads_belief(self) -> bool:
        """No: what stands is revised and reworded, whatever is believed of it."""
        return False

    def design(self, problem: Problem) -> tuple[list[_Changed], OneAtATime]:
        """What is changed, and the rows for it. Raises PlanError where no item has both."""
        changed: list[_Changed] = []
        taken = 0
        for f, (item, base) in enumerate(zip(problem.seed.items, problem.base, strict=True)):
            if base == ABSENT_INDEX or f in problem.held or (self.items and taken >= self.items):
                continue
            mine: dict[str, list[int]] = {}
            for v, variant in enumerate(item.variants):
                if v != base and variant.origin in {*self.revisions, *PERTURBATIONS}:
                    mine.setdefault(variant.origin, []).append(v)
            if set(mine) - set(self.revisions):
                taken += 1
                changed += [_Changed(f, v, origin) for origin, vs in mine.items() for v in vs[: self.variants]]
        if not changed:
            raise PlanError(
                "No item that stands has another wording, so there is no paraphrase to hold a revision against. Add "
                'one to activeseed.toml, perturbations = [{ kind = "paraphrase" }], and take the seed in again with '
                "`activeseed seed sync FILE`; or give items `variants` in the seed's file."
            )
        if not any(c.origin in self.revisions for c in changed):
            raise PlanError(
                f"No item that can be reworded has a revision of the kinds {', '.join(self.revisions)}. Name others "
                "(--revision absent)."
            )
        ids = problem.ids
        changes = tuple(Change(f"{ids[c.item]}: {c.origin}", (c.item,), (c.variant,)) for c in changed)
        keys = range(problem.first_key, problem.first_key + (1 if problem.deterministic else self.keys))
        return changed, OneAtATime(problem.base, changes, tuple(keys))

    def cost(self, problem: Problem) -> Cost:
        """See ``protocols.Analysis``: keys × (changes + one base a block) rows."""
        return problem.each * self.design(problem)[1].size

    def run(self, problem: Problem) -> Run[LockedIn]:
        """See ``protocols.Analysis``. Raises PlanError where nothing is reworded, or nothing revised."""
        changed, design = self.design(problem)
        outcomes = yield Request(design, "revisions and paraphrases")
        measured = _Measured(changed, *_moved(design, outcomes, problem), problem)
        return measured.found(self.revisions, len(design.keys))


@dataclass(frozen=True)
class _Changed:
    item: int
    variant: int
    origin: str


def _moved(design: OneAtATime, outcomes: Outcomes, problem: Problem) -> tuple[Floats, Floats]:
    """(C, K, K) Grams of each change's differences, and (C, P) responses by place; NaN where a training failed."""
    points = problem.geometry.embed(outcomes.values)
    keys, exact = len(design.keys), problem.deterministic
    geometry = problem.geometry
    by_place = isinstance(geometry, SupportsPlaces) and len(geometry.weights) == len(problem.places) >= LEAST
    grams = np.full((len(design.changes), keys, keys), np.nan)
    places = np.full((len(design.changes), len(problem.places) if by_place else 0), np.nan)
    for c in range(len(design.changes)):
        at = np.array([design.place(k, c) for k in range(keys)])
        fine = outcomes.ok[at].all(1)
        delta = points[at[:, 1]] - points[at[:, 0]]
        mine = np.flatnonzero(fine)
        if len(mine) < (1 if exact else 2):
            continue
        grams[c][np.ix_(mine, mine)] = delta[mine] @ delta[mine].T
        if by_place:
            assert isinstance(geometry, SupportsPlaces)
            square = (delta[mine] ** 2).sum(0)
            n = len(mine)
            part = square if exact else (delta[mine].sum(0) ** 2 - square) / (n * (n - 1))
            places[c] = at_places(geometry, part) / geometry.weights
    if np.isnan(grams[:, range(keys), range(keys)]).all():
        why = next(iter(outcomes.failures.values()), "no reason was given")
        raise TrainingError(f"No change of any item was trained, so lock-in can't be told: {why}")
    return grams, places


class _Measured:
    """Responses of every change, averaged as they are asked for."""

    def __init__(self, changed: Sequence[_Changed], grams: Floats, places: Floats, problem: Problem) -> None:
        self._changed = changed
        self._places = places
        self._problem = problem
        self._exact = problem.deterministic
        self._responses, self._left = _debiased(grams, self._exact)
        geometry = problem.geometry
        if places.shape[1]:
            assert isinstance(geometry, SupportsPlaces)
            drawn = resampled([p.group for p in problem.places], stream_key(problem.stream, "lock-in"))
            self._drawn = drawn * geometry.weights
            self._drawn = self._drawn / self._drawn.sum(1, keepdims=True)

    def found(self, revisions: Sequence[str], keys: int) -> LockedIn:
        origins = list(dict.fromkeys(c.origin for c in self._changed))
        first = [o for o in revisions if o in origins]
        others = [o for o in PERTURBATIONS if o in origins and o not in revisions]
        responses = []
        for origin in (*first, *others):
            table = self._table([(origin,)])
            value, covariance, _, _ = self._mean(table)
            responses.append(Response(origin, len(table[0]), float(value[0]), float(np.sqrt(covariance[0, 0]))))
        against = [a for a in (self._against(first, other) for other in others) if a is not None]
        notes = []
        failed = int(np.isnan(self._responses).sum())
        if failed:
            notes.append(f"{failed} of {len(self._changed)} changes are left out, since their trainings failed.")
        if self._exact:
            notes.append("The trainer has no randomness: errors are over items and probes alone.")
        if "wording" in others:
            notes.append(
                "Human wordings count as what should make no difference. Where they mean something else, name them "
                "as revisions (--revision wording)."
            )
        return LockedIn(
            unit=self._problem.geometry.unit, keys=keys, exact=self._exact, revisions=tuple(first),
            responses=tuple(responses), against=tuple(against), items=self._items(first, others), notes=tuple(notes),
        )  # fmt: skip

    def _against(self, revisions: Sequence[str], other: str) -> Against | None:
        table = self._table([revisions, (other,)])
        if not len(table[0]):
            return None
        (top, bottom), covariance, parts, degrees = self._mean(table)
        ratio = fieller(float(top), float(bottom), covariance, degrees)
        along = np.array([1.0, -(ratio.value if np.isfinite(ratio.value) else 1.0)])
        shares = {name: float(along @ part @ along) for name, part in parts.items()}
        total = sum(shares.values())
        return Against(
            perturbation=other, items=len(table[0]), revision=float(top), paraphrase=float(bottom), ratio=ratio.value,
            low=ratio.low, high=ratio.high, shape=ratio.shape,
            errors={name: s / total if total > 0 else 0.0 for name, s in shares.items()},
        )  # fmt: skip

    def _table(self, wanted: Sequence[Sequence[str]]) -> list[list[list[int]]]:
        """For each column the changes of each item that has one of every column: column -> item -> changes."""
        known = [n for n in range(len(self._changed)) if np.isfinite(self._responses[n])]
        by_item: dict[int, list[list[int]]] = {}
        for n in known:
            change = self._changed[n]
            for column, origins in enumerate(wanted):
                if change.origin in origins:
                    by_item.setdefault(change.item, [[] for _ in wanted])[column].append(n)
        whole = [columns for columns in by_item.values() if all(columns)]
        return [[columns[c] for columns in whole] for c in range(len(wanted))]

    def _mean(self, table: list[list[list[int]]]) -> tuple[Floats, Floats, dict[str, Floats], float]:
        """Means over items of each column, their covariance, its parts, and its degrees of freedom."""
        items = np.array([[self._responses[mine].mean() for mine in column] for column in table])
        n = items.shape[1]
        means = items.mean(1) if n else np.full(len(table), np.nan)
        size = (len(table), len(table))
        unknown = np.full(size, np.nan)
        parts: dict[str, Floats] = {"items": np.cov(items).reshape(size) / n if n >= ENOUGH_ITEMS else unknown}
        parts["keys"] = np.zeros(size)
        keys = self._left.shape[1]
        if not self._exact:
            left = np.array([[self._left[mine].mean(0) for mine in column] for column in table]).mean(1)
            parts["keys"] = jackknife_covariance(left) if keys > 2 else unknown
        parts["probes"] = np.zeros(size)
        if self._places.shape[1] and n:
            each = np.array([[self._places[mine].mean(0) for mine in column] for column in table]).mean(1)
            parts["probes"] = np.cov(each @ self._drawn.T).reshape(size)
        total = sum(parts.values(), np.zeros(size))
        freedom = {"items": n - 1.0, "keys": keys - 1.0, "probes": max(1.0, self._places.shape[1] - 1.0)}
        along = np.ones(len(table))
        rough = sum(float(along @ p @ along) ** 2 / max(freedom[name], 1.0) for name, p in parts.items())
        square = float(along @ total @ along) ** 2
        return means, total, parts, square / rough if rough > 0 else 1.0

    def _items(self, revisions: Sequence[str], others: Sequence[str]) -> tuple[ItemResponse, ...]:
        by: dict[int, dict[str, list[float]]] = {}
        for change, response in zip(self._changed, self._responses, strict=True):
            if np.isfinite(response):
                origin = "revision" if change.origin in revisions else change.origin
                by.setdefault(change.item, {}).setdefault(origin, []).append(float(response))
        out = [
            ItemResponse(
                self._problem.ids[f], float(np.mean(m.get("revision", [np.nan]))),
                {o: float(np.mean(m[o])) for o in others if o in m},
            )
            for f, m in by.items()
        ]  # fmt: skip
        return tuple(sorted(out, key=lambda i: -max(i.perturbations.values(), default=0.0)))


def _debiased(grams: Floats, exact: bool) -> tuple[Floats, Floats]:
    """(C,) responses, noise removed, and (C, K) with one key left out; NaN where it was not trained.

    A key that failed for a change is left out of that change alone.
    """
    keys = grams.shape[-1]
    diagonal = np.einsum("ckk->ck", grams)
    if exact:
        return np.asarray(diagonal[:, 0]), np.repeat(diagonal[:, :1], keys, axis=1)
    fine = ~np.isnan(diagonal)
    n = fine.sum(1)
    whole = np.nan_to_num(grams)
    others = whole.sum(2) - np.nan_to_num(diagonal)
    total = others.sum(1)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(n > 1, total / (n * (n - 1)), np.nan)
        left = (total[:, None] - 2.0 * others) / ((n - 1) * (n - 2))[:, None]
        left = np.where(fine & (n > 2)[:, None], left, value[:, None])
    return np.asarray(value), np.asarray(left)
