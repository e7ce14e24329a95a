"""One record's fields as the parts of an item: payload, variants, belief, label, metadata.

Every check says where (``positives.jsonl:17``), what, and what to do.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal

from activeseed.errors import SeedError, nearest
from activeseed.files import chat
from activeseed.formats import parse_json as _parse_json
from activeseed.formats import said_as
from activeseed.seed import (
    ABSENT,
    AS_WRITTEN,
    BY_MACHINE,
    FLIPPED,
    Entry,
    Item,
    Origin,
    Pair,
    Payload,
    Text,
    Variant,
    Vector,
)

#: Characters in one text. An item is something that a person reads and judges; this is about sixty pages.
MAX_TEXT = 100_000
#: Characters in an id: it stands in tables, on command lines and in file names.
MAX_ID = 200

#: Names that mean something in a seed file; anything else is kept as metadata.
ITEM_FIELDS = (
    "id", "text", "kind", "group", "authority", "belief", "variants", "prompt", "chosen", "rejected", "vector",
    "fields", "standing", "copies", "metadata",
)  # fmt: skip
PROBE_FIELDS = (
    "id", "text", "kind", "group", "label", "weight", "prompt", "chosen", "rejected", "vector", "metadata",
)  # fmt: skip

_KINDS = ("text", "pair", "vector", "entry")


def given(fields: Mapping[str, Any], name: str) -> Any:
    """A field's value; None where it is missing, null, NaN (pandas's null) or an empty string."""
    value = fields.get(name)
    if value is None or (isinstance(value, str) and value == "") or (isinstance(value, float) and math.isnan(value)):
        return None
    return value


def text_of(where: str, name: str, value: Any, *, blank: bool = False) -> str:
    """A text, checked: a string, not blank (unless it may be), not too long, made of whole characters."""
    if not isinstance(value, str):
        raise SeedError(f"{where}: {name!r} is {type(value).__name__} {repr(value)[:40]}, not a text. {_remedy(value)}")
    if not value.strip() and not blank:
        raise SeedError(f"{where}: {name!r} is blank. Write the text, or remove the item.")
    if len(value) > MAX_TEXT:
        raise SeedError(
            f"{where}: {name!r} has {len(value):,} characters; the limit is {MAX_TEXT:,}. "
            "Split it into items that a person can judge one at a time."
        )
    return _whole(where, name, value)


def _remedy(value: Any) -> str:
    if isinstance(value, list | tuple | Mapping):
        return 'Write one text, or a list of turns like [{"role": "user", "content": "…"}].'
    if isinstance(value, bytes | bytearray):
        return "Save that column as text."
    return "Put quotes around it."


def _parsed(text: str, where: str) -> Any:
    with said_as(SeedError):
        return _parse_json(text, where)


def _whole(where: str, name: str, value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise SeedError(
            f"{where}: {name!r} holds half a character (\\u{ord(value[error.start]):04x} at position {error.start}). "
            "Write the file again as UTF-8, or remove that escape."
        ) from error
    return value


def id_of(where: str, value: Any) -> str:
    """An id: text or a whole number, on one line."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # pandas turns a column of whole numbers with a gap into floats
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise SeedError(f"{where}: id {repr(value)[:80]} is {type(value).__name__}. Give a text or a whole number.")
    name = str(value).strip()
    if not name or len(name) > MAX_ID or not name.isprintable():
        raise SeedError(
            f"{where}: id {name[:40]!r} must be one line of 1 to {MAX_ID} printable characters. "
            "Shorten it, or leave the ids out: they are then made from the content."
        )
    return name


