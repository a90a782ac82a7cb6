"""The checks of lab 3: right states pass, each wrong one is refused."""

from __future__ import annotations

from base64 import b64encode
from copy import deepcopy
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Final

import pytest

from graders.errors import CannotCheck, CheckFailed
from graders.polling import WAITS
from graders.providers.machine import Output
from tests.lab_model.checks import Judge, Wrong, WrongStates, checks_of
from tests.lab_model.controllers import EXCLUDE
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
WORKERS = ("metallb-lab-worker", "metallb-lab-worker2")
_ABSENT: Final = {"operator": "DoesNotExist"}


@pytest.mark.parametrize("check", checks_of("3"))
def test_the_right_state_passes(judge: Judge, check: str) -> None:
    """Both workers announce, and the router uses both."""
    judge.passes("3", check)


@WRONG("vip", "the VIP of web to be .*, not <pending>")
def _no_pool(model: LabModel) -> None:
    model.cluster.remove(model.one("IPAddressPool"))


@WRONG("announced", "to be announced by .*worker, .*worker2, not nothing")
def _no_advertisement(model: LabModel) -> None:
    model.cluster.remove(model.one("BGPAdvertisement"))


WRONG(
    "announced", "no DaemonSet recreates: none, not metallb-system/speaker-1"
)(add_bare_speaker)


@WRONG("announced", "by .*worker, .*worker2, not metallb-lab-worker$")
def _one_worker(model: LabModel) -> None:
    selector = {"matchLabels": {"kubernetes.io/hostname": WORKERS[0]}}
    model.one("BGPAdvertisement")["spec"]["nodeSelectors"] = [selector]


@WRONG("announced", "not metallb-lab-control-plane, metallb-lab-worker, meta")
def _every_node_announces(model: LabModel) -> None:
    _control_plane_too(model)
    model.service("web")["spec"]["externalTrafficPolicy"] = "Cluster"


@WRONG("announced", "to be excluded from external load balancers, not free of")
def _control_plane_too(model: LabModel) -> None:
    name = model.plan.machine_name("control-plane")
    del model.one("Node", name)["metadata"]["labels"][EXCLUDE]


@WRONG("sessions", "the session of the router with .* to be Established")
@WRONG("sessions", "to be Established, not Active")
def _password_differs(model: LabModel) -> None:
    for role in model.plan.nodes:
        model.router.changes[role] = {"bgpState": "Active"}


@WRONG("sessions", "with metallb-lab-worker2 to be Established, not Connect")
def _one_session_is_down(model: LabModel) -> None:
    model.router.changes["worker2"] = {"bgpState": "Connect"}


@WRONG("sessions", "with metallb-lab-worker to be .*, not not configured")
def _neighbour_removed(model: LabModel) -> None:
    model.router.changes["worker"] = {"gone": True}


@WRONG("sessions", "with metallb-lab-control-plane .*, not not configured")
def _no_bgp_on_the_router(model: LabModel) -> None:
    model.router.bgp = False


@WRONG(
    "sessions", "AS numbers of router and .* 64501, 64500, not 64502, 64500"
)
def _local_as(model: LabModel) -> None:
    for role in model.plan.nodes:
        model.router.changes[role] = {"localAs": model.plan.router_asn + 1}


@WRONG("sessions", "AS numbers of router and .* not 64501, 64510")
def _as_of_the_cluster(model: LabModel) -> None:
    model.router.changes["worker"] = {"remoteAs": 64510}


@WRONG(
    "sessions", "the port of the router to which .* BGP to be 179, not 1179"
)
def _router_redirects(model: LabModel) -> None:
    model.speaker_port = 1179


@WRONG("sessions", "to be Established, not Active")
def _static_route(model: LabModel) -> None:
    _password_differs(model)
    nodes = [str(model.plan.nodes[one].lan) for one in ("worker", "worker2")]
    model.router.static[str(model.plan.bgp_vip)] = ("", nodes)


@WRONG("sessions", "bgpd is not running on the router$")
def _bgpd_stopped(model: LabModel) -> None:
    model.router.stopped = "Exiting: failed to connect to any daemons.\n"


@WRONG("sessions", "zebra is not running on the router$")
def _zebra_stopped(model: LabModel) -> None:
    model.router.stopped = "zebra is not running\n"


