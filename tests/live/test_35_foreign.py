"""What else stands on this machine: refused or gone round, and left alone."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import pytest

from graders.plan.plan import make_plan
from graders.providers.kind_location import locate

from .conftest import BIN, STUDENT, ok, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    Network = Callable[[str, str], AbstractContextManager[None]]

OTHER: Final = "eve"
pytestmark = pytest.mark.usefixtures("fresh")


@pytest.fixture
def network(docker: Callable[..., str]) -> Network:
    """Make a network that is not the kit's, for a while."""

    @contextmanager
    def make(name: str, subnet: str) -> Iterator[None]:
        docker("network", "create", "--subnet", subnet, name)
        try:
            yield
        finally:
            # It fails where the kit has taken it away.
            docker("network", "rm", name)

    return make


def test_a_network_in_the_way_moves_the_plan(
    network: Network,
) -> None:
    """The lab goes elsewhere, and says what is in its way."""
    wanted = locate(OTHER).plan.lan
    with network("somebody", str(wanted)):
        found = locate(OTHER)
        said = run("lab", "doctor", "--student", OTHER).stdout
    assert found.moved_from == wanted
    assert not found.plan.lan.overlaps(wanted)
    assert "docker network somebody" in " ".join(said.split())


def test_a_network_of_the_lab_s_name_is_refused(
    network: Network,
) -> None:
    """`lab up` names it and the remedy; neither `down` touches it."""
    name = make_plan(OTHER).edge_name
    with network(name, "192.0.2.0/24"):
        done = run("lab", "up", "--student", OTHER)
        run("lab", "down", "--student", OTHER)
    assert done.returncode == 3
    assert f"docker network rm {name}" in " ".join(done.stderr.split())


def test_a_cluster_of_the_lab_s_name_is_refused(
    docker: Callable[..., str],
) -> None:
    """`lab up` and `lab down` leave somebody else's cluster where it is."""
    plan, ours = make_plan(OTHER), locate(STUDENT).plan
    name = plan.machine_name("control-plane")
    image = docker("inspect", "-f", "{{.Image}}", ours.machine_name("router"))
    label = f"io.x-k8s.kind.cluster={plan.cluster}"
    docker("create", "--name", name, "--label", label, image)
    try:
        done = run("lab", "up", "--student", OTHER)
        run("lab", "down", "--student", OTHER)
    finally:
        # It fails where the kit has taken it away.
        docker("rm", name)
    assert done.returncode == 2
    assert name in done.stderr
    assert ok("lab", "status")


def test_names_of_the_lab_that_others_have_are_refused(
    docker: Callable[..., str],
) -> None:
    """`lab up` names a volume and a container; neither `down` removes them."""
    plan, ours = make_plan(OTHER), locate(STUDENT).plan
    name, volume = plan.machine_name("client"), f"{plan.cluster}-state"
    image = docker("inspect", "-f", "{{.Image}}", ours.machine_name("router"))
    docker("create", "--name", name, image)
    docker("volume", "create", volume)
    try:
        done = run("lab", "up", "--student", OTHER)
        left_alone = run("lab", "down", "--student", OTHER).stderr
    finally:
        # They fail where the kit has taken them away.
        docker("rm", name)
        docker("volume", "rm", volume)
    assert done.returncode == 2
    for what in (f"container {name}", f"volume {volume}"):
        assert f"docker {what} is not of this lab" in done.stderr
        assert f"docker {what} has a name of this lab" in left_alone


@pytest.mark.skipif(os.geteuid() != 0, reason="to mount, one must be root")
def test_a_machine_that_is_too_small_is_found_first(
    docker: Callable[..., str], tmp_path: Path
) -> None:
    """Too little memory and disk are told together; nothing is made."""
    root = docker("info", "--format", "{{.DockerRootDir}}")
    told = tmp_path / "meminfo"
    told.write_text("MemTotal: 2000000 kB\nMemAvailable: 500000 kB\n")
    # Only this command sees the machine so: in a mount namespace of its own.
    small = (
        f"mount -t tmpfs -o size=64m none {root} &&"
        f" mount --bind {told} /proc/meminfo &&"
        f" exec {BIN}/lab up --student {OTHER}"
    )
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", small],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert "memory: expected 2 GiB free" in done.stderr
    assert "disk: expected 4.0 GiB free" in done.stderr
    made = docker("ps", "--all", "--format", "{{.Names}}")
    assert make_plan(OTHER).machine_name("") not in made


def test_what_never_started_is_taken_down(
    docker: Callable[..., str],
) -> None:
    """A node that was made and not started is on no network yet, by its id."""
    plan, ours = make_plan(OTHER), locate(STUDENT).plan
    name, lan = plan.machine_name("worker"), f"{plan.cluster}-half"
    image = docker("inspect", "-f", "{{.Image}}", ours.machine_name("router"))
    mine = f"metallb-lab.student={OTHER}"
    docker("network", "create", "--label", mine, lan)
    label = f"io.x-k8s.kind.cluster={plan.cluster}"
    made = ("--name", name, "--network", lan, "--label", label)
    docker("create", *made, image)
    ok("lab", "down", "--student", OTHER)
    left = docker("ps", "--all", "--format", "{{.Names}}").split()
    left += docker("network", "ls", "--format", "{{.Name}}").split()
    assert not {name, lan} & {*left}
