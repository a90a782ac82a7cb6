"""The checks of lab 5: right states pass, each wrong one is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from graders.checks.objects import is_temporary
from graders.settings import state_dir
from tests.lab_model.checks import (
    Judge,
    Wrong,
    WrongStates,
    checks_of,
    variants_of,
)
from tests.lab_model.labs import take_address
from tests.lab_model.metallb import refuse_other_controllers
from tests.lab_model.model import socket
from tests.lab_model.webhook import (
    webhook_deleted,
    webhook_ignored,
    webhook_of_some_objects,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

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
_STRANGER = "02:42:ac:12:09:99"


def _answers_file(model: LabModel) -> Path:
    file = state_dir(model.plan.student) / "answers.yml"
    file.parent.mkdir(exist_ok=True)
    return file


def _write_plan(model: LabModel, **changes: str) -> None:
    """Write the address plan as the site has it, and `changes`."""
    plan = model.plan
    rows = {
        plan.ingress_pool_name: plan.ingress_pool,
        plan.app_pool_name: plan.pool,
        "dhcp": f"{plan.dhcp_first}-{plan.dhcp_last}",
        "nodes": str(plan.node_range),
        "free": f"{plan.free_first}-{plan.free_last},"
        f" {plan.rest_first}-{plan.rest_last}",
        "left": "11",
        "holders": "tenants 39, lab-5 1",
    }
    file = state_dir(plan.student) / "answers.yml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(yaml.safe_dump(rows | changes), encoding="utf-8")


@pytest.mark.parametrize("check", checks_of("5"))
def test_the_right_state_passes(judge: Judge, check: str) -> None:
    """Pools and leases are apart, and the desk has its own address."""
    variants = variants_of("5", check)
    _write_plan(judge.on("5", variants[0] if variants else ""))
    judge.run(check)


def _remove(model: LabModel, *names: str) -> None:
    for name in names:
        model.cluster.remove(model.service(name))


def _move_desk(model: LabModel, address: str) -> None:
    model.dhcp.leases[model.mac("desk")] = address
    model.interfaces["desk"]["eth0:lease"] = [address]


def _apps(model: LabModel, *ranges: str) -> None:
    """Give the applications' pool these ranges, and their VIPs from it."""
    model.ranges(*ranges, pool=model.plan.app_pool_name)
    for name in ("shop", "blue", "green"):
        model.service(name)["metadata"]["annotations"] = {}
        model.service(name)["status"] = {}
    model.settle()


def _policy(
    *keys: str, verbs: tuple[str, ...] = ("POST", "PATCH")
) -> Callable[[str, str, Object], str]:
    """Return an admission policy against requests of other namespaces."""

    def refuse(verb: str, path: str, body: Object) -> str:
        notes = body.get("metadata", {}).get("annotations", {})
        wished = {f"metallb.io/{key}" for key in keys} & {*notes}
        foreign = "/namespaces/ingress/" not in path
        refused = verb in verbs and wished and foreign
        return "the ingress VIPs are for ingress" if refused else ""

    return refuse


def _fence(model: LabModel, **rules: object) -> None:
    pool = model.one("IPAddressPool", model.plan.ingress_pool_name)
    pool["spec"]["serviceAllocation"] = rules


@WRONG("vips", "the VIP of blue to be an address, not no such Service")
def _evict_the_tenants(model: LabModel) -> None:
    _remove(model, "blue", "green")


@WRONG("vips", "the VIP of gateway to be an address, not <pending>")
def _tenants_share(model: LabModel) -> None:
    _fence(model)
    first, last = model.plan.ingress_first, model.plan.ingress_last
    model.service("gateway")["status"] = {}
    for name, vip in (("blue", first), ("green", last)):
        wish = {"metallb.io/loadBalancerIPs": str(vip)}
        model.service(name)["metadata"]["annotations"] = wish
        model.set_vip(name, str(vip))


@WRONG("arp", "to be answered by one node, not .*, 02:42:.*, no node")
@WRONG("desk", "answered by the desk, not metallb-lab-worker2?, the desk")
def _pool_in_dhcp(model: LabModel) -> None:
    _apps(model, model.plan.pool_in_dhcp)
    _move_desk(model, model.vip("shop"))


