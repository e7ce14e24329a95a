"""Which column of a file holds which field: as its author says, as names usually are, and what to suggest otherwise."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from activeseed.errors import SeedError, nearest
from activeseed.formats import Record, RecordFile, read_records, said_as

#: forms that data sets usually have: the columns of the prompt, and those of which one is the text
_FORMS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("instruction", "input"), ("output", "response")),
    (("question",), ("answer", "response")),
    (("prompt",), ("completion", "response", "output", "answer")),
    (("context",), ("response", "completion", "answer")),
)
#: names that dicta have: of their text, of their group, and of what they complete
_DICTA = ("requirement", "criterion", "criteria", "principle", "dictum", "rule")
_GROUPS = ("section", "heading")
_LEADS = ("lead_in", "lead-in", "context")
#: columns of whole conversations, whose last turn is the text
_CONVERSATIONS = ("messages", "conversations", "conversation")
#: names that mean something beside a text or a pair, and would be taken for it where they are metadata
MEANT = frozenset(
    [
        *_CONVERSATIONS,
        *(name for prompts, _ in _FORMS for name in prompts),
        *_DICTA,
        *_GROUPS,
        *_LEADS,
        "rubrics",
        "rubric",
    ]
)
#: names of columns that probably hold the text, likeliest first
_LIKELY = (
    "text", "statement", "sentence", "content", "example", "output", "response", "completion", "answer", "principle",
    "dictum", "rule", "body", "message",
)  # fmt: skip
_ID = re.compile(r"(?:^|[^A-Za-z])(?i:ids?|uuid|guid)$|[a-z]I[dD]s?$")
_NUMBERS = ("key", "index", "idx", "nr", "no", "no.", "number", "row", "line", "#", "hash", "url", "date", "status")
#: a column's path: one name, or the names of objects in each other
Path = tuple[str, ...]


def mapped(file: RecordFile, columns: Mapping[str, str] | None, known: Sequence[str]) -> RecordFile:
    """The records with the file's names replaced by the conventions'.

    Args:
        columns: field -> column, as the author says; ``a.b`` is ``b`` in the object ``a``.
        known: the fields there are. Their names' case makes no difference, unless the file has both.

    Raises:
        SeedError: no records, a field or column that is not there, or nothing that can be the text.
    """
    if not file.records:
        raise SeedError(" ".join([f"{file.path}: it holds no items. Write at least two.", *file.notes]))
    file = _of_one_case(file, known)
    plan = _said(file, columns or {}, known)
    _folded(file, known, plan)
    _usual(file, plan)
    _as_dicta(file, known, plan)
    if any(paths != ((name,),) for name, paths in plan.items()):
        file = file.holding([Record(r.line, _renamed(r.fields, plan)) for r in file.records])
    entries = any(r.fields.get("kind") == "entry" for r in file.records)
    if not entries and not {"text", "chosen", "rejected", "vector"} & set(file.columns):
        raise SeedError(_what_is_missing(file))
    return file


def _of_one_case(file: RecordFile, known: Sequence[str]) -> RecordFile:
    """Lines of JSON may each write a field in another case: one that no line has twice is one column."""
    alike: dict[str, list[str]] = {}
    for column in file.columns:
        alike.setdefault(_fold(column), []).append(column)
    several = {c: names[0] for f, names in alike.items() if f in known and len(names) > 1 for c in names}
    twice = {
        first for r in file.records for first in several.values() if sum(several.get(c) == first for c in r.fields) > 1
    } if several else set()  # fmt: skip
    several = {c: first for c, first in several.items() if first not in twice}
    if not several:
        return file
    records = [Record(r.line, {several.get(c, c): v for c, v in r.fields.items()}) for r in file.records]
    return file.holding(records)


def fitting(path: str | os.PathLike[str], columns: Mapping[str, str], known: Sequence[str]) -> dict[str, str]:
    """The part of a mapping that another file of the same author can have, too."""
    with said_as(SeedError):
        file = read_records(path)
    return {field: name for field, name in columns.items() if field in known and _path(file, name)}


def _path(file: RecordFile, column: str) -> Path:
    """Where a column is; empty where it is nowhere."""
    present = file.columns
    if column in present:
        return (column,)
    alike = [c for c in present if _fold(c) == _fold(column)]
    if len(alike) == 1:
        return (alike[0],)
    path = tuple(column.split("."))
    return path if len(path) > 1 and any(_at(r.fields, path) is not None for r in file.records) else ()


def _fold(name: str) -> str:
    return name.strip().casefold()


def _at(fields: Mapping[str, Any], path: Path) -> Any:
    value: Any = fields
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _said(file: RecordFile, columns: Mapping[str, str], known: Sequence[str]) -> dict[str, tuple[Path, ...]]:
    plan: dict[str, tuple[Path, ...]] = {}
    for name, column in columns.items():
        if name not in known:
            raise SeedError(f"columns: {name!r} is no field of an item.{nearest(name, known)}")
        path = _path(file, column)
        if not path:
            raise SeedError(
                f"{file.path}: there is no column {column!r} (for {name!r}).{nearest(column, file.columns)}"
            )
        other = next((n for n, paths in plan.items() if path in paths), None)
        if other is not None:
            raise SeedError(f"columns: {column!r} stands for both {other!r} and {name!r}. Map it once.")
        plan[name] = (path,)
    return plan


def _folded(file: RecordFile, known: Sequence[str], plan: dict[str, tuple[Path, ...]]) -> None:
    """Adds the columns that are fields but for their case."""
    taken = {path for paths in plan.values() for path in paths}
    for column in file.columns:
        field = _fold(column)
        if (
            field in known
            and field not in plan
            and (column,) not in taken
            and (column == field or field not in file.columns)
        ):
            plan[field] = ((column,),)


def _usual(file: RecordFile, plan: dict[str, tuple[Path, ...]]) -> None:
    """Adds the text and the prompt where a file has one of the usual forms."""
    free = {_fold(c): (c,) for c in file.columns if (c,) not in {p for paths in plan.values() for p in paths}}
    talk = next((free[c] for c in _CONVERSATIONS if c in free), None)
    pair = {"chosen", "rejected"} <= set(plan)
    if talk and pair and "prompt" not in plan:
        plan["prompt"] = (talk,)
    if not {"text", "chosen", "rejected", "vector"} & set(plan):
        if talk:
            plan["text"] = (talk,)
            return
        for prompts, texts in _FORMS:
            text = next((free[t] for t in texts if t in free), None)
            if text and (prompts[0] in free or prompts[0] in plan):
                plan["text"] = (text,)
                break
    name = _fold(plan["text"][0][-1]) if "text" in plan else ""
    for (first, *rest), texts in _FORMS:
        if not pair and name not in texts:
            continue
        if "prompt" not in plan and first in free:
            plan["prompt"] = (free[first],)
        if "prompt" in plan and _fold(plan["prompt"][0][-1]) == first:
            plan["prompt"] += tuple(free[p] for p in rest if p in free)


def _as_dicta(file: RecordFile, known: Sequence[str], plan: dict[str, tuple[Path, ...]]) -> None:
    """Adds text, group and prompt where a file calls them as charters and rubrics do."""
    free = {_fold(c): (c,) for c in file.columns if (c,) not in {p for paths in plan.values() for p in paths}}

    def add(field: str, names: Sequence[str]) -> None:
        for name in names:
            if field not in plan and name in free and _one_line_or_talk(file, free[name], field == "prompt"):
                plan[field] = (free[name],)

    if not {"text", "chosen", "rejected", "vector"} & set(plan):
        add("text", _DICTA)
    if "group" in known:
        add("group", _GROUPS)
    if "text" in plan:
        add("prompt", _LEADS)


def _one_line_or_talk(file: RecordFile, path: Path, talk: bool) -> bool:
    """Whether a column holds texts, or what is said before them, and nothing else."""
    values = [v for r in file.records if (v := _at(r.fields, path)) not in (None, "", [])]
    if talk and any(isinstance(v, list) for v in values):
        return all(isinstance(v, str | list) and (isinstance(v, str) or all("role" in t for t in v)) for v in values)
    return bool(values) and all(isinstance(v, str) for v in values)


def _renamed(fields: Mapping[str, Any], plan: Mapping[str, tuple[Path, ...]]) -> dict[str, Any]:
    out = {name: _together([_at(fields, path) for path in paths]) for name, paths in plan.items()}
    out = {name: value for name, value in out.items() if value is not None}
    used = {path for paths in plan.values() for path in paths}
    for column, value in fields.items():
        if (column,) in used:
            continue
        inner = {path[1:] for path in used if path[0] == column}
        value = _without(value, inner) if inner else value
        if not inner or value:
            # Another column was mapped to this name; what the file calls so is only metadata.
            out[f"{column} (column)" if column in plan else column] = value
    return out


def _together(values: list[Any]) -> Any:
    """One value, or the texts of several with an empty line between them."""
    if len(values) == 1:
        return values[0]
    texts = [v for v in values if isinstance(v, str) and v.strip()]
    return "\n\n".join(texts) if all(v is None or isinstance(v, str) for v in values) else values[0]


def _without(value: Any, paths: set[Path]) -> Any:
    if not isinstance(value, Mapping):
        return value
    out = {}
    for name, part in value.items():
        if (name,) in paths:
            continue
        deeper = {path[1:] for path in paths if path[0] == name}
        out[name] = _without(part, deeper) if deeper else part
    return out


# --- what to suggest --------------------------------------------------------------------------------------------


def _what_is_missing(file: RecordFile) -> str:
    present = file.columns
    message = (
        f"{file.path}: no column is called 'text', 'chosen' and 'rejected', or 'vector'; it has "
        f"{', '.join(present[:12]) or 'none'}."
    )
    guess = _guess(file)
    if not guess:
        return f"{message} None of them looks like a text. Name the one that is, or add it."
    option = shlex.quote(f"text={guess}")
    return (
        f"{message} Say which one holds the text: columns={{'text': {guess!r}}} (on the command line: "
        f"--columns {option})."
    )


def _guess(file: RecordFile) -> str:
    """The column that looks most like texts that people write; never an id, and empty where none does."""
    found: dict[Path, list[str]] = {}
    for record in file.records[:200]:
        for path, text in _texts(record.fields, ()):
            found.setdefault(path, []).append(text)
    usable = [p for p in found if not _ID.search(p[-1]) and _fold(p[-1]) not in _NUMBERS]
    usable = [p for p in usable if _fold(p[-1]) in _LIKELY or len(set(found[p])) > len(found[p]) // 2]

    def likely(path: Path) -> tuple[float, ...]:
        name, texts = _fold(path[-1]), found[path]
        rank = _LIKELY.index(name) if name in _LIKELY else len(_LIKELY)
        words = sum(" " in t.strip() for t in texts) / len(texts)
        return (-rank, words, sum(map(len, texts)) / len(texts))

    best = sorted(usable, key=likely, reverse=True)
    return ".".join(best[0]) if best else ""


def _texts(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str) and value.strip() and path:
        yield path, value
    elif isinstance(value, Mapping) and len(path) < 3:
        for name, part in value.items():
            if isinstance(name, str):
                yield from _texts(part, (*path, name))
