"""A real sshd of the test's own, on loopback, with keys of its own."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from graders.providers.ssh import SshTarget

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
CONFIG = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/authorized_keys .ssh/authorized_keys
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
MaxStartups 100
SetEnv PATH={folder}/bin:/usr/sbin:/usr/bin:/sbin:/bin
"""


@dataclass(frozen=True)
class Sshd:
    """One that runs; programs in folder/bin are found there first."""

    folder: Path
    login: SshTarget
    pid: int

    def program(self, name: str, text: str) -> None:
        """Put a shell script on PATH there."""
        path = self.folder / "bin" / name
        path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        path.chmod(0o755)

    def other_key(self) -> SshTarget:
        """Return a login with a key that the server does not know."""
        return replace(self.login, key=keygen(self.folder / "other_key"))


def keygen(path: Path) -> Path:
    """Make a key pair without a passphrase."""
    if not path.exists():
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path],
            check=True,
        )
    return path


def free_port() -> int:
    """Return a port of loopback on which nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextlib.contextmanager
def running_sshd(
    folder: Path, around: Sequence[str] = (), more: str = ""
) -> Iterator[Sshd]:
    """Run one; it is ended, by its id, with the test.

    `around` is a command that runs it, and `more` is for its configuration.
    """
    port = free_port()
    (folder / "bin").mkdir()
    key, host_key = keygen(folder / "key"), keygen(folder / "host_key")
    shutil.copy(f"{key}.pub", folder / "authorized_keys")
    known = folder / "known hosts"
    public = Path(f"{host_key}.pub").read_text(encoding="utf-8")
    known.write_text(f"[127.0.0.1]:{port} {public}", encoding="utf-8")
    config = folder / "sshd_config"
    config.write_text(
        CONFIG.format(port=port, folder=folder) + more, encoding="utf-8"
    )
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    with subprocess.Popen(
        [*around, str(SSHD), "-D", "-e", "-f", config],
        stderr=subprocess.DEVNULL,
    ) as server:
        try:
            _answers(port)
            login = SshTarget("127.0.0.1", getpass.getuser(), key, known, port)
            yield Sshd(folder, login, server.pid)
        finally:
            # unshare ignores the signal that asks.
            (server.kill if around else server.terminate)()


def _answers(port: int) -> None:
    """Wait until somebody listens."""
    for _ in range(200):
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        time.sleep(0.05)
    raise TimeoutError(port)
