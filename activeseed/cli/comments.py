"""``activeseed.toml`` with a comment at every setting: what its record's docstring says, so that both agree."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from activeseed.config import Settings

_ATTRIBUTE = re.compile(r"(\w+(?:, \w+)*)(?: \(in files and calls: `*(\w+)`*\))?:(?: |$)(.*)")
WIDTH = 110


def commented(settings: Settings, intro: str) -> str:
    """TOML of all settings, each after a comment that says what it is."""
    import tomlkit

    document = tomlkit.document()
    _remark(document, intro)
    document.add(tomlkit.nl())
    record = settings.record()
    root = {k: v for k, v in record.items() if not isinstance(v, Mapping)}
    _fill(document, root, described(type(settings)))
    for name, values in record.items():
        if isinstance(values, Mapping):
            table = tomlkit.table()
            held = getattr(settings, name)
            _remark(table, summary(type(held)))
            _fill(table, values, described(type(held)))
            document.add(tomlkit.nl())
            document.add(name, table)
    return tomlkit.dumps(document)


def _fill(table: Any, values: Mapping[str, Any], words: Mapping[str, str]) -> None:
    for name, value in values.items():
        if name in words:
            _remark(table, f"{name}: {words[name]}")
        if value is None:  # TOML has no null; what is left out is at its default
            _remark(table, f"{name} is not set.")
        else:
            table.add(name, _without_none(value))


def _remark(table: Any, text: str) -> None:
    import tomlkit

    for line in textwrap.wrap(text, WIDTH):
        table.add(tomlkit.comment(line))


def _without_none(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _without_none(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_without_none(v) for v in value if v is not None]
    return value


def summary(record: type) -> str:
    """The first sentence of a record's docstring."""
    text = inspect.getdoc(record) or ""
    first = _plain(text.split("\n\n")[0])
    return first.split(". ")[0].rstrip(".") + "." if first else ""


def described(record: type) -> dict[str, str]:
    """What the docstrings of a record and its ancestors say of each attribute, on one line each."""
    out: dict[str, str] = {}
    for cls in reversed(record.__mro__):
        said = vars(cls).get("__doc__") or ""
        if "Attributes:" in said and not cls.__module__.startswith("pydantic"):
            out |= _attributes(inspect.cleandoc(said))
    return out


def _attributes(text: str) -> dict[str, str]:
    _, _, section = text.partition("Attributes:\n")
    out: dict[str, str] = {}
    names: list[str] = []
    for line in section.splitlines():
        if line.strip() and not line.startswith("    "):
            break
        found = _ATTRIBUTE.fullmatch(line[4:]) if not line.startswith("     ") else None
        if found:
            names = [found[2]] if found[2] else found[1].split(", ")
            out |= dict.fromkeys(names, found[3].strip())
        elif names and line.strip():
            out |= {n: f"{out[n]} {line.strip()}" for n in names}
    return {name: _plain(said) for name, said in out.items()}


def _plain(text: str) -> str:
    return " ".join(text.replace("`", "").split())
