"""Projects that tell an address of their changes: a wake-up for whoever reads them, who needs no more than that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from activeseed.annotators.label_studio.connection import Connection
from activeseed.errors import AnnotatorAwayError, AnnotatorError

#: what is told
EVENTS = ("ANNOTATION_CREATED", "ANNOTATION_UPDATED", "ANNOTATIONS_DELETED", "TASKS_DELETED")


def register(connection: Connection, projects: Sequence[int], address: str, header: str, secret: str) -> list[str]:
    """One webhook a project, without payload (it would hold the project's token); returns what went wrong.

    Raises:
        AnnotatorAwayError: the server can't be reached just now.
    """
    wanted: dict[str, Any] = {
        "url": address, "headers": {header: secret}, "actions": list(EVENTS), "send_payload": False,
        "send_for_all_actions": False, "is_active": True,
    }  # fmt: skip
    problems: list[str] = []
    for project in projects:
        try:
            there = _ours(connection, project, header, secret, address)
            for surplus in there[1:]:
                connection.send("DELETE", f"api/webhooks/{surplus['id']}/")
            if not there:
                connection.send("POST", "api/webhooks/", {**wanted, "project": project})
            elif any(_plain(there[0].get(key)) != _plain(value) for key, value in wanted.items()):
                connection.send("PATCH", f"api/webhooks/{there[0]['id']}/", wanted)
        except AnnotatorAwayError:
            raise
        except AnnotatorError as error:
            problems.append(
                f"Project {project} will not tell {address} of its changes, so they are found by asking now and then. "
                f"{error} A server that refuses addresses of its own network does so by its setting "
                "SSRF_PROTECTION_ENABLED."
            )
    return problems


def unregister(connection: Connection, projects: Sequence[int], header: str, secret: str) -> None:
    """Remove what was registered with this secret."""
    for project in projects:
        for hook in _ours(connection, project, header, secret):
            connection.send("DELETE", f"api/webhooks/{hook['id']}/")


def _ours(connection: Connection, project: int, header: str, secret: str, address: str = "") -> list[dict[str, Any]]:
    """Webhooks of a project that are ours, also those of an earlier address."""
    there: list[dict[str, Any]] = connection.read("api/webhooks/", {"project": project})
    mine = [h for h in there if h.get("project") == project]
    return [h for h in mine if h["url"] == address or (h.get("headers") or {}).get(header) == secret]


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, list) else value
