"""The loop: close the round, stop or ask, send, collect, take in, again.

Every step leaves a fact behind before the next begins, so the loop may be killed between any two of them and the next
call goes on from there.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from activeseed.protocols import Annotator, Event

if TYPE_CHECKING:
    from activeseed.study.study import Study

#: seconds between two looks at a channel whose annotators take their time
PATIENCE = 5.0


@dataclass(frozen=True)
class LoopResult:
    """How a loop ended.

    Attributes:
        ended: ``stopped`` (a rule said so), ``waiting`` (questions are out and the caller did not want to wait).
        reasons: sentences.
        stable: whether the study may be called stable: a stability rule held and nothing speaks against the answers.
        distrusted: why answers can't be relied on; empty when all is well.
        undecided: annotators of whom the checks can't tell yet; a study isn't called stable on their word.
        rounds: records of the closed rounds.
    """

    ended: Literal["stopped", "waiting"]
    reasons: tuple[str, ...]
    stable: bool
    distrusted: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    rounds: list[dict[str, Any]] = field(default_factory=list)


def loop(
    study: Study,
    annotator: Annotator | None = None,
    *,
    max_rounds: int | None = None,
    wait: bool = True,
    on_round: Callable[[dict[str, Any]], None] | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> LoopResult:
    """Run rounds until a rule says stop.

    Args:
        annotator: channel to use instead of the configured one.
        max_rounds: rounds of questions in all, a budget of this call; the study can go on later.
        wait: whether to wait for slow annotators, or return as soon as nothing can be done.
        on_round: called with the record of every round that is closed.
    """
    channel = study.annotator if annotator is None else study.connected(annotator)
    while True:
        study.refresh()
        if study.state.stopped is not None:
            if not _outdated(study):
                return _result(study, "stopped")
            study.store.append([Event("stopped", {"stopped": False})])
            study.refresh()
        if study.pending:
            study.submit(channel)
            told = study.poll(channel, take_in=False)
            if study.pending and not told.accepted:
                if not wait:
                    return _result(study, "waiting")
                sleep(PATIENCE)
            continue
        study.take_in()
        before = len(study.state.rounds)
        record = study.rounds.close()
        if on_round is not None and len(study.state.rounds) > before:
            on_round(record)
        if record["stop"]:
            _stop(study, record["stop_reasons"], record)
        elif max_rounds is not None and len(study.state.asked_rounds) >= max_rounds:
            return _result(study, "waiting", (f"{max_rounds} rounds were asked, as many as this call wanted",))
        elif not study.ask():
            _stop(study, ["no question is worth asking any more"], record)


def _stop(study: Study, reasons: list[str], record: dict[str, Any]) -> None:
    distrusted, undecided = list(record["distrusted"]), list(study.rounds.not_yet_trusted(record))
    stable = not distrusted and not undecided and study.rounds.is_stable(record)
    body = {
        "reasons": reasons, "stable": stable, "distrusted": distrusted, "undecided": undecided,
        "round": record["round"],
        "answers": len(study.state.live_answers), "version": study.state.current.id,
        "stopping": study.settings.stopping.model_dump(mode="json"),
    }  # fmt: skip
    study.store.append([Event("stopped", body)])


def _outdated(study: Study) -> bool:
    """A stop holds until the rules are edited, an answer comes or goes, or the seed changes."""
    stop = study.state.stopped or {}
    rules = study.settings.stopping.model_dump(mode="json")
    return bool(
        stop.get("stopping") != rules
        or stop.get("answers") != len(study.state.live_answers)
        or stop.get("version") != study.state.current.id
    )


def _result(study: Study, ended: Literal["stopped", "waiting"], reasons: tuple[str, ...] = ()) -> LoopResult:
    stop = study.state.stopped or {}
    last = study.state.rounds[-1] if study.state.rounds else {}
    return LoopResult(
        ended,
        reasons or tuple(stop.get("reasons", ("questions are waiting for an answer",))),
        bool(stop.get("stable", False)),
        tuple(stop.get("distrusted", last.get("distrusted", ()))),
        tuple(stop.get("undecided", ())),
        list(study.state.rounds),
    )