def payload_of(where: str, fields: Mapping[str, Any], *, ranked: bool = False) -> Payload:
    """The payload: a vector, else a pair, else a text, as the fields (and ``kind``, where it names one) say.

    An entry is one where ``kind`` says so.

    Args:
        ranked: whether ``authority`` is the rank of a text; that of a probe is only metadata.
    """
    kind = given(fields, "kind")
    kind = kind.lower() if isinstance(kind, str) and kind.lower() in _KINDS else None
    if kind is None:
        kind = "vector" if given(fields, "vector") is not None else "pair" if _has_pair(fields) else "text"
    if kind == "entry":
        return _entry(where, fields)
    if kind == "vector":
        label = given(fields, "text")
        return Vector(values=_vector(where, given(fields, "vector")), label="" if label is None else str(label))
    if kind == "pair":
        return _pair(where, fields)
    if given(fields, "text") is None:
        raise SeedError(f"{where}: this item has no 'text'. Write it, or remove the item.")
    prompt, text = _prompt(where, fields), fields["text"]
    if turns := chat.turns_of(where, "text", text):
        before, text = chat.prompt_and_last(turns)
        prompt = chat.joined(prompt, before)
    authority = _authority(where, given(fields, "authority")) if ranked else ""
    return Text(prompt=prompt, text=text_of(where, "text", text), authority=authority)


def _entry(where: str, fields: Mapping[str, Any]) -> Entry:
    """A thing with fields; an empty cell is a field that it has not."""
    said, text = given(fields, "fields"), given(fields, "text")
    if isinstance(said, str):
        said = _parsed(said, f"{where}, 'fields'")
    if isinstance(said, Mapping) and not said:
        raise SeedError(f"{where}: this entry has none of its columns filled in. Fill in one at least.")
    if not isinstance(said, Mapping):
        raise SeedError(
            f"{where}: 'fields' of an entry is {repr(said)[:40]}. Write an object of names and values, one at least."
        )
    kept = {str(k): plain(where, k, v) for k, v in said.items() if given(said, k) is not None}
    if "vector" in kept:
        kept["vector"] = list(_vector(where, kept["vector"]))
    return Entry(text="" if text is None else text_of(where, "text", text), fields=kept)


