"""The container for VS Code and Codespaces installs what a lab needs.

What no test here can show is that a lab runs in it: that takes an engine
inside a container, and Codespaces.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from typing import TYPE_CHECKING, Any, Final

from graders.settings import ROOT
from tests.makefile import would_run

if TYPE_CHECKING:
    from pathlib import Path

FILE: Final = ROOT / ".devcontainer" / "devcontainer.json"
PINNED: Final = re.compile(r"[\w./-]+(:[\w.-]+)?@sha256:[0-9a-f]{64}")
# Stands for a program: notes how it was called.
NOTE: Final = '#!/bin/sh\necho "$(basename "$0") $*" >> "$LOG"\n'
AS_ROOT: Final = '#!/bin/sh\nexec "$@"\n'


def _settings() -> dict[str, Any]:
    """Return the file, which may have lines of comments."""
    text = FILE.read_text(encoding="utf-8")
    settings: dict[str, Any] = json.loads(
        "\n".join(line for line in text.splitlines() if "//" not in line[:6])
    )
    return settings


def test_image_and_features_are_pinned() -> None:
    """A digest says which; a tag may be moved."""
    settings = _settings()

    assert PINNED.fullmatch(settings["image"])
    (engine,) = settings["features"]
    assert "/docker-in-docker@" in engine
    assert PINNED.fullmatch(engine)


def test_size() -> None:
    """It asks for what the README says a lab needs."""
    size = _settings()["hostRequirements"]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    gib = size["memory"].removesuffix("gb")
    assert f"{size['cpus']} cores and {gib} GiB of memory" in readme


def test_packages(tmp_path: Path) -> None:
    """Its first step installs the programs that the image does not have."""
    scripts = {"apt-get": NOTE, "sudo": AS_ROOT}
    for name, script in scripts.items():
        (tmp_path / name).write_text(script)
        (tmp_path / name).chmod(0o755)
    log = tmp_path / "log"
    paths = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "LOG": str(log)}

    subprocess.run(
        ["sh", "-ec", _settings()["onCreateCommand"]],
        env=os.environ | paths,
        check=True,
    )

    update, install = log.read_text().splitlines()
    assert update == "apt-get update"
    assert {"make", "python3-venv"} <= {*install.split()}


def test_kit() -> None:
    """Its second step installs the kit, then says what is missing."""
    program, *targets = _settings()["postCreateCommand"].split()

    assert program == "make"
    lines = would_run("--always-make", *targets).splitlines()
    install = next(n for n, line in enumerate(lines) if "scripts/inst" in line)
    assert lines[install + 1 :] == [".venv/bin/lab doctor"]


def test_it_says_what_was_not_tried() -> None:
    """In the file, and where readers are sent to it."""
    text = FILE.read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    assert "not been tried on Codespaces" in text
    assert "not been tried on Codespaces" in readme
