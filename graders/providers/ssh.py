"""Run commands on a host by the OpenSSH client, with a key only.

The user's own ssh configuration, agent and known hosts are ignored, so that
an inventory means the same everywhere.
"""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from graders.errors import CannotCheck
from graders.providers import ssh_quoting
from graders.providers.ssh_errors import ssh_error, sudo_error

CONNECT_TIMEOUT_S: Final = 5
# How long a connection stays open for the next command.
_PERSIST_S: Final = 60
# The longest path of a socket in bytes: 104 with its final NUL on macOS, less
# the 17 of the temporary suffix under which ssh creates it.
_SOCKET_PATH: Final = 104 - 1 - 17
_SSH_PORT: Final = 22
# Runs a command on a machine inside a host, and fails if there is none:
# ansible/roles/network_hosts/files/lab-on.
_LAB_ON: Final = "/usr/local/bin/lab-on"
_LAB_ON_PREFIX: Final = "lab-on: "
_LAB_ON_FAILED: Final = 125
# sudo's messages are recognised in English.
_ENGLISH: Final = ("env", "LC_ALL=C", "LANGUAGE=C")
_SUDO: Final = ("sudo", "-n", "--")


@dataclass(frozen=True)
class SshTarget:
    """Address, user and keys of a host.

    `known_hosts` has the host's key and is never changed.
    """

    address: str
    user: str
    key: Path
    known_hosts: Path
    port: int = _SSH_PORT

    def __str__(self) -> str:
        """Return user, address and port."""
        port = f" port {self.port}" if self.port != _SSH_PORT else ""
        return f"{self.user}@{self.address}{port}"

    @property
    def known_name(self) -> str:
        """The host's name in a file of known hosts."""
        if self.port == _SSH_PORT:
            return self.address
        return f"[{self.address}]:{self.port}"

    def options(self) -> dict[str, str]:
        """Return the options of ssh."""
        return {
            "BatchMode": "yes",
            "ConnectTimeout": str(CONNECT_TIMEOUT_S),
            "GlobalKnownHostsFile": "/dev/null",
            "IdentitiesOnly": "yes",
            "IdentityAgent": "none",
            "LogLevel": "ERROR",
            "PreferredAuthentications": "publickey",
            "ServerAliveCountMax": "3",
            "ServerAliveInterval": "5",
            "StrictHostKeyChecking": "yes",
            "UpdateHostKeys": "no",
            "UserKnownHostsFile": f'"{_literal(self.known_hosts)}"',
        }


@dataclass(frozen=True)
class SshTransport:
    """Run commands on a host, or on a `machine` inside it, as root.

    Users other than root need `sudo`. Commands with the same `pool_key` share
    a connection; without `reuse` each has its own.
    """

    target: SshTarget
    sudo: bool = False
    reuse: bool = True
    pool_key: str = ""
    machine: str = ""

    @property
    def prefix(self) -> tuple[str, ...]:
        """See Transport."""
        return self._prefix("-T", *_ENGLISH, *_SUDO)

    @property
    def terminal(self) -> tuple[str, ...]:
        """See Transport."""
        return self._prefix("-t", *_SUDO)

    def error(
        self, result: subprocess.CompletedProcess[str]
    ) -> CannotCheck | None:
        """See Transport; ssh's own failure or sudo's."""
        if result.returncode == ssh_quoting.SSH_FAILED:
            return ssh_error(self.target, result.stderr)
        denied = result.returncode and self.sudo
        if denied and (error := sudo_error(self.target, result.stderr)):
            return error
        if result.returncode == _LAB_ON_FAILED and result.stderr.startswith(
            _LAB_ON_PREFIX
        ):
            return CannotCheck(
                result.stderr.removeprefix(_LAB_ON_PREFIX).strip(),
                remedy="`lab up` brings the lab's machines back",
            )
        return None

    def close(self) -> None:
        """Close the shared connection, if there is one."""
        socket = self._socket()
        if not socket:
            return
        with suppress(subprocess.TimeoutExpired):
            subprocess.run(
                [
                    *("ssh", "-F", "none"),
                    *("-o", f"ControlPath={_literal(socket)}"),
                    *("-O", "exit", self.target.address),
                ],
                capture_output=True,
                timeout=CONNECT_TIMEOUT_S,
                check=False,
            )

    def _prefix(self, terminal: str, *sudo: str) -> tuple[str, ...]:
        target = self.target
        options = target.options() | self._sharing()
        arguments = [f"-o{name}={value}" for name, value in options.items()]
        return (
            *(sys.executable, "-I", "-S", ssh_quoting.__file__),
            *("ssh", "-F", "none", terminal, *arguments),
            *(*_identity(target.key), "-p", str(target.port)),
            *("-l", target.user, target.address, "--"),
            *(sudo if self.sudo else ()),
            *((_LAB_ON, self.machine) if self.machine else ()),
        )

    def _sharing(self) -> dict[str, str]:
        socket = self._socket()
        if not socket:
            return {"ControlPath": "none"}
        return {
            "ControlMaster": "auto",
            "ControlPath": _literal(socket),
            "ControlPersist": str(_PERSIST_S),
        }

    def _socket(self) -> str:
        """Return the socket of the shared connection, "" if there is none.

        Its name depends on all of the target: another key must not use the
        connection of the right one.
        """
        folder = sockets() if self.reuse else None
        if folder is None:
            return ""
        name = hashlib.sha256(f"{self.target!r} {self.pool_key}".encode())
        socket = str(folder / name.hexdigest()[:12])
        return socket if len(os.fsencode(socket)) <= _SOCKET_PATH else ""


def _identity(key: Path) -> tuple[str, ...]:
    """Return the option for a key.

    Only -i tells of a key that is not there, but it looks for the path as
    it is written, with %% for a %.
    """
    if "%" not in str(key):
        return ("-i", str(key))
    return ("-o", f'IdentityFile="{_literal(key)}"')


def _literal(path: Path | str) -> str:
    """Return a path as ssh takes it: it replaces %h, %u and others."""
    return str(path).replace("%", "%%")


def sockets() -> Path | None:
    """Return the folder of connections, None if others can use it."""
    base = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    folder = Path(base) / f"metallb-lab-{os.getuid()}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        info = folder.lstat()
    except OSError:
        return None
    ours = info.st_uid == os.getuid() and stat.S_ISDIR(info.st_mode)
    return folder if ours and not info.st_mode & 0o077 else None
