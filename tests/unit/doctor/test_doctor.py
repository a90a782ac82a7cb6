"""The doctor of each provider, and what its findings lead to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from graders.doctor import doctor as module
from graders.doctor.doctor import examine, raise_for_findings
from graders.doctor.findings import Finding, exit_code
from graders.doctor.local import LocalReport
from graders.doctor.remote import HostsReport
from graders.errors import CannotCheck, UsageError
from graders.plan.plan import make_plan

if TYPE_CHECKING:
    from pathlib import Path

PLAN = make_plan()


@pytest.mark.parametrize(
    ("ok", "fatal", "code"),
    [(False, True, 3), (False, False, 0), (None, True, 0), (True, True, 0)],
)
def test_exit_code(*, ok: bool | None, fatal: bool, code: int) -> None:
    """Only a fatal finding that is not well ends with 3."""
    finding = Finding("x", ok, "y", "z", fatal=fatal)

    assert exit_code([finding]) == code


def test_this_computer(monkeypatch: pytest.MonkeyPatch) -> None:
    """On kind, this computer is examined; only fatal findings stop a lab."""
    slow = Finding("cores", ok=False, observed="1", requirement="2")
    full = Finding(*("disk", False, "1 GiB", "4 GiB", "free some"), fatal=True)
    monkeypatch.setattr(module, "run_doctor", lambda _, **__: [slow, full])

    report = examine(PLAN)

    assert isinstance(report, LocalReport)
    assert report.warnings() == []
    with pytest.raises(CannotCheck) as caught:
        raise_for_findings(report)
    assert str(caught.value) == "disk: expected 4 GiB, not 1 GiB; free some"


@pytest.mark.usefixtures("hosts_file")
def test_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    """On hosts, those of the inventory are."""
    examined: list[str] = []

    def preflight(hosts: dict[str, object], _: object) -> HostsReport:
        examined.extend(hosts)
        return HostsReport({}, {})

    monkeypatch.setattr(module, "preflight", preflight)

    raise_for_findings(examine(PLAN))

    assert set(examined) == {*PLAN.nodes, *PLAN.machines}


def test_wrong_inventory(hosts_file: Path) -> None:
    """It is an error of usage."""
    hosts_file.write_text("all: {}\n", encoding="utf-8")

    with pytest.raises(UsageError):
        examine(PLAN)
