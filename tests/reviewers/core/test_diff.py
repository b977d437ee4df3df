"""Diffs of every odd kind, and what must come out of them. Case names are those of the catalogue."""

from __future__ import annotations

from time import process_time

import pytest

from reviewers.core.change import Content, FileDiff, FileStatus, Hunk, Mark
from reviewers.core.diff import (
    NOT_SHOWN,
    DiffError,
    content_of,
    is_lfs_pointer,
    parse_diff,
    parse_hunks,
)
from tests.builders import patch

COMMIT = "c0ffee" + "0" * 34
OID = "a" * 64
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{OID}\nsize 12345\n"


def only(text: str | bytes) -> FileDiff:
    """The one file of a diff."""
    files = parse_diff(text.encode() if isinstance(text, str) else text)
    assert len(files) == 1, [f.path for f in files]
    return files[0]


def rows(hunks: tuple[Hunk, ...]) -> list[tuple[str, int | None, int | None, str]]:
    """Every line as (mark, old number, new number, text)."""
    return [(x.mark.value, x.old, x.new, x.text) for hunk in hunks for x in hunk.lines]


def added(lines: str) -> str:
    """A diff that adds a file with these lines."""
    body = lines.removesuffix("\n").split("\n")
    head = (
        "diff --git a/f b/f\nnew file mode 100644\nindex 0000000..1111111\n--- /dev/null\n+++ b/f\n"
    )
    return head + f"@@ -0,0 +1,{len(body)} @@\n" + "".join(f"+{row}\n" for row in body)


# --- What happened to a file


