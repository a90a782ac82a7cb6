"""The checks of lab 4: right states pass, each wrong one is refused."""

from __future__ import annotations

from copy import deepcopy
from ipaddress import IPv4Address
from itertools import repeat
from typing import TYPE_CHECKING

import pytest

from graders.checks.objects import is_temporary
from graders.checks.workload import IMAGE
from tests.lab_model.checks import Judge, Wrong, WrongStates, checks_of
from tests.lab_model.controllers import EXCLUDE
from tests.lab_model.labs import share, take_address
from tests.lab_model.metallb import refuse_other_controllers
from tests.lab_model.webhook import (
    webhook_deleted,
    webhook_ignored,
    webhook_of_some_objects,
)

if TYPE_CHECKING:
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
CONTROL = "metallb-lab-control-plane"
WORKER = "metallb-lab-worker"
WORKER2 = "metallb-lab-worker2"
LOSSES = ("no_loss",)
_SHARED = "metallb.io/allow-shared-ip"


@pytest.mark.parametrize("check", checks_of("4"))
def test_the_right_state_passes(judge: Judge, check: str) -> None:
    """Both VIPs follow the one pod, and it sees its clients."""
    judge.passes("4", check, *(LOSSES if check == "client_address" else ()))


def _pod_spec(model: LabModel) -> Object:
    deployment = model.one("Deployment", "web")
    spec: Object = deployment["spec"]["template"]["spec"]
    return spec


def _pin(model: LabModel, node: str) -> None:
    _pod_spec(model)["nodeSelector"] = {"kubernetes.io/hostname": node}


def _announce_from(model: LabModel, kind: str, node: str) -> None:
    selector = {"matchLabels": {"kubernetes.io/hostname": node}}
    model.one(kind)["spec"]["nodeSelectors"] = [selector]


def _from_edge(model: LabModel, source: str) -> bool:
    return IPv4Address(source) in model.plan.edge


@WRONG("vips", "the VIP of web to be 10.0.100.7, not <pending>")
def _no_bgp_pool(model: LabModel) -> None:
    model.cluster.remove(model.one("IPAddressPool", "production-services"))


@WRONG("vips", "the VIP of web to be 10.0.100.7, not <pending>")
def _shared_address(model: LabModel) -> None:
    share(model)
    del model.service("web")["metadata"]["annotations"][_SHARED]
    model.service("web")["status"] = {}


@WRONG(
    "shared", "UDP at 10.0.100.7 to see client as .*, not no answer", LOSSES
)
def _udp_removed(model: LabModel) -> None:
    model.cluster.remove(model.service("web-udp"))


@WRONG("shared", "UDP at 10.0.100.7 to see client as .*, not 172.18", LOSSES)
def _udp_is_masqueraded(model: LabModel) -> None:
    router = str(model.plan.machines["router"].lan)
    model.seen_as = lambda _: router


@WRONG(
    "shared", "UDP at 10.0.100.7 to see client as .*, not no answer", LOSSES
)
def _udp_elsewhere(model: LabModel) -> None:
    pool = {"metallb.io/address-pool": model.plan.bgp_pool_name}
    model.service("web-udp")["metadata"]["annotations"] = pool
    model.service("web-udp")["status"] = {}


@WRONG("vips", "the VIP of web to be 10.0.100.7, not 10.0.100.1$")
def _another_vip(model: LabModel) -> None:
    notes = {"metallb.io/address-pool": model.plan.bgp_pool_name}
    model.service("web")["metadata"]["annotations"] = notes
    model.service("web")["status"] = {}


@WRONG("vips", "the VIP of web-lan to be an address, not no such Service")
def _no_lan_service(model: LabModel) -> None:
    model.cluster.remove(model.service("web-lan"))


@WRONG("vips", "the VIP of web-lan to be in .*, not 10.0.100.")
def _lan_service_in_the_bgp_pool(model: LabModel) -> None:
    notes = {"metallb.io/address-pool": model.plan.bgp_pool_name}
    model.service("web-lan")["metadata"]["annotations"] = notes
    model.service("web-lan")["status"] = {}


@WRONG("arp", "answered by one of metallb-lab-worker2, not none")
@WRONG("no_loss", "answers from 172.* to lan-client: 30 of 30, not 0")
def _announcers_limited(model: LabModel) -> None:
    _announce_from(model, "L2Advertisement", WORKER)


