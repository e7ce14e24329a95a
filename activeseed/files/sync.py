"""The author went on editing the file while annotators answered: a three-way comparison that overwrites nothing.

``base`` is the seed as the author last gave it, ``mine`` the seed as it stands now, ``theirs`` the edited file. What
only the author changed is taken in; what only annotators changed stays; where both did, the item stays as answered,
the author's new wording is added as one more variant, and the conflict is listed, so that it can be asked.
"""

from __future__ import annotations

import bisect
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from activeseed.errors import SeedError
from activeseed.files.carrying import EARLIER, changed, recast
from activeseed.files.matching import match
from activeseed.seed import ABSENT, AS_WRITTEN, FLIPPED, Item, Pair, Payload, Seed, Variant, made_id

#: What the id of a variant starts with that holds an author's later wording of an item that had been answered.
OFFERED = "author-"


@dataclass(frozen=True)
class Conflict:
    """An author's edit that disagrees with what annotators answered. The seed keeps what was answered.

    Attributes:
        item: its id.
        kind: what the author did to the item: ``edited``, ``removed``, or took away the wording that stands.
        answered: what stands, as displayed.
        author: what the author's file says, as displayed.
        variant: id of the variant that now holds the author's wording; empty where the author removed something.
    """

    item: str
    kind: Literal["edited", "removed", "wording removed"]
    answered: str
    author: str
    variant: str = ""

    @property
    def message(self) -> str:
        """One sentence for a human."""
        if self.kind == "removed":
            return f"{self.item}: the author removed it, annotators settled on {self.answered!r}. It stays."
        if self.kind == "wording removed":
            return f"{self.item}: the author removed the wording that stands, {self.answered!r}. It stays."
        return f"{self.item}: annotators settled on {self.answered!r}, the author writes {self.author!r}. Ask again."


@dataclass(frozen=True)
class SyncResult:
    """The new seed and what the author changed, as item ids in the order of the file.

    ``edited``: text, group, belief, variants or metadata. ``moved``: a smallest set of items whose moving explains the
    new order. An item can be edited and moved.

    A paragraph that was split keeps its answer in every part where it was kept or dropped as a whole; paragraphs that
    were joined keep theirs where all were kept or all dropped, and else the joined one is asked anew.
    """

    seed: Seed
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    edited: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    #: what became of the answers to items that were split or joined, a sentence each
    notes: tuple[str, ...] = ()
    #: item id -> the variant that stands by an answer to what the item was part of, or was joined from
    carried: Mapping[str, str] = field(default_factory=dict)


