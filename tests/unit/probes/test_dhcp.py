"""The server's table of leases, and requests of new clients."""

from __future__ import annotations

from graders.probes.dhcp import Dhcp, Lease
from tests.fakes import says

TABLE = """\
1795469271 02:42:AC:12:00:05 172.18.100.170 desk 01:02:42:ac:12:00:05
0 02:42:ac:12:00:03 172.18.100.153 * 01:86:4d
duid 00:01:00:01
half a line
"""
TRIED = """\
any: leased 172.18.100.149 to client 0117
172.18.255.200: leased 172.18.100.150 to client 01ab
172.18.255.201: no lease for client 01cd
"""


def test_leases() -> None:
    """Other lines are skipped; MACs are in lower case."""
    found = Dhcp(says(TABLE, "dhcp"), says("", "lan-client")).leases()

    assert found == [
        Lease("02:42:ac:12:00:05", "172.18.100.170", "desk", 1795469271),
        Lease("02:42:ac:12:00:03", "172.18.100.153", "*", 0),
    ]


def test_devices() -> None:
    """Leases of `dhcp-try` have the MAC of the machine that runs it."""
    asker = says("02:42:AC:12:00:03\n", "lan-client")
    found = Dhcp(says(TABLE, "dhcp"), asker).devices()

    assert [one.address for one in found] == ["172.18.100.170"]


def test_leases_are_released() -> None:
    """Each is released by its address and client id."""
    server, asker = says("", "dhcp"), says(TRIED, "lan-client")

    found = Dhcp(server, asker).request_leases(["any", "172.18.255.200"])

    assert found.addresses == ["172.18.100.149", "172.18.100.150"]
    assert found.leases[2] == ("172.18.255.201", "")
    assert server.asked[0].endswith(
        "172.18.100.149/01:17 172.18.100.150/01:ab"
    )
    assert len(server.asked) == 1


def test_nothing_to_release() -> None:
    """Without leases, no command runs."""
    server = says("", "dhcp")

    assert (
        Dhcp(server, says("any: no lease for client 01"))
        .request_leases(["any"])
        .addresses
        == []
    )
    assert server.asked == []
