"""Files that nobody needs to read: only names decide, each is named with its reason."""

from __future__ import annotations

from time import process_time

import pytest

from reviewers.core.call import Reading
from reviewers.core.change import Content, FileDiff, FileStatus
from reviewers.core.exclude import (
    CONFIGURED,
    MAX_STARS,
    excluded,
    hidden,
    matches,
    pattern_problem,
)
from tests.builders import file_diff


def of(path: str, content: Content = Content.TEXT) -> FileDiff:
    return FileDiff(path, FileStatus.MODIFIED, content=content)


@pytest.mark.parametrize(
    ("path", "reading", "detail"),
    [
        ("package-lock.json", Reading.GENERATED, "lock file"),
        ("web/pnpm-lock.yaml", Reading.GENERATED, "lock file"),
        ("go.sum", Reading.GENERATED, "lock file"),
        ("static/app.min.js", Reading.GENERATED, "generated"),
        ("api/orders_pb2.py", Reading.GENERATED, "generated"),
        ("web/__generated__/schema.ts", Reading.GENERATED, "generated"),
        ("vendor/lib/a.go", Reading.GENERATED, "vendored"),
        ("web/node_modules/x/index.js", Reading.GENERATED, "vendored"),
        ("docs/private/a.md", Reading.NOT_ASKED, "excluded by the configuration"),
    ],
    ids=lambda value: value if isinstance(value, str) and "." in value else None,
)
def test_what_nobody_reads_is_named_with_its_reason(
    path: str, reading: Reading, detail: str
) -> None:
    assert excluded(of(path), ("docs/private/**",)) == (reading, detail)


@pytest.mark.parametrize(
    "path",
    [
        *("src/app.py", "lock.py", "package.json", "go.mod", "vendors.py", "src/vendor.go"),
        *("generated.py", "src/minify.js", "my-package-lock.json.py", "Makefile"),
    ],
)
def test_what_only_sounds_like_it_is_read(path: str) -> None:
    assert excluded(of(path), ()) is None


@pytest.mark.parametrize("content", [c for c in Content if c is not Content.TEXT])
def test_s39_what_is_no_text_is_described(content: Content) -> None:
    assert excluded(of("src/app.py", content), ()) == (Reading.BINARY, content.value)


@pytest.mark.parametrize(
    ("path", "content"),
    [
        *(("go.sum", Content.TEXT), ("a.generated.py", Content.TEXT)),
        *(("logo.png", Content.BINARY), ("link", Content.SYMLINK)),
    ],
)
def test_what_the_base_branch_decided_goes_before_our_defaults(path: str, content: Content) -> None:
    assert excluded(of(path, content), (path,)) == (Reading.NOT_ASKED, CONFIGURED)


ADDED, RENAMED, CHANGED = FileStatus.ADDED, FileStatus.RENAMED, FileStatus.CHANGED


@pytest.mark.parametrize(
    ("file", "hides"),
    [
        (FileDiff("app/util.generated.py", ADDED), True),
        (FileDiff("vendor/u.py", ADDED), True),
        (FileDiff("vendor/u.py", FileStatus.COPIED, old_path="u.py"), True),
        (FileDiff("vendor/u.py", RENAMED, old_path="u.py"), True),
        (FileDiff("vendor/u.py", RENAMED, old_path="go.sum"), True),
        (FileDiff("vendor/u.py", RENAMED, old_path="vendor/v.py"), False),
        (FileDiff("vendor/u.py", RENAMED, old_path="u_pb2.py"), False),
        (FileDiff("vendor/u.py", FileStatus.MODIFIED), False),
        (FileDiff("vendor/u.py", FileStatus.REMOVED), False),
        (FileDiff("go.sum", ADDED), False),
        (FileDiff("ours.generated.py", ADDED), False),
        (FileDiff("app.py", ADDED), False),
        (FileDiff("run.ps1", ADDED, content=Content.BINARY), True),
        (FileDiff("ours.png", ADDED, content=Content.BINARY), False),
        (FileDiff("b.png", RENAMED, old_path="a.png", content=Content.BINARY), False),
        (FileDiff("a.png", FileStatus.MODIFIED, content=Content.BINARY), False),
        (FileDiff("a.png", FileStatus.MODIFIED, content=Content.BINARY, was_empty=True), True),
        (FileDiff("b", RENAMED, old_path="a", content=Content.BINARY, was_empty=True), True),
        (FileDiff("ours.b", FileStatus.MODIFIED, content=Content.BINARY, was_empty=True), False),
        (FileDiff("app.py", ADDED, content=Content.SYMLINK), True),
        (FileDiff("app.py", CHANGED, content=Content.SYMLINK), True),
        (FileDiff("app.py", FileStatus.MODIFIED, content=Content.SYMLINK), True),
        (FileDiff("app.py", FileStatus.REMOVED, content=Content.SYMLINK), False),
        (FileDiff("run", CHANGED, content=Content.BINARY), False),
        (FileDiff("lib", FileStatus.MODIFIED, content=Content.SUBMODULE), True),
        (FileDiff("a.bin", FileStatus.MODIFIED, content=Content.LFS), False),
        (FileDiff("lib", ADDED, content=Content.SUBMODULE), True),
    ],
    ids=lambda value: f"{value.status} {value.path}" if isinstance(value, FileDiff) else None,
)
def test_what_a_change_brings_and_nobody_reads(file: FileDiff, *, hides: bool) -> None:
    """By a name or a content of its own choice; what the base branch lists is its own decision."""
    configured = ("ours.*",)
    assert hidden([file], configured) == ((file,) if hides else ())
    assert hidden([file], (file.path,)) == ()