def _authority(where: str, value: Any) -> str:
    """The name of a rank, on one line; a number is a name, too."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise SeedError(
            f"{where}: 'authority' is {repr(value)[:40]}, not a name. Name one rank, such as \"developer\"."
        )
    name = " ".join(str(value).split())
    if len(name) > MAX_ID or not name.isprintable():
        raise SeedError(
            f"{where}: 'authority' {name[:40]!r} must be at most {MAX_ID} printable characters. Shorten it."
        )
    return _whole(where, "authority", name)


def _has_pair(fields: Mapping[str, Any]) -> bool:
    """Whether there is a reply. Two empty ones are replies, too, where there is nothing else to judge."""
    if any(given(fields, name) is not None for name in ("chosen", "rejected")):
        return True
    return given(fields, "text") is None and all(fields.get(name) == "" for name in ("chosen", "rejected"))


def _pair(where: str, fields: Mapping[str, Any]) -> Pair:
    for name in ("chosen", "rejected"):
        if fields.get(name) != "" and given(fields, name) is None:  # an empty reply is a reply
            raise SeedError(f"{where}: this pair has no {name!r}. A pair needs 'chosen' and 'rejected'.")
    chosen, rejected, shared = fields["chosen"], fields["rejected"], ""
    first, second = (chat.turns_of(where, name, fields[name]) for name in ("chosen", "rejected"))
    if first and second:
        shared, chosen, rejected = chat.replies(first, second)
    elif first:  # the other one is a reply by itself
        shared, chosen = chat.prompt_and_last(first)
    elif second:
        shared, rejected = chat.prompt_and_last(second)
    replies = [reply for reply in (chosen, rejected) if isinstance(reply, str)]
    prompt = chat.joined(_prompt(where, fields, replies), shared)
    return Pair(
        prompt=text_of(where, "prompt", prompt, blank=True),
        chosen=text_of(where, "chosen", chosen, blank=True),
        rejected=text_of(where, "rejected", rejected, blank=True),
    )


def _prompt(where: str, fields: Mapping[str, Any], replies: Sequence[str] = ()) -> str:
    """What is answered; a blank one is none."""
    value = given(fields, "prompt")
    turns = chat.turns_of(where, "prompt", value)
    if value is None:
        return ""
    text = text_of(where, "prompt", chat.written(chat.without_reply(turns, replies)) if turns else value, blank=True)
    return text if text.strip() else ""


def _vector(where: str, value: Any) -> tuple[float, ...]:
    if isinstance(value, str):
        # What spreadsheets hold: a JSON list, or numbers with commas or spaces between them.
        bare = value.strip().removeprefix("[").removesuffix("]")
        value = bare.replace(",", " ").replace(";", " ").split()
    if not isinstance(value, Sequence) or not len(value):
        raise SeedError(f"{where}: 'vector' must be a list of numbers, found {str(value)[:40]!r}.")
    out = []
    for n, entry in enumerate(value, start=1):
        try:
            number = float(entry) if not isinstance(entry, bool) else math.nan
        except (TypeError, ValueError, OverflowError):
            raise SeedError(f"{where}: entry {n} of 'vector' is {repr(entry)[:80]}, not a number.") from None
        if not math.isfinite(number):
            raise SeedError(
                f"{where}: entry {n} of 'vector' is {repr(entry)[:80]}. Every entry must be a finite number; "
                "mend the program that made it, or remove the item."
            )
        out.append(number)
    return tuple(out)


def alternatives_of(where: str, value: Any, payload: Payload) -> tuple[Variant, ...]:
    """The variants besides *as written* and *absent*; a pair always has its flip.

    ``value``: a list of wordings (texts; for pairs objects with what differs; for vectors lists of numbers), a list of
    objects that also have an ``id``, or a mapping of ids to wordings. In CSV: that as JSON, or one wording a line.
    """
    out: list[Variant] = []
    for name, content in _wordings(where, value):
        if name in (AS_WRITTEN, ABSENT) or any(v.id == name for v in out):
            raise SeedError(f"{where}: a second variant is called {name[:80]!r}. Give each variant an id of its own.")
        said, whose = _other(where, name, content, payload), _origin(where, name, content)
        variant = Variant(id=id_of(where, name), payload=said, comes_from=whose)
        if name == FLIPPED and not (isinstance(payload, Pair) and variant.payload == payload.flipped()):
            raise SeedError(f"{where}: a variant called {FLIPPED!r} must be the pair with its two replies exchanged.")
        twin = next((v.id for v in out if v.payload == variant.payload), None)
        twin = AS_WRITTEN if variant.payload == payload else twin
        if twin is not None:
            raise SeedError(f"{where}: the variants {twin!r} and {name!r} are the same. Remove one.")
        out.append(variant)
    if isinstance(payload, Pair) and all(v.id != FLIPPED for v in out):
        out.append(Variant(id=FLIPPED, payload=payload.flipped()))
    return tuple(out)


def _origin(where: str, name: str, content: Any) -> Origin | Literal[""]:
    """Whose wording it is, where a file says so: one that a rule wrote is no human's for having been in a file."""
    said = content.get("comes_from") if isinstance(content, Mapping) else None
    if said is None or said == "":
        return ""
    for origin in sorted(BY_MACHINE):
        if said == origin:
            return origin
    raise SeedError(
        f"{where}, variant {name!r}: comes_from = {str(said)[:40]!r} is none of {', '.join(sorted(BY_MACHINE))}. Leave "
        "it out for a wording that a human wrote."
    )


