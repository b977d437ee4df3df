"""The house: what may import what, how large things may grow, what must be said of them.

Floors and guide values are those of the design. A rule that is broken names the place.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from reviewers import registry

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.source

FLOORS: tuple[tuple[str, ...], ...] = (
    ("reviewers.core",),
    ("reviewers.engines.claude.prices",),
    ("reviewers.protocols",),
    ("reviewers.engines",),
    ("reviewers.registry",),
    (
        *("bot.errors", "bot.settings", "bot.app_settings", "bot.config", "bot.subject"),
        *("bot.report", "bot.logs", "bot.metrics", "bot.jobs.protocol"),
        *(
            "bot.app_needs",
            "bot.delivery",
            "bot.secret_file",
            "bot.slips",
            "bot.variables",
            "bot.version",
        ),
    ),
    ("bot.terms", "bot.narrowing"),
    ("bot.explain",),
    ("bot.outputs", "bot.hosts", "bot.posted"),
    ("bot.publish", "bot.triggers"),
    ("bot.pipeline", "bot.second_look", "bot.desk", "bot.pull_review"),
    ("bot.jobs",),
    ("bot.doors", "bot.operator"),
    ("bot.cli", "bot.__main__"),
)
"""From the ground up; a module imports from its own floor and the ones below."""

REVIEWERS = {f"reviewers.{reviewer.id.replace('-', '_')}" for reviewer in registry.REVIEWERS}
"""Each is a module of data of its own name."""
MOST_LINES = 400
LONGEST_FUNCTION = 60
MOST_BROAD_EXCEPTS = 3
ANTHROPIC = {f"reviewers/engines/claude/{name}.py" for name in ("client", "engine", "catalogue")}
PYGITHUB = {f"bot/operator/{name}.py" for name in ("github_app", "github_errors", "open_pulls")}
"""It is synchronous: nothing that the server's event loop loads may know of it."""
SMELLS = ("utils", "util", "helper", "helpers", "manager", "common", "misc")


def product_files() -> list[Path]:
    """Every file of the two packages."""
    return sorted([*ROOT.glob("bot/**/*.py"), *ROOT.glob("reviewers/**/*.py")])


@cache
def tree(path: Path) -> ast.Module:
    """A file's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"))


def name_of(path: Path) -> str:
    """The module's name."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """Every module that a file imports, anywhere in it, and the line."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, node.lineno
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def floor(module: str) -> int | None:
    """The floor of a module: that of its longest listed prefix; reviewers stand beside engines."""
    if module in REVIEWERS:
        return floor("reviewers.engines")
    found = [
        (len(prefix), level)
        for level, prefixes in enumerate(FLOORS)
        for prefix in prefixes
        if module == prefix or module.startswith(prefix + ".")
    ]
    return max(found)[1] if found else None


def ours(module: str) -> bool:
    return module.split(".", maxsplit=1)[0] in ("bot", "reviewers")


def test_every_module_has_a_floor() -> None:
    homeless = [
        name_of(p) for p in product_files() if "." in name_of(p) and floor(name_of(p)) is None
    ]
    assert homeless == []


def test_imports_go_downwards_only() -> None:
    wrong = []
    for path in product_files():
        own = floor(name_of(path))
        for module, line in imports(path):
            other = floor(module) if ours(module) else None
            if own is not None and other is not None and other > own:
                wrong.append(f"{path.relative_to(ROOT)}:{line} imports {module}")
    assert wrong == []


def test_reviewers_know_nothing_of_the_bot() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in product_files()
        if name_of(path).startswith("reviewers")
        for module, line in imports(path)
        if module.split(".")[0] == "bot"
    ]
    assert wrong == []


def test_the_core_needs_the_standard_library_only() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {module}"
        for path in product_files()
        if name_of(path).startswith("reviewers.core")
        for module, line in imports(path)
        if module.split(".")[0] not in sys.stdlib_module_names
        and not module.startswith("reviewers.core")
        and module != "reviewers.core"
    ]
    assert wrong == []


