"""The human level of the stack: an outer plan over whole studies.

Each run of the plan is a study like any other, in a folder of its own below the outer study's: an author's first draft
is taken in, simulated people are asked, the seed changes, the trainer² runs again. `record` says what is asked, `ways`
who answers and how they are asked, `drafts` and `designs` what an author might begin with, `runs` which studies share
what, `planned` what each is made of. `one` runs one of them, `many` several at a time, `conducting` all. `apart`,
`moving` and `telling` make numbers of points, and `measuring` says what was found.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from activeseed.stack.human.found import HumanFound
from activeseed.stack.human.record import HumanLevel
from activeseed.stack.human.ways import CREWS, METHODS, Crew, Method

if TYPE_CHECKING:
    from activeseed.study import Study
    from activeseed.study.progress import Progress

__all__ = ["CREWS", "METHODS", "Crew", "HumanFound", "HumanLevel", "Method", "human_level"]


def human_level(
    study: Study | str | Path, asked: HumanLevel | None = None, progress: Progress | None = None
) -> HumanFound:
    """Run whole studies below this one, and say what of their spread comes of whom; journalled in this study.

    Studies that were run before, for this plan or a shorter one, are not run again; one that was killed goes on where
    it stood. Nothing of the outer study changes but its journal, which gains what was found, and what the studies
    spend: their trainings, seconds and money are its own, as its limits are theirs, and the answers of simulated people
    are told beside those of real ones (``status``: ``below``).

    Args:
        study: or its folder.
        asked: how many studies, and what differs between them.
        progress: called with (purpose, studies done, studies in all); by default the study's own.

    Raises:
        TrustError: the outer study would use what nobody here has agreed to.
        PlanError: nothing differs, too few studies, an unknown setting, item or variant.
        BudgetError, ConsentError: they would cost more than the outer study may spend: before the first is begun, or
            between two of them, where what was run is kept and told.
        TrainingError: no block of studies is complete.

    Cost: ``cost_of`` says it before: studies × (looks × (a look's regression and a batch) + a few trainings).
    """
    from activeseed.stack.human.conducting import run_all

    return run_all(study, asked or HumanLevel(), progress)
