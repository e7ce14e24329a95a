"""``activeseed label-studio``: a server of this project's own for whoever has none; is the configured one in order?"""

from __future__ import annotations

import os
import signal
import sys
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from activeseed.cli.options import HERE, TRUSTED, Dir, Json, Yes, confirm, open_study
from activeseed.cli.screen import print_json, say, show
from activeseed.errors import ActiveseedError, AnnotatorError, ConfigError, FolderError, UsageError

if TYPE_CHECKING:
    from types import FrameType

    from activeseed.annotators.label_studio import LabelStudio
    from activeseed.annotators.label_studio.channel import Channel
    from activeseed.annotators.label_studio.own import Opened
    from activeseed.config import Settings
    from activeseed.study import Study


def up(
    folder: Dir = HERE,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, metavar="N", help="Where it listens; else as before, or 8080.")
    ] = 0,
    host: Annotated[
        str, typer.Option("--host", metavar="HOST", help="Who can reach it: by default this machine alone.")
    ] = "127.0.0.1",
    venv: Annotated[
        Path | None,
        typer.Option("--venv", metavar="DIR", help="An environment that holds Label Studio, or is to; else as before."),
    ] = None,
    email: Annotated[
        str, typer.Option("--email", metavar="EMAIL", help="What you log in with, on a new server: admin@localhost.")
    ] = "",
    annotator: Annotated[
        list[str] | None,
        typer.Option("--annotator", metavar="EMAIL", help="Somebody else who can log in; may be given repeatedly."),
    ] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Leave it running, until `label-studio down`.")] = False,
    yes: Yes = False,
) -> None:
    """Start a Label Studio server for this project and make it the project's annotator. Ctrl-C stops it.

    The first time, Label Studio is installed into an environment of its own (3 to 5 minutes, 1 GB), a user is made, and
    activeseed.toml and the access token are written. Everything is kept in the project's folder; the next start takes
    seconds. Then, in another terminal: activeseed loop.

    \b
    Example:
      activeseed label-studio up
      activeseed label-studio up --annotator first@example.org --annotator second@example.org
      activeseed label-studio up --detach --port 8090
    """
    from activeseed.config import read_settings

    settings = read_settings(folder)
    own = _own_module()
    _refuse_other_token()
    from activeseed.annotators.label_studio.installation import Installation, default_venv, find_or_install
    from activeseed.study.trust import trust_program

    record = _record(settings, folder, yes)

    def installed() -> Installation:
        where = venv or own.venv_of(folder) or default_venv()
        if where != default_venv():
            trust_program(folder, where.expanduser().absolute(), venv is not None or TRUSTED.get())
        return find_or_install(where, say)

    opened = own.open_server(
        folder,
        installed,
        token_file=folder / Path(record.token_file).expanduser(),
        host=host,
        port=port,
        usual=_port_of(record) if settings.annotator.kind == record.kind else 0,
        email=email,
        annotators=annotator or (),
        say=say,
    )
    try:
        write_annotator(folder, opened.server.url)
        _tell(folder, opened)
        for kind, link in _projects(folder).items():
            show(f"  {kind} questions are answered at {link}")
        _tell_next(folder, stays=detach or opened.found)
        if not (detach or opened.found):
            _watch(opened)
    except BaseException:
        if not (detach or opened.found):
            opened.server.stop()
        raise


def down(folder: Dir = HERE) -> None:
    """Stop this project's server, whichever terminal it was started in. Everything is kept.

    \b
    Example:
      activeseed label-studio down
    """
    from activeseed.config import read_settings

    read_settings(folder)  # says so where there is no project
    own = _own_module()
    from activeseed.annotators.label_studio.local import running

    server = running(own.home_of(folder))
    if server is None:
        say("No server of this project is running.")
        return
    server.stop()
    show(f"Stopped {server.url}. Everything is kept.")
    say("Start it again:  activeseed label-studio up")


