"""The order of the questions that wait, as scores that can be read from any thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from activeseed.protocols import Annotator

#: of tasks that have no place in the order: they come last, as tasks without a prediction do
LAST = 1.0
#: what a project is told that has no order of ours
NO_ORDER = "activeseed"


@dataclass(frozen=True)
class Order:
    """The order of one project.

    Attributes:
        version: names the order; predictions carry it as their model version.
        scores: question id -> score in 0..1. Label Studio serves the lowest first.
    """

    version: str = NO_ORDER
    scores: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "scores", MappingProxyType(dict(self.scores)))


@dataclass(frozen=True)
class Scores:
    """A snapshot of all orders: made by the loop whenever it is about to wait, read by requests.

    Attributes:
        orders: number of a project -> its order.
    """

    orders: Mapping[int, Order] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "orders", MappingProxyType(dict(self.orders)))

    def of(self, project: object) -> Order:
        """The order of a project, by its number or by the ``number.time`` that Label Studio calls it."""
        number = str(project).partition(".")[0]
        return self.orders.get(int(number), Order()) if number.isdecimal() and len(number) < 20 else Order()

    @classmethod
    def of_channel(cls, channel: Annotator) -> Scores:
        """The orders in force on the server, exactly as they were pushed: versions and scores are the same.

        So a task that has its score already is not scored again, and one that lacks it gets the one it should have.
        To be called by whoever uses the channel, not by a request.
        """
        from activeseed.annotators.label_studio import ordering
        from activeseed.annotators.label_studio.channel import Channel

        shelves = list(channel.ledger.shelves.values()) if isinstance(channel, Channel) else []
        orders = {
            shelf.id: Order(
                shelf.version or NO_ORDER, {name: ordering.score(place) for place, name in enumerate(shelf.order)}
            )
            for shelf in shelves
        }
        return cls(orders)
