"""Which files no reviewer needs to read, and why. Each one is named in the receipt.

Only names decide. A mark inside the file ("@generated") would let a pull request hide its own code.
So would a name that the pull request itself chose: see `hidden`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fnmatch import translate
from functools import lru_cache

from reviewers.core.call import Reading
from reviewers.core.change import Content, FileDiff, FileStatus

LOCK_FILES = (
    *("package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock"),
    *("poetry.lock", "uv.lock", "pdm.lock", "Pipfile.lock", "pylock.toml", "Cargo.lock", "go.sum"),
    *("composer.lock", "Gemfile.lock", "mix.lock", "pubspec.lock", "Podfile.lock", "flake.lock"),
    *("packages.lock.json", "gradle.lockfile", "deno.lock", "conan.lock", "Package.resolved"),
)
GENERATED = (
    *("*.min.js", "*.min.css", "*.js.map", "*.css.map", "*_pb2.py", "*_pb2.pyi", "*_pb2_grpc.py"),
    *("*.pb.go", "*.pb.cc", "*.pb.h", "*.g.dart", "*.freezed.dart", "*.generated.*", "*.snap"),
    *("*.designer.cs", "*.Designer.cs", "*/__generated__/*"),
)
VENDORED = ("vendor/*", "*/vendor/*", "node_modules/*", "*/node_modules/*", "third_party/*")

LOCK_FILE = "lock file"
BY_NAME = ("generated", "vendored")
CONFIGURED = "excluded by the configuration"
"""Why a file of text is left out, as the receipt says it: always written by a tool; so written if its
name tells the truth, which nobody checks; by a decision of the base branch."""

MAX_STARS = 8
"""Stars that one pattern may hold. fnmatch stayed under 1 ms at that (reliability.md, section 0)."""


@lru_cache(maxsize=64)
def _compiled(patterns: tuple[str, ...]) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """One expression for whole paths, as `_doubled` has them, and one for bare names.

    A configuration may hold thousands of globs: by themselves they would be tried one by one, and
    compiled again and again.
    """
    paths = (_ANY_FOLDERS.sub("/**/", _doubled(p)) for p in patterns)
    return _any(paths), _any(p for p in patterns if "/" not in p)


_ANY_FOLDERS = re.compile(r"//(?:\*\*//)+")
"""`/**/` and `/**/**/` with the slashes of `_doubled`."""


def _doubled(path: str) -> str:
    """A path or glob whose slashes stand twice, also the one in front of all.

    So `/**/` may mean no folder at all, in one expression of fnmatch's own kind: its stars lie between
    the two halves of one slash as well as between those of two.
    """
    return f"/{path}".replace("/", "//")


def _any(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(translate(p.translate(_FNMATCH)) for p in patterns) or r"(?!)")


_FNMATCH = str.maketrans({"?": "[!/]", "[": "[[]"})
"""What fnmatch reads in another way: its `?` is a slash as well, and its brackets a set."""


def matches(path: str, patterns: Sequence[str]) -> bool:
    """Whether a glob fits: `*` is any run of characters, slashes too, and `?` any one but a slash;
    `a/**/x` fits `a/x`, and `**/x` fits `x`, as well.

    A pattern without a slash fits a file of that name in any folder.
    """
    paths, names = _compiled(tuple(patterns))
    return bool(paths.match(_doubled(path)) or names.match(path.rpartition("/")[2]))


_FITS_NOTHING = (
    (re.compile(r"^\s|\s$"), "begins or ends with a blank: leave it out"),
    (re.compile(r"^!"), "begins with `!`, but takes nothing back: list only what is to fit"),
    (
        re.compile(r"\\"),
        "holds a backslash: write `/` between folders, and `?` for a sign as it is",
    ),
    (
        re.compile(r"\{[^{}]*(,|\.\.)[^{}]*\}"),
        "holds alternatives in braces: write a glob for each",
    ),
    (
        re.compile(r"\["),
        "holds a bracket: write `?` for each that is part of a name, and a glob for each of a set",
    ),
)
"""What other tools read in another way, and what to write instead. Braces without alternatives may stand
in a path, as those of a template do. So may brackets (`app/[id]/page.tsx`), but `*.[ch]` looks the same
and means a set: either one would fit nothing, taken for the other."""


def pattern_problem(pattern: str) -> str:
    """Why a glob from a configuration is refused; "" when it is fine.

    So is one that would fit nothing, in silence: what it was to shut out would be sent to a model.
    """
    if not pattern:
        return "is empty"
    if pattern.count("*") > MAX_STARS:
        return f"has more than {MAX_STARS} stars"
    if wrong := next((told for look, told in _FITS_NOTHING if look.search(pattern)), ""):
        return wrong
    folders = [part for part in pattern.split("/") if part not in ("", ".", "..")]
    meant = "/".join((*folders, "**") if pattern.endswith("/") or not folders else folders)
    if meant != pattern:
        return f"is no path of a file from the repository's top: write {meant!r}"
    return ""


def excluded(file: FileDiff, configured: Sequence[str]) -> tuple[Reading, str] | None:
    """Why nobody reads this file: the word for the table and the detail, or None to read it.

    What the base branch decided goes before our own defaults.
    """
    if matches(file.path, configured):
        return Reading.NOT_ASKED, CONFIGURED
    if file.content is not Content.TEXT:
        return Reading.BINARY, file.content.value
    if what := _by_default(file.path):
        return Reading.GENERATED, what
    return None


def _by_default(path: str) -> str:
    """What a default pattern takes a file of that name for; "" for one to be read."""
    generated, vendored = BY_NAME
    kinds = ((LOCK_FILES, LOCK_FILE), (GENERATED, generated), (VENDORED, vendored))
    return next((what for patterns, what in kinds if matches(path, patterns)), "")


def hidden(files: Iterable[FileDiff], configured: Sequence[str]) -> tuple[FileDiff, ...]:
    """The files that a change brings and nobody reads, for a reason that the change itself chose.

    A new file that a default pattern leaves out, or one that is renamed so; a new one that is no
    text, or one that was empty before; a link or a submodule that leads elsewhere. What stood there
    before was let in by somebody, and what the base branch excludes is its own decision. A text that
    turned into something else is not among them: it is a gap (see FileDiff.turned).
    """
    return tuple(f for f in files if _hides(f, excluded(f, configured)))


def _hides(file: FileDiff, why: tuple[Reading, str] | None) -> bool:
    if why is None or why[1] in (LOCK_FILE, CONFIGURED):
        return False
    if file.was_empty:
        return True
    match file.status:
        case FileStatus.ADDED | FileStatus.COPIED:
            return True
        case FileStatus.RENAMED:
            return why[1] in BY_NAME and _by_default(file.old_path or "") not in BY_NAME
        case FileStatus.CHANGED | FileStatus.MODIFIED:
            # GitHub may call a file that became a link modified, as one that leads elsewhere.
            return file.content in (Content.SYMLINK, Content.SUBMODULE)
        case FileStatus.REMOVED:
            return False
