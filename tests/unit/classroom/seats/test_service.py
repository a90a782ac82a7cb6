"""A seat's service at a real socket, with clients that mean no good."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.classroom.seats import service
from graders.classroom.seats.client import SOCKET
from graders.classroom.seats.client_file import client_program
from graders.classroom.seats.connection import REQUEST_S
from graders.classroom.seats.protocol import (
    LINE,
    LOST,
    Kind,
    Request,
    Size,
    pack,
)
from graders.classroom.seats.service import CLIENTS
from graders.settings import ROOT
from tests.fuzzing import FUZZ
from tests.seats import NOT_NOW, Asking, Running, children, running, when

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZE = Size(24, 80)
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="becomes others")


@pytest.fixture(scope="module")
def seat() -> Iterator[Running]:
    """Return a service, whose folder has a path that a socket may have."""
    with (
        tempfile.TemporaryDirectory(prefix="seat-") as name,
        running(Path(name)) as ours,
    ):
        yield ours


@pytest.fixture
def own() -> Iterator[Running]:
    """Return a service that only this test has."""
    with (
        tempfile.TemporaryDirectory(prefix="seat-") as name,
        running(Path(name)) as ours,
    ):
        yield ours


def test_a_command_of_the_kit(seat: Running) -> None:
    """It is run for the seat's student."""
    done = seat.ask("lab", "progress", "--json")

    assert done.code == 0, done.error
    assert json.loads(done.out)["student"] == "ada"


def test_output_errors_and_status_arrive_apart(seat: Running) -> None:
    """As from a command at the seat itself."""
    done = seat.ask(LINE, "echo two; echo no >&2; exit 7")

    assert (done.out, done.error, done.code) == (b"two\n", b"no\n", 7)


def test_the_overview(seat: Running) -> None:
    """It is for people who have just come."""
    done = seat.ask(LINE, "lab --help")

    assert done.code == 0
    assert b"lab submit" in done.out


@pytest.mark.parametrize(
    "words",
    [
        ["grade", "--student", "bob"],
        ["lab", "submit", "--output", "/etc/passwd"],
        ["lab", "down"],
        ["shell", "router"],
        [NOT_NOW],
    ],
)
def test_what_is_refused(seat: Running, words: list[str]) -> None:
    """It is said why, and nothing is run."""
    done = seat.ask(*words)

    assert done.code == 2
    assert done.error.startswith(b"lab: ")
    assert not done.out


def test_standard_input_arrives(seat: Running) -> None:
    """Also if it is long, and comes back at the same time."""
    typed = b"0123456789abcdef" * 4096

    done = seat.ask(LINE, "cat; cat", typed=typed[:60000])

    assert done.out == typed[:60000]


def test_much_output_arrives(seat: Running) -> None:
    """More than either side keeps."""
    done = seat.ask(LINE, "head -c 5000000 /dev/zero")

    assert (len(done.out), done.code) == (5_000_000, 0)


def test_a_terminal(seat: Running) -> None:
    """It has the size of the client's, and its type."""
    done = seat.ask(LINE, "stty size; tty -s && echo yes", size=Size(10, 40))

    assert done.out.split() == [b"10", b"40", b"yes"]


def test_a_terminal_that_grows(seat: Running) -> None:
    """The program is told, and knows the new size."""
    line = "trap 'stty size; exit' WINCH; echo on; while :; do sleep .1; done"
    with seat.asking(LINE, line, size=SIZE) as asking:
        asking.shows(b"on")
        asking.send(Kind.RESIZE, Size(33, 40).pack())

        assert b"33 40" in asking.ended().out


def test_a_signal(seat: Running) -> None:
    """Ctrl-C at a client without a terminal."""
    line = "trap 'exit 9' INT; echo on; sleep 60 & wait"
    with seat.asking(LINE, line) as asking:
        asking.shows(b"on")
        asking.send(Kind.SIGNAL, b"INT")

        assert asking.ended().code == 9


_CLIENT = """\
import sys, time
from graders.classroom.seats.protocol import Size
from tests.seats import *
client = socket.socket(socket.AF_UNIX)
client.connect(sys.argv[1])
request = Request(("-c", "sleep 1000"), {size!r})
client.sendall(pack(Kind.REQUEST, request.pack()))
time.sleep(1000)
"""


@pytest.mark.parametrize("size", [None, SIZE])
def test_a_client_that_is_killed(own: Running, size: Size | None) -> None:
    """What it had started ends, and its window can be used again."""
    script = _CLIENT.format(size=size)
    with subprocess.Popen(
        [sys.executable, "-c", script, str(own.path)], cwd=ROOT
    ) as client:
        when(
            lambda: any("sleep 1000" in it for it in children(own.process.pid))
        )
        client.kill()

    when(lambda: not children(own.process.pid))
    when(lambda: own.notes[-2:] == ["hang up 1", "save"])


def test_a_service_that_is_ended(own: Running) -> None:
    """Clients are told, their programs end, and the shell is kept."""
    with own.asking(size=SIZE) as asking:
        asking.shows(b"seat$ ")
        own.process.terminate()
        asking.ended()

    assert asking.code == LOST
    assert b"service was ended" in asking.error
    assert own.process.wait(30) == 0
    assert own.notes[-1] == "close"
    assert not own.path.exists()


