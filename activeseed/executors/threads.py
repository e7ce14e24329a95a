"""A number of threads for arithmetic, held while something trains and given back afterwards.

Sums come out in an order that depends on the number of threads, so the executors fix it: the same rows then have the
same bits in one process and in many.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def environment(threads: int) -> dict[str, str]:
    """What a fresh process must find in its environment before it loads any library."""
    return dict.fromkeys(VARIABLES, str(threads))


_known: tuple[int, Any] = (0, None)


def _loaded_libraries() -> Any:
    """The process as threadpoolctl sees it. Looking takes milliseconds, and only an import brings new libraries."""
    global _known
    from threadpoolctl import ThreadpoolController

    if _known[0] != len(sys.modules):
        _known = (len(sys.modules), ThreadpoolController())
    return _known[1]


@contextmanager
def limited(threads: int) -> Iterator[None]:
    """Hold arithmetic to ``threads`` threads: libraries that are loaded already, and those loaded meanwhile."""
    before = {name: os.environ.get(name) for name in VARIABLES}
    os.environ.update(environment(threads))
    torch = sys.modules.get("torch")
    torch_before = torch.get_num_threads() if torch is not None else None
    if torch is not None and torch_before != threads:
        torch.set_num_threads(threads)
    try:
        with _loaded_libraries().limit(limits=threads):
            yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        if torch is not None and torch_before != threads:
            torch.set_num_threads(torch_before)