@pytest.mark.parametrize(
    ("text", "status", "path", "old_path", "content", "hunks"),
    [
        pytest.param(
            "diff --git a/f.py b/f.py\nindex 1..2 100644\n--- a/f.py\n+++ b/f.py\n@@ -1 +1 @@\n-a\n+b\n",
            *(FileStatus.MODIFIED, "f.py", None, Content.TEXT, 1),
            id="edited",
        ),
        pytest.param(added("a\n"), FileStatus.ADDED, "f", None, Content.TEXT, 1, id="new"),
        pytest.param(
            "diff --git a/f b/f\ndeleted file mode 100644\nindex 1..0\n--- a/f\n+++ /dev/null\n"
            "@@ -1 +0,0 @@\n-a\n",
            *(FileStatus.REMOVED, "f", None, Content.TEXT, 1),
            id="deleted",
        ),
        pytest.param(
            "diff --git a/f b/f\nnew file mode 100644\nindex 0000000..e69de29\n",
            *(FileStatus.ADDED, "f", None, Content.TEXT, 0),
            id="new and empty",
        ),
        pytest.param(
            "diff --git a/f b/f\ndeleted file mode 100644\nindex e69de29..0000000\n",
            *(FileStatus.REMOVED, "f", None, Content.TEXT, 0),
            id="deleted and empty",
        ),
        pytest.param(
            "diff --git a/old b/new\nsimilarity index 100%\nrename from old\nrename to new\n",
            *(FileStatus.RENAMED, "new", "old", Content.TEXT, 0),
            id="renamed only",
        ),
        pytest.param(
            "diff --git a/old dir/x b/new dir/x\nsimilarity index 90%\nrename from old dir/x\n"
            "rename to new dir/x\nindex 1..2 100644\n--- a/old dir/x\t\n+++ b/new dir/x\t\n"
            "@@ -1 +1 @@\n-a\n+b\n",
            *(FileStatus.RENAMED, "new dir/x", "old dir/x", Content.TEXT, 1),
            id="renamed and edited",
        ),
        pytest.param(
            "diff --git a/old b/new\nsimilarity index 90%\ncopy from old\ncopy to new\n"
            "index 1..2 100644\n--- a/old\n+++ b/new\n@@ -1 +1 @@\n-a\n+b\n",
            *(FileStatus.COPIED, "new", "old", Content.TEXT, 1),
            id="copied and edited",
        ),
        pytest.param(
            "diff --git a/f b/f\nold mode 100644\nnew mode 100755\n",
            *(FileStatus.CHANGED, "f", None, Content.TEXT, 0),
            id="mode only",
        ),
        pytest.param(
            "diff --git a/f b/f\nold mode 100644\nnew mode 100755\nindex 1..2\n--- a/f\n+++ b/f\n"
            "@@ -1 +1 @@\n-a\n+b\n",
            *(FileStatus.MODIFIED, "f", None, Content.TEXT, 1),
            id="mode and text",
        ),
        pytest.param(
            "diff --git a/i.png b/i.png\nindex 1..2 100644\nBinary files a/i.png and b/i.png differ\n",
            *(FileStatus.MODIFIED, "i.png", None, Content.BINARY, 0),
            id="binary",
        ),
        pytest.param(
            "diff --git a/i.png b/i.png\nnew file mode 100644\nindex 0..2\n"
            "Binary files /dev/null and b/i.png differ\n",
            *(FileStatus.ADDED, "i.png", None, Content.BINARY, 0),
            id="binary and new",
        ),
        pytest.param(
            "diff --git a/i.png b/i.png\nindex 1..2 100644\nGIT binary patch\nliteral 3\n"
            "KcmZQzWMT#Y\n\nliteral 4\nLcmZQzWMT$j\n\n",
            *(FileStatus.MODIFIED, "i.png", None, Content.BINARY, 0),
            id="binary patch",
        ),
        pytest.param(
            "diff --git a/s b/s\nnew file mode 120000\nindex 0..1\n--- /dev/null\n+++ b/s\n"
            "@@ -0,0 +1 @@\n+../../etc/passwd\n\\ No newline at end of file\n",
            *(FileStatus.ADDED, "s", None, Content.SYMLINK, 0),
            id="symbolic link",
        ),
        pytest.param(
            "diff --git a/s b/s\nindex 1..2 120000\n--- a/s\n+++ b/s\n@@ -1 +1 @@\n-a\n"
            "\\ No newline at end of file\n+b\n\\ No newline at end of file\n",
            *(FileStatus.MODIFIED, "s", None, Content.SYMLINK, 0),
            id="symbolic link to elsewhere",
        ),
        pytest.param(
            f"diff --git a/m b/m\nindex 1..2 160000\n--- a/m\n+++ b/m\n@@ -1 +1 @@\n"
            f"-Subproject commit {COMMIT}\n+Subproject commit {COMMIT[::-1]}\n",
            *(FileStatus.MODIFIED, "m", None, Content.SUBMODULE, 0),
            id="submodule",
        ),
        pytest.param(
            added(POINTER),
            *(FileStatus.ADDED, "f", None, Content.LFS, 0),
            id="LFS pointer",
        ),
        pytest.param(
            "diff --git a/f b/f\ndeleted file mode 100644\nindex 1..0\n--- a/f\n+++ /dev/null\n"
            "@@ -1 +0,0 @@\n-text\n"
            "diff --git a/f b/f\nnew file mode 120000\nindex 0..1\n--- /dev/null\n+++ b/f\n"
            "@@ -0,0 +1 @@\n+target\n\\ No newline at end of file\n",
            *(FileStatus.CHANGED, "f", None, Content.SYMLINK, 1),
            id="file becomes a link",
        ),
        pytest.param(
            "diff --git a/f b/f\ndeleted file mode 120000\nindex 1..0\n--- a/f\n+++ /dev/null\n"
            "@@ -1 +0,0 @@\n-target\n\\ No newline at end of file\n"
            "diff --git a/f b/f\nnew file mode 100644\nindex 0..1\n--- /dev/null\n+++ b/f\n"
            "@@ -0,0 +1 @@\n+text\n",
            *(FileStatus.CHANGED, "f", None, Content.TEXT, 1),
            id="link becomes a file",
        ),
    ],
)
def test_s41_what_happened_to_the_file(
    text: str, status: FileStatus, path: str, old_path: str | None, content: Content, hunks: int
) -> None:
    file = only(text)
    assert (file.status, file.path, file.old_path) == (status, path, old_path)
    assert (file.content, len(file.hunks)) == (content, hunks)


def test_modes_are_kept() -> None:
    file = only("diff --git a/f b/f\nold mode 100644\nnew mode 100755\n")
    assert (file.old_mode, file.new_mode) == ("100644", "100755")
    assert only(added("a\n")).new_mode == "100644"
    assert only(f"diff --git a/f b/f\nindex 1..2 100755\n{PLAIN}{HUNK}").new_mode == "100755"


# --- S39: what is no text is described and never followed


def test_s39_a_link_s_target_is_not_shown_as_code() -> None:
    """The removed text stays readable; the target of the new link is not a line of the change."""
    file = only(
        "diff --git a/f b/f\ndeleted file mode 100644\n--- a/f\n+++ /dev/null\n@@ -1 +0,0 @@\n-text\n"
        "diff --git a/f b/f\nnew file mode 120000\n--- /dev/null\n+++ b/f\n@@ -0,0 +1 @@\n+/etc/passwd\n"
    )
    assert rows(file.hunks) == [("-", 1, None, "text")]


