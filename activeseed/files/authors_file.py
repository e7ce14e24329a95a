"""A seed back into the Markdown that its author wrote: only the lines that answers changed differ."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from activeseed.errors import SeedError
from activeseed.files.matching import match
from activeseed.files.reading import load_seed
from activeseed.formats import (
    MarkdownFile,
    Written,
    decode,
    read_bytes,
    read_markdown,
    said_as,
    with_changes,
    write_whole,
)
from activeseed.seed import ABSENT, AS_WRITTEN, Item, Payload, Seed, Text

MARKDOWN = (".md", ".markdown")
_MARK = b"\xef\xbb\xbf"


def write_into(seed: Seed, path: Path, author: Path, *, answered: Collection[str] = ()) -> tuple[str, ...]:
    """Write what stands into the author's Markdown, byte for byte as it is but for what was answered.

    An edited item replaces its own lines, a dropped one takes its lines along (and a lead-in that is left without a
    bullet), an item that annotators wrote stands at the end of its group.

    Args:
        path: the file to write; it may be the author's own.
        author: the author's file, as it was when the seed was last read from it.
        answered: ids of items that annotators answered: one that the author has removed since, and they kept, is
            written again.

    Returns:
        sentences about lines that stand where their author does not expect them.

    Raises:
        SeedError: the author's file has changed since it was read, or a text that can't stand in Markdown.
        FolderError: the folder can't be written.
    """
    with said_as(SeedError):
        data = read_bytes(author)
        file = read_markdown(author.name, decode(author, data))
    places = _places(seed, author, file)
    there = set(places)
    new: list[Written] = []
    again: list[str] = []
    for n, item in enumerate(seed.items):
        payload = _standing(seed, item)
        if n in there or payload is None:
            continue
        if not {"answer", "annotator"} <= set(item.metadata):
            if item.id not in answered and seed.standing.get(item.id, AS_WRITTEN) == AS_WRITTEN:
                raise _changed_since(author, f"it no longer has {item.display[:60]!r} ({item.id})")
            again.append(item.id)
        new.append(Written(payload.text, payload.authority, item.group, payload.prompt))
    changes: dict[int, Written | None] = {}
    for at, n in enumerate(places):
        item, payload = seed.items[n], _standing(seed, seed.items[n])
        rank = item.payload.authority if isinstance(item.payload, Text) else ""  # that of an edit that says none
        changes[at] = None if payload is None else Written(payload.text, payload.authority or rank)
    with said_as(SeedError):
        text = with_changes(path.name, file, changes, new)
    write_whole(path, (_MARK if data.startswith(_MARK) else b"") + text.encode())
    return tuple(
        f"{name}: its author removed it and annotators kept it, so it is written again, at the end of its group."
        for name in again
    )


def _places(seed: Seed, author: Path, file: MarkdownFile) -> list[int]:
    """For every item of the file its position in the seed, whichever of its variants the file has."""
    theirs = load_seed(author).seed.items
    assert len(theirs) == len(file.places)
    also = {i.id: [v.payload for v in i.alternatives if v.payload] for i in seed.items}
    found = match(seed.items, theirs, also)
    out: list[int] = []
    for n, (place, at) in enumerate(zip(found, theirs, strict=True)):
        if place is None or not _is_variant(seed.items[place], at.payload):
            line = file.places[n].start + 1
            raise _changed_since(author, f"line {line} ({at.display[:60]!r}) is not in this version of the seed")
        out.append(place)
    return out


def _is_variant(item: Item, payload: Payload) -> bool:
    return any(v.payload == payload for v in item.variants)


def _standing(seed: Seed, item: Item) -> Text | None:
    name = seed.standing.get(item.id, AS_WRITTEN)
    if name == ABSENT:
        return None
    payload = item.variants[item.index_of(name)].payload
    if not isinstance(payload, Text):
        raise SeedError(f"Item {item.id!r} is a {item.payload.kind}, which Markdown can't hold. Write .jsonl instead.")
    return payload


def _changed_since(author: Path, what: str) -> SeedError:
    return SeedError(
        f"{author}: its author went on editing since it was read: {what}. Take that in first (activeseed seed sync "
        f"{author}), or write a new file (--fresh)."
    )
