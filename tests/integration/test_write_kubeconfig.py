"""The kubeconfig of a lab on hosts is a secret while it is written, too."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Final

from graders.settings import ANSIBLE

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT: Final = (
    ANSIBLE / "roles" / "cluster_hosts" / "files" / "write_kubeconfig.sh"
)
# kubectl replaces the file that it changes.
KUBECTL: Final = """#!/bin/sh
ls -l "$2" | cut -c 1-10 >> "$MODES"
echo "$4" > "$2.edited"
mv "$2.edited" "$2"
"""


def test_no_one_else_reads_it(tmp_path: Path) -> None:
    """Each of its files is the student's alone from the beginning."""
    host, kubectl = tmp_path / "host", tmp_path / "kubectl"
    host.write_text("#!/bin/sh\necho admin\n")
    kubectl.write_text(KUBECTL)
    for command in (host, kubectl):
        command.chmod(0o755)
    file = tmp_path / "kubeconfig"

    subprocess.run(
        ["bash", "-c", SCRIPT.read_text(encoding="utf-8"), "-", host],
        env={
            "PATH": os.environ["PATH"],
            "FILE": str(file),
            "KUBECTL": str(kubectl),
            "CLUSTER_NAME": "lab",
            "CONTEXT": "kind-lab",
            "SERVER": "https://192.0.2.1:6443",
            "MODES": str(tmp_path / "modes"),
        },
        check=True,
    )

    assert (tmp_path / "modes").read_text() == "-rw-------\n" * 2
    assert file.stat().st_mode & 0o777 == 0o600
