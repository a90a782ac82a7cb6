"""Nodes and machines are paused, stopped, damaged or gone."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING, Final

from graders.plan.plan import make_plan
from tests.chaos.mishap import (
    BEFORE,
    DURING,
    GRADE,
    LOOKING,
    PLAYBOOKS,
    RESET,
    START,
    STATUS,
    UP,
    mishap,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.chaos.world import World

_NODES: Final = ("control-plane", "worker", "worker2")
_MACHINES: Final = ("router", "client", "lan-client", "dhcp", "desk")
_PROCESSES: Final = {
    "router": ("bgpd", "zebra", "watchfrr"),
    "dhcp": ("dnsmasq",),
}


def _node(world: World) -> str:
    return world.name(world.chose(world.random.choice(_NODES)))


def _machine(world: World) -> str:
    return world.name(world.chose(world.random.choice(_MACHINES)))


@mishap("node-paused", when=(BEFORE, DURING), back=UP, keeps=True, cheap=True)
def node_paused(world: World) -> Iterator[None]:
    """A node is paused, and stays so."""
    world.docker("pause", _node(world))
    yield


@mishap("node-restarted", back=RESET)
def node_restarted(world: World) -> Iterator[None]:
    """A node is restarted."""
    world.docker("restart", "--time", "2", _node(world))
    yield


@mishap("node-restarted-start", labs=("2",), back=START, commands=(STATUS,))
def node_restarted_start(world: World) -> Iterator[None]:
    """A worker with a second network is restarted before the lab's start."""
    world.docker("restart", "--time", "2", world.name("worker"))
    yield


@mishap("node-restarted-up", labs=("1",), back=UP, keeps=True)
def node_restarted_up(world: World) -> Iterator[None]:
    """A node is restarted; the work is in the cluster."""
    world.docker("restart", "--time", "2", _node(world))
    yield


@mishap("node-stopped", back=RESET)
def node_stopped(world: World) -> Iterator[None]:
    """A node is killed, as by a power cut."""
    world.docker("kill", _node(world))
    yield


@mishap("node-removed", back=RESET)
def node_removed(world: World) -> Iterator[None]:
    """A node's container is removed."""
    world.docker("rm", "--force", "--volumes", _node(world))
    yield


@mishap("kubelet-stopped", back=RESET)
def kubelet_stopped(world: World) -> Iterator[None]:
    """The kubelet of a node is stopped."""
    world.docker("exec", _node(world), "systemctl", "stop", "kubelet")
    yield


@mishap("containerd-killed", back=RESET)
def containerd_killed(world: World) -> Iterator[None]:
    """The container runtime of a node is killed."""
    node = _node(world)
    kill = ("systemctl", "kill", "--signal=KILL", "containerd")
    world.docker("exec", node, *kill)
    yield


@mishap(
    "cluster-deleted",
    back=RESET,
    commands=(GRADE, STATUS, UP),
    refuses=(GRADE,),
)
def cluster_deleted(world: World) -> Iterator[None]:
    """All nodes are removed, as by `kind delete cluster`."""
    nodes = make_plan(world.student).node_names()
    world.docker("rm", "--force", "--volumes", *nodes)
    yield


@mishap(
    "machine-paused", when=(BEFORE, DURING), back=UP, keeps=True, cheap=True
)
def machine_paused(world: World) -> Iterator[None]:
    """A client, the router or the DHCP server is paused."""
    world.docker("pause", _machine(world))
    yield


@mishap("machine-stopped", when=(BEFORE, DURING), back=RESET, cheap=True)
def machine_stopped(world: World) -> Iterator[None]:
    """A machine is killed."""
    world.docker("kill", _machine(world))
    yield


@mishap("machine-removed", when=(BEFORE, DURING), back=RESET, cheap=True)
def machine_removed(world: World) -> Iterator[None]:
    """A machine's container is removed."""
    world.docker("rm", "--force", _machine(world))
    yield


@mishap("machine-unplugged", back=RESET, cheap=True)
def machine_unplugged(world: World) -> Iterator[None]:
    """A machine is taken off its network."""
    name = _machine(world)
    form = "{{range $net, $end := .NetworkSettings.Networks}}{{$net}} {{end}}"
    network = world.docker("inspect", "--format", form, name).split()[0]
    world.docker("network", "disconnect", "--force", network, name)
    yield


@mishap("server-killed", deed=True, back=RESET, cheap=True)
def server_killed(world: World) -> Iterator[None]:
    """The router's or the DHCP server's process is killed."""
    role = world.random.choice(list(_PROCESSES))
    process = world.chose(world.random.choice(_PROCESSES[role]))
    world.inside(role, kill_by_name(process, "KILL"))
    yield


@mishap("server-frozen", deed=True, back=RESET, commands=LOOKING, cheap=True)
def server_frozen(world: World) -> Iterator[None]:
    """The router's BGP or the DHCP server hangs."""
    role, process = world.random.choice(
        [("router", "bgpd"), ("dhcp", "dnsmasq")]
    )
    world.inside(role, kill_by_name(world.chose(process), "STOP"))
    yield


@mishap("lab-volume-deleted", back=RESET, cheap=True)
def lab_volume_deleted(world: World) -> Iterator[None]:
    """The DHCP server is removed, and the volume with its leases."""
    volume = f"{make_plan(world.student).cluster}-state"
    world.docker("rm", "--force", world.name("dhcp"))
    world.docker("volume", "rm", "--force", volume)
    yield


@mishap("asleep", when=(DURING,), commands=(*PLAYBOOKS, STATUS), keeps=True)
def asleep(world: World) -> Iterator[None]:
    """The computer sleeps for seconds: nothing of the lab runs."""
    names, command = world.containers(), world.running
    if command:
        command.signal(signal.SIGSTOP, group=True)
    world.docker("pause", *names, check=False)
    try:
        time.sleep(world.random.uniform(5, 20))
    finally:
        world.docker("unpause", *names, check=False)
        if command:
            command.signal(signal.SIGCONT, group=True)
    yield


def kill_by_name(process: str, name: str) -> str:
    """Return a script that signals all processes of a name.

    Nodes have no pkill.
    """
    return (
        "for at in /proc/[0-9]*; do"
        f' [ "$(cat $at/comm 2> /dev/null)" != {process} ] ||'
        f" kill -{name} ${{at#/proc/}}; done"
    )
