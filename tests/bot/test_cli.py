"""The command line: every error is two sentences and a code; what a run shows, where, and how it ends."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest

from tests.bot.running import Ended, access, called, closed_port, repository, run, write
from tests.builders import ORDERS
from tests.fakes.github import TOKEN, fake_github

WRONG_PATCH = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n x\n"
PLAIN, FRESH, REPO = "plain", "fresh", "repo"
"""Folders: without git, a repository without a commit, one with two commits."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Folders of the three kinds, and files to name."""
    write(tmp_path / PLAIN, {"cut.patch": WRONG_PATCH, "text.txt": "hello\n", "empty.patch": ""})
    repository(tmp_path / FRESH)
    repository(tmp_path / REPO, {"a.py": "a = 1\n"}, {"a.py": "a = 2\n"})
    return tmp_path


def assert_told(ended: Ended, code: int, what: str, do: str) -> None:
    """Two sentences, one on what is wrong and one on what to do, and nothing else."""
    assert ended.code == code, ended
    assert ended.out == ""
    assert len(ended.told) == 2, ended.err
    assert what in ended.told[0]
    assert do in ended.told[1]
    for sentence in ended.told:
        assert sentence.endswith(".")
        assert sentence.isprintable()


ERRORS = [
    ((), PLAIN, "is not in a git repository", "Run this inside one"),
    (("--staged",), PLAIN, "is not in a git repository", "give a patch with --diff FILE"),
    (("--working-tree",), PLAIN, "is not in a git repository", "Run this inside one"),
    (("a..b",), PLAIN, "is not in a git repository", "Run this inside one"),
    ((), FRESH, "has no commit yet", "Commit, or use --staged"),
    (("nowhere..HEAD",), REPO, "The revision 'nowhere' is not known", "Fetch it first"),
    (("HEAD..--help",), REPO, "The revision '--help' is not known", "name another"),
    (("HEAD..\x1b[31m\n",), REPO, "The revision '\\x1b[31m\\n' is not known", "name another"),
    (
        ("HEAD..HEAD",),
        REPO,
        "nothing to review in HEAD..HEAD: no file differs",
        "Name another range",
    ),
    (("--staged",), REPO, "nothing to review in staged changes: no file differs", "Name another"),
    (
        ("--working-tree",),
        REPO,
        "review in uncommitted changes: no file differs",
        "Name another range",
    ),
    (("HEAD",), REPO, "'HEAD' is neither a range nor a pull request", "(a commit C alone: C^..C)"),
    (("HEAD",), PLAIN, "'HEAD' is neither a range nor a pull request", "(a commit C alone: C^..C)"),
    (("",), REPO, "'' is neither a range nor a pull request", "Give A..B"),
    (("acme/shop",), REPO, "'acme/shop' is neither a range nor a pull request", "Give A..B"),
    (("https://github.com/a/b/issues/3",), PLAIN, "is neither a range nor a pull", "Give A..B"),
    (
        ("https://gitlab.com/a/b/pull/3",),
        PLAIN,
        "https://gitlab.com is not the site that is set (https://github.com)",
        "Set GITHUB_API_URL to that site's API",
    ),
    (("acme/shop#1",), PLAIN, "There is no token for GitHub", "Set GITHUB_TOKEN, or run `gh auth"),
    (("--engine", "claude", "--example"), PLAIN, "no key for --engine claude", "Set ANTHROPIC_API"),
    (("--diff", "none.patch"), PLAIN, "none.patch cannot be read: No such file", "Give the path"),
    (("--diff", "."), PLAIN, ". cannot be read: Is a directory", "Give the path of a patch"),
    (("--diff", "text.txt"), PLAIN, "text.txt is no diff that can be read: line 1", "`git diff`"),
    (("--diff", "cut.patch"), PLAIN, "line 5 of the diff: the diff ends in the middle", "Make it"),
    (("--diff", "empty.patch"), PLAIN, "to review in empty.patch: no file differs", "Name another"),
    (("--example", "--output", "no/x"), PLAIN, "no/x cannot be written: its folder is not", "Name"),
    (("--example", "--output", "."), PLAIN, ". cannot be written: it is a folder", "Name another"),
    (("--example", "--max-cost", "inf"), PLAIN, "--max-cost is inf", "Give an amount in USD"),
    (("--example", "--post"), PLAIN, "--post needs a pull request", "Give OWNER/REPO#NUMBER"),
    (("HEAD^..HEAD", "--post"), REPO, "--post needs a pull request", "Give OWNER/REPO#NUMBER"),
]