@pytest.mark.parametrize(
    ("old", "new", "content"),
    [
        ("", f"Subproject commit {COMMIT}\n", Content.SUBMODULE),
        (f"Subproject commit {COMMIT}\n", f"Subproject commit {COMMIT}-dirty\n", Content.SUBMODULE),
        ("", "Subproject commit of the year\n", Content.TEXT),
        ("", POINTER, Content.LFS),
        (POINTER, POINTER.replace("12345", "6"), Content.LFS),
        (POINTER, "", Content.LFS),
        ("text\n", POINTER, Content.LFS),
        (POINTER, "text\n", Content.TEXT),
        ("", "", Content.TEXT),
    ],
    ids=[
        *("submodule", "dirty submodule", "a line that begins like one", "pointer"),
        *("changed pointer", "removed pointer", "becomes a pointer", "leaves LFS", "nothing"),
    ],
)
def test_s39_github_gives_no_mode_so_the_lines_tell(old: str, new: str, content: Content) -> None:
    assert content_of("", parse_hunks(patch(old, new))) is content


@pytest.mark.parametrize(
    ("text", "is_pointer"),
    [
        (POINTER, True),
        (POINTER.removesuffix("\n"), True),
        (POINTER.replace("size", f"ext-0-foo sha256:{OID}\nsize"), True),
        (POINTER + "import os; os.system(argv[1])\n", False),
        ("version https://git-lfs.github.com/spec/v1\nrm -rf /\n", False),
        ("version https://git-lfs.github.com/spec/v1\n", False),
        ("", False),
    ],
    ids=["pointer", "no line end", "extension", "code behind it", "code", "first line", "empty"],
)
def test_s39_a_pointer_is_a_pointer_as_a_whole(text: str, is_pointer: bool) -> None:
    """Code behind a pointer's first line would be hidden from every reviewer."""
    assert is_lfs_pointer(text) is is_pointer
    if text:
        assert (only(added(text)).content is Content.LFS) is is_pointer


def test_s39_a_file_that_leaves_lfs_is_read() -> None:
    old = "".join(f"-{row}\n" for row in POINTER.splitlines())
    file = only(
        f"diff --git a/f b/f\nindex 1..2 100644\n--- a/f\n+++ b/f\n@@ -1,3 +1 @@\n{old}+evil()\n"
    )
    assert file.content is Content.TEXT
    assert ("+", None, 1, "evil()") in rows(file.hunks)


# --- S38: names


@pytest.mark.parametrize(
    ("header", "path"),
    [
        ("diff --git a/with blank.py b/with blank.py", "with blank.py"),
        ("diff --git a/x b/x b/y b/x b/x b/y", "x b/x b/y"),
        ("diff --git a/a/b/a b/a/b/a", "a/b/a"),
        (r'diff --git "a/tab\there" "b/tab\there"', "tab\there"),
        (r'diff --git "a/new\nline" "b/new\nline"', "new\nline"),
        (r'diff --git "a/quo\"te" "b/quo\"te"', 'quo"te'),
        (r'diff --git "a/back\\slash" "b/back\\slash"', "back\\slash"),
        (r'diff --git "a/bell\a\001\177" "b/bell\a\001\177"', "bell\a\x01\x7f"),
        (r'diff --git "a/\303\274n\303\257.py" "b/\303\274n\303\257.py"', "ünï.py"),
        (r'diff --git "a/\342\200\256txt" "b/\342\200\256txt"', "\u202etxt"),
        (r'diff --git "a/lat\351n1" "b/lat\351n1"', "lat\udce9n1"),
        ("diff --git a/ünï.py b/ünï.py", "ünï.py"),
        ("diff --git a/-rf b/-rf", "-rf"),
        ("diff --git a/::warning::x b/::warning::x", "::warning::x"),
        ("diff --git a/tick`s|pipe b/tick`s|pipe", "tick`s|pipe"),
        ("diff --git a/../../etc/passwd b/../../etc/passwd", "../../etc/passwd"),
        ("diff --git a//etc/passwd b//etc/passwd", "/etc/passwd"),
        ("diff --git a/" + "n" * 255 + " b/" + "n" * 255, "n" * 255),
        ("diff --git src/x.py src/x.py", "src/x.py"),
        ("diff --git b/x.py b/x.py", "b/x.py"),
        ("diff --git i/src/x.py w/src/x.py", "src/x.py"),
        (r'diff --git "c/tab\there" "w/tab\there"', "tab\there"),
    ],
    ids=lambda value: None if value.startswith("diff") else value[:16].encode("ascii", "replace"),
)
def test_s38_names_come_out_as_they_are_on_disk(header: str, path: str) -> None:
    """From the first line alone: a mode change and an empty file have no other."""
    file = only(f"{header}\nold mode 100644\nnew mode 100755\n")
    assert file.path == path


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("--- a/with blank.py\t", "+++ b/with blank.py\t", "with blank.py"),
        (r'--- "a/tab\there"', r'+++ "b/tab\there"', "tab\there"),
        ("--- /dev/null", r'+++ "b/\303\274.py"', "ü.py"),
        ("--- a/gone.py", "+++ /dev/null", "gone.py"),
        ("--- a/dev/null", "+++ b/dev/null", "dev/null"),
    ],
    ids=["blank", "quoted", "new and quoted", "gone", "named like nothing"],
)
def test_s38_names_behind_the_marks(old: str, new: str, path: str) -> None:
    quoted = path.encode("unicode_escape").decode() if "\t" in path else path
    both = f'"a/{quoted}" "b/{quoted}"' if "\t" in path else f"a/{path} b/{path}"
    count = {"--- /dev/null": "-0,0 +1", "+++ /dev/null": "-1 +0,0"}
    span = count.get(old) or count.get(new) or "-1 +1"
    body = "".join((("-a\n" if "-1" in span else ""), ("+b\n" if "+1" in span else "")))
    file = only(f"diff --git {both}\n{old}\n{new}\n@@ {span} @@\n{body}")
    assert file.path == path


