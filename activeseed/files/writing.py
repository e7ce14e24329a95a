"""A seed as a file that ``read_seed`` reads back unchanged, or as the seed that would be deployed."""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from activeseed.errors import FolderError, SeedError
from activeseed.files.fields import ITEM_FIELDS
from activeseed.files.markdown import markdown_records
from activeseed.files.records import FORMATS
from activeseed.seed import AS_WRITTEN, FLIPPED, Item, Pair, Payload, Seed, Text, Variant


def write_seed(seed: Seed, path: str | os.PathLike[str], *, as_answered: bool = False) -> None:
    """Write a seed; the ending says the format (CSV, TSV, JSON Lines, JSON, Parquet, YAML, Markdown).

    ``read_seed`` of the file gives the same seed, what stands included. Markdown holds ids, texts and groups only.
    The file appears whole or not at all.

    Args:
        as_answered: write the deployed seed instead: every item in the variant that stands, absent ones left out,
            without beliefs, variants and history.

    Raises:
        SeedError: an unknown format, or one that can't hold this seed.
        FolderError: the folder can't be written.
    """
    file = Path(path)
    if as_answered:
        records = [_deployed(seed[name], payload) for name, payload in seed.standing_payloads()]
    else:
        records = [_record(item, seed.standing.get(item.id, AS_WRITTEN)) for item in seed.items]
    ending = file.suffix.lower()
    if ending in (".csv", ".tsv"):
        data = _csv(records, "\t" if ending == ".tsv" else ",")
    elif ending in (".jsonl", ".ndjson"):
        data = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records).encode()
    elif ending == ".json":
        data = (json.dumps(records, ensure_ascii=False, indent=1) + "\n").encode()
    elif ending in (".yaml", ".yml"):
        data = yaml.dump(records, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=100).encode()
    elif ending == ".parquet":
        data = _parquet(records)
    elif ending in (".md", ".markdown"):
        data = _markdown(file, records).encode()
    else:
        raise SeedError(
            f"{file}: {file.suffix or 'no ending'!r} is no format that can be written ({', '.join(FORMATS)})."
        )
    _replace(file, data)


def _record(item: Item, standing: str) -> dict[str, Any]:
    out: dict[str, Any] = {"id": item.id, **_content(item.payload)}
    if item.group:
        out["group"] = item.group
    if item.belief is not None:
        out["belief"] = dict(item.belief)
    if variants := _variants(item):
        out["variants"] = variants
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
        if name in ITEM_FIELDS or value is None or value == "":
            inner[name] = value
        else:
            record[name] = value
    if inner:
        record["metadata"] = inner
    return record


def _content(payload: Payload) -> dict[str, Any]:
    if isinstance(payload, Text):
        return {"text": payload.text}
    if isinstance(payload, Pair):
        out = {"chosen": payload.chosen, "rejected": payload.rejected}
        return {"prompt": payload.prompt, **out} if payload.prompt else out
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
    plain = all(v.id == f"wording-{n}" for n, v in enumerate(kept, start=1))
    out: list[Any] = []
    for variant in kept:
        assert variant.payload is not None
        if plain and isinstance(variant.payload, Text):
            out.append(variant.payload.text)
        else:
            out.append({"id": variant.id, **_content(variant.payload)})
            if isinstance(variant.payload, Pair):
                out[-1]["prompt"] = variant.payload.prompt
    return out


# --- formats ----------------------------------------------------------------------------------------------------


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Quotes texts with characters that YAML takes for line breaks: its plain and folded styles lose them."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _yaml_text(dumper: Any, text: str) -> Any:
    risky = any(c in "\r\x85\u2028\u2029\ufeff" or (c < " " and c != "\n") for c in text)
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if risky else None)


_Dumper.add_representer(str, _yaml_text)


def _columns(records: list[dict[str, Any]]) -> list[str]:
    present = {name for record in records for name in record}
    rest = dict.fromkeys(name for record in records for name in record if name not in ITEM_FIELDS)
    return [name for name in ITEM_FIELDS if name in present] + list(rest)


def _csv(records: list[dict[str, Any]], delimiter: str) -> bytes:
    rows = []
    for record in records:
        row, inner = {}, dict(record.get("metadata", {}))
        for name, value in record.items():
            if name == "metadata":
                continue
            if isinstance(value, str):
                row[name] = value
            elif name in ITEM_FIELDS:
                row[name] = json.dumps(value, ensure_ascii=False)
            else:
                inner[name] = value  # a cell can't say that it is a number
        if inner:
            row["metadata"] = json.dumps(inner, ensure_ascii=False)
        rows.append(row)
    out = io.StringIO(newline="")
    # CRLF: then the writer quotes both of its characters wherever they stand in a text.
    writer = csv.DictWriter(out, _columns(rows), delimiter=delimiter, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def _parquet(records: list[dict[str, Any]]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = []
    for record in records:
        row, inner = {}, dict(record.get("metadata", {}))
        for name, value in record.items():
            if name == "metadata":
                continue
            if isinstance(value, str) or name == "vector":
                row[name] = value
            elif name in ITEM_FIELDS:
                row[name] = json.dumps(value, ensure_ascii=False)
            else:
                inner[name] = value  # one column has one type; items need not agree
        if inner:
            row["metadata"] = json.dumps(inner, ensure_ascii=False)
        rows.append(row)
    names = _columns(rows)
    kinds = {n: pa.list_(pa.float64()) if n == "vector" else pa.string() for n in names}
    table = pa.table({n: pa.array([r.get(n) for r in rows], kinds[n]) for n in names})
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


def _markdown(file: Path, records: list[dict[str, Any]]) -> str:
    for record in records:
        extra = sorted(set(record) - {"id", "text", "group"})
        if extra or "text" not in record:
            raise SeedError(
                f"{file}: Markdown holds ids, texts and groups, but item {record['id']!r} also has "
                f"{', '.join(extra)}. Write .jsonl instead."
            )
    lines: list[str] = []
    group = ""
    for record in records:
        if record.get("group", "") != group:
            group = record.get("group", "")
            lines += ["", f"# {group}", ""]
        lines.append(f"- {record['text']} {{#{record['id']}}}")
    text = "\n".join(lines).lstrip("\n") + "\n"
    if [fields for _, fields in markdown_records(text)] != records:
        raise SeedError(
            f"{file}: these texts, ids or groups hold line breaks or markup that Markdown would read differently. "
            "Write .jsonl instead."
        )
    return text


def _replace(file: Path, data: bytes) -> None:
    try:
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
        try:
            with os.fdopen(handle, "wb") as out:
                out.write(data)
            mode = file.stat().st_mode if file.exists() else 0o666 & ~_umask()
            os.chmod(name, mode)
            os.replace(name, file)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise FolderError(
            f"{file}: can't be written ({error.strerror}). Check the folder and its permissions."
        ) from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


__all__ = ["write_seed"]
