"""One server, one user. Whatever goes wrong becomes one sentence that says what to do.

The SDK signs in (personal and legacy tokens, refreshed in time) and makes the calls that are made now and then. What is
listed and imported by the thousand goes over the same HTTP client without the SDK's models, which cost more than the
transfer. Nothing but reading is ever repeated by itself.
"""

from __future__ import annotations

import json
import re
import time
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NoReturn, TypeVar
from urllib.parse import urlsplit

from pydantic import SecretStr

from activeseed.annotators.label_studio.addresses import is_loopback, server_address, shown_address
from activeseed.errors import AnnotatorAwayError, AnnotatorError, ConfigError

#: the first release whose API the SDK 2 speaks, and with it every call made here
OLDEST = (1, 20)
#: seconds within which reading is tried again before whoever waits is told
PATIENCE = 6.0
#: for calls that change something: the SDK would repeat them
ONCE: Any = {"max_retries": 0, "timeout_in_seconds": 60}
_SHOWN = 300
T = TypeVar("T")


class MissingError(AnnotatorError):
    """The server has no such thing (404)."""


class RefusedError(AnnotatorError):
    """The server would not take what it was sent (400); ``said`` is what it said."""

    def __init__(self, message: str, said: str) -> None:
        super().__init__(message)
        self.said = said


class BusyError(AnnotatorAwayError):
    """The server is there and can't answer just now; ``after`` so many seconds, where it said so."""

    after: float | None = None


class FailedError(BusyError):
    """The server failed over what it was to read (500): busy, or unable to write that answer."""


class UnclearError(BusyError):
    """The call may or may not have been carried out."""


