"""Run a playbook on machines of a class, several at a time.

A machine that fails or does not answer costs its own seats only. One command
of a class runs at a time; another one waits for it.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import yaml

from graders.classroom.seats.fleet_report import FleetReport
from graders.classroom.seats.fleet_screen import fleet_screen
from graders.classroom.seats.machines import machines_file
from graders.environment import playbook_proxies
from graders.errors import CannotCheck
from graders.interrupts import collected_signals
from graders.lifecycle.ansible import AnsibleRun, log_output, run_ansible
from graders.lifecycle.lock import folder_lock
from graders.lifecycle.processes import terminate_leftovers
from graders.providers.ssh import sockets
from graders.settings import ANSIBLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from graders.classroom.class_folder import Class
    from graders.classroom.seats.fleet_report import Ended
    from graders.classroom.seats.seat_plan import Seat

# In the folder of the class: what runs write, and what machines get.
_FOLDER: Final = ".machines"
# Machines at a time. Each takes a process of this computer.
FORKS: Final = 10
# A run that takes longer hangs: a class has been up within two hours.
_LIMIT_S: Final = 6 * 3600.0
# A machine that is cut off is lost within half a minute. Nothing is asked:
# neither for a password nor whether a machine is the right one.
_SSH: Final = (
    "-o ControlMaster=auto -o ControlPersist=60s -o BatchMode=yes"
    " -o ConnectTimeout=10 -o ServerAliveInterval=5 -o ServerAliveCountMax=5"
    " -o StrictHostKeyChecking=yes"
)


@dataclass(frozen=True)
class Job:
    """A playbook for seats on machines, and what it needs to know."""

    playbook: str
    machines: Sequence[str]
    seats: Sequence[Seat] = ()
    variables: Mapping[str, Any] = field(default_factory=dict)
    forks: int = FORKS


class Fleet:
    """The machines of a class, held by one command."""

    def __init__(self, course: Class, verb: str) -> None:
        """Keep them; `hold` takes the machines."""
        self.folder = course.folder / _FOLDER
        self._inventory = machines_file(course)
        self._verb = verb

    @contextmanager
    def hold(self, tell: Callable[[str], None]) -> Iterator[Fleet]:
        """Let no other command of the class work on machines; wait for it.

        Raises:
            CannotCheck: the folder of the class cannot be written.

        """
        with folder_lock(self.folder, self._verb, tell):
            # Of a command that was killed.
            terminate_leftovers(self.folder)
            yield self

    def run(
        self, job: Job, *, quiet: bool = False, on_end: Ended | None = None
    ) -> FleetReport:
        """Run a playbook; return what became of machines and seats.

        `on_end` gets each of them as soon as that is known.

        Raises:
            CannotCheck: Ansible did not start.
            KeyboardInterrupt: Ctrl-C, after all has been ended here.

        """
        report = FleetReport(job.machines, job.seats)
        if not job.machines:
            return report
        if on_end:
            report.on_end(on_end)
        log = self._log(job.playbook)
        with (
            fleet_screen(report, self._verb, log, quiet=quiet) as show,
            collected_signals() as signals,
        ):
            began = time.monotonic()
            status = self._run(
                job,
                _Handler(report, log, show),
                lambda: bool(signals) or time.monotonic() - began > _LIMIT_S,
            )
            if status == "canceled":
                terminate_leftovers(self.folder)
                report.stop("it was interrupted")
        if signals:
            raise KeyboardInterrupt
        if report.problem and not any(
            it.state != "waiting" for it in report.machines.values()
        ):
            raise CannotCheck(
                f"Ansible did not start: {report.problem}",
                remedy=f"see {log}",
            )
        report.finish()
        return report

    def _run(
        self, job: Job, handler: _Handler, cancelled: Callable[[], bool]
    ) -> str:
        run = AnsibleRun(
            project=ANSIBLE,
            playbook=f"{job.playbook}.yml",
            inventory=self._inventory.absolute(),
            variables=to_variables(job.variables),
            folder=self.folder,
            environment=playbook_proxies(job.playbook, ())
            | {
                "ANSIBLE_FORKS": str(job.forks),
                "ANSIBLE_SSH_ARGS": _SSH,
                # That of this computer is not there on machines.
                "ANSIBLE_REMOTE_TEMP": "~/.ansible/tmp",
            }
            | _connections(),
            options=("--limit", ",".join(job.machines)),
        )
        try:
            return run_ansible(run, handler, cancelled)
        except ValueError as error:
            terminate_leftovers(self.folder)
            raise CannotCheck(
                f"a report of Ansible is incomplete ({error})",
                remedy=f"is the disk full? `df -h {self.folder}`; then run it"
                " again",
            ) from error

    def _log(self, playbook: str) -> Path:
        file = (
            self.folder
            / "logs"
            / f"{playbook}-{time.strftime('%Y%m%d-%H%M%S')}.log"
        )
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return file


class _Handler:
    """Takes ansible-runner's events: for the log, the report, the screen."""

    def __init__(
        self, report: FleetReport, log: Path, show: Callable[[], None]
    ) -> None:
        self._report = report
        self._log = log
        self._show = show

    def __call__(self, event: dict[str, Any]) -> bool:
        """Handle one event."""
        if error := log_output(event, self._log):
            self._report.problem = self._report.problem or error
        self._report.handle(
            str(event.get("event", "")), event.get("event_data") or {}
        )
        self._show()
        return True


def _connections() -> dict[str, str]:
    """Return where ssh keeps connections open: in a short path."""
    folder = sockets()
    return {"ANSIBLE_SSH_CONTROL_PATH_DIR": str(folder)} if folder else {}


def to_variables(variables: Mapping[str, Any]) -> str:
    """Return a file of variables none of whose texts is a template.

    Names, keys and commands come from people.
    """
    return yaml.dump(dict(variables), Dumper=_Dumper)


class _Dumper(yaml.SafeDumper):
    """Marks what could be a template as Ansible's `!unsafe`, but no keys."""

    def ignore_aliases(self, _: object) -> bool:
        """Write what is there twice two times."""
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    # Ansible reads a text with that tag as a number or null, if it can; what
    # has no brace is no template.
    tag = "!unsafe" if "{" in text else "tag:yaml.org,2002:str"
    return dumper.represent_scalar(tag, text, style='"')


def _represent_mapping(
    dumper: yaml.SafeDumper, mapping: dict[str, object]
) -> yaml.MappingNode:
    pairs = [
        (
            dumper.represent_scalar("tag:yaml.org,2002:str", key),
            dumper.represent_data(value),
        )
        for key, value in mapping.items()
    ]
    return yaml.MappingNode("tag:yaml.org,2002:map", pairs)


_Dumper.add_representer(str, _represent_text)
_Dumper.add_representer(dict, _represent_mapping)
