"""Makes the hosts of a lab: virtual machines, by the kit's cloud-init files.

They are on docker's bridge of the plan's LAN, and have a second interface by
which packages come, as those of a class room have. Where no processor helps,
two of four are virtual machines, and the others containers as elsewhere.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from graders.plan.networks import mac
from graders.providers.inventory import FABRIC_HOST
from graders.providers.vm_files import USER, host_files, write_files
from tests.hosts.making import Site, quietly
from tests.hosts.systems import docker, packages, told

if TYPE_CHECKING:
    from graders.plan.plan import Plan

_IMAGE: Final = Path(__file__).with_name("image.sh")
# A processor in software takes some two minutes from its kernel to the end of
# cloud-init.
BOOT_SECONDS: Final = 900
_KEY: Final = re.compile(
    r"BEGIN SSH HOST KEY KEYS.*?^(ssh-ed25519 \S+).*?cloud-init.*? finished",
    re.DOTALL | re.MULTILINE,
)
_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")
_DOWN_SECONDS: Final = 20
_BOOT_ID: Final = "cat /proc/sys/kernel/random/boot_id"
_KVM: Final = ("-accel", "kvm", "-cpu", "host")
_SOFTWARE: Final = ("-accel", "tcg,thread=multi", "-cpu", "max")
# A control plane in software takes longer than kubeadm waits for it.
_IN_SOFTWARE: Final = ("worker2", FABRIC_HOST)


@cache
def accelerator() -> tuple[str, ...]:
    """Return how processors are made: the kernel's own way if that works."""
    idle = ["qemu-system-x86_64", *_KVM, "-display", "none", "-S"]
    with subprocess.Popen(
        idle, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as tried:
        try:
            tried.wait(3)
        except subprocess.TimeoutExpired:
            tried.kill()
            return _KVM
    return _SOFTWARE


FAST: Final = accelerator() == _KVM


# By which packages come.
OUTSIDE: Final = (
    "-netdev",
    "user,id=out",
    "-device",
    "virtio-net-pci,netdev=out",
)


@dataclass
class Machine:
    """One that runs."""

    process: subprocess.Popen[bytes]
    console: Path

    def said(self) -> str:
        """Return what its console has, as a terminal would show it."""
        text = self.console.read_text(errors="replace").replace("\r", "")
        return _COLOUR.sub("", text)

    def switch_off(self) -> None:
        """End it as if its plug was pulled."""
        self.process.terminate()
        self.process.wait(_DOWN_SECONDS)


def switch_on(
    own: Path, image: Path, seeds: Path, *more: str, kernel: str = ""
) -> Machine:
    """Switch a machine on: what is its own is kept in folder `own`.

    `seeds` has its cloud-init files, `more` says how large it is and what
    networks it has, to QEMU; `kernel` has words for its kernel.
    """
    own.mkdir()
    disk, seed = own / "disk.qcow2", own / "seed.iso"
    back = ("-b", image / "disk.img", "-F", "raw")
    _do("qemu-img", "create", "-q", "-f", "qcow2", *back, disk)
    given = (seeds / "user-data", seeds / "meta-data")
    _do("cloud-localds", "-N", seeds / "network-config", seed, *given)
    console = own / "console.log"
    console.touch()
    argv = [
        # However the tests end, no machine is left.
        *("setpriv", "--pdeathsig", "TERM", "qemu-system-x86_64"),
        *(*accelerator(), "-display", "none"),
        *("-serial", f"file:{console}"),
        *("-kernel", str(image / "kernel")),
        *("-initrd", str(image / "initrd")),
        *("-append", f"root=/dev/vda rw console=ttyS0 {kernel}"),
        *("-drive", f"file={disk},if=virtio"),
        *("-drive", f"file={seed},if=virtio,format=raw"),
        *more,
    ]
    with (own / "qemu.log").open("wb") as log:
        process = subprocess.Popen(argv, stdout=log, stderr=log)
    return Machine(process, console)


class VirtualSite(Site):
    """Four hosts; those that are not virtual machines are containers."""

    def __init__(self, plan: Plan, folder: Path, image: Path) -> None:
        """Make nothing yet; `image` has the disk that all begin with."""
        super().__init__(plan, folder, one_fabric_host=True)
        self.virtual = self.roles if FAST else _IN_SOFTWARE
        self._folder = folder
        self._image = image
        self._runs: dict[str, Machine] = {}

    def run(self, role: str, script: str) -> str:
        """Run a script of sh on a host as root, past the kit."""
        if role not in self.virtual:
            return super().run(role, script)
        return told([*self._ssh(role), "sudo sh -s"], script)

    def restart(self, role: str) -> None:
        """Restart a host as its owner would; wait until it is back."""
        if role not in self.virtual:
            super().restart(role)
            return
        before = self.run(role, _BOOT_ID)
        self.run(role, "systemctl reboot > /dev/null 2>&1 &")
        deadline = time.monotonic() + BOOT_SECONDS
        while self._try(role, _BOOT_ID) in {"", before}:
            assert time.monotonic() < deadline, f"{role} does not come back"
            time.sleep(1)
        self.run(role, "systemctl is-system-running --wait || true")

    def remove(self) -> None:
        """Take all of it away, also what an earlier run left."""
        for runs in self._runs.values():
            runs.switch_off()
        self._runs.clear()
        for role in self.roles:
            quietly("ip", "link", "delete", self._tap(role))
        super().remove()

    def user(self, role: str) -> str:
        """Return who is let in."""
        return USER if role in self.virtual else super().user(role)

    def _make(self, role: str) -> None:
        """Switch a machine on."""
        if role not in self.virtual:
            super()._make(role)
            return
        seeds, host = self._rendered(role)
        where = mac(IPv4Address(self.reached(role)))
        self._runs[role] = switch_on(
            self._folder / role,
            self._image,
            seeds,
            *("-smp", str(host["cores"]), "-m", str(host["memory"])),
            *("-netdev", f"tap,id=lan,ifname={self._plug(role)},script=no"),
            *("-device", f"virtio-net-pci,netdev=lan,mac={where}"),
            *OUTSIDE,
        )

    def _rendered(self, role: str) -> tuple[Path, dict[str, Any]]:
        """Return where a host's cloud-init files are, and its size."""
        files = host_files(
            self.plan, self.public(), str(self._key), one_fabric_host=True
        )
        folder = self._folder / "made"
        write_files(folder, files)
        hosts = json.loads(files["hosts.json"])["hosts"]
        size = next(host for host in hosts if host["role"] == role)
        return folder / "cloud-init" / role, size

    def _tap(self, role: str) -> str:
        # Names of interfaces have 15 characters at most.
        return f"lab-vm-{self.roles.index(role)}"

    def _plug(self, role: str) -> str:
        """Make a machine's end of the LAN."""
        tap = self._tap(role)
        asks = ("network", "inspect", "--format", "br-{{slice .Id 0 12}}")
        bridge = docker(*asks, self._lan)
        _do("ip", "tuntap", "add", tap, "mode", "tap")
        _do("ip", "link", "set", tap, "master", bridge, "up")
        return tap

    def _let_in(self, role: str) -> None:
        """Wait for the end of cloud-init; learn the host's key from it.

        The key comes by the console, past the network, as an instructor
        would compare it.
        """
        if role not in self.virtual:
            super()._let_in(role)
            return
        runs = self._runs[role]
        deadline = time.monotonic() + BOOT_SECONDS
        while True:
            assert runs.process.poll() is None, f"{role}: qemu ended"
            said = runs.said()
            if found := _KEY.search(said):
                break
            assert time.monotonic() < deadline, f"{role}: {said[-2000:]}"
            time.sleep(1)
        self.know(role, found[1])

    def _ssh(self, role: str) -> list[str]:
        return [
            *("ssh", "-F", "none", "-i", str(self._key)),
            *("-o", f"UserKnownHostsFile={self._known}"),
            *("-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"),
            *("-o", "ConnectTimeout=5"),
            f"{USER}@{self.reached(role)}",
        ]


def build(release: str, store: Path) -> Path:
    """Build the disk, unless it is in store; return its folder."""
    recipe = _IMAGE.read_bytes() + packages().encode()
    folder = store / f"{release}-{sha256(recipe).hexdigest()[:8]}"
    if not (folder / "disk.img").exists():
        folder.mkdir(parents=True, exist_ok=True)
        _do("sh", _IMAGE, release, folder, packages())
    return folder


def _do(*argv: str | Path) -> None:
    subprocess.run([str(one) for one in argv], check=True)