@WRONG("sessions", "vtysh is not running on the router$")
def _vtysh_removed(model: LabModel) -> None:
    said = Output("vtysh", 127, "", "vtysh: not found")
    model.answers["router: vtysh -c show bgp neighbors json"] = said


@WRONG("announced", "by .*worker, .*worker2, not metallb-lab-worker$")
@WRONG("sessions", "with metallb-lab-control-plane to be .*, not Active")
def _peer_one_node(model: LabModel) -> None:
    selector = {"matchLabels": {"kubernetes.io/hostname": WORKERS[0]}}
    model.one("BGPPeer")["spec"]["nodeSelectors"] = [selector]


@WRONG("sessions", "with metallb-lab-control-plane to be .*, not Active")
def _workers_only(model: LabModel) -> None:
    """Leave out the control plane, which has a session by the brief."""
    selector = {"matchExpressions": [{"key": EXCLUDE, **_ABSENT}]}
    model.one("BGPPeer")["spec"]["nodeSelectors"] = [selector]


@WRONG("sessions", "BGPPeers that select .* to be one, .*, not tor.*, tor-new")
def _second_peer(model: LabModel) -> None:
    """One is wrong, and its speakers try for ever."""
    _add_peer(model, peerASN=model.plan.router_asn)
    model.one("BGPPeer", "tor-router")["spec"]["peerASN"] = 64999


@WRONG("sessions", "BGPPeers that select metallb-lab-worker2 to be one, .*new")
def _second_peer_of_one_node(model: LabModel) -> None:
    """Both are right, and one of them is turned away."""
    selector = {"matchLabels": {"kubernetes.io/hostname": WORKERS[1]}}
    _add_peer(model, nodeSelectors=[selector])


def _add_peer(model: LabModel, **spec: object) -> None:
    peer = deepcopy(model.one("BGPPeer"))
    peer["metadata"]["name"] = "tor-new"
    peer["spec"] |= spec
    model.cluster.add(peer)


@WRONG("sessions", "the port of the router .* BGP to be 179, not 1179")
def _bgpd_on_another_port(model: LabModel) -> None:
    model.router.ports = [1179]
    model.speaker_port = 1179
    model.one("BGPPeer")["spec"]["peerPort"] = 1179


@WRONG("sessions", "on which the router listens for BGP to be 179, not not op")
def _port_179_is_redirected(model: LabModel) -> None:
    model.router.ports = [1179]
    for role in model.plan.nodes:
        model.router.changes[role] = {"bgpState": "Established"}


@WRONG("sessions", "expected router to list its sockets")
def _no_ss_on_the_router(model: LabModel) -> None:
    look = "router: ss -Htln"
    model.answers[look] = Output("ss", 127, "", "not found")


@WRONG("sessions", "expected worker to list its sockets")
def _no_ss(model: LabModel) -> None:
    router = model.plan.machines["router"].lan
    look = f"worker: ss -Htn state established dst {router}"
    model.answers[look] = Output("ss", 127, "", "not found")


@WRONG("hold_time", "hold time agreed with .* to be 10 s at most, not 90 s")
def _timers_only(model: LabModel) -> None:
    for role in model.plan.nodes:
        model.router.changes[role] = {"bgpTimerHoldTimeMsecs": 90_000}


@WRONG("hold_time", "hold time agreed with .*worker2 .*, not 180 s")
def _one_session_is_slow(model: LabModel) -> None:
    slow = {"bgpTimerHoldTimeMsecs": 180_000}
    model.router.changes["worker2"] = slow


@WRONG("hold_time", "to be 10 s at most, not 0 s")
def _no_hold_time(model: LabModel) -> None:
    model.router.changes["worker"] = {"bgpTimerHoldTimeMsecs": 0}


@WRONG("hold_time", "to be 10 s at most, not 0 s")
def _no_session(model: LabModel) -> None:
    model.router.changes["worker"] = {"gone": True}


@WRONG("paths", "the paths to .*/32 .*worker2, not none at all")
def _router_policy(model: LabModel) -> None:
    model.router.accepts = str(model.plan.bgp_pool)


