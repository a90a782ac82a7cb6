"""Lab 2: one node answers for web's VIP, on the LAN and nowhere else."""

from __future__ import annotations

import contextlib
import time
from functools import partial

from graders.checks import (
    REQUESTS,
    SEE_STATUS,
    Client,
    Refused,
    Responders,
    Session,
    address_control_plane_would_win,
    allocation_decided,
    arp_responders,
    check,
    clone_service,
    expect,
    expect_announced,
    expect_control_plane_excluded,
    expect_gossip,
    expect_http,
    expect_http_everywhere,
    expect_maintained_endpoints,
    expect_maintained_speakers,
    expect_no_loss,
    expect_no_static_entries,
    expect_off_storage,
    expect_one_controller,
    expect_one_responder,
    expect_ready_endpoint,
    expect_unannounced,
    expect_validated,
    expect_vip,
    extra_source_addresses,
    fail,
    isolate,
    labels_that_announce,
    measure_outage,
    paths_from,
    pool_of,
    rejoin_wait,
    run_parallel,
    speakers_diverged,
    temporary_service,
    until,
    until_converged,
)

NAMESPACE = "lab-2"
PRIVATE = "finance"
TEXT = "hello from web"
# So that web is served while a worker is cut off.
PODS = 2
FLOWS = 30
# Seconds; longer than a worker is cut off and comes back.
WATCH_SECONDS = 90


@check(layer="allocation")
def test_vip(lab: Session) -> None:
    """web has its VIP {l2_vip}."""
    expect_vip(lab, "web", NAMESPACE, str(lab.plan.l2_vip))


@check(layer="endpoint")
def test_endpoints(lab: Session) -> None:
    """Deployment web has all its pods ready, and Service web follows them."""
    expect_ready_endpoint(lab, "web", NAMESPACE)
    expect_maintained_endpoints(lab, "web", NAMESPACE, PODS)


@check(layer="endpoint")
def test_ready_pod(lab: Session) -> None:
    """A pod behind web is ready, without which no node announces."""
    expect_ready_endpoint(lab, "web", NAMESPACE)


@check(layer="advertisement", needs=("vip", "ready_pod"))
def test_announced(lab: Session) -> None:
    """One worker announces the VIP of web."""
    nodes = until_converged(
        "announce",
        partial(_sole_announcer, lab),
        bool,
        partial(speakers_diverged, lab, str(lab.plan.l2_vip)),
    )
    announcers = sorted(lab.cluster.l2_announcers("web", NAMESPACE))
    expect(
        "the VIP of web to be announced by",
        expected="one worker",
        actual=announcers,
        ok=bool(nodes),
        seen_by=SEE_STATUS,
        evidence=lambda: lab.cluster.events("web", NAMESPACE),
    )
    expect_control_plane_excluded(lab)
    expect_maintained_speakers(lab)


@check(layer="neighbour", needs=("announced",))
def test_arp(lab: Session) -> None:
    """That worker, and no other machine, answers ARP for the VIP."""
    vip = str(lab.plan.l2_vip)
    node = expect_one_responder(lab, vip, REQUESTS)
    # A speaker announces first and writes its status afterwards.
    announcers = until(
        "announce", partial(_sole_announcer, lab), {node}.__eq__
    )
    expect(
        f"ARP for {vip} to be answered by the node that announces it,",
        expected=announcers,
        actual={node},
        seen_by=SEE_STATUS,
    )


@check(layer="policy", needs=("arp",))
def test_not_on_interface(lab: Session) -> None:
    """No interface, fixed neighbour entry or static route has the VIP."""
    expect_no_static_entries(lab, [str(lab.plan.l2_vip)])


@check(layer="policy", needs=("arp",))
def test_storage(lab: Session) -> None:
    """The VIP is announced on the LAN only, not on the storage network."""
    expect_off_storage(lab, str(lab.plan.l2_vip))


@check(layer="policy", needs=("vip",))
def test_webhook(lab: Session) -> None:
    """One controller of MetalLB runs; its webhook refuses invalid objects."""
    expect_one_controller(lab)
    expect_validated(lab)


@check(layer="forwarding", needs=("arp",))
def test_http(lab: Session) -> None:
    """A client on the LAN and one outside get web's answer from the VIP."""
    expect_http_everywhere(lab, str(lab.plan.l2_vip), TEXT)


@check(layer="neighbour", needs=("arp",), variants=("memberlist-cut",))
def test_gossip(lab: Session) -> None:
    """The speakers of the workers reach each other."""
    expect_gossip(lab)


@check(
    layer="forwarding",
    needs=("http",),
    variants=("reverse-path",),
    exclusive=True,
)
def test_other_clients(lab: Session) -> None:
    """Outside clients with other addresses get answers, too."""
    with extra_source_addresses(lab) as sources:
        paths = paths_from(lab, sources, str(lab.plan.l2_vip))
        run_parallel(partial(expect_no_loss, url_path="/"), paths)


@check(layer="advertisement", needs=("http",), exclusive=True)
def test_new_service(lab: Session) -> None:
    """Another Service like web is announced by a worker, and answers."""
    address = address_control_plane_would_win(lab, str(lab.plan.l2_vip))
    with clone_service(lab, "web", NAMESPACE, address) as name:
        vip = expect_vip(lab, name, NAMESPACE)
        node = expect_one_responder(lab, vip, 1)
        expect(
            f"ARP for {vip} of a new Service to be answered by",
            expected="a worker",
            actual=node,
            ok=node in lab.plan.worker_names(),
            seen_by=SEE_STATUS,
        )
        expect_http(lab.lan_client, vip, TEXT)


