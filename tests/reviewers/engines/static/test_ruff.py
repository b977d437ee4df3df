"""ruff cannot be steered, silenced or made to look clean by what it reads, nor by failing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from ruff import find_ruff_bin  # type: ignore[import-untyped]

from reviewers.core.finding import Severity
from reviewers.engines.static.ruff import Ruff
from reviewers.protocols import Hit, Report
from tests.reviewers.engines.static.looking import copies

SECURITY = [code for code, rule in Ruff.rules.items() if rule.reviewer == "security"]
CORRECTNESS = [code for code, rule in Ruff.rules.items() if rule.reviewer == "correctness"]
STYLE = [code for code, rule in Ruff.rules.items() if rule.reviewer == "style"]
EVERY = list(Ruff.rules)
EVAL = "def total(text):\n    return eval(text)\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the copies lie."""
    made = tmp_path / "outer" / "copies"
    made.mkdir(parents=True)
    return made


async def read(folder: Path, text: str, codes: list[str] = EVERY, path: str = "a.py") -> Report:
    """What ruff says of one file."""
    return await Ruff().run(copies(folder, {path: text}), codes)


def seen(report: Report) -> list[tuple[str, int]]:
    """Code and line of each hit."""
    return [(hit.code, hit.line) for hit in report.hits]


# --- S79: no configuration is obeyed

SILENCE = 'exclude = ["*"]\nextend-exclude = ["*.py"]\ntarget-version = "py37"\n[lint]\nignore = ["ALL"]\n'
PYPROJECT = '[tool.ruff]\nexclude = ["*"]\n[tool.ruff.lint]\nselect = ["D"]\nignore = ["ALL"]\n'
PER_FILE = '[lint.per-file-ignores]\n"*" = ["ALL"]\n'
BROKEN = "this is no TOML ["
HOSTILE = {
    "ruff.toml": SILENCE,
    ".ruff.toml": SILENCE,
    "pyproject.toml": PYPROJECT,
    "ruff.toml per file": PER_FILE,
    "pyproject.toml broken": BROKEN,
    "ruff.toml that extends": 'extend = "/etc/passwd"\n',
    ".gitignore": "*\n",
    ".ignore": "*\n",
}


MANY = EVAL + "import os\nprint(x == None)\n"
FOUND = [("S307", 2), ("F401", 3), ("F821", 4), ("E711", 4)]


async def test_s79_without_configuration_the_faults_are_found(folder: Path) -> None:
    assert seen(await read(folder, MANY)) == FOUND


@pytest.mark.parametrize("name", HOSTILE)
async def test_s79_configuration_in_the_way_changes_nothing(name: str, folder: Path) -> None:
    """Beside the copies and in the two folders above."""
    for place in (folder, folder.parent, folder.parent.parent):
        (place / name.partition(" ")[0]).write_text(HOSTILE[name])
    report = await read(folder, MANY)
    assert (seen(report), report.unread, report.failure) == (FOUND, {}, "")


