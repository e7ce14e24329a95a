"""The user's seed: items with variants, frozen and content-hashed.

An item is what its author wrote plus what it may turn out to be: absent, another wording, flipped, an edited text.
Variant 0 is always the item *as written* and variant 1 is *absent*; the others follow. A seed also knows which
variant of each item *stands*: as written at first, later what humans answered. An answer never rewrites an item, it
moves what stands (an edit adds a variant and lets it stand), so ids, old wordings and lineage survive every change.
"""

from __future__ import annotations

import hashlib
import json
import math
import operator
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import Field, field_validator

from activeseed.checked import Checked
from activeseed.errors import SeedError, UsageError, nearest

AS_WRITTEN = "as_written"
ABSENT = "absent"
FLIPPED = "flipped"

Rest = Literal["auto", "absent", "wordings", "flipped"]

#: where a choice comes from: its author's hand, being left out, a pair turned round, another wording (of the author, of
#: a machine that keeps the meaning, of one that moves it, of one that turns its frame), a human's answer, or a
#: setting's value
Origin = Literal["written", "absent", "flipped", "wording", "paraphrase", "drift", "framing", "edit", "setting"]
#: origins of texts that no human wrote: nobody believes in one, and none stands before somebody has chosen it
BY_MACHINE: frozenset[Origin] = frozenset({"paraphrase", "drift", "framing"})

#: what JSON can say
Json: TypeAlias = "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"

#: ids of edits that were journalled before variants said where they come from
_EDIT = re.compile(r"edit-\d+")


class _Record(Checked):
    refused_as: ClassVar[type[UsageError]] = SeedError

    @cached_property
    def digest(self) -> bytes:
        """16 bytes that name this content; equal content has an equal digest on every machine."""
        return digest_of(self.model_dump(mode="json"))


class Text(_Record):
    """A text: a positive example, a dictum, a rubric line, or a reply to a ``prompt``.

    The prompt is shown to whoever judges the text, and handed to trainers of one's own; embedders see the text alone,
    as they do the replies of a pair. The authority names the rank of a dictum among others, for trainers that weigh
    one against another.
    """

    kind: Literal["text"] = "text"
    #: left out of the record where there is none, so that a text without a prompt is named as it always was
    prompt: str = Field(default="", exclude_if=operator.not_)
    text: str
    #: left out likewise
    authority: str = Field(default="", exclude_if=operator.not_)

    @property
    def display(self) -> str:
        said = f"{self.text} [{self.authority}]" if self.authority else self.text
        return f"{self.prompt}\n→ {said}" if self.prompt else said

    @property
    def wording(self) -> str:
        """What is judged, and may be edited."""
        return self.text

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts an embedder sees, in order."""
        return (self.text,)


class Pair(_Record):
    """A preference pair: two replies to a prompt, ``chosen`` preferred to ``rejected``."""

    kind: Literal["pair"] = "pair"
    prompt: str = ""
    chosen: str
    rejected: str

    @property
    def display(self) -> str:
        return f"{self.prompt}\n+ {self.chosen}\n- {self.rejected}".lstrip("\n")

    @property
    def wording(self) -> str:
        return self.display

    @property
    def texts(self) -> tuple[str, ...]:
        return (self.chosen, self.rejected)

    def flipped(self) -> Pair:
        """The same pair with the other reply preferred."""
        return Pair(prompt=self.prompt, chosen=self.rejected, rejected=self.chosen)


class Vector(_Record):
    """A ready-made feature vector of any length; all entries finite."""

    kind: Literal["vector"] = "vector"
    values: tuple[float, ...]
    label: str = ""

    @field_validator("values")
    @classmethod
    def _finite(cls, values: tuple[float, ...]) -> tuple[float, ...]:
        if not values or not all(math.isfinite(v) for v in values):
            raise ValueError("a vector needs at least one entry, all of them finite (no NaN, no infinity)")
        return values

    @property
    def display(self) -> str:
        head = ", ".join(f"{v:.3g}" for v in self.values[:4])
        return self.label or f"[{head}{', …' if len(self.values) > 4 else ''}]"

    @property
    def wording(self) -> str:
        return self.display

    @property
    def texts(self) -> tuple[str, ...]:
        return ()


class Entry(_Record):
    """A thing with fields: an anchor and its concept, a piece of a prior, a candidate program.

    Which fields there are, and what they mean, its system says (``protocols.SupportsEntries``).

    Attributes:
        text: what people read first, and what an embedder sees; where it is empty, that is all the fields.
        fields: name -> JSON. A field ``vector`` is what a system reads of it in place of an embedding.
    """

    kind: Literal["entry"] = "entry"
    text: str = ""
    fields: Mapping[str, Any] = Field(default_factory=dict)

    @property
    def display(self) -> str:
        said = [f"{name}: {shortened(value)}" for name, value in self.fields.items()]
        return "\n".join([*([self.text] if self.text else []), *said])

    @property
    def wording(self) -> str:
        return self.display

    @property
    def texts(self) -> tuple[str, ...]:
        if "vector" in self.fields and not self.text:
            return ()
        return (self.text or self.display,)


def shortened(value: Any) -> str:
    """A field as people read it: a text as it is, anything else as JSON, long lists by their first entries."""
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple) and len(value) > 6:
        return f"{json.dumps(list(value[:6]), ensure_ascii=False)[:-1]}, … {len(value)} in all]"
    return json.dumps(value, ensure_ascii=False)


Payload = Annotated[Text | Pair | Vector | Entry, Field(discriminator="kind")]


class Variant(_Record):
    """One thing an item may turn out to be.

    Attributes:
        id: unique within its item.
        payload: None for *absent* only.
        comes_from: where it comes from, where that is not plain from the rest: see ``origin``.
    """

    id: str
    payload: Payload | None = None
    #: left out of the record where nothing is said, so that variants are named as they always were
    comes_from: Origin | Literal[""] = Field(default="", exclude_if=operator.not_)

    @property
    def origin(self) -> Origin:
        """Where it comes from: as said, or the author's."""
        if self.comes_from:
            return self.comes_from
        plain: dict[str, Origin] = {AS_WRITTEN: "written", ABSENT: "absent", FLIPPED: "flipped"}
        return plain.get(self.id) or ("edit" if _EDIT.fullmatch(self.id) else "wording")

    @property
    def display(self) -> str:
        return "(absent)" if self.payload is None else self.payload.display

    @property
    def wording(self) -> str:
        return "(absent)" if self.payload is None else self.payload.wording


