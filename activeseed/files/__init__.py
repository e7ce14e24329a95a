"""Seed, pool and probe files: reading, checking, writing, and taking in what an author went on editing.

Formats: CSV, TSV, JSON Lines, JSON, Parquet, YAML, Markdown. The conventions are those of ``read_seed``.
"""

from activeseed.files.authors_file import write_into
from activeseed.files.fields import MAX_TEXT
from activeseed.files.pool import check_pool
from activeseed.files.reading import SeedFile, SeedWarning, load_seed, read_gold, read_probes, read_seed
from activeseed.files.sync import Conflict, SyncResult, sync
from activeseed.files.writing import write_probes, write_seed

__all__ = [
    "MAX_TEXT",
    "Conflict",
    "SeedFile",
    "SeedWarning",
    "SyncResult",
    "check_pool",
    "load_seed",
    "read_gold",
    "read_probes",
    "read_seed",
    "sync",
    "write_into",
    "write_probes",
    "write_seed",
]
