"""The whole process: how it starts, what its children see of it, how it ends (cases S05, S10, S74)."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, ClientTimeout

from bot.app_settings import AppSettings
from bot.doors.late import LateJobs
from bot.doors.scrape import bind_of
from bot.doors.serve import _opened, _Plan
from bot.doors.state import ServerState
from bot.errors import ConfigProblem
from bot.jobs.protocol import CancelWish, Figures, JobsProblem, Place
from bot.metrics import Metrics
from bot.settings import Settings
from tests.bot.doors.deliveries import SECRET, encoded, headers, pull_request
from tests.bot.doors.opened import APP
from tests.bot.running import CLEAN
from tests.fakes.app import fake_app, private_key
from tests.fakes.jobs import FakeJobs

PEM = private_key("server")
PROCESS = (sys.executable, "-m", "tests.bot.doors.process")
TRIPTYCH = (sys.executable, "-m", "bot")
KEYLESS = {"TRIPTYCH_ENGINE": "claude", "ANTHROPIC_API_KEY": ""}
NO_KEY = "-----BEGIN PRIVATE KEY-----\nMIIabcdefghijklmnop\n-----END PRIVATE KEY-----\n"
NO_APP = dict.fromkeys(
    ("TRIPTYCH_APP_ID", "TRIPTYCH_APP_PRIVATE_KEY", "TRIPTYCH_WEBHOOK_SECRET"), ""
)
TOP = Path(__file__).parents[3]


def environment(home: Path, **more: str) -> dict[str, str]:
    """That of a configured server."""
    return {
        **CLEAN,
        "TRIPTYCH_HOME": str(home),
        "TRIPTYCH_APP_ID": "4242",
        "TRIPTYCH_APP_PRIVATE_KEY": PEM.replace("\n", "\\n"),
        "TRIPTYCH_WEBHOOK_SECRET": SECRET,
        "TRIPTYCH_METRICS": "127.0.0.1:0",
        "ANTHROPIC_API_KEY": "sk-test-0123456789",
        **more,
    }


def bare(home: Path) -> dict[str, str]:
    """That of a server without an App."""
    return {k: v for k, v in environment(home).items() if "_APP_" not in k and "SECRET" not in k}


@dataclass
class Running:
    """A server in a process of its own, and what it has said."""

    process: Process
    session: ClientSession
    said: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""

    async def until(self, event: str) -> dict[str, Any]:
        """Read its log to this event."""
        assert self.process.stderr
        while line := await self.process.stderr.readline():
            self.said.append(json.loads(line))
            if self.said[-1]["event"] == event:
                return self.said[-1]
        raise AssertionError(self.said)

    async def ask(self, path: str) -> tuple[int, str]:
        """GET."""
        async with self.session.get(self.url + path) as answer:
            return answer.status, await answer.text()

    async def deliver(self) -> int:
        """A signed pull request; the status."""
        body = encoded(pull_request())
        url = self.url + "/webhook"
        async with self.session.post(url, data=body, headers=headers(body)) as answer:
            return answer.status

    async def end(self) -> tuple[int, str]:
        """Its code, and what it printed."""
        out, err = await asyncio.wait_for(self.process.communicate(), 30)
        self.said += [json.loads(line) for line in err.splitlines()]
        return self.process.returncode or 0, out.decode()


@asynccontextmanager
async def running(
    env: Mapping[str, str], *arguments: str, program: Sequence[str] = PROCESS
) -> AsyncIterator[Running]:
    """The process that tests/bot/doors/process.py makes: ours but for its jobs."""
    process = await asyncio.create_subprocess_exec(
        *program, *arguments, stdout=PIPE, stderr=PIPE, env=dict(env), cwd=TOP
    )
    async with ClientSession(timeout=ClientTimeout(30)) as session:
        made = Running(process, session)
        try:
            if not arguments or arguments[0] != "work":
                listening = await made.until("listening")
                made.url = f"http://127.0.0.1:{listening['port']}"
            yield made
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()


async def test_s74_it_ends_in_order(tmp_path: Path) -> None:
    async with running(environment(tmp_path)) as server:
        assert await server.ask("/readyz") == (200, "ready\n")
        assert await server.deliver() == 202
        server.process.send_signal(signal.SIGTERM)
        code, out = await server.end()
        assert code == 0
        assert json.loads(out)["drained"] == 25.0
        said = [s["event"] for s in server.said]
        assert said == ["metrics", "listening", "delivery", "stopping", "stopped"]


async def test_s74_what_is_being_answered_is_answered(tmp_path: Path) -> None:
    async with running(environment(tmp_path), "slow") as server:
        answer = asyncio.create_task(server.deliver())
        assert server.process.stdout
        assert await server.process.stdout.readline() == b"accepting\n"
        server.process.send_signal(signal.SIGTERM)
        await server.until("stopping")
        assert await answer == 202
        code, _ = await server.end()
        assert code == 0


async def test_s74_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    async with running(environment(tmp_path), "stuck") as server:
        server.process.send_signal(signal.SIGTERM)
        await server.until("stopping")
        assert server.process.stdout
        assert await server.process.stdout.readline() == b"draining\n"
        server.process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(server.process.wait(), 10) == -signal.SIGTERM


async def test_children_and_neighbours_see_no_secret(tmp_path: Path) -> None:
    async with running(environment(tmp_path)) as server:
        environ = Path(f"/proc/{server.process.pid}/environ")
        if sys.platform == "linux" and os.geteuid() != 0:
            with pytest.raises(PermissionError):
                environ.read_bytes()
        status = Path(f"/proc/{server.process.pid}/environ").stat()
        # What is not dumpable belongs to root.
        assert sys.platform != "linux" or status.st_uid == 0
        server.process.send_signal(signal.SIGTERM)
        _, out = await server.end()
        inherited = json.loads(out)["environment"]
        assert SECRET not in inherited
        assert "MIIabcdefghijklmnop" not in inherited
        assert "sk-test" not in inherited
        assert "TRIPTYCH_HOME" in inherited


async def test_s05_without_an_app_only_health_answers(tmp_path: Path) -> None:
    async with running(bare(tmp_path)) as server:
        assert server.said[-1]["why"] == "no App is configured"
        assert await server.deliver() == 503
        assert (await server.ask("/readyz"))[0] == 503
        assert (await server.ask("/healthz"))[0] == 200


async def test_an_app_that_is_set_up_later_needs_no_restart(tmp_path: Path) -> None:
    async with running(bare(tmp_path)) as server:
        assert await server.deliver() == 503
        app = {"id": 4242, "slug": "triptych", "pem": PEM, "webhook_secret": SECRET}
        (tmp_path / "app.json").write_text(json.dumps(app))
        assert await server.ask("/setup") == (200, "done")
        assert await server.deliver() == 202
        assert await server.ask("/readyz") == (200, "ready\n")


async def test_s10_metrics_have_an_address_of_their_own(tmp_path: Path) -> None:
    async with running(environment(tmp_path)) as server:
        assert (await server.ask("/metrics"))[0] == 404
        assert await server.deliver() == 202
        metrics = next(s for s in server.said if s["event"] == "metrics")
        server.url = f"http://127.0.0.1:{metrics['port']}"
        status, text = await server.ask("/metrics")
        assert status == 200
        assert 'triptych_deliveries_total{event="pull_request",result="taken"} 1.0' in text
        assert "triptych_jobs_waiting 7.0" in text
        assert "acme" not in text


async def test_a_port_that_is_taken(tmp_path: Path) -> None:
    async with running(environment(tmp_path)) as server:
        port = server.url.rpartition(":")[2]
        env = environment(tmp_path, TRIPTYCH_METRICS=f"127.0.0.1:{port}")
        async with running(env) as other:  # Another worker has its metrics: no reason to stop.
            (line,) = [s for s in other.said if s["event"] == "no metrics"]
            assert line["why"] == "Address already in use"
            assert (await other.ask("/healthz"))[0] == 200
        said = await told("serve", port, env=env)
        assert f"127.0.0.1:{port} cannot be listened on: Address already in use. Give" in said


@pytest.mark.parametrize(("host", "why"), [
    ("192.0.2.1", "192.0.2.1:8123 cannot be listened on: Cannot assign requested address."),
    ("a" * 70, f"{'a' * 70}:8123 cannot be listened on: That is no name of a host."),
])  # fmt: skip
async def test_a_host_that_is_not_this_machine(tmp_path: Path, host: str, why: str) -> None:
    said = await told("serve", "8123", host, env=environment(tmp_path))
    assert why in said
    assert "Give another --host or --port." in said
    assert not list(tmp_path.glob("**/*.db")), "nothing was made"


@pytest.mark.parametrize("command", ["serve", "worker"])
async def test_an_address_that_is_none_is_told_first(tmp_path: Path, command: str) -> None:
    said = await told(command, env=environment(tmp_path, TRIPTYCH_METRICS="foo"))
    assert "TRIPTYCH_METRICS is no HOST:PORT" in said
    assert "pages" not in said
    assert not list(tmp_path.glob("**/*.db")), "nothing was made"


async def told(*arguments: str, env: Mapping[str, str]) -> str:
    """What a process prints that does not start."""
    process = await asyncio.create_subprocess_exec(
        *PROCESS, *arguments, stdout=PIPE, stderr=PIPE, env=dict(env), cwd=TOP
    )
    out, _ = await process.communicate()
    return out.decode()


async def test_s12_the_command_asks_for_what_was_missed(tmp_path: Path) -> None:
    """The real one, with its own jobs."""
    async with fake_app() as github:
        github.pem = PEM
        lost = github.delivery("guid-1", status=503)
        env = environment(tmp_path, GITHUB_API_URL=github.url)
        async with running(env, "serve", "--port", "0", program=TRIPTYCH) as server:
            async with asyncio.timeout(20):
                assert (await server.until("missed.asked"))["count"] == 1
        assert github.asked_again == [lost]


class Hasty(asyncio.SelectorEventLoop):
    """An event loop whose clock can be put forward."""

    ahead = 0.0

    def time(self) -> float:
        """Its own time."""
        return super().time() + self.ahead


def test_s12_what_was_missed_is_asked_for_every_hour() -> None:
    """As long as the server runs, and not more often."""
    asked: list[Settings] = []

    async def ask(settings: Settings, _read: Callable[[], AppSettings]) -> None:
        asked.append(settings)

    async def hours(loop: Hasty) -> list[int]:
        plan = _Plan({}, Settings(), APP, Metrics("1.2.3"))
        opened = asyncio.create_task(_opened(plan, ServerState(APP, FakeJobs()), ask))
        counts = []
        for seconds in (0.0, 3590.0, 20.0, 3590.0, 20.0):
            loop.ahead += seconds
            await asyncio.sleep(0.02)
            counts.append(len(asked))
        opened.cancel()
        return counts

    with asyncio.Runner(loop_factory=Hasty) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, Hasty)
        assert runner.run(hours(loop)) == [1, 1, 2, 2, 3]


async def test_a_worker_works_and_stops(tmp_path: Path) -> None:
    async with running(environment(tmp_path), "work") as worker:
        told = await worker.until("database.file")
        assert "TRIPTYCH_DATABASE_URL" in told["do"]
        await worker.until("working")
        worker.process.send_signal(signal.SIGINT)
        code, out = await worker.end()
        assert code == 0
        assert json.loads(out)["drained"] == 25.0


@pytest.mark.parametrize(
    ("how", "change", "what"),
    [
        ("serve", {"TRIPTYCH_DATABASE_URL": "mysql://x"}, "TRIPTYCH_DATABASE_URL is neither"),
        ("serve", {"TRIPTYCH_DATABASE_URL": "sqlite:///:memory:"}, "Name a file"),
        ("serve", KEYLESS, "TRIPTYCH_ENGINE is claude, and there is no key for it"),
        ("work", KEYLESS, "TRIPTYCH_ENGINE is claude, and there is no key for it"),
        ("serve", {"TRIPTYCH_APP_ID": "no number"}, "TRIPTYCH_APP_ID is"),
        ("serve", {"TRIPTYCH_METRICS": "everywhere"}, "TRIPTYCH_METRICS is no HOST:PORT"),
        ("serve", {"TRIPTYCH_APP_PRIVATE_KEY": NO_KEY}, "The App's private key cannot sign"),
        ("work", NO_APP, "No App is configured, so there is nothing to work on"),
        ("work", {"TRIPTYCH_APP_ID": ""}, "configured by half. Set TRIPTYCH_APP_ID too"),
        ("serve", {"TRIPTYCH_WEBHOOK_SECRET": " , "}, "Set TRIPTYCH_WEBHOOK_SECRET too"),
    ],
)
async def test_wrong_settings_are_told(
    tmp_path: Path, how: str, change: dict[str, str], what: str
) -> None:
    assert what in await told(how, env=environment(tmp_path, **change))


async def test_a_door_alone_needs_no_model_key(tmp_path: Path) -> None:
    async with running(environment(tmp_path, **KEYLESS), "door") as door:
        assert await door.deliver() == 202
        assert "`triptych worker` on this machine" in door.said[0]["what"]


@pytest.mark.parametrize("command", ["serve", "worker"])
async def test_without_the_servers_packages(command: str) -> None:
    without = "import sys; sys.modules['structlog'] = None; from bot.cli import main; main()"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", without, command, stdout=PIPE, stderr=PIPE, env=CLEAN, cwd=TOP
    )
    _, err = await process.communicate()
    assert process.returncode == 2
    assert err.decode().splitlines() == [
        "The server's part is not installed (structlog is missing).",
        "Install the extra `server`: in a clone, pip install '.[server]'.",
    ]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("127.0.0.1:9464", ("127.0.0.1", 9464)),
        ("[::1]:1", ("::1", 1)),
        ("metrics.internal:0", ("metrics.internal", 0)),
        ("off", None),
        ("OFF", None),
    ],
)
def test_where_metrics_are(text: str, place: tuple[str, int] | None) -> None:
    assert bind_of(text) == place


@pytest.mark.parametrize("text", ["9464", "localhost", "localhost:99999", "a b:1", "http://x:1"])
def test_where_metrics_cannot_be(text: str) -> None:
    with pytest.raises(ConfigProblem, match="TRIPTYCH_METRICS"):
        bind_of(text)


async def test_jobs_that_come_later() -> None:
    jobs = LateJobs()
    wish = CancelWish(Place(1, "acme", 2, "acme/shop", 3), "closed")
    with pytest.raises(JobsProblem):
        await jobs.accept(wish, "d")
    assert await jobs.ready() == "no App is configured"
    assert await jobs.figures() == Figures()
    assert await jobs.list() == ()
    assert await jobs.show("x") is None
    assert await jobs.of_pulls([wish.place]) == ()
    assert not await jobs.cancel("x")
    with pytest.raises(KeyError):
        await jobs.retry("x")
    jobs.service = behind = FakeJobs(now=Figures(waiting=1))
    assert await jobs.accept(wish, "d") == ""
    assert behind.wishes == [wish]
    assert await jobs.ready() == ""
    assert (await jobs.figures()).waiting == 1
