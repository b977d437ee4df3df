"""What is shown of a file beside its hunks: enough to judge them, and not more."""

from __future__ import annotations

from time import process_time

import pytest
from ast_grep_py import SgRoot
from hypothesis import given, settings
from hypothesis import strategies as st

from reviewers.core.change import FileDiff, FileStatus
from reviewers.engines.claude.context import (
    ENCLOSING,
    FULL,
    LANGUAGES,
    MAX_FULL_CHARS,
    MAX_PARSE_CHARS,
    NEAR,
    WHOLE_DEFINITION,
    Language,
    definitions,
    shown_lines,
    weigh,
)
from tests.builders import file_diff

SAMPLES: dict[str, tuple[str, tuple[tuple[int, int, bool], ...]]] = {
    "python": (
        "class A:\n    def f(self):\n        return 1\n\n\nasync def g():\n    pass\n",
        ((1, 3, True), (2, 3, False), (6, 7, False)),
    ),
    "javascript": (
        "class A {\n  f() {\n    return 1\n  }\n}\nconst g = (x) => {\n  x\n}\n"
        "function h() {\n}\nconst i = function () {\n}\n",
        ((1, 5, True), (2, 4, False), (6, 8, False), (9, 10, False), (11, 12, False)),
    ),
    "typescript": (
        "interface I {\n  a: string\n}\nenum E {\n  A\n}\nclass A {\n  f(): void {\n  }\n}\n"
        "function g(): void {\n}\n",
        ((1, 3, True), (4, 6, True), (7, 10, True), (8, 9, False), (11, 12, False)),
    ),
    "tsx": (
        "class A {\n  f() {\n  }\n}\nconst B = () => {\n  return <p />\n}\n",
        ((1, 4, True), (2, 3, False), (5, 7, False)),
    ),
    "go": (
        "package a\n\ntype T struct {\n\tX int\n}\n\nfunc (t T) F() {\n}\n\nfunc G() {\n}\n",
        ((3, 5, True), (7, 8, False), (10, 11, False)),
    ),
    "rust": (
        "struct S {\n    a: u8,\n}\nimpl S {\n    fn f() {\n    }\n}\ntrait T {\n}\n",
        ((1, 3, True), (4, 7, True), (5, 6, False), (8, 9, True)),
    ),
    "java": (
        "class A {\n  A() {\n  }\n  void f() {\n  }\n}\ninterface I {\n}\nenum E {\n  X\n}\n",
        ((1, 6, True), (2, 3, False), (4, 5, False), (7, 8, True), (9, 11, True)),
    ),
    "ruby": (
        "module M\n  class A\n    def f\n    end\n    def self.g\n    end\n  end\nend\n",
        ((1, 8, True), (2, 7, True), (3, 4, False), (5, 6, False)),
    ),
    "php": (
        "<?php\nfunction f() {\n}\nclass A {\n  function g() {\n  }\n}\ninterface I {\n}\n",
        ((2, 3, False), (4, 7, True), (5, 6, False), (8, 9, True)),
    ),
    "csharp": (
        "class A {\n  A() {\n  }\n  void F() {\n    void G() {\n    }\n  }\n}\n"
        "record R {\n}\nstruct S {\n}\n",
        (
            (1, 8, True),
            (2, 3, False),
            (4, 7, False),
            (5, 6, False),
            (9, 10, True),
            (11, 12, True),
        ),
    ),
    "kotlin": (
        "class A {\n  fun f() {\n  }\n}\nobject O {\n}\n",
        ((1, 4, True), (2, 3, False), (5, 6, True)),
    ),
    "swift": (
        "class A {\n  init() {\n  }\n  func f() {\n  }\n}\nstruct S {\n}\n",
        ((1, 6, True), (2, 3, False), (4, 5, False), (7, 8, True)),
    ),
    "c": ("struct s {\n  int a;\n};\nint f(void) {\n}\n", ((1, 3, True), (4, 5, False))),
    "cpp": (
        "class A {\n  void f() {\n  }\n};\nstruct S {\n};\nint g() {\n}\n",
        ((1, 4, True), (2, 3, False), (5, 6, True), (7, 8, False)),
    ),
    "scala": (
        "class A {\n  def f() = {\n  }\n}\nobject O {\n}\n",
        ((1, 4, True), (2, 3, False), (5, 6, True)),
    ),
    "lua": ("function f()\nend\nlocal g = function()\nend\n", ((1, 2, False), (3, 4, False))),
    "bash": ("f() {\n  true\n}\n", ((1, 3, False),)),
}
"""By grammar: a small source and its definitions (first line, last line, is it a class)."""


