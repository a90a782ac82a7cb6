"""MetalLB itself: its one controller, and the webhook that validates."""

from __future__ import annotations

import re
import secrets
from collections import Counter
from dataclasses import dataclass
from functools import partial
from itertools import starmap
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from graders.checks.check import expect
from graders.checks.parallel import run_parallel
from graders.kube.names import METALLB_NAMESPACE
from graders.kube.start_state import is_controlled
from graders.polling import until
from graders.probes.cluster import runs
from graders.probes.refusal import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graders.checks.session import Session

    Request: TypeAlias = tuple[str, str, dict[str, Any]]

# Without registry, tag and digest: metallb/controller, bitnami's too.
_IMAGE: Final = re.compile(r"^(.*/)?metallb[/-]controller(:[^/]*)?")
_ONLY_WEBHOOK: Final = "onlywebhook"
_WEBHOOKS: Final = (
    "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
)
SEE_WEBHOOKS: Final = "kubectl get validatingwebhookconfigurations -o yaml"
_DRY_RUN: Final = "?dryRun=All"
_VERBS: Final = {"POST": "new", "PATCH": "changed"}
_VALID: Final = ("192.0.2.1-192.0.2.9",)
_REVERSED: Final = ("192.0.2.9-192.0.2.1",)
# Each meets its kind's schema, so that only MetalLB can refuse it.
_INVALID: Final[tuple[tuple[str, str, dict[str, Any]], ...]] = (
    ("v1beta1/ipaddresspools", "IPAddressPool", {"addresses": _REVERSED}),
    (
        "v1beta1/l2advertisements",
        "L2Advertisement",
        {"ipAddressPools": ["a", "a"]},
    ),
    (
        "v1beta1/bgpadvertisements",
        "BGPAdvertisement",
        {"aggregationLength": 33},
    ),
    (
        "v1beta1/communities",
        "Community",
        {"communities": [{"name": "edge", "value": "none"}]},
    ),
    (
        "v1beta2/bgppeers",
        "BGPPeer",
        {"myASN": 64512, "peerAddress": "192.0.2.1"},
    ),
)


def expect_one_controller(lab: Session) -> None:
    """Fail unless exactly one controller of MetalLB serves each Service.

    It has no leader election: two of them keep two books, and may allocate
    one address twice. A controller with a load balancer class leaves all other
    Services alone. A pod that cannot start yet counts, too. One that belongs
    to no Deployment is not recreated when it ends.

    Example:
        expect_one_controller(lab)

    Raises:
        CheckFailed: several serve the same Services, in whatever namespaces,
            there is none, or one that is not recreated.
        CannotCheck: the API server does not answer.

    """
    found = until(
        "pods",
        partial(_controllers, lab),
        lambda found: _disputed(found) is None,
    )
    disputed = _disputed(found)
    names = [pod.name for pod in found if pod.served == (disputed or "")]
    expect(
        "controllers of MetalLB for Services"
        f" {f'of class {disputed}' if disputed else 'without a class'}:",
        expected="one pod",
        actual=names or "none",
        ok=disputed is None,
        seen_by="kubectl get pods -A -o wide",
    )
    orphans = [pod.name for pod in found if not pod.is_recreated]
    expect(
        "pods of MetalLB's controller that no Deployment recreates:",
        expected="none",
        actual=orphans,
        ok=not orphans,
        seen_by="kubectl describe pods -A | grep -e ^Name: -e Controlled",
    )


@dataclass(frozen=True)
class _Controller:
    """A controller's pod, and the class of Services that it serves."""

    name: str
    served: str
    is_recreated: bool


def _controllers(lab: Session) -> list[_Controller]:
    """Return the pods of all controllers that serve Services.

    Controllers are known by their images, wherever they run. One that is
    there for its webhook only serves none.
    """
    return [
        _Controller(
            f"{pod['metadata']['namespace']}/{pod['metadata']['name']}",
            _flag(container, "lb-class"),
            is_controlled(pod["metadata"]),
        )
        for pod in lab.cluster.items("/api/v1/pods")
        if runs(pod)
        for container in pod["spec"].get("containers", [])
        if _IMAGE.fullmatch(str(container.get("image")).partition("@")[0])
        and _flag(container, "webhook-mode") != _ONLY_WEBHOOK
    ]


