"""Changes that anybody could make to a lab, each by its name."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final

from graders.kube.names import SERVICE_NAME
from tests.lab_model.controllers import BROKEN, EXCLUDE, vip_of
from tests.lab_model.labs import healthy
from tests.lab_model.webhook import (
    webhook_deleted,
    webhook_ignored,
    webhook_of_pools,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from graders.probes.static_entries import Kind
    from tests.fakes import Object
    from tests.lab_model.model import LabModel

    Change = Callable[[LabModel], object]

_SLICE: Final = "EndpointSlice"
_NOTHING: Final = [{"name": "nothing", "port": 80}]
# A ReplicaSet has its Deployment's name in the model.
_OWNED: Final = {"ReplicaSet": "Deployment"}
_REMOVABLE = (
    *("Service", "Deployment", "Pod", "IPAddressPool"),
    *("L2Advertisement", "BGPAdvertisement"),
    *("HTTPRoute", "ClientTrafficPolicy"),
)


@cache
def changes_of(number: str) -> dict[str, Change]:
    """Return the changes of a lab by their names."""
    model = healthy(number)
    found: dict[str, Change] = {}
    for kind in _REMOVABLE:
        for item in model.cluster.all(kind):
            name = item["metadata"]["name"]
            found[f"no {kind} {name}"] = partial(_remove, kind, name)
    for edit in (
        *(*_services(model), *_workloads(), *_metallb(model)),
        *_gateways(model),
    ):
        for item in model.cluster.all(edit.kind):
            name = item["metadata"]["name"]
            found[f"{name}, {edit}"] = partial(edit.apply, name)
    vips = [vip_of(item) for item in model.cluster.all("Service")]
    for vip in filter(None, vips):
        found |= _on_machines(vip)
    return found | _elsewhere()


def _remove(kind: str, name: str, model: LabModel) -> None:
    model.cluster.remove(model.cluster.one(kind, name))
    # What it owns goes with it.
    for item in [*model.cluster.all("Pod"), *model.cluster.all(_SLICE)]:
        meta = item["metadata"]
        owners = {(_OWNED.get(o["kind"]), o["name"]) for o in _owners(meta)}
        service = meta.get("labels", {}).get(SERVICE_NAME)
        if (kind, name) in {*owners, ("Service", service)}:
            model.cluster.remove(item)


def _owners(meta: Object) -> list[Object]:
    found: list[Object] = meta.get("ownerReferences", [])
    return found


@dataclass(frozen=True)
class _Edit:
    """A field of a kind's objects, and what it is changed to."""

    kind: str
    path: tuple[str, ...]
    value: Any

    def __str__(self) -> str:
        """Return the field and its new value."""
        return f"{self.kind}: {'.'.join(self.path)} {self.value}"

    def apply(self, name: str, model: LabModel) -> None:
        """Change the object with this name."""
        item: Object = model.cluster.one(self.kind, name)
        for part in self.path[:-1]:
            item = item.setdefault(part, {})
        item[self.path[-1]] = deepcopy(self.value)


def _services(model: LabModel) -> Iterator[_Edit]:
    for kind in ("NodePort", "ClusterIP"):
        yield _Edit("Service", ("spec", "type"), kind)
    for policy in ("Local", "Cluster"):
        yield _Edit("Service", ("spec", "externalTrafficPolicy"), policy)
    for app in ("web", "nothing"):
        yield _Edit("Service", ("spec", "selector"), {"app": app})
    yield _Edit("Service", ("spec", "loadBalancerClass"), "other")
    for vip in (model.plan.l2_vip, model.plan.bgp_vip, model.plan.pool_first):
        yield _Edit("Service", ("spec", "externalIPs"), [str(vip)])
    wish = {"metallb.io/loadBalancerIPs": str(model.plan.pool_last)}
    for notes in ({}, wish):
        yield _Edit("Service", ("metadata", "annotations"), notes)


def _workloads() -> Iterator[_Edit]:
    for count in (0, 1, 2, 3):
        yield _Edit("Deployment", ("spec", "replicas"), count)
    containers = ("spec", "template", "spec", "containers")
    broken = {"name": "x", "image": BROKEN}
    other = {"name": "x", "image": "x", "args": ["-text=x"]}
    for container in (broken, other):
        yield _Edit("Deployment", containers, [container])
    yield _Edit("Node", ("metadata", "labels", EXCLUDE), "")
    yield _Edit("Node", ("status", "conditions"), [])
    surge = {"type": "RollingUpdate"}
    yield _Edit("Deployment", ("spec", "strategy"), surge)


def _metallb(model: LabModel) -> Iterator[_Edit]:
    plan = model.plan
    for text in (
        *(plan.pool, plan.private_pool, plan.pool_in_dhcp),
        *(str(plan.bgp_pool), f"{plan.pool_first}/32"),
    ):
        yield _Edit("IPAddressPool", ("spec", "addresses"), [text])
    yield _Edit("IPAddressPool", ("spec", "autoAssign"), value=False)
    fence = {"namespaces": ["other"]}
    yield _Edit("IPAddressPool", ("spec", "serviceAllocation"), fence)
    node = {"kubernetes.io/hostname": plan.nodes["worker"].name}
    for kind in ("L2Advertisement", "BGPAdvertisement"):
        for names in (["other"], None):
            yield _Edit(kind, ("spec", "ipAddressPools"), names)
        selectors = [{"matchLabels": node}]
        yield _Edit(kind, ("spec", "nodeSelectors"), selectors)
    for names in (["eth0"], ["eth1"], ["eth9"], []):
        yield _Edit("L2Advertisement", ("spec", "interfaces"), names)


