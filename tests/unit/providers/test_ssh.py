"""How commands get onto a host, without a host."""

from __future__ import annotations

import subprocess
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pytest

from graders.errors import CannotCheck
from graders.providers import ssh
from graders.providers.machine import Machine
from graders.providers.ssh import SshTarget, SshTransport

NOWHERE = SshTarget("10.0.0.3", "debian", Path("key"), Path("known_hosts"))


def test_sudo_speaks_english() -> None:
    """Its messages are recognised; an interactive shell keeps its language."""
    way = SshTransport(NOWHERE, sudo=True)

    assert way.prefix[-6:-3] == ("env", "LC_ALL=C", "LANGUAGE=C")
    assert way.prefix[-3:] == way.terminal[-3:] == ("sudo", "-n", "--")
    assert "env" not in way.terminal


def test_no_ssh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a client no command can run."""
    monkeypatch.setenv("PATH", "/nonexistent")

    with pytest.raises(CannotCheck, match="no ssh command on PATH; install"):
        Machine("worker", SshTransport(NOWHERE)).run("true")


def test_folder_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that others may write to is not used."""
    with tempfile.TemporaryDirectory(dir="/tmp") as base:
        monkeypatch.setenv("XDG_RUNTIME_DIR", base)
        way = SshTransport(NOWHERE)
        assert "-oControlMaster=auto" in way.prefix

        next(Path(base).iterdir()).chmod(0o777)

        assert "-oControlPath=none" in way.prefix
        way.close()


def test_machine_inside_a_host_does_not_run() -> None:
    """That is an error of lab-on, not of the command."""
    transport = SshTransport(NOWHERE, machine="desk")
    message = "lab-on: machine desk does not run on this host\n"

    def error(code: int, stderr: str) -> CannotCheck | None:
        return transport.error(
            subprocess.CompletedProcess([], code, "", stderr)
        )

    found = error(125, message)
    assert found
    assert str(found).startswith("machine desk does not run on this host")
    assert error(125, "curl: lab-on") is None
    assert error(1, message) is None


def test_no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a folder no connection is shared."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/nonexistent")

    assert ssh.sockets() is None


def test_folder_with_a_long_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A socket of ssh would not fit there, so no connection is shared."""
    folder = tmp_path / ("x" * 90)
    folder.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))

    assert "-oControlPath=none" in SshTransport(NOWHERE).prefix


def test_name_of_a_target() -> None:
    """The default port is left out."""
    assert str(NOWHERE) == "debian@10.0.0.3"
    assert NOWHERE.known_name == "10.0.0.3"
    assert str(replace(NOWHERE, port=2222)) == "debian@10.0.0.3 port 2222"


def test_quoting_imports_nothing_of_the_kit() -> None:
    """It runs before every command, so it has to be quick."""
    words = SshTransport(NOWHERE).prefix[:4]

    done = subprocess.run(
        [*words, "echo", "--", "it's"], capture_output=True, text=True,
        check=True,
    )  # fmt: skip

    assert done.stdout == """'it'"'"'s'\n"""


def test_close_does_not_hang(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A master process that does not answer is left to its own timeout."""
    program = tmp_path / "ssh"
    program.write_text("#!/bin/sh\nexec sleep 30\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(ssh, "CONNECT_TIMEOUT_S", 0.2)
    begun = time.monotonic()

    with tempfile.TemporaryDirectory(dir="/tmp") as base:
        monkeypatch.setenv("XDG_RUNTIME_DIR", base)
        SshTransport(NOWHERE).close()

    assert time.monotonic() - begun < 10
