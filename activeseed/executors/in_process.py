"""One batch after the other, in this process: for systems that train all rows of a batch in one computation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from activeseed.checked import SettingsRecord

if TYPE_CHECKING:
    from activeseed.outcome import Outcomes
    from activeseed.plan import Materials
    from activeseed.protocols import Batch, System


class InProcess(SettingsRecord):
    """Trains in this process, one batch at a time, in the order in which batches come.

    Attributes:
        threads: threads that arithmetic may use. More than one changes the last bits of a row.
    """

    kind: Literal["in_process"] = "in_process"
    threads: int = Field(default=1, ge=1)

    def run(self, system: System, materials: Materials, batches: Iterable[Batch]) -> Iterator[tuple[int, Outcomes]]:
        """Yields (batch id, outcomes); a batch is made only when the one before it was taken."""
        from activeseed.executors.threads import limited
        from activeseed.executors.train_batch import train_batch

        for batch in batches:
            with limited(self.threads):
                outcomes = train_batch(system, materials, batch)
            yield batch.id, outcomes

    def close(self) -> None:
        """Nothing is held between runs."""
