"""Files about the running lab, here and on a host."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from graders.errors import CannotCheck
from graders.plan.plan import make_plan
from graders.providers.machine import Machine
from graders.providers.registry import provider
from graders.providers.state_files import LocalFiles, RemoteFiles

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from graders.providers.base import StateFiles


class Here:
    """A transport to this computer."""

    prefix = ("env",)
    terminal = ("env",)

    @staticmethod
    def error(_: subprocess.CompletedProcess[str]) -> CannotCheck | None:
        """Return nothing: it always gets there."""
        return None


@pytest.fixture(params=["local", "remote"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> StateFiles:
    """Return files in a folder that does not exist yet."""
    if request.param == "local":
        return LocalFiles(tmp_path / "a" / "b")
    return RemoteFiles(Machine("host", Here()), str(tmp_path / "a" / "b"))


def test_files(files: StateFiles) -> None:
    """A file is what was written last, until it is removed."""
    assert files.read("x") is None
    files.remove("x")
    files.write("x", "one")
    files.write("x", "two")
    assert files.read("x") == "two"
    files.remove("x")
    assert files.read("x") is None


def test_out_of_reach(files: StateFiles, tmp_path: Path) -> None:
    """A folder that cannot be made is told, with what to do."""
    (tmp_path / "a").write_text("", encoding="utf-8")

    with pytest.raises(CannotCheck, match=r"could not write .*a/b/x.*; "):
        files.write("x", "one")


def test_unreadable(tmp_path: Path) -> None:
    """What is no file is told as well; what is no text is damaged."""
    files = LocalFiles(tmp_path)
    (tmp_path / "x").write_bytes(b"\xff")
    (tmp_path / "y").mkdir()

    assert files.read("x") == "\N{REPLACEMENT CHARACTER}"
    with pytest.raises(CannotCheck, match="could not read"):
        files.read("y")
    with pytest.raises(CannotCheck, match="could not remove"):
        files.remove("y")


def test_of_this_computer(base: Path) -> None:
    """Containers' state is in the student's folder."""
    provider().state_files(make_plan("ada")).write("x", "one")

    assert (base / "ada" / "lab" / "x").read_text() == "one"


@pytest.mark.usefixtures("hosts_file")
def test_of_hosts() -> None:
    """Hosts' state is where every computer that grades finds it."""
    files = provider().state_files(make_plan("ada"))

    assert isinstance(files, RemoteFiles)
    assert files.host.role == "control-plane"
