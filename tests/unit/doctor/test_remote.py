"""Hosts are looked at over a real SSH, all at once."""

from __future__ import annotations

import io
import os
import platform
import socket
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.console import Console
from typer.testing import CliRunner

from graders.cli.main import lab_app
from graders.doctor import remote
from graders.doctor.doctor import raise_for_findings
from graders.doctor.facts import ClockOffset, parse
from graders.doctor.findings import Finding
from graders.doctor.remote import HostsReport
from graders.errors import CannotCheck
from graders.plan.plan import make_plan
from graders.providers.machine import Machine, Output
from graders.providers.ssh import SshTarget, SshTransport
from tests.sshd import SSHD, Sshd, free_port, running_sshd

if TYPE_CHECKING:
    from collections.abc import Iterator

PLAN = make_plan()
NOWHERE = SshTarget("10.0.0.3", "debian", Path("key"), Path("known_hosts"))
SEGMENT = "answers=dhcp 192.0.2.1 02:00:00:00:00:99\nsegment=asked"
pytestmark = pytest.mark.slow
needs_sshd = pytest.mark.skipif(SSHD is None, reason="no sshd on PATH")
HOSTS = """
all:
  vars:
    ansible_user: {login.user}
    ansible_port: {login.port}
    ansible_ssh_private_key_file: {login.key}
    known_hosts: {login.known_hosts}
  children:
    cluster:
      hosts:
        control-plane: {{ansible_host: 127.0.0.1}}
        worker: {{ansible_host: 127.0.0.1, ansible_port: {port}}}
        worker2: {{ansible_host: 127.0.0.1, ansible_port: 1}}
    fabric:
      hosts:
        router: {{ansible_host: nowhere.invalid}}
        client: {{ansible_host: nowhere2.invalid}}
        lan-client: {{ansible_host: nowhere3.invalid}}
        dhcp: {{ansible_host: nowhere4.invalid}}
        desk: {{ansible_host: nowhere5.invalid}}
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Sshd]:
    """Run one that has a sudo which asks for nothing.

    No request of a lease leaves this computer.
    """
    with running_sshd(tmp_path) as found:
        found.program("perl", f'cat > /dev/null; echo "{SEGMENT}"')
        found.program("sudo", 'shift 2; exec "$@"')
        yield found


def _shown(report: HostsReport) -> str:
    out = io.StringIO()
    Console(file=out, width=160).print(report.table())
    return out.getvalue()


@needs_sshd
def test_facts(server: Sshd) -> None:
    """What the script prints is what this computer is."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        report = remote.preflight({"worker": SshTransport(server.login)}, PLAN)

    facts = report.facts["worker"]
    assert facts.values["end"] == "yes"
    assert facts.values["hostname"] == platform.node()
    assert facts.number("cores") == len(os.sched_getaffinity(0))
    assert facts.number("memory_kib") > 100_000
    assert facts.number("disk_kib") > 0
    assert facts.number("uid") == os.getuid()
    assert ("tcp", port) in facts.listeners or "ports" not in facts.values


@needs_sshd
def test_others_on_the_segment(server: Sshd) -> None:
    """What one host hears stops a lab; that of the edge is not asked."""
    names = ("client", "worker", "desk")
    ways = {name: SshTransport(server.login) for name in names}

    report = remote.preflight(ways, PLAN)

    assert "segment" not in report.facts["client"].values
    told = {
        name: [one.observed for one in found if one.name == "segment"]
        for name, found in report.findings.items()
    }
    assert told == {
        "client": [],
        "worker": ["DHCP server 192.0.2.1 (02:00:00:00:00:99)"],
        "desk": [],
    }


