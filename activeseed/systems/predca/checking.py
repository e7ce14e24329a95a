"""What PreDCA can work on, and what is worth saying of what it read."""

from __future__ import annotations

import numpy as np

from activeseed.errors import ConfigError, PlanError
from activeseed.plan import Materials
from activeseed.systems.predca.acting import Bench, assisted, bench_of
from activeseed.systems.predca.candidates import Candidate, candidate_of
from activeseed.systems.predca.enumerating import EQUAL, course_of, policies_of, utilities_of
from activeseed.systems.predca.judging import unbuilt_by_others
from activeseed.systems.predca.settings import PreDCASettings
from activeseed.systems.predca.world import World, ai_of

#: names in a sentence
SHOWN = 5


def check(settings: PreDCASettings, materials: Materials) -> None:
    """Raise PlanError where a candidate can't be read or never runs, masses are all zero, or the world is too large."""
    try:
        world = settings.found
        ai_of(world, settings.start)
        policies_of(world)
        utilities_of(world)
    except ConfigError as error:
        raise PlanError(str(error)) from error
    cast = [candidate_of(item.id, item.payload, world) for item in materials.seed.items]
    for item, candidate in zip(materials.seed.items, cast, strict=True):
        _refuse_what_never_runs(item.id, candidate, world)
    if not any(c.mass > 0 for c in cast):
        raise PlanError(f"The masses of all {len(cast)} candidates are 0, so nobody is one. Give some more than 0.")


def _refuse_what_never_runs(name: str, candidate: Candidate, world: World) -> None:
    """The AI runs: a candidate under which it never would can't be what drives its body."""
    built = float(course_of(world, candidate.body, candidate.table).built[0])
    if 1.0 - (1.0 - built) * unbuilt_by_others(world, candidate.body) <= EQUAL:
        raise PlanError(
            f"Candidate {name!r} never runs: were it what drives {candidate.body.name!r}, the AI would not be built "
            f"within {world.horizon} steps, and it was. Leave it out, or look at its program and at what builds the AI."
        )


def remarks(settings: PreDCASettings, materials: Materials) -> tuple[str, ...]:
    """A sentence each: what this is not, who passes the cut-offs and who does not, who the user is taken to be."""
    bench = bench_of(settings, materials)
    seed, slots = materials.seed, materials.slots
    standing = {item.id: int(slots.index[f, v]) for f, (item, v) in enumerate(zip(seed.items, seed.base, strict=True))}
    here = {name: s for name, s in standing.items() if s >= 0}
    out = ["PreDCA-shaped, not infra-Bayesian: exact sums over every policy of a small world that is known."]
    unread = [name for name, s in here.items() if s in bench.cast.unread]
    if unread:
        out.append(f"What stands can't be read, so that no row trains: {bench.cast.unread[here[unread[0]]]}")
    out += _cut(settings, bench, {n: s for n, s in here.items() if n not in unread})
    weights = np.zeros((1, materials.width))
    weights[0, list(here.values())] = slots.copies[list(here.values())]
    found, _, nobody = assisted(bench, weights)
    if nobody[0] >= 1.0:
        return (*out, "No candidate passes the cut-offs, so nobody is the user, and the AI stays off.")
    by_item = found[0] @ bench.members
    best = int(by_item.argmax())
    return (
        *out,
        f"The user is most probably {seed.items[best].id!r} (p = {by_item[best]:.2f}; nobody: {nobody[0]:.2f}).",
    )


def _cut(settings: PreDCASettings, bench: Bench, here: dict[str, int]) -> list[str]:
    judged, cast = bench.judged, bench.cast.of
    why: dict[str, list[str]] = {}
    for name, s in here.items():
        candidate = cast[s]
        if candidate is None or bench.passes[s]:
            continue
        if judged.g[s] < settings.g_min - EQUAL:
            why.setdefault(f"less goal-directed than g_min = {settings.g_min:g} bits", []).append(
                f"{name!r} ({judged.g[s]:.1f})"
            )
        elif judged.precursor[s] < settings.p_min - EQUAL:
            why.setdefault(f"the AI hinges on it by less than p_min = {settings.p_min:g}", []).append(
                f"{name!r} ({judged.precursor[s]:.2f})"
            )
        else:
            why.setdefault(f"longer than complexity_max = {settings.complexity_max:g} bits", []).append(
                f"{name!r} ({candidate.bits:.0f})"
            )
    return [f"Cut off, {reason}: {_named(names)}." for reason, names in why.items()]


def _named(names: list[str]) -> str:
    return ", ".join(names[:SHOWN]) + (f", … ({len(names)} in all)" if len(names) > SHOWN else "")
