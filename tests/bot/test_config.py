"""The configuration: every wrong value is refused by its path with what is allowed, and quickly."""

from __future__ import annotations

import json
import time
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.config import BUILT_IN, MAX_BYTES, RESERVED, Config, parse_config
from bot.errors import ConfigProblem
from reviewers.core.exclude import matches

SCHEMA = Config.model_json_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
CHARTER = 'charter = "You are the accessibility reviewer."'
QUICK = 0.1
"""Seconds for a hostile file (case S33); tests allow ten times that, for machines that are busy."""


def refused(text: str | bytes) -> str:
    """What is said of a configuration that must be refused."""
    data = text.encode() if isinstance(text, str) else text
    with pytest.raises(ConfigProblem) as caught:
        parse_config(data)
    assert "triptych config check" in caught.value.do
    assert caught.value.what.startswith(".github/triptych.toml")
    assert caught.value.what.endswith((".", "?"))
    return caught.value.what


# --- Every key there is, from the model itself


def leaves(schema: dict[str, Any] = SCHEMA, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every setting's path and schema; of the tables of reviewers a built-in and an own one."""
    if ref := schema.get("$ref"):
        schema = SCHEMA["$defs"][ref.rpartition("/")[2]]
    if path == "reviewers":
        table = schema["additionalProperties"]
        yield from leaves(table, "reviewers.security")
        yield from leaves(table, "reviewers.mine")
    elif "properties" in schema:
        for name, part in schema["properties"].items():
            yield from leaves(part, f"{path}.{name}" if path else name)
    else:
        yield path, next((s for s in schema.get("anyOf", ()) if s["type"] != "null"), schema)


def wrong_values(schema: dict[str, Any]) -> Iterator[str]:
    """TOML of values that a setting must refuse: other types, and what is out of its bounds."""
    kind = schema["type"]
    yield from ("1979-05-27", "{ a = 1 }")
    if kind != "boolean":
        yield "true"
    if kind != "string":
        yield '"medium"'
    if kind != "array":
        yield "[1]"
    match kind:
        case "boolean":
            yield from ("1", '"true"')
        case "integer":
            yield from (str(schema["minimum"] - 1), str(schema["maximum"] + 1), "1.0", "-1", "nan")
        case "number":
            yield from ("-0.01", "nan", "inf")
        case "string":
            yield "1"
            if "enum" in schema:
                yield from ('"nonsense"', '""', json.dumps(schema["enum"][0].upper()))
            else:
                yield json.dumps("x" * (schema["maxLength"] + 1))
        case "array":
            yield from ("1", "[1]", "[true]", json.dumps(["x"] * (schema["maxItems"] + 1)))
            yield json.dumps(["x" * (schema["items"]["maxLength"] + 1)])
            if schema.get("minItems"):
                yield "[]"


LEAVES = dict(leaves())


def toml(path: str, value: str) -> str:
    """One setting, beside what an own reviewer must have."""
    charter = 'reviewers.mine.charter = "x"\n' if path != "reviewers.mine.charter" else ""
    return f"{charter if path.startswith('reviewers.mine') else ''}{path} = {value}\n"


@pytest.mark.parametrize("path", LEAVES)
def test_a_wrong_value_is_refused_by_its_path(path: str) -> None:
    for value in wrong_values(LEAVES[path]):
        said = refused(toml(path, value))
        assert f"`{path}" in said, value
        assert " must be " in said, value


@pytest.mark.parametrize("path", LEAVES)
def test_the_schema_refuses_wrong_values(path: str) -> None:
    """But infinite numbers, and whole ones with a point: JSON has no values of their own for them."""
    for value in {*wrong_values(LEAVES[path])} - {"nan", "inf", "1.0"}:
        with pytest.raises(jsonschema.ValidationError):
            VALIDATOR.validate(tomllib.loads(toml(path, value)))


def test_every_table_of_the_model_is_in_the_table_of_wrong_values() -> None:
    assert {*LEAVES} >= {
        *("engine", "gate", "models.review", "budget.review", "limits.prompts"),
        *("publish.accounts", "reviewers.security.votes", "reviewers.mine.charter"),
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rounds = 4", "`rounds` must be a whole number from 1 to 3."),
        ('rounds = "2"', "`rounds` must be a whole number from 1 to 3."),
        ('engine = "gpt"', "`engine` must be one of auto, static, claude."),
        ('gate = "red"', "`gate` must be one of info, low, medium, high, critical."),
        ("post_clean = 1", "`post_clean` must be true or false."),
        ("budget.review = -1", "`budget.review` must be a number, 0 or more."),
        ("instructions = 1", "`instructions` must be text of at most 8000 characters."),
        ('exclude = "docs/**"', "`exclude` must be a list of at most 100 texts."),
        ("exclude = [1]", "`exclude.0` must be text of at most 200 characters."),
        ("models.review = []", "`models.review` must be a list of 1 to 7 texts."),
        ('models.verify = "a b"', "`models.verify` must be a name of letters, digits and . _ : @"),
        ("models = 1", "`models` must be a table."),
        ("reviewers.security = 3", "`reviewers.security` must be a table."),
        ("reviewers = []", "`reviewers` must be a table."),
        ("reviewers.style.votes = 0", "`reviewers.style.votes` must be a whole number from 1 to 7"),
        ("model.review = 1", "`model` is no setting; is `models` meant?"),
        ('fail-on = "high"', "; is `gate` meant?"),
        ("max_cost = 1.0", "; is `budget.review` meant?"),
        ("[reviewers.security]\nvote = 1", "`reviewers.security.vote` is no setting; is `votes` m"),
        ("colour = 1", "`colour` is no setting; known are engine, rounds, min_severity,"),
        ("budget.day = 1", "`budget.day` is no setting; known are review, pull_request."),
        (
            "reviewers.security.colour = 1",
            "`reviewers.security.colour` is no setting; known are enabled, votes, charter, paths,",
        ),
        ("[reviewers.securty]", "'securty' is not built in; is `security` meant? If not, it needs"),
    ],
)
def test_what_is_said(text: str, said: str) -> None:
    assert said in refused(text)


