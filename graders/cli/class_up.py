"""`lab class up` and `lab class down`."""

from __future__ import annotations

from typing import Annotated

import typer

from graders.cli.class_fleet import (
    AT_ONCE,
    AtOnce,
    Images,
    Students,
    all_seats,
    end,
    images_archive,
    seats_held,
)
from graders.cli.common import ClassFolder  # noqa: TC001 - typer reads it


def up(  # noqa: PLR0913, PLR0917 - options of a command
    students: Students = None,
    images: Images = "",
    labs: Annotated[
        bool,
        typer.Option(
            "--labs/--no-labs",
            help="Also get images and create each seat's cluster.",
        ),
    ] = True,
    at_once: AtOnce = AT_ONCE,
    folder: ClassFolder = ".",
) -> None:
    """Make the seats of `lab class plan` on the machines of a class.

    Run it again after an interruption, or when students or times have
    changed: what exists is left unchanged.
    """
    from graders.classroom.seats.kit_archive import pack_kit
    from graders.classroom.seats.seat_jobs import up_job

    with seats_held("up", folder, students, at_once) as (choice, fleet):
        archive = images_archive(images)
        kit = pack_kit(fleet.folder)
        job = up_job(choice, kit, archive, labs=labs)
        end(fleet.run(job), "are ready")


def down(
    students: Students = None,
    at_once: AtOnce = AT_ONCE,
    folder: ClassFolder = ".",
) -> None:
    """Remove seats and their labs; submissions stay on the machines."""
    from dataclasses import replace

    from graders.classroom.seats.seat_jobs import down_job

    with seats_held("down", folder, students, at_once) as (choice, fleet):
        there = all_seats(choice, fleet)[0].seats if choice.everyone else ()
        seats = tuple(dict.fromkeys((*choice.seats, *there)))
        job = down_job(replace(choice, seats=seats))
        end(fleet.run(job), "are removed")
