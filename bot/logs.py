"""The server's log: one JSON line an event on standard error, and in it only what was meant for it.

Fields are allow-listed: what is not in `FIELDS` is left out and only named, so that no later hand
logs a body by mistake. Texts are redacted, cut and made visible. Of an error stand its type and where
it came from; its own words only where they are ours or the system's, since others repeat what they
were given. A log that cannot be written stops nobody (case S75).
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Iterable, Mapping, MutableMapping
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import unquote, urlsplit

import structlog

from bot.app_settings import AppSettings
from bot.errors import Problem
from bot.settings import Settings
from reviewers.core.secrets import Redaction
from reviewers.core.visible import one_line

FIELDS = frozenset(
    {
        *("event", "level", "time", "logger", "error", "at", "said", "left_out"),
        *("delivery", "event_name", "result", "status", "why", "job", "bytes", "seconds"),
        *("place", "repository", "number", "installation", "account", "trigger", "head", "state"),
        *("outcome", "findings", "unread", "attempt", "attempts", "worker", "cost", "count"),
        *("model", "reading", "tokens", "calls", "method", "path", "url", "host", "port"),
        *(
            "version",
            "python",
            "database",
            "level_of_sandbox",
            "limit",
            "wait",
            "note",
            "what",
            "do",
            "kind",
            "verb",
            "person",
            "runs",
            "causes",
            "jobs",
            "repositories",
            "schema",
        ),
    }
)
"""Every field that may stand in the log."""

MOST_TEXT = 500
MOST_PLACES = 12
"""Of a traceback, the innermost."""

_LEVELS = {10: "debug", 20: "info", 30: "warning", 40: "error", 50: "critical"}
_PLAIN_SPEAKERS = ("sqlite3", "psycopg", "ssl")
"""Packages whose errors tell of the system and not of what they were given."""

_ADVERTS = (
    *("DBOS Conductor", "console.dbos.dev", "for development and testing"),
    "No workflows to recover",
)
_REPEATS = ("Error serializing object",)
"""Beginnings of messages that go on with data of ours."""
_ROOT = Path(__file__).parent.parent

Event = MutableMapping[str, Any]


def own_secrets(settings: Settings, app: AppSettings) -> frozenset[str]:
    """What must appear in nothing that is written, the database's password included."""
    password = unquote(urlsplit(app.database_url).password or "") if "@" in app.database_url else ""
    return settings.secrets | app.secrets | ({password} if password else frozenset())


def start_logging(secrets: Iterable[str] = (), *, to: TextIO | None = None) -> None:
    """Send structlog's events and the libraries' warnings to `to` (standard error), redacted.

    A terminal gets lines for people, everything else JSON.
    """
    stream = sys.stderr if to is None else to
    is_terminal = stream.isatty()
    shape = _Shape(Redaction(frozenset(secrets)))
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            shape,
            _for_people if is_terminal else _as_json,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda *_: _Lines(stream),
        cache_logger_on_first_use=False,
    )
    _bring_in_libraries()


class _Lines:
    """Writes lines; one that cannot be written is lost, and nothing else."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def msg(self, line: str) -> None:
        """One line."""
        try:
            self._stream.write(line + "\n")
            self._stream.flush()
        except (OSError, ValueError):  # ValueError: the stream is closed.
            return

    debug = info = warning = error = critical = msg


class _Shape:
    """Makes an event what may be written: known fields, plain values, no secrets."""

    def __init__(self, redact: Redaction) -> None:
        self._redact = redact

    def __call__(self, _: object, level: str, event: Event) -> Event:
        """The event's fields, the time first."""
        error = _error_of(event.pop("exc_info", None))
        given = {"level": level, **event, **(_told(error) if error else {})}
        if strangers := sorted(str(name) for name in given if name not in FIELDS):
            given["left_out"] = strangers
        first = ("time", "level", "event")
        order = (*first, *(name for name in given if name not in first))
        return {
            name: self._plain(given[name])
            for name in order
            if name in FIELDS and given.get(name) not in (None, "")
        }

    def _plain(self, value: object) -> object:
        if isinstance(value, bool | int | float):
            return value
        if isinstance(value, list | tuple):
            return [self._plain(v) for v in value[:MOST_PLACES]]
        # Before and after it is cut and on one line: a key has several, and a cut one is one yet.
        text = self._redact(one_line(self._redact(str(value)[: 4 * MOST_TEXT])))
        return text if len(text) <= MOST_TEXT else text[:MOST_TEXT] + "…"