@pytest.mark.parametrize("ending", sorted(LANGUAGES))
def test_the_functions_and_classes_of_each_language_are_found(ending: str) -> None:
    text, expected = SAMPLES[LANGUAGES[ending].name]
    found = {(d.first, d.last, d.is_class) for d in definitions(f"src/File.{ending.upper()}", text)}
    assert found == set(expected)


def kinds(language: Language) -> tuple[str, ...]:
    """Every node kind that we ask a grammar for."""
    return (*language.functions, *language.classes)


@pytest.mark.parametrize(
    ("grammar", "kind"),
    sorted({(lang.name, kind) for lang in LANGUAGES.values() for kind in kinds(lang)}),
)
def test_every_kind_is_known_to_its_grammar(grammar: str, kind: str) -> None:
    """Ast-grep raises for a kind that is not; one wrong name would hide all of a language."""
    SgRoot("", grammar).root().find(kind=kind)


def test_a_kind_that_a_grammar_does_not_have_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="Kind `fun_def` is invalid"):
        SgRoot("", "python").root().find(kind="fun_def")


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("README", "def f():\n    pass\n"),
        ("a.unknown", "def f():\n    pass\n"),
        ("a.py", "def f():\n    pass\n" + "#" * MAX_PARSE_CHARS),
        ("a.py", "def f():\n    '\0'\n"),
        ("a.py", ""),
    ],
    ids=["no-ending", "unknown", "too-large", "nul", "empty"],
)
def test_what_cannot_be_parsed_has_no_definitions(path: str, text: str) -> None:
    assert definitions(path, text) == ()


@pytest.mark.parametrize(
    "odd",
    ["\r\n", "\f\n", "\u2028\n", "\ufeff\n", "\udce9\n", "\x85\n", "é\n", "\U0001f600\n"],
    ids=["cr", "ff", "ls", "bom", "latin-1", "nel", "e", "emoji"],
)
def test_s40_odd_characters_do_not_move_a_definition(odd: str) -> None:
    text = f"x = '{odd}\ny = 2{odd}def f():{odd}    return 1{odd}"
    lines = text.split("\n")
    first = next(i for i, row in enumerate(lines, 1) if "def f" in row)
    assert first in {d.first for d in definitions("a.py", text)}


def numbered(*functions: int) -> str:
    """A module with functions of so many lines, one after another without a gap."""
    parts = []
    for i, size in enumerate(functions):
        parts.append(f"def f{i}():\n" + "".join(f"    step({i}, {n})\n" for n in range(1, size)))
    return "".join(parts)


def changed(path: str, text: str, *lines: int) -> FileDiff:
    """A file of which these lines were changed."""
    rows = text.split("\n")
    for line in lines:
        rows[line - 1] += "  # before"
    return file_diff(path, "\n".join(rows), text)


def around(file: FileDiff, mode: str = ENCLOSING) -> list[int]:
    """The lines shown beside the hunks."""
    inside = {x.new for hunk in file.hunks for x in hunk.lines}
    return sorted(shown_lines(file, mode, file.hunks) - inside)


def near(line: int) -> set[int]:
    """What is near a line that was replaced: the old one was behind the line before."""
    return set(range(line - 1 - NEAR, line + NEAR + 1))


def test_a_short_function_is_shown_whole_and_its_neighbours_are_not() -> None:
    file = changed("a.py", numbered(20, 20, 20), 25)
    assert around(file) == [21, *range(29, 41)]


def test_of_a_long_function_its_head_and_what_is_near_is_shown() -> None:
    long = WHOLE_DEFINITION * 4
    file = changed("a.py", numbered(5, long), 80)
    shown = shown_lines(file, ENCLOSING, file.hunks)
    assert shown == {6, 7, 8} | near(80)


def test_a_window_does_not_leave_its_function() -> None:
    long = WHOLE_DEFINITION * 2
    file = changed("a.py", numbered(long, long), long + 2)
    shown = shown_lines(file, ENCLOSING, file.hunks)
    assert min(shown) == long + 1
    file = changed("a.py", numbered(long, long), long)
    assert max(shown_lines(file, ENCLOSING, file.hunks)) == long


