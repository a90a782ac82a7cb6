"""A model of Envoy Gateway: proxies for Gateways, and their answers."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from graders.kube.names import GATEWAY_OWNER
from tests.lab_model.controllers import vip_of
from tests.lab_model.network import Request, entry_of

if TYPE_CHECKING:
    from tests.fakes import FakeCluster, Object
    from tests.lab_model.model import LabModel

PROXIES = "envoy-gateway-system"
CONTROLLER = "envoy-gateway"
_HEADER = "X-Forwarded-For"
_PLACEMENT = ("affinity", "nodeSelector", "tolerations")


@dataclass
class EnvoyGateway:
    """The controller: it writes Services and Deployments of proxies.

    It writes them when what it is asked for changes, and when it starts; what
    others change in between stays.
    """

    cluster: FakeCluster
    _written: dict[str, str] = field(default_factory=dict)

    def write(self) -> None:
        """Create what Gateways ask for, and remove what none asks for."""
        gateways = {
            gateway["metadata"]["name"]: gateway
            for gateway in self.cluster.all("Gateway")
        }
        for kind in ("Service", "Deployment"):
            for item in self.cluster.all(kind):
                name = (
                    item["metadata"]
                    .get("labels", {})
                    .get(f"{GATEWAY_OWNER}-name")
                )
                if name and name not in gateways:
                    self.cluster.remove(item)
        runs = [
            pod["metadata"]["name"]
            for pod in self.cluster.all("Pod")
            if pod["metadata"].get("labels", {}).get("app") == CONTROLLER
        ]
        for name, gateway in gateways.items() if runs else ():
            proxy = self._proxy(gateway)
            asked = json.dumps([gateway["spec"], proxy, runs])
            if self._written.get(name) != asked:
                self._written[name] = asked
                self._create(gateway, proxy)

    def report(self) -> None:
        """Write the addresses into the Gateways' status."""
        for gateway in self.cluster.all("Gateway"):
            vips = [
                address
                for service in self.cluster.all("Service")
                if _belongs(service, gateway)
                for address in (
                    service["spec"].get("externalIPs")
                    or [service["spec"].get("clusterIP", "10.96.0.9")]
                    if gateway["spec"].get("addresses")
                    else [vip_of(service)]
                )
            ]
            gateway["status"] = {
                "addresses": [{"value": vip} for vip in vips if vip],
                "conditions": [
                    {"type": "Accepted", "status": "True", "message": "ok"}
                ],
            }

        for route in self.cluster.all("HTTPRoute"):
            space = route["metadata"]["namespace"]
            route["status"] = {
                "parents": [
                    {
                        "parentRef": reference,
                        "conditions": [
                            {
                                "type": "Accepted",
                                "status": str(self._accepts(reference, route)),
                            }
                        ],
                    }
                    for reference in route["spec"]["parentRefs"]
                    if reference.get("namespace", space) == "lab-6"
                ]
            }

    def _accepts(self, reference: Object, route: Object) -> bool:
        return any(
            gateway["metadata"]["name"] == reference["name"]
            and reference.get("sectionName") in {None, listener["name"]}
            and _attached(self.cluster, gateway, listener, route)
            and _meet(listener, route)
            for gateway in self.cluster.all("Gateway")
            for listener in gateway["spec"]["listeners"]
        )

    def _proxy(self, gateway: Object) -> Object:
        reference = (
            gateway["spec"].get("infrastructure", {}).get("parametersRef")
        )
        if not reference:
            return {}
        proxy = self.cluster.one("EnvoyProxy", reference["name"])
        found: Object = proxy["spec"]["provider"]["kubernetes"]
        return found

    def _create(self, gateway: Object, proxy: Object) -> None:
        meta, service = gateway["metadata"], proxy.get("envoyService", {})
        labels = {
            f"{GATEWAY_OWNER}-name": meta["name"],
            f"{GATEWAY_OWNER}-namespace": meta["namespace"],
        }
        addresses = gateway["spec"].get("addresses", [])
        name = service.get("name", f"envoy-{meta['namespace']}-{meta['name']}")
        kept = self.cluster.objects.get(
            f"/api/v1/namespaces/{PROXIES}/services/{name}", {}
        )
        self._add(
            ("v1", "Service", name, labels),
            {
                "type": service.get("type", "LoadBalancer"),
                "externalTrafficPolicy": service.get(
                    "externalTrafficPolicy", "Local"
                ),
                "externalIPs": [one["value"] for one in addresses],
                "selector": labels,
                "ports": [{"port": 443}],
            },
            service.get("annotations", {}),
        )["status"] = kept.get("status", {})
        workload = proxy.get("envoyDeployment", {})
        pod = workload.get("pod", {})
        containers = [{"name": "envoy", "image": "envoy"}]
        self._add(
            ("apps/v1", "Deployment", f"proxies-{meta['name']}", labels),
            {
                "replicas": workload.get("replicas", 1),
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {
                        **{key: pod[key] for key in _PLACEMENT if key in pod},
                        "containers": containers,
                    },
                },
            },
        )

    def _add(
        self,
        what: tuple[str, str, str, dict[str, str]],
        spec: Object,
        notes: dict[str, str] | None = None,
    ) -> Object:
        version, kind, name, labels = what
        meta = {"name": name, "namespace": PROXIES, "labels": labels}
        return self.cluster.add(
            {
                "apiVersion": version,
                "kind": kind,
                "metadata": meta | {"annotations": notes or {}},
                "spec": spec,
            }
        )


