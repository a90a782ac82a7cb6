"""Refusals are the student's deed, or no answer at all."""

from __future__ import annotations

import json

import pytest

from graders.errors import CannotCheck, CheckFailed
from graders.probes.refusal import Refused, may_pass, refusal

SERVICES = "/api/v1/namespaces/lab-1/services"
POOLS = "/apis/metallb.io/v1beta1/namespaces/metallb-system/ipaddresspools"
NOT_RUNNING = (
    'Internal error occurred: failed calling webhook "pools.metallb.io":'
    ' failed to call webhook: Post "https://x.svc:443/?timeout=10s":'
    " dial tcp 10.96.1.2:443: connect: connection refused"
)


def _status(message: str) -> str:
    return json.dumps({"kind": "Status", "message": message})


@pytest.mark.parametrize(
    ("code", "message", "actual", "seen_by"),
    [
        (
            403,
            'services "grader-ab" is forbidden: exceeded quota: keep-the-pool',
            "exceeded quota: keep-the-pool",
            "kubectl describe resourcequotas -n lab-1",
        ),
        (
            422,
            (
                'services "grader-ab" is forbidden: ValidatingAdmissionPolicy'
                " 'fence' with binding 'fence' denied request: no"
            ),
            "ValidatingAdmissionPolicy 'fence' with binding .* denied",
            "kubectl get validatingadmissionpolicies",
        ),
        (
            400,
            'admission webhook "a.example.com" denied the request: no',
            "admission webhook .* denied the request: no",
            "kubectl get validatingwebhookconfigurations",
        ),
        (
            500,
            'admission webhook "a.example.com" denied the request: no',
            "denied the request: no",
            "kubectl get validatingwebhookconfigurations",
        ),
        (
            403,
            'services is forbidden: User "admin" cannot create resource',
            'User "admin" cannot create resource',
            "kubectl auth can-i --list -n lab-1",
        ),
        (404, 'namespaces "lab-1" not found', "not found", "get namespaces"),
        (403, "", "Forbidden", "kubectl get services -n lab-1"),
    ],
)
def test_rules(code: int, message: str, actual: str, seen_by: str) -> None:
    """The check fails with the server's reason and a command that shows it."""
    error = refusal("POST", SERVICES, code, _status(message))

    assert isinstance(error, CheckFailed)
    with pytest.raises(Refused, match=f"not .*{actual}"):
        raise error
    assert error.expected == (
        "the API server to let the grader create services in namespace lab-1"
    )
    assert error.seen_by.startswith(seen_by) or seen_by in error.seen_by


@pytest.mark.parametrize("verb", ["POST", "PUT", "DELETE"])
def test_webhook_without_a_server(verb: str) -> None:
    """It is asked again, and is then the student's failure."""
    text = _status(NOT_RUNNING)

    assert may_pass(verb, 500, text)
    assert isinstance(refusal(verb, POOLS, 500, text), Refused)


@pytest.mark.parametrize(
    ("verb", "code"),
    [
        ("POST", 401),
        ("POST", 409),
        ("POST", 429),
        ("POST", 500),
        ("POST", 503),
        ("PUT", 409),
        ("GET", 400),
        ("GET", 500),
    ],
)
def test_no_rule(verb: str, code: int) -> None:
    """The kit, or an overloaded API server, is not the student's failure."""
    error = refusal(verb, SERVICES, code, _status("no: why"))

    assert isinstance(error, CannotCheck)
    assert "no: why; is the cluster whole?" in str(error)


@pytest.mark.parametrize("text", ["", "[]", "<html>", '"words"'])
def test_no_status(text: str) -> None:
    """An answer without a Status is described by its code."""
    assert "Service Unavailable" in str(refusal("GET", "/x", 503, text))


def test_unknown_status() -> None:
    """A status that HTTP does not know is described by the answer."""
    assert "status 599, a gateway" in str(
        refusal("GET", "/x", 599, "a\ngateway")
    )


@pytest.mark.parametrize(
    ("verb", "code", "passing"),
    [
        ("POST", 409, True),
        ("PUT", 409, False),
        ("POST", 429, True),
        ("GET", 403, True),
        ("POST", 403, False),
        ("POST", 500, False),
        ("GET", 200, False),
    ],
)
def test_what_passes(verb: str, code: int, passing: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Only what may be otherwise a moment later is asked again."""
    assert may_pass(verb, code, _status("why")) is passing


@pytest.mark.parametrize(
    ("verb", "path", "expected"),
    [
        ("DELETE", f"{SERVICES}/web", "delete services in namespace lab-1"),
        ("PUT", f"{SERVICES}/web", "change services in namespace lab-1"),
        ("POST", "/api/v1/namespaces", "create namespaces"),
        ("DELETE", "/api/v1/namespaces/grader-ab", "delete namespaces"),
        ("POST", f"{POOLS}?dryRun=All", "create ipaddresspools in namespace"),
        ("GET", "/api/v1/nodes", "show nodes"),
    ],
)
def test_subject(verb: str, path: str, expected: str) -> None:
    """The sentence names kind and namespace."""
    assert f"let the grader {expected}" in Refused(verb, path, "no").reason
