"""Machines of a class: containers with systemd, sshd and an engine inside.

The kit's packages come from this Python, so that no index is needed, and the
lab's images from an archive. Nothing else of the kit is on them.
"""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING, Final

import yaml

from graders.settings import ANSIBLE

from .making import quietly
from .systems import docker, images

if TYPE_CHECKING:
    from pathlib import Path

_NETWORK: Final = "metallb-lab-test-room"
_SUBNET: Final = "198.18.70.0/24"
_FIRST: Final = 11
_IMAGE: Final = "metallb-lab/test-room"
_RUN: Final = (
    *("--privileged", "--cgroupns", "private", "--tmpfs", "/run"),
    *("--tmpfs", "/tmp:exec", "--volume", "/var"),  # noqa: S108 - its own
    *("--security-opt", "seccomp=unconfined"),
)
_DOCKERFILE: Final = """
FROM {base}
RUN apt-get update \\
 && DEBIAN_FRONTEND=noninteractive apt-get install -y \\
      --no-install-recommends docker.io iptables python3 ca-certificates
"""
_SECONDS: Final = 90
_VENV: Final = "/opt/room-venv"
# A virtual environment of another computer, made one of this machine.
_ADOPT: Final = f"""
set -e
cd {_VENV}/bin
rm -f python python3 python3.*
ln -s /usr/bin/python3 python
ln -s python python3
sed -i '1s|^#!.*python.*|#!{_VENV}/bin/python|' $(grep -lI '^#!.*python' *)
sed -i 's|^home = .*|home = /usr/bin|' ../pyvenv.cfg
"""
# Bit 24 is CAP_SYS_RESOURCE; without it, engines need the kit's wrapper.
_ENGINE: Final = """
set -e
bounding="$(sed -n 's/^CapBnd:[[:space:]]*//p' /proc/1/status)"
if [ $((0x$bounding >> 24 & 1)) = 0 ]; then
  printf '%s' '{"runtimes": {"room": {"path": "/opt/runc"}},
    "default-runtime": "room"}' > /etc/docker/daemon.json
fi
systemctl restart docker
docker info > /dev/null
"""
_WRAPPER: Final = (
    ANSIBLE / "roles" / "ci_engine" / "files" / "runc-without-sys-resource"
)
# Releases of Debian by their Python, which must be the one of the tests.
RELEASES: Final = {(3, 11): "bookworm", (3, 13): "trixie"}


class ClassRoom:
    """Machines by name, on a network of their own."""

    def __init__(self, folder: Path, *names: str) -> None:
        """Make nothing yet; `folder` is for keys."""
        self.names = names
        self._folder = folder
        self._key = folder / "key"
        self._known = folder / "known_hosts"

    def address(self, name: str) -> str:
        """Return the address of a machine."""
        return f"198.18.70.{_FIRST + self.names.index(name)}"

    def run(self, name: str, script: str) -> str:
        """Run a script of sh on a machine, past the kit."""
        return docker("exec", _container(name), "sh", "-c", script)

    def make(self) -> None:
        """Build the image, and start all machines."""
        release = RELEASES[sys.version_info[:2]]
        base = images(["room"], self._folder, release)["room"]
        (self._folder / "Dockerfile").write_text(
            _DOCKERFILE.format(base=base), encoding="utf-8"
        )
        docker(
            *("build", "--quiet", "--network", "host", "--tag", _IMAGE),
            *(
                "--file",
                str(self._folder / "Dockerfile"),
                str(_WRAPPER.parent),
            ),
        )
        docker("network", "create", "--subnet", _SUBNET, _NETWORK)
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self._key],
            check=True,
        )
        for name in self.names:
            self._make(name)

    def kill(self, name: str) -> None:
        """Cut a machine's power."""
        docker("kill", _container(name))

    def start(self, name: str) -> None:
        """Switch a machine on, and wait until it lets one in."""
        docker("start", _container(name))
        self._boot(name)

    def remove(self) -> None:
        """Take all of it away, also what an earlier run left."""
        for name in self.names:
            quietly("docker", "rm", "--force", "--volumes", _container(name))
        quietly("docker", "network", "rm", _NETWORK)

    def inventory(self) -> str:
        """Return machines.yml."""
        common = {
            "ansible_user": "root",
            "ansible_ssh_private_key_file": str(self._key),
            "ansible_ssh_common_args": (
                f"-o 'UserKnownHostsFile=\"{self._known}\"'"
            ),
            "seat_venv": _VENV,
        }
        hosts = {it: {"ansible_host": self.address(it)} for it in self.names}
        return yaml.safe_dump({"machines": {"vars": common, "hosts": hosts}})

    def ssh(
        self, name: str, key: Path, account: str, line: str
    ) -> subprocess.CompletedProcess[str]:
        """Log in as a student does, and run a line."""
        return subprocess.run(
            [
                *("ssh", "-F", "none", "-o", "BatchMode=yes", "-i", str(key)),
                *("-o", f'UserKnownHostsFile="{self._known}"'),
                *("-l", account, self.address(name), line),
            ],
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    def _make(self, name: str) -> None:
        docker(
            *("run", "--detach", "--name", _container(name)),
            *("--hostname", name, "--network", _NETWORK),
            *("--ip", self.address(name), *_RUN, _IMAGE),
        )
        docker("cp", f"{sys.prefix}/.", f"{_container(name)}:{_VENV}")
        docker("cp", str(_WRAPPER), f"{_container(name)}:/opt/runc")
        self.run(name, _ADOPT)
        self.run(name, "chmod 0755 /opt/runc; ssh-keygen -q -A")
        own = self.run(name, "cat /etc/ssh/ssh_host_ed25519_key.pub")
        with self._known.open("a", encoding="utf-8") as file:
            file.write(f"{self.address(name)} {' '.join(own.split()[:2])}\n")
        docker(
            *("exec", "-i", _container(name), "sh", "-c"),
            "cat > ~root/.ssh/authorized_keys",
            stdin=self._key.with_suffix(".pub").read_text("utf-8"),
        )
        self._boot(name)

    def _boot(self, name: str) -> None:
        deadline = time.monotonic() + _SECONDS
        script = f"{_ENGINE}\nsystemctl restart ssh && echo booted"
        while "booted" not in self._try(name, script):
            assert time.monotonic() < deadline, f"{name} does not boot"
            time.sleep(1)

    def _try(self, name: str, script: str) -> str:
        try:
            return self.run(name, script)
        except AssertionError:
            return ""


def _container(name: str) -> str:
    return f"metallb-lab-room-{name}"
