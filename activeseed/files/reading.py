"""Seed and probe files as items and probes."""

from __future__ import annotations

import gc
import os
import unicodedata
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from activeseed.errors import SeedError, nearest
from activeseed.files.columns import mapped
from activeseed.files.entries import with_entries
from activeseed.files.fields import (
    ITEM_FIELDS,
    PROBE_FIELDS,
    alternatives_of,
    belief_of,
    copies_of,
    given,
    id_of,
    label_of,
    metadata_of,
    payload_of,
    text_of,
    weight_of,
)
from activeseed.files.rubrics import one_a_criterion
from activeseed.formats import Record, RecordFile, read_records, said_as
from activeseed.seed import AS_WRITTEN, Item, Pair, Payload, Probe, Rest, Seed, Vector, made_id, spread_belief


class SeedWarning(UserWarning):
    """Something in a seed or probe file that is probably not meant, and harmless."""


@dataclass(frozen=True)
class SeedFile:
    """A seed as read from a file, and what its author should look at.

    Attributes:
        seed: its items, with beliefs of one number spread over what each may be by what the file says of it.
        warnings: a sentence each.
        stays: item id -> that number, to be spread anew once more is known of what items may be.
    """

    seed: Seed
    warnings: tuple[str, ...] = ()
    stays: Mapping[str, float] = field(default_factory=dict)


def read_seed(
    path: str | os.PathLike[str],
    *,
    columns: Mapping[str, str] | None = None,
    base_rate: float | None = None,
    rest: Rest = "auto",
    entry: Sequence[str] = (),
) -> Seed:
    """Read a seed from CSV, TSV, JSON Lines, JSON, Parquet, YAML or Markdown.

    >>> seed = act.read_seed("positives.jsonl")
    >>> len(seed), seed.items[0].id, seed.items[0].payload.text
    (8, 'plain-no', "No, that isn't something I can do, and here is who can.")

    Fields by convention: ``id``, ``text`` (with the ``prompt`` that it answers, or completes, if any), ``group``,
    ``authority``, ``belief``, ``variants``; ``prompt``, ``chosen``, ``rejected`` for a pair; ``vector`` for a vector
    (then ``text`` is its label); ``kind`` where the payload is to be told (``text``, ``pair``, ``vector``,
    ``entry``). The case of
    a name makes no difference. Usual forms are known: instruction, input and output; question and answer; prompt and
    completion; context and response; ``messages``; a ``requirement``, ``criterion``, ``principle``, ``dictum`` or
    ``rule``, with its ``section`` or ``heading`` as the group and its ``context`` or ``lead_in`` as the prompt; a
    rubric, as ``[{"weight", "requirement"}]`` or with its criteria in ``rubrics``, where what costs weight says so.
    A text, prompt or reply may be a list of turns with a role and a content. Anything else is kept as metadata. Ids
    that are missing are made from content. A text has at most 100,000 characters. 1e5 items take a few seconds.

    Args:
        path: the file; its ending says the format.
        columns: which column holds which field, where the names differ: ``{"text": "statement"}``; ``data.text`` is
            ``text`` in an object ``data``.
        base_rate: probability that an item stays as written, for every item without a belief of its own.
        rest: where the rest of a scalar belief goes, see ``spread_belief``.
        entry: columns that make each item an entry (``seed.Entry``): what its system reads
            (``act.RepresentationalTethers.entry_fields``).

    Raises:
        SeedError: anything wrong with the file; the message says what, where, and what to do.

    Warns:
        SeedWarning: duplicate texts, pairs whose two replies are the same.
    """
    file = load_seed(path, columns=columns, base_rate=base_rate, rest=rest, entry=entry)
    for message in file.warnings:
        warnings.warn(message, SeedWarning, stacklevel=2)
    return file.seed


def load_seed(
    path: str | os.PathLike[str],
    *,
    columns: Mapping[str, str] | None = None,
    base_rate: float | None = None,
    rest: Rest = "auto",
    entry: Sequence[str] = (),
) -> SeedFile:
    """``read_seed`` that returns its warnings instead of emitting them."""
    if base_rate is not None and not 0.0 <= base_rate <= 1.0:
        raise SeedError(f"base_rate is {base_rate}; it is a probability. Give a number from 0 to 1.")
    with _collector_paused():
        file = one_a_criterion(_records(path))
        file = with_entries(file, entry) if entry else file
        return _load(mapped(file, columns, ITEM_FIELDS), base_rate, rest)


