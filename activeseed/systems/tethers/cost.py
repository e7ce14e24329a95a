"""What one row takes: places, bytes and multiply-adds, known before anything trains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from activeseed.protocols import Cost
from activeseed.seed import Entry
from activeseed.systems.tethers.anchors import is_direction, names_of
from activeseed.systems.tethers.settings import TetherSettings
from activeseed.systems.tethers.tasks import task_of

if TYPE_CHECKING:
    from activeseed.plan import Materials
    from activeseed.seed import Payload

MEBIBYTE = 2**20


@dataclass(frozen=True)
class Sizes:
    """Numbers of things.

    Attributes:
        items, slots, inputs, pool, probes, features, concepts, classes: F, S, A, n, P, d, k, C.
        readouts, predictions, geometry: places of each block; 0 for one that is not read.
    """

    items: int
    slots: int
    inputs: int
    pool: int
    probes: int
    features: int
    concepts: int
    classes: int
    readouts: int
    predictions: int
    geometry: int


def aligned(most: int, probes: int) -> list[int]:
    """Numbers of the probes that the geometry is compared at: all of them, or so many, evenly spread."""
    a = min(most, probes)
    return [i * probes // a for i in range(a)]


def sizes_of(settings: TetherSettings, materials: Materials) -> Sizes:
    """The sizes; one input is embedded to learn how long they are."""
    payloads = materials.slots.payloads
    d = int(materials.features([materials.probes[0].payload]).shape[1]) if materials.probes else 0
    k, p = len(names_of(settings, payloads)), len(materials.probes)
    task = task_of(settings.task, materials.pool)
    c = 0 if task is None else len(task.classes)
    a = len(aligned(settings.aligned_at, p)) if p else 0
    reads = settings.outcome
    return Sizes(
        len(materials.seed), len(payloads), _inputs(payloads), len(materials.pool), p, d, k, c,
        p * k if reads in ("readouts", "all") else 0,
        p * (1 if c == 2 else c) if reads in ("predictions", "all") else 0,
        a * (a + 1) // 2 if reads in ("geometry", "all") else 0,
    )  # fmt: skip


def _inputs(payloads: tuple[Payload, ...]) -> int:
    """A: distinct inputs among the anchors."""
    of = [p for p in payloads if isinstance(p, Entry) and not is_direction(p)]
    return len({(p.text, str(p.fields.get("vector", ""))) for p in of})


def places_of(z: Sizes) -> int:
    """How many places outcomes are read at."""
    return z.readouts + z.predictions + z.geometry


def rows_per_batch(settings: TetherSettings, z: Sizes) -> int:
    """How many rows fit the memory bound; at least one."""
    return max(1, settings.memory_mb * MEBIBYTE // _bytes(settings, z))


def cost_of(settings: TetherSettings, materials: Materials) -> Cost:
    """Bytes and multiply-adds of one row."""
    z = sizes_of(settings, materials)
    return Cost(_bytes(settings, z), _multiply_adds(settings, z))


def _parameters(settings: TetherSettings, z: Sizes) -> int:
    h, k = settings.hidden, z.concepts
    deep = h * h + h if settings.layers == 2 else 0
    return h * z.features + h + deep + z.classes * (h + 1) + 2 * k * h + k + h + settings.codes * k


def _multiply_adds(settings: TetherSettings, z: Sizes) -> int:
    """A step reads n + A inputs and walks back: each matrix product once forwards and twice backwards, the first layer
    once, since no gradient of the inputs is wanted.
    """
    h, k, n = settings.hidden, z.concepts, z.pool + z.inputs
    deep = 3 * h * h if settings.layers == 2 else 0
    each = 2 * h * z.features + deep + 6 * h * k + (2 * settings.codes * k)
    step = n * each + 3 * z.pool * h * z.classes
    before = settings.pretrain_steps * z.pool * (2 * h * z.features + deep) if settings.pretrained else 0
    read = (z.probes + z.inputs) * h * (z.features + h + k) + (z.probes**2 * h if z.geometry else 0)
    fit = (z.inputs * h * h + h**3) * k if settings.readout == "fitted" else 0
    return settings.steps * step + before + read + fit


def _bytes(settings: TetherSettings, z: Sizes) -> int:
    """A bound on the memory of a row at its peak (measured in tests): float32 unless said."""
    h, k, n = settings.hidden, z.concepts, max(z.pool + z.inputs, z.probes)
    assignment = 26 * z.items + 9 * z.slots
    params = 4 * _parameters(settings, z) + 2 * h * z.features
    a_layer = 6 * h * n * settings.layers
    said = 8 * k * n + 4 * z.classes * max(z.pool, z.probes) + 2 * settings.codes * n + 6 * n
    stated = 3 * z.slots * k + 3 * z.inputs * k
    order = 24 * z.pool if settings.minibatch else 0
    fit = 3 * (k if settings.readout == "fitted" else 0) * ((h + 1) ** 2 + z.inputs)
    read = 3 * places_of(z) + (3 * min(settings.aligned_at, z.probes) ** 2 if z.geometry else 0)
    return assignment + 4 * (params + a_layer + said + stated + order + fit + read)