@WRONG("arp", "to be answered by one node, not .*, 02:42:.*, no node")
def _static_neighbour(model: LabModel) -> None:
    _pool_in_dhcp(model)
    for role in ("lan-client", "router"):
        model.permanent[role] = {model.vip("shop"): model.mac("worker")}


@WRONG("static_entries", "allocated each to, not lab-5/shop-first-aid by ext")
def _external_ips(model: LabModel) -> None:
    """Use a free address of the site's range."""
    take_address(model, "shop", str(model.plan.service_range[-2]))


@WRONG(
    "static_entries", "fixed neighbour entry for .*router and 1 more .*: it"
)
def _neighbour_left(model: LabModel) -> None:
    for role in ("lan-client", "router"):
        model.permanent[role] = {model.vip("shop"): model.mac("worker")}


@WRONG(
    "static_entries", "entry for 172.18.100.9 to be on no machine, not router"
)
def _entry_of_a_former_vip(model: LabModel) -> None:
    model.permanent["router"] = {"172.18.100.9": model.mac("worker")}


@WRONG("arp", "expected one answer to ARP for .*, not none")
@WRONG("http", "to be 'hello from .*', not no answer")
def _not_advertised(model: LabModel) -> None:
    names = [model.plan.app_pool_name]
    model.one("L2Advertisement")["spec"]["ipAddressPools"] = names


@WRONG("desk", "the desk to have a lease of the DHCP server, not none")
def _desk_forgotten(model: LabModel) -> None:
    model.dhcp.leases.clear()


@WRONG("desk", "the desk to hold the address of its lease, .*, not nothing")
def _desk_off(model: LabModel) -> None:
    del model.interfaces["desk"]["eth0:lease"]


@WRONG("desk", "the desk to hold the address of its lease, .*, not 172.18.9.9")
def _desk_has_another_address(model: LabModel) -> None:
    model.interfaces["desk"]["eth0:lease"] = ["172.18.9.9"]


@WRONG("desk", "to be answered by the desk, not the desk, .*:99")
def _somebody_else_has_it_too(model: LabModel) -> None:
    model.strangers[str(model.plan.desk_lease)] = [_STRANGER]


@WRONG("desk", "answered by the desk, not metallb-lab-worker2?, the desk")
def _pool_on_docker(model: LabModel) -> None:
    _apps(model, model.plan.pool_in_node_range)
    assert model.vip("shop") == str(model.plan.machines["desk"].lan)


@WRONG("desk", "of .* to lan-client to be 'label printer', not no answer")
def _printer_is_off(model: LabModel) -> None:
    model.desk_serves = False


@WRONG("desk", "the DHCP server to renew the desk's lease, not it within 5 s")
def _not_renewed(model: LabModel) -> None:
    model.dhcp.renews = False


@WRONG("http", "of .* to (lan-)?client to be 'hello from .*', not no answer")
def _shop_stopped(model: LabModel) -> None:
    model.one("Deployment", "shop")["spec"]["replicas"] = 0


@WRONG("http", "to client to be 'hello from .*', not no answer")
def _outside_cut_off(model: LabModel) -> None:
    own = str(model.plan.machines["client"].edge)
    model.lost = lambda source, *_: source == own


@WRONG("dhcp", "addresses of .* to be leased these, not .* for 172.18")
def _behind_the_vips(model: LabModel) -> None:
    model.dhcp.ranges = [(model.plan.desk_lease, model.plan.dhcp_last)]


@WRONG("dhcp", "addresses of .* to be leased these, not .* for 172.18")
def _many_reservations(model: LabModel) -> None:
    first = model.plan.dhcp_first
    model.dhcp.reserved |= {str(first + number) for number in range(9)}


@WRONG("dhcp", "addresses of .* to be leased these, not none for 172.18")
def _no_server(model: LabModel) -> None:
    model.dhcp.running = False


@WRONG(
    "dhcp", "whatever they ask for, to be leased addresses of .*, not 172.18"
)
def _range_widened(model: LabModel) -> None:
    whole = (model.plan.lan[1], model.plan.lan[-2])
    model.dhcp.ranges = [whole]


