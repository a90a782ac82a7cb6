"""A client of the lab: ARP, HTTP and flows to a VIP."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from graders.probes.programs import run_program
from graders.probes.traffic import (
    CURL,
    AvailabilityMonitor,
    Flows,
    PersistentConnection,
    flows,
    persistent_connection,
)

if TYPE_CHECKING:
    from graders.providers.machine import Machine, Output

_REPLY: Final = re.compile(r"reply from \S+ \[([0-9A-Fa-f:]{17})\]")
# ARP requests: a second machine with the address may miss the first ones.
REQUESTS: Final = 3
# Printed by curl after the body; 000 without an answer.
_STATUS: Final = "\n%{http_code}"
_HTTP_STATUS: Final = re.compile(r"[0-9]{3}")
# Seconds. A lost first packet is repeated after a second; for a new Service a
# new connection is quicker.
CONNECT: Final = 0.7


@dataclass(frozen=True)
class Arp:
    """The answers to a few ARP requests."""

    command: str
    macs: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Http:
    """The answer to one HTTP request; status 0 without an answer."""

    command: str
    status: int
    body: str
    error: str

    @property
    def text(self) -> str:
        """The answer in one line."""
        return self.body.strip() or self.error.strip() or "no answer"


@dataclass(frozen=True)
class Client:
    """A machine outside the cluster that sends traffic."""

    machine: Machine

    def arping(self, address: str, count: int = 2, dev: str = "eth0") -> Arp:
        """Ask `count` times who has `address`; return the MACs that answer.

        Each request is broadcast and waits a second for its answers, so that
        two hosts that both have the address are both heard.
        """
        number = str(count)
        argv = ["arping", "-b", "-c", number, "-w", number, "-I", dev]
        result = run_program(self.machine, *argv, address)
        macs = {mac.lower() for mac in _REPLY.findall(result.out)}
        return Arp(result.command, tuple(sorted(macs)), result.text)

    def curl(
        self,
        address: str,
        port: int = 80,
        seconds: int = 2,
        connect: float = CONNECT,
    ) -> Http:
        """Request `http://address:port/` and wait at most `seconds`.

        The connection must open within `connect` seconds.
        """
        argv = ["-sS", "--max-time", str(seconds)]
        url = f"http://{address}" + (f":{port}" if port != 80 else "")  # noqa: PLR2004 - HTTP's own port, which URLs leave out
        limit = ("--connect-timeout", str(connect))
        words = (*CURL, *argv, *limit, "-w", _STATUS, url)
        result = run_program(self.machine, *words)
        body, _, status = result.out.rpartition("\n")
        command = " ".join(["curl", *argv, url])
        number = int(status) if _HTTP_STATUS.fullmatch(status) else 0
        return Http(command, number, body, result.error)

    def ask_by_udp(self, address: str, port: int, text: str) -> Output:
        """Send a datagram, and wait a second for one in return."""
        script = (
            f"exec 3<>/dev/udp/{address}/{port}; echo {text} >&3;"
            " dd bs=500 count=1 <&3 2> /dev/null"
        )
        return run_program(self.machine, "timeout", "1", "bash", "-c", script)

    def flows(
        self, vip: str, count: int, path: str = "/", source: str = ""
    ) -> Flows:
        """Open `count` connections to `vip`; see `traffic.flows`."""
        return flows(self.machine, f"http://{vip}{path}", count, source)

    def connects(self, vip: str) -> bool:
        """Tell whether a connection to `vip` opens within 0.2 s."""
        curl = (*CURL, "-s", "-o", "/dev/null", "--connect-timeout", "0.2")
        words = (*curl, "-m", "0.5", f"http://{vip}/")
        return run_program(self.machine, *words).code == 0

    def long_flow(
        self, vip: str, path: str, count: int
    ) -> PersistentConnection:
        """Send several requests over one connection."""
        return persistent_connection(
            self.machine, f"http://{vip}{path}", count
        )

    def watch(self, vip: str, seconds: float) -> AvailabilityMonitor:
        """Request `vip` in the background for at most `seconds`."""
        return AvailabilityMonitor(self.machine, f"http://{vip}/", seconds)
