"""`lab doctor`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from graders.cli.common import Student, command_context

if TYPE_CHECKING:
    from graders.doctor.findings import Report


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
    from graders.console import Terminal
    from graders.doctor.findings import exit_code

    with command_context("lab doctor", student):
        report = _check_hosts(hosts, student) if hosts else _check(student)
        Terminal().print(report.table())
        sys.exit(exit_code(report.all))


def _check(student: str) -> Report:
    """Return the findings where the student's lab runs, or would run."""
    from graders.doctor.doctor import examine
    from graders.doctor.engine_facts import QUICK_S
    from graders.plan.plan import make_plan

    # Where the lab is or would be is a finding of the doctor's own.
    return examine(make_plan(student), QUICK_S)


def _check_hosts(file: str, student: str) -> Report:
    """Return the findings on an inventory's hosts."""
    from pathlib import Path

    from graders.doctor.remote import preflight
    from graders.plan.plan import make_plan
    from graders.providers.inventory import read_hosts

    found = read_hosts(Path(file))
    return preflight(found.hosts, make_plan(student, nonce=found.nonce))
