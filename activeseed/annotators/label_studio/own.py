"""A project's own server: its people, its token, its port, from one call to the next.

Everything is kept in the project's folder: ``.activeseed/label_studio/server/`` holds the server's data, its log and
``logins.json``, readable for its owner alone.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from activeseed.annotators.label_studio.installation import Installation
from activeseed.annotators.label_studio.local import (
    DATABASE,
    LOOPBACK,
    Server,
    environment,
    free_port,
    is_free,
    last,
    prepare,
    running,
    start,
)
from activeseed.annotators.label_studio.people import Person, add_people, new_password, new_token
from activeseed.annotators.label_studio.private import make_private
from activeseed.errors import AnnotatorError, ConfigError, FolderError

ADMIN = "admin@localhost"
PORT = 8080


@dataclass(frozen=True)
class Opened:
    """A project's server that runs.

    Attributes:
        new: who was made just now; their passwords are in the file of logins too.
        found: it ran already.
    """

    server: Server
    people: tuple[Person, ...]
    new: tuple[Person, ...]
    found: bool

    @property
    def admin(self) -> Person:
        return next(p for p in self.people if p.admin)


def home_of(project: Path) -> Path:
    """Where a project's own server keeps everything."""
    return project.absolute() / ".activeseed" / "label_studio" / "server"


def logins_of(project: Path) -> Path:
    """The file of e-mails, passwords and the token (mode 0600)."""
    return home_of(project) / "logins.json"


def was_at(project: Path, url: str) -> bool:
    """Whether the project's own server is, or was the last time, at this address."""
    found = last(home_of(project))
    return found is not None and found.url == url.rstrip("/")


def venv_of(project: Path) -> Path | None:
    """The environment that the project's server ran from the last time, if it is still there."""
    found = last(home_of(project))
    return found.venv if found is not None and found.venv.is_dir() else None


def open_server(
    project: Path,
    installed: Callable[[], Installation],
    *,
    token_file: Path,
    host: str = LOOPBACK,
    port: int = 0,
    usual: int = 0,
    email: str = "",
    annotators: Sequence[str] = (),
    say: Callable[[str], None] = print,
) -> Opened:
    """The project's server, started unless it runs, with these people, and with the token where the study reads it.

    Args:
        installed: called when an installation is needed.
        token_file: gets the admin's token, mode 0600.
        port: to listen on; 0 takes ``usual``, and where that is 0 too, 8080 or the next that is free.
        usual: where it was the last time; a loop that still runs expects it there.
        email: the admin's, when the server is new.
        annotators: e-mails of more people who can log in; whoever is known already stays as they are.

    Raises:
        ConfigError: a busy port, an e-mail that is none.
        FolderError: the project's folder can't be written.
        AnnotatorError: the server could not be installed, set up or started.
    """
    home = home_of(project)
    for address in (*filter(None, [email]), *annotators):
        _check_email(address)
    known = _read_logins(home)
    people, new = _with(known, email or ADMIN, annotators)
    if email and email != people[0].email:
        raise ConfigError(f"This server's administrator is {people[0].email}. Add {email!r} with --annotator instead.")
    server = running(home)
    if server is None:
        chosen = _port(host, port, usual, say)
        installation = installed()
        _make(home)
        fresh = not (home / "data" / DATABASE).exists()
        if fresh or new:
            say("Setting up the server's database ...")
            _write_logins(home, people)  # before anybody can log in with them
            prepare(installation, home, people if fresh else new, host)
        say("Starting the server ...")
        server = start(installation, home, host=host, port=chosen)
        try:
            people = _let_in(server, installed, people, token_file)
        except BaseException:
            server.kill()
            raise
        return Opened(server, people, new, found=False)
    if (port and port != server.port) or (host != LOOPBACK and host != server.host):
        raise ConfigError(
            f"The server of this project runs already, at {server.url}. To have it elsewhere, stop it first:  "
            "activeseed label-studio down"
        )
    if not known:
        raise AnnotatorError(f"A server runs on {home}, but {home / 'logins.json'} is gone. Stop it; run this again.")
    if new:
        _write_logins(home, people)
        add_people(installed(), environment(home, server.host), home, new)
    return Opened(server, _let_in(server, installed, people, token_file), new, found=True)


