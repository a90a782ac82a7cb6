"""Two students' seats on this computer, a way into each, and no other."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pexpect
import pytest

from graders.classroom import submission
from graders.classroom.seats.client import SOCKET
from graders.classroom.seats.client_file import client_program
from graders.plan.plan import make_plan
from graders.settings import ROOT, seat_dir, state_dir
from tests.sshd import SSHD, running_sshd

from .conftest import STUDENT, eventually, ok

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.usefixtures("fresh"),
    pytest.mark.machine,
    pytest.mark.skipif(
        os.geteuid() != 0 or not SSHD, reason="makes accounts for an sshd"
    ),
]

# Their seat has no cluster: no lab was started there.
OTHER: Final = "bob"
FAULT: Final = "address-outside"
REPAIR: Final = "k annotate svc web metallb.io/loadBalancerIPs-"
SOCKETS: Final = Path("/run/lab-seats")
PROMPT: Final = r"\(metallb-lab\) .*\$ "
_TERMINAL: Final = 180


@dataclass
class Seat:
    """A student's account, with its service, and an sshd of the machine."""

    student: str
    folder: Path
    port: int
    service: subprocess.Popen[bytes]

    @property
    def account(self) -> str:
        """The account's name."""
        return f"seat-{self.student}"

    @property
    def socket(self) -> Path:
        """Where the service listens."""
        return SOCKETS / f"{self.account}.sock"

    def ssh(self, *options: str, program: str = "ssh") -> list[str]:
        """Return the words of a login, before a command."""
        port = "-P" if program == "sftp" else "-p"
        return [
            *(program, "-F", "none", "-i", str(self.folder / "key")),
            *("-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR"),
            *("-o", "UserKnownHostsFile=/dev/null", "-o", "BatchMode=yes"),
            *(port, str(self.port), *options, f"{self.account}@127.0.0.1"),
        ]

    def run(self, line: str, typed: str = "") -> tuple[int, str]:
        """Run a line after ssh; return its status and all its output."""
        done = subprocess.run(
            [*self.ssh(), line],
            input=typed,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_TERMINAL,
            check=False,
        )
        return done.returncode, done.stdout

    @contextmanager
    def login(self, columns: int = 100) -> Iterator[pexpect.spawn[str]]:
        """Log in as a person does; leave at the end."""
        program, *words = self.ssh("-tt")
        child: pexpect.spawn[str] = pexpect.spawn(
            program,
            words,
            dimensions=(30, columns),
            encoding="utf-8",
            timeout=_TERMINAL,
        )
        try:
            yield child
        finally:
            child.close(force=True)

    def begin(self) -> None:
        """Start the service, and wait until it listens."""
        uid = pwd.getpwnam(self.account).pw_uid
        self.service = subprocess.Popen(
            [
                *(sys.executable, "-m", "graders.classroom.seats.service"),
                *("--student", self.student, "--uid", str(uid)),
                *("--socket", str(self.socket)),
            ],
            cwd=ROOT,
        )
        eventually(self.socket.exists, 60)

    def end(self) -> None:
        """End the service, which keeps the home of its shell."""
        self.service.terminate()
        assert self.service.wait(120) == 0


