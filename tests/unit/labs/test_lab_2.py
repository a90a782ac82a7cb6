"""The checks of lab 2: right states pass, each wrong one is refused."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

import pytest

from graders.errors import CannotCheck, CheckFailed
from graders.polling import WAITS
from graders.providers.machine import Output
from tests.lab_model.checks import Judge, Wrong, WrongStates, checks_of
from tests.lab_model.controllers import BROKEN, EXCLUDE
from tests.lab_model.labs import (
    add_bare_speaker,
    take_address,
)
from tests.lab_model.metallb import refuse_other_controllers
from tests.lab_model.webhook import (
    webhook_deleted,
    webhook_ignored,
    webhook_of_some_objects,
)

if TYPE_CHECKING:
    from graders.probes.static_entries import Kind
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
WORKERS = ("metallb-lab-worker", "metallb-lab-worker2")
_STRANGER = "02:42:ac:12:09:99"


@pytest.mark.parametrize("check", checks_of("2"))
def test_the_right_state_passes(judge: Judge, check: str) -> None:
    """One worker announces the VIP on the LAN."""
    judge.passes("2", check)


@WRONG("vip", "the VIP of web to be .*, not 172.18.255.200")
def _exposed_again(model: LabModel) -> None:
    service = model.service("web")
    service["metadata"]["annotations"] = {}
    service["status"] = {}


@WRONG("vip", "not <pending>")
def _pool_without_it(model: LabModel) -> None:
    model.ranges(f"{model.plan.pool_first}/32", pool=model.plan.pool_name)


@WRONG("endpoints", "the ready endpoints of web to be on a node, not nothing")
@WRONG("ready_pod", "the ready endpoints of web to be on a node, not nothing")
def _no_endpoints(model: LabModel) -> None:
    model.service("web")["spec"]["selector"] = {"app": "webshop"}


@WRONG("endpoints", "the ready endpoints of web to be on a node, not nothing")
def _pods_do_not_start(model: LabModel) -> None:
    spec = model.one("Deployment", "web")["spec"]["template"]["spec"]
    spec["containers"] = [{"image": BROKEN}]


@WRONG("endpoints", "no controller recreates: none, not web-")
def _pods_relabelled(model: LabModel) -> None:
    _no_endpoints(model)
    for pod in model.cluster.all("Pod"):
        if pod["metadata"]["labels"].get("app") == "web":
            pod["metadata"]["labels"]["app"] = "webshop"


@WRONG("endpoints", "do not follow its pods: none, not web-manual")
def _endpoints_by_hand(model: LabModel) -> None:
    _no_endpoints(model)
    space = {"name": "web-manual", "namespace": "lab-2"}
    labels = {"kubernetes.io/service-name": "web"}
    end = {"nodeName": WORKERS[0], "conditions": {"ready": True}}
    version = "discovery.k8s.io/v1"
    slice_ = {"apiVersion": version, "kind": "EndpointSlice"}
    meta = {"metadata": {**space, "labels": labels}}
    model.cluster.add({**slice_, **meta, "endpoints": [end]})


@WRONG("endpoints", "Service web to select the pods that Deployment web crea")
def _second_deployment(model: LabModel) -> None:
    _no_endpoints(model)
    other = deepcopy(model.one("Deployment", "web"))
    other["metadata"]["name"] = "webshop"
    labels = {"app": "webshop"}
    other["spec"]["selector"]["matchLabels"] = labels
    other["spec"]["template"]["metadata"]["labels"] = labels
    model.cluster.add(other)


@WRONG("endpoints", "those of another one: there is no Deployment web")
def _deployment_replaced(model: LabModel) -> None:
    _second_deployment(model)
    model.cluster.remove(model.one("Deployment", "web"))


@WRONG("endpoints", "Deployment web to be ready, all 2, .*, not 1 of 2")
def _pod_left_pending(model: LabModel) -> None:
    for name in WORKERS:
        model.one("Node", name)["spec"]["taints"] = ["site/maintenance"]
    pods = model.cluster.all("Pod")
    names = [pod["metadata"]["name"] for pod in pods]
    first = next(name for name in names if name.startswith("web-"))
    model.cluster.remove(model.one("Pod", first))


@WRONG("endpoints", "Deployment web to want 2 pods or more, not 1")
def _one_pod_is_enough(model: LabModel) -> None:
    model.one("Deployment", "web")["spec"]["replicas"] = 1


@WRONG("announced", "to be announced by one worker, not nothing")
def _speakers_off(model: LabModel) -> None:
    for pod in model.cluster.all("Pod"):
        if pod["metadata"]["name"].startswith("speaker"):
            model.cluster.remove(pod)


@WRONG("announced", "to be announced by one worker, not nothing")
def _nodes_excluded(model: LabModel) -> None:
    for name in WORKERS:
        model.one("Node", name)["metadata"]["labels"][EXCLUDE] = ""


@WRONG("announced", "to be announced by one worker, not nothing")
def _other_pool(model: LabModel) -> None:
    names = [model.plan.private_pool_name]
    model.one("L2Advertisement")["spec"]["ipAddressPools"] = names


@WRONG("announced", "to be announced by one worker, not nothing")
def _address_on_node(model: LabModel) -> None:
    _speakers_off(model)
    model.interfaces["worker"]["eth0"].append(str(model.plan.l2_vip))


@WRONG("announced", "announced by one worker, not metallb-lab-control-plane$")
def _control_plane_announces(model: LabModel) -> None:
    model.controllers.ignore_exclude = True
    name = model.plan.machine_name("control-plane")
    selector = {"matchLabels": {"kubernetes.io/hostname": name}}
    model.one("L2Advertisement")["spec"]["nodeSelectors"] = [selector]


@WRONG("announced", "by one worker, not metallb-lab-worker, metallb-lab-wor")
def _both_say_that_they_announce(model: LabModel) -> None:
    def both() -> None:
        found = model.cluster.all("ServiceL2Status")
        for item in [
            one for one in found if "-web-" in one["metadata"]["name"]
        ]:
            for name in WORKERS:
                meta = {"name": name, "namespace": "metallb-system"}
                status = {**item["status"], "node": name}
                model.cluster.add({**item, "metadata": meta, "status": status})
            model.cluster.remove(item)

    model.adjust = both


@WRONG("announced", "to be excluded from external load balancers, not free of")
def _label_of_the_control_plane(model: LabModel) -> None:
    name = model.plan.machine_name("control-plane")
    del model.one("Node", name)["metadata"]["labels"][EXCLUDE]
    model.one("L2Advertisement")["spec"]["nodeSelectors"] = [
        {"matchLabels": {"kubernetes.io/hostname": name}} for name in WORKERS
    ]


@WRONG("arp", "expected one answer to ARP for .*, not none")
def _wrong_interface(model: LabModel) -> None:
    model.one("L2Advertisement")["spec"]["interfaces"] = ["eth1"]


@WRONG("arp", "expected one answer to ARP for .*, not none")
def _static_neighbour(model: LabModel) -> None:
    _wrong_interface(model)
    for role in ("lan-client", "router"):
        vip = str(model.plan.l2_vip)
        model.permanent[role] = {vip: model.mac("worker")}


@WRONG("arp", "answered by one node, not metallb-lab-worker, metallb-lab-wo")
def _duplicate_arp(model: LabModel) -> None:
    for role in ("worker", "worker2"):
        model.interfaces[role]["lo"] = [str(model.plan.l2_vip)]


@WRONG("arp", "answered by one node, not .*:99, no node")
def _a_device_answers(model: LabModel) -> None:
    model.strangers[str(model.plan.l2_vip)] = [_STRANGER]


@WRONG("arp", "by the node that announces it, metallb-lab-worker2?, not meta")
def _another_node_answers(model: LabModel) -> None:
    _wrong_interface(model)
    (announcer,) = model.session().cluster.l2_announcers("web", "lab-2")
    other = {WORKERS[0]: "worker2", WORKERS[1]: "worker"}[announcer]
    model.interfaces[other]["lo"] = [str(model.plan.l2_vip)]


def _other_worker(model: LabModel) -> str:
    """Return the role of the worker that should not answer for web."""
    first = model.announcer(str(model.plan.l2_vip))
    return {WORKERS[0]: "worker2", WORKERS[1]: "worker"}[first]


@WRONG("arp", "answered by one node, not metallb-lab-worker, metallb-lab-wo")
@WRONG(
    "gossip", "from .*worker to the speaker on .*worker2 to be .*, not left"
)
def _memberlist_cut(model: LabModel) -> None:
    other = model.mac(_other_worker(model))
    model.strangers[str(model.plan.l2_vip)] = [other]
    model.gossips = False


@WRONG("arp", "answered by one node, not metallb-lab-worker, metallb-lab-wo")
def _half_a_protocol(model: LabModel) -> None:
    _memberlist_cut(model)


@WRONG("gossip", "the speaker on .*worker2 to be accepted, not refused")
def _memberlist_off(model: LabModel) -> None:
    port = "exec 3<>/dev/tcp/{}/7946"
    target = port.format(model.plan.nodes["worker2"].lan)
    command = f"timeout 1 bash -c {target}"
    model.answers[f"worker: {command}"] = Output(command, 1, "", "refused")


@WRONG("http", "answer of .* to client to be 'hello from web', not no answer")
def _reverse_path(model: LabModel) -> None:
    own = str(model.plan.machines["client"].edge)
    model.lost = lambda source, _, __: source == own


@WRONG("http", "answer of .* to client to be 'hello from web', not no answer")
def _filter_off(model: LabModel) -> None:
    _reverse_path(model)


@WRONG("other_clients", "to 10.90.*, client's neighbour,: 6 of 6, not 0")
def _route_for_one_client(model: LabModel) -> None:
    machines = model.plan.machines
    own = {str(machines["client"].edge), str(machines["lan-client"].lan)}
    model.lost = lambda source, _, __: source not in own


@WRONG("other_clients", "expected client to take a second address on eth0")
def _client_takes_no_address(model: LabModel) -> None:
    model.refuses_addresses.add("client")


@WRONG("not_on_interface", "to be on an interface of no machine, not worker")
def _pinned(model: LabModel) -> None:
    model.interfaces["worker"]["lo"] = [str(model.plan.l2_vip)]
    selector = {"matchLabels": {"kubernetes.io/hostname": WORKERS[0]}}
    model.one("L2Advertisement")["spec"]["nodeSelectors"] = [selector]


@WRONG("not_on_interface", "allocated each to, not lab-2/web-first-aid by ex")
def _external_ips(model: LabModel) -> None:
    take_address(model, "web", str(model.plan.l2_vip))


@WRONG("not_on_interface", "a fixed neighbour entry .* no machine, not router")
def _neighbour_left(model: LabModel) -> None:
    vip = str(model.plan.l2_vip)
    model.permanent["router"] = {vip: model.mac("worker")}


@WRONG("not_on_interface", "a fixed neighbour entry .*, not lan-client")
def _neighbour_left_on_the_lan(model: LabModel) -> None:
    vip = str(model.plan.l2_vip)
    model.permanent["lan-client"] = {vip: model.mac("worker")}


def _added(
    model: LabModel, role: str, kind: Kind, *lines: str, vip: str = ""
) -> None:
    """Have lines in a machine's table; VIP is web's VIP, NODE a worker."""
    vip = vip or str(model.plan.l2_vip)
    node = str(model.plan.nodes["worker"].lan)
    tables = model.tables.setdefault(role, {})
    tables.setdefault(kind, []).extend(
        line.replace("VIP", vip).replace("NODE", node) for line in lines
    )


@WRONG("not_on_interface", "a fixed neighbour entry .*router .*NOARP.*: it he")
def _neighbour_without_arp(model: LabModel) -> None:
    mac = model.mac("worker")
    _added(model, "router", "neighbour", f"VIP dev eth0 lladdr {mac} NOARP ")


@WRONG("not_on_interface", "a fixed neighbour entry .* lan-client .*extern_l")
def _neighbour_learnt_elsewhere(model: LabModel) -> None:
    line = f"VIP dev eth0 lladdr {model.mac('worker')} extern_learn REACHABLE "
    _added(model, "lan-client", "neighbour", line)


@WRONG("not_on_interface", "a proxy neighbour entry .* no machine, not worker")
def _proxy_entry(model: LabModel) -> None:
    _added(model, "worker", "proxy", "VIP dev eth0  proxy")


@WRONG(
    "not_on_interface", "a static route to .*220 to be on no machine, not wo"
)
def _local_route(model: LabModel) -> None:
    _added(
        model, "worker", "route", "local VIP dev lo table local scope host "
    )


@WRONG(
    "not_on_interface", "a static route to .*220 .* router \\(172.18.255.220"
)
def _host_route(model: LabModel) -> None:
    _added(model, "router", "route", "VIP via NODE dev eth0 metric 9999 ")


@WRONG("not_on_interface", "a static route to .*220 .* router and 1 more \\(")
def _routes_of_the_pool(model: LabModel) -> None:
    for role in ("router", "lan-client"):
        _added(model, role, "route", "172.18.255.0/24 via NODE dev eth0 ")


@WRONG("not_on_interface", "a static route to .*220 .* router .* proto bgp")
def _route_that_bgp_did_not_bring(model: LabModel) -> None:
    _added(model, "router", "route", "VIP via NODE dev eth0 proto bgp ")


@WRONG("not_on_interface", "a static route to .*220 .* proto kernel")
def _route_that_the_kernel_did_not_make(model: LabModel) -> None:
    _added(model, "client", "route", "VIP via NODE dev eth0 proto kernel ")


@WRONG("not_on_interface", "a static route to .*220 .*default .* table 102")
def _default_route_of_another_table(model: LabModel) -> None:
    _added(model, "router", "route", "default via NODE dev eth0 table 102 ")


@WRONG("not_on_interface", "a routing rule for .*220 .* lan-client")
def _routing_rule(model: LabModel) -> None:
    _added(model, "lan-client", "rule", "100:\tfrom all to VIP lookup 100 ")


@WRONG(
    "not_on_interface", "a translation of .*220 to be on no machine, not cl"
)
def _translation(model: LabModel) -> None:
    line = "-A OUTPUT -d VIP/32 -p tcp -j DNAT --to-destination NODE"
    _added(model, "client", "translation", line)


@WRONG("not_on_interface", "a translation of .*220 .*, not router ")
def _translation_in_a_chain(model: LabModel) -> None:
    line = "-A MINE -p tcp -j DNAT --to-destination NODE"
    _added(model, "router", "translation", line)


@WRONG("not_on_interface", "a translation of .*220 .*, not worker ")
def _translation_as_if_of_kube_proxy(model: LabModel) -> None:
    line = "-A KUBE-MINE -d VIP/32 -j DNAT --to-destination NODE"
    _added(model, "worker", "translation", line)


@WRONG("not_on_interface", "a translation of .*220 .*, not client ")
def _translation_of_nft(model: LabModel) -> None:
    _added(model, "client", "nft", "inet mine out ip daddr VIP dnat to NODE")


@WRONG("not_on_interface", "a translation of .*220 .*, not router ")
def _translation_of_a_set(model: LabModel) -> None:
    line = "netdev mine in ip daddr { VIP, 192.0.2.1 } fwd to eth1"
    _added(model, "router", "nft", line)


@WRONG("not_on_interface", "redirects packets for .*220 to be on no .*worker2")
def _redirected_by_tc(model: LabModel) -> None:
    line = "eth0 ingress action order 1: mirred (Egress Redirect to device x)"
    _added(model, "worker2", "traffic", line)


@WRONG("not_on_interface", "a program that answers ARP for .*220 .* worker ")
def _responder(model: LabModel) -> None:
    line = 'p_raw 0 0 arp:eth0 * users:(("arping",pid=9,fd=3))'
    _added(model, "worker", "responder", line)


@WRONG("not_on_interface", "to be on an interface of no machine, not worker ")
def _address_of_another_namespace(model: LabModel) -> None:
    _added(model, "worker", "address", "9: other-ipvl0 inet VIP/32 scope")


@WRONG("not_on_interface", "or is missing, to be on no machine, not worker")
def _program_moved(model: LabModel) -> None:
    _added(model, "worker", "program", "ip is missing")


@WRONG("arp", "expected arping to be on lan-client, as it was, not moved")
def _asks_no_longer(model: LabModel) -> None:
    vip = str(model.plan.l2_vip)
    for count in ("2", "3"):
        asked = f"arping -b -c {count} -w {count} -I eth0 {vip}"
        model.answers[f"lan-client: {asked}"] = Output(asked, 127, "", "")


@WRONG("not_on_interface", "that is not the system's, or .* no .* lan-cli")
def _script_called_curl(model: LabModel) -> None:
    _added(model, "lan-client", "program", "/usr/bin/curl")


@WRONG("not_on_interface", "a kernel setting that answers ARP for .*220 .*wor")
def _proxy_setting(model: LabModel) -> None:
    line = "net.ipv4.conf.eth0.proxy_arp_pvlan = 1"
    _added(model, "worker2", "setting", line)


@WRONG("not_on_interface", "a fixed neighbour entry for 172.18.255.231 to be")
def _neighbour_of_the_next_service(model: LabModel) -> None:
    line = f"VIP dev eth0 lladdr {model.mac('worker')} NOARP "
    _added(model, "router", "neighbour", line, vip="172.18.255.231")


@WRONG("not_on_interface", "an interface of no machine, not worker \\(kube-ip")
def _ipvs_without_strict_arp(model: LabModel) -> None:
    model.interfaces["worker"]["kube-ipvs0"] = [str(model.plan.l2_vip)]


def test_ipvs_with_strict_arp(judge: Judge) -> None:
    """kube-proxy keeps every VIP on an interface, and no node answers."""
    model = judge.on("2")
    model.controllers.settle()
    for role in model.plan.nodes:
        lines = f"kube-ipvs0 inet {model.plan.l2_vip}/32 scope global kube"
        _added(model, role, "address", f"9: {lines}")
        _added(model, role, "setting", "net.ipv4.conf.all.arp_ignore = 1")

    judge.run("not_on_interface")


def test_entries_that_lead_elsewhere(judge: Judge) -> None:
    """Entries that age, and ways of nodes to other networks."""
    model = judge.on("2")
    plan = model.plan
    mac, router = model.mac("worker"), plan.machines["router"].lan
    _added(
        model,
        "router",
        "neighbour",
        f"VIP dev eth0 lladdr {mac} STALE ",
        "172.18.255.255 dev eth0 lladdr ff:ff:ff:ff:ff:ff NOARP ",
    )
    _added(
        model,
        "worker",
        "route",
        f"default via {router} dev eth0 ",
        f"{plan.edge} via {router} dev eth0 ",
        f"10.0.0.0/8 via {router} dev eth0 table 100 ",
        "10.244.1.5 dev veth1 scope host ",
        "172.16.0.0/12 via 192.0.2.1 dev eth9 ",
        "broadcast 172.18.255.255 dev eth0 table local proto kernel ",
    )
    _added(
        model,
        "worker",
        "rule",
        f"100: from all to {plan.edge} lookup 100 ",
        f"101: from all to {plan.lan} lookup main ",
        "32766: from all lookup main ",
    )
    _added(
        model,
        "worker",
        "translation",
        "-A KUBE-SEP-A -p tcp -m tcp -j DNAT --to-destination 10.244.1.5",
        "-A DOCKER_OUTPUT -d 127.0.0.11/32 -p tcp -j DNAT --to 127.0.0.11:9",
    )
    _added(
        model,
        "worker",
        "nft",
        "ip nat KUBE-SEP-A tcp counter packets 3 bytes 180 dnat to 10.244.1.5",
        "ip nat DOCKER_OUTPUT ip daddr 127.0.0.11 udp dnat to 127.0.0.11:9",
    )
    for role, name in (("worker", "speaker"), ("lan-client", "arping")):
        line = f'p_raw 0 0 arp:eth0 * users:(("{name}",pid=9,fd=3))'
        _added(model, role, "responder", line)
    _added(model, "worker", "address", "9: other-eth0 inet 10.244.1.5/24")

    judge.run("not_on_interface")


@WRONG(
    "storage", "on the storage network to be answered by no machine, not 02:42"
)
def _every_interface(model: LabModel) -> None:
    del model.one("L2Advertisement")["spec"]["interfaces"]


@WRONG("storage", "eth1 of desk to have .*, not no such interface")
def _desk_unplugged(model: LabModel) -> None:
    del model.interfaces["desk"]["eth1"]


@WRONG("storage", "eth1 of worker to have .*, not no address")
def _storage_off(model: LabModel) -> None:
    for role in ("worker", "worker2"):
        model.interfaces[role]["eth1"] = []


@WRONG("storage", "eth1 of control-plane to have .*, not 192.0.2.9/16")
def _another_storage_address(model: LabModel) -> None:
    model.interfaces["control-plane"]["eth1"] = ["192.0.2.9"]


@WRONG("storage", "network to be as it was: ARP for .* not none")
def _node_not_heard(model: LabModel) -> None:
    # It has its address, and does not answer for it.
    model.deaf.add("eth1")


@WRONG("http", "of .* to lan-client to be 'hello from web', not tea")
def _another_page(model: LabModel) -> None:
    spec = model.one("Deployment", "web")["spec"]["template"]["spec"]
    spec["containers"] = [{"image": "echo", "args": ["-text=tea"]}]


@WRONG("http", "of .* to client to be 'hello from web', not no answer")
def _outside_cut_off(model: LabModel) -> None:
    own = str(model.plan.machines["client"].edge)
    model.lost = lambda source, *_: source == own


@WRONG("new_service", "of a new Service .* a worker, not metallb-lab-control")
def _speakers_ignore(model: LabModel) -> None:
    model.controllers.ignore_exclude = True


@WRONG("new_service", "a new Service to get a VIP within 8 s, not <pending>")
@WRONG("private_pool", "a new Service to get a VIP within 8 s, not <pending>")
def _no_address_left(model: LabModel) -> None:
    model.ranges(f"{model.plan.l2_vip}/32", pool=model.plan.pool_name)


@WRONG("new_service", "expected one answer to ARP for .*, not none")
def _only_web_is_announced(model: LabModel) -> None:
    def forget() -> None:
        for item in model.cluster.all("ServiceL2Status"):
            if item["status"]["serviceName"] != "web":
                model.cluster.remove(item)

    model.adjust = forget


@WRONG("new_service", "answered by one node, not .*:99, no node")
def _a_device_answers_for_new_ones(model: LabModel) -> None:
    free = {str(model.plan.pool_first + more) for more in range(51)}
    for address in free - {str(model.plan.l2_vip)}:
        model.strangers[address] = [_STRANGER]


@WRONG("new_service", "of .* to lan-client to be 'hello from web', not no a")
def _only_web_is_served(model: LabModel) -> None:
    def forget() -> None:
        for item in model.cluster.all("EndpointSlice"):
            if item["metadata"]["name"] not in {"web", "ledger"}:
                item["endpoints"] = []

    model.adjust = forget


@WRONG(
    "private_pool", "ARP for the private .* no machine, not metallb-lab-worker"
)
def _catch_all(model: LabModel) -> None:
    model.one("L2Advertisement")["spec"]["ipAddressPools"] = None


@WRONG("private_pool", "ARP for the private .* no machine, not metallb-lab-w")
def _by_label_of_services(model: LabModel) -> None:
    """Announce every pool for Services with web's label."""
    model.one("L2Advertisement")["spec"] = {
        "serviceSelectors": [{"matchLabels": {"app": "web"}}]
    }