def test_each_problem_is_a_line_for_a_terminal() -> None:
    with pytest.raises(ConfigProblem) as caught:
        parse_config(b"rounds = 9\nmin_sevrity = 'low'\nexlude = []\n", "t.toml")
    assert caught.value.rows == (
        "t.toml: `rounds` must be a whole number from 1 to 3.",
        "t.toml: `min_sevrity` is no setting; is `min_severity` meant?",
        "t.toml: `exlude` is no setting; is `exclude` meant?",
    )
    assert caught.value.what == (
        "t.toml: `rounds` must be a whole number from 1 to 3; `min_sevrity` is no setting; is "
        "`min_severity` meant?; `exlude` is no setting; is `exclude` meant?"
    )


def test_what_is_known_in_a_table_is_told_once() -> None:
    said = refused("colour = 1\nplugin = 1\nbudget.day = 1")
    assert said.count("known are engine, ") == 1
    assert said.endswith("`plugin` is no setting.")
    assert "`budget.day` is no setting; known are review, pull_request;" in said


def test_every_wrong_glob_is_told() -> None:
    said = refused('exclude = ["/src/**", "a.py", "src/", "*.{js,ts}"]')
    for glob in ("'/src/**'", "'src/'", "'*.{js,ts}'"):
        assert f"the glob {glob} " in said


@pytest.mark.parametrize("path", sorted({*LEAVES} - {"reviewers.security.charter"}))
def test_the_ends_of_a_range_are_allowed(path: str) -> None:
    schema = LEAVES[path]
    ends = [str(schema[k]) for k in ("minimum", "maximum") if k in schema]
    ends += [json.dumps(word) for word in schema.get("enum", ())]
    if schema["type"] == "string" and "maxLength" in schema:
        ends.append(json.dumps("x" * schema["maxLength"]))
    if schema["type"] == "array":
        ends.append(json.dumps(["x" * schema["items"]["maxLength"]] * schema["maxItems"]))
    for value in ends or ["true", "false"]:
        table = parse_config(toml(path, value).encode()).model_dump()
        for part in path.split("."):
            table = table[part]
        assert table == tomllib.loads(f"v = {value}")["v"]


