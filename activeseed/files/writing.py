"""A seed as a file that ``read_seed`` reads back unchanged, or as the seed that would be deployed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from activeseed.errors import SeedError
from activeseed.files.columns import MEANT
from activeseed.files.entries import in_columns
from activeseed.files.fields import BESIDE, ITEM_FIELDS
from activeseed.formats import (
    FORMATS,
    guard,
    json_document,
    json_line,
    json_lines,
    markdown_text,
    marked,
    parquet_table,
    said_as,
    write_sheet,
    write_whole,
    yaml_document,
)
from activeseed.formats.delimited import GUARDED
from activeseed.seed import AS_WRITTEN, BY_MACHINE, FLIPPED, Entry, Item, Pair, Payload, Probe, Seed, Text, Variant


def write_seed(
    seed: Seed, path: str | os.PathLike[str], *, as_answered: bool = False, entry: Sequence[str] = ()
) -> None:
    """Write a seed; the ending says the format (CSV, TSV, JSON Lines, JSON, Parquet, YAML, Markdown).

    ``read_seed`` of the file gives the same seed, what stands included. Markdown holds ids, texts, groups, lead-ins and
    authorities only.
    The file appears whole or not at all.

    Args:
        as_answered: write the deployed seed instead: every item in the variant that stands, absent ones left out,
            without beliefs, variants and history.
        entry: columns for the fields of entries, as their author wrote them: to be read with the same names
            (``read_seed(path, entry=…)``). Without, the fields are one object, and the file says what it is by itself.

    Raises:
        SeedError: an unknown format, or one that can't hold this seed.
        FolderError: the folder can't be written.
    """
    file = Path(path)
    if as_answered:
        records = [_deployed(seed[name], payload) for name, payload in seed.standing_payloads()]
    else:
        records = [_record(item, seed.standing.get(item.id, AS_WRITTEN)) for item in seed.items]
    if entry and records[0].get("kind") == "entry":  # a seed holds payloads of one kind
        records = [in_columns(record, entry) for record in records]
    ending = file.suffix.lower()
    if ending in (".csv", ".tsv"):
        rows = marked(_cells(records, entry))
        data = write_sheet(rows, _columns(rows, entry), "\t" if ending == ".tsv" else ",").encode()
    elif ending in (".jsonl", ".ndjson"):
        data = json_lines(records).encode()
    elif ending == ".json":
        data = json_document(records).encode()
    elif ending in (".yaml", ".yml"):
        data = yaml_document(records).encode()
    elif ending == ".parquet":
        rows = _cells(records, entry, kept=("vector",))
        data = parquet_table(rows, _columns(rows, entry))
    elif ending in (".md", ".markdown"):
        with said_as(SeedError, f"{file}: "):
            data = markdown_text(records).encode()
    else:
        raise SeedError(
            f"{file}: {file.suffix or 'no ending'!r} is no format that can be written ({', '.join(FORMATS)})."
        )
    write_whole(file, data)


def write_probes(probes: Iterable[Probe], path: str | os.PathLike[str]) -> None:
    """Write probes as JSON lines that ``read_probes`` reads back; metadata and labels with them.

    Raises FolderError where the folder can't be written.
    """
    records = []
    for probe in probes:
        out: dict[str, Any] = {"id": probe.id, **_content(probe.payload)}
        if probe.group:
            out["group"] = probe.group
        if probe.label is not None:
            out["label"] = probe.label
        if probe.weight != 1.0:
            out["weight"] = probe.weight
        records.append(_with_metadata(out, probe.metadata))
    write_whole(Path(path), json_lines(records).encode())


def _record(item: Item, standing: str) -> dict[str, Any]:
    out: dict[str, Any] = {"id": item.id, **_content(item.payload)}
    if item.group:
        out["group"] = item.group
    if item.belief is not None:
        out["belief"] = dict(item.belief)
    if variants := _variants(item):
        out["variants"] = _marked(variants, item)
    if standing != AS_WRITTEN:
        out["standing"] = standing
    if item.copies != 1:
        out["copies"] = item.copies
    return _with_metadata(out, item.metadata)


def _deployed(item: Item, payload: Payload) -> dict[str, Any]:
    out: dict[str, Any] = {"id": item.id, **_content(payload)}
    if item.group:
        out["group"] = item.group
    if item.copies != 1:
        out["copies"] = item.copies
    return _with_metadata(out, item.metadata)


def _with_metadata(record: dict[str, Any], metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata beside the fields where its names and values survive reading, in an object of its own where not."""
    inner = {}
    for name, value in metadata.items():
        meant = name.strip().casefold() in (*ITEM_FIELDS, *MEANT) or name != name.strip() or not name
        if meant or value is None or value == "":
            inner[name] = value
        else:
            record[name] = value
    if inner:
        record["metadata"] = inner
    return record


