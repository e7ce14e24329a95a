"""A web server in a thread of its own: bounded in connections and in the time that a caller may take."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import logging
import socket
import threading
import time
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from activeseed.annotators.label_studio.addresses import is_loopback
from activeseed.errors import ActiveseedError, ConfigError

if TYPE_CHECKING:
    from starlette.applications import Starlette

#: connections at a time; one more is closed without a word
CONNECTIONS = 64
#: seconds in which a request has to have arrived as a whole
ARRIVAL = 20.0
#: seconds that an idle connection is kept
IDLE = 5
#: seconds to wait for the thread to come up, and to end
PATIENCE = 10.0


class BoundedProtocol(H11Protocol):
    """HTTP/1.1 as uvicorn speaks it, with the two limits that it leaves to a server in front of it.

    uvicorn itself never holds more of a body than 64 kB that nobody has read, and throws away what arrives after the
    reply.
    """

    arrival = ARRIVAL
    most = CONNECTIONS
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self.most:
            transport.abort()
        else:
            self._expect_request()

    def data_received(self, data: bytes) -> None:
        self._expect_request()
        super().data_received(data)
        waiting = self.conn.their_state in (h11.IDLE, h11.SEND_BODY)
        between = self.conn.their_state is h11.IDLE and not self.conn.trailing_data[0]
        if not waiting or between:
            self._expect_nothing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._expect_nothing()
        super().connection_lost(exc)

    def _expect_request(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.arrival, self.transport.abort)

    def _expect_nothing(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


@dataclass(frozen=True)
class Listener:
    """A bound address."""

    socket: socket.socket
    host: str
    port: int

    @property
    def address(self) -> str:
        """``http://127.0.0.1:9090``."""
        return f"http://[{self.host}]:{self.port}" if ":" in self.host else f"http://{self.host}:{self.port}"

    @property
    def private(self) -> bool:
        """Whether only this machine can reach it."""
        return is_loopback(self.host)

    @property
    def everywhere(self) -> bool:
        """Whether it is every address of this machine, and so none that could be called."""
        return ipaddress.ip_address(self.host.partition("%")[0]).is_unspecified


def listen(host: str, port: int) -> Listener:
    """Bind an address. Port 0 takes any that is free. Raises ConfigError with what to do."""
    try:
        if port > 65535:  # `create_server` would leave its socket open
            raise OverflowError("a port is at most 65535")
        family, _, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        bound = socket.create_server((str(place[0]), port), family=family)
    except socket.gaierror as error:
        raise ConfigError(f"--host {host}: there is no such address. Leave it out for this machine alone.") from error
    except (OSError, OverflowError) as error:
        raise ConfigError(_why_not(host, port, error)) from error
    return Listener(bound, str(bound.getsockname()[0]), int(bound.getsockname()[1]))


def _why_not(host: str, port: int, error: Exception) -> str:
    code = error.errno if isinstance(error, OSError) else None
    if code == errno.EADDRINUSE:
        return f"Port {port} of {host} is taken by another program. Choose another:  --port {port + 1}"
    if code == errno.EACCES:
        return f"Port {port} may not be used without more rights. Choose one above 1023:  --port 9090"
    if code == errno.EADDRNOTAVAIL:
        return f"--host {host} is no address of this machine. Leave it out for this machine alone."
    return f"Can't listen at {host}, port {port}: {error}. Choose another --host or --port."


class LocalServer:
    """Serves an application until the ``with`` block ends.

    Requests are not logged, neither addresses nor headers; a mistake of our own is shown, as a traceback on stderr.
    """

    def __init__(self, app: Starlette, listener: Listener, protocol: type[BoundedProtocol] = BoundedProtocol) -> None:
        self._listener = listener
        config = uvicorn.Config(
            app,
            http=protocol,
            ws="none",
            loop="asyncio",
            lifespan="off",
            log_config=None,
            log_level=logging.ERROR,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=IDLE,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, args=([listener.socket],), name="activeseed-serve", daemon=True
        )

    def __enter__(self) -> LocalServer:
        self._thread.start()
        end = time.monotonic() + PATIENCE
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > end:
                raise ActiveseedError(f"Nothing answers at {self._listener.address}. Try again, or another --port.")
            time.sleep(0.01)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # who is cut off now is no news
        self._server.should_exit = True
        self._thread.join(PATIENCE)
        self._listener.socket.close()
