"""From an outer study to the whole studies of its plan: what each is made of, where it lies, what it costs at most."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from activeseed.config import LimitsTable, Settings, SourceTable, StoppingTable
from activeseed.errors import PlanError
from activeseed.estimators import LeaveOneOut
from activeseed.executors import InProcess, Processes
from activeseed.plan import Floats, Ints, stream_key
from activeseed.seed import Json
from activeseed.stack.human.designs import choices_of, comparable, design, with_design
from activeseed.stack.human.drafts import author_of, draft, exchanged, meant, written
from activeseed.stack.human.one import EFFECT_KEYS, Job
from activeseed.stack.human.record import FACTORS, HumanLevel
from activeseed.stack.human.runs import Run, chosen, runs_of
from activeseed.stack.human.ways import Crew, Method
from activeseed.study.below import BELOW, Spent
from activeseed.study.cost import at_first, round_parts
from activeseed.study.noisy import is_due
from activeseed.study.training import price_of
from activeseed.study.trial import PURPOSE as TRIAL
from activeseed.study.trial import TRAININGS

if TYPE_CHECKING:
    from activeseed.study import Study
    from activeseed.study.budget import Budget

#: parts of a study that may run somebody's code, all of which whole studies use
USED = ("system", "embedder", "estimator", "response", "executor")
#: settings of the outer study that whole studies have otherwise, or not at all
_OWN = ("key", "store", "study", "annotator", "executor", "stopping", "limits", "source", "rewriter", "questions")
#: a sum of money is held with this tolerance, since prices add up with rounding
_ROUNDING = 1e-6


@dataclass(frozen=True)
class Made:
    """What one whole study is made of.

    Attributes:
        run: its place in the plan.
        variants: (F,) what the first draft has of each item.
        design: path of a setting -> its value.
        crew, method: who answers, and how they are asked.
    """

    run: Run
    variants: Ints
    design: Mapping[str, Json]
    crew: Crew
    method: Method


@dataclass(frozen=True)
class Most:
    """What one whole study takes at most: trainings, and what they cost."""

    trainings: int
    money: float


@dataclass(frozen=True)
class Plan:
    """All whole studies of an outer one.

    Attributes:
        asked: the record.
        study: the outer one.
        folder: where they lie, below the outer study's own ``.activeseed``.
        factors: those that differ, in their order.
        right: (F,) the variants that are meant.
        law: (F, V) the author's belief.
        designs: path of a setting -> the values that designs take.
        made: the studies.
        notes: what a reader has to know of it.
    """

    asked: HumanLevel
    study: Study
    folder: Path
    factors: tuple[str, ...]
    right: Ints
    law: Floats
    designs: Mapping[str, tuple[Json, ...]]
    made: tuple[Made, ...]
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Names the plan among all that lie below the outer study."""
        return f"{BELOW}/{self.folder.name}"

    def folder_of(self, run: Run) -> Path:
        """Where a whole study lies."""
        return self.folder / f"{run.number:05d}"

    def name_of(self, run: Run) -> str:
        """Names a whole study where its spending is told of."""
        return f"{self.name}/{run.number:05d}"

    def spent(self, made: Sequence[Made]) -> Spent:
        """What these studies have spent, as the outer journal tells; seconds one after the other."""
        below = self.study.budget.below
        return sum((below.of(self.name_of(m.run)) for m in made), Spent())

    @cached_property
    def most(self) -> dict[int, Most]:
        """Number of each whole study -> what it takes at most, from its beginning; once the trainer was tried out."""
        return most_of(self)

    def still(self, made: Sequence[Made]) -> Most:
        """What these whole studies still take at most, all together; of those that were begun, what is left."""
        trainings, money = 0, 0.0
        for m in made:
            most, spent = self.most[m.run.number], self.spent([m])
            trainings += max(0, most.trainings - spent.trainings)
            money += max(0.0, most.money - spent.money)
        return Most(trainings, money)

    def jobs(self, made: Sequence[Made]) -> list[Job]:
        """What is sent to whoever runs them."""
        system = self.study.declared_system
        ids = [i.id for i in self.study.seed.items]
        right = {
            name: self.study.seed.items[f].variants[int(v)].id
            for f, (name, v) in enumerate(zip(ids, self.right, strict=True))
        }
        return [
            Job(
                folder=str(self.folder_of(m.run)), draft=written(self.study.seed, m.variants, self.law),
                system=with_design(system, m.design), probes=self.study.probes, pool=self.study.pool,
                settings=held(settings_of(self, m), self.most[m.run.number], self.study.budget),
                people=m.crew.people, key=_key(self, m.run, "slips"), right=right, method=m.method,
                answers=self.asked.answers, batch=self.asked.batch, tried=self.study.state.tried,
            )
            for m in made
        ]  # fmt: skip


