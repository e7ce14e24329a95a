"""Representational tethers: whether the framework that training starts from disappears, and where it does not.

A part of `stack` beside this file. A *framework* is an initial model under a key; half of them have learnt a task of
their own before. For each set of anchors, two dozen frameworks are trained without tethers (λ₁ = λ₂ = 0) and with them,
on the same task and the same key each, and in both arms concepts are read by a translator that is fitted to the same
anchors afterwards: one that nothing trained would make the control vacuous. The spread is the variance of a readout
over frameworks, averaged over concepts and probes; training is deterministic given its framework, so no noise is in it.
Intervals are bootstraps over frameworks, the same ones in both arms, and, where several sets of anchors are taken
together, over the sets, too.
What is claimed is claimed of all sets of anchors together; each alone is told, too. It takes enough anchors, and right
ones: `_broken` says where spread grows, and why a small spread alone says little. So does the share of a readout's
variance (over probes and frameworks) that is the frameworks': a translator that hardly reads a concept says nearly the
same everywhere, and what spread it has is nearly all there is.

The settings are those that ``activeseed init`` begins with. Those of the record were chosen on sets 0 to 2, the width
for long inputs (`systems.tethers.settings.units_for`) on sets 20 and 21 of the texts; what is claimed is measured on
sets that nothing was chosen on, 4 to 9.

Digits: scikit-learn's, six concepts of a digit's form and number, 80 anchors, 300 labelled digits as the task. Texts:
statements of six behaviours through an embedder, 200 anchors, concepts are the behaviours, the task whether a statement
matches its behaviour.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import activeseed as act
from activeseed.distances.representations import LinearCKA, Procrustes
from activeseed.plan import Floats, Materials, Rows, generator
from activeseed.protocols import REPRESENTATION
from activeseed.seed import Entry, Item, Probe, Seed, Text, Vector
from tests.benchmarks._report import row
from tests.benchmarks.persona import Statements

FRAMEWORKS, QUICK = 24, 20
KEYS, QUICK_KEYS = (4, 5, 6, 7, 8, 9), (4,)
#: concepts of digits, and the digits that have them
FORMS: dict[str, tuple[int, ...]] = {
    "loop": (0, 6, 8, 9), "odd": (1, 3, 5, 7, 9), "big": (5, 6, 7, 8, 9), "upright": (1, 4, 7), "prime": (2, 3, 5, 7),
    "round": (0, 3, 6, 8, 9),
}  # fmt: skip
BEHAVIOURS = 6


@dataclass(frozen=True)
class Read:
    """What a dozen frameworks or two come to in one arm.

    Attributes:
        readouts: (R, P·k) how much of each concept, read by the translator that was fitted afterwards.
        right: (R,) share of probes whose class is told.
        off: the mean squared error of a readout against the concept that its probe has.
        own: as ``readouts`` by the translator that was trained; None where it was not looked at.
        inside: (R, P, h), likewise.
    """

    readouts: Floats
    right: Floats
    off: float
    own: Floats | None = None
    inside: Floats | None = None


def digits(key: int, anchors: int = 80, wrong: float = 0.0) -> Materials:
    """Anchors, pool and probes are apart; a share of the anchors is given another digit's concepts."""
    from sklearn.datasets import load_digits

    data = load_digits()
    x, y = data.data / 16.0, data.target
    rng = generator(18, "tethers", "digits", key)
    order = rng.permutation(len(x))
    told = np.where(rng.random(len(x)) < wrong, rng.integers(0, 10, len(x)), y)

    def vector(i: int) -> tuple[float, ...]:
        return tuple(float(v) for v in x[i])

    def concepts(digit: int) -> dict[str, float]:
        return {name: float(digit in of) for name, of in FORMS.items()}

    def probes(mark: str, at: NDArray[np.int64]) -> tuple[Probe, ...]:
        return tuple(
            Probe(
                id=f"{mark}{i}",
                payload=Vector(values=vector(i)),
                metadata={"class": int(y[i]), "concepts": concepts(int(y[i]))},
            )
            for i in at
        )

    items = tuple(
        Item(id=f"a{i}", payload=Entry(fields={"vector": list(vector(i)), "concepts": concepts(int(told[i]))}))
        for i in order[:anchors]
    )
    return Materials(Seed(items=items), probes("p", order[600:900]), probes("u", order[200:500]), root=key)


def texts(statements: Statements, key: int, anchors: int = 200, wrong: float = 0.0) -> Materials:
    """Statements of six behaviours, likewise apart."""
    rng = generator(18, "tethers", "texts", key)
    names = [statements.names[i] for i in rng.permutation(len(statements.names))[:BEHAVIOURS]]
    mine = [i for i, b in enumerate(statements.behaviours) if b in names]
    order = [mine[i] for i in rng.permutation(len(mine))]
    told = {i: names[int(rng.integers(BEHAVIOURS))] if rng.random() < wrong else statements.behaviours[i] for i in mine}

    def probes(mark: str, at: Sequence[int]) -> tuple[Probe, ...]:
        return tuple(
            Probe(
                id=f"{mark}{i}",
                payload=Text(text=statements.texts[i]),
                metadata={"class": statements.matches[i], "concept": statements.behaviours[i]},
            )
            for i in at
        )

    items = tuple(
        Item(id=f"a{i}", payload=Entry(text=statements.texts[i], fields={"concept": told[i]})) for i in order[:anchors]
    )
    return Materials(
        Seed(items=items), probes("p", order[600:900]), probes("u", order[200:500]), root=key, embed=_embed()
    )


