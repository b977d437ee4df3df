"""The command line: every error is two sentences and a code; what a run shows, where, and how it ends."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import pytest

from tests.bot.running import KEY, Ended, repository, run, write
from tests.builders import ORDERS
from tests.fakes.github import TOKEN, fake_github

WRONG_PATCH = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n x\n"
PLAIN, FRESH, REPO = "plain", "fresh", "repo"
"""Folders: without git, a repository without a commit, one with two commits."""


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nobody's keys, tokens, proxies or git configuration."""
    for name in os.environ:
        if name.startswith(("TRIPTYCH_", "ANTHROPIC_", "GITHUB_", "GH_", "GIT_")):
            monkeypatch.delenv(name)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "/usr/local/bin:/usr/bin:/bin")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Folders of the three kinds, and files to name."""
    write(tmp_path / PLAIN, {"cut.patch": WRONG_PATCH, "text.txt": "hello\n", "empty.patch": ""})
    repository(tmp_path / FRESH)
    repository(tmp_path / REPO, {"a.py": "a = 1\n"}, {"a.py": "a = 2\n"})
    return tmp_path


def closed_port() -> int:
    """A port at which nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
    return port


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
    (("HEAD..HEAD",), REPO, "There is nothing to review", "."),
    (("--staged",), REPO, "There is nothing to review", "."),
    (("--working-tree",), REPO, "There is nothing to review", "."),
    (("HEAD",), REPO, "'HEAD' is neither a range nor a pull request", "Give A..B, OWNER/REPO#NU"),
    (("HEAD",), PLAIN, "'HEAD' is neither a range nor a pull request", "Give A..B, OWNER/REPO#N"),
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
    (("--diff", "empty.patch"), PLAIN, "nothing to review: empty.patch", "."),
    (("--example", "--output", "no/x"), PLAIN, "no/x cannot be written: its folder is not", "Give"),
    (("--example", "--output", "."), PLAIN, ". cannot be written: it is a folder", "Give another"),
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
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(folder / where)
    assert_told(run("review", *arguments), 2, what, do)


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
def test_a_wrong_environment(
    name: str, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    value, what, do = ENVIRONMENT[name]
    monkeypatch.setenv(name, value)
    assert_told(run(*command), 2, what, do)


@pytest.mark.parametrize(
    "arguments",
    [
        *(
            ("review", "--engine", "gpt"),
            ("review", "--format", "xml"),
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


# --- What only shows when somebody is asked


def test_s54_an_unreachable_github(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_API_URL", f"http://127.0.0.1:{closed_port()}")
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    what = "127.0.0.1 cannot be reached"
    assert_told(
        run("review", "acme/shop#1"), 3, what, "Check the network, the proxy and GITHUB_API"
    )


@pytest.mark.parametrize(
    ("token", "target", "what", "do"),
    [
        ("ghp_wrong", "acme/shop#128", "GitHub refuses the token (401)", "Set GITHUB_TOKEN to a"),
        (TOKEN, "acme/shop#129", "may not see it: read acme/shop#129 (404)", "Check the name and"),
        (TOKEN, "acme/secret#1", "may not see it: read acme/secret#1 (404)", "whether the token"),
    ],
    ids=["bad token", "no such pull request", "repository not visible"],
)
async def test_what_github_refuses(
    token: str, target: str, what: str, do: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with fake_github() as github:
        github.pull(128, {}, {"api/orders.py": ORDERS})
        monkeypatch.setenv("GITHUB_API_URL", github.url)
        monkeypatch.setenv("GITHUB_TOKEN", token)
        assert_told(await asyncio.to_thread(run, "review", target, "--post"), 2, what, do)
        assert github.posts() == 0


async def test_a_pull_request_that_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with fake_github() as github:
        github.pull(128, {"a.py": "a\n"}, {"a.py": "a\n"})
        monkeypatch.setenv("GITHUB_API_URL", github.url)
        monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
        monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
        monkeypatch.setenv("ANTHROPIC_BASE_URL", f"http://127.0.0.1:{closed_port()}")
        ended = await asyncio.to_thread(run, "review", "acme/shop#128")
        assert (ended.code, ended.err) == (0, "")
        assert "There is nothing to read in 4ead128: no file has changed." in ended.out


def test_a_limit_in_money_needs_a_price(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is announced that then is not done."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_BASE_URL", f"http://127.0.0.1:{closed_port()}")
    monkeypatch.setenv("TRIPTYCH_ALLOWED_MODELS", "own-model")
    ended = run("review", "--example", "--max-cost", "1")
    what = "The price of own-model is not known, so --max-cost cannot hold"
    assert_told(ended, 2, what, "Give it in TRIPTYCH_PRICES, or leave --max-cost out")


def test_a_wrong_configuration_of_the_base(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By hand it is an error with path and allowed values; the head's own file says nothing."""
    config = ".github/triptych.toml"
    where = repository(
        folder / "configured",
        {config: 'rounds = 9\nmodels.effort = "max"\n'},
        {config: "rounds = 1\n"},
    )
    monkeypatch.chdir(where)
    ended = run("review")
    assert_told(ended, 2, "`rounds` must be a whole number from 1 to 3", "triptych config check")
    assert "`models.effort` must be one of low, medium, high" in ended.told[0]


# --- Tracebacks


@pytest.mark.parametrize("command", [("review", "a..b"), ("config", "check", "none.toml")])
def test_a_traceback_only_with_debug(
    command: tuple[str, ...], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder / PLAIN)
    short, long = run(*command), run(*command, "--debug")
    assert "Traceback" not in short.err
    assert long.err.startswith("Traceback (most recent call last):")
    assert long.err.endswith(short.err)
    assert (short.code, long.code) == (2, 2)


# --- The configuration's own commands


@pytest.fixture
def configured(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A repository with a configuration; the command runs in a folder below."""
    write(folder / REPO, {".github/triptych.toml": "rounds = 3\n", "deep/er/x": ""})
    monkeypatch.chdir(folder / REPO / "deep" / "er")
    return folder / REPO / ".github" / "triptych.toml"


def test_check_finds_the_file_of_the_repository(configured: Path) -> None:
    ended = run("config", "check")
    assert (ended.code, ended.out, ended.err) == (0, f"{configured} is in order.\n", "")
    configured.write_text("rounds = 9\n")
    assert_told(run("config", "check"), 2, f"{configured}: `rounds` must be", "triptych config ch")


def test_check_of_a_named_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder / PLAIN)
    write(folder / PLAIN, {"good.toml": "", "bad.toml": "x = 1"})
    assert run("config", "check", "good.toml").out == "good.toml is in order.\n"
    assert_told(run("config", "check", "bad.toml"), 2, "bad.toml: `x` is no setting", "Correct it")
    assert_told(run("config", "check", "no.toml"), 2, "no.toml cannot be read: No such", "Give the")
    assert_told(run("config", "check", "."), 2, ". cannot be read: Is a directory", "Give the path")
    assert_told(run("config", "explain", "no.toml"), 2, "no.toml cannot be read", "Give the path")


@pytest.mark.parametrize("where", [PLAIN, FRESH, REPO])
def test_without_a_file_the_defaults_hold(
    where: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder / where)
    told = "There is no .github/triptych.toml: all defaults hold.\n"
    assert run("config", "check") == Ended(0, told, "")
    explained = run("config", "explain")
    assert explained.code == 0
    assert "rounds = 2  [default]\n    1 looks, 2 verifies" in explained.out


def test_explain_says_where_each_value_comes_from(
    configured: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIPTYCH_MAX_ROUNDS", "1")
    ended = run("config", "explain")
    assert (ended.code, ended.err) == (0, "")
    assert f"rounds = 3  [{configured}; TRIPTYCH_MAX_ROUNDS allows 1]\n    1 looks," in ended.out
    assert 'engine = "auto"  [default]\n' in ended.out


def test_schema_and_version() -> None:
    import json
    from importlib.metadata import version

    from bot.config import Config

    assert json.loads(run("config", "schema").out) == Config.model_json_schema()
    assert run("version") == Ended(0, f"triptych {version('triptych-review')}\n", "")


@pytest.mark.parametrize("arguments", [(), ("config",)])
def test_without_a_command_there_is_help(arguments: tuple[str, ...]) -> None:
    ended = run(*arguments)
    assert ended.err.startswith(f"Usage: {' '.join(('triptych', *arguments))} [OPTIONS] COMMAND")
    assert "Commands:" in ended.err