def _wordings(where: str, value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, str):
        text = value.strip()
        value = _parsed(text, f"{where}, 'variants'") if text[:1] in ("[", "{") else text.split("\n")
    if value is None:
        return []
    if isinstance(value, Mapping):
        # A column of structs in Parquet has every key in every row.
        return [(str(k), v) for k, v in value.items() if v is not None]
    if not isinstance(value, Sequence):
        raise SeedError(f"{where}: 'variants' must be a list of wordings, found {type(value).__name__}.")
    out: list[tuple[str, Any]] = []
    for entry in value:
        entry = entry.strip("\r") if isinstance(entry, str) else entry
        name = entry.get("id") if isinstance(entry, Mapping) else None
        out.append((f"wording-{len(out) + 1}" if name is None else str(name), entry))
    return out


def _other(where: str, name: str, content: Any, payload: Payload) -> Payload:
    where = f"{where}, variant {name!r}"
    if isinstance(payload, Text):
        said = dict(content) if isinstance(content, Mapping) else {"text": content}
        prompt = text_of(where, "prompt", said["prompt"], blank=True) if "prompt" in said else payload.prompt
        authority = _authority(where, said["authority"]) if "authority" in said else payload.authority
        return Text(prompt=prompt, text=text_of(where, "text", said.get("text")), authority=authority)
    if isinstance(payload, Vector):
        values = _vector(where, content.get("vector") if isinstance(content, Mapping) else content)
        if len(values) != len(payload.values):
            raise SeedError(f"{where}: {len(values)} entries, but the item has {len(payload.values)}.")
        return Vector(values=values, label=str(content.get("text") or "") if isinstance(content, Mapping) else "")
    if isinstance(payload, Entry):
        if not isinstance(content, Mapping):
            raise SeedError(f"{where}: a variant of an entry is an object with the fields that differ. Write one.")
        named = content.get("fields")
        differs = named if isinstance(named, Mapping) else {k: v for k, v in content.items() if k not in BESIDE}
        text = content.get("text", payload.text)
        return _entry(where, {"text": text, "fields": {**payload.fields, **differs}})
    if not isinstance(content, Mapping):
        raise SeedError(f"{where}: a variant of a pair is an object with 'prompt', 'chosen' or 'rejected'.")
    said = {k: content[k] for k in ("prompt", "chosen", "rejected") if content.get(k) is not None}
    if not said:
        raise SeedError(f"{where}: it changes neither 'prompt', 'chosen' nor 'rejected'. Say what differs.")
    return payload_of(where, {**payload.model_dump(), **said})


def belief_of(where: str, value: Any, item: Item) -> float | dict[str, float] | None:
    """A scalar belief, or probabilities by variant id; None where the author said nothing."""
    if isinstance(value, str):
        text = value.strip()
        if text.startswith("{"):
            value = _parsed(text, f"{where}, 'belief'")
        else:
            value = _number(where, "belief", text, "Give a number from 0 to 1, or probabilities by variant.")
    if value is None:
        return None
    if isinstance(value, list) and all(isinstance(e, tuple) and len(e) == 2 for e in value):
        value = dict(value)  # Parquet's map type
    if isinstance(value, Mapping):
        known = [v.id for v in item.variants]
        out = {}
        for variant, p in value.items():
            if variant not in known:
                raise SeedError(
                    f"{where}: belief in an unknown variant {str(variant)[:80]!r}.{nearest(str(variant), known)}"
                )
            if p is not None:
                out[str(variant)] = _probability(where, f"belief of {variant!r}", p)
        total = math.fsum(out.values())
        if abs(total - 1.0) > 1e-6:
            raise SeedError(
                f"{where}: beliefs sum to {total:g}. They must sum to 1 over the item's variants ({', '.join(known)})."
            )
        return out
    return _probability(where, "belief", value)


def _probability(where: str, name: str, value: Any) -> float:
    p = _number(where, name, value, "Give a number from 0 to 1.")
    if not 0.0 <= p <= 1.0:
        hint = f" {p:g} per cent is {p / 100:g}." if 1.0 < p <= 100.0 else ""
        raise SeedError(f"{where}: {name} is {p:g}. Give a number from 0 to 1.{hint}")
    return p


