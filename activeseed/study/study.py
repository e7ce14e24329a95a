"""A study: ask, tell, resume, over a journal.

The only place that orders effects: everything it decides is a fact in the journal before it is acted on, everything
it knows is a replay of the journal, and what it computes comes from pure functions elsewhere.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, Unpack

from activeseed.config import Overrides, Settings
from activeseed.errors import PlanError
from activeseed.protocols import (
    Analysis,
    Annotator,
    Assignment,
    Executor,
    Explanation,
    Finding,
    Form,
    Name,
    Problem,
    Store,
    System,
)
from activeseed.question import Answer, Question
from activeseed.questions import Kind
from activeseed.seed import Probe, Seed
from activeseed.study import answers as answering
from activeseed.study import channels, connecting, opening, versions
from activeseed.study.answers import Told
from activeseed.study.progress import PATIENCE, Progress, silent
from activeseed.study.state import SeedVersion, State
from activeseed.study.status import Status, status
from activeseed.study.trust import Trust
from activeseed.study.workshop import Workshop

if TYPE_CHECKING:
    from activeseed.analyses.comparison import Given
    from activeseed.analyses.sides import Side
    from activeseed.column import Order
    from activeseed.files.sync import SyncResult
    from activeseed.laws import LawKind
    from activeseed.outcome import Ranking
    from activeseed.plan import Materials
    from activeseed.questions import Kind
    from activeseed.resolution import Resolution
    from activeseed.study.batches import Batches
    from activeseed.study.budget import Budget
    from activeseed.study.channels import Exchanged
    from activeseed.study.cost import Costs
    from activeseed.study.loop import LoopResult, Waiting
    from activeseed.study.rounds import Rounds
    from activeseed.study.training import Trainer


T = TypeVar("T")


class Study:
    """One study in one folder. Make it with ``Study.create``, come back to it with ``Study.open``."""

    def __init__(self, work: Workshop) -> None:
        self._work = work

    # --- making and opening -------------------------------------------------------------------------------------

    @classmethod
    def create(
        cls,
        folder: str | Path,
        seed: Seed,
        system: Any = None,
        *,
        probes: Sequence[Probe] = (),
        pool: Sequence[Probe] = (),
        gold: Sequence[Mapping[str, Any]] = (),
        guidelines: str = "",
        settings: Settings | None = None,
        progress: Progress = silent,
        written: Callable[[Settings], str] | None = None,
        stays: Mapping[str, float] | None = None,
        **overrides: Unpack[Overrides],
    ) -> Study:
        """Start a study in a folder that holds none.

        >>> seed = act.read_seed("positives.jsonl")
        >>> league = act.OversightLeague(rounds=1, steps=3)
        >>> probes, pool = act.read_probes("probes.jsonl"), act.read_probes("pool.jsonl")
        >>> study = act.Study.create("new", seed, league, probes=probes, pool=pool, ask={"batch": 4})
        >>> study.status()["items"]
        8

        Args:
            system: a system's record, or any object that satisfies ``protocols.System``.
            gold: questions with known answers: ``{"id", "text", "answer"}``.
            guidelines: Markdown for annotators.
            written: the text of ``activeseed.toml``, where it is to hold more than every setting with its value.
            stays: item id -> probability that it stays as written, where its author said no more than that: the rest
                goes to all that it may be once the perturbations have been at it. It wins over the item's belief.
            overrides: any of the settings by name (``embedder=…``, ``key=7``; see ``config.Overrides``);
                ``questions=…`` are forms of your own (see ``protocols.Form``).

        Raises:
            FolderError: the folder holds a study already, or can't be written.
            PlanError: the system can't be trained on these materials (checked before anything is written).
        """
        return cls(
            opening.create(
                folder, seed, system, probes, pool, gold, guidelines, settings, progress, written, stays or {},
                overrides,
            )
        )  # fmt: skip

    @classmethod
    def open(
        cls,
        folder: str | Path,
        *,
        system: Any = None,
        embedder: Any = None,
        estimator: Any = None,
        response: Any = None,
        annotator: Any = None,
        executor: Any = None,
        questions: Sequence[Any] = (),
        settings: Settings | None = None,
        progress: Progress = silent,
        accept: bool = False,
        trust: bool = False,
    ) -> Study:
        """Come back to a study: replays its journal, trains nothing, runs nothing that the folder names.

        >>> study = act.Study.open("work")
        >>> len(study.seed), study.pending
        (8, [])

        Args:
            system: for a trainer that only exists as a Python object: it takes the place of the file's table, and all
                the other settings stay.
            embedder, estimator, response, annotator, executor: likewise.
            questions: forms of questions that only exist as Python objects.
            accept: take in settings that were edited since and that change what trainings do.
            trust: let the study use what ``activeseed.toml`` names: a trainer, third-party kinds, a database or server
                elsewhere. Not needed for a folder that was made here, nor for what was agreed to with ``--trust``;
                ``settings`` and objects are trusted, since they are yours.

        Raises:
            TrustError: the journal is in a database that nobody here has agreed to open.
            ConfigError: no ``activeseed.toml``, or one that was edited in a way that needs ``accept``.
        """
        handed: dict[str, Any] = {
            "system": system, "embedder": embedder, "estimator": estimator, "response": response,
            "annotator": annotator, "executor": executor, "questions": tuple(questions) or None,
        }  # fmt: skip
        given = {family: member for family, member in handed.items() if member is not None}
        return cls(opening.reopen(folder, given, settings, progress, accept, trust))

    def refresh(self) -> None:
        """Take in what was written to the journal since, by this process or another."""
        self._work.refresh()

    def close(self) -> None:
        """End what trains, and give back the journal's connections. A study that is used afterwards takes them anew."""
        self._work.close()

    # --- what it works with -------------------------------------------------------------------------------------

    @property
    def folder(self) -> Path:
        """The project folder."""
        return self._work.folder

    @property
    def settings(self) -> Settings:
        """What ``activeseed.toml`` says."""
        return self._work.settings

    @settings.setter
    def settings(self, settings: Settings) -> None:
        self._work.settings = settings

    @property
    def store(self) -> Store:
        """Journal and artifacts."""
        return self._work.store

    @property
    def state(self) -> State:
        """Replay of the journal so far; ``refresh`` takes in what other processes wrote."""
        return self._work.state

    @property
    def trust(self) -> Trust:
        """What the settings name that nobody here has agreed to use."""
        return self._work.trust

    @property
    def progress(self) -> Progress:
        """Called with (purpose, rows done, rows in all)."""
        return self._work.progress

    @progress.setter
    def progress(self, progress: Progress) -> None:
        self._work.progress = progress

    @property
    def id(self) -> str:
        """Names this study among all others, on every machine that shares its journal."""
        return self._work.id

    @property
    def seed(self) -> Seed:
        """The newest version of the seed."""
        return self._work.seed

    @property
    def probes(self) -> tuple[Probe, ...]:
        """Where outcomes are read."""
        return self._work.probes

    @property
    def pool(self) -> tuple[Probe, ...]:
        """What agents choose from."""
        return self._work.pool

    @property
    def gold(self) -> list[dict[str, Any]]:
        """Questions with known answers."""
        return self._work.gold_lines

    @property
    def gold_answers(self) -> dict[str, str]:
        """Id of a gold question -> the variant that is right."""
        return self._work.gold_answers

    @property
    def guidelines(self) -> str:
        """What annotators are shown first. Raises TrustError for a file outside the folder that nobody agreed to."""
        return self._work.guidelines

    def part(self, family: str) -> Any:
        """The member of a family that the settings name; a third party's is imported now. Raises TrustError."""
        return self._work.part(family)

    @property
    def system(self) -> System:
        """The trainer², with relative paths read from the project folder, and noisy where it was found to be."""
        return self._work.system

    @property
    def declared_system(self) -> System:
        """The trainer² as the settings say it is."""
        return self._work.declared_system

    @property
    def forms(self) -> Mapping[str, Form]:
        """Kind -> form of the questions that the study may ask: the package's, and what the settings name.

        Raises TrustError, ConfigError for what is named there and can't be used.
        """
        return self._work.forms

    @property
    def executor(self) -> Executor:
        """What trains batches of rows; it is closed with the study."""
        return self._work.executor

    @property
    def materials(self) -> Materials:
        """What every training shares, for the newest version's items."""
        return self._work.materials

    @property
    def trainer(self) -> Trainer:
        """Trains rows, remembers them."""
        return self._work.trainer

    @property
    def budget(self) -> Budget:
        """What the study has spent, may spend, and what was agreed to."""
        return self._work.budget

    @cached_property
    def rounds(self) -> Rounds:
        """Where the study stands, and its rounds."""
        from activeseed.study.rounds import Rounds

        return Rounds(self._work)

    @cached_property
    def batches(self) -> Batches:
        """The questions of this study."""
        from activeseed.study.batches import Batches

        return Batches(self.rounds)

    def try_out(self) -> None:
        """Train one row twice, the first time that a trainer of the user's own is used (see `study.trial`).

        Raises TrainingError where it fails on the seed as it stands.
        """
        from activeseed.study.trial import try_out

        try_out(self._work)

    def beside(self, system: Any, *, trust: bool = False) -> Study:
        """The same study under another trainer²: the same seed, answers, probes and keys.

        What it trains is counted, held to the budget and kept as this study's own; closing it closes nothing.

        Args:
            system: a system's record, or any object that satisfies ``protocols.System``.
            trust: let it run code that the system names and this study's settings do not.
        """
        return Study(self._work.beside(system, trust))

    def trainer_on(self, seed: Seed) -> Trainer:
        """What trains rows of another seed, by this study's system at its probes, with its memory and budget."""
        return self._work.trainer_of(self.system, self._work.materials_of(seed, self.progress))

    def posed(self) -> Problem:
        """What the newest version poses before anything is trained: its law is what answers leave of the author's.

        Raises TrainingError where a trainer of the user's own does not work.
        """
        self.take_in()
        return self.rounds.looks.before_any()

    # --- ask and tell -------------------------------------------------------------------------------------------

    def rank(
        self, by: Order | Name | None = None, law: LawKind | Name | None = None, *, retry: bool = False
    ) -> Ranking:
        """Rank the items: effects, indices, values, with errors; what was trained before is not trained again.

        >>> ranking = act.Study.open("work").rank(by="effect", law="drop")
        >>> ranking.summary["law"], sorted(ranking.ids)[:2]
        ('drop', ['ask-back', 'flatter'])

        Args:
            by: ``effect``, ``value``, ``first_order`` (or ``first-order``), ``total``; by default value where
                something is left to ask, else effect. A column of an estimator of your own is ``Name("its_name")``.
            law: reference law of the effects: ``drop``, ``flip``, ``wordings``, ``group``, ``poisson``; your own is
                ``Name("package.module:Name")``.
            retry: train rows that failed once more; without it a failure is a fact and stays one.

        Raises:
            PlanError: an unknown column or law. TooManyFailuresError: the trainer keeps failing.
        """
        from activeseed.study.ranking import rank

        self.take_in()
        if retry:
            self.trainer.retry()
        return rank(self.rounds.looks, by, law)

    def analyse(self, analysis: Analysis[T]) -> T:
        """Run any analysis on the seed as it stands, under what is believed of it.

        What was trained is not trained again. Whatever it wants is counted, held to the budget and journalled, as for
        a ranking.

        Args:
            analysis: any object that satisfies ``protocols.Analysis``; its result is returned as it is.

        Raises:
            PlanError: it is no analysis, or the system has no such gradients, states or settings.
            TooManyFailuresError: it keeps failing.
        """
        from activeseed.study.ranking import analyse

        self.take_in()
        return analyse(self.rounds.looks, analysis)

    def keep(self, kind: str, asked: object, found: Finding, trainings: int = 0) -> None:
        """Journal what was found above this study (over whole studies, or beside others), for reports to come.

        Args:
            kind: of the analysis.
            asked: what was told to it; kept where it is a pydantic record.
            found: says itself as JSON.
            trainings: that it took.
        """
        from activeseed.study.ranking import keep

        keep(self._work, kind, asked, found, self.seed.version, trainings)

    def side(self, name: str) -> Side:
        """What is called this, as a side of a comparison: a version of the seed, or the seed with some items otherwise.

        >>> study = act.Study.open("work")
        >>> dict(study.side("v0 + without:short").changes)
        {'short': 'absent'}

        Args:
            name: ``latest``, ``v0``, a pin; ``without:ITEM,ITEM``, ``only:GROUP``, ``without-group:GROUP``,
                ``ITEM=VARIANT``; several joined by ``+``; ``@KEY`` behind it is another replicate.

        Raises:
            SeedError: an unknown version, item, variant or group, with the nearest known one.
            PlanError: a name that says nothing, or two things of one item; a version whose texts are gone.
        """
        from activeseed.study.naming import side_named

        self.take_in()
        return side_named(name, self.state)

    def outcome(self, name: str, keys: int = 8) -> Side | Given:
        """What is called this, as something to compare: a side, a file of outcomes, or another project's folder.

        Args:
            name: as in ``side``; a file with columns ``probe``, ``value`` and perhaps ``run``; a folder that holds a
                project, whose seed is trained as it stands, by its own system, under so many ``keys``.

        Raises:
            PlanError: outcomes at other probes, or that are no numbers. FolderError: a folder without a project.
        """
        from activeseed.study.outcomes import given_of, outcome_named

        self.take_in()
        places = self.system.places(self.materials)
        found = outcome_named(name, self.state, places)
        return found if not isinstance(found, Path) else given_of(Study.open(found), places, keys)

    def explain(self, probes: Sequence[str] | str = ()) -> list[Explanation]:
        """Why the seed as it stands is judged as it is at these probes: the derivation, and the items it rests on.

        Worked out anew each time, and kept nowhere. Where keys vary the trainer, it is the training of the first.

        Args:
            probes: ids; by default the three whose outcome is nearest to ½.

        Raises:
            PlanError: the system can't explain itself (it names those that can), or there is no such probe.
        """
        from activeseed.study.explaining import explain

        self.take_in()
        return explain(self._work, [probes] if isinstance(probes, str) else probes)

    def undecided(self, n: int) -> list[str]:
        """Ids of the n probes whose outcome under the seed as it stands is nearest to ½; trains it if need be."""
        from activeseed.study.explaining import undecided

        places = self.system.places(self.materials)
        return [places[p].id for p in undecided(self._work, n)]

    def ask(
        self,
        n: int | None = None,
        items: Sequence[str] | None = None,
        *,
        kind: Kind | Name = "items",
        group: str = "",
    ) -> list[Question]:
        """The best batch of questions (or questions about these items), journalled as pending.

        >>> study = act.Study.open("work")
        >>> [(question.kind, question.items) for question in study.ask(items=["short"])]
        [('review', ('short',))]

        Args:
            n: how many answers it may cost; by default ``[ask] batch``.
            items: item ids to ask about, whatever they are worth.
            kind: ``items``; ``write_more`` (of ``group``); ``merge`` (of ``items``; of none, the ``n``
                pairs that look most alike); ``mark_authority`` (of ``items``); ``prefer_outcome`` (of ``n`` probes
                about which plausible seeds disagree to most effect); ``judge_dream`` (of ``n`` texts that are no
                probes, on which readings of the seed part: see `Dreams`); a form of your own that can be drawn up is
                ``Name("its_kind")``.
            group: which kind of example to write more of.

        Raises:
            SeedError, PlanError: an unknown item, group or kind, with the nearest known one.
        """
        given: Any = n
        if n is not None and (isinstance(given, bool) or not isinstance(given, int) or n < 0):
            raise PlanError(f"n is {str(n)[:80]!r}. Give a whole number of answers, or leave it out.")
        items = [items] if isinstance(items, str) else items
        self.take_in()
        if kind != "items":
            return self.batches.ask_kind(kind, n or self.settings.ask.batch, items or (), group)
        return self.batches.ask(n or self.settings.ask.batch, items)

    def tell(self, answers: Iterable[Answer | Mapping[str, Any]], take_in: bool = True) -> Told:
        """Take answers: partial, late, repeated or about an older version of the seed; all are kept.

        >>> study = act.Study.open("work")
        >>> (question,) = study.ask(items=["flatter"])
        >>> told = study.tell([{"question": question.id, "annotator": "me", "verdict": "reject"}])
        >>> study.seed.standing["flatter"]
        'absent'

        Args:
            answers: records or dictionaries; a missing ``id`` is made from question, annotator and content.
            take_in: resolve them into a new version of the seed at once.

        Raises:
            AnswerError: an answer to an unknown question or of a wrong shape. It is kept in the journal as
                *unmatched*; the others of the call are not taken.
        """
        return answering.tell(self._work, answers, take_in)

    def take_in(self) -> SeedVersion | None:
        """Resolve the answers that count into a new version of the seed; None where nothing changes.

        Idempotent: the version is journalled under a key made of what it came from.
        """
        return answering.take_in(self._work)

    @property
    def resolution(self) -> Resolution:
        """What the answers that count settle about the newest seed."""
        return self._work.resolution

    # --- annotators ---------------------------------------------------------------------------------------------

    def submit(self, annotator: Annotator | None = None) -> list[Question]:
        """Send pending questions that were not sent yet; sending twice is harmless."""
        return channels.submit(self._work, annotator or self.annotator)

    def hand_out(self, questions: Sequence[Question], annotator: Annotator) -> None:
        """Send these questions to a channel that is not the study's own, such as a file for a colleague."""
        channels.hand_out(self._work, annotator, questions)

    def recall(self, annotator: Annotator | None = None) -> list[str]:
        """Take back from the channel what is no longer asked and nobody has touched; returns the ids that are gone.

        Poll first, or call ``exchange``: what people deleted there must be known before its task goes.
        """
        return channels.recall(self._work, annotator or self.annotator)

    def poll(self, annotator: Annotator | None = None, take_in: bool = True) -> Told:
        """Collect what has been answered since, and what was edited or deleted where the channel notices that."""
        return channels.collect(self._work, annotator or self.annotator, take_in)

    def exchange(self, annotator: Annotator | None = None) -> Exchanged:
        """Collect, take back, send: all that a look at a channel is, in the order that loses nothing."""
        return channels.exchange(self._work, annotator or self.annotator)

    @property
    def pending(self) -> list[Question]:
        """Questions still to be answered, in the order they were asked."""
        return self._work.pending

    @property
    def annotator(self) -> Annotator:
        """The configured channel, with relative paths read from the project folder."""
        return self.connected(self.settings.annotator)

    def connected(self, channel: Any) -> Annotator:
        """A channel as this study uses it: relative paths start here, and a simulated annotator knows the gold."""
        return connecting.connected(self._work, channel)

    @property
    def assignment(self) -> Assignment:
        """What a channel is told of this study."""
        return connecting.assignment_of(self._work)

    def withdraw(self, questions: Sequence[str], why: str = "") -> list[str]:
        """Take back pending questions by id; a channel is told the next time it is used.

        Raises AnswerError for an unknown id.
        """
        return channels.withdraw(self._work, questions, why)

    def take_back(self, answer: str, why: str = "") -> SeedVersion | None:
        """Withdraw an answer: it stays in the journal, and the seed is resolved without it."""
        return answering.take_back(self._work, answer, why)

    # --- looking back and ahead ---------------------------------------------------------------------------------

    def loop(
        self,
        annotator: Annotator | None = None,
        *,
        max_rounds: int | None = None,
        wait: bool = True,
        on_round: Callable[[dict[str, Any]], None] | None = None,
        on_look: Callable[[Waiting], None] | None = None,
        sleep: Callable[[float], object] = time.sleep,
        patience: float = PATIENCE,
        hurry: Callable[[], bool] = lambda: False,
    ) -> LoopResult:
        """Rank, ask, wait, take in, retrain until a rule says stop. See ``study.loop.loop`` for what each is."""
        from activeseed.study.loop import loop

        channel = self.annotator if annotator is None else self.connected(annotator)
        return loop(
            self.rounds, self.batches, channel, max_rounds=max_rounds, wait=wait, on_round=on_round, on_look=on_look,
            sleep=sleep, patience=patience, hurry=hurry,
        )  # fmt: skip

    def status(self, fresh: bool = False) -> Status:
        """Where the study stands; trains nothing. With ``fresh``, agreement and reliability as of the last answer."""
        self.refresh()
        return status(self.state, self.folder, self.settings, (lambda: self.resolution) if fresh else None)

    def check(self, time_it: bool = False) -> dict[str, Any]:
        """Validate all of it, try the trainer out, and say what a ranking and a round cost at most.

        Args:
            time_it: train a few rows more, to know how long a ranking takes.

        Raises:
            UsageError: what can't work. TrainingError: the trainer fails on the seed as it stands.
        """
        from activeseed.study.check import check

        return check(self._work, time_it)

    def cost(self) -> Costs:
        """What a full ranking and a round of questions cost at most; trains nothing."""
        from activeseed.study.cost import cost

        return cost(self._work)

    def agree(self, trainings: int | None = None, money: float | None = None, seconds: float | None = None) -> None:
        """Agree that the study may spend so much, in all since it began; whatever is None stays as it was.

        With a price, trainings wait for this (or for ``[limits] money``); what was agreed to once is journalled and
        covers no more than it says. A `ConsentError` holds the numbers that would do.
        """
        self.budget.agree(trainings, money, seconds)

    def log(self) -> list[SeedVersion]:
        """All versions of the seed, oldest first."""
        self.refresh()
        return list(self.state.versions)

    def diff(self, before: str = "v0", after: str = "latest") -> list[dict[str, Any]]:
        """What differs between two versions of the seed."""
        self.refresh()
        return versions.diff(self.state, before, after)

    def pin(self, name: str, version: str = "latest") -> SeedVersion:
        """Name a version."""
        return versions.pin(self._work, name, version)

    def revert(self, version: str, why: str = "") -> SeedVersion:
        """Go back to a version; answers given since are taken back and stay in the journal."""
        return versions.revert(self._work, version, why)

    def sync(self, path: str | Path, by: str = "author", columns: Mapping[str, str] | None = None) -> SyncResult:
        """Take in the author's later edits of the seed's file, its columns named as when it was first read."""
        result = versions.take_sync(self._work, Path(path), by, columns)
        self.batches.ask_conflicts([(c.item, c.message) for c in result.conflicts])
        return result

    def export(
        self, path: str | Path, version: str = "latest", standing_only: bool = True, *, fresh: bool = False
    ) -> int:
        """Write a version of the seed to a file; returns the number of items.

        As Markdown, a seed that came from Markdown is its author's file with only the answered lines changed, unless
        it is to be ``fresh``.

        Warns:
            SeedWarning: what stands where its author does not expect it.
        """
        import warnings

        from activeseed.files import SeedWarning

        self.refresh()
        size, said = versions.export(self._work, Path(path), version, standing_only, fresh)
        for message in said:
            warnings.warn(message, SeedWarning, stacklevel=2)
        return size
