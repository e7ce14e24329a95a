"""A Label Studio server of one's own: started on loopback with its data in one folder, stopped again, found again."""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from activeseed.annotators.label_studio.addresses import is_loopback
from activeseed.annotators.label_studio.installation import (
    Installation,
    cache_folder,
    locked,
    surroundings,
    tail,
)
from activeseed.annotators.label_studio.people import Person, add_people
from activeseed.errors import AnnotatorError, ConfigError

LOOPBACK = "127.0.0.1"
DATABASE = "label_studio.sqlite3"


@dataclass
class Server:
    """A running server.

    Attributes:
        folder: its data, its log, its lock.
        venv: the environment that it runs from.
        process: where this process started it; None for one that was found running.
    """

    folder: Path
    host: str
    port: int
    pid: int
    venv: Path
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """Where a browser or a program of this machine finds it."""
        host = LOOPBACK if self.host in ("0.0.0.0", "::") else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    def alive(self) -> bool:
        if self.process is not None:
            return self.process.poll() is None
        return _held(self.folder)

    def stop(self, seconds: float = 15.0) -> None:
        """Ask it to end, and end it if it does not. What it had answered is on disk either way (SQLite)."""
        self._end(signal.SIGTERM)
        if not self._gone(seconds):
            self.kill()

    def kill(self) -> None:
        """End it without asking (SIGKILL)."""
        self._end(signal.SIGKILL)
        self._gone(10.0)

    def _end(self, how: signal.Signals) -> None:
        # its own session, so its process group is itself and what it started
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if self.alive():
                os.killpg(self.pid, how)

    def _gone(self, seconds: float) -> bool:
        until = time.monotonic() + seconds
        while self.alive():
            if time.monotonic() > until:
                return False
            time.sleep(0.05)
        return True


def environment(folder: Path, host: str = LOOPBACK) -> dict[str, str]:
    """What a server on the data of ``folder`` runs with: every setting is said, none can be inherited."""
    own = {
        "BASE_DATA_DIR": str(folder / "data"),
        "ENABLE_LEGACY_API_TOKEN": "true",
        "DISABLE_SIGNUP_WITHOUT_LINK": "true",
        "COLLECT_ANALYTICS": "false",
        "LATEST_VERSION_CHECK": "false",
        "SENTRY_DSN": "",
        "FRONTEND_SENTRY_DSN": "",
        # a page of another origin has no business here
        "CORS_ALLOW_ALL_ORIGINS": "false",
    }
    if is_loopback(host):
        # Webhooks to `activeseed serve` go to loopback, which the protection against forged requests refuses. Whoever
        # can log in to a server on loopback is on this machine already and gains nothing; on any other address the
        # protection stays, and polling does without webhooks.
        own["SSRF_PROTECTION_ENABLED"] = "false"
        own["ML_BLOCK_LOCAL_IP"] = "false"  # the same protection, for ML backends
        own["ALLOWED_HOSTS"] = "127.0.0.1,localhost,[::1]"
    return {
        **surroundings(),
        **{f"LABEL_STUDIO_{name}": value for name, value in own.items()},
        "DJANGO_DB": "sqlite",
        "LOG_LEVEL": "WARNING",
        "XDG_CONFIG_HOME": str(folder / "config"),
        "PYTHONUNBUFFERED": "1",
        "PYTHONNOUSERSITE": "1",
    }


def prepare(installation: Installation, folder: Path, people: Sequence[Person], host: str = LOOPBACK) -> list[str]:
    """Make the data of ``folder`` ready for these people; returns who is new.

    A new folder starts from a database that was migrated once for all projects of this user and holds nobody; without
    it this takes half a minute more. No server may be running on the folder.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)  # the database holds everybody's tokens, and Label Studio makes it readable for all
    database = folder / "data" / DATABASE
    if not database.exists():
        migrated = _migrated(installation)
        database.parent.mkdir(mode=0o700, exist_ok=True)
        shutil.copy(migrated, database.with_suffix(".part"))
        os.replace(database.with_suffix(".part"), database)
    return add_people(installation, environment(folder, host), folder, people)


def _migrated(installation: Installation) -> Path:
    """An empty database of this release, from the cache."""
    cache = cache_folder()
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    ready = cache / f"label-studio-{installation.version}.sqlite3"
    if ready.exists():
        return ready
    with locked(ready.with_suffix(".lock")):
        if not ready.exists():
            making = cache / f"label-studio-{installation.version}.making"
            shutil.rmtree(making, ignore_errors=True)  # of a process that was killed: the lock is ours
            making.mkdir(mode=0o700)
            add_people(installation, environment(making), making, [])
            os.replace(making / "data" / DATABASE, ready)
            shutil.rmtree(making, ignore_errors=True)
    return ready


def free_port(host: str = LOOPBACK) -> int:
    """A port that nobody listens on just now."""
    with contextlib.closing(socket.socket(_family(host))) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Whether a server could listen there: nobody answers on loopback, and the address can be bound."""
    for at in {LOOPBACK, host} - {"0.0.0.0", "::"}:
        with contextlib.closing(socket.socket(_family(at))) as caller:
            caller.settimeout(1.0)
            if caller.connect_ex((at, port)) == 0:
                return False
    try:
        with contextlib.closing(socket.socket(_family(host))) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError:
        return False
    return True


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def running(folder: Path) -> Server | None:
    """The server that runs on the data of ``folder``, whoever started it."""
    if not _held(folder):
        return None
    for _ in range(50):  # it writes its address just after it took the lock
        if (found := last(folder)) is not None:
            return found
        time.sleep(0.1)
    raise AnnotatorError(f"A server runs on {folder}, but {folder / 'server.json'} does not say where. End it by hand.")


