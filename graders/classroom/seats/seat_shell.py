"""The shell of a seat: a sandbox at the student's lab that stays open.

Its home is in memory that the engine limits, and is kept as a file, so that
it outlives the container.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from graders.classroom.seats.protocol import NO_LAB
from graders.errors import CannotCheck
from graders.files import write_atomically
from graders.lifecycle.record import SCRIPT, local_file
from graders.providers.capture import TooSlow
from graders.providers.child import Child
from graders.providers.docker import DockerExec, docker
from graders.providers.registry import provider
from graders.providers.sandbox import HOME, Extras, Sandbox
from graders.providers.sandbox_home import restore_home, save_home
from graders.settings import seat_dir, state_dir

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from graders.classroom.seats.protocol import Size
    from graders.plan.plan import Plan
    from graders.providers.relay import Answer

# Bytes of a record of what was typed.
_RECORD_LIMIT: Final = 1_000_000
_COPY_S: Final = 60.0
_SAVED: Final = "home.tar.gz"
_RC: Final = Path(__file__).with_name("seat_shell.sh")
_ENV: Final = f"""\
export KUBECONFIG={HOME}/.kube/config
export EDITOR='busybox vi'
export LAB_TYPED={HOME}/.typed
"""
# What is typed as one line after ssh is recorded, too.
_LINE: Final = """\
. /kit/seat.env
k() { kubectl "$@"; }
eval "$1"
status=$?
printf '%s 0 %s %s\\0' "$status" "$EPOCHSECONDS" "$1" >> "$LAB_TYPED"
exit "$status"
"""
_COPY_CONFIG: Final = "mkdir -p .kube && cp /kit/kubeconfig .kube/config"
_READ_RECORD: Final = f"tail -c {_RECORD_LIMIT} .typed 2> /dev/null || true"
# Whatever still runs in a window that was closed hears of it.
_HANG_UP: Final = """\
for one in /proc/[0-9]*; do
  if tr '\\0' '\\n' < "$one/environ" | grep -qx LAB_WINDOW=%d; then
    kill -HUP "${one#/proc/}"
  fi
done 2> /dev/null
true
"""


class NoLab(CannotCheck):
    """The student has no lab yet, so there is no place for a shell."""

    exit_code = NO_LAB


class SeatShell:
    """The sandbox of a seat, which is opened when it is needed first."""

    def __init__(self, student: str, commands: Mapping[str, Answer]) -> None:
        """Keep the student; `commands` are those of the kit in the shell."""
        self._student = student
        self._commands = commands
        self._sandbox: Sandbox | None = None
        self._plan: Plan | None = None
        # When the kubeconfig was written that the sandbox has.
        self._renewed = 0
        self._lock = threading.RLock()

    def start(
        self, words: Sequence[str], number: int, size: Size | None
    ) -> Child:
        """Start a shell, or a line in one; interactive with `size`.

        Raises:
            NoLab: there is no lab.
            CannotCheck: the sandbox cannot be opened.

        """
        at = DockerExec(self._open().name)
        program = ["env", f"LAB_WINDOW={number}", "bash"]
        if words:
            program += ["/kit/line", *words]
        elif size:
            program += ["--rcfile", "/kit/rc", "-i"]
        return Child(
            [*(at.terminal if size else at.prefix), *program],
            os.environ,
            seat_dir(self._student),
            (size.rows, size.columns) if size else None,
        )

    def hang_up(self, number: int) -> None:
        """Hang up what still runs in a window that was closed."""
        with self._lock:
            self._run(_HANG_UP % number)

    def fetch(self) -> None:
        """Copy answers and what was typed to where the kit reads them."""
        with self._lock:
            if self._sandbox and self._plan:
                self._sandbox.fetch_answers()
                typed = self._run(_READ_RECORD)
                if typed:
                    write_atomically(local_file(self._plan), typed, 0o600)

    def renew(self) -> None:
        """Copy what a start or reset of the lab has written, if it has."""
        with self._lock, suppress(CannotCheck, OSError):
            written = self._config.stat().st_mtime_ns
            if self._sandbox and written != self._renewed:
                self._sandbox.renew_files()
                self._run(_COPY_CONFIG)
                self._renewed = written

    def save(self) -> None:
        """Keep the home, unless it is too large; the last one stays then."""
        with self._lock:
            if self._sandbox:
                save_home(self._sandbox.name, self._file)

    def close(self) -> None:
        """Keep the home, and remove the sandbox."""
        with self._lock:
            if self._sandbox:
                self.fetch()
                self.save()
                self._forget()

    @property
    def _file(self) -> Path:
        return seat_dir(self._student) / _SAVED

    def _open(self) -> Sandbox:
        """Return the sandbox; it is opened if it is not, or not any more."""
        with self._lock:
            plan = self._located()
            if self._sandbox and (plan != self._plan or not self._is_open()):
                self._forget()
            if self._sandbox is None:
                self._renewed = 0
                self._sandbox, self._plan = self._opened(plan), plan
            self.renew()
            return self._sandbox

    def _opened(self, plan: Plan) -> Sandbox:
        sandbox = Sandbox(plan, Extras(_files(), self._commands))
        # A service that was killed has left its container.
        save_home(sandbox.name, self._file)
        sandbox.__enter__()
        if not restore_home(sandbox.name, self._file):
            # A damaged one must not take the place of what comes next.
            _set_aside(self._file)
        return sandbox

    def _located(self) -> Plan:
        """Return the plan of the student's lab."""
        location = provider().locate(self._student)
        if not location.exists or not self._config.exists():
            raise NoLab(
                "no lab is running yet", remedy="`lab start 1` starts one"
            )
        return location.plan

    @property
    def _config(self) -> Path:
        return state_dir(self._student) / "kubeconfig"

    def _is_open(self) -> bool:
        """Tell whether the container runs: `lab down` removes it."""
        if self._sandbox is None:
            return False
        with suppress(CannotCheck):
            state = ("--format", "{{.State.Running}}", self._sandbox.name)
            return docker("inspect", *state) == "true"
        return False

    def _forget(self) -> None:
        sandbox, self._sandbox = self._sandbox, None
        if sandbox:
            sandbox.__exit__(None, None, None)

    def _run(self, script: str) -> str:
        """Return what a script prints in the sandbox, "" if it fails."""
        if self._sandbox is None:
            return ""
        try:
            done = self._sandbox.run(script, _COPY_S)
        except (TooSlow, OSError):
            return ""
        return "" if done.returncode else done.stdout


def _set_aside(file: Path) -> None:
    with suppress(OSError):
        file.replace(file.with_name(f"damaged-{file.name}"))


def _files() -> dict[str, str]:
    """Return the files of /kit that only a seat has."""
    return {
        "rc": _RC.read_text("utf-8"),
        "line": _LINE,
        "seat.env": _ENV,
        "record.sh": SCRIPT.read_text("utf-8"),
    }
