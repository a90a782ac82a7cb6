"""The FRR router: its sessions, what it accepts, and its kernel's routes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from typing import TYPE_CHECKING, Any

from tests.lab_model.controllers import vip_of

if TYPE_CHECKING:
    from graders.plan.plan import Plan
    from tests.lab_model.controllers import Controllers

NO_BGP = "% BGP instance not found"


@dataclass
class FakeRouter:
    """It peers with every node, and accepts the agreed prefixes.

    `changes` are what is otherwise in the session with a node, by role;
    `static` are routes of the kernel that came otherwise than by BGP, by
    address: their protocol and next hops.
    """

    plan: Plan
    controllers: Controllers
    bgp: bool = True
    changes: dict[str, dict[str, Any]] = field(default_factory=dict)
    filtered: bool = True
    accepts: str = ""
    paths: int = 8
    layer_4_hash: bool = True
    static: dict[str, tuple[str, list[str]]] = field(default_factory=dict)
    password: dict[str, str] = field(default_factory=dict)

    def vtysh(self, command: str) -> str:
        """Answer a command of FRR's shell."""
        if command == "show running-config":
            return self.config()
        if not self.bgp:
            return NO_BGP
        if command == "show bgp neighbors json":
            return json.dumps(self.neighbours())
        if command == "show bgp ipv4 unicast json":
            return json.dumps({"routes": self.table()})
        return f"what FRR says to {command}"

    def config(self) -> str:
        """Return the running configuration."""
        lines = [
            f" neighbor {self.plan.nodes[role].lan} password {text}"
            for role, text in self.password.items()
        ]
        return "\n".join([f"router bgp {self.plan.router_asn}", *lines, ""])

    def neighbours(self) -> dict[str, dict[str, Any]]:
        """Return the sessions by address, as FRR has them in JSON."""
        silent = self.controllers.silent
        return {
            str(node.lan): {
                "bgpState": "Active" if node.name in silent else "Established",
                "localAs": self.plan.router_asn,
                "remoteAs": self.plan.cluster_asn,
                "bgpTimerHoldTimeMsecs": 9000,
                "addressFamilyInfo": {"ipv4Unicast": {}},
                **self.changes.get(role, {}),
            }
            for role, node in self.plan.nodes.items()
            if "gone" not in self.changes.get(role, {})
        }

    def table(self) -> dict[str, list[dict[str, Any]]]:
        """Return the accepted paths by prefix."""
        found: dict[str, list[dict[str, Any]]] = {}
        up = {
            address
            for address, told in self.neighbours().items()
            if told["bgpState"] == "Established"
        }
        nodes = self.plan.nodes.values()
        addresses = {node.name: str(node.lan) for node in nodes}
        cluster = self.controllers.cluster
        for service in cluster.all("Service"):
            if not vip_of(service):
                continue
            announced = self.controllers.advertised(
                service, "BGPAdvertisement"
            )
            for name, specs in announced.items():
                length = specs[0].get("aggregationLength", 32)
                vip = vip_of(service)
                net = IPv4Network(f"{vip}/{length}", strict=False)
                if addresses[name] in up and self._accepts(net):
                    hop = {"ip": addresses[name]}
                    path = {"valid": True, "nexthops": [hop]}
                    paths = found.setdefault(str(net), [])
                    if path not in paths:
                        paths.append(path)
        return found

    def _accepts(self, net: IPv4Network) -> bool:
        if self.accepts:
            return str(net) == self.accepts
        return not self.filtered or net.subnet_of(self.plan.bgp_pool)

    def route(self, address: str) -> tuple[str, list[str]]:
        """Return protocol and next hops of the kernel's route, or none."""
        if address in self.static:
            return self.static[address]
        found = [
            (IPv4Network(prefix), paths)
            for prefix, paths in self.table().items()
            if self.bgp and IPv4Address(address) in IPv4Network(prefix)
        ]
        if not found:
            return "", []
        _, paths = max(found, key=lambda one: one[0].prefixlen)
        hops = [path["nexthops"][0]["ip"] for path in paths]
        return "bgp", hops[: self.paths]

    def kernel(self, address: str) -> str:
        """Answer `ip -j route show match`."""
        protocol, hops = self.route(address)
        default = {"dst": "default", "gateway": str(self.plan.lan_gateway)}
        if not hops:
            return json.dumps([default])
        via = [{"gateway": hop} for hop in hops]
        route = {"dst": address, "protocol": protocol, "nexthops": via}
        return json.dumps([default, route])
