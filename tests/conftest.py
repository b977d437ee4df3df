"""What tests of several folders share, and: where nothing may be missing, a skip is a failure."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, settings

from bot.errors import ConfigProblem
from bot.jobs.database import ready_sqlite
from tests import postgres
from tests.bot.jobs.lives import Womb

# In a fresh clone the first text that hypothesis draws waits for its tables of Unicode: a second or more,
# which it would take for a slow strategy, whichever test comes first. And no test is a matter of time: on a
# busy machine an example takes longer than its 200 ms.
settings.register_profile("patient", suppress_health_check=[HealthCheck.too_slow], deadline=None)
settings.load_profile("patient")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--no-skips",
        action="store_true",
        help="a test that skips fails: for CI, which has everything that a test may need",
    )


def pytest_configure() -> None:
    """Before any test imports `sqlite3`: two libraries in one process would lose each other's locks."""
    try:
        ready_sqlite()
    except ConfigProblem as e:
        raise pytest.UsageError(str(e)) from None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, Any, pytest.TestReport]:
    report: pytest.TestReport = yield
    if report.skipped and item.config.getoption("no_skips") and not hasattr(report, "wasxfail"):
        why = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} may not skip here (--no-skips). {why}"
    return report


@pytest.fixture(scope="session")
def cluster() -> Iterator[postgres.Cluster]:
    """One Postgres for all tests; they are skipped where it is not installed (.ci/run installs it)."""
    if why := postgres.why_not():
        pytest.skip(why)
    with postgres.cluster() as made:
        yield made


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/triptych.db"
    made: postgres.Cluster = request.getfixturevalue("cluster")
    return made.database()


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """A command that runs in a test's process sets the log for the rest of it: others must see their lines
    whatever ran before them.
    """
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def womb() -> Iterator[Womb]:
    """Where processes with jobs at work come from."""
    made = Womb()
    yield made
    made.close()