def test_there_is_no_import_cycle() -> None:
    graph = {
        name_of(path): {m for m, _ in imports(path) if ours(m)}
        & {name_of(p) for p in product_files()}
        for path in product_files()
    }
    done: set[str] = set()

    def visit(module: str, above: tuple[str, ...]) -> None:
        assert module not in above, " -> ".join((*above[above.index(module) :], module))
        if module not in done:
            for other in sorted(graph[module] - {module}):
                visit(other, (*above, module))
            done.add(module)

    for module in sorted(graph):
        visit(module, ())


def test_only_the_claude_engine_imports_anthropic() -> None:
    found = {
        str(path.relative_to(ROOT))
        for path in product_files()
        for module, _ in imports(path)
        if module.split(".")[0] == "anthropic"
    }
    assert found == ANTHROPIC


def test_only_the_operators_commands_import_pygithub() -> None:
    found = {
        str(path.relative_to(ROOT))
        for path in product_files()
        for module, _ in imports(path)
        if module.split(".")[0] == "github"
    }
    assert found == PYGITHUB


SLOW = (
    "anthropic",
    "github",
    "aiohttp",
    "gidgethub",
    "dbos",
    "requests",
    "jwt",
    "rich",
    "pydantic",
)


@pytest.mark.parametrize("slow", SLOW)
def test_the_command_line_loads_nothing_slow(slow: str) -> None:
    """What `triptych --help` loads: the module-level imports of bot.cli, and theirs."""
    seen: set[str] = set()
    todo = ["bot.cli"]
    while todo:
        module = todo.pop()
        path = ROOT.joinpath(*module.split(".")).with_suffix(".py")
        if module in seen or not path.exists():
            continue
        seen.add(module)
        for node in tree(path).body:
            if isinstance(node, ast.Import):
                todo += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                todo.append(node.module)
                assert node.module.split(".")[0] != slow, f"{module} imports {slow}"
    assert slow not in {m.split(".")[0] for m in seen | set(todo)}


def test_files_and_functions_stay_small() -> None:
    large = [
        f"{path.relative_to(ROOT)}: {lines} lines"
        for path in product_files()
        if (lines := path.read_text(encoding="utf-8").count("\n")) > MOST_LINES
    ]
    for path in product_files():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or 0) - node.lineno + 1
                signature = node.body[0].lineno - node.lineno
                if length - signature > LONGEST_FUNCTION:
                    large.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {length}")
    assert large == []


def test_public_names_say_what_they_are() -> None:
    silent = []
    for path in product_files():
        if ast.get_docstring(tree(path)) is None:
            silent.append(str(path.relative_to(ROOT)))
        for node in public(tree(path).body):
            if ast.get_docstring(node) is None:
                silent.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")
    assert silent == []


def public(
    body: list[ast.stmt],
) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """Public functions and classes, and the public methods of public classes."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if node.name.startswith("_"):
                continue
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public(node.body)


def test_broad_excepts_are_few_and_known() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in product_files()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ExceptHandler)
        and (
            node.type is None
            or (isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException"))
        )
    ]
    assert len(found) <= MOST_BROAD_EXCEPTS, found
    assert {f.split(":")[0] for f in found} <= {
        "bot/cli.py",
        "bot/jobs/worker.py",
        "reviewers/core/fanout.py",
    }


def test_no_file_is_named_for_nothing() -> None:
    names = {
        part for path in product_files() for part in path.relative_to(ROOT).with_suffix("").parts
    }
    assert not names & set(SMELLS)


def test_no_test_patches_our_own_code() -> None:
    """A builder, a fake or an argument takes the place of a patch (design, section 9)."""
    wrong = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in ROOT.glob("tests/**/*.py")
        for number, row in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if ("monkeypatch.setattr(" in row or "mock.patch" in row) and path != Path(__file__)
    ]
    assert wrong == []


def test_the_top_level_holds_what_was_agreed() -> None:
    allowed = {"bot", "reviewers", "tests", "Dockerfile", "pyproject.toml", "README.md", "LICENSE"}
    allowed |= {"action.yml", "requirements.lock", "requirements-test.lock"}
    allowed |= {"requirements-server.lock", "requirements-build.lock"}
    present = {p.name for p in ROOT.iterdir() if not p.name.startswith(".")}
    made = {"build", "dist", "venv", "node_modules"}
    assert present - made <= allowed
