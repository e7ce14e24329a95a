"""The application behind the address: who may call, how much they may send, and what comes back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from activeseed.serving import ml_backend
from activeseed.serving.ml_backend import BadBodyError
from activeseed.serving.scores import Scores
from activeseed.serving.secret import Secret

#: bytes of a body. An event without payload has some fifty, one that asks for a training carries the whole project with
#: the instructions to annotators.
EVENT_BYTES = 1 << 20
#: bytes of the tasks that are to be scored, all in one body: several thousand
PREDICT_BYTES = 8 << 20
#: bodies of tasks that are read and answered at the same time
PREDICTIONS = 2

Reply = dict[str, Any]


def build_app(
    secret: Secret, wake: Callable[[], None], train: Callable[[], None], scores: Callable[[], Scores], study: str
) -> Starlette:
    """The ASGI application.

    Args:
        wake: called when an event arrives; must return at once, and may be called from another thread.
        train: called when somebody asks for a training; the same holds.
        scores: the newest snapshot; the same holds.
        study: names the study in the ``meta`` of its tasks.

    A request without the secret is refused before a byte of its body is read, and a body is refused as soon as it is
    known to be too long: by its Content-Length, or else while it arrives.
    """
    places = asyncio.Semaphore(PREDICTIONS)

    async def health(request: Request) -> Response:
        # Without credentials anybody may ask; wrong ones are refused, since Label Studio then tells its user so.
        if "Authorization" in request.headers:
            _authorize(request, secret)
        return JSONResponse(ml_backend.health())

    async def webhook(request: Request) -> Response:
        event = ml_backend.action(await _json(request, EVENT_BYTES))
        (train if event == ml_backend.TRAIN else wake)()
        return JSONResponse({"status": "ok"})

    async def start_training(request: Request) -> Response:
        # The body is all annotated tasks. What they say is read from the server, so that it isn't even received.
        train()
        return JSONResponse({"status": "ok"})

    async def setup(request: Request) -> Response:
        return JSONResponse(ml_backend.setup(await _json(request, EVENT_BYTES), scores()))

    async def predict(request: Request) -> Response:
        async with places:
            body = await _body(request, PREDICT_BYTES)
            made = await run_in_threadpool(_predictions, body)
        return Response(made, media_type="application/json")

    def _predictions(body: bytes) -> bytes:
        return json.dumps(ml_backend.predict(_parsed(body), scores(), study)).encode()

    async def versions(request: Request) -> Response:
        return JSONResponse(ml_backend.versions(scores()))

    def guarded(handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def checked(request: Request) -> Response:
            _authorize(request, secret)
            return await handler(request)

        return checked

    app = Starlette(
        routes=[
            Route("/health", health, methods=["GET"]),
            Route("/webhook", guarded(webhook), methods=["POST"]),
            Route("/train", guarded(start_training), methods=["POST"]),
            Route("/setup", guarded(setup), methods=["POST"]),
            Route("/predict", guarded(predict), methods=["POST"]),
            Route("/versions", guarded(versions), methods=["GET"]),
        ],
        exception_handlers={HTTPException: _refused, BadBodyError: _misread, ClientDisconnect: _gone},
    )
    app.router.redirect_slashes = False
    return app


def _authorize(request: Request, secret: Secret) -> None:
    if not secret.allows(request.headers):
        raise HTTPException(
            401, "The secret is missing or wrong.", headers={"WWW-Authenticate": 'Basic realm="activeseed"'}
        )


async def _body(request: Request, most: int) -> bytes:
    """The body, never more than ``most`` bytes of it in memory."""
    declared = request.headers.get("Content-Length", "")
    too_long = HTTPException(413, f"The body is longer than {most:,} bytes.")
    if declared.isdigit() and int(declared) > most:
        raise too_long
    body = bytearray()
    async for chunk in request.stream():
        if len(body) + len(chunk) > most:
            raise too_long
        body += chunk
    return bytes(body)


async def _json(request: Request, most: int) -> Any:
    return _parsed(await _body(request, most))


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise BadBodyError("The body is not JSON.") from None


def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, status_code=error.status_code, headers=error.headers)


def _misread(_request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, status_code=400)


def _gone(_request: Request, _error: Exception) -> Response:
    return Response(status_code=400)  # nobody is there to read it
