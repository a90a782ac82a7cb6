"""Commands on a machine: their outcome, or why nobody could look."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeAlias

import pytest

from graders.errors import CannotCheck
from graders.probes.machine import Machine
from graders.transports import DockerExec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROUTER = Machine("router", DockerExec("metallb-lab-router"))

Say: TypeAlias = "Callable[[str], None]"


@pytest.fixture
def docker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Say:
    """Put a docker on PATH that does what a test says."""

    def say(script: str) -> None:
        program = tmp_path / "docker"
        program.write_text(f"#!/bin/bash\n{script}\n", encoding="utf-8")
        program.chmod(0o755)

    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    return say


def test_outcome(docker: Say) -> None:
    """What a command wrote and its code come back, without a judgement."""
    docker('echo "$*"; echo no route >&2; exit 2')

    found = ROUTER.run("ip", "route", "get", "a b")

    assert found.out == "exec -i metallb-lab-router ip route get a b\n"
    assert (found.code, found.error) == (2, "no route\n")
    assert found.command == "ip route get a b"
    assert found.text.endswith("a b\nno route")


def test_words_are_not_typed_again(docker: Say) -> None:
    """Every argument arrives as it was given: no shell is between."""
    docker('shift 3; printf "<%s>" "$@"')

    assert ROUTER.run("echo", "$HOME; x", "").out == "<echo><$HOME; x><>"


def test_standard_input(docker: Say) -> None:
    """A command reads what it is given, and nothing of the person's."""
    docker("cat")

    assert ROUTER.run("cat", stdin="a\n'$b").out == "a\n'$b"
    assert not ROUTER.run("cat").out


def test_any_bytes(docker: Say) -> None:
    """What is no UTF-8 is shown as far as it is."""
    docker(r"printf 'a\xffb'")

    assert ROUTER.run("x").out == "a\N{REPLACEMENT CHARACTER}b"


@pytest.mark.parametrize(
    ("said", "code", "rule"),
    [
        (
            "Error response from daemon: No such container: metallb-lab-x",
            1,
            "No such container",
        ),
        (
            "Error response from daemon: container abc is not running",
            1,
            "is not running",
        ),
        (
            "Error response from daemon: Container abc is paused",
            1,
            "is paused",
        ),
        ("Error: No such container: x", 1, "No such container"),
        (
            "Cannot connect to the Docker daemon at unix:///x. Is it up?",
            1,
            "the Docker engine does not answer",
        ),
        ("whatever", 125, "whatever"),
    ],
)
def test_docker_s_own_trouble(
    docker: Say, said: str, code: int, rule: str
) -> None:
    """It is not the command's: it names the machine and the way out."""
    docker(f'echo "{said}" >&2; exit {code}')

    with pytest.raises(CannotCheck) as caught:
        ROUTER.run("ip", "route")

    told = str(caught.value)
    assert told.startswith("could not look from router: ")
    assert rule in told
    assert told.endswith("; `lab up` brings the lab's machines back")


def test_a_command_that_speaks_like_docker(docker: Say) -> None:
    """What a command itself says is no trouble of docker's."""
    docker("echo 'curl: Cannot connect to the Docker' >&2; exit 7")

    assert ROUTER.run("curl").code == 7


def test_no_answer(docker: Say) -> None:
    """A machine that hangs is given up after its time."""
    docker("exec sleep 60")

    with pytest.raises(CannotCheck, match="router did not answer within 0 s"):
        ROUTER.run("ip", seconds=0.1)


def test_no_docker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a docker client nobody can look."""
    monkeypatch.setenv("PATH", "/nonexistent")

    with pytest.raises(CannotCheck, match="no docker command on PATH"):
        ROUTER.run("ip")
