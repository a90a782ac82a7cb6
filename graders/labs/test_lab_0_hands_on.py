"""Lab 0: the success criteria of the module's hands-on exercise."""

from __future__ import annotations

from graders.checks import (
    METALLB_APPS,
    METALLB_CORE,
    METALLB_NAMESPACE,
    METALLB_PATH,
    SEE_POOLS,
    Session,
    advertised_pools,
    answers_file,
    check,
    expect,
    expect_http,
    expect_no_conflict,
    expect_no_static_entries,
    expect_not_on_interface,
    expect_one_controller,
    expect_one_responder,
    expect_pools_inside,
    expect_validated,
    fail,
    holds,
    is_ready,
    read_answers,
    run_parallel,
    until,
    wrong_answers,
)

TEXT = "hello from MetalLB"
NAMESPACE = "default"
CONTROLLERS = ("deployments", "daemonsets")


@check(layer="allocation")
def test_nodes(lab: Session) -> None:
    """Every node of cluster {cluster} is Ready."""
    nodes = until(
        "pods",
        lambda: _nodes(lab),
        lambda nodes: nodes and all(nodes.values()),
    )
    expect(
        "every node to be",
        expected="Ready",
        actual=[name for name, ready in nodes.items() if not ready]
        or "no node",
        ok=bool(nodes) and all(nodes.values()),
        seen_by="kubectl get nodes",
    )


@check(layer="allocation", needs=("nodes",))
def test_metallb_pods(lab: Session) -> None:
    """MetalLB's one controller runs, and a speaker on every node."""
    nodes = {*_nodes(lab)}
    controller, speakers = until(
        "pods",
        lambda: (_controller(lab), _speakers(lab)),
        lambda ready: (ready[0] and ready[1] >= nodes) or _is_empty(lab),
    )
    missing = ", ".join(sorted(nodes - speakers))
    expect(
        f"in {METALLB_NAMESPACE}",
        expected="controller ready, speaker ready on every node",
        actual=[
            f"controller {'ready' if controller else 'not ready'}",
            f"speaker {f'not ready on {missing}' if missing else 'ready'}",
        ],
        ok=controller and not missing,
        seen_by=f"kubectl get pods -n {METALLB_NAMESPACE} -o wide",
    )
    expect_one_controller(lab)


@check(layer="allocation", needs=("metallb_pods",))
def test_pool(lab: Session) -> None:
    """An IPAddressPool has addresses of network {lan_name} that are free."""
    ranges = lab.cluster.ranges()
    if not ranges:
        fail("expected an IPAddressPool, not none", seen_by=SEE_POOLS)
    expect_pools_inside(lab, str(lab.plan.lan))
    expect_no_conflict(lab, ranges)


@check(layer="advertisement", needs=("pool",))
def test_advertisement(lab: Session) -> None:
    """An L2Advertisement covers the pool, and no interface has a VIP."""
    pools = lab.cluster.items(f"{METALLB_PATH}/ipaddresspools")
    advertisements = lab.cluster.items(f"{METALLB_PATH}/l2advertisements")
    specs = [item.get("spec", {}) for item in advertisements]
    covered = any(advertised_pools(spec, pools) for spec in specs)
    names = {
        name for spec in specs for name in spec.get("ipAddressPools") or []
    }
    expect(
        "an L2Advertisement for pool",
        expected=sorted(lab.cluster.pools()),
        actual=names
        or ("one that selects none" if advertisements else "none"),
        ok=covered,
        seen_by=f"kubectl get l2advertisements -n {METALLB_NAMESPACE}",
    )
    expect_not_on_interface(lab, sorted(lab.cluster.vips()))


@check(layer="allocation", needs=("pool",))
def test_vip(lab: Session) -> None:
    """A LoadBalancer Service has an external IP from the pool."""
    ranges = lab.cluster.ranges()
    vips = until(
        "allocation",
        lambda: _vips(lab),
        lambda vips: _usable(vips, ranges),
    )
    name, vip = next(iter(vips.items()), ("", ""))
    expect(
        f"the external IP of {name or 'a LoadBalancer Service'} to be in",
        expected=ranges,
        actual=vip or ("<pending>" if name else "no such Service"),
        ok=bool(_usable(vips, ranges)),
        seen_by="kubectl get svc",
        evidence=lab.cluster.events(name, NAMESPACE) if name else "",
    )


