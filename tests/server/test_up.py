"""`activeseed label-studio up`: from a project to a page where one can log in, and back, whatever ends it."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import pytest

from activeseed.annotators.label_studio import own
from activeseed.annotators.label_studio.installation import Installation
from activeseed.annotators.label_studio.local import free_port, running
from activeseed.cli.app import run
from activeseed.config import read_settings
from tests.label_studio import CACHE
from tests.small_project import init_arguments, write_inputs

pytestmark = pytest.mark.server


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "study"
    assert run(init_arguments(write_inputs(tmp_path / "in"), folder)) == 0
    yield folder
    left = running(own.home_of(folder))
    if left is not None:
        left.kill()


class Lines:
    """What a process says, as it says it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process, self.text = process, ""
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.text += line

    def until(self, words: str, seconds: float = 240.0) -> None:
        end = time.monotonic() + seconds
        while words not in self.text:
            assert time.monotonic() < end, f"{words!r} was not said: {self.text}"
            assert self.process.poll() is None or self._thread.is_alive() or words in self.text, self.text
            time.sleep(0.05)

    def ended(self, seconds: float = 60.0) -> int:
        code = self.process.wait(seconds)
        self._thread.join(10.0)
        return code


def activeseed(*arguments: str) -> Lines:
    """The command line as a process of its own, in a session of its own, as a terminal would have it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "activeseed", *arguments],
        env={**os.environ, "XDG_CACHE_HOME": str(CACHE), "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    return Lines(process)


class Processes:
    """All command lines that anybody could see on this machine while this is open."""

    def __init__(self) -> None:
        self.seen: set[bytes] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Processes:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(5.0)

    def _watch(self) -> None:
        while not self._stop.wait(0.02):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    self.seen.add(path.read_bytes())
                except OSError:
                    continue


def logs_in(url: str, email: str, password: str) -> bool:
    """Whether the page for logging in takes them."""
    with httpx.Client(base_url=url, timeout=60, follow_redirects=False) as client:
        client.get("/user/login/")
        form = {"email": email, "password": password, "csrfmiddlewaretoken": client.cookies.get("csrftoken", "")}
        return client.post("/user/login/", data=form).status_code == 302


def whoami(url: str, token: str) -> int:
    return httpx.get(
        f"{url}/api/current-user/whoami", headers={"Authorization": f"Token {token}"}, timeout=60
    ).status_code


def test_one_command_makes_a_server_with_people_that_survives_restarts_and_a_kill(
    project: Path, installation: Installation
) -> None:
    before = (project / "activeseed.toml").read_text("utf-8")
    port = free_port()
    up: Sequence[str] = ["label-studio", "up", "--dir", str(project), "--venv", str(installation.venv)]

    # --- the first time: people, token, settings; and no secret in any command line
    with Processes() as processes:
        first = activeseed(*up, "--port", str(port), "--email", "me@example.org", "--annotator", "first@example.org")
        first.until("Ctrl-C stops the server")
    url = f"http://127.0.0.1:{port}"
    people = own._read_logins(own.home_of(project))
    me, first_person = people
    assert [p.email for p in people] == ["me@example.org", "first@example.org"]
    assert f"is running: {url}" in first.text
    assert all(p.password in first.text for p in people)
    assert me.token not in first.text
    assert any(b"label-studio" in line and str(port).encode() in line for line in processes.seen), "it was watched"
    secrets = [me.password, me.token, first_person.password]
    assert not [line for line in processes.seen for secret in secrets if secret.encode() in line]
    settings = read_settings(project).annotator
    assert (settings.kind, settings.url) == ("label_studio", url)
    token = project / settings.token_file
    assert token.read_text("utf-8") == me.token
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    assert whoami(url, me.token) == 200
    headers = {"Authorization": f"Token {me.token}"}
    listed = httpx.get(f"{url}/api/projects/", headers=headers, timeout=60).json()["results"]
    assert [p["title"] for p in listed] == ["study: review items"]
    assert f"review questions are answered at {url}/projects/{listed[0]['id']}/" in first.text
    assert logs_in(url, first_person.email, first_person.password)
    assert not logs_in(url, first_person.email, me.password)
    listening = subprocess.run(
        ["cat", "/proc/net/tcp", "/proc/net/tcp6"], capture_output=True, text=True, check=False
    ).stdout
    bound = {line.split()[1] for line in listening.splitlines() if f":{port:04X} " in line and line.split()[3] == "0A"}
    assert bound == {f"0100007F:{port:04X}"}, "on loopback and nowhere else"

    # --- a second one beside it says so, and may add somebody
    second = activeseed(*up, "--annotator", "second@example.org")
    assert second.ended(120) == 0
    assert f"runs already: {url}" in second.text
    second_person = own._read_logins(own.home_of(project))[2]
    assert second_person.password in second.text
    assert first_person.password not in second.text, "a password is shown once"
    assert logs_in(url, second_person.email, second_person.password)
    busy = activeseed(*up, "--port", str(free_port()))
    assert busy.ended(60) == 2
    assert "runs already" in busy.text

    # --- Ctrl-C ends both; what was made is there after the next start, at the same address
    made = httpx.post(f"{url}/api/projects", headers=headers, json={"title": "kept"}, timeout=60).json()["id"]
    first.process.send_signal(signal.SIGINT)
    assert first.ended() == 0
    assert "Everything is kept" in first.text
    assert running(own.home_of(project)) is None
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)
    third = activeseed("label-studio", "up", "--dir", str(project))  # from the same environment, without saying so
    third.until("Ctrl-C stops the server")
    assert f"is running: {url}" in third.text
    assert "password " not in third.text
    assert httpx.get(f"{url}/api/projects/{made}", headers=headers, timeout=60).json()["title"] == "kept"

    # --- a kill -9 of the command leaves the server, which is found again and can be stopped
    third.process.kill()
    third.ended()
    assert whoami(url, me.token) == 200
    found = activeseed(*up)
    assert found.ended(60) == 0
    assert f"runs already: {url}" in found.text
    stopped = activeseed("label-studio", "down", "--dir", str(project))
    assert stopped.ended(60) == 0
    assert f"Stopped {url}" in stopped.text
    assert running(own.home_of(project)) is None

    # --- a kill -9 of the server is said by the command, with the log
    fourth = activeseed(*up)
    fourth.until("Ctrl-C stops the server")
    server = running(own.home_of(project))
    assert server is not None
    server.kill()
    assert fourth.ended() == 1
    assert "ended by itself" in fourth.text
    assert (project / "activeseed.toml").read_text("utf-8").partition("[annotator]")[0] == before.partition(
        "[annotator]"
    )[0]


@pytest.mark.parametrize("stopped", [False, True])
def test_detached_it_stays_and_a_token_that_was_reset_in_the_browser_is_set_again(
    project: Path, installation: Installation, stopped: bool
) -> None:
    up = ["label-studio", "up", "--dir", str(project), "--venv", str(installation.venv), "--detach"]
    first = activeseed(*up, "--port", str(free_port()))
    assert first.ended(240) == 0
    settings = read_settings(project).annotator
    me = own._read_logins(own.home_of(project))[0]
    reset = httpx.post(
        f"{settings.url}/api/current-user/reset-token/", headers={"Authorization": f"Token {me.token}"}, timeout=60
    )
    assert reset.status_code == 201
    assert whoami(settings.url, me.token) == 401
    if stopped:
        assert activeseed("label-studio", "down", "--dir", str(project)).ended(60) == 0
    assert activeseed(*up).ended(120) == 0
    again = (project / settings.token_file).read_text("utf-8")
    assert again != me.token
    assert whoami(settings.url, again) == 200
    assert logs_in(settings.url, me.email, me.password), "the password is not touched"