WRONG(
    "announced", "no DaemonSet recreates: none, not metallb-system/speaker-1"
)(add_bare_speaker)


@WRONG("private_pool", "ARP for the private .* no machine, not metallb-lab-w")
def _prepared_by_label(model: LabModel) -> None:
    """Announce the private pool for a label that no Service has yet."""
    second = deepcopy(model.one("L2Advertisement"))
    second["metadata"]["name"] = "later"
    second["spec"] = {
        "ipAddressPools": [model.plan.private_pool_name],
        "serviceSelectors": [{"matchLabels": {"firewall": "ready"}}],
    }
    model.cluster.add(second)


@WRONG("private_pool", "the VIP of ledger to be .*, not no such Service")
def _ledger_deleted(model: LabModel) -> None:
    model.cluster.remove(model.service("ledger"))


@WRONG("private_pool", "the VIP of ledger to be .*, not 172.18.255.200")
def _ledger_moved(model: LabModel) -> None:
    model.service("ledger")["metadata"]["annotations"] = {}
    model.service("ledger")["status"] = {}


@WRONG("private_pool", "the ready endpoints of ledger to be on a node")
def _ledger_stopped(model: LabModel) -> None:
    model.one("Deployment", "ledger")["spec"]["replicas"] = 0


@WRONG(
    "private_pool", "ARP for the private .* to be answered by no machine, not"
)
def _ledger_on_a_node(model: LabModel) -> None:
    model.interfaces["worker"]["lo"] = [str(model.plan.private_vip)]


