"""Training all rows of a batch together: where they start, what was learnt before, and the descent under tethers."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from activeseed.outcome import Outcomes
from activeseed.plan import Materials, Rows
from activeseed.systems.fields.batches import in_batches, read_off, sound_weights
from activeseed.systems.fields.draws import Draws, Minibatches
from activeseed.systems.fields.points import in_precision
from activeseed.systems.tethers.bench import Bench, bench_of
from activeseed.systems.tethers.cost import places_of, rows_per_batch, sizes_of
from activeseed.systems.tethers.readouts import outcome_of, vouching_of
from activeseed.systems.tethers.settings import DRAWN, TetherSettings
from activeseed.systems.tethers.translating import Model, Pull, gradients

#: called with the number of steps so far: before the first (0), and after each. Parameters move in place
Watch = Callable[[int, Model], None]
#: directions that a drawn task tells apart by: as many classes as it has
DRAWN_CLASSES = 4


def train(settings: TetherSettings, rows: Rows, materials: Materials) -> Outcomes:
    """Every row in batched computations; a row that diverges is a recorded failure."""
    bench = bench_of(settings, materials)
    z = sizes_of(settings, materials)
    return in_batches(
        lambda part: trained(settings, bench, part, materials)[1], rows, rows_per_batch(settings, z), places_of(z)
    )


def trained(
    settings: TetherSettings, bench: Bench, rows: Rows, materials: Materials, watch: Watch | None = None
) -> tuple[Model, Outcomes]:
    """The models of one batch, and what is read of them."""
    weights, sound = sound_weights(rows, materials)
    with torch.no_grad():
        given = in_precision(weights)
        draws = Draws.of(materials.root, rows, settings.held)
        model = started(settings, bench, draws, given)
        descend(settings, bench, draws, given, model, watch)
        values = outcome_of(settings, bench, model, given).numpy()
        at_items = vouching_of(settings, bench, model, given).numpy()
    diverged = f"the model diverged (NaN) at learning_rate {settings.rate:g}; lower it"
    return model, read_off(values, at_items, sound, diverged)


def started(settings: TetherSettings, bench: Bench, draws: Draws, weights: Tensor) -> Model:
    """Where training starts: at random, after what was learnt before, with the directions of the seed put in."""
    r, d, h, k = len(weights), bench.features, settings.hidden, bench.concepts
    size = settings.init_scale

    def normal(shape: tuple[int, ...], use: int) -> Tensor:
        return draws.normal("init", shape, use) * size

    inside = [normal((h, d), 0), torch.zeros(r, h)]
    if settings.layers == 2:
        inside += [normal((h, h), 1), torch.zeros(r, h)]
    low, high = settings.ends
    book = draws.uniform("init", (settings.codes, k), 5) * (high - low) + low
    model = Model(
        [p.contiguous() for p in inside],
        [normal((bench.classes, h), 2), torch.zeros(r, bench.classes)],
        [normal((k, h), 3), torch.full((r, k), (low + high) / 2.0)],
        [normal((h, k), 4), torch.zeros(r, h)],
        book.contiguous(),
    )
    if settings.pretrained:
        _learn_before(settings, bench, draws, model)
    _put_in(settings, bench, weights, model)
    return model


def _learn_before(settings: TetherSettings, bench: Bench, draws: Draws, model: Model) -> None:
    """Descend another task, in place; what told it apart is thrown away."""
    n, r = len(bench.pool), len(model.inside[0])
    if settings.pretrained == DRAWN:
        towards = draws.normal("init", (DRAWN_CLASSES, bench.features), 6)
        of = (towards @ bench.pool.T).argmax(1)  # (R, n)
        classes = DRAWN_CLASSES
    else:
        assert bench.before is not None
        of = torch.from_numpy(bench.before.of).expand(r, n)
        classes = len(bench.before.classes)
    head = [draws.normal("init", (classes, settings.hidden), 7).contiguous(), torch.zeros(r, classes)]
    bare = Model(model.inside, head, [p[:, :0] for p in model.to], [p[:, :, :0] for p in model.back[:1]], model.book)
    bare.back.append(model.back[1])
    task = torch.full((r, n), 1.0 / n)
    none = torch.zeros(r, 0, 0)
    pull = Pull(task, of[:, None, :], torch.zeros(r, n), none, none)
    plain = settings.model_copy(update={"tension": 0.0, "link": 0.0, "commitment": 0.0})
    bare.book = model.book[:, :0, :0]
    moved = [torch.zeros_like(p) for p in (*bare.inside, *bare.head)]
    for _ in range(settings.pretrain_steps):
        slope = gradients(bare, bench.pool, pull, plain)
        _step(settings, [*bare.inside, *bare.head], moved, [*slope.inside, *slope.head])


def _put_in(settings: TetherSettings, bench: Bench, weights: Tensor, model: Model) -> None:
    """Concepts of which the row has a direction start from it: a unit along it, by which the concept is read.

    By half of it where the direction's weight is a half; a row without one starts at random.
    """
    root, k = settings.hidden**0.5, bench.concepts
    low, high = settings.ends
    for unit, concept in enumerate(bench.anchors.started):
        mine = torch.from_numpy(bench.anchors.concept_of == concept)
        w = weights[:, mine]
        share = w.sum(1, keepdim=True).clamp(max=1.0)
        towards = w @ bench.directions[mine] / w.sum(1, keepdim=True).clamp(min=1e-12)
        _mix(model.inside[0], (slice(None), unit), towards, share)
        if settings.layers == 2:
            row = torch.zeros(settings.hidden)
            row[unit] = root
            _mix(model.inside[2], (slice(None), unit), row, share)
        row = torch.zeros(settings.hidden)
        row[unit] = root * (high - low) / 2.0
        _mix(model.to[0], (slice(None), concept), row, share)
    assert k == model.to[0].shape[1]


def _mix(whole: Tensor, at: tuple[slice, int], wanted: Tensor, share: Tensor) -> None:
    whole[at] = (1.0 - share) * whole[at] + share * wanted


def descend(
    settings: TetherSettings, bench: Bench, draws: Draws, weights: Tensor, model: Model, watch: Watch | None
) -> None:
    """Gradient descent with momentum, in place."""
    n, r = len(bench.pool), len(weights)
    points = torch.cat([bench.pool, bench.inputs])
    held = weights * torch.from_numpy(bench.anchors.is_anchor)
    share = held / held.sum(1, keepdim=True).clamp(min=1e-12)
    anchors = bench.gathered(share[:, :, None] * bench.stated)
    towards = bench.gathered(share[:, :, None] * (bench.stated * bench.targets))
    here = bench.gathered(held)
    classes = None if bench.task is None else torch.from_numpy(bench.task.of)[None, None, :]
    even = torch.full((r, n), 1.0 / max(n, 1))
    batches = Minibatches(draws, torch.arange(n), n, settings.minibatch)
    moved = [torch.zeros_like(p) for p in model.parts]
    if watch is not None:
        watch(0, model)
    for step in range(settings.steps):
        task = batches.weights(even, step) if settings.minibatch else even
        every = torch.cat([task * n, here], 1)
        every = every / every.sum(1, keepdim=True).clamp(min=1e-12)
        pull = Pull(task if classes is not None else None, classes, every, anchors, towards)
        _step(settings, model.parts, moved, gradients(model, points, pull, settings).parts)
        if watch is not None:
            watch(step + 1, model)


def _step(settings: TetherSettings, parts: list[Tensor], moved: list[Tensor], slopes: list[Tensor]) -> None:
    """One step of the heavy ball (Polyak 1964), in place."""
    for part, velocity, slope in zip(parts, moved, slopes, strict=True):
        velocity.mul_(settings.momentum).add_(slope)
        part.sub_(velocity, alpha=settings.rate)
