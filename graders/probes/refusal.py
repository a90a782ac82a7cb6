"""Requests of the grader that the API server does not accept."""

from __future__ import annotations

import json
from http import HTTPStatus
from itertools import product
from typing import Final

from graders.errors import CannotCheck, CheckFailed, one_line

_VERBS: Final = {
    "GET": "show",
    "POST": "create",
    "PUT": "change",
    "PATCH": "change",
    "DELETE": "delete",
}
# What a quota, RBAC, an admission policy or a webhook answers.
_REFUSALS: Final = frozenset(
    {
        ("GET", HTTPStatus.FORBIDDEN),
        # The namespace, or the kind, is gone.
        ("POST", HTTPStatus.NOT_FOUND),
        *product(
            ("POST", "PUT", "PATCH", "DELETE"),
            (
                HTTPStatus.BAD_REQUEST,
                HTTPStatus.FORBIDDEN,
                HTTPStatus.UNPROCESSABLE_ENTITY,
            ),
        ),
    }
)
# What may be otherwise a moment later: Services that are created at the same
# time collide at a quota, a busy API server asks for patience, and one that
# has just started does not know its roles yet.
_PASSING: Final = frozenset(
    {
        ("POST", HTTPStatus.CONFLICT),
        ("GET", HTTPStatus.FORBIDDEN),
        *product(_VERBS, (HTTPStatus.TOO_MANY_REQUESTS,)),
    }
)
# A webhook and a policy choose the status of their refusal.
_DENIED: Final = ("denied the request", "AdmissionPolicy")
_WEBHOOK_FAILED: Final = "failed calling webhook"
# A PodDisruptionBudget refuses an eviction as an overloaded server would.
_BUDGET: Final = "disruption budget"
# What a student can look at, by words of the API server's message.
_SEEN_BY: Final = {
    "ValidatingAdmissionPolicy": "kubectl get validatingadmissionpolicies,"
    "validatingadmissionpolicybindings",
    "AdmissionPolicy": "kubectl get mutatingadmissionpolicies,"
    "mutatingadmissionpolicybindings",
    "webhook": "kubectl get validatingwebhookconfigurations,"
    "mutatingwebhookconfigurations",
    "quota": "kubectl describe resourcequotas{space}",
    " usage per ": "kubectl describe limitranges{space}",
    _BUDGET: "kubectl get poddisruptionbudgets{space}",
    "PodSecurity": "kubectl get namespaces --show-labels",
    "not found": "kubectl get namespaces",
    "being terminated": "kubectl get namespaces",
    "User ": "kubectl auth can-i --list{space}",
}
_LIMIT: Final = 160


class Refused(CheckFailed):
    """The API server refused a request of the grader by a rule.

    The rule is a quota, a limit, RBAC, an admission policy or a webhook, or
    its namespace is gone. Only the student makes such rules, so a check fails
    with the server's reason if it does nothing about it. A check for which a
    refusal is the right answer catches it; `message` is the server's.

    Example:
        try:
            with temporary_service(lab, "tenants", pool="ingress") as name:
                ...
        except Refused:
            return  # Nobody gets an address of the pool.

    """

    def __init__(self, verb: str, path: str, message: str) -> None:
        """Say in a student's words what was refused, and why."""
        self.message = _without_subject(one_line(message))
        kind, space = _kind_and_namespace(verb, path)
        place = f" in namespace {space}" if space else ""
        expected = (
            f"the API server to let the grader {_VERBS[verb]} {kind}{place}"
        )
        actual = one_line(self.message, _LIMIT)
        super().__init__(
            f"expected {expected}, not {actual}",
            expected=expected,
            actual=actual,
            seen_by=_seen_by(kind, self.message, space),
            evidence=message,
        )

    @property
    def by_silence(self) -> bool:
        """A webhook did not answer, and may have nothing against it."""
        return _WEBHOOK_FAILED in self.message


def may_pass(verb: str, status: int, text: str) -> bool:
    """Tell whether the same request may succeed a moment later."""
    return (verb, status) in _PASSING or _webhook_failed(status, text)


def refusal(
    verb: str, path: str, status: int, text: str
) -> Refused | CannotCheck:
    """Return the exception for an answer with an error status.

    An overloaded or broken API server is not the student's failure. A webhook
    that does not answer is: either it is MetalLB's, whose controller is not
    running, or the student has added it.
    """
    message = status_message(text) or _phrase(status, text)
    if (
        (verb, status) in _REFUSALS
        or any(words in message for words in _DENIED)
        or _BUDGET in message
        or _webhook_failed(status, text)
    ):
        return Refused(verb, path, message)
    return CannotCheck(
        f"the API server refused {verb} {path}: {one_line(message, _LIMIT)}",
        remedy="is the cluster whole? see `lab status`",
    )


def status_message(text: str) -> str:
    """Return the message of a Status object, "" if `text` is none."""
    try:
        status = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    return str(status.get("message", "")) if isinstance(status, dict) else ""


def _phrase(status: int, text: str) -> str:
    """Return what a status means; an unknown one by the answer itself."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"status {status}, {one_line(text, _LIMIT)}"


def _webhook_failed(status: int, text: str) -> bool:
    return (
        status == HTTPStatus.INTERNAL_SERVER_ERROR and _WEBHOOK_FAILED in text
    )


def _without_subject(message: str) -> str:
    """Return a message without the name of the grader's own object."""
    for middle in (" is forbidden: ", " is invalid: "):
        message = message.rpartition(middle)[2]
    return message


def _kind_and_namespace(verb: str, path: str) -> tuple[str, str]:
    """Return the plural of a request's kind, and its namespace or ""."""
    parts = path.partition("?")[0].strip("/").split("/")
    at = parts.index("namespaces") + 1 if "namespaces" in parts else len(parts)
    inside = parts[at + 1 :]
    if inside:
        evicts = inside[-1] == "eviction"
        return "an eviction" if evicts else inside[0], parts[at]
    named = verb in {"PUT", "PATCH", "DELETE"}
    return parts[-2 if named else -1], ""


def _seen_by(kind: str, message: str, namespace: str) -> str:
    """Return the command that shows the rule, or what there is."""
    space = f" -n {namespace}" if namespace else ""
    for words, command in _SEEN_BY.items():
        if words in message:
            return command.format(space=space)
    return f"kubectl get {kind}{space}"
