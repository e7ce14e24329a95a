"""Tasks as the server lists them.

Pages are cut by id (*all above the last one seen*), never by page number: a task that comes or goes while a long list
is read moves none of the others out of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from activeseed.annotators.label_studio.connection import Connection, MissingError

#: tasks a page; larger ones are slower, and 10,000 time out
PAGE = 500
#: seconds that a change may need to become visible after the time that it bears
OVERLAP = 10.0
#: tasks that are asked for by id at once: their ids stand in the address
BY_ID = 200
#: fields of a project that `counted` reads
COUNTS = "id,task_number,total_annotations_number"
_PLAIN = "id,meta,updated_at"
#: fields of tasks and of the annotations in them, one name for both
_ANSWERS = f"{_PLAIN},annotations,result,completed_by,was_cancelled,lead_time,ground_truth"
#: what says that nobody has touched a task. Not its counters: while the server deletes some project it forgets to count
_TOUCHED = "id,meta,annotations,draft_exists"
_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"


@dataclass(frozen=True)
class Head:
    """A project at a glance: newest change of a task, tasks, annotations that aren't skips.

    ``settled`` is a time before which nothing can change any more: the newest change, or so long before the server's
    now that a transaction that bears an earlier time is over.

    Tasks and annotations are counted by the project, which counts what there is; the totals of a task list add up
    counters, of which the server forgets some while it deletes a project.
    """

    newest: str
    tasks: int
    annotations: int
    settled: str = field(default="", compare=False)


def head(connection: Connection, project: int, counts: tuple[int, int] | None = None) -> Head:
    """Two short calls, or one where it was counted a moment ago; the newest change is no older than the counts."""
    counts = counts or count(connection, project)
    told = _page(connection, project, {"ordering": ["-tasks:updated_at"]}, "id,updated_at", 1)
    newest = told["tasks"][0]["updated_at"] if told["tasks"] else ""
    try:
        now = parsedate_to_datetime(connection.date).strftime(_TIME) if connection.date else newest
    except ValueError:
        now = newest
    return Head(newest, *counts, min(newest, before(now, OVERLAP)))


def count(connection: Connection, project: int) -> tuple[int, int]:
    """Tasks and annotations of a project. Raises MissingError for a project that is no more."""
    return counted(glimpse(connection, project))


def glimpse(connection: Connection, project: int) -> Mapping[str, Any]:
    """What a project counts, and which version orders its tasks. Raises MissingError for one that is no more."""
    params = {"ids": project, "include": f"{COUNTS},model_version,sampling", "page_size": 1}
    for found in connection.read("api/projects/", params)["results"]:
        if found["id"] == project:
            return dict(found)
    raise MissingError(f"{connection.url} has no project {project} any more.")


def counted(project: Mapping[str, Any]) -> tuple[int, int]:
    """Tasks and annotations, of a project as the server describes it."""
    return int(project["task_number"] or 0), int(project["total_annotations_number"] or 0)


def tasks(connection: Connection, project: int, since: str = "", annotations: bool = False) -> Iterator[dict[str, Any]]:
    """Tasks that changed after a server time (all, without one), by id. Drafts and predictions change no task."""
    last = 0
    while True:
        items = [_filter("id", "greater", "Number", last)]
        if since:
            items.append(_filter("updated_at", "greater", "Datetime", since))
        query = {"filters": {"conjunction": "and", "items": items}, "ordering": ["tasks:id"]}
        page = _page(connection, project, query, _ANSWERS if annotations else _PLAIN, PAGE)["tasks"]
        yield from page
        if len(page) < PAGE:
            return
        last = page[-1]["id"]


def by_id(
    connection: Connection, project: int, ids: Sequence[int], annotations: bool = False, touched: bool = False
) -> Iterator[dict[str, Any]]:
    """These tasks, as far as they are there; with ``touched``, what people have begun on them."""
    fields = _TOUCHED if touched else _ANSWERS if annotations else _PLAIN
    for at in range(0, len(ids), BY_ID):
        query = {"selectedItems": {"all": False, "included": list(ids[at : at + BY_ID])}, "ordering": ["tasks:id"]}
        yield from _page(connection, project, query, fields, BY_ID)["tasks"]


def delete_untouched(connection: Connection, project: int, ids: Sequence[int]) -> None:
    """Delete those of these tasks that have no annotation and no draft, as the server sees it at that moment."""
    for at in range(0, len(ids), 1000):
        query = {
            "filters": {
                "conjunction": "and",
                "items": [
                    _filter("draft_exists", "equal", "Boolean", False),
                    _filter("annotations_ids", "empty", "String", "True"),
                ],
            },
            "selectedItems": {"all": False, "included": list(ids[at : at + 1000])},
        }
        connection.send("POST", "api/dm/actions", query, {"id": "delete_tasks", "project": project}, timeout=300)


def owner(task: dict[str, Any], study: str) -> str:
    """The question that a task asks, or nothing for a task that isn't ours."""
    meta = task.get("meta")
    ours = isinstance(meta, dict) and meta.get("activeseed") == study
    return str(meta["question"]) if ours and meta and meta.get("question") else ""


def before(time: str, seconds: float) -> str:
    """A server time, so many seconds earlier."""
    return (datetime.strptime(time, _TIME) - timedelta(seconds=seconds)).strftime(_TIME) if time else ""


def microseconds(time: str) -> int:
    """A server time as one number."""
    since = datetime.fromisoformat(time.replace("Z", "+00:00")) - datetime.fromisoformat("1970-01-01T00:00:00+00:00")
    return (since.days * 86400 + since.seconds) * 1_000_000 + since.microseconds


def _filter(column: str, operator: str, kind: str, value: Any) -> dict[str, Any]:
    return {"filter": f"filter:tasks:{column}", "operator": operator, "type": kind, "value": value}


def _page(connection: Connection, project: int, query: dict[str, Any], fields: str, size: int) -> Any:
    params = {
        "project": project, "query": json.dumps(query), "include": fields, "page_size": size, "fields": "all",
        "resolve_uri": "false",
    }  # fmt: skip
    if fields == _PLAIN or fields == "id,updated_at":
        del params["fields"]
    return connection.read("api/tasks/", params, timeout=120)
