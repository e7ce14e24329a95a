"""``activeseed serve``: the loop, woken by Label Studio whenever somebody answers; an ML backend for who wants one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from activeseed.cli.analysing import agreed
from activeseed.cli.loop import ending, print_round
from activeseed.cli.options import HERE, Accept, Dir, Yes, open_study
from activeseed.cli.progress import Progress
from activeseed.cli.screen import say, show
from activeseed.cli.watching import Watch
from activeseed.errors import AnnotatorAwayError, AnnotatorError, ConfigError

if TYPE_CHECKING:
    from activeseed.serving import Listener, Secret
    from activeseed.study import LoopResult, Study
    from activeseed.study.loop import Waiting

#: seconds between two looks: as a rule, and where Label Studio tells us of every answer
UNTOLD, TOLD = 5.0, 30.0
#: where Label Studio's own documentation has ML backends listen
PORT = 9090


def serve(
    folder: Dir = HERE,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, metavar="N", help="Where to listen.")] = PORT,
    host: Annotated[
        str, typer.Option("--host", metavar="HOST", help="Who can reach it: by default this machine alone.")
    ] = "127.0.0.1",
    address: Annotated[
        str, typer.Option("--address", metavar="URL", help="How Label Studio reaches it, where that differs.")
    ] = "",
    poll: Annotated[
        float | None,
        typer.Option("--poll", min=0.2, metavar="SECONDS", help="Look for answers this often; else every 5 to 30."),
    ] = None,
    webhook: Annotated[
        bool, typer.Option("--webhook/--no-webhook", help="Have Label Studio tell us of every answer.")
    ] = True,
    once: Annotated[bool, typer.Option("--once", help="End when the loop stops, and wait for no edits.")] = False,
    accept: Accept = False,
    yes: Yes = False,
) -> None:
    """Run the loop for as long as people answer in Label Studio, which tells it of every answer. Ctrl-C stops it.

    It listens for Label Studio's webhooks and serves as its ML backend. It looks for answers now and then as well, so
    that none is missed where webhooks don't get through. When the loop has stopped, it goes on as soon as somebody
    changes an answer.

    \b
    Example:
      activeseed serve
      activeseed serve --port 9191 --no-webhook --poll 60
      activeseed serve --host 0.0.0.0 --address http://10.0.0.5:9090
    """
    address = _checked_address(address)
    with Progress("preparing") as progress:
        study = open_study(folder, progress, accept=accept)
        server = _label_studio_of(study)
        from activeseed.serving import Bell, Board, LocalServer, Secret, attend, build_app, listen, only_one

        with only_one(study.folder):
            secret, listener = Secret.of(study.folder), listen(host, port)
            bell, board = Bell(), Board()
            channel = study.annotator
            with LocalServer(build_app(secret, bell.ring, bell.press, lambda: board.scores, study.id), listener):
                progress.pause()
                reached = reached_at(listener, address, server)
                for line in introduction(listener, reached, server, secret):
                    say(line)
                hook = _Webhook(study, channel, reached if webhook else "", secret, bell.ring)
                watch = Watch(study, channel, progress.pause, progress.waiting)

                def look(waiting: Waiting) -> None:
                    watch(waiting)
                    problems = [] if waiting.away else hook.register()
                    if problems:
                        progress.pause()
                    for problem in problems:
                        say(f"! {problem}")

                def closed(record: Mapping[str, Any]) -> None:
                    progress.pause()
                    print_round(study, record)

                def stopped(result: LoopResult) -> None:
                    progress.pause()
                    _print_end(result, once)

                def go() -> LoopResult:
                    return attend(
                        study, channel, bell, board, patience=poll or UNTOLD, calm=lambda: 0.0 if poll else hook.calm,
                        once=once, on_round=closed, on_look=look, on_end=stopped,
                    )  # fmt: skip

                try:
                    agreed(study, progress, yes, go)
                finally:
                    hook.end()


class _Webhook:
    """Has Label Studio tell us of answers, also in projects that are made later."""

    def __init__(self, study: Study, channel: Any, address: str, secret: Secret, ring: Callable[[], None]) -> None:
        self._study = study
        self._ring = ring
        self._channel = channel
        self._address = address
        self._secret = secret
        self._asked = -1
        self._problems: set[str] = set()

    @property
    def calm(self) -> float:
        """Seconds that the loop may wait for the bell."""
        return TOLD if self._address and self._asked >= 0 and not self._problems else 0.0

    def register(self) -> list[str]:
        """Register where that has not been done yet; returns what the user should know and was not told."""
        from activeseed.serving import HEADER

        asked = len(self._study.state.submitted)
        if not self._address or self._asked == asked:
            return []
        try:
            found = self._channel.register_webhook(f"{self._address}/webhook", HEADER, self._secret.value)
        except AnnotatorAwayError:
            return []  # tried again after the next look
        self._asked = asked
        self._ring()  # what was answered between the look before this and now was told to nobody
        new = [problem for problem in found if problem not in self._problems]
        self._problems = set(found)
        return new

    def end(self) -> None:
        """Nobody listens any more: spare the server a call at every answer. It does no harm where that fails."""
        from activeseed.serving import HEADER

        if self._asked >= 0:
            with suppress(AnnotatorError):
                self._channel.unregister_webhook(HEADER, self._secret.value)


def _print_end(result: LoopResult, once: bool) -> None:
    show("\n".join(ending(result)), flush=True)
    say("See:  activeseed seed diff, activeseed report")
    if not once:
        say("Still here: it goes on when somebody changes an answer. Ctrl-C ends it.")


def _checked_address(address: str) -> str:
    """``http://host[:port][/path]`` without a slash at its end. Raises ConfigError."""
    if not address:
        return ""
    try:
        parts = urlsplit(address)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or parts.query or parts.fragment or "@" in parts.netloc:
        raise ConfigError(f"--address {address!r} is no address. Write it like --address http://10.0.0.5:9090")
    return address.rstrip("/")


