"""What can be looked into: the outcome through training, what lies inside at each place, and the network of a task."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from activeseed.errors import PlanError, nearest
from activeseed.networks import Layout, parts_of
from activeseed.protocols import NETWORK, REPRESENTATION, TRAJECTORY
from activeseed.systems.fields.points import in_precision
from activeseed.systems.fields.settings import looked_at
from activeseed.systems.tethers.bench import Bench, bench_of
from activeseed.systems.tethers.cost import places_of, rows_per_batch, sizes_of
from activeseed.systems.tethers.readouts import outcome_of
from activeseed.systems.tethers.training import trained
from activeseed.systems.tethers.translating import Model, units

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from activeseed.plan import Materials, Rows
    from activeseed.systems.tethers.record import RepresentationalTethers


def steps_of(steps: int) -> tuple[int, ...]:
    """When trajectories are read: 16 looks, and the start."""
    return looked_at(1, steps, each=16)


def shape_of(system: RepresentationalTethers, materials: Materials, name: str) -> tuple[int, ...]:
    """The shape of a state of one row. Raises PlanError for one that these settings don't hand out."""
    if name not in system.state_names:
        raise PlanError(
            f"These tethers have no state {name!r}; they hand out {', '.join(system.state_names)}."
            f"{nearest(name, system.state_names)} A geometry is read at pairs of probes, so it has no representation "
            "at a place, and only predictions may have a network."
        )
    z = sizes_of(system, materials)
    if name == NETWORK:
        layout = layout_of(system, materials)
        if layout is None:
            raise PlanError(f"There is no network here: {system.why_no_network}")
        return (layout.size,)
    return (len(steps_of(system.steps)), places_of(z)) if name == TRAJECTORY else (places_of(z), system.hidden)


def layout_of(system: RepresentationalTethers, materials: Materials) -> Layout | None:
    """The network of a task of two classes: σ of the difference of the two scores."""
    z = sizes_of(system, materials)
    if system.outcome != "predictions" or z.classes != 2:
        return None
    return Layout((z.features, *([system.hidden] * system.layers), 1))


def states(system: RepresentationalTethers, rows: Rows, materials: Materials, name: str) -> NDArray[np.float32]:
    """(R, …) a state of each row, trained as ``train`` does; NaN where a row failed."""
    out = np.full((len(rows), *shape_of(system, materials, name)), np.nan, np.float32)
    bench = bench_of(system, materials)
    per = rows_per_batch(system, sizes_of(system, materials))
    for a in range(0, len(rows), per):
        part = slice(a, a + per)
        _batch(system, bench, rows.take(part), materials, name, out[part])
    return out


def _batch(
    system: RepresentationalTethers,
    bench: Bench,
    rows: Rows,
    materials: Materials,
    name: str,
    out: NDArray[np.float32],
) -> None:
    looks = {step: t for t, step in enumerate(steps_of(system.steps))} if name == TRAJECTORY else {}
    weights = in_precision(np.nan_to_num(rows.weights(materials.slots), posinf=0.0, neginf=0.0))

    def watch(step: int, model: Model) -> None:
        if step in looks:
            known = weights if step else torch.zeros_like(weights)  # at the start no anchor has been read yet
            out[:, looks[step]] = outcome_of(system, bench, model, known).numpy()

    with torch.no_grad():
        model, outcomes = trained(system, bench, rows, materials, watch if looks else None)
        if name == NETWORK:
            out[:] = _flat(bench, model)
        elif name == REPRESENTATION:
            h = units(model, bench.probes)[-1].transpose(1, 2)
            out[:] = h.repeat_interleave(out.shape[1] // h.shape[1], dim=1).numpy()
    out[~outcomes.ok] = np.nan


def _flat(bench: Bench, model: Model) -> NDArray[np.floating]:
    """(R, size) parameters on the features as they are: centring and scaling are part of the first layer."""
    w, b = (p.double().numpy() for p in model.inside[:2])
    parts = [w / bench.length, b - w @ bench.middle / bench.length]
    if len(model.inside) > 2:
        parts += [model.inside[2].double().numpy() / w.shape[1] ** 0.5, model.inside[3].double().numpy()]
    v, c = (p.double().numpy() for p in model.head)
    return parts_of([*parts, (v[:, 1] - v[:, 0]) / w.shape[1] ** 0.5, c[:, 1:] - c[:, :1]])
