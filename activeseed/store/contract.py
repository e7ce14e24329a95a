"""What every store owes its studies, as a check that a third party can run on its own.

    check_store(open_study)

It raises AssertionError with a sentence that says which promise was broken.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from activeseed.errors import JournalMovedError, StoreError
from activeseed.protocols import Event, Store

#: two writers, and how many events each of them writes at once with the other
WRITERS, EVENTS = 2, 20


def check_store(open_study: Callable[[str], Store]) -> None:
    """Check one kind of store. Costs some 60 transactions.

    Args:
        open_study: opens a study by its id, all of them in the same place (one database); called again with the same id
            as another process that opens it does. Nothing was written there before.
    """
    one, other = open_study("one"), open_study("other")
    _check_events(one)
    _check_apart(open_study, one, other)
    _check_expected(one, open_study("one"))
    _check_together([open_study("both") for _ in range(WRITERS)], open_study("both"))
    _check_decided_once([open_study("once") for _ in range(WRITERS)])
    _check_arrays(one)
    before = [_said(e) for e in one.read()]
    for store in (one, one, other):
        store.close()
    again = open_study("one")
    assert [_said(e) for e in again.read()] == before, "what was written is there when the study is opened again"
    again.close()


def _check_events(store: Store) -> None:
    assert store.read() == [], "a new study has no events"
    written = store.append([Event("a", {"n": 1, "text": "ünï✓"}), Event("b", {"deep": [{"x": None}]}, key="k")])
    assert [(e.kind, e.key) for e in written] == [("a", ""), ("b", "k")], "append returns what it wrote, in order"
    assert written[0].sequence < written[1].sequence, "sequence numbers rise"
    assert all(e.at for e in written), "every event says when it was written"
    assert list(map(_said, store.read())) == list(map(_said, written)), "what was written is read back as it was"
    assert store.read(written[0].sequence) == written[1:], "read(since) gives what comes after, and all of it"
    assert store.append([Event("b", {"n": 2}, key="k")]) == [], "a key that is taken is not written again"
    news = store.append([Event("b", {"n": 3}, key="k"), Event("c", {})])
    assert [e.kind for e in news] == ["c"], "of several events those whose key is taken are left out, and no others"
    assert store.read()[1].body == {"deep": [{"x": None}]}, "the first fact of a key stands"
    count = len(store.read())
    try:
        store.append([Event("d", {}), Event("d", {"x": float("nan")})])
    except (ValueError, StoreError):
        pass
    else:
        raise AssertionError("a number that JSON doesn't have is refused")
    assert len(store.read()) == count, "events of one call are written all or none"


def _check_apart(open_study: Callable[[str], Store], one: Store, other: Store) -> None:
    before = list(map(_said, one.read()))
    assert other.read() == [], "a study sees no event of another one in the same place"
    assert len(other.append([Event("b", {"n": 9}, key="k")])) == 1, "a key that another study has is free"
    assert list(map(_said, one.read())) == before, "nothing that another study writes changes one"
    assert [e.body for e in open_study("other").read()] == [{"n": 9}], "a study that is opened again is the same one"


def _check_expected(mine: Store, theirs: Store) -> None:
    last = mine.read()[-1].sequence
    (event,) = mine.append([Event("e", {"n": 1})], expect=last)
    assert theirs.read(last) == [event], "what one process wrote, another reads at once"
    for stale in (last, 0):
        _moved(theirs, stale)
    assert mine.read(event.sequence) == [], "nothing is written where something else than the last number was expected"
    assert len(theirs.append([Event("e", {"n": 3})], expect=event.sequence)) == 1, "the last number is what is expected"
    _moved(mine, event.sequence)


def _moved(store: Store, expect: int) -> None:
    try:
        store.append([Event("e", {"n": 2})], expect=expect)
    except JournalMovedError:
        return
    raise AssertionError("append(expect=…) refuses where somebody else wrote meanwhile")


def _check_together(writers: Sequence[Store], reader: Store) -> None:
    """Writers at once, and a reader that goes on from the last number it has seen."""

    def write(who: int) -> None:
        for n in range(EVENTS):
            writers[who].append([Event("w", {"who": who, "n": n}), Event("k", {"who": who}, key=f"k{n}")])

    seen: list[Event] = []

    def look() -> None:
        seen.extend(reader.read(seen[-1].sequence if seen else 0))

    threads = _started(write, len(writers))
    while any(t.is_alive() for t in threads):
        look()
    look()
    numbers = [e.sequence for e in seen]
    assert numbers == sorted(set(numbers)), "numbers come into sight in their order, each once"
    assert len([e for e in seen if e.kind == "k"]) == EVENTS, "of writers at once, one writes a key"
    for who in range(len(writers)):
        mine = [e.body["n"] for e in seen if e.kind == "w" and e.body["who"] == who]
        assert mine == list(range(EVENTS)), "a reader that goes on from what it has seen misses nothing of two writers"
    for store in (*writers, reader):
        store.close()


def _check_decided_once(writers: Sequence[Store]) -> None:
    """The same decision by several at once, each having seen the same: one of them makes it."""
    made: list[int] = []
    ready = threading.Barrier(len(writers))

    def decide(who: int) -> None:
        ready.wait()
        try:
            writers[who].append([Event("decided", {"who": who})], expect=0)
            made.append(who)
        except JournalMovedError:
            pass

    for thread in _started(decide, len(writers)):
        thread.join()
    found = writers[0].read()
    assert [e.body["who"] for e in found] == made, "of several who expect the same number, one writes"
    assert len(made) == 1, "of several who expect the same number, one writes"
    for store in writers:
        store.close()


def _started(do: Callable[[int], None], many: int) -> list[threading.Thread]:
    threads = [threading.Thread(target=do, args=(who,), daemon=True) for who in range(many)]
    for thread in threads:
        thread.start()
    return threads


def _check_arrays(store: Store) -> None:
    arrays = {"names": np.array(["ab", "c"]), "values": np.array([[0.1, np.nan], [-0.0, np.inf]], np.float32)}
    name = store.put(arrays)
    back = store.get(name)
    assert set(back) == set(arrays), "an artifact comes back with all its arrays"
    for key, array in arrays.items():
        same = (back[key].dtype, back[key].shape, back[key].tobytes()) == (array.dtype, array.shape, array.tobytes())
        assert same, "arrays come back bit for bit"
    assert store.names_in(name) == ["ab", "c"], "names_in says what the array 'names' says"
    assert store.put({k: v.copy() for k, v in arrays.items()}) == name, "equal arrays have one name"
    backwards = dict(reversed(arrays.items()))
    assert store.put(backwards) == name, "equal arrays have one name, in whatever order they are given"
    assert store.put({**arrays, "values": arrays["values"].T}) != name, "other arrays have another name"
    unknown = "0" * len(name)
    assert store.names_in(unknown) is None, "names_in knows nothing of an artifact that is not there"
    try:
        store.get(unknown)
    except StoreError:
        return
    raise AssertionError("an artifact that is not there is a StoreError")


def _said(event: Event) -> tuple[Any, ...]:
    return event.sequence, event.kind, event.key, event.body, event.at, event.schema
