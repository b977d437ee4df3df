"""What stands in the log, and what never does."""

from __future__ import annotations

import ast
import io
import json
import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog
from aiohttp.http_exceptions import BadStatusLine
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import HostProblem
from bot.logs import FIELDS, MOST_TEXT, own_secrets, start_logging
from bot.settings import Settings
from tests.bot.doors.opened import APP

SECRET = "a-webhook-secret-of-ours-0123456789"


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Full(io.StringIO):
    """A stream on a disk without space."""

    def write(self, _: str) -> int:
        raise OSError(28, "No space left on device")


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """The logging of the process is everybody's."""
    loggers = [logging.getLogger(name) for name in (None, "dbos", "aiohttp.server")]
    before = [(x, x.handlers[:], x.filters[:], x.propagate, x.level) for x in loggers]
    access = logging.getLogger("aiohttp.access").disabled
    yield
    logging.getLogger("aiohttp.access").disabled = access
    for logger, handlers, filters, propagate, level in before:
        logger.handlers, logger.filters, logger.propagate = handlers, filters, propagate
        logger.setLevel(level)


def log_to(stream: io.StringIO | None = None, *secrets: str) -> io.StringIO:
    stream = stream or io.StringIO()
    start_logging(secrets, to=stream)
    return stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_one_json_line_an_event() -> None:
    stream = log_to()
    structlog.get_logger("x").info("delivery", delivery="d", status=202, seconds=0.5)
    structlog.get_logger("x").debug("quiet")
    (line,) = lines(stream)
    assert list(line)[:3] == ["time", "level", "event"]
    assert line["level"] == "info"
    assert (line["event"], line["delivery"], line["status"]) == ("delivery", "d", 202)


def test_bound_fields_are_on_every_line() -> None:
    stream = log_to()
    with structlog.contextvars.bound_contextvars(job="j1"):
        structlog.get_logger().info("started")
    structlog.get_logger().info("idle")
    assert [line.get("job") for line in lines(stream)] == ["j1", None]


def test_other_fields_are_left_out_and_named() -> None:
    stream = log_to()
    structlog.get_logger().info("delivery", body="all of it", headers={"a": "b"})
    (line,) = lines(stream)
    assert line["left_out"] == ["body", "headers"]
    assert "all of it" not in stream.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        SECRET[7:],
        SECRET[:-8],
        f"before {SECRET[3:20]} after",
        "ghs_1234_" + "a" * 40,
        "Bearer sk-ant-api03-" + "b" * 30,
        "postgresql://triptych:hunter2hunter2@db/x",
    ],
)
@pytest.mark.parametrize("kind", [io.StringIO, Terminal])
def test_secrets_and_pieces_of_them_are_not_written(text: str, kind: type[io.StringIO]) -> None:
    stream = log_to(kind(), SECRET)
    structlog.get_logger().info(text, why=text, note=[text])
    structlog.get_logger().error("x", exc_info=OSError(text))
    logging.getLogger("some.library").warning("it said %s", text)
    for start in range(max(1, len(text) - 12)):
        piece = text[start : start + 12]
        if piece in SECRET or not text.startswith(("before", "Bearer", "postgres")):
            assert piece not in stream.getvalue()
    assert "hunter2hunter2" not in stream.getvalue()


def test_a_key_of_several_lines() -> None:
    stream = log_to(None, APP.private_key)
    structlog.get_logger().info("x", why=APP.private_key, note=APP.private_key.replace("\n", "\\n"))
    assert "MIIabcdefghi" not in stream.getvalue()


def test_own_secrets_are_all_of_them() -> None:
    app = replace(
        APP,
        operator_token="an-operator-token",
        database_url="postgresql://triptych:pass%40word@db/x",
    )
    settings = Settings(anthropic_key="an-anthropic-key", github_token="a-github-token")
    assert own_secrets(settings, app) == {
        *("an-anthropic-key", "a-github-token", "an-operator-token", "pass@word"),
        *(APP.private_key, *APP.webhook_secrets),
    }
    assert own_secrets(Settings(), replace(APP, private_key="", webhook_secrets=())) == set()


@given(st.text())
def test_one_line_whatever_is_said(text: str) -> None:
    for kind in (io.StringIO, Terminal):
        stream = log_to(kind())
        structlog.get_logger().info(text, why=text)
        written = stream.getvalue()
        assert written.count("\n") == 1
        assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2028\u2029]", written[:-1])


def test_long_texts_are_cut() -> None:
    stream = log_to()
    structlog.get_logger().info("x", why="long " * 10_000)
    assert len(lines(stream)[0]["why"]) == MOST_TEXT + 1


def test_an_error_tells_its_type_and_place_not_its_words() -> None:
    stream = log_to()

    def parse() -> None:
        try:
            dict[str, str]()["what somebody typed"]
        except KeyError as e:
            raise ValueError("the whole body") from e

    try:
        parse()
    except ValueError:
        structlog.get_logger().exception("failed")
    (line,) = lines(stream)
    assert line["error"] == "ValueError < KeyError"
    # The folder is told below the one of our packages only; of a wheel, tests are not there.
    assert re.match(r"(tests/bot/)?test_logs\.py:\d+ test_an_error_tells", line["at"][0])
    assert "said" not in line
    assert "typed" not in stream.getvalue()
    assert "whole body" not in stream.getvalue()


