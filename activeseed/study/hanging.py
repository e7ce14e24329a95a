"""What hangs on an answer, by trainings under the keys that the study has paid for."""

from __future__ import annotations

from collections.abc import Sequence

from activeseed.asking.gold import with_gold
from activeseed.errors import ActiveseedError, BudgetError
from activeseed.looking.assessment import Assessment
from activeseed.looking.consequences import Looked, keys_for, look
from activeseed.looking.explaining import explained
from activeseed.resolution import Gold
from activeseed.study.workshop import Workshop


class Hanging:
    """What hangs on answers about a seed that was looked at."""

    def __init__(self, work: Workshop, found: Assessment) -> None:
        self._work = work
        self._found = found

    def on_items(self, items: Sequence[int]) -> dict[int, Looked]:
        """What hangs on items, by their numbers."""
        work, found = self._work, self._found
        shown, places = work.settings.ask.consequences, found.problem.places
        looked = look(found.seed, items, self._keys, work.trainer, places, shown)
        system, materials, key = work.declared_system, work.materials, self._keys[0]
        return {f: explained(system, materials, found.seed, f, of, places, key) for f, of in looked.items()}

    def on_gold(self, gold: Gold) -> Looked:
        """What would be judged otherwise with the item in the seed and without; nothing where it can't be trained."""
        work, seed = self._work, self._found.seed
        shown = work.settings.ask.consequences
        if not shown or gold.payload.kind != seed.items[0].payload.kind:
            return Looked()
        trial = with_gold(seed, gold)
        try:
            materials = work.materials_of(trial)
            work.system.check(materials)
            trainer = work.trainer_of(work.system, materials)
            places = work.system.places(materials)
            looked = look(trial, [len(seed)], self._keys, trainer, places, shown)
            of = looked.get(len(seed), Looked())
            return explained(work.declared_system, materials, trial, len(seed), of, places, self._keys[0])
        except BudgetError:
            raise
        except ActiveseedError:  # a trainer, or vectors, of somebody's own may know the seed's items only
            return Looked()

    @property
    def _keys(self) -> range:
        """The replicate numbers under which this version's consequences are looked at."""
        problem, settings = self._found.problem, self._work.settings
        return keys_for(
            self._work.state.rankings, self._found.seed.version, problem.first_key, settings.replicates,
            problem.deterministic,
        )  # fmt: skip
