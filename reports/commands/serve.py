"""`gradproof serve`: the web page, on this machine."""

from __future__ import annotations

import logging
import socket
import sys
from typing import Annotated

import typer

from derive.errors import InputError


def serve(
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="The port to listen on.")] = 8000,
    host: Annotated[
        str, typer.Option("--host", help="The address to listen on; others than this machine may then ask.")
    ] = "127.0.0.1",
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Processes that answer.")] = 2,
    seconds: Annotated[
        float, typer.Option("--seconds", min=1, help="The longest that a question takes.")
    ] = 20,
    waiting: Annotated[int, typer.Option("--waiting", min=1, help="Questions that may wait.")] = 64,
) -> None:
    """Serve the web page on this machine until Ctrl-C: derive, check, proofread, take away."""
    try:
        import uvicorn

        from reports.web.app import create_app
    except ImportError as lack:
        raise InputError(
            f'the web page needs {lack.name}: install it with pip install "gradproof[web]"'
        ) from None
    if host not in ("127.0.0.1", "localhost", "::1"):
        print(
            f"warning: {host} is reached from other machines, and whoever reaches it uses this one's time",
            file=sys.stderr,
        )
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(message)s")
    logging.getLogger("uvicorn.access").disabled = True
    listening = _listen(host, port)
    config = uvicorn.Config(
        create_app(jobs=jobs, seconds=seconds, waiting=waiting),
        log_level="warning", access_log=False, timeout_graceful_shutdown=5,
    )  # fmt: skip
    shown = f"[{host}]" if ":" in host else host
    print(f"gradproof is at http://{shown}:{listening.getsockname()[1]}/ (Ctrl-C ends it)", flush=True)
    uvicorn.Server(config).run(sockets=[listening])


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise InputError(
            f"port {port} of {host} cannot be listened on ({error.strerror}); try another --port"
        ) from None
