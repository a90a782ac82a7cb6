"""A disk that is too full for building images is noticed before it."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Final

import pytest

from graders.settings import ANSIBLE

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT: Final = ANSIBLE / "roles" / "images" / "files" / "free_space.sh"


@pytest.mark.parametrize(("need", "status"), [("0", 0), ("999999999", 1)])
def test_folder_that_does_not_exist_yet(
    tmp_path: Path, need: str, status: int
) -> None:
    """Its disk is looked at, and the folder is named."""
    folder = tmp_path / "not a" / "folder"

    done = subprocess.run(
        ["sh", str(SCRIPT), need, str(tmp_path), str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == status
    assert done.stdout.startswith(f"{tmp_path} has ") == bool(status)
    assert done.stdout.endswith(f" of {need} GiB free\n") == bool(status)
