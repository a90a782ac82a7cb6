"""What goes wrong on real machines, and how the next command recovers."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING, Final

import pytest

from graders.providers.kind_location import locate
from graders.settings import state_dir
from tests.depth import thorough

from .conftest import STUDENT, begin, eventually, ok, run, told

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.usefixtures("fresh")

# Only a grade does more when it is interrupted than when it is killed.
ENDS: Final = [
    signal.SIGKILL,
    pytest.param(signal.SIGINT, marks=thorough),
]


@pytest.mark.parametrize("how", ENDS)
def test_interrupted_reset_is_mended_by_the_next(how: signal.Signals) -> None:
    """A reset that is cut off leaves nothing that the next does not mend."""
    ok("lab", "start", "1")
    since = time.time()
    begun = begin("lab", "reset")
    # In the middle of the playbook: things are gone and not yet back.
    eventually(lambda: "Apply the lab's objects" in told("reset", since))
    os.kill(begun.pid, how)
    begun.wait(30)
    graded = run("grade")
    ok("lab", "reset")
    assert graded.returncode == 3
    assert "`lab reset` was interrupted" in graded.stderr
    assert run("grade").returncode == 1


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_interrupted_grade_leaves_nothing(how: signal.Signals) -> None:
    """The next one grades as if there had been none before."""
    ok("lab", "start", "1")
    begun = begin("grade")
    eventually((state_dir(STUDENT) / "grading").exists)
    # As if it had been in the middle of a check that has one.
    made = "kubectl create service loadbalancer grader-left --tcp=80 -n lab-1"
    if how == signal.SIGKILL:
        ok("lab", "shell", "-c", made)
    os.kill(begun.pid, how)
    assert begun.wait(30) in {130, -signal.SIGKILL}
    if how == signal.SIGKILL:
        with (state_dir(STUDENT) / "grading").open("a") as journal:
            journal.write(
                "remove_object /api/v1/namespaces/lab-1/services/grader-left\n"
            )
    assert run("grade").returncode == 1
    assert "grader-" not in ok("lab", "shell", "-c", "kubectl get svc -A")


def test_two_commands_at_once_are_refused() -> None:
    """The second is told who holds the lab."""
    ok("lab", "start", "1")
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
    plan = locate(STUDENT).plan
    ok("lab", "start", "1")
    ok("lab", "shell", "-c", "kubectl delete namespace lab-1 --wait=false")
    ok("lab", "shell", "-c", "kubectl delete crd ipaddresspools.metallb.io")
    docker("rm", "-f", plan.machine_name("router"))
    graded = run("grade")
    assert graded.returncode in {1, 3}
    assert "Traceback" not in graded.stdout + graded.stderr
    ok("lab", "reset")
    assert run("grade").returncode == 1


@pytest.mark.machine
def test_all_was_switched_off(docker: Callable[..., str]) -> None:
    """The lab that stood comes back by `lab up`, with the same addresses.

    It is lab 2, whose nodes are on another network, too: as they start, they
    may take its address for their own.
    """
    plan = locate(STUDENT).plan
    ok("lab", "start", "2")
    # A computer that is switched off is patient, too, but not for ten seconds.
    everything = (*plan.node_names(), *plan.machine_names())
    docker("stop", "--time", "2", *everything)
    # An engine that the kit has not started goes on.
    ok("lab", "engine", "stop")
    graded = run("grade")
    assert graded.returncode == 3
    assert "Traceback" not in graded.stdout + graded.stderr
    ok("lab", "up")
    addresses = "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}"
    for one in (*plan.nodes.values(), *plan.machines.values()):
        seen = docker("inspect", "-f", addresses, one.name).split()
        assert str(one.lan or one.edge) in seen
    for node in plan.nodes.values():
        assert docker("exec", node.name, "cat", "/kind/old-ipv4") == str(
            node.lan
        )
    assert run("grade").returncode == 1
    ok("lab", "start", "1")
    assert run("grade").returncode == 1
    assert "storage" not in docker("network", "ls", "--format", "{{.Name}}")


@pytest.mark.parametrize(
    "role",
    ["worker", pytest.param("worker2", marks=thorough), "control-plane"],
)
def test_a_node_was_rebooted(docker: Callable[..., str], role: str) -> None:
    """It has its interfaces, its address and its way to the edge again.

    Lab 2 has another network, and docker connects the two in any order.
    """
    plan = locate(STUDENT).plan
    node = plan.nodes[role]
    ok("lab", "start", "2")
    docker("restart", "--time", "2", node.name)
    eventually(
        lambda: docker(
            *("exec", node.name, "ip", "route", "show", str(plan.edge))
        ).startswith(f"{plan.edge} via {plan.machines['router'].lan} dev eth0")
    )
    shown = docker("exec", node.name, "ip", "-o", "-4", "address", "show")
    assert f"eth0    inet {node.lan}/" in shown
    assert f"eth1    inet {plan.storage_addresses[role]}/" in shown
    ready = f"kubectl wait --for=condition=Ready node/{node.name} --timeout=0"
    eventually(lambda: run("lab", "shell", "-c", ready).returncode == 0, 120)
    wide = ok("lab", "shell", "-c", f"kubectl get node {node.name} -o wide")
    assert f" {node.lan} " in wide
    ok("lab", "reset")
    assert run("grade").returncode == 1


def test_a_worker_was_restarted_before_a_start(
    docker: Callable[..., str],
) -> None:
    """A start waits for its pods, and needs no `lab up` before.

    Lab 2 has another network, and its webhook may be on that worker.
    """
    ok("lab", "start", "2")
    docker(
        "restart", "--time", "2", locate(STUDENT).plan.machine_name("worker")
    )
    ok("lab", "start", "2")
    assert run("grade").returncode == 1


def test_what_up_repairs_keeps_the_work(docker: Callable[..., str]) -> None:
    """Paused machines, a kubeconfig, a context, a Node object: all at once.

    The cluster and a student's object in it stay, and it is told.
    """
    plan = locate(STUDENT).plan
    ok("lab", "start", "1")
    work = "kubectl create configmap my-work -n lab-1"
    ok("lab", "shell", "-c", work)
    kubeconfig = state_dir(STUDENT) / "kubeconfig"
    node, desk = plan.machine_name("worker"), plan.machine_name("desk")
    about = ("inspect", "-f", "{{.Id}} {{.State.Status}}", node, desk)
    before = docker(*about)
    ok("lab", "shell", "-c", f"kubectl delete node {node}")
    docker("pause", node, desk)
    kubeconfig.write_text("")
    done = run("lab", "up")
    assert done.returncode == 0, done.stderr
    assert "the kubeconfig did not lead to the cluster" in done.stderr
    assert f"node {node} was not registered" in done.stderr
    assert "deleted cluster" not in done.stderr
    assert docker(*about) == before
    # The namespace is the lab's, as before.
    assert "my-work" in ok("lab", "shell", "-c", "kubectl get configmap")


@pytest.mark.parametrize("verb", [("lab", "start", "1"), ("lab", "reset")])
def test_start_and_reset_repair_the_same(
    docker: Callable[..., str], verb: tuple[str, ...]
) -> None:
    """Neither needs `lab up`, nor takes the cluster down."""
    plan = locate(STUDENT).plan
    node = plan.machine_name("worker2")
    ok("lab", "start", "1")
    about = ("inspect", "-f", "{{.Id}}", *plan.node_names())
    before = docker(*about)
    ok("lab", "shell", "-c", f"kubectl delete node {node}")
    ok("lab", "shell", "-c", "kubectl config set-context mine --cluster none")
    ok("lab", "shell", "-c", "kubectl config use-context mine")
    ok(*verb)
    assert docker(*about) == before
    shown = ok("lab", "shell", "-c", "kubectl config current-context")
    assert shown.strip() == plan.context
    assert run("grade").returncode == 1


def test_cluster_made_by_hand_as_in_the_module() -> None:
    """`kind delete` and `kind create cluster`, typed, give the same lab.

    It is not the student's failure that the new cluster is empty.
    """
    plan = locate(STUDENT).plan
    ok("lab", "start", "1")
    typed = f"kind delete cluster --name {plan.cluster}"
    ok("lab", "shell", "-c", typed)
    ok("lab", "shell", "-c", f"kind create cluster --name {plan.cluster}")
    said = ok("lab", "shell", "-c", "kubectl get nodes -o wide")
    for node in plan.nodes.values():
        assert str(node.lan) in said
    graded = run("grade")
    assert graded.returncode == 3
    assert "the cluster is another one" in graded.stderr
    ok("lab", "reset")
    assert run("grade").returncode == 1


@pytest.mark.parametrize("how", ENDS)
def test_interrupted_up_is_mended_by_the_next(how: signal.Signals) -> None:
    """Cut off while kind makes nodes: the next `lab up` makes them anew."""
    ok("lab", "down")
    since = time.time()
    begun = begin("lab", "up")
    # Nodes are there by then, and kind has yet to join them.
    early = "Start MetalLB if it is missing"
    eventually(lambda: early in told("up", since), seconds=180)
    os.kill(begun.pid, how)
    assert begun.wait(60) in {130, -signal.SIGKILL}
    again = run("lab", "up")
    assert again.returncode == 0, again.stderr
    assert "deleted cluster" in again.stderr
    ok("lab", "start", "1")
    assert run("grade").returncode == 1
