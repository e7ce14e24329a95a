"""Our process is killed again and again while people answer: all that they gave is kept, and nothing is asked twice."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tests.label_studio import Site
from tests.server.by_api import Person
from tests.server.scene import Scene, events_per_answer
from tests.server.study_process import PLACES, Forge, Job, Kill, Place

pytestmark = [pytest.mark.server, pytest.mark.timeout(900)]

#: the moments of the kills are drawn from it
KEY = 20261124
#: kills that have to have happened, and processes that may be started until they have
KILLS, TRIES = 30, 90
#: how long after its start a process dies that dies by the clock, in seconds
LIFE = 3.0


def moments(key: int) -> list[Kill]:
    """Moments of all kinds in turn; which one, and where exactly in it, is drawn."""
    draw = np.random.Generator(np.random.Philox(key=key))
    found = []
    for number in range(TRIES):
        at: Place = PLACES[number % len(PLACES)]
        # the first imports, batches and renamings of a process are soon over; other calls and transactions are many
        nth = int(draw.integers(1, {"push": 2, "training": 3, "ledger": 5, "journal": 9, "pull": 13}.get(at, 2)))
        phase = ("before", "during", "after")[int(draw.integers(3))]
        seconds = float(draw.random()) * (LIFE if at == "clock" else 0.04)
        found.append(Kill(at, nth, phase, seconds))  # type: ignore[arg-type]  # one of the three
    return found


def test_killed_at_thirty_moments(server: Site, titles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACTIVESEED_LABEL_STUDIO_TOKEN", server.admin.token)
    dealt: Counter[str] = Counter()
    plan = iter(moments(KEY))
    with Forge() as forge:
        number = 0
        while sum(dealt.values()) < KILLS:
            number += 1
            _one_study(number, server, titles(), tmp_path / str(number), forge, plan, dealt)
    assert set(dealt) == set(PLACES)
    assert min(dealt.values()) >= 2, dealt


def _one_study(number: int, server: Site, title: str, folder: Path, forge: Forge, plan, dealt: Counter[str]) -> None:
    """A study from its first question to its stop, its process killed whenever the plan says so."""
    folder.mkdir()
    scene = Scene.made(folder, server, title, "ask.annotators=2", f"key={number}")
    people = [
        Person(server.url, who.token, title, pause=0.2, edits=0.1, key=KEY + number)
        for who in (server.ann1, server.ann2)
    ]
    for person in people:
        person.start()
    try:
        settled = False
        while not settled:
            kill = next(plan) if sum(dealt.values()) < KILLS else None
            ended = forge.run(Job(str(scene.folder), server.admin.token, kill=kill))
            if ended.killed and kill is not None:
                dealt[kill.at] += 1
                continue
            assert ended.report.get("ended") == "stopped", ended
            # what was given in its last moments opens the study again, and it goes on
            settled = not scene.poll().news
    finally:
        for person in people:
            person.stop()
    scene.poll()
    for person in people:
        scene.given |= person.given
    assert len(scene.given) >= 6
    scene.check()
    assert set(events_per_answer(scene.study()).values()) == {1}
