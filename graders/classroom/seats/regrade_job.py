"""Jobs and variables for regrading submissions on machines."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from graders.classroom.regrade_one import Task
from graders.classroom.regraded import result_file
from graders.classroom.seats.fleet import Job
from graders.classroom.seats.regrade_there import FILES, Work
from graders.classroom.seats.seat_command import BASE, DATA
from graders.classroom.seats.seat_plan import Seat
from graders.classroom.seats.sharing import key_of
from graders.classroom.submission_files import SUFFIX

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from graders.classroom.prepare import Prepared
    from graders.classroom.regrading import Settings
    from graders.classroom.seats.kit_archive import KitArchive

_THERE: Final = Path(DATA, "regrade")


@dataclass(frozen=True)
class Share:
    """Submissions that a machine gets, for as many labs as it has `room` for.

    With them, `leaving` leave it at the end.
    """

    items: Sequence[Prepared]
    leaving: Collection[str]
    room: int


@dataclass(frozen=True)
class Files:
    """The kit and the images for machines, and the folder for results."""

    kit: KitArchive
    images: Path | None
    results: Path


def regrade_job(
    shares: Mapping[str, Share], settings: Settings, files: Files, forks: int
) -> Job:
    """Return what has machines regrade their shares.

    In the report, a submission is a seat whose student is the file's name.
    """
    images = str(files.images.absolute()) if files.images else ""
    variables = {
        "seat_base": BASE,
        "seat_data": DATA,
        "seats_images": True,
        "kit": {
            "file": str(files.kit.file.absolute()),
            "version": files.kit.version,
        },
        "images_file": images,
        "regrade_folder": str(_THERE),
        "regrade_results": str(files.results.absolute()),
        "regrade_by_machine": {
            name: _given(share, settings) for name, share in shares.items()
        },
    }
    seats = [
        Seat(item.file.name, name)
        for name, share in shares.items()
        for item in share.items
    ]
    return Job("class_regrade", [*shares], seats, variables, forks)


def _given(share: Share, settings: Settings) -> dict[str, Any]:
    keys = {key_of(item): item for item in share.items}
    tasks = [_task(key, item, settings) for key, item in keys.items()]
    work = Work(tasks=tuple(tasks), jobs=settings.jobs, room=share.room)
    return {
        "submissions": [
            {
                "student": item.file.name,
                "key": key,
                "file": str(item.file.resolve()),
            }
            for key, item in keys.items()
        ],
        "leaving": sorted({*keys, *share.leaving}),
        "stdin": work.model_dump_json(by_alias=True),
    }


def _task(key: str, item: Prepared, settings: Settings) -> Task:
    file = _THERE / FILES / f"{key}{SUFFIX}"
    return Task(
        file=file,
        result=result_file(file.parent, file),
        known=item.known,
        place=settings.place,
        minutes=settings.minutes,
    )
