"""What goes wrong on real machines, and how the next command recovers."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from graders.hostnet import current_plan

from .conftest import begin, eventually, ok, run, told

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.usefixtures("fresh")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_interrupted_reset_is_mended_by_the_next(how: signal.Signals) -> None:
    """A reset that is cut off leaves nothing that the next does not mend."""
    ok("lab", "start", "1")
    since = time.time()
    begun = begin("lab", "reset")
    # In the middle of the playbook: things are gone and not yet back.
    eventually(
        lambda: "Put the lab's objects in place" in told("reset", since)
    )
    os.kill(begun.pid, how)
    begun.wait(30)
    ok("lab", "reset")
    assert run("grade").returncode == 1


def test_two_commands_at_once_are_refused() -> None:
    """The second is told who holds the lab."""
    since = time.time()
    begun = begin("lab", "reset")
    eventually(lambda: "PLAY" in told("reset", since))
    second = run("lab", "reset")
    assert second.returncode == 3
    assert str(begun.pid) in second.stderr
    assert begun.wait(120) == 0


def test_deleted_things_are_cannot_check_and_mended(
    docker: Callable[..., str],
) -> None:
    """Whatever a student deletes: no traceback, and reset mends it."""
    plan = current_plan("demo").plan
    ok("lab", "start", "1")
    ok("lab", "shell", "-c", "kubectl delete namespace lab-1 --wait=false")
    ok("lab", "shell", "-c", "kubectl delete crd ipaddresspools.metallb.io")
    docker("rm", "-f", plan.docker_name("router"))
    graded = run("grade")
    assert graded.returncode in {1, 3}
    assert "Traceback" not in graded.stdout + graded.stderr
    ok("lab", "reset")
    assert run("grade").returncode == 1


def test_stopped_nodes_come_back_with_their_addresses(
    docker: Callable[..., str],
) -> None:
    """Nodes and machines that were stopped are back after `lab up`."""
    plan = current_plan("demo").plan
    docker("stop", *plan.node_names(), *plan.machine_names())
    graded = run("grade")
    assert graded.returncode == 3
    assert "Traceback" not in graded.stdout + graded.stderr
    ok("lab", "up")
    for node in plan.nodes.values():
        seen = docker(
            "inspect",
            "-f",
            "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}",
            node.name,
        )
        assert seen == str(node.lan)
    ok("lab", "start", "1")
    assert run("grade").returncode == 1


def test_cluster_made_by_hand_as_in_the_module() -> None:
    """`kind delete` and `kind create cluster`, typed, give the same lab."""
    plan = current_plan("demo").plan
    typed = f"kind delete cluster --name {plan.cluster}"
    ok("lab", "shell", "-c", typed)
    ok("lab", "shell", "-c", f"kind create cluster --name {plan.cluster}")
    said = ok("lab", "shell", "-c", "kubectl get nodes -o wide")
    for node in plan.nodes.values():
        assert str(node.lan) in said
    ok("lab", "start", "1")
    assert run("grade").returncode == 1


def test_interrupted_up_is_mended_by_the_next() -> None:
    """Ctrl-C while kind makes nodes: the next `lab up` makes them anew."""
    ok("lab", "down")
    since = time.time()
    begun = begin("lab", "up")
    # Nodes are there by then, the cluster is not.
    eventually(lambda: "Wait for kind" in told("up", since), seconds=180)
    os.kill(begun.pid, signal.SIGINT)
    assert begun.wait(60) == 130
    ok("lab", "up")
    ok("lab", "start", "1")
    assert run("grade").returncode == 1
