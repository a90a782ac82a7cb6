"""Cores, memory, disk and ports that each host of a lab needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from graders.doctor.facts import GIB
from graders.providers.inventory import CONTROL_PLANE, FABRIC, FABRIC_HOST

_KIB: Final = 1024
# kubelet and its health; kube-proxy's metrics and health; memberlist of the
# speakers (also by UDP), BGP, metrics of MetalLB.
_NODE_PORTS: Final = (10250, 10248, 10249, 10256, 7946, 179, 7472)
# API server, etcd and its metrics, controller manager, scheduler.
_CONTROL_PLANE_PORTS: Final = (6443, 2379, 2380, 2381, 10257, 10259)
_TCP_AND_UDP: Final = 7946
_DHCP: Final = 67


@dataclass(frozen=True)
class Requirements:
    """Sizes in KiB, and ports by protocol."""

    cores: int
    memory: int
    disk: int
    ports: frozenset[tuple[str, int]] = frozenset()


def _tcp(*ports: int) -> frozenset[tuple[str, int]]:
    return frozenset(("tcp", port) for port in ports)


_NODE: Final = _tcp(*_NODE_PORTS) | {("udp", _TCP_AND_UDP)}
# kubeadm refuses a control plane with less; workers run a kubelet, a
# containerd, a speaker and a few pods.
CONTROL_PLANE_NEEDS: Final = Requirements(
    2, 1700 * _KIB, 8 * GIB, _NODE | _tcp(*_CONTROL_PLANE_PORTS)
)
WORKER: Final = Requirements(1, 900 * _KIB, 6 * GIB, _NODE)
FABRIC_MACHINE: Final = Requirements(1, 200 * _KIB, 1 * GIB)
_ROUTER: Final = Requirements(1, 200 * _KIB, 1 * GIB, _tcp(179))
# Five machines inside one host, each with its own ports.
_FABRIC_HOST: Final = Requirements(1, 450 * _KIB, 2 * GIB)
_DESK: Final = Requirements(1, 200 * _KIB, 1 * GIB, _tcp(80))
_SERVER: Final = Requirements(
    1, 200 * _KIB, 1 * GIB, frozenset({("udp", _DHCP)})
)


def requirements_of(name: str) -> Requirements:
    """Return the requirements of a host by its name in the inventory."""
    known = {
        CONTROL_PLANE: CONTROL_PLANE_NEEDS,
        "router": _ROUTER,
        "dhcp": _SERVER,
        "desk": _DESK,
        FABRIC_HOST: _FABRIC_HOST,
    }
    return known.get(name, FABRIC_MACHINE if name in FABRIC else WORKER)