@WRONG(
    "dhcp", "whatever they ask for, to be leased addresses of .*, not 172.18"
)
def _release_the_lease(model: LabModel) -> None:
    _range_widened(model)
    _move_desk(model, str(model.plan.desk_lease))


@WRONG("dhcp", "whatever they ask for, to be leased .*, not none at all")
def _only_whoever_asks(model: LabModel) -> None:
    model.dhcp.refuses_any = True


@WRONG("dhcp", "leases of all devices to be .*, not 172.18.255.10 of desk")
def _printer_outside(model: LabModel) -> None:
    address = str(model.plan.free_first + 9)
    _move_desk(model, address)
    model.dhcp.options = [f"dhcp-host={model.mac('desk')},{address}"]


@WRONG("dhcp", "to have .*, not dhcp-range=172.18.101.10,172.18.101.19,12h$")
def _extra_range(model: LabModel) -> None:
    model.dhcp.options = [" dhcp-range = 172.18.101.10, 172.18.101.19, 12h"]


@WRONG("dhcp", "to have addresses of .*, not dhcp-host=02:00:.*,172.18.255.20")
def _reservation_for_a_later_device(model: LabModel) -> None:
    model.dhcp.options = ["dhcp-host=02:00:00:00:00:01,172.18.255.20 # later"]


@WRONG("dhcp", "have rules for all devices alike, not dhcp-ignore=tag:!lab")
@WRONG("dhcp", "all devices alike, not .*, dhcp-range=tag:lab,172.18.100")
@WRONG("dhcp", "all devices alike, not .*, dhcp-host=.*,ignore")
def _only_the_grader_is_served(model: LabModel) -> None:
    plan = model.plan
    model.dhcp.options = [
        "dhcp-ignore=tag:!lab",
        f"dhcp-range=tag:lab,{plan.dhcp_first},{plan.dhcp_last}",
        "dhcp-host=02:*:*:*:*:*,ignore",
    ]


@WRONG("dhcp", "served by dnsmasq on dhcp, not desk .*busybox")
def _second_server(model: LabModel) -> None:
    model.sockets["desk"] = socket("0.0.0.0%eth0", "busybox")


@WRONG("dhcp", "served by dnsmasq on dhcp, not worker .*dhcpd")
def _server_on_a_node(model: LabModel) -> None:
    own = str(model.plan.nodes["worker"].lan)
    model.sockets["worker"] = socket(own, "dhcpd")


@WRONG("dhcp", r"served by dnsmasq on dhcp, not dhcp \(another process\)")
def _second_server_on_dhcp(model: LabModel) -> None:
    model.sockets["dhcp"] += socket("*")


def test_reservations_for_devices_pass(judge: Judge) -> None:
    """A device may have a reservation before it has leased its address."""
    model = judge.on("5")
    ends = (model.plan.dhcp_first, model.plan.dhcp_last)
    model.dhcp.reserved |= {*map(str, ends)}

    judge.run("dhcp")


@WRONG("leases", "that ask for addresses of pools to get none of these, not")
def _reservation_missing(model: LabModel) -> None:
    model.dhcp.reserved.clear()


@WRONG("leases", "of pools to get none of these, not 172")
def _one_reservation(model: LabModel) -> None:
    model.dhcp.reserved = {str(model.plan.ingress_first)}


@WRONG("leases", "of pools to get none of these, not 172")
def _another_lease(model: LabModel) -> None:
    _apps(model, model.plan.pool_in_dhcp)


@WRONG(
    "leases", "leases to be outside every pool, all of them, not .* of desk"
)
def _desk_holds_a_vip(model: LabModel) -> None:
    _move_desk(model, str(model.plan.ingress_last))


@WRONG("leases", "new devices that ask for .* none of these, not nothing")
def _positive_control(model: LabModel) -> None:
    model.dhcp.silent = True


@WRONG("pools", "every pool to be inside .*, not 172.18.254")
def _pool_elsewhere(model: LabModel) -> None:
    _apps(model, model.plan.private_pool)