def _gateways(model: LabModel) -> Iterator[_Edit]:
    plan = model.plan
    for names in ([f"*.{plan.domain}"], [f"shop.{plan.domain}"], ["other"]):
        yield _Edit("HTTPRoute", ("spec", "hostnames"), names)
    yield _Edit("HTTPRoute", ("spec", "rules"), [{"backendRefs": _NOTHING}])
    wish = {"type": "IPAddress", "value": str(plan.unannounced_vip)}
    yield _Edit("Gateway", ("spec", "addresses"), [wish])
    yield _Edit("Gateway", ("spec", "listeners"), [])
    yield _Edit("ClientTrafficPolicy", ("spec",), {})
    yield _Edit("Namespace", ("metadata", "labels"), {})
    kubernetes = ("spec", "provider", "kubernetes")
    policy = (*kubernetes, "envoyService", "externalTrafficPolicy")
    yield _Edit("EnvoyProxy", policy, "Cluster")
    place = (*kubernetes, "envoyDeployment", "pod", "nodeSelector")
    yield _Edit("EnvoyProxy", place, {EXCLUDE: ""})


def _on_machines(vip: str) -> dict[str, Change]:
    """Return what makes a VIP another machine's, too."""
    found: dict[str, Change] = {}
    for role in ("worker", "worker2", "control-plane", "router", "lan-client"):

        def take(model: LabModel, role: str = role) -> None:
            model.interfaces[role].setdefault("lo", []).append(vip)

        def fix(model: LabModel, role: str = role) -> None:
            known = model.permanent.setdefault(role, {})
            known[vip] = model.mac("worker")

        found[f"{vip} on {role}"] = take
        found[f"{vip} fixed on {role}"] = fix
        for kind, line in _LINES.items():
            found[f"{kind} for {vip} on {role}"] = partial(
                _write, role, kind, line.format(vip)
            )
    found[f"{vip} of a stranger"] = lambda model: model.strangers.update(
        {vip: ["02:42:ac:12:09:99"]}
    )
    return found


# Lines that lead to a VIP, as a machine lists them.
_LINES: Final[dict[Kind, str]] = {
    "proxy": "{} dev eth0 proxy",
    "route": "{} via 172.18.1.3 dev eth0",
    "rule": "100: from all to {} lookup 100",
    "translation": "-A MINE -d {}/32 -j DNAT --to-destination 172.18.1.3",
    "nft": "inet mine c ip daddr {} dnat to 172.18.1.3",
    "address": "9: other-ipvl0 inet {}/32 scope global",
}


def _write(role: str, kind: Kind, line: str, model: LabModel) -> None:
    model.tables.setdefault(role, {}).setdefault(kind, []).append(line)


def _include_control_plane(model: LabModel) -> None:
    node = model.one("Node", model.plan.machine_name("control-plane"))
    node["metadata"]["labels"].pop(EXCLUDE, None)


def _elsewhere() -> dict[str, Change]:
    """Return changes of the router, the DHCP server and the API server."""
    down = {"bgpState": "Active"}
    return {
        "worker's session down": lambda m: m.router.changes.update(
            {"worker": down}
        ),
        "worker2's session gone": lambda m: m.router.changes.update(
            {"worker2": {"gone": True}}
        ),
        "one path": lambda m: setattr(m.router, "paths", 1),
        "hash of addresses": lambda m: setattr(
            m.router, "layer_4_hash", False
        ),
        "no filter": lambda m: setattr(m.router, "filtered", False),
        "no bgpd": lambda m: setattr(m.router, "bgp", False),
        "no leases": lambda m: m.dhcp.leases.clear(),
        "no reservations": lambda m: m.dhcp.reserved.clear(),
        "wide range": lambda m: setattr(
            m.dhcp, "ranges", [(m.plan.lan[1], m.plan.lan[-2])]
        ),
        "no DHCP server": lambda m: setattr(m.dhcp, "running", False),
        "invalid configuration": lambda m: setattr(
            m.controllers, "valid", False
        ),
        "control plane included": _include_control_plane,
        "BGP's port redirected": lambda m: setattr(m.router, "ports", [1179]),
        "half a range": lambda m: setattr(
            m.dhcp, "ranges", [(m.plan.dhcp_first, m.plan.dhcp_first + 20)]
        ),
        "connections cut": lambda m: setattr(m, "keeps_connections", False),
        "webhook deleted": webhook_deleted,
        "webhook ignored": webhook_ignored,
        "webhook of pools": webhook_of_pools,
        "worker silent": lambda m: m.docker.paused.add(
            m.plan.nodes["worker"].name
        ),
        "a policy denies": lambda m: setattr(
            m.cluster,
            "admission",
            lambda verb, *_: "denied by a policy" if verb == "POST" else "",
        ),
    }