@WRONG(
    "arp", "answered by one of metallb-lab-worker2, not .*worker, .*worker2"
)
def _two_nodes_answer(model: LabModel) -> None:
    model.interfaces["worker"]["lo"] = [model.vip("web-lan")]


@WRONG(
    "arp", "answered by one of metallb-lab-worker2, not metallb-lab-worker$"
)
def _another_node_answers(model: LabModel) -> None:
    _announcers_limited(model)
    _two_nodes_answer(model)


@WRONG(
    "arp", "answered by one of metallb-lab-worker2, not .*worker2, .*no node"
)
def _a_device_answers(model: LabModel) -> None:
    model.strangers[model.vip("web-lan")] = ["02:42:ac:12:09:99"]


@WRONG("arp", "a node with a ready pod, and there is none, not none")
@WRONG("route", "learnt by BGP, and there is no ready pod, not none")
def _no_pod(model: LabModel) -> None:
    model.one("Deployment", "web")["spec"]["replicas"] = 0


@WRONG("session", "sessions with .*, not 172.18.1.2, 172.18.1.3$")
def _session_is_down(model: LabModel) -> None:
    model.router.changes["worker2"] = {"bgpState": "Active"}


@WRONG("session", "sessions with .*, not nothing")
def _no_bgp_on_the_router(model: LabModel) -> None:
    model.router.bgp = False


@WRONG("route", "learnt by BGP, 172.18.1.4, not 172.18.1.3, 172.18.1.4")
@WRONG("no_loss", "answers from 10.0.100.7 to client: 30 of 30, not 15")
def _aggregate(model: LabModel) -> None:
    length = model.plan.bgp_pool.prefixlen
    model.one("BGPAdvertisement")["spec"]["aggregationLength"] = length


@WRONG("route", "for that address alone, 10.0.100.7/32, not 10.0.100.4/30")
def _smaller_aggregate(model: LabModel) -> None:
    model.one("BGPAdvertisement")["spec"]["aggregationLength"] = 30


@WRONG("route", r"172.18.1.4, not 172.18.1.4 \(static\)")
def _static_route(model: LabModel) -> None:
    hop = str(model.plan.nodes["worker2"].lan)
    model.router.static[str(model.plan.bgp_vip)] = ("static", [hop])


@WRONG("route", r"172.18.1.4, not 172.18.1.4 \(added manually\)")
def _route_by_hand(model: LabModel) -> None:
    hop = str(model.plan.nodes["worker2"].lan)
    model.router.static[str(model.plan.bgp_vip)] = ("", [hop])


@WRONG("route", "learnt by BGP, 172.18.1.4, not none")
def _not_announced(model: LabModel) -> None:
    model.cluster.remove(model.one("BGPAdvertisement"))


@WRONG("no_loss", "answers from 10.0.100.7 to client: 30 of 30, not 0")
def _asymmetric_return(model: LabModel) -> None:
    model.lost = lambda source, node, _: (
        _from_edge(model, source) and node == WORKER2
    )


@WRONG("no_loss", "to 10.90.*, client's neighbour,: 6 of 6, not 0")
def _one_client(model: LabModel) -> None:
    own = str(model.plan.machines["client"].edge)
    model.lost = lambda source, node, _: (
        _from_edge(model, source) and source != own and node == WORKER2
    )


@WRONG("no_loss", "client: (30 of 30, not 2|90 of 90, not 8)")
def _one_in_twenty(model: LabModel) -> None:
    def lost(source: str, _: str, number: int) -> bool:
        return _from_edge(model, source) and number > 40 and number % 20 == 0

    model.lost = lost


@WRONG("no_loss", "answers from .* to (lan-)?client: 30 of 30, not 0")
def _node_firewall(model: LabModel) -> None:
    model.lost = lambda _, node, __: node == WORKER2


@WRONG("no_loss", "to 10.90.*, client's neighbour,: 6 of 6, not 0")
def _clients_permitted(model: LabModel) -> None:
    machines = model.plan.machines
    own = {str(machines["client"].edge), str(machines["lan-client"].lan)}
    model.lost = lambda source, node, _: source not in own and node == WORKER2


