"""Designs of a trainer² compared on the same probes, under the same draws of the belief and the same keys.

A design is what turns the seed into a trainer: a system with its settings, and how large a seed it is given. Each is
trained on the same plausible seeds under the same keys, so that what these do to all of them cancels in differences.
Three things are measured, and never added up: how far plausible seeds spread its outcome (noise removed), how good its
outcome is at labelled probes, and whether it answers to what is meant more than to how it is put (lock-in). A stable
design is not a good one: a trainer² that ignores its seed is the stablest of all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, field_validator, model_validator

from activeseed.checked import SettingsRecord
from activeseed.errors import BudgetError, ConsentError, PlanError, TrainingError
from activeseed.perturbations import Paraphrase
from activeseed.seed import ABSENT, BY_MACHINE, Seed, digest_of
from activeseed.stack.designs.candidates import Candidate, candidate_of, different, pose, share_places
from activeseed.stack.designs.design import OWN, Design
from activeseed.stack.designs.found import ComparedDesigns, DesignFound
from activeseed.stack.designs.measuring import Measures, Quality, measures
from activeseed.stack.designs.runs import WIDTH, DesignRuns, LockInRuns, Moved
from activeseed.stack.designs.telling import tell

if TYPE_CHECKING:
    from activeseed.study import Study

#: blocks at least
FEWEST = 3


class CompareDesigns(SettingsRecord):
    """Trainer² designs held against each other: spread, quality, lock-in; the Pareto front; the source's pick.

    >>> study = act.Study.open("work")
    >>> longer = act.Design(name="longer", system={"rounds": 2})
    >>> found = act.CompareDesigns(designs=(longer,), draws=12, keys=8).run(study)
    >>> [design.name for design in found.designs], found.criteria
    (['as it is', 'longer'], ('spread', 'accuracy', 'lock_in'))

    Attributes:
        designs: what is compared; names are unique.
        own: whether the study's own design is one of them, and the one that differences are to.
        draws: plausible seeds that each design is trained on.
        keys: replicates in all; blocks of draws have two each, so that draws are rounded to a multiple of keys / 2.
        quality: by which measure of quality designs are held against each other; all are printed.
        lock_in_items: items that are revised and reworded for lock-in, at most; 0 leaves lock-in out.
        lock_in_keys: replicates of those.
        resamples: behind every chance.
        alpha: family-wise error of telling a difference from none.
        paired: whether designs share draws and keys; without, differences are only less certain.
    """

    kind: Literal["designs"] = "designs"
    designs: tuple[Design, ...] = Field(min_length=1, max_length=64)
    own: bool = True
    draws: int = Field(default=48, ge=6, le=100_000)
    keys: int = Field(default=24, ge=6, le=10_000)
    quality: Quality = "accuracy"
    lock_in_items: int = Field(default=12, ge=0, le=10_000)
    lock_in_keys: int = Field(default=8, ge=3, le=10_000)
    resamples: int = Field(default=2000, ge=200, le=100_000)
    alpha: float = Field(default=0.05, gt=0.0, lt=1.0)
    paired: bool = True

    @field_validator("lock_in_items")
    @classmethod
    def _enough_items(cls, value: int) -> int:
        if 0 < value < FEWEST:
            raise ValueError(f"it has to be at least {FEWEST}, or 0 to leave lock-in out")
        return value

    @model_validator(mode="after")
    def _names_are_unique(self) -> CompareDesigns:
        names = [OWN, *(d.name.strip() for d in self.designs)] if self.own else [d.name.strip() for d in self.designs]
        if twice := next((n for n in names if names.count(n) > 1), None):
            raise ValueError(f"two designs are called {twice!r}. Give each its own name")
        if len(names) < 2:
            raise ValueError("one design alone is compared with nothing. Give two, or leave own on")
        return self

    def run(self, study: Study, *, trust: bool = False) -> ComparedDesigns:
        """Train what has to be trained, and compare; what is found is journalled, and the report shows it.

        Args:
            study: gives the seed, the probes, the belief and the keys; all trainings are counted as its own, but those
                of designs in other folders, which are counted, and held to limits, there.
            trust: let designs run code that the study's own settings do not name.

        Raises:
            ConfigError: an unknown setting or kind, with the nearest known one; two designs that are the same.
            PlanError: no design shares a probe with the study. BudgetError: see ``Study.rank``.
        """
        return _Comparison(self, study, trust).found()

    @property
    def blocks(self) -> int:
        """Of draws."""
        return max(FEWEST, self.keys // WIDTH)

    @property
    def per_block(self) -> int:
        """Draws of each block."""
        return max(2, round(self.draws / self.blocks))


class _Comparison:
    """One run."""

    def __init__(self, asked: CompareDesigns, study: Study, trust: bool) -> None:
        self._asked = asked
        self._study = study
        self._trust = trust
        self._notes: list[str] = []
        self._rewording = ""

    def found(self) -> ComparedDesigns:
        asked, study = self._asked, self._study
        own = (Design(name=OWN),) if asked.own else ()
        candidates, twins = different([candidate_of(d, study, self._trust) for d in (*own, *asked.designs)])
        self._notes += [f"{name!r} is the study's own design, and is compared once." for name in twins]
        for candidate in candidates:
            pose(candidate)
        reference = next((c for c in candidates if not c.why), None)
        if reference is None:
            raise PlanError(f"No design can be trained: {candidates[0].why}")
        if said := share_places(candidates, reference):
            self._note(said)
        left = [c for c in candidates if not c.why]
        if len(left) < 2:
            gone = next(c for c in candidates if c.why)
            raise PlanError(f"There is nothing to compare {reference.design.name!r} with. {gone.why}")
        runs = [self._runs(n, c) for n, c in enumerate(left)]
        key = digest_of([asked.model_dump(mode="json", exclude={"designs"}), [c.design.name for c in left]]).hex()
        before = study.budget.here
        elsewhere = {c.design.name: c.study.budget.trainings for c in left if c.design.folder}
        with study.budget.expecting("A comparison of designs", lambda: self._most(left, runs), key):
            trained = [t for c, r in zip(left, runs, strict=True) if (t := self._train(c, r, c is reference))]
        if len(trained) < 2:
            gone = next(c for c in candidates if c.why)
            raise TrainingError(f"There is nothing to compare {reference.design.name!r} with. {gone.why}")
        assert reference.problem is not None
        assert reference.read is not None
        told = tell(
            [(d, m) for d, m, _ in trained], asked.quality, reference.problem.stream, asked.resamples, asked.alpha
        )
        designs = [replace(d, seconds=_seconds(c.study)) for d, (_, _, c) in zip(told.designs, trained, strict=True)]
        for c in (c for c in left if c.design.name in elsewhere):
            if new := c.study.budget.trainings - elsewhere[c.design.name]:
                self._note(
                    f"{new:,} trainings were made for {c.design.name!r} in its own project, where they are counted."
                )
        self._say(candidates, reference, told.criteria, [m for _, m, _ in trained])
        failed = tuple(DesignFound(c.design.name, self._words(c), c.why) for c in candidates if c.why)
        exact = all(c.problem is not None and c.problem.deterministic for c in left)
        result = ComparedDesigns(
            reference=reference.design.name, criteria=told.criteria, quality=asked.quality,
            designs=(*designs, *failed), pick=told.pick, together=told.together,
            unit=reference.problem.geometry.unit, over=reference.problem.geometry.over,
            probes=len(reference.read.at), labelled=len(reference.read.marked), blocks=asked.blocks,
            draws=asked.blocks * asked.per_block, keys=0 if exact else WIDTH * asked.blocks,
            rewording=self._rewording, resamples=asked.resamples, trainings=sum(d.trainings for d in designs),
            notes=tuple(self._notes),
        )  # fmt: skip
        plain = [d if isinstance(d.system, dict) else d.model_copy(update={"system": {}}) for d in asked.designs]
        study.keep(asked.kind, asked.model_copy(update={"designs": tuple(plain)}), result, study.budget.here - before)
        return result

    # --- training -------------------------------------------------------------------------------------------------

    def _runs(self, n: int, c: Candidate) -> tuple[DesignRuns, LockInRuns | None, Seed]:
        """What a design trains, and the seed that it is revised and reworded on."""
        asked = self._asked
        assert c.problem is not None
        first = 0 if asked.paired else n * WIDTH * asked.blocks
        apart = c.design.name if not asked.paired or c.design.folder else ""
        runs = DesignRuns(
            blocks=asked.blocks, draws=asked.per_block, share=c.share, apart=apart, first=first,
        )  # fmt: skip
        seed = c.study.seed
        if not _reworded(seed):
            seed = Paraphrase().variants(seed)
        gone = [seed.items[f].id for f in runs.left_out(c.problem, 0)]
        if gone:
            seed = seed.revise(standing={**seed.standing, **dict.fromkeys(gone, ABSENT)})
        if not asked.lock_in_items:
            return runs, None, seed
        lock = LockInRuns(items=asked.lock_in_items, keys=asked.lock_in_keys)
        try:
            lock.design(replace(c.problem, seed=seed))
        except PlanError as error:
            whose = f" of {c.design.name!r}" if c.share < 1.0 or c.design.folder else ""
            self._note(f"Lock-in{whose} is not known: {str(error).split('. ')[0].rstrip('.')}.")
            return runs, None, seed
        return runs, lock, seed

    def _most(self, left: Sequence[Candidate], runs: Sequence[tuple[DesignRuns, LockInRuns | None, Seed]]) -> int:
        """Trainings of this study at most."""
        return sum(self._cost(c, r) for c, r in zip(left, runs, strict=True) if not c.design.folder)

    @staticmethod
    def _cost(c: Candidate, runs: tuple[DesignRuns, LockInRuns | None, Seed]) -> int:
        draws, lock, seed = runs
        assert c.problem is not None
        total = draws.cost(c.problem).trainings
        return total + (lock.cost(replace(c.problem, seed=seed)).trainings if lock else 0)

    def _train(
        self, c: Candidate, runs: tuple[DesignRuns, LockInRuns | None, Seed], reference: bool
    ) -> tuple[DesignFound, Measures, Candidate] | None:
        draws, lock, seed = runs
        assert c.problem is not None
        assert c.read is not None
        try:
            ran = c.study.trainer.run(draws, c.problem)
            moved: Moved | None = None
            if lock is not None:
                moved = c.study.trainer_on(seed).run(lock, replace(c.problem, seed=seed))
            found = measures(ran, moved, c.read, len(seed), draws.apart)
            if not found.spread.known:
                raise TrainingError(f"Too few trainings succeeded for a spread: {ran.why or 'no reason was given'}.")
        except ConsentError as error:
            if c.design.folder:  # another study's budget: what is agreed to here would not be for it
                raise BudgetError(f"{c.design.folder}: {error} Agree to it there, with `activeseed rank`.") from error
            raise
        except (PlanError, TrainingError) as error:
            if reference:
                raise
            c.why = str(error)
            return None
        if moved is not None:
            self._rewording = moved.against
        kept = len(c.problem.droppable) - len(draws.left_out(c.problem, 0))
        each = c.problem.each
        design = DesignFound(
            c.design.name, self._words(c), items=kept + len(c.problem.held), paired=not draws.apart,
            trainings=self._cost(c, runs), multiply_adds=each.multiply_adds or None,
        )  # fmt: skip
        return design, found, c

    # --- words ----------------------------------------------------------------------------------------------------

    @staticmethod
    def _words(c: Candidate) -> str:
        return c.study.system.kind if c.design.name == OWN else c.design.words

    def _note(self, text: str) -> None:
        if text not in self._notes:
            self._notes.append(text)

    def _say(
        self,
        candidates: Sequence[Candidate],
        reference: Candidate,
        criteria: Sequence[str],
        found: Sequence[Measures],
    ) -> None:
        """What a reader must see besides."""
        if c := next((c for c in candidates if c.design.folder and not c.why), None):
            self._note(
                f"{c.design.name!r} has a seed and keys of its own, so differences to it hold all that these do."
            )
        if any(c.share < 1.0 for c in candidates if not c.why):
            self._note(
                "Smaller seeds keep other items in every block of draws; spreads are within blocks, so what hangs on "
                "which items are kept is no part of them."
            )
        if self._rewording == "paraphrase" and not _reworded(self._study.seed):
            self._note("The seed holds no rewordings by rule or machine, so paraphrases by rule were made for lock-in.")
        if self._asked.quality not in criteria:
            at = reference.read
            few = at is None or len(at.marked) < 2
            self._note(
                "No quality: fewer than two shared probes have a label where something is decided." if few
                else f"No {self._asked.quality}: not all designs have one, so they are held against each other without."
            )  # fmt: skip
        if "lock_in" not in criteria and any(m.openness.known for m in found):
            self._note("Lock-in is not known of all designs, so they are held against each other without it.")
        self._note(
            "Intervals of spread and lock-in are for these probes; those of quality for other probes of the kind as "
            "well."
        )


def _reworded(seed: Seed) -> bool:
    """Whether the seed holds variants that should make no difference, and that no human wrote."""
    return any(v.origin in BY_MACHINE for i in seed.items for v in i.variants)


def _seconds(study: Study) -> float | None:
    """How long a training of this system takes by the clock, of all that the journal has; None where it has none."""
    context = study.trainer.context.hex()
    bodies: list[dict[str, Any]] = [dict(e.body) for e in study.store.read() if e.kind == "trained"]
    mine = [b for b in bodies if b["context"] == context]
    warm = [b for b in mine if not b["cold"]] or mine
    rows = sum(b["rows"] for b in warm)
    return float(sum(b.get("wall", b["seconds"]) for b in warm) / rows) if rows else None