def sync(base: Seed, mine: Seed, theirs: Seed, *, answered: Collection[str] = ()) -> SyncResult:
    """Take an author's edited file into the seed as answered.

    Ids stay with items: lines are matched by ``match``, and what an author's file says about what *stands* is ignored,
    since a file says what is written. Items that came from annotators stay, whether or not the file has them.

    Args:
        base: the seed as the author last gave it: the study's seed at the last sync, or at the start. What annotators
            had put into it by then (their edits and examples) counts as theirs, not as something the author removed.
        mine: the current seed.
        theirs: the edited file, read like the first one.
        answered: ids of items that annotators answered, also those they left as written. Without it an item counts as
            answered when something else than *as written* stands, or when it has a variant that the base lacks.

    Raises:
        SeedError: the file holds another kind of payload, or leaves fewer than two items.
    """
    authored = [_authored(i) for i in base.items if not _written_by_annotator(i)]
    was = {i.id: i for i in authored}
    now = {i.id: i for i in mine.items}
    kinds = {p.items[0].payload.kind for p in (mine, theirs)}
    if len(kinds) > 1:
        raise SeedError(
            f"The file holds items of kind {theirs.items[0].payload.kind!r}, but the seed of the study holds "
            f"{mine.items[0].payload.kind!r}. A study keeps one kind; start another one for the new file."
        )
    # What a line of the file can continue: the author's items, then those that annotators wrote.
    old = [*authored, *(i for i in mine.items if i.id not in was)]
    places = match(old, theirs.items, {i.id: [v.payload for v in i.alternatives if v.payload] for i in mine.items})
    touched = {i.id for i in mine.items if _touched(was.get(i.id), i, mine)} | (set(answered) & set(now))

    recuts = recast(old, theirs.items, places, now, mine.standing, touched, len(authored))
    places = list(recuts.places)

    # A file without any belief, such as a seed that was exported to train on, says nothing about beliefs.
    unsaid = all(i.belief is None for i in theirs.items)
    # Nor does a file without any metadata, such as Markdown, speak of what it has no place for.
    bare = not any(i.metadata for i in theirs.items)
    items: list[Item] = []
    added: list[str] = []
    edited: list[str] = []
    conflicts: list[Conflict] = []
    taken = {i.id for i in old}
    for n, (their, place) in enumerate(zip(theirs.items, places, strict=True)):
        if n in recuts.items:
            item = recuts.items[n] if place is not None else _named(recuts.items[n], taken)
            (edited if place is not None else added).append(item.id)
            taken.add(item.id)
            items.append(item)
            recuts.call(n, item.id)
            continue
        if place is None:
            items.append(_named(their, taken))
            taken.add(items[-1].id)
            added.append(items[-1].id)
            continue
        before = old[place]
        if unsaid and before.belief is not None:
            their = changed(their, belief=_carried(before, their))
        if bare and before.metadata:
            their = changed(their, metadata=before.metadata)
        current = now.get(before.id)
        if current is None:
            # Taken out of the study since; an unchanged line doesn't bring it back, an edited one does.
            if not _same(before, their):
                items.append(_renamed(their, before.id))
                added.append(before.id)
            continue
        merged, conflict = _merge(before, current, their, mine, before.id in touched)
        items.append(merged)
        # An author's wording that was only put beside an answer is a conflict, and no edit yet.
        if changed(merged, alternatives=current.alternatives if conflict else merged.alternatives) != current:
            edited.append(merged.id)
        if conflict is not None:
            conflicts.append(conflict)

    continued = {old[p].id for p in places if p is not None} | {old[p].id for p in recuts.gone}
    removed: list[str] = []
    for n, item in enumerate(mine.items):
        if item.id in continued:
            continue
        if item.id in was and item.id not in touched:
            removed.append(item.id)
            continue
        _insert(items, item, mine.items[:n])
        standing = mine.standing.get(item.id, AS_WRITTEN)
        if item.id in was and standing != ABSENT:
            conflicts.append(Conflict(item.id, "removed", _shown(item, standing), "(removed)"))
    if len(items) < 2:
        raise SeedError(f"The file leaves {len(items)} item(s) in the seed, which needs at least two.")
    kept = {i.id for i in items}
    seed = Seed(
        items=tuple(items),
        standing={
            k: v for k, v in sorted({**mine.standing, **recuts.carried}.items()) if k in kept and v != AS_WRITTEN
        },
    )
    moved = _moved([p for p in places if p is not None and p < len(authored) and old[p].id in now], old)
    return SyncResult(
        seed, tuple(added), tuple(removed), tuple(edited), tuple(moved), tuple(conflicts), tuple(recuts.notes),
        recuts.carried,
    )  # fmt: skip


def _written_by_annotator(item: Item) -> bool:
    """Examples that annotators wrote say whose they are."""
    return {"answer", "annotator"} <= set(item.metadata)


def _authored(item: Item) -> Item:
    """An item without the variants that no author's file has: annotators' edits, and what was offered beside them."""
    kept = tuple(v for v in item.alternatives if v.origin != "edit" and not v.id.startswith(OFFERED))
    if len(kept) == len(item.alternatives):
        return item
    return changed(item, alternatives=kept)


def _touched(before: Item | None, item: Item, mine: Seed) -> bool:
    if before is None or mine.standing.get(item.id, AS_WRITTEN) != AS_WRITTEN:
        return True
    if any(v.id.startswith(OFFERED) for v in item.alternatives):
        return True  # an earlier conflict that is still open, or was settled for the text as written
    known = {v.payload.digest for v in before.variants if v.payload is not None}
    return any(v.id != FLIPPED and v.payload is not None and v.payload.digest not in known for v in item.alternatives)


# --- one item ---------------------------------------------------------------------------------------------------


