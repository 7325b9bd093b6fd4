"""The load that the web page bears: cached and new questions at a steady rate, and hostile ones between them.

    python -m tests.benchmarks.web_load [--seconds 20] [--cached 200] [--new 20] [--hostile 50]

Starts a server of its own on this machine, sends requests at the given rates a second, and prints how many were
answered and the quantiles of the time that they took. Every hostile question must get an answer, be it a refusal.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import statistics
import subprocess
import sys
import time

import httpx

HOSTILE = [
    {"expr": "(" * 5000 + "x" + ")" * 5000, "wrt": "x"},
    {"expr": "x^(2^63)", "wrt": "x", "where": "x: scalar"},
    {"expr": "9^9^9*x", "wrt": "x", "where": "x: scalar"},
    {"expr": "tr(A)", "wrt": "A", "where": "A: 999999 x 999999"},
    {"expr": "+".join(["sin(x)"] * 2000), "wrt": "x", "where": "x: scalar"},
]


async def _ask(client: httpx.AsyncClient, body: dict[str, str], times: list[float], lost: list[str]) -> None:
    began = time.perf_counter()
    try:
        answer = await client.post("/api/gradient", json=body)
        if answer.status_code >= 500 and answer.status_code not in (503, 504):
            lost.append(str(answer.status_code))
    except httpx.HTTPError as error:
        lost.append(type(error).__name__)
    times.append(time.perf_counter() - began)


async def _load(address: str, seconds: float, rates: dict[str, float], hostile: int) -> None:
    times: dict[str, list[float]] = {"cached": [], "new": [], "hostile": []}
    lost: list[str] = []
    limits = httpx.Limits(max_connections=400)
    async with httpx.AsyncClient(base_url=address, timeout=60, limits=limits) as client:
        await _ask(client, {"expr": "norm2(A*x - y)^2", "wrt": "x"}, [], lost)
        tasks: list[asyncio.Task[None]] = []

        async def steady(kind: str, rate: float) -> None:
            began = time.perf_counter()
            for k in range(int(rate * seconds)):
                await asyncio.sleep(max(0.0, began + k / rate - time.perf_counter()))
                expr = "norm2(A*x - y)^2" if kind == "cached" else f"norm2({k + 2}*A*x - y)^2"
                body = {"expr": expr, "wrt": "x"}
                tasks.append(asyncio.ensure_future(_ask(client, body, times[kind], lost)))

        await asyncio.gather(*(steady(kind, rate) for kind, rate in rates.items()))
        await asyncio.gather(*tasks)
        for k in range(hostile):
            await _ask(client, HOSTILE[k % len(HOSTILE)], times["hostile"], lost)
        health = (await client.get("/health")).json()
    for kind, taken in times.items():
        if taken:
            cuts = statistics.quantiles(taken, n=100) if len(taken) > 1 else taken * 99
            print(
                f"{kind:8} {len(taken):6} answered, median {1000 * cuts[49]:.1f} ms, p99 {1000 * cuts[98]:.0f} ms"
            )
    print(f"lost: {len(lost)} {sorted(set(lost))}; {health}")


def main() -> None:
    """Start a server, load it, print the figures."""
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--seconds", type=float, default=20)
    arguments.add_argument("--cached", type=float, default=200)
    arguments.add_argument("--new", type=float, default=20)
    arguments.add_argument("--hostile", type=int, default=50)
    given = arguments.parse_args()
    command = [sys.executable, "-c", "from reports.cli import main; main()", "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        found = re.search(r"http://\S+", server.stdout.readline())
        try:
            assert found is not None
            asyncio.run(
                _load(found[0], given.seconds, {"cached": given.cached, "new": given.new}, given.hostile)
            )
        finally:
            server.terminate()


if __name__ == "__main__":
    main()
