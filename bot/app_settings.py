"""What the server reads from its environment, once: the App, its secrets, its limits.

Beside `Settings` (keys, hosts, prices, ceilings), which hold for every door. What the setup page
has stored in `TRIPTYCH_HOME/app.json` fills what the environment leaves open.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bot.errors import ConfigProblem
from bot.settings import address, seal_key
from bot.variables import amount, count

APP_FILE = "app.json"
"""In TRIPTYCH_HOME, mode 0600: id, slug, private key and webhook secret of the App."""
DATABASE_FILE = "triptych.db"
SEAL_FILE = "seal-key"
"""In TRIPTYCH_HOME, mode 0600: see bot/jobs/seal_key.py."""
_POSTGRES = re.compile(
    r"""postgres(?:ql)?://
    (?: [^:/?\#@\[\]\s]* (?: : [^/?\#@\[\]\s]* )? @ )?  # user and password
    (?: \[[0-9A-Fa-f:.]+\] | [^:/?\#@\[\]\s]* )  # host
    (?: :[0-9]{1,5} )?
    (?: / [^?\#\s]* )?
    (?: \? [^\#\s]* )?""",
    re.VERBOSE,
)
"""What all who read it read in the same way: an @ or # in a password ends it early for some of them,
and then part of it would be a host or a port, which errors name."""


@dataclass(frozen=True)
class AppSettings:
    """Everything that only a server needs. Money in USD, times in seconds; None: no limit.

    `accounts` are the lower-case logins on which the App may work; empty: every account that
    installs it. `cost_day` bounds all reviews of a day (UTC) together, `cost_day_installation` those
    of one installation, `cost_day_repository` those of one repository. `engine` overrules the
    repositories' (auto, static, claude; "" does not). `calls_everywhere` bounds the model calls of
    all workers together.
    """

    home: Path
    database_url: str
    app_id: str = ""
    slug: str = ""
    private_key: str = field(default="", repr=False)
    webhook_secrets: tuple[str, ...] = field(default=(), repr=False)
    accounts: tuple[str, ...] = ()
    public_url: str = ""
    operator_token: str = field(default="", repr=False)
    seal_key: str = field(default="", repr=False)
    metrics: str = "127.0.0.1:9464"
    worker: str = ""
    reviews_at_once: int = 32
    calls_at_once: int = 160
    calls_everywhere: int = 640
    reviews_per_hour: int = 20
    cost_day: float | None = None
    cost_day_installation: float | None = None
    cost_day_repository: float | None = None
    engine: str = ""
    debounce: float = 5.0
    retention_days: int = 30

    @property
    def has_app(self) -> bool:
        """Whether an App is configured; without one only the setup page answers."""
        return bool(self.app_id and self.private_key and self.webhook_secrets)

    @property
    def on_sqlite(self) -> bool:
        """Whether the database is a file of this machine: one worker at a time has it, and doors and
        commands may be beside it.
        """
        return self.database_url.startswith("sqlite")

    @property
    def secrets(self) -> frozenset[str]:
        """What must appear in nothing that is written."""
        return frozenset(
            s
            for s in (self.private_key, self.operator_token, self.seal_key, *self.webhook_secrets)
            if s
        )


def read_app_settings(env: Mapping[str, str] | None = None) -> AppSettings:
    """The server's settings. ConfigProblem names the variable or the file that is wrong."""
    env = os.environ if env is None else env
    home = Path(env.get("TRIPTYCH_HOME", "").strip() or _usual_home(env)).expanduser().absolute()
    stored = _stored(home / APP_FILE)
    secrets = env.get("TRIPTYCH_WEBHOOK_SECRET", "") or stored.get("webhook_secret", "")
    debounce = amount(env, "TRIPTYCH_DEBOUNCE", "seconds")
    return AppSettings(
        home=home,
        database_url=_database(env.get("TRIPTYCH_DATABASE_URL", "").strip(), home),
        app_id=_app_id(env.get("TRIPTYCH_APP_ID", "").strip() or stored.get("id", "")),
        slug=stored.get("slug", ""),
        private_key=_private_key(env) or stored.get("pem", ""),
        webhook_secrets=tuple(s.strip() for s in secrets.split(",") if s.strip()),
        accounts=tuple(
            a.strip().lower()
            for a in env.get("TRIPTYCH_ALLOWED_ACCOUNTS", "").split(",")
            if a.strip()
        ),
        public_url=address(env, "TRIPTYCH_PUBLIC_URL"),
        operator_token=env.get("TRIPTYCH_OPERATOR_TOKEN", "").strip(),
        seal_key=seal_key(env),
        metrics=env.get("TRIPTYCH_METRICS", "").strip() or AppSettings.metrics,
        worker=env.get("TRIPTYCH_WORKER", "").strip(),
        reviews_at_once=count(env, "TRIPTYCH_REVIEWS_AT_ONCE", AppSettings.reviews_at_once),
        calls_at_once=count(env, "TRIPTYCH_CALLS_AT_ONCE", AppSettings.calls_at_once),
        calls_everywhere=count(env, "TRIPTYCH_CALLS_EVERYWHERE", AppSettings.calls_everywhere),
        reviews_per_hour=count(env, "TRIPTYCH_REVIEWS_PER_HOUR", AppSettings.reviews_per_hour),
        cost_day=amount(env, "TRIPTYCH_MAX_COST_DAY"),
        cost_day_installation=amount(env, "TRIPTYCH_MAX_COST_DAY_INSTALLATION"),
        cost_day_repository=amount(env, "TRIPTYCH_MAX_COST_DAY_REPOSITORY"),
        engine=_engine(env),
        debounce=AppSettings.debounce if debounce is None else debounce,
        retention_days=count(env, "TRIPTYCH_RETENTION_DAYS", AppSettings.retention_days),
    )


def _engine(env: Mapping[str, str]) -> str:
    text = env.get("TRIPTYCH_ENGINE", "").strip()
    if text not in ("", "auto", "static", "claude"):
        raise ConfigProblem(f"TRIPTYCH_ENGINE is {text[:40]!r}.", "Use auto, static or claude.")
    return text


def _usual_home(env: Mapping[str, str]) -> Path:
    state = env.get("XDG_STATE_HOME", "").strip()
    return (Path(state) if state else Path.home() / ".local" / "state") / "triptych"


def _stored(file: Path) -> dict[str, str]:
    """What the setup page has stored; {} where it has not run."""
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except OSError as e:
        raise ConfigProblem(
            f"{file} cannot be read: {e.strerror}.",
            "Check TRIPTYCH_HOME, and who owns that folder.",
        ) from None
    try:
        return {str(k): str(v) for k, v in json.loads(text).items()}
    except (ValueError, AttributeError):
        raise ConfigProblem(
            f"{file} is not what the setup page writes.", "Move it away and set the App up again."
        ) from None


def _database(url: str, home: Path) -> str:
    if not url:
        return f"sqlite:///{home / DATABASE_FILE}"
    if re.match(r"postgres(ql)?://", url):
        if not _POSTGRES.fullmatch(url):
            raise ConfigProblem(
                "TRIPTYCH_DATABASE_URL is no address that can be read.",
                "Use postgresql://USER@HOST:PORT/DATABASE, with a password USER:PASSWORD@HOST, and write "
                "what stands in that beside letters and digits in percent encoding: @ is %40.",
            )
        return "postgresql://" + url.partition("://")[2]
    if re.match(r"sqlite:///.", url):
        if ":memory:" in url or "mode=memory" in url:
            raise ConfigProblem(
                "TRIPTYCH_DATABASE_URL names a database in memory, which is gone with the process.",
                "Name a file, sqlite:////FOLDER/FILE, or leave it out for one in TRIPTYCH_HOME.",
            )
        return url
    raise ConfigProblem(
        "TRIPTYCH_DATABASE_URL is neither SQLite nor Postgres.",
        "Use postgresql://USER@HOST/DATABASE, with a password USER:PASSWORD@HOST, or leave it out for a "
        "file in TRIPTYCH_HOME.",
    )


def _app_id(text: str) -> str:
    if text and not re.fullmatch(r"[0-9]{1,18}|Iv[0-9A-Za-z.]{6,40}", text):
        raise ConfigProblem(
            f"TRIPTYCH_APP_ID is {text[:40]!r}.", "Use the App's number, or its client id."
        )
    return text


def _private_key(env: Mapping[str, str]) -> str:
    r"""The PEM from TRIPTYCH_APP_PRIVATE_KEY or the file named by ..._FILE, "" where neither is set.

    Accepted: PEM, PEM with `\n` for line ends (as in env files), base64 of PEM (case S21). No error
    repeats any of its characters.
    """
    name = "TRIPTYCH_APP_PRIVATE_KEY"
    text = env.get(name, "").strip()
    if file := env.get(f"{name}_FILE", "").strip():
        name = f"{name}_FILE"
        try:
            text = Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as e:
            why = e.strerror if isinstance(e, OSError) else "it is no text"
            raise ConfigProblem(
                f"The file that {name} names cannot be read: {why}.", "Check path and owner."
            ) from None
    if not text:
        return ""
    return checked_pem(text, name)


def checked_pem(text: str, name: str) -> str:
    """A private key as PEM; ConfigProblem, which names where it came from, when it is none."""
    pem = text.replace("\\n", "\n").strip()
    if "-----BEGIN" not in pem:
        try:
            pem = base64.b64decode("".join(pem.split()), validate=True).decode().strip()
        except (binascii.Error, ValueError):
            pem = ""
    if not re.fullmatch(r"-----BEGIN [A-Z ]*PRIVATE KEY-----\n[\s\S]+-----END [A-Z ]*-----", pem):
        raise ConfigProblem(
            f"{name} holds no private key.",
            "Give the PEM file that GitHub made for the App: as it is, with \\n, or in base64.",
        )
    return pem + "\n"
