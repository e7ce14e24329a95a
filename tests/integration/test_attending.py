"""A loop that is woken over HTTP: it waits for nothing else, goes on after a stop, and outlives an absent channel."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from activeseed.annotators.in_memory import InMemory
from activeseed.serving import HEADER, Bell, Board, LocalServer, Secret, attend, build_app, listen
from activeseed.study import LoopResult, Study
from tests.integration.conftest import Make
from tests.integration.test_channels import small, verdict_on

pytestmark = pytest.mark.usefixtures("nothing_left_open")

WORD = "a-secret-of-enough-characters"
#: seconds between two looks: longer than the test may take, so that only the bell can move anything
FOR_EVER = 10_000.0


class Told(Bell):
    """A bell that says when somebody has begun to wait for it."""

    def __init__(self) -> None:
        super().__init__()
        self.asleep = threading.Semaphore(0)
        self.waits: list[float] = []

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.asleep.release()
        super().wait(seconds)


class Outside:
    """What happens in the world while the loop waits: one step each time that it has fallen asleep."""

    def __init__(self, bell: Told, address: str, steps: Iterator[object]) -> None:
        self.bell, self.address, self.steps = bell, address, steps
        self.failed: BaseException | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def post(self, secret: str = WORD, event: str = "ANNOTATION_CREATED") -> int:
        reply = httpx.post(f"{self.address}/webhook", json={"action": event}, headers={HEADER: secret}, trust_env=False)
        return reply.status_code

    def _run(self) -> None:
        try:
            while not self._over.is_set():
                if self.bell.asleep.acquire(timeout=0.1):
                    next(self.steps, None)
                    assert self.post() == 200
        except BaseException as error:
            self.failed = error
            self.bell.ring()

    def __enter__(self) -> Outside:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        assert self.failed is None, self.failed


def served(study: Study, channel: InMemory, happens: Callable[[Told, Outside], Iterator[object]], **more: Any) -> Told:
    """Attend to a study over real HTTP while things happen outside."""
    bell, board = Told(), Board()
    listener = listen("127.0.0.1", 0)
    app = build_app(Secret(WORD, "a test"), bell.ring, bell.press, lambda: board.scores, study.id)
    with LocalServer(app, listener):
        outside = Outside(bell, listener.address, iter(()))
        outside.steps = happens(bell, outside)
        with outside:
            attend(study, channel, bell, board, patience=FOR_EVER, **more)
    return bell


def answers_one(channel: InMemory) -> Callable[..., Iterator[object]]:
    def happens(_bell: Told, _outside: Outside) -> Iterator[object]:
        while True:
            if channel.queue:
                name = channel.queue[0]
                channel.answer(name, "first", **verdict_on(channel.questions[name]))
            yield None

    return happens


def test_every_answer_is_taken_in_when_its_webhook_arrives_and_the_next_batch_is_asked(make_study: Make) -> None:
    study, channel = small(make_study), InMemory()
    seen: list[int] = []
    bell = served(
        study, channel, answers_one(channel), once=True, on_look=lambda w: seen.append(len(study.state.live_answers))
    )
    assert study.state.stopped is not None
    assert len(study.state.asked_rounds) >= 2
    assert len(study.state.live_answers) >= 8
    # one by one, each in a look of its own: nobody waited for a batch to be complete
    assert sorted(set(seen)) == list(range(len(study.state.live_answers) + 1))
    assert set(bell.waits) == {FOR_EVER}


def test_a_training_that_was_asked_for_is_a_round_of_the_answers_that_are_in(make_study: Make) -> None:
    study, channel = small(make_study), InMemory()

    def happens(bell: Told, outside: Outside) -> Iterator[object]:
        outside.post(event="START_TRAINING")  # nobody has answered: nothing to train on
        yield None
        assert len(study.state.asked_rounds) == 1
        channel.answer(channel.queue[0], "first", **verdict_on(channel.questions[channel.queue[0]]))
        outside.post(event="START_TRAINING")
        yield None
        while len(study.state.asked_rounds) < 2:
            yield None
        yield from answers_one(channel)(bell, outside)

    served(study, channel, happens, once=True)
    assert [r["answers"] for r in study.state.rounds][:2] == [0, 1]


class EnoughError(Exception):
    pass


def test_it_stays_when_the_loop_has_stopped_and_goes_on_after_an_edit(make_study: Make) -> None:
    study, channel = small(make_study), InMemory()
    ends: list[LoopResult] = []

    def ended(result: LoopResult) -> None:
        ends.append(result)
        if len(ends) == 2:
            raise EnoughError

    def happens(bell: Told, outside: Outside) -> Iterator[object]:
        first = answers_one(channel)(bell, outside)
        while not ends:
            yield next(first)
        answers = len(study.state.live_answers)
        yield None  # woken without reason: it stays stopped, and says nothing twice
        yield None
        assert (len(ends), len(study.state.live_answers)) == (1, answers)
        given = study.state.live_answers[0]
        channel.answer(given.question, "first", "reject" if given.verdict == "keep" else "keep")
        while True:
            yield next(first)

    with pytest.raises(EnoughError):
        served(study, channel, happens, on_end=ended)
    assert len(ends) == 2
    (edited,) = (a for a in study.state.answers.values() if a not in study.state.live_answers)
    assert edited.question in {a.question for a in study.state.live_answers}, "the newer one counts"


def test_an_event_without_the_secret_wakes_nobody(make_study: Make) -> None:
    study, channel = small(make_study), InMemory()
    tried: list[tuple[int, int, int]] = []

    def happens(bell: Told, outside: Outside) -> Iterator[object]:
        first = answers_one(channel)(bell, outside)
        while True:
            waits, events = len(bell.waits), study.state.sequence
            status = outside.post("wrong")
            assert not bell.asleep.acquire(timeout=0.05)
            tried.append((status, len(bell.waits) - waits, study.state.sequence - events))
            yield next(first)

    served(study, channel, happens, once=True)
    assert set(tried) == {(401, 0, 0)}


def test_a_channel_that_is_away_is_waited_for(make_study: Make) -> None:
    study, channel = small(make_study), InMemory()
    away: list[int] = []

    def happens(bell: Told, outside: Outside) -> Iterator[object]:
        first = answers_one(channel)(bell, outside)
        yield next(first)
        channel.away = True
        yield None
        yield None
        channel.away = False
        while True:
            yield next(first)

    served(study, channel, happens, once=True, on_look=lambda w: away.append(w.tries) if w.away else None)
    assert away[:2] == [1, 2]
    assert study.state.stopped is not None
    assert len(study.state.live_answers) == len(study.state.answers)


def test_the_bell_keeps_a_ring_that_comes_too_early() -> None:
    bell = Bell()
    bell.ring()
    bell.ring()
    bell.wait(FOR_EVER)
    bell.wait(0.01)


def test_a_bell_that_can_be_relied_on_lets_the_loop_rest_longer(make_study: Make) -> None:
    study, channel = small(make_study), InMemory()
    bell = served(study, channel, answers_one(channel), once=True, calm=lambda: 2 * FOR_EVER)
    assert set(bell.waits) == {2 * FOR_EVER}
