"""Traffic of clients to a VIP: losses, source addresses, shares of nodes."""

from __future__ import annotations

import contextlib
import random
from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Final

from graders.checks.check import expect
from graders.checks.undo import temporary
from graders.polling import until
from graders.probes.programs import run_program
from graders.probes.traffic import CURL

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from graders.checks.session import Session
    from graders.probes.client import Client
    from graders.probes.traffic import Flows
    from graders.providers.machine import Output

FLOWS: Final = 30
# From an extra source address: these are to be seen, not counted.
_EXTRA_SOURCE_FLOWS: Final = 6
CONFIRM_FACTOR: Final = 3
CLIENT_IP_PATH: Final = "/clientip"
# The least connections of a node that count; a fair half is never so small.
MIN_CONNECTIONS: Final = 4
# Below Linux's ephemeral ports, so that no earlier flow has one of them.
_SOURCE_PORTS: Final = range(10_000, 32_000)
# Docker and the lab's machines have the lowest addresses.
_RESERVED_HOSTS: Final = 16


@dataclass(frozen=True)
class ClientPath:
    """The path from one client to one VIP.

    `expected_source` is the address that the pods must see. `source` is an
    extra address of the client to send from; without it, the client uses its
    first address.
    """

    client: Client
    vip: str
    expected_source: str
    source: str = ""

    @property
    def label(self) -> str:
        """The client as a check's sentence names it."""
        role = self.client.machine.role
        return f"{self.source}, {role}'s neighbour," if self.source else role

    def shell_command(self, url: str) -> str:
        """Return the command that requests `url` over this path.

        An extra address is the client's only while the check runs, so the
        command adds and removes it.
        """
        role = self.client.machine.role
        if not self.source:
            return f"curl -m2 {url} on {role}"
        address = f"{self.source}/32 dev eth0"
        return (
            f"ip address add {address};"
            f" curl -m2 --interface {self.source} {url};"
            f" ip address del {address} on {role}"
        )


@contextlib.contextmanager
def extra_source_addresses(lab: Session) -> Iterator[list[str]]:
    """Give the outside client an extra address in each half of the edge.

    The addresses are random: a route for one client, or for one half of the
    network, does not lead to both. They are removed at the end.

    Example:
        with extra_source_addresses(lab) as sources:
            run_parallel(expect_no_loss, paths_from(lab, sources, vip))

    Raises:
        CheckFailed: the client takes no address: its interface is gone.
        CannotCheck: the client does not answer.

    """
    addresses = [
        str(random.choice(list(half.hosts())[_RESERVED_HOSTS:]))  # noqa: S311 - no secret
        for half in lab.plan.edge.subnets()
    ]
    with _lent(lab, "client", addresses, lab.plan.edge.prefixlen):
        yield addresses


@contextlib.contextmanager
def extra_lan_address(lab: Session) -> Iterator[str]:
    """Give the LAN client an extra address, as any colleague may have one.

    It is a random one of those that the site keeps for Services and no pool
    has, so that no machine uses it.

    Example:
        with extra_lan_address(lab) as source:
            expect_no_loss(ClientPath(lab.lan_client, vip, source, source))

    Raises:
        CheckFailed: the client takes no address: its interface is gone.
        CannotCheck: the client does not answer.

    """
    first, last = int(lab.plan.free_first), int(lab.plan.free_last)
    number = random.choice(range(first + 1, last + 1))  # noqa: S311 - no secret
    address = str(IPv4Address(number))
    with _lent(lab, "lan-client", [address], lab.plan.lan.prefixlen):
        yield address


def _lent(
    lab: Session, role: str, addresses: list[str], length: int
) -> AbstractContextManager[None]:
    """Give a client addresses for a `with` block."""
    with_prefix = [f"{ip}/{length}" for ip in addresses]
    add = partial(_add_addresses, lab, role, with_prefix)
    what = " ".join([role, *with_prefix])
    return temporary(lab, add, remove_addresses, what)


