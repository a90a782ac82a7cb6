"""What is not the lab's has names like the lab's, and must be left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from graders.plan.plan import make_plan
from tests.chaos.mishap import (
    DOWN,
    PLAYBOOKS,
    RESET,
    START,
    UP,
    Wrong,
    mishap,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.chaos.world import World

_STATUS: Final = "{{.Id}} {{.State.Status}} {{.State.StartedAt}}"


def _image(world: World) -> str:
    return world.docker(
        "inspect", "--format", "{{.Image}}", world.name("router")
    )


@mishap("foreign-container", commands=PLAYBOOKS, lasts=True, cheap=True)
def foreign_container(world: World) -> Iterator[None]:
    """A stopped container has a name like the lab's, and is on its LAN."""
    form = "{{range $net, $end := .NetworkSettings.Networks}}{{$net}} {{end}}"
    client = world.name("lan-client")
    network = world.docker("inspect", "--format", form, client).split()[0]
    world.docker(
        *("create", "--name", world.label, "--network", network),
        *(_image(world), "sleep", "600"),
    )
    try:
        before = world.docker("inspect", "--format", _STATUS, world.label)
        yield
        after = world.docker(
            "inspect", "--format", _STATUS, world.label, check=False
        )
        if before != after:
            raise Wrong(f"a foreign container was {before}, and is {after}")
    finally:
        world.docker("rm", "--force", world.label, check=False)


@mishap("foreign-volume", commands=PLAYBOOKS, lasts=True, cheap=True)
def foreign_volume(world: World) -> Iterator[None]:
    """A volume has a name that begins like the lab's."""
    volume = f"{make_plan(world.student).cluster}-state-of-visitor"
    world.docker("volume", "create", volume)
    try:
        yield
        if volume not in world.docker("volume", "ls", "-q").split():
            raise Wrong(f"the foreign volume {volume} was removed")
    finally:
        world.docker("volume", "rm", volume, check=False)


@mishap("foreign-network", commands=PLAYBOOKS, lasts=True, cheap=True)
def foreign_network(world: World) -> Iterator[None]:
    """A network has a name that begins like the lab's."""
    network = f"{make_plan(world.student).cluster}-edge-of-visitor"
    subnet = ("--subnet", "198.51.100.0/28")
    before = world.docker("network", "create", *subnet, network)
    try:
        yield
        if before not in world.docker("network", "ls", "-q", "--no-trunc"):
            raise Wrong(f"the foreign network {network} was removed")
    finally:
        world.docker("network", "rm", network, check=False)


@mishap("foreign-object", commands=(UP,), keeps=True, lasts=True, cheap=True)
def foreign_object(world: World) -> Iterator[None]:
    """The student has objects besides the lab's in the cluster."""
    world.kubectl("create", "namespace", "visitor")
    try:
        yield
        if not world.kubectl(
            "get", "namespace", "visitor", "-o", "name", check=False
        ):
            raise Wrong("a namespace of the student was removed")
    finally:
        gone = ("--ignore-not-found", "--timeout=60s")
        world.kubectl("delete", "namespace", "visitor", *gone, check=False)


@mishap("names-taken", commands=(UP, START), refuses=(UP, START), back=START)
def names_taken(world: World) -> Iterator[None]:
    """After `lab down`, a foreign container and volume take its names."""
    image, name = _image(world), world.name("client")
    volume = f"{make_plan(world.student).cluster}-state"
    world.run(DOWN)
    world.docker("volume", "create", "--label", "of=visitor", volume)
    container = world.docker("create", "--name", name, image, "sleep", "9")
    try:
        yield
        if container not in world.docker("ps", "-aq", "--no-trunc"):
            raise Wrong(f"the foreign container {name} was removed")
        if world.docker("ps", "-aq", "--filter", f"volume={volume}"):
            raise Wrong(f"the foreign volume {volume} was used")
        label = ("inspect", "--format", "{{.Labels.of}}", volume)
        if world.docker("volume", *label, check=False) != "visitor":
            raise Wrong(f"the foreign volume {volume} was removed")
    finally:
        world.docker("rm", "--force", container, check=False)
        users = ("ps", "-aq", "--filter", f"volume={volume}")
        for user in world.docker(*users, check=False).split():
            world.docker("rm", "--force", user, check=False)
        world.docker("volume", "rm", volume, check=False)


@mishap("removal-of-neighbours", commands=(DOWN,), back=START)
def removal_of_neighbours(world: World) -> Iterator[None]:
    """`lab down` meets a foreign container, volume and network."""
    cluster = make_plan(world.student).cluster
    subnet = ("--subnet", "198.51.100.0/28")
    world.docker("network", "create", *subnet, f"{cluster}-visitor")
    world.docker("volume", "create", f"{cluster}-visitor")
    world.docker(
        *("create", "--name", world.label, "--network", f"{cluster}-visitor"),
        *("--volume", f"{cluster}-visitor:/x", _image(world), "sleep", "9"),
    )
    try:
        yield
        if world.docker("ps", "-aq", "--filter", f"name={world.label}") == "":
            raise Wrong(f"the foreign container {world.label} was removed")
        if not world.docker("volume", "ls", "-q", "-f", f"name={cluster}-vi"):
            raise Wrong("a foreign volume was removed")
    finally:
        world.docker("rm", "--force", world.label, check=False)
        world.docker("volume", "rm", f"{cluster}-visitor", check=False)
        world.docker("network", "rm", f"{cluster}-visitor", check=False)


@mishap("removed-by-docker", commands=(RESET, START, UP), back=START)
def removed_by_docker(world: World) -> Iterator[None]:
    """`docker system prune` after all of the lab was stopped."""
    plan = make_plan(world.student)
    world.docker("kill", *world.containers(), check=False)
    world.docker("rm", "--volumes", *world.containers(), check=False)
    mine = ("--filter", f"label=metallb-lab.student={plan.student}")
    world.docker("network", "prune", "--force", *mine)
    yield
