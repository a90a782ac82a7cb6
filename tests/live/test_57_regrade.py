"""Submissions are regraded on fresh labs, whatever strangers wrote in them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any, Final

import pytest

from graders.classroom.submission import Differences
from graders.course.lab import load_lab
from graders.course.solutions import all_repairs
from graders.course.templates import names
from graders.course.walkthrough import read_text
from graders.plan.plan import make_plan
from graders.providers.kind_location import locate
from graders.providers.sandbox import Sandbox
from tests.class_pack import (
    CLASS,
    forge_all,
    pack,
    pack_all,
    student_with,
    thirty,
    wrong_rows,
)
from tests.depth import thorough

from .conftest import STUDENT, begin, eventually, ok, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from graders.providers.capture import Result

# A regrade has the machine's cores and memory for itself.
pytestmark = [pytest.mark.usefixtures("fresh"), pytest.mark.machine]

LAB: Final = load_lab("1")
FAULT: Final = "address-outside"
THIRTY_S: Final = 30 * 60
# What a repair with these lines may have for all of them, and is not right.
HOSTILE: Final = {
    "loop": "while :; do :; done",
    "fork": "f() { f | f & }; f",
    "fork-on-client": "on client bash -c 'f() { f | f & }; f; sleep 60'",
    "flood": "yes",
    "disk": "on worker sh -c 'cat /dev/zero > /var/filled'",
    "home": "cat /dev/zero > filled",
    "engine": "docker rm -f $(docker ps -aq); kill -9 -1",
    "cluster": "on control-plane systemctl stop kubelet containerd",
    "nodes": "kubectl delete nodes --all --wait=false",
    "shell": "exec true",
}


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Return a folder for submissions; their labs go at the end."""
    yield tmp_path
    left = subprocess.run(
        ["docker", "ps", "-aq", "--filter", "name=metallb-lab-s[0-9]"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert not left.stdout, "a regrade left containers"


def regrade(folder: Path, *files: Path, options: str = "--sandbox") -> None:
    """Regrade files into a folder; rows may be of any kind."""
    done = run(
        *("lab", "class", "regrade", *map(str, files)),
        *("--results", str(folder / "results"), *options.split()),
    )
    assert done.returncode in {0, 1}, done.stdout + done.stderr


def result(folder: Path, file: Path) -> Any:  # noqa: ANN401 - JSON
    """Return the result of a submission."""
    name = f"{file.name.removesuffix('.lab')}.regrade.json"
    return json.loads((folder / "results" / name).read_text())


def submission(
    folder: Path,
    taken: set[str],
    typed: str = "",
    differences: Differences | None = None,
) -> Path:
    """Pack a submission of lab 1 that claims full points."""
    student = student_with(LAB, FAULT, taken)
    taken.add(student)
    file = folder / f"{student}-lab-1.lab"
    plan = make_plan(student)
    pack(file, plan, LAB, FAULT, typed=typed, differences=differences)
    return file


def honest(folder: Path, taken: set[str]) -> Path:
    """Pack the solution of lab 1."""
    page = all_repairs(LAB)[FAULT].solution
    values = names(make_plan(student_with(LAB, FAULT, taken)))
    return submission(folder, taken, read_text(page, values))


@thorough
def test_right_forged_and_without_a_text(folder: Path) -> None:
    """A repair that works is the solution; a claim alone is nothing."""
    taken: set[str] = set()
    right = honest(folder, taken)
    forged = submission(folder, taken, "```shell\ntrue\n```\n")
    ready = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "lab-1"},
    }
    spec = json.loads(
        ok("lab", "start", "1", "--variant", FAULT, "--student", STUDENT)
        and output("kubectl", "get", "svc", "web", "-o", "json")
    )["spec"]
    for field in ("clusterIP", "clusterIPs", "healthCheckNodePort"):
        spec.pop(field, None)
    for port in spec["ports"]:
        port.pop("nodePort", None)
    differences = Differences.model_validate(
        {"objects": {"apply": [ready | {"spec": spec}], "delete": []}}
    )
    by_differences = submission(folder, taken, differences=differences)

    regrade(folder, right, forged, by_differences)

    assert result(folder, right)["status"] == "confirmed"
    assert result(folder, right)["verified"]["solved"]
    assert result(folder, forged)["status"] == "differs"
    assert not result(folder, forged)["verified"]["solved"]
    assert result(folder, by_differences)["verified"]["solved"]