def test_s38_a_renamed_file_keeps_both_names_whatever_the_prefixes() -> None:
    file = only(
        "diff --git i/a b.py w/c d.py\nsimilarity index 90%\nrename from a b.py\nrename to c d.py\n"
        "index 1..2 100644\n--- i/a b.py\t\n+++ w/c d.py\t\n@@ -1 +1 @@\n-a\n+b\n"
    )
    assert (file.old_path, file.path) == ("a b.py", "c d.py")


# --- diff -u without git


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        (
            "a/x.py\t2026-01-02 10:00:00.000000000 +0100",
            "b/x.py\t2026-01-03 10:00:00 +0100",
            "x.py",
        ),
        ("x.py.orig", "x.py", "x.py"),
        ("/dev/null", "b/new.py", "new.py"),
        ('"a/tab\\there"\t2026-01-02 10:00:00', '"b/tab\\there"\t2026-01-03 10:00:00', "tab\there"),
        ("a/with blank.py\t2026-01-02", "b/with blank.py\t2026-01-02", "with blank.py"),
    ],
    ids=["times", "other name", "new", "quoted with a time", "blank"],
)
def test_a_plain_diff_needs_no_git_header(old: str, new: str, path: str) -> None:
    file = only(f"Index: x\n=====\n--- {old}\n+++ {new}\n@@ -1 +1 @@ f()\n-a\n+b\n")
    assert file.path == path
    assert rows(file.hunks) == [("-", 1, None, "a"), ("+", None, 1, "b")]


def test_a_plain_diff_of_folders_names_every_file() -> None:
    files = parse_diff(
        b"diff -ru a/x b/x\n--- a/x\t2026\n+++ b/x\t2026\n@@ -1 +1 @@\n-a\n+b\n"
        b"Binary files a/i.png and b/i.png differ\n"
        b"Only in b: y\n"
        b"diff -ru a/z b/z\n--- a/z\t2026\n+++ b/z\t2026\n@@ -1 +1 @@\n-a\n+b\n"
    )
    assert [(f.path, f.content) for f in files] == [
        ("x", Content.TEXT),
        ("i.png", Content.BINARY),
        ("y", Content.TEXT),
        ("z", Content.TEXT),
    ]


# --- What stands round a diff


def test_git_show_has_a_preamble() -> None:
    """A commit message may say anything, diff headers too: git sets it four blanks in."""
    file = only(
        f"commit {COMMIT}\nAuthor: A <a@b>\nDate:   now\n\n    --- a/x\n    +++ b/x\n    @@ -1 +1 @@\n\n"
        "diff --git a/f b/f\nindex 1..2 100644\n--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n+b\n"
    )
    assert file.path == "f"


def test_a_mail_has_a_preamble_and_a_signature() -> None:
    text = (
        f"From {COMMIT} Mon Sep 17 00:00:00 2001\nFrom: A <a@b>\nSubject: [PATCH 1/2] x\n\n---\n"
        " f | 2 +-\n 1 file changed, 1 insertion(+), 1 deletion(-)\n\n"
        "diff --git a/f b/f\nindex 1..2 100644\n--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n+b\n-- \n2.39.5\n\n"
    )
    files = parse_diff((text + text.replace("f b/f", "g b/g").replace("/f\n", "/g\n")).encode())
    assert [f.path for f in files] == ["f", "g"]
    assert all(len(rows(f.hunks)) == 2 for f in files)


def test_a_file_without_hunks_swallows_none_of_its_neighbours() -> None:
    files = parse_diff(
        b"diff --git a/m b/m\nold mode 100644\nnew mode 100755\n"
        b"diff --git a/i b/i\nindex 1..2 100644\nGIT binary patch\nliteral 3\nKcmZQzWMT#Y\n\n"
        b"diff --git a/r b/s\nsimilarity index 100%\nrename from r\nrename to s\n"
        b"diff --git a/f b/f\nindex 1..2 100644\n--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n+b\n"
    )
    assert [(f.path, len(f.hunks)) for f in files] == [("m", 0), ("i", 0), ("s", 0), ("f", 1)]


