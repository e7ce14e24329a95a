"""What a study has spent, what it may spend, and what somebody agreed to: asked before every training.

Every training of a study goes through one `Budget`, whichever `Trainer` makes it. Something that is about to train says
first what it takes at most (`expecting`); the first row of it that really has to be trained is refused where the whole
would go beyond the limits, so that nothing is begun that can't be finished. What is spent and agreed to is a replay of
the journal, like everything else.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

from activeseed.config import LimitsTable
from activeseed.errors import BudgetError, ConsentError
from activeseed.protocols import Event, Store
from activeseed.study.below import Below, Spent

#: sums of money are compared with this relative tolerance, since prices add up with rounding
ROUNDING = 1e-9
#: what else would do where an analysis takes too much
FEWER = "a smaller [estimator] takes fewer"


class Budget:
    """Counts trainings, and refuses what nobody has agreed to.

    Attributes:
        trainings, failed: rows trained so far, and how many of them failed; those of studies below are among them.
        money: what they cost.
        seconds: how long that took by the clock.
        here: trainings of this process alone.
        price: of one training, in the limits' currency.
        agreed: the latest agreement, in all since the study began: ``trainings``, ``money``, ``seconds``.
        below: what whole studies below this one have spent of it.
    """

    def __init__(self, store: Store, limits: LimitsTable) -> None:
        self._store = store
        self.limits = limits
        self.price = limits.price
        self.trainings = self.failed = self.here = 0
        self.money = self.seconds = 0.0
        self.agreed: dict[str, float] = {}
        self.below = Below()
        self._read = 0
        self._warm: dict[int, tuple[float, int]] = {}  # cores -> seconds and rows of batches that waited for nothing
        self._cold = (0.0, 0)  # seconds within their process, and rows, of those that were the first of a process
        self._expected: tuple[str, Callable[[], int], str] | None = None
        self._asked: tuple[str, int] | None = None  # what agreement was asked for last, and the trainings in all
        self._seen: set[str] = set()
        self._passed = 0
        self._left = 0

    # --- what was spent and agreed to ---------------------------------------------------------------------------

    def apply(self, event: Event) -> None:
        """Take in one event of the journal; one that is known already changes nothing."""
        if event.sequence <= self._read:
            return
        self._read = event.sequence
        body: dict[str, Any] = event.body
        if event.kind in ("trained", "trained_again"):
            rows = body["rows"]
            self.trainings += rows
            self.failed += body["failed"]
            self.money += body.get("money", self.price * rows)
            self.seconds += body.get("wall", body["seconds"])
            self._learn(body)
        elif event.kind == "agreed":
            self.agreed |= body
        else:
            self._add(self.below.apply(event))

    def _add(self, spent: Spent) -> None:
        self.trainings += spent.trainings
        self.failed += spent.failed
        self.money += spent.money
        self.seconds += spent.seconds

    def refresh(self) -> None:
        """Take in what was written since, by this process or another."""
        for event in self._store.read(self._read):
            self.apply(event)

    def agree(self, trainings: int | None = None, money: float | None = None, seconds: float | None = None) -> None:
        """Journal that the study may spend so much in all; what is None stays as it was."""
        said = {"trainings": trainings, "money": money, "seconds": seconds}
        self._store.append([Event("agreed", {k: v for k, v in said.items() if v is not None})])
        self.refresh()

    def _learn(self, body: dict[str, Any]) -> None:
        if "wall" not in body:
            return
        if body["cold"]:
            self._cold = self._cold[0] + body["seconds"], self._cold[1] + body["rows"]
        else:
            wall, rows = self._warm.get(body["cores"], (0.0, 0))
            self._warm[body["cores"]] = wall + body["wall"], rows + body["rows"]

    def seconds_for(self, trainings: int, cores: int, guess: bool = True) -> float | None:
        """Seconds by the clock that so many trainings take on these cores, learnt from those that ran; None before.

        Args:
            guess: whether to go by the first batch of a process, which waited for libraries to be loaded, as long as
                there is no other.
        """
        if self._warm:
            wall, rows = self._warm.get(cores) or (
                sum(s * n for n, (s, _) in self._warm.items()) / cores,
                sum(rows for _, rows in self._warm.values()),
            )
            return trainings * wall / rows
        seconds, rows = self._cold
        return trainings * seconds / rows / cores if rows and guess else None

    # --- what may be spent --------------------------------------------------------------------------------------

    @contextmanager
    def expecting(self, what: str, most: Callable[[], int], key: str = "") -> Iterator[None]:
        """Within it, trainings are parts of something that takes ``most`` of them; something larger around it stays.

        Args:
            what: names it in a message: ``A ranking``.
            most: asked when a row has to be trained, since what is found out on the way may raise it.
            key: names it among others of its kind. What agreement was once asked for is not asked for again because
                the second try comes upon its rows in another order.
        """
        if self._expected is not None:
            yield
            return
        self._expected = what, most, f"{what} {key}"
        try:
            yield
        finally:
            self._expected = None
            self._seen.clear()
            self._passed = 0

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Within it, rows are none of those that were expected: a trial of the trainer."""
        seen, passed = set(self._seen), self._passed
        try:
            yield
        finally:
            self._seen, self._passed = seen, passed

    def before(self, known: Collection[str], todo: Collection[str], cores: int) -> None:
        """Called before rows are trained. Raises BudgetError or ConsentError where that would spend too much.

        Args:
            known: names of rows of the same request that were trained before.
            todo: names of the rows to be trained.
            cores: that they are trained on.
        """
        self._passed += len(set(known) - self._seen)
        self._seen.update(known)
        limits = self.limits
        if todo and (self.agreed or self.price or limits.money or limits.trainings or limits.seconds):
            what, most, key = self._expected or ("This", lambda: len(todo), "")
            # every row passed is one of those that were expected, so what remains is never more than the difference
            self._left = max(len(todo), most() - self._passed)
            if self._asked is not None and self._asked[0] == key:
                self._left = max(len(todo), min(self._left, self._asked[1] - self.trainings))
            try:
                expected = self.seconds_for(self._left, cores, guess=False)
                self.allow(what, self._left, self.price * self._left, expected, FEWER)
            except ConsentError:
                self._asked = key, self.trainings + self._left
                raise
        # a row that stands in two units of a design is trained, and counted, in both
        self._passed += len(todo)
        self._seen.update(todo)

    def going_on(self, rows: int, cores: int) -> None:
        """Called between batches, with the rows that were trained. Raises BudgetError where time is running out."""
        self._left -= rows
        limit = self.limits.seconds
        if not limit:
            return
        ahead = self.seconds_for(self._left, cores, guess=False) or 0.0
        if self.seconds + ahead > limit:
            raise BudgetError(
                f"The study has trained for {self.seconds:.0f} s, and what is left takes about {ahead:.0f} s more: "
                f"[limits] seconds = {limit:g} would not do, seconds = {_up(self.seconds + ahead)} would. What was "
                "trained is kept."
            )

    def allow(self, what: str, needed: int, money: float, seconds: float | None, fewer: str) -> None:
        """Raise BudgetError or ConsentError where something would go beyond the limits, or what was agreed to.

        Args:
            what: names it in a message.
            needed: trainings that it takes at most.
            money: that these cost.
            seconds: that they take by the clock; None where nobody knows.
            fewer: what else would do, as the end of a sentence.
        """
        limits, cost = self.limits, money
        total, money = self.trainings + needed, self.money + cost
        seconds = self.seconds + (seconds or 0.0)
        takes = f"{what} takes up to {needed:,} training{'s' if needed != 1 else ''}"
        spent = f" ({self.trainings:,} were made before)" if self.trainings else ""
        if limits.trainings and total > limits.trainings:
            raise BudgetError(
                f"{takes}{spent}, more than [limits] trainings = {limits.trainings} allows. "
                f"trainings = {total} would do; {fewer}."
            )
        if limits.money and money > limits.money * (1 + ROUNDING):
            raise BudgetError(
                f"{takes}{spent} at {self.said(cost / max(1, needed))} each, more than [limits] money = "
                f"{limits.money:g} allows. money = {_up(money)} would do; {fewer}."
            )
        if limits.seconds and seconds > limits.seconds:
            raise BudgetError(
                f"{takes}{spent}, about {seconds:.0f} s in all, more than [limits] seconds = {limits.seconds:g} "
                f"allows. seconds = {_up(seconds)} would do; {fewer}."
            )
        would_do: dict[str, int] = {}
        if cost and money > max(self.agreed.get("money", 0.0), limits.money) * (1 + ROUNDING):
            would_do["money"] = _up(money)
        if "trainings" in self.agreed and total > self.agreed["trainings"]:
            would_do["trainings"] = total
        if "seconds" in self.agreed and seconds > self.agreed["seconds"]:
            would_do["seconds"] = _up(seconds)
        if would_do:
            price = f", about {self.said(cost)}" if cost else ""
            before = f"; {self.trainings:,} trainings{self._paid} were made before" if self.trainings else ""
            raise ConsentError(f"{takes}{price}{before}.", would_do)

    @property
    def _paid(self) -> str:
        return f" for {self.said(self.money)}" if self.money else ""

    def said(self, money: float) -> str:
        """A sum with its currency."""
        return f"{money:,.2f} {self.limits.currency}".strip()


def _up(amount: float) -> int:
    """The next whole number: what somebody is told to write must not fall short by a rounding."""
    return math.ceil(amount * (1 - ROUNDING))
