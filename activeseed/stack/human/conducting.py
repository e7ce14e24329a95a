"""All whole studies of an outer one, from their cost to what was found; resumable at any moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from activeseed.errors import BudgetError, ConsentError, StoreError
from activeseed.executors.processes import usable_cores
from activeseed.stack.human.found import HumanFound
from activeseed.stack.human.many import conducted
from activeseed.stack.human.measuring import measured
from activeseed.stack.human.one import RESULT, CameTo, came_to
from activeseed.stack.human.planned import Made, Most, Plan, planned, shared_embeddings
from activeseed.stack.human.record import HumanLevel
from activeseed.stack.human.runs import FEWEST, block_size
from activeseed.study.below import began, settle

if TYPE_CHECKING:
    from activeseed.study import Study
    from activeseed.study.progress import Progress

PURPOSE = "whole studies"
#: what else would do where they take too much
FEWER = "fewer studies, or fewer answers in each, take fewer"


@dataclass(frozen=True)
class HumanCost:
    """What whole studies cost at most.

    Attributes:
        studies: of the plan.
        left: of them, those that are not done yet.
        trainings: that these still take at most.
        seconds: by the clock, on the processes that are used; None where no training of this study was timed.
        money: what the trainings cost at most, with its currency; empty where nothing is paid.
    """

    studies: int
    left: int
    trainings: int
    seconds: float | None
    money: str = ""

    @property
    def words(self) -> str:
        """The same as a sentence."""
        each = round(self.trainings / self.left) if self.left else 0
        done = f" ({self.studies - self.left} are done)" if self.left < self.studies else ""
        clock = "" if self.seconds is None else f", about {max(1, round(self.seconds / 60))} min"
        price = f", up to {self.money}" if self.money else ""
        most = f"up to {each:,} trainings each, {self.trainings:,} in all"
        return f"{self.studies} whole studies{done}: {most}{clock}{price}."


def cost_of(study: Study | str | Path, asked: HumanLevel | None = None) -> HumanCost:
    """What the whole studies would cost; none is begun. Raises as ``human_level`` does before it trains."""
    plan = planned(_opened(study), asked or HumanLevel())
    left = _left(plan)
    most = plan.still(left)
    money = plan.study.budget.said(most.money) if most.money else ""
    return HumanCost(len(plan.made), len(left), most.trainings, _seconds(plan, most, left), money)


def run_all(study: Study | str | Path, asked: HumanLevel, progress: Progress | None) -> HumanFound:
    """See ``human_level``."""
    outer = _opened(study)
    tell = progress or outer.progress
    plan = planned(outer, asked)
    _account(plan, plan.made)
    left = _left(plan)
    if left:
        outer.try_out()  # before it is said what studies take: a trainer that hides its randomness takes more
        _allowed(plan, left)
        tell(PURPOSE, len(plan.made) - len(left), len(plan.made))
        plan.folder.mkdir(parents=True, exist_ok=True)
        shared_embeddings(plan, left)
        beside = _beside(plan, left)
        began(outer.store, plan.name, len(left), beside)

        def one_more() -> None:
            _account(plan, left)
            still = [m for m in left if not _is_done(plan, m)]
            tell(PURPOSE, len(plan.made) - len(still), len(plan.made))
            if still:
                _allowed(plan, still, midway=True)

        try:
            conducted(plan.jobs(left), beside, one_more)
        finally:
            _account(plan, left)
    found = measured(plan, [_there(plan, m) for m in plan.made])
    outer.keep(asked.kind, asked, found, found.trainings)
    return found


def _opened(study: Study | str | Path) -> Study:
    from activeseed.study import Study

    return study if isinstance(study, Study) else Study.open(study)


def _beside(plan: Plan, left: list[Made]) -> int:
    """Studies that go on at the same time."""
    return max(1, min(plan.asked.workers or usable_cores(), len(left)))


def _left(plan: Plan) -> list[Made]:
    """The studies that are not done."""
    return [m for m in plan.made if came_to(plan.folder_of(m.run)) is None]


def _there(plan: Plan, made: Made) -> CameTo:
    found = came_to(plan.folder_of(made.run))
    if found is None:
        raise StoreError(f"{plan.folder_of(made.run)} does not hold what its study came to. Run it again.")
    return found


# --- what they spend --------------------------------------------------------------------------------------------------


def _account(plan: Plan, made: Sequence[Made]) -> None:
    """Tell the outer journal what these studies have spent by now."""
    study = plan.study
    study.budget.refresh()
    settle(study.folder, study.store, study.budget.below, [plan.name_of(m.run) for m in made])
    study.budget.refresh()
    study.refresh()


def _is_done(plan: Plan, made: Made) -> bool:
    return (plan.folder_of(made.run) / RESULT).exists()


def _seconds(plan: Plan, most: Most, left: list[Made]) -> float | None:
    """By the clock, as whole studies took so far, or else as trainings of the outer study did; None before any."""
    budget = plan.study.budget
    known = budget.below.spent.trainings
    alone = (
        most.trainings * budget.below.work / known if known
        else budget.seconds_for(most.trainings, 1, guess=False)
    )  # fmt: skip
    return None if alone is None else alone / _beside(plan, left)


def _allowed(plan: Plan, left: list[Made], midway: bool = False) -> None:
    """Raise BudgetError or ConsentError where what is left would go beyond what the outer study may spend.

    Args:
        midway: whether studies were run already, and what they came to is kept.
    """
    budget, most = plan.study.budget, plan.still(left)
    budget.refresh()  # others may spend of the same limits
    # what was agreed to of time is held to the time that was taken, and not to a guess of what comes
    seconds = _seconds(plan, most, left) if budget.limits.seconds or not midway else None
    try:
        budget.allow(f"A plan of {len(left)} whole studies", most.trainings, most.money, seconds, FEWER)
    except ConsentError:
        raise
    except BudgetError as error:
        raise BudgetError(f"{error}{_kept(plan, left)}") from error


def _kept(plan: Plan, left: list[Made]) -> str:
    """What is there of a plan that can't go on, as the end of a message."""
    done = len(plan.made) - len(left)
    if not done:
        return ""
    size = block_size(len(plan.factors))
    whole = min((m.run.number for m in left), default=len(plan.made)) // size
    enough = f" {whole * size} studies say what these came to, and cost nothing more." if whole >= FEWEST else ""
    return f" {done} of {len(plan.made)} are done, and kept.{enough}"