@pytest.mark.parametrize(
    ("arguments", "where", "what", "do"),
    ERRORS,
    ids=[f"{where} {' '.join(arguments)!r}" for arguments, where, *_ in ERRORS],
)
def test_an_error_is_what_is_wrong_and_what_to_do(
    arguments: tuple[str, ...],
    where: str,
    what: str,
    do: str,
    folder: Path,
) -> None:
    assert_told(run("review", *arguments, folder=folder / where), 2, what, do)


SOURCES = (("main..topic",), ("--staged",), ("--working-tree",), ("--diff", "x"), ("--example",))


@pytest.mark.parametrize(("one", "other"), [*combinations(SOURCES, 2)])
def test_one_thing_is_reviewed(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    ended = run("review", *one, *other)
    assert_told(ended, 2, "More than one thing to review was given", "Give one of a range, a pull")


ENVIRONMENT = {
    "TRIPTYCH_MAX_COST": ("lots", "TRIPTYCH_MAX_COST is 'lots'", "Use an amount in USD"),
    "TRIPTYCH_MAX_ROUNDS": ("0", "TRIPTYCH_MAX_ROUNDS is '0'", "Use a whole number above 0"),
    "TRIPTYCH_PRICES": ("{", "TRIPTYCH_PRICES cannot be read", "Write it as JSON in USD per mil"),
    "TRIPTYCH_MODEL_PLATFORM": ("azure", "PLATFORM is 'azure'", "Use one of anthropic, bedrock"),
    "ANTHROPIC_BASE_URL": ("api.x.com", "ANTHROPIC_BASE_URL is no address", "https://host"),
    "GITHUB_API_URL": ("github.com", "GITHUB_API_URL is no address: 'github.com'", "https://host"),
}


@pytest.mark.parametrize("name", ENVIRONMENT)
@pytest.mark.parametrize("command", [("review", "--example"), ("config", "explain")])
def test_a_wrong_environment(name: str, command: tuple[str, ...]) -> None:
    value, what, do = ENVIRONMENT[name]
    assert_told(run(*command, env={name: value}), 2, what, do)


def test_a_misspelt_bound_is_told() -> None:
    """It bounds nothing, and nobody would know."""
    ended = run("review", "--example", env={"TRIPTYCH_MAXCOST": "0.10"})
    assert "Nobody reads TRIPTYCH_MAXCOST. Is TRIPTYCH_MAX_COST meant?" in ended.err.splitlines()


@pytest.mark.parametrize(
    "arguments",
    [
        *(
            ("review", "--engine", "gpt"),
            ("review", "--format"),
            ("review", "--rounds", "4"),
        ),
        *(
            ("review", "--rounds", "0"),
            ("review", "--rounds", "two"),
            ("review", "--max-cost", "-1"),
        ),
        *(
            ("review", "--max-cost", "nan"),
            ("review", "--fail-on", "blocker"),
            ("review", "--nope"),
        ),
        *(("review", "a..b", "c..d"), ("review", "--diff"), ("nope",), ("config", "nope")),
        *(("config", "check", "a", "b"), ("version", "x"), ("--nope",)),
    ],
    ids=" ".join,
)
def test_unknown_options_and_values(arguments: tuple[str, ...]) -> None:
    ended = run(*arguments)
    assert ended.code == 2
    assert ended.out == ""
    assert "Traceback" not in ended.err
    assert ended.told[-1].startswith("Error: ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("review", "--max-cost", "abc"), "'abc' is no amount. Give USD, 0 or more."),
        (("review", "--max-cost", "nan"), "'nan' is no amount. Give USD, 0 or more."),
        (("review", "--max-cost", "-1"), "'-1' is no amount. Give USD, 0 or more."),
        (("review", "--rounds", "two"), "'two' does not do. Give a whole number, 1 to 3."),
        (("review", "--rounds", "4"), "'4' does not do. Give a whole number, 1 to 3."),
        (
            ("backfill", "a/b", "--limit", "0"),
            "'0' does not do. Give a whole number, 1 or more.",
        ),
        (
            ("review", "--fail-on", "blocker"),
            "'blocker' is not one of 'info', 'low', 'medium', 'high', 'critical'.",
        ),
        (
            ("jobs", "list", "--outcome", "bad"),
            "'bad' is not one of 'clean', 'findings', 'incomplete', 'failed'.",
        ),
    ],
    ids=lambda part: " ".join(part) if isinstance(part, tuple) else "",
)
def test_a_wrong_value_is_told_in_our_words(arguments: tuple[str, ...], said: str) -> None:
    ended = run(*arguments)
    option = next(a for a in arguments if a.startswith("--"))
    assert (ended.code, ended.told[-1]) == (2, f"Error: Invalid value for '{option}': {said}")