@WRONG("no_loss", "answers from 172.* to (dhcp|router): 30 of 30, not 0")
def _client_networks_permitted(model: LabModel) -> None:
    own = str(model.plan.machines["lan-client"].lan)

    def lost(source: str, node: str, _: int) -> bool:
        permitted = source == own or _from_edge(model, source)
        return not permitted and node == WORKER2

    model.lost = lost


@WRONG("no_loss", "to 172.*, lan-client's neighbour,: 6 of 6, not 0")
@WRONG("other_node", "to 172.*, lan-client's neighbour,: 6 of 6, not 0")
def _machines_of_the_lan_permitted(model: LabModel) -> None:
    machines = {str(one.lan) for one in model.plan.machines.values()}

    def lost(source: str, node: str, _: int) -> bool:
        permitted = source in machines or _from_edge(model, source)
        return not permitted and node == WORKER2

    model.lost = lost


@WRONG("other_node", "by the pod on .*worker2: 6 of 6, not 0")
def _off_the_node(model: LabModel) -> None:
    _node_firewall(model)
    _pin(model, WORKER)


def _target(model: LabModel, name: str, port: int | str) -> None:
    model.service(name)["spec"]["ports"][0]["targetPort"] = port


@WRONG("no_loss", "answers from 10.0.100.7 to client: 30 of 30, not 0")
def _target_port(model: LabModel) -> None:
    _target(model, "web", 80)


@WRONG("no_loss", "answers from 172.* to lan-client: 30 of 30, not 0")
def _pod_on_the_other_port(model: LabModel) -> None:
    _target_port(model)
    (container,) = _pod_spec(model)["containers"]
    container["args"] = ["netexec", "--http-port=80"]


@WRONG("no_loss", "expected client to take a second address on eth0")
@WRONG("other_node", "expected client to take a second address on eth0")
@WRONG("drain", "expected client to take a second address on eth0")
def _client_takes_no_address(model: LabModel) -> None:
    model.refuses_addresses.add("client")


@WRONG("no_loss", "expected lan-client to take a second address on eth0")
@WRONG("other_node", "expected lan-client to take a second address on eth0")
@WRONG("drain", "expected lan-client to take a second address on eth0")
def _lan_client_takes_no_address(model: LabModel) -> None:
    model.refuses_addresses.add("lan-client")


@WRONG("billing", "the next hops of 10.0.100.8 to be workers, not none")
def _billing_deleted(model: LabModel) -> None:
    model.cluster.remove(model.service("billing"))


@WRONG("billing", "to be workers, not 172.18.1.2, 172.18.1.3, 172.18.1.4")
def _billing_by_the_control_plane(model: LabModel) -> None:
    del model.one("Node", CONTROL)["metadata"]["labels"][EXCLUDE]


@WRONG("billing", "the VIP of billing to be 10.0.100.8, not ")
def _billing_moved(model: LabModel) -> None:
    service = model.service("billing")
    notes = {"metallb.io/address-pool": model.plan.pool_name}
    service["metadata"]["annotations"] = notes
    service["status"] = {}
    hop = str(model.plan.nodes["worker"].lan)
    model.router.static[str(model.plan.bgp_neighbour_vip)] = ("bgp", [hop])


@WRONG("billing", "answers from 10.0.100.8 to client: 30 of 30, not 0")
def _billing_is_lost(model: LabModel) -> None:
    model.lost = lambda *_: True


@WRONG(
    "client_address", "172.* to see lan-client as .*, not 172.18.1.4", LOSSES
)
def _cluster(model: LabModel) -> None:
    service = model.service("web-lan")
    service["spec"]["externalTrafficPolicy"] = "Cluster"


@WRONG("client_address", "10.* to see client as .*, not 172.18.1.[34]", LOSSES)
def _cluster_policy(model: LabModel) -> None:
    service = model.service("web")
    service["spec"]["externalTrafficPolicy"] = "Cluster"


@WRONG(
    "client_address", "client's neighbour, as 10.90.*, not 172.18.0.2", LOSSES
)
@WRONG("other_node", "to see 10.90.*, client's neighbour, as 10.90.*, not 172")
@WRONG("drain", "to see 10.90.*, client's neighbour, as 10.90.*, not 172")
def _masquerade(model: LabModel) -> None:
    own = str(model.plan.machines["client"].edge)
    router = str(model.plan.machines["router"].lan)
    model.seen_as = lambda source: source if source == own else router


