"""How quickly the door answers: a burst of pull requests, the largest body, and both at once.

    python -m tests.bench.door [--events 200] [--seconds 10] [--write 0.01]

The door runs in a process of its own (tests/bot/doors/process.py) before jobs that take `--write`
seconds to write a wish down. Goals: p99 150 ms at 200 events in 10 s; 24.9 MB in 1 s; slow and huge
strangers cost at most 64 MB and keep nobody waiting.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any
from uuid import UUID

from tests.bot.doors.deliveries import encoded, headers, pull_request
from tests.bot.doors.test_serve import Running, environment, running

LARGE = 24_900_000
STRANGERS = 200


async def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--write", type=float, default=0.01)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        env = environment(Path(home), BENCH_WRITE_SECONDS=str(options.write))
        async with running(env, "quiet") as server:
            reading = asyncio.create_task(_drain(server))
            print(f"idle {_resident(server):.0f} MiB")
            burst = await events(server, options.events, options.seconds)
            print(f"{options.events} events in {options.seconds:.0f} s: {_figures(burst)}")
            before = _forget_peak(server)
            held = await strangers(server)
            beside = await events(server, options.events // 4, options.seconds / 4)
            more = _peak(server) - before
            print(
                f"events beside {len(held)} slow and huge strangers: {_figures(beside)}; "
                f"peak +{more:.0f} MiB"
            )
            for writer in held:
                writer.transport.abort()
            for shape in (text, commits):
                body = shape()
                before, busy = _forget_peak(server), _processor(server)
                times = [await timed(server, body) for _ in range(5)]
                more, busy = _peak(server) - before, _processor(server) - busy
                size = f"{len(body) / 1e6:.1f} MB, {shape.__name__}"
                print(
                    f"{size}: {_figures(times)}, {busy / 5:.2f} s of processor each; "
                    f"peak +{more:.0f} MiB, then {_resident(server):.0f}"
                )
                alone = asyncio.create_task(several(server, body))
                beside = await events(server, options.events // 4, options.seconds / 4)
                await alone
                print(f"  events beside five of them: {_figures(beside)}")
            reading.cancel()


async def events(server: Running, count: int, seconds: float) -> list[float]:
    """So many pull requests, evenly spread; the times of their answers."""
    begin = time.perf_counter()

    async def one(number: int) -> float:
        await asyncio.sleep(max(0.0, begin + number * seconds / count - time.perf_counter()))
        made = pull_request()
        made["pull_request"].update(number=number + 1, body="x" * 25_000)
        return await timed(server, encoded(made), number)

    return list(await asyncio.gather(*(one(i) for i in range(count))))


async def several(server: Running, body: bytes) -> None:
    """Five large ones, one after another."""
    for _ in range(5):
        await timed(server, body)


async def timed(server: Running, body: bytes, number: int = 0) -> float:
    """Seconds until a 202."""
    given = headers(body, x_github_delivery=str(UUID(int=number)))
    start = time.perf_counter()

    async def parts() -> Any:
        for at in range(0, len(body), 1 << 20):
            yield body[at : at + (1 << 20)]

    given["Content-Length"] = str(len(body))
    async with server.session.post(f"{server.url}/webhook", data=parts(), headers=given) as answer:
        assert answer.status == 202, await answer.text()
    return time.perf_counter() - start


async def strangers(server: Running) -> list[asyncio.StreamWriter]:
    """Connections that send a byte, and ones that send 26 MB and never the last; all unsigned."""
    port = int(server.url.rpartition(":")[2])
    writers = []
    for i in range(STRANGERS):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        size = 26_000_000 if i % 20 == 0 else 1000
        lines = [f"{name}: {value}" for name, value in headers(b"").items()]
        head = ["POST /webhook HTTP/1.1", "Host: x", *lines, f"Content-Length: {size}", "", "{"]
        writer.write("\r\n".join(head).encode())
        if size > 1000:
            writer.write(b" " * (size - 10))
        writers.append(writer)
    await asyncio.sleep(1.0)
    return writers


def text() -> bytes:
    """One long text, as a padded pull request is."""
    made = pull_request()
    made["pull_request"]["body"] = "x" * (LARGE - len(encoded(made)))
    return encoded(made)


def commits() -> bytes:
    """Many small objects, as a push of many commits is: the hardest for the parser."""
    made = pull_request()
    one = {"id": "a" * 40, "author": {"name": "n", "email": "e"}, "added": ["a", "b"]}
    made["commits"] = [one] * (LARGE // (len(encoded(one)) + 1) - 10)
    return encoded(made)


async def _drain(server: Running) -> None:
    assert server.process.stderr
    while await server.process.stderr.read(65536):
        pass


def _figures(times: list[float]) -> str:
    ordered = sorted(times)
    last = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    middle = statistics.median(ordered)
    return (
        f"median {middle * 1000:.0f} ms, p99 {last * 1000:.0f} ms, most {ordered[-1] * 1000:.0f} ms"
    )


def _status(server: Running, name: str) -> float:
    status = Path(f"/proc/{server.process.pid}/status").read_text(encoding="utf-8")
    row = next(line for line in status.splitlines() if line.startswith(name))
    return int(row.split()[1]) / 1024


def _processor(server: Running) -> float:
    fields = Path(f"/proc/{server.process.pid}/stat").read_text(encoding="utf-8").split()
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


def _resident(server: Running) -> float:
    return _status(server, "VmRSS")


def _peak(server: Running) -> float:
    return _status(server, "VmHWM")


def _forget_peak(server: Running) -> float:
    """Resident MiB now, from which the peak counts anew."""
    Path(f"/proc/{server.process.pid}/clear_refs").write_text("5")
    return _resident(server)


if __name__ == "__main__":
    asyncio.run(main())