# --- Reviewers


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_reviewer_cannot_get_a_charter(name: str) -> None:
    said = refused(f"[reviewers.{name}]\n{CHARTER}")
    assert f"'{name}' is built in and has its charter; choose another name" in said


@pytest.mark.parametrize("charter", ["", 'charter = ""', 'charter = " \\n\\t "'])
def test_an_own_reviewer_needs_a_charter(charter: str) -> None:
    said = refused(f"[reviewers.accessibility]\nvotes = 2\n{charter}")
    assert f"'accessibility' is not built in (those are {', '.join(BUILT_IN)})" in said
    assert "needs a `charter`" in said


@pytest.mark.parametrize("name", ["a", "accessibility", "api-v2", "3d", "x" * 30])
def test_a_good_name(name: str) -> None:
    config = parse_config(f"[reviewers.{name}]\n{CHARTER}".encode())
    assert set(config.reviewers) == {name}


@pytest.mark.parametrize(
    "name",
    [
        *('""', '"A"', '"a b"', '"-"', '"a-"', '"-a"', '"a--b"', '"a_b"', '"a/b"', '"../x"'),
        *('"é"', '"ѕecurity"', '"a\\nb"', '"<b>"', '"' + "x" * 31 + '"'),
    ],
)
def test_a_name_that_cannot_stand_in_a_rule_is_refused(name: str) -> None:
    """Rule ids are kebab-case under it; a Cyrillic `ѕecurity` would look like the built-in one."""
    assert "is no name: use small letters, digits and hyphens" in refused(
        f"[reviewers.{name}]\n{CHARTER}"
    )


@pytest.mark.parametrize("name", RESERVED)
def test_our_own_words_are_no_names(name: str) -> None:
    assert "is a name of Triptych's own" in refused(f"[reviewers.{name}]\n{CHARTER}")


def test_not_every_reviewer_can_be_switched_off() -> None:
    off = "".join(f"[reviewers.{name}]\nenabled = false\n" for name in BUILT_IN)
    assert "every reviewer is switched off; leave at least one" in refused(off)
    own = f"[reviewers.mine]\n{CHARTER}\n"
    assert refused(f"{off}{own}enabled = false\n")
    assert parse_config((off + own).encode()).reviewers["mine"].enabled


# --- What a file must not do


@pytest.mark.parametrize(
    "line",
    [
        *('base_url = "https://evil.example"', 'models.base_url = "https://evil.example"'),
        *('api_key = "sk"', 'models.api_key = "sk"', 'models.api_key_env = "AWS_SECRET"'),
        *('command = "sh -c x"', 'ruff.command = "x"', "reviewers.security.command = 'x'"),
        *('plugin = "./evil.py"', 'plugins = ["evil"]', "reviewers.security.plugin = 'x'"),
        *('proxy = "http://evil.example"', 'ca_bundle = "x"', 'github_api = "https://evil"'),
        *("approve = true", 'publish.event = "APPROVE"', "publish.approve = true"),
        *("price.input = 0", "models.prices = {}", "budget.price = 0", "prices = {}"),
        *('token = "x"', "public_url = 'x'", "ceilings.votes = 9", "include = 'other.toml'"),
    ],
)
def test_s32_keys_that_would_be_dangerous_do_not_exist(line: str) -> None:
    path = line.partition(" = ")[0]
    top = path.partition(".")[0]
    known = path if top in Config.model_fields else top
    assert f"`{known}` is no setting" in refused(line)


@pytest.mark.parametrize(
    "name", ["../../v1/messages", "a/../b", "/a", "a b", "a\\nb", "a?b", "", "é"]
)
def test_s32_a_model_cannot_lead_to_another_address(name: str) -> None:
    """Bedrock and Vertex have the model's name in the address."""
    assert "`models.review.0`" in refused(f'models.review = ["{name}"]')
    if name:
        assert "`models.verify`" in refused(f'models.verify = "{name}"')


