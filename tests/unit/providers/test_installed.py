"""What the kit installed is read from its notes, and undone."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from graders.errors import CannotCheck
from graders.providers import installed
from graders.providers.installed import (
    Installed,
    Setting,
    as_root,
    is_installed,
    purge_packages,
    restore_setting,
)

if TYPE_CHECKING:
    from pathlib import Path

NAME = "fs.inotify.max_user_instances"


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return the file of a setting of a computer that started as `now`."""
    monkeypatch.setattr(installed, "PROC_SYS", tmp_path)
    monkeypatch.setattr(installed, "_BOOT", tmp_path / "boot")
    (tmp_path / "boot").write_text("now\n")
    file = tmp_path / "fs" / "inotify" / "max_user_instances"
    file.parent.mkdir(parents=True)
    return file


@pytest.mark.parametrize(
    ("notes", "value", "before"),
    [
        (["128 512 now"], "512", ["128"]),
        (["128 512 now", "256 1024 now"], "1024", ["128"]),
        (["128 512 now"], "1024", []),  # someone else changed it since
        (["128 512 earlier"], "512", []),
        (["128"], "512", []),
        ([], "512", []),
    ],
)
def test_settings(
    kernel: Path, notes: list[str], value: str, before: list[str]
) -> None:
    """Only what the kit set, and what is still so, is set back."""
    folder = kernel.parent
    lines = [f"{NAME} {one}" for one in notes]
    (folder / "settings").write_text("\n".join(lines))
    kernel.write_text(f"{value}\n")

    found = Installed(folder).settings()

    assert [one.before for one in found] == before
    assert all(one.file == kernel for one in found)


def test_restoring_a_setting(kernel: Path) -> None:
    """The earlier value is written as root."""
    ran = []

    def run(*argv: str, stdin: str = "") -> str:
        ran.append((argv, stdin))
        return ""

    restore_setting(Setting(NAME, "128", "512"), run)

    assert ran == [(("tee", str(kernel)), "128")]


def test_places(tmp_path: Path) -> None:
    """Folders that are gone, and what is no path, are left out."""
    (tmp_path / "places").write_text(f"{tmp_path}\n\nrelative\n/nowhere/9\n")

    assert Installed(tmp_path).places() == [tmp_path]


def test_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is named once, if it is still there."""
    monkeypatch.setattr(installed, "is_installed", lambda one: one != "gone")
    (tmp_path / "packages").write_text("docker.io\nrunc\nrunc\ngone\n")

    assert Installed(tmp_path).packages() == ["docker.io", "runc"]


def test_no_package_of_that_name() -> None:
    """A package that dpkg does not know is not installed."""
    assert not is_installed("no-such-package")


def test_no_dpkg(monkeypatch: pytest.MonkeyPatch) -> None:
    """Elsewhere than on Debian the kit installed none."""
    monkeypatch.setenv("PATH", "/nowhere")

    assert not is_installed("bash")


def test_purging_packages() -> None:
    """They are removed in one go."""
    ran = []

    def run(*argv: str) -> str:
        ran.append(argv)
        return "Purg docker.io [1]\nPurg runc [1]\nInst x\n"

    purge_packages(["docker.io", "runc:amd64"], run)

    assert ran[-1][-5:] == (
        "apt-get",
        "purge",
        "-y",
        "docker.io",
        "runc:amd64",
    )


def test_packages_that_others_need() -> None:
    """They stay, and those others are named."""

    def run(*argv: str) -> str:
        assert "--simulate" in argv
        return "Remv kubelet [1]\nPurg runc [1]\n"

    with pytest.raises(CannotCheck, match="kubelet need packages"):
        purge_packages(["runc"], run)


def test_as_root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Who is not root asks sudo, which must not ask back."""
    sudo = tmp_path / "sudo"
    sudo.write_text('#!/bin/sh\n[ "$1" = -n ] && shift && exec "$@"\n')
    sudo.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    for user in (0, 1000):
        monkeypatch.setattr(os, "geteuid", lambda user=user: user)
        assert as_root("cat", stdin="x") == "x"


def test_as_root_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command and its last words are told."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)

    with pytest.raises(CannotCheck, match=r"could not run sh -c .*: no room"):
        as_root("sh", "-c", "echo no room >&2; exit 1")
    with pytest.raises(CannotCheck, match="could not run nothing9"):
        as_root("nothing9")
