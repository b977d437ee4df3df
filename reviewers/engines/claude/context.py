"""What of a file a model sees beside the hunks: the functions and classes round them, or all of it.

Parsing is tree-sitter's, by ast-grep; a language that it does not know, or a file that is too large
to parse in time, is shown with the lines next to each hunk only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from ast_grep_py import SgRoot

from reviewers.core.change import FileDiff, FileStatus, Hunk, Mark

ENCLOSING = "enclosing"
FULL = "full"
MAX_PARSE_CHARS = 200_000
"""Above this a hostile file could hold the parser up for seconds (200,000 open brackets: 0.9 s)."""
WHOLE_DEFINITION = 60
"""A definition of at most so many lines is shown whole; of a longer one what is near the hunk."""
NEAR = 12
"""Lines before and after a hunk that are shown of a long definition."""
MAX_FULL_CHARS = 60_000
"""A file above this is shown by its enclosing definitions even where whole files are asked for."""

LANGUAGES = {
    **{"py": "python", "pyi": "python", "js": "javascript", "mjs": "javascript"},
    **{"cjs": "javascript", "jsx": "javascript", "ts": "typescript", "mts": "typescript"},
    **{"tsx": "tsx", "go": "go", "rs": "rust", "java": "java", "rb": "ruby", "php": "php"},
    **{"cs": "csharp", "kt": "kotlin", "swift": "swift", "c": "c", "h": "c", "cc": "cpp"},
    **{"cpp": "cpp", "hpp": "cpp", "scala": "scala", "lua": "lua", "sh": "bash", "ex": "elixir"},
}
_FUNCTION = (
    *("function_definition", "function_declaration", "method_definition", "method_declaration"),
    *("function_item", "constructor_declaration", "method", "singleton_method", "arrow_function"),
    *("function_expression", "generator_function_declaration", "local_function_statement"),
    *("decorated_definition", "init_declaration"),
)
_CLASS = (
    *("class_definition", "class_declaration", "class", "module", "impl_item", "trait_item"),
    *("struct_item", "enum_item", "interface_declaration", "object_declaration", "class_specifier"),
    *("struct_specifier", "type_declaration", "enum_declaration", "object_definition"),
    *("trait_definition", "namespace_definition", "record_declaration", "struct_declaration"),
)


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
    total = file.text.count("\n") + (not file.text.endswith("\n"))
    if file.status is FileStatus.ADDED:
        return frozenset()
    if mode == FULL and len(file.text) <= MAX_FULL_CHARS:
        return frozenset(range(1, total + 1))
    wanted: set[int] = set()
    for hunk in hunks:
        wanted |= _round(hunk, definitions(file.path, file.text), total)
    return frozenset(wanted)


def _round(hunk: Hunk, found: Sequence[Definition], total: int) -> set[int]:
    """The definitions round each changed line: their heads, and of the innermost what is near."""
    wanted: set[int] = set()
    for line in _changed(hunk):
        around = [d for d in found if d.first <= line <= d.last]
        wanted |= {d.first for d in around}
        functions = (d for d in around if not d.is_class)
        inner = min(functions, key=lambda d: d.last - d.first, default=None)
        if inner is None:
            continue
        if inner.last - inner.first < WHOLE_DEFINITION:
            wanted |= set(range(inner.first, inner.last + 1))
        else:
            wanted |= set(range(inner.first, inner.first + 3))
            wanted |= set(range(max(inner.first, line - NEAR), min(inner.last, line + NEAR) + 1))
    return {n for n in wanted if 1 <= n <= total}


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
    kinds = [{"kind": k} for k in _kinds(language)]
    nodes = SgRoot(text, language).root().find_all({"rule": {"any": kinds}})  # type: ignore[call-overload]
    return tuple(
        Definition(n.range().start.line + 1, n.range().end.line + 1, n.kind() in _CLASS)
        for n in nodes
    )


@lru_cache(maxsize=64)
def _kinds(language: str) -> tuple[str, ...]:
    """The kinds of definitions that this language's grammar has; unknown ones are errors to it."""
    root = SgRoot("", language).root()
    usable = []
    for kind in (*_FUNCTION, *_CLASS):
        try:
            root.find(kind=kind)
        except RuntimeError:
            continue
        usable.append(kind)
    return tuple(usable)


def weigh(file: FileDiff, index: int, mode: str) -> int:
    """About how many characters one hunk takes in a prompt, with its share of the context."""
    hunk = file.hunks[index]
    own = sum(len(x.text) + 8 for x in hunk.lines)
    if file.text is None:
        return own
    if mode == FULL and len(file.text) <= MAX_FULL_CHARS:
        return own + len(file.text) // max(1, len(file.hunks))
    rows = file.text.split("\n")
    extra = shown_lines(file, ENCLOSING, [hunk])
    return own + sum(len(rows[n - 1]) + 6 for n in extra if n <= len(rows))
