"""The sum of a Go module's zip file, as go.sum has it.

The role gateway runs this module where there is no Go.
"""

from __future__ import annotations

import base64
import hashlib
import sys
import zipfile


def module_sum(file: str) -> str:
    """Return Go's hash of the names and contents of all files."""
    total = hashlib.sha256()
    with zipfile.ZipFile(file) as module:
        for name in sorted(module.namelist()):
            content = hashlib.sha256(module.read(name)).hexdigest()
            total.update(f"{content}  {name}\n".encode())
    return "h1:" + base64.b64encode(total.digest()).decode()


if __name__ == "__main__":
    sys.stdout.write(module_sum(sys.argv[1]))
