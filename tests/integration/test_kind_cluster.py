"""The scripts around kind, with a kind and a docker of the test's own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import jinja2
import pytest

from graders.lifecycle import processes
from graders.lifecycle.processes import terminate_leftovers
from graders.settings import ANSIBLE

if TYPE_CHECKING:
    from pathlib import Path

ROLE: Final = ANSIBLE / "roles" / "cluster_kind"
NODES: Final = "lab-control-plane lab-worker"
KIND: Final = """#!/bin/sh
echo "$*" >> "$CALLS"
case "$1" in
  create) cat "$OUTPUT"; exec "$BEHAVIOUR" ;;
esac
"""
DOCKER: Final = """#!/bin/sh
echo "docker $*"
"""
# As kind prints it when kubeadm gives up.
FAILED: Final = """\
Creating cluster "lab" ...
 \u2717 Starting control-plane
ERROR: failed to create cluster: failed to init node with kubeadm: command "x"
Command Output: I1129 12:00:00 initconfiguration.go:123] detected
[control-plane-check] kube-apiserver is not healthy after 4m0.00s
error: error execution phase wait-control-plane: failed while waiting
k8s.io/kubernetes/cmd/kubeadm/app/cmd/phases/workflow.(*Runner).Run.func1
\tk8s.io/kubernetes/cmd/kubeadm/app/cmd/phases/workflow/runner.go:262
main.main
\tk8s.io/kubernetes/cmd/kubeadm/kubeadm.go:25
runtime.goexit
"""


@dataclass
class Place:
    """A student's folder, and how scripts are run for it."""

    folder: Path
    environment: dict[str, str]

    def run(
        self, script: str, **more: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a script of the role."""
        return subprocess.run(
            ["bash", str(ROLE / "files" / script)],
            env=self.environment | more,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def kind(self, name: str) -> Path:
        """Return a file of kind's folder."""
        return self.folder / "kind" / name

    def calls(self) -> str:
        """Return what kind was called with."""
        return (self.folder / "calls").read_text("utf-8")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Have a kind that succeeds, below a folder with a space."""
    folder = tmp_path / "the state"
    for name in ("kind", "bin", "cache/bin", "programs"):
        (folder / name).mkdir(parents=True)
    names = {
        "cluster": "lab",
        "state_dir": str(folder),
        "cache_dir": str(folder / "cache"),
        "lan_name": "lan",
    }
    template = (ROLE / "templates" / "kind.j2").read_text("utf-8")
    wrapper = jinja2.Template(template).render(names)
    for file, text in {
        "bin/kind": wrapper,
        "cache/bin/kind": KIND,
        "programs/docker": DOCKER,
        "programs/slow": "#!/bin/sh\nexec sleep 60\n",
    }.items():
        (folder / file).write_text(text, encoding="utf-8")
        (folder / file).chmod(0o755)
    (folder / "output").write_text(FAILED, encoding="utf-8")
    return Place(
        folder,
        {
            "PATH": f"{folder / 'programs'}:{os.environ['PATH']}",
            "FOLDER": str(folder / "kind"),
            "KIND": str(folder / "bin" / "kind"),
            "CLUSTER_NAME": "lab",
            "KUBECONFIG": str(folder / "kubeconfig"),
            "NODES": NODES,
            "PYTHON": sys.executable,
            "CALLS": str(folder / "calls"),
            "OUTPUT": str(folder / "output"),
            "BEHAVIOUR": "true",
        },
    )


def test_created(place: Place) -> None:
    """Its status says that it is whole, with the kit's configuration."""
    assert place.run("create_cluster.sh").returncode == 0
    awaited = place.run("await_cluster.sh")

    assert (awaited.returncode, awaited.stderr) == (0, "")
    assert place.kind("status").read_text() == "0\n"
    config = f"--config {place.kind('cluster.yml')}"
    kubeconfig = place.folder / "kubeconfig"
    assert place.calls() == (
        f"create cluster --name lab --kubeconfig {kubeconfig} --retain"
        f" {config}\n"
    )


def test_failed(place: Place) -> None:
    """The error has kind's and kubeadm's own, and no stack trace."""
    place.run("create_cluster.sh", BEHAVIOUR="false")
    awaited = place.run("await_cluster.sh")

    assert awaited.returncode == 1
    lines = awaited.stderr.splitlines()
    assert lines[0].startswith("ERROR: failed to create cluster")
    assert "kube-apiserver is not healthy after 4m" in lines[1]
    assert lines[2].startswith("error: error execution phase wait-control-pl")
    assert lines[3] == f"more in {place.kind('create-failed.log')}"
    assert len(lines) == 4
    kept = place.kind("create-failed.log").read_text("utf-8")
    assert kept.startswith(FAILED)
    assert "exec lab-worker journalctl" in kept
    assert "kube-system_etcd-*" in kept
    assert kept in awaited.stdout
    # The nodes have been read, and go.
    assert place.calls().splitlines()[-1].startswith("delete cluster --name l")


def test_failed_without_a_word(place: Place) -> None:
    """It says what is known."""
    (place.folder / "output").write_text("")
    place.run("create_cluster.sh", BEHAVIOUR="false")

    said = place.run("await_cluster.sh").stderr

    assert said.startswith("kind ended with status 1\n")


def test_killed(place: Place) -> None:
    """A kind that was killed has no status, and is not waited for."""
    place.run("create_cluster.sh", BEHAVIOUR="slow")
    group = int(place.kind("pid").read_text())
    _eventually(place.folder / "calls")
    os.killpg(group, signal.SIGKILL)

    awaited = place.run("await_cluster.sh")

    assert awaited.returncode == 1
    assert not place.kind("status").exists()


def test_left_in_the_background(place: Place) -> None:
    """The next command ends kind by what create_cluster.sh has noted."""
    place.run("create_cluster.sh", BEHAVIOUR="slow")
    group = int(place.kind("pid").read_text())
    _eventually(place.folder / "calls")
    assert os.getpgid(group) == group

    terminate_leftovers(place.folder)

    assert processes._members(group) == {}
    assert not place.kind("status").exists()


@pytest.mark.parametrize(("behaviour", "status"), [("true", 0), ("false", 1)])
def test_typed_by_a_student(place: Place, behaviour: str, status: int) -> None:
    """A cluster that was created in the kit's shell has a status, too."""
    place.kind("status").write_text("7\n")
    typed = [place.environment["KIND"], "create", "cluster", "--name=lab"]

    done = subprocess.run(
        typed, env=place.environment | {"BEHAVIOUR": behaviour}, check=False
    )

    assert done.returncode == status
    assert place.kind("status").read_text() == f"{status}\n"


def test_another_cluster_of_a_student(place: Place) -> None:
    """It says nothing of the lab's."""
    typed = [place.environment["KIND"], "create", "cluster", "--name=mine"]

    subprocess.run(typed, env=place.environment, check=True)

    assert place.calls() == "create cluster --name=mine\n"
    assert not place.kind("status").exists()


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("delete_cluster.sh", "deleted cluster lab, to create it again: why"),
        ("write_kubeconfig.sh", "was written again"),
    ],
)
def test_told(place: Place, script: str, words: str) -> None:
    """What a student should know is told on the terminal."""
    done = place.run(script, REASON="why")

    assert words in json.loads(done.stdout)["tell"]


def _eventually(file: Path) -> None:
    deadline = time.monotonic() + 20
    while not file.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