def planned(study: Study, asked: HumanLevel) -> Plan:
    """The plan. Nothing is trained, unless drafts are of a belief that has to be looked at first.

    Raises:
        TrustError: the outer study would use what nobody here has agreed to.
        PlanError: nothing differs, too few studies, an unknown setting, a truth that is none of the seed's.
    """
    for part in USED:
        study.trust.require(part)
    study.take_in()
    law = author_of(study).probabilities
    right, notes = meant(study, asked)
    system = study.declared_system
    choices, left_out = comparable(system, study.materials, choices_of(system, asked), asked.designs)
    notes = (*notes, *left_out)
    open_ = bool((law.max(1) < 1.0).any())
    differs = {
        "draft": open_, "design": any(len(v) > 1 for v in choices.values()), "annotators": len(asked.annotators) > 1,
        "method": len(asked.methods) > 1,
    }  # fmt: skip
    factors = tuple(name for name in FACTORS if differs[name])
    runs = runs_of(asked.studies, factors)
    if not open_:
        notes = (*notes, "The author's belief is sure of every item, so that all first drafts are the same.")
    drawn = _drafts(study, asked, law, right, 2 * (runs[-1].block + 1))
    named = asked.name(
        study.seed.version, right.tolist(), _shown(study), system.record(), {k: list(v) for k, v in choices.items()}
    )
    folder = study.folder / ".activeseed" / BELOW / named
    made = tuple(_made(asked, run, factors, drawn, choices) for run in runs)
    return Plan(asked, study, folder, factors, right, law, choices, made, notes)


def _shown(study: Study) -> dict[str, Any]:
    """The settings that decide what a whole study is."""
    return {name: value for name, value in study.settings.shown().items() if name not in _OWN}


def _drafts(study: Study, asked: HumanLevel, law: Floats, right: Ints, n: int) -> Ints:
    """(n, F) first drafts."""
    if asked.drafts == "author":
        return np.stack([draft(law, right, asked.key, k) for k in range(n)])
    belief = study.rounds.assessment().belief
    joint = np.concatenate([belief.draw(1, stream_key(asked.key, "human", "draft", k)) for k in range(n)])
    return exchanged(joint, belief.modal, right)


def _made(
    asked: HumanLevel, run: Run, factors: Sequence[str], drawn: Ints, choices: Mapping[str, tuple[Json, ...]]
) -> Made:
    at = {name: run.draw(j) for j, name in enumerate(factors)}
    crews, methods = asked.annotators, asked.methods
    return Made(
        run,
        drawn[at.get("draft", 0)],
        design(choices, asked.key, at["design"]) if "design" in at else {p: v[0] for p, v in choices.items()},
        crews[chosen(asked.key, "annotators", at["annotators"], len(crews)) if "annotators" in at else 0],
        methods[chosen(asked.key, "method", at["method"], len(methods)) if "method" in at else 0],
    )


def _key(plan: Plan, run: Run, of: str) -> int:
    """Key of one study's own randomness: no two studies share any."""
    return stream_key(plan.asked.key, "human", of, run.number, plan.study.settings.key) % 1_000_000_000


