"""What a caller has to know. Label Studio signs nothing, so that a secret header is all that tells it from others."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from activeseed.annotators.label_studio.private import make_private
from activeseed.errors import ConfigError, FolderError

#: the header of webhooks
HEADER = "X-Activeseed-Secret"
#: the user name to give Label Studio for an ML backend, whose password is the secret; any other will do
USER = "activeseed"
#: where the secret is looked for first
VARIABLE = "ACTIVESEED_WEBHOOK_SECRET"
#: characters of a secret at least: 16 letters and digits drawn at random are out of reach of guessing over a network
SHORTEST = 16


@dataclass(frozen=True)
class Secret:
    """A secret, and where whoever needs it can look it up. Never shown by ``repr``.

    Attributes:
        value: visible ASCII characters, so that it survives a header and a password field as it is.
        place: a file, or the name of an environment variable.
    """

    value: str = field(repr=False)
    place: str

    def allows(self, headers: Mapping[str, str]) -> bool:
        """Whether a request shows the secret: in the header, or as the password of basic authentication.

        Args:
            headers: looked up by name; the mapping cares for upper and lower case.
        """
        shown = headers.get(HEADER)
        if shown is not None and self._is(shown.encode("utf-8", "replace")):
            return True
        scheme, _, credentials = headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return False
        try:
            _, colon, password = base64.b64decode(credentials.strip(), validate=True).partition(b":")
        except (binascii.Error, ValueError):
            return False
        return bool(colon) and self._is(password)

    def _is(self, given: bytes) -> bool:
        # Digests, so that not even the length of the secret shows in the time that the comparison takes.
        ours, theirs = hashlib.sha256(self.value.encode()).digest(), hashlib.sha256(given).digest()
        return hmac.compare_digest(ours, theirs)

    @classmethod
    def of(cls, folder: Path) -> Secret:
        """The secret of a project: from the environment, else from its file, which is made where there is none.

        Raises:
            ConfigError: too short, or of characters that a header can't hold, or a file that others can read.
            FolderError: the file can't be read or written.
        """
        given = os.environ.get(VARIABLE)
        if given is not None:
            return cls(_checked(given, f"The environment variable {VARIABLE}"), VARIABLE)
        path = folder / ".activeseed" / "label_studio" / "webhook_secret"
        try:
            if not path.exists():
                _write(path, secrets.token_urlsafe(32))
            if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
                raise ConfigError(
                    f"{path} can be read by others. Close it (chmod 600 {path}), or delete it for a new secret."
                )
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            text = ""
        except OSError as error:
            raise FolderError(f"{path}: {error.strerror}. Mend its rights, or set {VARIABLE} instead.") from error
        return cls(_checked(text.strip(), str(path)), str(path))


def _checked(value: str, where: str) -> str:
    if len(value) < SHORTEST or not all("!" <= c <= "~" for c in value):
        raise ConfigError(
            f"{where} holds no usable secret: it takes {SHORTEST} characters or more, of ASCII letters, digits and "
            "signs without spaces. Make one:  python -c 'import secrets; print(secrets.token_urlsafe(32))'"
        )
    return value


def _write(path: Path, value: str) -> None:
    """Whole or not at all, and at no moment readable by others."""
    make_private(path.parent)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(value + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
