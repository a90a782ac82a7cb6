"""Stands before a command that runs on a host reached by SSH.

    python ssh_words.py ssh -o ... user@host -- ip route get 10.0.0.1

ssh joins its words by spaces, and a shell on the other side splits them
again: each is quoted here, so that it arrives as it was given. This is run
as a file, not imported, and imports nothing of the kit: it stands before
every command.
"""

from __future__ import annotations

import os
import shlex
import sys

SSH_FAILED = 255


def main(words: list[str]) -> int:
    """Become ssh; the first `--` ends its own words."""
    at = words.index("--")
    ssh, command = words[:at], words[at + 1 :]
    try:
        os.execvp(ssh[0], [*ssh, shlex.join(command)])
    except OSError as error:
        sys.stderr.write(f"{ssh[0]}: {error.strerror}\n")
    return SSH_FAILED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
