"""What the kit's apt-get brings is noted for `lab purge`."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Final

from graders.settings import ANSIBLE

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT: Final = ANSIBLE / "files" / "lib" / "install_packages.sh"
# dpkg's list is a file, to which apt-get adds: $FAILS times it fails first.
STUBS: Final = {
    "sudo": 'shift; exec "$@"',
    "dpkg-query": "sed 's/^/ii  /' \"$LIST\"",
    "apt-get": """\
[ "$1" = install ] || exit 0
[ -z "$FAILS" ] || [ -e "$LIST.tried" ] || { : > "$LIST.tried"; exit 100; }
[ "$FAILS" != always ] || exit 100
printf '%s\\n' docker.io runc >> "$LIST"
""",
}


def _install(folder: Path, fails: str = "") -> int:
    for name, text in STUBS.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    (folder / "list").write_text("bash\ncurl\n")
    done = subprocess.run(
        ["bash", SCRIPT],
        env={
            "PATH": f"{folder}:{os.environ['PATH']}",
            "PACKAGES": "docker.io",
            "PLACES": f"{folder} {folder}/new",
            "NOTES": str(folder / "notes"),
            "LIST": str(folder / "list"),
            "FAILS": fails,
        },
        check=False,
    )
    return done.returncode


def test_notes(tmp_path: Path) -> None:
    """Dependencies are among them; what was there before is not."""
    assert _install(tmp_path, fails="once") == 0

    notes = tmp_path / "notes"
    assert (notes / "packages").read_text() == "docker.io\nrunc\n"
    assert (notes / "places").read_text() == f"{tmp_path}/new\n"
    assert not (notes / "packages.before").exists()


def test_failure(tmp_path: Path) -> None:
    """It is reported, and nothing is noted that is not there."""
    assert _install(tmp_path, fails="always") == 100

    assert (tmp_path / "notes" / "packages").read_text() == ""


def test_after_an_interruption(tmp_path: Path) -> None:
    """What the interrupted installation brought is noted, too."""
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "packages.before").write_text("bash\n")

    assert _install(tmp_path) == 0

    assert (notes / "packages").read_text() == "curl\ndocker.io\nrunc\n"