@WRONG("paths", "the paths to .*/32 .*, not none at all")
def _restart_frr(model: LabModel) -> None:
    """Read the saved configuration, which has the mistake."""
    _router_policy(model)


@WRONG("paths", "the paths to .*/32 .*, not none at all")
def _aggregate(model: LabModel) -> None:
    _router_policy(model)
    length = model.plan.bgp_pool.prefixlen
    model.one("BGPAdvertisement")["spec"]["aggregationLength"] = length


@WRONG("paths", "the paths to .*/32 .*, not metallb-lab-worker$")
@WRONG("fib", "the next hops for .*worker2, not metallb-lab-worker$")
def _pods_on_one_worker(model: LabModel) -> None:
    spec = model.one("Deployment", "web")["spec"]["template"]["spec"]
    spec["nodeSelector"] = {"kubernetes.io/hostname": WORKERS[0]}


@WRONG("fib", "the next hops for .*worker2, not metallb-lab-worker2?$")
def _one_path(model: LabModel) -> None:
    model.router.paths = 1


@WRONG("fib", "the route to .* to come from bgp, not static")
def _static_routes(model: LabModel) -> None:
    model.router.paths = 1
    nodes = [str(model.plan.nodes[one].lan) for one in ("worker", "worker2")]
    model.router.static[str(model.plan.bgp_vip)] = ("static", nodes)


@WRONG("fib", "the route to .* to come from bgp, not nothing")
def _no_route(model: LabModel) -> None:
    _router_policy(model)


@WRONG("fib", "the paths that BGP has chosen for .*worker2, not .*worker2?$")
def _kernel_route_signed_as_bgp(model: LabModel) -> None:
    model.router.paths = 1
    nodes = [str(model.plan.nodes[one].lan) for one in ("worker", "worker2")]
    model.router.static[str(model.plan.bgp_vip)] = ("bgp", nodes)


@WRONG(
    "fib",
    "from BGP alone, one .*, not 10.0.100.7/32 via 172.18.1.3 proto static",
)
def _floating_static_route(model: LabModel) -> None:
    hops = [{"ip": str(model.plan.nodes["worker"].lan)}, {"directly": True}]
    entry = {"protocol": "static", "distance": 250, "nexthops": hops}
    model.router.ready[f"{model.plan.bgp_vip}/32"] = [
        {"protocol": "bgp"},
        entry,
    ]


@WRONG(
    "fib", "from BGP alone, one .*, not 10.0.0.0/8 via 172.18.1.4 proto static"
)
def _shorter_route_held_ready(model: LabModel) -> None:
    _floating_static_route(model)
    (entry,) = model.router.ready.values()
    entry[1]["nexthops"] = [{"ip": str(model.plan.nodes["worker2"].lan)}]
    model.router.ready = {"10.0.0.0/8": entry, "192.0.2.0/24": entry}


@WRONG(
    "fib", "from BGP alone, one .*, not 10.0.100.7/32 via 172.18.1.4 proto bgp"
)
def _second_route_of_another_metric(model: LabModel) -> None:
    route = {"dst": str(model.plan.bgp_vip), "protocol": "bgp", "metric": 30}
    hop = {"gateway": str(model.plan.nodes["worker2"].lan)}
    model.router.main.append(route | hop)


@WRONG("fib", "from BGP alone, one .*, not 0.0.0.0/0 via 172.18.1.3")
def _default_route_by_a_node(model: LabModel) -> None:
    hop = {"gateway": str(model.plan.nodes["worker"].lan)}
    model.router.main.append({"dst": "default", **hop})


@WRONG("fib", "a static route to 10.0.100.7 to be on no machine, not router")
def _policy_routing(model: LabModel) -> None:
    to = "10.0.100.7 via 172.18.1.3 dev eth0 table"
    model.tables["router"] = {"route": [f"{to} 101", f"{to} 102"]}


@WRONG("fib", "a routing rule for 10.0.100.7 to be on no machine, not router")
def _routing_rule(model: LabModel) -> None:
    rule = "100:\tfrom all to 10.0.100.7 lookup 101"
    model.tables["router"] = {"rule": [rule]}


@WRONG("ecmp", "40 connections to reach each worker, 4 times or more, not")
def _layer_3_hash(model: LabModel) -> None:
    model.router.layer_4_hash = False


