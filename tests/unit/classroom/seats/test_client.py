"""The login shell of a seat, on a real terminal, at a real service."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import termios
from pathlib import Path
from typing import TYPE_CHECKING

import pexpect
import pytest

from graders.classroom.seats.client import SOCKET, requested, socket_path
from graders.classroom.seats.client_file import client_program
from graders.classroom.seats.protocol import LINE
from tests.seats import NO_LAB_SIZE, Running, children, running, when

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "/usr/local/bin/lab-seat"


@pytest.fixture(scope="module")
def seat() -> Iterator[Running]:
    """Return a service, with the client as a program in its folder."""
    with (
        tempfile.TemporaryDirectory(prefix="seat-") as name,
        running(Path(name)) as ours,
    ):
        (ours.folder / "lab-seat").write_bytes(client_program())
        yield ours


@pytest.fixture
def client(seat: Running) -> Iterator[pexpect.spawn[str]]:
    """Return the client on a narrow terminal, with the shell's prompt."""
    child: pexpect.spawn[str] = pexpect.spawn(
        sys.executable,
        ["-I", str(seat.folder / "lab-seat")],
        env=_environment(seat),
        dimensions=(20, 40),
        encoding="utf-8",
        timeout=30,
    )
    child.expect_exact("seat$ ")
    yield child
    child.close(force=True)


def _environment(seat: Running) -> dict[str, str]:
    path = {"PATH": os.environ["PATH"], "TERM": "xterm"}
    return path | {SOCKET: str(seat.path)}


