"""What the sentence of a check says of a modelled lab.

These read the model, not through the kit: a check that passes while its
sentence is untrue has been fooled. A check is missing where the model itself
cannot tell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from graders.plan.ip_ranges import holds, networks
from tests.lab_model.controllers import EXCLUDE, vip_of
from tests.lab_model.gateway import Question, greeting, page
from tests.lab_model.network import DESK_PAGE, Request, responders, response
from tests.lab_model.webhook import is_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.lab_model.gateway import Page
    from tests.lab_model.model import LabModel

    Sentence = Callable[[LabModel], bool]

_BGP_PORT: Final = 179
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


def _answered(model: LabModel, vip: str) -> bool:
    """Tell whether both clients get an answer, whatever it is."""
    machines = model.plan.machines
    return all(
        response(model, Request(role, f"http://{vip}/", str(source), 1))
        for role, source in (
            ("lan-client", machines["lan-client"].lan),
            ("client", machines["client"].edge),
        )
    )


def _deployed(model: LabModel, name: str) -> bool:
    """Tell whether a Service selects its Deployment's pods, all ready."""
    (deployment,) = (
        item
        for item in model.cluster.all("Deployment")
        if item["metadata"]["name"] == name
    )
    spec, status = deployment["spec"], deployment["status"]
    selector = model.service(name)["spec"]["selector"]
    labels = spec["template"]["metadata"]["labels"]
    return bool(
        selector.items() <= labels.items()
        and 0 < spec["replicas"] == status["readyReplicas"]
    )


def _excluded(model: LabModel) -> bool:
    """Tell whether the control plane has the label that keeps it out."""
    name = model.plan.machine_name("control-plane")
    return EXCLUDE in model.one("Node", name)["metadata"]["labels"]


def _one_at_a_time(model: LabModel, name: str) -> bool:
    """Tell whether a rollout of a Deployment runs no second pod."""
    spec = model.one("Deployment", name)["spec"]
    strategy = spec.get("strategy") or {}
    update = strategy.get("rollingUpdate") or {}
    return spec["replicas"] == 1 and (
        strategy.get("type") == "Recreate" or update.get("maxSurge") == 0
    )


def _all_advertised(model: LabModel) -> bool:
    """Tell whether an advertisement covers what Services draw from."""
    named = [
        item["spec"].get("ipAddressPools")
        for item in model.cluster.all("L2Advertisement")
    ]
    return all(
        any(not names or pool["metadata"]["name"] in names for names in named)
        for pool in model.cluster.all("IPAddressPool")
        if pool["spec"].get("autoAssign", True)
    )


def _of_pool(model: LabModel, name: str, pool: str) -> bool:
    return holds([pool], model.vip(name))


def _fixed_nowhere(model: LabModel, *vips: str) -> bool:
    held = {
        address
        for ends in model.interfaces.values()
        for addresses in ends.values()
        for address in addresses
    }
    fixed = {vip for known in model.permanent.values() for vip in known}
    lines = [
        line
        for kinds in model.tables.values()
        for rows in kinds.values()
        for line in rows
    ]
    named = {vip for vip in vips if any(vip in line for line in lines)}
    return not {*vips} & (held | fixed | named | _external(model))


def _external(model: LabModel) -> set[str]:
    """Return the addresses that Services have in `externalIPs` alone."""
    return {
        address
        for service in model.cluster.all("Service")
        for address in service["spec"].get("externalIPs", [])
        if address != vip_of(service)
    }


def _held_nowhere(model: LabModel, *vips: str) -> bool:
    """Tell whether no node has a VIP on an interface."""
    return not {*vips} & {
        address
        for role in model.plan.nodes
        for addresses in model.interfaces[role].values()
        for address in addresses
    }


def _from_client(model: LabModel, vip: str) -> Request:
    source = str(model.plan.machines["client"].edge)
    return Request("client", f"http://{vip}/", source, 1)


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


