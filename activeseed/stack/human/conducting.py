"""All whole studies of an outer one, from their cost to what was found; resumable at any moment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from activeseed.errors import StoreError
from activeseed.executors.processes import usable_cores
from activeseed.stack.human.found import HumanFound
from activeseed.stack.human.many import conducted
from activeseed.stack.human.measuring import measured
from activeseed.stack.human.one import CameTo, came_to
from activeseed.stack.human.planned import Made, Plan, most_trainings, planned, shared_embeddings
from activeseed.stack.human.record import HumanLevel

if TYPE_CHECKING:
    from activeseed.study import Study
    from activeseed.study.progress import Progress

PURPOSE = "whole studies"


@dataclass(frozen=True)
class HumanCost:
    """What whole studies cost at most.

    Attributes:
        studies: of the plan.
        left: of them, those that are not done yet.
        trainings: that these take at most.
        seconds: by the clock, on the processes that are used; None where no training of this study was timed.
    """

    studies: int
    left: int
    trainings: int
    seconds: float | None

    @property
    def words(self) -> str:
        """The same as a sentence."""
        each = round(self.trainings / self.left) if self.left else 0
        done = f" ({self.studies - self.left} are done)" if self.left < self.studies else ""
        clock = "" if self.seconds is None else f", about {max(1, round(self.seconds / 60))} min"
        return f"{self.studies} whole studies{done}: up to {each:,} trainings each, {self.trainings:,} in all{clock}."


def cost_of(study: Study | str | Path, asked: HumanLevel | None = None) -> HumanCost:
    """What the whole studies would cost; none is begun. Raises as ``human_level`` does before it trains."""
    plan = planned(_opened(study), asked or HumanLevel())
    return _cost(plan, _left(plan))


def run_all(study: Study | str | Path, asked: HumanLevel, progress: Progress | None) -> HumanFound:
    """See ``human_level``."""
    outer = _opened(study)
    tell = progress or outer.progress
    plan = planned(outer, asked)
    left = _left(plan)
    _allowed(plan, left)
    if left:
        tell(PURPOSE, len(plan.made) - len(left), len(plan.made))
        plan.folder.mkdir(parents=True, exist_ok=True)
        shared_embeddings(plan, left)
        done = len(plan.made) - len(left)

        def one_more() -> None:
            nonlocal done
            done += 1
            tell(PURPOSE, done, len(plan.made))

        conducted(plan.jobs(left), _workers(asked), one_more)
    found = measured(plan, [_there(plan, m) for m in plan.made])
    outer.keep(asked.kind, asked, found, found.trainings)
    return found


def _opened(study: Study | str | Path) -> Study:
    from activeseed.study import Study

    return study if isinstance(study, Study) else Study.open(study)


def _workers(asked: HumanLevel) -> int:
    return asked.workers or usable_cores()


def _left(plan: Plan) -> list[Made]:
    """The studies that are not done."""
    return [m for m in plan.made if came_to(plan.folder_of(m.run)) is None]


def _there(plan: Plan, made: Made) -> CameTo:
    found = came_to(plan.folder_of(made.run))
    if found is None:
        raise StoreError(f"{plan.folder_of(made.run)} does not hold what its study came to. Run it again.")
    return found


def _cost(plan: Plan, left: list[Made]) -> HumanCost:
    trainings = most_trainings(plan, left)
    seconds = plan.study.budget.seconds_for(trainings, 1, guess=False)
    beside = max(1, min(_workers(plan.asked), len(left)))
    return HumanCost(len(plan.made), len(left), trainings, None if seconds is None else seconds / beside)


def _allowed(plan: Plan, left: list[Made]) -> None:
    """Raise BudgetError or ConsentError where the whole would cost more than the outer study may spend."""
    if not left:
        return
    study, most = plan.study, most_trainings(plan, left)
    study.budget.price = study.trainer.price
    names = [f"{plan.folder.name}/{m.run.number}" for m in left]
    with study.budget.expecting(f"A plan of {len(left)} whole studies", lambda: most, plan.folder.name):
        study.budget.before((), names, _workers(plan.asked))