def test_of_the_classes_and_functions_round_it_the_heads_are_shown() -> None:
    body = "".join(f"            x = {n}\n" for n in range(40))
    text = (
        "class Outer:\n    def before(self):\n        pass\n\n"
        "    class Inner:\n        def f(self):\n" + body
    )
    file = changed("a.py", text, 30)
    shown = shown_lines(file, ENCLOSING, file.hunks)
    assert {1, 5, 6} <= shown
    assert not {2, 3} & shown


def test_code_outside_of_any_function_gets_nothing_more() -> None:
    text = "a = 1\n" * 30 + numbered(10)
    assert around(changed("a.py", text, 10)) == []


def test_the_lines_where_something_was_removed_have_a_context_too() -> None:
    new = numbered(20, 20)
    rows = new.split("\n")
    old = "\n".join([*rows[:24], "    gone()", *rows[24:]])
    file = file_diff("a.py", old, new)
    assert all(x.mark != "+" for hunk in file.hunks for x in hunk.lines)
    assert {21, 40} <= shown_lines(file, ENCLOSING, file.hunks)
    assert not set(range(1, 21)) & shown_lines(file, ENCLOSING, file.hunks)


@pytest.mark.parametrize("path", ["tests/test_a.py", "docs/conf.py", "examples/a.py"])
def test_of_tests_and_documents_less_is_shown(path: str) -> None:
    text = numbered(25)
    file = changed(path, text, 14)
    shown = shown_lines(file, ENCLOSING, file.hunks)
    assert shown == {1, 2, 3} | near(14)
    assert shown < shown_lines(changed("a.py", text, 14), ENCLOSING, file.hunks)


def test_full_shows_every_line_unless_the_file_is_too_large() -> None:
    text = numbered(5, 5)
    assert shown_lines(changed("a.py", text, 2), FULL, ()) == set(range(1, 11))
    without_end = text.removesuffix("\n")
    assert shown_lines(changed("a.py", without_end, 2), FULL, ()) == set(range(1, 11))
    large = numbered(10) + "# " + "x" * MAX_FULL_CHARS + "\n"
    file = changed("a.py", large, 2)
    assert shown_lines(file, FULL, file.hunks) == set(range(1, 11))


def test_a_new_a_removed_and_an_unknown_file_have_nothing_beside_their_hunks() -> None:
    text = numbered(5)
    unknown = FileDiff("a.py", FileStatus.MODIFIED, changed("a.py", text, 2).hunks, text=None)
    for file in (file_diff("a.py", None, text), file_diff("a.py", text, None), unknown):
        for mode in (ENCLOSING, FULL):
            assert shown_lines(file, mode, file.hunks) == frozenset()


def test_a_hostile_file_does_not_hold_the_event_loop_up() -> None:
    """15,000 functions, 9,000 of them changed; and functions in functions, a thousand deep."""
    many = "def f(): 0\n" * 15_000
    old = "def f(): 1\n" * 9_000 + "def f(): 0\n" * 6_000
    deep = "".join(f"a{i} =>\n" for i in range(1_000)) + "1\n"
    start = process_time()
    for file in (file_diff("a.py", old, many), file_diff("a.js", deep.replace("=>", "=> "), deep)):
        assert shown_lines(file, ENCLOSING, file.hunks)
    assert process_time() - start < 3


def test_a_hunk_weighs_about_what_is_shown_of_it() -> None:
    text = numbered(20, 20, 20)
    file = changed("a.py", text, 25)
    alone = FileDiff("a.py", FileStatus.MODIFIED, file.hunks, text=None)
    own = sum(len(x.text) + 8 for x in file.hunks[0].lines)
    assert weigh(alone, 0, ENCLOSING) == own
    assert own < weigh(file, 0, ENCLOSING) < weigh(file, 0, FULL)
    assert weigh(file, 0, FULL) == own + len(text)


@settings(max_examples=50)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=6), st.data())
def test_what_is_shown_is_in_the_file_and_holds_the_head_of_the_function(
    sizes: list[int], data: st.DataObject
) -> None:
    text = numbered(*sizes)
    total = text.count("\n")
    line = data.draw(st.integers(1, total))
    file = changed("a.py", text, line)
    shown = shown_lines(file, ENCLOSING, file.hunks)
    assert shown <= set(range(1, total + 1))
    ends = [sum(sizes[: i + 1]) for i in range(len(sizes))]
    head = next(end - size + 1 for end, size in zip(ends, sizes, strict=True) if line <= end)
    assert head in shown
    assert shown <= shown_lines(file, FULL, file.hunks)
