"""The repository's `.github/triptych.toml`: typed, strict, and unable to steer anything dangerous.

No key here names a host, a credential, a command, a price or a plugin; such keys do not exist, so
they are refused by name like any other unknown one (case S32). It is read from the base branch.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from bot.errors import ConfigProblem
from reviewers.core.exclude import pattern_problem
from reviewers.core.finding import SeverityWord
from reviewers.core.policy import CLAUDE, STATIC
from reviewers.core.settle import VERIFIER
from reviewers.registry import REVIEWERS

PATH = ".github/triptych.toml"
MAX_BYTES = 64 * 1024
"""A configuration is a page of text; more than this is an attack or a mistake (case S33)."""

BUILT_IN = tuple(reviewer.id for reviewer in REVIEWERS)
RESERVED = (VERIFIER, STATIC, CLAUDE)

Glob = Annotated[str, Field(max_length=200)]


class _Table(BaseModel):
    """A table of the file: unknown keys are errors, values are not bent into other types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ReviewerTable(_Table):
    """`[reviewers.NAME]`: a built-in reviewer's votes, or a reviewer of the repository's own."""

    enabled: bool = Field(default=True, description="false leaves this reviewer out")
    votes: int | None = Field(default=None, ge=1, le=7, description="how many times it looks")
    charter: str | None = Field(
        default=None,
        max_length=8000,
        description="own reviewers: what it looks for, what it leaves alone",
    )
    paths: list[Glob] = Field(
        default=[], max_length=100, description="globs of the files it reads; [] all"
    )
    severity_floor: SeverityWord = Field(
        default="info", description="its findings below this are dropped"
    )

    @field_validator("paths")
    @classmethod
    def _globs(cls, value: list[str]) -> list[str]:
        return _checked_globs(value)


class ModelsTable(_Table):
    """`[models]`: who answers. Several reviewers' models take turns as voters."""

    review: list[str] = Field(
        default=["claude-sonnet-5-5"], min_length=1, max_length=7, description="vote i asks model i"
    )
    verify: str = Field(
        default="", description="the model that verifies; empty: the first of `review`"
    )
    effort: Literal["low", "medium", "high"] = Field(
        default="medium", description="how long models think"
    )


class BudgetTable(_Table):
    """`[budget]`: USD. What is reached is named in the review, which then is incomplete."""

    review: float = Field(default=2.0, ge=0, description="for one review")
    pull_request: float = Field(
        default=10.0, ge=0, description="for all reviews of one pull request"
    )


class LimitsTable(_Table):
    """`[limits]`: how much of a large change is read."""

    file_kb: int = Field(
        default=120, ge=1, le=1000, description="a larger diff of one file is not sent"
    )
    prompt_kb: int = Field(default=200, ge=20, le=1500, description="size of one prompt")
    prompts: int = Field(
        default=6, ge=1, le=20, description="into so many prompts a change is packed"
    )


class PublishTable(_Table):
    """`[publish]`: whose reviews count as ours."""

    accounts: list[str] = Field(
        default=[], max_length=20, description="logins whose markers are believed beside our own"
    )


