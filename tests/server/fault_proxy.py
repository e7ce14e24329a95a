"""A real HTTP proxy on loopback that does to requests what networks and gateways do to them.

It stands between a client and a real server, asks its plan about every request, and delays it, drops it, answers in the
server's place, or lets the server store something and keeps the client from hearing of it. What it did is in ``log``.
"""

from __future__ import annotations

import contextlib
import http.client
import re
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Literal
from urllib.parse import urlsplit

import numpy as np

Kind = Literal[
    "delay",  # forwards after `seconds`
    "drop",  # closes the connection; the server never hears of the request
    "drop_answer",  # forwards, then closes the connection instead of answering
    "truncate",  # forwards, answers with half of the body, closes
    "rate_limited",  # 429 with Retry-After: `seconds`; not forwarded
    "server_error",  # 500; not forwarded
    "bad_gateway",  # 502; not forwarded
    "stored_bad_gateway",  # forwards, lets the server finish, answers 502
    "stored_silence",  # forwards, lets the server finish, says nothing until the client gives up
    "late",  # answers 504 at once and forwards `seconds` later: the gateway gave up, the request did not
    "twice",  # forwards it twice one after the other, as a gateway that retries by itself does; answers once
    "unauthorized",  # 401; not forwarded
    "web_page",  # 200 and a page for people, as a hotel's network or a login in front of the server does
    "first",  # calls `act`, then forwards
    "during",  # forwards, and calls `act` `seconds` later while the server works on it
]
#: faults that a client can wait out, as a network deals them; some leave open whether the server stored what was sent
MISHAPS: tuple[Kind, ...] = (
    "delay", "drop", "drop_answer", "truncate", "rate_limited", "server_error", "bad_gateway", "stored_bad_gateway",
)  # fmt: skip
#: longest that a silent answer is held open, whatever the client does
LONGEST = 120.0
_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "upgrade", "proxy-connection", "content-length"}


@dataclass(frozen=True)
class Fault:
    """What happens to one request; see ``Kind``."""

    kind: Kind
    seconds: float = 0.0
    act: Callable[[], object] | None = None


@dataclass(frozen=True)
class Request:
    """One request as the proxy saw it; ``status`` is what the server said, 0 where it said nothing."""

    number: int
    method: str
    path: str
    size: int
    fault: Kind | None = None
    status: int = 0


Plan = Callable[[Request], Fault | None]


def on(fault: Fault, method: str = "", path: str = "", *, skip: int = 0, times: int = 1) -> Plan:
    """A plan: this fault, ``times`` times, for requests of a method to a path, after the first ``skip`` of them."""
    seen, lock = 0, threading.Lock()

    def plan(request: Request) -> Fault | None:
        nonlocal seen
        if (method and request.method != method) or not re.search(path, request.path):
            return None
        with lock:
            seen += 1
            return fault if skip < seen <= skip + times else None

    return plan


def at_random(key: int, share: float, kinds: Sequence[Kind] = MISHAPS, seconds: float = 0.2) -> Plan:
    """A plan: this share of the requests meets one of these faults; which ones is a function of key and number."""

    def plan(request: Request) -> Fault | None:
        draw = np.random.Generator(np.random.Philox(key=[key, request.number]))
        return Fault(kinds[int(draw.integers(len(kinds)))], seconds) if draw.random() < share else None

    return plan


class FaultProxy:
    """A proxy in threads of this process; use it in a ``with``.

    Args:
        upstream: address of the server.
        plan: asked about every request; may be replaced at any time. None forwards everything.
        retry_after: the text of Retry-After; by default the seconds of the fault.

    Attributes:
        url: where clients find it.
        clock: how far the server's clock seems to be wrong: moves the time that it says with every answer.
        log: what it saw and did, each request before its client can read the answer.
    """

    def __init__(self, upstream: str, plan: Plan | None = None, retry_after: str | None = None) -> None:
        parts = urlsplit(upstream)
        self.upstream = (parts.hostname or "127.0.0.1", parts.port or 80)
        self.plan = plan
        self.retry_after = retry_after
        self.clock = timedelta()
        self.log: list[Request] = []
        self._count = 0
        self._lock = threading.Lock()
        self._later: list[threading.Thread] = []
        self._closed = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> FaultProxy:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._closed.set()
        self.settle()
        self._server.shutdown()
        self._server.server_close()

    @property
    def faults(self) -> list[Kind]:
        """The faults that were dealt so far."""
        with self._lock:
            return [r.fault for r in self.log if r.fault is not None]

    @contextlib.contextmanager
    def planned(self, plan: Plan | None) -> Iterator[FaultProxy]:
        """This plan for as long as the block lasts."""
        before, self.plan = self.plan, plan
        try:
            yield self
        finally:
            self.plan = before

    def settle(self) -> None:
        """Wait until the server has answered what was forwarded late."""
        for thread in list(self._later):
            thread.join(LONGEST)

    def meet(self, method: str, path: str, size: int) -> tuple[Request, Fault | None]:
        """Number a request and ask the plan."""
        with self._lock:
            self._count += 1
            request = Request(self._count, method, path, size)
        return request, self.plan(request) if self.plan is not None else None

    def done(self, request: Request, fault: Fault | None, status: int) -> None:
        """Write down what became of a request."""
        with self._lock:
            self.log.append(replace(request, fault=fault.kind if fault else None, status=status))

    def forward(self, ask: _Ask, sent: Callable[[], object] | None = None) -> _Answer | None:
        """Ask the server, calling ``sent`` once the request is out; None where the server closed or is not there."""
        connection = http.client.HTTPConnection(*self.upstream, timeout=LONGEST)
        try:
            connection.request(ask.method, ask.path, ask.body or None, ask.headers)
            if sent is not None:
                sent()
            got = connection.getresponse()
            headers = [(k, self._moved(k, v)) for k, v in got.getheaders() if k.lower() not in _HOP]
            return _Answer(got.status, headers, got.read())
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def _moved(self, name: str, value: str) -> str:
        return format_datetime(parsedate_to_datetime(value) + self.clock, True) if name.lower() == "date" else value

    def later(self, seconds: float, act: Callable[[], object]) -> None:
        """Do something in a while; ``settle`` waits for it."""

        def wait() -> None:
            time.sleep(seconds)
            act()

        thread = threading.Thread(target=wait, daemon=True)
        self._later.append(thread)
        thread.start()

    def hold(self, connection: socket.socket) -> None:
        """Say nothing until the other side gives up, we are closed, or it took too long."""
        until = time.monotonic() + LONGEST
        while time.monotonic() < until and not self._closed.is_set():
            if select.select([connection], [], [], 0.05)[0] and not connection.recv(1, socket.MSG_PEEK):
                return


