"""What each host of a lab must have room and free ports for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from graders.doctor.facts import GIB
from graders.providers.inventory import CONTROL_PLANE, FABRIC, FABRIC_HOST

_KIB: Final = 1024
# kubelet, and its health; kube-proxy's metrics and health; memberlist of the
# speakers (by UDP, too), BGP, metrics of MetalLB.
_NODE_PORTS: Final = (10250, 10248, 10249, 10256, 7946, 179, 7472)
# API server, etcd and its metrics, controller manager, scheduler.
_MASTER_PORTS: Final = (6443, 2379, 2380, 2381, 10257, 10259)
_TCP_AND_UDP: Final = 7946
_DHCP: Final = 67


@dataclass(frozen=True)
class Requirements:
    """What a role needs of its host: sizes in KiB, ports by protocol."""

    cores: int
    memory: int
    disk: int
    ports: frozenset[tuple[str, int]] = frozenset()


def _tcp(*ports: int) -> frozenset[tuple[str, int]]:
    return frozenset(("tcp", port) for port in ports)


_NODE: Final = _tcp(*_NODE_PORTS) | {("udp", _TCP_AND_UDP)}
# kubeadm itself refuses a control plane of less; workers run a kubelet, a
# containerd, a speaker and a few pods.
MASTER: Final = Requirements(
    2, 1700 * _KIB, 8 * GIB, _NODE | _tcp(*_MASTER_PORTS)
)
WORKER: Final = Requirements(1, 900 * _KIB, 6 * GIB, _NODE)
ONE_OF_FABRIC: Final = Requirements(1, 200 * _KIB, 1 * GIB)
_ROUTER: Final = Requirements(1, 200 * _KIB, 1 * GIB, _tcp(179))
# Five machines inside one host; their ports are their own.
_ALL: Final = Requirements(1, 450 * _KIB, 2 * GIB)
_DESK: Final = Requirements(1, 200 * _KIB, 1 * GIB, _tcp(80))
_SERVER: Final = Requirements(
    1, 200 * _KIB, 1 * GIB, frozenset({("udp", _DHCP)})
)


def need_of(name: str) -> Requirements:
    """Return what a host must have, by its name in the inventory."""
    given = {
        CONTROL_PLANE: MASTER,
        "router": _ROUTER,
        "dhcp": _SERVER,
        "desk": _DESK,
        FABRIC_HOST: _ALL,
    }
    return given.get(name, ONE_OF_FABRIC if name in FABRIC else WORKER)
