"""The repository's `.github/triptych.toml`: typed, strict, and unable to steer anything dangerous.

No key here names a host, a credential, a command, a price or a plugin; such keys do not exist, so
they are refused by name like any other unknown one (case S32). It is read from the base branch.
"""

from __future__ import annotations

import enum
import re
import tomllib
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator

from bot.errors import ConfigProblem
from bot.slips import meant
from reviewers.core.exclude import pattern_problem
from reviewers.core.finding import SeverityWord
from reviewers.core.policy import CLAUDE, STATIC
from reviewers.core.settle import VERIFIER
from reviewers.core.visible import one_line
from reviewers.registry import REVIEWERS

PATH = ".github/triptych.toml"
MAX_BYTES = 64 * 1024
"""A configuration is a page of text; more than this is an attack or a mistake (case S33)."""

BUILT_IN = tuple(reviewer.id for reviewer in REVIEWERS)
RESERVED = (VERIFIER, STATIC, CLAUDE)

ELSEWHERE = {
    **dict.fromkeys(("fail-on", "fail_on"), "gate"),
    **dict.fromkeys(("max-cost", "max_cost"), "budget.review"),
    "model": "models.review",
}
"""What the command line and the Action call a setting, and the file does not."""
_LIKE = 0.75
"""How much a name that is no setting is like the one that is meant: `gaet` and `gate` are so much."""
MOST_PROBLEMS = 5
"""So many wrong keys are told at once; a note on a review has room for no more."""

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
_PART = r"[A-Za-z0-9][A-Za-z0-9._:@-]*"
_MODEL = rf"{_PART}(/{_PART})*"
"""A model's name. Platforms put it into an address, so no part of it is `..` (case S32)."""

_DEEP_KEY = re.compile(
    r"""(?<![\w-])(?:(?:[\w-]++|"(?:[^"\\\n]|\\.){0,99}+"|'[^'\n]{0,99}+')[ \t]*+\.[ \t]*+){16}""",
    re.ASCII,
)
"""A key of more than 16 parts; none of ours has more than three. The time that tomllib takes for a
key grows with the square of its parts: 17 s for one of 60 kB (case S33)."""


def _checked_glob(pattern: str) -> str:
    if problem := pattern_problem(pattern):
        raise ValueError(f"the glob {pattern!r} {problem}")
    return pattern


Glob = Annotated[str, Field(max_length=200), AfterValidator(_checked_glob)]
Login = Annotated[str, Field(min_length=1, max_length=100)]
Label = Annotated[str, Field(min_length=1, max_length=100)]
Model = Annotated[str, Field(max_length=200, pattern=rf"^{_MODEL}$")]


class _Table(BaseModel):
    """A table of the file: unknown keys are errors, values are not bent into other types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


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
        default=[], max_length=50, description="globs of the files it reads; [] all"
    )
    severity_floor: SeverityWord = Field(
        default="info", description="its findings below this are dropped"
    )


class ModelsTable(_Table):
    """`[models]`: who answers. Several take turns as voters."""

    review: list[Model] = Field(
        default=["claude-sonnet-5-5"], min_length=1, max_length=7, description="vote i asks model i"
    )
    verify: str = Field(
        default="",
        max_length=200,
        pattern=rf"^({_MODEL})?$",
        description="the model that verifies; empty: the first of `review`",
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


class TriggersTable(_Table):
    """`[triggers]`: which pull requests are reviewed unasked. Whoever asks gets a review anyhow."""

    drafts: bool = Field(default=False, description="review drafts, too")
    labels: list[Label] = Field(
        default=[],
        max_length=20,
        description="only with one of these labels, given anew for each commit of an outside author; "
        "[] all",
    )
    skip_labels: list[Label] = Field(
        default=[], max_length=20, description="not with one of these labels"
    )
    skip_authors: list[Login] = Field(
        default=[], max_length=100, description="not when one of these opened it"
    )
    paths: list[Glob] = Field(
        default=[], max_length=50, description="only when a file matches; [] all"
    )


class PublishTable(_Table):
    """`[publish]`: whose reviews count as ours."""

    accounts: list[Login] = Field(
        default=[],
        max_length=20,
        description="logins whose markers are believed beside our own; a bot's with [bot]",
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
    min_severity: SeverityWord = Field(
        default="medium", description="lower findings notify nobody, unless they reach the gate"
    )
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
        default=[], max_length=100, description="globs of files nobody reads"
    )
    ignore: list[Glob] = Field(default=[], max_length=100, description="globs of rule ids to drop")
    reviewers: dict[str, ReviewerTable] = Field(default={}, description="votes and own reviewers")
    models: ModelsTable = ModelsTable()
    budget: BudgetTable = BudgetTable()
    limits: LimitsTable = LimitsTable()
    triggers: TriggersTable = TriggersTable()
    publish: PublishTable = PublishTable()

    @field_validator("reviewers")
    @classmethod
    def _names(cls, value: dict[str, ReviewerTable]) -> dict[str, ReviewerTable]:
        for name, table in value.items():
            if problem := _wrong_name(name, table):
                raise ValueError(problem)
        off = {name for name, table in value.items() if not table.enabled}
        if off >= {*BUILT_IN, *value}:
            raise ValueError("every reviewer is switched off; leave at least one")
        return value


def _wrong_name(name: str, table: ReviewerTable) -> str:
    """Why a table cannot be a reviewer's; "" where it can."""
    if not _NAME.fullmatch(name) or len(name) > 30:
        return f"{name!r} is no name: use small letters, digits and hyphens"
    if name in RESERVED:
        return f"{name!r} is a name of Triptych's own; choose another"
    if name in BUILT_IN and table.charter is not None:
        return f"{name!r} is built in and has its charter; choose another name"
    if name in BUILT_IN or (table.charter or "").strip():
        return ""
    if near := meant(name, BUILT_IN, _LIKE):
        return f"{name!r} is not built in; is `{near}` meant? If not, it needs a `charter`"
    return f"{name!r} is not built in (those are {', '.join(BUILT_IN)}), so it needs a `charter`"


