"""Who answers ARP in a modelled lab, and where connections end."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graders.plan.plan import LAN_HOSTS, NODE_HOSTS
from tests.lab_model.controllers import vip_of

if TYPE_CHECKING:
    from graders.plan.plan import Machine
    from tests.fakes import Object
    from tests.lab_model.model import LabModel

DESK_PAGE = "label printer"


def responders(model: LabModel, address: str, dev: str = "eth0") -> list[str]:
    """Return the MACs that answer ARP for `address`.

    Linux answers for any of its addresses, on whatever interface.
    """
    silent = model.controllers.silent
    names = {node.name: role for role, node in model.plan.nodes.items()}
    found = {
        model.mac(role)
        for role, ends in model.interfaces.items()
        if any(address in held for held in ends.values())
        and _attached(role, dev)
        and dev not in model.deaf
        and not {*names} & silent & {model.plan.machine_name(role)}
    }
    for item in model.cluster.all("ServiceL2Status"):
        status = item["status"]
        ends = {end["name"] for end in status["interfaces"]}
        service = model.cluster.one(
            "Service", status["serviceName"], status["serviceNamespace"]
        )
        if vip_of(service) == address and (not ends or dev in ends):
            found.add(model.mac(names[status["node"]]))
    return [*sorted(found), *model.strangers.get(address, [])]


def _attached(role: str, dev: str) -> bool:
    """Say whether a machine is on the LAN, or eth1, the storage network."""
    return role in NODE_HOSTS or (dev == "eth0" and role in LAN_HOSTS)


@dataclass(frozen=True)
class Request:
    """One HTTP request of a client; its number is also its source port."""

    role: str
    url: str
    source: str
    number: int

    @property
    def address(self) -> str:
        """The address that is asked."""
        return self.url.removeprefix("http://").partition("/")[0]


def response(model: LabModel, request: Request) -> str | None:
    """Return the answer to a request, None without one."""
    entry = entry_of(model, request)
    if entry == "desk":
        return DESK_PAGE if model.desk_serves else None
    if entry not in model.plan.nodes:
        return None
    node = model.plan.nodes[entry]
    if node.name in model.controllers.silent or model.lost(
        request.source, node.name, request.number
    ):
        return None
    for service in model.cluster.all("Service"):
        if vip_of(service) == request.address and has_port(service, "TCP"):
            return _serve(model, service, node, request)
    return None


def entry_of(model: LabModel, request: Request) -> str:
    """Return the role of the machine that a packet reaches first."""
    asker, address = request.role, request.address
    if asker == "client":
        asker = "router"
        _, hops = model.router.route(address)
        if hops:
            at = request.number if model.router.layer_4_hash else 0
            address = hops[at % len(hops)]
    macs = [*responders(model, address), ""]
    mac = model.permanent.get(asker, {}).get(address, macs[0])
    roles = {model.mac(one): one for one in model.interfaces}
    return roles.get(mac, "")


def _serve(
    model: LabModel, service: Object, node: Machine, request: Request
) -> str | None:
    """Return what a pod answers that kube-proxy of `node` leads to."""
    ends = model.controllers.endpoints(service)
    seen = request.source
    if request.role == "client":
        seen = model.seen_as(seen)
    if service["spec"].get("externalTrafficPolicy") == "Local":
        ends = [end for end in ends if end["nodeName"] == node.name]
    else:
        seen = str(node.lan)
    if not ends:
        return None
    end = ends[request.number % len(ends)]
    if end["nodeName"] in model.controllers.silent:
        return None
    own = {"namespace": service["metadata"]["namespace"]}
    target = own | end["targetRef"]
    pod = model.cluster.one("Pod", target["name"], target["namespace"])
    if not _listens(pod, end["port"]):
        return None
    port = next(model.seen_ports, str(request.number))
    return _page(pod, request, f"{seen}:{port}")


def has_port(service: Object, protocol: str) -> bool:
    """Tell whether a Service has a port of TCP or UDP."""
    return any(
        port.get("protocol", "TCP") == protocol
        for port in service["spec"]["ports"]
    )


def by_udp(model: LabModel, address: str) -> str:
    """Return the answer to a datagram of the client, "" without one."""
    own = str(model.plan.machines["client"].edge)
    answers = any(
        vip_of(service) == address and has_port(service, "UDP")
        for service in model.cluster.all("Service")
    )
    return f"{model.seen_as(own)}:40000" if answers else ""


def _listens(pod: Object, port: int | None) -> bool:
    """Tell whether a pod that names its port listens on this one."""
    args = pod["spec"]["containers"][0].get("args", [])
    named = [arg for arg in args if arg.startswith("--http-port=")]
    return not named or f"--http-port={port}" in named


def _page(pod: Object, request: Request, seen: str) -> str:
    """Return what http-echo or netexec answers."""
    args = pod["spec"]["containers"][0].get("args", [])
    for text in args:
        if told := re.fullmatch("-text=(.*)", text):
            return str(told[1])
    path = request.url.rpartition("/")[2]
    pages = {"hostname": pod["metadata"]["name"], "clientip": seen}
    return str(pages.get(path, "NOW: it is time"))
