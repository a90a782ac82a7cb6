"""Finds what would stop a lab on hosts, before anything is changed there.

All hosts are asked at once, each by one script that only looks; what one of
them lacks does not keep the others from being asked.
"""

from __future__ import annotations

import platform
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.markup import escape
from rich.table import Table

from graders.doctor.facts import ClockOffset, Facts, parse
from graders.doctor.findings import Finding
from graders.doctor.rules import check_host, check_unique
from graders.errors import CannotCheck
from graders.providers.machine import Machine

if TYPE_CHECKING:
    from collections.abc import Mapping

    from graders.plan.plan import Plan
    from graders.providers.ssh import SshTransport

_SCRIPT: Final = Path(__file__).with_name("facts.sh")
_WAY_IN: Final = "way in"
_AT_ONCE: Final = 32
_SECONDS: Final = 60.0
# The quickest of several is the surest.
_LOOKS_AT_CLOCK: Final = 3


@dataclass(frozen=True)
class Report:
    """What was found, by host; a host without findings will do."""

    facts: dict[str, Facts]
    findings: dict[str, list[Finding]]

    @property
    def all(self) -> list[Finding]:
        """Every finding of every host."""
        return [one for found in self.findings.values() for one in found]


def preflight(ways: Mapping[str, SshTransport], plan: Plan) -> Report:
    """Ask all hosts at once; `plan` is of the lab that is to stand there."""
    with ThreadPoolExecutor(min(len(ways), _AT_ONCE)) as pool:
        asked = pool.map(lambda name: _ask(name, ways[name]), ways)
        answers = dict(zip(ways, asked, strict=True))
    facts = {
        name: one for name, one in answers.items() if isinstance(one, Facts)
    }
    together = check_unique(facts)
    findings = {}
    for name, answer in answers.items():
        if isinstance(answer, Facts):
            found = check_host(name, answer, plan, platform.machine())
            findings[name] = found + together.get(name, [])
        else:
            findings[name] = [answer]
    return Report(facts, findings)


def raise_for_findings(report: Report) -> None:
    """Refuse hosts on which something would stop a lab.

    Raises:
        CannotCheck: all that would, by host.

    """
    if stops := _lines(report, fatal=True):
        raise CannotCheck(
            *stops, way_out="nothing was changed on any of the hosts"
        )


def warnings(report: Report) -> list[str]:
    """Return what may disturb a lab and does not stop it, by host."""
    return _lines(report, fatal=False)


def _lines(report: Report, *, fatal: bool) -> list[str]:
    return [
        f"{host}: {_words(one)}; {one.way_out}"
        for host, findings in report.findings.items()
        for one in findings
        if one.fatal is fatal
    ]


def _words(one: Finding) -> str:
    """Return what is wrong in one line."""
    if one.name == _WAY_IN:
        return one.observed
    return f"{one.name}: expected {one.rule}, not {one.observed}"


def render(report: Report) -> Table:
    """Return what was found as a table for the terminal, by host."""
    table = Table(box=None, pad_edge=False)
    for name in ("", "host", "what", "found", "needed"):
        table.add_column(name, overflow="fold")
    for host, findings in report.findings.items():
        if not findings:
            line = escape(report.facts[host].summary)
            table.add_row("[green]ok[/]", host, "", line, "")
        for at, one in enumerate(findings):
            shown = "" if at else host
            mark = "[red]STOP[/]" if one.fatal else "[yellow]warn[/]"
            table.add_row(
                *(mark, shown, one.name),
                *(escape(one.observed), escape(one.rule)),
            )
            table.add_row("", "", "", f"[bold]{escape(one.way_out)}[/]", "")
    return table


def _ask(name: str, way: SshTransport) -> Facts | Finding:
    """Return what a host says, or why it says nothing."""
    # A connection of its own: what is closed here is nobody else's.
    way = replace(way, label=secrets.token_hex(4))
    machine = Machine(name, way)
    try:
        said = machine.run(
            *("sh", "-s"),
            seconds=_SECONDS,
            stdin=_SCRIPT.read_text(encoding="utf-8"),
        )
        return parse(said.out, _clock(machine))
    except CannotCheck as error:
        cause = error.problems[0].removeprefix(f"could not look from {name}: ")
        return Finding(
            _WAY_IN,
            ok=False,
            observed=cause,
            rule="SSH with a key, and root there",
            way_out=error.way_out,
            fatal=True,
        )
    finally:
        way.close()


def _clock(machine: Machine) -> ClockOffset | None:
    """Return how a host's clock differs from ours, None if it has none.

    Its time lies between question and answer, so half of what these take is
    what cannot be known.
    """
    found = []
    for _ in range(_LOOKS_AT_CLOCK):
        asked = time.time()
        said = machine.run("date", "+%s.%N").out.strip()
        half = (time.time() - asked) / 2
        if said.replace(".", "", 1).isdecimal():
            found.append(ClockOffset(float(said) - asked - half, half))
    return min(found, key=lambda one: one.within, default=None)
