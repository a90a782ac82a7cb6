"""Quote a command for a host's shell, then become ssh.

    python ssh_quoting.py ssh -o ... user@host -- ip route get 10.0.0.1

ssh joins its arguments by spaces, and a shell on the host splits them again.
Quoted here, each arrives unchanged. Every command on a host runs this file,
so it imports nothing of the kit.
"""

from __future__ import annotations

import os
import shlex
import sys

SSH_FAILED = 255


def main(words: list[str]) -> int:
    """Become ssh; the first `--` ends its own arguments."""
    at = words.index("--")
    ssh, command = words[:at], words[at + 1 :]
    try:
        os.execvp(ssh[0], [*ssh, shlex.join(command)])
    except OSError as error:
        sys.stderr.write(f"{ssh[0]}: {error.strerror}\n")
    return SSH_FAILED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
