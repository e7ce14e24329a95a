"""What draws of the belief come to where no outcome is read: their networks are trained, and asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from activeseed.looking.trains import Trains
from activeseed.networks import Network
from activeseed.outcome import Bools
from activeseed.plan import Explicit, Floats, Rows
from activeseed.protocols import NETWORK, Problem, Request
from activeseed.seed import Payload

#: joint draws that are trained to be reweighted by answers about dreams
JUDGED_DRAWS = 256
#: what they are called where trainings are counted
PURPOSE = "draws held against answers about dreams"


def drawn_outcomes(
    problem: Problem, trainer: Trains, draws: NDArray[Any], what: Sequence[Payload]
) -> tuple[Floats, Bools]:
    """Outcomes of draws that trained, and which did.

    Args:
        problem: with a layout and materials.
        draws: (N, F) assignments.
        what: K payloads, which need not be places.

    Returns:
        (M, K) outcomes of those that trained, in [0, 1] where the link is a sigmoid; (N,) which of the draws they are.
    """
    layout, materials = problem.layout, problem.materials
    assert layout is not None
    assert materials is not None
    keys = np.full(len(draws), problem.key, np.int64)
    rows = Rows(np.asarray(draws, np.int16), keys)
    found = trainer.fulfil(Request(Explicit(rows), PURPOSE, state=NETWORK))
    ok = found.ok & np.isfinite(found.values).all(1)
    features = np.asarray(materials.features(what), np.float64)
    networks = [Network.of(layout, found.values[r]) for r in np.flatnonzero(ok)]
    return np.array([n.outcomes(features) for n in networks]).reshape(len(networks), len(what)), ok
