"""The access token: from the environment, or from a file that nobody else may read."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from activeseed.errors import ConfigError

#: looked at in this order, before any file
VARIABLES = ("ACTIVESEED_LABEL_STUDIO_TOKEN", "LABEL_STUDIO_API_KEY")
_LONGEST = 8192


def read_token(file: str, folder: Path, environment: Mapping[str, str] = os.environ) -> SecretStr:
    """The token with which to sign in: a personal access token or a legacy one.

    Args:
        file: read when no variable of the environment is set; a relative path starts at ``folder``.

    Raises:
        ConfigError: no token, one that can't be one, or a file that others can read. The token is in no message.
    """
    for name in VARIABLES:
        if environment.get(name, "").strip():
            return _checked(environment[name], f"the environment variable {name}")
    path = folder / Path(file).expanduser()
    try:
        mode = path.stat().st_mode
        if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
            raise ConfigError(
                f"{path} holds the Label Studio token and can be read by others on this machine "
                f"(mode {stat.S_IMODE(mode):o}). Run:  chmod 600 '{path}'  and, if others were on it, make a new token."
            )
        if stat.S_ISREG(mode) and path.stat().st_size > _LONGEST:
            raise ConfigError(f"{path} is too long to hold a token. It should hold the token and nothing else.")
        text = path.read_text("utf-8")
    except FileNotFoundError:
        raise ConfigError(
            f"No token for Label Studio. Copy one from its page Account & Settings, and set {VARIABLES[0]} or write it "
            f"to {path} (chmod 600)."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        said = getattr(error, "strerror", None) or "it is no text"
        raise ConfigError(f"The token file {path} can't be read: {said}.") from None
    return _checked(text, str(path))


def _checked(text: str, where: str) -> SecretStr:
    token = text.strip()
    if not token:
        raise ConfigError(f"{where} is empty. It should hold the Label Studio token and nothing else.")
    if not token.isascii() or not token.isprintable() or any(c.isspace() for c in token) or len(token) > _LONGEST:
        raise ConfigError(f"{where} holds no token: one has no spaces, line ends or letters beyond ASCII.")
    return SecretStr(token)