@WRONG("other_node", "to see client as 10.90.*, not 172.18")
@WRONG("drain", "to see client as 10.90.*, not 172.18")
def _masquerade_all(model: LabModel) -> None:
    router = str(model.plan.machines["router"].lan)
    model.seen_as = lambda _: router


@WRONG("client_address", "to see lan-client as .*, not 10.90.0.10", LOSSES)
def _printed_address(model: LabModel) -> None:
    own = model.plan.machines["client"].edge
    page = {"image": "echo", "args": [f"-text={own}:40000"]}
    _pod_spec(model)["containers"] = [page]


@WRONG("client_address", "and the port that it sends from, as", LOSSES)
def _printed_for_each_client(model: LabModel) -> None:
    model.seen_ports = repeat("40000")


@WRONG(
    "other_node", "answers from 172.* by the pod on .*worker2: 6 of 6, not 0"
)
def _pod_to_announcer(model: LabModel) -> None:
    _announcers_limited(model)
    _pin(model, WORKER)


@WRONG("other_node", "worker2, to 10.90.*, client's neighbour,: 6 of 6, not 0")
def _one_client_one_worker(model: LabModel) -> None:
    own = str(model.plan.machines["client"].edge)
    model.lost = lambda source, node, _: (
        _from_edge(model, source) and source != own and node == WORKER2
    )
    _pin(model, WORKER)


@WRONG("other_node", "the next hops of a VIP whose pod is on .*worker to be")
def _announced_by_worker2(model: LabModel) -> None:
    _announce_from(model, "BGPAdvertisement", WORKER2)


@WRONG(
    "other_node", "Services like web and web-lan to get VIPs, not <pending>"
)
def _no_vip_for_others(model: LabModel) -> None:
    vip, neighbour = model.plan.bgp_vip, model.plan.bgp_neighbour_vip
    model.ranges(f"{vip}-{neighbour}", pool=model.plan.bgp_pool_name)


@WRONG("other_node", "expected Service web-lan in namespace lab-4, not to")
def _nothing_to_copy(model: LabModel) -> None:
    model.cluster.remove(model.service("web-lan"))


@WRONG("placement", "copies of web: one, on a worker, not .* on .*, .* on")
def _copy_on_every_node(model: LabModel) -> None:
    model.one("Deployment", "web")["spec"]["replicas"] = 2


@WRONG(
    "placement", "copies of web: one, on a worker, not .* on metallb-lab-con"
)
def _label_removed(model: LabModel) -> None:
    _pin(model, CONTROL)
    _pod_spec(model)["tolerations"] = [{"operator": "Exists"}]
    del model.one("Node", CONTROL)["metadata"]["labels"][EXCLUDE]


@WRONG("placement", "copies of web: one, on a worker, not none")
def _no_pod_at_all(model: LabModel) -> None:
    _no_pod(model)


@WRONG("placement", "web-lan to be served by web-[0-9]+, not copy, web-[0-9]")
def _another_pod_serves(model: LabModel) -> None:
    model.service("web-lan")["spec"]["selector"] = {"tier": "front"}
    model.settle()
    for pod in model.cluster.all("Pod"):
        if pod["metadata"]["labels"].get("app") == "web":
            pod["metadata"]["labels"]["tier"] = "front"
            copy = {"name": "copy", "namespace": "lab-4"}
            labels = {"tier": "front", "app": "copy"}
            page = {"name": "page", "image": "echo"}
            spec = {"containers": [page], "nodeName": WORKER}
            meta = {**copy, "labels": labels}
            model.cluster.add({**pod, "metadata": meta, "spec": spec})


def _standby(model: LabModel, namespace: str, image: str = IMAGE) -> None:
    """Add a Deployment whose pods have web's program and no label of web."""
    web = model.one("Deployment", "web")
    labels = {"app": "standby"}
    container = {**_pod_spec(model)["containers"][0], "image": image}
    model.cluster.add(
        {
            **web,
            "metadata": {"name": "standby", "namespace": namespace},
            "spec": {
                "replicas": 1,
                "strategy": {"type": "Recreate"},
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {"containers": [container]},
                },
            },
        }
    )


@WRONG("placement", "web: one, on a worker, not web-.* on .*, standby-.* on")
def _standby_copy(model: LabModel) -> None:
    _standby(model, "lab-4")


