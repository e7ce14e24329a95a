"""What a study works with: its folder, settings and journal, and the members and trainings that they name.

Everything that decides or orders something is handed this, or the few things of it that it needs, and knows nothing of
the surface (`study.study`) above.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from activeseed.config import Settings, default
from activeseed.members import ThirdParty
from activeseed.protocols import (
    Executor,
    Form,
    Response,
    Store,
    SupportsLocating,
    SupportsPermission,
    SupportsResponse,
    System,
)
from activeseed.question import Question
from activeseed.questions import FORMS, form_named
from activeseed.questions.own import own_forms
from activeseed.seed import Probe, Seed, digest_of
from activeseed.study.noisy import as_found
from activeseed.study.progress import Progress, silent
from activeseed.study.state import State
from activeseed.study.trust import Trust

if TYPE_CHECKING:
    from activeseed.plan import Materials
    from activeseed.resolution import Gold, Resolution
    from activeseed.study.budget import Budget
    from activeseed.study.training import Trainer


@dataclass
class Workshop:
    """What one study works with.

    Attributes:
        folder: the project folder.
        settings: what ``activeseed.toml`` says.
        store: journal and artifacts.
        state: replay of the journal so far; ``refresh`` takes in what other processes wrote.
        progress: called with (purpose, rows done, rows in all).
        trust: what the settings name that nobody here has agreed to use.
        inputs: probes, pool and questions of known answer, as the first event has them.
        lender: whose executor and budget it uses, where it is the same study under another trainer².
    """

    folder: Path
    settings: Settings
    store: Store
    progress: Progress = silent
    state: State = field(default_factory=State)
    trust: Trust = field(default_factory=Trust)
    inputs: dict[str, Any] = field(default_factory=dict, repr=False)
    lender: Workshop | None = field(default=None, repr=False)
    _cache: dict[str, Any] = field(default_factory=dict, repr=False)

    # --- the journal --------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Take in what was written to the journal since, by this process or another."""
        self.state.form = self._form
        for event in self.store.read(self.state.sequence):
            self.state.apply(event)
            if event.kind == "created":
                body: dict[str, Any] = event.body
                self.inputs = body["inputs"]

    def close(self) -> None:
        """End what trains, and give back the journal's connections. Whatever is used afterwards is made anew."""
        if self.lender is not None:  # what it uses is the lender's to close
            return
        executor: Executor | None = self._cache.pop("executor", None)
        self._cache.pop("trainer", None)
        if executor is not None:
            executor.close()
        self.store.close()

    @property
    def seed(self) -> Seed:
        """The newest version of the seed."""
        return self.state.current.seed

    @property
    def pending(self) -> list[Question]:
        """Questions still to be answered, in the order they were asked, as the journal has them now."""
        self.refresh()
        return self.state.pending

    @property
    def id(self) -> str:
        """Names this study among all others, on every machine that shares its journal."""
        named = [self.settings.study] if self.settings.store and self.settings.study else []
        return digest_of([self.state.created_at, self.state.versions[0].id, *named]).hex()[:16]

    @property
    def resolution(self) -> Resolution:
        """What the answers that count settle about the newest seed."""
        from activeseed.looking.settling import settled

        state = self.state
        return settled(
            self.seed, self.settings, state.questions, state.counted_answers,
            known=self.gold_answers, start=state.start, copies=state.own_copies,
        )  # fmt: skip

    # --- what it was given --------------------------------------------------------------------------------------

    @property
    def gold_lines(self) -> list[dict[str, Any]]:
        """Questions with known answers, as they were given."""
        return list(self.inputs.get("gold", []))

    @property
    def gold(self) -> tuple[Gold, ...]:
        """Questions with known answers."""
        from activeseed.looking.checks import gold_of

        return gold_of(self.gold_lines)

    @property
    def gold_answers(self) -> dict[str, str]:
        """Id of a gold question -> the variant that is right."""
        from activeseed.resolution import known_answers

        return known_answers(self.gold)

    @cached_property
    def probes(self) -> tuple[Probe, ...]:
        """Where outcomes are read."""
        return tuple(Probe.model_validate(p) for p in self.inputs["probes"])

    @cached_property
    def pool(self) -> tuple[Probe, ...]:
        """What agents choose from."""
        return tuple(Probe.model_validate(p) for p in self.inputs["pool"])

    # --- members ------------------------------------------------------------------------------------------------

    def part(self, family: str) -> Any:
        """The member of a family that the settings name; a third party's is imported now. Raises TrustError."""
        said = getattr(self.settings, family)
        if family == "response" and said is None:
            return self._estimators_response()
        if family == "rewriter" and said is None:
            return default("rewriter")
        if family != "system" or isinstance(said, ThirdParty):  # a trainer of ours is asked when it is about to run
            self.trust.require(family)
        if not isinstance(said, ThirdParty):
            return said
        made = self._cache.setdefault("parts", {})
        if family not in made:
            made[family] = said.made(family)
        return made[family]

    def _estimators_response(self) -> Response:
        """What the estimator trains anyway serves as the response, where none was chosen."""
        estimator = self.part("estimator")
        made: Response = estimator.response() if isinstance(estimator, SupportsResponse) else default("response")
        return made

    @property
    def declared_system(self) -> System:
        """The trainer² as the settings say it is, with relative paths read from the project folder."""
        system: System = self.part("system")
        if isinstance(system, SupportsLocating):
            system = system.located(self.folder)
        if "system" in self.trust.withheld and isinstance(system, SupportsPermission):
            system = system.asking(partial(self.trust.require, "system"))
        return system

    @property
    def system(self) -> System:
        """The trainer², noisy where its trial found it to be."""
        return as_found(self.declared_system, self.state.tried)

    @property
    def forms(self) -> Mapping[str, Form]:
        """Kind -> form of the questions that the study may ask: the package's, and what the settings name.

        Raises TrustError, ConfigError for what is named there and can't be used.
        """
        named = self.settings.questions
        if named and "forms" not in self._cache:
            self.trust.require("questions")
            made = [f.made("questions") if isinstance(f, ThirdParty) else f for f in named]
            self._cache["forms"] = {**FORMS, **own_forms(made)}
        found: Mapping[str, Form] = self._cache["forms"] if named else FORMS
        return found

    def _form(self, kind: str) -> Form:
        return form_named(kind, self.forms)

    def beside(self, system: Any, trust: bool = False) -> Workshop:
        """The same study under another trainer²: one journal, one budget, one executor, the same seed and keys.

        Args:
            system: as settings hold it.
            trust: whether code that it names, and the study's own settings do not, may be run.
        """
        from activeseed.study.trust import trust_beside

        settings = self.settings.model_copy(update={"system": system})
        held = self.trust if trust else trust_beside(self.trust, self.folder, settings, self.settings)
        return replace(self, settings=settings, trust=held, lender=self, _cache={})

    # --- trainings ----------------------------------------------------------------------------------------------

    @property
    def executor(self) -> Executor:
        """What trains batches of rows; it is closed with the study."""
        if self.lender is not None:
            return self.lender.executor
        made: Executor = self.part("executor")
        self._cache["executor"] = made
        return made

    @property
    def materials(self) -> Materials:
        """What every training shares, for the newest version's items."""
        key = digest_of([i.digest.hex() for i in self.seed.items])
        if self._cache.get("materials_for") != key:
            self._cache["materials"] = self.materials_of(self.seed, lambda *said: self.progress(*said))
            self._cache["materials_for"] = key
            self._cache.pop("trainer", None)
        made: Materials = self._cache["materials"]
        return made

    def materials_of(self, seed: Seed, progress: Progress = silent) -> Materials:
        """What trainings of any seed share, its texts embedded as those of the study are."""
        from activeseed.study.materials import build_materials

        first = self.state.versions[0].seed
        return build_materials(
            self.folder, self.settings, first, seed, self.probes, self.pool, progress,
            embedder=partial(self.part, "embedder"),
        )  # fmt: skip

    @property
    def trainer(self) -> Trainer:
        """Trains rows, remembers them."""
        materials = self.materials
        if "trainer" not in self._cache:
            self._cache["trainer"] = self.trainer_of(self.system, materials)
        made: Trainer = self._cache["trainer"]
        made.progress = self.progress
        return made

    def trainer_of(
        self, system: System, materials: Materials, executor: Executor | None = None, failed_share: float | None = None
    ) -> Trainer:
        """A trainer of any system on any materials, with this study's memory and budget.

        Args:
            executor: by default the study's.
            failed_share: share of failures that is tolerated; by default what the settings say.
        """
        from activeseed.study.training import Trainer

        limits = self.settings.limits
        if failed_share is not None:
            limits = limits.model_copy(update={"failed_share": failed_share})
        runs = self.executor if executor is None else executor
        return Trainer(self.store, system, materials, runs, limits, self.progress, self.budget)

    def forget_trainer(self) -> None:
        """The next training is by a trainer that is made anew: the system was found to be another."""
        self._cache.pop("trainer", None)

    @cached_property
    def budget(self) -> Budget:
        """What the study has spent, may spend, and what was agreed to."""
        from activeseed.study.budget import Budget

        if self.lender is not None:
            return self.lender.budget
        made = Budget(self.store, self.settings.limits)
        made.refresh()
        return made

    # --- people -------------------------------------------------------------------------------------------------

    @property
    def guidelines(self) -> str:
        """What annotators are shown first. Raises TrustError for a file outside the folder that nobody agreed to."""
        self.trust.require("guidelines")
        file = self.folder / self.settings.source.guidelines
        return file.read_text("utf-8", errors="replace") if file.is_file() else ""
