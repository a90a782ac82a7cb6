"""How a lab looks after a round that was wrong, with the round's logs."""

from __future__ import annotations

import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tests.chaos.world import World

_MACHINES: Final = {
    "router": "date; vtysh -c 'show bgp summary' -c 'show ip route'",
    "client": "ip route; ip neigh",
}
_CLUSTER: Final = {
    "objects": "get nodes,pods,services,endpointslices -A -o wide",
    "events": "get events -A --sort-by .lastTimestamp",
    "speakers": "logs -n metallb-system --prefix --tail 200"
    " -l app.kubernetes.io/component=speaker",
}


def save_evidence(world: World) -> None:
    """Write what machines and cluster say into the round's folder.

    What does not answer in time has no file.
    """
    for role, script in _MACHINES.items():
        with suppress(subprocess.TimeoutExpired):
            text = world.inside(role, script, check=False)
            (world.folder / f"{role}.txt").write_text(text, "utf-8")
    for name, command in _CLUSTER.items():
        with suppress(subprocess.TimeoutExpired):
            text = world.kubectl(*command.split(), check=False)
            (world.folder / f"{name}.txt").write_text(text, "utf-8")
