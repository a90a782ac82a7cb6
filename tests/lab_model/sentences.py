"""What the sentence of a check says of a modelled lab.

These read the model, not through the kit: a check that passes while its
sentence is untrue has been fooled. A check is missing where the model itself
cannot tell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from graders.plan.ip_ranges import holds, networks
from tests.lab_model.controllers import vip_of
from tests.lab_model.network import DESK_PAGE, Request, responders, response
from tests.lab_model.webhook import is_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.lab_model.model import LabModel

    Sentence = Callable[[LabModel], bool]

_CLIENTS: Final = ("lan-client", "client")


def _roles(model: LabModel, address: str, dev: str = "eth0") -> list[str]:
    """Return the machines that answer ARP, "" for a stranger."""
    roles = {model.mac(role): role for role in model.interfaces}
    return [roles.get(mac, "") for mac in responders(model, address, dev)]


def _one_node(model: LabModel, vip: str) -> bool:
    (role, *others) = _roles(model, vip) or [""]
    return role in model.plan.nodes and not others


def _answers(model: LabModel, vip: str, text: str, *roles: str) -> bool:
    url = f"http://{vip}/"
    machines = model.plan.machines
    sources = {
        "lan-client": str(machines["lan-client"].lan),
        "client": str(machines["client"].edge),
    }
    return all(
        response(model, Request(role, url, sources[role], 1)) == text
        for role in roles or _CLIENTS
    )


def _fixed_nowhere(model: LabModel, *vips: str) -> bool:
    held = {
        address
        for ends in model.interfaces.values()
        for addresses in ends.values()
        for address in addresses
    }
    fixed = {vip for known in model.permanent.values() for vip in known}
    return not {*vips} & (held | fixed)


def _announcers(model: LabModel, kind: str, name: str) -> set[str]:
    return {
        item["status"]["node"]
        for item in model.cluster.all(kind)
        if item["status"]["serviceName"] == name
    }


def _workers(model: LabModel) -> set[str]:
    return {*model.plan.worker_names()}


def _ready(model: LabModel, name: str) -> set[str]:
    """Return the nodes with ready endpoints of a Service."""
    ends = model.controllers.endpoints(model.service(name))
    return {end["nodeName"] for end in ends}


def _pools_inside(model: LabModel, *ranges: str) -> bool:
    return all(
        holds(ranges, str(end))
        for pool in model.cluster.all("IPAddressPool")
        for text in pool["spec"]["addresses"]
        for net in networks(text)
        for end in (net[0], net[-1])
    )


def _vips(model: LabModel) -> list[str]:
    services = model.cluster.all("Service")
    return [vip_of(item) for item in services if vip_of(item)]


def _hops(model: LabModel) -> tuple[str, set[str]]:
    """Return the protocol and the nodes of the router's route to web."""
    names = {str(node.lan): node.name for node in model.plan.nodes.values()}
    protocol, hops = model.router.route(str(model.plan.bgp_vip))
    return protocol, {names.get(hop, hop) for hop in hops}


def _sessions(model: LabModel) -> bool:
    sessions = model.router.neighbours()
    plan = model.plan
    return model.router.bgp and all(
        (one["bgpState"], one["localAs"], one["remoteAs"])
        == ("Established", plan.router_asn, plan.cluster_asn)
        for one in (sessions[str(node.lan)] for node in plan.nodes.values())
    )


def _policy(model: LabModel, name: str) -> str:
    spec = model.service(name)["spec"]
    return str(spec.get("externalTrafficPolicy", "Cluster"))


def _serving(model: LabModel) -> set[str]:
    ready = _ready(model, "web")
    return ready if _policy(model, "web") == "Local" else _workers(model)


def _leasable(model: LabModel) -> Iterator[str]:
    """Yield the addresses of pools that the DHCP server may lease."""
    for pool in model.cluster.all("IPAddressPool"):
        for text in pool["spec"]["addresses"]:
            for net in networks(text):
                for address in net:
                    if str(address) not in model.dhcp.reserved and any(
                        first <= address <= last
                        for first, last in model.dhcp.ranges
                    ):
                        yield str(address)