@pytest.mark.parametrize("name", ["RUFF_CONFIG", "XDG_CONFIG_HOME", "HOME"])
async def test_s79_configuration_of_the_machine_changes_nothing(
    name: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("ruff", ".config/ruff"):
        (tmp_path / place).mkdir(parents=True, exist_ok=True)
        (tmp_path / place / "ruff.toml").write_text(SILENCE)
    value = tmp_path / "ruff/ruff.toml" if name == "RUFF_CONFIG" else tmp_path
    monkeypatch.setenv(name, str(value))
    assert seen(await read(folder, MANY)) == FOUND


async def test_s79_metadata_of_a_script_changes_nothing(folder: Path) -> None:
    header = (
        '# /// script\n# requires-python = ">=3.7"\n# [tool.ruff.lint]\n# ignore = ["ALL"]\n# ///\n'
    )
    assert seen(await read(folder, header + EVAL)) == [("S307", 7)]


# --- S80: no suppression is obeyed

SUPPRESSIONS = {
    "on the line": ("x = eval(input())  # noqa\n", 1, "`# noqa` in line 1"),
    "with a code": ("x = eval(input())  # noqa: S307\n", 1, "`# noqa: S307` in line 1"),
    "for bandit": ("x = eval(input())  # nosec\n", 1, "`# nosec` in line 1"),
    "for the file": ("# ruff: noqa\nx = eval(input())\n", 2, "`# ruff: noqa` in line 1"),
    "for the file, at its end": (
        *("x = eval(input())\n# ruff: noqa: S307\n", 1),
        "`# ruff: noqa: S307` in line 2",
    ),
    "of flake8": ("# flake8: noqa\nx = eval(input())\n", 2, "`# flake8: noqa` in line 1"),
    "for a range": (
        "# ruff: disable[S307]\nx = eval(input())\n# ruff: enable[S307]\n",
        2,
        "`# ruff: disable[S307]` in line 1",
    ),
    "for the next line": (
        "# ruff: ignore[S307]\nx = eval(input())\n",
        2,
        "`# ruff: ignore[S307]` in line 1",
    ),
    "behind the last row": ("x = eval(\n    input()\n)  # noqa\n", 1, "`# noqa` in line 3"),
}


@pytest.mark.parametrize("case", SUPPRESSIONS)
async def test_s80_what_is_suppressed_is_reported_with_the_suppression(
    case: str, folder: Path
) -> None:
    text, line, told = SUPPRESSIONS[case]
    (hit,) = (await read(folder, text, SECURITY)).hits
    assert (hit.code, hit.line, hit.silence) == ("S307", line, told)


# --- S81, S82: a failure never looks clean


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Path]:
    """A shell script in the place of ruff; `$RUFF` in its text is the real one."""
    path = tmp_path / "bin" / "ruff"
    path.parent.mkdir()
    yield path
    shutil.rmtree(path.parent)


def write(program: Path, script: str) -> Path:
    program.write_text("#!/bin/sh\n" + script.replace("$RUFF", find_ruff_bin()) + "\n")
    program.chmod(0o755)
    return program


PRETENDERS = {
    "crashes": ("kill -ABRT $$", "ruff crashed"),
    "crashes behind a report": ('"$RUFF" "$@"; kill -SEGV $$', "ruff crashed"),
    "hangs": ("sleep 60", "ruff timed out"),
    "hangs behind a report": ('"$RUFF" "$@"; sleep 60', "ruff timed out"),
    "prints nothing": ("exit 0", "ruff printed no readable report"),
    "prints half a report": ('"$RUFF" "$@" | head -c 300', "ruff printed no readable report"),
    "prints prose": ("echo All checks passed!", "ruff printed no readable report"),
    "prints another shape": ("echo '{}'", "ruff did not find the faults of its canary"),
    "prints rows of another shape": ("echo '[1]'", "ruff printed no readable report"),
    "prints rows without places": (
        """echo '[{"filename": "canary.py"}]'""",
        "ruff printed no readable report",
    ),
    "finds nothing": ("echo '[]'", "ruff did not find the faults of its canary"),
    "overlooks a part": (
        '"$RUFF" "$@" | sed s/E711/E999/',
        "ruff did not find the faults of its canary",
    ),
    "does not know an option": ("echo no such option >&2; exit 2", "ruff ended with code 2"),
    "never stops talking": ("yes", "ruff wrote too much"),
}


@pytest.mark.parametrize("case", PRETENDERS)
async def test_s81_a_failing_ruff_leaves_every_file_unread(
    case: str, folder: Path, program: Path
) -> None:
    script, why = PRETENDERS[case]
    wall = 0.5 if "hangs" in case else 15
    ruff = Ruff(find=lambda: str(write(program, script)), wall=wall)
    texts = {"a.py": EVAL, "b.py": "x = 1\n"}
    report = await ruff.run(copies(folder, texts), SECURITY)
    assert report.hits == ()
    assert report.unread == dict.fromkeys(texts, why)
    assert report.failure == why


async def test_s81_a_failure_on_the_only_file_is_its_own(folder: Path, program: Path) -> None:
    ruff = Ruff(find=lambda: str(write(program, "kill -ABRT $$")))
    report = await ruff.run(copies(folder, {"a.py": EVAL}), SECURITY)
    assert (report.unread, report.failure) == ({"a.py": "ruff crashed"}, "ruff crashed")


def nowhere() -> str:
    raise FileNotFoundError("ruff")