@WRONG("ecmp", "the answers to 40 connections to be 40, not 20")
def _one_worker_loses(model: LabModel) -> None:
    model.lost = lambda _, node, __: node == WORKERS[1]


@WRONG("ecmp", "the answers to 40 connections to be 40, not 0")
def _none_gets_through(model: LabModel) -> None:
    model.lost = lambda *_: True


@WRONG("ecmp", "each worker, .*, not .*worker 0, .*tea, no pod of web 40")
def _a_page_that_was_written(model: LabModel) -> None:
    spec = model.one("Deployment", "web")["spec"]["template"]["spec"]
    spec["containers"] = [{"image": "echo", "args": ["-text=tea"]}]


@WRONG("long_flow", "200 answers over 1 connection, not 200 over 200")
def _connections_are_not_kept(model: LabModel) -> None:
    model.keeps_connections = False


@WRONG("long_flow", "200 answers over 1 connection, not 0 over 0")
def _no_connection(model: LabModel) -> None:
    model.lost = lambda *_: True


@WRONG("long_flow", "one connection to be answered by one pod, not web-")
def _balanced_by_request(model: LabModel) -> None:
    model.balances_requests = True


@WRONG("source", "the address that web's pods see to be .*, not 172.18.1.")
def _cluster_policy(model: LabModel) -> None:
    model.service("web")["spec"]["externalTrafficPolicy"] = "Cluster"


@WRONG("source", "the address that web's pods see to be .*, not nothing")
def _no_answer_to_clients(model: LabModel) -> None:
    model.lost = lambda *_: True


@WRONG("filter", "the router accepts outside .* to be nothing, not .*/32, 1")
def _no_filter(model: LabModel) -> None:
    model.router.filtered = False


@WRONG("filter", "the router accepts outside .* to be nothing, not .*/32")
def _one_network_denied(model: LabModel) -> None:
    rest = IPv4Network("0.0.0.0/0").address_exclude(model.plan.lan)
    model.router.permits = [*map(str, rest)]


@WRONG("fib", r"not lab-3/web-first-aid by externalIPs \(10\.0\.100\.")
@WRONG("filter", r"not lab-3/web-first-aid by externalIPs \(10\.0\.100\.")
def _external_ips(model: LabModel) -> None:
    take_address(model, "web", str(model.plan.bgp_vip))


@WRONG("filter", "from .*-control-plane to be filtered, not anything")
def _control_plane_unfiltered(model: LabModel) -> None:
    families: Object = {"ipv4Unicast": {}}
    model.router.changes["control-plane"] = {"addressFamilyInfo": families}


@WRONG("filter", "filter of .*-control-plane to let in, .*, none, not .*/32")
def _for_the_workers_alone(model: LabModel) -> None:
    """Leave the control plane the list that permits anything."""
    model.router.lines = ["ip prefix-list old seq 5 permit any"]
    family = {"incomingUpdatePrefixFilterList": "old"}
    families: Object = {"ipv4Unicast": family}
    model.router.changes["control-plane"] = {"addressFamilyInfo": families}


def _pools_by_policy(_: str, path: str, body: Object) -> str:
    """Refuse pools that have other addresses than the agreed ones."""
    texts = body.get("spec", {}).get("addresses", [])
    is_foreign = any(not text.startswith("10.0.100.") for text in texts)
    return "denied by policy" if "pools" in path and is_foreign else ""


@WRONG("filter", "filter of .*-worker to let in, .*, none, not .*/32")
def _fence_in_place_of_the_filter(model: LabModel) -> None:
    """Let the cluster make no other pools, and the router accept all."""
    model.router.lines = [
        "ip prefix-list services seq 5 permit any",
        "route-map services-only permit 10",
        " match ip address prefix-list services",
        "exit",
    ]
    family = {"routeMapForIncomingAdvertisements": "nothing"}
    families: Object = {"ipv4Unicast": family}
    model.router.changes["control-plane"] = {"addressFamilyInfo": families}
    model.cluster.admission = _pools_by_policy


@WRONG("filter", "from .*-worker to be filtered, not anything")
def _fence_without_a_filter(model: LabModel) -> None:
    """Let the cluster make no other pools, and filter no worker."""
    families: Object = {"ipv4Unicast": {}}
    model.router.changes["worker"] = {"addressFamilyInfo": families}
    model.cluster.admission = _pools_by_policy