def _merge(before: Item, current: Item, their: Item, mine: Seed, touched: bool) -> tuple[Item, Conflict | None]:
    """The current item with the author's changes, and what can't be taken in because annotators answered."""
    if _same(before, their):
        return current, None
    standing = mine.standing.get(current.id, AS_WRITTEN)
    payload, extra, conflict = current.payload, [], None
    metadata = _three_way(before.metadata, current.metadata, their.metadata)
    if their.payload not in (before.payload, current.payload):
        stands = current.variants[current.index_of(standing)].payload
        offered = next((v for v in current.alternatives if v.payload == their.payload), None)
        if not touched:
            payload = their.payload
            earlier = [*current.metadata.get(EARLIER, []), current.payload.model_dump(mode="json")]
            metadata[EARLIER] = earlier
        elif stands != their.payload and not (offered is not None and offered.id.startswith(OFFERED)):
            # One that was offered before is not asked again; a wording that the author now writes as the text is.
            offered = offered or Variant(id=f"{OFFERED}{made_id(their.payload)[:6]}", payload=their.payload)
            extra = [offered]
            conflict = Conflict(current.id, "edited", _shown(current, standing), their.payload.display, offered.id)
    alternatives, names, lost = _alternatives(before, current, their, payload, extra, standing)
    if lost is not None and conflict is None:
        conflict = Conflict(current.id, "wording removed", lost, "(removed)")
    belief = current.belief
    said = None if their.belief is None else _over(their.belief, names)
    if said != before.belief:
        belief = said
    if belief is not None:
        known = {AS_WRITTEN, ABSENT, *(v.id for v in alternatives)}
        belief = belief if set(belief) <= known else _without(belief, known)
    merged = changed(
        current,
        payload=payload,
        group=their.group if their.group != before.group else current.group,
        alternatives=alternatives,
        belief=belief,
        metadata=metadata,
    )
    return (current if merged == current else merged), conflict


def _alternatives(
    before: Item, current: Item, their: Item, payload: Payload, extra: Sequence[Variant], standing: str
) -> tuple[tuple[Variant, ...], dict[str, str], str | None]:
    """The variants after the author's edit; the new name of each of theirs; what stands but was removed, displayed.

    Variants are compared by content, because wordings are named by their place in the list.
    """
    theirs = {v.payload.digest: v for v in their.alternatives if v.payload is not None and v.id != FLIPPED}
    said = [v.payload for v in theirs.values()]
    earlier = {v.payload.digest for v in before.alternatives if v.payload is not None and v.id != FLIPPED}
    out: list[Variant] = []
    lost = None
    for variant in current.alternatives:
        if variant.payload is None or variant.id == FLIPPED:
            continue
        if variant.payload == payload:
            if variant.id != standing:
                continue  # the author wrote this wording into the text itself
        elif variant.payload.digest in earlier and variant.payload not in (*said, their.payload):
            if variant.id != standing:
                continue
            lost = variant.display
        out.append(variant)
    named = {v.payload.digest: v.id for v in out if v.payload is not None}
    named.setdefault(payload.digest, AS_WRITTEN)
    # Names of variants that are gone stay taken too: answers may still speak of them.
    taken = {AS_WRITTEN, ABSENT, FLIPPED, *(v.id for v in current.alternatives), *(v.id for v in out)}
    removed_here = {v.payload.digest for v in current.alternatives if v.payload is not None} | set(named)
    for digest, variant in theirs.items():
        if digest in named or (digest in earlier and digest not in removed_here):
            continue
        name, n = variant.id, len(current.alternatives) + 1
        while name in taken:
            name, n = f"wording-{n}", n + 1
        taken.add(name)
        named[digest] = name
        out.append(Variant(id=name, payload=variant.payload))
    out += [v for v in extra if v.payload is not None and v.payload.digest not in named]
    if isinstance(payload, Pair):
        flip = next((v for v in current.alternatives if v.id == FLIPPED), None)
        flipped = Variant(id=FLIPPED, payload=payload.flipped())
        if flip is not None and flip.payload == flipped.payload:
            out.insert(min(current.alternatives.index(flip), len(out)), flip)
        else:
            out.append(flipped)
    names = {v.id: named.get(v.payload.digest, v.id) for v in their.alternatives if v.payload is not None}
    return tuple(out), {**names, AS_WRITTEN: AS_WRITTEN, ABSENT: ABSENT, FLIPPED: FLIPPED}, lost


