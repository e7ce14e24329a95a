"""Tasks as the server lists them.

Pages are cut by id (*all above the last one seen*), never by page number: a task that comes or goes while a long list
is read moves none of the others out of it. Where the server fails over what one task holds, the others of its page are
read all the same.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from activeseed.annotators.label_studio.connection import Connection, FailedError, MissingError
from activeseed.errors import AnnotatorError

#: tasks a page; larger ones are slower, and 10,000 time out
PAGE = 500
#: seconds that a change may need to become visible after the time that it bears
OVERLAP = 10.0
#: tasks that are asked for by id at once: their ids stand in the address
BY_ID = 200
#: fields of a project that `counted` reads
COUNTS = "id,task_number,total_annotations_number"
_PLAIN = "id,meta,updated_at"
#: fields of tasks and of the annotations in them, one name for both: those whose texts come from people ...
_TEXTS = "data,result"
#: ... and all others: who made, wrote and copied an annotation, and whether the server has enough of them
_BARE = (
    f"{_PLAIN},created_at,is_labeled,annotations,completed_by,updated_by,was_cancelled,lead_time,ground_truth,"
    "parent_prediction,import_id"
)
_ANSWERS = f"{_BARE},{_TEXTS}"
_NAMED = f"{_PLAIN},data"
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
    newest = moment(told["tasks"][0]["updated_at"]) if told["tasks"] else ""
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
        page = _tasks(connection, project, query, _ANSWERS if annotations else _PLAIN, PAGE)
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
        yield from _tasks(connection, project, _these(ids[at : at + BY_ID]), fields, BY_ID)


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


def owner(task: Mapping[str, Any], study: str, known: str = "", named: Collection[str] = ()) -> str:
    """The question that a task asks, or nothing for a task that isn't ours.

    Its ``meta`` says so. Where somebody has overwritten that, its ``data`` names the question still, and is believed of
    a task that is known, or that names one of ours in a project of ours.

    Args:
        known: the question of the task of that number, where it was ours when it was seen last.
        named: questions that are believed by their name alone.
    """
    meta, data = task.get("meta"), task.get("data")
    if isinstance(meta, dict) and "activeseed" in meta:
        return str(meta.get("question") or "") if meta["activeseed"] == study else ""
    name = data.get("question") if isinstance(data, dict) else None
    return name if isinstance(name, str) and name and (name == known or name in named) else ""


def named(
    connection: Connection, project: int, listed: Iterator[dict[str, Any]], study: str, known: Mapping[int, str]
) -> list[dict[str, Any]]:
    """Tasks as they are listed, and ``data`` with those that are known and whose ``meta`` no longer says whose."""
    found = list(listed)
    unclear = [t["id"] for t in found if t["id"] in known and "data" not in t and owner(t, study) != known[t["id"]]]
    more: dict[int, Any] = {}
    for at in range(0, len(unclear), BY_ID):
        page = _page(connection, project, _these(unclear[at : at + BY_ID]), _NAMED, BY_ID)["tasks"]
        more |= {t["id"]: t["data"] for t in page}
    return [{**t, "data": more[t["id"]]} if t["id"] in more else t for t in found]


def moment(time: str) -> str:
    """A server time in the one form in which times are compared as texts: UTC, with microseconds.

    Where those are zero servers leave them out, and a shorter text sorts behind a longer one.
    """
    return _read(time).strftime(_TIME) if time else ""


def before(time: str, seconds: float) -> str:
    """A server time, so many seconds earlier."""
    return (_read(time) - timedelta(seconds=seconds)).strftime(_TIME) if time else ""


def microseconds(time: str) -> int:
    """A server time as one number."""
    since = _read(time) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86400 + since.seconds) * 1_000_000 + since.microseconds


def _read(time: str) -> datetime:
    try:
        found = datetime.fromisoformat(str(time).replace("Z", "+00:00"))
    except ValueError:
        raise AnnotatorError(
            f"Label Studio gives a time that is none ({str(time)[:40]!r}). See whether `url` is the server's address."
        ) from None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def _these(ids: Sequence[int]) -> dict[str, Any]:
    return {"selectedItems": {"all": False, "included": list(ids)}, "ordering": ["tasks:id"]}


def _tasks(connection: Connection, project: int, query: dict[str, Any], fields: str, size: int) -> list[dict[str, Any]]:
    """A page of tasks, every time in one form. Where the server fails over it, as much of it as it can write."""
    try:
        found = _page(connection, project, query, fields, size)["tasks"]
    except FailedError:
        if fields != _ANSWERS:
            raise
        # without the texts of people it can be written, unless the failure has another reason
        found = _in_halves(connection, project, _page(connection, project, query, _BARE, size)["tasks"])
    for task in found:
        for timed in (task, *task.get("annotations", ())):
            timed |= {k: moment(timed[k]) for k in ("created_at", "updated_at") if timed.get(k)}
    return list(found)


def _in_halves(connection: Connection, project: int, bare: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """These tasks with their texts. Half a character somewhere and the server can't write the page that holds it."""
    size = min(max(len(bare) // 2, 1), BY_ID)
    found: list[dict[str, Any]] = []
    for part in (bare[at : at + size] for at in range(0, len(bare), size)):
        try:
            # one by itself is asked for patiently: a server that is only busy now is not called unable
            patience = None if len(part) == 1 else 0.0
            query = _these([t["id"] for t in part])
            found += _page(connection, project, query, _ANSWERS, len(part), patience)["tasks"]
        except FailedError:
            found += _in_halves(connection, project, part) if len(part) > 1 else [_one_by_one(connection, part[0])]
    return found


def _one_by_one(connection: Connection, task: dict[str, Any]) -> dict[str, Any]:
    """A task with those of its annotations that the server can write; the others are marked as ``unreadable``."""
    annotations = []
    for annotation in task["annotations"]:
        try:
            annotations.append(connection.read(f"api/annotations/{annotation['id']}/", patience=0.0))
        except (FailedError, MissingError):
            annotations.append({**annotation, "unreadable": True})
    return {**task, "annotations": annotations}


def _filter(column: str, operator: str, kind: str, value: Any) -> dict[str, Any]:
    return {"filter": f"filter:tasks:{column}", "operator": operator, "type": kind, "value": value}


def _page(
    connection: Connection, project: int, query: dict[str, Any], fields: str, size: int, patience: float | None = None
) -> Any:
    params = {
        "project": project, "query": json.dumps(query), "include": fields, "page_size": size, "fields": "all",
        "resolve_uri": "false",
    }  # fmt: skip
    if fields == _PLAIN or fields == "id,updated_at":
        del params["fields"]
    return connection.read("api/tasks/", params, timeout=120, patience=patience)
