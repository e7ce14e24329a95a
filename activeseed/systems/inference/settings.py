"""What an inference engine can be set to."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, PrivateAttr, SerializeAsAny, field_validator, model_validator

from activeseed.checked import SettingsRecord
from activeseed.errors import ConfigError, nearest
from activeseed.protocols import Json, SupportsAgreement
from activeseed.systems.inference.language import Grammar, parse
from activeseed.systems.inference.lexicon import LexiconTable, read_lexicon
from activeseed.systems.inference.norms import Left

#: an induction that would give less than this gives nothing: a trace far below the threshold would decide where nothing
#: else does
SHUT = 1e-3
#: kind -> where the record of a verifier is defined
VERIFIERS = {
    "symbolic": "symbolic:Symbolic",
    "similarity": "similarity:Similarity",
    "entailment": "entailment:Entailment",
}


class Strengths(SettingsRecord):
    """How strong each grade of modality is, in (0, 1]. Between two norms that differ in nothing else the stronger wins.

    Attributes:
        must: must, never, is required to, and the imperative.
        should: should, ought to.
        prefer: prefers to, tries to.
        may: may, can, need not.
    """

    must: float = Field(default=1.0, gt=0, le=1)
    should: float = Field(default=0.7, gt=0, le=1)
    prefer: float = Field(default=0.4, gt=0, le=1)
    may: float = Field(default=0.5, gt=0, le=1)


def _record(kind: type[SettingsRecord], value: Any) -> Any:
    """A table as a record; what is wrong with it is said with the name of the setting that it is."""
    try:
        return kind(**value) if isinstance(value, Mapping) else value
    except ConfigError as error:
        raise ValueError(str(error).rstrip(".")) from error


class InferenceSettings(SettingsRecord):
    """The settings of an inference engine.

    Attributes:
        reads: ``controlled`` English, free ``prose``, or ``auto``: controlled where every item as written is.
        outcome: ``approval`` of the probes, or the ``policy`` over the pool, π ∝ exp(beta · s).
        lexicon_file: a YAML file with more of it (``isa``, ``causes``, ``same``), looked for in the project's folder;
            its content names the engine.
        authorities: names of ranks, the highest first. Any other name ranks below them, and no name below that.
        inheritance: what is left of a norm one step down the is-a, in (0, 1].
        means: what is left one step from an end to its means, or from a harm to what causes it.
        induction: what is left of the siblings' norm at their parent; 0 induces nothing.
        threshold: share of siblings above which their parent is taken to have the norm.
        steepness: exponent of the gate at the threshold; the higher, the more a single dictum decides.
        depth: steps of inheritance and means in one derivation.
        budget: derived norms that are kept; the least confident are dropped first.
        beta: sharpness of approval.
        default: P(approve) where no norm applies, in (0, 1).
        pooling: norms for and against a probe weigh as the strongest of each (``max``), or all together (``sum``, the
            source's s(a) = Σ ω [log p(d|a) − log p(¬d|a)]); auto is max.
        verifier: how deeds are held against norms; None is ``symbolic`` for controlled English, else ``similarity``.
        compare: the geometry in which outcomes are compared.
        memory_mb: bound on what the rows of one batch take.
        lexicon: is-a, causes and other words, besides what sentences of the seed say.
        strengths: of the grades of modality.
        modalities: further modal phrases -> those of the grammar that they stand for.
    """

    kind: Literal["inference_engine"] = "inference_engine"
    reads: Literal["auto", "controlled", "prose"] = "auto"
    outcome: Literal["approval", "policy"] = "approval"
    lexicon_file: str = ""
    authorities: tuple[str, ...] = ("root", "system", "developer", "user", "guideline")
    inheritance: float = Field(default=0.9, gt=0, le=1)
    means: float = Field(default=0.8, gt=0, le=1)
    induction: float = Field(default=0.8, ge=0, le=1)
    threshold: float = Field(default=0.6, gt=0, le=1)
    steepness: float = Field(default=16.0, ge=1, le=10_000)
    depth: int = Field(default=6, ge=0, le=100)
    budget: int = Field(default=5000, ge=0, le=1_000_000)
    beta: float = Field(default=4.0, gt=0, le=1000)
    default: float = Field(default=0.5, gt=0, lt=1)
    pooling: Literal["auto", "max", "sum"] = "auto"
    verifier: SerializeAsAny[SettingsRecord] | None = None
    compare: Literal["hellinger", "identity"] = "hellinger"
    memory_mb: int = Field(default=512, ge=16)
    lexicon: LexiconTable = LexiconTable()
    strengths: Strengths = Strengths()
    modalities: Mapping[str, str] = Field(default_factory=dict)

    #: where a relative ``lexicon_file`` lies
    _base: Path = PrivateAttr(default=Path())

    @field_validator("verifier", mode="before")
    @classmethod
    def _by_kind(cls, value: Any) -> Any:
        """The record of a kind of verifier: those that load a model are not imported for the others."""
        if not isinstance(value, Mapping):
            return value
        kind = str(value.get("kind", ""))
        if kind not in VERIFIERS:
            raise ValueError(f"kind = {kind!r} is unknown.{nearest(kind, VERIFIERS)}".rstrip("."))
        module, _, name = VERIFIERS[kind].partition(":")
        record = getattr(importlib.import_module(f"activeseed.systems.inference.verifiers.{module}"), name)
        return _record(record, {k: v for k, v in value.items() if k != "kind"})

    @field_validator("lexicon", mode="before")
    @classmethod
    def _a_table(cls, value: Any) -> Any:
        return _record(LexiconTable, value)

    @field_validator("strengths", mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        return _record(Strengths, value)

    @model_validator(mode="after")
    def _sound(self) -> Self:
        for phrase, stands_for in self.modalities.items():
            if isinstance(parse(f"{stands_for} act"), Left):
                raise ConfigError(
                    f"modalities: {phrase!r} stands for {stands_for!r}, which is no modal of controlled English. "
                    "Known: must, must not, should, should not, may, need not, always, never and their like."
                )
        if len(set(self.authorities)) != len(self.authorities):
            raise ConfigError(f"authorities = {list(self.authorities)}: a rank is named twice.")
        return self

    def located(self, folder: Path) -> Self:
        """See ``protocols.SupportsLocating``: the lexicon's file is looked for in a folder."""
        there = self.model_copy()
        there._base = folder
        there.__dict__.pop("table", None)
        return there

    def would(self, folder: Path) -> tuple[str, Json] | None:
        """See ``protocols.SupportsAgreement``: what the verifier would do."""
        verifier: object = self.verifier
        return verifier.would(folder) if isinstance(verifier, SupportsAgreement) else None

    @cached_property
    def table(self) -> tuple[LexiconTable, str]:
        """The lexicon of the file, with a digest of its content; raises ConfigError where it can't be read."""
        if not self.lexicon_file:
            return LexiconTable(), ""
        try:
            text = (self._base / self.lexicon_file).read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"lexicon_file = {self.lexicon_file!r} can't be read: {error}.") from error
        return read_lexicon(text, self.lexicon_file), hashlib.sha256(text.encode()).hexdigest()[:12]

    @cached_property
    def grammar(self) -> Grammar:
        """What sentences are read with."""
        own, files = self.lexicon.lexicon(), self.table[0].lexicon()
        lexicon = type(own)((*own.edges, *files.edges), {**files.same, **own.same})
        return Grammar(lexicon, self.strengths.model_dump(), dict(self.modalities))

    def rank(self, authority: str) -> int:
        """0 for no authority, 1 for one that is not listed, and up to the highest."""
        if not authority:
            return 0
        if authority not in self.authorities:
            return 1
        return 1 + len(self.authorities) - self.authorities.index(authority)
