"""The option `--no-skips`: in CI a test that cannot run is a failure, and says why."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

TESTS = """
import pytest

def test_skips():
    pytest.skip("there is no Chromium")

@pytest.mark.skipif(True, reason="another machine")
def test_is_marked():
    pass

def test_passes():
    pass

@pytest.mark.xfail(strict=True)
def test_is_known_to_fail():
    assert False
"""


HERE = Path(__file__).parent


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "conftest.py").write_text((HERE / "conftest.py").read_text(encoding="utf-8"))
    (folder / "test_some.py").write_text(TESTS)
    kept = {k: v for k, v in os.environ.items() if k != "PYTEST_ADDOPTS"}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(HERE.parent)},  # that `tests` is found from any folder
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_it_they_skip(tmp_path: Path) -> None:
    ended = run(tmp_path)
    assert ended.returncode == 0
    assert "1 passed, 2 skipped, 1 xfailed" in ended.stdout


def test_with_it_they_fail_and_tell_why(tmp_path: Path) -> None:
    ended = run(tmp_path, "--no-skips")
    assert ended.returncode == 1
    assert "1 failed, 1 passed, 1 xfailed, 1 error" in ended.stdout
    for why in ("there is no Chromium", "another machine"):
        assert why in ended.stdout
