"""Find what would stop a lab on hosts, before anything is changed there.

All hosts are asked in parallel, each by read-only scripts, whatever the others
answer.
"""

from __future__ import annotations

import platform
import re
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from rich.markup import escape
from rich.table import Table

from graders.doctor.facts import ClockOffset, Facts, parse
from graders.doctor.findings import Finding
from graders.doctor.rules import check_host, check_unique
from graders.doctor.segment import SCRIPT, check_segment, command, is_on_lan
from graders.providers.machine import Machine, MachineError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from graders.plan.plan import Plan
    from graders.providers.ssh import SshTransport

_SCRIPT: Final = Path(__file__).with_name("facts.sh")
_ACCESS: Final = "way in"
_PARALLEL: Final = 32
_TIME: Final = re.compile(r"[0-9]{1,12}\.[0-9]{1,9}")
_TIMEOUT_S: Final = 60.0
# The quickest answer of several is the most accurate.
_CLOCK_SAMPLES: Final = 3


@dataclass(frozen=True)
class HostsReport:
    """What was found, by host; a host without findings is fit."""

    facts: dict[str, Facts]
    findings: dict[str, list[Finding]]

    remedy: ClassVar[str] = "nothing was changed on any of the hosts"

    @property
    def all(self) -> list[Finding]:
        """Every finding of every host."""
        return [one for host in self.findings.values() for one in host]

    def stops(self) -> list[str]:
        """See Report; by host."""
        return self._lines(fatal=True)

    def warnings(self) -> list[str]:
        """See Report; by host."""
        return self._lines(fatal=False)

    def table(self) -> Table:
        """See Report; by host."""
        return _table(self)

    def _lines(self, *, fatal: bool) -> list[str]:
        return [
            f"{host}: {_describe(one)}; {one.remedy}"
            for host, findings in self.findings.items()
            for one in findings
            if one.fatal is fatal
        ]


def preflight(hosts: Mapping[str, SshTransport], plan: Plan) -> HostsReport:
    """Ask all hosts in parallel whether the lab of `plan` could run there."""
    with ThreadPoolExecutor(min(len(hosts), _PARALLEL)) as pool:
        asked = pool.map(lambda name: _ask(name, hosts[name], plan), hosts)
        answers = dict(zip(hosts, asked, strict=True))
    facts = {
        name: one for name, one in answers.items() if isinstance(one, Facts)
    }
    duplicates = check_unique(facts)
    others = check_segment(facts, plan)
    findings = {}
    for name, answer in answers.items():
        if isinstance(answer, Facts):
            own = check_host(name, answer, plan, platform.machine())
            findings[name] = [
                *(*own, *duplicates.get(name, [])),
                *others.get(name, []),
            ]
        else:
            findings[name] = [answer]
    return HostsReport(facts, findings)


def _describe(one: Finding) -> str:
    """Return what is wrong in one line."""
    if one.name == _ACCESS:
        return one.observed
    return f"{one.name}: expected {one.requirement}, not {one.observed}"


def _table(report: HostsReport) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("", "host", "what", "found", "needed"):
        table.add_column(name, overflow="fold")
    for host, findings in report.findings.items():
        if not findings:
            line = escape(report.facts[host].summary)
            table.add_row("[green]ok[/]", host, "", line, "")
        for index, one in enumerate(findings):
            shown = "" if index else host
            mark = "[red]STOP[/]" if one.fatal else "[yellow]warn[/]"
            table.add_row(
                *(mark, shown, one.name),
                *(escape(one.observed), escape(one.requirement)),
            )
            table.add_row("", "", "", f"[bold]{escape(one.remedy)}[/]", "")
    return table


def _ask(name: str, host: SshTransport, plan: Plan) -> Facts | Finding:
    """Return a host's facts, or why it does not answer."""
    # A separate connection, because it is closed here.
    host = replace(host, pool_key=secrets.token_hex(4))
    machine = Machine(name, host)
    try:
        result = machine.run(
            *("sh", "-s"),
            seconds=_TIMEOUT_S,
            stdin=_SCRIPT.read_text(encoding="utf-8"),
        )
        others = _segment(machine, plan) if is_on_lan(name, plan) else ""
        return parse(f"{result.out}\n{others}", _clock(machine))
    except MachineError as error:
        return Finding(
            _ACCESS,
            ok=False,
            observed=error.cause,
            requirement="SSH with a key, and root there",
            remedy=error.remedy,
            fatal=True,
        )
    finally:
        host.close()


def _segment(machine: Machine, plan: Plan) -> str:
    """Return who answers on a host's LAN, as segment.pl prints it."""
    return machine.run(
        *command(plan),
        seconds=_TIMEOUT_S,
        stdin=SCRIPT.read_text(encoding="utf-8"),
    ).out


def _clock(machine: Machine) -> ClockOffset | None:
    """Return how a host's clock differs from ours, None if it has none.

    Its time lies between question and answer, so half of what these take is
    what cannot be known.
    """
    offsets = []
    for _ in range(_CLOCK_SAMPLES):
        asked = time.time()
        time_there = machine.run("date", "+%s.%N").out.strip()
        half = (time.time() - asked) / 2
        if _TIME.fullmatch(time_there):
            offsets.append(ClockOffset(float(time_there) - asked - half, half))
    return min(offsets, key=lambda one: one.uncertainty, default=None)
