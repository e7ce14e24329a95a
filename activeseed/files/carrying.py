"""Answers to paragraphs that their author split or joined: what goes to which part, and what has to be asked anew."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from activeseed.files.splitting import recut
from activeseed.seed import ABSENT, AS_WRITTEN, Item, Text

#: Metadata of an item whose author edited it: the payloads it had before, oldest first.
EARLIER = "earlier_payloads"
#: how sure an answer to the whole leaves one of its parts: as right as a stranger is (nine times in ten)
CARRIED = 0.9
_SAID = {AS_WRITTEN: "kept", ABSENT: "dropped"}


@dataclass
class Recast:
    """The file's items with splits and joins taken in.

    Attributes:
        places: for every item of the file the position of the old item that it continues, or None.
        items: position in the file -> the item that it becomes.
        gone: positions of old items whose words stand in another one now.
        notes: a sentence for each split or join, with names in place of ``{n}`` once all items have one.
        carried: id -> the variant that stands by an answer to the whole, or to all parts.
    """

    places: list[int | None]
    items: dict[int, Item] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    carried: dict[str, str] = field(default_factory=dict)
    _waiting: dict[int, tuple[int, str]] = field(default_factory=dict)

    def wait(self, at: int, verdict: str) -> None:
        """Item ``at`` of the file is named in the note that was written last, and stands as ``verdict``."""
        self._waiting[at] = (len(self.notes) - 1, verdict)

    def call(self, at: int, name: str) -> None:
        """Item ``at`` of the file has got its name."""
        if at in self._waiting:
            note, verdict = self._waiting[at]
            self.notes[note] = self.notes[note].replace(f"<{at}>", name)
            if verdict:
                self.carried[name] = verdict


def recast(
    old: Sequence[Item],
    new: Sequence[Item],
    places: Sequence[int | None],
    now: Mapping[str, Item],
    standing: Mapping[str, str],
    touched: Collection[str],
    authored: int,
) -> Recast:
    """Take in what was split and joined.

    Args:
        old: what a line of the file can continue; the first ``authored`` are the author's own.
        now: the current items by id.
        standing: what stands, by id.
        touched: ids of the items that were answered.
    """
    out = Recast(list(places))

    def wordings(item: Item) -> list[str]:
        variant = standing.get(item.id, AS_WRITTEN)
        stands = now[item.id].variants[now[item.id].index_of(variant)].payload if item.id in now else None
        return [p.text for p in (item.payload, stands) if isinstance(p, Text)]

    for found in recut(old[:authored], new, places, set(touched) & set(now), wordings):
        olds = [old[p] for p in found.old]
        if any(i.id not in now for i in olds):
            continue
        verdicts = [standing.get(i.id, AS_WRITTEN) if i.id in touched else "" for i in olds]
        if len(olds) == 1:
            _split(out, olds[0], found.old[0], found.new, new, now, verdicts[0], wordings(olds[0]))
        else:
            _joined(out, olds, found.old, found.new[0], new, now, verdicts)
    return out


def _split(
    out: Recast,
    whole: Item,
    place: int,
    parts: Sequence[int],
    new: Sequence[Item],
    now: Mapping[str, Item],
    verdict: str,
    wordings: Sequence[str],
) -> None:
    """The first part goes on under the name of the whole."""
    adopted = verdict not in _SAID and len(wordings) > 1 and _words(new, parts) == wordings[1].split()
    if verdict not in _SAID and not adopted:
        out.notes.append(
            f"{whole.id} was split into {len(parts)} items, but its answer is another wording of the whole: it stays "
            "as answered, and what it was split into is asked anew."
        )
        return
    stands = AS_WRITTEN if adopted else verdict
    said = "edited so" if adopted else _SAID[verdict]
    others = ", ".join(f"<{t}>" for t in parts[1:])
    out.notes.append(
        f"{whole.id} was split: the answer to all of it ({said}) holds for its parts, {whole.id} and {others}."
    )
    for n, t in enumerate(parts):
        out.places[t] = place if n == 0 else None
        item = _going_on(now[whole.id], new[t]) if n == 0 else new[t]
        out.items[t] = _sure(item, whole, stands)
        out.wait(t, stands)


def _words(new: Sequence[Item], parts: Sequence[int]) -> list[str]:
    return [w for t in parts if isinstance(p := new[t].payload, Text) for w in p.text.split()]


def _joined(
    out: Recast,
    olds: Sequence[Item],
    places: Sequence[int],
    at: int,
    new: Sequence[Item],
    now: Mapping[str, Item],
    verdicts: Sequence[str],
) -> None:
    names = " and ".join(i.id for i in olds)
    if any(v not in (*_SAID, "") for v in verdicts):
        out.notes.append(
            f"{names} were joined, but one of them was answered with another wording: that stays as answered."
        )
        return
    first, *rest = places
    if len(set(verdicts)) == 1:
        out.places[at] = first
        out.gone.update(rest)
        out.notes.append(f"{names} were joined into {olds[0].id}: all of them were {_SAID[verdicts[0]]}, so it is.")
        out.items[at] = _sure(_going_on(now[olds[0].id], new[at]), olds[0], verdicts[0])
        out.wait(at, verdicts[0])
        return
    out.places[at] = None
    out.gone.update(places)
    said = ", ".join(f"{i.id} {_SAID.get(v, 'not answered')}" for i, v in zip(olds, verdicts, strict=True))
    out.notes.append(f"{names} were joined into <{at}>, whose answers differ ({said}): it is asked anew.")
    out.items[at] = new[at]
    out.wait(at, "")


def _going_on(current: Item, their: Item) -> Item:
    """The current item with the words of the file; earlier edits of it are about other words."""
    earlier = [*current.metadata.get(EARLIER, []), current.payload.model_dump(mode="json")]
    return changed(
        their, id=current.id, copies=current.copies, metadata={**current.metadata, **their.metadata, EARLIER: earlier}
    )


def _sure(item: Item, whole: Item, stands: str) -> Item:
    """An item as sure as the answer to the whole makes it, from what its author believed."""
    belief = whole.belief or {}
    prior = min(max(belief.get(stands, 0.5), 0.01), 0.99)
    p = round(prior * CARRIED / (prior * CARRIED + (1 - prior) * (1 - CARRIED)), 6)
    other = ABSENT if stands == AS_WRITTEN else AS_WRITTEN
    return changed(item, belief={stands: p, other: round(1 - p, 6)})


def changed(item: Item, **update: Any) -> Item:
    """A new item; a copy would share what the old one has cached of itself."""
    return Item.model_validate({name: getattr(item, name) for name in Item.model_fields} | update)
