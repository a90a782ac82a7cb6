"""Shells for a student: the kit's own, and one on each machine."""

from __future__ import annotations

import os
import shlex
import shutil
from typing import TYPE_CHECKING, Final

from graders.errors import UsageError
from graders.providers.registry import exec_prefixes, provider
from graders.settings import cache_dir, state_dir

if TYPE_CHECKING:
    from pathlib import Path

    from graders.plan.plan import Plan

_RC: Final = "shell.rc"
# A command in the background must not read a person's terminal.
_ON: Final = """\
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
    plan: Plan, machine: str | None = None, command: str | None = None
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the command line and whole environment of a shell.

    Without `machine` it is a shell of this computer in which kubectl, helm
    and kind are the kit's and talk to the student's cluster; with it, one on
    that machine or node. `command` is run instead of asking for commands.
    The shell's files under the student's folder are written.

    Raises:
        UsageError: there is no such machine.

    """
    if machine is not None:
        return _machine(plan, machine, command), dict(os.environ)
    folder = state_dir(plan.student)
    folder.mkdir(parents=True, exist_ok=True)
    _offer_charts(folder / "helm")
    _write_on(plan, folder / "bin" / "on")
    settings = _settings(plan)
    rc_file = folder / _RC
    rc_file.write_text(_rc(settings), encoding="utf-8")
    given = dict(os.environ) | settings
    if command is None:
        return ("bash", "--rcfile", str(rc_file), "-i"), given
    # A script has no aliases: k stands for kubectl there by a function.
    typed = f'k() {{ kubectl "$@"; }}; {command}'
    return ("bash", "-c", typed), given


def shell_places(plan: Plan) -> list[str]:
    """Return on what a shell can be opened, machines before nodes."""
    return [*plan.machines, *plan.nodes]


def _machine(plan: Plan, machine: str, command: str | None) -> tuple[str, ...]:
    places = shell_places(plan)
    if machine not in places:
        raise UsageError(
            f"machine must be one of {', '.join(places)}, not {machine!r}",
            way_out="without one, `lab shell` opens a shell on this computer",
        )
    transport = provider().transport(plan, machine)
    if command is None:
        return (*transport.terminal, "bash")
    return (*transport.prefix, "bash", "-c", command)


def _write_on(plan: Plan, file: Path) -> None:
    """Write the command `on`; nodes go by their names, too."""
    ways = exec_prefixes(plan)
    cases = [
        f"  {role} | {plan.machine_name(role)})"
        f' set -- {shlex.join(ways[role])} "$@" ;;\n'
        for role in shell_places(plan)
    ]
    text = _ON % ("".join(cases), ", ".join(shell_places(plan)))
    file.parent.mkdir(parents=True, exist_ok=True)
    # Another shell may be running it.
    new = file.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    new.chmod(0o755)
    new.replace(file)


def _settings(plan: Plan) -> dict[str, str]:
    """Return what makes the tools the kit's and the student's own."""
    folder = state_dir(plan.student)
    helm = folder / "helm"
    programs = [folder / "bin", cache_dir() / "bin"]
    path = [*map(str, programs), os.environ.get("PATH", "")]
    return {
        "PATH": os.pathsep.join(path),
        "KUBECONFIG": str(folder / "kubeconfig"),
        "LAB_ANSWERS": str(folder / "answers.yml"),
        "HELM_CACHE_HOME": str(helm),
        "HELM_CONFIG_HOME": str(helm),
        "HELM_DATA_HOME": str(helm),
        "HELM_CONTENT_CACHE": str(helm / "content"),
        "HELM_REPOSITORY_CACHE": str(helm / "cache"),
        "HELM_REPOSITORY_CONFIG": str(helm / "repositories.yaml"),
        **provider().shell_environment(plan),
    }


def _offer_charts(helm: Path) -> None:
    """Give the student an own copy of the kit's chart repository.

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
    """Return the file that bash reads: the user's own first, then ours.

    The user's may set PATH anew, so all is set again after it.
    """
    front = settings["PATH"].removesuffix(os.environ.get("PATH", ""))
    lines = [
        f"export {name}={shlex.quote(value)}"
        for name, value in settings.items()
        if name != "PATH"
    ]
    return "\n".join(
        [
            "[ -f ~/.bashrc ] && . ~/.bashrc",
            f"export PATH={shlex.quote(front)}$PATH",
            *lines,
            "alias k=kubectl",
            r'PS1="(metallb-lab) ${PS1:-\w\$ }"',
            "",
        ]
    )
