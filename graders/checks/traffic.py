"""The ways of clients to a workload that reports whom it sees."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from graders.checks.check import expect
from graders.polling import until

if TYPE_CHECKING:
    from graders.probes.client import Client
    from graders.probes.traffic import Flows

FLOWS: Final = 30
MORE: Final = 3
WHO: Final = "/clientip"
# Below those that Linux gives by itself (from 32768 on), so that no flow of
# before has one of them.
_PORTS: Final = range(10_000, 32_000)


@dataclass(frozen=True)
class ClientPath:
    """From one client to one VIP; `own` is the client's address.

    `source` is an address of the client that is not its first one, and that
    it sends from.
    """

    client: Client
    vip: str
    own: str
    source: str = ""

    @property
    def place(self) -> str:
        """Where it begins."""
        role = self.client.machine.role
        return f"{self.source}, {role}'s neighbour," if self.source else role

    def typed(self, url: str) -> str:
        """Say what asks for `url` from there, as a student can type it.

        A neighbour's address is the client's only for as long as it takes.
        """
        role = self.client.machine.role
        if not self.source:
            return f"curl -m2 {url} on {role}"
        own = f"{self.source}/32 dev eth0"
        return (
            f"ip address add {own}; curl -m2 --interface {self.source} {url};"
            f" ip address del {own} on {role}"
        )


def wait_until_open(way: ClientPath) -> None:
    """Wait a moment for the way to be open; whether it is, flows will tell.

    They would be slower to: each that begins too soon loses its first packet,
    and sends it again after a second.
    """
    until("opening", partial(way.client.opens, way.vip), bool)


def expect_no_loss(
    way: ClientPath, count: int = FLOWS, path: str = WHO, where: str = ""
) -> Flows:
    """Return what flows came to; fail if one of them was lost.

    A few that get through may be luck where one in twenty is lost: several
    times as many have to follow them.
    """

    def look() -> tuple[int, Flows]:
        flows = way.client.flows(way.vip, count, path, way.source)
        if flows.failed:
            return count, flows
        more = count * MORE
        return more, way.client.flows(way.vip, more, path, way.source)

    sent, flows = until("http", look, lambda seen: not seen[1].failed)
    pod = f", a pod on {where}," if where else ""
    expect(
        f"answers from {way.vip}{pod} to {way.place}:",
        expected=f"{sent} of {sent}",
        actual=sent - flows.failed,
        ok=not flows.failed,
        seen_by=way.typed(f"http://{way.vip}{path}")
        if way.source
        else f"{flows.command} on {way.client.machine.role}",
    )
    return flows


def expect_source_ip(way: ClientPath, flows: Flows) -> None:
    """Fail unless each of `flows` was seen under the client's address."""
    seen = {answer.rpartition(":")[0] or answer for answer in flows.answers}
    expect(
        f"{way.vip} to see {way.place} as",
        expected=way.own,
        actual=seen,
        ok=seen == {way.own},
        seen_by=way.typed(f"http://{way.vip}{WHO}"),
    )


def expect_source_port(way: ClientPath) -> None:
    """Fail unless the answer names the very port that the client used.

    The port is another one each time: a text that was written down is not.
    Two VIPs may lead to one pod, and a node tells their flows apart by the
    client's port: where it remembers that port from the other VIP, it gives
    the flow another one. That is no fault, so another port is tried.
    """
    url = f"http://{way.vip}{WHO}"
    told = "\n%{local_ip}:%{local_port}"

    def ask() -> tuple[str, str, str]:
        port = str(random.choice(_PORTS))  # noqa: S311 - no secret
        curl = f"curl -sS -m2 --local-port {port} {url}"
        done = way.client.machine.run(*curl.split(), "-w", told)
        body, _, own = done.out.rpartition("\n")
        return own, body.strip() or f"no answer ({done.error.strip()})", curl

    own, seen, curl = until("http", ask, lambda asked: asked[0] == asked[1])
    expect(
        f"{way.vip} to see {way.place}, and the port that it sends from, as",
        expected=own,
        actual=seen,
        seen_by=f"{curl} on {way.place}",
    )


def served_by(way: ClientPath, pod: str, node: str, count: int = 6) -> Flows:
    """Fail unless it is `pod`, on `node`, that answers all of some flows.

    Returns what as many others said that asked whom the pod sees.
    """
    path = f"/{{hostname,{WHO[1:]}}}"
    flows = until(
        "http",
        lambda: way.client.flows(way.vip, count, path),
        lambda flows: not flows.failed and flows.answers[pod] == count,
    )
    expect(
        f"answers from {way.vip} to {way.place} by the pod on {node}:",
        expected=f"{count} of {count}",
        actual=f"{flows.answers[pod]}, and {flows.failed} lost",
        ok=not flows.failed and flows.answers[pod] == count,
        seen_by=f"{flows.command} on {way.place}",
    )
    return replace(flows, answers=flows.answers - Counter({pod: count}))
