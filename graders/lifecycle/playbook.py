"""Run the playbooks through ansible-runner, with progress and a full log."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import sys
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

from graders.errors import CannotCheck, KitError, UsageError
from graders.lifecycle.image_tag import recipe
from graders.lifecycle.lock import machine_lock
from graders.lifecycle.processes import MARK, terminate_tagged
from graders.settings import ANSIBLE, cache_dir, state_dir

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# Tasks quicker than this are not worth a line of their own.
_WORTH_A_LINE: Final = 2.0
_TAIL: Final = 4
# Playbooks that make what all students share; one at a time does.
_SHARED: Final = ("up", "engine", "engine_stop", "images", "images_save")
# Seconds from a Ctrl-C until it is noticed.
_NOTICED: Final = 0.5


@dataclass
class Outcome:
    """What a playbook came to; `changed` counts tasks that changed."""

    changed: int
    log: Path


@dataclass
class _Progress:
    """One line a long step; `show` has a terminal say what goes on now.

    `ended` is called when all steps are done and none has failed.
    """

    console: Console
    log: Path
    changed: int = 0
    failure: str = ""
    refused: dict[str, str] | None = None
    task: str = ""
    began: float = field(default_factory=time.monotonic)
    show: Callable[[str], None] = lambda _: None
    ended: Callable[[], object] = lambda: None

    def __call__(self, event: dict[str, Any]) -> bool:
        """Take one event of ansible-runner."""
        if text := event.get("stdout"):
            if "[ERROR]: " in text and not self.failure:
                said = text.split("[ERROR]: ", 1)[1]
                self.failure = " ".join(said.split())[:300]
            with self.log.open("a", encoding="utf-8") as file:
                file.write(text + "\n")
        data = event.get("event_data", {})
        kind = event.get("event", "")
        if kind == "playbook_on_task_start":
            self._next(data)
        elif kind in {"runner_on_failed", "runner_item_on_failed"}:
            self._failed(data)
        elif kind == "runner_on_ok" and data.get("res", {}).get("changed"):
            self.changed += 1
        elif kind == "playbook_on_stats" and not self.failure:
            self.ended()
        return True

    def finish(self) -> None:
        """Tell of the last task."""
        self._next({})

    def _next(self, data: dict[str, Any]) -> None:
        now = time.monotonic()
        if self.task and now - self.began >= _WORTH_A_LINE:
            self.console.print(
                f"  {escape(self.task)}  {now - self.began:.0f} s",
                highlight=False,
            )
        role = data.get("role")
        name = str(data.get("name") or "")
        self.task = f"{role}: {name}" if role else name
        self.began = now
        self.show(escape(self.task))

    def _failed(self, data: dict[str, Any]) -> None:
        if data.get("ignore_errors"):
            return
        result = data.get("res", {})
        if self.failure and "results" in result:
            return  # the sum of items that have told already
        parts = [result.get("stderr"), result.get("stdout")]
        said = next((part for part in parts if part), "")
        lines = [line for line in said.splitlines() if line.strip()][-_TAIL:]
        message = str(result.get("msg", ""))
        cause = " | ".join(lines) or message
        self.failure = f"{data.get('task', 'a step')}: {cause}"
        self.refused = result.get("refused")


def run_playbook(  # noqa: PLR0913 - what to run, for whom, and whom to tell
    name: str,
    variables: dict[str, Any],
    *,
    student: str,
    quiet: bool = False,
    ended: Callable[[], object] = lambda: None,
) -> Outcome:
    """Run playbook `name`; progress goes to stderr, all else to the log.

    `ended` is called when its last step has been taken and none has failed;
    Ansible itself needs a quarter of a second more.

    Raises:
        UsageError: the playbook says that the person can mend it.
        CannotCheck: a step failed; names the step, its cause and the log.
        KeyboardInterrupt: Ctrl-C, after the playbook has ended.

    """
    folder = state_dir(student)
    log = folder / "logs" / f"{name}-{time.strftime('%Y%m%d-%H%M%S')}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    console = Console(stderr=True, quiet=quiet)
    console.print(
        f"{name}: full log in {log}", highlight=False, soft_wrap=True
    )
    progress = _Progress(console, log, ended=ended)
    # What a command that was killed left running must not work against this.
    terminate_tagged(str(folder))
    shared = machine_lock(console.print) if name in _SHARED else nullcontext()
    with (
        shared,
        _spinner(console, name) as progress.show,
        _interrupts() as asked,
    ):
        status = _run(name, variables, folder, progress, asked)
    progress.finish()
    if asked:
        terminate_tagged(str(folder))
        raise KeyboardInterrupt
    if status != "successful":
        raise _problem(name, progress)
    return Outcome(progress.changed, log)


@contextmanager
def _spinner(console: Console, name: str) -> Iterator[Callable[[str], None]]:
    """Have what a terminal shows: a step, and for how long; else nothing."""
    if console.quiet or not console.is_terminal:
        yield lambda _: None
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as shown:
        step = shown.add_task(name, total=None)
        yield lambda text: shown.reset(step, description=text)


def _run(  # noqa: PLR0913, PLR0917 - all that a run is made of
    name: str,
    variables: dict[str, Any],
    folder: Path,
    progress: _Progress,
    asked: list[int],
) -> str:
    """Run it and return ansible-runner's word for how it ended."""
    import ansible_runner  # noqa: PLC0415 - half a second that help can do without

    runner = folder / "runner"
    # What an earlier run left there would count for more than what is given.
    shutil.rmtree(runner / "env", ignore_errors=True)
    runner.mkdir(exist_ok=True)
    extra = runner / "variables.json"
    given = variables | {"recipe": recipe()}
    extra.write_text(json.dumps(given), encoding="utf-8")
    result = ansible_runner.run(
        private_data_dir=str(runner),
        project_dir=str(ANSIBLE),
        playbook=f"{name}.yml",
        inventory=str(ANSIBLE / "inventory" / "localhost.yml"),
        cmdline=shlex.join(("-e", f"@{extra}")),
        envvars=_environment() | {MARK: str(folder)},
        event_handler=progress,
        cancel_callback=lambda: bool(asked),
        quiet=True,
        rotate_artifacts=3,
        settings={
            "suppress_ansible_output": True,
            "pexpect_timeout": _NOTICED,
        },
    )
    return str(result.status)


