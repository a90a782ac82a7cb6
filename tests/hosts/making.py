"""Makes the hosts of a lab: systemd and sshd, in containers on two bridges.

They are what an instructor would bring: the kit comes in by SSH alone, and
knows neither that they are containers nor docker's networks.
"""

from __future__ import annotations

import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import yaml

from graders.providers.inventory import FABRIC_HOST
from graders.providers.vm_files import fabric_host

from .systems import docker, images

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from graders.plan.plan import Plan

_RUN: Final = (
    *("--privileged", "--cgroupns", "private", "--tmpfs", "/run"),
    *("--tmpfs", "/tmp:exec", "--volume", "/var"),  # noqa: S108 - its own
    *("--security-opt", "seccomp=unconfined"),
    # As Debian has them; docker's are those of its own networks.
    *("--sysctl", "net.ipv4.ip_forward=0"),
    *("--sysctl", "net.ipv4.conf.all.rp_filter=2"),
    *("--sysctl", "net.ipv4.conf.default.rp_filter=2"),
)
# Nobody answers there (RFC 5737): a lab needs no names from outside.
_NAMESERVER: Final = "192.0.2.53"
_NO_NAT: Final = "com.docker.network.bridge.enable_ip_masquerade=false"
_SECONDS: Final = 60
# Hosts that let nobody in as root, but one who may become it.
_BY_SUDO: Final = ("worker2", "client")
_USER: Final = "teacher"
_SUDO: Final = f"""
useradd --create-home --shell /bin/bash {_USER}
echo '{_USER} ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/{_USER}
echo 'PermitRootLogin no' > /etc/ssh/sshd_config.d/no-root.conf
mkdir -m 0700 /home/{_USER}/.ssh
cp ~root/.ssh/authorized_keys /home/{_USER}/.ssh/
chown -R {_USER}: /home/{_USER}/.ssh
"""


def quietly(*argv: str) -> None:
    """Run a command whose failure is of no interest."""
    subprocess.run(argv, capture_output=True, check=False)


