"""Addresses: which are a server's, which lead to this machine alone, and how they are shown."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from activeseed.errors import ConfigError

_LONGEST = 300


def is_loopback(host: str) -> bool:
    """Whether a host, by name or number, is this machine itself. Names are not looked up."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost" or host.lower().endswith(".localhost")


def server_address(url: str) -> str:
    """The address of a server without a slash at its end. Raises ConfigError for one that is none, or holds a user."""
    url = url.strip().rstrip("/")
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        good = good and not (parts.username or parts.password or parts.query)
    except ValueError:
        good = False
    if not good:
        raise ConfigError(
            f"{shown_address(url)!r} is no address of a Label Studio server. Write it as http://HOST:PORT or "
            "https://HOST, without user, query or path of a page."
        )
    return url


def shown_address(url: str) -> str:
    """An address without what could be a password."""
    return re.sub(r"//[^/@]*@", "//…@", url)[:_LONGEST]
