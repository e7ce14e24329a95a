"""Everything that a budget of trainings affords, in one ranking: the settings.

Bootstrap spread and null ladder come first, then effects, then first-order indices and the surrogate, then total
indices for as many items as the rest of the budget affords, the highest-ranked ones first. What had to be cut is said
in a note. `affordable` does it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import ConfigDict, Field

from activeseed.checked import SettingsRecord
from activeseed.laws import LawName, law_named
from activeseed.laws.named import would_import

if TYPE_CHECKING:
    from pathlib import Path

    from activeseed.column import Column
    from activeseed.estimators.affordable import Parts
    from activeseed.outcome import Ranking
    from activeseed.protocols import Cost, Json, Problem, Response, Run

#: where each part's replicate numbers start: fixed, so that a larger seed or more keys reuse what was trained. The
#: ladder shares the effects' keys, and so their trainings.
BOOTSTRAP_KEYS = 10_000
REGRESSION_KEYS = 100_000
JANSEN_KEYS = 10_000_000


class Auto(SettingsRecord):
    """Picks by cost.

    Attributes:
        budget: trainings in all; effects, then first-order indices, have the first claim on them.
        keys: replicates of every effect; 8 for errors, ties and stars, more of them to see rarer jumps of the trainer.
        law: reference law of the effects that rank.
        also: further reference laws; their columns carry the law's name.
        trainings (in files and calls: ``rows``): rows of the regression; None is max(256, 4 × coefficients).
        pairs: assignments under two keys, for spread and noise floor.
        bases: assignments at which total indices redraw items; 0 leaves total indices out.
        bootstrap_rows: trainings for the bootstrap spread; 0 leaves it out.
        group_rows: trainings for each group's sampling spread; 0 leaves them out.
        ladder: whether to climb the null ladder.
    """

    model_config = ConfigDict(serialize_by_alias=True)

    kind: Literal["auto"] = "auto"
    budget: int = Field(default=4000, ge=100)
    keys: int = Field(default=8, ge=2)
    law: LawName = "drop"
    also: tuple[LawName, ...] = ()
    trainings: int | None = Field(default=None, ge=8, alias="rows")
    pairs: int = Field(default=64, ge=3)
    bases: int = Field(default=24, ge=0)
    bootstrap_rows: int = Field(default=64, ge=0)
    group_rows: int = Field(default=32, ge=0)
    ladder: bool = True

    def would(self, folder: Path) -> tuple[str, Json] | None:
        """See ``protocols.SupportsAgreement``."""
        return would_import((self.law, *self.also))

    def parts(self, problem: Problem) -> Parts:
        """Which estimators run, with what. Raises ConfigError when the budget affords neither effects nor indices."""
        from activeseed.estimators.affordable import affordable

        return affordable(self, problem)

    def unaffordable(self, problem: Problem) -> tuple[str, ...]:
        """See ``protocols.SupportsUnaffordable``."""
        from activeseed.estimators.affordable import unaffordable

        return unaffordable(self, problem)

    @property
    def columns(self) -> tuple[Column, ...]:
        """See ``protocols.Estimator``."""
        from activeseed.estimators.columns import EFFECTS, FIRST_ORDERS, GROUP_SPREAD, TOTALS, under

        further = tuple(c for law in self.also if law != self.law for c in under(law, EFFECTS))
        return tuple({c.name: c for c in (*EFFECTS, *FIRST_ORDERS, *TOTALS, GROUP_SPREAD, *further)}.values())

    def with_law(self, law: str) -> Auto:
        """See ``protocols.SupportsLaw``."""
        law_named(law)
        return self.model_copy(update={"law": law})

    def response(self) -> Response:
        """See ``protocols.SupportsResponse``: the regression that it trains anyway."""
        from activeseed.estimators.regression import Regression

        return Regression(rows=self.trainings, pairs=self.pairs)

    def cost(self, problem: Problem) -> Cost:
        """See ``protocols.Analysis``: never more than ``budget``."""
        from activeseed.estimators.affordable import cost

        return cost(self, problem)

    def run(self, problem: Problem) -> Run[Ranking]:
        from activeseed.estimators.affordable import run

        return run(self, problem)