class Item(_Record):
    """One unit of the seed.

    Attributes:
        id: stays with the item through every edit.
        payload: the item as written.
        group: items of one group can be left out, or documented more, together.
        alternatives: variants besides *as written* and *absent*.
        belief: the author's probability of each variant id, summing to one; None where the author said nothing.
        copies: how many items were merged into this one: it weighs that much wherever it is present.
        metadata: whatever else the file had; kept, never interpreted.
    """

    id: str
    payload: Payload
    group: str = ""
    alternatives: tuple[Variant, ...] = ()
    belief: Mapping[str, float] | None = None
    copies: int = Field(default=1, ge=1)
    metadata: Mapping[str, Any] = Field(default_factory=dict)

    @cached_property
    def variants(self) -> tuple[Variant, ...]:
        """As written, absent, then the alternatives."""
        return (Variant(id=AS_WRITTEN, payload=self.payload), Variant(id=ABSENT), *self.alternatives)

    def index_of(self, variant: str) -> int:
        """Position of a variant id. Raises SeedError, naming the nearest known id."""
        ids = [v.id for v in self.variants]
        if variant not in ids:
            raise SeedError(f"Item {self.id!r} has no variant {variant!r}.{nearest(variant, ids)}")
        return ids.index(variant)

    @property
    def display(self) -> str:
        return self.payload.display


class Probe(_Record):
    """Where we look: a context at which every outcome is read, or a candidate output in an agent's pool.

    ``label`` (1 approve, 0 reject, or None) is used to report quality and by nothing that decides.
    """

    id: str
    payload: Payload
    group: str = ""
    label: float | None = None
    weight: float = Field(default=1.0, gt=0)
    metadata: Mapping[str, Any] = Field(default_factory=dict)


class Seed(_Record):
    """Items and the variant of each that stands.

    Raises SeedError when there are fewer than two items, when ids repeat, or when payload kinds are mixed.
    """

    items: tuple[Item, ...]
    standing: Mapping[str, str] = Field(default_factory=dict)

    def model_post_init(self, _context: Any) -> None:
        if len(self.items) < 2:
            raise SeedError(
                f"The seed has {len(self.items)} item(s); a ranking compares items, so it needs at least two."
            )
        seen: set[str] = set()
        for item in self.items:
            if item.id in seen:
                raise SeedError(f"Two items have the id {item.id!r}. Give each its own id, or leave the ids out.")
            seen.add(item.id)
        kinds = {item.payload.kind for item in self.items}
        if len(kinds) > 1:
            raise SeedError(f"The seed mixes payloads ({', '.join(sorted(kinds))}); one seed holds one kind.")
        for name, variant in self.standing.items():
            self[name].index_of(variant)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, item_id: str) -> Item:
        return self.items[self.position(item_id)]

    def position(self, item_id: str) -> int:
        """Position of an item id. Raises SeedError, naming the nearest known id."""
        if item_id not in self._positions:
            raise SeedError(f"The seed has no item {item_id!r}.{nearest(item_id, self._positions)}")
        return self._positions[item_id]

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {item.id: i for i, item in enumerate(self.items)}

    @cached_property
    def base(self) -> tuple[int, ...]:
        """Index of the standing variant of every item: the base assignment a⁰, shape (F,)."""
        return tuple(i.index_of(self.standing.get(i.id, AS_WRITTEN)) for i in self.items)

    @property
    def groups(self) -> tuple[str, ...]:
        """Distinct non-empty groups in order of appearance."""
        return tuple(dict.fromkeys(i.group for i in self.items if i.group))

    @property
    def version(self) -> str:
        """Short content hash: what people call this version of the seed."""
        return self.digest.hex()[:12]

    def stand(self, **choices: str) -> Seed:
        """The seed with other variants standing (keyword or ``**{id: variant}``)."""
        return self.revise(standing={**self.standing, **choices})

    def revise(self, *, items: Iterable[Item] | None = None, standing: Mapping[str, str] | None = None) -> Seed:
        """A new version. Standing entries that only repeat *as written* are dropped, so equal seeds hash equally."""
        kept = {k: v for k, v in sorted((self.standing if standing is None else standing).items()) if v != AS_WRITTEN}
        return Seed(items=self.items if items is None else tuple(items), standing=kept)

    def standing_payloads(self) -> list[tuple[str, Payload]]:
        """(id, payload) of every item that stands, absent ones left out: the seed that would be deployed."""
        out = []
        for item, v in zip(self.items, self.base, strict=True):
            payload = item.variants[v].payload
            if payload is not None:
                out.append((item.id, payload))
        return out


