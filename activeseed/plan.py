"""Laws, keys, rows and designs: what is trained, before anything is trained.

A **row** is one training: a variant for every factor, optionally a multiplicity, and a replicate number from which
every key stream of that training is derived. Two rows with the same replicate number share all randomness (common
random numbers). A **design** makes rows lazily, block by block, from its own record and the row number alone, so a
plan of a million rows needs no matrix of a million rows and a killed analysis makes the same rows again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from activeseed.errors import PlanError
from activeseed.factor import Factor
from activeseed.seed import Entry, Json, Pair, Payload, Probe, Seed, Text, Vector, digest_of

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


# --- keys -------------------------------------------------------------------------------------------------------


def stream_key(root: int, *path: str | int) -> int:
    """A 128-bit key for a named stream, a pure function of the root key and the path.

    ``numpy.random.Philox(key=stream_key(root, "init", replicate))`` is the generator of that stream.
    """
    text = "/".join([str(root), *map(str, path)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "little")


def generator(root: int, *path: str | int) -> np.random.Generator:
    """A numpy generator for a named stream."""
    return np.random.Generator(np.random.Philox(key=stream_key(root, *path)))


# --- laws -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Law:
    """A distribution over assignments with independent entries.

    Attributes:
        name: stands in the heading of every column computed under it.
        probabilities: (F, V) probability of each variant of each factor; rows sum to one, padded with zeros.
    """

    name: str
    probabilities: Floats

    def clipped(self, floor: float) -> Law:
        """Every possible variant of an unsettled factor gets at least ``floor``; settled factors stay settled.

        Regression designs use it: a coefficient of a variant that hardly ever occurs can't be estimated.
        """
        p = self.probabilities
        open_ = (p > 0).sum(1) > 1
        q = np.where((p > 0) & open_[:, None], np.maximum(p, floor), p)
        return Law(f"{self.name}, at least {floor:g}", q / q.sum(1, keepdims=True))


#: the stream of how lines are handed over
LINES = "lines"


# --- rows -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rows:
    """R trainings.

    Attributes:
        variants: (R, F) index of the choice that each factor takes: the items' first, then, where a design varies them,
            the system's settings (the driver hands a system rows of items alone, and itself as the settings have it).
        keys: (R,) replicate number; equal numbers mean equal randomness.
        multiplicity: (R, F) weight of each item relative to one copy, or None for one everywhere.
        apart: named streams that don't go by ``keys``: name -> (R,) replicate numbers of their own. The stream
            ``lines`` is how the items are handed over: 0 in their own order, any other number names a change that
            should not matter (two neighbours swapped). A trainer to which order is nothing ignores it.
    """

    variants: NDArray[np.int16]
    keys: Ints
    multiplicity: NDArray[np.float32] | None = None
    apart: Mapping[str, Ints] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.keys)

    def stream(self, name: str) -> Ints:
        """(R,) replicate numbers of a named stream."""
        if name in self.apart:
            return self.apart[name]
        return np.zeros(len(self), np.int64) if name == LINES else self.keys

    def take(self, index: Any) -> Rows:
        """The rows at an index or slice."""
        m = None if self.multiplicity is None else self.multiplicity[index]
        return Rows(self.variants[index], self.keys[index], m, {n: k[index] for n, k in self.apart.items()})

    def of_items(self, items: int) -> Rows:
        """The same rows without the columns of settings."""
        if self.variants.shape[1] == items:
            return self
        multiplicity = None if self.multiplicity is None else self.multiplicity[:, :items]
        return replace(self, variants=self.variants[:, :items], multiplicity=multiplicity)

    def weights(self, slots: Slots) -> NDArray[np.float32]:
        """(R, S) weight of every slot: what a batched trainer multiplies its losses with."""
        out = np.zeros((len(self), len(slots.payloads)), np.float32)
        column = slots.index[np.arange(self.variants.shape[1])[None, :], self.variants]
        r, f = np.nonzero(column >= 0)
        out[r, column[r, f]] = 1.0 if self.multiplicity is None else self.multiplicity[r, f]
        return out * slots.copies


def join_rows(parts: Sequence[Rows]) -> Rows:
    """Rows one after the other."""
    multiplicity = None
    if any(p.multiplicity is not None for p in parts):
        multiplicity = np.concatenate(
            [np.ones(p.variants.shape, np.float32) if p.multiplicity is None else p.multiplicity for p in parts]
        )
    names = dict.fromkeys(name for p in parts for name in p.apart)
    apart = {name: np.concatenate([p.stream(name) for p in parts]) for name in names}
    variants, keys = np.concatenate([p.variants for p in parts]), np.concatenate([p.keys for p in parts])
    return Rows(variants, keys, multiplicity, apart)


@dataclass(frozen=True)
class Slots:
    """Every (item, variant) that has a payload, flattened: the columns of a weight matrix.

    Attributes:
        payloads: S payloads.
        items: (S,) index of the item.
        variants: (S,) index of the variant.
        index: (F, V) slot of each variant, -1 where there is none (absent, or padding).
        copies: (S,) weight of one copy of the slot's item.
    """

    payloads: tuple[Payload, ...]
    items: Ints
    variants: Ints
    index: Ints
    copies: NDArray[np.float32]

    @classmethod
    def of(cls, seed: Seed) -> Slots:
        """The slots of a seed, item by item."""
        width = max(len(i.variants) for i in seed.items)
        index = np.full((len(seed), width), -1, np.int64)
        payloads: list[Payload] = []
        where: list[tuple[int, int]] = []
        for f, item in enumerate(seed.items):
            for v, variant in enumerate(item.variants):
                if variant.payload is not None:
                    index[f, v] = len(payloads)
                    payloads.append(variant.payload)
                    where.append((f, v))
        at = np.array(where, np.int64)
        copies = np.array([seed.items[f].copies for f in at[:, 0]], np.float32)
        return cls(tuple(payloads), at[:, 0], at[:, 1], index, copies)


@dataclass(frozen=True)
class Materials:
    """What every training of a study shares: the seed's slots, the pool, the probes, the embedder, the root key.

    Attributes:
        seed: items and variants (what stands does not matter here: rows say which variant is used).
        pool: candidate outputs that agents choose from; may be empty.
        probes: where outcomes are read.
        root: root key of all key streams.
        embed: texts -> (n, d) float32 features, cached; raises PlanError when there is no embedder.
        embedder: name and revision of the embedder, part of every row's name.
        system: names the settings of a system that is somebody else's, likewise; empty for one of this package, whose
            record says all.
    """

    seed: Seed
    probes: tuple[Probe, ...]
    pool: tuple[Probe, ...] = ()
    root: int = 0
    embed: Callable[[Sequence[str]], NDArray[np.float32]] = field(default=lambda texts: _no_embedder(), compare=False)
    embedder: str = "none"
    system: str = ""

    @cached_property
    def slots(self) -> Slots:
        return Slots.of(self.seed)

    @property
    def width(self) -> int:
        """S: slots, one for each (item, variant) that has a payload."""
        return len(self.slots.payloads)

    def at(self, places: Sequence[int]) -> Materials:
        """The same with only these of the probes."""
        return replace(self, probes=tuple(self.probes[p] for p in places))

    def features(self, payloads: Sequence[Payload]) -> NDArray[np.float32]:
        """(n, d) features: the embedding of a text, a vector's entries, chosen minus rejected for a pair.

        Of an entry its field ``vector``, else the embedding of its text, or of all that it says where it has none.
        """
        if not payloads:
            return np.zeros((0, 0), np.float32)
        payloads = [_plain(p) for p in payloads]
        first = payloads[0]
        if isinstance(first, Vector):
            rows = [p.values for p in payloads if isinstance(p, Vector)]
            if len({len(r) for r in rows}) != 1 or len(rows) != len(payloads):
                raise PlanError("Vectors of seed, pool and probes must all have the same dimension.")
            return np.asarray(rows, np.float32)
        if isinstance(first, Text):
            return self.embed([p.text for p in payloads if isinstance(p, Text)])
        pairs = [p for p in payloads if isinstance(p, Pair)]
        both = self.embed([p.chosen for p in pairs] + [p.rejected for p in pairs])
        return both[: len(pairs)] - both[len(pairs) :]

    @cached_property
    def digest(self) -> bytes:
        """Names what the materials determine about an outcome, in order (metadata and labels don't)."""
        h = hashlib.sha256(f"{self.root}/{self.embedder}{self.system}".encode())
        for item in self.seed.items:
            h.update(item.payload.digest)
            if item.copies != 1:
                h.update(f"×{item.copies}".encode())
        h.update(b"pool")
        for p in self.pool:
            h.update(p.payload.digest)
        h.update(b"probes")
        for p in self.probes:
            h.update(p.payload.digest)
        return h.digest()[:16]


def _plain(payload: Payload) -> Payload:
    """What of an entry is read as features."""
    if not isinstance(payload, Entry):
        return payload
    vector = payload.fields.get("vector")
    return Text(text=payload.texts[0]) if vector is None else Vector(values=tuple(vector), label=payload.text)


def _no_embedder() -> NDArray[np.float32]:
    raise PlanError("This system reads text, but the study has no embedder. Set [embedder] kind in activeseed.toml.")


def row_names(
    context: bytes, slots: Slots, rows: Rows, settings: Sequence[Factor] = (), said: Mapping[str, Json] | None = None
) -> list[str]:
    """The cache name of every row: a hash of the context and of what differs from the reference.

    The reference is the seed as written and the system's record as it is, both in the context; what differs is named by
    where it stands (an item's place, a setting's path) and by the digest of its choice.

    Args:
        context: digest of everything the rows share (``Materials.digest``, the system's record and revision).
        settings: factors of the columns after the items'.
        said: values of settings that all rows have besides, by path.
    """
    items = len(slots.index)
    plain = rows.of_items(items)
    beyond = _settings_said(rows.variants[:, items:], settings)
    if said:
        all_have = b"".join(f"/{path}=".encode() + digest_of([path, value]) for path, value in said.items())
        beyond = [all_have + b for b in beyond]
    return _item_names(context, slots, plain, beyond)


def _settings_said(choices: NDArray[np.int16], settings: Sequence[Factor]) -> list[bytes]:
    """What each row says of settings that don't take their reference."""
    out = []
    for row in choices.tolist():
        parts = [f"/{f.id}=".encode() + f.choices[c].digest for f, c in zip(settings, row, strict=False) if c]
        out.append(b"".join(parts))
    return out


def _item_names(context: bytes, slots: Slots, rows: Rows, beyond: Sequence[bytes]) -> list[str]:
    digests = [p.digest for p in slots.payloads]
    said = [
        [f.to_bytes(4, "little") + (digests[slot] if slot >= 0 else b"absent") for slot in of]
        for f, of in enumerate(slots.index.tolist())
    ]
    changed = rows.variants != 0
    if rows.multiplicity is not None:
        changed = changed | (rows.multiplicity != 1.0)
    names = []
    for r in range(len(rows)):
        at = np.flatnonzero(changed[r])
        parts = [said[f][v] for f, v in zip(at.tolist(), rows.variants[r, at].tolist(), strict=True)]
        if rows.multiplicity is not None:
            present = slots.index[at, rows.variants[r, at]] >= 0
            times = rows.multiplicity[r, at]
            parts = [p + (t.tobytes() if here else b"") for p, t, here in zip(parts, times, present, strict=True)]
        for name, numbers in rows.apart.items():
            if name == LINES and numbers[r]:
                parts.append(f"wiggle {numbers[r]}".encode())
            elif name != LINES and numbers[r] != rows.keys[r]:
                parts.append(f"/{name} {numbers[r]}".encode())
        key = int(rows.keys[r]).to_bytes(8, "little", signed=True)
        names.append(hashlib.sha256(context + key + b"".join(parts) + beyond[r]).hexdigest()[:32])
    return names


# --- designs ----------------------------------------------------------------------------------------------------


class Design(Protocol):
    """Rows made lazily. ``unit``: how many consecutive rows must share a batch (a common-random-number block)."""

    @property
    def size(self) -> int: ...
    @property
    def unit(self) -> int: ...
    def block(self, start: int, stop: int) -> Rows:
        """Rows start..stop, a pure function of the record and the row numbers."""
        ...


@dataclass(frozen=True)
class Explicit:
    """Rows that somebody wrote down."""

    rows: Rows
    unit: int = 1

    @property
    def size(self) -> int:
        return len(self.rows)

    def block(self, start: int, stop: int) -> Rows:
        return self.rows.take(slice(start, stop))


@dataclass(frozen=True)
class Change:
    """What one row does to the base: some factors take other choices or multiplicities, lines come in another way."""

    label: str
    factors: tuple[int, ...]
    variants: tuple[int, ...]
    multiplicity: tuple[float, ...] | None = None
    lines: int = 0


@dataclass(frozen=True)
class OneAtATime:
    """The base and each change of it, for several keys: the design of paired differences.

    Rows come in blocks of ``1 + width``: a copy of the base, then up to ``width`` changes under the same key, so that
    each difference is taken inside one batch. Row of (key k, block b, place j) is ``(k·blocks + b)·(1+width) + j``;
    the last block of a key is padded with copies of the base.
    """

    base: tuple[int, ...]
    changes: tuple[Change, ...]
    keys: tuple[int, ...]
    width: int = 127

    @property
    def blocks(self) -> int:
        return max(1, -(-len(self.changes) // self.per_block))

    @property
    def per_block(self) -> int:
        return max(1, min(self.width, len(self.changes)))

    @property
    def unit(self) -> int:
        return 1 + self.per_block

    @property
    def size(self) -> int:
        return len(self.keys) * self.blocks * self.unit

    def place(self, key: int, change: int) -> tuple[int, int]:
        """(row of the base, row of the change) for key number ``key`` and change number ``change``."""
        first = (key * self.blocks + change // self.per_block) * self.unit
        return first, first + 1 + change % self.per_block

    def block(self, start: int, stop: int) -> Rows:
        n = stop - start
        variants = np.tile(np.asarray(self.base, np.int16), (n, 1))
        keys = np.zeros(n, np.int64)
        multiplicity = None
        if any(c.multiplicity is not None for c in self.changes):
            multiplicity = np.ones(variants.shape, np.float32)
        lines = np.zeros(n, np.int64) if any(c.lines for c in self.changes) else None
        for r in range(start, stop):
            block, j = divmod(r, self.unit)
            k, b = divmod(block, self.blocks)
            keys[r - start] = self.keys[k]
            c = b * self.per_block + j - 1
            if j == 0 or c >= len(self.changes):
                continue
            change = self.changes[c]
            variants[r - start, list(change.factors)] = change.variants
            if multiplicity is not None and change.multiplicity is not None:
                multiplicity[r - start, list(change.factors)] = change.multiplicity
            if lines is not None:
                lines[r - start] = change.lines
        return Rows(variants, keys, multiplicity, {} if lines is None else {LINES: lines})


@dataclass(frozen=True)
class Independent:
    """Rows with independent entries drawn from a law, ``unit`` of them under each key.

    Row r draws from the Philox stream (``stream``, r) and trains with replicate ``first_key + r // unit``: rows of
    different units share no noise, which is what leave-out debiasing needs (Kline, Saggio & Sølvsten 2020).
    """

    law: Law
    size: int
    stream: int
    first_key: int = 0
    unit: int = 1

    def block(self, start: int, stop: int) -> Rows:
        edges = np.cumsum(self.law.probabilities, axis=1)
        edges[:, -1] = 1.0
        variants = np.empty((stop - start, len(edges)), np.int16)
        for r in range(start, stop):
            u = generator(self.stream, r).random(len(edges))
            variants[r - start] = (u[:, None] >= edges).sum(1)
        return Rows(variants, np.arange(start, stop, dtype=np.int64) // self.unit + self.first_key)


@dataclass(frozen=True)
class Resampled:
    """The base under resampling multiplicities: the bootstrap of the seed as it stands.

    ``kind``: ``poisson`` gives every item an independent Poisson(1) multiplicity; ``multinomial`` redraws the members
    of each entry of ``groups`` with the group's total weight held (used for *write more of this kind*).
    Items of ``held`` keep one copy. Rows come in pairs (2r, 2r+1) of two independent draws under one replicate each of
    its own.
    """

    base: tuple[int, ...]
    kind: Literal["poisson", "multinomial"]
    size: int
    stream: int
    first_key: int = 0
    groups: tuple[tuple[int, ...], ...] = ()
    unit: int = 1
    held: tuple[int, ...] = ()

    def block(self, start: int, stop: int) -> Rows:
        n = stop - start
        variants = np.tile(np.asarray(self.base, np.int16), (n, 1))
        multiplicity = np.ones(variants.shape, np.float32)
        for r in range(start, stop):
            rng = generator(self.stream, r)
            if self.kind == "poisson":
                multiplicity[r - start] = rng.poisson(1.0, len(self.base))
            for members in self.groups if self.kind == "multinomial" else ():
                draws = rng.multinomial(len(members), np.full(len(members), 1 / len(members)))
                multiplicity[r - start, list(members)] = draws
        multiplicity[:, list(self.held)] = 1.0
        return Rows(variants, np.arange(start, stop, dtype=np.int64) + self.first_key, multiplicity)


def with_keys(rows: Rows, keys: Ints) -> Rows:
    """The same assignments under other replicate numbers."""
    return replace(rows, keys=keys)