def _has_own_route(model: LabModel) -> bool:
    vip = str(model.plan.bgp_vip)
    return f'"dst": "{vip}"' in model.router.kernel(vip)


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
    "pool": lambda m: (
        bool(m.cluster.all("IPAddressPool"))
        and _pools_inside(m, str(m.plan.lan))
        and not [*_leasable(m)]
    ),
    "advertisement": lambda m: (
        bool(m.cluster.all("L2Advertisement")) and _held_nowhere(m, *_vips(m))
    ),
    "vip": lambda m: any(
        holds(pool["spec"]["addresses"], vip)
        for pool in m.cluster.all("IPAddressPool")
        for vip in _vips(m)
    ),
    "http": lambda m: any(
        _one_node(m, vip)
        and _answers(m, vip, "hello from MetalLB", "lan-client")
        and _fixed_nowhere(m, vip)
        for vip in _vips(m)
    ),
}
_LAB_1: Final[dict[str, Sentence]] = {
    "webhook": is_whole,
    "vip": lambda m: bool(m.vip("web")),
    "neighbour_vips": lambda m: all(
        m.vip(name) == str(vip) for name, vip in m.plan.neighbour_vips.items()
    ),
    "pool": lambda m: _pools_inside(m, str(m.plan.service_range)),
    "arp": lambda m: (
        _one_node(m, m.vip("web")) and _held_nowhere(m, m.vip("web"))
    ),
    "controller": lambda m: m.controllers.controller_runs(),
    "neighbours": lambda m: all(
        _one_node(m, str(vip))
        and _answers(m, str(vip), f"hello from {name}", "lan-client")
        for name, vip in m.plan.neighbour_vips.items()
    ),
    "announced": _all_advertised,
    "static_entries": lambda m: _fixed_nowhere(m, *_vips(m)),
    "http": lambda m: _answers(m, m.vip("web"), "hello from web"),
}
_LAB_2: Final[dict[str, Sentence]] = {
    "webhook": is_whole,
    "vip": lambda m: m.vip("web") == str(m.plan.l2_vip),
    "endpoints": lambda m: bool(_ready(m, "web")) and _deployed(m, "web"),
    "ready_pod": lambda m: bool(_ready(m, "web")),
    "announced": lambda m: (
        len(_announcers(m, "ServiceL2Status", "web")) == 1
        and _announcers(m, "ServiceL2Status", "web") <= _workers(m)
        and _excluded(m)
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
        and not _announcers(m, "ServiceL2Status", "ledger")
        and bool(_ready(m, "ledger"))
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
        and _excluded(m)
    ),
    "sessions": lambda m: (
        _sessions(m) and m.speaker_port == _BGP_PORT in m.router.ports
    ),
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
    "long_flow": lambda m: m.keeps_connections and not m.balances_requests,
    "filter": lambda m: (
        _pools_inside(m, str(m.plan.bgp_pool))
        and m.router.filtered
        and not any(holds([str(m.plan.bgp_pool)], ip) for ip in _external(m))
    ),
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
    "route": lambda m: _hops(m)[1] == _serving(m) and _has_own_route(m),
    "no_loss": lambda m: (
        _answered(m, m.vip("web-lan"))
        and bool(response(m, _from_client(m, m.vip("web"))))
    ),
    "billing": lambda m: (
        m.vip("billing") == str(m.plan.bgp_neighbour_vip)
        and bool(response(m, _from_client(m, m.vip("billing"))))
    ),
    "controller": lambda m: all(
        pod["metadata"].get("ownerReferences")
        for pod in m.cluster.all("Pod")
        if pod["metadata"].get("labels", {}).get("app") == "web"
    ),
    "client_address": lambda m: (
        (_policy(m, "web"), _policy(m, "web-lan")) == ("Local", "Local")
    ),
    "placement": lambda m: (
        len(_ready(m, "web")) == 1
        and _ready(m, "web") <= _workers(m)
        and _one_at_a_time(m, "web")
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
        _answered(m, m.vip(name))
        for name in ("shop", "gateway", "blue", "green")
    ),
    "dhcp": lambda m: (
        m.dhcp.running
        and all(
            m.plan.dhcp_first <= first and last <= m.plan.dhcp_last
            for first, last in m.dhcp.ranges
        )
        and any(first == m.plan.dhcp_first for first, _ in m.dhcp.ranges)
        and any(last == m.plan.dhcp_last for _, last in m.dhcp.ranges)
    ),
    "leases": lambda m: not [*_leasable(m)],
    "static_entries": lambda m: _fixed_nowhere(m, *_vips(m)),
    "pools": lambda m: (
        _pools_inside(m, m.plan.pool, m.plan.ingress_pool)
        and _of_pool(m, "gateway", m.plan.ingress_pool)
        and all(
            _of_pool(m, name, m.plan.pool)
            for name in ("shop", "blue", "green")
        )
    ),
    "tenancy": lambda m: all(
        (pool["spec"].get("serviceAllocation") or {}).get("namespaces")
        == ["ingress"]
        for pool in m.cluster.all("IPAddressPool")
        if holds(pool["spec"]["addresses"], str(m.plan.ingress_first))
    ),
}


