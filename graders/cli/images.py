"""`lab images`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from graders.cli.common import Student, command_context
from graders.errors import CannotCheck, UsageError

images_app = typer.Typer(
    help="The lab's images and tools: pull, load or build; save.",
    no_args_is_help=True,
)


@images_app.command()
def get(
    student: Student = "demo",
    all_images: Annotated[
        bool,
        typer.Option("--all", help="Also what only labs with a Gateway need."),
    ] = False,
) -> None:
    """Pull, load or build what is missing (IMAGES, REGISTRY, IMAGES_FILE)."""
    from graders.cli.plans import run_plain_playbook
    from graders.doctor import local

    with command_context("lab images", student, locked=True):
        if not local.has_images():
            _refuse_full_disk(build=os.environ.get("IMAGES") != "pull")
        run_plain_playbook("images", student, all_images=all_images)


@images_app.command()
def load(
    file: str,
    sha256: Annotated[
        str,
        typer.Option(
            "--sha256", help="Digest that `lab images save` printed."
        ),
    ] = "",
    student: Student = "demo",
) -> None:
    """Load the archive that `lab images save` wrote."""
    from graders.cli.plans import run_plain_playbook
    from graders.lifecycle.archive import check_digest

    with command_context("lab images load", student, locked=True):
        if sha256:
            check_digest(Path(file).resolve(), sha256)
        _refuse_full_disk(build=False)
        os.environ.update(IMAGES="load", IMAGES_FILE=str(Path(file).resolve()))
        run_plain_playbook("images", student, refresh_images=True)


@images_app.command()
def save(file: str, student: Student = "demo") -> None:
    """Write images and tools to one archive, for machines without network."""
    from graders.cli.plans import run_plain_playbook
    from graders.lifecycle.archive import write_digest

    with command_context("lab images save", student, locked=True):
        archive = Path(file).resolve()
        if not archive.parent.is_dir():
            raise UsageError(
                f"folder {archive.parent} does not exist",
                remedy="create it, or name another file",
            )
        run_plain_playbook("images_save", student, archive=str(archive))
        digest = write_digest(archive)
        typer.echo(
            f"wrote {archive}\nsha256 {digest}, also in {archive}.sha256"
        )


def _refuse_full_disk(*, build: bool) -> None:
    """Fail before images are made that would not fit."""
    from graders.doctor import local
    from graders.doctor.findings import ThisHost
    from graders.doctor.local_checks import disk

    finding = disk(ThisHost(), local.docker_root(), build=build)
    if finding.ok is False:
        raise CannotCheck(
            f"disk: expected {finding.requirement}, not {finding.observed}",
            remedy=finding.remedy,
        )
