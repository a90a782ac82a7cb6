"""The way onto a host by the OpenSSH client, with a key and nothing else.

The person's own ssh configuration, agent and known hosts do not matter: the
same inventory leads to the same hosts from everywhere.
"""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from graders.errors import CannotCheck
from graders.providers import ssh_quoting
from graders.providers.ssh_errors import ssh_error, sudo_error

# Seconds until a host that does not answer is given up.
CONNECT: Final = 5
# Seconds for which a connection is kept for the next command.
_KEPT: Final = 60
_SSH_PORT: Final = 22
# What runs a command on a machine inside a host, and says that there is none:
# ansible/roles/network_hosts/files/lab-on.
_LAB_ON: Final = "/usr/local/bin/lab-on"
_ON: Final = "lab-on: "
_NOT_INSIDE: Final = 125
# Its words are known in English.
_ENGLISH: Final = ("env", "LC_ALL=C", "LANGUAGE=C")
_SUDO: Final = ("sudo", "-n", "--")


@dataclass(frozen=True)
class SshTarget:
    """Where a host is, and as whom one gets in.

    `known_hosts` has the host's key; nothing is ever added to it.
    """

    address: str
    user: str
    key: Path
    known_hosts: Path
    port: int = _SSH_PORT

    def __str__(self) -> str:
        """Return it as a person would name it."""
        port = f" port {self.port}" if self.port != _SSH_PORT else ""
        return f"{self.user}@{self.address}{port}"

    @property
    def known_name(self) -> str:
        """What the host is called in a file of known hosts."""
        if self.port == _SSH_PORT:
            return self.address
        return f"[{self.address}]:{self.port}"

    def options(self) -> dict[str, str]:
        """Return what ssh is told; Ansible's ssh is told the same."""
        return {
            "BatchMode": "yes",
            "ConnectTimeout": str(CONNECT),
            "GlobalKnownHostsFile": "/dev/null",
            "IdentitiesOnly": "yes",
            "IdentityAgent": "none",
            "LogLevel": "ERROR",
            "PreferredAuthentications": "publickey",
            "ServerAliveCountMax": "3",
            "ServerAliveInterval": "5",
            "StrictHostKeyChecking": "yes",
            "UpdateHostKeys": "no",
            "UserKnownHostsFile": f'"{self.known_hosts}"',
        }


@dataclass(frozen=True)
class SshTransport:
    """A way onto a host; without `keep` each command connects anew.

    A connection that is kept is shared by all who have the same `label`.
    Commands run as root: with `sudo` when the login is another user's; and
    on machine `inside` of the host, where it has machines.
    """

    login: SshTarget
    sudo: bool = False
    keep: bool = True
    label: str = ""
    inside: str = ""

    @property
    def prefix(self) -> tuple[str, ...]:
        """See Transport."""
        return self._before("-T", *_ENGLISH, *_SUDO)

    @property
    def terminal(self) -> tuple[str, ...]:
        """See Transport."""
        return self._before("-t", *_SUDO)

    def error(
        self, result: subprocess.CompletedProcess[str]
    ) -> CannotCheck | None:
        """See Transport; ssh's own failure or sudo's."""
        if result.returncode == ssh_quoting.SSH_FAILED:
            return ssh_error(self.login, result.stderr)
        denied = result.returncode and self.sudo
        if denied and (error := sudo_error(self.login, result.stderr)):
            return error
        if result.returncode == _NOT_INSIDE and result.stderr.startswith(_ON):
            return CannotCheck(
                result.stderr.removeprefix(_ON).strip(),
                way_out="`lab up` brings the lab's machines back",
            )
        return None

    def close(self) -> None:
        """End the connection that was kept, if there is one."""
        if socket := self._socket():
            subprocess.run(
                [
                    *("ssh", "-F", "none", "-o", f"ControlPath={socket}"),
                    *("-O", "exit", self.login.address),
                ],
                capture_output=True,
                check=False,
            )

    def _before(self, terminal: str, *sudo: str) -> tuple[str, ...]:
        login = self.login
        options = login.options() | self._kept()
        told = [f"-o{name}={value}" for name, value in options.items()]
        return (
            *(sys.executable, "-I", "-S", ssh_quoting.__file__),
            *("ssh", "-F", "none", terminal, *told),
            *("-i", str(login.key), "-p", str(login.port)),
            *("-l", login.user, login.address, "--"),
            *(sudo if self.sudo else ()),
            *((_LAB_ON, self.inside) if self.inside else ()),
        )

    def _kept(self) -> dict[str, str]:
        socket = self._socket()
        if not socket:
            return {"ControlPath": "none"}
        return {
            "ControlMaster": "auto",
            "ControlPath": socket,
            "ControlPersist": str(_KEPT),
        }

    def _socket(self) -> str:
        """Return where the connection is kept, "" if it is not.

        All of the login is in its name: another key must not come in by
        the connection of the right one.
        """
        folder = _sockets() if self.keep else None
        if folder is None:
            return ""
        name = hashlib.sha256(f"{self.login!r} {self.label}".encode())
        return str(folder / name.hexdigest()[:12])


def _sockets() -> Path | None:
    """Return the folder of connections; None unless it is ours alone.

    Its name is short: a socket's path has room for 104 bytes.
    """
    base = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    folder = Path(base) / f"metallb-lab-{os.getuid()}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return None
    ours = found.st_uid == os.getuid() and stat.S_ISDIR(found.st_mode)
    return folder if ours and not found.st_mode & 0o077 else None
