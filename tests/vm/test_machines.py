"""Labs on virtual machines that the kit's cloud-init files have made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from graders.providers.inventory import FABRIC_HOST
from tests.hosts.conftest import changed
from tests.proving import expect_proven

from .making import FAST

if TYPE_CHECKING:
    from .conftest import Kit

# One that is about the router and clients, and cuts a node off; one about
# DHCP and the desk.
CASES: Final = [("3", "asn-mismatch"), ("5", "pool-on-docker")]

# On a processor in software 20 s are too few for a round of leases, which is
# told as "cannot check", and 6 s for a node to settle after a reset.
in_time = pytest.mark.skipif(not FAST, reason="no processor helps: no KVM")


def test_cloud_init_was_content(kit: Kit) -> None:
    """It could do all that the files ask for."""
    for role in kit.site.virtual:
        assert kit.site.run(role, "cloud-init status") == "status: done"


def test_they_will_do(kit: Kit) -> None:
    """`lab doctor` finds nothing that would stop a lab there."""
    kit.ok("lab", "doctor")


@pytest.mark.usefixtures("as_found")
def test_up(kit: Kit) -> None:
    """Nodes get ready, and a second time changes nothing."""
    kit.ok("lab", "up")
    said = kit.ok("lab", "shell", "-c", "kubectl get nodes")
    assert said.count(" Ready ") == 3
    assert "(0 tasks changed)" in kit.ok("lab", "up")


@in_time
@pytest.mark.parametrize(("lab", "variant"), CASES)
def test_proof(kit: Kit, lab: str, variant: str) -> None:
    """Each step of the proof comes out as it must."""
    done = kit.run(
        *("lab", "prove", lab, "--variant", variant, "--brief", "--json")
    )
    expect_proven(done)


@in_time
@pytest.mark.parametrize("role", ["worker2", FABRIC_HOST])
def test_a_host_that_was_restarted(kit: Kit, role: str) -> None:
    """It comes back with its part of the lab."""
    kit.ok("lab", "start", "1")
    kit.site.restart(role)
    kit.ok("lab", "reset")
    assert kit.run("grade").returncode == 1


def test_down_leaves_hosts_as_found(
    kit: Kit, as_found: dict[str, list[str]]
) -> None:
    """Packages, files, interfaces, addresses, processes are removed."""
    kit.ok("lab", "down")
    assert not changed(kit.site, as_found)
