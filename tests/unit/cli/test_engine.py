"""Who may stop the engine, and when."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from graders.cli import main, plans
from graders.errors import CannotCheck
from graders.providers import kind_location

pytestmark = pytest.mark.usefixtures("base")


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the playbooks that are run."""
    found: list[str] = []
    monkeypatch.setattr(
        plans, "run_plain_playbook", lambda name, _: found.append(name)
    )
    return found


@pytest.mark.parametrize(
    ("running", "argv"),
    [
        ({"demo"}, []),
        (set(), []),
        ({"demo", "ada"}, ["--force"]),
        (CannotCheck("the engine does not answer"), []),
    ],
)
def test_stopped(
    monkeypatch: pytest.MonkeyPatch,
    played: list[str],
    running: set[str] | CannotCheck,
    argv: list[str],
) -> None:
    """With it stop only labs of this student, unless it is insisted."""

    def students() -> set[str]:
        if isinstance(running, CannotCheck):
            raise running
        return running

    monkeypatch.setattr(kind_location, "running_students", students)

    done = CliRunner().invoke(main.lab_app, ["engine", "stop", *argv])

    assert (done.exit_code, played) == (0, ["engine_stop"])


def test_labs_of_others(
    monkeypatch: pytest.MonkeyPatch, played: list[str]
) -> None:
    """They are named, and the engine goes on."""
    monkeypatch.setattr(
        kind_location, "running_students", lambda: {"demo", "carol", "ada"}
    )

    done = CliRunner().invoke(main.lab_app, ["engine", "stop"])

    assert (done.exit_code, played) == (2, [])
    assert done.stderr == (
        "lab: labs of other students run on this engine: ada, carol; wait"
        " until they are taken down, or run `lab engine stop --force`\n"
    )
