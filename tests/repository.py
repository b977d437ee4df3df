"""Real git for property tests: two trees in, what git says of their difference out.

Trees go in through `git fast-import`, which takes any name and any bytes without a working tree, so
one change costs a few milliseconds.
"""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hypothesis import strategies as st

from reviewers.core.change import Change
from reviewers.core.diff import parse_diff

FILE, EXECUTABLE, SYMLINK, SUBMODULE = "100644", "100755", "120000", "160000"


@dataclass(frozen=True)
class Entry:
    """What stands under a name in a tree; the data of a submodule is its commit, 40 hex digits."""

    data: bytes
    mode: str = FILE


Tree = Mapping[bytes, Entry]


class Repository:
    """A bare repository in an empty folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names = (f"refs/heads/{n}" for n in itertools.count())
        self.git("init", "--bare", "--quiet", ".")

    def git(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """The output of one git command, far from the configuration of whoever runs the tests."""
        done = subprocess.run(
            ["git", "-c", "core.fsync=none", *arguments],
            cwd=self._folder,
            input=stdin,
            capture_output=True,
            env={"PATH": "/usr/bin:/bin:/usr/local/bin", "GIT_CONFIG_NOSYSTEM": "1", "HOME": "/"},
            check=True,
        )
        return done.stdout

    def commits(self, *trees: Tree) -> list[str]:
        """One commit for each tree, none with a parent."""
        names = [next(self._names) for _ in trees]
        stream = b"".join(_commit(n, tree) for n, tree in zip(names, trees, strict=True))
        self.git("fast-import", "--quiet", stdin=stream)
        return names

    def diff(self, old: Tree, new: Tree, *options: str) -> bytes:
        """`git diff` with renames and copies found."""
        return self.git("diff", "-M", "-C", *options, *self.commits(old, new))

    def numstat(self, old: Tree, new: Tree) -> dict[bytes, tuple[int, int] | None]:
        """By new name how many lines are added and removed; None for binary files."""
        fields = self.git("diff", "-M", "-C", "--numstat", "-z", *self.commits(old, new))
        rest = iter(fields.split(b"\0")[:-1])
        out: dict[bytes, tuple[int, int] | None] = {}
        for field in rest:
            added, removed, name = field.split(b"\t", 2)
            if not name:  # A rename or copy: both names follow.
                next(rest)
                name = next(rest)
            out[name] = None if added == b"-" else (int(added), int(removed))
        return out

    def change(self, old: Tree, new: Tree) -> Change:
        """The change between two trees, with the texts of the files, as the hosts make it."""
        files = parse_diff(self.diff(old, new))
        return Change(tuple(replace(f, text=_text(new, f.path)) for f in files))


def _commit(name: str, tree: Tree) -> bytes:
    rows = [f"commit {name}\ncommitter T <t@localhost> 0 +0000\ndata 0\n".encode()]
    for path, entry in tree.items():
        quoted = b'"' + b"".join(b"\\%03o" % byte for byte in path) + b'"'
        if entry.mode == SUBMODULE:
            rows.append(b"M 160000 %s %s\n" % (entry.data, quoted))
        else:
            size = len(entry.data)
            head = b"M %s inline %s\ndata %d\n" % (entry.mode.encode(), quoted, size)
            rows.append(head + entry.data + b"\n")
    return b"".join(rows) + b"\n"


def _text(tree: Tree, path: str) -> str | None:
    entry = tree.get(path.encode("utf-8", "surrogateescape"))
    if entry is None or entry.mode not in (FILE, EXECUTABLE) or b"\0" in entry.data:
        return None
    return entry.data.decode("utf-8", "replace")


# --- Strategies

NAMES = (
    *(b"a.py", b"src/deep/b.py", b"README", b"with blank.txt", b" leading", b"trailing "),
    *(b"x b/x b/y", b"a/b/a", b"b/a", b"-rf", b"::warning::x", b"tick`s|pipe", b"star*[0]?"),
    *(b"tab\there", b"new\nline", b'quo"te', b"back\\slash", b"ctrl\x01\x7f", b"cr\r"),
    *("ünï/日本.txt".encode(), "right\u202eleft".encode(), b"lat\xe9n1", b"Case", b"case"),
    *(b"+++ b", b"dev/null", b"...", b"n" * 200),
)
"""Names that a tree may have side by side: none is the folder of another."""

ROWS = (
    *(b"", b" ", b"\t", b"}", b"return None", b"def f(x):", b"    y = f(x) + 1", b"x = 1"),
    *(
        b"--- a/x",
        b"+++ b/x",
        b"-- ",
        b"--",
        b"-",
        b"+",
        b"++i;",
        b"@@ -1 +1 @@",
        b"@@ -1,2 +1 @@ x",
    ),
    *(b"diff --git a/x b/x", b"\\ No newline at end of file", b"rename from x", b"index 0..1"),
    *(b"new file mode 100644", b"GIT binary patch", b"Binary files a and b differ"),
    *(b"form\x0cfeed", b"crlf\r", b"\r", b"lone\rreturn", b"vt\x0b\x1c\x1e", b"lat\xe9n1"),
    *(
        "ls\u2028ps\u2029".encode(),
        "nel\u0085".encode(),
        "\ufeffbom".encode(),
        "ümläut 日本".encode(),
    ),
)
"""Lines that are hard to take for what they are: content."""

rows = st.one_of(st.sampled_from(ROWS), st.integers(0, 40).map(lambda n: b"line %d" % n))
"""A line of a file. Numbered ones make files with lines that stand there only once."""


@st.composite
def contents(draw: st.DrawFn, most: int = 30) -> bytes:
    """A text file, with or without a line end at its end."""
    lines = draw(st.lists(rows, max_size=most))
    return b"\n".join(lines) + draw(st.sampled_from([b"\n", b"\n", b""])) if lines else b""


@st.composite
def edits(draw: st.DrawFn, data: bytes) -> bytes:
    """A text with up to three runs of lines replaced, and perhaps another end."""
    lines = data.split(b"\n")
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(lines)))
        gone = draw(st.integers(0, 4))
        lines[at : at + gone] = draw(st.lists(rows, max_size=4))
    return b"\n".join(lines)


@st.composite
def changes(
    draw: st.DrawFn, *, with_odd: bool = True, of: Sequence[bytes] = NAMES
) -> tuple[dict[bytes, Entry], dict[bytes, Entry]]:
    """A tree and what becomes of it: files kept, edited, moved, copied, removed, added, made odd."""
    odd = ODD if with_odd else (Entry(b"plain\n"),)
    names = draw(st.lists(st.sampled_from(of), min_size=2, max_size=8, unique=True))
    split = draw(st.integers(1, len(names)))
    old = {name: Entry(draw(contents())) for name in names[:split]}
    fresh = names[split:]
    new: dict[bytes, Entry] = {}
    for name, entry in old.items():
        what = draw(
            st.sampled_from(("keep", "edit", "edit", "move", "copy", "mode", "odd", "gone"))
        )
        to = fresh.pop() if fresh and what in ("move", "copy") else name
        if what in ("copy", "keep"):
            new[name] = entry
        if what in ("edit", "move", "copy"):
            new[to] = Entry(draw(st.one_of(st.just(entry.data), edits(entry.data))))
        if what == "mode":
            new[name] = replace(entry, mode=EXECUTABLE)
        if what == "odd":
            new[name] = draw(st.sampled_from(odd))
    for name in fresh:
        new[name] = draw(st.one_of(contents().map(Entry), st.sampled_from(odd)))
    return old, new


ODD = (
    Entry(b"\x00\x01binary\n"),
    Entry(b"../../etc/passwd", SYMLINK),
    Entry(b"c0ffee" + b"0" * 34, SUBMODULE),
    Entry(b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"a" * 64 + b"\nsize 9\n"),
    Entry("utf-16".encode("utf-16")),
)
"""What is no text to review: a binary, a link, a submodule, an LFS pointer, UTF-16."""
