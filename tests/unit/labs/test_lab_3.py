"""The checks of lab 3: right states pass, each wrong one is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from graders.errors import CannotCheck
from graders.providers.machine import Output
from tests.lab_model.checks import Judge, Wrong, WrongStates, checks_of
from tests.lab_model.controllers import EXCLUDE

if TYPE_CHECKING:
    from tests.lab_model.model import LabModel

WRONG = WrongStates()
WORKERS = ("metallb-lab-worker", "metallb-lab-worker2")


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


@WRONG("sessions", "the session of the router with .*worker to be Established")
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


@WRONG("sessions", "with metallb-lab-worker to be .*, not not configured")
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


@WRONG("sessions", "bgpd is not running", outcome=CannotCheck)
def _bgpd_stopped(model: LabModel) -> None:
    said = Output("vtysh", 1, "bgpd is not running\n", "")
    model.answers["router: vtysh -c show bgp neighbors json"] = said


@WRONG("sessions", "worker cannot list its connections", outcome=CannotCheck)
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


@WRONG(
    "filter", "the router accepts outside .* to be nothing, not 10.0.101.0/32"
)
def _no_filter(model: LabModel) -> None:
    model.router.filtered = False


@WRONG("filter", "paths to a new Service by the workers alone, not metallb-la")
def _control_plane_announces_others(model: LabModel) -> None:
    _control_plane_too(model)


@WRONG("filter", "paths to a new Service by the workers alone, not none")
def _positive_control(model: LabModel) -> None:
    model.router.accepts = f"{model.plan.bgp_vip}/32"


@WRONG("filter", "do not announce the grader's own", outcome=CannotCheck)
def _nothing_else_is_announced(model: LabModel) -> None:
    def forget() -> None:
        for item in model.cluster.all("ServiceBGPStatus"):
            if item["status"]["serviceName"] != "web":
                model.cluster.remove(item)

    model.adjust = forget


@WRONG("password_kept", "control-plane for .*, not another one")
def _password_of_the_cluster(model: LabModel) -> None:
    model.router.password = dict.fromkeys(model.plan.nodes, "oaks")


@WRONG("password_kept", "asks .*worker2 for to be the one .*, not another one")
def _password_of_one_neighbour(model: LabModel) -> None:
    model.router.password["worker2"] = "oaks"


@WRONG("password_kept", "the one that it asked for at the start, not none")
def _no_password(model: LabModel) -> None:
    model.router.password = {}


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
    assert sum(verb == "POST" for verb, _ in model.cluster.requests) == 4


def test_the_outage_is_measured(judge: Judge) -> None:
    """The proof tells how much was lost, and for how long."""
    judge.on("3").samples = [(at / 5, not 20 < at < 51) for at in range(100)]

    told = judge.run("failover").measurements["failover"]

    assert told == "30 of 100 connections lost, within 6.8 s"


def test_a_password_of_a_peer_group_counts(judge: Judge) -> None:
    """It is the router's, however its configuration says it."""
    model = judge.on("3", "password")
    lines = [
        f" neighbor {node.lan} peer-group nodes"
        for node in model.plan.nodes.values()
    ]
    text = "\n".join([" neighbor nodes password orchid", *lines])
    config = Output("vtysh", 0, text, "")
    model.answers["router: vtysh -c show running-config"] = config

    judge.run("password_kept")
