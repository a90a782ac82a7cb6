"""What networks this host knows."""

from __future__ import annotations

import json
from ipaddress import IPv4Network

from graders.errors import CannotCheck
from graders.providers.docker_networks import (
    DockerNetwork,
    Route,
    docker_networks,
    parse_ip_route,
    parse_proc_route,
)


def test_network_that_vanishes_while_looking() -> None:
    """A network that is removed between list and look is looked over."""
    calls = []

    def docker(*args: str) -> str:
        calls.append(args)
        if args[1] == "ls":
            return "gone" if len(calls) == 1 else ""
        raise CannotCheck("no such network")

    assert docker_networks(docker) == []


def test_docker_network_is_read() -> None:
    """IPv6 subnets are left out, and a bridge may have its own name."""
    subnets = [{"Subnet": "10.5.0.0/16"}, {"Subnet": "fd00::/64"}]
    item = {
        "Name": "shop",
        "Id": "0" * 64,
        "IPAM": {"Config": subnets},
        "Options": {"com.docker.network.bridge.name": "docker0"},
        "Labels": None,
    }
    answers = {"ls": "0", "inspect": json.dumps([item])}

    assert docker_networks(lambda *args: answers[args[1]]) == [
        DockerNetwork("shop", "docker0", (IPv4Network("10.5.0.0/16"),))
    ]


def test_docker_without_networks() -> None:
    """An engine without networks is not asked about them."""
    assert docker_networks(lambda *_: "") == []


def test_ip_routes_are_read() -> None:
    """Default routes, whole or in halves, are left out; hosts are not."""
    text = json.dumps(
        [
            {"dst": "default", "dev": "eth0"},
            {"dst": "0.0.0.0/1", "dev": "tun0"},
            {"dst": "10.0.0.0/8", "dev": "tun0"},
            {"dst": "192.0.2.7", "dev": "eth0"},
            {"type": "blackhole", "dst": "172.31.0.0/16"},
        ]
    )

    assert parse_ip_route(text) == [
        Route(IPv4Network("10.0.0.0/8"), "tun0"),
        Route(IPv4Network("192.0.2.7/32"), "eth0"),
        Route(IPv4Network("172.31.0.0/16"), "-"),
    ]


def test_proc_routes_are_read() -> None:
    """/proc/net/route says the same where there is no iproute2."""
    text = (
        "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\t"
        "MTU\tWindow\tIRTT\n"
        "eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
        "br-1\t000012AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n"
    )

    assert parse_proc_route(text) == [
        Route(IPv4Network("172.18.0.0/16"), "br-1")
    ]