def _load(file: RecordFile, base_rate: float | None, rest: Rest) -> SeedFile:
    payloads = _payloads(file, ranked=True)
    ids = _ids(file, payloads)
    items: list[Item] = []
    standing: dict[str, str] = {}
    numbers: dict[str, float] = {}
    for record, payload, name in zip(file.records, payloads, ids, strict=True):
        where, fields = file.where(record), record.fields
        draft = Item(
            id=name,
            payload=payload,
            group=_group(where, fields),
            alternatives=alternatives_of(where, given(fields, "variants"), payload),
            copies=copies_of(where, given(fields, "copies")),
            metadata=metadata_of(where, fields, ITEM_FIELDS, payload),
        )
        belief = belief_of(where, given(fields, "belief"), draft)
        items.append(_believed(where, draft, belief, base_rate, rest))
        number = base_rate if belief is None else belief
        if number is not None and not isinstance(number, dict):
            numbers[name] = number
        stands = given(fields, "standing")
        if stands is not None:
            known = [v.id for v in draft.variants]
            if stands not in known:
                raise SeedError(
                    f"{where}: standing is an unknown variant {repr(stands)[:80]}.{nearest(str(stands), known)}"
                )
            if stands != AS_WRITTEN:
                standing[name] = str(stands)
    try:
        seed = Seed(items=tuple(items), standing=dict(sorted(standing.items())))
    except SeedError as error:
        raise SeedError(f"{file.path}: {error}") from error
    return SeedFile(seed, (*file.notes, *_warnings(file, payloads)), numbers)


def read_probes(path: str | os.PathLike[str], *, columns: Mapping[str, str] | None = None) -> tuple[Probe, ...]:
    """Read probes, or a pool of candidate outputs, from a file of any format that seeds can have.

    >>> [(probe.payload.text, probe.label) for probe in act.read_probes("probes.jsonl")][:1]
    [("I don't know that, and I would rather say so.", 1.0)]

    Fields as in a seed, and ``label`` (1 approve, 0 reject, or none), ``weight`` (positive, default 1).

    Raises:
        SeedError: anything wrong with the file, an empty one included.
    """
    file = mapped(_records(path), columns, PROBE_FIELDS)
    payloads = _payloads(file, ranked=False)
    kinds = sorted({p.kind for p in payloads})
    if len(kinds) > 1:
        raise SeedError(f"{file.path}: it mixes {' and '.join(kinds)}; one file holds one kind. Split it.")
    out = []
    for record, payload, name in zip(file.records, payloads, _ids(file, payloads), strict=True):
        where, fields = file.where(record), record.fields
        out.append(
            Probe(
                id=name,
                payload=payload,
                group=_group(where, fields),
                label=label_of(where, given(fields, "label")),
                weight=weight_of(where, given(fields, "weight")),
                metadata=metadata_of(where, fields, PROBE_FIELDS, payload),
            )
        )
    return tuple(out)


def read_gold(path: str | os.PathLike[str], *, entry: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Questions of known answer: ``id``, ``text`` (or ``prompt``, ``chosen``, ``rejected``) and ``answer``.

    Any format but Markdown. Raises SeedError.

    Args:
        entry: columns that make each an entry, as for ``read_seed``.
    """
    file = _records(path, otherwise=".jsonl")
    file = with_entries(file, entry) if entry else file
    if file.path.suffix.lower() in (".md", ".markdown"):
        raise SeedError(f"{file.name}:1: Markdown has no place for answers. Write gold questions as .jsonl or .csv.")
    if not file.records:
        raise SeedError(f"{file.path}: it holds no gold questions. Leave it out, or write one a line.")
    file = mapped(file, None, (*PROBE_FIELDS, "fields", "answer"))
    out = []
    for record in file.records:
        where, fields = file.where(record), record.fields
        payload, answer = payload_of(where, fields), given(fields, "answer")
        if given(fields, "id") is None or answer is None:
            missing = "id" if given(fields, "id") is None else "answer"
            raise SeedError(f"{where}: this gold question has no {missing!r}. Give each an id and the known answer.")
        if isinstance(payload, Vector):
            raise SeedError(f"{where}: nobody can judge a vector. Give gold questions a text, or two replies.")
        content = payload.model_dump(mode="json", exclude={"kind"})
        out.append({"id": id_of(where, fields["id"]), **content, "answer": text_of(where, "answer", answer).strip()})
    return out


def _records(path: str | os.PathLike[str], otherwise: str = "") -> RecordFile:
    with said_as(SeedError):
        return read_records(path, otherwise=otherwise)


@contextmanager
def _collector_paused() -> Iterator[None]:
    """A file makes many objects and no cycles; looking for cycles among them takes a third of the time."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def _believed(
    where: str, draft: Item, belief: float | dict[str, float] | None, base_rate: float | None, rest: Rest
) -> Item:
    if isinstance(belief, dict):
        spread = belief
    elif belief is not None or base_rate is not None:
        stays = belief if belief is not None else base_rate
        assert stays is not None
        try:
            spread = spread_belief(draft, stays, rest)
        except SeedError as error:
            raise SeedError(f"{where}: {error}") from error
    else:
        return draft
    # Made anew: a copy would share what the draft has cached of itself.
    return Item(
        id=draft.id,
        payload=draft.payload,
        group=draft.group,
        alternatives=draft.alternatives,
        belief=spread,
        copies=draft.copies,
        metadata=draft.metadata,
    )