@WRONG("placement", "not web-.* on .*, neighbours/standby-[0-9]+ on")
def _standby_in_another_namespace(model: LabModel) -> None:
    _standby(model, "neighbours")


@WRONG("placement", "web: one, on a worker, not .*standby-.* on ")
def _standby_by_another_name(model: LabModel) -> None:
    _standby(model, "lab-4", "docker.io/library/spare:1")

    def pull() -> None:
        for pod in model.cluster.all("Pod"):
            pod["status"]["containerStatuses"] = [
                {"name": item["name"], "imageID": "sha256:netexec"}
                for item in pod["spec"].get("containers", [])
                if item["image"] != "hashicorp/http-echo:1.0"
            ]

    model.adjust = pull


@WRONG("placement", "web: one, on a worker, not web-.*/netexec on .*/spare on")
def _second_container(model: LabModel) -> None:
    (first,) = _pod_spec(model)["containers"]
    _pod_spec(model)["containers"] = [first, {**first, "name": "spare"}]


@WRONG("placement", "web: one, on a worker, not web-.*/netexec on .*/spare on")
def _sidecar(model: LabModel) -> None:
    (first,) = _pod_spec(model)["containers"]
    always = {"name": "spare", "restartPolicy": "Always"}
    sidecar = {**first, **always}
    _pod_spec(model)["initContainers"] = [sidecar]


@WRONG("placement", "one copy at a time, not up to 2 of Deployment web")
def _rolling_update(model: LabModel) -> None:
    del model.one("Deployment", "web")["spec"]["strategy"]


@WRONG("placement", "one copy at a time, not up to 2 of Deployment web")
def _surge_of_one(model: LabModel) -> None:
    update = {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    model.one("Deployment", "web")["spec"]["strategy"] = update


@WRONG("placement", "copies to be run later by nothing, not CronJob lab-4/re")
def _copy_every_night(model: LabModel) -> None:
    pod = {"containers": [{"name": "report", "image": IMAGE}]}
    job = {"spec": {"template": {"spec": pod}}}
    meta = {"name": "report", "namespace": "lab-4"}
    batch = {"apiVersion": "batch/v1", "kind": "CronJob"}
    model.cluster.add(
        {**batch, "metadata": meta, "spec": {"jobTemplate": job}}
    )


@WRONG("placement", "run later by nothing, not HorizontalPodAutoscaler web")
def _copy_under_load(model: LabModel) -> None:
    model.cluster.add(
        {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "web", "namespace": "lab-4"},
            "spec": {"minReplicas": 1, "maxReplicas": 2},
        }
    )


@WRONG("controller", "EndpointSlices of web that do not follow its pods: none")
def _slice_by_hand(model: LabModel) -> None:
    made = deepcopy(model.one("EndpointSlice", "web-lan"))
    made["metadata"] |= {
        "name": "web-8080",
        "labels": {"kubernetes.io/service-name": "web"},
    }
    model.cluster.add(made)


@WRONG("controller", "EndpointSlices of web that do not follow its pods: none")
def _slice_like_the_controllers(model: LabModel) -> None:
    """Write a slice with the controller's label, which it does not look at."""
    web = model.service("web")
    made = deepcopy(model.one("EndpointSlice", "web"))
    made["metadata"]["name"] = "web-x7k2p"
    web["spec"]["selector"] = None
    model.cluster.remove(model.one("EndpointSlice", "web"))
    model.cluster.add(made)


@WRONG("controller", "that no controller recreates: none, not web")
@WRONG("drain", "web to get ready, when its worker is drained, on .*, not no")
def _bare_pod(model: LabModel) -> None:
    (pod,) = model.cluster.pod_nodes("lab-4", "app=web")
    found = model.one("Pod", pod)
    model.cluster.remove(model.one("Deployment", "web"))
    found["metadata"]["ownerReferences"] = []


@WRONG("drain", "let the grader create an eviction in .*, not Cannot evict")
def _budget(model: LabModel) -> None:
    model.cluster.admission = lambda _, path, __: (
        "Cannot evict pod as it would violate the pod's disruption budget."
        if path.endswith("/eviction")
        else ""
    )


def _graders(model: LabModel, kind: str) -> list[Object]:
    return [
        item
        for item in model.cluster.all(kind)
        if is_temporary(item["metadata"]["name"])
    ]