@pytest.fixture(scope="module")
def machine(fresh: str) -> Iterator[tuple[Path, int]]:
    """Return the folder and the port of an sshd, as a seat's is set up."""
    del fresh
    SOCKETS.mkdir(mode=0o755, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="seats-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        program = folder / "lab-seat"
        program.write_bytes(client_program())
        program.chmod(0o755)
        with running_sshd(folder) as sshd:
            keys = folder / "authorized_keys"
            keys.write_text(f"restrict,pty {keys.read_text('utf-8')}", "utf-8")
            keys.chmod(0o644)
            yield folder, sshd.login.port or 22


@contextmanager
def _seat(machine: tuple[Path, int], student: str) -> Iterator[Seat]:
    """Make an account with a service; remove both at the end."""
    folder, port = machine
    account = f"seat-{student}"
    subprocess.run(["userdel", "--force", account], check=False)
    # No password, and yet not locked: sshd refuses those that are.
    subprocess.run(
        [
            *("useradd", "--no-create-home", "--home-dir", "/"),
            *("--shell", str(folder / "lab-seat"), "--password", "*", account),
        ],
        check=True,
    )
    seat = Seat(student, folder, port, service=None)  # type: ignore[arg-type]
    seat.begin()
    try:
        yield seat
    finally:
        seat.end()
        subprocess.run(["userdel", "--force", account], check=False)


@pytest.fixture(scope="module")
def seat(machine: tuple[Path, int]) -> Iterator[Seat]:
    """Return the seat of a student who has started lab 1."""
    ok("lab", "start", "1", "--variant", FAULT, "--student", STUDENT)
    with _seat(machine, STUDENT) as ours:
        yield ours


@pytest.fixture(scope="module")
def other(machine: tuple[Path, int]) -> Iterator[Seat]:
    """Return the seat of a student without a lab."""
    with _seat(machine, OTHER) as theirs:
        yield theirs


def test_a_lab_is_played_through_ssh(seat: Seat) -> None:
    """Look, repair, grade on the terminal, and hand in what was typed."""
    lines = (
        ("k get svc web", "pending"),
        ("grade; echo status=$?", "status=1"),
        (REPAIR, "annotated"),
        ("on router vtysh -c 'show version' | head -1", "FRR.*[0-9]"),
        ("grade; echo status=$?", "status=0"),
        ("lab submit; echo status=$?", "status=0"),
    )
    with seat.login() as shell:
        shell.expect(PROMPT)
        for line, expected in lines:
            shell.sendline(line)
            shell.expect(expected)
            shell.expect(PROMPT)
        shell.sendline("exit")
        shell.expect(pexpect.EOF)

    file = seat_dir(STUDENT) / "submissions" / f"{STUDENT}-lab-1.lab"
    sent = submission.read(file)
    assert sent.result.solved
    assert REPAIR in sent.typed


def test_one_command_after_ssh(seat: Seat) -> None:
    """With its status and its output."""
    assert seat.run("lab status")[0] == 0
    assert "lab submit" in seat.run("lab --help")[1]
    code, text = seat.run("kubectl get nodes -o name | wc -l; exit 5")
    assert (code, text.strip()) == (5, "3")


def test_a_shell_on_a_machine(seat: Seat) -> None:
    """It takes the terminal of the shell that it was opened in."""
    with seat.login(columns=40) as shell:
        shell.expect(PROMPT)
        shell.sendline("lab shell router")
        shell.expect("root@router:.*# ")
        shell.sendline(f"{_await_size('30 40')}; vtysh -c 'show version'")
        shell.expect("FRRouting")
        shell.sendline("exit")
        shell.expect(PROMPT)
        shell.setwinsize(25, 60)
        shell.sendline(f"{_await_size('25 60')}; echo re''sized")
        shell.expect("resized")


def _await_size(size: str) -> str:
    """Return commands that end when a terminal has a size, as docker sets."""
    return f'until [ "$(stty size)" = "{size}" ]; do sleep 0.1; done'


def test_the_home_outlives_the_service(seat: Seat) -> None:
    """As it does a login that is cut off, and a service that is killed."""
    assert seat.run("echo kept > note; ln -s /etc/passwd link")[0] == 0
    seat.end()
    seat.begin()
    assert seat.run("cat note")[1] == "kept\n"

    with seat.login() as shell:
        shell.expect(PROMPT)
        shell.sendline("echo also > note; sleep 1000")
        time.sleep(2)
        shell.kill(signal.SIGKILL)
    listed = "ps -o args= -u 1000"
    eventually(lambda: "sleep 1000" not in seat.run(listed)[1], 60)
    seat.service.kill()
    seat.service.wait()
    seat.socket.unlink()
    seat.begin()

    assert seat.run("cat note")[1] == "also\n"


def test_a_seat_without_a_lab(other: Seat) -> None:
    """It says how one is started, and takes the kit's commands."""
    with other.login() as shell:
        shell.expect("no lab is running yet")
        shell.expect("seat> ")
        shell.sendline("list")
        shell.expect("Pending Service")
        shell.expect("seat> ")
        shell.sendline("exit")
        shell.expect(pexpect.EOF)


def _attempts() -> list[str]:
    ours, theirs = make_plan(STUDENT), make_plan(OTHER)
    folder = state_dir(OTHER).parent
    return [
        "ls /var/run/docker.sock /run/docker.sock",
        "command -v docker",
        "ls /run/lab-seats",
        f"ls '{folder}'",
        "ls /root",
        f"curl --max-time 5 http://{ours.lan_gateway}:22",
        f"curl --max-time 5 http://{ours.lan_gateway}:2375/version",
        f"curl -k --max-time 5 https://{theirs.nodes['worker'].lan}:10250",
        f"curl --max-time 5 http://{theirs.machines['router'].lan}",
        "getent hosts example.com",
        f"grade --student {OTHER}",
        f"lab status --student {OTHER}",
        f"lab start 1 --student {OTHER}",
        "lab submit --output /etc/x",
        "lab submit --repair /etc/shadow",
        "lab ticket /etc/shadow",
        "lab down",
        "lab purge",
        "lab class report /",
        f"on metallb-lab-{OTHER}-worker true",
        "on ../../x true",
        "touch /kit/x",
        "head -c 300M /dev/zero > filled",
        "sudo -n true",
    ]


@pytest.mark.parametrize("number", range(len(_attempts())))
def test_attempts_from_a_seat(seat: Seat, number: int) -> None:
    """The engine, others' labs and files, and the network are out of reach."""
    line = _attempts()[number]
    code, text = seat.run(line)

    seat.run("rm -f filled")
    assert code != 0, (line, text)


def test_nothing_but_a_terminal_is_opened_by_ssh(seat: Seat) -> None:
    """No forwarding, which would reach the engine's networks, and no files."""
    forwarded = subprocess.run(
        seat.ssh("-W", f"127.0.0.1:{seat.port}"),
        input=b"",
        capture_output=True,
        timeout=60,
        check=False,
    )
    files = subprocess.run(
        [*seat.ssh(program="sftp")],
        input=b"ls /\n",
        capture_output=True,
        timeout=60,
        check=False,
    )

    assert forwarded.returncode != 0
    assert b"SSH-2.0" not in forwarded.stdout
    assert b"root" not in files.stdout


@pytest.mark.parametrize("open_to_all", [False, True])
def test_another_account_is_refused(
    seat: Seat,
    other: Seat,
    open_to_all: bool,  # noqa: FBT001 - pytest's
) -> None:
    """Also if the socket's file lets it in: the system knows who asks."""
    seat.socket.chmod(0o666 if open_to_all else 0o600)
    done = subprocess.run(
        [seat.folder / "lab-seat", "grade"],
        user=other.account,
        group=other.account,
        extra_groups=[],
        cwd="/",
        env={"PATH": "/usr/bin:/bin", SOCKET: str(seat.socket)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    seat.socket.chmod(0o600)

    assert done.returncode == (2 if open_to_all else 3)
    assert not done.stdout