def install(model: LabModel) -> None:
    """Have the controller in the cluster, with its class."""
    labels = {"app": CONTROLLER}
    space = {"name": PROXIES}
    meta = {"name": CONTROLLER, "namespace": PROXIES}
    containers = [{"name": CONTROLLER, "image": CONTROLLER}]
    bodies: list[Object] = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": space},
        {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "GatewayClass",
            "metadata": {"name": "eg"},
            "spec": {},
        },
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": meta,
            "spec": {
                "replicas": 1,
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {"containers": containers},
                },
            },
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": meta,
            "spec": {
                "type": "ClusterIP",
                "selector": labels,
                "ports": [{"port": 18000}],
            },
        },
    ]
    for body in bodies:
        model.cluster.add(body)


def _belongs(item: Object, gateway: Object) -> bool:
    labels, meta = item["metadata"].get("labels", {}), gateway["metadata"]
    return bool(
        labels.get(f"{GATEWAY_OWNER}-name") == meta["name"]
        and labels.get(f"{GATEWAY_OWNER}-namespace") == meta["namespace"]
    )


# What clients get. An answer is status, body, location and curl's error.
Page = tuple[int, str, str, str]


def _failure(error: str) -> Page:
    return 0, "", "", f"curl: {error}"


@dataclass(frozen=True)
class Question:
    """A request by name: who sends it, and to which address."""

    role: str
    vip: str
    url: str
    header: str = ""


def page(model: LabModel, question: Question) -> Page:
    """Return what a client gets."""
    url, header = question.url, question.header
    found = reach(model, question.role, question.vip)
    if not found:
        return _failure("(7) Failed to connect")
    service, _, seen = found
    gateways = [
        gateway
        for gateway in model.cluster.all("Gateway")
        if _belongs(service, gateway)
    ]
    parts = urlsplit(url)
    host = parts.netloc
    for gateway in gateways:
        for listener in gateway["spec"]["listeners"]:
            if listener["protocol"] == "HTTPS" and _covers(
                listener.get("hostname", ""), host
            ):
                names = listener["tls"]["certificateRefs"]
                if names != [{"name": "apps-tls"}]:
                    return _failure("(60) SSL certificate problem")
                return _routed(model, gateway, listener, (url, seen, header))
    return _failure("(35) connection closed during TLS")


def reach(
    model: LabModel, role: str, vip: str
) -> tuple[Object, list[Object], str] | None:
    """Return the Service behind a VIP, its endpoints, the source they see."""
    machine = model.plan.machines[role]
    source = str(machine.lan if role == "lan-client" else machine.edge)
    entry = entry_of(model, Request(role, f"http://{vip}/", source, 1))
    if entry not in model.plan.nodes:
        return None
    node = model.plan.nodes[entry]
    for service in model.cluster.all("Service"):
        addresses = service["spec"].get("externalIPs", [])
        if vip not in {vip_of(service), *addresses}:
            continue
        ends = model.controllers.endpoints(service)
        seen = model.seen_as(source) if role == "client" else source
        if service["spec"].get("externalTrafficPolicy") == "Local":
            ends = [end for end in ends if end["nodeName"] == node.name]
        else:
            seen = str(node.lan)
        return (service, ends, seen) if ends else None
    return None


def _covers(pattern: str, host: str) -> bool:
    return (
        not pattern
        or pattern == host
        or (pattern.startswith("*.") and host.endswith(pattern[1:]))
    )


def _meet(listener: Object, route: Object) -> bool:
    """Tell whether a listener and a route have a name in common."""
    name = listener.get("hostname", "")
    return any(
        not host
        or _covers(name, host)
        or (host.startswith("*.") and name.endswith(host[1:]))
        for host in route["spec"].get("hostnames") or [""]
    )