def _label_studio_of(study: Study) -> str:
    """The address of the study's server. Raises ConfigError where its annotators are elsewhere."""
    from activeseed.annotators.label_studio import LabelStudio

    record = study.settings.annotator
    if not isinstance(record, LabelStudio):
        raise ConfigError(
            f"The annotators of this study are not in Label Studio ([annotator] kind = {record.kind!r} in "
            'activeseed.toml). Write kind = "label_studio" and url = "…" there; see also:  activeseed loop --help'
        )
    return record.url


def reached_at(listener: Listener, address: str, server: str) -> str:
    """How Label Studio reaches us; empty where it can't, or where that can't be known."""
    from activeseed.annotators.label_studio.addresses import is_loopback

    if address:
        return address
    together = is_loopback(urlsplit(server).hostname or "")
    if listener.everywhere:
        return f"http://127.0.0.1:{listener.port}" if together else ""
    return listener.address if together or not listener.private else ""


def introduction(listener: Listener, reached: str, server: str, secret: Secret) -> list[str]:
    """What whoever started it has to know."""
    from activeseed.serving import USER

    lines = [f"Listening at {listener.address} for Label Studio at {server}. Ctrl-C ends it."]
    if not listener.private:
        lines.append(
            "! Other machines can reach this. Only the secret keeps them out, and it travels as it is unless a proxy "
            "that speaks https stands in front."
        )
    if not reached:
        options = "--host and --address" if listener.private else "--address"
        lines.append(
            f"! {server} is on another machine: say with {options} how it reaches this one. Until then nobody tells us "
            f"of answers, and they are looked for every {UNTOLD:g} seconds."
        )
    lines.append(
        f"To connect it as an ML backend: address {reached or listener.address}, basic authentication, user {USER}, "
        f"password as in {secret.place}"
    )
    return lines
