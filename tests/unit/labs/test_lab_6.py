"""The checks of lab 6: right states pass, each wrong one is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from graders.checks.gateway import Gateway
from graders.checks.routes import routed
from graders.errors import CannotCheck
from graders.kube.names import GATEWAY_OWNER
from graders.labs.test_lab_6_gateway import LABEL
from graders.providers.machine import Output
from tests.lab_model.checks import Judge, Wrong, WrongStates, checks_of
from tests.lab_model.controllers import EXCLUDE
from tests.lab_model.gateway import PROXIES
from tests.lab_model.labs import take_address
from tests.lab_model.metallb import refuse_other_controllers
from tests.lab_model.webhook import (
    webhook_deleted,
    webhook_ignored,
    webhook_of_some_objects,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes import Object
    from tests.lab_model.model import LabModel

WRONG = WrongStates()
refuse_other_controllers(WRONG, "webhook")
WRONG("webhook", "to be refused, not accepted: new IPAddressPool")(
    webhook_deleted
)
WRONG("webhook", "accepted: failurePolicy is Ignore")(webhook_ignored)
WRONG("webhook", "not at ipaddresspools without its objectSelector")(
    webhook_of_some_objects
)


@pytest.mark.parametrize("check", checks_of("6"))
def test_the_right_state_passes(judge: Judge, check: str) -> None:
    """Every name leads through one VIP to its application."""
    judge.passes("6", check)


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_a_wrong_state_is_refused(judge: Judge, wrong: Wrong) -> None:
    """Each wrong repair meets a check that says what is wrong."""
    judge.refuses("6", wrong)


def _fence(model: LabModel, *namespaces: str) -> None:
    rules = {"namespaces": [*namespaces]} if namespaces else None
    model.one("IPAddressPool")["spec"]["serviceAllocation"] = rules


def _kubernetes(model: LabModel) -> Any:  # noqa: ANN401 - JSON
    return model.one("EnvoyProxy")["spec"]["provider"]["kubernetes"]


def _listener(model: LabModel) -> Any:  # noqa: ANN401 - JSON
    (listener,) = model.one("Gateway", "shared")["spec"]["listeners"]
    return listener


def _add_listener(model: LabModel, namespaces: Object) -> None:
    """Add a listener for HTTP."""
    model.one("Gateway", "shared")["spec"]["listeners"].append(
        {
            "name": "http",
            "protocol": "HTTP",
            "port": 80,
            "allowedRoutes": {"namespaces": namespaces},
        }
    )


def _add_route(model: LabModel, space: str, spec: Object) -> None:
    parent = {"name": "shared", "namespace": "lab-6"}
    model.cluster.add(
        {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "HTTPRoute",
            "metadata": {"name": "another", "namespace": space},
            "spec": {"parentRefs": [parent], **spec},
        }
    )


_MEMBERS: Final = {"matchLabels": dict([LABEL])}
_APPLICATIONS: Final = [
    {"matchLabels": {"app": "ledger"}},
    {"matchLabels": {f"{GATEWAY_OWNER}-name": "shared"}},
]
_ACCEPTED: Final = {"conditions": [{"type": "Accepted", "status": "True"}]}
_TICKETS: Final = {"kind": "Service", "name": "tickets"}
_TO_TICKETS: Final = {
    "backendRefs": [{"name": "tickets", "namespace": "tickets", "port": 80}]
}


def _allow_sets(model: LabModel, namespaces: Object) -> None:
    """Let namespaces add listeners to the Gateway."""
    allowed = {"namespaces": namespaces}
    model.one("Gateway", "shared")["spec"]["allowedListeners"] = allowed


def _add_set(model: LabModel, namespaces: Object) -> None:
    """Have a ListenerSet of shop that the Gateway has accepted."""
    routes = {"namespaces": namespaces}
    parent = {"name": "shared", "namespace": "lab-6"}
    model.cluster.add(
        {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "ListenerSet",
            "metadata": {"name": "mine", "namespace": "shop"},
            "spec": {
                "parentRef": parent,
                "listeners": [{"name": "https", "allowedRoutes": routes}],
            },
            "status": _ACCEPTED,
        }
    )


def _grant(model: LabModel, space: str, to: Object, *namespaces: str) -> None:
    """Open something of a namespace to routes of others."""
    model.cluster.add(
        {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "ReferenceGrant",
            "metadata": {"name": "mine", "namespace": space},
            "spec": {
                "from": [
                    {"kind": "HTTPRoute", "namespace": name}
                    for name in namespaces
                ],
                "to": [to],
            },
        }
    )


def _a_route_of_a_new_team(model: LabModel) -> None:
    """Have a route in another namespace that leads to tickets."""
    space = {"name": "desk", "labels": dict([LABEL])}
    model.cluster.add(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": space}
    )
    names = [f"desk.{model.plan.domain}"]
    _add_route(model, "desk", {"hostnames": names, "rules": [_TO_TICKETS]})


def _route(model: LabModel, name: str) -> Any:  # noqa: ANN401 - JSON
    return model.one("HTTPRoute", name)["spec"]


def _direct(model: LabModel, name: str, namespace: str) -> None:
    model.cluster.add(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {
                "type": "LoadBalancer",
                "selector": {"app": "visits"},
                "ports": [{"port": 80, "targetPort": "http"}],
            },
        }
    )


# Allocation and advertisement.


@WRONG("vip", "the VIP of gateway-envoy to be an address, not <pending>")
def _pool_closed(model: LabModel) -> None:
    _fence(model, "lab-6", "ledger")


@WRONG("vip", "the VIP of gateway-envoy to be an address, not <pending>")
def _direct_services(model: LabModel) -> None:
    _fence(model, "shop", "ledger")
    for number in range(4):
        _direct(model, f"front-{number}", "shop")
    model.settle()
    _fence(model)


@WRONG("vip", "to be an address, not a Service of type NodePort")
def _node_port(model: LabModel) -> None:
    _kubernetes(model)["envoyService"]["type"] = "NodePort"


@WRONG("vip", "Gateway shared to have one Service, not no Gateway shared in")
def _gateway_deleted(model: LabModel) -> None:
    model.cluster.remove(model.one("Gateway", "shared"))


@WRONG("vip", "one Service, not Accepted is False: no such class")
def _class_unknown(model: LabModel) -> None:
    model.cluster.remove(model.one("Service", "gateway-envoy"))
    status = {
        "conditions": [
            {
                "type": "Accepted",
                "status": "False",
                "message": "no such class",
            }
        ]
    }

    def refuse() -> None:
        model.one("Gateway", "shared")["status"] = status

    model.adjust = refuse


@WRONG("vip", "one Service, not none, and no condition that says why")
def _service_deleted(model: LabModel) -> None:
    model.cluster.remove(model.one("Service", "gateway-envoy"))


@WRONG("vip", "Gateway shared to have one Service, not gateway-envoy, second")
def _second_service(model: LabModel) -> None:
    service = model.service("gateway-envoy")
    meta = service["metadata"] | {"name": "second"}
    del meta["uid"]
    model.cluster.add(service | {"kind": "Service", "metadata": meta})


@WRONG("vip", "the VIP of gateway-envoy to be in 172.18.255.240-.*, not")
def _other_pool(model: LabModel) -> None:
    model.ranges(model.plan.small_pool)
    model.settle()


@WRONG("published", "MetalLB announces, 172.18.255.240, not 172.18.255.245")
def _address_outside(model: LabModel) -> None:
    address = str(model.plan.unannounced_vip)
    wish = [{"type": "IPAddress", "value": address}]
    model.one("Gateway", "shared")["spec"]["addresses"] = wish


@WRONG("published", "announces, .*240, not 172.18.255.245")
def _address_on_node(model: LabModel) -> None:
    _address_outside(model)
    model.interfaces["worker"]["lo"] = [str(model.plan.unannounced_vip)]


@WRONG("published", "announces, .*240, not 172.18.255.245")
def _pool_widened(model: LabModel) -> None:
    _address_outside(model)
    model.ranges(model.plan.shared_pool, f"{model.plan.unannounced_vip}/32")


@WRONG("published", "announces, .*240, not 10.96.0.9")
def _service_by_hand(model: LabModel) -> None:
    _address_outside(model)
    model.settle()
    model.service("gateway-envoy")["spec"]["externalIPs"] = []


@WRONG("arp", "a worker with a ready proxy, and there is none, not none")
def _proxies_elsewhere(model: LabModel) -> None:
    pod = _kubernetes(model)["envoyDeployment"]["pod"]
    pod |= {"nodeSelector": {EXCLUDE: ""}, "tolerations": ["all"]}


@WRONG("arp", "and there is none, not metallb-lab-control-plane")
def _label_removed(model: LabModel) -> None:
    _proxies_elsewhere(model)
    model.settle()
    name = model.plan.machine_name("control-plane")
    del model.one("Node", name)["metadata"]["labels"][EXCLUDE]


@WRONG("arp", "-control-plane to be excluded .*, not free of the label")
def _label_left_out(model: LabModel) -> None:
    """Bring the proxies back, and not the label."""
    name = model.plan.machine_name("control-plane")
    del model.one("Node", name)["metadata"]["labels"][EXCLUDE]


@WRONG(
    "arp", "answered by one of .*-worker, .*-worker2, not 02:42:.*, no node"
)
def _stranger(model: LabModel) -> None:
    vip = model.vip("gateway-envoy")
    model.cluster.remove(model.one("L2Advertisement"))
    model.strangers[vip] = ["02:42:ac:12:09:99"]


@WRONG("ledger", "the VIP of ledger to be 172.18.255.241, not <pending>")
def _ledger_forgotten(model: LabModel) -> None:
    _fence(model, PROXIES)


@WRONG("ledger", "one answer to ARP for 172.18.255.241, not none")
def _ledger_unannounced(model: LabModel) -> None:
    model.cluster.remove(model.one("L2Advertisement"))


@WRONG("ledger", "172.18.255.241 to be answered by one node, not .*, no node")
def _ledger_twice(model: LabModel) -> None:
    vip = str(model.plan.ledger_vip)
    model.strangers[vip] = ["02:42:ac:12:09:99"]


@WRONG("ledger", "says to lan-client to be .*ledger-.*, not no answer")
def _ledger_s_port(model: LabModel) -> None:
    model.service("ledger")["spec"]["ports"] = [{"port": 80}]


@WRONG("ledger", "and there is none, not no answer")
def _ledger_stopped(model: LabModel) -> None:
    model.service("ledger")["spec"]["externalTrafficPolicy"] = "Cluster"
    model.settle()
    vip = str(model.plan.ledger_vip)
    model.one("Deployment", "ledger")["spec"]["replicas"] = 0
    model.interfaces["worker"]["eth0"].append(vip)


# Names.


@WRONG("tls", "page, with a certificate of the lab's CA, not curl: .35.")
def _listener_host(model: LabModel) -> None:
    _listener(model)["hostname"] = f"*.apps.{model.plan.domain}"


@WRONG("tls", "a certificate of the lab's CA, not curl: .60.")
def _own_certificate(model: LabModel) -> None:
    _listener(model)["tls"]["certificateRefs"] = [{"name": "mine"}]


@WRONG("tls", "a certificate of the lab's CA, not curl: .35.")
def _gateway_per_team(model: LabModel) -> None:
    """Have one name only, and a second Gateway for it."""
    _listener_host(model)
    team = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "tickets", "namespace": "tickets"},
        "spec": {"listeners": []},
    }
    model.cluster.add(team)


@WRONG("routes", "shop.demo.example/.* to be an application's, not 404")
def _routes_detached(model: LabModel) -> None:
    wanted = _listener(model)["allowedRoutes"]["namespaces"]["selector"]
    wanted["matchLabels"]["audited"] = "2026"


@WRONG("routes", "tickets.demo.example/.* to be an application's, not 404")
def _tickets_unrouted(model: LabModel) -> None:
    model.cluster.remove(model.one("HTTPRoute", "tickets"))


@WRONG("apps", "200 hello from tickets, not 503 upstream")
def _target_port(model: LabModel) -> None:
    model.service("tickets")["spec"]["ports"][0]["targetPort"] = 8080


@WRONG("apps", "to lan-client to be 200 hello from tickets, not 500")
def _port_in_route(model: LabModel) -> None:
    (rule,) = _route(model, "tickets")["rules"]
    rule["backendRefs"] = [{"name": "tickets", "port": 5678}]


@WRONG("apps", "200 hello from cart, not 200 hello from shop")
def _cart_unrouted(model: LabModel) -> None:
    del _route(model, "shop")["rules"][0]


@WRONG("apps", "to .*client to be 200 hello from tickets, not 503 upstream")
def _beside_the_broken_one(model: LabModel) -> None:
    """Lead to a right Service as well: every other request fails."""
    _target_port(model)
    service = model.service("tickets")
    ports = [{"port": 80, "targetPort": "http"}]
    model.cluster.add(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "tickets-2", "namespace": "tickets"},
            "spec": {**service["spec"], "ports": ports},
        }
    )
    (rule,) = _route(model, "tickets")["rules"]
    rule["backendRefs"].append({"name": "tickets-2", "port": 80})


@WRONG("apps", "answered by its pods, not a proxy, as HTTPRouteFilter answer")
def _page_of_the_proxy(model: LabModel) -> None:
    answer = {"statusCode": 200, "body": {"inline": "hello from tickets"}}
    model.cluster.add(
        {
            "apiVersion": "gateway.envoyproxy.io/v1alpha1",
            "kind": "HTTPRouteFilter",
            "metadata": {"name": "answer", "namespace": "tickets"},
            "spec": {"directResponse": answer},
        }
    )
    reference = {"kind": "HTTPRouteFilter", "name": "answer"}
    own = {"type": "ExtensionRef", "extensionRef": reference}
    _route(model, "tickets")["rules"] = [{"filters": [own]}]


@WRONG("apps", "answered by its pods, not a proxy, as HTTPRouteFilter answer")
def _page_of_another_route(model: LabModel) -> None:
    """Have the proxy answer, by a route in another namespace."""
    _page_of_the_proxy(model)
    for kind, name in (
        ("HTTPRoute", "tickets"),
        ("HTTPRouteFilter", "answer"),
    ):
        item = model.one(kind, name)
        model.cluster.remove(item)
        model.cluster.add(
            {**item, "metadata": {"name": name, "namespace": "visits"}}
        )


@WRONG("apps", "behind routes of tickets to be none, not Backend pod-of-today")
def _backend_with_an_address(model: LabModel) -> None:
    """Mirror what the proxies' own kind of backend would do."""
    names = [f"tickets.{model.plan.domain}"]
    backend = {"kind": "Backend", "name": "pod-of-today"}
    paths = [{"path": {"value": "/backend"}}]
    rule = {"matches": paths, "backendRefs": [backend]}
    _add_route(model, "visits", {"hostnames": names, "rules": [rule]})