@dataclass(frozen=True)
class _Ask:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class _Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes


def _handler(proxy: FaultProxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # connections stay open between requests, as a client expects
        wbufsize = -1  # head and body leave together

        def handle(self) -> None:
            with contextlib.suppress(ConnectionError):  # the client has gone: its right
                super().handle()

        def log_message(self, format: str, *args: object) -> None:
            pass

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {k: v for k, v in self.headers.items() if k.lower() not in {*_HOP, "host"}}
            ask = _Ask(self.command, self.path, headers, body)
            request, fault = proxy.meet(self.command, self.path, len(body))
            status, reply = 0, self._reset
            try:
                status, reply = self._deal(fault, ask)
            finally:  # before the client reads it: whoever has its answer finds the request in the log
                proxy.done(request, fault, status)
            reply()

        def _deal(self, fault: Fault | None, ask: _Ask) -> tuple[int, Callable[[], None]]:
            """Do what the plan says; returns what the server said, and what answers the client."""
            kind = fault.kind if fault else None
            seconds = fault.seconds if fault else 0.0
            if kind == "drop":
                return 0, self._reset
            if kind == "rate_limited":
                told = proxy.retry_after if proxy.retry_after is not None else f"{seconds:g}"
                return 0, self._saying(429, b'{"detail": "Request was throttled."}', ("Retry-After", told))
            if kind == "unauthorized":
                return 0, self._saying(401, b'{"detail": "Authentication credentials were not provided."}')
            if kind == "server_error":
                return 0, self._saying(500, b'{"detail": "Internal server error"}')
            if kind == "bad_gateway":
                return 0, self._page(502, "502 Bad Gateway")
            if kind == "web_page":
                return 0, self._page(200, "Welcome to the network")
            if kind == "late":
                proxy.later(seconds, lambda: proxy.forward(ask))
                return 0, self._page(504, "504 Gateway Time-out")
            if kind == "delay":
                time.sleep(seconds)
            if kind == "first" and fault is not None and fault.act is not None:
                fault.act()
            if kind == "twice":
                proxy.forward(ask)
            act = fault.act if fault is not None and kind == "during" else None
            answer = proxy.forward(ask, None if act is None else lambda: proxy.later(seconds, act))
            if answer is None:  # the server was killed under it: its connection would have been closed
                return 0, self._reset if kind == "during" else self._page(502, "502 Bad Gateway")
            if kind == "drop_answer":
                return answer.status, self._reset
            if kind == "stored_bad_gateway":
                return answer.status, self._page(502, "502 Bad Gateway")
            if kind == "stored_silence":
                return answer.status, self._silence
            return answer.status, self._saying(answer.status, answer.body, *answer.headers, half=kind == "truncate")

        def _page(self, status: int, title: str) -> Callable[[], None]:
            return self._saying(status, f"<html><h1>{title}</h1></html>".encode(), ("Content-Type", "text/html"))

        def _saying(
            self, status: int, body: bytes, *headers: tuple[str, str], half: bool = False
        ) -> Callable[[], None]:
            return lambda: self._say(status, body, *headers, half=half)

        def _silence(self) -> None:
            proxy.hold(self.connection)
            self._reset()

        def _say(self, status: int, body: bytes, *headers: tuple[str, str], half: bool = False) -> None:
            self.send_response_only(status)
            for name, value in headers:
                self.send_header(name, value)
            bodiless = self.command == "HEAD" or status in (204, 304)
            if not bodiless:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if not bodiless:
                self.wfile.write(body[: len(body) // 2] if half else body)
            self.wfile.flush()
            if half:
                self._reset()

        def _reset(self) -> None:
            """Close at once; what was written and not read yet may be lost, as with a cable pulled."""
            self.close_connection = True
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = do_HEAD = _serve  # noqa: N815 (the names http.server wants)

    return Handler
