"""Examine where a lab would run: this computer, or an inventory's hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from graders.doctor.local import LocalReport, run_doctor
from graders.doctor.remote import preflight
from graders.errors import CannotCheck
from graders.providers.inventory import inventory
from graders.providers.registry import provider
from graders.settings import HOSTS, KIND

if TYPE_CHECKING:
    from collections.abc import Callable

    from graders.doctor.findings import Report
    from graders.plan.plan import Plan


def examine(plan: Plan) -> Report:
    """Return what was found where the lab of `plan` would run.

    Raises:
        UsageError: the provider's own settings are wrong.

    """
    return _DOCTORS[provider().name](plan)


def raise_for_findings(report: Report) -> None:
    """Raise if something was found that would stop a lab.

    Raises:
        CannotCheck: all that would.

    """
    if stops := report.stops():
        raise CannotCheck(*stops, remedy=report.remedy)


# A doctor for each provider.
_DOCTORS: Final[dict[str, Callable[[Plan], Report]]] = {
    KIND: lambda plan: LocalReport(run_doctor(plan)),
    HOSTS: lambda plan: preflight(inventory().hosts, plan),
}
