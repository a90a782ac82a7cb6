"""What the verbs about hosts reached over SSH do."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from graders.doctor import exit_code
from graders.hosts import read_hosts
from graders.plan import make_plan
from graders.preflight import preflight, render


def see_hosts(file: str, student: str) -> int:
    """Print what was found on an inventory's hosts; return the exit code.

    Raises:
        UsageError: the inventory is not as it should be.

    """
    hosts = read_hosts(Path(file))
    report = preflight(hosts.ways, make_plan(student).cluster)
    Console().print(render(report))
    return exit_code(report.all)
