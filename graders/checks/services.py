"""Services: their VIPs and their answers over HTTP."""

from __future__ import annotations

from functools import partial
from itertools import chain, repeat
from typing import TYPE_CHECKING, Final

from graders.checks.check import expect
from graders.checks.objects import is_temporary
from graders.plan.ip_ranges import holds
from graders.polling import until
from graders.probes.client import CONNECT

if TYPE_CHECKING:
    from graders.checks.session import Session
    from graders.probes.client import Client

# Seconds for the first connection to a Service.
_FIRST_CONNECT: Final = 0.3
_EXCLUDE: Final = "node.kubernetes.io/exclude-from-external-load-balancers"


def expect_vip(
    lab: Session, name: str, namespace: str, address: str = ""
) -> str:
    """Fail unless a Service has a VIP, or exactly `address`; return the VIP.

    A temporary Service has twice the time, as it has only just been created.

    Example:
        vip = expect_vip(lab, "web", "lab-1")

    Raises:
        CheckFailed: the Service has no VIP, or another one.
        CannotCheck: the API server does not answer.

    """
    is_right = address.__eq__ if address else bool
    if is_temporary(name):
        return _expect_new_vip(lab, name, namespace)
    vip = until(
        "allocation", partial(lab.cluster.vip, name, namespace), is_right
    )
    expect(
        f"the VIP of {name} to be",
        expected=address or "an address",
        actual=vip or lab.cluster.describe_missing_vip(name, namespace),
        ok=is_right(vip),
        seen_by=f"kubectl describe svc {name} -n {namespace}",
        evidence=partial(lab.cluster.events, name, namespace),
    )
    return vip


def _expect_new_vip(lab: Session, name: str, namespace: str) -> str:
    """Fail unless a temporary Service gets a VIP; return it.

    Its name is of no use to a student: it is gone by the time of the report.
    """
    vip = until("new-service", partial(lab.cluster.vip, name, namespace), bool)
    expect(
        "a new Service to get",
        expected="a VIP within 8 s",
        actual=vip or "<pending>",
        ok=bool(vip),
        seen_by=f"kubectl get events -n {namespace}",
        evidence=partial(lab.cluster.events, name, namespace),
    )
    return vip


def expect_vip_in(lab: Session, name: str, namespace: str, pool: str) -> None:
    """Fail unless the VIP of a Service is in the range `pool`.

    Example:
        expect_vip_in(lab, "web-lan", "lab-4", lab.plan.pool)

    Raises:
        CheckFailed: the VIP is outside the range.
        CannotCheck: the API server does not answer.

    """
    vip = lab.cluster.vip(name, namespace)
    expect(
        f"the VIP of {name} to be in",
        expected=pool,
        actual=vip,
        ok=holds([pool], vip),
        seen_by=f"kubectl get svc {name} -n {namespace}",
    )


def allocation_decided(lab: Session, name: str, namespace: str) -> bool:
    """Tell whether the controller has allocated or refused a VIP.

    Example:
        decided = partial(allocation_decided, lab, name, "lab-1")
        until("new-service", decided, bool)

    Raises:
        CannotCheck: the API server does not answer.

    """
    if lab.cluster.vip(name, namespace):
        return True
    return "AllocationFailed" in lab.cluster.events(name, namespace)


def expect_http(client: Client, vip: str, text: str) -> None:
    """Fail unless a client gets `text` over HTTP from a VIP.

    Example:
        expect_http(lab.lan_client, vip, "hello from web")

    Raises:
        CheckFailed: there is no answer, or it lacks the text.
        CannotCheck: the client's machine does not answer.

    """
    # The first packet to a new Service may arrive too early.
    timeouts = chain([_FIRST_CONNECT], repeat(CONNECT))
    answer = until(
        "http",
        lambda: client.curl(vip, connect=next(timeouts)),
        lambda answer: text in answer.body,
    )
    place = client.machine.role
    expect(
        f"the answer of {vip} to {place} to be",
        expected=repr(text),
        actual=answer.text,
        ok=text in answer.body,
        seen_by=f"{answer.command} on {place}",
        evidence=answer.error,
    )


def expect_http_everywhere(lab: Session, vip: str, text: str) -> None:
    """Fail unless the LAN client and the outside client get `text` from a VIP.

    Example:
        expect_http_everywhere(lab, vip, "hello from web")

    Raises:
        CheckFailed: one of them gets no answer, or another one.
        CannotCheck: a client's machine does not answer.

    """
    for client in (lab.lan_client, lab.client):
        expect_http(client, vip, text)


def expect_control_plane_excluded(lab: Session) -> None:
    """Fail unless the control plane is excluded from load balancing.

    Example:
        expect_control_plane_excluded(lab)

    Raises:
        CheckFailed: the node lacks the label.
        CannotCheck: the API server does not answer.

    """
    name = lab.plan.machine_name("control-plane")
    node = lab.cluster.get(f"/api/v1/nodes/{name}") or {"metadata": {}}
    expect(
        f"{name} to be",
        expected="excluded from external load balancers",
        actual="free of the label",
        ok=_EXCLUDE in node["metadata"].get("labels", {}),
        seen_by=f"kubectl get nodes -L {_EXCLUDE}",
    )