def test_one_service_at_a_socket(own: Running) -> None:
    """Another one is refused, and the first goes on."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "graders.classroom.seats.service"),
            *("--student", "ada", "--uid", "0", "--socket", own.path),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 3
    assert "another service" in done.stderr
    assert own.ask("lab").code == 0


@pytest.mark.parametrize(
    ("argv", "text"),
    [
        (["--student", "../x", "--socket", "x"], "student must be"),
        (["--student", "ada", "--socket", "/proc/x/s"], "could not create"),
        (["--student", "ada", "--socket", f"/{'x' * 200}"], "AF_UNIX"),
    ],
)
def test_a_service_that_cannot_start(
    argv: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line says why."""
    with pytest.raises(SystemExit) as ended:
        service.main([*argv, "--uid", "0"])

    assert ended.value.code in {2, 3}
    assert text in capsys.readouterr().err


def test_after_a_killed_service(own: Running) -> None:
    """The socket that it left is no obstacle."""
    own.process.kill()
    own.process.wait()

    with running(own.folder) as again:
        assert again.ask("lab").code == 0


@as_root
def test_another_account_is_refused() -> None:
    """Also if the file of the socket would let it in."""
    with tempfile.TemporaryDirectory(prefix="seat-") as name:
        Path(name).chmod(0o755)
        with running(Path(name), uid=12345) as ours:
            mine, closed = _as(12345, ours), _as(12346, ours)
            ours.path.chmod(0o666)
            refused = _as(12346, ours)

    assert mine.stdout.startswith("A seat runs")
    assert (closed.returncode, refused.returncode) == (3, 2)
    assert "does not answer" in closed.stderr
    assert "this is the seat of ada, and not yours" in refused.stderr


def _as(uid: int, ours: Running) -> subprocess.CompletedProcess[str]:
    """Run the client with another account, and Python's own library."""
    program = ours.folder / "lab-seat"
    program.write_bytes(client_program())
    program.chmod(0o755)
    return subprocess.run(
        ["/usr/bin/python3", "-I", program, "lab"],
        user=uid,
        group=uid,
        extra_groups=[],
        cwd="/",
        env={"PATH": "/usr/bin:/bin", SOCKET: str(ours.path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_too_many_windows(own: Running) -> None:
    """One more is refused at once, and a closed one can be used again."""
    with contextlib.ExitStack() as stack:
        for _ in range(CLIENTS):
            line = "echo on; sleep 1000"
            stack.enter_context(own.asking(LINE, line)).shows(b"on")

        refused = own.ask("lab")
        assert refused.code == 2
        assert b"windows open already" in refused.error
    when(lambda: own.ask("lab").code == 0)


def test_a_slow_request(seat: Running) -> None:
    """A request that trickles in is not waited for."""
    data = pack(Kind.REQUEST, Request(("lab",)).pack())
    began = time.monotonic()
    with seat.connect() as client:
        with contextlib.suppress(ConnectionError):
            for byte in data:
                client.sendall(bytes([byte]))
                time.sleep(0.3)
        assert Asking(client).ended().code is None

    assert time.monotonic() - began < min(REQUEST_S + 5, 0.3 * len(data))


def test_a_huge_request(seat: Running) -> None:
    """It is refused by its length, before it is kept."""
    with seat.connect() as client:
        client.sendall(b"\1\xff\xff\xff\xff" + b"x" * 1000)
        found = Asking(client).ended()

    assert found.code == 2
    assert b"no message" in found.error


@pytest.mark.parametrize(
    "later",
    [
        (Kind.REQUEST, Request().pack()),
        (Kind.RESIZE, Size(1, 1).pack()),
        (Kind.SIGNAL, b"KILL"),
        (Kind.OUTPUT, b""),
    ],
)
def test_what_is_not_allowed_later(
    seat: Running, later: tuple[Kind, bytes]
) -> None:
    """It ends that window, with its program."""
    with seat.asking(LINE, "echo on; sleep 1000") as asking:
        asking.shows(b"on")
        asking.send(*later)

        assert asking.ended().code == 2


def test_a_client_that_does_not_read(seat: Running) -> None:
    """Its program waits, and no other client does."""
    with seat.asking(LINE, "cat /dev/zero"):
        time.sleep(0.5)
        kept = int(
            Path(f"/proc/{seat.process.pid}/statm").read_text().split()[1]
        )

        assert seat.ask("lab").code == 0
        assert kept * os.sysconf("SC_PAGE_SIZE") < 200_000_000


@FUZZ
@given(st.binary(max_size=200), st.booleans())
def test_any_bytes(data: bytes, framed: bool) -> None:  # noqa: FBT001 - hypothesis'
    """They are refused, and the service goes on."""
    ours = test_any_bytes.seat  # type: ignore[attr-defined]
    with ours.connect() as client:
        client.sendall(pack(Kind.REQUEST, data) if framed else data)
        client.shutdown(socket.SHUT_WR)
        assert Asking(client).ended().code in {2, None}


@pytest.fixture(autouse=True)
def _for_any_bytes(seat: Running) -> None:
    """Give the property above a service: hypothesis and fixtures differ."""
    test_any_bytes.seat = seat  # type: ignore[attr-defined]


def test_it_ended_with_nothing_left(seat: Running) -> None:
    """After all of that, no process and no window is left."""
    when(lambda: not children(seat.process.pid))
    assert seat.process.poll() is None
    seat.process.send_signal(signal.SIGTERM)
    assert seat.process.wait(30) == 0
