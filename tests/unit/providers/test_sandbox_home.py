"""The home of a sandbox as a file, with real archives."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from graders.providers import sandbox_home as module
from graders.providers.sandbox_home import restore_home, save_home

if TYPE_CHECKING:
    from pathlib import Path

# The engine's client, with containers that are folders of this computer.
DOCKER = """\
#!/bin/bash
cd "${0%/*}/$3" 2> /dev/null || exit 1
script=${6//'/home/student'/$PWD/home}
exec "$4" "$5" "${script//'/tmp/.lab'/$PWD/.lab}"
"""


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of the containers."""
    (tmp_path / "docker").write_text(DOCKER)
    (tmp_path / "docker").chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    monkeypatch.setenv("PATH", path)
    for name in ("one", "two"):
        (tmp_path / name / "home").mkdir(parents=True)
    return tmp_path


def test_a_home_comes_back(engine: Path) -> None:
    """With its links and hidden files, and for its owner alone."""
    file = engine / "kept" / "home.tar.gz"
    assert restore_home("one", file)
    (engine / "one" / "home" / ".typed").write_text("k get svc")
    (engine / "one" / "home" / "link").symlink_to("/etc/passwd")

    assert save_home("one", file)
    assert restore_home("two", file)

    assert (engine / "two" / "home" / ".typed").read_text() == "k get svc"
    assert (engine / "two" / "home" / "link").is_symlink()
    assert file.stat().st_mode & 0o777 == 0o600


def test_one_that_was_not_restored_is_not_kept(engine: Path) -> None:
    """A service that is killed in between loses nothing."""
    file = engine / "home.tar.gz"
    file.write_bytes(b"the last one")

    assert not save_home("one", file)
    assert not save_home("gone", file)
    assert file.read_bytes() == b"the last one"


def test_one_that_is_too_large(
    engine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last one stays, and no half one is left."""
    file = engine / "home.tar.gz"
    restore_home("one", file)
    save_home("one", file)
    before = file.read_bytes()
    (engine / "one" / "home" / "more").write_bytes(os.urandom(10_000))
    monkeypatch.setattr(module, "LIMIT", 5000)

    assert not save_home("one", file)
    assert file.read_bytes() == before
    assert not list(engine.glob("*.new"))


def test_a_damaged_one(engine: Path) -> None:
    """It is said, and what comes next can be kept."""
    file = engine / "home.tar.gz"
    file.write_bytes(b"no archive")

    assert not restore_home("one", file)
    assert save_home("one", file)
