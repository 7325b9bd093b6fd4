"""The web application: one page, its parts, the JSON interface, and a line of log for each request.

Nothing is stored: no cookies, no session, no text of an input in a log.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib import metadata, resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from derive.errors import InputError
from reports.web.openapi import description
from reports.web.pool import BusyError, Pool
from reports.web.requests import QUESTIONS, read

log = logging.getLogger("gradproof.web")

#: Bytes of a request's body.
LARGEST = 1_000_000

_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
_STATIC = {"page.js": "text/javascript", "page.css": "text/css", "report.css": "text/css"}


def create_app(jobs: int = 2, seconds: float = 20.0, megabytes: int = 4096, waiting: int = 64) -> Starlette:
    """Return the ASGI application.

    `jobs` processes answer, `seconds` and `megabytes` (of address space) are the limits of one question, and beyond
    `waiting` questions at a time a request is sent away with 429.
    """

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        app.state.pool = Pool(jobs, seconds, megabytes, waiting)
        try:
            yield
        finally:
            app.state.pool.close()

    routes = [
        Route("/", _page),
        Route("/health", _health),
        Route("/openapi.json", _openapi),
        Route("/static/{name}", _static),
        *(Route(f"/api/{name}", _asker(name), methods=["POST"]) for name in QUESTIONS),
    ]
    return Starlette(
        routes=routes,
        lifespan=lifespan,
        middleware=[Middleware(_Envelope)],
        exception_handlers={404: _not_found, 405: _not_found},
    )


class _Envelope:
    """Puts the headers on every response, and writes one line of log: method, path, status, milliseconds."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message.get("headers", []),
                    *((k.encode(), v.encode()) for k, v in _HEADERS.items()),
                ]
            await send(message)

        try:
            await self.app(scope, receive, with_headers)
        finally:
            spent = 1000 * (time.perf_counter() - began)
            known = scope["path"] if scope["path"] in _LOGGED else "other"
            log.info(
                json.dumps(
                    {"method": scope["method"], "path": known, "status": status, "ms": round(spent, 1)}
                )
            )


_LOGGED = {"/", "/health", "/openapi.json", *(f"/api/{name}" for name in QUESTIONS)}


def _asker(name: str) -> Callable[[Request], Awaitable[Response]]:
    async def ask(request: Request) -> Response:
        try:
            question = read(name, await _body(request))
        except InputError as error:
            return JSONResponse({"error": str(error)}, 400)
        try:
            status, text = await request.app.state.pool.ask(question)
        except BusyError:
            return JSONResponse(
                {"error": "too many questions wait; try again in a moment"}, 429, {"retry-after": "1"}
            )
        return Response(text, status, media_type="application/json")

    return ask


async def _body(request: Request) -> Any:
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > LARGEST:
        raise InputError(f"the request has {length} bytes; at most {LARGEST} are taken")
    data = b""
    async for part in request.stream():
        data += part
        if len(data) > LARGEST:
            raise InputError(f"the request is longer than {LARGEST} bytes")
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise InputError("the body of a request is a JSON object") from None


async def _page(request: Request) -> Response:
    text = _templates().get_template("page.html.j2").render(version=metadata.version("gradproof"))
    return HTMLResponse(text)


async def _health(request: Request) -> Response:
    pool: Pool = request.app.state.pool
    return JSONResponse({"status": "ok", "waiting": pool.busy, "limit": pool.waiting})


async def _openapi(request: Request) -> Response:
    return JSONResponse(description(metadata.version("gradproof")))


async def _static(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _STATIC:
        return _not_found(request, None)
    folder = "templates" if name == "report.css" else "web/static"
    data = resources.files("reports").joinpath(f"{folder}/{name}").read_bytes()
    return Response(data, media_type=_STATIC[name], headers={"cache-control": "no-cache"})


def _not_found(request: Request, error: Any) -> Response:
    status = getattr(error, "status_code", 404)
    return JSONResponse({"error": "there is nothing here; the page is at /, the interface at /api/"}, status)


def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("reports", "web/templates"), autoescape=True, undefined=StrictUndefined
    )
