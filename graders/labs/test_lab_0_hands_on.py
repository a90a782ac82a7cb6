"""Lab 0: the seven success criteria of the module's own exercise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graders.checks.answers import read_answers, wrong_answers
from graders.checks.arp import expect_one_node
from graders.checks.check import check, expect, fail
from graders.checks.selectors import advertised
from graders.checks.services import (
    SEE_POOLS,
    expect_answer,
    expect_no_conflict,
)
from graders.plan.ip_ranges import holds, outside
from graders.polling import until
from graders.probes.cluster import METALLB
from graders.settings import state_dir

if TYPE_CHECKING:
    from graders.checks.session import Session

TEXT = "hello from MetalLB"
SYSTEM = "namespaces/metallb-system"
MAKERS = ("deployments", "daemonsets")


@check(layer="allocation")
def test_nodes(lab: Session) -> None:
    """Every node of cluster {cluster} is Ready."""
    nodes = until(
        "pods",
        lambda: _ready(lab),
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
    """MetalLB's controller runs, and a speaker on every node."""
    nodes = set(_ready(lab))
    controller, speakers = until(
        "pods",
        lambda: (_controller(lab), _speakers(lab)),
        lambda found: (found[0] and found[1] >= nodes) or _nothing_comes(lab),
    )
    without = ", ".join(sorted(nodes - speakers))
    expect(
        "in metallb-system",
        expected="controller ready, speaker ready on every node",
        actual=[
            f"controller {'ready' if controller else 'not ready'}",
            f"speaker {f'not ready on {without}' if without else 'ready'}",
        ],
        ok=controller and not without,
        seen_by="kubectl get pods -n metallb-system -o wide",
    )


@check(layer="allocation", needs=("metallb_pods",))
def test_pool(lab: Session) -> None:
    """An IPAddressPool has addresses of network {lan_name} that are free."""
    ranges = lab.cluster.ranges()
    if not ranges:
        fail("expected an IPAddressPool, not none", seen_by=SEE_POOLS)
    beyond = outside(ranges, lab.plan.lan)
    expect(
        "every pool to be inside",
        expected=lab.plan.lan,
        actual=beyond,
        ok=not beyond,
        seen_by=SEE_POOLS,
    )
    expect_no_conflict(lab, ranges)


@check(layer="advertisement", needs=("pool",))
def test_advertisement(lab: Session) -> None:
    """An L2Advertisement covers the pool."""
    pools = lab.cluster.items(f"{METALLB}/ipaddresspools")
    found = lab.cluster.items(f"{METALLB}/l2advertisements")
    specs = [item.get("spec", {}) for item in found]
    covered = any(advertised(spec, pools) for spec in specs)
    named = {name for spec in specs for name in spec.get("ipAddressPools", [])}
    expect(
        "an L2Advertisement for pool",
        expected=sorted(lab.cluster.pools()),
        actual=named or ("one that selects none" if found else "none"),
        ok=covered,
        seen_by="kubectl get l2advertisements -n metallb-system",
    )


@check(layer="allocation", needs=("pool",))
def test_vip(lab: Session) -> None:
    """A LoadBalancer Service has an external IP from the pool."""
    name, vip = until("allocation", lambda: _service(lab), lambda it: it[1])
    ranges = lab.cluster.ranges()
    expect(
        f"the external IP of {name or 'a LoadBalancer Service'} to be in",
        expected=ranges,
        actual=vip or ("<pending>" if name else "no such Service"),
        ok=bool(vip) and holds(ranges, vip),
        seen_by="kubectl get svc",
        evidence=lab.cluster.events(name, "default") if name else "",
    )


@check(layer="forwarding", needs=("vip",))
def test_http(lab: Session) -> None:
    """A client on the LAN gets the test application's answer from it."""
    vip = _service(lab)[1]
    expect_answer(lab.lan_client, vip, TEXT)
    expect_one_node(lab, vip)


@check(layer="policy")
def test_answers(lab: Session) -> None:
    """The questions on what each step verified are answered correctly."""
    file = state_dir(lab.plan.student) / "answers.yml"
    answers = read_answers(file)
    wrong = wrong_answers(answers)
    expect(
        "the answers in $LAB_ANSWERS to be right, all",
        expected=str(len(answers)),
        actual=f"these wrong or missing: {', '.join(wrong)}",
        ok=not wrong,
        seen_by=f"cat {file.name}",
    )


def _ready(lab: Session) -> dict[str, bool]:
    """Return each node's name and whether it is Ready."""
    return {
        node["metadata"]["name"]: _is_ready(node)
        for node in lab.cluster.items("/api/v1/nodes")
    }


def _is_ready(item: dict[str, Any]) -> bool:
    """Say whether a node or a pod says so of itself."""
    return any(
        state["type"] == "Ready" and state["status"] == "True"
        for state in item["status"].get("conditions", [])
    )


def _nothing_comes(lab: Session) -> bool:
    """Tell whether nothing in MetalLB's namespace has pods or makes some."""
    makers = (f"/apis/apps/v1/{SYSTEM}/{kind}" for kind in MAKERS)
    paths = (f"/api/v1/{SYSTEM}/pods", *makers)
    return not any(lab.cluster.items(path) for path in paths)


def _controller(lab: Session) -> bool:
    """Say whether a controller of MetalLB's is ready."""
    return any(
        item["metadata"]["name"].endswith("controller")
        and item["status"].get("readyReplicas", 0) > 0
        for item in lab.cluster.items(f"/apis/apps/v1/{SYSTEM}/deployments")
    )


def _speakers(lab: Session) -> set[str]:
    """Return the nodes on which a speaker is ready.

    What its DaemonSet wants is what the student chose, so it is the nodes
    that count.
    """
    return {
        pod["spec"].get("nodeName", "")
        for pod in lab.cluster.items(f"/api/v1/{SYSTEM}/pods")
        if any(
            owner["kind"] == "DaemonSet" and owner["name"].endswith("speaker")
            for owner in pod["metadata"].get("ownerReferences", [])
        )
        and _is_ready(pod)
    }


def _service(lab: Session) -> tuple[str, str]:
    """Return name and VIP of the test Service, `echo` before others."""
    services = lab.cluster.items("/api/v1/namespaces/default/services")
    names = [
        item["metadata"]["name"]
        for item in services
        if item["spec"]["type"] == "LoadBalancer"
    ]
    names.sort(key=lambda name: (name != "echo", name))
    if not names:
        return "", ""
    return names[0], lab.cluster.vip(names[0], "default")