@WRONG("apps", "behind routes of tickets to be none, not EndpointSlice mine")
def _endpoints_by_hand(model: LabModel) -> None:
    model.cluster.add(
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": "mine",
                "namespace": "tickets",
                "labels": {"kubernetes.io/service-name": "tickets"},
            },
            "endpoints": model.controllers.endpoints(model.service("tickets")),
        }
    )


@WRONG("client_address", "from lan-client to be 172.18.0.3, not 1.*, 172")
def _header_kept(model: LabModel) -> None:
    del model.one("ClientTrafficPolicy")["spec"]["headers"]


@WRONG("client_address", "from lan-client to be 172.18.0.3, not 172.18.1")
def _cluster_policy(model: LabModel) -> None:
    service = _kubernetes(model)["envoyService"]
    service["externalTrafficPolicy"] = "Cluster"


@WRONG("client_address", "from client to be 10.90.0.10, not 172.18.0.2")
def _masquerade(model: LabModel) -> None:
    model.seen_as = lambda _: str(model.plan.machines["router"].lan)


# Policy.


@WRONG("new_host", "404, as its namespace has no label .*: allowed, not 302")
def _any_value(model: LabModel) -> None:
    rule = {"key": "shared-gateway", "operator": "Exists"}
    chosen = {"matchExpressions": [rule]}
    _listener(model)["allowedRoutes"]["namespaces"]["selector"] = chosen