def _add_addresses(lab: Session, role: str, addresses: list[str]) -> None:
    """Add addresses to a client.

    Raises:
        CheckFailed: the client refuses an address.
        CannotCheck: the client does not answer.

    """
    result = _change_addresses(lab, role, "replace", addresses)
    expect(
        f"{role} to take a second address on eth0,",
        expected="as it did at the start",
        actual=result.text,
        ok=not result.code,
        seen_by=f"ip address show dev eth0 on {role}",
    )


def remove_addresses(lab: Session, what: str) -> None:
    """Remove addresses, if they are there.

    `what` is the machine's role and its addresses, separated by spaces.

    Raises:
        CannotCheck: the client does not answer.

    """
    role, *addresses = what.split()
    _change_addresses(lab, role, "del", addresses)


def _change_addresses(
    lab: Session, role: str, verb: str, addresses: list[str]
) -> Output:
    """Add or remove all addresses with one command."""
    command = f'ip address {verb} "$a" dev eth0 || failed=1'
    script = f"failed=0; for a; do {command}; done; exit $failed"
    return lab.machine(role).run("sh", "-c", script, "sh", *addresses)


def paths_from(
    lab: Session, sources: Sequence[str], *vips: str
) -> list[ClientPath]:
    """Return the path from each extra source address to each of `vips`.

    Example:
        paths = paths_from(lab, sources, vip, lan_vip)

    """
    return [
        ClientPath(lab.client, vip, source, source)
        for source in sources
        for vip in vips
    ]


def wait_until_open(path: ClientPath) -> None:
    """Wait a moment until connections open; do not fail if they don't.

    Flows that begin earlier would be slower: each loses its first packet,
    and repeats it after a second.

    Example:
        wait_until_open(ClientPath(lab.client, vip, own))

    Raises:
        CannotCheck: the client does not answer.

    """
    until("connect", partial(path.client.connects, path.vip), bool)


def expect_no_loss(
    path: ClientPath, url_path: str = CLIENT_IP_PATH, node: str = ""
) -> Flows:
    """Fail if one of many flows gets no answer; return the flows.

    If one in twenty is lost, a few flows may get through by chance: several
    times as many have to follow. `node` is where the pod is, for the
    sentence.

    Example:
        flows = expect_no_loss(ClientPath(lab.client, vip, own))

    Raises:
        CheckFailed: a flow is lost.
        CannotCheck: the client does not answer.

    """
    count = _EXTRA_SOURCE_FLOWS if path.source else FLOWS

    def send() -> tuple[int, Flows]:
        flows = path.client.flows(path.vip, count, url_path, path.source)
        if flows.failed:
            return count, flows
        more = count * CONFIRM_FACTOR
        return more, path.client.flows(path.vip, more, url_path, path.source)

    sent, flows = until("http", send, lambda result: not result[1].failed)
    pod = f", a pod on {node}," if node else ""
    expect(
        f"answers from {path.vip}{pod} to {path.label}:",
        expected=f"{sent} of {sent}",
        actual=sent - flows.failed,
        ok=not flows.failed,
        seen_by=path.shell_command(f"http://{path.vip}{url_path}")
        if path.source
        else f"{flows.command} on {path.client.machine.role}",
    )
    return flows


def expect_source_ip(path: ClientPath, flows: Flows) -> None:
    """Fail unless the pods saw each of `flows` from the client's address.

    Example:
        expect_source_ip(path, expect_no_loss(path))

    Raises:
        CheckFailed: they saw another address.

    """
    sources = {answer.rpartition(":")[0] or answer for answer in flows.answers}
    expect(
        f"{path.vip} to see {path.label} as",
        expected=path.expected_source,
        actual=sources,
        ok=sources == {path.expected_source},
        seen_by=path.shell_command(f"http://{path.vip}{CLIENT_IP_PATH}"),
    )