@pytest.mark.parametrize(
    "name",
    [
        *("claude-sonnet-5-5", "claude-haiku-4-5@20251001", "us.anthropic.claude-x-v1:0"),
        "arn:aws:bedrock:us-east-1:123:inference-profile/us.anthropic.claude-x",
    ],
)
def test_the_names_that_platforms_give_to_models(name: str) -> None:
    config = parse_config(f'[models]\nreview = ["{name}"]\nverify = "{name}"'.encode())
    assert (config.models.review, config.models.verify) == ([name], name)


FULL = MAX_BYTES - 100
HOSTILE = {
    "1 MB": b"#" * 2**20,
    "1 MB of one key": b"a = '" + b"x" * 2**20 + b"'",
    "not UTF-8": b"rounds = 2 # caf\xe9",
    "UTF-16": "rounds = 2".encode("utf-16"),
    "binary": bytes(range(256)) * 8,
    "no TOML": b"rounds: 2\n",
    "YAML tag": b"x: !!python/object/apply:os.system ['id']",
    "YAML aliases": b"a: &a [x]\nb: [*a, *a]\n",
    "duplicate key": b"rounds = 1\nrounds = 2\n",
    "duplicate table": b"[budget]\nreview = 1\n[budget]\nreview = 2\n",
    "duplicate by dots": b"budget.review = 1\n[budget]\nreview = 2\n",
    "deep lists": b"x = " + b"[" * FULL,
    "deep tables": b"x = " + b"{a=" * (FULL // 3),
    "depth 200": b"x = " + b"[" * 200 + b"]" * 200,
    "long dotted key": b"a" + b".a" * (FULL // 2) + b" = 1",
    "long dotted key, spaced": b"a" + b" . a" * (FULL // 4) + b" = 1",
    "long dotted key, quoted": b"a" + b'."\\""' * (FULL // 5) + b" = 1",
    "long dotted key, literal": b"a" + b".''" * (FULL // 3) + b" = 1",
    "long dotted header": b"[a" + b".a" * (FULL // 2) + b"]",
    "long dotted header of a known table": b"[reviewers.a" + b".a" * (FULL // 2) + b"]",
    "long dotted inline": b"x = {a" + b".a" * (FULL // 2) + b" = 1}",
    "many tables": b"".join(b"[a%d.b]\n" % i for i in range(6000)),
    "many keys": b"".join(b"a%d = 1\n" % i for i in range(6000)),
    "many reviewers": b"".join(b"[reviewers.a%d]\n" % i for i in range(3500)),
    "many array tables": b"[[a]]\n" * (FULL // 6),
    "a number of 60,000 digits": b"rounds = " + b"1" * FULL,
    "a long float": b"rounds = 1." + b"1" * FULL,
    "only quotes": b'"' * FULL,
    "quotes of two kinds": b"'\"" * (FULL // 2),
    "escaped quotes": b'"\\' * (FULL // 2),
    "only words": b"a" * FULL,
    "only dots": b"." * FULL,
    "words and dots": b"a.a '." * (FULL // 6),
}


@pytest.mark.parametrize("data", [*HOSTILE.values()], ids=[*HOSTILE])
def test_s33_a_hostile_file_is_refused_quickly(data: bytes) -> None:
    start = time.process_time()
    said = refused(data)
    assert time.process_time() - start < 10 * QUICK
    assert len(said) < 1500


def test_s33_a_key_shows_no_control_character_and_not_its_whole_length() -> None:
    said = refused('"\\u001b[31m\\u202e" = 1\n"' + "x" * 5000 + '" = 2')
    assert "`‹U+001B›[31m‹U+202E›` is no setting" in said
    assert f"`{'x' * 60}…` is no setting" in said
    assert said.isprintable()


def test_of_many_problems_five_are_told() -> None:
    said = refused("".join(f"a{i} = 1\n" for i in range(12)))
    assert said.count("is no setting") == 5
    assert said.endswith("; and 7 more.")


PIECES = st.sampled_from(
    [
        *("rounds", "reviewers", "security", "charter", "models.review", "budget", "exclude", "x"),
        *("=", ".", "[", "]", "[[", "]]", "{", "}", ",", "\n", " ", "#", '"', "'", '"""', "'''"),
        *("1", "-1", "nan", "inf", "1e9", "0x", "true", "1979-05-27", "07:32", "\\u00e9", "\\"),
        *("\x00", "\r", "\ufeff", "é", "\u202e", "**", "a" * 300),
    ]
)


@given(st.one_of(st.binary(max_size=200), st.lists(PIECES, max_size=30).map("".join)))
@settings(max_examples=100)
def test_s33_whatever_a_file_holds_it_is_a_configuration_or_a_problem(data: bytes | str) -> None:
    with suppress(ConfigProblem):
        config = parse_config(data if isinstance(data, bytes) else data.encode())
        assert isinstance(config, Config)


@pytest.mark.parametrize(
    "data", [b"\xef\xbb\xbfrounds = 3", b"rounds = 3\r\n", b"# caf\xc3\xa9\nrounds = 3"]
)
def test_what_editors_make_of_a_file_is_read(data: bytes) -> None:
    assert parse_config(data).rounds == 3


def test_dots_in_text_are_no_key() -> None:
    text = "Chapter one . . . . . . . . . . . . . . . . . . . . 1, com.example.a.b.c.d.e.f.G"
    assert parse_config(f'instructions = """\n{text}\n"""'.encode()).instructions.strip() == text


# --- Globs


@pytest.mark.parametrize(
    ("glob", "said"),
    [("", "is empty"), ("*" * 9, "has more than 8 stars"), ("**/" * 5 + "x", "more than 8 stars")],
)
@pytest.mark.parametrize("key", ["exclude", "ignore", "reviewers.security.paths"])
def test_s34_a_glob_that_costs_too_much_is_refused(key: str, glob: str, said: str) -> None:
    assert said in refused(f"{key} = [{json.dumps(glob)}]")


@pytest.mark.parametrize(
    "glob",
    [
        *("*a*a*a*a*a*a*a*{}b", "**/*a*a*a*a*a*{}", "?" * 190 + "{}", "?*" * 8 + "{}"),
        *("{{a}}" * 25 + "*{}", "]" * 180 + "{}", "*-z]*{}", "(a+)+*{}$", "*/**/*/**/*/{}"),
    ],
)
def test_s34_the_most_globs_on_the_most_files(glob: str) -> None:
    """As many globs as a file may hold, on as many paths as GitHub lists."""
    globs = [glob.format(i) for i in range(100)]
    config = parse_config(f"exclude = {json.dumps(globs)}".encode())
    paths = [f"src/{'a' * 40}/part{i % 50}/{'a' * 40}{i}.py" for i in range(3000)]
    matches(paths[0], config.exclude)  # Compiling happens once.
    start = time.process_time()
    assert not any(matches(path, config.exclude) for path in paths)
    assert time.process_time() - start < 2.0


# --- The schema for editors


GOOD = [
    "",
    "rounds = 1\nmin_severity = 'low'\ngate = 'high'\n",
    f"exclude = ['docs/**']\n[reviewers.mine]\n{CHARTER}\npaths = ['web/**']\n",
    "[models]\nreview = ['a', 'b']\nverify = ''\neffort = 'high'\n",
    "[budget]\nreview = 1\npull_request = 2.5\n[limits]\nprompts = 20\n[publish]\naccounts = ['x']\n",
]


@pytest.mark.parametrize("text", GOOD)
def test_the_schema_takes_good_files(text: str) -> None:
    parse_config(text.encode())
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    VALIDATOR.validate(tomllib.loads(text))


@pytest.mark.parametrize("text", ["api_key = 'x'", "[models]\nurl = 'x'", "[reviewers.x]\nrun = 1"])
def test_the_schema_refuses_unknown_keys(text: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(tomllib.loads(text))
