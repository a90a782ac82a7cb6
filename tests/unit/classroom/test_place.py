"""Shells of a stranger's: what they are given, and what not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from graders.classroom import place as module
from graders.classroom.place import open_place
from graders.lifecycle.processes import find_tagged
from graders.plan.plan import make_plan
from graders.proof.typist import ShellSpec
from graders.settings import state_dir
from tests.chaos.world import eventually

PLAN = make_plan("ada")


def machine(place: str) -> ShellSpec:
    """Return the shell of a machine."""
    return ShellSpec(("docker", "exec", place), {}, Path("/"))


pytestmark = pytest.mark.usefixtures("base")


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a secret in the environment."""
    monkeypatch.setenv("GITHUB_TOKEN", "secret")


def test_here_without_secrets() -> None:
    """Tokens of the environment and the home of the account stay out."""
    with open_place("here", PLAN, machine) as place:
        shell = place.shell("shell")

        assert "secret" not in shell.env.values()
        assert shell.env["HOME"] != os.environ["HOME"]
        assert Path(shell.env["HOME"]) == shell.cwd
        assert shell.env["KUBECONFIG"].startswith(str(state_dir("ada")))
        assert "/bin" in shell.env["PATH"]
        assert place.shell("router").argv[-1] == "router"


def test_scripts_here() -> None:
    """They have the same environment, and may write."""
    with open_place("here", PLAN, machine) as place:
        done = place.run('echo x > y; cat y; echo "$GITHUB_TOKEN$HOME"', 20)
        home = str(place.shell("shell").cwd)

        assert done.stdout == f"x\n{home}\n"


def test_what_was_left_running_here_is_ended() -> None:
    """A repair has no processes after its end."""
    with open_place("here", PLAN, machine) as place:
        place.run("setsid sleep 600 > /dev/null 2>&1 &", 20)
        # One that is just becoming another program has no environment.
        assert eventually(lambda: find_tagged(str(state_dir("ada"))), 10)

    assert not find_tagged(str(state_dir("ada")))


class FakeSandbox:
    """Takes the place of the container."""

    terminal = ("docker", "exec", "-it", "sandbox", "bash")
    fetched = False

    def __init__(self, _: object) -> None:
        """Create nothing."""

    def __enter__(self) -> FakeSandbox:  # noqa: PYI034 - it is no base class
        """Open it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""

    def run(self, script: str, seconds: float) -> str:
        """Run nothing."""
        return f"{script} {seconds:.0f}"

    def fetch_answers(self) -> None:
        """Copy nothing."""
        FakeSandbox.fetched = True


def test_a_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shell is inside; machines are reached from outside."""
    monkeypatch.setattr(module, "Sandbox", FakeSandbox)

    with open_place("sandbox", PLAN, machine) as place:
        assert place.shell("shell").argv == FakeSandbox.terminal
        assert place.shell("vtysh").argv[-1] == "vtysh"
        assert str(place.run("x", 7)) == "x 7"

    assert FakeSandbox.fetched