def _waiting(model: LabModel, **state: object) -> None:
    """Keep the grader's pods from running, for some reason."""

    def wait() -> None:
        for pod in _graders(model, "Pod"):
            pod["status"] = {"conditions": [], **state}

    model.adjust = wait


@WRONG("other_node", "run on each worker, not ErrImagePull on .*: no registry")
def _images_are_pulled(model: LabModel) -> None:
    waiting = {"reason": "ErrImagePull", "message": "no registry"}
    _waiting(model, containerStatuses=[{"state": {"waiting": waiting}}])


@WRONG("other_node", "worker2 to run kubelet and containerd, not kubelet stop")
def _kubelet_is_frozen(model: LabModel) -> None:
    _waiting(model)
    model.processes["worker"] = "Ssl kubelet\nSsl containerd\n"
    model.processes["worker2"] = "Tsl kubelet\nSsl containerd\n"


@WRONG("other_node", "EndpointSlice to stay, not to be deleted by another")
def _slices_are_deleted(model: LabModel) -> None:
    def delete() -> None:
        # Those of the first node are used before they go.
        moved = any(verb == "PUT" for verb, _ in model.cluster.requests)
        for item in _graders(model, "EndpointSlice") if moved else ():
            model.cluster.remove(item)

    model.adjust = delete


@WRONG("drain", "expected node .*worker.* in the cluster, not to be deleted")
def _node_is_deleted(model: LabModel) -> None:
    (name,) = model.cluster.pod_nodes("lab-4", "app=web").values()
    model.cluster.remove(model.one("Node", name))


@WRONG("other_node", "let the grader create services in namespace lab-4, not")
def _no_more_services(model: LabModel) -> None:
    model.cluster.admission = lambda verb, path, _: (
        "exceeded quota: lab, requested: services=1"
        if verb == "POST" and path.endswith("/services")
        else ""
    )


@WRONG(
    "drain", "web to get ready, when its worker is drained, on .*worker, no"
)
def _pinned(model: LabModel) -> None:
    _pin(model, WORKER2)


@WRONG("drain", "web to wait, while .* are drained, on no node, not .*control")
def _still_tolerated(model: LabModel) -> None:
    _pod_spec(model)["tolerations"] = [{"operator": "Exists"}]


@WRONG("static_entries", "allocated each to, not lab-4/web-first-aid by exte")
def _external_ips(model: LabModel) -> None:
    take_address(model, "web", str(model.plan.bgp_vip))


@WRONG("static_entries", "fixed neighbour entry for 172.18.0.1 .*not worker2")
def _gateway_is_the_router(model: LabModel) -> None:
    router = model.mac("router")
    model.permanent["worker2"] = {str(model.plan.lan_gateway): router}


@WRONG("static_entries", "from BGP alone, not 10.0.100.7/32 via 172.18.1.4")
def _floating_static_route(model: LabModel) -> None:
    hops = [{"ip": str(model.plan.nodes["worker2"].lan)}]
    route = {"protocol": "static", "distance": 250, "nexthops": hops}
    model.router.ready[f"{model.plan.bgp_vip}/32"] = [route]


@WRONG("static_entries", "from BGP alone, not 10.0.100.7/32 via 172.18.1.4")
def _route_left_in_the_kernel(model: LabModel) -> None:
    route = {"dst": str(model.plan.bgp_vip), "protocol": "bgp", "metric": 5}
    hop = {"gateway": str(model.plan.nodes["worker2"].lan)}
    model.router.main.append(route | hop)


@WRONG("static_entries", "to be on an interface of no machine, not worker2")
@WRONG("drain", "whose pod is on .*worker, .*by .*worker, not .*worker2$")
@WRONG("drain", "ARP for .* pod is on .*worker, .* not .*worker, .*worker2")
def _address_by_hand(model: LabModel) -> None:
    model.interfaces["worker2"]["eth0"].append(model.vip("web-lan"))


@WRONG(
    "drain", "the next hops of a VIP whose pod is on .*worker to be .* none"
)
def _routes_do_not_follow(model: LabModel) -> None:
    _announced_by_worker2(model)


@WRONG("drain", "worker, to client: 30 of 30, not 0")
def _lost_on_the_other_worker(model: LabModel) -> None:
    model.lost = lambda source, node, _: (
        _from_edge(model, source) and node == WORKER
    )


