"""The loop: close the round, stop or ask, send, collect, take in, again.

Every step leaves a fact behind before the next begins, so the loop may be killed between any two of them and the next
call goes on from there.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from activeseed.errors import AnnotatorAwayError, JournalMovedError
from activeseed.protocols import Annotator, Event, SupportsCollecting
from activeseed.study import channels
from activeseed.study.answers import Told, take_in
from activeseed.study.progress import PATIENCE

if TYPE_CHECKING:
    from activeseed.study.batches import Batches
    from activeseed.study.rounds import Rounds
    from activeseed.study.state import State
    from activeseed.study.workshop import Workshop

#: seconds between two tries to reach a channel that is away
LONGEST_PATIENCE = 60.0


@dataclass(frozen=True)
class LoopResult:
    """How a loop ended.

    Attributes:
        ended: ``stopped`` (a rule said so), ``waiting`` (questions are out and the caller did not want to wait).
        reasons: sentences.
        stable: whether the study may be called stable: what is left unclear no longer matters, nothing speaks against
            the answers, and something vouches for whoever gave them.
        settled: what is left unclear no longer matters if the answers can be trusted: stable, but for ``conditions``.
        conditions: what *settled* hangs on: for whom nothing vouches and what would, or the error rate that was stated.
        distrusted: why answers can't be relied on; empty when all is well.
        rounds: records of the closed rounds.
    """

    ended: Literal["stopped", "waiting"]
    reasons: tuple[str, ...]
    stable: bool
    distrusted: tuple[str, ...] = ()
    settled: bool = False
    conditions: tuple[str, ...] = ()
    rounds: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Waiting:
    """What a loop that waits can say of itself.

    Attributes:
        told: what the last look at the channel brought.
        away: why the channel can't be reached just now, or empty.
        tries: how often in a row it could not be reached.
    """

    told: Told = field(default_factory=Told)
    away: str = ""
    tries: int = 0


def loop(
    rounds: Rounds,
    batches: Batches,
    channel: Annotator,
    *,
    max_rounds: int | None = None,
    wait: bool = True,
    on_round: Callable[[dict[str, Any]], None] | None = None,
    on_look: Callable[[Waiting], None] | None = None,
    sleep: Callable[[float], object] = time.sleep,
    patience: float = PATIENCE,
    hurry: Callable[[], bool] = lambda: False,
) -> LoopResult:
    """Run rounds until a rule says stop.

    A channel that can't be reached is tried again, less and less often, as long as the caller is willing to wait.

    Args:
        channel: connected to the study.
        max_rounds: rounds of questions in all, a budget of this call; the study can go on later.
        wait: whether to wait for slow annotators, or return as soon as nothing can be done.
        on_round: called with the record of every round that is closed.
        on_look: called after every look at the channel.
        sleep: called with the seconds to wait; may return earlier, for instance because an answer was announced.
        patience: seconds between two looks.
        hurry: asked while answers are awaited; whether to retrain and ask on with those that are in.

    Raises:
        AnnotatorAwayError: the channel can't be reached, and the caller did not want to wait.
    """
    work = rounds.work
    tries, hurried = 0, False
    while True:
        work.refresh()
        # asked before the look, so that what was given before somebody pressed is among what this look finds
        hurried = hurry() or hurried
        try:
            told = _look(work, channel, on_look)
        except AnnotatorAwayError as error:
            if not wait:
                raise
            tries += 1
            if on_look is not None:
                on_look(Waiting(away=str(error), tries=tries))
            sleep(min(patience * 2 ** min(tries - 1, 10), LONGEST_PATIENCE))
            continue
        tries = 0
        if work.state.stopped is not None:
            if not _outdated(rounds):
                return _result(work.state, "stopped")
            work.store.append([Event("stopped", {"stopped": False})])
            work.refresh()
        hurried, pressed = False, hurried
        if enough_is_open(work) and not (pressed and _something_is_in(rounds)):
            if told is None or not told.news:
                if not wait:
                    return _result(work.state, "waiting")
                sleep(patience)
            continue
        take_in(work)
        before = len(work.state.rounds)
        record = rounds.close()
        if on_round is not None and len(work.state.rounds) > before:
            on_round(record)
        if record["stop"]:
            _stop(rounds, record["stop_reasons"], record)
        elif max_rounds is not None and len(work.state.asked_rounds) >= max_rounds:
            return _result(work.state, "waiting", (f"{max_rounds} rounds were asked, as many as this call wanted",))
        else:
            idle = batches.idle()
            if idle:
                channels.withdraw(work, idle, "they no longer matter")
            take_in(work)
            if batches.ask(work.settings.ask.batch):
                continue
            if not work.pending:
                _stop(rounds, ["no question is worth asking any more"], record)
            elif not wait:
                return _result(work.state, "waiting")
            else:
                sleep(patience)


def _look(work: Workshop, channel: Annotator, on_look: Callable[[Waiting], None] | None) -> Told | None:
    """Collect, take back, send; None where there was nothing to look for."""
    send = work.state.stopped is None
    if not isinstance(channel, SupportsCollecting) and not work.pending:
        channels.recall(work, channel)
        return None
    done = channels.exchange(work, channel, take=False, send=send)
    if on_look is not None:
        on_look(Waiting(done.told))
    if done.failed is not None:
        raise done.failed
    return done.told


def enough_is_open(work: Workshop) -> bool:
    """Whether so few answers of the newest batch are in that no other batch is asked yet: see ``[ask] enough``."""
    pending = work.pending
    if not pending:
        return False
    enough = work.settings.ask.enough
    if enough >= 1.0:
        return True
    state = work.state
    newest = [q for q in state.questions.values() if q.round == len(state.asked_rounds) and q.id not in state.gone]
    open_ = sum(q in pending for q in newest)
    return bool(newest) and 1.0 - open_ / len(newest) < enough


def _something_is_in(rounds: Rounds) -> bool:
    """Whether anything was answered since the last round was closed."""
    return bool(rounds.work.state.rounds) and rounds.given != rounds.work.state.rounds[-1].get("given")


def _stop(rounds: Rounds, reasons: list[str], record: dict[str, Any]) -> None:
    """Write down that the study stops, unless something came since the round was closed: it is looked at first."""
    work = rounds.work
    work.refresh()
    given = rounds.given
    if given != record.get("given", given):
        return
    distrusted, conditions = list(record["distrusted"]), rounds.conditions(record)
    settled = not distrusted and bool(work.state.live_answers) and rounds.has_settled(record)
    body = {
        "reasons": reasons, "stable": settled and not conditions, "settled": settled, "distrusted": distrusted,
        "conditions": conditions,
        "round": record["round"],
        "given": given, "version": work.state.current.id,
        "stopping": work.settings.stopping.model_dump(mode="json"),
    }  # fmt: skip
    events = [Event("stopped", body)]
    if open_ := [q.id for q in work.state.pending]:
        why = dict.fromkeys(open_, "the study has stopped")
        events.insert(0, Event("questions_withdrawn", {"questions": open_, "why": why}))
    with suppress(JournalMovedError):
        work.store.append(events, expect=work.state.sequence)


def _outdated(rounds: Rounds) -> bool:
    """A stop holds until the rules are edited, an answer comes or goes, or the seed changes."""
    work = rounds.work
    stop = work.state.stopped or {}
    rules = work.settings.stopping.model_dump(mode="json")
    return bool(
        stop.get("stopping") != rules
        or stop.get("given") != rounds.given
        or stop.get("version") != work.state.current.id
    )


def _result(state: State, ended: Literal["stopped", "waiting"], reasons: tuple[str, ...] = ()) -> LoopResult:
    stop = state.stopped or {}
    last = state.rounds[-1] if state.rounds else {}
    return LoopResult(
        ended,
        reasons or tuple(stop.get("reasons", ("questions are waiting for an answer",))),
        bool(stop.get("stable", False)),
        tuple(stop.get("distrusted", last.get("distrusted", ()))),
        bool(stop.get("settled", False)),
        tuple(stop.get("conditions", ())),
        list(state.rounds),
    )
