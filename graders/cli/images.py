"""What `lab images` does."""

from __future__ import annotations

import os
from pathlib import Path

import typer

from graders.cli.lab import run_plain_playbook
from graders.doctor.findings import ThisHost
from graders.doctor.local import docker_root, has_images
from graders.doctor.local_checks import disk
from graders.errors import CannotCheck, UsageError


def get_images(student: str) -> None:
    """Pull, load or build what is missing.

    Raises:
        KitError: the disk is too full, or a step failed.

    """
    if not has_images():
        _refuse_full_disk(build=os.environ.get("IMAGES") != "pull")
    run_plain_playbook("images", student)


def load_images(file: str, student: str) -> None:
    """Load images and tools from an archive.

    Raises:
        KitError: the disk is too full, or the archive will not do.

    """
    _refuse_full_disk(build=False)
    os.environ.update(IMAGES="load", IMAGES_FILE=str(Path(file).resolve()))
    run_plain_playbook("images", student, refresh_images=True)


def save_images(file: str, student: str) -> None:
    """Write images and tools to an archive.

    Raises:
        KitError: the folder is not there, or a step failed.

    """
    archive = Path(file).resolve()
    if not archive.parent.is_dir():
        raise UsageError(
            f"{archive.parent}: expected a folder to write to, not none"
        )
    run_plain_playbook("images_save", student, archive=str(archive))
    typer.echo(f"wrote {archive}")


def _refuse_full_disk(*, build: bool) -> None:
    """Fail before anything is made where it would not fit.

    Raises:
        CannotCheck: where the engine keeps images there is too little room.

    """
    seen = disk(ThisHost(), docker_root(), build=build)
    if seen.ok is False:
        raise CannotCheck(
            f"disk: expected {seen.rule}, not {seen.observed}",
            way_out=seen.way_out,
        )
