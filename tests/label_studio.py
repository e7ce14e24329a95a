"""Real Label Studio servers for tests: who can log in, how to reach one, how to kill one."""

from __future__ import annotations

import os
import shutil
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from activeseed.annotators.label_studio.installation import Installation, cache_folder
from activeseed.annotators.label_studio.local import Server, free_port, start
from activeseed.annotators.label_studio.people import Person

__all__ = [
    "ADMIN",
    "ANN1",
    "ANN2",
    "CACHE",
    "PEOPLE",
    "FreshSite",
    "Person",
    "Site",
    "chromium",
    "sdk_client",
    "unique_title",
]

ADMIN = Person("admin@example.com", "Passw0rd1", "a" * 40, admin=True)
ANN1 = Person("ann1@example.com", "Annot8or1", "b" * 40)
ANN2 = Person("ann2@example.com", "Annot8or2", "c" * 40)
PEOPLE = (ADMIN, ANN1, ANN2)

#: the user's cache, read before a test gets a home of its own; for XDG_CACHE_HOME of processes that start servers
CACHE = cache_folder().parent


@dataclass
class Site:
    """A server and the three people who can log in there: an admin and two annotators."""

    url: str
    admin: Person = ADMIN
    ann1: Person = ANN1
    ann2: Person = ANN2
    _clients: dict[str, tuple[Any, Any]] = field(default_factory=dict, init=False, repr=False)

    def client(self, who: Person | str = ADMIN) -> Any:
        """The SDK's client for a person, or for a token: one each, until `close`."""
        token = who if isinstance(who, str) else who.token
        if token not in self._clients:
            self._clients[token] = sdk_client(self.url, token, 60.0)
        return self._clients[token][0]

    def close(self) -> None:
        """Close the clients' sockets: the SDK has nothing that would."""
        while self._clients:
            self._clients.popitem()[1][1].close()

    def headers(self, who: Person = ADMIN) -> dict[str, str]:
        """For plain HTTP."""
        return {"Authorization": f"Token {who.token}"}


@dataclass
class FreshSite(Site):
    """A server of this test's own, that may be killed and restarted on the same data and port."""

    installation: Installation = field(kw_only=True, repr=False)
    server: Server = field(kw_only=True)

    @classmethod
    def started(cls, installation: Installation, template: Path, folder: Path) -> FreshSite:
        """A server on a copy of prepared data."""
        shutil.copytree(template, folder)
        server = start(installation, folder, port=free_port())
        return cls(server.url, installation=installation, server=server)

    def kill(self) -> None:
        """kill -9: nothing is finished, nothing is said."""
        self.server.kill()

    def stop(self) -> None:
        """Ask it to end, as Ctrl-C would."""
        self.server.stop()

    def restart(self) -> None:
        """Start it again, on the same data and the same port; stops it first if it runs."""
        self.server.stop()
        self.server = start(self.installation, self.server.folder, port=self.server.port)


def sdk_client(url: str, token: str, timeout: float) -> tuple[Any, Any]:
    """The SDK's client, and what has to be closed of it."""
    import httpx
    from label_studio_sdk.client import LabelStudio

    http = httpx.Client(timeout=timeout, follow_redirects=True)
    return LabelStudio(base_url=url, api_key=token, timeout=timeout, httpx_client=http), http


def unique_title(words: str = "") -> str:
    """A title that no other test has, short enough for what is added to it."""
    return f"{words[:20].strip()} {uuid.uuid4().hex[:8]}".strip()


def chromium() -> str:
    """Chromium: what CHROMIUM names, else what is on the PATH; empty where playwright's own is the last hope."""
    named = os.environ.get("CHROMIUM", "")
    if named:
        return named
    names = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
    return next((found for name in names if (found := shutil.which(name))), "")
