"""Designs on their way: the study that each is trained in, what it poses, where it is read, and why it can't be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from activeseed.errors import ConfigError, PlanError, TrainingError
from activeseed.protocols import Problem, SupportsLocating
from activeseed.seed import digest_of
from activeseed.stack.designs.design import OWN, Design
from activeseed.stack.designs.making import system_of
from activeseed.stack.designs.places import Read, reads, shared

if TYPE_CHECKING:
    from activeseed.study import Study


@dataclass
class Candidate:
    """A design on its way.

    Attributes:
        design: what was asked for.
        study: that it is trained in.
        problem: that it poses there, once it is posed.
        why: why it can't be compared; empty as long as it can.
        share: of the items that it keeps.
        read: where it is read, once that is known.
    """

    design: Design
    study: Study
    problem: Problem | None = None
    why: str = ""
    share: float = 1.0
    read: Read | None = None


def candidate_of(design: Design, study: Study, trust: bool) -> Candidate:
    """The design in a study: this one under another trainer², or that of another folder. Raises ConfigError."""
    if design.folder:
        return Candidate(design, type(study).open(design.folder, progress=study.progress, trust=trust))
    own = study.settings.system
    own = own.located(study.folder) if isinstance(own, SupportsLocating) else own  # a game's file says what can be set
    return Candidate(design, study.beside(system_of(design, own), trust=trust))


def different(candidates: Sequence[Candidate]) -> tuple[list[Candidate], list[str]]:
    """All but those that are the study's own under another name, and the names of these.

    Raises ConfigError where two others are the same, and where nothing is left to compare.
    """
    seen: dict[str, Candidate] = {}
    twins = []
    for c in candidates:
        first = seen.setdefault(_said(c), c)
        if first is c:
            continue
        if first.design.name != OWN:
            raise ConfigError(
                f"Designs {first.design.name!r} and {c.design.name!r} are the same ({c.design.words}). Leave one of "
                "them out."
            )
        twins.append(c.design.name)
    if len(seen) < 2:
        c = candidates[-1]
        raise ConfigError(
            f"{c.design.name!r} is what the study is already ({c.design.words}), so there is nothing to compare. Give "
            "it another setting."
        )
    return list(seen.values()), twins


def _said(c: Candidate) -> str:
    """Names what a design is, whatever it is called."""
    if c.design.folder:
        return f"folder {c.study.folder.resolve()}"
    system = c.study.declared_system
    # what only lives in Python says no more of itself than its record: another object is another design
    made = "" if isinstance(c.design.system, dict) else str(id(c.design.system))
    size = c.design.items or (None if c.design.share == 1.0 else c.design.share)
    return digest_of([system.kind, system.revision, system.record(), made, size]).hex()


def pose(c: Candidate) -> None:
    """Whether the system can be trained on what the study has, and what it then poses."""
    try:
        c.study.system.check(c.study.materials)
        c.problem = c.study.posed()
        c.share = _share(c.design, c.problem)
    except (PlanError, TrainingError) as error:
        if c.design.name == OWN:
            raise
        c.why = str(error)


def _share(design: Design, problem: Problem) -> float:
    if design.items is None:
        return 1.0 if design.share is None else design.share
    n = len(problem.droppable)
    if design.items > n:
        raise PlanError(f"{n} items stand and may be left out, so a seed of {design.items} can't be taken of them.")
    return design.items / n


def share_places(candidates: Sequence[Candidate], reference: Candidate) -> str:
    """Say of every design where it is read: where all that share a probe with the reference have one.

    Returns:
        what is to be said of that; empty where all have the same places.
    """
    first = reference.problem
    assert first is not None
    both: dict[str, tuple[str, ...]] = {}
    for c in candidates:
        if c.problem is None or c.why:
            continue
        try:
            both[c.design.name] = shared(
                c.design.name, c.problem.geometry, c.problem.places, first.places, first.geometry.unit
            )
        except PlanError as error:
            c.why = str(error)
    shared_places = [p for p in first.places if all(p.id in of for of in both.values())]
    if not shared_places:
        raise PlanError("The designs share no probes, so nothing can be compared. Give all of them the same ones.")
    posed = [(c, c.problem) for c in candidates if c.problem is not None and not c.why]
    found = reads([p.geometry for _, p in posed], [p.places for _, p in posed], shared_places)
    for (c, _), read in zip(posed, found, strict=True):
        c.read = read
    if len(shared_places) == len(first.places):
        return ""
    return f"Designs are compared at the {len(shared_places)} of {len(first.places)} probes that all have."