@contextmanager
def _interrupts() -> Iterator[list[int]]:
    """Collect requests to end while a playbook runs, and no longer.

    ansible-runner would keep its own handlers for good: after the first
    playbook nothing could be interrupted any more.
    """
    asked: list[int] = []
    kept = {
        number: signal.signal(number, lambda it, _: asked.append(it))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield asked
    finally:
        for number, before in kept.items():
            signal.signal(number, before)


def _environment() -> dict[str, str]:
    """Return what Ansible reads from its environment."""
    home = cache_dir() / "ansible"
    return {
        # Ansible does not start under a locale that is not installed, or
        # is not of UTF-8.
        "LC_ALL": "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8",
        "ANSIBLE_CONFIG": str(ANSIBLE / "ansible.cfg"),
        "ANSIBLE_FORKS": "2",
        "ANSIBLE_GATHERING": "explicit",
        "ANSIBLE_ASYNC_DIR": str(home / "async"),
        "ANSIBLE_HOME": str(home),
        "ANSIBLE_LOCAL_TEMP": str(home / "tmp"),
        "ANSIBLE_REMOTE_TEMP": str(home / "tmp"),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_PIPELINING": "true",
        "ANSIBLE_RETRY_FILES_ENABLED": "false",
        "ANSIBLE_ROLES_PATH": str(ANSIBLE / "roles"),
        # Without, macOS ends the processes that Ansible forks.
        "OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES",
        "PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}",  # noqa: PTH120 - a PATH entry is text
    }


def _problem(name: str, progress: _Progress) -> KitError:
    """Turn the first failed step into an error for people."""
    if refused := progress.refused:
        return UsageError(refused["problem"], way_out=refused["remedy"])
    failure = progress.failure or "Ansible did not start"
    return CannotCheck(
        f"could not {_purpose(name)}: {failure}",
        way_out=f"the whole story is in {progress.log}",
    )


def _purpose(name: str) -> str:
    """Return what a playbook is for, as its first play says."""
    try:
        plays = yaml.safe_load((ANSIBLE / f"{name}.yml").read_text())
        title = str(plays[0]["name"])
    except (OSError, LookupError, TypeError, yaml.YAMLError):
        return f"run {name}.yml"
    return title[0].lower() + title[1:]
