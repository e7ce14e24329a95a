"""JSON and YAML with the checks that their parsers leave out: repeated keys, and the line of every item."""

from __future__ import annotations

import json
from typing import Any

import yaml

from activeseed.errors import SeedError


class _RepeatedKeyError(ValueError):
    pass


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out = dict(pairs)
    if len(out) < len(pairs):
        names = [k for k, _ in pairs]
        raise _RepeatedKeyError(next(k for k in names if names.count(k) > 1))
    return out


_DECODER = json.JSONDecoder(object_pairs_hook=_unique)


def parse_json(text: str, where: str) -> Any:
    """One JSON value. Raises SeedError at a syntax error, a repeated key, or nesting too deep to read."""
    try:
        return _DECODER.decode(text)
    except _RepeatedKeyError as error:
        raise SeedError(f"{where}: the key {error.args[0]!r} occurs twice in one object. Remove one.") from error
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}" if "\n" in text.strip() else f"column {error.colno}"
        raise SeedError(f"{where}: not valid JSON: {error.msg} at {place}. Mend that line.") from error
    except RecursionError as error:
        raise SeedError(f"{where}: nested too deeply to be an item. Flatten it.") from error


def yaml_records(name: str, text: str) -> list[tuple[int, dict[str, Any]]]:
    """(line, fields) of every item of a YAML document.

    Three shapes: a list of items; a mapping with ``items:``; a mapping of groups to lists. An item is a mapping, or a
    bare string that is its text.
    """
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
    try:
        root = loader.get_single_node()
        return _shape(name, root, loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise SeedError(f"{name}:{line}: not valid YAML: {error.problem or error.context}. Mend that line.") from error
    except yaml.YAMLError as error:
        raise SeedError(f"{name}: not valid YAML ({error}).") from error
    except RecursionError as error:
        raise SeedError(f"{name}: nested too deeply to be a list of items. Flatten it.") from error
    finally:
        loader.dispose()


def _shape(name: str, root: Any, loader: Any) -> list[tuple[int, dict[str, Any]]]:
    if root is None:
        return []
    if isinstance(root, yaml.MappingNode):
        _unique_keys(name, root)
        entries = {str(k.value): v for k, v in root.value}
        if "items" in entries:
            root = entries["items"]
        elif entries and all(isinstance(v, yaml.SequenceNode) for v in entries.values()):
            out = []
            for group, node in entries.items():
                out += [(line, {"group": group, **fields}) for line, fields in _items(name, node, loader)]
            return out
    if not isinstance(root, yaml.SequenceNode):
        raise SeedError(
            f"{name}:{root.start_mark.line + 1}: expected a list of items, a mapping with 'items:', or a mapping of "
            "groups to lists of items."
        )
    return _items(name, root, loader)


def _items(name: str, node: Any, loader: Any) -> list[tuple[int, dict[str, Any]]]:
    out: list[tuple[int, dict[str, Any]]] = []
    for child in node.value:
        line = child.start_mark.line + 1
        if isinstance(child, yaml.MappingNode):
            _unique_keys(name, child)
            fields = {str(k): v for k, v in loader.construct_document(child).items()}
            out.append((line, fields))
        elif isinstance(child, yaml.ScalarNode):
            # A bare line is text whatever YAML would make of it: `- yes` and `- 12` are dicta too.
            out.append((line, {"text": child.value}))
        else:
            raise SeedError(f"{name}:{line}: an item is a mapping or a text, not a list.")
    return out


def _unique_keys(name: str, node: Any) -> None:
    seen: set[str] = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise SeedError(f"{name}:{key.start_mark.line + 1}: a key must be a plain word.")
        if key.value in seen:
            raise SeedError(f"{name}:{key.start_mark.line + 1}: the key {key.value!r} occurs twice. Remove one.")
        seen.add(key.value)
