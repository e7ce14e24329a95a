"""Looks at a study: where it stands, assessed once a version of the seed and set of answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from activeseed.looking.assess import Given, asked_in_order, assess, posed
from activeseed.looking.assessment import Assessment
from activeseed.looking.settling import judged, preferred
from activeseed.plan import Floats
from activeseed.protocols import Problem
from activeseed.seed import digest_of
from activeseed.study.trial import try_out
from activeseed.study.workshop import Workshop


class Looks:
    """What one process has seen of one study."""

    def __init__(self, work: Workshop) -> None:
        self.work = work
        self._assessed: tuple[str, Assessment] | None = None

    @property
    def given(self) -> str:
        """Names the answers that count: one that was deleted and another that came in its place are a change."""
        return digest_of([a.id for a in self.work.state.counted_answers]).hex()[:20]

    @property
    def _of(self) -> str:
        """Names what an assessment is of: a version of the seed, and the answers that count."""
        state = self.work.state
        return digest_of([state.current.id, state.current.number, [a.id for a in state.counted_answers]]).hex()

    @property
    def is_assessed(self) -> bool:
        """Whether this process has assessed where the study stands now."""
        return self._assessed is not None and self._assessed[0] == self._of

    def assessment(self) -> Assessment:
        """The newest version, assessed. Raises TrainingError where a trainer of the user's own does not work."""
        work = self.work
        try_out(work)
        key = self._of
        if self._assessed is None or self._assessed[0] != key:
            state, system, materials = work.state, work.system, work.materials
            answers = state.counted_answers
            given = Given(
                work.seed,
                state.current.number,
                work.settings,
                system,
                materials,
                work.resolution,
                self._evidence_before(),
                preferred(work.seed, system.places(materials), state.questions, answers),
                asked_in_order(state.questions, answers),
                judged(work.seed, system.places(materials), state.questions, answers),
            )
            self._assessed = (key, assess(given, work.trainer, work.part("response")))
        return self._assessed[1]

    def before_any(self) -> Problem:
        """What the newest version poses where nothing has been trained: the law is what answers leave of the author's.

        Rows are those of the version, as they are after a look. Raises TrainingError as an assessment does.
        """
        work = self.work
        try_out(work)
        return posed(work.seed, work.state.current.number, work.settings, work.system, work.materials, work.resolution)

    def _evidence_before(self) -> Floats | None:
        """Evidence of an earlier look only: what this one finds must not depend on whether it was closed already."""
        state = self.work.state
        now = (state.current.number, len(state.counted_answers))
        earlier = [r for r in state.rounds if (r["version"], r["answers"]) < now]
        before = earlier[-1].get("evidence") if earlier else None
        return None if before is None else np.array([np.nan if e is None else e for e in before])

    def expecting(
        self, what: str, parts: Callable[..., Mapping[str, int]], *arguments: Any
    ) -> AbstractContextManager[None]:
        """Within it, trainings are parts of something that takes so many at most: see ``Budget.expecting``.

        Args:
            what: names it in a message: ``A ranking``.
            parts: trainings by purpose, of `study.cost`; asked with the workshop and these arguments.
        """
        anew = not self.is_assessed
        return self.work.budget.expecting(
            what, lambda: sum(parts(self.work, *arguments, anew=anew).values()), repr((arguments, {}))
        )
