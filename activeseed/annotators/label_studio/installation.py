"""Label Studio in a virtual environment of its own: its dependencies and a study's do not go together."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from activeseed.annotators.label_studio import connection
from activeseed.errors import AnnotatorError, ConfigError

#: the release that is installed, and that every test runs against
VERSION = "1.23.2"
#: the oldest release that is started from an environment the user names: the oldest that can be talked to
OLDEST = ".".join(map(str, connection.OLDEST))

_STAMP = "activeseed-label-studio.txt"
_BEGUN = "activeseed-label-studio.begun"
_FOLDER = "Scripts" if os.name == "nt" else "bin"
_SUFFIX = ".exe" if os.name == "nt" else ""


@dataclass(frozen=True)
class Installation:
    """An environment that holds Label Studio."""

    venv: Path
    version: str

    @property
    def program(self) -> Path:
        return self.venv / _FOLDER / f"label-studio{_SUFFIX}"

    @property
    def python(self) -> Path:
        return self.venv / _FOLDER / f"python{_SUFFIX}"


def cache_folder() -> Path:
    """Where what can be made again is kept: ``$XDG_CACHE_HOME/activeseed``, else ``~/.cache/activeseed``."""
    said = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(said) if os.path.isabs(said) else Path.home() / ".cache") / "activeseed"


def default_venv() -> Path:
    """The environment that is made where the user names none; one for every user, not for every project."""
    return cache_folder() / f"label-studio-{VERSION}"


def find_or_install(venv: Path, say: Callable[[str], None] = print, version: str = VERSION) -> Installation:
    """The Label Studio of an environment, installed there first if need be: 3 to 5 minutes, 1 GB.

    An environment that holds a Label Studio is taken as it is, whoever made it; nothing is ever installed into one that
    holds other things. The stamp is written last, so an installation that was interrupted is taken up again. Two
    processes at once are one after the other.

    Raises:
        ConfigError: the folder holds something else, or a release that is too old.
        AnnotatorError: nothing could be installed (no network, no module venv), with the end of pip's output.
    """
    venv = venv.expanduser().absolute()
    if not (venv / _BEGUN).exists() and (found := look(venv)) is not None:
        return found
    try:
        venv.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{venv} can't be made: {error.strerror}. Name another place with --venv DIR.") from error
    with locked(venv.parent / f".{venv.name}.lock", lambda: say(f"Another process installs into {venv}; waiting ...")):
        if not (venv / _BEGUN).exists() and (found := look(venv)) is not None:
            return found
        _install(venv, version, say)
        found = look(venv)
        if found is None:
            raise AnnotatorError(f"Label Studio was installed into {venv}, but is not there. Delete it; try again.")
        (venv / _STAMP).write_text(f"label-studio {found.version}\n", "utf-8")
        (venv / _BEGUN).unlink(missing_ok=True)
        return found


def look(venv: Path) -> Installation | None:
    """The Label Studio that an environment holds, or None where there is none and one may be installed.

    Raises ConfigError where the folder is no environment of ours to install into, or its Label Studio is too old.
    """
    ours = (venv / _STAMP).exists() or (venv / _BEGUN).exists()
    python = venv / _FOLDER / f"python{_SUFFIX}"
    if not python.exists():  # also a link to an interpreter that is gone
        if not ours and venv.exists() and (not venv.is_dir() or any(venv.iterdir())):
            raise ConfigError(
                f"{venv} is no virtual environment and not empty. Name one that holds Label Studio, or a new folder."
            )
        return None
    asked = "import importlib.metadata as m; print(m.version('label-studio'))"
    try:
        said = subprocess.run(
            [python, "-I", "-c", asked], capture_output=True, text=True, timeout=60, env=surroundings(), check=False
        )
        version = said.stdout.strip() if said.returncode == 0 else ""
    except (OSError, subprocess.TimeoutExpired):
        version = ""
    if not version or not (venv / _FOLDER / f"label-studio{_SUFFIX}").exists():
        if ours:
            return None
        raise ConfigError(
            f"{venv} holds no Label Studio. Install it there ({python} -m pip install label-studio=={VERSION}), or "
            "name a new folder with --venv and it is installed for you."
        )
    if numbers(version) < numbers(OLDEST):
        raise ConfigError(
            f"{venv} holds Label Studio {version}; the oldest that works is {OLDEST}. Upgrade it, or leave --venv out "
            f"and {VERSION} is installed for you."
        )
    return Installation(venv, version)


def numbers(version: str) -> tuple[int, ...]:
    """``1.23.2.post1`` -> (1, 23, 2): enough to tell which release is older."""
    out = []
    for part in version.split("."):
        if not part.isdigit():
            break
        out.append(int(part))
    return tuple(out)


def _install(venv: Path, version: str, say: Callable[[str], None]) -> None:
    """Make the environment, then let pip fill it. What an earlier attempt downloaded is in pip's own cache."""
    say(f"Installing Label Studio {version} into {venv}: once, 3 to 5 minutes, 1 GB ...")
    python = venv / _FOLDER / f"python{_SUFFIX}"
    log = venv.parent / f"{venv.name}.log"
    broken = venv.exists() and not python.exists()
    try:
        if broken:
            shutil.rmtree(venv)
        venv.mkdir(exist_ok=True)
        (venv / _BEGUN).write_text("An installation that is not finished. activeseed goes on with it.\n", "utf-8")
        (venv / _STAMP).unlink(missing_ok=True)
        with log.open("wb") as output:
            made = _runs([sys.executable, "-m", "venv", str(venv)], output)
            if made != 0:
                raise AnnotatorError(
                    f"{venv} can't be made a virtual environment (on Debian and Ubuntu, install python3-venv):\n"
                    f"{tail(log, 5)}"
                )
            pip = [
                str(python),
                "-m",
                "pip",
                "--disable-pip-version-check",
                "--no-input",
                "install",
                "--progress-bar=off",
            ]
            done = _runs([*pip, f"label-studio=={version}"], output)
    except OSError as error:
        raise AnnotatorError(f"Label Studio can't be installed into {venv}: {error.strerror or error}.") from error
    if done != 0:
        raise AnnotatorError(
            f"Label Studio {version} can't be installed (is the package index reachable? is there 1 GB of disk?). The "
            f"same command goes on with it; --venv DIR takes one that is installed already. pip said, in {log}:\n"
            f"{tail(log, 8)}"
        )


def _runs(command: list[str], output: IO[bytes]) -> int:
    """The exit code of a program whose output goes to a file."""
    # pip is told by the user's environment where the index is; what configures Python itself stays out of it
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON") and k != "VIRTUAL_ENV"}
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=kept, check=False
    ).returncode


def surroundings() -> dict[str, str]:
    """The few variables that any program needs, and nothing that configures this one.

    Label Studio reads every setting without its prefix too (HOST, PORT, USERNAME, DEBUG, SECRET_KEY ...), and what is
    secret in our environment is none of its business.
    """
    wanted = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "USERPROFILE")
    return {name: os.environ[name] for name in wanted if name in os.environ}


def tail(path: Path, lines: int = 15) -> str:
    """The end of a log, for an error's message."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 20_000))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return "(no log)"
    return "\n".join(f"  {line[:300]}" for line in text.strip().splitlines()[-lines:]) or "  (the log is empty)"


@contextlib.contextmanager
def locked(path: Path, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold a lock between processes; it is let go of when its holder ends, however it ends."""
    import fcntl

    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
