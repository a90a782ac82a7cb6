"""Machines of a class for tests: sshd with files and processes of its own.

What is installed on one, and each account that is made there, is gone with
the test. They have this computer's programs, and no engine.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
import yaml

from tests.sshd import SSHD, Sshd, running_sshd

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# The command by which a teacher works on machines.
LAB: Final = str(Path(sys.executable).with_name("lab"))
# Over what a machine changes there is a layer, in memory, that nobody keeps.
_MOUNTS: Final = """
set -e
mkdir -p "$0"
mount -t tmpfs seats "$0"
for place in /etc /opt /var/lib; do
  name="$(echo "$place" | tr / -)"
  mkdir "$0/upper$name" "$0/work$name"
  options="lowerdir=$place,upperdir=$0/upper$name,workdir=$0/work$name"
  mount -t overlay seats -o "$options" "$place"
done
mount -t tmpfs seats /home
mount -t tmpfs seats /run
mkdir -p /run/sshd
exec "$@"
"""
_APART: Final = (
    *("unshare", "--mount", "--pid", "--fork", "--kill-child"),
    *("--mount-proc", "--propagation", "private"),
)


def _around(folder: Path) -> list[str]:
    return [*_APART, "sh", "-c", _MOUNTS, str(folder / "layers")]


def _can(folder: str = "/tmp/metallb-lab-can") -> bool:  # noqa: S108 - of one test
    argv = [*_APART, "sh", "-c", _MOUNTS, folder, "true"]
    done = subprocess.run(argv, capture_output=True, check=False)
    return done.returncode == 0


needs_machines = pytest.mark.skipif(
    not (SSHD and _can()), reason="no files of a test's own here"
)


@dataclass(frozen=True)
class ClassMachine:
    """A machine, and its sshd's process."""

    name: str
    sshd: Sshd

    def run(self, script: str) -> str:
        """Run a script of sh as root there, by SSH."""
        login = self.sshd.login
        done = subprocess.run(
            [
                *("ssh", "-F", "none", "-p", str(login.port), "-i", login.key),
                *("-o", f'UserKnownHostsFile="{login.known_hosts}"'),
                *("-l", login.user, login.address, script),
            ],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return done.stdout + done.stderr


@contextmanager
def class_machine(folder: Path, name: str) -> Iterator[ClassMachine]:
    """Run a machine."""
    own = folder / name
    own.mkdir(parents=True)
    with running_sshd(own, _around(own)) as sshd:
        yield ClassMachine(name, sshd)


def inventory(machines: Mapping[str, ClassMachine | None]) -> str:
    """Return machines.yml; None is a machine that is switched off."""
    hosts = {
        name: _host(machine.sshd)
        if machine
        # A port on which nothing listens.
        else {"ansible_host": "127.0.0.1", "ansible_port": 9}
        for name, machine in machines.items()
    }
    common = {
        "ansible_user": "root",
        "ansible_python_interpreter": "/usr/bin/python3",
        "seat_venv": sys.prefix,
    }
    return yaml.safe_dump({"machines": {"vars": common, "hosts": hosts}})


def _host(sshd: Sshd) -> dict[str, object]:
    login = sshd.login
    return {
        "ansible_host": login.address,
        "ansible_port": login.port,
        "ansible_ssh_private_key_file": str(login.key),
        "ansible_ssh_common_args": (
            f"-o 'UserKnownHostsFile=\"{login.known_hosts}\"'"
        ),
    }