@pytest.mark.parametrize("empty", [b"", b"\n", b" \n\t\n"], ids=["nothing", "newline", "blanks"])
def test_an_empty_diff_has_no_files(empty: bytes) -> None:
    assert parse_diff(empty) == ()


# --- S40: lines are split on \n only, and hold whatever they hold


@pytest.mark.parametrize(
    "line",
    [
        "crlf\r",
        "lone\rreturn",
        "form\x0cfeed",
        "vertical\x0btab",
        "file\x1csep\x1d\x1e",
        "line\u2028separator\u2029",
        "next\u0085line",
        "\ufeffbyte order mark",
        "ümläut 日本 🙂",
        "trailing blank ",
        "\ttab",
        "",
    ],
    ids=lambda line: line.encode("unicode_escape").decode() or "empty",
)
def test_s40_a_line_holds_whatever_is_no_newline(line: str) -> None:
    file = only(added(f"before\n{line}\nafter\n"))
    assert rows(file.hunks) == [
        ("+", None, 1, "before"),
        ("+", None, 2, line),
        ("+", None, 3, "after"),
    ]


def test_s40_latin_1_is_shown_with_replacements_and_counted_all_the_same() -> None:
    text = added("one\nXX\nthree\n").encode().replace(b"XX", b"caf\xe9")
    assert [x[3] for x in rows(only(text).hunks)] == ["one", "caf\ufffd", "three"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            "-a\n\\ No newline at end of file\n+a\n",
            [("-", 1, None, "a"), ("+", None, 1, "a")],
        ),
        (
            "-a\n+a\n\\ No newline at end of file\n",
            [("-", 1, None, "a"), ("+", None, 1, "a")],
        ),
        (
            "-a\n\\ No newline at end of file\n+b\n\\ No newline at end of file\n",
            [("-", 1, None, "a"), ("+", None, 1, "b")],
        ),
    ],
    ids=["had none", "has none", "neither"],
)
def test_s40_no_newline_at_the_end(
    body: str, expected: list[tuple[str, int | None, int | None, str]]
) -> None:
    """The remark is no line, on whichever side it stands."""
    file = only(f"diff --git a/f b/f\nindex 1..2 100644\n--- a/f\n+++ b/f\n@@ -1 +1 @@\n{body}")
    assert rows(file.hunks) == expected
    assert rows(parse_hunks(f"@@ -1 +1 @@\n{body}")) == expected


# --- Lines that look like something else


@pytest.mark.parametrize(
    "line",
    [
        "-- a/x",
        "++ b/x",
        "- ",
        "@@ -1 +1 @@",
        "diff --git a/x b/x",
        "\\ No newline at end of file",
        "rename from x",
        "GIT binary patch",
        "Binary files a and b differ",
        "diff --cc x",
    ],
)
def test_content_that_looks_like_a_header_is_content(line: str) -> None:
    file = only(
        "diff --git a/f b/f\nindex 1..2 100644\n--- a/f\n+++ b/f\n"
        f"@@ -1,2 +1,2 @@\n-{line}\n+{line}x\n {line}\n"
    )
    assert rows(file.hunks) == [
        ("-", 1, None, line),
        ("+", None, 1, line + "x"),
        (" ", 2, 2, line),
    ]


def test_an_empty_context_line_may_have_lost_its_blank() -> None:
    """Editors and mail programs strip it; git apply takes it, too."""
    text = "@@ -1,3 +1,3 @@\n-a\n+b\n\n c\n"
    expected = [("-", 1, None, "a"), ("+", None, 1, "b"), (" ", 2, 2, ""), (" ", 3, 3, "c")]
    assert rows(parse_hunks(text)) == expected
    assert rows(only("--- a/f\n+++ b/f\n" + text).hunks) == expected


def test_hunk_headers() -> None:
    hunks = parse_hunks(
        "@@ -3 +3,2 @@ class A:\n-a\n+b\n+c\n@@ -10,2 +11 @@\n-x\n y\n@@ -20,0 +20 @@ def f(): @@ x\n+z"
    )
    assert [(h.old_start, h.new_start, h.section) for h in hunks] == [
        (3, 3, "class A:"),
        (10, 11, ""),
        (20, 20, "def f(): @@ x"),
    ]
    assert rows(hunks) == [
        ("-", 3, None, "a"),
        ("+", None, 3, "b"),
        ("+", None, 4, "c"),
        ("-", 10, None, "x"),
        (" ", 11, 11, "y"),
        ("+", None, 20, "z"),
    ]


def test_a_patch_field_may_be_empty() -> None:
    assert parse_hunks("") == ()


# --- What is refused, and where