def _number(where: str, name: str, value: Any, remedy: str) -> float:
    if isinstance(value, str) and value.count(",") == 1 and "." not in value:
        value = value.replace(",", ".")  # what spreadsheets of half the world write
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if math.isnan(number):
        raise SeedError(f"{where}: {name} is {repr(value)[:80]}, not a number. {remedy}")
    return number


_WORDS = {"true": 1.0, "yes": 1.0, "approve": 1.0, "good": 1.0, "false": 0.0, "no": 0.0, "reject": 0.0, "bad": 0.0}


def label_of(where: str, value: Any) -> float | None:
    """A probe's label in [0, 1]: 1 approve, 0 reject, or None. Booleans and a few plain words are understood."""
    if value is None:
        return None
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, str) and value.strip().lower() in _WORDS:
        return _WORDS[value.strip().lower()]
    label = _number(where, "label", value, "Give 1 (approve), 0 (reject), or leave it out.")
    if not 0.0 <= label <= 1.0:
        raise SeedError(f"{where}: label is {label:g}. Give 1 (approve), 0 (reject), or leave it out.")
    return label


def weight_of(where: str, value: Any) -> float:
    """A probe's weight: positive and finite."""
    weight = 1.0 if value is None else _number(where, "weight", value, "Give a positive number.")
    if not 0.0 < weight < math.inf:
        raise SeedError(f"{where}: weight is {weight:g}. Give a positive number.")
    return weight


def copies_of(where: str, value: Any) -> int:
    """How many items were merged into this one: a whole number from 1."""
    copies = 1.0 if value is None else _number(where, "copies", value, "Give a whole number from 1, or leave it out.")
    if not copies.is_integer() or copies < 1:
        raise SeedError(f"{where}: copies is {copies:g}. Give a whole number from 1, or leave it out.")
    return int(copies)


#: what makes a payload of each kind; of another kind it is kept as metadata
_PARTS = {
    "text": ("text", "prompt", "authority"), "pair": ("prompt", "chosen", "rejected"), "vector": ("text", "vector"),
    "entry": ("text", "fields"),
}  # fmt: skip
#: what an object that tells a variant of an entry has besides fields
BESIDE = frozenset({"id", "text", "kind", "comes_from", "fields"})
_ALL_PARTS = {part for parts in _PARTS.values() for part in parts}


def metadata_of(where: str, fields: Mapping[str, Any], known: Sequence[str], payload: Payload) -> dict[str, Any]:
    """What is neither a convention nor part of the payload, as plain JSON; ``metadata`` itself is merged in if it is
    an object.
    """
    taken = {*known} - (_ALL_PARTS - {*_PARTS[payload.kind]})
    out = {str(k): plain(where, k, v) for k, v in fields.items() if k not in taken and given(fields, k) is not None}
    kind = given(fields, "kind")
    if kind is not None and not (isinstance(kind, str) and kind.lower() in _KINDS):
        out["kind"] = plain(where, "kind", kind)  # the author's own word, not a payload's
    extra = given(fields, "metadata")
    if isinstance(extra, str) and extra.lstrip().startswith("{"):
        extra = _parsed(extra, f"{where}, 'metadata'")
    if isinstance(extra, Mapping):
        out |= {str(k): plain(where, k, v) for k, v in extra.items()}
    elif extra is not None:
        out["metadata"] = plain(where, "metadata", extra)
    return out


def plain(where: str, name: Any, value: Any) -> Any:
    """A value as JSON knows it: dates become ISO 8601, NaN becomes null. Raises SeedError for bytes and such."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return _whole(where, str(name), value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Decimal):
        return plain(where, name, float(value))
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(k): plain(where, name, v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(where, name, v) for v in value]
    raise SeedError(f"{where}: {str(name)!r} holds {type(value).__name__}, which JSON can't. Make it text or a number.")