class Config(_Table):
    """The whole file. Every key has a default that most repositories can keep."""

    engine: Literal["auto", "static", "claude"] = Field(
        default="auto", description="auto: analysers, and Claude too when a key is there"
    )
    rounds: int = Field(
        default=2,
        ge=1,
        le=3,
        description="1 looks, 2 verifies too, 3 asks more votes where one could turn it",
    )
    min_severity: SeverityWord = Field(default="medium", description="lower findings notify nobody")
    inline_limit: int = Field(
        default=20, ge=0, le=50, description="findings that also stand on their line"
    )
    post_clean: bool = Field(default=False, description="post a review even when nothing was found")
    gate: SeverityWord | None = Field(
        default=None, description="proven findings from this severity on turn the check red"
    )
    context: Literal["enclosing", "full"] = Field(
        default="enclosing",
        description="what models see round a hunk: its functions, or the whole file",
    )
    instructions: str = Field(default="", max_length=8000, description="told to every reviewer")
    exclude: list[Glob] = Field(
        default=[], max_length=200, description="globs of files nobody reads"
    )
    ignore: list[Glob] = Field(default=[], max_length=200, description="globs of rule ids to drop")
    reviewers: dict[str, ReviewerTable] = Field(default={}, description="votes and own reviewers")
    models: ModelsTable = ModelsTable()
    budget: BudgetTable = BudgetTable()
    limits: LimitsTable = LimitsTable()
    publish: PublishTable = PublishTable()

    @field_validator("exclude", "ignore")
    @classmethod
    def _globs(cls, value: list[str]) -> list[str]:
        return _checked_globs(value)

    @field_validator("reviewers")
    @classmethod
    def _names(cls, value: dict[str, ReviewerTable]) -> dict[str, ReviewerTable]:
        for name, table in value.items():
            if not name.replace("-", "").isalnum() or name != name.lower() or len(name) > 30:
                raise ValueError(f"{name!r} is no name: use small letters, digits and hyphens")
            if name in RESERVED:
                raise ValueError(f"{name!r} is a name of Triptych's own; choose another")
            if name in BUILT_IN and table.charter is not None:
                raise ValueError(f"{name!r} is built in and has its charter; choose another name")
            if name not in BUILT_IN and not (table.charter or "").strip():
                raise ValueError(
                    f"{name!r} is not built in (those are {', '.join(BUILT_IN)}), so it needs a "
                    "`charter`"
                )
        return value


def _checked_globs(value: list[str]) -> list[str]:
    for pattern in value:
        if problem := pattern_problem(pattern):
            raise ValueError(f"the glob {pattern!r} {problem}")
    return value


def parse_config(data: bytes, where: str = PATH) -> Config:
    """The configuration in a file's bytes.

    ConfigProblem names the path of each wrong value with what is allowed; a file that is too
    large, is not UTF-8 or is no TOML is refused as a whole.
    """
    check = f"Correct it and run `triptych config check {PATH}`."
    if len(data) > MAX_BYTES:
        raise ConfigProblem(f"{where} is larger than {MAX_BYTES // 1024} KiB.", check)
    try:
        table = tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise ConfigProblem(f"{where} is not UTF-8.", check) from None
    except (tomllib.TOMLDecodeError, RecursionError) as e:
        raise ConfigProblem(f"{where} is no TOML: {e}.", check) from None
    try:
        return Config.model_validate(table)
    except ValidationError as e:
        problems = "; ".join(_told(error) for error in e.errors())
        raise ConfigProblem(f"{where}: {problems}.", check) from None


def _told(error: Any) -> str:
    """One of pydantic's errors in a sentence: the key's path, what is wrong, what is allowed."""
    path = ".".join(str(part) for part in error["loc"])
    match error["type"]:
        case "extra_forbidden":
            table = _table_at(error["loc"][:-1])
            known = f"; known are {', '.join(table.model_fields)}" if table else ""
            return f"`{path}` is no setting{known}"
        case "literal_error":
            return f"`{path}` must be one of {error['ctx']['expected']}"
        case _:
            message = error["msg"].removeprefix("Value error, ")
            return f"`{path}`: {message[:1].lower()}{message[1:]}"


def _table_at(loc: tuple[int | str, ...]) -> type[_Table] | None:
    table: type[_Table] | None = Config
    for part in loc:
        if table is None:
            return None
        if table is Config and part == "reviewers":
            table = ReviewerTable
        elif table is not ReviewerTable:
            field = table.model_fields.get(str(part))
            found = field.annotation if field else None
            table = found if isinstance(found, type) and issubclass(found, _Table) else None
    return table


@dataclass(frozen=True, slots=True)
class Setting:
    """One line of `triptych config explain`."""

    path: str
    value: str
    origin: str
    about: str


def explain(config: Config, origin: str) -> Iterator[Setting]:
    """Every value with where it came from: the file, or the default."""
    yield from _explain(config, "", origin)


def _explain(table: _Table, prefix: str, origin: str) -> Iterator[Setting]:
    for name, field in type(table).model_fields.items():
        value = getattr(table, name)
        path = prefix + name
        if isinstance(value, _Table):
            yield from _explain(value, f"{path}.", origin)
        elif isinstance(value, dict) and value:
            for key, entry in value.items():
                yield from _explain(entry, f"{path}.{key}.", origin)
        else:
            from_file = name in table.model_fields_set
            shown = json.dumps(value, ensure_ascii=False)
            yield Setting(path, shown, origin if from_file else "default", field.description or "")
