"""A fingerprint of a function: it changes when what the function would compute may have changed.

It covers the source (without comments and layout; the bytecode where there is no source), defaults, values captured
from around it, and the functions, classes, plain values, arrays and estimators of its own module that it names. It does
not see into other modules, files or databases: a trainer that depends on those states a ``version``.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import inspect
import textwrap
import types
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np


def fingerprint(thing: Any) -> str:
    """16 hex digits over a function, class, estimator or plain value."""
    h = hashlib.sha256()
    for part in _parts(thing, set(), ""):
        h.update(part.encode("utf-8", "surrogatepass"))
        h.update(b"\0")
    return h.hexdigest()[:16]


def _parts(thing: Any, seen: set[int], module: str) -> Iterator[str]:
    if thing is None or isinstance(thing, bool | int | float | complex | str | bytes | range):
        yield repr(thing)
    elif isinstance(thing, np.ndarray | np.generic):
        array = np.ascontiguousarray(thing)
        yield f"array {array.dtype} {array.shape}"
        yield repr(array.tolist()) if array.dtype.hasobject else hashlib.sha256(array.tobytes()).hexdigest()
    elif id(thing) in seen:
        yield "seen"
    elif isinstance(thing, Mapping):
        yield f"mapping {len(thing)}"
        for key in sorted(thing, key=repr):
            yield repr(key)
            yield from _parts(thing[key], seen | {id(thing)}, module)
    elif isinstance(thing, list | tuple):
        yield f"sequence {len(thing)}"
        for part in thing:
            yield from _parts(part, seen | {id(thing)}, module)
    elif isinstance(thing, set | frozenset):
        yield from sorted("/".join(_parts(part, seen, module)) for part in thing)
    elif isinstance(thing, functools.partial):
        yield from _parts([thing.func, thing.args, thing.keywords], seen, module)
    elif isinstance(thing, types.MethodType):
        yield from _parts([thing.__func__, thing.__self__], seen, module)
    elif isinstance(thing, types.FunctionType):
        seen.add(id(thing))
        yield from _function(thing, seen)
    elif isinstance(thing, type):
        seen.add(id(thing))
        yield _source(thing) or f"class {thing.__module__}.{thing.__qualname__}"
    elif isinstance(thing, types.ModuleType):
        yield f"module {thing.__name__}"
    elif callable(getattr(thing, "get_params", None)):  # scikit-learn: what it was made with, not what it has learnt
        yield f"{type(thing).__module__}.{type(thing).__qualname__}"
        yield from _parts(thing.get_params(deep=False), seen | {id(thing)}, module)
    elif hasattr(thing, "__array__"):  # a table, a tensor
        yield f"{type(thing).__module__}.{type(thing).__qualname__}"
        yield from _parts(np.asarray(thing), seen, module)
    else:
        kind = type(thing)
        yield f"{kind.__module__}.{kind.__qualname__}"
        if kind.__module__ == module or not module:
            seen.add(id(thing))
            yield from _parts(kind, seen, module)
            yield from _parts(dict(getattr(thing, "__dict__", {})), seen, kind.__module__)


def _function(function: types.FunctionType, seen: set[int]) -> Iterator[str]:
    code, module = function.__code__, function.__module__
    yield _source(function) or _bytecode(code)
    yield from _parts([function.__defaults__, function.__kwdefaults__], seen, module)
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        yield f"captured {name}"
        try:
            yield from _parts(cell.cell_contents, seen, module)
        except ValueError:
            yield "empty"
    for name in sorted(_names(code)):
        value = function.__globals__.get(name, _missing)
        if value is _missing:
            continue  # a builtin, or the name of an attribute
        yield f"global {name}"
        foreign = isinstance(value, type | types.FunctionType) and value.__module__ != module
        yield from _parts(f"{value.__module__}.{value.__qualname__}" if foreign else value, seen, module)


_missing = object()


def _names(code: types.CodeType) -> set[str]:
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= _names(constant)
    return names


def _source(thing: Any) -> str:
    """Source without comments, documentation and layout, or an empty text."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(thing)))
    except (OSError, TypeError, SyntaxError, ValueError):
        return ""  # typed at a prompt, or a lambda in the middle of a statement
    if getattr(thing, "__name__", "") == "<lambda>":
        return ""  # the line may hold several of them
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            and ast.get_docstring(node) is not None
        ):
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree)


def _bytecode(code: types.CodeType) -> str:
    constants = [_bytecode(c) if isinstance(c, types.CodeType) else repr(c) for c in code.co_consts]
    return f"{code.co_code.hex()} {constants} {code.co_names} {code.co_varnames}"
