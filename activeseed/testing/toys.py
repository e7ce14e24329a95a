"""The toys by name: six of a few items, under any kind of noise, and one whose effects drown in it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from activeseed.plan import Floats, generator
from activeseed.seed import ABSENT, AS_WRITTEN
from activeseed.testing.toy import Noise, Toy


def _two(levels: Sequence[float]) -> Floats:
    return np.stack([np.asarray(levels, float), np.zeros(len(levels))], axis=1)


def _even(scores: Floats, first: float = 0.5) -> Floats:
    """``first`` on *as written*, the rest evenly over the other variants."""
    known = ~np.isnan(scores)
    b = np.where(known, (1.0 - first) / (known.sum(1, keepdims=True) - 1), 0.0)
    b[:, 0] = first
    return b


def _directions(items: int, probes: int, key: int) -> Floats:
    """(F, P) fixed directions in probe space, of mean square one."""
    d: Floats = generator(key, "directions").standard_normal((items, probes))
    d /= np.sqrt((d**2).mean(1, keepdims=True))
    return d


def linear(noise: Noise = "calm") -> Toy:
    """Six items of very different weight; V_i = T_i = b(1 − b) s_i², effect s_i²."""
    scores = _two([1.0, 0.7, 0.5, 0.3, 0.2, 0.1])
    directions = _directions(6, 4, 1)
    return Toy("linear", scores, lambda z: z @ directions, 4, _even(scores, 0.6), noise)


def interaction(noise: Noise = "calm") -> Toy:
    """Five items, additive, and one interaction between the first two."""
    scores = _two([0.8, 0.6, 0.5, 0.3, 0.15])
    directions, both = _directions(5, 4, 2), _directions(1, 4, 3)[0]

    def response(z: Floats) -> Floats:
        return np.asarray(z @ directions + (z[..., 0] * z[..., 1])[..., None] * both)

    return Toy("interaction", scores, response, 4, _even(scores, 0.7), noise, group=("x", "x", "y", "y", "y"))


def product(noise: Noise = "calm") -> Toy:
    """Π (1 + z_i): every item multiplies what the others do."""
    scores = _two([0.6, 0.5, 0.4, 0.3])
    direction = np.array([1.0, -1.0, 1.0])
    return Toy(
        "product", scores, lambda z: (1.0 + z).prod(-1, keepdims=True) * direction / 2.0, 3, _even(scores), noise
    )


def ishigami(noise: Noise = "calm") -> Toy:
    """Ishigami & Homma's function on five levels of each of three items: sin x + 7 sin² y + 0.1 z⁴ sin x, over ten."""
    row = [np.pi / 2, 0.0, -np.pi / 2, np.pi, np.pi / 4]
    scores = np.array([row, row, row])

    def response(z: Floats) -> Floats:
        x, y, w = np.sin(z[..., 0]), np.sin(z[..., 1]) ** 2, z[..., 2]
        return np.stack([x + 7.0 * y + 0.1 * w**4 * x, x, 7.0 * y], axis=-1) / 10.0

    beliefs = np.full((3, 5), 0.2)
    return Toy("ishigami", scores, response, 3, beliefs, noise, multilinear=False)


def zeros(noise: Noise = "calm") -> Toy:
    """Two items that matter and six that don't: what must estimate to zero, and never be called distinguishable."""
    scores = _two([0.8, 0.3, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    directions = _directions(8, 4, 4)
    return Toy("zeros", scores, lambda z: z @ directions, 4, _even(scores, 0.75), noise)


def wordings(noise: Noise = "calm") -> Toy:
    """Items of two to four variants, one without effect; another wording of the first stands, the second is absent."""
    scores = np.array(
        [
            [0.8, 0.0, 0.4, -0.6],
            [0.5, 0.0, 0.5, np.nan],
            [0.3, 0.0, np.nan, np.nan],
            [0.6, 0.0, 0.2, 0.2],
            [0.0, 0.0, 0.0, np.nan],
        ]
    )
    directions, both = _directions(5, 4, 5), _directions(1, 4, 6)[0]

    def response(z: Floats) -> Floats:
        return np.asarray(z @ directions + (0.5 * z[..., 0] * z[..., 3])[..., None] * both)

    standing = {"a": "w2", "b": ABSENT, "c": AS_WRITTEN}
    return Toy("wordings", scores, response, 4, _even(scores, 0.4), noise, standing=standing)


def drowned(noise: Noise = "noisy", items: int = 12) -> Toy:
    """Items whose effects drown in what a key adds to all outcomes alike, half of them without effect.

    V_i = b(1 − b) s_i² for b = 0.75, their sum the spread, 0.00094 an item. Of the variance of ``noisy`` outcomes,
    0.01 (1 + Σ b), the key's main effect takes 0.01 (1 + Σ b²), six times the spread of many items, and how keys change
    effects 0.01 Σ b(1 − b), twice the spread. A league with drawn opponents and minibatches measured four and two.
    """
    matter = items // 2
    levels = np.concatenate([np.arange(matter, 0, -1.0), np.zeros(items - matter)])
    scores = _two(levels * np.sqrt(0.005 * items / (levels**2).sum()))
    directions = _directions(items, 8, 7)
    return Toy("drowned", scores, lambda z: z @ directions, 8, _even(scores, 0.75), noise)


def toys(noise: Noise = "calm") -> tuple[Toy, ...]:
    """The first six, under one kind of noise."""
    return tuple(make(noise) for make in (linear, interaction, product, ishigami, zeros, wordings))
