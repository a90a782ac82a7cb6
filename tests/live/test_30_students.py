"""A second student's lab beside the first, on one machine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import pytest

from graders.providers.kind_location import locate

from .conftest import STUDENT, begin, ok, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_REPAIR: Final = (
    "kubectl scale deployment/metallb-controller -n metallb-system"
    " --replicas=1 && kubectl wait svc/web -n lab-1 --timeout=60s"
    " --for=jsonpath='{.status.loadBalancer.ingress}'"
)
# A third cluster beside those of two workers is too much for two cores.
pytestmark = pytest.mark.machine


def test_two_stand_side_by_side(second: str) -> None:
    """Both labs are graded for themselves; neither disturbs the other."""
    ok("lab", "start", "1", "--student", second)
    ok("lab", "start", "1")
    ours, theirs = locate(STUDENT).plan, locate(second).plan
    assert not ours.lan.overlaps(theirs.lan)
    for student in (STUDENT, second):
        graded = run("grade", "--student", student)
        assert graded.returncode == 1, graded.stdout + graded.stderr
        assert "pending" in graded.stdout


def test_a_lab_is_played_to_its_end(second: str) -> None:
    """A hint and a shown solution are in the result, a debrief follows."""
    mine = ("--student", second)
    ok("lab", "start", "1", "--variant", "controller-down", *mine)
    ok("lab", "hint", *mine)
    assert run("lab", "solution", *mine).returncode == 2
    assert "No controller is running" in ok(
        "lab", "solution", "--give-up", *mine
    )
    ok("lab", "shell", "-c", _REPAIR, *mine)

    solved = ok("grade", *mine)
    document = json.loads(ok("grade", "--json", *mine))

    assert "What it was   The controller does not run" in solved
    assert "1 attempt, 1 hint, after the solution was shown." in solved
    assert (document["hints"], document["gave_up"]) == (1, True)


def test_helm_knows_the_release(second: str) -> None:
    """It is listed and can be upgraded, and a reset restores it."""
    mine = ("--student", second)
    shown = "helm list --namespace metallb-system --output json"
    upgrade = (
        "helm upgrade metallb metallb/metallb --namespace metallb-system"
        " --reuse-values --set controller.logLevel=debug"
    )

    def revision() -> str:
        (release,) = json.loads(ok("lab", "shell", "-c", shown, *mine))
        assert (release["name"], release["status"]) == ("metallb", "deployed")
        return str(release["revision"])

    assert revision() == "1"
    ok("lab", "shell", "-c", upgrade, *mine)
    assert revision() == "2"
    ok("lab", "reset", *mine)
    assert revision() == "1"


def test_packets_are_captured(second: str, tmp_path: Path) -> None:
    """The file is one of pcap, and has what was sent."""
    file = tmp_path / "lan.pcap"
    client = ("lab", "shell", "lan-client", "--student", second)
    ping = begin(*client, "-c", f"ping -c 5 {locate(second).plan.lan_gateway}")

    ok(
        *("lab", "capture", "lan-client", str(file), "--student", second),
        *("--seconds", "4", "--filter", "icmp or arp"),
    )

    ping.wait(30)
    packets = file.read_bytes()
    assert packets[:4] in {b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1"}
    assert len(packets) > 100


def test_down_leaves_the_other_lab(
    second: str, docker: Callable[..., str]
) -> None:
    """One student's lab goes, but for the progress; the other one stays."""
    theirs, ours = locate(second).plan, locate(STUDENT).plan
    ok("lab", "down", "--student", second)
    progress = ok("lab", "progress", "--json", "--student", second)
    assert json.loads(progress)["runs"][-1]["solved"]
    left = docker("ps", "--all", "--format", "{{.Names}}").split()
    assert not {*theirs.node_names(), *theirs.machine_names()} & {*left}
    assert {*ours.node_names(), *ours.machine_names()} <= {*left}
