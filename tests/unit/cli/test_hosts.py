"""What a person reads who wants a lab on hosts that do not let it in."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from graders.cli import main, plans
from graders.errors import CannotCheck
from graders.lifecycle import playbook
from graders.plan.plan import make_plan
from graders.providers import hosts as provider_module

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

PLAN = make_plan()
ROLES = [*PLAN.nodes, *PLAN.machines]
CHANGING = [("up",), ("start", "1"), ("reset",), ("prove", "1"), ("down",)]
LOOKING = [("hint",), ("brief",), ("shell", "router")]

needs_ssh = pytest.mark.skipif(not shutil.which("ssh"), reason="no ssh")


pytestmark = pytest.mark.usefixtures("base")


@pytest.fixture(autouse=True)
def no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """No engine may be asked."""
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")


def lab(*argv: str) -> Result:
    """Type a `lab` command."""
    return CliRunner().invoke(main.lab_app, argv)


def _have_marks(
    monkeypatch: pytest.MonkeyPatch, **given: str | CannotCheck
) -> None:
    """Have hosts say whose they are; those that are not given, nobody's."""
    found = dict.fromkeys(ROLES, "") | given
    monkeypatch.setattr(provider_module, "owners", lambda _: found)


def _no_playbook(*_: object, **__: object) -> None:
    """Fail: nothing may be changed on any host."""
    pytest.fail("a playbook was run")


@needs_ssh
@pytest.mark.usefixtures("hosts_file")
@pytest.mark.parametrize("argv", CHANGING)
def test_nobody_answers(argv: tuple[str, ...]) -> None:
    """All hosts are told at once, and nothing was changed on any."""
    done = lab(*argv)

    assert done.exit_code == 3
    lines = done.stderr.splitlines()
    assert len(lines) == len(ROLES) + 1
    for role, line in zip(ROLES, lines, strict=False):
        assert f"{role}: debian@127.0.0." in line
        assert "cannot be reached: Connection refused; is it switched" in line
    assert lines[-1] == "lab: nothing was changed on any of the hosts"


@needs_ssh
@pytest.mark.usefixtures("hosts_file")
@pytest.mark.parametrize("argv", LOOKING)
def test_nobody_can_be_looked_at(argv: tuple[str, ...]) -> None:
    """What needs one host says why it does not answer."""
    done = lab(*argv)

    assert done.exit_code == 3
    assert done.stderr.startswith("lab: could not look from ")
    assert done.stderr.count("\n") == 1


@needs_ssh
@pytest.mark.usefixtures("hosts_file")
def test_grade() -> None:
    """A host that is gone is nobody's wrong answer."""
    done = CliRunner().invoke(main.grade_app, [])

    assert done.exit_code == 3
    assert done.stderr.startswith(
        "grade: could not look from control-plane: debian@"
    )


@needs_ssh
@pytest.mark.usefixtures("hosts_file")
def test_status_and_doctor() -> None:
    """Both tell of every host; the doctor says that it stops a lab."""
    status, doctor = lab("status"), lab("doctor")

    assert (status.exit_code, doctor.exit_code) == (0, 3)
    for role in ROLES:
        assert role in status.stdout
        assert role in doctor.stdout
    assert "STOP" in doctor.stdout


@pytest.mark.parametrize(
    "argv", [*CHANGING, *LOOKING, ("status",), ("doctor",)]
)
def test_wrong_usage(
    monkeypatch: pytest.MonkeyPatch, hosts_file: Path, argv: tuple[str, ...]
) -> None:
    """A bad inventory, or another word than kind or hosts, ends with 2."""
    hosts_file.write_text("all: {}\n", encoding="utf-8")
    bad = lab(*argv)
    monkeypatch.setenv("CLUSTER", "vagrant")
    other = lab(*argv)

    assert bad.exit_code == other.exit_code == 2
    assert bad.stderr.splitlines() == [
        f"lab: {hosts_file}:1: all.vars must be given",
        f"lab: {hosts_file}:1: all.children must be given",
    ]
    assert "CLUSTER must be kind or hosts, not 'vagrant'" in other.stderr


@pytest.mark.usefixtures("hosts_file")
def test_down_where_one_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is undone on some hosts that was done on all."""
    _have_marks(monkeypatch, desk=CannotCheck("could not look: no answer"))
    monkeypatch.setattr(playbook, "run_playbook", _no_playbook)

    done = lab("down")

    assert done.exit_code == 3
    assert done.stderr.startswith("lab: could not look: no answer")


@pytest.mark.usefixtures("hosts_file")
def test_down_of_somebody_else_s(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each such host is told, and nothing is touched on any."""
    _have_marks(
        monkeypatch, worker="metallb-lab-ada", desk="/etc/kubernetes/a.conf"
    )
    monkeypatch.setattr(playbook, "run_playbook", _no_playbook)

    done = lab("down")

    assert done.exit_code == 2
    assert done.stderr.splitlines()[:2] == [
        (
            "lab: worker: cluster: expected this lab's (metallb-lab), not"
            " that of metallb-lab-ada; it is left alone"
        ),
        (
            "lab: desk: cluster: expected this lab's (metallb-lab), not one"
            " that is not the kit's (/etc/kubernetes/a.conf); it is left alone"
        ),
    ]
    assert "nothing of this lab is there to take down" in done.stderr


@pytest.mark.usefixtures("hosts_file")
@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, ""),
        ({"worker": PLAN.cluster}, ""),
        ({"worker": PLAN.cluster, "desk": "x"}, "lab: desk: cluster: "),
    ],
)
def test_down(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], told: str
) -> None:
    """What is this lab's goes, and what is not is told."""
    _have_marks(monkeypatch, **given)
    played = []
    monkeypatch.setattr(
        playbook, "run_playbook", lambda name, *_, **__: played.append(name)
    )

    done = lab("down")

    assert done.exit_code == 0
    assert played == ["down"]
    assert done.stderr.startswith(told)
    assert bool(done.stderr) == bool(told)


@pytest.mark.usefixtures("hosts_file")
def test_up_where_the_lab_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hosts that are this lab's already need no preflight, and no engine."""
    monkeypatch.setattr(provider_module, "belongs_to", lambda *_: True)
    monkeypatch.delattr(plans, "examine")

    assert plans.checked_status("demo").location.plan == PLAN