def test_a_mark_inside_the_file_hides_nothing() -> None:
    """Else a pull request could keep its own code from the reviewers."""
    file = file_diff("src/app.py", None, "# @generated by hand\n# triptych: ignore\nevil()\n")
    assert excluded(file, ()) is None


@pytest.mark.parametrize(
    ("pattern", "fits", "does_not"),
    [
        ("*.py", ["a.py", "deep/down/a.py"], ["a.pyc"]),
        ("docs/*", ["docs/a.md", "docs/deep/a.md"], ["src/docs/a.md", "docs"]),
        ("**/docs/*", ["docs/a.md", "src/docs/a.md"], ["docsx/a.md", "xdocs/a.md"]),
        ("a/**/*.py", ["a/b.py", "a/c/b.py", "a/c/d/b.py"], ["a.py", "ab.py", "x/a/b.py"]),
        ("a/**/b", ["a/b", "a/c/b", "a/c/d/b"], ["ab", "a/xb", "a/c/xb", "a/b/c", "ax/b"]),
        ("a/**/**/b/**/c", ["a/b/c", "a/x/b/x/y/c"], ["a/c", "a/bc", "a/b/xc"]),
        ("**/**/b", ["b", "a/b", "a/c/b"], ["ab", "a/xb"]),
        ("a/**", ["a/b", "a/c/b"], ["a", "ab", "x/a/b"]),
        ("**/a/**", ["a/b", "x/a/b", "x/y/a/b"], ["a", "xa/b"]),
        ("**", ["a", "a/b"], []),
        ("a/*/b", ["a/c/b", "a/c/d/b"], ["a/b"]),
        ("{{name}}/**/*.py", ["{{name}}/a.py"], ["name/a.py"]),
        ("Makefile", ["Makefile", "sub/Makefile"], ["Makefile.am"]),
        ("src/?.py", ["src/a.py"], ["src/ab.py"]),
        ("src?a.py", ["src-a.py"], ["src/a.py"]),
        ("src??a.py", ["src--a.py"], ["src/a.py", "src//a.py"]),
        ("src?*.py", ["src-a.py", "srcs/a.py"], ["src/a.py"]),
        ("src/?*.py", ["src/a.py", "src/a/b.py"], ["src/.py"]),
        ("app/?id?/**", ["app/[id]/page.tsx"], ["app/id/page.tsx", "app//id//page.tsx"]),
        ("app/[id]/*", ["app/[id]/page.tsx"], ["app/i/page.tsx"]),
        ("[", ["["], ["a"]),
        ("A.py", ["A.py"], ["a.py"]),
        ("with\nline", ["with\nline"], ["with"]),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_globs(pattern: str, fits: list[str], does_not: list[str]) -> None:
    assert [p for p in fits if not matches(p, (pattern,))] == []
    assert [p for p in does_not if matches(p, (pattern,))] == []


@pytest.mark.parametrize(
    "pattern",
    [
        "*a*a*a*a*a*a*a*b",
        "**/**/**/**",
        "*" * MAX_STARS + "b",
        "{{{{a}b}c}d}*{e}*{f}*{{{",
        "*a/**/*a/**/*a/b",
        "?*?*?*?*?*?*?*?b",
    ],
)
def test_s34_hostile_globs_are_quick_on_3000_paths(pattern: str) -> None:
    assert pattern_problem(pattern) == ""
    paths = [f"{'a' * 120}/{'a' * 100}{n}.py" for n in range(3000)]
    start = process_time()
    assert sum(matches(path, (pattern,)) for path in paths) in (0, 3000)
    assert process_time() - start < 1.0


BRACKETS = (
    "holds a bracket: write `?` for each that is part of a name, and a glob for each of a set"
)
TOP = "is no path of a file from the repository's top: write "


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        *(("", "is empty"), ("*" * (MAX_STARS + 1), "has more than 8 stars"), ("**/x", "")),
        *(("/private/**", f"{TOP}'private/**'"), ("./a/*", f"{TOP}'a/*'"), ("a//b", f"{TOP}'a/b'")),
        *(("private/", f"{TOP}'private/**'"), ("/a/", f"{TOP}'a/**'"), ("../a", f"{TOP}'a'")),
        *(("/", f"{TOP}'**'"), (".", f"{TOP}'**'"), (".github/**", ""), ("a/..b/.c", "")),
        (" a", "begins or ends with a blank: leave it out"),
        ("a/**\n", "begins or ends with a blank: leave it out"),
        *((" ", "begins or ends with a blank: leave it out"), ("a b", "")),
        ("!a/*", "begins with `!`, but takes nothing back: list only what is to fit"),
        ("a!", ""),
        *((pattern, BRACKETS) for pattern in ("app/[id]/**", "*.[ch]", "[!a]/*", "[")),
        *(("app/?id?/**", ""), ("a]b", "")),
        ("a\\*", "holds a backslash: write `/` between folders, and `?` for a sign as it is"),
        ("src/*.{js,ts}", "holds alternatives in braces: write a glob for each"),
        ("part{1..9}.py", "holds alternatives in braces: write a glob for each"),
        *(("{{name}}/**", ""), ("a{b}.py", "")),
    ],
)
def test_s34_globs_that_are_refused(pattern: str, problem: str) -> None:
    """Those that fit nothing, too: what they were to shut out would be sent to a model, in silence."""
    assert pattern_problem(pattern) == problem
