"""What `lab purge` prints, and how it ends."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from graders.cli.main import lab_app
from graders.errors import CannotCheck
from graders.lifecycle.purge import Findings, Purge

pytestmark = pytest.mark.usefixtures("base")


@pytest.fixture
def removed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Have something to remove; return what was."""
    monkeypatch.setenv("STUDENT", "bob")
    found, removed = Findings(left=["an image"]), list[str]()
    found.add("a lab", lambda: removed.append("a lab"))

    def find(self: Purge) -> Findings:
        # The environment's student is who plays, not who is removed.
        assert not self.student
        return found

    monkeypatch.setattr(Purge, "find", find)
    return removed


def test_list(removed: list[str]) -> None:
    """Nothing is removed unasked."""
    done = CliRunner().invoke(lab_app, ["purge"])

    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        "would remove: a lab",
        "stays: an image",
        "nothing was removed; `lab purge --yes` does that",
    ]
    assert not removed


def test_removal(removed: list[str]) -> None:
    """Each thing is told when it is gone."""
    done = CliRunner().invoke(lab_app, ["purge", "--yes"])

    assert done.exit_code == 0
    assert done.stdout.splitlines() == ["stays: an image", "removed: a lab"]
    assert removed == ["a lab"]


def test_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be removed is named with the reason."""

    def fail() -> None:
        raise CannotCheck("it is used", remedy="stop it")

    found = Findings()
    found.add("an image", fail)
    monkeypatch.setattr(Purge, "find", lambda _: found)

    done = CliRunner().invoke(lab_app, ["purge", "--yes"])

    assert done.exit_code == 3
    assert "lab: an image: it is used; stop it; mend" in done.stderr