@pytest.mark.parametrize("find", [nowhere, lambda: "/no/such/ruff"], ids=["unknown", "removed"])
async def test_s81_a_missing_ruff_leaves_every_file_unread(find: object, folder: Path) -> None:
    report = await Ruff(find=find).run(copies(folder, {"a.py": EVAL}), SECURITY)  # type: ignore[arg-type]
    assert report.hits == ()
    assert list(report.unread) == ["a.py"]
    assert report.failure


NEIGHBOURS = {"a.py": EVAL, "odd.py": "ODD = 1\n", "z.py": EVAL}
CULPRITS = {
    "crashes": ("kill -ABRT $$", "ruff crashed"),
    "hangs": ("sleep 60", "ruff timed out"),
    "talks": ("yes", "ruff wrote too much"),
    "fails": ("exit 2", "ruff ended with code 2"),
}


@pytest.mark.parametrize("case", CULPRITS)
async def test_s81_one_file_that_breaks_ruff_is_the_only_one_unread(
    case: str, folder: Path, program: Path
) -> None:
    script, why = CULPRITS[case]
    guarded = (
        f'for f in "$@"; do case $f in f0*) if grep -q ODD $f; then {script}; fi;; esac; done\n'
    )
    wall = 1.2 if case == "hangs" else 15
    ruff = Ruff(find=lambda: str(write(program, guarded + 'exec "$RUFF" "$@"')), wall=wall)
    report = await ruff.run(copies(folder, NEIGHBOURS), SECURITY)
    assert [(hit.path, hit.code) for hit in report.hits] == [("a.py", "S307"), ("z.py", "S307")]
    assert report.unread == {"odd.py": why}
    assert report.failure == ""


DEEP = "x = " + "[" * 50_000 + "]" * 50_000 + "\n"
LOUD = "x = a" + " == None" * 60_000 + "\n"


@pytest.mark.parametrize("text", [DEEP, LOUD], ids=["overflows its stack", "gets 20 MB of reports"])
async def test_s81_the_real_ruff_fails_on_the_odd_file_alone(text: str, folder: Path) -> None:
    """Both are so with the ruff of today. A better one finds what there is, or nothing."""
    report = await Ruff().run(copies(folder, {**NEIGHBOURS, "odd.py": text}), [*SECURITY, "E711"])
    found = [(hit.path, hit.code) for hit in report.hits if hit.path != "odd.py"]
    assert found == [("a.py", "S307"), ("z.py", "S307")]
    assert set(report.unread) == {"odd.py"} or report.unread == {}
    assert report.failure == ""


async def test_s81_a_file_that_cannot_be_read_is_named(folder: Path) -> None:
    made = copies(folder, NEIGHBOURS)
    made[1].at.unlink()
    report = await Ruff().run(made, SECURITY)
    assert [hit.path for hit in report.hits] == ["a.py", "z.py"]
    assert report.unread == {"odd.py": "it could not be read"}


@pytest.mark.parametrize(
    "codes", [SECURITY, CORRECTNESS, STYLE], ids=["security", "correctness", "style"]
)
async def test_s81_a_file_that_cannot_be_parsed_is_unread_for_everybody(
    codes: list[str], folder: Path
) -> None:
    """ruff's rules need the syntax tree: with an open bracket it says nothing of the `eval`."""
    report = await Ruff().run(copies(folder, {"a.py": EVAL, "b.py": "x = (\n" + EVAL}), codes)
    assert report.unread == {"b.py": "it could not be parsed"}
    of_b = {hit.code for hit in report.hits if hit.path == "b.py"}
    assert of_b == ({"invalid-syntax"} if codes is CORRECTNESS else set())
    assert report.failure == ""


async def test_s82_the_canary_is_no_file_of_the_change(folder: Path) -> None:
    """Its faults prove the run and are nobody's findings."""
    report = await read(folder, "x = 1\n")
    assert (report.hits, report.unread, report.failure) == ((), {}, "")


# --- What it reads, and what it makes of it


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a.py", True),
        ("deep/er/a.pyi", True),
        ("a.PY", False),
        ("a.pyc", False),
        ("py", False),
        ("a.py\n", False),
        ("notebook.ipynb", False),
    ],
)
def test_it_reads_python(path: str, expected: bool) -> None:
    assert Ruff().handles(path) is expected


