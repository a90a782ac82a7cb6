"""Commands on a machine: their result, or why they could not run."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeAlias

import pytest

from graders.errors import CannotCheck
from graders.providers.capture import CUT
from graders.providers.docker import DockerExec
from graders.providers.machine import Machine, run_each

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROUTER = Machine("router", DockerExec("metallb-lab-router"))
# What docker does: the rest of its words run on the machine, which is here.
HERE = 'shift 3; exec "$@"'

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
    docker('[ "$1 $2 $3" = "exec -i metallb-lab-router" ] && shift 3 && "$@"')

    found = ROUTER.run("sh", "-c", "echo $1; echo no >&2; exit 2", "sh", "a b")

    assert found.out == "a b\n"
    assert (found.code, found.error) == (2, "no\n")
    assert found.command.endswith("sh a b")
    assert found.text == "a b\nno"


def test_words_are_not_typed_again(docker: Say) -> None:
    """Every argument arrives as it was given, and a program gets it."""
    docker(HERE)

    assert ROUTER.run("printf", "<%s>", "$HOME; x", "").out == "<$HOME; x><>"
    assert ROUTER.run("echo", r"a\tb").out == "a\\tb\n"  # not as sh's echo


def test_programs_of_a_student(docker: Say, tmp_path: Path) -> None:
    """A program that stands in for one of the system is not run."""
    (tmp_path / "uname").write_text("#!/bin/sh\necho mine\n", encoding="utf-8")
    (tmp_path / "uname").chmod(0o755)
    docker(HERE)

    assert ROUTER.run("uname").out != "mine\n"


@pytest.mark.parametrize("name", ["http_proxy", "HTTPS_PROXY", "all_proxy"])
def test_proxies_of_the_machine(
    docker: Say, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """No request of a probe goes to a proxy."""
    monkeypatch.setenv(name, "http://192.0.2.1:3128")
    docker(HERE)

    assert ROUTER.run("printenv", name).out == ""


def test_standard_input(docker: Say) -> None:
    """A command reads what it is given, and nothing of the person's."""
    docker(HERE)

    assert ROUTER.run("cat", stdin="a\n'$b").out == "a\n'$b"
    assert not ROUTER.run("cat").out


def test_one_shell_for_all(docker: Say, tmp_path: Path) -> None:
    """Getting there costs most: it is done once, for one at a time."""
    docker(f"echo >> {tmp_path}/times; {HERE}")

    found = [ROUTER.run("echo", str(number)).out for number in range(3)]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: ROUTER.run("sleep", "0.2"), range(3)))

    assert found == ["0\n", "1\n", "2\n"]
    assert len((tmp_path / "times").read_text(encoding="utf-8")) == 3


def test_a_machine_that_ends_midway(docker: Say) -> None:
    """A command that did not come to its end has not done well."""
    docker(HERE)

    assert ROUTER.run("sh", "-c", "kill $PPID", seconds=5).code
    assert not ROUTER.run("true").code


def test_a_kept_shell_that_is_gone(docker: Say) -> None:
    """The next command has a new one, or says why there is none."""
    docker(HERE)
    shell = ROUTER.run("sh", "-c", "echo $PPID").out.strip()
    os.kill(int(shell), signal.SIGKILL)

    assert ROUTER.run("echo", "again").out == "again\n"

    shell = ROUTER.run("sh", "-c", "echo $PPID").out.strip()
    docker('echo "Error: No such container: x" >&2; exit 1')
    os.kill(int(shell), signal.SIGKILL)
    with pytest.raises(CannotCheck, match="No such container"):
        ROUTER.run("echo", "again")


def test_any_bytes(docker: Say) -> None:
    """What is no UTF-8 is shown as far as it is."""
    docker(HERE)

    assert ROUTER.run("printf", r"a\xffb").out == "a\N{REPLACEMENT CHARACTER}b"


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
    """It is not the command's: it names the machine and the remedy."""
    docker(f'echo "{said}" >&2; exit {code}')

    with pytest.raises(CannotCheck) as caught:
        ROUTER.run("ip", "route")

    told = str(caught.value)
    assert told.startswith("could not look from router: ")
    assert rule in told
    assert told.endswith("; `lab up` brings the lab's machines back")


def test_a_command_that_speaks_like_docker(docker: Say) -> None:
    """What a command itself says is no trouble of docker's."""
    docker(HERE)
    script = "echo 'curl: Cannot connect to the Docker' >&2; exit 7"

    assert ROUTER.run("sh", "-c", script).code == 7


def test_no_answer(docker: Say) -> None:
    """A machine that hangs is given up after its time."""
    docker("exec sleep 60")

    with pytest.raises(CannotCheck, match="router did not answer within 0 s"):
        ROUTER.run("ip", seconds=0.1)


def test_no_docker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a docker client no command can run."""
    monkeypatch.setenv("PATH", "/nonexistent")

    with pytest.raises(CannotCheck, match="no docker command on PATH"):
        ROUTER.run("ip")


def test_output_without_an_end(docker: Say) -> None:
    """Ten megabytes are cut; the code is the command's, and the shell lives.

    Nor does one take more time for each byte, the longer it gets.
    """
    docker(HERE)
    pour = "yes | head -c 10000000; exit 4"

    found = ROUTER.run("sh", "-c", pour, seconds=5)

    assert found.code == 4
    assert found.out.endswith(CUT)
    assert len(found.out) < 1_100_000
    assert ROUTER.run("echo", "next").out == "next\n"


def test_listings_of_a_whole_machine(docker: Say) -> None:
    """They may be longer than an answer, and are refused where they end."""
    docker(HERE)
    commands = ["yes | head -c 5000000", "echo next"]

    assert [len(part) for part in run_each(ROUTER, commands)] == [5000000, 5]
    with pytest.raises(CannotCheck, match="more files, rules or routes"):
        run_each(ROUTER, ["yes | head -c 40000000"])
