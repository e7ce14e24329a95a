"""The header that signs a request in, for the SDK's calls and for our own.

The SDK would trade a personal token for an access token by itself, but it reads a gateway's error page as a refusal,
and goes by this machine's clock: one that is behind keeps an access token for hours after the server has let it expire.
Here the server decides: what it answers with 401 is signed in anew and sent once more, without harm since it was not
accepted.
"""

from __future__ import annotations

import threading
from collections.abc import Generator

import httpx
from pydantic import SecretStr


class RefreshError(Exception):
    """A personal token was not traded; ``response`` is what the server said, with its body read."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__(f"status {response.status_code}")
        self.response = response


class SignIn(httpx.Auth):
    """Signs in with a legacy token (40 characters) or a personal one (a JSON web token).

    Args:
        url: address of the server, without a slash at its end.
    """

    requires_response_body = True

    def __init__(self, url: str, token: SecretStr) -> None:
        self._url = url
        self._token = token
        self._access = ""
        self._lock = threading.Lock()

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Send the request signed in; raises RefreshError."""
        token = self._token.get_secret_value()
        if token.count(".") != 2:
            request.headers["Authorization"] = f"Token {token}"
            yield request
            return
        if not self._access:
            yield from self._refresh(token, request)
        used = self._access
        request.headers["Authorization"] = f"Bearer {used}"
        response = yield request
        if response.status_code == 401:
            if self._access == used:  # else another thread has a new one by now
                yield from self._refresh(token, request)
            request.headers["Authorization"] = f"Bearer {self._access}"
            yield request

    def _refresh(self, token: str, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        where = f"{self._url}/api/token/refresh/"
        # with the patience of the request that it is for
        response = yield httpx.Request("POST", where, json={"refresh": token}, extensions=request.extensions)
        try:
            access = response.json()["access"] if response.status_code == 200 else ""
        except (ValueError, KeyError, TypeError):
            access = ""
        if not isinstance(access, str) or not access:
            raise RefreshError(response)
        with self._lock:
            self._access = access
