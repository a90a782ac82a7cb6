"""A Gateway of Envoy Gateway: its Service, its address, its proxies.

The controller creates proxies and their Service in its own namespace, from
the Gateway and the EnvoyProxy that it refers to.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from graders.checks.check import expect
from graders.checks.layer2 import Responders, arp_responders
from graders.checks.services import expect_vip, expect_vip_in
from graders.kube.names import (
    GATEWAY_API,
    GATEWAY_APPS,
    GATEWAY_CORE,
    GATEWAY_NAMESPACE,
    GATEWAY_OWNER,
)
from graders.polling import until

if TYPE_CHECKING:
    from graders.checks.session import Session

Object = dict[str, Any]

# Where the controller and all proxies are.
PROXIES: Final = GATEWAY_NAMESPACE
_ENVOY_API: Final = "/apis/gateway.envoyproxy.io/v1alpha1"
# How an EnvoyProxy says that it is alone; so does one without a word.
_REPLACE: Final = "Replace"
# Fields of an EnvoyProxy's pod that are the pod's own, under the same name.
_PLACEMENT: Final = (
    *("affinity", "nodeSelector", "tolerations"),
    *("priorityClassName", "topologySpreadConstraints"),
)


@dataclass(frozen=True)
class Gateway:
    """A Gateway by its name, and what belongs to it."""

    lab: Session
    name: str
    namespace: str

    @property
    def selector(self) -> str:
        """The labels of everything that was created for the Gateway."""
        name, namespace = f"{GATEWAY_OWNER}-name", f"{GATEWAY_OWNER}-namespace"
        return f"{name}={self.name},{namespace}={self.namespace}"

    @property
    def see(self) -> str:
        """The command that shows the Gateway."""
        return f"kubectl describe gateway {self.name} -n {self.namespace}"

    def read(self) -> Object | None:
        """Return the object, None if there is none."""
        space = f"{GATEWAY_API}/namespaces/{self.namespace}"
        return self.lab.cluster.get(f"{space}/gateways/{self.name}")

    def services(self) -> list[Object]:
        """Return the Services that lead to its proxies."""
        return self._created(f"{GATEWAY_CORE}/services")

    def workloads(self) -> list[Object]:
        """Return the Deployments and DaemonSets of its proxies."""
        return [
            {**item, "kind": kind}
            for kind in ("Deployment", "DaemonSet")
            for item in self._created(f"{GATEWAY_APPS}/{kind.lower()}s")
        ]

    def service_name(self) -> str:
        """Return the name of its only Service, "" if there is not one."""
        names = [item["metadata"]["name"] for item in self.services()]
        return names[0] if len(names) == 1 else ""

    def vip(self) -> str:
        """Return the VIP of its Service, or ""."""
        name = self.service_name()
        return self.lab.cluster.vip(name, PROXIES) if name else ""

    def addresses(self) -> list[str]:
        """Return the addresses in its status."""
        status = (self.read() or {}).get("status", {})
        return [item["value"] for item in status.get("addresses") or []]

    def proxy_spec(self) -> Object:
        """Return what its EnvoyProxy says, or that of its class.

        The controller merges both if its own one asks for it.
        """
        spec = (self.read() or {"spec": {}})["spec"]
        name = spec.get("gatewayClassName", "")
        path = f"{GATEWAY_API}/gatewayclasses/{name}"
        of_class = (self.lab.cluster.get(path) or {}).get("spec") or {}
        infrastructure = spec.get("infrastructure") or {}
        base = self._envoy_proxy(of_class.get("parametersRef"))
        own = self._envoy_proxy(infrastructure.get("parametersRef"))
        if not own:
            return _kubernetes(base)
        merges = own.get("mergeType", _REPLACE) != _REPLACE
        return _kubernetes(_merged(base, own) if merges else own)

    def _envoy_proxy(self, reference: Object | None) -> Object:
        """Return the spec of an EnvoyProxy, {} if there is none."""
        if not reference or reference.get("kind") != "EnvoyProxy":
            return {}
        space = reference.get("namespace", self.namespace)
        path = f"{_ENVOY_API}/namespaces/{space}/envoyproxies"
        found = self.lab.cluster.get(f"{path}/{reference['name']}")
        return dict((found or {}).get("spec") or {})

    def problem(self) -> str:
        """Return why the Gateway has no Service, as its status says it."""
        found = self.read()
        if not found:
            return f"no Gateway {self.name} in namespace {self.namespace}"
        conditions = found.get("status", {}).get("conditions") or []
        return next(
            (
                f"{item['type']} is {item['status']}: {item['message']}"
                for item in conditions
                if item["status"] != "True"
            ),
            "none, and no condition that says why",
        )

    def _created(self, path: str) -> list[Object]:
        return self.lab.cluster.items(f"{path}?labelSelector={self.selector}")


def _kubernetes(spec: Object) -> Object:
    provider = spec.get("provider") or {}
    return dict(provider.get("kubernetes") or {})


def _merged(base: Object, over: Object) -> Object:
    """Return `base` with the fields of `over`, at any depth."""
    return base | {
        key: _merged(base[key], value)
        if isinstance(value, dict) and isinstance(base.get(key), dict)
        else value
        for key, value in over.items()
    }


def expect_gateway_vip(gateway: Gateway, pool: str) -> None:
    """Fail unless a Gateway has one Service, with a VIP of the range `pool`.

    Example:
        expect_gateway_vip(Gateway(lab, "shared", "lab-6"), lab.plan.pool)

    Raises:
        CheckFailed: there is no Service, no VIP, or one of another range.
        CannotCheck: the API server does not answer.

    """
    lab = gateway.lab
    services = until("allocation", gateway.services, bool)
    names = [item["metadata"]["name"] for item in services]
    expect(
        f"Gateway {gateway.name} to have",
        expected="one Service",
        actual=names or gateway.problem(),
        ok=len(names) == 1,
        seen_by=gateway.see,
    )
    expect_vip(lab, names[0], PROXIES)
    expect_vip_in(lab, names[0], PROXIES, pool)


def expect_published(gateway: Gateway) -> None:
    """Fail unless a Gateway's status has its Service's VIP, and no other.

    Example:
        expect_published(Gateway(lab, "shared", "lab-6"))

    Raises:
        CheckFailed: it has another address, or none.
        CannotCheck: the API server does not answer.

    """
    vip, addresses = until(
        "allocation",
        lambda: (gateway.vip(), gateway.addresses()),
        lambda state: state[1] == [state[0]],
    )
    expect(
        f"the address in the status of Gateway {gateway.name} to be"
        " the one that MetalLB announces,",
        expected=vip,
        actual=addresses or "none",
        ok=addresses == [vip],
        seen_by=f"kubectl get gateway {gateway.name} -n {gateway.namespace}"
        " -o jsonpath='{.status.addresses}'",
    )


def expect_proxy_responds(gateway: Gateway) -> None:
    """Fail unless one node that serves the VIP, and no other, answers ARP.

    Example:
        expect_proxy_responds(Gateway(lab, "shared", "lab-6"))

    Raises:
        CheckFailed: no machine answers, another one, or several.
        CannotCheck: the LAN client or the API server does not answer.

    """
    lab, vip = gateway.lab, gateway.vip()

    def is_right(state: tuple[Responders, frozenset[str]]) -> bool:
        names = state[0].names
        return len(names) == 1 and names[0] in state[1]

    responders, nodes = state = until(
        "arp",
        lambda: (arp_responders(lab, vip), serving_nodes(gateway)),
        is_right,
    )
    expect(
        f"ARP for {vip} to be answered by",
        expected=f"one of {', '.join(sorted(nodes))}"
        if nodes
        else "a worker with a ready proxy, and there is none",
        actual=responders.names or "none",
        ok=is_right(state),
        seen_by=responders.seen_by,
        evidence=lambda: lab.cluster.events(gateway.service_name(), PROXIES),
    )


def serving_nodes(gateway: Gateway) -> frozenset[str]:
    """Return the workers that may announce a Gateway's VIP, by its policy.

    Example:
        nodes = serving_nodes(Gateway(lab, "shared", "lab-6"))

    Raises:
        CannotCheck: the API server does not answer.

    """
    lab, name = gateway.lab, gateway.service_name()
    workers = frozenset(lab.plan.worker_names())
    ready = lab.cluster.ready_nodes(PROXIES, name)
    service = lab.cluster.service(name, PROXIES) or {"spec": {}}
    is_local = service["spec"].get("externalTrafficPolicy") == "Local"
    return ready & workers if is_local or not ready else workers


def expect_as_asked(gateway: Gateway) -> None:
    """Fail if the Service or the proxies of a Gateway were changed directly.

    They are as Gateway and EnvoyProxy ask for; the controller would undo
    anything else the next time that it writes them, and recreates no pod that
    others have put behind the Service.

    Example:
        expect_as_asked(Gateway(lab, "shared", "lab-6"))

    Raises:
        CheckFailed: a field is otherwise.
        CannotCheck: the API server does not answer.

    """
    # The controller needs a moment after a change of what it is asked for.
    changed = until(
        "settled", partial(_changed_fields, gateway), lambda found: not found
    )
    expect(
        f"what the controller created for Gateway {gateway.name} to be",
        expected="as Gateway and EnvoyProxy ask for",
        actual=changed,
        ok=not changed,
        seen_by=f"kubectl get svc,deployments -n {PROXIES} -o yaml",
    )
    added = _added(gateway)
    expect(
        f"behind the Service of Gateway {gateway.name},",
        expected="what the controller created alone",
        actual=added,
        ok=not added,
        seen_by=f"kubectl get deployments,pods,endpointslices -n {PROXIES}"
        " --show-labels",
    )


def _added(gateway: Gateway) -> list[str]:
    """Return what others have put behind a Gateway's Service."""
    cluster, service = gateway.lab.cluster, gateway.service_name()
    own = {
        (item["kind"], item["metadata"]["name"])
        for item in gateway.workloads()
    }
    labels = ((cluster.service(service, PROXIES) or {}).get("spec") or {}).get(
        "selector"
    ) or {}
    return [
        *(f"pod {name}" for name in cluster.orphans(PROXIES, service)),
        *(
            f"EndpointSlice {name}"
            for name in cluster.foreign_slices(PROXIES, service)
        ),
        *(
            f"{kind} {item['metadata']['name']}"
            for kind in ("Deployment", "DaemonSet", "StatefulSet")
            for item in cluster.items(f"{GATEWAY_APPS}/{kind.lower()}s")
            if (kind, item["metadata"]["name"]) not in own
            and labels
            and labels.items()
            <= (
                item["spec"]["template"]["metadata"].get("labels") or {}
            ).items()
        ),
    ]