HEAD = "diff --git a/f b/f\nindex 1..2 100644\n--- a/f\n+++ b/f\n"
HUNK = "@@ -1 +1 @@\n-a\n+b\n"
BINARY = "diff --git a/p b/p\nBinary files a/p and b/p differ\n"
LITERAL = "diff --git a/p b/p\nindex 1..2\nGIT binary patch\nliteral 1\nIcmZPo000310RR91\n\n"
PLAIN = "--- a/g\n+++ b/g\n"
OF_DIFF, OF_SVN = "diff -ru o/f n/f\n", "Index: f\n"
CUT_OFF = (
    *(OF_DIFF, "diff -r 1f2e3d -r 4c5b6a f\n", f"{OF_DIFF}--- o/f\n", f"{OF_DIFF}--- o/f\n+++"),
    *(f"{OF_DIFF}--- o/f\n+++ n/f\n", f"{OF_DIFF}--- o/f\n+++ n/f\n@@"),
    *(f"{OF_SVN}--- f\t(revision 1)\n", f"{OF_SVN}--- f\t(revision 1)\n+++ f\t(working copy)\n"),
)


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        (
            "diff --cc f\nindex 1,2..3\n--- a/f\n+++ b/f\n@@@ -1,1 -1,1 +1,1 @@@\n--a\n++b\n",
            *(1, "merge's combined diff"),
        ),
        ("diff --combined f\nindex 1,2..3\n", 1, "merge's combined diff"),
        (HEAD + "@@ -1,3 +1,3 @@\n a\n-b\n", 7, "ends in the middle of a hunk"),
        (HEAD + "@@ -1,3 +1,3 @@\n", 5, "ends in the middle of a hunk"),
        (HEAD + "@@ -1,3 +1,3 @@\n a\ndiff --git a/g b/g\n", 7, "ends before its header says"),
        (HEAD + "@@ -1 +1 @@\n-a\n+b\n+c\n", 8, "longer than its header says"),
        (HEAD + "@@ -1 +1 @@\n-a\n+b\n-c\n", 8, "longer than its header says"),
        (HEAD + "@@ -1 +1 @@\n-a\n+b\n c\n", 8, "longer than its header says"),
        (HEAD + "@@ -1 +1 @@\n+a\n+b\n-c\n", 7, "no diff line"),
        (HEAD + "@@ -x +1 @@\n+a\n", 5, "not readable"),
        (HEAD + f"@@ -1 +{'9' * 5000} @@\n+a\n", 5, "not readable"),
        (HEAD + f"{HUNK}\n{HUNK}", 9, "a hunk of no file"),
        (HEAD + f"{HUNK}# read until here\n{HUNK}", 9, "a hunk of no file"),
        (HEAD + f"\n{HUNK}", 6, "a hunk of no file"),
        (HEAD + f"{HUNK}From: x\n{PLAIN}what\n{HUNK}", 12, "a hunk of no file"),
        (BINARY + HUNK, 3, "a hunk of no file"),
        (LITERAL + HUNK, 7, "a hunk of no file"),
        (HEAD + HUNK + "@@@ -1 -1 +1 @@@\n--a\n++b\n", 8, "merge's combined diff"),
        (HEAD + HUNK + f"*** a/g\n--- b/g\n{'*' * 15}\n*** 1,2 ****\n", 11, "a context diff"),
        ("this is no diff\n", 1, "no file header"),
        ("@@ -1 +1 @@\n-a\n+b\n", 1, "a hunk of no file"),
        (f"diff --git a/f b/f\nrename from\nrename to f\n{HUNK}", 2, "names no file"),
        (f"diff --git a/f b/g\nrename from f\ncopy g\n{HUNK}", 3, "names no file"),
        (HEAD + HUNK + "diff --git \nold mode 100644\nnew mode 100755\n", 8, "names no file"),
        (HEAD + HUNK + f"--- /dev/null\n+++ /dev/null\n{HUNK}", 8, "names no file"),
        *((PLAIN + HUNK + r, 6 + (OF_SVN in r), "in the middle of a header") for r in CUT_OFF),
    ],
    ids=[
        *("combined", "combined, the other word", "cut off", "cut off at its header"),
        *("cut off before a file", "one added line more", "one removed line more"),
        *("one context line more", "more added than announced", "odd header"),
        *("number of 5000 digits", "blank line before a hunk", "remark before a hunk"),
        *("blank line behind the header", "odd header of a file", "hunk of a binary file"),
        *(
            "hunk of a binary patch",
            "combined hunk",
            "context diff",
            "prose",
            "hunk without a file",
        ),
        *("renamed from nothing", "a move nowhere", "no name", "nothing on both sides"),
        *CUT_OFF,
    ],
)
def test_what_cannot_be_trusted_is_refused_with_its_line(
    text: str, line: int, problem: str
) -> None:
    with pytest.raises(DiffError) as caught:
        parse_diff(text.encode())
    assert problem in caught.value.problem
    assert caught.value.line == line
    assert str(caught.value).startswith(f"line {line} of the diff: ")


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("@@ -1,3 +1,3 @@\n a\n-b", 4, "ends in the middle of a hunk"),
        ("@@ -1 +1 @@\n-a\n+b\n+c", 4, "expected a hunk header"),
        ("@@ -1 +1 @@\n-a\nwhat", 3, "no diff line"),
        ("-a\n+b", 1, "expected a hunk header"),
        ("@@ -1,2 +1,1 @@\n+a\n+b", 3, "no diff line"),
    ],
    ids=["cut off", "longer", "foreign line", "no header", "other counts"],
)
def test_s36_a_patch_field_that_is_cut_off_is_refused(text: str, line: int, problem: str) -> None:
    """GitHub leaves out what is too large; half a patch must not pass for a whole one."""
    with pytest.raises(DiffError) as caught:
        parse_hunks(text)
    assert problem in caught.value.problem
    assert caught.value.line == line