@WRONG("pools", "every pool to be inside .*, not 172")
def _another_address(model: LabModel) -> None:
    _pool_on_docker(model)
    wish = str(model.plan.node_range[200])
    notes = {"metallb.io/loadBalancerIPs": wish}
    model.service("shop")["metadata"]["annotations"] = notes


@WRONG("pools", "every pool to be inside .*, not 172")
def _more_addresses(model: LabModel) -> None:
    more = f"{model.plan.desk_lease}-{model.plan.dhcp_last}"
    name = model.plan.ingress_pool_name
    model.ranges(model.plan.ingress_pool, more, pool=name)


@WRONG("pools", "the pools to have all of .*, not these without 172.*-172.*")
def _as_many_as_tonight(model: LabModel) -> None:
    plan = model.plan
    _apps(model, f"{plan.pool_first}-{plan.app_vips['shop']}")


@WRONG("pools", "the VIP of gateway to be in .*, not 172.18.255.200")
def _gateway_among_applications(model: LabModel) -> None:
    model.service("gateway")["metadata"]["annotations"] = {}
    model.service("gateway")["status"] = {}


@WRONG("pools", "the VIP of blue to be in .*, not 172.18.*")
def _tenant_at_the_gateway(model: LabModel) -> None:
    _fence(model)
    vip = str(model.plan.ingress_last)
    wish = {"metallb.io/loadBalancerIPs": vip}
    model.service("blue")["metadata"]["annotations"] = wish
    model.service("blue")["status"] = {}


@WRONG(
    "tenancy", "that ask for pool ingress-vips to get no VIP, not 172.* for "
)
def _ask_them_to_move(model: LabModel) -> None:
    _fence(model)


@WRONG("tenancy", "to get no VIP, not .* for (default|[a-z]+-)")
def _keep_the_tenants_out(model: LabModel) -> None:
    rule = {
        "key": "kubernetes.io/metadata.name",
        "operator": "NotIn",
        "values": ["tenants"],
    }
    _fence(model, namespaceSelectors=[{"matchExpressions": [rule]}])


@WRONG("tenancy", "to get no VIP, not .* for (default|[a-z]+-)")
def _only_known_namespaces(model: LabModel) -> None:
    rule = {
        "key": "kubernetes.io/metadata.name",
        "operator": "NotIn",
        "values": ["tenants", "lab-5"],
    }
    _fence(model, namespaceSelectors=[{"matchExpressions": [rule]}])


@WRONG("tenancy", "a new Service to get a VIP within 8 s, not <pending>")
def _nobody_may(model: LabModel) -> None:
    _fence(model, namespaces=["nobody"])


@WRONG("tenancy", "a new Service to get a VIP within 8 s, not <pending>")
def _applications_for_ingress_alone(model: LabModel) -> None:
    pool = model.one("IPAddressPool", model.plan.app_pool_name)
    pool["spec"]["serviceAllocation"] = {"namespaces": ["ingress"]}


@WRONG("tenancy", "to get no VIP, not .* for default")
def _default_may_too(model: LabModel) -> None:
    _fence(model, namespaces=["ingress", "default"])


@WRONG("tenancy", "to be for namespaces ingress, not also for ingress-2")
def _one_namespace_more(model: LabModel) -> None:
    _fence(model, namespaces=["ingress", "ingress-2"])


@WRONG("tenancy", "namespaces ingress, not also for those with use: ingress")
def _a_label_that_will_come(model: LabModel) -> None:
    """Select what no namespace has yet."""
    chosen = {"matchLabels": {"use": "ingress"}}
    _fence(model, namespaces=["ingress"], namespaceSelectors=[chosen])


@WRONG("tenancy", "that ask for pool .* to get no VIP, not 172")
def _fence_against_one_annotation(model: LabModel) -> None:
    _fence(model)
    model.cluster.admission = _policy("address-pool")


@WRONG("tenancy", "that ask for pool .* to get no VIP, not 172")
def _policy_for_new_services_only(model: LabModel) -> None:
    _fence(model)
    pool = model.one("IPAddressPool", model.plan.ingress_pool_name)
    pool["spec"]["autoAssign"] = False
    keys = ("address-pool", "loadBalancerIPs")
    model.cluster.admission = _policy(*keys, verbs=("POST",))


