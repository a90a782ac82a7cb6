"""No output of a machine ends a grade with a traceback."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.probes.client import Client
from graders.probes.cluster import Cluster
from graders.probes.dhcp import ANY_ADDRESS, Dhcp, mac_of
from graders.probes.dnsmasq import dhcp_options
from graders.probes.refusal import refusal
from graders.probes.router import Router
from graders.probes.static_entries import COMMANDS, static_entries
from graders.probes.traffic import (
    AvailabilityMonitor,
    flows,
    persistent_connection,
)
from graders.providers.machine import Output
from tests.fakes import FakeClock, machine
from tests.fuzzing import FUZZ, damaged, damaged_json, read

if TYPE_CHECKING:
    from collections.abc import Callable

    from graders.providers.machine import Machine

VIP = "192.0.2.1"
SESSIONS = {
    "192.0.2.9": {
        "bgpState": "Established",
        "localAs": 64500,
        "remoteAs": 64501,
        "bgpTimerHoldTimeMsecs": 9000,
        "addressFamilyInfo": {
            "ipv4Unicast": {"inboundSoftConfigPermit": True}
        },
    }
}
HOPS = [{"ip": "192.0.2.9", "afi": "ipv4"}]
TABLE = {
    "routes": {
        "10.0.0.1/32": [{"valid": True, "bestpath": True, "nexthops": HOPS}]
    }
}
OWN = {"10.0.0.0/24": [{"protocol": "bgp", "nexthops": HOPS}]}
KERNEL = [
    {"dst": "default", "gateway": "192.0.2.9", "dev": "eth0"},
    {"dst": "10.0.0.1", "protocol": "bgp", "nexthops": [{"gateway": VIP}]},
    {"dst": "10.0.0.0/24", "protocol": "kernel"},
]
FRR = (
    "% BGP instance not found",
    "bgpd is not running",
    "Exiting: failed to connect to any daemons.",
)
ENTRIES: dict[str, str] = {
    "address": "2: eth0    inet 10.0.0.2/16 brd 10.0.255.255 scope global eth0"
    "\\       valid_lft forever preferred_lft forever\n",
    "neighbour": "10.0.0.9 dev eth0 lladdr 02:00:00:00:00:01 PERMANENT\n",
    "proxy": "10.0.0.7 dev eth0 proxy\n",
    "route": "default via 10.0.0.1 dev eth0\nlocal 10.0.0.2 dev eth0 table"
    " local proto kernel scope host src 10.0.0.2\nblackhole 10.9.0.0/24\n",
    "rule": "100:\tfrom all to 10.0.0.9 lookup 100\n",
    "translation": "-A PREROUTING -d 10.0.0.9/32 -j DNAT --to 10.0.0.3\n",
    "nft": "ip nat PREROUTING ip daddr 10.0.0.9 dnat to 10.0.0.3\n",
    "traffic": "eth0 ingress filter protocol ip pref 1 mirred\n",
    "responder": 'p_dgr UNCONN 0 0 arp:eth0 * users:(("arpd",pid=1,fd=3))\n',
    "program": "/usr/bin/curl\n",
    "setting": "net.ipv4.conf.all.arp_ignore = 0\n"
    "net.ipv4.conf.eth0.proxy_arp_pvlan = 1\n",
}


def _watch(machine: Machine) -> float:
    monitor = AvailabilityMonitor(machine, f"http://{VIP}/", 1)
    with monitor:
        pass
    outage = monitor.outage("bgp")
    return outage.window + outage.longest


def _entries(machine: Machine) -> object:
    """Read what is printed for one kind, and what is usual for all others."""
    return [
        [str(entry.device), entry.answers_arp]
        for entry in static_entries(machine)
    ]


READERS: dict[str, tuple[Callable[[Machine], object], st.SearchStrategy[str]]]
READERS = {
    "arping": (
        lambda it: Client(it).arping(VIP),
        damaged(f"Unicast reply from {VIP} [02:00:00:00:00:01]  0.6ms\n"),
    ),
    "curl": (
        lambda it: Client(it).curl(VIP).text,
        damaged("web-1\n200", "<html>\n000", "\n"),
    ),
    "flows": (lambda it: flows(it, VIP, 9), damaged("web-1\nweb-2\n")),
    "connection": (
        lambda it: persistent_connection(it, VIP, 2),
        damaged("web-1 1\nweb-1 0\n", "a page\nof lines 1\n"),
    ),
    "watch": (_watch, damaged("1700000000000 1\n1700000000200 0\n")),
    "leases": (
        lambda it: Dhcp(it, it).leases(),
        damaged(f"1700000000 02:00:00:00:00:01 {VIP} desk ff:1\n"),
    ),
    "dhcp-try": (
        lambda it: Dhcp(it, it).request_leases([ANY_ADDRESS]),
        damaged(
            f"any: leased {VIP} to client ff01\nany: no lease for client 1"
        ),
    ),
    "mac": (mac_of, damaged("02:00:00:00:00:01\n")),
    "dnsmasq": (
        lambda it: [one.addresses for one in dhcp_options(it)],
        damaged(
            f"dhcp-range={VIP},192.0.2.9,2m # x\ndhcp-host=02:00,{VIP},ignore"
        ),
    ),
    "sessions": (
        lambda it: Router(it).sessions(),
        st.one_of(damaged_json(SESSIONS), damaged(*FRR)),
    ),
    "routes": (
        lambda it: (Router(it).prefixes(), Router(it).next_hops(VIP)),
        st.one_of(damaged_json(TABLE), damaged(*FRR)),
    ),
    "own routes": (lambda it: Router(it).own_routes(), damaged_json(OWN)),
    "fib": (lambda it: Router(it).fib(VIP), damaged_json(KERNEL)),
    "kernel": (lambda it: Router(it).kernel_routes(), damaged_json(KERNEL)),
    "ports": (
        lambda it: Router(it).next_hops_by_port(VIP, VIP, 3),
        damaged(f"{VIP} from 1.1.1.1 via 192.0.2.9 dev eth0 \n"),
    ),
}


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graders.polling.time", FakeClock())


@pytest.mark.parametrize("name", READERS)
@given(data=st.data())
@FUZZ
def test_machines(name: str, data: st.DataObject) -> None:
    """What any command of a probe prints is read, or told in words."""
    reader, texts = READERS[name]
    text = data.draw(texts)
    code = data.draw(st.sampled_from([0, 0, 1, 127]))

    read(lambda: reader(machine(lambda _: Output("x", code, text, text))))


def _listed(**more: str) -> Machine:
    """Return a machine that lists these entries, and the usual others."""
    parts = ENTRIES | more
    text = "=-=-=\n".join(parts[kind] for kind in COMMANDS)
    return machine(lambda _: text)


@pytest.mark.parametrize("kind", COMMANDS)
@given(data=st.data())
@FUZZ
def test_static_entries(kind: str, data: st.DataObject) -> None:
    """The tables of a machine, each damaged in turn."""
    text = data.draw(damaged(ENTRIES[kind]))

    read(lambda: _entries(_listed(**{kind: text})))


def test_many_entries() -> None:
    """A machine with thousands of addresses and routes is read in seconds."""
    numbers = [f"10.1.{high}.{low}" for high in range(40) for low in range(99)]
    addresses = [f"2: eth0 inet {ip}/16 \\ x\n" for ip in numbers]
    routes = [
        f"local {ip} dev eth0 table local proto kernel\n" for ip in numbers
    ]

    assert static_entries(
        _listed(address="".join(addresses), route="".join(routes))
    )


SERVICE = {
    "kind": "Service",
    "metadata": {"name": "web", "uid": "1", "annotations": {}},
    "spec": {"type": "LoadBalancer", "selector": {"app": "web"}},
    "status": {"loadBalancer": {"ingress": [{"ip": VIP}]}},
}


class _Server(Cluster):
    """An API server whose answers are texts."""

    def __init__(self, status: int, text: str) -> None:
        self._answer = status, text

    def _send(self, *_: Any) -> tuple[int, str]:  # noqa: ANN401 - its request
        return self._answer


@given(
    damaged(json.dumps({"items": [SERVICE]}), json.dumps(SERVICE), "[]", "7"),
    st.sampled_from([200, 200, 201, 400, 403, 404, 409, 422, 429, 500, 503]),
)
@FUZZ
def test_answers_of_the_api_server(text: str, status: int) -> None:
    """Whatever comes in place of an object is told in words."""
    server = _Server(status, text)

    for verb in ("GET", "POST", "DELETE"):
        found = read(partial(server.ask, verb, "/api/v1/x", {}))
        assert found is None or isinstance(found, dict | Exception)
    items = read(lambda: server.items("/api/v1/services"))
    assert isinstance(items, list | Exception)


@given(damaged_json({"message": "x is forbidden: exceeded quota: q"}))
@FUZZ
def test_refusals(text: str) -> None:
    """A refusal is one line, whatever the API server says."""
    for status in (400, 403, 404, 422, 500):
        assert str(refusal("POST", "/api/v1/namespaces/x/pods", status, text))
