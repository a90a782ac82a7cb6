"""What a client of the lab sees of a VIP: who answers ARP, what HTTP says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from graders.probes.traffic import (
    AvailabilityMonitor,
    Flows,
    PersistentConnection,
    flows,
    persistent_connection,
)

if TYPE_CHECKING:
    from graders.providers.machine import Machine

_REPLY: Final = re.compile(r"reply from \S+ \[([0-9A-Fa-f:]{17})\]")
# Of ARP: whoever has the address, too, may be slow with its first answer.
REQUESTS: Final = 3
# curl's answer when nothing answered at all.
_STATUS: Final = "\n%{http_code}"
# Seconds. A first packet that is lost is sent again after a second: to try
# anew is quicker, where a Service has only just come.
CONNECT: Final = 0.7


@dataclass(frozen=True)
class Arp:
    """The answers to a few ARP requests."""

    command: str
    macs: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Http:
    """The answer to one HTTP request; status 0 when there was none."""

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

        Each request goes to everybody and waits a second for its answers,
        so that two hosts that both have the address are both heard.
        """
        number = str(count)
        argv = ["arping", "-b", "-c", number, "-w", number, "-I", dev]
        done = self.machine.run(*argv, address)
        macs = {mac.lower() for mac in _REPLY.findall(done.out)}
        return Arp(done.command, tuple(sorted(macs)), done.text)

    def curl(
        self,
        address: str,
        port: int = 80,
        seconds: int = 2,
        connect: float = CONNECT,
    ) -> Http:
        """Request `http://address:port/` and wait at most `seconds`.

        A connection that is not there in `connect` seconds is given up.
        """
        argv = ["curl", "-sS", "--max-time", str(seconds)]
        url = f"http://{address}" + (f":{port}" if port != 80 else "")  # noqa: PLR2004 - HTTP's own port, which URLs leave out
        patience = ("--connect-timeout", str(connect))
        done = self.machine.run(*argv, *patience, "-w", _STATUS, url)
        body, _, status = done.out.rpartition("\n")
        shown = " ".join([*argv, url])
        return Http(shown, int(status or 0), body, done.error)

    def flows(
        self, vip: str, count: int, path: str = "/", source: str = ""
    ) -> Flows:
        """Open `count` connections to `vip`; see `flows.flows`."""
        return flows(self.machine, f"http://{vip}{path}", count, source)

    def opens(self, vip: str) -> bool:
        """Tell whether a connection to `vip` opens at once, in 0.2 s."""
        once = ("curl", "-s", "-o", "/dev/null", "--connect-timeout", "0.2")
        return self.machine.run(*once, "-m", "0.5", f"http://{vip}/").code == 0

    def long_flow(
        self, vip: str, path: str, count: int
    ) -> PersistentConnection:
        """Send several requests over one connection; see `flows`."""
        return persistent_connection(
            self.machine, f"http://{vip}{path}", count
        )

    def watch(self, vip: str, seconds: float) -> AvailabilityMonitor:
        """Watch `vip` in the background for at most `seconds`."""
        return AvailabilityMonitor(self.machine, f"http://{vip}/", seconds)
