"""Shells for a student: the kit's own, and one on each machine."""

from __future__ import annotations

import os
import shlex
import shutil
from typing import TYPE_CHECKING, Final

from graders.errors import UsageError
from graders.files import write_atomically
from graders.lifecycle.record import (
    SCRIPT,
    SHELL,
    local_file,
    machine_rc,
    note,
)
from graders.providers.registry import exec_prefixes, provider
from graders.settings import cache_dir, state_dir

if TYPE_CHECKING:
    from pathlib import Path

    from graders.plan.plan import Plan

_RC: Final = "shell.rc"
# What is typed is recorded in the file that it names; see record.sh.
_TYPED: Final = "LAB_TYPED"
# With it in its environment, a shell leaves out the user's own settings.
PLAIN: Final = "LAB_PLAIN"
_WITH_RC: Final = 'exec bash --rcfile <(printf %s "$1") -i'
# A command in the background must not read the terminal.
_ON_SCRIPT: Final = """\
#!/bin/sh
# Runs a command on a machine or node of the lab: on router ip route
if [ $# -lt 2 ]; then
  echo "on: expected a machine and a command: on router ip route" >&2
  exit 2
fi
place=$1
shift
case $place in
%s  *) echo "on: machine must be one of %s, not $place" >&2; exit 2 ;;
esac
[ ! -t 0 ] || exec < /dev/null
exec "$@"
"""


def shell_argv(
    plan: Plan,
    machine: str | None = None,
    command: str | None = None,
    *,
    record: bool = False,
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the command line and whole environment of a shell.

    Without `machine`, it is a shell on this computer with the kit's kubectl,
    helm and kind, for the student's cluster; otherwise one on that machine or
    node. With `command`, it runs that and ends. The shell's files in the
    student's folder are written. With `record`, what is typed is recorded.

    Raises:
        UsageError: there is no such machine.
        OSError: what is typed cannot be recorded.

    """
    if machine is not None:
        argv = _machine(plan, machine, command, record=record)
        return argv, dict(os.environ)
    folder = state_dir(plan.student)
    folder.mkdir(parents=True, exist_ok=True)
    _copy_helm_repo(folder / "helm")
    _write_exec_script(plan, folder / "bin" / "on")
    settings = _settings(plan)
    rc_file = folder / _RC
    write_atomically(rc_file, _rc(settings))
    environment = dict(os.environ) | settings
    # Another shell may have it in its environment.
    environment.pop(_TYPED, None)
    if record and command is None:
        environment[_TYPED] = str(local_file(plan))
    elif record and command:
        note(plan, SHELL, command)
    if command is None:
        return ("bash", "--rcfile", str(rc_file), "-i"), environment
    # Scripts have no aliases, so `k` is a function there.
    script = f'k() {{ kubectl "$@"; }}; {command}'
    return ("bash", "-c", script), environment


def shell_places(plan: Plan) -> list[str]:
    """Return the machines, then the nodes; each can have a shell."""
    return [*plan.machines, *plan.nodes]


def _machine(
    plan: Plan, machine: str, command: str | None, *, record: bool
) -> tuple[str, ...]:
    places = shell_places(plan)
    if machine not in places:
        raise UsageError(
            f"machine must be one of {', '.join(places)}, not {machine!r}",
            remedy="without one, `lab shell` opens a shell on this computer",
        )
    transport = provider().transport(plan, machine)
    if command is None and record:
        rc = machine_rc(machine)
        return (*transport.terminal, "bash", "-c", _WITH_RC, "bash", rc)
    if command is None:
        return (*transport.terminal, "bash")
    if record:
        note(plan, machine, command)
    return (*transport.prefix, "bash", "-c", command)


def _write_exec_script(plan: Plan, file: Path) -> None:
    """Write the command `on`; nodes are known by their names as well."""
    ways = exec_prefixes(plan)
    cases = [
        f"  {role} | {plan.machine_name(role)})"
        f' set -- {shlex.join(ways[role])} "$@" ;;\n'
        for role in shell_places(plan)
    ]
    text = _ON_SCRIPT % ("".join(cases), ", ".join(shell_places(plan)))
    file.parent.mkdir(parents=True, exist_ok=True)
    # Another shell may be running it.
    write_atomically(file, text, mode=0o755)


def _settings(plan: Plan) -> dict[str, str]:
    """Return the environment for the kit's tools and the student's files."""
    folder = state_dir(plan.student)
    helm = folder / "helm"
    programs = [folder / "bin", cache_dir() / "bin"]
    path = [*map(str, programs), os.environ.get("PATH", "")]
    return {
        "PATH": os.pathsep.join(path),
        "KUBECONFIG": str(folder / "kubeconfig"),
        "KUBECACHEDIR": str(cache_dir() / "kubectl"),
        "LAB_ANSWERS": str(folder / "answers.yml"),
        "HELM_CACHE_HOME": str(helm),
        "HELM_CONFIG_HOME": str(helm),
        "HELM_DATA_HOME": str(helm),
        "HELM_CONTENT_CACHE": str(helm / "content"),
        "HELM_REPOSITORY_CACHE": str(helm / "cache"),
        "HELM_REPOSITORY_CONFIG": str(helm / "repositories.yaml"),
        **provider().shell_environment(plan),
    }


def _copy_helm_repo(helm: Path) -> None:
    """Copy the kit's chart repository for the student.

    What the student adds to repositories.yaml stays.
    """
    helm.mkdir(parents=True, exist_ok=True)
    common = cache_dir() / "helm"
    for name in ("cache", "content"):
        if (common / name).is_dir():
            shutil.copytree(common / name, helm / name, dirs_exist_ok=True)
    known = helm / "repositories.yaml"
    if (common / known.name).is_file() and not known.exists():
        shutil.copy(common / known.name, known)


def _rc(settings: dict[str, str]) -> str:
    """Return the file that bash reads: the user's, then the kit's settings.

    The user's may change PATH, so it comes first.
    """
    front = settings["PATH"].removesuffix(os.environ.get("PATH", ""))
    lines = [
        f"export {name}={shlex.quote(value)}"
        for name, value in settings.items()
        if name != "PATH"
    ]
    return "\n".join(
        [
            f'[ -n "${{{PLAIN}-}}" ] || [ ! -f ~/.bashrc ] || . ~/.bashrc',
            f"export PATH={shlex.quote(front)}$PATH",
            *lines,
            "alias k=kubectl",
            f'[ -z "${{{_TYPED}-}}" ] || . {shlex.quote(str(SCRIPT))}',
            r'PS1="(metallb-lab) ${PS1:-\w\$ }"',
            "",
        ]
    )