def _own_module() -> Any:
    try:
        import fcntl  # noqa: F401
    except ImportError:
        raise UsageError(
            "A server of one's own can be started on Linux and macOS only. Start Label Studio yourself, and set url "
            "and token_file of [annotator] in activeseed.toml."
        ) from None
    from activeseed.annotators.label_studio import own

    return own


def _record(settings: Settings, folder: Path, yes: bool) -> LabelStudio:
    """The record of the project's annotator, which may have to become Label Studio first; asks where that is a change.

    A project that was just made answers at the terminal: nobody chose that, so nobody is asked.
    """
    from activeseed.annotators.label_studio import LabelStudio
    from activeseed.annotators.label_studio.addresses import is_loopback
    from activeseed.annotators.label_studio.own import was_at
    from activeseed.config import DEFAULTS

    configured = settings.annotator
    if isinstance(configured, LabelStudio):
        if not is_loopback(urlsplit(configured.url).hostname or "") and not was_at(folder, configured.url):
            confirm(
                f"The annotator of {folder / 'activeseed.toml'} is the server at {configured.url}. Take one of this "
                f"machine instead (its token file, {configured.token_file}, will be replaced)?",
                yes,
            )
        return configured
    kind = configured.kind
    if kind != DEFAULTS["annotator"]:
        confirm(f"The annotator of {folder / 'activeseed.toml'} is {kind!r}. Make it this Label Studio server?", yes)
    return LabelStudio()


def _port_of(record: LabelStudio) -> int:
    """The port that the settings name, if that is one of this machine."""
    from activeseed.annotators.label_studio.addresses import is_loopback

    parts = urlsplit(record.url)
    return (parts.port or 0) if is_loopback(parts.hostname or "") else 0


def write_annotator(folder: Path, url: str) -> None:
    """Make ``[annotator]`` of ``activeseed.toml`` the Label Studio server at ``url``; everything else stays as written.

    Raises FolderError where the file can't be written.
    """
    import tomlkit

    from activeseed.annotators.label_studio import LabelStudio
    from activeseed.cli.comments import WIDTH, described, summary

    path = folder / "activeseed.toml"
    try:
        before = path.read_text("utf-8")
        document = tomlkit.parse(before)
        table = document.get("annotator")
        if isinstance(table, dict) and table.get("kind") == "label_studio":
            table["url"] = url
        else:
            words = described(LabelStudio)
            table = tomlkit.table()
            table.add(tomlkit.comment(summary(LabelStudio)))
            for name, value in {"kind": "label_studio", "url": url, "token_file": LabelStudio().token_file}.items():
                for line in textwrap.wrap(f"{name}: {words[name]}", WIDTH) if name in words else ():
                    table.add(tomlkit.comment(line))
                table.add(name, value)
            table.add(tomlkit.nl())
            document["annotator"] = table
        after = tomlkit.dumps(document)
        if after != before:
            path.write_text(after, "utf-8")
    except OSError as error:
        raise FolderError(f"{path} can't be written: {error.strerror}. Set [annotator] url to {url}.") from error


def _refuse_other_token() -> None:
    """A token in the environment goes before the file's, and this server would refuse it."""
    from activeseed.annotators.label_studio.credentials import VARIABLES

    for name in VARIABLES:
        if os.environ.get(name, "").strip():
            raise ConfigError(
                f"The environment variable {name} is set, and goes before the token of a server of your own, which "
                f"would refuse it. Unset it here and where `activeseed loop` will run:  unset {name}"
            )


def _projects(folder: Path) -> dict[str, str]:
    """Where this study's questions are answered: those that are pending, or else what it will ask first.

    What is wrong there is a warning: the server runs, and in its pages it may be mended.
    """
    from activeseed.questions import usual
    from activeseed.seed import Item

    try:
        study, channel = _channel(folder)
        first = study.seed.items[0]
        usual_kind = usual(Item(id=first.id, payload=first.payload)).kind
        with channel.ledger.held():
            for kind in dict.fromkeys([*(q.kind for q in study.pending), usual_kind]):
                channel.projects.ready(kind, channel.projects.seen())
        return channel.links()
    except ActiveseedError as error:
        say(f"Warning: {error}")
        return {}


