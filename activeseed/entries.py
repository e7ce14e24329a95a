"""Entries as people type them: a change of one, and a new one like its kin.

A line ``name: value`` changes a field, other lines are the new text, and what is left out stays as it is; an empty
value takes a field away. JSON says the same where a line can't: ``{"text": …, "concept": "loop"}``.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from activeseed.errors import AnswerError, nearest
from activeseed.seed import Entry, Item, Payload, digest_of, shortened

#: between the parts of an entry that is typed on one line
BETWEEN = " | "
_LINE = re.compile(r"\s*([^:\n]{1,60}?)\s*:\s*(.*?)\s*")
#: of how much a name has to agree with a known one to be a slip of the pen
_SLIP = 0.75
_GONE = object()


def changed(before: Entry, typed: str, names: Collection[str] = (), *, strict: bool = True) -> Entry:
    """An entry as somebody changed it. Raises AnswerError for a field that nobody knows, or JSON that is none.

    Args:
        typed: all of it as it was shown, with changes, or the changes alone.
        names: further fields that such entries have.
        strict: without, what makes no sense as a change is the new text, since it was taken once and is not to be lost.
    """
    try:
        text, fields = _read(typed, before, {*before.fields, *names})
    except AnswerError:
        if strict:
            raise
        text, fields = typed.strip() or None, {}
    kept = {**before.fields, **fields}
    return Entry(text=before.text if text is None else text, fields={k: v for k, v in kept.items() if v is not _GONE})


def written(typed: str, kin: Sequence[Entry], names: Collection[str] = (), *, strict: bool = True) -> Entry:
    """A new entry of a kind, typed on one line: ``its text | concept: loop | mass: 0.5``, or JSON.

    What all of its kin say alike needs no saying again. Raises AnswerError where something is missing that all have.

    Args:
        names: further fields that such entries have.
        strict: without, nothing is refused, since what was taken once is not to be lost.
    """
    known = {*names, *(name for e in kin for name in e.fields)}
    everywhere = [name for name in kin[0].fields if all(name in e.fields for e in kin)]
    alike = {
        name: kin[0].fields[name] for name in everywhere if all(e.fields[name] == kin[0].fields[name] for e in kin)
    }
    try:
        text, fields = _read(typed if typed.lstrip().startswith("{") else _on_lines(typed), Entry(fields=alike), known)
    except AnswerError:
        if strict:
            raise
        text, fields = typed.strip() or None, {}
    kept = {k: v for k, v in {**alike, **fields}.items() if v is not _GONE}
    missing = sorted(name for name in everywhere if name not in kept)
    if strict and (missing or (not text and all(e.text for e in kin))):
        raise AnswerError(
            f"{typed[:60]!r} has no {missing[0] if missing else 'text'}, and all others of its kind have one. Write "
            f"{like(kin)}."
        )
    return Entry(text=text or "", fields=kept)


def like(kin: Sequence[Entry]) -> str:
    """How a new entry of this kind is typed on one line."""
    names = list(dict.fromkeys(name for e in kin for name in e.fields))
    needed = [n for n in names if len({json.dumps(e.fields.get(n), sort_keys=True) for e in kin}) > 1] or names[:1]
    return BETWEEN.join([*(["its text"] if any(e.text for e in kin) else []), *(f"{n}: …" for n in needed)])


def differing(before: Entry, after: Entry) -> str:
    """What an entry says otherwise, a line each; all of it where nothing differs."""
    fields = [f"{k}: {shortened(v)}" for k, v in after.fields.items() if before.fields.get(k, _GONE) != v]
    fields += [f"{k}: –" for k in before.fields if k not in after.fields]
    return "\n".join([*([after.text] if after.text != before.text else []), *fields]) or after.display


def names_of(items: Iterable[Item]) -> set[str]:
    """The fields that the entries of a seed have."""
    return {name for i in items if isinstance(i.payload, Entry) for name in i.payload.fields}


def entries_of(payloads: Iterable[Payload]) -> list[Entry]:
    """The entries among payloads."""
    return [p for p in payloads if isinstance(p, Entry)]


def besides(payload: Payload) -> bytes:
    """Names what an entry says that its features do not hold: two near-copies that differ in it are two questions."""
    if not isinstance(payload, Entry):
        return b""
    return digest_of({k: v for k, v in payload.fields.items() if k != "vector"})


def _on_lines(typed: str) -> str:
    """One line as several: broken where something like a name follows a bar."""
    return re.sub(r"\s*\|\s*(?=[^|:\n]{1,60}:)", "\n", typed)


def _read(typed: str, before: Entry, names: Collection[str]) -> tuple[str | None, dict[str, Any]]:
    """The new text, None where none is said, and the fields that are said."""
    said = typed.strip()
    if not said:
        raise AnswerError("Nothing typed, nothing changed.")
    if said.startswith("{"):
        return _from_json(said)
    known = {n.casefold(): n for n in names}
    rest, fields = [], {}
    for line in said.splitlines():
        match = _LINE.fullmatch(line)
        name = known.get(match[1].casefold()) if match else None
        if match and name is not None:
            value = match[2]
            was = before.fields.get(name, _GONE)
            fields[name] = was if was is not _GONE and value == shortened(was) else _value(value, was)
        elif match and (slip := difflib.get_close_matches(match[1].casefold(), known, 1, _SLIP)):
            raise AnswerError(
                f"No field is called {match[1]!r}.{nearest(match[1], [known[slip[0]]])} To add one, write JSON: "
                f'{{"{match[1]}": …}}.'
            )
        else:
            rest.append(line)
    return ("\n".join(rest).strip() or None), fields


def _from_json(said: str) -> tuple[str | None, dict[str, Any]]:
    try:
        found = json.loads(said, parse_constant=_refuse)
    except ValueError as error:
        raise AnswerError(
            f"This begins like JSON, and is none: {error}. Mend it, or write lines like mass: 0.5."
        ) from error
    except RecursionError as error:
        raise AnswerError("This is nested too deeply to be an entry.") from error
    text = found.pop("text", None)
    inner = found.pop("fields", {})
    found.pop("kind", None)
    if not isinstance(inner, Mapping) or not (text is None or isinstance(text, str)):
        raise AnswerError('An entry is {"text": "…", "fields": {"name": value}}. Write it like that.')
    fields = {str(k): _GONE if v is None else v for k, v in {**inner, **found}.items()}
    return text, fields


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number")


def _value(said: str, was: Any) -> Any:
    """What is typed behind a name: JSON where the field held no text, or where it begins like a list or an object."""
    if not said or said == "–":
        return _GONE
    if isinstance(was, str) and said[0] not in "[{":
        return said
    try:
        return json.loads(said, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        if said[0] in "[{":
            raise AnswerError(f"{said[:60]!r} begins like JSON, and is none: {error}. Mend it.") from error
        return said