@WRONG(
    "tenancy", "to be kept from Services that ask for no pool, by .*neither"
)
def _assigned_when_others_are_full(model: LabModel) -> None:
    _fence(model)
    model.cluster.admission = _policy("address-pool", "loadBalancerIPs")


@WRONG("tenancy", "create services in namespace ingress, not the ingress VIPs")
def _policy_against_everybody(model: LabModel) -> None:
    model.cluster.admission = lambda verb, path, _: (
        "the ingress VIPs are for nobody"
        if (verb, path.rpartition("/")[2]) == ("POST", "services")
        else ""
    )


@WRONG("tenancy", "to be of one pool, not ingress-vips, second")
def _one_of_two_pools(model: LabModel) -> None:
    name = model.plan.ingress_pool_name
    model.ranges(str(model.plan.ingress_first) + "/32", pool=name)
    pool = model.one("IPAddressPool", name)
    meta = {"name": "second", "namespace": "metallb-system"}
    spec = {"addresses": [f"{model.plan.ingress_last}/32"]}
    model.cluster.add({**pool, "metadata": meta, "spec": spec})


@WRONG("tenancy", "to be of one pool, not nothing")
def _no_pool_has_it(model: LabModel) -> None:
    pool = model.one("IPAddressPool", model.plan.ingress_pool_name)
    model.cluster.remove(pool)


@WRONG("tenancy", "a tenant's new Service to get a VIP of .*, not 172.18.254")
def _tenants_draw_from_another_pool(model: LabModel) -> None:
    # Whoever asks for blue's pool by name; others get what is open.
    pool = model.one("IPAddressPool", model.plan.app_pool_name)
    pool["spec"]["autoAssign"] = False
    meta = {"name": "other", "namespace": "metallb-system"}
    spec = {"addresses": [model.plan.private_pool]}
    model.cluster.add({**pool, "metadata": meta, "spec": spec})


@WRONG("plan", "right, all of them, not dhcp wrong or missing")
def _table_of_tonight(model: LabModel) -> None:
    plan = model.plan
    _write_plan(model, dhcp=f"{plan.dhcp_first}-{plan.pool_last}")


@WRONG("plan", "right, all of them, not dhcp, nodes wrong or missing")
def _rows_without_ranges(model: LabModel) -> None:
    _write_plan(model, dhcp="", nodes="none")


@WRONG("plan", "right, all of them, not app-services, free wrong or missing")
def _pool_counts_as_free(model: LabModel) -> None:
    rows = {model.plan.app_pool_name: str(model.plan.pool_first)}
    _write_plan(model, free=str(model.plan.service_range), **rows)


@WRONG("plan", "right, all of them, not ingress-vips wrong or missing")
def _half_of_the_ingress_vips(model: LabModel) -> None:
    _write_plan(model, **{"ingress-vips": str(model.plan.ingress_first)})


@WRONG("plan", r"the answers in answers\.yml, not a missing file")
def _no_table(_: LabModel) -> None:
    """There is none before a student writes it."""


@WRONG("plan", r"expected YAML in answers\.yml, not an error in line 1")
def _no_yaml(model: LabModel) -> None:
    _answers_file(model).write_text("a: [", encoding="utf-8")


@WRONG("plan", r"expected YAML in answers\.yml, not an error: too deep")
def _a_deep_list(model: LabModel) -> None:
    _answers_file(model).write_text("[" * 5000, encoding="utf-8")


@WRONG("plan", r"a readable answers\.yml, not one with an error: In")
def _unreadable(model: LabModel) -> None:
    # A file that no user, root neither, can read from its beginning.
    _answers_file(model).symlink_to("/proc/self/mem")


@WRONG("plan", r"expected questions in answers\.yml, not list")
def _a_list(model: LabModel) -> None:
    _answers_file(model).write_text("- a", encoding="utf-8")


@WRONG("vips", "the VIP of shop to be an address, not <pending>")
def _exhaustion(model: LabModel) -> None:
    (vips,) = ({*model.plan.app_vips.values()},)
    model.ranges(f"{min(vips) + 1}-{max(vips)}", pool=model.plan.app_pool_name)
    model.service("shop")["metadata"]["annotations"] = {}