def with_flips(seed: Seed) -> Seed:
    """Every pair gains a *flipped* variant (nothing happens to items that are no pairs, or have one)."""
    items = []
    for item in seed.items:
        if isinstance(item.payload, Pair) and all(v.id != FLIPPED for v in item.alternatives):
            flip = Variant(id=FLIPPED, payload=item.payload.flipped())
            item = item.model_copy(update={"alternatives": (*item.alternatives, flip)})
        items.append(Item.model_validate(item.model_dump()))
    return seed.revise(items=items)


def spread_belief(item: Item, stays: float, rest: Rest = "auto") -> dict[str, float]:
    """A scalar belief turned into one probability a variant.

    Args:
        stays: probability in [0, 1] that the item stays as written.
        rest: where the remainder goes: ``absent``; evenly over the ``wordings``; ``flipped``; ``auto`` is *flipped*
            where the item has such a variant, else evenly over *absent* and the wordings. Wordings of a machine get
            none: what a rule makes of a text is no more likely to be meant than before.
    """
    if not 0.0 <= stays <= 1.0 or math.isnan(stays):
        raise SeedError(f"Item {item.id!r}: belief {stays!r} is no probability. Give a number from 0 to 1.")
    others = [v.id for v in item.alternatives if v.origin not in BY_MACHINE]
    wordings = [v for v in others if v != FLIPPED]
    if rest == "auto":
        share = [FLIPPED] if FLIPPED in others else [ABSENT, *wordings]
    else:
        share = {"absent": [ABSENT], "wordings": wordings or [ABSENT], "flipped": [FLIPPED]}[rest]
    if rest == "flipped" and FLIPPED not in others:
        raise SeedError(f"Item {item.id!r} is no pair, so its belief can't go to 'flipped'. Use rest = 'absent'.")
    out = {AS_WRITTEN: stays}
    for variant in share:
        # 1 − 0.9 is 0.09999999999999998 to a computer; people read these numbers in exported files
        out[variant] = round(out.get(variant, 0.0) + (1.0 - stays) / len(share), 15)
    return out


def spread_anew(seed: Seed, stays: Mapping[str, float], rest: Rest = "auto") -> Seed:
    """The seed with beliefs that were one number spread over all that an item may be by now (see ``spread_belief``).

    Whoever says "0.8" says nothing of what else an item may be: what is added to it later has its part, too.

    Args:
        stays: item id -> the number that its author gave; other items are left as they are.
    """
    items = []
    for item in seed.items:
        belief = spread_belief(item, stays[item.id], rest) if item.id in stays else item.belief
        if belief != item.belief:
            # Made anew: a copy would share what the item has cached of itself.
            item = Item.model_validate({name: getattr(item, name) for name in Item.model_fields} | {"belief": belief})
        items.append(item)
    return seed.revise(items=items)


def check_belief(item: Item, belief: Mapping[str, float]) -> dict[str, float]:
    """A mapping of variant ids to probabilities, checked: known ids, in [0, 1], summing to one within 1e-6."""
    for variant, p in belief.items():
        item.index_of(variant)
        if not 0.0 <= p <= 1.0 or math.isnan(p):
            raise SeedError(f"Item {item.id!r}: belief of {variant!r} is {p!r}. Give a number from 0 to 1.")
    total = sum(belief.values())
    if abs(total - 1.0) > 1e-6:
        raise SeedError(f"Item {item.id!r}: beliefs sum to {total:g}. They must sum to 1 over its variants.")
    return dict(belief)


def digest_of(content: Any) -> bytes:
    """16 bytes of SHA-256 over canonical JSON (sorted keys, no white space)."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:16]


def made_id(payload: Payload, taken: Sequence[str] | set[str] = ()) -> str:
    """An id from content: a letter and ten hex digits, with a suffix where the same content comes again.

    The letter keeps spreadsheets from reading 607641e810 or 0782632055 as a number.
    """
    stem = f"i{payload.digest.hex()[:10]}"
    name, n = stem, 2
    while name in taken:
        name, n = f"{stem}-{n}", n + 1
    return name
