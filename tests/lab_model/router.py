"""The FRR router: its sessions, what it accepts, and its kernel's routes."""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from typing import TYPE_CHECKING, Any

from graders.checks.pools import selects
from tests.lab_model.controllers import vip_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from graders.plan.plan import Plan
    from tests.lab_model.controllers import Controllers

NO_BGP = "% BGP instance not found"
_FILTER = {"routeMapForIncomingAdvertisements": "services-only"}


@dataclass
class FakeRouter:
    """It peers with every node, and accepts the agreed prefixes.

    `changes` are what is otherwise in the session with a node, by role;
    `static` are routes of the kernel that came otherwise than by BGP, by
    address: their protocol and next hops. `main` are more routes of the
    kernel, and `ready` those that FRR holds ready, by prefix. `permits` are
    what the filter lets in besides the agreed prefix; prefixes with the
    community `trusted` come in, too.
    `lines` are more lines of
    the configuration, `ports` those on which the router listens. `stopped` is
    what vtysh says when FRR does not run.
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
    main: list[dict[str, Any]] = field(default_factory=list)
    ready: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    permits: list[str] = field(default_factory=list)
    trusted: str = ""
    lines: list[str] = field(default_factory=list)
    ports: list[int] = field(default_factory=lambda: [22, 179])
    stopped: str = ""

    def vtysh(self, command: str) -> str:
        """Answer a command of FRR's shell."""
        if self.stopped:
            return self.stopped
        if command == "show running-config":
            return self.config()
        if not self.bgp:
            return NO_BGP
        answers: dict[str, Callable[[], object]] = {
            "show bgp neighbors json": self.neighbours,
            "show bgp ipv4 unicast json": lambda: {"routes": self.table()},
            "show ip route json": lambda: self.ready,
        }
        if command in answers:
            return json.dumps(answers[command]())
        return f"what FRR says to {command}"

    def config(self) -> str:
        """Return the running configuration."""
        lines = [
            f" neighbor {self.plan.nodes[role].lan} password {text}"
            for role, text in self.password.items()
        ]
        lines += [
            f"ip prefix-list services seq {at} permit {text} le 32"
            for at, text in enumerate([self.plan.bgp_pool, *self.permits])
        ]
        lines += self.lines
        return "\n".join([f"router bgp {self.plan.router_asn}", *lines, ""])

    def neighbours(self) -> dict[str, dict[str, Any]]:
        """Return the sessions by address, as FRR has them in JSON."""
        silent = self.controllers.silent
        return {
            str(node.lan): {
                "bgpState": "Established"
                if node.name not in silent and self._connects(role)
                else "Active",
                "localAs": self.plan.router_asn,
                "remoteAs": self.plan.cluster_asn,
                "bgpTimerHoldTimeMsecs": 9000,
                "bgpTimerUpMsec": 60_000,
                "bgpInUpdateElapsedTimeMsecs": 60_000,
                "addressFamilyInfo": {"ipv4Unicast": {**_FILTER}},
                **self.changes.get(role, {}),
            }
            for role, node in self.plan.nodes.items()
            if "gone" not in self.changes.get(role, {})
        }

    def _connects(self, role: str) -> bool:
        """Say whether a BGPPeer of a node agrees with the router."""
        cluster = self.controllers.cluster
        name = self.plan.nodes[role].name
        labels = cluster.one("Node", name)["metadata"]["labels"]
        return any(
            selects(selector, labels)
            and spec["peerASN"] == self.plan.router_asn
            and spec.get("peerPort", 179) in self.ports
            and self._given(spec) == self.password.get(role, "")
            for peer in cluster.all("BGPPeer")
            for spec in (peer["spec"],)
            for selector in spec.get("nodeSelectors") or [{}]
        )

    def _given(self, spec: dict[str, Any]) -> str:
        """Return a BGPPeer's password."""
        if name := (spec.get("passwordSecret") or {}).get("name"):
            secret = self.controllers.cluster.one("Secret", name)
            return b64decode(secret["data"]["password"]).decode()
        return str(spec.get("password", ""))

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
                tags = specs[0].get("communities") or []
                if addresses[name] in up and self._accepts(net, tags):
                    hop = {"ip": addresses[name]}
                    path = {"valid": True, "nexthops": [hop]}
                    paths = found.setdefault(str(net), [])
                    if path not in paths:
                        paths.append(path)
        for paths in found.values():
            for at, path in enumerate(paths):
                path["bestpath"] = at == 0
                path["multipath"] = at < self.paths
        return found

    def _accepts(self, net: IPv4Network, tags: list[str]) -> bool:
        if self.trusted in tags:
            return True
        if self.accepts:
            return str(net) == self.accepts
        permitted = (self.plan.bgp_pool, *map(IPv4Network, self.permits))
        return not self.filtered or any(map(net.subnet_of, permitted))

    def route(self, address: str) -> tuple[str, list[str]]:
        """Return protocol and next hops of the kernel's route, or none."""
        if address in self.static:
            return self.static[address]
        paths = self.table().get(self._prefix(address), [])
        if not (self.bgp and paths):
            return "", []
        hops = [path["nexthops"][0]["ip"] for path in paths]
        return "bgp", hops[: self.paths]

    def _prefix(self, address: str) -> str:
        """Return the longest prefix of BGP for an address, or its own."""
        nets = map(IPv4Network, self.table())
        found = [net for net in nets if IPv4Address(address) in net]
        own = IPv4Network(address)
        return str(max(found, key=lambda net: net.prefixlen, default=own))

    def kernel(self, address: str) -> str:
        """Answer `ip -j route show match`."""
        protocol, hops = self.route(address)
        routes = [self._default]
        if hops:
            prefix = self._prefix(address) if protocol == "bgp" else address
            routes += [_route(prefix.removesuffix("/32"), protocol, hops)]
        return json.dumps(routes)

    @property
    def _default(self) -> dict[str, Any]:
        return {"dst": "default", "gateway": str(self.plan.lan_gateway)}

    def main_table(self) -> str:
        """Answer `ip -j -4 route show`."""
        routes = [
            _route(address, *self.route(address))
            for prefix in self.table()
            for address in (prefix.removesuffix("/32"),)
            if "/" not in address and address not in self.static
        ]
        routes += [_route(at, *told) for at, told in self.static.items()]
        return json.dumps([self._default, *routes, *self.main])

    def choose(self, flow: str, count: int) -> str:
        """Answer `ip route get` for flows that differ in their port."""
        address = flow.partition(" ")[0]
        _, hops = self.route(address)
        return "".join(
            f"{address} via {hops[at % len(hops)]} dev eth0 \\   cache\n"
            for number in range(count if hops else 0)
            for at in (number if self.layer_4_hash else 0,)
        )


def _route(address: str, protocol: str, hops: list[str]) -> dict[str, Any]:
    via = [{"gateway": hop} for hop in hops]
    return {"dst": address, "protocol": protocol, "nexthops": via}
