"""Where a study keeps its facts: an append-only journal in a database, and arrays in content-addressed files."""

from __future__ import annotations

from activeseed.store.folder import FolderStore

__all__ = ["FolderStore"]