@pytest.mark.parametrize(
    "error",
    [HostProblem("GitHub is gone.", "Wait."), ConnectionRefusedError("GitHub is gone. Wait.")],
)
def test_our_own_errors_and_the_systems_may_speak(error: Exception) -> None:
    stream = log_to()
    structlog.get_logger().error("failed", exc_info=error)
    assert lines(stream)[0]["said"] == "GitHub is gone. Wait."


def test_a_log_that_cannot_be_written_stops_nobody() -> None:
    stream = log_to(Full())
    structlog.get_logger().info("x")
    logging.getLogger("a.library").error("y")
    closed = log_to()
    closed.close()
    structlog.get_logger().info("x")
    assert stream.getvalue() == ""


def test_libraries_warn_and_do_not_chat() -> None:
    stream = log_to()
    logging.getLogger("some.library").info("hello")
    logging.getLogger("some.library").warning("%s of %s", "careful", 2)
    logging.getLogger("some.library").warning("%d", "no number")
    logging.getLogger("aiohttp.access").error("GET /")
    first, second = lines(stream)
    assert (first["logger"], first["note"]) == ("some.library", "careful of 2")
    assert second["note"] == "a message that cannot be put together"


class DBOSWorkflowCancelledError(Exception):
    """As dbos calls it."""


class DBOSNonExistentWorkflowError(Exception):
    """As dbos calls it."""


def test_dbos_neither_advertises_nor_cries_at_a_cancel() -> None:
    stream = log_to()
    dbos = logging.getLogger("dbos")
    dbos.warning("Using SQLite as a system database. It is for development and testing.")
    dbos.warning("To view and manage workflows, connect to DBOS Conductor at: https://x.test")
    dbos.warning("Asyncio task cancelled for workflow or step <f>")
    dbos.error("Exception encountered in workflow:", exc_info=DBOSWorkflowCancelledError("w"))
    gone_with_its_job = DBOSNonExistentWorkflowError("w")
    dbos.error("Exception encountered in asynchronous workflow:", exc_info=gone_with_its_job)
    dbos.error("Error serializing object: {'a': 'finding of a model'}")
    dbos.error("Database is gone", exc_info=OSError("refused"))
    serializing, gone = lines(stream)
    assert serializing["note"] == "Error serializing object"
    assert (gone["note"], gone["said"]) == ("Database is gone", "refused")


def test_bytes_that_are_no_http_are_not_told_of() -> None:
    stream = log_to()
    server = logging.getLogger("aiohttp.server")
    server.error("Error handling request", exc_info=BadStatusLine("X-Secret: 1"))
    assert stream.getvalue() == ""
    server.error("Error handling request", exc_info=ZeroDivisionError())
    assert lines(stream)[0]["error"] == "ZeroDivisionError"


def test_a_terminal_gets_lines_for_people() -> None:
    stream = log_to(Terminal())
    structlog.get_logger().info("delivery", result="taken", status=202)
    assert stream.getvalue().endswith(" info    delivery  result=taken  status=202\n")


def test_why_calls_read_nothing_is_told_of_a_job() -> None:
    stream = log_to(None, SECRET)
    causes = [f"the API key {SECRET} was refused (401)", *("long " * MOST_TEXT for _ in range(99))]
    structlog.get_logger().warning("job.ended", job="j", outcome="incomplete", causes=causes)
    (line,) = lines(stream)
    assert line["causes"][0].startswith("the API key ")
    assert line["causes"][0].endswith(" was refused (401)")
    assert SECRET not in stream.getvalue()
    assert "left_out" not in line
    assert len(stream.getvalue()) < 20 * MOST_TEXT


ROOT = Path(__file__).parent.parent.parent
SPEAKERS = {"log", "_log()", "structlog.get_logger()"}
SAYING = {"debug", "info", "warning", "error", "exception", "critical", "log"}


def given_to_the_log(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every field that a module gives to its log, and the line; of a `**` those of its dict."""
    dicts: dict[str, ast.expr] = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and is_of_the_log(node.func)):
            continue
        for keyword in node.keywords:
            if keyword.arg:
                yield node.lineno, keyword.arg
                continue
            more = keyword.value
            found = dicts.get(more.id, more) if isinstance(more, ast.Name) else more
            yield from (
                (node.lineno, str(key.value))
                for inner in ast.walk(found)
                if isinstance(inner, ast.Dict)
                for key in inner.keys
                if isinstance(key, ast.Constant)
            )


def is_of_the_log(function: ast.expr) -> bool:
    if isinstance(function, ast.Name):
        return function.id in ("say", "_say")
    if not isinstance(function, ast.Attribute) or function.attr not in SAYING:
        return False
    speaker = ast.unparse(function.value)
    return speaker in SPEAKERS or speaker.startswith("structlog.get_logger(")


@pytest.mark.source
def test_every_field_that_is_given_to_the_log_may_stand_there() -> None:
    found = [
        (f"{path.relative_to(ROOT)}:{line}", name)
        for folder in ("bot", "reviewers")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for line, name in given_to_the_log(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert {"job", "wait", "seconds"} <= {name for _, name in found}
    assert [(at, name) for at, name in found if name not in {*FIELDS, "exc_info"}] == []


def test_no_field_is_named_like_content() -> None:
    assert not FIELDS & {"body", "payload", "headers", "header", "patch", "diff", "text", "comment"}
    assert Path(__file__).name == "test_logs.py"
