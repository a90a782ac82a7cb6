"""The plan of a command, when others are faster."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from graders.cli import plans
from graders.lifecycle.lifecycle import PlanMoved

if TYPE_CHECKING:
    from graders.providers.base import ProviderStatus


@pytest.fixture(autouse=True)
def statuses(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the statuses that were asked for."""
    asked: list[str] = []

    def checked_status(student: str) -> ProviderStatus:
        asked.append(student)
        return cast("ProviderStatus", f"status {len(asked)}")

    monkeypatch.setattr(plans, "checked_status", checked_status)
    return asked


def _moved(times: int, used: list[object]) -> object:
    def use(status: ProviderStatus) -> str:
        used.append(status)
        if len(used) <= times:
            raise PlanMoved("172.18.0.0/16 is taken by now", remedy="again")
        return "done"

    return plans.with_plan("demo", use)


def test_planned_again(capsys: pytest.CaptureFixture[str]) -> None:
    """Another lab took the networks, so there are others."""
    used: list[object] = []

    assert _moved(2, used) == "done"

    assert used == ["status 1", "status 2", "status 3"]
    assert (
        capsys.readouterr().err.count("is taken by now; planning again") == 2
    )


def test_not_for_ever() -> None:
    """It is left to the person after some times."""
    used: list[object] = []

    with pytest.raises(PlanMoved, match="is taken by now; again"):
        _moved(9, used)

    assert len(used) == 3