def settings_of(plan: Plan, made: Made) -> Settings:
    """Settings of a whole study: those of the outer one, but for who is asked and how, and for when it ends."""
    outer, method, crew = plan.study.settings, made.method, made.crew
    share = 1.0 if method.order == "random" else outer.ask.random_share
    ask = outer.ask.model_copy(
        update={
            "batch": max(1, plan.asked.batch // len(crew.people)), "annotators": len(crew.people), "enough": 1.0,
            "confirm": False, "random_share": share, "repeat_share": method.checks, "readings": method.readings,
            "consequences": 0,
        }
    )  # fmt: skip
    limits = LimitsTable(
        megabytes=outer.limits.megabytes, failed_share=outer.limits.failed_share, currency=outer.limits.currency,
        price=outer.limits.price,
    )  # fmt: skip
    mine: dict[str, Any] = {
        "key": _key(plan, made.run, "study"), "store": "", "study": "", "source": SourceTable(), "perturbations": (),
        "annotator": Settings().annotator, "executor": _executor(outer.executor, plan.asked.workers), "ask": ask,
        "belief": outer.belief.model_copy(update={"kind": method.beliefs}), "limits": limits, "questions": (),
        "stopping": StoppingTable(flips=0.0, answers=plan.asked.answers),
    }  # fmt: skip
    return outer.model_copy(update=mine)


def _executor(outer: Any, workers: int | None) -> Any:
    """What trains within a whole study: where several run at a time, no study takes more than one core."""
    if workers == 1:
        return outer
    return outer.model_copy(update={"workers": 1}) if isinstance(outer, Processes) else InProcess()


def shared_embeddings(plan: Plan, made: Sequence[Made]) -> None:
    """Give whole studies what the outer one has embedded, so that no text is embedded twice."""
    shared = plan.study.materials
    for payloads in (shared.slots.payloads, [p.payload for p in (*shared.pool, *shared.probes)]):
        with suppress(PlanError):  # a trainer that reads no text has no embedder
            shared.features(payloads)
    source = plan.study.folder / ".activeseed" / "embeddings"
    if source.is_dir():
        for m in made:
            shutil.copytree(source, plan.folder_of(m.run) / ".activeseed" / "embeddings", dirs_exist_ok=True)


def held(settings: Settings, most: Most, budget: Budget) -> Settings:
    """The settings of a whole study, held to what it was said to take, where the outer study is held to anything.

    What is paid for was agreed to as a whole, before the first study.
    """
    limits = budget.limits
    if not (most.money or budget.agreed or limits.trainings or limits.money or limits.seconds):
        return settings
    mine = settings.limits.model_copy(
        update={"trainings": most.trainings, "money": most.money * (1.0 + _ROUNDING)},
    )
    return settings.model_copy(update={"limits": mine})


def most_of(plan: Plan) -> dict[int, Most]:
    """Number of each whole study -> what it takes at most, from its beginning."""
    trainings: dict[tuple[str, str], int] = {}
    prices: dict[str, float] = {}
    materials, outer = plan.study.materials, plan.study.settings.limits.price
    out = {}
    for m in plan.made:
        way, design = (m.crew.name, m.method.name), repr(sorted(m.design.items()))
        if way not in trainings:
            trainings[way] = _of_one(plan, m)
        if design not in prices:
            prices[design] = outer + price_of(with_design(plan.study.declared_system, m.design), materials)
        out[m.run.number] = Most(trainings[way], trainings[way] * prices[design])
    return out


def _of_one(plan: Plan, made: Made) -> int:
    study = plan.study
    work = replace(study.rounds.work, settings=settings_of(plan, made))
    looks = 1 + -(-plan.asked.answers // (work.settings.ask.batch * len(made.crew.people)))
    keys = study.settings.replicates if study.system.traits.streams else 1
    parts = round_parts(work)
    parts.pop(TRIAL, None)
    each = sum(parts.values()) + 2 * keys
    trial = TRAININGS if is_due(study.declared_system, {}) else 0  # a design that the outer study did not try
    effects = LeaveOneOut(keys=EFFECT_KEYS).cost(at_first(work)).trainings if made.method.order == "effect" else 0
    return looks * each + keys + effects + trial
