"""What a loop that waits for people shows: what came in, who is waiting for what, how much is still unclear.

A block of lines whenever something changed, so that the scroll-back of a loop that ran for days is its diary; between
them one line that says what it is waiting for, where there is a terminal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from textwrap import fill
from time import localtime, strftime
from typing import TYPE_CHECKING, Any

from activeseed.cli.numbers import counted, number
from activeseed.cli.screen import messages, one_line, say
from activeseed.errors import AnnotatorAwayError
from activeseed.protocols import SupportsLinks

if TYPE_CHECKING:
    from activeseed.study import Study
    from activeseed.study.loop import Waiting

#: questions that are named one by one; of the others only the number
NAMED = 6


class Watch:
    """Called after every look at a channel.

    Args:
        study: the study whose loop is running.
        channel: where it asks; if its places have addresses, each is shown when it is there.
        pause: takes progress bars off the screen before something is printed.
        waiting: called with what the loop waits for, or with nothing.
    """

    def __init__(
        self,
        study: Study,
        channel: object,
        pause: Callable[[], None],
        waiting: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._study = study
        self._channel = channel
        self._pause = pause
        self._waiting = waiting
        self._problems: set[str] = set()
        self._sent: set[str] = set()
        self._away = ""
        self._places: Mapping[str, str] = {}

    def __call__(self, look: Waiting) -> None:
        if look.away:
            if look.away != self._away:
                self._print(f"{look.away} Trying again until it answers; nothing is lost.")
            self._away = look.away
            return
        lines = ["It answers again."] if self._away else []
        self._away = ""
        told = look.told
        lines += [f"! {problem}" for problem in told.problems if problem not in self._problems]
        self._problems.update(told.problems)
        pending = {q.id for q in self._study.pending}
        if pending - self._sent:
            lines += self._new_places()
        if told.news or pending - self._sent:
            lines += [news_line(self._study, told), *standing_lines(self._study)]
        self._sent = pending
        if lines:
            self._print(*lines)
        self._waiting(f"waiting for {counted(len(pending), 'answer')}" if pending else "")

    def _new_places(self) -> list[str]:
        """Where people answer, as far as it was not said yet."""
        try:
            there = places(self._channel)
        except AnnotatorAwayError:
            return []  # said when it is there again
        new = {kind: address for kind, address in there.items() if self._places.get(kind) != address}
        self._places = there
        return [f"{kind.replace('_', ' ')} at {address}" for kind, address in new.items()]

    def _print(self, *lines: str) -> None:
        self._pause()
        clock = strftime("%H:%M", localtime())
        width = max(40, messages().width)
        for n, line in enumerate(line for line in lines if line):
            head = f"{clock if not n else '     '}  "
            under = " " * len(head)
            wrapped = fill(
                line,
                width,
                initial_indent=head,
                subsequent_indent=under,
                break_long_words=False,
                break_on_hyphens=False,
            )
            say(wrapped)


def places(channel: object) -> Mapping[str, str]:
    """Kind of question -> the address where people answer it, for a channel that has addresses."""
    return channel.links() if isinstance(channel, SupportsLinks) else {}


def news_line(study: Study, told: Any) -> str:
    """What came in: answers by whom, answers that are gone, questions that were taken out."""
    by = Counter(study.state.answers[name].annotator for name in told.accepted)
    parts = []
    if by:
        who = ", ".join(f"{one_line(name)} {n}" for name, n in by.most_common())
        parts.append(f"{counted(sum(by.values()), 'new answer')} ({who})")
    if told.stale:
        parts.append(f"{len(told.stale)} of them to what has changed since")
    if told.deleted:
        parts.append(f"{counted(len(told.deleted), 'answer')} deleted by whoever gave it")
    parts += [f"{name} withdrawn: {one_line(why)}" for name, why in told.dropped.items()]
    return "; ".join(parts)


def standing_lines(study: Study) -> list[str]:
    """Answered, pending, agreement, reliability, risk now and after the pending answers; who is waited for."""
    standing = study.status(fresh=True)
    parts = [f"{standing['answered']} answered, {standing['pending']} pending"]
    if standing["agreement"] is not None:
        parts.append(f"agreement {standing['agreement']:.2f}")
    lines = ["; ".join(parts)]
    people = [_person(p) for p in standing["annotators"]]
    if people:
        lines.append("  ".join(people))
    if standing["risk"] is not None:
        after = standing["risk_after"]
        then = f", about {number(after)} after the pending answers" if after is not None and standing["pending"] else ""
        lines.append(f"risk {number(standing['risk'])}{then}")
    waiting = standing["waiting_for"]
    lines += [waiting_words(q) for q in waiting[:NAMED]]
    if len(waiting) > NAMED:
        lines.append(f"and {len(waiting) - NAMED} more")
    return lines


def waiting_words(question: Mapping[str, Any]) -> str:
    """One question that waits: for how many people, and who has answered already."""
    about = f" about {', '.join(question['items'][:3])}" if question["items"] else ""
    who = f" (answered by {', '.join(question['answered_by'])})" if question["answered_by"] else ""
    missing = question["missing"]
    sent = "" if question["sent"] else ", not sent yet"
    return one_line(
        f"{question['id']}{about} waits for {'one person' if missing == 1 else f'{missing} people'}{who}{sent}"
    )


def _person(person: Mapping[str, Any]) -> str:
    right = ""
    if person.get("reliability") is not None:
        low, high = 100 * person["low"], 100 * person["high"]
        right = f", right {100 * person['reliability']:.0f} % ({low:.0f} to {high:.0f})"
    return f"{one_line(person['name'])}: {counted(person['answers'], 'answer')}{right}"