@WRONG("new_host", "404, as its namespace has no label .*: allowed, not 302")
def _from_all(model: LabModel) -> None:
    _listener(model)["allowedRoutes"]["namespaces"] = {"from": "All"}


@WRONG("new_host", "404, as its namespace has no label .*: allowed, not 302")
def _several_values(model: LabModel) -> None:
    """Let those in who have only asked."""
    values = ["allowed", "trial"]
    rule = {"key": "shared-gateway", "operator": "In", "values": values}
    chosen = {"matchExpressions": [rule]}
    _listener(model)["allowedRoutes"]["namespaces"]["selector"] = chosen


@WRONG("new_host", "without the label .*: allowed to be attached to no list")
def _plain_http_for_all(model: LabModel) -> None:
    """Add a listener at which everybody serves any name."""
    _add_listener(model, {"from": "All"})


@WRONG("new_host", "without the label .*: allowed to be attached to no list")
def _plain_http_for_another_label(model: LabModel) -> None:
    chosen = {"matchLabels": {"audited": "2026"}}
    _add_listener(model, {"from": "Selector", "selector": chosen})


@WRONG("new_host", "allowed alone, not others, by allowedListeners of Gat")
def _listener_sets_for_all(model: LabModel) -> None:
    """Let each namespace add its own listener."""
    _allow_sets(model, {"from": "All"})