def _let_in(
    server: Server, installed: Callable[[], Installation], people: tuple[Person, ...], token_file: Path
) -> tuple[Person, ...]:
    """Make sure that the study's token opens the server, also after it was reset in the browser: the data is ours."""
    if not accepts(server, people[0].token):
        people = (replace(people[0], token=new_token()), *people[1:])
        _write_logins(server.folder, people)
        passwords_stay = [replace(people[0], password="")]
        add_people(installed(), environment(server.folder, server.host), server.folder, passwords_stay)
    _write_secret(token_file, people[0].token)
    return people


def accepts(server: Server, token: str) -> bool:
    """Whether the server lets us in with a token."""
    host, port = server.url.removeprefix("http://").rsplit(":", 1)
    connection = http.client.HTTPConnection(host.strip("[]"), int(port), timeout=60)
    try:
        connection.request("GET", "/api/current-user/whoami", headers={"Authorization": f"Token {token}"})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException) as error:
        raise AnnotatorError(f"The server at {server.url} started, but does not answer: {error}.") from error
    finally:
        connection.close()


def _with(known: Sequence[Person], admin: str, emails: Sequence[str]) -> tuple[tuple[Person, ...], tuple[Person, ...]]:
    """Everybody (the administrator first), and those of them who are new."""
    people, new = list(known), []
    if not any(p.admin for p in people):
        new.append(Person(admin, new_password(), new_token(), admin=True))
        people = [*new, *people]
    for email in emails:
        if all(p.email.lower() != email.lower() for p in people):
            new.append(Person(email, new_password()))
            people.append(new[-1])
    return tuple(people), tuple(new)


def _check_email(address: str) -> None:
    if not re.fullmatch(r"[^\s@<>\"',;]+@[^\s@<>\"',;]+", address) or len(address) > 200:
        raise ConfigError(f"{address!r} is no e-mail address. It is what somebody logs in with: name@example.org.")


def _port(host: str, wanted: int, usual: int, say: Callable[[str], None]) -> int:
    if wanted or usual:
        port = wanted or usual
        if not is_free(port, host):
            where = "" if wanted else ", where this project's server was before,"
            raise ConfigError(f"Port {port}{where} is busy. Stop what listens there, or name another with --port N.")
        return port
    for port in range(PORT, PORT + 20):
        if is_free(port, host):
            if port != PORT:
                say(f"Port {PORT} is busy: taking {port}.")
            return port
    return free_port(host)


def _make(home: Path) -> None:
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        home.chmod(0o700)
        make_private(home.parent)
    except OSError as error:
        raise FolderError(f"{home} can't be made: {error.strerror}. The server's data is kept there.") from error


def _read_logins(home: Path) -> tuple[Person, ...]:
    path = home / "logins.json"
    try:
        people = tuple(Person(**person) for person in json.loads(path.read_text("utf-8"))["people"])
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise FolderError(
            f"{path} can't be read ({type(error).__name__}). Move it away: the next `up` makes new passwords."
        ) from None
    return tuple(sorted(people, key=lambda p: not p.admin))


def _write_logins(home: Path, people: Sequence[Person]) -> None:
    _make(home)
    text = json.dumps({"people": [asdict(p) for p in people]}, indent=2, ensure_ascii=False)
    _write_secret(home / "logins.json", text + "\n")


def _write_secret(path: Path, text: str) -> None:
    """Written whole or not at all, and never readable for anybody else, not for a moment."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.exists() and path.read_text("utf-8") == text and path.stat().st_mode & 0o077 == 0:
            return
        beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(beside, path)
    except OSError as error:
        raise FolderError(f"{path} can't be written: {error.strerror}.") from error


__all__ = ["ADMIN", "Opened", "accepts", "home_of", "logins_of", "open_server", "venv_of", "was_at"]