def test_a_private_pool_by_policy_passes(judge: Judge) -> None:
    """Who may not ask for the pool gets none of its addresses."""
    model = judge.on("2")
    pool = model.plan.private_pool_name

    def refuse(verb: str, path: str, body: Object) -> str:
        notes = body.get("metadata", {}).get("annotations", {})
        asks = pool in notes.values() and path.endswith("/services")
        return "denied by policy" if verb == "POST" and asks else ""

    model.cluster.admission = refuse

    judge.run("private_pool")
    posts = [one for one in model.cluster.requests if one[0] == "POST"]
    assert len(posts) > 2


@WRONG("private_pool", "a new Service to be announced by a node, not nothing")
def _positive_control(model: LabModel) -> None:
    _only_web_is_announced(model)


@WRONG("failover", "silent, .* answered within 20 s by another worker, not n")
def _one_worker(model: LabModel) -> None:
    vip = str(model.plan.l2_vip)
    name = WORKERS[0] if model.announcer(vip) == WORKERS[1] else WORKERS[1]
    model.one("Node", name)["metadata"]["labels"][EXCLUDE] = ""


@WRONG("failover", "expected one worker to announce web, not none or two")
def _nobody_announces(model: LabModel) -> None:
    _nodes_excluded(model)


@WRONG("failover", "expected 'hello from web' from .* not one answer to 30")
def _the_other_one_serves_nobody(model: LabModel) -> None:
    first = model.announcer(str(model.plan.l2_vip))
    model.lost = lambda _, node, __: node != first