def last(folder: Path) -> Server | None:
    """The server that was started last on the data of ``folder``, whether or not it still runs."""
    try:
        said = json.loads((folder / "server.json").read_text("utf-8"))
        return Server(folder, said["host"], said["port"], said["pid"], Path(said["venv"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _held(folder: Path) -> bool:
    """Whether a server process has the folder's lock: it inherits it, so it holds until that process has ended."""
    try:
        with (folder / "server.lock").open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def start(
    installation: Installation, folder: Path, *, host: str = LOOPBACK, port: int = 0, seconds: float = 240.0
) -> Server:
    """Start a server on data that ``prepare`` made, and wait until it answers: 4 to 9 s, longer on a busy machine.

    It runs in a session of its own: a Ctrl-C meant for us does not reach it, and it outlives us unless it is stopped.

    Args:
        port: 0 takes any that is free. Label Studio itself would silently take the next one where a port is busy.

    Raises:
        ConfigError: the port is busy.
        AnnotatorError: a server runs on this folder already, or this one did not start; with the end of its log.
    """
    port = port or free_port(host)
    if not is_free(port, host):
        raise ConfigError(f"Port {port} of {host} is busy. Name another with --port N, or stop what listens there.")
    lock = (folder / "server.lock").open("a+b")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AnnotatorError(f"A server runs on {folder} already. Two on the same data would damage it.") from None
        (folder / "server.json").unlink(missing_ok=True)  # of the one before: nobody may read it for this one's
        with (folder / "server.log").open("wb") as log:
            try:
                process = subprocess.Popen(
                    [installation.program, "start", "--no-browser", "--internal-host", host, "--port", str(port)],
                    env=environment(folder, host),
                    cwd=folder,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    pass_fds=[lock.fileno()],
                )
            except OSError as error:
                raise AnnotatorError(f"{installation.program} can't be run: {error.strerror}.") from error
        server = Server(folder, host, port, process.pid, installation.venv, process)
        said = {"host": host, "port": port, "pid": process.pid, "venv": str(installation.venv)}
        (folder / "server.json").write_text(json.dumps(said), "utf-8")
    try:
        _wait_for(server, seconds)
    except BaseException:
        server.kill()
        raise
    return server


def _wait_for(server: Server, seconds: float) -> None:
    until = time.monotonic() + seconds
    while not answers(server):
        if not server.alive():
            raise AnnotatorError(f"Label Studio did not start. The end of its log, {server.log}:\n{tail(server.log)}")
        if time.monotonic() > until:
            raise AnnotatorError(
                f"Label Studio did not answer within {seconds:.0f} s. The end of its log, {server.log}:\n"
                f"{tail(server.log)}"
            )
        time.sleep(0.2)
    # Somebody may have taken the port since it was looked at; then the one that answered is theirs.
    if not server.alive() or f"Port {server.port} is in use" in tail(server.log, 200):
        raise ConfigError(f"Port {server.port} was taken by another program just now. Try again, or name another.")


def answers(server: Server, seconds: float = 2.0) -> bool:
    """Whether it says that it is well."""
    host, port = server.url.removeprefix("http://").rsplit(":", 1)
    connection = http.client.HTTPConnection(host.strip("[]"), int(port), timeout=seconds)
    try:
        connection.request("GET", "/health")
        response = connection.getresponse()
        return response.status == 200 and b"UP" in response.read(200)
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