@pytest.mark.parametrize("before", [BINARY, LITERAL], ids=["named", "whole"])
def test_a_plain_file_behind_a_binary_one_is_read(before: str) -> None:
    """As `git apply` does: a binary one has no hunks that could be its own."""
    files = parse_diff(f"{before}{PLAIN}{HUNK}".encode())
    assert [(f.path, f.content, len(f.hunks)) for f in files] == [
        ("p", Content.BINARY, 0),
        ("g", Content.TEXT, 1),
    ]


ZEROS, SOME = "0" * 40, "c0ffee1"
ADDED, MODIFIED, REMOVED = FileStatus.ADDED, FileStatus.MODIFIED, FileStatus.REMOVED


@pytest.mark.parametrize(
    ("row", "path", "status", "content"),
    [
        (f"Submodule lib {SOME}..c0ffee2:", "lib", MODIFIED, Content.SUBMODULE),
        (f"Submodule a b {SOME}...{SOME} (rewind):", "a b", MODIFIED, Content.SUBMODULE),
        (
            f"Submodule lib {ZEROS}...{SOME} (new submodule)",
            "lib",
            FileStatus.ADDED,
            Content.SUBMODULE,
        ),
        (
            f"Submodule lib {SOME}...0000000 (submodule deleted)",
            "lib",
            FileStatus.REMOVED,
            Content.SUBMODULE,
        ),
        ("Submodule lib contains modified content", "lib", MODIFIED, Content.SUBMODULE),
        ("* Unmerged path g.py", "g.py", MODIFIED, Content.TEXT),
    ],
)
def test_what_git_names_without_showing_it_is_in_the_change(
    row: str, path: str, status: FileStatus, content: Content
) -> None:
    read, file = parse_diff(f"{HEAD}{HUNK}{row}\n".encode())
    assert read.path == "f"
    assert (file.path, file.status, file.content, file.hunks) == (path, status, content, ())
    assert bool(file.missing) is (content is Content.TEXT), "a gap"
    assert parse_diff(f"{row}\n{HEAD}{HUNK}".encode()) == (file, read)


MADE, GONE = "new file mode 100644\nindex 0000000..", "deleted file mode 100644\nindex "
MOVED = "\nrename from f\nrename to g\n"
EMPTY = ("e69de29", "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813")


@pytest.mark.parametrize(
    ("header", "gap"),
    [
        ("index 1111111..2222222 100644\n", True),
        ("index 1111111..2222222 100644\n--- a/f\n+++ b/f\n", True),
        ("index 1111111..2222222 100644\n--- a/f\n+++ b/f\n@ -1 +1 @@\n-a\n+b\n", True),
        ("", True),
        ("old mode 100644\nnew mode 100755\nindex 1111111..2222222\n", True),
        ("old mode 100644\nnew mode 100755\n", False),
        (f"similarity index 90%{MOVED}", True),
        (f"similarity index 100%{MOVED}", False),
        (f"{MADE}2222222\n", True),
        *((f"{MADE}{empty}\n", False) for empty in EMPTY),
        (f"{GONE}1111111..0000000\n", True),
        (f"{GONE}e69de29..0000000\n", False),
    ],
)
def test_a_header_that_its_lines_are_missing_behind_is_a_gap(header: str, *, gap: bool) -> None:
    """As where a patch is cut off: "no line of it has changed" would be untrue."""
    text = f"diff --git a/f b/{'g' if MOVED in header else 'f'}\n{header}"
    assert bool(only(text).missing) is gap