@WRONG("failover", "with .* back, .* answered by one worker, not none or two")
def _it_stays_where_it_was_added(model: LabModel) -> None:
    first = model.announcer(str(model.plan.l2_vip))
    other = {WORKERS[0]: "worker2", WORKERS[1]: "worker"}[first]

    def take_over() -> None:
        if model.docker.paused:
            model.interfaces[other]["lo"] = [str(model.plan.l2_vip)]

    model.adjust = take_over


@WRONG("failover", "cut off and did not come back", outcome=CannotCheck)
def _kubelet_does_not_come_back(model: LabModel) -> None:
    model.renews = False


@WRONG("failover", "could not docker pause", outcome=CannotCheck)
def _it_cannot_be_paused(model: LabModel) -> None:
    model.docker.busy = 3


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_a_wrong_state_is_refused(judge: Judge, wrong: Wrong) -> None:
    """It is said what is expected, and what there is."""
    judge.refuses("2", wrong)
    assert not judge.model.docker.paused


def test_the_outage_is_measured(judge: Judge) -> None:
    """The proof tells how long nobody answered, and a busy freezer waits."""
    model = judge.on("2")
    model.samples = [(at / 5, not 20 < at < 51) for at in range(100)]
    model.docker.busy = 2

    lab = judge.run("failover")

    measured = lab.measurements["failover"]
    assert "a client went without an answer for 6.0 s" in measured
    outage = lab.outages["failover"]
    assert (outage.mode, len(outage.lost)) == ("layer-2", 30)
    kinds = [event.kind for event in outage.events]
    assert kinds == ["silent", "taken-over", "back"]
    assert outage.events[0].node == outage.events[2].node
    assert {event.node for event in outage.events} == {*WORKERS}