@needs_sshd
def test_clock(server: Sshd, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host's clock is compared with ours."""
    way = SshTransport(server.login)
    worker = Machine("worker", way)
    same = remote._clock(worker)
    ours = time.time
    monkeypatch.setattr(time, "time", lambda: ours() - 3600)
    other = remote._clock(worker)
    way.close()

    assert same is not None
    assert abs(same.seconds) <= same.uncertainty + 0.01
    assert other is not None
    assert abs(other.seconds - 3600) <= other.uncertainty + 0.01


def test_no_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host whose `date` knows no fractions has no clock to compare."""
    monkeypatch.setattr(
        Machine, "run", lambda *_: Output("date", 0, "1764450000.N\n", "")
    )

    assert remote._clock(Machine("worker", SshTransport(NOWHERE))) is None


@needs_sshd
def test_every_host_that_cannot_be_asked(server: Sshd) -> None:
    """Each is reported, and the others are examined nevertheless."""
    ways = {
        "control-plane": SshTransport(server.login),
        "worker": SshTransport(server.other_key()),
        "worker2": SshTransport(replace(server.login, port=free_port())),
        "router": SshTransport(
            replace(server.login, known_hosts=server.folder / "none")
        ),
    }

    report = remote.preflight(ways, PLAN)

    told = {name: found[0] for name, found in report.findings.items() if found}
    assert "does not accept the key" in told["worker"].observed
    assert "cannot be reached" in told["worker2"].observed
    assert "host key of" in told["router"].observed
    assert list(report.facts) == ["control-plane"]
    assert {one.name for one in report.findings["router"]} == {"way in"}


@needs_sshd
def test_no_sudo(server: Sshd) -> None:
    """A user without sudo is reported."""
    server.program("sudo", "echo sudo: a password is required >&2; exit 1")

    report = remote.preflight(
        {"desk": SshTransport(server.login, sudo=True)}, PLAN
    )

    (told,) = report.findings["desk"]
    assert "may not use sudo" in told.observed
    assert "sudoers.d" in told.remedy


@needs_sshd
def test_one_computer_under_two_names(server: Sshd) -> None:
    """The same machine twice is two hosts with one hostname."""
    ways = {name: SshTransport(server.login) for name in ("worker", "worker2")}

    report = remote.preflight(ways, PLAN)

    names = {one.observed for one in report.findings["worker"]}
    assert f"{platform.node()}, as worker2" in names


@needs_sshd
def test_all_hosts_are_asked_at_once(server: Sshd) -> None:
    """The first is not done before the last is asked: each waits for all."""
    there = server.folder / "there"
    there.mkdir()
    server.program(
        "date",
        f"""\
touch {there}/$$
until [ "$(ls {there} | wc -l)" -ge 8 ]; do sleep 0.05; done
exec /bin/date "$@\"""",
    )
    ways = {
        name: SshTransport(server.login)
        for name in (*PLAN.nodes, *PLAN.machines)
    }

    assert len(remote.preflight(ways, PLAN).facts) == 8


@needs_sshd
def test_doctor(server: Sshd, tmp_path: Path) -> None:
    """`lab doctor --hosts FILE` ends with 3 where anything stops a lab."""
    file = tmp_path / "hosts.yml"
    text = HOSTS.format(login=server.login, port=free_port())
    file.write_text(text, encoding="utf-8")

    done = CliRunner().invoke(lab_app, ["doctor", "--hosts", str(file)])

    assert done.exit_code == 3
    words = " ".join(done.stdout.split())
    for host in ("control-plane", "worker", "worker2", "router", "desk"):
        assert host in words
    assert "STOP" in words


def test_doctor_of_a_bad_inventory(tmp_path: Path) -> None:
    """It is wrong usage, and no host is asked."""
    file = tmp_path / "hosts.yml"
    file.write_text("all: {vars: {}}\n", encoding="utf-8")

    done = CliRunner().invoke(lab_app, ["doctor", "--hosts", str(file)])

    assert done.exit_code == 2
    assert (
        f"{file}:1: all.vars.ansible_ssh_private_key_file must be given"
        in (done.output)
    )


def test_table() -> None:
    """A good host is one line; another one has a line for each finding."""
    good = parse("os=debian 13\ncores=2\nmemory_kib=2097152\ndisk_kib=9437184")
    swap = Finding(
        "swap", ok=False, observed="[on]", requirement="none", fatal=True
    )
    cores = replace(swap, name="cores", observed="1", remedy="give it more")
    facts = {"client": replace(good, clock=ClockOffset(0, 0))}

    lines = _shown(HostsReport(facts, {"client": [], "worker": [swap, cores]}))

    assert "ok    client         debian 13, 2 cores, 2.0 GiB memory" in lines
    assert "STOP  worker  swap   [on]" in lines
    assert "give it more" in lines
    assert lines.count("worker") == 1


def test_refusal() -> None:
    """All that stops a lab is listed by host, with its remedy."""
    swap = Finding(
        "swap", ok=False, observed="on", requirement="none", fatal=True
    )
    cores = replace(swap, name="cores", observed="1", remedy="give it more")
    way = replace(swap, name="way in", observed="it cannot be reached")

    firewall = replace(swap, name="firewall", fatal=False)

    raise_for_findings(HostsReport({}, {"client": [firewall]}))
    report = HostsReport({}, {"client": [firewall, swap]})
    assert report.warnings() == [
        "client: firewall: expected none, not on; ",
    ]
    with pytest.raises(CannotCheck) as caught:
        raise_for_findings(
            HostsReport(
                {}, {"desk": [swap], "dhcp": [way], "worker": [swap, cores]}
            )
        )

    assert str(caught.value).splitlines() == [
        "desk: swap: expected none, not on;",
        "dhcp: it cannot be reached;",
        "worker: swap: expected none, not on;",
        "worker: cores: expected none, not 1; give it more",
        "nothing was changed on any of the hosts",
    ]
