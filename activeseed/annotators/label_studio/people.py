"""The people of a local server: who can log in, with which password, and whose token is ours.

They are made by the server's own code, run once beside it: its command line would show passwords and tokens to
everybody who lists processes, and its API can't set a password.
"""

from __future__ import annotations

import json
import secrets
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from activeseed.annotators.label_studio.installation import Installation
from activeseed.errors import AnnotatorError

# Runs in the server's environment; reads the people from its standard input. Idempotent.
_SCRIPT = """
import json, sys
wanted = json.load(sys.stdin)
from label_studio import server
server._setup_env()
server._apply_database_migrations()
from django.db import transaction
from organizations.models import Organization
from rest_framework.authtoken.models import Token
from users.models import User
made = []
with transaction.atomic():
    for person in wanted:
        user = User.objects.filter(email=person["email"]).first()
        if user is None:
            rights = {"is_staff": person["admin"], "is_superuser": person["admin"]}
            user = User.objects.create_user(person["email"], person["password"], **rights)
            made.append(person["email"])
        elif person["password"] and not user.check_password(person["password"]):
            user.set_password(person["password"])
            user.save()
        organization = Organization.objects.first()
        if organization is None:
            organization = Organization.create_organization(
                created_by=user, title="Label Studio", legacy_api_tokens_enabled=True
            )
        else:
            organization.add_user(user)
        user.active_organization = organization
        user.save(update_fields=["active_organization"])
        if person["token"]:
            Token.objects.filter(user=user).exclude(key=person["token"]).update(key=person["token"])
print("\\nmade " + json.dumps(made))
"""


@dataclass(frozen=True)
class Person:
    """Somebody who can log in.

    Attributes:
        token: a legacy access token of 40 hexadecimal digits, or nothing where theirs is not used.
    """

    email: str
    password: str = field(repr=False)
    token: str = field(default="", repr=False)
    admin: bool = False


def new_password() -> str:
    """16 characters, about 95 bits, to be typed or copied once."""
    return secrets.token_urlsafe(12)


def new_token() -> str:
    """A legacy token as Label Studio makes them."""
    return secrets.token_hex(20)


def add_people(
    installation: Installation, environment: dict[str, str], folder: Path, people: Sequence[Person]
) -> list[str]:
    """Make these people in the database of ``folder``; returns who is new.

    Migrates the database first: half a minute where it is new. Whoever is there already gets the password and the
    token that are said here, if any are. A server may be running on it.
    """
    try:
        done = subprocess.run(
            [installation.python, "-c", _SCRIPT],
            input=json.dumps([asdict(p) for p in people]),
            capture_output=True,
            text=True,
            timeout=600,
            env=environment,
            cwd=folder,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise AnnotatorError("Setting up Label Studio's database took longer than 10 minutes. Try again.") from None
    except OSError as error:
        raise AnnotatorError(
            f"{installation.python} can't set up Label Studio's database: {error.strerror}."
        ) from error
    last = done.stdout.strip().splitlines()[-1:]
    if done.returncode != 0 or not last or not last[0].startswith("made "):
        said = "\n".join(f"  {line[:300]}" for line in (done.stdout + done.stderr).strip().splitlines()[-12:])
        raise AnnotatorError(
            f"Label Studio {installation.version} in {installation.venv} could not set up its database in {folder}. If "
            f"the installation is broken, delete that environment and try again. It said:\n{said}"
        )
    made: list[str] = json.loads(last[0].removeprefix("made "))
    return made
