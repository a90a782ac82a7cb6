"""The sum of a Go module's zip file, as Go computes it."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

from graders.lifecycle.module_sum import module_sum

if TYPE_CHECKING:
    from pathlib import Path

# What `go mod download` writes for these files.
SUM = "h1:+N200ZeDkIrfBuZvY8RbmZpR1r4o0NY/Tf9A5Pzf0I0="


def test_sum(tmp_path: Path) -> None:
    """Names count in their order, whatever that in the file is."""
    file = tmp_path / "module.zip"
    with zipfile.ZipFile(file, "w") as module:
        module.writestr("example.com/m@v1.0.0/go.mod", "module m\n")
        module.writestr("example.com/m@v1.0.0/a.go", "package m\n")

    assert module_sum(str(file)) == SUM
    done = subprocess.run(
        [sys.executable, "-m", "graders.lifecycle.module_sum", str(file)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == SUM
