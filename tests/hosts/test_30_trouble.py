"""What hosts go through, and how the next command recovers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import pytest

from tests.depth import thorough

from .conftest import WITH_MANAGEMENT, Told

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Kit

# What is there once systemd has started all that it is to start.
_ROUTES: Final = (
    "timeout 60 systemctl is-system-running --wait > /dev/null; ip route"
)

# A device that no one knows, on the LAN of the host that it is inside.
_STRANGER: Final = """
ip link add link eth0 name other type macvlan mode bridge
ip link set other up
busybox udhcpc -f -q -n -i other -t 3 -T 1 -s /bin/true > /dev/null 2>&1 \\
  && echo leased || echo refused
ip link del other
"""

pytestmark = pytest.mark.usefixtures("stands")


def test_a_segment_with_others(kit: Kit) -> None:
    """Whoever has an address of the plan stops a lab."""
    assert kit.run("lab", "doctor").returncode == 0
    with kit.site.stranger(str(kit.site.plan.pool_last)):
        done = kit.run("lab", "doctor")
    assert done.returncode == 3
    assert "segment" in done.stdout


def test_a_stranger_gets_no_lease(kit: Kit) -> None:
    """The DHCP server serves machines of the lab, and no other device."""
    kit.ok("lab", "start", "5")
    assert kit.site.run("lan-client", "dhcp-try").startswith("any: leased")
    assert kit.site.run("lan-client", _STRANGER).strip() == "refused"


def test_hosts_that_were_restarted(kit: Kit) -> None:
    """All come back with their lab, and with a network that it alone has."""
    kit.ok("lab", "start", "2")
    for role in ("worker", "client", "dhcp"):
        kit.site.restart(role)
    way = f"{kit.site.plan.edge} via {kit.site.plan.machines['router'].lan} "
    assert way in kit.site.run("worker", _ROUTES)
    storage = kit.site.plan.storage_addresses["worker"]
    kit.site.run("desk", f"ping -c 1 -w 30 {storage}")
    kit.ok("lab", "reset")
    assert kit.run("grade").returncode == 1
    kit.ok("lab", "start", "1")
    kit.site.run("worker", "[ ! -e /var/lib/lab-made/storage.sh ]")


def test_a_reset_leaves_other_interfaces_alone(kit: Kit) -> None:
    """It removes what a lab or a student added, also elsewhere."""
    kit.ok("lab", "start", "2")
    kit.site.run("desk", "ip address add 203.0.113.77/32 dev lo")
    kit.ok("lab", "reset")
    for role in WITH_MANAGEMENT:
        said = kit.site.run(role, "ip -4 -o address; ip route")
        assert "203.0.113.1/24" in said
        assert "198.51.100.0/24 via 203.0.113.2" in said
        assert "203.0.113.77" not in said


def test_a_machine_that_was_damaged(kit: Kit) -> None:
    """A reset makes it anew."""
    kit.ok("lab", "start", "1")
    kit.site.run("dhcp", "rm /etc/dnsmasq.lab /usr/local/bin/lab-*")
    kit.site.run("dhcp", "systemctl stop metallb-lab-machine")
    kit.ok("lab", "reset")
    assert kit.run("grade").returncode == 1


@thorough
def test_a_lab_on_this_computer_at_the_same_time(
    kit: Kit, tmp_path: Path
) -> None:
    """For the same student; none is graded as the other, or goes with it."""
    here = Told(kit.site.plan.student, tmp_path, kit.site.inventory)
    here.given["CLUSTER"] = "kind"
    kit.ok("lab", "start", "1")
    try:
        here.ok("lab", "start", "2")
        graded = [
            json.loads(one.run("grade", "--json").stdout)["lab"]
            for one in (kit, here)
        ]
    finally:
        here.ok("lab", "down")
    assert [lab.split("-")[1] for lab in graded] == ["1", "2"]
    assert kit.run("grade").returncode == 1


def test_a_host_that_is_down(kit: Kit) -> None:
    """It is named, not the student; `down` leaves the others alone."""
    kit.ok("lab", "start", "1")
    kit.site.stop("lan-client")
    graded = kit.run("grade")
    down = kit.run("lab", "down")
    kit.site.start("lan-client")
    assert graded.returncode in {1, 3}
    assert "could not look from lan-client" in graded.stdout
    assert down.returncode == 3
    assert "nothing was changed" in down.stderr
    kit.ok("lab", "status")
