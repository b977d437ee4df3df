"""Our own tables, beside those of the durable engine in the same database.

`jobs` is the authority on what became of each review; the engine below only sees to it that its
work goes on. No column holds a key, a token, or a line of anybody's code outside of `document`.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    delete,
    insert,
)
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.types import TypeDecorator

from bot.jobs.protocol import JobState

SCHEMA = 3
"""Raised with each change of a table; `open_store` refuses a newer one (case S77)."""

OWED = -1
"""In place of a check run's number: there may be none, and one is owed to the commit. Of a job that is
over any number but 0 is of a check run whose end is owed.
"""

ALIVE = (JobState.WAITING, JobState.RUNNING, JobState.PARKED)
ENDED = tuple(s for s in JobState if s not in ALIVE)

metadata = MetaData()


def storable(text: str, most: int) -> str:
    """A text as every database takes it: no NUL, no half characters, no longer than its column."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()[:most]


class Words(TypeDecorator[str]):
    """A column of text that takes any text: what GitHub or a person says must not fail a job."""

    impl = Text
    cache_ok = True

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """On its way into the database."""
        return None if value is None else storable(value, self.most)


meta = Table(
    "triptych_meta",
    metadata,
    Column("name", Words(40), primary_key=True),
    Column("value", Words(200), nullable=False),
)


def write_meta(c: Connection, name: str, value: str) -> None:
    """One line of memory, in place of what it was."""
    c.execute(delete(meta).where(meta.c.name == name))
    c.execute(insert(meta).values(name=name, value=value))


jobs = Table(
    "triptych_jobs",
    metadata,
    Column("id", Words(120), primary_key=True),
    Column("installation", BigInteger, nullable=False),
    Column("account", Words(200), nullable=False),
    Column("repository_id", BigInteger, nullable=False),
    Column("repository", Words(300), nullable=False),
    Column("number", Integer, nullable=False),
    Column("trigger", Words(40), nullable=False),
    Column("state", Words(20), nullable=False),
    Column("head", Words(64), nullable=False, default=""),
    Column("base", Words(300), nullable=False, default=""),
    Column("seen", Float, nullable=False, default=0.0),
    Column("refusal", Words(300), nullable=False, default=""),
    Column("note", Words(500), nullable=False, default=""),
    Column("outcome", Words(20), nullable=False, default=""),
    Column("title", Words(300), nullable=False, default=""),
    Column("created", Float, nullable=False),
    Column("started", Float, nullable=False, default=0.0),
    Column("ended", Float, nullable=False, default=0.0),
    Column("attempts", Integer, nullable=False, default=0),
    Column("priority", Integer, nullable=False, default=0),
    Column("calls", Integer, nullable=False, default=0),
    Column("cost", Float, nullable=False, default=0.0),
    Column("unpriced", Integer, nullable=False, default=0),
    Column("reserved", Float, nullable=False, default=0.0),
    Column("findings", Integer, nullable=False, default=0),
    Column("unread", Integer, nullable=False, default=0),
    Column("review_url", Words(500), nullable=False, default=""),
    Column("check_run", BigInteger, nullable=False, default=0),
    Column("worker", Words(200), nullable=False, default=""),
    Column("document", Words(10_000_000), nullable=False, default=""),
    Index("triptych_jobs_place", "repository_id", "number"),
    Index("triptych_jobs_state", "state"),
    Index("triptych_jobs_created", "created"),
    Index("triptych_jobs_installation", "installation"),
)

dismissals = Table(
    "triptych_dismissals",
    metadata,
    Column("repository_id", BigInteger, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("finding", Words(16), primary_key=True),
    Column("installation", BigInteger, nullable=False),
    Column("by", Words(200), nullable=False),
    Column("by_id", BigInteger, nullable=False),
    Column("on", Words(10), nullable=False),
    Column("reason", Words(500), nullable=False),
)

disputes = Table(
    "triptych_disputes",
    metadata,
    Column("repository_id", BigInteger, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("finding", Words(16), primary_key=True),
    Column("installation", BigInteger, nullable=False),
    Column("comment", BigInteger, nullable=False),
    Column("updated", Words(40), nullable=False),
    Column("asked", Integer, nullable=False),
    Column("at", Float, nullable=False),
    Column("ruling", Words(20), nullable=False, default=""),
    Column("reason", Words(500), nullable=False, default=""),
    Column("path", Words(1000), nullable=False, default=""),
    Column("line", Integer, nullable=False, default=0),
)
"""Findings that somebody disputes, by the answer that is looked into, or was: see bot/jobs/disputes.py."""

labels = Table(
    "triptych_labels",
    metadata,
    Column("repository_id", BigInteger, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("head", Words(64), primary_key=True),
    Column("label", Words(200), primary_key=True),
    Column("installation", BigInteger, nullable=False),
    Column("at", Float, nullable=False),
)
"""Labels in small letters, by the commit that stood there when they were given (case S29)."""

politeness = Table(
    "triptych_politeness",
    metadata,
    Column("repository_id", BigInteger, primary_key=True),
    Column("person", BigInteger, primary_key=True),
    Column("at", Float, nullable=False),
)
"""When somebody who may not give orders last got a reaction: one an hour is enough."""