def _group(where: str, fields: Mapping[str, Any]) -> str:
    group = given(fields, "group")
    if group is None:
        return ""
    if isinstance(group, list | dict):
        raise SeedError(f"{where}: 'group' must be one name, found {type(group).__name__}. An item has one group.")
    if isinstance(group, bool):  # what YAML makes of a bare `no`
        raise SeedError(f"{where}: 'group' is {str(group).lower()}, not a name. Put quotes around it.")
    return str(group).strip()


# --- payloads and ids -------------------------------------------------------------------------------------------


def _payloads(file: RecordFile, *, ranked: bool) -> list[Payload]:
    out: list[Payload] = []
    for record in file.records:
        payload = payload_of(file.where(record), record.fields, ranked=ranked)
        first = out[0] if out else payload
        if isinstance(payload, Vector) and isinstance(first, Vector) and len(payload.values) != len(first.values):
            raise SeedError(
                f"{file.where(record)}: the vector has {len(payload.values)} entries, but that of "
                f"{file.where(file.records[0])} has {len(first.values)}. All must have the same dimension."
            )
        out.append(payload)
    return out


def _ids(file: RecordFile, payloads: list[Payload]) -> list[str]:
    """Ids as given; where missing, made from content, so that the same content gets the same id in any order."""
    seen: dict[str, Record] = {}
    forms: dict[str, str] = {}
    out: list[str] = []
    for record in file.records:
        value = given(record.fields, "id")
        name = "" if value is None else id_of(file.where(record), value)
        twin = forms.setdefault(unicodedata.normalize("NFC", name), name) if name else name
        if twin != name:
            raise SeedError(
                f"{file.where(record)}: the id {name!r} differs from that of {file.where(seen[twin])} in nothing that "
                "one can see (its accents are written otherwise). Give each item its own id."
            )
        if name and name in seen:
            raise SeedError(
                f"{file.where(record)}: the id {name!r} is already that of {file.where(seen[name])}. "
                "Give each item its own id, or leave the ids out."
            )
        if name:
            seen[name] = record
        out.append(name)
    taken = set(seen)
    copies: dict[str, int] = {}
    for n, payload in enumerate(payloads):
        if not out[n]:
            stem = made_id(payload)
            name = stem
            while name in taken:
                copies[stem] = copies.get(stem, 1) + 1
                name = f"{stem}-{copies[stem]}"
            out[n] = name
            taken.add(name)
    return out


def _warnings(file: RecordFile, payloads: list[Payload]) -> list[str]:
    places: dict[bytes, list[int]] = {}
    for n, payload in enumerate(payloads):
        places.setdefault(payload.digest, []).append(n)
    copies = [where for where in places.values() if len(where) > 1]
    out = []
    for where in copies[:5]:
        lines = ", ".join(str(file.records[n].line) for n in where[:5]) + (" …" if len(where) > 5 else "")
        shown = payloads[where[0]].display
        out.append(
            f"{file.path.name}, {file.unit}s {lines}: the same content {len(where)} times "
            f"({shown[:60]!r}{'…' if len(shown) > 60 else ''}). They share their effect; remove copies you don't mean."
        )
    if len(copies) > 5:
        out.append(f"{file.path.name}: {len(copies) - 5} more contents occur several times.")
    same = [n for n, p in enumerate(payloads) if isinstance(p, Pair) and p.chosen == p.rejected]
    if same:
        lines = ", ".join(str(file.records[n].line) for n in same[:5]) + (" …" if len(same) > 5 else "")
        out.append(
            f"{file.path.name}, {file.unit}s {lines}: chosen and rejected are the same, so the pair says nothing."
        )
    return out