def test_foreign_prefixes_have_the_communities_of_others(
    judge: Judge,
) -> None:
    """A filter by community would let in a wrong pool, which has it."""
    model = judge.on("3")
    model.one("BGPAdvertisement")["spec"]["communities"] = ["64500:100"]
    webhook, seen = model.cluster.admission, []

    def look(verb: str, path: str, body: Object) -> str:
        if (verb, path.rpartition("/")[2]) == ("POST", "bgpadvertisements"):
            seen.append(body["spec"]["communities"])
        return webhook(verb, path, body)

    model.cluster.admission = look

    judge.run("filter")
    assert ["64500:100"] in seen


def test_a_fence_next_to_the_filter_passes(judge: Judge) -> None:
    """A policy may permit the agreed pools only, so the grader's are not."""
    model = judge.on("3")
    model.cluster.admission = _pools_by_policy

    judge.run("filter")


@WRONG("filter", r"outside .* to be nothing, not 172\.18\.[^a-z]+$")
def _lan_is_permitted(model: LabModel) -> None:
    model.router.permits = [str(model.plan.lan)]


@WRONG("filter", r"outside .* to be nothing, not 192\.0\.2\.\d+/(29|3.)$")
def _small_block_is_permitted(model: LabModel) -> None:
    """Open what only the router's own list shows."""
    model.router.permits = ["192.0.2.64/29"]


@WRONG("filter", r"outside .* to be nothing, not [0-9.]+/32$")
def _community_is_trusted(model: LabModel) -> None:
    """Accept any prefix that says that it may come in."""
    text = "bgp community-list standard ok seq 5 permit 64500:100"
    model.router.lines, model.router.trusted = [text], "64500:100"


@WRONG("filter", "filter of .*-control-plane to let in, .*, none, not .*/32")
def _by_origin_on_the_control_plane(model: LabModel) -> None:
    """Believe what says that it comes from the cluster's AS."""
    clause = ["route-map ours permit 10", " match as-path ours"]
    model.router.lines = [*clause, "exit"]
    family = {"routeMapForIncomingAdvertisements": "ours"}
    families: Object = {"ipv4Unicast": family}
    model.router.changes["control-plane"] = {"addressFamilyInfo": families}


@WRONG("fib", "to come from BGP alone, one for each .*, not 10.0.100.0/24 via")
def _aggregate_left(model: LabModel) -> None:
    """Announce the agreed prefix as a whole, too."""
    nodes = [model.plan.nodes[role].lan for role in ("worker", "worker2")]
    hops = [{"gateway": str(address)} for address in nodes]
    route = {"dst": str(model.plan.bgp_pool), "protocol": "bgp"}
    model.router.main = [route | {"nexthops": hops}]


@WRONG(
    "filter", "every pool to be inside .*/24, not prod.* with 10.0.100.0/23"
)
def _pool_widened(model: LabModel) -> None:
    model.ranges("10.0.100.0/23")


@WRONG("filter", "to a new Service with .* by .*worker2, not metallb-lab-con")
def _control_plane_announces_others(model: LabModel) -> None:
    _control_plane_too(model)


@WRONG("filter", "to a new Service with 10.0.100.* by .*worker2, not none")
def _positive_control(model: LabModel) -> None:
    model.router.accepts = f"{model.plan.bgp_vip}/32"


@WRONG("filter", "to a new Service with 10.0.100.* by .*worker2, not none")
def _half_of_the_prefix_is_permitted(model: LabModel) -> None:
    model.router.filtered, model.router.accepts = True, "10.0.100.0/25"


@WRONG("filter", "to a new Service with 10.0.100.* by .*worker2, not none")
def _pool_of_one_address(model: LabModel) -> None:
    model.ranges(f"{model.plan.bgp_vip}/32")


@WRONG("filter", "a pool that is new, to be announced by .*, not none")
def _nothing_else_is_announced(model: LabModel) -> None:
    def forget() -> None:
        for item in model.cluster.all("ServiceBGPStatus"):
            if item["status"]["serviceName"] != "web":
                model.cluster.remove(item)

    model.adjust = forget


