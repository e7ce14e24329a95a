"""YAML: one reader, which gives the line of every item and unpacks no bomb, and one writer."""

from __future__ import annotations

from typing import Any

import yaml

from activeseed.formats.plain import MAX_DEPTH, FormatError

#: characters that a document may unpack to through its aliases, for each of its own; and so many are always fine
_GROWTH, _SMALL = 16, 1_000_000


def yaml_records(name: str, text: str) -> list[tuple[int, dict[str, Any]]]:
    """(line, fields) of every item of a YAML document.

    Three shapes: a list of items; a mapping with ``items:``; a mapping of groups to lists. An item is a mapping, or a
    bare string that is its text.
    """
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
    try:
        root = loader.get_single_node()
        _check_size(name, root, _GROWTH * len(text) + _SMALL)
        return _shape(name, root, loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise FormatError(
            f"{name}:{line}: not valid YAML: {error.problem or error.context}. Mend that line."
        ) from error
    except yaml.YAMLError as error:
        said = getattr(error, "reason", "") or " ".join(str(error).split())
        raise FormatError(f"{name}: not valid YAML: {said[:200]}. Mend or remove that.") from error
    except RecursionError as error:
        raise FormatError(f"{name}: nested too deeply to be a list of items. Flatten it.") from error
    finally:
        loader.dispose()


def _check_size(name: str, root: Any, most: int) -> None:
    """Raise FormatError for what is nested too deeply, holds itself, or unpacks to far more than it is."""
    sizes: dict[int, int] = {}

    def size(node: Any, depth: int) -> int:
        where = f"{name}:{node.start_mark.line + 1}"
        if depth > MAX_DEPTH:
            raise FormatError(f"{where}: nested too deeply (more than {MAX_DEPTH} levels), or in itself. Flatten it.")
        if isinstance(node, yaml.ScalarNode):
            return 16 + len(node.value)
        if id(node) not in sizes:
            parts = [p for pair in node.value for p in pair] if isinstance(node, yaml.MappingNode) else node.value
            total = 16
            for part in parts:
                total += size(part, depth + 1)
                if total > most:
                    raise FormatError(
                        f"{where}: its aliases (*name) unpack to more than {most:,} characters. Write the items out."
                    )
            sizes[id(node)] = total
        return sizes[id(node)]

    if root is not None:
        size(root, 0)


def _constructed(name: str, node: Any, loader: Any) -> Any:
    try:
        return loader.construct_document(node)
    except yaml.YAMLError:
        raise
    except (ValueError, TypeError, AttributeError, KeyError, OverflowError) as error:
        # What its parser says of a date that is none, a number of thousands of digits, or a tag on another value.
        raise FormatError(
            f"{name}:{node.start_mark.line + 1}: a value is no date or number though it looks like one "
            f"({str(error)[:80]}). Put quotes around it."
        ) from error


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
        raise FormatError(
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
            fields = {str(k): v for k, v in _constructed(name, child, loader).items()}
            fields |= _names(child, fields)
            out.append((line, fields))
        elif isinstance(child, yaml.ScalarNode):
            # A bare line is text whatever YAML would make of it: `- yes` and `- 12` are dicta too.
            out.append((line, {"text": child.value}))
        else:
            raise FormatError(f"{name}:{line}: an item is a mapping or a text, not a list.")
    return out


def _names(node: Any, fields: dict[str, Any]) -> dict[str, Any]:
    """Ids as they are written: YAML makes numbers of 007 and 1:30, dates of 2024-01-01, and true of yes."""
    written = {k.value: v.value for k, v in node.value if isinstance(v, yaml.ScalarNode)}
    return {k: v for k, v in written.items() if k.strip().casefold() == "id" and fields.get(k) is not None}


def _unique_keys(name: str, node: Any) -> None:
    seen: set[str] = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise FormatError(f"{name}:{key.start_mark.line + 1}: a key must be a plain word.")
        if key.value in seen:
            raise FormatError(f"{name}:{key.start_mark.line + 1}: the key {key.value!r} occurs twice. Remove one.")
        seen.add(key.value)


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Quotes texts with characters that YAML takes for line breaks: its plain and folded styles lose them."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _yaml_text(dumper: Any, text: str) -> Any:
    risky = any(c in "\r\x85\u2028\u2029\ufeff" or (c < " " and c != "\n") for c in text)
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if risky else None)


_Dumper.add_representer(str, _yaml_text)


def yaml_document(records: list[dict[str, Any]]) -> str:
    """Records as one YAML list."""
    text: str = yaml.dump(records, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=100)
    return text