@WRONG("drain", "answers from 10.* to 10.90.*, client's neighbour,: 6 of")
def _one_client_lost_on_the_other_worker(model: LabModel) -> None:
    own = str(model.plan.machines["client"].edge)
    model.lost = lambda source, node, _: (
        _from_edge(model, source) and source != own and node == WORKER
    )


@WRONG("drain", "let the grader change nodes, not .* nodes are mine")
def _no_drains(model: LabModel) -> None:
    denied = "ValidatingAdmissionPolicy 'x' denied request: nodes are mine"
    model.cluster.admission = lambda verb, *_: (
        denied if verb == "PATCH" else ""
    )


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_a_wrong_state_is_refused(judge: Judge, wrong: Wrong) -> None:
    """It is said what is expected, and what there is."""
    judge.refuses("4", wrong)


@pytest.mark.parametrize("check", ["other_node", "drain"])
def test_nothing_is_left_of_the_grader(judge: Judge, check: str) -> None:
    """Pods and Services are removed, and no worker stays cordoned."""
    model = judge.on("4")

    judge.run(check)

    names = {item["metadata"]["name"] for item in model.cluster.all("Service")}
    pods = {item["metadata"]["name"] for item in model.cluster.all("Pod")}
    nodes = model.cluster.all("Node")
    assert names == {"web", "web-lan", "billing"}
    assert not any(is_temporary(name) for name in pods)
    assert not any(node["spec"].get("unschedulable") for node in nodes)
    assert model.taken == model.given_back


@pytest.mark.parametrize("check", ["other_node", "placement", "drain"])
def test_a_quota_may_enforce_the_licence(judge: Judge, check: str) -> None:
    """The grader needs no second pod in the lab's namespace."""
    model = judge.on("4")
    model.cluster.admission = lambda verb, path, _: (
        "exceeded quota: one-seat, requested: pods=1, used: pods=1"
        if (verb, path) == ("POST", "/api/v1/namespaces/lab-4/pods")
        else ""
    )

    judge.run(check)


@pytest.mark.parametrize("check", ["no_loss", "other_node"])
def test_a_port_may_have_a_name(judge: Judge, check: str) -> None:
    """The grader's own pods have the number."""
    model = judge.on("4")
    _target(model, "web", "http")

    judge.run(check)


@pytest.mark.parametrize("surge", [0, "0%"])
def test_a_rollout_may_replace_the_copy(judge: Judge, surge: object) -> None:
    """Without a surge the old pod ends first, as with Recreate."""
    update = {"rollingUpdate": {"maxSurge": surge, "maxUnavailable": 1}}
    model = judge.on("4")
    model.one("Deployment", "web")["spec"]["strategy"] = update

    judge.run("placement")


@pytest.mark.parametrize("check", ["placement", "drain"])
def test_pods_may_have_other_labels(judge: Judge, check: str) -> None:
    """The Services say which pods are theirs."""
    model = judge.on("4")
    labels = {"app": "book", "tier": "front"}
    spec = model.one("Deployment", "web")["spec"]
    spec["selector"]["matchLabels"] = labels
    spec["template"]["metadata"]["labels"] = labels
    for name in ("web", "web-lan"):
        model.service(name)["spec"]["selector"] = labels
    (old,) = model.cluster.pod_nodes("lab-4", "app=web")
    model.cluster.remove(model.one("Pod", old))

    judge.run(check)


def test_a_finished_pod_is_no_copy(judge: Judge) -> None:
    """A pod that was evicted by its kubelet stays as an object."""
    model = judge.on("4")
    (name,) = model.cluster.pod_nodes("lab-4", "app=web")
    pod = model.one("Pod", name)
    meta = {**pod["metadata"], "name": "evicted", "ownerReferences": []}
    status = {"phase": "Failed", "conditions": []}
    model.cluster.add({**pod, "metadata": meta, "status": status})

    judge.run("placement")


def test_a_node_of_another_policy_may_answer(judge: Judge) -> None:
    """With policy Cluster it need not be the pod's; the address says more."""
    model = judge.on("4")
    _cluster(model)

    judge.run("arp")


def test_a_port_of_before_is_no_fault(judge: Judge) -> None:
    """A node may give a flow another port; then another one is tried."""
    model = judge.on("4")
    session = judge.run("no_loss")
    model.seen_ports = iter(["40000"])

    judge.run_in(session, "client_address")
