"""A lab's whole life leaves everything else on the machine as it was."""

from __future__ import annotations

import os
import re
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from graders.course.lab import all_labs
from graders.plan.plan import make_plan
from graders.providers.kind_location import KIND_LABEL, LABEL_STUDENT, locate
from graders.settings import state_dir

from .conftest import STUDENT, ok

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

GUEST: Final = "guest"
# What the engine has, each by what must not change.
ENGINE: Final = {
    "containers": (
        *("ps", "--all", "--no-trunc"),
        *("--format", "{{.ID}} {{.Names}} {{.State}} {{.Labels}}"),
    ),
    "networks": ("network", "ls", "--format", "{{.ID}} {{.Name}}"),
    "volumes": ("volume", "ls", "--format", "{{.Name}} {{.Labels}}"),
    "images": ("images", "--format", "{{.ID}} {{.Repository}}:{{.Tag}}"),
}
MACHINE: Final = {
    "links": "ip -o link show | awk '{ print $2 }'",
    "routes": "ip route show; ip rule show",
    "filters": "iptables-save | sed 's/ *[[][0-9:]*[]]$//' | grep -v '^#'",
    "settings": "sysctl -a -r '^(net[.](ipv[46][.]conf[.](all|default)"
    "|bridge|netfilter[.]nf_conntrack_(max|tcp))|net[.]ipv4[.]ip_forward"
    "|fs[.]inotify)' 2> /dev/null; true",
}
# Counts of what happens to be open right now.
_VOLATILE: Final = re.compile("conntrack_count")
pytestmark = [
    pytest.mark.machine,
    pytest.mark.usefixtures("fresh"),
    pytest.mark.skipif(os.geteuid() != 0, reason="filters are root's"),
]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a home with settings of other programs in it."""
    for name in (".kube/config", ".config/helm/repositories.yaml"):
        file = tmp_path / name
        file.parent.mkdir(parents=True)
        file.write_text(f"{name} of another cluster\n")
    return tmp_path


@pytest.fixture
def lookalikes(docker: Callable[..., str]) -> Iterator[None]:
    """Create things whose names and labels are nearly those of the lab."""
    cluster = make_plan(GUEST).cluster
    router = locate(STUDENT).plan.machine_name("router")
    image = docker("inspect", "-f", "{{.Image}}", router)
    labels = {
        f"{cluster}-clients": f"{LABEL_STUDENT}={GUEST}-2",
        f"{cluster}-2-worker": f"{KIND_LABEL}={cluster}-2",
        f"my-{cluster}-router": "metallb-lab.role=router",
    }
    for name, label in labels.items():
        docker("create", "--name", name, "--label", label, image)
    docker("network", "create", "--subnet", "192.0.2.0/24", f"{cluster}-2")
    docker("volume", "create", f"{cluster}-states")
    docker("tag", image, f"{cluster}:mine")
    try:
        yield
    finally:
        # They fail where the kit has taken them away.
        docker("rm", *labels)
        docker("network", "rm", f"{cluster}-2")
        docker("volume", "rm", f"{cluster}-states")
        docker("rmi", f"{cluster}:mine")


@pytest.fixture
def lookalike() -> Iterator[subprocess.Popen[bytes]]:
    """Run a program that is called as one of the kit's."""
    argv = ["kind", "-c", "read _", f"--name={make_plan(GUEST).cluster}"]
    with subprocess.Popen(
        argv, executable="/bin/sh", stdin=subprocess.PIPE
    ) as process:
        yield process
        process.kill()


def _seen(docker: Callable[..., str], home: Path) -> dict[str, list[str]]:
    """Return what the machine has, in lines."""
    seen = {
        what: [*map(_ordered, docker(*command).splitlines())]
        for what, command in ENGINE.items()
    }
    for what, script in MACHINE.items():
        text = subprocess.run(
            ["sh", "-c", script], capture_output=True, text=True, check=True
        ).stdout
        seen[what] = [
            line.strip()
            for line in text.splitlines()
            if not _VOLATILE.search(line)
        ]
    seen["home"] = [
        f"{file} {file.read_text() if file.is_file() else ''}"
        for file in home.rglob("*")
        # Go counts its own calls there, also `go version`.
        if ".config/go" not in str(file)
    ]
    return {what: sorted(lines) for what, lines in seen.items()}


def _ordered(line: str) -> str:
    """Return what docker writes with its labels, at the end, in their order.

    They come in another one each time.
    """
    rest, _, labels = line.rpartition(" ")
    return f"{rest} {','.join(sorted(labels.split(',')))}"


def _started_with(home: Path) -> list[str]:
    """Return what runs with this home: commands of the kit started it."""
    variable = f"HOME={home}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if variable in (folder / "environ").read_bytes().split(b"\0"):
                words = (folder / "cmdline").read_bytes().split(b"\0")
                found.append(b" ".join(words).decode(errors="replace"))
    return found


@pytest.mark.usefixtures("lookalikes")
def test_a_whole_life(
    docker: Callable[..., str],
    home: Path,
    lookalike: subprocess.Popen[bytes],
) -> None:
    """From `lab doctor` to `lab purge`, the rest of the machine is left alone.

    The first `lab up` on the machine raised inotify limits, as documented.
    """
    numbers = [str(lab.number) for lab in all_labs()]
    before = _seen(docker, home)

    for command in (
        *(["doctor"], ["up"], *(["start", number] for number in numbers)),
        *(["reset"], ["down"], ["purge", "--yes"]),
    ):
        ok("lab", *command, "--student", GUEST, HOME=str(home))

    after = _seen(docker, home)
    differ = {
        what: sorted({*before[what]} ^ {*after[what]})
        for what in before
        if before[what] != after[what]
    }
    assert not differ
    assert not state_dir(GUEST).exists()
    assert not _started_with(home)
    assert lookalike.poll() is None, "a foreign process was ended"
    assert ok("lab", "status")
