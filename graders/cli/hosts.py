"""What the verbs about hosts reached over SSH do."""

from __future__ import annotations

from pathlib import Path

import typer

from graders.console import Terminal
from graders.doctor.local import exit_code
from graders.doctor.remote import preflight, render
from graders.plan.plan import make_plan
from graders.providers.inventory import read_hosts
from graders.providers.vm_files import host_files, read_key, write_files


def doctor_hosts(file: str, student: str) -> int:
    """Print what was found on an inventory's hosts; return the exit code.

    Raises:
        UsageError: the inventory is not as it should be.

    """
    hosts = read_hosts(Path(file))
    report = preflight(hosts.hosts, make_plan(student))
    Terminal().print(render(report))
    return exit_code(report.all)


def render_hosts(
    folder: str, key: str, student: str, *, one_fabric_host: bool
) -> None:
    """Write what makes the hosts of a student's lab.

    Raises:
        UsageError: there is no public key, or no folder to write to.

    """
    public = Path(key).expanduser().absolute()
    secret = str(public.with_suffix(""))
    files = host_files(
        make_plan(student),
        read_key(public),
        secret,
        one_fabric_host=one_fabric_host,
    )
    write_files(Path(folder), files)
    typer.echo(f"wrote {len(files)} files to {folder}; see docs/hosts.md")