@WRONG("new_host", "allowed alone, not others, by allowedListeners of Gat")
def _listener_sets_of_another_label(model: LabModel) -> None:
    chosen = {"matchLabels": {"team": "web"}}
    _allow_sets(model, {"from": "Selector", "selector": chosen})


@WRONG("new_host", "not others, by listener https of ListenerSet shop/mine$")
def _listener_set_for_all(model: LabModel) -> None:
    """Let a team with the label open its listener to others."""
    _allow_sets(model, {"from": "Selector", "selector": _MEMBERS})
    _add_set(model, {"from": "All"})


@WRONG("neighbour_routes", "for shop.demo.example: none, not tickets/another")
def _name_taken_at_a_set(model: LabModel) -> None:
    _allow_sets(model, {"from": "Selector", "selector": _MEMBERS})
    _add_set(model, {"from": "Same"})
    parent = {"kind": "ListenerSet", "name": "mine", "namespace": "shop"}
    names = [f"shop.{model.plan.domain}"]
    _add_route(model, "tickets", {"hostnames": names, "rules": []})
    route = model.one("HTTPRoute", "another")
    route["spec"]["parentRefs"] = [parent]
    model.adjust = lambda: route.update(
        status={"parents": [{"parentRef": parent, **_ACCEPTED}]}
    )


@WRONG("new_host", "to be 302, as the grader's route says, not 404")
def _teams_labelled(model: LabModel) -> None:
    _routes_detached(model)
    for team in ("shop", "tickets", "visits"):
        space = model.one("Namespace", team)["metadata"]
        space["labels"]["audited"] = "2026"


@WRONG("new_host", "to be 404, as its route was removed, not 302")
def _routes_kept(model: LabModel) -> None:
    """Keep serving a name whose route was removed."""

    def copy() -> None:
        for route in model.cluster.all("HTTPRoute"):
            meta = route["metadata"]
            space = model.one("Namespace", meta["namespace"])["metadata"]
            label = space.get("labels", {}).get("shared-gateway")
            kept = meta["name"].startswith("kept-")
            if label == "allowed" and not kept:
                own = {"name": f"kept-{meta['name']}", "namespace": "shop"}
                parts = {"kind": "HTTPRoute", "metadata": own}
                model.cluster.add(route | parts)

    model.adjust = copy


