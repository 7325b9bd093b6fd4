"""The load that the web page bears, driven by Locust: cached and new questions at a steady rate, hostile ones between.

    pip install locust
    python -m tests.benchmarks.web_load [--seconds 30] [--cached 200] [--new 20] [--hostile 2]
    python -m tests.benchmarks.web_load --seconds 3600 --cached 20 --new 2 --hostile 0.2      an hour's soak

Starts a server of its own on this machine, sends the given numbers of requests a second, and prints how many were
answered, the quantiles of the time that they took, and the memory of the server with its workers early and late.
Every hostile question must get an answer, be it a refusal; what was lost is counted, and makes the exit code 1.
"""

from __future__ import annotations

from locust import FastHttpUser, constant_throughput  # isort: skip - it patches the sockets before all others
from locust.env import Environment  # isort: skip

import argparse
import itertools
import json
import re
import statistics
import subprocess
import sys
import time
import urllib.request
from typing import Any

import gevent
import psutil

from tests.benchmarks.hostile import HOSTILE

#: Answers of a server that refuses or is full, which are answers; anything else from 500 on is a request lost.
REFUSALS = {503, 504}
#: Requests a second that one simulated user sends at most: more users, each slower, do not wait for one another.
EACH = 2.0

_count = itertools.count(2)


class _User(FastHttpUser):
    """A user of the page; the kinds of users are made in `_users`."""

    abstract = True
    kind = ""

    def ask(self, body: dict[str, str], path: str = "/api/gradient") -> None:
        """Ask a question; a refusal counts as an answer."""
        with self.client.post(path, json=body, name=self.kind, catch_response=True) as answer:
            if answer.status_code and (answer.status_code < 500 or answer.status_code in REFUSALS):
                answer.success()


def _cached(user: _User) -> None:
    user.ask({"expr": "norm2(A*x - y)^2", "wrt": "x"})


def _new(user: _User) -> None:
    user.ask({"expr": f"norm2({next(_count)}*A*x - y)^2", "wrt": "x"})


def _hostile(user: _User) -> None:
    path, body = HOSTILE[next(_count) % len(HOSTILE)]
    user.ask(body, path)


def _users(rates: dict[str, float]) -> dict[type[_User], int]:
    """Return the classes of users with their numbers, which together send requests at the rates."""
    found: dict[type[_User], int] = {}
    for kind, ask in (("cached", _cached), ("new", _new), ("hostile", _hostile)):
        if rates[kind] > 0:
            number = max(1, round(rates[kind] / EACH))
            members = {
                "kind": kind,
                "wait_time": constant_throughput(rates[kind] / number),
                "tasks": [ask],
                "fixed_count": number,
            }
            found[type(kind.title(), (_User,), members)] = number
    return found


def _warm(address: str, expr: str) -> None:
    """Ask once and wait for the answer, so that a worker has its imports behind it."""
    body = json.dumps({"expr": expr, "wrt": "x"}).encode()
    request = urllib.request.Request(f"{address}/api/gradient", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as answer:
        answer.read()


def _memory(server: int) -> float:
    """Return the resident memory of a process and all below it, in MB."""
    try:
        whole = [psutil.Process(server), *psutil.Process(server).children(recursive=True)]
        return sum(p.memory_info().rss for p in whole if p.is_running()) / 1e6
    except psutil.NoSuchProcess:
        return float("nan")


def _run(address: str, server: int, seconds: float, rates: dict[str, float]) -> bool:
    """Send the load, print the figures, and return whether no request was lost."""
    users = _users(rates)
    environment = Environment(user_classes=list(users), host=address)
    runner = environment.create_local_runner()
    for question in ("norm2(A*x - y)^2", "norm2(A*x - z)^2", "norm2(A*x + y)^2", "norm2(A*x + z)^2"):
        _warm(address, question)
    runner.start(sum(users.values()), spawn_rate=100)
    memory: list[float] = []
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        gevent.sleep(max(1.0, seconds / 200))
        memory.append(_memory(server))
    runner.stop()
    lost = 0
    for (kind, _), entry in environment.stats.entries.items():
        at = [entry.get_response_time_percentile(q) for q in (0.5, 0.99)]
        print(
            f"{kind:8} {entry.num_requests:7} sent, {entry.num_requests / seconds:6.1f} a second, "
            f"median {at[0]:.0f} ms, p99 {at[1]:.0f} ms, lost {entry.num_failures}"
        )
        lost += entry.num_failures
    for error in environment.stats.errors.values():
        print(f"lost: {error.occurrences} times {error.error}")
    tenth = max(1, len(memory) // 10)
    early, late = memory[tenth : 2 * tenth] or memory, memory[-tenth:]
    print(f"memory: {statistics.mean(early):.0f} MB early, {statistics.mean(late):.0f} MB late")
    return not lost


def main() -> None:
    """Start a server, load it, print the figures."""
    arguments: Any = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--seconds", type=float, default=30)
    arguments.add_argument("--cached", type=float, default=200)
    arguments.add_argument("--new", type=float, default=20)
    arguments.add_argument("--hostile", type=float, default=2)
    given = arguments.parse_args()
    command = [sys.executable, "-c", "from reports.cli import main; main()", "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        found = re.search(r"http://[^\s/]+", server.stdout.readline())
        try:
            assert found is not None
            rates = {"cached": given.cached, "new": given.new, "hostile": given.hostile}
            whole = _run(found[0], server.pid, given.seconds, rates)
        finally:
            server.terminate()
    raise SystemExit(0 if whole else 1)


if __name__ == "__main__":
    main()
