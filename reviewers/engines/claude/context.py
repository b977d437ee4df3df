"""What of a file a model sees beside the hunks: the functions and classes round them, or all of it.

Parsing is tree-sitter's, by ast-grep; a language that it does not know, or a file that is too large
to parse in time, is shown with the lines next to each hunk only.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ast_grep_py import SgRoot

from reviewers.core.change import FileDiff, FileStatus, Hunk, Mark
from reviewers.core.plan import is_calm

ENCLOSING = "enclosing"
FULL = "full"
MAX_PARSE_CHARS = 200_000
"""Above this a hostile file could hold the parser up for seconds (200,000 open brackets: 0.9 s)."""
WHOLE_DEFINITION = 30
"""A definition of at most so many lines is shown whole; of a longer one what is near the hunk."""
NEAR = 6
"""Lines before and after a changed line that are shown of a long definition, or in a test."""
MAX_DEPTH = 50
"""Definitions round one line, from the outermost; code that people write has a few."""
MAX_FULL_CHARS = 60_000
"""A file above this is shown by its enclosing definitions even where whole files are asked for."""


@dataclass(frozen=True, slots=True)
class Language:
    """A grammar of ast-grep's, and what functions and classes are called in it."""

    name: str
    functions: tuple[str, ...]
    classes: tuple[str, ...] = ()


_JS = ("function_declaration", "method_definition", "arrow_function", "function_expression")
_TYPES = ("class_declaration", "interface_declaration", "enum_declaration")
PYTHON = Language("python", ("function_definition",), ("class_definition",))
JAVASCRIPT = Language("javascript", _JS, ("class_declaration", "class"))
TYPESCRIPT = Language("typescript", _JS, (*_TYPES, "class"))
TSX = Language("tsx", _JS, (*_TYPES, "class"))
GO = Language("go", ("function_declaration", "method_declaration"), ("type_declaration",))
RUST = Language("rust", ("function_item",), ("impl_item", "trait_item", "struct_item"))
JAVA = Language("java", ("method_declaration", "constructor_declaration"), _TYPES)
RUBY = Language("ruby", ("method", "singleton_method"), ("class", "module"))
PHP = Language("php", ("function_definition", "method_declaration"), _TYPES)
CSHARP = Language(
    "csharp",
    ("method_declaration", "constructor_declaration", "local_function_statement"),
    (*_TYPES, "record_declaration", "struct_declaration"),
)
KOTLIN = Language("kotlin", ("function_declaration",), ("class_declaration", "object_declaration"))
SWIFT = Language("swift", ("function_declaration", "init_declaration"), ("class_declaration",))
C = Language("c", ("function_definition",), ("struct_specifier",))
CPP = Language("cpp", ("function_definition",), ("class_specifier", "struct_specifier"))
SCALA = Language("scala", ("function_definition",), ("class_definition", "object_definition"))
LUA = Language("lua", ("function_definition", "function_declaration"))
BASH = Language("bash", ("function_definition",))

LANGUAGES: Mapping[str, Language] = {
    **dict.fromkeys(("py", "pyi"), PYTHON),
    **dict.fromkeys(("js", "mjs", "cjs", "jsx"), JAVASCRIPT),
    **dict.fromkeys(("ts", "mts", "cts"), TYPESCRIPT),
    **dict.fromkeys(("cc", "cpp", "cxx", "hpp"), CPP),
    **dict.fromkeys(("c", "h"), C),
    **dict.fromkeys(("sh", "bash"), BASH),
    **dict.fromkeys(("kt", "kts"), KOTLIN),
    **{"tsx": TSX, "go": GO, "rs": RUST, "java": JAVA, "rb": RUBY, "php": PHP, "cs": CSHARP},
    **{"swift": SWIFT, "scala": SCALA, "lua": LUA},
}
"""By the ending of a file's name. A kind that a grammar does not have is an error to ast-grep, so
a test parses a line of each of them."""


@dataclass(frozen=True, slots=True)
class Definition:
    """A function or class: its first and last line (1-based), and whether it is a class."""

    first: int
    last: int
    is_class: bool


