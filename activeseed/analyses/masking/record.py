"""Masking: the model level's structural stability. Does the outcome hold when parts of a trained model are gone?"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from activeseed.analyses.masking.curves import MaskedCurve, curve_of, curves_apart
from activeseed.analyses.masking.found import Masked
from activeseed.analyses.masking.given import RATES, check_rates, words_of
from activeseed.analyses.masking.masks import Of
from activeseed.analyses.networked import layout_of
from activeseed.analyses.sides import Side, rows_of
from activeseed.checked import SettingsRecord
from activeseed.errors import TrainingError
from activeseed.estimators.statistics import ENOUGH_KEYS
from activeseed.networks import Network
from activeseed.plan import Explicit, join_rows, with_keys
from activeseed.protocols import NETWORK, Cost, Problem, Request, Run

if TYPE_CHECKING:
    from activeseed.outcome import Outcomes


class Masking(SettingsRecord):
    """How far the outcome of the trained model moves when a share of its units or weights is set to zero at run time.

    S(p) = E D(f, f_mask) over the share p, masks on units (Dropout) and on weights (DropConnect), several keys. Masks
    are of the stream ``mask``; what is kept is scaled by 1/(1 − p). A linear score has no hidden units: its inputs are
    masked. It takes a system that hands out its network.

    >>> study = act.Study.open("work")
    >>> found = study.analyse(act.Masking(rates=(0.0, 0.3), masks=16, keys=2))
    >>> found.curve("weights").value[0]
    0.0

    Attributes:
        of: what is masked.
        rates: p, in [0, 1).
        masks: of each training.
        keys: trainings of each side, where the trainer has randomness.
        side: what is trained.
        against: what its curve is held against, under the same keys and masks; another study's is held against it with
            `curves_apart`.
    """

    kind: Literal["masking"] = "masking"
    of: tuple[Of, ...] = Field(default=("units", "weights"), min_length=1)
    rates: tuple[float, ...] = RATES
    masks: int = Field(default=64, ge=2, le=100_000)
    keys: int = Field(default=ENOUGH_KEYS, ge=1, le=10_000)
    side: Side = Side()
    against: Side | None = None

    @property
    def reads_belief(self) -> bool:
        """Nothing of what is believed is read."""
        return False

    def cost(self, problem: Problem) -> Cost:
        """See ``protocols.Analysis``: keys × sides. Masks train nothing."""
        return problem.each * (self._keys(problem) * (1 if self.against is None else 2))

    def _keys(self, problem: Problem) -> int:
        return 1 if problem.deterministic else self.keys

    def run(self, problem: Problem) -> Run[Masked]:
        """See ``protocols.Analysis``.

        Raises:
            PlanError: a system that hands out no network, a rate outside [0, 1).
            TrainingError: no training succeeded.
        """
        layout = layout_of(problem)
        check_rates(self.rates)
        curves = yield from self._curves(problem, self.side)
        others: tuple[MaskedCurve, ...] = ()
        if self.against is not None:
            others = yield from self._curves(problem, self.against)
        notes = [
            "A distance is that of one mask: what masks do alike, and what each does by itself, which are given apart, "
            "are both in it. What is kept is scaled by 1/(1 − p)."
        ]
        if len(layout.widths) == 2:
            notes.append("The score is linear: it has no hidden units, and its inputs are what is masked as units.")
        if self._keys(problem) == 1:
            notes.append("There is one training: errors are over its masks alone.")
        return Masked(
            side=self.side.name, curves=curves, against="" if self.against is None else self.against.name,
            against_curves=others, apart=tuple(curves_apart(a, b) for a, b in zip(curves, others, strict=False)),
            unit=problem.geometry.unit, over=problem.geometry.over, keys=self._keys(problem), masks=self.masks,
            widths=layout.widths, notes=tuple(notes),
        )  # fmt: skip

    def _curves(self, problem: Problem, side: Side) -> Generator[Request, Outcomes, tuple[MaskedCurve, ...]]:
        layout, materials = layout_of(problem), problem.materials
        assert materials is not None  # there is a layout
        one = rows_of(problem, [side])
        rows = join_rows([with_keys(one, one.keys + k) for k in range(self._keys(problem))])
        answer = yield Request(Explicit(rows), f"networks to mask: {side.name}", state=NETWORK)
        if not answer.ok.any():
            why = next(iter(answer.failures.values()), "no reason was given")
            raise TrainingError(f"No training of {side.name} succeeded, so there is nothing to mask: {why}")
        networks = [Network.of(layout, flat) for flat in answer.values[answer.ok]]
        inputs = np.asarray(materials.features([p.payload for p in problem.places]), np.float64)
        rates = sorted(set(self.rates))
        return tuple(
            curve_of(
                networks,
                inputs,
                problem.geometry,
                of,
                rates,
                self.masks,
                materials.root,
                words_of(of, networks[0]),
                np.flatnonzero(answer.ok).tolist(),
            )
            for of in dict.fromkeys(self.of)
        )