def _content(payload: Payload) -> dict[str, Any]:
    if isinstance(payload, Text):
        said = {"prompt": payload.prompt, "text": payload.text, "authority": payload.authority}
        return {name: value for name, value in said.items() if value or name == "text"}
    if isinstance(payload, Pair):
        out = {"chosen": payload.chosen, "rejected": payload.rejected}
        return {"prompt": payload.prompt, **out} if payload.prompt else out
    if isinstance(payload, Entry):
        said = {"text": payload.text} if payload.text else {}
        return {"kind": "entry", **said, "fields": dict(payload.fields)}
    out_vector: dict[str, Any] = {"vector": list(payload.values)}
    return {"text": payload.label, **out_vector} if payload.label else out_vector


def _variants(item: Item) -> list[Any]:
    """The alternatives; a flip at the end is left out, since every pair gains one by being read."""
    kept: list[Variant] = list(item.alternatives)
    if (
        kept
        and kept[-1].id == FLIPPED
        and isinstance(item.payload, Pair)
        and kept[-1].payload == item.payload.flipped()
    ):
        kept.pop()
    around = _around(item.payload)
    plain = all(
        v.id == f"wording-{n}" and isinstance(v.payload, Text) and _around(v.payload) == around
        for n, v in enumerate(kept, start=1)
    )
    out: list[Any] = []
    for variant in kept:
        assert variant.payload is not None
        if plain and isinstance(variant.payload, Text):
            out.append(variant.payload.text)
        else:
            if isinstance(variant.payload, Entry) and isinstance(item.payload, Entry):
                said = _differing(item.payload, variant.payload)
            else:
                said = _content(variant.payload)
            out.append({"id": variant.id, **said})
            if isinstance(variant.payload, Pair):
                out[-1]["prompt"] = variant.payload.prompt
            # What a variant does not say, it has from its item.
            out[-1] |= {name: value for name, value in _around(variant.payload).items() if around[name]}
    return out


def _differing(entry: Entry, other: Entry) -> dict[str, Any]:
    """What a variant of an entry says otherwise: null for a field that it lacks, since what is unsaid is shared."""
    # Compared as JSON: true is not 1, and 1 not 1.0.
    out = {k: v for k, v in other.fields.items() if k not in entry.fields or _json(entry.fields[k]) != _json(v)}
    out |= dict.fromkeys(k for k in entry.fields if k not in other.fields)
    text = {"text": other.text} if other.text != entry.text else {}
    return {**text, **out} if BESIDE.isdisjoint(out) else {**text, "fields": out}


def _around(payload: Payload | None) -> dict[str, str]:
    """What a text has beside its words."""
    if isinstance(payload, Text):
        return {"prompt": payload.prompt, "authority": payload.authority}
    return {}


def _marked(variants: list[Any], item: Item) -> list[Any]:
    """The variants as they are written, those that a rule wrote with that said."""
    if all(v.origin not in BY_MACHINE for v in item.alternatives):
        return variants
    out = []
    for said, variant in zip(variants, item.alternatives, strict=False):  # a flip at the end is left out
        entry = said if isinstance(said, dict) else {"id": variant.id, "text": said}
        out.append({**entry, "comes_from": variant.origin} if variant.origin in BY_MACHINE else entry)
    return out


# --- formats ----------------------------------------------------------------------------------------------------


def _columns(records: list[dict[str, Any]], entry: Sequence[str] = ()) -> list[str]:
    present = {name for record in records for name in record}
    rest = dict.fromkeys(name for record in records for name in record)
    return [name for name in dict.fromkeys(("id", "text", *entry, *ITEM_FIELDS, *rest)) if name in present]


def _cells(
    records: list[dict[str, Any]], entry: Sequence[str] = (), kept: tuple[str, ...] = ()
) -> list[dict[str, Any]]:
    """Records whose values are texts (but for ``kept``): a cell can't say that it is a number, nor can a column."""
    rows = []
    for record in records:
        row, inner = {}, dict(record.get("metadata", {}))
        for name, value in record.items():
            if name == "metadata":
                continue
            if name in ITEM_FIELDS or name in entry:
                row[name] = value if isinstance(value, str) or name in kept else _json(value)
            elif isinstance(value, str) and guard(name) == name != GUARDED:
                row[name] = value
            else:
                inner[name] = value
        if inner:
            row["metadata"] = _json(inner)
        rows.append(row)
    return rows


def _json(value: Any) -> str:
    return json_line(value).rstrip("\n")


__all__ = ["write_seed"]