@WRONG("password_kept", "control-plane for .*, not another one")
def _password_of_the_cluster(model: LabModel) -> None:
    model.router.password = dict.fromkeys(model.plan.nodes, "oaks")
    model.one("BGPPeer")["spec"] |= {"password": "oaks"}


@WRONG("password_kept", "asks .*worker2 for to be the one .*, not another one")
def _password_of_one_neighbour(model: LabModel) -> None:
    model.router.password["worker2"] = "oaks"
    _peer_for_each_node(model)
    spec = model.one("BGPPeer", "tor-worker2")["spec"]
    spec |= {"password": "oaks", "passwordSecret": None}


@WRONG("password_kept", "the one that it asked for at the start, not none")
def _no_password(model: LabModel) -> None:
    model.router.password = {}
    model.one("BGPPeer")["spec"] |= {"password": ""}


@WRONG("password_kept", "without a password to be left .*, not accepted")
def _password_is_not_asked_for(model: LabModel) -> None:
    model.knock = 0


@WRONG("password_kept", "without a password to be left .*, not refused")
def _a_filter_refuses(model: LabModel) -> None:
    model.knock = 1


@WRONG("password_kept", "start was not recorded", outcome=CannotCheck)
def _not_recorded(model: LabModel) -> None:
    model.baseline = {}


@WRONG("failover", "the next hops without .*worker2 to be .*worker, not")
def _router_keeps_the_silent_one(model: LabModel) -> None:
    nodes = [str(model.plan.nodes[one].lan) for one in ("worker", "worker2")]
    model.router.static[str(model.plan.bgp_vip)] = ("bgp", nodes)


@WRONG("failover", "the next hops after .*worker2 came back to be .*, not")
def _it_does_not_come_back(model: LabModel) -> None:
    def leave() -> None:
        if model.docker.paused:
            model.router.changes["worker2"] = {"bgpState": "Active"}

    model.adjust = leave


@WRONG("failover", "connections were lost to be 15 s at most, not 1[67]")
def _clients_wait_too_long(model: LabModel) -> None:
    model.samples = [(at / 5, not 20 < at < 100) for at in range(200)]


@WRONG("failover", "the watch of .* saw nothing", outcome=CannotCheck)
def _nothing_was_watched(model: LabModel) -> None:
    model.samples = []


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_a_wrong_state_is_refused(judge: Judge, wrong: Wrong) -> None:
    """It is said what is expected, and what there is."""
    judge.refuses("3", wrong)
    assert not judge.model.docker.paused


def test_nothing_is_left_of_the_grader(judge: Judge) -> None:
    """What the check of the filter makes it removes."""
    model = judge.on("3")

    judge.run("filter")

    kinds = ("Service", "IPAddressPool", "BGPAdvertisement")
    assert [len(model.cluster.all(kind)) for kind in kinds] == [1, 1, 1]
    assert sum(verb == "POST" for verb, _ in model.cluster.requests) > len(
        kinds
    )


def _asn_mismatch(model: LabModel) -> None:
    model.one("BGPPeer")["spec"]["peerASN"] = model.plan.router_asn + 1


def _peer_port(model: LabModel) -> None:
    model.one("BGPPeer")["spec"]["peerPort"] = 1179


def _password(model: LabModel) -> None:
    model.router.password = dict.fromkeys(model.plan.nodes, "orchid")
    model.one("BGPPeer")["spec"] |= {"password": "oaks"}


@pytest.mark.parametrize(
    ("break_it", "check"),
    [
        (_asn_mismatch, "sessions"),
        (_peer_port, "sessions"),
        (_password, "sessions"),
        (_workers_only, "sessions"),
        (_peer_one_node, "sessions"),
        (_router_policy, "paths"),
        (_one_path, "fib"),
        (_layer_3_hash, "ecmp"),
    ],
)
def test_a_wait_ends_when_nothing_can_come(
    judge: Judge, break_it: Callable[[LabModel], None], check: str
) -> None:
    """Faults that both sides' states prove are not waited for to the end."""
    break_it(judge.on("3"))

    with pytest.raises(CheckFailed):
        judge.run(check)

    assert 0 < judge.clock.now < WAITS["route"].seconds