@check(layer="forwarding", needs=("vip",))
def test_http(lab: Session) -> None:
    """A client on the LAN gets its answer, and only MetalLB leads there."""
    vip = _answering(lab, _usable(_vips(lab), lab.cluster.ranges()))
    expect_http(lab.lan_client, vip, TEXT)
    expect_one_responder(lab, vip)
    expect_no_static_entries(lab, [vip])


@check(layer="policy", needs=("pool",))
def test_webhook(lab: Session) -> None:
    """MetalLB's webhook refuses invalid objects."""
    expect_validated(lab)


@check(layer="policy")
def test_answers(lab: Session) -> None:
    """The questions on what each step verified are answered correctly."""
    file = answers_file(lab)
    answers = read_answers(file)
    wrong = wrong_answers(answers)
    expect(
        "the answers in $LAB_ANSWERS to be right, all",
        expected=str(len(answers)),
        actual=f"these wrong or missing: {', '.join(wrong)}",
        ok=not wrong,
        seen_by=f"cat {file.name}",
    )


def _nodes(lab: Session) -> dict[str, bool]:
    """Return whether each node is ready, by name."""
    return {
        node["metadata"]["name"]: is_ready(node)
        for node in lab.cluster.items("/api/v1/nodes")
    }


def _is_empty(lab: Session) -> bool:
    """Tell whether MetalLB's namespace has no pods and nothing to create any.

    Then it is no use to wait.
    """
    controllers = (f"{METALLB_APPS}/{kind}" for kind in CONTROLLERS)
    paths = (f"{METALLB_CORE}/pods", *controllers)
    return not any(lab.cluster.items(path) for path in paths)


def _controller(lab: Session) -> bool:
    """Tell whether MetalLB's controller is ready."""
    return any(
        item["metadata"]["name"].endswith("controller")
        and item["status"].get("readyReplicas", 0) > 0
        for item in lab.cluster.items(f"{METALLB_APPS}/deployments")
    )


def _speakers(lab: Session) -> set[str]:
    """Return the nodes on which a speaker is ready.

    The student may have restricted the DaemonSet to some nodes, so its own
    count proves nothing.
    """
    return {
        pod["spec"].get("nodeName", "")
        for pod in lab.cluster.items(f"{METALLB_CORE}/pods")
        if any(
            owner["kind"] == "DaemonSet" and owner["name"].endswith("speaker")
            for owner in pod["metadata"].get("ownerReferences", [])
        )
        and is_ready(pod)
    }


def _vips(lab: Session) -> dict[str, str]:
    """Return the VIP of each LoadBalancer Service, or "", `echo` first."""
    services = lab.cluster.items(f"/api/v1/namespaces/{NAMESPACE}/services")
    names = [
        item["metadata"]["name"]
        for item in services
        if item["spec"]["type"] == "LoadBalancer"
    ]
    names.sort(key=lambda name: (name != "echo", name))
    return {name: lab.cluster.vip(name, NAMESPACE) for name in names}


def _usable(vips: dict[str, str], ranges: list[str]) -> list[str]:
    """Return the VIPs that are of a pool."""
    return [vip for vip in vips.values() if vip and holds(ranges, vip)]


def _answering(lab: Session, vips: list[str]) -> str:
    """Return the first VIP at which the application answers, or the first.

    A Service that a student has given up may stay next to a right one.
    """
    if len(vips) == 1:
        return vips[0]

    def answering() -> list[str]:
        answers = run_parallel(lab.lan_client.curl, vips)
        return [
            vip
            for vip, answer in zip(vips, answers, strict=True)
            if TEXT in answer.body
        ]

    return next(iter(until("http", answering, bool)), vips[0])
