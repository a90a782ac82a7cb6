"""What Kubernetes and MetalLB make of the objects of a FakeCluster."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

from graders.checks.pools import selects
from graders.plan.ip_ranges import holds, networks
from graders.plan.l2_election import owner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes import FakeCluster, Object

EXCLUDE = "node.kubernetes.io/exclude-from-external-load-balancers"
SYSTEM = "metallb-system"
BROKEN = "an image that does not start"
_READY = {"type": "Ready", "status": "True"}
_NOWHERE = {
    "type": "PodScheduled",
    "status": "False",
    "reason": "Unschedulable",
}
_SERVICE_NAME = "kubernetes.io/service-name"
_MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
_FROM_POOL = "metallb.io/ip-allocated-from-pool"


@dataclass
class Controllers:
    """Scheduler, endpoints controller, MetalLB's controller and speakers.

    `silent` are nodes that are cut off; with `ignore_exclude` the speakers
    announce from nodes that are excluded, too. MetalLB refuses its
    configuration as a whole unless it is `valid`, and serves Services of
    `lb_class`.
    """

    cluster: FakeCluster
    silent: set[str] = field(default_factory=set)
    ignore_exclude: bool = False
    valid: bool = True
    lb_class: str = ""
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def settle(self) -> None:
        """Bring everything to rest."""
        for deployment in self.cluster.all("Deployment"):
            self._deploy(deployment)
        for pod in self.cluster.all("Pod"):
            _start(pod)
        for service in self.cluster.all("Service"):
            self._connect(service)
        if self.valid and self.controller_runs():
            self._allocate()
        self._announce()

    # Deployments and pods.

    def _deploy(self, deployment: Object) -> None:
        meta, spec = deployment["metadata"], deployment["spec"]
        labels = spec["selector"]["matchLabels"]
        mine: list[Object] = []
        for pod in self._in("Pod", meta["namespace"]):
            owners = [one["name"] for one in _owners(pod)]
            if owners != [meta["name"]]:
                continue
            if not labels.items() <= pod["metadata"]["labels"].items():
                pod["metadata"]["ownerReferences"] = []
            elif pod["template"] != spec["template"]["spec"]:
                self.cluster.remove(pod)
            else:
                mine.append(pod)
        for pod in mine[spec["replicas"] :]:
            self.cluster.remove(pod)
        mine = mine[: spec["replicas"]]
        mine += [
            self._create(deployment)
            for _ in range(spec["replicas"] - len(mine))
        ]
        for pod in mine:
            if not pod["spec"].get("nodeName"):
                self._schedule(pod, mine)
            _start(pod)
        ready = sum(_READY in pod["status"]["conditions"] for pod in mine)
        counts = ("replicas", "updatedReplicas")
        states = ("readyReplicas", "availableReplicas")
        deployment["status"] = {
            "observedGeneration": meta["generation"],
            **dict.fromkeys(counts, len(mine)),
            **dict.fromkeys(states, ready),
        }

    def _create(self, deployment: Object) -> Object:
        meta, spec = deployment["metadata"], deployment["spec"]
        name = f"{meta['name']}-{next(self._numbers)}"
        template = spec["template"]
        return self.cluster.add(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {
                    "name": name,
                    "namespace": meta["namespace"],
                    "labels": {**template["metadata"]["labels"]},
                    "ownerReferences": [
                        {
                            "kind": "ReplicaSet",
                            "name": meta["name"],
                            "controller": True,
                        }
                    ],
                },
                "spec": {**template["spec"]},
                "status": {},
                "template": template["spec"],
            }
        )

    def _schedule(self, pod: Object, mine: list[Object]) -> None:
        spec = pod["spec"]
        places = [one["spec"].get("nodeName") for one in mine]
        wanted = [
            name
            for term in spec.get("affinity", {})
            .get("nodeAffinity", {})
            .get("preferredDuringSchedulingIgnoredDuringExecution", [])
            for part in term["preference"]["matchExpressions"]
            for name in part["values"]
        ]
        free = {
            node["metadata"]["name"]: bool(node["spec"]["taints"])
            for node in self.cluster.all("Node")
            if not node["spec"].get("unschedulable")
            and (not node["spec"]["taints"] or spec.get("tolerations"))
            and spec.get("nodeSelector", {}).items()
            <= node["metadata"]["labels"].items()
        }
        if free:
            spec["nodeName"] = min(
                free, key=lambda n: (n not in wanted, places.count(n), free[n])
            )

    def _connect(self, service: Object) -> None:
        """Write a Service's EndpointSlice."""
        meta = service["metadata"]
        selector = service["spec"].get("selector")
        if not selector:
            return
        pods = [
            pod
            for pod in self._in("Pod", meta["namespace"])
            if selector.items() <= pod["metadata"]["labels"].items()
        ]
        ends = [
            {
                "nodeName": pod["spec"].get("nodeName"),
                "targetRef": {"name": pod["metadata"]["name"]},
                "conditions": {"ready": _READY in pod["status"]["conditions"]},
            }
            for pod in pods
        ]
        port = service["spec"]["ports"][0]
        self.cluster.add(
            {
                "apiVersion": "discovery.k8s.io/v1",
                "kind": "EndpointSlice",
                "metadata": {
                    "name": meta["name"],
                    "namespace": meta["namespace"],
                    "labels": {
                        _SERVICE_NAME: meta["name"],
                        _MANAGED_BY: "endpointslice-controller.k8s.io",
                    },
                },
                "ports": [
                    {"port": _port_of(pods, port.get("targetPort", 80))}
                ],
                "endpoints": ends,
            }
        )

    def endpoints(self, service: Object) -> list[Object]:
        """Return a Service's ready endpoints, each with its port."""
        meta = service["metadata"]
        return [
            {**end, "port": (item.get("ports") or [{}])[0].get("port")}
            for item in self._in("EndpointSlice", meta["namespace"])
            if item["metadata"]["labels"][_SERVICE_NAME] == meta["name"]
            for end in item["endpoints"]
            if end["conditions"]["ready"]
        ]

    # MetalLB's controller.

    def controller_runs(self) -> bool:
        """Tell whether MetalLB's controller is ready."""
        return any(
            item["metadata"]["name"].endswith("controller")
            and item["status"]["readyReplicas"]
            for item in self._in("Deployment", SYSTEM)
        )

    def _allocate(self) -> None:
        served = [
            item
            for item in self.cluster.all("Service")
            if item["spec"]["type"] == "LoadBalancer"
            and item["spec"].get("loadBalancerClass", "") == self.lb_class
        ]
        for service in served:
            vip = vip_of(service)
            if vip and not self._right(service, vip):
                service["status"] = {}
        for service in served:
            if not vip_of(service):
                self._serve(service)

    def _right(self, service: Object, vip: str) -> bool:
        wish = _wish(service, "loadBalancerIPs")
        asked = _wish(service, "address-pool")
        return wish in {"", vip} and any(
            asked in {"", pool["metadata"]["name"]}
            and holds(pool["spec"]["addresses"], vip)
            and self._allows(pool, service)
            for pool in self.cluster.all("IPAddressPool")
        )

    def _serve(self, service: Object) -> None:
        """Allocate a VIP, or say why not."""
        meta = service["metadata"]
        key = _wish(service, "allow-shared-ip")
        taken = {
            vip_of(one)
            for one in self.cluster.all("Service")
            if not key or _wish(one, "allow-shared-ip") != key
        }
        wish = _wish(service, "loadBalancerIPs")
        for pool in self._pools(service, wish):
            for net in map(str, _addresses(pool)):
                if net not in taken and wish in {"", net}:
                    ingress = [{"ip": net}]
                    service["status"] = {"loadBalancer": {"ingress": ingress}}
                    notes = meta.setdefault("annotations", {})
                    notes[_FROM_POOL] = pool["metadata"]["name"]
                    return
        self.cluster.add(
            {
                "apiVersion": "v1",
                "kind": "Event",
                "metadata": {
                    "name": f"{meta['name']}-event",
                    "namespace": meta["namespace"],
                },
                "involvedObject": {
                    "uid": meta["uid"],
                    "name": meta["name"],
                    "namespace": meta["namespace"],
                },
                "reason": "AllocationFailed",
                "message": f"Failed to allocate IP for {meta['name']}",
            }
        )

    def _pools(self, service: Object, wish: str) -> list[Object]:
        """Return the pools that a Service may draw from."""
        asked = _wish(service, "address-pool")
        return [
            pool
            for pool in self.cluster.all("IPAddressPool")
            if asked in {"", pool["metadata"]["name"]}
            and (asked or wish or pool["spec"].get("autoAssign", True))
            and self._allows(pool, service)
        ]

    def _allows(self, pool: Object, service: Object) -> bool:
        fence = pool["spec"].get("serviceAllocation") or {}
        meta = service["metadata"]
        space = self.cluster.one("Namespace", meta["namespace"])
        labels = {
            "kubernetes.io/metadata.name": meta["namespace"],
            **space["metadata"].get("labels", {}),
        }
        chosen = fence.get("serviceSelectors", [])
        if chosen and not any(
            selects(one, meta.get("labels", {})) for one in chosen
        ):
            return False
        names = fence.get("namespaces", [])
        selectors = fence.get("namespaceSelectors", [])
        return not (names or selectors) or (
            meta["namespace"] in names
            or any(selects(one, labels) for one in selectors)
        )

    # The speakers.

    def speakers(self) -> set[str]:
        """Return the nodes on which a speaker runs and can be heard."""
        return {
            pod["spec"]["nodeName"]
            for pod in self._in("Pod", SYSTEM)
            if any(one["kind"] == "DaemonSet" for one in _owners(pod))
            and _READY in pod["status"]["conditions"]
        } - self.silent

    def _announce(self) -> None:
        """Write the statuses of all announcements."""
        for kind in ("ServiceL2Status", "ServiceBGPStatus"):
            for item in self.cluster.all(kind):
                self.cluster.remove(item)
        for service in self.cluster.all("Service"):
            if not vip_of(service):
                continue
            eligible = self.advertised(service, "L2Advertisement")
            if eligible:
                vip: Any = vip_of(service)
                node = owner(sorted(eligible), vip)
                ends = [one.get("interfaces") or [] for one in eligible[node]]
                names = {name for end in ends for name in end}
                some = names if all(ends) else set()
                told = [{"name": name} for name in sorted(some)]
                self._status("ServiceL2Status", service, node, interfaces=told)
            for node in self.advertised(service, "BGPAdvertisement"):
                if peers := self._peers(node):
                    self._status(
                        "ServiceBGPStatus", service, node, peers=peers
                    )

    def _peers(self, node: str) -> list[str]:
        """Return the BGPPeers that are for a node."""
        labels = self.cluster.one("Node", node)["metadata"]["labels"]
        return [
            peer["metadata"]["name"]
            for peer in self.cluster.all("BGPPeer")
            if any(
                selects(one, labels)
                for one in peer["spec"].get("nodeSelectors") or [{}]
            )
        ]

    def _status(
        self, kind: str, service: Object, node: str, **more: object
    ) -> None:
        meta = service["metadata"]
        self.cluster.add(
            {
                "apiVersion": "metallb.io/v1beta1",
                "kind": kind,
                "metadata": {
                    "name": f"{meta['namespace']}-{meta['name']}-{node}",
                    "namespace": SYSTEM,
                },
                "status": {
                    "node": node,
                    "serviceName": meta["name"],
                    "serviceNamespace": meta["namespace"],
                    **more,
                },
            }
        )

    def advertised(
        self, service: Object, kind: str
    ) -> dict[str, list[dict[str, Any]]]:
        """Return the nodes that may announce, each by which advertisements."""
        found: dict[str, list[dict[str, Any]]] = {}
        if service["spec"].get("loadBalancerClass", "") != self.lb_class:
            return found
        pools = {
            pool["metadata"]["name"]
            for pool in self.cluster.all("IPAddressPool")
            if holds(pool["spec"]["addresses"], vip_of(service))
        }
        for item in self.cluster.all(kind):
            spec = item["spec"]
            names = spec.get("ipAddressPools")
            if not pools & {*(names or pools)}:
                continue
            labels = service["metadata"].get("labels", {})
            chosen = spec.get("serviceSelectors") or [{}]
            if not any(selects(one, labels) for one in chosen):
                continue
            for node in self._eligible(service):
                labels = node["metadata"]["labels"]
                selectors = spec.get("nodeSelectors") or [{}]
                if any(selects(one, labels) for one in selectors):
                    found.setdefault(node["metadata"]["name"], []).append(spec)
        return found

    def _eligible(self, service: Object) -> list[Object]:
        ends = {end["nodeName"] for end in self.endpoints(service)}
        local = service["spec"].get("externalTrafficPolicy") == "Local"
        return [
            node
            for node in self.cluster.all("Node")
            if node["metadata"]["name"] in self.speakers()
            and (
                self.ignore_exclude
                or EXCLUDE not in node["metadata"]["labels"]
            )
            and (node["metadata"]["name"] in ends if local else ends)
        ]

    def _in(self, kind: str, namespace: str) -> list[Object]:
        return [
            item
            for item in self.cluster.all(kind)
            if item["metadata"].get("namespace") == namespace
        ]