def _channel(folder: Path) -> tuple[Study, Channel]:
    """A study and its channel to Label Studio. Raises ConfigError where its annotator is another."""
    from activeseed.annotators.label_studio.channel import Channel

    study = open_study(folder)
    channel = study.annotator
    if not isinstance(channel, Channel):
        raise ConfigError(
            f"The annotator of {folder / 'activeseed.toml'} is {channel.kind!r}. Set [annotator] kind "
            'to "label_studio" and url to the server, or start one of your own:  activeseed label-studio up'
        )
    return study, channel


def check(folder: Dir = HERE, as_json: Json = False) -> None:
    """Connect to the configured server and say what is found: user, projects, templates, and what is wrong with them.

    \b
    Example:
      activeseed label-studio check
    """
    said = _channel(folder)[1].check()
    if as_json:
        print_json(said)
        return
    for line in said:
        show(line)


def renew(folder: Dir = HERE, yes: Yes = False) -> None:
    """Make new projects for those that were deleted on the server, and ask there what is still pending.

    Answers that were collected are in the journal: nothing is asked again.

    \b
    Example:
      activeseed label-studio renew
    """
    study, channel = _channel(folder)
    channel.ledger.load()
    missing = channel.projects.missing()
    if not missing:
        say("Every project of this study is there.")
        return
    pending = study.pending
    count = sum(q.kind in missing for q in pending)
    confirm(f"Gone: the project for {', '.join(missing)}. Make anew, and ask there what is pending ({count})?", yes)
    for kind, link in channel.renew(pending, study.seed).items():
        show(f"{kind} questions are answered at {link}")


def _tell(folder: Path, opened: Opened) -> None:
    """The address and how to log in."""
    from activeseed.annotators.label_studio.addresses import is_loopback
    from activeseed.annotators.label_studio.own import logins_of

    server = opened.server
    show(f"Label Studio {'runs already' if opened.found else 'is running'}: {server.url}", flush=True)
    for person in opened.new:
        show(f"  log in as {person.email}  password {person.password}" + ("  (administrator)" if person.admin else ""))
    if not opened.new:
        show(f"  log in as {', '.join(p.email for p in opened.people)}")
    sys.stdout.flush()
    say(f"Passwords are in {logins_of(folder)}, which only you can read.")
    if not is_loopback(server.host):
        say(
            f"Warning: {server.host} lets others reach it, unencrypted: passwords can be read on the way. Use it in a "
            "network you trust, or put a server that speaks https before it."
        )


def _tell_next(folder: Path, *, stays: bool) -> None:
    where = "" if folder.resolve() == Path.cwd() else f" --dir {folder}"
    sys.stdout.flush()
    if stays:
        say(f"Next:  activeseed loop{where}\nStop it:  activeseed label-studio down{where}")
    else:
        say(f"Next, in another terminal:  activeseed loop{where}\nCtrl-C stops the server. Everything is kept.")


def _watch(opened: Opened) -> None:
    """Until the server ends, or somebody ends us: Ctrl-C, a closed terminal, a polite kill."""
    from activeseed.annotators.label_studio.installation import tail

    server = opened.server

    def ended(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    for name in ("SIGTERM", "SIGHUP"):
        signal.signal(getattr(signal, name), ended)
    try:
        while server.alive():
            time.sleep(0.25)
    except KeyboardInterrupt:
        server.stop()
        say("\nStopped. Everything is kept:  activeseed label-studio up  starts it again.")
        return
    code = server.process.returncode if server.process is not None else 0
    if code in (0, -signal.SIGTERM):
        say("The server was stopped.")
        return
    raise AnnotatorError(f"The server ended by itself ({code}). The end of its log, {server.log}:\n{tail(server.log)}")


__all__ = ["check", "down", "renew", "up", "write_annotator"]
