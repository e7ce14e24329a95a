"""From rows to outcomes, gradients and states, in batches that keep to a memory bound.

Multiply-adds of a row: three for each premise of each rule of inheritance and means, ``depth`` times; for each child in
a family some ten; for each norm held against a deed the terms that it needs and the norms that override it.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from activeseed.outcome import Outcomes
from activeseed.plan import Floats, Materials, Rows
from activeseed.protocols import Cost
from activeseed.systems.fields.batches import in_batches, read_off, sound_weights
from activeseed.systems.fields.points import in_precision
from activeseed.systems.inference.approving import approval, policy
from activeseed.systems.inference.bench import Bench, bench_of
from activeseed.systems.inference.expanding import EXTRA
from activeseed.systems.inference.graph import At
from activeseed.systems.inference.language import say
from activeseed.systems.inference.settings import InferenceSettings

MEBIBYTE = 2**20


def cost(engine: InferenceSettings, materials: Materials) -> Cost:
    """See the module."""
    bench = bench_of(engine, materials)
    expansion = bench.expansion
    rules = 0 if expansion.rules is None else 3 * expansion.rules.tails.numel() * expansion.depth
    families = sum(10 * f.carriers.numel() for f in expansion.families)
    reaching = sum(3 * r.tails.numel() for r in expansion.reaching)
    adds = rules + families + reaching + expansion.slots.numel() + bench.sides.floats + 4 * bench.places
    return Cost(bytes=_bytes(bench), multiply_adds=adds)


def _bytes(bench: Bench) -> int:
    return torch.get_default_dtype().itemsize * bench.floats


def _per_batch(engine: InferenceSettings, bench: Bench, times: int = 1) -> int:
    return max(1, engine.memory_mb * MEBIBYTE // (times * _bytes(bench)))


def train(engine: InferenceSettings, rows: Rows, materials: Materials) -> Outcomes:
    """Outcomes (R, P), with vouching in controlled English."""
    bench = bench_of(engine, materials)
    return in_batches(
        lambda part: _train(engine, bench, part, materials), rows, _per_batch(engine, bench), bench.places
    )


def _train(engine: InferenceSettings, bench: Bench, rows: Rows, materials: Materials) -> Outcomes:
    weights, sound = sound_weights(rows, materials)
    with torch.no_grad():
        pro, con = bench.sides.sides(bench.expansion.confidences(in_precision(weights)))
        values = _outcome(engine, bench, pro, con).numpy()
        vouching = bench.vouching(approval(pro, con, engine)).numpy()
    out = read_off(values, vouching, sound, "confidences are no numbers")
    return out if bench.vouched else Outcomes(out.values, out.ok, out.failures)


def _outcome(engine: InferenceSettings, bench: Bench, pro: Tensor, con: Tensor) -> Tensor:
    here = slice(0, bench.places)
    judged = policy if engine.outcome == "policy" else approval
    return judged(pro[:, here], con[:, here], engine)


def pull_back(engine: InferenceSettings, rows: Rows, materials: Materials, cotangents: Floats) -> Floats:
    """(R, P) cotangents -> (R, S) gradients in the slots' weights; NaN in rows that fail."""
    bench = bench_of(engine, materials)
    # what autograd keeps: each of the layers' confidences
    layers = 4 + bench.expansion.depth + len(bench.expansion.families) + len(bench.expansion.reaching)
    per = _per_batch(engine, bench, layers)
    out = np.empty((len(rows), materials.width))
    for a in range(0, len(rows), per):
        part = slice(a, a + per)
        weights, sound = sound_weights(rows.take(part), materials)
        given = in_precision(weights).requires_grad_()
        pro, con = bench.sides.sides(bench.expansion.confidences(given))
        values = _outcome(engine, bench, pro, con)
        c = torch.tensor(np.asarray(cotangents)[part], dtype=values.dtype)
        (gradient,) = torch.autograd.grad(values, given, c, allow_unused=True, materialize_grads=True)
        found = gradient.numpy().astype(np.float64)
        found[~sound] = np.nan
        out[part] = found
    return out


def norms(engine: InferenceSettings, rows: Rows, materials: Materials) -> Floats:
    """(R, N) confidences of the expanded knowledge base; NaN in rows that fail."""
    bench = bench_of(engine, materials)
    at = torch.tensor(bench.graph.norms, dtype=torch.int64) + EXTRA
    per = _per_batch(engine, bench)
    out = np.empty((len(rows), len(at)))
    for a in range(0, len(rows), per):
        part = slice(a, a + per)
        weights, sound = sound_weights(rows.take(part), materials)
        with torch.no_grad():
            found = bench.expansion.confidences(in_precision(weights))[:, at].numpy().astype(np.float64)
        found[~sound] = np.nan
        out[part] = found
    return out


def norm_names(engine: InferenceSettings, materials: Materials) -> tuple[str, ...]:
    """In the order of ``norms``."""
    graph = bench_of(engine, materials).graph
    strengths = engine.strengths.model_dump()
    atoms = [graph.atoms[n] for n in graph.norms]
    return tuple(say(a.norm, strengths) for a in atoms if isinstance(a, At))
