"""Networks of this computer: its routes and docker's networks."""

from __future__ import annotations

import json
import re
import struct
import subprocess
import sys
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from graders.errors import MALFORMED, CannotCheck, parsing
from graders.providers import capture
from graders.providers.capture import LISTING_LIMIT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from graders.providers.docker import Docker

# Wider routes are parts of a default route: a VPN may have 0.0.0.0/1 and
# 128.0.0.0/1, and every network is still free.
_MIN_PREFIX: Final = 8
_REMEDY: Final = "does Docker itself answer? see `lab doctor`"
# Interface, destination, and in the eighth column the mask.
_PROC_ROUTE: Final = re.compile(
    r"^(?P<device>\S+)\s+(?P<to>[0-9A-F]{8})(?:\s+\S+){5}"
    r"\s+(?P<mask>[0-9A-F]{8})\b"
)


@dataclass(frozen=True)
class Route:
    """One network that this computer has a route to."""

    network: IPv4Network
    device: str


@dataclass(frozen=True)
class DockerNetwork:
    """A docker network with its IPv4 subnets."""

    name: str
    bridge: str
    subnets: tuple[IPv4Network, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)


def docker_networks(docker: Docker) -> list[DockerNetwork]:
    """Return all networks of the engine.

    Raises:
        CannotCheck: docker does not answer.

    """
    try:
        described = _inspected(docker)
    except CannotCheck:
        # One may have been removed since it was listed.
        described = _inspected(docker)
    with parsing("what docker says of its networks", _REMEDY):
        return [_network(item) for item in json.loads(described)]


def host_routes() -> list[Route]:
    """Return the networks that this computer has routes to.

    Elsewhere than on Linux the engine runs in a virtual machine, and the
    answer is empty.
    """
    if sys.platform != "linux":
        return []
    try:
        done = capture.run(
            ["ip", "-j", "-4", "route"], timeout=10, limit=LISTING_LIMIT
        )
        done.check_returncode()
        return parse_ip_route(done.stdout)
    except (OSError, subprocess.SubprocessError, *MALFORMED):
        # No iproute2, or one without -j (busybox).
        return parse_proc_route(_read("/proc/net/route"))


def parse_ip_route(text: str) -> list[Route]:
    """Read the output of `ip -j -4 route`, without default routes."""
    routes = [
        Route(IPv4Network(item["dst"], strict=False), item.get("dev", "-"))
        for item in json.loads(text or "[]")
        if item["dst"] != "default"
    ]
    return [
        route for route in routes if route.network.prefixlen >= _MIN_PREFIX
    ]


def parse_proc_route(text: str) -> list[Route]:
    """Read /proc/net/route, without default routes."""
    routes = []
    for row in map(_PROC_ROUTE.match, text.splitlines()[1:]):
        if row and int(row["mask"], 16).bit_count() >= _MIN_PREFIX:
            address = _little_endian(row["to"])
            length = int(row["mask"], 16).bit_count()
            network = IPv4Network((address, length), strict=False)
            routes.append(Route(network, row["device"]))
    return routes


def _inspected(docker: Docker) -> str:
    ids = docker("network", "ls", "-q", "--no-trunc").split()
    return docker("network", "inspect", *ids) if ids else "[]"


def _little_endian(digits: str) -> IPv4Address:
    return IPv4Address(struct.pack("=I", int(digits, 16)))


def _network(item: Mapping[str, Any]) -> DockerNetwork:
    """Read one network as `docker network inspect` writes it."""
    configs = (item.get("IPAM") or {}).get("Config") or []
    subnets = [config.get("Subnet", "") for config in configs]
    options = item.get("Options") or {}
    return DockerNetwork(
        name=item["Name"],
        bridge=options.get(
            "com.docker.network.bridge.name", "br-" + item["Id"][:12]
        ),
        subnets=tuple(
            IPv4Network(subnet, strict=False)
            for subnet in subnets
            if "." in subnet
        ),
        labels=item.get("Labels") or {},
    )


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii")
    except OSError:
        return ""
