"""Each fault of the proxy really happens: a tiny real server counts what reaches it, a real client sees the rest."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from tests.server.fault_proxy import MISHAPS, Fault, FaultProxy, Kind, Request, at_random, on

pytestmark = pytest.mark.usefixtures("nothing_left_open")

BODY = b'{"stored": "' + b"x" * 2000 + b'"}'


class Tiny(ThreadingHTTPServer):
    """Stores what is posted, after a while where it is told to be slow."""

    daemon_threads = True

    def __init__(self) -> None:
        self.stored: list[bytes] = []
        self.slow = 0.0
        self.address = ""
        super().__init__(("127.0.0.1", 0), _Handler)
        self.address = f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Tiny
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        time.sleep(self.server.slow)
        self.server.stored.append(body)
        self._say(201, BODY)

    def do_GET(self) -> None:
        self._say(200, self.path.encode() + b" " + str(self.headers.get("authorization")).encode())

    def do_DELETE(self) -> None:
        self._say(204, b"")

    def _say(self, status: int, body: bytes) -> None:
        self.send_response_only(status)
        self.send_header("X-From", "tiny")
        self.send_header("Date", "Tue, 24 Nov 2026 20:00:00 GMT")
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def tiny() -> Iterator[Tiny]:
    server = Tiny()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def proxy(tiny: Tiny) -> Iterator[FaultProxy]:
    with FaultProxy(tiny.address) as made:
        yield made


def post(proxy: FaultProxy, fault: Fault, timeout: float = 20.0) -> httpx.Response:
    with proxy.planned(on(fault, "POST")):
        return httpx.post(proxy.url + "/import?a=1", content=b"task", timeout=timeout)


def test_without_a_fault_nothing_is_changed(tiny: Tiny, proxy: FaultProxy) -> None:
    with httpx.Client() as client:
        for _ in range(3):  # over one connection
            got = client.get(proxy.url + "/a%20b?c=d", headers={"Authorization": "Token t"})
            assert (got.status_code, got.content, got.headers["x-from"]) == (200, b"/a%20b?c=d Token t", "tiny")
        assert client.post(proxy.url + "/import", content=b"task").content == BODY
        assert client.delete(proxy.url + "/task").status_code == 204
        assert client.get(proxy.url + "/after").status_code == 200
    assert tiny.stored == [b"task"]
    assert [(r.method, r.status, r.fault) for r in proxy.log[-3:]] == [
        ("POST", 201, None), ("DELETE", 204, None), ("GET", 200, None),
    ]  # fmt: skip


def test_a_delay(tiny: Tiny, proxy: FaultProxy) -> None:
    with pytest.raises(httpx.ReadTimeout):
        post(proxy, Fault("delay", 0.5), timeout=0.1)
    assert post(proxy, Fault("delay", 0.1)).status_code == 201


@pytest.mark.parametrize(
    ("kind", "error", "stored"),
    [
        ("drop", (httpx.ReadError, httpx.RemoteProtocolError), 0),
        ("drop_answer", (httpx.ReadError, httpx.RemoteProtocolError), 1),
        ("truncate", (httpx.ReadError, httpx.RemoteProtocolError), 1),
    ],
)
def test_a_lost_connection(
    tiny: Tiny, proxy: FaultProxy, kind: Kind, error: tuple[type[Exception], ...], stored: int
) -> None:
    with pytest.raises(error):
        post(proxy, Fault(kind))
    assert len(tiny.stored) == stored
    assert proxy.faults == [kind]
    assert httpx.get(proxy.url + "/next").status_code == 200


def test_a_truncated_body_is_half_of_it(tiny: Tiny, proxy: FaultProxy) -> None:
    # the reset may overtake what was sent, so that a client sees half of the body or less, never more
    proxy.plan = on(Fault("truncate"))
    with socket.create_connection(("127.0.0.1", int(proxy.url.rpartition(":")[2]))) as raw:
        raw.sendall(b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 4\r\n\r\ntask")
        got = b""
        try:
            while chunk := raw.recv(65536):
                got += chunk
        except ConnectionResetError:
            pass
    head, _, body = got.partition(b"\r\n\r\n")
    assert f"Content-Length: {len(BODY)}".encode() in head or not head
    assert BODY.startswith(body)
    assert len(body) <= len(BODY) // 2


@pytest.mark.parametrize(
    ("kind", "status", "stored"),
    [
        ("rate_limited", 429, 0), ("server_error", 500, 0), ("bad_gateway", 502, 0), ("web_page", 200, 0),
        ("unauthorized", 401, 0),
        ("stored_bad_gateway", 502, 1), ("twice", 201, 2),
    ],
)  # fmt: skip
def test_an_answer_that_is_not_the_servers(tiny: Tiny, proxy: FaultProxy, kind: Kind, status: int, stored: int) -> None:
    got = post(proxy, Fault(kind, 7))
    assert (got.status_code, len(tiny.stored)) == (status, stored)
    assert got.headers.get("retry-after") == ("7" if kind == "rate_limited" else None)


def test_silence_after_storing_until_the_client_gives_up(tiny: Tiny, proxy: FaultProxy) -> None:
    with pytest.raises(httpx.ReadTimeout):
        post(proxy, Fault("stored_silence"), timeout=0.3)
    assert tiny.stored == [b"task"]


def test_a_gateway_gives_up_and_its_request_does_not(tiny: Tiny, proxy: FaultProxy) -> None:
    assert post(proxy, Fault("late", 0.3)).status_code == 504
    assert tiny.stored == []
    proxy.settle()
    assert tiny.stored == [b"task"]


def test_something_happens_first_or_while_the_server_works(tiny: Tiny, proxy: FaultProxy) -> None:
    stored: list[int] = []
    tiny.slow = 0.4
    post(proxy, Fault("first", act=lambda: stored.append(len(tiny.stored))))
    post(proxy, Fault("during", 0.05, lambda: stored.append(len(tiny.stored))))
    assert stored == [0, 1]
    assert len(tiny.stored) == 2


def test_the_time_that_the_server_says_is_moved(tiny: Tiny, proxy: FaultProxy) -> None:
    assert httpx.get(proxy.url).headers["date"] == "Tue, 24 Nov 2026 20:00:00 GMT"
    proxy.clock = timedelta(days=1)
    assert httpx.get(proxy.url).headers["date"] == "Wed, 25 Nov 2026 20:00:00 GMT"


def test_a_server_that_is_gone_is_a_bad_gateway(tiny: Tiny) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with FaultProxy(f"http://127.0.0.1:{port}") as proxy:
        assert httpx.get(proxy.url).status_code == 502


def test_a_plan_picks_its_requests() -> None:
    plan = on(Fault("drop"), "POST", "/import", skip=1, times=2)
    asked = [("POST", "/import"), ("GET", "/import"), ("POST", "/x"), ("POST", "/import"), ("POST", "/import")] * 2
    hit = [k for k, (method, path) in enumerate(asked) if plan(Request(k, method, path, 0))]
    assert hit == [3, 4]


def test_a_random_plan_depends_on_its_key_alone_and_deals_every_fault() -> None:
    requests = [Request(n, "GET", "/", 0) for n in range(2000)]
    once, again, other = ([plan(r) for r in requests] for plan in (at_random(k, 0.3) for k in (5, 5, 6)))
    assert once == again != other
    dealt = Counter(f.kind for f in once if f is not None)
    assert set(dealt) == set(MISHAPS)
    # binomial(2000, 0.3) has a standard deviation of 20.5; the key is fixed, so this is no matter of chance
    assert abs(sum(dealt.values()) - 600) < 100