# --- What only shows when somebody is asked


def test_an_unreachable_github() -> None:
    host = f"127.0.0.1:{closed_port()}"
    env = access(github=f"http://{host}")
    what = f"{host} cannot be reached"
    do = "Check the network, the proxy and GITHUB_API_URL"
    assert_told(run("review", "acme/shop#1", env=env), 3, what, do)


@pytest.mark.parametrize(
    ("token", "target", "what", "do"),
    [
        ("ghp_wrong", "acme/shop#128", "GitHub refuses the token (401)", "Set GITHUB_TOKEN to a"),
        (
            TOKEN,
            "acme/shop#129",
            "could not read acme/shop#129: it is not there, or the token may not see it (404)",
            "Check the name and",
        ),
        (
            TOKEN,
            "acme/secret#1",
            "could not read acme/secret#1: it is not there, or the token may not see it (404)",
            "whether the token",
        ),
    ],
    ids=["bad token", "no such pull request", "repository not visible"],
)
async def test_what_github_refuses(token: str, target: str, what: str, do: str) -> None:
    async with fake_github() as github:
        github.pull(128, {}, {"api/orders.py": ORDERS})
        env = access(github=github.url) | {"GITHUB_TOKEN": token}
        assert_told(await called("review", target, "--post", env=env), 2, what, do)
        assert github.posts() == 0


async def test_a_pull_request_that_changes_nothing() -> None:
    """No model is asked, and none is announced."""
    async with fake_github() as github:
        github.pull(128, {"a.py": "a\n"}, {"a.py": "a\n"})
        env = access(github=github.url, model=f"http://127.0.0.1:{closed_port()}")
        ended = await called("review", "acme/shop#128", env=env)
        assert (ended.code, ended.err) == (0, "")
        assert "There is nothing to read in 4ead128: no file has changed." in ended.out


def test_a_limit_in_money_needs_a_price() -> None:
    """Nothing is announced that then is not done."""
    env = access(model=f"http://127.0.0.1:{closed_port()}") | {"TRIPTYCH_ALLOWED_MODELS": "mine"}
    ended = run("review", "--example", "--max-cost", "1", env=env)
    what = "The price of mine is not known, so --max-cost cannot hold"
    assert_told(ended, 2, what, "Give it in TRIPTYCH_PRICES, or leave --max-cost out")


def test_a_wrong_configuration_of_the_base(tmp_path: Path) -> None:
    """By hand it is an error with path and allowed values; the head's own file says nothing."""
    config = ".github/triptych.toml"
    wrong = 'rounds = 9\nmodels.effort = "max"\n'
    shop = repository(tmp_path, {config: wrong}, {config: "rounds = 1\n"})
    ended = run("review", folder=shop)
    assert (ended.code, ended.out) == (2, "")
    rounds, effort, do = ended.told
    assert rounds == f"{config}: `rounds` must be a whole number from 1 to 3."
    assert effort == f"{config}: `models.effort` must be one of low, medium, high."
    assert "triptych config check" in do


@pytest.mark.parametrize("certificates", ["none.pem", "text.txt"])
def test_certificates_that_are_none(certificates: str, folder: Path) -> None:
    env = access(github="https://127.0.0.1:9") | {"SSL_CERT_FILE": certificates}
    ended = run("review", "acme/shop#1", folder=folder / PLAIN, env=env)
    assert_told(ended, 2, f"The certificates in {certificates} cannot be read", "Set SSL_CERT_FILE")


# --- Tracebacks


@pytest.mark.parametrize("command", [("review", "a..b"), ("config", "check", "none.toml")])
def test_a_traceback_only_with_debug(command: tuple[str, ...], folder: Path) -> None:
    short, long = (run(*command, *more, folder=folder / PLAIN) for more in ((), ("--debug",)))
    assert "Traceback" not in short.err
    assert long.err.startswith("Traceback (most recent call last):")
    assert long.err.endswith(short.err)
    assert (short.code, long.code) == (2, 2)


