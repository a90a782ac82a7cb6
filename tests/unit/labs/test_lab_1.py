"""The checks of lab 1: right states pass, each wrong one is refused."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

import pytest

from graders.checks.check import CheckFailed
from tests.lab_model.checks import Judge, Wrong, WrongStates, checks_of
from tests.lab_model.labs import CONTROLLER, take_address
from tests.lab_model.metallb import two_controllers

if TYPE_CHECKING:
    from tests.fakes import Object
    from tests.lab_model.model import LabModel

WRONG = WrongStates()
WRONG(
    "controller",
    "without a class: one pod, not metallb-system/.*, metallb-system/",
)(two_controllers)


@pytest.mark.parametrize("check", checks_of("1"))
def test_the_right_state_passes(judge: Judge, check: str) -> None:
    """The VIP is allocated and announced, and neighbours keep theirs."""
    judge.passes("1", check)


@WRONG("vip", "the VIP of web to be an address, not <pending>")
def _controller_down(model: LabModel) -> None:
    model.one("Deployment", "metallb-controller")["spec"]["replicas"] = 0
    model.set_vip("web")


@WRONG("vip", "not <pending>")
def _no_pool(model: LabModel) -> None:
    model.cluster.remove(model.one("IPAddressPool"))


@WRONG("vip", "not <pending>")
def _old_configmap(model: LabModel) -> None:
    _half_converted(model)
    _no_pool(model)


@WRONG("arp", "expected one answer to ARP for .*, not none")
def _half_converted(model: LabModel) -> None:
    model.cluster.remove(model.one("L2Advertisement"))


@WRONG("vip", "not <pending>")
def _pool_exhausted(model: LabModel) -> None:
    model.ranges(f"{model.vip('billing')}-{model.vip('search')}")


@WRONG("vip", "not <pending>")
def _address_outside(model: LabModel) -> None:
    wish = {"metallb.io/loadBalancerIPs": str(model.plan.outside_address)}
    model.service("web")["metadata"]["annotations"] = wish


@WRONG("vip", "not <pending>")
def _pool_selector(model: LabModel) -> None:
    fence = {"namespaces": ["neighbours"]}
    model.one("IPAddressPool")["spec"]["serviceAllocation"] = fence


@WRONG("vip", "not <pending>")
def _auto_assign_off(model: LabModel) -> None:
    model.one("IPAddressPool")["spec"]["autoAssign"] = False
    model.set_vip("web")


@WRONG("vip", "not <pending>")
def _other_class(model: LabModel) -> None:
    model.service("web")["spec"]["loadBalancerClass"] = "example.com/other"
    model.set_vip("web")


@WRONG("vip", "not <pending>")
def _controller_restarted(model: LabModel) -> None:
    model.controllers.valid = False
    model.set_vip("web")


@WRONG("vip", "not <pending>")
def _external_ips(model: LabModel) -> None:
    _address_outside(model)
    address = str(model.plan.outside_address)
    model.service("web")["spec"]["externalIPs"] = [address]


@WRONG(
    "vip", "the VIP of web to be an address, not a Service of type NodePort"
)
def _node_port(model: LabModel) -> None:
    model.service("web")["spec"]["type"] = "NodePort"


@WRONG("vip", "not no such Service")
def _service_deleted(model: LabModel) -> None:
    model.cluster.remove(model.service("web"))


@WRONG("vip", "not no namespace lab-1")
def _namespace_deleted(model: LabModel) -> None:
    _service_deleted(model)
    model.cluster.remove(model.one("Namespace", "lab-1"))


@WRONG("neighbour_vips", "the VIP of billing to be .*, not no such Service")
def _billing_deleted(model: LabModel) -> None:
    model.cluster.remove(model.service("billing"))


@WRONG(
    "neighbour_vips", "the VIP of billing to be 172.18.255.210, not <pending>"
)
def _reservation_turned(model: LabModel) -> None:
    fence = {"namespaces": ["lab-1"]}
    model.one("IPAddressPool")["spec"]["serviceAllocation"] = fence


@WRONG("neighbour_vips", "the VIP of search to be .*, not 172.18.255.200")
def _search_moved(model: LabModel) -> None:
    model.cluster.remove(model.service("web"))
    model.service("search")["metadata"]["annotations"] = {}
    model.service("search")["status"] = {}


@WRONG("neighbours", "one answer to ARP for 172.18.255.210, not none")
def _billing_stopped(model: LabModel) -> None:
    model.one("Deployment", "billing")["spec"]["replicas"] = 0


@WRONG("neighbours", "one answer to ARP for 172.18.255.2.0, not none")
def _neighbours_unannounced(model: LabModel) -> None:
    _pool_unannounced(model)


@WRONG("neighbours", "to be answered by one node, not .*:99, no node")
def _a_device_answers_for_billing(model: LabModel) -> None:
    model.strangers[model.vip("billing")] = ["02:42:ac:12:09:99"]


@WRONG(
    "neighbours", "to lan-client to be 'hello from search', not hello from web"
)
def _search_served_by_web(model: LabModel) -> None:
    spec = model.one("Deployment", "search")["spec"]["template"]["spec"]
    spec["containers"] = [{"image": "echo", "args": ["-text=hello from web"]}]


@WRONG(
    "controller",
    "one pod, not metallb-system/metallb-controller-1, neighbours/copy",
)
def _growth_announced_only(model: LabModel) -> None:
    _what_it_left(model)
    model.one("L2Advertisement")["spec"] = {}
    _second_controller(model)


@WRONG("arp", "one answer to ARP for 172.18.255.1, not none")
def _what_it_left(model: LabModel) -> None:
    plan = model.plan
    growth = _pool(model, "growth", f"{plan.free_first}-{plan.free_last}")
    growth["spec"]["autoAssign"] = False
    model.set_vip("web", str(plan.free_first))


@WRONG("controller", "of class a/b: one pod, not neighbours/copy-., .*/copy-.")
def _two_controllers_of_one_class(model: LabModel) -> None:
    copy = _second_controller(model, "--lb-class=a/b")
    copy["spec"]["replicas"] = 2


@WRONG("controller", "without a class: one pod, not none")
def _no_controller_without_a_class(model: LabModel) -> None:
    _second_controller(model, "--lb-class=a/b")
    _second_controller(model, "--lb-class=c/d", name="another")
    _no_controller(model)


@WRONG("controller", "without a class: one pod, not none")
def _no_controller(model: LabModel) -> None:
    model.one("Deployment", "metallb-controller")["spec"]["replicas"] = 0


@WRONG("controller", "no Deployment recreates: none, not metallb-system/mine")
def _controller_without_deployment(model: LabModel) -> None:
    _no_controller(model)
    containers = [{"name": "controller", "image": CONTROLLER}]
    model.cluster.add(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "mine", "namespace": "metallb-system"},
            "spec": {"containers": containers},
        }
    )


@WRONG("controller", "no Deployment recreates: none, not metallb-system/set-0")
def _controller_of_a_stateful_set(model: LabModel) -> None:
    _no_controller(model)
    owner = {"kind": "StatefulSet", "name": "set", "controller": True}
    containers = [{"name": "controller", "image": CONTROLLER}]
    model.cluster.add(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": "set-0",
                "namespace": "metallb-system",
                "ownerReferences": [owner],
            },
            "spec": {"containers": containers},
        }
    )


@WRONG("controller", "that want no pod: none, not metallb-controller$")
def _controller_copied(model: LabModel) -> None:
    copy = deepcopy(model.one("Deployment", "metallb-controller"))
    copy["metadata"]["name"] = "copy"
    _no_controller(model)
    model.cluster.add(copy)


@WRONG("controller", "without a class: one pod, not metallb-system/.*, neigh")
def _controller_by_another_name(model: LabModel) -> None:
    _second_controller(model, image="example.com/allocator:1")

    def run() -> None:
        for pod in model.cluster.all("Pod"):
            if (
                pod["spec"].get("containers", [{}])[0].get("name")
                == "controller"
            ):
                state = {"name": "controller", "imageID": "sha256:1157cb7d"}
                pod["status"]["containerStatuses"] = [state]

    model.adjust = run


@WRONG("controller", "without a class: one pod, not metallb-system/.*, neigh")
def _class_after_the_flags(model: LabModel) -> None:
    _second_controller(model, "--log-level", "info", "--", "--lb-class=a/b")


@WRONG("controller", "without a class: one pod, not metallb-system/.*, neigh")
def _class_of_a_variable(model: LabModel) -> None:
    _second_controller(model, "--lb-class=$(CLASS)")["spec"]["template"][
        "spec"
    ]["containers"][0]["env"] = [{"name": "CLASS", "value": ""}]


@WRONG("webhook", "not at ipaddresspools without its objectSelector")
def _webhook_of_some_objects(model: LabModel) -> None:
    rule = {"key": "team", "operator": "DoesNotExist"}
    _webhooks(model)[0]["objectSelector"] = {"matchExpressions": [rule]}


@WRONG("webhook", "not at changed communities, changed bgppeers$")
def _webhook_of_some_changes(model: LabModel) -> None:
    for webhook in _webhooks(model)[3:]:
        webhook["rules"][0]["operations"] = ["CREATE"]


@WRONG("webhook", "to be refused, not accepted: new IPAddressPool, new L2Adv")
def _webhook_deleted(model: LabModel) -> None:
    model.cluster.remove(model.one("ValidatingWebhookConfiguration"))


@WRONG("webhook", "to be refused, not accepted: changed IPAddressPool$")
def _webhook_of_new_objects(model: LabModel) -> None:
    for webhook in _webhooks(model):
        webhook["rules"][0]["operations"] = ["CREATE"]


@WRONG("webhook", "to be refused, not accepted: new Community, new BGPPeer")
def _webhook_of_pools(model: LabModel) -> None:
    del _webhooks(model)[3:]


@WRONG("webhook", "accepted: failurePolicy is Ignore for ipaddresspools.metal")
def _webhook_ignored(model: LabModel) -> None:
    for webhook in _webhooks(model):
        webhook["failurePolicy"] = "Ignore"


@WRONG(
    "webhook", "to let the grader create ipaddresspools .*, not failed call"
)
def _webhook_without_a_server(model: LabModel) -> None:
    _no_controller(model)


@WRONG("pool", "every pool to be free of .*, not addresses of the DHCP server")
def _pool_of_dhcp(model: LabModel) -> None:
    model.ranges(f"{model.plan.dhcp_first}-{model.plan.dhcp_last}")


@WRONG("pool", "not addresses of the DHCP server")
def _pool_widened_into_dhcp(model: LabModel) -> None:
    vips = f"{model.vip('billing')}-{model.vip('search')}"
    model.ranges(vips, f"{model.plan.dhcp_first}-{model.plan.dhcp_last}")


@WRONG("pool", "not addresses of the DHCP server")
def _pool_for_the_wish(model: LabModel) -> None:
    _pool(model, "wish", f"{model.plan.outside_address}/32")


@WRONG("pool", r"every pool to be inside 172\.18\.255\.0/24, not 172\.18\.254")
def _pool_beside_the_range(model: LabModel) -> None:
    model.ranges(model.plan.pool, model.plan.private_pool)


@WRONG("pool", "the VIP of web to be in a pool .*, not 172.18.255.99")
def _vip_of_no_pool(model: LabModel) -> None:
    model.service("web")["spec"]["loadBalancerClass"] = "example.com/other"
    model.set_vip("web", "172.18.255.99")


@WRONG("pool", r"in a pool \(there is none\), not 172\.18\.255\.99")
def _pool_deleted(model: LabModel) -> None:
    _vip_of_no_pool(model)
    _no_pool(model)


@WRONG("arp", "one answer to ARP for .*, not none")
def _pool_unannounced(model: LabModel) -> None:
    model.one("L2Advertisement")["spec"]["ipAddressPools"] = ["old"]


@WRONG("arp", "to be answered by one node, not .*worker2, .*:99, no node")
def _a_device_answers_too(model: LabModel) -> None:
    model.strangers[model.vip("web")] = ["02:42:ac:12:09:99"]


@WRONG("arp", "to be answered by one node, not .*:99, no node")
def _only_a_device_answers(model: LabModel) -> None:
    _pool_unannounced(model)
    _a_device_answers_too(model)


@WRONG("arp", "to be on an interface of no machine, not worker2")
def _status_by_hand(model: LabModel) -> None:
    vip = str(model.plan.pool_last)
    model.service("web")["spec"]["loadBalancerClass"] = "example.com/other"
    model.set_vip("web", vip)
    model.interfaces["worker2"]["eth0"].append(vip)


@WRONG("static_entries", "allocated each to, not lab-1/web-first-aid by exte")
def _another_external_ip(model: LabModel) -> None:
    take_address(model, "web", str(model.plan.neighbour_vips["search"]))


@WRONG("arp", "to do so because MetalLB announces it from .*, not no node")
def _a_worker_answers_without_metallb(model: LabModel) -> None:
    _pool_unannounced(model)
    model.strangers[model.vip("web")] = [model.mac("worker")]


@WRONG(
    "neighbours", "ARP for billing, to do so because MetalLB .*, not no node"
)
def _a_worker_answers_for_billing(model: LabModel) -> None:
    _pool_unannounced(model)
    for name in ("billing", "search"):
        model.strangers[model.vip(name)] = [model.mac("worker")]


@WRONG("static_entries", "fixed neighbour entry for .* no machine, not desk")
def _neighbour_left(model: LabModel) -> None:
    vip = str(model.plan.neighbour_vips["billing"])
    model.permanent["desk"] = {vip: model.mac("worker")}


@WRONG("http", "to lan-client to be 'hello from web', not no answer")
def _no_endpoints(model: LabModel) -> None:
    model.service("web")["spec"]["selector"] = {"app": "other"}


@WRONG("http", "to lan-client to be 'hello from web', not hello from billing")
def _pods_of_another(model: LabModel) -> None:
    spec = model.one("Deployment", "web")["spec"]["template"]["spec"]
    spec["containers"] = [
        {"image": "echo", "args": ["-text=hello from billing"]}
    ]


@WRONG("http", "to client to be 'hello from web', not no answer")
def _client_outside_cut_off(model: LabModel) -> None:
    outside = str(model.plan.machines["client"].edge)
    model.lost = lambda source, *_: source == outside


@WRONG(
    "announced",
    "of pool growth, which the next Service may get, .* none",
)
def _growth_unannounced(model: LabModel) -> None:
    _pool(model, "growth", f"{model.plan.rest_first}-{model.plan.rest_last}")


@WRONG("new_service", "a new Service to get a VIP within 8 s, not <pending>")
def _controller_played(model: LabModel) -> None:
    _controller_down(model)
    model.set_vip("web", str(model.plan.pool_last))


@WRONG("new_service", "a VIP within 8 s, not <pending>")
def _one_address_by_hand(model: LabModel) -> None:
    wish = {"metallb.io/loadBalancerIPs": str(model.plan.pool_last)}
    model.service("web")["metadata"]["annotations"] = wish
    model.one("IPAddressPool")["spec"]["autoAssign"] = False


@WRONG("new_service", "a VIP within 8 s, not <pending>")
def _status_of_another(model: LabModel) -> None:
    model.service("web")["spec"]["loadBalancerClass"] = "example.com/other"


@WRONG("new_service", "a VIP within 8 s, not <pending>")
def _class_of_metallb_changed(model: LabModel) -> None:
    model.controllers.lb_class = "example.com/other"
    model.service("web")["spec"]["loadBalancerClass"] = "example.com/other"
    model.settle()


@WRONG("new_service", "to be 'hello from web', not no answer")
def _services_without_a_class_unannounced(model: LabModel) -> None:
    _class_of_metallb_changed(model)

    def serve() -> None:
        # The other team's controller has no speakers.
        for item in model.cluster.all("Service"):
            if "loadBalancerClass" not in item["spec"]:
                address = str(model.plan.free_first)
                model.set_vip(item["metadata"]["name"], address)

    model.adjust = serve


@WRONG("new_service", "to be 'hello from web', not no answer")
def _second_address_unannounced(model: LabModel) -> None:
    def forget() -> None:
        for item in model.cluster.all("ServiceL2Status"):
            if item["status"]["serviceName"] != "web":
                model.cluster.remove(item)

    model.adjust = forget


@WRONG("new_service", "create services in namespace lab-1, not exceeded quota")
def _quota_of_one(model: LabModel) -> None:
    model.cluster.admission = lambda verb, *_: (
        "exceeded quota: keep-the-pool" if verb == "POST" else ""
    )


@WRONG("new_service", "not to be deleted during the check")
def _nothing_to_copy(model: LabModel) -> None:
    model.cluster.remove(model.service("web"))


@WRONG("reservation", "that asks for .* to get no address of 172.18.255.200-")
def _reservation_removed(model: LabModel) -> None:
    del model.one("IPAddressPool")["spec"]["serviceAllocation"]


@WRONG("reservation", "no address of 172.18.255.200-.*, not 172.18.255.2")
def _reservation_moved(model: LabModel) -> None:
    plan = model.plan
    model.ranges(f"{plan.pool_first}-{plan.pool_first + 20}")
    _pool(model, "copy", f"{plan.pool_first + 21}-{plan.pool_last}")


@WRONG("reservation", "in namespace [a-z0-9]+-.* that asks for .* to get")
def _reserved_but_for_default(model: LabModel) -> None:
    rule = {
        "key": "kubernetes.io/metadata.name",
        "operator": "NotIn",
        "values": ["default"],
    }
    fence = {"namespaceSelectors": [{"matchExpressions": [rule]}]}
    model.one("IPAddressPool")["spec"]["serviceAllocation"] = fence


@WRONG("reservation", "no address of 172.18.255.200-.*, not 172.18.255.2")
def _opened_by_label(model: LabModel) -> None:
    plan = model.plan
    model.ranges(f"{plan.pool_first}-{plan.pool_first + 20}")
    spare = _pool(model, "spare", f"{plan.pool_first + 21}-{plan.pool_last}")
    by_label = {"serviceSelectors": [{"matchLabels": {"vip": "yes"}}]}
    spare["spec"] |= {"serviceAllocation": by_label}


@WRONG("reservation", "no address of 172.18.255.200-.*, not 172.18.255.2")
def _fence_for_new_services_only(model: LabModel) -> None:
    del model.one("IPAddressPool")["spec"]["serviceAllocation"]
    own = ("/namespaces/lab-1/", "/namespaces/neighbours/")

    def refuse(verb: str, path: str, body: Object) -> str:
        exposed = body.get("spec", {}).get("type") == "LoadBalancer"
        mine = any(space in path for space in own)
        new = verb == "POST" and exposed and not mine
        return "ValidatingAdmissionPolicy 'fence'" if new else ""

    model.cluster.admission = refuse


@WRONG("reservation", "neighbours, not also for those with tier: system$")
def _reserved_for_metallb_too(model: LabModel) -> None:
    space = model.one("Namespace", "metallb-system")["metadata"]
    space["labels"] = {"tier": "system"}
    fence = {
        "namespaces": ["lab-1", "neighbours"],
        "namespaceSelectors": [{"matchLabels": {"tier": "system"}}],
    }
    model.one("IPAddressPool")["spec"]["serviceAllocation"] = fence


@WRONG("reservation", "for namespaces lab-1 and neighbours, not also for web$")
def _one_namespace_more(model: LabModel) -> None:
    """Name a namespace that does not exist yet."""
    fence = {"namespaces": ["lab-1", "neighbours", "web"]}
    model.one("IPAddressPool")["spec"]["serviceAllocation"] = fence


@WRONG("reservation", "in namespace .* that asks for .* to get no address of")
def _reserved_by_label(model: LabModel) -> None:
    _reservation_moved(model)
    fence = {"serviceSelectors": [{"matchLabels": {"app": "billing"}}]}
    model.one("IPAddressPool", "copy")["spec"]["serviceAllocation"] = fence


@WRONG("reservation", "a new Service to get a VIP within 8 s, not <pending>")
def _reserved_for_nobody(model: LabModel) -> None:
    # The positive control: nobody gets an address, the neighbours neither.
    fence = {"namespaces": ["nobody"]}
    model.one("IPAddressPool")["spec"]["serviceAllocation"] = fence


def _second_controller(
    model: LabModel, *args: str, name: str = "copy", image: str = ""
) -> Object:
    """Run MetalLB's controller in the neighbours' namespace, too."""
    deployment = deepcopy(model.one("Deployment", "metallb-controller"))
    deployment["metadata"] = {"name": name, "namespace": "neighbours"}
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    container |= {"args": [*args], "image": image or container["image"]}
    return model.cluster.add(deployment)


def _webhooks(model: LabModel) -> list[Object]:
    item = model.one("ValidatingWebhookConfiguration")
    webhooks: list[Object] = item["webhooks"]
    return webhooks


def _pool(model: LabModel, name: str, *ranges: str) -> Object:
    pool = model.one("IPAddressPool")
    spec = {"addresses": [*ranges]}
    meta = {"name": name, "namespace": "metallb-system"}
    return model.cluster.add({**pool, "metadata": meta, "spec": spec})


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_a_wrong_state_is_refused(judge: Judge, wrong: Wrong) -> None:
    """It is said what is expected, and what there is."""
    judge.refuses("1", wrong)


@pytest.mark.parametrize("check", ["announced", "new_service", "reservation"])
def test_nothing_is_left_of_the_grader(judge: Judge, check: str) -> None:
    """What a check makes it removes."""
    model = judge.on("1", "pool-selector")
    _pool(model, "growth", f"{model.plan.rest_first}-{model.plan.rest_last}")
    model.one("L2Advertisement")["spec"] = {}

    judge.run(check)

    services = model.cluster.all("Service")
    names = [service["metadata"]["name"] for service in services]
    assert sorted(names) == ["billing", "search", "web"]
    assert "POST" in {verb for verb, _ in model.cluster.requests}


def test_a_second_pool_that_is_announced_passes(judge: Judge) -> None:
    """Whatever pool is drawn from next, its address is answered for."""
    model = judge.on("1")
    _growth_unannounced(model)
    model.one("L2Advertisement")["spec"] = {}

    judge.run("announced", "new_service", "pool")


def test_a_full_pool_needs_no_announcement(judge: Judge) -> None:
    """Nothing is drawn from it."""
    model = judge.on("1")
    _pool(model, "full", f"{model.vip('billing')}/32")

    judge.run("announced")


def test_a_reservation_by_namespace_and_label_passes(judge: Judge) -> None:
    """Of those with a right, some applications may have addresses."""
    model = judge.on("1", "pool-selector")
    rule = {
        "key": "app",
        "operator": "In",
        "values": ["web", "billing", "search"],
    }
    model.one("IPAddressPool")["spec"]["serviceAllocation"] = {
        "namespaces": ["lab-1", "neighbours"],
        "serviceSelectors": [{"matchExpressions": [rule]}],
    }

    judge.run("vip", "neighbour_vips", "announced", "new_service")
    judge.run("reservation")


def test_a_policy_for_pools_passes(judge: Judge) -> None:
    """A rule may permit pools of the site only; MetalLB's still look."""
    model = judge.on("1")
    webhook = model.cluster.admission

    def refuse(verb: str, path: str, body: Object) -> str:
        texts = body.get("spec", {}).get("addresses", [])
        if any(not text.startswith("172.18.255.") for text in texts):
            return "denied by policy"
        return webhook(verb, path, body)

    model.cluster.admission = refuse

    judge.run("webhook")