@cache
def _embed() -> Callable[[Sequence[str]], NDArray[np.float32]]:
    """The sentence model that comes with an extra, each text embedded once."""
    from activeseed.embedders import best_available

    model, known = best_available(), dict[str, NDArray[np.float32]]()

    def embed(said: Sequence[str]) -> NDArray[np.float32]:
        new = [t for t in dict.fromkeys(said) if t not in known]
        known.update(zip(new, model.embed(new), strict=True) if new else ())
        return np.stack([known[t] for t in said])

    return embed


def read(system: act.RepresentationalTethers, materials: Materials, frameworks: int, deep: bool = False) -> Read:
    """Every framework trained; half of them after a task of their own.

    Args:
        deep: whether the trained translator and the insides are looked at, too.
    """
    half, probes = frameworks // 2, len(materials.probes)
    whole = system.model_copy(update={"task": "class", "outcome": "all", "readout": "fitted", "aligned_at": 2})
    places = whole.places(materials)
    labels = np.array([np.nan if p.label is None else p.label for p in places])
    read_at = len(system.model_copy(update={"task": "class"}).places(materials))
    parts: list[list[NDArray[np.floating]]] = []
    for before in ("", "drawn"):
        mine = whole.model_copy(update={"pretrained": before})
        rows = Rows(np.zeros((half, len(materials.seed)), np.int16), np.arange(half) + (half if before else 0))
        values = mine.train(rows, materials).values[:, :-3]  # two probes have a geometry of three entries
        every = (values.shape[1] - read_at) // probes
        told = _right(values[:, read_at:], labels[read_at:-3], every)
        parts.append([values[:, :read_at], told])
        if deep:
            plain = mine.model_copy(update={"outcome": "readouts", "readout": "translator"})
            parts[-1].append(plain.train(rows, materials).values)
            parts[-1].append(plain.states(rows, materials, REPRESENTATION)[:, :: read_at // probes])
    readouts, right, *more = (np.concatenate(p).astype(np.float64) for p in zip(*parts, strict=True))
    off = float(((readouts - labels[:read_at]) ** 2).mean())
    return Read(readouts, right, off, *more)


def _right(values: NDArray[np.floating], labels: Floats, every: int) -> Floats:
    """(R,) accuracy: the most probable class of each probe; of two, the one above a half."""
    if every == 1:
        return np.asarray(((values > 0.5) == (labels > 0.5)).mean(1), np.float64)
    at = values.reshape(len(values), -1, every).argmax(2)
    return np.asarray((at == labels.reshape(-1, every).argmax(1)).mean(1), np.float64)


def spread(values: Floats) -> float:
    """The variance over frameworks, averaged over readouts."""
    return float(values.var(0, ddof=1).mean())


def _frameworks_share(readouts: Floats) -> float:
    """Spread over spread and the variance of the mean readout over places."""
    own = spread(readouts)
    return own / (own + float(readouts.mean(0).var()))


def begun(materials: Materials) -> act.RepresentationalTethers:
    """The system as a new project of these anchors begins."""
    settings: Any = act.RepresentationalTethers.begins_with(materials.seed)["system"]
    return act.RepresentationalTethers(**settings)


def ratios(control: Sequence[Read], held: Sequence[Read], times: int) -> tuple[float, list[float]]:
    """Control's spread over that with tethers, both averaged over sets of anchors, with its bootstrap interval.

    Frameworks are drawn anew within each set, the same ones in both arms; so are the sets, where there are several:
    what is said of them together is said of sets like these.
    """
    rng = generator(18, "tethers", "bootstrap")
    pairs = list(zip(control, held, strict=True))

    def at(draw: Callable[[int], NDArray[np.int64]]) -> float:
        both = np.zeros(2)
        for n in draw(len(pairs)):
            c, h = pairs[n]
            which = draw(len(c.readouts))
            both += spread(c.readouts[which]), spread(h.readouts[which])
        return float(both[0] / both[1])

    drawn = [at(lambda n: rng.integers(0, n, n)) for _ in range(times)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return at(np.arange), [float(low), float(high)]


def apart(inside: Floats, kind: str) -> float:
    """The mean distance of two frameworks' insides."""
    distance: Any = {"cka": LinearCKA, "procrustes": Procrustes}[kind]()
    even = np.full(inside.shape[1], 1.0 / inside.shape[1])
    found = [float(distance.between(inside[i], inside[j], even)) for i, j in combinations(range(len(inside)), 2)]
    return float(np.mean(found))


def _claims(what: str, made: Callable[..., Materials], quick: bool) -> list[dict[str, Any]]:
    frameworks, keys = (QUICK, QUICK_KEYS) if quick else (FRAMEWORKS, KEYS)
    sets = [made(key) for key in keys]
    control: list[Read] = []
    held: list[Read] = []
    for key, m in zip(keys, sets, strict=True):
        system = begun(m)
        control.append(read(system.control(), m, frameworks, deep=True))
        held.append(read(system, m, frameworks, deep=True))
        value, ends = ratios(control[-1:], held[-1:], 500)
        print(f"tethers, {what}, anchors {key}: {value:.2f} {ends}", file=sys.stderr, flush=True)
    rows = []
    says = f"tethers, {what}"
    for key, c in zip(keys, control, strict=True):
        rows.append(
            row(
                f"{says}: without them readouts' standard deviation over {frameworks} frameworks, anchors {key}",
                spread(c.readouts) ** 0.5,
                None,
                ">= 0.01",
                spread(c.readouts) ** 0.5 >= 0.01,
            )
        )
    for n, key in enumerate(keys):
        value, ends = ratios(control[n : n + 1], held[n : n + 1], 2000)
        rows.append(row(f"{says}: spread of readouts falls by, anchors {key} alone", value, ends))
    value, ends = ratios(control, held, 2000)
    met = value >= 1.5 and ends[0] > 1.0
    rows.append(
        row(
            f"{says}: spread falls by, over {len(keys)} set(s) of anchors", value, ends, ">= 1.5, interval above 1", met
        )
    )
    gain = [float(h.right.mean() - c.right.mean()) for c, h in zip(control, held, strict=True)]
    rows.append(
        row(f"{says}: accuracy of the task less the control's, least", min(gain), None, ">= -0.02", min(gain) >= -0.02)
    )
    rows.append(row(f"{says}: accuracy of the task without them", float(np.mean([c.right.mean() for c in control]))))
    for arm, found in (("without", control), ("with", held)):
        value = float(np.mean([_frameworks_share(f.readouts) for f in found]))
        rows.append(row(f"{says}: share of a readout's variance that is the frameworks', {arm} them", value))
    for arm, found in (("without", control), ("with", held)):
        value = float(np.mean([f.off for f in found]))
        rows.append(row(f"{says}: squared error of a readout against its probe's concept, {arm} them", value))
    own = float(np.mean([spread(h.own) for h in held if h.own is not None]))
    rows.append(row(f"{says}: spread of the trained translator's readouts", own))
    rows.append(row(f"{says}: spread of the fitted one's", float(np.mean([spread(h.readouts) for h in held]))))
    for kind in ("cka", "procrustes"):
        for arm, found in (("without", control), ("with", held)):
            value = float(np.mean([apart(f.inside, kind) for f in found if f.inside is not None]))
            name = "1 − CKA" if kind == "cka" else "Procrustes distance"
            rows.append(row(f"{says}: {name} of two insides, {arm} them", value))
    return [*rows, *_broken(what, made, quick)]


def _broken(what: str, made: Callable[..., Materials], quick: bool) -> list[dict[str, Any]]:
    """Where the claim breaks, or may: nothing is promised of these, and they are told.

    With a dozen anchors, or wrong ones, a linked translator learns them by heart, each framework its own way, and
    spread does not fall, or grows; in a model of too few units that happens with more of them. Without tethers a text's
    concept is hardly read at all, so that there is little to spread: the error says so.
    """
    frameworks = QUICK if quick else FRAMEWORKS
    plain = begun(made(0))
    few: tuple[int, ...] = (12, 30) if what == "digits" else (12, 60, 120)
    cases: list[tuple[str, act.RepresentationalTethers, dict[str, Any]]] = [
        *((f"{n} anchors", plain, {"anchors": n}) for n in few),
        ("half of the anchors wrong at random", plain, {"wrong": 0.5}),
        ("all anchors wrong at random", plain, {"wrong": 1.0}),
        ("tension alone (λ₂ = 0)", plain.model_copy(update={"link": 0.0}), {}),
        ("link alone (λ₁ = 0)", plain.model_copy(update={"tension": 0.0}), {}),
        ("ten times the tension", plain.model_copy(update={"tension": 10.0}), {}),
        ("weights that start three times as large", plain.model_copy(update={"init_scale": 1.0}), {}),
        *([] if what == "digits" else [("16 units", plain.model_copy(update={"hidden": 16}), {})]),
    ]
    rows = []
    for said, system, changes in cases:
        m = made(0, **changes)
        c, h = read(system.control(), m, frameworks), read(system, m, frameworks)
        value, ends = ratios([c], [h], 1000)
        rows.append(row(f"tethers, {what}, {said}: spread falls by", value, ends))
        rows.append(
            row(f"tethers, {what}, {said}: accuracy less the control's", float(h.right.mean() - c.right.mean()))
        )
        rows.append(row(f"tethers, {what}, {said}: error of a readout over the control's", h.off / c.off))
    return rows


def tether_rows(data: Path | None, quick: bool) -> list[dict[str, Any]]:
    """All rows; those of texts only where there is data."""
    rows = _claims("digits", digits, quick)
    if data is None:
        return rows
    statements = Statements.read(data)
    return [*rows, *_claims("texts", lambda key, **more: texts(statements, key, **more), quick)]