def _three_way(before: Mapping[str, Any], current: Mapping[str, Any], their: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata key by key: the author's where the author changed it, else the current one."""
    out = dict(current)
    for key in dict.fromkeys([*before, *their]):
        if key == EARLIER or before.get(key) == their.get(key):
            continue
        if key in their:
            out[key] = their[key]
        else:
            out.pop(key, None)
    return out


def _over(belief: Mapping[str, float], names: Mapping[str, str]) -> dict[str, float]:
    out: dict[str, float] = {}
    for variant, p in belief.items():
        name = names.get(variant, variant)
        out[name] = out.get(name, 0.0) + p
    return out


def _carried(before: Item, their: Item) -> dict[str, float] | None:
    """The belief of an item under the names that a file without beliefs has for its variants.

    A variant is known by its content, since wordings are named by their place in the list, and by its name where the
    author rewrote it there.
    """
    if before.belief is None:
        return None
    theirs = {v.payload.digest: v.id for v in their.alternatives if v.payload is not None}
    was = {v.id: v.payload.digest for v in before.alternatives if v.payload is not None}
    names = {name: theirs[digest] for name, digest in was.items() if digest in theirs}
    rewritten = {v.id for v in their.alternatives} - set(names.values())
    known = {AS_WRITTEN, ABSENT, *names, *(name for name in was if name in rewritten)}
    return _over(_without(before.belief, known), names)


def _without(belief: Mapping[str, float], known: Collection[str]) -> dict[str, float]:
    """A belief whose removed variants give what they held to *absent*: what nobody offers any more is not there."""
    if set(belief) <= set(known):
        return dict(belief)
    out = {k: p for k, p in belief.items() if k in known}
    out[ABSENT] = out.get(ABSENT, 0.0) + sum(p for k, p in belief.items() if k not in known)
    return out


def _same(a: Item, b: Item) -> bool:
    """Whether a file says the same about an item, its id and history apart."""
    return (
        a.payload == b.payload
        and a.group == b.group
        and a.belief == b.belief
        and [v.payload for v in a.alternatives] == [v.payload for v in b.alternatives]
        and _plain(a.metadata) == _plain(b.metadata)
    )


def _plain(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in metadata.items() if k != EARLIER}


def _shown(item: Item, variant: str) -> str:
    return item.variants[item.index_of(variant)].display


# --- ids and order ----------------------------------------------------------------------------------------------


def _named(item: Item, taken: Collection[str]) -> Item:
    """A new item under an id that nothing has or had."""
    name, n = item.id, 2
    while name in taken:
        name, n = f"{item.id}-{n}", n + 1
    return _renamed(item, name)


def _renamed(item: Item, name: str) -> Item:
    return item if item.id == name else changed(item, id=name)


def _insert(items: list[Item], item: Item, predecessors: Sequence[Item]) -> None:
    """Put an item that the file lacks after the nearest of its predecessors that is there."""
    places = {i.id: n for n, i in enumerate(items)}
    at = next((places[p.id] + 1 for p in reversed(predecessors) if p.id in places), 0)
    items.insert(at, item)


def _moved(places: Sequence[int], old: Sequence[Item]) -> list[str]:
    """Ids outside a longest increasing run of old places: the fewest moves that give the new order. O(n log n)."""
    tails: list[int] = []
    tail_at: list[int] = []
    previous: list[int] = []
    for n, place in enumerate(places):
        k = bisect.bisect_left(tails, place)
        previous.append(tail_at[k - 1] if k else -1)
        if k == len(tails):
            tails.append(place)
            tail_at.append(n)
        else:
            tails[k], tail_at[k] = place, n
    stayed = set()
    at = tail_at[-1] if tail_at else -1
    while at >= 0:
        stayed.add(at)
        at = previous[at]
    return [old[p].id for n, p in enumerate(places) if n not in stayed]