@WRONG("unclaimed", "404, as no team has that name, not 200 hello from ti")
def _wildcard(model: LabModel) -> None:
    _route(model, "tickets")["hostnames"] = [f"*.{model.plan.domain}"]


@WRONG("unclaimed", "demo.example/tickets to lan-client to be 404, .*, not 2")
def _path_for_any_name(model: LabModel) -> None:
    path = {"type": "PathPrefix", "value": "/tickets"}
    backends = [{"name": "tickets", "port": 80}]
    rule = {"matches": [{"path": path}], "backendRefs": backends}
    _add_route(model, "tickets", {"rules": [rule]})


@WRONG(
    "neighbour_routes", "other .* for shop.demo.* none, not tickets/tickets"
)
def _names_of_all(model: LabModel) -> None:
    names = [f"{team}.{model.plan.domain}" for team in ("tickets", "shop")]
    _route(model, "tickets")["hostnames"] = names


@WRONG("neighbour_routes", "cart cart:80, not shop.demo.example/ front:80$")
def _cart_taken_over(model: LabModel) -> None:
    del _route(model, "shop")["rules"][0]


@WRONG("neighbour_routes", "visits:80, not any name/ Exact headers nothing$")
def _visits_rewritten(model: LabModel) -> None:
    spec = _route(model, "visits")
    del spec["hostnames"]
    match = {"path": {"type": "Exact", "value": "/"}, "headers": []}
    spec["rules"] = [{"matches": [match]}]


@WRONG("neighbour_routes", "lead there, not Service front of shop to HTTPRou")
def _grant_of_a_neighbour(model: LabModel) -> None:
    _grant(model, "shop", {"kind": "Service", "name": "front"}, "tickets")


@WRONG("neighbour_routes", "not Secret apps-tls of lab-6 to HTTPRoutes of sh")
def _certificate_opened(model: LabModel) -> None:
    _grant(model, "lab-6", {"kind": "Secret", "name": "apps-tls"}, "shop")


@WRONG("neighbour_routes", "lead there, not every Service of tickets to HTTP")
def _grant_of_everything(model: LabModel) -> None:
    _a_route_of_a_new_team(model)
    _grant(model, "tickets", {"kind": "Service"}, "desk")


@WRONG("neighbour_routes", "not Service tickets of tickets to HTTPRoutes of s")
def _grant_for_several_teams(model: LabModel) -> None:
    _a_route_of_a_new_team(model)
    _grant(model, "tickets", _TICKETS, "desk", "shop")


@WRONG("pool", "besides those of .* to be none, not visits/visits-direct")
def _one_direct_left(model: LabModel) -> None:
    _direct(model, "visits-direct", "visits")


@WRONG("pool", "every pool to be inside 172.18.255.240-172.18.255.243, not")
def _pool_grown(model: LabModel) -> None:
    model.ranges(model.plan.pool)


@WRONG("pool", "to have all of .*, not these without 172.18.255.243")
def _pool_shrunk(model: LabModel) -> None:
    first, _, _ = model.plan.shared_pool.partition("-")
    model.ranges(f"{first}-{model.plan.ledger_vip + 1}")


@WRONG("tenancy", "a Service in namespace .* to get no VIP, not 172.18.255.24")
def _open_to_everyone(model: LabModel) -> None:
    _fence(model)


@WRONG("tenancy", "a Service in namespace .* to get no VIP, not 172.18.255.24")
def _fence_for_new_services_only(model: LabModel) -> None:
    """Refuse what is exposed at once."""
    _fence(model)
    own = (f"/namespaces/{PROXIES}/", "/namespaces/ledger/")

    def refuse(verb: str, path: str, body: Object) -> str:
        exposed = body.get("spec", {}).get("type") == "LoadBalancer"
        mine = any(space in path for space in own)
        new = verb == "POST" and exposed and not mine
        return "ValidatingAdmissionPolicy 'fence'" if new else ""

    model.cluster.admission = refuse


@WRONG("tenancy", "a Service in namespace .* to get no VIP, not 172.18.255.24")
def _fence_by_labels_of_services(model: LabModel) -> None:
    """Have a fence that anyone opens by a label."""
    fence = {"serviceSelectors": _APPLICATIONS}
    model.one("IPAddressPool")["spec"]["serviceAllocation"] = fence


@WRONG("tenancy", " and ledger, not also for those with vips: allowed$")
def _prepared_by_label(model: LabModel) -> None:
    _fence(model, PROXIES, "ledger")
    fence = model.one("IPAddressPool")["spec"]["serviceAllocation"]
    fence["namespaceSelectors"] = [{"matchLabels": {"vips": "allowed"}}]


@WRONG("tenancy", "to be for namespaces .* and ledger, not also for payments")
def _one_namespace_more(model: LabModel) -> None:
    """Name a namespace that does not exist yet."""
    _fence(model, PROXIES, "ledger", "payments")


