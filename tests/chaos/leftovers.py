"""What is left after a round, as docker, the cluster and the disk show it."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Final

from graders.checks import objects
from graders.lifecycle.processes import find_tagged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.chaos.world import World

_PROBE: Final = re.compile(rf"({'|'.join(objects._WORDS)})-[0-9a-f]{{6}}\b")
_KINDS: Final = "namespaces,services,pods,endpointslices"
# A deleted namespace takes seconds, and a graceful pod some more.
_GONE_S: Final = 90
_MARKS: Final = ("grading", "lock.json", "kubeconfig.lock", "lab/changing")


def leftovers(world: World) -> list[str]:
    """Return what is left that must not be, a line each."""
    return [
        *files(world),
        *paused(world),
        *probe_objects(world),
        *processes(world),
    ]


def files(world: World) -> Iterator[str]:
    """Return marks, locks and half files in the student's folder."""
    for name in _MARKS:
        if (world.state / name).exists():
            yield f"{name} is left"
    for file in world.state.rglob("*.new"):
        yield f"half a file is left: {file.relative_to(world.state)}"


def faults(world: World, since: float) -> list[str]:
    """Return the reports of its own faults that the kit saved since then."""
    return [
        f"the kit saved a report of its fault: {file.name}"
        for file in sorted(world.state.rglob("*fault*"))
        if file.is_file() and file.stat().st_mtime >= since
    ]


def paused(world: World) -> Iterator[str]:
    """Return containers of the lab that do not run."""
    form = "{{.Name}} {{.State.Status}}"
    shown = world.docker(
        "inspect", "--format", form, *world.containers(), check=False
    )
    states = dict(line[1:].split() for line in shown.splitlines())
    for name in world.containers():
        if (state := states.get(name, "not there")) != "running":
            yield f"{name} is {state}"


def probe_objects(world: World, patience: float = _GONE_S) -> Iterator[str]:
    """Return objects of a grade, after time for those that are ending."""
    deadline = time.monotonic() + patience
    while (left := _probe_objects(world)) and time.monotonic() < deadline:
        time.sleep(1)
    for name in left:
        yield f"an object of a grade is left: {name}"


def _probe_objects(world: World) -> list[str]:
    shown = world.kubectl("get", _KINDS, "-A", "-o", "json", check=False)
    try:
        items = json.loads(shown)["items"]
    except (ValueError, LookupError):
        return [f"(the cluster does not say: {shown[:100]!r})"]
    return [
        f"{item['kind']} {item['metadata']['name']}"
        for item in items
        if _PROBE.match(item["metadata"]["name"])
    ]


def processes(world: World) -> Iterator[str]:
    """Return processes of playbooks that go on."""
    for pid in find_tagged(str(world.state)):
        yield f"process {pid} of a playbook goes on"


def cluster_of(world: World) -> str:
    """Return the uid of the cluster, "" if it does not say."""
    form = "jsonpath={.metadata.uid}"
    return world.kubectl(
        "get", "namespace", "kube-system", "-o", form, check=False
    )
