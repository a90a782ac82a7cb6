"""Examine where a lab would run: this computer, or an inventory's hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from graders.doctor.engine_facts import TimedDocker
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

# A busy computer can have a lab as well; it only takes longer.
_PATIENCE_S: Final = 60.0


def examine(plan: Plan, patience: float = _PATIENCE_S) -> Report:
    """Return what was found where the lab of a plan's student would run.

    A local engine may take `patience` seconds in all for its answers.

    Raises:
        UsageError: the provider's own settings are wrong.

    """
    return _DOCTORS[provider().name](plan, patience)


def raise_for_findings(report: Report) -> None:
    """Raise if something was found that would stop a lab.

    Raises:
        CannotCheck: all that would.

    """
    if stops := report.stops():
        raise CannotCheck(*stops, remedy=report.remedy)


# A doctor for each provider.
_DOCTORS: Final[dict[str, Callable[[Plan, float], Report]]] = {
    KIND: lambda plan, patience: LocalReport(
        run_doctor(plan, docker=TimedDocker(patience))
    ),
    HOSTS: lambda plan, _: preflight(
        inventory().hosts, provider().locate(plan.student).plan
    ),
}