def _speaker_pauses(model: LabModel) -> None:
    for role in model.plan.nodes:
        model.router.changes[role] = {"bgpState": "Active"}


def _session_is_new(model: LabModel) -> None:
    _router_policy(model)
    model.router.changes["worker"] = {"bgpTimerUpMsec": 900}


def _update_is_new(model: LabModel) -> None:
    _router_policy(model)
    model.router.changes["worker2"] = {"bgpInUpdateElapsedTimeMsecs": 900}


def _refused_routes_are_kept(model: LabModel) -> None:
    _router_policy(model)
    family = {"ipv4Unicast": {"inboundSoftConfigPermit": True}}
    model.router.changes["worker"] = {"addressFamilyInfo": family}


@pytest.mark.parametrize(
    ("break_it", "check"),
    [
        (_speaker_pauses, "sessions"),
        (_session_is_new, "paths"),
        (_update_is_new, "paths"),
        (_refused_routes_are_kept, "paths"),
        (_no_route, "fib"),
        (_one_worker_loses, "ecmp"),
    ],
)
def test_a_wait_lasts_where_something_may_come(
    judge: Judge, break_it: Callable[[LabModel], None], check: str
) -> None:
    """What may be on its way is waited for as long as it may take."""
    break_it(judge.on("3"))

    with pytest.raises(CheckFailed):
        judge.run(check)

    assert judge.clock.now >= WAITS["route"].seconds


def test_a_speaker_that_reports_nothing_announces(judge: Judge) -> None:
    """After a restart a speaker may not; the router knows its route."""
    model = judge.on("3")

    def forget() -> None:
        for item in model.cluster.all("ServiceBGPStatus"):
            model.cluster.remove(item)

    model.adjust = forget

    judge.run("announced")


def test_the_outage_is_measured(judge: Judge) -> None:
    """The proof tells how much was lost, and for how long."""
    judge.on("3").samples = [(at / 5, not 20 < at < 51) for at in range(100)]

    lab = judge.run("failover")

    told = lab.measurements["failover"]
    assert told == "30 of 100 connections lost, within 6.8 s"
    outage = lab.outages["failover"]
    assert (outage.mode, len(outage.lost)) == ("bgp", 30)
    kinds = [event.kind for event in outage.events]
    assert kinds == ["silent", "hop-dropped", "back", "hop-restored"]
    victim = lab.plan.nodes["worker2"].name
    assert {event.node for event in outage.events} == {victim}


def _peer_for_each_node(model: LabModel) -> None:
    """Give each node a BGPPeer, whose password is in one Secret."""
    peer = model.one("BGPPeer")
    model.cluster.remove(peer)
    del peer["spec"]["password"]
    data = {"password": b64encode(b"orchid").decode()}
    meta = {"name": "tor", "namespace": "metallb-system"}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": meta}
    model.cluster.add({**secret, "data": data})
    for role, node in model.plan.nodes.items():
        one = deepcopy(peer)
        one["metadata"]["name"] = f"tor-{role}"
        labels = {"kubernetes.io/hostname": node.name}
        one["spec"] |= {
            "passwordSecret": {"name": "tor"},
            "nodeSelectors": [{"matchLabels": labels}],
        }
        model.cluster.add(one)


def _listen_range(model: LabModel) -> None:
    """Have the router ask a peer group with ranges for the password."""
    lines = "neighbor NODES password orchid\n bgp listen range 172.18.1.0/24"
    config = Output("vtysh", 0, lines, "")
    model.answers["router: vtysh -c show running-config"] = config


@pytest.mark.parametrize("repair", [_peer_for_each_node, _listen_range])
def test_a_password_in_another_form_counts(
    judge: Judge, repair: Callable[[LabModel], None]
) -> None:
    """What counts is that the sessions need the router's password."""
    repair(judge.on("3", "password"))

    judge.run("sessions", "password_kept")


def test_a_listening_router_may_still_be_asked(judge: Judge) -> None:
    """Its configuration does not show its neighbours' passwords."""
    model = judge.on("3", "password")
    _listen_range(model)
    model.router.changes["worker"] = {"bgpState": "Connect"}

    with pytest.raises(CheckFailed, match="not Connect"):
        judge.run("sessions")

    assert judge.clock.now >= WAITS["session"].seconds
