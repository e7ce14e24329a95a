"""Which task is served next: the lowest score of the project's model version, under *uncertainty sampling*.

A score is made of a place in the order and nothing else. A new order comes as a version of its own: until the
project is switched to it the old one is in force, so that a process that dies in between leaves an order behind, never
half of two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from typing import Any

from activeseed.annotators.label_studio.connection import ONCE, Connection, MissingError
from activeseed.annotators.label_studio.ledger import Shelf
from activeseed.annotators.label_studio.projects import ORDER

#: predictions of an import: the server counts all tasks of the project anew after each, so that one is better than many
_AT_ONCE = 20_000


def score(place: int) -> float:
    """The score of a place, 0 for the first, always below 1: places can be added at the end."""
    return round(place / (place + 1000.0), 9)


def version_of(study: str, questions: Sequence[str]) -> str:
    """The name of an order."""
    return ORDER + sha256("\n".join((study, *questions)).encode()).hexdigest()[:12]


def prediction(place: int, version: str) -> dict[str, Any]:
    """A prediction that ranks a task and fills in nothing."""
    return {"model_version": version, "score": score(place), "result": []}


def follow(connection: Connection, shelf: Shelf, project: Mapping[str, Any], version: str) -> None:
    """Switch a project to an order."""
    if (project.get("model_version") or "") != version:
        connection.sdk(lambda ls: ls.projects.update(shelf.id, model_version=version, request_options=ONCE))


def put_in_order(
    connection: Connection, shelf: Shelf, project: Mapping[str, Any], study: str, index: Mapping[str, Sequence[int]]
) -> None:
    """Serve these questions (with the numbers of their tasks) first to last."""
    wanted = list(index)
    if not wanted:
        return
    versions, current = f"api/projects/{shelf.id}/model-versions", project.get("model_version") or ""
    there: dict[str, int] = connection.read(versions)
    # SQLite servers lose predictions of an import during which somebody deletes a project: those would come last
    ordered = set(shelf.order)
    whole = there.get(current, 0) >= sum(known.question in ordered for known in shelf.tasks.values())
    places = {q: n for n, q in enumerate(shelf.order)}
    now = [places.get(q, -1) for q in wanted]
    if whole and now[0] >= 0 and now == sorted(now) and current == shelf.version:
        return
    version = version_of(study, wanted)
    if version == current and not whole:
        version = version_of(study, (*wanted, current))
    if version != current:
        ranked = [(task, place) for place, q in enumerate(wanted) for task in index[q]]
        for at in range(0, len(ranked), _AT_ONCE):
            body = [{"task": task, **prediction(place, version)} for task, place in ranked[at : at + _AT_ONCE]]
            connection.send("POST", f"api/projects/{shelf.id}/import/predictions", body, timeout=300)
        follow(connection, shelf, project, version)
    shelf.order, shelf.version = wanted, version
    for old in connection.read(versions):
        if old.startswith(ORDER) and old != version:
            with suppress(MissingError):
                connection.send("DELETE", versions, {"model_version": old}, timeout=300)
