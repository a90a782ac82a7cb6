"""`lab doctor`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from graders.cli.common import Student, command_context


def doctor(
    student: Student = "demo",
    hosts: Annotated[
        str,
        typer.Option(
            metavar="FILE",
            help="Check the hosts of this inventory instead, over SSH.",
        ),
    ] = "",
) -> None:
    """Check whether this machine can run labs, and how to fix it."""
    from graders.providers.environment import inventory
    from graders.settings import inventory_file

    with command_context("lab doctor", student):
        if not hosts and inventory():
            hosts = str(inventory_file())
        code = _check_hosts(hosts, student) if hosts else _check_here(student)
        sys.exit(code)


def _check_here(student: str) -> int:
    """Print the findings on this machine; return the exit code."""
    from graders.cli.plans import plan_or_default
    from graders.console import Terminal
    from graders.doctor import local

    findings = local.run_doctor(plan_or_default(student))
    Terminal().print(local.render(findings))
    return local.exit_code(findings)


def _check_hosts(file: str, student: str) -> int:
    """Print the findings on an inventory's hosts; return the exit code.

    Raises:
        UsageError: the inventory is not as it should be.

    """
    from pathlib import Path

    from graders.console import Terminal
    from graders.doctor.local import exit_code
    from graders.doctor.remote import preflight, render
    from graders.plan.plan import make_plan
    from graders.providers.inventory import read_hosts

    inventory = read_hosts(Path(file))
    report = preflight(inventory.hosts, make_plan(student))
    Terminal().print(render(report))
    return exit_code(report.all)
