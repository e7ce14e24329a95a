"""What an engine can work on, and what is worth saying of what it read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from activeseed.errors import PlanError
from activeseed.seed import Text
from activeseed.systems.inference.language import parse
from activeseed.systems.inference.norms import Left, Norm, Reading
from activeseed.systems.inference.settings import InferenceSettings

if TYPE_CHECKING:
    from activeseed.plan import Materials
    from activeseed.systems.inference.bench import Bench
    from activeseed.systems.inference.taking import Said

#: names in a sentence of a remark
SHOWN = 5


def check(engine: InferenceSettings, materials: Materials) -> None:
    """Raise PlanError where payloads are no texts, nothing is there to be judged, or no item holds a norm."""
    from activeseed.systems.inference.bench import said_by

    places, what = (
        (materials.probes, "probes") if engine.outcome == "approval" else (materials.pool, "pool")
    )  # fmt: skip
    if not places:
        how = "--probes FILE, or rank the 'policy' over a pool" if what == "probes" else "--pool FILE"
        raise PlanError(f"There is no {what} to hold the dicta against. Give {how}.")
    for kind, entries in (("seed", materials.seed.items), (what, places)):
        for entry in entries:
            if not isinstance(entry.payload, Text):
                raise PlanError(
                    f"An inference engine reads texts, and {entry.id!r} in the {kind} is a {entry.payload.kind!r}. "
                    "Give every line a 'text'."
                )
    said = said_by(engine, materials)
    if engine.reads == "controlled":
        _refuse_what_does_not_parse(said, materials)
    if not any(d.reading.taken for d in said.dicta):
        lefts = Counter(left.why for d in said.dicta for left in d.reading.left)
        why = f" Sentences were left for: {_counted(lefts)}." if lefts else ""
        raise PlanError(
            f"None of the {len(materials.seed)} items holds a norm (what must, should, may or must not be done), so "
            f"nothing can be approved or disapproved of.{why} Is this a charter?"
        )


def _refuse_what_does_not_parse(said: Said, materials: Materials) -> None:
    wrong: list[tuple[str, Left]] = []
    for item, slot in zip(materials.seed.items, materials.slots.index[:, 0].tolist(), strict=True):
        wrong += [(item.id, left) for left in said.dicta[slot].reading.left]
    if wrong:
        name, left = wrong[0]
        nearest = f" The nearest that would be: {left.nearest!r}." if left.nearest else ""
        more = f" So are {len(wrong) - 1} more sentences." if len(wrong) > 1 else ""
        raise PlanError(
            f"Item {name!r}: {_short(left.sentence)!r} is no controlled English ({left.why}).{nearest}{more} "
            "Reword it, or set reads = 'prose'."
        )


def readings(engine: InferenceSettings, materials: Materials) -> dict[str, Reading]:
    """Item id -> what its text as it stands was read as."""
    from activeseed.systems.inference.bench import bench_of

    said = bench_of(engine, materials).said
    seed, index = materials.seed, materials.slots.index
    slots = {item.id: int(index[f, v]) for f, (item, v) in enumerate(zip(seed.items, seed.base, strict=True))}
    return {name: said.dicta[slot].reading for name, slot in slots.items() if slot >= 0}


def remarks(engine: InferenceSettings, materials: Materials) -> tuple[str, ...]:
    """A sentence each: what was taken, what was left and why, what no norm touches, what was cut or dropped."""
    from activeseed.systems.inference.bench import bench_of

    bench = bench_of(engine, materials)
    found = readings(engine, materials)
    out = [_taken(bench, found)]
    silent = [name for name, r in found.items() if not r.taken and not r.lexical]
    if silent:
        out.append(f"{_of(silent, 'item')} no norm: {_named(silent)}. They move nothing.")
    out += _almost_controlled(engine, bench, materials)
    cut = [edge.says for edge in bench.said.cut]
    if cut:
        out.append(f"The lexicon goes round in a circle, so this is not used: {_named(cut)}.")
    if bench.graph.dropped:
        out.append(
            f"The budget of {engine.budget} derived norms is out: {bench.graph.dropped} less confident ones were left "
            "out, with all that follows from them. Raise budget, or lower depth."
        )
    ranks = sorted({t.norm.authority for r in found.values() for t in r.taken} - {"", *engine.authorities})
    if ranks:
        out.append(
            f"No rank is set for {_named(ranks)}: they rank alike, below {', '.join(engine.authorities) or 'nobody'} "
            "and above dicta of nobody. Name them in authorities, the highest first."
        )
    return (*out, *_untouched(bench, materials, engine))


def _taken(bench: Bench, found: Mapping[str, Reading]) -> str:
    norms = sum(len(r.taken) for r in found.values())
    lines = sum(len(r.lexical) for r in found.values())
    lefts = Counter(left.why for r in found.values() for left in r.left)
    sentences = norms_in(found) + lines + sum(lefts.values())
    how = "controlled English" if bench.said.mode == "controlled" else "prose"
    left = f" Left: {_counted(lefts)}." if lefts else ""
    many = f"{norms} norm{'' if norms == 1 else 's'}"
    lexical = f", {lines} line{'' if lines == 1 else 's'} of the lexicon" if lines else ""
    taken = norms_in(found) + lines
    return f"Read as {how}: took {taken} of {sentences} sentences in {len(found)} items ({many}{lexical}).{left}"


def norms_in(found: Mapping[str, Reading]) -> int:
    """How many sentences hold a norm; a sentence may hold several."""
    return sum(len({t.sentence for t in r.taken}) for r in found.values())


def _almost_controlled(engine: InferenceSettings, bench: Bench, materials: Materials) -> list[str]:
    """A charter in controlled English but for a few lines is read as prose, which its author should know."""
    if engine.reads != "auto" or bench.said.mode == "controlled":
        return []
    odd: list[tuple[str, Left]] = []
    for item in materials.seed.items:
        assert isinstance(item.payload, Text)
        found = parse(item.payload.text, engine.grammar)
        if not isinstance(found, Norm):
            odd.append((item.id, found))
    if not odd or 2 * len(odd) > len(materials.seed):
        return []
    name, left = odd[0]
    nearest = f"; the nearest that would be: {left.nearest!r}" if left.nearest else ""
    return [
        f"All but {len(odd)} of {len(materials.seed)} items are controlled English; for their sake all are read as "
        f"prose. The first: {name!r} ({left.why}{nearest})."
    ]


def _untouched(bench: Bench, materials: Materials, engine: InferenceSettings) -> list[str]:
    """Places that no norm of any row touches."""
    from activeseed.systems.inference.approving import ByConcept

    if not isinstance(bench.sides, ByConcept):
        return []
    touched = {h.probe for h in bench.sides.found if h.sign}
    places = materials.probes if engine.outcome == "approval" else materials.pool
    bare = [p.id for n, p in enumerate(places) if n not in touched]
    if not bare:
        return []
    return [
        f"{_of(bare, 'probe', 'is', 'are')} touched by no norm, and {'stays' if len(bare) == 1 else 'stay'} at "
        f"{engine.default:g}: {_named(bare)}. Say in the lexicon what their actions are kinds of."
    ]


def _of(names: Sequence[str], what: str, one: str = "holds", many: str = "hold") -> str:
    return f"1 {what} {one}" if len(names) == 1 else f"{len(names)} {what}s {many}"


def _named(names: Sequence[str]) -> str:
    more = f", … ({len(names)} in all)" if len(names) > SHOWN else ""
    return ", ".join(repr(n) for n in names[:SHOWN]) + more


def _counted(counts: Counter[str]) -> str:
    few = counts.most_common(SHOWN)
    rest = sum(counts.values()) - sum(n for _, n in few)
    return ", ".join(f"{why} ({n})" for why, n in few) + (f", other ({rest})" if rest else "")


def _short(text: str) -> str:
    return text if len(text) <= 120 else text[:119] + "…"