def expect_source_port(path: ClientPath) -> None:
    """Fail unless the answer names the port that the client sent from.

    The port is another one each time, so a constant answer is refused. If two
    VIPs lead to one pod, a node that remembers the port from the other VIP
    replaces it. That is no fault, so another port is tried.

    Example:
        expect_source_port(ClientPath(lab.client, vip, own))

    Raises:
        CheckFailed: the answer names another address or port.
        CannotCheck: the client does not answer.

    """
    url = f"http://{path.vip}{CLIENT_IP_PATH}"
    own_end = "\n%{local_ip}:%{local_port}"
    machine = path.client.machine

    def ask() -> tuple[str, str, str]:
        port = str(random.choice(_SOURCE_PORTS))  # noqa: S311 - no secret
        words = ("-sS", "-m2", "--local-port", port, url)
        result = run_program(machine, *CURL, *words, "-w", own_end)
        body, _, own = result.out.rpartition("\n")
        error = f"no answer ({result.error.strip()})"
        return own, body.strip() or error, f"curl {' '.join(words)}"

    own, answer, curl = until("http", ask, lambda ends: ends[0] == ends[1])
    expect(
        f"{path.vip} to see {path.label}, and the port that it sends from, as",
        expected=own,
        actual=answer,
        seen_by=f"{curl} on {path.label}",
    )


def expect_udp_source_ip(path: ClientPath, port: int) -> None:
    """Fail unless a datagram gets an answer that names the client's address.

    Example:
        expect_udp_source_ip(ClientPath(lab.client, vip, own), 80)

    Raises:
        CheckFailed: there is no answer, or one with another address.
        CannotCheck: the client does not answer.

    """
    request = partial(
        path.client.ask_by_udp, path.vip, port, CLIENT_IP_PATH[1:]
    )

    def source(result: Output) -> str:
        return result.out.strip().rpartition(":")[0]

    answer = until(
        "http", request, lambda found: source(found) == path.expected_source
    )
    expect(
        f"port {port} of UDP at {path.vip} to see {path.label} as",
        expected=path.expected_source,
        actual=answer.out.strip() or "no answer",
        ok=source(answer) == path.expected_source,
        seen_by=f"{answer.command} on {path.label}",
    )


def expect_served_by(
    path: ClientPath, pod: str, node: str, count: int = 6
) -> Flows:
    """Fail unless `pod`, which is on `node`, answers all of some flows.

    As many other flows ask for the client's address; they are returned.

    Example:
        flows = expect_served_by(path, pod, node)

    Raises:
        CheckFailed: another pod answers, or a flow is lost.
        CannotCheck: the client does not answer.

    """
    url_path = f"/{{hostname,{CLIENT_IP_PATH[1:]}}}"
    flows = until(
        "http",
        lambda: path.client.flows(path.vip, count, url_path),
        lambda flows: not flows.failed and flows.answers[pod] == count,
    )
    expect(
        f"answers from {path.vip} to {path.label} by the pod on {node}:",
        expected=f"{count} of {count}",
        actual=f"{flows.answers[pod]}, and {flows.failed} lost",
        ok=not flows.failed and flows.answers[pod] == count,
        seen_by=f"{flows.command} on {path.label}",
    )
    return replace(flows, answers=flows.answers - Counter({pod: count}))


def connections_per_node(pods: dict[str, str], flows: Flows) -> dict[str, int]:
    """Return how many connections each node got, by its pods' answers.

    `pods` are the nodes by the pods' names. An answer that is no pod's name
    counts for itself.

    Example:
        pods = lab.cluster.pod_nodes("lab-3", "app=web")
        counts = connections_per_node(pods, flows)

    """
    counts: Counter[str] = Counter()
    for pod, count in flows.answers.items():
        counts[pods.get(pod, f"{pod}, no pod of web")] += count
    return dict(counts)


def busy_nodes(pods: dict[str, str], flows: Flows) -> frozenset[str]:
    """Return the nodes that got several connections.

    Example:
        busy_nodes(pods, flows) >= announcing_nodes(lab).keys()

    """
    counts = connections_per_node(pods, flows)
    return frozenset(
        node for node, count in counts.items() if count >= MIN_CONNECTIONS
    )
