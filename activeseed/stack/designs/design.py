"""A design of a trainer²: its name, and what it has otherwise than the study."""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import Any, Self

from pydantic import ConfigDict, Field, ValidationError, model_validator

from activeseed.checked import SettingsRecord, explain
from activeseed.errors import ConfigError, nearest
from activeseed.formats import FormatError, decode, existing_file, read_bytes
from activeseed.formats.yaml_text import yaml_records

#: what the study's own design is called
OWN = "as it is"
#: designs that a grid may come to
MOST = 64
_HOW = "Write [[design]], and below it a name and what it has otherwise."


class Design(SettingsRecord):
    """One design: the study's own system with other settings, another system, a smaller seed, or another project.

    >>> act.Design(name="longer", system={"rounds": 12}).words
    'rounds = 12'

    Attributes:
        name: what it is called.
        system: settings by name or by path (``evaluator.width``), the others as the study has them; with another
            ``kind``, settings of that kind. In Python also a system.
        share: of the items that stand, those that are kept; another share of them in each block.
        items: how many that is, instead of ``share``.
        folder: another project, with its own system and its own seed; nothing else can be said then.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    name: str = Field(min_length=1, max_length=80)
    system: Any = Field(default_factory=dict)
    share: float | None = Field(default=None, gt=0.0, le=1.0)
    items: int | None = Field(default=None, ge=1)
    folder: str = ""

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        if self.system is None or isinstance(self.system, str | bytes | int | float | list | tuple):
            raise ValueError("system has to be a table of settings")
        if self.share is not None and self.items is not None:
            raise ValueError("give share or items, not both")
        if self.folder and (self.share is not None or self.items is not None or self.system != {}):
            raise ValueError("folder names a whole project, so that system, share and items are that project's")
        return self

    @property
    def words(self) -> str:
        """What it has otherwise, in a few words."""
        if self.folder:
            return f"the project in {self.folder}"
        said = []
        if isinstance(self.system, Mapping):
            said += [f"{path} = {_said(value)}" for path, value in flat(self.system).items()]
        else:
            said.append(f"a {getattr(self.system, 'kind', type(self.system).__name__)}")
        if self.share is not None:
            said.append(f"{100 * self.share:.3g} % of the items")
        if self.items is not None:
            said.append(f"{self.items} items")
        return ", ".join(said) or "the study's own"


def flat(system: Mapping[str, Any], below: str = "") -> dict[str, Any]:
    """Nested tables of settings by path."""
    out: dict[str, Any] = {}
    for name, value in system.items():
        path = f"{below}.{name}" if below else str(name)
        out |= flat(value, path) if isinstance(value, Mapping) and value else {path: value}
    return out


def _said(value: Any) -> str:
    return value if isinstance(value, str) else "none" if value is None else json.dumps(value, default=str)


# --- from a file --------------------------------------------------------------------------------------------------


def read_designs(path: str | Path) -> tuple[Design, ...]:
    """Designs from TOML or YAML: a list of tables called ``design``.

        [[design]]
        name = "short"
        system = { rounds = 2 }

    Raises ConfigError for a file that can't be read, and for what a design can't have, with the nearest known name.
    """
    file = Path(path)
    try:
        existing_file(file)
        text = decode(file, read_bytes(file))
        tables = _tables(file, text)
    except FormatError as error:
        raise ConfigError(str(error)) from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{file} is no valid TOML: {error}.") from error
    if not tables:
        raise ConfigError(f"{file} holds no designs. {_HOW}")
    return tuple(_of_table(f"{file.name}, design {n}", table) for n, table in enumerate(tables, 1))


def _tables(file: Path, text: str) -> list[Any]:
    """The tables of a file, not looked at yet."""
    if file.suffix.lower() in (".yaml", ".yml"):
        found = [fields for _, fields in yaml_records(file.name, text)]
        groups = {str(fields.pop("group")) for fields in found if "group" in fields}
    elif file.suffix.lower() == ".toml":
        tables = tomllib.loads(text)
        groups = set(tables)
        found = [t for name in tables for t in (tables[name] if isinstance(tables[name], list) else [tables[name]])]
    else:
        raise ConfigError(f"{file}: designs are read from TOML or YAML. Call it designs.toml.")
    if unknown := sorted(groups - {"design", "designs"}):
        raise ConfigError(f"{file}: unknown table {unknown[0]!r}.{nearest(unknown[0], ['design'])} {_HOW}")
    return found


def _of_table(where: str, table: Any) -> Design:
    if not isinstance(table, Mapping):
        raise ConfigError(f"{where} is {str(table)[:60]!r}. Write it as a table with a name.")
    try:
        return Design.model_validate(dict(table))
    except ValidationError as error:
        raise ConfigError(explain(error, where, Design)) from error


# --- from the command line ----------------------------------------------------------------------------------------


def design_of(text: str) -> Design:
    """``NAME:rounds=2,beta=.1,share=.5`` as a design. Raises ConfigError."""
    name, colon, said = text.partition(":")
    how = "Write it like --design short:rounds=2,beta=0.1."
    if not colon or not name.strip() or not said.strip():
        raise ConfigError(f"--design {text[:80]!r} is no NAME:SETTING=VALUE. {how}")
    table: dict[str, Any] = {"name": name.strip()}
    system: dict[str, Any] = {}
    for part in _parts(said):
        key, sign, value = (p.strip() for p in part.partition("="))
        if not sign or not key or not value:
            raise ConfigError(f"--design {name.strip()}: {part.strip()[:60]!r} is no SETTING=VALUE. {how}")
        into = table if key in ("share", "items", "folder") else system
        if key in into:
            raise ConfigError(f"--design {name.strip()}: {key!r} is set twice. Set it once.")
        into[key] = value if key == "folder" else value_of(value)
    return _of_table(f"--design {name.strip()}", {**table, **({"system": system} if system else {})})


def grid(swept: Mapping[str, Sequence[Any]]) -> tuple[Design, ...]:
    """A design for every combination of values of these settings (``share`` and ``items`` are the seed's size).

    Raises ConfigError for a setting without values, and for more designs than anybody compares.
    """
    if not swept:
        return ()
    if empty := [name for name, values in swept.items() if not values]:
        raise ConfigError(f"--sweep {empty[0]} names no values. Write it like --sweep {empty[0]}=1,4,16.")
    size = math.prod(len(values) for values in swept.values())
    if size > MOST:
        raise ConfigError(f"--sweep makes {size} designs, and at most {MOST} are compared. Sweep fewer values.")
    out = []
    for values in product(*swept.values()):
        named = dict(zip(swept, values, strict=True))
        table: dict[str, Any] = {"name": " ".join(f"{n}={_said(v)}" for n, v in named.items())}
        table |= {n: named.pop(n) for n in ("share", "items") if n in named}
        out.append(_of_table(f"--sweep {table['name']}", {**table, **({"system": named} if named else {})}))
    return tuple(out)


def value_of(text: str) -> Any:
    """A value as JSON says it (``.5`` too), else a text; ``none`` is None."""
    with suppress(ValueError):
        return json.loads(text)
    with suppress(ValueError):
        number = float(text)
        return number if math.isfinite(number) else text
    return {"none": None, "None": None, "True": True, "False": False}.get(text, text)


def _parts(said: str) -> list[str]:
    """At commas outside of brackets and quotes."""
    out, depth, quoted = [""], 0, False
    for c in said:
        quoted ^= c == '"'
        depth += (c in "[{") - (c in "]}") if not quoted else 0
        if c == "," and depth <= 0 and not quoted:
            out.append("")
        else:
            out[-1] += c
    return [part for part in out if part.strip()]
