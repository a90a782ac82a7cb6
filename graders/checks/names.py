"""Applications by name, through a Gateway's VIP, as clients reach them."""

from __future__ import annotations

import contextlib
import secrets
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from graders.checks.check import expect
from graders.checks.objects import new_name, temporary_object
from graders.checks.parallel import run_parallel
from graders.kube.names import GATEWAY_API
from graders.polling import until
from graders.probes.https import Answer, Entrance, https

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from graders.checks.gateway import Gateway
    from graders.checks.session import Session
    from graders.probes.client import Client

FOUND: Final = 302
NOT_FOUND: Final = 404
OK: Final = 200
# Answers in a row that show that all proxies have taken in a change.
_IN_A_ROW: Final = 5


def new_host(lab: Session) -> str:
    """Return a name of the lab's domain that no team has.

    Example:
        host = new_host(lab)

    """
    return f"{new_name()}.{lab.plan.domain}"


def new_word() -> str:
    """Return a word that was never asked for, such as for a path.

    Example:
        url = f"https://shop.demo.example/{new_word()}"

    """
    return secrets.token_hex(4)


def false_addresses() -> str:
    """Return one or two addresses that no machine has, as a client claims.

    Example:
        header = f"X-Forwarded-For: {false_addresses()}"

    """
    count = 1 + secrets.randbelow(2)
    hosts = (1 + secrets.randbelow(254) for _ in range(count))
    return ", ".join(f"192.0.2.{host}" for host in hosts)


@dataclass(frozen=True)
class Pages:
    """Requests by name, and the answers that are right.

    `expected` says of an answer what it should have been; `wait` is a named
    wait.
    """

    urls: Sequence[str]
    expected: Callable[[Answer], str]
    is_right: Callable[[Answer], bool]
    wait: str = "http"


def entrance(gateway: Gateway) -> Entrance:
    """Return where a Gateway's names lead, and the lab's CA.

    Example:
        answers = https(lab.client.machine, entrance(gateway), urls)

    Raises:
        CannotCheck: the API server does not answer.

    """
    from graders.plan.certificates import (  # noqa: PLC0415 - slow, and for one lab
        certificates,
    )

    return Entrance(gateway.vip(), certificates(gateway.lab.plan).ca)


def expect_answers(gateway: Gateway, pages: Pages) -> None:
    """Fail unless both clients get a right answer to each request.

    Example:
        expect_answers(gateway, Pages(urls, lambda _: "404", lambda answer:
            answer.status == 404))

    Raises:
        CheckFailed: an answer is not right.
        CannotCheck: a client's machine does not answer.

    """
    lab, target = gateway.lab, entrance(gateway)

    def expect_from(client: Client) -> None:
        answers = until(
            pages.wait,
            partial(https, client.machine, target, pages.urls),
            lambda answers: all(map(pages.is_right, answers)),
        )
        place = client.machine.role
        for answer in answers:
            expect(
                f"the answer of {answer.url} to {place} to be",
                expected=pages.expected(answer),
                actual=answer.text,
                ok=pages.is_right(answer),
                seen_by=f"{answer.command} on {place}",
                evidence=answer.error,
            )

    run_parallel(expect_from, (lab.lan_client, lab.client))


@contextlib.contextmanager
def temporary_route(
    gateway: Gateway, namespace: str, host: str, target: str
) -> Iterator[str]:
    """Create a route of `host` that redirects to the name `target`.

    It needs no pods, so nothing of the lab can make it fail but the Gateway.
    Without `host` it is for any name. Yields the route's name.

    Example:
        with temporary_route(gateway, "shop", host, target):
            ...

    Raises:
        Refused: a rule of the cluster forbids it.
        CannotCheck: the API server does not answer.

    """
    name = new_name()
    body = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "parentRefs": [
                {"name": gateway.name, "namespace": gateway.namespace}
            ],
            **({"hostnames": [host]} if host else {}),
            "rules": [{"filters": [_redirect(target)]}],
        },
    }
    base = f"{GATEWAY_API}/namespaces/{namespace}/httproutes"
    with temporary_object(gateway.lab, base, body):
        yield name


def _redirect(target: str) -> dict[str, Any]:
    redirect = {"hostname": target, "statusCode": FOUND}
    return {"type": "RequestRedirect", "requestRedirect": redirect}


def expect_redirected(gateway: Gateway, host: str, target: str) -> None:
    """Fail unless both clients are redirected several times in a row.

    Example:
        with temporary_route(gateway, "shop", host, target):
            expect_redirected(gateway, host, target)

    Raises:
        CheckFailed: the route is not attached, or has no effect.
        CannotCheck: a client's machine does not answer.

    """
    pages = Pages(
        [f"https://{host}/"] * _IN_A_ROW,
        lambda _: f"{FOUND}, as the grader's route says",
        lambda answer: answer.status == FOUND and target in answer.location,
        "new-route",
    )
    expect_answers(gateway, pages)


def expect_no_page(  # noqa: PLR0913 - what is asked, and why it is wrong
    gateway: Gateway,
    hosts: Sequence[str],
    *,
    paths: Sequence[str] = ("/",),
    why: str = "no team has that name",
    wait: str = "http",
) -> None:
    """Fail unless both clients get 404 for each of `hosts` and `paths`.

    `why` says why nothing may answer; `wait` is a named wait.

    Example:
        expect_no_page(gateway, [new_host(lab)])

    Raises:
        CheckFailed: something answers for the name.
        CannotCheck: a client's machine does not answer.

    """
    pages = Pages(
        [f"https://{host}{path}" for host in hosts for path in paths],
        lambda _: f"{NOT_FOUND}, as {why}",
        lambda answer: answer.status == NOT_FOUND,
        wait,
    )
    expect_answers(gateway, pages)
