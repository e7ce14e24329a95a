"""Texts at hand: probes, the pool, a corpus that the user named; and what two readings make of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from activeseed.analyses.dreams.finding import Seen, Source
from activeseed.belief.preference import outcome_values
from activeseed.errors import PlanError
from activeseed.networks import Network
from activeseed.plan import Floats, Materials
from activeseed.protocols import Problem
from activeseed.seed import Payload, Probe


@dataclass(frozen=True, eq=False)
class Hand:
    """What is at hand.

    Attributes:
        texts: each once, probes before the pool before the corpus.
        sources: where each comes from.
        features: (n, d) what the networks read of them, float64.
        region_of: (m, d) features of all real data: these, and the items that stand.
    """

    texts: tuple[Probe, ...]
    sources: tuple[Source, ...]
    features: Floats
    region_of: Floats


def at_hand(problem: Problem, corpus: Sequence[Probe]) -> Hand:
    """Collect and embed. Raises PlanError for a corpus of another kind than the probes and the seed's items."""
    materials = problem.materials
    assert materials is not None  # whoever asks has looked for a layout
    kind = problem.seed.items[0].payload.kind if not problem.places else problem.places[0].payload.kind
    if odd := next((p for p in corpus if p.payload.kind != kind), None):
        raise PlanError(
            f"{odd.id!r} of the corpus is a {odd.payload.kind}, and this study judges {kind}s. Give {kind}s only."
        )
    texts: dict[bytes, Probe] = {}
    ids: set[str] = set()
    sources: list[Source] = []
    parts: tuple[tuple[Source, Sequence[Probe]], ...] = (
        ("probes", (*problem.places, *materials.probes)), ("pool", materials.pool), ("corpus", corpus),
    )  # fmt: skip
    for source, probes in parts:
        for probe in probes:
            if probe.payload.kind == kind and probe.payload.digest not in texts:
                # whoever is asked about a text is asked by its id, which must not be another's
                name = f"{source}:{probe.id}" if probe.id in ids else probe.id
                ids.add(name)
                texts[probe.payload.digest] = probe.model_copy(update={"id": name})
                sources.append(source)
    kept = tuple(texts.values())
    features = featured(materials, [p.payload for p in kept])
    standing = [p for _, p in problem.seed.standing_payloads() if p.kind == kind]
    rest = featured(materials, standing)
    both = [part for part in (features, rest) if part.size]
    return Hand(kept, tuple(sources), features, np.concatenate(both) if both else features)


def featured(materials: Materials, payloads: Sequence[Payload]) -> Floats:
    """(n, d) what networks read of payloads, float64."""
    return np.asarray(materials.features(payloads), np.float64)


@dataclass(frozen=True, eq=False)
class Judges:
    """All readings that were trained: what a question about a text is worth is judged by all of them.

    Attributes:
        networks: N of them.
        points: (N, D) their outcomes at the places, embedded.
        first, second: the numbers of those that are compared.
    """

    networks: Sequence[Network]
    points: Floats
    first: int
    second: int

    def seen(
        self, texts: Sequence[Probe], sources: Sequence[Source], features: Floats,
        likeness: Floats | None = None, of: Sequence[str] | None = None,
    ) -> list[Seen]:  # fmt: skip
        """What the readings make of texts, in their order."""
        if not len(texts):
            return []
        outcomes = np.stack([n.outcomes(features) for n in self.networks])
        values = outcome_values(self.points, outcomes, 0.0)
        first, second = outcomes[self.first], outcomes[self.second]
        return [
            Seen(
                t.id, sources[k], t.payload.display, t.payload.model_dump(mode="json"), float(first[k]),
                float(second[k]), float(abs(first[k] - second[k])), float(values[k]),
                None if likeness is None else float(likeness[k]), "" if of is None else of[k],
            )
            for k, t in enumerate(texts)
        ]  # fmt: skip

    def apart(self, features: Floats) -> Floats:
        """(n,) first − second, of outcomes."""
        return np.asarray(
            self.networks[self.first].outcomes(features) - self.networks[self.second].outcomes(features), np.float64
        )


def cosines(features: Floats, point: Floats) -> Floats:
    """(n,) cosines of (n, d) features and a point; 0 where either has no length."""
    lengths = np.linalg.norm(features, axis=1) * np.linalg.norm(point)
    return np.asarray(features @ point / np.where(lengths > 0, lengths, 1.0))
