"""``Command``: any trainer that is a program, which reads rows from standard input and writes outcomes back."""

from __future__ import annotations

import hashlib
import shlex
import shutil
from collections.abc import Callable, Mapping
from operator import not_
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from pydantic import Field, PrivateAttr, field_validator, model_validator

from activeseed.agreeing import as_json, said
from activeseed.checked import SettingsRecord
from activeseed.errors import PlanError, TrainingError, describe
from activeseed.factor import Factor
from activeseed.geometries import Hellinger, Identity, at_places
from activeseed.masking import masked_text
from activeseed.outcome import Outcomes
from activeseed.plan import Materials, Rows, stream_key
from activeseed.protocols import Cost, Json, Traits
from activeseed.seed import Probe
from activeseed.systems.own.conversation import Conversation, converse
from activeseed.systems.own.given import GivenItem, also_reads, given_items, jsonable, outcomes_of, places_of
from activeseed.systems.own.varying import Varies, check_names, factors_of, otherwise, standing

LARGEST_READ = 16 * 2**20  # bytes of a file named in argv that are read for the fingerprint


class Command(SettingsRecord):
    """A trainer² that is an external program, started without a shell, once for a few rows.

    It reads JSON lines. The first describes the job, each of the others is a row to train::

        {"activeseed": 1, "outcomes": 2, "probes": [{"id": "p1", "text": "…", "weight": 1.0, "group": ""}, …]}
        {"row": 0, "key": 5871233, "items": [{"id": "a", "text": "…", "weight": 1.0, "variant": "as_written", …}, …]}

    and writes one JSON line for each row, in any order, a number for each probe (or that this row failed)::

        {"row": 0, "outcome": [0.91, 0.08]}
        {"row": 1, "error": "did not converge"}

    A pair has ``prompt``, ``chosen`` and ``rejected`` in place of ``text``, a vector ``values``; ``group`` and
    ``metadata`` are what the seed file holds. ``key`` is a whole number below 2⁵³ from which all randomness of the row
    must come. Declared parameters (``varies``) stand in the first line: ``"settings": {"learning_rate": 0.1}``.
    Standard error is for progress; its end becomes part of the reason when something fails.

    A program that exits with another code than 0 is not believed, one that exceeds its time is killed with its whole
    process group, a line that is no JSON ends the conversation. Rows without an outcome are then tried again alone, so
    that one bad row costs one row.

    Attributes:
        argv: the program and its arguments. It runs in the project's folder, where relative paths start.
        timeout: seconds that the program may take to the next outcome, its start included.
        rows_at_a_time: rows a process; more of them save starts.
        outcomes: P, where the study has no probes; 0 takes one outcome from each probe.
        compare: ``hellinger`` where every outcome is a probability, else ``identity``.
        deterministic: the program ignores the key.
        weighted: the program reads ``weight``. Otherwise an item of multiplicity 2 comes twice.
        ignores_space: the program ignores white space at the end of a text, so that chaos is looked for there as well.
        folder: where it runs instead.
        environment: variables that it gets besides ours. They are written to activeseed.toml as they are, and nowhere
            else: better leave a secret in your own environment, which the program has anyhow.
        version: names this trainer in place of a fingerprint of ``argv`` and of the files named there.
        varies: parameters of the training that can be perturbed: name -> values, the first of which stands, or a table
            with ``values``, ``level`` and ``aspect`` (`Varies`).
    """

    kind: Literal["command"] = "command"
    argv: tuple[str, ...]
    timeout: float = Field(default=600.0, gt=0, allow_inf_nan=False)
    rows_at_a_time: int = Field(default=4, ge=1)
    outcomes: int = Field(default=0, ge=0)
    compare: Literal["identity", "hellinger"] = "identity"
    deterministic: bool = False
    weighted: bool = False
    ignores_space: bool = False
    folder: str = ""
    environment: Mapping[str, str] = Field(default_factory=dict)
    version: str = ""
    varies: Mapping[str, Varies] = Field(default_factory=dict, exclude_if=not_)
    _base: Path = PrivateAttr(default=Path())
    _permit: Callable[[], None] | None = PrivateAttr(default=None)

    @field_validator("argv", mode="before")
    @classmethod
    def _is_a_list(cls, argv: Any) -> Any:
        if isinstance(argv, str):
            raise ValueError(f"a list is due, since no shell splits it: argv = {argv.split()!r}")
        if isinstance(argv, list | tuple) and not argv:
            raise ValueError("the list is empty; its first entry is the program")
        return argv

    @model_validator(mode="after")
    def _declares_parameters(self) -> Self:
        check_names(self.varies, type(self).model_fields)
        return self

    def located(self, folder: Path) -> Self:
        """The same program, run in a folder instead of the current one."""
        there = self.model_copy()
        there._base, there._permit = folder, self._permit
        return there

    def asking(self, permit: Callable[[], None]) -> Self:
        """The same trainer, which calls ``permit`` before the program is started: that raises where it may not."""
        there = self.model_copy()
        there._base, there._permit = self._base, permit
        return there

    @property
    def _where(self) -> Path:
        return self._base / self.folder

    def would(self, folder: Path) -> tuple[str, Json] | None:
        """See ``protocols.SupportsAgreement``."""
        what = as_json({name: self.model_dump()[name] for name in ("argv", "folder", "environment")})
        return f"run {said(masked_text(shlex.join(self.argv)))}", what

    # --- the System protocol ------------------------------------------------------------------------------------

    @property
    def revision(self) -> str:
        return self.version or self._fingerprint()

    @property
    def traits(self) -> Traits:
        streams = () if self.deterministic else ("train",)
        return Traits(streams, weighted=self.weighted, rows_at_a_time=self.rows_at_a_time)

    def record(self) -> dict[str, Json]:
        """The settings that bear on outcomes; what the program's files hold is in ``revision``."""
        return {**self.model_dump(mode="json", exclude={"ignores_space", "varies"}), **standing(self.varies)}

    def also_reads(self, materials: Materials) -> list[Json]:
        """What may determine an outcome besides ``Materials.digest``."""
        return [also_reads(materials), [[p.id, p.group, p.weight] for p in materials.probes]]

    def check(self, materials: Materials) -> None:
        if self.folder and not self._where.is_dir():
            raise PlanError(f"The command's folder {str(self._where)!r} does not exist.")
        program = self.argv[0]
        if shutil.which(str(self._where.absolute() / program) if "/" in program else program) is None:
            raise PlanError(f"The command's program {program!r} was not found, or may not be executed.")
        if not self.outcomes and not materials.probes:
            raise PlanError("There are no probes, and the command does not say how many outcomes it writes. Give the "
                            "study probes, or set outcomes = P.")  # fmt: skip

    def factors(self) -> tuple[Factor, ...]:
        """The parameters that it declares."""
        return factors_of(self.varies)

    def with_settings(self, settings: Mapping[str, Json]) -> Self:
        """The same program with other values of declared parameters. Raises PlanError for one that is not declared."""
        return self.model_copy(update={"varies": otherwise(self.varies, settings)})

    def places(self, materials: Materials) -> tuple[Probe, ...]:
        return places_of(self.outcomes, materials)

    def geometry(self, materials: Materials) -> Hellinger | Identity:
        return at_places(self.places(materials), self.compare)

    def cost(self, materials: Materials) -> Cost:
        """Unknown: nobody but the program can say."""
        return Cost()

    def train(self, rows: Rows, materials: Materials) -> Outcomes:
        if self._permit is not None:
            self._permit()
        places = len(self.places(materials))
        values = np.full((len(rows), places), np.nan, np.float32)
        failures: dict[int, str] = {}
        questions: dict[int, dict[str, Any]] = {}
        for r in range(len(rows)):
            try:
                items = given_items(materials, rows, r, weighted=self.weighted, ignores_space=self.ignores_space)
            except TrainingError as error:
                failures[r] = describe(error)
                continue
            # Every reader of JSON holds 53 bits exactly, and hardly one more than 64.
            key = stream_key(materials.root, "train", int(rows.stream("train")[r])) % 2**53
            questions[r] = {"row": r, "key": key, "items": [_item(i) for i in items]}
        probes = [{"id": p.id, **_payload(p), "weight": p.weight, "group": p.group} for p in materials.probes]
        header: dict[str, Any] = {"activeseed": 1, "outcomes": places, "probes": probes}
        if self.varies:
            header["settings"] = standing(self.varies)
        ahead = [list(questions)[n : n + self.rows_at_a_time] for n in range(0, len(questions), self.rows_at_a_time)]
        while ahead:
            group = ahead.pop(0)
            said = self._ask(header, [questions[r] for r in group], places)
            for r, outcome in said.outcomes.items():
                values[r] = outcome
            failures |= said.failures
            silent = [r for r in group if r not in said.outcomes and r not in said.failures]
            if len(group) > 1:
                ahead = [[r] for r in silent] + ahead
            else:
                failures |= dict.fromkeys(silent, said.reason)
        return outcomes_of(values, failures)

    def _ask(self, header: dict[str, Any], questions: list[dict[str, Any]], places: int) -> Conversation:
        return converse(
            list(self.argv), [header, *questions], [q["row"] for q in questions], places=places, compare=self.compare,
            timeout=self.timeout, folder=self._where, environment=dict(self.environment),
        )  # fmt: skip

    def _fingerprint(self) -> str:
        h = hashlib.sha256(repr(self.argv).encode("utf-8", "surrogatepass"))
        for argument in self.argv:
            file = self._where / argument
            try:
                with file.open("rb") as content:
                    h.update(content.read(LARGEST_READ))
            except (OSError, ValueError):
                continue  # not a file
        return h.hexdigest()[:16]


def _item(item: GivenItem) -> dict[str, Any]:
    return {
        "id": item.id, **_payload(item), "weight": item.weight, "variant": item.variant, "group": item.group,
        "metadata": jsonable(item.metadata),
    }  # fmt: skip


def _payload(thing: GivenItem | Probe) -> dict[str, Any]:
    return {k: v for k, v in thing.payload.model_dump(mode="json").items() if k != "kind"}