def test_what_a_patch_does_not_show_is_not_to_be_tried_again(folder: Path) -> None:
    """The same patch shows no more of it the next time."""
    cut = "diff --git a/x.py b/x.py\nindex 1111111..2222222 100644\n"
    write(folder / PLAIN, {"header.patch": cut})
    ended = run("review", "--engine", "static", "--diff", "header.patch", folder=folder / PLAIN)
    assert ended.code == 3
    assert "- x.py, no line of it is shown though it has changed" in ended.out
    assert ended.out.endswith("Do: review these parts by hand.\n")


# --- The configuration's own commands


def configured(folder: Path) -> tuple[Path, Path]:
    """The configuration of a repository, and a folder below it in which the command runs."""
    write(folder / REPO, {".github/triptych.toml": "rounds = 3\n", "deep/er/x": ""})
    return folder / REPO / ".github" / "triptych.toml", folder / REPO / "deep" / "er"


def test_check_finds_the_file_of_the_repository(folder: Path) -> None:
    file, below = configured(folder)
    assert run("config", "check", folder=below) == Ended(0, f"{file} is in order.\n", "")
    file.write_text("rounds = 9\n")
    ended = run("config", "check", folder=below)
    assert_told(ended, 2, f"{file}: `rounds` must be", "run `triptych config check")


def test_check_tells_one_problem_a_line(folder: Path) -> None:
    where = folder / PLAIN
    write(where, {"two.toml": "rounds = 9\nexlude = []\n"})
    ended = run("config", "check", "two.toml", folder=where)
    assert (ended.code, ended.told) == (
        2,
        [
            "two.toml: `rounds` must be a whole number from 1 to 3.",
            "two.toml: `exlude` is no setting; is `exclude` meant?",
            "Correct it and run `triptych config check two.toml`.",
        ],
    )


def test_check_of_a_named_file(folder: Path) -> None:
    where = folder / PLAIN
    write(where, {"good.toml": "", "bad.toml": "x = 1"})
    assert run("config", "check", "good.toml", folder=where).out == "good.toml is in order.\n"
    for name, what, do in (
        ("bad.toml", "bad.toml: `x` is no setting", "triptych config check bad.toml`"),
        ("no.toml", "no.toml cannot be read: No such file", "Give the path of a configuration"),
        (".", ". cannot be read: Is a directory", "Give the path of a configuration"),
    ):
        assert_told(run("config", "check", name, folder=where), 2, what, do)
        assert_told(run("config", "explain", name, folder=where), 2, what, do)


@pytest.mark.parametrize("where", [PLAIN, FRESH, REPO])
def test_without_a_file_the_defaults_hold(where: str, folder: Path) -> None:
    told = "There is no .github/triptych.toml: all defaults hold.\n"
    assert run("config", "check", folder=folder / where) == Ended(0, told, "")
    explained = run("config", "explain", folder=folder / where)
    assert explained.code == 0
    assert "rounds = 2  [default]\n    1 looks, 2 verifies" in explained.out


def test_explain_says_where_each_value_comes_from(folder: Path) -> None:
    file, below = configured(folder)
    ended = run("config", "explain", folder=below, env={"TRIPTYCH_MAX_ROUNDS": "1"})
    assert (ended.code, ended.err) == (0, "")
    assert f"rounds = 3  [{file}; TRIPTYCH_MAX_ROUNDS allows 1]\n    1 looks," in ended.out
    assert 'engine = "auto"  [default]\n' in ended.out


def test_schema_and_version() -> None:
    import json
    from importlib.metadata import version

    from bot.config import Config

    assert json.loads(run("config", "schema").out) == Config.model_json_schema()
    assert run("version") == Ended(0, f"triptych {version('triptych-review')}\n", "")
    assert run("--version") == run("version")


@pytest.mark.parametrize("arguments", [(), ("config",)])
def test_without_a_command_there_is_help(arguments: tuple[str, ...]) -> None:
    ended = run(*arguments)
    assert ended.err.startswith(f"Usage: {' '.join(('triptych', *arguments))} [OPTIONS] COMMAND")
    assert "Commands:" in ended.err