def _changed_fields(gateway: Gateway) -> list[str]:
    """Return the fields that are not as asked for, with their values."""
    wanted = gateway.proxy_spec()
    found = []
    service = wanted.get("envoyService") or {}
    if "patch" not in service:
        for item in gateway.services():
            asked = _service_fields(gateway, service)
            found += _differences("Service", item["spec"], asked)
    for item in gateway.workloads():
        workload = wanted.get(f"envoy{item['kind']}") or {}
        if "patch" in workload:
            continue
        asked = _pod_fields(workload)
        found += _differences("pod", item["spec"]["template"]["spec"], asked)
    return found


def _service_fields(gateway: Gateway, asked: Object) -> Object:
    spec = (gateway.read() or {"spec": {}})["spec"]
    addresses = spec.get("addresses") or []
    return {
        "type": asked.get("type", "LoadBalancer"),
        "externalTrafficPolicy": asked.get("externalTrafficPolicy", "Local"),
        "externalIPs": [
            item.get("value", "")
            for item in addresses
            if item.get("type", "IPAddress") == "IPAddress"
        ],
        "loadBalancerClass": asked.get("loadBalancerClass"),
        "loadBalancerIP": asked.get("loadBalancerIP"),
    }


def _pod_fields(asked: Object) -> Object:
    pod = asked.get("pod") or {}
    return {key: pod.get(key) for key in _PLACEMENT} | {"hostNetwork": None}


def _differences(what: str, spec: Object, asked: Object) -> list[str]:
    return [
        f"{key} {spec.get(key) or 'missing'} of the {what}"
        for key, value in asked.items()
        if (spec.get(key) or None) != (value or None)
    ]
