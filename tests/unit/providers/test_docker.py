"""Docker's complaints, in the kit's words."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from graders.errors import CannotCheck
from graders.providers import docker
from graders.providers.docker import EngineDown, EngineForbidden


@pytest.mark.parametrize(
    ("stderr", "kind", "rule"),
    [
        (
            "permission denied while trying to connect to the docker.sock",
            EngineForbidden,
            r"may not use the Docker engine .*; `sudo usermod -aG docker",
        ),
        (
            "Cannot connect to the Docker daemon at unix:///x. Is it up?",
            EngineDown,
            r"the Docker engine does not answer; start it, or run `lab up`",
        ),
        (
            "one\nError: No such object: x\n",
            CannotCheck,
            "could not docker inspect x: Error: No such object: x; ",
        ),
        ("", CannotCheck, "could not docker inspect x: no message"),
    ],
)
def test_dockers_complaints(
    stderr: str, kind: type[CannotCheck], rule: str
) -> None:
    """Docker's complaint becomes one line with the remedy."""
    error = docker.error_from(("inspect", "x"), stderr)

    assert type(error) is kind
    with pytest.raises(kind, match=rule):
        raise error


def test_no_docker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a docker client the engine is down, and `lab up` helps."""
    monkeypatch.setenv("PATH", "/nonexistent")

    with pytest.raises(EngineDown, match="no docker command on PATH; run"):
        docker.docker("version")


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="reads /proc")
def test_out_of_reach_of_ctrl_c(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A terminal's Ctrl-C does not end the client in the middle of a step."""
    client = tmp_path / "docker"
    client.write_text("#!/bin/sh\ncut -d ' ' -f 6 /proc/self/stat\n", "utf-8")
    client.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    assert int(docker.docker("pause", "metallb-lab-worker")) != os.getsid(0)
