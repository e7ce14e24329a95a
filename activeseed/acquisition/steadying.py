"""A gram to decide by: what is unbiased is not what is best to act on.

A debiased effect of an item may come out negative, and an item of negative effect would never be asked about, however
doubtful it is. Decisions take the gram shrunk towards one in which all items have the mean effect, by how much of the
spread of the effects is noise (James & Stein 1961); reported indices and risks stay as they are.
"""

from __future__ import annotations

import numpy as np

from activeseed.plan import Floats

#: least effect of an item, as a share of the mean one
LEAST = 0.05
#: negative effects that tell how large the noise is; fewer say that there is little
ENOUGH = 3


def effects(gram: Floats, law: Floats) -> Floats:
    """(F,) mean squared distance between the possible variants of each item, from a (F·V, F·V) gram; 0 for one variant.

    Args:
        law: (F, V) what is possible has mass.
    """
    f, v = law.shape
    at = np.arange(f)
    blocks = gram.reshape(f, v, f, v)[at, :, at, :]
    square = np.einsum("ivv->iv", blocks)
    apart = square[:, :, None] + square[:, None, :] - blocks - blocks.transpose(0, 2, 1)
    possible = (law > 0).astype(np.float64)
    pairs = possible[:, :, None] * possible[:, None, :] * (1.0 - np.eye(v))
    return np.asarray((apart * pairs).sum((1, 2)) / np.maximum(pairs.sum((1, 2)), 1.0))


def steadied(gram: Floats, law: Floats) -> Floats:
    """The gram to choose questions by, (F·V, F·V): every open item has a positive effect.

    The noise is told by the negative effects: true ones are none. Without any the gram comes back as it is.
    """
    f, v = law.shape
    open_ = (law > 0).sum(1) > 1
    g = effects(gram, law)
    known = g[open_]
    mean = float(known.mean()) if len(known) else 0.0
    if mean <= 0.0 or (known >= LEAST * mean).all():
        return gram
    below = known[known < 0.0]
    noise = float((below**2).mean()) if len(below) >= ENOUGH else 0.0
    keep = float(np.clip(1.0 - noise / max(float(known.var()), 1e-300), 0.0, 1.0))
    out = keep * gram
    lacking = np.where(open_, np.maximum(LEAST * mean - keep * g, (1.0 - keep) * mean), 0.0)
    # adding c/2 to an item's own indicators sets its variants c further apart, and leaves all others alone
    out[np.arange(f * v), np.arange(f * v)] += np.repeat(lacking / 2.0, v)
    return np.asarray(out)
