"""The engine's role raises inotify limits that are too low, and no others."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Final

import pytest

from graders.settings import ANSIBLE

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT: Final = ANSIBLE / "roles" / "engine" / "files" / "raise_inotify.sh"
LEAST: Final = {"max_user_instances": 512, "max_user_watches": 524288}


def _raise(
    folder: Path, values: dict[str, int], *, refused: bool = False
) -> list[dict[str, object]]:
    """Run the script on these limits; return what it reports."""
    for name, value in values.items():
        (folder / name).write_text(f"{value}\n")
    for command in ("sudo", "sh") if refused else ():
        (folder / command).write_text("#!/bin/bash\nexit 1\n")
        (folder / command).chmod(0o755)
    done = subprocess.run(
        ["bash", SCRIPT],
        env={
            "PATH": f"{folder}:{os.environ['PATH']}",
            "LIMITS": " ".join(f"{key}={LEAST[key]}" for key in LEAST),
            "FOLDER": str(folder),
            "NOTES": str(folder / "notes"),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root raises them")
@pytest.mark.parametrize(
    ("before", "after"),
    [((128, 1048576), (512, 1048576)), ((8192, 8192), (8192, 524288))],
)
def test_limits_are_raised(
    tmp_path: Path, before: tuple[int, int], after: tuple[int, int]
) -> None:
    """A limit that is high enough stays, and is not among the notes."""
    _raise(tmp_path, dict(zip(LEAST, before, strict=True)))

    found = tuple(int((tmp_path / name).read_text()) for name in LEAST)
    assert found == after
    notes = (tmp_path / "notes" / "settings").read_text().splitlines()
    assert [line.split()[:3] for line in notes] == [
        [f"fs.inotify.{name}", str(old), str(new)]
        for name, old, new in zip(LEAST, before, after, strict=True)
        if old != new
    ]


def test_limits_that_only_root_can_raise(tmp_path: Path) -> None:
    """Those that are too low are named, and no others."""
    limits = {"max_user_instances": 128, "max_user_watches": 1048576}

    assert _raise(tmp_path, limits, refused=True) == [
        {"low": "fs.inotify.max_user_instances", "value": 128, "least": 512}
    ]
    assert not (tmp_path / "notes").exists()
