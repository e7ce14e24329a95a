"""Partition ensembles: p trainings on p disjoint parts of the seed, and their median (Levine & Feizi 2021).

Deep Partition Aggregation (ICLR 2021, arXiv 2006.14768): an item's part is a hash of its content, so whoever removes an
item, or adds one, changes what one member is trained on and leaves the others what they were. What the median of the
members can do after k such changes is therefore known without any further training, whatever the members are
(`analyses.removal.partition` says it). The price is that each member learns from a p-th of the seed.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import BaseModel, Field, ValidationError, field_serializer, field_validator

from activeseed.checked import SettingsRecord, explain
from activeseed.errors import ConfigError, PlanError, nearest
from activeseed.factor import Factor, setting_factor
from activeseed.protocols import (
    Cost,
    Json,
    SupportsAgreement,
    SupportsEntries,
    SupportsFactors,
    SupportsLocating,
    SupportsPermission,
    SupportsReading,
    SupportsRemarks,
    Traits,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from activeseed.outcome import Outcomes
    from activeseed.plan import Materials, Rows
    from activeseed.protocols import Geometry, System
    from activeseed.seed import Payload, Probe

#: kind -> where the record of a member's kind is defined, below ``activeseed.systems``
MEMBERS: dict[str, str] = {
    "oversight_league": "league:OversightLeague",
    "reward_model": "reward_model:RewardModel",
    "inference_engine": "inference:InferenceEngine",
    "representational_tethers": "tethers:RepresentationalTethers",
    "cirl": "cirl:CIRL",
    "predca": "predca:PreDCA",
    "function": "own:FromFunction",
    "estimator": "own:FromEstimator",
    "command": "own:Command",
}
#: states: what every member says, and what a single one says that was trained on all items
MEMBERS_STATE, SINGLE_STATE = "members", "single"
#: trainings of members that are asked for together
TOGETHER = 4096


class Partition(SettingsRecord):
    """The median of p members, each trained on the items whose content falls into its part.

    An item of a row belongs to part ``hash(content) mod parts``: neither its place, nor its name, nor what else is in
    the seed has a say, so equal texts are always together. Every member is trained on its part alone, the rest left
    out, under the row's key: they share the member's key streams. A member whose part is empty abstains, and so does
    one that can't be trained (a classifier whose part holds one class); a row fails where all of them do. The outcome
    at a place is the median of those who don't, with two in the middle their mean. A row without any item is what the
    member makes of none.

    >>> act.Partition(parts=7, of=act.OversightLeague(rounds=2)).traits.weighted
    True

    Attributes:
        parts: p. Odd numbers leave no ties. More parts bear more changes, and members learn from fewer items.
        of: the member: any system whose outcome at a place is a number of its own. In ``activeseed.toml`` a table
            ``[system.of]`` with a kind of this package.
    """

    #: the setting that holds another system's table: whoever makes a project asks that one what it reads
    member_setting: ClassVar[str] = "of"

    kind: Literal["partition"] = "partition"
    parts: int = Field(default=31, ge=2, le=10_001)
    of: Any = Field(default_factory=lambda: _member_of({}))

    @field_validator("of", mode="before")
    @classmethod
    def _by_kind(cls, value: Any) -> Any:
        if isinstance(value, Mapping):
            return _member_of(value)
        if not (hasattr(type(value), "train") and hasattr(type(value), "record")):
            raise ConfigError(f"[system.of] = {str(value)[:40]!r}: it has to be a table with a kind, or a system.")
        if getattr(value, "kind", "") == "partition":
            raise ConfigError("[system.of]: a partition's member is no partition itself. Give this one more parts.")
        return value

    @field_serializer("of")
    def _said(self, of: Any) -> Any:
        if isinstance(of, BaseModel):
            return of.model_dump(mode="json", by_alias=True)
        place = f"<{type(of).__module__}:{type(of).__qualname__}>"
        return {**json.loads(json.dumps(of.record(), default=str)), "kind": place}

    # --- what the member is asked before it may run -------------------------------------------------------------

    def located(self, folder: Path) -> Self:
        """See ``protocols.SupportsLocating``: the member's relative paths are read from a folder."""
        of = self.of
        return self.model_copy(update={"of": of.located(folder)}) if isinstance(of, SupportsLocating) else self

    def asking(self, permit: Callable[[], None]) -> Self:
        """See ``protocols.SupportsPermission``: the member calls ``permit`` before it loads or starts anything."""
        of = self.of
        return self.model_copy(update={"of": of.asking(permit)}) if isinstance(of, SupportsPermission) else self

    def would(self, folder: Path) -> tuple[str, Json] | None:
        """See ``protocols.SupportsAgreement``: what the member would do."""
        return self.of.would(folder) if isinstance(self.of, SupportsAgreement) else None

    @property
    def entry_fields(self) -> Mapping[str, str]:
        """See ``protocols.SupportsEntries``: what the member reads; nothing where its items are no entries."""
        return self.of.entry_fields if isinstance(self.of, SupportsEntries) else {}

    # --- the System protocol ------------------------------------------------------------------------------------

    @property
    def revision(self) -> str:
        """Its own, and the member's."""
        return f"1/{self.of.revision}"

    @property
    def traits(self) -> Traits:
        """The member's; no gradients, since a median has kinks."""
        of: Traits = self.of.traits
        return Traits(of.streams, of.weighted, of.rows_at_a_time, of.memory_mb, levels=of.levels)

    def record(self) -> dict[str, Json]:
        """Everything that determines the outcomes, as JSON."""
        of = {k: v for k, v in self.of.record().items() if k != "revision"}
        return {"kind": self.kind, "parts": self.parts, "of": {"kind": self.of.kind, **of}, "revision": self.revision}

    def also_reads(self, materials: Materials) -> Json:
        """What the member reads besides; nothing more."""
        return self.of.also_reads(materials) if isinstance(self.of, SupportsReading) else None

    def check(self, materials: Materials) -> None:
        """Raise PlanError where the member can't be trained on these materials, or has outcomes without a median."""
        from activeseed.geometries import Blocks, DistributionHellinger

        if self.of.traits.per_cell:
            raise PlanError(
                f"A partition's members are trained on rows, and {self.of.kind!r} is asked cell by cell. Choose "
                "another member."
            )
        self.of.check(materials)
        if isinstance(self.of.geometry(materials), Blocks | DistributionHellinger):
            raise PlanError(
                "A partition takes the median at each place, and this member's outcomes belong together (a policy, "
                "blocks). Let it read each probe by itself: outcome = 'evaluator'."
            )

    def remarks(self, materials: Materials) -> tuple[str, ...]:
        """The member's, and what is left for each member to learn from."""
        import numpy as np

        counts = np.bincount([self.part_of(i.payload) for i in materials.seed.items], minlength=self.parts)
        empty = int((counts == 0).sum())
        said = (
            f"A row is {self.parts} trainings, of members that learn from {counts.min()} to {counts.max()} of "
            f"{len(materials.seed)} items each"
        )
        said += (
            f"; {empty} of them have none and abstain: fewer parts would leave more to learn from." if empty else "."
        )
        own = self.of.remarks(materials) if isinstance(self.of, SupportsRemarks) else ()
        return (*own, said)

    def factors(self) -> tuple[Factor, ...]:
        """How many parts there are, and the member's settings, at paths behind ``of.``."""
        around = [n for n in dict.fromkeys((self.parts // 2, self.parts * 2)) if 2 <= n <= 10_001 and n != self.parts]
        own = setting_factor("parts", [self.parts, *around])
        members = self.of.factors() if isinstance(self.of, SupportsFactors) else ()
        return (
            own,
            *(
                setting_factor(f"of.{f.id}", [c.setting for c in f.choices], f.level, f.stands, f.aspect)
                for f in members
            ),
        )

    def with_settings(self, settings: Mapping[str, Json]) -> Self:
        """The same with other values of these. Raises PlanError for one that there is not."""
        known = [f.id for f in self.factors()]
        members = {path.removeprefix("of."): v for path, v in settings.items() if path.startswith("of.")}
        strange = [path for path in settings if path != "parts" and not path.startswith("of.")]
        if strange or (members and not isinstance(self.of, SupportsFactors)):
            path = strange[0] if strange else next(iter(settings))
            raise PlanError(f"A partition has no setting {path!r}.{nearest(path, known)} It has: {', '.join(known)}.")
        of = self.of.with_settings(members) if members else self.of
        return self.model_copy(update={"of": of, "parts": settings.get("parts", self.parts)})

    def places(self, materials: Materials) -> tuple[Probe, ...]:
        """The member's."""
        found: tuple[Probe, ...] = self.of.places(materials)
        return found

    def geometry(self, materials: Materials) -> Geometry:
        """The member's."""
        found: Geometry = self.of.geometry(materials)
        return found

    def cost(self, materials: Materials) -> Cost:
        """Of p trainings of the member, which are one row."""
        of: Cost = self.of.cost(materials)
        p = self.parts
        return Cost(of.bytes * p, of.multiply_adds * p, of.calls * p, of.money * p)

    def train(self, rows: Rows, materials: Materials) -> Outcomes:
        """Train p members a row; a row is a recorded failure where none of them could be trained."""
        import numpy as np

        from activeseed.outcome import Outcomes, join_outcomes

        parts = [self._block(block, materials) for block in self._blocks(rows)]
        if not parts:
            return Outcomes(np.zeros((0, len(self.places(materials))), np.float32), np.zeros(0, np.bool_))
        return join_outcomes(parts)

    def _block(self, rows: Rows, materials: Materials) -> Outcomes:
        import numpy as np

        from activeseed.outcome import Outcomes

        members = self._members(rows, materials)
        shape = len(rows), self.parts, -1
        values = _median(np.where(members.ok[:, None], members.values, np.nan).reshape(shape))
        vouching = None
        if members.vouching is not None:
            vouching = _median(np.where(members.ok[:, None], members.vouching, np.nan).reshape(shape))
        sound = self._sound(rows, materials)
        ok = members.ok.reshape(len(rows), self.parts).any(1) & sound
        values[~ok] = np.nan
        failures = {
            int(r): f"no member could be trained: {_first(members.failures, int(r) * self.parts, self.parts)}"
            if sound[r]
            else "a weight is negative or not finite"
            for r in np.flatnonzero(~ok)
        }
        return Outcomes(values, ok, failures, vouching, members.seconds, members.warned)

    # --- parts --------------------------------------------------------------------------------------------------

    def part_of(self, payload: Payload) -> int:
        """The part, in [0, parts), that content falls into: the same on every machine, in every seed."""
        return int.from_bytes(payload.digest[:8], "big") % self.parts

    def _members(self, rows: Rows, materials: Materials) -> Outcomes:
        """Outcomes of R·p members, row by row; those that abstain are not ok, those of empty parts without a reason."""
        import numpy as np

        from activeseed.outcome import Outcomes

        expanded, filled = self._expanded(rows, materials)
        at = np.flatnonzero(filled)
        found = self.of.train(expanded.take(at), materials)
        values = np.full((len(filled), found.values.shape[1]), np.nan, np.float32)
        ok = np.zeros(len(filled), np.bool_)
        values[at], ok[at] = found.values, found.ok
        vouching = None
        if found.vouching is not None:
            vouching = np.full((len(filled), found.vouching.shape[1]), np.nan, np.float32)
            vouching[at] = found.vouching
        failures = {int(at[r]): why for r, why in found.failures.items()}
        return Outcomes(values, ok, failures, vouching, found.seconds, found.warned)

    def _expanded(self, rows: Rows, materials: Materials) -> tuple[Rows, NDArray[np.bool_]]:
        """R rows -> R·p rows of the member: row by row, the items of each part with all others left out.

        And (R·p,) which of them learn from anything; all of a row that has no item.
        """
        import numpy as np

        from activeseed.plan import Rows as PlanRows
        from activeseed.seed import ABSENT

        slots, p = materials.slots, self.parts
        part = np.array([self.part_of(payload) for payload in slots.payloads])
        absent = np.array([i.index_of(ABSENT) for i in materials.seed.items], np.int16)
        at = slots.index[np.arange(len(absent))[None, :], rows.variants]  # (R, F) slot of each item, −1 where absent
        mine = np.where(at >= 0, part[at], -1)
        kept = mine[:, None, :] == np.arange(p)[None, :, None]
        variants = np.where(kept, rows.variants[:, None, :], absent).reshape(-1, len(absent)).astype(np.int16)
        again = np.repeat(np.arange(len(rows)), p)
        multiplicity = None if rows.multiplicity is None else rows.multiplicity[again]
        counts = kept if rows.multiplicity is None else kept & (rows.multiplicity[:, None, :] != 0)
        filled = counts.any(2)
        filled |= ~filled.any(1, keepdims=True)
        apart = {n: k[again] for n, k in rows.apart.items()}
        return PlanRows(variants, rows.keys[again], multiplicity, apart), filled.reshape(-1)

    def _sound(self, rows: Rows, materials: Materials) -> NDArray[np.bool_]:
        """(R,) no weight that is negative or not finite: it would spoil one member, and the others would hide it."""
        import numpy as np

        weights = rows.weights(materials.slots)
        return np.asarray((np.isfinite(weights) & (weights >= 0)).all(1), np.bool_)

    def _blocks(self, rows: Rows) -> list[Rows]:
        """Rows in blocks whose members are asked for together."""
        per = max(1, TOGETHER // self.parts)
        return [rows.take(slice(a, a + per)) for a in range(0, len(rows), per)]

    # --- what can be looked into --------------------------------------------------------------------------------

    @property
    def state_names(self) -> tuple[str, ...]:
        """``members``: what each of them says; ``single``: what one says that was trained on all items."""
        return MEMBERS_STATE, SINGLE_STATE

    def states(self, rows: Rows, materials: Materials, name: str) -> NDArray[np.float32]:
        """(R, p, P + 1) ``members``: outcomes of each, and in the last entry 1 where it trained.

        One that abstains is 0 throughout. (R, P) ``single``: outcomes of the member trained on the whole row. NaN where
        a row failed.
        """
        import numpy as np

        places = len(self.places(materials))
        if name == SINGLE_STATE:
            found = self.of.train(rows, materials)
            return np.asarray(np.where(found.ok[:, None], found.values, np.nan), np.float32)
        if name != MEMBERS_STATE:
            raise PlanError(f"A partition has no state {name!r}.{nearest(name, self.state_names)}")
        out = np.zeros((len(rows), self.parts, places + 1), np.float32)
        a = 0
        for block in self._blocks(rows):
            members = self._members(block, materials)
            here = out[a : a + len(block)]
            here[..., :places] = np.where(members.ok[:, None], members.values, 0.0).reshape(len(block), self.parts, -1)
            here[..., places] = members.ok.reshape(len(block), self.parts)
            a += len(block)
        out[~((out[..., places] > 0).any(1) & self._sound(rows, materials))] = np.nan
        return out

    def state_size(self, materials: Materials, name: str) -> int:
        """Numbers in a state of one row."""
        places = len(self.places(materials))
        return places if name == SINGLE_STATE else self.parts * (places + 1)


def _first(failures: Mapping[int, str], start: int, n: int) -> str:
    """The first reason among the members of a row."""
    return next((failures[r] for r in range(start, start + n) if r in failures), "no reason was given")


def _median(values: NDArray[np.floating]) -> NDArray[np.float32]:
    """(R, P) median over the members (R, p, P) that are no NaN; NaN where all are."""
    import numpy as np

    none = np.isnan(values).all(1)
    found = np.nanmedian(np.where(none[:, None], 0.0, values), 1).astype(np.float32)
    found[none] = np.nan
    return np.asarray(found, np.float32)


def _member_of(table: Mapping[str, Any]) -> System:
    """A member from its table. Raises ConfigError for an unknown kind, key or value."""
    kind = table.get("kind", "oversight_league")
    if not isinstance(kind, str) or kind not in MEMBERS:
        how = nearest(str(kind), MEMBERS) or f" Known: {', '.join(MEMBERS)}."
        if isinstance(kind, str) and ":" in kind:
            how = " Another's system is handed over in Python: Study.open(folder, system=Partition(of=…))."
        raise ConfigError(f"[system.of] kind = {kind!r} is no member of a partition.{how}")
    module, _, name = MEMBERS[kind].partition(":")
    record: type[BaseModel] = getattr(importlib.import_module(f"activeseed.systems.{module}"), name)
    made = next((n for n, f in record.model_fields.items() if f.exclude and n in table), None)
    if made is not None:
        raise ConfigError(f"[system.of]: {made} is no setting. It can only be given in Python.")
    try:
        found: Any = record.model_validate({**table, "kind": kind})
    except ValidationError as error:
        raise ConfigError(explain(error, "[system.of]", record)) from error
    return found  # type: ignore[no-any-return]
