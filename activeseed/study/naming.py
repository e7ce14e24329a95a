"""What a user calls an outcome, as a side that can be trained.

A name is parts joined by ``+``, with ``@`` and a number behind where another replicate is meant:

=========================  ===========================================================================
``latest``                 the seed as it stands; it may be left out before other parts
``v0``, a pin, a hash      that version of the seed, as it stood
``without:ITEM,ITEM``      without these items
``only:GROUP,GROUP``       only the items of these groups
``without-group:GROUP``    without the items of these groups
``ITEM=VARIANT,…``         an item as another of its variants
=========================  ===========================================================================

A name that holds one of ``+ , = : @`` is written in double quotes: ``without:"a,b"``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress

from activeseed.analyses.sides import Side
from activeseed.cleaning import few
from activeseed.errors import PlanError, SeedError, nearest
from activeseed.seed import ABSENT, Item, Seed
from activeseed.study.state import State

#: what may stand before a colon
VERBS = ("without", "only", "without-group")
#: names that are shown of many
SHOWN = 5

_KEY = re.compile(r"(.*)@(\d{1,9})", re.DOTALL)


def side_named(text: str, state: State) -> Side:
    """The side that goes by a name, as changes of the newest version of the seed.

    Raises:
        PlanError: a name that says nothing, says two things of one item, or leaves nothing standing; a version with
            texts that the newest one does not hold any more.
        SeedError: an unknown version, item, variant or group, with the nearest known one.
    """
    seed = state.current.seed
    said, key = _without_key(text.strip(), seed)
    if not said:
        raise PlanError(f"{text!r} names no outcome. Try 'latest', 'v0', 'without:ITEM' or 'ITEM=VARIANT'.")
    parts = _split(said, "+", text)
    told: dict[str, str] = {}
    versions = []
    for part in parts:
        verb, mark, rest = part.partition(":")
        if mark and verb in VERBS:
            new = _of_verb(verb, _names(rest, part), seed)
        elif len(_split(part, "=", text)) > 1:
            new = _of_variants(part, seed)
        else:
            versions.append(part)
            continue
        for item, variant in new.items():
            if told.setdefault(item, variant) != variant:
                raise PlanError(f"{text!r} says of item {item!r} that it is {told[item]!r} and {variant!r}. Say one.")
    if len(versions) > 1:
        raise PlanError(f"{text!r} names two versions, {versions[0]!r} and {versions[1]!r}. Name one.")
    changes, weights = _of_version(_bare(versions[0]), state) if versions else ({}, {})
    changes |= told
    stands = {item.id: item.variants[v].id for item, v in zip(seed.items, seed.base, strict=True)} | changes
    if all(variant == ABSENT for variant in stands.values()):
        raise PlanError(f"{text!r} leaves no item standing, so nothing can be trained. Leave some.")
    return Side(name=text.strip(), changes=changes, weights=weights, key=key)


def is_side(text: str, state: State) -> bool:
    """Whether a name is one of these, so that nobody looks for a file of that name."""
    with suppress(PlanError, SeedError):
        side_named(text, state)
        return True
    return False


# --- parts ------------------------------------------------------------------------------------------------------------


def _without_key(text: str, seed: Seed) -> tuple[str, int]:
    """The name, and the replicate behind it. An id that ends like a replicate is an id."""
    found = _KEY.fullmatch(text)
    if found is None or any(text.endswith(item.id) for item in seed.items if "@" in item.id):
        return text, 0
    return found[1] or "latest", int(found[2])


def _of_verb(verb: str, names: Sequence[str], seed: Seed) -> dict[str, str]:
    if verb == "without":
        return {seed[name].id: ABSENT for name in names}
    groups = set(seed.groups)
    for name in names:
        if name not in groups:
            if not groups:
                raise SeedError(f"No item of this seed has a group, so {verb}:{name} names none.")
            raise SeedError(
                f"There is no group {name!r}.{nearest(name, seed.groups)} There are: {few(seed.groups, SHOWN)}."
            )
    return {item.id: ABSENT for item in seed.items if (item.group in names) == (verb == "without-group")}


def _of_variants(part: str, seed: Seed) -> dict[str, str]:
    out = {}
    for each in _split(part, ",", part):
        item, *rest = _split(each, "=", each)
        if len(rest) != 1:
            raise PlanError(f"{each!r} is no ITEM=VARIANT. Names that hold one of + , = : @ go in double quotes.")
        found = seed[_bare(item)]
        variant = _bare(rest[0])
        out[found.id] = found.variants[found.index_of(variant)].id
    return out


def _of_version(name: str, state: State) -> tuple[dict[str, str], dict[str, float]]:
    """What the newest version has to be changed in to be that one."""
    seed = state.current.seed
    try:
        version = state.version(name)
    except SeedError as error:
        raise SeedError(_unknown(name, state)) from error
    return changes_to(version.seed, seed, f"version {name!r}")


def changes_to(then: Seed, now: Seed, what: str) -> tuple[dict[str, str], dict[str, float]]:
    """What a seed has to be changed in to train what another one does: variants by item, and weights.

    Args:
        then: what is to be trained.
        now: what rows are made of: it has to hold each text of the other, as a variant of the item of that id.
        what: names the other in an error.

    Raises:
        PlanError: texts that ``now`` does not hold, by item.
    """
    known = {item.id: item for item in now.items}
    changes: dict[str, str] = {}
    weights: dict[str, float] = {}
    gone: list[str] = []
    for item, v in zip(then.items, then.base, strict=True):
        payload = item.variants[v].payload
        here = known.pop(item.id, None)
        if payload is None:
            if here is not None:
                changes[item.id] = ABSENT
            continue
        variant = None if here is None else _same(here, payload.digest)
        if here is None or variant is None:
            gone.append(item.id)
            continue
        changes[item.id] = variant
        if item.copies != here.copies:
            weights[item.id] = item.copies / here.copies
    if gone:
        raise PlanError(
            f"{what} can't be compared: {len(gone)} of its texts are in the newest seed no more ({few(gone, SHOWN)}). "
            "What differs in them: `activeseed seed diff`; to train that seed, make a project of it with "
            "`activeseed seed export` and compare with its folder."
        )
    changes |= dict.fromkeys(known, ABSENT)  # what came into the seed since
    stands = {item.id: item.variants[v].id for item, v in zip(now.items, now.base, strict=True)}
    return {name: variant for name, variant in changes.items() if stands[name] != variant}, weights


def _same(item: Item, digest: bytes) -> str | None:
    return next((v.id for v in item.variants if v.payload is not None and v.payload.digest == digest), None)


def _unknown(name: str, state: State) -> str:
    """What to say of a word that is no version: perhaps an item was meant, or a verb."""
    seed = state.current.seed
    ids = [item.id for item in seed.items]
    if name in ids:
        others = [v.id for v in seed[name].variants]
        return (
            f"{name!r} is an item, and no outcome. Say what becomes of it: 'without:{name}', or '{name}=VARIANT' with "
            f"one of {few(others, SHOWN)}."
        )
    if name in seed.groups:
        return f"{name!r} is a group, and no outcome. Say 'only:{name}' or 'without-group:{name}'."
    verb, mark, _ = name.partition(":")
    if mark:
        near = nearest(verb, VERBS) or f" Known are {', '.join(f'{v}:' for v in VERBS)}."
        return f"{name!r}: nothing is known that {verb!r} does to a seed.{near}"
    known = [*state.pins, *(f"v{v.number}" for v in state.versions), "latest"]
    near = nearest(name, known) or nearest(name, [*ids, *seed.groups])
    return (
        f"There is no outcome {name!r}.{near} Name a version of the seed ({few(known, SHOWN)}), a change of it "
        "('without:ITEM', 'only:GROUP', 'without-group:GROUP', 'ITEM=VARIANT'), or several joined by '+'."
    )


# --- words ------------------------------------------------------------------------------------------------------------


def _split(text: str, at: str, whole: str) -> list[str]:
    """Parts between a sign that stands in no double quotes. Raises PlanError for an empty part, an open quote."""
    parts, quoted = [""], False
    for c in text:
        if c == '"':
            quoted = not quoted
        if c == at and not quoted:
            parts.append("")
        else:
            parts[-1] += c
    if quoted:
        raise PlanError(f"{whole!r}: a double quote is opened and not closed.")
    if len(parts) > 1 and any(not p.strip() for p in parts):
        raise PlanError(f"{whole!r}: nothing stands on one side of {at!r}. Leave it out, or put a name there.")
    return [p.strip() for p in parts]


def _names(text: str, part: str) -> list[str]:
    out = list(dict.fromkeys(_bare(n) for n in _split(text, ",", part)))
    if out == [""]:
        raise PlanError(f"{part!r} names nothing behind the colon. Put one name there, or several with commas between.")
    return out


def _bare(name: str) -> str:
    return name.strip().replace('"', "")
