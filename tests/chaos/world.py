"""What a round works with: the kit's commands, docker and the cluster.

Commands of the kit run as a student's do, each in a process group of its own,
as in a terminal. What they print is kept in the round's folder.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final

from graders.plan.plan import make_plan
from graders.settings import ROOT, state_dir
from tests.chaos import mishap

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

BIN: Final = Path(sys.executable).parent
# A command that takes longer than this hangs, whatever happened to it.
LIMITS_S: Final = {
    mishap.UP: 600.0,
    mishap.START: 600.0,
    mishap.RESET: 600.0,
    mishap.FULL: 300.0,
    mishap.GRADE: 180.0,
    mishap.HINT: 180.0,
    mishap.STATUS: 90.0,
    mishap.DOWN: 300.0,
}
_LOGS: Final = {
    mishap.START: ("lab", "up"),
    mishap.RESET: ("reset",),
    mishap.UP: ("up",),
    mishap.DOWN: ("down",),
}
_DOCKER_S: Final = 90.0
_ADMIN: Final = "/etc/kubernetes/super-admin.conf"


@dataclass(frozen=True)
class Ended:
    """A command that has ended; `code` is None if it had to be killed."""

    command: str
    code: int | None
    stdout: str
    stderr: str
    seconds: float

    @property
    def text(self) -> str:
        """All that it printed."""
        return f"{self.stdout}\n{self.stderr}"


@dataclass
class Running:
    """A command of the kit that runs, alone in its process group."""

    command: str
    process: subprocess.Popen[bytes]
    output: Path
    began: float = field(default_factory=time.monotonic)
    since: float = field(default_factory=time.time)

    def has_ended(self) -> bool:
        """Tell whether it has ended."""
        return self.process.poll() is not None

    def signal(self, number: int, *, group: bool = False) -> None:
        """Send a signal, to the whole process group if wanted."""
        if self.has_ended():
            return
        send = os.killpg if group else os.kill
        with contextlib.suppress(ProcessLookupError):
            send(self.process.pid, number)

    def descendants(self) -> list[int]:
        """Return the processes that it has started, and theirs."""
        found, left = [], [self.process.pid]
        while left:
            files = Path(f"/proc/{left.pop()}/task").glob("*/children")
            with contextlib.suppress(OSError):
                left += [
                    int(pid)
                    for one in files
                    for pid in one.read_text().split()
                ]
            found += [pid for pid in left if pid not in found]
        return found

    def wait(self, limit: float) -> Ended:
        """Wait for its end; kill it when it takes too long."""
        code: int | None
        try:
            code = self.process.wait(limit)
        except subprocess.TimeoutExpired:
            self.signal(signal.SIGKILL, group=True)
            self.process.wait()
            code = None
        return Ended(
            self.command,
            code,
            _text(self.output.with_suffix(".out")),
            _text(self.output.with_suffix(".err")),
            round(time.monotonic() - self.began, 1),
        )


@dataclass
class World:
    """One student's lab, and what is around it in a round."""

    student: str
    folder: Path
    """Of the round: what commands print goes there."""
    random: Random = field(default_factory=Random)
    lab: str = "1"
    variant: str = ""
    environment: dict[str, str | None] = field(default_factory=dict)
    """More of it for the kit's commands; None takes a variable away."""
    umask: int = -1
    running: Running | None = None
    """The command in whose course a mishap strikes."""
    struck: list[str] = field(default_factory=list)
    """What a mishap has chosen, for the log."""
    _count: int = 0

    @property
    def state(self) -> Path:
        """The folder of the student's lab."""
        return state_dir(self.student)

    @property
    def kubeconfig(self) -> Path:
        """The lab's kubeconfig."""
        return self.state / "kubeconfig"

    @property
    def control_plane(self) -> str:
        """The container of the control plane."""
        return self.name("control-plane")

    @property
    def label(self) -> str:
        """The name of what a round makes itself."""
        return f"metallb-lab-{self.student}-visitor"

    def name(self, role: str) -> str:
        """Return the container of a node or machine."""
        return make_plan(self.student).machine_name(role)

    def containers(self) -> list[str]:
        """Return the names of all containers that the lab has."""
        plan = make_plan(self.student)
        return [*plan.node_names(), *plan.machine_names()]

    def chose(self, what: str) -> str:
        """Note what a mishap has chosen; return it."""
        self.struck.append(what)
        return what

    def argv(self, command: str) -> list[str]:
        """Return the words of a command; grades are printed as JSON."""
        if command.startswith(mishap.GRADE):
            return [*command.split(), "--json"]
        if command == mishap.START:
            chosen = ["--variant", self.variant] if self.variant else []
            return ["lab", command, self.lab, *chosen]
        return ["lab", command]

    def begin(self, command: str, **more: str) -> Running:
        """Begin a command of the kit; `more` is environment."""
        self._count += 1
        words = command.replace(" ", "").replace("-", "")
        output = self.folder / f"{self._count:02}-{words}"
        name, *rest = self.argv(command)
        # Whoever runs this in the background has children ignore Ctrl-C.
        heeds = ("env", "--default-signal=INT")
        with (
            output.with_suffix(".out").open("wb") as out,
            output.with_suffix(".err").open("wb") as err,
        ):
            process = subprocess.Popen(
                [*heeds, str(BIN / name), *rest],
                cwd=ROOT,
                env=self._environ(more),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
                umask=self.umask,
            )
        return Running(command, process, output)

    def run(self, command: str, **more: str) -> Ended:
        """Run a command of the kit to its end."""
        return self.begin(command, **more).wait(LIMITS_S[command])

    def shell(self, script: str, name: str, *argv: str) -> str:
        """Run a script on a command of the kit; return all it prints."""
        done = subprocess.run(
            ["sh", "-c", script, "sh", str(BIN / name), *argv],
            cwd=ROOT,
            env=self._environ({}),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_DOCKER_S,
            check=False,
        )
        return done.stdout + done.stderr

    def log_of(self, running: Running) -> str:
        """Return what playbooks of a running command have logged."""
        names = _LOGS.get(running.command, ())
        return "".join(
            _text(log)
            for name in names
            for log in sorted((self.state / "logs").glob(f"{name}-*.log"))
            if log.stat().st_mtime >= running.since - 1
        )

    def docker(self, *argv: str, check: bool = True, given: str = "") -> str:
        """Call docker with `given` as its input; return its output.

        Raises:
            RuntimeError: it failed, and `check` is wanted.

        """
        done = subprocess.run(
            ["docker", *argv],
            input=given,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_DOCKER_S,
            check=False,
        )
        if done.returncode and check:
            raise RuntimeError(f"docker {' '.join(argv)}: {done.stderr}")
        return done.stdout.strip()

    def inside(self, role: str, script: str, *, check: bool = True) -> str:
        """Run a script on a machine or node; return its output."""
        name = self.name(role)
        return self.docker("exec", name, "sh", "-c", script, check=check)

    def kubectl(self, *argv: str, check: bool = True) -> str:
        """Ask the cluster from within, whatever the kubeconfig says."""
        command = ("kubectl", "--kubeconfig", _ADMIN, *argv)
        return self.docker("exec", self.control_plane, *command, check=check)

    def apply(self, manifest: str) -> None:
        """Apply objects, as a student's kubectl would."""
        kubectl = ("kubectl", "--kubeconfig", _ADMIN)
        self.docker(
            *("exec", "--interactive", self.control_plane, *kubectl),
            *("apply", "--filename", "-"),
            given=manifest,
        )

    def _environ(self, more: Mapping[str, str]) -> dict[str, str]:
        found = os.environ | {"STUDENT": self.student} | self.environment
        return {k: v for k, v in found.items() if v is not None} | dict(more)


def eventually(holds: Callable[[], object], seconds: float) -> bool:
    """Wait until something holds; tell whether it did in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def _text(file: Path) -> str:
    """Return a file's text, but no more than is of use to a reader."""
    with contextlib.suppress(OSError), file.open("rb") as opened:
        return opened.read(2_000_000).decode(errors="replace")
    return ""
