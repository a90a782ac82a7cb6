"""Options about leases, as dnsmasq reads them."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from graders.probes.dnsmasq import DhcpOption, dhcp_options
from tests.fakes import says

TEXT = """\
port=0
conf-file=/etc/more.conf
# dhcp-range=192.0.2.1,192.0.2.2
  dhcp-range = set:a , 192.0.2.10 , 192.0.2.19 , 12h  # for all
dhcp-host=id:ingress-vip-1,192.0.2.15
dhcp-host=id:ingress-vip-1,192.0.2.15
dhcp-ignore=tag:!known
dhcp-option=3,192.0.2.1
"""


def test_options() -> None:
    """Comments, other options and repetitions are left out."""
    found = [*map(str, dhcp_options(says(TEXT, "dhcp")))]

    assert found == [
        "dhcp-range=set:a,192.0.2.10,192.0.2.19,12h",
        "dhcp-host=id:ingress-vip-1,192.0.2.15",
        "dhcp-ignore=tag:!known",
    ]


@pytest.mark.parametrize(
    ("fields", "ends"),
    [
        ("192.0.2.10,192.0.2.19,255.255.255.0,12h", ["10", "19"]),
        ("tag:a,192.0.2.10,192.0.2.19", ["10", "19"]),
        ("192.0.2.0,static", []),
        ("2001:db8::1,2001:db8::9", []),
    ],
)
def test_ranges(fields: str, ends: list[str]) -> None:
    """A range has two ends; what follows is a netmask."""
    option = DhcpOption("dhcp-range", tuple(fields.split(",")))

    assert option.addresses == [IPv4Address(f"192.0.2.{end}") for end in ends]


@pytest.mark.parametrize(
    ("name", "fields", "selective"),
    [
        ("dhcp-range", "tag:a,192.0.2.10,192.0.2.19", True),
        ("dhcp-range", "set:a,192.0.2.10,192.0.2.19", False),
        ("dhcp-host", "02:*:*:*:*:*,ignore", True),
        ("dhcp-host", "02:00:00:00:00:01,192.0.2.15", False),
        ("dhcp-ignore", "tag:!known", True),
    ],
)
def test_selective(name: str, fields: str, *, selective: bool) -> None:
    """Some devices get no lease by these."""
    option = DhcpOption(name, tuple(fields.split(",")))

    assert option.is_selective is selective