def _attached(
    cluster: FakeCluster, gateway: Object, listener: Object, route: Object
) -> bool:
    meta = gateway["metadata"]
    space = route["metadata"]["namespace"]
    parents = [
        (one["name"], one.get("namespace", space))
        for one in route["spec"]["parentRefs"]
    ]
    if (meta["name"], meta["namespace"]) not in parents:
        return False
    rule = listener.get("allowedRoutes", {}).get("namespaces", {})
    kind = rule.get("from", "Same")
    if kind != "Selector":
        return bool(kind == "All" or space == meta["namespace"])
    labels = cluster.one("Namespace", space)["metadata"].get("labels", {})
    selector = rule["selector"]
    return selector.get("matchLabels", {}).items() <= labels.items() and all(
        one["key"] in labels
        if one["operator"] == "Exists"
        else labels.get(one["key"]) in one["values"]
        for one in selector.get("matchExpressions", [])
    )


def _routed(
    model: LabModel,
    gateway: Object,
    listener: Object,
    request: tuple[str, str, str],
) -> Page:
    """Follow the best route: the longest name, then the longest path."""
    parts = urlsplit(request[0])
    found = [
        (len(host), len(path), rule, route)
        for route in model.cluster.all("HTTPRoute")
        if _attached(model.cluster, gateway, listener, route)
        for host in route["spec"].get("hostnames", [""])
        if _covers(host, parts.netloc)
        for rule in route["spec"]["rules"]
        for path in _prefixes(rule)
        if parts.path.startswith(path)
    ]
    if not found:
        return 404, "", "", ""
    *_, rule, route = max(found, key=lambda one: one[:2])
    for item in rule.get("filters", []):
        if "extensionRef" in item:
            own = model.one("HTTPRouteFilter", item["extensionRef"]["name"])
            answer = own["spec"]["directResponse"]
            return answer["statusCode"], answer["body"]["inline"], "", ""
        target = item["requestRedirect"]
        location = f"https://{target['hostname']}{parts.path}"
        return target["statusCode"], "", location, ""
    space = route["metadata"]["namespace"]
    backends = rule["backendRefs"]
    turn = next(model.numbers) % len(backends)
    return _backend(model, space, backends[turn], request)


def _prefixes(rule: Object) -> list[str]:
    matches = rule.get("matches", [{}])
    return [match.get("path", {}).get("value", "/") for match in matches]


def _backend(
    model: LabModel,
    space: str,
    reference: Object,
    request: tuple[str, str, str],
) -> Page:
    services = [
        service
        for service in model.cluster.all("Service")
        if service["metadata"]["name"] == reference["name"]
        and service["metadata"]["namespace"] == space
    ]
    ports = [
        port["targetPort"]
        for service in services
        for port in service["spec"]["ports"]
        if port["port"] == reference["port"]
    ]
    if not ports:
        return 500, "", "", ""
    for end in model.controllers.endpoints(services[0]):
        pod = model.cluster.one("Pod", end["targetRef"]["name"], space)
        (container,) = pod["spec"]["containers"]
        if any(
            ports[0] in port.values() for port in container.get("ports", [])
        ):
            return 200, _text(model, container, request), "", ""
    return 503, "upstream connect error", "", ""


def _text(
    model: LabModel, container: Object, request: tuple[str, str, str]
) -> str:
    url, seen, header = request
    for text in container.get("args", []):
        if text.startswith("-text="):
            return str(text.removeprefix("-text=")) + "\n"
    query: dict[str, list[Any]] = parse_qs(urlsplit(url).query)
    if "msg" in query:
        return str(query["msg"][0])
    claim = header.removeprefix(f"{_HEADER}: ")
    return ", ".join(filter(None, ["" if _cleans(model) else claim, seen]))


def _cleans(model: LabModel) -> bool:
    """Tell whether proxies remove what a client says of its address."""
    return any(
        _HEADER
        in policy["spec"]
        .get("headers", {})
        .get("earlyRequestHeaders", {})
        .get("remove", [])
        for policy in model.cluster.all("ClientTrafficPolicy")
    )


def greeting(model: LabModel, role: str, vip: str, port: str) -> str:
    """Return what a server says that speaks first, "" without a connection."""
    found = reach(model, role, vip)
    if not found or all(
        str(one["port"]) != port for one in found[0]["spec"]["ports"]
    ):
        return ""
    return str(found[1][0]["targetRef"]["name"])
