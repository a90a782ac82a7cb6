"""Makes the hosts of a lab: virtual machines, by the kit's cloud-init files.

They are on docker's bridge of the plan's LAN, and have a second interface by
which packages come, as those of a class room have.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from graders.host_files import (
    USER,
    fabric_host,
    host_files,
    links,
    mac,
    write_files,
)
from tests.hosts.making import NO_NAT, TAKEN, docker

if TYPE_CHECKING:
    from graders.plan import Plan

_IMAGE: Final = Path(__file__).with_name("image.sh")
# A processor in software takes some two minutes from its kernel to the end of
# cloud-init.
_BOOT_SECONDS: Final = 600
_KEY: Final = re.compile(
    r"BEGIN SSH HOST KEY KEYS.*?^(ssh-ed25519 \S+).*?cloud-init.*? finished",
    re.DOTALL | re.MULTILINE,
)
_DOWN_SECONDS: Final = 20
_BOOT_ID: Final = "cat /proc/sys/kernel/random/boot_id"
_TAP: Final = "lab-vm-"


@cache
def accelerator() -> tuple[str, ...]:
    """Return how processors are made: the kernel's own way if that works."""
    kvm = ("-accel", "kvm", "-cpu", "host")
    idle = ["qemu-system-x86_64", *kvm, "-display", "none", "-S"]
    with subprocess.Popen(
        idle, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as tried:
        try:
            tried.wait(3)
        except subprocess.TimeoutExpired:
            tried.kill()
            return kvm
    return ("-accel", "tcg,thread=multi", "-cpu", "max")


@dataclass
class Machine:
    """One that runs."""

    address: str
    process: subprocess.Popen[bytes]
    console: Path


class Machines:
    """The network and the virtual machines of one plan, with four hosts."""

    def __init__(self, plan: Plan, folder: Path, image: Path) -> None:
        """Make nothing yet; `image` has the disk that all begin with."""
        self.plan = plan
        self.inventory = folder / "hosts.yml"
        self.roles = (*plan.nodes, *fabric_host(plan))
        self._folder = folder
        self._image = image
        self._key = folder / "key"
        self._network = f"{plan.cluster}-vms"
        self._made: dict[str, Machine] = {}
        self._sizes: dict[str, dict[str, Any]] = {}

    def make(self) -> None:
        """Make the network and all machines; wait until they let one in."""
        self.remove()
        make_key = ["ssh-keygen", "-q", "-t", "ed25519", "-N", ""]
        subprocess.run([*make_key, "-f", self._key], check=True)
        public = self._key.with_suffix(".pub").read_text().strip()
        files = host_files(
            self.plan, public, str(self._key), one_fabric_host=True
        )
        write_files(self._folder, files)
        hosts = json.loads(files["hosts.json"])["hosts"]
        self._sizes = {host["role"]: host for host in hosts}
        plan = self.plan
        docker(
            *("network", "create", "--subnet", str(plan.lan)),
            *("--opt", NO_NAT, "--gateway", str(plan.lan_gateway)),
            self._network,
        )
        for role in self.roles:
            self._begin(role)
        for role in self.roles:
            self._await(role)

    def run(self, role: str, script: str) -> str:
        """Run a script of sh on a host as root, past the kit."""
        done = subprocess.run(
            [*self._ssh(role), "sudo sh -s"],
            input=script,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{role}: {done.stderr[-2000:]}"
        return done.stdout.strip()

    def restart(self, role: str) -> None:
        """Restart a machine as its owner would; wait until it is back."""
        before = self.run(role, _BOOT_ID)
        self.run(role, "systemctl reboot > /dev/null 2>&1 &")
        deadline = time.monotonic() + _BOOT_SECONDS
        while self._try(role, _BOOT_ID) in {"", before}:
            assert time.monotonic() < deadline, f"{role} does not come back"
            time.sleep(1)

    def remove(self) -> None:
        """Take all of it away, also the network of an earlier run."""
        for made in self._made.values():
            made.process.terminate()
        for made in self._made.values():
            made.process.wait(_DOWN_SECONDS)
        for tap in map(self._tap, self.roles):
            _quietly("ip", "link", "delete", tap)
        _quietly("docker", "network", "rm", self._network)
        self._made.clear()

    def _begin(self, role: str) -> None:
        """Switch a machine on."""
        own = self._folder / role
        own.mkdir()
        seeds = self._folder / "cloud-init" / role
        disk, seed = own / "disk.qcow2", own / "seed.iso"
        back = ("-b", self._image / "disk.img", "-F", "raw")
        _do("qemu-img", "create", "-q", "-f", "qcow2", *back, disk)
        given = (seeds / "user-data", seeds / "meta-data")
        _do("cloud-localds", "-N", seeds / "network-config", seed, *given)
        console = own / "console.log"
        size = self._sizes[role]
        address = links((self.plan.nodes | fabric_host(self.plan))[role])[
            "lan"
        ]
        argv = [
            *("qemu-system-x86_64", *accelerator(), "-display", "none"),
            *("-smp", str(size["cores"]), "-m", str(size["memory"])),
            *("-serial", f"file:{console}"),
            *("-kernel", str(self._image / "kernel")),
            *("-initrd", str(self._image / "initrd")),
            *("-append", "root=/dev/vda rw console=ttyS0"),
            *("-drive", f"file={disk},if=virtio"),
            *("-drive", f"file={seed},if=virtio,format=raw"),
            *("-netdev", f"tap,id=lan,ifname={self._plug(role)},script=no"),
            *("-device", f"virtio-net-pci,netdev=lan,mac={mac(address)}"),
            *("-netdev", "user,id=out"),
            *("-device", "virtio-net-pci,netdev=out"),
        ]
        with (own / "qemu.log").open("wb") as log:
            process = subprocess.Popen(argv, stdout=log, stderr=log)
        self._made[role] = Machine(str(address), process, console)

    def _tap(self, role: str) -> str:
        return f"{_TAP}{self.roles.index(role)}"

    def _plug(self, role: str) -> str:
        """Make a machine's end of the LAN."""
        tap = self._tap(role)
        bridge = docker(
            *("network", "inspect", "--format", "br-{{slice .Id 0 12}}"),
            self._network,
        )
        _do("ip", "tuntap", "add", tap, "mode", "tap")
        _do("ip", "link", "set", tap, "master", bridge, "up")
        return tap

    def _await(self, role: str) -> None:
        """Wait for the end of cloud-init; learn the host's key from it.

        The key comes by the console, past the network, as an instructor
        would compare it.
        """
        made = self._made[role]
        deadline = time.monotonic() + _BOOT_SECONDS
        while True:
            assert made.process.poll() is None, f"{role}: qemu ended"
            said = made.console.read_text(errors="replace")
            if found := _KEY.search(said.replace("\r", "")):
                break
            assert time.monotonic() < deadline, f"{role}: {said[-2000:]}"
            time.sleep(1)
        with (self._folder / "known_hosts").open("a") as file:
            file.write(f"{made.address} {found[1]}\n")

    def _try(self, role: str, script: str) -> str:
        try:
            return self.run(role, script)
        except AssertionError:
            return ""

    def _ssh(self, role: str) -> list[str]:
        known = f"UserKnownHostsFile={self._folder / 'known_hosts'}"
        return [
            *("ssh", "-F", "none", "-i", str(self._key), "-o", known),
            *("-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"),
            *("-o", "ConnectTimeout=5"),
            f"{USER}@{self._made[role].address}",
        ]


def build(release: str, store: Path) -> Path:
    """Build the disk, unless it is in store; return its folder."""
    given = yaml.safe_load(TAKEN.read_text(encoding="utf-8"))
    lists = given["hosts_taken_packages"].values()
    packages = " ".join(sorted({one for part in lists for one in part}))
    recipe = _IMAGE.read_bytes() + packages.encode()
    folder = store / f"{release}-{sha256(recipe).hexdigest()[:8]}"
    if not (folder / "disk.img").exists():
        folder.mkdir(parents=True, exist_ok=True)
        _do("sh", _IMAGE, release, folder, packages)
    return folder


def _do(*argv: str | Path) -> None:
    subprocess.run([str(one) for one in argv], check=True)


def _quietly(*argv: str) -> None:
    subprocess.run(argv, capture_output=True, check=False)