def output(*argv: str) -> str:
    """Return what a command prints in the shell of the running lab."""
    command = " ".join(argv)
    return ok(
        "lab", "shell", "--student", STUDENT, "-c", f"{command} -n lab-1"
    )


@thorough
@pytest.mark.parametrize("deed", HOSTILE)
def test_a_hostile_repair_costs_its_own_row(folder: Path, deed: str) -> None:
    """Next to it, an honest one has its points."""
    taken: set[str] = set()
    text = f"```shell\n{HOSTILE[deed]}\n```\n"
    hostile = submission(folder, taken, text)
    right = honest(folder, taken)
    others = set(engine("ps", "-q").split())

    regrade(folder, hostile, right, options="--sandbox --minutes 2 --jobs 2")

    found = result(folder, hostile)
    assert found["status"] in {"differs", "stopped"}, found
    assert found["reasons"]
    assert result(folder, right)["status"] == "confirmed"
    assert others <= set(engine("ps", "-q").split())


def engine(*argv: str) -> str:
    """Return what docker prints."""
    done = subprocess.run(
        ["docker", *argv], capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.fixture(scope="module")
def typed() -> Iterator[Callable[[str], Result]]:
    """Return what runs a script in the sandbox of a running lab."""
    ok("lab", "start", "1", "--student", STUDENT)
    with Sandbox(locate(STUDENT).plan) as sandbox:
        yield lambda script: sandbox.run(script, 60)


@pytest.mark.parametrize(
    "script",
    [
        "kubectl get nodes",
        "helm repo list",
        "on router vtysh -c 'show version'",
        "on metallb-lab-worker true || on worker true",
        "printf hello | on client grep hello",
        'echo x > "$LAB_ANSWERS"',
    ],
)
def test_a_sandbox_has_what_a_lab_needs(
    typed: Callable[[str], Result], script: str
) -> None:
    """The shell is as a student's own."""
    done = typed(script)

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "script",
    [
        "ls /var/run/docker.sock /run/docker.sock",
        "command -v docker",
        "ip route del prohibit default",
        "ip route get 192.0.2.1",
        f"curl --max-time 5 http://{make_plan(STUDENT).lan_gateway}:22",
        "getent hosts example.com",
        "touch /kit/x",
        "touch /usr/bin/x",
        "head -c 300M /dev/zero > filled",
        "ls /home/*/.ssh ~root/.ssh",
        "mount -t tmpfs none /mnt",
    ],
)
def test_a_sandbox_has_nothing_else(
    typed: Callable[[str], Result], script: str
) -> None:
    """No engine, no files of this computer, no way out, no rights."""
    assert typed(script).returncode != 0


@thorough
def test_a_killed_regrade_goes_on(folder: Path) -> None:
    """What has a result is not played again, and nothing is left."""
    taken: set[str] = set()
    files = [honest(folder, taken) for _ in range(3)]
    options = "--sandbox --jobs 1"
    child = begin(
        *("lab", "class", "regrade", *map(str, files)),
        *("--results", str(folder / "results"), *options.split()),
    )
    first = folder / "results" / f"{files[0].stem}.regrade.json"
    eventually(first.exists, 600)
    time.sleep(5)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    written = first.stat().st_mtime_ns

    regrade(folder, *files, options=options)

    assert first.stat().st_mtime_ns == written
    assert {result(folder, file)["status"] for file in files} == {"confirmed"}


@thorough
def test_a_class_of_thirty(
    folder: Path, record_property: Callable[[str, object], None]
) -> None:
    """No wrong row, unattended, within half an hour on two cores."""
    packed = pack_all(folder, thirty())
    packed += forge_all(folder, thirty()[0])
    begun = time.monotonic()

    regrade(
        folder,
        *(one.file for one in packed),
        options=f"--sandbox --class {folder / CLASS}",
    )

    seconds = time.monotonic() - begun
    record_property("seconds", round(seconds))
    assert wrong_rows(folder, folder / "results") == []
    assert seconds < THIRTY_S
    ok("lab", "class", "report", str(folder / "results"))
