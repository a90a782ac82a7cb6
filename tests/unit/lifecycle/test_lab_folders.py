"""Folders of labs, their sizes and their removal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from graders.errors import CannotCheck
from graders.lifecycle.lab_folders import (
    has_lab,
    lab_folders,
    remove_folder,
    remove_states,
    size_of,
)
from graders.lifecycle.lock import lock
from graders.settings import progress_dir, progress_file, state_base

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def some(base: Path) -> None:
    """Have some folders."""
    for name in ("ada", "ada.hosts", ".installed", "Not a student"):
        (base / name).mkdir(parents=True)


def test_folders() -> None:
    """Only those of students are labs."""
    assert [one.name for one in lab_folders()] == ["ada", "ada.hosts"]
    assert has_lab("ada")
    assert not has_lab("")
    assert not has_lab("bob")


def test_removal(base: Path) -> None:
    """What has another name stays, and so does the folder with it."""
    remove_states("")

    assert [one.name for one in base.iterdir()] == ["Not a student"]


def test_nothing_is_left(base: Path) -> None:
    """An empty folder of all labs goes, too."""
    (base / "Not a student").rmdir()

    remove_states("")

    assert not state_base().exists()


def test_progress_of_one_student() -> None:
    """Others keep theirs."""
    for student in ("ada", "bob"):
        progress_file(student).parent.mkdir(exist_ok=True)
        progress_file(student).write_text("{}")

    remove_states("ada")

    assert [one.name for one in progress_dir().iterdir()] == ["bob.json"]


def test_a_lab_that_a_command_works_on() -> None:
    """It stays, and the command is named."""
    with (
        lock("ada", "lab up"),
        pytest.raises(CannotCheck, match="another command holds the lab"),
    ):
        remove_states("ada")

    assert has_lab("ada")


def test_folder_that_cannot_be_removed(tmp_path: Path) -> None:
    """The command that removes it is told."""
    with pytest.raises(CannotCheck, match=r"sudo rm -rf '.*none'"):
        remove_folder(tmp_path / "none")


def test_size(tmp_path: Path) -> None:
    """It is what is taken on the disk, of all of them."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_bytes(b"x" * 1024**2)

    assert size_of(tmp_path / "a", tmp_path / "b").startswith("2.0 MiB")
    assert size_of(tmp_path / "none") == "0.0 MiB"
