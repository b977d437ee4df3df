"""What tests of several folders share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import postgres
from tests.bot.jobs.lives import Womb


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


@pytest.fixture(scope="session")
def womb() -> Iterator[Womb]:
    """Where processes with jobs at work come from."""
    made = Womb()
    yield made
    made.close()
