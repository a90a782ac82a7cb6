"""What the other verbs of `lab` do."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import typer

from graders.cli.common import locate
from graders.cli.hosts import doctor_hosts
from graders.console import Terminal
from graders.course.lab import load_lab
from graders.doctor import local, remote
from graders.errors import CannotCheck, UsageError
from graders.lifecycle import lifecycle
from graders.lifecycle.early_install import preload_module
from graders.lifecycle.playbook import run_playbook
from graders.lifecycle.shell import shell_argv
from graders.plan.plan import make_plan, variant_for
from graders.providers import status
from graders.providers.docker import EngineDown, EngineForbidden
from graders.providers.environment import inventory
from graders.providers.hosts import all_ready
from graders.providers.kind import foreign_cluster, plan_from_routes
from graders.providers.machine import machine_of
from graders.providers.ownership import foreign_hosts
from graders.settings import inventory_file
from graders.state.current import current_lab

if TYPE_CHECKING:
    from graders.plan.plan import Plan
    from graders.providers.kind import Location


def checked_plan(student: str) -> Plan:
    """Return the plan to stand a lab up by; says when it had to move.

    Raises:
        CannotCheck: something on this host, or on those of the inventory,
            would stop it; all at once.

    """
    if hosts := inventory():
        plan = make_plan(student)
        if not all_ready(plan):
            report = remote.preflight(hosts.hosts, plan)
            remote.raise_for_findings(report)
            for line in remote.warnings(report):
                typer.echo(f"lab: {line}", err=True)
        return plan
    found = _before_the_engine(student)
    if found.moved_from:
        typer.echo(
            f"lab: {found.moved_from} is taken here"
            f" ({found.moved_because}); the plan moved to {found.plan.lan}",
            err=True,
        )
    if not found.exists or not status.containers(found.plan):
        findings = local.run_doctor(found.plan)
        stops = [one for one in findings if one.fatal and one.ok is False]
        if stops:
            raise CannotCheck(
                *(
                    f"{one.name}: expected {one.rule}, not {one.observed};"
                    f" {one.way_out}"
                    for one in stops
                )
            )
    return found.plan


def _before_the_engine(student: str) -> Location:
    """Return the plan, where no engine runs yet by the host's routes."""
    try:
        found = locate(student)
        if foreign := foreign_cluster(found.plan):
            raise UsageError(
                f"a kind cluster {found.plan.cluster} stands here that is"
                f" not the kit's ({foreign})",
                way_out="delete it (kind delete cluster --name"
                f" {found.plan.cluster}), or use another student name",
            )
    except EngineDown:
        run_plain_playbook("engine", student)
        return locate(student)
    return found


def _plan(student: str) -> Plan:
    """Return the plan; where docker does not tell, by the host's routes."""
    try:
        return locate(student).plan
    except CannotCheck:
        return plan_from_routes(student).plan


def run_plain_playbook(name: str, student: str, **more: object) -> None:
    """Run a playbook that is about no lab.

    Raises:
        KitError: a step failed.

    """
    plan = _plan(student)
    run_playbook(name, lifecycle.extra_vars(plan) | more, student=student)


def start_lab(ref: str, variant: str, student: str) -> None:
    """Stand a lab up, broken, and show its brief.

    Raises:
        KitError: no such lab or variant, or a step failed.

    """
    lab = load_lab(ref)
    if variant:
        lab.variant(variant)
    plan = checked_plan(student)
    chosen = variant or variant_for(plan, lab.id, list(lab.variants))
    # What shows it takes a tenth of a second to load, and would be waited for.
    preload_module("graders.brief")
    lifecycle.start(plan, lab, chosen)
    from graders.cli.brief import show_brief

    show_brief(plan, lab)


def reset_lab(student: str) -> None:
    """Reset the lab that stands; say what could not be restored.

    Raises:
        KitError: none stands, or a step failed.

    """
    plan = checked_plan(student)
    try:
        lab, _ = current_lab(plan)
    except CannotCheck:
        if not (inventory() or status.containers(plan)):
            raise
        # The note of what stands is on machine dhcp: bring that back first.
        lifecycle.up(plan)
        lab, _ = current_lab(plan)
    left = lifecycle.reset(plan, lab, lambda line: typer.echo(line, err=True))
    if left:
        raise CannotCheck(
            *left, way_out="`lab down`, then start the lab again"
        )
    typer.echo(f"{lab.id} is at its start state, as recorded")


def down_lab(student: str) -> None:
    """Take down what carries this student's label.

    Raises:
        KitError: docker does not answer, or will not let go; or hosts do
            not answer, or are all somebody else's.

    """
    left: list[str] = []
    try:
        found = locate(student)
        if hosts := inventory():
            left = foreign_hosts(hosts, found.plan)
    except EngineDown:
        typer.echo("no container engine runs, so no lab stands")
        return
    except EngineForbidden:
        raise
    except CannotCheck:
        if inventory():
            raise
        # Whose lab it is stands in labels; the plan is for names only.
    plan = _plan(student)
    run_playbook("down", lifecycle.extra_vars(plan), student=student)
    for line in left:
        typer.echo(f"lab: {line}", err=True)


def open_shell(machine: str | None, command: str, student: str) -> None:
    """Become a shell, here or on a machine; does not return.

    Raises:
        UsageError: there is no such machine.
        CannotCheck: its host does not let the kit in.

    """
    plan = locate(student).plan
    argv, env = shell_argv(plan, machine, command or None)
    if machine and inventory():
        # Why one cannot get there is said here; the shell takes the same way.
        machine_of(plan, machine).run("true")
    os.execvpe(argv[0], list(argv), env)


def doctor(student: str) -> int:
    """Print the doctor's findings; return the exit code.

    Raises:
        UsageError: labs stand on hosts, and their inventory is wrong.

    """
    if inventory():
        return doctor_hosts(str(inventory_file()), student)
    plan = _plan(student)
    findings = local.run_doctor(plan)
    Terminal().print(local.render(findings))
    return local.exit_code(findings)