def _flag(container: dict[str, Any], name: str) -> str:
    """Return the last value of a flag, as Go's programs read them."""
    texts = [*(container.get("command") or []), *(container.get("args") or [])]
    words = [word for text in texts for word in text.split() or [""]]
    values = [
        value if equal else following
        for word, following in zip(words, [*words, ""][1:], strict=True)
        for flag, equal, value in (word.partition("="),)
        if flag in {f"-{name}", f"--{name}"}
    ]
    return values[-1] if values else ""


def _disputed(found: list[_Controller]) -> str | None:
    """Return the class that has several controllers, or "" if none has none.

    Whether a single controller serves the right Services is shown by them.
    """
    counts = Counter(pod.served for pod in found)
    if len(found) != 1 and counts[""] != 1:
        return ""
    return next((name for name, count in counts.items() if count > 1), None)


def expect_validated(lab: Session) -> None:
    """Fail unless invalid objects of MetalLB are refused.

    Dry runs create and change nothing. The positive control is a valid pool,
    which must be accepted; or one that is there, if a rule of the cluster says
    which addresses pools may have. A webhook that is ignored when it fails
    refuses nothing while the controller restarts, which only its configuration
    shows.

    Example:
        expect_validated(lab)

    Raises:
        CheckFailed: one is accepted, or would be while the controller is off.
        Refused: valid pools are refused.
        CannotCheck: the API server does not answer.

    """
    name = secrets.token_hex(4)
    _expect_valid_accepted(lab, name)
    requests = [
        *starmap(partial(_creation, name), _INVALID),
        *_pool_change(lab, _REVERSED),
    ]
    refused = run_parallel(partial(_is_refused, lab), requests)
    accepted = [
        f"{_VERBS[verb]} {body['kind']}"
        for (verb, _, body), was in zip(requests, refused, strict=True)
        if not was
    ]
    expect(
        "invalid objects of MetalLB to be",
        expected="refused",
        actual=f"accepted: {', '.join(accepted)}",
        ok=not accepted,
        seen_by=SEE_WEBHOOKS,
    )
    _expect_not_ignored(lab)


def _expect_valid_accepted(lab: Session, name: str) -> None:
    kind, plural = "IPAddressPool", "v1beta1/ipaddresspools"
    try:
        lab.cluster.ask(*_creation(name, plural, kind, {"addresses": _VALID}))
    except Refused as error:
        kept = [] if error.by_silence else _pool_change(lab)
        if not kept or any(_is_refused(lab, request) for request in kept):
            raise


def _creation(
    name: str, plural: str, kind: str, spec: dict[str, Any]
) -> Request:
    """Return the dry run that creates an object of MetalLB's."""
    body = {
        "apiVersion": f"metallb.io/{plural.partition('/')[0]}",
        "kind": kind,
        "metadata": {"name": name, "namespace": METALLB_NAMESPACE},
        "spec": spec,
    }
    return "POST", f"{_path(plural)}{_DRY_RUN}", body


def _pool_change(lab: Session, addresses: Sequence[str] = ()) -> list[Request]:
    """Return the dry run that gives a pool other addresses, or its own."""
    return [
        ("PATCH", f"{_path('v1beta1/ipaddresspools')}/{name}{_DRY_RUN}", body)
        for name, own in [*lab.cluster.pools().items()][:1]
        for body in [
            {"kind": "IPAddressPool", "spec": {"addresses": addresses or own}}
        ]
    ]


def _path(plural: str) -> str:
    version, _, kind = plural.partition("/")
    return f"/apis/metallb.io/{version}/namespaces/{METALLB_NAMESPACE}/{kind}"


def _is_refused(lab: Session, request: Request) -> bool:
    try:
        return lab.cluster.ask(*request) is None
    except Refused:
        return True


def _expect_not_ignored(lab: Session) -> None:
    """Fail if a webhook of MetalLB's lets pass what it cannot look at."""
    ignored = [
        webhook["name"]
        for item in lab.cluster.items(_WEBHOOKS)
        for webhook in item.get("webhooks") or []
        if webhook.get("failurePolicy") == "Ignore"
        and (webhook["clientConfig"].get("service") or {}).get("namespace")
        == METALLB_NAMESPACE
    ]
    expect(
        "objects of MetalLB, while its webhook does not answer, to be",
        expected="refused",
        actual=f"accepted: failurePolicy is Ignore for {', '.join(ignored)}",
        ok=not ignored,
        seen_by=SEE_WEBHOOKS,
    )