def _error_of(given: object) -> BaseException | None:
    """The exception behind an `exc_info`, which may be one, True or a triple."""
    if isinstance(given, BaseException):
        return given
    if isinstance(given, tuple) and len(given) == 3:
        found: BaseException | None = given[1]
        return found
    return sys.exc_info()[1] if given else None


def _told(error: BaseException) -> Mapping[str, object]:
    """An error's type with those of its causes, its places, and its words where they are plain."""
    types: list[str] = []
    said = ""
    cause: BaseException | None = error
    while cause is not None and len(types) < MOST_PLACES:
        types.append(type(cause).__name__)
        said = said or (str(cause) if _is_plain(cause) else "")
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    frames = traceback.extract_tb(error.__traceback__)[-MOST_PLACES:]
    places = [f"{_short(f.filename)}:{f.lineno} {f.name}" for f in frames]
    return {"error": " < ".join(types), "at": places, "said": said}


def _is_plain(error: BaseException) -> bool:
    speaker = type(error).__module__.partition(".")[0]
    return isinstance(error, Problem | OSError) or speaker in _PLAIN_SPEAKERS


def _short(file: str) -> str:
    path = Path(file)
    return str(path.relative_to(_ROOT)) if path.is_relative_to(_ROOT) else path.name


def _as_json(_: object, __: str, event: Event) -> str:
    return json.dumps(event, ensure_ascii=True, separators=(",", ":"))


def _for_people(_: object, __: str, event: Event) -> str:
    time, level, name = (str(event.pop(key, "")) for key in ("time", "level", "event"))
    rest = "  ".join(f"{key}={value}" for key, value in event.items())
    return f"{time[11:19]} {level:<7} {name}  {rest}".rstrip()


class _FromLibraries(logging.Handler):
    """Hands the standard library's log records on."""

    def emit(self, record: logging.LogRecord) -> None:
        """One record; a message that cannot be put together is left out."""
        try:
            text = record.getMessage()
        except (TypeError, ValueError, KeyError):
            text = "a message that cannot be put together"
        text = next((words for words in _REPEATS if words in text), text)
        log = structlog.get_logger(record.name)
        level = max((n for n in _LEVELS if n <= record.levelno), default=10)
        log.log(level, "library", logger=record.name, note=text, exc_info=record.exc_info)


def _is_news(record: logging.LogRecord) -> bool:
    """Not what dbos advertises, and not that a workflow was cancelled or is gone: we cancelled it, or
    purged it with its installation.
    """
    text = str(record.msg)
    if any(words in text for words in _ADVERTS):
        return False
    error = record.exc_info[1] if record.exc_info else None
    name = type(error).__name__
    is_known = "Cancelled" in name or name == "DBOSNonExistentWorkflowError"
    return not is_known and "task cancelled" not in text


def _is_ours(record: logging.LogRecord) -> bool:
    """Not that a stranger's bytes are no HTTP: it would be told with those bytes."""
    error = record.exc_info[1] if record.exc_info else None
    return not type(error).__module__.startswith("aiohttp.http")


def _bring_in_libraries() -> None:
    """Every library's warnings go one way; access logs and the queue's own handler go none."""
    root = logging.getLogger()
    root.handlers = [_FromLibraries()]
    root.setLevel(logging.WARNING)
    logging.getLogger("aiohttp.access").disabled = True
    for name, wanted in (("dbos", _is_news), ("aiohttp.server", _is_ours)):
        logger = logging.getLogger(name)
        # dbos adds a handler of its own unless it finds one.
        logger.handlers, logger.propagate = [_FromLibraries()], False
        logger.filters = [wanted]