@WRONG("tenancy", " and ledger, not also for those with tier: system$")
def _metallb_too(model: LabModel) -> None:
    _fence(model, PROXIES, "ledger")
    space = model.one("Namespace", "metallb-system")["metadata"]
    space["labels"] = {"tier": "system"}
    fence = model.one("IPAddressPool")["spec"]["serviceAllocation"]
    fence["namespaceSelectors"] = [{"matchLabels": {"tier": "system"}}]


@WRONG(
    "tenancy", "a Service in namespace [a-z0-9-]+ .* no VIP, not 172.18.255"
)
def _for_those_without_the_label(model: LabModel) -> None:
    """Open the pool to all that have no part in the Gateway, but for some."""
    rules = [
        {"key": "shared-gateway", "operator": "DoesNotExist"},
        {
            "key": "kubernetes.io/metadata.name",
            "operator": "NotIn",
            "values": ["default", "lab-6", "metallb-system"],
        },
    ]
    fence = {"namespaceSelectors": [{"matchExpressions": rules}]}
    model.one("IPAddressPool")["spec"]["serviceAllocation"] = fence


@WRONG("tenancy", "a new Service to get a VIP within 8 s, not <pending>")
def _pool_exhausted(model: LabModel) -> None:
    for number in range(2):
        _direct(model, f"ledger-{number}", "ledger")


@WRONG("by_controller", "as Gateway and EnvoyProxy ask for, not nodeSelector")
def _deployment_by_hand(model: LabModel) -> None:
    model.settle()
    proxies = model.one("Deployment", "proxies-shared")
    node = {"kubernetes.io/hostname": model.plan.nodes["worker"].name}
    proxies["spec"]["template"]["spec"]["nodeSelector"] = node


@WRONG("by_controller", "externalTrafficPolicy Cluster of the Service")
def _policy_by_hand(model: LabModel) -> None:
    model.settle()
    service = model.service("gateway-envoy")
    service["spec"]["externalTrafficPolicy"] = "Cluster"


@WRONG("by_controller", "what the controller created alone, not pod mine")
def _proxy_without_owner(model: LabModel) -> None:
    labels = model.service("gateway-envoy")["spec"]["selector"]
    containers = [{"name": "envoy", "image": "envoy"}]
    node = model.plan.nodes["worker"].name
    model.cluster.add(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": "mine",
                "namespace": PROXIES,
                "labels": labels,
            },
            "spec": {"nodeName": node, "containers": containers},
        }
    )


@WRONG("by_controller", "what the controller created alone, not Deployment ba")
def _second_deployment(model: LabModel) -> None:
    own = model.one("Deployment", "proxies-shared")
    meta = {"name": "backup", "namespace": PROXIES}
    model.cluster.add({**own, "metadata": meta, "status": {}})


@WRONG("static_entries", "allocated each to, not tickets/tickets-first-aid by")
def _external_ips(model: LabModel) -> None:
    take_address(model, "tickets", model.vip("gateway-envoy"))


@WRONG("static_entries", "no machine, not worker")
def _vip_on_interface(model: LabModel) -> None:
    vip = model.vip("gateway-envoy")
    model.interfaces["worker"]["lo"] = [vip]


@WRONG("static_entries", "172.18.255.245 to be on an interface of no mach")
def _promised_address_on_interface(model: LabModel) -> None:
    """Repair the Gateway, and leave the first aid."""
    address = str(model.plan.unannounced_vip)
    model.interfaces["worker"]["lo"] = [address]


def _when_restarted(
    model: LabModel, change: Callable[[LabModel], object]
) -> None:
    """Have the controller's restart bring a change."""
    webhook = model.cluster.admission

    def admit(verb: str, path: str, body: Object) -> str:
        if path.endswith("/eviction"):
            change(model)
        return webhook(verb, path, body)

    model.cluster.admission = admit


@WRONG("restart", "302, by a controller that has just started, not 404")
def _routes_lost(model: LabModel) -> None:
    _when_restarted(model, _routes_detached)


@WRONG("restart", "MetalLB announces, .*240, not")
def _address_back(model: LabModel) -> None:
    _when_restarted(model, _address_outside)


@WRONG("restart", "answered by one of .*, not .*, 02:42:ac:12:09:99, no node")
def _answered_twice(model: LabModel) -> None:
    vip = model.vip("gateway-envoy")
    stranger = ["02:42:ac:12:09:99"]
    _when_restarted(model, lambda m: m.strangers.update({vip: stranger}))


@WRONG("restart", "-control-plane to be excluded .*, not free of the label")
def _label_gone(model: LabModel) -> None:
    _when_restarted(model, _label_left_out)


@WRONG("restart", "200 hello from tickets, not 503")
def _port_back(model: LabModel) -> None:
    _when_restarted(model, _target_port)


@WRONG("restart", "answered by its pods, not a proxy, as HTTPRouteFilter")
def _page_comes(model: LabModel) -> None:
    _when_restarted(model, _page_of_the_proxy)


@WRONG("restart", "behind routes of tickets to be none, not EndpointSlice")
def _endpoints_come(model: LabModel) -> None:
    _when_restarted(model, _endpoints_by_hand)


