"""Run playbooks by ansible-runner, with progress and a full log."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import yaml
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from graders.environment import playbook_proxies
from graders.errors import (
    CannotCheck,
    KitError,
    UsageError,
    one_line,
    printable,
)
from graders.interrupts import collected_signals
from graders.lifecycle.ansible import AnsibleRun, log_output, run_ansible
from graders.lifecycle.image_tag import gateway_recipe, recipe
from graders.lifecycle.lock import machine_lock
from graders.lifecycle.processes import terminate_leftovers
from graders.settings import ANSIBLE, state_dir

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# Tasks that take longer than this get a line.
_SLOW_TASK_S: Final = 2.0
# What a task of this action says is for people.
_NOTICE: Final = "ansible.builtin.debug"
# Lines of a failed command that its error shows.
_ERROR_LINES: Final = 4
# Characters of each.
_ERROR_LENGTH: Final = 1000
# Playbooks that change what all students share; only one runs at a time.
_SHARED: Final = ("up", "engine", "engine_stop", "images", "images_save")
# Commands have limits of their own (`time_limits` in inventory/localhost.yml);
# these are for what hangs outside of them.
_TASK_LIMIT_S: Final = 3 * 3600.0
_PLAYBOOK_LIMIT_S: Final = 6 * 3600.0


@dataclass
class Outcome:
    """The result of a playbook; `changed` counts tasks that changed it."""

    changed: int
    log: Path


@dataclass
class _Progress:
    """Prints notices and slow tasks, and keeps the first failure.

    A report of a task (see the action `lab_exec`) with `tell` is printed.

    `show` shows the current task on a terminal; `ended` is called when all
    tasks are done and none has failed.
    """

    console: Console
    log: Path
    changed: int = 0
    failure: str = ""
    refused: dict[str, str] | None = None
    task: str = ""
    began: float = field(default_factory=time.monotonic)
    started: float = field(default_factory=time.monotonic)
    show: Callable[[str], None] = lambda _: None
    ended: Callable[[], object] = lambda: None

    def __call__(self, event: dict[str, Any]) -> bool:
        """Handle one event of ansible-runner."""
        if error := log_output(event, self.log):
            self.failure = self.failure or one_line(error, _ERROR_LENGTH)
        data = event.get("event_data", {})
        kind = event.get("event", "")
        if kind in {"runner_on_ok", "runner_on_failed"}:
            self._tell(data.get("res", {}))
        if kind == "playbook_on_task_start":
            self._next(data)
        elif kind in {"runner_on_failed", "runner_item_on_failed"}:
            self._failed(data)
        elif kind == "runner_on_ok":
            self._ok(data)
        elif kind == "playbook_on_stats" and not self.failure:
            self.ended()
        return True

    def overdue(self) -> bool:
        """Tell whether the playbook has to be ended; say so as its failure.

        ansible-runner's own limits depend on a clock that may be set.
        """
        now = time.monotonic()
        for what, since, limit in (
            (self.task, self.started, _TASK_LIMIT_S),
            ("all steps", self.began, _PLAYBOOK_LIMIT_S),
        ):
            if what and now - since > limit:
                self.failure = f"{what}: not done within {limit:.0f} s"
                return True
        return False

    def finish(self) -> None:
        """Print the last task if it was slow."""
        self._next({})

    def _tell(self, result: dict[str, Any]) -> None:
        """Print what a task tells the student, such as what it deleted."""
        for report in result.get("reports") or []:
            if line := report.get("tell"):
                text = escape(printable(str(line)))
                self.console.print(f"  {text}", highlight=False)

    def _next(self, data: dict[str, Any]) -> None:
        now = time.monotonic()
        if self.task and now - self.started >= _SLOW_TASK_S:
            self.console.print(
                f"  {escape(self.task)}  {now - self.started:.0f} s",
                highlight=False,
            )
        role = data.get("role")
        name = str(data.get("name") or "")
        self.task = printable(f"{role}: {name}" if role else name)
        self.started = now
        self.show(escape(self.task))

    def _ok(self, data: dict[str, Any]) -> None:
        result = data.get("res", {})
        if result.get("changed"):
            self.changed += 1
        if data.get("task_action") == _NOTICE:
            self.console.print(
                f"  {escape(str(result.get('msg')))}",
                highlight=False,
                soft_wrap=True,
            )

    def _failed(self, data: dict[str, Any]) -> None:
        if data.get("ignore_errors"):
            return
        result = data.get("res", {})
        if self.failure and "results" in result:
            return  # the sum of items whose failures are known
        output = str(result.get("stderr") or result.get("stdout") or "")
        lines = [
            one_line(line, _ERROR_LENGTH)
            for line in output.splitlines()
            if line.strip()
        ]
        message = one_line(str(result.get("msg", "")), _ERROR_LENGTH)
        if late := result.get("timedout"):
            message = f"not done within {late['period']:g} s; it was ended"
        cause = " | ".join(lines[-_ERROR_LINES:]) or message
        self.failure = f"{data.get('task', 'a step')}: {cause}"
        self.refused = result.get("refused")


def run_playbook(  # noqa: PLR0913 - what to run, and how to report it
    name: str,
    variables: dict[str, Any],
    *,
    student: str,
    locked: Callable[[], object] = lambda: None,
    ended: Callable[[], object] = lambda: None,
) -> Outcome:
    """Run playbook `name`; progress goes to stderr, all else to the log.

    `locked` is called once nobody else changes what students share.
    `ended` is called after the last task if none has failed; Ansible itself
    takes a quarter of a second more.

    Raises:
        UsageError: the playbook refused to run, and says what to change.
        CannotCheck: a task failed; names the task, its cause and the log.
        KeyboardInterrupt: Ctrl-C, after the playbook has ended.

    """
    folder = state_dir(student)
    log = folder / "logs" / f"{name}-{time.strftime('%Y%m%d-%H%M%S')}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    console = Console(stderr=True)
    console.print(
        f"{name}: full log in {log}", highlight=False, soft_wrap=True
    )
    progress = _Progress(console, log, ended=ended)
    # Processes left by an interrupted command would interfere.
    terminate_leftovers(folder)
    shared = (
        machine_lock(f"{name} of {student}", console.print)
        if name in _SHARED
        else nullcontext()
    )
    # ansible-runner would install its own handlers and leave them, so that
    # nothing could be interrupted after the first playbook.
    with (
        shared,
        _spinner(console, name) as progress.show,
        collected_signals() as signals,
    ):
        locked()
        progress.began = progress.started = time.monotonic()
        status = _run(name, variables, folder, progress, signals)
    progress.finish()
    if signals:
        terminate_leftovers(folder)
        raise KeyboardInterrupt
    if status == "canceled":
        terminate_leftovers(folder)
    if status != "successful":
        raise _problem(name, progress)
    return Outcome(progress.changed, log)


@contextmanager
def _spinner(console: Console, name: str) -> Iterator[Callable[[str], None]]:
    """Show the current task and its time on a terminal, else nothing."""
    if not console.is_terminal:
        yield lambda _: None
        return
    columns = (
        # The usual one is not in ASCII.
        SpinnerColumn(
            "dots" if console.encoding.startswith("utf") else "line"
        ),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(name, total=None)
        yield lambda text: bar.reset(task, description=text)


def _run(  # noqa: PLR0913, PLR0917 - all parts of a run
    name: str,
    variables: dict[str, Any],
    folder: Path,
    progress: _Progress,
    signals: list[int],
) -> str:
    """Run it and return ansible-runner's status."""
    recipes = {"recipe": recipe(), "gateway_recipe": gateway_recipe()}
    run = AnsibleRun(
        project=ANSIBLE,
        playbook=f"{name}.yml",
        inventory=ANSIBLE / "inventory" / "localhost.yml",
        variables=json.dumps(variables | recipes),
        folder=folder,
        environment=playbook_proxies(name, _own_places(variables)),
    )
    try:
        return run_ansible(
            run, progress, lambda: bool(signals) or progress.overdue()
        )
    except ValueError as error:
        # ansible-runner reads reports from files, and leaves Ansible running.
        terminate_leftovers(folder)
        raise CannotCheck(
            f"could not {_purpose(name)}: a report of Ansible is incomplete"
            f" ({error})",
            remedy=f"is the disk full? `df -h {folder}`; then run it again",
        ) from error


def _own_places(variables: dict[str, Any]) -> list[str]:
    """Return the lab's networks and hosts, which no proxy leads to."""
    networks = [variables[key] for key in ("lan", "edge") if key in variables]
    return [*networks, *variables.get("host_addresses", {}).values()]


def _problem(name: str, progress: _Progress) -> KitError:
    """Return the error for the first failed task."""
    if refused := progress.refused:
        return UsageError(refused["problem"], remedy=refused["remedy"])
    failure = progress.failure or "Ansible did not start"
    return CannotCheck(
        f"could not {_purpose(name)}: {failure}",
        remedy=f"see {progress.log}",
    )


def _purpose(name: str) -> str:
    """Return what a playbook is for, as its first play says."""
    try:
        plays = yaml.safe_load((ANSIBLE / f"{name}.yml").read_bytes())
        title = str(plays[0]["name"])
    except (OSError, LookupError, TypeError, yaml.YAMLError):
        return f"run {name}.yml"
    return title[0].lower() + title[1:]