def vip_of(service: Object) -> str:
    """Return the address in a Service's status, or ""."""
    ingress = service["status"].get("loadBalancer", {}).get("ingress")
    return str(ingress[0]["ip"]) if ingress else ""


def _port_of(pods: list[Object], target: int | str) -> int | None:
    """Return the number of a Service's target port, which may be a name."""
    named = {
        port["name"]: int(port["containerPort"])
        for pod in pods
        for one in pod["spec"].get("containers", [])
        for port in one.get("ports", [])
    }
    return named.get(target) if isinstance(target, str) else target


def _start(pod: Object) -> None:
    """Have a pod become ready, if it is on a node and can be."""
    if pod.get("status", {}).get("phase") == "Failed":
        return
    images = {one["image"] for one in pod["spec"].get("containers", [])}
    ready = {**_READY, "status": str(BROKEN not in images)}
    on_node = pod["spec"].get("nodeName")
    pod.setdefault("status", {})["conditions"] = [
        ready if on_node else _NOWHERE
    ]
    pod["status"]["podIP"] = "10.244.1.7"


def _owners(pod: Object) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pod["metadata"].get("ownerReferences", [])
    return found


def _wish(service: Object, what: str) -> str:
    notes = service["metadata"].get("annotations", {})
    return str(notes.get(f"metallb.io/{what}", ""))


def _addresses(pool: Object) -> Iterator[object]:
    """Yield a pool's addresses; buggy ones end as a /24 does."""
    avoid = pool["spec"].get("avoidBuggyIPs")
    for text in pool["spec"]["addresses"]:
        for net in networks(text):
            yield from (
                one
                for one in net
                if not avoid or int(one) % 256 not in {0, 255}
            )