_LAB_0: Final[dict[str, Sentence]] = {
    "webhook": is_whole,
    "nodes": lambda m: all(
        {"type": "Ready", "status": "True"} in node["status"]["conditions"]
        for node in m.cluster.all("Node")
    ),
    "metallb_pods": lambda m: (
        m.controllers.speakers() == {*m.plan.node_names()}
    ),
    "pool": lambda m: any(
        holds([str(m.plan.lan)], str(net[0]))
        for pool in m.cluster.all("IPAddressPool")
        for text in pool["spec"]["addresses"]
        for net in networks(text)
    ),
    "advertisement": lambda m: bool(m.cluster.all("L2Advertisement")),
    "vip": lambda m: bool(_vips(m)),
    "http": lambda m: any(
        _one_node(m, vip)
        and _answers(m, vip, "hello from MetalLB", "lan-client")
        for vip in _vips(m)
    ),
}
_LAB_1: Final[dict[str, Sentence]] = {
    "webhook": is_whole,
    "vip": lambda m: bool(m.vip("web")),
    "neighbours": lambda m: all(
        m.vip(name) == str(vip) for name, vip in m.plan.neighbour_vips.items()
    ),
    "pool": lambda m: _pools_inside(m, str(m.plan.service_range)),
    "arp": lambda m: _one_node(m, m.vip("web")),
    "static_entries": lambda m: _fixed_nowhere(m, *_vips(m)),
    "http": lambda m: _answers(m, m.vip("web"), "hello from web"),
}
_LAB_2: Final[dict[str, Sentence]] = {
    "webhook": is_whole,
    "vip": lambda m: m.vip("web") == str(m.plan.l2_vip),
    "endpoints": lambda m: bool(_ready(m, "web")),
    "announced": lambda m: (
        len(_announcers(m, "ServiceL2Status", "web")) == 1
        and _announcers(m, "ServiceL2Status", "web") <= _workers(m)
    ),
    "arp": lambda m: (
        [m.plan.machine_name(one) for one in _roles(m, m.vip("web"))]
        == [*_announcers(m, "ServiceL2Status", "web")]
    ),
    "not_on_interface": lambda m: _fixed_nowhere(m, m.vip("web")),
    "storage": lambda m: not _roles(m, m.vip("web"), "eth1"),
    "http": lambda m: _answers(m, m.vip("web"), "hello from web"),
    "private_pool": lambda m: (
        m.vip("ledger") == str(m.plan.private_vip)
        and not _roles(m, m.vip("ledger"))
    ),
    "failover": lambda m: (
        _workers(m)
        <= m.controllers.advertised(m.service("web"), "L2Advertisement").keys()
    ),
}
_LAB_3: Final[dict[str, Sentence]] = {
    "webhook": is_whole,
    "vip": lambda m: m.vip("web") == str(m.plan.bgp_vip),
    "announced": lambda m: (
        _announcers(m, "ServiceBGPStatus", "web") == _workers(m)
    ),
    "sessions": _sessions,
    "hold_time": lambda m: all(
        0 < one["bgpTimerHoldTimeMsecs"] <= 10_000
        for one in m.router.neighbours().values()
    ),
    "paths": lambda m: (
        {
            path["nexthops"][0]["ip"]
            for path in m.router.table()[f"{m.plan.bgp_vip}/32"]
        }
        == {str(m.plan.nodes[role].lan) for role in ("worker", "worker2")}
    ),
    "fib": lambda m: _hops(m) == ("bgp", _workers(m)),
    "ecmp": lambda m: m.router.layer_4_hash and _workers(m) == _hops(m)[1],
    "source": lambda m: _policy(m, "web") == "Local",
    "filter": lambda m: _pools_inside(m, str(m.plan.bgp_pool)),
}
_LAB_4: Final[dict[str, Sentence]] = {
    "webhook": is_whole,
    "vips": lambda m: (
        m.vip("web") == str(m.plan.bgp_vip)
        and holds([m.plan.pool], m.vip("web-lan"))
    ),
    "arp": lambda m: (
        _one_node(m, m.vip("web-lan"))
        and m.plan.machine_name(_roles(m, m.vip("web-lan"))[0])
        in (
            _ready(m, "web-lan")
            if _policy(m, "web-lan") == "Local"
            else _workers(m)
        )
    ),
    "session": _sessions,
    "route": lambda m: _hops(m)[1] == _serving(m),
    "billing": lambda m: bool(_roles(m, m.vip("billing")) or m.vip("billing")),
    "client_address": lambda m: (
        (_policy(m, "web"), _policy(m, "web-lan")) == ("Local", "Local")
    ),
    "placement": lambda m: (
        len(_ready(m, "web")) == 1 and _ready(m, "web") <= _workers(m)
    ),
    "static_entries": lambda m: _fixed_nowhere(m, *_vips(m)),
}
_LAB_5: Final[dict[str, Sentence]] = {
    "webhook": is_whole,
    "vips": lambda m: all(
        m.vip(name) for name in ("shop", "gateway", "blue", "green")
    ),
    "arp": lambda m: all(
        _one_node(m, m.vip(name))
        for name in ("shop", "gateway", "blue", "green")
    ),
    "desk": lambda m: (
        _roles(m, m.dhcp.leases[m.mac("desk")]) == ["desk"]
        and _answers(m, m.dhcp.leases[m.mac("desk")], DESK_PAGE, "lan-client")
    ),
    "http": lambda m: all(
        response(
            m,
            Request(
                "lan-client",
                f"http://{m.vip(name)}/",
                str(m.plan.machines["lan-client"].lan),
                1,
            ),
        )
        for name in ("shop", "gateway", "blue", "green")
    ),
    "dhcp": lambda m: (
        m.dhcp.running
        and all(
            m.plan.dhcp_first <= first and last <= m.plan.dhcp_last
            for first, last in m.dhcp.ranges
        )
    ),
    "leases": lambda m: not [*_leasable(m)],
    "static_entries": lambda m: _fixed_nowhere(m, *_vips(m)),
    "pools": lambda m: _pools_inside(m, m.plan.pool, m.plan.ingress_pool),
}
SENTENCES: Final = {
    "0": _LAB_0,
    "1": _LAB_1,
    "2": _LAB_2,
    "3": _LAB_3,
    "4": _LAB_4,
    "5": _LAB_5,
}


def holds_in(model: LabModel, number: str, check: str) -> bool:
    """Tell whether the sentence of a check is true of the model.

    A sentence about what is not there is untrue.
    """
    sentence = SENTENCES.get(number, {}).get(check)
    try:
        return sentence is None or sentence(model)
    except (LookupError, StopIteration, RuntimeError, ValueError):
        # A generator turns StopIteration into RuntimeError.
        return False