ODD_TEXTS = {
    "empty": ("", []),
    "one line end": ("\n", []),
    "no line end": ("x = eval(input())", [("S307", 1)]),
    "CRLF": ("y = 1\r\nx = eval(input())\r\n", [("S307", 2)]),
    "mark at the start": ("\ufeffx = eval(input())\n", [("S307", 1)]),
    "form feed": ("\x0cx = eval(input())\n", [("S307", 1)]),
    "line separator": ("# a\u2028b\nx = eval(input())\n", [("S307", 2)]),
    "next line": ("# a\x85b\nx = eval(input())\n", [("S307", 2)]),
    "lone carriage return": ("# a\rx = eval(input())\n", [("S307", 1)]),
    "and then more": ("# a\ry = 1\nx = eval(input())\n", [("S307", 2)]),
    "bytes that were not UTF-8": ("# \udce9\n# \ufffd\nx = eval(input())\n", [("S307", 3)]),
    "wide characters": ("y = '𐍈é漢'; x = eval(input())\n", [("S307", 1)]),
}


@pytest.mark.parametrize("case", ODD_TEXTS)
async def test_s40_hits_are_on_the_lines_that_github_counts(case: str, folder: Path) -> None:
    text, expected = ODD_TEXTS[case]
    report = await read(folder, text, SECURITY)
    assert (seen(report), report.unread, report.failure) == (expected, {}, "")


async def test_a_file_of_a_megabyte_is_read(folder: Path) -> None:
    text = "x = 1\n" * 170_000 + "x = eval(input())\n"
    assert seen(await read(folder, text, SECURITY)) == [("S307", 170_001)]


NEWEST = """\
type Pair[T] = tuple[T, T]


def show[T: int = int](rows: list[T]) -> object:
    try:
        return t"{rows}"
    except ValueError, KeyError:
        return f"{f"{rows!r:{">"}}"}"


match show([]):
    case {"a": [first, *_], **rest} if first and rest:
        print(first)
"""


async def test_python_3_14_is_understood(folder: Path) -> None:
    report = await read(folder, NEWEST)
    assert (report.hits, report.unread, report.failure) == ((), {}, "")


async def test_a_statement_of_several_lines_is_one_hit(folder: Path) -> None:
    text = "import subprocess\nsubprocess.run(\n    input(),\n    shell=True,\n)\n"
    (hit,) = (await read(folder, text, ["S602"])).hits
    assert (hit.line, hit.end_line) == (2, 2) or (hit.line, hit.end_line) == (2, 5)


def a_shell(command: str) -> str:
    return f"import subprocess\nsubprocess.run({command}, shell=True)\n"


@pytest.mark.parametrize(
    ("text", "severity"),
    [
        (a_shell("'ls'"), Severity.LOW),
        (a_shell("input()"), None),
        ("import os\nos.system('ls')\n", Severity.LOW),
        ("import os\nos.system(input())\n", None),
        ("rows = {'seems safe': 1, 'seems safe': 2}\n", None),
    ],
)
async def test_only_a_shell_with_constant_text_is_less_grave(
    text: str, severity: Severity | None, folder: Path
) -> None:
    """The words by which ruff says so can stand in the file, and then mean nothing."""
    (hit,) = (await read(folder, text, [*SECURITY, "F601"])).hits
    assert hit.severity == severity


async def test_the_imports_of_a_package_are_its_names(folder: Path) -> None:
    text = "from shop.orders import total\n"
    assert seen(await read(folder, text, STYLE, "shop/__init__.py")) == []
    assert seen(await read(folder, text, STYLE, "shop/init__.py")) == [("F401", 1)]
    assert seen(await read(folder, EVAL, SECURITY, "shop/__init__.py")) == [("S307", 2)]


async def test_only_asked_codes_are_reported(folder: Path) -> None:
    """The faults of the canary are looked for in every run; in the file they count when asked."""
    text = "x = eval(undefined == None)\n"
    for code in ("S307", "F821", "E711"):
        assert seen(await read(folder, text, [code])) == [(code, 1)]


async def test_s85_the_same_input_gives_the_same_report(folder: Path) -> None:
    texts = {f"{n}.py": EVAL * 5 for n in range(9)}
    first = await Ruff().run(copies(folder, texts), EVERY)
    again = await Ruff().run(copies(folder, texts), EVERY)
    assert first == again
    assert isinstance(first.hits[0], Hit)