@WRONG("restart", "from lan-client to be 172.18.0.3, not 1.*, 172")
def _claims_back(model: LabModel) -> None:
    _when_restarted(model, _header_kept)


# Other right states.


def test_a_label_may_be_an_expression(judge: Judge) -> None:
    """What counts is which namespaces are chosen."""
    rule = {"key": "shared-gateway", "operator": "In", "values": ["allowed"]}
    chosen = {"matchExpressions": [rule]}
    listener = _listener(judge.on("6"))
    listener["allowedRoutes"]["namespaces"]["selector"] = chosen

    judge.run("routes", "new_host")


@pytest.mark.parametrize(
    "rule",
    [
        {"from": "None"},
        {"from": "Same"},
        {"from": "Selector", "selector": {"matchLabels": dict([LABEL])}},
        {
            "from": "Selector",
            "selector": {
                "matchExpressions": [
                    {"key": LABEL[0], "operator": "In", "values": [LABEL[1]]}
                ]
            },
        },
    ],
)
def test_members_may_add_listeners(judge: Judge, rule: Object) -> None:
    """Who may attach a route may as well have a listener for its routes."""
    model = judge.on("6")
    _allow_sets(model, rule)
    _add_set(model, {"from": "Same"})

    judge.run("new_host", "neighbour_routes", "unclaimed")


def test_a_narrow_grant_passes(judge: Judge) -> None:
    """A route may lead to tickets' Service from another namespace."""
    model = judge.on("6")
    _a_route_of_a_new_team(model)
    _grant(model, "tickets", _TICKETS, "desk")
    # What is in namespaces that no brief knows is up to who made them.
    _grant(model, "vault", {"kind": "Secret"}, "lab-6")

    judge.run("neighbour_routes")


def test_each_may_have_a_pool(judge: Judge) -> None:
    """Two pools share the four addresses as well as one."""
    model = judge.on("6")
    plan, first = model.plan, model.plan.pool_first + 40
    own = model.one("IPAddressPool")
    own["spec"] = {
        "addresses": [f"{first}/32"],
        "serviceAllocation": {"namespaces": [PROXIES]},
    }
    model.cluster.add(
        {
            **own,
            "kind": "IPAddressPool",
            "metadata": {"name": "z-ledger", "namespace": "metallb-system"},
            "spec": {
                "addresses": [f"{plan.ledger_vip}-{plan.ledger_vip + 2}"],
                "serviceAllocation": {"namespaces": ["ledger"]},
            },
        }
    )
    model.one("L2Advertisement")["spec"]["ipAddressPools"].append("z-ledger")

    judge.run("vip", "arp", "ledger", "pool", "tenancy")


def test_a_silent_application_has_a_certificate(judge: Judge) -> None:
    """A proxy that waits for a pod has shown its certificate."""
    model = judge.on("6")
    run = model.run

    def wait(role: str, argv: tuple[str, ...]) -> Output:
        found = run(role, argv)
        late = found.out.replace("200\n0.012", "000\n0.012")
        return Output(found.command, found.code, late, found.error)

    model.run = wait  # type: ignore[method-assign] # applications are slow
    judge.run("tls", "routes")


def test_any_right_listener_passes(judge: Judge) -> None:
    """A listener without host name takes all names; routes say which lead."""
    del _listener(judge.on("6"))["hostname"]

    judge.run("tls", "routes", "apps", "new_host", "unclaimed")


def test_a_fence_by_policy_passes(judge: Judge) -> None:
    """Whoever may not even create a route attaches none."""
    model = judge.on("6")
    _from_all(model)

    def refuse(verb: str, path: str, body: Object) -> str:
        del body
        if verb != "POST" or not path.endswith("/httproutes"):
            return ""
        space = model.one("Namespace", path.split("/")[-2])["metadata"]
        member = space.get("labels", {}).get("shared-gateway") == "allowed"
        return "" if member else "no routes here"

    model.cluster.admission = refuse

    judge.run("new_host")


def test_a_redirect_of_plain_http_passes(judge: Judge) -> None:
    """A listener for routes of its own namespace is open to no one else."""
    model = judge.on("6")
    _add_listener(model, {"from": "Same"})
    redirect = {"scheme": "https", "statusCode": 301}
    own = {"type": "RequestRedirect", "requestRedirect": redirect}
    _add_route(model, "lab-6", {"rules": [{"filters": [own]}]})
    route = _route(model, "another")
    route["parentRefs"][0]["sectionName"] = "http"

    judge.run("new_host", "unclaimed", "neighbour_routes", "apps")


def test_a_fence_for_some_applications_passes(judge: Judge) -> None:
    """In the two namespaces, some Services alone may have an address."""
    model = judge.on("6")
    _fence(model, PROXIES, "ledger")
    fence = model.one("IPAddressPool")["spec"]["serviceAllocation"]
    fence["serviceSelectors"] = _APPLICATIONS

    judge.run("vip", "ledger", "pool", "tenancy")


