"""Names of Python objects in a configuration: ``package.module:name``, or ``path/to/file.py:name``."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from activeseed.errors import ConfigError, describe, nearest
from activeseed.interrupts import watched


def load(target: str, base: Path, permit: Callable[[], None] | None = None) -> Any:
    """The object behind a name; a relative path starts at ``base``.

    Args:
        permit: called before anything is imported; it raises where that may not be.

    Raises:
        ConfigError: what is missing, and how to write it.
    """
    place, _, name = target.rpartition(":")
    if not place or not name:
        raise ConfigError(f"target = {target!r} names no function. Write package.module:function or file.py:function.")
    if permit is not None:
        permit()
    found: Any = _from_file(base / place) if place.endswith(".py") else _from_module(place, target)
    for part in name.split("."):
        if not hasattr(found, part):
            known = [n for n in vars(found) if not n.startswith("_")] if hasattr(found, "__dict__") else []
            raise ConfigError(f"target = {target!r}: {place} has no {part!r}.{nearest(part, known)}")
        found = getattr(found, part)
    return found


def name_of(thing: Any) -> str:
    """The name under which ``load`` finds this object again, or an empty text (a lambda, a closure, a notebook)."""
    qualified, module = getattr(thing, "__qualname__", ""), getattr(thing, "__module__", "")
    if not qualified or "<" in qualified:
        return ""
    if module in ("__main__", "__mp_main__"):
        file = getattr(sys.modules.get(module), "__file__", None)
        return f"{Path(file).resolve()}:{qualified}" if file and str(file).endswith(".py") else ""
    # The public place of a thing that is defined in a private module: sklearn.svm:SVC, not sklearn.svm._classes:SVC.
    public = module.partition("._")[0]
    if getattr(sys.modules.get(public), qualified, None) is thing:
        module = public
    return f"{module}:{qualified}"


def _from_module(module: str, target: str) -> ModuleType:
    try:
        with watched() as watch:
            return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise ConfigError(f"target = {target!r} can't be imported: {describe(error)}.") from error
        raise ConfigError(
            f"target = {target!r}: there is no module {error.name!r}. Install it, set PYTHONPATH to its folder, "
            "or name a file: target = 'path/to/file.py:function'."
        ) from error
    except BaseException as error:
        watch.stop_if_asked()
        raise ConfigError(f"target = {target!r} can't be imported: {describe(error)}.") from error


def _from_file(file: Path) -> ModuleType:
    path = file.resolve()
    if not path.is_file():
        raise ConfigError(f"There is no file {path}, where the trainer should be.")
    # One module a file, and none that another `trainer.py` could be taken for.
    name = f"_activeseed_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ConfigError(f"{file} is no Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    sys.path.append(str(path.parent))  # so that it finds the modules beside it
    try:
        with watched() as watch:
            spec.loader.exec_module(module)
    except BaseException as error:  # a script that leaves with sys.exit(), or raises what Ctrl-C would
        del sys.modules[name]
        watch.stop_if_asked()
        raise ConfigError(f"{file} can't be run: {describe(error)}.") from error
    return module
