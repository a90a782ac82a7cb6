"""MetalLB's webhook, which refuses invalid objects of MetalLB."""

from __future__ import annotations

import secrets
from functools import partial
from itertools import product, starmap
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from graders.checks.check import expect
from graders.checks.parallel import run_parallel
from graders.kube.names import METALLB_NAMESPACE, WEBHOOKS
from graders.probes.refusal import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from graders.checks.session import Session

    Request: TypeAlias = tuple[str, str, dict[str, Any]]

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
_OPERATIONS: Final = {"CREATE": "new", "UPDATE": "changed"}
# What leaves out some objects; the chart has none of them.
_CONDITIONS: Final = ("matchConditions", "namespaceSelector", "objectSelector")


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
    _expect_as_installed(lab)


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


def _expect_as_installed(lab: Session) -> None:
    """Fail if MetalLB's webhook lets pass what the dry runs do not show.

    It may let pass what it cannot look at, changes of a kind that has no
    object yet, or all but objects like those of the dry runs.
    """
    webhooks = [
        webhook
        for item in lab.cluster.items(WEBHOOKS)
        for webhook in item.get("webhooks") or []
        if (webhook["clientConfig"].get("service") or {}).get("namespace")
        == METALLB_NAMESPACE
    ]
    ignored = [
        webhook["name"]
        for webhook in webhooks
        if webhook.get("failurePolicy") == "Ignore"
    ]
    expect(
        "objects of MetalLB, while its webhook does not answer, to be",
        expected="refused",
        actual=f"accepted: failurePolicy is Ignore for {', '.join(ignored)}",
        ok=not ignored,
        seen_by=SEE_WEBHOOKS,
    )
    unseen = [*_unseen(webhooks)]
    expect(
        "MetalLB's webhook to look at each new and changed object:",
        expected="as the chart has it",
        actual=f"not at {', '.join(unseen)}",
        ok=not unseen,
        seen_by=SEE_WEBHOOKS,
    )


def _unseen(webhooks: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield which objects of MetalLB no webhook looks at."""
    seen: set[tuple[str, str]] = set()
    for webhook in webhooks:
        rules = webhook.get("rules") or []
        kinds = {kind for rule in rules for kind in rule["resources"]}
        for name in _CONDITIONS:
            if webhook.get(name):
                yield f"{', '.join(sorted(kinds))} without its {name}"
        seen |= {
            (kind, operation)
            for rule in rules
            for kind in rule["resources"]
            for operation in rule["operations"]
        }
    for plural, _, _ in _INVALID:
        kind = plural.partition("/")[2]
        for operation, verb in _OPERATIONS.items():
            if not seen & {*product((kind, "*"), (operation, "*"))}:
                yield f"{verb} {kind}"