def _run(
    seat: Running, *argv: str, typed: str | None = None, ssh: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run the client without a terminal."""
    more = {"SSH_ORIGINAL_COMMAND": ssh} if ssh else {}
    return subprocess.run(
        [sys.executable, "-I", seat.folder / "lab-seat", *argv],
        env=_environment(seat) | more,
        input=typed or "",
        capture_output=True,
        text=True,
        check=False,
    )


def _modes(child: pexpect.spawn[str]) -> int:
    """Return whether the terminal echoes and reads lines."""
    flags = int(termios.tcgetattr(child.fileno())[3])
    return flags & (termios.ECHO | termios.ICANON)


def test_a_narrow_terminal(client: pexpect.spawn[str]) -> None:
    """The shell has its size, and that of a larger one later."""
    client.sendline("stty size")
    client.expect_exact("20 40")

    client.setwinsize(30, 100)
    client.sendline("sleep 0.3; stty size")
    client.expect_exact("30 100")


def test_keys_reach_the_shell(client: pexpect.spawn[str]) -> None:
    """Ctrl-C ends a command there, and not the client."""
    # Ctrl-C is for the program that has the terminal, so it says when.
    client.sendline("sh -c 'echo be\"\"gun; exec sleep 1000'")
    client.expect_exact("begun")
    client.sendintr()
    client.expect_exact("seat$ ")
    client.sendline("exit 5")
    client.expect(pexpect.EOF)
    client.close()

    assert client.exitstatus == 5


def test_the_terminal_is_restored(client: pexpect.spawn[str]) -> None:
    """It does not echo while the shell does, and does so afterwards."""
    assert _modes(client) == 0
    client.sendline("exit")
    when(lambda: _modes(client) == termios.ECHO | termios.ICANON)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_client_that_is_ended(
    seat: Running, client: pexpect.spawn[str], number: int
) -> None:
    """It restores the terminal, and its shell ends."""
    client.kill(number)
    when(lambda: _modes(client) == termios.ECHO | termios.ICANON)
    client.expect(pexpect.EOF)
    client.close()

    assert client.exitstatus == 128 + number
    when(lambda: not children(seat.process.pid))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_service_that_ends(number: int) -> None:
    """The terminal is restored, and it is said that the shell is gone."""
    with (
        tempfile.TemporaryDirectory(prefix="seat-") as name,
        running(Path(name)) as ours,
    ):
        (ours.folder / "lab-seat").write_bytes(client_program())
        child: pexpect.spawn[str] = pexpect.spawn(
            sys.executable,
            ["-I", str(ours.folder / "lab-seat")],
            env=_environment(ours),
            encoding="utf-8",
            timeout=30,
        )
        child.expect_exact("seat$ ")
        ours.process.send_signal(number)
        child.expect("service .*ended; log in again")
        when(lambda: _modes(child) == termios.ECHO | termios.ICANON)
        child.expect(pexpect.EOF)
        child.close()

    assert child.exitstatus == 3


def test_without_a_terminal(seat: Running) -> None:
    """What is piped in arrives, and its output comes back apart."""
    text = "x" * 300_000

    done = _run(seat, LINE, "cat; echo no >&2; exit 4", typed=text)

    assert (done.stdout, done.stderr, done.returncode) == (text, "no\n", 4)


def test_a_script_for_the_shell(seat: Running) -> None:
    """As `ssh seat < script`."""
    assert _run(seat, typed="echo $((6 * 7))\n").stdout == "42\n"


@pytest.mark.parametrize(
    "line", ["lab --help", "lab", "status --help", "grade --help"]
)
def test_after_ssh(seat: Running, line: str) -> None:
    """Sshd passes it on in one of two ways."""
    forced = _run(seat, LINE, str(seat.folder / "lab-seat"), ssh=line)
    plain = _run(seat, LINE, line)

    assert plain.returncode == 0, plain.stderr
    assert plain.stdout == forced.stdout


def test_a_line_that_is_too_long(seat: Running) -> None:
    """It is not sent."""
    done = _run(seat, ssh=f"echo {'x' * 10_000}")

    assert done.returncode == 2
    assert "too long" in done.stderr


def test_without_a_service(seat: Running) -> None:
    """It says what to do."""
    done = subprocess.run(
        [sys.executable, "-I", seat.folder / "lab-seat"],
        env={SOCKET: "/none"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 3
    assert "try again in a minute" in done.stderr


def test_before_the_first_lab(seat: Running) -> None:
    """Commands of the kit can be typed, and a start opens the shell."""
    child: pexpect.spawn[str] = pexpect.spawn(
        sys.executable,
        ["-I", str(seat.folder / "lab-seat")],
        env=_environment(seat),
        dimensions=(NO_LAB_SIZE.rows, NO_LAB_SIZE.columns),
        encoding="utf-8",
        timeout=30,
    )
    child.expect_exact("no lab is running yet")
    child.expect_exact("seat> ")
    child.sendline("help")
    child.expect_exact("A seat runs these commands")
    child.expect_exact("seat> ")
    child.sendline("down")
    child.expect_exact("no command 'down'")
    child.expect_exact("seat> ")
    child.sendline("it's")
    child.expect_exact("No closing quotation")
    child.sendline("exit")
    child.expect(pexpect.EOF)
    child.close()

    assert child.exitstatus == 0


@pytest.mark.parametrize(
    ("argv", "ssh", "words"),
    [
        ([NAME], "", []),
        (["-lab-seat"], "", []),
        ([NAME, "grade", "--full"], "", ["grade", "--full"]),
        ([NAME, "-c", "lab list | wc"], "", ["-c", "lab list | wc"]),
        ([NAME, "-c", NAME], "", []),
        ([NAME, "-c", NAME], "grade", ["-c", "grade"]),
    ],
)
def test_what_is_asked_for(
    argv: list[str], ssh: str, words: list[str]
) -> None:
    """As login shell, with a command, and as a forced command."""
    environment = {"SSH_ORIGINAL_COMMAND": ssh} if ssh else {}

    assert requested(argv, environment) == words


def test_where_the_service_is() -> None:
    """By the account's name, unless the environment says more."""
    assert socket_path({}).parent == Path("/run/lab-seats")
    assert socket_path({SOCKET: "/x/y"}) == Path("/x/y")


def test_the_program_is_always_the_same() -> None:
    """So that it is only copied to a machine when it changes."""
    assert client_program() == client_program()
    assert client_program().startswith(b"#!/usr/bin/python3 -I\n")
