"""What goes wrong between us and a server, said in one sentence: a real HTTP server plays each part."""

from __future__ import annotations

import gc
import http.server
import json
import socket
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from activeseed.annotators.label_studio import LabelStudio
from activeseed.annotators.label_studio import connection as talking
from activeseed.annotators.label_studio.connection import (
    OLDEST,
    BusyError,
    Connection,
    MissingError,
    RefusedError,
    UnclearError,
)
from activeseed.errors import ActiveseedError, AnnotatorAwayError, AnnotatorError
from activeseed.protocols import Assignment

pytestmark = pytest.mark.usefixtures("nothing_left_open")

TOKEN = "f" * 40


def _wait(connection: Connection, seconds: float) -> None:
    """Waits for nothing, and holds the connection in a cycle."""


Reply = tuple[int, dict[str, str], str]
VERSION: Reply = (200, {"Content-Type": "application/json"}, json.dumps({"release": "1.23.2"}))


def page(status: int, **more: Any) -> Reply:
    return status, {"Content-Type": "application/json", "Set-Cookie": "sessionid=secretcookie"}, json.dumps(more)


class Played:
    """A server that answers what it is told to."""

    def __init__(self, reply: Callable[[str, str], Reply]) -> None:
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.connections = 0
        self.hangs_up = True
        played = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                played.connections += 1
                super().setup()

            def answer(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                self.rfile.read(length)
                played.asked.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}))
                status, headers, body = reply(self.command, self.path)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                data = body.encode()
                if "Content-Length" not in headers:
                    self.send_header("Content-Length", str(len(data)))
                if played.hangs_up:  # said, so that nobody writes into a connection that is about to close
                    self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(data)
                self.close_connection = played.hangs_up

            do_GET = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815

            def log_message(self, *args: Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()


@contextmanager
def played(reply: Callable[[str, str], Reply]) -> Iterator[tuple[Played, Connection]]:
    server = Played(reply)
    connection = Connection(server.url, SecretStr(TOKEN), patience=0.5, sleep=lambda _: None)
    try:
        yield server, connection
    finally:
        connection.close()
        server.server.shutdown()
        server.server.server_close()


def after_greeting(reply: Callable[[str, str], Reply]) -> Callable[[str, str], Reply]:
    return lambda method, path: VERSION if path.startswith("/api/version") else reply(method, path)


def says(error: ActiveseedError, *parts: str) -> None:
    """One paragraph with these parts, and nothing that should stay with us."""
    text = str(error)
    for part in parts:
        assert part in text, text
    assert "\n" not in text
    assert TOKEN not in text
    assert "secretcookie" not in text
    assert error.__cause__ is None


@pytest.mark.parametrize("release", ["0.9.1", "1.7.3", f"{OLDEST[0]}.{OLDEST[1] - 1}.0"])
def test_an_old_server_is_told_what_it_would_need_to_be(release: str) -> None:
    with played(lambda *_: page(200, release=release)) as (server, connection):
        with pytest.raises(AnnotatorError) as caught:
            connection.version  # noqa: B018
        says(caught.value, server.url, release, f"{OLDEST[0]}.{OLDEST[1]}", "upgrade")
        assert "authorization" not in server.asked[0][2]


@pytest.mark.parametrize("release", [f"{OLDEST[0]}.{OLDEST[1]}", "1.23.2", "1.23.2.dev1", "2.0.0"])
def test_a_server_of_a_good_age_is_welcome(release: str) -> None:
    with played(lambda *_: page(200, release=release)) as (_, connection):
        assert connection.version == release


@pytest.mark.parametrize(
    "reply",
    [(200, {"Content-Type": "text/html"}, "<html>welcome</html>"), page(200), page(200, release=3), page(404),
     page(200, release="soon"), (200, {"Content-Type": "application/json"}, "[1]"), (404, {}, "not here"), page(400)],
)  # fmt: skip
def test_a_server_that_is_no_label_studio_is_not_given_the_token(reply: Reply) -> None:
    with played(lambda *_: reply) as (server, connection):
        with pytest.raises(AnnotatorError) as caught:
            connection.send("POST", "api/projects/", {})
        says(caught.value, server.url, "no Label Studio", "url")
        assert not isinstance(caught.value, AnnotatorAwayError)
        assert all("authorization" not in headers for _, _, headers in server.asked)


@pytest.mark.parametrize(
    ("status", "kind", "parts"),
    [
        (401, AnnotatorError, ("token", "revoked", "ACTIVESEED_LABEL_STUDIO_TOKEN")),
        (403, AnnotatorError, ("not let this user", "access to the project")),
        (404, MissingError, ("no such thing",)),
        (400, RefusedError, ("refused", "400")),
        (409, RefusedError, ("409",)),
        (429, BusyError, ("429", "again")),
        (500, UnclearError, ("500", "again")),
        (502, UnclearError, ("502",)),
        (503, UnclearError, ("503",)),
    ],
)
def test_what_a_status_means_for_a_call_that_changes_something(
    status: int, kind: type[ActiveseedError], parts: tuple[str, ...]
) -> None:
    reply = after_greeting(lambda *_: page(status, detail=f"said so {TOKEN}"))
    with played(reply) as (server, connection):
        for call in (
            lambda: connection.send("POST", "api/projects/1/import", [{}]),
            lambda: connection.sdk(lambda ls: ls.projects.create(title="abc", request_options={"max_retries": 0})),
        ):
            server.asked.clear()
            with pytest.raises(kind) as caught:
                call()
            assert type(caught.value) is kind
            says(caught.value, server.url, *parts)
            assert sum(method == "POST" for method, _, _ in server.asked) == 1, "never sent twice"


def test_validation_errors_of_the_server_are_passed_on_short() -> None:
    errors = {"label_config": ["not well-formed (invalid token)"], "non_field_errors": ["x" * 1000]}
    with played(after_greeting(lambda *_: page(400, detail="Validation error", validation_errors=errors))) as (_, c):
        with pytest.raises(RefusedError) as caught:
            c.send("POST", "api/projects/", {})
        assert caught.value.said.startswith("label_config: not well-formed (invalid token)")
        assert len(caught.value.said) <= 300


def test_reading_is_tried_again_and_what_the_server_asks_for_is_honoured() -> None:
    waits: list[float] = []
    left = iter([503, 429, 200])

    def reply(*_: str) -> Reply:
        status = next(left)
        return status, {"Content-Type": "application/json", "Retry-After": "0.4"}, '{"results": []}'

    with played(after_greeting(reply)) as (_, connection):
        connection.sleep = waits.append
        assert connection.read("api/projects/") == {"results": []}
    assert waits == [0.4, 0.4]


@pytest.mark.parametrize("told", ["3600", "inf", "1e9"])
def test_a_server_that_wants_more_patience_than_there_is_is_away(told: str) -> None:
    reply = after_greeting(lambda *_: (429, {"Retry-After": told}, ""))
    with played(reply) as (_, connection), pytest.raises(AnnotatorAwayError) as caught:
        connection.read("api/projects/")
    says(caught.value, "429")


@pytest.mark.parametrize("told", ["nan", "-3", "soon", "Wed, 21 Oct 2065 07:28:00 GMT", ""])
def test_a_wait_that_says_nothing_is_none(told: str) -> None:
    left = iter([(429, {"Retry-After": told}, ""), page(200, a=1)])
    with played(after_greeting(lambda *_: next(left))) as (_, connection):
        assert connection.read("api/projects/") == {"a": 1}


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_answer_that_was_cut_off_is_no_other_server(method: str) -> None:
    for headers in ({"Content-Type": "application/json"}, {"Content-Type": "application/json", "Content-Length": "99"}):
        with played(after_greeting(lambda *_, h=headers: (200, h, '{"results": ['))) as (_, connection):
            with pytest.raises(BusyError) as caught:
                connection.read("api/x") if method == "GET" else connection.send("POST", "api/x", {})
            assert isinstance(caught.value, UnclearError) == (method == "POST")
            says(caught.value, "again")


def test_a_redirect_names_the_address_to_write() -> None:
    reply = (301, {"Location": "https://user:pw@labels.example.org/"}, "")
    with played(lambda *_: reply) as (server, connection):
        with pytest.raises(AnnotatorError) as caught:
            connection.read("api/projects/")
        says(caught.value, server.url, "redirects to https://…@labels.example.org/", "url")


def test_a_plain_server_under_https_says_what_to_change() -> None:
    with played(lambda *_: VERSION) as (server, _):
        secure = Connection(server.url.replace("http://", "https://"), SecretStr(TOKEN), patience=0.0)
        with pytest.raises(AnnotatorError) as caught:
            secure.read("api/projects/")
        says(caught.value, "https://", "http://", "SSL_CERT_FILE")
        assert not isinstance(caught.value, AnnotatorAwayError)
        secure.close()


def test_nobody_there_and_a_server_that_hangs_up_are_waited_for() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        nobody = Connection(url, SecretStr(TOKEN), patience=0.0)
        with pytest.raises(AnnotatorAwayError) as caught:
            nobody.read("api/projects/")
        says(caught.value, url, "Nothing answers", "url", "activeseed label-studio up")
        bound.listen()

        def hang_up() -> None:
            bound.accept()[0].close()

        threading.Thread(target=hang_up, daemon=True).start()
        with pytest.raises(AnnotatorAwayError) as caught:
            nobody.read("api/projects/")
        says(caught.value, url, "broke off")
        nobody.close()


def test_a_name_that_is_nobodys() -> None:
    nobody = Connection("http://no-such-host.invalid", SecretStr(TOKEN), patience=0.0)
    with pytest.raises(AnnotatorAwayError) as caught:
        nobody.read("api/projects/")
    says(caught.value, "no-such-host.invalid", "address right")
    nobody.close()


def test_a_record_connects_only_when_it_is_used(tmp_path: Path) -> None:
    channel = LabelStudio(url="http://127.0.0.1:1").assigned(Assignment(folder=tmp_path, study="s", title="t"))
    assert channel.kind == "label_studio"
    assert channel.poll([]) == []
    assert channel.withdraw([]) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("here", "connections"), [(True, 4), (False, 1)])
