"""Parquet: one reader, which knows what a file unpacks to before it does, and one writer.

A file of a kilobyte can hold a billion copies of a long text: pages are compressed, equal values are stored once, and
runs of them as a count. So what the file says of itself is looked at first, texts stay references to a dictionary while
the lengths of all of them are added up, and only then do they become texts.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from activeseed.formats.plain import MAX_BYTES, FormatError

#: rows, and values in all rows and columns together
MAX_ROWS, MAX_VALUES = 10_000_000, 100_000_000


def parquet_rows(file: Path, data: bytes) -> list[dict[str, Any]]:
    """Every row as column -> value; pandas's unnamed index is left out. Raises FormatError."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        source = pq.ParquetFile(io.BytesIO(data))
        texts = _check_declared(file, source.metadata)
        table = pq.read_table(io.BytesIO(data), read_dictionary=texts)
        size = sum(_unpacked(chunk) for column in table.columns for chunk in column.chunks)
        if size > MAX_BYTES:
            raise _too_large(file, f"{size / 2**30:.2g} GiB")
        rows: list[dict[str, Any]] = table.to_pylist()
    except (pa.ArrowException, OSError, ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        reason = (str(error).split("\n")[0] or type(error).__name__)[:200]
        raise FormatError(f"{file}: not a readable Parquet file ({reason}). Write it again.") from error
    # pandas writes an unnamed index as a column of its own; it says nothing about the items.
    hidden = {name for name in table.column_names if name.startswith("__index_level_")}
    return [{k: v for k, v in row.items() if k not in hidden} for row in rows] if hidden else rows


def _check_declared(file: Path, metadata: Any) -> list[str]:
    """What the footer says of sizes, checked; the paths of the columns that hold texts."""
    groups = [metadata.row_group(n) for n in range(metadata.num_row_groups)]
    columns = [group.column(n) for group in groups for n in range(group.num_columns)]
    size = sum(c.total_uncompressed_size for c in columns)
    values = sum(c.num_values for c in columns)
    if size > MAX_BYTES:
        raise _too_large(file, f"{size / 2**30:.2g} GiB")
    if metadata.num_rows > MAX_ROWS or values > MAX_VALUES:
        raise _too_large(file, f"{metadata.num_rows:,} rows with {values:,} values")
    kinds = [metadata.schema.column(n) for n in range(metadata.num_columns)]
    texts = [k for k in kinds if k.physical_type == "BYTE_ARRAY" and k.logical_type.type in ("STRING", "ENUM", "NONE")]
    return [k.path for k in texts]


def _too_large(file: Path, what: str) -> FormatError:
    return FormatError(
        f"{file}: it unpacks to {what}; the limits are {MAX_BYTES / 2**30:g} GiB, {MAX_ROWS:,} rows and "
        f"{MAX_VALUES:,} values. Split it, or leave columns out."
    )


def _unpacked(array: Any) -> int:
    """Bytes of an array whose texts are references, once they are texts."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = array.type
    if pa.types.is_dictionary(kind):
        if not (
            pa.types.is_string(kind.value_type)
            or pa.types.is_binary(kind.value_type)
            or pa.types.is_large_string(kind.value_type)
            or pa.types.is_large_binary(kind.value_type)
        ):
            return 8 * len(array)
        lengths = pc.binary_length(array.dictionary.cast(pa.large_binary())).cast(pa.int64())
        return int(pc.sum(lengths.take(array.indices)).as_py() or 0)
    if pa.types.is_struct(kind):
        return sum(_unpacked(array.field(n)) for n in range(kind.num_fields))
    if pa.types.is_map(kind):
        return _unpacked(array.keys) + _unpacked(array.items)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return _unpacked(array.flatten())
    return int(array.nbytes)


def parquet_table(rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> bytes:
    """Rows of texts as a file; ``vector``, where it is a column, is a list of numbers."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {n: pa.list_(pa.float64()) if n == "vector" else pa.string() for n in columns}
    table = pa.table({n: pa.array([r.get(n) for r in rows], kinds[n]) for n in columns})
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()
