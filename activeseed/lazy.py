"""Names that a package offers and loads only when somebody uses them (PEP 562): importing the package costs nothing.

The package lists its names three times: under ``TYPE_CHECKING`` for type checkers, here by where they live, and in
``__all__``; a test holds the three together. A name must not be that of a submodule, which would hide it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any


def lazily(package: str, homes: Mapping[str, Sequence[str]]) -> Callable[[str], Any]:
    """The ``__getattr__`` of a package.

    Args:
        package: the package's ``__name__``.
        homes: module within the package -> the names that it defines.
    """
    home = {name: module for module, names in homes.items() for name in names}

    def load(name: str) -> Any:
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(f"{package}.{home[name]}"), name)
        setattr(sys.modules[package], name, value)
        return value

    return load
