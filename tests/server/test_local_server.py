"""The local server: people and tokens, a folder that is never served twice, stopping, and a kill -9."""

from __future__ import annotations

import stat
from pathlib import Path

import httpx
import pytest

from activeseed.annotators.label_studio.installation import Installation
from activeseed.annotators.label_studio.local import running, start
from activeseed.errors import AnnotatorError, ConfigError
from tests.label_studio import FreshSite, Site

pytestmark = pytest.mark.server


def _email(site: Site, token: str) -> str:
    said = httpx.get(f"{site.url}/api/current-user/whoami", headers={"Authorization": f"Token {token}"}, timeout=30)
    return said.json()["email"] if said.status_code == 200 else str(said.status_code)


def test_everybody_reaches_the_shared_server_with_their_token_and_nobody_without(server: Site) -> None:
    assert [_email(server, p.token) for p in (server.admin, server.ann1, server.ann2)] == [
        "admin@example.com", "ann1@example.com", "ann2@example.com"
    ]  # fmt: skip
    assert _email(server, "f" * 40) == "401"


def test_it_survives_a_kill_and_holds_its_folder_only_while_it_lives(
    fresh_server: FreshSite, installation: Installation, prepared: Path
) -> None:
    client = fresh_server.client()
    project = client.projects.create(title="kept", label_config="<View><Text name='t' value='$t'/></View>")
    folder = fresh_server.server.folder
    found = running(folder)
    assert found is not None
    assert (found.url, found.pid) == (fresh_server.url, fresh_server.server.pid)
    with pytest.raises(AnnotatorError, match=r"runs on .* already"):
        start(installation, folder)
    with pytest.raises(ConfigError, match=f"Port {found.port} of 127.0.0.1 is busy"):
        start(installation, prepared, port=found.port)
    fresh_server.kill()
    assert running(folder) is None
    fresh_server.restart()
    assert fresh_server.client().projects.get(project.id).title == "kept"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    found = running(folder)
    assert found is not None
    found.stop()  # as `down` stops one that another process started
    assert running(folder) is None
    assert not fresh_server.server.alive()