class Unusable(enum.Enum):
    """What stands where the configuration is wanted and gives no text: not the same as nothing there."""

    FILE = "is no regular file, is no text, or is too large"


def parse_config(data: bytes | Unusable, where: str = PATH) -> Config:
    """The configuration in a file's bytes.

    ConfigProblem names the path of each wrong value with what is allowed; a file that is too
    large, is not UTF-8 or is no TOML is refused as a whole.
    """
    table = read_table(data, where)
    try:
        return Config.model_validate(table)
    except ValidationError as e:
        errors = e.errors(include_url=False, include_input=False)
        listed: set[str] = set()
        told = [_told(error, listed) for error in errors[:MOST_PROBLEMS]]
        if more := len(errors) - len(told):
            told.append(f"and {more} more")
        rows = tuple(_ended(f"{where}: {one}") for one in told)
        raise ConfigProblem(_ended(f"{where}: {'; '.join(told)}"), _do(where), rows) from None


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith("?") else f"{sentence}."


def read_table(data: bytes | Unusable, where: str = PATH) -> dict[str, Any]:
    """The keys of a file and their values, whatever they are. ConfigProblem where it cannot be read."""
    if isinstance(data, Unusable):
        raise ConfigProblem(f"{where} {data.value}.", _do(where))
    if len(data) > MAX_BYTES:
        raise ConfigProblem(f"{where} is larger than {MAX_BYTES // 1024} KiB.", _do(where))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigProblem(f"{where} is not UTF-8.", _do(where)) from None
    if _DEEP_KEY.search(text):
        raise ConfigProblem(f"{where} holds a key of more than 16 parts.", _do(where))
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as e:  # ValueError: a number of thousands of digits, too.
        raise ConfigProblem(f"{where} is no TOML: {e}.", _do(where)) from None


def _do(where: str) -> str:
    return f"Correct it and run `triptych config check {where}`."


def meant_by(name: str, known: Iterable[str]) -> str:
    """Which setting a name that is none may be meant for, "" for none: of some that are known where it
    stands the one that it is like, or the one that the command line and the Action call so.
    """
    small = name.lower()
    return meant(small, known, _LIKE) or ELSEWHERE.get(small, "")


def _told(error: Any, listed: set[str]) -> str:
    """One of pydantic's errors in a sentence: the key's path, what is wrong, what is allowed.

    Takes in of which tables it is `listed` what is known there: once is enough.
    """
    loc = error["loc"]
    path = ".".join(_shown(part) for part in loc)
    match error["type"]:
        case "extra_forbidden":
            known = list(_schema_at(loc[:-1]).get("properties", ()))
            table = path.rpartition(".")[0]
            hint = "" if table in listed else f"; known are {', '.join(known)}"
            if near := meant_by(str(loc[-1]), known):
                hint = f"; is `{near}` meant?"
            else:
                listed.add(table)
            return f"`{path}` is no setting{hint}"
        case "value_error":
            return f"`{path}`: {error['msg'].removeprefix('Value error, ')}"
        case _:
            return f"`{path}` must be {_in_words(_schema_at(loc))}"


def _shown(part: str | int) -> str:
    """A part of a key's path; what stands in a file may be long, and odd."""
    text = one_line(str(part))
    return text if len(text) <= 60 else f"{text[:60]}…"


def _schema_at(loc: tuple[str | int, ...]) -> Mapping[str, Any]:
    """The JSON schema of what stands at a path of the file."""
    whole = Config.model_json_schema()
    schema: Mapping[str, Any] = whole
    for part in loc:
        if isinstance(part, int):
            schema = schema["items"]
        else:
            schema = schema.get("properties", {}).get(part) or schema["additionalProperties"]
        if name := schema.get("$ref"):
            schema = whole["$defs"][name.rpartition("/")[2]]
    return schema


def _in_words(schema: Mapping[str, Any]) -> str:
    """What a JSON schema allows, as the end of the sentence "it must be ..."."""
    if choices := schema.get("anyOf"):
        return _in_words(choices[0])
    if words := schema.get("enum"):
        return f"one of {', '.join(words)}"
    match schema["type"]:
        case "boolean":
            return "true or false"
        case "integer":
            return f"a whole number from {schema['minimum']} to {schema['maximum']}"
        case "number":
            return f"a number, {schema['minimum']:g} or more"
        case "string" if "pattern" in schema:
            return "a name of letters, digits and . _ : @ / -"
        case "string":
            return f"text of at most {schema['maxLength']} characters"
        case "array":
            least = schema.get("minItems", 0)
            size = f"{least} to {schema['maxItems']}" if least else f"at most {schema['maxItems']}"
            return f"a list of {size} texts"
        case _:
            return "a table"
