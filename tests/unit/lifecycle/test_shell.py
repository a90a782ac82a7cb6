"""Shells for a student: whose tools, which cluster, which machine."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from graders.errors import UsageError
from graders.lifecycle.shell import PLAIN, shell_argv, shell_places
from graders.plan.plan import make_plan

PLAN = make_plan()


pytestmark = pytest.mark.usefixtures("home")


def typed(text: str, **more: str) -> str:
    """Type `text` at the interactive shell and return what it said."""
    argv, env = shell_argv(PLAN)
    done = subprocess.run(
        argv,
        env=env | more,
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout


@pytest.mark.parametrize("machine", [*PLAN.machines, *PLAN.nodes])
def test_machine(machine: str) -> None:
    """Every machine and node can be entered."""
    argv, _ = shell_argv(PLAN, machine)

    name = f"metallb-lab-{machine}"
    assert argv == ("docker", "exec", "-it", name, "bash")


def test_command_on_a_machine_needs_no_terminal() -> None:
    """A command is run without a terminal."""
    argv, _ = shell_argv(PLAN, "router", "vtysh -c 'show ip bgp'")

    assert argv[:4] == ("docker", "exec", "-i", "metallb-lab-router")
    assert argv[4:] == ("bash", "-c", "vtysh -c 'show ip bgp'")


def test_unknown_machine_lists_them() -> None:
    """The error names every place there is."""
    with pytest.raises(UsageError, match="not 'printer'") as caught:
        shell_argv(PLAN, "printer")

    assert all(place in str(caught.value) for place in shell_places(PLAN))


def test_own_set_up_comes_first_and_the_kit_s_wins(home: Path) -> None:
    """~/.bashrc is read, but PATH and KUBECONFIG are the kit's after it."""
    (home / ".bashrc").write_text(
        "export MINE=yes KUBECONFIG=/theirs PATH=/usr/bin:/bin PS1='me> '\n"
    )

    said = typed('echo "$MINE|$KUBECONFIG|$PATH"; echo "$PS1"; alias k\n')

    state = home / "state" / "demo"
    programs = f"{state / 'bin'}:{home / 'cache' / 'bin'}:/usr/bin:/bin"
    first, second, third = said.splitlines()
    assert first == f"yes|{state / 'kubeconfig'}|{programs}"
    assert second == "(metallb-lab) me> "
    assert third == "alias k='kubectl'"


def test_a_proof_s_shell_has_the_kit_s_settings_only(home: Path) -> None:
    """~/.bashrc may not bear that the shell is killed while it is read."""
    (home / ".bashrc").write_text("echo mine\n")

    said = typed("alias k\n", **{PLAIN: "1"})

    assert said == "alias k='kubectl'\n"


def test_command_knows_k(home: Path) -> None:
    """`lab shell -c` has k, too, and the kit's kubectl is found."""
    kubectl = home / "cache" / "bin" / "kubectl"
    kubectl.write_text('#!/bin/sh\necho "$@"\n')
    kubectl.chmod(0o755)
    argv, env = shell_argv(PLAN, command="k get 'a b'")

    said = subprocess.run(
        argv, env=env, capture_output=True, text=True, check=True
    )

    assert said.stdout == "get a b\n"


def test_helm_is_the_student_s_own(home: Path) -> None:
    """Charts are copied; a repository that the student added stays."""
    common = home / "cache" / "helm"
    (common / "cache").mkdir(parents=True)
    (common / "cache" / "metallb-index.yaml").touch()
    (common / "repositories.yaml").write_text("kit's")
    _, env = shell_argv(PLAN)
    known = Path(env["HELM_REPOSITORY_CONFIG"])
    assert known.read_text() == "kit's"
    known.write_text("student's")

    shell_argv(PLAN)

    assert known.read_text() == "student's"
    assert known.is_relative_to(home / "state" / "demo")
    cache = Path(env["HELM_REPOSITORY_CACHE"])
    assert (cache / "metallb-index.yaml").is_file()


def test_kind_uses_the_lab_s_network() -> None:
    """The module's kind commands make their nodes on the lab's LAN."""
    _, env = shell_argv(make_plan("ada"))

    assert env["KIND_EXPERIMENTAL_DOCKER_NETWORK"] == "metallb-lab-ada"


def _docker(home: Path) -> None:
    """Put a docker into the kit's tools that says what it was told."""
    tool = home / "cache" / "bin" / "docker"
    tool.write_text('#!/bin/sh\nprintf "[%s]" "$@"; echo; cat\n')
    tool.chmod(0o755)


@pytest.mark.parametrize("place", ["worker2", "metallb-lab-worker2"])
def test_on(home: Path, place: str) -> None:
    """`on` runs a command on a machine, its arguments as they are typed."""
    _docker(home)

    said = _run(f'echo in | on {place} sh -c \'echo "$HOME"  $1\' x "a b"')

    told = "[exec][-i][metallb-lab-worker2][sh][-c]"
    assert said.stdout == f'{told}[echo "$HOME"  $1][x][a b]\nin\n'


def test_on_a_terminal(home: Path) -> None:
    """What a person types is not swallowed, nor waited for."""
    _docker(home)

    said = _run("script -qec 'on desk true; read -r x' /dev/null <<< typed")

    assert "[exec][-i][metallb-lab-desk][true]" in said.stdout
    assert said.returncode == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("", "expected a machine and a command"),
        ("router", "expected a machine and a command"),
        ("printer ip route", "must be one of router, lan-client, .*printer"),
    ],
)
def test_on_nothing(words: str, told: str) -> None:
    """Without a machine or a command it says what is missing."""
    said = _run(f"on {words}")

    assert said.returncode == 2
    assert re.search(told, said.stderr)


def _run(command: str) -> subprocess.CompletedProcess[str]:
    argv, env = shell_argv(PLAN, command=command)
    return subprocess.run(
        argv, env=env, capture_output=True, text=True, check=False
    )
