"""The plan that a command works with, and playbooks that need no lab."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from graders.cli.common import echo
from graders.doctor.doctor import examine, raise_for_findings
from graders.lifecycle import lifecycle
from graders.lifecycle.playbook import run_playbook
from graders.providers.base import ProviderDown
from graders.providers.registry import provider

if TYPE_CHECKING:
    from collections.abc import Callable

    from graders.providers.base import ProviderStatus

T = TypeVar("T")

# Another lab can take a network once in a while, and not for ever.
_TRIES: Final = 3


def checked_status(student: str) -> ProviderStatus:
    """Return the status of a place where a lab is, or can be created.

    Print the plan's LAN if it had to move.

    Raises:
        KitError: all that would stop a lab.

    """
    status = _status_or_start_engine(student)
    if status.obstacle:
        raise status.obstacle
    location = status.location
    if location.moved_from:
        echo(
            f"lab: {location.moved_from} is taken here"
            f" ({location.moved_because}); the plan moved to"
            f" {location.plan.lan}"
        )
    if status.needs_doctor:
        report = examine(location.plan)
        raise_for_findings(report)
        for line in report.warnings():
            echo(f"lab: {line}")
    return status


def with_plan(student: str, use: Callable[[ProviderStatus], T]) -> T:
    """Call `use` with `checked_status`; again if another lab was faster.

    Raises:
        KitError: as `checked_status` and `use`.

    """
    for _ in range(_TRIES - 1):
        try:
            return use(checked_status(student))
        except lifecycle.PlanMoved as moved:
            echo(f"lab: {moved.problems[0]}; planning again")
    return use(checked_status(student))


def _status_or_start_engine(student: str) -> ProviderStatus:
    try:
        return provider().status(student)
    except ProviderDown:
        run_plain_playbook("engine", student)
        return provider().status(student)


def run_plain_playbook(name: str, student: str, **more: object) -> None:
    """Run a playbook that needs no lab.

    Raises:
        KitError: a step failed.

    """
    plan = provider().expected_plan(student)
    run_playbook(name, lifecycle.extra_vars(plan) | more, student=student)
