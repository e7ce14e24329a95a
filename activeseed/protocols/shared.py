"""What members of several families can do."""

from __future__ import annotations

from pathlib import Path
from typing import NewType, Protocol, Self, runtime_checkable

#: a name that this package doesn't have: a column of an estimator of one's own, a law (``package.module:Name``), a kind
#: of question; or one that was read from somewhere. Names of the package are literals, which mypy looks at.
Name = NewType("Name", str)


@runtime_checkable
class SupportsLocating(Protocol):
    """Settings that name files by relative paths."""

    def located(self, folder: Path) -> Self:
        """The same settings, with relative paths read from a folder instead of the current one."""
        ...
