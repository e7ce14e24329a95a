"""What studies that lie below this one have spent: read from their journals, told in this one's, counted once.

A whole study of an outer plan (see `stack.human`) has a folder and a journal of its own, and what it trains is its
journal's. So that the outer study's counters and limits hold it, the outer journal is told how much that is by now:
sums since the study below began, never what was added. Whoever tells the same twice adds nothing, and one that was
killed before it told anything is told of by whoever opens the outer study next.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from activeseed.errors import StoreError
from activeseed.protocols import Event, Store
from activeseed.store.journal import Journal, ends_of

#: folder of the studies below, inside ``.activeseed``: ``below/PLAN/STUDY``
BELOW = "human"
#: what a study below writes once, when it has come to its end
CAME_TO = "came-to.json"
#: events of the outer journal: a plan of studies begins; what one of them has spent by now
BEGAN, SPENT = "below_began", "below_spent"


@dataclass(frozen=True)
class Spent:
    """What was spent.

    Attributes:
        trainings, failed: rows trained, and how many of them failed.
        money: what they cost, in the currency of ``[limits]``.
        seconds: in training; of several studies at the same time, by the clock.
        answers: of simulated people.
    """

    trainings: int = 0
    failed: int = 0
    money: float = 0.0
    seconds: float = 0.0
    answers: int = 0

    def __add__(self, other: Spent) -> Spent:
        return Spent(*(getattr(self, name) + getattr(other, name) for name in Spent.__dataclass_fields__))

    def since(self, other: Spent) -> Spent:
        """What came beyond another."""
        return Spent(*(getattr(self, name) - getattr(other, name) for name in Spent.__dataclass_fields__))


@dataclass(frozen=True)
class Account:
    """What one study below has spent since it began.

    Attributes:
        study: its folder, below ``.activeseed``.
        born: when it began: a folder that was thrown away and made anew is another study.
        upto: how far its journal was read.
        spent: so far; seconds one after the other.
        ended: whether it has come to its end.
    """

    study: str
    born: str
    upto: int
    spent: Spent = field(default_factory=Spent)
    ended: bool = False

    @property
    def event(self) -> Event:
        """The event that tells of it."""
        body = {
            "study": self.study, "born": self.born, "upto": self.upto, "ended": self.ended, **asdict(self.spent),
        }  # fmt: skip
        return Event(SPENT, body, key=f"{SPENT}:{self.study}@{self.born}:{self.upto}:{int(self.ended)}")


@dataclass
class Below:
    """All studies below this one, as the journal tells of them.

    Attributes:
        accounts: study -> when it began -> its account; one that was thrown away and made anew has several.
        spent: by all of them together, seconds by the clock.
        work: seconds that they trained one after the other.
    """

    accounts: dict[str, dict[str, Account]] = field(default_factory=dict)
    spent: Spent = field(default_factory=Spent)
    work: float = 0.0
    _beside: dict[str, int] = field(default_factory=dict)

    def apply(self, event: Event) -> Spent:
        """Take in one event; what it adds to what was known. Others than those of this file add nothing."""
        body: dict[str, Any] = event.body
        if event.kind == BEGAN:
            self._beside[body["plan"]] = max(1, int(body["beside"]))
        if event.kind != SPENT:
            return Spent()
        new = Account(
            body["study"], body["born"], body["upto"], Spent(*(body[name] for name in Spent.__dataclass_fields__)),
            body["ended"],
        )  # fmt: skip
        mine = self.accounts.setdefault(new.study, {})
        old = mine.get(new.born) or Account(new.study, new.born, 0)
        if self.knows(new):  # told by two, and the other knew more
            return Spent()
        mine[new.born] = new
        more = new.spent.since(old.spent)
        self.work += more.seconds
        more = replace(more, seconds=more.seconds / self._beside.get(new.study.rpartition("/")[0], 1))
        self.spent += more
        return more

    @property
    def studies(self) -> int:
        """How many studies below have been told of."""
        return len(self.accounts)

    def of(self, study: str) -> Spent:
        """What a study has spent, all that were ever made in its folder together; seconds one after the other."""
        return sum((a.spent for a in self.accounts.get(study, {}).values()), Spent())

    def has_ended(self, study: str) -> bool:
        """Whether the newest study of a folder was told of at its end."""
        mine = self.accounts.get(study, {})
        return bool(mine) and mine[max(mine)].ended

    def knows(self, account: Account) -> bool:
        """Whether the journal tells as much as an account, or more."""
        old = self.accounts.get(account.study, {}).get(account.born)
        return old is not None and (old.upto, old.ended) >= (account.upto, account.ended)

    def to_dict(self) -> dict[str, Any]:
        """For ``status``."""
        return {"studies": self.studies, **asdict(replace(self.spent, seconds=round(self.spent.seconds, 3)))}


def began(store: Store, plan: str, studies: int, beside: int) -> None:
    """Journal that studies below begin, or go on: so many at the same time."""
    store.append([Event(BEGAN, {"plan": plan, "studies": studies, "beside": beside})])


def settle(folder: Path, store: Store, known: Below, studies: Iterable[str] | None = None) -> bool:
    """Journal what studies below have spent that the journal does not tell of yet; whether there was something.

    Args:
        folder: the outer project's.
        store: its store.
        known: what its journal tells.
        studies: those that are looked at, by their folders below ``.activeseed``; by default all that are not known to
            have ended. One that is named is looked at even so: it may have been run again.
    """
    inside = folder / ".activeseed"
    if studies is None:
        there = sorted((inside / BELOW).glob("*/*/")) if (inside / BELOW).is_dir() else []
        named = [path.relative_to(inside).as_posix() for path in there]
        studies = [name for name in named if not (known.has_ended(name) and (inside / name / CAME_TO).exists())]
    new = [a for name in studies if (a := _news_of(inside, name, known)) is not None]
    if new:
        store.append([a.event for a in new])
    return bool(new)


def _news_of(inside: Path, study: str, known: Below) -> Account | None:
    """The account of a study below, where it says more than is known; its journal is read through only then."""
    file = inside / study / ".activeseed" / "journal.db"
    with suppress(StoreError):
        ended = (inside / study / CAME_TO).exists()
        ends = ends_of(file) if file.exists() else None
        if ends is not None and not known.knows(Account(study, ends[0], ends[1], ended=ended)):
            return account_of(inside, study)
    return None


def account_of(inside: Path, study: str) -> Account | None:
    """What a study below has spent by now; None where it has not begun, or its journal can't be read."""
    file = inside / study / ".activeseed" / "journal.db"
    ended = (inside / study / CAME_TO).exists()  # before the journal: nothing is trained after it
    if not file.exists():
        return None
    with suppress(StoreError, KeyError, TypeError, ValueError):  # the folder may come from anybody
        events = Journal(file).read()
        if events and events[0].kind == "created":
            return Account(study, events[0].at, events[-1].sequence, spent_in(events), ended)
    return None


def spent_in(events: Iterable[Event]) -> Spent:
    """What the events of a study say that it has spent; seconds one batch after the other."""
    out = Spent()
    for event in events:
        body: dict[str, Any] = event.body
        if event.kind in ("trained", "trained_again"):
            seconds = float(body.get("wall", body["seconds"]))
            out += Spent(int(body["rows"]), int(body["failed"]), float(body.get("money", 0.0)), seconds)
        elif event.kind == "answered":
            out += Spent(answers=1)
    return out