class Site:
    """The networks and hosts of one plan."""

    def __init__(
        self, plan: Plan, folder: Path, *, one_fabric_host: bool = False
    ) -> None:
        """Make nothing yet; `folder` is for keys and inventory."""
        self.plan = plan
        self.inventory = folder / "hosts.yml"
        self._key = folder / "key"
        self._known = folder / "known_hosts"
        self._prefix = f"{plan.cluster}-host"
        self._images: dict[str, str] = {}
        machines = plan.nodes | plan.machines
        self.fabric = (FABRIC_HOST,) if one_fabric_host else (*plan.machines,)
        self.roles = (*plan.nodes, *self.fabric)
        # Docker goes by the names: the LAN becomes eth0, at each start.
        self._lan, self._edge = f"{self._prefix}s", f"{self._prefix}s-edge"
        place = fabric_host(plan)[FABRIC_HOST].lan
        self._ends = {FABRIC_HOST: [(self._lan, str(place))]}
        self._ends |= {
            role: [
                (network, str(address))
                for network, address in (
                    (self._lan, one.lan),
                    (self._edge, one.edge),
                )
                if address
            ]
            for role, one in machines.items()
        }

    def name(self, role: str) -> str:
        """Return a host's container."""
        return f"{self._prefix}-{role}"

    def run(self, role: str, script: str) -> str:
        """Run a script of sh on a host, past the kit."""
        return docker("exec", self.name(role), "sh", "-c", script)

    def build(self) -> None:
        """Build the hosts' images, which have the kit's packages in store."""
        self._images = images(self.roles, self.inventory.parent)

    def make(self) -> None:
        """Make networks and hosts, start them, and write the inventory."""
        for name, subnet, gateway in self._networks():
            # Docker would give what a fabric host sends addresses of its own.
            docker(
                *("network", "create", "--subnet", subnet, "--opt", _NO_NAT),
                *("--gateway", gateway, name),
            )
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self._key],
            check=True,
        )
        for role in self.roles:
            self._make(role)
        for role in self.roles:
            self._let_in(role)
        self._write_inventory()

    def stop(self, role: str) -> None:
        """Cut a host's power."""
        docker("kill", self.name(role))

    def start(self, role: str) -> None:
        """Switch a host on, and wait until it lets one in."""
        docker("start", self.name(role))
        self._boot(role)

    def restart(self, role: str) -> None:
        """Restart a host, and wait until it lets one in."""
        self.stop(role)
        self.start(role)

    def remove(self) -> None:
        """Take all of it away, also what an earlier run left."""
        for role in self._ends:
            quietly("docker", "rm", "--force", "--volumes", self.name(role))
        for name, *_ in self._networks():
            quietly("docker", "network", "rm", name)

    @contextmanager
    def stranger(self, address: str) -> Iterator[None]:
        """Have another machine at an address of the LAN, for a while."""
        name = f"{self._prefix}-stranger"
        docker(
            *("run", "--detach", "--name", name, "--network", self._lan),
            *("--ip", address, "--entrypoint", "sleep"),
            *(next(iter(self._images.values())), "infinity"),
        )
        try:
            yield
        finally:
            quietly("docker", "rm", "--force", "--volumes", name)

    def user(self, role: str) -> str:
        """Return who is let in."""
        return _USER if role in _BY_SUDO else "root"

    def reached(self, role: str) -> str:
        """Return the address by which a host is reached."""
        return self._ends[role][0][1]

    def public(self) -> str:
        """Return the public key that hosts let in."""
        file = self._key.with_suffix(".pub")
        return file.read_text(encoding="utf-8").strip()

    def know(self, role: str, key: str) -> None:
        """Note a host's own key."""
        with self._known.open("a", encoding="utf-8") as file:
            file.write(f"{self.reached(role)} {key}\n")

    def _networks(self) -> Iterator[tuple[str, str, str]]:
        plan = self.plan
        yield self._lan, str(plan.lan), str(plan.lan_gateway)
        yield self._edge, str(plan.edge), str(plan.edge_gateway)

    def _make(self, role: str) -> None:
        (first, address), *others = self._ends[role]
        docker(
            *("create", "--name", self.name(role), "--hostname", role),
            *("--network", first, "--ip", address, *_RUN),
            self._images[role],
        )
        for network, own in others:
            docker("network", "connect", "--ip", own, network, self.name(role))
        docker("start", self.name(role))

    def _let_in(self, role: str) -> None:
        """Give a host its own keys and ours; wait until it has booted."""
        self.run(role, "ssh-keygen -q -A")
        own = self.run(role, "cat /etc/ssh/ssh_host_ed25519_key.pub")
        docker(
            *("exec", "-i", self.name(role), "sh", "-c"),
            "cat > ~root/.ssh/authorized_keys",
            stdin=self.public(),
        )
        if role in _BY_SUDO:
            self.run(role, _SUDO)
        kind, key, *_ = own.split()
        self.know(role, f"{kind} {key}")
        self._boot(role)

    def _boot(self, role: str) -> None:
        # Docker's own server of names answers on loopback, where a pod that
        # is told of it asks itself.
        self.run(role, f"echo nameserver {_NAMESERVER} > /etc/resolv.conf")
        deadline = time.monotonic() + _SECONDS
        script = "systemctl restart ssh && systemctl is-active ssh"
        while "active" not in self._try(role, script):
            assert time.monotonic() < deadline, f"{role} does not boot"
            time.sleep(0.2)

    def _try(self, role: str, script: str) -> str:
        try:
            return self.run(role, script)
        except AssertionError:
            return ""

    def _write_inventory(self) -> None:
        groups = {
            group: {
                "hosts": {
                    role: {
                        "ansible_host": self.reached(role),
                        "ansible_user": self.user(role),
                    }
                    for role in roles
                }
            }
            for group, roles in (
                ("cluster", self.plan.nodes),
                ("fabric", self.fabric),
            )
        }
        common = {
            "ansible_ssh_private_key_file": str(self._key),
            "known_hosts": str(self._known),
        }
        told = {"all": {"vars": common, "children": groups}}
        self.inventory.write_text(yaml.safe_dump(told), encoding="utf-8")
