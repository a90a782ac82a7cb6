"""The kit for machines: what git has of it, and nothing else."""

from __future__ import annotations

import subprocess
import tarfile
from typing import TYPE_CHECKING

import pytest

from graders.classroom.seats.kit_archive import pack_kit
from graders.errors import UsageError
from tests.classes import a_class

if TYPE_CHECKING:
    from pathlib import Path


def _git(folder: Path, *argv: str) -> None:
    own = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    subprocess.run(["git", "-C", folder, *own, *argv], check=True)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a checkout with files that no machine may get."""
    folder = tmp_path / "kit"
    (folder / "tests").mkdir(parents=True)
    for name in ("lab.py", "tests/test_lab.py", "a[b].key", "id_ed25519"):
        (folder / name).write_text("x", encoding="utf-8")
    (folder / ".gitignore").write_text("ignored\n", encoding="utf-8")
    course = a_class(folder / "networks", "ada")
    (course.folder / ".gitignore").unlink()
    _git(folder, "init", "--quiet")
    _git(folder, "add", ".")
    _git(folder, "commit", "--quiet", "--message", "all")
    for name in ("untracked.py", "ignored"):
        (folder / name).write_text("secret", encoding="utf-8")
    (folder / "lab.py").write_text("changed", encoding="utf-8")
    return folder


def test_no_machine_gets_keys_or_untracked_files(
    checkout: Path, tmp_path: Path
) -> None:
    """A class in the clone, its key and tickets, and local files stay here."""
    kit = pack_kit(tmp_path, checkout)

    with tarfile.open(kit.file) as archive:
        names = {it.name for it in archive if it.isfile()}
        content = archive.extractfile("lab.py")
        assert content
        assert content.read() == b"x"
    assert names == {"lab.py", ".gitignore"}


def test_the_same_kit_is_packed_once(checkout: Path, tmp_path: Path) -> None:
    """Its version names its contents, and an archive is there or whole."""
    first = pack_kit(tmp_path, checkout)
    before = first.file.stat().st_mtime_ns

    assert pack_kit(tmp_path, checkout) == first
    assert first.file.stat().st_mtime_ns == before
    _git(checkout, "commit", "--all", "--quiet", "--message", "change")
    assert pack_kit(tmp_path, checkout).version != first.version


def test_a_kit_without_git(tmp_path: Path) -> None:
    """A copy without its history says what to do."""
    with pytest.raises(UsageError, match="cannot be packed"):
        pack_kit(tmp_path, tmp_path)
