"""Keep the home of a sandbox, which is in memory, as one packed file.

It is packed and unpacked inside, so that nothing that a student makes, such
as a link, is made on this computer.
"""

from __future__ import annotations

import os
import secrets
import subprocess
from typing import IO, TYPE_CHECKING, Final

from graders.providers.docker import DockerExec
from graders.providers.sandbox import HOME

if TYPE_CHECKING:
    from pathlib import Path

# Bytes of a packed home.
LIMIT: Final = 64 * 1024 * 1024
_SECONDS: Final = 60.0
# In a home that has not been unpacked yet there is nothing to keep.
_READY: Final = "/tmp/.lab-home"  # noqa: S108 - the container's
# A file may be without an end, or be written to at the same time.
_PACK: Final = f"""\
set -o pipefail
[ -f {_READY} ] || exit
{{ timeout {_SECONDS / 2:.0f} tar --sparse --exclude=./.kube/cache \
    --exclude=./.kubectl -cz -C {HOME} .; [ $? -le 1 ]; }} \
  | head -c {LIMIT + 1}
"""
_UNPACK: Final = f"tar -xz -C {HOME}; status=$?; : > {_READY}; exit $status"


def save_home(container: str, file: Path) -> bool:
    """Pack the home of a running sandbox; tell if that was possible.

    If it was not, or there is too much in it, the file stays as it was.
    """
    new = file.with_name(f".{file.name}.{secrets.token_hex(4)}.new")
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with new.open("xb") as packed:
            os.fchmod(packed.fileno(), 0o600)
            done = _bash(container, _PACK, output=packed)
        if done and 0 < new.stat().st_size <= LIMIT:
            new.replace(file)
            return True
        return False
    finally:
        new.unlink(missing_ok=True)


def restore_home(container: str, file: Path) -> bool:
    """Unpack a home in a new sandbox; tell if all of it could be.

    From now on it can be saved. Without a file, it is empty.
    """
    try:
        with file.open("rb") as packed:
            return _bash(container, _UNPACK, stdin=packed)
    except FileNotFoundError:
        return _bash(container, f": > {_READY}")


def _bash(
    container: str,
    script: str,
    stdin: IO[bytes] | None = None,
    output: IO[bytes] | None = None,
) -> bool:
    """Run a script there; tell if it ended with 0 in time."""
    try:
        done = subprocess.run(
            [*DockerExec(container).prefix, "bash", "-c", script],
            stdin=stdin or subprocess.DEVNULL,
            stdout=output or subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return not done.returncode