def test_connections_are_kept_to_a_server_elsewhere_only(
    here: bool, connections: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The greeting and three calls. On this machine a kept connection makes the kernel wait before it acknowledges."""
    monkeypatch.setattr(talking, "is_loopback", lambda host: here)
    with played(lambda method, path: VERSION) as (server, connection):
        server.hangs_up = False
        for _ in range(2):
            connection.read("api/projects/")
        connection.send("POST", "api/projects/", {})
        assert len(server.asked) == 4
        assert server.connections == connections


@pytest.mark.parametrize("how", ["closed", "dropped", "dropped in a cycle", "never closed"])
def test_no_socket_is_left_to_the_collector(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last one shows that the warning would come: a client of the same library that nobody closes."""
    monkeypatch.setattr(talking, "is_loopback", lambda host: False)  # connections are kept, as to a server elsewhere
    with played(lambda method, path: VERSION) as (server, _), warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", ResourceWarning)
        server.hangs_up = False
        if how == "never closed":
            careless = httpx.Client()
            careless.get(f"{server.url}/api/version")
            del careless
        else:
            mine = Connection(server.url, SecretStr(TOKEN), patience=0.0)
            mine.read("api/projects/")
            if how == "closed":
                mine.close()
                mine.read("api/projects/")  # and can be used again
                mine.close()
            elif how == "dropped in a cycle":
                mine.sleep = partial(_wait, mine)
            del mine
        gc.collect()
        unclosed = [w for w in said if "unclosed <socket" in str(w.message)]
        assert bool(unclosed) == (how == "never closed")
