"""Hosts of the tests' own, and the kit's commands about them."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import pytest

from graders.plan.plan import make_plan
from graders.settings import ROOT
from tests import state
from tests.commands import output
from tests.depth import choose
from tests.distribution import GroupScheduling

from .making import Site

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from xdist.remote import Producer

BIN: Final = Path(sys.executable).parent
# Students that no lab on this computer has.
STUDENT: Final = os.environ.get("TEST_HOSTS_STUDENT", "hosts")
FOUR_STUDENT: Final = f"{STUDENT}-four"
_SECONDS: Final = 1200
_ON_FOUR: Final = ("test_50_fabric_host.py", "test_60_cut_off.py")
_ROOM: Final = "test_70_seats.py"
# Hosts may have interfaces besides the lab's, for SSH and packages.
WITH_MANAGEMENT: Final = ("control-plane", "desk", "router")
_MANAGEMENT: Final = """
set -e
ip link add mgmt0 type bridge
ip link set mgmt0 up
ip address add 203.0.113.1/24 dev mgmt0
ip route add 198.51.100.0/24 via 203.0.113.2
"""
_FOUND: Final = Path(__file__).with_name("as_found.sh")


class Reached(Protocol):
    """Hosts on which a script of root can be run, past the kit."""

    def run(self, role: str, script: str) -> str:
        """Return what the script wrote."""


class Told:
    """The kit, told to have a student's labs on the hosts of an inventory."""

    def __init__(self, student: str, folder: Path, inventory: Path) -> None:
        """Keep its state in a folder of its own."""
        self.logs = folder / f"{student}.hosts" / "logs"
        self.given = {
            "CLUSTER": "hosts",
            "HOSTS": str(inventory),
            "STUDENT": student,
            "METALLB_LAB_STATE": str(folder),
        }

    def run(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """Run a command as a student would."""
        return subprocess.run(
            [str(BIN / argv[0]), *argv[1:]],
            cwd=ROOT,
            env=os.environ | self.given,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )

    def begin(self, *argv: str) -> subprocess.Popen[bytes]:
        """Begin a command, in a process group of its own."""
        return subprocess.Popen(
            [str(BIN / argv[0]), *argv[1:]],
            cwd=ROOT,
            env=os.environ | self.given,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def ok(self, *argv: str) -> str:
        """Run a command that must succeed; return what it printed."""
        return output(self.run(*argv))


class Kit(Told):
    """The kit, told to have its labs on the hosts of a site."""

    def __init__(self, site: Site, folder: Path) -> None:
        """Keep its state in a folder of its own."""
        super().__init__(site.plan.student, folder, site.inventory)
        self.site = site

    def found(self) -> dict[str, list[str]]:
        """Return by host what it has that a lab might leave changed."""
        return found_on(self.site, self.site.roles)


def found_on(site: Reached, names: Iterable[str]) -> dict[str, list[str]]:
    """Return by host what it has that a lab might leave changed."""
    script = _FOUND.read_text(encoding="utf-8")
    return {name: site.run(name, script).splitlines() for name in names}


def changed(
    site: Reached, before: Mapping[str, list[str]]
) -> dict[str, list[str]]:
    """Return by host which lines are new or gone since `before`."""
    now = found_on(site, before)
    differ = {
        name: sorted(set(now[name]) ^ set(lines))
        for name, lines in before.items()
    }
    return {name: lines for name, lines in differ.items() if lines}


def get_images() -> None:
    """Have the kit's images, of which nodes get their parts."""
    subprocess.run([str(BIN / "lab"), "images", "get"], cwd=ROOT, check=True)


@contextmanager
def _locked(name: str) -> Iterator[None]:
    """Let one process of the tests at a time do something."""
    with (Path(tempfile.gettempdir()) / name).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def hosts(folder: Path, *, one_fabric_host: bool = False) -> Iterator[Kit]:
    """Make hosts on which nothing of the kit has ever been."""
    student = FOUR_STUDENT if one_fabric_host else STUDENT
    site = Site(make_plan(student), folder, one_fabric_host=one_fabric_host)
    site.remove()
    # Images come from this computer's engine, and so do these hosts.
    with _locked("metallb-lab-test-hosts.lock"):
        get_images()
        site.build()
    site.make()
    try:
        yield Kit(site, folder / "the state")
    finally:
        site.remove()


def pytest_report_header() -> str:
    """Say where logs are kept."""
    return state.header()


def pytest_xdist_make_scheduler(
    config: pytest.Config, log: Producer
) -> GroupScheduling:
    """Keep tests of the same hosts on one worker."""
    return GroupScheduling(config, log, _hosts_of)


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Leave a run of one part its proof, or the four hosts."""
    choose(config, items, _unit_of)


def _unit_of(item: pytest.Item) -> str:
    hosts = _hosts_of(item.nodeid)
    if hosts != "eight":
        return hosts
    return item.nodeid if item.path.name == "test_20_proof.py" else ""


def _hosts_of(nodeid: str) -> str:
    file = nodeid.partition("::")[0].rpartition("/")[2]
    if file == _ROOM:
        return "room"
    return "four" if file in _ON_FOUR else "eight"


@pytest.fixture(scope="session")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kit]:
    """Make eight hosts for all tests."""
    with hosts(state.new_folder(tmp_path_factory, "hosts")) as made:
        yield made


@pytest.fixture(scope="session")
def as_found(kit: Kit) -> dict[str, list[str]]:
    """Return what the hosts have before a lab is there.

    But after a login: in Ubuntu the first one leaves a note that it was.
    """
    for role in WITH_MANAGEMENT:
        kit.site.run(role, _MANAGEMENT)
    kit.ok("lab", "doctor")
    return kit.found()


@pytest.fixture(scope="session")
def stands(kit: Kit, as_found: dict[str, list[str]]) -> str:
    """Create everything but a lab on them; return what that printed."""
    del as_found
    return kit.ok("lab", "up")


@pytest.fixture(scope="session")
def few(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kit]:
    """Make four hosts, one of which has all of the fabric."""
    folder = state.new_folder(tmp_path_factory, "few")
    with hosts(folder, one_fabric_host=True) as made:
        yield made


@pytest.fixture(scope="session")
def few_as_found(few: Kit) -> dict[str, list[str]]:
    """Return what the four hosts have before a lab is there."""
    few.ok("lab", "doctor")
    return few.found()


@pytest.fixture(scope="session")
def four(few: Kit, few_as_found: dict[str, list[str]]) -> Kit:
    """Create everything but a lab on them."""
    del few_as_found
    few.ok("lab", "up")
    return few