@pytest.mark.parametrize("mode", ["new file mode 100644\n", "deleted file mode 100644\n"])
def test_a_file_without_an_index_row_is_a_gap_where_others_have_one(mode: str) -> None:
    """git writes one also of an empty file, so it was cut off; Mercurial writes none."""
    cut = f"diff --git a/e b/e\n{mode}"
    assert parse_diff(f"{HEAD}{HUNK}{cut}".encode())[1].missing == NOT_SHOWN
    without = HEAD.replace("index 1..2 100644\n", "")
    assert parse_diff(f"{without}{HUNK}{cut}".encode())[1].missing == ""


def test_words_behind_a_plain_diff_are_passed_over() -> None:
    for words in ("-- \n2.40.1", "-- \n--- end ---", "diff -u", "Only a word", f"{OF_DIFF}\nx"):
        assert parse_diff(f"{PLAIN}{HUNK}{words}\n".encode())[0].path == "g"


@pytest.mark.parametrize(
    ("both", "path", "status"),
    [
        ("a/this and that.png and b/this and that.png", "this and that.png", MODIFIED),
        ("old/x/a and b.png and newer/x/a and b.png", "newer/x/a and b.png", MODIFIED),
        ("a/x and and b/x and", "x and", MODIFIED),
        ('"a/\\303\\274" and "b/\\303\\274"', "ü", MODIFIED),
        ("x and y", "y", MODIFIED),
        ("a/this and that and /dev/null", "this and that", REMOVED),
        ("/dev/null and b/this and that", "this and that", ADDED),
    ],
)
def test_a_binary_file_has_the_name_that_both_sides_share(
    both: str, path: str, status: FileStatus
) -> None:
    file = only(f"Binary files {both} differ\n")
    assert (file.path, file.status, file.content) == (path, status, Content.BINARY)


def test_a_binary_file_of_mercurial_and_one_of_subversion_are_in_the_change() -> None:
    svn = f"Index: b/c d.png\n{'=' * 67}\nCannot display: file marked as a binary type.\n"
    hg = "diff -r 1f2e3d4c a.png\nBinary file a.png has changed\n"
    files = parse_diff(f"{hg}{svn}svn:mime-type = image/png\n{PLAIN}{HUNK}".encode())
    assert [f.path for f in files] == ["a.png", "b/c d.png", "g"]
    assert [f.content for f in files] == [Content.BINARY, Content.BINARY, Content.TEXT]
    assert [f.path for f in parse_diff(f"{hg}{svn}{HEAD}{HUNK}".encode())] == ["f"], "git's message"


def test_a_file_that_stands_on_one_side_only_is_a_gap() -> None:
    """`diff -r` shows it with -N only. In git's own, such a row is a word of the message."""
    rows = "Only in b: new.py\nOnly in a/sub: old: name\n"
    files = parse_diff(f"{rows}diff -r a/g b/g\n{PLAIN}{HUNK}".encode())
    assert [f.path for f in files] == ["new.py", "sub/old: name", "g"]
    assert [bool(f.missing) for f in files] == [True, True, False]
    assert [f.path for f in parse_diff(f"{rows}{HEAD}{HUNK}".encode())] == ["f"]


def test_what_is_shown_is_not_a_gap_as_well() -> None:
    text = f"Submodule f {SOME}..c0ffee2:\n* Unmerged path f\n{HEAD}{HUNK}"
    assert [(f.path, f.missing) for f in parse_diff(text.encode())] == [("f", "")]


# --- S37: size


@pytest.mark.parametrize(
    "body", ["x" * 10_000_000 + "\n", "x\n" * 200_000], ids=["one line of 10 MB", "200,000 lines"]
)
def test_s37_large_files_take_a_moment_not_a_minute(body: str) -> None:
    start = process_time()
    file = only(added(body))
    assert process_time() - start < 3.0
    assert file.changed == body.count("\n")
    assert all(x.mark is Mark.ADDED for x in file.hunks[0].lines)


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 9\n"


@pytest.mark.parametrize(
    ("before", "after", "content", "gap"),
    [
        ("exec(x)\n", POINTER.format("a" * 64), Content.TEXT, True),
        (POINTER.format("a" * 64), POINTER.format("b" * 64), Content.LFS, False),
        ("", POINTER.format("a" * 64), Content.LFS, False),
        (POINTER.format("a" * 64), "", Content.LFS, False),
    ],
    ids=["of text", "of another pointer", "new", "removed"],
)
def test_s39_a_pointer_in_the_place_of_text_is_a_gap(
    before: str, after: str, content: Content, *, gap: bool
) -> None:
    """What it points to is run in place of the text, and nobody has read it."""
    header = "diff --git a/f b/f\nindex 1111111..2222222 100644\n--- a/f\n+++ b/f\n"
    (file,) = parse_diff(f"{header}{patch(before, after)}\n".encode())
    assert (file.content, file.hunks) == (content, ())
    assert ("a Git LFS pointer now" in file.missing) is gap