def test_a_fence_by_labels_of_namespaces_passes(judge: Judge) -> None:
    """Only administrators write these."""
    model = judge.on("6")
    for name in (PROXIES, "ledger"):
        space = model.one("Namespace", name)["metadata"]
        space.setdefault("labels", {})["vips"] = "allowed"
    chosen = {"namespaceSelectors": [{"matchLabels": {"vips": "allowed"}}]}
    model.one("IPAddressPool")["spec"]["serviceAllocation"] = chosen

    judge.run("vip", "ledger", "pool", "tenancy")


def test_an_address_that_both_are_asked_for_passes(judge: Judge) -> None:
    """The Gateway may name the address that MetalLB gives its Service."""
    model = judge.on("6")
    vip = model.vip("gateway-envoy")
    notes = {"metallb.io/loadBalancerIPs": vip}
    _kubernetes(model)["envoyService"]["annotations"] = notes
    wish = [{"type": "IPAddress", "value": vip}]
    model.one("Gateway", "shared")["spec"]["addresses"] = wish

    judge.run("vip", "published", "arp", "apps", "by_controller")


def test_a_patch_is_not_compared(judge: Judge) -> None:
    """What an EnvoyProxy patches may be anything."""
    model = judge.on("6")
    asked = _kubernetes(model)
    asked["envoyService"]["patch"] = asked["envoyDeployment"]["patch"] = {}
    _policy_by_hand(model)
    _deployment_by_hand(model)

    judge.run("by_controller")


def test_the_class_may_say_what_proxies_are_like(judge: Judge) -> None:
    """An EnvoyProxy of the class counts where the Gateway names none."""
    model = judge.on("6")
    gateway = Gateway(model.session(), "shared", "lab-6")
    own = gateway.proxy_spec()
    spec = model.one("Gateway", "shared")["spec"]
    reference = spec.pop("infrastructure")["parametersRef"]

    assert own["envoyService"]["name"] == "gateway-envoy"
    assert gateway.proxy_spec() == {}

    gateway_class = model.one("GatewayClass", "eg")
    gateway_class["spec"]["parametersRef"] = reference | {"namespace": "lab-6"}

    assert gateway.proxy_spec() == own


def test_the_class_and_the_gateway_are_merged(judge: Judge) -> None:
    """What the class says of the proxies' place counts as well."""
    model = judge.on("6")
    own = model.one("EnvoyProxy", "shared")
    reference = {"kind": "EnvoyProxy", "name": "all", "namespace": PROXIES}
    model.one("GatewayClass", "eg")["spec"]["parametersRef"] = reference
    pod = {"nodeSelector": {"zone": "a"}, "priorityClassName": "high"}
    kubernetes = {"envoyDeployment": {"pod": pod, "replicas": 7}}
    model.cluster.add(
        {
            **own,
            "metadata": {"name": "all", "namespace": PROXIES},
            "spec": {"provider": {"kubernetes": kubernetes}},
        }
    )
    gateway = Gateway(model.session(), "shared", "lab-6")

    merged = gateway.proxy_spec()["envoyDeployment"]
    assert merged["replicas"] == 2
    assert merged["pod"].items() >= pod.items()
    assert "affinity" in merged["pod"]

    del own["spec"]["mergeType"]
    assert "nodeSelector" not in gateway.proxy_spec()["envoyDeployment"]["pod"]


def test_other_addresses_are_no_external_ips(judge: Judge) -> None:
    """The controller writes only those of type IPAddress into the Service."""
    model = judge.on("6")
    model.settle()
    names = [{"type": "Hostname", "value": "apps.demo.example"}]
    model.one("Gateway", "shared")["spec"]["addresses"] = names
    model.gateways.write = lambda: None  # type: ignore[method-assign]

    judge.run("by_controller")


def test_backends_are_named_in_full(judge: Judge) -> None:
    """A backend of another namespace, and a filter, are another route."""
    model = judge.on("6")
    spec = _route(model, "visits")
    spec["rules"] = [
        {
            "backendRefs": [{"name": "front", "namespace": "shop"}],
            "filters": [{"type": "URLRewrite"}],
        }
    ]

    assert routed(model.session(), "visits") == {
        "visits.demo.example/": "shop/front:?, URLRewrite"
    }


def test_a_machine_that_stops_is_no_failure(judge: Judge) -> None:
    """Half an answer says nothing about the student's work."""
    model = judge.on("6")
    run = model.run

    def stop(role: str, argv: tuple[str, ...]) -> Output:
        if "https" in argv:
            return Output("sh", 0, "", "")
        return run(role, argv)

    model.run = stop  # type: ignore[method-assign] # one machine stops
    with pytest.raises(CannotCheck, match="stopped while it sent requests"):
        judge.run("tls")


def test_a_policy_may_refuse_the_others(judge: Judge) -> None:
    """Who cannot even create a Service gets no address."""
    model = judge.on("6")

    def refuse(verb: str, path: str, body: Object) -> str:
        del body
        services = verb == "POST" and path.endswith("/services")
        return "no VIPs here" if services and "/ledger/" not in path else ""

    model.cluster.admission = refuse
    _fence(model)

    judge.run("tenancy")
