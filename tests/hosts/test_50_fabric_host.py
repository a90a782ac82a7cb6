"""Labs on four hosts: the fabric's machines are all inside one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from graders.providers.inventory import FABRIC_HOST
from tests.depth import thorough
from tests.proving import expect_proven

from .conftest import changed

if TYPE_CHECKING:
    from .conftest import Kit

# One that is about the router and clients, and cuts a node off; one about
# DHCP and the desk, with the fewest wrong repairs.
CASES: Final = [
    pytest.param("3", "asn-mismatch", marks=thorough),
    ("5", "pool-on-docker"),
]


def test_up(four: Kit) -> None:
    """Each machine is separate, and a second time changes nothing."""
    assert four.ok("lab", "status").count(" running ") == 8
    said = four.ok("lab", "shell", "router", "-c", "id -u; uname -n; ip a")
    assert said.split()[:2] == ["0", "router"]
    assert str(four.site.plan.machines["router"].edge) in said
    assert "(0 tasks changed)" in four.ok("lab", "up")


@pytest.mark.parametrize(("lab", "variant"), CASES)
def test_proof(four: Kit, lab: str, variant: str) -> None:
    """Each step of the proof comes out as it must."""
    done = four.run(
        *("lab", "prove", lab, "--variant", variant, "--brief", "--json")
    )
    expect_proven(done)


def test_the_host_was_restarted(four: Kit) -> None:
    """Its machines come back, and with them the lab."""
    four.ok("lab", "start", "2")
    four.site.restart(FABRIC_HOST)
    storage = four.site.plan.storage_addresses["worker"]
    ping = f"lab-on desk ping -c 1 -W 1 {storage}"
    until = f"timeout 60 sh -c 'until {ping}; do sleep 1; done'"
    four.site.run(FABRIC_HOST, until)
    four.ok("lab", "reset")
    assert four.run("grade").returncode == 1


def test_a_machine_that_does_not_run(four: Kit) -> None:
    """It is named, not the student; `lab up` mends it."""
    four.site.run(FABRIC_HOST, "systemctl stop metallb-lab-machine@client")
    asked = four.run("lab", "shell", "client", "-c", "true")
    graded = four.run("grade")
    four.ok("lab", "up")
    assert asked.returncode == 3
    assert "client: machine client does not run on this host" in asked.stderr
    assert "Traceback" not in graded.stdout + graded.stderr
    assert four.ok("lab", "status").count(" running ") == 8


def test_what_a_student_did_inside(four: Kit) -> None:
    """It is gone after a reset, and never was on the host."""
    four.ok("lab", "start", "1")
    spoil = "rm -r /etc/frr /root; ip link set eth0 down; touch /etc/spoilt"
    four.run("lab", "shell", "router", "-c", spoil)
    four.ok("lab", "reset")
    four.site.run(FABRIC_HOST, "[ -e /root ] && [ ! -e /etc/spoilt ]")
    assert four.run("grade").returncode == 1


def test_down_leaves_hosts_as_found(
    four: Kit, few_as_found: dict[str, list[str]]
) -> None:
    """Packages, files, interfaces, addresses, processes are removed."""
    four.ok("lab", "down")
    assert not changed(four.site, few_as_found)
