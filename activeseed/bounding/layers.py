"""What is proved of the hidden units of two networks, layer by layer: all later bounds rest on it."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from activeseed.bounding.bounded import LayerBounds
from activeseed.bounding.regions import Region
from activeseed.bounding.relaxations import Bends, Curves, relaxed
from activeseed.bounding.stacks import Places, Ranges, Stack
from activeseed.bounding.tightening import Problem, tightest
from activeseed.errors import PlanError
from activeseed.networks import Network


def ranges_of(
    stack: Stack,
    places: Places,
    paired: bool,
    steps: int = 0,
    known: Sequence[Ranges] | None = None,
    first: int = 0,
    until: float = float("inf"),
) -> tuple[list[Ranges], list[Bends | Curves]]:
    """Ranges of the units of every hidden layer over each place, and how the layers are relaxed over them.

    Args:
        stack: one network, or two.
        places: B regions.
        paired: whether differences of units are bounded as well (two networks).
        steps: of ascent, for every unit apart.
        known: ranges that hold already (of a larger region, or of a split): what is found is met with them.
        first: layers before it are taken from ``known`` as they are.
        until: when to stop ascending, by ``time.monotonic``.
    """
    found: list[Ranges] = []
    relaxations: list[Bends | Curves] = []
    for k in range(stack.hidden):
        if known is not None and k < first:
            found.append(known[k])
        else:
            ranges = _layer(stack, places, paired, steps, found, relaxations, until)
            found.append((ranges if known is None else ranges.met(known[k])).closed())
        relaxations.append(relaxed(stack.activation, found[-1]))
    return found, relaxations


def _layer(
    stack: Stack,
    places: Places,
    paired: bool,
    steps: int,
    found: Sequence[Ranges],
    relaxations: Sequence[Bends | Curves],
    until: float,
) -> Ranges:
    """Of the next layer: units by rows e and −e of one network, their differences by rows (−e, e) and (e, −e)."""
    n, units = stack.weights[len(found)].shape[:2]
    one = torch.eye(units, dtype=torch.float64)
    both = torch.cat([one, -one]).expand(n, places.size, -1, -1)
    least, _ = tightest(Problem(stack, both, found, relaxations, places, False), steps, until=until)
    low, high = least.bounds[..., :units], -least.bounds[..., units:]
    if not paired:
        return Ranges(low, high)
    apart = Problem(stack, torch.stack([-both[0], both[1]]), found, relaxations, places, True)
    least, _ = tightest(apart, steps, until=until)
    return Ranges(low, high, (least.bounds[..., :units], -least.bounds[..., units:]))


def layer_bounds(f: Network, g: Network, region: Region, *, optimise: int = 0) -> list[LayerBounds]:
    """What is proved of every hidden layer's units of two networks of one layout over a region.

    Args:
        f: row 0.
        g: row 1; differences are its units less f's.
        region: where.
        optimise: steps of ascent on each bound; 0 takes the choices by rule.

    Cost: for each layer a pass of 6 rows a unit, and three times as much for each step. Raises PlanError where the
    layouts differ, or nothing finite can be proved (weights that are not finite).
    """
    if f.layout.widths != g.layout.widths or f.layout.activation != g.layout.activation:
        raise PlanError(
            f"The networks have the layouts {words(f)} and {words(g)}: units can be compared one by one only where "
            "both have the same widths and activation."
        )
    ranges, _ = ranges_of(Stack.of(f, g), Places.of([region]), True, optimise)
    if not all(torch.isfinite(r.low).all() and torch.isfinite(r.high).all() for r in ranges):
        raise PlanError("No finite bound of the networks' units could be proved. Are all weights finite numbers?")
    out = []
    for r in ranges:
        assert r.apart is not None
        apart_low, apart_high = r.apart
        out.append(LayerBounds(r.low[:, 0].numpy(), r.high[:, 0].numpy(), apart_low[0].numpy(), apart_high[0].numpy()))
    return out


def words(network: Network) -> str:
    """A layout, for messages."""
    return f"{'-'.join(map(str, network.layout.widths))} {network.layout.activation}"