@dataclass
class Connection:
    """A connection that is made when it is first used.

    Attributes:
        url: address of the server, without a slash at its end.
        token: personal access token or legacy token.
        patience: seconds for repeated reading.
        date: what the server last said it is, as HTTP writes a time; empty where it says nothing.
    """

    url: str
    token: SecretStr = field(repr=False)
    patience: float = PATIENCE
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)
    date: str = field(default="", init=False, repr=False)

    def __post_init__(self) -> None:
        self.url = server_address(self.url)

    # --- calls --------------------------------------------------------------------------------------------------

    def read(
        self,
        path: str,
        params: Mapping[str, Any] | None = None,
        timeout: float = 60.0,
        patience: float | None = None,
    ) -> Any:
        """GET, repeated for a few seconds (``patience``, or the connection's) while the server is busy or away."""
        self.version  # noqa: B018 - greets the server first: no other is shown the token
        return self._patiently(lambda: self._request("GET", path, params, None, timeout), patience)

    def send(
        self, method: str, path: str, body: Any = None, params: Mapping[str, Any] | None = None, timeout: float = 60.0
    ) -> Any:
        """POST, PATCH or DELETE, once. ``body`` is JSON, or bytes that are.

        Raises:
            UnclearError: no answer; the server may have done it all the same.
        """
        self.version  # noqa: B018
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        return self._request(method, path, params, content, timeout)

    def sdk(self, call: Callable[[Any], T]) -> T:
        """A call of the SDK that is made once, with its errors said as ours."""
        self.version  # noqa: B018
        return self._said(lambda: call(self._sdk), changes=True)

    def sdk_read(self, call: Callable[[Any], T]) -> T:
        """A reading call of the SDK."""
        self.version  # noqa: B018
        return self._patiently(lambda: self._said(lambda: call(self._sdk), changes=False))

    @cached_property
    def version(self) -> str:
        """Version of the server, after making sure that it is a Label Studio of an age that can be talked to."""
        try:
            told = self._patiently(lambda: self._request("GET", "api/version", None, None, 30.0))
        except (MissingError, RefusedError):
            self._not_label_studio("it has no api/version")
        release = told.get("release") if isinstance(told, Mapping) else None
        found = re.match(r"(\d+)\.(\d+)", release) if isinstance(release, str) else None
        if found is None:
            self._not_label_studio("its api/version tells no release")
        if (int(found[1]), int(found[2])) < OLDEST:
            raise AnnotatorError(
                f"The Label Studio server at {self.url} is version {str(release)[:30]}. The oldest that works with "
                f"activeseed is {OLDEST[0]}.{OLDEST[1]}: upgrade the server."
            )
        return str(release)

    @cached_property
    def _http(self) -> Any:
        import httpx

        from activeseed.annotators.label_studio.signing_in import SignIn

        client = httpx.Client(timeout=60.0, follow_redirects=False, auth=SignIn(self.url, self.token))
        weakref.finalize(self, client.close)  # for whoever drops a channel without closing it
        return client

    @cached_property
    def _sdk(self) -> Any:
        import label_studio_sdk.client as sdk

        make: Any = sdk.LabelStudio
        # whatever the SDK would sign in with, the HTTP client signs in itself
        return make(base_url=self.url, api_key="replaced", timeout=60, httpx_client=self._http)

    def close(self) -> None:
        """Close the sockets; the next call opens others."""
        self.__dict__.pop("_sdk", None)
        client = self.__dict__.pop("_http", None)
        if client is not None:
            client.close()

    # --- inside -------------------------------------------------------------------------------------------------

    def _request(
        self, method: str, path: str, params: Mapping[str, Any] | None, content: bytes | None, timeout: float
    ) -> Any:
        response = self._said(lambda: self._answer(method, path, params, content, timeout), method != "GET")
        self.date = response.headers.get("date", "")
        if response.status_code >= 300:
            self._fail(response.status_code, _body(response), response.headers, method != "GET")
        if response.status_code == 204 or not response.content:
            return None
        try:
            return response.json()
        except ValueError:
            if "json" not in response.headers.get("content-type", ""):
                self._not_label_studio(f"{path} is a page")
            kind = UnclearError if method != "GET" else BusyError
            raise kind(f"The answer of {self.url} was cut off on its way. Trying again is enough.") from None

    def _answer(
        self, method: str, path: str, params: Mapping[str, Any] | None, content: bytes | None, timeout: float
    ) -> Any:
        # the version can be asked for by anybody: a wrong address is found before the token is sent there
        signed = {"auth": None} if path == "api/version" else {}
        headers = {"Content-Type": "application/json"} if content is not None else {}
        return self._http.request(
            method, f"{self.url}/{path}", params=params, content=content, headers=headers, timeout=timeout, **signed
        )

    def _patiently(self, call: Callable[[], T], patience: float | None = None) -> T:
        ends, wait = time.monotonic() + (self.patience if patience is None else patience), 0.2
        while True:
            try:
                return call()
            except AnnotatorAwayError as error:
                after = getattr(error, "after", None) or wait
                if time.monotonic() + after > ends:
                    raise
                self.sleep(after)
                wait = min(2 * wait, 2.0)

    def _said(self, call: Callable[[], T], changes: bool) -> T:
        """The result of a call, or its error as one of ours. Never the SDK's text: it shows a session cookie."""
        import httpx
        from label_studio_sdk.core.api_error import ApiError

        from activeseed.annotators.label_studio.signing_in import RefreshError

        headers: Mapping[str, str]
        try:
            return call()
        except RefreshError as error:
            # nothing was changed: what was to be sent was not
            status, body, headers = error.response.status_code, _body(error.response), dict(error.response.headers)
            changes = False
        except ApiError as error:
            status, body = error.status_code or 0, error.body
            headers = error.headers or {}
        except httpx.ConnectError as error:
            self._unreachable(str(error))
        except (httpx.ConnectTimeout, httpx.PoolTimeout):
            raise AnnotatorAwayError(f"The Label Studio server at {self.url} does not answer.") from None
        except httpx.TransportError as error:
            what = "took too long" if isinstance(error, httpx.TimeoutException) else "broke off the connection"
            kind = UnclearError if changes else BusyError
            raise kind(f"The Label Studio server at {self.url} {what}. Trying again is enough.") from None
        except httpx.InvalidURL:
            raise ConfigError(f"{shown_address(self.url)!r} is no address. Write it as http://HOST:PORT.") from None
        except ValueError:
            self._not_label_studio("its answer is no JSON")
        self._fail(status, body, headers, changes)

    def _unreachable(self, said: str) -> NoReturn:
        if "certificate" in said.lower() or "ssl" in said.lower() or "tls" in said.lower():
            raise AnnotatorError(
                f"No safe connection to {self.url}: {said[:_SHOWN]}. Write http:// if the server has no TLS; if its "
                "certificate is your own, name it in the environment variable SSL_CERT_FILE."
            ) from None
        here = is_loopback(urlsplit(self.url).hostname or "")
        own = " A server of your own is started with `activeseed label-studio up`." if here else ""
        raise AnnotatorAwayError(
            f"Nothing answers at {self.url}. Is the Label Studio server running, and is the address right "
            f"(`url` under [annotator])?{own}"
        ) from None

    def _fail(self, status: int, body: Any, headers: Mapping[str, str], changes: bool) -> NoReturn:
        said = _detail(body).replace(self.token.get_secret_value(), "…")
        where = f"The Label Studio server at {self.url}"
        if status == 401:
            raise AnnotatorError(
                f"{where} does not accept the token{_colon(said)}. It may have been revoked or have expired, or tokens "
                "of its kind are switched off. Copy a new one from Account & Settings into "
                "ACTIVESEED_LABEL_STUDIO_TOKEN or the token file; nothing was lost."
            ) from None
        if status == 403:
            raise AnnotatorError(
                f"{where} does not let this user do that{_colon(said)}. Give the user of the token access to the "
                "project, or use the token of somebody who has it."
            ) from None
        if status == 404:
            raise MissingError(
                f"{where} has no such thing{_colon(said)}. Is `url` the address of the server?"
            ) from None
        if 300 <= status < 400:
            to = shown_address(headers.get("location", "elsewhere"))
            raise AnnotatorError(f"{where} redirects to {to}. Write that address in `url` under [annotator].") from None
        if status in (408, 425, 429) or status >= 500:
            # a busy server that answers so has refused; one that failed, or a proxy before it, may have stored it
            failed = FailedError if status == 500 else BusyError
            kind = UnclearError if changes and status not in (425, 429) else failed
            error = kind(f"{where} is busy or in trouble (status {status}). Trying again is enough.")
            error.after = _seconds(headers.get("retry-after"))
            raise error from None
        if status == 200 or status < 100:
            self._not_label_studio("it answers with a page")
        raise RefusedError(f"{where} refused the call (status {status}){_colon(said)}.", said) from None

    def _not_label_studio(self, why: str) -> NoReturn:
        raise AnnotatorError(
            f"What answers at {self.url} is no Label Studio server ({why}). Write the server's own address, without "
            "the path of a page, in `url` under [annotator]."
        ) from None


def _body(response: Any) -> Any:
    try:
        return response.json()
    except ValueError:
        return ""


def _detail(body: Any) -> str:
    """What the server said, short; validation errors go first."""
    if not isinstance(body, Mapping):
        return ""
    errors = body.get("validation_errors")
    said = _flat(errors) if errors else ""
    return (said or str(body.get("detail") or ""))[:_SHOWN]


def _flat(errors: Any) -> str:
    if isinstance(errors, Mapping):
        return "; ".join(f"{k}: {v}" if k != "non_field_errors" else v for k, e in errors.items() if (v := _flat(e)))
    if isinstance(errors, list):
        return "; ".join(v for e in errors if (v := _flat(e)))
    return " ".join(str(errors).split())


def _colon(said: str) -> str:
    return f": {said.rstrip('.')}" if said else ""


def _seconds(text: str | None) -> float | None:
    try:
        return max(0.0, float(text)) if text else None
    except ValueError:
        return None