def test_a_policy_against_all_pools(judge: Judge) -> None:
    """Nothing shows then whether MetalLB looks at them."""
    model = judge.on("1")
    model.cluster.admission = lambda _verb, path, _: (
        "denied by policy" if "ipaddresspools" in path else ""
    )

    with pytest.raises(CheckFailed, match=r"create ipaddresspools .* denied"):
        judge.run("webhook")


def test_a_reservation_by_policy_passes(judge: Judge) -> None:
    """Who may create no Service, or no namespace, gets no address."""
    model = judge.on("1", "pool-selector")
    del model.one("IPAddressPool")["spec"]["serviceAllocation"]
    own = ("/lab-1/", "/neighbours/")
    model.cluster.admission = lambda verb, path, _: (
        "denied by policy"
        if verb == "POST" and not any(space in path for space in own)
        else ""
    )

    judge.run("reservation")


@pytest.mark.parametrize(
    ("args", "image"),
    [
        (["--port=9120", "--lb-class=example.com/theirs"], ""),
        (["-lb-class", "example.com/theirs", "--port", "9120"], ""),
        (["--lb-class=", "--lb-class=example.com/theirs"], ""),
        (["--webhook-mode=onlywebhook"], ""),
        ([], "example.com:5000/metallb/speaker:v1"),
    ],
)
def test_another_controller_for_other_services_passes(
    judge: Judge, args: list[str], image: str
) -> None:
    """A second installation with a class leaves all others' Services alone."""
    model = judge.on("1", "two-controllers")
    _second_controller(model, *args, image=image)

    judge.run("vip", "controller", "new_service")


@pytest.mark.parametrize(
    ("args", "image"),
    [
        (["--lb-class="], ""),
        (["--lb-class", "", "--port=9120"], ""),
        (["--lb-class=example.com/theirs", "--lb-class="], ""),
        (["--log-level=info", "--webhook-mode=disabled"], ""),
        ([], "quay.io/metallb/controller@sha256:0123"),
        ([], "example.com:5000/metallb/controller"),
        ([], "bitnami/metallb-controller:1@sha256:0123"),
    ],
)
def test_another_controller_for_the_same_services_is_refused(
    judge: Judge, args: list[str], image: str
) -> None:
    """Whatever its image is called, and whatever flags it has."""
    model = judge.on("1", "two-controllers")
    _second_controller(model, *args, image=image)

    with pytest.raises(CheckFailed, match=r"one pod, not .*, neighbours/copy"):
        judge.run("controller")


def test_growth_that_is_announced_passes(judge: Judge) -> None:
    """What the second controller has given away may stay."""
    model = judge.on("1", "two-controllers")
    _what_it_left(model)
    model.one("L2Advertisement")["spec"] = {}

    judge.run("vip", "controller", "pool", "arp", "announced", "new_service")