@WRONG(
    "previews", "to hold VIPs of .*, all of them, not preview-1, .* 34 more"
)
def _every_preview(model: LabModel) -> None:
    for item in model.cluster.all("Service"):
        if item["metadata"]["name"].startswith("preview-"):
            model.cluster.remove(item)


@WRONG("previews", "whose time is over to hold no VIP, not that of preview-4$")
def _one_was_forgotten(model: LabModel) -> None:
    service = model.service("preview-5")
    meta = {**service["metadata"], "name": "preview-4"}
    model.cluster.add({**service, "metadata": meta, "status": {}})


@WRONG("previews", "all of them, not preview-3 without")
def _a_preview_inside_the_cluster(model: LabModel) -> None:
    model.service("preview-3")["spec"]["type"] = "ClusterIP"
    model.service("preview-3")["status"] = {}


@WRONG("inventory", "to be as many as no Service holds, not 12")
def _one_address_too_many(model: LabModel) -> None:
    _write_plan(model, left="12")


@WRONG("inventory", "to be as many as no Service holds, not not written down")
def _nothing_written(model: LabModel) -> None:
    _write_plan(model, left="")


@WRONG("inventory", "right, not wrong or missing for blue, green, lab-5, ")
def _holders_by_service(model: LabModel) -> None:
    _write_plan(model, holders="shop 1, blue 1, green 1, tenants 37")


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_a_wrong_state_is_refused(judge: Judge, wrong: Wrong) -> None:
    """It is said what is expected, and what there is."""
    judge.refuses("5", wrong)


def test_nothing_is_left_of_the_grader(judge: Judge) -> None:
    """Services and the new namespace are removed."""
    model = judge.on("5")

    judge.run("tenancy")

    kinds = ("Service", "Namespace")
    names = [
        item["metadata"]["name"]
        for kind in kinds
        for item in model.cluster.all(kind)
    ]
    assert not [name for name in names if is_temporary(name)]


@pytest.mark.parametrize("fence", ["MetalLB and policy", "policy"])
def test_a_policy_may_refuse_tenants(judge: Judge, fence: str) -> None:
    """A refusal is the right answer; ingress and tenants are served."""
    model = judge.on("5")
    if fence == "policy":
        _fence(model)
        pool = model.one("IPAddressPool", model.plan.ingress_pool_name)
        pool["spec"]["autoAssign"] = False
    model.cluster.admission = _policy("address-pool", "loadBalancerIPs")

    judge.run("tenancy")


def test_an_owners_neighbour_stays(judge: Judge) -> None:
    """A host's entry that was there when the lab started is no one's fault."""
    model = judge.on("5")
    gateway, mac = str(model.plan.lan_gateway), model.mac("router")
    model.permanent["worker"] = {gateway: mac}
    entry = f"{gateway} dev eth0 lladdr {mac} PERMANENT"
    model.baseline["worker"] = {"neighbours": entry}

    judge.run("static_entries")


def test_every_namespace_asks(judge: Judge) -> None:
    """Tenants and a new namespace ask in all ways, others in one."""
    model = judge.on("5")
    asked: list[tuple[str, str]] = []

    def look(verb: str, path: str, body: Object) -> str:
        notes = body.get("metadata", {}).get("annotations", {})
        if verb in {"POST", "PATCH"}:
            asked.extend((path.split("/")[4], key) for key in notes)
        return ""

    model.cluster.admission = look
    judge.run("tenancy")

    spaces = [space for space, _ in asked]
    both = {"metallb.io/address-pool", "metallb.io/loadBalancerIPs"}
    assert {key for space, key in asked if space == "tenants"} == both
    assert {"default", "lab-5", "metallb-system"} < {*spaces}
    assert len([one for one in spaces if is_temporary(one)]) == 3


def test_servers_of_other_networks(judge: Judge) -> None:
    """A server on another interface, as of virtual machines, is no fault."""
    model = judge.on("5")
    bridge = socket("0.0.0.0%virbr0", "dnsmasq")
    model.sockets["worker"] = bridge + socket("192.168.122.1", "dnsmasq")
    model.sockets["dhcp"] = socket("*", "dnsmasq")

    judge.run("dhcp")
