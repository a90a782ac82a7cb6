"""The plan that a command works with, and playbooks that need no lab."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from graders.doctor import local, remote
from graders.errors import CannotCheck, UsageError
from graders.lifecycle import lifecycle
from graders.lifecycle.playbook import run_playbook
from graders.plan.plan import make_plan
from graders.providers import status
from graders.providers.docker import EngineDown
from graders.providers.environment import inventory
from graders.providers.hosts import all_ready
from graders.providers.kind import foreign_cluster, locate, plan_from_routes

if TYPE_CHECKING:
    from graders.plan.plan import Plan
    from graders.providers.kind import Location


def checked_plan(student: str) -> Plan:
    """Return the plan to create a lab with; print it if it had to move.

    Raises:
        CannotCheck: all that would stop a lab on this machine, or on the
            hosts of the inventory.

    """
    if hosts := inventory():
        plan = make_plan(student)
        if not all_ready(plan):
            report = remote.preflight(hosts.hosts, plan)
            remote.raise_for_findings(report)
            for line in remote.warnings(report):
                typer.echo(f"lab: {line}", err=True)
        return plan
    location = _locate_or_start_engine(student)
    if location.moved_from:
        typer.echo(
            f"lab: {location.moved_from} is taken here"
            f" ({location.moved_because}); the plan moved to"
            f" {location.plan.lan}",
            err=True,
        )
    if not location.exists or not status.containers(location.plan):
        _check_machine(location.plan)
    return location.plan


def _check_machine(plan: Plan) -> None:
    """Run the doctor.

    Raises:
        CannotCheck: all that would stop a lab on this machine.

    """
    findings = local.run_doctor(plan)
    fatal = [one for one in findings if one.fatal and one.ok is False]
    if fatal:
        raise CannotCheck(
            *(
                f"{one.name}: expected {one.rule}, not {one.observed};"
                f" {one.way_out}"
                for one in fatal
            )
        )


def _locate_or_start_engine(student: str) -> Location:
    """Return where the lab is or can be; start an engine to ask, if none runs.

    Raises:
        UsageError: a kind cluster that is not the kit's has the lab's name.

    """
    try:
        location = locate(student)
        if foreign := foreign_cluster(location.plan):
            raise UsageError(
                f"a kind cluster {location.plan.cluster} exists here that is"
                f" not the kit's ({foreign})",
                way_out="delete it (kind delete cluster --name"
                f" {location.plan.cluster}), or use another student name",
            )
    except EngineDown:
        run_plain_playbook("engine", student)
        return locate(student)
    return location


def plan_or_default(student: str) -> Plan:
    """Return the plan; if docker does not answer, by this host's routes."""
    try:
        return locate(student).plan
    except CannotCheck:
        return plan_from_routes(student).plan


def run_plain_playbook(name: str, student: str, **more: object) -> None:
    """Run a playbook that needs no lab.

    Raises:
        KitError: a step failed.

    """
    plan = plan_or_default(student)
    run_playbook(name, lifecycle.extra_vars(plan) | more, student=student)