def _visit(
    model: LabModel, role: str, place: tuple[str, str], claim: str = ""
) -> Page:
    name, path = place
    url = f"https://{name}.{model.plan.domain}{path}"
    question = Question(role, model.vip("gateway-envoy"), url, claim)
    return page(model, question)


def _texts(model: LabModel) -> list[tuple[Page, str]]:
    """Return what clients get from each application, and the right text."""
    texts = {
        ("shop", "/x"): "hello from shop",
        ("shop", "/cart/x"): "hello from cart",
        ("tickets", "/x"): "hello from tickets",
        ("visits", "/echo?msg=x"): "x",
    }
    return [
        (_visit(model, role, place), text)
        for role in _CLIENTS
        for place, text in texts.items()
    ]


def _own_addresses(model: LabModel) -> bool:
    machines = model.plan.machines
    own = {
        "lan-client": str(machines["lan-client"].lan),
        "client": str(machines["client"].edge),
    }
    book, claim = ("visits", "/header?key=X"), "X-Forwarded-For: 192.0.2.1"
    return all(
        _visit(model, role, book, claim)[1] == address
        for role, address in own.items()
    )


def _status(model: LabModel) -> list[str]:
    addresses = model.one("Gateway", "shared")["status"]["addresses"]
    return [item["value"] for item in addresses]


def _announced_for_proxies(model: LabModel) -> bool:
    (role, *others) = _roles(model, model.vip("gateway-envoy")) or [""]
    serving = _ready(model, "gateway-envoy")
    if _policy(model, "gateway-envoy") != "Local":
        serving = _workers(model)
    return (
        not others
        and role in model.plan.nodes
        and model.plan.machine_name(role) in serving & _workers(model)
        and _excluded(model)
    )


def _wanted(model: LabModel) -> set[str]:
    return {
        service["metadata"]["name"]
        for service in model.cluster.all("Service")
        if service["spec"].get("type") == "LoadBalancer"
    }


_LAB_6: Final[dict[str, Sentence]] = {
    "webhook": is_whole,
    "vip": lambda m: _of_pool(m, "gateway-envoy", m.plan.shared_pool),
    "published": lambda m: _status(m) == [m.vip("gateway-envoy")],
    "arp": _announced_for_proxies,
    "ledger": lambda m: all(
        greeting(m, role, str(m.plan.ledger_vip), "7000").startswith("ledger")
        for role in _CLIENTS
    ),
    "tls": lambda m: all(status for (status, *_), _ in _texts(m)),
    "routes": lambda m: all(
        status not in {0, 404} for (status, *_), _ in _texts(m)
    ),
    "apps": lambda m: all(
        (status, body.strip()) == (200, text)
        for (status, body, *_), text in _texts(m)
    ),
    "client_address": _own_addresses,
    "unclaimed": lambda m: all(
        _visit(m, role, ("unclaimed", "/"))[0] == 404 for role in _CLIENTS
    ),
    "pool": lambda m: (
        _pools_inside(m, m.plan.shared_pool)
        and _wanted(m) <= {"gateway-envoy", "ledger"}
    ),
    "static_entries": lambda m: _fixed_nowhere(
        m, *_vips(m), str(m.plan.unannounced_vip)
    ),
}
SENTENCES: Final = {
    "0": _LAB_0,
    "1": _LAB_1,
    "2": _LAB_2,
    "3": _LAB_3,
    "4": _LAB_4,
    "5": _LAB_5,
    "6": _LAB_6,
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
