"""Run one playbook by ansible-runner, with settings of the kit alone."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from graders.errors import printable
from graders.files import write_atomically
from graders.lifecycle.processes import MARK
from graders.settings import cache_dir

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

# How often ansible-runner looks whether to stop, in seconds.
_CANCEL_INTERVAL_S: Final = 0.5


@dataclass(frozen=True)
class AnsibleRun:
    """A run of `playbook`, a file of `project`.

    `folder` is for what the run writes, and marks its processes. `variables`
    is the text of a file of variables, in JSON or YAML.
    """

    project: Path
    playbook: str
    inventory: Path
    variables: str
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()


def run_ansible(
    run: AnsibleRun,
    handle: Callable[[dict[str, Any]], bool],
    cancelled: Callable[[], bool],
) -> str:
    """Run it and return ansible-runner's status; `handle` gets its events.

    Raises:
        ValueError: a report of Ansible is incomplete; it may still be running.

    """
    import ansible_runner  # noqa: PLC0415 - takes 0.5 s, which help need not

    runner = run.folder / "runner"
    # Files of an earlier run would override our variables.
    shutil.rmtree(runner / "env", ignore_errors=True)
    runner.mkdir(exist_ok=True)
    extra = runner / "variables.json"
    write_atomically(extra, run.variables)
    result = ansible_runner.run(
        private_data_dir=str(runner),
        project_dir=str(run.project),
        playbook=run.playbook,
        inventory=str(run.inventory),
        cmdline=shlex.join(("-e", f"@{extra}", *run.options)),
        envvars=_environment(run.project)
        | dict(run.environment)
        | {MARK: str(run.folder)},
        event_handler=handle,
        cancel_callback=cancelled,
        quiet=True,
        rotate_artifacts=3,
        settings={
            "suppress_ansible_output": True,
            "pexpect_timeout": _CANCEL_INTERVAL_S,
        },
    )
    return str(result.status)


def log_output(event: dict[str, Any], log: Path) -> str:
    """Add what Ansible printed to the log; return its error, or ""."""
    # Ansible writes to a terminal, whose lines end so.
    text = str(event.get("stdout") or "").replace("\r\n", "\n")
    if text:
        # A full disk must not hide what failed.
        with suppress(OSError), log.open("a", encoding="utf-8") as opened:
            opened.write(printable(text, keep="\n\t") + "\n")
    return text.partition("[ERROR]: ")[2]


def _environment(project: Path) -> dict[str, str]:
    """Return Ansible's settings as environment variables."""
    home = cache_dir() / "ansible"
    # Playbooks run in another folder than the command.
    files = {
        name: os.path.abspath(os.environ[name])  # noqa: PTH100 - an environment has text
        for name in ("IMAGES_FILE", "REGISTRY_DIGESTS")
        if os.environ.get(name)
    }
    return files | {
        # Ansible needs an installed locale with UTF-8.
        "LC_ALL": "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8",
        "ANSIBLE_CONFIG": str(project / "ansible.cfg"),
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
        "ANSIBLE_ROLES_PATH": str(project / "roles"),
        # Not in the folder of the user's own kubectl.
        "KUBECACHEDIR": str(cache_dir() / "kubectl"),
        # Without it, macOS kills the processes that Ansible forks.
        "OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES",
        "PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}",  # noqa: PTH120 - a PATH entry is text
    }