def test_the_outage_of_a_failure_is_kept(judge: Judge) -> None:
    """Up to where it failed."""
    _one_worker(judge.on("2"))
    session = judge.model.session()

    with pytest.raises(CheckFailed):
        judge.run_in(session, "failover")

    (outage,) = session.outages.values()
    assert [event.kind for event in outage.events] == ["silent"]


def test_speakers_that_cannot_meet_are_not_waited_for(judge: Judge) -> None:
    """A filter between them does not heal."""
    _memberlist_cut(judge.on("2"))

    with pytest.raises(CheckFailed):
        judge.run("arp")

    assert 0 < judge.clock.now < 2 * WAITS["arp"].seconds


def test_memberlist_may_use_another_port(judge: Judge) -> None:
    """The chart has a value for it, and a filter may permit that one."""
    model = judge.on("2")
    (part,) = model.one("DaemonSet")["spec"]["template"]["spec"]["containers"]
    part["env"] = [{"name": "METALLB_ML_BIND_PORT", "value": "7947"}]
    model.gossips = False
    nodes = {"worker": "worker2", "worker2": "worker"}
    for role, other in nodes.items():
        target = f"exec 3<>/dev/tcp/{model.plan.nodes[other].lan}/7947"
        command = f"timeout 1 bash -c {target}"
        model.answers[f"{role}: {command}"] = Output(command, 0, "", "")

    judge.run("gossip")


def test_speakers_that_diverged_are_waited_for(judge: Judge) -> None:
    """Two nodes answer for a minute, and then one of them stops."""
    model = judge.on("2")
    vip = str(model.plan.l2_vip)
    looks = iter(range(10_000))
    other = _other_worker(model)

    def meet() -> None:
        apart = next(looks) < 10
        model.strangers[vip] = [model.mac(other)] if apart else []

    model.adjust = meet
    judge.run("announced", "arp")
