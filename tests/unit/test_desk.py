"""What the desk holds, and what the server says of it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from graders.desk import Desk
from graders.probes.dhcp import Dhcp
from graders.probes.machine import Machine, Output
from graders.transports import DockerExec

from .says import says

MAC = "02:42:ac:12:00:05"
HELD = (
    "2: eth0    inet 172.18.100.170/16 scope global secondary eth0:lease"
    "\\       valid_lft forever preferred_lft forever\n"
)
TABLE = f"1795469271 {MAC} 172.18.100.170 desk 01:{MAC}\n"


@dataclass(frozen=True)
class Device(Machine):
    """A desk with an interface; `address` is what `ip` says of it."""

    address: str = HELD

    def run(self, *argv: str, seconds: float = 20, stdin: str = "") -> Output:
        """Answer by the program that is asked."""
        del seconds, stdin
        out = {"cat": f"{MAC.upper()}\n", "ip": self.address}.get(argv[0], "")
        return Output(" ".join(argv), 0, out, "")


def _desk(table: str, address: str = HELD) -> Desk:
    device = Device("desk", DockerExec("metallb-lab-desk"), address)
    return Desk(device, Dhcp(says(table, "dhcp"), says("", "lan-client")))


def test_its_lease_is_found_by_its_mac() -> None:
    """Other devices' leases are not the desk's."""
    other = "1795469272 02:42:ac:12:00:03 172.18.100.153 * 01:86\n"
    lease = _desk(TABLE + other).lease()

    assert lease is not None
    assert lease.address == "172.18.100.170"
    assert _desk(other).lease() is None


@pytest.mark.parametrize(
    ("text", "address"), [(HELD, "172.18.100.170"), ("", "")]
)
def test_what_it_holds(text: str, address: str) -> None:
    """The address with the label of its lease, or none."""
    assert _desk(TABLE, text).held() == address


def test_a_renewed_lease_ends_later() -> None:
    """The same end is no renewal."""
    desk = _desk(TABLE)

    assert desk.renew(1795469270)
    assert not desk.renew(1795469271)
    assert not _desk("").renew(0)