@check(layer="policy", needs=("new_service",), exclusive=True)
def test_private_pool(lab: Session) -> None:
    """ledger has its private address, and its pool is not announced."""
    address = str(lab.plan.private_vip)
    expect_vip(lab, "ledger", PRIVATE, address)
    # An advertisement may be for Services with web's labels, or with others.
    web = lab.cluster.service("web", NAMESPACE) or {"metadata": {}}
    pool = pool_of(lab, address)
    some = [{}, web["metadata"].get("labels", {})]
    some += labels_that_announce(lab, pool)
    request = partial(temporary_service, lab, NAMESPACE, pool=pool)
    # Speakers handle new Services in order: once the last is announced, the
    # others would be as well. `new_service` has shown that this is possible.
    with contextlib.ExitStack() as stack:
        names: list[str] = []
        for labels in some:
            # A rule of the cluster that keeps them out is as good as a pool
            # that is restricted.
            with contextlib.suppress(Refused):
                names.append(stack.enter_context(request(labels=labels)))
        shown = stack.enter_context(clone_service(lab, "web", NAMESPACE))
        vips = run_parallel(partial(_decided_vip, lab), names)
        expect_vip(lab, shown, NAMESPACE)
        expect_announced(lab, shown, NAMESPACE)
        services = [("ledger", PRIVATE, address)]
        services += [
            (name, NAMESPACE, vip)
            for name, vip in zip(names, vips, strict=True)
            if vip
        ]
        run_parallel(partial(expect_unannounced, lab), services)
    # A Service without a pod would not be announced anyway.
    expect_ready_endpoint(lab, "ledger", PRIVATE)


@check(layer="advertisement", needs=("http",), disruptive=True)
def test_failover(lab: Session) -> None:
    """With the announcing worker cut off, the other one takes the VIP."""
    vip = str(lab.plan.l2_vip)
    announcers = until("announce", partial(_sole_announcer, lab), bool)
    if not announcers:
        fail("expected one worker to announce web, not none or two")
    (first,) = announcers
    other_pods = lab.cluster.ready_nodes(NAMESPACE, "web") - {first}
    watch = lab.lan_client.watch(vip, WATCH_SECONDS)
    with measure_outage(lab, "failover", "layer-2", watch):
        with isolate(lab, first):
            watch.mark("silent", first)
            start = time.monotonic()
            second = _expect_takeover(lab, first)
            seconds = time.monotonic() - start
            watch.mark("taken-over", second)
            # Without a pod elsewhere no answer is possible, and this check
            # does not judge where the pods of web are.
            if other_pods:
                run_parallel(
                    partial(_expect_some_answer, vip, second),
                    (lab.lan_client, lab.client),
                )
        watch.mark("back", first)
    outage = lab.outages["failover"]
    lab.measurements["failover"] = (
        f"ARP was answered again after {seconds:.0f} s, and a client went"
        f" without an answer for {outage.longest:.1f} s"
    )
    node = until(rejoin_wait(), partial(_settled_responder, lab, vip), bool)
    expect(
        f"with {first} back, {vip} to be answered by",
        expected="one worker",
        actual=node or "none or two",
        ok=bool(node),
        seen_by=f"arping -b -c 2 -I eth0 {vip} on lan-client",
    )


def _decided_vip(lab: Session, name: str) -> str:
    """Return the VIP of a new Service, "" if it is refused one."""
    decided = partial(allocation_decided, lab, name, NAMESPACE)
    until("new-service", decided, bool)
    return lab.cluster.vip(name, NAMESPACE)


def _expect_takeover(lab: Session, silent: str) -> str:
    """Fail unless another worker answers ARP soon; return its name."""
    vip = str(lab.plan.l2_vip)
    second = until(
        "takeover",
        partial(arp_responders, lab, vip),
        partial(_are_workers, lab),
    )
    expect(
        f"with {silent} silent, {vip} to be answered within 20 s by",
        expected="another worker",
        actual=second.names,
        ok=_are_workers(lab, second),
        seen_by=second.seen_by,
        evidence=lambda: lab.cluster.events("web", NAMESPACE),
    )
    return ", ".join(second.names)


def _expect_some_answer(vip: str, node: str, client: Client) -> None:
    """Fail unless one of many connections reaches a pod.

    The node passes some of them on to the silent worker, and those get no
    answer. One answer is enough: by chance, not all of them go there.
    """
    flows = until(
        "http",
        partial(client.flows, vip, FLOWS),
        lambda flows: TEXT in flows.answers,
    )
    if TEXT not in flows.answers:
        fail(
            f"with a worker silent, expected {TEXT!r} from {vip} through"
            f" {node}, not one answer to {FLOWS} requests",
            seen_by=f"{flows.command} on {client.machine.role}",
        )


def _sole_announcer(lab: Session) -> set[str]:
    """Return the worker that announces web, if no other node does."""
    nodes = {*lab.cluster.l2_announcers("web", NAMESPACE)}
    is_sole = len(nodes) == 1 and nodes <= {*lab.plan.worker_names()}
    return nodes if is_sole else set()


def _are_workers(lab: Session, responders: Responders) -> bool:
    """Tell whether workers answer ARP, and no other machines."""
    names = {*responders.names}
    return bool(names) and names <= {*lab.plan.worker_names()}


def _settled_responder(lab: Session, vip: str) -> set[str]:
    """Return who answers ARP, once it is the one worker that announces."""
    names = {*arp_responders(lab, vip).names}
    return names if names == _sole_announcer(lab) else set()