def shown_lines(file: FileDiff, mode: str, hunks: Sequence[Hunk]) -> frozenset[int]:
    """The lines at the head, beside those of its hunks, that belong before a model's eyes."""
    if file.text is None or file.status is FileStatus.REMOVED:
        return frozenset()
    total = file.text.count("\n") + (file.text[-1:] not in ("", "\n"))
    if file.status is FileStatus.ADDED:
        return frozenset()
    if mode == FULL and len(file.text) <= MAX_FULL_CHARS:
        return frozenset(range(1, total + 1))
    wanted: set[int] = set()
    # Tests and documents explain themselves better than the code they surround: less of them.
    whole = 0 if is_calm(file.path) else WHOLE_DEFINITION
    for hunk in hunks:
        wanted |= _round(hunk, definitions(file.path, file.text), total, whole)
    return frozenset(wanted)


def _round(hunk: Hunk, found: Sequence[Definition], total: int, whole: int) -> set[int]:
    """The definitions round each changed line: their heads, and of the innermost what is near."""
    wanted: set[int] = set()
    for line, around in _enclosing(sorted(_changed(hunk)), found):
        wanted |= {d.first for d in around}
        functions = (d for d in around if not d.is_class)
        inner = min(functions, key=lambda d: d.last - d.first, default=None)
        if inner is None:
            continue
        if inner.last - inner.first < whole:
            wanted |= set(range(inner.first, inner.last + 1))
        else:
            wanted |= set(range(inner.first, inner.first + 3))
            wanted |= set(range(max(inner.first, line - NEAR), min(inner.last, line + NEAR) + 1))
    return {n for n in wanted if 1 <= n <= total}


def _enclosing(
    lines: Sequence[int], found: Sequence[Definition]
) -> Iterator[tuple[int, list[Definition]]]:
    """Each line with the definitions round it, in one pass: a hostile file has 20,000 of both."""
    around: list[Definition] = []
    near = (d for d in found if d.first <= lines[-1] and d.last >= lines[0])
    ahead = deque(sorted(near, key=lambda d: (d.first, -d.last)))
    for line in lines:
        while ahead and ahead[0].first <= line:
            around.append(ahead.popleft())
        around = [d for d in around if d.last >= line][:MAX_DEPTH]
        yield line, around


def _changed(hunk: Hunk) -> set[int]:
    """The lines at the head that the hunk adds, or behind which it removes some."""
    changed: set[int] = set()
    at = hunk.new_start
    for line in hunk.lines:
        if line.new is not None:
            at = line.new
        if line.mark is not Mark.CONTEXT:
            changed.add(at)
    return changed


@lru_cache(maxsize=256)
def definitions(path: str, text: str) -> tuple[Definition, ...]:
    """The functions and classes of a file; none where its language is not known."""
    language = LANGUAGES.get(path.rpartition(".")[2].lower())
    if language is None or len(text) > MAX_PARSE_CHARS or "\0" in text:
        return ()
    kinds = [{"kind": kind} for kind in (*language.functions, *language.classes)]
    # A byte that was not UTF-8 is half a surrogate pair in `text`, which the parser does not take.
    root = SgRoot(text.encode(errors="replace").decode(), language.name).root()
    nodes = root.find_all({"rule": {"any": kinds}})  # type: ignore[call-overload]
    places = ((n.range(), n.kind() in language.classes) for n in nodes)
    return tuple(Definition(p.start.line + 1, p.end.line + 1, is_class) for p, is_class in places)


def weigh(file: FileDiff, index: int, mode: str) -> int:
    """About how many characters one hunk takes in a prompt, with its share of the context."""
    hunk = file.hunks[index]
    own = sum(len(x.text) + 8 for x in hunk.lines)
    if file.text is None:
        return own
    if mode == FULL and len(file.text) <= MAX_FULL_CHARS:
        return own + len(file.text) // max(1, len(file.hunks))
    lengths = _lengths(file.text)
    extra = shown_lines(file, ENCLOSING, [hunk])
    return own + sum(lengths[n - 1] + 6 for n in extra if n <= len(lengths))


@lru_cache(maxsize=4)
def _lengths(text: str) -> tuple[int, ...]:
    """Of its lines; asked for each hunk of a file, one after the other."""
    return tuple(map(len, text.split("\n")))
