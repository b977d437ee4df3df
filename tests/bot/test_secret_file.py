"""Files of secrets: for their owner alone, whole or not there, and silent in errors."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from bot.errors import ConfigProblem
from bot.secret_file import check_writable, keep_first, keep_secret

SECRET = "s3cret-that-nobody-may-read"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def names(folder: Path) -> list[str]:
    return [p.name for p in folder.iterdir()]


def test_file_and_folder_are_for_their_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "home" / "app.json"
    before = os.umask(0)
    try:
        keep_secret(file, SECRET)
    finally:
        os.umask(before)
    assert file.read_text() == SECRET
    assert mode(file) == 0o600
    assert mode(file.parent) == 0o700


def test_an_open_folder_of_ours_is_closed_and_one_of_everybody_is_left_alone(
    tmp_path: Path,
) -> None:
    mine, shared = tmp_path / "mine", tmp_path / "shared"
    for folder, bits in ((mine, 0o755), (shared, 0o1777)):
        folder.mkdir()
        folder.chmod(bits)
        keep_secret(folder / "app.json", SECRET)
    assert mode(mine) == 0o700
    assert mode(shared) == 0o1777


def test_what_stood_there_is_replaced_also_where_it_was_open_to_all(tmp_path: Path) -> None:
    file = tmp_path / "app.json"
    file.write_text("old")
    file.chmod(0o666)
    keep_secret(file, SECRET)
    assert file.read_text() == SECRET
    assert mode(file) == 0o600
    assert names(tmp_path) == ["app.json"]


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    target, file = tmp_path / "target", tmp_path / "home" / "app.json"
    file.parent.mkdir()
    file.symlink_to(target)
    keep_secret(file, SECRET)
    assert not target.exists()
    assert not file.is_symlink()


def test_the_first_one_stays(tmp_path: Path) -> None:
    file = tmp_path / "operator-token"
    assert keep_first(file, "first")
    assert not keep_first(file, "second")
    assert file.read_text() == "first"
    assert mode(file) == 0o600
    assert names(tmp_path) == ["operator-token"]


@pytest.mark.parametrize("keep", [keep_secret, keep_first, lambda f, _: check_writable(f)])
def test_what_cannot_be_written_is_told_without_the_secret(tmp_path: Path, keep: object) -> None:
    (tmp_path / "home").write_text("a file where the folder should be")
    with pytest.raises(ConfigProblem, match="cannot be written") as told:
        keep(tmp_path / "home" / "app.json", SECRET)  # type: ignore[operator]
    assert SECRET not in str(told.value)
    assert told.value.__cause__ is None


def test_asking_leaves_nothing_behind(tmp_path: Path) -> None:
    check_writable(tmp_path / "home" / "app.json")
    assert names(tmp_path / "home") == []
